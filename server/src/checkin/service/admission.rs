//! The fair queue with its doorbell: reports come in from many calls, writers wait for them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

use super::Pending;
use crate::{
    checkin::rules::queue::{FairQueue, Full},
    clock::Timestamp,
    devices::rules::DeviceId,
    error::{Error, Kind, Result, says::devices as say},
    schools::rules::MunicipalityId,
};

#[derive(Debug)]
pub(super) struct Admission {
    inner: Mutex<Inner>,
    changed: Notify,
    waiting: Gauge,
}

#[derive(Debug)]
struct Inner {
    queue: FairQueue<MunicipalityId, DeviceId, Pending>,
    /// How many reports that arrived within each second wait or are being written.
    arrived: BTreeMap<i64, usize>,
    closed: bool,
}

const SECOND_US: i64 = 1_000_000;

fn second(at: Timestamp) -> i64 {
    at.0.div_euclid(SECOND_US)
}

impl Admission {
    pub(super) fn new(capacity: usize, waiting: Gauge) -> Self {
        let inner = Inner { queue: FairQueue::new(capacity), arrived: BTreeMap::new(), closed: false };
        Self { inner: Mutex::new(inner), changed: Notify::new(), waiting }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, pending: Pending) -> Result<()> {
        let (key, arrived) = (pending.identity.key, second(pending.received_at));
        let mut inner = self.lock();
        if inner.closed {
            return Err(Error::new(Kind::Unavailable, "SHUTTING_DOWN", say::reports_stop()));
        }
        if let Err(Full(_)) = inner.queue.push(key.municipality, key.device, pending) {
            return Err(Error::new(Kind::Exhausted, "CHECK_IN_QUEUE_FULL", say::reports_wait()));
        }
        *inner.arrived.entry(arrived).or_default() += 1;
        drop(inner);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for reports and takes at most `most`; none when the queue is closed and empty.
    pub(super) async fn take(&self, most: usize) -> Option<Vec<Pending>> {
        loop {
            let changed = self.changed.notified();
            {
                let mut inner = self.lock();
                let batch: Vec<_> = inner.queue.take(most).into_iter().map(|(_, pending)| pending).collect();
                let left = inner.queue.len();
                if !batch.is_empty() {
                    self.waiting.set(i64::try_from(left).unwrap_or(i64::MAX));
                    if left > 0 {
                        // Another writer may take the rest.
                        self.changed.notify_one();
                    }
                    return Some(batch);
                }
                if inner.closed && left == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// These reports were written or refused.
    pub(super) fn release(&self, reports: Vec<(DeviceId, Timestamp)>) {
        let mut inner = self.lock();
        for (_, received_at) in &reports {
            let arrived = second(*received_at);
            if let Some(count) = inner.arrived.get_mut(&arrived) {
                *count -= 1;
                if *count == 0 {
                    inner.arrived.remove(&arrived);
                }
            }
        }
        inner.queue.release(reports.into_iter().map(|(device, _)| device));
        let waiting = !inner.queue.is_empty();
        drop(inner);
        if waiting {
            self.changed.notify_one();
        }
    }

    /// Up to when every report that arrived has been written or refused. A report that arrived within the last second may
    /// not be in the queue yet.
    pub(super) fn settled_until(&self, now: Timestamp) -> Timestamp {
        let oldest = self.lock().arrived.keys().next().map_or(i64::MAX, |second| second * SECOND_US);
        Timestamp(oldest.min(now.0 - SECOND_US))
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
        // For a writer that looks at the queue just now.
        self.changed.notify_one();
    }
}
