//! Pages of the desk: what somebody follows, answers that are prepared; and what a ticket's page shows of both.

use std::sync::atomic::{AtomicI64, Ordering};

use askama::Template;
use axum::{
    Router,
    extract::{Path, RawQuery, State as Pages},
    routing::{get, post},
};
use http::StatusCode;
use uuid::Uuid;

use super::{
    rules::{self, Filling, ReplyId},
    service::{Followed, ReplyOrder},
    store::ReplyRow,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff, StaffId},
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, refused, see_other},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid},
    tickets::{
        pages::{TicketPages, names, path_of, state},
        service::{TicketView, Tickets},
    },
};

/// An open page says so often that somebody looks, in microseconds.
const SAY_US: i64 = 10_000_000;

pub(in crate::tickets) fn routes() -> Router<TicketPages> {
    Router::new()
        .route("/tickets/followed", get(followed))
        .route("/tickets/replies", get(replies).post(keep))
        .route("/tickets/replies/{reply}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "tickets/followed.html")]
struct FollowedPage {
    shell: Shell,
    lines: Vec<FollowedLine>,
}

struct FollowedLine {
    path: String,
    number: i64,
    subject: String,
    place: String,
    state: (&'static str, String),
    changed: Timestamp,
    is_news: bool,
    named_by: Option<String>,
}

impl FollowedLine {
    fn of(shell: &Shell, followed: Followed, names: &PlaceNames) -> Self {
        let Followed { ticket, is_news, named_by } = followed;
        let owner = names.owner(MunicipalityId(ticket.row.municipality_id)).unwrap_or_default();
        let school = ticket.row.school_id.and_then(|school| names.school(SchoolId(school))).unwrap_or_default();
        Self {
            path: path_of(&ticket),
            number: ticket.row.number,
            subject: ticket.row.subject.clone(),
            place: [owner, school].join(" ").trim().to_owned(),
            state: state(shell.language, &ticket),
            changed: Timestamp(ticket.row.changed_at),
            is_news,
            named_by,
        }
    }
}

async fn followed(person: SignedIn, Pages(pages): Pages<TicketPages>) -> PageResult {
    let followed = pages.tickets.followed(&person.staff).await?;
    let views: Vec<_> = followed.iter().map(|one| one.ticket.clone()).collect();
    let names = names(&pages, &person.staff, &views).await?;
    let shell = person.shell;
    let lines = followed.into_iter().map(|one| FollowedLine::of(&shell, one, &names)).collect();
    page(StatusCode::OK, &FollowedPage { lines, shell })
}

#[derive(Template)]
#[template(path = "tickets/replies.html")]
struct RepliesPage {
    shell: Shell,
    form: FormState,
    lines: Vec<ReplyLine>,
    owners: Vec<(String, String)>,
    /// The one that is changed.
    is_change: bool,
}

struct ReplyLine {
    id: String,
    name: String,
    text: String,
    owner: String,
    changed_by: String,
    changed_at: Timestamp,
    /// Whether this person may change it.
    may_change: bool,
}

/// Owners for whose tickets somebody may prepare answers, with all of them first where that may be.
fn owners(shell: &Shell, staff: &Staff, names: &PlaceNames) -> Vec<(String, String)> {
    let scope = staff.scope(Right::WorkTickets).ok();
    let whole = |owner| scope.as_ref().is_some_and(|scope| scope.whole(owner).is_some());
    let all = staff.require_everywhere(Right::WorkTickets).is_ok();
    let all = all.then(|| (String::new(), shell.w.tickets.prepared_all.to_owned()));
    let owners = names.owners().iter().filter(|(id, ..)| whole(*id));
    all.into_iter().chain(owners.map(|(id, _, name)| (id.to_string(), name.clone()))).collect()
}

async fn replies(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    show(person, &pages, fields.get("reply").to_owned(), None, StatusCode::OK).await
}

async fn show(
    person: SignedIn,
    pages: &TicketPages,
    chosen: String,
    refused: Option<FormState>,
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let rows = pages.tickets.replies(staff, None).await?;
    let names = pages.access.place_names(staff, Right::WorkTickets, &[]).await?;
    let owners = owners(&shell, staff, &names);
    let may =
        |owner: Option<Uuid>| owners.iter().any(|(id, _)| *id == owner.map(|id| id.to_string()).unwrap_or_default());
    let changed = rows.iter().find(|row| row.reply_id.to_string() == chosen);
    let filled = |row: &ReplyRow| {
        let owner = row.municipality_id.map(|owner| owner.to_string()).unwrap_or_default();
        FormState::filled(Fields::of([
            ("reply", row.reply_id.to_string()),
            ("municipality", owner),
            ("name", row.name.clone()),
            ("text", row.body.clone()),
        ]))
    };
    let form = refused.or_else(|| changed.map(filled)).unwrap_or_default();
    let is_change = !form.value("reply").is_empty();
    let line = |row: ReplyRow| {
        let owner = row.municipality_id.map(MunicipalityId);
        ReplyLine {
            id: row.reply_id.to_string(),
            may_change: may(row.municipality_id),
            owner: owner
                .map_or(shell.w.tickets.prepared_all, |owner| names.owner(owner).unwrap_or_default())
                .to_owned(),
            name: row.name,
            text: row.body,
            changed_by: row.changed_by,
            changed_at: Timestamp(row.changed_at),
        }
    };
    let lines = rows.into_iter().map(line).collect();
    page(status, &RepliesPage { lines, form, is_change, owners, shell })
}

fn order_of(fields: &Fields) -> Result<ReplyOrder> {
    let read = |field| parse_optional_uuid(field, fields.get(field));
    let wrong = |violation| crate::error::Error::invalid_fields("FIELD_INVALID", vec![violation]);
    Ok(ReplyOrder {
        id: read("reply").map_err(wrong)?.map(ReplyId),
        owner: read("municipality").map_err(wrong)?.map(MunicipalityId),
        name: fields.get("name").to_owned(),
        text: fields.get("text").to_owned(),
    })
}

async fn keep(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    let kept = match order_of(&fields) {
        Ok(order) => pages.tickets.keep_reply(&person.staff, order).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match kept {
        Ok(()) => Ok(see_other("/tickets/replies").flash(person.shell.w.tickets.prepared_kept)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            show(person, &pages, String::new(), Some(form), status).await
        }
    }
}

async fn delete(person: SignedIn, Pages(pages): Pages<TicketPages>, Path(reply): Path<Uuid>) -> PageResult {
    pages.tickets.delete_reply(&person.staff, ReplyId(reply)).await?;
    Ok(see_other("/tickets/replies").flash(person.shell.w.tickets.prepared_deleted))
}

/// The prepared answers for a ticket: id, name, and what it says of this one.
pub(in crate::tickets) async fn choices(
    pages: &TicketPages,
    staff: &Staff,
    ticket: &TicketView,
    names: &PlaceNames,
) -> Result<Vec<[String; 3]>> {
    let rows = pages.tickets.replies(staff, Some(MunicipalityId(ticket.row.municipality_id))).await?;
    let filling = filling(ticket, names);
    Ok(rows.into_iter().map(|row| [row.reply_id.to_string(), row.name, rules::fill(&row.body, filling)]).collect())
}

fn filling<'a>(ticket: &'a TicketView, names: &'a PlaceNames) -> Filling<'a> {
    let school = ticket.row.school_id.and_then(|school| names.school(SchoolId(school))).unwrap_or_default();
    Filling { number: ticket.row.number, school, subject: &ticket.row.subject }
}

/// A form of a ticket in which an answer was chosen and nothing was written: what the answer says.
pub(in crate::tickets) async fn with_prepared(
    pages: &TicketPages,
    staff: &Staff,
    ticket: &TicketView,
    mut fields: Fields,
) -> Result<Fields> {
    let chosen = Uuid::try_parse(fields.get("prepared")).ok().filter(|_| fields.get("text").trim().is_empty());
    if let Some(id) = chosen {
        let names = names(pages, staff, std::slice::from_ref(ticket)).await?;
        let chosen = choices(pages, staff, ticket, &names).await?.into_iter().find(|[of, ..]| *of == id.to_string());
        if let Some([_, _, text]) = chosen {
            fields.set("text", text);
        }
    }
    Ok(fields)
}

/// Others who have a ticket before them, for people.
pub(in crate::tickets) async fn lookers(pages: &TicketPages, staff: &Staff, ticket: &TicketView) -> Result<String> {
    let others = pages.tickets.lookers(staff, ticket).await?;
    Ok(others.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join("、"))
}

/// A page of a ticket is open: says so now and then, and gives who else looks.
pub(in crate::tickets) async fn open(
    tickets: &Tickets,
    staff: &Staff,
    ticket: &TicketView,
    said_at: &AtomicI64,
) -> Result<Vec<StaffId>> {
    let now = tickets.clock.now().0;
    if now.saturating_sub(said_at.load(Ordering::Relaxed)) >= SAY_US {
        tickets.keep_looking(staff, ticket).await?;
        said_at.store(now, Ordering::Relaxed);
    }
    Ok(tickets.lookers(staff, ticket).await?.into_iter().map(|(id, _)| id).collect())
}
