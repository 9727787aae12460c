//! Forms: what was typed, and the same form again with messages where it was refused.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::StatusCode;

use super::respond::PageError;
use crate::error::{Both, Error, FieldViolation, Kind};

/// The fields of a form as they were typed, spaces around them cut. A field that comes several times keeps all values.
#[derive(Debug, Clone, Default)]
pub struct Fields(BTreeMap<String, Vec<String>>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(body: &[u8]) -> Self {
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, [].as_slice()),
            };
            fields.entry(decode(name)).or_default().push(decode(value).trim().to_owned());
        }
        Self(fields)
    }

    /// Makes fields, for a form that begins with what there is.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect())
    }

    /// Says what a field says, in place of what it said.
    pub fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), vec![value]);
    }

    /// The same of a field that says several things.
    pub fn set_all(&mut self, name: &str, values: Vec<String>) {
        self.0.insert(name.to_owned(), values);
    }

    /// A field; empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// A field that says something.
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field that may come several times.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a box was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let body = Bytes::from_request(request, state).await.map_err(|_| PageError(super::csrf::too_large()))?;
        Ok(Self::parse(&body))
    }
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two hex digits are a byte"));
                at += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            (byte, ..) => bytes.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value for a query or a path: everything but letters, digits and `-_.~` escaped.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A form on its page: what stands in its fields and what is wrong with them.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    fields: Fields,
    violations: Vec<FieldViolation>,
    /// What is wrong with the whole: reason and message.
    pub refusal: Option<(&'static str, Both)>,
}

/// Name of the form's own field. The contract may name it with a path: `grant.reason` is `reason`.
pub fn field_name(violation: &FieldViolation) -> &str {
    violation.field.rsplit('.').next().unwrap_or_default()
}

/// The form again after a refusal that a person can put right, and the status of its page. What was typed stays when
/// somebody else was first, with the old version: sent again it is refused again until the newest is opened.
pub fn refused(fields: Fields, error: Error) -> Result<(FormState, StatusCode), PageError> {
    if error.reason == "ETAG_MISMATCH" {
        return Ok((FormState::refused_here(fields, error), StatusCode::CONFLICT));
    }
    Ok((FormState::refused(fields, error)?, StatusCode::UNPROCESSABLE_ENTITY))
}

impl FormState {
    /// A form that begins with these values.
    pub fn filled(fields: Fields) -> Self {
        Self { fields, ..Self::default() }
    }

    /// The same form with another value in a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.fields.set(name, value);
        self
    }

    /// The form again after a refusal that a person can put right here. Other faults stay errors, for their page.
    pub fn refused(fields: Fields, error: Error) -> Result<Self, PageError> {
        match error.kind {
            Kind::Invalid | Kind::Exists | Kind::Precondition => {}
            Kind::NotFound
            | Kind::Conflict
            | Kind::Unauthenticated
            | Kind::Denied
            | Kind::Exhausted
            | Kind::Unavailable
            | Kind::Internal => return Err(PageError(error)),
        }
        Ok(Self::refused_here(fields, error))
    }

    /// The form again whatever the refusal is; for sign-in, whose refusal is the form's own.
    pub fn refused_here(fields: Fields, error: Error) -> Self {
        crate::telemetry::note_failure(error.reason, None);
        Self { fields, violations: error.fields.into_vec(), refusal: Some((error.reason, error.message)) }
    }

    /// 200, or 422 for a form that comes back.
    pub fn status(&self) -> StatusCode {
        if self.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.fields.get(name)
    }

    /// All that a field says.
    pub fn all(&self, name: &str) -> &[String] {
        self.fields.all(name)
    }

    /// Whether a choice is the one that was made.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.fields.get(name) == value
    }

    /// Whether a box is ticked.
    pub fn has(&self, name: &str) -> bool {
        self.fields.has(name)
    }

    /// What is wrong with a field, if something is. The contract may name it with a path: `grant.reason` is `reason`.
    pub fn message(&self, name: &str) -> Option<&Both> {
        let of = |v: &&FieldViolation| v.field == name || field_name(v) == name;
        self.violations.iter().find(of).map(|v| &v.message)
    }

    /// All that is wrong with fields, for the summary.
    pub fn violations(&self) -> &[FieldViolation] {
        &self.violations
    }

    /// What is wrong with the whole form, in the person's language.
    pub fn refusal_text(&self, language: &super::Language) -> Option<String> {
        let (_, message) = self.refusal.as_ref().filter(|_| self.violations.is_empty())?;
        Some(super::words::faults::sentence(*language, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::says;

    #[test]
    fn fields_are_decoded_and_trimmed() {
        let fields = Fields::parse("name=%E5%BA%9C%E4%B8%AD+&tag=a&tag=b&empty=&%zz=1&box".as_bytes());
        assert_eq!((fields.get("name"), fields.all("tag").len()), ("府中", 2));
        assert_eq!((fields.some("empty"), fields.get("%zz"), fields.has("box")), (None, "1", true));
        assert_eq!(Fields::parse(format!("q={}", encode("3年 2組&=+")).as_bytes()).get("q"), "3年 2組&=+");
    }

    #[test]
    fn refused_form_keeps_what_was_typed_and_places_messages() {
        let error = Error::invalid_field("grant.reason", says::fields::empty());
        let form = FormState::refused(Fields::parse(b"role=2&reason="), error).unwrap();
        assert_eq!((form.value("role"), form.message("role")), ("2", None));
        assert_eq!(form.message("reason"), Some(&says::fields::empty()));
        assert_eq!(form.status(), 422);
        assert!(FormState::refused(Fields::default(), Error::not_found("X", says::fields::missing())).is_err());
    }
}
