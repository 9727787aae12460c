//! Total cost of a device and year: all that is spent, renewal and running costs, by how many devices there are for it.
//!
//! Devices are counted on the last day of a fiscal year: those that came by then, less those that were disposed of. Spares
//! do not count, since they are there to keep others in use and their cost is one of these. In years to come whatever is due
//! is renewed one by one, so there are as many as before, with those that are recorded already. Of several years or owners
//! costs and devices are added up, and the one is divided by the other.

use std::collections::BTreeMap;

use super::costs::CostReport;
use crate::{
    renewal::rules::{
        CostKind, Payer,
        known::Known,
        money::{OverLimit, Yen},
    },
    schools::rules::fiscal::FiscalYear,
};

/// How many devices an owner has at the end of a year, by its code; empty for all together.
pub type DeviceCounts = BTreeMap<(String, FiscalYear), u64>;

/// What some devices cost in some years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceYears {
    /// Devices, each as often as it is there at the end of a year.
    pub count: u64,
    /// Devices and spares.
    pub renewal: Yen,
    /// What keeps them running.
    pub running: Yen,
    /// What of both the owner itself pays.
    pub own: Yen,
}

impl DeviceYears {
    /// All costs. Refused: above 10^13 yen.
    pub fn total(&self) -> Result<Yen, OverLimit> {
        self.renewal.plus(self.running)
    }
}

/// What of an amount falls to one of so many devices, to the nearest yen, half a yen away from zero; nothing of none.
pub fn per_device(amount: Yen, count: u64) -> Option<Yen> {
    let (amount, count) = (i128::from(amount.to_number()), i128::from(count));
    if count == 0 {
        return None;
    }
    let nearest = (2 * amount.abs() + count) / (2 * count) * amount.signum();
    // Not more than the amount, which is a sum of money.
    i64::try_from(nearest).ok().and_then(|yen| Yen::new(yen).ok())
}

/// Devices at the end of each year in which there are any, up to a last one.
pub(super) fn counted(known: &Known, owner: &str, last: FiscalYear) -> DeviceCounts {
    let lots = || known.lots().filter(|(_, _, lot)| lot.kind == CostKind::Device);
    let Some(first) = lots().map(|(_, _, lot)| FiscalYear::of(lot.delivered)).min() else {
        return DeviceCounts::new();
    };
    let at_end = |year: FiscalYear| {
        let end = year.last_day();
        let left = lots()
            .filter(|(_, _, lot)| lot.delivered <= end)
            .map(|(id, _, lot)| u64::from(lot.count.saturating_sub(known.devices_of(id).disposed_by(end))));
        ((owner.to_owned(), year), left.sum())
    };
    let years = (first.year()..=last.year()).filter_map(FiscalYear::starting_in);
    years.map(at_end).filter(|(_, count)| *count > 0).collect()
}

impl CostReport {
    /// What devices cost, for example by year: of a key out of the code of an owner and a year. Nothing where devices were not
    /// asked for. Refused: sums above 10^13 yen.
    pub fn device_years<K: Ord>(
        &self,
        key: impl Fn(&str, FiscalYear) -> K,
    ) -> Result<BTreeMap<K, DeviceYears>, OverLimit> {
        let mut all: BTreeMap<K, DeviceYears> = BTreeMap::new();
        let Some(devices) = &self.devices else { return Ok(all) };
        for ((owner, year), count) in devices {
            all.entry(key(owner, *year)).or_default().count += count;
        }
        for line in &self.lines {
            let of = all.entry(key(&line.owner, line.key.year)).or_default();
            let spent = if line.key.kind.is_renewal() { &mut of.renewal } else { &mut of.running };
            *spent = spent.plus(line.amount)?;
            if line.key.payer == Payer::Own {
                of.own = of.own.plus(line.amount)?;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    #[test]
    fn half_a_yen_goes_away_from_zero_and_no_device_costs_nothing() {
        let of = |amount, count| per_device(yen(amount), count).map(Yen::to_number);
        assert_eq!([of(100, 8), of(-100, 8), of(99, 100), of(49, 100)], [Some(13), Some(-13), Some(1), Some(0)]);
        assert_eq!([of(100, 0), of(0, 3), of(55_000, 1)], [None, Some(0), Some(55_000)]);
        assert_eq!(per_device(Yen::MOST, u64::MAX), Some(Yen::ZERO));
    }

    proptest! {
        #[test]
        fn one_of_them_differs_from_its_share_by_half_a_yen_at_most(amount in -10_000_000_000_000_i64..=10_000_000_000_000, count in 1_u64..10_000_000) {
            let one = i128::from(per_device(yen(amount), count).unwrap().to_number());
            let rest = i128::from(amount) - one * i128::from(count);
            prop_assert!(2 * rest.abs() <= i128::from(count));
        }
    }
}
