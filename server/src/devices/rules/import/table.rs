//! The table inside a file: its header below title rows, its merged cells, its rows.

use super::{FILE_BYTES, ImportKind, problems::Problem};
use super::{
    columns::{self, Column, fold_header},
    decode::{self, Format},
    delimited,
    problems::{ColumnAt, FileProblem, RowError, column_letter, shorten},
    workbook,
};

/// A range of merged cells; rows as a spreadsheet counts, columns from 0, both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// First row.
    pub first_row: u32,
    /// Last row.
    pub last_row: u32,
    /// First column.
    pub first_column: usize,
    /// Last column.
    pub last_column: usize,
}

/// A row that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow {
    /// As a spreadsheet counts, from 1.
    pub number: u32,
    /// What stands there; shorter than others where nothing follows.
    pub cells: Vec<String>,
}

/// All rows of a file that are not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// By number.
    pub rows: Vec<GridRow>,
    /// Merged cells; the value stands in the first.
    pub merged: Vec<Merged>,
    /// Of a text file.
    pub delimiter: Option<char>,
}

impl Grid {
    /// Reads a file of any known format.
    pub fn read(bytes: &[u8]) -> Result<(Self, Format), FileProblem> {
        if bytes.len() > FILE_BYTES {
            return Err(FileProblem::TooLarge);
        }
        let format = decode::recognise(bytes)?;
        let grid = match format {
            Format::Xlsx => workbook::read(bytes)?,
            Format::Utf8 | Format::Utf8Bom | Format::Utf16Le | Format::Utf16Be | Format::Cp932 => {
                delimited::read(&decode::decode(bytes, format)?)?
            }
        };
        if grid.rows.is_empty() {
            return Err(FileProblem::Empty);
        }
        Ok((grid, format))
    }

    /// Writes the value of a merged range into those of its cells that `wanted` names by row and column.
    fn fill(&mut self, wanted: impl Fn(u32, usize) -> bool) {
        for range in std::mem::take(&mut self.merged) {
            let value = self.row(range.first_row).and_then(|row| row.cells.get(range.first_column)).cloned();
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                let from = self.rows.partition_point(|row| row.number < range.first_row);
                for row in self.rows[from..].iter_mut().take_while(|row| row.number <= range.last_row) {
                    for column in range.first_column..=range.last_column.min(super::COLUMNS - 1) {
                        if !wanted(row.number, column) {
                            continue;
                        }
                        if row.cells.len() <= column {
                            row.cells.resize(column + 1, String::new());
                        }
                        row.cells[column].clone_from(&value);
                    }
                }
            }
            self.merged.push(range);
        }
    }

    fn row(&self, number: u32) -> Option<&GridRow> {
        self.rows.binary_search_by_key(&number, |row| row.number).ok().map(|at| &self.rows[at])
    }
}

/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 20;

/// A correction by a person: which column means which field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Correction {
    /// Header or letter of a column → name of a field, or `ignore`.
    pub columns: Vec<(String, String)>,
    /// The row of the header, where it is not found by itself.
    pub header_row: Option<u32>,
}

/// A file whose header is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the file turned out to be.
    pub format: Format,
    /// Of a text file.
    pub delimiter: Option<char>,
    /// The row of the header.
    pub header_row: u32,
    /// The vendor whose console wrote it.
    pub vendor: Option<&'static columns::Vendor>,
    /// What each column means.
    pub columns: Vec<Column>,
    /// Rows below the header.
    pub rows: Vec<GridRow>,
}

impl Table {
    /// Finds the header of a file and what its columns mean. `kept` is a mapping that a person kept for this header.
    pub fn read(
        kind: ImportKind,
        bytes: &[u8],
        correction: &Correction,
        kept: impl Fn(&[String]) -> Option<Vec<(String, String)>>,
    ) -> Result<Self, FileProblem> {
        let (mut grid, format) = Grid::read(bytes)?;
        let head = grid.rows[..grid.rows.len().min(HEADER_ROWS)].last().map_or(0, |row| row.number);
        grid.fill(|row, _| row <= head);
        let header_row = find_header(kind, &grid, correction)?;
        let at = grid.rows.iter().position(|row| row.number == header_row).expect("the header is one of the rows");
        let headers: Vec<String> = grid.rows[at].cells.iter().map(|cell| clean_header(cell)).collect();
        let vendor = match kind {
            ImportKind::Devices => columns::vendor_of(&headers),
            ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => None,
        };
        let mut columns = columns::guess(kind, vendor, &headers);
        if let Some(kept) = kept(&headers) {
            // What is kept may be older than a field or a column; a correction may not.
            for one in kept {
                let _known = columns::correct(kind, &mut columns, std::slice::from_ref(&one));
            }
        }
        columns::correct(kind, &mut columns, &correction.columns)?;
        columns::settle(kind, &mut columns)?;
        let spans: Vec<bool> =
            columns.iter().map(|column| column.field.is_some_and(|field| field.spans_rows())).collect();
        grid.fill(|row, column| row > header_row && spans.get(column).copied().unwrap_or(false));
        let rows: Vec<_> = grid.rows.drain(..).skip(at + 1).collect();
        if rows.is_empty() {
            return Err(FileProblem::NoRows);
        }
        Ok(Self { format, delimiter: grid.delimiter, header_row, vendor, columns, rows })
    }

    /// An error of a cell.
    pub fn error(&self, row: u32, column: usize, value: &str, problem: Problem) -> RowError {
        let header = self.columns.get(column).map(|column| column.header.clone()).unwrap_or_default();
        let at = ColumnAt { letter: column_letter(column), header };
        RowError { row, column: Some(at), value: shorten(value), problem }
    }
}

/// A header on one line.
fn clean_header(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn find_header(kind: ImportKind, grid: &Grid, correction: &Correction) -> Result<u32, FileProblem> {
    if let Some(stated) = correction.header_row {
        let row = grid.row(stated).ok_or(FileProblem::HeaderUnknown { seen: format!("{stated}: -") })?;
        return Ok(row.number);
    }
    let corrected: Vec<String> = correction.columns.iter().map(|(header, _)| fold_header(header)).collect();
    let mut best: Option<(usize, u32)> = None;
    for row in grid.rows.iter().take(HEADER_ROWS) {
        let mut seen: Vec<&str> = Vec::new();
        let score = row
            .cells
            .iter()
            .filter(|cell| {
                // A merged title counts once.
                let first = !seen.contains(&cell.as_str());
                seen.push(cell.as_str());
                first && (columns::is_known(kind, cell) || corrected.contains(&fold_header(cell)))
            })
            .count();
        let vendor = columns::vendor_of(&row.cells).map_or(0, |_| 1_000);
        let score = score + vendor;
        if score > best.map_or(0, |(most, _)| most) {
            best = Some((score, row.number));
        }
    }
    // One known word alone may stand in a title; a table of one column is none.
    match best {
        Some((score, row)) if score >= 2 => Ok(row),
        Some((_, row)) if grid.row(row).is_some_and(|row| row.cells.len() == 1) => Ok(row),
        _ => {
            let first = grid.rows.iter().max_by_key(|row| {
                let filled = row.cells.iter().filter(|cell| !cell.is_empty()).count();
                (filled, std::cmp::Reverse(row.number))
            });
            let seen = first.map(|row| row.cells.iter().take(8).map(|c| shorten(c)).collect::<Vec<_>>().join(", "));
            Err(FileProblem::HeaderUnknown { seen: seen.unwrap_or_default() })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::{
        super::{devices, places::Places, workbook},
        *,
    };

    /// Reads a file as each kind; what comes of it is anything but a panic.
    fn read_all(bytes: &[u8]) {
        for kind in ImportKind::ALL {
            if let Ok(table) = Table::read(kind, bytes, &Correction::default(), |_| None) {
                devices::read(&table, &Places::default(), true);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_bytes_panic(start in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let starts: [&[u8]; 5] = [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04"];
            read_all(&[starts[start], &bytes].concat());
        }

        #[test]
        fn no_cells_panic(
            cells in prop::collection::vec("[0-9０-９RHS令和平成昭元年月日組番¥,./:;\"=+eE万円 -]{0,9}|\\PC{0,9}", 1..80),
        ) {
            let header = "管理番号,シリアル番号,学校名,学年組番号,用途,OS,取得日,価格,財源,状態";
            let rows: Vec<_> = cells.chunks(10).map(|row| row.join(",")).collect();
            read_all(format!("{header}\n{}", rows.join("\n")).as_bytes());
        }

        #[test]
        fn no_damaged_workbook_panics(damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6)) {
            let cell = r#"<c t="inlineStr"><is><t>管理番号</t></is></c>"#;
            let rows = format!(r#"<sheetData><row r="1">{cell}</row><row r="2">{cell}</row></sheetData>"#);
            let mut bytes = workbook::tests::workbook(&rows);
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_all(&bytes);
        }
    }
}
