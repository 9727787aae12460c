//! The list of devices: filters that are addresses, orders, pages by key, and its file.

mod export;
mod query;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use uuid::Uuid;

pub(super) use self::export::export;
use self::query::{KEYS, PRESENCES, Wrong};
use super::{
    OverviewPages,
    address::{Address, Chip, SortLink},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Scope, Staff},
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell, page, see_other,
        words::{devices as words, lists as list_words},
    },
    devices::rules::fields::{Lifecycle, OsKind, Purpose},
    error::{Both, Error, FieldViolation, Kind, Result},
    overview::{
        rules::{DeviceOrder, DeviceQuery, Position, SortField},
        service::DeviceLine,
    },
    schools::rules::{MunicipalityId, SchoolId, search::SchoolSearch},
};

/// Devices on one page.
const PAGE: i64 = 100;
/// Schools and models that can be chosen.
const CHOICES: i64 = 1_000;
/// What the form sends along that is no filter: the owner that the schools in it are of.
const SCHOOLS_OF: &str = "schools_of";

#[derive(Template)]
#[template(path = "overview/devices.html")]
struct DevicesPage {
    shell: Shell,
    form: FormState,
    hidden: Vec<(&'static str, String)>,
    owners: Vec<(String, String)>,
    owner: String,
    schools: Vec<(String, String)>,
    models: Vec<String>,
    lifecycles: Vec<Tick>,
    choices: Choices,
    more_open: bool,
    chips: Vec<Chip>,
    tabs: Vec<Tab>,
    heads: Heads,
    lines: Vec<Line>,
    shown: String,
    first: Option<String>,
    next: Option<String>,
    of_several: bool,
    may_export: bool,
    may_import: bool,
    /// No filter holds.
    whole: bool,
    wrong: bool,
}

/// A box of a group.
struct Tick {
    value: &'static str,
    text: String,
    ticked: bool,
}

/// What can be chosen, each with "all" first.
struct Choices {
    purposes: Vec<(String, String)>,
    systems: Vec<(String, String)>,
    presences: Vec<(String, String)>,
    grades: Vec<(String, String)>,
    reviews: Vec<(String, String)>,
    orders: Vec<(String, String)>,
}

/// A state with how many devices are in it.
struct Tab {
    text: String,
    count: u64,
    path: String,
    here: bool,
}

struct Heads {
    label: SortLink,
    serial: SortLink,
    model: SortLink,
    school: SortLink,
    lifecycle: SortLink,
    last: SortLink,
}

struct Line {
    id: String,
    label: String,
    serial: String,
    model: String,
    system: String,
    school: String,
    school_path: String,
    municipality: String,
    purpose: String,
    class: String,
    lifecycle: (&'static str, String),
    presence: (&'static str, &'static str),
    last: Option<Timestamp>,
    review: bool,
}

/// What the address asks for, checked against what the person may see.
struct Asked {
    address: Address,
    query: DeviceQuery,
    wrong: Vec<(&'static str, Wrong)>,
    /// Owners whose devices the person may see.
    names: PlaceNames,
    scope: Scope,
    /// The owner whose schools and models can be chosen: the one that is asked for, or the only one there is.
    owner: Option<MunicipalityId>,
    schools: Vec<(String, String)>,
}

pub(super) async fn devices(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let mut address = Address::read("/devices", &KEYS, &fields);
    // Another municipality was chosen: the school that was chosen before is not of it.
    if fields.has(SCHOOLS_OF) && fields.get(SCHOOLS_OF) != address.get("municipality") {
        address = address.without("school").without("model");
    }
    if let Some(path) = address.tidied(&fields, &[SCHOOLS_OF]) {
        return Ok(see_other(&path));
    }
    let mut asked = ask(&pages, &person.staff, address).await?;
    let from = position(&asked.query, fields.get("page"));
    if from.is_err() {
        asked.wrong.push(("page", Wrong::Page));
    }
    let from = from.unwrap_or_default();
    let begun = from.is_some();
    show(person, &pages, asked, from, begun).await
}

/// Reads the address and looks up what it names. What the person may not see is missing, whether it exists or not.
async fn ask(pages: &OverviewPages, staff: &Staff, address: Address) -> Result<Asked> {
    let scope = staff.scope(Right::ViewDevices)?;
    let (mut query, mut wrong) = query::read(&address);
    let names = pages.access.place_names(staff, Right::ViewDevices, &[]).await?;
    if query.filter.municipality.is_some_and(|owner| scope.area(owner).is_none()) {
        wrong.push(("municipality", Wrong::Missing));
        query.filter.municipality = None;
        query.filter.school = None;
    }
    let only = Some(names.owners()).filter(|owners| owners.len() == 1).map(|owners| owners[0].0);
    let owner = query.filter.municipality.or(only);
    let schools = match owner {
        Some(owner) => school_choices(pages, staff, owner).await?,
        None => Vec::new(),
    };
    if let Some(school) = query.filter.school {
        query.filter.municipality = owner;
        let refused = match owner {
            None => Some(Wrong::Alone),
            Some(owner) if !is_visible(pages, staff, &scope, owner, school, &schools).await? => Some(Wrong::Missing),
            Some(_) => None,
        };
        if let Some(refused) = refused {
            wrong.push(("school", refused));
            query.filter.school = None;
        }
    }
    Ok(Asked { address, query, wrong, names, scope, owner, schools })
}

async fn school_choices(pages: &OverviewPages, staff: &Staff, owner: MunicipalityId) -> Result<Vec<(String, String)>> {
    let search = SchoolSearch { municipality: Some(owner), ..SchoolSearch::default() };
    let rows = pages.schools.search_schools(staff, &search, None, CHOICES).await?;
    Ok(rows.into_iter().map(|row| (row.school_id.to_string(), row.name)).collect())
}

/// Whether the devices of a school can be looked at; a closed one is not among the choices.
async fn is_visible(
    pages: &OverviewPages,
    staff: &Staff,
    scope: &Scope,
    owner: MunicipalityId,
    school: SchoolId,
    choices: &[(String, String)],
) -> Result<bool> {
    if !scope.covers(owner, Some(school)) {
        return Ok(false);
    }
    if choices.iter().any(|(id, _)| *id == school.to_string()) {
        return Ok(true);
    }
    match pages.overview.school(staff, owner, school).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where the page begins that a token names.
fn position(query: &DeviceQuery, token: &str) -> std::result::Result<Option<Position>, Wrong> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Wrong::Page)?;
    query.position(&bytes).map(Some).ok_or(Wrong::Page)
}

async fn show(
    person: SignedIn,
    pages: &OverviewPages,
    asked: Asked,
    from: Option<Position>,
    begun: bool,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Asked { address, query, wrong, names, scope, owner, schools } = asked;
    let found = match wrong.is_empty() {
        true => Some(pages.overview.device_lines(staff, &query, from, PAGE).await?),
        false => None,
    };
    let counts = match wrong.is_empty() {
        true => pages.overview.count_listed(staff, &query.filter).await?,
        false => None,
    };
    let (lines, next) = found.map_or((Vec::new(), None), |page| (page.lines, page.next));
    let next = next.map(|next| page_path(&address, &URL_SAFE_NO_PAD.encode(query.to_token(&next))));
    let status = status_of(&wrong);
    let total = counts.as_ref().map(|counts| total(counts, &query));
    let template = DevicesPage {
        form: form(&address, &wrong),
        hidden: address.pairs().to_vec(),
        owners: owner_choices(&shell, &names),
        owner: owner.map(|owner| owner.to_string()).unwrap_or_default(),
        models: models(pages, staff, owner, query.filter.school).await?,
        chips: chips(&shell, &address, &names, &schools),
        schools: with_all(&shell, schools.into_iter()),
        lifecycles: lifecycles(&shell, &address),
        choices: choices(&shell),
        // The chips tell which filters hold; the fields stay out of the way unless one of them is wrong.
        more_open: wrong.iter().any(|(key, _)| !["q", "municipality", "school", "page"].contains(key)),
        tabs: counts.map(|counts| tabs(&shell, &address, &counts)).unwrap_or_default(),
        heads: heads(&shell, &address),
        shown: list_words::shown_of(shell.language, count(lines.len()), total),
        lines: lines.iter().map(|found| line(&shell, found)).collect(),
        first: (begun || wrong.iter().any(|(key, _)| *key == "page")).then(|| address.text()),
        next,
        of_several: query.filter.municipality.is_none() && names.owners().len() > 1,
        may_export: lines_may_leave(staff, &scope),
        may_import: staff.has(Right::ImportDevices),
        whole: address.without("sort").pairs().is_empty(),
        wrong: !wrong.is_empty(),
        shell,
    };
    page(status, &template)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whoever may take lists out, takes out what they see.
fn lines_may_leave(staff: &Staff, scope: &Scope) -> bool {
    staff.scope(Right::Export).is_ok_and(|export| scope.areas().any(|area| export.area(area.municipality()).is_some()))
}

fn page_path(address: &Address, token: &str) -> String {
    let text = address.text();
    let mark = if text.contains('?') { '&' } else { '?' };
    format!("{text}{mark}page={token}")
}

/// Not found where all that is wrong is that something is missing.
fn status_of(wrong: &[(&'static str, Wrong)]) -> StatusCode {
    match wrong {
        [] => StatusCode::OK,
        wrong if wrong.iter().all(|(_, what)| *what == Wrong::Missing) => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn form(address: &Address, wrong: &[(&'static str, Wrong)]) -> FormState {
    let fields = Fields::of(address.pairs().iter().map(|(key, value)| (*key, value.clone())));
    if wrong.is_empty() {
        return FormState::filled(fields);
    }
    let violation = |(key, what): &(&'static str, Wrong)| FieldViolation::new(*key, form_message(*what));
    let violations = wrong.iter().map(violation).collect();
    FormState::refused_here(fields, Error::invalid_fields("FIELD_INVALID", violations))
}

/// What is wrong, for the person.
fn form_message(wrong: Wrong) -> Both {
    let name = match wrong {
        Wrong::Choice => "choice",
        Wrong::Fragment => "fragment",
        Wrong::Length => "length",
        Wrong::Grade => "grade",
        Wrong::Missing => "missing",
        Wrong::Alone => "alone",
        Wrong::Page => "page",
    };
    list_words::wrong_said(name)
}

fn with_all(shell: &Shell, choices: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), shell.w.shell.all.to_owned())).chain(choices).collect()
}

fn owner_choices(shell: &Shell, names: &PlaceNames) -> Vec<(String, String)> {
    if names.owners().len() < 2 {
        return Vec::new();
    }
    with_all(shell, names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())))
}

/// Models that can be chosen: those of the owner, or of the school, the most frequent first.
async fn models(
    pages: &OverviewPages,
    staff: &Staff,
    owner: Option<MunicipalityId>,
    school: Option<SchoolId>,
) -> Result<Vec<String>> {
    match owner {
        Some(owner) => pages.overview.models(staff, owner, school).await,
        None => Ok(Vec::new()),
    }
}

fn lifecycles(shell: &Shell, address: &Address) -> Vec<Tick> {
    let tick = |state: &Lifecycle| Tick {
        value: state.name(),
        text: words::value_text(shell.language, state.name()),
        ticked: address.all("lifecycle").any(|name| name == state.name()),
    };
    Lifecycle::ALL.iter().map(tick).collect()
}

fn choices(shell: &Shell) -> Choices {
    let (language, w) = (shell.language, &shell.w.lists);
    let named = |names: Vec<&'static str>| {
        with_all(shell, names.into_iter().map(|name| (name.to_owned(), words::value_text(language, name))))
    };
    let orders = SortField::ALL.into_iter().flat_map(|field| [(field, false), (field, true)]);
    let order = |(field, descending): (SortField, bool)| {
        let text = list_words::order_text(language, field.name(), descending);
        (sort_value(DeviceOrder { field, descending }), text)
    };
    Choices {
        purposes: named(Purpose::ALL.iter().map(|purpose| purpose.name()).collect()),
        systems: named(OsKind::ALL.iter().map(|kind| kind.name()).collect()),
        presences: with_all(
            shell,
            PRESENCES.iter().map(|(name, state)| ((*name).to_owned(), presence(shell, *state).1.to_owned())),
        ),
        grades: with_all(
            shell,
            (1..=12).map(|grade| (grade.to_string(), list_words::class_text(language, Some(grade), None))),
        ),
        reviews: with_all(
            shell,
            [("open", w.review_open), ("none", w.review_none)]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into_iter(),
        ),
        orders: orders.map(order).collect(),
    }
}

/// An order as the address has it; the usual one is not said.
fn sort_value(order: DeviceOrder) -> String {
    match (order == DeviceOrder::default(), order.descending) {
        (true, _) => String::new(),
        (false, true) => format!("-{}", order.field.name()),
        (false, false) => order.field.name().to_owned(),
    }
}

/// Whether a device reports, as a shape and a word.
pub(super) fn presence(shell: &Shell, state: gigafleet_proto::v1::Presence) -> (&'static str, &'static str) {
    use gigafleet_proto::v1::Presence;
    let w = &shell.w.devices;
    match state {
        Presence::Reporting => ("good", w.reporting),
        Presence::Silent => ("warning", w.silent),
        Presence::Never => ("quiet", w.never_reported),
        Presence::Unknown | Presence::Unspecified => ("quiet", shell.w.shell.unknown),
    }
}

/// Where a device stands in its life, as a shape and a word; in use needs no badge.
pub(super) fn lifecycle(shell: &Shell, number: i64) -> (&'static str, String) {
    let state = Lifecycle::from_number(number).unwrap_or(Lifecycle::Unknown);
    let tone = match state {
        Lifecycle::InUse => "",
        Lifecycle::Spare => "plain",
        Lifecycle::InRepair => "warning",
        Lifecycle::Lost => "bad",
        Lifecycle::Unknown | Lifecycle::Retired | Lifecycle::Disposed => "quiet",
    };
    (tone, words::value_text(shell.language, state.name()))
}

fn chips(shell: &Shell, address: &Address, names: &PlaceNames, schools: &[(String, String)]) -> Vec<Chip> {
    let (language, w) = (shell.language, &shell.w.lists);
    let chip = |(key, value): &(&'static str, String)| {
        let worded = || words::value_text(language, value);
        let (label, text) = match *key {
            "q" => (w.search, value.clone()),
            "municipality" => {
                let owner = Uuid::try_parse(value).ok().and_then(|id| names.owner(MunicipalityId(id)));
                (w.municipality, owner.unwrap_or(shell.w.shell.unknown).to_owned())
            }
            "school" => {
                let name = schools.iter().find(|(id, _)| id == value).map(|(_, name)| name.as_str());
                (w.school, name.unwrap_or(shell.w.shell.unknown).to_owned())
            }
            "lifecycle" => (w.lifecycle, worded()),
            "purpose" => (w.purpose, worded()),
            "os" => (w.os, worded()),
            "model" => (w.model_chip, value.clone()),
            "presence" => {
                let state = PRESENCES.iter().find(|(name, _)| name == value).map(|(_, state)| *state);
                (w.presence, state.map_or_else(|| value.clone(), |state| presence(shell, state).1.to_owned()))
            }
            "grade" => (w.grade, value.clone()),
            "class" => (w.class, value.clone()),
            "review" => (w.review, if value == "open" { w.review_open } else { w.review_none }.to_owned()),
            _the_order => return None,
        };
        let rest = address.without_value(key, value);
        // Without its owner a school says nothing.
        let rest = if *key == "municipality" { rest.without("school") } else { rest };
        Some(Chip { label, value: text, path: rest.text() })
    };
    address.pairs().iter().filter_map(chip).collect()
}

/// How many devices match, with the lifecycles that are asked for.
fn total(counts: &BTreeMap<i16, u64>, query: &DeviceQuery) -> i64 {
    let asked = counts.iter().filter(|(number, _)| {
        let any = query.filter.lifecycles == crate::overview::rules::AnyOf::default();
        any || query.filter.lifecycles.names(i32::from(**number))
    });
    i64::try_from(asked.map(|(_, count)| *count).sum::<u64>()).unwrap_or(i64::MAX)
}

/// A way to each state that devices are in, and to all of them.
fn tabs(shell: &Shell, address: &Address, counts: &BTreeMap<i16, u64>) -> Vec<Tab> {
    let asked: Vec<_> = address.all("lifecycle").collect();
    let all = Tab {
        text: shell.w.shell.all.to_owned(),
        count: counts.values().sum(),
        path: address.without("lifecycle").text(),
        here: asked.is_empty(),
    };
    let states = Lifecycle::ALL.iter().filter_map(|state| {
        let count = counts.get(&i16::try_from(state.to_number()).ok()?)?;
        Some(Tab {
            text: words::value_text(shell.language, state.name()),
            count: *count,
            path: address.with("lifecycle", state.name()).text(),
            here: asked == [state.name()],
        })
    });
    std::iter::once(all).chain(states).collect()
}

fn heads(shell: &Shell, address: &Address) -> Heads {
    let w = &shell.w.lists;
    let link = |field: SortField, label: &'static str| {
        address.sorted_by(field.name(), label, field == SortField::LastCheckinTime)
    };
    Heads {
        label: link(SortField::Label, w.column_label),
        serial: link(SortField::SerialNumber, w.column_serial),
        model: link(SortField::Model, w.column_model),
        school: link(SortField::SchoolName, w.column_school),
        lifecycle: link(SortField::Lifecycle, w.lifecycle),
        last: link(SortField::LastCheckinTime, w.column_last),
    }
}

fn line(shell: &Shell, found: &DeviceLine) -> Line {
    let (language, view, row) = (shell.language, &found.view, &found.registry);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let word = |name: &'static str| words::value_text(language, name);
    let system = OsKind::from_number(row.os_kind.into()).filter(|kind| *kind != OsKind::Unknown);
    let system = [system.map(|kind| word(kind.name())), row.os_version.clone()];
    let purpose = Purpose::from_number(row.purpose.into()).filter(|purpose| *purpose != Purpose::Unknown);
    let school_path = match view.school_id.as_str() {
        "" => String::new(),
        school => format!("/schools/{school}"),
    };
    Line {
        id: view.device_id.clone(),
        label: text(&row.label),
        serial: text(&row.serial_number),
        model: text(&row.model),
        system: system.into_iter().flatten().collect::<Vec<_>>().join(" "),
        school: view.school_name.clone(),
        school_path,
        municipality: view.municipality_name.clone(),
        purpose: purpose.map(|purpose| word(purpose.name())).unwrap_or_default(),
        class: list_words::class_text(language, row.grade, row.class_name.as_deref()),
        lifecycle: lifecycle(shell, row.lifecycle.into()),
        presence: presence(shell, view.presence()),
        last: view.last_checkin_time.map(|time| Timestamp(time.seconds * 1_000_000)),
        review: !view.review_reasons.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_missing_is_not_found() {
        assert_eq!(status_of(&[]), 200);
        assert_eq!(status_of(&[("school", Wrong::Missing)]), 404);
        assert_eq!(status_of(&[("school", Wrong::Missing), ("q", Wrong::Fragment)]), 422);
    }

    #[test]
    fn forged_page_is_refused() {
        let query = DeviceQuery::default();
        assert_eq!(position(&query, ""), Ok(None));
        for forged in ["x", "AAAA", "あ", &URL_SAFE_NO_PAD.encode([0_u8; 48])] {
            assert_eq!(position(&query, forged), Err(Wrong::Page));
        }
    }

    #[test]
    fn usual_order_is_not_said() {
        assert_eq!(sort_value(DeviceOrder::default()), "");
        assert_eq!(sort_value(DeviceOrder { field: SortField::DeviceId, descending: true }), "-device_id");
    }

    #[test]
    fn total_counts_the_states_that_are_asked_for() {
        use crate::overview::rules::{AnyOf, DeviceFilter};
        let counts = BTreeMap::from([(1, 40), (4, 2)]);
        assert_eq!(total(&counts, &DeviceQuery::default()), 42);
        let lost = DeviceFilter { lifecycles: AnyOf::numbers([4]).unwrap(), ..DeviceFilter::default() };
        assert_eq!(total(&counts, &DeviceQuery { filter: lost, ..DeviceQuery::default() }), 2);
    }
}
