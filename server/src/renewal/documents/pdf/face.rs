//! The font of reports: which glyph a character has, and how wide it is.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{
    FontRef, MetadataProvider as _,
    charmap::Charmap,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};
use unicode_normalization::char::compose;

/// See `server/data/fonts/README.md`.
const DATA: &[u8] = include_bytes!("../../../../data/fonts/NotoSansCJKjp-Regular.subset.otf");

/// What stands for a character that the font lacks.
const MISSING: char = '〓';

/// The font, read once for each document.
pub(super) struct Face {
    pub(super) font: Font,
    glyphs: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

impl Face {
    pub(super) fn new() -> Self {
        let data = FontRef::new(DATA).expect("a test reads the font that is shipped");
        let font = Font::new(DATA.into(), 0).expect("a test reads the font that is shipped");
        Self {
            units: font.units_per_em(),
            font,
            glyphs: data.charmap(),
            metrics: data.glyph_metrics(Size::unscaled(), LocationRef::default()),
        }
    }

    /// A text as it can be printed: kana with their marks in one, variants of characters as the character, controls as
    /// blanks, and 〓 for what the font lacks. Also how many of those there are.
    pub(super) fn printable(&self, text: &str) -> (String, usize) {
        let (mut folded, mut missing) = (String::with_capacity(text.len()), 0);
        for c in text.chars() {
            if let Some(composed) = folded.chars().next_back().and_then(|before| compose(before, c)) {
                folded.pop();
                folded.push(composed);
                continue;
            }
            match c {
                '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
                c if c.is_control() || c.is_whitespace() && c != '\u{3000}' => folded.push(' '),
                c if self.glyphs.map(c).is_some() => folded.push(c),
                _ => {
                    missing += 1;
                    folded.push(MISSING);
                }
            }
        }
        (folded, missing)
    }

    /// How wide a character is, in parts of the size.
    pub(super) fn advance(&self, c: char) -> f32 {
        let glyph = self.glyphs.map(c);
        glyph.and_then(|glyph| self.metrics.advance_width(glyph)).unwrap_or(self.units) / self.units
    }

    /// How wide a text is at a size, in points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }

    /// The glyphs of a printable text, one for each character.
    pub(super) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let id = self.glyphs.map(c).or_else(|| self.glyphs.map(MISSING)).unwrap_or_default();
            let range = at..at + c.len_utf8();
            KrillaGlyph::new(GlyphId::new(id.to_u32()), self.advance(c), 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }
}
