//! Dates as ledgers write them: 和暦, western, digits only, and the day numbers of spreadsheets.

use std::fmt;

use super::{cells::fold_text, problems::Problem};

/// A day of the calendar, shown as 2021-04-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(time::Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl Day {
    /// A day by its numbers. Anything outside of 1989 to 2100 is a slip.
    pub fn new(year: i32, month: u32, day: u32) -> Result<Self, Problem> {
        let date = u8::try_from(month)
            .ok()
            .and_then(|month| time::Month::try_from(month).ok())
            .zip(u8::try_from(day).ok())
            .and_then(|(month, day)| time::Date::from_calendar_date(year, month, day).ok())
            .ok_or(Problem::DateImpossible)?;
        if !(1989..=2100).contains(&year) {
            return Err(Problem::DateFar);
        }
        Ok(Self(date))
    }
}

struct Era {
    name: &'static str,
    letters: [&'static str; 3],
    /// The year before its first.
    before: i32,
    first: i32,
    last: Option<(i32, u32, u32)>,
}

const ERAS: [Era; 3] = [
    Era { name: "令和", letters: ["令和", "令", "r"], before: 2018, first: 2019, last: None },
    Era { name: "平成", letters: ["平成", "平", "h"], before: 1988, first: 1989, last: Some((2019, 4, 30)) },
    Era { name: "昭和", letters: ["昭和", "昭", "s"], before: 1925, first: 1926, last: Some((1989, 1, 7)) },
];

/// Reads a date: 2021/4/1, 2021-04-01, 2021.4.1, 2021年4月1日, 20210401, R3.4.1, 令和3年4月1日, 令和元年5月1日, a day number of
/// a spreadsheet; a time of day behind it is dropped. Without a month or day it is no date.
pub fn parse_date(text: &str) -> Result<Day, Problem> {
    let folded = fold_text(text).to_lowercase();
    let (date, _time) = folded.split_once(['t', ' ']).unwrap_or((&folded, ""));
    // "2021 / 4 / 1" has blanks as well.
    let compact: String = match date.chars().filter(char::is_ascii_digit).count() {
        0..=4 => folded.chars().filter(|c| !c.is_whitespace()).collect(),
        _ => date.to_owned(),
    };
    for era in &ERAS {
        let Some(rest) = era.letters.iter().find_map(|letters| compact.strip_prefix(letters)) else { continue };
        let rest = rest.replacen('元', "1", 1);
        let (year, month, day) = match digits_only(&rest) {
            // R030401
            Some(digits) if digits.len() == 6 => split_digits(digits, 2),
            Some(_) => return Err(Problem::DateUnreadable),
            None => split(&rest)?,
        };
        let western = era.before.saturating_add(year);
        if let Some(last) = era.last
            && (western, month, day) > last
        {
            return Err(Problem::EraEnded { era: era.name, last: last.0 - era.before });
        }
        // 平成31年4月1日 is right, 令和元年4月1日 is a slip that everybody understands.
        if western < era.first {
            return Err(Problem::DateUnreadable);
        }
        return Day::new(western, month, day);
    }
    let (year, month, day) = match digits_only(&compact) {
        Some(digits) if digits.len() == 8 => split_digits(digits, 4),
        Some(digits) if digits.len() == 5 => {
            let number = digits.parse::<u32>().map_err(|_| Problem::DateUnreadable)?;
            return from_spreadsheet(f64::from(number)).ok_or(Problem::DateUnreadable);
        }
        Some(_) => return Err(Problem::DateUnreadable),
        None => split(&compact)?,
    };
    if year < 100 {
        // Day first, or a year of two digits: nobody knows which.
        return Err(Problem::DateUnreadable);
    }
    Day::new(year, month, day)
}

fn digits_only(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

fn split_digits(digits: &str, year: usize) -> (i32, u32, u32) {
    let number = |range: std::ops::Range<usize>| digits[range].parse().unwrap_or(0);
    (i32::try_from(number(0..year)).unwrap_or(0), number(year..year + 2), number(year + 2..year + 4))
}

fn split(text: &str) -> Result<(i32, u32, u32), Problem> {
    let text = text.trim_end_matches('日');
    let parts: Vec<&str> = text.split(['/', '-', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return Err(Problem::DateUnreadable) };
    let number = |part: &str| match digits_only(part) {
        Some(digits) if digits.len() <= 4 => digits.parse::<u32>().map_err(|_| Problem::DateUnreadable),
        _ => Err(Problem::DateUnreadable),
    };
    let year = i32::try_from(number(year)?).map_err(|_| Problem::DateUnreadable)?;
    Ok((year, number(month)?, number(day)?))
}

/// The day that a spreadsheet counts from 1899-12-30, between 1989 and 2100.
pub fn from_spreadsheet(number: f64) -> Option<Day> {
    // 1989-01-01 and 2100-12-31.
    if !(32_509.0..73_416.0).contains(&number) {
        return None;
    }
    let epoch = time::Date::from_calendar_date(1899, time::Month::December, 30).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the number is between two bounds of five digits")]
    let days = number as i64;
    epoch.checked_add(time::Duration::days(days)).map(Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_ledgers_are_read() {
        for (text, day) in [
            ("2021/4/1", "2021-04-01"),
            ("2021-04-01", "2021-04-01"),
            ("2021.4.1", "2021-04-01"),
            ("2021年4月1日", "2021-04-01"),
            ("２０２１／０４／０１", "2021-04-01"),
            ("2021/4/1 0:00", "2021-04-01"),
            ("2021-04-01T09:00:00Z", "2021-04-01"),
            ("2021 / 4 / 1", "2021-04-01"),
            ("20210401", "2021-04-01"),
            ("R3.4.1", "2021-04-01"),
            ("r3/4/1", "2021-04-01"),
            ("Ｒ３．４．１", "2021-04-01"),
            ("R030401", "2021-04-01"),
            ("令和3年4月1日", "2021-04-01"),
            ("令和３年４月１日", "2021-04-01"),
            ("令和 3年 4月 1日", "2021-04-01"),
            ("令和元年5月1日", "2019-05-01"),
            ("R元.10.1", "2019-10-01"),
            ("令3.4.1", "2021-04-01"),
            ("㋿3年4月1日", "2021-04-01"),
            ("H31.4.30", "2019-04-30"),
            ("平成31年4月30日", "2019-04-30"),
            ("S64.1.7", "1989-01-07"),
            ("44287", "2021-04-01"),
            ("2024/2/29", "2024-02-29"),
            ("R6.2.29", "2024-02-29"),
        ] {
            assert_eq!(parse_date(text).map(|day| day.to_string()), Ok(day.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_says_why() {
        use Problem::*;
        for (text, problem) in [
            ("2021/2/30", DateImpossible),
            ("2023/2/29", DateImpossible),
            ("R5.2.29", DateImpossible),
            ("2021/13/1", DateImpossible),
            ("R3.4.0", DateImpossible),
            ("H31.5.1", EraEnded { era: "平成", last: 31 }),
            ("平成32年4月1日", EraEnded { era: "平成", last: 31 }),
            ("S64.1.8", EraEnded { era: "昭和", last: 64 }),
            ("S63.4.1", DateFar),
            ("1970/1/1", DateFar),
            ("2921/4/1", DateFar),
            ("令和3年4月", DateUnreadable),
            ("R3", DateUnreadable),
            ("21/4/1", DateUnreadable),
            ("4/1/2021", DateUnreadable),
            ("昨年度", DateUnreadable),
            ("12", DateUnreadable),
            ("99999", DateUnreadable),
            ("2021/4/1/1", DateUnreadable),
            ("-", DateUnreadable),
        ] {
            assert_eq!(parse_date(text).map(|day| day.to_string()), Err(problem), "{text}");
        }
    }
}
