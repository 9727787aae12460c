//! The one error of the server, which knows no transport.
//!
//! Invariants: `message` stands in Japanese and English ([`says`]), names the thing and never internals; `reason` is a constant of the contract;
//! `Display` never prints the source, the log prints the chain ([`Error::chain`]). Only `grpc/status.rs` turns an error
//! into a `Status`.

pub(crate) mod both;
pub mod says;

use std::{borrow::Cow, fmt, time::Duration};

pub use self::both::Both;

/// What the caller should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Correct the request; the same one will fail again.
    Invalid,
    /// Nothing of that name is visible to the caller.
    NotFound,
    /// It exists already; read it instead.
    Exists,
    /// Somebody else changed it; read it again, then decide.
    Conflict,
    /// The state of the thing forbids it; change that state first.
    Precondition,
    /// Say who you are.
    Unauthenticated,
    /// You may not; ask a person.
    Denied,
    /// Too much at once; wait for `retry_after`, then send the same again.
    Exhausted,
    /// A part is away; wait for `retry_after`, then send the same again.
    Unavailable,
    /// A fault of ours; a person must look at the log.
    Internal,
}

/// One field of a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field as the contract spells it.
    pub field: Cow<'static, str>,
    /// What is wrong and what would be right.
    pub message: Both,
}

impl FieldViolation {
    /// Names a field and what is wrong with it.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Both>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// What went wrong, for the caller (`kind`, `reason`, `message`, `fields`) and for the log (`source`).
#[derive(Debug)]
pub struct Error {
    /// What the caller should do next.
    pub kind: Kind,
    /// Constant of the contract, in capitals.
    pub reason: &'static str,
    /// For people.
    pub message: Both,
    /// All invalid fields at once.
    pub fields: Box<[FieldViolation]>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in the server that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One of several checked fields; what is wrong is collected, so that all is named at once.
pub fn collect<T>(checked: Result<T, FieldViolation>, refused: &mut Vec<FieldViolation>) -> Option<T> {
    checked.map_err(|violation| refused.push(violation)).ok()
}

impl Error {
    /// An error without a source.
    pub fn new(kind: Kind, reason: &'static str, message: impl Into<Both>) -> Self {
        Self { kind, reason, message: message.into(), fields: Box::default(), retry_after: None, source: None }
    }

    /// A fault of ours, with what caused it. What failed is for the log, in English; a person can only tell somebody.
    pub fn internal(
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let message = Both { en: message.into(), ..says::server::internal() };
        Self::new(Kind::Internal, "INTERNAL", message).with_source(source)
    }

    /// Refused fields; panics without one, since the caller would learn nothing.
    pub fn invalid_fields(reason: &'static str, fields: Vec<FieldViolation>) -> Self {
        assert!(!fields.is_empty(), "a refusal names at least one field");
        let message = Both::joined(fields.iter().map(|field| (field.field.as_ref(), &field.message)));
        Self { fields: fields.into(), ..Self::new(Kind::Invalid, reason, message) }
    }

    /// One refused field, with the reason FIELD_INVALID.
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, message: impl Into<Both>) -> Self {
        Self::invalid_fields("FIELD_INVALID", vec![FieldViolation::new(field, message)])
    }

    /// Nothing visible has that name.
    pub fn not_found(reason: &'static str, message: impl Into<Both>) -> Self {
        Self::new(Kind::NotFound, reason, message)
    }

    /// Adds what caused it, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The message and those of all sources, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.message.en.clone().into_owned();
        let mut next: Option<&dyn std::error::Error> = std::error::Error::source(self);
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|s| s.as_ref() as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_hides_the_source_and_chain_shows_it() {
        let error = Error::internal("the report could not be stored", "disk on fire");
        assert_eq!(error.to_string(), "the report could not be stored");
        assert_eq!(error.chain(), "the report could not be stored: disk on fire");
    }

    #[test]
    fn all_invalid_fields_are_named_at_once() {
        let fields = vec![
            FieldViolation::new("code", says::schools::municipality_code()),
            FieldViolation::new("name", says::fields::empty()),
        ];
        let error = Error::invalid_fields("FIELD_INVALID", fields);
        assert_eq!(error.to_string(), "code: needs six digits, for example 131130; name: is empty");
        assert_eq!(error.message.ja, "code: 6桁の数字にしてください(例 131130); name: 入力してください");
    }
}
