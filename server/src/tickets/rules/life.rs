//! The life of a ticket: what can be done with it in which state, and what that changes.
//!
//! Invariants: a verb that is refused changes nothing; a ticket that went into another keeps all it was, and comes back as it
//! was; times that were noted are never lost.

use serde::{Deserialize, Serialize};

use super::{EventKind, State, TicketId, WaitingOn, clock::Clock};
use crate::{
    access::rules::StaffId,
    clock::Timestamp,
    error::{Error, Kind, Result, says::tickets as say},
};

/// Where a ticket is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The state.
    pub state: State,
    /// Whom it waits for, where it waits.
    pub waiting_on: Option<WaitingOn>,
    /// Who works on it.
    pub assignee: Option<StaffId>,
    /// The ticket it went into.
    pub merged_into: Option<TicketId>,
    /// Its times and clocks.
    pub times: Times,
}

/// Times and clocks of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Runs until the caller is first answered.
    pub response: Clock,
    /// Runs until the trouble is over.
    pub restoration: Clock,
    /// When it was done.
    pub closed_at: Option<i64>,
    /// How often it came back.
    pub reopened: u32,
}

/// What is done with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Category, impact and urgency are judged.
    Triage,
    /// Somebody takes it.
    Take(StaffId),
    /// Somebody gets it.
    Assign(StaffId),
    /// It goes back to the queue.
    Release,
    /// Somebody begins the work.
    Start(StaffId),
    /// It waits.
    Wait(WaitingOn),
    /// It waits no longer.
    Resume,
    /// The caller is answered.
    Reply,
    /// Something is written among staff.
    Note,
    /// The caller says something.
    Answer,
    /// Somebody else has the same: nobody answered what the caller was asked.
    Also,
    /// The trouble is over.
    Resolve,
    /// Whoever reported it says that it works again.
    Fixed,
    /// It belongs to an incident.
    Attach,
    /// Its incident is over.
    Recover,
    /// Its incident came back.
    Relapse,
    /// It goes back to the queue by itself.
    Return(Return),
    /// It is done.
    Close,
    /// It came back.
    Reopen,
    /// It goes into another ticket.
    Merge(TicketId),
    /// It comes out of it again.
    Unmerge,
}

/// Why a ticket goes back to the queue by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Its holder did nothing with it.
    Untouched,
    /// Its holder may not work there any more.
    RightEnded,
}

/// It can not be done with a ticket that is so.
pub(in crate::tickets) fn refused<T>(reason: &'static str, message: impl Into<crate::error::Both>) -> Result<T> {
    Err(Error::new(Kind::Precondition, reason, message))
}

impl Life {
    /// The life of a ticket that comes in.
    pub fn begin(now: Timestamp) -> Self {
        let clock = Clock::begin(now);
        let times = Times { response: clock.clone(), restoration: clock, closed_at: None, reopened: 0 };
        Self { state: State::New, waiting_on: None, assignee: None, merged_into: None, times }
    }

    /// Whether it is in no queue.
    pub fn is_done(&self) -> bool {
        self.merged_into.is_some() || matches!(self.state, State::Resolved | State::Closed)
    }

    /// The state of one that is worked on, or waits to be.
    fn open_state(&self) -> State {
        if self.assignee.is_some() { State::InProgress } else { State::Triaged }
    }

    /// Whether something can begin on it.
    ///
    /// # Errors
    /// TICKET_MERGED, TICKET_RESOLVED, TICKET_CLOSED.
    pub fn require_here_and_open(&self) -> Result<()> {
        if self.merged_into.is_some() {
            return refused("TICKET_MERGED", say::is_merged());
        }
        self.require_open()
    }

    fn require_open(&self) -> Result<()> {
        match self.state {
            State::Resolved => refused("TICKET_RESOLVED", say::is_resolved()),
            State::Closed => refused("TICKET_CLOSED", say::is_closed()),
            State::New | State::Triaged | State::InProgress | State::Waiting => Ok(()),
        }
    }

    fn take(&mut self, by: StaffId) -> Result<EventKind> {
        self.require_open()?;
        match self.assignee {
            Some(holder) if holder != by => return refused("ALREADY_TAKEN", say::already_taken()),
            Some(_) | None => self.assignee = Some(by),
        }
        if self.state != State::Waiting {
            self.state = State::InProgress;
        }
        Ok(EventKind::Assigned)
    }

    fn release(&mut self) -> Result<()> {
        self.require_open()?;
        if self.assignee.take().is_none() {
            return refused("NOT_TAKEN", say::not_taken());
        }
        if self.state == State::InProgress {
            self.state = State::Triaged;
        }
        Ok(())
    }

    fn go_on(&mut self, now: Timestamp) {
        self.times.response.resume(now);
        self.times.restoration.resume(now);
        self.waiting_on = None;
        self.state = self.open_state();
    }

    fn reopen(&mut self, now: Timestamp) {
        self.times.restoration.run_again(now);
        self.times.closed_at = None;
        self.times.reopened = self.times.reopened.saturating_add(1);
        self.state = self.open_state();
    }

    /// Does it, and says what happened. Nothing happened where somebody takes what is theirs.
    ///
    /// # Errors
    /// TICKET_MERGED, TICKET_CLOSED, TICKET_RESOLVED, NOT_RESOLVED, NOT_WAITING, ALREADY_TAKEN, NOT_TAKEN, NOT_MERGED.
    pub fn apply(&self, verb: Verb, now: Timestamp) -> Result<(Self, Option<EventKind>)> {
        let mut life = self.clone();
        if life.merged_into.is_some() && !matches!(verb, Verb::Unmerge | Verb::Note) {
            return refused("TICKET_MERGED", say::is_merged());
        }
        let happened = match verb {
            Verb::Triage => {
                life.require_open()?;
                if life.state == State::New {
                    life.state = State::Triaged;
                }
                EventKind::Triaged
            }
            Verb::Take(by) => life.take(by)?,
            Verb::Assign(to) => {
                life.require_open()?;
                life.assignee = Some(to);
                if life.state == State::New {
                    life.state = State::Triaged;
                }
                EventKind::Assigned
            }
            Verb::Release => {
                life.release()?;
                EventKind::Released
            }
            Verb::Return(why) => {
                life.release()?;
                match why {
                    Return::Untouched => EventKind::Returned,
                    Return::RightEnded => EventKind::RightEnded,
                }
            }
            Verb::Start(by) => {
                life.take(by)?;
                if life.state == State::Waiting {
                    life.go_on(now);
                }
                EventKind::Started
            }
            Verb::Wait(whom) => {
                life.require_open()?;
                life.times.response.resume(now);
                life.times.restoration.resume(now);
                if whom == WaitingOn::Caller {
                    // Who is asked something has been answered.
                    life.times.response.end(now);
                    life.times.restoration.pause(now);
                }
                life.state = State::Waiting;
                life.waiting_on = Some(whom);
                EventKind::Waiting
            }
            Verb::Resume => {
                life.require_open()?;
                if life.state != State::Waiting {
                    return refused("NOT_WAITING", say::not_waiting());
                }
                life.go_on(now);
                EventKind::Resumed
            }
            Verb::Reply => {
                if life.state == State::Closed {
                    return refused("TICKET_CLOSED", say::is_closed());
                }
                life.times.response.end(now);
                EventKind::Replied
            }
            Verb::Note => EventKind::Noted,
            Verb::Answer => {
                match (life.state, life.waiting_on) {
                    (State::Closed, _) => return refused("TICKET_CLOSED", say::is_closed()),
                    (State::Resolved, _) => life.reopen(now),
                    (State::Waiting, Some(WaitingOn::Caller)) => life.go_on(now),
                    _ => {}
                }
                EventKind::Answered
            }
            Verb::Also => {
                life.require_open()?;
                EventKind::Also
            }
            Verb::Attach => {
                life.require_open()?;
                EventKind::Attached
            }
            Verb::Resolve | Verb::Fixed | Verb::Recover => {
                life.require_open()?;
                life.times.response.end(now);
                life.times.restoration.end(now);
                life.waiting_on = None;
                life.state = State::Resolved;
                match verb {
                    Verb::Fixed => EventKind::Fixed,
                    Verb::Recover => EventKind::Recovered,
                    _ => EventKind::Resolved,
                }
            }
            Verb::Close => {
                match life.state {
                    State::Resolved => {}
                    State::Closed => return refused("TICKET_CLOSED", say::is_closed()),
                    _ => return refused("NOT_RESOLVED", say::not_resolved()),
                }
                life.times.closed_at = Some(now.0);
                life.state = State::Closed;
                EventKind::Closed
            }
            Verb::Reopen | Verb::Relapse => {
                if !matches!(life.state, State::Resolved | State::Closed) {
                    return refused("NOT_RESOLVED", say::not_resolved());
                }
                life.reopen(now);
                if verb == Verb::Relapse { EventKind::Relapsed } else { EventKind::Reopened }
            }
            Verb::Merge(into) => {
                life.merged_into = Some(into);
                EventKind::Merged
            }
            Verb::Unmerge => {
                if life.merged_into.take().is_none() {
                    return refused("NOT_MERGED", say::not_merged());
                }
                EventKind::Unmerged
            }
        };
        let is_news = !(matches!(verb, Verb::Take(_)) && life == *self);
        Ok((life, is_news.then_some(happened)))
    }
}
