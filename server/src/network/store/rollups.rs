//! SQL of roll-ups: packed cells of a school and a width of time, a row for each server that counted.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// Cells of one school as one server counted them.
#[derive(Debug, Clone, Serialize)]
pub(in crate::network) struct NewRollup {
    pub municipality_id: MunicipalityId,
    pub school_id: SchoolId,
    pub width_s: i64,
    pub bucket_at: i64,
    pub server_id: Uuid,
    /// As `hex_bytes` writes them.
    pub cells: String,
}

/// Writes cells; what the same server wrote of the same time before is replaced.
pub(in crate::network) async fn upsert_rollups(tx: &mut Tx, rows: &[NewRollup]) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO network_rollup (municipality_id, school_id, width_s, bucket_at, server_id, cells)
         SELECT municipality_id, school_id, width_s, bucket_at, server_id, cells FROM",
        [municipality_id uuid, school_id uuid, width_s int, bucket_at int, server_id uuid, cells bytes],
        "WHERE true ON CONFLICT (municipality_id, school_id, width_s, bucket_at, server_id)
         DO UPDATE SET cells = excluded.cells"
    );
    if rows.is_empty() {
        return Ok(0);
    }
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(rows)?).execute().await
}

/// Cells of a school in the buckets of a width from one moment to before another: bucket and cells, by bucket.
pub(in crate::network) async fn school_rollups(
    tx: &mut Tx,
    (municipality, school): (MunicipalityId, SchoolId),
    width_s: i64,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(i64, Vec<u8>)>> {
    tx.query(
        "SELECT bucket_at, cells FROM network_rollup
         WHERE municipality_id = $1 AND school_id = $2 AND width_s = $3 AND bucket_at >= $4 AND bucket_at < $5
         ORDER BY bucket_at, server_id",
    )
    .bind(municipality)
    .bind(school)
    .bind(width_s)
    .bind(from.0)
    .bind(to.0)
    .all()
    .await
}

/// Schools that have cells of a width before a moment, with the bucket of the oldest: what is due to be folded.
pub(in crate::network) async fn schools_to_fold(
    tx: &mut Tx,
    width_s: i64,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, i64)>> {
    tx.query(
        "SELECT municipality_id, school_id, MIN(bucket_at) FROM network_rollup WHERE width_s = $1 AND bucket_at < $2
         GROUP BY municipality_id, school_id ORDER BY municipality_id, school_id LIMIT $3",
    )
    .bind(width_s)
    .bind(before.0)
    .bind(limit)
    .all()
    .await
}

/// Takes away cells of a school and width from one moment to before another.
pub(in crate::network) async fn delete_rollups(
    tx: &mut Tx,
    (municipality, school): (MunicipalityId, SchoolId),
    width_s: i64,
    (from, to): (Timestamp, Timestamp),
) -> Result<u64> {
    tx.query(
        "DELETE FROM network_rollup
         WHERE municipality_id = $1 AND school_id = $2 AND width_s = $3 AND bucket_at >= $4 AND bucket_at < $5",
    )
    .bind(municipality)
    .bind(school)
    .bind(width_s)
    .bind(from.0)
    .bind(to.0)
    .execute()
    .await
}

/// Forgets cells of a width before a moment.
pub(in crate::network) async fn forget_rollups(tx: &mut Tx, width_s: i64, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM network_rollup WHERE width_s = $1 AND bucket_at < $2")
        .bind(width_s)
        .bind(before.0)
        .execute()
        .await
}
