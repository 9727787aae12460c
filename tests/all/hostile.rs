//! Bytes that no agent would send: each is answered with a proper code, and the server lives on.

use std::time::Duration;

use bytes::Bytes;
use gigafleet_agent::{
    identity::Identity,
    transport::{Connection, Protocol},
};
use gigafleet_proto::v1::{CheckInRequest, CommandResult, Transition, agent_service_client::AgentServiceClient};
use gigafleet_tests::{Engine, Home, ServerOptions, ServerProcess, fleet};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Code, body::Body, client::GrpcService as _};

use crate::{enrolment::anonymous, refusal::assert_refused};

const CHECK_IN: &str = "/gigafleet.v1.AgentService/CheckIn";

struct Site {
    server: ServerProcess,
    identity: Identity,
}

impl Site {
    async fn make() -> Self {
        let server = ServerOptions::on(Engine::Sqlite).await.start().await;
        let identity = Home::make(&server, 1).await.enroll().await;
        Self { server, identity }
    }

    async fn connection(&self, protocol: Protocol) -> Connection {
        fleet::connector(&self.identity).connect(protocol).await.expect("the server can be reached")
    }

    /// Whatever came before, a good report is stored and nothing bad is.
    async fn assert_alive(&mut self) {
        let mut client = AgentServiceClient::new(self.connection(Protocol::Http2).await);
        client.check_in(fleet::full_report(1, 3)).await.expect("the server lives on");
        assert!(self.server.is_running());
        let device = self.server.staff().device(&self.identity.device_id.0).await.expect("it is known");
        assert_eq!((device.report_count, device.transition_count), (1, 0));
        assert!(!self.server.log().contains("panicked"), "{}", self.server.log());
    }
}

/// A message with its gRPC frame: no compression, its length.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("it fits");
    [&[0], length.to_be_bytes().as_slice(), message].concat()
}

/// Sends bytes as the body of a check-in and gives the gRPC code, from trailers or headers.
async fn code_of(connection: &mut Connection, body: Vec<u8>) -> Code {
    let request = Request::post(CHECK_IN)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Full::new(Bytes::from(body))))
        .expect("a request");
    std::future::poll_fn(|context| connection.poll_ready(context)).await.expect("the connection is open");
    let response = connection.call(request).await.expect("it is answered");
    assert_eq!(response.status(), StatusCode::OK, "gRPC says it in grpc-status");
    if let Some(status) = response.headers().get("grpc-status") {
        return Code::from_bytes(status.as_bytes());
    }
    let collected = response.into_body().collect().await.expect("the body ends in order");
    let trailers = collected.trailers().expect("gRPC ends with trailers");
    Code::from_bytes(trailers.get("grpc-status").expect("trailers hold the status").as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversize_message_is_refused() {
    let mut site = Site::make().await;
    let mut connection = site.connection(Protocol::Http2).await;
    let over = (1 << 20) + 1;
    assert_eq!(code_of(&mut connection, framed(&vec![0; over])).await, Code::OutOfRange);
    // Only announced, never sent.
    let mut announced = framed(&[0; 10]);
    announced[1..5].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut connection = site.connection(Protocol::Http2).await;
    assert_eq!(code_of(&mut connection, announced).await, Code::OutOfRange);
    site.assert_alive().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_message_is_refused() {
    let mut site = Site::make().await;
    let mut connection = site.connection(Protocol::Http2).await;
    let mut compressed = framed(b"zipped");
    compressed[0] = 1;
    let code = code_of(&mut connection, compressed).await;
    assert!(matches!(code, Code::Internal | Code::Unimplemented), "{code:?}");
    site.assert_alive().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncated_message_is_refused() {
    let mut site = Site::make().await;
    let whole = framed(&fleet::full_report(5, 3).encode_to_vec());
    let mut connection = site.connection(Protocol::Http2).await;
    for length in [0, 1, 4, 5, 6, whole.len() / 2, whole.len() - 1] {
        let code = code_of(&mut connection, whole[..length].to_vec()).await;
        assert_ne!(code, Code::Ok, "the first {length} bytes");
    }
    // The frame is whole and the message in it is not. Without a run, no part of it is a good report by chance.
    let message = CheckInRequest { run_id: 0, ..fleet::full_report(5, 3) }.encode_to_vec();
    for length in 0..message.len() {
        let code = code_of(&mut connection, framed(&message[..length])).await;
        assert!(matches!(code, Code::Internal | Code::InvalidArgument), "{code:?} for {length} bytes of the message");
    }
    site.assert_alive().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_are_refused() {
    let mut site = Site::make().await;
    let mut connection = site.connection(Protocol::Http2).await;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = move || {
        // xorshift: the same bytes at each run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    for round in 0..300 {
        let length = usize::from(byte()) * 4 + 1;
        let message: Vec<u8> = (0..length).map(|_| byte()).collect();
        let code = code_of(&mut connection, framed(&message)).await;
        assert!(matches!(code, Code::Internal | Code::InvalidArgument), "{code:?} in round {round}");
    }
    site.assert_alive().await;
}

#[tokio::test]
async fn report_beyond_the_limits_names_its_fields() {
    let mut site = Site::make().await;
    let mut client = AgentServiceClient::new(site.connection(Protocol::Http2).await);
    let broken = [
        CheckInRequest { sequence: 0, ..fleet::full_report(1, 3) },
        CheckInRequest { run_id: 0, ..fleet::full_report(1, 3) },
        CheckInRequest { boot_id: vec![0; 15], ..fleet::full_report(1, 3) },
        CheckInRequest { base_sequence: 9, ..fleet::full_report(9, 3) },
        CheckInRequest { transitions: (1..=257).map(fleet::transition).collect(), ..fleet::full_report(1, 3) },
        CheckInRequest { transitions: vec![Transition::default()], ..fleet::full_report(1, 3) },
        CheckInRequest { command_results: vec![CommandResult::default(); 17], ..fleet::full_report(1, 3) },
        CheckInRequest { send_time_ms: u64::MAX, monotonic_ms: u64::MAX, ..fleet::full_report(1, 3) },
    ];
    for report in broken {
        let status = assert_refused(client.check_in(report).await, Code::InvalidArgument, "REPORT_INVALID");
        let details = tonic_types::StatusExt::get_details_bad_request(&status).expect("the fields are named");
        assert!(!details.field_violations.is_empty());
    }
    site.assert_alive().await;
}

#[tokio::test]
async fn extreme_values_within_the_limits_are_stored() {
    let site = Site::make().await;
    let mut client = AgentServiceClient::new(site.connection(Protocol::Http2).await);
    let most = u64::MAX >> 1;
    let extreme = CheckInRequest {
        sequence: most,
        run_id: u64::MAX,
        send_time_ms: most,
        monotonic_ms: most,
        facts_hash: u32::MAX,
        transitions: vec![Transition {
            number: most,
            run_id: u64::MAX,
            kind: i32::MAX,
            monotonic_ms: u64::MAX,
            wall_time_ms: u64::MAX,
            earlier_boot: true,
            amount: most,
            ..Transition::default()
        }],
        ..fleet::full_report(1, 3)
    };
    client.check_in(extreme).await.expect("it keeps all limits");
    let device = site.server.staff().device(&site.identity.device_id.0).await.expect("it is shown");
    assert_eq!((device.sequence, device.transition_count), (most, 1));
}

#[tokio::test]
async fn unknown_method_is_unimplemented() {
    let site = Site::make().await;
    let mut connection = anonymous(&site.server).await;
    let request = Request::post("/gigafleet.v1.AgentService/Nothing")
        .header("content-type", "application/grpc")
        .body(Body::empty())
        .expect("a request");
    std::future::poll_fn(|context| connection.poll_ready(context)).await.expect("the connection is open");
    let response = connection.call(request).await.expect("it is answered");
    let status = response.headers().get("grpc-status").expect("it has a status");
    assert_eq!(Code::from_bytes(status.as_bytes()), Code::Unimplemented);
}

#[tokio::test]
async fn agent_reports_by_grpc_web_over_http_1() {
    let site = Site::make().await;
    let mut client = AgentServiceClient::new(site.connection(Protocol::GrpcWeb).await);
    for sequence in 1..=3 {
        let answer = client.check_in(fleet::full_report(sequence, 3)).await.expect("it is stored").into_inner();
        assert_eq!(answer.acknowledged_sequence, sequence);
    }
    // Refusals come through with their reason too.
    let broken = CheckInRequest { run_id: 0, ..fleet::full_report(4, 3) };
    assert_refused(client.check_in(broken).await, Code::InvalidArgument, "REPORT_INVALID");
    let device = site.server.staff().device(&site.identity.device_id.0).await.expect("it is known");
    assert_eq!(device.report_count, 3);
}

/// A TLS connection that speaks HTTP/1.1 by hand.
async fn http_1(site: &Site, request: &[u8]) -> String {
    let trust = gigafleet_agent::runtime::trust_of(&site.identity, Default::default()).expect("the authority");
    let client = gigafleet_agent::transport::tls::ClientIdentity {
        certificate_der: site.identity.certificate_der.clone(),
        key_der: site.identity.key_der.clone(),
    };
    let tls = gigafleet_agent::transport::tls::client_config(&trust, Some(&client)).expect("a configuration");
    let mut tls = rustls::ClientConfig::clone(&tls);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = tokio::net::TcpStream::connect(site.server.address()).await.expect("the server can be reached");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls));
    let mut stream = connector.connect(name, stream).await.expect("TLS");
    // The server may cut the connection before it has taken all, and instead of closing it in order.
    let _cut = stream.write_all(request).await;
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _cut = reading.expect("the server ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn plain_http_1_is_refused() {
    let mut site = Site::make().await;
    let body = framed(&fleet::full_report(1, 3).encode_to_vec());
    let kinds =
        [("GET", ""), ("POST", ""), ("POST", "application/json"), ("POST", "application/grpc"), ("PUT", "text/plain")];
    for (method, kind) in kinds {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
        let length = if method == Method::GET { 0 } else { body.len() };
        let head = format!(
            "{method} {CHECK_IN} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{kind}content-length: {length}\r\n\r\n"
        );
        let answer = http_1(&site, &[head.as_bytes(), &body[..length]].concat()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('4'), "{method} {kind:?}: {answer:?}");
    }
    site.assert_alive().await;
}

#[tokio::test]
async fn garbage_on_the_port_leaves_the_server_alive() {
    let mut site = Site::make().await;
    let long_header =
        format!("POST {CHECK_IN} HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(64 << 10));
    let answer = http_1(&site, long_header.as_bytes()).await;
    assert!(answer.is_empty() || answer.contains(" 431 ") || answer.contains(" 400 "), "{answer:?}");
    let _answer = http_1(&site, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0").await;
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff, 1], &[0xff; 3_000], b""] {
        let mut stream =
            tokio::net::TcpStream::connect(site.server.address()).await.expect("the server can be reached");
        // The server may cut the connection at the first wrong byte.
        let _cut = stream.write_all(garbage).await;
        let _cut = stream.shutdown().await;
        let _answer = stream.read_to_end(&mut Vec::new()).await;
    }
    site.assert_alive().await;
}
