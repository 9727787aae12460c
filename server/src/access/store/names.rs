//! SQL that reads what places are called, for people who choose them.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    access::rules::{MunicipalityId, SchoolId},
    db::{Tx, batch_sql, rows_json},
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

/// A school, as a statement looks for it.
#[derive(Serialize)]
struct Named {
    municipality_id: Uuid,
    school_id: Uuid,
}

/// The names of schools by their ids; one that is not there is missing.
pub(in crate::access) async fn school_names(
    tx: &mut Tx,
    schools: &[(MunicipalityId, SchoolId)],
) -> Result<Vec<(Uuid, String)>> {
    if schools.is_empty() {
        return Ok(Vec::new());
    }
    let named = |(owner, school): &(MunicipalityId, SchoolId)| Named { municipality_id: owner.0, school_id: school.0 };
    let named: Vec<_> = schools.iter().map(named).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT s.school_id, s.name FROM",
        [municipality_id uuid, school_id uuid],
        "JOIN school s ON s.municipality_id = i.municipality_id AND s.school_id = i.school_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&named)?).all().await
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
