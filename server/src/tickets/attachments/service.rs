//! Use cases of attachments: attach, look, remove, and the sweep of what nobody needs.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gigafleet_agent::identity::to_hex;
use ring::digest::{SHA256, digest};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{
    files::Files,
    rules::{self, Kept, LARGE_PIXELS, MOST_ON_TICKET},
    store,
};
pub use super::{
    rules::{Accepted, AttachmentId},
    store::AttachmentRow,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    error::{Error, Kind, Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{EventKind, State, TicketId},
        service::{Named, TicketRow, Tickets, changed_meanwhile, event, works_on},
        store as tickets,
    },
};

/// Most tries of an attachment that others' changes of its ticket overtake.
const TRIES: usize = 5;
/// Files that are read at once, each up to [`rules::MOST_BYTES`]; and pictures that are drawn at once.
const READ_AT_ONCE: usize = 16;
const DRAWN_AT_ONCE: u32 = 2;
/// How long a phone waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How old an object without a row must be to be nobody's: the row comes within seconds.
const ORPHAN_AGE: Duration = Duration::from_secs(86_400);
/// Objects that are looked for at once.
const LOOKED_FOR: usize = 500;

/// Keeps attachments.
#[derive(Debug, Clone)]
pub struct Attachments {
    db: Db,
    clock: Clock,
    access: Access,
    tickets: Tickets,
    files: Files,
    reading: Arc<Semaphore>,
    drawing: Arc<Semaphore>,
}

/// A file that somebody hands in.
#[derive(Debug, Clone)]
pub struct HandedIn {
    /// As its maker calls it.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Whether the caller may see it.
    pub is_for_caller: bool,
    /// What is taken.
    pub accepted: Accepted,
}

fn unknown(id: AttachmentId) -> Error {
    Error::not_found("ATTACHMENT_NOT_FOUND", say::attachment_unknown(id))
}

/// Refuses a ticket that is done or goes on elsewhere. Reasons: TICKET_MERGED, TICKET_CLOSED.
fn check_open(row: &TicketRow) -> Result<()> {
    if row.merged_into.is_some() {
        return Err(Error::new(Kind::Precondition, "TICKET_MERGED", say::is_merged()));
    }
    if row.state == State::Closed.to_number() {
        return Err(Error::new(Kind::Precondition, "TICKET_CLOSED", say::is_closed()));
    }
    Ok(())
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

impl Attachments {
    /// Works on this database and this folder.
    pub fn new(db: Db, clock: Clock, access: Access, tickets: Tickets, files: Files) -> Self {
        let reading = Arc::new(Semaphore::new(READ_AT_ONCE));
        let drawing = Arc::new(Semaphore::new(DRAWN_AT_ONCE as usize));
        Self { db, clock, access, tickets, files, reading, drawing }
    }

    /// A place to read a file into memory, as soon as there is one.
    pub async fn place_to_read(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.reading).acquire_owned().await.expect("it is never closed")
    }

    /// The same for somebody who is not signed in, who does not wait long: a crowd of phones leaves the console to staff. Reason:
    /// ATTACHMENTS_BUSY.
    pub async fn place_to_read_soon(&self) -> Result<OwnedSemaphorePermit> {
        tokio::time::timeout(PATIENCE, self.place_to_read())
            .await
            .map_err(|_| Error::new(Kind::Exhausted, "ATTACHMENTS_BUSY", say::attachments_busy()))
    }

    /// Attaches a file to a ticket. The same content again is the attachment that is there.
    ///
    /// # Errors
    /// TICKET_NOT_FOUND, RIGHT_MISSING, TICKET_CLOSED, TICKET_MERGED, ATTACHMENT_KIND, ATTACHMENT_SIZE, ATTACHMENT_LIMIT,
    /// VERSION_MISMATCH.
    pub async fn add(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
        file: HandedIn,
    ) -> Result<AttachmentRow> {
        let HandedIn { name, content, is_for_caller, accepted } = file;
        let row = self.may_add(staff, owner, named, is_for_caller).await?;
        let ticket = TicketId(row.ticket_id);
        let kept = self.draw(name, content, accepted).await?;
        let sha256 = to_hex(digest(&SHA256, &kept.content).as_ref());
        let new = AttachmentRow {
            municipality_id: owner.0,
            ticket_id: ticket.0,
            attachment_id: Uuid::now_v7(),
            event_number: 0,
            name: kept.name,
            kind: kept.kind.to_number(),
            bytes: count(kept.content.len()),
            width: kept.width.into(),
            height: kept.height.into(),
            sha256,
            actor_id: None,
            actor_name: String::new(),
            is_for_caller,
            created_at: 0,
            removed_at: None,
        };
        let id = AttachmentId(new.attachment_id);
        self.files.write(owner, id, kept.content).await?;
        for attempt in 1.. {
            let outcome = self.write(staff, &new).await;
            match outcome {
                // Somebody works on it in this moment; a file is no answer to that.
                Err(error) if error.reason == "VERSION_MISMATCH" && attempt < TRIES => continue,
                Ok(written) if written.attachment_id == id.0 => return Ok(written),
                outcome => {
                    // A commit whose answer was lost may have written the row; the sweep knows.
                    if outcome.as_ref().is_ok_and(|there| there.attachment_id != id.0) {
                        self.files.delete(owner, id).await?;
                    }
                    return outcome;
                }
            }
        }
        unreachable!("the last try ends the loop")
    }

    /// Whether somebody may attach something, before any of it is read. Reasons: TICKET_NOT_FOUND, RIGHT_MISSING, TICKET_CLOSED,
    /// TICKET_MERGED, ATTACHMENT_LIMIT.
    pub async fn may_add(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
        is_for_caller: bool,
    ) -> Result<TicketRow> {
        let mut tx = self.db.read().await?;
        let row = self.tickets.visible(&mut tx, staff, owner, named).await?;
        let school = row.school_id.map(SchoolId);
        if !works_on(staff, owner, school) {
            let needed = if is_for_caller { Right::ReportTickets } else { Right::WorkTickets };
            staff.area_over(needed, owner, school)?;
        }
        check_open(&row)?;
        if store::of_ticket(&mut tx, owner, TicketId(row.ticket_id)).await?.len() >= MOST_ON_TICKET {
            return Err(rules::full());
        }
        Ok(row)
    }

    /// Makes of a file what is kept of it, beside those who wait for answers. Reasons: ATTACHMENT_KIND, ATTACHMENT_SIZE.
    async fn draw(&self, name: String, content: Vec<u8>, accepted: Accepted) -> Result<Kept> {
        let pixels = rules::measure(&name, &content, accepted)?;
        let places = if pixels > LARGE_PIXELS { DRAWN_AT_ONCE } else { 1 };
        let place = Arc::clone(&self.drawing).acquire_many_owned(places).await.expect("it is never closed");
        let drawn = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when nobody waits for it any more.
            let _place = place;
            rules::prepare(&name, &content, accepted)
        });
        drawn.await.unwrap_or_else(|source| {
            tracing::error!(error = %source, "a picture could not be decoded in order");
            Err(Error::new(Kind::Invalid, "ATTACHMENT_KIND", say::attachment_broken()))
        })
    }

    /// Writes the row of an object that lies there, in the ticket's transaction; or gives the one that has the same content.
    async fn write(&self, staff: &Staff, new: &AttachmentRow) -> Result<AttachmentRow> {
        let (owner, ticket) = (MunicipalityId(new.municipality_id), TicketId(new.ticket_id));
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let row = self.tickets.visible(&mut tx, staff, owner, Named::Id(ticket)).await?;
        check_open(&row)?;
        let details = json!({ "attachment_id": new.attachment_id.to_string(), "name": new.name, "bytes": new.bytes });
        let mut happened = event(EventKind::AttachedFile, staff, now, "", &details);
        happened.is_for_caller = new.is_for_caller;
        self.raise(&mut tx, &row, now).await?;
        // Others who attach to this ticket wait from here on, so that what is counted stays.
        let there = store::of_ticket(&mut tx, owner, ticket).await?;
        let same = |row: &&AttachmentRow| row.sha256 == new.sha256 && row.is_for_caller == new.is_for_caller;
        if let Some(same) = there.iter().find(same) {
            return Ok(same.clone());
        }
        if there.len() >= MOST_ON_TICKET {
            return Err(rules::full());
        }
        tickets::append(&mut tx, owner, ticket, &happened).await?;
        let written = AttachmentRow {
            actor_id: happened.actor_id,
            actor_name: happened.actor_name,
            created_at: now.0,
            ..new.clone()
        };
        store::insert(&mut tx, &written).await?;
        tickets::census::touch(&mut tx, owner).await?;
        self.audit(&mut tx, staff, "ticket.attach", &row, new).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Notes that a ticket changed. Reason: VERSION_MISMATCH.
    async fn raise(&self, tx: &mut Tx, row: &TicketRow, now: Timestamp) -> Result<()> {
        let next = TicketRow { version: row.version + 1, changed_at: now.0, ..row.clone() };
        if tickets::update(tx, &next, row.version).await? {
            return Ok(());
        }
        Err(changed_meanwhile(tx, MunicipalityId(row.municipality_id), TicketId(row.ticket_id)).await?)
    }

    async fn audit(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        action: &'static str,
        row: &TicketRow,
        attachment: &AttachmentRow,
    ) -> Result<()> {
        let deed = Deed {
            municipality: Some(MunicipalityId(row.municipality_id)),
            action,
            subject_kind: "ticket",
            subject_id: row.ticket_id.to_string(),
            details: json!({
                "number": row.number,
                "attachment_id": attachment.attachment_id.to_string(),
                "sha256": attachment.sha256,
            }),
        };
        self.access.audit(tx, staff, deed).await
    }

    /// An attachment that the caller sees. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND, ATTACHMENT_NOT_FOUND.
    async fn find(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
        attachment: AttachmentId,
    ) -> Result<(TicketRow, AttachmentRow)> {
        let row = self.tickets.visible(tx, staff, owner, named).await?;
        let school = row.school_id.map(SchoolId);
        let works = works_on(staff, owner, school);
        let all = store::of_ticket(tx, owner, TicketId(row.ticket_id)).await?;
        let mut seen = all.into_iter().filter(|one| works || one.is_for_caller);
        let found = seen.find(|one| one.attachment_id == attachment.0).ok_or_else(|| unknown(attachment))?;
        Ok((row, found))
    }

    /// An attachment with its content. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND, ATTACHMENT_NOT_FOUND.
    pub async fn open(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
        attachment: AttachmentId,
    ) -> Result<(AttachmentRow, Bytes)> {
        let mut tx = self.db.read().await?;
        let (_, row) = self.find(&mut tx, staff, owner, named, attachment).await?;
        drop(tx);
        let content = self.files.read(owner, attachment).await?;
        Ok((row, content))
    }

    /// Removes an attachment: its content goes, that it was there stays in what happened.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, ATTACHMENT_NOT_FOUND, VERSION_MISMATCH.
    pub async fn remove(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        named: Named,
        attachment: AttachmentId,
    ) -> Result<AttachmentRow> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let row = self.tickets.visible(&mut tx, staff, owner, named).await?;
        staff.area_over(Right::WorkTickets, owner, row.school_id.map(SchoolId))?;
        let (_, found) = self.find(&mut tx, staff, owner, named, attachment).await?;
        let ticket = TicketId(row.ticket_id);
        self.raise(&mut tx, &row, now).await?;
        if !store::remove(&mut tx, (owner, ticket), attachment, now).await? {
            return Err(unknown(attachment));
        }
        let details = json!({ "attachment_id": attachment.to_string(), "name": found.name });
        let mut happened = event(EventKind::RemovedFile, staff, now, "", &details);
        happened.is_for_caller = found.is_for_caller;
        tickets::append(&mut tx, owner, ticket, &happened).await?;
        tickets::census::touch(&mut tx, owner).await?;
        self.audit(&mut tx, staff, "ticket.remove_attachment", &row, &found).await?;
        tx.commit().await?;
        if let Err(error) = self.files.delete(owner, attachment).await {
            tracing::warn!(error = error.chain(), "what was removed lies there until the next sweep");
        }
        Ok(found)
    }

    /// Deletes objects that nobody needs: those whose row was removed, and those without a row that are older than a day. Gives how
    /// many.
    pub async fn sweep(&self) -> Result<usize> {
        let now = self.clock.now();
        let mut deleted = 0;
        for some in self.files.list().await?.chunks(LOOKED_FOR) {
            let places: Vec<_> = some.iter().map(|found| (found.owner, found.attachment)).collect();
            let mut tx = self.db.read().await?;
            let known = store::known(&mut tx, &places).await?;
            drop(tx);
            for found in some {
                let row = known.iter().find(|(owner, id, _)| (*owner, *id) == (found.owner.0, found.attachment.0));
                let is_needed = match row {
                    Some((_, _, removed_at)) => removed_at.is_none(),
                    None => now.since(found.written_at) < ORPHAN_AGE,
                };
                if !is_needed {
                    self.files.delete(found.owner, found.attachment).await?;
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }
}
