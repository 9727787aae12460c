//! SQL of the tickets in the queue as lists and counts need them: a few figures of each, and how one knows that they changed.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::{TicketRow, columns};
use crate::{
    access::rules::Area,
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::filter::Listed,
};

/// An owner, as a statement looks for it.
#[derive(Serialize)]
struct Owner {
    municipality_id: Uuid,
}

/// A ticket, as a statement looks for it.
#[derive(Serialize)]
struct Place {
    municipality_id: Uuid,
    ticket_id: Uuid,
}

/// How often something changed of the tickets of the owners of these areas; an owner that never had one is missing.
pub(in crate::tickets) async fn revisions(tx: &mut Tx, areas: &[Area]) -> Result<Vec<(Uuid, i64)>> {
    let owners: Vec<_> = areas.iter().map(|area| Owner { municipality_id: area.municipality().0 }).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT c.municipality_id, c.revision FROM",
        [municipality_id uuid],
        "JOIN ticket_counter c ON c.municipality_id = i.municipality_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&owners)?).all().await
}

/// Notes that something changed of the tickets of an owner. Changes of one owner wait for each other from here until their transaction
/// ends, so this comes last but for the audit log, in which they wait for each other too, always after this; and who reads a revision sees all that was done up to it.
pub(in crate::tickets) async fn touch(tx: &mut Tx, owner: MunicipalityId) -> Result<()> {
    tx.query("UPDATE ticket_counter SET revision = revision + 1 WHERE municipality_id = $1")
        .bind(owner)
        .execute()
        .await?;
    Ok(())
}

/// A row of the queue.
#[derive(FromRow)]
struct ListedRow {
    queue_key: i64,
    ticket_id: Uuid,
    school_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    incident_id: Option<Uuid>,
    created_at: i64,
    state: i16,
    waiting_on: Option<i16>,
    category: i16,
    priority: i16,
}

/// All tickets in the queue of an owner, the next to do first.
pub(in crate::tickets) async fn listed(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<Listed>> {
    let rows: Vec<ListedRow> = tx
        .query(
            "SELECT queue_key, ticket_id, school_id, assignee_id, incident_id, created_at, state, waiting_on, category, priority
             FROM ticket WHERE municipality_id = $1 AND done_at IS NULL ORDER BY queue_key, ticket_id",
        )
        .bind(owner)
        .all()
        .await?;
    let listed = |row: ListedRow| Listed {
        queue_key: row.queue_key,
        ticket: row.ticket_id,
        school: row.school_id,
        assignee: row.assignee_id,
        incident: row.incident_id,
        created_at: row.created_at,
        state: row.state,
        waiting_on: row.waiting_on,
        category: row.category,
        priority: row.priority,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Tickets of any owners by their ids, in no order. One that is not there is missing.
pub(in crate::tickets) async fn rows_of(tx: &mut Tx, places: &[(MunicipalityId, Uuid)]) -> Result<Vec<TicketRow>> {
    let place = |(owner, ticket): &(MunicipalityId, Uuid)| Place { municipality_id: owner.0, ticket_id: *ticket };
    let places: Vec<_> = places.iter().map(place).collect();
    let (sqlite, postgres) = batch_sql!(
        concat!(columns!(), "JOIN"),
        [municipality_id uuid, ticket_id uuid],
        "ON t.municipality_id = i.municipality_id AND t.ticket_id = i.ticket_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&places)?).all().await
}
