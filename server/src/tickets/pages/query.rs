//! The queue as its address has it: filters that are bookmarks and kept lists, and the way back from a filter to an address.

use uuid::Uuid;

use crate::{
    console::{Fields, FormState, address::Address, words::lists},
    error::{Error, FieldViolation},
    tickets::rules::{
        Category, Priority, State, WaitingOn,
        filter::{Due, Filter, Holder, OLDEST_DAYS},
    },
};

/// What the address of the queue knows.
pub(super) const KEYS: [&str; 12] = [
    "q",
    "municipality",
    "school",
    "state",
    "category",
    "priority",
    "holder",
    "due",
    "waiting",
    "older",
    "incident",
    "done",
];

/// The queue that a query asks for.
pub(super) fn address(fields: &Fields) -> Address {
    Address::read("/tickets", &KEYS, fields)
}

fn choice() -> crate::error::Both {
    lists::wrong_said("choice")
}

/// The filter of an address, without what is wrong in it, and what that is.
pub(super) fn read(address: &Address) -> (Filter, Vec<FieldViolation>) {
    let mut wrong = Vec::new();
    let mut id = |key: &'static str| match address.get(key) {
        "" => None,
        text => {
            let id = Uuid::try_parse(text).ok();
            if id.is_none() {
                wrong.push(FieldViolation::new(key, choice()));
            }
            id
        }
    };
    let (owner, school, incident) = (id("municipality"), id("school"), id("incident"));
    let mut numbers = |key: &'static str, known: &dyn Fn(i16) -> bool| {
        let read = |text: &str| text.parse().ok().filter(|number| known(*number));
        let numbers: Vec<Option<i16>> = address.all(key).map(read).collect();
        if numbers.contains(&None) {
            wrong.push(FieldViolation::new(key, choice()));
        }
        numbers.into_iter().flatten().collect::<Vec<_>>()
    };
    let states = numbers("state", &|number| State::from_number(number).is_some());
    let categories = numbers("category", &|number| Category::from_number(number).is_some());
    let priorities = numbers("priority", &|number| Priority::from_number(number).is_some());
    let waiting_on = numbers("waiting", &|number| WaitingOn::from_number(number).is_some());
    let holder = match address.get("holder") {
        "" => None,
        "me" => Some(Holder::Me),
        "nobody" => Some(Holder::Nobody),
        person => {
            let person = Uuid::try_parse(person).ok();
            if person.is_none() {
                wrong.push(FieldViolation::new("holder", choice()));
            }
            person.map(Holder::Person)
        }
    };
    let due = match address.get("due") {
        "" => None,
        "late" => Some(Due::Late),
        "today" => Some(Due::Today),
        _ => {
            wrong.push(FieldViolation::new("due", choice()));
            None
        }
    };
    let older_than_days = match address.get("older") {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| (1..=OLDEST_DAYS).contains(days));
            if days.is_none() {
                wrong.push(FieldViolation::new("older", crate::error::says::tickets::days_needed(OLDEST_DAYS)));
            }
            days
        }
    };
    let school = school.filter(|_| owner.is_some());
    let filter =
        Filter { owner, school, states, waiting_on, categories, priorities, holder, incident, due, older_than_days };
    (filter, wrong)
}

/// The address of a kept list.
pub(super) fn address_of(filter: &Filter) -> Address {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    let holder = filter.holder.map(|holder| match holder {
        Holder::Me => String::from("me"),
        Holder::Nobody => String::from("nobody"),
        Holder::Person(person) => person.to_string(),
    });
    let due = filter.due.map(|due| match due {
        Due::Late => String::from("late"),
        Due::Today => String::from("today"),
    });
    let single = [
        ("municipality", id(filter.owner)),
        ("school", id(filter.school)),
        ("incident", id(filter.incident)),
        ("holder", holder),
        ("due", due),
        ("older", filter.older_than_days.map(|days| days.to_string())),
    ];
    pairs.extend(single.into_iter().filter_map(|(key, value)| Some((key, value?))));
    let several = [
        ("state", &filter.states),
        ("category", &filter.categories),
        ("priority", &filter.priorities),
        ("waiting", &filter.waiting_on),
    ];
    for (key, numbers) in several {
        pairs.extend(numbers.iter().map(|number| (key, number.to_string())));
    }
    let query: Vec<_> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    address(&Fields::parse(query.join("&").as_bytes()))
}

/// The form of the filters, with what is wrong in it.
pub(super) fn form(address: &Address, wrong: Vec<FieldViolation>) -> FormState {
    let fields = Fields::of(address.pairs().iter().map(|(key, value)| (*key, value.clone())));
    if wrong.is_empty() {
        return FormState::filled(fields);
    }
    FormState::refused_here(fields, Error::invalid_fields("FIELD_INVALID", wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_filter_say_the_same() {
        let person = "01999999-0000-7000-8000-000000000001";
        for query in [
            "state=1&state=2&holder=me&due=late",
            "category=7&priority=1&waiting=2&waiting=3&older=5",
            &format!("municipality={person}&school={person}&holder={person}&incident={person}&due=today"),
        ] {
            let (filter, wrong) = read(&address(&Fields::parse(query.as_bytes())));
            assert!(wrong.is_empty() && filter != Filter::default(), "{query}: {wrong:?}");
            assert_eq!(read(&address_of(&filter)).0, filter, "{query}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_left_out() {
        let (filter, wrong) = read(&address(&Fields::parse(b"state=9&holder=x&due=soon&older=0&municipality=1")));
        assert_eq!(filter, Filter::default());
        let fields: Vec<_> = wrong.iter().map(|violation| violation.field.to_string()).collect();
        assert_eq!(fields, ["municipality", "state", "holder", "due", "older"]);
    }
}
