//! Failure rates as a file for a spreadsheet: one for the console, for programs and for the command line.

use super::Failures;
use crate::devices::rules::import::export::{self, Encoding};

/// The header of the file. It is Japanese in both languages, as all files are.
const HEADER: [&str; 10] = [
    "区分",
    "故障(端末×種類)",
    "故障した端末",
    "使用中の端末",
    "期間中の平均使用台数",
    "延べ使用年数(台・年)",
    "故障率(100台・年)",
    "故障率 95%下限",
    "故障率 95%上限",
    "故障端末の割合(%)",
];

fn cells(name: &str, failures: &Failures, period_s: u64) -> Vec<String> {
    let rate = failures.rate();
    let number = |value: Option<f64>| value.map(|value| format!("{value:.3}")).unwrap_or_default();
    let share = failures.share_per_mille(period_s);
    vec![
        name.to_owned(),
        failures.failures.to_string(),
        failures.devices.to_string(),
        failures.in_use.to_string(),
        format!("{:.1}", failures.average(period_s)),
        format!("{:.1}", failures.device_years()),
        number(rate.map(|rate| rate.value)),
        number(rate.map(|rate| rate.low)),
        number(rate.map(|rate| rate.high)),
        share.map(|share| format!("{}.{}", share / 10, share % 10)).unwrap_or_default(),
    ]
}

/// The file, and how many characters its encoding lacks: groups with their names, then all together.
pub fn file<'a>(
    groups: impl IntoIterator<Item = (&'a str, &'a Failures)>,
    whole: &'a Failures,
    period_s: u64,
    encoding: Encoding,
) -> (Vec<u8>, u64) {
    let rows = groups.into_iter().chain([("合計", whole)]).map(|(name, failures)| cells(name, failures, period_s));
    export::file(HEADER, rows, encoding)
}
