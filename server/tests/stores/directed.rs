//! Tests of throughput that servers direct: given by lease, measured by devices, put among the measurements once.

use std::{collections::HashSet, time::Duration};

use gigafleet::{
    bandwidth::{
        rules::{Method, Outcome, planning::TestPolicy},
        service::{
            Bandwidth, NEWEST,
            directed::{TestOrder, TestRow},
        },
    },
    checkin::rules::throughput::{OVERSHOOT_BYTES, PIECE_BYTES, TestState},
    clock::Timestamp,
    enrollment::rules::DeviceIdentity,
    error::Kind,
    network::rules::place::NetworkKind,
    schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear, pupils::PupilsSource},
};
use gigafleet_proto::v1;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{World, checkins::identity, enrollments::csr};

crate::on_both_engines!(
    school_has_no_more_tests_than_allowed_however_many_servers_plan,
    result_becomes_one_measurement_however_often_it_is_told,
    result_of_a_test_of_another_device_is_refused_quietly,
    lease_that_ends_is_closed_and_another_device_follows,
    late_result_counts_and_what_failed_does_not,
    lessons_keep_tests_away_unless_they_are_asked_for,
    only_devices_at_school_are_asked_and_a_probe_first,
    padding_is_carried_only_for_a_live_test_and_no_more_than_it_allows,
);

const HOUR: Duration = Duration::from_secs(3_600);
const GATEWAY: [u8; 16] = [7; 16];

/// A school in the evening, when lessons are over, with devices on its own network.
struct School {
    owner: MunicipalityId,
    id: SchoolId,
    devices: Vec<DeviceIdentity>,
    sequence: u64,
}

impl School {
    async fn with_devices(world: &World, count: usize) -> Self {
        let owner = world.municipality("131130").await;
        let id = world.school(owner, "緑小学校").await;
        world.clock.advance(8 * HOUR);
        let staff = world.staff().await;
        let known = gigafleet_agent::identity::to_hex(&GATEWAY);
        world.network.add_school_network(&staff, (owner, id), NetworkKind::Gateway, known).await.unwrap();
        let token = world.token_for(owner, Some(id), 100).await;
        let mut devices = Vec::new();
        for _ in 0..count {
            devices.push(identity(&world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), None).await.unwrap()));
        }
        let mut school = Self { owner, id, devices, sequence: 0 };
        for device in 0..count {
            school.hear(world, device, GATEWAY, Vec::new()).await;
        }
        school
    }

    /// One of its devices reports from a network.
    async fn hear(
        &mut self,
        world: &World,
        device: usize,
        gateway: [u8; 16],
        command_results: Vec<v1::CommandResult>,
    ) -> v1::CheckInResponse {
        self.sequence += 1;
        let network = v1::Network { gateway_hash: Some(gateway.to_vec()), ..v1::Network::default() };
        let request = v1::CheckInRequest {
            sequence: self.sequence,
            run_id: 7,
            status: Some(v1::Status { network: Some(network), ..v1::Status::default() }),
            command_results,
            ..v1::CheckInRequest::default()
        };
        let answer = world.checkins.check_in(self.devices[device], request).await.unwrap();
        assert_eq!(answer.outcome(), v1::CheckInOutcome::Applied);
        answer
    }

    async fn tests(&self, world: &World) -> Vec<TestRow> {
        let staff = world.staff().await;
        bandwidth(world).tests(&staff, self.owner, Some(self.id), Uuid::max(), 100).await.unwrap()
    }

    async fn measurements(&self, world: &World) -> Vec<gigafleet::bandwidth::service::MeasurementRow> {
        let staff = world.staff().await;
        bandwidth(world).measurements(&staff, (self.owner, self.id), NEWEST, 100).await.unwrap()
    }
}

fn bandwidth(world: &World) -> Bandwidth {
    Bandwidth::new(world.db.clone(), world.clock.clone(), world.access.clone())
}

fn result(test: Uuid, end: Timestamp) -> v1::CommandResult {
    let end_time_ms = u64::try_from(end.as_millis()).unwrap();
    v1::CommandResult {
        command_id: test.as_bytes().to_vec(),
        outcome: v1::CommandOutcome::Done.into(),
        throughput: Some(v1::Throughput { receive_kbps: 612_000, send_kbps: 300_000, end_time_ms }),
    }
}

async fn refused(world: &World) -> u64 {
    let metrics = world.metrics.render();
    let line = metrics.lines().find(|line| line.starts_with("gigafleet_throughput_results_refused_total")).unwrap();
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

async fn school_has_no_more_tests_than_allowed_however_many_servers_plan(world: World) {
    let school = School::with_devices(&world, 6).await;
    for allowed in [1, 2] {
        let policy = TestPolicy { devices_at_once: allowed, again_minutes: 0, ..TestPolicy::default() };
        let mut servers = JoinSet::new();
        for _ in 0..6 {
            let (bandwidth, owner) = (bandwidth(&world).with_policy(policy.clone()), school.owner);
            servers.spawn(async move { bandwidth.plan_tests(owner).await.unwrap() });
        }
        let given: usize = servers.join_all().await.into_iter().sum();
        // The test of the first round is live still.
        let tests = school.tests(&world).await;
        assert_eq!((given, tests.len()), (1, allowed));
        let devices: HashSet<_> = tests.iter().map(|test| test.device_id).collect();
        assert_eq!(devices.len(), allowed, "a device has one test");
    }
}

async fn result_becomes_one_measurement_however_often_it_is_told(world: World) {
    let mut school = School::with_devices(&world, 1).await;
    let staff = world.staff().await;
    let said = (FiscalYear::starting_in(2026).unwrap(), 280, PupilsSource::Person);
    world.schools.set_pupils(&staff, school.owner, school.id, said, None).await.unwrap();
    let bandwidth = bandwidth(&world);
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 1);
    world.checkins.read_tests().await.unwrap();
    let answer = school.hear(&world, 0, GATEWAY, Vec::new()).await;
    let [command] = &answer.commands[..] else { panic!("{:?}", answer.commands) };
    let test = command.test.as_ref().unwrap();
    assert_eq!((command.kind(), test.gateway_hash.as_slice()), (v1::CommandKind::MeasureThroughput, &GATEWAY[..]));
    let id = Uuid::from_slice(&command.command_id).unwrap();
    world.checkins.carry(school.devices[0], id, 100, 0).await.unwrap();
    assert_eq!(school.tests(&world).await[0].state, TestState::Running as i16);

    let measured_at = world.clock.now();
    world.clock.advance(Duration::from_secs(20));
    for _ in 0..2 {
        let answer = school.hear(&world, 0, GATEWAY, vec![result(id, measured_at)]).await;
        assert!(answer.commands.is_empty(), "nobody asks for it any more");
        bandwidth.settle_tests().await.unwrap();
    }
    assert_eq!(bandwidth.settle_tests().await.unwrap(), 0);
    let [measurement] = &school.measurements(&world).await[..] else { panic!("not one measurement") };
    assert_eq!((measurement.measurement_id, measurement.method), (id, Method::Agent as i16));
    assert_eq!((measurement.receive_kbps, measurement.send_kbps), (612_000, Some(300_000)));
    assert_eq!((measurement.measured_at, measurement.in_lesson), (measured_at.0, false));
    assert_eq!(school.tests(&world).await[0].state, TestState::Done as i16);
    assert_eq!(refused(&world).await, 0, "a repeat is no intruder");
    let report = bandwidth.report(&staff, school.owner, None).await.unwrap();
    assert_eq!(report.schools[0].verdict.outcome, Outcome::Reached);
    // It was measured: not again before its days are over.
    world.clock.advance(2 * HOUR);
    school.hear(&world, 0, GATEWAY, Vec::new()).await;
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 0);
    world.clock.advance(30 * 24 * HOUR);
    school.hear(&world, 0, GATEWAY, Vec::new()).await;
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 1);
}

async fn result_of_a_test_of_another_device_is_refused_quietly(world: World) {
    let mut school = School::with_devices(&world, 2).await;
    let bandwidth = bandwidth(&world);
    bandwidth.plan_tests(school.owner).await.unwrap();
    let test = school.tests(&world).await.remove(0);
    let asked = school.devices.iter().position(|device| device.key.device.0 == test.device_id).unwrap();
    let now = world.clock.now();
    for (device, id) in [(1 - asked, test.test_id), (asked, Uuid::now_v7())] {
        school.hear(&world, device, GATEWAY, vec![result(id, now)]).await;
    }
    assert_eq!(refused(&world).await, 2);
    assert_eq!(bandwidth.settle_tests().await.unwrap(), 0);
    assert!(school.measurements(&world).await.is_empty());
    assert_eq!(school.tests(&world).await[0].state, TestState::Given as i16);
}

async fn lease_that_ends_is_closed_and_another_device_follows(world: World) {
    let mut school = School::with_devices(&world, 2).await;
    let bandwidth = bandwidth(&world);
    bandwidth.plan_tests(school.owner).await.unwrap();
    let first = school.tests(&world).await.remove(0);
    world.clock.advance(Duration::from_secs(600));
    bandwidth.settle_tests().await.unwrap();
    let closed = school.tests(&world).await.remove(0);
    assert_eq!((closed.state, closed.ended_at.is_some()), (TestState::Expired as i16, true));
    for device in [1, 0] {
        school.hear(&world, device, GATEWAY, Vec::new()).await;
    }
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 0, "not at once");
    world.clock.advance(HOUR);
    let asked = school.devices.iter().position(|device| device.key.device.0 == first.device_id).unwrap();
    for device in [1 - asked, asked] {
        school.hear(&world, device, GATEWAY, Vec::new()).await;
    }
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 1);
    let second = school.tests(&world).await.remove(0);
    assert_ne!(second.device_id, first.device_id, "though the other one was heard later");
}

async fn late_result_counts_and_what_failed_does_not(world: World) {
    let mut school = School::with_devices(&world, 1).await;
    let (bandwidth, staff) = (bandwidth(&world), world.staff().await);
    let place = (school.owner, school.id);
    let late = bandwidth.start_test(&staff, place, &TestOrder::default()).await.unwrap();
    let measured_at = world.clock.now();
    world.clock.advance(HOUR);
    bandwidth.settle_tests().await.unwrap();
    // Its slot has another test by now.
    school.hear(&world, 0, GATEWAY, Vec::new()).await;
    let next = bandwidth.start_test(&staff, place, &TestOrder::default()).await.unwrap();
    school.hear(&world, 0, GATEWAY, vec![result(late.test_id, measured_at)]).await;
    assert_eq!(bandwidth.settle_tests().await.unwrap(), 1);
    assert_eq!(school.measurements(&world).await[0].measurement_id, late.test_id);
    let outcome = v1::CommandOutcome::Failed.into();
    let failed = v1::CommandResult { command_id: next.test_id.as_bytes().to_vec(), outcome, throughput: None };
    school.hear(&world, 0, GATEWAY, vec![failed]).await;
    assert_eq!(bandwidth.settle_tests().await.unwrap(), 0);
    let states: Vec<_> = school.tests(&world).await.iter().map(|test| test.state).collect();
    assert_eq!(states, [TestState::Failed as i16, TestState::Done as i16]);
    // After a day a result is nobody's.
    let old = bandwidth.start_test(&staff, place, &TestOrder::default()).await.unwrap();
    world.clock.advance(25 * HOUR);
    bandwidth.settle_tests().await.unwrap();
    school.hear(&world, 0, GATEWAY, vec![result(old.test_id, world.clock.now())]).await;
    assert_eq!(bandwidth.settle_tests().await.unwrap(), 0);
}

async fn lessons_keep_tests_away_unless_they_are_asked_for(world: World) {
    let mut school = School::with_devices(&world, 1).await;
    let (bandwidth, staff) = (bandwidth(&world), world.staff().await);
    // From eight in the evening to ten of the next morning.
    world.clock.advance(14 * HOUR);
    school.hear(&world, 0, GATEWAY, Vec::new()).await;
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 0);
    let place = (school.owner, school.id);
    let refused = bandwidth.start_test(&staff, place, &TestOrder::default()).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::Precondition, "LESSONS_ON"));
    let endpoint = String::from("fleet2.example.jp:7443");
    let asked = TestOrder { in_lesson: true, endpoint, most_bytes: Some(2_000_000) };
    let test = bandwidth.start_test(&staff, place, &asked).await.unwrap();
    assert_eq!((test.endpoint.as_str(), test.most_bytes), ("fleet2.example.jp:7443", 2_000_000));
    let again = bandwidth.start_test(&staff, place, &asked).await.unwrap_err();
    assert_eq!((again.kind, again.reason), (Kind::Exists, "TEST_UNDER_WAY"));
    school.hear(&world, 0, GATEWAY, vec![result(test.test_id, world.clock.now())]).await;
    bandwidth.settle_tests().await.unwrap();
    assert!(school.measurements(&world).await[0].in_lesson, "calendar and timetable say so");
}

async fn only_devices_at_school_are_asked_and_a_probe_first(world: World) {
    let mut school = School::with_devices(&world, 3).await;
    let (bandwidth, staff) = (bandwidth(&world), world.staff().await);
    for device in 0..3 {
        school.hear(&world, device, [9; 16], Vec::new()).await;
    }
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 0, "all are elsewhere");
    let place = (school.owner, school.id);
    assert_eq!(bandwidth.start_test(&staff, place, &TestOrder::default()).await.unwrap_err().reason, "NO_DEVICE_THERE");
    for device in [1, 2, 0] {
        school.hear(&world, device, GATEWAY, Vec::new()).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let probe = school.devices[1].key;
    let mut tx = world.db.begin().await.unwrap();
    tx.query("UPDATE device SET purpose = 5 WHERE municipality_id = $1 AND device_id = $2")
        .bind(probe.municipality)
        .bind(probe.device)
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 1);
    assert_eq!(school.tests(&world).await[0].device_id, probe.device.0, "though others were heard later");
    world.clock.advance(3 * HOUR);
    bandwidth.settle_tests().await.unwrap();
    assert_eq!(bandwidth.plan_tests(school.owner).await.unwrap(), 0, "nobody was heard for hours");
}

async fn padding_is_carried_only_for_a_live_test_and_no_more_than_it_allows(world: World) {
    let school = School::with_devices(&world, 1).await;
    let policy = TestPolicy { most_bytes: 1_000_000, ..TestPolicy::default() };
    let bandwidth = bandwidth(&world).with_policy(policy);
    let device = school.devices[0];
    let carry = async |test, receive| world.checkins.carry(device, test, receive, 0).await;
    assert_eq!(carry(Uuid::now_v7(), 1).await.unwrap_err().reason, "TEST_NOT_GIVEN");
    bandwidth.plan_tests(school.owner).await.unwrap();
    let test = school.tests(&world).await[0].test_id;
    let stranger = DeviceIdentity { certificate_serial: device.certificate_serial + 1, ..device };
    let denied = world.checkins.carry(stranger, test, 1, 0).await.unwrap_err();
    assert_eq!((denied.kind, denied.reason), (Kind::Denied, "TEST_NOT_GIVEN"), "its certificate is not in use");
    // Nobody told this server of the test: it asks the database, once.
    let mut moved = 0;
    while moved + PIECE_BYTES <= 1_000_000 + usize::try_from(OVERSHOOT_BYTES).unwrap() {
        assert_eq!(carry(test, PIECE_BYTES).await.unwrap().len(), PIECE_BYTES);
        moved += PIECE_BYTES;
    }
    let used_up = carry(test, PIECE_BYTES).await.unwrap_err();
    assert_eq!((used_up.kind, used_up.reason), (Kind::Exhausted, "TEST_USED_UP"));
    // What the server reads anew does not make it forget what was moved.
    world.checkins.read_tests().await.unwrap();
    assert_eq!(carry(test, PIECE_BYTES).await.unwrap_err().reason, "TEST_USED_UP");
    world.clock.advance(HOUR);
    assert_eq!(carry(test, 1).await.unwrap_err().reason, "TEST_NOT_GIVEN", "its lease is over");
}
