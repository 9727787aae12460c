//! When rules were said, by whom.

use super::{Renewal, whole};
use crate::{
    access::rules::{Right, Staff},
    clock::Timestamp,
    error::Result,
    renewal::{rules::rule_sets::RulesKind, store::rule_history::history},
    schools::rules::MunicipalityId,
};

/// That rules of a kind were said, or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesDeed {
    /// When.
    pub at: Timestamp,
    /// Whether they were given up.
    pub is_given_up: bool,
    /// Name of who did it.
    pub recorder: String,
}

impl Renewal {
    /// When rules of a kind were said or given up at an owner, or in the installation, the newest first. It names people, so
    /// it is for who sees the ledger. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn rules_history(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        kind: RulesKind,
        most: u8,
    ) -> Result<Vec<RulesDeed>> {
        match owner {
            Some(owner) => drop(whole(staff, Right::ViewLedger, owner)?),
            None => staff.require_everywhere(Right::ViewLedger)?,
        }
        let mut tx = self.db.read().await?;
        let rows = history(&mut tx, owner, kind, most.into()).await?;
        let deed = |(at, has_text, recorder): (i64, i64, String)| RulesDeed {
            at: Timestamp(at),
            is_given_up: has_text == 0,
            recorder,
        };
        Ok(rows.into_iter().map(deed).collect())
    }
}
