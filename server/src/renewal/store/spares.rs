//! SQL of spares: devices by where they are in their life, and repairs with how long they took, of many owners at once.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, among_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// Most repairs from which times are taken.
const REPAIRS_MOST: i64 = 1_000_000;

/// Devices of a place that are at one point of their life.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct CountRow {
    pub municipality_id: Uuid,
    /// The nil one for those of no school.
    pub school_id: Uuid,
    pub lifecycle: i16,
    pub devices: i64,
}

/// A repair.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct RepairRow {
    pub municipality_id: Uuid,
    pub device_id: Uuid,
    pub started_at: i64,
    pub ended_at: Option<i64>,
}

fn ids(areas: &[Area]) -> Result<String> {
    rows_json(&areas.iter().map(Area::municipality).collect::<Vec<_>>())
}

/// Devices of whole owners by school and where they are in their life, as they are counted all along.
pub(in crate::renewal) async fn by_lifecycle(tx: &mut Tx, areas: &[Area]) -> Result<Vec<CountRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, school_id, lifecycle, CAST(SUM(device_count) AS BIGINT) AS devices FROM device_count WHERE",
        "municipality_id",
        "$1",
        "GROUP BY municipality_id, school_id, lifecycle HAVING SUM(device_count) > 0
         ORDER BY municipality_id, school_id, lifecycle"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(ids(areas)?).all().await
}

/// Repairs of whole owners that go on or began since a time, the newest first.
pub(in crate::renewal) async fn repairs(tx: &mut Tx, areas: &[Area], since: i64) -> Result<Vec<RepairRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, device_id, started_at, ended_at FROM ticket_repair WHERE",
        "municipality_id",
        "$1",
        "AND (ended_at IS NULL OR started_at >= $2) ORDER BY started_at DESC, municipality_id, repair_id LIMIT $3"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(ids(areas)?).bind(since).bind(REPAIRS_MOST).all().await
}

/// Schools of an owner with their names.
pub(in crate::renewal) async fn schools(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<(Uuid, String)>> {
    tx.query("SELECT school_id, name FROM school WHERE municipality_id = $1 ORDER BY school_id LIMIT 10000")
        .bind(owner)
        .all()
        .await
}
