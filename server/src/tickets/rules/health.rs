//! From which figures on a device is a case for somebody. Data of each owner: with sources, and changed without a release.

use serde::{Deserialize, Serialize};
use time::Date;

use super::{Category, Urgency, words};
use crate::{
    access::rules::days::parse_date,
    devices::rules::fields::OsKind,
    error::{Both, FieldViolation, says::tickets as say},
    tickets::failures::rules::alarm::AlarmPolicy,
};

/// Most models and most ends of support that are kept.
const LINES_MOST: usize = 500;
/// Longest silence that a rule waits for, in school days.
const DAYS_MOST: u32 = 200;

words! {
    /// What is wrong with a device.
    HealthRule {
        /// Its battery keeps little of what it kept when it was new.
        BatteryWorn = 1, "バッテリーの劣化", "worn batteries";
        /// Its model is known for batteries that swell.
        BatterySwelling = 2, "バッテリー膨張のおそれがある機種", "models whose batteries swell";
        /// Its storage is nearly full.
        StorageFull = 3, "ストレージの空き不足", "full storage";
        /// Nobody heard of it for long.
        NotSeen = 4, "長く報告のない端末", "devices not heard of for long";
        /// Its operating system gets no more corrections.
        OsEnded = 5, "サポートが終了したOS", "operating systems past their end";
    }
}

impl HealthRule {
    /// What its ticket is about.
    pub fn category(self) -> Category {
        match self {
            Self::BatteryWorn | Self::BatterySwelling => Category::Battery,
            Self::StorageFull | Self::NotSeen => Category::Other,
            Self::OsEnded => Category::Settings,
        }
    }

    /// How long its ticket can wait: a battery that may swell is a danger.
    pub fn urgency(self) -> Urgency {
        match self {
            Self::BatterySwelling => Urgency::ThisWeek,
            Self::BatteryWorn | Self::StorageFull | Self::NotSeen | Self::OsEnded => Urgency::SomeTime,
        }
    }
}

/// A model whose batteries swell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwellingModel {
    /// As its devices report it, or the beginning of that.
    pub model: String,
    /// Where it is written.
    pub source: String,
}

/// The end of support of an operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OsEnd {
    /// Number of the kind of operating system: ChromeOS 1, iPadOS 2, Windows 3, Linux 4, macOS 5.
    pub os_kind: i64,
    /// Versions that begin so.
    pub version: String,
    /// The last day with corrections, for example 2025-10-14.
    pub last_date: String,
    /// Where it is written.
    pub source: String,
}

/// From which figures on a device is a case for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthPolicy {
    /// Where it is written.
    pub source: String,
    /// A battery that keeps less than so many percent of what it kept when it was new; 0 for never.
    pub battery_health_percent_below: u8,
    /// Storage of which less than so many percent are free; 0 for never.
    pub storage_free_percent_below: u8,
    /// Not heard of for so many school days (授業日); 0 for never.
    pub not_seen_school_days: u32,
    /// Models whose batteries swell.
    pub swelling_models: Vec<SwellingModel>,
    /// Ends of support.
    pub os_ends: Vec<OsEnd>,
    /// From how much on the failures of a model are; ours where an owner that said the rest did not say it.
    #[serde(default)]
    pub failure_alarm: AlarmPolicy,
}

impl Default for HealthPolicy {
    /// Ours, of November 2026, until an owner says its own. No ministry publishes thresholds; the end of Windows 10 is its maker's.
    fn default() -> Self {
        let windows_10 = OsEnd {
            os_kind: OsKind::Windows.to_number(),
            version: String::from("10.0.1"),
            last_date: String::from("2025-10-14"),
            source: String::from("Microsoft lifecycle: Windows 10"),
        };
        Self {
            source: String::from("gigafleet 既定値 2026-11"),
            battery_health_percent_below: 50,
            storage_free_percent_below: 5,
            not_seen_school_days: 20,
            swelling_models: Vec::new(),
            os_ends: vec![windows_10],
            failure_alarm: AlarmPolicy::default(),
        }
    }
}

impl HealthPolicy {
    /// Checks every figure against its limits.
    pub fn check(self) -> Result<Self, Vec<FieldViolation>> {
        let mut refused = Vec::new();
        let mut refuse = |wrong: bool, field: &'static str, message: Both| {
            if wrong {
                refused.push(FieldViolation::new(field, message));
            }
        };
        let is_said = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
        refuse(!is_said(&self.source, 200), "source", say::promise_source());
        refuse(self.battery_health_percent_below > 100, "battery_health_percent_below", say::promise_most(100));
        refuse(self.storage_free_percent_below > 100, "storage_free_percent_below", say::promise_most(100));
        refuse(self.not_seen_school_days > DAYS_MOST, "not_seen_school_days", say::promise_most(DAYS_MOST));
        let model = |line: &SwellingModel| is_said(&line.model, 100) && is_said(&line.source, 200);
        let models = self.swelling_models.len() <= LINES_MOST && self.swelling_models.iter().all(model);
        refuse(!models, "swelling_models", say::health_models(LINES_MOST));
        let end = |line: &OsEnd| {
            let is_day = parse_date("last_date", &line.last_date).is_ok();
            OsKind::from_number(line.os_kind).is_some()
                && is_day
                && is_said(&line.version, 64)
                && is_said(&line.source, 200)
        };
        let ends = self.os_ends.len() <= LINES_MOST && self.os_ends.iter().all(end);
        refuse(!ends, "os_ends", say::health_ends(LINES_MOST));
        refused.extend(self.failure_alarm.check());
        if refused.is_empty() { Ok(self) } else { Err(refused) }
    }

    /// What is wrong with a device, by what is known of it.
    pub fn judge(&self, device: &Seen<'_>, today: Date, not_seen_since: i64) -> Vec<HealthRule> {
        let below = |value: Option<i64>, least: u8| value.is_some_and(|value| value < i64::from(least));
        let is_model = |line: &SwellingModel| device.model.is_some_and(|model| model.starts_with(&line.model));
        let ended = |line: &OsEnd| {
            let is_version = device.os_version.is_some_and(|version| version.starts_with(&line.version));
            // The day is read only where it counts: most devices are of other versions.
            line.os_kind == device.os_kind
                && is_version
                && parse_date("last_date", &line.last_date).is_ok_and(|last| last < today)
        };
        let silent = self.not_seen_school_days > 0 && device.seen_at.is_some_and(|seen| seen < not_seen_since);
        let judged = [
            (HealthRule::BatteryWorn, below(device.battery_health_percent, self.battery_health_percent_below)),
            (HealthRule::BatterySwelling, self.swelling_models.iter().any(is_model)),
            (HealthRule::StorageFull, below(device.storage_free_percent(), self.storage_free_percent_below)),
            (HealthRule::NotSeen, silent),
            (HealthRule::OsEnded, self.os_ends.iter().any(ended)),
        ];
        judged.into_iter().filter(|(_, is_so)| *is_so).map(|(rule, _)| rule).collect()
    }
}

/// What is known of a device in use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// Its model.
    pub model: Option<&'a str>,
    /// Number of the kind of its operating system.
    pub os_kind: i64,
    /// Its version.
    pub os_version: Option<&'a str>,
    /// When it was heard last; none for one that never reported, of which its silence says nothing.
    pub seen_at: Option<i64>,
    /// What its battery keeps, in percent of what it kept when it was new.
    pub battery_health_percent: Option<i64>,
    /// Its storage.
    pub storage_bytes: Option<i64>,
    /// What of it is free.
    pub storage_free_bytes: Option<i64>,
}

impl Seen<'_> {
    /// What of its storage is free, in percent.
    pub fn storage_free_percent(&self) -> Option<i64> {
        match (self.storage_bytes, self.storage_free_bytes) {
            (Some(whole), Some(free)) if whole > 0 => Some(free.saturating_mul(100) / whole),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Month;

    use super::*;

    #[test]
    fn each_rule_judges_at_its_limit() {
        let policy = HealthPolicy {
            swelling_models: vec![SwellingModel { model: String::from("K-1"), source: String::from("県の通知") }],
            ..HealthPolicy::default()
        };
        let day = |day| Date::from_calendar_date(2025, Month::October, day).unwrap();
        let well = Seen {
            model: Some("J-1"),
            os_kind: OsKind::Windows.to_number(),
            os_version: Some("10.0.26100"),
            seen_at: Some(1_000),
            battery_health_percent: Some(50),
            storage_bytes: Some(1_000),
            storage_free_bytes: Some(50),
        };
        let judge = |device: Seen<'_>, today| policy.judge(&device, today, 1_000);
        // "10.0.26100" begins with "10.0.2": Windows 11.
        assert_eq!(judge(well, day(15)), []);
        assert_eq!(judge(Seen::default(), day(15)), [], "of what nobody said nothing is judged");
        assert_eq!(judge(Seen { battery_health_percent: Some(49), ..well }, day(15)), [HealthRule::BatteryWorn]);
        assert_eq!(judge(Seen { model: Some("K-1 Pro"), ..well }, day(15)), [HealthRule::BatterySwelling]);
        assert_eq!(judge(Seen { storage_free_bytes: Some(49), ..well }, day(15)), [HealthRule::StorageFull]);
        assert_eq!(judge(Seen { seen_at: Some(999), ..well }, day(15)), [HealthRule::NotSeen]);
        let old = Seen { os_version: Some("10.0.19045"), ..well };
        assert_eq!((judge(old, day(14)), judge(old, day(15))), (vec![], vec![HealthRule::OsEnded]));
        let none = HealthPolicy {
            battery_health_percent_below: 0,
            storage_free_percent_below: 0,
            not_seen_school_days: 0,
            os_ends: Vec::new(),
            swelling_models: Vec::new(),
            ..policy.clone()
        };
        let bad = Seen { battery_health_percent: Some(0), storage_free_bytes: Some(0), seen_at: Some(0), ..old };
        assert_eq!(none.judge(&bad, day(31), 1_000), []);
    }

    #[test]
    fn all_that_is_wrong_with_a_policy_is_said_at_once() {
        let ours = HealthPolicy::default();
        assert!(ours.clone().check().is_ok());
        let end = OsEnd { last_date: String::from("いつか"), ..ours.os_ends[0].clone() };
        let wrong = HealthPolicy {
            source: String::new(),
            battery_health_percent_below: 101,
            not_seen_school_days: 201,
            os_ends: vec![end],
            failure_alarm: AlarmPolicy { ratio_percent: 99, ..AlarmPolicy::default() },
            ..ours
        };
        let fields: Vec<_> = wrong.check().unwrap_err().into_iter().map(|wrong| wrong.field.into_owned()).collect();
        assert_eq!(
            fields,
            [
                "source",
                "battery_health_percent_below",
                "not_seen_school_days",
                "os_ends",
                "failure_alarm.ratio_percent"
            ]
        );
    }
}
