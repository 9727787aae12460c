//! What is drawn, before it is drawn: marks in points from the upper left corner, in blocks that pages are filled with.

/// How dark something is, or which colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tone(pub(super) u8, pub(super) u8, pub(super) u8);

impl Tone {
    pub(super) const BLACK: Self = Self(0x14, 0x17, 0x1c);
    pub(super) const QUIET: Self = Self(0x55, 0x5b, 0x66);
    pub(super) const RULE: Self = Self(0x9a, 0xa1, 0xad);
    pub(super) const FAINT: Self = Self(0xd3, 0xd7, 0xde);
    pub(super) const HEAD: Self = Self(0xe4, 0xea, 0xf1);
    pub(super) const TOTAL: Self = Self(0xf2, 0xf4, 0xf7);
    pub(super) const WHITE: Self = Self(0xff, 0xff, 0xff);
}

/// Which part of the document's structure something belongs to; see [`super::structure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node(pub(super) usize);

/// What a mark draws.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Printable text that begins on the left of its base line.
    Text {
        /// What.
        text: String,
        /// Its size.
        size: f32,
        /// Whether it is heavier than usual.
        is_bold: bool,
    },
    /// A filled rectangle of a width and a height.
    Area {
        /// Its width.
        width: f32,
        /// Its height.
        height: f32,
    },
    /// A line to a place that far away.
    Rule {
        /// To the right.
        right: f32,
        /// Down.
        down: f32,
        /// How thick.
        thickness: f32,
    },
}

/// Something that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// From the left.
    pub(super) x: f32,
    /// From the top.
    pub(super) y: f32,
    /// What.
    pub(super) shape: Shape,
    /// How.
    pub(super) tone: Tone,
    /// As part of what; ornaments are of nothing.
    pub(super) node: Option<Node>,
}

/// Marks that stay together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    /// How high it is.
    pub(super) height: f32,
    /// From its own upper left corner.
    pub(super) marks: Vec<Mark>,
}

impl Block {
    /// Room with nothing in it.
    pub(super) fn space(height: f32) -> Self {
        Self { height, marks: Vec::new() }
    }

    pub(super) fn area(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), tone: Tone) {
        self.marks.push(Mark { x, y, shape: Shape::Area { width, height }, tone, node: None });
    }

    pub(super) fn rule(&mut self, (x, y): (f32, f32), (right, down): (f32, f32), thickness: f32, tone: Tone) {
        self.marks.push(Mark { x, y, shape: Shape::Rule { right, down, thickness }, tone, node: None });
    }

    /// The same without its place in the structure, for what is repeated on another page.
    pub(super) fn repeated(&self) -> Self {
        let marks = self.marks.iter().map(|mark| Mark { node: None, ..mark.clone() }).collect();
        Self { height: self.height, marks }
    }
}

/// A style of text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// In points.
    pub(super) size: f32,
    /// Whether it is heavier than usual.
    pub(super) is_bold: bool,
    /// Its colour.
    pub(super) tone: Tone,
}

impl Style {
    /// Black text of a size.
    pub(super) const fn of(size: f32) -> Self {
        Self { size, is_bold: false, tone: Tone::BLACK }
    }

    /// The same, heavier.
    pub(super) const fn bold(self) -> Self {
        Self { is_bold: true, ..self }
    }

    /// The same, less dark.
    pub(super) const fn quiet(self) -> Self {
        Self { tone: Tone::QUIET, ..self }
    }

    /// From one base line to the next.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.4
    }

    /// From the top of a line to its base line.
    pub(super) fn ascent(self) -> f32 {
        self.size * 1.08
    }

    /// A mark of text at the upper left corner of its line.
    pub(super) fn mark(self, text: String, (x, top): (f32, f32), node: Option<Node>) -> Mark {
        let shape = Shape::Text { text, size: self.size, is_bold: self.is_bold };
        Mark { x, y: top + self.ascent(), shape, tone: self.tone, node }
    }
}
