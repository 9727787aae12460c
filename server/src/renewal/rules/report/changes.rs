//! What changed of an owner between two times: entries, costs of tickets, rules, and the figures that follow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Sealed,
    costs::{AmountBasis, CostOrder, CostReport, costs},
    plan::{PlanOrder, PlanReport, plan},
};
use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    renewal::rules::{
        Payer,
        known::{Known, KnownEntry, as_of_text},
        ledger::EntryId,
        money::{OverLimit, Yen},
        payer_code,
        rule_sets::RulesKind,
    },
    schools::rules::fiscal::FiscalYear,
};

/// A cell of the plan that is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellChange {
    /// 1 to 8 for ① to ⑧.
    pub row: u8,
    /// Which column.
    pub year: FiscalYear,
    /// Before; empty for nothing.
    pub before: String,
    /// After.
    pub after: String,
}

/// An amount that is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountChange {
    /// In which year.
    pub year: FiscalYear,
    /// Who pays.
    pub payer: Payer,
    /// What it rests on.
    pub basis: AmountBasis,
    /// Before.
    pub before: Yen,
    /// After.
    pub after: Yen,
}

/// What follows from two states for the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FigureChanges {
    /// Cells of the plan, by row and year. None is known where one of the two has no plan.
    pub cells: Vec<CellChange>,
    /// Whether there was a plan before, and after.
    pub has_plan: (bool, bool),
    /// Amounts by year, payer and basis.
    pub amounts: Vec<AmountChange>,
}

/// Compares the figures of two states of one owner.
pub fn compare(before: &Known, after: &Known, order: &PlanOrder) -> Result<FigureChanges, OverLimit> {
    let (old, new) = (plan(before, order).ok(), plan(after, order).ok());
    let cells = old.as_ref().zip(new.as_ref()).map(|(old, new)| cell_changes(old, new)).unwrap_or_default();
    let whole = CostOrder::default();
    let amounts = amount_changes(&costs(before, whole)?, &costs(after, whole)?)?;
    Ok(FigureChanges { cells, has_plan: (old.is_some(), new.is_some()), amounts })
}

fn cells(report: &PlanReport) -> BTreeMap<(u8, FiscalYear), String> {
    let rows = report.plan.rows.iter();
    let cells = rows
        .flat_map(|row| report.plan.years.iter().zip(&row.cells).map(move |(year, cell)| (row.number, *year, cell)));
    cells.map(|(row, year, cell)| ((row, year), cell.to_string())).collect()
}

fn cell_changes(before: &PlanReport, after: &PlanReport) -> Vec<CellChange> {
    let (old, new) = (cells(before), cells(after));
    let places: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let change = |(row, year): (u8, FiscalYear)| {
        let text = |cells: &BTreeMap<_, String>| cells.get(&(row, year)).cloned().unwrap_or_default();
        let (before, after) = (text(&old), text(&new));
        (before != after).then_some(CellChange { row, year, before, after })
    };
    places.into_iter().filter_map(change).collect()
}

fn amount_changes(before: &CostReport, after: &CostReport) -> Result<Vec<AmountChange>, OverLimit> {
    let sums = |report: &CostReport| report.by(|line| (line.key.year, line.key.payer, line.basis));
    let (old, new) = (sums(before)?, sums(after)?);
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let change = |key: (FiscalYear, Payer, AmountBasis)| {
        let amount = |sums: &BTreeMap<_, Yen>| sums.get(&key).copied().unwrap_or_default();
        let (year, payer, basis) = key;
        let (before, after) = (amount(&old), amount(&new));
        (before != after).then_some(AmountChange { year, payer, basis, before, after })
    };
    Ok(keys.into_iter().filter_map(change).collect())
}

/// What changed between two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeReport {
    /// Code of the owner.
    pub owner: String,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Entries that stand at the later time and did not at the earlier one.
    pub added: Vec<KnownEntry>,
    /// Entries that stood and do not any more.
    pub reversed: Vec<KnownEntry>,
    /// How many costs of tickets came, and how much they add up to.
    pub tickets: (u64, Yen),
    /// Kinds of rules that are other ones.
    pub rules: Vec<RulesKind>,
    /// What that changes.
    pub figures: FigureChanges,
    /// How the plans were asked for.
    pub order: PlanOrder,
}

/// What changed of an owner between two states.
pub fn changes(before: &Known, after: &Known, order: &PlanOrder) -> Result<ChangeReport, OverLimit> {
    let ids = |known: &Known| known.entries.iter().map(|entry| entry.id).collect::<BTreeSet<EntryId>>();
    let (had, has) = (ids(before), ids(after));
    let only = |known: &Known, others: &BTreeSet<EntryId>| -> Vec<KnownEntry> {
        known.entries.iter().filter(|entry| !others.contains(&entry.id)).cloned().collect()
    };
    let paid: BTreeSet<Uuid> = before.tickets.iter().map(|cost| cost.id).collect();
    let new: Vec<_> = after.tickets.iter().filter(|cost| !paid.contains(&cost.id)).collect();
    let kinds = RulesKind::ALL.iter().copied();
    Ok(ChangeReport {
        owner: after.code.clone(),
        since: before.as_of,
        until: after.as_of,
        added: only(after, &had),
        reversed: only(before, &has),
        tickets: (u64::try_from(new.len()).unwrap_or(u64::MAX), Yen::sum(new.iter().map(|cost| cost.amount))?),
        rules: kinds.filter(|kind| before.rules.said(*kind).text != after.rules.said(*kind).text).collect(),
        figures: compare(before, after, order)?,
        order: order.clone(),
    })
}

impl ChangeReport {
    /// Seals it.
    pub fn seal(self) -> Sealed<Self> {
        let content = self.content();
        Sealed::new(self, &content)
    }

    /// The one content of it.
    fn content(&self) -> Value {
        let entry = |entry: &KnownEntry| {
            let valid = entry.stated.body.valid();
            json!({
                "entry_id": entry.id.to_string(), "kind": entry.stated.body.kind().to_number(),
                "record_time": as_of_text(entry.recorded_at), "valid_from": date_text(valid.from),
                "valid_to": valid.to.map(date_text), "total_yen": entry.stated.body.total().map(Yen::to_number),
            })
        };
        let cell = |cell: &CellChange| json!({ "row": cell.row, "fiscal_year": cell.year.year(), "before": cell.before, "after": cell.after });
        let amount = |amount: &AmountChange| {
            json!({
                "fiscal_year": amount.year.year(), "payer": payer_code(amount.payer), "basis": amount.basis.code(),
                "before_yen": amount.before.to_number(), "after_yen": amount.after.to_number(),
            })
        };
        json!({
            "report": "CHANGES",
            "version": 1,
            "owners": [self.owner],
            "since": as_of_text(self.since),
            "as_of": as_of_text(self.until),
            "added": self.added.iter().map(entry).collect::<Vec<_>>(),
            "reversed": self.reversed.iter().map(entry).collect::<Vec<_>>(),
            "ticket_costs": { "count": self.tickets.0, "total_yen": self.tickets.1.to_number() },
            "rules": self.rules.iter().map(|kind| kind.code()).collect::<Vec<_>>(),
            "definitions": {
                "cap_after": self.order.definitions.cap_after.code(),
                "spare_share": self.order.definitions.spare_share.code(),
            },
            "programme_id": self.order.programme,
            "had_plan": self.figures.has_plan.0,
            "has_plan": self.figures.has_plan.1,
            "cells": self.figures.cells.iter().map(cell).collect::<Vec<_>>(),
            "amounts": self.figures.amounts.iter().map(amount).collect::<Vec<_>>(),
        })
    }
}
