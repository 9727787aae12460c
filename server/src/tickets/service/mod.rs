//! Use cases of tickets: report, look, list, and one verb at a time.
//!
//! Invariants: who may not see a ticket learns nothing of it, not even that its number is taken; what staff write among themselves
//! is shown to those only who work on tickets; every change is one transaction of the ticket, what happened, and the audit log.

mod beside;
mod cause_trial;
mod causes;
mod census;
mod change;
mod create;
mod duplicates;
mod figures;
mod health;
mod health_trial;
mod incidents;
pub(in crate::tickets) mod judged;
mod many;
mod promises;
mod returns;
mod search;
mod terms;
mod views;

use std::{collections::HashMap, sync::Arc};

pub use self::{
    beside::Beside,
    cause_trial::{MOST_TRIED, TrialOrder, TrialReport},
    causes::{RulesOrigin, Suggested, require_cause_rules},
    change::Change,
    create::TicketOrder,
    duplicates::{Duplicate, DuplicateOrder},
    figures::{FiguresOrder, FiguresReport, FiguresRow, MOST_COUNTED},
    health_trial::{HealthTrialReport, TriedHealth},
    judged::{Standing, TicketView},
    many::{Changed, MOST_OF_INCIDENT, MOST_TICKETS, ManyOrder, Selection},
    search::{FoundPage, FoundTicket, SearchOrder},
    views::{CountedView, MOST_VIEWS, ViewOrder},
};
pub(in crate::tickets) use self::{change::changed_meanwhile, health::names as device_names, incidents::both};
pub use super::store::{Behind, EventRow, TicketRow};
use super::{
    attachments::store::{self as attachments, AttachmentRow},
    rules::{
        EventKind, TicketId,
        filter::{Filter, Holder, Listed},
    },
    store::{self, Which},
};
use crate::{
    access::{
        rules::{Area, Right, Staff, StaffId},
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
    /// What is attached, oldest first, as far as the caller may see it.
    pub attachments: Vec<AttachmentRow>,
    /// How many others said that they have the same: to the ticket, and at its school to its incident.
    pub also: i64,
}

/// Which page of which list.
#[derive(Debug, Clone, Default)]
pub struct ListOrder {
    /// Which tickets.
    pub filter: Filter,
    /// Those that left the queue, the last first, instead of those in it; of these it does not matter what is due or waited for.
    pub done: bool,
    /// Behind which ticket it begins.
    pub behind: Option<Behind>,
    /// At most so many.
    pub limit: i64,
}

/// Answers about tickets.
#[derive(Debug, Clone)]
pub struct Tickets {
    pub(in crate::tickets) db: Db,
    pub(in crate::tickets) clock: Clock,
    pub(in crate::tickets) access: Access,
    network: Network,
    census: Arc<census::Census>,
}

fn not_found(named: Named) -> Error {
    match named {
        Named::Id(id) => Error::not_found("TICKET_NOT_FOUND", say::unknown(id)),
        Named::Number(number) => Error::not_found("TICKET_NOT_FOUND", say::number_unknown(number)),
    }
}

/// Whether somebody works on tickets of a school, or of none.
pub(in crate::tickets) fn works_on(staff: &Staff, owner: MunicipalityId, school: Option<SchoolId>) -> bool {
    staff.scope(Right::WorkTickets).is_ok_and(|scope| scope.covers(owner, school))
}

/// Refuses what only a person can do. Reason: PERSON_NEEDED.
pub(in crate::tickets) fn require_person(staff: &Staff) -> Result<StaffId> {
    staff.id.ok_or_else(|| Error::new(Kind::Precondition, "PERSON_NEEDED", say::person_needed()))
}

/// Something that happens now.
pub(in crate::tickets) fn event(
    kind: EventKind,
    staff: &Staff,
    now: Timestamp,
    text: &str,
    details: &serde_json::Value,
) -> EventRow {
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
        Self { db, clock, access, network, census: Arc::default() }
    }

    /// A ticket that the caller sees. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub(in crate::tickets) async fn visible(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
    ) -> Result<TicketRow> {
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
        let works = works_on(staff, owner, row.school_id.map(SchoolId));
        let mut events = store::events(&mut tx, owner, id).await?;
        events.retain(|event| works || event.is_for_caller);
        let others = events.iter().filter(|event| event.kind == EventKind::Also.to_number()).count();
        let mut also = i64::try_from(others).unwrap_or(i64::MAX);
        if let (Some(incident), Some(school)) = (row.incident_id, row.school_id) {
            also += store::incidents::also(&mut tx, owner, SchoolId(school), incident).await?;
        }
        let mut attachments = attachments::of_ticket(&mut tx, owner, id).await?;
        attachments.retain(|attachment| works || attachment.is_for_caller);
        let area = staff.scope(Right::ViewTickets)?.area(owner).ok_or_else(|| not_found(named))?;
        let mut merged = store::merged_into(&mut tx, owner, id).await?;
        merged.retain(|row| area.covers(row.school_id.map(SchoolId)));
        let mut views = judged::views(&mut tx, [vec![row], merged].concat(), now).await?.into_iter();
        let ticket = views.next().ok_or_else(|| not_found(named))?;
        Ok(Whole { ticket, events, merged: views.collect(), attachments, also })
    }

    /// A page of tickets in scope, the next to do first, or the last that were done. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, PERSON_NEEDED.
    pub async fn list(&self, staff: &Staff, order: ListOrder) -> Result<Vec<TicketView>> {
        let ListOrder { filter, done, behind, limit } = order;
        let owner = filter.owner.map(MunicipalityId);
        if filter.holder == Some(Holder::Me) {
            require_person(staff)?;
        }
        let areas = staff.areas(Right::ViewTickets, owner)?;
        let mut tx = self.db.read().await?;
        if let (Some(owner), Some(school)) = (owner, filter.school) {
            visible_school(&mut tx, staff, owner, SchoolId(school)).await?;
        }
        let behind = behind.unwrap_or((i64::MIN, uuid::Uuid::nil()));
        let now = self.clock.now();
        let rows = match done {
            true => done_rows(&mut tx, &areas, &which(&filter, staff, now), behind, limit).await?,
            false => self.next_rows(&mut tx, staff, &areas, &filter, behind, limit).await?,
        };
        judged::views(&mut tx, rows, now).await
    }

    /// The next to do of what a filter shows, behind a position.
    async fn next_rows(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        areas: &[Area],
        filter: &Filter,
        behind: Behind,
        limit: i64,
    ) -> Result<Vec<TicketRow>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let looking = filter.looking(staff.id, self.clock.now());
        let mut heads = Vec::new();
        for (area, queue) in self.census.of(tx, areas).await? {
            let from = queue.tickets.partition_point(|ticket| (ticket.queue_key, ticket.ticket) <= behind);
            let covered = |ticket: &&Listed| area.covers(ticket.school.map(SchoolId));
            let shown = queue.tickets[from..].iter().filter(|ticket| looking.shows(ticket)).filter(covered).take(limit);
            heads.extend(shown.map(|ticket| ((ticket.queue_key, ticket.ticket), area.municipality())));
        }
        heads.sort_unstable_by_key(|(position, _)| *position);
        heads.truncate(limit);
        let places: Vec<_> = heads.iter().map(|((_, ticket), owner)| (*owner, *ticket)).collect();
        let mut rows = store::census::rows_of(tx, &places).await?;
        let order: HashMap<_, _> = places.iter().enumerate().map(|(at, (_, ticket))| (*ticket, at)).collect();
        rows.sort_unstable_by_key(|row| order.get(&row.ticket_id).copied());
        Ok(rows)
    }
}

/// Numbers as the list by which a statement looks for them; none for all.
fn numbers(numbers: &[i16]) -> Option<String> {
    Some(numbers).filter(|numbers| !numbers.is_empty()).map(|numbers| format!("{numbers:?}"))
}

/// What a filter asks of what is done.
fn which(filter: &Filter, staff: &Staff, now: Timestamp) -> Which {
    Which {
        done: true,
        states: numbers(&filter.states),
        categories: numbers(&filter.categories),
        priorities: numbers(&filter.priorities),
        created_until: filter.older_than_days.map(|_| filter.looking(staff.id, now).created_until()),
        assignee: match filter.holder {
            Some(Holder::Me) => staff.id.map(|me| me.0),
            Some(Holder::Person(person)) => Some(person),
            Some(Holder::Nobody) | None => None,
        },
        unassigned: filter.holder == Some(Holder::Nobody),
        school: filter.school,
        incident: filter.incident,
    }
}

/// The last that were done, behind a position.
async fn done_rows(tx: &mut Tx, areas: &[Area], which: &Which, behind: Behind, limit: i64) -> Result<Vec<TicketRow>> {
    let mut rows = Vec::new();
    for area in areas {
        rows.extend(store::queue(tx, area, which, behind, limit).await?);
    }
    rows.sort_by_key(|row| (row.queue_key, row.ticket_id));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}
