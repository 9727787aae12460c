//! SQL of pupils by school and fiscal year.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, area_sql},
    error::Result,
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// Pupils of a school in a year as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PupilsRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The school.
    pub school_id: Uuid,
    /// Calendar year in which the fiscal year begins.
    pub fiscal_year: i64,
    /// How many.
    pub pupils: i64,
    /// Who says so.
    pub source: i16,
    /// When.
    pub recorded_at: i64,
}

pub(in crate::schools) async fn upsert_pupils(tx: &mut Tx, row: &PupilsRow) -> Result<()> {
    tx.query(
        "INSERT INTO school_pupils (municipality_id, school_id, fiscal_year, pupils, source, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (municipality_id, school_id, fiscal_year)
         DO UPDATE SET pupils = excluded.pupils, source = excluded.source, recorded_at = excluded.recorded_at",
    )
    .bind(row.municipality_id)
    .bind(row.school_id)
    .bind(row.fiscal_year)
    .bind(row.pupils)
    .bind(i64::from(row.source))
    .bind(row.recorded_at)
    .execute()
    .await?;
    Ok(())
}

pub(in crate::schools) async fn find_pupils(
    tx: &mut Tx,
    area: &Area,
    school: SchoolId,
    year: FiscalYear,
) -> Result<Option<PupilsRow>> {
    tx.query(
        "SELECT municipality_id, school_id, fiscal_year, pupils, source, recorded_at FROM school_pupils
         WHERE municipality_id = $1 AND school_id = $2 AND fiscal_year = $3",
    )
    .bind(area.municipality())
    .bind(school)
    .bind(year.to_number())
    .optional()
    .await
}

/// Pupils of an area after a school and year, by both.
pub(in crate::schools) async fn list_pupils(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
    after: (Uuid, i64),
    limit: i64,
) -> Result<Vec<PupilsRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, school_id, fiscal_year, pupils, source, recorded_at FROM school_pupils
         WHERE municipality_id = $1 AND (school_id, fiscal_year) > ($2, $3) AND school_id >= $4 AND school_id <= $5 AND",
        "school_id",
        "$6",
        "ORDER BY school_id, fiscal_year LIMIT $7"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let (first, last) = school.map_or((Uuid::nil(), Uuid::max()), |school| (school.0, school.0));
    tx.query(sql)
        .bind(area.municipality())
        .bind(after.0)
        .bind(after.1)
        .bind(first)
        .bind(last)
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}
