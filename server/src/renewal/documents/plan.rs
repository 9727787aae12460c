//! The published plans in their form: devices (別添1) with its block of disposals, and item 1 of networks (別添2).
//!
//! The form is Japanese, and so are its rows in both languages; what stands around them is translated.

use super::{
    Cell, Column, ColumnKind, Cover, Document, Names, Orientation, Section, Source, Table, basis::basis,
    model::year_heading, text, words,
};
use crate::{
    console::format::number,
    error::Both,
    renewal::rules::{
        money::OverLimit,
        plan::{Plan, disposal::DisposalBlock, network::ReachingSchools},
        report::plan::PlanReport,
    },
    schools::rules::fiscal::FiscalYear,
};

/// ① to ⑧.
const CIRCLED: [&str; 8] = ["①", "②", "③", "④", "⑤", "⑥", "⑦", "⑧"];

/// The sign of a row of the form by its number, 1 to 8.
pub(super) fn circled(number: u8) -> &'static str {
    CIRCLED.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default()
}

/// 別添1 of one owner or of several, with item 1 of 別添2 where schools were counted, owners that are left out, and what it all
/// rests on.
pub fn report(cover: Cover, report: &PlanReport, names: &Names) -> Result<Document, OverLimit> {
    let whose = cover.owner.clone();
    let sources = vec![Source::from(&report.programme.origin)];
    let mut document = devices(cover, &report.plan, report.disposal.as_ref(), sources)?;
    if let Some((year, counted)) = report.network {
        document.sections.push(annexed(whose, year, counted)?);
    }
    if !report.left_out.is_empty() {
        document.sections.push(left_out(&report.left_out, names)?);
    }
    document.sections.extend(basis(&report.rules, &report.problems));
    Ok(document)
}

/// Item 1 of 別添2 as a part of another document.
fn annexed(whose: Both, year: FiscalYear, counted: ReachingSchools) -> Result<Section, OverLimit> {
    let (annex, plan, item) = (words::network_annex(), words::network(), words::reaching());
    let heading = Both {
        ja: format!("{} {} {}", annex.ja, plan.ja, item.ja).into(),
        en: format!("{}: {}. {}", annex.en, plan.en, item.en).into(),
    };
    let mut section = reaching(&[(whose, counted)])?;
    let year = year_heading(year);
    section.footnotes.push(Both::of(words::reaching_year(&year.ja), words::reaching_year(&year.en)));
    Ok(Section { heading: Some(heading), ..section })
}

/// Owners that have no such plan, with why.
fn left_out(owners: &[(String, Both)], names: &Names) -> Result<Section, OverLimit> {
    let columns = vec![
        Column::new(ColumnKind::Text, words::municipality()),
        Column::new(ColumnKind::Text, words::left_out_reason()),
    ];
    let row = |(code, why): &(String, Both)| vec![Cell::name(names.owner(code)), Cell::Text(text::headed(why.clone()))];
    let table = Some(Table::new(columns, owners.iter().map(row).collect())?);
    Ok(Section { heading: Some(words::left_out()), table, ..Section::default() })
}

/// 別添1 端末整備・更新計画: the table of the form, in which way it is filled, and what becomes of devices that are replaced.
pub fn devices(
    cover: Cover,
    plan: &Plan,
    disposal: Option<&DisposalBlock>,
    sources: Vec<Source>,
) -> Result<Document, OverLimit> {
    let mut sections =
        vec![Section { table: Some(form(plan)?), footnotes: plan.footnotes.clone(), ..Section::default() }];
    if let Some(block) = disposal {
        sections.extend(disposal_sections(block)?);
    }
    let label = Some(words::plan_annex());
    Ok(Document { label, title: words::plan(), cover, orientation: Orientation::Portrait, sections, sources })
}

/// The table of the form: ① to ⑧ by years.
fn form(plan: &Plan) -> Result<Table, OverLimit> {
    let mut columns = vec![Column::new(ColumnKind::Text, Both::same(""))];
    columns.extend(plan.years.iter().map(|year| Column::new(ColumnKind::Form, year_heading(*year))));
    let rows = plan.rows.iter().map(|row| {
        let mut cells = vec![Cell::name(format!("{} {}", circled(row.number), row.label))];
        cells.extend(row.cells.iter().copied().map(Cell::from));
        cells
    });
    Table::new(columns, rows.collect())
}

/// The same for programs, one line for each row of the form: the municipality, 1 to 8, the label, and R6 to R10.
pub fn lines(municipality: &str, plan: &Plan) -> Result<Table, OverLimit> {
    let column = |kind, heading: &'static str| Column::new(kind, Both::same(heading));
    let mut columns = vec![
        column(ColumnKind::Text, "municipality"),
        column(ColumnKind::Integer, "row"),
        column(ColumnKind::Text, "label"),
    ];
    columns.extend(plan.years.iter().map(|year| Column::new(ColumnKind::Form, Both::same(year.letter()))));
    let rows = plan.rows.iter().map(|row| {
        let mut cells = vec![Cell::name(municipality), Cell::count(row.number.into()), Cell::name(row.label)];
        cells.extend(row.cells.iter().copied().map(Cell::from));
        cells
    });
    Table::new(columns, rows.collect())
}

/// 更新対象端末のリユース、リサイクル、処分について: how many go where, who erases them, and when.
fn disposal_sections(block: &DisposalBlock) -> Result<Vec<Section>, OverLimit> {
    let routes = block
        .by_route
        .iter()
        .map(|(route, count)| vec![Cell::Text(text::headed(route.label())), Cell::count((*count).into())]);
    let routes = Table::new(
        vec![
            Column::new(ColumnKind::Text, words::disposal_route()),
            Column::new(ColumnKind::Integer, words::disposal_count()).summed(),
        ],
        routes.collect(),
    )?;
    let mut sections = vec![Section {
        heading: Some(words::disposal()),
        paragraphs: vec![words::disposal_devices(number(block.devices.into())), words::disposal_routes()],
        table: Some(routes.with_totals(words::sum())?),
        ..Section::default()
    }];
    if !block.erasers.is_empty() {
        let chosen = block.erasers.iter().map(|eraser| {
            let label = text::headed(eraser.label());
            Both::of(words::eraser_chosen(&label.ja), words::eraser_chosen(&label.en))
        });
        let paragraphs = chosen.collect();
        sections.push(Section { heading: Some(words::erasers()), paragraphs, ..Section::default() });
    }
    if !block.schedule.is_empty() {
        let columns = vec![
            Column::new(ColumnKind::Text, words::schedule_time()),
            Column::new(ColumnKind::Text, words::schedule_what()),
        ];
        let rows = block.schedule.iter().map(|(time, what)| vec![Cell::name(time), Cell::name(what)]).collect();
        let table = Some(Table::new(columns, rows)?);
        sections.push(Section { heading: Some(words::schedule()), table, ..Section::default() });
    }
    Ok(sections)
}

/// 別添2 ネットワーク整備計画, item 1: schools that reach the speed that is needed, of each owner by name; with their sum where
/// there are several.
pub fn networks(cover: Cover, owners: &[(Both, ReachingSchools)], sources: Vec<Source>) -> Result<Document, OverLimit> {
    let sections = vec![reaching(owners)?];
    let (label, title) = (Some(words::network_annex()), words::network());
    Ok(Document { label, title, cover, orientation: Orientation::Portrait, sections, sources })
}

/// The table of that item.
fn reaching(owners: &[(Both, ReachingSchools)]) -> Result<Section, OverLimit> {
    let columns = vec![
        Column::new(ColumnKind::Text, words::municipality()),
        Column::new(ColumnKind::Integer, words::reaching_schools()).summed(),
        Column::new(ColumnKind::Integer, words::reaching_count()).summed(),
        Column::share_of(words::reaching_share(), 2, 1),
    ];
    let row = |(name, counted): &(Both, ReachingSchools)| {
        vec![Cell::Text(name.clone()), Cell::count(counted.schools.into()), Cell::count(counted.reached.into())]
    };
    let mut table = Table::new(columns, owners.iter().map(row).collect())?;
    if owners.len() > 1 {
        table = table.with_totals(words::total())?;
    }
    let unknown: u64 = owners.iter().map(|(_, counted)| u64::from(counted.unknown)).sum();
    let mut footnotes = vec![words::reaching_percent()];
    if unknown > 0 {
        footnotes.push(words::reaching_unknown(unknown));
    }
    Ok(Section { heading: Some(words::reaching()), table: Some(table), footnotes, ..Section::default() })
}
