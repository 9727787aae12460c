//! Engines against a model server that follows the contract, in virtual time.

mod any_order;
mod checks;
mod identity;
mod pace;
mod reports;
mod throughput;

use std::collections::{BTreeMap, BTreeSet};

use gigafleet_proto::v1::{
    Battery, CheckError, CheckInOutcome, Command, LinkKind, Memory as MemoryUse, NetworkCheck, ProbePlan, ProbeTarget,
    Storage, Wifi,
};
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
    plan: Option<ProbePlan>,
    /// Transitions in the order in which they were told, each once.
    told: Vec<Transition>,
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
            if earlier.is_none() {
                self.told.push(transition.clone());
            }
        }
        for result in &request.command_results {
            self.commands.retain(|command| command.command_id != result.command_id);
            self.results.entry(result.command_id.clone()).or_default().push(result.outcome);
        }
        let mut response = self.answer(CheckInOutcome::Applied);
        response.send_full_report = self.wants_full || self.hash != request.facts_hash;
        response.probe_plan = self.plan.clone().filter(|plan| plan.version != request.probe_plan_version);
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
            probe_plan: None,
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
    take(&mut known.network, &news.network);
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
    config: EngineConfig,
    /// What a check gives where it is not OK.
    broken: BTreeMap<(NetworkLayer, u32), (CheckOutcome, CheckError)>,
    /// Rounds and when they began.
    rounds: Vec<(u64, Round)>,
    /// Rounds do not end.
    rounds_hang: bool,
    /// Tests of throughput that were begun.
    tests: Vec<ThroughputTest>,
}

impl Device {
    fn new(config: EngineConfig) -> Self {
        let now = Now { monotonic_ms: 50_000, wall_ms: START_MS };
        let run = Run { run_id: 1, boot_id: [1; 16] };
        let mut device = Self {
            engine: Engine::new(config.clone(), Memory::default(), run, 1),
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
            config,
            broken: BTreeMap::new(),
            rounds: Vec::new(),
            rounds_hang: false,
            tests: Vec::new(),
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
        self.engine = Engine::new(self.config.clone(), self.store.memory(), run, self.runs);
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
            Effect::Check(round) => {
                let event = Event::Checked { number: round.number, results: self.check(&round) };
                self.rounds.push((self.now.monotonic_ms, round));
                return (!self.rounds_hang).then_some(event);
            }
            Effect::Test { test, .. } => self.tests.push(test),
        }
        None
    }

    /// Checks as [`crate::checks`] does: nothing behind a broken layer, names apart.
    fn check(&self, round: &Round) -> Vec<CheckResult> {
        use NetworkLayer::{Address, Dns, Gateway, Link, Server};
        let mut results = Vec::new();
        let layers = [Link, Address, Gateway, Dns, Server].map(|layer| (layer, 0));
        let targets = round.plan.targets.iter().map(|target| (target.layer(), target.number));
        for (layer, target) in layers.into_iter().chain(targets).filter(|(layer, _)| *layer >= round.from) {
            let fallback = (CheckOutcome::Ok, CheckError::Unspecified);
            let (outcome, error) = self.broken.get(&(layer, target)).copied().unwrap_or(fallback);
            let latency_us = if outcome == CheckOutcome::Failed { 0 } else { 1_000 };
            let (layer_number, outcome_number) = (layer.into(), outcome.into());
            let check =
                NetworkCheck { layer: layer_number, target, outcome: outcome_number, error: error.into(), latency_us };
            results.push(CheckResult { check, at: self.now });
            if outcome == CheckOutcome::Failed && layer < Dns {
                break;
            }
        }
        results
    }

    fn breaks(&mut self, layer: NetworkLayer, error: CheckError) {
        self.broken.insert((layer, 0), (CheckOutcome::Failed, error));
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
        network: None,
    }
}

fn acknowledged(device: &mut Device, server: &mut Server) -> CheckInRequest {
    let (request, response) = device.exchange(server);
    assert_eq!(response.outcome(), CheckInOutcome::Applied);
    request
}
