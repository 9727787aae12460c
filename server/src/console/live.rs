//! Live updates: a browser watches an address and is told when to look again. What changed is read from the page itself, so
//! nothing is sent here that the page would not show.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse as _, Response, Sse,
    sse::{Event, KeepAlive},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Visit;
use crate::error::Result;

/// How often the server looks.
const PACE: Duration = Duration::from_secs(2);
/// A browser asks anew after this time, so that ended rights and sessions end the watch too.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Looks that may fail one after another before the watch ends; the browser comes back by itself.
const FAILURES: u32 = 10;

/// Sends `changed` whenever `mark` gives another value than before: a count with the latest change, a hash. The first look
/// must succeed; some faults after it are waited out.
pub async fn changes<M, F, W>(visit: &Visit, mark: F) -> Result<Response>
where
    M: PartialEq + Send + 'static,
    F: Fn() -> W + Send + Sync + 'static,
    W: Future<Output = Result<M>> + Send,
{
    let first = mark().await?;
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(4);
    let mut stop = visit.stop();
    tokio::spawn(async move {
        let watching = async {
            let (mut last, mut failures) = (first, 0);
            while failures < FAILURES {
                tokio::time::sleep(PACE).await;
                match mark().await {
                    Ok(now) if now == last => failures = 0,
                    Ok(now) => {
                        (last, failures) = (now, 0);
                        if sender.send(Ok(Event::default().event("changed").data("1"))).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::debug!(error = error.chain(), "a live page could not look");
                        failures += 1;
                    }
                }
                if sender.is_closed() {
                    return;
                }
            }
        };
        tokio::select! {
            _ended = tokio::time::timeout(LONGEST, watching) => {}
            _stopped = stop.wait_for(|stop| *stop) => {}
        }
    });
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response())
}
