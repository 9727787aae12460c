//! SQL of the queue: the next to do of one owner, or what was done last.

use uuid::Uuid;

use super::{TicketRow, columns};
use crate::{
    access::rules::Area,
    db::{Tx, in_schools},
    error::Result,
};

/// Which tickets a list of the database shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::tickets) struct Which {
    /// Those that left the queue, the last first, instead of those in it.
    pub done: bool,
    /// Numbers of states as a JSON list; none for all.
    pub states: Option<String>,
    /// Numbers of categories as a JSON list; none for all.
    pub categories: Option<String>,
    /// Numbers of priorities as a JSON list; none for all.
    pub priorities: Option<String>,
    /// That came in at this moment or before.
    pub created_until: Option<i64>,
    /// Of this person.
    pub assignee: Option<Uuid>,
    /// Of nobody.
    pub unassigned: bool,
    /// Of this school.
    pub school: Option<Uuid>,
    /// Of this incident.
    pub incident: Option<Uuid>,
}

/// Behind which ticket a page begins: its place in the list and its id.
pub type Behind = (i64, Uuid);

/// The two statements for one way to enter the list. A condition that chooses few has its own index, which a condition that
/// may be absent would hide.
macro_rules! queue_sql {
    ($done:literal, $few:literal) => {
        (
            concat!(
                columns!(),
                "WHERE t.municipality_id = $1 AND t.done_at IS ",
                $done,
                " AND (t.queue_key, t.ticket_id) > ($2, $3)",
                " AND (CAST($4 AS TEXT) IS NULL OR t.state IN (SELECT value FROM json_each($4)))",
                " AND (CAST($5 AS TEXT) IS NULL OR t.category IN (SELECT value FROM json_each($5)))",
                " AND ($6 = 0 OR t.assignee_id IS NULL)",
                " AND (CAST($12 AS TEXT) IS NULL OR t.priority IN (SELECT value FROM json_each($12)))",
                " AND ($13 IS NULL OR t.created_at <= $13) AND",
                in_schools!(sqlite "t.school_id" "$7"),
                "AND ($9 IS NULL OR t.assignee_id = $9) AND ($10 IS NULL OR t.school_id = $10)",
                " AND ($11 IS NULL OR t.incident_id = $11) ",
                $few,
                " ORDER BY t.queue_key, t.ticket_id LIMIT $8"
            ),
            concat!(
                columns!(),
                "WHERE t.municipality_id = $1 AND t.done_at IS ",
                $done,
                " AND (t.queue_key, t.ticket_id) > ($2, $3)",
                " AND (CAST($4 AS TEXT) IS NULL OR t.state IN
                     (SELECT CAST(value AS SMALLINT) FROM jsonb_array_elements_text(CAST(CAST($4 AS TEXT) AS JSONB))))",
                " AND (CAST($5 AS TEXT) IS NULL OR t.category IN
                     (SELECT CAST(value AS SMALLINT) FROM jsonb_array_elements_text(CAST(CAST($5 AS TEXT) AS JSONB))))",
                " AND (CAST($6 AS BIGINT) = 0 OR t.assignee_id IS NULL)",
                " AND (CAST($12 AS TEXT) IS NULL OR t.priority IN
                     (SELECT CAST(value AS SMALLINT) FROM jsonb_array_elements_text(CAST(CAST($12 AS TEXT) AS JSONB))))",
                " AND (CAST($13 AS BIGINT) IS NULL OR t.created_at <= $13) AND",
                in_schools!(postgres "t.school_id" "$7"),
                "AND (CAST($9 AS UUID) IS NULL OR t.assignee_id = $9) AND (CAST($10 AS UUID) IS NULL OR t.school_id = $10)",
                " AND (CAST($11 AS UUID) IS NULL OR t.incident_id = $11) ",
                $few,
                " ORDER BY t.queue_key, t.ticket_id LIMIT $8"
            ),
        )
    };
}

/// A page of an area's tickets behind a position.
pub(in crate::tickets) async fn queue(
    tx: &mut Tx,
    area: &Area,
    which: &Which,
    behind: Behind,
    limit: i64,
) -> Result<Vec<TicketRow>> {
    let (sqlite, postgres) = match (which.done, which.incident, which.assignee, which.school) {
        (false, Some(_), _, _) => queue_sql!("NULL", "AND t.incident_id = $11"),
        (false, None, Some(_), _) => queue_sql!("NULL", "AND t.assignee_id = $9"),
        (false, None, None, Some(_)) => queue_sql!("NULL", "AND t.school_id = $10"),
        (false, None, None, None) => queue_sql!("NULL", ""),
        (true, Some(_), _, _) => queue_sql!("NOT NULL", "AND t.incident_id = $11"),
        (true, None, Some(_), _) => queue_sql!("NOT NULL", "AND t.assignee_id = $9"),
        (true, None, None, Some(_)) => queue_sql!("NOT NULL", "AND t.school_id = $10"),
        (true, None, None, None) => queue_sql!("NOT NULL", ""),
    };
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(behind.0)
        .bind(behind.1)
        .bind(which.states.clone())
        .bind(which.categories.clone())
        .bind(i64::from(which.unassigned))
        .bind(area.schools_json())
        .bind(limit)
        .bind(which.assignee)
        .bind(which.school)
        .bind(which.incident)
        .bind(which.priorities.clone())
        .bind(which.created_until)
        .all()
        .await
}
