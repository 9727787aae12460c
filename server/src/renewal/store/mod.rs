//! SQL of the ledger: entries that are only added, the devices of lots, and what tickets cost.

pub(super) mod knowing;
pub(super) mod lives;
pub(super) mod rule_history;
pub(super) mod rules;
pub(super) mod spares;

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{
    ledger::{EntryId, EntryKind},
    lots::serials::Numbered,
    open_ledger::SAID_MOST,
};
use crate::{
    clock::Timestamp,
    db::{Tx, among_sql, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// Most entries of an owner that a report reads: what is said, each taken back.
pub const ENTRIES_MOST: i64 = 2 * SAID_MOST;
/// Most costs of tickets that a report reads.
pub const COSTS_MOST: i64 = 2_000_000;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct EntryRow {
    /// Its id.
    pub entry_id: Uuid,
    /// Number of what it is of.
    pub kind: i16,
    /// The first day on which it holds.
    pub valid_from: String,
    /// The last one, if there is one.
    pub valid_to: Option<String>,
    /// When it was recorded.
    pub recorded_at: i64,
    /// JSON.
    pub body: String,
    /// The entry that it takes back.
    pub reverses_entry_id: Option<Uuid>,
    /// Which person or token recorded it.
    pub recorder_id: Option<Uuid>,
    /// Its name.
    pub recorder_name: String,
}

/// An entry of a list, with what became of it by the time of the list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ListedRow {
    /// The entry.
    #[sqlx(flatten)]
    pub entry: EntryRow,
    /// The entry that takes it back.
    pub reversed_by: Option<Uuid>,
}

/// A device of a lot.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LotDeviceRow {
    /// Its place in the lot, from 0.
    pub position: i64,
    /// Its serial number.
    pub serial: String,
    /// The device of the registry that has it, if one does.
    pub device_id: Option<Uuid>,
}

/// What `SELECT` names for an [`EntryRow`].
macro_rules! entry_columns {
    () => {
        "e.entry_id, e.kind, e.valid_from, e.valid_to, e.recorded_at, e.body, e.reverses_entry_id, e.recorder_id, e.recorder_name"
    };
}

/// Writes an entry; false where its id is taken, or where it takes back what is taken back.
pub(super) async fn insert(tx: &mut Tx, owner: MunicipalityId, row: &EntryRow) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO renewal_entry (municipality_id, entry_id, kind, valid_from, valid_to, recorded_at, body,
                 reverses_entry_id, recorder_id, recorder_name)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(owner)
        .bind(row.entry_id)
        .bind(i64::from(row.kind))
        .bind(row.valid_from.as_str())
        .bind(row.valid_to.clone())
        .bind(row.recorded_at)
        .bind(row.body.as_str())
        .bind(row.reverses_entry_id)
        .bind(row.recorder_id)
        .bind(row.recorder_name.as_str())
        .execute()
        .await?;
    Ok(written == 1)
}

/// A device of a lot, as a statement takes it.
#[derive(Serialize)]
struct NewDevice<'d> {
    municipality_id: Uuid,
    entry_id: Uuid,
    position: usize,
    serial: &'d str,
    serial_key: &'d str,
}

/// Writes the devices of a lot, in their order.
pub(super) async fn insert_devices(
    tx: &mut Tx,
    owner: MunicipalityId,
    lot: EntryId,
    devices: &[Numbered],
) -> Result<()> {
    let rows = devices.iter().enumerate().map(|(position, Numbered { serial, key })| NewDevice {
        municipality_id: owner.0,
        entry_id: lot.0,
        position,
        serial,
        serial_key: key,
    });
    let rows: Vec<_> = rows.collect();
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO renewal_lot_device (municipality_id, entry_id, position, serial, serial_key)
         SELECT i.municipality_id, i.entry_id, i.position, i.serial, i.serial_key FROM",
        [municipality_id uuid, entry_id uuid, position int, serial text, serial_key text],
        ""
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await?;
    Ok(())
}

/// One entry, as it stood at a time.
pub(super) async fn find(
    tx: &mut Tx,
    owner: MunicipalityId,
    entry: EntryId,
    as_of: Timestamp,
) -> Result<Option<ListedRow>> {
    tx.query(concat!(
        "SELECT ",
        entry_columns!(),
        ", r.entry_id AS reversed_by FROM renewal_entry e
         LEFT JOIN renewal_entry r ON r.municipality_id = e.municipality_id AND r.reverses_entry_id = e.entry_id
             AND r.recorded_at <= $3
         WHERE e.municipality_id = $1 AND e.entry_id = $2 AND e.recorded_at <= $3"
    ))
    .bind(owner)
    .bind(entry)
    .bind(as_of.0)
    .optional()
    .await
}

/// Which entries a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Those that stand.
    Standing,
    /// All: reversals and what they take back, too.
    All,
}

/// A page of entries as they stood at a time, the newest first, from before a time of recording and an id.
pub(super) async fn list(
    tx: &mut Tx,
    owner: MunicipalityId,
    (as_of, kind, shown): (Timestamp, Option<EntryKind>, Shown),
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<ListedRow>> {
    tx.query(concat!(
        "SELECT ",
        entry_columns!(),
        ", r.entry_id AS reversed_by FROM renewal_entry e
         LEFT JOIN renewal_entry r ON r.municipality_id = e.municipality_id AND r.reverses_entry_id = e.entry_id
             AND r.recorded_at <= $2
         WHERE e.municipality_id = $1 AND e.recorded_at <= $2 AND (e.recorded_at, e.entry_id) < ($3, $4)
             AND ($5 = 0 OR e.kind = $5) AND ($6 = 0 OR (e.reverses_entry_id IS NULL AND r.entry_id IS NULL))
         ORDER BY e.recorded_at DESC, e.entry_id DESC LIMIT $7"
    ))
    .bind(owner)
    .bind(as_of.0)
    .bind(before.0)
    .bind(before.1)
    .bind(kind.map_or(0, |kind| i64::from(kind.to_number())))
    .bind(i64::from(shown == Shown::Standing))
    .bind(limit)
    .all()
    .await
}

/// All entries that were recorded by a time, one more than may be.
pub(super) async fn recorded_by(tx: &mut Tx, owner: MunicipalityId, as_of: Timestamp) -> Result<Vec<EntryRow>> {
    tx.query(concat!(
        "SELECT ",
        entry_columns!(),
        " FROM renewal_entry e WHERE e.municipality_id = $1 AND e.recorded_at <= $2
         ORDER BY e.recorded_at, e.entry_id LIMIT $3"
    ))
    .bind(owner)
    .bind(as_of.0)
    .bind(ENTRIES_MOST + 1)
    .all()
    .await
}

/// A serial number, as a statement looks for it.
#[derive(Serialize)]
struct Wanted<'k> {
    municipality_id: Uuid,
    serial_key: &'k str,
}

/// Lots that were not taken back by a time and have one of these devices: the lot and the folded serial number.
pub(super) async fn lots_with(
    tx: &mut Tx,
    owner: MunicipalityId,
    keys: &[&str],
    as_of: Timestamp,
) -> Result<Vec<(Uuid, String)>> {
    let wanted: Vec<_> = keys.iter().map(|key| Wanted { municipality_id: owner.0, serial_key: key }).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT d.entry_id, d.serial_key FROM",
        [municipality_id uuid, serial_key text],
        "JOIN renewal_lot_device d ON d.municipality_id = i.municipality_id AND d.serial_key = i.serial_key
         WHERE NOT EXISTS (SELECT 1 FROM renewal_entry r
             WHERE r.municipality_id = d.municipality_id AND r.reverses_entry_id = d.entry_id AND r.recorded_at <= $2)
         ORDER BY d.entry_id, d.position"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&wanted)?).bind(as_of.0).all().await
}

/// A page of the devices of a lot from a place on, with the devices of the registry that have their serial numbers.
pub(super) async fn devices(
    tx: &mut Tx,
    owner: MunicipalityId,
    lot: EntryId,
    from: i64,
    limit: i64,
) -> Result<Vec<LotDeviceRow>> {
    tx.query(
        "SELECT d.position, d.serial, (SELECT r.device_id FROM device r
             WHERE r.municipality_id = d.municipality_id AND r.serial_key = d.serial_key AND r.merged_into_device_id IS NULL
             ORDER BY r.device_id LIMIT 1) AS device_id
         FROM renewal_lot_device d
         WHERE d.municipality_id = $1 AND d.entry_id = $2 AND d.position >= $3 ORDER BY d.position LIMIT $4",
    )
    .bind(owner)
    .bind(lot)
    .bind(from)
    .bind(limit)
    .all()
    .await
}

/// Serial numbers of devices of the registry that have one.
pub(super) async fn serials_of(
    tx: &mut Tx,
    owner: MunicipalityId,
    devices: &BTreeSet<Uuid>,
) -> Result<Vec<(Uuid, String)>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT device_id, serial_number FROM device WHERE municipality_id = $1 AND",
        "device_id",
        "$2",
        "AND serial_number IS NOT NULL"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let devices: Vec<_> = devices.iter().collect();
    tx.query(sql).bind(owner).bind(rows_json(&devices)?).all().await
}
