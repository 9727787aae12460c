//! How cells of a workbook look.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::{
    console::words::Language,
    renewal::documents::{Cell, ColumnKind},
};

/// Height of a row and width of a column where nothing else is said, as Excel has them for its Japanese font.
pub(super) const ROW_PIXELS: u32 = 25;
pub(super) const COLUMN_PIXELS: u32 = 72;

const FONT: &str = "游ゴシック";
const HEAD: Color = Color::RGB(0xDD_E6_EF);
const TOTAL: Color = Color::RGB(0xF1_F4_F7);
const LINE: Color = Color::RGB(0x8A_8F_98);

/// Formats of cells of a row or of totals.
pub(super) struct CellFormats {
    text: Format,
    integer: Format,
    yen: Format,
    tenths: Format,
    percent: Format,
    day: Format,
}

impl CellFormats {
    fn new(language: Language, base: &Format) -> Self {
        let number = |format: &str| base.clone().set_align(FormatAlign::Right).set_num_format(format);
        Self {
            text: base.clone().set_text_wrap(),
            integer: number("#,##0"),
            yen: number(language.choose("#,##0 \"円\"", "\"¥\"#,##0")),
            tenths: number("0.0%"),
            percent: number("0%"),
            day: number(language.choose("[$-411]ggge\"年\"m\"月\"d\"日\"", "d mmm yyyy")),
        }
    }

    /// The format of a cell of a column.
    pub(super) fn of(&self, cell: &Cell, kind: ColumnKind) -> &Format {
        match cell {
            Cell::Blank => match kind {
                ColumnKind::Yen => &self.yen,
                ColumnKind::Percent => &self.tenths,
                ColumnKind::Day => &self.day,
                ColumnKind::Integer | ColumnKind::Form => &self.integer,
                ColumnKind::Text | ColumnKind::FiscalYear => &self.text,
            },
            Cell::Text(_) | Cell::Year(_) => &self.text,
            Cell::Integer(_) => &self.integer,
            Cell::Yen(_) => &self.yen,
            // A form says 15%, and 33.3% where it is not whole.
            Cell::Percent(share) if kind == ColumnKind::Form && share.per_mille() % 10 == 0 => &self.percent,
            Cell::Percent(_) => &self.tenths,
            Cell::Day(_) => &self.day,
        }
    }
}

/// All formats of a workbook.
pub(super) struct Formats {
    /// What nothing else is said of.
    pub(super) plain: Format,
    /// The title.
    pub(super) title: Format,
    /// Text in lines.
    pub(super) note: Format,
    /// Headings above text.
    pub(super) heading: Format,
    /// Heads of columns.
    pub(super) head: Format,
    /// Cells of rows.
    pub(super) row: CellFormats,
    /// Cells of totals.
    pub(super) totals: CellFormats,
}

impl Formats {
    pub(super) fn new(language: Language) -> Self {
        let plain = Format::new().set_font_name(FONT).set_font_size(11);
        let framed = plain.clone().set_border(FormatBorder::Thin).set_border_color(LINE);
        let framed = framed.set_align(FormatAlign::VerticalCenter);
        let totals = framed.clone().set_bold().set_background_color(TOTAL).set_border_top(FormatBorder::Medium);
        Self {
            title: plain.clone().set_bold().set_font_size(14),
            note: plain.clone().set_font_size(10).set_text_wrap().set_align(FormatAlign::Top),
            heading: plain.clone().set_bold(),
            head: framed.clone().set_bold().set_background_color(HEAD).set_text_wrap().set_align(FormatAlign::Center),
            row: CellFormats::new(language, &framed),
            totals: CellFormats::new(language, &totals),
            plain,
        }
    }
}
