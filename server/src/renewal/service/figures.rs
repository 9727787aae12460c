//! The figures of an owner under other rules, beside those of now: whole, so that both can be read.

use super::Renewal;
use crate::{
    access::rules::Staff,
    clock::Timestamp,
    error::Result,
    renewal::rules::{
        report::{
            costs::{CostOrder, CostReport, costs},
            plan::{NoPlan, PlanOrder, PlanReport, plan},
        },
        rule_sets::{RulesFrom, RulesKind},
    },
    schools::rules::MunicipalityId,
};

/// Figures before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresUnder {
    /// As of when both are.
    pub as_of: Timestamp,
    /// Whose rules of the kind hold at the owner now.
    pub from: RulesFrom,
    /// The plan, or why there is none.
    pub plans: [Result<PlanReport, NoPlan>; 2],
    /// Costs.
    pub costs: [CostReport; 2],
}

impl Renewal {
    /// An owner's figures now, and under other rules of a kind; without a text as they would be without rules of its own.
    /// Nothing is stored. Reasons: those of [`Renewal::preview_rules`].
    pub async fn figures_under(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        other: (RulesKind, Option<String>),
    ) -> Result<FiguresUnder> {
        let kind = other.0;
        let (before, after) = self.under(staff, owner, other).await?;
        let (order, years) = (PlanOrder::default(), CostOrder::default());
        Ok(FiguresUnder {
            as_of: before.as_of,
            from: before.rules.said(kind).from,
            plans: [plan(&before, &order), plan(&after, &order)],
            costs: [costs(&before, years)?, costs(&after, years)?],
        })
    }
}
