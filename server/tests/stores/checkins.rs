//! What becomes of reports, through the service and its group commit.

use gigafleet::{
    devices::rules::{DeviceId, DeviceKey},
    enrollment::{rules::DeviceIdentity, service::Enrolled},
    error::Kind,
    overview::rules::{DeviceFilter, DeviceQuery},
};
use gigafleet_proto::v1::{self, CheckInOutcome};
use std::time::Duration;
use uuid::Uuid;

use crate::{World, enrollments::csr};

crate::on_both_engines!(
    full_report_is_stored_as_it_was_said,
    part_that_is_absent_is_kept_and_empty_part_clears,
    repeat_changes_nothing,
    transition_is_stored_once_however_often_it_comes,
    check_is_stored_as_it_was_said_and_what_is_none_is_refused,
    restored_image_goes_on_after_what_is_stored,
    clone_is_told_and_gets_an_identity_of_its_own,
    candidate_certificate_is_confirmed_by_use_and_supersedes,
    revoked_device_is_refused_at_its_next_report,
    command_comes_until_its_result_arrives,
    other_facts_than_stored_ask_for_a_full_report,
    crowd_of_devices_is_written_in_batches,
    silence_is_judged_by_what_could_be_heard,
    device_that_nobody_knows_is_refused,
);

pub(crate) fn identity(enrolled: &Enrolled) -> DeviceIdentity {
    DeviceIdentity {
        key: enrolled.key,
        certificate_serial: enrolled.issued.serial,
        expires_at: enrolled.issued.expires_at,
    }
}

async fn enrolled(world: &World) -> DeviceIdentity {
    let owner = world.municipality("131130").await;
    let token = world.token(owner, 1_000).await;
    identity(&world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), None).await.unwrap())
}

fn report(sequence: u64) -> v1::CheckInRequest {
    v1::CheckInRequest {
        sequence,
        base_sequence: sequence - 1,
        run_id: 77,
        send_time_ms: u64::try_from(crate::NOW.as_millis()).unwrap(),
        monotonic_ms: 60_000,
        ..v1::CheckInRequest::default()
    }
}

fn outcome(answer: &v1::CheckInResponse) -> (CheckInOutcome, u64) {
    (answer.outcome(), answer.acknowledged_sequence)
}

async fn full_report_is_stored_as_it_was_said(world: World) {
    let device = enrolled(&world).await;
    let facts = v1::Facts {
        maker: Some(String::from("㈱髙﨑\"'\\電機")),
        model: Some(String::from("Chromebook 11\u{1}")),
        serial_number: Some(String::from("0001E11")),
        board_uuid: Some(String::new()),
        os_kind: i32::from(v1::OsKind::Chromeos),
        cpu_count: Some(8),
        memory_bytes: Some(1 << 33),
        storage_bytes: Some(u64::try_from(i64::MAX).unwrap()),
        mac_hashes: vec![vec![1; 16], vec![255; 16]],
        ..v1::Facts::default()
    };
    let status = v1::Status {
        battery: Some(v1::Battery {
            charge_percent: Some(80),
            health_percent: Some(103),
            cycle_count: None,
            charging: Some(false),
        }),
        storage: Some(v1::Storage { free_bytes: Some(5) }),
        memory: Some(v1::Memory { used_percent: Some(40), stall_percent: Some(0) }),
        boot: Some(v1::Boot { boot_time_ms: Some(123), boot_count: Some(4) }),
        wifi: Some(v1::Wifi {
            ssid: Some(String::from("学校'Wi-Fi")),
            bssid: Some(vec![0, 1, 2, 253, 254, 255]),
            rssi_dbm: Some(-61),
            receive_kbps: Some(866_000),
            transmit_kbps: None,
        }),
        network: Some(v1::Network {
            link: v1::LinkKind::Wifi.into(),
            gateway: Some(String::from("192.0.2.1")),
            gateway_hash: Some(vec![7; 16]),
        }),
    };
    let full = v1::CheckInRequest {
        full: true,
        facts_hash: u32::MAX,
        facts: Some(facts.clone()),
        status: Some(status.clone()),
        ..report(1)
    };
    let answer = world.checkins.check_in(device, full).await.unwrap();
    assert_eq!(outcome(&answer), (CheckInOutcome::Applied, 1));
    assert_eq!((answer.send_full_report, answer.next_checkin_delay_ms, answer.server_time_ms), (false, 60_000, 0));
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap();
    assert_eq!(shown.facts, Some(facts));
    assert_eq!(shown.status, Some(status));
    assert_eq!((shown.sequence, shown.report_count, shown.clock_skew_ms), (1, 1, Some(0)));
    assert_eq!(shown.presence(), v1::Presence::Reporting);
}

async fn part_that_is_absent_is_kept_and_empty_part_clears(world: World) {
    let device = enrolled(&world).await;
    let battery = Some(v1::Battery { charge_percent: Some(80), ..v1::Battery::default() });
    let storage = Some(v1::Storage { free_bytes: Some(7) });
    let first = v1::Status { battery, storage, ..v1::Status::default() };
    world.checkins.check_in(device, v1::CheckInRequest { status: Some(first), ..report(1) }).await.unwrap();
    let second = v1::Status { battery: Some(v1::Battery::default()), ..v1::Status::default() };
    world.checkins.check_in(device, v1::CheckInRequest { status: Some(second), ..report(2) }).await.unwrap();
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap().status.unwrap();
    assert_eq!((shown.battery, shown.storage), (Some(v1::Battery::default()), storage));
    assert_eq!((shown.memory, shown.wifi), (None, None));
}

async fn repeat_changes_nothing(world: World) {
    let device = enrolled(&world).await;
    for sequence in [1, 2, 9] {
        assert_eq!(
            outcome(&world.checkins.check_in(device, report(sequence)).await.unwrap()).0,
            CheckInOutcome::Applied
        );
    }
    for sequence in [9, 2, 1, 5] {
        let answer = world.checkins.check_in(device, report(sequence)).await.unwrap();
        assert_eq!(outcome(&answer), (CheckInOutcome::Duplicate, 9));
    }
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap();
    assert_eq!((shown.sequence, shown.report_count), (9, 3));
}

async fn transition_is_stored_once_however_often_it_comes(world: World) {
    let device = enrolled(&world).await;
    let transition = |number| v1::Transition {
        number,
        kind: i32::from(v1::TransitionKind::NetworkJoined),
        monotonic_ms: 30_000,
        wifi: Some(v1::Wifi { ssid: Some(String::from("校内")), bssid: Some(vec![9; 6]), ..v1::Wifi::default() }),
        ..v1::Transition::default()
    };
    let carry = |sequence, numbers: &[u64]| v1::CheckInRequest {
        transitions: numbers.iter().map(|n| transition(*n)).collect(),
        ..report(sequence)
    };
    world.checkins.check_in(device, carry(1, &[1, 2])).await.unwrap();
    world.checkins.check_in(device, carry(1, &[1, 2])).await.unwrap();
    world.checkins.check_in(device, carry(2, &[1, 2, 3])).await.unwrap();
    // The same one from a later run, which must say whose it is.
    let mut later = v1::CheckInRequest { run_id: 78, ..carry(3, &[3]) };
    later.transitions[0].run_id = 77;
    world.checkins.check_in(device, later).await.unwrap();
    // A late report that another has overtaken still hands in what is missing.
    world.checkins.check_in(device, carry(2, &[4])).await.unwrap();
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap();
    assert_eq!(shown.transition_count, 4);
}

async fn check_is_stored_as_it_was_said_and_what_is_none_is_refused(world: World) {
    let device = enrolled(&world).await;
    let check = v1::NetworkCheck {
        layer: v1::NetworkLayer::Service.into(),
        target: 65_535,
        outcome: v1::CheckOutcome::Failed.into(),
        error: v1::CheckError::Blocked.into(),
        latency_us: u32::MAX,
    };
    let gateway_hash = Some((0..16).collect::<Vec<u8>>());
    let network = v1::Network { gateway_hash: gateway_hash.clone(), ..v1::Network::default() };
    let carry = |sequence, check, network| v1::CheckInRequest {
        transitions: vec![v1::Transition {
            number: sequence,
            kind: v1::TransitionKind::NetworkChecked.into(),
            monotonic_ms: 30_000,
            check: Some(check),
            network: Some(network),
            ..v1::Transition::default()
        }],
        ..report(sequence)
    };
    world.checkins.check_in(device, carry(1, check, network.clone())).await.unwrap();
    let none = [
        v1::NetworkCheck { layer: 0, ..check },
        v1::NetworkCheck { layer: 99, ..check },
        v1::NetworkCheck { outcome: 0, ..check },
        v1::NetworkCheck { error: 99, ..check },
        v1::NetworkCheck { target: 65_536, ..check },
    ];
    let short = v1::Network { gateway_hash: Some(vec![7; 15]), ..network.clone() };
    let long = v1::Network { gateway: Some("1".repeat(46)), ..network.clone() };
    let checks = none.map(|none| (carry(2, none, network.clone()), "transitions.check"));
    let networks = [short, long].map(|network| (carry(2, check, network), "transitions.network"));
    for (request, field) in checks.into_iter().chain(networks) {
        let error = world.checkins.check_in(device, request).await.unwrap_err();
        assert_eq!(error.reason, "REPORT_INVALID");
        assert_eq!(error.fields.iter().map(|refused| refused.field.as_ref()).collect::<Vec<_>>(), [field]);
    }
    let mut tx = world.db.begin().await.unwrap();
    let sql = "SELECT CAST(layer AS BIGINT), target, CAST(outcome AS BIGINT), CAST(error AS BIGINT), latency_us
         FROM device_transition";
    let stored: (i64, i64, i64, i64, i64) = tx.query(sql).one().await.unwrap();
    assert_eq!(stored, (6, 65_535, 3, 5, i64::from(u32::MAX)));
    let stored: (Option<Vec<u8>>,) = tx.query("SELECT gateway_hash FROM device_transition").one().await.unwrap();
    assert_eq!(stored.0, gateway_hash);
}

async fn restored_image_goes_on_after_what_is_stored(world: World) {
    let device = enrolled(&world).await;
    world.checkins.check_in(device, report(100)).await.unwrap();
    let restored = |sequence| v1::CheckInRequest { run_id: 78, ..report(sequence) };
    let answer = world.checkins.check_in(device, restored(51)).await.unwrap();
    assert_eq!(outcome(&answer), (CheckInOutcome::Behind, 100));
    let answer = world.checkins.check_in(device, restored(101)).await.unwrap();
    assert_eq!(outcome(&answer), (CheckInOutcome::Applied, 101));
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap();
    assert_eq!(shown.review_reasons, [i32::from(v1::ReviewReason::SequenceBehind)]);
    assert_eq!(shown.report_count, 2);
}

async fn clone_is_told_and_gets_an_identity_of_its_own(world: World) {
    let device = enrolled(&world).await;
    let of = |run_id, sequence| v1::CheckInRequest { run_id, ..report(sequence) };
    let early = world.enrollment.renew(device, &csr(), true).await.unwrap_err();
    assert_eq!((early.kind, early.reason), (Kind::Precondition, "SEPARATION_NOT_ASKED"));
    world.checkins.check_in(device, of(1, 1)).await.unwrap();
    world.checkins.check_in(device, of(2, 2)).await.unwrap();
    let answer = world.checkins.check_in(device, of(1, 2)).await.unwrap();
    assert_eq!(answer.outcome(), CheckInOutcome::Forked);
    let own = identity(&world.enrollment.renew(device, &csr(), true).await.unwrap());
    assert_ne!(own.key, device.key);
    let answer = world.checkins.check_in(own, of(1, 1)).await.unwrap();
    assert_eq!(outcome(&answer), (CheckInOutcome::Applied, 1));
    assert_eq!(world.checkins.check_in(device, of(2, 3)).await.unwrap().outcome(), CheckInOutcome::Applied);
    let forked = [i32::from(v1::ReviewReason::Forked)];
    let (old, new) = (
        world.overview.device(&world.staff().await, device.key.device).await.unwrap(),
        world.overview.device(&world.staff().await, own.key.device).await.unwrap(),
    );
    assert_eq!((old.review_reasons.as_slice(), new.review_reasons.as_slice()), (forked.as_slice(), forked.as_slice()));
    assert_eq!(new.forked_from_device_id, device.key.device.to_string());
    assert_eq!((old.report_count, new.report_count), (3, 1));
}

async fn candidate_certificate_is_confirmed_by_use_and_supersedes(world: World) {
    let old = enrolled(&world).await;
    world.checkins.check_in(old, report(1)).await.unwrap();
    let given_up = identity(&world.enrollment.renew(old, &csr(), false).await.unwrap());
    let new = identity(&world.enrollment.renew(old, &csr(), false).await.unwrap());
    assert_eq!(new.key, old.key);
    // The old one stays good until the new one is used.
    assert_eq!(world.checkins.check_in(old, report(2)).await.unwrap().outcome(), CheckInOutcome::Applied);
    assert_eq!(world.checkins.check_in(given_up, report(3)).await.unwrap_err().reason, "CERTIFICATE_REVOKED");
    assert_eq!(world.checkins.check_in(new, report(3)).await.unwrap().outcome(), CheckInOutcome::Applied);
    assert_eq!(world.checkins.check_in(new, report(4)).await.unwrap().outcome(), CheckInOutcome::Applied);
    assert_eq!(world.checkins.check_in(old, report(5)).await.unwrap().outcome(), CheckInOutcome::Forked);
    let shown = world.overview.device(&world.staff().await, old.key.device).await.unwrap();
    assert_eq!(shown.review_reasons, [i32::from(v1::ReviewReason::CertificateSuperseded)]);
    assert_eq!(shown.report_count, 4);
}

async fn revoked_device_is_refused_at_its_next_report(world: World) {
    let device = enrolled(&world).await;
    world.checkins.check_in(device, report(1)).await.unwrap();
    let stale =
        world.checkins.revoke_device(&world.staff().await, device.key.device, Some(99), "lost").await.unwrap_err();
    assert_eq!((stale.kind, stale.reason), (Kind::Conflict, "ETAG_MISMATCH"));
    world.checkins.revoke_device(&world.staff().await, device.key.device, Some(1), "lost").await.unwrap();
    world.checkins.revoke_device(&world.staff().await, device.key.device, Some(1), "again").await.unwrap();
    for request in [report(2), v1::CheckInRequest { run_id: 5, ..report(9) }] {
        let error = world.checkins.check_in(device, request).await.unwrap_err();
        assert_eq!((error.kind, error.reason), (Kind::Denied, "DEVICE_REVOKED"));
    }
    assert_eq!(world.enrollment.renew(device, &csr(), false).await.unwrap_err().reason, "DEVICE_REVOKED");
    let shown = world.overview.device(&world.staff().await, device.key.device).await.unwrap();
    assert!(shown.revoke_time.is_some());
    assert_eq!(shown.report_count, 1);
}

async fn command_comes_until_its_result_arrives(world: World) {
    let device = enrolled(&world).await;
    world.checkins.check_in(device, report(1)).await.unwrap();
    let kind = v1::CommandKind::SendFullReport;
    let id = world.checkins.send_command(&world.staff().await, None, device.key.device, kind).await.unwrap();
    let again = world.checkins.send_command(&world.staff().await, Some(id), device.key.device, kind).await.unwrap();
    assert_eq!(again, id);
    let expected = [v1::Command { command_id: id.as_bytes().to_vec(), kind: i32::from(kind), test: None }];
    for sequence in [2, 3] {
        assert_eq!(world.checkins.check_in(device, report(sequence)).await.unwrap().commands, expected);
    }
    let result = v1::CommandResult {
        command_id: id.as_bytes().to_vec(),
        outcome: i32::from(v1::CommandOutcome::Done),
        throughput: None,
    };
    let done = v1::CheckInRequest { command_results: vec![result], ..report(4) };
    assert_eq!(world.checkins.check_in(device, done).await.unwrap().commands, []);
    assert_eq!(world.checkins.check_in(device, report(5)).await.unwrap().commands, []);
    for _ in 0..16 {
        world.checkins.send_command(&world.staff().await, None, device.key.device, kind).await.unwrap();
    }
    let full = world.checkins.send_command(&world.staff().await, None, device.key.device, kind).await.unwrap_err();
    assert_eq!(full.reason, "COMMANDS_PENDING");
}

async fn other_facts_than_stored_ask_for_a_full_report(world: World) {
    let device = enrolled(&world).await;
    let facts = v1::Facts { model: Some(String::from("A")), ..v1::Facts::default() };
    let with_facts = v1::CheckInRequest { facts: Some(facts), facts_hash: 5, ..report(1) };
    assert!(!world.checkins.check_in(device, with_facts).await.unwrap().send_full_report);
    let same = v1::CheckInRequest { facts_hash: 5, ..report(2) };
    assert!(!world.checkins.check_in(device, same).await.unwrap().send_full_report);
    let other = v1::CheckInRequest { facts_hash: 6, ..report(3) };
    assert!(world.checkins.check_in(device, other).await.unwrap().send_full_report);
    // The agent builds on more than the server holds: its data came from a backup.
    let ahead = v1::CheckInRequest { facts_hash: 5, base_sequence: 40, ..report(41) };
    assert!(world.checkins.check_in(device, ahead).await.unwrap().send_full_report);
    // That answer was lost; what is missing is still missing.
    for sequence in [42, 43] {
        let next = v1::CheckInRequest { facts_hash: 5, ..report(sequence) };
        assert!(world.checkins.check_in(device, next).await.unwrap().send_full_report, "{sequence}");
    }
    let facts = Some(v1::Facts::default());
    let full = v1::CheckInRequest { facts_hash: 5, full: true, facts, ..report(44) };
    assert!(!world.checkins.check_in(device, full).await.unwrap().send_full_report);
    let next = v1::CheckInRequest { facts_hash: 5, ..report(45) };
    assert!(!world.checkins.check_in(device, next).await.unwrap().send_full_report);
}

async fn crowd_of_devices_is_written_in_batches(world: World) {
    let owner = world.municipality("131130").await;
    let token = world.token(owner, 200).await;
    let mut devices = Vec::new();
    for _ in 0..200 {
        devices.push(identity(&world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), None).await.unwrap()));
    }
    for sequence in 1..=5 {
        let calls = devices.iter().map(|device| {
            let checkins = std::sync::Arc::clone(&world.checkins);
            let (device, request) = (*device, report(sequence));
            tokio::spawn(async move { checkins.check_in(device, request).await })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(outcome(&call.await.unwrap().unwrap()), (CheckInOutcome::Applied, sequence));
        }
    }
    let metrics = world.metrics.render();
    let value = |name: &str| -> u64 {
        let line =
            metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in\n{metrics}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert_eq!(value("gigafleet_checkins_total{outcome=\"applied\"}"), 1_000);
    assert_eq!(value("gigafleet_checkin_rows_written_total"), 1_000, "one row for an unchanged report");
    let batches = value("gigafleet_checkin_batch_reports_count");
    assert!(batches < 500, "{batches} batches for 1,000 reports");
}

async fn silence_is_judged_by_what_could_be_heard(world: World) {
    let device = enrolled(&world).await;
    let presence = async || world.overview.device(&world.staff().await, device.key.device).await.unwrap().presence();
    // The lists by presence that it stands in.
    let listed = async || {
        let mut lists = Vec::new();
        for presence in [v1::Presence::Never, v1::Presence::Reporting, v1::Presence::Silent, v1::Presence::Unknown] {
            let filter = DeviceFilter { presence: Some(presence), ..DeviceFilter::default() };
            let query = DeviceQuery { filter, ..DeviceQuery::default() };
            let page = world.overview.devices(&world.staff().await, &query, None, 10).await.unwrap();
            lists.extend(page.devices.iter().map(|_| presence));
        }
        lists
    };
    assert_eq!(presence().await, v1::Presence::Never);
    assert_eq!(listed().await, [v1::Presence::Never]);
    world.checkins.check_in(device, report(1)).await.unwrap();
    world.clock.advance(Duration::from_secs(140));
    assert_eq!(presence().await, v1::Presence::Reporting);
    assert_eq!(listed().await, [v1::Presence::Reporting]);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(presence().await, v1::Presence::Silent);
    assert_eq!(listed().await, [v1::Presence::Silent]);
    // Its report arrives, the database is away: it was heard.
    world.checkins.presence().not_stored([device.key], true, world.clock.now());
    assert_eq!(presence().await, v1::Presence::Reporting);
    assert_eq!(world.checkins.flush_presence().await.unwrap(), 1);
    assert_eq!(presence().await, v1::Presence::Reporting, "noted for other servers");
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(presence().await, v1::Presence::Unknown, "nobody could be heard in the meantime");
    assert_eq!(listed().await, [v1::Presence::Unknown]);
}

async fn device_that_nobody_knows_is_refused(world: World) {
    let mut device = enrolled(&world).await;
    device.key = DeviceKey { device: DeviceId(Uuid::now_v7()), ..device.key };
    let error = world.checkins.check_in(device, report(1)).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::NotFound, "DEVICE_UNKNOWN"));
    assert_eq!(
        world.overview.device(&world.staff().await, device.key.device).await.unwrap_err().reason,
        "DEVICE_NOT_FOUND"
    );
}
