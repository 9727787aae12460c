//! SQL of failures: tickets that are some, the time for which devices were in use, alarms.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, area_sql, batch_sql, rows_json},
    devices::rules::{events::EventKind, fields::Lifecycle},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::State,
};

/// A ticket that is a failure, with its device as it is now.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::tickets) struct FailedRow {
    pub ticket_id: Uuid,
    pub created_at: i64,
    pub category: i16,
    pub device_id: Uuid,
    pub school_id: Option<Uuid>,
    pub model: Option<String>,
    pub label: Option<String>,
    pub serial_number: Option<String>,
}

/// Tickets of an owner that are failures and came in before a moment, behind one of them, the first first. What of them lies in an area is
/// for the caller to see to: the page is read by the index of such tickets alone, and then their devices by their keys. A record that was
/// folded into another one counts as that.
pub(in crate::tickets) async fn failed(
    tx: &mut Tx,
    owner: MunicipalityId,
    behind: (i64, Uuid),
    before: i64,
    limit: i64,
) -> Result<Vec<FailedRow>> {
    let query = tx.query(
        "SELECT t.ticket_id, t.created_at, t.category, COALESCE(r.device_id, t.device_id) AS device_id, r.school_id, r.model,
             r.label, r.serial_number
         FROM (
             SELECT municipality_id, ticket_id, created_at, category, device_id FROM ticket
             WHERE municipality_id = $1 AND category <= 5 AND device_id IS NOT NULL
                 AND (created_at, ticket_id) > ($2, $3) AND created_at < $4
                 AND merged_into IS NULL AND incident_id IS NULL AND state > $5
             ORDER BY created_at, ticket_id LIMIT $6
         ) AS t
         LEFT JOIN device d ON d.municipality_id = t.municipality_id AND d.device_id = t.device_id
         LEFT JOIN device r ON r.municipality_id = d.municipality_id
             AND r.device_id = COALESCE(d.merged_into_device_id, d.device_id)
         ORDER BY t.created_at, t.ticket_id",
    );
    let query = query.bind(owner).bind(behind.0).bind(behind.1).bind(before);
    query.bind(i64::from(State::New.to_number())).bind(limit).all().await
}

/// How many devices of a model are in use at a school, and for how many seconds all of them were between two moments.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::tickets) struct InUseRow {
    pub school_id: Option<Uuid>,
    pub model: Option<String>,
    pub devices: i64,
    pub seconds: i64,
}

/// For how long devices of an area were in use between two moments, by school and model. A device is in use from when the registry knows
/// it until it left use last, as far as its history says when that was; one that was never in use is left out. It reads the devices of
/// the owner, which lie together.
pub(in crate::tickets) async fn in_use(tx: &mut Tx, area: &Area, from: i64, until: i64) -> Result<Vec<InUseRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT u.school_id, u.model, CAST(SUM(u.is_now) AS BIGINT) AS devices,
             CAST(SUM(CASE WHEN u.ended_at > u.began_at THEN (u.ended_at - u.began_at) / 1000000 ELSE 0 END) AS BIGINT)
                 AS seconds
         FROM (
             SELECT d.school_id, d.model, CASE WHEN d.lifecycle IN ($4, $5, $6) THEN 1 ELSE 0 END AS is_now,
                 CASE WHEN d.created_at > $2 THEN d.created_at ELSE $2 END AS began_at,
                 CASE WHEN d.lifecycle IN ($4, $5, $6) THEN $3 ELSE COALESCE((
                     SELECT MAX(CASE WHEN e.occurred_at < $3 THEN e.occurred_at ELSE $3 END) FROM device_event e
                     WHERE e.municipality_id = d.municipality_id AND e.device_id = d.device_id
                         AND (e.kind = $7 OR (e.kind = $8 AND e.details LIKE '%\"lifecycle\"%'))
                 ), 0) END AS ended_at
             FROM device d WHERE d.municipality_id = $1 AND d.merged_into_device_id IS NULL AND ",
        "d.school_id",
        "$9",
        ") AS u GROUP BY u.school_id, u.model"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let query = tx.query(sql).bind(area.municipality()).bind(from).bind(until);
    let [unknown, in_use, in_repair] =
        [Lifecycle::Unknown, Lifecycle::InUse, Lifecycle::InRepair].map(Lifecycle::to_number);
    let query = query.bind(unknown).bind(in_use).bind(in_repair);
    query.bind(EventKind::Moved.to_number()).bind(EventKind::Changed.to_number()).bind(area.schools_json()).all().await
}

/// That a model fails more often than it should, as far as it concerns an owner.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AlarmRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The model folded for comparison.
    pub model_key: String,
    /// Number of the kind of failure among the categories.
    pub category: i16,
    /// The model as the owner's devices are called.
    pub model: String,
    /// Its ticket.
    pub ticket_id: Uuid,
    /// JSON list of the ids of devices that its ticket named.
    pub devices: String,
    /// Devices of the owner that failed in the last days.
    pub failure_count: i64,
    /// Devices of the owner in use.
    pub in_use_count: i64,
    /// How many days that are.
    pub recent_days: i64,
    /// How many other owners it concerns.
    pub other_owner_count: i64,
    /// When it was raised.
    pub raised_at: i64,
    /// When it was over; none while it lasts.
    pub cleared_at: Option<i64>,
}

/// All alarms that there ever were of an owner, of those that are over the last of each model and kind.
pub(in crate::tickets) async fn alarms(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<AlarmRow>> {
    tx.query(
        "SELECT municipality_id, model_key, category, model, ticket_id, devices, failure_count, in_use_count, recent_days,
             other_owner_count, raised_at, cleared_at
         FROM failure_alarm WHERE municipality_id = $1 ORDER BY model_key, category LIMIT 5000",
    )
    .bind(owner)
    .all()
    .await
}

/// Notes an alarm.
pub(in crate::tickets) async fn set_alarm(tx: &mut Tx, row: &AlarmRow) -> Result<()> {
    tx.query(
        "INSERT INTO failure_alarm (municipality_id, model_key, category, model, ticket_id, devices, failure_count,
             in_use_count, recent_days, other_owner_count, raised_at, cleared_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (municipality_id, model_key, category) DO UPDATE SET model = $4, ticket_id = $5, devices = $6,
             failure_count = $7, in_use_count = $8, recent_days = $9, other_owner_count = $10, raised_at = $11, cleared_at = $12",
    )
    .bind(row.municipality_id)
    .bind(row.model_key.as_str())
    .bind(i64::from(row.category))
    .bind(row.model.as_str())
    .bind(row.ticket_id)
    .bind(row.devices.as_str())
    .bind(row.failure_count)
    .bind(row.in_use_count)
    .bind(row.recent_days)
    .bind(row.other_owner_count)
    .bind(row.raised_at)
    .bind(row.cleared_at)
    .execute()
    .await?;
    Ok(())
}

/// An alarm that lasts, with the number of its ticket.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LastingRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The model folded for comparison.
    pub model_key: String,
    /// Number of the kind of failure among the categories.
    pub category: i16,
    /// The model as the owner's devices are called.
    pub model: String,
    /// Devices of the owner that failed in the last days.
    pub failure_count: i64,
    /// Devices of the owner in use.
    pub in_use_count: i64,
    /// How many days that are.
    pub recent_days: i64,
    /// How many other owners it concerns.
    pub other_owner_count: i64,
    /// When it was raised.
    pub raised_at: i64,
    /// Number of its ticket.
    pub number: i64,
}

/// An owner, as a statement looks for it.
#[derive(Serialize)]
struct Owner {
    municipality_id: Uuid,
}

/// Alarms of some owners that last, the newest first.
pub(in crate::tickets) async fn lasting(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<LastingRow>> {
    let owners: Vec<_> = owners.iter().map(|owner| Owner { municipality_id: owner.0 }).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT a.municipality_id, a.model_key, a.category, a.model, a.failure_count, a.in_use_count, a.recent_days,
             a.other_owner_count, a.raised_at, t.number FROM",
        [municipality_id uuid],
        "JOIN failure_alarm a ON a.municipality_id = i.municipality_id AND a.cleared_at IS NULL
         JOIN ticket t ON t.municipality_id = a.municipality_id AND t.ticket_id = a.ticket_id
         ORDER BY a.raised_at DESC, a.municipality_id, a.model_key, a.category LIMIT 200"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&owners)?).all().await
}
