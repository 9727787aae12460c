//! Figures before and after: the whole plan and the years to come with what differs marked, or only what differs.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    plan::{circled, refused_row},
    said, year_text,
};
use crate::{
    console::{
        Shell,
        words::{renewal::yen_text, rules::difference_text},
    },
    error::{Result, says::renewal as say},
    renewal::{
        rules::{
            Payer,
            plan::label_of,
            report::{
                changes::FigureChanges,
                costs::CostReport,
                plan::{NoPlan, PlanReport},
            },
        },
        service::FiguresUnder,
    },
    schools::rules::fiscal::FiscalYear,
};

/// Figures before and after, whole.
pub(super) struct Figures {
    pub(super) moment: String,
    /// Whether nothing differs.
    pub(super) is_same: bool,
    /// Why there is no plan, before and after.
    pub(super) no_plan: (Vec<String>, Vec<String>),
    pub(super) years: Vec<String>,
    pub(super) rows: Vec<PlanRow>,
    pub(super) money: Vec<MoneyLine>,
}

/// A row of the plan.
pub(super) struct PlanRow {
    pub(super) number: char,
    pub(super) label: &'static str,
    pub(super) cells: Vec<PlanCell>,
}

/// A cell of it.
pub(super) struct PlanCell {
    pub(super) year: String,
    pub(super) before: String,
    pub(super) after: String,
}

impl PlanCell {
    /// Whether it is another one.
    pub(super) fn differs(&self) -> bool {
        self.before != self.after
    }
}

/// What a year to come costs.
pub(super) struct MoneyLine {
    pub(super) year: String,
    /// Of the board itself, before and after.
    pub(super) own: (i64, i64),
    /// In all.
    pub(super) total: (i64, i64),
    pub(super) difference: String,
}

impl MoneyLine {
    /// Whether anything of it is another one.
    pub(super) fn differs(&self) -> bool {
        self.own.0 != self.own.1 || self.total.0 != self.total.1
    }
}

/// Cells of a plan by row and year.
type Cells = BTreeMap<(u8, FiscalYear), String>;

fn cells(report: &PlanReport) -> Cells {
    let mut cells = Cells::new();
    for row in &report.plan.rows {
        let of_row = report.plan.years.iter().zip(&row.cells);
        cells.extend(of_row.map(|(year, cell)| ((row.number, *year), cell.to_string())));
    }
    cells
}

/// Why there is no plan.
fn reasons(shell: &Shell, plan: &Result<PlanReport, NoPlan>) -> Vec<String> {
    match plan {
        Ok(_) => Vec::new(),
        Err(NoPlan::NoProgramme) => vec![said(shell.language, &say::no_programme())],
        Err(NoPlan::Refused(wrong)) => wrong.iter().map(|wrong| refused_row(shell.language, wrong).text()).collect(),
    }
}

fn rows(plans: &[Result<PlanReport, NoPlan>; 2]) -> (Vec<String>, Vec<PlanRow>) {
    let [before, after] = plans.each_ref().map(|plan| plan.as_ref().map(cells).unwrap_or_default());
    let years: BTreeSet<_> = before.keys().chain(after.keys()).map(|(_, year)| *year).collect();
    if years.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let row = |number: u8| {
        let cell = |year: &FiscalYear| {
            let text = |cells: &Cells| cells.get(&(number, *year)).cloned().unwrap_or_default();
            PlanCell { year: year.japanese(), before: text(&before), after: text(&after) }
        };
        PlanRow { number: circled(number), label: label_of(number), cells: years.iter().map(cell).collect() }
    };
    let rows = (1..=8).map(row).collect();
    (years.iter().map(|year| year.japanese()).collect(), rows)
}

/// What the years to come cost: all of it and what the board pays of it.
fn sums(report: &CostReport) -> BTreeMap<FiscalYear, (i64, i64)> {
    let mut sums: BTreeMap<FiscalYear, (i64, i64)> = BTreeMap::new();
    for line in report.lines.iter().filter(|line| line.key.year >= report.outlook_from) {
        let (own, total) = sums.entry(line.key.year).or_default();
        *total += line.amount.to_number();
        *own += if line.key.payer == Payer::Own { line.amount.to_number() } else { 0 };
    }
    sums
}

fn money(shell: &Shell, [before, after]: &[CostReport; 2]) -> Vec<MoneyLine> {
    let (old, new) = (sums(before), sums(after));
    let years: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let line = |year: &FiscalYear| {
        let of = |sums: &BTreeMap<FiscalYear, (i64, i64)>| sums.get(year).copied().unwrap_or_default();
        let (old, new) = (of(&old), of(&new));
        MoneyLine {
            year: year_text(shell.language, *year),
            own: (old.0, new.0),
            total: (old.1, new.1),
            difference: difference_text(new.0 - old.0),
        }
    };
    years.iter().map(line).collect()
}

/// Figures before and after.
pub(super) fn figures(shell: &Shell, under: &FiguresUnder) -> Figures {
    let [before, after] = under.plans.each_ref().map(|plan| reasons(shell, plan));
    let (years, rows) = rows(&under.plans);
    let money = money(shell, &under.costs);
    let has_other_cells = rows.iter().any(|row| row.cells.iter().any(PlanCell::differs));
    let is_same = !has_other_cells && before == after && !money.iter().any(MoneyLine::differs);
    Figures { moment: shell.moment_with_seconds(under.as_of), is_same, no_plan: (before, after), years, rows, money }
}

/// Only what differs.
pub(super) struct Differences {
    pub(super) cells: Vec<CellLine>,
    pub(super) amounts: Vec<AmountLine>,
    /// Whether there was a plan before, and after.
    pub(super) has_plan: (bool, bool),
}

/// A cell of the plan that is another one.
pub(super) struct CellLine {
    pub(super) row: String,
    pub(super) year: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// An amount that is another one.
pub(super) struct AmountLine {
    pub(super) year: String,
    pub(super) payer: String,
    pub(super) basis: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) difference: String,
}

impl Differences {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.amounts.is_empty() && self.has_plan.0 == self.has_plan.1
    }
}

/// What differs of figures.
pub(super) fn differences(shell: &Shell, changes: &FigureChanges) -> Differences {
    let language = shell.language;
    let cells = changes.cells.iter().map(|cell| CellLine {
        row: format!("{} {}", circled(cell.row), label_of(cell.row)),
        year: year_text(language, cell.year),
        before: cell.before.clone(),
        after: cell.after.clone(),
    });
    let amounts = changes.amounts.iter().map(|amount| AmountLine {
        year: year_text(language, amount.year),
        payer: said(language, &amount.payer.label()),
        basis: said(language, &amount.basis.label()),
        before: yen_text(language, amount.before.to_number()),
        after: yen_text(language, amount.after.to_number()),
        difference: difference_text(amount.after.to_number() - amount.before.to_number()),
    });
    Differences { cells: cells.collect(), amounts: amounts.collect(), has_plan: changes.has_plan }
}
