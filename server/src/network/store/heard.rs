//! SQL of what was heard from the networks of schools: check-ins in ten seconds, as each server counted them.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// What one server heard from a school in ten seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::network) struct NewHeard {
    pub municipality_id: MunicipalityId,
    pub bucket_at: i64,
    pub school_id: SchoolId,
    pub server_id: Uuid,
    /// JSON: check-ins by access point.
    pub access_points: String,
    /// JSON: probes.
    pub probes: String,
    /// JSON: checks that did not go well.
    pub failing: String,
}

/// The same as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::network) struct HeardRow {
    pub municipality_id: Uuid,
    pub bucket_at: i64,
    pub school_id: Uuid,
    pub access_points: String,
    pub probes: String,
    pub failing: String,
}

/// Writes what this server heard; what it wrote of the same ten seconds before is replaced.
pub(in crate::network) async fn upsert_heard(tx: &mut Tx, rows: &[NewHeard]) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO network_heard (municipality_id, bucket_at, school_id, server_id, access_points, probes, failing)
         SELECT municipality_id, bucket_at, school_id, server_id, access_points, probes, failing FROM",
        [municipality_id uuid, bucket_at int, school_id uuid, server_id uuid, access_points text, probes text,
         failing text],
        "WHERE true ON CONFLICT (municipality_id, bucket_at, school_id, server_id)
         DO UPDATE SET access_points = excluded.access_points, probes = excluded.probes,
             failing = excluded.failing"
    );
    if rows.is_empty() {
        return Ok(0);
    }
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(rows)?).execute().await
}

/// What all servers heard in the buckets after one and up to another, by time and school.
pub(in crate::network) async fn heard_between(tx: &mut Tx, after: i64, through: i64) -> Result<Vec<HeardRow>> {
    tx.query(
        "SELECT municipality_id, bucket_at, school_id, access_points, probes, failing FROM network_heard
         WHERE bucket_at > $1 AND bucket_at <= $2 ORDER BY bucket_at, municipality_id, school_id, server_id",
    )
    .bind(after)
    .bind(through)
    .all()
    .await
}

/// Forgets what was heard before a moment.
pub(in crate::network) async fn forget_heard(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM network_heard WHERE bucket_at < $1").bind(before.0).execute().await
}

/// A transition of a check, in the order in which servers learned it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::network) struct CheckedRow {
    pub municipality_id: Uuid,
    pub device_id: Uuid,
    pub school_id: Option<Uuid>,
    pub occurred_at: i64,
    pub received_at: i64,
    pub bssid: Option<Vec<u8>>,
    /// The access point that the device was on when it happened: the last one that it joined before, in the same run.
    pub joined_bssid: Option<Vec<u8>>,
    pub ssid: Option<String>,
    pub gateway_hash: Option<Vec<u8>>,
    pub layer: i16,
    pub target: i64,
    pub outcome: i16,
    pub error: i16,
}

/// Transitions of checks that arrived from one moment to before another.
pub(in crate::network) async fn checked_between(tx: &mut Tx, from: i64, to: i64) -> Result<Vec<CheckedRow>> {
    tx.query(
        "SELECT t.municipality_id, t.device_id, d.school_id, t.occurred_at, t.received_at, t.bssid, t.ssid, t.gateway_hash, t.layer,
             t.target, t.outcome, t.error,
             (SELECT j.bssid FROM device_transition j
              WHERE j.municipality_id = t.municipality_id AND j.device_id = t.device_id AND j.run_id = t.run_id
                  AND j.occurred_at < t.occurred_at AND j.bssid IS NOT NULL
              ORDER BY j.number DESC LIMIT 1) AS joined_bssid
         FROM device_transition t JOIN device d ON d.municipality_id = t.municipality_id AND d.device_id = t.device_id
         WHERE t.received_at >= $1 AND t.received_at < $2 AND t.layer IS NOT NULL
         ORDER BY t.received_at, t.municipality_id, t.device_id, t.run_id, t.number LIMIT 100000",
    )
    .bind(from)
    .bind(to)
    .all()
    .await
}

/// What all servers heard from the schools of an owner since a moment.
pub(in crate::network) async fn heard_of(
    tx: &mut Tx,
    owner: MunicipalityId,
    since: Timestamp,
) -> Result<Vec<HeardRow>> {
    tx.query(
        "SELECT municipality_id, bucket_at, school_id, access_points, probes, failing FROM network_heard
         WHERE municipality_id = $1 AND bucket_at >= $2 ORDER BY bucket_at, school_id, server_id LIMIT 100000",
    )
    .bind(owner)
    .bind(since.0)
    .all()
    .await
}
