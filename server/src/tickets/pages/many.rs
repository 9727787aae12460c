//! One thing with the tickets that were selected in the queue.

use askama::Template;
use axum::extract::State as Pages;
use http::StatusCode;
use uuid::Uuid;

use super::{TicketPages, seen, verbs};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{
        Fields, FormState, PageResult, Respond as _, Shell, page, respond::own_path, see_other, words::tickets as words,
    },
    error::{Error, Kind, Result, says::tickets as say},
    schools::rules::MunicipalityId,
    tickets::{
        rules::TicketId,
        service::{Change, Changed, MOST_TICKETS, ManyOrder, Named, Selection},
    },
};

#[derive(Template)]
#[template(path = "tickets/many.html")]
struct ManyPage {
    shell: Shell,
    form: FormState,
    back: String,
    done: String,
    refused: Vec<Refused>,
}

/// A ticket that was not changed.
struct Refused {
    path: String,
    name: String,
    why: String,
}

/// What is to be done with which tickets.
async fn order_of(pages: &TicketPages, staff: &Staff, fields: &Fields) -> Result<ManyOrder> {
    // The button beside one ticket takes that one, whatever else is selected.
    let one = fields.some("take").map(|key| vec![key.to_owned()]);
    let is_take = one.is_some();
    let keys = one.unwrap_or_else(|| fields.all("ticket").to_vec());
    let tickets: Vec<_> = keys.iter().filter_map(|key| seen(key)).collect();
    let Some((owner, ..)) = tickets.first().copied() else {
        return Err(Error::invalid_field("ticket", say::none_chosen()));
    };
    if tickets.len() > MOST_TICKETS {
        return Err(Error::invalid_field("ticket", say::tickets_or_incident()));
    }
    let change = if is_take { Change::Take } else { verbs::change_of(pages, staff, owner, fields).await? };
    let request = Uuid::try_parse(fields.get("request")).unwrap_or_else(|_| Uuid::now_v7());
    Ok(ManyOrder { request, selection: Selection::Seen(tickets), change })
}

async fn refusal(pages: &TicketPages, staff: &Staff, shell: &Shell, changed: Changed) -> Option<Refused> {
    let Changed { owner, ticket, outcome } = changed;
    let error = outcome.err()?;
    let why = super::said(shell.language, &error.message);
    let (path, name) = name_of(pages, staff, owner, ticket).await;
    Some(Refused { path, name, why })
}

async fn name_of(pages: &TicketPages, staff: &Staff, owner: MunicipalityId, ticket: TicketId) -> (String, String) {
    match pages.tickets.get(staff, owner, Named::Id(ticket)).await {
        Ok(whole) => {
            let row = &whole.ticket.row;
            (super::path_of(&whole.ticket), format!("#{} {}", row.number, row.subject))
        }
        Err(_) => (String::new(), ticket.to_string()),
    }
}

pub(super) async fn many(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let back =
        own_path(fields.get("back")).filter(|path| path.starts_with("/tickets")).unwrap_or("/tickets").to_owned();
    staff.scope(Right::WorkTickets)?;
    let changed = match order_of(&pages, staff, &fields).await {
        Ok(order) => pages.tickets.change_many(staff, &order).await.map(|(changed, _)| changed),
        Err(error) => Err(error),
    };
    let changed = match changed {
        Ok(changed) => changed,
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Precondition) => {
            let form = FormState::refused_here(fields, error);
            let template = ManyPage { form, back, done: String::new(), refused: Vec::new(), shell };
            return page(StatusCode::UNPROCESSABLE_ENTITY, &template);
        }
        Err(error) => return Err(error.into()),
    };
    let first = changed.first().map(|changed| changed.ticket);
    let done = changed.iter().filter(|changed| changed.outcome.is_ok()).count();
    let number = match changed.as_slice() {
        [Changed { outcome: Ok(view), .. }] => Some(view.row.number),
        _ => None,
    };
    let mut refused = Vec::new();
    for changed in changed {
        refused.extend(refusal(&pages, staff, &shell, changed).await);
    }
    let said = match number {
        Some(number) if fields.has("take") => words::taken_text(shell.language, number),
        _ => words::changed_many(shell.language, done),
    };
    if refused.is_empty() {
        // The place in the list from which it was done.
        let anchor = first.map_or_else(String::new, |ticket| format!("#t-{ticket}"));
        return Ok(see_other(&format!("{back}{anchor}")).flash(&said));
    }
    page(StatusCode::CONFLICT, &ManyPage { form: FormState::default(), back, done: said, refused, shell })
}
