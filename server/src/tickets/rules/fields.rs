//! What people write and choose in tickets, checked at the edge: by the contract and by the console in the same way.

use crate::error::{FieldViolation, says::tickets as say};

/// Longest subject, in characters.
pub const SUBJECT: usize = 200;
/// Longest text.
pub const TEXT: usize = 10_000;
/// Longest text beside a verb.
pub const SHORT_TEXT: usize = 1_000;
/// Longest name of a room.
pub const ROOM: usize = 64;
/// Longest way to reach a caller.
pub const CONTACT: usize = 200;

/// A checked field, or what is wrong with it.
pub type Field<T> = Result<T, FieldViolation>;

/// A word, by its number, that must be said.
pub fn word<T>(field: &'static str, number: i32, read: impl Fn(i16) -> Option<T>) -> Field<T> {
    let read = i16::try_from(number).ok().and_then(read);
    read.ok_or_else(|| FieldViolation::new(field, say::word_needed(field)))
}

/// A word, by its number, that has a default.
pub fn word_or<T>(field: &'static str, number: i32, read: impl Fn(i16) -> Option<T>, or: T) -> Field<T> {
    if number == 0 { Ok(or) } else { word(field, number, read) }
}

/// A text of several lines, without control characters.
pub fn long_text(field: &'static str, text: &str, most: usize) -> Field<String> {
    let count = text.chars().count();
    if count > most {
        return Err(FieldViolation::new(field, say::text_long(count, most)));
    }
    Ok(text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect())
}

/// The same where something must be said.
pub fn filled(field: &'static str, text: &str) -> Field<String> {
    let text = long_text(field, text, TEXT)?;
    if text.trim().is_empty() { Err(FieldViolation::new(field, say::text_needed())) } else { Ok(text) }
}
