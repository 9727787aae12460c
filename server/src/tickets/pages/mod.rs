//! Pages of tickets: the queue, one ticket, a new one, one thing with many.

mod cause_rules;
mod causes;
mod create;
mod figures;
mod many;
pub mod panel;
mod query;
mod queue;
pub(in crate::tickets) mod ticket;
mod verbs;

use axum::{
    Router,
    routing::{get, post},
};
use uuid::Uuid;

use super::{
    attachments::{self, service::Attachments},
    desk::pages as desk,
    failures::pages as failures,
    legs::pages as legs,
    rules::{Category, Priority, State, TicketId, WaitingOn, clock::Standing, queue::Deadline},
    service::{Named, TicketView, Tickets},
    team::pages as team,
};
use crate::{
    access::{
        rules::{Place, Right, Scope, Staff},
        service::{Access, names::PlaceNames},
    },
    clock::Timestamp,
    console::{Language, Shell, words::tickets as words},
    error::{Both, Error, Result, says::tickets as say},
    network::service::Network,
    schools::{
        rules::{MunicipalityId, SchoolId, search::SchoolSearch},
        service::Schools,
    },
};

/// Schools that can be chosen.
const CHOICES: i64 = 1_000;

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct TicketPages {
    pub tickets: Tickets,
    pub attachments: Attachments,
    pub network: Network,
    pub schools: Schools,
    pub access: Access,
}

/// The pages of tickets.
pub fn routes(pages: TicketPages) -> Router {
    Router::new()
        .route("/tickets", get(queue::queue))
        .route("/tickets/live", get(queue::live))
        .route("/tickets/views", post(queue::keep))
        .route("/tickets/views/{view}/delete", post(queue::forget))
        .route("/tickets/new", get(create::form).post(create::create))
        .route("/tickets/new/similar", post(create::similar))
        .route("/tickets/figures", get(figures::figures))
        .route("/tickets/figures/export", get(figures::export))
        .route("/tickets/failures", get(failures::failures))
        .route("/tickets/failures/export", get(failures::export))
        .route("/tickets/causes", get(cause_rules::rules).post(cause_rules::change))
        .route("/tickets/many", post(many::many))
        .route("/tickets/{municipality}/{ticket}", get(ticket::ticket).post(verbs::change))
        .route("/tickets/{municipality}/{ticket}/legs", post(legs::change))
        .route("/tickets/{municipality}/{ticket}/live", get(ticket::live))
        .merge(attachments::pages::routes())
        .merge(desk::routes())
        .merge(team::routes())
        .with_state(pages)
}

pub(in crate::tickets) fn said(language: Language, both: &Both) -> String {
    language.choose(&both.ja, &both.en).clone().into_owned()
}

/// Choices of an enumeration: number and label.
pub(in crate::tickets) fn choices<T: Copy>(
    language: Language,
    all: &[T],
    number: impl Fn(T) -> i16,
    label: impl Fn(T) -> Both,
) -> Vec<(String, String)> {
    all.iter().map(|one| (number(*one).to_string(), said(language, &label(*one)))).collect()
}

/// The same with all first.
pub(in crate::tickets) fn with_all(shell: &Shell, choices: Vec<(String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), shell.w.shell.all.to_owned())).chain(choices).collect()
}

/// Where a ticket has its page.
pub(in crate::tickets) fn path_of(view: &TicketView) -> String {
    format!("/tickets/{}/{}", view.row.municipality_id, view.row.number)
}

/// A ticket in a list.
struct Line {
    path: String,
    /// By which a form names it: owner, id and the version that is shown.
    key: String,
    /// The same in the address of a page.
    anchor: String,
    number: i64,
    priority: (&'static str, String),
    subject: String,
    category: String,
    school: String,
    municipality: String,
    room: String,
    state: (&'static str, String),
    assignee: String,
    due: Option<(&'static str, String)>,
    why: String,
    came: Timestamp,
    may_take: bool,
    /// Pieces of its texts in which words stand that were looked for; marked or not.
    excerpts: Vec<Vec<(bool, String)>>,
}

pub(in crate::tickets) fn priority(language: Language, number: i16) -> (&'static str, String) {
    let Some(priority) = Priority::from_number(number) else { return ("quiet", number.to_string()) };
    let tone = match priority {
        Priority::P1 => "bad",
        Priority::P2 => "warning",
        Priority::P3 => "plain",
        Priority::P4 => "quiet",
    };
    (tone, said(language, &priority.label()))
}

/// How a state looks, and what it is called: of one that waits, for whom.
pub(in crate::tickets) fn state(language: Language, view: &TicketView) -> (&'static str, String) {
    let tone = match view.life.state {
        State::New => "warning",
        State::Triaged | State::InProgress => "plain",
        State::Waiting | State::Closed => "quiet",
        State::Resolved => "good",
    };
    let label = view.life.waiting_on.map_or_else(|| view.life.state.label(), WaitingOn::label);
    (tone, said(language, &label))
}

fn category(language: Language, number: i16) -> String {
    Category::from_number(number).map(|category| said(language, &category.label())).unwrap_or_default()
}

/// How a deadline looks, and how long there is until then, or when it was kept.
fn deadline(shell: &Shell, deadline: Option<Deadline>) -> Option<(&'static str, String)> {
    const MINUTE_US: i64 = 60_000_000;
    let Deadline { standing, due } = deadline?;
    let tone = match standing {
        Standing::Running => "plain",
        Standing::Warning => "warning",
        Standing::Breached => "bad",
        Standing::Kept => "good",
        Standing::Paused => "quiet",
    };
    let text = match (standing, due) {
        (Standing::Kept | Standing::Paused, _) | (_, None) => standing_text(shell.language, standing).to_owned(),
        (_, Some(due)) => words::due_text(shell.language, (due.0 - shell.now.0).div_euclid(MINUTE_US)),
    };
    Some((tone, text))
}

fn standing_text(language: Language, standing: Standing) -> &'static str {
    let (ja, en) = match standing {
        Standing::Running => ("期限内", "in time"),
        Standing::Warning => ("期限間近", "soon"),
        Standing::Breached => ("期限超過", "late"),
        Standing::Kept => ("期限内に済", "kept"),
        Standing::Paused => ("停止中", "stands still"),
    };
    language.choose(ja, en)
}

/// The deadline that counts now: of the answer until it is given, then that of the end of the trouble.
fn next_deadline(view: &TicketView) -> Option<Deadline> {
    let runs = |deadline: &Deadline| !matches!(deadline.standing, Standing::Kept);
    let standing = &view.standing;
    standing
        .response
        .filter(|deadline| runs(deadline) && view.life.times.response.ended().is_none())
        .or(standing.restoration)
}

impl Line {
    fn of(shell: &Shell, view: &TicketView, names: &PlaceNames, works: Option<&Scope>, me: Option<Uuid>) -> Self {
        let (row, language) = (&view.row, shell.language);
        let owner = MunicipalityId(row.municipality_id);
        let school = row.school_id.map(SchoolId);
        let may_work = works.is_some_and(|scope| scope.covers(owner, school));
        Self {
            path: path_of(view),
            key: format!("{}:{}:{}", owner, row.ticket_id, row.version),
            anchor: format!("t-{}", row.ticket_id),
            number: row.number,
            priority: priority(language, row.priority),
            subject: row.subject.clone(),
            category: category(language, row.category),
            school: school.and_then(|school| names.school(school)).unwrap_or_default().to_owned(),
            municipality: names.owner(owner).unwrap_or_default().to_owned(),
            room: row.room.clone(),
            state: state(language, view),
            assignee: row.assignee_name.clone().unwrap_or_default(),
            due: next_deadline(view).filter(|_| !view.life.is_done()).and_then(|next| deadline(shell, Some(next))),
            why: said(language, &view.standing.why),
            came: Timestamp(row.created_at),
            may_take: may_work && me.is_some() && !view.life.is_done() && row.assignee_id.is_none(),
            excerpts: Vec::new(),
        }
    }
}

/// What the places of tickets are called.
pub(in crate::tickets) async fn names(pages: &TicketPages, staff: &Staff, views: &[TicketView]) -> Result<PlaceNames> {
    let place = |view: &TicketView| {
        let owner = MunicipalityId(view.row.municipality_id);
        view.row.school_id.map(|school| Place::School(owner, SchoolId(school)))
    };
    let places: Vec<_> = views.iter().filter_map(place).collect();
    pages.access.place_names(staff, Right::ViewTickets, &places).await
}

pub(in crate::tickets) async fn school_choices(
    pages: &TicketPages,
    staff: &Staff,
    owner: MunicipalityId,
) -> Result<Vec<(String, String)>> {
    let search = SchoolSearch { municipality: Some(owner), ..SchoolSearch::default() };
    let rows = pages.schools.search_schools(staff, &search, None, CHOICES).await?;
    Ok(rows.into_iter().map(|row| (row.school_id.to_string(), row.name)).collect())
}

/// The ticket that an address names, by its number or its id. What is neither is not there.
pub(in crate::tickets) fn named(text: &str) -> Result<Named> {
    let number = text.parse().ok().filter(|number| *number > 0).map(Named::Number);
    let named = number.or_else(|| Uuid::try_parse(text).ok().map(|id| Named::Id(TicketId(id))));
    named.ok_or_else(|| Error::not_found("TICKET_NOT_FOUND", say::unknown(text)))
}

/// What a form says of a ticket that it was shown: owner, id and version.
fn seen(text: &str) -> Option<(MunicipalityId, TicketId, i64)> {
    let mut parts = text.split(':');
    let owner = Uuid::try_parse(parts.next()?).ok()?;
    let ticket = Uuid::try_parse(parts.next()?).ok()?;
    let version = parts.next()?.parse().ok()?;
    Some((MunicipalityId(owner), TicketId(ticket), version))
}
