//! One device of a simulated school day: the agent's own engine, a spool in memory, and a platform whose clocks are the
//! simulation's. Effects are executed as `gigafleet_agent::runtime` executes them.
//!
//! Invariants: a device that sleeps does nothing; a call or a round over which it slept has failed when it wakes up; one call
//! and one round at a time.

use std::{collections::VecDeque, time::Duration};

use gigafleet_agent::{
    engine::{
        CertificateTimes, CheckMode, CheckResult, Effect, Engine, EngineConfig, Event, Failure, FailureKind, Memory,
        Now, Round, Run, TRANSITIONS_MAX,
    },
    platform::Platform as _,
    runtime::is_stored,
    spool::{MemoryStore, Store as _},
};
use gigafleet_proto::v1::{CheckInRequest, CheckInResponse, Facts, Status};

use super::{
    Moment, SimulatedDevice, SimulatedPlatform, mix,
    sight::{Roaming, Sight},
    timetable::{Period, between},
    town::{Role, Seat},
};
use crate::{
    clock::{Clock, Timestamp},
    enrollment::rules::DeviceIdentity,
};

/// Milliseconds since the Unix epoch, of the simulation.
pub(super) type Millis = u64;

/// A time as devices count it; 0 for what lies before 1970.
pub(super) fn milliseconds(at: Timestamp) -> Millis {
    u64::try_from(at.as_millis()).unwrap_or_default()
}

/// What a device was given when it enrolled.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) identity: DeviceIdentity,
    pub(super) certificate: CertificateTimes,
    pub(super) mac_salt: Vec<u8>,
}

/// Something of a device that is due at a time. The numbers tell what was replaced since from what still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Wake,
    Sleep,
    Timer(u32),
    Call(u32),
    Round(u32),
}

/// What a device wants of the world outside.
#[derive(Debug)]
pub(super) enum Wish {
    /// Tell it when this is due.
    At(Millis, Due),
    /// Hand in this report, which it sends now.
    Send(Box<CheckInRequest>),
}

/// What a device did, for the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// Reports that it sent.
    pub(super) sent: u64,
    /// Of these, reports that the server said it had stored.
    pub(super) acknowledged: u64,
    /// Transitions that it recorded.
    pub(super) recorded: u64,
    /// Of these, transitions that it gave up for want of room.
    pub(super) dropped: u64,
}

/// A device.
pub(super) struct Tablet {
    pub(super) seat: Seat,
    pub(super) member: Membership,
    pub(super) roaming: Roaming,
    pub(super) account: Account,
    awake: VecDeque<[Millis; 2]>,
    platform: SimulatedPlatform,
    engine: Engine,
    store: MemoryStore,
    random: fastrand::Rng,
    /// When the simulation began.
    begin_ms: Millis,
    boot_ms: Millis,
    skew_ms: i64,
    started: bool,
    up: bool,
    timer: Option<(u32, Millis)>,
    call: Option<Call>,
    /// The round under way, with the number under which its end is due and what it gives.
    round: Option<(u32, u64, Vec<CheckResult>)>,
    /// Counts what was set going.
    number: u32,
}

/// A report under way.
#[derive(Debug)]
struct Call {
    number: u32,
    sequence: u64,
    /// What comes of it, once that is known.
    outcome: Option<Event>,
}

/// What devices share of a simulated day.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub(super) seed: u64,
    pub(super) midnight_ms: Millis,
    pub(super) begin_ms: Millis,
    pub(super) clock: Clock,
}

impl Tablet {
    /// Draws device `number` of a seat that is awake in these periods.
    pub(super) fn new(common: &Common, number: u32, seat: Seat, member: Membership, awake: &[Period]) -> Self {
        let own = mix(common.seed, u64::from(number));
        let mut random = fastrand::Rng::with_seed(mix(own, 0x7461_626c));
        let school = u16::try_from(seat.school).unwrap_or(u16::MAX);
        let device = SimulatedDevice { seed: common.seed, number, school, speed: 1 };
        let platform = SimulatedPlatform::new(device, common.clock.clone());
        let checks = if seat.role == Role::Probe { CheckMode::Probe } else { CheckMode::Device };
        let config = EngineConfig { checks, certificate: member.certificate, ..EngineConfig::default() };
        let run = Run { run_id: random.u64(..) | 1, boot_id: platform.boot_id() };
        let engine = Engine::new(config, Memory::default(), run, random.u64(..));
        let of_day = |second: f64| common.midnight_ms + (second * 1_000.0) as Millis;
        // One clock in a hundred is minutes off.
        let skew = if random.u32(..100) == 0 { 300_000.0 } else { 1_000.0 };
        Self {
            seat,
            member,
            roaming: Roaming::draw(&mut random),
            account: Account::default(),
            awake: awake.iter().map(|period| period.map(of_day)).collect(),
            platform,
            engine,
            store: MemoryStore::default(),
            begin_ms: common.begin_ms,
            boot_ms: common.begin_ms - random.u64(900_000..72 * 3_600_000),
            skew_ms: between(&mut random, -skew, skew) as i64,
            random,
            started: false,
            up: false,
            timer: None,
            call: None,
            round: None,
            number: 0,
        }
    }

    /// When it wakes up first; never if it is away today.
    pub(super) fn first_wake(&self) -> Option<Wish> {
        self.awake.front().map(|[opens, _]| Wish::At(*opens, Due::Wake))
    }

    /// Transitions that wait for an acknowledgement.
    pub(super) fn waiting_transitions(&self) -> u64 {
        self.store.depth().records
    }

    /// Lives through something that is due now, where `sight` is what it meets.
    pub(super) fn live(&mut self, now_ms: Millis, due: Due, sight: &Sight) -> Vec<Wish> {
        let mut here = Here { now_ms, sight, wishes: Vec::new() };
        match due {
            Due::Wake => self.wake(&mut here),
            Due::Sleep => self.up = false,
            // What was replaced since has another number; what a sleeping device missed waits until it wakes up.
            Due::Timer(number) if self.up && self.timer.is_some_and(|(timer, _)| timer == number) => {
                self.timer = None;
                self.feed(&mut here, Event::TimerFired);
            }
            Due::Call(number) if self.up => {
                let ended = self.call.take_if(|call| call.number == number);
                if let Some(event) = ended.and_then(|call| call.outcome) {
                    self.feed(&mut here, event);
                }
            }
            Due::Round(number) if self.up => {
                if let Some((_, number, results)) = self.round.take_if(|round| round.0 == number) {
                    self.feed(&mut here, Event::Checked { number, results });
                }
            }
            Due::Timer(_) | Due::Call(_) | Due::Round(_) => {}
        }
        here.wishes
    }

    /// The report under way is answered at this time, or fails.
    pub(super) fn ends(&mut self, at_ms: Millis, outcome: Result<CheckInResponse, Failure>) -> Option<Wish> {
        let call = self.call.as_mut()?;
        let sequence = call.sequence;
        call.outcome = Some(match outcome {
            Ok(response) => Event::Answered { sequence, response },
            Err(failure) => Event::Failed { sequence, failure },
        });
        Some(Wish::At(at_ms, Due::Call(call.number)))
    }

    fn wake(&mut self, here: &mut Here<'_>) {
        self.up = true;
        if let Some([_, closes]) = self.awake.pop_front() {
            here.wishes.push(Wish::At(closes, Due::Sleep));
        }
        if let Some([opens, _]) = self.awake.front() {
            here.wishes.push(Wish::At(*opens, Due::Wake));
        }
        if !std::mem::replace(&mut self.started, true) {
            let (facts, status) = (self.facts(), self.status(here));
            self.feed(here, Event::Started { facts, status });
            return;
        }
        if let Some(Call { sequence, .. }) = self.call.take() {
            self.feed(here, Event::Failed { sequence, failure: unreachable("the connection broke in sleep") });
        }
        if let Some((_, number, _)) = self.round.take() {
            // A round over which the device slept says nothing.
            self.feed(here, Event::Checked { number, results: Vec::new() });
        }
        if let Some((number, at_ms)) = self.timer {
            here.wishes.push(Wish::At(at_ms.max(here.now_ms), Due::Timer(number)));
        }
    }

    /// Hands an event to the engine, executes what it decided, and goes on with what that gave.
    fn feed(&mut self, here: &mut Here<'_>, event: Event) {
        if let Event::Answered { sequence, response } = &event {
            self.account.acknowledged += u64::from(is_stored(*sequence, response));
        }
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.engine.handle(self.clocks(here.now_ms), event) {
                events.extend(self.execute(here, effect));
            }
        }
    }

    fn execute(&mut self, here: &mut Here<'_>, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Send(request) => {
                self.account.sent += 1;
                self.call = Some(Call { number: self.next_number(), sequence: request.sequence, outcome: None });
                here.wishes.push(Wish::Send(request));
            }
            Effect::SetTimer { at_monotonic_ms } => {
                let (number, at_ms) = (self.next_number(), self.boot_ms + at_monotonic_ms);
                self.timer = Some((number, at_ms));
                here.wishes.push(Wish::At(at_ms.max(here.now_ms), Due::Timer(number)));
            }
            Effect::Observe { facts } => {
                let facts = facts.then(|| self.facts());
                return Some(Event::Observed { facts, status: self.status(here) });
            }
            Effect::Persist(memory) => self.store.persist(&memory).expect("memory takes what it is given"),
            Effect::Append(record) => {
                self.account.recorded += 1;
                let count = self.store.append(&record);
                self.account.dropped += count;
                return (count > 0).then_some(Event::Dropped { count });
            }
            Effect::Load => {
                let records = self.store.oldest(TRANSITIONS_MAX);
                let beyond = self.store.depth().records.saturating_sub(records.len() as u64);
                return Some(Event::Loaded { records, beyond });
            }
            Effect::Trim { through } => self.store.trim(through),
            // Certificates are good for months, so that none is renewed in one day unless somebody asks for it.
            Effect::Renew { .. } => {
                return Some(Event::RenewalFailed { failure: unreachable("a simulated day renews no certificate") });
            }
            Effect::UseCandidate | Effect::ConfirmCandidate | Effect::DropCandidate => {}
            Effect::Check(round) => self.check(here, &round),
            // Nothing is there that has a throughput, and no server asks for it.
            Effect::Test { .. } => return Some(Event::Tested { kbps: None }),
        }
        None
    }

    /// Begins a round of checks; one that is under way still is dropped.
    fn check(&mut self, here: &mut Here<'_>, round: &Round) {
        let answers = here.sight.answers(round, &mut self.random);
        let ends_ms = here.now_ms + answers.last().map_or(0, |(_, after_ms)| *after_ms);
        let result = |(check, after_ms)| CheckResult { check, at: self.clocks(here.now_ms + after_ms) };
        let results = answers.into_iter().map(result).collect();
        let number = self.next_number();
        self.round = Some((number, round.number, results));
        here.wishes.push(Wish::At(ends_ms, Due::Round(number)));
    }

    fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// Both clocks of the device.
    fn clocks(&self, now_ms: Millis) -> Now {
        Now { monotonic_ms: now_ms - self.boot_ms, wall_ms: now_ms.saturating_add_signed(self.skew_ms) }
    }

    fn facts(&mut self) -> Facts {
        self.platform.facts(&self.member.mac_salt)
    }

    fn status(&self, here: &Here<'_>) -> Status {
        let elapsed = Duration::from_millis(here.now_ms - self.begin_ms);
        let moment = Moment { elapsed, boot_time_ms: self.boot_ms / 1_000 * 1_000 };
        let mut status = self.platform.status_at(moment);
        here.sight.show(self.seat, &mut status);
        status
    }
}

/// A device's here and now, and what it wants.
struct Here<'a> {
    now_ms: Millis,
    sight: &'a Sight,
    wishes: Vec<Wish>,
}

/// A call that came to nothing.
pub(super) fn unreachable(message: &str) -> Failure {
    Failure { kind: FailureKind::Unreachable, retry_after_ms: None, message: message.to_owned() }
}
