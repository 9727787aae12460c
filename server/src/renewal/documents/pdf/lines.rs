//! Texts → lines of a width. Japanese is broken between any two characters but before 、。」 and behind 「 (行頭・行末禁則);
//! Latin words and numbers stay whole unless one alone is too wide.

use super::face::Face;

/// Must not begin a line.
const NOT_FIRST: &str =
    "、。，．・：；？！」』）】〕］｝〉》〟ー々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ%％‰°℃)]},.:;?!";
/// Must not be parted from a number before them.
const UNITS: &str = "円年月日台校人件";
/// Must not end a line.
const NOT_LAST: &str = "「『（【〔［｛〈《〝([{¥￥$";

/// Whether a character is part of a word that stays whole.
fn is_of_a_word(c: char) -> bool {
    c.is_ascii_graphic() || ('\u{a1}'..='\u{24f}').contains(&c)
}

/// Parts of a text that are never broken, unless one alone is too wide.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut before) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        let joins = match before {
            None => true,
            Some(before) => {
                let is_word = is_of_a_word(before) && is_of_a_word(c);
                let ends = before == '-' || before == '/';
                let is_unit = before.is_ascii_digit() && UNITS.contains(c) || before == '年' && c == '度';
                (is_word && !ends) || is_unit || NOT_FIRST.contains(c) || NOT_LAST.contains(before)
            }
        };
        if !joins || c == ' ' {
            parts.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    parts.push(&text[start..]);
    parts
}

/// Breaks a printable text into lines at most so wide, one at least. A blank at which it is broken stays at the end of its
/// line, beyond the width, so that who copies the text has it.
pub(super) fn broken(face: &Face, text: &str, size: f32, width: f32) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    for part in parts(text) {
        let whole = face.width(part, size);
        if used + whole <= width {
            line.push_str(part);
            used += whole;
            continue;
        }
        let bare = part.trim_start_matches(' ');
        if !line.is_empty() {
            line.push_str(&part[..part.len() - bare.len()]);
            lines.push(std::mem::take(&mut line));
        }
        used = 0.0;
        for c in bare.chars() {
            let one = face.advance(c) * size;
            if used + one > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(c);
            used += one;
        }
    }
    lines.push(line);
    lines
}

/// How wide the widest part of a text is that stays whole.
pub(super) fn widest_part(face: &Face, text: &str, size: f32) -> f32 {
    parts(text).into_iter().map(|part| face.width(part.trim_start_matches(' '), size)).fold(0.0, f32::max)
}
