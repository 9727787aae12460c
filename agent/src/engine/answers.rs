//! What follows from an answer, a failure, a command, a new certificate.
//!
//! Invariant: whatever comes back, the engine ends with nothing under way and a next report scheduled, or with one
//! renewal under way.

use gigafleet_proto::v1::{
    CheckInOutcome, CheckInResponse, Command, CommandKind, CommandOutcome, CommandResult, TransitionKind,
};

use super::{Attempt, Awaiting, COMMANDS_MAX, CertificateTimes, Effect, Engine, Failure, FailureKind, Now};

/// Bytes of a command's id.
const COMMAND_ID_LEN: usize = 16;
/// How far the first report that was not stored makes the sequence leap; doubled with each one in a row.
const CATCH_UP_LEAP: u64 = 32;

impl Engine {
    pub(super) fn answered(&mut self, now: Now, sequence: u64, response: CheckInResponse, effects: &mut Vec<Effect>) {
        let Some(attempt) = self.take_attempt(sequence) else {
            return;
        };
        self.server_found(now, effects);
        self.unreachable = false;
        self.learn_server_time(now, response.server_time_ms);
        self.pace.set_pace(response.next_checkin_delay_ms);
        if let Some(plan) = response.probe_plan.clone() {
            self.checks.follow(now, plan);
        }
        self.confirm_candidate(now, effects);
        let outcome = CheckInOutcome::try_from(response.outcome).unwrap_or_default();
        match outcome {
            CheckInOutcome::Applied | CheckInOutcome::Duplicate | CheckInOutcome::Unspecified => {
                let stored = response.acknowledged_sequence == sequence
                    || (outcome == CheckInOutcome::Applied && response.acknowledged_sequence > sequence);
                if stored {
                    self.acknowledge(now, attempt, &response, effects);
                } else {
                    self.catch_up(now, response.acknowledged_sequence);
                }
            }
            CheckInOutcome::Behind => self.catch_up(now, response.acknowledged_sequence),
            CheckInOutcome::Forked => self.separate(now),
        }
    }

    pub(super) fn failed(&mut self, now: Now, sequence: u64, failure: &Failure, effects: &mut Vec<Effect>) {
        let Some(_) = self.take_attempt(sequence) else {
            return;
        };
        let was_away = self.memory.server_away;
        self.server_lost(now, effects);
        self.unreachable = match failure.kind {
            FailureKind::Unreachable | FailureKind::Other => true,
            FailureKind::Handshake
            | FailureKind::Unauthenticated
            | FailureKind::Refused
            | FailureKind::Busy
            | FailureKind::Invalid => false,
        };
        if self.unreachable && !was_away {
            // Why it can not be reached shall be known.
            self.checks.soon(now);
        }
        // One record that the server does not accept must not silence the device: the next report goes without them.
        self.hold_transitions = failure.kind == FailureKind::Invalid && !self.hold_transitions;
        if self.candidate.is_some() && failure.kind.is_about_certificate() {
            self.candidate = None;
            self.full_needed = true;
            effects.push(Effect::DropCandidate);
            self.finish_renewal_command(now, CommandOutcome::Failed, effects);
            self.pace.renewal_after_failure(now, None);
        }
        self.pace.report_after_failure(now, failure.retry_after_ms);
    }

    pub(super) fn certificate_changed(
        &mut self,
        now: Now,
        times: CertificateTimes,
        separate: bool,
        effects: &mut Vec<Effect>,
    ) {
        if !matches!(self.awaiting, Awaiting::Renewal { .. }) {
            return;
        }
        self.awaiting = Awaiting::Nothing;
        self.separation_wanted = false;
        self.candidate = Some(times);
        effects.push(Effect::UseCandidate);
        if separate {
            // The new identity has never reported. Numbers go on upward: any is greater than none.
            self.memory.acknowledged_sequence = 0;
            self.full_needed = true;
            self.persist(now, effects);
        }
        self.pace.report_soon(now);
    }

    pub(super) fn renewal_failed(&mut self, now: Now, failure: &Failure, effects: &mut Vec<Effect>) {
        let Awaiting::Renewal { separate } = self.awaiting else {
            return;
        };
        self.awaiting = Awaiting::Nothing;
        self.pace.renewal_after_failure(now, failure.retry_after_ms);
        if separate {
            // Reports under the shared identity would only be answered FORKED again: wait as long as the renewal does.
            self.pace.report_after_failure(now, failure.retry_after_ms);
            return;
        }
        self.finish_renewal_command(now, CommandOutcome::Failed, effects);
        self.pace.report_soon(now);
    }

    /// Whether to renew now, and whether with an identity of its own.
    pub(super) fn renewal_due(&self, now: Now) -> Option<bool> {
        if self.candidate.is_some() || !self.pace.renewal_allowed(now) {
            return None;
        }
        // Without an answer the clock is not to be trusted, and a renewal would not be answered either.
        let server_time_ms = self.server_time_ms(now)?;
        let due = self.separation_wanted || self.renewal_command.is_some() || server_time_ms >= self.renew_at_ms;
        due.then_some(self.separation_wanted)
    }

    fn take_attempt(&mut self, sequence: u64) -> Option<Attempt> {
        match std::mem::replace(&mut self.awaiting, Awaiting::Nothing) {
            Awaiting::Answer(attempt) if attempt.sequence == sequence => Some(attempt),
            other => {
                self.awaiting = other;
                None
            }
        }
    }

    fn acknowledge(&mut self, now: Now, attempt: Attempt, response: &CheckInResponse, effects: &mut Vec<Effect>) {
        self.known.acknowledge();
        self.memory.acknowledged_sequence = response.acknowledged_sequence;
        self.sequence = self.sequence.max(response.acknowledged_sequence);
        self.full_needed = (self.full_needed && !attempt.full) || response.send_full_report;
        self.hold_transitions = false;
        self.results.retain(|result| !attempt.results.contains(result));
        self.trim(&attempt, effects);
        let acted = self.take_commands(now, &response.commands, effects);
        if attempt.more_wait || acted {
            self.pace.report_soon(now);
            return;
        }
        self.pace.report_at_pace(now);
        if self.news_waits {
            self.pace.report_with_news(now);
        }
    }

    fn trim(&mut self, attempt: &Attempt, effects: &mut Vec<Effect>) {
        let Some(through) = attempt.through else {
            return;
        };
        // The spool may have dropped it meanwhile; then everything before it is gone as well.
        if let Some(index) = self.pending.iter().position(|record| record.key() == Some(through)) {
            self.pending.drain(..=index);
        }
        effects.push(Effect::Trim { through });
        if self.beyond > 0 {
            self.load_wanted = true;
        }
    }

    /// The server knows a later report than ours, or does not hold ours: go on well ahead of it, with everything.
    ///
    /// Who is ahead may be a clone that reports on meanwhile. The leap grows as the waits do, so that the next report
    /// overtakes it, and the server sees two where it saw one.
    fn catch_up(&mut self, now: Now, acknowledged_sequence: u64) {
        self.pace.report_after_surprise(now);
        let leap = CATCH_UP_LEAP << self.pace.surprises().min(10);
        self.sequence = self.sequence.max(acknowledged_sequence.saturating_add(leap));
        self.memory.acknowledged_sequence = acknowledged_sequence;
        self.full_needed = true;
    }

    /// Another device reports under this identity: ask for one of its own.
    fn separate(&mut self, now: Now) {
        self.separation_wanted = true;
        self.full_needed = true;
        self.pace.report_after_surprise(now);
    }

    fn confirm_candidate(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let Some(candidate) = self.candidate.take() else {
            return;
        };
        self.renew_at_ms = self.pace.renewal_time(candidate);
        effects.push(Effect::ConfirmCandidate);
        self.pace.renewal_succeeded();
        self.finish_renewal_command(now, CommandOutcome::Done, effects);
    }

    /// Takes in commands; true if one was acted on, so that its result shall follow soon.
    fn take_commands(&mut self, now: Now, commands: &[Command], effects: &mut Vec<Effect>) -> bool {
        let mut acted = false;
        for command in commands.iter().take(COMMANDS_MAX) {
            if command.command_id.len() != COMMAND_ID_LEN || self.is_under_way(&command.command_id) {
                continue;
            }
            acted = true;
            let finished = self.memory.finished_commands.iter().find(|done| done.command_id == command.command_id);
            if let Some(result) = finished.cloned() {
                self.results.push(result);
                continue;
            }
            match CommandKind::try_from(command.kind).unwrap_or_default() {
                CommandKind::SendFullReport => {
                    self.full_needed = true;
                    self.facts_wanted = true;
                    self.finish(now, &command.command_id, CommandOutcome::Done, effects);
                }
                CommandKind::RenewCertificate => {
                    self.renewal_command = Some(command.command_id.clone());
                    // Staff asked for it now: an earlier failure no longer holds it back.
                    self.pace.renewal_succeeded();
                }
                CommandKind::MeasureThroughput => {
                    self.begin_test(now, &command.command_id, command.test.clone(), effects);
                }
                CommandKind::Unspecified => {
                    self.finish(now, &command.command_id, CommandOutcome::Unsupported, effects);
                }
            }
        }
        acted
    }

    fn is_under_way(&self, command_id: &[u8]) -> bool {
        self.renewal_command.as_deref() == Some(command_id)
            || self.testing.as_ref().is_some_and(|testing| testing.command_id == command_id)
            || self.results.iter().any(|result| result.command_id == command_id)
    }

    fn finish_renewal_command(&mut self, now: Now, outcome: CommandOutcome, effects: &mut Vec<Effect>) {
        if let Some(command_id) = self.renewal_command.take() {
            self.finish(now, &command_id, outcome, effects);
        }
    }

    /// Notes how a command ended, so that it is answered and never done twice.
    pub(super) fn finish(&mut self, now: Now, command_id: &[u8], outcome: CommandOutcome, effects: &mut Vec<Effect>) {
        let result = CommandResult { command_id: command_id.to_vec(), outcome: outcome.into(), throughput: None };
        self.keep_result(now, result, effects);
    }

    /// Keeps a result until it is acknowledged, and so that the command is not done again.
    pub(super) fn keep_result(&mut self, now: Now, result: CommandResult, effects: &mut Vec<Effect>) {
        self.results.push(result.clone());
        let finished = &mut self.memory.finished_commands;
        finished.push(result);
        if finished.len() > COMMANDS_MAX {
            finished.remove(0);
        }
        self.persist(now, effects);
    }

    fn learn_server_time(&mut self, now: Now, server_time_ms: u64) {
        // 0 says that our clock is right to ten seconds.
        let offset_ms = if server_time_ms == 0 { 0 } else { server_time_ms as i64 - now.wall_ms as i64 };
        self.server_offset_ms = Some(offset_ms);
    }

    fn server_lost(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.memory.server_away {
            return;
        }
        self.memory.server_away = true;
        if self.memory.acknowledged_sequence > 0 {
            self.record(now, TransitionKind::ServerLost, 0, effects);
        }
        self.persist(now, effects);
    }

    fn server_found(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if !self.memory.server_away {
            return;
        }
        self.memory.server_away = false;
        self.record(now, TransitionKind::ServerFound, 0, effects);
        self.persist(now, effects);
    }
}
