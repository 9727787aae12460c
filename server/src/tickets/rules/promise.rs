//! What an owner's contract promises (SLA), and how impact and urgency make a priority. Data: a source, a date from which it
//! holds, and figures that change without a release.

use serde::{Deserialize, Serialize};

use super::{Impact, Priority, Urgency};
use crate::error::{Both, FieldViolation, says::tickets as say};

/// Longest promises: a school year of days, and as many minutes of service.
const DAYS_MOST: u32 = 200;
const MINUTES_MOST: u32 = 60 * 24 * 30;

/// What is promised from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Where it is written.
    pub source: String,
    /// From when to when there is service on school days, in minutes of the day in Japan.
    pub hours: [u16; 2],
    /// Within how many minutes of service the caller is answered, from the first priority to the fourth.
    pub answer_minutes: [u32; 4],
    /// Within how many school days (授業日) the trouble is over, from the first priority to the fourth; 0 on the same day.
    pub restore_days: [u32; 4],
    /// From which share of its time on a deadline warns, in percent.
    pub warn_percent: u8,
    /// Priorities by impact, from one person to several schools, and by urgency, from a lesson that stands still to some time.
    pub priorities: [[u8; 4]; 5],
    /// After how many minutes of service a ticket on which its holder did nothing goes back to the queue; 0 for never.
    #[serde(default = "return_minutes")]
    pub return_minutes: u32,
    /// After how many school days a ticket that is resolved, and to which nobody objected, is closed; 0 for never.
    #[serde(default = "close_days")]
    pub close_days: u32,
}

/// Ours, of November 2026: two days of service.
pub(in crate::tickets) fn return_minutes() -> u32 {
    1_020
}

/// Ours, of November 2026.
pub(in crate::tickets) fn close_days() -> u32 {
    3
}

impl Default for Promise {
    /// Ours, of November 2026, until an owner says its own: contracts that are published let work begin within a day and end
    /// within three school days (domain §6).
    fn default() -> Self {
        Self {
            source: String::from("gigafleet 既定値 2026-11"),
            hours: [8 * 60 + 30, 17 * 60],
            answer_minutes: [15, 60, 240, 510],
            restore_days: [0, 1, 3, 5],
            warn_percent: 75,
            priorities: [[3, 3, 4, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 1, 2, 3], [1, 1, 2, 3]],
            return_minutes: return_minutes(),
            close_days: close_days(),
        }
    }
}

impl Promise {
    /// Checks every figure against its limits.
    pub fn check(self) -> Result<Self, Vec<FieldViolation>> {
        let mut refused = Vec::new();
        let mut refuse = |wrong: bool, field: &'static str, message: Both| {
            if wrong {
                refused.push(FieldViolation::new(field, message));
            }
        };
        let sorted = |values: &[u32; 4]| values.is_sorted();
        let characters = self.source.chars().count();
        refuse(!(1..=200).contains(&characters), "source", say::promise_source());
        refuse(self.hours[0] >= self.hours[1] || self.hours[1] > 24 * 60, "hours", say::promise_hours());
        let minutes = self.answer_minutes;
        let wrong = !sorted(&minutes) || minutes[0] == 0 || minutes[3] > MINUTES_MOST;
        refuse(wrong, "answer_minutes", say::promise_minutes(MINUTES_MOST));
        let wrong = !sorted(&self.restore_days) || self.restore_days[3] > DAYS_MOST;
        refuse(wrong, "restore_days", say::promise_days(DAYS_MOST));
        refuse(!(1..=99).contains(&self.warn_percent), "warn_percent", say::promise_warning());
        refuse(self.return_minutes > MINUTES_MOST, "return_minutes", say::promise_most(MINUTES_MOST));
        refuse(self.close_days > DAYS_MOST, "close_days", say::promise_most(DAYS_MOST));
        let known = |priority: &u8| (1..=4).contains(priority);
        refuse(!self.priorities.iter().flatten().all(known), "priorities", say::promise_priorities());
        if refused.is_empty() { Ok(self) } else { Err(refused) }
    }

    /// The priority of a trouble.
    pub fn priority(&self, impact: Impact, urgency: Urgency) -> Priority {
        let row = self.priorities[usize::from(impact.to_number().unsigned_abs()) - 1];
        let number = row[usize::from(urgency.to_number().unsigned_abs()) - 1];
        Priority::from_number(number.into()).unwrap_or(Priority::P4)
    }

    /// Why a trouble has its priority.
    pub fn reason(&self, impact: Impact, urgency: Urgency) -> Both {
        let (impact_says, urgency_says, priority) = (impact.label(), urgency.label(), self.priority(impact, urgency));
        Both {
            ja: format!("{} × {} → {}", impact_says.ja, urgency_says.ja, priority.label().ja).into(),
            en: format!("{} × {} → {}", impact_says.en, urgency_says.en, priority.label().en).into(),
        }
    }

    /// Minutes of service within which the caller is answered.
    pub fn answer_within(&self, priority: Priority) -> u32 {
        self.answer_minutes[usize::from(priority.to_number().unsigned_abs()) - 1]
    }

    /// School days within which the trouble is over.
    pub fn restore_within(&self, priority: Priority) -> u32 {
        self.restore_days[usize::from(priority.to_number().unsigned_abs()) - 1]
    }
}
