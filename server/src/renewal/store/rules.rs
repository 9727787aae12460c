//! SQL of the rules of renewal: as somebody said them, only added.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    db::{Tx, among_sql, rows_json},
    error::Result,
    renewal::rules::rule_sets::RulesKind,
    schools::rules::MunicipalityId,
};

/// The municipality under which rules of the installation stand.
pub(super) fn key(owner: Option<MunicipalityId>) -> Uuid {
    owner.map_or_else(Uuid::nil, |owner| owner.0)
}

/// Rules of a kind as somebody said them.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(in crate::renewal) struct SaidRow {
    municipality_id: Uuid,
    kind: i16,
    pub recorded_at: i64,
    /// JSON; none where the ones of before were given up.
    pub rules: Option<String>,
}

impl SaidRow {
    /// Whether they are of a kind and of an owner, or of the installation.
    pub fn is_of(&self, owner: Option<MunicipalityId>, kind: RulesKind) -> bool {
        self.municipality_id == key(owner) && self.kind == kind.to_number()
    }
}

/// Rules of all kinds as they were said last by a time, of owners and of the installation.
pub(in crate::renewal) async fn all_at(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    as_of: Timestamp,
) -> Result<Vec<SaidRow>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT r.municipality_id, r.kind, r.recorded_at, r.rules FROM renewal_rules r WHERE",
        "r.municipality_id",
        "$1",
        "AND r.recorded_at = (SELECT MAX(n.recorded_at) FROM renewal_rules n
             WHERE n.municipality_id = r.municipality_id AND n.kind = r.kind AND n.recorded_at <= $2)"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let keys: Vec<_> = owners.iter().map(|owner| owner.0).chain([key(None)]).collect();
    tx.query(sql).bind(rows_json(&keys)?).bind(as_of.0).all().await
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
