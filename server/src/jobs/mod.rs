//! Background work. Jobs take no input, are idempotent, and run on a timer; the next run is the retry.
//!
//! What every server does for itself runs at one pace. What one server does for all of them is leased in the database: the
//! holder renews its lease while it works and gives it back at its end; a holder that died is followed when the lease ends.

mod networks;
mod store;
mod throughput;
mod tickets;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tonic_health::{ServingStatus, server::HealthReporter};
use uuid::Uuid;

use crate::{
    checkin::service::CheckIns,
    clock::{Clock, Timestamp},
    db::Db,
    error::Result,
    overview::service::Overview,
};

pub use self::{
    networks::{CountWriter, Networks},
    tickets::TicketJobs,
};

const PACE: Duration = Duration::from_secs(5);
/// How long a lease lasts without being renewed.
const LEASE: Duration = Duration::from_secs(60);
/// Counting rests this many times as long as it worked, so that it takes a small share of a core however large the fleet.
const REST: u32 = 15;
/// The lease of counting.
const COUNT_FIGURES: &str = "count_figures";

/// What works in the background.
pub struct Jobs {
    /// Whose presence is written.
    pub checkins: Arc<CheckIns>,
    /// Whose figures are counted.
    pub overview: Overview,
    /// Network health.
    pub networks: Networks,
    /// Tickets.
    pub tickets: TicketJobs,
}

/// Runs all jobs until `stop` becomes true.
pub async fn run(db: Db, clock: Clock, jobs: Jobs, health: HealthReporter, stop: watch::Receiver<bool>) {
    let Jobs { checkins, overview, networks, tickets } = jobs;
    let holder = Uuid::now_v7();
    let lease = |job, length| Lease { db: db.clone(), clock: clock.clone(), job, length, holder, until: Timestamp(0) };
    tokio::join!(
        keep_house(&db, &checkins, &overview, health, stop.clone()),
        count_figures(&overview, lease(COUNT_FIGURES, LEASE), stop.clone()),
        tickets.run(&lease, stop.clone()),
        networks.run(&checkins, &clock, lease, stop),
    );
}

/// What every server does for itself.
async fn keep_house(
    db: &Db,
    checkins: &CheckIns,
    overview: &Overview,
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
        if rest(PACE, &mut stop).await {
            return;
        }
    }
}

/// Counts what the devices of each school do, owner by owner, again and again.
async fn count_figures(overview: &Overview, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    loop {
        match count_round(overview, &mut lease, &mut stop).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => tracing::debug!(error = error.chain(), "figures wait for the database"),
        }
        if rest(PACE, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of counting ends by itself");
    }
}

/// One round over all owners; true if the server stops.
async fn count_round(overview: &Overview, lease: &mut Lease, stop: &mut watch::Receiver<bool>) -> Result<bool> {
    if !lease.hold().await? {
        return Ok(false);
    }
    for (owner, counted) in overview.owners_to_count().await? {
        if !lease.hold().await? {
            return Ok(false);
        }
        let started = Instant::now();
        overview.count_figures(owner, counted).await?;
        if rest(started.elapsed() * REST, stop).await {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Waits; true if the server stops meanwhile.
async fn rest(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        _stopped = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(time) => false,
    }
}

/// A lease that this server holds or wants.
struct Lease {
    db: Db,
    clock: Clock,
    job: &'static str,
    length: Duration,
    holder: Uuid,
    /// Until when it is held.
    until: Timestamp,
}

impl Lease {
    /// Takes or renews the lease; false while another server has it. Asks the database only in its last half.
    async fn hold(&mut self) -> Result<bool> {
        let now = self.clock.now();
        let lease = i64::try_from(self.length.as_micros()).expect("a minute is a small number");
        if now.0 < self.until.0 - lease / 2 {
            return Ok(true);
        }
        let until = Timestamp(now.0 + lease);
        let mut tx = self.db.begin().await?;
        let held = store::take_lease(&mut tx, self.job, self.holder, now, until).await?;
        tx.commit().await?;
        self.until = if held { until } else { Timestamp(0) };
        Ok(held)
    }

    /// Gives it back.
    async fn end(self) -> Result<()> {
        if self.until.0 == 0 {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        store::end_lease(&mut tx, self.job, self.holder).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lease_has_one_holder_and_passes_on_when_it_ends_or_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("gigafleet.db")).await.unwrap();
        let clock = Clock::manual(Timestamp(1_000_000_000_000_000));
        let lease = || Lease {
            db: db.clone(),
            clock: clock.clone(),
            job: COUNT_FIGURES,
            length: LEASE,
            holder: Uuid::now_v7(),
            until: Timestamp(0),
        };
        let (mut one, mut other) = (lease(), lease());
        assert!(one.hold().await.unwrap());
        assert!(!other.hold().await.unwrap());
        clock.advance(LEASE / 2);
        assert!(one.hold().await.unwrap(), "it is renewed");
        clock.advance(LEASE / 2);
        assert!(!other.hold().await.unwrap(), "what was renewed has not ended");
        clock.advance(LEASE);
        assert!(other.hold().await.unwrap(), "a holder that is silent is followed");
        assert!(!one.hold().await.unwrap());
        other.end().await.unwrap();
        assert!(one.hold().await.unwrap(), "what was given back is free at once");
    }
}
