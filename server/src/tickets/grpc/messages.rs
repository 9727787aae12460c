//! Answers of the service → messages of the contract.

use std::ops::Range;

use gigafleet_proto::v1;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Both,
    tickets::{
        rules::{promise::Promise, queue::Deadline},
        search::rules::Excerpt,
        service::{EventRow, FoundTicket, Standing, TicketView},
    },
};

pub(super) fn text(id: Option<Uuid>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

pub(super) fn time(at: Option<i64>) -> Option<prost_types::Timestamp> {
    at.map(|at| Timestamp(at).to_proto())
}

pub(super) fn both(both: &Both) -> String {
    format!("{} / {}", both.ja, both.en)
}

pub(super) fn count(number: i64) -> u64 {
    number.unsigned_abs()
}

fn deadline_message(deadline: Deadline) -> v1::TicketDeadline {
    v1::TicketDeadline { state: deadline.standing as i32, due_time: deadline.due.map(Timestamp::to_proto) }
}

pub(super) fn message(view: TicketView, with_snapshot: bool) -> v1::Ticket {
    let TicketView { row, life, standing } = view;
    let Standing { priority_reason, response, restoration, why } = standing;
    v1::Ticket {
        municipality_id: row.municipality_id.to_string(),
        ticket_id: row.ticket_id.to_string(),
        number: count(row.number),
        version: count(row.version),
        state: row.state.into(),
        waiting_on: row.waiting_on.map_or(0, i32::from),
        category: row.category.into(),
        impact: row.impact.into(),
        urgency: row.urgency.into(),
        priority: u32::from(row.priority.unsigned_abs()),
        priority_reason: both(&priority_reason),
        subject: row.subject,
        school_id: text(row.school_id),
        device_id: text(row.device_id),
        room: row.room,
        caller_kind: row.caller_kind.into(),
        caller_contact: row.caller_contact,
        origin: row.origin.into(),
        assignee_id: text(row.assignee_id),
        assignee_name: row.assignee_name.unwrap_or_default(),
        incident_id: text(row.incident_id),
        merged_into_ticket_id: text(row.merged_into),
        create_time: time(Some(row.created_at)),
        change_time: time(Some(row.changed_at)),
        first_response_time: life.times.response.ended().map(Timestamp::to_proto),
        resolve_time: life.times.restoration.ended().map(Timestamp::to_proto),
        close_time: time(life.times.closed_at),
        reopen_count: life.times.reopened,
        response: response.map(deadline_message),
        restoration: restoration.map(deadline_message),
        queue_reason: both(&why),
        device_snapshot_json: row.snapshot.filter(|_| with_snapshot).unwrap_or_default(),
    }
}

pub(super) fn found_message(found: FoundTicket) -> v1::FoundTicket {
    let small = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    let mark = |mark: Range<usize>| v1::TicketExcerptMark { begin: small(mark.start), end: small(mark.end) };
    let excerpt = |excerpt: Excerpt| v1::TicketExcerpt {
        text: excerpt.text,
        marks: excerpt.marked.into_iter().map(mark).collect(),
        is_cut: excerpt.is_cut,
    };
    v1::FoundTicket {
        ticket: Some(message(found.ticket, false)),
        excerpts: found.excerpts.into_iter().map(excerpt).collect(),
    }
}

pub(super) fn event_message(event: EventRow) -> v1::TicketEvent {
    v1::TicketEvent {
        number: u32::try_from(event.number).unwrap_or(u32::MAX),
        kind: event.kind.into(),
        event_time: time(Some(event.happened_at)),
        actor_name: event.actor_name,
        is_for_caller: event.is_for_caller,
        text: event.body,
        details_json: event.details,
    }
}

pub(super) fn promise_message(promise: Promise) -> v1::TicketPromise {
    v1::TicketPromise {
        source: promise.source,
        begin_minute: promise.hours[0].into(),
        end_minute: promise.hours[1].into(),
        answer_minutes: promise.answer_minutes.to_vec(),
        restore_days: promise.restore_days.to_vec(),
        warn_percent: promise.warn_percent.into(),
        priorities: promise.priorities.iter().flatten().map(|priority| u32::from(*priority)).collect(),
        return_minutes: Some(promise.return_minutes),
        close_days: Some(promise.close_days),
    }
}
