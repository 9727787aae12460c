//! Background work. Jobs take no input, are idempotent, and run on a timer; the next run is the retry.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{checkin::service::CheckIns, db::Db, overview::service::Overview};

const PACE: Duration = Duration::from_secs(5);

/// Runs all jobs until `stop` becomes true.
pub async fn run(
    db: Db,
    checkins: Arc<CheckIns>,
    overview: Overview,
    health: HealthReporter,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let status = if db.is_alive().await { ServingStatus::Serving } else { ServingStatus::NotServing };
        health.set_service_status("", status).await;
        match checkins.flush_presence().await {
            Ok(0) => {}
            Ok(devices) => tracing::info!(devices, "noted devices that were heard while nothing could be stored"),
            Err(error) => tracing::debug!(error = error.chain(), "presence waits for the database"),
        }
        if let Err(error) = overview.fold_counts().await {
            tracing::debug!(error = error.chain(), "counts wait for the database");
        }
        tokio::select! {
            _stopped = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PACE) => {}
        }
    }
}
