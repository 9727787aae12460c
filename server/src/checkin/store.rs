//! SQL of check-ins: the cursor that each report moves, transitions, commands, tests of throughput.

pub mod throughput;

use std::fmt::Write as _;

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::rules::Cursor;
use crate::{
    clock::Timestamp,
    db::{Engine, Tx, batch_sql, json_rows, rows_json},
    devices::rules::{DeviceId, DeviceKey},
    error::Result,
    schools::rules::MunicipalityId,
};

/// When the device of `checkin_cursor AS c` was heard last: the later of what was stored and what was only heard. NULL for one that never
/// was.
macro_rules! heard_at {
    () => {
        "CASE WHEN COALESCE(c.seen_at, 0) > COALESCE(c.received_at, 0) THEN c.seen_at ELSE c.received_at END"
    };
}
pub(crate) use heard_at;

/// One report on its way into the cursor of its device.
#[derive(Debug, Clone, Copy)]
pub struct Advance {
    /// Owner and device.
    pub key: DeviceKey,
    /// The run that reports.
    pub run_id: i64,
    /// Its sequence.
    pub sequence: i64,
    /// What the report builds on.
    pub base_sequence: i64,
    /// The certificate that was used.
    pub certificate_serial: i64,
    /// When the report arrived.
    pub received_at: Timestamp,
    /// The device's clock minus the server's.
    pub clock_skew_ms: i64,
}

/// Moves the cursors of reports for which nothing special is to be decided: same run, same certificate, next sequence,
/// no facts, nothing waiting for the device. Gives the devices whose cursor moved, with the hash of the facts that are stored. At
/// most one report per device.
pub async fn advance(tx: &mut Tx, reports: &[Advance]) -> Result<Vec<(Uuid, i64)>> {
    match tx.engine() {
        Engine::Sqlite => advance_sqlite(tx, reports).await,
        Engine::Postgres => advance_postgres(tx, reports).await,
    }
}

// The one statement that is written twice: this is the hottest. Native arrays cost PostgreSQL half of what JSON does, and
// one packed row costs the driver a fraction of a row per device.
async fn advance_postgres(tx: &mut Tx, reports: &[Advance]) -> Result<Vec<(Uuid, i64)>> {
    let (moved,) = tx
        .query(
            "WITH moved AS (UPDATE checkin_cursor AS c
         SET sequence = i.sequence, report_count = c.report_count + 1, received_at = i.received_at,
             clock_skew_ms = i.clock_skew_ms
         FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
             AS i (municipality_id, device_id, run_id, sequence, base_sequence, certificate_serial, received_at, clock_skew_ms)
         WHERE c.municipality_id = i.municipality_id AND c.device_id = i.device_id AND c.run_id = i.run_id
             AND c.sequence < i.sequence AND c.sequence >= i.base_sequence
             AND c.certificate_serial = i.certificate_serial AND NOT c.attention
         RETURNING c.device_id, c.facts_hash)
         SELECT string_agg(uuid_send(device_id) || int8send(facts_hash), ''::bytea) FROM moved",
        )
    .bind(reports.iter().map(|r| r.key.municipality.0).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.key.device.0).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.run_id).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.sequence).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.base_sequence).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.certificate_serial).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.received_at.0).collect::<Vec<_>>())
    .bind(reports.iter().map(|r| r.clock_skew_ms).collect::<Vec<_>>())
    .one::<(Option<Vec<u8>>,)>()
    .await?;
    Ok(moved.unwrap_or_default().chunks_exact(24).map(read_moved).collect())
}

/// A device id and the hash of its facts, as the statement packs them.
fn read_moved(packed: &[u8]) -> (Uuid, i64) {
    let (device, facts_hash) = packed.split_at(16);
    let facts_hash = facts_hash.try_into().expect("24 bytes without 16");
    (Uuid::from_slice(device).expect("16 bytes"), i64::from_be_bytes(facts_hash))
}

async fn advance_sqlite(tx: &mut Tx, reports: &[Advance]) -> Result<Vec<(Uuid, i64)>> {
    let mut rows = String::with_capacity(reports.len() * 160);
    for r in reports {
        let open = if rows.is_empty() { '[' } else { ',' };
        write!(
            rows,
            r#"{open}["{}","{}",{},{},{},{},{},{}]"#,
            r.key.municipality.0.simple(),
            r.key.device.0.simple(),
            r.run_id,
            r.sequence,
            r.base_sequence,
            r.certificate_serial,
            r.received_at.0,
            r.clock_skew_ms,
        )
        .expect("a string grows");
    }
    rows.push(']');
    tx.query(concat!(
        "UPDATE checkin_cursor AS c
         SET sequence = i.value ->> 3, report_count = c.report_count + 1, received_at = i.value ->> 6,
             clock_skew_ms = i.value ->> 7
         FROM ",
        json_rows!(),
        " AS i
         WHERE c.municipality_id = unhex(i.value ->> 0) AND c.device_id = unhex(i.value ->> 1) AND c.run_id = i.value ->> 2
             AND c.sequence < i.value ->> 3 AND c.sequence >= i.value ->> 4
             AND c.certificate_serial = i.value ->> 5 AND NOT c.attention
         RETURNING device_id, facts_hash"
    ))
    .bind(rows)
    .all()
    .await
}

/// All that a decision about a report needs to know of its device.
#[derive(Debug, Clone, FromRow)]
pub struct CursorRow {
    /// The device.
    pub device_id: Uuid,
    run_id: i64,
    sequence: i64,
    previous_run_id: i64,
    previous_sequence: i64,
    /// The certificate in use.
    pub certificate_serial: i64,
    /// Hash of the facts that are stored.
    pub facts_hash: i64,
    /// Something waits for the device.
    pub attention: bool,
    /// Its access was ended.
    pub revoked_at: Option<i64>,
}

impl CursorRow {
    /// The cursor itself.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            run_id: self.run_id,
            sequence: self.sequence,
            previous_run_id: self.previous_run_id,
            previous_sequence: self.previous_sequence,
        }
    }
}

#[derive(Serialize)]
struct KeyJson {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
}

/// Reads the cursors of devices and keeps them from other transactions until this one ends.
pub async fn lock_cursors(tx: &mut Tx, keys: &[DeviceKey]) -> Result<Vec<CursorRow>> {
    // SQLite has one writer, who has the lock already.
    let (sqlite, postgres) = batch_sql!(
        "SELECT c.device_id, c.run_id, c.sequence, c.previous_run_id, c.previous_sequence, c.certificate_serial,
             c.facts_hash, c.attention, d.revoked_at FROM",
        [municipality_id uuid, device_id uuid],
        "JOIN checkin_cursor c ON c.municipality_id = i.municipality_id AND c.device_id = i.device_id
         JOIN device d ON d.municipality_id = i.municipality_id AND d.device_id = i.device_id
         ORDER BY c.device_id",
        postgres: "FOR UPDATE OF c"
    );
    let rows: Vec<_> =
        keys.iter().map(|key| KeyJson { municipality_id: key.municipality, device_id: key.device }).collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).all().await
}

/// The cursor of a device after a decision.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Move {
    /// The owner.
    pub municipality_id: MunicipalityId,
    /// The device.
    pub device_id: DeviceId,
    /// The run that reported.
    pub run_id: i64,
    /// Its newest sequence.
    pub sequence: i64,
    /// The run before.
    pub previous_run_id: i64,
    /// The newest sequence of the run before.
    pub previous_sequence: i64,
    /// The certificate in use.
    pub certificate_serial: i64,
    /// Hash of the facts that are stored.
    pub facts_hash: i64,
    /// 1 if something still waits for the device.
    pub attention: i64,
    /// When the report arrived.
    pub received_at: i64,
    /// The device's clock minus the server's.
    pub clock_skew_ms: i64,
}

/// Writes decided cursors; each move counts one report. Gives how many rows were written.
pub async fn move_cursors(tx: &mut Tx, moves: &[Move]) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "UPDATE checkin_cursor AS c SET run_id = i.run_id, sequence = i.sequence, previous_run_id = i.previous_run_id,
             previous_sequence = i.previous_sequence, certificate_serial = i.certificate_serial, facts_hash = i.facts_hash,
             attention = i.attention = 1, report_count = c.report_count + 1, received_at = i.received_at,
             clock_skew_ms = i.clock_skew_ms
         FROM",
        [
            municipality_id uuid, device_id uuid, run_id int, sequence int, previous_run_id int, previous_sequence int,
            certificate_serial int, facts_hash int, attention int, received_at int, clock_skew_ms int,
        ],
        "WHERE c.municipality_id = i.municipality_id AND c.device_id = i.device_id"
    );
    if moves.is_empty() {
        return Ok(0);
    }
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(moves)?).execute().await
}

/// A transition as it is stored.
#[derive(Debug, Clone, Serialize)]
pub struct TransitionRow {
    /// The owner.
    pub municipality_id: MunicipalityId,
    /// The device.
    pub device_id: DeviceId,
    /// The run that recorded it.
    pub run_id: i64,
    /// Its number within that run.
    pub number: i64,
    /// Number of its kind.
    pub kind: i32,
    /// When it happened, by the server's clock.
    pub occurred_at: i64,
    /// When it arrived.
    pub received_at: i64,
    /// The network.
    pub ssid: Option<String>,
    /// The access point, as `hex_bytes` writes it.
    pub bssid: Option<String>,
    /// How many, or how much.
    pub amount: i64,
    /// Number of the layer of a check.
    pub layer: Option<i32>,
    /// Number of its target.
    pub target: Option<i64>,
    /// Number of its outcome.
    pub outcome: Option<i32>,
    /// Number of its error.
    pub error: Option<i32>,
    /// How long its answer took.
    pub latency_us: Option<i64>,
    /// Hash of the gateway of the network that the device was on, as `hex_bytes` writes it.
    pub gateway_hash: Option<String>,
}

/// Stores transitions that are not stored yet. Gives the device of each new one.
pub async fn insert_transitions(tx: &mut Tx, rows: &[TransitionRow]) -> Result<Vec<Uuid>> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO device_transition (municipality_id, device_id, run_id, number, kind, occurred_at, received_at, ssid, bssid, amount,
             layer, target, outcome, error, latency_us, gateway_hash)
         SELECT municipality_id, device_id, run_id, number, kind, occurred_at, received_at, ssid, bssid, amount, layer,
             target, outcome, error, latency_us, gateway_hash FROM",
        [
            municipality_id uuid, device_id uuid, run_id int, number int, kind int, occurred_at int, received_at int,
            ssid text, bssid bytes, amount int, layer int, target int, outcome int, error int, latency_us int,
            gateway_hash bytes,
        ],
        "WHERE true ON CONFLICT (municipality_id, device_id, run_id, number) DO NOTHING RETURNING device_id"
    );
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.by_engine(sqlite, postgres);
    let stored = tx.query(sql).bind(rows_json(rows)?).all::<(Uuid,)>().await?;
    Ok(stored.into_iter().map(|(device,)| device).collect())
}

#[derive(Serialize)]
struct CountJson {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    count: i64,
}

/// Adds to the counts of stored transitions.
pub async fn add_transition_counts(tx: &mut Tx, counts: &[(DeviceKey, i64)]) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "UPDATE checkin_cursor AS c SET transition_count = c.transition_count + i.count FROM",
        [municipality_id uuid, device_id uuid, count int],
        "WHERE c.municipality_id = i.municipality_id AND c.device_id = i.device_id"
    );
    if counts.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = counts
        .iter()
        .map(|(key, count)| CountJson { municipality_id: key.municipality, device_id: key.device, count: *count })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await
}

#[derive(Serialize)]
struct SeenJson {
    municipality_id: MunicipalityId,
    device_id: DeviceId,
    seen_at: i64,
}

/// Notes devices whose reports arrived but could not be stored, so that nobody takes them for silent.
pub async fn note_seen(tx: &mut Tx, seen: &[(DeviceKey, Timestamp)]) -> Result<u64> {
    let (sqlite, postgres) = batch_sql!(
        "UPDATE checkin_cursor AS c SET seen_at = i.seen_at FROM",
        [municipality_id uuid, device_id uuid, seen_at int],
        "WHERE c.municipality_id = i.municipality_id AND c.device_id = i.device_id
             AND (c.seen_at IS NULL OR c.seen_at < i.seen_at)"
    );
    if seen.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = seen
        .iter()
        .map(|(key, at)| SeenJson { municipality_id: key.municipality, device_id: key.device, seen_at: at.0 })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&rows)?).execute().await
}

/// Notes a command. Gives false if one of this id exists.
pub async fn insert_command(tx: &mut Tx, key: DeviceKey, command: Uuid, kind: i32, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO device_command (municipality_id, device_id, command_id, kind, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (municipality_id, device_id, command_id) DO NOTHING",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(command)
        .bind(i64::from(kind))
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Commands that wait for a device, oldest first: id and kind.
pub async fn pending_commands(tx: &mut Tx, key: DeviceKey, limit: i64) -> Result<Vec<(Uuid, i16)>> {
    tx.query(
        "SELECT command_id, kind FROM device_command
         WHERE municipality_id = $1 AND device_id = $2 AND finished_at IS NULL ORDER BY created_at, command_id LIMIT $3",
    )
    .bind(key.municipality)
    .bind(key.device)
    .bind(limit)
    .all()
    .await
}

/// Notes what became of a command; the first result stays.
pub async fn finish_command(tx: &mut Tx, key: DeviceKey, command: Uuid, outcome: i32, now: Timestamp) -> Result<u64> {
    tx.query(
        "UPDATE device_command SET finished_at = $4, outcome = $5
         WHERE municipality_id = $1 AND device_id = $2 AND command_id = $3 AND finished_at IS NULL",
    )
    .bind(key.municipality)
    .bind(key.device)
    .bind(command)
    .bind(now.0)
    .bind(i64::from(outcome))
    .execute()
    .await
}
