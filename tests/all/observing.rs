//! What staff and operators see: changes as they come, metrics, health, reflection, and only with a credential.

use std::time::Duration;

use gigafleet_proto::v1::{
    GetDeviceRequest, ListDevicesRequest, Presence, WatchDevicesRequest, device_service_client::DeviceServiceClient,
};
use gigafleet_tests::{Engine, Home, ServerOptions, fleet};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::{enrolment::anonymous, refusal::assert_refused};

on_both_engines!(watcher_sees_each_device_and_each_change, quiet_device_is_unknown_while_the_server_is_new);

async fn watcher_sees_each_device_and_each_change(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 2).await;
    let first = home.enroll().await;
    let request =
        WatchDevicesRequest { municipality_id: home.municipality_id.clone(), school_id: home.school_id.clone() };
    let mut watch = server.staff().devices().await.watch_devices(request).await.expect("staff may watch").into_inner();
    let mut next = async |what: &str| {
        let answer = tokio::time::timeout(Duration::from_secs(10), watch.next()).await;
        let change = answer.unwrap_or_else(|_| panic!("not within 10 s: {what}")).expect("the stream goes on");
        change.expect("no error").device.expect("it holds the device")
    };
    let device = next("the device that is there").await;
    assert_eq!((device.device_id.as_str(), device.presence()), (first.device_id.0.as_str(), Presence::Never));

    fleet::agent_client(&first).await.check_in(fleet::full_report(1, 3)).await.expect("it is stored");
    let device = next("its report").await;
    assert_eq!((device.sequence, device.presence()), (1, Presence::Reporting));
    let second = home.enroll().await;
    assert_eq!(next("a new device").await.device_id, second.device_id.0);
    server.staff().revoke_device(&first.device_id.0).await;
    let device = next("its end").await;
    assert!(device.device_id == first.device_id.0 && device.revoke_time.is_some());
}

async fn quiet_device_is_unknown_while_the_server_is_new(engine: Engine) {
    let server = ServerOptions::on(engine).await.checkin_seconds(0.2).start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let staff = server.staff();
    let presence = async || staff.device(&identity.device_id.0).await.expect("it is known").presence();
    assert_eq!(presence().await, Presence::Never);
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("it is stored");
    assert_eq!(presence().await, Presence::Reporting);
    // An hour ago: the device has been quiet for long, and the server was not there to hear it.
    server.change("UPDATE checkin_cursor SET received_at = received_at - 3600000000, seen_at = NULL").await;
    assert_eq!(presence().await, Presence::Unknown);
    client.check_in(fleet::heartbeat(2, 3)).await.expect("it is stored");
    assert_eq!(presence().await, Presence::Reporting);
}

#[tokio::test]
async fn staff_calls_need_a_good_token() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let request = GetDeviceRequest { device_id: identity.device_id.0.clone() };
    let mut without = DeviceServiceClient::new(anonymous(&server).await);
    assert_refused(without.get_device(request.clone()).await, Code::Unauthenticated, "STAFF_TOKEN_REQUIRED");
    // The certificate of a device is no staff credential.
    let connection =
        fleet::connector(&identity).connect(gigafleet_agent::transport::Protocol::Http2).await.expect("a connection");
    let mut as_device = DeviceServiceClient::new(connection);
    assert_refused(as_device.get_device(request.clone()).await, Code::Unauthenticated, "STAFF_TOKEN_REQUIRED");
    let mut wrong = server.staff().with_token("gfs_wrong").devices().await;
    assert_refused(wrong.get_device(request).await, Code::Unauthenticated, "STAFF_TOKEN_INVALID");
    let list = ListDevicesRequest::default();
    assert_refused(wrong.list_devices(list).await, Code::Unauthenticated, "STAFF_TOKEN_INVALID");
    let watch = WatchDevicesRequest::default();
    assert_eq!(wrong.watch_devices(watch).await.expect_err("neither this").code(), Code::Unauthenticated);
}

#[tokio::test]
async fn device_that_nobody_knows_is_not_found() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let staff = server.staff();
    assert_refused(staff.device(&uuid::Uuid::now_v7().to_string()).await, Code::NotFound, "DEVICE_NOT_FOUND");
    for malformed in ["", "x", "00000000-0000-0000-0000-00000000000g"] {
        assert_refused(staff.device(malformed).await, Code::InvalidArgument, "FIELD_INVALID");
    }
}

#[tokio::test]
async fn pages_hold_every_device_once() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 25).await;
    let enrolled = home.enroll_many(25, 5).await;
    let mut client = server.staff().devices().await;
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListDevicesRequest { page_size: 7, page_token, ..Default::default() };
        let page = client.list_devices(request).await.expect("a page").into_inner();
        assert!(page.devices.len() <= 7);
        seen.extend(page.devices.into_iter().map(|device| device.device_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut expected: Vec<_> = enrolled.into_iter().map(|identity| identity.device_id.0).collect();
    expected.sort();
    assert_eq!(seen, expected, "in the order of their ids");
    let forged = ListDevicesRequest { page_token: String::from("nonsense"), ..Default::default() };
    assert_refused(client.list_devices(forged).await, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn metrics_can_be_read_and_count_check_ins() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    for sequence in 1..=5 {
        client.check_in(fleet::full_report(sequence, 3)).await.expect("it is stored");
    }
    assert_eq!(server.metric("gigafleet_checkins_total{outcome=\"applied\"}").await, 5.0);
    assert!(server.metric("gigafleet_checkin_batch_reports_count").await >= 1.0, "batches are visible");
    assert!(server.metric("gigafleet_checkin_rows_written_total").await >= 5.0);
    assert!(server.metric("gigafleet_connections").await >= 1.0);
    let (head, text) = server.observe("/metrics").await;
    assert!(head.contains(" 200 "), "{head}");
    assert!(text.ends_with("# EOF\n"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        assert!(name.starts_with("gigafleet_"), "{line}");
        value.parse::<f64>().unwrap_or_else(|_| panic!("no number: {line}"));
    }
    assert!(!text.contains(&identity.device_id.0), "no series for each device");
}

#[tokio::test]
async fn health_and_reflection_answer() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    assert!(server.observe("/livez").await.0.contains(" 200 "));
    assert!(server.observe("/readyz").await.0.contains(" 200 "));
    let mut health = HealthClient::new(anonymous(&server).await);
    for service in ["", "gigafleet.v1.AgentService"] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.expect("health is open");
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{service:?}");
    }
    let mut reflection = ServerReflectionClient::new(anonymous(&server).await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers =
        reflection.server_reflection_info(tokio_stream::once(request)).await.expect("reflection is open").into_inner();
    let answer = answers.next().await.expect("an answer").expect("no error").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["AgentService", "DeviceService", "EnrollmentService", "SchoolService"] {
        assert!(names.contains(&format!("gigafleet.v1.{name}").as_str()), "{names:?}");
    }
}

#[tokio::test]
async fn log_has_a_line_for_each_failed_request_and_no_secret() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 1).await;
    home.enroll().await;
    let refused = home.try_enroll().await;
    assert!(refused.is_err());
    let log = server.log();
    assert!(log.contains("TOKEN_USED_UP") && log.contains("EnrollmentService/Enroll"), "{log}");
    for secret in [&home.token, &server.credentials().token] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
    assert!(!log.contains("試験市") && !log.contains("第一小学校"), "a name is in the log");
}
