//! What a form does with a ticket.

use axum::extract::{Path, State as Pages};
use uuid::Uuid;

use super::{TicketPages, ticket};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Staff, StaffId},
    },
    console::{Fields, PageResult, Respond as _, see_other, words::tickets as words},
    error::{Error, FieldViolation, Kind, Result, says::tickets as say},
    schools::rules::{MunicipalityId, parse_uuid},
    tickets::{
        desk::pages as desk,
        rules::{
            Category, Impact, TicketId, Urgency, WaitingOn,
            fields::{SHORT_TEXT, TEXT, filled, long_text, word},
        },
        service::{Change, Named},
    },
};

/// A choice of a form.
fn chosen<T>(fields: &Fields, field: &'static str, read: impl Fn(i16) -> Option<T>) -> Result<T, FieldViolation> {
    word(field, fields.get(field).parse().unwrap_or(0), read)
}

fn one(violation: FieldViolation) -> Error {
    Error::invalid_fields("FIELD_INVALID", vec![violation])
}

/// What a form says is to be done. Reason: FIELD_INVALID.
pub(super) async fn change_of(
    pages: &TicketPages,
    staff: &Staff,
    owner: MunicipalityId,
    fields: &Fields,
) -> Result<Change> {
    let text = fields.get("text");
    Ok(match fields.get("verb") {
        "take" => Change::Take,
        "release" => Change::Release,
        "start" => Change::Start,
        "resume" => Change::Resume,
        "close" => Change::Close,
        "unmerge" => Change::Unmerge,
        "undo" => Change::Undo,
        "reply" => Change::Reply(filled("text", text).map_err(one)?),
        "note" => Change::Note(filled("text", text).map_err(one)?),
        "answer" => Change::Answer(filled("text", text).map_err(one)?),
        "resolve" => Change::Resolve(long_text("text", text, TEXT).map_err(one)?),
        "reopen" => Change::Reopen(long_text("text", text, SHORT_TEXT).map_err(one)?),
        "reply_wait" => {
            filled("text", text).map_err(one)?;
            Change::Wait(WaitingOn::Caller, long_text("text", text, SHORT_TEXT).map_err(one)?)
        }
        "wait" => {
            let whom = chosen(fields, "waiting_on", WaitingOn::from_number).map_err(one)?;
            Change::Wait(whom, long_text("text", text, SHORT_TEXT).map_err(one)?)
        }
        "triage" => triage_of(fields)?,
        "assign" => Change::Assign(StaffId(parse_uuid("person", fields.get("person")).map_err(one)?)),
        "merge" => Change::Merge(named(pages, staff, owner, fields.get("into")).await?),
        _ => return Err(Error::invalid_field("verb", say::verb_needed())),
    })
}

fn triage_of(fields: &Fields) -> Result<Change> {
    let judged = (
        chosen(fields, "category", Category::from_number),
        chosen(fields, "impact", Impact::from_number),
        chosen(fields, "urgency", Urgency::from_number),
    );
    match judged {
        (Ok(category), Ok(impact), Ok(urgency)) => Ok(Change::Triage { category, impact, urgency }),
        (category, impact, urgency) => {
            let wrong = [category.err(), impact.err(), urgency.err()].into_iter().flatten().collect();
            Err(Error::invalid_fields("FIELD_INVALID", wrong))
        }
    }
}

/// The ticket of a number of the same owner.
async fn named(pages: &TicketPages, staff: &Staff, owner: MunicipalityId, text: &str) -> Result<TicketId> {
    let number = text.trim_start_matches('#').parse::<i64>().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| Error::invalid_field("into", say::needs_number()))?;
    match pages.tickets.get(staff, owner, Named::Number(number)).await {
        Ok(whole) => Ok(TicketId(whole.ticket.row.ticket_id)),
        Err(error) if error.kind == Kind::NotFound => Err(Error::invalid_field("into", say::number_unknown(number))),
        Err(error) => Err(error),
    }
}

/// Does one thing with a ticket, and comes back to it.
pub(super) async fn change(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket)): Path<(Uuid, String)>,
    fields: Fields,
) -> PageResult {
    let (owner, named) = (MunicipalityId(owner), super::named(&ticket)?);
    let whole = pages.tickets.get(&person.staff, owner, named).await?;
    let (ticket, number) = (TicketId(whole.ticket.row.ticket_id), whole.ticket.row.number);
    let back = super::ticket::with_back(&format!("/tickets/{owner}/{number}"), fields.get("back"));
    if matches!(fields.get("verb"), "follow" | "unfollow") {
        let follow = fields.get("verb") == "follow";
        pages.tickets.follow(&person.staff, owner, named, follow).await?;
        let w = &person.shell.w.tickets;
        return Ok(see_other(&back).flash(if follow { w.followed_now } else { w.unfollowed }));
    }
    let fields = desk::with_prepared(&pages, &person.staff, &whole.ticket, fields).await?;
    let seen = fields.get("version").parse().unwrap_or(0);
    let done = match change_of(&pages, &person.staff, owner, &fields).await {
        Ok(change) => {
            let is_take = change == Change::Take;
            pages.tickets.change(&person.staff, (owner, ticket), seen, change).await.map(|_| is_take)
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(is_take) => {
            let language = person.shell.language;
            let said =
                if is_take { words::taken_text(language, number) } else { person.shell.w.tickets.changed.to_owned() };
            Ok(see_other(&back).flash(&said))
        }
        Err(error) => ticket::refused(person, &pages, (owner, named), fields, error).await,
    }
}
