//! SQL of the audit log. It adds and reads, it never changes or deletes.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{access::rules::audit::Entry, clock::Timestamp, db::Tx, error::Result};

/// Where a chain ends.
#[derive(Debug, Clone, FromRow)]
pub(in crate::access) struct HeadRow {
    pub municipality_id: Uuid,
    pub sequence: i64,
    pub entry_hash: Vec<u8>,
    pub head_hash: Vec<u8>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, FromRow)]
pub(in crate::access) struct EntryRow {
    pub municipality_id: Uuid,
    pub sequence: i64,
    pub recorded_at: i64,
    pub actor_kind: i16,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub details: String,
    pub entry_hash: Vec<u8>,
}

impl EntryRow {
    /// What the entry says, without its hash.
    pub(in crate::access) fn entry(&self) -> Entry {
        Entry {
            municipality: self.municipality_id,
            sequence: self.sequence,
            recorded_at: Timestamp(self.recorded_at),
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            actor_name: self.actor_name.clone(),
            action: self.action.clone(),
            subject_kind: self.subject_kind.clone(),
            subject_id: self.subject_id.clone(),
            details: self.details.clone(),
        }
    }
}

/// The head of a chain, locked until the transaction ends, so that entries follow one another. `first` is what a new chain
/// begins with.
pub(in crate::access) async fn lock_head(tx: &mut Tx, first: &HeadRow) -> Result<HeadRow> {
    // An update that changes nothing takes the lock also where the row was there before.
    tx.query(
        "INSERT INTO audit_head (municipality_id, sequence, entry_hash, head_hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (municipality_id) DO UPDATE SET sequence = audit_head.sequence
         RETURNING municipality_id, sequence, entry_hash, head_hash",
    )
    .bind(first.municipality_id)
    .bind(first.sequence)
    .bind(first.entry_hash.clone())
    .bind(first.head_hash.clone())
    .one()
    .await
}

pub(in crate::access) async fn move_head(tx: &mut Tx, head: &HeadRow) -> Result<()> {
    tx.query("UPDATE audit_head SET sequence = $2, entry_hash = $3, head_hash = $4 WHERE municipality_id = $1")
        .bind(head.municipality_id)
        .bind(head.sequence)
        .bind(head.entry_hash.clone())
        .bind(head.head_hash.clone())
        .execute()
        .await?;
    Ok(())
}

pub(in crate::access) async fn insert_entry(tx: &mut Tx, entry: &Entry, hash: &[u8]) -> Result<()> {
    tx.query(
        "INSERT INTO audit_entry (municipality_id, sequence, recorded_at, actor_kind, actor_id, actor_name, action,
             subject_kind, subject_id, details, entry_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(entry.municipality)
    .bind(entry.sequence)
    .bind(entry.recorded_at.0)
    .bind(i64::from(entry.actor_kind))
    .bind(entry.actor_id)
    .bind(entry.actor_name.as_str())
    .bind(entry.action.as_str())
    .bind(entry.subject_kind.as_str())
    .bind(entry.subject_id.as_str())
    .bind(entry.details.as_str())
    .bind(hash.to_vec())
    .execute()
    .await?;
    Ok(())
}

/// Makes all that follows in a reading transaction see one state.
pub(in crate::access) async fn hold_still(tx: &mut Tx) -> Result<()> {
    // SQLite does so by itself.
    let sql = tx.by_engine("SELECT 1", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    tx.query(sql).execute().await?;
    Ok(())
}

/// Heads of all chains.
pub(in crate::access) async fn heads(tx: &mut Tx) -> Result<Vec<HeadRow>> {
    tx.query("SELECT municipality_id, sequence, entry_hash, head_hash FROM audit_head ORDER BY municipality_id")
        .all()
        .await
}

/// Owners that have entries, whether or not they have a head.
pub(in crate::access) async fn chains(tx: &mut Tx) -> Result<Vec<(Uuid,)>> {
    tx.query("SELECT DISTINCT municipality_id FROM audit_entry ORDER BY municipality_id").all().await
}

/// Entries of a chain after a sequence, oldest first.
pub(in crate::access) async fn entries_after(
    tx: &mut Tx,
    owner: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<EntryRow>> {
    tx.query(
        "SELECT municipality_id, sequence, recorded_at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id,
             details, entry_hash
         FROM audit_entry WHERE municipality_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(owner)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Entries of a chain before a sequence, newest first.
pub(in crate::access) async fn entries_before(
    tx: &mut Tx,
    owner: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<EntryRow>> {
    tx.query(
        "SELECT municipality_id, sequence, recorded_at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id,
             details, entry_hash
         FROM audit_entry WHERE municipality_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3",
    )
    .bind(owner)
    .bind(before)
    .bind(limit)
    .all()
    .await
}
