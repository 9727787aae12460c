//! Sequences that repeat, jump, go back or fork: nothing is counted twice, nothing is lost, two devices are told apart.

use std::{collections::BTreeSet, time::Duration};

use gigafleet_proto::v1::{CheckInOutcome, CheckInRequest, CheckInResponse, Device, ReviewReason};
use gigafleet_tests::{Engine, Faucet, Fleet, Home, ServerOptions, eventually, eventually_async, fleet};
use tonic::Code;

use crate::refusal::assert_refused;

on_both_engines!(
    repeated_report_counts_once,
    gap_in_the_sequence_is_allowed,
    restored_image_is_behind_and_goes_on,
    server_that_knows_less_asks_for_everything,
    lost_acknowledgement_loses_nothing_and_counts_once,
    clone_is_kept_apart,
    same_sequence_at_the_same_time_counts_once,
);

fn with_transitions(report: CheckInRequest, numbers: std::ops::RangeInclusive<u64>) -> CheckInRequest {
    CheckInRequest { transitions: numbers.map(fleet::transition).collect(), ..report }
}

#[track_caller]
fn assert_answer(answer: &CheckInResponse, outcome: CheckInOutcome, sequence: u64) {
    assert_eq!((answer.outcome(), answer.acknowledged_sequence), (outcome, sequence));
}

fn counts(device: &Device) -> (u64, u64, u64) {
    (device.sequence, device.report_count, device.transition_count)
}

async fn repeated_report_counts_once(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    let mut send = async |report: CheckInRequest| client.check_in(report).await.expect("it is answered").into_inner();
    let first = with_transitions(fleet::full_report(1, 3), 1..=4);
    assert_answer(&send(first.clone()).await, CheckInOutcome::Applied, 1);
    assert_answer(&send(first.clone()).await, CheckInOutcome::Duplicate, 1);
    let second = with_transitions(fleet::heartbeat(2, 3), 3..=6);
    assert_answer(&send(second.clone()).await, CheckInOutcome::Applied, 2);
    // Reordered on the way: the older one comes last.
    assert_answer(&send(first).await, CheckInOutcome::Duplicate, 2);
    assert_answer(&send(second).await, CheckInOutcome::Duplicate, 2);
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(counts(&device), (2, 2, 6));
    assert!(device.review_reasons.is_empty());
    assert_eq!(server.look().await.transitions().await.len(), 6);
    assert_eq!(server.metric("gigafleet_checkins_total{outcome=\"duplicate\"}").await, 3.0);
}

async fn gap_in_the_sequence_is_allowed(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("it is stored");
    let answer = client.check_in(fleet::heartbeat(900, 3)).await.expect("it is stored").into_inner();
    assert_answer(&answer, CheckInOutcome::Applied, 900);
    let far = CheckInRequest { base_sequence: 900, ..fleet::heartbeat(u64::MAX >> 1, 3) };
    let answer = client.check_in(far).await.expect("it is stored").into_inner();
    assert_answer(&answer, CheckInOutcome::Applied, u64::MAX >> 1);
    let beyond = CheckInRequest { sequence: 1 << 63, ..fleet::heartbeat(1, 3) };
    assert_refused(client.check_in(beyond).await, Code::InvalidArgument, "REPORT_INVALID");
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(device.report_count, 3);
}

async fn restored_image_is_behind_and_goes_on(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(100, 3)).await.expect("it is stored");
    let back = with_transitions(fleet::full_report(51, 4), 1..=2);
    let answer = client.check_in(back).await.expect("it is answered").into_inner();
    assert_answer(&answer, CheckInOutcome::Behind, 100);
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(counts(&device), (100, 1, 0), "nothing of it is stored");
    assert!(device.review_reasons().any(|reason| reason == ReviewReason::SequenceBehind));
    let forward = with_transitions(fleet::full_report(101, 4), 1..=2);
    let answer = client.check_in(forward).await.expect("it is answered").into_inner();
    assert_answer(&answer, CheckInOutcome::Applied, 101);
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(counts(&device), (101, 2, 2));
}

async fn server_that_knows_less_asks_for_everything(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(10, 3)).await.expect("it is stored");
    // As after a restore of yesterday's backup: the agent builds on 40, the server has 10.
    let answer = client.check_in(fleet::heartbeat(41, 3)).await.expect("it is stored").into_inner();
    assert_answer(&answer, CheckInOutcome::Applied, 41);
    assert!(answer.send_full_report);
    let answer = client.check_in(fleet::full_report(42, 3)).await.expect("it is stored").into_inner();
    assert!(!answer.send_full_report);
}

async fn lost_acknowledgement_loses_nothing_and_counts_once(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let network = Faucet::before(server.address()).await;
    let home = Home { server: network.address().to_string(), ..Home::make(&server, 1).await };
    let identity = home.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("it is stored");

    network.lose_answers();
    let report = with_transitions(fleet::heartbeat(2, 3), 1..=3);
    let unanswered = tokio::spawn({
        let report = report.clone();
        async move { client.check_in(report).await }
    });
    eventually_async("the report is stored", Duration::from_secs(10), async || {
        (server.look().await.cursors().await[0].sequence == 2).then_some(())
    })
    .await;
    network.shut();
    unanswered.await.expect("the task ends").expect_err("the acknowledgement was lost");
    network.open();

    let mut client = fleet::agent_client(&identity).await;
    let answer = client.check_in(report).await.expect("it is answered").into_inner();
    assert_answer(&answer, CheckInOutcome::Duplicate, 2);
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(counts(&device), (2, 2, 3));
}

async fn same_sequence_at_the_same_time_counts_once(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    for sequence in 1..=5 {
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let identity = identity.clone();
            let report = with_transitions(fleet::full_report(sequence, 3), sequence..=sequence + 2);
            sending.spawn(async move {
                let mut client = fleet::agent_client(&identity).await;
                client.check_in(report).await.expect("it is answered").into_inner().outcome()
            });
        }
        let outcomes = sending.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == CheckInOutcome::Applied).count(), 1, "{outcomes:?}");
    }
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!(counts(&device), (5, 5, 7));
}

/// Two agents with one identity, as after a disk was copied: both end with an identity of their own, and a person sees both.
async fn clone_is_kept_apart(engine: Engine) {
    let server = ServerOptions::on(engine).await.checkin_seconds(0.2).start().await;
    let home = Home::make(&server, 1).await;
    let identity = home.enroll().await;
    let agents = Fleet::run(&[identity.clone(), identity.clone()], &fleet::fast_engine());
    let staff = server.staff();
    let devices = eventually_async("both are there and flagged", Duration::from_secs(15), async || {
        let devices = staff.all_devices(&home.municipality_id).await.expect("a list");
        let flagged = |device: &Device| device.review_reasons().any(|reason| reason == ReviewReason::Forked);
        (devices.len() == 2 && devices.iter().all(flagged)).then_some(devices)
    })
    .await;
    let parted = devices.iter().find(|device| device.device_id != identity.device_id.0).expect("a new one");
    assert_eq!(parted.forked_from_device_id, identity.device_id.0);
    assert_eq!(parted.school_id, home.school_id);

    let ids: Vec<_> = devices.iter().map(|device| device.device_id.clone()).collect();
    let so_far = ids.iter().map(|id| agents.ledger.told_to(id).acknowledged.len()).collect::<Vec<_>>();
    eventually("both go on", Duration::from_secs(10), || {
        let now = ids.iter().map(|id| agents.ledger.told_to(id).acknowledged.len());
        now.zip(&so_far).all(|(now, before)| now >= before + 3).then_some(())
    })
    .await;
    let ledger = agents.stop().await;
    let devices = staff.all_devices(&home.municipality_id).await.expect("a list");
    assert_eq!(devices.len(), 2, "there is no third");
    for device in &devices {
        let told = ledger.told_to(&device.device_id);
        assert_eq!(device.report_count as usize, told.acknowledged.len(), "each is counted for itself: {told:?}");
    }
    let stored: BTreeSet<_> = server.look().await.transitions().await.into_iter().collect();
    assert_eq!(stored.len(), ledger.acknowledged_transitions());
}
