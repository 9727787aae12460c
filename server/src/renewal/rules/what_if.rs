//! A scenario that somebody puts together on the spot: another price, a later renewal, running costs covered.
//!
//! It is not kept, so a report with it can not be verified later; what is to be kept is written into the file of scenarios.

use super::{
    CostKind,
    known::Known,
    programmes::Origin,
    scenario::{Change, Scenario, Scenarios},
};
use crate::error::{Both, FieldViolation, collect, says::fields as say_field};

/// Id of the scenario in a report.
pub const WHAT_IF: &str = "what-if";
/// Id of the scenario of the petition, which says what "covered" is.
const COVERED: &str = "running-costs-covered";
/// Least and most percent, and most years, as in files of scenarios.
const PERCENT: (i32, i32) = (-90, 300);
const LATER_MOST: i32 = 10;

/// What is different.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Devices and spares cost so many percent more, or less.
    pub price_percent: i16,
    /// They are renewed so many years later.
    pub later_years: u8,
    /// Whether renewal and running costs are covered, as the petition asks.
    pub is_covered: bool,
}

/// A whole number with its sign, or nothing for 0.
fn number(field: &'static str, text: &str, (least, most): (i32, i32)) -> Result<i32, FieldViolation> {
    let folded: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '−' { '-' } else { c }).collect();
    let bare = folded.trim_end_matches(['%', '年']);
    if bare.is_empty() {
        return Ok(0);
    }
    let found = bare.parse::<i32>().ok().filter(|number| (least..=most).contains(number));
    found.ok_or_else(|| FieldViolation::new(field, say_field::whole_number(least, most)))
}

impl WhatIf {
    /// Reads what was typed: `price_percent`, −90 to 300, and `later_years`, 0 to 10; nothing for 0.
    pub fn read(price: &str, later: &str, is_covered: bool) -> Result<Self, Vec<FieldViolation>> {
        let mut wrong = Vec::new();
        let price = collect(number("price_percent", price, PERCENT), &mut wrong);
        let later = collect(number("later_years", later, (0, LATER_MOST)), &mut wrong);
        let price = price.and_then(|price| i16::try_from(price).ok());
        let later = later.and_then(|later| u8::try_from(later).ok());
        match (price, later) {
            (Some(price_percent), Some(later_years)) => Ok(Self { price_percent, later_years, is_covered }),
            _ => Err(wrong),
        }
    }

    /// Whether nothing is different.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// The scenario of it, by what was known.
    pub fn scenario(self, known: &Known) -> Scenario {
        let mut changes = if self.is_covered { covers(&known.rules.scenarios) } else { Vec::new() };
        if self.later_years > 0 {
            changes.push(Change::Later { years: self.later_years });
        }
        if self.price_percent != 0 {
            let kinds = vec![CostKind::Device, CostKind::Spare];
            changes.push(Change::Price { kinds, percent: self.price_percent });
        }
        Scenario {
            id: WHAT_IF.to_owned(),
            name: Both::fixed("この条件", "These terms"),
            note: None,
            changes,
            origin: Origin {
                source: String::from("画面で指定した条件"), date: known.today(), verified: false
            },
        }
    }
}

/// What is covered where running costs are: as the scenario of that name says, or the product's own.
fn covers(scenarios: &Scenarios) -> Vec<Change> {
    let of = |scenarios: &Scenarios| -> Vec<Change> {
        let changes = scenarios.find(COVERED).map(|scenario| scenario.changes.as_slice()).unwrap_or_default();
        changes.iter().filter(|change| matches!(change, Change::Cover { .. })).cloned().collect()
    };
    let own = of(scenarios);
    if own.is_empty() { of(&Scenarios::default()) } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_and_all_that_is_wrong_is_named() {
        let read = |price, later| WhatIf::read(price, later, false);
        let ten = WhatIf { price_percent: 10, later_years: 2, is_covered: false };
        assert_eq!(read("+10%", "2年"), Ok(ten));
        assert_eq!(read("−5", "").unwrap().price_percent, -5);
        assert!(read("", "").unwrap().is_nothing());
        let wrong = read("-91", "11").unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["price_percent", "later_years"]);
        assert!(read("高い", "0").is_err());
    }

    #[test]
    fn covered_is_what_the_petition_asks_for() {
        let covered = covers(&Scenarios::default());
        assert_eq!(covered.len(), 2);
        let none = Scenarios { source: String::new(), scenarios: Vec::new() };
        assert_eq!(covers(&none), covered, "an owner that has taken the scenario out gets the product's own");
    }
}
