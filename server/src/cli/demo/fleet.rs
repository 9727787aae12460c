//! The agents of the demo: a thousand simulated ones and that of this machine, all with the real engine, real
//! certificates and mutual TLS.
//!
//! Invariant: every agent that was started is waited for in [`Fleet::finish`], so that no report is under way when the
//! account is held against the server.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use gigafleet_agent::{
    engine::EngineConfig,
    enroll::{EnrollError, EnrollOptions, enroll, enroll_in_memory},
    identity::{Identity, StateFolder},
    platform::{Platform as _, linux::Linux},
    runtime::{Agent, AgentOptions},
    spool::{MemoryStore, Store},
    transport::tls::{ServerTrust, TimeKnowledge},
};
use tokio::{sync::watch, task::JoinSet};

use super::{
    ledger::Ledger,
    places::{Place, place_of},
};
use crate::{
    cli::failure::{Failure, Result},
    clock::Clock,
    simulate::{SimulatedDevice, SimulatedPlatform},
};

/// Devices that enrol at once.
const ENROLLING_MAX: usize = 16;
/// Attempts to enrol one device, for a machine that is busy with something else.
const ATTEMPTS: u32 = 3;
/// Draws the simulated devices; the demo is the same each time.
const SEED: u64 = 0x6769_6761;
/// A minute of the demo is an hour in the life of a simulated device, so that something is to be seen.
const SPEED: u32 = 60;

/// Uses that a token needs: enrolling again after a lost answer takes another one.
pub(super) fn token_uses(devices: u32) -> u32 {
    devices.saturating_add(1).saturating_mul(ATTEMPTS).min(100_000)
}

/// What the agents share.
pub(super) struct Fleet {
    /// Host and port of the server.
    pub(super) server: String,
    /// SHA-256 of the authority's certificate.
    pub(super) ca_sha256: [u8; 32],
    /// Trust in the server.
    pub(super) trust: Arc<ServerTrust>,
    /// What the agents learned of the server's time; the trust looks at it.
    pub(super) time: TimeKnowledge,
    /// The schools.
    pub(super) places: Vec<Place>,
    /// Simulated devices.
    pub(super) devices: u32,
    /// State folder of this machine's own agent.
    pub(super) state: PathBuf,
    /// Sees what happens.
    pub(super) ledger: Arc<Ledger>,
    /// Becomes true when all shall end.
    pub(super) halted: watch::Receiver<bool>,
    /// Devices that have enrolled.
    pub(super) enrolled: AtomicU32,
    /// The agents that run.
    pub(super) agents: Mutex<JoinSet<()>>,
}

impl Fleet {
    /// Enrols and starts all agents, some at once.
    pub(super) async fn enrol(self: Arc<Self>) -> Result<()> {
        self.start_own().await?;
        let mut enrolling = JoinSet::new();
        for number in 0..self.devices {
            if enrolling.len() >= ENROLLING_MAX {
                settled(enrolling.join_next().await)?;
            }
            let fleet = Arc::clone(&self);
            enrolling.spawn(async move { fleet.start_simulated(number).await });
        }
        while !enrolling.is_empty() {
            settled(enrolling.join_next().await)?;
        }
        Ok(())
    }

    /// Waits for the agents, which end once `halted` is true.
    pub(super) async fn finish(&self) {
        let mut agents = std::mem::take(&mut *self.agents.lock().unwrap_or_else(PoisonError::into_inner));
        while agents.join_next().await.is_some() {}
    }

    /// The agent of this very machine, as it would run as a service.
    async fn start_own(&self) -> Result<()> {
        let refused = |error: &dyn std::error::Error| cannot_start("this machine's agent", error);
        let state = StateFolder::open(&self.state).map_err(|error| refused(&error))?;
        let options = self.enroll_options(0);
        enroll(&options, &state, &mut Linux::new()).await.map_err(|error| refused(&error))?;
        let agent = Agent::open(state, Linux::new(), agent_options()).map_err(|error| refused(&error))?;
        self.start(agent);
        Ok(())
    }

    async fn start_simulated(&self, number: u32) -> Result<()> {
        let place = place_of(&self.places, number);
        let mut platform = simulated(number, place);
        let refused = |error: &dyn std::error::Error| cannot_start(&format!("simulated device {number}"), error);
        let identity = self.enrol_simulated(place, &mut platform).await.map_err(|error| refused(&error))?;
        let (trust, time) = (Arc::clone(&self.trust), self.time.clone());
        let agent = Agent::simulated(identity, trust, time, platform, MemoryStore::default(), agent_options())
            .map_err(|error| refused(&error))?;
        self.start(agent);
        Ok(())
    }

    async fn enrol_simulated(&self, place: usize, platform: &mut SimulatedPlatform) -> Result<Identity, EnrollError> {
        let options = self.enroll_options(place);
        let mut attempt = 1;
        loop {
            let outcome = enroll_in_memory(&options, platform.facts(&[]), platform.now().wall_ms).await;
            match outcome {
                Err(EnrollError::Unreachable(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    fn enroll_options(&self, place: usize) -> EnrollOptions {
        EnrollOptions {
            server: self.server.clone(),
            server_name: None,
            token: self.places.get(place).map(|place| place.token.clone()).unwrap_or_default(),
            ca_sha256: self.ca_sha256,
        }
    }

    fn start<P, S>(&self, agent: Agent<P, S>)
    where
        P: gigafleet_agent::platform::Platform,
        S: Store,
    {
        let agent = agent.with_observer(Arc::clone(&self.ledger) as _);
        let mut halted = self.halted.clone();
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).spawn(agent.run(async move {
            let _ended_with_its_sender = halted.wait_for(|halted| *halted).await;
        }));
        self.enrolled.fetch_add(1, Ordering::Relaxed);
    }
}

/// A simulated device at one of the places; the same each time.
pub(super) fn simulated(number: u32, place: usize) -> SimulatedPlatform {
    let school = u16::try_from(place).unwrap_or(u16::MAX);
    SimulatedPlatform::new(SimulatedDevice { seed: SEED, number, school, speed: SPEED }, Clock::system())
}

/// A demo shows something at once; a school would be asked for none of this haste.
fn agent_options() -> AgentOptions {
    let engine = EngineConfig {
        first_delay_ms: 2_000,
        pace_ms: 2_000,
        retry_base_ms: 2_000,
        retry_cap_ms: 10_000,
        observe_interval_ms: 5_000,
        ..EngineConfig::default()
    };
    AgentOptions { engine, ..AgentOptions::default() }
}

fn cannot_start(who: &str, error: &dyn std::error::Error) -> Failure {
    Failure::told(
        format!("{who} could not start: {error}"),
        "see whether the machine is short of memory, disk or open files",
    )
}

fn settled(joined: Option<Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match joined {
        None => Ok(()),
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(cannot_start("a simulated device", &error)),
    }
}
