//! SQL of what tickets do by themselves: which incidents made which, which ones nobody touches, which ones wait to be closed.

use sqlx::FromRow;
use uuid::Uuid;

use super::{TicketRow, columns};
use crate::{
    db::Tx,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::rules::{EventKind, State, TicketId},
};

/// The ticket that an incident made at an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(in crate::tickets) struct MadeRow {
    pub incident_id: Uuid,
    pub ticket_id: Uuid,
    /// When its end was carried to its tickets.
    pub ended_at: Option<i64>,
}

/// Owners with an incident that lasts, or whose end was not carried to its tickets yet.
pub(in crate::tickets) async fn owners(tx: &mut Tx) -> Result<Vec<MunicipalityId>> {
    let rows: Vec<(Uuid,)> = tx
        .query(
            "SELECT municipality_id FROM incident_owner WHERE closed_at IS NULL
             UNION SELECT municipality_id FROM incident_ticket WHERE ended_at IS NULL",
        )
        .all()
        .await?;
    Ok(rows.into_iter().map(|(owner,)| MunicipalityId(owner)).collect())
}

/// Incidents of an owner whose end was not carried to their tickets.
pub(in crate::tickets) async fn lasting(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<MadeRow>> {
    tx.query(
        "SELECT incident_id, ticket_id, ended_at FROM incident_ticket WHERE municipality_id = $1 AND ended_at IS NULL
         ORDER BY incident_id LIMIT 2000",
    )
    .bind(owner)
    .all()
    .await
}

/// What an incident made at an owner.
pub(in crate::tickets) async fn made(tx: &mut Tx, owner: MunicipalityId, incident: Uuid) -> Result<Option<MadeRow>> {
    tx.query(
        "SELECT incident_id, ticket_id, ended_at FROM incident_ticket WHERE municipality_id = $1 AND incident_id = $2",
    )
    .bind(owner)
    .bind(incident)
    .optional()
    .await
}

/// Notes what an incident made, and that it lasts or when its end was carried to its tickets.
pub(in crate::tickets) async fn set_made(tx: &mut Tx, owner: MunicipalityId, row: &MadeRow) -> Result<()> {
    tx.query(
        "INSERT INTO incident_ticket (municipality_id, incident_id, ticket_id, ended_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (municipality_id, incident_id) DO UPDATE SET ended_at = $4",
    )
    .bind(owner)
    .bind(row.incident_id)
    .bind(row.ticket_id)
    .bind(row.ended_at)
    .execute()
    .await?;
    Ok(())
}

/// Tickets of an incident that are resolved, and of which the last that happened was that devices measured it to be over.
pub(in crate::tickets) async fn measured(tx: &mut Tx, owner: MunicipalityId, incident: Uuid) -> Result<Vec<TicketId>> {
    let rows: Vec<(Uuid,)> = tx
        .query(
            "SELECT t.ticket_id FROM ticket t
             JOIN ticket_event e ON e.municipality_id = t.municipality_id AND e.ticket_id = t.ticket_id
             WHERE t.municipality_id = $1 AND t.incident_id = $2 AND t.state = $3 AND t.merged_into IS NULL AND e.kind = $4
                 AND e.number = (SELECT MAX(l.number) FROM ticket_event l
                     WHERE l.municipality_id = t.municipality_id AND l.ticket_id = t.ticket_id)
             ORDER BY t.number",
        )
        .bind(owner)
        .bind(incident)
        .bind(i64::from(State::Resolved.to_number()))
        .bind(i64::from(EventKind::Recovered.to_number()))
        .all()
        .await?;
    Ok(rows.into_iter().map(|(ticket,)| TicketId(ticket)).collect())
}

/// Owners that ever had a ticket.
pub(in crate::tickets) async fn owners_with_tickets(tx: &mut Tx) -> Result<Vec<MunicipalityId>> {
    let rows: Vec<(Uuid,)> =
        tx.query("SELECT municipality_id FROM ticket_counter ORDER BY municipality_id").all().await?;
    Ok(rows.into_iter().map(|(owner,)| MunicipalityId(owner)).collect())
}

/// How many labels of a school have what an incident explains.
pub(in crate::tickets) async fn also(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: SchoolId,
    incident: Uuid,
) -> Result<i64> {
    let (count,): (i64,) = tx
        .query("SELECT COUNT(*) FROM report_also WHERE municipality_id = $1 AND incident_id = $2 AND school_id = $3")
        .bind(owner)
        .bind(incident)
        .bind(school)
        .one()
        .await?;
    Ok(count)
}

/// Tickets of an owner that somebody works on and nobody changed since before a moment, behind one.
pub(in crate::tickets) async fn untouched(
    tx: &mut Tx,
    owner: MunicipalityId,
    before: i64,
    (assignee, queue_key, ticket): (Uuid, i64, Uuid),
    limit: i64,
) -> Result<Vec<TicketRow>> {
    let sql = concat!(
        columns!(),
        "WHERE t.municipality_id = $1 AND t.done_at IS NULL AND t.state = $2 AND t.changed_at <= $3
             AND (t.assignee_id, t.queue_key, t.ticket_id) > ($4, $5, $6)
         ORDER BY t.assignee_id, t.queue_key, t.ticket_id LIMIT $7"
    );
    let in_progress = i64::from(State::InProgress.to_number());
    let query = tx.query(sql).bind(owner).bind(in_progress).bind(before);
    query.bind(assignee).bind(queue_key).bind(ticket).bind(limit).all().await
}

/// Tickets of an owner that are resolved since before a moment, behind one, the first first.
pub(in crate::tickets) async fn resolved(
    tx: &mut Tx,
    owner: MunicipalityId,
    before: i64,
    behind: (i64, Uuid),
    limit: i64,
) -> Result<Vec<TicketRow>> {
    let sql = concat!(
        columns!(),
        "WHERE t.municipality_id = $1 AND t.state = 5 AND t.done_at <= $2 AND (t.done_at, t.ticket_id) > ($3, $4)
             AND t.merged_into IS NULL
         ORDER BY t.done_at, t.ticket_id LIMIT $5"
    );
    tx.query(sql).bind(owner).bind(before).bind(behind.0).bind(behind.1).bind(limit).all().await
}

/// By what the queue of an owner was put in order.
pub(in crate::tickets) async fn terms(tx: &mut Tx, owner: MunicipalityId) -> Result<Option<String>> {
    let row: Option<(String,)> =
        tx.query("SELECT fingerprint FROM ticket_terms WHERE municipality_id = $1").bind(owner).optional().await?;
    Ok(row.map(|(fingerprint,)| fingerprint))
}

/// Notes by what the queue of an owner is in order.
pub(in crate::tickets) async fn set_terms(tx: &mut Tx, owner: MunicipalityId, fingerprint: &str) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_terms (municipality_id, fingerprint) VALUES ($1, $2)
         ON CONFLICT (municipality_id) DO UPDATE SET fingerprint = $2",
    )
    .bind(owner)
    .bind(fingerprint)
    .execute()
    .await?;
    Ok(())
}
