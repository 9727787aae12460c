//! SQL of the ledger: entries that are only added, the devices of lots, and what tickets cost.

pub(super) mod lives;
pub(super) mod rules;
pub(super) mod spares;

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{
    ledger::{EntryId, EntryKind},
    lots::serials::Numbered,
};
use crate::{
    clock::Timestamp,
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// Most entries of an owner that a report reads.
pub const ENTRIES_MOST: i64 = 50_000;
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

/// A cost of a ticket as the ledger reads it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(super) struct TicketCostRow {
    pub cost_id: Uuid,
    pub number: i64,
    pub kind: i16,
    pub payer: i16,
    pub amount_yen: i64,
    pub spent_on: String,
    pub school_id: Option<Uuid>,
    pub device_id: Option<Uuid>,
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

/// Waits for whoever else records at an owner; nobody else does until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, owner: MunicipalityId) -> Result<()> {
    // SQLite has one writer anyway. The lock of PostgreSQL leaves those alone who add what belongs to the municipality.
    let sql = tx.by_engine(
        "SELECT municipality_id FROM municipality WHERE municipality_id = $1",
        "SELECT municipality_id FROM municipality WHERE municipality_id = $1 FOR NO KEY UPDATE",
    );
    tx.query(sql).bind(owner).optional::<(Uuid,)>().await?;
    Ok(())
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

/// When the newest entry of an owner was recorded.
pub(super) async fn newest(tx: &mut Tx, owner: MunicipalityId) -> Result<Option<Timestamp>> {
    let (newest,): (Option<i64>,) =
        tx.query("SELECT MAX(recorded_at) FROM renewal_entry WHERE municipality_id = $1").bind(owner).one().await?;
    Ok(newest.map(Timestamp))
}

/// How many devices are named of each lot of an owner that was recorded by a time. Places have no gaps, so the last one tells
/// it, and a million devices are not read for a report.
pub(super) async fn named_devices(tx: &mut Tx, owner: MunicipalityId, as_of: Timestamp) -> Result<Vec<(Uuid, i64)>> {
    tx.query(
        "SELECT e.entry_id, COALESCE((SELECT MAX(d.position) FROM renewal_lot_device d
             WHERE d.municipality_id = e.municipality_id AND d.entry_id = e.entry_id) + 1, 0)
         FROM renewal_entry e WHERE e.municipality_id = $1 AND e.recorded_at <= $2 AND e.kind = $3",
    )
    .bind(owner)
    .bind(as_of.0)
    .bind(i64::from(EntryKind::Lot.to_number()))
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

/// What tickets of an owner cost, as it was written by a time, by day and id; one more than may be.
pub(super) async fn ticket_costs(tx: &mut Tx, owner: MunicipalityId, as_of: Timestamp) -> Result<Vec<TicketCostRow>> {
    tx.query(
        "SELECT c.cost_id, t.number, c.kind, c.payer, c.amount_yen, c.spent_on, t.school_id, c.device_id
         FROM ticket_cost c JOIN ticket t ON t.municipality_id = c.municipality_id AND t.ticket_id = c.ticket_id
         WHERE c.municipality_id = $1 AND c.recorded_at <= $2 ORDER BY c.spent_on, c.cost_id LIMIT $3",
    )
    .bind(owner)
    .bind(as_of.0)
    .bind(COSTS_MOST + 1)
    .all()
    .await
}

/// Serial number of a device of the registry.
pub(super) async fn serial_of(tx: &mut Tx, owner: MunicipalityId, device: Uuid) -> Result<Option<String>> {
    let row: Option<(Option<String>,)> = tx
        .query("SELECT serial_number FROM device WHERE municipality_id = $1 AND device_id = $2")
        .bind(owner)
        .bind(device)
        .optional()
        .await?;
    Ok(row.and_then(|(serial,)| serial))
}
