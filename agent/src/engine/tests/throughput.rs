//! Tests of throughput that the server asks for.

use gigafleet_proto::v1::{CommandKind, CommandOutcome, Throughput};

use super::*;

const SCHOOL: [u8; 16] = [7; 16];

fn on_network(device: &mut Device, gateway_hash: [u8; 16]) {
    let network = Network { gateway_hash: Some(gateway_hash.to_vec()), ..Network::default() };
    device.status.network = Some(network);
}

fn device(checks: CheckMode) -> (Device, Server) {
    let mut device = Device::new(EngineConfig { checks, ..EngineConfig::default() });
    on_network(&mut device, SCHOOL);
    let mut server = Server::default();
    device.exchange(&mut server);
    (device, server)
}

fn ask(device: &Device, server: &mut Server, id: u8, lease_ms: u64) {
    let test = ThroughputTest {
        expire_time_ms: device.now.wall_ms + lease_ms,
        most_bytes: 1_000_000,
        most_ms: 10_000,
        endpoint: String::new(),
        gateway_hash: SCHOOL.to_vec(),
    };
    let kind = CommandKind::MeasureThroughput.into();
    server.commands = vec![Command { command_id: vec![id; 16], kind, test: Some(test) }];
}

/// The results of the next report that carries any, within some reports.
fn results(device: &mut Device, server: &mut Server) -> Vec<CommandResult> {
    for _ in 0..5 {
        let (request, _) = device.exchange(server);
        if !request.command_results.is_empty() {
            return request.command_results;
        }
    }
    Vec::new()
}

fn outcome(device: &mut Device, server: &mut Server) -> CommandOutcome {
    results(device, server)[0].outcome()
}

#[test]
fn result_is_told_until_it_is_acknowledged_and_the_test_is_made_once() {
    let (mut device, mut server) = device(CheckMode::Device);
    ask(&device, &mut server, 1, 600_000);
    device.exchange(&mut server);
    // It is asked for again while it runs.
    device.exchange(&mut server);
    assert_eq!(device.tests.len(), 1);
    device.feed(Event::Tested { kbps: Some((93_500, 41_000)) });
    let lost = device.report();
    let measured = Throughput { receive_kbps: 93_500, send_kbps: 41_000, end_time_ms: device.now.wall_ms };
    let told = lost.command_results[0].throughput.unwrap();
    assert_eq!(Throughput { end_time_ms: 0, ..told }, Throughput { end_time_ms: 0, ..measured });
    assert!(told.end_time_ms.abs_diff(measured.end_time_ms) < 60_000);
    device.fail(&lost, FailureKind::Unreachable);
    let (again, _) = device.exchange(&mut server);
    assert_eq!(again.command_results, lost.command_results, "a failed check-in loses nothing");
    // After a restart the server, which was restored from a backup, asks again.
    ask(&device, &mut server, 1, 600_000);
    device.restart(false);
    device.exchange(&mut server);
    assert_eq!(results(&mut device, &mut server), lost.command_results);
    assert_eq!(device.tests.len(), 1);
}

#[test]
fn test_is_refused_on_another_network_and_when_too_little_of_its_lease_is_left() {
    let (mut device, mut server) = device(CheckMode::Device);
    ask(&device, &mut server, 1, 30_000);
    device.exchange(&mut server);
    assert_eq!(outcome(&mut device, &mut server), CommandOutcome::Failed, "it would not be over in time");
    on_network(&mut device, [8; 16]);
    ask(&device, &mut server, 2, 600_000);
    device.exchange(&mut server);
    assert_eq!(outcome(&mut device, &mut server), CommandOutcome::Failed, "it is on another network");
    assert!(device.tests.is_empty());
}

#[test]
fn one_test_runs_at_a_time() {
    let (mut device, mut server) = device(CheckMode::Probe);
    ask(&device, &mut server, 1, 600_000);
    device.exchange(&mut server);
    ask(&device, &mut server, 2, 600_000);
    device.exchange(&mut server);
    assert_eq!(outcome(&mut device, &mut server), CommandOutcome::Failed);
    assert_eq!(device.tests.len(), 1);
    device.feed(Event::Tested { kbps: Some((1, 1)) });
    let done = results(&mut device, &mut server);
    assert_eq!((done[0].command_id.clone(), done[0].outcome()), (vec![1; 16], CommandOutcome::Done));
}

#[test]
fn what_was_measured_on_the_way_to_another_network_is_no_result() {
    let (mut device, mut server) = device(CheckMode::Device);
    ask(&device, &mut server, 1, 600_000);
    device.exchange(&mut server);
    on_network(&mut device, [8; 16]);
    device.exchange(&mut server);
    device.feed(Event::Tested { kbps: Some((5_000, 5_000)) });
    let failed = results(&mut device, &mut server);
    assert_eq!((failed[0].outcome(), failed[0].throughput), (CommandOutcome::Failed, None));
}

#[test]
fn checks_wait_while_the_line_is_full() {
    let (mut device, mut server) = device(CheckMode::Probe);
    device.exchange(&mut server);
    ask(&device, &mut server, 1, 600_000);
    device.exchange(&mut server);
    let rounds = device.rounds.len();
    assert!(rounds > 0);
    let until = device.now.monotonic_ms + 60_000;
    while device.now.monotonic_ms < until {
        device.exchange(&mut server);
    }
    assert_eq!(device.rounds.len(), rounds);
    device.feed(Event::Tested { kbps: None });
    device.exchange(&mut server);
    device.exchange(&mut server);
    assert!(device.rounds.len() > rounds, "then they go on");
}

#[test]
fn device_that_checks_nothing_measures_nothing() {
    let (mut device, mut server) = device(CheckMode::Off);
    ask(&device, &mut server, 1, 600_000);
    device.exchange(&mut server);
    assert_eq!(outcome(&mut device, &mut server), CommandOutcome::Unsupported);
}
