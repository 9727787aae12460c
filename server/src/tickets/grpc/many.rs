//! One verb on many tickets, in the words of the contract.

use gigafleet_proto::v1::{self, change_ticket_request::Verb, change_tickets_request::Verb as OnMany};
use uuid::Uuid;

use super::{
    messages::{both, message},
    orders::{change_of, place, refused},
};
use crate::{
    error::{FieldViolation, Result, says::tickets as say},
    grpc::page,
    schools::rules::{MunicipalityId, parse_optional_uuid, parse_uuid},
    tickets::{
        rules::TicketId,
        service::{Changed, MOST_TICKETS, ManyOrder, Selection},
    },
};

/// The verb on one ticket that is meant for each.
fn on_each(verb: OnMany) -> Verb {
    match verb {
        OnMany::Triage(judged) => Verb::Triage(judged),
        OnMany::Take(taken) => Verb::Take(taken),
        OnMany::Assign(assigned) => Verb::Assign(assigned),
        OnMany::Release(released) => Verb::Release(released),
        OnMany::Start(started) => Verb::Start(started),
        OnMany::Wait(waiting) => Verb::Wait(waiting),
        OnMany::Resume(resumed) => Verb::Resume(resumed),
        OnMany::Reply(reply) => Verb::Reply(reply),
        OnMany::Note(note) => Verb::Note(note),
        OnMany::Resolve(resolved) => Verb::Resolve(resolved),
        OnMany::Close(closed) => Verb::Close(closed),
        OnMany::Reopen(reopened) => Verb::Reopen(reopened),
        OnMany::Merge(merged) => Verb::Merge(merged),
        OnMany::Unmerge(unmerged) => Verb::Unmerge(unmerged),
        OnMany::Undo(undone) => Verb::Undo(undone),
    }
}

fn seen_of(ticket: &v1::SeenTicket) -> Result<(MunicipalityId, TicketId, i64)> {
    let (owner, id) = place(&ticket.municipality_id, &ticket.ticket_id)?;
    Ok((owner, id, i64::try_from(ticket.version).unwrap_or(i64::MAX)))
}

fn selection_of(tickets: &[v1::SeenTicket], incident: Option<Uuid>) -> Result<Selection> {
    match (tickets, incident) {
        ([], Some(incident)) => Ok(Selection::Incident(incident)),
        (tickets, None) if (1..=MOST_TICKETS).contains(&tickets.len()) => {
            Ok(Selection::Seen(tickets.iter().map(seen_of).collect::<Result<_>>()?))
        }
        _ => Err(refused(vec![FieldViolation::new("tickets", say::tickets_or_incident())])),
    }
}

pub(super) fn order_of(request: v1::ChangeTicketsRequest) -> Result<ManyOrder> {
    let mut wrong = Vec::new();
    let id = page::collect(parse_uuid("request_id", &request.request_id), &mut wrong);
    let incident = page::collect(parse_optional_uuid("incident_id", &request.incident_id), &mut wrong);
    let (Some(id), Some(incident)) = (id, incident) else { return Err(refused(wrong)) };
    let selection = selection_of(&request.tickets, incident)?;
    Ok(ManyOrder { request: id, selection, change: change_of(request.verb.map(on_each))? })
}

pub(super) fn changed_message(changed: Changed) -> v1::ChangedTicket {
    let Changed { owner, ticket, outcome } = changed;
    let (ticket_message, reason, why) = match outcome {
        Ok(view) => (Some(message(view, false)), String::new(), String::new()),
        Err(error) => (None, error.reason.to_owned(), both(&error.message)),
    };
    v1::ChangedTicket {
        municipality_id: owner.to_string(),
        ticket_id: ticket.to_string(),
        ticket: ticket_message,
        reason,
        message: why,
    }
}
