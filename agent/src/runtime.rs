//! Executes what the engine decides: reads the device, keeps the spool, makes the calls, sets the timer.
//!
//! Invariants: effects are executed in order, and what they give is handed to the engine after the last of them; one
//! call at a time; every call ends within [`AgentOptions::call_timeout`]; nothing that fails here ends the agent. Rounds
//! of checks run beside calls and end within two minutes; what people reported goes beside them too.
//!
//! Deliberately not here: decisions ([`crate::engine`]).

mod measuring;
#[cfg(test)]
mod tests;
mod trouble;

use std::{collections::VecDeque, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use gigafleet_proto::v1::{
    CheckInRequest, CheckInResponse, RenewCertificateRequest, RenewCertificateResponse,
    agent_service_client::AgentServiceClient, enrollment_service_client::EnrollmentServiceClient,
};
use tokio::time::Instant;

use self::{
    measuring::{Checking, Testing},
    trouble::Telling,
};
use crate::{
    checks::Prober,
    engine::{
        CertificateTimes, Effect, Engine, EngineConfig, Event, Failure, FailureKind, Memory, Run, TRANSITIONS_MAX,
    },
    identity::{DeviceId, Identity, IdentityError, StateFolder, certificate_request, draw_bytes, draw_key},
    platform::Platform,
    spool::{DiskStore, Store},
    transport::{
        Connection, Connector, KnownAddress, Protocol, Route, TransportError, call_once,
        status::failure_of_status,
        tls::{ServerTrust, TimeKnowledge},
    },
};

/// How long a report under way may take to end after the agent was asked to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// The server's address is written at most this often, so that one that changes all the time wears out no flash.
const ADDRESS_INTERVAL: Duration = Duration::from_secs(86_400);

/// What can be set from outside.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// The engine's settings. The times of certificates in it are filled in by the runtime.
    pub engine: EngineConfig,
    /// Longest that one call may take, connection included.
    pub call_timeout: Duration,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self { engine: EngineConfig::default(), call_timeout: Duration::from_secs(30) }
    }
}

/// Why an agent can not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The identity can not be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The device is not enrolled.
    #[error("this device is not enrolled: run gigafleet-agent enroll first")]
    NotEnrolled,
    /// The spool can not be opened.
    #[error("the spool can not be opened")]
    Spool(#[source] std::io::Error),
    /// The server's address or the certificate can not be used.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Sees what an agent does. Called on the agent's task: it must be quick.
pub trait Observer: Send + Sync + 'static {
    /// The server has stored a report: APPLIED, or DUPLICATE with exactly its sequence. `request` is what was sent; a
    /// transition's run_id 0 stands for `request.run_id`.
    fn acknowledged(&self, device_id: &DeviceId, request: &CheckInRequest, response: &CheckInResponse) {
        let _ = (device_id, request, response);
    }
    /// A report was answered, whatever the answer.
    fn answered(&self, device_id: &DeviceId, request: &CheckInRequest, response: &CheckInResponse) {
        let _ = (device_id, request, response);
    }
    /// A report failed; the server may have stored it all the same.
    fn failed(&self, device_id: &DeviceId, sequence: u64, failure: &Failure) {
        let _ = (device_id, sequence, failure);
    }
    /// The certificate in use is another now.
    fn renewed(&self, device_id: &DeviceId, times: CertificateTimes) {
        let _ = (device_id, times);
    }
}

struct Unobserved;

impl Observer for Unobserved {}

/// Where the identity is kept.
enum Keeper {
    Folder(StateFolder),
    Memory,
}

/// A certificate that waits for its first use.
struct Candidate {
    identity: Identity,
    connector: Arc<Connector>,
}

/// What a call gave.
enum Completed {
    Report { request: Box<CheckInRequest>, protocol: Protocol, answer: Result<CheckInResponse, Failure> },
    Renewal { separate: bool, answer: Result<(RenewCertificateResponse, Vec<u8>), Failure> },
}

type Call = Pin<Box<dyn Future<Output = Completed> + Send>>;

/// One agent, real or simulated. [`Agent::run`] is `Send`, so that thousands can live in one process.
pub struct Agent<P, S> {
    platform: P,
    store: S,
    engine: Engine,
    keeper: Keeper,
    identity: Identity,
    connector: Arc<Connector>,
    candidate: Option<Candidate>,
    candidate_in_use: bool,
    trust: Arc<ServerTrust>,
    time: TimeKnowledge,
    route: Route,
    observer: Arc<dyn Observer>,
    call_timeout: Duration,
    timer: Option<Instant>,
    call: Option<Call>,
    prober: Option<Arc<dyn Prober>>,
    checking: Option<Checking>,
    testing: Option<Testing>,
    telling: Telling,
    known: KnownAddress,
    /// The server's address as it was written last, and when this run wrote it.
    address_kept: (Option<SocketAddr>, Option<Instant>),
}

impl<P: Platform> Agent<P, DiskStore> {
    /// Makes the agent of this device from its state folder.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn open(state: StateFolder, platform: P, options: AgentOptions) -> Result<Self, StartError> {
        let identity = state.identity()?.ok_or(StartError::NotEnrolled)?;
        let mut store = DiskStore::open(state.path()).map_err(StartError::Spool)?;
        let memory = store.memory();
        let time = TimeKnowledge::new(memory.server_time_ms);
        let trust = trust_of(&identity, time.clone())?;
        Self::assemble(Keeper::Folder(state), identity, trust, time, memory, platform, store, options)
    }
}

impl<P: Platform, S: Store> Agent<P, S> {
    /// Makes a simulated agent. `trust` (see [`trust_of`]) and `time` are shared by all agents of one server.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn simulated(
        identity: Identity,
        trust: Arc<ServerTrust>,
        time: TimeKnowledge,
        platform: P,
        mut store: S,
        options: AgentOptions,
    ) -> Result<Self, StartError> {
        let memory = store.memory();
        Self::assemble(Keeper::Memory, identity, trust, time, memory, platform, store, options)
    }

    /// Lets someone see what the agent does.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Gives the agent what makes its checks; without it, [`EngineConfig::checks`] must be off.
    #[must_use]
    pub fn with_prober(mut self, prober: Arc<dyn Prober>) -> Self {
        self.prober = Some(prober);
        self
    }

    /// Which device this is.
    pub fn device_id(&self) -> &DeviceId {
        &self.identity.device_id
    }

    #[expect(clippy::too_many_arguments, reason = "private; two constructors with little in common meet here")]
    fn assemble(
        keeper: Keeper,
        identity: Identity,
        trust: Arc<ServerTrust>,
        time: TimeKnowledge,
        memory: Memory,
        platform: P,
        store: S,
        options: AgentOptions,
    ) -> Result<Self, StartError> {
        let address = match &keeper {
            Keeper::Folder(state) => state.address(),
            Keeper::Memory => None,
        };
        let known = KnownAddress::new(address);
        let connector = Arc::new(Connector::for_identity(&identity, &trust)?.knowing(known.clone()));
        let candidate = match &keeper {
            Keeper::Folder(state) => state.candidate().and_then(|identity| with_connector(identity, &trust, &known)),
            Keeper::Memory => None,
        };
        let mut config = options.engine;
        config.certificate = identity.times;
        config.candidate = candidate.as_ref().map(|candidate| candidate.identity.times);
        // Odd, so that it is never 0.
        let run = Run { run_id: u64::from_le_bytes(draw_bytes()?) | 1, boot_id: platform.boot_id() };
        let seed = u64::from_le_bytes(draw_bytes()?);
        Ok(Self {
            engine: Engine::new(config, memory, run, seed),
            telling: Telling::of(&keeper),
            platform,
            store,
            keeper,
            identity,
            connector,
            candidate,
            candidate_in_use: false,
            trust,
            time,
            route: Route::default(),
            observer: Arc::new(Unobserved),
            call_timeout: options.call_timeout,
            timer: None,
            call: None,
            prober: None,
            checking: None,
            testing: None,
            known,
            address_kept: (address, None),
        })
    }

    /// Runs until `shutdown` is ready; then a report under way may still end.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = std::pin::pin!(shutdown);
        let facts = self.platform.facts(&self.identity.mac_salt);
        let status = self.platform.status();
        self.feed(Event::Started { facts, status });
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                completed = end_of(self.call.as_mut()) => {
                    self.call = None;
                    self.complete(completed);
                }
                results = end_of(self.checking.as_mut().map(|checking| &mut checking.results)) => self.checked(results),
                kbps = end_of(self.testing.as_mut()) => {
                    self.testing = None;
                    self.feed(Event::Tested { kbps });
                }
                told = end_of(self.telling.under_way.as_mut()) => self.trouble_told(told),
                () = sleep_until(self.timer) => {
                    self.timer = None;
                    self.feed(Event::TimerFired);
                }
            }
        }
        if let Some(call) = self.call.take()
            && let Ok(completed) = tokio::time::timeout(SHUTDOWN_GRACE, call).await
        {
            self.complete(completed);
        }
    }

    /// Hands an event to the engine, executes what it decided, and goes on with what that gave.
    fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.platform.now();
            for effect in self.engine.handle(now, event) {
                events.extend(self.execute(effect));
            }
        }
    }

    fn execute(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Send(request) => self.send(request),
            Effect::SetTimer { at_monotonic_ms } => {
                let delay_ms = at_monotonic_ms.saturating_sub(self.platform.now().monotonic_ms);
                self.timer = Some(Instant::now() + Duration::from_millis(delay_ms));
            }
            Effect::Observe { facts } => {
                let facts = facts.then(|| self.platform.facts(&self.identity.mac_salt));
                return Some(Event::Observed { facts, status: self.platform.status() });
            }
            Effect::Persist(memory) => {
                if let Err(error) = self.store.persist(&memory) {
                    // The worst that follows is that the server answers BEHIND after the next power loss.
                    tracing::warn!(%error, "the memory can not be written");
                }
            }
            Effect::Append(record) => {
                let count = self.store.append(&record);
                return (count > 0).then_some(Event::Dropped { count });
            }
            Effect::Load => {
                let records = self.store.oldest(TRANSITIONS_MAX);
                let beyond = self.store.depth().records.saturating_sub(records.len() as u64);
                return Some(Event::Loaded { records, beyond });
            }
            Effect::Trim { through } => self.store.trim(through),
            Effect::Renew { separate_identity } => self.renew(separate_identity),
            Effect::UseCandidate => self.candidate_in_use = true,
            Effect::ConfirmCandidate => self.confirm_candidate(),
            Effect::DropCandidate => self.drop_candidate(),
            Effect::Check(round) => return self.check(round),
            Effect::Test { command_id, test } => self.test(command_id, test),
        }
        None
    }

    /// Keeps the address at which the server has just answered.
    fn keep_address(&mut self) {
        let (kept, written_at) = self.address_kept;
        let known = self.known.get();
        let (Keeper::Folder(state), Some(address)) = (&self.keeper, known) else { return };
        if known == kept || written_at.is_some_and(|at| at.elapsed() < ADDRESS_INTERVAL) {
            return;
        }
        if let Err(error) = state.save_address(address) {
            tracing::warn!(%error, "the server's address can not be kept");
        }
        self.address_kept = (known, Some(Instant::now()));
    }

    fn connector_in_use(&self) -> Arc<Connector> {
        match &self.candidate {
            Some(candidate) if self.candidate_in_use => candidate.connector.clone(),
            _ => self.connector.clone(),
        }
    }

    fn send(&mut self, request: Box<CheckInRequest>) {
        let connector = self.connector_in_use();
        let protocol = self.route.protocol(self.platform.now().monotonic_ms);
        let timeout = self.call_timeout;
        self.call = Some(Box::pin(async move {
            let call = |connection: Connection| {
                // The very same bytes, should they travel twice.
                let request = (*request).clone();
                async move {
                    let mut client = AgentServiceClient::new(connection);
                    client.check_in(request).await.map(tonic::Response::into_inner)
                }
            };
            let (protocol, answer) = call_once(&connector, protocol, timeout, call).await;
            let answer = answer.map_err(|status| failure_of_status(&status));
            Completed::Report { request, protocol, answer }
        }));
    }

    fn renew(&mut self, separate: bool) {
        let connector = self.connector.clone();
        let protocol = self.route.protocol(self.platform.now().monotonic_ms);
        let timeout = self.call_timeout;
        let device_id = self.identity.device_id.0.clone();
        self.call = Some(Box::pin(async move {
            let answer = request_certificate(&connector, protocol, timeout, &device_id, separate).await;
            Completed::Renewal { separate, answer }
        }));
    }

    fn complete(&mut self, completed: Completed) {
        let now = self.platform.now();
        match completed {
            Completed::Report { request, protocol, answer } => {
                let asked = self.route.protocol(now.monotonic_ms);
                match (asked, protocol, &answer) {
                    (Protocol::Http2, Protocol::GrpcWeb, Ok(_)) => {
                        tracing::info!("HTTP/2 does not get through; going on with gRPC-Web over HTTP/1.1");
                        self.route.found_grpc_web(now.monotonic_ms);
                    }
                    (Protocol::GrpcWeb, Protocol::GrpcWeb, Err(_)) => self.route.lost_grpc_web(),
                    _ => {}
                }
                self.complete_report(&request, answer);
            }
            Completed::Renewal { separate, answer } => {
                let event = match answer.and_then(|(response, key_der)| self.keep_candidate(response, key_der)) {
                    Ok(times) => Event::CertificateChanged {
                        renew_after_ms: times.renew_after_ms,
                        not_after_ms: times.not_after_ms,
                        separate,
                    },
                    Err(failure) => {
                        tracing::warn!(message = failure.message, "the certificate was not renewed");
                        Event::RenewalFailed { failure }
                    }
                };
                self.feed(event);
            }
        }
    }

    fn complete_report(&mut self, request: &CheckInRequest, answer: Result<CheckInResponse, Failure>) {
        let sequence = request.sequence;
        let device_id = match &self.candidate {
            Some(candidate) if self.candidate_in_use => candidate.identity.device_id.clone(),
            _ => self.identity.device_id.clone(),
        };
        match answer {
            Ok(response) => {
                let stored = is_stored(sequence, &response);
                tracing::debug!(sequence, stored, "the server answered");
                self.observer.answered(&device_id, request, &response);
                if stored {
                    self.observer.acknowledged(&device_id, request, &response);
                }
                self.keep_address();
                self.feed(Event::Answered { sequence, response });
                if let Some(server_time_ms) = self.engine.server_time_ms(self.platform.now()) {
                    self.time.learn(server_time_ms);
                }
                if stored {
                    self.tell_trouble();
                }
            }
            Err(failure) => {
                tracing::warn!(sequence, message = failure.message, "the report failed");
                self.observer.failed(&device_id, sequence, &failure);
                self.feed(Event::Failed { sequence, failure });
            }
        }
    }

    fn keep_candidate(
        &mut self,
        response: RenewCertificateResponse,
        key_der: Vec<u8>,
    ) -> Result<CertificateTimes, Failure> {
        let mut identity = self.identity.clone();
        identity.key_der = key_der;
        identity.certificate_der = response.certificate_der;
        identity.device_id = DeviceId(response.device_id);
        identity.times =
            CertificateTimes { renew_after_ms: response.renew_after_time_ms, not_after_ms: response.not_after_time_ms };
        let times = identity.times;
        let connector = Connector::for_identity(&identity, &self.trust).map_err(|error| other(&error))?;
        let connector = connector.knowing(self.known.clone());
        if let Keeper::Folder(state) = &self.keeper {
            state.save_candidate(&identity).map_err(|error| other(&error))?;
        }
        self.candidate = Some(Candidate { identity, connector: Arc::new(connector) });
        Ok(times)
    }

    fn confirm_candidate(&mut self) {
        self.candidate_in_use = false;
        let Some(candidate) = self.candidate.take() else {
            return;
        };
        self.identity = candidate.identity;
        self.connector = candidate.connector;
        if let Keeper::Folder(state) = &self.keeper
            && let Err(error) = state.confirm_candidate()
        {
            // The next run finds the candidate still waiting and tries it first.
            tracing::warn!(%error, "the new certificate could not be confirmed on disk");
        }
        tracing::info!(device_id = %self.identity.device_id, "the new certificate is in use");
        self.observer.renewed(&self.identity.device_id, self.identity.times);
    }

    fn drop_candidate(&mut self) {
        tracing::warn!("the server refused the new certificate; going on with the old one");
        self.candidate_in_use = false;
        self.candidate = None;
        if let Keeper::Folder(state) = &self.keeper
            && let Err(error) = state.drop_candidate()
        {
            tracing::warn!(%error, "the refused certificate could not be removed");
        }
    }
}

/// Trust in the authority that an identity names; share it among the agents of one server.
///
/// # Errors
/// [`StartError::Transport`] if the authority's certificate can not be read.
pub fn trust_of(identity: &Identity, time: TimeKnowledge) -> Result<Arc<ServerTrust>, StartError> {
    let trust = ServerTrust::authority(&identity.ca_certificate_der, time).map_err(TransportError::Identity)?;
    Ok(trust)
}

fn with_connector(identity: Identity, trust: &Arc<ServerTrust>, known: &KnownAddress) -> Option<Candidate> {
    let connector = Connector::for_identity(&identity, trust).ok()?.knowing(known.clone());
    Some(Candidate { identity, connector: Arc::new(connector) })
}

/// Whether an answer says that this very report is durable.
pub fn is_stored(sequence: u64, response: &CheckInResponse) -> bool {
    use gigafleet_proto::v1::CheckInOutcome as Outcome;
    match Outcome::try_from(response.outcome).unwrap_or_default() {
        Outcome::Applied => response.acknowledged_sequence >= sequence,
        Outcome::Duplicate | Outcome::Unspecified => response.acknowledged_sequence == sequence,
        Outcome::Behind | Outcome::Forked => false,
    }
}

async fn request_certificate(
    connector: &Connector,
    protocol: Protocol,
    timeout: Duration,
    device_id: &str,
    separate_identity: bool,
) -> Result<(RenewCertificateResponse, Vec<u8>), Failure> {
    let key_der = draw_key().map_err(|error| other(&error))?;
    let csr_der = certificate_request(&key_der, Some(device_id)).map_err(|error| other(&error))?;
    let request = RenewCertificateRequest { csr_der, separate_identity };
    let call = |connection: Connection| {
        let request = request.clone();
        async move {
            let mut client = EnrollmentServiceClient::new(connection);
            client.renew_certificate(request).await.map(tonic::Response::into_inner)
        }
    };
    let (_, answer) = call_once(connector, protocol, timeout, call).await;
    answer.map(|response| (response, key_der)).map_err(|status| failure_of_status(&status))
}

fn other(error: &dyn std::error::Error) -> Failure {
    Failure { kind: FailureKind::Other, retry_after_ms: None, message: error.to_string() }
}

/// Waits for what is under way; for ever if nothing is.
async fn end_of<F: Future + Unpin>(under_way: Option<&mut F>) -> F::Output {
    match under_way {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(timer: Option<Instant>) {
    match timer {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
