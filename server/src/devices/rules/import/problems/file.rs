//! Why a file cannot be taken at all.

use super::{
    super::{CELL_CHARS, COLUMNS, FILE_BYTES, ROWS},
    Words, words,
};
use crate::error::{Error, Kind};

/// Why a file cannot be taken at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// No bytes, or nothing but blanks.
    Empty,
    /// More bytes than are taken.
    TooLarge,
    /// NUL characters.
    Nul,
    /// None of the encodings.
    Encoding,
    /// The format of Excel before 2007.
    OldWorkbook,
    /// A quote that is never closed.
    QuoteOpen {
        /// The row where it opens.
        row: u32,
    },
    /// Too many rows.
    Rows,
    /// Too many columns.
    Columns {
        /// Where.
        row: u32,
    },
    /// A cell too long.
    Cell {
        /// Where.
        row: u32,
    },
    /// An XLSX that cannot be unpacked or read.
    WorkbookDamaged,
    /// An XLSX with a password.
    WorkbookLocked,
    /// An XLSX that unpacks to too much.
    WorkbookTooLarge {
        /// Which limit.
        limit: &'static str,
    },
    /// No row that looks like a header.
    HeaderUnknown {
        /// What the first rows say.
        seen: String,
    },
    /// A correction names a column that is not there.
    ColumnUnknown {
        /// The name.
        name: String,
        /// Those that are there.
        there: String,
    },
    /// A correction names a field that is not there.
    FieldUnknown {
        /// The name.
        name: String,
        /// Those that are there.
        there: String,
    },
    /// Two columns say the same field.
    FieldTwice {
        /// The field.
        field: &'static str,
        /// The columns.
        columns: String,
    },
    /// A needed column is missing.
    FieldMissing {
        /// What is missing.
        field: &'static str,
    },
    /// A header and nothing below it.
    NoRows,
}

impl FileProblem {
    /// Constant of the contract.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "IMPORT_EMPTY",
            Self::TooLarge => "IMPORT_TOO_LARGE",
            Self::Nul => "IMPORT_NUL",
            Self::Encoding => "IMPORT_ENCODING",
            Self::OldWorkbook => "IMPORT_OLD_WORKBOOK",
            Self::QuoteOpen { .. } => "IMPORT_QUOTE_OPEN",
            Self::Rows => "IMPORT_TOO_MANY_ROWS",
            Self::Columns { .. } => "IMPORT_TOO_MANY_COLUMNS",
            Self::Cell { .. } => "IMPORT_CELL_TOO_LONG",
            Self::WorkbookDamaged => "IMPORT_WORKBOOK_DAMAGED",
            Self::WorkbookLocked => "IMPORT_WORKBOOK_LOCKED",
            Self::WorkbookTooLarge { .. } => "IMPORT_WORKBOOK_TOO_LARGE",
            Self::HeaderUnknown { .. } => "IMPORT_HEADER_UNKNOWN",
            Self::ColumnUnknown { .. } => "IMPORT_COLUMN_UNKNOWN",
            Self::FieldUnknown { .. } => "IMPORT_FIELD_UNKNOWN",
            Self::FieldTwice { .. } => "IMPORT_FIELD_TWICE",
            Self::FieldMissing { .. } => "IMPORT_FIELD_MISSING",
            Self::NoRows => "IMPORT_NO_ROWS",
        }
    }

    /// All reasons with the words for them where no parameter is at hand: a console's table of messages.
    pub fn words(&self) -> Words {
        let mib = FILE_BYTES >> 20;
        match self {
            Self::Empty => words(
                "ファイルが空です",
                "見出しの行とデータの行があるファイルにしてください",
                "the file is empty",
                "hand in a file with a header and rows",
            ),
            Self::TooLarge => words(
                format!("ファイルが{mib} MiBを超えています"),
                "分割するか、不要なシートや画像を除いてください",
                format!("the file is larger than {mib} MiB"),
                "split it, or leave out sheets and pictures",
            ),
            Self::Nul => words(
                "ファイルにNUL文字が含まれています",
                "CSV(UTF-8またはShift_JIS)かXLSXで保存し直してください",
                "the file has NUL characters, so it is no CSV",
                "save it as CSV (UTF-8 or Shift_JIS) or XLSX",
            ),
            Self::Encoding => words(
                "文字コードがわかりません",
                "UTF-8、Shift_JIS(CP932)、UTF-16のいずれかで保存し直してください",
                "the file is neither UTF-8 nor CP932 nor UTF-16",
                "save it as UTF-8",
            ),
            Self::OldWorkbook => words(
                "古いExcel形式(.xls)か、パスワードの付いたファイルです",
                "パスワードを外し、.xlsx形式で保存し直してください",
                "the file is an old Excel file (.xls), or has a password",
                "save it as .xlsx without a password",
            ),
            Self::QuoteOpen { row } => words(
                format!("{row}行目で開いた引用符(\")が閉じられていません"),
                "引用符を閉じるか、取り除いてください",
                format!("a quote that opens in row {row} is never closed"),
                "close it or take it out",
            ),
            Self::Rows => words(
                format!("行数が{ROWS}行を超えています"),
                "ファイルを分割してください",
                format!("the table has more than {ROWS} rows"),
                "split the file",
            ),
            Self::Columns { row } => words(
                format!("{row}行目の列数が{COLUMNS}列を超えています"),
                "不要な列を除いてください",
                format!("row {row} has more than {COLUMNS} columns"),
                "leave out columns",
            ),
            Self::Cell { row } => words(
                format!("{row}行目に{CELL_CHARS}文字を超えるセルがあります"),
                "セルの内容を短くしてください",
                format!("row {row} has a cell of more than {CELL_CHARS} characters"),
                "shorten it",
            ),
            Self::WorkbookDamaged => words(
                "XLSXファイルが壊れているか、途中で切れています",
                "Excelで開いて保存し直してください",
                "the XLSX file is damaged or cut off",
                "open it in a spreadsheet and save it anew",
            ),
            Self::WorkbookLocked => words(
                "XLSXファイルにパスワードが付いています",
                "パスワードを外して保存し直してください",
                "the XLSX file has a password",
                "save it without one",
            ),
            Self::WorkbookTooLarge { limit } => words(
                format!("XLSXファイルを展開すると大きすぎます(上限: {limit})"),
                "不要なシートや画像を除くか、CSVで保存してください",
                format!("the XLSX file unpacks to too much: the limit is {limit}"),
                "leave out sheets and pictures, or save it as CSV",
            ),
            Self::HeaderUnknown { seen } => words(
                format!("見出しの行が見つかりません(先頭: {seen})"),
                "「管理番号」「シリアル番号」などの見出しにするか、列の対応を指定してください",
                format!("no header was found; the file begins with: {seen}"),
                "a header such as 管理番号 or serial number, or say which column means what",
            ),
            Self::ColumnUnknown { name, there } => words(
                format!("「{name}」という列はありません"),
                format!("ある列: {there}"),
                format!("there is no column {name}"),
                format!("one of {there}"),
            ),
            Self::FieldUnknown { name, there } => words(
                format!("「{name}」という項目はありません"),
                format!("ある項目: {there}"),
                format!("there is no field {name}"),
                format!("one of {there}"),
            ),
            Self::FieldTwice { field, columns } => words(
                format!("項目 {field} に複数の列が対応しています: {columns}"),
                "1つを残し、ほかは ignore にしてください",
                format!("several columns say {field}: {columns}"),
                "map all but one to ignore",
            ),
            Self::FieldMissing { field } => words(
                format!("項目 {field} の列がありません"),
                "見出しを確かめるか、列の対応を指定してください",
                format!("no column says {field}"),
                "a column for it, or say which column means it",
            ),
            Self::NoRows => words(
                "見出しの下にデータの行がありません",
                "データの行を入れてください",
                "there is no row below the header",
                "hand in a file with rows",
            ),
        }
    }
}

impl From<FileProblem> for Error {
    fn from(problem: FileProblem) -> Self {
        let words = problem.words();
        Self::new(Kind::Invalid, problem.reason(), format!("{}: {}", words.problem.en, words.right.en))
    }
}
