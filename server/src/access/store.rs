//! SQL of staff credentials.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::SecretHash;
use crate::{clock::Timestamp, db::Tx, error::Result};

#[derive(Debug, FromRow)]
pub(super) struct StaffTokenRow {
    pub name: String,
    pub role: i16,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

pub(super) async fn insert_staff_token(
    tx: &mut Tx,
    hash: &SecretHash,
    name: &str,
    role: i64,
    now: Timestamp,
) -> Result<()> {
    tx.query("INSERT INTO staff_token (token_hash, token_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(hash.0.clone())
        .bind(Uuid::now_v7())
        .bind(name)
        .bind(role)
        .bind(now.0)
        .execute()
        .await?;
    Ok(())
}

pub(super) async fn find_staff_token(tx: &mut Tx, hash: &SecretHash) -> Result<Option<StaffTokenRow>> {
    tx.query("SELECT name, role, expires_at, revoked_at FROM staff_token WHERE token_hash = $1")
        .bind(hash.0.clone())
        .optional()
        .await
}
