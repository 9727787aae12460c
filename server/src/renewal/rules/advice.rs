//! Repair or replace: what each comes to a year, in all and for the owner. A repair is paid by the owner as a rule, a
//! new device in part by the state, so the two can point in different directions; both are said.

use std::cmp::Ordering;

use super::{
    Payer,
    money::{OverLimit, Yen},
    programmes::Split,
};
use crate::{error::Both, tickets::rules::words};

words! {
    /// What costs less a year.
    Cheaper {
        /// To repair.
        Repair = 1, "修理", "repair";
        /// To replace.
        Replace = 2, "更新", "replace";
        /// Both the same.
        Same = 3, "同じ", "the same";
    }
}

/// A way to go on, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Who pays what.
    pub split: Split,
    /// For how many years a device is there then, at least 1: until it is renewed anyway, or the life of a new one.
    pub years: u8,
}

/// Both ways, and which of them costs less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// To repair.
    pub repair: Way,
    /// To replace.
    pub replace: Way,
    /// In all.
    pub in_all: Cheaper,
    /// For the owner.
    pub for_owner: Cheaper,
    /// Whether the old device must not be disposed of yet.
    pub is_restricted: bool,
}

impl Way {
    /// What the owner pays.
    pub fn own(&self) -> Yen {
        self.split.of(Payer::Own)
    }

    /// An amount for each year, rounded down. It is for reading; what is compared is exact.
    pub fn yearly(&self, amount: Yen) -> Result<Yen, OverLimit> {
        Yen::new(amount.to_number() / i64::from(self.years.max(1)))
    }
}

impl Advice {
    /// Compares both ways by what they cost a year.
    pub fn new(repair: Way, replace: Way, is_restricted: bool) -> Self {
        let in_all = cheaper((repair.split.total, repair.years), (replace.split.total, replace.years));
        let for_owner = cheaper((repair.own(), repair.years), (replace.own(), replace.years));
        Self { repair, replace, in_all, for_owner, is_restricted }
    }
}

/// Compares two amounts a year without dividing.
fn cheaper((repair, repair_years): (Yen, u8), (replace, replace_years): (Yen, u8)) -> Cheaper {
    let times = |amount: Yen, years: u8| i128::from(amount.to_number()) * i128::from(years.max(1));
    match times(repair, replace_years).cmp(&times(replace, repair_years)) {
        Ordering::Less => Cheaper::Repair,
        Ordering::Greater => Cheaper::Replace,
        Ordering::Equal => Cheaper::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::rules::days::parse_date,
        renewal::rules::{
            AllocationTax, CostKind,
            programmes::{Bought, Programmes, SpareCap},
        },
    };

    fn way(kind: CostKind, price: i64, years: u8) -> Way {
        let bought = Bought { kind, unit_price: Yen::new(price).unwrap(), count: 1, cap: SpareCap::Within };
        let day = parse_date("day", "2026-06-01").unwrap();
        let split = Programmes::default().split(day, AllocationTax::Receives, &bought).unwrap();
        Way { split, years }
    }

    #[test]
    fn what_is_cheaper_in_all_can_be_dearer_for_the_owner() {
        // A new device is 11,000 yen a year in all and nothing for the owner, a repair 10,000 for both.
        let advice = Advice::new(way(CostKind::Repair, 20_000, 2), way(CostKind::Device, 55_000, 5), false);
        assert_eq!((advice.in_all, advice.for_owner), (Cheaper::Repair, Cheaper::Replace));
        assert_eq!((advice.repair.own(), advice.replace.own()), (Yen::new(20_000).unwrap(), Yen::ZERO));
        assert_eq!(advice.replace.yearly(advice.replace.split.total), Yen::new(11_000));
    }

    #[test]
    fn equal_amounts_a_year_are_the_same() {
        let same = Advice::new(way(CostKind::Repair, 22_000, 2), way(CostKind::Device, 55_000, 5), true);
        assert_eq!((same.in_all, same.is_restricted), (Cheaper::Same, true));
        let last_year = Advice::new(way(CostKind::Repair, 11_001, 0), way(CostKind::Device, 55_000, 5), false);
        assert_eq!(last_year.in_all, Cheaper::Replace, "less than a year counts as one");
    }
}
