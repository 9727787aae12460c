//! What is wrong with a file or with a cell: a code with parameters, and the words for it in Japanese and English.

mod file;
mod row;

use serde::Serialize;

pub use self::{file::FileProblem, row::Problem};

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
