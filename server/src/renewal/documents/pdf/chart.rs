//! Stacked bars → a block. Parts differ in lightness and pattern too, so that a copy without colours can be read; the table
//! beside them has the numbers.

use super::{
    face::Face,
    lines,
    marks::{Block, Mark, Node, Shape, Style, Tone},
};
use crate::{
    console::words::Language,
    error::Both,
    renewal::documents::{Chart, text, words},
};

/// How parts look: their tone, and whether they are hatched.
const LOOKS: [(Tone, bool); 6] = [
    (Tone(0x1f, 0x3f, 0x66), false),
    (Tone(0x5c, 0x8f, 0xc7), true),
    (Tone(0xb9, 0xd3, 0xec), false),
    (Tone(0x6f, 0x76, 0x80), false),
    (Tone(0xe0, 0x93, 0x3a), false),
    (Tone(0xf6, 0xdd, 0xbb), true),
];
const SMALL: Style = Style::of(7.0);
const PLOT: f32 = 98.0;
const AXIS: f32 = 46.0;
/// Narrowest room for the name of a bar.
const NAME_NARROWEST: f32 = 26.0;
/// From one line of a hatching to the next.
const HATCHING: f32 = 3.6;

/// Yen that one of a unit are.
struct Unit {
    name: Both,
    yen: i64,
}

fn unit(most: i64) -> Unit {
    match most {
        100_000_000.. => Unit { name: words::unit_million(), yen: 1_000_000 },
        100_000.. => Unit { name: words::unit_thousand(), yen: 1_000 },
        _ => Unit { name: words::unit_yen(), yen: 1 },
    }
}

/// The first of 1, 2, 5, 10, 20 and so on at which at most five steps reach an amount.
fn step(most: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        if let Some(step) =
            [1, 2, 5].map(|times| power.saturating_mul(times)).into_iter().find(|step| step.saturating_mul(5) >= most)
        {
            return step;
        }
        power = power.saturating_mul(10);
    }
}

/// A chart while it is drawn.
struct Plot<'p> {
    face: &'p Face,
    language: Language,
    chart: &'p Chart,
    node: Node,
    block: Block,
    width: f32,
    unit: Unit,
    /// The amount at the top.
    top: i64,
}

/// Draws a chart as wide as there is room.
pub(super) fn draw((face, language): (&Face, Language), chart: &Chart, width: f32, node: Node) -> Block {
    let total = |bar: usize| chart.series.iter().map(|series| series.amounts[bar].to_number().max(0)).sum::<i64>();
    let most = (0..chart.bars.len()).map(total).max().unwrap_or(0).max(1);
    let step = step(most);
    // The sum above the highest bar has room below the top.
    let top = step * ((most + step / 5) / step + 1);
    let mut plot = Plot { face, language, chart, node, block: Block::default(), width, unit: unit(most), top };
    let head = SMALL.leading() + 6.0;
    plot.text(text::said(&plot.unit.name.clone(), language), (0.0, 0.0), SMALL.quiet());
    plot.axis(head + 4.0, step);
    let below = plot.bars(head + 4.0);
    let height = plot.legend(below + 5.0);
    plot.block.height = height + 4.0;
    plot.block
}

impl Plot<'_> {
    fn text(&mut self, text: &str, at: (f32, f32), style: Style) {
        let (text, _missing) = self.face.printable(text);
        self.block.marks.push(style.mark(text, at, Some(self.node)));
    }

    /// A part of the chart that is no text, as part of the figure too.
    fn shape(&mut self, (x, y): (f32, f32), shape: Shape, tone: Tone) {
        self.block.marks.push(Mark { x, y, shape, tone, node: Some(self.node) });
    }

    fn height_of(&self, amount: i64) -> f32 {
        (amount as f64 / self.top as f64) as f32 * PLOT
    }

    fn axis(&mut self, top: f32, step: i64) {
        let mut amount = 0;
        while amount <= self.top {
            let y = top + PLOT - self.height_of(amount);
            let (thickness, tone) = if amount == 0 { (0.8, Tone::BLACK) } else { (0.4, Tone::FAINT) };
            let right = self.width - AXIS;
            self.shape((AXIS, y), Shape::Rule { right, down: 0.0, thickness }, tone);
            let label = self.in_units(amount);
            let x = AXIS - 4.0 - self.face.width(&label, SMALL.size);
            self.text(&label, (x, y - SMALL.leading() / 2.0), SMALL.quiet());
            amount += step;
        }
    }

    /// An amount in the chart's unit, rounded to the nearest.
    fn in_units(&self, amount: i64) -> String {
        let units = (amount + self.unit.yen / 2).div_euclid(self.unit.yen);
        crate::console::format::number(units)
    }

    /// All bars with their sums above and their names below; how far down they reach.
    fn bars(&mut self, top: f32) -> f32 {
        let count = self.chart.bars.len();
        let slot = (self.width - AXIS) / count.max(1) as f32;
        let wide = (slot * 0.62).min(46.0);
        let mut below: f32 = top + PLOT + SMALL.leading();
        for bar in 0..count {
            let left = AXIS + slot * bar as f32;
            let sum = self.bar(bar, (left + (slot - wide) / 2.0, top + PLOT), wide);
            let label = self.in_units(sum);
            let label_width = self.face.width(&label, SMALL.size);
            if label_width <= slot {
                let y = top + PLOT - self.height_of(sum) - SMALL.leading();
                let x = left + (slot - label_width) / 2.0;
                let ground = Shape::Area { width: label_width + 2.0, height: SMALL.size };
                self.shape((x - 1.0, y + 1.0), ground, Tone::WHITE);
                self.text(&label, (x, y), SMALL);
            }
            // Where bars are many, not every one can be named.
            let every = (NAME_NARROWEST / slot).ceil().max(1.0);
            if bar.is_multiple_of(every as usize) && left + slot * every <= self.width + 0.1 {
                below = below.max(self.name(bar, (left, top + PLOT + 2.0), slot * every));
            }
        }
        below
    }

    /// The parts of a bar from its foot upwards; their sum.
    fn bar(&mut self, bar: usize, (x, foot): (f32, f32), width: f32) -> i64 {
        let mut sum = 0_i64;
        for series in &self.chart.series {
            let amount = series.amounts[bar].to_number().max(0);
            if amount == 0 {
                continue;
            }
            let (y, height) = (foot - self.height_of(sum + amount), self.height_of(amount));
            self.part((x, y), (width, height), series.look);
            sum += amount;
        }
        sum
    }

    fn part(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), look: usize) {
        let (tone, is_hatched) = LOOKS[look % LOOKS.len()];
        self.shape((x, y), Shape::Area { width, height }, tone);
        if is_hatched {
            self.hatch((x, y), (width, height));
        }
        // A fine line parts what lies on each other.
        self.shape((x, y), Shape::Rule { right: width, down: 0.0, thickness: 0.5 }, Tone::WHITE);
    }

    /// White lines from the lower left to the upper right, within an area.
    fn hatch(&mut self, (x, y): (f32, f32), (width, height): (f32, f32)) {
        let mut along = HATCHING / 2.0;
        while along < width + height {
            // The line on which right + down is `along`, from its left end to its right end.
            let (left, right) = ((along - height).max(0.0), along.min(width));
            let (down, up) = (along - left, along - right);
            let shape = Shape::Rule { right: right - left, down: up - down, thickness: 0.7 };
            self.shape((x + left, y + down), shape, Tone::WHITE);
            along += HATCHING;
        }
    }

    /// What a bar is, below it in up to three lines; how far down they reach.
    fn name(&mut self, bar: usize, (left, top): (f32, f32), slot: f32) -> f32 {
        let (name, _missing) = self.face.printable(text::said(&self.chart.bars[bar], self.language));
        let mut y = top;
        for line in lines::broken(self.face, &name, SMALL.size, slot - 3.0).into_iter().take(3) {
            let wide = self.face.width(line.trim_end(), SMALL.size);
            self.text(&line, (left + (slot - wide) / 2.0, y), SMALL);
            y += SMALL.leading();
        }
        y
    }

    /// What each part is; how far down that reaches.
    fn legend(&mut self, top: f32) -> f32 {
        let (mut x, mut y) = (AXIS, top);
        for series in &self.chart.series {
            let (name, _missing) = self.face.printable(text::said(&series.name, self.language));
            let mut lines = lines::broken(self.face, &name, SMALL.size, self.width - AXIS - 25.0);
            let name = lines.swap_remove(0);
            let wide = 13.0 + self.face.width(&name, SMALL.size) + 12.0;
            if x + wide > self.width && x > AXIS {
                (x, y) = (AXIS, y + SMALL.leading() + 2.0);
            }
            self.part((x, y + 2.0), (10.0, 7.0), series.look);
            self.text(&name, (x + 13.0, y), SMALL);
            x += wide;
        }
        y + SMALL.leading()
    }
}
