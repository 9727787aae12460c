//! What is in a report, and what it leaves out.

use super::*;

#[test]
fn first_report_of_a_run_is_full_and_heartbeats_are_small() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let first = acknowledged(&mut device, &mut server);
    let parts = first.status.clone().unwrap();
    assert!(first.full && first.facts.is_some() && first.boot_id == [1; 16]);
    assert!(parts.battery.is_some() && parts.storage.is_some() && parts.memory.is_some());
    assert!(parts.boot.is_some() && parts.wifi.is_some());
    let kinds: Vec<_> = first.transitions.iter().map(Transition::kind).collect();
    use TransitionKind::{AgentStarted, DeviceBooted, NetworkJoined};
    assert_eq!(kinds, [DeviceBooted, AgentStarted, NetworkJoined]);
    assert!(first.transitions.iter().all(|transition| transition.run_id == 0 && !transition.earlier_boot));
    let heartbeat = acknowledged(&mut device, &mut server);
    assert!(!heartbeat.full && heartbeat.facts.is_none() && heartbeat.status.is_none());
    assert!(heartbeat.encoded_len() <= 60, "{} bytes", heartbeat.encoded_len());
    assert_eq!(heartbeat.base_sequence, first.sequence);
}

#[test]
fn changes_below_the_thresholds_are_not_sent() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    device.status = status(76, 59, true);
    device.status.storage = Some(Storage { free_bytes: Some(32_500_000_000) });
    device.status.wifi.as_mut().unwrap().rssi_dbm = Some(-64);
    assert_eq!(acknowledged(&mut device, &mut server).status, None);
    device.status = status(75, 60, true);
    device.status.storage = Some(Storage { free_bytes: Some(31_000_000_000) });
    device.status.wifi.as_mut().unwrap().rssi_dbm = Some(-65);
    let changed = acknowledged(&mut device, &mut server);
    assert!(changed.encoded_len() <= 200);
    let sent = changed.status.unwrap();
    assert!(sent.battery.is_some() && sent.storage.is_some() && sent.memory.is_some() && sent.wifi.is_some());
    assert!(sent.boot.is_none());
}

#[test]
fn value_that_went_and_came_back_over_a_lost_answer_is_sent_again() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    device.status = status(40, 50, true);
    let lost = device.report();
    server.check_in(&lost);
    device.fail(&lost, FailureKind::Unreachable);
    device.status = status(80, 50, true);
    let next = acknowledged(&mut device, &mut server);
    assert_eq!(next.status.unwrap().battery.unwrap().charge_percent, Some(80));
    assert!(next.sequence > lost.sequence);
    assert!(device.is_known_to(&server));
}

#[test]
fn sequence_survives_power_loss_and_is_written_once_in_64() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let mut newest = 0;
    for _ in 0..640 {
        newest = acknowledged(&mut device, &mut server).sequence;
    }
    assert!(device.persisted <= 15, "{} writes", device.persisted);
    device.restart(true);
    assert!(acknowledged(&mut device, &mut server).sequence > newest);
}

#[test]
fn report_refused_as_invalid_is_followed_by_one_without_transitions() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    let refused = device.report();
    device.fail(&refused, FailureKind::Invalid);
    let next = acknowledged(&mut device, &mut server);
    assert!(!refused.transitions.is_empty() && next.transitions.is_empty());
    assert!(!acknowledged(&mut device, &mut server).transitions.is_empty());
}

#[test]
fn days_without_a_server_cost_no_memory_and_are_told_afterwards() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for round in 0..20_000 {
        device.status = status(80, 50, round % 2 == 0);
        device.wait();
        if let Some(request) = device.flight.take() {
            device.fail(&request, FailureKind::Unreachable);
        }
    }
    let depth = device.store.depth();
    assert!(depth.bytes <= crate::spool::SPOOL_BYTES_DEFAULT && depth.records > 256);
    let mut reports = 0;
    while device.store.depth().records > 0 {
        let before_ms = device.now.monotonic_ms;
        let request = acknowledged(&mut device, &mut server);
        assert!(reports == 0 || device.now.monotonic_ms - before_ms <= 2_000 || request.transitions.len() < 256);
        reports += 1;
        assert!(reports < 100);
    }
    let kinds: BTreeSet<_> = server.stored.values().map(|kind| kind.as_str_name()).collect();
    assert!(kinds.contains("TRANSITION_KIND_TRANSITIONS_DROPPED"));
    assert!(kinds.contains("TRANSITION_KIND_SERVER_FOUND"));
    assert!(device.is_known_to(&server));
}

#[test]
fn network_power_clock_and_boot_leave_transitions() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    device.status.battery.as_mut().unwrap().charging = Some(false);
    acknowledged(&mut device, &mut server);
    let charging = |device: &mut Device, on| device.status.battery.as_mut().unwrap().charging = Some(on);
    charging(&mut device, false);
    acknowledged(&mut device, &mut server);
    device.status.wifi = Some(Wifi::default());
    charging(&mut device, true);
    acknowledged(&mut device, &mut server);
    device.now.wall_ms -= 3_600_000;
    charging(&mut device, false);
    acknowledged(&mut device, &mut server);
    let away = device.report();
    device.fail(&away, FailureKind::Unreachable);
    acknowledged(&mut device, &mut server);
    device.restart(true);
    acknowledged(&mut device, &mut server);
    let kinds: Vec<_> = server.stored.values().copied().collect();
    use TransitionKind as Kind;
    for kind in [
        Kind::NetworkJoined,
        Kind::NetworkLeft,
        Kind::PowerConnected,
        Kind::PowerDisconnected,
        Kind::ClockStepped,
        Kind::ServerLost,
        Kind::ServerFound,
        Kind::DeviceBooted,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is missing");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::AgentStarted).count(), 2);
}

#[test]
fn transitions_of_an_earlier_boot_say_so() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    device.restart(true);
    let report = acknowledged(&mut device, &mut server);
    let early: Vec<_> = report.transitions.iter().filter(|transition| transition.run_id == 1).collect();
    assert_eq!(early.len(), 3);
    assert!(early.iter().all(|transition| transition.earlier_boot));
    assert!(report.transitions.iter().filter(|late| late.run_id == 0).all(|late| !late.earlier_boot));
    assert_eq!(report.status.unwrap().boot.unwrap().boot_count, Some(2));
}
