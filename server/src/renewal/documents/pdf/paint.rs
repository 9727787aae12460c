//! Marks → PDF.

use krilla::{
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    num::NormalizedF32,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, SpanTag},
};

use super::{
    face::Face,
    marks::{Mark, Node, Shape, Tone},
    structure::Structure,
};

/// How much heavier bold text is, in parts of its size: the font has one weight.
const BOLD: f32 = 0.028;

fn colour(tone: Tone) -> rgb::Color {
    rgb::Color::new(tone.0, tone.1, tone.2)
}

fn fill(tone: Tone) -> Fill {
    Fill { paint: colour(tone).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn stroke(tone: Tone, width: f32) -> Stroke {
    Stroke { paint: colour(tone).into(), width, ..Stroke::default() }
}

/// Draws the content of a page. Marks of one part of the structure that follow each other are one piece of it.
pub(super) fn content(surface: &mut Surface<'_>, marks: &[Mark], face: &Face, structure: &mut Structure) {
    for marks in marks.chunk_by(|one, next| one.node == next.node) {
        begin(surface, marks[0].node, structure);
        for mark in marks {
            draw(surface, mark, face);
        }
        surface.end_tagged();
    }
}

/// Draws what stands on each page beside its content; it is no part of the structure.
pub(super) fn furniture(surface: &mut Surface<'_>, marks: &[Mark], face: &Face, kind: ArtifactType) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
    for mark in marks {
        draw(surface, mark, face);
    }
    surface.end_tagged();
}

fn begin(surface: &mut Surface<'_>, node: Option<Node>, structure: &mut Structure) {
    match node {
        Some(node) => {
            let leaf = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            structure.drawn(node, leaf);
        }
        None => {
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
        }
    }
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, face: &Face) {
    let Mark { x, y, shape, tone, node: _ } = mark;
    let mut path = PathBuilder::new();
    match shape {
        Shape::Text { text, size, is_bold } => {
            surface.set_fill(Some(fill(*tone)));
            surface.set_stroke(is_bold.then(|| stroke(*tone, size * BOLD)));
            let glyphs = face.glyphs(text);
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, face.font.clone(), text, *size, false);
            return;
        }
        Shape::Area { width, height } => {
            surface.set_fill(Some(fill(*tone)));
            surface.set_stroke(None);
            if let Some(area) = Rect::from_xywh(*x, *y, *width, *height) {
                path.push_rect(area);
            }
        }
        Shape::Rule { right, down, thickness } => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(*tone, *thickness)));
            path.move_to(*x, *y);
            path.line_to(x + right, y + down);
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}
