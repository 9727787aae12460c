//! Every decision of the agent: (state, event) → (state, effects). A real tablet and a simulated one share it.
//!
//! Invariants:
//! - No I/O, no clock, no async; randomness comes from the seed. The same events give the same effects.
//! - At most one report or renewal is under way. Each report takes a new sequence number, which is covered by a
//!   persisted reservation before it is sent.
//! - A part of the status is left out only if it equals what was acknowledged and no report in doubt carried it.
//! - Memory is bounded: at most [`TRANSITIONS_MAX`] transitions are held, the rest is counted and stays in the spool.
//! - Checks of the network run beside reports; no report waits for one.
//!
//! Deliberately not here: time-outs of calls (the runtime ends every call within one), the choice between HTTP/2 and
//! gRPC-Web (the transport's), files.

mod answers;
mod checks;
mod pace;
mod report;
#[cfg(test)]
mod tests;
mod throughput;

use std::collections::VecDeque;

use gigafleet_proto::v1::{
    CheckInRequest, CheckInResponse, CheckOutcome, CommandResult, Facts, Network, NetworkLayer, Status, ThroughputTest,
    Transition, TransitionKind,
};

pub use self::checks::{CHECKS_MAX, CheckMode, CheckResult, Round};
use self::{
    checks::{Checks, News},
    pace::Pace,
    report::Known,
    throughput::Testing,
};
use crate::spool::{Record, TransitionKey};

/// Most transitions in one report, and most that are held in memory.
pub const TRANSITIONS_MAX: usize = 256;
/// Most bytes of transitions in one report; the contract allows 64 KiB for the whole.
pub const TRANSITIONS_BYTES_MAX: usize = 60 * 1024;
/// Most command results in one report, and how many finished commands are remembered.
pub const COMMANDS_MAX: usize = 16;
/// How many sequence numbers one write of the memory reserves.
const SEQUENCE_BLOCK: u64 = 64;
/// A wall clock that moved further than this against the monotonic one was set, in milliseconds.
const CLOCK_STEP_MS: u64 = 2_000;

/// Both clocks of a device at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since boot, sleep included.
    pub monotonic_ms: u64,
    /// Milliseconds since the Unix epoch by the device's clock, which may be years off.
    pub wall_ms: u64,
}

/// One run of the agent's process within one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Drawn at random when the process started, never 0.
    pub run_id: u64,
    /// Identity of the running boot.
    pub boot_id: [u8; 16],
}

/// When a certificate is to be renewed and when it ends, in milliseconds since the Unix epoch by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CertificateTimes {
    /// From when on to renew it; 0 for never.
    pub renew_after_ms: u64,
    /// When it ends.
    pub not_after_ms: u64,
}

/// What can be set from outside. [`EngineConfig::default`] is what a tablet uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// The first report goes out at a random moment within this, in milliseconds.
    pub first_delay_ms: u64,
    /// Pace until the server has set one, in milliseconds.
    pub pace_ms: u64,
    /// Upper end of the first retry's window in milliseconds; a shorter pace shortens it.
    pub retry_base_ms: u64,
    /// Upper end of every retry's window, in milliseconds.
    pub retry_cap_ms: u64,
    /// How often the status is read between reports, in milliseconds.
    pub observe_interval_ms: u64,
    /// How often the facts are read anew, in milliseconds.
    pub facts_interval_ms: u64,
    /// Whether and how the network is checked.
    pub checks: CheckMode,
    /// Times of the certificate in use.
    pub certificate: CertificateTimes,
    /// Times of a candidate that an earlier run left unconfirmed. It is tried first, because the server may have seen it.
    pub candidate: Option<CertificateTimes>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            first_delay_ms: 10_000,
            pace_ms: 60_000,
            retry_base_ms: 60_000,
            retry_cap_ms: 600_000,
            observe_interval_ms: 20_000,
            facts_interval_ms: 3_600_000,
            checks: CheckMode::Off,
            certificate: CertificateTimes::default(),
            candidate: None,
        }
    }
}

/// What survives a restart of the process. Losing it loses no data: the server answers BEHIND and a full report follows.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Memory {
    /// No sequence number above this has been used.
    #[prost(uint64, tag = "1")]
    pub reserved_sequence: u64,
    /// Newest acknowledged sequence at the time of writing; it may be older than the truth.
    #[prost(uint64, tag = "2")]
    pub acknowledged_sequence: u64,
    /// Boot of the last run, 16 bytes; empty before the first.
    #[prost(bytes = "vec", tag = "3")]
    pub boot_id: Vec<u8>,
    /// Distinct boots seen.
    #[prost(uint32, tag = "4")]
    pub boot_count: u32,
    /// Server's clock when it was last known, in milliseconds since the Unix epoch; 0 for never.
    #[prost(uint64, tag = "5")]
    pub server_time_ms: u64,
    /// The last check-in failed.
    #[prost(bool, tag = "6")]
    pub server_away: bool,
    /// Commands that are done and how they ended, oldest first, at most [`COMMANDS_MAX`].
    #[prost(message, repeated, tag = "7")]
    pub finished_commands: Vec<CommandResult>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the engine decides by.
    pub kind: FailureKind,
    /// The server's wish, in milliseconds: not again before this.
    pub retry_after_ms: Option<u64>,
    /// For people: one line, no secrets.
    pub message: String,
}

/// Kinds of failure, by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection, or it broke, or the answer did not come in time.
    Unreachable,
    /// The TLS handshake failed because the server did not accept our certificate.
    Handshake,
    /// The server does not accept the certificate (UNAUTHENTICATED).
    Unauthenticated,
    /// The server knows the certificate and refuses it (PERMISSION_DENIED, NOT_FOUND).
    Refused,
    /// The server is there and asks for patience (RESOURCE_EXHAUSTED, UNAVAILABLE).
    Busy,
    /// The server does not accept this report (INVALID_ARGUMENT).
    Invalid,
    /// Anything else, also that the server's certificate is not to be trusted.
    Other,
}

impl FailureKind {
    /// Whether another certificate could change the answer.
    pub fn is_about_certificate(self) -> bool {
        match self {
            Self::Handshake | Self::Unauthenticated | Self::Refused => true,
            Self::Unreachable | Self::Busy | Self::Invalid | Self::Other => false,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The process runs; first event of every engine.
    Started {
        /// What the device is.
        facts: Facts,
        /// How it is.
        status: Status,
    },
    /// The device was read ([`Effect::Observe`]).
    Observed {
        /// What it is, if that was asked for.
        facts: Option<Facts>,
        /// How it is.
        status: Status,
    },
    /// The time of the last [`Effect::SetTimer`] has come.
    TimerFired,
    /// A report was answered.
    Answered {
        /// Sequence of the report.
        sequence: u64,
        /// The answer.
        response: CheckInResponse,
    },
    /// A report was not answered, or refused.
    Failed {
        /// Sequence of the report.
        sequence: u64,
        /// Why.
        failure: Failure,
    },
    /// [`Effect::Renew`] gave a new certificate; it is kept as the candidate.
    CertificateChanged {
        /// From when on to renew it, in milliseconds since the Unix epoch.
        renew_after_ms: u64,
        /// When it ends, in milliseconds since the Unix epoch.
        not_after_ms: u64,
        /// It names another device than before.
        separate: bool,
    },
    /// [`Effect::Renew`] failed.
    RenewalFailed {
        /// Why.
        failure: Failure,
    },
    /// The oldest transitions of the spool ([`Effect::Load`]).
    Loaded {
        /// Oldest first, at most [`TRANSITIONS_MAX`].
        records: Vec<Record>,
        /// How many more are in the spool.
        beyond: u64,
    },
    /// The spool gave up its oldest transitions to make room.
    Dropped {
        /// How many.
        count: u64,
    },
    /// A round of checks ended ([`Effect::Check`]).
    Checked {
        /// The round.
        number: u64,
        /// Its results in the order of the layers; none if it was cut short.
        results: Vec<CheckResult>,
    },
    /// A test of throughput ended ([`Effect::Test`]).
    Tested {
        /// What was measured towards the device and from it, in kbit/s; none if it failed.
        kbps: Option<(u32, u32)>,
    },
}

/// What the runtime shall do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Hand in this report; the answer comes as [`Event::Answered`] or [`Event::Failed`].
    Send(Box<CheckInRequest>),
    /// Wake the engine at this time; replaces the timer before.
    SetTimer {
        /// Milliseconds since boot.
        at_monotonic_ms: u64,
    },
    /// Read the device and report it as [`Event::Observed`].
    Observe {
        /// Read the facts too.
        facts: bool,
    },
    /// Write the memory so that it survives power loss.
    Persist(Memory),
    /// Append to the spool so that it survives power loss; tell [`Event::Dropped`] if that cost older ones.
    Append(Record),
    /// Read the oldest transitions of the spool and tell [`Event::Loaded`].
    Load,
    /// Everything up to and with this transition is stored by the server.
    Trim {
        /// The newest that is stored.
        through: TransitionKey,
    },
    /// Ask for a new certificate with a new key and keep it as the candidate.
    Renew {
        /// Ask for an identity of its own, because another device shares this one.
        separate_identity: bool,
    },
    /// Make calls with the candidate from now on.
    UseCandidate,
    /// The candidate has been used: it replaces the old certificate for good.
    ConfirmCandidate,
    /// The candidate was refused: forget it and go on with the old certificate.
    DropCandidate,
    /// Make these checks beside everything else and tell [`Event::Checked`]; what is left of an earlier round is not
    /// needed any more.
    Check(Round),
    /// Measure throughput beside everything else and tell [`Event::Tested`].
    Test {
        /// Names the test.
        command_id: Vec<u8>,
        /// How.
        test: ThroughputTest,
    },
}

/// What the engine waits for.
#[derive(Debug, Clone, PartialEq)]
enum Awaiting {
    Nothing,
    /// The device is being read for a report.
    Observation,
    Answer(Attempt),
    Renewal {
        separate: bool,
    },
}

/// A report under way.
#[derive(Debug, Clone, PartialEq)]
struct Attempt {
    sequence: u64,
    full: bool,
    /// The newest transition on board.
    through: Option<TransitionKey>,
    /// Transitions were left behind for lack of room.
    more_wait: bool,
    results: Vec<CommandResult>,
}

/// The decisions of one agent. See the module for the rules.
#[derive(Debug)]
pub struct Engine {
    memory: Memory,
    run: Run,
    pace: Pace,
    known: Known,
    awaiting: Awaiting,
    /// Sequence of the last attempt.
    sequence: u64,
    /// Number of the last transition of this run.
    transition_number: u64,
    pending: VecDeque<Record>,
    /// Transitions in the spool behind those in `pending`.
    beyond: u64,
    /// The next report goes without transitions, because the last was refused as invalid.
    hold_transitions: bool,
    full_needed: bool,
    results: Vec<CommandResult>,
    /// The command that asked for the renewal under way.
    renewal_command: Option<Vec<u8>>,
    /// Another device shares this identity: ask for one of its own.
    separation_wanted: bool,
    /// When to renew, by the server's clock; drawn once for each certificate.
    renew_at_ms: u64,
    /// The certificate that waits for its first answered report.
    candidate: Option<CertificateTimes>,
    network: Option<(Vec<u8>, Vec<u8>)>,
    external_power: Option<bool>,
    clock: Option<Now>,
    /// Server's clock minus ours, in milliseconds; absent before the first answer.
    server_offset_ms: Option<i64>,
    facts_wanted: bool,
    /// The window of transitions is to be read from the spool anew.
    load_wanted: bool,
    checks: Checks,
    /// The test of throughput under way.
    testing: Option<Testing>,
    /// A check was recorded that no report has carried.
    news_waits: bool,
    /// The last report failed because the server could not be reached, not because it asked for patience.
    unreachable: bool,
}

impl Engine {
    /// Makes the engine of one run. `memory` is what the run before persisted; `seed` decides all randomness.
    pub fn new(config: EngineConfig, memory: Memory, run: Run, seed: u64) -> Self {
        let mut pace = Pace::new(&config, seed);
        Self {
            renew_at_ms: pace.renewal_time(config.certificate),
            candidate: config.candidate,
            pace,
            known: Known::default(),
            awaiting: Awaiting::Nothing,
            sequence: memory.reserved_sequence,
            transition_number: 0,
            pending: VecDeque::new(),
            beyond: 0,
            hold_transitions: false,
            full_needed: true,
            results: Vec::new(),
            renewal_command: None,
            separation_wanted: false,
            network: None,
            external_power: None,
            clock: None,
            server_offset_ms: None,
            facts_wanted: false,
            load_wanted: false,
            checks: Checks::new(config.checks, seed),
            testing: None,
            news_waits: false,
            unreachable: false,
            memory,
            run,
        }
    }

    /// Takes one event and gives the effects to execute, in order.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.watch_clock(now, &mut effects);
        match event {
            Event::Started { facts, status } => self.start(now, facts, status, &mut effects),
            Event::Observed { facts, status } => self.observe(now, facts, status, &mut effects),
            Event::TimerFired => self.wake(now, &mut effects),
            Event::Answered { sequence, response } => self.answered(now, sequence, response, &mut effects),
            Event::Failed { sequence, failure } => self.failed(now, sequence, &failure, &mut effects),
            Event::CertificateChanged { renew_after_ms, not_after_ms, separate } => {
                let times = CertificateTimes { renew_after_ms, not_after_ms };
                self.certificate_changed(now, times, separate, &mut effects);
            }
            Event::RenewalFailed { failure } => self.renewal_failed(now, &failure, &mut effects),
            Event::Loaded { records, beyond } => {
                self.pending = records.into();
                self.beyond = beyond;
            }
            Event::Dropped { count } => {
                self.record(now, TransitionKind::TransitionsDropped, count, &mut effects);
                // What was dropped must not be held here either, or it would be reported both as lost and as found.
                self.load_wanted = true;
            }
            Event::Checked { number, results } => self.checked(now, number, &results, &mut effects),
            Event::Tested { kbps } => self.tested(now, kbps, &mut effects),
        }
        // Last, so that what was appended just now is in it.
        if std::mem::take(&mut self.load_wanted) {
            effects.push(Effect::Load);
        }
        let can_report = matches!(self.awaiting, Awaiting::Nothing);
        if let Some(at_monotonic_ms) = self.pace.timer(can_report, self.check_at_ms()) {
            effects.push(Effect::SetTimer { at_monotonic_ms });
        }
        effects
    }

    /// The server's clock now, in milliseconds since the Unix epoch; absent before the first answer.
    pub fn server_time_ms(&self, now: Now) -> Option<u64> {
        self.server_offset_ms.map(|offset_ms| now.wall_ms.saturating_add_signed(offset_ms))
    }

    /// Newest sequence that the server has acknowledged, 0 for none.
    pub fn acknowledged_sequence(&self) -> u64 {
        self.memory.acknowledged_sequence
    }

    /// Transitions that wait for an acknowledgement.
    pub fn waiting_transitions(&self) -> u64 {
        self.pending.len() as u64 + self.beyond
    }

    /// When the next round of checks begins: never (`u64::MAX`) while a test fills the line.
    fn check_at_ms(&self) -> u64 {
        if self.testing.is_some() { u64::MAX } else { self.checks.due_at_ms() }
    }

    fn start(&mut self, now: Now, facts: Facts, status: Status, effects: &mut Vec<Effect>) {
        let new_boot = self.memory.boot_id != self.run.boot_id;
        if new_boot {
            self.memory.boot_id = self.run.boot_id.to_vec();
            self.memory.boot_count = self.memory.boot_count.saturating_add(1);
            self.persist(now, effects);
        }
        self.load_wanted = true;
        if self.candidate.is_some() {
            effects.push(Effect::UseCandidate);
        }
        if new_boot {
            self.record(now, TransitionKind::DeviceBooted, 0, effects);
        }
        self.record(now, TransitionKind::AgentStarted, 0, effects);
        self.take_in(now, Some(facts), status, effects);
        self.pace.first_report(now);
        self.pace.observed(now, true);
        self.checks.start(now);
    }

    fn wake(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.pace.timer_fired();
        if self.testing.is_none() {
            effects.extend(self.checks.begin(now, self.memory.server_away).map(Effect::Check));
        }
        let facts = self.facts_wanted || self.pace.facts_due(now);
        if self.awaiting == Awaiting::Nothing && self.pace.report_due(now) {
            if let Some(separate_identity) = self.renewal_due(now) {
                self.awaiting = Awaiting::Renewal { separate: separate_identity };
                effects.push(Effect::Renew { separate_identity });
                return;
            }
            self.awaiting = Awaiting::Observation;
            effects.push(Effect::Observe { facts });
        } else if self.pace.observation_due(now) {
            effects.push(Effect::Observe { facts });
        }
    }

    fn observe(&mut self, now: Now, facts: Option<Facts>, status: Status, effects: &mut Vec<Effect>) {
        let with_facts = facts.is_some();
        if with_facts {
            self.facts_wanted = false;
        }
        self.take_in(now, facts, status, effects);
        self.pace.observed(now, with_facts);
        if self.awaiting == Awaiting::Observation {
            self.send_report(now, effects);
        }
    }

    /// Takes in what the device said of itself, and records the transitions that show in it.
    fn take_in(&mut self, now: Now, facts: Option<Facts>, mut status: Status, effects: &mut Vec<Effect>) {
        status.boot.get_or_insert_default().boot_count = Some(self.memory.boot_count);
        self.watch_network(now, &status, effects);
        self.checks.see(now, &status);
        self.watch_power(now, status.battery.as_ref().and_then(|battery| battery.charging), effects);
        self.known.observe(facts, status);
    }

    fn watch_network(&mut self, now: Now, status: &Status, effects: &mut Vec<Effect>) {
        let wifi = status.wifi.as_ref();
        let network = wifi
            .filter(|wifi| wifi.ssid.is_some() || wifi.bssid.is_some())
            .map(|wifi| (wifi.ssid.clone().unwrap_or_default().into_bytes(), wifi.bssid.clone().unwrap_or_default()));
        if network == self.network {
            return;
        }
        let transition = match network {
            Some(_) => Transition {
                kind: TransitionKind::NetworkJoined.into(),
                wifi: wifi.cloned(),
                network: status.network.clone().filter(|network| *network != Network::default()),
                ..Transition::default()
            },
            None => Transition { kind: TransitionKind::NetworkLeft.into(), ..Transition::default() },
        };
        self.network = network;
        self.append(now, transition, effects);
    }

    /// Takes in the results of a round and records what is news. Where the server can be reached, it is told soon.
    fn checked(&mut self, now: Now, number: u64, results: &[CheckResult], effects: &mut Vec<Effect>) {
        for News { check, at, network } in self.checks.take_in(now, number, results) {
            let server_answers = check.layer() == NetworkLayer::Server && check.outcome() != CheckOutcome::Failed;
            let kind = TransitionKind::NetworkChecked.into();
            let transition = Transition { kind, check: Some(check), network, ..Transition::default() };
            self.append(at, transition, effects);
            self.news_waits = true;
            // While the server is away its retries have their own pace; that it answers a check is a reason for one now.
            let can_be_reached = !self.memory.server_away || (self.unreachable && server_answers);
            if can_be_reached && self.awaiting == Awaiting::Nothing {
                self.pace.report_with_news(now);
            }
        }
    }

    fn watch_power(&mut self, now: Now, external: Option<bool>, effects: &mut Vec<Effect>) {
        match (self.external_power, external) {
            (Some(false), Some(true)) => self.record(now, TransitionKind::PowerConnected, 0, effects),
            (Some(true), Some(false)) => self.record(now, TransitionKind::PowerDisconnected, 0, effects),
            _ => {}
        }
        self.external_power = external.or(self.external_power);
    }

    fn watch_clock(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let before = self.clock.replace(now);
        let Some(before) = before else { return };
        let elapsed_ms = now.monotonic_ms.saturating_sub(before.monotonic_ms);
        let step_ms = now.wall_ms.abs_diff(before.wall_ms.saturating_add(elapsed_ms));
        if step_ms > CLOCK_STEP_MS {
            self.record(now, TransitionKind::ClockStepped, step_ms, effects);
            // What the server told of the difference was about the clock before the step.
            if let Some(offset_ms) = self.server_offset_ms {
                let moved_ms = now.wall_ms as i64 - before.wall_ms.saturating_add(elapsed_ms) as i64;
                self.server_offset_ms = Some(offset_ms.saturating_sub(moved_ms));
            }
        }
    }

    fn record(&mut self, now: Now, kind: TransitionKind, amount: u64, effects: &mut Vec<Effect>) {
        self.append(now, Transition { kind: kind.into(), amount, ..Transition::default() }, effects);
    }

    /// Names a transition that happened at this time, and keeps it until it is acknowledged.
    fn append(&mut self, at: Now, transition: Transition, effects: &mut Vec<Effect>) {
        self.transition_number += 1;
        let transition = Transition {
            number: self.transition_number,
            run_id: self.run.run_id,
            monotonic_ms: at.monotonic_ms,
            wall_time_ms: at.wall_ms,
            ..transition
        };
        let record = Record { transition: Some(transition), boot_id: self.run.boot_id.to_vec() };
        if self.beyond == 0 && self.pending.len() < TRANSITIONS_MAX {
            self.pending.push_back(record.clone());
        } else {
            self.beyond += 1;
        }
        effects.push(Effect::Append(record));
    }

    fn persist(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if let Some(server_time_ms) = self.server_time_ms(now) {
            self.memory.server_time_ms = server_time_ms;
        }
        effects.push(Effect::Persist(self.memory.clone()));
    }
}
