//! SQL of municipalities and schools.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{MunicipalityCode, MunicipalityId, SchoolCode, SchoolId};
use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, area_sql},
    error::Result,
};

/// A municipality as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct MunicipalityRow {
    /// Its id.
    pub municipality_id: Uuid,
    /// 全国地方公共団体コード.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A school as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct SchoolRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Its id.
    pub school_id: Uuid,
    /// 学校コード, if known.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
}

pub(super) async fn insert_municipality(
    tx: &mut Tx,
    id: MunicipalityId,
    code: &MunicipalityCode,
    name: &str,
    mac_salt: [u8; 16],
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO municipality (municipality_id, code, name, mac_salt, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(code.as_str())
    .bind(name)
    .bind(mac_salt.to_vec())
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// One municipality.
pub async fn find_municipality(tx: &mut Tx, area: &Area) -> Result<Option<MunicipalityRow>> {
    tx.query("SELECT municipality_id, code, name FROM municipality WHERE municipality_id = $1")
        .bind(area.municipality())
        .optional()
        .await
}

/// The salt for hashes of MAC addresses of a municipality.
pub async fn mac_salt(tx: &mut Tx, id: MunicipalityId) -> Result<Vec<u8>> {
    let (salt,) =
        tx.query("SELECT mac_salt FROM municipality WHERE municipality_id = $1").bind(id).one::<(Vec<u8>,)>().await?;
    Ok(salt)
}

/// Municipalities with a code after `after`, by code. What the caller may not see is left out by who calls.
pub(super) async fn list_municipalities(
    tx: &mut Tx,
    code: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<MunicipalityRow>> {
    tx.query(
        "SELECT municipality_id, code, name FROM municipality
         WHERE code > $1 AND ($2 IS NULL OR code = $2) ORDER BY code LIMIT $3",
    )
    .bind(after)
    .bind(code.map(str::to_owned))
    .bind(limit)
    .all()
    .await
}

pub(super) async fn insert_school(
    tx: &mut Tx,
    municipality: MunicipalityId,
    id: SchoolId,
    code: Option<&SchoolCode>,
    name: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query("INSERT INTO school (municipality_id, school_id, code, name, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(municipality)
        .bind(id)
        .bind(code.map(|c| c.as_str().to_owned()))
        .bind(name)
        .bind(now.0)
        .execute()
        .await?;
    Ok(())
}

/// Whether a municipality has a school.
pub async fn school_exists(tx: &mut Tx, municipality: MunicipalityId, id: SchoolId) -> Result<bool> {
    let row = tx
        .query("SELECT name FROM school WHERE municipality_id = $1 AND school_id = $2")
        .bind(municipality)
        .bind(id)
        .optional::<(String,)>()
        .await?;
    Ok(row.is_some())
}

/// Schools of an area after an id, in the order of ids.
pub async fn list_schools(tx: &mut Tx, area: &Area, after: Uuid, limit: i64) -> Result<Vec<SchoolRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, school_id, code, name FROM school WHERE municipality_id = $1 AND school_id > $2 AND",
        "school_id",
        "$3",
        "ORDER BY school_id LIMIT $4"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(after).bind(area.schools_json()).bind(limit).all().await
}
