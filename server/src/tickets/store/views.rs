//! SQL of the lists that people keep.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{access::rules::StaffId, clock::Timestamp, db::Tx, error::Result};

/// A list that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ViewRow {
    /// Its id.
    pub view_id: Uuid,
    /// Who keeps it.
    pub staff_id: Uuid,
    /// Whether all who see tickets see it.
    pub is_shared: bool,
    /// What it is called.
    pub name: String,
    /// Which tickets, as JSON.
    pub filter: String,
}

/// The lists that a person keeps and those that are shared, the oldest first.
pub(in crate::tickets) async fn views(tx: &mut Tx, staff: Option<StaffId>, most: i64) -> Result<Vec<ViewRow>> {
    tx.query(
        "SELECT view_id, staff_id, is_shared, name, filter FROM ticket_view WHERE staff_id = $1 OR is_shared = $2
         ORDER BY created_at, view_id LIMIT $3",
    )
    .bind(staff.map(|staff| staff.0))
    .bind(true)
    .bind(most)
    .all()
    .await
}

/// How many lists a person keeps.
pub(in crate::tickets) async fn count_views(tx: &mut Tx, staff: StaffId) -> Result<i64> {
    let counted = tx.query("SELECT COUNT(*) FROM ticket_view WHERE staff_id = $1").bind(staff).one::<(i64,)>();
    Ok(counted.await?.0)
}

/// Keeps a list; one of this id that the same person keeps becomes this one. False if another person keeps it.
pub(in crate::tickets) async fn put_view(tx: &mut Tx, row: &ViewRow, now: Timestamp) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO ticket_view (view_id, staff_id, is_shared, name, filter, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (view_id) DO UPDATE SET is_shared = $3, name = $4, filter = $5 WHERE ticket_view.staff_id = $2",
        )
        .bind(row.view_id)
        .bind(row.staff_id)
        .bind(row.is_shared)
        .bind(row.name.as_str())
        .bind(row.filter.as_str())
        .bind(now.0)
        .execute()
        .await?;
    Ok(written == 1)
}

/// Keeps a person's list no longer; false if there is none of this id that the person keeps.
pub(in crate::tickets) async fn delete_view(tx: &mut Tx, staff: StaffId, view: Uuid) -> Result<bool> {
    let gone = tx
        .query("DELETE FROM ticket_view WHERE view_id = $1 AND staff_id = $2")
        .bind(view)
        .bind(staff)
        .execute()
        .await?;
    Ok(gone == 1)
}
