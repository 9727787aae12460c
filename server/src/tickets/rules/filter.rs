//! Which tickets of the queue somebody wants to see, and the few figures of a ticket by which that is decided.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Category, Priority, State, WaitingOn, queue};
use crate::{
    access::rules::{
        StaffId,
        days::{day_in_japan, midnight_in_japan},
    },
    clock::Timestamp,
};

/// Who works on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Whoever looks.
    Me,
    /// Nobody.
    Nobody,
    /// This person.
    Person(Uuid),
}

/// How soon something of a ticket is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// It was to be done before now.
    Late,
    /// It is to be done by the end of today in Japan, or was before.
    Today,
}

impl Due {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Late, Self::Today];

    /// The moment before which something is due.
    fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Late => now,
            Self::Today => day_in_japan(now.0).next_day().map_or(now, midnight_in_japan),
        }
    }
}

/// The oldest tickets that a filter asks for came in so many days ago.
pub const OLDEST_DAYS: u16 = 3_650;

/// Which tickets of the queue a list or a view shows. What is empty or none holds for all. As JSON it is what is kept of a view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Of this owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Uuid>,
    /// Of this school.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<Uuid>,
    /// In one of these states, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<i16>,
    /// Waiting for one of these, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting_on: Vec<i16>,
    /// Of one of these categories, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<i16>,
    /// Of one of these priorities, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<i16>,
    /// Worked on by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Of this incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<Uuid>,
    /// Due so soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// That came in at least so many days ago, 1 to 3,650.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than_days: Option<u16>,
}

/// What decides of a ticket in the queue whether it is in a view, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Where it stands.
    pub queue_key: i64,
    /// Its id.
    pub ticket: Uuid,
    /// Its school.
    pub school: Option<Uuid>,
    /// Who works on it.
    pub assignee: Option<Uuid>,
    /// Its incident.
    pub incident: Option<Uuid>,
    /// When it came in.
    pub created_at: i64,
    /// Number of the state.
    pub state: i16,
    /// Number of whom it waits for.
    pub waiting_on: Option<i16>,
    /// Number of the category.
    pub category: i16,
    /// 1 the highest.
    pub priority: i16,
}

fn is_among(numbers: &[i16], number: i16) -> bool {
    numbers.is_empty() || numbers.contains(&number)
}

/// A filter with who looks and when.
#[derive(Debug, Clone, Copy)]
pub struct Looking<'a> {
    filter: &'a Filter,
    me: Option<StaffId>,
    due_before: i64,
    created_until: i64,
}

impl Filter {
    /// With who looks, and when.
    pub fn looking(&self, me: Option<StaffId>, now: Timestamp) -> Looking<'_> {
        const DAY_US: i64 = 86_400_000_000;
        let created = |days: u16| now.0.saturating_sub(i64::from(days).saturating_mul(DAY_US));
        Looking {
            filter: self,
            me,
            due_before: self.due.map_or(i64::MAX, |due| queue::key_before(due.before(now))),
            created_until: self.older_than_days.map_or(i64::MAX, created),
        }
    }

    /// Whether all numbers are of words that exist, and the rest is within its bounds: one that was kept by another version of
    /// the product may not be.
    pub fn is_known(&self) -> bool {
        self.states.iter().all(|number| State::from_number(*number).is_some())
            && self.waiting_on.iter().all(|number| WaitingOn::from_number(*number).is_some())
            && self.categories.iter().all(|number| Category::from_number(*number).is_some())
            && self.priorities.iter().all(|number| Priority::from_number(*number).is_some())
            && self.older_than_days.is_none_or(|days| (1..=OLDEST_DAYS).contains(&days))
            && (self.school.is_none() || self.owner.is_some())
    }
}

impl Looking<'_> {
    /// Only what came in at this moment or before is shown.
    pub fn created_until(&self) -> i64 {
        self.created_until
    }

    /// Whether a ticket of an owner that is looked at is shown.
    pub fn shows(&self, ticket: &Listed) -> bool {
        let filter = self.filter;
        let held = match filter.holder {
            None => true,
            Some(Holder::Nobody) => ticket.assignee.is_none(),
            Some(Holder::Me) => ticket.assignee.is_some() && ticket.assignee == self.me.map(|me| me.0),
            Some(Holder::Person(person)) => ticket.assignee == Some(person),
        };
        held && ticket.queue_key < self.due_before
            && ticket.created_at <= self.created_until
            && filter.school.is_none_or(|school| ticket.school == Some(school))
            && filter.incident.is_none_or(|incident| ticket.incident == Some(incident))
            && is_among(&filter.states, ticket.state)
            && is_among(&filter.categories, ticket.category)
            && is_among(&filter.priorities, ticket.priority)
            && (filter.waiting_on.is_empty() || ticket.waiting_on.is_some_and(|whom| filter.waiting_on.contains(&whom)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;
    // 08:40 in Japan on 26 November 2026, a Thursday.
    const NOW: Timestamp = Timestamp(1_795_650_000_000_000);

    fn listed(due_in_minutes: i64) -> Listed {
        Listed {
            queue_key: ((NOW.0 / MINUTE) + due_in_minutes) * 8 + 3,
            ticket: Uuid::from_u128(1),
            school: Some(Uuid::from_u128(2)),
            assignee: None,
            incident: None,
            created_at: NOW.0,
            state: State::New.to_number(),
            waiting_on: None,
            category: Category::Wifi.to_number(),
            priority: 3,
        }
    }

    fn shows(filter: &Filter, ticket: &Listed) -> bool {
        filter.looking(Some(StaffId(Uuid::from_u128(9))), NOW).shows(ticket)
    }

    #[test]
    fn late_is_what_was_due_before_now_and_today_what_is_due_before_midnight() {
        let late = Filter { due: Some(Due::Late), ..Filter::default() };
        let today = Filter { due: Some(Due::Today), ..Filter::default() };
        assert!(shows(&late, &listed(-1)) && shows(&today, &listed(-1)));
        assert!(!shows(&late, &listed(1)) && shows(&today, &listed(1)));
        assert!(!shows(&today, &listed(24 * 60)));
    }

    #[test]
    fn holder_is_nobody_me_or_somebody() {
        let of = |holder| Filter { holder: Some(holder), ..Filter::default() };
        let mine = Listed { assignee: Some(Uuid::from_u128(9)), ..listed(0) };
        let (me, nobody, other) = (of(Holder::Me), of(Holder::Nobody), of(Holder::Person(Uuid::from_u128(8))));
        assert_eq!([&me, &nobody, &other].map(|filter| shows(filter, &mine)), [true, false, false]);
        assert_eq!([&me, &nobody, &other].map(|filter| shows(filter, &listed(0))), [false, true, false]);
        // A program of the installation is nobody's.
        assert!(!me.looking(None, NOW).shows(&listed(0)));
    }

    #[test]
    fn filter_is_kept_as_json_and_refuses_what_it_does_not_know() {
        let filter = Filter { states: vec![1, 2], holder: Some(Holder::Me), due: Some(Due::Late), ..Filter::default() };
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(text, r#"{"states":[1,2],"holder":"me","due":"late"}"#);
        assert_eq!(serde_json::from_str::<Filter>(&text).unwrap(), filter);
        assert!(serde_json::from_str::<Filter>(r#"{"colour":"red"}"#).is_err());
        assert!(!Filter { states: vec![7], ..Filter::default() }.is_known());
        assert!(!Filter { school: Some(Uuid::nil()), ..Filter::default() }.is_known(), "a school needs its owner");
    }
}
