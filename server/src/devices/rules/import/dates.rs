//! Dates of ledgers: as people write them, and the day numbers of spreadsheets.

use std::fmt;

use super::{cells::fold_text, problems::Problem};
use crate::access::rules::days::{NoDay, date_text, read_day};

/// A day of the calendar, shown as 2021-04-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(time::Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&date_text(self.0))
    }
}

/// Reads a day as [`read_day`] does, or a day number of a spreadsheet. Anything outside of 1989 to 2100 is a slip.
pub fn parse_date(text: &str) -> Result<Day, Problem> {
    let folded = fold_text(text);
    if folded.len() == 5
        && let Ok(number) = folded.parse::<u32>()
    {
        return from_spreadsheet(f64::from(number)).ok_or(Problem::DateUnreadable);
    }
    match read_day(&folded) {
        Ok(date) if (1989..=2100).contains(&date.year()) => Ok(Day(date)),
        Ok(_) => Err(Problem::DateFar),
        Err(NoDay::Unreadable) => Err(Problem::DateUnreadable),
        Err(NoDay::Impossible) => Err(Problem::DateImpossible),
        Err(NoDay::EraEnded { era, last }) => Err(Problem::EraEnded { era, last }),
    }
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
    fn day_numbers_of_spreadsheets_are_days() {
        for (text, day) in [("44287", "2021-04-01"), ("４４２８７", "2021-04-01"), ("R3.4.1", "2021-04-01")] {
            assert_eq!(parse_date(text).map(|day| day.to_string()), Ok(day.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_says_why() {
        use Problem::*;
        for (text, problem) in [
            ("2021/2/30", DateImpossible),
            ("H31.5.1", EraEnded { era: "平成", last: 31 }),
            ("S63.4.1", DateFar),
            ("1970/1/1", DateFar),
            ("2921/4/1", DateFar),
            ("昨年度", DateUnreadable),
            ("99999", DateUnreadable),
        ] {
            assert_eq!(parse_date(text).map(|day| day.to_string()), Err(problem), "{text}");
        }
    }
}
