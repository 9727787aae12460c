//! SQL of labels, of how many reports came, and of who has the same.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::LabelId;
use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, rows_json},
    devices::rules::DeviceKey,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::rules::{Category, Origin},
};

/// A label as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LabelRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Its number.
    pub label_id: i64,
    /// The school, of one without a device.
    pub school_id: Option<Uuid>,
    /// The device that it is on.
    pub device_id: Option<Uuid>,
    /// Where in the school it is.
    pub room: String,
    /// When it was lost.
    pub voided_at: Option<i64>,
}

/// A device that can have a label.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LabelledRow {
    /// The device.
    pub device_id: Uuid,
    /// 管理番号.
    pub label: Option<String>,
    /// 学年.
    pub grade: Option<i16>,
    /// 組.
    pub class_name: Option<String>,
    /// 出席番号.
    pub seat_number: Option<i16>,
    /// The label that is good, if it has one.
    pub label_id: Option<i64>,
}

/// What a device is to whoever reports trouble with it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DeviceOfLabelRow {
    /// 管理番号.
    pub label: Option<String>,
    /// Number of the lifecycle.
    pub lifecycle: i16,
    /// The label that is good, if it has one.
    pub label_id: Option<i64>,
}

/// A place whose reports are of the same thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReportPlace<'a> {
    /// A device.
    Device(DeviceKey),
    /// A room of a school; a school whose label names no room is too wide.
    Room(MunicipalityId, SchoolId, &'a str),
    /// None.
    Nowhere,
}

/// A report that is there already.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct OpenReportRow {
    /// Its ticket.
    pub ticket_id: Uuid,
    /// Number of its state.
    pub state: i16,
    /// When it came in.
    pub created_at: i64,
}

macro_rules! open_report_sql {
    ($of:literal) => {
        concat!(
            "SELECT ticket_id, state, created_at FROM ticket WHERE municipality_id = $1 AND category = $2 AND created_at >= $3
                 AND origin IN ($4, $5) AND done_at IS NULL AND merged_into IS NULL AND ",
            $of,
            " ORDER BY created_at DESC, ticket_id DESC LIMIT 1"
        )
    };
}

/// The last report of people of a place about the same that came in since a moment and is still open.
pub(super) async fn open_report(
    tx: &mut Tx,
    place: &ReportPlace<'_>,
    category: Category,
    since: Timestamp,
) -> Result<Option<OpenReportRow>> {
    let (sql, owner) = match place {
        ReportPlace::Device(key) => (open_report_sql!("device_id = $6"), key.municipality),
        ReportPlace::Room(_, _, "") | ReportPlace::Nowhere => return Ok(None),
        ReportPlace::Room(owner, ..) => {
            (open_report_sql!("device_id IS NULL AND school_id = $6 AND room = $7"), *owner)
        }
    };
    let query = tx
        .query(sql)
        .bind(owner)
        .bind(i64::from(category.to_number()))
        .bind(since.0)
        .bind(i64::from(Origin::PhoneForm.to_number()))
        .bind(i64::from(Origin::Agent.to_number()));
    match place {
        ReportPlace::Device(key) => query.bind(key.device).optional().await,
        ReportPlace::Room(_, school, room) => query.bind(*school).bind(*room).optional().await,
        ReportPlace::Nowhere => Ok(None),
    }
}

/// The label with a number, whoever owns it.
pub(super) async fn find(tx: &mut Tx, label: LabelId) -> Result<Option<LabelRow>> {
    let found = tx
        .query("SELECT municipality_id FROM report_label_lookup WHERE label_id = $1")
        .bind(label.number())
        .optional::<(Uuid,)>()
        .await?;
    let Some((owner,)) = found else { return Ok(None) };
    find_of(tx, MunicipalityId(owner), label).await
}

/// A label of an owner.
pub(super) async fn find_of(tx: &mut Tx, owner: MunicipalityId, label: LabelId) -> Result<Option<LabelRow>> {
    tx.query(
        "SELECT municipality_id, label_id, school_id, device_id, room, voided_at FROM report_label
         WHERE municipality_id = $1 AND label_id = $2",
    )
    .bind(owner)
    .bind(label.number())
    .optional()
    .await
}

/// The good label of a room of a school.
pub(super) async fn find_room(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: SchoolId,
    room: &str,
) -> Result<Option<LabelRow>> {
    tx.query(
        "SELECT municipality_id, label_id, school_id, device_id, room, voided_at FROM report_label
         WHERE municipality_id = $1 AND school_id = $2 AND room = $3 AND device_id IS NULL AND voided_at IS NULL",
    )
    .bind(owner)
    .bind(school)
    .bind(room)
    .optional()
    .await
}

/// Writes new labels; false if one of their numbers is taken, or one of their devices got a label in this moment.
pub(super) async fn insert(tx: &mut Tx, labels: &[LabelRow], now: Timestamp) -> Result<bool> {
    for label in labels {
        let found = tx
            .query("INSERT INTO report_label_lookup (label_id, municipality_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(label.label_id)
            .bind(label.municipality_id)
            .execute()
            .await?;
        let written = tx
            .query(
                "INSERT INTO report_label (municipality_id, label_id, school_id, device_id, room, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            )
            .bind(label.municipality_id)
            .bind(label.label_id)
            .bind(label.school_id)
            .bind(label.device_id)
            .bind(label.room.as_str())
            .bind(now.0)
            .execute()
            .await?;
        if (found, written) != (1, 1) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Ends a label; false if it has ended already.
pub(super) async fn void(tx: &mut Tx, owner: MunicipalityId, label: LabelId, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE report_label SET voided_at = $3 WHERE municipality_id = $1 AND label_id = $2 AND voided_at IS NULL",
        )
        .bind(owner)
        .bind(label.number())
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Devices of a school that are in its hands, in the order in which a class sits, with their labels.
pub(super) async fn devices(
    tx: &mut Tx,
    area: &Area,
    school: SchoolId,
    lifecycles: &[i64],
    most: i64,
) -> Result<Vec<LabelledRow>> {
    if !area.covers(Some(school)) {
        return Ok(Vec::new());
    }
    let sql = tx.by_engine(
        concat!(devices_sql!(), "IN (SELECT value FROM json_each($3)) ", devices_order!()),
        concat!(
            devices_sql!(),
            "IN (SELECT CAST(value AS BIGINT) FROM jsonb_array_elements_text(CAST(CAST($3 AS TEXT) AS JSONB))) ",
            devices_order!()
        ),
    );
    tx.query(sql).bind(area.municipality()).bind(school).bind(rows_json(lifecycles)?).bind(most).all().await
}

macro_rules! devices_sql {
    () => {
        "SELECT d.device_id, d.label, d.grade, d.class_name, d.seat_number,
             (SELECT l.label_id FROM report_label l WHERE l.municipality_id = d.municipality_id AND l.device_id = d.device_id
                 AND l.voided_at IS NULL) AS label_id
         FROM device d WHERE d.municipality_id = $1 AND d.school_id = $2 AND d.merged_into_device_id IS NULL AND d.lifecycle "
    };
}
macro_rules! devices_order {
    () => {
        "ORDER BY d.grade NULLS LAST, d.class_name NULLS LAST, d.seat_number NULLS LAST, d.label_key NULLS LAST, d.device_id
         LIMIT $4"
    };
}
use {devices_order, devices_sql};

/// What is known of the device of a label.
pub(super) async fn device(tx: &mut Tx, key: DeviceKey) -> Result<Option<DeviceOfLabelRow>> {
    tx.query(
        "SELECT d.label, d.lifecycle,
             (SELECT l.label_id FROM report_label l WHERE l.municipality_id = d.municipality_id AND l.device_id = d.device_id
                 AND l.voided_at IS NULL) AS label_id
         FROM device d WHERE d.municipality_id = $1 AND d.device_id = $2",
    )
    .bind(key.municipality)
    .bind(key.device)
    .optional()
    .await
}

/// Counts one more in a window and gives how many there are now. Those who count the same wait here for each other.
pub(super) async fn count(tx: &mut Tx, owner: MunicipalityId, counted: &str, window: Timestamp) -> Result<i64> {
    let (reports,): (i64,) = tx
        .query(
            "INSERT INTO report_count (municipality_id, counted, window_at, reports) VALUES ($1, $2, $3, 1)
             ON CONFLICT (municipality_id, counted) DO UPDATE SET window_at = $3,
                 reports = CASE WHEN report_count.window_at = $3 THEN report_count.reports + 1 ELSE 1 END
             RETURNING reports",
        )
        .bind(owner)
        .bind(counted)
        .bind(window.0)
        .one()
        .await?;
    Ok(reports)
}

/// Notes that a label's people have what an incident explains; false if they said so before.
pub(super) async fn insert_also(
    tx: &mut Tx,
    (owner, school): (MunicipalityId, SchoolId),
    incident: Uuid,
    label: LabelId,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO report_also (municipality_id, incident_id, label_id, school_id, reported_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (municipality_id, incident_id, label_id) DO NOTHING",
        )
        .bind(owner)
        .bind(incident)
        .bind(label.number())
        .bind(school)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}
