//! Filters and kept lists, in the words of the contract.

use gigafleet_proto::v1;

use super::{
    messages::{count, text},
    orders::{numbers, refused},
};
use crate::{
    error::{FieldViolation, Result as OwnResult, says::tickets as say},
    grpc::page,
    schools::rules::parse_optional_uuid,
    tickets::{
        rules::{
            Category, Priority, State, WaitingOn,
            filter::{Due, Filter, Holder, OLDEST_DAYS},
        },
        service::{CountedView, ViewOrder},
    },
};

/// A filter, or all that is wrong with it.
pub(super) fn filter_of(message: v1::TicketFilter) -> Result<Filter, Vec<FieldViolation>> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_optional_uuid("municipality_id", &message.municipality_id), &mut wrong).flatten();
    let school = page::collect(parse_optional_uuid("school_id", &message.school_id), &mut wrong).flatten();
    let incident = page::collect(parse_optional_uuid("incident_id", &message.incident_id), &mut wrong).flatten();
    let assignee = page::collect(parse_optional_uuid("assignee_id", &message.assignee_id), &mut wrong).flatten();
    let states = numbers("states", &message.states, |number| State::from_number(number).is_some());
    let categories = numbers("categories", &message.categories, |number| Category::from_number(number).is_some());
    let waiting_on = numbers("waiting_on", &message.waiting_on, |number| WaitingOn::from_number(number).is_some());
    let priorities: Vec<_> =
        message.priorities.iter().map(|number| i32::try_from(*number).unwrap_or(i32::MAX)).collect();
    let priorities = numbers("priorities", &priorities, |number| Priority::from_number(number).is_some());
    let holder = match (message.mine, message.unassigned, assignee) {
        (false, false, None) => None,
        (true, false, None) => Some(Holder::Me),
        (false, true, None) => Some(Holder::Nobody),
        (false, false, Some(person)) => Some(Holder::Person(person)),
        _ => {
            wrong.push(FieldViolation::new("assignee_id", say::holder_ambiguous()));
            None
        }
    };
    let due = match message.due {
        0 => None,
        1 => Some(Due::Late),
        2 => Some(Due::Today),
        _ => {
            wrong.push(FieldViolation::new("due", say::word_needed("due")));
            None
        }
    };
    let days = u16::try_from(message.older_than_days).ok().filter(|days| *days <= OLDEST_DAYS);
    if days.is_none() {
        wrong.push(FieldViolation::new("older_than_days", say::days_needed(OLDEST_DAYS)));
    }
    if owner.is_none() && school.is_some() {
        wrong.push(FieldViolation::new("municipality_id", say::word_needed("municipality_id")));
    }
    let filter = Filter {
        owner,
        school,
        states: page::collect(states, &mut wrong).unwrap_or_default(),
        waiting_on: page::collect(waiting_on, &mut wrong).unwrap_or_default(),
        categories: page::collect(categories, &mut wrong).unwrap_or_default(),
        priorities: page::collect(priorities, &mut wrong).unwrap_or_default(),
        holder,
        incident,
        due,
        older_than_days: days.filter(|days| *days > 0),
    };
    if wrong.is_empty() { Ok(filter) } else { Err(wrong) }
}

pub(super) fn order_of(request: v1::KeepTicketViewRequest) -> OwnResult<ViewOrder> {
    let mut wrong = Vec::new();
    let id = page::collect(parse_optional_uuid("view_id", &request.view_id), &mut wrong);
    match (id, filter_of(request.filter.unwrap_or_default())) {
        (Some(id), Ok(filter)) => Ok(ViewOrder { id, name: request.name, is_shared: request.is_shared, filter }),
        (_, filter) => Err(refused(wrong.into_iter().chain(filter.err().into_iter().flatten()).collect())),
    }
}

fn filter_message(filter: Filter) -> v1::TicketFilter {
    let numbers = |numbers: Vec<i16>| numbers.into_iter().map(i32::from).collect();
    let person = match filter.holder {
        Some(Holder::Person(person)) => Some(person),
        Some(Holder::Me | Holder::Nobody) | None => None,
    };
    v1::TicketFilter {
        municipality_id: text(filter.owner),
        school_id: text(filter.school),
        states: numbers(filter.states),
        categories: numbers(filter.categories),
        mine: filter.holder == Some(Holder::Me),
        unassigned: filter.holder == Some(Holder::Nobody),
        incident_id: text(filter.incident),
        priorities: filter.priorities.into_iter().map(|number| u32::from(number.unsigned_abs())).collect(),
        waiting_on: numbers(filter.waiting_on),
        assignee_id: text(person),
        due: match filter.due {
            None => 0,
            Some(Due::Late) => 1,
            Some(Due::Today) => 2,
        },
        older_than_days: filter.older_than_days.map_or(0, u32::from),
    }
}

pub(super) fn view_message(view: CountedView) -> v1::TicketView {
    let CountedView { id, name, is_shared, is_own, filter, count: shown } = view;
    v1::TicketView {
        view_id: id.to_string(),
        name,
        is_shared,
        is_own,
        filter: Some(filter_message(filter)),
        count: count(i64::try_from(shown).unwrap_or(i64::MAX)),
    }
}
