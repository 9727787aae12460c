//! SQL of the registry: devices, facts, status, reviews of identity.

pub mod claims;
pub mod identity;
pub mod import;
pub mod timeline;

use gigafleet_proto::v1;
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, hex_bytes, rows_json},
    devices::rules::{DeviceId, DeviceKey},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// A device to be added.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Its key.
    pub key: DeviceKey,
    /// Its school, if the token named one.
    pub school: Option<SchoolId>,
    /// The installation of the agent.
    pub instance: Uuid,
    /// The device it was kept apart from.
    pub forked_from: Option<DeviceId>,
}

/// Adds a device and its look-up.
pub async fn insert_device(tx: &mut Tx, device: &NewDevice, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO device (municipality_id, device_id, school_id, instance_id, forked_from_device_id, created_at, enrolled_at,
             version)
         VALUES ($1, $2, $3, $4, $5, $6, $6, 1)",
    )
    .bind(device.key.municipality)
    .bind(device.key.device)
    .bind(device.school.map(|s| s.0))
    .bind(device.instance)
    .bind(device.forked_from.map(|d| d.0))
    .bind(now.0)
    .execute()
    .await?;
    tx.query("INSERT INTO device_lookup (device_id, municipality_id) VALUES ($1, $2)")
        .bind(device.key.device)
        .bind(device.key.municipality)
        .execute()
        .await?;
    Ok(())
}

/// Makes the next report of a device take the way on which everything is looked at.
pub async fn ask_attention(tx: &mut Tx, key: DeviceKey) -> Result<()> {
    tx.query("UPDATE checkin_cursor SET attention = $3 WHERE municipality_id = $1 AND device_id = $2")
        .bind(key.municipality)
        .bind(key.device)
        .bind(true)
        .execute()
        .await?;
    Ok(())
}

/// The key of a device that is known by its id alone.
pub async fn find_key(tx: &mut Tx, device: DeviceId) -> Result<Option<DeviceKey>> {
    let row = tx
        .query("SELECT municipality_id FROM device_lookup WHERE device_id = $1")
        .bind(device)
        .optional::<(Uuid,)>()
        .await?;
    Ok(row.map(|(municipality,)| DeviceKey { municipality: MunicipalityId(municipality), device }))
}

/// What enrolment and staff need to know of a device.
#[derive(Debug, Clone, FromRow)]
pub struct DeviceRow {
    /// The device.
    pub device_id: Uuid,
    /// Its school.
    pub school_id: Option<Uuid>,
    /// The record it is folded into.
    pub merged_into_device_id: Option<Uuid>,
    /// When its access was ended.
    pub revoked_at: Option<i64>,
    /// Grows with each change of what is shown.
    pub version: i64,
}

/// A device by its key.
pub async fn find_device(tx: &mut Tx, key: DeviceKey) -> Result<Option<DeviceRow>> {
    tx.query(
        "SELECT device_id, school_id, merged_into_device_id, revoked_at, version FROM device
         WHERE municipality_id = $1 AND device_id = $2",
    )
    .bind(key.municipality)
    .bind(key.device)
    .optional()
    .await
}

/// A device by the installation of its agent.
pub async fn find_by_instance(tx: &mut Tx, municipality: MunicipalityId, instance: Uuid) -> Result<Option<DeviceRow>> {
    tx.query(
        "SELECT device_id, school_id, merged_into_device_id, revoked_at, version FROM device
         WHERE municipality_id = $1 AND instance_id = $2",
    )
    .bind(municipality)
    .bind(instance)
    .optional()
    .await
}

/// Ends a device's access if it still has the version that the caller saw. Gives whether a row changed.
pub async fn revoke(tx: &mut Tx, key: DeviceKey, version: i64, reason: &str, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE device SET revoked_at = $4, revoke_reason = $5, version = version + 1
             WHERE municipality_id = $1 AND device_id = $2 AND version = $3",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(version)
        .bind(now.0)
        .bind(reason)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes the next version of a device if it still has the one that the caller saw. Gives whether it had; nobody else
/// changes the device until the transaction ends.
pub async fn take_version(tx: &mut Tx, key: DeviceKey, version: i64) -> Result<bool> {
    let rows = tx
        .query("UPDATE device SET version = version + 1 WHERE municipality_id = $1 AND device_id = $2 AND version = $3")
        .bind(key.municipality)
        .bind(key.device)
        .bind(version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Puts a device on the list for review, or notes that it happened again.
pub async fn open_review(
    tx: &mut Tx,
    key: DeviceKey,
    reason: v1::ReviewReason,
    other: Option<DeviceId>,
    evidence: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO identity_review (municipality_id, device_id, reason, other_device_id, evidence, opened_at, repeated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (municipality_id, device_id, reason)
         DO UPDATE SET repeated_at = excluded.repeated_at, closed_at = NULL,
             other_device_id = COALESCE(excluded.other_device_id, identity_review.other_device_id)",
    )
    .bind(key.municipality)
    .bind(key.device)
    .bind(i64::from(i32::from(reason)))
    .bind(other.map(|d| d.0))
    .bind(evidence)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Clones that one identity may have before a person must look: a classroom that was imaged from one enrolled device.
const SEPARATIONS: i64 = 50;

/// Whether a device was told that it shares its identity, and has not been separated too often.
pub async fn may_separate(tx: &mut Tx, key: DeviceKey) -> Result<bool> {
    let (asked,) = tx
        .query(
            "SELECT COUNT(*) FROM identity_review
             WHERE municipality_id = $1 AND device_id = $2 AND reason IN ($3, $4) AND closed_at IS NULL",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(i64::from(i32::from(v1::ReviewReason::Forked)))
        .bind(i64::from(i32::from(v1::ReviewReason::CertificateSuperseded)))
        .one::<(i64,)>()
        .await?;
    let (separated,) = tx
        .query(
            "SELECT COUNT(*) FROM identity_review WHERE municipality_id = $1 AND other_device_id = $2 AND reason = $3",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(i64::from(i32::from(v1::ReviewReason::Forked)))
        .one::<(i64,)>()
        .await?;
    Ok(asked > 0 && separated < SEPARATIONS)
}

/// Open reviews of a page of devices of one owner: device and reason.
pub async fn open_reviews(
    tx: &mut Tx,
    municipality: MunicipalityId,
    first: DeviceId,
    last: DeviceId,
) -> Result<Vec<(Uuid, i16)>> {
    tx.query(
        "SELECT device_id, reason FROM identity_review
         WHERE municipality_id = $1 AND device_id BETWEEN $2 AND $3 AND closed_at IS NULL ORDER BY device_id, reason",
    )
    .bind(municipality)
    .bind(first)
    .bind(last)
    .all()
    .await
}

#[derive(Serialize)]
struct FactsJson<'a> {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    maker: Option<&'a str>,
    model: Option<&'a str>,
    serial_number: Option<&'a str>,
    board_uuid: Option<&'a str>,
    os_kind: i32,
    os_name: Option<&'a str>,
    os_version: Option<&'a str>,
    kernel_version: Option<&'a str>,
    cpu_model: Option<&'a str>,
    cpu_count: Option<u32>,
    memory_bytes: Option<u64>,
    storage_bytes: Option<u64>,
    mac_hashes: String,
    agent_version: Option<&'a str>,
    recorded_at: i64,
}

/// Stores facts, replacing older ones. At most one entry per device; gives how many rows were written.
pub async fn upsert_facts(tx: &mut Tx, facts: &[(DeviceKey, &v1::Facts)], now: Timestamp) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device_facts (municipality_id, device_id, maker, model, serial_number, board_uuid, os_kind, os_name,
             os_version, kernel_version, cpu_model, cpu_count, memory_bytes, storage_bytes, mac_hashes, agent_version, recorded_at)
         SELECT municipality_id, device_id, maker, model, serial_number, board_uuid, os_kind, os_name, os_version,
             kernel_version, cpu_model, cpu_count, memory_bytes, storage_bytes, mac_hashes, agent_version, recorded_at FROM",
        [
            municipality_id uuid, device_id uuid, maker text, model text, serial_number text, board_uuid text, os_kind int,
            os_name text, os_version text, kernel_version text, cpu_model text, cpu_count int, memory_bytes int,
            storage_bytes int, mac_hashes bytes, agent_version text, recorded_at int,
        ],
        "WHERE true ON CONFLICT (municipality_id, device_id) DO UPDATE SET maker = excluded.maker, model = excluded.model,
             serial_number = excluded.serial_number, board_uuid = excluded.board_uuid, os_kind = excluded.os_kind,
             os_name = excluded.os_name, os_version = excluded.os_version, kernel_version = excluded.kernel_version,
             cpu_model = excluded.cpu_model, cpu_count = excluded.cpu_count, memory_bytes = excluded.memory_bytes,
             storage_bytes = excluded.storage_bytes, mac_hashes = excluded.mac_hashes,
             agent_version = excluded.agent_version, recorded_at = excluded.recorded_at"
    );
    if facts.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = facts
        .iter()
        .map(|(key, facts)| FactsJson {
            municipality_id: key.municipality,
            device_id: key.device,
            maker: facts.maker.as_deref(),
            model: facts.model.as_deref(),
            serial_number: facts.serial_number.as_deref(),
            board_uuid: facts.board_uuid.as_deref(),
            os_kind: facts.os_kind,
            os_name: facts.os_name.as_deref(),
            os_version: facts.os_version.as_deref(),
            kernel_version: facts.kernel_version.as_deref(),
            cpu_model: facts.cpu_model.as_deref(),
            cpu_count: facts.cpu_count,
            memory_bytes: facts.memory_bytes,
            storage_bytes: facts.storage_bytes,
            mac_hashes: hex_bytes(&facts.mac_hashes.concat()),
            agent_version: facts.agent_version.as_deref(),
            recorded_at: now.0,
        })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await
}

#[derive(Serialize, Default)]
struct StatusJson<'a> {
    municipality_id: Uuid,
    device_id: Uuid,
    charge_percent: Option<u32>,
    health_percent: Option<u32>,
    cycle_count: Option<u32>,
    charging: Option<i64>,
    battery_at: Option<i64>,
    storage_free_bytes: Option<u64>,
    storage_at: Option<i64>,
    memory_used_percent: Option<u32>,
    memory_stall_percent: Option<u32>,
    memory_at: Option<i64>,
    boot_time_ms: Option<u64>,
    boot_count: Option<u32>,
    boot_at: Option<i64>,
    ssid: Option<&'a str>,
    bssid: Option<String>,
    rssi_dbm: Option<i32>,
    receive_kbps: Option<u32>,
    transmit_kbps: Option<u32>,
    wifi_at: Option<i64>,
    link: Option<i32>,
    gateway: Option<&'a str>,
    gateway_hash: Option<String>,
    network_at: Option<i64>,
}

/// Stores the parts of the status that are present, each whole, and leaves the others. At most one entry per device;
/// gives how many rows were written.
pub async fn upsert_status(tx: &mut Tx, status: &[(DeviceKey, &v1::Status)], now: Timestamp) -> Result<u64> {
    // A part was reported if its time is there.
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device_status AS s (municipality_id, device_id, charge_percent, health_percent, cycle_count, charging,
             battery_at, storage_free_bytes, storage_at, memory_used_percent, memory_stall_percent, memory_at, boot_time_ms,
             boot_count, boot_at, ssid, bssid, rssi_dbm, receive_kbps, transmit_kbps, wifi_at,
             link, gateway, gateway_hash, network_at)
         SELECT municipality_id, device_id, charge_percent, health_percent, cycle_count, charging = 1, battery_at,
             storage_free_bytes, storage_at, memory_used_percent, memory_stall_percent, memory_at, boot_time_ms,
             boot_count, boot_at, ssid, bssid, rssi_dbm, receive_kbps, transmit_kbps, wifi_at, link,
             gateway, gateway_hash, network_at FROM",
        [
            municipality_id uuid, device_id uuid, charge_percent int, health_percent int, cycle_count int, charging int,
            battery_at int, storage_free_bytes int, storage_at int, memory_used_percent int, memory_stall_percent int,
            memory_at int, boot_time_ms int, boot_count int, boot_at int, ssid text, bssid bytes, rssi_dbm int,
            receive_kbps int, transmit_kbps int, wifi_at int, link int, gateway text, gateway_hash bytes, network_at int,
        ],
        "WHERE true ON CONFLICT (municipality_id, device_id) DO UPDATE SET
             charge_percent = CASE WHEN excluded.battery_at IS NULL THEN s.charge_percent ELSE excluded.charge_percent END,
             health_percent = CASE WHEN excluded.battery_at IS NULL THEN s.health_percent ELSE excluded.health_percent END,
             cycle_count = CASE WHEN excluded.battery_at IS NULL THEN s.cycle_count ELSE excluded.cycle_count END,
             charging = CASE WHEN excluded.battery_at IS NULL THEN s.charging ELSE excluded.charging END,
             battery_at = COALESCE(excluded.battery_at, s.battery_at),
             storage_free_bytes = CASE WHEN excluded.storage_at IS NULL THEN s.storage_free_bytes ELSE excluded.storage_free_bytes END,
             storage_at = COALESCE(excluded.storage_at, s.storage_at),
             memory_used_percent = CASE WHEN excluded.memory_at IS NULL THEN s.memory_used_percent ELSE excluded.memory_used_percent END,
             memory_stall_percent = CASE WHEN excluded.memory_at IS NULL THEN s.memory_stall_percent ELSE excluded.memory_stall_percent END,
             memory_at = COALESCE(excluded.memory_at, s.memory_at),
             boot_time_ms = CASE WHEN excluded.boot_at IS NULL THEN s.boot_time_ms ELSE excluded.boot_time_ms END,
             boot_count = CASE WHEN excluded.boot_at IS NULL THEN s.boot_count ELSE excluded.boot_count END,
             boot_at = COALESCE(excluded.boot_at, s.boot_at),
             ssid = CASE WHEN excluded.wifi_at IS NULL THEN s.ssid ELSE excluded.ssid END,
             bssid = CASE WHEN excluded.wifi_at IS NULL THEN s.bssid ELSE excluded.bssid END,
             rssi_dbm = CASE WHEN excluded.wifi_at IS NULL THEN s.rssi_dbm ELSE excluded.rssi_dbm END,
             receive_kbps = CASE WHEN excluded.wifi_at IS NULL THEN s.receive_kbps ELSE excluded.receive_kbps END,
             transmit_kbps = CASE WHEN excluded.wifi_at IS NULL THEN s.transmit_kbps ELSE excluded.transmit_kbps END,
             wifi_at = COALESCE(excluded.wifi_at, s.wifi_at),
             link = CASE WHEN excluded.network_at IS NULL THEN s.link ELSE excluded.link END,
             gateway = CASE WHEN excluded.network_at IS NULL THEN s.gateway ELSE excluded.gateway END,
             gateway_hash = CASE WHEN excluded.network_at IS NULL THEN s.gateway_hash ELSE excluded.gateway_hash END,
             network_at = COALESCE(excluded.network_at, s.network_at)"
    );
    if status.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = status.iter().map(|(key, status)| status_json(*key, status, now)).collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await
}

fn status_json(key: DeviceKey, status: &v1::Status, now: Timestamp) -> StatusJson<'_> {
    let mut row = StatusJson { municipality_id: key.municipality.0, device_id: key.device.0, ..StatusJson::default() };
    if let Some(battery) = &status.battery {
        row.battery_at = Some(now.0);
        row.charge_percent = battery.charge_percent;
        row.health_percent = battery.health_percent;
        row.cycle_count = battery.cycle_count;
        row.charging = battery.charging.map(i64::from);
    }
    if let Some(storage) = &status.storage {
        row.storage_at = Some(now.0);
        row.storage_free_bytes = storage.free_bytes;
    }
    if let Some(memory) = &status.memory {
        row.memory_at = Some(now.0);
        row.memory_used_percent = memory.used_percent;
        row.memory_stall_percent = memory.stall_percent;
    }
    if let Some(boot) = &status.boot {
        row.boot_at = Some(now.0);
        row.boot_time_ms = boot.boot_time_ms;
        row.boot_count = boot.boot_count;
    }
    if let Some(wifi) = &status.wifi {
        row.wifi_at = Some(now.0);
        row.ssid = wifi.ssid.as_deref();
        row.bssid = wifi.bssid.as_deref().map(hex_bytes);
        row.rssi_dbm = wifi.rssi_dbm;
        row.receive_kbps = wifi.receive_kbps;
        row.transmit_kbps = wifi.transmit_kbps;
    }
    if let Some(network) = &status.network {
        row.network_at = Some(now.0);
        row.link = Some(network.link);
        row.gateway = network.gateway.as_deref();
        row.gateway_hash = network.gateway_hash.as_deref().map(hex_bytes);
    }
    row
}
