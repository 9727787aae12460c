//! Use cases of tickets: report, look, list, and one verb at a time.
//!
//! Invariants: who may not see a ticket learns nothing of it, not even that its number is taken; what staff write among themselves
//! is shown to those only who work on tickets; every change is one transaction of the ticket, what happened, and the audit log.

mod change;
mod create;
mod judged;
mod many;
mod promises;
mod search;
mod terms;

pub use self::{
    change::Change,
    create::TicketOrder,
    judged::{Standing, TicketView},
    many::{Changed, MOST_OF_INCIDENT, MOST_TICKETS, ManyOrder, Selection},
    search::FoundTicket,
};
pub use super::store::{Behind, EventRow, TicketRow, Which};
use super::{
    rules::{EventKind, TicketId},
    store,
};
use crate::{
    access::{
        rules::{Right, Staff, StaffId},
        service::{Access, audit::Actor},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    error::{Error, Kind, Result, says::tickets as say},
    network::service::{Network, visible_school},
    schools::rules::{MunicipalityId, SchoolId},
};

/// A ticket that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(TicketId),
    /// By its number at its owner.
    Number(i64),
}

/// A ticket with what happened to it.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The ticket.
    pub ticket: TicketView,
    /// What happened, oldest first, as far as the caller may read it.
    pub events: Vec<EventRow>,
    /// Tickets that went into it.
    pub merged: Vec<TicketView>,
}

/// Which page of which list.
#[derive(Debug, Clone, Default)]
pub struct ListOrder {
    /// Only of this owner.
    pub owner: Option<MunicipalityId>,
    /// Which tickets.
    pub which: Which,
    /// Only those that the caller works on.
    pub mine: bool,
    /// Behind which ticket it begins.
    pub behind: Option<Behind>,
    /// At most so many.
    pub limit: i64,
}

/// Answers about tickets.
#[derive(Debug, Clone)]
pub struct Tickets {
    db: Db,
    clock: Clock,
    access: Access,
    network: Network,
}

fn not_found(named: Named) -> Error {
    match named {
        Named::Id(id) => Error::not_found("TICKET_NOT_FOUND", say::unknown(id)),
        Named::Number(number) => Error::not_found("TICKET_NOT_FOUND", say::number_unknown(number)),
    }
}

/// Refuses what only a person can do. Reason: PERSON_NEEDED.
fn require_person(staff: &Staff) -> Result<StaffId> {
    staff.id.ok_or_else(|| Error::new(Kind::Precondition, "PERSON_NEEDED", say::person_needed()))
}

/// Something that happens now.
fn event(kind: EventKind, staff: &Staff, now: Timestamp, text: &str, details: &serde_json::Value) -> EventRow {
    let actor = Actor::from(staff);
    EventRow {
        number: 0,
        kind: kind.to_number(),
        happened_at: now.0,
        actor_id: actor.id,
        actor_name: actor.name,
        is_for_caller: kind != EventKind::Noted,
        body: text.to_owned(),
        details: details.to_string(),
    }
}

impl Tickets {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        let network = Network::new(db.clone(), clock.clone(), access.clone());
        Self { db, clock, access, network }
    }

    /// A ticket that the caller sees. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    async fn visible(&self, tx: &mut Tx, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<TicketRow> {
        let area = staff.scope(Right::ViewTickets)?.area(owner).ok_or_else(|| not_found(named))?;
        let row = match named {
            Named::Id(id) => store::find(tx, owner, id).await?,
            Named::Number(number) => store::find_by_number(tx, owner, number).await?,
        };
        row.filter(|row| area.covers(row.school_id.map(SchoolId))).ok_or_else(|| not_found(named))
    }

    /// One ticket with what happened to it. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub async fn get(&self, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<Whole> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, named).await?;
        let id = TicketId(row.ticket_id);
        let works = staff.scope(Right::WorkTickets).is_ok_and(|scope| scope.covers(owner, row.school_id.map(SchoolId)));
        let mut events = store::events(&mut tx, owner, id).await?;
        events.retain(|event| works || event.is_for_caller);
        let area = staff.scope(Right::ViewTickets)?.area(owner).ok_or_else(|| not_found(named))?;
        let mut merged = store::merged_into(&mut tx, owner, id).await?;
        merged.retain(|row| area.covers(row.school_id.map(SchoolId)));
        let mut views = judged::views(&mut tx, [vec![row], merged].concat(), now).await?.into_iter();
        let ticket = views.next().ok_or_else(|| not_found(named))?;
        Ok(Whole { ticket, events, merged: views.collect() })
    }

    /// A page of tickets in scope, the next to do first, or the last that were done. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, PERSON_NEEDED.
    pub async fn list(&self, staff: &Staff, order: ListOrder) -> Result<Vec<TicketView>> {
        let ListOrder { owner, mut which, mine, behind, limit } = order;
        if mine {
            which.assignee = Some(require_person(staff)?.0);
        }
        let areas = staff.areas(Right::ViewTickets, owner)?;
        let mut tx = self.db.read().await?;
        if let (Some(owner), Some(school)) = (owner, which.school) {
            visible_school(&mut tx, staff, owner, SchoolId(school)).await?;
        }
        let behind = behind.unwrap_or((i64::MIN, uuid::Uuid::nil()));
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::queue(&mut tx, area, &which, behind, limit).await?);
        }
        rows.sort_by_key(|row| (row.queue_key, row.ticket_id));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        judged::views(&mut tx, rows, self.clock.now()).await
    }
}
