//! What can be taken back: the last thing that was done with a ticket, by whoever did it, while it is fresh.
//!
//! Invariant: a ticket after it is what it was before; only what was written stays written.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Category, EventKind, Impact, State, TicketId, Urgency, WaitingOn,
    life::{Life, Times},
};
use crate::{
    access::rules::StaffId,
    clock::Timestamp,
    error::{Error, Kind, Result, says::tickets as say},
};

/// How long something can be taken back.
const WITHIN_US: i64 = 15 * 60 * 1_000_000;

/// What a ticket was before something was done, as it is kept beside what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    state: i16,
    waiting_on: Option<i16>,
    assignee: Option<Uuid>,
    merged_into: Option<Uuid>,
    times: Times,
    category: i16,
    impact: i16,
    urgency: i16,
}

impl Before {
    /// Number of the category that it had.
    pub fn category(&self) -> i16 {
        self.category
    }

    /// Of a ticket as it is.
    pub fn of(life: &Life, (category, impact, urgency): (Category, Impact, Urgency)) -> Self {
        Self {
            state: life.state.to_number(),
            waiting_on: life.waiting_on.map(WaitingOn::to_number),
            assignee: life.assignee.map(|staff| staff.0),
            merged_into: life.merged_into.map(|into| into.0),
            times: life.times.clone(),
            category: category.to_number(),
            impact: impact.to_number(),
            urgency: urgency.to_number(),
        }
    }

    /// The life it had, and how it was judged; none if a word in it is not known any more.
    fn restored(self) -> Option<(Life, (Category, Impact, Urgency))> {
        let waiting_on = match self.waiting_on {
            Some(number) => Some(WaitingOn::from_number(number)?),
            None => None,
        };
        let life = Life {
            state: State::from_number(self.state)?,
            waiting_on,
            assignee: self.assignee.map(StaffId),
            merged_into: self.merged_into.map(TicketId),
            times: self.times,
        };
        let judged = (
            Category::from_number(self.category)?,
            Impact::from_number(self.impact)?,
            Urgency::from_number(self.urgency)?,
        );
        Some((life, judged))
    }
}

/// The last thing that was done with a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastDeed {
    /// What.
    pub kind: EventKind,
    /// Which person or token did it.
    pub by: Option<Uuid>,
    /// When.
    pub at: Timestamp,
    /// What the ticket was before.
    pub before: Option<Before>,
}

impl LastDeed {
    /// Takes it back.
    ///
    /// # Errors
    /// NOTHING_TO_UNDO: somebody else did it, it is too long ago, or it changed nothing but what is written.
    pub fn undone(self, by: Option<Uuid>, now: Timestamp) -> Result<(Life, (Category, Impact, Urgency))> {
        let is_own = by.is_some() && self.by == by;
        let is_fresh = now.0.saturating_sub(self.at.0) <= WITHIN_US;
        let before = self.before.filter(|_| is_own && is_fresh && self.kind.can_be_undone());
        let refused = || Error::new(Kind::Precondition, "NOTHING_TO_UNDO", say::nothing_to_undo());
        before.and_then(Before::restored).ok_or_else(refused)
    }
}

impl EventKind {
    /// Whether it changes where a ticket is. What was said is said, and what was taken back is done again by doing it again.
    pub fn can_be_undone(self) -> bool {
        match self {
            Self::Triaged
            | Self::Assigned
            | Self::Released
            | Self::Started
            | Self::Waiting
            | Self::Resumed
            | Self::Resolved
            | Self::Closed
            | Self::Reopened
            | Self::Merged
            | Self::Unmerged => true,
            Self::Created
            | Self::Replied
            | Self::Noted
            | Self::Answered
            | Self::Also
            | Self::Attached
            | Self::Recovered
            | Self::Relapsed
            | Self::Returned
            | Self::RightEnded
            | Self::Fixed
            | Self::Undone
            | Self::Swapped
            | Self::RepairStarted
            | Self::RepairChanged
            | Self::RepairEnded
            | Self::LossRecorded
            | Self::LossEnded
            | Self::CostRecorded
            | Self::AttachedFile
            | Self::RemovedFile => false,
        }
    }
}
