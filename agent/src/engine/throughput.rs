//! Whether to measure throughput when the server asks for it.
//!
//! Invariants: one test at a time; only on the network that the server means, from beginning to end; only if it can be over
//! before its lease ends. Checks wait meanwhile: a line that is full answers late.
//!
//! What survives: a result stands among the finished commands, which are persisted, and is told until the server stops
//! asking. A test that a restart cuts short is begun anew if the server still asks and enough of its lease is left.

use gigafleet_proto::v1::{CommandOutcome, CommandResult, Throughput, ThroughputTest};

use super::{Effect, Engine, Now, checks::CheckMode};

/// What connecting and waking up may take beside the test itself, in milliseconds.
const SLACK_MS: u64 = 15_000;

/// A test under way.
#[derive(Debug)]
pub(super) struct Testing {
    pub(super) command_id: Vec<u8>,
    /// The network that it began on.
    gateway_hash: Vec<u8>,
}

impl Engine {
    /// Begins a test, or says that it can not.
    pub(super) fn begin_test(
        &mut self,
        now: Now,
        command_id: &[u8],
        test: Option<ThroughputTest>,
        effects: &mut Vec<Effect>,
    ) {
        if self.checks.mode() == CheckMode::Off {
            self.finish(now, command_id, CommandOutcome::Unsupported, effects);
            return;
        }
        let gateway_hash = self.known.gateway_hash();
        let fits = |test: &ThroughputTest| {
            let over_at_ms = self.server_time_ms(now).map(|at| at + 2 * u64::from(test.most_ms) + SLACK_MS);
            let here = test.gateway_hash.is_empty() || test.gateway_hash == gateway_hash;
            here && over_at_ms.is_some_and(|at| at <= test.expire_time_ms)
        };
        match test.filter(|test| self.testing.is_none() && fits(test)) {
            Some(test) => {
                self.testing = Some(Testing { command_id: command_id.to_vec(), gateway_hash });
                effects.push(Effect::Test { command_id: command_id.to_vec(), test });
            }
            None => self.finish(now, command_id, CommandOutcome::Failed, effects),
        }
    }

    /// A test ended: its result follows soon.
    pub(super) fn tested(&mut self, now: Now, kbps: Option<(u32, u32)>, effects: &mut Vec<Effect>) {
        let Some(testing) = self.testing.take() else { return };
        let stayed = testing.gateway_hash == self.known.gateway_hash();
        let throughput = kbps.filter(|_| stayed).map(|(receive_kbps, send_kbps)| {
            let end_time_ms = self.server_time_ms(now).unwrap_or_default();
            Throughput { receive_kbps, send_kbps, end_time_ms }
        });
        let outcome = if throughput.is_some() { CommandOutcome::Done } else { CommandOutcome::Failed };
        let result = CommandResult { command_id: testing.command_id, outcome: outcome.into(), throughput };
        self.keep_result(now, result, effects);
        self.news_waits = true;
        if self.awaiting == super::Awaiting::Nothing && !self.memory.server_away {
            self.pace.report_with_news(now);
        }
    }
}
