//! SQL of leases: background work that one server at a time does for all of them.

use uuid::Uuid;

use crate::{clock::Timestamp, db::Tx, error::Result};

/// Takes or keeps a lease until a moment; false while another holder has it.
pub(super) async fn take_lease(tx: &mut Tx, job: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO job_lease (job, holder, leased_until) VALUES ($1, $2, $4)
             ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
             WHERE job_lease.holder = excluded.holder OR job_lease.leased_until <= $3",
        )
        .bind(job)
        .bind(holder)
        .bind(now.0)
        .bind(until.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Gives a lease back, so that another server can take it at once.
pub(super) async fn end_lease(tx: &mut Tx, job: &str, holder: Uuid) -> Result<()> {
    tx.query("DELETE FROM job_lease WHERE job = $1 AND holder = $2").bind(job).bind(holder).execute().await?;
    Ok(())
}
