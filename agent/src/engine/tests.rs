//! Engines against a model server that follows the contract, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use gigafleet_proto::v1::{
    Battery, CheckInOutcome, Command, CommandKind, CommandOutcome, Memory as MemoryUse, Storage,
};
use proptest::prelude::*;
use prost::Message as _;

use super::{
    report::{battery_counts, boot_counts, memory_counts, storage_counts, wifi_counts},
    *,
};
use crate::spool::{MemoryStore, Store as _};

const START_MS: u64 = 1_795_420_800_000;

/// A server that keeps to the comments of `agent_service.proto`.
#[derive(Default)]
struct Server {
    newest: u64,
    run_id: u64,
    state: (Facts, Status),
    hash: u32,
    stored: BTreeMap<(u64, u64), TransitionKind>,
    commands: Vec<Command>,
    results: BTreeMap<Vec<u8>, Vec<i32>>,
    /// A full report has been asked for and has not come yet. It lasts, because the answer that asks may be lost.
    wants_full: bool,
    fork_next: bool,
}

impl Server {
    fn check_in(&mut self, request: &CheckInRequest) -> CheckInResponse {
        if std::mem::take(&mut self.fork_next) {
            return self.answer(CheckInOutcome::Forked);
        }
        if request.sequence <= self.newest {
            let same_run = request.run_id == self.run_id;
            let behind = if same_run { CheckInOutcome::Duplicate } else { CheckInOutcome::Behind };
            return self.answer(behind);
        }
        self.wants_full |= request.base_sequence > self.newest;
        self.wants_full &= !request.full;
        self.newest = request.sequence;
        self.run_id = request.run_id;
        if let Some(facts) = &request.facts {
            self.state.0 = facts.clone();
            self.hash = request.facts_hash;
        }
        if let Some(status) = &request.status {
            merge(&mut self.state.1, status);
        }
        for transition in &request.transitions {
            let run_id = if transition.run_id == 0 { request.run_id } else { transition.run_id };
            let earlier = self.stored.insert((run_id, transition.number), transition.kind());
            assert!(earlier.is_none_or(|kind| kind == transition.kind()), "one name, two transitions");
        }
        for result in &request.command_results {
            self.commands.retain(|command| command.command_id != result.command_id);
            self.results.entry(result.command_id.clone()).or_default().push(result.outcome);
        }
        let mut response = self.answer(CheckInOutcome::Applied);
        response.send_full_report = self.wants_full || self.hash != request.facts_hash;
        response
    }

    fn answer(&self, outcome: CheckInOutcome) -> CheckInResponse {
        CheckInResponse {
            acknowledged_sequence: self.newest,
            next_checkin_delay_ms: 60_000,
            outcome: outcome.into(),
            send_full_report: false,
            commands: self.commands.clone(),
            server_time_ms: 0,
        }
    }

    /// A backup is restored: the server knows less than it acknowledged.
    fn restore(&mut self, backup: (u64, (Facts, Status), u32)) {
        (self.newest, self.state, self.hash) = backup;
    }
}

fn merge(known: &mut Status, news: &Status) {
    fn take<V: Clone>(known: &mut Option<V>, news: &Option<V>) {
        if news.is_some() {
            known.clone_from(news);
        }
    }
    take(&mut known.battery, &news.battery);
    take(&mut known.storage, &news.storage);
    take(&mut known.memory, &news.memory);
    take(&mut known.boot, &news.boot);
    take(&mut known.wifi, &news.wifi);
}

/// A device that executes effects in virtual time.
struct Device {
    engine: Engine,
    store: MemoryStore,
    now: Now,
    facts: Facts,
    status: Status,
    timer_ms: u64,
    flight: Option<CheckInRequest>,
    renewal: Option<bool>,
    runs: u64,
    recorded: BTreeSet<(u64, u64)>,
    persisted: u64,
    certificate: Vec<Effect>,
}

impl Device {
    fn new(config: EngineConfig) -> Self {
        let now = Now { monotonic_ms: 50_000, wall_ms: START_MS };
        let run = Run { run_id: 1, boot_id: [1; 16] };
        let mut device = Self {
            engine: Engine::new(config, Memory::default(), run, 1),
            store: MemoryStore::default(),
            now,
            facts: facts(1),
            status: status(80, 50, true),
            timer_ms: u64::MAX,
            flight: None,
            renewal: None,
            runs: 1,
            recorded: BTreeSet::new(),
            persisted: 0,
            certificate: Vec::new(),
        };
        device.start();
        device
    }

    fn start(&mut self) {
        let (facts, status) = (self.facts.clone(), self.status.clone());
        self.feed(Event::Started { facts, status });
    }

    /// The process ends and starts again, maybe in a new boot.
    fn restart(&mut self, reboot: bool) {
        self.runs += 1;
        let mut run = Run { run_id: self.runs, boot_id: self.engine.run.boot_id };
        if reboot {
            run.boot_id = [self.runs as u8; 16];
            self.now.monotonic_ms = 9_000;
        }
        (self.flight, self.renewal, self.timer_ms) = (None, None, u64::MAX);
        self.engine = Engine::new(EngineConfig::default(), self.store.memory(), run, self.runs);
        self.start();
    }

    fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.engine.handle(self.now, event) {
                events.extend(self.execute(effect));
            }
            assert!(self.engine.pending.len() <= TRANSITIONS_MAX);
        }
    }

    fn execute(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Send(request) => {
                assert!(self.flight.is_none(), "two reports in flight");
                assert!(request.sequence <= self.store.memory().reserved_sequence, "number was not reserved");
                assert!(request.encoded_len() <= 64 * 1024 && request.transitions.len() <= TRANSITIONS_MAX);
                self.flight = Some(*request);
            }
            Effect::SetTimer { at_monotonic_ms } => self.timer_ms = at_monotonic_ms,
            Effect::Observe { facts } => {
                let facts = facts.then(|| self.facts.clone());
                return Some(Event::Observed { facts, status: self.status.clone() });
            }
            Effect::Persist(memory) => {
                self.persisted += 1;
                self.store.persist(&memory).unwrap();
            }
            Effect::Append(record) => {
                let key = record.key().unwrap();
                assert!(self.recorded.insert((key.run_id, key.number)), "a name was given twice");
                let count = self.store.append(&record);
                return (count > 0).then_some(Event::Dropped { count });
            }
            Effect::Load => {
                let records = self.store.oldest(TRANSITIONS_MAX);
                let beyond = self.store.depth().records - records.len() as u64;
                return Some(Event::Loaded { records, beyond });
            }
            Effect::Trim { through } => self.store.trim(through),
            Effect::Renew { separate_identity } => {
                assert!(self.flight.is_none() && self.renewal.is_none());
                self.renewal = Some(separate_identity);
            }
            effect @ (Effect::UseCandidate | Effect::ConfirmCandidate | Effect::DropCandidate) => {
                self.certificate.push(effect);
            }
        }
        None
    }

    fn advance(&mut self, by_ms: u64) {
        self.now.monotonic_ms += by_ms;
        self.now.wall_ms += by_ms;
    }

    /// Lets time pass until the timer fires; nothing to do while an answer is awaited.
    fn wait(&mut self) {
        let by_ms = self.timer_ms.saturating_sub(self.now.monotonic_ms);
        assert!(by_ms <= 24 * 3_600_000, "no timer is set");
        self.advance(by_ms);
        self.timer_ms = u64::MAX;
        self.feed(Event::TimerFired);
    }

    fn report(&mut self) -> CheckInRequest {
        while self.flight.is_none() {
            assert!(self.renewal.is_none(), "a renewal is under way");
            self.wait();
        }
        self.flight.take().unwrap()
    }

    fn answer(&mut self, request: &CheckInRequest, response: CheckInResponse) {
        self.feed(Event::Answered { sequence: request.sequence, response });
    }

    fn fail(&mut self, request: &CheckInRequest, kind: FailureKind) {
        self.fail_with(request, kind, None);
    }

    fn fail_with(&mut self, request: &CheckInRequest, kind: FailureKind, retry_after_ms: Option<u64>) {
        let failure = Failure { kind, retry_after_ms, message: String::new() };
        self.feed(Event::Failed { sequence: request.sequence, failure });
    }

    fn exchange(&mut self, server: &mut Server) -> (CheckInRequest, CheckInResponse) {
        let request = self.report();
        let response = server.check_in(&request);
        self.answer(&request, response.clone());
        (request, response)
    }

    fn renew(&mut self, separate: bool) {
        while self.renewal.is_none() {
            self.wait();
        }
        self.renewal = None;
        let times = CertificateTimes { renew_after_ms: self.now.wall_ms + 1_000_000_000, not_after_ms: u64::MAX };
        let CertificateTimes { renew_after_ms, not_after_ms } = times;
        self.feed(Event::CertificateChanged { renew_after_ms, not_after_ms, separate });
    }

    /// Whether the server's picture differs from the device in nothing that counts.
    fn is_known_to(&self, server: &Server) -> bool {
        let mut now = self.status.clone();
        now.boot.get_or_insert_default().boot_count = Some(self.engine.memory.boot_count);
        let (facts, known) = server.state.clone();
        let storage_bytes = self.facts.storage_bytes;
        facts == self.facts
            && !battery_counts(&known.battery.unwrap_or_default(), &now.battery.unwrap_or_default())
            && !memory_counts(&known.memory.unwrap_or_default(), &now.memory.unwrap_or_default())
            && !boot_counts(&known.boot.unwrap_or_default(), &now.boot.unwrap_or_default())
            && !wifi_counts(&known.wifi.unwrap_or_default(), &now.wifi.unwrap_or_default())
            && !storage_counts(&known.storage.unwrap_or_default(), &now.storage.unwrap_or_default(), storage_bytes)
    }
}

fn facts(version: u32) -> Facts {
    let storage_bytes = Some(64_000_000_000);
    Facts { os_version: Some(version.to_string()), storage_bytes, ..Facts::default() }
}

fn status(charge: u32, used: u32, wifi: bool) -> Status {
    let network =
        Wifi { ssid: Some("gakko".to_owned()), bssid: Some(vec![2; 6]), rssi_dbm: Some(-60), ..Wifi::default() };
    Status {
        battery: Some(Battery { charge_percent: Some(charge), ..Battery::default() }),
        storage: Some(Storage { free_bytes: Some(32_000_000_000) }),
        memory: Some(MemoryUse { used_percent: Some(used), stall_percent: Some(0) }),
        boot: None,
        wifi: Some(if wifi { network } else { Wifi::default() }),
    }
}

fn acknowledged(device: &mut Device, server: &mut Server) -> CheckInRequest {
    let (request, response) = device.exchange(server);
    assert_eq!(response.outcome(), CheckInOutcome::Applied);
    request
}

#[test]
fn first_report_of_a_run_is_full_and_heartbeats_are_small() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let first = acknowledged(&mut device, &mut server);
    let parts = first.status.clone().unwrap();
    assert!(first.full && first.facts.is_some() && first.boot_id == [1; 16]);
    assert!(parts.battery.is_some() && parts.storage.is_some() && parts.memory.is_some());
    assert!(parts.boot.is_some() && parts.wifi.is_some());
    let kinds: Vec<_> = first.transitions.iter().map(Transition::kind).collect();
    use TransitionKind::{AgentStarted, DeviceBooted, NetworkJoined};
    assert_eq!(kinds, [DeviceBooted, AgentStarted, NetworkJoined]);
    assert!(first.transitions.iter().all(|transition| transition.run_id == 0 && !transition.earlier_boot));
    let heartbeat = acknowledged(&mut device, &mut server);
    assert!(!heartbeat.full && heartbeat.facts.is_none() && heartbeat.status.is_none());
    assert!(heartbeat.encoded_len() <= 60, "{} bytes", heartbeat.encoded_len());
    assert_eq!(heartbeat.base_sequence, first.sequence);
}

#[test]
fn changes_below_the_thresholds_are_not_sent() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    device.status = status(76, 59, true);
    device.status.storage = Some(Storage { free_bytes: Some(32_500_000_000) });
    device.status.wifi.as_mut().unwrap().rssi_dbm = Some(-64);
    assert_eq!(acknowledged(&mut device, &mut server).status, None);
    device.status = status(75, 60, true);
    device.status.storage = Some(Storage { free_bytes: Some(31_000_000_000) });
    device.status.wifi.as_mut().unwrap().rssi_dbm = Some(-65);
    let changed = acknowledged(&mut device, &mut server);
    assert!(changed.encoded_len() <= 200);
    let sent = changed.status.unwrap();
    assert!(sent.battery.is_some() && sent.storage.is_some() && sent.memory.is_some() && sent.wifi.is_some());
    assert!(sent.boot.is_none());
}

#[test]
fn value_that_went_and_came_back_over_a_lost_answer_is_sent_again() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    device.status = status(40, 50, true);
    let lost = device.report();
    server.check_in(&lost);
    device.fail(&lost, FailureKind::Unreachable);
    device.status = status(80, 50, true);
    let next = acknowledged(&mut device, &mut server);
    assert_eq!(next.status.unwrap().battery.unwrap().charge_percent, Some(80));
    assert!(next.sequence > lost.sequence);
    assert!(device.is_known_to(&server));
}

#[test]
fn sequence_survives_power_loss_and_is_written_once_in_64() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let mut newest = 0;
    for _ in 0..640 {
        newest = acknowledged(&mut device, &mut server).sequence;
    }
    assert!(device.persisted <= 15, "{} writes", device.persisted);
    device.restart(true);
    assert!(acknowledged(&mut device, &mut server).sequence > newest);
}

#[test]
fn restored_image_goes_on_behind_what_the_server_knows() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.newest = 5_000;
    device.restart(false);
    let (_, behind) = device.exchange(&mut server);
    assert_eq!(behind.outcome(), CheckInOutcome::Behind);
    let before_ms = device.now.monotonic_ms;
    let next = acknowledged(&mut device, &mut server);
    assert!(next.sequence > 5_000 && next.full && next.base_sequence == 5_000);
    assert!(device.now.monotonic_ms - before_ms <= 2_000);
    assert!(device.is_known_to(&server));
}

#[test]
fn clone_that_reports_on_is_overtaken() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.newest = 5_000;
    device.restart(false);
    for twin_reports in [100, 100] {
        assert_eq!(device.exchange(&mut server).1.outcome(), CheckInOutcome::Behind);
        server.newest += twin_reports;
    }
    assert!(acknowledged(&mut device, &mut server).sequence > 5_200, "the second leap is longer than the first");
}

#[test]
fn forked_identity_is_separated_and_reported_in_full() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.fork_next = true;
    device.exchange(&mut server);
    device.renew(true);
    let mut fresh = Server::default();
    let report = acknowledged(&mut device, &mut fresh);
    assert!(report.full && report.base_sequence == 0);
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

#[test]
fn certificate_is_renewed_in_time_and_kept_when_the_new_one_is_refused() {
    let certificate = CertificateTimes { renew_after_ms: START_MS + 1_000_000, not_after_ms: START_MS + 2_000_000 };
    let (mut device, mut server) =
        (Device::new(EngineConfig { certificate, ..EngineConfig::default() }), Server::default());
    report_until_renewal(&mut device, &mut server);
    device.renew(false);
    assert!(device.now.wall_ms >= certificate.renew_after_ms && device.now.wall_ms < certificate.not_after_ms);
    let refused = device.report();
    device.fail(&refused, FailureKind::Unauthenticated);
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::DropCandidate]);
    acknowledged(&mut device, &mut server);
    report_until_renewal(&mut device, &mut server);
    device.renew(false);
    let unanswered = device.report();
    device.fail(&unanswered, FailureKind::Unreachable);
    acknowledged(&mut device, &mut server);
    assert_eq!(device.certificate[2..], [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

fn report_until_renewal(device: &mut Device, server: &mut Server) {
    while device.renewal.is_none() {
        device.wait();
        if let Some(request) = device.flight.take() {
            let response = server.check_in(&request);
            device.answer(&request, response);
        }
    }
}

#[test]
fn candidate_of_an_earlier_run_is_tried_first() {
    let candidate = Some(CertificateTimes { renew_after_ms: u64::MAX, not_after_ms: u64::MAX });
    let mut device = Device::new(EngineConfig { candidate, ..EngineConfig::default() });
    acknowledged(&mut device, &mut Server::default());
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

#[test]
fn commands_are_answered_once_each_and_done_once() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    let command = |id: u8, kind: i32| Command { command_id: vec![id; 16], kind };
    server.commands =
        vec![command(1, CommandKind::SendFullReport.into()), command(2, 99), Command { command_id: vec![3], kind: 1 }];
    acknowledged(&mut device, &mut server);
    device.facts = facts(2);
    // The answer to the results is lost, so they are sent again.
    let lost = device.report();
    assert!(lost.full && lost.facts.as_ref() == Some(&device.facts));
    device.fail(&lost, FailureKind::Unreachable);
    let again = acknowledged(&mut device, &mut server);
    assert_eq!(again.command_results, lost.command_results);
    assert_eq!(server.results[&vec![1; 16]], [i32::from(CommandOutcome::Done)]);
    assert_eq!(server.results[&vec![2; 16]], [i32::from(CommandOutcome::Unsupported)]);
    // A repeat after a restart is answered from memory.
    server.commands = vec![command(1, CommandKind::SendFullReport.into())];
    device.restart(false);
    acknowledged(&mut device, &mut server);
    let repeat = acknowledged(&mut device, &mut server);
    assert!(!repeat.full && repeat.command_results.len() == 1);
}

#[test]
fn renewal_on_command_says_how_it_ended() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for (id, outcome) in [(1, CommandOutcome::Failed), (2, CommandOutcome::Done)] {
        server.commands = vec![Command { command_id: vec![id; 16], kind: CommandKind::RenewCertificate.into() }];
        acknowledged(&mut device, &mut server);
        if outcome == CommandOutcome::Done {
            device.renew(false);
        } else {
            while device.renewal.is_none() {
                device.wait();
            }
            device.renewal = None;
            let failure = Failure { kind: FailureKind::Busy, retry_after_ms: None, message: String::new() };
            device.feed(Event::RenewalFailed { failure });
        }
        acknowledged(&mut device, &mut server);
        acknowledged(&mut device, &mut server);
        assert_eq!(server.results[&vec![id; 16]], [i32::from(outcome)]);
    }
}

#[test]
fn report_refused_as_invalid_is_followed_by_one_without_transitions() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let refused = device.report();
    device.fail(&refused, FailureKind::Invalid);
    let next = acknowledged(&mut device, &mut server);
    assert!(!refused.transitions.is_empty() && next.transitions.is_empty());
    assert!(!acknowledged(&mut device, &mut server).transitions.is_empty());
}

#[test]
fn days_without_a_server_cost_no_memory_and_are_told_afterwards() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for round in 0..20_000 {
        device.status = status(80, 50, round % 2 == 0);
        device.wait();
        if let Some(request) = device.flight.take() {
            device.fail(&request, FailureKind::Unreachable);
        }
    }
    let depth = device.store.depth();
    assert!(depth.bytes <= crate::spool::SPOOL_BYTES_DEFAULT && depth.records > 256);
    let mut reports = 0;
    while device.store.depth().records > 0 {
        let before_ms = device.now.monotonic_ms;
        let request = acknowledged(&mut device, &mut server);
        assert!(reports == 0 || device.now.monotonic_ms - before_ms <= 2_000 || request.transitions.len() < 256);
        reports += 1;
        assert!(reports < 100);
    }
    let kinds: BTreeSet<_> = server.stored.values().map(|kind| kind.as_str_name()).collect();
    assert!(kinds.contains("TRANSITION_KIND_TRANSITIONS_DROPPED"));
    assert!(kinds.contains("TRANSITION_KIND_SERVER_FOUND"));
    assert!(device.is_known_to(&server));
}

#[test]
fn network_power_clock_and_boot_leave_transitions() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    device.status.battery.as_mut().unwrap().charging = Some(false);
    acknowledged(&mut device, &mut server);
    let charging = |device: &mut Device, on| device.status.battery.as_mut().unwrap().charging = Some(on);
    charging(&mut device, false);
    acknowledged(&mut device, &mut server);
    device.status.wifi = Some(Wifi::default());
    charging(&mut device, true);
    acknowledged(&mut device, &mut server);
    device.now.wall_ms -= 3_600_000;
    charging(&mut device, false);
    acknowledged(&mut device, &mut server);
    let away = device.report();
    device.fail(&away, FailureKind::Unreachable);
    acknowledged(&mut device, &mut server);
    device.restart(true);
    acknowledged(&mut device, &mut server);
    let kinds: Vec<_> = server.stored.values().copied().collect();
    use TransitionKind as Kind;
    for kind in [
        Kind::NetworkJoined,
        Kind::NetworkLeft,
        Kind::PowerConnected,
        Kind::PowerDisconnected,
        Kind::ClockStepped,
        Kind::ServerLost,
        Kind::ServerFound,
        Kind::DeviceBooted,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is missing");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::AgentStarted).count(), 2);
}

#[test]
fn transitions_of_an_earlier_boot_say_so() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    device.restart(true);
    let report = acknowledged(&mut device, &mut server);
    let early: Vec<_> = report.transitions.iter().filter(|transition| transition.run_id == 1).collect();
    assert_eq!(early.len(), 3);
    assert!(early.iter().all(|transition| transition.earlier_boot));
    assert!(report.transitions.iter().filter(|late| late.run_id == 0).all(|late| !late.earlier_boot));
    assert_eq!(report.status.unwrap().boot.unwrap().boot_count, Some(2));
}

#[test]
fn server_sets_the_pace_and_a_retry_waits_as_long_as_it_asked() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for _ in 0..50 {
        let before_ms = device.now.monotonic_ms;
        acknowledged(&mut device, &mut server);
        assert!((54_000..=66_001).contains(&(device.now.monotonic_ms - before_ms)));
    }
    for _ in 0..20 {
        let refused = device.report();
        let before_ms = device.now.monotonic_ms;
        device.fail_with(&refused, FailureKind::Busy, Some(700_000));
        let next = device.report();
        assert!((700_000..=1_050_000).contains(&(device.now.monotonic_ms - before_ms)));
        let response = server.check_in(&next);
        device.answer(&next, response);
    }
}

/// 20,000 agents lose their server in the same second; it comes back after ten minutes.
#[test]
fn retries_of_a_fleet_are_spread() {
    const AGENTS: u64 = 20_000;
    const AWAY_MS: u64 = 600_000;
    let failure = Failure { kind: FailureKind::Unreachable, retry_after_ms: None, message: String::new() };
    let mut per_second = vec![0u64; 1_300];
    for seed in 0..AGENTS {
        let memory = Memory { boot_id: vec![1; 16], ..Memory::default() };
        let config = EngineConfig { first_delay_ms: 1, observe_interval_ms: 1 << 40, ..EngineConfig::default() };
        let mut engine = Engine::new(config, memory, Run { run_id: 1, boot_id: [1; 16] }, seed);
        let started = Event::Started { facts: Facts::default(), status: Status::default() };
        let (mut now, mut attempts, mut timer_ms) = (Now::default(), 0, 0);
        let mut events = VecDeque::from([started]);
        while now.monotonic_ms < AWAY_MS * 2 {
            let event = events.pop_front().unwrap_or_else(|| {
                now = Now { monotonic_ms: timer_ms, wall_ms: timer_ms };
                Event::TimerFired
            });
            for effect in engine.handle(now, event) {
                match effect {
                    Effect::SetTimer { at_monotonic_ms } => timer_ms = at_monotonic_ms,
                    Effect::Observe { .. } => {
                        events.push_back(Event::Observed { facts: None, status: Status::default() });
                    }
                    Effect::Send(request) => {
                        attempts += 1;
                        // The first attempt and the first retry set the stage.
                        if attempts > 2 && now.monotonic_ms < AWAY_MS * 2 {
                            per_second[(now.monotonic_ms / 1_000) as usize] += 1;
                        }
                        events.push_back(Event::Failed { sequence: request.sequence, failure: failure.clone() });
                    }
                    _ => {}
                }
            }
        }
    }
    for window in [&per_second[..600], &per_second[600..1_200]] {
        let mean = window.iter().sum::<u64>() as f64 / window.len() as f64;
        let most = *window.iter().max().unwrap() as f64;
        assert!(most / mean <= 3.0, "at most {most} in a second, {mean} on average");
    }
}

/// What can happen to a device and its server.
#[derive(Debug, Clone)]
enum Step {
    Change { charge: u32, used: u32, wifi: bool, version: u32 },
    Deliver,
    LoseRequest,
    LoseAnswer,
    DeliverTwice,
    Restart { reboot: bool },
    Observe,
    Behind,
    Fork,
    AskForFull,
    Backup,
    Restore,
    SetClock,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..20u32, 0..10u32, any::<bool>(), 0..3u32).prop_map(|(charge, used, wifi, version)| Step::Change {
            charge: charge * 5,
            used: used * 10,
            wifi,
            version,
        }),
        4 => Just(Step::Deliver),
        2 => Just(Step::LoseRequest),
        2 => Just(Step::LoseAnswer),
        1 => Just(Step::DeliverTwice),
        1 => any::<bool>().prop_map(|reboot| Step::Restart { reboot }),
        2 => Just(Step::Observe),
        1 => Just(Step::Behind),
        1 => Just(Step::Fork),
        1 => Just(Step::AskForFull),
        1 => Just(Step::Backup),
        1 => Just(Step::Restore),
        1 => Just(Step::SetClock),
    ];
    prop::collection::vec(step, 1..60)
}

/// Lets the device report, through a renewal if one is due.
fn any_report(device: &mut Device, server: &mut Server) -> CheckInRequest {
    loop {
        if device.flight.is_some() {
            return device.flight.take().unwrap();
        }
        if let Some(separate) = device.renewal {
            device.renew(separate);
            if separate {
                // The new identity has no reports; what was stored under the old one stays stored.
                (server.newest, server.run_id, server.hash) = (0, 0, 0);
                server.state = Default::default();
            }
            continue;
        }
        device.wait();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_server_ends_with_the_device_and_each_transition_once(steps in steps()) {
        let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
        let mut backup = None;
        for step in steps {
            match step {
                Step::Change { charge, used, wifi, version } => {
                    device.status = status(charge, used, wifi);
                    device.facts = facts(version);
                }
                Step::Observe => device.feed(Event::Observed { facts: None, status: device.status.clone() }),
                Step::Deliver => {
                    let request = any_report(&mut device, &mut server);
                    let response = server.check_in(&request);
                    device.answer(&request, response);
                }
                Step::LoseRequest => {
                    let request = any_report(&mut device, &mut server);
                    device.fail(&request, FailureKind::Unreachable);
                }
                Step::LoseAnswer => {
                    let request = any_report(&mut device, &mut server);
                    server.check_in(&request);
                    device.fail(&request, FailureKind::Unreachable);
                }
                Step::DeliverTwice => {
                    let request = any_report(&mut device, &mut server);
                    server.check_in(&request);
                    let repeat = server.check_in(&request);
                    device.answer(&request, repeat.clone());
                    device.answer(&request, repeat);
                }
                Step::Restart { reboot } => device.restart(reboot),
                Step::Behind => server.newest += 500,
                Step::Fork => server.fork_next = true,
                Step::AskForFull => server.wants_full = true,
                Step::Backup => backup = Some((server.newest, server.state.clone(), server.hash)),
                Step::Restore => if let Some(backup) = backup.take() { server.restore(backup) },
                Step::SetClock => device.now.wall_ms += 1_000_000,
            }
        }
        // Quiet at the end: a few answered reports, the facts read anew at least once.
        device.advance(4_000_000);
        for _ in 0..8 {
            let request = any_report(&mut device, &mut server);
            let response = server.check_in(&request);
            device.answer(&request, response);
        }
        prop_assert!(device.is_known_to(&server), "{:?} is not {:?}", server.state, (&device.facts, &device.status));
        let stored: BTreeSet<_> = server.stored.keys().copied().collect();
        prop_assert_eq!(&device.recorded, &stored);
    }
}
