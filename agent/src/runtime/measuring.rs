//! Measures beside calls: rounds of checks, and a test of throughput.
//!
//! Invariant: both end within two minutes; no report waits for them.

use std::{future::Future, pin::Pin, time::Duration};

use gigafleet_proto::v1::{NetworkCheck, ThroughputTest};
use tokio::time::Instant;

use super::Agent;
use crate::{
    checks::Measured,
    engine::{CheckResult, Event, Now, Round},
    platform::Platform,
    spool::Store,
    throughput,
};

/// Longest that one round of checks may take; what it has not given by then is given up.
const ROUND_TIMEOUT: Duration = Duration::from_secs(120);
/// A round over which the device slept longer than this says nothing, in milliseconds.
const SLEEP_MS: u64 = 2_000;

/// A round of checks under way.
pub(super) struct Checking {
    number: u64,
    /// Both clocks when it began.
    begun: (Instant, Now),
    pub(super) results: Pin<Box<dyn Future<Output = Vec<Measured>> + Send>>,
}

/// A test of throughput under way; it ends within two minutes.
pub(super) type Testing = Pin<Box<dyn Future<Output = Option<(u32, u32)>> + Send>>;

impl<P: Platform, S: Store> Agent<P, S> {
    /// Begins a round of checks; one that is under way still is dropped.
    pub(super) fn check(&mut self, round: Round) -> Option<Event> {
        let number = round.number;
        let Some(prober) = &self.prober else {
            return Some(Event::Checked { number, results: Vec::new() });
        };
        let begun = (Instant::now(), self.platform.now());
        let results = prober.check(round, self.connector_in_use());
        let results = Box::pin(async { tokio::time::timeout(ROUND_TIMEOUT, results).await.unwrap_or_default() });
        self.checking = Some(Checking { number, begun, results });
        None
    }

    pub(super) fn checked(&mut self, results: Vec<Measured>) {
        let Some(Checking { number, begun: (began, then), .. }) = self.checking.take() else { return };
        let (elapsed, now) = (began.elapsed(), self.platform.now());
        let elapsed_ms = now.monotonic_ms.saturating_sub(then.monotonic_ms);
        let slept = elapsed_ms > elapsed.as_millis() as u64 + SLEEP_MS;
        let when = |measured: &Measured| {
            let ago_ms = measured.at.elapsed().as_millis() as u64;
            Now { monotonic_ms: now.monotonic_ms.saturating_sub(ago_ms), wall_ms: now.wall_ms.saturating_sub(ago_ms) }
        };
        let results: Vec<_> = results
            .iter()
            .filter(|_| !slept)
            .map(|measured| CheckResult { check: measured.check, at: when(measured) })
            .collect();
        for result in &results {
            let NetworkCheck { target, latency_us, .. } = result.check;
            let (layer, outcome, error) = (result.check.layer(), result.check.outcome(), result.check.error());
            tracing::debug!(number, ?layer, target, ?outcome, ?error, latency_us, "checked");
        }
        self.feed(Event::Checked { number, results });
    }

    /// Begins a test of throughput, against the server or against the one that it names.
    pub(super) fn test(&mut self, command_id: Vec<u8>, test: ThroughputTest) {
        let connector = self.connector_in_use().towards(&test.endpoint);
        self.testing = Some(Box::pin(async move {
            let kbps = throughput::measure(connector.ok()?, &command_id, &test).await;
            let (receive_kbps, send_kbps) = kbps.unwrap_or_default();
            tracing::info!(receive_kbps, send_kbps, "throughput was measured");
            kbps
        }));
    }
}
