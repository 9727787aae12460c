//! Costs by fiscal year, payer, kind, school and model: what was recorded, and what is to come.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Sealed,
    content::written,
    outlook::{DueLot, outlook, unchanged},
    parts::{AmountKey, Part, parts, summed},
    per_device::{DeviceCounts, counted},
};
use crate::{
    clock::Timestamp,
    error::Both,
    renewal::rules::{
        known::{Known, Problem, as_of_text},
        ledger::EntryId,
        money::{OverLimit, Yen, sum_by},
        payer_code,
        projection::{USUAL_YEARS, project},
        rule_sets::{RuleNote, RulesKind},
    },
    schools::rules::{SchoolId, fiscal::FiscalYear},
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

words! {
    /// By what amounts are told apart. The numbers are those of the contract.
    CostDetail {
        /// By school and model.
        Places = 1, "学校・機種別", "by school and model";
        /// By owner alone, which is what a prefecture or the nation reads: a tenth of the lines, and the same sums.
        Owners = 2, "設置者別", "by owner";
        /// Of all owners together.
        Together = 3, "全体", "all together";
    }
}

impl CostDetail {
    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Places => "PLACES",
            Self::Owners => "OWNERS",
            Self::Together => "TOGETHER",
        }
    }
}

/// One line of a report of costs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CostLine {
    /// Code of the owner; empty for all together.
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
    /// By what amounts are told apart.
    pub detail: CostDetail,
    /// The first year.
    pub first: FiscalYear,
    /// The last one.
    pub last: FiscalYear,
    /// The first year of what is to come.
    pub outlook_from: FiscalYear,
    /// Amounts other than nothing, by owner, year, payer and kind, and where that is asked for by school and model.
    pub lines: Vec<CostLine>,
    /// How many devices there are at the end of each year, where that is asked for.
    pub devices: Option<DeviceCounts>,
    /// Devices that are due, with the code of their owner.
    pub due: Vec<(String, DueLot)>,
    /// What is incomplete.
    pub problems: Vec<Problem>,
    /// The rules that were used, of each owner.
    pub rules: Vec<RuleNote>,
}

/// Which years are asked for, and by what amounts are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostOrder {
    /// The first; without it the first of which anything is known.
    pub first: Option<FiscalYear>,
    /// The last; without it the tenth to come.
    pub last: Option<FiscalYear>,
    /// By what amounts are told apart.
    pub detail: CostDetail,
    /// Whether devices are counted, so that what one of them costs a year can be told.
    pub per_device: bool,
}

impl CostOrder {
    /// What a board reads: all years, by school and model, and what a device costs a year.
    pub const OF_BOARD: Self = Self { first: None, last: None, detail: CostDetail::Places, per_device: true };
}

impl Default for CostOrder {
    /// All years, by school and model.
    fn default() -> Self {
        Self { per_device: false, ..Self::OF_BOARD }
    }
}

/// Lines without school and model, added up as those of one owner.
fn of_owner(owner: &str, lines: Vec<CostLine>) -> Result<Vec<CostLine>, OverLimit> {
    let bare = |line: CostLine| {
        let key = AmountKey { school: None, model: String::new(), ..line.key };
        ((key, line.basis), line.amount)
    };
    let mut sums = sum_by(lines.into_iter().map(bare))?;
    sums.retain(|_, amount| *amount != Yen::ZERO);
    let line = |((key, basis), amount)| CostLine { owner: owner.to_owned(), key, basis, amount };
    Ok(sums.into_iter().map(line).collect())
}

/// Costs of an owner. Refused: sums above 10^13 yen.
pub fn costs(known: &Known, order: CostOrder) -> Result<CostReport, OverLimit> {
    costs_of(known, &parts(known)?, order)
}

/// The same out of what was recorded, for who has that already.
pub fn costs_of(known: &Known, recorded: &[Part], order: CostOrder) -> Result<CostReport, OverLimit> {
    let outlook = outlook(known, recorded, USUAL_YEARS)?;
    let scenario = unchanged(known);
    let terms = scenario.terms(&known.rules.programmes);
    let expected = project(outlook.first, USUAL_YEARS, &outlook.renewed, &outlook.running, &terms)?;
    let line = |key, basis, amount| CostLine { owner: known.code.clone(), key, basis, amount };
    let mut lines: Vec<_> =
        summed(recorded)?.into_iter().map(|(key, amount)| line(key, AmountBasis::Recorded, amount)).collect();
    lines.extend(expected.lines.into_iter().map(|(key, amount)| {
        let key = AmountKey { year: key.year, payer: key.payer, kind: key.kind, school: key.school, model: key.model };
        line(key, AmountBasis::Expected, amount)
    }));
    lines = match order.detail {
        CostDetail::Places => lines,
        CostDetail::Owners => of_owner(&known.code, lines)?,
        CostDetail::Together => of_owner("", lines)?,
    };
    lines.retain(|line| line.amount != Yen::ZERO);
    let earliest = lines.iter().map(|line| line.key.year).min();
    let first = order.first.or(earliest).unwrap_or_else(|| known.year());
    let last = order.last.or(expected.years.last().copied()).unwrap_or(outlook.first);
    lines.retain(|line| (first..=last).contains(&line.key.year));
    lines.sort();
    let counted_as = if order.detail == CostDetail::Together { "" } else { known.code.as_str() };
    Ok(CostReport {
        as_of: known.as_of,
        owners: vec![known.code.clone()],
        devices: order.per_device.then(|| counted(known, counted_as, last)),
        detail: order.detail,
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
    /// Costs of several owners together; none of none. Refused: sums above 10^13 yen.
    pub fn together(reports: Vec<Self>) -> Result<Option<Self>, OverLimit> {
        let all = reports.into_iter().reduce(|mut one, two| {
            one.owners.extend(two.owners);
            (one.first, one.last) = (one.first.min(two.first), one.last.max(two.last));
            one.lines.extend(two.lines);
            for (key, count) in two.devices.into_iter().flatten() {
                *one.devices.get_or_insert_default().entry(key).or_default() += count;
            }
            one.due.extend(two.due);
            one.problems.extend(two.problems);
            one.rules.extend(two.rules);
            one
        });
        let Some(mut all) = all else { return Ok(None) };
        if all.detail == CostDetail::Together {
            all.lines = of_owner("", all.lines)?;
        }
        all.owners.sort();
        all.lines.sort();
        Ok(Some(all))
    }

    /// Amounts added up, for example by year and payer.
    pub fn by<K: Ord>(&self, key: impl Fn(&CostLine) -> K) -> Result<BTreeMap<K, Yen>, OverLimit> {
        sum_by(self.lines.iter().map(|line| (key(line), line.amount)))
    }

    /// Seals it, with devices of the years that it is of.
    pub fn seal(mut self) -> Sealed<Self> {
        let (first, last) = (self.first, self.last);
        if let Some(devices) = &mut self.devices {
            devices.retain(|(_, year), _| (first..=last).contains(year));
        }
        let content = written(&Content::of(&self));
        Sealed::written(self, content)
    }
}

/// The one content of it, written without a tree of its many lines: members stand in the order of their names.
#[derive(Serialize)]
struct Content<'r> {
    as_of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<Vec<CountContent<'r>>>,
    due: Vec<DueContent<'r>>,
    first_fiscal_year: i32,
    last_fiscal_year: i32,
    lines: Vec<LineContent<'r>>,
    outlook_from_fiscal_year: i32,
    owners: &'r [String],
    problems: Vec<Value>,
    report: &'static str,
    rules: Value,
    version: u8,
}

#[derive(Serialize)]
struct LineContent<'r> {
    amount_yen: i64,
    basis: &'static str,
    fiscal_year: i32,
    kind: &'static str,
    model: &'r str,
    owner: &'r str,
    payer: &'static str,
    school_id: Option<SchoolId>,
}

#[derive(Serialize)]
struct CountContent<'r> {
    count: u64,
    fiscal_year: i32,
    owner: &'r str,
}

#[derive(Serialize)]
struct DueContent<'r> {
    count: u32,
    entry_id: EntryId,
    fiscal_year: i32,
    is_past_os_end: bool,
    kind: &'static str,
    model: &'r str,
    owner: &'r str,
    reason: i16,
    school_id: Option<SchoolId>,
}

impl<'r> Content<'r> {
    fn of(report: &'r CostReport) -> Self {
        let line = |line: &'r CostLine| LineContent {
            amount_yen: line.amount.to_number(),
            basis: line.basis.code(),
            fiscal_year: line.key.year.year(),
            kind: line.key.kind.code(),
            model: &line.key.model,
            owner: &line.owner,
            payer: payer_code(line.key.payer),
            school_id: line.key.school,
        };
        let due = |(owner, due): &'r (String, DueLot)| DueContent {
            count: due.count,
            entry_id: due.lot,
            fiscal_year: due.year.year(),
            is_past_os_end: due.is_past_os_end,
            kind: due.kind.code(),
            model: &due.model,
            owner,
            reason: due.reason.to_number(),
            school_id: due.school,
        };
        let count = |((owner, year), count): (&'r (String, FiscalYear), &u64)| CountContent {
            count: *count,
            fiscal_year: year.year(),
            owner,
        };
        Self {
            as_of: as_of_text(report.as_of),
            detail: (report.detail != CostDetail::Places).then(|| report.detail.code()),
            devices: report.devices.as_ref().map(|devices| devices.iter().map(count).collect()),
            due: report.due.iter().map(due).collect(),
            first_fiscal_year: report.first.year(),
            last_fiscal_year: report.last.year(),
            lines: report.lines.iter().map(line).collect(),
            outlook_from_fiscal_year: report.outlook_from.year(),
            owners: &report.owners,
            problems: report.problems.iter().map(Problem::content).collect(),
            report: "COSTS",
            rules: rules_content(&report.rules),
            version: 1,
        }
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
