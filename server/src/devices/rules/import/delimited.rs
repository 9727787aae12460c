//! Text → rows: comma, tab or semicolon, quotes with line breaks inside.
//!
//! Rows are counted as a spreadsheet counts them, blank ones too and a quoted line break not; that is why no ready-made
//! reader is used, which skips blank lines and swallows the rest of the file after a quote that is never closed.

use super::{
    CELL_CHARS, COLUMNS, ROWS,
    problems::FileProblem,
    table::{Grid, GridRow},
};

/// Lines that are looked at to find the delimiter.
const LOOKED_AT: usize = 30;

/// The delimiter that most lines at the beginning have.
pub fn find_delimiter(text: &str) -> char {
    let mut counts = [(',', 0_usize), ('\t', 0), (';', 0)];
    let mut quoted = false;
    let mut lines = 0;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => {
                lines += 1;
                if lines == LOOKED_AT {
                    break;
                }
            }
            _ if quoted => {}
            _ => {
                if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == c) {
                    *count += 1;
                }
            }
        }
    }
    // The first of equals, so a comma where there is none at all.
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(',', |(delimiter, _)| *delimiter)
}

/// All rows of a text.
pub fn read(text: &str) -> Result<Grid, FileProblem> {
    let delimiter = find_delimiter(text);
    let mut rows = Vec::new();
    let mut number = 1;
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut chars = text.chars().peekable();
    // What a quote opens; only at the beginning of a cell, so that 5" stays 5".
    let mut quoted_since = None;
    let mut was_quoted = false;
    let end_cell = |cell: &mut String, cells: &mut Vec<String>, was_quoted: &mut bool, row: u32| {
        if cell.chars().count() > CELL_CHARS {
            return Err(FileProblem::Cell { row });
        }
        if cells.len() == COLUMNS {
            return Err(FileProblem::Columns { row });
        }
        *was_quoted = false;
        cells.push(std::mem::take(cell));
        Ok(())
    };
    let mut end_row = |cells: &mut Vec<String>, number: &mut u32| {
        let cells = std::mem::take(cells);
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(GridRow { number: *number, cells });
        }
        *number += 1;
        if usize::try_from(*number).unwrap_or(usize::MAX) > ROWS + 1 { Err(FileProblem::Rows) } else { Ok(()) }
    };
    while let Some(c) = chars.next() {
        if quoted_since.is_some() {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => quoted_since = None,
                '\r' if chars.peek() == Some(&'\n') => {}
                _ => cell.push(c),
            }
            continue;
        }
        match c {
            '"' if cell.is_empty() && !was_quoted => {
                quoted_since = Some(number);
                was_quoted = true;
            }
            '\r' | '\n' => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                end_cell(&mut cell, &mut cells, &mut was_quoted, number)?;
                end_row(&mut cells, &mut number)?;
            }
            _ if c == delimiter => end_cell(&mut cell, &mut cells, &mut was_quoted, number)?,
            _ => cell.push(c),
        }
    }
    if let Some(row) = quoted_since {
        return Err(FileProblem::QuoteOpen { row });
    }
    if !cell.is_empty() || !cells.is_empty() {
        end_cell(&mut cell, &mut cells, &mut was_quoted, number)?;
        end_row(&mut cells, &mut number)?;
    }
    Ok(Grid { rows, merged: Vec::new(), delimiter: Some(delimiter) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(u32, Vec<String>)> {
        read(text).unwrap().rows.into_iter().map(|row| (row.number, row.cells)).collect()
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
        let text = "a,b\r\n\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\n,,\nlast,5\"";
        let expected = [row(1, &["a", "b"]), row(3, &["x\ny", "say \"hi\""]), row(5, &["last", "5\""])];
        assert_eq!(cells(text), expected);
    }

    #[test]
    fn delimiter_is_what_most_lines_have() {
        assert_eq!(find_delimiter("台帳,R7\na\tb\tc\nd\te\tf\n"), '\t');
        assert_eq!(find_delimiter("\"a;b;c;d\",x\n"), ',');
        assert_eq!(find_delimiter("a;b\n"), ';');
        assert_eq!(find_delimiter("a\n"), ',');
    }

    #[test]
    fn limits_are_named_with_the_row() {
        assert_eq!(read("a\n\"b\nc\n").unwrap_err(), FileProblem::QuoteOpen { row: 2 });
        assert_eq!(read(&",".repeat(COLUMNS)).unwrap_err(), FileProblem::Columns { row: 1 });
        assert_eq!(read(&format!("a\n{}", "x".repeat(1_001))).unwrap_err(), FileProblem::Cell { row: 2 });
        assert_eq!(read(&"a\n".repeat(ROWS + 1)).unwrap_err(), FileProblem::Rows);
        assert_eq!(read(&"a\n".repeat(ROWS)).unwrap().rows.len(), ROWS);
    }
}
