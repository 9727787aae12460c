//! Scenarios side by side: the same years to come under each, by payer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Sealed,
    costs::rules_content,
    outlook::{Outlook, outlook},
    parts::{Part, parts},
};
use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    error::{Both, FieldViolation, says::renewal as say},
    renewal::rules::{
        Payer,
        known::{Known, as_of_text},
        money::{OverLimit, Unreckoned, Yen, add_to, sum_by},
        payer_code,
        programmes::Origin,
        projection::{Projection, USUAL_YEARS, project},
        rule_sets::{RuleNote, RulesKind},
        scenario::Scenario,
        smoothing::even,
        what_if::{WHAT_IF, WhatIf},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Rules that a comparison of scenarios uses.
pub const SCENARIO_RULES: [RulesKind; 4] =
    [RulesKind::Programmes, RulesKind::Ends, RulesKind::Scenarios, RulesKind::Assumptions];

/// The years to come under one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioColumn {
    /// By which it is known.
    pub id: String,
    /// What people call it.
    pub name: Both,
    /// What else must be known of it.
    pub note: Option<Both>,
    /// Where it comes from, and whether anybody confirmed it.
    pub origin: Origin,
    /// Who pays how much in which year; amounts above nothing.
    pub amounts: BTreeMap<(FiscalYear, Payer), Yen>,
    /// Everything.
    pub total: Yen,
}

impl ScenarioColumn {
    /// What was projected under a scenario. Refused: sums above 10^13 yen.
    pub fn projected(scenario: &Scenario, projection: &Projection) -> Result<Self, OverLimit> {
        Ok(Self {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            note: scenario.note.clone(),
            origin: scenario.origin.clone(),
            amounts: projection.by(|line| (line.year, line.payer))?,
            total: projection.total()?,
        })
    }

    /// The same with what is agreed already for its years, which no scenario changes: payments of a lease, a contract that runs.
    fn and_agreed(mut self, agreed: &BTreeMap<(FiscalYear, Payer), Yen>) -> Result<Self, OverLimit> {
        for (key, amount) in agreed {
            add_to(&mut self.amounts, *key, *amount)?;
            self.total = self.total.plus(*amount)?;
        }
        Ok(self)
    }

    /// What one pays in all years.
    pub fn of(&self, payer: Payer) -> Result<Yen, OverLimit> {
        Yen::sum(self.amounts.iter().filter(|((_, one), _)| *one == payer).map(|(_, amount)| *amount))
    }

    /// The same of another owner added.
    fn plus(mut self, other: Self) -> Result<Self, OverLimit> {
        for (key, amount) in other.amounts {
            add_to(&mut self.amounts, key, amount)?;
        }
        self.total = self.total.plus(other.total)?;
        Ok(self)
    }
}

/// Scenarios of one owner, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioReport {
    /// As of when.
    pub as_of: Timestamp,
    /// Codes of the owners, in their order.
    pub owners: Vec<String>,
    /// The years.
    pub years: Vec<FiscalYear>,
    /// The scenarios, in the order of their file; with the first the others are compared.
    pub scenarios: Vec<ScenarioColumn>,
    /// The rules that were used, of each owner.
    pub rules: Vec<RuleNote>,
}

/// The years to come of an owner under scenarios, with what is agreed already; all of them where none is named. Ids that there are not are passed
/// over; behind them one of somebody's own. Refused: sums above 10^13 yen, and a limit of a year in which renewal finds no room.
pub fn scenarios(known: &Known, wanted: &[String], what_if: Option<WhatIf>) -> Result<ScenarioReport, Unreckoned> {
    let recorded = parts(known)?;
    let Outlook { first, renewed, running, .. } = outlook(known, &recorded, USUAL_YEARS)?;
    let own = what_if.map(|what_if| what_if.scenario(known));
    let all = known.rules.scenarios.scenarios.iter().filter(|one| own.is_none() || one.id != WHAT_IF);
    let chosen = all.filter(|scenario| wanted.is_empty() || wanted.contains(&scenario.id)).chain(&own);
    let (mut years, mut columns) = (Vec::new(), Vec::new());
    for scenario in chosen {
        let terms = scenario.terms(&known.rules.programmes);
        let evened = terms.even().map(|most| even(&renewed, first, &terms, most)).transpose();
        let evened = evened.map_err(|why| if scenario.id == WHAT_IF { why } else { told_of(scenario, known, why) })?;
        let renewed = evened.as_deref().unwrap_or(&renewed);
        let projection = project(first, USUAL_YEARS, renewed, &running, &terms)?;
        let agreed = agreed(&recorded, &projection.years)?;
        columns.push(ScenarioColumn::projected(scenario, &projection)?.and_agreed(&agreed)?);
        years = projection.years;
    }
    Ok(ScenarioReport {
        as_of: known.as_of,
        owners: vec![known.code.clone()],
        years,
        scenarios: columns,
        rules: known.rules.notes(&SCENARIO_RULES),
    })
}

/// Why a scenario of a file can not be reckoned, with its name and the owner, since somebody asked for many of both.
fn told_of(scenario: &Scenario, known: &Known, why: Unreckoned) -> Unreckoned {
    match why {
        Unreckoned::OverLimit(_) => why,
        Unreckoned::Refused(wrong) => {
            let said = |name: &str, why: &str| say::scenario_refused(name, &known.code, why);
            let (name, why) = (&scenario.name, &wrong.message);
            let message = Both::of(said(&name.ja, &why.ja), said(&name.en, &why.en));
            FieldViolation::new("scenario_ids", message).into()
        }
    }
}

/// What is recorded already of years to come, by payer.
fn agreed(recorded: &[Part], years: &[FiscalYear]) -> Result<BTreeMap<(FiscalYear, Payer), Yen>, OverLimit> {
    let of_years = recorded.iter().filter(|part| years.contains(&part.key.year));
    sum_by(of_years.map(|part| ((part.key.year, part.key.payer), part.amount)))
}

impl ScenarioReport {
    /// Scenarios of several owners together: those that all of them have. None of none.
    pub fn together(reports: Vec<Self>) -> Result<Option<Self>, OverLimit> {
        let mut reports = reports.into_iter();
        let Some(mut all) = reports.next() else { return Ok(None) };
        for mut one in reports {
            all.owners.append(&mut one.owners);
            all.rules.append(&mut one.rules);
            let mut columns = Vec::new();
            for column in all.scenarios {
                let other = one.scenarios.iter().find(|other| other.id == column.id).cloned();
                columns.extend(other.map(|other| column.plus(other)).transpose()?);
            }
            all.scenarios = columns;
        }
        all.owners.sort();
        Ok(Some(all))
    }

    /// Seals it.
    pub fn seal(self) -> Sealed<Self> {
        let content = self.content();
        Sealed::new(self, &content)
    }

    /// The one content of it.
    fn content(&self) -> Value {
        let amount = |((year, payer), amount): (&(FiscalYear, Payer), &Yen)| json!({ "fiscal_year": year.year(), "payer": payer_code(*payer), "amount_yen": amount.to_number() });
        let scenario = |one: &ScenarioColumn| {
            json!({
                "id": one.id, "name": one.name, "note": one.note, "source": one.origin.source,
                "date": date_text(one.origin.date), "verified": one.origin.verified, "total_yen": one.total.to_number(),
                "amounts": one.amounts.iter().map(amount).collect::<Vec<_>>(),
            })
        };
        json!({
            "report": "SCENARIOS",
            "version": 1,
            "as_of": as_of_text(self.as_of),
            "owners": self.owners,
            "fiscal_years": self.years.iter().map(|year| year.year()).collect::<Vec<_>>(),
            "scenarios": self.scenarios.iter().map(scenario).collect::<Vec<_>>(),
            "rules": rules_content(&self.rules),
        })
    }
}
