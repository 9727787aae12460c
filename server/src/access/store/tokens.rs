//! SQL of API tokens.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::{MunicipalityId, Place, Role, SchoolId, SecretHash, StaffId},
    clock::Timestamp,
    db::Tx,
    error::Result,
};

/// An API token as it is stored, without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct TokenRow {
    /// Its id.
    pub token_id: Uuid,
    /// What it is for.
    pub name: String,
    /// Whose it is; none for one of the installation.
    pub staff_id: Option<Uuid>,
    /// No right beyond those of this [`Role`].
    pub role: i16,
    /// Two digits, where it is for a prefecture.
    pub prefecture: Option<String>,
    /// The owner, where it is for one or for a school of it.
    pub owner_id: Option<Uuid>,
    /// The school, where it is for one.
    pub school_id: Option<Uuid>,
    /// When it was made.
    pub created_at: i64,
    /// When it ends; none only for the first administrator's.
    pub expires_at: Option<i64>,
    /// When it was last used, to the minute.
    pub used_at: Option<i64>,
    /// When somebody ended it.
    pub revoked_at: Option<i64>,
}

impl TokenRow {
    /// Whether it can be used.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now.0 < end)
    }

    /// Its role, unless a newer server stored one that this one does not know.
    pub fn role(&self) -> Option<Role> {
        Role::from_number(self.role)
    }

    /// Where it reaches at most.
    pub fn place(&self) -> Place {
        place(self.prefecture.clone(), self.owner_id, self.school_id)
    }
}

macro_rules! select_tokens {
    ($after:literal) => {
        concat!(
            "SELECT token_id, name, staff_id, role, prefecture, owner_id, school_id, created_at, expires_at, used_at, revoked_at
             FROM staff_token ",
            $after
        )
    };
}

/// The place that the columns of a grant or a token name.
pub(in crate::access) fn place(prefecture: Option<String>, owner: Option<Uuid>, school: Option<Uuid>) -> Place {
    match (prefecture, owner, school) {
        (_, Some(owner), Some(school)) => Place::School(MunicipalityId(owner), SchoolId(school)),
        (_, Some(owner), None) => Place::Municipality(MunicipalityId(owner)),
        (Some(prefecture), None, _) => Place::Prefecture(prefecture),
        (None, None, _) => Place::Everywhere,
    }
}

/// Adds a token that reaches everywhere and belongs to the installation.
pub(in crate::access) async fn insert_installation_token(
    tx: &mut Tx,
    hash: &SecretHash,
    id: Uuid,
    name: &str,
    role: i64,
    now: Timestamp,
) -> Result<()> {
    tx.query("INSERT INTO staff_token (token_hash, token_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(hash.0.clone())
        .bind(id)
        .bind(name)
        .bind(role)
        .bind(now.0)
        .execute()
        .await?;
    Ok(())
}

/// A token by the hash of its secret.
pub(in crate::access) async fn find_token(tx: &mut Tx, hash: &SecretHash) -> Result<Option<TokenRow>> {
    tx.query(select_tokens!("WHERE token_hash = $1")).bind(hash.0.clone()).optional().await
}

pub(in crate::access) async fn find_token_by_id(tx: &mut Tx, token: Uuid) -> Result<Option<TokenRow>> {
    tx.query(select_tokens!("WHERE token_id = $1")).bind(token).optional().await
}

pub(in crate::access) async fn insert_token(tx: &mut Tx, row: &TokenRow, hash: &SecretHash) -> Result<()> {
    tx.query(
        "INSERT INTO staff_token (token_hash, token_id, name, staff_id, role, prefecture, owner_id, school_id, created_at,
             expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(hash.0.clone())
    .bind(row.token_id)
    .bind(row.name.as_str())
    .bind(row.staff_id)
    .bind(i64::from(row.role))
    .bind(row.prefecture.clone())
    .bind(row.owner_id)
    .bind(row.school_id)
    .bind(row.created_at)
    .bind(row.expires_at)
    .execute()
    .await?;
    Ok(())
}

pub(in crate::access) async fn touch(tx: &mut Tx, token: Uuid, now: Timestamp) -> Result<()> {
    tx.query("UPDATE staff_token SET used_at = $2 WHERE token_id = $1").bind(token).bind(now.0).execute().await?;
    Ok(())
}

/// Ends a token; false if it was ended before.
pub(in crate::access) async fn revoke_token(tx: &mut Tx, token: Uuid, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff_token SET revoked_at = $2 WHERE token_id = $1 AND revoked_at IS NULL")
        .bind(token)
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}

/// A page of all tokens, the youngest first.
pub(in crate::access) async fn list_tokens(tx: &mut Tx, before: (i64, Uuid), limit: i64) -> Result<Vec<TokenRow>> {
    let page = tx.query(select_tokens!(
        "WHERE (created_at, token_id) < ($1, $2) ORDER BY created_at DESC, token_id DESC LIMIT $3"
    ));
    page.bind(before.0).bind(before.1).bind(limit).all().await
}

/// A page of a person's tokens, the youngest first.
pub(in crate::access) async fn list_tokens_of(
    tx: &mut Tx,
    staff: StaffId,
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<TokenRow>> {
    let page = tx.query(select_tokens!(
        "WHERE staff_id = $4 AND (created_at, token_id) < ($1, $2) ORDER BY created_at DESC, token_id DESC LIMIT $3"
    ));
    page.bind(before.0).bind(before.1).bind(limit).bind(staff).all().await
}

/// A page of the tokens of the installation, the youngest first.
pub(in crate::access) async fn list_installation_tokens(
    tx: &mut Tx,
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<TokenRow>> {
    let page = tx.query(select_tokens!(
        "WHERE staff_id IS NULL AND (created_at, token_id) < ($1, $2) ORDER BY created_at DESC, token_id DESC LIMIT $3"
    ));
    page.bind(before.0).bind(before.1).bind(limit).all().await
}
