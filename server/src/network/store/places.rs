//! SQL of where devices are, and of the networks of schools.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, area_sql, batch_sql, rows_json},
    devices::rules::DeviceKey,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// What is stored of a device's network.
#[derive(Debug, Clone, FromRow)]
pub(in crate::network) struct DeviceNetworkRow {
    pub municipality_id: Uuid,
    pub device_id: Uuid,
    pub school_id: Option<Uuid>,
    pub purpose: i16,
    pub ssid: Option<String>,
    pub bssid: Option<Vec<u8>>,
    pub gateway_hash: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct KeyJson {
    municipality_id: MunicipalityId,
    device_id: Uuid,
}

/// The networks that devices are on, as they last said.
pub(in crate::network) async fn device_networks(tx: &mut Tx, keys: &[DeviceKey]) -> Result<Vec<DeviceNetworkRow>> {
    let (sqlite, postgres) = batch_sql!(
        "SELECT d.municipality_id, d.device_id, d.school_id, d.purpose, t.ssid, t.bssid, t.gateway_hash FROM",
        [municipality_id uuid, device_id uuid],
        "JOIN device d ON d.municipality_id = i.municipality_id AND d.device_id = i.device_id
         LEFT JOIN device_status t ON t.municipality_id = i.municipality_id AND t.device_id = i.device_id"
    );
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> =
        keys.iter().map(|key| KeyJson { municipality_id: key.municipality, device_id: key.device.0 }).collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).all().await
}

/// A device that reported lately, and the network that it is on.
#[derive(Debug, Clone, FromRow)]
pub(in crate::network) struct HeardDeviceRow {
    pub device_id: Uuid,
    pub school_id: Uuid,
    pub purpose: i16,
    pub received_at: i64,
    pub ssid: Option<String>,
    pub bssid: Option<Vec<u8>>,
    pub gateway_hash: Option<Vec<u8>>,
}

/// Devices of an owner's schools, or of one of them, that reported since a moment, those that were heard last first.
pub(in crate::network) async fn heard_devices(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: Option<SchoolId>,
    since: Timestamp,
) -> Result<Vec<HeardDeviceRow>> {
    let (first, last) = school.map_or((Uuid::nil(), Uuid::max()), |school| (school.0, school.0));
    tx.query(
        "SELECT d.device_id, d.school_id, d.purpose, c.received_at, t.ssid, t.bssid, t.gateway_hash
         FROM device d JOIN checkin_cursor c ON c.municipality_id = $1 AND c.device_id = d.device_id
         LEFT JOIN device_status t ON t.municipality_id = $1 AND t.device_id = d.device_id
         WHERE d.municipality_id = $1 AND d.school_id >= $2 AND d.school_id <= $3 AND c.received_at >= $4
             AND d.revoked_at IS NULL AND d.merged_into_device_id IS NULL
         ORDER BY c.received_at DESC LIMIT 20000",
    )
    .bind(owner)
    .bind(first)
    .bind(last)
    .bind(since.0)
    .all()
    .await
}

/// What people call a device: its label, or its serial number.
pub(in crate::network) async fn device_name(tx: &mut Tx, key: DeviceKey) -> Result<Option<String>> {
    let row: Option<(Option<String>,)> = tx
        .query("SELECT COALESCE(label, serial_number) FROM device WHERE municipality_id = $1 AND device_id = $2")
        .bind(key.municipality)
        .bind(key.device.0)
        .optional()
        .await?;
    Ok(row.and_then(|(name,)| name))
}

/// By owner how many networks of its schools are known, and since when the newest is.
pub(in crate::network) async fn newest_networks(tx: &mut Tx) -> Result<Vec<(Uuid, i64, i64)>> {
    tx.query(
        "SELECT municipality_id, COUNT(*), MAX(first_seen_at) FROM school_network
         GROUP BY municipality_id ORDER BY municipality_id LIMIT 100000",
    )
    .all()
    .await
}

/// All owners.
pub(in crate::network) async fn owners(tx: &mut Tx) -> Result<Vec<(Uuid,)>> {
    tx.query("SELECT municipality_id FROM municipality ORDER BY municipality_id LIMIT 100000").all().await
}

/// A network of a school as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SchoolNetworkRow {
    /// The school.
    pub school_id: Uuid,
    /// Number of the kind.
    pub kind: i16,
    /// By what it is known.
    pub value: String,
    /// 1 said by a person, 2 learned.
    pub source: i16,
    /// Devices that were seen on it when it was learned.
    pub devices: i64,
    /// When it was learned or said.
    pub first_seen_at: i64,
    /// When it was last learned or said.
    pub last_seen_at: i64,
}

/// All networks of an area's schools, or of one of them.
pub(in crate::network) async fn school_networks(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
) -> Result<Vec<SchoolNetworkRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT school_id, kind, value, source, devices, first_seen_at, last_seen_at FROM school_network
         WHERE municipality_id = $1 AND school_id >= $2 AND school_id <= $3 AND",
        "school_id",
        "$4",
        "ORDER BY school_id, kind, value LIMIT 100000"
    );
    let (first, last) = school.map_or((Uuid::nil(), Uuid::max()), |school| (school.0, school.0));
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(first).bind(last).bind(area.schools_json()).all().await
}

/// All networks of an owner's schools, for background work.
pub(in crate::network) async fn owner_networks(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<SchoolNetworkRow>> {
    tx.query(
        "SELECT school_id, kind, value, source, devices, first_seen_at, last_seen_at FROM school_network
         WHERE municipality_id = $1 ORDER BY school_id, kind, value LIMIT 100000",
    )
    .bind(owner)
    .all()
    .await
}

/// Notes a network by which a school is known. What a person said stays said by a person.
pub(in crate::network) async fn upsert_school_network(
    tx: &mut Tx,
    (municipality, school): (MunicipalityId, SchoolId),
    (kind, value): (i64, &str),
    source: i64,
    devices: i64,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO school_network
             (municipality_id, school_id, kind, value, source, devices, first_seen_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (municipality_id, school_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at,
             devices = excluded.devices,
             source = CASE WHEN school_network.source < excluded.source THEN school_network.source ELSE excluded.source END",
    )
    .bind(municipality)
    .bind(school)
    .bind(kind)
    .bind(value)
    .bind(source)
    .bind(devices)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Takes a network of a school away; false if there is none.
pub(in crate::network) async fn delete_school_network(
    tx: &mut Tx,
    (municipality, school): (MunicipalityId, SchoolId),
    (kind, value): (i64, &str),
) -> Result<bool> {
    let rows = tx
        .query("DELETE FROM school_network WHERE municipality_id = $1 AND school_id = $2 AND kind = $3 AND value = $4")
        .bind(municipality)
        .bind(school)
        .bind(kind)
        .bind(value)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// How many devices that reported since a moment are on a network: of an owner's schools.
#[derive(Debug, Clone, FromRow)]
pub(in crate::network) struct SharedNetworkRow {
    pub school_id: Uuid,
    pub gateway_hash: Option<Vec<u8>>,
    pub bssid: Option<Vec<u8>>,
    pub devices: i64,
}

/// Devices of an owner's schools that reported since a moment, by the network they are on.
pub(in crate::network) async fn shared_networks(
    tx: &mut Tx,
    owner: MunicipalityId,
    since: Timestamp,
) -> Result<Vec<SharedNetworkRow>> {
    tx.query(
        "SELECT d.school_id, t.gateway_hash, t.bssid, COUNT(*) AS devices
         FROM device d JOIN checkin_cursor c ON c.municipality_id = $1 AND c.device_id = d.device_id
         JOIN device_status t ON t.municipality_id = $1 AND t.device_id = d.device_id
         WHERE d.municipality_id = $1 AND d.school_id IS NOT NULL AND c.received_at >= $2
         GROUP BY d.school_id, t.gateway_hash, t.bssid ORDER BY d.school_id",
    )
    .bind(owner)
    .bind(since.0)
    .all()
    .await
}
