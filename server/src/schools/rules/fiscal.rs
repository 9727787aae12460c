//! Fiscal years (年度, April to March).

use time::{Date, Month};
use unicode_normalization::UnicodeNormalization as _;

pub use crate::access::rules::days::{date_text, day_in_japan, parse_date};
use crate::{
    access::rules::days::Era,
    error::{FieldViolation, says},
};

/// A fiscal year: from 1 April of this calendar year to 31 March of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalYear(i32);

/// Fiscal years that are understood: before lies no ledger, after no plan.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

impl FiscalYear {
    /// The year that begins in April of this calendar year, if it is one that is kept: 2000 to 2100.
    pub fn starting_in(year: i32) -> Option<Self> {
        YEARS.contains(&year).then_some(Self(year))
    }

    /// The fiscal year of a day.
    pub fn of(date: Date) -> Self {
        Self(if date.month() as u8 >= 4 { date.year() } else { date.year() - 1 })
    }

    /// Reads `2025`, `2025年度`, `R7`, `令和7年度`, `令和元年度`, `H30`, in any width.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let bare = folded.trim_end_matches("年度").trim_end_matches('年');
        let year = match Era::split(bare) {
            Some((era, rest)) => rest.parse().ok().filter(|n| (1..=99).contains(n)).map(|n: i32| era.before + n),
            None => bare.parse().ok(),
        };
        year.and_then(Self::starting_in)
            .ok_or_else(|| FieldViolation::new(field, says::fields::no_fiscal_year(text.escape_debug())))
    }

    /// The calendar year in which it begins.
    pub fn year(self) -> i32 {
        self.0
    }

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        i64::from(self.0)
    }

    /// 1 April.
    pub fn first_day(self) -> Date {
        day(self.0, Month::April, 1)
    }

    /// 31 March of the next calendar year.
    pub fn last_day(self) -> Date {
        day(self.0 + 1, Month::March, 31)
    }

    /// As the heads of tables have it: R7, H30.
    pub fn letter(self) -> String {
        match self.0 {
            year if year > 2018 => format!("R{}", year - 2018),
            year => format!("H{}", year - 1988),
        }
    }

    /// As it is said in Japanese: 令和7年度.
    pub fn japanese(self) -> String {
        match self.0 {
            2019 => String::from("令和元年度"),
            year if year > 2019 => format!("令和{}年度", year - 2018),
            year => format!("平成{}年度", year - 1988),
        }
    }
}

fn day(year: i32, month: Month, day: u8) -> Date {
    Date::from_calendar_date(year, month, day).expect("the day exists in every year")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        parse_date("date", text).unwrap()
    }

    #[test]
    fn year_turns_on_the_first_of_april() {
        for (day, year) in [
            ("2026-03-31", 2025),
            ("2026-04-01", 2026),
            ("2024-02-29", 2023),
            ("2027-01-01", 2026),
            ("2026-12-31", 2026),
        ] {
            assert_eq!(FiscalYear::of(date(day)).year(), year, "{day}");
        }
        let year = FiscalYear::starting_in(2023).unwrap();
        assert_eq!(
            (date_text(year.first_day()), date_text(year.last_day())),
            ("2023-04-01".into(), "2024-03-31".into())
        );
    }

    #[test]
    fn years_are_read_in_every_spelling() {
        for text in ["2025", "R7", "r7", "令和7年度", "令和７年度", "Ｒ７", " 令和 7 年度 ", "2025年度"]
        {
            assert_eq!(FiscalYear::parse("fiscal_year", text).unwrap().year(), 2025, "{text}");
        }
        assert_eq!(FiscalYear::parse("y", "令和元年度").unwrap().japanese(), "令和元年度");
        assert_eq!(FiscalYear::parse("y", "平成30年度").unwrap().japanese(), "平成30年度");
        assert_eq!(FiscalYear::parse("y", "R7").unwrap().japanese(), "令和7年度");
        for text in ["H12", "H30", "R1", "R7", "R82"] {
            assert_eq!(FiscalYear::parse("y", text).unwrap().letter(), text);
        }
        for text in ["", "R", "R0", "R100", "7", "1999", "2101", "昭和60", "令和", "二〇二五"] {
            assert!(FiscalYear::parse("fiscal_year", text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_lies_in_its_fiscal_year(ordinal in 0_i32..36_000) {
            let date = Date::from_calendar_date(2000, Month::April, 1).unwrap() + time::Duration::days(i64::from(ordinal));
            let year = FiscalYear::of(date);
            prop_assert!(year.first_day() <= date && date <= year.last_day());
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,20}") {
            let _either_way = FiscalYear::parse("y", &text);
        }
    }
}
