//! SQL of lives: devices of an owner that are alike, counted; one device and the lot in which it came.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::Tx,
    devices::rules::{events::EventKind, fields::Lifecycle},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::{Category, State},
};

/// Most groups of devices that are alike. They differ by days, so there are far fewer than devices.
pub(in crate::renewal) const GROUPS_MOST: i64 = 500_000;
/// Microseconds from midnight of 1970-01-01 in Japan to that in UTC.
const JAPAN_US: i64 = 9 * 3_600_000_000;

/// Devices that are alike. Days are numbers from 1970-01-01 in Japan.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct AlikeRow {
    /// As it is written.
    pub model: Option<String>,
    /// When their lot was delivered.
    pub delivered_on: Option<String>,
    /// When they were acquired, by the registry.
    pub acquired_on: Option<String>,
    /// From when on the registry knows them.
    pub known_day: i64,
    /// When they left; 0 for those that are there.
    pub left_day: i64,
    /// When they failed first; 0 for those that did not.
    pub failed_day: i64,
    /// When their batteries did; 0 as above.
    pub battery_day: i64,
    /// How many.
    pub devices: i64,
}

/// Devices of an owner by model and by the days of their lives, one more group than may be. Failures are confirmed tickets of
/// hardware and repairs, the first of each device; of one that was folded into another they are that one's. Devices that left
/// at a time that nobody knows count until the registry knew them, which says nothing of how long they lasted. It reads the
/// devices, the failures and the lots of the owner once each.
pub(in crate::renewal) async fn alike(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<AlikeRow>> {
    let query = tx.query(
        "SELECT u.model, u.delivered_on, u.acquired_on, u.known_day, u.left_day, u.failed_day, u.battery_day,
             COUNT(*) AS devices
         FROM (
             SELECT d.model, l.delivered_on, d.acquired_on, (d.created_at + $2) / 86400000000 AS known_day,
                 CASE WHEN d.lifecycle IN ($3, $4, $5) THEN (COALESCE((
                     SELECT MAX(e.occurred_at) FROM device_event e
                     WHERE e.municipality_id = d.municipality_id AND e.device_id = d.device_id
                         AND (e.kind = $6 OR (e.kind = $7 AND e.details LIKE '%\"lifecycle\"%'))
                 ), d.created_at) + $2) / 86400000000 ELSE 0 END AS left_day,
                 COALESCE((f.failed_at + $2) / 86400000000, 0) AS failed_day,
                 COALESCE((f.battery_at + $2) / 86400000000, 0) AS battery_day
             FROM device d
             LEFT JOIN (
                 SELECT COALESCE(r.merged_into_device_id, r.device_id) AS device_id, MIN(x.came_at) AS failed_at,
                     MIN(CASE WHEN x.category = $8 THEN x.came_at END) AS battery_at
                 FROM (
                     SELECT device_id, created_at AS came_at, category FROM ticket
                     WHERE municipality_id = $1 AND category <= 5 AND device_id IS NOT NULL
                         AND merged_into IS NULL AND incident_id IS NULL AND state > $9 AND created_at > 0
                     UNION ALL
                     SELECT device_id, started_at AS came_at, 0 AS category FROM ticket_repair WHERE municipality_id = $1
                 ) AS x
                 JOIN device r ON r.municipality_id = $1 AND r.device_id = x.device_id
                 GROUP BY COALESCE(r.merged_into_device_id, r.device_id)
             ) AS f ON f.device_id = d.device_id
             LEFT JOIN (
                 SELECT n.serial_key, MIN(b.valid_from) AS delivered_on
                 FROM renewal_lot_device n
                 JOIN renewal_entry b ON b.municipality_id = n.municipality_id AND b.entry_id = n.entry_id
                 WHERE n.municipality_id = $1 AND NOT EXISTS (SELECT 1 FROM renewal_entry t
                     WHERE t.municipality_id = n.municipality_id AND t.reverses_entry_id = n.entry_id)
                 GROUP BY n.serial_key
             ) AS l ON l.serial_key = d.serial_key
             WHERE d.municipality_id = $1 AND d.merged_into_device_id IS NULL
         ) AS u
         GROUP BY u.model, u.delivered_on, u.acquired_on, u.known_day, u.left_day, u.failed_day, u.battery_day
         ORDER BY COALESCE(u.model, ''), u.known_day, COALESCE(u.delivered_on, ''), COALESCE(u.acquired_on, ''), u.left_day,
             u.failed_day, u.battery_day
         LIMIT $10",
    );
    let query = query.bind(owner).bind(JAPAN_US);
    let [lost, retired, disposed] =
        [Lifecycle::Lost, Lifecycle::Retired, Lifecycle::Disposed].map(Lifecycle::to_number);
    let query = query.bind(lost).bind(retired).bind(disposed);
    let query = query.bind(EventKind::Moved.to_number()).bind(EventKind::Changed.to_number());
    let query = query.bind(i64::from(Category::Battery.to_number())).bind(i64::from(State::New.to_number()));
    query.bind(GROUPS_MOST + 1).all().await
}

/// What the registry knows of a device, as renewal asks for it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct DeviceRow {
    pub model: Option<String>,
    pub os_kind: i16,
    pub os_version: Option<String>,
    pub serial_number: Option<String>,
    pub label: Option<String>,
    pub serial_key: Option<String>,
    pub acquired_on: Option<String>,
    pub warranty_until: Option<String>,
    pub lease_until: Option<String>,
    pub price_yen: Option<i64>,
    pub lifecycle: i16,
}

/// A device of an owner; of one that was folded into another that one.
pub(in crate::renewal) async fn device(tx: &mut Tx, area: &Area, device: Uuid) -> Result<Option<DeviceRow>> {
    tx.query(
        "SELECT r.model, r.os_kind, r.os_version, r.serial_number, r.label, r.serial_key, r.acquired_on, r.warranty_until,
             r.lease_until, r.price_yen, r.lifecycle
         FROM device d
         JOIN device r ON r.municipality_id = d.municipality_id
             AND r.device_id = COALESCE(d.merged_into_device_id, d.device_id)
         WHERE d.municipality_id = $1 AND d.device_id = $2",
    )
    .bind(area.municipality())
    .bind(device)
    .optional()
    .await
}
