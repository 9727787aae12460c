//! What a failure is and what is counted of failures, pure; what chance makes of counts ([`statistics`]); when a model is a case for
//! somebody ([`alarm`]).

pub mod alarm;
pub mod file;
pub mod statistics;

use self::statistics::poisson_interval;
use crate::{
    devices::rules::fold::fold_key,
    error::Both,
    tickets::rules::{Category, words},
};

/// Kinds of failure: hardware. They are the first categories; the index of tickets that may be failures (`ticket_failure`) knows the last.
pub const KINDS: [Category; 5] =
    [Category::Screen, Category::Keyboard, Category::Battery, Category::NoStart, Category::Peripheral];

/// Seconds of a year, leap days shared out.
const YEAR_S: f64 = 365.25 * 86_400.0;

words! {
    /// What failures are counted by.
    FailureGrouping {
        /// By model, as it is written but for width, case, spaces and dashes.
        Model = 1, "機種", "model";
        /// By school, of one municipality.
        School = 2, "学校", "school";
        /// By municipality.
        Municipality = 3, "区市町村", "municipality";
        /// By kind of failure.
        Kind = 4, "故障の種類", "kind of failure";
    }
}

/// The place of a kind among [`KINDS`]; none for what is no failure.
pub fn kind_at(category: i16) -> Option<usize> {
    KINDS.iter().position(|kind| kind.to_number() == category)
}

/// Under which name devices of one model are counted together; empty for those of which nobody said it.
pub fn model_key(model: Option<&str>) -> String {
    model.and_then(fold_key).unwrap_or_default()
}

/// What was counted of some devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// Failures: devices, each once for each kind.
    pub failures: u64,
    /// Distinct devices among them.
    pub devices: u64,
    /// Devices that are in use now.
    pub in_use: u64,
    /// The time within the period for which devices were in use, in seconds of all of them together.
    pub seconds: u64,
}

/// A rate with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// As it was counted.
    pub value: f64,
    /// As low as it may be.
    pub low: f64,
    /// As high as it may be.
    pub high: f64,
}

impl Failures {
    /// So many devices that failed within a year in which so many were in use all the time.
    pub fn of_a_year(devices: u64, in_use: u32) -> Self {
        let seconds = (f64::from(in_use) * YEAR_S) as u64;
        Self { failures: devices, devices, in_use: in_use.into(), seconds }
    }

    /// Years for which devices were in use, of all of them together.
    pub fn device_years(&self) -> f64 {
        self.seconds as f64 / YEAR_S
    }

    /// Failures for 100 devices in use for a year; none where no device was in use.
    pub fn rate(&self) -> Option<Rate> {
        let hundreds = self.device_years() / 100.0;
        let interval = poisson_interval(self.failures);
        let rate = || Rate {
            value: self.failures as f64 / hundreds,
            low: interval.low / hundreds,
            high: interval.high / hundreds,
        };
        (self.seconds > 0).then(rate)
    }

    /// Devices that were in use on average in a period of so many seconds.
    pub fn average(&self, period_s: u64) -> f64 {
        if period_s == 0 { 0.0 } else { self.seconds as f64 / period_s as f64 }
    }

    /// Devices that failed, of those in use on average, in tenths of a percent; none where no device was in use.
    pub fn share_per_mille(&self, period_s: u64) -> Option<u64> {
        let average = self.average(period_s);
        (average > 0.0).then(|| (self.devices as f64 * 1_000.0 / average) as u64)
    }

    /// Adds other devices.
    pub fn add(&mut self, other: &Self) {
        self.failures += other.failures;
        self.devices += other.devices;
        self.in_use += other.in_use;
        self.seconds += other.seconds;
    }
}

/// Puts first what fails most as far as can be told: by the low end of the interval, so that two failures of three devices do not
/// stand above two hundred of a thousand.
pub fn worst_first(one: &Failures, other: &Failures) -> std::cmp::Ordering {
    let low = |failures: &Failures| failures.rate().map_or(-1.0, |rate| rate.low);
    low(other).total_cmp(&low(one)).then(other.seconds.cmp(&one.seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(failures: u64, years: f64) -> Failures {
        Failures { failures, devices: failures, in_use: 1, seconds: (years * YEAR_S) as u64 }
    }

    #[test]
    fn kinds_are_the_first_categories() {
        let numbers = KINDS.map(Category::to_number);
        assert_eq!(numbers, [1, 2, 3, 4, 5], "the store says so in its statements, and the index too");
        assert_eq!((kind_at(3), kind_at(6)), (Some(2), None));
    }

    #[test]
    fn rate_is_for_a_hundred_devices_and_a_year() {
        let rate = failures(10, 500.0).rate().unwrap();
        assert!(
            (rate.value - 2.0).abs() < 1e-9 && (rate.low - 0.959).abs() < 0.001 && (rate.high - 3.678).abs() < 0.001
        );
        assert_eq!(Failures { failures: 3, ..Failures::default() }.rate(), None, "nothing was in use");
        let none = failures(0, 50.0).rate().unwrap();
        assert!(none.value == 0.0 && none.low == 0.0 && (none.high - 7.378).abs() < 0.001, "{none:?}");
    }

    #[test]
    fn a_year_of_devices_is_counted_as_one() {
        let rate = Failures::of_a_year(10, 200).rate().unwrap();
        assert!((rate.value - 5.0).abs() < 1e-9 && rate.low < 5.0 && rate.high > 5.0);
        assert_eq!(Failures::of_a_year(3, 0).rate(), None);
    }

    #[test]
    fn share_is_of_the_devices_in_use_on_average() {
        let half_a_year = (YEAR_S / 2.0) as u64;
        let counted = Failures { devices: 25, ..failures(30, 50.0) };
        assert!((counted.average(half_a_year) - 100.0).abs() < 0.001);
        assert_eq!(counted.share_per_mille(half_a_year), Some(250));
        assert_eq!(Failures::default().share_per_mille(1), None);
    }

    #[test]
    fn few_failures_of_few_devices_are_not_the_worst() {
        let mut all = [failures(2, 3.0), failures(200, 1_000.0), failures(0, 10.0), Failures::default()];
        all.sort_by(worst_first);
        assert_eq!(all.map(|one| one.failures), [200, 2, 0, 0]);
        assert!(failures(2, 3.0).rate().unwrap().value > failures(200, 1_000.0).rate().unwrap().value);
    }

    #[test]
    fn one_model_is_written_in_many_ways() {
        assert_eq!(model_key(Some("GIGA Book-11")), model_key(Some("ＧＩＧＡ book 11")));
        assert_eq!((model_key(None), model_key(Some(" "))), (String::new(), String::new()));
    }
}
