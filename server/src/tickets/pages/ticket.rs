//! One ticket: what it is, how it stands, what happened, and what can be done with it now.

use std::sync::{Arc, atomic::AtomicI64};

use askama::Template;
use axum::extract::{Path, Query, State as Pages};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    TicketPages, category,
    causes::{Alike, CauseBox, alike, causes},
    choices, deadline, named, names, path_of, priority, said, state,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right, Staff},
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{
        Fields, FormState, Language, PageResult, Shell,
        forms::encode,
        live, page,
        respond::own_path,
        words::{devices, fields},
    },
    error::{Error, Kind, Result},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        attachments::{pages::FileLine, service::AttachmentRow},
        desk::pages as desk,
        legs::pages::{self as legs, Panel},
        rules::{CallerKind, Category, EventKind, Impact, Origin, State, TicketId, Urgency, WaitingOn},
        service::{EventRow, Named, TicketView, Whole},
        team::rules::Proposal,
    },
};

#[derive(Template)]
#[template(path = "tickets/ticket.html")]
struct TicketPage {
    shell: Shell,
    form: FormState,
    path: String,
    back: String,
    number: i64,
    version: i64,
    subject: String,
    municipality: String,
    state: (&'static str, String),
    priority: (&'static str, String),
    why_priority: String,
    why_here: String,
    assignee: String,
    response: Option<(&'static str, String)>,
    response_due: Option<Timestamp>,
    restoration: Option<(&'static str, String)>,
    restoration_due: Option<Timestamp>,
    facts: Vec<(&'static str, String, String)>,
    snapshot: Vec<(String, String)>,
    device: Option<String>,
    causes: Vec<CauseBox>,
    alike: Vec<Alike>,
    merged: Vec<(String, String)>,
    into: Option<(String, String)>,
    entries: Vec<Entry>,
    acts: Acts,
    categories: Vec<(String, String)>,
    impacts: Vec<(String, String)>,
    urgencies: Vec<(String, String)>,
    waits: Vec<(String, String)>,
    people: Vec<(String, String)>,
    judged: FormState,
    legs: Panel,
    /// Whether this person follows the ticket; none who is no person.
    follows: Option<bool>,
    /// Others who have it before them.
    lookers: String,
    /// Prepared answers: id, name, text for this ticket.
    replies: Vec<[String; 3]>,
}

/// Something that happened.
struct Entry {
    at: Timestamp,
    kind: &'static str,
    what: String,
    who: String,
    detail: String,
    text: String,
    internal: bool,
    file: Option<FileLine>,
}

/// What this person can do with the ticket as it is now.
#[derive(Debug, Clone, Copy, Default)]
struct Acts {
    work: bool,
    take: bool,
    release: bool,
    start: bool,
    resume: bool,
    resolve: bool,
    close: bool,
    reopen: bool,
    reply: bool,
    answer: bool,
    undo: bool,
    merge: bool,
    unmerge: bool,
}

/// From where somebody came.
#[derive(Debug, Default, Deserialize)]
pub(super) struct From {
    back: Option<String>,
}

/// Which ticket is shown, and from where.
#[derive(Debug)]
pub(in crate::tickets) struct Asked {
    pub owner: MunicipalityId,
    pub named: Named,
    pub back: String,
}

/// A way back that is the queue, with its filters.
fn queue_path(back: &str) -> &str {
    own_path(back).filter(|path| *path == "/tickets" || path.starts_with("/tickets?")).unwrap_or("/tickets")
}

/// The path of a ticket with the way back to the queue from which somebody came.
pub(in crate::tickets) fn with_back(path: &str, back: &str) -> String {
    match queue_path(back) {
        "/tickets" => path.to_owned(),
        back => format!("{path}?back={}", encode(back)),
    }
}

pub(super) async fn ticket(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket)): Path<(Uuid, String)>,
    Query(from): Query<From>,
) -> PageResult {
    let asked = Asked { owner: MunicipalityId(owner), named: named(&ticket)?, back: from.back.unwrap_or_default() };
    show(person, &pages, asked, None, StatusCode::OK).await
}

fn acts(view: &TicketView, works: bool, reports: bool, me: Option<Uuid>, last: Option<&EventRow>) -> Acts {
    let life = &view.life;
    let merged = life.merged_into.is_some();
    let open = !life.is_done();
    let mine = me.is_some() && view.row.assignee_id == me;
    let is_mine_to_undo = last.is_some_and(|event| {
        event.actor_id.is_some()
            && event.actor_id == me
            && EventKind::from_number(event.kind).is_some_and(EventKind::can_be_undone)
    });
    if !works {
        return Acts { answer: reports && !merged && life.state != State::Closed, ..Acts::default() };
    }
    Acts {
        work: true,
        take: open && view.row.assignee_id.is_none() && me.is_some(),
        release: open && view.row.assignee_id.is_some(),
        start: open && mine && matches!(life.state, State::New | State::Triaged),
        resume: open && life.state == State::Waiting,
        resolve: open,
        close: !merged && life.state == State::Resolved,
        reopen: !merged && matches!(life.state, State::Resolved | State::Closed),
        reply: !merged && life.state != State::Closed,
        answer: !merged && life.state != State::Closed,
        undo: is_mine_to_undo,
        merge: !merged,
        unmerge: merged,
    }
}

/// What a ticket's fields say: label, text, and where the text leads.
fn facts(shell: &Shell, view: &TicketView, also: i64, names: &PlaceNames) -> Vec<(&'static str, String, String)> {
    let (w, row, language) = (&shell.w.tickets, &view.row, shell.language);
    let owner = MunicipalityId(row.municipality_id);
    let school = row.school_id.map(|school| {
        let name = names.school(SchoolId(school)).unwrap_or_default().to_owned();
        (w.school, name, format!("/schools/{school}"))
    });
    let label = |label: Option<crate::error::Both>| label.map(|label| said(language, &label)).unwrap_or_default();
    let mut facts = vec![(w.municipality, names.owner(owner).unwrap_or_default().to_owned(), String::new())];
    facts.extend(school);
    facts.extend([
        (w.room, row.room.clone(), String::new()),
        (w.reported_by, label(CallerKind::from_number(row.caller_kind).map(CallerKind::label)), String::new()),
        (w.contact, row.caller_contact.clone(), String::new()),
        (w.came_by, label(Origin::from_number(row.origin).map(Origin::label)), String::new()),
        (w.came, shell.moment(Timestamp(row.created_at)), String::new()),
        (w.category, category(language, row.category), String::new()),
        (w.impact, label(Impact::from_number(row.impact).map(Impact::label)), String::new()),
        (w.urgency, label(Urgency::from_number(row.urgency).map(Urgency::label)), String::new()),
    ]);
    if let Some(incident) = row.incident_id {
        facts.push((w.part_of, w.part_of.to_owned(), format!("/network/incidents/{incident}")));
    }
    if also > 0 {
        facts.push((w.also, shell.count(also), String::new()));
    }
    if view.life.times.reopened > 0 {
        facts.push((w.reopened, shell.count(view.life.times.reopened), String::new()));
    }
    facts.retain(|(_, text, path)| !text.is_empty() || !path.is_empty());
    facts
}

/// What was known of the device when the ticket came in: the registry, then what it said of itself.
fn snapshot(language: Language, read: &serde_json::Value, school: Option<&str>) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let registry = read["registry"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name, fields::field_label(language, name)?.to_owned(), text(value))));
    // A school is stored by its id, all that is one of a few by its word in the contract.
    let worded = |name: &str, value: &str| match name {
        "school" => school.map(str::to_owned),
        "price_yen" => value.parse().ok().map(|yen| devices::yen(language, yen)),
        _ => Some(devices::value_text(language, value)),
    };
    let registry = registry.filter(|(_, _, value)| !value.is_empty() && value != "null");
    let mut pairs: Vec<_> = registry.filter_map(|(name, label, value)| Some((label, worded(name, &value)?))).collect();
    let said = &read["said"];
    let percent = |key: &str| said[key].as_i64().map(|percent| format!("{percent}%"));
    let gigabytes = |key: &str| said[key].as_i64().map(|bytes| format!("{:.1} GB", bytes as f64 / 1e9));
    let labels = [
        ("OS", "OS", said["os_version"].as_str().map(str::to_owned)),
        ("充電", "Charge", percent("charge_percent")),
        ("電池の状態", "Battery health", percent("health_percent")),
        ("空き容量", "Free storage", gigabytes("storage_free_bytes")),
        ("Wi-Fi", "Wi-Fi", said["ssid"].as_str().map(str::to_owned)),
        ("電波", "Signal", said["rssi_dbm"].as_i64().map(|dbm| format!("{dbm} dBm"))),
    ];
    pairs.extend(labels.into_iter().filter_map(|(ja, en, value)| Some((language.choose(ja, en).to_owned(), value?))));
    pairs
}

/// Whom a note named.
fn named_text(named: &serde_json::Value) -> Option<String> {
    let names: Vec<_> = named.as_array()?.iter().filter_map(|name| name.as_str()).collect();
    Some(format!("→ {}", names.join("、")))
}

/// The name of the school at which the device was when the ticket came in; none where that is out of the reader's sight.
async fn school_then(
    pages: &TicketPages,
    staff: &Staff,
    owner: MunicipalityId,
    then: &serde_json::Value,
) -> Result<Option<String>> {
    let id = then["registry"]["school"].as_str().and_then(|id| Uuid::try_parse(id).ok()).map(SchoolId);
    let Some(school) = id else { return Ok(None) };
    let names = pages.access.place_names(staff, Right::ViewTickets, &[Place::School(owner, school)]).await?;
    Ok(names.school(school).map(str::to_owned))
}

fn entry(shell: &Shell, event: &EventRow, attachments: &[AttachmentRow], path: &str) -> Entry {
    let language = shell.language;
    let kind = EventKind::from_number(event.kind);
    let details: serde_json::Value = serde_json::from_str(&event.details).unwrap_or_default();
    let label = |number: &serde_json::Value, read: &dyn Fn(i16) -> Option<crate::error::Both>| {
        number.as_i64().and_then(|number| i16::try_from(number).ok()).and_then(read).map(|both| said(language, &both))
    };
    let detail = match kind {
        Some(EventKind::Waiting) => {
            label(&details["waiting_on"], &|number| WaitingOn::from_number(number).map(WaitingOn::label))
        }
        Some(EventKind::Merged) => {
            let number = details["into"].as_i64().or(details["from_number"].as_i64());
            number.map(|number| format!("#{number}"))
        }
        Some(EventKind::Triaged) => match (details["priority"][0].as_i64(), details["priority"][1].as_i64()) {
            (Some(was), Some(is)) if was != is => Some(format!("P{was} → P{is}")),
            (_, Some(is)) => Some(format!("P{is}")),
            _ => None,
        },
        Some(EventKind::Noted) => named_text(&details["named"]),
        Some(EventKind::AttachedFile | EventKind::RemovedFile) => details["name"].as_str().map(str::to_owned),
        Some(kind) => legs::detail(language, kind, &details),
        None => None,
    };
    let tone = match kind {
        Some(EventKind::Replied) => "reply",
        Some(EventKind::Answered | EventKind::Also | EventKind::Created) => "caller",
        Some(EventKind::Noted) => "note",
        _ => "step",
    };
    Entry {
        at: Timestamp(event.happened_at),
        kind: tone,
        what: kind.map(|kind| said(language, &kind.label())).unwrap_or_default(),
        who: event.actor_name.clone(),
        detail: detail.unwrap_or_default(),
        text: event.body.clone(),
        internal: !event.is_for_caller,
        file: attachments.iter().find(|one| one.event_number == event.number).map(|one| FileLine::of(one, path)),
    }
}

/// The ticket again after a refusal that a person can put right: what was typed stays, and the page shows the newest, so sending it
/// again is meant for that.
pub(in crate::tickets) async fn refused(
    person: SignedIn,
    pages: &TicketPages,
    (owner, named): (MunicipalityId, Named),
    fields: Fields,
    error: Error,
) -> PageResult {
    let status = match error.kind {
        Kind::Conflict | Kind::Precondition => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        _ => return Err(error.into()),
    };
    let asked = Asked { owner, named, back: fields.get("back").to_owned() };
    show(person, pages, asked, Some(FormState::refused_here(fields, error)), status).await
}

/// The page; with a refused form what was typed stays in it.
pub(in crate::tickets) async fn show(
    person: SignedIn,
    pages: &TicketPages,
    asked: Asked,
    refused: Option<FormState>,
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Asked { owner, named, back } = asked;
    let Whole { ticket: view, events, merged, attachments, also } = pages.tickets.get(staff, owner, named).await?;
    let school = view.row.school_id.map(SchoolId);
    let may = |right| staff.scope(right).is_ok_and(|scope| scope.covers(owner, school));
    let (works, reports) = (may(Right::WorkTickets), may(Right::ReportTickets));
    let names = names(pages, staff, std::slice::from_ref(&view)).await?;
    let language = shell.language;
    let then = view.row.snapshot.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let school_then = school_then(pages, staff, owner, &then).await?;
    let people = match works {
        true => pages.tickets.proposals(staff, owner, Named::Id(TicketId(view.row.ticket_id))).await?,
        false => Vec::new(),
    };
    let into = match view.life.merged_into {
        Some(into) => pages.tickets.get(staff, owner, Named::Id(into)).await.ok().map(|other| {
            (path_of(&other.ticket), format!("#{} {}", other.ticket.row.number, other.ticket.row.subject))
        }),
        None => None,
    };
    let follows = pages.tickets.saw(staff, &view).await?;
    let (lookers, replies) = match works {
        true => (desk::lookers(pages, staff, &view).await?, desk::choices(pages, staff, &view, &names).await?),
        false => (String::new(), Vec::new()),
    };
    let (causes, alike) = match works {
        true => {
            let alike = alike(&shell, pages.tickets.duplicates_of(staff, owner, named).await?);
            (causes(pages, staff, language, (owner, named)).await?, alike)
        }
        false => (Vec::new(), Vec::new()),
    };
    let legs = legs::panel(&shell, &pages.tickets, staff, (&view, works), refused.as_ref()).await?;
    let judged = [("category", view.row.category), ("impact", view.row.impact), ("urgency", view.row.urgency)];
    let judged = FormState::filled(Fields::of(judged.map(|(field, number)| (field, number.to_string()))));
    let me = staff.id.map(|me| me.0);
    let proposal = |one: Proposal| (one.id.to_string(), format!("{} ({})", one.name, said(language, &one.why)));
    let mut people: Vec<_> = people.into_iter().map(proposal).collect();
    people.retain(|(id, _)| view.row.assignee_id.is_none_or(|holder| *id != holder.to_string()));
    let template = TicketPage {
        path: path_of(&view),
        back: queue_path(&back).to_owned(),
        number: view.row.number,
        version: view.row.version,
        subject: view.row.subject.clone(),
        municipality: names.owner(owner).unwrap_or_default().to_owned(),
        state: state(language, &view),
        priority: priority(language, view.row.priority),
        why_priority: said(language, &view.standing.priority_reason),
        why_here: said(language, &view.standing.why),
        assignee: view.row.assignee_name.clone().unwrap_or_default(),
        response: deadline(&shell, view.standing.response),
        response_due: view.standing.response.and_then(|deadline| deadline.due),
        restoration: deadline(&shell, view.standing.restoration),
        restoration_due: view.standing.restoration.and_then(|deadline| deadline.due),
        facts: facts(&shell, &view, also, &names),
        snapshot: snapshot(language, &then, school_then.as_deref()),
        device: view.row.device_id.map(|device| format!("/devices/{device}")),
        causes,
        alike,
        merged: merged
            .iter()
            .map(|other| (path_of(other), format!("#{} {}", other.row.number, other.row.subject)))
            .collect(),
        into,
        entries: events.iter().map(|event| entry(&shell, event, &attachments, &path_of(&view))).collect(),
        acts: acts(&view, works, reports, me, events.last()),
        categories: choices(language, Category::ALL, Category::to_number, Category::label),
        impacts: choices(language, Impact::ALL, Impact::to_number, Impact::label),
        urgencies: choices(language, Urgency::ALL, Urgency::to_number, Urgency::label),
        waits: choices(language, WaitingOn::ALL, WaitingOn::to_number, WaitingOn::label),
        people,
        legs,
        follows: staff.id.map(|_| follows),
        lookers,
        replies,
        judged: refused.clone().filter(|form| form.is("verb", "triage")).unwrap_or(judged),
        form: refused.unwrap_or_default(),
        shell,
    };
    page(status, &template)
}

/// Tells a browser when the ticket changed, or who else looks.
pub(super) async fn live(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket)): Path<(Uuid, String)>,
) -> PageResult {
    let (staff, named) = (person.staff.clone(), named(&ticket)?);
    let said_at = Arc::new(AtomicI64::new(i64::MIN));
    Ok(live::changes(&person.visit, move || {
        let (tickets, staff, said_at) = (pages.tickets.clone(), staff.clone(), Arc::clone(&said_at));
        async move {
            let ticket = tickets.get(&staff, MunicipalityId(owner), named).await?.ticket;
            let others = desk::open(&tickets, &staff, &ticket, &said_at).await?;
            Ok((ticket.row.version, others))
        }
    })
    .await?)
}
