//! SQL that reads across features, for pages of staff.

pub(super) mod count;
pub(super) mod figures;
pub(super) mod list;
pub mod registry;

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, among_sql, in_schools, rows_json},
    devices::rules::DeviceKey,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// A device with what it reported.
#[derive(Debug, Clone, FromRow)]
pub(super) struct DeviceViewRow {
    pub municipality_id: Uuid,
    pub municipality_code: String,
    pub municipality_name: String,
    pub device_id: Uuid,
    pub school_id: Option<Uuid>,
    pub school_name: Option<String>,
    pub forked_from_device_id: Option<Uuid>,
    pub enrolled_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub version: i64,
    pub sequence: i64,
    pub report_count: i64,
    pub transition_count: i64,
    pub received_at: Option<i64>,
    pub seen_at: Option<i64>,
    pub clock_skew_ms: Option<i64>,
    pub certificate_expires_at: Option<i64>,
    #[sqlx(flatten)]
    pub facts: FactsColumns,
    #[sqlx(flatten)]
    pub status: StatusColumns,
}

#[derive(Debug, Clone, FromRow)]
pub(super) struct FactsColumns {
    pub maker: Option<String>,
    pub model: Option<String>,
    pub serial_number: Option<String>,
    pub board_uuid: Option<String>,
    pub os_kind: Option<i16>,
    pub os_name: Option<String>,
    pub os_version: Option<String>,
    pub kernel_version: Option<String>,
    pub cpu_model: Option<String>,
    pub cpu_count: Option<i64>,
    pub memory_bytes: Option<i64>,
    pub storage_bytes: Option<i64>,
    pub mac_hashes: Option<Vec<u8>>,
    pub agent_version: Option<String>,
}

#[derive(Debug, Clone, FromRow)]
pub(super) struct StatusColumns {
    pub charge_percent: Option<i64>,
    pub health_percent: Option<i64>,
    pub cycle_count: Option<i64>,
    pub charging: Option<bool>,
    pub battery_at: Option<i64>,
    pub storage_free_bytes: Option<i64>,
    pub storage_at: Option<i64>,
    pub memory_used_percent: Option<i64>,
    pub memory_stall_percent: Option<i64>,
    pub memory_at: Option<i64>,
    pub boot_time_ms: Option<i64>,
    pub boot_count: Option<i64>,
    pub boot_at: Option<i64>,
    pub ssid: Option<String>,
    pub bssid: Option<Vec<u8>>,
    pub rssi_dbm: Option<i64>,
    pub receive_kbps: Option<i64>,
    pub transmit_kbps: Option<i64>,
    pub wifi_at: Option<i64>,
    pub link: Option<i16>,
    pub gateway: Option<String>,
    pub gateway_hash: Option<Vec<u8>>,
    pub network_at: Option<i64>,
}

macro_rules! device_view {
    ($($rest:tt)+) => {
        concat!(
            "SELECT d.municipality_id, m.code AS municipality_code, m.name AS municipality_name, d.device_id, d.school_id,
                 s.name AS school_name, d.forked_from_device_id, d.enrolled_at, d.revoked_at, d.version,
                 COALESCE(c.sequence, 0) AS sequence, COALESCE(c.report_count, 0) AS report_count,
                 COALESCE(c.transition_count, 0) AS transition_count, c.received_at, c.seen_at, c.clock_skew_ms,
                 x.expires_at AS certificate_expires_at,
                 f.maker, f.model, f.serial_number, f.board_uuid, f.os_kind, f.os_name, f.os_version, f.kernel_version,
                 f.cpu_model, f.cpu_count, f.memory_bytes, f.storage_bytes, f.mac_hashes, f.agent_version,
                 t.charge_percent, t.health_percent, t.cycle_count, t.charging, t.battery_at, t.storage_free_bytes,
                 t.storage_at, t.memory_used_percent, t.memory_stall_percent, t.memory_at, t.boot_time_ms, t.boot_count,
                 t.boot_at, t.ssid, t.bssid, t.rssi_dbm, t.receive_kbps, t.transmit_kbps, t.wifi_at, t.link, t.gateway,
                 t.gateway_hash, t.network_at
             FROM device d
             JOIN municipality m ON m.municipality_id = d.municipality_id
             LEFT JOIN checkin_cursor c ON c.municipality_id = d.municipality_id AND c.device_id = d.device_id
             LEFT JOIN school s ON s.municipality_id = d.municipality_id AND s.school_id = d.school_id
             LEFT JOIN device_certificate x ON x.municipality_id = d.municipality_id AND x.device_id = d.device_id
                 AND x.certificate_serial = c.certificate_serial
             LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
             LEFT JOIN device_status t ON t.municipality_id = d.municipality_id AND t.device_id = d.device_id ",
            $($rest)+
        )
    };
}

pub(super) async fn find_device_view(tx: &mut Tx, key: DeviceKey) -> Result<Option<DeviceViewRow>> {
    tx.query(device_view!("WHERE d.municipality_id = $1 AND d.device_id = $2"))
        .bind(key.municipality)
        .bind(key.device)
        .optional()
        .await
}

/// These devices of an owner, in no order. As an array PostgreSQL looks each up by its key; joined with, they make it read
/// all of the owner.
pub(super) async fn find_device_views(
    tx: &mut Tx,
    municipality: MunicipalityId,
    devices: &[Uuid],
) -> Result<Vec<DeviceViewRow>> {
    let sql = tx.by_engine(
        device_view!("WHERE d.municipality_id = $1 AND d.device_id IN (SELECT unhex(value, '-') FROM json_each($2))"),
        device_view!(
            "WHERE d.municipality_id = $1 AND d.device_id = ANY (ARRAY(SELECT CAST(value AS UUID)
                 FROM jsonb_array_elements_text(CAST(CAST($2 AS TEXT) AS JSONB))))"
        ),
    );
    tx.query(sql).bind(municipality).bind(rows_json(devices)?).all().await
}

/// Open reviews of these devices of an owner: device and reason.
pub(super) async fn open_reviews(
    tx: &mut Tx,
    municipality: MunicipalityId,
    devices: &[Uuid],
) -> Result<Vec<(Uuid, i16)>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT device_id, reason FROM identity_review WHERE municipality_id = $1 AND",
        "device_id",
        "$2",
        "AND closed_at IS NULL ORDER BY device_id, reason"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(municipality).bind(rows_json(devices)?).all().await
}

/// Devices of an area after an id, in the order of ids; of one school if one is named.
pub(super) async fn list_device_views(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<DeviceViewRow>> {
    let sql = tx.by_engine(
        device_view!(
            "WHERE d.municipality_id = $1 AND d.device_id > $2 AND ($3 IS NULL OR d.school_id = $3) AND ",
            in_schools!(sqlite "d.school_id" "$4"),
            " AND d.merged_into_device_id IS NULL ORDER BY d.device_id LIMIT $5"
        ),
        device_view!(
            "WHERE d.municipality_id = $1 AND d.device_id > $2 AND ($3 IS NULL OR d.school_id = $3) AND ",
            in_schools!(postgres "d.school_id" "$4"),
            " AND d.merged_into_device_id IS NULL ORDER BY d.device_id LIMIT $5"
        ),
    );
    tx.query(sql)
        .bind(area.municipality())
        .bind(after)
        .bind(school.map(|s| s.0))
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}
