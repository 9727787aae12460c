//! Periods of years and months from a day, as the Civil Code counts them.

use time::{Date, Duration, Month, util::days_in_month};

/// The last day of a period of years that begins with a delivery. The day of delivery is not counted, and the period
/// ends on the day before the one that corresponds to its first, or with the month where there is none (民法
/// 第140条・第143条): four years from 2020-02-29 end on 2024-02-29, one year on 2021-02-28. `Date::MAX` where the calendar
/// ends before.
pub fn last_day_of_years(delivered: Date, years: u8) -> Date {
    let Some(first) = delivered.next_day() else { return Date::MAX };
    let year = first.year() + i32::from(years);
    match Date::from_calendar_date(year, first.month(), first.day()) {
        Ok(day) => day - Duration::DAY,
        Err(_) => Date::from_calendar_date(year, Month::February, 28).unwrap_or(Date::MAX),
    }
}

/// The day so many months later, or the last one of that month where it is shorter. `Date::MAX` where the calendar ends
/// before.
pub fn months_later(day: Date, months: u16) -> Date {
    let months = i32::from(day.month() as u8) - 1 + i32::from(months);
    let year = day.year() + months.div_euclid(12);
    let month = u8::try_from(months.rem_euclid(12)).ok().and_then(|month| Month::try_from(month + 1).ok());
    let month = month.expect("a rest of twelve and one is a month");
    Date::from_calendar_date(year, month, day.day().min(days_in_month(month, year))).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::rules::days::{date_text, parse_date};

    fn day(text: &str) -> Date {
        parse_date("day", text).unwrap()
    }

    #[test]
    fn years_end_as_the_civil_code_says() {
        for (delivered, years, last) in [
            ("2021-03-31", 4, "2025-03-31"),
            ("2021-04-01", 4, "2025-04-01"),
            ("2020-02-29", 4, "2024-02-29"),
            ("2020-02-29", 1, "2021-02-28"),
            ("2020-02-28", 4, "2024-02-28"),
            ("2020-02-28", 1, "2021-02-28"),
            ("2023-02-28", 1, "2024-02-29"),
            ("2019-12-31", 5, "2024-12-31"),
            ("令和元年5月1日", 4, "2023-05-01"),
            ("平成31年4月30日", 4, "2023-04-30"),
            ("2096-02-29", 4, "2100-02-28"),
        ] {
            assert_eq!(date_text(last_day_of_years(day(delivered), years)), last, "{delivered} and {years}");
        }
        assert_eq!(last_day_of_years(Date::MAX, 4), Date::MAX);
    }

    #[test]
    fn months_end_with_shorter_months() {
        for (from, months, to) in [
            ("2024-01-31", 1, "2024-02-29"),
            ("2023-01-31", 1, "2023-02-28"),
            ("2021-12-15", 60, "2026-12-15"),
            ("2021-04-01", 0, "2021-04-01"),
        ] {
            assert_eq!(date_text(months_later(day(from), months)), to, "{from} and {months}");
        }
        assert_eq!(months_later(Date::MAX, 1), Date::MAX);
    }

    proptest! {
        #[test]
        fn day_after_the_period_corresponds_to_its_first(ordinal in 0_i32..40_000, years in 0_u8..20) {
            let delivered = day("2000-01-01") + Duration::days(i64::from(ordinal));
            let last = last_day_of_years(delivered, years);
            let (first, after) = (delivered + Duration::DAY, last + Duration::DAY);
            prop_assert_eq!(after.year(), first.year() + i32::from(years));
            let corresponds = (after.month(), after.day()) == (first.month(), first.day());
            let is_leap_day = (first.month(), first.day()) == (Month::February, 29);
            let no_leap_day = is_leap_day && (after.month(), after.day()) == (Month::March, 1);
            prop_assert!(corresponds || no_leap_day);
            prop_assert!(last_day_of_years(delivered + Duration::DAY, years) >= last);
        }
    }
}
