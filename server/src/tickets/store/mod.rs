//! SQL of tickets and of what happened to them.

pub(super) mod beside;
pub(super) mod causes;
pub(in crate::tickets) mod census;
pub(super) mod duplicates;
pub(super) mod figures;
pub(super) mod health;
pub(super) mod incidents;
mod queue;
pub(super) mod snapshot;
pub(super) mod views;

use sqlx::FromRow;
use uuid::Uuid;

pub use self::queue::Behind;
pub(super) use self::queue::{Which, queue};
use super::rules::{State, TicketId};
use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, among_sql, in_schools, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// A ticket as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TicketRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Its id.
    pub ticket_id: Uuid,
    /// Its number at its owner.
    pub number: i64,
    /// Goes up with each change.
    pub version: i64,
    /// Number of the state.
    pub state: i16,
    /// Number of whom it waits for.
    pub waiting_on: Option<i16>,
    /// Number of the category.
    pub category: i16,
    /// Number of the impact.
    pub impact: i16,
    /// Number of the urgency.
    pub urgency: i16,
    /// 1 the highest.
    pub priority: i16,
    /// In one line.
    pub subject: String,
    /// The school.
    pub school_id: Option<Uuid>,
    /// The device.
    pub device_id: Option<Uuid>,
    /// Where in the school.
    pub room: String,
    /// Number of who reported it.
    pub caller_kind: i16,
    /// How the caller is reached.
    pub caller_contact: String,
    /// Number of how it came in.
    pub origin: i16,
    /// Who works on it.
    pub assignee_id: Option<Uuid>,
    /// The same for people.
    pub assignee_name: Option<String>,
    /// The incident it belongs to.
    pub incident_id: Option<Uuid>,
    /// The ticket it went into.
    pub merged_into: Option<Uuid>,
    /// When it came in.
    pub created_at: i64,
    /// When it was last changed.
    pub changed_at: i64,
    /// When it left the queue.
    pub done_at: Option<i64>,
    /// Where it stands in its list: the smallest first.
    pub queue_key: i64,
    /// Its life as JSON.
    pub life: String,
    /// What was known of the device when it was reported, as JSON.
    pub snapshot: Option<String>,
}

/// Something that happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct EventRow {
    /// From 1.
    pub number: i64,
    /// Number of the kind.
    pub kind: i16,
    /// When.
    pub happened_at: i64,
    /// Which person or token.
    pub actor_id: Option<Uuid>,
    /// Its name.
    pub actor_name: String,
    /// Whether the caller may read it.
    pub is_for_caller: bool,
    /// What was written.
    pub body: String,
    /// What changed, as JSON.
    pub details: String,
}

/// What `SELECT` names for a [`TicketRow`] of `ticket AS t`.
macro_rules! columns {
    () => {
        "SELECT t.municipality_id, t.ticket_id, t.number, t.version, t.state, t.waiting_on, t.category, t.impact, t.urgency,
            t.priority, t.subject, t.school_id, t.device_id, t.room, t.caller_kind, t.caller_contact, t.origin, t.assignee_id,
            (SELECT s.display_name FROM staff s WHERE s.staff_id = t.assignee_id) AS assignee_name, t.incident_id,
            t.merged_into, t.created_at, t.changed_at, t.done_at, t.queue_key, t.life, t.snapshot
        FROM ticket t "
    };
}
use columns;

/// The next number of a ticket of an owner; the change is noted, see [`census::touch`]. Tickets of one owner wait for each other here until their transaction ends.
pub(super) async fn next_number(tx: &mut Tx, owner: MunicipalityId) -> Result<i64> {
    let (number,): (i64,) = tx
        .query(
            "INSERT INTO ticket_counter (municipality_id, last_number) VALUES ($1, 1)
             ON CONFLICT (municipality_id) DO UPDATE
                 SET last_number = ticket_counter.last_number + 1, revision = ticket_counter.revision + 1
             RETURNING last_number",
        )
        .bind(owner)
        .one()
        .await?;
    Ok(number)
}

/// Writes a new ticket; false if its owner has one of this id.
pub(super) async fn insert(tx: &mut Tx, row: &TicketRow) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO ticket (municipality_id, ticket_id, number, version, state, waiting_on, category, impact, urgency,
                 priority, subject, school_id, device_id, room, caller_kind, caller_contact, origin, assignee_id, incident_id,
                 merged_into, created_at, changed_at, done_at, queue_key, life, snapshot)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26)
             ON CONFLICT (municipality_id, ticket_id) DO NOTHING",
        )
        .bind(row.municipality_id)
        .bind(row.ticket_id)
        .bind(row.number)
        .bind(row.version)
        .bind(i64::from(row.state))
        .bind(row.waiting_on.map(i64::from))
        .bind(i64::from(row.category))
        .bind(i64::from(row.impact))
        .bind(i64::from(row.urgency))
        .bind(i64::from(row.priority))
        .bind(row.subject.as_str())
        .bind(row.school_id)
        .bind(row.device_id)
        .bind(row.room.as_str())
        .bind(i64::from(row.caller_kind))
        .bind(row.caller_contact.as_str())
        .bind(i64::from(row.origin))
        .bind(row.assignee_id)
        .bind(row.incident_id)
        .bind(row.merged_into)
        .bind(row.created_at)
        .bind(row.changed_at)
        .bind(row.done_at)
        .bind(row.queue_key)
        .bind(row.life.as_str())
        .bind(row.snapshot.clone())
        .execute()
        .await?;
    Ok(written == 1)
}

/// Writes what can change of a ticket; false if it is no longer of the version that was read.
pub(in crate::tickets) async fn update(tx: &mut Tx, row: &TicketRow, read: i64) -> Result<bool> {
    let written = tx
        .query(
            "UPDATE ticket SET version = $4, state = $5, waiting_on = $6, category = $7, impact = $8, urgency = $9,
                 priority = $10, assignee_id = $11, incident_id = $12, merged_into = $13, changed_at = $14, done_at = $15,
                 queue_key = $16, life = $17
             WHERE municipality_id = $1 AND ticket_id = $2 AND version = $3",
        )
        .bind(row.municipality_id)
        .bind(row.ticket_id)
        .bind(read)
        .bind(row.version)
        .bind(i64::from(row.state))
        .bind(row.waiting_on.map(i64::from))
        .bind(i64::from(row.category))
        .bind(i64::from(row.impact))
        .bind(i64::from(row.urgency))
        .bind(i64::from(row.priority))
        .bind(row.assignee_id)
        .bind(row.incident_id)
        .bind(row.merged_into)
        .bind(row.changed_at)
        .bind(row.done_at)
        .bind(row.queue_key)
        .bind(row.life.as_str())
        .execute()
        .await?;
    Ok(written == 1)
}

/// A ticket of an owner.
pub(in crate::tickets) async fn find(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
) -> Result<Option<TicketRow>> {
    let sql = concat!(columns!(), "WHERE t.municipality_id = $1 AND t.ticket_id = $2");
    tx.query(sql).bind(owner).bind(ticket).optional().await
}

/// A ticket of an owner by its number.
pub(super) async fn find_by_number(tx: &mut Tx, owner: MunicipalityId, number: i64) -> Result<Option<TicketRow>> {
    let sql = concat!(columns!(), "WHERE t.municipality_id = $1 AND t.number = $2");
    tx.query(sql).bind(owner).bind(number).optional().await
}

/// Ids of an area's tickets that are attached to an incident, neither closed nor merged, and on which a request has done nothing
/// yet, in the order of their numbers.
pub(super) async fn attached(
    tx: &mut Tx,
    area: &Area,
    incident: Uuid,
    request: Uuid,
    most: usize,
) -> Result<Vec<Uuid>> {
    let sql = tx.by_engine(
        concat!(attached_sql!(), in_schools!(sqlite "t.school_id" "$5"), " ORDER BY t.number LIMIT $6"),
        concat!(attached_sql!(), in_schools!(postgres "t.school_id" "$5"), " ORDER BY t.number LIMIT $6"),
    );
    let rows: Vec<(Uuid,)> = tx
        .query(sql)
        .bind(area.municipality())
        .bind(incident)
        .bind(i64::from(State::Closed.to_number()))
        .bind(under(request))
        .bind(area.schools_json())
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What is read of tickets that are attached to an incident.
macro_rules! attached_sql {
    () => {
        "SELECT t.ticket_id FROM ticket t
         WHERE t.municipality_id = $1 AND t.incident_id = $2 AND t.state <> $3 AND t.merged_into IS NULL
             AND NOT EXISTS (SELECT 1 FROM ticket_event e WHERE e.municipality_id = t.municipality_id
                 AND e.ticket_id = t.ticket_id AND e.details LIKE $4) AND "
    };
}
use attached_sql;

/// How the details of what was done under a request look.
fn under(request: Uuid) -> String {
    format!(r#"%"request_id":"{request}"%"#)
}

/// Whether something was done with a ticket under a request.
pub(in crate::tickets) async fn has_done(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
    request: Uuid,
) -> Result<bool> {
    let (count,): (i64,) = tx
        .query("SELECT COUNT(*) FROM ticket_event WHERE municipality_id = $1 AND ticket_id = $2 AND details LIKE $3")
        .bind(owner)
        .bind(ticket)
        .bind(under(request))
        .one()
        .await?;
    Ok(count > 0)
}

/// Tickets of an owner that went into another, the oldest first.
pub(super) async fn merged_into(tx: &mut Tx, owner: MunicipalityId, into: TicketId) -> Result<Vec<TicketRow>> {
    let sql = concat!(
        columns!(),
        "WHERE t.municipality_id = $1 AND t.merged_into = $2 ORDER BY t.created_at, t.ticket_id LIMIT 100"
    );
    tx.query(sql).bind(owner).bind(into).all().await
}

/// Writes behind what happened to a ticket so far. The ticket's own row was written in this transaction, so no other comes between.
pub(in crate::tickets) async fn append(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
    event: &EventRow,
) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_event (municipality_id, ticket_id, number, kind, happened_at, actor_id, actor_name, is_for_caller,
             body, details)
         SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9
         FROM ticket_event WHERE municipality_id = $1 AND ticket_id = $2",
    )
    .bind(owner)
    .bind(ticket)
    .bind(i64::from(event.kind))
    .bind(event.happened_at)
    .bind(event.actor_id)
    .bind(event.actor_name.as_str())
    .bind(event.is_for_caller)
    .bind(event.body.as_str())
    .bind(event.details.as_str())
    .execute()
    .await?;
    Ok(())
}

/// The newest of what happened to a ticket, oldest first.
pub(in crate::tickets) async fn events(tx: &mut Tx, owner: MunicipalityId, ticket: TicketId) -> Result<Vec<EventRow>> {
    let mut rows: Vec<EventRow> = tx
        .query(
            "SELECT number, kind, happened_at, actor_id, actor_name, is_for_caller, body, details FROM ticket_event
             WHERE municipality_id = $1 AND ticket_id = $2 ORDER BY number DESC LIMIT 500",
        )
        .bind(owner)
        .bind(ticket)
        .all()
        .await?;
    rows.reverse();
    Ok(rows)
}

/// What owners promised so far: of each, day after day.
pub(super) async fn promises_of(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<(Uuid, String, String)>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, valid_from, policy FROM ticket_promise WHERE",
        "municipality_id",
        "$1",
        "ORDER BY municipality_id, valid_from LIMIT 100000"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(owners)?).all().await
}

/// Writes what an owner promises from a day on, in place of what it said for that day before.
pub(super) async fn set_promise(
    tx: &mut Tx,
    owner: MunicipalityId,
    valid_from: &str,
    policy: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_promise (municipality_id, valid_from, policy, recorded_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (municipality_id, valid_from) DO UPDATE SET policy = $3, recorded_at = $4",
    )
    .bind(owner)
    .bind(valid_from)
    .bind(policy)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}
