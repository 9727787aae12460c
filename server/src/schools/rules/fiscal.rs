//! Fiscal years (年度, April to March) and dates as Japanese files and pages write them.

use time::{Date, Month};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::FieldViolation;

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
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let bare = folded.trim_end_matches("年度").trim_end_matches('年');
        let year = match split_era(bare) {
            Some((era, rest)) => era_number(rest).map(|number| era + number),
            None => bare.parse().ok(),
        };
        year.and_then(Self::starting_in).ok_or_else(|| {
            FieldViolation::new(
                field,
                format!("{text:?} is no fiscal year from 2000 to 2100, for example 2025, R7 or 令和7年度"),
            )
        })
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

/// The calendar year before the first of an era, and what stands behind its sign.
fn split_era(text: &str) -> Option<(i32, &str)> {
    [("令和", 2018), ("R", 2018), ("r", 2018), ("平成", 1988), ("H", 1988), ("h", 1988)]
        .into_iter()
        .find_map(|(sign, before)| text.strip_prefix(sign).map(|rest| (before, rest)))
}

fn era_number(text: &str) -> Option<i32> {
    if text == "元" { Some(1) } else { text.parse().ok().filter(|number| (1..=99).contains(number)) }
}

/// Reads a day as files write it: `2026-04-01`, `2026/4/1`, `2026.4.1`, `2026年4月1日`, `R8.4.1`, `令和8年4月1日`, in any width.
pub fn parse_date(field: &'static str, text: &str) -> Result<Date, FieldViolation> {
    let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
    let refuse =
        || FieldViolation::new(field, format!("{text:?} is no day, for example 2026-04-01, R8.4.1 or 令和8年4月1日"));
    let (before, rest) = split_era(&folded).map_or((None, folded.as_str()), |(before, rest)| (Some(before), rest));
    let parts: Vec<&str> = rest.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let [year, month, day] = parts[..] else { return Err(refuse()) };
    let year = match before {
        Some(before) => era_number(year).map(|number| before + number),
        None => year.parse().ok().filter(|year| (1900..=2200).contains(year)),
    };
    let (year, month, day) = (
        year.ok_or_else(refuse)?,
        month.parse::<u8>().map_err(|_| refuse())?,
        day.parse::<u8>().map_err(|_| refuse())?,
    );
    Month::try_from(month).ok().and_then(|month| Date::from_calendar_date(year, month, day).ok()).ok_or_else(refuse)
}

/// A day as it is stored and as the contract spells it: `2026-04-01`.
pub fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month() as u8, date.day())
}

/// The day in Japan at a point in time, microseconds since the Unix epoch.
pub fn day_in_japan(micros: i64) -> Date {
    const EPOCH: i32 = 2_440_588;
    const NINE_HOURS: i64 = 9 * 3_600 * 1_000_000;
    let days = micros.saturating_add(NINE_HOURS).div_euclid(86_400 * 1_000_000);
    i32::try_from(days)
        .ok()
        .and_then(|days| Date::from_julian_day(days.saturating_add(EPOCH)).ok())
        .unwrap_or(Date::MAX)
}

/// A day in the Japanese era: 令和8年4月1日; 平成 before 1 May 2019.
pub fn japanese_date(date: Date) -> String {
    let (era, year) =
        if date >= day(2019, Month::May, 1) { ("令和", date.year() - 2018) } else { ("平成", date.year() - 1988) };
    let year = if year == 1 { String::from("元") } else { year.to_string() };
    format!("{era}{year}年{}月{}日", date.month() as u8, date.day())
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
        for text in ["", "R", "R0", "R100", "7", "1999", "2101", "昭和60", "令和", "二〇二五"] {
            assert!(FiscalYear::parse("fiscal_year", text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_read_in_every_spelling() {
        for text in [
            "2026-04-01",
            "2026/4/1",
            "2026.4.1",
            "R8.4.1",
            "Ｒ８．４．１",
            "令和8年4月1日",
            "2026年4月1日",
            "令和 8 年 4 月 1 日",
        ] {
            assert_eq!(date_text(date(text)), "2026-04-01", "{text}");
        }
        assert_eq!(japanese_date(date("2026-04-01")), "令和8年4月1日");
        assert_eq!(japanese_date(date("2019-05-01")), "令和元年5月1日");
        assert_eq!(japanese_date(date("2019-04-30")), "平成31年4月30日");
        for text in ["", "2026-02-29", "2026-13-01", "2026-04", "R8.4", "あ", "2026-04-01-01", "１"] {
            assert!(parse_date("date", text).is_err(), "{text}");
        }
    }

    #[test]
    fn day_turns_at_midnight_in_japan() {
        assert_eq!(date_text(day_in_japan(0)), "1970-01-01");
        // 2026-03-31 14:59:59 and 15:00:00 UTC.
        assert_eq!(date_text(day_in_japan(1_774_969_199_000_000)), "2026-03-31");
        assert_eq!(date_text(day_in_japan(1_774_969_200_000_000)), "2026-04-01");
        let _no_panic = (day_in_japan(i64::MAX), day_in_japan(i64::MIN));
    }

    proptest! {
        #[test]
        fn every_day_lies_in_its_fiscal_year_and_comes_back(ordinal in 0_i32..36_000) {
            let date = Date::from_calendar_date(2000, Month::April, 1).unwrap() + time::Duration::days(i64::from(ordinal));
            let year = FiscalYear::of(date);
            prop_assert!(year.first_day() <= date && date <= year.last_day());
            prop_assert_eq!(parse_date("d", &date_text(date)).unwrap(), date);
            prop_assert_eq!(parse_date("d", &japanese_date(date)).unwrap(), date);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,20}") {
            let _either_way = (FiscalYear::parse("y", &text), parse_date("d", &text));
        }
    }
}
