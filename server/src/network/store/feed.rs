//! SQL of what servers say of themselves: up to when each has handed over what it heard, and when it could not.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{clock::Timestamp, db::Tx, error::Result};

/// Notes that a server has handed over all it heard up to a moment.
pub(in crate::network) async fn note_feed(
    tx: &mut Tx,
    server: Uuid,
    started: Timestamp,
    until: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO server_feed (server_id, started_at, heard_until) VALUES ($1, $2, $3)
         ON CONFLICT (server_id) DO UPDATE SET heard_until = excluded.heard_until
         WHERE server_feed.heard_until < excluded.heard_until",
    )
    .bind(server)
    .bind(started.0)
    .bind(until.0)
    .execute()
    .await?;
    Ok(())
}

/// A server, since when it has listened, and up to when it has handed over what it heard.
#[derive(Debug, Clone, Copy, FromRow)]
pub(in crate::network) struct FeedRow {
    pub started_at: i64,
    pub heard_until: i64,
}

/// Servers that listen, or did until lately.
pub(in crate::network) async fn feeds(tx: &mut Tx) -> Result<Vec<FeedRow>> {
    tx.query("SELECT started_at, heard_until FROM server_feed ORDER BY server_id LIMIT 1000").all().await
}

/// Takes a server out that ended, or that was not heard of since a moment.
pub(in crate::network) async fn forget_feeds(tx: &mut Tx, server: Option<Uuid>, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM server_feed WHERE server_id = $1 OR heard_until < $2")
        .bind(server)
        .bind(before.0)
        .execute()
        .await
}

/// Notes when a server could not store what it heard.
pub(in crate::network) async fn note_gap(tx: &mut Tx, server: Uuid, begin: Timestamp, end: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO server_gap (server_id, begin_at, end_at) VALUES ($1, $2, $3)
         ON CONFLICT (server_id, begin_at) DO UPDATE SET end_at = excluded.end_at",
    )
    .bind(server)
    .bind(begin.0)
    .bind(end.0)
    .execute()
    .await?;
    Ok(())
}

/// Gaps that ended after a moment, by begin.
pub(in crate::network) async fn gaps(tx: &mut Tx, after: Timestamp) -> Result<Vec<(i64, i64)>> {
    tx.query("SELECT begin_at, end_at FROM server_gap WHERE end_at > $1 ORDER BY begin_at, end_at LIMIT 1000")
        .bind(after.0)
        .all()
        .await
}

/// Forgets gaps that ended before a moment.
pub(in crate::network) async fn forget_gaps(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM server_gap WHERE end_at < $1").bind(before.0).execute().await
}
