//! What goes into a report: everything in a full one, else what changed since the last acknowledged report.
//!
//! Invariant: a part is left out only if the server is known to hold a value that does not differ in a way that counts.
//! A report without an answer leaves all that it carried in doubt, and what is in doubt is sent again.

use gigafleet_proto::v1::{
    Battery, Boot, CheckInRequest, Facts, Memory as MemoryUse, Network, Status, Storage, Transition, Wifi,
};
use prost::Message as _;

use super::{
    Attempt, Awaiting, COMMANDS_MAX, Effect, Engine, Now, SEQUENCE_BLOCK, TRANSITIONS_BYTES_MAX, TRANSITIONS_MAX,
};
use crate::spool::{Record, TransitionKey};

/// One thing that the server knows of the device, or does not.
#[derive(Debug)]
struct Part<V> {
    current: V,
    /// What the last report carried, while its answer is awaited.
    sent: Option<V>,
    acknowledged: Option<V>,
    /// A report without an answer carried this part: the server may hold either value.
    in_doubt: bool,
}

impl<V: Default> Default for Part<V> {
    fn default() -> Self {
        Self { current: V::default(), sent: None, acknowledged: None, in_doubt: false }
    }
}

impl<V: Clone> Part<V> {
    fn take(&mut self, full: bool, counts: impl Fn(&V, &V) -> bool) -> Option<V> {
        let known = self.acknowledged.as_ref().filter(|_| !self.in_doubt);
        if !full && known.is_some_and(|known| !counts(known, &self.current)) {
            return None;
        }
        self.in_doubt = true;
        self.sent = Some(self.current.clone());
        Some(self.current.clone())
    }

    fn acknowledge(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.acknowledged = Some(sent);
            self.in_doubt = false;
        }
    }
}

/// What the device is and how it is, and what the server knows of that.
#[derive(Debug, Default)]
pub(super) struct Known {
    facts: Part<Facts>,
    facts_hash: u32,
    battery: Part<Battery>,
    storage: Part<Storage>,
    memory: Part<MemoryUse>,
    boot: Part<Boot>,
    wifi: Part<Wifi>,
    network: Part<Network>,
}

impl Known {
    pub(super) fn observe(&mut self, facts: Option<Facts>, status: Status) {
        if let Some(facts) = facts {
            self.facts_hash = crate::crc32::crc32(&facts.encode_to_vec());
            self.facts.current = facts;
        }
        self.battery.current = status.battery.unwrap_or_default();
        self.storage.current = status.storage.unwrap_or_default();
        self.memory.current = status.memory.unwrap_or_default();
        self.boot.current = status.boot.unwrap_or_default();
        self.wifi.current = status.wifi.unwrap_or_default();
        self.network.current = status.network.unwrap_or_default();
    }

    /// By what the network is known that the device is on; empty if by nothing.
    pub(super) fn gateway_hash(&self) -> Vec<u8> {
        self.network.current.gateway_hash.clone().unwrap_or_default()
    }

    /// The report was stored.
    pub(super) fn acknowledge(&mut self) {
        self.facts.acknowledge();
        self.battery.acknowledge();
        self.storage.acknowledge();
        self.memory.acknowledge();
        self.boot.acknowledge();
        self.wifi.acknowledge();
        self.network.acknowledge();
    }

    fn take_status(&mut self, full: bool) -> Option<Status> {
        let storage_bytes = self.facts.current.storage_bytes;
        let status = Status {
            battery: self.battery.take(full, battery_counts),
            storage: self.storage.take(full, |old, new| storage_counts(old, new, storage_bytes)),
            memory: self.memory.take(full, memory_counts),
            boot: self.boot.take(full, boot_counts),
            wifi: self.wifi.take(full, wifi_counts),
            network: self.network.take(full, |old, new| old != new),
        };
        (status != Status::default()).then_some(status)
    }
}

/// Whether an optional number appeared, went, or moved by at least `step`.
fn moved(old: Option<i64>, new: Option<i64>, step: u64) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.abs_diff(new) >= step,
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

pub(super) fn battery_counts(old: &Battery, new: &Battery) -> bool {
    moved(old.charge_percent.map(i64::from), new.charge_percent.map(i64::from), 5)
        || old.health_percent != new.health_percent
        || old.cycle_count != new.cycle_count
        || old.charging != new.charging
}

pub(super) fn storage_counts(old: &Storage, new: &Storage, storage_bytes: Option<u64>) -> bool {
    match (old.free_bytes, new.free_bytes) {
        (Some(old), Some(new)) => old.abs_diff(new) >= (storage_bytes.unwrap_or(old) / 100).max(1),
        (old, new) => old != new,
    }
}

pub(super) fn memory_counts(old: &MemoryUse, new: &MemoryUse) -> bool {
    moved(old.used_percent.map(i64::from), new.used_percent.map(i64::from), 10)
        || moved(old.stall_percent.map(i64::from), new.stall_percent.map(i64::from), 10)
}

/// The boot time is a difference of two clocks, so it wavers by a second.
pub(super) fn boot_counts(old: &Boot, new: &Boot) -> bool {
    old.boot_count != new.boot_count
        || moved(old.boot_time_ms.map(|ms| ms as i64), new.boot_time_ms.map(|ms| ms as i64), 2_000)
}

pub(super) fn wifi_counts(old: &Wifi, new: &Wifi) -> bool {
    old.ssid != new.ssid || old.bssid != new.bssid || moved(old.rssi_dbm.map(i64::from), new.rssi_dbm.map(i64::from), 5)
}

impl Engine {
    pub(super) fn send_report(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.sequence += 1;
        if self.sequence > self.memory.reserved_sequence {
            self.memory.reserved_sequence = self.sequence + SEQUENCE_BLOCK - 1;
            self.persist(now, effects);
        }
        let full = self.full_needed;
        let facts = self.known.facts.take(full, |old, new| old != new);
        let status = self.known.take_status(full);
        let (transitions, through) = self.transitions_on_board();
        self.news_waits = false;
        let results: Vec<_> = self.results.iter().take(COMMANDS_MAX).cloned().collect();
        self.awaiting = Awaiting::Answer(Attempt {
            sequence: self.sequence,
            full,
            through,
            more_wait: (transitions.len() as u64) < self.waiting_transitions() && !self.hold_transitions,
            results: results.clone(),
        });
        effects.push(Effect::Send(Box::new(CheckInRequest {
            sequence: self.sequence,
            base_sequence: self.memory.acknowledged_sequence,
            run_id: self.run.run_id,
            boot_id: if full { self.run.boot_id.to_vec() } else { Vec::new() },
            send_time_ms: now.wall_ms,
            monotonic_ms: now.monotonic_ms,
            facts_hash: self.known.facts_hash,
            full,
            facts,
            status,
            transitions,
            command_results: results,
            probe_plan_version: self.checks.plan_version(),
            checks: self.checks.take_newest(),
        })));
    }

    /// The oldest transitions, as many as one report may carry.
    fn transitions_on_board(&self) -> (Vec<Transition>, Option<TransitionKey>) {
        if self.hold_transitions {
            return (Vec::new(), None);
        }
        let mut bytes = 0;
        let mut through = None;
        let mut transitions = Vec::new();
        for record in self.pending.iter().take(TRANSITIONS_MAX) {
            let Some(transition) = self.as_reported(record) else {
                continue;
            };
            // Tag and length take at most four bytes.
            bytes += transition.encoded_len() + 4;
            if bytes > TRANSITIONS_BYTES_MAX {
                break;
            }
            through = record.key();
            transitions.push(transition);
        }
        (transitions, through)
    }

    fn as_reported(&self, record: &Record) -> Option<Transition> {
        let mut transition = record.transition.clone()?;
        transition.earlier_boot = record.boot_id != self.run.boot_id;
        if transition.run_id == self.run.run_id {
            transition.run_id = 0;
        }
        Some(transition)
    }
}
