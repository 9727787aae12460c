//! Which school is to be measured by which of its devices, and when. No authority says how often or how much: the values
//! are ours, as data with their source and date.

use core::net::Ipv6Addr;
use std::{cmp::Reverse, collections::HashSet};

use uuid::Uuid;

use super::{DAY_US, USUAL_HOURS};
use crate::{
    clock::Timestamp,
    error::{FieldViolation, says::bandwidth as say},
};

const MINUTE_US: i64 = 60 * 1_000_000;

/// How tests are directed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPolicy {
    /// Where these values come from.
    pub source: &'static str,
    /// When they were set, ISO 8601 date.
    pub source_date: &'static str,
    /// A school is measured again after so many days.
    pub days_between: i64,
    /// After a test that gave nothing, another device is asked after so many minutes at the earliest.
    pub again_minutes: i64,
    /// Most bytes each way: two seconds of 1 Gbit/s.
    pub most_bytes: i64,
    /// Longest time each way, in milliseconds.
    pub most_ms: i64,
    /// Devices of one school that measure at once; 1 or 2, since two share the line that they measure.
    pub devices_at_once: usize,
    /// Tests that are live in the whole installation: a server's own line carries so many.
    pub tests_at_once: usize,
    /// Least distance to lessons, in minutes.
    pub lessons_minutes: i64,
}

impl Default for TestPolicy {
    fn default() -> Self {
        Self {
            source: "defaults of gigafleet",
            source_date: "2026-11-25",
            days_between: 30,
            again_minutes: 60,
            most_bytes: 250_000_000,
            most_ms: 8_000,
            devices_at_once: 1,
            tests_at_once: 4,
            lessons_minutes: 30,
        }
    }
}

impl TestPolicy {
    /// A school that was measured after this is not due.
    pub fn measured_after(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - self.days_between * DAY_US)
    }

    /// A school that was given a test after this is not due.
    pub fn given_after(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - self.again_minutes * MINUTE_US)
    }

    /// When the lease of a test that is given now ends, for devices that report at a pace: long enough for two reports to
    /// get lost.
    pub fn expires_at(&self, now: Timestamp, pace_us: i64) -> Timestamp {
        Timestamp(now.0 + 4 * pace_us + 2 * self.most_ms * 1_000 + MINUTE_US)
    }
}

/// Checks against which server to measure: `HOST:PORT`, IPv6 in brackets, or nothing.
pub fn check_endpoint(endpoint: &str) -> Result<(), FieldViolation> {
    let refused = || FieldViolation::new("endpoint", say::endpoint());
    if endpoint.is_empty() {
        return Ok(());
    }
    let (host, port) = endpoint.rsplit_once(':').ok_or_else(refused)?;
    let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let address = || host.strip_prefix('[').and_then(|host| host.strip_suffix(']')?.parse::<Ipv6Addr>().ok()).is_some();
    let good = endpoint.len() <= 260 && !host.is_empty() && (named || address());
    let port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (good && port).then_some(()).ok_or_else(refused)
}

/// Checks how many bytes may travel each way; none for 0.
pub fn check_most_bytes(bytes: u32) -> Result<Option<i64>, FieldViolation> {
    match bytes {
        0 => Ok(None),
        1_000_000..=1_000_000_000 => Ok(Some(bytes.into())),
        _ => Err(FieldViolation::new("most_bytes", say::most_bytes())),
    }
}

/// A device that could measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The device.
    pub device: Uuid,
    /// 校内プローブ.
    pub is_probe: bool,
    /// When it was last heard from the school's own network.
    pub heard_at: Timestamp,
    /// By what that network is known.
    pub gateway_hash: Option<Vec<u8>>,
}

/// Whether a moment lies in the lessons of a day, breaks between them included, or nearer to them than so many minutes.
/// `lessons` are minutes of the day.
pub fn is_near_lessons(minute: i64, is_school_day: bool, lessons: &[(i64, i64)], distance: i64) -> bool {
    let begin = lessons.iter().map(|(begin, _)| *begin).min().unwrap_or(USUAL_HOURS.0);
    let end = lessons.iter().map(|(_, end)| *end).max().unwrap_or(USUAL_HOURS.1);
    is_school_day && (begin - distance..end + distance).contains(&minute)
}

/// The devices of a school that shall measure now, at most as many as slots are free: a probe first, then those that did not
/// fail lately, then those that were heard last.
pub fn choose(mut candidates: Vec<Candidate>, failed: &HashSet<Uuid>, free: usize) -> Vec<Candidate> {
    candidates.sort_by_key(|one| (failed.contains(&one.device), !one.is_probe, Reverse(one.heard_at.0), one.device));
    candidates.truncate(free);
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: u128, is_probe: bool, heard_at: i64) -> Candidate {
        Candidate { device: Uuid::from_u128(number), is_probe, heard_at: Timestamp(heard_at), gateway_hash: None }
    }

    fn chosen(candidates: &[Candidate], failed: &[u128], free: usize) -> Vec<u128> {
        let failed = failed.iter().map(|number| Uuid::from_u128(*number)).collect();
        choose(candidates.to_vec(), &failed, free).iter().map(|one| one.device.as_u128()).collect()
    }

    #[test]
    fn probe_measures_first_and_whoever_failed_last() {
        let all = [candidate(1, false, 90), candidate(2, true, 10), candidate(3, false, 95)];
        assert_eq!(chosen(&all, &[], 1), [2]);
        assert_eq!(chosen(&all, &[2], 1), [3], "another device follows one that failed");
        assert_eq!(chosen(&all, &[2], 2), [3, 1]);
        assert_eq!(chosen(&all[..1], &[1], 1), [1], "the only one is tried again");
        assert!(chosen(&all, &[], 0).is_empty() && chosen(&[], &[], 2).is_empty());
    }

    #[test]
    fn endpoint_is_a_host_and_a_port() {
        for good in ["", "fleet.example.jp:7443", "10.0.0.1:1", "[2001:db8::1]:65535"] {
            assert!(check_endpoint(good).is_ok(), "{good}");
        }
        let long = format!("{}:1", "a".repeat(260));
        for bad in ["fleet", "fleet:", ":7443", "fleet:0", "fleet:65536", "a b:1", "[nothing]:1", "a/b:1", &long] {
            assert_eq!(check_endpoint(bad).unwrap_err().field, "endpoint", "{bad}");
        }
    }

    #[test]
    fn bytes_of_a_test_have_bounds() {
        assert_eq!(check_most_bytes(0), Ok(None));
        assert_eq!(check_most_bytes(1_000_000), Ok(Some(1_000_000)));
        assert!(check_most_bytes(999_999).is_err() && check_most_bytes(1_000_000_001).is_err());
    }

    #[test]
    fn lessons_keep_their_distance() {
        let lessons = [(9 * 60, 10 * 60), (13 * 60, 15 * 60)];
        let near = |minute| is_near_lessons(minute, true, &lessons, 30);
        assert!(!near(8 * 60 + 29) && near(8 * 60 + 30) && near(11 * 60), "breaks are in lessons");
        assert!(near(15 * 60 + 29) && !near(15 * 60 + 30));
        assert!(!is_near_lessons(9 * 60, false, &lessons, 30), "a holiday has none");
        assert!(is_near_lessons(8 * 60 + 15, true, &[], 30), "without a timetable the usual hours count");
    }

    #[test]
    fn lease_is_longer_than_both_ways_and_some_reports() {
        let policy = TestPolicy::default();
        let lease = policy.expires_at(Timestamp(0), 60_000_000).0;
        assert!(lease > 2 * policy.most_ms * 1_000 + 2 * 60_000_000 && lease < 10 * MINUTE_US);
        assert!((1..=2).contains(&policy.devices_at_once));
    }
}
