//! When to check the network, and what of it is news.
//!
//! Invariants:
//! - One round at a time. A round belongs to one plan and one place; what comes of an older one is not looked at.
//! - A result becomes a transition only if a later result confirms it; the transition carries the time of the first.
//! - What never was other than OK makes none. A new place, like a new run, begins with all well.
//! - At most [`STATES_MAX`] layers and targets are held, and at most [`CHECKS_MAX`] results wait for a report.
//!
//! Deliberately not here: how something is checked ([`crate::checks`]).

use std::sync::Arc;

use gigafleet_proto::v1::{
    CheckError, CheckOutcome, LinkKind, Network, NetworkCheck, NetworkLayer, ProbePlan, ProbeTarget, Status,
};

use super::Now;

/// Most results in one report.
pub const CHECKS_MAX: usize = 32;
/// Most targets of a plan.
const TARGETS_MAX: usize = 16;
/// The layers that every device tries, and the targets.
const STATES_MAX: usize = 5 + TARGETS_MAX;
/// Greatest number of a target.
const TARGET_NUMBER_MAX: u32 = 65_535;
/// Longest host of a target, in bytes.
const HOST_BYTES_MAX: usize = 253;
/// Most connections at once that a plan can ask for.
const CONNECTIONS_MAX: u32 = 512;
/// From one round of a probe to the next, in milliseconds, whatever the plan says.
const PROBE_INTERVAL_MS: u64 = 10_000;
/// From one trial of ports to the next, in milliseconds: it takes from the school what it measures.
const PORTS_INTERVAL_MS: u64 = 300_000;
/// A round at once begins within this, in milliseconds.
const SOON_MS: u64 = 3_000;
/// A round that gave nothing is made again within this, in milliseconds.
const AGAIN_MS: u64 = 15_000;
/// Shortest time from the end of one round to the next, in milliseconds.
const REST_MS: u64 = 1_000;
/// Confirmations in a row, before the next round of the plan is waited for.
const CONFIRMATIONS_MAX: u32 = 3;

/// Whether and how a device checks the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckMode {
    /// Not at all; the plan is kept only so that it is not sent again.
    #[default]
    Off,
    /// As a tablet: the layers and the services, at the pace of the plan.
    Device,
    /// As a school's probe: hops and ports too, every ten seconds.
    Probe,
}

/// One round of checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Names it in [`super::Event::Checked`].
    pub number: u64,
    /// Nothing before this layer is checked: the results of this round up to it are known.
    pub from: NetworkLayer,
    /// DNS is known to be broken, so that names are to be tried by their last known addresses.
    pub dns_is_broken: bool,
    /// What is checked, with every limit filled in and only the targets that this device tries.
    pub plan: Arc<ProbePlan>,
}

/// One result and when it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckResult {
    /// The result.
    pub check: NetworkCheck,
    /// By the device's clocks.
    pub at: Now,
}

/// A confirmed result that is another than before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct News {
    pub(super) check: NetworkCheck,
    /// When it was first seen.
    pub(super) at: Now,
    /// Where the device was then.
    pub(super) network: Option<Network>,
}

/// What is known of one layer or target.
#[derive(Debug, Clone, PartialEq)]
struct State {
    layer: NetworkLayer,
    target: u32,
    outcome: CheckOutcome,
    error: CheckError,
    /// A result that differs and waits to be confirmed.
    doubt: Option<News>,
}

/// Where the device is. What is not known differs from nothing.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    network: Network,
    ssid: Option<String>,
}

impl Place {
    fn of(status: &Status) -> Option<Self> {
        let network = status.network.clone().filter(|network| network.gateway.is_some() || network.link != 0)?;
        let ssid = status.wifi.as_ref().and_then(|wifi| wifi.ssid.clone()).filter(|_| network.link() == LinkKind::Wifi);
        Some(Self { network, ssid })
    }

    fn differs(&self, other: &Self) -> bool {
        fn differ<V: PartialEq>(one: Option<&V>, other: Option<&V>) -> bool {
            matches!((one, other), (Some(one), Some(other)) if one != other)
        }
        let (one, two) = (&self.network, &other.network);
        differ(one.gateway.as_ref(), two.gateway.as_ref())
            || differ(one.gateway_hash.as_ref(), two.gateway_hash.as_ref())
            || differ(self.ssid.as_ref(), other.ssid.as_ref())
            || one.link != two.link
    }

    /// The same place, seen again: what is not seen this time is kept.
    fn seen_again(&mut self, mut newer: Self) {
        newer.network.gateway_hash = newer.network.gateway_hash.or(self.network.gateway_hash.take());
        newer.ssid = newer.ssid.or(self.ssid.take());
        *self = newer;
    }
}

/// The checks of one run.
#[derive(Debug)]
pub(super) struct Checks {
    mode: CheckMode,
    random: fastrand::Rng,
    /// As the server sent it, checked; absent until it did.
    plan: Option<Arc<ProbePlan>>,
    /// Where the device was last; kept while it is nowhere.
    place: Option<Place>,
    states: Vec<State>,
    /// Number of the last round.
    number: u64,
    /// The round under way.
    under_way: Option<Round>,
    /// When the next whole round begins.
    round_at_ms: u64,
    /// When what differs is checked again, and from which layer on.
    confirm: Option<(u64, NetworkLayer)>,
    /// Confirmations since the last whole round.
    confirmations: u32,
    ports_at_ms: u64,
    /// The newest results that no report has carried.
    newest: Vec<NetworkCheck>,
}

impl Checks {
    pub(super) fn new(mode: CheckMode, seed: u64) -> Self {
        Self {
            mode,
            random: fastrand::Rng::with_seed(seed ^ 0x6368_6563_6b73),
            plan: None,
            place: None,
            states: Vec::new(),
            number: 0,
            under_way: None,
            round_at_ms: u64::MAX,
            confirm: None,
            confirmations: 0,
            ports_at_ms: 0,
            newest: Vec::new(),
        }
    }

    /// Whether and how this device checks.
    pub(super) fn mode(&self) -> CheckMode {
        self.mode
    }

    /// Version of the plan that is followed, 0 for none.
    pub(super) fn plan_version(&self) -> u32 {
        self.plan.as_ref().map_or(0, |plan| plan.version)
    }

    /// The results for the next report; each is given once.
    pub(super) fn take_newest(&mut self) -> Vec<NetworkCheck> {
        std::mem::take(&mut self.newest)
    }

    /// The process runs. A probe checks without a plan too.
    pub(super) fn start(&mut self, now: Now) {
        if self.mode == CheckMode::Probe {
            self.round_at_ms = now.monotonic_ms + self.below(PROBE_INTERVAL_MS);
        }
    }

    /// Follows another plan. The first round is at any moment of its interval, so that a fleet never checks all at once.
    pub(super) fn follow(&mut self, now: Now, plan: ProbePlan) {
        if plan.version == 0 || plan.version == self.plan_version() {
            return;
        }
        let plan = Arc::new(checked(plan));
        let before = self.plan.replace(plan.clone());
        let targets_before = before.as_ref().map_or(&[][..], |before| &before.targets);
        // A number may name another target now.
        self.states.retain(|state| {
            let target = |targets: &[ProbeTarget]| targets.iter().find(|target| target.number == state.target).cloned();
            state.target == 0 || target(targets_before) == target(&plan.targets)
        });
        self.newest.retain(|check| check.target == 0);
        self.under_way = None;
        if self.mode != CheckMode::Off {
            let interval_ms = self.interval_ms();
            self.round_at_ms = now.monotonic_ms + self.below(interval_ms);
        }
    }

    /// Takes in where the device is. Another place is another truth: what was known is forgotten.
    pub(super) fn see(&mut self, now: Now, status: &Status) {
        let Some(place) = Place::of(status) else { return };
        match &mut self.place {
            Some(before) if !before.differs(&place) => before.seen_again(place),
            Some(_) => {
                self.place = Some(place);
                self.states.clear();
                self.newest.clear();
                self.confirm = None;
                self.under_way = None;
                if self.round_at_ms != u64::MAX {
                    self.soon(now);
                }
            }
            None => self.place = Some(place),
        }
    }

    /// Begins the next whole round within seconds.
    pub(super) fn soon(&mut self, now: Now) {
        if self.mode != CheckMode::Off {
            let delay_ms = self.below(SOON_MS);
            self.round_at_ms = self.round_at_ms.min(now.monotonic_ms + delay_ms);
        }
    }

    /// When the next round begins; never (`u64::MAX`) while one is under way.
    pub(super) fn due_at_ms(&self) -> u64 {
        match self.under_way {
            Some(_) => u64::MAX,
            None => self.round_at_ms.min(self.confirm.map_or(u64::MAX, |(at_ms, _)| at_ms)),
        }
    }

    /// Begins a round if one is due. Without a plan there are rounds only while the server is away or something is wrong.
    pub(super) fn begin(&mut self, now: Now, server_is_away: bool) -> Option<Round> {
        if now.monotonic_ms < self.due_at_ms() {
            return None;
        }
        let confirm = self.confirm.take();
        let from = match confirm {
            Some((_, from)) if now.monotonic_ms < self.round_at_ms => {
                self.confirmations += 1;
                from
            }
            _ => {
                self.confirmations = 0;
                self.round_at_ms = self.next_round_at_ms(now, server_is_away);
                NetworkLayer::Link
            }
        };
        self.number += 1;
        let round = Round { number: self.number, from, dns_is_broken: self.dns_is_broken(), plan: self.plan_now(now) };
        self.under_way = Some(round.clone());
        Some(round)
    }

    /// Takes in the results of a round, and gives what is confirmed news.
    pub(super) fn take_in(&mut self, now: Now, number: u64, results: &[CheckResult]) -> Vec<News> {
        let Some(round) = self.under_way.take_if(|round| round.number == number) else {
            return Vec::new();
        };
        self.round_at_ms = self.round_at_ms.max(now.monotonic_ms + REST_MS);
        if results.is_empty() {
            // It was cut short, so nothing was learned.
            self.round_at_ms = self.round_at_ms.min(now.monotonic_ms + AGAIN_MS);
            return Vec::new();
        }
        self.newest.retain(|check| check.layer < round.from.into());
        self.newest.extend(results.iter().map(|result| result.check));
        self.newest.truncate(CHECKS_MAX);
        let mut news = Vec::new();
        for result in results {
            news.extend(self.judge(*result));
        }
        // A layer that was not tried, because one before it is broken, stays what it was.
        for state in self.states.iter_mut().filter(|state| state.layer >= round.from) {
            let tried =
                |result: &CheckResult| result.check.layer() == state.layer && result.check.target == state.target;
            if !results.iter().any(tried) {
                state.doubt = None;
            }
        }
        self.states.retain(|state| state.outcome != CheckOutcome::Ok || state.doubt.is_some());
        if self.round_at_ms == u64::MAX && !self.states.is_empty() {
            // The server is back, but something is wrong still: see it end.
            self.round_at_ms = now.monotonic_ms + self.interval_ms();
        }
        self.confirm_later(now, &round);
        news
    }

    /// Compares one result with what is known.
    fn judge(&mut self, result: CheckResult) -> Option<News> {
        let check = result.check;
        let (layer, target, outcome, error) = (check.layer(), check.target, check.outcome(), check.error());
        let known = self.states.iter().position(|state| state.layer == layer && state.target == target);
        let index = match known {
            Some(index) => index,
            None if outcome == CheckOutcome::Ok || self.states.len() >= STATES_MAX => return None,
            None => {
                let (outcome, error) = (CheckOutcome::Ok, CheckError::Unspecified);
                self.states.push(State { layer, target, outcome, error, doubt: None });
                self.states.len() - 1
            }
        };
        let network = self.place.as_ref().map(|place| place.network.clone());
        let state = &mut self.states[index];
        if (state.outcome, state.error) == (outcome, error) {
            state.doubt = None;
            return None;
        }
        let Some(doubt) = state.doubt.take() else {
            state.doubt = Some(News { check, at: result.at, network });
            return None;
        };
        // That it is no longer as it was is confirmed by any other outcome; another error of the same outcome only by
        // itself, or a failure that wavers between two errors would never end telling.
        if outcome == state.outcome && doubt.check.error() != error {
            state.doubt = Some(News { check, at: result.at, network });
            return None;
        }
        (state.outcome, state.error) = (outcome, error);
        Some(News { check, ..doubt })
    }

    fn confirm_later(&mut self, now: Now, round: &Round) {
        let from = self.states.iter().filter(|state| state.doubt.is_some()).map(|state| state.layer).min();
        self.confirm = from
            .filter(|_| self.confirmations < CONFIRMATIONS_MAX)
            .map(|from| (now.monotonic_ms + u64::from(round.plan.confirm_delay_ms), from));
    }

    fn dns_is_broken(&self) -> bool {
        let broken =
            |state: &State| state.outcome == CheckOutcome::Failed || state.doubt.as_ref().is_some_and(News::is_failure);
        self.states.iter().any(|state| state.layer == NetworkLayer::Dns && broken(state))
    }

    /// The plan of a round that begins now: of hops and ports, only what this device tries and what is due.
    fn plan_now(&mut self, now: Now) -> Arc<ProbePlan> {
        let plan = self.plan.clone().unwrap_or_else(|| Arc::new(checked(ProbePlan::default())));
        let doubted = |state: &State| state.layer == NetworkLayer::Ports && state.doubt.is_some();
        let ports_are_due = now.monotonic_ms >= self.ports_at_ms || self.states.iter().any(doubted);
        let mode = self.mode;
        let tried = |target: &ProbeTarget| match target.layer() {
            NetworkLayer::Service => true,
            NetworkLayer::Hub | NetworkLayer::Isp => mode == CheckMode::Probe,
            NetworkLayer::Ports => mode == CheckMode::Probe && ports_are_due,
            NetworkLayer::Unspecified
            | NetworkLayer::Link
            | NetworkLayer::Address
            | NetworkLayer::Gateway
            | NetworkLayer::Dns
            | NetworkLayer::Server => false,
        };
        if plan.targets.iter().any(|target| target.layer() == NetworkLayer::Ports && tried(target)) {
            self.ports_at_ms = now.monotonic_ms + PORTS_INTERVAL_MS.max(u64::from(plan.interval_ms));
        }
        if plan.targets.iter().all(tried) {
            return plan;
        }
        let targets = plan.targets.iter().filter(|target| tried(target)).cloned().collect();
        Arc::new(ProbePlan { targets, ..ProbePlan::clone(&plan) })
    }

    fn next_round_at_ms(&mut self, now: Now, server_is_away: bool) -> u64 {
        let goes_on = self.plan.is_some() || self.mode == CheckMode::Probe || server_is_away || !self.states.is_empty();
        if !goes_on {
            return u64::MAX;
        }
        let interval_ms = self.interval_ms();
        let spread_ms = interval_ms / 5;
        now.monotonic_ms + interval_ms - spread_ms / 2 + self.below(spread_ms)
    }

    fn interval_ms(&self) -> u64 {
        match self.mode {
            CheckMode::Probe => PROBE_INTERVAL_MS,
            CheckMode::Off | CheckMode::Device => {
                self.plan.as_ref().map_or(DEFAULT_INTERVAL_MS.into(), |plan| plan.interval_ms.into())
            }
        }
    }

    fn below(&mut self, whole_ms: u64) -> u64 {
        if whole_ms == 0 { 0 } else { self.random.u64(0..whole_ms) }
    }
}

impl News {
    fn is_failure(&self) -> bool {
        self.check.outcome() == CheckOutcome::Failed
    }
}

/// The agent's own limits, where the plan names none, in milliseconds. Ours; no authority publishes any.
const DEFAULT_INTERVAL_MS: u32 = 60_000;
const DEFAULT_TIMEOUT_MS: u32 = 5_000;
const DEFAULT_CONFIRM_DELAY_MS: u32 = 3_000;
const DEFAULT_GATEWAY_SLOW_MS: u32 = 50;
const DEFAULT_DNS_SLOW_MS: u32 = 100;
const DEFAULT_SERVER_SLOW_MS: u32 = 150;
const DEFAULT_TARGET_SLOW_MS: u32 = 150;

/// A plan with every limit filled in and within bounds, and without targets that can not be tried.
fn checked(plan: ProbePlan) -> ProbePlan {
    let or = |value: u32, own: u32| if value == 0 { own } else { value };
    let mut targets: Vec<ProbeTarget> = Vec::new();
    for mut target in plan.targets {
        let known = matches!(
            target.layer(),
            NetworkLayer::Service | NetworkLayer::Hub | NetworkLayer::Isp | NetworkLayer::Ports
        );
        let usable = known
            && (1..=TARGET_NUMBER_MAX).contains(&target.number)
            && !target.host.is_empty()
            && target.host.len() <= HOST_BYTES_MAX
            && target.port <= u32::from(u16::MAX)
            && !targets.iter().any(|other| other.number == target.number);
        if usable && targets.len() < TARGETS_MAX {
            target.slow_ms = or(target.slow_ms, DEFAULT_TARGET_SLOW_MS);
            target.connections = target.connections.clamp(1, CONNECTIONS_MAX);
            targets.push(target);
        }
    }
    ProbePlan {
        version: plan.version,
        interval_ms: or(plan.interval_ms, DEFAULT_INTERVAL_MS).clamp(5_000, 86_400_000),
        timeout_ms: or(plan.timeout_ms, DEFAULT_TIMEOUT_MS).clamp(100, 10_000),
        confirm_delay_ms: or(plan.confirm_delay_ms, DEFAULT_CONFIRM_DELAY_MS).min(60_000),
        targets,
        gateway_slow_ms: or(plan.gateway_slow_ms, DEFAULT_GATEWAY_SLOW_MS),
        dns_slow_ms: or(plan.dns_slow_ms, DEFAULT_DNS_SLOW_MS),
        server_slow_ms: or(plan.server_slow_ms, DEFAULT_SERVER_SLOW_MS),
    }
}
