//! Sends what people reported at the device while nobody could be reached, one by one, after each report that the server stored.
//!
//! Invariants: one at a time, beside reports, none of which waits for it; nobody is there to be told that the trouble is known, so a
//! ticket is asked for; a server that asks for patience gets it.

use std::{future::Future, pin::Pin, time::Duration};

use gigafleet_proto::v1::ReportTroubleResponse;
use tokio::time::Instant;

use super::{Agent, Keeper};
use crate::{
    engine::Failure,
    platform::Platform,
    spool::Store,
    trouble::{Fate, Outbox, Waiting, fate, hand_in},
};

/// What people reported, and what is being sent of it.
#[derive(Default)]
pub(super) struct Telling {
    outbox: Option<Outbox>,
    pub(super) under_way: Option<Pin<Box<dyn Future<Output = Told> + Send>>>,
    not_before: Option<Instant>,
}

/// A report that was handed in.
pub(super) struct Told {
    waiting: Waiting,
    answer: Result<ReportTroubleResponse, Failure>,
}

impl Telling {
    pub(super) fn of(keeper: &Keeper) -> Self {
        let outbox = match keeper {
            Keeper::Folder(state) => Some(Outbox::of(state.path())),
            Keeper::Memory => None,
        };
        Self { outbox, ..Self::default() }
    }
}

impl<P: Platform, S: Store> Agent<P, S> {
    /// Begins to send the report that waits longest, if there is one and nothing speaks against it.
    pub(super) fn tell_trouble(&mut self) {
        let busy = self.telling.under_way.is_some();
        if busy || self.telling.not_before.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let Some(waiting) = self.telling.outbox.as_ref().and_then(Outbox::oldest) else { return };
        let (connector, now) = (self.connector_in_use(), self.platform.now());
        let (protocol, timeout) = (self.route.protocol(now.monotonic_ms), self.call_timeout);
        self.telling.under_way = Some(Box::pin(async move {
            let mut request = waiting.request.clone();
            request.ticket_wanted = true;
            let answer = hand_in(&connector, protocol, timeout, request, now).await;
            Told { waiting, answer }
        }));
    }

    /// Takes in what became of a report; the next one follows at once if it went well.
    pub(super) fn trouble_told(&mut self, told: Told) {
        self.telling.under_way = None;
        let Some(outbox) = &self.telling.outbox else { return };
        match told.answer {
            Ok(answer) => {
                tracing::info!(number = answer.ticket_number, "a report of trouble was sent");
                let is_noted = outbox.sent(&told.waiting);
                drop(told.waiting);
                // On a disk that takes nothing any more the same report would go out again and again.
                if is_noted {
                    self.tell_trouble();
                }
            }
            Err(failure) => {
                let given_up = fate(failure.kind) == Fate::Drop;
                tracing::warn!(message = failure.message, given_up, "a report of trouble was not taken");
                if given_up {
                    outbox.give_up(&told.waiting);
                }
                let patience = failure.retry_after_ms.map(Duration::from_millis);
                self.telling.not_before = patience.map(|patience| Instant::now() + patience);
            }
        }
    }
}
