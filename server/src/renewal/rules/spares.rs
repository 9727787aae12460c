//! Whether spares last: devices fail at random, are away for a while, and a spare stands in for each.
//!
//! The model. Failures come as a Poisson process: devices × failures for 100 devices and a year. Repairs do not wait
//! for each other. Two questions, two methods, and each answer says its own ([`Method`]):
//!
//! - *Enough on a day*: how many are out on that day is Poisson with the mean (failures a day × mean time of a repair
//!   so far), whatever the distribution of repair times is (M/G/∞; Takács 1962), beside those of the ones out now that
//!   are not back by then. Repair times are the measured ones, with those that are still away (Kaplan and Meier).
//! - *Enough until a day*: that at no moment until then more are out than there are spares. That depends on more than
//!   the mean; times of repairs are taken as exponential here (M/M/∞, first passage by uniformisation; Jensen 1953).
//!
//! Deliberately not here: holidays. A year's failures are spread over all its days, so a busy month is worse than this
//! says.

use super::survival::{Basis, Curve, Life};
use crate::{
    error::Both,
    tickets::{
        failures::rules::{
            Rate,
            statistics::{ln_factorial, poisson_at_least},
        },
        rules::words,
    },
};

/// Fewest failures from which a rate is taken from what was counted. Ours.
pub const FAILURES_LEAST: u64 = 5;
/// Fewest finished repairs from which their times are. Ours.
pub const REPAIRS_LEAST: u32 = 10;
/// For 100 devices and a year, where too little was counted: ours, between the least and the most that bodies publish
/// (domain §6).
pub const ASSUMED_RATE: Rate = Rate { value: 5.0, low: 2.2, high: 44.0 };
/// Mean time of a repair in days, where too little was counted. Ours.
pub const ASSUMED_REPAIR_DAYS: f64 = 14.0;
/// Days of a year.
const YEAR: f64 = 365.25;
/// What is less likely than this is left out.
const NEGLIGIBLE: f64 = 1e-12;

words! {
    /// How a probability was found.
    Method {
        /// For one day.
        OnDay = 1, "その日に同時に使えない台数(M/G/∞モデル)", "devices out at once on that day (M/G/∞)";
        /// For all days until one.
        UntilDay = 2, "その日までに一度も不足しない確率(M/M/∞モデル、初到達時間)", "never short until that day (M/M/∞, first passage)";
        /// In the long run.
        LongRun = 3, "定常状態で同時に使えない台数(M/G/∞モデル)", "devices out at once in the long run (M/G/∞)";
    }
}

/// How often devices fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailureRate {
    /// For 100 devices and a year, with its interval of 95 %.
    pub rate: Rate,
    /// What it rests on.
    pub basis: Basis,
}

impl FailureRate {
    /// Of what was counted, or the default with fewer than [`FAILURES_LEAST`] failures.
    pub fn of(failures: u64, counted: Option<Rate>) -> Self {
        match counted.filter(|_| failures >= FAILURES_LEAST) {
            Some(rate) => Self { rate, basis: Basis::Measured },
            None => Self { rate: ASSUMED_RATE, basis: Basis::Assumed },
        }
    }
}

/// How long repairs take.
#[derive(Debug, Clone, PartialEq)]
pub enum RepairTimes {
    /// As measured, in days.
    Measured(Curve),
    /// Exponential with a mean in days, since too little was measured.
    Assumed(f64),
}

impl RepairTimes {
    /// Of repairs, those still going with the days until now; the default with fewer than [`REPAIRS_LEAST`] that have
    /// ended.
    pub fn of(repairs: &[Life]) -> Self {
        let curve = Curve::estimate(repairs);
        if curve.failures < REPAIRS_LEAST { Self::Assumed(ASSUMED_REPAIR_DAYS) } else { Self::Measured(curve) }
    }

    /// What they rest on.
    pub fn basis(&self) -> Basis {
        match self {
            Self::Measured(_) => Basis::Measured,
            Self::Assumed(_) => Basis::Assumed,
        }
    }

    /// The mean in days; of measured ones up to the longest of those that ended.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Measured(curve) => curve.mean_within(curve.steps.last().map_or(0.0, |step| step.days.into())),
            Self::Assumed(mean) => *mean,
        }
    }

    /// The mean, cut off after so many days.
    fn mean_within(&self, days: f64) -> f64 {
        match self {
            Self::Measured(curve) => {
                curve.mean_within(days.min(curve.steps.last().map_or(0.0, |step| step.days.into())))
            }
            Self::Assumed(mean) => mean * -(-days / mean).exp_m1(),
        }
    }

    /// The probability that one that is away for so long already is away for so many days more. What is away longer
    /// than any was does not come.
    fn still_away(&self, already: f64, more: f64) -> f64 {
        match self {
            Self::Assumed(mean) => (-more / mean).exp(),
            Self::Measured(curve) => {
                let now = curve.at(already);
                if now <= 0.0 { 1.0 } else { curve.at(already + more) / now }
            }
        }
    }
}

/// A probability with the interval that comes from the interval of the failure rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// 0 to 1.
    pub probability: f64,
    /// With the highest failure rate.
    pub low: f64,
    /// With the lowest.
    pub high: f64,
    /// How it was found.
    pub method: Method,
}

/// How many spares are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// So many.
    pub spares: u32,
    /// With the lowest failure rate.
    pub low: u32,
    /// With the highest.
    pub high: u32,
}

/// Devices of a school, or of whoever shares spares, and how they fail and come back.
#[derive(Debug, Clone, PartialEq)]
pub struct SpareModel {
    /// Devices in use, without spares.
    pub devices: u32,
    /// How often they fail.
    pub failures: FailureRate,
    /// How long repairs take.
    pub repairs: RepairTimes,
}

impl SpareModel {
    /// Failures a day.
    fn daily(&self, rate: f64) -> f64 {
        f64::from(self.devices) / 100.0 * rate / YEAR
    }

    fn outlook(&self, method: Method, probability: impl Fn(f64) -> f64) -> Outlook {
        let rate = self.failures.rate;
        let of = |rate| probability(self.daily(rate)).clamp(0.0, 1.0);
        Outlook { probability: of(rate.value), low: of(rate.high), high: of(rate.low), method }
    }

    /// The probability that so many days from now no more devices are out than there are spares, lent ones included.
    /// `away_days` says of each device that is out now for how long it is.
    pub fn enough_on(&self, spares: u32, away_days: &[u32], days: u32) -> Outlook {
        let days = f64::from(days);
        let mut still = vec![1.0];
        for already in away_days {
            still = with_one_more(&still, self.repairs.still_away((*already).into(), days));
        }
        let within = self.repairs.mean_within(days);
        self.outlook(Method::OnDay, |daily| {
            let free = |out: usize| u32::try_from(out).ok().and_then(|out| spares.checked_sub(out));
            let enough =
                |(out, probability): (usize, &f64)| free(out).map(|free| probability * at_most(free, daily * within));
            still.iter().enumerate().filter_map(enough).sum()
        })
    }

    /// The probability that at no moment of so many days more devices are out than there are spares, where so many are
    /// out now.
    pub fn enough_until(&self, spares: u32, away: u32, days: u32) -> Outlook {
        let mean = self.repairs.mean();
        self.outlook(Method::UntilDay, |daily| never_short(spares, away, daily, mean, days.into()))
    }

    /// How many spares are enough at any moment in the long run with a probability of at least `confidence`, for
    /// example 0.95; as many as devices at most.
    pub fn needed(&self, confidence: f64) -> Needed {
        let (rate, mean) = (self.failures.rate, self.repairs.mean());
        let of = |rate: f64| {
            let expected = self.daily(rate) * mean;
            (0..self.devices).find(|spares| at_most(*spares, expected) >= confidence).unwrap_or(self.devices)
        };
        Needed { spares: of(rate.value), low: of(rate.low), high: of(rate.high) }
    }
}

/// The probability of so many or fewer where so many are to be expected (Poisson).
fn at_most(count: u32, expected: f64) -> f64 {
    1.0 - poisson_at_least(u64::from(count) + 1, expected)
}

/// The distribution of a sum with one more, which is there with a probability.
fn with_one_more(sum: &[f64], probability: f64) -> Vec<f64> {
    let before = |at: usize| at.checked_sub(1).map_or(0.0, |at| sum[at]);
    let here = |at: usize| sum.get(at).copied().unwrap_or(0.0);
    (0..=sum.len()).map(|at| here(at) * (1.0 - probability) + before(at) * probability).collect()
}

/// The probability that an M/M/∞ queue never has more than so many in it within a time: the chain is looked at as often
/// as its fastest state moves, and what goes beyond is lost.
fn never_short(spares: u32, away: u32, daily: f64, mean: f64, days: f64) -> f64 {
    if away > spares {
        return 0.0;
    }
    if daily <= 0.0 || days <= 0.0 {
        return 1.0;
    }
    let usual = (daily * mean).max(away.into());
    if f64::from(spares) > usual + 12.0 * usual.sqrt() + 40.0 {
        return 1.0;
    }
    let states = spares as usize + 1;
    let pace = daily + f64::from(spares) / mean;
    let (up, moves) = (daily / pace, pace * days);
    let mut now = vec![0.0; states];
    now[away as usize] = 1.0;
    let (mut kept, mut seen, mut n) = (0.0, 0.0, 0_u64);
    let most = moves + 10.0 * moves.sqrt() + 50.0;
    while n as f64 <= most && 1.0 - seen > NEGLIGIBLE {
        let weight = (n as f64 * moves.ln() - moves - ln_factorial(n)).exp();
        kept += weight * now.iter().sum::<f64>();
        seen += weight;
        now = moved(&now, up, pace * mean);
        n += 1;
    }
    kept
}

/// One move: up with a probability, down by how many are out of `fastest`, otherwise nowhere.
fn moved(now: &[f64], up: f64, fastest: f64) -> Vec<f64> {
    let down = |out: usize| out as f64 / fastest;
    let of = |out: usize| {
        let stays = now[out] * (1.0 - up - down(out));
        let rises = out.checked_sub(1).map_or(0.0, |below| now[below] * up);
        let falls = now.get(out + 1).map_or(0.0, |above| above * down(out + 1));
        stays + rises + falls
    };
    (0..now.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::renewal::rules::survival::LifeEnding;

    fn model(devices: u32, rate: f64, mean: f64) -> SpareModel {
        let rate = Rate { value: rate, low: rate / 2.0, high: rate * 2.0 };
        SpareModel {
            devices,
            failures: FailureRate { rate, basis: Basis::Measured },
            repairs: RepairTimes::Assumed(mean),
        }
    }

    fn near(value: f64, known: f64) {
        assert!((value - known).abs() < 1e-9, "{value} is not {known}");
    }

    #[test]
    fn long_run_is_poisson_with_devices_times_rate_times_repair() {
        // 36,525 devices, one of a hundred fails a year: one a day, 3 days away, 3 out. P(≤5) = 0.9161, P(≤6) = 0.9665.
        let model = SpareModel { devices: 36_525, ..model(0, 1.0, 3.0) };
        assert_eq!(model.needed(0.95).spares, 6);
        assert_eq!(model.needed(0.91).spares, 5);
        let needed = model.needed(0.95);
        assert!(needed.low < needed.spares && needed.spares < needed.high);
        let far = model.enough_on(6, &[], 3_650);
        near(far.probability, (-3.0_f64).exp() * (1.0 + 3.0 + 4.5 + 4.5 + 3.375 + 2.025 + 1.0125));
        assert!(far.low < far.probability && far.probability < far.high && far.method == Method::OnDay);
        assert_eq!(SpareModel { devices: 0, ..model.clone() }.needed(0.95).spares, 0);
    }

    #[test]
    fn those_out_now_count_until_they_are_back() {
        let none_fails = model(100, 0.0, 10.0);
        near(none_fails.enough_on(0, &[5], 10).probability, 1.0 - (-1.0_f64).exp());
        near(none_fails.enough_on(1, &[5, 0], 10).probability, 1.0 - (-2.0_f64).exp());
        near(none_fails.enough_on(0, &[5], 0).probability, 0.0);
        near(none_fails.enough_on(2, &[5, 5], 0).probability, 1.0);
    }

    #[test]
    fn measured_repairs_count_with_those_still_away() {
        let ended = (1..=10).map(|days| Life { days, ending: LifeEnding::Failed });
        let repairs: Vec<_> = ended.chain([Life { days: 10, ending: LifeEnding::Going }]).collect();
        let times = RepairTimes::of(&repairs);
        assert_eq!((times.basis(), RepairTimes::of(&repairs[1..]).basis()), (Basis::Measured, Basis::Assumed));
        near(times.mean(), (55.0 + 10.0) / 11.0);
        near(times.still_away(0.0, 5.0), 6.0 / 11.0);
        near(times.still_away(5.0, 4.0), 2.0 / 6.0);
        near(times.still_away(10.0, 1.0), 1.0);
        let all_back: Vec<_> = repairs[..10].to_vec();
        near(RepairTimes::of(&all_back).still_away(10.0, 1.0), 1.0);
        near(RepairTimes::of(&all_back).still_away(9.0, 1.0), 0.0);
        let default = FailureRate::of(4, Some(Rate { value: 1.0, low: 0.3, high: 2.6 }));
        assert_eq!((default.basis, default.rate), (Basis::Assumed, ASSUMED_RATE));
        assert_eq!(FailureRate::of(5, None).basis, Basis::Assumed);
    }

    #[test]
    fn without_spares_it_lasts_until_the_first_failure() {
        let model = model(36_525, 1.0, 3.0);
        near(model.enough_until(0, 0, 7).probability, (-7.0_f64).exp());
        near(model.enough_until(0, 1, 7).probability, 0.0);
        near(model.enough_until(3, 0, 0).probability, 1.0);
    }

    /// The chance that a queue with one spare is never short: 2×2 by hand. λ = 1, μ = 1/3; the chain lives on {0, 1},
    /// its generator has the eigenvalues of [[−1, 1], [1/3, −4/3]].
    #[test]
    fn one_spare_lasts_as_two_states_say() {
        let root = ((1.0_f64 / 3.0).powi(2) / 4.0 + 1.0 / 3.0).sqrt();
        let (slow, fast) = (-7.0 / 6.0 + root, -7.0 / 6.0 - root);
        // Survival from 0: S' from 0 is 0 as only state 1 loses, S(0) = 1.
        let days = 4.0_f64;
        let survival = (fast * (slow * days).exp() - slow * (fast * days).exp()) / (fast - slow);
        near(model(36_525, 1.0, 3.0).enough_until(1, 0, 4).probability, survival);
    }

    proptest! {
        #[test]
        fn more_spares_last_longer_and_until_is_never_likelier_than_on(
            devices in 1_u32..2_000, rate in 0.1_f64..60.0, mean in 1.0_f64..60.0,
            spares in 0_u32..60, days in 0_u32..250, away in 0_u32..5,
        ) {
            let model = model(devices, rate, mean);
            let (until, more) = (model.enough_until(spares, away, days), model.enough_until(spares + 1, away, days));
            prop_assert!((0.0..=1.0).contains(&until.probability) && until.low <= until.high + 1e-9);
            prop_assert!(until.probability <= more.probability + 1e-7);
            prop_assert!(model.enough_until(spares, away, days + 10).probability <= until.probability + 1e-7);
            let on = model.enough_on(spares, &vec![0; away as usize], days);
            prop_assert!(until.probability <= on.probability + 1e-6, "{:?} {:?}", until, on);
        }

        #[test]
        fn needed_spares_are_enough_and_one_less_is_not(
            devices in 1_u32..5_000, rate in 0.1_f64..60.0, mean in 1.0_f64..60.0,
        ) {
            let model = model(devices, rate, mean);
            let (needed, expected) = (model.needed(0.95).spares, model.daily(rate) * mean);
            prop_assert!(at_most(needed, expected) >= 0.95 || needed == devices);
            prop_assert!(needed == 0 || at_most(needed - 1, expected) < 0.95);
        }
    }
}
