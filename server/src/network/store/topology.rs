//! SQL of what the engine must know of a region: schools, lines, hubs, days, targets.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{db::Tx, error::Result};

/// A school with its first line.
#[derive(Debug, Clone, FromRow)]
pub(in crate::network) struct SchoolLineRow {
    pub municipality_id: Uuid,
    pub school_id: Uuid,
    pub topology: Option<i16>,
    pub isp: Option<String>,
    pub hub_id: Option<Uuid>,
    pub device_count: Option<i64>,
}

/// All open schools with their first line and how many of their devices can report.
pub(in crate::network) async fn schools(tx: &mut Tx) -> Result<Vec<SchoolLineRow>> {
    tx.query(
        "SELECT s.municipality_id, s.school_id, l.topology, l.isp, l.hub_id, f.device_count
         FROM school s
         LEFT JOIN school_line l ON l.municipality_id = s.municipality_id AND l.school_id = s.school_id AND l.line_number = 1
         LEFT JOIN school_figures f ON f.municipality_id = s.municipality_id AND f.school_id = s.school_id
         WHERE s.closed_at IS NULL ORDER BY s.municipality_id, s.school_id LIMIT 100000",
    )
    .all()
    .await
}

/// Hubs: id, kind and provider.
pub(in crate::network) async fn hubs(tx: &mut Tx) -> Result<Vec<(Uuid, i16, String)>> {
    tx.query("SELECT hub_id, kind, isp FROM line_hub ORDER BY hub_id LIMIT 100000").all().await
}

/// Probes: device and school. The purpose stands in the text, so that an index of these few devices serves.
pub(in crate::network) async fn probes(tx: &mut Tx) -> Result<Vec<(Uuid, Uuid)>> {
    let sql = "SELECT device_id, school_id FROM device
               WHERE purpose = 5 AND school_id IS NOT NULL AND merged_into_device_id IS NULL ORDER BY device_id LIMIT 100000";
    tx.query(sql).all().await
}

/// A target of checks as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TargetRow {
    /// Names it in reports.
    pub number: i64,
    /// What people call it.
    pub name: String,
    /// Number of the kind.
    pub kind: i16,
    /// Name or address.
    pub host: String,
    /// Port of TCP.
    pub port: i64,
    /// Whether a TLS handshake must show a certificate of its name.
    pub tls: bool,
    /// Later than this is slow, in milliseconds.
    pub slow_ms: i64,
    /// Connections at once, for the check of sessions.
    pub connections: i64,
    /// Who says so.
    pub source: String,
    /// When it was said.
    pub changed_at: i64,
    /// Changes with every change.
    pub version: i64,
}

/// All targets, by number.
pub(in crate::network) async fn targets(tx: &mut Tx) -> Result<Vec<TargetRow>> {
    tx.query(
        "SELECT number, name, kind, host, port, tls, slow_ms, connections, source, changed_at, version FROM network_target
         ORDER BY number LIMIT 100",
    )
    .all()
    .await
}

/// Says a target anew; false if it has another version than `seen`, which is 0 for a new one.
pub(in crate::network) async fn upsert_target(tx: &mut Tx, row: &TargetRow, seen: i64) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO network_target
                 (number, name, kind, host, port, tls, slow_ms, connections, source, changed_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
             ON CONFLICT (number) DO UPDATE SET name = excluded.name, kind = excluded.kind, host = excluded.host,
                 port = excluded.port, tls = excluded.tls, slow_ms = excluded.slow_ms, connections = excluded.connections,
                 source = excluded.source, changed_at = excluded.changed_at, version = network_target.version + 1
             WHERE network_target.version = $11",
        )
        .bind(row.number)
        .bind(row.name.as_str())
        .bind(i64::from(row.kind))
        .bind(row.host.as_str())
        .bind(row.port)
        .bind(row.tls)
        .bind(row.slow_ms)
        .bind(row.connections)
        .bind(row.source.as_str())
        .bind(row.changed_at)
        .bind(seen)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes a target away; false if there is none.
pub(in crate::network) async fn delete_target(tx: &mut Tx, number: i64) -> Result<bool> {
    Ok(tx.query("DELETE FROM network_target WHERE number = $1").bind(number).execute().await? == 1)
}

/// The name of a hub.
pub(in crate::network) async fn hub_name(tx: &mut Tx, hub: Uuid) -> Result<Option<String>> {
    let found: Option<(String,)> = tx.query("SELECT name FROM line_hub WHERE hub_id = $1").bind(hub).optional().await?;
    Ok(found.map(|(name,)| name))
}

/// Whether a municipality runs a hub.
pub(in crate::network) async fn runs_hub(tx: &mut Tx, operator: Uuid, hub: Uuid) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .query("SELECT CAST(1 AS BIGINT) FROM line_hub WHERE hub_id = $1 AND operator_id = $2")
        .bind(hub)
        .bind(operator)
        .optional()
        .await?;
    Ok(found.is_some())
}
