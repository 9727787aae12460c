//! Folding of texts, and where each piece of the folded text came from.
//!
//! A text is folded in clusters: a character with the marks that belong to it. So a folded text is the folded clusters in a
//! row, whatever stands around them, and each place in it leads back to one in the text as written.

use unicode_normalization::{UnicodeNormalization as _, char::canonical_combining_class};

use super::{PART_BYTES_MOST, SearchText};

/// A text as it is compared: NFKC (so half-width kana and full-width letters are as any other), katakana as hiragana, lower
/// case, white space and control characters as one space between and none around. Long vowel marks and small kana stay.
pub fn fold(text: &str) -> String {
    Folded::new(text, usize::MAX).text
}

/// As much of a part of a ticket as can be searched.
pub(super) fn folded_part(text: &str) -> SearchText {
    let mut body: String = text.chars().filter(|c| *c != '\0').collect();
    let folded = Folded::new(&body, PART_BYTES_MOST);
    body.truncate(folded.read);
    SearchText { body, folded: folded.text }
}

/// A folded text with the way back.
pub(super) struct Folded {
    pub(super) text: String,
    /// For each cluster that left something: where it begins in the folded text, and where it begins and ends as written.
    clusters: Vec<(usize, usize, usize)>,
    /// Bytes of the written text that were read.
    read: usize,
}

impl Folded {
    /// Folds whole clusters as long as neither side gets more than so many bytes.
    pub(super) fn new(written: &str, most: usize) -> Self {
        let mut folded = Self { text: String::with_capacity(written.len().min(most)), clusters: Vec::new(), read: 0 };
        let mut space = None;
        while folded.read < written.len() {
            let from = folded.read;
            let cluster = first_cluster(&written[from..]);
            let to = from + cluster.len();
            let before = folded.text.len();
            for c in cluster.nfkc().flat_map(char::to_lowercase).map(to_hiragana) {
                if c.is_whitespace() || c.is_control() {
                    space = Some((from, to)).filter(|_| !folded.text.is_empty());
                    continue;
                }
                if let Some((from, to)) = space.take() {
                    folded.clusters.push((folded.text.len(), from, to));
                    folded.text.push(' ');
                }
                if folded.clusters.last().is_none_or(|(_, last, _)| *last != from) {
                    folded.clusters.push((folded.text.len(), from, to));
                }
                folded.text.push(c);
            }
            if to > most || folded.text.len() > most {
                folded.text.truncate(before);
                folded.clusters.retain(|(start, _, _)| *start < before);
                return folded;
            }
            folded.read = to;
        }
        folded
    }

    /// Where a piece of the folded text came from, in bytes of the text as written: whole clusters.
    pub(super) fn written(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let cluster = |at: usize| self.clusters[self.clusters.partition_point(|(start, _, _)| *start <= at) - 1];
        cluster(from).1..cluster(to - 1).2
    }
}

/// A character and the marks behind it that NFKC may join to it: combining ones, half-width 濁点 and 半濁点, and Hangul.
fn first_cluster(text: &str) -> &str {
    let joins = |c: char| {
        matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}')
            || (c >= '\u{300}' && canonical_combining_class(c) != 0)
    };
    let end = text.char_indices().skip(1).find(|(_, c)| !joins(*c)).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// ァ…ヶ as ぁ…ゖ, and the two marks of repetition.
fn to_hiragana(c: char) -> char {
    match c {
        'ァ'..='ヶ' | 'ヽ' | 'ヾ' => {
            char::from_u32(u32::from(c) - 0x60).expect("hiragana lie 0x60 before katakana")
        }
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn widths_kana_and_case_are_one() {
        for (written, folded) in [
            ("ﾈｯﾄﾜｰｸ", "ねっとわーく"),
            ("ネットワーク", "ねっとわーく"),
            ("ﾊﾟｿｺﾝ ｶﾞ", "ぱそこん が"),
            ("ハ\u{309a}ソコン", "ぱそこん"),
            ("ヴヵヶヽヾ", "ゔゕゖゝゞ"),
            ("Ｗｉ－Ｆｉ", "wi-fi"),
            ("ABC１２３", "abc123"),
            ("㍿　　と\r\n\t㌔", "株式会社 と きろ"),
            (" 端末\u{3000}", "端末"),
            ("ー〜々", "ー〜々"),
            ("\0\u{1b}", ""),
            ("ﾞx", "\u{3099}x"),
        ] {
            assert_eq!(fold(written), folded, "{written}");
        }
        assert_ne!(fold("かき"), fold("がき"));
        assert_ne!(fold("ビル"), fold("ビール"));
    }

    #[test]
    fn part_ends_with_a_whole_cluster_within_both_limits() {
        let part = folded_part(&"端".repeat(30_000));
        assert_eq!((part.body.len(), part.folded.len()), (65_535, 65_535));
        // Three bytes as written, twelve folded.
        let part = folded_part(&"㍿".repeat(30_000));
        assert_eq!((part.body.len() / 3, part.folded.len()), (5_461, 65_532));
        let part = folded_part(&" \0".repeat(1_000_000));
        assert_eq!((part.body.len(), part.folded.as_str()), (65_536, ""));
        let part = folded_part(&format!("{}ｶﾞ終", "x".repeat(65_533)));
        assert!(part.folded.ends_with('x') && part.body.ends_with('x'), "が as written is six bytes and stays whole");
    }

    proptest! {
        #[test]
        fn every_place_leads_back_to_what_folds_to_it(written in "[ｱ-ﾟァ-ヶあ-ん端末㍿Ａ-ｚ a-zé\u{301}\u{3099}\r\n　]{0,40}") {
            let folded = Folded::new(&written, usize::MAX);
            prop_assert_eq!(folded.read, written.len());
            let ends: Vec<_> = folded.text.char_indices().map(|(at, c)| (at, at + c.len_utf8())).collect();
            for (from, to) in ends {
                let piece = fold(&written[folded.written(from, to)]);
                let wanted = &folded.text[from..to];
                prop_assert!(wanted == " " || piece.contains(wanted), "{:?} of {:?}", piece, written);
            }
            prop_assert!(!folded.text.starts_with(' ') && !folded.text.ends_with(' ') && !folded.text.contains("  "));
        }
    }
}
