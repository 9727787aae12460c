//! The demo's own account of what agents were told, held at the end against what the server says it stored.
//!
//! Invariant: an agent's sequences only grow, except that it may send the very same report again. So counting each
//! number that is greater than the last one counts each report once, in constant memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use gigafleet_agent::{engine::Failure as CallFailure, identity::DeviceId, runtime::Observer};
use gigafleet_proto::v1::{CheckInRequest, CheckInResponse, Device};
use serde_json::Value;

use crate::cli::json::Object;

/// What one agent did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    /// Reports that were sent and whose call ended.
    sent: u64,
    last_sent: u64,
    /// Reports that the server said it had stored.
    acknowledged: u64,
    last_acknowledged: u64,
}

/// Sees what all agents of the demo do.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<HashMap<String, Account>>);

impl Ledger {
    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        // An account is whole after each statement, so one that a panic left is good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, device_id: &DeviceId, note: impl FnOnce(&mut Account)) {
        let mut accounts = self.accounts();
        match accounts.get_mut(device_id.0.as_str()) {
            Some(account) => note(account),
            None => note(accounts.entry(device_id.0.clone()).or_default()),
        }
    }

    fn sent(&self, device_id: &DeviceId, sequence: u64) {
        self.note(device_id, |account| {
            account.sent += u64::from(sequence > account.last_sent);
            account.last_sent = account.last_sent.max(sequence);
        });
    }

    /// Reports that were acknowledged so far, of all devices.
    pub(super) fn acknowledged_count(&self) -> u64 {
        self.accounts().values().map(|account| account.acknowledged).sum()
    }

    /// Holds the account against what the server says of its devices.
    pub(super) fn compare(&self, devices: &[Device]) -> Comparison {
        let accounts = self.accounts();
        let stored: HashMap<_, _> = devices.iter().map(|device| (device.device_id.as_str(), device)).collect();
        let mut comparison = Comparison {
            devices: devices.len(),
            reports_acknowledged: accounts.values().map(|account| account.acknowledged).sum(),
            reports_stored: devices.iter().map(|device| device.report_count).sum(),
            lost: 0,
            counted_twice: 0,
        };
        for (device_id, account) in accounts.iter() {
            comparison.lost += match stored.get(device_id.as_str()) {
                None => account.acknowledged,
                Some(device) => {
                    let behind = u64::from(device.sequence < account.last_acknowledged);
                    account.acknowledged.saturating_sub(device.report_count).max(behind)
                }
            };
        }
        for device in devices {
            let account = accounts.get(device.device_id.as_str()).copied().unwrap_or_default();
            // The last report may have been stored while its agent was stopped and no longer saw the answer.
            let unseen = u64::from(device.sequence > account.last_sent);
            comparison.counted_twice += device.report_count.saturating_sub(account.sent + unseen);
        }
        comparison
    }
}

impl Observer for Ledger {
    fn acknowledged(&self, device_id: &DeviceId, request: &CheckInRequest, _response: &CheckInResponse) {
        self.note(device_id, |account| {
            account.acknowledged += u64::from(request.sequence > account.last_acknowledged);
            account.last_acknowledged = account.last_acknowledged.max(request.sequence);
        });
    }

    fn answered(&self, device_id: &DeviceId, request: &CheckInRequest, _response: &CheckInResponse) {
        self.sent(device_id, request.sequence);
    }

    fn failed(&self, device_id: &DeviceId, sequence: u64, _failure: &CallFailure) {
        self.sent(device_id, sequence);
    }
}

/// What agents were told beside what the server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Devices that the server knows.
    pub(super) devices: usize,
    /// Reports that the server said it had stored.
    pub(super) reports_acknowledged: u64,
    /// Reports that it has. More than were acknowledged where an answer was lost on its way.
    pub(super) reports_stored: u64,
    /// Reports that were acknowledged and are not there.
    pub(super) lost: u64,
    /// Reports that were counted beyond those that were ever sent.
    pub(super) counted_twice: u64,
}

impl Comparison {
    /// Whether every acknowledged report is stored, and none is counted twice.
    pub(super) fn is_whole(&self) -> bool {
        self.lost == 0 && self.counted_twice == 0
    }

    /// The start of the demo's JSON summary.
    pub(super) fn to_json(
        &self,
        municipalities: usize,
        schools: usize,
        seconds: f64,
        peak_rss_mib: Option<u64>,
    ) -> Value {
        Object::default()
            .value("devices", self.devices)
            .value("schools", schools)
            .value("municipalities", municipalities)
            .value("reports_acknowledged", self.reports_acknowledged)
            .value("reports_stored", self.reports_stored)
            .value("lost", self.lost)
            .value("counted_twice", self.counted_twice)
            .value("seconds", (seconds * 10.0).round() / 10.0)
            .optional("peak_rss_mib", peak_rss_mib)
            .into()
    }
}

#[cfg(test)]
mod tests {
    use gigafleet_agent::engine::FailureKind;

    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId(name.to_owned())
    }

    fn report(sequence: u64) -> CheckInRequest {
        CheckInRequest { sequence, ..CheckInRequest::default() }
    }

    fn acknowledge(ledger: &Ledger, name: &str, sequence: u64) {
        ledger.answered(&id(name), &report(sequence), &CheckInResponse::default());
        ledger.acknowledged(&id(name), &report(sequence), &CheckInResponse::default());
    }

    fn fail(ledger: &Ledger, name: &str, sequence: u64) {
        let failure = CallFailure { kind: FailureKind::Unreachable, retry_after_ms: None, message: String::new() };
        ledger.failed(&id(name), sequence, &failure);
    }

    fn stored(name: &str, sequence: u64, report_count: u64) -> Device {
        Device { device_id: name.to_owned(), sequence, report_count, ..Device::default() }
    }

    #[test]
    fn repeated_report_counts_once() {
        let ledger = Ledger::default();
        acknowledge(&ledger, "a", 1);
        fail(&ledger, "a", 2);
        acknowledge(&ledger, "a", 2);
        acknowledge(&ledger, "a", 2);
        let comparison = ledger.compare(&[stored("a", 2, 2)]);
        assert_eq!((comparison.reports_acknowledged, comparison.reports_stored), (2, 2));
        assert!(comparison.is_whole());
        assert!(!ledger.compare(&[stored("a", 2, 3)]).is_whole());
    }

    #[test]
    fn acknowledged_report_that_is_not_there_is_lost() {
        let ledger = Ledger::default();
        acknowledge(&ledger, "a", 1);
        acknowledge(&ledger, "a", 2);
        assert_eq!(ledger.compare(&[stored("a", 2, 1)]).lost, 1);
        assert_eq!(ledger.compare(&[stored("a", 1, 2)]).lost, 1, "the newest sequence is behind");
        assert_eq!(ledger.compare(&[]).lost, 2, "the whole device is gone");
        assert_eq!(ledger.compare(&[stored("a", 2, 2)]).lost, 0);
    }

    #[test]
    fn lost_answers_and_reports_cut_off_at_the_end_are_no_fault() {
        let ledger = Ledger::default();
        acknowledge(&ledger, "a", 1);
        fail(&ledger, "a", 2);
        assert!(ledger.compare(&[stored("a", 1, 1)]).is_whole(), "the failed one never came in");
        assert!(ledger.compare(&[stored("a", 2, 2)]).is_whole(), "the failed one was stored");
        assert!(ledger.compare(&[stored("a", 3, 3)]).is_whole(), "one more was under way at the end");
        assert_eq!(ledger.compare(&[stored("a", 3, 4)]).counted_twice, 1);
    }

    #[test]
    fn summary_has_the_documented_names() {
        let comparison =
            Comparison { devices: 1_001, reports_acknowledged: 9, reports_stored: 9, lost: 0, counted_twice: 0 };
        let expected = serde_json::json!({
            "devices": 1_001, "schools": 10, "municipalities": 3, "reports_acknowledged": 9, "reports_stored": 9,
            "lost": 0, "counted_twice": 0, "seconds": 30.1, "peak_rss_mib": 120,
        });
        assert_eq!(comparison.to_json(3, 10, 30.12, Some(120)), expected);
    }
}
