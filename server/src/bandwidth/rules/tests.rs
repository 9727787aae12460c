use proptest::prelude::*;

use super::*;
use crate::schools::rules::fiscal::parse_date;

fn edition() -> Edition {
    let rows = [(60, 108), (120, 216), (180, 323), (280, 408), (560, 525), (770, 607), (1_050, 711), (1_400, 834)];
    let rows = rows.into_iter().map(|(pupils, mbps)| (pupils, mbps * 1_000)).collect();
    let date = parse_date("date", "2024-04-01").unwrap();
    Edition { date, source: String::from("test"), below_kbps: 1_800, rows }.check().unwrap()
}

fn idle(day: i64, receive_kbps: i64) -> Measured {
    Measured { at: Timestamp(day * DAY_US), receive_kbps, in_lesson: false }
}

#[test]
fn recommended_value_is_published_interpolated_by_pupil_or_extrapolated() {
    let said = |pupils| edition().recommended(pupils).map(|value| (value.kbps, value.basis));
    assert_eq!(said(0), None);
    assert_eq!(said(1), Some((1_800, Basis::PerPupil)));
    assert_eq!(said(59), Some((106_200, Basis::PerPupil)));
    assert_eq!(said(60), Some((108_000, Basis::Published)));
    assert_eq!(said(61), Some((109_800, Basis::Interpolated)));
    assert_eq!(said(420), Some((466_500, Basis::Interpolated)));
    assert_eq!(said(1_400), Some((834_000, Basis::Published)));
    assert_eq!(said(1_401), Some((834_352, Basis::Extrapolated)));
}

#[test]
fn edition_that_falls_or_has_too_few_rows_is_refused() {
    let with = |rows: &[(i64, i64)], below_kbps| {
        Edition { rows: rows.to_vec(), below_kbps, ..edition() }.check().map_err(|violation| violation.field)
    };
    assert_eq!(with(&[(60, 100)], 1).unwrap_err(), "rows");
    assert_eq!(with(&[(60, 100), (120, 99)], 1).unwrap_err(), "rows");
    assert_eq!(with(&[(60, 100), (60, 120)], 1).unwrap_err(), "rows");
    assert_eq!(with(&[(60, 100), (120, 200)], 2).unwrap_err(), "below_kbps_per_pupil");
    assert_eq!(with(&[(120, 200), (60, 100)], 1).unwrap().rows, [(60, 100), (120, 200)]);
}

#[test]
fn verdict_takes_the_median_of_the_days_before_the_newest_measurement() {
    let edition = edition();
    let now = Timestamp(100 * DAY_US);
    // The one of day 60 is too far from the newest; the lower of the two in the middle counts.
    let measured = [idle(60, 1), idle(80, 100_000), idle(81, 108_000), idle(90, 900_000), idle(91, 110_000)];
    let verdict = judge(Some(&edition), Some(60), &measured, now);
    assert_eq!((verdict.outcome, verdict.measured_kbps, verdict.count), (Outcome::Reached, Some(108_000), 4));
    assert_eq!(verdict.span, Some((Timestamp(80 * DAY_US), Timestamp(91 * DAY_US))));
    assert_eq!(verdict.percent(), Some(100));
    let verdict = judge(Some(&edition), Some(61), &measured, now);
    assert_eq!((verdict.outcome, verdict.percent()), (Outcome::Missed, Some(98)));
}

#[test]
fn lessons_never_count_and_what_is_unknown_has_its_reason() {
    let edition = edition();
    let now = Timestamp(1_000 * DAY_US);
    let lesson = Measured { in_lesson: true, ..idle(999, 900_000) };
    let said = |edition, pupils, measured: &[Measured]| {
        let verdict = judge(edition, pupils, measured, now);
        (verdict.outcome, verdict.unknown)
    };
    let unknown = |reason| (Outcome::Unknown, Some(reason));
    assert_eq!(said(None, Some(60), &[idle(999, 1)]), unknown(UnknownReason::NoEdition));
    assert_eq!(said(Some(&edition), None, &[idle(999, 1)]), unknown(UnknownReason::NoPupils));
    assert_eq!(said(Some(&edition), Some(0), &[idle(999, 1)]), unknown(UnknownReason::NoPupils));
    assert_eq!(said(Some(&edition), Some(60), &[]), unknown(UnknownReason::NoMeasurement));
    assert_eq!(said(Some(&edition), Some(60), &[idle(1_001, 900_000)]), unknown(UnknownReason::NoMeasurement));
    assert_eq!(said(Some(&edition), Some(60), &[lesson]), unknown(UnknownReason::OnlyInLessons));
    assert_eq!(said(Some(&edition), Some(60), &[idle(634, 900_000)]), unknown(UnknownReason::TooOld));
    assert_eq!(said(Some(&edition), Some(60), &[lesson, idle(998, 1)]), (Outcome::Missed, None));
    assert_eq!(said(Some(&edition), Some(60), &[idle(635, 108_000)]), (Outcome::Reached, None));
}

#[test]
fn lessons_last_from_the_first_to_the_last_on_school_days() {
    let lessons = [(525, 570), (580, 625)];
    assert!(planning::is_near_lessons(575, true, &lessons, 0));
    assert!(!planning::is_near_lessons(524, true, &lessons, 0) && !planning::is_near_lessons(625, true, &lessons, 0));
    assert!(!planning::is_near_lessons(575, false, &lessons, 0));
    assert!(planning::is_near_lessons(510, true, &[], 0) && !planning::is_near_lessons(930, true, &[], 0));
}

#[test]
fn advice_follows_from_the_contract() {
    let edition = edition();
    let now = Timestamp(10 * DAY_US);
    let advised = |kbps, contract| advise(&judge(Some(&edition), Some(60), &[idle(9, kbps)], now), contract);
    assert_eq!(advised(108_000, None), Advice::Again);
    assert_eq!(advised(50_000, None), Advice::SayContract);
    assert_eq!(advised(50_000, Some(100)), Advice::Contract);
    assert_eq!(advised(50_000, Some(1_000)), Advice::Equipment);
    assert_eq!(advised(100_000, Some(110)), Advice::Line);
    assert_eq!(advise(&judge(Some(&edition), Some(60), &[], now), None), Advice::Measure);
    assert_eq!((Advice::Contract.place(), Advice::Equipment.place(), Advice::Again.place()), (Some(2), Some(3), None));
}

#[test]
fn speeds_are_read_with_three_digits_behind_the_point() {
    for (text, kbps) in [("108", 108_000), ("0.5", 500), (" 93.125 ", 93_125), ("400000", MOST_KBPS)] {
        assert_eq!(parse_mbps("receive", text).unwrap(), kbps, "{text}");
    }
    for text in ["", "0", "-1", "1e3", "1.2345", ".5", "400001", "１００", "1,000"] {
        assert!(parse_mbps("receive", text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn recommended_value_never_falls_as_pupils_grow(pupils in 1_i64..6_000) {
        let edition = edition();
        let (less, more) = (edition.recommended(pupils).unwrap(), edition.recommended(pupils + 1).unwrap());
        prop_assert!(less.kbps <= more.kbps, "{pupils}: {less:?} {more:?}");
    }
}
