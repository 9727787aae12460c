//! Background work of tickets: what incidents, the health of devices, failures of their models and time make of them; files that belong
//! to none.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Lease, PACE, rest};
use crate::{
    error::Result,
    tickets::{attachments::service::Attachments, service::Tickets},
};

/// From one look at what time asks for to the next.
const KEEP_PACE: Duration = Duration::from_secs(60);

/// From one look at the health of all devices to the next.
const HEALTH_PACE: Duration = Duration::from_secs(3_600);
/// And from the start to the first: what devices say after a restart is news.
const FIRST_HEALTH: Duration = Duration::from_secs(600);
/// It rests this many times as long as it worked after each owner, so that it takes a small share of a core however large the fleet.
const HEALTH_REST: u32 = 4;

/// From one look at the failures of all models to the next. The first comes at once: it reads what people said, not what devices say.
const FAILURES_PACE: Duration = Duration::from_secs(3_600);

/// Indexing rests this many times as long as it held the one writer.
const INDEX_REST: u32 = 4;

/// From one sweep of files to the next.
const SWEEP_PACE: Duration = Duration::from_secs(3_600);

/// The parts of tickets that work in the background.
#[derive(Debug)]
pub struct TicketJobs {
    /// Follows incidents, devices and time.
    pub tickets: Tickets,
    /// Deletes files that belong to no ticket.
    pub attachments: Attachments,
}

impl TicketJobs {
    /// Works until `stop` becomes true.
    pub(super) async fn run(self, lease: &impl Fn(&'static str, Duration) -> Lease, stop: watch::Receiver<bool>) {
        tokio::join!(
            keep_tickets(&self.tickets, lease("keep_tickets", super::LEASE), stop.clone()),
            index_texts(&self.tickets, stop.clone()),
            sweep(&self, lease("sweep_files", SWEEP_PACE), stop),
        );
    }
}

async fn keep_tickets(tickets: &Tickets, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    let mut kept: Option<Instant> = None;
    let mut health_at = Instant::now() + FIRST_HEALTH;
    let mut failures_at = Instant::now();
    loop {
        match lease.hold().await {
            Ok(true) => {
                match tickets.follow_incidents().await {
                    Ok(0) => {}
                    Ok(changed) => tracing::info!(changed, "tickets followed incidents"),
                    Err(error) => tracing::debug!(error = error.chain(), "tickets of incidents wait for the database"),
                }
                if kept.is_none_or(|kept| kept.elapsed() >= KEEP_PACE) {
                    match tickets.keep_queues().await {
                        Ok(0) => {}
                        Ok(changed) => tracing::info!(changed, "tickets were returned or closed by themselves"),
                        Err(error) => tracing::debug!(error = error.chain(), "queues wait for the database"),
                    }
                    kept = Some(Instant::now());
                }
                if Instant::now() >= failures_at {
                    if let Err(error) = judge_failures(tickets, &mut lease, &mut stop).await {
                        tracing::debug!(error = error.chain(), "failures of models wait for the database");
                    }
                    failures_at = Instant::now() + FAILURES_PACE;
                }
                if Instant::now() >= health_at {
                    if let Err(error) = judge_health(tickets, &mut lease, &mut stop).await {
                        tracing::debug!(error = error.chain(), "the health of devices waits for the database");
                    }
                    health_at = Instant::now() + HEALTH_PACE;
                }
            }
            Ok(false) => {}
            Err(error) => tracing::debug!(error = error.chain(), "tickets wait for the database"),
        }
        if rest(PACE, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of tickets ends by itself");
    }
}

/// Lets the index of texts follow. Servers that share a database may do so at once.
async fn index_texts(tickets: &Tickets, mut stop: watch::Receiver<bool>) {
    loop {
        let started = Instant::now();
        let pace = match tickets.index_texts().await {
            Ok(0) => PACE,
            // More waits: whoever writes goes first.
            Ok(_) => started.elapsed() * INDEX_REST,
            Err(error) => {
                tracing::debug!(error = error.chain(), "the index of texts waits for the database");
                PACE
            }
        };
        if rest(pace, &mut stop).await {
            return;
        }
    }
}

/// One look at the health of all devices.
async fn judge_health(tickets: &Tickets, lease: &mut Lease, stop: &mut watch::Receiver<bool>) -> Result<()> {
    for owner in tickets.owners_to_judge().await? {
        if !lease.hold().await? {
            return Ok(());
        }
        let started = Instant::now();
        match tickets.judge_health(owner).await {
            Ok(0) => {}
            Ok(changed) => tracing::info!(%owner, changed, "tickets followed the health of devices"),
            Err(error) => {
                tracing::warn!(%owner, error = error.chain(), "the health of devices waits for the next look")
            }
        }
        // What is more urgent goes on meanwhile.
        tickets.follow_incidents().await?;
        if rest(started.elapsed() * HEALTH_REST, stop).await {
            return Ok(());
        }
    }
    Ok(())
}

/// One look at the failures of all models, of all owners together: one that can not be counted leaves the look to the next time, since
/// without it the others would be compared with something else.
async fn judge_failures(tickets: &Tickets, lease: &mut Lease, stop: &mut watch::Receiver<bool>) -> Result<()> {
    let mut look = tickets.begin_failure_look().await?;
    for owner in look.owners() {
        if !lease.hold().await? {
            return Ok(());
        }
        let started = Instant::now();
        tickets.count_into_failure_look(&mut look, owner).await?;
        // What is more urgent goes on meanwhile.
        tickets.follow_incidents().await?;
        if rest(started.elapsed() * HEALTH_REST, stop).await {
            return Ok(());
        }
    }
    if !lease.hold().await? {
        return Ok(());
    }
    match tickets.end_failure_look(look).await? {
        0 => {}
        changed => tracing::info!(changed, "tickets followed the failures of models"),
    }
    tracing::debug!("looked at the failures of all models");
    Ok(())
}

/// Deletes what is attached to no ticket any more. The lease lasts as long as the pace, so that many servers sweep as often as one.
async fn sweep(jobs: &TicketJobs, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    loop {
        let swept = match lease.hold().await {
            Ok(true) => match jobs.tickets.forget_lookers().await {
                Ok(_) => jobs.attachments.sweep().await,
                Err(error) => Err(error),
            },
            Ok(false) => Ok(0),
            Err(error) => Err(error),
        };
        match swept {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "deleted attachments that belong to no ticket"),
            Err(error) => tracing::warn!(error = error.chain(), "attachments could not be swept"),
        }
        if rest(SWEEP_PACE, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of the sweep ends by itself");
    }
}
