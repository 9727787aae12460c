//! Data that comes with the software: municipalities and national holidays, each with its source and date in its file.

use super::{MunicipalityCode, calendar::Holidays, fiscal::parse_date};

const TOKYO: &str = include_str!("../../../data/municipalities-tokyo.csv");
const HOLIDAYS: &str = include_str!("../../../data/national-holidays.csv");

/// What stands as the source of a national holiday that came with the software.
pub const HOLIDAY_SOURCE: &str = "内閣府「国民の祝日について」 2026-11-23";

/// A municipality that is there without anybody adding it.
#[derive(Debug, Clone)]
pub struct BuiltInMunicipality {
    /// 全国地方公共団体コード.
    pub code: MunicipalityCode,
    /// Its name.
    pub name: &'static str,
    /// 都, 特別区, 市, 町 or 村.
    pub kind: &'static str,
}

fn rows(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

/// 東京都 and its 62 municipalities, by code.
pub fn municipalities() -> Vec<BuiltInMunicipality> {
    rows(TOKYO)
        .map(|row| {
            let mut cells = row.split(',');
            let mut cell = || cells.next().expect("a row has three cells; tested");
            let code = MunicipalityCode::parse(cell()).expect("the check digits are right; tested");
            BuiltInMunicipality { code, name: cell(), kind: cell() }
        })
        .collect()
}

/// The national holidays that are known to the software.
pub fn national_holidays() -> Holidays {
    rows(HOLIDAYS)
        .map(|row| {
            let (date, name) = row.split_once(',').expect("a row has two cells; tested");
            (parse_date("date", date).expect("the days exist; tested"), name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use time::{Date, Duration, Month, Weekday};

    use super::*;

    #[test]
    fn tokyo_has_63_bodies_with_right_codes_and_names_once() {
        let all = municipalities();
        assert_eq!(all.len(), 63);
        let count = |kind: &str| all.iter().filter(|m| m.kind == kind).count();
        assert_eq!(["都", "特別区", "市", "町", "村"].map(count), [1, 23, 26, 5, 8]);
        assert_eq!(all.iter().map(|m| m.code.as_str()).collect::<BTreeSet<_>>().len(), 63);
        // Names are unique within Tokyo only: there is a 府中市 in 広島 and a 北区 in six other cities.
        assert_eq!(all.iter().map(|m| m.name).collect::<BTreeSet<_>>().len(), 63);
        assert!(all.iter().any(|m| m.code.as_str() == "132063" && m.name == "府中市"));
    }

    fn nth_monday(year: i32, month: Month, n: i64) -> Date {
        let first = Date::from_calendar_date(year, month, 1).unwrap();
        let to_monday = (7 - i64::from(first.weekday().number_days_from_monday())) % 7;
        first + Duration::days(to_monday + 7 * (n - 1))
    }

    /// The law, written down a second time: fixed days, Mondays, equinoxes as announced, substitutes, days between.
    fn by_law(year: i32) -> BTreeMap<Date, String> {
        let day = |month, day| Date::from_calendar_date(year, month, day).unwrap();
        let (spring, autumn) = match year {
            2024 => (20, 22),
            2025 | 2026 => (20, 23),
            2027 => (21, 23),
            _ => unreachable!(),
        };
        let mut days: BTreeMap<Date, String> = [
            (day(Month::January, 1), "元日"),
            (nth_monday(year, Month::January, 2), "成人の日"),
            (day(Month::February, 11), "建国記念の日"),
            (day(Month::February, 23), "天皇誕生日"),
            (day(Month::March, spring), "春分の日"),
            (day(Month::April, 29), "昭和の日"),
            (day(Month::May, 3), "憲法記念日"),
            (day(Month::May, 4), "みどりの日"),
            (day(Month::May, 5), "こどもの日"),
            (nth_monday(year, Month::July, 3), "海の日"),
            (day(Month::August, 11), "山の日"),
            (nth_monday(year, Month::September, 3), "敬老の日"),
            (day(Month::September, autumn), "秋分の日"),
            (nth_monday(year, Month::October, 2), "スポーツの日"),
            (day(Month::November, 3), "文化の日"),
            (day(Month::November, 23), "勤労感謝の日"),
        ]
        .into_iter()
        .map(|(date, name)| (date, name.to_owned()))
        .collect();
        let holidays: Vec<Date> = days.keys().copied().collect();
        for date in &holidays {
            if date.weekday() == Weekday::Sunday {
                let mut substitute = *date;
                while holidays.contains(&substitute) {
                    substitute += Duration::DAY;
                }
                days.insert(substitute, String::from("振替休日"));
            }
            let (between, after) = (*date + Duration::DAY, *date + Duration::days(2));
            if holidays.contains(&after) && !days.contains_key(&between) {
                days.insert(between, String::from("国民の休日"));
            }
        }
        days
    }

    #[test]
    fn holidays_are_those_of_the_law() {
        let expected: BTreeMap<Date, String> = (2024..=2027).flat_map(by_law).collect();
        assert_eq!(national_holidays(), expected);
    }
}
