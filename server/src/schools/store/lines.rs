//! SQL of lines and hubs.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, area_sql},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// A line as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LineRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The school.
    pub school_id: Uuid,
    /// Its number within the school.
    pub line_number: i16,
    /// How it goes.
    pub topology: i16,
    /// What the contract is called.
    pub contract: String,
    /// The provider.
    pub isp: String,
    /// Speed by contract.
    pub contract_mbps: Option<i64>,
    /// What it goes through.
    pub hub_id: Option<Uuid>,
    /// Changes with every change.
    pub version: i64,
}

/// A hub as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct HubRow {
    /// Its id.
    pub hub_id: Uuid,
    /// What it is.
    pub kind: i16,
    /// Its name.
    pub name: String,
    /// Who runs it; nil for a prefecture or a provider.
    pub operator_id: Uuid,
    /// Its provider.
    pub isp: String,
}

pub(in crate::schools) async fn find_line(
    tx: &mut Tx,
    area: &Area,
    school: SchoolId,
    number: i64,
) -> Result<Option<LineRow>> {
    tx.query(
        "SELECT municipality_id, school_id, line_number, topology, contract, isp, contract_mbps, hub_id, version
         FROM school_line WHERE municipality_id = $1 AND school_id = $2 AND line_number = $3",
    )
    .bind(area.municipality())
    .bind(school)
    .bind(number)
    .optional()
    .await
}

/// Lines of an area after a school and number, by both.
pub(in crate::schools) async fn list_lines(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
    after: (Uuid, i64),
    limit: i64,
) -> Result<Vec<LineRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, school_id, line_number, topology, contract, isp, contract_mbps, hub_id, version
         FROM school_line
         WHERE municipality_id = $1 AND (school_id, line_number) > ($2, $3) AND school_id >= $4 AND school_id <= $5 AND",
        "school_id",
        "$6",
        "ORDER BY school_id, line_number LIMIT $7"
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

pub(in crate::schools) async fn insert_line(tx: &mut Tx, row: &LineRow) -> Result<()> {
    tx.query(
        "INSERT INTO school_line
         (municipality_id, school_id, line_number, topology, contract, isp, contract_mbps, hub_id, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
    )
    .bind(row.municipality_id)
    .bind(row.school_id)
    .bind(i64::from(row.line_number))
    .bind(i64::from(row.topology))
    .bind(row.contract.as_str())
    .bind(row.isp.as_str())
    .bind(row.contract_mbps)
    .bind(row.hub_id)
    .execute()
    .await?;
    Ok(())
}

/// Changes a line of the version that was read; false if it has another one.
pub(in crate::schools) async fn update_line(tx: &mut Tx, row: &LineRow) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE school_line
             SET topology = $5, contract = $6, isp = $7, contract_mbps = $8, hub_id = $9, version = version + 1
             WHERE municipality_id = $1 AND school_id = $2 AND line_number = $3 AND version = $4",
        )
        .bind(row.municipality_id)
        .bind(row.school_id)
        .bind(i64::from(row.line_number))
        .bind(row.version)
        .bind(i64::from(row.topology))
        .bind(row.contract.as_str())
        .bind(row.isp.as_str())
        .bind(row.contract_mbps)
        .bind(row.hub_id)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Takes a line of the version that was read away; false if it has another one.
pub(in crate::schools) async fn delete_line(tx: &mut Tx, row: &LineRow) -> Result<bool> {
    let rows = tx
        .query(
            "DELETE FROM school_line
             WHERE municipality_id = $1 AND school_id = $2 AND line_number = $3 AND version = $4",
        )
        .bind(row.municipality_id)
        .bind(row.school_id)
        .bind(i64::from(row.line_number))
        .bind(row.version)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Keeps in step whether any line of an owner goes through a hub.
pub(in crate::schools) async fn note_hub_use(tx: &mut Tx, municipality: MunicipalityId, hub: Uuid) -> Result<()> {
    let used = tx
        .query("SELECT line_number FROM school_line WHERE municipality_id = $1 AND hub_id = $2 LIMIT 1")
        .bind(municipality)
        .bind(hub)
        .optional::<(i16,)>()
        .await?
        .is_some();
    let sql = if used {
        "INSERT INTO line_hub_owner (hub_id, municipality_id) VALUES ($1, $2)
         ON CONFLICT (hub_id, municipality_id) DO NOTHING"
    } else {
        "DELETE FROM line_hub_owner WHERE hub_id = $1 AND municipality_id = $2"
    };
    tx.query(sql).bind(hub).bind(municipality).execute().await?;
    Ok(())
}

pub(in crate::schools) async fn insert_hub(tx: &mut Tx, hub: &HubRow, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO line_hub (hub_id, kind, name, operator_id, isp, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, 1)",
    )
    .bind(hub.hub_id)
    .bind(i64::from(hub.kind))
    .bind(hub.name.as_str())
    .bind(hub.operator_id)
    .bind(hub.isp.as_str())
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

pub(in crate::schools) async fn find_hub(tx: &mut Tx, hub: Uuid) -> Result<Option<HubRow>> {
    tx.query("SELECT hub_id, kind, name, operator_id, isp FROM line_hub WHERE hub_id = $1").bind(hub).optional().await
}

/// Hubs after an id, by id. What the caller may not see is left out by who calls.
pub(in crate::schools) async fn list_hubs(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<HubRow>> {
    tx.query("SELECT hub_id, kind, name, operator_id, isp FROM line_hub WHERE hub_id > $1 ORDER BY hub_id LIMIT $2")
        .bind(after)
        .bind(limit)
        .all()
        .await
}

/// Owners whose lines go through hubs of a range of ids: hub, owner. Bounded by the municipalities there are.
pub(in crate::schools) async fn hub_owners(tx: &mut Tx, first: Uuid, last: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    tx.query(
        "SELECT hub_id, municipality_id FROM line_hub_owner WHERE hub_id >= $1 AND hub_id <= $2
         ORDER BY hub_id, municipality_id",
    )
    .bind(first)
    .bind(last)
    .all()
    .await
}
