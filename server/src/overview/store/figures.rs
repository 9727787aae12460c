//! SQL of what the devices of schools do: counted from their newest reports, and kept ready for pages of many schools.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, among_sql, area_sql, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
};

/// What the devices of one school do.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::overview) struct SchoolFiguresRow {
    /// Nil for devices of no school.
    pub school_id: Uuid,
    pub device_count: i64,
    pub reporting_count: i64,
    pub storage_low_count: i64,
    /// In percent.
    pub mean_charge: Option<i64>,
    pub last_at: Option<i64>,
}

/// What the devices of one owner do, as far as an area reaches.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::overview) struct OwnerFiguresRow {
    pub municipality_id: Uuid,
    pub device_count: i64,
    pub reporting_count: i64,
    pub storage_low_count: i64,
    pub last_at: Option<i64>,
}

/// Counts the schools of one owner in a range of ids, the nil school for devices of none. A device reports if it was heard
/// at `since` or later.
pub(in crate::overview) async fn count_figures(
    tx: &mut Tx,
    municipality: MunicipalityId,
    (first, last): (Uuid, Uuid),
    since: Timestamp,
) -> Result<Vec<SchoolFiguresRow>> {
    macro_rules! count {
        ($nil:literal) => {
            concat!(
                "SELECT COALESCE(d.school_id, ",
                $nil,
                ") AS school_id, COUNT(*) AS device_count,
                     COUNT(CASE WHEN c.received_at >= $4 OR c.seen_at >= $4 THEN 1 END) AS reporting_count,
                     COUNT(CASE WHEN t.storage_free_bytes * 10 < f.storage_bytes THEN 1 END) AS storage_low_count,
                     CAST(ROUND(AVG(t.charge_percent)) AS BIGINT) AS mean_charge,
                     MAX(c.received_at) AS last_at
                 FROM device d
                 JOIN checkin_cursor c ON c.municipality_id = d.municipality_id AND c.device_id = d.device_id
                 LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
                 LEFT JOIN device_status t ON t.municipality_id = d.municipality_id AND t.device_id = d.device_id
                 WHERE d.municipality_id = $1 AND d.revoked_at IS NULL AND d.merged_into_device_id IS NULL
                     AND (d.school_id BETWEEN $2 AND $3 OR (d.school_id IS NULL AND $2 = ",
                $nil,
                "))
                 GROUP BY COALESCE(d.school_id, ",
                $nil,
                ") ORDER BY school_id"
            )
        };
    }
    let sql = tx.by_engine(count!("zeroblob(16)"), count!("CAST('00000000-0000-0000-0000-000000000000' AS UUID)"));
    tx.query(sql).bind(municipality).bind(first).bind(last).bind(since.0).all().await
}

/// The figures that are kept of the schools of one owner in a range of ids.
pub(in crate::overview) async fn kept_figures(
    tx: &mut Tx,
    municipality: MunicipalityId,
    (first, last): (Uuid, Uuid),
) -> Result<Vec<SchoolFiguresRow>> {
    tx.query(
        "SELECT school_id, device_count, reporting_count, storage_low_count, mean_charge, last_at FROM school_figures
         WHERE municipality_id = $1 AND school_id BETWEEN $2 AND $3 ORDER BY school_id",
    )
    .bind(municipality)
    .bind(first)
    .bind(last)
    .all()
    .await
}

/// Sums of the figures that are kept of whole owners; those without any are left out.
pub(in crate::overview) async fn owner_figures(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<OwnerFiguresRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, CAST(SUM(device_count) AS BIGINT) AS device_count,
             CAST(SUM(reporting_count) AS BIGINT) AS reporting_count,
             CAST(SUM(storage_low_count) AS BIGINT) AS storage_low_count, MAX(last_at) AS last_at
         FROM school_figures WHERE",
        "municipality_id",
        "$1",
        "GROUP BY municipality_id ORDER BY municipality_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(owners)?).all().await
}

/// Sum of the figures that are kept of the schools of an area; none if there are none.
pub(in crate::overview) async fn area_figures(tx: &mut Tx, area: &Area) -> Result<Option<OwnerFiguresRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, CAST(SUM(device_count) AS BIGINT) AS device_count,
             CAST(SUM(reporting_count) AS BIGINT) AS reporting_count,
             CAST(SUM(storage_low_count) AS BIGINT) AS storage_low_count, MAX(last_at) AS last_at
         FROM school_figures WHERE municipality_id = $1 AND",
        "school_id",
        "$2",
        "GROUP BY municipality_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(area.schools_json()).optional().await
}

/// When the schools of owners were counted: owner and moment. Owners that were never counted are left out.
pub(in crate::overview) async fn counted_at(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<(Uuid, i64)>> {
    let (sqlite, postgres) =
        among_sql!("SELECT municipality_id, counted_at FROM figures_count WHERE", "municipality_id", "$1", "");
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(owners)?).all().await
}

/// Every owner and when its schools were counted, 0 for never; the longest ago first.
pub(in crate::overview) async fn owners_to_count(tx: &mut Tx) -> Result<Vec<(Uuid, i64)>> {
    tx.query(
        "SELECT m.municipality_id, COALESCE(n.counted_at, 0) AS counted_at
         FROM municipality m LEFT JOIN figures_count n ON n.municipality_id = m.municipality_id
         ORDER BY COALESCE(n.counted_at, 0), m.municipality_id",
    )
    .all()
    .await
}

/// Whether an owner has any devices, or figures that tell of some.
pub(in crate::overview) async fn has_devices(tx: &mut Tx, owner: MunicipalityId) -> Result<bool> {
    let found = tx
        .query(
            "SELECT municipality_id FROM device_count WHERE municipality_id = $1
             UNION ALL SELECT municipality_id FROM school_figures WHERE municipality_id = $1 LIMIT 1",
        )
        .bind(owner)
        .optional::<(Uuid,)>()
        .await?;
    Ok(found.is_some())
}

/// Figures to be kept.
#[derive(Debug, Serialize)]
struct NewFigures {
    municipality_id: Uuid,
    school_id: Uuid,
    device_count: i64,
    reporting_count: i64,
    storage_low_count: i64,
    mean_charge: Option<i64>,
    last_at: Option<i64>,
}

/// Keeps figures of schools of an owner.
pub(in crate::overview) async fn keep_figures(
    tx: &mut Tx,
    owner: MunicipalityId,
    rows: &[&SchoolFiguresRow],
) -> Result<()> {
    let (sqlite, postgres) = batch_sql!(
        "INSERT INTO school_figures (municipality_id, school_id, device_count, reporting_count, storage_low_count, mean_charge, last_at)
         SELECT municipality_id, school_id, device_count, reporting_count, storage_low_count, mean_charge, last_at FROM",
        [municipality_id uuid, school_id uuid, device_count int, reporting_count int, storage_low_count int, mean_charge int,
         last_at int],
        // Without a condition SQLite takes ON for a part of a join.
        "WHERE TRUE ON CONFLICT (municipality_id, school_id) DO UPDATE SET device_count = excluded.device_count,
             reporting_count = excluded.reporting_count, storage_low_count = excluded.storage_low_count,
             mean_charge = excluded.mean_charge, last_at = excluded.last_at"
    );
    let new: Vec<_> = rows
        .iter()
        .map(|row| NewFigures {
            municipality_id: owner.0,
            school_id: row.school_id,
            device_count: row.device_count,
            reporting_count: row.reporting_count,
            storage_low_count: row.storage_low_count,
            mean_charge: row.mean_charge,
            last_at: row.last_at,
        })
        .collect();
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&new)?).execute().await?;
    Ok(())
}

/// Forgets the figures of schools of an owner that have no devices any more.
pub(in crate::overview) async fn forget_figures(tx: &mut Tx, owner: MunicipalityId, schools: &[Uuid]) -> Result<()> {
    let (sqlite, postgres) =
        among_sql!("DELETE FROM school_figures WHERE municipality_id = $1 AND", "school_id", "$2", "");
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(owner).bind(rows_json(schools)?).execute().await?;
    Ok(())
}

/// Notes when the schools of an owner were counted.
pub(in crate::overview) async fn note_counted(tx: &mut Tx, owner: MunicipalityId, at: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO figures_count (municipality_id, counted_at) VALUES ($1, $2)
         ON CONFLICT (municipality_id) DO UPDATE SET counted_at = excluded.counted_at",
    )
    .bind(owner)
    .bind(at.0)
    .execute()
    .await?;
    Ok(())
}

/// How many open schools whole owners have: owner and count. Owners without any are left out.
pub(in crate::overview) async fn count_owner_schools(
    tx: &mut Tx,
    owners: &[MunicipalityId],
) -> Result<Vec<(Uuid, i64)>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, COUNT(*) AS school_count FROM school WHERE",
        "municipality_id",
        "$1",
        "AND closed_at IS NULL GROUP BY municipality_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(owners)?).all().await
}

/// How many open schools an area has.
pub(in crate::overview) async fn count_area_schools(tx: &mut Tx, area: &Area) -> Result<i64> {
    let (sqlite, postgres) = area_sql!(
        "SELECT COUNT(*) AS school_count FROM school WHERE municipality_id = $1 AND closed_at IS NULL AND",
        "school_id",
        "$2",
        ""
    );
    let sql = tx.by_engine(sqlite, postgres);
    let (count,) = tx.query(sql).bind(area.municipality()).bind(area.schools_json()).one::<(i64,)>().await?;
    Ok(count)
}
