//! How a device gets its identity: tokens that are good and tokens that are not, requests that lie, answers that are lost.

use std::time::{Duration, SystemTime};

use gigafleet_agent::{
    enroll::EnrollError,
    identity::{certificate_request, draw_key},
    transport::{Connection, Connector, Protocol},
};
use gigafleet_proto::v1::{
    EnrollRequest, EnrollResponse, EnrollmentTokenState, Facts, ListEnrollmentTokensRequest,
    enrollment_service_client::EnrollmentServiceClient,
};
use gigafleet_tests::{Engine, Home, ServerOptions, ServerProcess, fleet, staff::anonymous_tls};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::refusal::assert_refused;

on_both_engines!(
    unknown_token_is_refused,
    expired_token_is_refused,
    used_up_token_is_refused,
    revoked_token_is_refused,
    repeat_of_an_enrolment_takes_no_second_use,
    instance_with_another_key_is_refused,
);

/// A device's side of enrolment, made by hand.
pub struct ByHand {
    pub key_der: Vec<u8>,
    pub request: EnrollRequest,
}

impl ByHand {
    pub fn new(token: &str) -> Self {
        let key_der = draw_key().expect("a key");
        let csr_der = certificate_request(&key_der, None).expect("a request");
        let instance_id = Uuid::now_v7().as_bytes().to_vec();
        Self {
            key_der,
            request: EnrollRequest { token: token.to_owned(), csr_der, instance_id, facts: Some(Facts::default()) },
        }
    }

    pub async fn send(&self, server: &ServerProcess) -> Result<EnrollResponse, Status> {
        send(server, self.request.clone()).await
    }
}

pub async fn anonymous(server: &ServerProcess) -> Connection {
    let tls = anonymous_tls(&server.credentials().ca_pem);
    let connector = Connector::new(server.address().to_string(), tls, None).expect("an address");
    connector.connect(Protocol::Http2).await.expect("the server can be reached")
}

async fn send(server: &ServerProcess, request: EnrollRequest) -> Result<EnrollResponse, Status> {
    let mut client = EnrollmentServiceClient::new(anonymous(server).await);
    client.enroll(request).await.map(tonic::Response::into_inner)
}

async fn unknown_token_is_refused(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 1).await;
    for token in ["", "gft_", "nonsense", &format!("gft_{}", "A".repeat(43)), &"x".repeat(10_000)] {
        assert_refused(ByHand::new(token).send(&server).await, Code::Unauthenticated, "TOKEN_UNKNOWN");
    }
    // The staff token opens no door for devices.
    let staff_token = server.credentials().token;
    assert_refused(ByHand::new(&staff_token).send(&server).await, Code::Unauthenticated, "TOKEN_UNKNOWN");
    ByHand::new(&home.token).send(&server).await.expect("the good one still works");
}

async fn expired_token_is_refused(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 5).await;
    server.change("UPDATE enrollment_token SET expires_at = created_at").await;
    assert_refused(ByHand::new(&home.token).send(&server).await, Code::FailedPrecondition, "TOKEN_EXPIRED");
    assert_eq!(token_state(&server).await, EnrollmentTokenState::Expired);
}

async fn used_up_token_is_refused(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 3).await;
    // More at once than there are uses: exactly as many get in.
    let mut enrolling = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let home = home.clone();
        enrolling.spawn(async move { home.try_enroll().await });
    }
    let outcomes = enrolling.join_all().await;
    let refused = |outcome: &&Result<_, EnrollError>| matches!(outcome, Err(EnrollError::Refused { reason, .. }) if reason == "TOKEN_USED_UP");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(outcomes.iter().filter(refused).count(), 9);
    assert_eq!(server.staff().all_devices(&home.municipality_id).await.expect("a list").len(), 3);
    assert_eq!(token_state(&server).await, EnrollmentTokenState::UsedUp);
}

async fn revoked_token_is_refused(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 5).await;
    let enrolled = home.enroll().await;
    server.staff().revoke_token(&home.municipality_id, &home.token_id).await;
    // A repeat changes nothing.
    server.staff().revoke_token(&home.municipality_id, &home.token_id).await;
    assert_refused(ByHand::new(&home.token).send(&server).await, Code::FailedPrecondition, "TOKEN_REVOKED");
    assert_eq!(token_state(&server).await, EnrollmentTokenState::Revoked);
    let mut client = fleet::agent_client(&enrolled).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("what was enrolled with it stays");
}

async fn token_state(server: &ServerProcess) -> EnrollmentTokenState {
    let request = ListEnrollmentTokensRequest::default();
    let page = server.staff().enrollment().await.list_enrollment_tokens(request).await.expect("a list").into_inner();
    page.enrollment_tokens[0].state()
}

async fn repeat_of_an_enrolment_takes_no_second_use(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 1).await;
    let device = ByHand::new(&home.token);
    let first = device.send(&server).await.expect("it enrols");
    // The answer was lost, so it asks again, and again.
    for _ in 0..2 {
        let again = device.send(&server).await.expect("the repeat is answered, though the token is used up");
        assert_eq!(again.device_id, first.device_id);
        assert!(!again.certificate_der.is_empty());
    }
    assert_eq!(server.staff().all_devices(&home.municipality_id).await.expect("a list").len(), 1);
    assert_refused(ByHand::new(&home.token).send(&server).await, Code::FailedPrecondition, "TOKEN_USED_UP");
}

async fn instance_with_another_key_is_refused(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 5).await;
    let device = ByHand::new(&home.token);
    device.send(&server).await.expect("it enrols");
    let mut thief = ByHand::new(&home.token);
    thief.request.instance_id = device.request.instance_id.clone();
    assert_refused(thief.send(&server).await, Code::AlreadyExists, "INSTANCE_ENROLLED");
}

#[tokio::test]
async fn request_for_a_certificate_that_lies_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 1).await;
    let good = ByHand::new(&home.token);
    let with_csr = |csr_der: Vec<u8>| EnrollRequest { csr_der, ..good.request.clone() };

    let other_device = certificate_request(&good.key_der, Some(&Uuid::now_v7().to_string())).expect("a request");
    assert_refused(send(&server, with_csr(other_device)).await, Code::InvalidArgument, "CSR_NAME_MISMATCH");

    for algorithm in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
        let request = rcgen::CertificateParams::default().serialize_request(&key).expect("a request");
        assert_refused(
            send(&server, with_csr(request.der().to_vec())).await,
            Code::InvalidArgument,
            "CSR_KEY_UNSUPPORTED",
        );
    }

    // Signed by another key than the one it names.
    let mut forged = good.request.csr_der.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let truncated = good.request.csr_der[..last].to_vec();
    let longer = [good.request.csr_der.as_slice(), b"x"].concat();
    for csr_der in [forged, truncated, longer, Vec::new(), vec![0x30; 5_000], b"hello".to_vec()] {
        assert_refused(send(&server, with_csr(csr_der)).await, Code::InvalidArgument, "CSR_INVALID");
    }
    good.send(&server).await.expect("nothing of that took the one use of the token");
}

#[tokio::test]
async fn renewal_in_the_name_of_another_device_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 2).await;
    let (one, other) = (home.enroll().await, home.enroll().await);
    let key = draw_key().expect("a key");
    let renew = async |name: Option<&str>| {
        let connection = fleet::connector(&one).connect(Protocol::Http2).await.expect("the server can be reached");
        let csr_der = certificate_request(&key, name).expect("a request");
        let request = gigafleet_proto::v1::RenewCertificateRequest { csr_der, separate_identity: false };
        EnrollmentServiceClient::new(connection).renew_certificate(request).await
    };
    assert_refused(renew(Some(&other.device_id.0)).await, Code::InvalidArgument, "CSR_NAME_MISMATCH");
    let renewed = renew(Some(&one.device_id.0)).await.expect("its own name is fine").into_inner();
    assert_eq!(renewed.device_id, one.device_id.0);
    renew(None).await.expect("no name is fine");
}

#[tokio::test]
async fn facts_beyond_their_limits_are_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 1).await;
    let mut device = ByHand::new(&home.token);
    device.request.facts = Some(Facts { maker: Some("x".repeat(257)), ..Facts::default() });
    assert_refused(device.send(&server).await, Code::InvalidArgument, "REPORT_INVALID");
}

#[tokio::test]
async fn wrong_fingerprint_keeps_the_agent_out() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home { ca_sha256: [7; 32], ..Home::make(&server, 1).await };
    let error = home.try_enroll().await.expect_err("this may be anybody");
    assert!(matches!(&error, EnrollError::Unreachable(text) if text.contains("fingerprint")), "{error}");
}

#[tokio::test]
async fn new_certificate_says_when_it_ends_and_when_to_renew_it() {
    let server = ServerOptions::on(Engine::Sqlite).await.certificate_seconds(90_000.0).start().await;
    let home = Home::make(&server, 1).await;
    let identity = home.enroll().await;
    let now_ms = fleet::wall_ms();
    let left = Duration::from_millis(identity.times.not_after_ms - now_ms);
    let until_renewal = Duration::from_millis(identity.times.renew_after_ms - now_ms);
    assert!(left.as_secs().abs_diff(90_000) < 30, "{left:?}");
    assert!(until_renewal.as_secs().abs_diff(60_000) < 30, "{until_renewal:?}");
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    let expires: SystemTime = device.certificate_expire_time.expect("it has a certificate").try_into().expect("a time");
    let expires_ms = expires.duration_since(SystemTime::UNIX_EPOCH).expect("past 1970").as_millis();
    assert!(u64::try_from(expires_ms).expect("it fits").abs_diff(identity.times.not_after_ms) < 2_000);
}
