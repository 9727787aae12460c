//! Fields of requests that every feature has: ids, names, texts and sizes of pages. Those above `access` take them from
//! `schools::rules`.

use uuid::Uuid;

use crate::error::FieldViolation;

/// A UUID as the contract spells it.
pub fn parse_uuid(field: &'static str, text: &str) -> Result<Uuid, FieldViolation> {
    Uuid::try_parse(text)
        .map_err(|_| FieldViolation::new(field, "is no UUID, which looks like 019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b"))
}

/// A UUID, or none where the text is empty.
pub fn parse_optional_uuid(field: &'static str, text: &str) -> Result<Option<Uuid>, FieldViolation> {
    if text.is_empty() { Ok(None) } else { parse_uuid(field, text).map(Some) }
}

/// Size of a page: 0 means 100, at most 1,000.
pub fn parse_page_size(size: u32) -> Result<i64, FieldViolation> {
    match size {
        0 => Ok(100),
        1..=1_000 => Ok(i64::from(size)),
        _ => Err(FieldViolation::new("page_size", format!("is {size}, may be 1,000 at most"))),
    }
}

/// A text of at most `most` characters without control characters.
pub fn parse_text(field: &'static str, text: &str, most: usize) -> Result<String, FieldViolation> {
    let count = text.chars().count();
    if count > most {
        return Err(FieldViolation::new(field, format!("has {count} characters, may have {most}")));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldViolation::new(field, "has control characters"));
    }
    Ok(text.to_owned())
}

/// A text of 1 to `most` characters without control characters, trimmed.
pub fn parse_filled(field: &'static str, text: &str, most: usize) -> Result<String, FieldViolation> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldViolation::new(field, format!("is empty, needs 1 to {most} characters")));
    }
    parse_text(field, text, most)
}

/// A name of 1 to 100 characters without control characters, trimmed.
pub fn parse_name(field: &'static str, text: &str) -> Result<String, FieldViolation> {
    parse_filled(field, text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(parse_name("name", " 第一小学校 ").unwrap(), "第一小学校");
        assert!(parse_name("name", "  ").is_err());
        assert!(parse_name("name", &"校".repeat(101)).is_err());
        assert!(parse_name("name", "a\0b").is_err());
    }
}
