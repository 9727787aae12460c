//! What is wrong with a file or with a cell: a code with parameters, and the words for it in Japanese and English.

use serde::Serialize;

use super::{CELL_CHARS, COLUMNS, FILE_BYTES, ROWS};
use crate::error::{Error, Kind};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Japanese.
    pub ja: String,
    /// English, lower case.
    pub en: String,
}

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// What is wrong.
    pub problem: Both,
    /// What would be right.
    pub right: Both,
}

fn words(
    ja: impl Into<String>,
    ja_right: impl Into<String>,
    en: impl Into<String>,
    en_right: impl Into<String>,
) -> Words {
    Words { problem: Both { ja: ja.into(), en: en.into() }, right: Both { ja: ja_right.into(), en: en_right.into() } }
}

/// Why a cell or a row cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More characters than the field holds.
    TextTooLong {
        /// Characters there are.
        has: usize,
        /// Characters there may be.
        most: usize,
    },
    /// Control characters inside a text.
    ControlCharacters,
    /// A formula instead of a value.
    Formula,
    /// An error value of a spreadsheet such as #N/A.
    SpreadsheetError,
    /// A serial number that a spreadsheet turned into a number and rounded.
    SerialDamaged,
    /// A serial number with characters that none has.
    SerialCharacters,
    /// No date.
    DateUnreadable,
    /// A date that the calendar does not have.
    DateImpossible,
    /// A date of an era outside of that era's years.
    EraEnded {
        /// Name of the era.
        era: &'static str,
        /// Its last year.
        last: i32,
    },
    /// A date before 1989 or after 2100.
    DateFar,
    /// No class such as 3年2組15番.
    ClassUnreadable,
    /// No whole number within bounds.
    NumberUnreadable {
        /// Least.
        least: i64,
        /// Most.
        most: i64,
    },
    /// None of the words that the column knows.
    ChoiceUnknown {
        /// What is known.
        choices: &'static str,
    },
    /// No sum of yen.
    MoneyUnreadable,
    /// A sum in 万 or 千, which may be meant in several ways.
    MoneyInWords,
    /// A code of a school whose check digit is wrong or whose form is.
    SchoolCodeWrong {
        /// The check digit that would be right, if the form is right.
        right: Option<String>,
    },
    /// No school of the owner has that name or code.
    SchoolUnknown,
    /// Several schools of the owner could be meant.
    SchoolAmbiguous {
        /// Their names and codes.
        candidates: Vec<String>,
    },
    /// A school outside of what the caller may change.
    SchoolOutOfReach,
    /// A name of a school in the file that another one has.
    NeedsValue,
    /// Neither label nor serial number.
    NothingToKnowItBy,
    /// Another row of the file has the same.
    DuplicateInFile {
        /// That row.
        other_row: u32,
    },
    /// Several devices of the owner have it.
    SeveralDevices {
        /// How many.
        count: usize,
    },
    /// Label and serial number belong to two devices.
    TwoDevices,
    /// What the rules of another part say, in English.
    Other {
        /// What is wrong.
        message: String,
    },
}

impl Problem {
    /// Constant of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TextTooLong { .. } => "TEXT_TOO_LONG",
            Self::ControlCharacters => "CONTROL_CHARACTERS",
            Self::Formula => "FORMULA",
            Self::SpreadsheetError => "SPREADSHEET_ERROR",
            Self::SerialDamaged => "SERIAL_DAMAGED",
            Self::SerialCharacters => "SERIAL_CHARACTERS",
            Self::DateUnreadable => "DATE_UNREADABLE",
            Self::DateImpossible => "DATE_IMPOSSIBLE",
            Self::EraEnded { .. } => "ERA_ENDED",
            Self::DateFar => "DATE_FAR",
            Self::ClassUnreadable => "CLASS_UNREADABLE",
            Self::NumberUnreadable { .. } => "NUMBER_UNREADABLE",
            Self::ChoiceUnknown { .. } => "CHOICE_UNKNOWN",
            Self::MoneyUnreadable => "MONEY_UNREADABLE",
            Self::MoneyInWords => "MONEY_IN_WORDS",
            Self::SchoolCodeWrong { .. } => "SCHOOL_CODE_WRONG",
            Self::SchoolUnknown => "SCHOOL_UNKNOWN",
            Self::SchoolAmbiguous { .. } => "SCHOOL_AMBIGUOUS",
            Self::SchoolOutOfReach => "SCHOOL_OUT_OF_REACH",
            Self::NeedsValue => "NEEDS_VALUE",
            Self::NothingToKnowItBy => "NOTHING_TO_KNOW_IT_BY",
            Self::DuplicateInFile { .. } => "DUPLICATE_IN_FILE",
            Self::SeveralDevices { .. } => "SEVERAL_DEVICES",
            Self::TwoDevices => "TWO_DEVICES",
            Self::Other { .. } => "OTHER",
        }
    }

    /// The words for people.
    pub fn words(&self) -> Words {
        match self {
            Self::TextTooLong { has, most } => words(
                format!("{has}文字あります"),
                format!("{most}文字以内にしてください"),
                format!("has {has} characters"),
                format!("at most {most} characters"),
            ),
            Self::ControlCharacters => words(
                "制御文字が含まれています",
                "見えない文字を取り除いてください",
                "has control characters",
                "the same without them",
            ),
            Self::Formula => words(
                "数式が入っています",
                "値として貼り付けてから保存してください",
                "is a formula",
                "its value: paste as values, then save",
            ),
            Self::SpreadsheetError => words(
                "表計算ソフトのエラー値です",
                "元のセルの数式を直すか、空欄にしてください",
                "is an error of the spreadsheet",
                "a value, or nothing",
            ),
            Self::SerialDamaged => words(
                "表計算ソフトが数値に変えたため、シリアル番号が失われています",
                "列の書式を「文字列」にして、元の台帳から貼り直してください",
                "a spreadsheet made a number of the serial number and lost digits",
                "format the column as text and paste it anew from where it came",
            ),
            Self::SerialCharacters => words(
                "シリアル番号に使われない文字があります",
                "半角の英数字とハイフンなどで書いてください(例 5CD1234ABC)",
                "has characters that no serial number has",
                "letters, digits, dashes, for example 5CD1234ABC",
            ),
            Self::DateUnreadable => words(
                "日付として読めません",
                "2021/4/1、R3.4.1、令和3年4月1日 のように書いてください",
                "cannot be read as a date",
                "2021/4/1, R3.4.1 or 令和3年4月1日",
            ),
            Self::DateImpossible => words(
                "暦にない日付です",
                "実在する日付にしてください",
                "is a day that the calendar does not have",
                "a day that exists",
            ),
            Self::EraEnded { era, last } => words(
                format!("{era}は{last}年までです"),
                "元号と年を確かめてください",
                format!("{era} ended in its year {last}"),
                "the era and year that belong together",
            ),
            Self::DateFar => words(
                "1989年より前か、2100年より後の日付です",
                "年を確かめてください",
                "is before 1989 or after 2100",
                "a year that a tablet can have",
            ),
            Self::ClassUnreadable => words(
                "学年・組・番号として読めません",
                "「3年2組15番」または「3-2-15」のように書いてください",
                "cannot be read as grade, class and number",
                "3年2組15番 or 3-2-15",
            ),
            Self::NumberUnreadable { least, most } => words(
                "数として読めません",
                format!("{least}から{most}までの整数にしてください"),
                "cannot be read as a number",
                format!("a whole number from {least} to {most}"),
            ),
            Self::ChoiceUnknown { choices } => words(
                "知らない言葉です",
                format!("次のどれかにしてください: {choices}"),
                "is no word that is known here",
                format!("one of {choices}"),
            ),
            Self::MoneyUnreadable => words(
                "金額として読めません",
                "55000、55,000円、¥55,000 のように書いてください",
                "cannot be read as yen",
                "55000, 55,000円 or ¥55,000",
            ),
            Self::MoneyInWords => words(
                "「万」「千」を使った金額は読みません",
                "55000 のように数字だけで書いてください",
                "is a sum with 万 or 千, which is not guessed",
                "digits only, for example 55000",
            ),
            Self::SchoolCodeWrong { right: Some(right) } => words(
                "学校コードの検査数字が合いません",
                format!("番号が正しければ末尾は {right} です"),
                "the check digit of the school code is wrong",
                format!("{right} at the end, if the rest is right"),
            ),
            Self::SchoolCodeWrong { right: None } => words(
                "学校コードの形ではありません",
                "英字1文字と数字12桁にしてください(例 B113210000005)",
                "is no school code",
                "a letter A to H and twelve digits, for example B113210000005",
            ),
            Self::SchoolUnknown => words(
                "この区市町村に該当する学校がありません",
                "学校一覧にある名称か学校コードにするか、先に学校を登録してください",
                "the municipality has no such school",
                "a name or code from the list of schools; or add the school first",
            ),
            Self::SchoolAmbiguous { candidates } => words(
                format!("学校を1つに決められません。候補: {}", candidates.join("、")),
                "学校一覧にある名称か学校コードで書いてください",
                format!("does not name one school, but could mean {}", candidates.join(", ")),
                "the name as the list of schools has it, or the code of the school",
            ),
            Self::SchoolOutOfReach => words(
                "この学校の端末を変更する権限がありません",
                "権限のある学校の行だけにしてください",
                "you may not change devices of this school",
                "rows of schools that you may change",
            ),
            Self::NeedsValue => words("空欄です", "値を入れてください", "is empty", "a value"),
            Self::NothingToKnowItBy => words(
                "管理番号もシリアル番号もありません",
                "どちらか一方は入れてください",
                "has neither a label nor a serial number",
                "at least one of the two",
            ),
            Self::DuplicateInFile { other_row } => words(
                format!("{other_row}行目と同じ値です"),
                "1台につき1行にしてください",
                format!("is the same as in row {other_row}"),
                "one row for each device",
            ),
            Self::SeveralDevices { count } => words(
                format!("登録済みの端末{count}台に一致します"),
                "確認待ちの一覧で重複を解消するか、もう一方の番号も書いてください",
                format!("belongs to {count} devices of the registry"),
                "settle the double in the review queue, or give the other number too",
            ),
            Self::TwoDevices => words(
                "管理番号とシリアル番号が別々の端末に一致します",
                "どちらの端末か確かめて、番号を直してください",
                "label and serial number belong to two different devices",
                "the two numbers of one device",
            ),
            Self::Other { message } => words(message.clone(), "", message.clone(), ""),
        }
    }
}

/// Where a column stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnAt {
    /// A, B … Z, AA …
    pub letter: String,
    /// What the header says.
    pub header: String,
}

/// One thing that is wrong in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// As the spreadsheet counts, from 1.
    pub row: u32,
    /// Which column; none for the row as a whole.
    pub column: Option<ColumnAt>,
    /// What stands there, shortened.
    pub value: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Most characters of a value that an error repeats.
const SHOWN: usize = 40;

/// A value as an error shows it.
pub fn shorten(value: &str) -> String {
    let clean = |c: char| if c.is_control() { '�' } else { c };
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => value[..end].chars().map(clean).chain(['…']).collect(),
        None => value.chars().map(clean).collect(),
    }
}

/// The letters of a column, counted from 0.
pub fn column_letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).expect("below 26")));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_a_spreadsheet_names_them() {
        for (index, letter) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letter(index), letter);
        }
    }

    #[test]
    fn long_values_are_shortened_and_control_characters_hidden() {
        assert_eq!(shorten("管理\t番号"), "管理�番号");
        assert_eq!(shorten(&"あ".repeat(50)).chars().count(), 41);
    }
}
