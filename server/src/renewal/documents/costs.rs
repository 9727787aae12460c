//! Costs of years by payer, kind, owner or school, and model, with what is due; and scenarios of funding side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cell, Chart, Column, ColumnKind, Cover, Detail, Document, Names, Orientation, Section, Series, Source, Table,
    basis::basis, device_years::device_years, model::year_heading, text, words,
};
use crate::{
    console::words::Language,
    error::Both,
    renewal::rules::{
        CostKind, Payer,
        due::DueReason,
        money::{OverLimit, Yen, sum_by},
        projection::USUAL_YEARS,
        report::{
            costs::{CostDetail, CostLine, CostReport},
            scenarios::{ScenarioColumn, ScenarioReport},
        },
    },
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// Amounts of rows by their names, one for each column.
type Rows = Vec<(Both, Vec<Yen>)>;

/// Costs by year and payer with their chart, and by year for each kind, owner or school, and model; what a device
/// costs a year, where devices are counted; devices that are due; in
/// detail each amount on a line of its own. Refused: sums above 10^13 yen.
pub fn yearly(cover: Cover, report: &CostReport, names: &Names, detail: Detail) -> Result<Document, OverLimit> {
    let years = years(report);
    let mut sections = vec![by_payer(report, &years)?];
    let of_kind = |line: &CostLine| line.key.kind;
    let kind = |kind: &CostKind| text::headed(kind.label());
    sections.push(by_year(report, &years, (words::by_kind(), words::kind()), of_kind, kind)?);
    if report.owners.len() > 1 && report.detail != CostDetail::Together {
        let (of_owner, owner) = (|line: &CostLine| line.owner.clone(), |code: &String| Both::same(names.owner(code)));
        sections.push(by_year(report, &years, (words::by_owner(), words::municipality()), of_owner, owner)?);
    } else if report.lines.iter().any(|line| line.key.school.is_some()) {
        // By name, and the id keeps those apart that have the same.
        let of_school = |line: &CostLine| line.key.school.map(|school| (names.school(school), school));
        let school = |named: &Option<(String, SchoolId)>| match named {
            Some((name, _)) => Both::same(name.clone()),
            None => words::whole_owner(),
        };
        sections.push(by_year(report, &years, (words::by_school(), words::school()), of_school, school)?);
    }
    if report.lines.iter().any(|line| !line.key.model.is_empty()) {
        let of_model = |line: &CostLine| line.key.model.clone();
        let model = |model: &String| if model.is_empty() { words::no_device() } else { Both::same(model.clone()) };
        sections.push(by_year(report, &years, (words::by_model(), words::model()), of_model, model)?);
    }
    sections.extend(device_years(report, &years, names)?);
    sections.extend(due(report)?);
    match detail {
        Detail::Sums => {}
        Detail::Lines => sections.push(lines(report, names)?),
    }
    sections.extend(basis(&report.rules, &report.problems));
    let (title, orientation) = (words::costs(), Orientation::Landscape);
    Ok(Document { label: None, title, cover, orientation, sections, sources: Vec::new() })
}

/// Years that are shown: of those that were asked for, from the first with an amount, or that is to come, to the last with
/// one, or the tenth to come.
fn years(report: &CostReport) -> Vec<FiscalYear> {
    let of_lines = || report.lines.iter().map(|line| line.key.year.year());
    let coming = report.outlook_from.year();
    let tenth = coming + i32::from(USUAL_YEARS) - 1;
    let first = report.first.year().max(of_lines().fold(coming, i32::min));
    let last = report.last.year().min(of_lines().fold(tenth, i32::max));
    (first..=last).filter_map(FiscalYear::starting_in).collect()
}

/// Costs by year and payer, with their chart.
fn by_payer(report: &CostReport, years: &[FiscalYear]) -> Result<Section, OverLimit> {
    let sums = report.by(|line| (line.key.year, line.key.payer))?;
    let payers = payers(report.lines.iter().map(|line| line.key.payer));
    let headings: Vec<_> = payers.iter().map(|payer| text::headed(payer.label())).collect();
    let amount = |year: FiscalYear, payer: Payer| sums.get(&(year, payer)).copied().unwrap_or_default();
    let row = |year: &FiscalYear| (year_heading(*year), payers.iter().map(|payer| amount(*year, *payer)).collect());
    let rows: Rows = years.iter().map(row).collect();
    let coming = year_heading(report.outlook_from);
    let note = Both::of(words::amounts_note(&coming.ja), words::amounts_note(&coming.en));
    Ok(Section {
        heading: Some(words::by_payer()),
        chart: Some(stacked(words::by_payer(), &payers, &rows)),
        table: Some(table(words::years(), &headings, &rows)?.with_totals(words::total())?),
        footnotes: vec![note, words::costs_split()],
        ..Section::default()
    })
}

/// Costs by year, in a row for each of what a key tells apart.
fn by_year<K: Ord + Clone>(
    report: &CostReport,
    years: &[FiscalYear],
    (heading, label): (Both, Both),
    key: impl Fn(&CostLine) -> K,
    name: impl Fn(&K) -> Both,
) -> Result<Section, OverLimit> {
    let mut rows: BTreeMap<K, BTreeMap<FiscalYear, Yen>> = BTreeMap::new();
    for ((key, year), amount) in report.by(|line| (key(line), line.key.year))? {
        rows.entry(key).or_default().insert(year, amount);
    }
    let amounts =
        |of: &BTreeMap<FiscalYear, Yen>| years.iter().map(|year| of.get(year).copied().unwrap_or_default()).collect();
    let rows: Rows = rows.iter().map(|(key, of)| (name(key), amounts(of))).collect();
    let headings: Vec<_> = years.iter().map(|year| year_heading(*year)).collect();
    let table = table(label, &headings, &rows)?.with_totals(words::total())?;
    Ok(Section { heading: Some(heading), table: Some(table), ..Section::default() })
}

/// How many devices are due when and why; none where none is.
fn due(report: &CostReport) -> Result<Option<Section>, OverLimit> {
    let mut counts: BTreeMap<(FiscalYear, &str, CostKind, DueReason, bool), u64> = BTreeMap::new();
    for (_, due) in &report.due {
        let key = (due.year, due.model.as_str(), due.kind, due.reason, due.is_past_os_end);
        *counts.entry(key).or_default() += u64::from(due.count);
    }
    if counts.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        Column::new(ColumnKind::Text, words::model()),
        Column::new(ColumnKind::Text, words::kind()),
        Column::new(ColumnKind::FiscalYear, words::due_year()),
        Column::new(ColumnKind::Text, words::due_reason()),
        Column::new(ColumnKind::Integer, words::disposal_count()).summed(),
    ];
    let rows = counts.into_iter().map(|((year, model, kind, reason, is_past_os_end), count)| {
        let reason = text::headed(reason.label());
        let reason = match is_past_os_end {
            true => Both::of(words::past_os_end(&reason.ja), words::past_os_end(&reason.en)),
            false => reason,
        };
        let kind = Cell::Text(text::headed(kind.label()));
        vec![Cell::name(model), kind, Cell::Year(year), Cell::Text(reason), Cell::count(count)]
    });
    let table = Some(Table::new(columns, rows.collect())?.with_totals(words::total())?);
    Ok(Some(Section { heading: Some(words::due()), table, ..Section::default() }))
}

/// Each amount on a line of its own.
fn lines(report: &CostReport, names: &Names) -> Result<Section, OverLimit> {
    let columns = vec![
        Column::new(ColumnKind::Text, words::municipality()),
        Column::new(ColumnKind::FiscalYear, words::years()),
        Column::new(ColumnKind::Text, words::amount_basis()),
        Column::new(ColumnKind::Text, words::payer()),
        Column::new(ColumnKind::Text, words::kind()),
        Column::new(ColumnKind::Text, words::school()),
        Column::new(ColumnKind::Text, words::model()),
        Column::new(ColumnKind::Yen, words::amount()).summed(),
    ];
    let row = |line: &CostLine| {
        let key = &line.key;
        vec![
            Cell::name(names.owner(&line.owner)),
            Cell::Year(key.year),
            Cell::Text(text::headed(line.basis.label())),
            Cell::Text(text::headed(key.payer.label())),
            Cell::Text(text::headed(key.kind.label())),
            key.school.map_or(Cell::Blank, |school| Cell::name(names.school(school))),
            if key.model.is_empty() { Cell::Blank } else { Cell::name(&key.model) },
            Cell::Yen(line.amount),
        ]
    };
    let table = Table::new(columns, report.lines.iter().map(row).collect())?.with_totals(words::total())?;
    Ok(Section { heading: Some(words::lines()), table: Some(table), ..Section::default() })
}

/// Scenarios under each other, so that their columns compare: by payer with their chart, own funds and everything by year,
/// and how own funds differ from those of the first scenario. Refused: sums above 10^13 yen.
pub fn scenarios(cover: Cover, report: &ScenarioReport) -> Result<Document, OverLimit> {
    let (compared, years) = (&report.scenarios, &report.years);
    let payers = payers(compared.iter().flat_map(|one| one.amounts.keys().map(|(_, payer)| *payer)));
    let names: Vec<_> = payers.iter().map(|payer| text::headed(payer.label())).collect();
    let mut by_payer: Rows = Vec::new();
    for one in compared {
        let amounts = payers.iter().map(|payer| one.of(*payer)).collect::<Result<_, _>>()?;
        by_payer.push((one.name.clone(), amounts));
    }
    let mut sections = vec![Section {
        heading: Some(words::scenarios_payers()),
        chart: Some(stacked(words::scenarios_payers(), &payers, &by_payer)),
        table: Some(table(words::scenario_name(), &names, &by_payer)?),
        footnotes: notes(compared),
        ..Section::default()
    }];
    let own = of_years(compared, years, |payer| payer == Payer::Own)?;
    let all = of_years(compared, years, |_| true)?;
    let less = compared_with_first(&own)?;
    let headings: Vec<_> = years.iter().map(|year| year_heading(*year)).collect();
    let section = |heading: Both, rows: &Rows| -> Result<Section, OverLimit> {
        let table = Some(table(words::scenario_name(), &headings, rows)?);
        Ok(Section { heading: Some(heading), table, ..Section::default() })
    };
    sections.push(section(words::scenarios_own(), &own)?);
    if let Some((first, _)) = own.first().filter(|_| own.len() > 1) {
        let heading = Both::of(words::scenarios_less(&first.ja), words::scenarios_less(&first.en));
        sections.push(section(heading, &less)?);
    }
    sections.push(section(words::scenarios_all(), &all)?);
    sections.extend(basis(&report.rules, &[]));
    // Several may come from one place.
    let sources: BTreeSet<Source> = compared.iter().map(|one| Source::from(&one.origin)).collect();
    let sources = sources.into_iter().collect();
    let (title, orientation) = (words::scenarios(), Orientation::Landscape);
    Ok(Document { label: None, title, cover, orientation, sections, sources })
}

/// Who pays anything, and the owner always, in the order of the words.
fn payers(paying: impl Iterator<Item = Payer>) -> Vec<Payer> {
    let paying: BTreeSet<Payer> = paying.collect();
    Payer::ALL.iter().copied().filter(|payer| *payer == Payer::Own || paying.contains(payer)).collect()
}

/// A table of money with the sum of each row.
fn table(label: Both, headings: &[Both], rows: &[(Both, Vec<Yen>)]) -> Result<Table, OverLimit> {
    let mut columns = vec![Column::new(ColumnKind::Text, label)];
    columns.extend(headings.iter().map(|heading| Column::new(ColumnKind::Yen, heading.clone()).summed()));
    columns.push(Column::sum_of(ColumnKind::Yen, words::sum(), 1..headings.len() + 1));
    let row = |(name, amounts): &(Both, Vec<Yen>)| {
        let mut cells = vec![Cell::Text(name.clone())];
        cells.extend(amounts.iter().copied().map(Cell::Yen));
        cells
    };
    Table::new(columns, rows.iter().map(row).collect())
}

/// A bar for each row, a part for each payer.
fn stacked(title: Both, payers: &[Payer], rows: &[(Both, Vec<Yen>)]) -> Chart {
    let series = payers.iter().enumerate().map(|(at, payer)| {
        let amounts = rows.iter().map(|(_, amounts)| amounts[at]).collect();
        let look = Payer::ALL.iter().position(|one| one == payer).unwrap_or_default();
        Series { name: text::headed(payer.label()), amounts, look }
    });
    Chart::new(title, rows.iter().map(|(name, _)| name.clone()).collect(), series.collect())
}

/// For each scenario what some payers pay in each year.
fn of_years(
    compared: &[ScenarioColumn],
    years: &[FiscalYear],
    counts: impl Fn(Payer) -> bool,
) -> Result<Rows, OverLimit> {
    let mut rows = Vec::new();
    for one in compared {
        let counted = one.amounts.iter().filter(|((_, payer), _)| counts(*payer));
        let sums = sum_by(counted.map(|((year, _), amount)| (*year, *amount)))?;
        let amounts = years.iter().map(|year| sums.get(year).copied().unwrap_or_default()).collect();
        rows.push((one.name.clone(), amounts));
    }
    Ok(rows)
}

/// How the rows after the first differ from it.
fn compared_with_first(rows: &[(Both, Vec<Yen>)]) -> Result<Rows, OverLimit> {
    let Some(((_, first), others)) = rows.split_first() else { return Ok(Vec::new()) };
    let mut compared = Vec::new();
    for (name, amounts) in others {
        let less = amounts.iter().zip(first).map(|(amount, first)| amount.minus(*first));
        compared.push((name.clone(), less.collect::<Result<_, _>>()?));
    }
    Ok(compared)
}

/// What must be known of amounts and of each scenario.
fn notes(compared: &[ScenarioColumn]) -> Vec<Both> {
    let mut notes = vec![words::costs_note(), words::costs_split()];
    for one in compared {
        let Some(note) = &one.note else { continue };
        let said = |language| {
            let (name, note) = (text::said(&one.name, language), text::said(note, language));
            words::scenario_note(name, note)
        };
        notes.push(Both::of(said(Language::Ja), said(Language::En)));
    }
    notes
}
