//! Clocks that run in the service hours of school days (授業日) only.
//!
//! Invariant: a clock keeps moments, never a due time. What is due follows from the calendar as it is when it is asked for, so
//! that a day off which is entered afterwards moves what is due, and nothing has to be corrected.

use serde::{Deserialize, Serialize};
use time::{Date, Duration};

use super::promise::Promise;
use crate::{
    access::rules::days::{day_in_japan, midnight_in_japan},
    clock::Timestamp,
};

/// Days ahead in which a school day must come, or nothing is due.
const DAYS_AHEAD: usize = 400;
/// Pauses that a clock keeps; behind the last it runs on.
const PAUSES_MOST: usize = 64;
const MINUTE_US: i64 = 60_000_000;

/// When there is service: on which days, and from when to when.
pub struct Service<'a> {
    /// Whether a day is a school day.
    pub is_school_day: &'a dyn Fn(Date) -> bool,
    /// Minutes of the day in Japan.
    pub hours: [u16; 2],
}

/// A moment of a day in Japan.
fn moment(day: Date, minute: u16) -> i64 {
    midnight_in_japan(day).0 + i64::from(minute) * MINUTE_US
}

impl Service<'_> {
    /// Times of service from a moment on, by day.
    fn spans(&self, from: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = day_in_japan(from);
        let days = (0..DAYS_AHEAD as i64).map_while(move |day| first.checked_add(Duration::days(day)));
        let open = days.filter(|day| (self.is_school_day)(*day));
        open.map(|day| (moment(day, self.hours[0]), moment(day, self.hours[1])))
            .filter(move |(_, end)| *end > from)
            .map(move |(begin, end)| (begin.max(from), end))
    }

    /// The moment after so much service from a moment on.
    pub fn after(&self, from: Timestamp, service_us: i64) -> Option<Timestamp> {
        let mut left = service_us;
        for (begin, end) in self.spans(from.0) {
            if left <= end - begin {
                return Some(Timestamp(begin + left));
            }
            left -= end - begin;
        }
        None
    }

    /// The end of service of the school day that is so many behind the one on which something came in. What comes in after
    /// hours came in on the next school day.
    pub fn end_of_day(&self, from: Timestamp, days: u32) -> Option<Timestamp> {
        self.spans(from.0).nth(days as usize).map(|(_, end)| Timestamp(end))
    }

    /// How much service there is between two moments, in microseconds.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.spans(from.0).take_while(|(begin, _)| *begin < to.0).map(|(begin, end)| end.min(to.0) - begin).sum()
    }
}

/// What a clock is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Minutes of service.
    Minutes(u32),
    /// School days, to the end of service.
    SchoolDays(u32),
}

/// How a deadline stands. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Standing {
    /// There is time.
    Running = 1,
    /// Little time is left.
    Warning = 2,
    /// Too late.
    Breached = 3,
    /// Done in time.
    Kept = 4,
    /// It stands still.
    Paused = 5,
}

/// One clock of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    began: i64,
    /// From when to when it stood still.
    pauses: Vec<[i64; 2]>,
    /// Since when it stands still.
    paused: Option<i64>,
    ended: Option<i64>,
}

impl Clock {
    /// Begins to run.
    pub fn begin(now: Timestamp) -> Self {
        Self { began: now.0, pauses: Vec::new(), paused: None, ended: None }
    }

    /// Stands still. A clock that does so already, or has ended, or did so too often, stays as it is.
    pub fn pause(&mut self, now: Timestamp) {
        if self.ended.is_none() && self.paused.is_none() && self.pauses.len() < PAUSES_MOST {
            self.paused = Some(now.0.max(self.began));
        }
    }

    /// Runs on.
    pub fn resume(&mut self, now: Timestamp) {
        if let Some(since) = self.paused.take() {
            self.pauses.push([since, now.0.max(since)]);
        }
    }

    /// Ends, if it has not.
    pub fn end(&mut self, now: Timestamp) {
        if self.ended.is_none() {
            self.resume(now);
            self.ended = Some(now.0);
        }
    }

    /// Runs again where it stood: the time between was nobody's.
    pub fn run_again(&mut self, now: Timestamp) {
        if let Some(ended) = self.ended.take() {
            self.pauses.push([ended, now.0.max(ended)]);
        }
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.ended.map(Timestamp)
    }

    /// How much service it ran until it ended, in microseconds; none while it runs.
    pub fn served(&self, service: &Service<'_>) -> Option<i64> {
        let ended = self.ended()?;
        let stood = self.pauses.iter().map(|[from, to]| service.between(Timestamp(*from), Timestamp(*to)));
        Some((service.between(Timestamp(self.began), ended) - stood.sum::<i64>()).max(0))
    }

    /// Until when, were it to run on from now or from when it ended; none if no school day comes.
    fn due_if_running(&self, service: &Service<'_>, allowance: Allowance) -> Option<Timestamp> {
        let began = Timestamp(self.began);
        let due = match allowance {
            Allowance::Minutes(minutes) => service.after(began, i64::from(minutes) * MINUTE_US),
            Allowance::SchoolDays(days) => service.end_of_day(began, days),
        }?;
        let stood = |[from, to]: &[i64; 2]| service.between(Timestamp(*from), Timestamp(*to));
        match self.pauses.iter().map(stood).sum() {
            0 => Some(due),
            stood => service.after(due, stood),
        }
    }

    /// Until when; none while it stands still, or if no school day comes.
    pub fn due(&self, service: &Service<'_>, allowance: Allowance) -> Option<Timestamp> {
        self.due_if_running(service, allowance).filter(|_| self.paused.is_none())
    }

    /// How it stands now.
    pub fn standing(
        &self,
        service: &Service<'_>,
        allowance: Allowance,
        promise: &Promise,
        now: Timestamp,
    ) -> Option<Standing> {
        let due = self.due_if_running(service, allowance)?;
        let at = self.ended.or(self.paused).map_or(now, Timestamp);
        if at > due {
            return Some(Standing::Breached);
        }
        if self.ended.is_some() || self.paused.is_some() {
            return Some(if self.ended.is_some() { Standing::Kept } else { Standing::Paused });
        }
        let began = Timestamp(self.began);
        let whole = service.between(began, due).max(1);
        let left = service.between(now, due);
        let is_late = (whole - left) * 100 >= whole * i64::from(promise.warn_percent);
        Some(if is_late { Standing::Warning } else { Standing::Running })
    }
}
