//! Compares the logs with the database. What each number means stands in the module of the program.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    time::Duration,
};

use gigafleet_tests::database::{StoredCursor, StoredTransition};
use serde::Serialize;

use crate::logs::Logs;

/// The outcome of a run.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    engine: &'static str,
    agents: usize,
    kills: u32,
    host_kills: u32,
    acknowledged: usize,
    stored: usize,
    lost: u64,
    counted_twice: u64,
    reports_sent: u64,
    reports_acknowledged: u64,
    reports_stored: u64,
    waiting_in_spools: u64,
    seconds: f64,
}

impl Verdict {
    /// Counts what was lost and what was counted twice.
    pub fn of(logs: &Logs, transitions: &[StoredTransition], cursors: &[StoredCursor], host_kills: u32) -> Self {
        let stored: HashSet<_> = transitions.iter().collect();
        let mut verdict = Self {
            host_kills,
            acknowledged: logs.transitions.len(),
            stored: transitions.len(),
            lost: logs.transitions.iter().filter(|transition| !stored.contains(transition)).count() as u64,
            // A primary key forbids it; if it should ever go, this shows.
            counted_twice: (transitions.len() - stored.len()) as u64,
            ..Self::default()
        };
        verdict.lost += missing_numbers(transitions);
        let mut rows_of: HashMap<&str, u64> = HashMap::new();
        for transition in transitions {
            *rows_of.entry(transition.device_id.as_str()).or_default() += 1;
        }
        let known: HashMap<_, _> = cursors.iter().map(|cursor| (cursor.device_id.as_str(), cursor)).collect();
        for (device_id, acknowledged) in &logs.acknowledged {
            verdict.reports_acknowledged += acknowledged.len() as u64;
            match known.get(device_id.as_str()) {
                Some(cursor) => verdict.compare(cursor, acknowledged),
                None => verdict.lost += acknowledged.len() as u64,
            }
        }
        for cursor in cursors {
            let sent = logs.sent.get(&cursor.device_id).map_or(0, |sent| sent.len() as u64);
            verdict.reports_sent += sent;
            verdict.reports_stored += cursor.report_count;
            verdict.counted_twice += cursor.report_count.saturating_sub(sent + u64::from(host_kills));
            let rows = rows_of.get(cursor.device_id.as_str()).copied().unwrap_or_default();
            verdict.counted_twice += cursor.transition_count.saturating_sub(rows);
            verdict.lost += rows.saturating_sub(cursor.transition_count);
        }
        verdict
    }

    fn compare(&mut self, cursor: &StoredCursor, acknowledged: &BTreeSet<u64>) {
        self.lost += (acknowledged.len() as u64).saturating_sub(cursor.report_count);
        self.lost += acknowledged.iter().filter(|sequence| **sequence > cursor.sequence).count() as u64;
    }

    /// Adds what is not counted.
    pub fn describe(&mut self, engine: &'static str, agents: usize, kills: u32, waiting: u64, elapsed: Duration) {
        (self.engine, self.agents, self.kills) = (engine, agents, kills);
        (self.waiting_in_spools, self.seconds) = (waiting, (elapsed.as_secs_f64() * 10.0).round() / 10.0);
    }

    /// Whether nothing was lost and nothing was counted twice.
    pub fn is_good(&self) -> bool {
        let counted = self.acknowledged == self.stored && self.lost == 0 && self.counted_twice == 0;
        counted && self.acknowledged > 0 && self.waiting_in_spools == 0
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and words are JSON")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, agents, kills, host_kills, .. } = self;
        writeln!(formatter, "{engine}: {agents} agents, server killed {kills} times, agents' host {host_kills} times")?;
        writeln!(formatter, "transitions  acknowledged {}, stored {}", self.acknowledged, self.stored)?;
        let (sent, acknowledged, stored) = (self.reports_sent, self.reports_acknowledged, self.reports_stored);
        writeln!(formatter, "reports      sent {sent}, acknowledged {acknowledged}, stored {stored}")?;
        write!(formatter, "lost {}, counted twice {}, in {} s", self.lost, self.counted_twice, self.seconds)
    }
}

/// Numbers that are missing between 1 and the greatest of each run.
fn missing_numbers(transitions: &[StoredTransition]) -> u64 {
    let mut runs: BTreeMap<(&str, u64), (u64, u64)> = BTreeMap::new();
    for transition in transitions {
        let (count, greatest) = runs.entry((transition.device_id.as_str(), transition.run_id)).or_default();
        *count += 1;
        *greatest = transition.number.max(*greatest);
    }
    runs.values().map(|(count, greatest)| greatest.saturating_sub(*count)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transition(number: u64) -> StoredTransition {
        StoredTransition { device_id: String::from("d"), run_id: 1, number }
    }

    fn told(transitions: u64, reports: u64) -> Logs {
        let sequences: BTreeSet<_> = (1..=reports).collect();
        Logs {
            transitions: (1..=transitions).map(transition).collect(),
            acknowledged: [(String::from("d"), sequences.clone())].into(),
            sent: [(String::from("d"), sequences)].into(),
        }
    }

    fn cursor(sequence: u64, report_count: u64, transition_count: u64) -> StoredCursor {
        StoredCursor { device_id: String::from("d"), sequence, report_count, transition_count }
    }

    #[test]
    fn what_is_stored_as_told_is_good() {
        let stored: Vec<_> = (1..=3).map(transition).collect();
        let verdict = Verdict::of(&told(3, 2), &stored, &[cursor(2, 2, 3)], 0);
        assert!(verdict.is_good(), "{verdict:?}");
    }

    #[test]
    fn missing_transition_is_lost() {
        let stored: Vec<_> = [1, 3].map(transition).into();
        let verdict = Verdict::of(&told(3, 2), &stored, &[cursor(2, 2, 2)], 0);
        assert!(!verdict.is_good() && verdict.lost >= 1, "{verdict:?}");
    }

    #[test]
    fn report_that_is_counted_twice_shows() {
        let stored: Vec<_> = (1..=3).map(transition).collect();
        let verdict = Verdict::of(&told(3, 2), &stored, &[cursor(2, 3, 3)], 0);
        assert_eq!((verdict.counted_twice, verdict.is_good()), (1, false), "{verdict:?}");
    }

    #[test]
    fn acknowledged_report_that_is_gone_is_lost() {
        let stored: Vec<_> = (1..=3).map(transition).collect();
        let verdict = Verdict::of(&told(3, 2), &stored, &[cursor(1, 1, 3)], 0);
        assert_eq!((verdict.lost, verdict.is_good()), (2, false), "{verdict:?}");
        let verdict = Verdict::of(&told(3, 2), &stored, &[], 0);
        assert!(!verdict.is_good(), "{verdict:?}");
    }
}
