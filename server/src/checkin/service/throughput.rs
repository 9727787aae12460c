//! Tests of throughput that devices are asked for and make, held in memory: which they are is read anew every few seconds, so
//! that no report needs a query to learn of one.
//!
//! Invariants: only a device with a live test moves padding, as much as the test allows and no more; the first call of a
//! test on each server asks the database, so that a test that was given a moment ago is known, and one that was taken away
//! is not; so many tests run at once on one server and no more.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gigafleet_proto::v1;
use uuid::Uuid;

use super::CheckIns;
use crate::{
    checkin::{
        rules::throughput::{Moved, PIECE_BYTES},
        store::throughput::{self as store, LiveTest},
    },
    clock::Timestamp,
    devices::rules::DeviceKey,
    enrollment::rules::DeviceIdentity,
    error::{Error, Kind, Result, says::bandwidth as say},
};

/// When a device that finds the server full of tests may come again.
const CROWDED_RETRY: Duration = Duration::from_secs(60);

/// Bytes that nothing on the way can compress: the numbers of Knuth's generator (MMIX).
static PADDING: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..PIECE_BYTES).map(|_| next()).collect()
});

/// A test and what was moved for it here.
#[derive(Debug)]
struct Held {
    test: LiveTest,
    moved: Moved,
}

/// The live tests.
#[derive(Debug, Default)]
pub struct Tests {
    held: Mutex<HashMap<DeviceKey, Held>>,
}

impl Tests {
    fn held(&self) -> MutexGuard<'_, HashMap<DeviceKey, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in which tests are live.
    pub fn replace(&self, tests: Vec<LiveTest>) {
        let mut held = self.held();
        let mut before = std::mem::take(&mut *held);
        for test in tests {
            let key = test.key();
            let moved = before.remove(&key).filter(|held| held.test.test_id == test.test_id).map(|held| held.moved);
            held.insert(key, Held { test, moved: moved.unwrap_or_default() });
        }
    }

    /// The commands for devices, one after the other; quick where there are none.
    pub(super) fn commands(&self, now: Timestamp) -> HashMap<DeviceKey, v1::Command> {
        let held = self.held();
        let live = held.iter().filter(|(_, held)| held.test.expires_at > now.0);
        live.map(|(key, held)| (*key, command(&held.test))).collect()
    }

    /// A test ended: nobody is asked for it any more.
    pub(super) fn ended(&self, key: DeviceKey, test: Uuid) {
        let mut held = self.held();
        if held.get(&key).is_some_and(|held| held.test.test_id == test) {
            held.remove(&key);
        }
    }

    /// Counts a call of a test that began here; none if it did not. Reason: TEST_USED_UP.
    fn count(&self, key: DeviceKey, test: Uuid, call: (u64, u64), now: Timestamp) -> Option<Result<()>> {
        let mut held = self.held();
        let held = held.get_mut(&key).filter(|held| held.test.test_id == test && held.test.expires_at > now.0)?;
        held.moved.called_at?;
        let most_bytes = held.test.most_bytes.unsigned_abs();
        match held.moved.count(call.0, call.1, most_bytes, now) {
            true => Some(Ok(())),
            false => Some(Err(Error::new(Kind::Exhausted, "TEST_USED_UP", say::test_used_up()))),
        }
    }

    /// Notes that a test begins here. Reason: TESTS_CROWDED.
    fn begin(&self, test: LiveTest, most_tests: usize, now: Timestamp) -> Result<()> {
        let mut held = self.held();
        let key = test.key();
        let others = held.iter().filter(|(other, held)| **other != key && held.moved.is_running(now)).count();
        if others >= most_tests {
            return Err(Error::new(Kind::Exhausted, "TESTS_CROWDED", say::tests_crowded()).retry_after(CROWDED_RETRY));
        }
        let known = held.remove(&key).filter(|held| held.test.test_id == test.test_id);
        let mut moved = known.map(|held| held.moved).unwrap_or_default();
        moved.called_at = Some(now);
        held.insert(key, Held { test, moved });
        Ok(())
    }
}

fn command(test: &LiveTest) -> v1::Command {
    let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    v1::Command {
        command_id: test.test_id.as_bytes().to_vec(),
        kind: v1::CommandKind::MeasureThroughput.into(),
        test: Some(v1::ThroughputTest {
            expire_time_ms: u64::try_from(test.expires_at / 1_000).unwrap_or_default(),
            most_bytes: small(test.most_bytes),
            most_ms: small(test.most_ms),
            endpoint: test.endpoint.clone(),
            gateway_hash: test.gateway_hash.clone().unwrap_or_default(),
        }),
    }
}

impl CheckIns {
    /// The tests that devices are asked for.
    pub fn tests(&self) -> &Tests {
        &self.tests
    }

    /// Reads which tests are live.
    pub async fn read_tests(&self) -> Result<()> {
        let mut tx = self.db.read().await?;
        let tests = store::live_tests(&mut tx, self.clock.now()).await?;
        self.tests.replace(tests);
        Ok(())
    }

    /// Carries padding for a test: takes `sent` bytes and gives `receive` bytes. Reasons: TEST_NOT_GIVEN, TEST_USED_UP,
    /// TESTS_CROWDED.
    pub async fn carry(&self, identity: DeviceIdentity, test: Uuid, receive: usize, sent: usize) -> Result<Vec<u8>> {
        let call = (receive as u64, sent as u64);
        let now = self.clock.now();
        let counted = match self.tests.count(identity.key, test, call, now) {
            Some(counted) => counted,
            None => {
                let mut tx = self.db.begin().await?;
                let begun = store::begin_test(&mut tx, identity, test, now).await?;
                let begun = begun.ok_or_else(|| Error::new(Kind::Denied, "TEST_NOT_GIVEN", say::test_not_given()))?;
                // Whoever finds the server full is not noted as one who measures.
                self.tests.begin(begun, self.config.throughput_tests, now)?;
                tx.commit().await?;
                self.tests.count(identity.key, test, call, now).unwrap_or(Ok(()))
            }
        };
        counted.map(|()| PADDING[..receive.min(PIECE_BYTES)].to_vec())
    }
}
