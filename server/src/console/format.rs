//! How numbers, times and dates look to a person. Times are those of Japan, which has had no summer time since 1951.

use time::{Date, Month, OffsetDateTime, UtcOffset};

use super::words::Language;
use crate::clock::Timestamp;

/// Japan's distance from UTC.
const JAPAN: UtcOffset = match UtcOffset::from_hms(9, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A number with its thousands apart: 1,234,567.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of a whole in whole percent; "–" of nothing.
pub fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return String::from("–");
    }
    format!("{}%", (part * 100 + whole / 2) / whole)
}

/// The local date and time of a moment; none for moments outside the calendar.
fn local(at: Timestamp) -> Option<OffsetDateTime> {
    let utc = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000_000)).ok()?;
    Some(utc.to_offset(JAPAN))
}

/// The day in Japan at a moment.
pub fn day(at: Timestamp) -> Option<Date> {
    local(at).map(OffsetDateTime::date)
}

/// A moment: "11月23日 08:40" / "23 Nov 08:40", with the year if it is not this one. No moment is "なし" / "Never".
pub fn moment(language: Language, at: Option<Timestamp>, now: Timestamp) -> String {
    let Some(at) = at.filter(|at| at.0 > 0).and_then(local) else {
        return language.words().shell.never.to_owned();
    };
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    let this_year = local(now).is_some_and(|now| now.year() == at.year());
    format!("{} {clock}", date_of(language, at.date(), !this_year))
}

/// A moment with seconds and year, for records: "2026-11-23 08:40:12".
pub fn record_moment(at: Timestamp) -> String {
    local(at).map_or_else(
        || String::from("–"),
        |at| {
            let (hour, minute, second) = at.to_hms();
            format!("{} {hour:02}:{minute:02}:{second:02}", iso_date(at.date()))
        },
    )
}

/// A moment for `datetime` of HTML: "2026-11-23T08:40:12+09:00".
pub fn machine_moment(at: Timestamp) -> String {
    local(at).map_or_else(String::new, |at| {
        let (hour, minute, second) = at.to_hms();
        format!("{}T{hour:02}:{minute:02}:{second:02}+09:00", iso_date(at.date()))
    })
}

/// A date with its year: "2026年11月23日" / "23 Nov 2026". No date is "なし" / "Never".
pub fn date(language: Language, date: Option<Date>) -> String {
    date.map_or_else(|| language.words().shell.never.to_owned(), |date| date_of(language, date, true))
}

/// A date of about now without its year: "11月23日" / "23 Nov".
pub fn short_date(language: Language, date: Date) -> String {
    date_of(language, date, false)
}

/// A date for a field of a form: "2026-11-23".
pub fn iso_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// A date of the Japanese calendar: "令和8年11月23日"; before 令和 with the year of our era.
pub fn japanese_date(date: Date) -> String {
    let reiwa = Date::from_calendar_date(2019, Month::May, 1).is_ok_and(|start| date >= start);
    if !reiwa {
        return date_of(Language::Ja, date, true);
    }
    let year = match date.year() - 2018 {
        1 => String::from("元"),
        year => year.to_string(),
    };
    format!("令和{year}年{}月{}日", u8::from(date.month()), date.day())
}

/// How long ago: "3分前" / "3 min ago".
pub fn ago(language: Language, at: Option<Timestamp>, now: Timestamp) -> String {
    let Some(at) = at.filter(|at| at.0 > 0) else { return language.words().shell.never.to_owned() };
    let seconds = now.since(at).as_secs();
    match seconds {
        0..60 => language.choose(String::from("たった今"), String::from("just now")),
        60..3_600 => language.choose(format!("{}分前", seconds / 60), format!("{} min ago", seconds / 60)),
        3_600..86_400 => language.choose(format!("{}時間前", seconds / 3_600), format!("{} h ago", seconds / 3_600)),
        _ => {
            let days = seconds / 86_400;
            let plural = if days == 1 { "day" } else { "days" };
            language.choose(format!("{days}日前"), format!("{days} {plural} ago"))
        }
    }
}

fn date_of(language: Language, date: Date, with_year: bool) -> String {
    let (year, month, day) = (date.year(), usize::from(u8::from(date.month())), date.day());
    let text = language.choose(format!("{month}月{day}日"), format!("{day} {}", MONTHS[month - 1]));
    match (with_year, language) {
        (false, _) => text,
        (true, Language::Ja) => format!("{year}年{text}"),
        (true, Language::En) => format!("{text} {year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 08:40:12 in Japan.
    const MONDAY: Timestamp = Timestamp(1_795_390_812_000_000);

    #[test]
    fn times_are_those_of_japan() {
        assert_eq!(moment(Language::Ja, Some(MONDAY), MONDAY), "11月23日 08:40");
        assert_eq!(moment(Language::En, Some(MONDAY), MONDAY), "23 Nov 08:40");
        let last_year = Timestamp(MONDAY.0 - 366 * 86_400_000_000);
        assert_eq!(moment(Language::Ja, Some(last_year), MONDAY), "2025年11月22日 08:40");
        assert_eq!(record_moment(MONDAY), "2026-11-23 08:40:12");
        assert_eq!(machine_moment(MONDAY), "2026-11-23T08:40:12+09:00");
    }

    #[test]
    fn zero_and_none_are_never_and_not_1970() {
        assert_eq!(moment(Language::En, Some(Timestamp(0)), MONDAY), "Never");
        assert_eq!(moment(Language::Ja, None, MONDAY), "なし");
        assert_eq!(ago(Language::Ja, Some(Timestamp(0)), MONDAY), "なし");
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!([number(0), number(999), number(1_000), number(-1_234_567)], ["0", "999", "1,000", "−1,234,567"]);
        assert_eq!([percent(1, 3), percent(0, 0), percent(2, 3)], ["33%", "–", "67%"]);
    }

    #[test]
    fn reiwa_begins_in_may_2019() {
        let day = |year, month, day| Date::from_calendar_date(year, month, day).unwrap();
        assert_eq!(japanese_date(day(2019, Month::May, 1)), "令和元年5月1日");
        assert_eq!(japanese_date(day(2026, Month::November, 23)), "令和8年11月23日");
        assert_eq!(japanese_date(day(2019, Month::April, 30)), "2019年4月30日");
    }
}
