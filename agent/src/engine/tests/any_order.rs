//! Whatever happens in whatever order: a property.

use proptest::prelude::*;

use super::*;

/// What can happen to a device and its server.
#[derive(Debug, Clone)]
enum Step {
    Change { charge: u32, used: u32, wifi: bool, version: u32 },
    Deliver,
    LoseRequest,
    LoseAnswer,
    DeliverTwice,
    Restart { reboot: bool },
    Observe,
    Behind,
    Fork,
    AskForFull,
    Backup,
    Restore,
    SetClock,
    Follow { version: u32 },
    Break { layer: i32, error: i32 },
    Mend,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..20u32, 0..10u32, any::<bool>(), 0..3u32).prop_map(|(charge, used, wifi, version)| Step::Change {
            charge: charge * 5,
            used: used * 10,
            wifi,
            version,
        }),
        4 => Just(Step::Deliver),
        2 => Just(Step::LoseRequest),
        2 => Just(Step::LoseAnswer),
        1 => Just(Step::DeliverTwice),
        1 => any::<bool>().prop_map(|reboot| Step::Restart { reboot }),
        2 => Just(Step::Observe),
        1 => Just(Step::Behind),
        1 => Just(Step::Fork),
        1 => Just(Step::AskForFull),
        1 => Just(Step::Backup),
        1 => Just(Step::Restore),
        1 => Just(Step::SetClock),
        1 => (1..3u32).prop_map(|version| Step::Follow { version }),
        2 => (1..6i32, 0..9i32).prop_map(|(layer, error)| Step::Break { layer, error }),
        1 => Just(Step::Mend),
    ];
    prop::collection::vec(step, 1..60)
}

/// Lets the device report, through a renewal if one is due.
fn any_report(device: &mut Device, server: &mut Server) -> CheckInRequest {
    loop {
        if device.flight.is_some() {
            return device.flight.take().unwrap();
        }
        if let Some(separate) = device.renewal {
            device.renew(separate);
            if separate {
                // The new identity has no reports; what was stored under the old one stays stored.
                (server.newest, server.run_id, server.hash) = (0, 0, 0);
                server.state = Default::default();
            }
            continue;
        }
        device.wait();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_server_ends_with_the_device_and_each_transition_once(steps in steps()) {
        let config = EngineConfig { checks: CheckMode::Device, ..EngineConfig::default() };
        let (mut device, mut server) = (Device::new(config), Server::default());
        let mut backup = None;
        for step in steps {
            match step {
                Step::Change { charge, used, wifi, version } => {
                    device.status = status(charge, used, wifi);
                    device.facts = facts(version);
                }
                Step::Observe => device.feed(Event::Observed { facts: None, status: device.status.clone() }),
                Step::Deliver => {
                    let request = any_report(&mut device, &mut server);
                    let response = server.check_in(&request);
                    device.answer(&request, response);
                }
                Step::LoseRequest => {
                    let request = any_report(&mut device, &mut server);
                    device.fail(&request, FailureKind::Unreachable);
                }
                Step::LoseAnswer => {
                    let request = any_report(&mut device, &mut server);
                    server.check_in(&request);
                    device.fail(&request, FailureKind::Unreachable);
                }
                Step::DeliverTwice => {
                    let request = any_report(&mut device, &mut server);
                    server.check_in(&request);
                    let repeat = server.check_in(&request);
                    device.answer(&request, repeat.clone());
                    device.answer(&request, repeat);
                }
                Step::Follow { version } => server.plan = Some(ProbePlan { version, ..ProbePlan::default() }),
                Step::Break { layer, error } => {
                    device.breaks(NetworkLayer::try_from(layer).unwrap(), CheckError::try_from(error).unwrap());
                }
                Step::Mend => device.broken.clear(),
                Step::Restart { reboot } => device.restart(reboot),
                Step::Behind => server.newest += 500,
                Step::Fork => server.fork_next = true,
                Step::AskForFull => server.wants_full = true,
                Step::Backup => backup = Some((server.newest, server.state.clone(), server.hash)),
                Step::Restore => if let Some(backup) = backup.take() { server.restore(backup) },
                Step::SetClock => device.now.wall_ms += 1_000_000,
            }
        }
        // Quiet at the end: a few answered reports, the facts read anew at least once.
        device.advance(4_000_000);
        for _ in 0..8 {
            let request = any_report(&mut device, &mut server);
            let response = server.check_in(&request);
            device.answer(&request, response);
        }
        prop_assert!(device.is_known_to(&server), "{:?} is not {:?}", server.state, (&device.facts, &device.status));
        let stored: BTreeSet<_> = server.stored.keys().copied().collect();
        prop_assert_eq!(&device.recorded, &stored);
    }
}
