//! How long devices of a model last and how many will fail, out of what was counted of them.
//!
//! **A life** begins when the lot of the device was delivered, or else on the day of acquisition that the registry has, or on
//! the day from which the registry knows it. It ends with the first failure: a confirmed ticket of hardware, as
//! [`crate::tickets::failures`] defines it, or a repair; of the battery with the first such ticket. Who is gone before, and
//! who is there still, is known to have lasted so long. What failed before the registry knew the device is not known, so
//! devices count from then on.
//!
//! **What is to come**: a device fails as those of its age did (Nelson and Aalen's sum of failures by devices at risk), and
//! one that was repaired fails as any other of its age. Beyond the ages that were seen the mean rate goes on. The interval
//! holds the one of the failures that were counted (Garwood) and chance. Where fewer than [`FAILURES_LEAST`] were counted
//! a default stands there and says so.
//!
//! Deliberately not here: devices that are to be bought or to go. The forecast is of those that are there now.

use std::collections::BTreeMap;

use time::Date;

use super::{
    spares::ASSUMED_RATE,
    survival::{BEYOND, Basis, Curve, FAILURES_LEAST, LifeEnd, LifeEnding, Lives, life_end},
};
use crate::{
    error::Both,
    schools::rules::fiscal::FiscalYear,
    tickets::{failures::rules::statistics::poisson_interval, rules::words},
};

/// Fewest devices under observation on a day from which a curve takes anything. Ours.
pub const AT_RISK_LEAST: u32 = 5;
/// Years within which the share that fails is told.
pub const SHARE_YEARS: [u8; 5] = [1, 2, 3, 4, 5];
/// Fiscal years to come of which failures are told.
pub const FORECAST_YEARS: usize = 3;
/// Days of a year.
const YEAR: f64 = 365.25;
/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

words! {
    /// What ends a life.
    LifeKind {
        /// The first failure of any hardware.
        Failure = 1, "故障(全体)", "any failure";
        /// The first of the battery.
        Battery = 2, "バッテリーの故障", "failure of the battery";
    }
}

words! {
    /// How a forecast was made.
    ForecastMethod {
        /// By age.
        ByAge = 1, "年齢ごとの故障率(カプラン・マイヤー推定と同じ数え方)を、いまある端末に当てはめた予測。区間は、数えた故障数の95%区間と偶然のばらつきを含む", "the rate of failures at each age, as Kaplan and Meier count them, of the devices that are there now; the interval holds that of the failures that were counted (95 %) and chance";
        /// By the default rate.
        AssumedRate = 2, "既定の故障率(100台・年あたり5件、2.2〜44件)による予測。実績が少ないため", "a default of 5 failures for 100 devices and a year (2.2 to 44), since too few were counted";
        /// By the lives of batteries that the owner assumes.
        AssumedBattery = 3, "サポート期限の条件にあるバッテリー寿命を迎える台数。実績が少ないため", "batteries that reach the life that the rules of the owner assume, since too few failures were counted";
    }
}

/// A figure with its interval of 95 %; without one where it is a default that has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// As low and as high as it may be.
    pub interval: Option<(f64, f64)>,
}

/// Devices of a model that are alike. Days are counted from 1970-01-01 in Japan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    /// How many.
    pub devices: u32,
    /// When their lives began.
    pub begun: i64,
    /// From when on the registry knows them.
    pub known: i64,
    /// When they left; none for those that are there.
    pub left: Option<i64>,
    /// When they failed first.
    pub failed: Option<i64>,
    /// When their batteries did.
    pub battery_failed: Option<i64>,
    /// When their batteries end, by what the owner assumes.
    pub battery_end: Option<i64>,
}

/// How many fail in a year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// The year.
    pub year: FiscalYear,
    /// How many.
    pub failures: Estimate,
}

/// Lives that one kind of thing ends.
#[derive(Debug, Clone, PartialEq)]
pub struct KindLives {
    /// What ends them.
    pub kind: LifeKind,
    /// What the figures rest on.
    pub basis: Basis,
    /// As it was counted, whether it is enough or not.
    pub curve: Curve,
    /// After how many days half is left.
    pub median: LifeEnd,
    /// Which part fails within [`SHARE_YEARS`]; none where nobody looked that long.
    pub shares: Vec<(u8, Option<Estimate>)>,
    /// The next [`FORECAST_YEARS`].
    pub forecasts: Vec<Forecast>,
    /// How these were made.
    pub method: ForecastMethod,
}

/// Lives of devices of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelLives {
    /// The model as most of its devices are called; empty where nobody said it.
    pub model: String,
    /// Devices that are there now.
    pub devices: u64,
    /// By [`LifeKind`].
    pub kinds: Vec<KindLives>,
}

/// All models together: what can be added up.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeLives {
    /// What ends them.
    pub kind: LifeKind,
    /// How many lives.
    pub lives: u64,
    /// How many failed.
    pub failures: u64,
    /// Forecasts added up; the ends of their intervals too, which is more than all models together vary.
    pub forecasts: Vec<Forecast>,
}

/// The number of a day from 1970-01-01.
pub fn day_number(day: Date) -> i64 {
    i64::from(day.to_julian_day()) - EPOCH
}

/// The years of forecasts from a day on: those after the one in which it lies.
pub fn forecast_years(today: Date) -> Vec<FiscalYear> {
    let current = FiscalYear::of(today).year();
    (1..=FORECAST_YEARS).filter_map(|by| FiscalYear::starting_in(current + i32::try_from(by).ok()?)).collect()
}

fn days(from: i64, to: i64) -> u32 {
    u32::try_from(to.saturating_sub(from).max(0)).unwrap_or(u32::MAX)
}

impl Alike {
    /// When they began: not after the registry knew them, whatever a ledger says.
    fn begin(&self) -> i64 {
        self.begun.min(self.known)
    }

    fn lives(&self, kind: LifeKind, today: i64) -> Lives {
        let failed = match kind {
            LifeKind::Failure => self.failed,
            LifeKind::Battery => self.battery_failed,
        };
        let gone = self.left.unwrap_or(today).min(today);
        let (end, ending) = match failed.filter(|failed| *failed <= gone) {
            Some(failed) => (failed, LifeEnding::Failed),
            None => (gone, LifeEnding::Going),
        };
        let begin = self.begin();
        let from = days(begin, self.known);
        Lives { from, days: days(begin, end).max(from), ending, count: self.devices }
    }
}

/// Expected failures of one device by its age.
#[derive(Debug)]
struct Hazard {
    /// Up to which age how many are to be expected, within the ages that were seen.
    sums: Vec<(u32, f64)>,
    seen: (u32, u32),
    /// A day, where nothing was seen.
    mean: f64,
}

impl Hazard {
    fn of(curve: &Curve, lives: &[Lives]) -> Self {
        let mut sum = 0.0;
        let added = |step: &super::survival::Step| {
            sum += f64::from(step.failed) / f64::from(step.at_risk);
            (step.days, sum)
        };
        let sums = curve.steps.iter().map(added).collect();
        let looked_at = |life: &Lives| f64::from(life.count) * f64::from(life.days - life.from);
        let exposure = lives.iter().map(looked_at).sum::<f64>().max(1.0);
        Self { sums, seen: curve.observed.unwrap_or((0, 0)), mean: f64::from(curve.failures) / exposure }
    }

    /// How many until an age in days.
    fn until(&self, age: f64) -> f64 {
        let (first, last) = (f64::from(self.seen.0), f64::from(self.seen.1));
        let outside = age.min(first).max(0.0) + (age - last).max(0.0);
        let behind = self.sums.partition_point(|(days, _)| f64::from(*days) <= age);
        let within = behind.checked_sub(1).map_or(0.0, |at| self.sums[at].1);
        within + outside * self.mean
    }
}

/// The interval of a forecast: what is to be expected at least and at most, and chance on top.
fn with_chance(value: f64, least: f64, most: f64) -> Estimate {
    let low = (least - BEYOND * least.sqrt()).max(0.0);
    Estimate { value, interval: Some((low, most + BEYOND * most.sqrt())) }
}

/// What all devices that are there have before them.
struct There<'a> {
    /// Begin of lives and devices.
    by_begin: BTreeMap<i64, f64>,
    all: &'a [Alike],
}

impl<'a> There<'a> {
    fn of(all: &'a [Alike]) -> Self {
        let mut by_begin = BTreeMap::new();
        for alike in all.iter().filter(|alike| alike.left.is_none()) {
            *by_begin.entry(alike.begin()).or_insert(0.0) += f64::from(alike.devices);
        }
        Self { by_begin, all }
    }

    fn devices(&self) -> f64 {
        self.by_begin.values().sum()
    }

    fn by_age(&self, hazard: &Hazard, failures: u32, year: FiscalYear) -> Estimate {
        let (first, end) = (day_number(year.first_day()), day_number(year.last_day()) + 1);
        let age = |day: i64, begin: i64| f64::from(days(begin, day));
        let of = |(begin, devices): (&i64, &f64)| {
            devices * (hazard.until(age(end, *begin)) - hazard.until(age(first, *begin)))
        };
        let value: f64 = self.by_begin.iter().map(of).sum();
        let interval = poisson_interval(failures.into());
        let by = value / f64::from(failures.max(1));
        with_chance(value, by * interval.low, by * interval.high)
    }

    fn by_rate(&self) -> Estimate {
        let of = |rate: f64| self.devices() / 100.0 * rate;
        with_chance(of(ASSUMED_RATE.value), of(ASSUMED_RATE.low), of(ASSUMED_RATE.high))
    }

    fn by_battery(&self, year: FiscalYear) -> Estimate {
        let in_year = day_number(year.first_day())..=day_number(year.last_day());
        let ends = |alike: &&Alike| alike.left.is_none() && alike.battery_end.is_some_and(|end| in_year.contains(&end));
        let value = self.all.iter().filter(ends).map(|alike| f64::from(alike.devices)).sum();
        Estimate { value, interval: None }
    }
}

/// Days after which half is left by default: by the rate, or what the owner assumes of most batteries.
fn assumed_median(kind: LifeKind, all: &[Alike]) -> Option<u32> {
    match kind {
        LifeKind::Failure => Some((std::f64::consts::LN_2 / (ASSUMED_RATE.value / 100.0) * YEAR).round() as u32),
        LifeKind::Battery => {
            let most = all.iter().filter(|alike| alike.battery_end.is_some()).max_by_key(|alike| alike.devices)?;
            most.battery_end.map(|end| days(most.begun, end))
        }
    }
}

/// Which part fails within so many years.
fn share(kind: LifeKind, basis: Basis, curve: &Curve, years: u8) -> Option<Estimate> {
    match (basis, kind) {
        (Basis::Measured, _) => {
            let (survival, low, high) = curve.known_at(f64::from(years) * YEAR)?;
            Some(Estimate { value: 1.0 - survival, interval: Some((1.0 - high, 1.0 - low)) })
        }
        (Basis::Assumed, LifeKind::Failure) => {
            let of = |rate: f64| -(-rate / 100.0 * f64::from(years)).exp_m1();
            let interval = Some((of(ASSUMED_RATE.low), of(ASSUMED_RATE.high)));
            Some(Estimate { value: of(ASSUMED_RATE.value), interval })
        }
        (Basis::Assumed, LifeKind::Battery) => None,
    }
}

fn kind_lives(kind: LifeKind, all: &[Alike], there: &There<'_>, today: Date) -> KindLives {
    let lives: Vec<_> = all.iter().map(|alike| alike.lives(kind, day_number(today))).collect();
    let curve = Curve::of(&lives, AT_RISK_LEAST);
    let median = life_end(&curve, 0.5, assumed_median(kind, all));
    let basis = if curve.failures < FAILURES_LEAST { Basis::Assumed } else { Basis::Measured };
    let method = match (basis, kind) {
        (Basis::Measured, _) => ForecastMethod::ByAge,
        (Basis::Assumed, LifeKind::Failure) => ForecastMethod::AssumedRate,
        (Basis::Assumed, LifeKind::Battery) => ForecastMethod::AssumedBattery,
    };
    let hazard = Hazard::of(&curve, &lives);
    let forecast = |year: FiscalYear| {
        let failures = match method {
            ForecastMethod::ByAge => there.by_age(&hazard, curve.failures, year),
            ForecastMethod::AssumedRate => there.by_rate(),
            ForecastMethod::AssumedBattery => there.by_battery(year),
        };
        Forecast { year, failures }
    };
    let forecasts = forecast_years(today).into_iter().map(forecast).collect();
    let shares = SHARE_YEARS.map(|years| (years, share(kind, basis, &curve, years))).to_vec();
    KindLives { kind, basis, curve, median, shares, forecasts, method }
}

impl ModelLives {
    /// Of a model with all its devices.
    pub fn of(model: String, all: &[Alike], today: Date) -> Self {
        let there = There::of(all);
        let kinds = LifeKind::ALL.iter().map(|kind| kind_lives(*kind, all, &there, today)).collect();
        let devices = all.iter().filter(|alike| alike.left.is_none()).map(|alike| u64::from(alike.devices)).sum();
        Self { model, devices, kinds }
    }

    /// What one kind of thing ends.
    pub fn kind(&self, kind: LifeKind) -> Option<&KindLives> {
        self.kinds.iter().find(|one| one.kind == kind)
    }
}

/// Adds two figures; the interval is known as far as both are.
fn added(one: Estimate, two: Estimate) -> Estimate {
    let interval = one.interval.zip(two.interval).map(|(one, two)| (one.0 + two.0, one.1 + two.1));
    Estimate { value: one.value + two.value, interval }
}

/// All models together.
pub fn whole(models: &[ModelLives], today: Date) -> Vec<WholeLives> {
    let of_kind = |kind: &LifeKind| {
        let kinds: Vec<_> = models.iter().filter_map(|model| model.kind(*kind)).collect();
        let forecast = |year: FiscalYear| {
            let of_year = kinds.iter().flat_map(|one| &one.forecasts).filter(|one| one.year == year);
            let none = Estimate { value: 0.0, interval: Some((0.0, 0.0)) };
            Forecast { year, failures: of_year.fold(none, |sum, one| added(sum, one.failures)) }
        };
        WholeLives {
            kind: *kind,
            lives: kinds.iter().map(|one| u64::from(one.curve.lives)).sum(),
            failures: kinds.iter().map(|one| u64::from(one.curve.failures)).sum(),
            forecasts: forecast_years(today).into_iter().map(forecast).collect(),
        }
    };
    LifeKind::ALL.iter().map(of_kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules::days::parse_date;

    fn day(text: &str) -> Date {
        parse_date("day", text).unwrap()
    }

    /// Devices that are there from 2024-04-01 on.
    fn alike(devices: u32) -> Alike {
        let begun = day_number(day("2024-04-01"));
        Alike { devices, begun, known: begun, left: None, failed: None, battery_failed: None, battery_end: None }
    }

    fn near(value: f64, known: f64) {
        assert!((value - known).abs() < 1e-9, "{value} is not {known}");
    }

    #[test]
    fn days_are_counted_as_the_registry_stores_times() {
        assert_eq!((day_number(day("1990-01-01")), day_number(day("2026-04-01"))), (7_305, 20_544));
        let years: Vec<_> = forecast_years(day("2026-11-27")).iter().map(|year| year.year()).collect();
        assert_eq!(years, [2027, 2028, 2029]);
    }

    #[test]
    fn a_life_is_looked_at_from_when_the_registry_knows_the_device() {
        let one = Alike { known: alike(1).begun + 100, ..alike(3) };
        let today = one.begun + 1_000;
        let lives = |alike: Alike, kind| alike.lives(kind, today);
        let going = Lives { from: 100, days: 1_000, ending: LifeEnding::Going, count: 3 };
        assert_eq!(lives(one, LifeKind::Failure), going);
        let failed = Alike { failed: Some(one.begun + 400), left: Some(one.begun + 700), ..one };
        assert_eq!(lives(failed, LifeKind::Failure), Lives { days: 400, ending: LifeEnding::Failed, ..going });
        assert_eq!(lives(failed, LifeKind::Battery), Lives { days: 700, ..going }, "gone is not failed");
        let later = Alike { begun: one.known + 50, ..one };
        assert_eq!(lives(later, LifeKind::Failure).from, 0, "it was there before its lot");
    }

    /// 100 devices, 20 of which fail on day 100 and 10 on day 300: S is 0.8, then 0.8 × 70/80 = 0.7. Within a year 30 % fail.
    /// The sum of Nelson and Aalen is 20/100 + 10/80 = 0.325.
    #[test]
    fn enough_failures_give_a_curve_its_shares_and_a_forecast() {
        let begun = alike(1).begun;
        let failed = |devices: u32, after: i64| Alike { failed: Some(begun + after), ..alike(devices) };
        // New ones of the same model come on the day before the fiscal year in which they fail as the others did.
        let fresh = Alike { begun: day_number(day("2027-04-01")), ..alike(1_000) };
        let fresh = Alike { known: fresh.begun, ..fresh };
        let all = [failed(20, 100), failed(10, 300), alike(70)];
        let today = day("2026-11-27");
        let lives = ModelLives::of(String::from("K-1"), &all, today);
        let of = lives.kind(LifeKind::Failure).unwrap();
        assert_eq!((lives.devices, of.basis, of.method), (100, Basis::Measured, ForecastMethod::ByAge));
        assert_eq!((of.curve.lives, of.curve.failures, of.median.days), (100, 30, None));
        near(of.shares[0].1.unwrap().value, 0.3);
        let (low, high) = of.shares[0].1.unwrap().interval.unwrap();
        assert!(low < 0.3 && high > 0.3);
        assert_eq!(of.shares[4].1, None, "nobody looked five years");
        // All are older than anything that was seen when the next year begins, so the mean rate goes on: 30 failures in
        // 20 × 100 + 10 × 300 + 70 × 970 = 72,900 days, for 100 devices and the 366 days of 2027 to March 2028.
        assert_eq!(day_number(today) - begun, 970);
        near(of.forecasts[0].failures.value, 100.0 * 366.0 * 30.0 / 72_900.0);
        let hazard = Hazard::of(&of.curve, &all.map(|alike| alike.lives(LifeKind::Failure, day_number(today))));
        near(hazard.until(366.0), 0.325);
        near(There::of(&[fresh]).by_age(&hazard, 30, FiscalYear::of(day("2027-04-01"))).value, 325.0);
        let (low, high) = of.forecasts[0].failures.interval.unwrap();
        let value = of.forecasts[0].failures.value;
        assert!(0.0 < low && low < value && value < high);
    }

    #[test]
    fn few_failures_give_defaults_that_say_so() {
        let end = Some(day_number(day("2028-04-01")));
        let all = [Alike { battery_end: end, ..alike(200) }, Alike { left: end, ..alike(50) }];
        let lives = ModelLives::of(String::new(), &all, day("2026-11-27"));
        let failure = lives.kind(LifeKind::Failure).unwrap();
        assert_eq!((failure.basis, failure.method), (Basis::Assumed, ForecastMethod::AssumedRate));
        near(failure.forecasts[0].failures.value, 10.0);
        near(failure.shares[0].1.unwrap().value, 1.0 - (-0.05_f64).exp());
        let battery = lives.kind(LifeKind::Battery).unwrap();
        let ends: Vec<_> = battery.forecasts.iter().map(|one| (one.failures.value, one.failures.interval)).collect();
        assert_eq!(ends, [(0.0, None), (200.0, None), (0.0, None)], "in the year in which it ends");
        assert_eq!((battery.median.days, battery.shares[0].1), (Some(1_461), None));
    }

    #[test]
    fn models_are_added_up() {
        let today = day("2026-11-27");
        let models = ["K-1", "K-2"].map(|model| ModelLives::of(model.to_owned(), &[alike(100)], today));
        let [failure, battery] = &whole(&models, today)[..] else { panic!("two kinds") };
        assert_eq!((failure.lives, failure.failures, battery.lives), (200, 0, 200));
        near(failure.forecasts[0].failures.value, 10.0);
        assert_eq!(battery.forecasts[0].failures.interval, None, "one that is not known makes all not known");
        assert_eq!(whole(&[], today)[0].forecasts[0].failures.value, 0.0);
    }
}
