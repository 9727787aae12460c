//! SQL that reads what places are called, for people who choose them.

use uuid::Uuid;

use crate::{
    access::rules::{MunicipalityId, SchoolId},
    db::Tx,
    error::Result,
};

/// Owners that are read at most; the nation has 1,741 municipalities and 23 wards of Tokyo among them.
const OWNERS: i64 = 2_000;

/// An owner with its code and name.
#[derive(Debug, sqlx::FromRow)]
pub(in crate::access) struct OwnerName {
    pub municipality_id: Uuid,
    pub code: String,
    pub name: String,
}

pub(in crate::access) async fn owner_names(tx: &mut Tx) -> Result<Vec<OwnerName>> {
    tx.query("SELECT municipality_id, code, name FROM municipality ORDER BY code LIMIT $1").bind(OWNERS).all().await
}

pub(in crate::access) async fn school_name(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: SchoolId,
) -> Result<Option<String>> {
    let sql = "SELECT name FROM school WHERE municipality_id = $1 AND school_id = $2";
    let row = tx.query(sql).bind(owner).bind(school).optional::<(String,)>().await?;
    Ok(row.map(|(name,)| name))
}

/// Schools of an owner with this code or this very name; two at most, so that the caller sees a name that is not unique.
pub(in crate::access) async fn schools_called(
    tx: &mut Tx,
    owner: MunicipalityId,
    text: &str,
) -> Result<Vec<(Uuid, String)>> {
    let sql = "SELECT school_id, name FROM school WHERE municipality_id = $1 AND (code = $2 OR name = $2) LIMIT 2";
    tx.query(sql).bind(owner).bind(text).all().await
}
