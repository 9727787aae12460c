//! The published plan of devices, out of entries.
//!
//! Which number of a year counts: of a year that is over its lots, or what was planned where it has none; of any other
//! year what was planned or what came, row by row whichever is more. A lot that the fund pays a part of is by the fund
//! whole; a board that gets it for some of the devices records two lots. What was planned for the owner as a whole counts,
//! or else what was planned for its schools, added up.

use serde_json::{Value, json};

use super::{Sealed, costs::rules_content};
use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    error::{Both, FieldViolation},
    renewal::rules::{
        CostKind, Payer,
        body::Body,
        known::{Known, Problem, as_of_text, whole_or_schools},
        plan::{
            CapAfterRenewal, Definitions, Plan, SpareShare, YearFigures,
            disposal::{DisposalBlock, DisposalRoute, Eraser},
            network::ReachingSchools,
        },
        programmes::Programme,
        rule_sets::{RuleNote, RuleSet, RulesKind},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Rules that a plan uses.
pub const PLAN_RULES: [RulesKind; 1] = [RulesKind::Programmes];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOrder {
    /// In which way it is filled.
    pub definitions: Definitions,
    /// Id of the programme whose years are the columns; without it the one that covers devices now.
    pub programme: Option<String>,
}

/// The plan of one owner, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanReport {
    /// As of when.
    pub as_of: Timestamp,
    /// Codes of the owners, in their order.
    pub owners: Vec<String>,
    /// Codes of owners that have no plan, with why.
    pub left_out: Vec<(String, Both)>,
    /// The programme whose years are the columns.
    pub programme: Programme,
    /// In which way it is filled.
    pub definitions: Definitions,
    /// The plan.
    pub plan: Plan,
    /// What becomes of devices that are replaced, where somebody said.
    pub disposal: Option<DisposalBlock>,
    /// Schools by their networks and the year for which they were counted last.
    pub network: Option<(FiscalYear, ReachingSchools)>,
    /// What is incomplete.
    pub problems: Vec<Problem>,
    /// The rules that were used, of each owner.
    pub rules: Vec<RuleNote>,
}

impl CapAfterRenewal {
    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zero => "ZERO",
            Self::Computed => "COMPUTED",
        }
    }
}

impl SpareShare {
    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::OfPupils => "OF_PUPILS",
            Self::OfAllowed => "OF_ALLOWED",
        }
    }
}

/// The programme that is asked for, or the one that covers devices in a year, or else the last one before.
pub fn programme<'r>(rules: &'r RuleSet, wanted: Option<&str>, year: FiscalYear) -> Option<&'r Programme> {
    let all = &rules.programmes.programmes;
    if let Some(id) = wanted {
        return all.iter().find(|one| one.id == id);
    }
    let real = || all.iter().filter(|one| !one.invented && one.cover_of(CostKind::Device).is_some());
    let holding = real().find(|one| one.holds_in(year));
    holding.or_else(|| real().filter(|one| one.last < year).max_by_key(|one| one.last))
}

/// ③, ④, ⑥ and ⑦ of a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Got {
    installed: u32,
    installed_by_fund: u32,
    spares: u32,
    spares_by_fund: u32,
}

impl Got {
    fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Both together.
    fn plus(self, other: Self) -> Self {
        Self {
            installed: self.installed.saturating_add(other.installed),
            installed_by_fund: self.installed_by_fund.saturating_add(other.installed_by_fund),
            spares: self.spares.saturating_add(other.spares),
            spares_by_fund: self.spares_by_fund.saturating_add(other.spares_by_fund),
        }
    }

    /// Row by row whichever is more.
    fn at_least(self, other: Self) -> Self {
        Self {
            installed: self.installed.max(other.installed),
            installed_by_fund: self.installed_by_fund.max(other.installed_by_fund),
            spares: self.spares.max(other.spares),
            spares_by_fund: self.spares_by_fund.max(other.spares_by_fund),
        }
    }
}

/// What came in a year.
fn delivered(known: &Known, year: FiscalYear) -> Option<Got> {
    let lots: Vec<_> = known.lots().filter(|(_, _, lot)| FiscalYear::of(lot.delivered) == year).collect();
    if lots.is_empty() {
        return None;
    }
    let mut got = Got::default();
    for (_, _, lot) in lots {
        let by_fund = lot.funding.iter().any(|(payer, _)| *payer == Payer::StateFund);
        let (all, fund) = match lot.kind == CostKind::Spare {
            true => (&mut got.spares, &mut got.spares_by_fund),
            false => (&mut got.installed, &mut got.installed_by_fund),
        };
        *all = all.saturating_add(lot.count);
        *fund = fund.saturating_add(if by_fund { lot.count } else { 0 });
    }
    Some(got)
}

/// What was planned for a year.
fn planned(known: &Known, year: FiscalYear) -> Option<Got> {
    let of_year = known.entries.iter().filter_map(|entry| {
        let Body::Planned(planned) = &entry.stated.body else { return None };
        let got = Got {
            installed: planned.installed,
            installed_by_fund: planned.installed_by_fund,
            spares: planned.spares,
            spares_by_fund: planned.spares_by_fund,
        };
        (planned.year == year).then_some((entry.stated.school, got))
    });
    whole_or_schools(of_year, Got::plus)
}

/// What a board would enter for each year, and what is missing. A year without pupils stays blank.
pub fn figures(known: &Known, years: &[FiscalYear]) -> (Vec<YearFigures>, Vec<Problem>) {
    let (mut figures, mut problems) = (Vec::new(), Vec::new());
    for year in years.iter().copied() {
        let is_over = year.last_day() < known.today();
        let (came, planned) = (delivered(known, year), planned(known, year));
        let got = match (came, planned) {
            (Some(came), Some(planned)) if !is_over => came.at_least(planned),
            (came, planned) => came.or(planned).unwrap_or_default(),
        };
        match known.pupils(year) {
            Some(pupils) => figures.push(YearFigures {
                year,
                pupils,
                installed: got.installed,
                installed_by_fund: got.installed_by_fund,
                spares: got.spares,
                spares_by_fund: got.spares_by_fund,
            }),
            None if got.is_nothing() => {}
            None => problems.push(Problem::PupilsMissing { year }),
        }
    }
    (figures, problems)
}

/// The block of disposals: as it was planned last, or else what was disposed of so far.
fn disposal(known: &Known) -> Option<DisposalBlock> {
    let planned = known.entries.iter().filter_map(|entry| {
        let Body::DisposalPlan(plan, _) = &entry.stated.body else { return None };
        Some((entry.recorded_at, plan))
    });
    if let Some((_, plan)) = planned.max_by_key(|(at, _)| *at) {
        return plan.block().ok();
    }
    let (mut counts, mut erasers) = ([0_u32; 4], Vec::new());
    for entry in &known.entries {
        let Body::Disposal(disposal) = &entry.stated.body else { continue };
        let at = DisposalRoute::ALL.iter().position(|route| *route == disposal.route).expect("it is one of all");
        counts[at] = counts[at].saturating_add(u32::try_from(disposal.devices.len()).unwrap_or(u32::MAX));
        erasers.push(disposal.eraser);
    }
    let devices = counts.iter().fold(0_u32, |sum, count| sum.saturating_add(*count));
    let block = DisposalBlock::new(devices, counts, &erasers, Vec::new()).ok();
    block.filter(|block| block.devices > 0)
}

/// Schools by their networks, of the newest year that was counted.
fn network(known: &Known) -> Option<(FiscalYear, ReachingSchools)> {
    let counted = known.entries.iter().filter_map(|entry| {
        let Body::Network(network) = &entry.stated.body else { return None };
        Some((network.year, network.reaching()))
    });
    counted.max_by_key(|(year, _)| *year)
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlan {
    /// No programme has that id, or none covers devices.
    NoProgramme,
    /// What is recorded can not stand in the form: more than the cap, and so on.
    Refused(Vec<FieldViolation>),
}

/// The plan of an owner.
pub fn plan(known: &Known, order: &PlanOrder) -> Result<PlanReport, NoPlan> {
    let programme = programme(&known.rules, order.programme.as_deref(), known.year()).ok_or(NoPlan::NoProgramme)?;
    let years: Vec<_> = (programme.first.year()..=programme.last.year()).filter_map(FiscalYear::starting_in).collect();
    let (figures, mut problems) = figures(known, &years);
    let span = (programme.first, programme.last);
    let plan = Plan::compute(span, &figures, programme.spare_cap.value, order.definitions).map_err(NoPlan::Refused)?;
    problems.extend(known.lot_problems());
    Ok(PlanReport {
        as_of: known.as_of,
        owners: vec![known.code.clone()],
        left_out: Vec::new(),
        programme: programme.clone(),
        definitions: order.definitions,
        plan,
        disposal: disposal(known),
        network: network(known),
        problems,
        rules: known.rules.notes(&PLAN_RULES),
    })
}

impl PlanReport {
    /// One plan of several owners, each with its own cap; the first one's programme counts, and who has other years is
    /// left out, as those are who have no plan. None where nobody has one.
    pub fn roll_up(reports: Vec<Self>, mut left_out: Vec<(String, Both)>, other_years: &Both) -> Option<Self> {
        let first = reports.first()?.clone();
        let alike = |report: &Self| report.plan.years == first.plan.years && report.programme.id == first.programme.id;
        let (alike, others): (Vec<_>, Vec<_>) = reports.into_iter().partition(alike);
        left_out.extend(others.into_iter().flat_map(|report| report.owners).map(|code| (code, other_years.clone())));
        left_out.sort_by(|one, two| one.0.cmp(&two.0));
        let plans: Vec<_> = alike.iter().map(|report| report.plan.clone()).collect();
        let plan = Plan::roll_up(&plans)?;
        let mut owners: Vec<_> = alike.iter().flat_map(|report| report.owners.clone()).collect();
        owners.sort();
        let networks = alike.iter().filter_map(|report| report.network);
        let network = networks.reduce(|(one, a), (two, b)| (one.max(two), together(a, b)));
        let disposal = alike.iter().filter_map(|report| report.disposal.clone()).reduce(joined);
        let problems = alike.iter().flat_map(|report| report.problems.clone()).collect();
        let rules = alike.into_iter().flat_map(|report| report.rules).collect();
        Some(Self { owners, left_out, plan, disposal, network, problems, rules, ..first })
    }

    /// Seals it.
    pub fn seal(self) -> Sealed<Self> {
        let content = self.content();
        Sealed::new(self, &content)
    }

    /// The one content of it.
    fn content(&self) -> Value {
        let row = |row: &crate::renewal::rules::plan::Row| {
            let cells: Vec<_> = row.cells.iter().map(ToString::to_string).collect();
            json!({ "number": row.number, "label": row.label, "cells": cells })
        };
        let programme = &self.programme;
        json!({
            "report": "PLAN",
            "version": 1,
            "as_of": as_of_text(self.as_of),
            "owners": self.owners,
            "left_out": self.left_out.iter().map(|(code, why)| json!({ "owner": code, "why": why })).collect::<Vec<_>>(),
            "programme": {
                "id": programme.id, "name": programme.name, "source": programme.origin.source,
                "date": date_text(programme.origin.date), "spare_cap": programme.spare_cap.value.to_string(),
            },
            "definitions": {
                "cap_after": self.definitions.cap_after.code(), "spare_share": self.definitions.spare_share.code(),
            },
            "fiscal_years": self.plan.years.iter().map(|year| year.year()).collect::<Vec<_>>(),
            "rows": self.plan.rows.iter().map(row).collect::<Vec<_>>(),
            "footnotes": self.plan.footnotes,
            "disposal": self.disposal.as_ref().map(disposal_content),
            "network": self.network.map(|(year, network)| json!({
                "fiscal_year": year.year(), "schools": network.schools, "reached": network.reached,
                "unknown": network.unknown, "share": network.share().map(|share| share.to_string()),
            })),
            "problems": self.problems.iter().map(Problem::content).collect::<Vec<_>>(),
            "rules": rules_content(&self.rules),
        })
    }
}

fn together(one: ReachingSchools, two: ReachingSchools) -> ReachingSchools {
    ReachingSchools {
        schools: one.schools.saturating_add(two.schools),
        reached: one.reached.saturating_add(two.reached),
        unknown: one.unknown.saturating_add(two.unknown),
    }
}

/// Blocks of two owners; each has a schedule of its own, so that together they have none.
fn joined(one: DisposalBlock, two: DisposalBlock) -> DisposalBlock {
    let mut by_route = one.by_route;
    for (mine, theirs) in by_route.iter_mut().zip(two.by_route) {
        mine.1 = mine.1.saturating_add(theirs.1);
    }
    let is_one_of = |eraser: &&Eraser| one.erasers.contains(eraser) || two.erasers.contains(eraser);
    let erasers = Eraser::ALL.iter().filter(is_one_of).copied().collect();
    DisposalBlock { devices: one.devices.saturating_add(two.devices), by_route, erasers, schedule: Vec::new() }
}

fn disposal_content(block: &DisposalBlock) -> Value {
    let routes: Vec<_> =
        block.by_route.iter().map(|(route, count)| json!({ "route": route.to_number(), "count": count })).collect();
    let erasers: Vec<_> = block.erasers.iter().map(|eraser| eraser.to_number()).collect();
    let schedule: Vec<_> = block.schedule.iter().map(|(time, what)| json!({ "time": time, "what": what })).collect();
    json!({ "devices": block.devices, "by_route": routes, "erasers": erasers, "schedule": schedule })
}
