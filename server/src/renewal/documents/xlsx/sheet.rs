//! One sheet of a workbook: title, head, rows, totals, notes, sources.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Worksheet, XlsxError, utility::column_number_to_name};
use unicode_width::UnicodeWidthStr as _;

use super::{super::text, Formats, formats::CellFormats};
use crate::{
    console::words::Language,
    error::Both,
    renewal::documents::{Cell, Column, ColumnKind, Document, Filled, Section, Table, Total, words},
};

/// A4, as workbooks number it.
const A4: u8 = 9;
/// Narrowest and widest column, in digits; one of words is wrapped beyond that.
const NARROWEST: usize = 9;
const WIDEST: usize = 40;
/// Narrowest sheet, so that its notes have room.
const NARROWEST_SHEET: usize = 84;
/// Height of a line of notes in points, and of a line of heads.
const NOTE_LINE: f64 = 16.5;
const HEAD_LINE: f64 = 18.75;
/// Longest text of a cell, in units of UTF-16.
const TEXT_MOST: usize = 32_767;
/// Longest text at a corner of a printed page, in characters; with every one an ampersand, two of them are within the 255 that
/// there may be.
const FOOTER_MOST: usize = 60;
/// Longest checksum there.
const HASH_MOST: usize = 200;
/// Most lines of a row that is made as high as its text.
const LINES_MOST: u32 = 20;

/// What a sheet is written from, and the next free row.
pub(super) struct Sheet<'d> {
    document: &'d Document,
    section: &'d Section,
    language: Language,
    formats: &'d Formats,
    widths: Vec<usize>,
    row: u32,
}

impl<'d> Sheet<'d> {
    pub(super) fn new(document: &'d Document, section: &'d Section, language: Language, formats: &'d Formats) -> Self {
        let widths = section.table.as_ref().map_or_else(|| vec![NARROWEST_SHEET], |table| widths(table, language));
        Self { document, section, language, formats, widths, row: 0 }
    }

    /// Writes all of it. The last sheet has the sources.
    pub(super) fn write(mut self, sheet: &mut Worksheet, name: &str, is_last: bool) -> Result<(), XlsxError> {
        sheet.set_name(name)?;
        for (column, width) in (0_u16..).zip(&self.widths) {
            sheet.set_column_width(column, u32::try_from(*width).unwrap_or(u32::MAX))?;
        }
        // What has no result, as one of none, is empty and not 0.
        sheet.set_formula_result_default("");
        self.set_up_page(sheet);
        self.write_title(sheet)?;
        match &self.section.table {
            Some(table) => self.write_table(sheet, table)?,
            None if self.section.paragraphs.is_empty() => {
                self.write_line(sheet, &text::told(words::nothing(), self.language), &self.formats.note)?;
            }
            None => {}
        }
        self.write_notes(sheet, is_last)
    }

    fn set_up_page(&self, sheet: &mut Worksheet) {
        let cover = &self.document.cover;
        let title = text::said(&self.document.title, self.language);
        let hash = text::told(words::hash(&cover.hash), self.language);
        // An ampersand begins a command there, and all of it must be short.
        let footer = |text: &str| text.chars().take(FOOTER_MOST).collect::<String>().replace('&', "&&");
        sheet
            .set_paper_size(A4)
            .set_landscape()
            .set_print_fit_to_pages(1, 0)
            .set_margins(0.5, 0.5, 0.6, 0.7, 0.3, 0.3)
            .set_header(format!("&L&9{}&R&9{}", footer(title), footer(text::said(&cover.owner, self.language))))
            .set_footer(format!(
                "&L&7{}&R&9&P / &N",
                hash.replace('&', "&&").chars().take(HASH_MOST).collect::<String>()
            ));
    }

    fn write_title(&mut self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let (cover, language) = (&self.document.cover, self.language);
        let (day, moment) = (text::day(cover.day), text::moment(cover.as_of));
        let day = text::told(words::day_of(text::said(&day, language)), language);
        let recorded = text::told(words::recorded(text::said(&moment, language)), language);
        let hash = text::told(words::hash(&cover.hash), language);
        self.write_line(sheet, &text::told(self.document.full_title(), language), &self.formats.title)?;
        let owner = format!("{}  {day}", text::said(&cover.owner, language));
        self.write_line(sheet, &owner, &self.formats.plain)?;
        self.write_line(sheet, &format!("{recorded}  {hash}"), &self.formats.note)?;
        let heading = self.section.heading.as_ref().map(|heading| text::said(heading, language)).unwrap_or_default();
        self.write_line(sheet, heading, &self.formats.heading)
    }

    /// A text over the whole width, in as many lines as it needs.
    fn write_line(&mut self, sheet: &mut Worksheet, text: &str, format: &Format) -> Result<(), XlsxError> {
        let (row, width) = (self.row, self.widths.iter().sum::<usize>().max(1));
        let lines: usize = text.lines().map(|line| line.width().div_ceil(width).max(1)).sum();
        let text = cut(text);
        match u16::try_from(self.widths.len()).unwrap_or(u16::MAX) {
            0 | 1 => sheet.write_string_with_format(row, 0, text, format)?,
            columns => sheet.merge_range(row, 0, row, columns - 1, &text, format)?,
        };
        if lines > 1 {
            sheet.set_row_height(row, NOTE_LINE * in_lines(lines))?;
        }
        self.row += 1;
        Ok(())
    }

    fn write_table(&mut self, sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
        let head = self.row;
        let mut lines = 1;
        for (column, (of, width)) in (0_u16..).zip(table.columns().iter().zip(&self.widths)) {
            let heading = text::said(&of.heading, self.language);
            sheet.write_string_with_format(head, column, cut(heading), &self.formats.head)?;
            lines = lines.max(heading.width().div_ceil(width.saturating_sub(1).max(1)));
        }
        sheet.set_row_height(head, HEAD_LINE * in_lines(lines))?;
        sheet.set_freeze_panes(head + 1, u16::from(table.columns().first().is_some_and(is_words)))?;
        sheet.set_repeat_rows(head, head)?;
        self.row += 1;
        let first = self.row;
        for cells in table.rows() {
            self.write_cells(sheet, table.columns(), cells, &self.formats.row, None)?;
        }
        if let Some(totals) = table.totals() {
            self.write_cells(sheet, table.columns(), totals, &self.formats.totals, Some(first))?;
        }
        Ok(())
    }

    /// A row of cells; for totals with the first row that they sum.
    fn write_cells(
        &mut self,
        sheet: &mut Worksheet,
        columns: &[Column],
        cells: &[Cell],
        formats: &CellFormats,
        first: Option<u32>,
    ) -> Result<(), XlsxError> {
        for (at, (column, cell)) in (0_u16..).zip(columns.iter().zip(cells)) {
            let format = formats.of(cell, column.kind);
            let formula = match (&column.filled, first) {
                (Filled::SumOf(range), _) => Some(sum_of_row(range.start, range.end, self.row)),
                (Filled::ShareOf { part, whole }, _) => Some(share_formula(*part, *whole, self.row)),
                (Filled::PerUnit { amount, units }, _) => Some(unit_formula(*amount, *units, self.row)),
                (Filled::Given, Some(first)) if column.total == Total::Sum && first < self.row => {
                    Some(sum_of_column(at, first, self.row))
                }
                (Filled::Given, _) => None,
            };
            match formula {
                Some(formula) => {
                    let formula = Formula::new(formula).set_result(result(cell));
                    sheet.write_formula_with_format(self.row, at, formula, format)?;
                }
                None => write_cell(sheet, (self.row, at), cell, self.language, format)?,
            }
        }
        // LibreOffice does not make a row higher by itself where a height is the usual one of the sheet.
        let lines = cells.iter().zip(&self.widths).map(|(cell, width)| lines(cell, *width, self.language)).max();
        if let Some(lines) = lines.filter(|lines| *lines > 1) {
            sheet.set_row_height(self.row, HEAD_LINE * in_lines(lines))?;
        }
        self.row += 1;
        Ok(())
    }

    fn write_notes(&mut self, sheet: &mut Worksheet, is_last: bool) -> Result<(), XlsxError> {
        let section = self.section;
        let (language, formats) = (self.language, self.formats);
        if section.table.is_some() && !(section.paragraphs.is_empty() && section.footnotes.is_empty()) {
            self.row += 1;
        }
        for paragraph in &section.paragraphs {
            self.write_line(sheet, text::said(paragraph, language), &formats.note)?;
        }
        for (note, number) in section.footnotes.iter().zip(1..) {
            let numbered = Both::of(words::note(number, &note.ja), words::note(number, &note.en));
            self.write_line(sheet, text::said(&numbered, language), &formats.note)?;
        }
        if is_last && !self.document.sources.is_empty() {
            self.row += 1;
            self.write_line(sheet, &text::told(words::sources(), language), &formats.heading)?;
            for source in &self.document.sources {
                self.write_line(sheet, text::said(&source.said(), language), &formats.note)?;
            }
        }
        Ok(())
    }
}

fn is_words(column: &Column) -> bool {
    column.kind == ColumnKind::Text
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    language: Language,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Blank => sheet.write_blank(row, column, format)?,
        Cell::Integer(_) | Cell::Yen(_) | Cell::Percent(_) => {
            sheet.write_number_with_format(row, column, number(cell), format)?
        }
        Cell::Text(both) => sheet.write_string_with_format(row, column, cut(text::said(both, language)), format)?,
        Cell::Year(year) => {
            sheet.write_string_with_format(row, column, text::said(&text::year(*year), language), format)?
        }
        Cell::Day(day) => match u16::try_from(day.year()).ok().filter(|year| (1900..=9999).contains(year)) {
            Some(year) => {
                let day = ExcelDateTime::from_ymd(year, u8::from(day.month()), day.day())?;
                sheet.write_datetime_with_format(row, column, day, format)?
            }
            None => sheet.write_string_with_format(row, column, text::plain(cell, language), format)?,
        },
    };
    Ok(())
}

/// The number of a cell; shares are parts of one.
fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Integer(number) => *number as f64,
        Cell::Yen(yen) => yen.to_number() as f64,
        Cell::Percent(share) => f64::from(share.per_mille()) / 1_000.0,
        Cell::Blank | Cell::Text(_) | Cell::Year(_) | Cell::Day(_) => 0.0,
    }
}

/// What a formula results in, as it is stored beside it.
fn result(cell: &Cell) -> String {
    match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Yen(yen) => yen.to_number().to_string(),
        Cell::Percent(_) => number(cell).to_string(),
        Cell::Blank | Cell::Text(_) | Cell::Year(_) | Cell::Day(_) => String::new(),
    }
}

fn letters(column: usize) -> String {
    column_number_to_name(u16::try_from(column).unwrap_or(u16::MAX))
}

/// The sum of columns, from the first to before the last, in one row.
fn sum_of_row(first: usize, end: usize, row: u32) -> String {
    let row = row + 1;
    match first < end {
        true => format!("=SUM({}{row}:{}{row})", letters(first), letters(end - 1)),
        false => String::from("=0"),
    }
}

/// The sum of a column from a row to before another.
fn sum_of_column(column: u16, first: u32, end: u32) -> String {
    let column = letters(column.into());
    format!("=SUM({column}{}:{column}{end})", first + 1)
}

/// A share in tenths of a percent, rounded down, at most all; in whole numbers, so that no digit is lost.
fn share_formula(part: usize, whole: usize, row: u32) -> String {
    let (part, whole, row) = (letters(part), letters(whole), row + 1);
    format!("=IF({whole}{row}=0,\"\",MIN(1,QUOTIENT({part}{row}*1000,{whole}{row})/1000))")
}

/// What of money falls to one of so many, to the nearest yen.
fn unit_formula(amount: usize, units: usize, row: u32) -> String {
    let (amount, units, row) = (letters(amount), letters(units), row + 1);
    format!("=IF({units}{row}=0,\"\",ROUND({amount}{row}/{units}{row},0))")
}

/// A text as long as a cell may be.
fn cut(text: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= TEXT_MOST
    };
    text.chars().take_while(fits).collect()
}

/// How many lines a row is high, within what a row can be.
fn in_lines(lines: usize) -> f64 {
    u32::try_from(lines).unwrap_or(LINES_MOST).min(LINES_MOST).into()
}

/// How wide columns must be for what stands in them, in digits.
fn widths(table: &Table, language: Language) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for (at, column) in table.columns().iter().enumerate() {
        let cells = table.rows().iter().map(|row| &row[at]).chain(table.totals().map(|totals| &totals[at]));
        let content = cells.map(|cell| width(cell, language)).max().unwrap_or(0);
        // A heading may have two lines.
        let heading = text::said(&column.heading, language).width().div_ceil(2) + 1;
        widths.push((content.max(heading) + 2).clamp(NARROWEST, WIDEST));
    }
    let lacking = NARROWEST_SHEET.saturating_sub(widths.iter().sum());
    let widest = table.columns().iter().rposition(is_words).unwrap_or(0);
    if let Some(width) = widths.get_mut(widest) {
        *width += lacking;
    }
    widths
}

/// In how many lines a cell stands in a column of a width: only words are broken.
fn lines(cell: &Cell, width: usize, language: Language) -> usize {
    let Cell::Text(both) = cell else { return 1 };
    let width = width.saturating_sub(1).max(1);
    text::said(both, language).lines().map(|line| line.width().div_ceil(width).max(1)).sum()
}

/// How wide a cell is, in digits; a Japanese character takes two.
fn width(cell: &Cell, language: Language) -> usize {
    let grouped = |number: i64| {
        let digits = number.unsigned_abs().checked_ilog10().map_or(1, |digits| digits as usize + 1);
        digits + (digits - 1) / 3 + usize::from(number < 0)
    };
    match cell {
        Cell::Blank => 0,
        Cell::Text(both) => text::said(both, language).width(),
        Cell::Integer(number) => grouped(*number),
        Cell::Yen(yen) => grouped(yen.to_number()) + 3,
        Cell::Percent(_) => 6,
        Cell::Year(year) => text::said(&text::year(*year), language).width(),
        Cell::Day(_) => 16,
    }
}
