//! SQL of tickets that may be of the same thing: of a device, of a school, or some that are named. What is read of texts is what
//! everybody who sees the ticket may read.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, area_sql, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// A ticket that may be of the same thing.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct CandidateRow {
    pub ticket_id: Uuid,
    pub number: i64,
    pub category: i16,
    pub device_id: Option<Uuid>,
    pub school_id: Option<Uuid>,
    pub room: String,
    pub incident_id: Option<Uuid>,
    pub created_at: i64,
    pub done_at: Option<i64>,
    /// The beginning of what is written in it for the caller, folded.
    pub folded: Option<String>,
}

/// What `SELECT` names for a [`CandidateRow`]; a ticket has one text with the caller's bit.
macro_rules! candidates {
    ($from:literal) => {
        concat!(
            "SELECT t.ticket_id, t.number, t.category, t.device_id, t.school_id, t.room, t.incident_id, t.created_at, t.done_at,
                 SUBSTR(x.folded, 1, 600) AS folded FROM ",
            $from,
            " LEFT JOIN ticket_text x ON x.municipality_id = t.municipality_id AND x.ticket_id = t.ticket_id
                 AND x.audience IN (1, 3) "
        )
    };
}

/// Tickets of a device within an area that came in since a moment, the last first, without those that went into another one.
pub(in crate::tickets) async fn of_device(
    tx: &mut Tx,
    area: &Area,
    device: Uuid,
    since: i64,
    limit: i64,
) -> Result<Vec<CandidateRow>> {
    let (sqlite, postgres) = area_sql!(
        concat!(
            candidates!("ticket t"),
            "WHERE t.municipality_id = $1 AND t.device_id = $2 AND t.created_at >= $3 AND t.merged_into IS NULL AND "
        ),
        "t.school_id",
        "$4",
        " ORDER BY t.created_at DESC, t.ticket_id DESC LIMIT $5"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let query = tx.query(sql).bind(area.municipality()).bind(device).bind(since);
    query.bind(area.schools_json()).bind(limit).all().await
}

/// Tickets of a school that came in since a moment, the last first, without those that went into another one. Whoever asks may see
/// the school's tickets.
pub(in crate::tickets) async fn of_school(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: Uuid,
    since: i64,
    limit: i64,
) -> Result<Vec<CandidateRow>> {
    let sql = concat!(
        candidates!("ticket t"),
        "WHERE t.municipality_id = $1 AND t.school_id = $2 AND t.created_at >= $3 AND t.merged_into IS NULL
         ORDER BY t.created_at DESC, t.ticket_id DESC LIMIT $4"
    );
    tx.query(sql).bind(owner).bind(school).bind(since).bind(limit).all().await
}

/// A ticket, as a statement looks for it.
#[derive(Serialize)]
struct Place {
    municipality_id: Uuid,
    ticket_id: Uuid,
}

/// Tickets of an owner that are named, in no order, without those that went into another one.
pub(in crate::tickets) async fn named(
    tx: &mut Tx,
    owner: MunicipalityId,
    tickets: &[Uuid],
) -> Result<Vec<CandidateRow>> {
    let place = |ticket: &Uuid| Place { municipality_id: owner.0, ticket_id: *ticket };
    let places: Vec<_> = tickets.iter().map(place).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT t.ticket_id, t.number, t.category, t.device_id, t.school_id, t.room, t.incident_id, t.created_at, t.done_at,
             SUBSTR(x.folded, 1, 600) AS folded FROM",
        [municipality_id uuid, ticket_id uuid],
        "JOIN ticket t ON t.municipality_id = i.municipality_id AND t.ticket_id = i.ticket_id
         LEFT JOIN ticket_text x ON x.municipality_id = t.municipality_id AND x.ticket_id = t.ticket_id
             AND x.audience IN (1, 3)
         WHERE t.merged_into IS NULL"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&places)?).all().await
}
