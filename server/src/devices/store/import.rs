//! SQL of imports and exports: runs, kept mappings, what rows are matched with, what goes out.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, in_schools, rows_json},
    devices::rules::{
        DeviceId,
        import::{ImportKind, plan::Known},
    },
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// Where a run stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum RunState {
    /// Waits for a person's yes.
    Previewed = 1,
    /// Done.
    Applied = 2,
    /// Nobody said yes; the file is gone.
    Expired = 3,
}

impl RunState {
    /// The state that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Previewed, Self::Applied, Self::Expired].into_iter().find(|state| *state as i16 == number)
    }
}

/// A run to be stored.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The run.
    pub import: Uuid,
    /// What it is about.
    pub kind: ImportKind,
    /// Name of the file.
    pub file_name: String,
    /// SHA-256 of the file.
    pub sha256: Vec<u8>,
    /// The file.
    pub content: Vec<u8>,
    /// Corrections, JSON.
    pub mapping: String,
    /// Options, JSON.
    pub options: String,
    /// What it would do, JSON.
    pub outcome: String,
    /// Rows below the header.
    pub rows: i64,
    /// Who handed it in.
    pub created_by: String,
}

/// A run without its file.
#[derive(Debug, Clone, FromRow)]
pub struct RunRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The run.
    pub import_id: Uuid,
    /// What it is about.
    pub kind: i16,
    /// Where it stands.
    pub state: i16,
    /// Name of the file.
    pub file_name: String,
    /// Corrections, JSON.
    pub mapping: String,
    /// Options, JSON.
    pub options: String,
    /// What it would do or did, JSON.
    pub outcome: String,
    /// When it was handed in.
    pub created_at: i64,
    /// Who handed it in.
    pub created_by: String,
    /// When it was applied.
    pub finished_at: Option<i64>,
    /// Grows with each change.
    pub version: i64,
}

/// Stores a run.
pub async fn insert_run(tx: &mut Tx, run: NewRun, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO import_run (municipality_id, import_id, kind, state, file_name, file_sha256, content, mapping, options,
             outcome, rows_done, rows_total, created_at, created_by, version)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, 1)",
    )
    .bind(run.municipality)
    .bind(run.import)
    .bind(run.kind.to_number())
    .bind(run.file_name)
    .bind(run.sha256)
    .bind(run.content)
    .bind(run.mapping)
    .bind(run.options)
    .bind(run.outcome)
    .bind(run.rows)
    .bind(now.0)
    .bind(run.created_by)
    .execute()
    .await?;
    Ok(())
}

/// One run.
pub async fn find_run(tx: &mut Tx, municipality: MunicipalityId, import: Uuid) -> Result<Option<RunRow>> {
    tx.query(
        "SELECT municipality_id, import_id, kind, state, file_name, mapping, options, outcome, created_at, created_by,
             finished_at, version
         FROM import_run WHERE municipality_id = $1 AND import_id = $2",
    )
    .bind(municipality)
    .bind(import)
    .optional()
    .await
}

/// The file of a run, while it waits.
pub async fn run_content(tx: &mut Tx, municipality: MunicipalityId, import: Uuid) -> Result<Option<Vec<u8>>> {
    let row = tx
        .query("SELECT content FROM import_run WHERE municipality_id = $1 AND import_id = $2")
        .bind(municipality)
        .bind(import)
        .optional::<(Option<Vec<u8>>,)>()
        .await?;
    Ok(row.and_then(|(content,)| content))
}

/// Runs of an owner before an id, the newest first; ids are drawn in the order of time. Only those of devices, or only others,
/// or both.
pub async fn list_runs(
    tx: &mut Tx,
    municipality: MunicipalityId,
    (of_devices, of_others): (bool, bool),
    before: Uuid,
    limit: i64,
) -> Result<Vec<RunRow>> {
    tx.query(
        "SELECT municipality_id, import_id, kind, state, file_name, mapping, options, outcome, created_at, created_by,
             finished_at, version
         FROM import_run WHERE municipality_id = $1 AND import_id < $2
             AND ((kind = 1 AND CAST($3 AS BIGINT) = 1) OR (kind <> 1 AND CAST($4 AS BIGINT) = 1))
         ORDER BY import_id DESC LIMIT $5",
    )
    .bind(municipality)
    .bind(before)
    .bind(i64::from(of_devices))
    .bind(i64::from(of_others))
    .bind(limit)
    .all()
    .await
}

/// Marks a run as done if it still has the version that the caller saw, and forgets its file. Gives whether it had.
pub async fn finish_run(
    tx: &mut Tx,
    municipality: MunicipalityId,
    import: Uuid,
    version: i64,
    outcome: String,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE import_run SET state = 2, content = NULL, outcome = $4, rows_done = rows_total, finished_at = $5,
                 version = version + 1
             WHERE municipality_id = $1 AND import_id = $2 AND version = $3 AND state = 1",
        )
        .bind(municipality)
        .bind(import)
        .bind(version)
        .bind(outcome)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Forgets the files of an owner that were handed in before a time and never applied.
pub async fn expire_runs(tx: &mut Tx, municipality: MunicipalityId, before: Timestamp) -> Result<u64> {
    tx.query(
        "UPDATE import_run SET state = 3, content = NULL, version = version + 1
         WHERE municipality_id = $1 AND state = 1 AND created_at < $2",
    )
    .bind(municipality)
    .bind(before.0)
    .execute()
    .await
}

/// The mapping that was kept for a header, JSON.
pub async fn find_mapping(
    tx: &mut Tx,
    municipality: MunicipalityId,
    kind: ImportKind,
    header_sha256: &[u8],
) -> Result<Option<String>> {
    let row = tx
        .query("SELECT mapping FROM import_mapping WHERE municipality_id = $1 AND kind = $2 AND header_sha256 = $3")
        .bind(municipality)
        .bind(kind.to_number())
        .bind(header_sha256.to_vec())
        .optional::<(String,)>()
        .await?;
    Ok(row.map(|(mapping,)| mapping))
}

/// All mappings that an owner keeps for a kind: hash of the header, mapping. At most 1,000.
pub async fn list_mappings(
    tx: &mut Tx,
    municipality: MunicipalityId,
    kind: ImportKind,
) -> Result<Vec<(Vec<u8>, String)>> {
    tx.query(
        "SELECT header_sha256, mapping FROM import_mapping WHERE municipality_id = $1 AND kind = $2
         ORDER BY header_sha256 LIMIT 1000",
    )
    .bind(municipality)
    .bind(kind.to_number())
    .all()
    .await
}

/// Keeps a mapping for a header in place of an older one.
pub async fn keep_mapping(
    tx: &mut Tx,
    municipality: MunicipalityId,
    kind: ImportKind,
    header_sha256: &[u8],
    mapping: String,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO import_mapping (municipality_id, kind, header_sha256, mapping, saved_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (municipality_id, kind, header_sha256)
         DO UPDATE SET mapping = excluded.mapping, saved_at = excluded.saved_at",
    )
    .bind(municipality)
    .bind(kind.to_number())
    .bind(header_sha256.to_vec())
    .bind(mapping)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Whether an owner wants names of holders kept.
pub async fn keeps_names(tx: &mut Tx, municipality: MunicipalityId) -> Result<bool> {
    // A number on SQLite, a boolean on PostgreSQL.
    let row = tx
        .query("SELECT CAST(keeps_names AS INTEGER) FROM municipality WHERE municipality_id = $1")
        .bind(municipality)
        .one::<(i32,)>()
        .await?;
    Ok(row.0 != 0)
}

#[derive(FromRow)]
struct KnownRow {
    device_id: Uuid,
    school_id: Option<Uuid>,
    label_key: Option<String>,
    serial_key: Option<String>,
}

/// Devices of an owner after an id, as rows are matched with them; those that were folded into another are left out. Not
/// bounded to schools: who may change some schools only must not make a second record of a device of another one.
pub async fn list_known(tx: &mut Tx, municipality: MunicipalityId, after: DeviceId, limit: i64) -> Result<Vec<Known>> {
    let rows = tx
        .query(
            "SELECT device_id, school_id, label_key, serial_key FROM device
             WHERE municipality_id = $1 AND device_id > $2 AND merged_into_device_id IS NULL
             ORDER BY device_id LIMIT $3",
        )
        .bind(municipality)
        .bind(after)
        .bind(limit)
        .all::<KnownRow>()
        .await?;
    let known = |row: KnownRow| Known {
        device: DeviceId(row.device_id),
        school: row.school_id.map(SchoolId),
        label_key: row.label_key,
        serial_key: row.serial_key,
    };
    Ok(rows.into_iter().map(known).collect())
}

macro_rules! export_columns {
    () => {
        "SELECT d.device_id, d.label, d.serial_number, d.maker, d.model, d.os_kind, d.os_version, s.name AS school_name,
             d.grade, d.class_name, d.seat_number, d.purpose, d.lifecycle, d.room, d.cart, d.acquired_on, d.warranty_until,
             d.lease_until, d.price_yen
         FROM device d
         LEFT JOIN school s ON s.municipality_id = d.municipality_id AND s.school_id = d.school_id "
    };
}

/// A device as it goes out.
#[derive(Debug, Clone, FromRow)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub struct ExportRow {
    pub device_id: Uuid,
    pub label: Option<String>,
    pub serial_number: Option<String>,
    pub maker: Option<String>,
    pub model: Option<String>,
    pub os_kind: i16,
    pub os_version: Option<String>,
    pub school_name: Option<String>,
    pub grade: Option<i16>,
    pub class_name: Option<String>,
    pub seat_number: Option<i16>,
    pub purpose: i16,
    pub lifecycle: i16,
    pub room: Option<String>,
    pub cart: Option<String>,
    pub acquired_on: Option<String>,
    pub warranty_until: Option<String>,
    pub lease_until: Option<String>,
    pub price_yen: Option<i64>,
}

/// These devices of an area as they go out, in no order. As an array PostgreSQL looks each up by its key.
pub async fn find_export(tx: &mut Tx, area: &Area, devices: &[Uuid]) -> Result<Vec<ExportRow>> {
    let sql = tx.by_engine(
        concat!(
            export_columns!(),
            "WHERE d.municipality_id = $1 AND d.device_id IN (SELECT unhex(value, '-') FROM json_each($3)) AND ",
            in_schools!(sqlite "d.school_id" "$2")
        ),
        concat!(
            export_columns!(),
            "WHERE d.municipality_id = $1 AND d.device_id = ANY (ARRAY(SELECT CAST(value AS UUID)
                 FROM jsonb_array_elements_text(CAST(CAST($3 AS TEXT) AS JSONB)))) AND ",
            in_schools!(postgres "d.school_id" "$2")
        ),
    );
    tx.query(sql).bind(area.municipality()).bind(area.schools_json()).bind(rows_json(devices)?).all().await
}
