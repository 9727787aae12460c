//! SQL of the account at the end of a simulated day: what was counted of each device, and how large things became.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{db::Tx, error::Result};

/// What the server counted of a device.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(super) struct CountedRow {
    pub device_id: Uuid,
    pub report_count: i64,
    pub transition_count: i64,
}

/// What the server counted, of all devices that enrolled.
pub(super) async fn counted(tx: &mut Tx) -> Result<Vec<CountedRow>> {
    tx.query("SELECT device_id, report_count, transition_count FROM checkin_cursor").all().await
}

/// Transitions that are stored, of all devices.
pub(super) async fn stored_transitions(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.query("SELECT COUNT(*) FROM device_transition").one().await?;
    Ok(count)
}

/// Bytes of the whole database. SQLite only, as the simulated server is.
pub(super) async fn database_bytes(tx: &mut Tx) -> Result<i64> {
    let (bytes,): (i64,) =
        tx.query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").one().await?;
    Ok(bytes)
}

/// Bytes of the pages that hold roll-ups and their indexes. SQLite only.
pub(super) async fn rollup_bytes(tx: &mut Tx) -> Result<i64> {
    let (bytes,): (i64,) = tx
        .query(
            "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat
             WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'network_rollup')",
        )
        .one()
        .await?;
    Ok(bytes)
}
