//! What a report may be, and what becomes of it, pure.

pub mod queue;
pub mod throughput;

use gigafleet_proto::v1;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    devices::rules::{check_facts, check_network, check_status, check_wifi},
    error::{
        Error, FieldViolation, Result,
        says::{devices as say, fields},
    },
};

const TRANSITIONS: usize = 256;
const COMMAND_RESULTS: usize = 16;
const CHECKS: usize = 32;
const TARGET_NUMBER: u32 = 65_535;
/// Commands that may wait for one device.
pub const COMMANDS: usize = 16;
/// A device whose clock is off by more than this is told the server's time.
const CLOCK_TOLERANCE_MS: i64 = 10_000;

/// A report that keeps all limits of the contract.
#[derive(Debug, Clone)]
pub struct Report {
    /// Greater than that of every earlier report.
    pub sequence: i64,
    /// Newest sequence that the agent knows to be stored.
    pub base_sequence: i64,
    /// The run of the agent; its 64 bits as a signed number, never 0.
    pub run_id: i64,
    /// The device's wall clock at sending.
    pub send_time_ms: i64,
    /// Since boot, at sending.
    pub monotonic_ms: i64,
    /// Hash of the facts, of the agent's choice.
    pub facts_hash: i64,
    /// Everything is there.
    pub full: bool,
    /// What the device is, if it changed.
    pub facts: Option<v1::Facts>,
    /// How the device is, if it changed.
    pub status: Option<v1::Status>,
    /// What the device saw.
    pub transitions: Vec<v1::Transition>,
    /// What became of commands.
    pub command_results: Vec<(Uuid, v1::CommandOutcome)>,
    /// The same, with what was measured for the commands that asked for that.
    pub test_results: Vec<(Uuid, Option<v1::Throughput>)>,
    /// The probe plan that the agent follows; 0 for none.
    pub probe_plan_version: u32,
    /// The newest round of checks.
    pub checks: Vec<v1::NetworkCheck>,
}

impl Report {
    /// Checks a request. Reason: REPORT_INVALID, naming all fields that break their limit.
    pub fn parse(request: v1::CheckInRequest) -> Result<Self> {
        let mut refused = Vec::new();
        let mut positive = |field: &'static str, value: u64, least: u64| {
            i64::try_from(value).ok().filter(|_| value >= least).unwrap_or_else(|| {
                refused.push(FieldViolation::new(field, say::needs_from(value, least)));
                0
            })
        };
        let sequence = positive("sequence", request.sequence, 1);
        let base_sequence = positive("base_sequence", request.base_sequence, 0);
        let send_time_ms = positive("send_time_ms", request.send_time_ms, 0);
        let monotonic_ms = positive("monotonic_ms", request.monotonic_ms, 0);
        if request.run_id == 0 {
            refused.push(FieldViolation::new("run_id", say::run_id_zero()));
        }
        if request.full && request.facts.is_none() {
            refused.push(FieldViolation::new("facts", say::facts_missing()));
        }
        if base_sequence >= sequence && base_sequence > 0 {
            refused.push(FieldViolation::new("base_sequence", say::base_not_below()));
        }
        if !matches!(request.boot_id.len(), 0 | 16) {
            refused.push(FieldViolation::new("boot_id", fields::needs_bytes_or_none(request.boot_id.len(), 16)));
        }
        refused.extend(request.facts.as_ref().map(check_facts).unwrap_or_default());
        refused.extend(request.status.as_ref().map(check_status).unwrap_or_default());
        refused.extend(check_transitions(&request.transitions));
        refused.extend(check_checks("checks", &request.checks));
        if request.command_results.len() > COMMAND_RESULTS {
            refused.push(FieldViolation::new("command_results", fields::more_than(COMMAND_RESULTS)));
        }
        let command_results: Vec<_> = request
            .command_results
            .iter()
            .filter_map(|result| match Uuid::from_slice(&result.command_id) {
                Ok(id) => Some((id, result)),
                Err(_) => {
                    refused.push(FieldViolation::new("command_results.command_id", fields::needs_bytes(16)));
                    None
                }
            })
            .collect();
        if !refused.is_empty() {
            return Err(Error::invalid_fields("REPORT_INVALID", refused));
        }
        Ok(Self {
            sequence,
            base_sequence,
            run_id: request.run_id.cast_signed(),
            send_time_ms,
            monotonic_ms,
            facts_hash: i64::from(request.facts_hash),
            full: request.full,
            facts: request.facts,
            status: request.status,
            transitions: request.transitions,
            test_results: command_results.iter().map(|(id, result)| (*id, throughput::believed(result))).collect(),
            command_results: command_results.iter().map(|(id, result)| (*id, result.outcome())).collect(),
            probe_plan_version: request.probe_plan_version,
            checks: request.checks,
        })
    }

    /// The device's clock minus the server's, in milliseconds.
    pub fn clock_skew_ms(&self, received_at: Timestamp) -> i64 {
        self.send_time_ms.saturating_sub(received_at.as_millis())
    }

    /// When a transition happened by the server's clock, in microseconds since the Unix epoch.
    ///
    /// Within the running boot the monotonic clock tells how long ago it was, however wrong the wall clock is. For an
    /// earlier boot only the wall clock is left, corrected by what it is off now.
    pub fn occurred_at(&self, transition: &v1::Transition, received_at: Timestamp) -> Timestamp {
        if transition.earlier_boot {
            let wall = i64::try_from(transition.wall_time_ms).unwrap_or(i64::MAX);
            let corrected = wall.saturating_sub(self.clock_skew_ms(received_at));
            return Timestamp(corrected.saturating_mul(1_000)).min(received_at);
        }
        let then = i64::try_from(transition.monotonic_ms).unwrap_or(i64::MAX);
        let age_ms = self.monotonic_ms.saturating_sub(then).max(0);
        Timestamp(received_at.0.saturating_sub(age_ms.saturating_mul(1_000)))
    }
}

fn check_transitions(transitions: &[v1::Transition]) -> Vec<FieldViolation> {
    let mut refused = Vec::new();
    if transitions.len() > TRANSITIONS {
        refused.push(FieldViolation::new("transitions", fields::too_many(transitions.len(), TRANSITIONS)));
    }
    if transitions.iter().any(|t| t.number == 0 || i64::try_from(t.number).is_err()) {
        refused.push(FieldViolation::new("transitions.number", say::needs_positive()));
    }
    if transitions.iter().any(|t| i64::try_from(t.amount).is_err()) {
        refused.push(FieldViolation::new("transitions.amount", say::above_signed()));
    }
    refused.extend(transitions.iter().filter_map(|t| check_wifi("transitions.wifi", t.wifi.as_ref()?)).next());
    refused.extend(transitions.iter().filter_map(|t| check_network("transitions.network", t.network.as_ref()?)).next());
    refused.extend(transitions.iter().filter_map(|t| check_check("transitions.check", t.check.as_ref()?)).next());
    refused
}

fn check_checks(field: &'static str, checks: &[v1::NetworkCheck]) -> Option<FieldViolation> {
    if checks.len() > CHECKS {
        return Some(FieldViolation::new(field, fields::too_many(checks.len(), CHECKS)));
    }
    checks.iter().find_map(|check| check_check(field, check))
}

/// Names a check that is none: of an unknown layer or outcome, of a target that no plan can have.
fn check_check(field: &'static str, check: &v1::NetworkCheck) -> Option<FieldViolation> {
    let known = v1::NetworkLayer::try_from(check.layer).is_ok_and(|layer| layer != v1::NetworkLayer::Unspecified)
        && v1::CheckOutcome::try_from(check.outcome).is_ok_and(|outcome| outcome != v1::CheckOutcome::Unspecified)
        && v1::CheckError::try_from(check.error).is_ok()
        && check.target <= TARGET_NUMBER;
    (!known).then(|| FieldViolation::new(field, say::check_unknown()))
}

/// What is stored of a device's reports so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The run that reported last; 0 before the first report.
    pub run_id: i64,
    /// Its newest sequence.
    pub sequence: i64,
    /// The run before that; 0 for none.
    pub previous_run_id: i64,
    /// The newest sequence of the run before.
    pub previous_sequence: i64,
}

/// Where the certificate stands that the caller used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the one in use, or a candidate that is confirmed by this use.
    Good,
    /// A newer one has been used since.
    Superseded,
    /// It was never issued to this device, or was given up.
    Unknown,
}

/// What becomes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new: store it and move the cursor.
    Apply(Cursor),
    /// It is known, or older than what is known: store nothing but transitions that are still missing.
    Duplicate,
    /// A new run with an old sequence: an image was restored.
    Behind,
    /// Two runs take turns: a clone.
    Forked,
    /// The certificate is out of use because of a newer one: a clone, or an old image.
    Superseded,
    /// The certificate is not known.
    Refuse,
}

/// Decides what becomes of a report.
///
/// A run that another run has followed cannot come back with something new: the sequence is kept over restarts and one
/// process at a time holds the agent's state. What it sent before it was followed may still arrive late.
pub fn decide(cursor: Cursor, standing: Standing, run_id: i64, sequence: i64) -> Verdict {
    match standing {
        Standing::Good => {}
        Standing::Superseded => return Verdict::Superseded,
        Standing::Unknown => return Verdict::Refuse,
    }
    if run_id == cursor.run_id {
        return if sequence > cursor.sequence {
            Verdict::Apply(Cursor { sequence, ..cursor })
        } else {
            Verdict::Duplicate
        };
    }
    if run_id == cursor.previous_run_id {
        return if sequence > cursor.previous_sequence { Verdict::Forked } else { Verdict::Duplicate };
    }
    if sequence <= cursor.sequence {
        return Verdict::Behind;
    }
    Verdict::Apply(Cursor { run_id, sequence, previous_run_id: cursor.run_id, previous_sequence: cursor.sequence })
}

/// Stands for facts that match no hash an agent can send: the full report is due.
pub const FULL_REPORT_DUE: i64 = -1;

/// The hash of facts to store with a report, given what was stored before it.
///
/// A delta that builds on more than the server holds (its data came from a backup) leaves gaps that no later delta fills,
/// so the debt is stored too: the answer that asks for the full report may get lost.
pub fn facts_hash_after(report: &Report, known_sequence: i64, known_facts_hash: i64) -> i64 {
    let owed = report.base_sequence > known_sequence || known_facts_hash == FULL_REPORT_DUE;
    if owed && !report.full {
        return FULL_REPORT_DUE;
    }
    if report.facts.is_some() { report.facts_hash } else { known_facts_hash }
}

/// Whether the server must ask for the full report, given what is stored now.
pub fn needs_full_report(report: &Report, stored_facts_hash: i64) -> bool {
    report.facts_hash != stored_facts_hash
}

/// The server's clock for the answer: 0 while the device's is near enough.
pub fn server_time_ms(clock_skew_ms: i64, now: Timestamp) -> u64 {
    if clock_skew_ms.abs() <= CLOCK_TOLERANCE_MS { 0 } else { u64::try_from(now.as_millis()).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRESH: Cursor = Cursor { run_id: 0, sequence: 0, previous_run_id: 0, previous_sequence: 0 };

    fn after(reports: &[(i64, i64)]) -> Cursor {
        reports.iter().fold(FRESH, |cursor, (run, sequence)| match decide(cursor, Standing::Good, *run, *sequence) {
            Verdict::Apply(next) => next,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn sequences_of_one_run_apply_once_and_may_have_gaps() {
        let cursor = after(&[(7, 1), (7, 2), (7, 90)]);
        assert_eq!(decide(cursor, Standing::Good, 7, 90), Verdict::Duplicate);
        assert_eq!(decide(cursor, Standing::Good, 7, 3), Verdict::Duplicate);
        assert!(matches!(decide(cursor, Standing::Good, 7, 91), Verdict::Apply(_)));
    }

    #[test]
    fn restored_image_is_behind_and_then_goes_on() {
        let cursor = after(&[(7, 100)]);
        assert_eq!(decide(cursor, Standing::Good, 8, 51), Verdict::Behind);
        assert!(matches!(decide(cursor, Standing::Good, 8, 101), Verdict::Apply(_)));
    }

    #[test]
    fn clone_is_told_from_a_late_report() {
        let cursor = after(&[(7, 100), (8, 101)]);
        assert_eq!(decide(cursor, Standing::Good, 7, 100), Verdict::Duplicate);
        // The clone starts from the same image, so its number is not ahead of the other's, and still it is new.
        assert_eq!(decide(cursor, Standing::Good, 7, 101), Verdict::Forked);
    }

    #[test]
    fn certificate_comes_before_sequence() {
        let cursor = after(&[(7, 1)]);
        assert_eq!(decide(cursor, Standing::Superseded, 7, 2), Verdict::Superseded);
        assert_eq!(decide(cursor, Standing::Unknown, 7, 2), Verdict::Refuse);
    }

    #[test]
    fn server_that_knows_less_than_the_agent_asks_for_everything() {
        let mut report = Report::parse(v1::CheckInRequest {
            sequence: 12,
            base_sequence: 11,
            run_id: 1,
            facts_hash: 5,
            ..v1::CheckInRequest::default()
        })
        .unwrap();
        assert_eq!(facts_hash_after(&report, 11, 5), 5);
        assert_eq!(facts_hash_after(&report, 10, 5), FULL_REPORT_DUE, "restored from a backup");
        assert_eq!(facts_hash_after(&report, 11, FULL_REPORT_DUE), FULL_REPORT_DUE, "until it comes");
        report.facts = Some(v1::Facts::default());
        assert_eq!(facts_hash_after(&report, 11, 6), 5);
        assert_eq!(facts_hash_after(&report, 10, 6), FULL_REPORT_DUE, "facts alone are not all");
        report.full = true;
        assert_eq!(facts_hash_after(&report, 10, FULL_REPORT_DUE), 5);
        assert!(!needs_full_report(&report, 5) && needs_full_report(&report, FULL_REPORT_DUE));
    }

    #[test]
    fn all_broken_limits_of_a_report_are_named() {
        let request = v1::CheckInRequest {
            boot_id: vec![1],
            transitions: vec![v1::Transition::default(); 257],
            command_results: vec![v1::CommandResult::default()],
            ..v1::CheckInRequest::default()
        };
        let error = Report::parse(request).unwrap_err();
        let fields: Vec<_> = error.fields.iter().map(|f| f.field.as_ref()).collect();
        assert_eq!(
            fields,
            ["sequence", "run_id", "boot_id", "transitions", "transitions.number", "command_results.command_id"]
        );
    }

    #[test]
    fn time_of_a_transition_does_not_depend_on_the_wall_clock_of_its_boot() {
        let received = Timestamp(1_800_000_000_000_000);
        let report = Report::parse(v1::CheckInRequest {
            sequence: 1,
            run_id: 1,
            send_time_ms: 5,
            monotonic_ms: 90_000,
            ..v1::CheckInRequest::default()
        })
        .unwrap();
        let now = v1::Transition { number: 1, monotonic_ms: 30_000, wall_time_ms: 77, ..v1::Transition::default() };
        assert_eq!(report.occurred_at(&now, received), Timestamp(received.0 - 60_000_000));
        // The clock said 1970 at sending; one second earlier by that clock is one second earlier.
        let report = Report { send_time_ms: 10_000, ..report };
        let earlier = v1::Transition { earlier_boot: true, wall_time_ms: 9_000, ..now };
        assert_eq!(report.occurred_at(&earlier, received), Timestamp(received.0 - 1_000_000));
        let future = v1::Transition { wall_time_ms: u64::MAX, monotonic_ms: u64::MAX, ..earlier };
        assert_eq!(report.occurred_at(&future, received), received);
    }

    proptest! {
        #[test]
        fn cursor_never_goes_back_and_no_sequence_applies_twice(
            steps in prop::collection::vec((1_i64..4, 1_i64..30), 1..60),
        ) {
            let mut cursor = FRESH;
            let mut applied = std::collections::HashSet::new();
            for (run, sequence) in steps {
                if let Verdict::Apply(next) = decide(cursor, Standing::Good, run, sequence) {
                    prop_assert!(next.sequence > cursor.sequence);
                    prop_assert!(applied.insert(sequence));
                    cursor = next;
                }
            }
        }
    }
}
