//! The process with the agents: real engine, spool on disk, mutual TLS.
//!
//! It says `ready` when all agents run, takes the line `rest` to let nothing change any more, and stops in order at the
//! end of its input. It may be killed at any moment.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use clap::Args;
use gigafleet_agent::{
    engine::{EngineConfig, Failure},
    enroll::{EnrollOptions, enroll},
    identity::{DeviceId, StateFolder, from_hex},
    runtime::{Agent, AgentOptions, Observer},
};
use gigafleet_proto::v1::{CheckInRequest, CheckInResponse};
use gigafleet_tests::{
    SimulatedTablet,
    fleet::{Surroundings, fast_engine},
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::watch,
    task::JoinSet,
};

use crate::logs;

/// Agents that enrol at once.
const ENROL_AT_ONCE: usize = 8;

/// What the main process tells.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// Folder of the whole run.
    #[arg(long)]
    folder: PathBuf,
    /// `HOST:PORT`.
    #[arg(long)]
    server: String,
    /// Token to enrol with.
    #[arg(long)]
    token: String,
    /// SHA-256 of the authority's certificate.
    #[arg(long)]
    ca_sha256: String,
    /// Agents.
    #[arg(long)]
    agents: usize,
    /// How many hosts ran before.
    #[arg(long)]
    life: u32,
}

/// The state folder of one agent.
pub fn state_folder(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("agents/{number:04}"))
}

/// Writes each acknowledgement before the agent acts on it. One write for each, so that a kill leaves at most one
/// line unfinished.
struct Log(Mutex<File>);

impl Log {
    fn write(&self, lines: &str) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes()).expect("the log can be written, or the run means nothing");
    }
}

impl Observer for Log {
    fn acknowledged(&self, device_id: &DeviceId, request: &CheckInRequest, _: &CheckInResponse) {
        self.write(&logs::acknowledged(&device_id.0, request));
    }

    fn answered(&self, device_id: &DeviceId, request: &CheckInRequest, _: &CheckInResponse) {
        self.write(&logs::sent(&device_id.0, request.sequence));
    }

    fn failed(&self, device_id: &DeviceId, sequence: u64, _: &Failure) {
        self.write(&logs::sent(&device_id.0, sequence));
    }
}

/// Runs all agents until the input ends.
pub async fn run(arguments: HostArgs) {
    let log = Arc::new(Log(Mutex::new(logs::create(&arguments.folder, arguments.life))));
    let surroundings = Arc::new(Surroundings::default());
    surroundings.lively.store(true, Ordering::Relaxed);
    enrol_all(&arguments, &surroundings).await;
    let stop = watch::Sender::new(false);
    let mut agents = JoinSet::new();
    for number in 0..arguments.agents {
        let mut stopped = stop.subscribe();
        let agent = open(&arguments, number, &surroundings).with_observer(Arc::clone(&log) as Arc<dyn Observer>);
        agents.spawn(agent.run(async move {
            let _guard = stopped.wait_for(|stop| *stop).await;
        }));
    }
    println!("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_rest)) = lines.next_line().await {
        surroundings.lively.store(false, Ordering::Relaxed);
    }
    stop.send_replace(true);
    agents.join_all().await;
}

fn tablet(number: usize, surroundings: &Arc<Surroundings>) -> SimulatedTablet {
    SimulatedTablet::with_serial(&format!("CRASH{number:04}"), Arc::clone(surroundings))
}

fn open(
    arguments: &HostArgs,
    number: usize,
    surroundings: &Arc<Surroundings>,
) -> Agent<SimulatedTablet, gigafleet_agent::spool::DiskStore> {
    let state = StateFolder::open(&state_folder(&arguments.folder, number)).expect("a state folder");
    // Observed at each report and once a second; each transition is synced to disk.
    let engine = EngineConfig { observe_interval_ms: 1_000, ..fast_engine() };
    let options = AgentOptions { engine, call_timeout: Duration::from_secs(5) };
    Agent::open(state, tablet(number, surroundings), options).expect("the agent is enrolled")
}

async fn enrol_all(arguments: &HostArgs, surroundings: &Arc<Surroundings>) {
    let options = EnrollOptions {
        server: arguments.server.clone(),
        server_name: None,
        token: arguments.token.clone(),
        ca_sha256: from_hex(&arguments.ca_sha256).and_then(|bytes| bytes.try_into().ok()).expect("32 bytes in hex"),
    };
    let mut enrolling = JoinSet::new();
    for number in 0..arguments.agents {
        if enrolling.len() == ENROL_AT_ONCE {
            enrolling.join_next().await.expect("some are under way").expect("no panic");
        }
        let state = StateFolder::open(&state_folder(&arguments.folder, number)).expect("a state folder");
        if state.identity().expect("the state can be read").is_some() {
            continue;
        }
        let (options, mut tablet) = (options.clone(), tablet(number, surroundings));
        enrolling.spawn(async move {
            enroll(&options, &state, &mut tablet).await.unwrap_or_else(|error| panic!("agent {number}: {error}"));
        });
    }
    enrolling.join_all().await;
}
