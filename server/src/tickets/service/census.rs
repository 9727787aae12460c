//! The queue of each owner in memory, a few figures of each ticket, so that lists by any filter and counts of many views cost the
//! database next to nothing.
//!
//! Invariants: what is answered is never older than the moment of the question, on however many servers: the database counts the
//! changes of each owner in the transactions that make them, and an owner whose count moved is read anew. One owner is read by one
//! at a time. Some 110 bytes for each ticket that is not done.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use super::store::census;
use crate::{
    access::rules::Area, db::Tx, error::Result, schools::rules::MunicipalityId, tickets::rules::filter::Listed,
};

/// The queue of one owner.
#[derive(Debug)]
pub(super) struct OwnQueue {
    revision: i64,
    /// The next to do first.
    pub tickets: Vec<Listed>,
}

/// One owner's place: whoever reads it anew holds it.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<OwnQueue>>>>;

/// The queues of all owners that somebody asked for.
#[derive(Debug, Default)]
pub(super) struct Census(Mutex<HashMap<Uuid, Slot>>);

impl Census {
    fn slot(&self, owner: MunicipalityId) -> Slot {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(owner.0).or_default())
    }

    /// The queues of the owners of these areas as they are now, in their order; of one that never had a ticket none. What of a
    /// queue lies in its area is for the caller to see to.
    pub async fn of<'a>(&self, tx: &mut Tx, areas: &'a [Area]) -> Result<Vec<(&'a Area, Arc<OwnQueue>)>> {
        let revisions: HashMap<_, _> = census::revisions(tx, areas).await?.into_iter().collect();
        let mut queues = Vec::with_capacity(revisions.len());
        for area in areas {
            let owner = area.municipality();
            let Some(revision) = revisions.get(&owner.0).copied() else { continue };
            let slot = self.slot(owner);
            let mut slot = slot.lock().await;
            let kept = slot.as_ref().filter(|queue| queue.revision >= revision).map(Arc::clone);
            let queue = match kept {
                Some(queue) => queue,
                None => {
                    let read = Arc::new(OwnQueue { revision, tickets: census::listed(tx, owner).await? });
                    *slot = Some(Arc::clone(&read));
                    read
                }
            };
            queues.push((area, queue));
        }
        Ok(queues)
    }
}
