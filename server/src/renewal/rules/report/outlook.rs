//! Years to come, out of what was recorded: which devices are due when and why, and what runs each year.
//!
//! It begins with the fiscal year after the one of the report, so that nothing of what is recorded counts twice. Due are
//! devices that came and are not disposed of, by the first of what ends; ends by version of a system are not known of a
//! lot. What runs is what was spent in the last whole year, less what is recorded for a year already. Prices are those of
//! the lot, unless the owner assumes others.

use std::collections::BTreeMap;

use time::Date;

use super::parts::Part;
use crate::{
    devices::rules::fields::OsKind,
    error::Both,
    renewal::rules::{
        CostKind, Payer,
        due::{DueReason, Ends},
        fraction::Fraction,
        known::Known,
        ledger::EntryId,
        lots::Lot,
        money::{OverLimit, Rounding, RoundingMode, RoundingUnit, Yen, sum_by},
        programmes::SpareCap,
        projection::{Renewed, Running},
        scenario::Scenario,
    },
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// Devices of a lot that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLot {
    /// The lot.
    pub lot: EntryId,
    /// Where its devices are.
    pub school: Option<SchoolId>,
    /// Devices or spares.
    pub kind: CostKind,
    /// What they are.
    pub model: String,
    /// How many are not disposed of.
    pub count: u32,
    /// In which year they are due.
    pub year: FiscalYear,
    /// Why.
    pub reason: DueReason,
    /// Whether they run without support for a while, since they may not go before.
    pub is_past_os_end: bool,
}

/// What is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The first year.
    pub first: FiscalYear,
    /// What is due, the first to end first.
    pub due: Vec<DueLot>,
    /// What is renewed.
    pub renewed: Vec<Renewed>,
    /// What runs.
    pub running: Vec<Running>,
}

/// What holds where nothing is different: programmes that exist, today's prices.
pub fn unchanged(known: &Known) -> Scenario {
    Scenario {
        id: String::from("unchanged"),
        name: Both::fixed("現行制度のまま", "nothing changes"),
        note: None,
        changes: Vec::new(),
        origin: known.rules.assumptions.tax.origin.clone(),
    }
}

/// What is to come in so many years, out of all that was recorded.
pub fn outlook(known: &Known, parts: &[Part], years: u8) -> Result<Outlook, OverLimit> {
    let current = known.year();
    let first = FiscalYear::starting_in(current.year() + 1).unwrap_or(current);
    let due = due_lots(known);
    let renewed = renewed(known, &due, first)?;
    let due = due.into_iter().map(|(due, _)| due).collect();
    let running = running(known, parts, first, years)?;
    Ok(Outlook { first, due, renewed, running })
}

/// Lots whose devices are due, those that are due first, first, each with what ends of it.
fn due_lots(known: &Known) -> Vec<(DueLot, Ends)> {
    let mut due: Vec<_> = known
        .lots()
        .filter_map(|(id, school, lot)| {
            let count = lot.count.saturating_sub(known.devices_of(id).disposed());
            let ends = ends(known, lot);
            let due = ends.due().filter(|_| count > 0)?;
            let lot = DueLot {
                lot: id,
                school,
                kind: lot.kind,
                model: lot.model.clone(),
                count,
                year: due.year,
                reason: due.reason,
                is_past_os_end: due.is_past_os_end,
            };
            Some((lot, ends))
        })
        .collect();
    due.sort_by_key(|(one, _)| (one.year, one.lot));
    due
}

/// What ends of the devices of a lot. Of its model alone the system is not known, so the first end of any counts.
fn ends(known: &Known, lot: &Lot) -> Ends {
    let rules = &known.rules.ends;
    let model = Some(lot.model.as_str());
    let os = OsKind::ALL.iter().filter_map(|os| rules.of(*os, model, None)).map(|end| end.last_day).min();
    Ends {
        plan: None,
        os,
        lease: lot.lease_end(),
        warranty: lot.warranty_end,
        battery: rules.battery_end(model, lot.delivered).map(|(day, _)| day),
        restriction: lot.restriction_end,
    }
}

/// What one device of a lot will cost: as is assumed, or what it cost.
fn unit_price(known: &Known, lot: &Lot) -> Result<Yen, OverLimit> {
    let assumptions = &known.rules.assumptions;
    let assumed = match lot.kind == CostKind::Spare {
        true => assumptions.spare_price.as_ref(),
        false => assumptions.device_price.as_ref(),
    };
    if let Some(price) = assumed {
        return Ok(price.value);
    }
    let nearest = Rounding { mode: RoundingMode::HalfUp, unit: RoundingUnit::One };
    let one_of = Fraction::new(1, lot.count.max(1)).expect("a lot has at most a million devices");
    lot.total()?.part(one_of, nearest)
}

/// What is renewed, spares within the cap of the programme of their year apart from those above.
fn renewed(known: &Known, due: &[(DueLot, Ends)], first: FiscalYear) -> Result<Vec<Renewed>, OverLimit> {
    let lots: BTreeMap<_, _> = known.lots().map(|(id, _, lot)| (id, lot)).collect();
    let after = |day: Date| FiscalYear::of(day.next_day().unwrap_or(day));
    let programmes = known.rules.programmes.clone().without_invented();
    let mut covered_so_far: BTreeMap<&str, u32> = BTreeMap::new();
    let mut renewed = Vec::new();
    for (one, ends) in due {
        let year = one.year.max(first);
        let (within, above) = match programmes.covering(CostKind::Spare, year).filter(|_| one.kind == CostKind::Spare) {
            None => (one.count, 0),
            Some(programme) => {
                let so_far = covered_so_far
                    .entry(programme.id.as_str())
                    .or_insert_with(|| bought_spares(known, programme.first));
                let (within, above) = programme.spares_covered(known.pupils_by(year), *so_far, one.count);
                *so_far = so_far.saturating_add(within);
                (within, above)
            }
        };
        let unit_price = unit_price(known, lots[&one.lot])?;
        for (count, cap) in [(within, SpareCap::Within), (above, SpareCap::Above)] {
            if count > 0 {
                renewed.push(Renewed {
                    owner: known.owner,
                    tax: known.rules.assumptions.tax.value,
                    school: one.school,
                    model: one.model.clone(),
                    kind: one.kind,
                    cap,
                    count,
                    unit_price,
                    due: one.year,
                    again_after: Some(known.rules.assumptions.renew_after_years.value),
                    os_end: ends.os.map(FiscalYear::of),
                    earliest: ends.restriction.map(after),
                    is_placed: false,
                });
            }
        }
    }
    Ok(renewed)
}

/// Spares that came since the first year of a programme and that the state pays a part of.
fn bought_spares(known: &Known, first: FiscalYear) -> u32 {
    let by_state =
        |lot: &Lot| lot.funding.iter().any(|(payer, _)| [Payer::StateFund, Payer::StateOther].contains(payer));
    let spares = known.lots().filter(|(_, _, lot)| lot.kind == CostKind::Spare && by_state(lot));
    let since = spares.filter(|(_, _, lot)| FiscalYear::of(lot.delivered) >= first);
    since.fold(0_u32, |sum, (_, _, lot)| sum.saturating_add(lot.count))
}

/// What runs in years to come: as much as in the last whole year, less what is recorded for a year already.
fn running(known: &Known, parts: &[Part], first: FiscalYear, years: u8) -> Result<Vec<Running>, OverLimit> {
    let run = parts.iter().filter(|part| !part.key.kind.is_renewal());
    let sums = sum_by(run.map(|part| ((part.key.year, part.key.school, part.key.kind), part.amount)))?;
    let last_whole = known.year().year() - 1;
    let base: Vec<_> = sums.iter().filter(|((year, ..), _)| year.year() == last_whole).collect();
    let mut running = Vec::new();
    for year in (0..i32::from(years)).filter_map(|by| FiscalYear::starting_in(first.year() + by)) {
        for ((_, school, kind), amount) in &base {
            let recorded = sums.get(&(year, *school, *kind)).copied().unwrap_or_default();
            let yearly = amount.minus(recorded)?;
            if yearly > Yen::ZERO {
                running.push(Running {
                    owner: known.owner,
                    tax: known.rules.assumptions.tax.value,
                    school: *school,
                    kind: *kind,
                    first: year,
                    last: year,
                    yearly,
                });
            }
        }
    }
    Ok(running)
}
