//! What changed of an owner between two times: entries, costs of tickets and rules, and the figures that follow.

use super::{Cell, Column, ColumnKind, Cover, Document, Orientation, Section, Table, plan::circled, text, words};
use crate::{
    console::format::number,
    error::Both,
    renewal::rules::{
        known::KnownEntry,
        money::OverLimit,
        plan::label_of,
        report::changes::{CellChange, ChangeReport, FigureChanges},
    },
};

/// What changed. Refused: sums above 10^13 yen.
pub fn report(cover: Cover, report: &ChangeReport) -> Result<Document, OverLimit> {
    let mut sections = vec![entries(report)?];
    sections.extend(cells(&report.figures)?);
    sections.extend(amounts(&report.figures)?);
    let (title, orientation) = (words::changes(), Orientation::Landscape);
    Ok(Document { label: None, title, cover, orientation, sections, sources: Vec::new() })
}

/// Entries that came and went, and what else changed between the two times.
fn entries(report: &ChangeReport) -> Result<Section, OverLimit> {
    let (since, until) = (text::moment(report.since), text::moment(report.until));
    let mut paragraphs = vec![Both::of(words::period(&since.ja, &until.ja), words::period(&since.en, &until.en))];
    let (count, total) = report.tickets;
    if count > 0 {
        paragraphs.push(words::ticket_costs(count, number(total.to_number())));
    }
    paragraphs.extend(report.rules.iter().map(|kind| {
        let label = kind.label();
        Both::of(words::other_rules(&label.ja), words::other_rules(&label.en))
    }));
    let columns = vec![
        Column::new(ColumnKind::Text, words::change()),
        Column::new(ColumnKind::Text, words::entry_kind()),
        Column::new(ColumnKind::Day, words::entry_from()),
        Column::new(ColumnKind::Text, words::entry_id()),
        Column::new(ColumnKind::Yen, words::entry_total()),
    ];
    let row = |change: Both, entry: &KnownEntry| {
        let body = &entry.stated.body;
        vec![
            Cell::Text(change),
            Cell::Text(text::headed(body.kind().label())),
            Cell::Day(body.valid().from),
            Cell::name(entry.id.to_string()),
            body.total().map_or(Cell::Blank, Cell::Yen),
        ]
    };
    let added = report.added.iter().map(|entry| row(words::added(), entry));
    let reversed = report.reversed.iter().map(|entry| row(words::reversed(), entry));
    let table = Some(Table::new(columns, added.chain(reversed).collect())?);
    Ok(Section { heading: Some(words::changed_entries()), paragraphs, table, ..Section::default() })
}

/// Cells of the plan; none where none is another one.
fn cells(figures: &FigureChanges) -> Result<Option<Section>, OverLimit> {
    let heading = Some(words::changed_cells());
    let said = |said: Both| Some(Section { heading: heading.clone(), paragraphs: vec![said], ..Section::default() });
    match figures.has_plan {
        (true, true) => {}
        (false, false) => return Ok(None),
        (false, true) => return Ok(said(words::plan_came())),
        (true, false) => return Ok(said(words::plan_went())),
    }
    if figures.cells.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        Column::new(ColumnKind::Text, words::plan_row()),
        Column::new(ColumnKind::FiscalYear, words::years()),
        Column::new(ColumnKind::Text, words::before()),
        Column::new(ColumnKind::Text, words::after()),
    ];
    let row = |cell: &CellChange| {
        let name = format!("{} {}", circled(cell.row), label_of(cell.row));
        vec![Cell::name(name), Cell::Year(cell.year), Cell::name(&cell.before), Cell::name(&cell.after)]
    };
    let table = Some(Table::new(columns, figures.cells.iter().map(row).collect())?);
    Ok(Some(Section { heading, table, ..Section::default() }))
}

/// Amounts by payer, what they rest on and year; none where none is another one.
fn amounts(figures: &FigureChanges) -> Result<Option<Section>, OverLimit> {
    if figures.amounts.is_empty() {
        return Ok(None);
    }
    let columns = vec![
        Column::new(ColumnKind::Text, words::payer()),
        Column::new(ColumnKind::Text, words::amount_basis()),
        Column::new(ColumnKind::FiscalYear, words::years()),
        Column::new(ColumnKind::Yen, words::before()).summed(),
        Column::new(ColumnKind::Yen, words::after()).summed(),
        Column::new(ColumnKind::Yen, words::difference()).summed(),
    ];
    let mut rows = Vec::with_capacity(figures.amounts.len());
    for one in &figures.amounts {
        rows.push(vec![
            Cell::Text(text::headed(one.payer.label())),
            Cell::Text(text::headed(one.basis.label())),
            Cell::Year(one.year),
            Cell::Yen(one.before),
            Cell::Yen(one.after),
            Cell::Yen(one.after.minus(one.before)?),
        ]);
    }
    let table = Some(Table::new(columns, rows)?.with_totals(words::total())?);
    Ok(Some(Section { heading: Some(words::changed_amounts()), table, ..Section::default() }))
}
