//! XLSX → rows, with every size bounded before calamine unpacks anything.
//!
//! Of a formula the value that the spreadsheet kept is taken, never its text. Dates come as ISO dates.

use std::io::{self, Cursor, Read as _};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};

use super::{
    CELL_CHARS, COLUMNS, ROWS, dates,
    problems::FileProblem,
    table::{Grid, GridRow, Merged},
};

/// Most files inside a workbook.
const ENTRIES: usize = 2_000;
/// Most bytes that a workbook unpacks to.
const UNPACKED: u64 = 256 << 20;
/// Most bytes that one packed byte may become, above [`FREE`] bytes: XML of a big table packs 1:20 to 1:60.
const RATIO: u64 = 200;
/// Bytes of one file for which no ratio is asked.
const FREE: u64 = 16 << 20;
/// Most ranges of merged cells; more are not looked at.
const MERGED: usize = 20_000;
/// Most cells of a sheet, those of merged ranges counted once more: ranges that lie over each other would cost without end.
const CELLS: usize = ROWS * 40;

/// The first sheet that has more than one row; with its name.
pub fn read(bytes: &[u8]) -> Result<Grid, FileProblem> {
    check_sizes(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(refuse)?;
    let names: Vec<String> = book.sheet_names().to_vec();
    let mut first = None;
    for name in names.iter().take(20) {
        let grid = match read_sheet(&mut book, name) {
            Ok(grid) => grid,
            // A chart sheet has no cells.
            Err(FileProblem::WorkbookDamaged) if names.len() > 1 => continue,
            Err(problem) => return Err(problem),
        };
        if grid.rows.len() > 1 {
            return Ok(grid);
        }
        first = first.or(Some(grid).filter(|grid| !grid.rows.is_empty()));
    }
    first.ok_or(FileProblem::Empty)
}

fn refuse(error: XlsxError) -> FileProblem {
    match error {
        XlsxError::Password => FileProblem::WorkbookLocked,
        _ => FileProblem::WorkbookDamaged,
    }
}

/// Unpacks every file once, into nothing, and counts: what the directory says of itself is not believed.
fn check_sizes(bytes: &[u8]) -> Result<(), FileProblem> {
    let damaged = |_| FileProblem::WorkbookDamaged;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > ENTRIES {
        return Err(FileProblem::WorkbookTooLarge { limit: "2,000 files" });
    }
    let too_large = FileProblem::WorkbookTooLarge { limit: "256 MiB" };
    let mut stated = 0_u64;
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(damaged)?;
        stated = stated.saturating_add(file.size());
    }
    if stated > UNPACKED {
        return Err(too_large);
    }
    let mut left = UNPACKED;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(damaged)?;
        let packed = file.compressed_size().max(1);
        let most = left.min(packed.saturating_mul(RATIO).max(FREE));
        let real = io::copy(&mut file.take(most + 1), &mut io::sink()).map_err(|_| FileProblem::WorkbookDamaged)?;
        if real > most {
            return Err(match most == left {
                true => too_large,
                false => FileProblem::WorkbookTooLarge { limit: "200 times its packed size" },
            });
        }
        left -= real;
    }
    Ok(())
}

const TOO_MANY_CELLS: FileProblem = FileProblem::WorkbookTooLarge { limit: "8,000,000 cells" };

/// Cells of a merged range within the limits of a table.
fn area(range: &Merged) -> usize {
    let rows = usize::try_from(range.last_row.saturating_sub(range.first_row)).unwrap_or(usize::MAX).min(ROWS);
    let columns = range.last_column.saturating_sub(range.first_column).min(COLUMNS - 1);
    (rows + 1).saturating_mul(columns + 1)
}

fn read_sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Grid, FileProblem> {
    let merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
    let merged = merged.into_iter().take(MERGED).map(|range| Merged {
        first_row: range.start.0.saturating_add(1),
        last_row: range.end.0.saturating_add(1),
        first_column: usize::try_from(range.start.1).unwrap_or(usize::MAX),
        last_column: usize::try_from(range.end.1).unwrap_or(usize::MAX),
    });
    let merged: Vec<_> = merged.collect();
    if merged.iter().map(area).fold(0, usize::saturating_add) > CELLS {
        return Err(TOO_MANY_CELLS);
    }
    let epoch_shift = if book.has_1904_epoch() { 1_462.0 } else { 0.0 };
    let mut cells = book.worksheet_cells_reader(name).map_err(refuse)?;
    let mut rows: Vec<GridRow> = Vec::new();
    let mut read = 0_usize;
    while let Some(cell) = cells.next_cell().map_err(refuse)? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value(), epoch_shift);
        if text.trim().is_empty() {
            continue;
        }
        let number = row.saturating_add(1);
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if usize::try_from(number).unwrap_or(usize::MAX) > ROWS {
            return Err(FileProblem::Rows);
        }
        if column >= COLUMNS {
            return Err(FileProblem::Columns { row: number });
        }
        if text.chars().count() > CELL_CHARS {
            return Err(FileProblem::Cell { row: number });
        }
        read += 1;
        if read > CELLS {
            return Err(TOO_MANY_CELLS);
        }
        // A damaged file may give rows out of order.
        let at = match rows.last() {
            Some(last) if last.number == number => rows.len() - 1,
            Some(last) if last.number > number => return Err(FileProblem::WorkbookDamaged),
            _ => {
                rows.push(GridRow { number, cells: Vec::new() });
                rows.len() - 1
            }
        };
        let cells = &mut rows[at].cells;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text;
    }
    Ok(Grid { rows, merged, delimiter: None })
}

/// A cell as a person sees it, but for dates, which come in one form, and numbers that lost digits.
fn text_of(cell: &DataRef<'_>, epoch_shift: f64) -> String {
    match cell {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(true) => String::from("TRUE"),
        DataRef::Bool(false) => String::from("FALSE"),
        DataRef::DateTime(time) if time.is_duration() => number_text(time.as_f64()),
        DataRef::DateTime(time) => dates::from_spreadsheet(time.as_f64() + epoch_shift)
            .map_or_else(|| number_text(time.as_f64()), |date| date.to_string()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// A number without a fraction in full; above fifteen digits a spreadsheet keeps no more, which then shows.
fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    if number.abs() >= 1e15 {
        return format!("{number:.2E}");
    }
    number.to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use super::*;

    /// A workbook with one sheet of this XML inside `<worksheet>`.
    pub fn workbook(sheet: &str) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let mut add = |name: &str, text: &str| {
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        };
        add(
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#,
        );
        add(
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        );
        add(
            "xl/workbook.xml",
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="台帳" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        );
        add(
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
        );
        add(
            "xl/styles.xml",
            r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>"#,
        );
        add(
            "xl/worksheets/sheet1.xml",
            &format!(
                r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{sheet}</worksheet>"#
            ),
        );
        zip.finish().unwrap().into_inner()
    }

    fn text(at: &str, value: &str) -> String {
        format!(r#"<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>"#)
    }

    #[test]
    fn values_dates_formulas_and_merged_cells_are_read() {
        let sheet = format!(
            r#"<sheetData><row r="1">{}</row><row r="3">{}{}<c r="C3"><f>1+1</f><v>2</v></c><c r="D3"><v>123000000000</v></c><c r="E3" s="1"><v>44287</v></c><c r="F3"><v>12345678901234567890</v></c><c r="G3" t="e"><v>#N/A</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:C2"/></mergeCells>"#,
            text("A1", "台帳"),
            text("A3", "渋-1"),
            text("B3", "0012")
        );
        let grid = read(&workbook(&sheet)).unwrap();
        assert_eq!(grid.rows[0].number, 1);
        assert_eq!(grid.rows[1].number, 3);
        let expected = ["渋-1", "0012", "2", "123000000000", "2021-04-01", "1.23E19", "#N/A"];
        assert_eq!(grid.rows[1].cells, expected);
        assert_eq!(grid.merged, [Merged { first_row: 1, last_row: 2, first_column: 0, last_column: 2 }]);
    }

    #[test]
    fn bomb_and_damage_are_named() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let zeros = vec![0; 1 << 20];
        zip.start_file("xl/workbook.xml", options).unwrap();
        for _ in 0..40 {
            zip.write_all(&zeros).unwrap();
        }
        let bomb = zip.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20);
        assert_eq!(read(&bomb).unwrap_err(), FileProblem::WorkbookTooLarge { limit: "200 times its packed size" });
        let good = workbook("<sheetData/>");
        for end in [4, 10, 100, good.len() / 2, good.len() - 1] {
            assert_eq!(read(&good[..end]).unwrap_err(), FileProblem::WorkbookDamaged, "{end}");
        }
        assert_eq!(read(&good).unwrap_err(), FileProblem::Empty);
        let wide = r#"<sheetData><row r="1"><c r="ZZ1"><v>1</v></c></row></sheetData>"#;
        assert_eq!(read(&workbook(wide)).unwrap_err(), FileProblem::Columns { row: 1 });
        let deep = r#"<sheetData><row r="1000000"><c r="A1000000"><v>1</v></c></row></sheetData>"#;
        assert_eq!(read(&workbook(deep)).unwrap_err(), FileProblem::Rows);
        let over = r#"<mergeCell ref="A1:GR200000"/>"#.repeat(300);
        let over = format!("<sheetData/><mergeCells>{over}</mergeCells>");
        assert_eq!(read(&workbook(&over)).unwrap_err(), TOO_MANY_CELLS);
    }
}
