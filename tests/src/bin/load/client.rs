//! The client's side of the load: connections that check in as fast as they are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gigafleet_agent::{
    identity::Identity,
    transport::{
        Connection, Connector, Protocol,
        tls::{ClientIdentity, ServerTrust, TimeKnowledge, client_config},
    },
};
use gigafleet_proto::v1::{CheckInRequest, Facts, Status, agent_service_client::AgentServiceClient};
use tokio::task::JoinSet;

const FACTS_HASH: u32 = 7;

/// A device that checks in without an agent: the contract and nothing else.
pub struct Device {
    identity: Identity,
    trust: Arc<ServerTrust>,
    connector: Connector,
    sequence: u64,
    run_id: u64,
}

/// What a load gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Check-ins that were answered.
    pub answered: u64,
    /// Calls that failed.
    pub failed: u64,
    /// From the first to the last call.
    pub elapsed: Duration,
    /// Time of each call in microseconds, sorted.
    latencies_us: Vec<u32>,
}

impl Outcome {
    /// Check-ins a second.
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// Time under which a share of calls was answered, in microseconds.
    pub fn percentile_us(&self, share: f64) -> u32 {
        let last = self.latencies_us.len().saturating_sub(1);
        self.latencies_us.get((last as f64 * share) as usize).copied().unwrap_or(0)
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latencies_us.extend(other.latencies_us);
    }
}

impl Device {
    /// A device with an identity that was enrolled.
    pub fn new(identity: Identity, number: u64) -> Self {
        let trust =
            ServerTrust::authority(&identity.ca_certificate_der, TimeKnowledge::default()).expect("a certificate");
        let connector = Connector::for_identity(&identity, &trust).expect("an identity");
        Self { identity, trust, connector, sequence: 0, run_id: number + 1 }
    }

    /// The next report: the first one full, then unchanged heartbeats.
    pub fn next_report(&mut self) -> CheckInRequest {
        self.sequence += 1;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let send_time_ms = u64::try_from(now.as_millis()).expect("a date");
        let mut report = CheckInRequest {
            sequence: self.sequence,
            base_sequence: self.sequence - 1,
            run_id: self.run_id,
            send_time_ms,
            monotonic_ms: 3_600_000,
            facts_hash: FACTS_HASH,
            ..CheckInRequest::default()
        };
        if self.sequence == 1 {
            report.full = true;
            report.facts = Some(Facts { model: Some(String::from("load")), ..Facts::default() });
            report.status = Some(Status::default());
        }
        report
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Connection {
        self.connector.connect(Protocol::Http2).await.expect("the server accepts")
    }

    /// A connector that never resumes.
    fn without_resumption(&self) -> Connector {
        let client = ClientIdentity {
            certificate_der: self.identity.certificate_der.clone(),
            key_der: self.identity.key_der.clone(),
        };
        let config = client_config(&self.trust, Some(&client)).expect("an identity");
        let mut config = rustls::ClientConfig::clone(&config);
        config.resumption = rustls::client::Resumption::disabled();
        let name = self.identity.server_name.as_deref();
        Connector::new(self.identity.server.clone(), Arc::new(config), name).expect("an address")
    }
}

/// How connections are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// One for all check-ins of a device.
    Kept,
    /// One for each check-in, TLS resumed.
    Resumed,
    /// One for each check-in, with a full handshake.
    Full,
}

/// Lets all devices check in at once for a time, each one report after the other.
pub async fn load(devices: Vec<Device>, connections: Connections, time: Duration) -> (Outcome, Vec<Device>) {
    let mut tasks = JoinSet::new();
    for device in devices {
        tasks.spawn(async move {
            match connections {
                Connections::Kept => kept(device, time).await,
                Connections::Resumed | Connections::Full => one_each(device, connections, time).await,
            }
        });
    }
    let (mut total, mut back) = (Outcome::default(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (outcome, device) = done.expect("a device of the load does not panic");
        total.add(outcome);
        back.push(device);
    }
    total.latencies_us.sort_unstable();
    (total, back)
}

async fn kept(mut device: Device, time: Duration) -> (Outcome, Device) {
    let mut client = AgentServiceClient::new(device.connect().await);
    // The first report is full and takes the long way; it is not what is measured.
    let first = client.check_in(device.next_report()).await;
    let mut outcome = Outcome { failed: u64::from(first.is_err()), ..Outcome::default() };
    let started = Instant::now();
    while started.elapsed() < time {
        let sent = Instant::now();
        let answer = client.check_in(device.next_report()).await;
        outcome.note(sent, answer.is_ok());
    }
    outcome.elapsed = started.elapsed();
    (outcome, device)
}

async fn one_each(mut device: Device, connections: Connections, time: Duration) -> (Outcome, Device) {
    let first = AgentServiceClient::new(device.connect().await).check_in(device.next_report()).await;
    let mut outcome = Outcome { failed: u64::from(first.is_err()), ..Outcome::default() };
    let connector =
        if connections == Connections::Full { device.without_resumption() } else { device.connector.clone() };
    let started = Instant::now();
    while started.elapsed() < time {
        let sent = Instant::now();
        let answered = match connector.connect(Protocol::Http2).await {
            Ok(connection) => AgentServiceClient::new(connection).check_in(device.next_report()).await.is_ok(),
            Err(_) => false,
        };
        outcome.note(sent, answered);
    }
    outcome.elapsed = started.elapsed();
    (outcome, device)
}

impl Outcome {
    fn note(&mut self, sent: Instant, answered: bool) {
        if answered {
            self.answered += 1;
            self.latencies_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            self.failed += 1;
        }
    }
}
