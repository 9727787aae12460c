//! Several servers on one PostgreSQL: devices move from one to another and nobody notices.

use std::{sync::atomic::Ordering, time::Duration};

use gigafleet_agent::transport::{Connector, Protocol};
use gigafleet_proto::v1::{CheckInOutcome, agent_service_client::AgentServiceClient};
use gigafleet_tests::{Engine, Faucet, Fleet, Home, ServerOptions, eventually, eventually_async, fleet};
use tonic::Code;

use crate::{database_faults::settle, refusal::assert_refused};

const DEVICES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_of_a_killed_server_report_through_the_other() {
    let options = ServerOptions::on(Engine::Postgres).await.checkin_seconds(1.0);
    let mut first = options.clone().start().await;
    let second = options.beside().start().await;
    let balancer = Faucet::before_all(vec![first.address(), second.address()]).await;
    let home = Home { server: balancer.address().to_string(), ..Home::make(&first, DEVICES as u32).await };
    let engine = gigafleet_agent::engine::EngineConfig { observe_interval_ms: 500, ..fleet::fast_engine() };
    let agents = Fleet::run(&home.enroll_many(DEVICES, 8).await, &engine);
    agents.surroundings.lively.store(true, Ordering::Relaxed);
    eventually("all report", Duration::from_secs(20), || (agents.ledger.told().len() == DEVICES).then_some(())).await;
    for server in [&first, &second] {
        assert!(server.metric("gigafleet_checkins_total{outcome=\"applied\"}").await > 0.0, "both servers are used");
    }

    first.kill().await;
    let told = agents.ledger.told();
    eventually("all report through the other", Duration::from_secs(20), || {
        let now = agents.ledger.told();
        told.iter().all(|(id, before)| now[id].acknowledged.len() >= before.acknowledged.len() + 2).then_some(())
    })
    .await;
    settle(&second, agents, &home).await;
}

#[tokio::test]
async fn what_one_server_was_told_holds_on_the_other() {
    let options = ServerOptions::on(Engine::Postgres).await;
    let first = options.clone().start().await;
    let second = options.beside().start().await;
    let home = Home::make(&first, 2).await;
    let identity = home.enroll().await;
    let there = gigafleet_agent::identity::Identity { server: second.address().to_string(), ..identity.clone() };
    let (mut here, mut there_client) = (fleet::agent_client(&identity).await, fleet::agent_client(&there).await);
    here.check_in(fleet::full_report(1, 3)).await.expect("it is stored");
    let again = there_client.check_in(fleet::full_report(1, 3)).await.expect("it is answered").into_inner();
    assert_eq!(again.outcome(), CheckInOutcome::Duplicate);
    there_client.check_in(fleet::heartbeat(2, 3)).await.expect("it is stored");
    first.staff().revoke_device(&identity.device_id.0).await;
    assert_refused(there_client.check_in(fleet::heartbeat(3, 3)).await, Code::PermissionDenied, "DEVICE_REVOKED");
    let token = second.credentials();
    let staff = gigafleet_tests::StaffClient::new(&first.address().to_string(), &token);
    let device = staff.device(&identity.device_id.0).await.expect("each server knows the credentials of the other");
    assert_eq!(device.sequence, 2);
}

#[tokio::test]
async fn tls_session_of_one_server_resumes_on_the_other() {
    let options = ServerOptions::on(Engine::Postgres).await;
    let first = options.clone().start().await;
    let second = options.beside().start().await;
    let balancer = Faucet::before_all(vec![first.address(), second.address()]).await;
    let home = Home { server: balancer.address().to_string(), ..Home::make(&first, 1).await };
    let identity = home.enroll().await;
    let connector: Connector = fleet::connector(&identity);
    for sequence in 1..=6 {
        let connection = connector.connect(Protocol::Http2).await.expect("a connection");
        let mut client = AgentServiceClient::new(connection);
        client.check_in(fleet::full_report(sequence, 3)).await.expect("it is stored");
    }
    let resumed = "gigafleet_tls_handshakes_total{kind=\"resumed\"}";
    let both = first.metric(resumed).await + second.metric(resumed).await;
    assert!(both >= 5.0, "only {both} of 6 handshakes were resumed");
}

#[tokio::test]
async fn servers_that_start_together_share_authority_and_schema() {
    let options = ServerOptions::on(Engine::Postgres).await;
    let (one, two, three) = (options.beside(), options.beside(), options.beside());
    let (one, two, three) = tokio::join!(one.start(), two.start(), three.start());
    assert_eq!(one.ca_sha256(), two.ca_sha256());
    assert_eq!(two.ca_sha256(), three.ca_sha256());
    let municipality = one.staff().add_municipality("府中市").await;
    eventually_async("the others see it", Duration::from_secs(5), async || {
        let token = two.staff().add_token(&municipality.municipality_id, "", 1).await;
        (!token.token.is_empty()).then_some(())
    })
    .await;
}
