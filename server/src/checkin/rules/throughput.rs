//! Tests of throughput, as far as devices have to do with them, pure.

use gigafleet_proto::v1;

use crate::clock::Timestamp;

/// Most bytes of padding in one call.
pub const PIECE_BYTES: usize = 512 * 1024;
/// What a device may move beyond the bytes of its test, each way: pieces that are under way when it has moved them.
pub const OVERSHOOT_BYTES: u64 = 16 * PIECE_BYTES as u64;
/// A test without a call for this long does not run any more, in microseconds.
const IDLE_US: i64 = 10_000_000;
/// The fastest that is believed, in kbit/s: 400 Gbit/s.
pub const MOST_KBPS: u32 = 400_000_000;

/// What became of a test. The numbers are stored, and those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum TestState {
    /// Given to a device.
    Given = 1,
    /// The device measures.
    Running = 2,
    /// Measured.
    Done = 3,
    /// The device could not measure.
    Failed = 4,
    /// Nothing came before the lease ended.
    Expired = 5,
}

impl TestState {
    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        i64::from(self as i16)
    }
}

/// What a device moved for one test on this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Towards it, in bytes.
    pub received: u64,
    /// From it, in bytes.
    pub sent: u64,
    /// When it last called; none before it began.
    pub called_at: Option<Timestamp>,
}

impl Moved {
    /// Counts a call; false if the test does not allow so much.
    pub fn count(&mut self, received: u64, sent: u64, most_bytes: u64, now: Timestamp) -> bool {
        let after = Self { received: self.received + received, sent: self.sent + sent, called_at: Some(now) };
        let allowed = after.received.max(after.sent) <= most_bytes + OVERSHOOT_BYTES;
        if allowed {
            *self = after;
        }
        allowed
    }

    /// Whether it fills the line now.
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.called_at.is_some_and(|at| now.0 - at.0 < IDLE_US)
    }
}

/// What was measured, if it can be believed: in both directions, and not faster than any line.
pub fn believed(result: &v1::CommandResult) -> Option<v1::Throughput> {
    let speeds = 1..=MOST_KBPS;
    let good = result.outcome() == v1::CommandOutcome::Done;
    result.throughput.filter(|t| good && speeds.contains(&t.receive_kbps) && speeds.contains(&t.send_kbps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_moved_than_the_test_allows() {
        let (mut moved, now) = (Moved::default(), Timestamp(5));
        assert!(moved.count(1_000_000 + OVERSHOOT_BYTES, 0, 1_000_000, now), "what is under way may end");
        assert!(!moved.count(1, 0, 1_000_000, now));
        assert!(moved.count(0, 9, 1_000_000, now), "the other way has its own measure");
        assert_eq!((moved.received, moved.sent), (1_000_000 + OVERSHOOT_BYTES, 9), "what was refused is not counted");
        assert!(moved.is_running(now) && !moved.is_running(Timestamp(5 + IDLE_US)));
        assert!(!Moved::default().is_running(now));
    }

    #[test]
    fn what_no_line_can_carry_is_not_believed() {
        let result = |outcome: v1::CommandOutcome, receive_kbps, send_kbps| {
            let throughput = Some(v1::Throughput { receive_kbps, send_kbps, end_time_ms: 1 });
            believed(&v1::CommandResult { command_id: vec![1; 16], outcome: outcome.into(), throughput })
        };
        use v1::CommandOutcome::{Done, Failed};
        assert!(result(Done, 1, MOST_KBPS).is_some());
        assert!(result(Done, 0, 5).is_none() && result(Done, 5, 0).is_none());
        assert!(result(Done, MOST_KBPS + 1, 5).is_none() && result(Failed, 5, 5).is_none());
    }
}
