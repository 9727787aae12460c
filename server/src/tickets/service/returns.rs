//! What tickets do by themselves with time: back to the queue when nobody touches them or when whoever had them may not work there any
//! more, closed when nobody objects, in another order when calendars or promises change.
//!
//! Invariant: all of it follows from what is stored and from the time, so that it can run anywhere, twice, or late.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use uuid::Uuid;

use super::{
    Change, Tickets,
    incidents::{both, or_wait},
    store::{TicketRow, incidents as store},
    terms::Terms,
};
use crate::{
    access::rules::{Right, Staff, StaffId},
    clock::Timestamp,
    db::Tx,
    error::{Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::rules::{TicketId, clock::Service, life::Return},
};

/// Tickets that are looked at at once.
const PAGE: i64 = 500;
/// How far back calendars are asked for.
const BACK_US: i64 = 400 * DAY_US;
const DAY_US: i64 = 24 * 3_600 * 1_000_000;
const MINUTE_US: i64 = 60_000_000;

/// People that a run asked for, with what is in force for them; none for an account that is closed or gone.
type People = HashMap<Uuid, Option<Staff>>;

impl Tickets {
    /// Does with the tickets of all owners what time asks for, and says how many it changed. An owner for whom it fails waits for the
    /// next run and holds up no other.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn keep_queues(&self) -> Result<usize> {
        let mut tx = self.db.read().await?;
        let owners = store::owners_with_tickets(&mut tx).await?;
        drop(tx);
        let (mut changed, mut people) = (0, People::new());
        for owner in owners {
            changed += or_wait(owner, self.keep_queue(owner, &mut people).await)?;
        }
        Ok(changed)
    }

    async fn keep_queue(&self, owner: MunicipalityId, people: &mut People) -> Result<usize> {
        let staff = Staff::server(owner);
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let span = [Timestamp(now.0 - BACK_US), now];
        let terms = Terms::of_owners(&mut tx, &BTreeSet::from([owner]), span).await?;
        let fingerprint = terms.fingerprint();
        let is_new = store::terms(&mut tx, owner).await?.as_deref() != Some(fingerprint.as_str());
        drop(tx);
        if is_new {
            self.reorder(&staff, owner).await?;
            let mut tx = self.db.begin().await?;
            store::set_terms(&mut tx, owner, &fingerprint).await?;
            tx.commit().await?;
        }
        let ended = self.return_without_right(&staff, owner, people).await?;
        let untouched = self.return_untouched(&staff, owner, &terms, now).await?;
        Ok(ended + untouched + self.close_resolved(&staff, owner, &terms, now).await?)
    }

    /// What whoever has it may not work on any more: a contract ended, a person left.
    async fn return_without_right(&self, staff: &Staff, owner: MunicipalityId, people: &mut People) -> Result<usize> {
        let areas = staff.areas(Right::ViewTickets, Some(owner))?;
        let mut tx = self.db.read().await?;
        let queues = self.census.of(&mut tx, &areas).await?;
        let (mut left, mut worked_on) = (Vec::new(), HashMap::new());
        for ticket in queues.iter().flat_map(|(_, queue)| &queue.tickets) {
            let Some(assignee) = ticket.assignee else { continue };
            let area = match worked_on.entry(assignee) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let person = self.person(&mut tx, assignee, people).await?;
                    let scope = person.and_then(|person| person.scope(Right::WorkTickets).ok());
                    place.insert(scope.and_then(|scope| scope.area(owner)))
                }
            };
            if !area.as_ref().is_some_and(|area| area.covers(ticket.school.map(SchoolId))) {
                left.push((owner, ticket.ticket));
            }
        }
        let rows = if left.is_empty() { Vec::new() } else { super::store::census::rows_of(&mut tx, &left).await? };
        drop(tx);
        let mut changed = 0;
        for row in rows {
            let who = row.assignee_name.unwrap_or_default();
            let back = Change::Return(Return::RightEnded, both(&say::returned_without_right(who)));
            let place = (owner, TicketId(row.ticket_id));
            changed += usize::from(self.by_itself(staff, place, &back).await?);
        }
        Ok(changed)
    }

    /// A person of this run, asked for once.
    async fn person<'a>(&self, tx: &mut Tx, id: Uuid, people: &'a mut People) -> Result<Option<&'a Staff>> {
        let person = match people.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.access.person_in_force(tx, StaffId(id)).await?),
        };
        Ok(person.as_ref())
    }

    /// What somebody took and did nothing with for as much service as the owner allows.
    async fn return_untouched(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<usize> {
        let (mut behind, mut changed) = ((Uuid::nil(), i64::MIN, Uuid::nil()), 0);
        loop {
            let mut tx = self.db.read().await?;
            let rows = store::untouched(&mut tx, owner, now.0 - MINUTE_US, behind, PAGE).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok(changed) };
            behind = (last.assignee_id.unwrap_or_default(), last.queue_key, last.ticket_id);
            for row in rows {
                let promise = terms.promise(owner, Timestamp(row.created_at));
                let most = promise.return_minutes;
                let rested = |service: &Service<'_>| service.between(Timestamp(row.changed_at), now);
                if most == 0 || in_service(terms, &row, rested) < i64::from(most) * MINUTE_US {
                    continue;
                }
                let back = Change::Return(Return::Untouched, both(&say::returned_untouched(most)));
                let place = (owner, TicketId(row.ticket_id));
                changed += usize::from(self.by_itself(staff, place, &back).await?);
            }
        }
    }

    /// What is resolved for as many school days as the owner says, and nobody objected.
    async fn close_resolved(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<usize> {
        let (mut behind, mut changed) = ((i64::MIN, Uuid::nil()), 0);
        loop {
            let mut tx = self.db.read().await?;
            let rows = store::resolved(&mut tx, owner, now.0 - DAY_US, behind, PAGE).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok(changed) };
            behind = (last.done_at.unwrap_or_default(), last.ticket_id);
            for row in rows {
                let days = terms.promise(owner, Timestamp(row.created_at)).close_days;
                let done = Timestamp(row.done_at.unwrap_or(row.changed_at));
                let until = in_service(terms, &row, |service| service.end_of_day(done, days));
                if days == 0 || until.is_none_or(|until| until > now) {
                    continue;
                }
                let place = (owner, TicketId(row.ticket_id));
                changed += usize::from(self.by_itself(staff, place, &Change::Close).await?);
            }
        }
    }
}

/// Asks the service hours at the place of a ticket.
fn in_service<T>(terms: &Terms, row: &TicketRow, ask: impl FnOnce(&Service<'_>) -> T) -> T {
    let (owner, school) = (MunicipalityId(row.municipality_id), row.school_id.map(SchoolId));
    let is_school_day = |day| terms.is_school_day(owner, school, day);
    let hours = terms.promise(owner, Timestamp(row.created_at)).hours;
    ask(&Service { is_school_day: &is_school_day, hours })
}
