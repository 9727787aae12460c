//! Certificates, commands, and identities that fork or come back from a backup.

use gigafleet_proto::v1::{CommandKind, CommandOutcome};

use super::*;

#[test]
fn restored_image_goes_on_behind_what_the_server_knows() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.newest = 5_000;
    device.restart(false);
    let (_, behind) = device.exchange(&mut server);
    assert_eq!(behind.outcome(), CheckInOutcome::Behind);
    let before_ms = device.now.monotonic_ms;
    let next = acknowledged(&mut device, &mut server);
    assert!(next.sequence > 5_000 && next.full && next.base_sequence == 5_000);
    assert!(device.now.monotonic_ms - before_ms <= 2_000);
    assert!(device.is_known_to(&server));
}

#[test]
fn clone_that_reports_on_is_overtaken() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.newest = 5_000;
    device.restart(false);
    for twin_reports in [100, 100] {
        assert_eq!(device.exchange(&mut server).1.outcome(), CheckInOutcome::Behind);
        server.newest += twin_reports;
    }
    assert!(acknowledged(&mut device, &mut server).sequence > 5_200, "the second leap is longer than the first");
}

#[test]
fn forked_identity_is_separated_and_reported_in_full() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    server.fork_next = true;
    device.exchange(&mut server);
    device.renew(true);
    let mut fresh = Server::default();
    let report = acknowledged(&mut device, &mut fresh);
    assert!(report.full && report.base_sequence == 0);
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

#[test]
fn certificate_is_renewed_in_time_and_kept_when_the_new_one_is_refused() {
    let certificate = CertificateTimes { renew_after_ms: START_MS + 1_000_000, not_after_ms: START_MS + 2_000_000 };
    let (mut device, mut server) =
        (Device::new(EngineConfig { certificate, ..EngineConfig::default() }), Server::default());
    report_until_renewal(&mut device, &mut server);
    device.renew(false);
    assert!(device.now.wall_ms >= certificate.renew_after_ms && device.now.wall_ms < certificate.not_after_ms);
    let refused = device.report();
    device.fail(&refused, FailureKind::Unauthenticated);
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::DropCandidate]);
    acknowledged(&mut device, &mut server);
    report_until_renewal(&mut device, &mut server);
    device.renew(false);
    let unanswered = device.report();
    device.fail(&unanswered, FailureKind::Unreachable);
    acknowledged(&mut device, &mut server);
    assert_eq!(device.certificate[2..], [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

fn report_until_renewal(device: &mut Device, server: &mut Server) {
    while device.renewal.is_none() {
        device.wait();
        if let Some(request) = device.flight.take() {
            let response = server.check_in(&request);
            device.answer(&request, response);
        }
    }
}

#[test]
fn candidate_of_an_earlier_run_is_tried_first() {
    let candidate = Some(CertificateTimes { renew_after_ms: u64::MAX, not_after_ms: u64::MAX });
    let mut device = Device::new(EngineConfig { candidate, ..EngineConfig::default() });
    acknowledged(&mut device, &mut Server::default());
    assert_eq!(device.certificate, [Effect::UseCandidate, Effect::ConfirmCandidate]);
}

#[test]
fn commands_are_answered_once_each_and_done_once() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    let command = |id: u8, kind: i32| Command { command_id: vec![id; 16], kind, test: None };
    server.commands = vec![
        command(1, CommandKind::SendFullReport.into()),
        command(2, 99),
        Command { command_id: vec![3], kind: 1, test: None },
    ];
    acknowledged(&mut device, &mut server);
    device.facts = facts(2);
    // The answer to the results is lost, so they are sent again.
    let lost = device.report();
    assert!(lost.full && lost.facts.as_ref() == Some(&device.facts));
    device.fail(&lost, FailureKind::Unreachable);
    let again = acknowledged(&mut device, &mut server);
    assert_eq!(again.command_results, lost.command_results);
    assert_eq!(server.results[&vec![1; 16]], [i32::from(CommandOutcome::Done)]);
    assert_eq!(server.results[&vec![2; 16]], [i32::from(CommandOutcome::Unsupported)]);
    // A repeat after a restart is answered from memory.
    server.commands = vec![command(1, CommandKind::SendFullReport.into())];
    device.restart(false);
    acknowledged(&mut device, &mut server);
    let repeat = acknowledged(&mut device, &mut server);
    assert!(!repeat.full && repeat.command_results.len() == 1);
}

#[test]
fn renewal_on_command_says_how_it_ended() {
    let (mut device, mut server) = (Device::new(EngineConfig::default()), Server::default());
    acknowledged(&mut device, &mut server);
    for (id, outcome) in [(1, CommandOutcome::Failed), (2, CommandOutcome::Done)] {
        server.commands =
            vec![Command { command_id: vec![id; 16], kind: CommandKind::RenewCertificate.into(), test: None }];
        acknowledged(&mut device, &mut server);
        if outcome == CommandOutcome::Done {
            device.renew(false);
        } else {
            while device.renewal.is_none() {
                device.wait();
            }
            device.renewal = None;
            let failure = Failure { kind: FailureKind::Busy, retry_after_ms: None, message: String::new() };
            device.feed(Event::RenewalFailed { failure });
        }
        acknowledged(&mut device, &mut server);
        acknowledged(&mut device, &mut server);
        assert_eq!(server.results[&vec![id; 16]], [i32::from(outcome)]);
    }
}
