//! How long devices last: Kaplan and Meier's estimate with Greenwood's interval, and a stated default where data are
//! few.
//!
//! Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958); the variance is Greenwood's (1926), the interval of 95 % is taken
//! on the scale of log(−log S), so that it stays between 0 and 1 (Kalbfleisch and Prentice 1980).

use std::collections::BTreeMap;

use crate::{error::Both, tickets::rules::words};

/// Fewest failures from which a curve is drawn. Ours.
pub const FAILURES_LEAST: u32 = 10;
/// Beyond so many standard errors lies one in forty, on each side.
pub(super) const BEYOND: f64 = 1.959_963_984_540_054;

words! {
    /// What a forecast rests on.
    Basis {
        /// On what was counted.
        Measured = 1, "実績", "counted";
        /// On a default, since too little was counted.
        Assumed = 2, "既定値(実績が少ないため)", "a default, since too little was counted";
    }
}

words! {
    /// How a life ended.
    LifeEnding {
        /// With a failure.
        Failed = 1, "故障", "failed";
        /// Not yet, or in another way: it is only known to have lasted so long.
        Going = 2, "継続中", "still going";
    }
}

/// How long something lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Days.
    pub days: u32,
    /// How it ended.
    pub ending: LifeEnding,
}

/// Lives that are alike, so many together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// Days after the begin from which anybody looked: of what ended before nothing is known.
    pub from: u32,
    /// Days.
    pub days: u32,
    /// How they ended.
    pub ending: LifeEnding,
    /// How many.
    pub count: u32,
}

/// A day on which something failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Days after the begin.
    pub days: u32,
    /// How many lasted until then.
    pub at_risk: u32,
    /// How many of them failed.
    pub failed: u32,
    /// The part that lasts longer, 0 to 1.
    pub survival: f64,
    /// As low as it may be.
    pub low: f64,
    /// As high as it may be.
    pub high: f64,
}

/// Which part lasts how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// By days.
    pub steps: Vec<Step>,
    /// How many lives it is drawn from.
    pub lives: u32,
    /// How many of them failed.
    pub failures: u32,
    /// The first and the last day on which enough were looked at; none where it never were enough.
    pub observed: Option<(u32, u32)>,
}

/// What happens on a day to those that are looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Moves {
    came: u64,
    went: u64,
    failed: u64,
}

impl Curve {
    /// Draws it. What is still going on a day on which something fails counts as at risk then.
    pub fn estimate(lives: &[Life]) -> Self {
        let one = |life: &Life| Lives { from: 0, days: life.days, ending: life.ending, count: 1 };
        Self::of(&lives.iter().map(one).collect::<Vec<_>>(), 1)
    }

    /// Draws it of lives of which some were looked at from later on only: each is at risk from then (delayed entry; Tsai,
    /// Jewell and Wang, Biometrika 74, 1987). Days on which fewer than `least` are at risk tell too little, since the first of
    /// few would end all, and are left out (Lai and Ying, Ann. Stat. 19, 1991).
    pub fn of(lives: &[Lives], least: u32) -> Self {
        let mut days: BTreeMap<u32, Moves> = BTreeMap::new();
        for life in lives.iter().filter(|life| life.count > 0) {
            let count = u64::from(life.count);
            days.entry(life.from).or_default().came += count;
            let end = days.entry(life.days.max(life.from)).or_default();
            end.went += count;
            end.failed += if life.ending == LifeEnding::Failed { count } else { 0 };
        }
        let whole = |sum: u64| u32::try_from(sum).unwrap_or(u32::MAX);
        let (mut steps, mut survival, mut variance, mut left) = (Vec::<Step>::new(), 1.0, 0.0, 0_u64);
        let mut observed: Option<(u32, u32)> = None;
        for (day, moves) in &days {
            left += moves.came;
            if left >= u64::from(least) {
                observed = Some((observed.map_or(*day, |(first, _)| first), *day));
            }
            if moves.failed > 0 && left >= u64::from(least) {
                let (n, d) = (left as f64, moves.failed as f64);
                survival *= (n - d) / n;
                variance += d / (n * (n - d));
                let before = steps.last().map_or(1.0, |step| step.high);
                let (low, high) = interval(survival, variance).unwrap_or((0.0, before));
                let (at_risk, failed) = (whole(left), whole(moves.failed));
                steps.push(Step { days: *day, at_risk, failed, survival, low, high });
            }
            left -= moves.went;
        }
        let failures = whole(days.values().map(|moves| moves.failed).sum());
        let lives = whole(days.values().map(|moves| moves.came).sum());
        Self { steps, lives, failures, observed }
    }

    /// At most so many steps, 1 or more: of a longer curve the last step of each stretch, with what failed in all of it.
    pub fn thinned(&self, most: usize) -> Vec<Step> {
        let last = |steps: &[Step]| {
            let last = steps.last().expect("a stretch has a step");
            Step { failed: steps.iter().map(|step| step.failed).sum(), ..*last }
        };
        self.steps.chunks(self.steps.len().div_ceil(most.max(1)).max(1)).map(last).collect()
    }

    /// The part that lasts longer than so many days with its interval; none where nobody looked that long.
    pub fn known_at(&self, days: f64) -> Option<(f64, f64, f64)> {
        let (first, last) = self.observed?;
        let is_known = f64::from(first) <= days && days <= f64::from(last);
        is_known.then(|| self.step(days).map_or((1.0, 1.0, 1.0), |step| (step.survival, step.low, step.high)))
    }

    /// The last step up to a day.
    fn step(&self, days: f64) -> Option<&Step> {
        self.steps.iter().take_while(|step| f64::from(step.days) <= days).last()
    }

    /// The part that lasts longer than so many days; beyond the last failure the same as there.
    pub fn at(&self, days: f64) -> f64 {
        self.step(days).map_or(1.0, |step| step.survival)
    }

    /// The mean of what lasts, cut off after so many days: the area below the curve.
    pub fn mean_within(&self, days: f64) -> f64 {
        let (mut area, mut from, mut survival) = (0.0, 0.0, 1.0);
        for step in self.steps.iter().take_while(|step| f64::from(step.days) < days) {
            area += survival * (f64::from(step.days) - from);
            (from, survival) = (f64::from(step.days), step.survival);
        }
        area + survival * (days - from).max(0.0)
    }
}

/// None where nothing is left, of which no variance is known.
fn interval(survival: f64, variance: f64) -> Option<(f64, f64)> {
    if survival <= 0.0 {
        return None;
    }
    let by = BEYOND * variance.sqrt() / survival.ln();
    Some((survival.powf((-by).exp()), survival.powf(by.exp())))
}

/// After how many days only a part is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeEnd {
    /// So many; none where more than that part lasted as long as anybody looked.
    pub days: Option<u32>,
    /// As few as it may be, and as many; none as above, or for a default.
    pub days_low: Option<u32>,
    /// As many as it may be.
    pub days_high: Option<u32>,
    /// What it rests on.
    pub basis: Basis,
    /// How many lives were counted.
    pub lives: u32,
    /// How many of them failed.
    pub failures: u32,
}

/// After how many days only this part (0 to 1) is left. With fewer than [`FAILURES_LEAST`] failures it is the default, where
/// there is one.
pub fn life_end(curve: &Curve, part: f64, assumed_days: Option<u32>) -> LifeEnd {
    let (lives, failures) = (curve.lives, curve.failures);
    if failures < FAILURES_LEAST {
        let days = assumed_days;
        return LifeEnd { days, days_low: None, days_high: None, basis: Basis::Assumed, lives, failures };
    }
    let first = |of: fn(&Step) -> f64| curve.steps.iter().find(|step| of(step) <= part).map(|step| step.days);
    LifeEnd {
        days: first(|step| step.survival),
        days_low: first(|step| step.low),
        days_high: first(|step| step.high),
        basis: Basis::Measured,
        lives,
        failures,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failed(days: u32) -> Life {
        Life { days, ending: LifeEnding::Failed }
    }

    fn going(days: u32) -> Life {
        Life { days, ending: LifeEnding::Going }
    }

    /// Weeks of remission with 6-mercaptopurine (Freireich et al., Blood 21, 1963), the standard example.
    fn freireich() -> Vec<Life> {
        let failures = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(failed);
        let others = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(going);
        failures.into_iter().chain(others).collect()
    }

    #[test]
    fn curve_and_interval_are_those_of_the_literature() {
        let curve = Curve::estimate(&freireich());
        let known = [
            (6, 21, 3, 0.8571, 0.6197, 0.9516),
            (7, 17, 1, 0.8067, 0.5631, 0.9228),
            (10, 15, 1, 0.7529, 0.5032, 0.8894),
            (13, 12, 1, 0.6902, 0.4316, 0.8491),
            (16, 11, 1, 0.6275, 0.3675, 0.8049),
            (22, 7, 1, 0.5378, 0.2678, 0.7468),
            (23, 6, 1, 0.4482, 0.1881, 0.6801),
        ];
        assert_eq!(curve.steps.len(), known.len());
        for (step, (days, at_risk, failed, survival, low, high)) in curve.steps.iter().zip(known) {
            assert_eq!((step.days, step.at_risk, step.failed), (days, at_risk, failed));
            for (value, known) in [(step.survival, survival), (step.low, low), (step.high, high)] {
                assert!((value - known).abs() < 0.0001, "{value} is not {known} at {days}");
            }
        }
        assert_eq!((curve.lives, curve.failures), (21, 9));
        assert!((curve.at(5.9) - 1.0).abs() < 1e-12 && (curve.at(99.0) - 0.448_2).abs() < 0.000_1);
        // 6 + 0.857 × 1 + 0.807 × 3.
        assert!((curve.mean_within(10.0) - (6.0 + 6.0 / 7.0 + 0.806_723 * 3.0)).abs() < 1e-5);
    }

    #[test]
    fn a_long_curve_is_told_in_stretches() {
        let curve = Curve::estimate(&freireich());
        let steps = curve.thinned(3);
        let told: Vec<_> = steps.iter().map(|step| (step.days, step.failed)).collect();
        assert_eq!(told, [(10, 5), (22, 3), (23, 1)]);
        assert_eq!((curve.thinned(7), Curve::estimate(&[]).thinned(7)), (curve.steps.clone(), Vec::new()));
    }

    #[test]
    fn few_failures_give_the_default_and_say_so() {
        let end = life_end(&Curve::estimate(&freireich()), 0.5, Some(1_825));
        assert_eq!((end.basis, end.days, end.days_low, end.failures), (Basis::Assumed, Some(1_825), None, 9));
        let mut more = freireich();
        more.push(failed(23));
        let end = life_end(&Curve::estimate(&more), 0.5, Some(1_825));
        assert_eq!((end.basis, end.days, end.days_low, end.days_high), (Basis::Measured, Some(23), Some(13), None));
        let all: Vec<_> = (1..=20).map(failed).collect();
        let end = life_end(&Curve::estimate(&all), 0.5, Some(1));
        assert_eq!(end.days, Some(10));
        assert!(end.days_low < Some(10) && end.days_high > Some(10));
        assert_eq!(life_end(&Curve::estimate(&[]), 0.5, Some(7)).days, Some(7));
    }

    #[test]
    fn nothing_left_has_an_interval_still() {
        let curve = Curve::estimate(&[failed(1), failed(2)]);
        let last = curve.steps[1];
        assert_eq!((last.survival, last.low), (0.0, 0.0));
        assert!(last.high > 0.0 && last.high <= 1.0);
    }

    /// Five are looked at from day 0 on, five from day 10 on. On day 5 one of 5 fails, on day 20 one of 9: 4/5, then
    /// 4/5 × 8/9 = 32/45.
    #[test]
    fn what_is_looked_at_from_later_on_is_at_risk_from_then() {
        let lives = |from: u32, days: u32, ending: LifeEnding, count: u32| Lives { from, days, ending, count };
        let all = [
            lives(0, 5, LifeEnding::Failed, 1),
            lives(0, 30, LifeEnding::Going, 4),
            lives(10, 20, LifeEnding::Failed, 1),
            lives(10, 30, LifeEnding::Going, 4),
        ];
        let curve = Curve::of(&all, 1);
        let steps: Vec<_> = curve.steps.iter().map(|step| (step.days, step.at_risk, step.failed)).collect();
        assert_eq!((steps, curve.observed), (vec![(5, 5, 1), (20, 9, 1)], Some((0, 30))));
        assert!((curve.at(5.0) - 0.8).abs() < 1e-9 && (curve.at(20.0) - 32.0 / 45.0).abs() < 1e-9);
        assert_eq!(curve.known_at(31.0), None);
        let few = Curve::of(&all, 6);
        assert_eq!((few.steps.len(), few.observed, few.failures), (1, Some((10, 30)), 2), "five are too few");
        assert!(few.known_at(9.0).is_none() && few.known_at(12.0) == Some((1.0, 1.0, 1.0)));
    }

    proptest! {
        #[test]
        fn curve_falls_and_stays_within_its_interval(
            lives in prop::collection::vec((0_u32..400, any::<bool>()), 0..120),
        ) {
            let lives: Vec<_> = lives.into_iter().map(|(days, ends)| if ends { failed(days) } else { going(days) }).collect();
            let curve = Curve::estimate(&lives);
            let mut before = 1.0;
            for step in &curve.steps {
                prop_assert!(step.survival < before && step.survival >= -1e-12);
                prop_assert!(step.low <= step.survival + 1e-9 && step.survival <= step.high + 1e-9, "{:?}", step);
                prop_assert!((0.0..=1.0).contains(&step.low) && (0.0..=1.0).contains(&step.high));
                before = step.survival;
            }
            prop_assert!(curve.mean_within(500.0) <= 500.0 && curve.mean_within(10.0) <= 10.0);
        }

        #[test]
        fn without_anything_still_going_it_is_the_part_that_is_left(
            days in prop::collection::vec(1_u32..100, 1..80), at in 0_u32..100,
        ) {
            let lives: Vec<_> = days.iter().copied().map(failed).collect();
            let left = days.iter().filter(|days| **days > at).count() as f64 / days.len() as f64;
            prop_assert!((Curve::estimate(&lives).at(f64::from(at)) - left).abs() < 1e-9);
            let mean = days.iter().map(|days| f64::from(*days)).sum::<f64>() / days.len() as f64;
            prop_assert!((Curve::estimate(&lives).mean_within(100.0) - mean).abs() < 1e-9);
        }
    }
}
