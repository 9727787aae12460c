//! Use cases of the desk.

use serde_json::json;
use uuid::Uuid;

use super::{
    rules::{self, MOST_REPLIES, ReplyId},
    store::{self, ReplyRow},
};
use crate::{
    access::{
        rules::{Right, Staff, StaffId},
        service::audit::Deed,
    },
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result, says::desk as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::TicketId,
        service::{Named, TicketView, Tickets, judged, require_person, works_on},
        store::census,
    },
};

/// A person follows at most so many tickets that are shown.
pub const MOST_FOLLOWED: i64 = 500;
/// Who has not been heard of for so long looks no longer, in microseconds: three paces of a page that is open.
const LOOKS_US: i64 = 30_000_000;
/// After so long who looked is forgotten.
const FORGET_US: i64 = 3_600_000_000;

/// An answer to prepare.
#[derive(Debug, Clone)]
pub struct ReplyOrder {
    /// The caller's choice; one of this id becomes this one.
    pub id: Option<ReplyId>,
    /// For tickets of which owner; none for those of all.
    pub owner: Option<MunicipalityId>,
    /// 1 to 60 characters.
    pub name: String,
    /// 1 to 10,000 characters.
    pub text: String,
}

/// A ticket that somebody follows.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The ticket.
    pub ticket: TicketView,
    /// Whether it changed since the person saw it.
    pub is_news: bool,
    /// Who named the person in a note that the person has not seen.
    pub named_by: Option<String>,
}

fn reply_unknown(id: ReplyId) -> Error {
    Error::not_found("REPLY_NOT_FOUND", say::reply_unknown(id))
}

impl Tickets {
    /// The answers that are prepared for tickets of all owners, and for those of one, or of all on whose tickets the caller works, by
    /// their names. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn replies(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<Vec<ReplyRow>> {
        let areas = staff.areas(Right::WorkTickets, owner)?;
        store::replies(&mut self.db.read().await?, &areas).await
    }

    /// Prepares an answer, for which one needs the right to work on tickets of its owner, or of all. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, FIELD_INVALID, REPLY_NOT_FOUND, REPLIES_FULL.
    pub async fn keep_reply(&self, staff: &Staff, order: ReplyOrder) -> Result<ReplyRow> {
        match order.owner {
            Some(owner) => drop(staff.area_over(Right::WorkTickets, owner, None)?),
            None => staff.require_everywhere(Right::WorkTickets)?,
        }
        let (name, body) = rules::check(&order.name, &order.text)?;
        let id = order.id.unwrap_or_else(|| ReplyId(Uuid::now_v7()));
        let row = ReplyRow {
            reply_id: id.0,
            municipality_id: order.owner.map(|owner| owner.0),
            name,
            body,
            changed_by: staff.name.clone(),
            changed_at: self.clock.now().0,
        };
        let mut tx = self.db.begin().await?;
        let is_new = store::reply(&mut tx, id).await?.is_none();
        if is_new && store::count_replies(&mut tx, order.owner).await? >= MOST_REPLIES {
            return Err(Error::new(Kind::Precondition, "REPLIES_FULL", say::replies_full(MOST_REPLIES)));
        }
        if !store::put_reply(&mut tx, &row).await? {
            return Err(reply_unknown(id));
        }
        self.access.audit(&mut tx, staff, deed(order.owner, "prepared_reply.keep", id, &row.name)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a prepared answer away. Reasons: RIGHT_MISSING, REPLY_NOT_FOUND.
    pub async fn delete_reply(&self, staff: &Staff, id: ReplyId) -> Result<()> {
        let scope = staff.scope(Right::WorkTickets)?;
        let mut tx = self.db.begin().await?;
        let row = store::reply(&mut tx, id).await?.ok_or_else(|| reply_unknown(id))?;
        let owner = row.municipality_id.map(MunicipalityId);
        match owner {
            Some(owner) if scope.area(owner).is_none() => return Err(reply_unknown(id)),
            Some(owner) => drop(staff.area_over(Right::WorkTickets, owner, None)?),
            None => staff.require_everywhere(Right::WorkTickets)?,
        }
        store::delete_reply(&mut tx, id).await?;
        self.access.audit(&mut tx, staff, deed(owner, "prepared_reply.delete", id, &row.name)).await?;
        tx.commit().await
    }

    /// Follows a ticket, or follows it no longer. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND, PERSON_NEEDED.
    pub async fn follow(&self, staff: &Staff, owner: MunicipalityId, named: Named, follow: bool) -> Result<()> {
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, named).await?;
        drop(tx);
        let (person, place) = (require_person(staff)?, (owner, TicketId(row.ticket_id)));
        let mut tx = self.db.begin().await?;
        match follow {
            true => store::follow(&mut tx, place, person, row.version, None, self.clock.now()).await?,
            false => store::unfollow(&mut tx, place, person).await?,
        }
        tx.commit().await
    }

    /// The tickets that the caller follows, as far as the caller sees them: first those with news, then the last that changed. Reasons:
    /// RIGHT_MISSING, PERSON_NEEDED.
    pub async fn followed(&self, staff: &Staff) -> Result<Vec<Followed>> {
        let scope = staff.scope(Right::ViewTickets)?;
        let person = require_person(staff)?;
        let mut tx = self.db.read().await?;
        let rows = store::all_followed(&mut tx, person, MOST_FOLLOWED).await?;
        let places: Vec<_> = rows.iter().map(|row| (MunicipalityId(row.municipality_id), row.ticket_id)).collect();
        let mut tickets = census::rows_of(&mut tx, &places).await?;
        tickets.retain(|row| scope.covers(MunicipalityId(row.municipality_id), row.school_id.map(SchoolId)));
        let views = judged::views(&mut tx, tickets, self.clock.now()).await?;
        let known = |ticket: Uuid| rows.iter().find(|row| row.ticket_id == ticket);
        let followed = views.into_iter().filter_map(|ticket| {
            let row = known(ticket.row.ticket_id)?;
            let is_news = row.named_by.is_some() || ticket.row.version > row.seen_version;
            Some(Followed { is_news, named_by: row.named_by.clone(), ticket })
        });
        let mut followed: Vec<_> = followed.collect();
        followed.sort_by_key(|one| (!one.is_news, -one.ticket.row.changed_at, one.ticket.row.ticket_id));
        Ok(followed)
    }

    /// How many of them have news. Of the installation's token none. Reason: RIGHT_MISSING.
    pub async fn count_news(&self, staff: &Staff) -> Result<usize> {
        let scope = staff.scope(Right::ViewTickets)?;
        let Some(person) = staff.id else { return Ok(0) };
        let places = store::count_unseen(&mut self.db.read().await?, person).await?;
        let seen = |(owner, school): &&(Uuid, Option<Uuid>)| scope.covers(MunicipalityId(*owner), school.map(SchoolId));
        Ok(places.iter().filter(seen).count())
    }

    /// The caller has a ticket before them, in the version that is shown: it is no news any more. Says whether the caller follows it.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn saw(&self, staff: &Staff, ticket: &TicketView) -> Result<bool> {
        let Some(person) = staff.id else { return Ok(false) };
        let place = (MunicipalityId(ticket.row.municipality_id), TicketId(ticket.row.ticket_id));
        let mut tx = self.db.read().await?;
        let row = store::followed(&mut tx, place, person).await?;
        drop(tx);
        if row.as_ref().is_some_and(|row| row.named_by.is_some() || row.seen_version < ticket.row.version) {
            let mut tx = self.db.begin().await?;
            store::saw(&mut tx, place, person, ticket.row.version).await?;
            tx.commit().await?;
        }
        Ok(row.is_some())
    }

    /// Others who have a ticket before them now, by name; none for who does not work on it.
    pub(in crate::tickets) async fn lookers(
        &self,
        staff: &Staff,
        ticket: &TicketView,
    ) -> Result<Vec<(StaffId, String)>> {
        let owner = MunicipalityId(ticket.row.municipality_id);
        if !works_on(staff, owner, ticket.row.school_id.map(SchoolId)) {
            return Ok(Vec::new());
        }
        let since = Timestamp(self.clock.now().0 - LOOKS_US);
        let mut lookers =
            store::lookers(&mut self.db.read().await?, (owner, TicketId(ticket.row.ticket_id)), since).await?;
        lookers.retain(|(id, _)| staff.id.is_none_or(|me| me.0 != *id));
        Ok(lookers.into_iter().map(|(id, name)| (StaffId(id), name)).collect())
    }

    /// The caller, who works on tickets, still has a ticket before them; to be said every ten seconds. Gives the others who have.
    /// Reasons: RIGHT_MISSING, TICKET_NOT_FOUND, PERSON_NEEDED.
    pub async fn look(&self, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<Vec<(StaffId, String)>> {
        let ticket = self.get(staff, owner, named).await?.ticket;
        staff.area_over(Right::WorkTickets, owner, ticket.row.school_id.map(SchoolId))?;
        require_person(staff)?;
        self.keep_looking(staff, &ticket).await?;
        self.lookers(staff, &ticket).await
    }

    /// The same of a page that is open: who does not work on the ticket is not noted.
    pub(in crate::tickets) async fn keep_looking(&self, staff: &Staff, ticket: &TicketView) -> Result<()> {
        let place = (MunicipalityId(ticket.row.municipality_id), TicketId(ticket.row.ticket_id));
        let works = works_on(staff, place.0, ticket.row.school_id.map(SchoolId));
        let Some(person) = staff.id.filter(|_| works) else { return Ok(()) };
        let mut tx = self.db.begin().await?;
        store::look(&mut tx, place, person, self.clock.now()).await?;
        tx.commit().await
    }

    /// Forgets who looked an hour ago. Gives how many.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn forget_lookers(&self) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = store::forget_lookers(&mut tx, Timestamp(self.clock.now().0 - FORGET_US)).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// The people whom a note names and who may work on the ticket: id and name.
    pub(in crate::tickets) async fn named_people(
        &self,
        tx: &mut Tx,
        note: &str,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<Vec<(StaffId, String)>> {
        let mut people = Vec::new();
        for name in rules::named_in(note) {
            let person = self.access.person_called(tx, &name).await?;
            people.extend(
                person
                    .filter(|person| works_on(person, owner, school))
                    .and_then(|person| Some((person.id?, person.name))),
            );
        }
        Ok(people)
    }
}

fn deed(owner: Option<MunicipalityId>, action: &'static str, id: ReplyId, name: &str) -> Deed {
    Deed {
        municipality: owner,
        action,
        subject_kind: "prepared_reply",
        subject_id: id.to_string(),
        details: json!({ "name": name }),
    }
}
