//! Where a ticket stands in the queue, and why.

use super::{
    Priority, State, WaitingOn,
    clock::{Allowance, Clock, Service, Standing},
    life::Life,
    promise::Promise,
};
use crate::{
    access::rules::days::moment_in_japan,
    clock::Timestamp,
    error::{Both, says::tickets as say},
};

/// Behind everything that is due: what waits for the caller, and what no school day comes for.
const BEHIND: i64 = 1 << 50;
const MINUTE_US: i64 = 60_000_000;

/// One of a ticket's two deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// How it stands.
    pub standing: Standing,
    /// Until when; none while it stands still.
    pub due: Option<Timestamp>,
}

/// What a ticket's deadlines are judged by.
pub struct Judge<'a> {
    /// When there is service.
    pub service: Service<'a>,
    /// What is promised.
    pub promise: &'a Promise,
    /// The ticket's priority.
    pub priority: Priority,
}

/// The smallest place in the queue of a ticket of which nothing is due before a moment. What is due is due at whole minutes.
pub fn key_before(at: Timestamp) -> i64 {
    let minutes = at.0.div_euclid(MINUTE_US) + i64::from(at.0.rem_euclid(MINUTE_US) > 0);
    minutes * 8
}

impl Judge<'_> {
    fn answer(&self) -> Allowance {
        Allowance::Minutes(self.promise.answer_within(self.priority))
    }

    fn restore(&self) -> Allowance {
        Allowance::SchoolDays(self.promise.restore_within(self.priority))
    }

    fn deadline(&self, clock: &Clock, allowance: Allowance, now: Timestamp) -> Option<Deadline> {
        let standing = clock.standing(&self.service, allowance, self.promise, now)?;
        Some(Deadline { standing, due: clock.due(&self.service, allowance) })
    }

    /// How the answer to the caller stands.
    pub fn response(&self, life: &Life, now: Timestamp) -> Option<Deadline> {
        self.deadline(&life.times.response, self.answer(), now)
    }

    /// How the end of the trouble stands.
    pub fn restoration(&self, life: &Life, now: Timestamp) -> Option<Deadline> {
        self.deadline(&life.times.restoration, self.restore(), now)
    }

    /// What is due next, and whether that is the answer.
    fn next_due(&self, life: &Life) -> Option<(Timestamp, bool)> {
        let running = |clock: &Clock, allowance| {
            if clock.ended().is_some() { None } else { clock.due(&self.service, allowance) }
        };
        let answer = running(&life.times.response, self.answer()).map(|due| (due, true));
        let restore = running(&life.times.restoration, self.restore()).map(|due| (due, false));
        [answer, restore].into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    /// The place in the queue: the smallest is to be done next. It names no present, so it can be stored: what is due sooner comes
    /// first, of one minute the higher priority, and last what waits for the caller. What is done stands in a list of its
    /// own, the last first.
    pub fn key(&self, life: &Life, changed_at: Timestamp) -> i64 {
        if life.is_done() {
            return -changed_at.0;
        }
        match self.next_due(life) {
            Some((due, _)) => (due.0 / MINUTE_US) * 8 + i64::from(self.priority.to_number()),
            None => BEHIND + changed_at.0 / MINUTE_US,
        }
    }

    /// Why it stands there.
    pub fn why(&self, life: &Life, now: Timestamp) -> Both {
        if life.merged_into.is_some() {
            return say::why_merged();
        }
        match (life.state, life.waiting_on) {
            (State::Resolved | State::Closed, _) => return life.state.label(),
            (State::Waiting, Some(WaitingOn::Caller)) => return say::why_caller(),
            _ => {}
        }
        let Some((due, is_answer)) = self.next_due(life) else { return say::why_no_day() };
        let at = moment_in_japan(due);
        let late = due < now;
        let why = match (is_answer, late) {
            (true, false) => say::why_answer(&at),
            (true, true) => say::why_answer_late(&at),
            (false, false) => say::why_restore(&at),
            (false, true) => say::why_restore_late(&at),
        };
        match life.waiting_on {
            Some(whom) => whom.label().then(&why),
            None => why,
        }
    }
}
