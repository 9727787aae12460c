//! What a device costs a year: by fiscal year with its chart, by kind, and by owner where there are several.

use super::{Cell, Chart, Column, ColumnKind, Names, Section, Series, Table, model::year_heading, text, words};
use crate::{
    error::Both,
    renewal::rules::{
        CostKind,
        money::{OverLimit, Yen},
        report::{
            costs::{CostDetail, CostReport},
            per_device::{DeviceYears, per_device},
        },
    },
    schools::rules::fiscal::FiscalYear,
};

/// The parts of a document about that; none where devices were not asked for. Refused: sums above 10^13 yen.
pub(super) fn device_years(
    report: &CostReport,
    years: &[FiscalYear],
    names: &Names,
) -> Result<Vec<Section>, OverLimit> {
    let Some(devices) = &report.devices else { return Ok(Vec::new()) };
    let mut sections = vec![by_year(report, years)?];
    sections.extend(by_kind(report, devices.values().sum())?);
    if report.owners.len() > 1 && report.detail != CostDetail::Together {
        sections.push(by_owner(report, names)?);
    }
    Ok(sections)
}

/// Columns of money with what of it falls to a device, behind a label and a count.
fn columns(label: Both, count: Both) -> Vec<Column> {
    let yen = |heading| Column::new(ColumnKind::Yen, heading).summed();
    vec![
        Column::new(ColumnKind::Text, label),
        Column::new(ColumnKind::Integer, count).summed(),
        yen(words::renewal_cost()),
        yen(words::running_cost()),
        Column::sum_of(ColumnKind::Yen, words::sum(), 2..4),
        yen(words::own_funds()),
        Column::per_unit(words::one_device(), 4, 1),
        Column::per_unit(words::one_device_own(), 5, 1),
    ]
}

fn row(label: Both, of: &DeviceYears) -> Vec<Cell> {
    let label = Cell::Text(label);
    vec![label, Cell::count(of.count), Cell::Yen(of.renewal), Cell::Yen(of.running), Cell::Yen(of.own)]
}

fn by_year(report: &CostReport, years: &[FiscalYear]) -> Result<Section, OverLimit> {
    let all = report.device_years(|_, year| year)?;
    let of = |year: &FiscalYear| all.get(year).copied().unwrap_or_default();
    let rows = years.iter().map(|year| row(year_heading(*year), &of(year))).collect();
    let of_one = |amount: fn(&DeviceYears) -> Yen| {
        let one = |year: &FiscalYear| per_device(amount(&of(year)), of(year).count).unwrap_or_default();
        years.iter().map(one).collect()
    };
    let series = vec![
        Series { name: words::renewal_cost(), amounts: of_one(|of| of.renewal), look: 0 },
        Series { name: words::running_cost(), amounts: of_one(|of| of.running), look: 1 },
    ];
    let bars = years.iter().map(|year| year_heading(*year)).collect();
    let table = Table::new(columns(words::years(), words::devices_at_end()), rows)?.with_totals(words::total())?;
    Ok(Section {
        heading: Some(words::per_device()),
        chart: Some(Chart::new(words::per_device(), bars, series)),
        table: Some(table),
        footnotes: vec![words::device_count_note(), words::device_years_note(), words::device_replaced_note()],
        ..Section::default()
    })
}

/// What each kind comes to, of so many devices and years; none where nothing was spent.
fn by_kind(report: &CostReport, count: u64) -> Result<Option<Section>, OverLimit> {
    let kinds = report.by(|line| line.key.kind)?;
    if kinds.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        Column::new(ColumnKind::Text, words::kind()),
        Column::new(ColumnKind::Integer, words::device_years()).same(),
        Column::new(ColumnKind::Yen, words::amount()).summed(),
        Column::per_unit(words::one_device(), 2, 1),
    ];
    let row = |(kind, amount): (CostKind, Yen)| {
        vec![Cell::Text(text::headed(kind.label())), Cell::count(count), Cell::Yen(amount)]
    };
    let table = Table::new(columns, kinds.into_iter().map(row).collect())?.with_totals(words::total())?;
    Ok(Some(Section { heading: Some(words::per_device_kind()), table: Some(table), ..Section::default() }))
}

fn by_owner(report: &CostReport, names: &Names) -> Result<Section, OverLimit> {
    let all = report.device_years(|owner, _| owner.to_owned())?;
    let rows = all.iter().map(|(owner, of)| row(Both::same(names.owner(owner)), of)).collect();
    let table = Table::new(columns(words::municipality(), words::device_years()), rows)?.with_totals(words::total())?;
    Ok(Section { heading: Some(words::per_device_owner()), table: Some(table), ..Section::default() })
}
