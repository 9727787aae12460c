//! Fields of requests that every feature has: ids and sizes of pages. Those above `access` take them from `schools::rules`.

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
