//! Tickets as JSON.

use gigafleet_proto::v1;
use serde_json::Value;

use super::{Object, both};

fn deadline(deadline: v1::TicketDeadline) -> Value {
    let state = deadline.state().as_str_name();
    let v1::TicketDeadline { state: _, due_time } = deadline;
    Object::default().value("state", state).time("due_time", due_time).into()
}

/// A ticket.
pub(in crate::cli) fn ticket(ticket: v1::Ticket) -> Value {
    let words = [
        ("state", ticket.state().as_str_name()),
        ("waiting_on", ticket.waiting_on().as_str_name()),
        ("category", ticket.category().as_str_name()),
        ("impact", ticket.impact().as_str_name()),
        ("urgency", ticket.urgency().as_str_name()),
        ("caller_kind", ticket.caller_kind().as_str_name()),
        ("origin", ticket.origin().as_str_name()),
    ];
    let v1::Ticket {
        municipality_id,
        ticket_id,
        number,
        version,
        state: _,
        waiting_on: _,
        category: _,
        impact: _,
        urgency: _,
        priority,
        priority_reason,
        subject,
        school_id,
        device_id,
        room,
        caller_kind: _,
        caller_contact,
        origin: _,
        assignee_id,
        assignee_name,
        incident_id,
        merged_into_ticket_id,
        create_time,
        change_time,
        first_response_time,
        resolve_time,
        close_time,
        reopen_count,
        response,
        restoration,
        queue_reason,
        device_snapshot_json,
    } = ticket;
    let said = |word: &&str| !word.ends_with("_UNSPECIFIED");
    let object = words
        .into_iter()
        .fold(Object::default(), |object, (name, word)| object.optional(name, Some(word).filter(said)));
    object
        .text("municipality_id", municipality_id)
        .text("ticket_id", ticket_id)
        .value("number", number)
        .value("version", version)
        .value("priority", priority)
        .text("priority_reason", priority_reason)
        .text("subject", subject)
        .text("school_id", school_id)
        .text("device_id", device_id)
        .text("room", room)
        .text("caller_contact", caller_contact)
        .text("assignee_id", assignee_id)
        .text("assignee_name", assignee_name)
        .text("incident_id", incident_id)
        .text("merged_into_ticket_id", merged_into_ticket_id)
        .time("create_time", create_time)
        .time("change_time", change_time)
        .time("first_response_time", first_response_time)
        .time("resolve_time", resolve_time)
        .time("close_time", close_time)
        .value("reopen_count", reopen_count)
        .optional("response", response.map(deadline))
        .optional("restoration", restoration.map(deadline))
        .text("queue_reason", queue_reason)
        .optional("device_snapshot", serde_json::from_str::<Value>(&device_snapshot_json).ok())
        .into()
}

fn event(event: v1::TicketEvent) -> Value {
    let kind = event.kind().as_str_name();
    let v1::TicketEvent { number, kind: _, event_time, actor_name, is_for_caller, text, details_json } = event;
    Object::default()
        .value("number", number)
        .value("kind", kind)
        .time("event_time", event_time)
        .text("actor_name", actor_name)
        .value("is_for_caller", is_for_caller)
        .text("text", text)
        .optional("details", serde_json::from_str::<Value>(&details_json).ok())
        .into()
}

fn figures(figures: v1::TicketFigures) -> Value {
    let v1::TicketFigures {
        group_id,
        name,
        came,
        merged,
        reopened,
        answered_in_time,
        answered_late,
        restored_in_time,
        restored_late,
        answer_median_minutes,
        answer_ninth_minutes,
        restore_median_minutes,
        restore_ninth_minutes,
        open,
    } = figures;
    Object::default()
        .text("group_id", group_id)
        .text("name", name)
        .value("came", came)
        .value("merged", merged)
        .value("reopened", reopened)
        .value("answered_in_time", answered_in_time)
        .value("answered_late", answered_late)
        .value("restored_in_time", restored_in_time)
        .value("restored_late", restored_late)
        .optional("answer_median_minutes", answer_median_minutes)
        .optional("answer_ninth_minutes", answer_ninth_minutes)
        .optional("restore_median_minutes", restore_median_minutes)
        .optional("restore_ninth_minutes", restore_ninth_minutes)
        .list("open", open, Value::from)
        .into()
}

/// Figures of tickets by group, and of all together.
pub(in crate::cli) fn ticket_figures(found: v1::GetTicketFiguresResponse) -> Value {
    // A file is written, not printed.
    let v1::GetTicketFiguresResponse { as_of_time, rows, whole, file: _, replaced_count: _ } = found;
    Object::default()
        .time("as_of_time", as_of_time)
        .list("rows", rows, figures)
        .optional("whole", whole.map(figures))
        .into()
}

/// A cause that may be.
pub(in crate::cli) fn suggestion(suggestion: v1::TicketSuggestion) -> Value {
    let v1::TicketSuggestion { rule_id, name, cause, reasons, steps, source, date } = suggestion;
    Object::default()
        .text("rule_id", rule_id)
        .optional("name", name.map(both))
        .optional("cause", cause.map(both))
        .list("reasons", reasons, both)
        .list("steps", steps, both)
        .text("source", source)
        .text("date", date)
        .into()
}

/// A ticket that may be of the same thing.
pub(in crate::cli) fn duplicate(duplicate: v1::DuplicateTicket) -> Value {
    let v1::DuplicateTicket { ticket: itself, points, reasons } = duplicate;
    Object::default()
        .optional("ticket", itself.map(ticket))
        .value("points", points)
        .list("reasons", reasons, both)
        .into()
}

/// What rules would have said.
pub(in crate::cli) fn tried_rules(found: v1::TryCauseRulesResponse) -> Value {
    let v1::TryCauseRulesResponse { tickets, explained, rules } = found;
    let rule = |rule: v1::TriedCauseRule| {
        let v1::TriedCauseRule { rule_id, matched, first, judged, agreed, example_numbers, needs_present } = rule;
        Object::default()
            .text("rule_id", rule_id)
            .value("matched", matched)
            .value("first", first)
            .value("judged", judged)
            .value("agreed", agreed)
            .value("example_numbers", example_numbers)
            .value("needs_present", needs_present)
            .into()
    };
    Object::default().value("tickets", tickets).value("explained", explained).list("rules", rules, rule).into()
}

/// What a policy of device health would make at an owner.
pub(in crate::cli) fn tried_health(owner: v1::Municipality, found: v1::TryDeviceHealthPolicyResponse) -> Value {
    let v1::TryDeviceHealthPolicyResponse { devices, rules } = found;
    let rule = |rule: v1::TriedHealthRule| {
        let name = rule.rule().as_str_name();
        let v1::TriedHealthRule { rule: _, devices, tickets, new_tickets, ended_tickets, example_names } = rule;
        Object::default()
            .value("rule", name)
            .value("devices", devices)
            .value("tickets", tickets)
            .value("new_tickets", new_tickets)
            .value("ended_tickets", ended_tickets)
            .value("example_names", example_names)
            .into()
    };
    Object::default()
        .text("municipality_id", owner.municipality_id)
        .text("code", owner.code)
        .value("devices", devices)
        .list("rules", rules, rule)
        .into()
}

fn failure_rate(rate: v1::FailureRate) -> Value {
    let v1::FailureRate {
        group_id,
        name,
        failures,
        failed_devices,
        devices_in_use,
        average_devices,
        device_years,
        rate,
        rate_low,
        rate_high,
    } = rate;
    Object::default()
        .text("group_id", group_id)
        .text("name", name)
        .value("failures", failures)
        .value("failed_devices", failed_devices)
        .value("devices_in_use", devices_in_use)
        .value("average_devices", average_devices)
        .value("device_years", device_years)
        .optional("rate", rate)
        .optional("rate_low", rate_low)
        .optional("rate_high", rate_high)
        .into()
}

fn failure_alarm(alarm: v1::FailureAlarm) -> Value {
    let category = alarm.category().as_str_name();
    let v1::FailureAlarm {
        municipality_id,
        model,
        category: _,
        failed_devices,
        devices_in_use,
        recent_days,
        other_owner_count,
        raise_time,
        ticket_number,
    } = alarm;
    Object::default()
        .text("municipality_id", municipality_id)
        .text("model", model)
        .value("category", category)
        .value("failed_devices", failed_devices)
        .value("devices_in_use", devices_in_use)
        .value("recent_days", recent_days)
        .value("other_owner_count", other_owner_count)
        .time("raise_time", raise_time)
        .value("ticket_number", ticket_number)
        .into()
}

/// Failure rates by group, of all together, and models that fail more often than they should.
pub(in crate::cli) fn failure_rates(found: v1::GetFailureRatesResponse) -> Value {
    // A file is written, not printed.
    let v1::GetFailureRatesResponse { as_of_time, rows, whole, alarms, file: _, replaced_count: _ } = found;
    Object::default()
        .time("as_of_time", as_of_time)
        .list("rows", rows, failure_rate)
        .optional("whole", whole.map(failure_rate))
        .list("alarms", alarms, failure_alarm)
        .into()
}

/// A ticket with what happened to it.
pub(in crate::cli) fn ticket_whole(whole: v1::GetTicketResponse) -> Value {
    let v1::GetTicketResponse { ticket: itself, events, merged, attachments } = whole;
    Object::default()
        .optional("ticket", itself.map(ticket))
        .list("events", events, event)
        .list("merged", merged, ticket)
        .list("attachments", attachments, attachment)
        .into()
}

/// An attachment.
pub(in crate::cli) fn attachment(attachment: v1::TicketAttachment) -> Value {
    let kind = attachment.kind().as_str_name();
    let v1::TicketAttachment {
        attachment_id,
        event_number,
        name,
        kind: _,
        bytes,
        width,
        height,
        sha256,
        actor_name,
        is_for_caller,
        create_time,
    } = attachment;
    Object::default()
        .text("attachment_id", attachment_id)
        .value("event_number", event_number)
        .text("name", name)
        .value("kind", kind)
        .value("bytes", bytes)
        .value("width", width)
        .value("height", height)
        .text("sha256", sha256)
        .text("actor_name", actor_name)
        .value("is_for_caller", is_for_caller)
        .time("create_time", create_time)
        .into()
}

/// A ticket that was found, and where the words stand.
pub(in crate::cli) fn found_ticket(found: v1::FoundTicket) -> Value {
    let v1::FoundTicket { ticket: itself, excerpts } = found;
    let mark = |mark: v1::TicketExcerptMark| Object::default().value("begin", mark.begin).value("end", mark.end).into();
    let excerpt = |excerpt: v1::TicketExcerpt| {
        let v1::TicketExcerpt { text, marks, is_cut } = excerpt;
        Object::default().value("text", text).list("marks", marks, mark).value("is_cut", is_cut).into()
    };
    Object::default().optional("ticket", itself.map(ticket)).list("excerpts", excerpts, excerpt).into()
}
