//! The school calendar in short: today, this week and the next, the days off ahead, the lessons of today.

use time::{Date, Duration};

use crate::{
    access::rules::Staff,
    clock::Timestamp,
    console::{Language, Shell, format, words::schools as words},
    error::Result,
    overview::pages::OverviewPages,
    schools::{
        rules::calendar::{LessonTime, PeriodKind, SchoolDay, Why},
        service::calendar::CalendarOf,
    },
};

/// Days that are looked at ahead of today.
const AHEAD: i64 = 120;
/// Days of the strip: this week and the next.
const STRIP: usize = 14;
/// Lines of what is ahead.
const LINES: usize = 6;

/// What a page says of a calendar.
pub(super) struct CalendarCard {
    /// Whether there is school today.
    pub is_school_day: bool,
    /// Today with its weekday.
    pub today: String,
    /// Why there is school today, or none.
    pub why: String,
    /// This week and the next.
    pub strip: Vec<StripDay>,
    /// Days off, and school on days off, ahead.
    pub ahead: Vec<Ahead>,
    /// Terms of the fiscal year.
    pub terms: Vec<Term>,
    /// Today's lessons; empty on a day without school.
    pub lessons: Vec<Lesson>,
}

/// A day of the strip.
pub(super) struct StripDay {
    pub weekday: &'static str,
    pub day: u8,
    pub school: bool,
    pub today: bool,
    /// The whole date with why, for who hears it or points at it.
    pub title: String,
}

/// Some days in a row ahead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    pub days: String,
    pub name: String,
    pub why: &'static str,
    pub school: bool,
}

/// A term of the year.
pub(super) struct Term {
    pub name: String,
    pub days: String,
    pub now: bool,
}

/// A lesson of today.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lesson {
    pub name: String,
    pub time: String,
    pub now: bool,
}

impl CalendarCard {
    /// Reads the calendar of a school, or of an owner.
    pub async fn of(pages: &OverviewPages, staff: &Staff, shell: &Shell, of: CalendarOf) -> Result<Self> {
        let today = pages.schools.today();
        let monday = today - Duration::days(i64::from(today.weekday().number_days_from_monday()));
        let days = pages.schools.school_days(staff, of, monday, today + Duration::days(AHEAD)).await?;
        let periods = pages.schools.calendar(staff, of, pages.schools.fiscal_year()).await?;
        let (lessons, _) = pages.schools.lesson_times(staff, of).await?;
        let lessons: Vec<_> = lessons.into_iter().map(|(lesson, _)| lesson).collect();
        let language = shell.language;
        let now = days.iter().find(|(date, _)| *date == today);
        let is_school_day = now.is_some_and(|(_, day)| day.is_school_day);
        let terms = periods.iter().filter(|(period, _)| period.kind == PeriodKind::Term).map(|(period, _)| Term {
            name: period.name.clone(),
            days: range(language, period.first, period.last),
            now: period.first <= today && today <= period.last,
        });
        Ok(Self {
            is_school_day,
            today: day_text(language, today),
            why: now.map(|(_, day)| reason(language, day)).unwrap_or_default(),
            strip: days.iter().take(STRIP).map(|(date, day)| strip_day(language, *date, day, today)).collect(),
            ahead: ahead(language, &days, today),
            terms: terms.collect(),
            lessons: if is_school_day { lessons_of(language, &lessons, today, shell.now) } else { Vec::new() },
        })
    }
}

fn weekday(language: Language, date: Date) -> &'static str {
    words::weekday_text(language, date.weekday().number_from_monday())
}

/// A day with its weekday: "11月25日（水）" / "Wed 25 Nov".
pub(in crate::overview::pages) fn day_text(language: Language, date: Date) -> String {
    let day = format::short_date(language, date);
    let weekday = weekday(language, date);
    language.choose(format!("{day}（{weekday}）"), format!("{weekday} {day}"))
}

fn range(language: Language, first: Date, last: Date) -> String {
    if first == last {
        return day_text(language, first);
    }
    let mark = language.choose("〜", " – ");
    format!("{}{mark}{}", format::short_date(language, first), format::short_date(language, last))
}

fn why_name(why: Why) -> &'static str {
    match why {
        Why::Ordinary => "ordinary",
        Why::Extra => "extra",
        Why::Vacation => "vacation",
        Why::DayOff => "day_off",
        Why::NationalHoliday => "national_holiday",
        Why::Weekend => "weekend",
        Why::OutsideTerm => "outside_term",
    }
}

/// Why a day is as it is, with what it is called.
pub(in crate::overview::pages) fn reason(language: Language, day: &SchoolDay) -> String {
    let why = words::why_text(language, why_name(day.why));
    if day.name.is_empty() {
        return why.to_owned();
    }
    language.choose(format!("{}（{why}）", day.name), format!("{} ({why})", day.name))
}

fn strip_day(language: Language, date: Date, day: &SchoolDay, today: Date) -> StripDay {
    StripDay {
        weekday: weekday(language, date),
        day: date.day(),
        school: day.is_school_day,
        today: date == today,
        title: format!("{} {}", day_text(language, date), reason(language, day)),
    }
}

/// What lies ahead and is not as every week: days in a row of one reason and name are one line.
fn ahead(language: Language, days: &[(Date, SchoolDay)], today: Date) -> Vec<Ahead> {
    let tells = |why: Why| match why {
        Why::Extra | Why::Vacation | Why::DayOff | Why::NationalHoliday => true,
        Why::Ordinary | Why::Weekend | Why::OutsideTerm => false,
    };
    let future: Vec<_> = days.iter().filter(|(date, day)| *date > today && tells(day.why)).collect();
    let runs =
        future.chunk_by(|(one, a), (two, b)| *two == *one + Duration::days(1) && a.why == b.why && a.name == b.name);
    let line = |run: &[&(Date, SchoolDay)]| {
        let ((first, day), (last, _)) = (run[0], run[run.len() - 1]);
        let why = words::why_text(language, why_name(day.why));
        let name = if day.name.is_empty() { why.to_owned() } else { day.name.clone() };
        Ahead { days: range(language, *first, *last), name, why, school: day.is_school_day }
    };
    runs.take(LINES).map(line).collect()
}

fn lessons_of(language: Language, lessons: &[LessonTime], today: Date, now: Timestamp) -> Vec<Lesson> {
    const MINUTE: i64 = 60 * 1_000_000;
    let minute = (now.0 + 9 * 60 * MINUTE).rem_euclid(24 * 60 * MINUTE) / MINUTE;
    let clock = |minute: i16| format!("{}:{:02}", minute / 60, minute % 60);
    let weekday = i16::from(today.weekday().number_from_monday());
    let of_today = lessons.iter().filter(|lesson| lesson.weekday == weekday);
    let lesson = |lesson: &LessonTime| Lesson {
        name: words::lesson_text(language, lesson.period),
        time: format!("{}–{}", clock(lesson.begin_minute), clock(lesson.end_minute)),
        now: (i64::from(lesson.begin_minute)..i64::from(lesson.end_minute)).contains(&minute),
    };
    of_today.map(lesson).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Month;

    fn date(month: Month, day: u8) -> Date {
        Date::from_calendar_date(2026, month, day).unwrap()
    }

    fn day(why: Why, name: &str) -> SchoolDay {
        SchoolDay { is_school_day: why == Why::Extra || why == Why::Ordinary, why, name: name.to_owned() }
    }

    #[test]
    fn days_in_a_row_are_one_line_and_usual_days_none() {
        let days = [
            (date(Month::December, 24), day(Why::DayOff, "今日")),
            (date(Month::December, 25), day(Why::Ordinary, "")),
            (date(Month::December, 26), day(Why::Vacation, "冬季休業")),
            (date(Month::December, 27), day(Why::Vacation, "冬季休業")),
            (date(Month::December, 28), day(Why::Extra, "")),
            (date(Month::December, 30), day(Why::Vacation, "冬季休業")),
        ];
        let lines = ahead(Language::Ja, &days, days[0].0);
        let texts: Vec<_> = lines.iter().map(|line| (line.days.as_str(), line.name.as_str(), line.school)).collect();
        assert_eq!(
            texts,
            [
                ("12月26日〜12月27日", "冬季休業", false),
                ("12月28日（月）", "休日の授業日", true),
                ("12月30日（水）", "冬季休業", false)
            ]
        );
    }

    #[test]
    fn lesson_of_the_moment_is_marked() {
        let lesson =
            |weekday, period, begin_minute| LessonTime { weekday, period, begin_minute, end_minute: begin_minute + 45 };
        let lessons = [lesson(1, 1, 525), lesson(2, 1, 520), lesson(1, 2, 580)];
        // 08:40 on Monday, 23 November 2026, in Japan.
        let now = Timestamp(1_795_390_812_000_000);
        let of_monday =
            lessons_of(Language::En, &lessons, date(Month::November, 23), Timestamp(now.0 + 10 * 60 * 1_000_000));
        let texts: Vec<_> = of_monday.iter().map(|lesson| (lesson.time.as_str(), lesson.now)).collect();
        assert_eq!(texts, [("8:45–9:30", true), ("9:40–10:25", false)]);
    }

    #[test]
    fn reasons_have_their_names() {
        assert_eq!(reason(Language::Ja, &day(Why::NationalHoliday, "勤労感謝の日")), "勤労感謝の日（国民の祝日）");
        assert_eq!(reason(Language::En, &day(Why::Weekend, "")), "Weekend");
        assert_eq!(day_text(Language::En, date(Month::November, 25)), "Wed 25 Nov");
    }
}
