//! Devices: a school to enrol them for, tablets that run the agent's real engine, and reports made by hand.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use gigafleet_agent::{
    engine::{EngineConfig, Failure, Now},
    enroll::{EnrollError, EnrollOptions, enroll_in_memory},
    identity::{DeviceId, Identity, draw_bytes},
    platform::Platform,
    runtime::{Agent, AgentOptions, Observer, trust_of},
    spool::MemoryStore,
    transport::{Connection, Connector, Protocol, tls::TimeKnowledge},
};
use gigafleet_proto::v1::{
    Battery, Boot, CheckInRequest, CheckInResponse, Facts, Memory, OsKind, Status, Storage, Transition, TransitionKind,
    Wifi, agent_service_client::AgentServiceClient,
};

use crate::{server::ServerProcess, staff::StaffClient};

/// Moment that a simulated boot began, in milliseconds since the Unix epoch. One for all runs, so that the monotonic
/// clock goes on when a process is started again.
const BOOTED_MS: u64 = 1_790_000_000_000;

/// A municipality with one school and a token, and the server that knows them.
#[derive(Debug, Clone)]
pub struct Home {
    /// The owner.
    pub municipality_id: String,
    /// The school.
    pub school_id: String,
    /// A token for the school.
    pub token: String,
    /// Its id.
    pub token_id: String,
    /// `HOST:PORT` that devices use.
    pub server: String,
    /// SHA-256 of the authority's certificate.
    pub ca_sha256: [u8; 32],
}

impl Home {
    /// Adds a municipality, a school, and a token with so many uses.
    pub async fn make(server: &ServerProcess, uses: u32) -> Self {
        Self::make_at(&server.staff(), &server.address().to_string(), server.ca_sha256(), uses).await
    }

    /// As [`Home::make`], for devices that reach the server at another address.
    pub async fn make_at(staff: &StaffClient, address: &str, ca_sha256: [u8; 32], uses: u32) -> Self {
        let municipality = staff.add_municipality("試験市").await;
        let school = staff.add_school(&municipality.municipality_id, "第一小学校").await;
        let token = staff.add_token(&municipality.municipality_id, &school.school_id, uses).await;
        Self {
            municipality_id: municipality.municipality_id,
            school_id: school.school_id,
            token: token.token,
            token_id: token.enrollment_token.expect("the answer holds it").token_id,
            server: address.to_owned(),
            ca_sha256,
        }
    }

    /// What a device is told to enrol.
    pub fn enroll_options(&self) -> EnrollOptions {
        EnrollOptions {
            server: self.server.clone(),
            server_name: None,
            token: self.token.clone(),
            ca_sha256: self.ca_sha256,
        }
    }

    /// Enrols one simulated device.
    pub async fn enroll(&self) -> Identity {
        self.try_enroll().await.unwrap_or_else(|error| panic!("a device can enrol: {error}"))
    }

    /// Enrols one simulated device, which may be refused.
    pub async fn try_enroll(&self) -> Result<Identity, EnrollError> {
        // Without a serial number: who reports under the identity later has one, and another one is another tablet.
        let facts = Facts { serial_number: None, ..SimulatedTablet::drawn().facts_without_network() };
        enroll_in_memory(&self.enroll_options(), facts, wall_ms()).await
    }

    /// Enrols so many simulated devices, `at_once` at a time.
    pub async fn enroll_many(&self, count: usize, at_once: usize) -> Vec<Identity> {
        let mut identities = Vec::with_capacity(count);
        while identities.len() < count {
            let batch = at_once.min(count - identities.len());
            let mut enrolling = tokio::task::JoinSet::new();
            for _ in 0..batch {
                let home = self.clone();
                enrolling.spawn(async move { home.enroll().await });
            }
            identities.extend(enrolling.join_all().await);
        }
        identities
    }
}

/// The wall clock in milliseconds since the Unix epoch.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_millis()).expect("milliseconds fit for a long time")
}

/// A connector of a device; it keeps TLS sessions, so later connections resume.
pub fn connector(identity: &Identity) -> Connector {
    let trust = trust_of(identity, TimeKnowledge::default()).expect("the authority is a certificate");
    Connector::for_identity(identity, &trust).expect("the identity is good")
}

/// A client of AgentService on a connection of its own. Panics if the server cannot be reached.
pub async fn agent_client(identity: &Identity) -> AgentServiceClient<Connection> {
    let connection = connector(identity).connect(Protocol::Http2).await.expect("the server can be reached");
    AgentServiceClient::new(connection)
}

/// A report made by hand: full, with facts and status and no transitions.
pub fn full_report(sequence: u64, run_id: u64) -> CheckInRequest {
    let mut tablet = SimulatedTablet::drawn();
    CheckInRequest {
        sequence,
        run_id,
        boot_id: tablet.boot_id.to_vec(),
        send_time_ms: wall_ms(),
        monotonic_ms: tablet.now().monotonic_ms,
        facts_hash: 7,
        full: true,
        facts: Some(tablet.facts_without_network()),
        status: Some(tablet.status()),
        ..CheckInRequest::default()
    }
}

/// A report made by hand: nothing changed.
pub fn heartbeat(sequence: u64, run_id: u64) -> CheckInRequest {
    CheckInRequest {
        sequence,
        base_sequence: sequence.saturating_sub(1),
        run_id,
        send_time_ms: wall_ms(),
        monotonic_ms: wall_ms() - BOOTED_MS,
        facts_hash: 7,
        ..CheckInRequest::default()
    }
}

/// A transition made by hand, of now.
pub fn transition(number: u64) -> Transition {
    Transition {
        number,
        kind: TransitionKind::PowerConnected.into(),
        monotonic_ms: wall_ms() - BOOTED_MS,
        wall_time_ms: wall_ms(),
        ..Transition::default()
    }
}

/// Settings of an engine that reports and observes often, for a server with a pace of some hundred milliseconds.
pub fn fast_engine() -> EngineConfig {
    EngineConfig {
        first_delay_ms: 300,
        pace_ms: 300,
        retry_base_ms: 300,
        retry_cap_ms: 1_500,
        observe_interval_ms: 100,
        ..EngineConfig::default()
    }
}

/// What can be changed of a simulated tablet while it runs; one may be shared by many.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// While true, each observation finds external power and the network changed, which makes two transitions.
    pub lively: AtomicBool,
    /// Observations so far.
    pub observations: AtomicU64,
    /// How far the wall clock is ahead of the truth, in milliseconds.
    pub clock_ahead_ms: AtomicI64,
}

/// A tablet with invented hardware. All decisions are those of the real engine.
#[derive(Debug, Clone)]
pub struct SimulatedTablet {
    serial_number: String,
    boot_id: [u8; 16],
    surroundings: Arc<Surroundings>,
    toggle: bool,
}

impl SimulatedTablet {
    /// A tablet with a drawn serial number, in surroundings where nothing changes.
    pub fn drawn() -> Self {
        Self::new(Arc::default())
    }

    /// A tablet with a drawn serial number in these surroundings.
    pub fn new(surroundings: Arc<Surroundings>) -> Self {
        let number = u64::from_le_bytes(draw_bytes().expect("the system has randomness"));
        Self::with_serial(&format!("SIM{number:016X}"), surroundings)
    }

    /// A tablet with this serial number. The same number gives the same boot, also in another process.
    pub fn with_serial(serial_number: &str, surroundings: Arc<Surroundings>) -> Self {
        let digest = gigafleet_agent::transport::tls::sha256(serial_number.as_bytes());
        let mut boot_id = [0; 16];
        boot_id.copy_from_slice(&digest[..16]);
        Self { serial_number: serial_number.to_owned(), boot_id, surroundings, toggle: false }
    }

    /// What the tablet is, as it says before it knows the salt of its owner.
    pub fn facts_without_network(&self) -> Facts {
        Facts {
            maker: Some(String::from("GIGAFLEET")),
            model: Some(String::from("Simulated tablet")),
            serial_number: Some(self.serial_number.clone()),
            os_kind: OsKind::Linux.into(),
            os_name: Some(String::from("Simulated OS")),
            os_version: Some(String::from("1")),
            kernel_version: Some(String::from("6.1")),
            cpu_model: Some(String::from("Simulated")),
            cpu_count: Some(4),
            memory_bytes: Some(4 << 30),
            storage_bytes: Some(64 << 30),
            agent_version: Some(String::from(gigafleet_agent::VERSION)),
            ..Facts::default()
        }
    }
}

impl Platform for SimulatedTablet {
    fn facts(&mut self, _mac_salt: &[u8]) -> Facts {
        self.facts_without_network()
    }

    fn status(&mut self) -> Status {
        self.surroundings.observations.fetch_add(1, Ordering::Relaxed);
        if self.surroundings.lively.load(Ordering::Relaxed) {
            self.toggle = !self.toggle;
        }
        let access_point = if self.toggle { 1 } else { 2 };
        Status {
            battery: Some(Battery {
                charge_percent: Some(80),
                health_percent: Some(95),
                cycle_count: Some(120),
                charging: Some(self.toggle),
            }),
            storage: Some(Storage { free_bytes: Some(32 << 30) }),
            memory: Some(Memory { used_percent: Some(40), stall_percent: Some(0) }),
            boot: Some(Boot { boot_time_ms: Some(BOOTED_MS), boot_count: None }),
            wifi: Some(Wifi {
                ssid: Some(String::from("school")),
                bssid: Some(vec![2, 0, 0, 0, 0, access_point]),
                rssi_dbm: Some(-55),
                receive_kbps: Some(866_000),
                transmit_kbps: Some(866_000),
            }),
            network: None,
        }
    }

    fn boot_id(&self) -> [u8; 16] {
        self.boot_id
    }

    fn now(&self) -> Now {
        let truth = wall_ms();
        let ahead = self.surroundings.clock_ahead_ms.load(Ordering::Relaxed);
        Now { monotonic_ms: truth - BOOTED_MS, wall_ms: truth.saturating_add_signed(ahead) }
    }
}

/// What agents were told: which reports and transitions the server has acknowledged.
#[derive(Debug, Default)]
pub struct Ledger {
    devices: Mutex<HashMap<String, Told>>,
}

/// What one device was told.
#[derive(Debug, Default, Clone)]
pub struct Told {
    /// Sequences of acknowledged reports.
    pub acknowledged: BTreeSet<u64>,
    /// Sequences of reports that were answered or failed: all that were ever sent to their end.
    pub sent: BTreeSet<u64>,
    /// Acknowledged transitions, as run and number.
    pub transitions: BTreeSet<(u64, u64)>,
    /// Messages of failures, newest last, at most 20.
    pub failures: Vec<Failure>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Told>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all devices were told so far.
    pub fn told(&self) -> HashMap<String, Told> {
        self.lock().clone()
    }

    /// What one device was told so far.
    pub fn told_to(&self, device_id: &str) -> Told {
        self.lock().get(device_id).cloned().unwrap_or_default()
    }

    /// Acknowledged reports of all devices.
    pub fn acknowledged_reports(&self) -> usize {
        self.lock().values().map(|told| told.acknowledged.len()).sum()
    }

    /// Acknowledged transitions of all devices.
    pub fn acknowledged_transitions(&self) -> usize {
        self.lock().values().map(|told| told.transitions.len()).sum()
    }
}

/// The transitions of a report by their names for ever.
pub fn transition_names(request: &CheckInRequest) -> impl Iterator<Item = (u64, u64)> {
    let named = |transition: &Transition| match transition.run_id {
        0 => (request.run_id, transition.number),
        run_id => (run_id, transition.number),
    };
    request.transitions.iter().map(named)
}

impl Observer for Ledger {
    fn acknowledged(&self, device_id: &DeviceId, request: &CheckInRequest, _: &CheckInResponse) {
        let mut devices = self.lock();
        let told = devices.entry(device_id.0.clone()).or_default();
        told.acknowledged.insert(request.sequence);
        told.transitions.extend(transition_names(request));
    }

    fn answered(&self, device_id: &DeviceId, request: &CheckInRequest, _: &CheckInResponse) {
        self.lock().entry(device_id.0.clone()).or_default().sent.insert(request.sequence);
    }

    fn failed(&self, device_id: &DeviceId, sequence: u64, failure: &Failure) {
        let mut devices = self.lock();
        let told = devices.entry(device_id.0.clone()).or_default();
        told.sent.insert(sequence);
        if told.failures.len() == 20 {
            told.failures.remove(0);
        }
        told.failures.push(failure.clone());
    }
}

/// Agents with the real engine that run in this process.
#[derive(Debug)]
pub struct Fleet {
    /// What they were told.
    pub ledger: Arc<Ledger>,
    /// What surrounds all of them.
    pub surroundings: Arc<Surroundings>,
    stop: tokio::sync::watch::Sender<bool>,
    running: tokio::task::JoinSet<()>,
}

impl Fleet {
    /// A fleet without agents.
    pub fn empty() -> Self {
        Self {
            ledger: Arc::default(),
            surroundings: Arc::default(),
            stop: tokio::sync::watch::Sender::new(false),
            running: tokio::task::JoinSet::new(),
        }
    }

    /// Lets one agent run for each identity, all with these settings.
    pub fn run(identities: &[Identity], engine: &EngineConfig) -> Self {
        let mut fleet = Self::empty();
        identities.iter().for_each(|identity| fleet.add(identity.clone(), engine.clone()));
        fleet
    }

    /// Lets one more agent run.
    pub fn add(&mut self, identity: Identity, engine: EngineConfig) {
        let time = TimeKnowledge::default();
        let trust = trust_of(&identity, time.clone()).expect("the authority is a certificate");
        let tablet = SimulatedTablet::new(Arc::clone(&self.surroundings));
        let options = AgentOptions { engine, call_timeout: std::time::Duration::from_secs(10) };
        let agent = Agent::simulated(identity, trust, time, tablet, MemoryStore::default(), options)
            .expect("the identity is good")
            .with_observer(Arc::clone(&self.ledger) as Arc<dyn Observer>);
        let mut stop = self.stop.subscribe();
        self.running.spawn(agent.run(async move {
            let _guard = stop.wait_for(|stop| *stop).await;
        }));
    }

    /// Stops all agents; reports under way may still end.
    pub async fn stop(self) -> Arc<Ledger> {
        self.stop.send_replace(true);
        self.running.join_all().await;
        self.ledger
    }
}
