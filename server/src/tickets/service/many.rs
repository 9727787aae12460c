//! One verb on many tickets.
//!
//! Invariants: each ticket is a transaction of its own; what is refused for one is told of it and holds none of the others; what
//! was done under a request is not done again under it.

use uuid::Uuid;

use super::{Change, TicketView, Tickets, store};
use crate::{
    access::rules::{Right, Staff},
    error::{Error, Kind, Result},
    schools::rules::MunicipalityId,
    tickets::rules::TicketId,
};

/// At most so many tickets are named by one request.
pub const MOST_TICKETS: usize = 500;
/// At most so many tickets of an incident are changed by one request.
pub const MOST_OF_INCIDENT: usize = 1_000;

/// How often a ticket is read again that somebody else changes in the same moment.
const TRIES: u32 = 5;

/// Which tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These, of the versions that were seen.
    Seen(Vec<(MunicipalityId, TicketId, i64)>),
    /// Those in scope that are attached to an incident and neither closed nor merged.
    Incident(Uuid),
}

/// What is done with many.
#[derive(Debug, Clone)]
pub struct ManyOrder {
    /// The caller's choice, under which nothing is done twice.
    pub request: Uuid,
    /// Which tickets.
    pub selection: Selection,
    /// What is done with each.
    pub change: Change,
}

/// What became of one of many.
#[derive(Debug)]
pub struct Changed {
    /// Its owner.
    pub owner: MunicipalityId,
    /// Its id.
    pub ticket: TicketId,
    /// As it is now, or why it was refused.
    pub outcome: Result<TicketView>,
}

impl Tickets {
    /// Does one thing with each of many tickets, and says whether the incident has more of them: the same order again goes on.
    ///
    /// # Errors
    /// RIGHT_MISSING; what is refused for one ticket is in its outcome. A database that does not answer ends it: what was done stays
    /// done, and the same order again does the rest.
    pub async fn change_many(&self, staff: &Staff, order: &ManyOrder) -> Result<(Vec<Changed>, bool)> {
        let (places, has_more) = match &order.selection {
            Selection::Seen(seen) => {
                staff.scope(Right::WorkTickets)?;
                let seen = seen.iter().map(|(owner, ticket, version)| (*owner, *ticket, Some(*version)));
                (seen.collect::<Vec<_>>(), false)
            }
            Selection::Incident(incident) => self.open_of_incident(staff, *incident, order.request).await?,
        };
        let mut changed = Vec::with_capacity(places.len());
        for (owner, ticket, seen) in places {
            let outcome = self.change_one_of_many(staff, (owner, ticket), seen, order).await;
            if let Err(error) = &outcome
                && matches!(error.kind, Kind::Unavailable | Kind::Internal)
            {
                return outcome.map(|_| (Vec::new(), false));
            }
            changed.push(Changed { owner, ticket, outcome });
        }
        Ok((changed, has_more))
    }

    /// Changes one; where no version was seen, that which is found, even if somebody changes the ticket in this moment.
    async fn change_one_of_many(
        &self,
        staff: &Staff,
        place: (MunicipalityId, TicketId),
        seen: Option<i64>,
        order: &ManyOrder,
    ) -> Result<TicketView> {
        let mut tries = if seen.is_some() { 1 } else { TRIES };
        loop {
            tries -= 1;
            match self.change_under(staff, place, seen, &order.change, Some(order.request)).await {
                Err(error) if error.kind == Kind::Conflict && tries == 0 => {
                    return self.done_before(staff, place, order, error).await;
                }
                Err(error) if error.kind == Kind::Conflict => {}
                done => return done,
            }
        }
    }

    /// Tickets of an incident on which this request has done nothing yet.
    async fn open_of_incident(
        &self,
        staff: &Staff,
        incident: Uuid,
        request: Uuid,
    ) -> Result<(Vec<(MunicipalityId, TicketId, Option<i64>)>, bool)> {
        let areas = staff.areas(Right::WorkTickets, None)?;
        let mut tx = self.db.read().await?;
        let mut places = Vec::new();
        for area in &areas {
            let most = MOST_OF_INCIDENT + 1 - places.len();
            let ids = store::attached(&mut tx, area, incident, request, most).await?;
            places.extend(ids.into_iter().map(|id| (area.municipality(), TicketId(id), None)));
            if places.len() > MOST_OF_INCIDENT {
                places.truncate(MOST_OF_INCIDENT);
                return Ok((places, true));
            }
        }
        Ok((places, false))
    }

    /// The ticket as it is, if it changed because this request was here before; else the refusal.
    async fn done_before(
        &self,
        staff: &Staff,
        (owner, ticket): (MunicipalityId, TicketId),
        order: &ManyOrder,
        refusal: Error,
    ) -> Result<TicketView> {
        let mut tx = self.db.read().await?;
        if !store::has_done(&mut tx, owner, ticket, order.request).await? {
            return Err(refusal);
        }
        drop(tx);
        Ok(self.get(staff, owner, super::Named::Id(ticket)).await?.ticket)
    }
}
