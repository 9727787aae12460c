use proptest::prelude::*;

use super::{super::clock::*, *};

const MINUTE_US: i64 = 60_000_000;

fn due(days: &BTreeSet<Date>, came: Timestamp, allowance: Allowance) -> Timestamp {
    in_service(days, |service| Clock::begin(came).due(service, allowance)).unwrap()
}

#[test]
fn minutes_run_in_service_hours_only() {
    let days = school_days(&[], &[]);
    let (thursday, friday, monday) = (day(2026, 11, 26), day(2026, 11, 27), day(2026, 11, 30));
    for (came, minutes, expected) in [
        (at(thursday, 9, 0), 60, at(thursday, 10, 0)),
        (at(thursday, 6, 0), 15, at(thursday, 8, 45)),
        (at(thursday, 16, 50), 15, at(friday, 8, 35)),
        (at(thursday, 16, 45), 15, at(thursday, 17, 0)),
        (at(friday, 18, 0), 15, at(monday, 8, 45)),
        (at(day(2026, 11, 28), 10, 0), 510, at(monday, 17, 0)),
    ] {
        assert_eq!(due(&days, came, Allowance::Minutes(minutes)), expected, "{minutes} minutes from {came:?}");
    }
}

#[test]
fn school_days_go_over_the_turn_of_the_year_and_vacations() {
    let winter = (day(2026, 12, 26), day(2027, 1, 7));
    let summer = (day(2026, 7, 18), day(2026, 8, 31));
    let days = school_days(&[winter, summer], &[day(2026, 12, 26)]);
    for (came, count, expected) in [
        (at(day(2026, 11, 26), 9, 0), 0, at(day(2026, 11, 26), 17, 0)),
        (at(day(2026, 11, 26), 9, 0), 3, at(day(2026, 12, 1), 17, 0)),
        // In school on a Saturday, then nothing until January.
        (at(day(2026, 12, 25), 9, 0), 1, at(day(2026, 12, 26), 17, 0)),
        (at(day(2026, 12, 25), 9, 0), 2, at(day(2027, 1, 8), 17, 0)),
        (at(day(2027, 1, 3), 9, 0), 0, at(day(2027, 1, 8), 17, 0)),
        // Reported after hours is reported the next school day.
        (at(day(2026, 7, 17), 17, 30), 1, at(day(2026, 9, 2), 17, 0)),
        // Over the end of the fiscal year.
        (at(day(2027, 3, 31), 9, 0), 1, at(day(2027, 4, 1), 17, 0)),
    ] {
        assert_eq!(due(&days, came, Allowance::SchoolDays(count)), expected, "{count} school days from {came:?}");
    }
}

#[test]
fn a_day_off_that_is_entered_afterwards_moves_what_is_due() {
    let clock = Clock::begin(at(day(2026, 11, 26), 9, 0));
    let before = in_service(&school_days(&[], &[]), |service| clock.due(service, Allowance::SchoolDays(1)));
    let closed = school_days(&[(day(2026, 11, 27), day(2026, 11, 27))], &[]);
    let after = in_service(&closed, |service| clock.due(service, Allowance::SchoolDays(1)));
    assert_eq!(before, Some(at(day(2026, 11, 27), 17, 0)));
    assert_eq!(after, Some(at(day(2026, 11, 30), 17, 0)));
}

#[test]
fn without_school_days_nothing_is_due() {
    in_service(&BTreeSet::new(), |service| {
        let clock = Clock::begin(at(day(2026, 11, 26), 9, 0));
        assert_eq!(clock.due(service, Allowance::Minutes(15)), None);
        assert_eq!(
            clock.standing(service, Allowance::SchoolDays(1), &Promise::default(), Timestamp(i64::MAX / 2)),
            None
        );
    });
}

#[test]
fn a_deadline_warns_then_is_missed_and_keeps_what_was_in_time() {
    let days = school_days(&[], &[]);
    let (came, promise) = (at(day(2026, 11, 26), 9, 0), Promise::default());
    in_service(&days, |service| {
        let mut clock = Clock::begin(came);
        let standing = |clock: &Clock, hour, minute| {
            clock.standing(service, Allowance::Minutes(60), &promise, at(day(2026, 11, 26), hour, minute)).unwrap()
        };
        assert_eq!(standing(&clock, 9, 44), Standing::Running);
        assert_eq!(standing(&clock, 9, 45), Standing::Warning);
        assert_eq!(standing(&clock, 10, 0), Standing::Warning);
        assert_eq!(standing(&clock, 10, 1), Standing::Breached);
        clock.pause(at(day(2026, 11, 26), 9, 30));
        assert_eq!(standing(&clock, 15, 0), Standing::Paused);
        assert_eq!(clock.due(service, Allowance::Minutes(60)), None);
        clock.resume(at(day(2026, 11, 26), 15, 0));
        assert_eq!(clock.due(service, Allowance::Minutes(60)), Some(at(day(2026, 11, 26), 15, 30)));
        clock.end(at(day(2026, 11, 26), 15, 30));
        assert_eq!(standing(&clock, 16, 59), Standing::Kept);
        clock.run_again(at(day(2026, 11, 26), 16, 0));
        assert_eq!(
            clock.due(service, Allowance::Minutes(60)),
            Some(at(day(2026, 11, 26), 16, 0)),
            "no minute was left"
        );
        assert_eq!(standing(&clock, 16, 1), Standing::Breached);
    });
}

prop_compose! {
    /// A calendar with some days off, and moments of it in order.
    fn scenes()(
        off in prop::collection::vec((0_i64..200, 0_i64..30), 0..5),
        minutes in prop::collection::vec(0_i64..200 * 24 * 60, 7),
    ) -> (BTreeSet<Date>, Vec<Timestamp>) {
        let first = day(2026, 4, 1);
        let free: Vec<_> = off
            .into_iter()
            .map(|(from, long)| (first + Duration::days(from), first + Duration::days(from + long)))
            .collect();
        let mut moments: Vec<_> = minutes.into_iter().map(|m| Timestamp(at(first, 0, 0).0 + m * MINUTE_US)).collect();
        moments.sort_unstable();
        (school_days(&free, &[]), moments)
    }
}

proptest! {
    #[test]
    fn due_times_lie_in_the_service_hours_of_a_school_day(
        (days, moments) in scenes(), minutes in 1_u32..5_000, count in 0_u32..30,
    ) {
        let mut clock = Clock::begin(moments[0]);
        for pair in moments[1..5].chunks(2) {
            clock.pause(pair[0]);
            clock.resume(pair[1]);
        }
        for allowance in [Allowance::Minutes(minutes), Allowance::SchoolDays(count)] {
            let due = in_service(&days, |service| clock.due(service, allowance)).unwrap();
            let (date, minute) = (crate::access::rules::days::day_in_japan(due.0), crate::access::rules::days::minute_in_japan(due));
            prop_assert!(days.contains(&date), "{date} is no school day");
            prop_assert!((8 * 60 + 30..=17 * 60).contains(&minute), "at minute {minute}");
            prop_assert!(due >= moments[0]);
        }
    }

    #[test]
    fn who_has_more_time_is_due_later((days, moments) in scenes(), less in 0_u32..3_000, more in 0_u32..3_000) {
        let (less, more) = (less.min(more), less.max(more));
        prop_assert!(due(&days, moments[0], Allowance::Minutes(less)) <= due(&days, moments[0], Allowance::Minutes(more)));
        let (less, more) = (less % 40, less % 40 + more % 40);
        prop_assert!(due(&days, moments[0], Allowance::SchoolDays(less)) <= due(&days, moments[0], Allowance::SchoolDays(more)));
    }

    #[test]
    fn what_stood_still_moves_what_is_due_by_as_much_service((days, moments) in scenes(), minutes in 1_u32..3_000) {
        let mut clock = Clock::begin(moments[0]);
        clock.pause(moments[1]);
        clock.resume(moments[2]);
        in_service(&days, |service| {
            let stood = service.between(moments[1], moments[2]);
            for allowance in [Allowance::Minutes(minutes), Allowance::SchoolDays(minutes % 20)] {
                let without = Clock::begin(moments[0]).due(service, allowance).unwrap();
                let with = clock.due(service, allowance).unwrap();
                prop_assert_eq!(service.between(without, with), stood);
            }
            Ok(())
        })?;
    }

    #[test]
    fn service_between_moments_adds_up((days, moments) in scenes()) {
        in_service(&days, |service| {
            let parts: i64 = moments.windows(2).map(|pair| service.between(pair[0], pair[1])).sum();
            prop_assert_eq!(parts, service.between(moments[0], *moments.last().unwrap()));
            Ok(())
        })?;
    }
}
