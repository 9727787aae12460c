//! Names of people who sign in, and the languages they read.

use unicode_normalization::UnicodeNormalization as _;

use super::fields::parse_filled;
use crate::error::FieldViolation;

/// The language of a person's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 日本語.
    #[default]
    Japanese,
    /// English.
    English,
}

impl Language {
    /// As it is stored and as HTML names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }

    /// The language of a code; Japanese for others.
    pub fn from_code(code: &str) -> Self {
        if code == "en" { Self::English } else { Self::Japanese }
    }
}

/// The name that a person types to sign in, in the one form in which it is stored: 3 to 64 of a–z, 0–9 and `. _ - @ +`.
pub fn parse_sign_in_name(field: &'static str, text: &str) -> Result<String, FieldViolation> {
    let name = normal_sign_in_name(text);
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-@+".contains(c);
    if !(3..=64).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(FieldViolation::new(
            field,
            "needs 3 to 64 of a–z, 0–9 and . _ - @ +, for example an e-mail address",
        ));
    }
    Ok(name)
}

/// A typed name in the form in which names are compared.
pub fn normal_sign_in_name(text: &str) -> String {
    text.trim().nfkc().take(256).collect::<String>().to_lowercase()
}

/// Why somebody does something, 1 to 200 characters.
pub fn parse_reason(field: &'static str, text: &str) -> Result<String, FieldViolation> {
    parse_filled(field, text, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        assert_eq!(parse_sign_in_name("n", " Ｓato.Hanako@Example.JP ").unwrap(), "sato.hanako@example.jp");
        for wrong in ["", "ab", "佐藤花子", "a b c", "a\u{0}bc", &"x".repeat(65)] {
            assert!(parse_sign_in_name("n", wrong).is_err(), "{wrong}");
        }
        assert!(parse_reason("r", "  ").is_err() && parse_reason("r", "年度当初の委託").is_ok());
    }
}
