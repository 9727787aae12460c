//! The rules of tickets: examples over the Japanese school year, and properties of any order of verbs and any calendar.

mod clocks;
mod lives;

use std::collections::BTreeSet;

use time::{Date, Duration, Month, Weekday};

use super::{clock::Service, promise::Promise};
use crate::{access::rules::days::midnight_in_japan, clock::Timestamp};

/// A day of the fiscal year 2026 and around.
fn day(year: i32, month: u8, day: u8) -> Date {
    Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap()
}

fn at(date: Date, hour: i64, minute: i64) -> Timestamp {
    Timestamp(midnight_in_japan(date).0 + (hour * 60 + minute) * 60_000_000)
}

/// Weekdays but for the days of vacation and holidays.
fn school_days(free: &[(Date, Date)], extra: &[Date]) -> BTreeSet<Date> {
    let first = day(2026, 4, 1);
    let all = (0..800).map(|number| first + Duration::days(number));
    let is_free = |date: &Date| free.iter().any(|(from, to)| from <= date && date <= to);
    let is_weekend = |date: &Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    all.filter(|date| extra.contains(date) || !(is_weekend(date) || is_free(date))).collect()
}

/// Runs something in the service hours of a calendar.
fn in_service<T>(days: &BTreeSet<Date>, run: impl FnOnce(&Service<'_>) -> T) -> T {
    let is_school_day = |date: Date| days.contains(&date);
    run(&Service { is_school_day: &is_school_day, hours: Promise::default().hours })
}
