//! Tries the network layer by layer, without privileges, and says how each answered: link, address, gateway, DNS, the
//! server, and what the plan names beyond.
//!
//! Invariants: a layer behind a broken one is not tried, but the server and the services by their last known addresses
//! when only DNS is broken, and a probe's hops and ports whenever the gateway answers; every check ends within the plan's
//! limit; nothing is sent to a service but a handshake.
//!
//! Deliberately not here: when to check and what is news ([`crate::engine`]).

mod connect;
mod dns;
mod icmp;
mod local;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gigafleet_proto::v1::{CheckError, CheckOutcome, NetworkCheck, NetworkLayer, ProbePlan, ProbeTarget};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{task::JoinSet, time::Instant};

use self::{
    dns::{Names, RecordType},
    local::{Local, WayOut},
};
use crate::{
    engine::Round,
    transport::{Connector, Protocol, TransportError, status::rustls_error},
};

/// Ports on which a gateway may listen; a refusal is an answer too.
const GATEWAY_PORTS: [u16; 2] = [53, 80];
/// Targets that are tried at once. More would be quicker, and slower to answer for want of our own processor.
const AT_ONCE: usize = 4;
/// The port of a target that names none.
const HTTPS_PORT: u16 = 443;

/// One result and when it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The result.
    pub check: NetworkCheck,
    /// When.
    pub at: Instant,
}

/// What a round gives.
pub type Measuring = Pin<Box<dyn Future<Output = Vec<Measured>> + Send>>;

/// Makes rounds of checks: of a real network, or of a simulated one.
pub trait Prober: Send + Sync + 'static {
    /// Makes one round. It may be dropped before its end. `server` is how this device reaches the server.
    fn check(&self, round: Round, server: Arc<Connector>) -> Measuring;
}

/// How long an answer took, or why there was none.
type Answer = Result<Duration, CheckError>;

/// Checks the network that this machine is on.
#[derive(Clone)]
pub struct Checker {
    shared: Arc<Shared>,
}

struct Shared {
    local: Local,
    name_only: Arc<ClientConfig>,
    /// Where the server and the hosts of the plan were found last.
    known: Mutex<Vec<(String, Vec<IpAddr>)>>,
}

impl Checker {
    /// Checks the network of this machine.
    ///
    /// # Errors
    /// When TLS can not be set up.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_root(Path::new("/"))
    }

    /// Reads `sys`, `proc` and `etc` below a folder; connections are made from this machine.
    ///
    /// # Errors
    /// When TLS can not be set up.
    pub fn with_root(root: &Path) -> Result<Self, TransportError> {
        let shared = Shared {
            local: Local::new(root),
            name_only: connect::name_only_config().map_err(TransportError::Identity)?,
            known: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Prober for Checker {
    fn check(&self, round: Round, server: Arc<Connector>) -> Measuring {
        let trial = Arc::new(Trial::new(self.shared.clone(), round.plan.clone(), server));
        Box::pin(trial.make(round))
    }
}

/// What a round has given so far.
#[derive(Default)]
struct Results(Vec<Measured>);

impl Results {
    /// Adds how a layer or target answered, and whether it did.
    fn add(&mut self, layer: NetworkLayer, target: u32, answer: Answer, slow_ms: u32) -> bool {
        self.0.push(Measured { check: judged(layer, target, answer, slow_ms), at: Instant::now() });
        answer.is_ok()
    }
}

fn judged(layer: NetworkLayer, target: u32, answer: Answer, slow_ms: u32) -> NetworkCheck {
    let (outcome, error) = match answer {
        Ok(took) if took > Duration::from_millis(slow_ms.into()) => (CheckOutcome::Slow, CheckError::Unspecified),
        Ok(_) => (CheckOutcome::Ok, CheckError::Unspecified),
        Err(error) => (CheckOutcome::Failed, error),
    };
    let latency_us = answer.map_or(0, |took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    NetworkCheck { layer: layer.into(), target, outcome: outcome.into(), error: error.into(), latency_us }
}

/// One round, being made.
struct Trial {
    shared: Arc<Shared>,
    plan: Arc<ProbePlan>,
    server: Arc<Connector>,
    names: Names,
    families: [RecordType; 2],
    timeout: Duration,
}

/// What became of a host's name.
enum Found {
    At(Vec<IpAddr>),
    Failed(CheckError),
    /// DNS is broken and no address is known: nothing can be said of the host.
    Unknown,
}

impl Trial {
    fn new(shared: Arc<Shared>, plan: Arc<ProbePlan>, server: Arc<Connector>) -> Self {
        let local = &shared.local;
        let names = Names::parse(&local.read("etc/resolv.conf"), local.read("etc/hosts"));
        let families = match local.has_ipv4() {
            true => [RecordType::A, RecordType::Aaaa],
            false => [RecordType::Aaaa, RecordType::A],
        };
        let timeout = Duration::from_millis(plan.timeout_ms.into());
        Self { names, families, timeout, shared, plan, server }
    }

    async fn make(self: Arc<Self>, round: Round) -> Vec<Measured> {
        let mut results = Results::default();
        self.layers(&round, &mut results).await;
        results.0
    }

    async fn layers(self: Arc<Self>, round: &Round, results: &mut Results) {
        let (from, local) = (round.from, &self.shared.local);
        if from <= NetworkLayer::Link {
            let answer = if local.has_link() { Ok(Duration::ZERO) } else { Err(CheckError::NoLink) };
            if !results.add(NetworkLayer::Link, 0, answer, 0) {
                return;
            }
        }
        if from <= NetworkLayer::Address {
            let answer = if local.has_address() { Ok(Duration::ZERO) } else { Err(CheckError::NoAddress) };
            if !results.add(NetworkLayer::Address, 0, answer, 0) {
                return;
            }
        }
        if from <= NetworkLayer::Gateway
            && let Some(answer) = self.gateway().await
            && !results.add(NetworkLayer::Gateway, 0, answer, self.plan.gateway_slow_ms)
        {
            return;
        }
        let mut dns_is_broken = round.dns_is_broken;
        if from <= NetworkLayer::Dns
            && let Some(answer) = self.dns().await
        {
            dns_is_broken = !results.add(NetworkLayer::Dns, 0, answer, self.plan.dns_slow_ms);
        }
        let mut server_answers = true;
        if from <= NetworkLayer::Server
            && let Some(answer) = self.server(dns_is_broken).await
        {
            server_answers = results.add(NetworkLayer::Server, 0, answer, self.plan.server_slow_ms);
        }
        self.targets(from, dns_is_broken, server_answers, results).await;
    }

    /// Whether the gateway answers; nothing where there is none to ask.
    async fn gateway(&self) -> Option<Answer> {
        let gateway = match self.shared.local.way_out() {
            WayOut::Gateway(gateway) => gateway,
            WayOut::Direct => return None,
            WayOut::None => return Some(Err(CheckError::Unreachable)),
        };
        let answer = reach(gateway.into(), &GATEWAY_PORTS, self.timeout).await?;
        // One that is silent to all of these still tells its hardware address.
        Some(answer.or_else(|error| match self.shared.local.knows_neighbour(gateway) {
            true => Ok(Duration::ZERO),
            false => Err(error),
        }))
    }

    /// Whether the resolver answers for the server's name, or for that of a target; nothing where there is no name.
    async fn dns(&self) -> Option<Answer> {
        let (server, _) = self.server.host_and_port();
        let mut hosts = std::iter::once(server).chain(self.plan.targets.iter().map(|target| target.host.as_str()));
        let name = hosts.find(|host| host.parse::<IpAddr>().is_err())?;
        let begun = Instant::now();
        let answer = self.names.resolve(name, self.families, self.timeout).await;
        let took = begun.elapsed();
        Some(match answer {
            Ok(addresses) => {
                self.learn(name, addresses);
                Ok(took)
            }
            // That the device itself knows the name is no fault of the resolver's.
            Err(CheckError::NameUnknown) if !self.names.of_hosts(name).is_empty() => Ok(took),
            Err(error) => Err(error),
        })
    }

    /// Whether the server shakes hands; nothing where its address can not be known.
    async fn server(&self, dns_is_broken: bool) -> Option<Answer> {
        let (host, port) = self.server.host_and_port();
        let known = self.server.known_address().get().map(|address| vec![address.ip()]);
        let addresses = match (self.find(host, dns_is_broken).await, known) {
            (Found::At(addresses), _) | (Found::Failed(_) | Found::Unknown, Some(addresses)) => addresses,
            (Found::Failed(error), None) => return Some(Err(error)),
            (Found::Unknown, None) => return None,
        };
        let attempt = |address| async move {
            let address = SocketAddr::new(address, port);
            let begun = Instant::now();
            let mut tried = self.server.try_address(Protocol::Http2, address).await;
            if let Err(TransportError::Http2Refused) = tried {
                tried = self.server.try_address(Protocol::GrpcWeb, address).await;
            }
            let took = begun.elapsed();
            match tried.map_err(|error| error_of_transport(&error)) {
                Ok(()) => Ok(took),
                // Whose certificate it is that we do not trust is worth another look.
                Err(CheckError::BadTls) => {
                    let name = self.server.server_name().clone();
                    let look = connect::tls(address, name, self.shared.name_only.clone()).await;
                    Err(look.err().filter(|error| *error == CheckError::Blocked).unwrap_or(CheckError::BadTls))
                }
                Err(error) => Err(error),
            }
        };
        Some(connect::first_that_answers(&addresses, self.timeout, attempt).await)
    }

    /// Tries the targets, some at once, the ports last and alone: services behind the server, hops and ports in any case.
    async fn targets(
        self: Arc<Self>,
        from: NetworkLayer,
        dns_is_broken: bool,
        server_answers: bool,
        results: &mut Results,
    ) {
        let is_due = |target: &&ProbeTarget| {
            target.layer() >= from && (target.layer() != NetworkLayer::Service || server_answers)
        };
        let (ports, others): (Vec<&ProbeTarget>, Vec<_>) =
            self.plan.targets.iter().filter(is_due).partition(|target| target.layer() == NetworkLayer::Ports);
        let mut ended = vec![None; others.len()];
        let mut waiting = others.into_iter().cloned().enumerate();
        let mut trials = JoinSet::new();
        loop {
            for (index, target) in waiting.by_ref().take(AT_ONCE - trials.len()) {
                let trial = self.clone();
                trials.spawn(async move {
                    let answer = trial.target(&target, dns_is_broken).await?;
                    let check = judged(target.layer(), target.number, answer, target.slow_ms);
                    Some((index, Measured { check, at: Instant::now() }))
                });
            }
            match trials.join_next().await {
                Some(Ok(Some((index, measured)))) => ended[index] = Some(measured),
                Some(Ok(None) | Err(_)) => {}
                None => break,
            }
        }
        results.0.extend(ended.into_iter().flatten());
        for target in ports {
            if let Some(answer) = self.target(target, dns_is_broken).await {
                results.add(target.layer(), target.number, answer, target.slow_ms);
            }
        }
    }

    /// Tries one target; nothing where that is not possible.
    async fn target(&self, target: &ProbeTarget, dns_is_broken: bool) -> Option<Answer> {
        let addresses = match self.find(&target.host, dns_is_broken).await {
            Found::At(addresses) => addresses,
            Found::Failed(error) => return Some(Err(error)),
            Found::Unknown => return None,
        };
        let port = u16::try_from(target.port).unwrap_or_default();
        let is_hop = matches!(target.layer(), NetworkLayer::Hub | NetworkLayer::Isp);
        if is_hop && !target.tls {
            let ports: &[u16] = if port == 0 { &[] } else { &[port] };
            return reach(*addresses.first()?, ports, self.timeout).await;
        }
        let port = if port == 0 { HTTPS_PORT } else { port };
        if target.layer() == NetworkLayer::Ports {
            let address = SocketAddr::new(*addresses.first()?, port);
            return Some(connect::many(address, target.connections, self.timeout).await);
        }
        if !target.tls {
            let attempt = |address| connect::tcp(SocketAddr::new(address, port));
            return Some(connect::first_that_answers(&addresses, self.timeout, attempt).await);
        }
        let name = server_name(&target.host)?;
        let attempt =
            |address| connect::tls(SocketAddr::new(address, port), name.clone(), self.shared.name_only.clone());
        Some(connect::first_that_answers(&addresses, self.timeout, attempt).await)
    }

    async fn find(&self, host: &str, dns_is_broken: bool) -> Found {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Found::At(vec![address]);
        }
        let own = self.names.of_hosts(host);
        if !own.is_empty() {
            return Found::At(own);
        }
        match self.names.resolve(host, self.families, self.timeout).await {
            Ok(addresses) => {
                self.learn(host, addresses.clone());
                Found::At(addresses)
            }
            Err(error) if !dns_is_broken => Found::Failed(error),
            Err(_) => {
                let known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
                let known = known.iter().find(|(name, _)| name == host);
                known.map_or(Found::Unknown, |(_, addresses)| Found::At(addresses.clone()))
            }
        }
    }

    fn learn(&self, host: &str, addresses: Vec<IpAddr>) {
        let mut known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (server, _) = self.server.host_and_port();
        let is_ours = |name: &str| name == server || self.plan.targets.iter().any(|target| target.host == *name);
        known.retain(|(name, _)| name != host && is_ours(name));
        known.push((host.to_owned(), addresses));
    }
}

/// Whether anybody is at an address: by an echo, or by a port where that is not allowed or not answered. Nothing where
/// neither can be tried.
async fn reach(address: IpAddr, ports: &[u16], limit: Duration) -> Option<Answer> {
    let begun = Instant::now();
    let share = if ports.is_empty() { limit } else { limit / 2 };
    let echo = match tokio::time::timeout(share, icmp::echo(address)).await {
        Ok(Ok(took)) => return Some(Ok(took)),
        Ok(Err(error)) if is_forbidden(&error) => None,
        Ok(Err(error)) => Some(Err(error_of(&error))),
        Err(_) => Some(Err(CheckError::Timeout)),
    };
    let mut knocks = JoinSet::new();
    for port in ports {
        knocks.spawn(connect::knock(SocketAddr::new(address, *port)));
    }
    let left = limit.saturating_sub(begun.elapsed());
    let knocked = tokio::time::timeout(left, async {
        let mut answer = echo;
        while let Some(knock) = knocks.join_next().await {
            match knock {
                Ok(Ok(took)) => return Some(Ok(took)),
                Ok(Err(error)) => answer = Some(Err(error)),
                Err(_) => {}
            }
        }
        answer
    });
    knocked.await.unwrap_or(Some(Err(CheckError::Timeout)))
}

/// Whether the system does not let this user send an echo at all.
fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::PROTONOSUPPORT.raw_os_error())
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    match host.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::from(address)),
        Err(_) => ServerName::try_from(host.to_owned()).ok(),
    }
}

fn error_of_transport(error: &TransportError) -> CheckError {
    match error {
        TransportError::Connect(error) | TransportError::Handshake(error) => error_of(error),
        TransportError::Http2Refused | TransportError::Http(_) => CheckError::BadTls,
        TransportError::TimedOut(_) => CheckError::Timeout,
        TransportError::Address(_) | TransportError::Identity(_) => CheckError::Unspecified,
    }
}

/// Why something failed, by what the system or TLS said.
fn error_of(error: &io::Error) -> CheckError {
    if let Some(error) = rustls_error(error) {
        return if connect::names_another(error) { CheckError::Blocked } else { CheckError::BadTls };
    }
    match error.kind() {
        io::ErrorKind::TimedOut => CheckError::Timeout,
        io::ErrorKind::ConnectionRefused => CheckError::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => CheckError::Reset,
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => CheckError::Unreachable,
        _ => CheckError::Unspecified,
    }
}
