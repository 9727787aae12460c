//! Evens out years of renewal, as a scenario says ([`even`]): at most so many devices, or so many yen, a year.
//!
//! Devices whose system ends choose first, the first to end first; each takes its own year as far as there is room and
//! then goes earlier or later as it is preferred. What runs past the end of its system is marked; nothing goes before
//! it may be disposed of. Greedy and always the same for the same input; it keeps as many as it can in their year and
//! does not look for the cheapest plan.

use std::collections::BTreeMap;

use super::{
    due::DueReason,
    money::{OverLimit, Unreckoned, Yen},
    projection::Renewed,
    scenario::Terms,
};
use crate::{
    error::{Both, FieldViolation, says::renewal as say},
    schools::rules::fiscal::FiscalYear,
    tickets::rules::words,
};

words! {
    /// Where what finds no room in its year goes first.
    Prefer {
        /// To earlier years, as far as it may be disposed of.
        Earlier = 1, "前倒し", "earlier";
        /// To later years, as far as its system is supported.
        Later = 2, "後ろ倒し", "later";
    }
}

impl Prefer {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Earlier => "EARLIER",
            Self::Later => "LATER",
        }
    }
}

/// Most of a year, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many devices.
    Devices(u32),
    /// So many yen, by the price of devices.
    Yen(Yen),
}

/// Devices that are renewed for one reason in one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u32,
    /// What one costs.
    pub unit_price: Yen,
    /// In which year.
    pub due: FiscalYear,
    /// Why.
    pub reason: DueReason,
    /// The last year in which its system has support, where it ends.
    pub os_end: Option<FiscalYear>,
    /// The first year in which it may be disposed of, where that is restricted.
    pub earliest: Option<FiscalYear>,
}

/// Devices of a group in the year in which they are renewed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Place of the group in what was given.
    pub group: usize,
    /// In which year.
    pub year: FiscalYear,
    /// How many.
    pub count: u32,
    /// In which year they were due.
    pub due: FiscalYear,
    /// Why they were.
    pub reason: DueReason,
    /// Whether they run past the end of their system until then.
    pub is_past_os_end: bool,
}

impl Group {
    /// Its year, or the first in which anything can be done.
    fn own_year(&self, from: FiscalYear) -> FiscalYear {
        self.due.max(from).max(self.first(from))
    }

    fn first(&self, from: FiscalYear) -> FiscalYear {
        self.earliest.map_or(from, |earliest| earliest.max(from))
    }

    /// Years to try, in this order.
    fn years(&self, from: FiscalYear, prefer: Prefer) -> Vec<FiscalYear> {
        let own = self.own_year(from).year();
        let os_end = self.os_end.map_or(i32::MAX, FiscalYear::year);
        let year = FiscalYear::starting_in;
        let earlier = (self.first(from).year()..own).rev().filter_map(year);
        let supported = (own + 1..).map_while(year).take_while(|year| year.year() <= os_end);
        let unsupported = (own + 1..).map_while(year).filter(|year| year.year() > os_end);
        let own = year(own).into_iter();
        match prefer {
            Prefer::Earlier => own.chain(earlier).chain(supported).chain(unsupported).collect(),
            Prefer::Later => own.chain(supported).chain(earlier).chain(unsupported).collect(),
        }
    }
}

impl Limit {
    /// What it is called where somebody says it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Devices(_) => "most_devices",
            Self::Yen(_) => "most_yen",
        }
    }

    /// How many devices of a price find room beside what is used already.
    fn room(self, used: &Used, unit_price: Yen) -> Result<u32, OverLimit> {
        match self {
            Self::Devices(most) => Ok(most.saturating_sub(used.devices)),
            Self::Yen(_) if unit_price <= Yen::ZERO => Ok(u32::MAX),
            Self::Yen(most) => {
                let left = most.minus(used.yen)?.max(Yen::ZERO).to_number() / unit_price.to_number();
                Ok(u32::try_from(left).unwrap_or(u32::MAX))
            }
        }
    }

    /// Refuses a limit within which a device would never find room.
    fn check(self, groups: &[Group]) -> Result<(), FieldViolation> {
        match self {
            Self::Devices(0) => Err(FieldViolation::new("limit", say::limit_devices())),
            Self::Devices(_) => Ok(()),
            Self::Yen(most) => {
                let dearest = groups.iter().map(|group| group.unit_price).max().unwrap_or(Yen::ZERO);
                if dearest > most || most <= Yen::ZERO {
                    return Err(FieldViolation::new("limit", say::limit_yen(most, dearest)));
                }
                Ok(())
            }
        }
    }
}

/// What is used of a year.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    devices: u32,
    yen: Yen,
}

/// Places every device in a year from `from` on, so that no year has more than the limit: by year, then in the order of
/// the groups. Refused: a limit below the price of one device, amounts above 10^13 yen, and more than finds room until
/// 2100.
pub fn smooth(groups: &[Group], from: FiscalYear, limit: Limit, prefer: Prefer) -> Result<Vec<Placed>, FieldViolation> {
    limit.check(groups)?;
    let mut order: Vec<_> = (0..groups.len()).collect();
    order.sort_by_key(|at| (groups[*at].os_end.map_or(i32::MAX, FiscalYear::year), groups[*at].own_year(from), *at));
    let mut used: BTreeMap<FiscalYear, Used> = BTreeMap::new();
    let mut placed = Vec::new();
    for at in order {
        let group = &groups[at];
        let mut left = group.count;
        for year in group.years(from, prefer) {
            if left == 0 {
                break;
            }
            let used = used.entry(year).or_default();
            let count = limit.room(used, group.unit_price).map_err(|over| over.at("groups"))?.min(left);
            if count == 0 {
                continue;
            }
            let cost = group.unit_price.times(count).and_then(|cost| used.yen.plus(cost));
            used.yen = cost.map_err(|over| over.at("groups"))?;
            used.devices = used.devices.saturating_add(count);
            left -= count;
            let is_past_os_end = group.os_end.is_some_and(|end| end < year);
            placed.push(Placed { group: at, year, count, due: group.due, reason: group.reason, is_past_os_end });
        }
        if left > 0 {
            return Err(FieldViolation::new("limit", say::no_room(left)));
        }
    }
    placed.sort_by_key(|one| (one.year, one.group));
    Ok(placed)
}

/// What is renewed under the terms of a scenario, in the years from the first on in which there is room. Of what is renewed again and
/// again the first time is moved, and the others with it. Refused: as of [`smooth`], by the name of the limit.
pub fn even(
    renewed: &[Renewed],
    first: FiscalYear,
    terms: &Terms<'_>,
    (limit, prefer): (Limit, Prefer),
) -> Result<Vec<Renewed>, Unreckoned> {
    let group = |one: &Renewed| {
        Ok(Group {
            count: one.count,
            unit_price: terms.price(one.kind, one.unit_price)?,
            due: terms.year(one.due),
            reason: DueReason::Plan,
            os_end: one.os_end,
            earliest: one.earliest,
        })
    };
    let groups = renewed.iter().map(group).collect::<Result<Vec<_>, OverLimit>>()?;
    let named = |wrong: FieldViolation| FieldViolation::new(limit.field(), wrong.message);
    let placed = smooth(&groups, first, limit, prefer).map_err(named)?;
    let moved =
        |one: Placed| Renewed { count: one.count, due: one.year, is_placed: true, ..renewed[one.group].clone() };
    Ok(placed.into_iter().map(moved).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        renewal::rules::{
            AllocationTax, CostKind,
            programmes::{Programmes, SpareCap},
            projection::project,
            scenario::Scenarios,
        },
        schools::rules::MunicipalityId,
    };

    fn year(year: i32) -> FiscalYear {
        FiscalYear::starting_in(year).unwrap()
    }

    fn group(count: u32, due: i32, os_end: Option<i32>, earliest: Option<i32>) -> Group {
        Group {
            count,
            unit_price: Yen::new(50_000).unwrap(),
            due: year(due),
            reason: DueReason::Plan,
            os_end: os_end.map(year),
            earliest: earliest.map(year),
        }
    }

    fn years(groups: &[Group], limit: Limit, prefer: Prefer) -> Vec<(usize, i32, u32, bool)> {
        let placed = smooth(groups, year(2025), limit, prefer).unwrap();
        placed.into_iter().map(|one| (one.group, one.year.year(), one.count, one.is_past_os_end)).collect()
    }

    #[test]
    fn a_scenario_evens_out_what_is_renewed_and_keeps_every_yen() {
        let text = r#"{ "source": "a", "scenarios": [ { "id": "even", "name": { "ja": "平準化", "en": "even" },
            "source": "a", "date": "2026-11-27", "verified": false,
            "changes": [ { "change": "LATER", "years": 1 }, { "change": "EVEN", "devices": 100, "prefer": "LATER" } ] } ] }"#;
        let (scenarios, programmes) = (Scenarios::read(text).unwrap(), Programmes::default());
        let terms = scenarios.scenarios[0].terms(&programmes);
        let renewed = [Renewed {
            owner: MunicipalityId(Uuid::nil()),
            tax: AllocationTax::Receives,
            school: None,
            model: String::from("K-1"),
            kind: CostKind::Device,
            cap: SpareCap::Within,
            count: 250,
            unit_price: Yen::new(50_000).unwrap(),
            due: year(2026),
            again_after: None,
            os_end: Some(year(2028)),
            earliest: None,
            is_placed: false,
        }];
        let placed = even(&renewed, year(2027), &terms, terms.even().unwrap()).unwrap();
        let years: Vec<_> = placed.iter().map(|one| (one.due.year(), one.count)).collect();
        assert_eq!(years, [(2027, 100), (2028, 100), (2029, 50)], "a year later, and not once more");
        let projected = |renewed: &[Renewed]| project(year(2027), 10, renewed, &[], &terms).unwrap();
        let spent = projected(&placed).by(|line| line.year).unwrap();
        let spent: Vec<_> = spent.into_iter().map(|(year, yen)| (year.year(), yen.to_number())).collect();
        assert_eq!(spent, [(2027, 5_000_000), (2028, 5_000_000), (2029, 2_500_000)]);
        assert_eq!(projected(&placed).total(), projected(&renewed).total());
        let little = (Limit::Yen(Yen::new(49_999).unwrap()), Prefer::Earlier);
        let refused = even(&renewed, year(2027), &terms, little).unwrap_err();
        assert!(matches!(refused, Unreckoned::Refused(wrong) if wrong.field == "most_yen"));
    }

    #[test]
    fn what_finds_no_room_goes_where_it_is_preferred() {
        let groups = [group(250, 2027, None, None)];
        let limit = Limit::Devices(100);
        assert_eq!(
            years(&groups, limit, Prefer::Earlier),
            [(0, 2025, 50, false), (0, 2026, 100, false), (0, 2027, 100, false)]
        );
        assert_eq!(
            years(&groups, limit, Prefer::Later),
            [(0, 2027, 100, false), (0, 2028, 100, false), (0, 2029, 50, false)]
        );
        let yen = Limit::Yen(Yen::new(5_049_999).unwrap());
        assert_eq!(
            years(&groups, yen, Prefer::Later),
            years(&groups, limit, Prefer::Later),
            "a hundred for five million"
        );
        assert_eq!(years(&groups, Limit::Devices(250), Prefer::Later), [(0, 2027, 250, false)]);
    }

    #[test]
    fn nothing_passes_the_end_of_its_system_unmarked() {
        let groups = [group(150, 2026, None, None), group(150, 2026, Some(2026), Some(2026))];
        assert_eq!(
            years(&groups, Limit::Devices(100), Prefer::Earlier),
            [(0, 2025, 100, false), (1, 2026, 100, false), (0, 2027, 50, false), (1, 2027, 50, true)],
            "those whose system ends choose first"
        );
        let late = [group(10, 2024, Some(2024), None)];
        assert_eq!(
            years(&late, Limit::Devices(100), Prefer::Later),
            [(0, 2025, 10, true)],
            "what is due already goes first of all"
        );
        let supported = [group(150, 2026, Some(2027), None)];
        assert_eq!(
            years(&supported, Limit::Devices(50), Prefer::Later),
            [(0, 2025, 50, false), (0, 2026, 50, false), (0, 2027, 50, false)]
        );
    }

    #[test]
    fn reason_and_year_are_kept() {
        let placed = smooth(&[group(2, 2026, None, None)], year(2025), Limit::Devices(1), Prefer::Later).unwrap();
        assert!(placed.iter().all(|one| one.due == year(2026) && one.reason == DueReason::Plan));
        assert_eq!(placed.len(), 2);
    }

    #[test]
    fn limit_within_which_nothing_finds_room_is_refused() {
        let groups = [group(1, 2026, None, None)];
        let refused = |groups: &[Group], limit| smooth(groups, year(2025), limit, Prefer::Later).unwrap_err().field;
        assert_eq!(refused(&groups, Limit::Devices(0)), "limit");
        assert_eq!(refused(&groups, Limit::Yen(Yen::new(49_999).unwrap())), "limit");
        assert_eq!(refused(&[], Limit::Yen(Yen::ZERO)), "limit");
        assert_eq!(refused(&[group(u32::MAX, 2026, None, None)], Limit::Devices(1)), "limit");
    }

    prop_compose! {
        fn some_group()(
            count in 0_u32..400, unit in 0_i64..90_000, due in 2022_i32..2032, os_end in prop::option::of(2024_i32..2034),
            earliest in prop::option::of(2022_i32..2030),
        ) -> Group {
            Group { unit_price: Yen::new(unit).unwrap(), ..group(count, due, os_end, earliest) }
        }
    }

    proptest! {
        #[test]
        fn every_device_finds_one_year_within_all_bounds(
            groups in prop::collection::vec(some_group(), 0..8), devices in 50_u32..300, by_yen in any::<bool>(),
            prefer in 0_usize..2,
        ) {
            let most = Yen::new(i64::from(devices) * 90_000).unwrap();
            let limit = if by_yen { Limit::Yen(most) } else { Limit::Devices(devices) };
            let placed = smooth(&groups, year(2025), limit, Prefer::ALL[prefer]).unwrap();
            for (at, group) in groups.iter().enumerate() {
                prop_assert_eq!(placed.iter().filter(|one| one.group == at).map(|one| one.count).sum::<u32>(), group.count);
            }
            for one in &placed {
                let group = &groups[one.group];
                prop_assert!(one.count > 0 && one.year >= year(2025));
                prop_assert!(group.earliest.is_none_or(|earliest| earliest <= one.year));
                prop_assert_eq!(one.is_past_os_end, group.os_end.is_some_and(|end| end < one.year));
                let of_year = || placed.iter().filter(|other| other.year == one.year);
                let yen = Yen::sum(of_year().map(|other| groups[other.group].unit_price.times(other.count).unwrap())).unwrap();
                let count = of_year().map(|other| other.count).sum::<u32>();
                prop_assert!((by_yen && yen <= most) || (!by_yen && count <= devices));
            }
        }

        #[test]
        fn enough_room_moves_nothing(groups in prop::collection::vec(some_group(), 0..8), prefer in 0_usize..2) {
            let placed = smooth(&groups, year(2025), Limit::Devices(10_000), Prefer::ALL[prefer]).unwrap();
            prop_assert!(placed.iter().all(|one| one.year == groups[one.group].own_year(year(2025))));
        }
    }
}
