//! Rounds against real sockets of this machine, with the tables of a made-up one.

use std::{fs, net::Ipv4Addr, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::{
    dns::tests::{Resolver, resolver},
    *,
};
use crate::transport::{
    KnownAddress,
    tls::{ServerTrust, TimeKnowledge, client_config},
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                      wlan0\t00000000\t0100007F\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                      wlan0\t000AA8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n";

/// The tables of a machine whose gateway is this one.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.has("sys/class/net/wlan0/operstate", "up\n");
        machine.has("sys/class/net/wlan0/device/uevent", "");
        machine.has("proc/net/route", ROUTES);
        machine
    }

    fn has(&self, path: &str, text: &str) {
        let path: PathBuf = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn asks(&self, behaviour: Resolver) {
        self.has("etc/resolv.conf", &format!("nameserver {}\n", resolver(behaviour).await));
    }

    fn checker(&self) -> Checker {
        Checker::with_root(self.0.path()).unwrap()
    }
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let leaf = params.signed_by(&key, &self.0).unwrap().der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key.into())
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(tls))
    }

    /// How a device that trusts this authority calls `fleet.example`.
    fn connector(&self, port: u16) -> Arc<Connector> {
        let trust = ServerTrust::authority(self.0.der(), TimeKnowledge::default()).unwrap();
        let tls = client_config(&trust, None).unwrap();
        Arc::new(Connector::new(format!("fleet.example:{port}"), tls, None).unwrap())
    }
}

/// What listens at a port.
#[derive(Clone)]
enum Listener {
    Tls(TlsAcceptor),
    Http,
    Resets,
    Hangs,
}

async fn listen(behaviour: Listener) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((tcp, _)) = listener.accept().await {
            match &behaviour {
                Listener::Hangs => held.push(tcp),
                other => drop(tokio::spawn(behave(other.clone(), tcp))),
            }
        }
    });
    port
}

async fn behave(behaviour: Listener, mut tcp: TcpStream) {
    let mut hello = [0; 2_048];
    match behaviour {
        Listener::Tls(acceptor) => {
            let Ok(mut stream) = acceptor.accept(tcp).await else { return };
            let _ = stream.read(&mut hello).await;
        }
        Listener::Http => {
            let _ = tcp.read(&mut hello).await;
            let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            let _ = tcp.shutdown().await;
        }
        Listener::Resets => {
            let _ = tcp.read(&mut hello[..1]).await;
            rustix::net::sockopt::set_socket_linger(&tcp, Some(Duration::ZERO)).unwrap();
        }
        Listener::Hangs => {}
    }
}

/// A port at which nobody listens.
async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

fn service(number: u32, host: &str, port: u16) -> ProbeTarget {
    let (layer, port) = (NetworkLayer::Service.into(), port.into());
    ProbeTarget { number, layer, host: host.to_owned(), port, tls: true, slow_ms: 10_000, connections: 1 }
}

fn round(targets: Vec<ProbeTarget>) -> Round {
    let plan = ProbePlan {
        version: 1,
        timeout_ms: 700,
        gateway_slow_ms: 10_000,
        dns_slow_ms: 10_000,
        server_slow_ms: 10_000,
        targets,
        ..ProbePlan::default()
    };
    Round { number: 1, from: NetworkLayer::Link, dns_is_broken: false, plan: Arc::new(plan) }
}

type Seen = (NetworkLayer, u32, CheckOutcome, CheckError);

async fn check(checker: &Checker, round: Round, server: &Arc<Connector>) -> Vec<Seen> {
    let measured = checker.check(round, server.clone()).await;
    let seen = |measured: &Measured| {
        let check = measured.check;
        let answered = check.outcome() != CheckOutcome::Failed;
        assert!(answered || check.latency_us == 0);
        (check.layer(), check.target, check.outcome(), check.error())
    };
    measured.iter().map(seen).collect()
}

const fn well(layer: NetworkLayer, target: u32) -> Seen {
    (layer, target, CheckOutcome::Ok, CheckError::Unspecified)
}

const fn failed(layer: NetworkLayer, target: u32, error: CheckError) -> Seen {
    (layer, target, CheckOutcome::Failed, error)
}

const LINK: Seen = well(NetworkLayer::Link, 0);
const ADDRESS: Seen = well(NetworkLayer::Address, 0);
const GATEWAY: Seen = well(NetworkLayer::Gateway, 0);
const DNS: Seen = well(NetworkLayer::Dns, 0);
const SERVER: Seen = well(NetworkLayer::Server, 0);

#[tokio::test]
async fn every_layer_answers_on_a_network_that_is_well() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Answers(HERE)).await;
    let server = authority.connector(listen(Listener::Tls(authority.acceptor("fleet.example"))).await);
    let port = listen(Listener::Tls(Authority::new().acceptor("s.example"))).await;
    let plain = ProbeTarget { tls: false, ..service(2, "s.example", listen(Listener::Hangs).await) };
    let checker = machine.checker();
    let seen = check(&checker, round(vec![service(1, "s.example", port), plain]), &server).await;
    let services = [well(NetworkLayer::Service, 1), well(NetworkLayer::Service, 2)];
    assert_eq!(seen, [&[LINK, ADDRESS, GATEWAY, DNS, SERVER][..], &services].concat());
    assert_eq!(server.known_address().get().map(|address| address.ip()), Some(HERE));
    let part = Round { from: NetworkLayer::Server, ..round(Vec::new()) };
    assert_eq!(check(&checker, part, &server).await, [SERVER], "a confirmation begins where something differs");
    let part = ProbePlan { server_slow_ms: 0, ..ProbePlan::clone(&round(Vec::new()).plan) };
    let part = Round { from: NetworkLayer::Server, plan: Arc::new(part), ..round(Vec::new()) };
    assert_eq!(check(&checker, part, &server).await[0].2, CheckOutcome::Slow);
}

#[tokio::test]
async fn first_broken_layer_of_the_device_ends_the_round() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Answers(HERE)).await;
    let server = authority.connector(closed_port().await);
    let checker = machine.checker();
    let look = async || check(&checker, round(vec![service(1, "s.example", 443)]), &server).await;
    machine.has("proc/net/route", &ROUTES.lines().take(1).collect::<String>());
    machine.has("proc/net/route", &format!("{}\n", ROUTES.lines().next().unwrap()));
    assert_eq!(look().await, [LINK, failed(NetworkLayer::Address, 0, CheckError::NoAddress)]);
    let link_local = "wlan0\t0000FEA9\t00000000\t0001\t0\t0\t600\t0000FFFF\t0\t0\t0\n";
    machine.has("proc/net/route", &format!("{}\n{link_local}", ROUTES.lines().next().unwrap()));
    assert_eq!(look().await, [LINK, failed(NetworkLayer::Address, 0, CheckError::NoAddress)]);
    let local_only: String =
        ROUTES.lines().filter(|line| !line.contains("0100007F")).map(|l| format!("{l}\n")).collect();
    machine.has("proc/net/route", &local_only);
    assert_eq!(look().await, [LINK, ADDRESS, failed(NetworkLayer::Gateway, 0, CheckError::Unreachable)]);
    machine.has("sys/class/net/wlan0/operstate", "down\n");
    assert_eq!(look().await, [failed(NetworkLayer::Link, 0, CheckError::NoLink)]);
}

#[tokio::test]
async fn why_a_service_does_not_answer_is_told_apart() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Answers(HERE)).await;
    let server = authority.connector(listen(Listener::Tls(authority.acceptor("fleet.example"))).await);
    let listeners = [
        (listen(Listener::Tls(Authority::new().acceptor("filter.example"))).await, CheckError::Blocked),
        (listen(Listener::Http).await, CheckError::BadTls),
        (listen(Listener::Resets).await, CheckError::Reset),
        (listen(Listener::Hangs).await, CheckError::Timeout),
        (closed_port().await, CheckError::Refused),
    ];
    let targets = (1..).zip(&listeners).map(|(number, (port, _))| service(number, "s.example", *port)).collect();
    let expected: Vec<_> =
        (1..).zip(&listeners).map(|(number, (_, error))| failed(NetworkLayer::Service, number, *error)).collect();
    let seen = check(&machine.checker(), round(targets), &server).await;
    assert_eq!(seen[5..], expected);
}

#[tokio::test]
async fn why_the_server_does_not_answer_is_told_apart_and_services_are_not_tried_behind_it() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Answers(HERE)).await;
    let checker = machine.checker();
    for (listener, error) in [
        (Listener::Tls(Authority::new().acceptor("filter.example")), CheckError::Blocked),
        (Listener::Tls(Authority::new().acceptor("fleet.example")), CheckError::BadTls),
        (Listener::Http, CheckError::BadTls),
        (Listener::Resets, CheckError::Reset),
        (Listener::Hangs, CheckError::Timeout),
    ] {
        let server = authority.connector(listen(listener).await);
        // A hop is tried in any case: that it refuses a connection shows that it is there.
        let hop =
            ProbeTarget { tls: false, layer: NetworkLayer::Hub.into(), ..service(2, "127.0.0.1", closed_port().await) };
        let seen = check(&checker, round(vec![service(1, "s.example", 443), hop]), &server).await;
        assert_eq!(seen[4..], [failed(NetworkLayer::Server, 0, error), well(NetworkLayer::Hub, 2)]);
    }
}

#[tokio::test]
async fn names_are_tried_at_their_last_addresses_while_dns_is_broken() {
    let (machine, authority) = (Machine::new(), Authority::new());
    let server = authority.connector(listen(Listener::Tls(authority.acceptor("fleet.example"))).await);
    let port = listen(Listener::Tls(Authority::new().acceptor("s.example"))).await;
    let targets = vec![service(1, "s.example", port)];
    let checker = machine.checker();
    let known = well(NetworkLayer::Service, 1);
    for (behaviour, error) in [
        (Resolver::Silent, CheckError::Timeout),
        (Resolver::Refuses(2), CheckError::ResolverFailed),
        (Resolver::Refuses(3), CheckError::NameUnknown),
    ] {
        machine.asks(behaviour).await;
        let dns = failed(NetworkLayer::Dns, 0, error);
        let fresh = machine.checker();
        let unknown = authority.connector(1);
        let seen = check(&fresh, round(targets.clone()), &unknown).await;
        assert_eq!(seen, [LINK, ADDRESS, GATEWAY, dns], "of an address that was never known nothing is said");
        machine.asks(Resolver::Answers(HERE)).await;
        let seen = check(&checker, round(targets.clone()), &server).await;
        assert_eq!(seen, [LINK, ADDRESS, GATEWAY, DNS, SERVER, known]);
        machine.asks(behaviour).await;
        let seen = check(&checker, round(targets.clone()), &server).await;
        assert_eq!(seen, [LINK, ADDRESS, GATEWAY, dns, SERVER, known], "{behaviour:?}");
    }
}

#[tokio::test]
async fn name_of_a_service_that_the_resolver_denies_is_the_services_trouble() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Knows("fleet.example", HERE)).await;
    let server = authority.connector(listen(Listener::Tls(authority.acceptor("fleet.example"))).await);
    let seen = check(&machine.checker(), round(vec![service(1, "s.example", 443)]), &server).await;
    assert_eq!(seen[3..], [DNS, SERVER, failed(NetworkLayer::Service, 1, CheckError::NameUnknown)]);
}

#[tokio::test]
async fn server_without_a_name_needs_no_resolver() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Silent).await;
    let port = listen(Listener::Tls(authority.acceptor("127.0.0.1"))).await;
    let trust = ServerTrust::authority(authority.0.der(), TimeKnowledge::default()).unwrap();
    let tls = client_config(&trust, None).unwrap();
    let server = Connector::new(format!("127.0.0.1:{port}"), tls, None).unwrap();
    let server = Arc::new(server.knowing(KnownAddress::default()));
    assert_eq!(check(&machine.checker(), round(Vec::new()), &server).await, [LINK, ADDRESS, GATEWAY, SERVER]);
}

#[tokio::test]
async fn connections_at_once_are_counted() {
    let (machine, authority) = (Machine::new(), Authority::new());
    machine.asks(Resolver::Answers(HERE)).await;
    let server = authority.connector(closed_port().await);
    let ports = |port, connections| ProbeTarget {
        layer: NetworkLayer::Ports.into(),
        connections,
        ..service(1, "127.0.0.1", port)
    };
    let checker = machine.checker();
    let part = |target| Round { from: NetworkLayer::Ports, ..round(vec![target]) };
    let enough = listen(Listener::Hangs).await;
    let seen = check(&checker, part(ports(enough, 60)), &server).await;
    assert_eq!(seen, [well(NetworkLayer::Ports, 1)]);
    // One that takes in some connections and lets the others wait.
    let few = tokio::net::TcpSocket::new_v4().unwrap();
    few.bind((HERE, 0).into()).unwrap();
    let few = few.listen(8).unwrap();
    let seen = check(&checker, part(ports(few.local_addr().unwrap().port(), 60)), &server).await;
    assert_eq!(seen, [failed(NetworkLayer::Ports, 1, CheckError::TooFewPorts)]);
    let seen = check(&checker, part(ports(closed_port().await, 60)), &server).await;
    assert_eq!(seen, [failed(NetworkLayer::Ports, 1, CheckError::Refused)]);
}

#[test]
fn tables_of_other_networks_are_read() {
    let machine = Machine::new();
    let local = Local::new(machine.0.path());
    assert_eq!(local.way_out(), WayOut::Gateway(Ipv4Addr::LOCALHOST));
    machine.has(
        "proc/net/arp",
        "IP address       HW type     Flags       HW address            Mask     Device\n\
         192.168.10.1     0x1         0x2         02:00:00:00:00:01     *        wlan0\n\
         192.168.10.9     0x1         0x0         00:00:00:00:00:00     *        wlan0\n",
    );
    let knows = |last| local.knows_neighbour(Ipv4Addr::new(192, 168, 10, last));
    assert!(knows(1) && !knows(9) && !knows(2));

    let head = ROUTES.lines().next().unwrap();
    machine.has("proc/net/route", &format!("{head}\nwwan0\t00000000\t00000000\t0001\t0\t0\t700\t00000000\t0\t0\t0\n"));
    assert_eq!((local.way_out(), local.has_ipv4()), (WayOut::Direct, true), "a mobile network has no gateway");

    machine.has("proc/net/route", &format!("{head}\n"));
    let zeros = "0".repeat(32);
    machine.has(
        "proc/net/ipv6_route",
        &format!("{zeros} 00 {zeros} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 wlan0\n"),
    );
    machine.has("proc/net/if_inet6", "fe800000000000000000000000000002 02 40 20 80 wlan0\n");
    assert_eq!((local.way_out(), local.has_ipv4(), local.has_address()), (WayOut::Direct, false, false));
    machine.has("proc/net/if_inet6", "20010db8000000000000000000000002 02 40 00 80 wlan0\n");
    assert!(local.has_link() && local.has_address(), "IPv6 alone is enough");

    machine.has("proc/net/ipv6_route", &format!("{zeros} 00 {zeros} 00 {zeros} ffffffff 00000001 0 00200200 lo\n"));
    assert_eq!(local.way_out(), WayOut::None, "that is where what has no way goes");
}
