//! SQL of attachments.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::rules::AttachmentId;
use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::TicketId,
};

/// An attachment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AttachmentRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its id.
    pub attachment_id: Uuid,
    /// Which of the things that happened to the ticket brought it.
    pub event_number: i64,
    /// Its name.
    pub name: String,
    /// Number of the kind.
    pub kind: i16,
    /// Bytes of what is kept.
    pub bytes: i64,
    /// Of a picture, in pixels; 0 otherwise.
    pub width: i64,
    /// The same.
    pub height: i64,
    /// Of what is kept, in lower case hex.
    pub sha256: String,
    /// Which person or token attached it.
    pub actor_id: Option<Uuid>,
    /// Its name.
    pub actor_name: String,
    /// Whether the caller may see it.
    pub is_for_caller: bool,
    /// When it came.
    pub created_at: i64,
    /// When it was removed.
    pub removed_at: Option<i64>,
}

/// What `SELECT` names for an [`AttachmentRow`].
macro_rules! columns {
    () => {
        "SELECT municipality_id, ticket_id, attachment_id, event_number, name, kind, bytes, width, height, sha256, actor_id,
            actor_name, is_for_caller, created_at, removed_at
        FROM ticket_attachment "
    };
}

/// Attachments of a ticket that were not removed, the oldest first.
pub(in crate::tickets) async fn of_ticket(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
) -> Result<Vec<AttachmentRow>> {
    let sql = concat!(
        columns!(),
        "WHERE municipality_id = $1 AND ticket_id = $2 AND removed_at IS NULL ORDER BY event_number LIMIT 100"
    );
    tx.query(sql).bind(owner).bind(ticket).all().await
}

/// Writes an attachment, beside the newest of what happened to its ticket.
pub(super) async fn insert(tx: &mut Tx, row: &AttachmentRow) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_attachment (municipality_id, ticket_id, attachment_id, event_number, name, kind, bytes, width,
             height, sha256, actor_id, actor_name, is_for_caller, created_at)
         SELECT $1, $2, $3, MAX(number), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
         FROM ticket_event WHERE municipality_id = $1 AND ticket_id = $2",
    )
    .bind(row.municipality_id)
    .bind(row.ticket_id)
    .bind(row.attachment_id)
    .bind(row.name.as_str())
    .bind(i64::from(row.kind))
    .bind(row.bytes)
    .bind(row.width)
    .bind(row.height)
    .bind(row.sha256.as_str())
    .bind(row.actor_id)
    .bind(row.actor_name.as_str())
    .bind(row.is_for_caller)
    .bind(row.created_at)
    .execute()
    .await?;
    Ok(())
}

/// Notes that an attachment is removed; false if it was before.
pub(super) async fn remove(
    tx: &mut Tx,
    (owner, ticket): (MunicipalityId, TicketId),
    attachment: AttachmentId,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE ticket_attachment SET removed_at = $4
             WHERE municipality_id = $1 AND ticket_id = $2 AND attachment_id = $3 AND removed_at IS NULL",
        )
        .bind(owner)
        .bind(ticket)
        .bind(attachment)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// An object, as a statement looks for its row.
#[derive(Serialize)]
struct Object {
    municipality_id: Uuid,
    attachment_id: Uuid,
}

/// Which of these objects have a row, and when it was removed.
pub(super) async fn known(
    tx: &mut Tx,
    objects: &[(MunicipalityId, AttachmentId)],
) -> Result<Vec<(Uuid, Uuid, Option<i64>)>> {
    let object =
        |(owner, id): &(MunicipalityId, AttachmentId)| Object { municipality_id: owner.0, attachment_id: id.0 };
    let objects: Vec<_> = objects.iter().map(object).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT a.municipality_id, a.attachment_id, a.removed_at FROM",
        [municipality_id uuid, attachment_id uuid],
        "JOIN ticket_attachment a ON a.municipality_id = i.municipality_id AND a.attachment_id = i.attachment_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&objects)?).all().await
}
