//! What figures are made of, pure.

use super::{clock::Standing, life::Life, queue::Judge};
use crate::{clock::Timestamp, error::Both};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
const MINUTE_US: i64 = 60_000_000;

/// Ages of open tickets: up to so many days, the last without an end.
pub const AGES: [i64; 4] = [1, 3, 7, 30];

/// What figures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Grouping {
    /// By municipality.
    Municipality = 1,
    /// By school, of one municipality.
    School = 2,
    /// By category.
    Category = 3,
    /// By the month in which tickets came in, in Japan.
    Month = 4,
}

impl Grouping {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Municipality, Self::School, Self::Category, Self::Month];

    /// The one of a number of the contract.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|one| *one as i16 == number)
    }

    /// What people call it.
    pub const fn label(self) -> Both {
        match self {
            Self::Municipality => Both::fixed("区市町村", "municipality"),
            Self::School => Both::fixed("学校", "school"),
            Self::Category => Both::fixed("種類", "category"),
            Self::Month => Both::fixed("月", "month"),
        }
    }
}

/// Promises that were kept, and those that were not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// In time.
    pub kept: u64,
    /// Too late, or still not done when it should have been.
    pub late: u64,
}

impl Kept {
    fn count(&mut self, standing: Option<Standing>) {
        match standing {
            Some(Standing::Kept) => self.kept += 1,
            Some(Standing::Breached) => self.late += 1,
            Some(Standing::Running | Standing::Warning | Standing::Paused) | None => {}
        }
    }

    /// The share that was kept in tenths of a percent, rounded down so that 1,000 means all; none where nothing was due.
    pub fn per_mille(self) -> Option<u64> {
        let whole = self.kept + self.late;
        (whole > 0).then(|| self.kept * 1_000 / whole)
    }
}

/// Times, of which the middle one and a late one are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Vec<u32>);

impl Times {
    fn add(&mut self, served_us: i64) {
        self.0.push(u32::try_from(served_us / MINUTE_US).unwrap_or(u32::MAX));
    }

    /// The time within which so many of a hundred were, in minutes of service: the smallest that is enough (nearest rank).
    pub fn percentile(&self, percent: usize) -> Option<u32> {
        let mut times = self.0.clone();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100);
        times.get(rank.checked_sub(1)?).copied()
    }
}

/// What is counted of some tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Came in within the period.
    pub came: u64,
    /// Of these, those that went into another one; they count nowhere else.
    pub merged: u64,
    /// Of these, those that came back after they were resolved, at least once.
    pub reopened: u64,
    /// How the promise to answer was kept.
    pub response: Kept,
    /// How the promise to end the trouble was kept.
    pub restoration: Kept,
    /// Minutes of service until the first answer.
    pub response_minutes: Times,
    /// Minutes of service until the trouble was over.
    pub restoration_minutes: Times,
    /// In the queue now, whenever they came in, by age: up to 1, 3, 7, 30 days, and older.
    pub open: [u64; 5],
}

impl Figures {
    /// Counts a ticket that came in within the period.
    pub fn count(&mut self, life: &Life, judge: &Judge<'_>, now: Timestamp) {
        self.came += 1;
        if life.merged_into.is_some() {
            self.merged += 1;
            return;
        }
        self.reopened += u64::from(life.times.reopened > 0);
        self.response.count(judge.response(life, now).map(|deadline| deadline.standing));
        self.restoration.count(judge.restoration(life, now).map(|deadline| deadline.standing));
        if let Some(served) = life.times.response.served(&judge.service) {
            self.response_minutes.add(served);
        }
        if let Some(served) = life.times.restoration.served(&judge.service) {
            self.restoration_minutes.add(served);
        }
    }

    /// Counts a ticket that is in the queue now.
    pub fn count_open(&mut self, created_at: Timestamp, now: Timestamp) {
        let days = (now.0 - created_at.0) / DAY_US;
        self.open[AGES.iter().position(|age| days < *age).unwrap_or(AGES.len())] += 1;
    }

    /// All that are in the queue now.
    pub fn open_all(&self) -> u64 {
        self.open.iter().sum()
    }

    /// The share of tickets that came back, of those that were over once, in tenths of a percent.
    pub fn reopened_per_mille(&self) -> Option<u64> {
        let ended = self.restoration_minutes.0.len() as u64;
        let whole = ended.max(self.reopened);
        (whole > 0).then(|| self.reopened * 1_000 / whole)
    }

    /// Adds other tickets.
    pub fn add(&mut self, other: &Self) {
        self.came += other.came;
        self.merged += other.merged;
        self.reopened += other.reopened;
        for (own, other) in [(&mut self.response, other.response), (&mut self.restoration, other.restoration)] {
            own.kept += other.kept;
            own.late += other.late;
        }
        self.response_minutes.0.extend(&other.response_minutes.0);
        self.restoration_minutes.0.extend(&other.restoration_minutes.0);
        for (own, other) in self.open.iter_mut().zip(other.open) {
            *own += other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = Times(vec![50, 10, 40, 20, 30]);
        assert_eq!(
            [0, 1, 20, 21, 50, 90, 100].map(|p| times.percentile(p)),
            [None, Some(10), Some(10), Some(20), Some(30), Some(50), Some(50)]
        );
        assert_eq!(Times::default().percentile(50), None);
    }

    #[test]
    fn shares_are_rounded_down_and_say_nothing_of_nothing() {
        assert_eq!(Kept::default().per_mille(), None);
        assert_eq!(Kept { kept: 1_999, late: 1 }.per_mille(), Some(999));
        assert_eq!(Kept { kept: 2, late: 0 }.per_mille(), Some(1_000));
    }

    #[test]
    fn open_tickets_are_counted_by_whole_days() {
        let mut figures = Figures::default();
        let now = Timestamp(100 * DAY_US);
        for age_us in [0, DAY_US - 1, DAY_US, 7 * DAY_US - 1, 7 * DAY_US, 30 * DAY_US] {
            figures.count_open(Timestamp(now.0 - age_us), now);
        }
        assert_eq!(figures.open, [2, 1, 1, 1, 1]);
    }
}
