//! One device: what it is and who says so, how it is, what happened to it, and its changes by hand.

use askama::Template;
use axum::extract::{Path, Query, State};
use gigafleet_proto::v1;
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::OverviewPages;
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, see_other, words::devices as words},
    devices::{
        rules::{
            DeviceId, DeviceKey,
            fields::{Field, Lifecycle, Source},
            lifecycle::Verb,
            values::parse_value,
        },
        service::registry::{Position, TimelineEntry},
    },
    error::{Error, Result, says},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::pages::panel::TicketPanel,
};

/// Entries of the timeline on one page.
const ENTRIES: i64 = 20;
/// Tickets of a device that are read.
const TICKETS: i64 = 100;
/// What the form changes. The life of a device is moved by verbs.
const EDITABLE: [Field; 12] = [
    Field::Label,
    Field::SerialNumber,
    Field::Maker,
    Field::Model,
    Field::Room,
    Field::Cart,
    Field::Grade,
    Field::ClassName,
    Field::SeatNumber,
    Field::AcquiredOn,
    Field::WarrantyUntil,
    Field::LeaseUntil,
];

#[derive(Template)]
#[template(path = "overview/device.html")]
struct DevicePage {
    shell: Shell,
    form: FormState,
    id: String,
    title: String,
    crumbs: Vec<(String, String)>,
    lifecycle: (&'static str, String),
    review: Option<String>,
    /// Where it is reckoned whether to repair the device, for who sees the ledger of its owner.
    advice: Option<String>,
    version: String,
    presence: (&'static str, &'static str),
    lines: Vec<Line>,
    how: Vec<(&'static str, String)>,
    entries: Vec<Entry>,
    more: Option<String>,
    inputs: Vec<(&'static str, &'static str, &'static str)>,
    /// Somebody else was faster.
    conflict: bool,
    verbs: Vec<(&'static str, &'static str)>,
    editable: bool,
    tickets: Option<TicketPanel>,
}

struct Line {
    label: &'static str,
    value: String,
    source: &'static str,
    said: String,
}

struct Entry {
    at: Timestamp,
    what: &'static str,
    who: String,
    detail: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Before {
    at: Option<i64>,
    rank: Option<u8>,
    id: Option<Uuid>,
    /// Tickets that are done too.
    tickets: Option<String>,
}

impl Before {
    fn position(&self) -> Option<Position> {
        Some(Position { at: self.at?, rank: self.rank?, id: self.id? })
    }
}

pub(super) async fn device(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    Query(before): Query<Before>,
) -> PageResult {
    let view = pages.overview.device(&person.staff, DeviceId(id)).await?;
    let form = FormState::filled(Fields::of(EDITABLE.iter().map(|field| (field.name(), value(&view, *field)))));
    show(person, &pages, &view, form, StatusCode::OK, before).await
}

pub(super) async fn edit(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let view = pages.overview.device(&person.staff, DeviceId(id)).await?;
    match change(&pages, &person.staff, DeviceId(id), &view, &fields).await {
        Ok(()) => Ok(see_other(&format!("/devices/{id}")).flash(person.shell.w.shell.saved)),
        // What was typed stays, with the old version: sent again it is refused again until the newest is opened.
        Err(error) if error.reason == "ETAG_MISMATCH" => {
            let form = FormState::refused_here(fields, error);
            show(person, &pages, &view, form, StatusCode::CONFLICT, Before::default()).await
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            show(person, &pages, &view, form, StatusCode::UNPROCESSABLE_ENTITY, Before::default()).await
        }
    }
}

async fn change(pages: &OverviewPages, staff: &Staff, id: DeviceId, view: &v1::Device, fields: &Fields) -> Result<()> {
    let seen = seen(fields)?;
    let (mut said, mut refused) = (Vec::new(), Vec::new());
    for field in EDITABLE {
        if fields.has(field.name()) && fields.get(field.name()) != value(view, field) {
            match parse_value(field, fields.get(field.name())) {
                Ok(value) => said.push((field, value)),
                Err(violation) => refused.push(violation),
            }
        }
    }
    if !refused.is_empty() {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    }
    if said.is_empty() {
        return Ok(());
    }
    pages.registry.update(staff, id, Some(seen), said).await
}

pub(super) async fn move_device(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let verb = Verb::from_name(fields.get("verb"))
        .ok_or_else(|| Error::invalid_field("verb", says::devices::verb_unknown()))?;
    let seen = seen(&fields)?;
    pages.registry.move_device(&person.staff, DeviceId(id), Some(seen), verb, "").await?;
    Ok(see_other(&format!("/devices/{id}")).flash(person.shell.w.shell.saved))
}

/// The version that the form was made of.
pub(super) fn seen(fields: &Fields) -> Result<i64> {
    let wrong = || Error::invalid_field("version", says::fields::version_missing());
    fields.get("version").parse().map_err(|_| wrong())
}

async fn show(
    person: SignedIn,
    pages: &OverviewPages,
    view: &v1::Device,
    form: FormState,
    status: StatusCode,
    before: Before,
) -> PageResult {
    let shell = person.shell;
    let language = shell.language;
    let parse = |text: &str| Uuid::parse_str(text).ok();
    let id = parse(&view.device_id).ok_or_else(|| Error::internal("a device has no id", view.device_id.clone()))?;
    let mut found = pages.registry.timeline(&person.staff, DeviceId(id), before.position(), ENTRIES + 1).await?;
    let more = found.len() > usize::try_from(ENTRIES).unwrap_or(usize::MAX);
    if more {
        found.pop();
    }
    let last = found.last().filter(|_| more).map(|entry| entry.position);
    let more = last.map(|last| format!("/devices/{id}?at={}&rank={}&id={}#timeline", last.at, last.rank, last.id));
    let owner = parse(&view.municipality_id).map(MunicipalityId);
    let school = parse(&view.school_id).map(SchoolId);
    let editable = person
        .staff
        .scope(Right::EditDevices)
        .is_ok_and(|scope| owner.is_some_and(|owner| scope.covers(owner, school)));
    let verbs = view.open_verbs.iter().filter_map(|number| Verb::from_number(i64::from(*number)));
    let verbs = verbs.map(|verb| (verb.name(), words::verb_text(language, verb.name())));
    let presence = super::devices::presence(&shell, view.presence());
    let sees_ledger = |owner| person.staff.scope(Right::ViewLedger).is_ok_and(|scope| scope.whole(owner).is_some());
    let advice = owner.filter(|owner| sees_ledger(*owner));
    let tickets = match owner {
        Some(municipality) => {
            let key = DeviceKey { municipality, device: DeviceId(id) };
            pages.tickets.of_device(&person.staff, key, TICKETS).await?
        }
        None => None,
    };
    let all = before.tickets.is_none().then(|| format!("/devices/{id}?tickets=all#tickets"));
    let template = DevicePage {
        tickets: tickets.map(|beside| TicketPanel::of_device(&shell, &beside, all)),
        form,
        id: id.to_string(),
        title: title(view),
        crumbs: crumbs(&person.staff, view, owner, school),
        lifecycle: life(&shell, view),
        review: (!view.review_reasons.is_empty() && person.staff.has(Right::ReviewIdentity))
            .then(|| format!("/reviews?municipality={}", view.municipality_id)),
        advice: advice.map(|owner| format!("/renewal/advice?municipality_id={owner}&device_id={id}")),
        version: view.etag.clone(),
        presence,
        lines: Field::ALL.iter().map(|field| line(&shell, view, *field)).collect(),
        how: how(&shell, view),
        entries: found.into_iter().map(|found| entry(&shell, found)).collect(),
        more,
        inputs: EDITABLE
            .map(|field| (field.name(), words::field_text(language, field.name()), input_type(field)))
            .to_vec(),
        conflict: status == StatusCode::CONFLICT,
        verbs: if editable { verbs.collect() } else { Vec::new() },
        editable,
        shell,
    };
    page(status, &template)
}

/// The way to the device: its owner and its school, each with its page as far as the person may see it.
fn crumbs(
    staff: &Staff,
    view: &v1::Device,
    owner: Option<MunicipalityId>,
    school: Option<SchoolId>,
) -> Vec<(String, String)> {
    let figures = staff.scope(Right::ViewFigures).ok();
    let whole = owner.and_then(|owner| figures.as_ref()?.whole(owner));
    let mut crumbs = vec![(
        whole.map(|area| format!("/municipalities/{}", area.municipality())).unwrap_or_default(),
        view.municipality_name.clone(),
    )];
    if let (Some(owner), Some(school)) = (owner, school) {
        let seen = figures.is_some_and(|scope| scope.covers(owner, Some(school)));
        let path = if seen { format!("/schools/{school}") } else { String::new() };
        crumbs.push((path, view.school_name.clone()));
    }
    crumbs
}

/// Where the device stands in its life.
fn life(shell: &Shell, view: &v1::Device) -> (&'static str, String) {
    let state = Lifecycle::from_name(&value(view, Field::Lifecycle)).unwrap_or(Lifecycle::Unknown);
    super::devices::lifecycle(shell, state.to_number())
}

/// How a browser helps with a field.
fn input_type(field: Field) -> &'static str {
    let days = [Field::AcquiredOn, Field::WarrantyUntil, Field::LeaseUntil];
    if days.contains(&field) { "date" } else { "text" }
}

/// What a device is called: its label, its serial number, or the beginning of its id.
pub(super) fn title(view: &v1::Device) -> String {
    let named = [Field::Label, Field::SerialNumber].map(|field| value(view, field));
    let named = named.into_iter().find(|text| !text.is_empty());
    named.unwrap_or_else(|| view.device_id.chars().take(8).collect())
}

fn said(view: &v1::Device, field: Field) -> Option<&v1::DeviceField> {
    view.fields.iter().find(|said| i64::from(said.name) == field.to_number())
}

/// What is shown of a field; empty where nobody knows.
pub(super) fn value(view: &v1::Device, field: Field) -> String {
    said(view, field).map(|said| said.value.clone()).unwrap_or_default()
}

/// What is shown of a field in words.
pub(super) fn worded(shell: &Shell, view: &v1::Device, field: Field) -> String {
    let text = match field {
        Field::School => view.school_name.clone(),
        Field::PriceYen => {
            value(view, field).parse().map_or_else(|_| String::new(), |yen| words::yen(shell.language, yen))
        }
        field => words::value_text(shell.language, &value(view, field)),
    };
    if text.is_empty() { shell.w.shell.unknown.to_owned() } else { text }
}

fn line(shell: &Shell, view: &v1::Device, field: Field) -> Line {
    let said = said(view, field);
    let source = said.and_then(|said| Source::from_number(i64::from(said.source)));
    Line {
        label: words::field_text(shell.language, field.name()),
        value: worded(shell, view, field),
        source: source.map_or("", |source| words::source_text(shell.language, source.name())),
        said: said.map_or_else(String::new, |said| shell.moment(at(said.say_time))),
    }
}

fn at(time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    time.map(|time| Timestamp(time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000))
}

fn how(shell: &Shell, view: &v1::Device) -> Vec<(&'static str, String)> {
    let w = &shell.w.devices;
    let unknown = || shell.w.shell.unknown.to_owned();
    let percent = |part: Option<u32>| part.map_or_else(unknown, |part| format!("{part}%"));
    let giga = |bytes: Option<u64>| bytes.map_or_else(unknown, |bytes| format!("{} GB", bytes / 1_000_000_000));
    let status = view.status.clone().unwrap_or_default();
    let facts = view.facts.clone().unwrap_or_default();
    let battery = status.battery.unwrap_or_default();
    vec![
        (w.last_report, shell.moment(at(view.last_checkin_time))),
        (w.battery_charge, percent(battery.charge_percent)),
        (w.battery_health, percent(battery.health_percent)),
        (w.storage_free, giga(status.storage.and_then(|storage| storage.free_bytes))),
        (w.storage_size, giga(facts.storage_bytes)),
        (w.memory_size, giga(facts.memory_bytes)),
        (w.enrolled, shell.moment(at(view.enroll_time))),
    ]
}

fn entry(shell: &Shell, entry: TimelineEntry) -> Entry {
    let details: serde_json::Value = serde_json::from_str(&entry.details).unwrap_or_default();
    let text = |name: &str| details.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut detail = match (text("verb"), text("reason")) {
        ("", reason) => reason.to_owned(),
        (verb, reason) => format!("{} {reason}", words::verb_text(shell.language, verb)),
    };
    if let Some(fields) = details.get("fields").and_then(serde_json::Value::as_object) {
        let names: Vec<_> = fields.keys().map(|name| words::field_text(shell.language, name)).collect();
        detail = names.join(shell.language.choose("、", ", "));
    }
    let what = words::event_text(shell.language, entry.kind.name());
    Entry { at: Timestamp(entry.position.at), what, who: entry.actor_name, detail }
}
