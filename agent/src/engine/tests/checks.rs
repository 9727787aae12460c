//! When the network is checked, and what of it is told.

use super::*;

const SERVICE: u32 = 1;
const HUB: u32 = 2;
const PORTS: u32 = 3;
const INTERVAL_MS: u64 = 60_000;

fn target(number: u32, layer: NetworkLayer, host: &str) -> ProbeTarget {
    let (layer, host) = (layer.into(), host.to_owned());
    ProbeTarget { number, layer, host, port: 443, tls: true, connections: 10, ..ProbeTarget::default() }
}

fn plan(version: u32) -> ProbePlan {
    ProbePlan {
        version,
        interval_ms: INTERVAL_MS as u32,
        confirm_delay_ms: 3_000,
        targets: vec![
            target(SERVICE, NetworkLayer::Service, "s.example"),
            target(HUB, NetworkLayer::Hub, "192.0.2.1"),
            target(PORTS, NetworkLayer::Ports, "s.example"),
        ],
        ..ProbePlan::default()
    }
}

fn school(gateway: &str, ssid: &str) -> Status {
    let mut status = status(80, 50, true);
    status.wifi = Some(Wifi { ssid: Some(ssid.to_owned()), ..status.wifi.unwrap() });
    let gateway = Some(gateway.to_owned());
    status.network = Some(Network { link: LinkKind::Wifi.into(), gateway, gateway_hash: Some(vec![7; 16]) });
    status
}

/// A device that follows a plan and has made its first round.
fn settled(checks: CheckMode) -> (Device, Server) {
    let mut device = Device::new(EngineConfig { checks, ..EngineConfig::default() });
    device.status = school("192.168.10.1", "gakko");
    let mut server = Server { plan: Some(plan(7)), ..Server::default() };
    pass(&mut device, &mut server, 3 * INTERVAL_MS);
    assert!(told(&server).is_empty());
    (device, server)
}

/// Lets time pass; reports are answered at once.
fn pass(device: &mut Device, server: &mut Server, by_ms: u64) {
    let end_ms = device.now.monotonic_ms + by_ms;
    loop {
        if let Some(request) = device.flight.take() {
            let response = server.check_in(&request);
            device.answer(&request, response);
        } else if device.timer_ms <= end_ms {
            device.wait();
        } else {
            break;
        }
    }
    device.advance(end_ms - device.now.monotonic_ms);
}

/// Lets time pass; no report is answered. Gives when reports were tried.
fn pass_alone(device: &mut Device, by_ms: u64) -> Vec<u64> {
    let end_ms = device.now.monotonic_ms + by_ms;
    let mut tries = Vec::new();
    loop {
        if let Some(request) = device.flight.take() {
            tries.push(device.now.monotonic_ms);
            device.fail(&request, FailureKind::Unreachable);
        } else if device.timer_ms <= end_ms {
            device.wait();
        } else {
            break;
        }
    }
    device.advance(end_ms - device.now.monotonic_ms);
    tries
}

/// Time, layer, target and outcome of what was told of checks.
fn told(server: &Server) -> Vec<(u64, NetworkLayer, u32, CheckOutcome)> {
    let checked = |transition: &Transition| {
        let check = transition.check?;
        assert_eq!(transition.kind(), TransitionKind::NetworkChecked);
        Some((transition.monotonic_ms, check.layer(), check.target, check.outcome()))
    };
    server.told.iter().filter_map(checked).collect()
}

fn last_round(device: &Device) -> (u64, &Round) {
    let (at_ms, round) = device.rounds.last().unwrap();
    (*at_ms, round)
}

/// Waits for the next round, however reports go meanwhile.
fn next_round(device: &mut Device, server: &mut Server) -> u64 {
    let rounds = device.rounds.len();
    while device.rounds.len() == rounds {
        pass(device, server, 100);
    }
    last_round(device).0
}

#[test]
fn first_round_is_at_any_moment_of_the_interval_and_the_next_follow_its_pace() {
    let mut firsts = Vec::new();
    for seed in 0..500 {
        let config = EngineConfig { checks: CheckMode::Device, first_delay_ms: 1, ..EngineConfig::default() };
        let mut device = Device::new(config.clone());
        device.engine = Engine::new(config, Memory::default(), device.engine.run, seed);
        device.recorded.clear();
        device.start();
        let mut server = Server { plan: Some(plan(7)), ..Server::default() };
        let followed_ms = device.now.monotonic_ms;
        pass(&mut device, &mut server, 5 * INTERVAL_MS);
        let times: Vec<_> = device.rounds.iter().map(|(at_ms, _)| *at_ms).collect();
        firsts.push(times[0] - followed_ms);
        assert!(times.windows(2).all(|pair| (54_000..=66_001).contains(&(pair[1] - pair[0]))), "{times:?}");
    }
    for part in 0..6 {
        let within = firsts.iter().filter(|first| (part * 10_000..(part + 1) * 10_000).contains(*first)).count();
        assert!((50..=120).contains(&within), "{within} of 500 begin in part {part}");
    }
}

#[test]
fn what_is_always_well_is_never_told() {
    let (mut device, mut server) = settled(CheckMode::Device);
    pass(&mut device, &mut server, 20 * INTERVAL_MS);
    assert!(told(&server).is_empty());
}

#[test]
fn difference_is_confirmed_and_told_with_the_time_of_the_first_result() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.breaks(NetworkLayer::Server, CheckError::Timeout);
    let first_ms = next_round(&mut device, &mut server);
    assert!(told(&server).is_empty(), "once is not enough");
    let confirmed_ms = next_round(&mut device, &mut server);
    assert_eq!((confirmed_ms - first_ms, last_round(&device).1.from), (3_000, NetworkLayer::Server));
    pass(&mut device, &mut server, 3_000);
    assert_eq!(told(&server), [(first_ms, NetworkLayer::Server, 0, CheckOutcome::Failed)], "and it is told soon");
    let transition = server.told.iter().find(|transition| transition.check.is_some()).unwrap();
    assert_eq!(transition.network, device.status.network);
    assert_eq!(transition.check.unwrap().error(), CheckError::Timeout);
    assert_eq!(transition.wall_time_ms - START_MS, transition.monotonic_ms - 50_000);

    device.broken.clear();
    let mended_ms = next_round(&mut device, &mut server);
    pass(&mut device, &mut server, 6_000);
    assert_eq!(told(&server)[1..], [(mended_ms, NetworkLayer::Server, 0, CheckOutcome::Ok)]);
}

#[test]
fn single_blip_makes_nothing() {
    let (mut device, mut server) = settled(CheckMode::Device);
    for _ in 0..5 {
        device.breaks(NetworkLayer::Gateway, CheckError::Timeout);
        next_round(&mut device, &mut server);
        device.broken.clear();
        assert_eq!(next_round(&mut device, &mut server), last_round(&device).0);
        assert_eq!(last_round(&device).1.from, NetworkLayer::Gateway);
        pass(&mut device, &mut server, 10_000);
    }
    assert!(told(&server).is_empty());
    device.broken.insert((NetworkLayer::Dns, 0), (CheckOutcome::Slow, CheckError::Unspecified));
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    assert_eq!(told(&server).len(), 1, "what stays is told");
}

#[test]
fn failure_that_wavers_between_two_errors_is_told_once() {
    let (mut device, mut server) = settled(CheckMode::Device);
    for round in 0..40 {
        let error = if round % 2 == 0 { CheckError::Timeout } else { CheckError::Unreachable };
        device.breaks(NetworkLayer::Server, error);
        next_round(&mut device, &mut server);
    }
    pass(&mut device, &mut server, 10_000);
    assert_eq!(told(&server).len(), 1);
    // Confirmations do not go on for ever either: most rounds are those of the plan.
    let confirmations = device.rounds.iter().filter(|(_, round)| round.from > NetworkLayer::Link).count();
    assert!(confirmations <= 31, "{confirmations}");
}

#[test]
fn layers_behind_a_broken_one_stay_what_they_were() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.broken.insert((NetworkLayer::Service, SERVICE), (CheckOutcome::Failed, CheckError::Blocked));
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    device.breaks(NetworkLayer::Gateway, CheckError::Unreachable);
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let layers = |server: &Server| told(server).into_iter().map(|(_, layer, ..)| layer).collect::<Vec<_>>();
    assert_eq!(layers(&server), [NetworkLayer::Service, NetworkLayer::Gateway]);
    device.broken.clear();
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    assert_eq!(layers(&server)[2..], [NetworkLayer::Gateway, NetworkLayer::Service], "both end");
}

#[test]
fn known_state_of_dns_goes_with_a_confirmation() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.breaks(NetworkLayer::Dns, CheckError::Timeout);
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    device.breaks(NetworkLayer::Server, CheckError::Timeout);
    next_round(&mut device, &mut server);
    next_round(&mut device, &mut server);
    let (_, round) = last_round(&device);
    assert_eq!((round.from, round.dns_is_broken), (NetworkLayer::Server, true));
}

#[test]
fn report_follows_a_confirmed_difference_within_seconds_but_not_more_often_than_every_ten() {
    let (mut device, mut server) = settled(CheckMode::Device);
    server.plan = Some(ProbePlan { interval_ms: 5_000, confirm_delay_ms: 100, ..plan(8) });
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let mut times = Vec::new();
    for turn in 0..60 {
        match turn % 2 {
            0 => device.breaks(NetworkLayer::Server, CheckError::Reset),
            _ => device.broken.clear(),
        }
        let before = server.newest;
        pass(&mut device, &mut server, 6_000);
        times.extend((server.newest > before).then_some(device.now.monotonic_ms));
    }
    assert!(told(&server).len() > 40);
    let span_ms = times.last().unwrap() - times[0];
    // One report a minute at the server's pace, and one in ten seconds out of turn.
    assert!(times.len() as u64 <= span_ms / 60_000 + span_ms / 10_000 + 2, "{} in {span_ms} ms", times.len());
    assert!(times.len() as u64 >= span_ms / 15_000, "{} in {span_ms} ms", times.len());
}

#[test]
fn round_begins_at_once_when_a_report_does_not_reach_the_server() {
    let (mut device, mut server) = settled(CheckMode::Device);
    let request = device.report();
    let failed_ms = device.now.monotonic_ms;
    device.breaks(NetworkLayer::Gateway, CheckError::Unreachable);
    device.fail(&request, FailureKind::Unreachable);
    pass_alone(&mut device, 3_001);
    assert!(last_round(&device).0 > failed_ms && last_round(&device).0 <= failed_ms + 3_000);
    pass_alone(&mut device, 10 * INTERVAL_MS);
    device.broken.clear();
    pass(&mut device, &mut server, 10 * INTERVAL_MS);
    let [(broke_ms, NetworkLayer::Gateway, 0, CheckOutcome::Failed), (_, NetworkLayer::Gateway, 0, CheckOutcome::Ok)] =
        told(&server)[..]
    else {
        panic!("{:?}", told(&server));
    };
    assert!((failed_ms..=failed_ms + 3_000).contains(&broke_ms), "the spool kept the true time");
}

#[test]
fn server_that_asks_for_patience_is_not_called_earlier_because_of_a_check() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.breaks(NetworkLayer::Server, CheckError::Timeout);
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let request = device.report();
    let failed_ms = device.now.monotonic_ms;
    device.fail_with(&request, FailureKind::Busy, Some(600_000));
    device.broken.clear();
    let tries = pass_alone(&mut device, 595_000);
    assert!(tries.is_empty(), "{tries:?} after {failed_ms}");
}

#[test]
fn check_that_finds_the_server_again_brings_the_next_try_forward() {
    let config =
        EngineConfig { checks: CheckMode::Device, retry_base_ms: 1 << 30, retry_cap_ms: 1 << 30, ..Default::default() };
    let mut device = Device::new(config);
    let mut server = Server { plan: Some(plan(7)), ..Server::default() };
    pass(&mut device, &mut server, 3 * INTERVAL_MS);
    device.breaks(NetworkLayer::Server, CheckError::Timeout);
    // Many failures make for long waits.
    pass_alone(&mut device, 100 * INTERVAL_MS);
    device.broken.clear();
    let tries = pass_alone(&mut device, INTERVAL_MS + 15_000);
    assert!(!tries.is_empty());
}

#[test]
fn restart_asks_for_the_plan_and_begins_with_all_well() {
    let (mut device, mut server) = settled(CheckMode::Device);
    assert_eq!(device.report().probe_plan_version, 7);
    device.restart(false);
    assert_eq!(acknowledged(&mut device, &mut server).probe_plan_version, 0);
    assert_eq!(acknowledged(&mut device, &mut server).probe_plan_version, 7);
}

#[test]
fn another_plan_is_followed_and_what_was_known_of_another_target_is_forgotten() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.broken.insert((NetworkLayer::Service, SERVICE), (CheckOutcome::Failed, CheckError::Reset));
    device.breaks(NetworkLayer::Dns, CheckError::Timeout);
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    assert_eq!(told(&server).len(), 2);
    server.plan = Some(ProbePlan { targets: vec![target(SERVICE, NetworkLayer::Service, "other.example")], ..plan(8) });
    while device.engine.checks.plan_version() != 8 {
        pass(&mut device, &mut server, 100);
    }
    device.broken.clear();
    pass(&mut device, &mut server, 3 * INTERVAL_MS);
    let layers: Vec<_> = told(&server)[2..].iter().map(|(_, layer, ..)| *layer).collect();
    assert_eq!(layers, [NetworkLayer::Dns], "the number names a host that never failed");
    assert_eq!(device.report().probe_plan_version, 8);
}

#[test]
fn unusable_targets_and_limits_of_a_plan_are_not_followed() {
    let (mut device, mut server) = settled(CheckMode::Probe);
    let twenty = (1..=20).map(|number| target(number, NetworkLayer::Service, "s.example"));
    let odd = [
        target(0, NetworkLayer::Service, "s.example"),
        target(70_000, NetworkLayer::Service, "s.example"),
        target(30, NetworkLayer::Gateway, "s.example"),
        target(31, NetworkLayer::Service, ""),
    ];
    server.plan = Some(ProbePlan {
        version: 9,
        timeout_ms: 4_000_000,
        targets: odd.into_iter().chain(twenty).collect(),
        ..ProbePlan::default()
    });
    pass(&mut device, &mut server, INTERVAL_MS);
    let (_, round) = last_round(&device);
    assert_eq!(round.plan.version, 9);
    assert_eq!((round.plan.timeout_ms, round.plan.targets.len()), (10_000, 16));
    assert!(round.plan.targets.iter().all(|target| (1..=16).contains(&target.number)));
    let request = device.report();
    assert!(request.checks.len() <= CHECKS_MAX);
}

#[test]
fn results_of_the_newest_round_ride_on_one_report() {
    let (mut device, mut server) = settled(CheckMode::Device);
    next_round(&mut device, &mut server);
    let mut carried = device.report();
    while carried.checks.is_empty() {
        let response = server.check_in(&carried);
        device.answer(&carried, response);
        carried = device.report();
    }
    assert_eq!(carried.checks.len(), 6, "five layers and the service");
    device.rounds_hang = true;
    device.fail(&carried, FailureKind::Unreachable);
    assert!(device.report().checks.is_empty(), "they may have arrived");
}

#[test]
fn hanging_round_delays_no_report() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.rounds_hang = true;
    next_round(&mut device, &mut server);
    let (rounds, reports) = (device.rounds.len(), server.newest);
    pass(&mut device, &mut server, 10 * INTERVAL_MS);
    assert_eq!(device.rounds.len(), rounds, "one round at a time");
    assert!(server.newest >= reports + 9);
    device.rounds_hang = false;
    let number = last_round(&device).1.number;
    device.feed(Event::Checked { number, results: Vec::new() });
    pass(&mut device, &mut server, 16_000);
    assert!(device.rounds.len() > rounds);
}

#[test]
fn other_network_is_another_truth_and_is_checked_soon() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.broken.insert((NetworkLayer::Service, SERVICE), (CheckOutcome::Failed, CheckError::Blocked));
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    assert_eq!(told(&server).len(), 1);
    // At home the service is not blocked, which says nothing of the school.
    device.broken.clear();
    device.status = school("192.168.0.1", "home");
    let moved_ms = device.now.monotonic_ms;
    device.feed(Event::Observed { facts: None, status: device.status.clone() });
    pass(&mut device, &mut server, 3_001);
    assert!(last_round(&device).0 > moved_ms);
    pass(&mut device, &mut server, 3 * INTERVAL_MS);
    assert_eq!(told(&server).len(), 1);
}

#[test]
fn network_that_is_lost_and_found_again_is_the_same_place() {
    let (mut device, mut server) = settled(CheckMode::Device);
    let here = device.status.clone();
    device.status.network = None;
    device.status.wifi = Some(Wifi::default());
    device.breaks(NetworkLayer::Link, CheckError::NoLink);
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let lost = server.told.iter().find(|transition| transition.check.is_some()).unwrap();
    assert_eq!(lost.network, here.network, "it is known where the link was lost");
    device.status = here;
    if let Some(network) = &mut device.status.network {
        network.gateway_hash = None;
    }
    device.broken.clear();
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let outcomes: Vec<_> = told(&server).into_iter().map(|(_, layer, _, outcome)| (layer, outcome)).collect();
    assert_eq!(outcomes, [(NetworkLayer::Link, CheckOutcome::Failed), (NetworkLayer::Link, CheckOutcome::Ok)]);
}

#[test]
fn joining_a_network_tells_which() {
    let (mut device, mut server) = settled(CheckMode::Device);
    device.status = school("10.0.0.1", "annex");
    pass(&mut device, &mut server, 2 * INTERVAL_MS);
    let joined = server.told.iter().rfind(|transition| transition.kind() == TransitionKind::NetworkJoined);
    assert_eq!(joined.unwrap().network, device.status.network);
}

#[test]
fn probe_checks_and_reports_every_ten_seconds_and_tries_hops() {
    let (mut device, mut server) = settled(CheckMode::Probe);
    let (rounds, reports) = (device.rounds.len(), server.newest);
    pass(&mut device, &mut server, 600_000);
    assert!((54..=67).contains(&(device.rounds.len() - rounds)), "{} rounds", device.rounds.len() - rounds);
    assert!((54..=67).contains(&(server.newest - reports)), "{} reports", server.newest - reports);
    let tried = |number| {
        device.rounds[rounds..]
            .iter()
            .filter(|(_, round)| round.plan.targets.iter().any(|t| t.number == number))
            .count()
    };
    assert_eq!(tried(HUB), device.rounds.len() - rounds);
    assert!((1..=3).contains(&tried(PORTS)), "ports are tried rarely: {}", tried(PORTS));
    let (device, _) = settled(CheckMode::Device);
    assert!(device.rounds.iter().all(|(_, round)| round.plan.targets.iter().all(|target| target.number == SERVICE)));
}

#[test]
fn probe_without_a_plan_checks_the_layers() {
    let mut device = Device::new(EngineConfig { checks: CheckMode::Probe, ..EngineConfig::default() });
    let mut server = Server::default();
    pass(&mut device, &mut server, 100_000);
    assert!(device.rounds.len() >= 8);
}

#[test]
fn device_without_a_plan_checks_only_while_something_is_wrong() {
    let mut device = Device::new(EngineConfig { checks: CheckMode::Device, ..EngineConfig::default() });
    let mut server = Server::default();
    pass(&mut device, &mut server, 10 * INTERVAL_MS);
    assert!(device.rounds.is_empty());
    device.breaks(NetworkLayer::Server, CheckError::Timeout);
    pass_alone(&mut device, 10 * INTERVAL_MS);
    assert!(device.rounds.len() >= 9);
    device.broken.clear();
    pass(&mut device, &mut server, 10 * INTERVAL_MS);
    let outcomes: Vec<_> = told(&server).into_iter().map(|(_, layer, _, outcome)| (layer, outcome)).collect();
    assert_eq!(outcomes, [(NetworkLayer::Server, CheckOutcome::Failed), (NetworkLayer::Server, CheckOutcome::Ok)]);
    let rounds = device.rounds.len();
    pass(&mut device, &mut server, 10 * INTERVAL_MS);
    assert_eq!(device.rounds.len(), rounds, "all is well again");
}

#[test]
fn device_that_does_not_check_keeps_the_plan_so_that_it_is_sent_once() {
    let (mut device, mut server) = settled(CheckMode::Off);
    assert_eq!(acknowledged(&mut device, &mut server).probe_plan_version, 7);
    assert!(device.rounds.is_empty());
    pass_alone(&mut device, 10 * INTERVAL_MS);
    assert!(device.rounds.is_empty());
}
