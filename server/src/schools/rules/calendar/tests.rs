use proptest::prelude::*;

use super::*;
use crate::schools::rules::{built_in, fiscal::parse_date};

fn date(text: &str) -> Date {
    parse_date("date", text).unwrap()
}

fn period(kind: PeriodKind, name: &str, first: &str, last: &str) -> Period {
    Period { kind, name: name.to_owned(), first: date(first), last: date(last) }.check().unwrap()
}

fn owner() -> Vec<Period> {
    vec![
        period(PeriodKind::Term, "1学期", "2026-04-06", "2026-08-31"),
        period(PeriodKind::Term, "2学期", "2026-09-01", "2026-12-31"),
        period(PeriodKind::Term, "3学期", "2027-01-01", "2027-03-25"),
        period(PeriodKind::Vacation, "夏季休業", "2026-07-21", "2026-08-31"),
        period(PeriodKind::Vacation, "春季休業", "2027-03-26", "2027-04-05"),
        period(PeriodKind::DayOff, "都民の日", "2026-10-01", "2026-10-01"),
        period(PeriodKind::ExtraSchoolDay, "土曜授業", "2026-05-16", "2026-05-16"),
    ]
}

#[test]
fn days_of_a_year_are_what_the_board_says() {
    let holidays = built_in::national_holidays();
    for (day, is_school_day, why, name) in [
        ("2026-04-01", false, Why::OutsideTerm, ""),
        ("2026-04-06", true, Why::Ordinary, ""),
        ("2026-04-11", false, Why::Weekend, ""),
        ("2026-04-29", false, Why::NationalHoliday, "昭和の日"),
        ("2026-05-06", false, Why::NationalHoliday, "振替休日"),
        ("2026-05-16", true, Why::Extra, "土曜授業"),
        ("2026-07-20", false, Why::NationalHoliday, "海の日"),
        ("2026-07-21", false, Why::Vacation, "夏季休業"),
        ("2026-08-31", false, Why::Vacation, "夏季休業"),
        ("2026-09-01", true, Why::Ordinary, ""),
        ("2026-09-22", false, Why::NationalHoliday, "国民の休日"),
        ("2026-10-01", false, Why::DayOff, "都民の日"),
        ("2027-03-25", true, Why::Ordinary, ""),
        ("2027-03-31", false, Why::Vacation, "春季休業"),
        ("2027-04-01", false, Why::Vacation, "春季休業"),
        ("2027-04-05", false, Why::Vacation, "春季休業"),
        // Of the next fiscal year nobody said anything yet.
        ("2027-04-06", true, Why::Ordinary, ""),
    ] {
        let found = school_day(date(day), &holidays, &owner(), &[]);
        assert_eq!((found.is_school_day, found.why, found.name.as_str()), (is_school_day, why, name), "{day}");
    }
}

#[test]
fn leap_day_is_a_day_like_any_other() {
    let found = school_day(date("2024-02-29"), &built_in::national_holidays(), &[], &[]);
    assert_eq!((found.is_school_day, found.why), (true, Why::Ordinary));
    let vacation = [period(PeriodKind::Vacation, "休業", "2024-02-28", "2024-03-01")];
    assert!(!school_day(date("2024-02-29"), &Holidays::new(), &vacation, &[]).is_school_day);
}

#[test]
fn vacation_of_a_school_replaces_the_one_of_its_owner() {
    let own = [period(PeriodKind::Vacation, "夏季休業", "2026-07-21", "2026-08-24")];
    let at = |day: &str, own: &[Period]| school_day(date(day), &Holidays::new(), &owner(), own);
    assert!(!at("2026-08-25", &[]).is_school_day);
    assert!(at("2026-08-25", &own).is_school_day, "its vacation is shorter");
    assert!(!at("2026-08-24", &own).is_school_day);
    // The same name in another year replaces nothing of this one.
    let other_year = [period(PeriodKind::Vacation, "夏季休業", "2025-07-21", "2025-08-24")];
    assert!(!at("2026-08-25", &other_year).is_school_day);
    // Another name adds.
    let added = [period(PeriodKind::Vacation, "秋季休業", "2026-10-13", "2026-10-14")];
    assert!(!at("2026-10-13", &added).is_school_day && !at("2026-08-25", &added).is_school_day);
}

#[test]
fn school_goes_before_its_owner() {
    let at = |day: &str, own: &[Period]| school_day(date(day), &Holidays::new(), &owner(), own);
    let closed = [period(PeriodKind::DayOff, "振替休業日", "2026-05-16", "2026-05-16")];
    assert_eq!(at("2026-05-16", &closed).why, Why::DayOff, "of the owner's Saturday lessons");
    let open = [period(PeriodKind::ExtraSchoolDay, "補習", "2026-08-03", "2026-08-03")];
    assert_eq!(at("2026-08-03", &open).why, Why::Extra, "within the owner's vacation");
}

#[test]
fn periods_have_an_order_and_an_end() {
    let odd = |first: &str, last: &str| Period {
        kind: PeriodKind::Vacation,
        name: String::from("x"),
        first: date(first),
        last: date(last),
    };
    assert!(odd("2026-04-02", "2026-04-01").check().is_err());
    assert!(odd("2026-04-01", "2027-04-02").check().is_err());
    assert!(odd("2026-04-01", "2027-03-31").check().is_ok());
}

fn lesson(weekday: i16, period: i16, begin: i16, end: i16) -> LessonTime {
    LessonTime { weekday, period, begin_minute: begin, end_minute: end }
}

#[test]
fn lessons_are_inherited_by_weekday() {
    let owner = [lesson(1, 1, 525, 570), lesson(1, 2, 580, 625), lesson(2, 1, 525, 570)];
    let own = [lesson(1, 1, 530, 575)];
    assert_eq!(
        effective_lessons(&owner, &own),
        [(lesson(1, 1, 530, 575), true), (lesson(2, 1, 525, 570), false)],
        "one lesson of Monday replaces all of Monday"
    );
}

#[test]
fn lessons_that_cannot_be_are_all_named() {
    assert!(check_lessons(vec![lesson(1, 2, 580, 625), lesson(1, 1, 525, 570)]).is_ok(), "the order does not matter");
    let refused = check_lessons(vec![
        lesson(0, 1, 525, 570),
        lesson(1, 1, 525, 570),
        lesson(1, 1, 600, 640),
        lesson(2, 1, 525, 570),
        lesson(2, 2, 560, 600),
        lesson(3, 13, 600, 500),
    ])
    .unwrap_err();
    let text: Vec<_> = refused.iter().map(|v| format!("{}: {}", v.field, v.message)).collect();
    assert_eq!(text.len(), 5, "{text:#?}");
}

proptest! {
    #[test]
    fn without_periods_school_is_on_weekdays_that_are_no_holidays(offset in 0_i64..1_460) {
        let holidays = built_in::national_holidays();
        let date = date("2024-01-01") + time::Duration::days(offset);
        let found = school_day(date, &holidays, &[], &[]);
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        prop_assert_eq!(found.is_school_day, !weekend && !holidays.contains_key(&date));
    }

    #[test]
    fn what_a_school_says_of_a_day_always_holds(offset in 0_i64..400, extra in any::<bool>()) {
        let date = date("2026-04-01") + time::Duration::days(offset);
        let kind = if extra { PeriodKind::ExtraSchoolDay } else { PeriodKind::DayOff };
        let own = [Period { kind, name: String::from("x"), first: date, last: date }];
        let found = school_day(date, &built_in::national_holidays(), &owner(), &own);
        prop_assert_eq!(found.is_school_day, extra);
    }
}
