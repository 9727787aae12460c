//! A server that is asked to end finishes what it accepted, and one that is killed has lost nothing it acknowledged.

use std::{sync::atomic::Ordering, time::Duration};

use gigafleet_proto::v1::{CheckInRequest, WatchDevicesRequest};
use gigafleet_tests::{Engine, Fleet, Home, ServerOptions, eventually, fleet};
use tokio::task::JoinSet;
use tonic::Code;

on_both_engines!(shutdown_under_load_answers_what_it_accepted, killed_server_has_what_it_acknowledged,);

/// Sends reports one after another until the server is gone; gives the newest acknowledged sequence and failures that
/// no shutdown explains.
async fn report_until_refused(identity: gigafleet_agent::identity::Identity) -> (String, u64, Vec<tonic::Status>) {
    let mut client = fleet::agent_client(&identity).await;
    let mut acknowledged = 0;
    let mut unexplained = Vec::new();
    loop {
        let report = CheckInRequest {
            transitions: vec![fleet::transition(acknowledged + 1)],
            ..fleet::full_report(acknowledged + 1, 3)
        };
        match client.check_in(report).await {
            Ok(answer) => acknowledged = answer.into_inner().acknowledged_sequence,
            Err(status) => {
                // Refused on a connection that closes, or with SHUTTING_DOWN: both say that it was not accepted.
                let refused = matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled);
                if !refused {
                    unexplained.push(status);
                }
                return (identity.device_id.0, acknowledged, unexplained);
            }
        }
    }
}

async fn shutdown_under_load_answers_what_it_accepted(engine: Engine) {
    let mut server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 16).await;
    let mut reporting = JoinSet::new();
    for identity in home.enroll_many(16, 4).await {
        reporting.spawn(report_until_refused(identity));
    }
    let mut stored = server.look().await;
    let mut watcher = server.staff().devices().await;
    let watched = watcher.watch_devices(WatchDevicesRequest::default()).await.expect("staff may watch");
    gigafleet_tests::eventually_async("load is on", Duration::from_secs(10), async || {
        stored.cursors().await.iter().all(|cursor| cursor.sequence > 20).then_some(())
    })
    .await;
    // A connection that only waits must not hold the end up.
    let begun = std::time::Instant::now();
    assert_eq!(server.terminate(Duration::from_secs(9)).await, Some(0), "it ends in order");
    println!("ended after {:?}", begun.elapsed());
    drop(watched);
    let outcomes = reporting.join_all().await;
    let cursors = server.look().await.cursors().await;
    for (device_id, acknowledged, unexplained) in outcomes {
        assert!(unexplained.is_empty(), "{unexplained:?}");
        let cursor = cursors.iter().find(|cursor| cursor.device_id == device_id).expect("it enrolled");
        assert_eq!(cursor.sequence, acknowledged, "what was accepted was stored and answered");
        assert_eq!((cursor.report_count, cursor.transition_count), (acknowledged, acknowledged));
    }
}

async fn killed_server_has_what_it_acknowledged(engine: Engine) {
    let mut server = ServerOptions::on(engine).await.checkin_seconds(0.2).start().await;
    let home = Home::make(&server, 20).await;
    let agents = Fleet::run(&home.enroll_many(20, 4).await, &fleet::fast_engine());
    agents.surroundings.lively.store(true, Ordering::Relaxed);
    for round in 1..=3 {
        let goal = agents.ledger.acknowledged_reports() + 100;
        eventually("a hundred more reports", Duration::from_secs(15), || {
            (agents.ledger.acknowledged_reports() >= goal).then_some(())
        })
        .await;
        println!(
            "round {round}: {} reports, {} transitions",
            agents.ledger.acknowledged_reports(),
            agents.ledger.acknowledged_transitions()
        );
        server.kill().await;
        server.restart().await;
    }
    agents.surroundings.lively.store(false, Ordering::Relaxed);
    crate::database_faults::settle(&server, agents, &home).await;
}
