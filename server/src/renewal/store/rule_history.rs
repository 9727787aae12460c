//! SQL of the history of rules: when they were said, by whom.

use super::rules::key;
use crate::{db::Tx, error::Result, renewal::rules::rule_sets::RulesKind, schools::rules::MunicipalityId};

/// When rules of a kind were said or given up at an owner or in the installation, the newest first: when, whether there was
/// a text, and the name of who did it.
pub(in crate::renewal) async fn history(
    tx: &mut Tx,
    owner: Option<MunicipalityId>,
    kind: RulesKind,
    most: i64,
) -> Result<Vec<(i64, i64, String)>> {
    tx.query(
        "SELECT recorded_at, CAST(CASE WHEN rules IS NULL THEN 0 ELSE 1 END AS BIGINT), recorder_name FROM renewal_rules
         WHERE municipality_id = $1 AND kind = $2 ORDER BY recorded_at DESC LIMIT $3",
    )
    .bind(key(owner))
    .bind(i64::from(kind.to_number()))
    .bind(most)
    .all()
    .await
}
