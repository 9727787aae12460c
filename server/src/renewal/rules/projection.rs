//! Costs of the years to come: what is renewed when, what runs each year, and who pays it under a scenario.
//!
//! Prices are those that were given, changed by the scenario alone: nothing is discounted and no inflation assumed.

use std::collections::BTreeMap;

use super::{
    AllocationTax, CostKind, Payer,
    money::{OverLimit, Yen, add_to, sum_by},
    programmes::{Bought, SpareCap},
    scenario::Terms,
};
use crate::schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear};

/// Years that a board looks ahead.
pub const USUAL_YEARS: u8 = 10;

/// Devices that are renewed in one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Whose they are.
    pub owner: MunicipalityId,
    /// Whether that one gets the local allocation tax.
    pub tax: AllocationTax,
    /// Where they are, unless they are the owner's own.
    pub school: Option<SchoolId>,
    /// What they are, or what replaces them.
    pub model: String,
    /// Devices or spares.
    pub kind: CostKind,
    /// Whether spares are within the cap.
    pub cap: SpareCap,
    /// How many.
    pub count: u32,
    /// What one costs, with tax.
    pub unit_price: Yen,
    /// In which year they are due; before the first year that is looked at, they are renewed in that one.
    pub due: FiscalYear,
    /// After how many years they are renewed again, if they are.
    pub again_after: Option<u8>,
    /// The last year in which their system has support, where it ends.
    pub os_end: Option<FiscalYear>,
    /// The first year in which they may be disposed of, where that is restricted.
    pub earliest: Option<FiscalYear>,
    /// Whether their year is one that was chosen, which no scenario moves.
    pub is_placed: bool,
}

/// What is spent year after year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Who spends it.
    pub owner: MunicipalityId,
    /// Whether that one gets the local allocation tax.
    pub tax: AllocationTax,
    /// For which school, unless it is for all.
    pub school: Option<SchoolId>,
    /// On what.
    pub kind: CostKind,
    /// The first year.
    pub first: FiscalYear,
    /// The last one.
    pub last: FiscalYear,
    /// How much each year.
    pub yearly: Yen,
}

/// What an amount is: everything by which a report adds amounts up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    /// When.
    pub year: FiscalYear,
    /// Whose.
    pub owner: MunicipalityId,
    /// Where.
    pub school: Option<SchoolId>,
    /// For which model; empty for what runs.
    pub model: String,
    /// On what.
    pub kind: CostKind,
    /// Who pays.
    pub payer: Payer,
}

/// All costs of some years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The years.
    pub years: Vec<FiscalYear>,
    /// Amounts above nothing.
    pub lines: BTreeMap<LineKey, Yen>,
}

impl Projection {
    /// Everything.
    pub fn total(&self) -> Result<Yen, OverLimit> {
        Yen::sum(self.lines.values().copied())
    }

    /// Adds amounts up, for example by year, payer and kind.
    pub fn by<K: Ord>(&self, key: impl Fn(&LineKey) -> K) -> Result<BTreeMap<K, Yen>, OverLimit> {
        sum_by(self.lines.iter().map(|(line, amount)| (key(line), *amount)))
    }
}

/// Costs of so many years from the first on, under the terms of a scenario. Refused: sums above 10^13 yen.
pub fn project(
    first: FiscalYear,
    years: u8,
    renewed: &[Renewed],
    running: &[Running],
    terms: &Terms<'_>,
) -> Result<Projection, OverLimit> {
    let years = (0..i32::from(years)).filter_map(|by| FiscalYear::starting_in(first.year() + by)).collect();
    let mut projection = Projection { years, lines: BTreeMap::new() };
    for one in renewed {
        let unit_price = terms.price(one.kind, one.unit_price)?;
        let bought = Bought { kind: one.kind, unit_price, count: one.count, cap: one.cap };
        for year in renewal_years(one, &projection.years, terms) {
            for (payer, amount) in terms.split(year, one.tax, &bought)?.shares {
                let (owner, school, model, kind) = (one.owner, one.school, one.model.clone(), one.kind);
                add_to(&mut projection.lines, LineKey { year, owner, school, model, kind, payer }, amount)?;
            }
        }
    }
    for one in running {
        let unit_price = terms.price(one.kind, one.yearly)?;
        let bought = Bought { kind: one.kind, unit_price, count: 1, cap: SpareCap::Within };
        for year in projection.years.clone().into_iter().filter(|year| (one.first..=one.last).contains(year)) {
            for (payer, amount) in terms.split(year, one.tax, &bought)?.shares {
                let (owner, school, kind) = (one.owner, one.school, one.kind);
                add_to(
                    &mut projection.lines,
                    LineKey { year, owner, school, model: String::new(), kind, payer },
                    amount,
                )?;
            }
        }
    }
    Ok(projection)
}

/// The years in which devices are renewed: first when they are due, as the scenario has it, and then again and again.
fn renewal_years(one: &Renewed, years: &[FiscalYear], terms: &Terms<'_>) -> Vec<FiscalYear> {
    let Some(first) = years.first() else { return Vec::new() };
    let due = if one.is_placed { one.due } else { terms.year(one.due) };
    let begins = due.max(*first);
    match one.again_after.filter(|after| *after > 0) {
        None => years.iter().copied().filter(|year| *year == begins).collect(),
        Some(after) => {
            let is_due = |year: &FiscalYear| *year >= begins && (year.year() - begins.year()) % i32::from(after) == 0;
            years.iter().copied().filter(is_due).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::renewal::rules::{programmes::Programmes, scenario::Scenarios};

    fn year(year: i32) -> FiscalYear {
        FiscalYear::starting_in(year).unwrap()
    }

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    fn renewed(due: i32, count: u32, unit: i64) -> Renewed {
        Renewed {
            owner: MunicipalityId(Uuid::from_u128(1)),
            tax: AllocationTax::Receives,
            school: None,
            model: String::from("K-1"),
            kind: CostKind::Device,
            cap: SpareCap::Within,
            count,
            unit_price: yen(unit),
            due: year(due),
            again_after: None,
            os_end: None,
            earliest: None,
            is_placed: false,
        }
    }

    fn running(kind: CostKind, first: i32, last: i32, yearly: i64) -> Running {
        Running {
            owner: MunicipalityId(Uuid::from_u128(1)),
            tax: AllocationTax::Receives,
            school: None,
            kind,
            first: year(first),
            last: year(last),
            yearly: yen(yearly),
        }
    }

    fn under(id: &str, renewed: &[Renewed], running: &[Running]) -> Projection {
        let (scenarios, programmes) = (Scenarios::default(), Programmes::default());
        let terms = scenarios.find(id).unwrap().terms(&programmes);
        project(year(2025), USUAL_YEARS, renewed, running, &terms).unwrap()
    }

    fn by_year(projection: &Projection, payer: Payer) -> Vec<(i32, i64)> {
        let sums = projection.by(|line| (line.year, line.payer)).unwrap();
        let of = |((year, of), amount): ((FiscalYear, Payer), Yen)| {
            (of == payer).then_some((year.year(), amount.to_number()))
        };
        sums.into_iter().filter_map(of).collect()
    }

    #[test]
    fn devices_are_renewed_when_due_and_again() {
        let all = [renewed(2023, 10, 55_000), Renewed { again_after: Some(5), ..renewed(2027, 10, 55_000) }];
        let today = under("today", &all, &[]);
        assert_eq!(by_year(&today, Payer::StateFund), [(2025, 366_666), (2027, 366_666)]);
        assert_eq!(by_year(&today, Payer::LocalAllocation), [(2025, 183_334), (2027, 183_334)]);
        assert_eq!(by_year(&today, Payer::Own), [(2032, 550_000)], "no programme is known that far ahead");
        let later = under("one-year-later", &all, &[]);
        assert_eq!(by_year(&later, Payer::Own), [(2033, 550_000)]);
        assert_eq!(
            by_year(&later, Payer::StateFund),
            [(2025, 366_666), (2028, 366_666)],
            "what was due in 2023 is overdue still"
        );
    }

    #[test]
    fn scenarios_differ_by_who_pays_and_not_by_how_much() {
        let (devices, runs) = ([renewed(2026, 10, 60_000)], [running(CostKind::Repair, 2024, 2026, 300_000)]);
        let (today, petition) = (under("today", &devices, &runs), under("running-costs-covered", &devices, &runs));
        assert_eq!(today.total(), petition.total());
        assert_eq!(by_year(&today, Payer::Own), [(2025, 300_000), (2026, 350_000)]);
        assert_eq!(by_year(&petition, Payer::Own), [(2025, 100_000), (2026, 150_000)]);
        assert_eq!(by_year(&petition, Payer::StateOther), [(2025, 200_000), (2026, 200_000)]);
        let kinds = petition.by(|line| line.kind).unwrap();
        assert_eq!(kinds[&CostKind::Repair], yen(600_000));
        assert_eq!(under("price-up-10", &devices, &[]).total(), Ok(yen(660_000)));
    }

    #[test]
    fn sums_above_the_limit_are_refused() {
        let (scenarios, programmes) = (Scenarios::default(), Programmes::default());
        let terms = scenarios.find("today").unwrap().terms(&programmes);
        let much = [renewed(2025, u32::MAX, 100_000)];
        assert_eq!(project(year(2025), 10, &much, &[], &terms), Err(OverLimit));
        assert!(project(year(2025), 0, &much, &[], &terms).unwrap().lines.is_empty());
    }

    prop_compose! {
        fn some_renewed()(
            due in 2020_i32..2040, count in 0_u32..500, unit in 0_i64..90_000, again in prop::option::of(1_u8..7),
            spare in 0_usize..2, tax in 0_usize..2, cap in 0_usize..2,
        ) -> Renewed {
            Renewed {
                again_after: again, kind: [CostKind::Device, CostKind::Spare][spare], tax: AllocationTax::ALL[tax],
                cap: SpareCap::ALL[cap], ..renewed(due, count, unit)
            }
        }
    }

    proptest! {
        #[test]
        fn payers_pay_all_of_every_scenario_to_the_yen(
            devices in prop::collection::vec(some_renewed(), 0..6), kind in 2_usize..16, yearly in 0_i64..5_000_000,
            id in 0_usize..7,
        ) {
            let (scenarios, programmes) = (Scenarios::default(), Programmes::default());
            let terms = scenarios.scenarios[id].terms(&programmes);
            let runs = [running(CostKind::ALL[kind], 2026, 2028, yearly)];
            let projection = project(year(2025), USUAL_YEARS, &devices, &runs, &terms).unwrap();
            let mut expected = i128::from(yearly) * 3;
            for one in &devices {
                let times = renewal_years(one, &projection.years, &terms).len();
                let price = terms.price(one.kind, one.unit_price).unwrap().to_number();
                expected += i128::from(price) * i128::from(one.count) * i128::try_from(times).unwrap();
            }
            prop_assert_eq!(i128::from(projection.total().unwrap().to_number()), expected);
            let by_payer = projection.by(|line| line.payer).unwrap();
            prop_assert_eq!(Yen::sum(by_payer.into_values()), projection.total());
        }
    }
}
