//! SQL of what happened to a device, newest first.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{db::Tx, devices::rules::DeviceKey, error::Result, schools::rules::MunicipalityId};

/// A device and the records that were folded into it, straight or through others; at most 50.
pub async fn records_of(tx: &mut Tx, key: DeviceKey) -> Result<Vec<Uuid>> {
    let rows = tx
        .query(
            "WITH RECURSIVE folded (device_id, depth) AS (
                 SELECT device_id, 0 FROM device WHERE municipality_id = $1 AND device_id = $2
                 UNION ALL
                 SELECT d.device_id, f.depth + 1 FROM folded f
                 JOIN device d ON d.municipality_id = $1 AND d.merged_into_device_id = f.device_id
                 WHERE f.depth < 8
             )
             SELECT device_id FROM folded LIMIT 50",
        )
        .bind(key.municipality)
        .bind(key.device)
        .all::<(Uuid,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// An event as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct EventRow {
    /// The record.
    pub device_id: Uuid,
    /// Its id.
    pub event_id: Uuid,
    /// Number of the kind.
    pub kind: i16,
    /// When.
    pub occurred_at: i64,
    /// Who.
    pub actor_name: String,
    /// JSON.
    pub details: String,
}

/// Events of one record before a time and an id, newest first.
pub async fn list_events(
    tx: &mut Tx,
    owner: MunicipalityId,
    device: Uuid,
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<EventRow>> {
    tx.query(
        "SELECT device_id, event_id, kind, occurred_at, actor_name, details FROM device_event
         WHERE municipality_id = $1 AND device_id = $2 AND (occurred_at, event_id) < ($3, $4)
         ORDER BY occurred_at DESC, event_id DESC LIMIT $5",
    )
    .bind(owner)
    .bind(device)
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .all()
    .await
}

/// A transition as the timeline shows it.
#[derive(Debug, Clone, FromRow)]
pub struct TransitionRow {
    /// The record.
    pub device_id: Uuid,
    /// The run of the agent.
    pub run_id: i64,
    /// Its number in the run.
    pub number: i64,
    /// Number of the kind.
    pub kind: i16,
    /// When.
    pub occurred_at: i64,
    /// Network.
    pub ssid: Option<String>,
}

/// Transitions of one record before a time, a run and a number, newest first.
pub async fn list_transitions(
    tx: &mut Tx,
    owner: MunicipalityId,
    device: Uuid,
    before: (i64, i64, i64),
    limit: i64,
) -> Result<Vec<TransitionRow>> {
    tx.query(
        "SELECT device_id, run_id, number, kind, occurred_at, ssid FROM device_transition
         WHERE municipality_id = $1 AND device_id = $2 AND (occurred_at, run_id, number) < ($3, $4, $5)
         ORDER BY occurred_at DESC, run_id DESC, number DESC LIMIT $6",
    )
    .bind(owner)
    .bind(device)
    .bind(before.0)
    .bind(before.1)
    .bind(before.2)
    .bind(limit)
    .all()
    .await
}
