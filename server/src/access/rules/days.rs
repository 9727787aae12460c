//! Days as people, Japanese files and the contract write them.

use time::{Date, Month};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    clock::Timestamp,
    error::{FieldViolation, says::fields as say},
};

/// Why a text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDay {
    /// It has not the form of one, or leaves open which one it is.
    Unreadable,
    /// The calendar does not have it.
    Impossible,
    /// The era was over by then.
    EraEnded {
        /// Name of the era.
        era: &'static str,
        /// Its last year.
        last: i32,
    },
}

/// An era of the Japanese calendar.
#[derive(Debug)]
pub struct Era {
    name: &'static str,
    letters: [&'static str; 3],
    /// The calendar year before its first.
    pub before: i32,
    last: Option<(i32, u32, u32)>,
}

const ERAS: [Era; 3] = [
    Era { name: "令和", letters: ["令和", "令", "r"], before: 2018, last: None },
    Era { name: "平成", letters: ["平成", "平", "h"], before: 1988, last: Some((2019, 4, 30)) },
    Era { name: "昭和", letters: ["昭和", "昭", "s"], before: 1925, last: Some((1989, 1, 7)) },
];

impl Era {
    /// The era at the head of a text in lower case, and the rest with 元 as 1.
    pub fn split(text: &str) -> Option<(&'static Self, String)> {
        ERAS.iter().find_map(|era| {
            let rest = era.letters.iter().find_map(|letters| text.strip_prefix(letters))?;
            Some((era, rest.replacen('元', "1", 1)))
        })
    }
}

/// Reads a day: 2021/4/1, 2021-04-01, 2021.4.1, 2021年4月1日, 20210401, R3.4.1, 令和3年4月1日, 令和元年5月1日, R030401, in any width; a
/// time of day behind it is dropped. Without a month or a day it is none, nor with a western year of two digits.
pub fn read_day(text: &str) -> Result<Date, NoDay> {
    let folded = text.nfkc().collect::<String>().to_lowercase();
    let folded = folded.trim();
    let (date, _time) = folded.split_once(|c: char| c == 't' || c.is_whitespace()).unwrap_or((folded, ""));
    // "2021 / 4 / 1" has blanks as well.
    let compact: String = match date.chars().filter(char::is_ascii_digit).count() {
        0..=4 => folded.chars().filter(|c| !c.is_whitespace()).collect(),
        _ => date.to_owned(),
    };
    let Some((era, rest)) = Era::split(&compact) else {
        let (year, month, day) = numbers(&compact, 8)?;
        return if year < 100 { Err(NoDay::Unreadable) } else { calendar_day(year, month, day) };
    };
    let (year, month, day) = numbers(&rest, 6)?;
    let western = era.before.saturating_add(year);
    if let Some(last) = era.last
        && (western, month, day) > last
    {
        return Err(NoDay::EraEnded { era: era.name, last: last.0 - era.before });
    }
    // 平成31年4月1日 is right, 令和元年4月1日 is a slip that everybody understands.
    if year < 1 { Err(NoDay::Unreadable) } else { calendar_day(western, month, day) }
}

/// Year, month and day with something between them, or as so many digits.
fn numbers(text: &str, digits: usize) -> Result<(i32, u32, u32), NoDay> {
    if let Some(all) = digits_only(text) {
        let number = |range: std::ops::Range<usize>| all[range].parse::<u32>().map_err(|_| NoDay::Unreadable);
        let month = digits - 4;
        return match all.len() == digits {
            true => Ok((year_of(number(0..month)?)?, number(month..month + 2)?, number(month + 2..digits)?)),
            false => Err(NoDay::Unreadable),
        };
    }
    let parts: Vec<&str> = text.trim_end_matches('日').split(['/', '-', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return Err(NoDay::Unreadable) };
    let number = |part: &str| match digits_only(part) {
        Some(digits) if digits.len() <= 4 => digits.parse::<u32>().map_err(|_| NoDay::Unreadable),
        _ => Err(NoDay::Unreadable),
    };
    Ok((year_of(number(year)?)?, number(month)?, number(day)?))
}

fn year_of(year: u32) -> Result<i32, NoDay> {
    i32::try_from(year).map_err(|_| NoDay::Unreadable)
}

fn digits_only(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

fn calendar_day(year: i32, month: u32, day: u32) -> Result<Date, NoDay> {
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let date = month.zip(u8::try_from(day).ok()).map(|(month, day)| Date::from_calendar_date(year, month, day));
    date.and_then(Result::ok).ok_or(NoDay::Impossible)
}

/// A day of 1900 to 2200, as [`read_day`] reads it.
pub fn parse_date(field: &'static str, text: &str) -> Result<Date, FieldViolation> {
    let told = text.escape_debug();
    let wrong = match read_day(text) {
        Ok(day) if (1900..=2200).contains(&day.year()) => return Ok(day),
        Ok(_) | Err(NoDay::Unreadable) => say::no_day(told),
        Err(NoDay::Impossible) => say::impossible_day(told),
        Err(NoDay::EraEnded { era, last }) => say::era_ended(told, era, last),
    };
    Err(FieldViolation::new(field, wrong))
}

/// A day as it is stored and as the contract spells it: `2026-04-01`.
pub fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month() as u8, date.day())
}

const NINE_HOURS: i64 = 9 * 3_600 * 1_000_000;
const DAY: i64 = 86_400 * 1_000_000;
/// Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// The day in Japan at a point in time, microseconds since the Unix epoch.
pub fn day_in_japan(micros: i64) -> Date {
    let days = micros.saturating_add(NINE_HOURS).div_euclid(DAY);
    i32::try_from(days)
        .ok()
        .and_then(|days| Date::from_julian_day(days.saturating_add(EPOCH)).ok())
        .unwrap_or(Date::MAX)
}

/// When a day begins in Japan.
pub fn midnight_in_japan(day: Date) -> Timestamp {
    Timestamp(i64::from(day.to_julian_day() - EPOCH) * DAY - NINE_HOURS)
}

/// The minute of the day in Japan at a moment.
pub fn minute_in_japan(at: Timestamp) -> i64 {
    (at.0 - midnight_in_japan(day_in_japan(at.0)).0).div_euclid(60_000_000)
}

/// A moment in Japan to the minute, for example 2026-11-26 09:40.
pub fn moment_in_japan(at: Timestamp) -> String {
    let minute = minute_in_japan(at);
    format!("{} {:02}:{:02}", date_text(day_in_japan(at.0)), minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_read_in_every_spelling() {
        for (text, day) in [
            ("2021/4/1", "2021-04-01"),
            ("2021-04-01", "2021-04-01"),
            ("2021.4.1", "2021-04-01"),
            ("2021年4月1日", "2021-04-01"),
            ("２０２１／０４／０１", "2021-04-01"),
            ("2021/4/1 0:00", "2021-04-01"),
            ("2021-04-01T09:00:00Z", "2021-04-01"),
            ("2021 / 4 / 1", "2021-04-01"),
            (" 2021-04-01 ", "2021-04-01"),
            ("20210401", "2021-04-01"),
            ("R3.4.1", "2021-04-01"),
            ("r3/4/1", "2021-04-01"),
            ("Ｒ３．４．１", "2021-04-01"),
            ("R030401", "2021-04-01"),
            ("令和3年4月1日", "2021-04-01"),
            ("令和３年４月１日", "2021-04-01"),
            ("令和 3年 4月 1日", "2021-04-01"),
            ("令和 3 年 4 月 1 日", "2021-04-01"),
            ("令和元年5月1日", "2019-05-01"),
            ("R元.10.1", "2019-10-01"),
            ("令3.4.1", "2021-04-01"),
            ("㋿3年4月1日", "2021-04-01"),
            ("H31.4.30", "2019-04-30"),
            ("平成31年4月30日", "2019-04-30"),
            ("S64.1.7", "1989-01-07"),
            ("2024/2/29", "2024-02-29"),
            ("R6.2.29", "2024-02-29"),
        ] {
            assert_eq!(read_day(text).map(date_text), Ok(day.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_says_why() {
        use NoDay::{EraEnded, Impossible, Unreadable};
        for (text, problem) in [
            ("2021/2/30", Impossible),
            ("2023/2/29", Impossible),
            ("R5.2.29", Impossible),
            ("2021/13/1", Impossible),
            ("R3.4.0", Impossible),
            ("H31.5.1", EraEnded { era: "平成", last: 31 }),
            ("平成32年4月1日", EraEnded { era: "平成", last: 31 }),
            ("S64.1.8", EraEnded { era: "昭和", last: 64 }),
            ("令和0年4月1日", Unreadable),
            ("令和3年4月", Unreadable),
            ("R3", Unreadable),
            ("21/4/1", Unreadable),
            ("4/1/2021", Unreadable),
            ("昨年度", Unreadable),
            ("12", Unreadable),
            ("44287", Unreadable),
            ("2021/4/1/1", Unreadable),
            ("2026-04", Unreadable),
            ("-", Unreadable),
            ("", Unreadable),
            ("１", Unreadable),
        ] {
            assert_eq!(read_day(text), Err(problem), "{text}");
        }
        assert!(parse_date("date", "1899-12-31").is_err() && parse_date("date", "1900-01-01").is_ok());
    }

    #[test]
    fn day_turns_at_midnight_in_japan() {
        assert_eq!(date_text(day_in_japan(0)), "1970-01-01");
        // 2026-03-31 14:59:59 and 15:00:00 UTC.
        assert_eq!(date_text(day_in_japan(1_774_969_199_000_000)), "2026-03-31");
        assert_eq!(date_text(day_in_japan(1_774_969_200_000_000)), "2026-04-01");
        assert_eq!(midnight_in_japan(day_in_japan(1_774_969_200_000_000)), Timestamp(1_774_969_200_000_000));
        let _no_panic = (day_in_japan(i64::MAX), day_in_japan(i64::MIN));
        assert_eq!(minute_in_japan(Timestamp(1_774_969_199_000_000)), 23 * 60 + 59);
        assert_eq!(minute_in_japan(Timestamp(1_774_969_200_000_000)), 0);
        assert_eq!(moment_in_japan(Timestamp(1_774_969_199_000_000)), "2026-03-31 23:59");
        let _no_panic = (midnight_in_japan(Date::MIN), midnight_in_japan(Date::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_day_is_read_back(days in 0..70_000_i32) {
            let date = Date::from_julian_day(2_440_588 + days).unwrap();
            prop_assert_eq!(parse_date("d", &date_text(date)).unwrap(), date);
            prop_assert_eq!(parse_date("d", &crate::console::format::japanese_date(date)).unwrap(), date);
            prop_assert_eq!(day_in_japan(midnight_in_japan(date).0), date);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,20}") {
            let _either_way = read_day(&text);
        }
    }
}
