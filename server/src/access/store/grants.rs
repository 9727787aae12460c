//! SQL of grants.

use sqlx::FromRow;
use uuid::Uuid;

use super::tokens::place;
use crate::{
    access::rules::{MunicipalityId, Place, Role, SchoolId, StaffId},
    clock::Timestamp,
    db::Tx,
    error::Result,
};

/// A grant as it is stored: a person, a role, a place and a period.
#[derive(Debug, Clone, FromRow)]
pub struct GrantRow {
    /// Its id.
    pub grant_id: Uuid,
    /// Who may.
    pub staff_id: Uuid,
    /// What, see [`Role`].
    pub role: i16,
    /// Two digits, where it is for a prefecture.
    pub prefecture: Option<String>,
    /// The owner, where it is for one or for a school of it.
    pub owner_id: Option<Uuid>,
    /// The school, where it is for one.
    pub school_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// From when on.
    pub starts_at: i64,
    /// Until when; none without an end.
    pub ends_at: Option<i64>,
    /// Who gave it, as they were called then.
    pub granted_by: String,
    /// When.
    pub granted_at: i64,
    /// Who ended it early.
    pub revoked_by: Option<String>,
    /// When.
    pub revoked_at: Option<i64>,
}

impl GrantRow {
    /// Where it reaches.
    pub fn place(&self) -> Place {
        place(self.prefecture.clone(), self.owner_id, self.school_id)
    }

    /// The role, unless a newer server stored one that this one does not know.
    pub fn role(&self) -> Option<Role> {
        Role::from_number(self.role)
    }

    /// Whether it is over: revoked, or past its end.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some() || self.ends_at.is_some_and(|end| now.0 >= end)
    }
}

macro_rules! select_grants {
    ($after:literal) => {
        concat!(
            "SELECT grant_id, staff_id, role, prefecture, owner_id, school_id, reason, starts_at, ends_at, granted_by, granted_at,
                 revoked_by, revoked_at FROM staff_grant ",
            $after
        )
    };
}

/// What the columns of a place hold: prefecture, owner, school.
pub(in crate::access) fn place_columns(place: &Place) -> (Option<String>, Option<Uuid>, Option<Uuid>) {
    match place {
        Place::Everywhere => (None, None, None),
        Place::Prefecture(prefix) => (Some(prefix.clone()), None, None),
        Place::Municipality(owner) => (None, Some(owner.0), None),
        Place::School(owner, school) => (None, Some(owner.0), Some(school.0)),
    }
}

pub(in crate::access) async fn insert_grant(tx: &mut Tx, row: &GrantRow) -> Result<()> {
    tx.query(
        "INSERT INTO staff_grant (grant_id, staff_id, role, prefecture, owner_id, school_id, reason, starts_at, ends_at,
             granted_by, granted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(row.grant_id)
    .bind(row.staff_id)
    .bind(i64::from(row.role))
    .bind(row.prefecture.clone())
    .bind(row.owner_id)
    .bind(row.school_id)
    .bind(row.reason.as_str())
    .bind(row.starts_at)
    .bind(row.ends_at)
    .bind(row.granted_by.as_str())
    .bind(row.granted_at)
    .execute()
    .await?;
    Ok(())
}

/// People whose account is open, with each role that is in force for them over an owner, or a school of it, by their names.
pub(in crate::access) async fn people_over(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: Option<SchoolId>,
    now: Timestamp,
) -> Result<Vec<(Uuid, String, i16)>> {
    tx.query(
        "SELECT s.staff_id, s.display_name, g.role FROM staff_grant g
         JOIN staff s ON s.staff_id = g.staff_id
         JOIN municipality m ON m.municipality_id = $1
         WHERE s.disabled_at IS NULL AND g.revoked_at IS NULL AND g.starts_at <= $3 AND COALESCE(g.ends_at, $3 + 1) > $3
             AND (g.owner_id = $1 AND (g.school_id IS NULL OR g.school_id = $2)
                 OR g.owner_id IS NULL AND (g.prefecture IS NULL OR g.prefecture = SUBSTR(m.code, 1, 2)))
         ORDER BY s.display_name, s.staff_id LIMIT 2000",
    )
    .bind(owner)
    .bind(school.map(|school| school.0))
    .bind(now.0)
    .all()
    .await
}

pub(in crate::access) async fn find_grant(tx: &mut Tx, grant: Uuid) -> Result<Option<GrantRow>> {
    tx.query(select_grants!("WHERE grant_id = $1")).bind(grant).optional().await
}

/// All grants that a person ever had, the youngest first. There are a few a year.
pub(in crate::access) async fn grants_of(tx: &mut Tx, staff: StaffId) -> Result<Vec<GrantRow>> {
    tx.query(select_grants!("WHERE staff_id = $1 ORDER BY granted_at DESC, grant_id DESC LIMIT 1000"))
        .bind(staff)
        .all()
        .await
}

/// All grants of the people on a page of [`list_staff`](super::staff::list_staff), the youngest first.
pub(in crate::access) async fn grants_of_page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<GrantRow>> {
    tx.query(select_grants!(
        "WHERE staff_id IN (SELECT staff_id FROM staff WHERE sign_in_name > $1 ORDER BY sign_in_name LIMIT $2)
         ORDER BY granted_at DESC, grant_id DESC"
    ))
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Grants in force now.
pub(in crate::access) async fn grants_in_force(tx: &mut Tx, staff: StaffId, now: Timestamp) -> Result<Vec<GrantRow>> {
    tx.query(select_grants!(
        "WHERE staff_id = $1 AND starts_at <= $2 AND (ends_at IS NULL OR ends_at > $2) AND revoked_at IS NULL"
    ))
    .bind(staff)
    .bind(now.0)
    .all()
    .await
}

/// A page of all grants, the youngest first.
pub(in crate::access) async fn list_grants(tx: &mut Tx, before: (i64, Uuid), limit: i64) -> Result<Vec<GrantRow>> {
    tx.query(select_grants!("WHERE (granted_at, grant_id) < ($1, $2) ORDER BY granted_at DESC, grant_id DESC LIMIT $3"))
        .bind(before.0)
        .bind(before.1)
        .bind(limit)
        .all()
        .await
}

/// Ends a grant; false if it was ended before.
pub(in crate::access) async fn revoke_grant(tx: &mut Tx, grant: Uuid, by: &str, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff_grant SET revoked_by = $2, revoked_at = $3 WHERE grant_id = $1 AND revoked_at IS NULL")
        .bind(grant)
        .bind(by)
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}

/// People who can sign in and are administrators of the installation without an end.
pub(in crate::access) async fn count_lasting_administrators(tx: &mut Tx, now: Timestamp) -> Result<i64> {
    let (count,) = tx
        .query(
            "SELECT COUNT(*) FROM staff s WHERE s.disabled_at IS NULL AND s.password_hash IS NOT NULL AND EXISTS (
                 SELECT 1 FROM staff_grant g WHERE g.staff_id = s.staff_id AND g.role = $1 AND g.prefecture IS NULL
                 AND g.owner_id IS NULL AND g.starts_at <= $2 AND g.ends_at IS NULL AND g.revoked_at IS NULL)",
        )
        .bind(Role::Administrator.to_number())
        .bind(now.0)
        .one::<(i64,)>()
        .await?;
    Ok(count)
}
