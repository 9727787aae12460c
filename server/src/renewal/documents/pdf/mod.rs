//! Documents → paper: A4 with a title, tables that go on over pages under repeated heads, charts, notes, sources, and on each
//! page its number and the checksum.
//!
//! Written for archives and for everybody: PDF/A-2a and PDF/UA-1, that is, with its font, with a structure that is read
//! aloud, and without anything that changes. The font's glyphs that are used are in the file; a character that the font lacks
//! is 〓, and a line at the end says how many there are. The same document gives the same bytes.

mod chart;
mod face;
mod grid;
mod lines;
mod marks;
mod pages;
mod paint;
mod structure;
#[cfg(test)]
mod tests;

use krilla::{
    Document as Pdf, SerializeSettings,
    configure::{Accessibility, Archival, Configuration, ConfigurationBuilder},
    destination::XyzDestination,
    error::KrillaError,
    geom::Point,
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    tagging::ArtifactType,
};

use self::{
    face::Face,
    marks::{Block, Style, Tone},
    pages::{Frame, Landmark, Pages},
    structure::{Role, Structure},
};
use super::{Document, Section, text, words};
use crate::{
    access::rules::days::{day_in_japan, minute_in_japan},
    clock::Timestamp,
    console::words::Language,
    error::{Both, Error},
};

/// The type of a file of PDF.
pub const MEDIA_TYPE: &str = "application/pdf";

/// Most rows of all tables together: more than a hundred pages are not read on paper.
pub const ROWS_MOST: usize = 5_000;

const TITLE: Style = Style::of(15.0).bold();
const OWNER: Style = Style::of(10.5);
const HEADING: Style = Style::of(11.0).bold();
const TEXT: Style = Style::of(9.5);
const NOTE: Style = Style::of(8.0);
const SMALL: Style = Style::of(7.0).quiet();
/// Most lines of notes that stay together.
const NOTES_TOGETHER: usize = 8;

/// Writes a file of PDF. Fails if its tables have more than [`ROWS_MOST`] rows (DOCUMENT_TOO_LONG).
pub fn write(document: &Document, language: Language) -> Result<Vec<u8>, Error> {
    let rows = document.sections.iter().filter_map(|section| section.table.as_ref()).map(|table| table.rows().len());
    super::refuse_longer_than(ROWS_MOST, rows.sum())?;
    let setter = Setter::set(document, language);
    let fault = |fault: KrillaError| Error::internal("a report could not be written as PDF", format!("{fault:?}"));
    setter.finish().map_err(fault)
}

/// Sets a document part by part.
struct Setter<'d> {
    document: &'d Document,
    language: Language,
    face: Face,
    frame: Frame,
    pages: Pages,
    structure: Structure,
    /// Characters that the font lacks.
    missing: usize,
}

impl<'d> Setter<'d> {
    fn new(document: &'d Document, language: Language) -> Self {
        let frame = Frame::of(document.orientation);
        let (face, pages, structure) = (Face::new(), Pages::new(frame), Structure::default());
        Self { document, language, face, frame, pages, structure, missing: 0 }
    }

    /// All of a document.
    fn set(document: &'d Document, language: Language) -> Self {
        let mut setter = Self::new(document, language);
        setter.title();
        for section in &document.sections {
            setter.section(section);
        }
        setter.end();
        setter
    }

    fn printable(&mut self, text: &str) -> String {
        let (text, missing) = self.face.printable(text);
        self.missing += missing;
        text
    }

    /// Lines of a text, one block each; `place` says where a line of a width begins.
    fn lines(&mut self, both: &Both, style: Style, role: Role, place: impl Fn(f32) -> f32) -> Vec<Block> {
        let text = self.printable(text::said(both, self.language));
        let node = self.structure.add(role, None);
        let lines = lines::broken(&self.face, &text, style.size, self.frame.room());
        let block = |line: String| {
            let left = place(self.face.width(line.trim_end(), style.size));
            let mut block = Block::space(style.leading());
            if !line.trim_end().is_empty() {
                block.marks.push(style.mark(line, (left, 0.0), Some(node)));
            }
            block
        };
        lines.into_iter().map(block).collect()
    }

    /// The title in the middle, whose it is and of when at the right.
    fn title(&mut self) {
        let (document, room, language) = (self.document, self.frame.room(), self.language);
        let cover = &document.cover;
        if let Some(label) = &document.label {
            for line in self.lines(label, TEXT, Role::Paragraph, |_| 0.0) {
                self.pages.put(line);
            }
        }
        let title = title_of(document, language, &self.face);
        let role = Role::Heading { level: 1, text: title.clone() };
        let lines = self.lines(&Both::same(title.clone()), TITLE, role, |wide| (room - wide) / 2.0);
        for (at, line) in lines.into_iter().enumerate() {
            self.pages.keep(line, (at == 0).then(|| title.clone()));
        }
        self.missing += self.face.printable(text::said(&document.title, language)).1;
        self.pages.put(Block::space(6.0));
        let (day, moment) = (text::day(cover.day), text::moment(cover.as_of));
        let made = Both::of(words::made(day.ja, moment.ja), words::made(day.en, moment.en));
        for (said, style) in [(&cover.owner, OWNER), (&made, NOTE)] {
            for line in self.lines(said, style, Role::Paragraph, |wide| room - wide) {
                self.pages.put(line);
            }
        }
    }

    fn section(&mut self, section: &Section) {
        self.pages.put(Block::space(12.0));
        let heading = section.heading.as_ref().map(|heading| self.printable(text::said(heading, self.language)));
        if let Some(text) = heading.filter(|text| !text.trim().is_empty()) {
            let role = Role::Heading { level: 2, text: text.clone() };
            for (at, line) in self.lines(&Both::same(text.clone()), HEADING, role, |_| 0.0).into_iter().enumerate() {
                self.pages.keep(line, (at == 0).then(|| text.clone()));
            }
            self.pages.keep(Block::space(3.0), None);
        }
        self.paragraphs(section);
        self.chart(section);
        self.table(section);
        self.notes(section);
    }

    fn paragraphs(&mut self, section: &Section) {
        let is_empty = section.paragraphs.is_empty() && section.table.is_none() && section.chart.is_none();
        let nothing = is_empty.then(words::nothing);
        for paragraph in section.paragraphs.iter().chain(&nothing) {
            let mut lines = self.lines(paragraph, TEXT, Role::Paragraph, |_| 0.0);
            let last = lines.pop();
            for line in lines {
                self.pages.put(line);
            }
            // The last line stays with what it introduces.
            match (last, section.table.is_some()) {
                (Some(last), true) => self.pages.keep(last, None),
                (Some(last), false) => self.pages.put(last),
                (None, _) => {}
            }
        }
    }

    fn chart(&mut self, section: &Section) {
        let Some(of) = section.chart.as_ref().filter(|chart| !chart.bars.is_empty()) else { return };
        let words = self.face.printable(text::said(&of.title, self.language)).0;
        let node = self.structure.add(Role::Figure(words), None);
        self.pages.keep(Block::space(4.0), None);
        let drawn = chart::draw((&self.face, self.language), of, self.frame.room(), node);
        self.pages.put(drawn);
        self.pages.put(Block::space(6.0));
    }

    fn table(&mut self, section: &Section) {
        let Some(table) = &section.table else { return };
        let room = self.frame.room();
        if table.columns().iter().any(|column| column.kind == super::ColumnKind::Yen) {
            for line in self.lines(&words::unit_yen(), NOTE.quiet(), Role::Paragraph, |wide| room - wide) {
                self.pages.keep(line, None);
            }
        }
        self.pages.keep(Block::space(2.0), None);
        let size = (room, self.frame.depth());
        let (grid, missing) = grid::lay_out((&self.face, self.language), table, size, &mut self.structure);
        self.missing += missing;
        self.pages.put_table(grid);
        if table.rows().is_empty() {
            self.pages.put(Block::space(4.0));
            for line in self.lines(&words::nothing(), TEXT, Role::Paragraph, |_| 0.0) {
                self.pages.put(line);
            }
        }
    }

    fn notes(&mut self, section: &Section) {
        if !section.footnotes.is_empty() {
            self.pages.put(Block::space(4.0));
        }
        let mut lines = Vec::new();
        for (note, number) in section.footnotes.iter().zip(1..) {
            let numbered = Both::of(words::note(number, &note.ja), words::note(number, &note.en));
            lines.extend(self.lines(&numbered, NOTE, Role::Note, |_| 0.0));
        }
        self.put_together(lines);
    }

    /// Lines on one page, unless they are many.
    fn put_together(&mut self, lines: Vec<Block>) {
        let (count, is_short) = (lines.len(), lines.len() <= NOTES_TOGETHER);
        for (line, at) in lines.into_iter().zip(1..) {
            match is_short && at < count {
                true => self.pages.keep(line, None),
                false => self.pages.put(line),
            }
        }
    }

    /// Sources, and how many characters could not be printed.
    fn end(&mut self) {
        let document = self.document;
        if !document.sources.is_empty() {
            self.pages.put(Block::space(12.0));
            let text = text::told(words::sources(), self.language);
            let role = Role::Heading { level: 2, text: text.clone() };
            for line in self.lines(&words::sources(), NOTE.bold(), role, |_| 0.0) {
                self.pages.keep(line, Some(text.clone()));
            }
        }
        let mut lines = Vec::new();
        for source in &document.sources {
            lines.extend(self.lines(&source.said(), NOTE, Role::Paragraph, |_| 0.0));
        }
        self.put_together(lines);
        if self.missing > 0 {
            self.pages.put(Block::space(6.0));
            for line in self.lines(&words::missing(self.missing), NOTE, Role::Paragraph, |_| 0.0) {
                self.pages.put(line);
            }
        }
    }

    /// Draws all pages.
    fn finish(self) -> Result<Vec<u8>, KrillaError> {
        let Self { document, language, face, frame, pages, mut structure, missing: _ } = self;
        let (pages, landmarks) = pages.finish();
        let settings = SerializeSettings { configuration: configuration(), ..SerializeSettings::default() };
        let mut pdf = Pdf::new_with(settings);
        let size = PageSettings::from_wh(frame.width, frame.height).expect("A4 has a size");
        let count = pages.len();
        for (at, marks) in pages.iter().enumerate() {
            let mut page = pdf.start_page_with(size.clone());
            let mut surface = page.surface();
            let (above, below) = furniture(document, language, (&face, frame), (at, count));
            paint::furniture(&mut surface, &above.marks, &face, ArtifactType::Header);
            paint::content(&mut surface, marks, &face, &mut structure);
            paint::furniture(&mut surface, &below.marks, &face, ArtifactType::Footer);
            surface.finish();
            page.finish();
        }
        pdf.set_outline(outline(&landmarks));
        pdf.set_metadata(metadata(document, language, &face));
        pdf.set_tag_tree(structure.into_tree(language.tag()));
        pdf.finish()
    }
}

fn configuration() -> Configuration {
    ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .expect("both allow PDF 1.7")
}

/// What stands above and below the content of a page: from the second on what it is and whose; the checksum and the number.
fn furniture(
    document: &Document,
    language: Language,
    (face, frame): (&Face, Frame),
    (at, count): (usize, usize),
) -> (Block, Block) {
    let (top, bottom) = frame.furniture();
    // What is too long for its place is cut: all of it stands in the title.
    let printable = |text: &str, part: f32| {
        let width = frame.room() * part;
        let mut lines = lines::broken(face, &face.printable(text).0, SMALL.size, width).into_iter();
        let first = lines.next().unwrap_or_default();
        if lines.next().is_some() { format!("{}…", first.trim_end()) } else { first }
    };
    let (mut above, mut below) = (Block::default(), Block::default());
    if at > 0 {
        let title = printable(text::said(&document.title, language), 0.6);
        let owner = printable(text::said(&document.cover.owner, language), 0.35);
        let left = frame.right() - face.width(&owner, SMALL.size);
        above.marks.push(SMALL.mark(title, (frame.left(), top), None));
        above.marks.push(SMALL.mark(owner, (left, top), None));
    }
    let hash = printable(&text::told(words::hash(&document.cover.hash), language), 0.85);
    let number = text::told(words::page(at + 1, count), language);
    let left = frame.right() - face.width(&number, TEXT.size);
    below.rule((frame.left(), bottom - 4.0), (frame.room(), 0.0), 0.4, Tone::RULE);
    below.marks.push(SMALL.mark(hash, (frame.left(), bottom), None));
    below.marks.push(TEXT.mark(number, (left, bottom - 1.0), None));
    (above, below)
}

fn outline(landmarks: &[Landmark]) -> Outline {
    let mut outline = Outline::new();
    for landmark in landmarks {
        let place = XyzDestination::new(landmark.page, Point::from_xy(0.0, landmark.y));
        outline.push_child(OutlineNode::new(landmark.text.clone(), place));
    }
    outline
}

/// The title as it can be printed. A document must have one.
fn title_of(document: &Document, language: Language, face: &Face) -> String {
    let (title, _missing) = face.printable(text::said(&document.title, language));
    if title.trim().is_empty() { text::told(words::untitled(), language) } else { title }
}

fn metadata(document: &Document, language: Language, face: &Face) -> Metadata {
    Metadata::new()
        .title(title_of(document, language, face))
        .authors(vec![face.printable(text::said(&document.cover.owner, language)).0])
        .description(face.printable(&text::told(words::hash(&document.cover.hash), language)).0)
        .language(language.tag().to_owned())
        .creator(String::from("gigafleet"))
        .producer(String::from("gigafleet"))
        .creation_date(moment(document.cover.as_of))
        .document_id(document.cover.hash.clone())
}

/// A moment in Japan to the minute.
fn moment(at: Timestamp) -> DateTime {
    let (day, minute) = (day_in_japan(at.0), minute_in_japan(at));
    let part = |value: i64| u8::try_from(value).unwrap_or(0);
    DateTime::new(u16::try_from(day.year()).unwrap_or(0))
        .month(u8::from(day.month()))
        .day(day.day())
        .hour(part(minute / 60))
        .minute(part(minute % 60))
        .second(0)
        .utc_offset_hour(9)
        .utc_offset_minute(0)
}
