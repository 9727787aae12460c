use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::{
    CertificateError, Error,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{tls::*, *};
use crate::engine::FailureKind;

/// 2026-11-23.
const TODAY_S: u64 = 1_795_392_000;
const YEAR_S: u64 = 31_557_600;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A server's certificate for the year 2026.
    fn server(&self) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["fleet.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 12, 31);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        params.signed_by(&key, &self.issuer).unwrap().der().clone()
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn fleet() -> ServerName<'static> {
    ServerName::try_from("fleet.example").unwrap()
}

#[test]
fn clock_that_is_years_off_does_not_lock_the_device_out() {
    let authority = Authority::new();
    let leaf = authority.server();
    for known_ms in [0, TODAY_S * 1_000] {
        let trust = ServerTrust::authority(&authority.der(), TimeKnowledge::new(known_ms)).unwrap();
        for now in [0, TODAY_S, TODAY_S + 20 * YEAR_S] {
            trust.verify(&leaf, &[], &fleet(), at(now)).unwrap();
        }
    }
}

#[test]
fn certificate_that_ended_before_the_last_known_server_time_is_refused() {
    let authority = Authority::new();
    let trust = ServerTrust::authority(&authority.der(), TimeKnowledge::new((TODAY_S + YEAR_S) * 1_000)).unwrap();
    for now in [0, TODAY_S + 2 * YEAR_S] {
        let error = trust.verify(&authority.server(), &[], &fleet(), at(now)).unwrap_err();
        assert!(matches!(error, Error::InvalidCertificate(CertificateError::ExpiredContext { .. })), "{error:?}");
    }
}

#[test]
fn wrong_clock_never_skips_authority_or_name() {
    let (authority, other) = (Authority::new(), Authority::new());
    let trust = ServerTrust::authority(&authority.der(), TimeKnowledge::default()).unwrap();
    for now in [0, TODAY_S, TODAY_S + 20 * YEAR_S] {
        trust.verify(&other.server(), &[other.der()], &fleet(), at(now)).unwrap_err();
        let elsewhere = ServerName::try_from("other.example").unwrap();
        let error = trust.verify(&authority.server(), &[], &elsewhere, at(now)).unwrap_err();
        let wrong_name = matches!(error, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }));
        assert!(wrong_name, "{error:?}");
    }
}

#[test]
fn fingerprint_accepts_only_the_authority_it_names() {
    let (authority, other) = (Authority::new(), Authority::new());
    let trust = ServerTrust::fingerprint(sha256(&authority.der()));
    trust.verify(&authority.server(), &[authority.der()], &fleet(), at(TODAY_S)).unwrap();
    trust.verify(&authority.server(), &[authority.der()], &fleet(), at(0)).unwrap();
    // Not sent along; another's; and the right one sent along with a leaf that it did not sign.
    trust.verify(&authority.server(), &[], &fleet(), at(TODAY_S)).unwrap_err();
    trust.verify(&other.server(), &[other.der()], &fleet(), at(TODAY_S)).unwrap_err();
    trust.verify(&other.server(), &[authority.der()], &fleet(), at(TODAY_S)).unwrap_err();
}

#[test]
fn server_time_only_moves_forward() {
    let authority = Authority::new();
    let time = TimeKnowledge::new((TODAY_S + YEAR_S) * 1_000);
    time.learn(TODAY_S * 1_000);
    let trust = ServerTrust::authority(&authority.der(), time).unwrap();
    trust.verify(&authority.server(), &[], &fleet(), at(0)).unwrap_err();
}

#[test]
fn addresses_are_checked() {
    let tls = client_config(&ServerTrust::fingerprint([0; 32]), None).unwrap();
    for good in ["localhost:7443", "192.0.2.1:7443", "[2001:db8::1]:7443"] {
        Connector::new(good.to_owned(), tls.clone(), None).unwrap();
    }
    for bad in ["localhost", "localhost:", "localhost:99999", ":7443", "a b:1"] {
        assert!(Connector::new(bad.to_owned(), tls.clone(), None).is_err(), "{bad}");
    }
}

#[test]
fn route_goes_back_to_http2_after_some_hours() {
    let mut route = Route::default();
    assert_eq!(route.protocol(1_000), Protocol::Http2);
    route.found_grpc_web(1_000);
    assert_eq!(route.protocol(3_600_000), Protocol::GrpcWeb);
    assert_eq!(route.protocol(5 * 3_600_000), Protocol::Http2);
    route.found_grpc_web(0);
    route.lost_grpc_web();
    assert_eq!(route.protocol(0), Protocol::Http2);
}

/// `google.rpc.Status` with `RetryInfo{2.5 s}` and `ErrorInfo{CHECK_IN_QUEUE_FULL}`, as a server packs it.
fn packed_details() -> Vec<u8> {
    use prost::Message as _;
    let any = |name: &str, value: Vec<u8>| prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value };
    let delay = prost_types::Duration { seconds: 2, nanos: 500_000_000 }.encode_to_vec();
    let retry = [vec![0x0a, delay.len() as u8], delay].concat();
    let reason = "CHECK_IN_QUEUE_FULL";
    let info = [&[0x0a, reason.len() as u8], reason.as_bytes()].concat();
    let details = [any("google.rpc.ErrorInfo", info), any("google.rpc.RetryInfo", retry)];
    details
        .iter()
        .flat_map(|detail| {
            let bytes = detail.encode_to_vec();
            [vec![0x1a, bytes.len() as u8], bytes].concat()
        })
        .collect()
}

#[test]
fn retry_info_and_reason_are_read_from_the_details() {
    let status = tonic::Status::with_details(tonic::Code::ResourceExhausted, "queue is full", packed_details().into());
    let failure = status::failure_of_status(&status);
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::Busy, Some(2_500)));
    assert_eq!(failure.message, "CHECK_IN_QUEUE_FULL: queue is full");
    assert!(!status::http2_is_broken(&status));
}

#[test]
fn codes_become_what_to_do_next() {
    use tonic::Code;
    for (code, kind) in [
        (Code::Unauthenticated, FailureKind::Unauthenticated),
        (Code::PermissionDenied, FailureKind::Refused),
        (Code::NotFound, FailureKind::Refused),
        (Code::Unavailable, FailureKind::Busy),
        (Code::InvalidArgument, FailureKind::Invalid),
        (Code::DataLoss, FailureKind::Other),
    ] {
        assert_eq!(status::failure_of_status(&tonic::Status::new(code, "")).kind, kind);
    }
    let lost = tonic::Status::from_error(Box::new(TransportError::TimedOut(Duration::from_secs(30))));
    assert_eq!(status::failure_of_status(&lost).kind, FailureKind::Unreachable);
    let refused = tonic::Status::from_error(Box::new(TransportError::Http2Refused));
    assert!(status::http2_is_broken(&refused));
}

#[test]
fn refused_certificate_is_told_from_an_untrusted_server_and_a_broken_network() {
    use std::io::{Error as IoError, ErrorKind};
    let kind = |error: IoError| status::failure_of_transport(&TransportError::Handshake(error)).kind;
    let alert = |alert| IoError::new(ErrorKind::InvalidData, Error::AlertReceived(alert));
    assert_eq!(kind(alert(rustls::AlertDescription::CertificateExpired)), FailureKind::Handshake);
    assert_eq!(kind(alert(rustls::AlertDescription::InternalError)), FailureKind::Unreachable);
    let untrusted = Error::InvalidCertificate(CertificateError::UnknownIssuer);
    assert_eq!(kind(IoError::new(ErrorKind::InvalidData, untrusted)), FailureKind::Other);
    assert_eq!(kind(ErrorKind::ConnectionReset.into()), FailureKind::Unreachable);
}

proptest::proptest! {
    #[test]
    fn any_details_are_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let status = tonic::Status::with_details(tonic::Code::Unknown, "", bytes.into());
        status::failure_of_status(&status);
        status::http2_is_broken(&status);
    }
}

/// What stands in the way of a connection.
#[derive(Clone, Copy)]
enum Proxy {
    /// Speaks HTTP/1.1 only, and says so.
    OnlyHttp1,
    /// Agrees to HTTP/2 and then answers as HTTP/1.1.
    LiesAboutHttp2,
}

/// A TLS server that answers each gRPC-Web call with an acknowledgement of sequence 7; gives its connector.
async fn behind(proxy: Proxy) -> Connector {
    behind_name(proxy, "127.0.0.1").await
}

/// The same under a name, which need not lead there.
async fn behind_name(proxy: Proxy, name: &str) -> Connector {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "server");
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let leaf = params.signed_by(&key, &authority.issuer).unwrap().der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key.into())
        .unwrap();
    tls.alpn_protocols = match proxy {
        Proxy::OnlyHttp1 => vec![b"http/1.1".to_vec()],
        Proxy::LiesAboutHttp2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("{name}:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(answer_grpc_web(acceptor.clone(), tcp));
        }
    });
    let trust = ServerTrust::authority(&authority.der(), TimeKnowledge::default()).unwrap();
    Connector::new(address, client_config(&trust, None).unwrap(), None).unwrap()
}

async fn answer_grpc_web(acceptor: tokio_rustls::TlsAcceptor, tcp: TcpStream) -> Option<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = acceptor.accept(tcp).await.ok()?;
    let mut request = vec![0; 16 * 1024];
    let mut len = 0;
    let asked_for_grpc_web = |request: &[u8]| String::from_utf8_lossy(request).contains("application/grpc-web");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while !request[..len].windows(4).any(|window| window == b"\r\n\r\n") {
        len += tokio::time::timeout_at(deadline, stream.read(&mut request[len..])).await.ok()?.ok()?;
    }
    if !asked_for_grpc_web(&request[..len]) {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.ok()?;
        return stream.shutdown().await.ok();
    }
    // A message (acknowledged_sequence 7, APPLIED), then trailers.
    let body = b"\0\0\0\0\x04\x08\x07\x18\x01\x80\0\0\0\x0fgrpc-status:0\r\n";
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
    stream.shutdown().await.ok()
}

async fn check_in(connector: &Connector, protocol: Protocol) -> (Protocol, Result<u64, tonic::Status>) {
    use gigafleet_proto::v1::{CheckInRequest, agent_service_client::AgentServiceClient};
    call_once(connector, protocol, Duration::from_secs(10), async |connection| {
        let answer = AgentServiceClient::new(connection).check_in(CheckInRequest::default()).await?;
        Ok(answer.into_inner().acknowledged_sequence)
    })
    .await
}

#[tokio::test]
async fn call_gets_through_where_only_http1_does() {
    for proxy in [Proxy::OnlyHttp1, Proxy::LiesAboutHttp2] {
        let connector = behind(proxy).await;
        for asked in [Protocol::Http2, Protocol::GrpcWeb] {
            let (used, answer) = check_in(&connector, asked).await;
            assert_eq!((used, answer.unwrap()), (Protocol::GrpcWeb, 7));
        }
    }
}

#[tokio::test]
async fn proxy_without_http2_is_recognised() {
    let connector = behind(Proxy::OnlyHttp1).await;
    let refused = connector.connect(Protocol::Http2).await.unwrap_err();
    assert!(matches!(refused, TransportError::Http2Refused), "{refused:?}");
}

#[tokio::test]
async fn unreachable_server_is_no_reason_to_change_the_protocol() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let tls = client_config(&ServerTrust::fingerprint([0; 32]), None).unwrap();
    let connector = Connector::new(address, tls, None).unwrap();
    let (used, answer) = check_in(&connector, Protocol::Http2).await;
    let failure = status::failure_of_status(&answer.unwrap_err());
    assert_eq!((used, failure.kind), (Protocol::Http2, FailureKind::Unreachable));
}

#[tokio::test]
async fn server_is_called_at_its_last_address_while_its_name_can_not_be_resolved() {
    let named = behind_name(Proxy::OnlyHttp1, "fleet.invalid").await;
    let (_, answer) = check_in(&named, Protocol::GrpcWeb).await;
    let failure = status::failure_of_status(&answer.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unreachable, "nothing is known of it yet");
    let (_, port) = named.host_and_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let knowing = named.clone().knowing(KnownAddress::new(Some(at)));
    assert_eq!(check_in(&knowing, Protocol::GrpcWeb).await.1.unwrap(), 7);
    let stranger = behind_name(Proxy::OnlyHttp1, "other.invalid").await;
    let (_, port) = stranger.host_and_port();
    let elsewhere = named.knowing(KnownAddress::new(Some(SocketAddr::from(([127, 0, 0, 1], port)))));
    let (_, answer) = check_in(&elsewhere, Protocol::GrpcWeb).await;
    answer.expect_err("whoever has the address now is not the server");
}

#[tokio::test]
async fn address_is_kept_only_of_a_server_that_proved_itself() {
    let connector = behind(Proxy::OnlyHttp1).await;
    let (_, port) = connector.host_and_port();
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let stranger = ServerTrust::authority(&Authority::new().der(), TimeKnowledge::default()).unwrap();
    let tls = client_config(&stranger, None).unwrap();
    let distrustful = Connector::new(at.to_string(), tls, None).unwrap();
    check_in(&distrustful, Protocol::GrpcWeb).await.1.unwrap_err();
    assert_eq!(distrustful.known_address().get(), None);
    check_in(&connector, Protocol::GrpcWeb).await.1.unwrap();
    assert_eq!(connector.known_address().get(), Some(at));
}
