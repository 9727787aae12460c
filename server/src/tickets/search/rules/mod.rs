//! How texts and queries are folded, what a query may be, and the excerpts that show what was found.

mod excerpts;
mod fold;

use std::collections::BTreeSet;

use uuid::Uuid;

pub use self::{
    excerpts::{Excerpt, excerpts},
    fold::fold,
};
use crate::{
    error::{FieldViolation, says::fields as say},
    schools::rules::{MunicipalityId, stable_hash},
};

/// Bytes of a part of a ticket that can be searched, as written and folded; what stands behind them is not found.
pub const PART_BYTES_MOST: usize = 64 * 1024;
/// Words of a query.
pub const WORDS_MOST: usize = 8;
/// Characters of a word, folded.
pub const WORD_CHARACTERS_MOST: usize = 64;
/// Bytes of a query as typed; more than what the words may have.
const QUERY_BYTES_MOST: usize = 4 * 1024;

/// Who looks, which decides over the texts that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever reported the ticket and the school: only what is written for them.
    Caller,
    /// Those who work on it: internal notes too.
    Internal,
}

impl Reader {
    /// The bit of the reader in `ticket_text.audience`.
    pub fn bit(self) -> i64 {
        match self {
            Self::Caller => 1,
            Self::Internal => 2,
        }
    }
}

/// A text as written and as it is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    /// As written, without NUL characters.
    pub body: String,
    /// As it is searched.
    pub folded: String,
}

/// The texts of one ticket: one for all readers, or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketTexts {
    /// Who reads what: bits of [`Reader`].
    rows: Vec<(i64, SearchText)>,
}

impl TicketTexts {
    /// Of what is written for the caller, and of internal notes. Of each part the first [`PART_BYTES_MOST`] are found, so
    /// give what matters most first.
    pub fn new(for_caller: &str, internal: &str) -> Self {
        let (for_caller, internal) = (fold::folded_part(for_caller), fold::folded_part(internal));
        if internal.folded.is_empty() {
            return Self { rows: vec![(Reader::Caller.bit() | Reader::Internal.bit(), for_caller)] };
        }
        // One text of both, so that a query may have words of either.
        let all = SearchText {
            body: format!("{}\n{}", for_caller.body, internal.body),
            folded: format!("{} {}", for_caller.folded, internal.folded),
        };
        Self { rows: vec![(Reader::Caller.bit(), for_caller), (Reader::Internal.bit(), all)] }
    }

    /// Who reads what: bits of [`Reader`].
    pub fn rows(&self) -> &[(i64, SearchText)] {
        &self.rows
    }
}

/// Words that must all stand in a text, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuery {
    words: Vec<String>,
}

impl TextQuery {
    /// Reads words with spaces between them, also 全角 ones. At least one has two characters: one character alone stands
    /// in too many texts for an index to help.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        if text.len() > QUERY_BYTES_MOST {
            return Err(FieldViolation::new(field, say::too_many_bytes(text.len(), QUERY_BYTES_MOST)));
        }
        let folded = fold(text);
        let mut words: Vec<String> = Vec::new();
        for word in folded.split(' ').filter(|word| !word.is_empty()) {
            let characters = word.chars().count();
            if characters > WORD_CHARACTERS_MOST {
                return Err(FieldViolation::new(field, say::too_many_characters(characters, WORD_CHARACTERS_MOST)));
            }
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        if words.is_empty() {
            return Err(FieldViolation::new(field, say::needed()));
        }
        if words.len() > WORDS_MOST {
            return Err(FieldViolation::new(field, say::too_many(words.len(), WORDS_MOST)));
        }
        if words.iter().all(|word| word.chars().nth(1).is_none()) {
            return Err(FieldViolation::new(field, say::lone_character(&words[0])));
        }
        Ok(Self { words })
    }

    /// The words, folded, each once.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether all words stand in a folded text.
    pub fn is_in(&self, folded: &str) -> bool {
        self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// The two longest words of a line in Japanese or English that tell something: runs of kanji, of katakana, or of letters and digits, of
/// two characters or more. Empty where there is none.
pub fn telling_words(line: &str) -> String {
    let kind = |c: char| match c {
        '\u{4e00}'..='\u{9fff}' | '々' => 1,
        '\u{30a1}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => 2,
        c if c.is_alphanumeric() && !('\u{3041}'..='\u{309f}').contains(&c) => 3,
        _ => 0,
    };
    let characters: Vec<char> = line.chars().take(WORD_CHARACTERS_MOST * WORDS_MOST).collect();
    let mut words: Vec<String> = Vec::new();
    for run in characters.chunk_by(|a, b| kind(*a) == kind(*b)).filter(|run| kind(run[0]) > 0 && run.len() > 1) {
        let word = run.iter().take(WORD_CHARACTERS_MOST / 4).collect();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    // Of equally long ones the first.
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(2);
    words.join(" ")
}

/// A place in a list of what was found, behind one ticket; newest changed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundPosition {
    /// When its texts changed, in microseconds.
    pub changed_at: i64,
    /// The ticket.
    pub ticket: Uuid,
}

/// Tokens for every two neighbouring characters of folded texts, each once; none across a space. The owner is hashed in,
/// so that an index over them is an index of each owner by itself.
pub fn gram_tokens<'t>(owner: MunicipalityId, texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut grams = BTreeSet::new();
    for text in texts {
        for (first, second) in text.chars().zip(text.chars().skip(1)).filter(|(a, b)| *a != ' ' && *b != ' ') {
            let gram = [u32::from(first), u32::from(second)].into_iter().flat_map(u32::to_le_bytes);
            // Half of it tells the grams of an owner apart, and makes half the index.
            grams.insert(stable_hash(owner.0.into_bytes().into_iter().chain(gram)) >> 32);
        }
    }
    let tokens: Vec<_> = grams.into_iter().map(|gram| format!("{gram:08x}")).collect();
    tokens.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_words_with_spaces_of_any_width() {
        let query = TextQuery::parse("query", "　ﾈｯﾄﾜｰｸ　ABC  ｱ ねっとわーく ").unwrap();
        assert_eq!(query.words(), ["ねっとわーく", "abc", "あ"]);
        assert!(query.is_in("abcあねっとわーくが") && !query.is_in("abc ねっとわーく"));
    }

    #[test]
    fn query_that_cannot_be_searched_is_refused_with_its_limit() {
        let refused = |text: &str| TextQuery::parse("query", text).unwrap_err().message.en.into_owned();
        assert_eq!(refused(" 　"), "needs a value");
        assert!(refused("か").contains("か") && refused("a b ｶ").contains("two characters"));
        assert!(TextQuery::parse("query", &"あ".repeat(64)).is_ok());
        assert_eq!(refused(&"あ".repeat(65)), "has 65 characters, may have 64");
        let words: Vec<_> = (10..19).map(|number| number.to_string()).collect();
        assert!(TextQuery::parse("query", &words[..8].join(" ")).is_ok());
        assert_eq!(refused(&words.join(" ")), "has 9, may have 8");
        assert_eq!(refused(&"x".repeat(4_097)), "has 4097 bytes, may have 4096");
        // ㍿ is one character that folds to four.
        assert!(TextQuery::parse("query", "㍿").is_ok());
    }

    #[test]
    fn words_that_tell_something_are_the_longest_runs_of_one_script() {
        assert_eq!(telling_words("3年2組のネットワークが遅い、Wi-Fiは無線"), "ネットワーク Wi");
        assert_eq!(telling_words("画面が割れた"), "画面");
        assert_eq!(telling_words("おそい です"), "");
        assert!(TextQuery::parse("query", &telling_words(&"㍿端末".repeat(500))).is_ok());
    }

    #[test]
    fn texts_are_one_row_unless_there_are_internal_notes() {
        assert_eq!(TicketTexts::new("画面が割れた", " ").rows().len(), 1);
        let texts = TicketTexts::new("画面が割れた", "予備機あり");
        let rows: Vec<_> = texts.rows().iter().map(|(bits, text)| (*bits, text.folded.as_str())).collect();
        assert_eq!(rows, [(1, "画面が割れた"), (2, "画面が割れた 予備機あり")]);
    }

    #[test]
    fn tokens_are_of_one_owner_and_not_across_spaces() {
        let owner = MunicipalityId(Uuid::from_u128(1));
        let tokens = gram_tokens(owner, ["ねっと ねっ"]);
        assert_eq!(tokens.split(' ').count(), 2);
        assert!(tokens.split(' ').all(|token| token.len() == 8));
        assert_ne!(tokens, gram_tokens(MunicipalityId(Uuid::from_u128(2)), ["ねっと"]));
        assert_eq!(tokens, gram_tokens(owner, ["ねっ", "っと", "あ"]));
        assert_eq!(gram_tokens(owner, ["あ", ""]), "");
    }
}
