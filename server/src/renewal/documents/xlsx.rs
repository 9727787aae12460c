//! Documents → workbooks: a sheet for each section, with numbers as numbers and sums as formulas whose results are stored
//! too, so that a program that computes nothing shows them as well.
//!
//! The same document gives the same bytes: the file's creation time is that of the document. Texts are written as texts and
//! never as formulas.

use std::collections::HashSet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::{formats::Formats, sheet::Sheet};
use super::{Document, Section, text, words};
use crate::{
    access::rules::days::{day_in_japan, minute_in_japan},
    clock::Timestamp,
    console::words::Language,
    error::Error,
};

mod formats;
mod sheet;
#[cfg(test)]
mod tests;

/// The type of a workbook.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Most rows of a table; a sheet of a workbook has 1,048,576 in all.
pub const ROWS_MOST: usize = 1_000_000;

/// Most characters of a name of a sheet.
const NAME_MOST: usize = 31;

/// Writes a workbook. Fails if a table has more than [`ROWS_MOST`] rows (DOCUMENT_TOO_LONG).
pub fn write(document: &Document, language: Language) -> Result<Vec<u8>, Error> {
    let longest = document.sections.iter().filter_map(|section| section.table.as_ref()).map(|table| table.rows().len());
    super::refuse_longer_than(ROWS_MOST, longest.max().unwrap_or(0))?;
    written(document, language).map_err(|fault| Error::internal("a workbook could not be written", fault))
}

fn written(document: &Document, language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let formats = Formats::new(language);
    workbook.set_default_format(&formats.plain, formats::ROW_PIXELS, formats::COLUMN_PIXELS)?;
    workbook.set_properties(&properties(document, language)?);
    let mut names = Names::default();
    let nothing = [Section::default()];
    let sections = if document.sections.is_empty() { &nothing } else { document.sections.as_slice() };
    for (at, section) in sections.iter().enumerate() {
        let name = names.take(document, at, language);
        let is_last = at + 1 == sections.len();
        Sheet::new(document, section, language, &formats).write(workbook.add_worksheet(), &name, is_last)?;
    }
    workbook.save_to_buffer()
}

fn properties(document: &Document, language: Language) -> Result<DocProperties, XlsxError> {
    let cover = &document.cover;
    Ok(DocProperties::new()
        .set_title(text::told(document.full_title(), language))
        .set_company(text::said(&cover.owner, language))
        .set_author("gigafleet")
        .set_comment(text::said(&words::hash(&cover.hash), language))
        .set_creation_datetime(&moment(cover.as_of)?))
}

/// A moment in Japan to the minute; the first of the calendar of workbooks for earlier ones.
fn moment(at: Timestamp) -> Result<ExcelDateTime, XlsxError> {
    let (day, minute) = (day_in_japan(at.0), minute_in_japan(at));
    let part = |value: i64| u16::try_from(value).unwrap_or(0);
    let year = u16::try_from(day.year()).ok().filter(|year| (1900..=9999).contains(year));
    match year {
        Some(year) => ExcelDateTime::from_ymd(year, u8::from(day.month()), day.day())?.and_hms(
            part(minute / 60),
            u8::try_from(minute % 60).unwrap_or(0),
            0,
        ),
        None => ExcelDateTime::from_ymd(1900, 1, 1),
    }
}

/// Names of sheets, each once.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// The heading of a section, or the title for want of one, without what a name must not have; its number where that is
    /// taken or nothing.
    fn take(&mut self, document: &Document, at: usize, language: Language) -> String {
        let heading = document.sections.get(at).and_then(|section| section.heading.as_ref());
        let heading = text::said(heading.unwrap_or(&document.title), language);
        let mut name = String::new();
        for c in heading.chars().filter(|c| !c.is_control() && !"[]:*?/\\'".contains(*c)) {
            if name.encode_utf16().count() + c.len_utf16() > NAME_MOST {
                break;
            }
            name.push(c);
        }
        let name = name.trim().to_owned();
        let is_taken = name.is_empty() || self.0.contains(&name.to_lowercase());
        let name = if is_taken { format!("{} {}", text::said(&words::sheet(), language), at + 1) } else { name };
        self.0.insert(name.to_lowercase());
        name
    }
}
