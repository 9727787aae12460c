//! Background work of tests of throughput: each server knows which are live, one of them gives and settles them.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Lease, PACE, REST, rest};
use crate::{bandwidth::service::Bandwidth, checkin::service::CheckIns, error::Result};

/// From one round of planning to the next.
const PLAN_PACE: Duration = Duration::from_secs(60);

/// Reads which tests devices are asked for, so that answers to reports need no query.
pub(super) async fn know(checkins: &CheckIns, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = checkins.read_tests().await {
            tracing::debug!(error = error.chain(), "which tests are live waits for the database");
        }
        if rest(PACE, &mut stop).await {
            return;
        }
    }
}

/// Gives tests and settles them.
pub(super) async fn direct(bandwidth: &Bandwidth, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    let mut planned: Option<Instant> = None;
    loop {
        let due = planned.is_none_or(|at| at.elapsed() >= PLAN_PACE);
        match round(bandwidth, due, &mut lease, &mut stop).await {
            Ok(true) if due => planned = Some(Instant::now()),
            Ok(_) => {}
            Err(error) => tracing::debug!(error = error.chain(), "tests wait for the database"),
        }
        if rest(PACE, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of tests ends by itself");
    }
}

/// One round; false while another server has the lease.
async fn round(bandwidth: &Bandwidth, plan: bool, lease: &mut Lease, stop: &mut watch::Receiver<bool>) -> Result<bool> {
    if !lease.hold().await? {
        return Ok(false);
    }
    let measured = bandwidth.settle_tests().await?;
    if measured > 0 {
        tracing::info!(measured, "agents measured");
    }
    if !plan {
        return Ok(true);
    }
    for owner in bandwidth.owners_to_plan().await? {
        let started = Instant::now();
        if !lease.hold().await? {
            return Ok(false);
        }
        let given = bandwidth.plan_tests(owner).await?;
        if given > 0 {
            tracing::info!(owner = %owner.0, given, "tests of throughput were given");
        }
        if rest(started.elapsed() * REST, stop).await {
            break;
        }
    }
    Ok(true)
}
