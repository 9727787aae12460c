//! What an import would do, or did: told to people and programs, and kept with the run.

use serde::{Deserialize, Serialize};

use super::{
    columns::ColumnField,
    problems::{RowError, column_letter},
    table::Table,
};

/// What one column was taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnView {
    /// A, B, …
    pub letter: String,
    /// What the header says.
    pub header: String,
    /// Name of the field; empty for an ignored column.
    pub field: String,
    /// Whether a person said so.
    pub corrected: bool,
    /// Whether it holds names or users, which are dropped.
    pub dropped: bool,
}

/// One error in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// As the spreadsheet counts.
    pub row: u32,
    /// The letter of the column; empty for the whole row.
    pub letter: String,
    /// The header of the column.
    pub header: String,
    /// What stands there, shortened.
    pub value: String,
    /// Constant of the contract.
    pub code: String,
    /// What is wrong, Japanese.
    pub problem_ja: String,
    /// What is wrong, English.
    pub problem_en: String,
    /// What would be right, Japanese.
    pub right_ja: String,
    /// What would be right, English.
    pub right_en: String,
}

impl From<&RowError> for ErrorView {
    fn from(error: &RowError) -> Self {
        let words = error.problem.words();
        let at = error.column.as_ref();
        Self {
            row: error.row,
            letter: at.map(|at| at.letter.clone()).unwrap_or_default(),
            header: at.map(|at| at.header.clone()).unwrap_or_default(),
            value: error.value.clone(),
            code: error.problem.code().to_owned(),
            problem_ja: words.problem.ja.into_owned(),
            problem_en: words.problem.en.into_owned(),
            right_ja: words.right.ja.into_owned(),
            right_en: words.right.en.into_owned(),
        }
    }
}

/// One row as it was understood, field by field.
pub type Sample = Vec<(String, String)>;

/// What an import would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// UTF-8, CP932, XLSX …
    pub format: String,
    /// The delimiter of a text file.
    pub delimiter: String,
    /// The row of the header.
    pub header_row: u32,
    /// The vendor whose console wrote the file; empty for a ledger.
    pub vendor: String,
    /// What the columns were taken for.
    pub columns: Vec<ColumnView>,
    /// Rows below the header.
    pub rows: u64,
    /// Rows that are new.
    pub new: u64,
    /// Rows that change something.
    pub changed: u64,
    /// Rows that say what is known.
    pub unchanged: u64,
    /// Rows with errors.
    pub rows_with_errors: u64,
    /// Errors in all, also those that are not listed.
    pub error_count: u64,
    /// The first errors.
    pub errors: Vec<ErrorView>,
    /// The first rows as they were understood.
    pub samples: Vec<Sample>,
}

impl Outcome {
    /// What is known once the header is.
    pub fn of(table: &Table, keeps_names: bool) -> Self {
        let columns = table.columns.iter().enumerate().map(|(at, column)| ColumnView {
            letter: column_letter(at),
            header: column.header.clone(),
            field: column.field.map(ColumnField::name).unwrap_or_default().to_owned(),
            corrected: column.corrected,
            dropped: match column.field {
                Some(ColumnField::RecentUsers) => true,
                Some(ColumnField::PersonName) => !keeps_names,
                _ => false,
            },
        });
        Self {
            format: table.format.name().to_owned(),
            delimiter: table.delimiter.map(String::from).unwrap_or_default(),
            header_row: table.header_row,
            vendor: table.vendor.map(|vendor| vendor.name).unwrap_or_default().to_owned(),
            columns: columns.collect(),
            rows: u64::try_from(table.rows.len()).unwrap_or(u64::MAX),
            ..Self::default()
        }
    }

    /// Adds errors, listed by row up to the limit and counted beyond.
    pub fn note_errors(&mut self, mut errors: Vec<RowError>) {
        errors.sort_by_key(|error| error.row);
        let mut rows: Vec<_> = errors.iter().map(|error| error.row).collect();
        rows.dedup();
        self.rows_with_errors = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.error_count = u64::try_from(errors.len()).unwrap_or(u64::MAX);
        self.errors = errors.iter().take(super::ERRORS).map(ErrorView::from).collect();
    }
}
