//! Tables → blocks: how wide columns are, how high rows, and where in them things stand.

use super::{
    face::Face,
    lines,
    marks::{Block, Node, Style, Tone},
    structure::{Role, RowsOf, Structure},
};
use crate::{
    console::words::Language,
    renewal::documents::{Cell, Column, ColumnKind, Table, text},
};

/// Sizes of text that are tried, the largest first.
const SIZES: [f32; 9] = [9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0];
/// Lines of a page that are left free where a head and a row are as high as they may be.
const FREE_LINES: f32 = 6.0;
/// Narrowest column of words that are wrapped, in characters, and widest one that a word alone makes.
const WORDS_NARROWEST: f32 = 7.0;
const WORDS_WIDEST: f32 = 16.0;
const THIN: f32 = 0.4;
const THICK: f32 = 0.9;

/// A table in blocks of the same width.
pub(super) struct Grid {
    /// Its heads; they are repeated on each page.
    pub(super) head: Block,
    /// Its rows; one that is higher than a page is in several blocks.
    pub(super) rows: Vec<Block>,
    /// Its totals.
    pub(super) totals: Option<Block>,
}

/// Where things stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
}

fn side(kind: ColumnKind) -> Side {
    match kind {
        ColumnKind::Text => Side::Left,
        ColumnKind::FiscalYear | ColumnKind::Day => Side::Middle,
        ColumnKind::Integer | ColumnKind::Yen | ColumnKind::Percent | ColumnKind::Form => Side::Right,
    }
}

/// A table while it is laid out.
struct Layout<'l> {
    face: &'l Face,
    columns: &'l [Column],
    size: f32,
    widths: Vec<f32>,
    /// Most lines of a block.
    lines_most: usize,
}

/// What is written in a cell, which may be wrapped, and its place in the structure.
struct Written<'w> {
    text: &'w str,
    side: Side,
    node: Node,
}

/// Lays out a table as wide as there is room, in blocks that fit into a height. Also how many characters the font lacks.
pub(super) fn lay_out(
    (face, language): (&Face, Language),
    table: &Table,
    (width, height): (f32, f32),
    structure: &mut Structure,
) -> (Grid, usize) {
    let mut missing = 0;
    let mut printable = |text: &str| {
        let (text, lacking) = face.printable(text);
        missing += lacking;
        text
    };
    let columns = table.columns();
    let heads: Vec<_> = columns.iter().map(|column| printable(text::said(&column.heading, language))).collect();
    let mut shown = |cells: &[Cell]| -> Vec<String> {
        let cells = columns.iter().zip(cells);
        cells.map(|(column, cell)| printable(&text::shown(cell, column.kind, language))).collect()
    };
    let rows: Vec<_> = table.rows().iter().map(|row| shown(row)).collect();
    let totals = table.totals().map(&mut shown);
    let (size, widths) = fitted(face, columns, &heads, (&rows, totals.as_ref()), width);
    let style = Style::of(size);
    // A head and a block of a row fit on a page together.
    let lines_most = ((height / style.leading() - FREE_LINES) / 2.0).max(4.0) as usize;
    let layout = Layout { face, columns, size, widths, lines_most };

    let whole = structure.add(Role::Table, None);
    let head = layout.head(&heads, structure.add(Role::Rows(RowsOf::Heads), Some(whole)), structure);
    let mut blocks = Vec::with_capacity(rows.len());
    if !rows.is_empty() {
        let within = structure.add(Role::Rows(RowsOf::Cells), Some(whole));
        for row in &rows {
            blocks.extend(layout.row(row, (style, None), within, structure));
        }
    }
    let totals = totals.map(|totals| {
        let within = structure.add(Role::Rows(RowsOf::Totals), Some(whole));
        let mut parts = layout.row(&totals, (style.bold(), Some(Tone::TOTAL)), within, structure).into_iter();
        let mut first = parts.next().unwrap_or_default();
        let width = layout.width();
        first.rule((0.0, 0.0), (width, 0.0), THICK, Tone::BLACK);
        first
    });
    (Grid { head, rows: blocks, totals }, missing)
}

impl Layout<'_> {
    fn width(&self) -> f32 {
        self.widths.iter().sum()
    }

    fn padding(&self) -> f32 {
        self.size * PADDING
    }

    fn head(&self, heads: &[String], within: Node, structure: &mut Structure) -> Block {
        let row = structure.add(Role::Row, Some(within));
        let written = heads.iter().map(|text| {
            let node = structure.add(Role::Head { is_of_row: false }, Some(row));
            Written { text, side: Side::Middle, node }
        });
        let cells: Vec<_> = written.collect();
        let style = Style::of(self.size).bold();
        let mut blocks = self.blocks(&cells, (style, Some(Tone::HEAD)), self.lines_most).into_iter();
        let mut head = blocks.next().unwrap_or_default();
        head.rule((0.0, 0.0), (self.width(), 0.0), THICK, Tone::BLACK);
        head
    }

    fn row(
        &self,
        cells: &[String],
        look: (Style, Option<Tone>),
        within: Node,
        structure: &mut Structure,
    ) -> Vec<Block> {
        let row = structure.add(Role::Row, Some(within));
        let written = self.columns.iter().zip(cells).enumerate().map(|(at, (column, text))| {
            let is_head = at == 0 && column.kind != ColumnKind::Integer;
            let role = if is_head { Role::Head { is_of_row: true } } else { Role::Cell };
            Written { text, side: side(column.kind), node: structure.add(role, Some(row)) }
        });
        let cells: Vec<_> = written.collect();
        self.blocks(&cells, look, self.lines_most)
    }

    /// A row, in several blocks where it has more lines than one may have.
    fn blocks(&self, cells: &[Written<'_>], (style, ground): (Style, Option<Tone>), lines_most: usize) -> Vec<Block> {
        let padding = self.padding();
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(&self.widths)
            .map(|(cell, width)| match cell.side {
                // Numbers are never broken; they get smaller instead.
                Side::Right => vec![cell.text.to_owned()],
                Side::Left | Side::Middle => {
                    lines::broken(self.face, cell.text, self.size, width - 2.0 * padding + 0.01)
                }
            })
            .collect();
        let most = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < most {
            let lines = lines_most.min(most - first);
            let mut block = Block::space(lines as f32 * style.leading() + padding * 1.2);
            self.frame(&mut block, ground);
            let mut x = 0.0;
            for ((cell, wrapped), width) in cells.iter().zip(&wrapped).zip(&self.widths) {
                let part = wrapped.get(first..(first + lines).min(wrapped.len())).unwrap_or_default();
                self.write(&mut block, (cell, part), (x, *width), style);
                x += width;
            }
            blocks.push(block);
            first += lines;
        }
        blocks
    }

    /// Lines of a cell in the middle of its height.
    fn write(&self, block: &mut Block, (cell, lines): (&Written<'_>, &[String]), (x, width): (f32, f32), style: Style) {
        let padding = self.padding();
        let room = width - 2.0 * padding;
        let mut top = (block.height - lines.len() as f32 * style.leading()) / 2.0;
        for line in lines {
            let mut style = style;
            let mut wide = self.face.width(line.trim_end(), style.size);
            if wide > room + 0.02 {
                let smaller = (style.size * room / wide).max(1.0);
                top += (style.leading() - Style { size: smaller, ..style }.leading()) / 2.0;
                style.size = smaller;
                wide = room;
            }
            let left = match cell.side {
                Side::Left => padding,
                Side::Middle => (width - wide) / 2.0,
                Side::Right => width - padding - wide,
            };
            if !line.trim_end().is_empty() {
                block.marks.push(style.mark(line.clone(), (x + left, top), Some(cell.node)));
            }
            top += style.leading();
        }
    }

    /// The ground of a row and the rules around its cells.
    fn frame(&self, block: &mut Block, ground: Option<Tone>) {
        let (width, height) = (self.width(), block.height);
        if let Some(tone) = ground {
            block.area((0.0, 0.0), (width, height), tone);
        }
        block.rule((0.0, height), (width, 0.0), THIN, Tone::RULE);
        let mut x = 0.0;
        for width in std::iter::once(&0.0).chain(&self.widths) {
            x += width;
            block.rule((x, 0.0), (0.0, height), THIN, Tone::RULE);
        }
    }
}

/// Room at each side of a cell, in parts of the size of its text.
const PADDING: f32 = 0.45;

/// What a column needs at a size, with its room at the sides.
#[derive(Debug, Clone, Copy)]
struct Need {
    /// At least.
    least: f32,
    /// So that nothing is wrapped.
    whole: f32,
    is_words: bool,
}

/// Rows of texts, and totals.
type Texts<'t> = (&'t [Vec<String>], Option<&'t Vec<String>>);

/// The largest size at which a table fits into a width, and how wide its columns are then.
fn fitted(face: &Face, columns: &[Column], heads: &[String], texts: Texts<'_>, width: f32) -> (f32, Vec<f32>) {
    let needs: Vec<Need> =
        columns.iter().enumerate().map(|(at, column)| need(face, column, &heads[at], (texts, at))).collect();
    for size in SIZES {
        let least: f32 = needs.iter().map(|need| need.least * size).sum();
        if least <= width {
            return (size, spread(&needs, size, width));
        }
    }
    let size = SIZES[SIZES.len() - 1];
    let least: f32 = needs.iter().map(|need| need.least).sum();
    (size, needs.iter().map(|need| need.least * width / least).collect())
}

/// What a column needs, in parts of the size of its text.
fn need(face: &Face, column: &Column, head: &str, ((rows, totals), at): (Texts<'_>, usize)) -> Need {
    let is_words = column.kind == ColumnKind::Text;
    let cells = || rows.iter().chain(totals).map(|row| row[at].as_str());
    let whole = cells().map(|text| face.width(text, 1.0)).fold(0.0, f32::max);
    // A head may have three lines, none of which parts a word.
    let head_least = lines::widest_part(face, head, 1.0).max(face.width(head, 1.0) / 3.0 + 0.5).min(12.0);
    let least = match is_words {
        false => whole,
        true => {
            let widest = cells().map(|text| lines::widest_part(face, text, 1.0)).fold(0.0, f32::max);
            whole.min(widest.clamp(WORDS_NARROWEST, WORDS_WIDEST))
        }
    };
    let sides = 2.0 * PADDING + 0.02;
    Need { least: least.max(head_least) + sides, whole: whole.max(head_least) + sides, is_words }
}

/// Gives columns all of a width: words first as much as they need, numbers alike, the rest to all.
fn spread(needs: &[Need], size: f32, width: f32) -> Vec<f32> {
    let mut widths: Vec<f32> = needs.iter().map(|need| need.least * size).collect();
    let mut left = width - widths.iter().sum::<f32>();
    let lacking: f32 = needs.iter().map(|need| (need.whole - need.least) * size).sum();
    if lacking > 0.0 {
        let part = (left / lacking).min(1.0);
        for (width, need) in widths.iter_mut().zip(needs) {
            *width += (need.whole - need.least) * size * part;
        }
        left -= lacking * part;
    }
    let numbers = || needs.iter().filter(|need| !need.is_words);
    let widest = numbers().map(|need| need.least * size).fold(0.0, f32::max);
    let to_be_alike: f32 = numbers().map(|need| widest - need.least * size).sum();
    if to_be_alike <= left {
        for (width, need) in widths.iter_mut().zip(needs).filter(|(_, need)| !need.is_words) {
            *width += widest - need.least * size;
        }
        left -= to_be_alike;
    }
    let each = left.max(0.0) / widths.len().max(1) as f32;
    widths.iter().map(|width| width + each).collect()
}
