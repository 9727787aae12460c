//! SQL of accounts: people, their second factor, their one-time links.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::{SecretHash, StaffId},
    clock::Timestamp,
    db::Tx,
    error::Result,
};

/// An account as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct StaffRow {
    /// Its id.
    pub staff_id: Uuid,
    /// What the person types to sign in.
    pub sign_in_name: String,
    /// How the person is called.
    pub display_name: String,
    /// Code of the language of the pages.
    pub language: String,
    /// PHC string; none until the person chose a password.
    pub password_hash: Option<String>,
    /// Sealed secret of the authenticator.
    pub totp_secret: Option<Vec<u8>>,
    /// Whether a code of that secret has been shown.
    pub totp_confirmed: bool,
    /// The last step of time whose code was used.
    pub totp_last_step: i64,
    /// Wrong tries in a row.
    pub failed_count: i64,
    /// Until when nobody can sign in to it.
    pub locked_until: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When the person last signed in.
    pub signed_in_at: Option<i64>,
    /// Since when it is closed.
    pub disabled_at: Option<i64>,
    /// Counts its changes.
    pub version: i64,
}

/// A new account.
#[derive(Debug, Clone)]
pub(in crate::access) struct NewStaff<'a> {
    pub id: StaffId,
    pub sign_in_name: &'a str,
    pub display_name: &'a str,
    pub language: &'a str,
}

macro_rules! select_staff {
    ($after:literal) => {
        concat!(
            "SELECT staff_id, sign_in_name, display_name, language, password_hash, totp_secret, totp_confirmed, totp_last_step,
                 failed_count, locked_until, created_at, signed_in_at, disabled_at, version FROM staff ",
            $after
        )
    };
}

pub(in crate::access) async fn insert_staff(tx: &mut Tx, new: &NewStaff<'_>, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO staff (staff_id, sign_in_name, display_name, language, totp_confirmed, totp_last_step, failed_count,
             created_at, version)
         VALUES ($1, $2, $3, $4, $5, 0, 0, $6, 1)",
    )
    .bind(new.id)
    .bind(new.sign_in_name)
    .bind(new.display_name)
    .bind(new.language)
    .bind(false)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

pub(in crate::access) async fn find_staff(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRow>> {
    tx.query(select_staff!("WHERE staff_id = $1")).bind(id).optional().await
}

pub(in crate::access) async fn find_staff_by_name(tx: &mut Tx, sign_in_name: &str) -> Result<Option<StaffRow>> {
    tx.query(select_staff!("WHERE sign_in_name = $1")).bind(sign_in_name).optional().await
}

/// People whose name to sign in comes after one, in the order of these names.
pub(in crate::access) async fn list_staff(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<StaffRow>> {
    tx.query(select_staff!("WHERE sign_in_name > $1 ORDER BY sign_in_name LIMIT $2"))
        .bind(after)
        .bind(limit)
        .all()
        .await
}

pub(in crate::access) async fn has_staff(tx: &mut Tx) -> Result<bool> {
    Ok(tx.query("SELECT staff_id FROM staff LIMIT 1").optional::<(Uuid,)>().await?.is_some())
}

/// Counts a wrong try; gives how many there are in a row.
pub(in crate::access) async fn count_failure(tx: &mut Tx, id: StaffId) -> Result<i64> {
    let counted = tx
        .query("UPDATE staff SET failed_count = failed_count + 1 WHERE staff_id = $1 RETURNING failed_count")
        .bind(id)
        .one::<(i64,)>();
    Ok(counted.await?.0)
}

pub(in crate::access) async fn lock(tx: &mut Tx, id: StaffId, until: Timestamp) -> Result<()> {
    tx.query("UPDATE staff SET locked_until = $2 WHERE staff_id = $1").bind(id).bind(until.0).execute().await?;
    Ok(())
}

/// Forgets wrong tries and notes the sign-in. `step` is that of the code that was used, none for a recovery code. False if
/// that step was used meanwhile.
pub(in crate::access) async fn note_sign_in(
    tx: &mut Tx,
    id: StaffId,
    step: Option<i64>,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE staff SET failed_count = 0, locked_until = NULL, signed_in_at = $2,
                 totp_last_step = COALESCE(CAST($3 AS BIGINT), totp_last_step)
             WHERE staff_id = $1 AND (CAST($3 AS BIGINT) IS NULL OR totp_last_step < CAST($3 AS BIGINT))",
        )
        .bind(id)
        .bind(now.0)
        .bind(step)
        .execute();
    Ok(rows.await? == 1)
}

/// Sets a password, or takes it away; wrong tries are forgotten.
pub(in crate::access) async fn set_password(tx: &mut Tx, id: StaffId, hash: Option<String>) -> Result<()> {
    tx.query(
        "UPDATE staff SET password_hash = $2, failed_count = 0, locked_until = NULL, version = version + 1
         WHERE staff_id = $1",
    )
    .bind(id)
    .bind(hash)
    .execute()
    .await?;
    Ok(())
}

/// Sets the sealed secret of an authenticator that is not confirmed yet, or takes it away.
pub(in crate::access) async fn set_totp(tx: &mut Tx, id: StaffId, sealed: Option<Vec<u8>>) -> Result<()> {
    tx.query(
        "UPDATE staff SET totp_secret = $2, totp_confirmed = $3, totp_last_step = 0, version = version + 1
         WHERE staff_id = $1",
    )
    .bind(id)
    .bind(sealed)
    .bind(false)
    .execute()
    .await?;
    Ok(())
}

pub(in crate::access) async fn confirm_totp(tx: &mut Tx, id: StaffId) -> Result<()> {
    tx.query("UPDATE staff SET totp_confirmed = $2, version = version + 1 WHERE staff_id = $1")
        .bind(id)
        .bind(true)
        .execute()
        .await?;
    Ok(())
}

/// Closes or opens an account; false if it is not at this version any more.
pub(in crate::access) async fn set_disabled(
    tx: &mut Tx,
    id: StaffId,
    disabled_at: Option<Timestamp>,
    version: i64,
) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff SET disabled_at = $3, version = version + 1 WHERE staff_id = $1 AND version = $2")
        .bind(id)
        .bind(version)
        .bind(disabled_at.map(|at| at.0))
        .execute();
    Ok(rows.await? == 1)
}

pub(in crate::access) async fn set_language(tx: &mut Tx, id: StaffId, language: &str) -> Result<()> {
    tx.query("UPDATE staff SET language = $2 WHERE staff_id = $1").bind(id).bind(language).execute().await?;
    Ok(())
}

/// Puts these recovery codes in the place of all others.
pub(in crate::access) async fn replace_recovery_codes(tx: &mut Tx, id: StaffId, hashes: &[Vec<u8>]) -> Result<()> {
    tx.query("DELETE FROM staff_recovery_code WHERE staff_id = $1").bind(id).execute().await?;
    for hash in hashes {
        tx.query("INSERT INTO staff_recovery_code (staff_id, code_hash) VALUES ($1, $2)")
            .bind(id)
            .bind(hash.clone())
            .execute()
            .await?;
    }
    Ok(())
}

/// Uses a recovery code; false if there is no such code or it was used.
pub(in crate::access) async fn use_recovery_code(
    tx: &mut Tx,
    id: StaffId,
    hash: Vec<u8>,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff_recovery_code SET used_at = $3 WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL")
        .bind(id)
        .bind(hash)
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}

pub(in crate::access) async fn count_recovery_codes(tx: &mut Tx, id: StaffId) -> Result<i64> {
    let (count,) = tx
        .query("SELECT COUNT(*) FROM staff_recovery_code WHERE staff_id = $1 AND used_at IS NULL")
        .bind(id)
        .one::<(i64,)>()
        .await?;
    Ok(count)
}

/// A one-time link as it is stored.
#[derive(Debug, Clone, FromRow)]
pub(in crate::access) struct LinkRow {
    pub purpose: i16,
    pub staff_id: Option<Uuid>,
    pub expires_at: i64,
    pub used_at: Option<i64>,
}

/// Adds a link. It takes the place of all that were made for the same person, or for nobody.
pub(in crate::access) async fn insert_link(
    tx: &mut Tx,
    hash: &SecretHash,
    purpose: i64,
    staff: Option<StaffId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    delete_links(tx, staff).await?;
    tx.query(
        "INSERT INTO staff_link (link_hash, purpose, staff_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hash.0.clone())
    .bind(purpose)
    .bind(staff.map(|id| id.0))
    .bind(now.0)
    .bind(expires_at.0)
    .execute()
    .await?;
    Ok(())
}

/// Forgets the links of a person, or those of nobody.
pub(in crate::access) async fn delete_links(tx: &mut Tx, staff: Option<StaffId>) -> Result<()> {
    match staff {
        Some(id) => tx.query("DELETE FROM staff_link WHERE staff_id = $1").bind(id).execute().await?,
        None => tx.query("DELETE FROM staff_link WHERE staff_id IS NULL").execute().await?,
    };
    Ok(())
}

pub(in crate::access) async fn find_link(tx: &mut Tx, hash: &SecretHash) -> Result<Option<LinkRow>> {
    tx.query("SELECT purpose, staff_id, expires_at, used_at FROM staff_link WHERE link_hash = $1")
        .bind(hash.0.clone())
        .optional()
        .await
}

/// Uses a link; of two who do so at once, one does.
pub(in crate::access) async fn use_link(tx: &mut Tx, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff_link SET used_at = $2 WHERE link_hash = $1 AND used_at IS NULL AND expires_at > $2")
        .bind(hash.0.clone())
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}
