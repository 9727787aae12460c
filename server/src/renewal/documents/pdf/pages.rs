//! Pages are filled with blocks from the top: what belongs together stays together, heads of tables are repeated, and totals
//! and last rows are never alone on a page.

use super::{
    grid::Grid,
    marks::{Block, Mark},
};
use crate::renewal::documents::Orientation;

/// A4 in points.
const SHORT: f32 = 595.28;
const LONG: f32 = 841.89;
/// Room around what is printed: at the sides, where a punch leaves holes, above and below.
const SIDE: f32 = 51.0;
const ABOVE: f32 = 51.0;
const BELOW: f32 = 54.0;
/// How much of a page a table takes at most that stays on one page.
const SHORT_TABLE: f32 = 0.5;

/// The size of pages and where on them things stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Frame {
    pub(super) fn of(orientation: Orientation) -> Self {
        match orientation {
            Orientation::Portrait => Self { width: SHORT, height: LONG },
            Orientation::Landscape => Self { width: LONG, height: SHORT },
        }
    }

    /// Where lines begin.
    pub(super) fn left(self) -> f32 {
        SIDE
    }

    /// Where they end.
    pub(super) fn right(self) -> f32 {
        self.width - SIDE
    }

    /// How long they are.
    pub(super) fn room(self) -> f32 {
        self.width - 2.0 * SIDE
    }

    /// How high the content of a page can be.
    pub(super) fn depth(self) -> f32 {
        self.height - ABOVE - BELOW
    }

    /// The base of what stands above and below the content of each page.
    pub(super) fn furniture(self) -> (f32, f32) {
        (ABOVE - 24.0, self.height - BELOW + 14.0)
    }
}

/// A heading, and where it landed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Landmark {
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// Pages while they are filled.
pub(super) struct Pages {
    frame: Frame,
    pages: Vec<Vec<Mark>>,
    used: f32,
    /// Waits for what it must stay with.
    waiting: Vec<(Block, Option<String>)>,
    landmarks: Vec<Landmark>,
}

impl Pages {
    pub(super) fn new(frame: Frame) -> Self {
        Self { frame, pages: vec![Vec::new()], used: 0.0, waiting: Vec::new(), landmarks: Vec::new() }
    }

    /// A block that stays with the next one; a heading with its text.
    pub(super) fn keep(&mut self, block: Block, heading: Option<String>) {
        self.waiting.push((block, heading));
    }

    /// A block behind those before it, on the next page where this one is full.
    pub(super) fn put(&mut self, block: Block) {
        self.make_room(block.height);
        self.draw(block);
    }

    /// A table.
    pub(super) fn put_table(&mut self, grid: Grid) {
        let Grid { head, rows, totals } = grid;
        let end = totals.as_ref().map_or(0.0, |totals| totals.height);
        let whole = head.height + rows.iter().map(|row| row.height).sum::<f32>() + end;
        let begins: f32 = head.height + rows.iter().take(2).map(|row| row.height).sum::<f32>();
        // A short table is not torn apart.
        let is_short = rows.len() <= 2 || whole <= self.frame.depth() * SHORT_TABLE;
        self.make_room(if is_short { whole } else { begins });
        let again = head.repeated();
        self.draw(head);
        let count = rows.len();
        let heights: Vec<f32> = rows.iter().map(|row| row.height).collect();
        for (at, row) in rows.into_iter().enumerate() {
            // The last two rows and the totals stay together.
            let behind: f32 = if at + 2 == count { heights[at + 1] } else { 0.0 };
            let needed = row.height + behind + if at + 2 >= count { end } else { 0.0 };
            self.make_room_below(needed, &again);
            self.draw(row);
        }
        if let Some(totals) = totals {
            self.make_room_below(totals.height, &again);
            self.draw(totals);
        }
    }

    /// The pages, and where headings landed.
    pub(super) fn finish(mut self) -> (Vec<Vec<Mark>>, Vec<Landmark>) {
        self.make_room(0.0);
        (self.pages, self.landmarks)
    }

    fn is_left(&self, height: f32) -> bool {
        self.used + height <= self.frame.depth() + 0.01
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.used = 0.0;
    }

    /// Turns the page if what waits and a height do not fit, and draws what waits.
    fn make_room(&mut self, height: f32) {
        let waiting: f32 = self.waiting.iter().map(|(block, _)| block.height).sum();
        if !self.is_left(waiting + height) && self.used > 0.0 {
            self.turn();
        }
        let fits = self.is_left(waiting + height);
        for (block, heading) in std::mem::take(&mut self.waiting) {
            // More than a page of it can not stay together.
            if !fits && !self.is_left(block.height) {
                self.turn();
            }
            if let Some(text) = heading {
                self.landmarks.push(Landmark { text, page: self.pages.len() - 1, y: ABOVE + self.used });
            }
            self.draw(block);
        }
        if !fits && !self.is_left(height) {
            self.turn();
        }
    }

    /// Turns the page if a height does not fit, and repeats a head there.
    fn make_room_below(&mut self, height: f32, head: &Block) {
        if !self.is_left(height) && self.used > head.height {
            self.turn();
            self.draw(head.clone());
        }
    }

    fn draw(&mut self, block: Block) {
        // Room at the top of a page is no use.
        if block.marks.is_empty() && self.used == 0.0 {
            return;
        }
        let (right, down) = (self.frame.left(), ABOVE + self.used);
        let moved = |mark: Mark| Mark { x: mark.x + right, y: mark.y + down, ..mark };
        let page = self.pages.last_mut().expect("there is always a page");
        page.extend(block.marks.into_iter().map(moved));
        self.used += block.height;
    }
}
