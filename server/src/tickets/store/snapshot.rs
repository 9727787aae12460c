//! What is known of a device when a ticket about it comes in, and now.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{checkin::store::heard_at, db::Tx, devices::rules::DeviceKey, error::Result};

/// What the device said of itself last, and when. What a ticket of an earlier version did not keep is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::tickets) struct SaidRow {
    /// Of its last report, in microseconds.
    pub seen_at: Option<i64>,
    pub model: Option<String>,
    pub os_kind: Option<i16>,
    pub os_version: Option<String>,
    pub charge_percent: Option<i64>,
    pub health_percent: Option<i64>,
    pub storage_bytes: Option<i64>,
    pub storage_free_bytes: Option<i64>,
    pub link: Option<i16>,
    pub ssid: Option<String>,
    pub rssi_dbm: Option<i64>,
    /// By the registry.
    pub lifecycle: Option<i16>,
}

/// What a device said of itself last.
pub(in crate::tickets) async fn said(tx: &mut Tx, key: DeviceKey) -> Result<Option<SaidRow>> {
    tx.query(concat!(
        "SELECT ",
        heard_at!(),
        " AS seen_at, COALESCE(f.model, d.model) AS model,
             CASE WHEN f.os_version IS NULL THEN d.os_kind ELSE f.os_kind END AS os_kind,
             f.os_version, t.charge_percent, t.health_percent, f.storage_bytes, t.storage_free_bytes, t.link, t.ssid,
             t.rssi_dbm, d.lifecycle
         FROM device d
         LEFT JOIN checkin_cursor c ON c.municipality_id = d.municipality_id AND c.device_id = d.device_id
         LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
         LEFT JOIN device_status t ON t.municipality_id = d.municipality_id AND t.device_id = d.device_id
         WHERE d.municipality_id = $1 AND d.device_id = $2",
    ))
    .bind(key.municipality)
    .bind(key.device)
    .optional()
    .await
}

/// Something that a device said of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(in crate::tickets) struct CheckedRow {
    /// Number of the kind of transition.
    pub kind: i16,
    /// Number of the layer that was checked.
    pub layer: Option<i16>,
    /// Number of the target that was checked.
    pub target: Option<i64>,
    /// Number of how the check ended.
    pub outcome: Option<i16>,
}

/// The last that a device's agent said in its present run, the last first.
pub(in crate::tickets) async fn checked(tx: &mut Tx, key: DeviceKey) -> Result<Vec<CheckedRow>> {
    tx.query(
        "SELECT t.kind, t.layer, t.target, t.outcome
         FROM checkin_cursor c JOIN device_transition t
             ON t.municipality_id = c.municipality_id AND t.device_id = c.device_id AND t.run_id = c.run_id
         WHERE c.municipality_id = $1 AND c.device_id = $2
         ORDER BY t.number DESC LIMIT 100",
    )
    .bind(key.municipality)
    .bind(key.device)
    .all()
    .await
}
