//! SQL of what the health of devices makes of tickets.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    checkin::store::heard_at,
    clock::Timestamp,
    db::{Tx, area_sql},
    devices::rules::fields::Lifecycle,
    error::Result,
    schools::rules::MunicipalityId,
};

/// What is known of a device in use at a school.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct SeenRow {
    pub device_id: Uuid,
    pub school_id: Uuid,
    pub label: Option<String>,
    pub serial_number: Option<String>,
    pub model: Option<String>,
    pub os_kind: i16,
    pub os_version: Option<String>,
    pub seen_at: Option<i64>,
    pub health_percent: Option<i64>,
    pub storage_bytes: Option<i64>,
    pub storage_free_bytes: Option<i64>,
}

/// Devices of an area that are in use at a school, or of which nobody said what they are, behind one.
pub(in crate::tickets) async fn devices(tx: &mut Tx, area: &Area, behind: Uuid, limit: i64) -> Result<Vec<SeenRow>> {
    let (sqlite, postgres) = area_sql!(
        concat!(
            "SELECT d.device_id, d.school_id, d.label, d.serial_number, COALESCE(f.model, d.model) AS model,
             CASE WHEN f.os_version IS NULL THEN d.os_kind ELSE f.os_kind END AS os_kind,
             COALESCE(f.os_version, d.os_version) AS os_version,
             ",
            heard_at!(),
            " AS seen_at,
             CAST(t.health_percent AS BIGINT) AS health_percent,
             f.storage_bytes, t.storage_free_bytes
         FROM device d
         LEFT JOIN checkin_cursor c ON c.municipality_id = d.municipality_id AND c.device_id = d.device_id
         LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
         LEFT JOIN device_status t ON t.municipality_id = d.municipality_id AND t.device_id = d.device_id
         WHERE d.municipality_id = $1 AND d.device_id > $2 AND d.lifecycle IN (0, $3) AND d.school_id IS NOT NULL
             AND d.merged_into_device_id IS NULL AND "
        ),
        "d.school_id",
        "$4",
        " ORDER BY d.device_id LIMIT $5"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(behind)
        .bind(Lifecycle::InUse.to_number())
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// The ticket of a school and a rule.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::tickets) struct MadeRow {
    pub school_id: Uuid,
    pub rule: i16,
    pub ticket_id: Uuid,
    /// JSON list of ids.
    pub devices: String,
    pub cleared_at: Option<i64>,
}

/// What the health of an area's devices made.
pub(in crate::tickets) async fn made(tx: &mut Tx, area: &Area) -> Result<Vec<MadeRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT school_id, rule, ticket_id, devices, cleared_at FROM device_health_ticket WHERE municipality_id = $1 AND ",
        "school_id",
        "$2",
        " ORDER BY school_id, rule LIMIT 20000"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(area.schools_json()).all().await
}

/// Notes the ticket of a school and a rule.
pub(in crate::tickets) async fn set_made(tx: &mut Tx, owner: MunicipalityId, row: &MadeRow) -> Result<()> {
    tx.query(
        "INSERT INTO device_health_ticket (municipality_id, school_id, rule, ticket_id, devices, cleared_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (municipality_id, school_id, rule) DO UPDATE SET ticket_id = $4, devices = $5, cleared_at = $6",
    )
    .bind(owner)
    .bind(row.school_id)
    .bind(i64::from(row.rule))
    .bind(row.ticket_id)
    .bind(row.devices.as_str())
    .bind(row.cleared_at)
    .execute()
    .await?;
    Ok(())
}

/// By what rules an owner wants tickets, as JSON; none where it said nothing.
pub(in crate::tickets) async fn policy(tx: &mut Tx, owner: MunicipalityId) -> Result<Option<String>> {
    let row: Option<(String,)> =
        tx.query("SELECT policy FROM device_health_policy WHERE municipality_id = $1").bind(owner).optional().await?;
    Ok(row.map(|(policy,)| policy))
}

/// Says by what rules an owner wants tickets.
pub(in crate::tickets) async fn set_policy(
    tx: &mut Tx,
    owner: MunicipalityId,
    policy: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO device_health_policy (municipality_id, policy, recorded_at) VALUES ($1, $2, $3)
         ON CONFLICT (municipality_id) DO UPDATE SET policy = $2, recorded_at = $3",
    )
    .bind(owner)
    .bind(policy)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}
