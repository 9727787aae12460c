//! Whom a note names, and what a prepared answer becomes for a ticket. Pure.

use crate::{
    access::rules::{fields::parse_filled, id, names::normal_sign_in_name},
    error::{Error, FieldViolation, Result, collect},
    tickets::rules::fields::filled,
};

id! {
    /// A prepared answer.
    ReplyId
}

/// Longest name of a prepared answer.
pub const NAME: usize = 60;
/// An owner has at most so many prepared answers, and so have all together.
pub const MOST_REPLIES: i64 = 200;
/// People that one note names, at most; further ones are text.
const MOST_NAMED: usize = 20;
/// Longest name by which people sign in.
const SIGN_IN_NAME: usize = 64;

/// Names by which people sign in that a text calls with an at sign, each once, in the order of the text. The sign begins a word, so an
/// address of electronic mail names nobody.
pub fn named_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut before = None;
    for (at, letter) in text.char_indices() {
        let begins = before.is_none_or(|before: char| !before.is_ascii_alphanumeric() && !"._-+@＠".contains(before));
        before = Some(letter);
        if !matches!(letter, '@' | '＠') || !begins {
            continue;
        }
        let rest = &text[at + letter.len_utf8()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._-+@".contains(c)).unwrap_or(rest.len());
        let name = normal_sign_in_name(rest[..end].trim_end_matches(['.', '-', '@', '+', '_']));
        if (3..=SIGN_IN_NAME).contains(&name.len()) && !names.contains(&name) && names.len() < MOST_NAMED {
            names.push(name);
        }
    }
    names
}

/// What a prepared answer is called and says. Limits: 1 to 60 and 1 to 10,000 characters. Reason: FIELD_INVALID.
pub fn check(name: &str, text: &str) -> Result<(String, String)> {
    let mut wrong: Vec<FieldViolation> = Vec::new();
    let name = collect(parse_filled("name", name, NAME), &mut wrong);
    let text = collect(filled("text", text), &mut wrong);
    match (name, text) {
        (Some(name), Some(text)) => Ok((name, text)),
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

/// What stands in for a place in a prepared answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling<'a> {
    /// The ticket's number.
    pub number: i64,
    /// What the school is called.
    pub school: &'a str,
    /// The ticket's subject.
    pub subject: &'a str,
}

/// A prepared answer for a ticket: `{番号}`, `{学校}`, `{件名}` (`{number}`, `{school}`, `{subject}`) become its own. Everything else
/// stays as it is, and what is filled in is not looked at again.
pub fn fill(text: &str, filling: Filling<'_>) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        made.push_str(&rest[..open]);
        rest = &rest[open..];
        let close = rest.find('}').unwrap_or(0);
        let number;
        let value = match rest.get(1..close.max(1)).unwrap_or_default() {
            "番号" | "number" => {
                number = filling.number.to_string();
                Some(number.as_str())
            }
            "学校" | "school" => Some(filling.school),
            "件名" | "subject" => Some(filling.subject),
            _ => None,
        };
        match value {
            Some(value) => {
                made.push_str(value);
                rest = &rest[close + 1..];
            }
            None => {
                made.push('{');
                rest = &rest[1..];
            }
        }
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILLING: Filling<'_> = Filling { number: 12, school: "第一小学校", subject: "画面 {番号}" };

    #[test]
    fn note_names_people_by_their_sign_in_names() {
        assert_eq!(named_in("@sato と＠Suzuki、見てください。(@sato)"), ["sato", "suzuki"]);
        assert_eq!(named_in("@tanaka.ichiro."), ["tanaka.ichiro"]);
        assert_eq!(named_in("質問は help@city.example へ。10:00@会議室 @ab"), Vec::<String>::new());
        assert_eq!(named_in(&"@abc1 @abc2 ".repeat(50)), ["abc1", "abc2"]);
        let many: String = (0..50).map(|number| format!("@person{number} ")).collect();
        assert_eq!(named_in(&many).len(), MOST_NAMED);
    }

    #[test]
    fn places_of_an_answer_are_filled_once() {
        let filled = fill("{学校} 御中 #{番号}「{subject}」{知らない} {", FILLING);
        assert_eq!(filled, "第一小学校 御中 #12「画面 {番号}」{知らない} {");
    }

    #[test]
    fn answer_without_a_name_or_a_text_is_refused_by_field() {
        let refused = check(" ", "").expect_err("nothing is said");
        let fields: Vec<_> = refused.fields.iter().map(|field| field.field.as_ref()).collect();
        assert_eq!(fields, ["name", "text"]);
        check("名", &"あ".repeat(10_001)).expect_err("too long");
        check(&"名".repeat(61), "あ").expect_err("too long");
        check("再起動", "再起動してください").expect("that is one");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}") {
            let _names = named_in(&text);
            if !text.contains('{') {
                prop_assert_eq!(fill(&text, FILLING), text);
            }
        }

        #[test]
        fn text_without_places_stays(text in "[a-z{}あ ]{0,60}") {
            prop_assume!(!["{number}", "{school}", "{subject}"].iter().any(|place| text.contains(place)));
            prop_assert_eq!(fill(&text, FILLING), text);
        }
    }
}
