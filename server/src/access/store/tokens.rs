//! SQL of API tokens.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::{MunicipalityId, Place, SchoolId, SecretHash},
    clock::Timestamp,
    db::Tx,
    error::Result,
};

/// An API token as it is stored.
#[derive(Debug, FromRow)]
pub(in crate::access) struct TokenRow {
    pub token_id: Uuid,
    pub name: String,
    pub staff_id: Option<Uuid>,
    pub role: i16,
    pub prefecture: Option<String>,
    pub owner_id: Option<Uuid>,
    pub school_id: Option<Uuid>,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
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
    tx.query(
        "SELECT token_id, name, staff_id, role, prefecture, owner_id, school_id, expires_at, revoked_at
         FROM staff_token WHERE token_hash = $1",
    )
    .bind(hash.0.clone())
    .optional()
    .await
}
