//! SQL of the team.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{access::rules::StaffId, clock::Timestamp, db::Tx, error::Result};

/// What was said of a person last.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(super) struct MemberRow {
    pub staff_id: Uuid,
    /// JSON.
    pub profile: String,
    pub changed_by: String,
    pub changed_at: i64,
}

/// Of whom something was said.
pub(super) async fn members(tx: &mut Tx) -> Result<Vec<MemberRow>> {
    tx.query("SELECT staff_id, profile, changed_by, changed_at FROM team_member").all().await
}

/// Says something of a person.
pub(super) async fn put(tx: &mut Tx, person: StaffId, profile: &str, by: &str, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO team_member (staff_id, profile, changed_by, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (staff_id) DO UPDATE SET profile = $2, changed_by = $3, changed_at = $4",
    )
    .bind(person)
    .bind(profile)
    .bind(by)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}
