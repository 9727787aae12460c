//! Costs by fiscal year, payer, kind, school and model: what was recorded, and what is to come.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Sealed,
    outlook::{DueLot, outlook, unchanged},
    parts::{AmountKey, parts, summed},
};
use crate::{
    clock::Timestamp,
    error::Both,
    renewal::rules::{
        known::{Known, Problem, as_of_text},
        money::{OverLimit, Yen},
        payer_code,
        projection::{USUAL_YEARS, project},
        rule_sets::{RuleNote, RulesKind},
    },
    schools::rules::fiscal::FiscalYear,
    tickets::rules::words,
};

/// Rules that a report of costs uses.
pub const COST_RULES: [RulesKind; 3] = [RulesKind::Programmes, RulesKind::Ends, RulesKind::Assumptions];

words! {
    /// What an amount rests on. The numbers are those of the contract.
    AmountBasis {
        /// It was recorded.
        Recorded = 1, "実績・契約済み", "recorded";
        /// It is to come, as far as is known.
        Expected = 2, "見込み", "expected";
    }
}

impl AmountBasis {
    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Recorded => "RECORDED",
            Self::Expected => "EXPECTED",
        }
    }
}

/// One line of a report of costs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CostLine {
    /// Code of the owner.
    pub owner: String,
    /// What it is.
    pub key: AmountKey,
    /// What it rests on.
    pub basis: AmountBasis,
    /// How much.
    pub amount: Yen,
}

/// Costs of one owner, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostReport {
    /// As of when.
    pub as_of: Timestamp,
    /// Codes of the owners, in their order.
    pub owners: Vec<String>,
    /// The first year.
    pub first: FiscalYear,
    /// The last one.
    pub last: FiscalYear,
    /// The first year of what is to come.
    pub outlook_from: FiscalYear,
    /// Amounts other than nothing, by owner, year, payer, kind, school and model.
    pub lines: Vec<CostLine>,
    /// Devices that are due, with the code of their owner.
    pub due: Vec<(String, DueLot)>,
    /// What is incomplete.
    pub problems: Vec<Problem>,
    /// The rules that were used, of each owner.
    pub rules: Vec<RuleNote>,
}

/// Which years are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CostOrder {
    /// The first; without it the first of which anything is known.
    pub first: Option<FiscalYear>,
    /// The last; without it the tenth to come.
    pub last: Option<FiscalYear>,
}

/// Costs of an owner. Refused: sums above 10^13 yen.
pub fn costs(known: &Known, order: CostOrder) -> Result<CostReport, OverLimit> {
    let recorded = parts(known)?;
    let outlook = outlook(known, &recorded, USUAL_YEARS)?;
    let scenario = unchanged(known);
    let terms = scenario.terms(&known.rules.programmes);
    let expected = project(outlook.first, USUAL_YEARS, &outlook.renewed, &outlook.running, &terms)?;
    let line = |key, basis, amount| CostLine { owner: known.code.clone(), key, basis, amount };
    let mut lines: Vec<_> =
        summed(&recorded)?.into_iter().map(|(key, amount)| line(key, AmountBasis::Recorded, amount)).collect();
    lines.extend(expected.lines.into_iter().map(|(key, amount)| {
        let key = AmountKey { year: key.year, payer: key.payer, kind: key.kind, school: key.school, model: key.model };
        line(key, AmountBasis::Expected, amount)
    }));
    lines.retain(|line| line.amount != Yen::ZERO);
    let earliest = lines.iter().map(|line| line.key.year).min();
    let first = order.first.or(earliest).unwrap_or_else(|| known.year());
    let last = order.last.or(expected.years.last().copied()).unwrap_or(outlook.first);
    lines.retain(|line| (first..=last).contains(&line.key.year));
    lines.sort();
    Ok(CostReport {
        as_of: known.as_of,
        owners: vec![known.code.clone()],
        first,
        last,
        outlook_from: outlook.first,
        lines,
        due: outlook.due.into_iter().map(|due| (known.code.clone(), due)).collect(),
        problems: known.lot_problems(),
        rules: known.rules.notes(&COST_RULES),
    })
}

impl CostReport {
    /// Costs of several owners together; none of none.
    pub fn together(reports: Vec<Self>) -> Option<Self> {
        reports.into_iter().reduce(|mut one, two| {
            one.owners.extend(two.owners);
            (one.first, one.last) = (one.first.min(two.first), one.last.max(two.last));
            one.lines.extend(two.lines);
            one.due.extend(two.due);
            one.problems.extend(two.problems);
            one.rules.extend(two.rules);
            one.owners.sort();
            one.lines.sort();
            one
        })
    }

    /// Amounts added up, for example by year and payer.
    pub fn by<K: Ord>(&self, key: impl Fn(&CostLine) -> K) -> Result<BTreeMap<K, Yen>, OverLimit> {
        let mut sums: BTreeMap<K, Yen> = BTreeMap::new();
        for line in &self.lines {
            let sum = sums.entry(key(line)).or_default();
            *sum = sum.plus(line.amount)?;
        }
        Ok(sums)
    }

    /// Seals it.
    pub fn seal(self) -> Sealed<Self> {
        let content = self.content();
        Sealed::new(self, &content)
    }

    /// The one content of it.
    fn content(&self) -> Value {
        let line = |line: &CostLine| {
            let key = &line.key;
            json!({
                "owner": line.owner, "fiscal_year": key.year.year(), "payer": payer_code(key.payer),
                "kind": key.kind.code(), "school_id": key.school.map(|school| school.to_string()), "model": key.model,
                "basis": line.basis.code(), "amount_yen": line.amount.to_number(),
            })
        };
        let due = |(owner, due): &(String, DueLot)| {
            json!({
                "owner": owner, "entry_id": due.lot.to_string(), "fiscal_year": due.year.year(),
                "reason": due.reason.to_number(), "kind": due.kind.code(), "model": due.model, "count": due.count,
                "school_id": due.school.map(|school| school.to_string()), "is_past_os_end": due.is_past_os_end,
            })
        };
        json!({
            "report": "COSTS",
            "version": 1,
            "as_of": as_of_text(self.as_of),
            "owners": self.owners,
            "first_fiscal_year": self.first.year(),
            "last_fiscal_year": self.last.year(),
            "outlook_from_fiscal_year": self.outlook_from.year(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
            "due": self.due.iter().map(due).collect::<Vec<_>>(),
            "problems": self.problems.iter().map(Problem::content).collect::<Vec<_>>(),
            "rules": rules_content(&self.rules),
        })
    }
}

/// Rules as reports print them.
pub fn rules_content(rules: &[RuleNote]) -> Value {
    let rule = |rule: &RuleNote| {
        json!({
            "kind": rule.kind.code(), "from": rule.from.code(), "source": rule.source,
            "record_time": rule.recorded_at.map(as_of_text), "sha256": rule.sha256,
        })
    };
    rules.iter().map(rule).collect()
}
