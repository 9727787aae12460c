//! SQL of figures.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, in_schools},
    error::Result,
};

/// What is read of a ticket for figures.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct CountedRow {
    pub ticket_id: Uuid,
    pub school_id: Option<Uuid>,
    pub category: i16,
    pub priority: i16,
    pub state: i16,
    pub waiting_on: Option<i16>,
    pub merged_into: Option<Uuid>,
    pub created_at: i64,
    pub life: String,
}

macro_rules! came_sql {
    () => {
        "SELECT t.ticket_id, t.school_id, t.category, t.priority, t.state, t.waiting_on, t.merged_into, t.created_at, t.life
         FROM ticket t
         WHERE t.municipality_id = $1 AND (t.created_at, t.ticket_id) > ($2, $3) AND t.created_at < $4 AND "
    };
}

/// Tickets of an area that came in before a moment, behind one, the first first.
pub(in crate::tickets) async fn came(
    tx: &mut Tx,
    area: &Area,
    behind: (i64, Uuid),
    before: i64,
    limit: i64,
) -> Result<Vec<CountedRow>> {
    let sql = tx.by_engine(
        concat!(came_sql!(), in_schools!(sqlite "t.school_id" "$5"), " ORDER BY t.created_at, t.ticket_id LIMIT $6"),
        concat!(came_sql!(), in_schools!(postgres "t.school_id" "$5"), " ORDER BY t.created_at, t.ticket_id LIMIT $6"),
    );
    let query = tx.query(sql).bind(area.municipality()).bind(behind.0).bind(behind.1).bind(before);
    query.bind(area.schools_json()).bind(limit).all().await
}
