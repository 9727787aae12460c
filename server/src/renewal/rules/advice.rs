//! Repair or replace: what each comes to a year, in all and for the owner. A repair is paid by the owner as a rule, a
//! new device in part by the state, so the two can point in different directions; both are said.

use std::cmp::Ordering;

use super::{
    Payer,
    money::{OverLimit, Yen},
    programmes::Split,
};
use crate::{
    error::{Both, says::renewal as say},
    tickets::rules::words,
};

words! {
    /// What costs less a year.
    Cheaper {
        /// To repair.
        Repair = 1, "修理", "a repair";
        /// To replace.
        Replace = 2, "更新", "a replacement";
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

    /// The advice in one sentence, without what must not be disposed of.
    pub fn sentence(&self) -> Both {
        match (self.in_all, self.for_owner) {
            (Cheaper::Same, Cheaper::Same) => say::advice_all_equal(),
            (Cheaper::Repair, Cheaper::Repair) | (Cheaper::Replace, Cheaper::Replace) => {
                let way = self.in_all.label();
                Both::of(say::advice_one_way(&way.ja), say::advice_one_way(&way.en))
            }
            (in_all, for_owner) => {
                let ((first, _), (_, last)) = (in_all.said(), for_owner.said());
                Both::of(say::advice_two_ways(&first.ja, &last.ja), say::advice_two_ways(&first.en, &last.en))
            }
        }
    }
}

impl Cheaper {
    /// What is said of it within a sentence, and at its end.
    fn said(self) -> (Both, Both) {
        if self == Self::Same {
            return (say::advice_alike(), say::advice_equal());
        }
        let way = self.label();
        let within = Both::of(say::advice_less(&way.ja), say::advice_less(&way.en));
        (within, Both::of(say::advice_lower(&way.ja), say::advice_lower(&way.en)))
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
        let said = advice.sentence();
        assert_eq!(said.ja, "1年あたりの費用は、全体では修理のほうが低く、自治体の負担では更新のほうが低くなります");
        assert_eq!(said.en, "a year costs in all less with a repair, for the owner less with a replacement");
    }

    #[test]
    fn equal_amounts_a_year_are_the_same() {
        let same = Advice::new(way(CostKind::Repair, 22_000, 2), way(CostKind::Device, 55_000, 5), true);
        assert_eq!((same.in_all, same.is_restricted), (Cheaper::Same, true));
        assert!(same.sentence().ja.contains("全体ではどちらも同じで、自治体の負担では更新"));
        let last_year = Advice::new(way(CostKind::Repair, 11_001, 0), way(CostKind::Device, 55_000, 5), false);
        assert_eq!(last_year.in_all, Cheaper::Replace, "less than a year counts as one");
        assert!(last_year.sentence().ja.ends_with("更新のほうが低くなります"));
        let equal = Advice::new(way(CostKind::Repair, 0, 1), way(CostKind::Repair, 0, 1), false);
        assert!(equal.sentence().ja.ends_with("同じです"));
    }
}
