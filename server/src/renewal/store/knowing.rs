//! SQL of what was known of several owners at a time.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, among_sql, batch_sql, rows_json},
    error::Result,
    renewal::rules::ledger::EntryKind,
    schools::rules::MunicipalityId,
};

/// An entry as a report reads it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct KnownRow {
    pub municipality_id: Uuid,
    pub entry_id: Uuid,
    pub kind: i16,
    pub valid_from: String,
    pub recorded_at: i64,
    /// JSON; none of what was not asked for.
    pub body: Option<String>,
    pub reverses_entry_id: Option<Uuid>,
}

/// A cost of a ticket as the ledger reads it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct TicketCostRow {
    pub municipality_id: Uuid,
    pub cost_id: Uuid,
    pub number: i64,
    pub kind: i16,
    pub payer: i16,
    pub amount_yen: i64,
    pub spent_on: String,
    pub school_id: Option<Uuid>,
    pub device_id: Option<Uuid>,
}

/// How many devices of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct DevicesRow {
    pub municipality_id: Uuid,
    pub entry_id: Uuid,
    pub device_count: i64,
}

/// A device that was disposed of, as a statement looks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::renewal) struct Gone {
    pub municipality_id: Uuid,
    pub serial_key: String,
    /// ISO 8601.
    pub gone_on: String,
}

/// How many devices of a lot were disposed of on a day.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct GoneRow {
    pub municipality_id: Uuid,
    pub entry_id: Uuid,
    /// ISO 8601.
    pub gone_on: String,
    pub device_count: i64,
}

/// When something was recorded last at an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
struct NewestRow {
    entries_at: Option<i64>,
    rules_at: Option<i64>,
}

/// Ids of owners as a parameter.
fn ids(owners: &[MunicipalityId]) -> Result<String> {
    rows_json(owners)
}

/// Waits on PostgreSQL until nobody records money of owners or says rules of the installation; nobody does until [`release`].
/// Not for SQLite, which has one writer.
pub(in crate::renewal) async fn hold(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<()> {
    tx.query("SAVEPOINT held").execute().await?;
    tx.query(concat!(
        "SELECT municipality_id FROM municipality WHERE municipality_id = ANY (ARRAY",
        crate::db::ids!(postgres "$1"),
        ") ORDER BY municipality_id FOR SHARE"
    ))
    .bind(ids(owners)?)
    .execute()
    .await?;
    // Who says rules of the installation holds the head of its audit log.
    tx.query("SELECT municipality_id FROM audit_head WHERE municipality_id = $1 FOR SHARE")
        .bind(Uuid::nil())
        .execute()
        .await?;
    Ok(())
}

/// Lets go what [`hold`] holds.
pub(in crate::renewal) async fn release(tx: &mut Tx) -> Result<()> {
    tx.query("ROLLBACK TO SAVEPOINT held").execute().await?;
    Ok(())
}

/// Codes of owners.
pub(in crate::renewal) async fn codes(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<(Uuid, String)>> {
    let (sqlite, postgres) =
        among_sql!("SELECT municipality_id, code FROM municipality WHERE", "municipality_id", "$1", "");
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(ids(owners)?).all().await
}

/// When the newest entry or rules of any of some owners were recorded.
pub(in crate::renewal) async fn newest(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Option<Timestamp>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT (SELECT MAX(e.recorded_at) FROM renewal_entry e WHERE e.municipality_id = m.municipality_id) AS entries_at,
             (SELECT MAX(r.recorded_at) FROM renewal_rules r WHERE r.municipality_id = m.municipality_id) AS rules_at
         FROM municipality m WHERE",
        "m.municipality_id",
        "$1",
        ""
    );
    let sql = tx.by_engine(sqlite, postgres);
    let rows: Vec<NewestRow> = tx.query(sql).bind(ids(owners)?).all().await?;
    let (installation,): (Option<i64>,) = tx
        .query("SELECT MAX(recorded_at) FROM renewal_rules WHERE municipality_id = $1")
        .bind(Uuid::nil())
        .one()
        .await?;
    let all = rows.into_iter().flat_map(|row| [row.entries_at, row.rules_at]).chain([installation]);
    Ok(all.flatten().max().map(Timestamp))
}

/// Entries of owners that were recorded by a time, with what they say unless they are of a kind that is not asked for; at most
/// so many.
pub(in crate::renewal) async fn entries(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    (as_of, unread): (Timestamp, Option<EntryKind>),
    most: i64,
) -> Result<Vec<KnownRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, entry_id, kind, valid_from, recorded_at, CASE WHEN kind = $3 THEN NULL ELSE body END AS body,
             reverses_entry_id
         FROM renewal_entry WHERE",
        "municipality_id",
        "$1",
        "AND recorded_at <= $2 LIMIT $4"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let unread = unread.map_or(0, |kind| i64::from(kind.to_number()));
    tx.query(sql).bind(ids(owners)?).bind(as_of.0).bind(unread).bind(most).all().await
}

/// How many devices are named of each lot of owners that was recorded by a time. Places have no gaps, so the last one tells
/// it, and a million devices are not read for a report.
pub(in crate::renewal) async fn named_devices(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    as_of: Timestamp,
) -> Result<Vec<DevicesRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT e.municipality_id, e.entry_id, COALESCE((SELECT MAX(d.position) FROM renewal_lot_device d
             WHERE d.municipality_id = e.municipality_id AND d.entry_id = e.entry_id) + 1, 0) AS device_count
         FROM renewal_entry e WHERE",
        "e.municipality_id",
        "$1",
        "AND e.recorded_at <= $2 AND e.kind = $3"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let lot = i64::from(EntryKind::Lot.to_number());
    tx.query(sql).bind(ids(owners)?).bind(as_of.0).bind(lot).all().await
}

/// How many of these devices each lot has that was not taken back by a time, by the day.
pub(in crate::renewal) async fn gone_devices(tx: &mut Tx, gone: &[Gone], as_of: Timestamp) -> Result<Vec<GoneRow>> {
    let (sqlite, postgres) = batch_sql!(
        "SELECT d.municipality_id, d.entry_id, i.gone_on, COUNT(*) AS device_count FROM",
        [municipality_id uuid, serial_key text, gone_on text],
        "JOIN renewal_lot_device d ON d.municipality_id = i.municipality_id AND d.serial_key = i.serial_key
         WHERE NOT EXISTS (SELECT 1 FROM renewal_entry r
             WHERE r.municipality_id = d.municipality_id AND r.reverses_entry_id = d.entry_id AND r.recorded_at <= $2)
         GROUP BY d.municipality_id, d.entry_id, i.gone_on"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(gone)?).bind(as_of.0).all().await
}

/// What tickets of owners cost, as it was written by a time; at most so many.
pub(in crate::renewal) async fn ticket_costs(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    as_of: Timestamp,
    most: i64,
) -> Result<Vec<TicketCostRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT c.municipality_id, c.cost_id, t.number, c.kind, c.payer, c.amount_yen, c.spent_on, t.school_id, c.device_id
         FROM ticket_cost c JOIN ticket t ON t.municipality_id = c.municipality_id AND t.ticket_id = c.ticket_id WHERE",
        "c.municipality_id",
        "$1",
        "AND c.recorded_at <= $2 LIMIT $3"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(ids(owners)?).bind(as_of.0).bind(most).all().await
}
