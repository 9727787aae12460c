//! SQL of bandwidth.

pub mod directed;

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::Edition;
use crate::{
    clock::Timestamp,
    db::Tx,
    error::Result,
    schools::rules::{
        MunicipalityId, SchoolId,
        fiscal::{date_text, parse_date},
    },
};

/// A measurement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MeasurementRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Its id.
    pub measurement_id: Uuid,
    /// The school.
    pub school_id: Uuid,
    /// When it was measured.
    pub measured_at: i64,
    /// Towards the school, in kbit/s.
    pub receive_kbps: i64,
    /// From the school, in kbit/s, if it was measured.
    pub send_kbps: Option<i64>,
    /// Number of the method.
    pub method: i16,
    /// Whether it was in lessons.
    pub in_lesson: bool,
    /// What a person says of it.
    pub note: String,
    /// When it was stored.
    pub recorded_at: i64,
}

/// All editions of the table, by date.
pub(super) async fn editions(tx: &mut Tx) -> Result<Vec<Edition>> {
    let heads: Vec<(String, String, i64)> = tx
        .query("SELECT edition_date, source, below_kbps FROM bandwidth_edition ORDER BY edition_date LIMIT 1000")
        .all()
        .await?;
    let rows: Vec<(String, i64, i64)> = tx
        .query(
            "SELECT edition_date, pupils, kbps FROM bandwidth_recommended ORDER BY edition_date, pupils LIMIT 200000",
        )
        .all()
        .await?;
    let mut of_edition: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for (edition, pupils, kbps) in rows {
        of_edition.entry(edition).or_default().push((pupils, kbps));
    }
    let edition = |(date, source, below_kbps): (String, String, i64)| {
        let rows = of_edition.remove(&date).unwrap_or_default();
        Some(Edition { date: parse_date("edition_date", &date).ok()?, source, below_kbps, rows })
    };
    Ok(heads.into_iter().filter_map(edition).collect())
}

/// Adds an edition; false if there is one of its date.
pub(super) async fn insert_edition(tx: &mut Tx, edition: &Edition, now: Timestamp) -> Result<bool> {
    let date = date_text(edition.date);
    let added = tx
        .query(
            "INSERT INTO bandwidth_edition (edition_date, source, below_kbps, recorded_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (edition_date) DO NOTHING",
        )
        .bind(date.as_str())
        .bind(edition.source.as_str())
        .bind(edition.below_kbps)
        .bind(now.0)
        .execute()
        .await?;
    if added == 0 {
        return Ok(false);
    }
    for (pupils, kbps) in &edition.rows {
        tx.query("INSERT INTO bandwidth_recommended (edition_date, pupils, kbps) VALUES ($1, $2, $3)")
            .bind(date.as_str())
            .bind(*pupils)
            .bind(*kbps)
            .execute()
            .await?;
    }
    Ok(true)
}

/// Adds a measurement; false if its id is there.
pub(super) async fn insert_measurement(tx: &mut Tx, row: &MeasurementRow) -> Result<bool> {
    let added = tx
        .query(
            "INSERT INTO bandwidth_measurement
                 (municipality_id, measurement_id, school_id, measured_at, receive_kbps, send_kbps, method, in_lesson, note,
                  recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (municipality_id, measurement_id) DO NOTHING",
        )
        .bind(row.municipality_id)
        .bind(row.measurement_id)
        .bind(row.school_id)
        .bind(row.measured_at)
        .bind(row.receive_kbps)
        .bind(row.send_kbps)
        .bind(i64::from(row.method))
        .bind(row.in_lesson)
        .bind(row.note.as_str())
        .bind(row.recorded_at)
        .execute()
        .await?;
    Ok(added == 1)
}

/// Takes a measurement away; false if there is none.
pub(super) async fn delete_measurement(
    tx: &mut Tx,
    (owner, school): (MunicipalityId, SchoolId),
    measurement: Uuid,
) -> Result<bool> {
    let rows = tx
        .query(
            "DELETE FROM bandwidth_measurement WHERE municipality_id = $1 AND school_id = $2 AND measurement_id = $3",
        )
        .bind(owner)
        .bind(school)
        .bind(measurement)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Measurements of a school before a time and id, the newest first.
pub(super) async fn measurements_of_school(
    tx: &mut Tx,
    (owner, school): (MunicipalityId, SchoolId),
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<MeasurementRow>> {
    tx.query(
        "SELECT municipality_id, measurement_id, school_id, measured_at, receive_kbps, send_kbps, method, in_lesson, note,
             recorded_at
         FROM bandwidth_measurement
         WHERE municipality_id = $1 AND school_id = $2 AND (measured_at, measurement_id) < ($3, $4)
         ORDER BY measured_at DESC, measurement_id DESC LIMIT $5",
    )
    .bind(owner)
    .bind(school)
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .all()
    .await
}

/// School, time, kbit/s towards it, whether in lessons: of all schools of an owner up to a moment, the newest first.
pub(super) async fn measured_until(
    tx: &mut Tx,
    owner: MunicipalityId,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, i64, i64, bool)>> {
    tx.query(
        "SELECT school_id, measured_at, receive_kbps, in_lesson FROM bandwidth_measurement
         WHERE municipality_id = $1 AND measured_at <= $2 ORDER BY measured_at DESC LIMIT $3",
    )
    .bind(owner)
    .bind(until.0)
    .bind(limit)
    .all()
    .await
}

/// School, fiscal year, pupils: of an owner, in two fiscal years, the older first.
pub(super) async fn pupils(tx: &mut Tx, owner: MunicipalityId, years: (i64, i64)) -> Result<Vec<(Uuid, i64, i64)>> {
    tx.query(
        "SELECT school_id, fiscal_year, pupils FROM school_pupils
         WHERE municipality_id = $1 AND fiscal_year >= $2 AND fiscal_year <= $3 ORDER BY fiscal_year, school_id LIMIT 20000",
    )
    .bind(owner)
    .bind(years.0)
    .bind(years.1)
    .all()
    .await
}

/// School, how many lines, how many of them with a known speed, and the sum of those in Mbit/s.
pub(super) async fn contracts(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<(Uuid, i64, i64, i64)>> {
    tx.query(
        "SELECT school_id, COUNT(*), COUNT(contract_mbps), CAST(COALESCE(SUM(contract_mbps), 0) AS BIGINT)
         FROM school_line WHERE municipality_id = $1 GROUP BY school_id",
    )
    .bind(owner)
    .all()
    .await
}
