//! Certificates that must not be accepted, and how a good one is renewed.

use std::{fs, time::Duration};

use gigafleet_agent::{
    engine::{EngineConfig, FailureKind},
    identity::{Identity, certificate_request, draw_key},
    transport::{Connector, Protocol, status::failure_of_status},
};
use gigafleet_proto::v1::{
    CheckInOutcome, CommandKind, RenewCertificateRequest, ReviewReason, agent_service_client::AgentServiceClient,
    enrollment_service_client::EnrollmentServiceClient,
};
use gigafleet_tests::{Engine, Fleet, Home, ServerOptions, ServerProcess, eventually, eventually_async, fleet};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType, SerialNumber,
};
use time::OffsetDateTime;
use tonic::{Code, Status};

use crate::{enrolment::anonymous, refusal::assert_refused};

on_both_engines!(revoked_device_is_refused_at_its_next_call, renewed_certificate_is_a_candidate_until_it_is_used);

/// The identity with another certificate for the same key and device.
fn with_certificate(
    identity: &Identity,
    issuer: &Issuer<'_, KeyPair>,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Identity {
    let key = KeyPair::try_from(identity.key_der.as_slice()).expect("a key");
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from(4_711_u64));
    (params.not_before, params.not_after) = (from, until);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let name = format!("urn:gigafleet:device:{}:{}", identity.municipality_id, identity.device_id);
    params.subject_alt_names = vec![SanType::URI(name.try_into().expect("ASCII"))];
    let certificate = params.signed_by(&key, issuer).expect("it can be signed");
    Identity { certificate_der: certificate.der().to_vec(), ..identity.clone() }
}

fn servers_authority(server: &ServerProcess) -> Issuer<'static, KeyPair> {
    let read = |name: &str| fs::read_to_string(server.options().ca_dir().join(name)).expect("the authority is there");
    let key = KeyPair::from_pem(&read("ca.key")).expect("a key");
    Issuer::from_ca_cert_pem(&read("ca.crt"), key).expect("a certificate")
}

fn other_authority() -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Issuer::new(params, KeyPair::generate().expect("a key"))
}

async fn report_as(identity: &Identity) -> Status {
    let mut client = fleet::agent_client(identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect_err("it is to be refused")
}

#[tokio::test]
async fn certificate_of_another_authority_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let now = OffsetDateTime::now_utc();
    let forged = with_certificate(
        &identity,
        &other_authority(),
        now - Duration::from_secs(60),
        now + Duration::from_secs(3_600),
    );
    let status = report_as(&forged).await;
    assert_eq!(failure_of_status(&status).kind, FailureKind::Handshake, "{status:?}");
    let failed = server.metric("gigafleet_tls_handshakes_total{kind=\"failed\"}").await;
    assert!(failed >= 1.0, "{failed}");
    assert_eq!(server.look().await.cursors().await[0].report_count, 0);
}

#[tokio::test]
async fn expired_certificate_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let now = OffsetDateTime::now_utc();
    let old = with_certificate(
        &identity,
        &servers_authority(&server),
        now - Duration::from_secs(7_200),
        now - Duration::from_secs(3_600),
    );
    let status = report_as(&old).await;
    assert_eq!(failure_of_status(&status).kind, FailureKind::Handshake, "{status:?}");
    assert_eq!(server.look().await.cursors().await[0].report_count, 0);
}

#[tokio::test]
async fn certificate_that_was_never_issued_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let now = OffsetDateTime::now_utc();
    // Signed by the right authority, but no row of the database knows it.
    let unknown = with_certificate(
        &identity,
        &servers_authority(&server),
        now - Duration::from_secs(60),
        now + Duration::from_secs(3_600),
    );
    let mut client = fleet::agent_client(&unknown).await;
    assert_refused(client.check_in(fleet::full_report(1, 3)).await, Code::PermissionDenied, "CERTIFICATE_REVOKED");
}

#[tokio::test]
async fn certificate_that_expires_on_an_open_connection_is_refused() {
    // The shortest life that the command line allows is 0.0001 days.
    let server = ServerOptions::on(Engine::Sqlite).await.certificate_seconds(9.0).start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let keep = fleet::connector(&identity);
    let mut open = AgentServiceClient::new(keep.connect(Protocol::Http2).await.expect("a connection"));
    open.check_in(fleet::full_report(1, 3)).await.expect("it is good still");
    let mut sequence = 1;
    let status = eventually_async("the open connection is refused", Duration::from_secs(15), async || {
        sequence += 1;
        open.check_in(fleet::heartbeat(sequence, 3)).await.err()
    })
    .await;
    assert_refused::<()>(Err(status), Code::Unauthenticated, "CERTIFICATE_EXPIRED");
    // A resumed handshake does not look at the certificate again, so the call must.
    let mut resumed = AgentServiceClient::new(keep.connect(Protocol::Http2).await.expect("a connection"));
    let status = resumed.check_in(fleet::heartbeat(sequence + 1, 3)).await.expect_err("it has expired");
    assert!(failure_of_status(&status).kind.is_about_certificate(), "{status:?}");
}

#[tokio::test]
async fn caller_without_certificate_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let mut client = AgentServiceClient::new(anonymous(&server).await);
    let outcome = client.check_in(fleet::full_report(1, 3)).await;
    assert_refused(outcome, Code::Unauthenticated, "CLIENT_CERTIFICATE_REQUIRED");
    let mut client = EnrollmentServiceClient::new(anonymous(&server).await);
    let csr_der = certificate_request(&draw_key().expect("a key"), None).expect("a request");
    let outcome = client.renew_certificate(RenewCertificateRequest { csr_der, separate_identity: false }).await;
    assert_refused(outcome, Code::Unauthenticated, "CLIENT_CERTIFICATE_REQUIRED");
}

async fn revoked_device_is_refused_at_its_next_call(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 2).await;
    let (lost, kept) = (home.enroll().await, home.enroll().await);
    let connector = fleet::connector(&lost);
    let client = async || AgentServiceClient::new(connector.connect(Protocol::Http2).await.expect("a connection"));
    let mut open = client().await;
    open.check_in(fleet::full_report(1, 3)).await.expect("it is good still");
    server.staff().revoke_device(&lost.device_id.0).await;
    server.staff().revoke_device(&lost.device_id.0).await;

    let denied = |outcome| assert_refused(outcome, Code::PermissionDenied, "DEVICE_REVOKED");
    denied(open.check_in(fleet::heartbeat(2, 3)).await);
    // An old report again, and a new run: no way around.
    denied(open.check_in(fleet::full_report(1, 3)).await);
    denied(open.check_in(fleet::full_report(9, 4)).await);
    let mut resumed = client().await;
    denied(resumed.check_in(fleet::heartbeat(3, 3)).await);
    assert!(server.metric("gigafleet_tls_handshakes_total{kind=\"resumed\"}").await >= 1.0);
    renewal_is_denied(&connector).await;

    let device = server.staff().device(&lost.device_id.0).await.expect("it is still shown");
    assert!(device.revoke_time.is_some());
    assert_eq!((device.sequence, device.report_count), (1, 1), "what it reported stays");
    let mut other = fleet::agent_client(&kept).await;
    other.check_in(fleet::full_report(1, 5)).await.expect("its neighbour is not touched");
}

async fn renewal_is_denied(connector: &Connector) {
    let csr_der = certificate_request(&draw_key().expect("a key"), None).expect("a request");
    for separate_identity in [false, true] {
        let connection = connector.connect(Protocol::Http2).await.expect("a connection");
        let request = RenewCertificateRequest { csr_der: csr_der.clone(), separate_identity };
        let outcome = EnrollmentServiceClient::new(connection).renew_certificate(request).await;
        assert_refused(outcome, Code::PermissionDenied, "DEVICE_REVOKED");
    }
}

async fn renewed(identity: &Identity) -> Identity {
    let connection = fleet::connector(identity).connect(Protocol::Http2).await.expect("a connection");
    let key_der = draw_key().expect("a key");
    let csr_der = certificate_request(&key_der, None).expect("a request");
    let request = RenewCertificateRequest { csr_der, separate_identity: false };
    let answer =
        EnrollmentServiceClient::new(connection).renew_certificate(request).await.expect("it is renewed").into_inner();
    Identity { certificate_der: answer.certificate_der, key_der, ..identity.clone() }
}

async fn renewed_certificate_is_a_candidate_until_it_is_used(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let old = Home::make(&server, 1).await.enroll().await;
    let mut by_old = fleet::agent_client(&old).await;
    by_old.check_in(fleet::full_report(1, 3)).await.expect("it is good");
    let _lost_answer = renewed(&old).await;
    let candidate = renewed(&old).await;
    // The answer to the renewal may have been lost, so the old one stays good.
    by_old.check_in(fleet::heartbeat(2, 3)).await.expect("the old one is good until the new one is used");
    let mut by_candidate = fleet::agent_client(&candidate).await;
    by_candidate.check_in(fleet::heartbeat(3, 3)).await.expect("the new one is good");
    let answer = by_old.check_in(fleet::heartbeat(4, 3)).await.expect("it is answered").into_inner();
    assert_eq!(answer.outcome(), CheckInOutcome::Forked, "whoever still uses the old one is not this device");
    let device = server.staff().device(&old.device_id.0).await.expect("it is known");
    assert!(device.review_reasons().any(|reason| reason == ReviewReason::CertificateSuperseded));
    assert_eq!((device.sequence, device.report_count), (3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_renews_its_certificate_at_two_thirds_of_its_life() {
    // Nine seconds of life, renewed after six: reporting on after nine proves that a new one is in use.
    let server = ServerOptions::on(Engine::Sqlite).await.certificate_seconds(9.0).checkin_seconds(0.3).start().await;
    let home = Home::make(&server, 1).await;
    let identity = home.enroll().await;
    let agents = Fleet::run(std::slice::from_ref(&identity), &fleet::fast_engine());
    eventually("two renewals' worth of time has passed", Duration::from_secs(19), || {
        (fleet::wall_ms() > identity.times.not_after_ms + 1_500).then_some(())
    })
    .await;
    let before = agents.ledger.acknowledged_reports();
    eventually("it still reports", Duration::from_secs(3), || {
        (agents.ledger.acknowledged_reports() > before).then_some(())
    })
    .await;
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert!(device.review_reasons.is_empty(), "{:?}", device.review_reasons);
    agents.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_renews_its_certificate_when_staff_asks() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(0.2).start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let agents = Fleet::run(std::slice::from_ref(&identity), &EngineConfig { pace_ms: 200, ..fleet::fast_engine() });
    let staff = server.staff();
    let expires = async || staff.device(&identity.device_id.0).await.expect("it is known").certificate_expire_time;
    let before = expires().await.map(|time| time.seconds);
    // A certificate's end has whole seconds, so the new one must be made in a later second.
    let begun = fleet::wall_ms();
    eventually("the next second", Duration::from_secs(3), || (fleet::wall_ms() > begun + 1_100).then_some(())).await;
    staff.send_command(&identity.device_id.0, CommandKind::RenewCertificate).await;
    eventually_async("another certificate is in use", Duration::from_secs(10), async || {
        (expires().await.map(|time| time.seconds) > before).then_some(())
    })
    .await;
    agents.stop().await;
}
