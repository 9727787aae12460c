//! What a report was asked for, as its content says: so that it can be made again.

use serde_json::Value;

use super::{
    content::read_time,
    costs::{CostDetail, CostOrder},
    plan::PlanOrder,
};
use crate::{
    clock::Timestamp,
    renewal::rules::plan::{CapAfterRenewal, Definitions, SpareShare},
    schools::rules::fiscal::FiscalYear,
};

/// Which report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The published plan.
    Plan(PlanOrder),
    /// Costs.
    Costs(CostOrder),
    /// Scenarios; all where none is named.
    Scenarios(Vec<String>),
    /// What changed since a time.
    Changes(Timestamp, PlanOrder),
}

/// What a content says that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Which report.
    pub asked: Asked,
    /// As of when.
    pub as_of: Timestamp,
    /// Codes of all owners that it tells of.
    pub owners: Vec<String>,
    /// Whether it can be the report of one owner: one, and nobody left out.
    pub is_of_one: bool,
}

impl Default for PlanOrder {
    /// As most boards fill it.
    fn default() -> Self {
        let definitions = Definitions { cap_after: CapAfterRenewal::Zero, spare_share: SpareShare::OfPupils };
        Self { definitions, programme: None }
    }
}

fn time(content: &Value, name: &str) -> Option<Timestamp> {
    read_time(content.get(name)?.as_str()?)
}

fn year(content: &Value, name: &str) -> Option<FiscalYear> {
    content.get(name)?.as_i64().and_then(|year| i32::try_from(year).ok()).and_then(FiscalYear::starting_in)
}

/// By what amounts are told apart; nothing says by school and model.
fn detail(content: &Value) -> Option<CostDetail> {
    let Some(code) = content.get("detail") else { return Some(CostDetail::Places) };
    CostDetail::ALL.iter().find(|one| Some(one.code()) == code.as_str()).copied()
}

fn order(content: &Value) -> Option<PlanOrder> {
    let definitions = content.get("definitions")?;
    let code = |name: &str| definitions.get(name).and_then(Value::as_str);
    let cap_after = CapAfterRenewal::ALL.iter().find(|one| Some(one.code()) == code("cap_after"))?;
    let spare_share = SpareShare::ALL.iter().find(|one| Some(one.code()) == code("spare_share"))?;
    let programme = content.get("programme").and_then(|programme| programme.get("id")).or(content.get("programme_id"));
    let programme = programme.and_then(Value::as_str).map(str::to_owned);
    Some(PlanOrder { definitions: Definitions { cap_after: *cap_after, spare_share: *spare_share }, programme })
}

/// Reads what a content says that it is of; none where it is no content of a report.
pub fn read(content: &Value) -> Option<Reported> {
    let asked = match content.get("report")?.as_str()? {
        "PLAN" => Asked::Plan(order(content)?),
        "COSTS" => Asked::Costs(CostOrder {
            first: Some(year(content, "first_fiscal_year")?),
            last: Some(year(content, "last_fiscal_year")?),
            detail: detail(content)?,
            per_device: content.get("devices").is_some(),
        }),
        "SCENARIOS" => {
            let ids = content.get("scenarios")?.as_array()?.iter();
            let ids = ids.map(|one| one.get("id").and_then(Value::as_str).map(str::to_owned));
            Asked::Scenarios(ids.collect::<Option<_>>()?)
        }
        "CHANGES" => Asked::Changes(time(content, "since")?, order(content)?),
        _ => return None,
    };
    let codes = |name: &str, of: fn(&Value) -> Option<&str>| -> Option<Vec<String>> {
        let Some(list) = content.get(name) else { return Some(Vec::new()) };
        list.as_array()?.iter().map(|one| of(one).map(str::to_owned)).collect()
    };
    let mut owners = codes("owners", Value::as_str)?;
    let left_out = codes("left_out", |one| one.get("owner").and_then(Value::as_str))?;
    let is_of_one = owners.len() == 1 && left_out.is_empty();
    owners.extend(left_out);
    Some(Reported { asked, as_of: time(content, "as_of")?, owners, is_of_one })
}
