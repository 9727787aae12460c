//! What is known of a device when a ticket about it comes in.

use serde::Serialize;
use sqlx::FromRow;

use crate::{checkin::store::heard_at, db::Tx, devices::rules::DeviceKey, error::Result};

/// What the device said of itself last, and when.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub(in crate::tickets) struct SaidRow {
    /// Of its last report, in microseconds.
    seen_at: Option<i64>,
    os_version: Option<String>,
    charge_percent: Option<i64>,
    health_percent: Option<i64>,
    storage_bytes: Option<i64>,
    storage_free_bytes: Option<i64>,
    ssid: Option<String>,
    rssi_dbm: Option<i64>,
}

/// What a device said of itself last.
pub(in crate::tickets) async fn said(tx: &mut Tx, key: DeviceKey) -> Result<Option<SaidRow>> {
    tx.query(concat!(
        "SELECT ",
        heard_at!(),
        " AS seen_at,
             f.os_version, t.charge_percent, t.health_percent, f.storage_bytes, t.storage_free_bytes, t.ssid,
             t.rssi_dbm
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
