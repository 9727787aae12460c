//! Reads objects of JSON with all that is wrong at once: what is missing, what does not fit, what nobody knows.
//!
//! Rules that are data are written by people, who want to hear of the second slip before they mended the first.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use time::Date;

use super::{fraction::Fraction, money::Yen};
use crate::{
    access::rules::days::parse_date,
    error::{
        Both, FieldViolation,
        says::{fields as say_field, renewal as say},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Reads JSON; what is no JSON is said with its place, as the field `file`.
pub fn json(text: &str) -> Result<Value, Vec<FieldViolation>> {
    serde_json::from_str(text)
        .map_err(|wrong| vec![FieldViolation::new("file", say::no_json(wrong.line(), wrong.column()))])
}

/// An object whose fields are read one after the other. Call [`Reader::end`] at the end: it refuses what was not read.
#[derive(Debug)]
pub struct Reader<'v, 'r> {
    object: Option<&'v Map<String, Value>>,
    path: String,
    known: Vec<&'static str>,
    refused: &'r mut Vec<FieldViolation>,
}

impl<'v, 'r> Reader<'v, 'r> {
    /// Reads an object under a path, which stands before the names of its fields; it may be empty.
    pub fn new(path: impl Into<String>, value: &'v Value, refused: &'r mut Vec<FieldViolation>) -> Self {
        let path = path.into();
        let object = value.as_object();
        if object.is_none() {
            let field = if path.is_empty() { String::from("file") } else { path.clone() };
            refused.push(FieldViolation::new(field, say::no_object()));
        }
        Self { object, path, known: Vec::new(), refused }
    }

    /// The path of a field.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses a field.
    pub fn refuse(&mut self, name: &str, message: Both) {
        self.refuse_at(self.path_of(name), message);
    }

    /// Refuses what stands elsewhere.
    pub fn refuse_at(&mut self, path: String, message: Both) {
        self.refused.push(FieldViolation::new(path, message));
    }

    /// A field that may be left out.
    pub fn optional(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.object.and_then(|object| object.get(name)).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    pub fn needed(&mut self, name: &'static str) -> Option<&'v Value> {
        let value = self.optional(name);
        if value.is_none() && self.object.is_some() {
            self.refuse(name, say_field::missing());
        }
        value
    }

    /// What a check makes of a field; what it refuses is refused here.
    fn checked<T>(&mut self, name: &str, checked: Result<T, Both>) -> Option<T> {
        checked.map_err(|message| self.refuse(name, message)).ok()
    }

    /// A text of 1 to `most` characters.
    pub fn text(&mut self, name: &'static str, most: usize) -> Option<String> {
        let value = self.needed(name)?;
        self.checked(name, text_of(value, most))
    }

    /// The same, or none.
    pub fn optional_text(&mut self, name: &'static str, most: usize) -> Option<String> {
        let value = self.optional(name)?;
        self.checked(name, text_of(value, most))
    }

    /// A text in both languages, each of 1 to `most` characters.
    pub fn both(&mut self, name: &'static str, most: usize) -> Option<Both> {
        let value = self.needed(name)?;
        let mut reader = Reader::new(self.path_of(name), value, self.refused);
        let (ja, en) = (reader.text("ja", most), reader.text("en", most));
        reader.end();
        Some(Both { ja: ja?.into(), en: en?.into() })
    }

    /// A whole number.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.needed(name)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        self.checked(name, number.ok_or_else(|| say_field::whole_number(range.start(), range.end())))
    }

    /// Yen, as a number or as [`Yen::parse`] reads them.
    pub fn yen(&mut self, name: &'static str) -> Option<Yen> {
        let value = self.needed(name)?;
        self.checked(name, yen_of(value))
    }

    /// The same, or none.
    pub fn optional_yen(&mut self, name: &'static str) -> Option<Yen> {
        let value = self.optional(name)?;
        self.checked(name, yen_of(value))
    }

    /// A fraction of at most the whole.
    pub fn fraction(&mut self, name: &'static str) -> Option<Fraction> {
        let text = self.text(name, 20)?;
        let read = Fraction::parse(name, &text).map_err(|wrong| wrong.message);
        let read = read.and_then(|read| if read.is_above_one() { Err(say::above_one(read)) } else { Ok(read) });
        self.checked(name, read)
    }

    /// A day.
    pub fn day(&mut self, name: &'static str) -> Option<Date> {
        let text = self.text(name, 40)?;
        self.checked(name, parse_date(name, &text).map_err(|wrong| wrong.message))
    }

    /// A fiscal year, as a number or as [`FiscalYear::parse`] reads it, or none.
    pub fn optional_year(&mut self, name: &'static str) -> Option<FiscalYear> {
        let value = self.optional(name)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.checked(name, FiscalYear::parse(name, &text).map_err(|wrong| wrong.message))
    }

    /// Whether something is so.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.needed(name)?;
        self.checked(name, value.as_bool().ok_or_else(say::no_flag))
    }

    /// A word, by its name.
    pub fn word<T: Copy>(&mut self, name: &'static str, all: &[T], code: fn(T) -> &'static str) -> Option<T> {
        let value = self.needed(name)?;
        self.checked(name, word_of(value, all, code))
    }

    /// Words, by their names, each once.
    pub fn words<T: Copy + PartialEq>(&mut self, name: &'static str, all: &[T], code: fn(T) -> &'static str) -> Vec<T> {
        let mut words = Vec::new();
        for value in self.list(name, all.len()) {
            match word_of(value, all, code) {
                Ok(word) if words.contains(&word) => self.refuse(name, say_field::named_twice()),
                Ok(word) => words.push(word),
                Err(message) => self.refuse(name, message),
            }
        }
        words
    }

    /// A list of at most so many; empty where it is missing, which is refused.
    pub fn list(&mut self, name: &'static str, most: usize) -> &'v [Value] {
        let Some(value) = self.needed(name) else { return &[] };
        match value.as_array().filter(|list| list.len() <= most) {
            Some(list) => list,
            None => {
                self.refuse(name, say::no_list(most));
                &[]
            }
        }
    }

    /// An object in a field, read by a function.
    pub fn inner<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'v, '_>) -> Option<T>) -> Option<T> {
        let value = self.needed(name)?;
        self.at(self.path_of(name), value, read)
    }

    /// An object that stands elsewhere, read by a function that need not end it.
    pub fn at<T>(
        &mut self,
        path: String,
        value: &'v Value,
        read: impl FnOnce(&mut Reader<'v, '_>) -> Option<T>,
    ) -> Option<T> {
        let mut reader = Reader::new(path, value, self.refused);
        let inner = read(&mut reader);
        reader.end();
        inner
    }

    /// Refuses the fields that were not read.
    pub fn end(mut self) {
        let unknown = self.object.into_iter().flat_map(Map::keys).filter(|name| !self.known.contains(&name.as_str()));
        for name in unknown.cloned().collect::<Vec<_>>() {
            self.refuse(&name, say::unknown_field());
        }
    }
}

fn text_of(value: &Value, most: usize) -> Result<String, Both> {
    let text = value.as_str().ok_or_else(say::no_text)?.trim();
    let filled = (1..=most).contains(&text.chars().count());
    if !filled {
        return Err(say_field::needs_characters(most));
    }
    if text.chars().any(char::is_control) { Err(say_field::control_characters()) } else { Ok(text.to_owned()) }
}

fn yen_of(value: &Value) -> Result<Yen, Both> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Yen::parse("", &text).map_err(|wrong| wrong.message)
}

fn word_of<T: Copy>(value: &Value, all: &[T], code: fn(T) -> &'static str) -> Result<T, Both> {
    let text = value.as_str().ok_or_else(say::no_text)?;
    all.iter().copied().find(|one| code(*one) == text).ok_or_else(|| {
        let codes: Vec<_> = all.iter().map(|one| code(*one)).collect();
        say_field::none_of(text.escape_debug(), codes.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::rules::CostKind;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let value = json(
            r#"{"text": "", "number": 1.5, "yen": "-1", "rate": "4/3", "day": "2026-02-30", "flag": "yes", "kind": "PEN",
                "kinds": ["DEVICE", "DEVICE"], "name": {"ja": "名"}, "list": {}, "more": 1}"#,
        )
        .unwrap();
        let mut refused = Vec::new();
        let mut reader = Reader::new("rule", &value, &mut refused);
        let read = (
            reader.text("text", 10),
            reader.number("number", 0..=9),
            reader.yen("yen"),
            reader.fraction("rate"),
            reader.day("day"),
            reader.flag("flag"),
            reader.word("kind", CostKind::ALL, CostKind::code),
            reader.both("name", 10),
        );
        assert_eq!(read, (None, None, None, None, None, None, None, None));
        assert_eq!(reader.words("kinds", CostKind::ALL, CostKind::code), [CostKind::Device]);
        assert!(reader.list("list", 3).is_empty());
        assert_eq!(reader.text("source", 10), None);
        reader.end();
        let fields: Vec<_> = refused.iter().map(|wrong| wrong.field.as_ref()).collect();
        let names = [
            "rule.text",
            "rule.number",
            "rule.yen",
            "rule.rate",
            "rule.day",
            "rule.flag",
            "rule.kind",
            "rule.name.en",
            "rule.kinds",
            "rule.list",
            "rule.source",
            "rule.more",
        ];
        assert_eq!(fields, names);
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        let wrong = json("{\n  \"a\": }").unwrap_err();
        assert_eq!((wrong[0].field.as_ref(), wrong[0].message.en.as_ref()), ("file", "is no JSON at line 2, column 8"));
        let mut refused = Vec::new();
        Reader::new("rule", &Value::Null, &mut refused).end();
        assert_eq!(refused.len(), 1, "what is no object misses no fields");
    }
}
