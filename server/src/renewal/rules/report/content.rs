//! The content of a report in one form for all engines and programs, and its hash.
//!
//! Canonical JSON: no spaces, members of objects by the bytes of their names, numbers whole, texts escaped as serde_json does.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::clock::Timestamp;

/// Writes a value in the one form that is hashed.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Array(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_value(value, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_by_key(|(name, _)| name.as_bytes());
            text.push('{');
            for (at, (name, value)) in names.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_value(value, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

/// Writes in the same form what has the members of its objects in the order of their names already.
pub fn written<T: Serialize>(content: &T) -> String {
    let text = serde_json::to_string(content).expect("a report is texts, numbers and lists");
    debug_assert_eq!(Ok(&text), serde_json::to_value(content).map(|value| canonical(&value)).as_ref().map_err(drop));
    text
}

/// SHA-256 in lower case hex.
pub fn sha256_of(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string grows");
        text
    })
}

/// A point in time to the microsecond, RFC 3339 in UTC.
pub fn time_text(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| at.0.to_string())
}

/// What [`time_text`] wrote.
pub fn read_time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn one_content_has_one_form() {
        let text = canonical(&json!({ "b": [1, null, "あ\n"], "a": { "z": true, "y": -5 } }));
        assert_eq!(text, "{\"a\":{\"y\":-5,\"z\":true},\"b\":[1,null,\"あ\\n\"]}");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(canonical(&read), text);
        assert_eq!(sha256_of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    proptest! {
        #[test]
        fn time_is_read_back(at in 0_i64..4_000_000_000_000_000) {
            prop_assert_eq!(read_time(&time_text(Timestamp(at))), Some(Timestamp(at)));
        }
    }
}
