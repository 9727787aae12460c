//! Rules of renewal: which hold, said anew, and what other ones would change.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{Renewal, damaged, whole};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::{Actor, Deed},
    },
    clock::Timestamp,
    db::Tx,
    error::{
        Error, FieldViolation, Kind, Result,
        says::{fields as say_field, schools as say_schools},
    },
    renewal::{
        rules::{
            known::Known,
            ledger::next_recorded_at,
            report::{
                changes::{FigureChanges, compare},
                plan::PlanOrder,
            },
            rule_sets::{self, RULES_BYTES, RuleSet, RulesFrom, RulesKind, SaidRules},
        },
        store::rules as rows,
    },
    schools::{rules::MunicipalityId, store::lock_money},
};

/// What other rules would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesPreview {
    /// As of when both are reckoned.
    pub as_of: Timestamp,
    /// The plan and the years to come, before and after.
    pub figures: FigureChanges,
}

/// Rules that hold at a time at some owners.
pub(super) struct AllRules {
    /// Those of the installation.
    installation: Arc<RuleSet>,
    /// Those of owners that have any of their own.
    own: BTreeMap<MunicipalityId, Arc<RuleSet>>,
}

impl AllRules {
    /// Reads them.
    pub(super) async fn at(tx: &mut Tx, owners: &[MunicipalityId], as_of: Timestamp) -> Result<Self> {
        let said = rows::all_at(tx, owners, as_of).await?;
        let of = |owner: Option<MunicipalityId>, kind: RulesKind| {
            let row = said.iter().find(|row| row.is_of(owner, kind))?;
            let from = if owner.is_some() { RulesFrom::Owner } else { RulesFrom::Installation };
            let text = row.rules.clone()?;
            Some(SaidRules { kind, from, recorded_at: Some(Timestamp(row.recorded_at)), text })
        };
        let set = |owner: Option<MunicipalityId>| {
            let one = |kind| {
                let own = owner.and_then(|owner| of(Some(owner), kind));
                own.or_else(|| of(None, kind)).unwrap_or_else(|| SaidRules::of_product(kind))
            };
            RuleSet::read(RulesKind::EACH.map(one)).map(Arc::new).map_err(|_| damaged("rules"))
        };
        let has_own = |owner: &&MunicipalityId| RulesKind::EACH.iter().any(|kind| of(Some(**owner), *kind).is_some());
        let own = owners.iter().filter(has_own).map(|owner| Ok((*owner, set(Some(*owner))?)));
        Ok(Self { installation: set(None)?, own: own.collect::<Result<_>>()? })
    }

    /// Those that hold at an owner.
    pub(super) fn of(&self, owner: MunicipalityId) -> Arc<RuleSet> {
        Arc::clone(self.own.get(&owner).unwrap_or(&self.installation))
    }

    /// Those of a kind as they were said.
    fn said(&self, owner: Option<MunicipalityId>, kind: RulesKind) -> SaidRules {
        let rules = owner.map_or_else(|| Arc::clone(&self.installation), |owner| self.of(owner));
        rules.said(kind).clone()
    }
}

/// All rules that hold at a time at an owner, or in the installation.
pub(super) async fn rules_at(tx: &mut Tx, owner: Option<MunicipalityId>, as_of: Timestamp) -> Result<Arc<RuleSet>> {
    let rules = AllRules::at(tx, owner.as_slice(), as_of).await?;
    Ok(owner.map_or_else(|| Arc::clone(&rules.installation), |owner| rules.of(owner)))
}

/// Rules of a kind that hold at a time at an owner, or in the installation.
async fn said_at(tx: &mut Tx, owner: Option<MunicipalityId>, kind: RulesKind, as_of: Timestamp) -> Result<SaidRules> {
    Ok(AllRules::at(tx, owner.as_slice(), as_of).await?.said(owner, kind))
}

/// Rules that can be read. Reason: FIELD_INVALID, with all that is wrong.
fn checked(kind: RulesKind, text: &str) -> Result<()> {
    if text.len() > RULES_BYTES {
        return Err(Error::invalid_field("rules", say_field::too_many_bytes(text.len(), RULES_BYTES)));
    }
    rule_sets::check(kind, text).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))
}

impl Renewal {
    /// The rules of a kind that hold at an owner, or in the installation, at a time. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn rules(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        kind: RulesKind,
        as_of: Option<Timestamp>,
    ) -> Result<SaidRules> {
        Ok(self.rule_set(staff, owner, as_of).await?.said(kind).clone())
    }

    /// The rules of all kinds that hold at an owner, or in the installation, at a time. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn rule_set(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        as_of: Option<Timestamp>,
    ) -> Result<Arc<RuleSet>> {
        match owner {
            Some(owner) => drop(whole(staff, Right::ViewRenewal, owner)?),
            None => drop(staff.scope(Right::ViewRenewal)?),
        }
        let mut tx = self.db.read().await?;
        rules_at(&mut tx, owner, as_of.unwrap_or(Timestamp(i64::MAX))).await
    }

    /// Says rules of an owner, or of the installation; none where the ones of before shall not hold any more. What was
    /// said before stays for reports of before. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID.
    pub async fn set_rules(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        kind: RulesKind,
        text: Option<String>,
    ) -> Result<SaidRules> {
        self.say_rules(staff, owner, (kind, text), None).await
    }

    /// The same for who has seen what was said last, and when: refused where somebody said other rules since. Reasons: those
    /// of [`Renewal::set_rules`], and ETAG_MISMATCH.
    pub async fn replace_rules(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        said: (RulesKind, Option<String>),
        seen: Option<Timestamp>,
    ) -> Result<SaidRules> {
        self.say_rules(staff, owner, said, Some(seen)).await
    }

    async fn say_rules(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        (kind, text): (RulesKind, Option<String>),
        seen: Option<Option<Timestamp>>,
    ) -> Result<SaidRules> {
        match owner {
            Some(owner) => drop(whole(staff, Right::EditLedger, owner)?),
            None => staff.require_everywhere(Right::EditLedger)?,
        }
        if let Some(text) = &text {
            checked(kind, text)?;
        }
        let mut tx = self.db.begin().await?;
        if let Some(owner) = owner {
            lock_money(&mut tx, owner).await?;
        }
        let deed = Deed {
            municipality: owner,
            action: "renewal.set_rules",
            subject_kind: "renewal_rules",
            subject_id: kind.code().to_lowercase(),
            details: json!({ "bytes": text.as_ref().map(String::len) }),
        };
        // The audit log of an owner is written one after the other, so what is read after this line is the newest.
        self.access.audit(&mut tx, staff, deed).await?;
        let newest = rows::newest(&mut tx, owner, kind).await?;
        if seen.is_some_and(|seen| seen != newest) {
            return Err(Error::new(Kind::Conflict, "ETAG_MISMATCH", say_schools::changed_since()));
        }
        let at = next_recorded_at(newest, self.clock.now());
        let recorder = Actor::from(staff);
        rows::insert(&mut tx, owner, (kind, text.as_deref()), at, (recorder.id, &recorder.name)).await?;
        let said = said_at(&mut tx, owner, kind, at).await?;
        tx.commit().await?;
        Ok(said)
    }

    /// What other rules of a kind would change of an owner's figures, now; without a text what would change if the owner
    /// had none of its own. Nothing is stored. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID.
    pub async fn preview_rules(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        other: (RulesKind, Option<String>),
        order: &PlanOrder,
    ) -> Result<RulesPreview> {
        let (before, after) = self.under(staff, owner, other).await?;
        Ok(RulesPreview { as_of: before.as_of, figures: compare(&before, &after, order)? })
    }

    /// What is known of an owner now, and the same under other rules of a kind. Reasons: as of [`Renewal::preview_rules`].
    pub(super) async fn under(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        (kind, text): (RulesKind, Option<String>),
    ) -> Result<(Known, Known)> {
        let area = whole(staff, Right::ViewRenewal, owner)?;
        if let Some(text) = &text {
            checked(kind, text)?;
        }
        let (mut tx, as_of) = self.reading(std::slice::from_ref(&area), None).await?;
        let before = self.known(&mut tx, &area, as_of).await?;
        let said = match text {
            Some(text) => SaidRules { kind, from: RulesFrom::Owner, recorded_at: None, text },
            None => said_at(&mut tx, None, kind, as_of).await?,
        };
        let refused = |wrong: Vec<FieldViolation>| Error::invalid_fields("FIELD_INVALID", wrong);
        let after = Known { rules: Arc::new(before.rules.with(said).map_err(refused)?), ..before.clone() };
        Ok((before, after))
    }
}
