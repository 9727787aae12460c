//! What the devices of a school or an owner do, in figures, one word and one chart.

use gigafleet_proto::v1;

use crate::{
    clock::Timestamp,
    console::{
        Shell,
        charts::{Figure, Tone, shares},
    },
    overview::service::OwnerFigures,
};

/// Hours of a school day, in Japan, in which devices are expected to report.
const HOURS: std::ops::Range<u8> = 8..16;

/// Figures of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// Schools of it.
    pub schools: u64,
    /// Devices in the registry.
    pub registered: u64,
    /// Devices whose agent enrolled, so that they can report.
    pub tracked: u64,
    /// Those of them that report.
    pub reporting: u64,
    /// Those of them with little free storage.
    pub storage_low: u64,
    /// The newest report.
    pub last: Option<Timestamp>,
    /// When it was counted; none before the first time.
    pub counted: Option<Timestamp>,
}

impl Health {
    /// Figures of one school, without its registry.
    pub fn of_school(school: &v1::School) -> Self {
        let moment = |time: prost_types::Timestamp| Timestamp(time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000);
        Self {
            schools: u64::from(school.close_time.is_none()),
            registered: 0,
            tracked: u64::from(school.device_count),
            reporting: u64::from(school.reporting_count),
            storage_low: u64::from(school.storage_low_count),
            last: school.last_checkin_time.map(moment),
            counted: school.count_time.map(moment),
        }
    }

    /// Figures of one owner, without its registry.
    pub fn of_owner(owner: &OwnerFigures) -> Self {
        Self {
            schools: owner.school_count,
            registered: 0,
            tracked: owner.device_count,
            reporting: owner.reporting_count,
            storage_low: owner.storage_low_count,
            last: owner.last_checkin_at,
            counted: owner.counted_at,
        }
    }

    /// Adds another place. The sum is as old as its oldest part.
    pub fn add(&mut self, other: &Self) {
        self.schools += other.schools;
        self.registered += other.registered;
        self.tracked += other.tracked;
        self.reporting += other.reporting;
        self.storage_low += other.storage_low;
        self.last = self.last.max(other.last);
        self.counted = match (self.counted, other.counted) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// Those that could report and do not.
    pub fn silent(&self) -> u64 {
        self.tracked.saturating_sub(self.reporting)
    }

    /// What of it is a matter for somebody. At night and on holidays silence is none.
    pub fn tone(&self, expected: bool) -> &'static str {
        let silent = self.reporting * 10 < self.tracked * 9;
        match (self.tracked, self.reporting) {
            (0, _) => "quiet",
            _ if silent && !expected => "quiet",
            (_, 0) => "bad",
            _ if silent => "warning",
            _ if self.storage_low > 0 && self.storage_low * 10 >= self.tracked => "warning",
            _ => "good",
        }
    }

    /// The same in a word.
    pub fn state(&self, shell: &Shell, expected: bool) -> &'static str {
        let w = &shell.w;
        match (self.tone(expected), self.tracked, self.reporting) {
            ("bad", ..) => w.shell.state_off,
            ("warning", ..) => w.shell.state_warning,
            ("good", ..) => w.shell.state_ok,
            (_, 0, _) => w.schools.no_agents,
            _ => w.schools.resting,
        }
    }

    /// Trouble first.
    pub fn rank(&self, expected: bool) -> u8 {
        match self.tone(expected) {
            "bad" => 0,
            "warning" => 1,
            "good" => 2,
            _ if self.tracked > 0 => 3,
            _ => 4,
        }
    }

    /// A chart of what reports; none where nothing could.
    pub fn chart(&self, shell: &Shell) -> Option<String> {
        let w = &shell.w.schools;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let figures = [
            Figure::new(w.reporting, number(self.reporting), Tone::Good),
            Figure::new(w.silent, number(self.silent()), Tone::Warning),
        ];
        (self.tracked > 0).then(|| shares(shell.language, w.chart_reports, &figures))
    }

    /// What a page of it says, to the minute, so that it is read again when that changes.
    pub fn mark(&self) -> (u64, u64, u64, u64, i64) {
        (self.registered, self.tracked, self.reporting, self.storage_low, self.last.map_or(0, |at| at.0 / 60_000_000))
    }
}

/// Whether devices are expected to report: in the hours of a school day.
pub(super) fn expected(is_school_day: bool, now: Timestamp) -> bool {
    const HOUR: i64 = 3_600 * 1_000_000;
    let hour = u8::try_from((now.0 + 9 * HOUR).rem_euclid(24 * HOUR) / HOUR).unwrap_or_default();
    is_school_day && HOURS.contains(&hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(tracked: u64, reporting: u64, storage_low: u64) -> Health {
        Health { tracked, reporting, storage_low, ..Health::default() }
    }

    #[test]
    fn tone_is_that_of_the_worst_and_silence_is_no_fault_out_of_hours() {
        let tone = |health: Health| (health.tone(true), health.tone(false));
        assert_eq!(tone(health(0, 0, 0)), ("quiet", "quiet"));
        assert_eq!(tone(health(10, 0, 0)), ("bad", "quiet"));
        assert_eq!(tone(health(10, 8, 0)), ("warning", "quiet"));
        assert_eq!(tone(health(10, 9, 0)), ("good", "good"));
        assert_eq!(tone(health(100, 100, 9)), ("good", "good"), "a few that are full are usual");
        assert_eq!(tone(health(100, 100, 10)), ("warning", "warning"));
    }

    #[test]
    fn trouble_comes_first_and_places_without_devices_last() {
        let ranks = [health(5, 0, 0), health(10, 5, 0), health(5, 5, 0), health(0, 0, 0)].map(|h| h.rank(true));
        assert_eq!(ranks, [0, 1, 2, 4]);
        assert_eq!(health(5, 0, 0).rank(false), 3);
    }

    #[test]
    fn places_add_up_as_old_as_their_oldest_part_and_a_closed_school_is_none() {
        let school = |devices, reporting| v1::School {
            device_count: devices,
            reporting_count: reporting,
            ..v1::School::default()
        };
        let counted = |at| Some(prost_types::Timestamp { seconds: at, nanos: 0 });
        let mut health = Health::of_school(&v1::School { count_time: counted(9), ..school(10, 7) });
        let closed = v1::School { close_time: counted(1), count_time: counted(7), ..school(2, 0) };
        health.add(&Health::of_school(&closed));
        health.add(&Health::default());
        assert_eq!((health.schools, health.tracked, health.silent()), (1, 12, 5));
        assert_eq!(health.counted, Some(Timestamp(7_000_000)));
    }

    #[test]
    fn reports_are_expected_in_the_hours_of_a_school_day() {
        // 08:40 on a Monday in Japan.
        let morning = Timestamp(1_795_390_812_000_000);
        let evening = Timestamp(morning.0 + 10 * 3_600 * 1_000_000);
        assert!(expected(true, morning) && !expected(false, morning) && !expected(true, evening));
    }
}
