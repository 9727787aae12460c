//! SQL of the rules of renewal: as somebody said them, only added.

use uuid::Uuid;

use crate::{
    clock::Timestamp, db::Tx, error::Result, renewal::rules::rule_sets::RulesKind, schools::rules::MunicipalityId,
};

/// The municipality under which rules of the installation stand.
pub(super) fn key(owner: Option<MunicipalityId>) -> Uuid {
    owner.map_or_else(Uuid::nil, |owner| owner.0)
}

/// Rules of a kind as they held at a time at an owner, or in the installation: when they were said, and their text; no text
/// where the ones of before were given up.
pub(in crate::renewal) async fn at(
    tx: &mut Tx,
    owner: Option<MunicipalityId>,
    kind: RulesKind,
    as_of: Timestamp,
) -> Result<Option<(i64, Option<String>)>> {
    tx.query(
        "SELECT recorded_at, rules FROM renewal_rules WHERE municipality_id = $1 AND kind = $2 AND recorded_at <= $3
         ORDER BY recorded_at DESC LIMIT 1",
    )
    .bind(key(owner))
    .bind(i64::from(kind.to_number()))
    .bind(as_of.0)
    .optional()
    .await
}

/// When rules of a kind were said last.
pub(in crate::renewal) async fn newest(
    tx: &mut Tx,
    owner: Option<MunicipalityId>,
    kind: RulesKind,
) -> Result<Option<Timestamp>> {
    let (newest,): (Option<i64>,) = tx
        .query("SELECT MAX(recorded_at) FROM renewal_rules WHERE municipality_id = $1 AND kind = $2")
        .bind(key(owner))
        .bind(i64::from(kind.to_number()))
        .one()
        .await?;
    Ok(newest.map(Timestamp))
}

/// When rules of any kind were said last at an owner or in the installation.
pub(in crate::renewal) async fn newest_of_all(tx: &mut Tx, owner: MunicipalityId) -> Result<Option<Timestamp>> {
    let (newest,): (Option<i64>,) = tx
        .query("SELECT MAX(recorded_at) FROM renewal_rules WHERE municipality_id IN ($1, $2)")
        .bind(owner)
        .bind(key(None))
        .one()
        .await?;
    Ok(newest.map(Timestamp))
}

/// Says rules, or gives up those of before.
pub(in crate::renewal) async fn insert(
    tx: &mut Tx,
    owner: Option<MunicipalityId>,
    (kind, text): (RulesKind, Option<&str>),
    at: Timestamp,
    (recorder_id, recorder_name): (Option<Uuid>, &str),
) -> Result<()> {
    tx.query(
        "INSERT INTO renewal_rules (municipality_id, kind, recorded_at, rules, recorder_id, recorder_name)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key(owner))
    .bind(i64::from(kind.to_number()))
    .bind(at.0)
    .bind(text.map(str::to_owned))
    .bind(recorder_id)
    .bind(recorder_name)
    .execute()
    .await?;
    Ok(())
}
