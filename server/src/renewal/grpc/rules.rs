//! Rules of renewal in the words of the contract.

use gigafleet_proto::v1;

use super::{as_of, optional_owner, optional_word, owner, plan_order, year_number};
use crate::{
    access::rules::Staff,
    error::{Error, Result, says::renewal as say},
    grpc::page,
    renewal::{
        rules::{
            report::changes::{AmountChange, CellChange},
            rule_sets::{RulesKind, SaidRules},
        },
        service::{Renewal, RulesPreview},
    },
};

fn kind(number: i32) -> Result<RulesKind> {
    let kind = page::field(optional_word("kind", number, RulesKind::from_number))?;
    kind.ok_or_else(|| Error::invalid_field("kind", say::rules_kind()))
}

/// A text, or that there shall be none.
fn text(rules: String, reset: bool) -> Result<Option<String>> {
    match (rules.is_empty(), reset) {
        (false, false) => Ok(Some(rules)),
        (true, true) => Ok(None),
        (true, false) | (false, true) => Err(Error::invalid_field("rules", say::rules_missing())),
    }
}

pub(super) async fn get(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalRulesRequest,
) -> Result<v1::GetRenewalRulesResponse> {
    let owner = optional_owner(&request.municipality_id)?;
    let said = renewal.rules(staff, owner, kind(request.kind)?, as_of(request.as_of_time)?).await?;
    let SaidRules { from, recorded_at, text, .. } = said;
    let record_time = recorded_at.map(|at| at.to_proto());
    Ok(v1::GetRenewalRulesResponse { rules: text, origin: from.to_number().into(), record_time })
}

pub(super) async fn set(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::SetRenewalRulesRequest,
) -> Result<v1::SetRenewalRulesResponse> {
    let owner = optional_owner(&request.municipality_id)?;
    let (kind, text) = (kind(request.kind)?, text(request.rules, request.reset)?);
    let said = renewal.set_rules(staff, owner, kind, text).await?;
    let record_time = said.recorded_at.map(|at| at.to_proto());
    Ok(v1::SetRenewalRulesResponse { origin: said.from.to_number().into(), record_time })
}

pub(super) fn cell_message(cell: CellChange) -> v1::RenewalCellChange {
    let CellChange { row, year, before, after } = cell;
    v1::RenewalCellChange { row: row.into(), fiscal_year: year_number(year), before, after }
}

pub(super) fn amount_message(amount: AmountChange) -> v1::RenewalAmountChange {
    v1::RenewalAmountChange {
        fiscal_year: year_number(amount.year),
        payer: amount.payer.to_number().into(),
        basis: amount.basis.to_number().into(),
        before_yen: amount.before.to_number(),
        after_yen: amount.after.to_number(),
    }
}

pub(super) async fn preview(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::PreviewRenewalRulesRequest,
) -> Result<v1::PreviewRenewalRulesResponse> {
    let owner = owner(&request.municipality_id)?;
    let (kind, text) = (kind(request.kind)?, text(request.rules, request.reset)?);
    let order = plan_order(request.definitions)?;
    let RulesPreview { as_of, figures } = renewal.preview_rules(staff, owner, (kind, text), &order).await?;
    Ok(v1::PreviewRenewalRulesResponse {
        as_of_time: Some(as_of.to_proto()),
        cells: figures.cells.into_iter().map(cell_message).collect(),
        amounts: figures.amounts.into_iter().map(amount_message).collect(),
        had_plan: figures.has_plan.0,
        has_plan: figures.has_plan.1,
    })
}
