//! Costs of years to come by year, payer and kind; and scenarios of funding side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cell, Chart, Column, ColumnKind, Cover, Document, Orientation, Section, Series, Source, Table, model::year_heading,
    text, words,
};
use crate::{
    console::words::Language,
    error::Both,
    renewal::rules::{
        CostKind, Payer,
        money::{OverLimit, Yen},
        projection::Projection,
        scenario::Scenario,
    },
    schools::rules::fiscal::FiscalYear,
};

/// Amounts by what a row is of and what a column is of.
type Sums<R, C> = BTreeMap<(R, C), Yen>;

/// Costs under one scenario: by year and payer with their chart, and by kind and year. Refused: sums above 10^13 yen.
pub fn yearly(
    cover: Cover,
    scenario: &Scenario,
    projection: &Projection,
    sources: Vec<Source>,
) -> Result<Document, OverLimit> {
    let by_payer = projection.by(|line| (line.year, line.payer))?;
    let payers = payers([projection]);
    let names: Vec<_> = payers.iter().map(|payer| text::headed(payer.label())).collect();
    let years: Vec<_> = projection.years.iter().map(|year| (*year, year_heading(*year))).collect();
    let rows: Vec<_> = years.iter().map(|(year, name)| (name.clone(), amounts(&by_payer, *year, &payers))).collect();
    let payer_section = Section {
        heading: Some(words::by_payer()),
        paragraphs: vec![Both::of(words::scenario(&scenario.name.ja), words::scenario(&scenario.name.en))],
        chart: Some(stacked(words::by_payer(), &payers, &rows)),
        table: Some(table(words::years(), &names, &rows)?.with_totals(words::total())?),
        footnotes: vec![words::costs_note(), words::costs_split()],
    };

    let by_kind = projection.by(|line| (line.kind, line.year))?;
    let kinds: BTreeSet<CostKind> = projection.lines.keys().map(|line| line.kind).collect();
    let rows: Vec<_> =
        kinds.iter().map(|kind| (text::headed(kind.label()), amounts(&by_kind, *kind, &projection.years))).collect();
    let names: Vec<_> = years.into_iter().map(|(_, name)| name).collect();
    let kind_section = Section {
        heading: Some(words::by_kind()),
        table: Some(table(words::kind(), &names, &rows)?.with_totals(words::total())?),
        ..Section::default()
    };
    let sections = vec![payer_section, kind_section];
    Ok(Document { label: None, title: words::costs(), cover, orientation: Orientation::Landscape, sections, sources })
}

/// Scenarios under each other, so that their columns compare: by payer with their chart, own funds and everything by year,
/// and how own funds differ from those of the first scenario. Refused: sums above 10^13 yen.
pub fn scenarios(
    cover: Cover,
    compared: &[(&Scenario, &Projection)],
    sources: Vec<Source>,
) -> Result<Document, OverLimit> {
    let payers = payers(compared.iter().map(|(_, projection)| *projection));
    let names: Vec<_> = payers.iter().map(|payer| text::headed(payer.label())).collect();
    let mut by_payer = Vec::new();
    for (scenario, projection) in compared {
        let sums = projection.by(|line| ((), line.payer))?;
        by_payer.push((scenario.name.clone(), amounts(&sums, (), &payers)));
    }
    let mut sections = vec![Section {
        heading: Some(words::scenarios_payers()),
        chart: Some(stacked(words::scenarios_payers(), &payers, &by_payer)),
        table: Some(table(words::scenario_name(), &names, &by_payer)?),
        footnotes: notes(compared),
        ..Section::default()
    }];
    let years: Vec<FiscalYear> = compared.first().map(|(_, first)| first.years.clone()).unwrap_or_default();
    let own = by_year(compared, &years, |payer| payer == Payer::Own)?;
    let all = by_year(compared, &years, |_| true)?;
    let less = compared_with_first(&own)?;
    let headings: Vec<_> = years.iter().map(|year| year_heading(*year)).collect();
    let mut push = |heading: Both, rows: &[(Both, Vec<Yen>)]| {
        let table = Some(table(words::scenario_name(), &headings, rows)?);
        sections.push(Section { heading: Some(heading), table, ..Section::default() });
        Ok(())
    };
    push(words::scenarios_own(), &own)?;
    if let Some((first, _)) = own.first().filter(|_| own.len() > 1) {
        let heading = Both::of(words::scenarios_less(&first.ja), words::scenarios_less(&first.en));
        push(heading, &less)?;
    }
    push(words::scenarios_all(), &all)?;
    Ok(Document {
        label: None,
        title: words::scenarios(),
        cover,
        orientation: Orientation::Landscape,
        sections,
        sources,
    })
}

/// Who pays anything, and the owner always, in the order of the words.
fn payers<'p>(projections: impl IntoIterator<Item = &'p Projection>) -> Vec<Payer> {
    let paying: BTreeSet<Payer> =
        projections.into_iter().flat_map(|projection| projection.lines.keys().map(|line| line.payer)).collect();
    Payer::ALL.iter().copied().filter(|payer| *payer == Payer::Own || paying.contains(payer)).collect()
}

fn amounts<R: Ord + Copy, C: Ord + Copy>(sums: &Sums<R, C>, row: R, columns: &[C]) -> Vec<Yen> {
    columns.iter().map(|column| sums.get(&(row, *column)).copied().unwrap_or_default()).collect()
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
fn by_year(
    compared: &[(&Scenario, &Projection)],
    years: &[FiscalYear],
    counts: impl Fn(Payer) -> bool,
) -> Result<Vec<(Both, Vec<Yen>)>, OverLimit> {
    let mut rows = Vec::new();
    for (scenario, projection) in compared {
        let sums = projection.by(|line| (counts(line.payer), line.year))?;
        rows.push((scenario.name.clone(), amounts(&sums, true, years)));
    }
    Ok(rows)
}

/// What each scenario but the first has more than it; less is below nothing.
fn compared_with_first(rows: &[(Both, Vec<Yen>)]) -> Result<Vec<(Both, Vec<Yen>)>, OverLimit> {
    let Some(((_, first), others)) = rows.split_first() else { return Ok(Vec::new()) };
    let mut compared = Vec::new();
    for (name, amounts) in others {
        let less = amounts.iter().zip(first).map(|(amount, first)| amount.minus(*first));
        compared.push((name.clone(), less.collect::<Result<_, _>>()?));
    }
    Ok(compared)
}

/// What must be known of amounts and of each scenario.
fn notes(compared: &[(&Scenario, &Projection)]) -> Vec<Both> {
    let mut notes = vec![words::costs_note(), words::costs_split()];
    for (scenario, _) in compared {
        let Some(note) = &scenario.note else { continue };
        let said = |language| {
            let (name, note) = (text::said(&scenario.name, language), text::said(note, language));
            words::scenario_note(name, note)
        };
        notes.push(Both::of(said(Language::Ja), said(Language::En)));
    }
    notes
}
