//! A scenario that somebody puts together on the spot: another price, a later renewal, running costs covered.
//!
//! It is not kept, so a report with it can not be verified later; what is to be kept is written into the file of scenarios.

use std::ops::RangeInclusive;

use super::{
    CostKind,
    known::Known,
    money::Yen,
    programmes::Origin,
    scenario::{Change, DEVICES_MOST, LATER_MOST, PERCENT, Scenario, Scenarios},
    smoothing::{Limit, Prefer},
};
use crate::error::{
    Both, FieldViolation, collect,
    says::{fields as say_field, renewal as say},
};

/// Id of the scenario in a report.
pub const WHAT_IF: &str = "what-if";
/// Id of the scenario of the petition, which says what "covered" is.
const COVERED: &str = "running-costs-covered";

/// What is different.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Devices and spares cost so many percent more, or less.
    pub price_percent: i16,
    /// They are renewed so many years later.
    pub later_years: u8,
    /// Whether renewal and running costs are covered, as the petition asks.
    pub is_covered: bool,
    /// How much a year renews at most, and where the rest goes.
    pub even: Option<(Limit, Prefer)>,
}

/// What was typed; nothing for what is not different.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what WhatIf says under its name")]
pub struct SaidWhatIf<'t> {
    pub price_percent: &'t str,
    pub later_years: &'t str,
    pub is_covered: bool,
    /// Most devices of a year.
    pub most_devices: &'t str,
    /// Most yen of a year, in the place of devices.
    pub most_yen: &'t str,
    /// Number of where the rest goes; earlier without it.
    pub prefer: &'t str,
}

/// A whole number with its sign, or nothing for 0.
fn number(field: &'static str, text: &str, range: RangeInclusive<i64>) -> Result<i64, FieldViolation> {
    let folded: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '−' { '-' } else { c }).collect();
    let bare = folded.trim_end_matches(['%', '年']);
    if bare.is_empty() {
        return Ok(0);
    }
    let found = bare.parse().ok().filter(|number| range.contains(number));
    found.ok_or_else(|| FieldViolation::new(field, say_field::whole_number(range.start(), range.end())))
}

/// How much a year renews at most, if that is said.
fn even(said: &SaidWhatIf<'_>) -> Result<Option<(Limit, Prefer)>, FieldViolation> {
    let prefer = match said.prefer {
        "" => Some(Prefer::Earlier),
        number => number.parse().ok().and_then(Prefer::from_number),
    };
    let prefer = prefer.ok_or_else(|| FieldViolation::new("prefer", say_field::unknown_value()))?;
    let devices = number("most_devices", said.most_devices.trim_end_matches('台'), 0..=DEVICES_MOST)?;
    let limit = match (u32::try_from(devices).unwrap_or_default(), said.most_yen) {
        (0, "") => return Ok(None),
        (0, yen) => Limit::Yen(Yen::parse("most_yen", yen)?),
        (devices, "") => Limit::Devices(devices),
        (_, _) => return Err(FieldViolation::new("most_yen", say::one_limit())),
    };
    Ok(Some((limit, prefer)))
}

impl WhatIf {
    /// Reads what was typed: `price_percent`, −90 to 300, `later_years`, 0 to 10, `most_devices` or `most_yen`, nothing for 0. All that
    /// is wrong is named.
    pub fn read(said: &SaidWhatIf<'_>) -> Result<Self, Vec<FieldViolation>> {
        let mut wrong = Vec::new();
        let price = collect(number("price_percent", said.price_percent, PERCENT), &mut wrong);
        let later = collect(number("later_years", said.later_years, 0..=LATER_MOST), &mut wrong);
        let even = collect(even(said), &mut wrong);
        let price = price.and_then(|price| i16::try_from(price).ok());
        let later = later.and_then(|later| u8::try_from(later).ok());
        match (price, later, even) {
            (Some(price_percent), Some(later_years), Some(even)) => {
                Ok(Self { price_percent, later_years, is_covered: said.is_covered, even })
            }
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
        changes.extend(self.even.map(|(limit, prefer)| Change::Even { limit, prefer }));
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
        let read = |price_percent, later_years| {
            WhatIf::read(&SaidWhatIf { price_percent, later_years, ..SaidWhatIf::default() })
        };
        let ten = WhatIf { price_percent: 10, later_years: 2, ..WhatIf::default() };
        assert_eq!(read("+10%", "2年"), Ok(ten));
        assert_eq!(read("−5", "").unwrap().price_percent, -5);
        assert!(read("", "").unwrap().is_nothing());
        let wrong = read("-91", "11").unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["price_percent", "later_years"]);
        assert!(read("高い", "0").is_err());
    }

    #[test]
    fn a_year_has_one_limit() {
        let read = |most_devices, most_yen, prefer| {
            WhatIf::read(&SaidWhatIf { most_devices, most_yen, prefer, ..SaidWhatIf::default() })
        };
        assert_eq!(read("300台", "", "").unwrap().even, Some((Limit::Devices(300), Prefer::Earlier)));
        let yen = Limit::Yen(Yen::new(2_000_000).unwrap());
        assert_eq!(read("", "2,000,000", "2").unwrap().even, Some((yen, Prefer::Later)));
        assert_eq!(read("", "", "2").unwrap(), WhatIf::default(), "nothing is limited");
        for (devices, yen, prefer, field) in [
            ("300", "1", "", "most_yen"),
            ("-1", "", "", "most_devices"),
            ("", "1.5", "", "most_yen"),
            ("1", "", "3", "prefer"),
        ] {
            assert_eq!(read(devices, yen, prefer).unwrap_err()[0].field, field);
        }
    }

    #[test]
    fn covered_is_what_the_petition_asks_for() {
        let covered = covers(&Scenarios::default());
        assert_eq!(covered.len(), 2);
        let none = Scenarios { source: String::new(), scenarios: Vec::new() };
        assert_eq!(covers(&none), covered, "an owner that has taken the scenario out gets the product's own");
    }
}
