//! Files of schools, pupils and calendars: their rows, handed to who keeps schools.

use std::collections::HashSet;

use crate::{
    access::rules::Staff,
    devices::rules::import::{
        ImportKind,
        cells::is_nothing,
        columns::ColumnField,
        outcome::Outcome,
        problems::{Problem, RowError},
        table::{GridRow, Table},
    },
    error::Result,
    schools::{
        rules::{
            MunicipalityId,
            import::{CalendarEntry, ImportOutcome, PupilsEntry, RowFault, SchoolEntry},
        },
        service::Schools,
    },
};

/// Takes the rows in, or only says what that would do. With an error nothing changes, unless such rows are left out.
pub(super) async fn take_in(
    schools: &Schools,
    staff: &Staff,
    municipality: MunicipalityId,
    kind: ImportKind,
    table: &Table,
    skip_errors: bool,
    dry_run: bool,
) -> Result<Outcome> {
    let mut outcome = Outcome::of(table, false);
    let mut left_out = HashSet::new();
    let mut errors = Vec::new();
    // Twice at most: without the rows that are wrong, others may be wrong no more, but none becomes so.
    let done = loop {
        let rows: Vec<&GridRow> = table.rows.iter().filter(|row| !left_out.contains(&row.number)).collect();
        let done = hand_over(schools, staff, municipality, kind, table, &rows, dry_run).await?;
        errors.extend(done.faults.iter().map(|fault| error_of(kind, table, fault)));
        if done.faults.is_empty() || !skip_errors || !left_out.is_empty() {
            break done;
        }
        left_out.extend(done.faults.iter().map(|fault| fault.row));
    };
    outcome.new = done.added.into();
    outcome.changed = done.changed.into();
    outcome.unchanged = done.unchanged.into();
    let shown = table.rows.iter().take(super::SAMPLES).map(|row| {
        let columns = table.columns.iter().zip(&row.cells);
        columns.filter_map(|(column, cell)| Some((column.field?.name().to_owned(), cell.clone()))).collect()
    });
    outcome.samples = shown.collect();
    outcome.note_errors(errors);
    Ok(outcome)
}

async fn hand_over(
    schools: &Schools,
    staff: &Staff,
    municipality: MunicipalityId,
    kind: ImportKind,
    table: &Table,
    rows: &[&GridRow],
    dry_run: bool,
) -> Result<ImportOutcome> {
    let cell = |row: &GridRow, field: ColumnField| {
        let at = table.columns.iter().position(|column| column.field == Some(field));
        let text = at.and_then(|at| row.cells.get(at)).map_or("", String::as_str);
        if is_nothing(text) { String::new() } else { text.trim().to_owned() }
    };
    match kind {
        ImportKind::Devices => Ok(ImportOutcome::default()),
        ImportKind::Schools => {
            let entry = |row: &&GridRow| SchoolEntry {
                row: row.number,
                code: cell(row, ColumnField::SchoolCode),
                name: cell(row, ColumnField::SchoolName),
                is_shelter: cell(row, ColumnField::Shelter),
            };
            let entries: Vec<_> = rows.iter().map(entry).collect();
            schools.import_schools(staff, municipality, &entries, dry_run).await
        }
        ImportKind::Pupils => {
            let entry = |row: &&GridRow| PupilsEntry {
                row: row.number,
                school: cell(row, ColumnField::School),
                fiscal_year: cell(row, ColumnField::FiscalYear),
                pupils: cell(row, ColumnField::Pupils),
            };
            let entries: Vec<_> = rows.iter().map(entry).collect();
            schools.import_pupils(staff, municipality, &entries, dry_run).await
        }
        ImportKind::Calendar => {
            let entry = |row: &&GridRow| CalendarEntry {
                row: row.number,
                school: cell(row, ColumnField::School),
                kind: cell(row, ColumnField::PeriodKind),
                name: cell(row, ColumnField::PeriodName),
                first_date: cell(row, ColumnField::FirstDate),
                last_date: cell(row, ColumnField::LastDate),
            };
            let entries: Vec<_> = rows.iter().map(entry).collect();
            schools.import_calendar(staff, municipality, &entries, dry_run).await
        }
    }
}

fn error_of(kind: ImportKind, table: &Table, fault: &RowFault) -> RowError {
    let field = match (kind, fault.field.as_str()) {
        (ImportKind::Schools, "code") => Some(ColumnField::SchoolCode),
        (ImportKind::Schools, "name") => Some(ColumnField::SchoolName),
        (ImportKind::Calendar, "kind") => Some(ColumnField::PeriodKind),
        (ImportKind::Calendar, "name") => Some(ColumnField::PeriodName),
        (kind, name) => ColumnField::from_name(kind, name),
    };
    let problem = Problem::Other { message: fault.message.clone() };
    let column = table.columns.iter().position(|column| field.is_some() && column.field == field);
    match column {
        Some(column) => table.error(fault.row, column, &fault.value, problem),
        None => RowError { row: fault.row, column: None, value: fault.value.clone(), problem },
    }
}
