//! What a device costs a year, as a board reads it: year by year and in all, with a chart.

use super::year_text;
use crate::{
    console::{
        Shell,
        charts::{Stack, Tone, stacks},
        words::renewal::{per_device_sentence, yen_text},
    },
    error::Result,
    renewal::rules::{
        money::Yen,
        report::{
            costs::CostReport,
            per_device::{DeviceYears, per_device},
        },
    },
    schools::rules::fiscal::FiscalYear,
};

/// What the page shows of it.
pub(super) struct Shown {
    pub(super) sentence: String,
    pub(super) chart: String,
    pub(super) lines: Vec<Line>,
}

/// A year, or all of them.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) count: u64,
    pub(super) total: i64,
    pub(super) own: i64,
    /// Of a device; nothing where there is none.
    pub(super) one: Option<i64>,
    pub(super) own_one: Option<i64>,
}

fn of_one(amount: Yen, count: u64) -> Option<i64> {
    per_device(amount, count).map(Yen::to_number)
}

fn line(label: String, of: &DeviceYears) -> Result<Line> {
    let total = of.total()?;
    Ok(Line {
        label,
        count: of.count,
        total: total.to_number(),
        own: of.own.to_number(),
        one: of_one(total, of.count),
        own_one: of_one(of.own, of.count),
    })
}

fn bar(shell: &Shell, year: FiscalYear, of: &DeviceYears) -> Stack {
    let [renewal, running] = [of.renewal, of.running].map(|amount| of_one(amount, of.count).unwrap_or(0));
    Stack {
        label: year_text(shell.language, year),
        path: None,
        parts: vec![renewal, running],
        text: yen_text(shell.language, renewal.saturating_add(running)),
    }
}

/// All years of a report in which anything was spent or devices are there; none where there are no devices at all.
pub(super) fn shown(shell: &Shell, report: &CostReport) -> Result<Option<Shown>> {
    let years = report.device_years(|_, year| year)?;
    let all = report.device_years(|_, _| ())?.remove(&()).unwrap_or_default();
    let whole = line(shell.w.renewal.all_years.to_owned(), &all)?;
    let (Some(one), Some(own)) = (whole.one, whole.own_one) else { return Ok(None) };
    let mut lines = Vec::with_capacity(years.len() + 1);
    for (year, of) in &years {
        lines.push(line(year_text(shell.language, *year), of)?);
    }
    let [first, last] = [lines.first(), lines.last()].map(|line| line.map_or("", |line| line.label.as_str()));
    let sentence = per_device_sentence(shell.language, (first, last), one, own);
    lines.push(whole);
    let w = &shell.w.renewal;
    let series = [(w.devices_and_spares.to_owned(), Tone::Plain), (w.running.to_owned(), Tone::Quiet)];
    let bars: Vec<_> = years.iter().map(|(year, of)| bar(shell, *year, of)).collect();
    Ok(Some(Shown { sentence, chart: stacks(shell.language, w.per_device, &series, &bars), lines }))
}
