//! When an agent reports, alone and in a fleet.

use super::*;

#[test]
fn server_sets_the_pace_and_a_retry_waits_as_long_as_it_asked() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for _ in 0..50 {
        let before_ms = device.now.monotonic_ms;
        acknowledged(&mut device, &mut server);
        assert!((54_000..=66_001).contains(&(device.now.monotonic_ms - before_ms)));
    }
    for _ in 0..20 {
        let refused = device.report();
        let before_ms = device.now.monotonic_ms;
        device.fail_with(&refused, FailureKind::Busy, Some(700_000));
        let next = device.report();
        assert!((700_000..=1_050_000).contains(&(device.now.monotonic_ms - before_ms)));
        let response = server.check_in(&next);
        device.answer(&next, response);
    }
}

/// 20,000 agents lose their server in the same second; it comes back after ten minutes.
#[test]
fn retries_of_a_fleet_are_spread() {
    const AGENTS: u64 = 20_000;
    const AWAY_MS: u64 = 600_000;
    let failure = Failure { kind: FailureKind::Unreachable, retry_after_ms: None, message: String::new() };
    let mut per_second = vec![0u64; 1_300];
    for seed in 0..AGENTS {
        let memory = Memory { boot_id: vec![1; 16], ..Memory::default() };
        let config = EngineConfig { first_delay_ms: 1, observe_interval_ms: 1 << 40, ..EngineConfig::default() };
        let mut engine = Engine::new(config, memory, Run { run_id: 1, boot_id: [1; 16] }, seed);
        let started = Event::Started { facts: Facts::default(), status: Status::default() };
        let (mut now, mut attempts, mut timer_ms) = (Now::default(), 0, 0);
        let mut events = VecDeque::from([started]);
        while now.monotonic_ms < AWAY_MS * 2 {
            let event = events.pop_front().unwrap_or_else(|| {
                now = Now { monotonic_ms: timer_ms, wall_ms: timer_ms };
                Event::TimerFired
            });
            for effect in engine.handle(now, event) {
                match effect {
                    Effect::SetTimer { at_monotonic_ms } => timer_ms = at_monotonic_ms,
                    Effect::Observe { .. } => {
                        events.push_back(Event::Observed { facts: None, status: Status::default() });
                    }
                    Effect::Send(request) => {
                        attempts += 1;
                        // The first attempt and the first retry set the stage.
                        if attempts > 2 && now.monotonic_ms < AWAY_MS * 2 {
                            per_second[(now.monotonic_ms / 1_000) as usize] += 1;
                        }
                        events.push_back(Event::Failed { sequence: request.sequence, failure: failure.clone() });
                    }
                    _ => {}
                }
            }
        }
    }
    for window in [&per_second[..600], &per_second[600..1_200]] {
        let mean = window.iter().sum::<u64>() as f64 / window.len() as f64;
        let most = *window.iter().max().unwrap() as f64;
        assert!(most / mean <= 3.0, "at most {most} in a second, {mean} on average");
    }
}
