//! SQL of sessions of the console.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::{SecretHash, StaffId, session::SessionTimes},
    clock::Timestamp,
    db::Tx,
    error::Result,
};

/// A session as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct SessionRow {
    /// Hash of its cookie.
    pub(in crate::access) session_hash: Vec<u8>,
    /// Its id, which is no secret.
    pub session_id: Uuid,
    /// Whose it is.
    pub staff_id: Uuid,
    /// Password checked, second factor not yet.
    pub pending: bool,
    /// When it began.
    pub created_at: i64,
    /// When its cookie was last replaced.
    pub rotated_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
    /// When somebody ended it.
    pub ended_at: Option<i64>,
    /// What the browser says it is.
    pub client: String,
    /// Where it signed in from.
    pub address: String,
}

impl SessionRow {
    /// Its times, for the rules.
    pub(in crate::access) fn times(&self) -> SessionTimes {
        SessionTimes {
            rotated_at: Timestamp(self.rotated_at),
            seen_at: Timestamp(self.seen_at),
            expires_at: Timestamp(self.expires_at),
        }
    }
}

macro_rules! select_session {
    ($after:literal) => {
        concat!(
            "SELECT session_hash, session_id, staff_id, pending, created_at, rotated_at, seen_at, expires_at, ended_at, client,
                 address FROM staff_session ",
            $after
        )
    };
}

pub(in crate::access) async fn insert_session(tx: &mut Tx, row: &SessionRow) -> Result<()> {
    tx.query(
        "INSERT INTO staff_session (session_hash, session_id, staff_id, pending, created_at, rotated_at, seen_at, expires_at,
             client, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.session_hash.clone())
    .bind(row.session_id)
    .bind(row.staff_id)
    .bind(row.pending)
    .bind(row.created_at)
    .bind(row.rotated_at)
    .bind(row.seen_at)
    .bind(row.expires_at)
    .bind(row.client.as_str())
    .bind(row.address.as_str())
    .execute()
    .await?;
    Ok(())
}

/// The session that a cookie names, ended or not: its present cookie or the one before.
pub(in crate::access) async fn find_session(tx: &mut Tx, cookie: &SecretHash) -> Result<Option<SessionRow>> {
    tx.query(select_session!("WHERE session_hash = $1 OR previous_hash = $1")).bind(cookie.0.clone()).optional().await
}

/// Replaces the cookie of a session; false if another request did so meanwhile. The old one stays good for a moment.
pub(in crate::access) async fn rotate(tx: &mut Tx, old: &SecretHash, new: &SecretHash, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE staff_session SET session_hash = $2, previous_hash = $1, rotated_at = $3, seen_at = $3
             WHERE session_hash = $1 AND ended_at IS NULL",
        )
        .bind(old.0.clone())
        .bind(new.0.clone())
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}

/// Makes a pending session a whole one, with a new cookie; the old one is good no more.
pub(in crate::access) async fn promote(
    tx: &mut Tx,
    old: &SecretHash,
    new: &SecretHash,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE staff_session SET session_hash = $2, previous_hash = NULL, pending = $5, rotated_at = $3, seen_at = $3,
                 expires_at = $4
             WHERE session_hash = $1 AND ended_at IS NULL",
        )
        .bind(old.0.clone())
        .bind(new.0.clone())
        .bind(now.0)
        .bind(expires_at.0)
        .bind(false)
        .execute();
    Ok(rows.await? == 1)
}

pub(in crate::access) async fn touch(tx: &mut Tx, session: Uuid, now: Timestamp) -> Result<()> {
    tx.query("UPDATE staff_session SET seen_at = $2 WHERE session_id = $1").bind(session).bind(now.0).execute().await?;
    Ok(())
}

/// Ends one session of a person; false if it was not one of theirs, or over.
pub(in crate::access) async fn end_session(tx: &mut Tx, staff: StaffId, session: Uuid, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query("UPDATE staff_session SET ended_at = $3 WHERE staff_id = $1 AND session_id = $2 AND ended_at IS NULL")
        .bind(staff)
        .bind(session)
        .bind(now.0)
        .execute();
    Ok(rows.await? == 1)
}

/// Ends all sessions of a person.
pub(in crate::access) async fn end_all_sessions(tx: &mut Tx, staff: StaffId, now: Timestamp) -> Result<u64> {
    tx.query("UPDATE staff_session SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL")
        .bind(staff)
        .bind(now.0)
        .execute()
        .await
}

/// Forgets sessions of a person that were over before a time.
pub(in crate::access) async fn delete_old_sessions(tx: &mut Tx, staff: StaffId, before: Timestamp) -> Result<()> {
    tx.query("DELETE FROM staff_session WHERE staff_id = $1 AND expires_at < $2")
        .bind(staff)
        .bind(before.0)
        .execute()
        .await?;
    Ok(())
}

/// Sessions of a person that nobody ended and whose time is not over, the youngest first.
pub(in crate::access) async fn open_sessions(
    tx: &mut Tx,
    staff: StaffId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SessionRow>> {
    tx.query(select_session!(
        "WHERE staff_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY created_at DESC, session_id DESC LIMIT $3"
    ))
    .bind(staff)
    .bind(now.0)
    .bind(limit)
    .all()
    .await
}
