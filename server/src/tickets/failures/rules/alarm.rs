//! When a model fails so much more than before and than others that somebody should look.
//!
//! Two comparisons, both of which must say so, each by the exact conditional test of two Poisson rates: the last days of the model with
//! its own time before, and the last days of the model with the last days of all other models. The first alone would cry in April, when
//! everything breaks; the second alone about every model that was always weak. Their greater probability, times how many pairs of model
//! and kind are looked at (Bonferroni), must be below what the policy allows. A fleet of one model has no others: its history decides.

use serde::{Deserialize, Serialize};

use super::statistics::greater_by_chance;
use crate::error::{FieldViolation, says::tickets as say};

/// From how much on the failures of a model are a case for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmPolicy {
    /// Days that are compared; 0 for never.
    pub recent_days: u32,
    /// Days before them.
    pub earlier_days: u32,
    /// Fewest devices of the model in use.
    pub devices_least: u32,
    /// Fewest failures in the last days.
    pub failures_least: u32,
    /// How much greater the rate must be than both others, in percent of them.
    pub ratio_percent: u32,
    /// The probability, in parts of a million, with which one look at everything may find something where there is nothing.
    pub chance_per_million: u32,
}

impl Default for AlarmPolicy {
    /// Ours, of November 2026, until an owner says its own: nobody publishes any. One look in a thousand may be wrong; looks share
    /// most of their days, so that is about one wrong alarm in eighty years.
    fn default() -> Self {
        Self {
            recent_days: 28,
            earlier_days: 365,
            devices_least: 30,
            failures_least: 5,
            ratio_percent: 200,
            chance_per_million: 1_000,
        }
    }
}

impl AlarmPolicy {
    /// Checks every figure against its limits.
    pub fn check(&self) -> Vec<FieldViolation> {
        let limits = [
            ("failure_alarm.recent_days", self.recent_days, 0, 90),
            ("failure_alarm.earlier_days", self.earlier_days, 28, 730),
            ("failure_alarm.devices_least", self.devices_least, 1, 100_000),
            ("failure_alarm.failures_least", self.failures_least, 2, 1_000),
            ("failure_alarm.ratio_percent", self.ratio_percent, 100, 1_000),
            ("failure_alarm.chance_per_million", self.chance_per_million, 1, 50_000),
        ];
        let wrong = limits.into_iter().filter(|(_, value, least, most)| !(*least..=*most).contains(value));
        wrong
            .map(|(field, _, least, most)| FieldViolation::new(field, say::failure_alarm_limits(least, most)))
            .collect()
    }
}

/// The probability above which nothing is left of an alarm that was raised. Far from the one at which it is raised, so that it does not
/// come and go.
const OVER: f64 = 0.05;

/// Failures of one kind within some days, and the time for which devices were in use in them, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Failures.
    pub failures: u64,
    /// Of all devices together.
    pub seconds: u64,
}

impl Window {
    /// Adds other devices.
    pub fn add(&mut self, other: Self) {
        self.failures += other.failures;
        self.seconds += other.seconds;
    }

    fn is_greater(self, other: Self, percent: u32) -> bool {
        let rate = |window: Self| window.failures as f64 / window.seconds as f64;
        other.failures == 0 || rate(self) * 100.0 >= rate(other) * f64::from(percent)
    }
}

/// One model and one kind of failure, over all owners together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Devices of the model in use now.
    pub devices: u64,
    /// The model in the last days.
    pub recent: Window,
    /// The model in the days before them.
    pub earlier: Window,
    /// All other models in the last days.
    pub others: Window,
}

impl Compared {
    /// Whether there are so many devices of other models that they say something.
    fn has_others(&self, policy: &AlarmPolicy) -> bool {
        self.others.seconds >= u64::from(policy.devices_least) * u64::from(policy.recent_days) * 86_400
    }

    /// The probability that its own history, and that other models, leave to chance.
    fn chances(&self, policy: &AlarmPolicy) -> [f64; 2] {
        let pair = |window: Window| (window.failures, window.seconds);
        // A history that is shorter than what is compared with it tells nothing.
        let history = match self.earlier.seconds >= self.recent.seconds {
            true => greater_by_chance(pair(self.recent), pair(self.earlier)),
            false => 1.0,
        };
        let others = match self.has_others(policy) {
            true => greater_by_chance(pair(self.recent), pair(self.others)),
            false => history,
        };
        [history, others]
    }

    /// Whether the model is looked at: how many are decides how strict each look is.
    pub fn is_looked_at(&self, policy: &AlarmPolicy) -> bool {
        policy.recent_days > 0 && self.devices >= u64::from(policy.devices_least)
    }

    /// Whether it is a case for somebody, where so many pairs of model and kind are looked at.
    pub fn raises(&self, policy: &AlarmPolicy, looked_at: usize) -> bool {
        let enough = self.is_looked_at(policy) && self.recent.failures >= u64::from(policy.failures_least);
        let others = if self.has_others(policy) { self.others } else { Window::default() };
        let greater = [self.earlier, others].into_iter().all(|w| self.recent.is_greater(w, policy.ratio_percent));
        let [history, others] = self.chances(policy);
        let allowed = f64::from(policy.chance_per_million) / 1e6;
        enough && greater && history.max(others) * looked_at.max(1) as f64 <= allowed
    }

    /// Whether it still is one after it was: as long as one of the comparisons shows it at all. What it did becomes its history with time,
    /// so the other models keep it up.
    pub fn lasts(&self, policy: &AlarmPolicy) -> bool {
        let [history, others] = self.chances(policy);
        policy.recent_days > 0 && self.recent.failures > 0 && history.min(others) <= OVER
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;

    /// So many devices for so many days.
    fn window(failures: u64, devices: u64, days: u64) -> Window {
        Window { failures, seconds: devices * days * DAY }
    }

    fn compared(recent: u64, earlier: u64, others: u64) -> Compared {
        Compared {
            devices: 100,
            recent: window(recent, 100, 28),
            earlier: window(earlier, 100, 365),
            others: window(others, 900, 28),
        }
    }

    #[test]
    fn a_rise_against_history_and_others_is_a_case() {
        let policy = AlarmPolicy::default();
        assert!(compared(12, 10, 9).raises(&policy, 50));
        assert!(!compared(12, 150, 9).raises(&policy, 50), "it was always so");
        assert!(!compared(12, 10, 100).raises(&policy, 50), "everything breaks");
        assert!(!compared(4, 0, 0).raises(&policy, 5), "too few");
        assert!(!compared(12, 10, 9).raises(&AlarmPolicy { recent_days: 0, ..policy }, 50), "never");
        assert!(!Compared { devices: 29, ..compared(12, 10, 9) }.raises(&policy, 50), "too few devices");
        assert!(compared(6, 14, 9).raises(&AlarmPolicy { chance_per_million: 50_000, ..policy }, 1));
        assert!(!compared(6, 14, 9).raises(&policy, 500), "who looks at much finds something");
    }

    #[test]
    fn history_that_is_too_short_says_nothing_and_one_model_has_only_its_own() {
        let policy = AlarmPolicy::default();
        let new = Compared { earlier: window(0, 100, 20), ..compared(12, 0, 9) };
        assert!(!new.raises(&policy, 5));
        let alone = Compared { others: Window::default(), ..compared(12, 10, 0) };
        assert!(alone.raises(&policy, 5) && alone.lasts(&policy));
    }

    #[test]
    fn an_alarm_lasts_until_neither_comparison_shows_it() {
        let policy = AlarmPolicy::default();
        assert!(compared(5, 20, 9).lasts(&policy), "weaker than what raises one");
        assert!(compared(12, 150, 9).lasts(&policy), "it became history, but others are well");
        assert!(!compared(1, 12, 9).lasts(&policy));
        assert!(!compared(0, 0, 0).lasts(&policy));
    }

    #[test]
    fn all_that_is_wrong_is_said_by_its_name() {
        let wrong = AlarmPolicy { recent_days: 91, earlier_days: 27, failures_least: 1, ..AlarmPolicy::default() };
        let fields: Vec<_> = wrong.check().into_iter().map(|wrong| wrong.field.into_owned()).collect();
        assert_eq!(fields, ["failure_alarm.recent_days", "failure_alarm.earlier_days", "failure_alarm.failures_least"]);
        assert_eq!(AlarmPolicy::default().check(), []);
    }

    proptest! {
        #[test]
        fn what_raises_an_alarm_keeps_it_up(recent in 0_u64..60, earlier in 0_u64..200, others in 0_u64..200, looked_at in 1_usize..200) {
            let (policy, one) = (AlarmPolicy::default(), compared(recent, earlier, others));
            prop_assert!(!one.raises(&policy, looked_at) || one.lasts(&policy));
            // One more failure never ends what fewer raised.
            let more = Compared { recent: window(recent + 1, 100, 28), ..one };
            prop_assert!(!one.raises(&policy, looked_at) || more.raises(&policy, looked_at));
        }
    }
}
