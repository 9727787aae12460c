//! The common changes of rules, made in their JSON: an end of support, figures of a programme or a copy of it, a scenario
//! of prices, what is assumed. Everything else that the text says stays as it is.
//!
//! Invariant: what comes out can be read as rules of its kind; otherwise nothing comes out but what is wrong with it.

mod ends;
mod programmes;
mod scenarios;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

pub use self::{ends::EndEdit, programmes::ProgrammeEdit, scenarios::PriceEdit};
use super::{
    AllocationTax,
    money::Yen,
    programmes::Origin,
    reading::json as read_json,
    rule_sets::{RulesKind, check},
    written::written,
};
use crate::{
    access::rules::days::date_text,
    error::{Both, FieldViolation, says::renewal as say},
};

/// One common change of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// An end of support, new or in place of another.
    End(EndEdit),
    /// Figures of a programme, or a copy of it with other ones.
    Programme(ProgrammeEdit),
    /// A scenario of prices, new or changed.
    Price(PriceEdit),
    /// What is assumed.
    Assumption(AssumptionEdit),
}

/// What is assumed otherwise; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumptionEdit {
    /// Whether the owner gets the local allocation tax.
    pub tax: Option<AllocationTax>,
    /// After how many years what was renewed is renewed again.
    pub years: Option<u8>,
    /// What a device will cost.
    pub device_price: Option<Yen>,
    /// What a spare will cost.
    pub spare_price: Option<Yen>,
    /// Where that is written.
    pub origin: Origin,
}

impl Edit {
    /// What it changes rules of.
    pub fn kind(&self) -> RulesKind {
        match self {
            Self::End(_) => RulesKind::Ends,
            Self::Programme(_) => RulesKind::Programmes,
            Self::Price(_) => RulesKind::Scenarios,
            Self::Assumption(_) => RulesKind::Assumptions,
        }
    }

    /// Rules of its kind with the change in them; or what is wrong with the rules, before it or after it.
    pub fn made_in(&self, text: &str) -> Result<String, Vec<FieldViolation>> {
        check(self.kind(), text)?;
        let mut rules = read_json(text)?;
        match self {
            Self::End(edit) => ends::put(&mut rules, edit)?,
            Self::Programme(edit) => programmes::put(&mut rules, edit)?,
            Self::Price(edit) => scenarios::put(&mut rules, edit)?,
            Self::Assumption(edit) => assume(&mut rules, edit)?,
        }
        let text = written(&rules);
        check(self.kind(), &text)?;
        Ok(text)
    }
}

fn refused<T>(field: &'static str, message: Both) -> Result<T, Vec<FieldViolation>> {
    Err(vec![FieldViolation::new(field, message)])
}

/// A list of checked rules.
fn list<'v>(rules: &'v mut Value, name: &'static str) -> Result<&'v mut Vec<Value>, Vec<FieldViolation>> {
    match rules.get_mut(name).and_then(Value::as_array_mut) {
        Some(list) => Ok(list),
        None => refused(name, say::no_object()),
    }
}

/// Says where something comes from.
fn set_origin(of: &mut Value, origin: &Origin) {
    of["source"] = json!(origin.source);
    of["date"] = json!(date_text(origin.date));
    of["verified"] = json!(origin.verified);
}

/// A figure with where it comes from.
fn figure(value: Value, origin: &Origin) -> Value {
    let mut figure = json!({ "value": value });
    set_origin(&mut figure, origin);
    figure
}

fn assume(rules: &mut Value, edit: &AssumptionEdit) -> Result<(), Vec<FieldViolation>> {
    let figures = [
        ("allocation_tax", edit.tax.map(|tax| json!(tax.code()))),
        ("renew_after_years", edit.years.map(|years| json!(years))),
        ("device_price_yen", edit.device_price.map(|price| json!(price.to_number()))),
        ("spare_price_yen", edit.spare_price.map(|price| json!(price.to_number()))),
    ];
    if figures.iter().all(|(_, value)| value.is_none()) {
        return refused("assumptions", say::nothing_changed());
    }
    for (name, value) in figures {
        if let Some(value) = value {
            rules[name] = figure(value, &edit.origin);
        }
    }
    Ok(())
}
