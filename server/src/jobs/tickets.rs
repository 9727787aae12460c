//! Background work of tickets: what incidents make of them, and what time makes of them.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Lease, PACE, rest};
use crate::tickets::service::Tickets;

/// From one look at what time asks for to the next.
const KEEP_PACE: Duration = Duration::from_secs(60);

/// Works until `stop` becomes true.
pub(super) async fn work(tickets: Tickets, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    let mut kept: Option<Instant> = None;
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
