//! SQL of municipalities and schools.

pub mod calendar;
pub(super) mod lines;
pub(super) mod pupils;
pub(super) mod search;

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{
    MunicipalityCode, MunicipalityId, SchoolCode, SchoolId, fold_name,
    search::{SchoolPosition, order_key},
};
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
    /// 都, 特別区, 市, 町 or 村; empty where nobody said.
    pub kind: String,
    /// Whether names of holders are kept.
    pub keeps_names: bool,
    /// Changes with every change.
    pub version: i64,
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
    /// Whether it is a shelter.
    pub is_shelter: bool,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// Changes with every change.
    pub version: i64,
}

impl SchoolRow {
    /// Where a list that is ordered by code goes on behind this school.
    pub fn position(&self) -> SchoolPosition {
        SchoolPosition {
            municipality: MunicipalityId(self.municipality_id),
            key: order_key(self.code.as_deref()).to_owned(),
            school: SchoolId(self.school_id),
        }
    }
}

/// A municipality to be stored.
#[derive(Debug)]
pub(super) struct NewMunicipality<'a> {
    pub id: MunicipalityId,
    pub code: &'a MunicipalityCode,
    pub name: &'a str,
    pub kind: &'a str,
    pub mac_salt: [u8; 16],
}

/// Adds a municipality; false if its id or its code is there, also when another server does the same at the same time.
pub(super) async fn insert_municipality(tx: &mut Tx, new: &NewMunicipality<'_>, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO municipality (municipality_id, code, name, kind, mac_salt, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(new.id)
        .bind(new.code.as_str())
        .bind(new.name)
        .bind(new.kind)
        .bind(new.mac_salt.to_vec())
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Changes a municipality of the version that was read; false if it has another one.
pub(super) async fn update_municipality(tx: &mut Tx, row: &MunicipalityRow) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE municipality SET name = $3, kind = $4, keeps_names = $5, version = version + 1
             WHERE municipality_id = $1 AND version = $2",
        )
        .bind(row.municipality_id)
        .bind(row.version)
        .bind(row.name.as_str())
        .bind(row.kind.as_str())
        .bind(row.keeps_names)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// The value that the installation keeps under a name.
pub(super) async fn installation_value(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let row = tx.query("SELECT value FROM installation WHERE name = $1").bind(name).optional::<(String,)>().await?;
    Ok(row.map(|(value,)| value))
}

/// Keeps a value of the installation.
pub(super) async fn set_installation_value(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    tx.query("INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute()
        .await?;
    Ok(())
}

/// One municipality.
pub async fn find_municipality(tx: &mut Tx, area: &Area) -> Result<Option<MunicipalityRow>> {
    tx.query(
        "SELECT municipality_id, code, name, kind, keeps_names, version FROM municipality WHERE municipality_id = $1",
    )
    .bind(area.municipality())
    .optional()
    .await
}

/// Waits for whoever else records money of an owner; nobody else does until the transaction ends. Who takes the time of recording
/// after this commits before anybody can take a later one.
pub async fn lock_money(tx: &mut Tx, owner: MunicipalityId) -> Result<()> {
    // SQLite has one writer anyway. The lock of PostgreSQL leaves those alone who add what belongs to the municipality.
    let sql = tx.by_engine(
        "SELECT municipality_id FROM municipality WHERE municipality_id = $1",
        "SELECT municipality_id FROM municipality WHERE municipality_id = $1 FOR NO KEY UPDATE",
    );
    tx.query(sql).bind(owner).optional::<(Uuid,)>().await?;
    Ok(())
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
        "SELECT municipality_id, code, name, kind, keeps_names, version FROM municipality
         WHERE code > $1 AND ($2 IS NULL OR code = $2) ORDER BY code LIMIT $3",
    )
    .bind(after)
    .bind(code.map(str::to_owned))
    .bind(limit)
    .all()
    .await
}

/// A school to be stored.
#[derive(Debug)]
pub(super) struct NewSchool<'a> {
    pub municipality: MunicipalityId,
    pub id: SchoolId,
    pub code: Option<&'a SchoolCode>,
    pub name: &'a str,
    pub is_shelter: bool,
}

pub(super) async fn insert_school(tx: &mut Tx, new: &NewSchool<'_>, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO school (municipality_id, school_id, code, name, name_key, is_shelter, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.municipality)
    .bind(new.id)
    .bind(new.code.map(|c| c.as_str().to_owned()))
    .bind(new.name)
    .bind(fold_name(new.name))
    .bind(new.is_shelter)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Schools of an owner that stand in the way of one with this id, code and name: id, code, folded name.
pub(super) async fn rivals(
    tx: &mut Tx,
    municipality: MunicipalityId,
    id: SchoolId,
    code: Option<&str>,
    name: &str,
) -> Result<Vec<(Uuid, Option<String>)>> {
    tx.query(
        "SELECT school_id, code FROM school
         WHERE municipality_id = $1 AND (school_id = $2 OR code = CAST($3 AS TEXT) OR name_key = $4) LIMIT 3",
    )
    .bind(municipality)
    .bind(id)
    .bind(code.map(str::to_owned))
    .bind(fold_name(name))
    .all()
    .await
}

/// One school within an area.
pub async fn find_school(tx: &mut Tx, area: &Area, id: SchoolId) -> Result<Option<SchoolRow>> {
    if !area.covers(Some(id)) {
        return Ok(None);
    }
    tx.query(
        "SELECT municipality_id, school_id, code, name, is_shelter, closed_at, version FROM school
         WHERE municipality_id = $1 AND school_id = $2",
    )
    .bind(area.municipality())
    .bind(id)
    .optional()
    .await
}

/// Changes a school of the version that was read; false if it has another one.
pub(super) async fn update_school(tx: &mut Tx, row: &SchoolRow) -> Result<bool> {
    let key = if row.closed_at.is_none() { Some(fold_name(&row.name)) } else { None };
    let rows = tx
        .query(
            "UPDATE school SET code = $4, name = $5, name_key = $6, is_shelter = $7, closed_at = $8, version = version + 1
             WHERE municipality_id = $1 AND school_id = $2 AND version = $3",
        )
        .bind(row.municipality_id)
        .bind(row.school_id)
        .bind(row.version)
        .bind(row.code.clone())
        .bind(row.name.as_str())
        .bind(key)
        .bind(row.is_shelter)
        .bind(row.closed_at)
        .execute()
        .await?;
    Ok(rows == 1)
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
        "SELECT municipality_id, school_id, code, name, is_shelter, closed_at, version FROM school
         WHERE municipality_id = $1 AND school_id > $2 AND",
        "school_id",
        "$3",
        "ORDER BY school_id LIMIT $4"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(after).bind(area.schools_json()).bind(limit).all().await
}
