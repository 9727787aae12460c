//! Excerpts of a text around the words that were looked for.

use std::ops::Range;

use super::{TextQuery, fold::Folded};

/// Characters shown on both sides of a word.
const AROUND: usize = 30;

/// A piece of a text as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The piece.
    pub text: String,
    /// Where it begins, in bytes of the whole text; what stands before it was left out if this is not 0.
    pub start: usize,
    /// Whether something behind it was left out.
    pub is_cut: bool,
    /// The words in it, in bytes of the piece, in order and apart.
    pub marked: Vec<Range<usize>>,
}

/// The first place of each word with what stands around it, in the order of the text; pieces that touch are one. Every word
/// that stands in a piece is marked. None where no word stands in the text.
pub fn excerpts(body: &str, query: &TextQuery) -> Vec<Excerpt> {
    let folded = Folded::new(body, usize::MAX);
    let places = |word: &String| {
        let length = word.len();
        folded.text.match_indices(word.as_str()).map(move |(at, _)| (at, at + length)).collect::<Vec<_>>()
    };
    let found: Vec<Vec<Range<usize>>> = query
        .words()
        .iter()
        .map(|word| places(word).into_iter().map(|(from, to)| folded.written(from, to)).collect())
        .collect();
    let around = found.iter().filter_map(|places| places.first()).map(|place| widened(body, place)).collect();
    let all = joined(found.iter().flatten().cloned().collect());
    joined(around)
        .into_iter()
        .map(|piece| Excerpt {
            text: body[piece.clone()].to_owned(),
            start: piece.start,
            is_cut: piece.end < body.len(),
            marked: all
                .iter()
                .filter(|place| piece.start <= place.start && place.end <= piece.end)
                .map(|place| place.start - piece.start..place.end - piece.start)
                .collect(),
        })
        .collect()
}

fn widened(body: &str, place: &Range<usize>) -> Range<usize> {
    let start = body[..place.start].char_indices().rev().take(AROUND).last().map_or(place.start, |(at, _)| at);
    let behind = &body[place.end..];
    let end = behind.char_indices().nth(AROUND).map_or(body.len(), |(at, _)| place.end + at);
    start..end
}

/// Ranges in order; those that overlap or touch as one.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str, query: &str) -> Vec<String> {
        let query = TextQuery::parse("query", query).unwrap();
        let shown = |excerpt: Excerpt| {
            let mut text = excerpt.text;
            assert_eq!(&body[excerpt.start..excerpt.start + text.len()], text);
            assert_eq!(excerpt.is_cut, excerpt.start + text.len() < body.len());
            for place in excerpt.marked.iter().rev() {
                text.insert(place.end, ']');
                text.insert(place.start, '[');
            }
            text
        };
        excerpts(body, &query).into_iter().map(shown).collect()
    }

    #[test]
    fn words_are_marked_as_they_were_written() {
        assert_eq!(shown("教室のﾈｯﾄﾜｰｸが切れる", "ネットワーク"), ["教室の[ﾈｯﾄﾜｰｸ]が切れる"]);
        assert_eq!(shown("ﾊﾟｿｺﾝとパソコン", "ぱそこん"), ["[ﾊﾟｿｺﾝ]と[パソコン]"]);
        // Half of ㍿ can not be marked.
        assert_eq!(shown("㍿緑野", "式会"), ["[㍿]緑野"]);
        assert_eq!(shown("AA\r\n\r\nB c", "b aa"), ["[AA]\r\n\r\n[B] c"]);
        assert_eq!(shown("画面割れ", "電池"), Vec::<String>::new());
    }

    #[test]
    fn thirty_characters_stand_on_both_sides() {
        let far = "あ".repeat(31);
        let (kept, body) = ("あ".repeat(30), format!("{far}電池{far}"));
        assert_eq!(shown(&body, "電池"), [format!("{kept}[電池]{kept}")]);
        let body = format!("電池{far}{far}画面");
        assert_eq!(shown(&body, "画面 電池"), [format!("[電池]{kept}"), format!("{kept}[画面]")]);
        let body = format!("電池{kept}{kept}画面");
        assert_eq!(shown(&body, "画面 電池"), [format!("[電池]{kept}{kept}[画面]")], "pieces that touch are one");
    }

    #[test]
    fn words_that_overlap_are_one_mark() {
        assert_eq!(shown("無線接続機器", "無線接続 接続機器"), ["[無線接続機器]"]);
    }
}
