//! Who opens a lid when on a simulated school day, Wednesday 10 June 2026 from 08:00 to 16:30 in Japan. Pure.
//!
//! Assumptions (ours, no published figures): six lessons; a class uses its devices in three of five of them, one use in four
//! ends early; lids open within four minutes of the bell, those of one class within a minute; one pupil in twenty is away,
//! and one in fourteen leaves the lid closed; teachers' devices are awake most of the day, with pauses.

use super::town::Role;

/// The day as the calendar says it.
pub const DAY: time::Date = time::macros::date!(2026 - 06 - 10);
/// Second of the day at which the simulation begins.
pub const BEGIN_S: u32 = 8 * 3_600;
/// The same for its end.
pub const END_S: u32 = 16 * 3_600 + 30 * 60;
/// First and last minute of each lesson.
pub const LESSONS: [[u32; 2]; 6] = [[525, 570], [580, 625], [640, 685], [695, 740], [805, 850], [860, 905]];

/// A period in which a device is awake, seconds of the day.
pub(super) type Period = [f64; 2];

/// When a class uses its devices. `filled` says of a lesson that it does in any case.
pub(super) fn draw_uses(filled: impl Fn([u32; 2]) -> bool, random: &mut fastrand::Rng) -> Vec<Period> {
    let mut uses = Vec::new();
    for lesson in LESSONS {
        let filled = filled(lesson);
        let [begin, end] = lesson.map(|minute| f64::from(minute) * 60.0);
        let used = random.f64() < 0.62;
        let (opens, closes) = (begin + between(random, 20.0, 240.0), end - between(random, 0.0, 240.0));
        let (early, part) = (random.f64() < 0.25, random.f64());
        let closes = if early && !filled { opens + 600.0 + (closes - opens - 600.0) * part } else { closes };
        if used || filled {
            uses.push([opens, closes]);
        }
    }
    uses
}

/// When one device is awake, in order and without overlap.
pub(super) fn draw_awake(role: Role, uses: &[Period], random: &mut fastrand::Rng) -> Vec<Period> {
    let (begin, end) = (f64::from(BEGIN_S), f64::from(END_S));
    match role {
        Role::Probe => vec![[begin + random.f64() * 5.0, end]],
        Role::Teacher => {
            let (mut at, leaves) = (begin + random.f64() * 1_500.0, end - random.f64() * 1_200.0);
            let mut awake = Vec::new();
            while at < leaves {
                let until = (at + 3_600.0 + exponential(random, 10_000.0)).min(leaves);
                awake.push([at, until]);
                at = until + between(random, 300.0, 2_400.0);
            }
            awake
        }
        Role::Pupil => {
            if random.f64() < 0.05 {
                return Vec::new();
            }
            let mut awake = Vec::new();
            for [opens, closes] in uses {
                let opens = opens + exponential(random, 15.0).min(120.0);
                let closes = closes + between(random, -25.0, 25.0);
                if random.f64() < 0.93 && opens < closes {
                    awake.push([opens, closes]);
                }
            }
            awake
        }
    }
}

/// Adds a period in which the device is awake whatever the lessons say.
pub(super) fn with_period(awake: &mut Vec<Period>, [from, to]: Period) {
    awake.retain(|[begin, end]| *end < from || *begin > to);
    awake.push([from, to]);
    awake.sort_by(|one, other| one[0].total_cmp(&other[0]));
}

pub(super) fn between(random: &mut fastrand::Rng, least: f64, most: f64) -> f64 {
    least + (most - least) * random.f64()
}

fn exponential(random: &mut fastrand::Rng, mean: f64) -> f64 {
    -mean * (1.0 - random.f64()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schools::rules::{
        built_in,
        calendar::{Period as Term, PeriodKind, school_day},
    };

    #[test]
    fn day_is_a_school_day() {
        let term = Term {
            kind: PeriodKind::Term,
            name: String::from("1学期"),
            first: time::macros::date!(2026 - 04 - 06),
            last: time::macros::date!(2026 - 07 - 17),
        };
        assert!(school_day(DAY, &built_in::national_holidays(), &[term], &[]).is_school_day);
    }

    #[test]
    fn devices_are_awake_in_order_and_within_the_day() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut lessons_used = 0;
        for _ in 0..200 {
            let uses = draw_uses(|_| false, &mut random);
            lessons_used += uses.len();
            for role in [Role::Pupil, Role::Teacher, Role::Probe] {
                let awake = draw_awake(role, &uses, &mut random);
                let times: Vec<f64> = awake.iter().flatten().copied().collect();
                assert!(times.is_sorted(), "{role:?}: {times:?}");
                let day = f64::from(BEGIN_S)..=f64::from(END_S);
                assert!(times.iter().all(|time| day.contains(time)), "{role:?}: {times:?}");
            }
        }
        assert!((3 * 200..5 * 200).contains(&lessons_used), "{lessons_used}");
    }

    #[test]
    fn lesson_that_is_filled_is_used_to_its_end() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..100 {
            let uses = draw_uses(|lesson| lesson == LESSONS[2], &mut random);
            assert!(uses.iter().any(|[opens, closes]| *opens < 10.8 * 3_600.0 && *closes > 11.3 * 3_600.0));
        }
    }

    #[test]
    fn added_period_replaces_what_it_touches() {
        let mut awake = vec![[10.0, 20.0], [30.0, 40.0], [60.0, 70.0]];
        with_period(&mut awake, [15.0, 50.0]);
        assert_eq!(awake, [[15.0, 50.0], [60.0, 70.0]]);
    }
}
