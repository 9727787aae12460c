//! Documents → CSV: in UTF-8 with a mark, as Excel needs it, or in CP932; guarded against formulas.
//!
//! Numbers are bare digits, fiscal years are R7, days are 2026-11-27: what is written can be read by a program. Numbers of
//! ours are not guarded, so that one below nothing stays a number.

use super::{Cell, Column, Document, Section, Table, text, words};
use crate::{
    console::words::Language,
    devices::rules::import::export::{self, Encoding},
    error::Both,
};

/// The whole document: whose it is and of when, its tables with their notes, and its sources. Also how many characters the
/// encoding lacks; they are 〓.
pub fn document(document: &Document, language: Language, encoding: Encoding) -> (Vec<u8>, u64) {
    let mut text = String::from(encoding.mark());
    let cover = &document.cover;
    let head = [
        (document.full_title(), cover.owner.clone()),
        (words::day_label(), text::day(cover.day)),
        (words::recorded_label(), text::moment(cover.as_of)),
        (words::hash_label(), Both::same(cover.hash.clone())),
    ];
    for (label, value) in &head {
        text.push_str(&export::line([text::said(label, language), text::said(value, language)]));
    }
    for section in &document.sections {
        push_section(&mut text, section, language);
    }
    if !document.sources.is_empty() {
        text.push_str("\r\n");
        text.push_str(&export::line([text::said(&words::sources(), language)]));
        for source in &document.sources {
            text.push_str(&export::line([text::said(&source.said(), language)]));
        }
    }
    export::encode(&text, encoding)
}

/// A table alone: one line of headings, then its rows.
pub fn table(table: &Table, language: Language, encoding: Encoding) -> (Vec<u8>, u64) {
    let mut text = String::from(encoding.mark());
    push_table(&mut text, table, language);
    export::encode(&text, encoding)
}

fn push_section(text: &mut String, section: &Section, language: Language) {
    text.push_str("\r\n");
    for said in section.heading.iter().chain(&section.paragraphs) {
        text.push_str(&export::line([text::said(said, language)]));
    }
    if let Some(table) = &section.table {
        push_table(text, table, language);
    }
    for note in &section.footnotes {
        text.push_str(&export::line([text::said(note, language)]));
    }
}

fn push_table(text: &mut String, table: &Table, language: Language) {
    let headings = table.columns().iter().map(|Column { heading, .. }| text::said(heading, language));
    text.push_str(&export::line(headings));
    for row in table.rows().iter().map(Vec::as_slice).chain(table.totals()) {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&written(cell, language));
        }
        text.push_str("\r\n");
    }
}

fn written(cell: &Cell, language: Language) -> String {
    let plain = text::plain(cell, language);
    match cell {
        Cell::Text(_) => export::quoted(export::guarded(&plain)),
        Cell::Blank | Cell::Integer(_) | Cell::Yen(_) | Cell::Percent(_) | Cell::Year(_) | Cell::Day(_) => plain,
    }
}
