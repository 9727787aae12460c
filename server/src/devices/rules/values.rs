//! What a person may write into a field: texts become values, or are refused with what would be right. Pure.

use uuid::Uuid;

use super::fields::{Field, FieldValue, Lifecycle, OsKind, Purpose};
use crate::{
    access::rules::{
        days::{date_text, parse_date as parse_date_of},
        fields::parse_text,
    },
    console::words::{Language, devices::value_text},
    error::{
        Both, FieldViolation,
        says::{devices as say, fields},
    },
};

/// Most characters of a text.
const TEXT_CHARACTERS: usize = 100;
/// Highest grade: a school of compulsory education has nine, a special needs school twelve.
const GRADES: i64 = 12;
/// Highest number on a class list.
const SEATS: i64 = 999;
/// Highest price.
const YEN: i64 = 1_000_000_000;

/// Reads what a person wrote; empty means that there is none.
pub fn parse_value(field: Field, text: &str) -> Result<FieldValue, FieldViolation> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(FieldValue::Nothing);
    }
    match field {
        Field::Label
        | Field::SerialNumber
        | Field::Maker
        | Field::Model
        | Field::OsVersion
        | Field::Room
        | Field::Cart
        | Field::ClassName
        | Field::HolderId
        | Field::PurchaseReference => parse_text(field.name(), text, TEXT_CHARACTERS).map(FieldValue::Text),
        Field::School => parse_school(field, text),
        Field::AcquiredOn | Field::WarrantyUntil | Field::LeaseUntil => parse_date(field, text),
        Field::Grade => parse_number(field, text, 1..=GRADES),
        Field::SeatNumber => parse_number(field, text, 1..=SEATS),
        Field::PriceYen => parse_number(field, text, 0..=YEN),
        Field::OsKind => {
            parse_name(field, text, OsKind::from_name(text).map(FieldValue::from), OsKind::ALL, OsKind::name)
        }
        Field::Purpose => {
            parse_name(field, text, Purpose::from_name(text).map(FieldValue::from), Purpose::ALL, Purpose::name)
        }
        Field::Lifecycle => {
            parse_name(field, text, Lifecycle::from_name(text).map(FieldValue::from), Lifecycle::ALL, Lifecycle::name)
        }
    }
}

fn refuse<T>(field: Field, message: Both) -> Result<T, FieldViolation> {
    Err(FieldViolation::new(field.name(), message))
}

fn parse_school(field: Field, text: &str) -> Result<FieldValue, FieldViolation> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(FieldValue::Text(id.to_string())),
        Err(_) => refuse(field, say::no_school_id()),
    }
}

fn parse_date(field: Field, text: &str) -> Result<FieldValue, FieldViolation> {
    let date = parse_date_of(field.name(), text)?;
    match date.year() {
        1990..2100 => Ok(FieldValue::Text(date_text(date))),
        _ => refuse(field, say::date_range()),
    }
}

fn parse_number(field: Field, text: &str, range: std::ops::RangeInclusive<i64>) -> Result<FieldValue, FieldViolation> {
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(FieldValue::Number(number)),
        _ => refuse(field, fields::whole_number(range.start(), range.end())),
    }
}

fn parse_name<T: Copy>(
    field: Field,
    text: &str,
    value: Option<FieldValue>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<FieldValue, FieldViolation> {
    match value {
        Some(value) => Ok(value),
        None => {
            let names = || all.iter().map(|one| name(*one));
            let ja: Vec<_> = names().map(|name| value_text(Language::Ja, name)).collect();
            let en: Vec<_> = names().collect();
            refuse(field, Both::of(fields::none_of(text, ja.join("、")), fields::none_of(text, en.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_field_reads_what_is_right() {
        assert_eq!(parse_value(Field::Room, " 3年2組教室 ").unwrap(), FieldValue::text("3年2組教室"));
        assert_eq!(parse_value(Field::Room, " ").unwrap(), FieldValue::Nothing);
        assert_eq!(parse_value(Field::Grade, "6").unwrap(), FieldValue::Number(6));
        assert_eq!(parse_value(Field::Purpose, "teacher").unwrap(), Purpose::Teacher.into());
        assert_eq!(parse_value(Field::AcquiredOn, "2024-02-29").unwrap(), FieldValue::text("2024-02-29"));
        assert_eq!(parse_value(Field::AcquiredOn, "R7.4.1").unwrap(), FieldValue::text("2025-04-01"));
        assert_eq!(parse_value(Field::PriceYen, "55000").unwrap(), FieldValue::Number(55_000));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (field, text, told) in [
            (Field::AcquiredOn, "2023-02-29", "calendar"),
            (Field::AcquiredOn, "1980-04-01", "1990 and 2099"),
            (Field::AcquiredOn, "R41.4.1.1", "2026-04-01"),
            (Field::Grade, "13", "1 to 12"),
            (Field::SeatNumber, "１", "1 to 999"),
            (Field::PriceYen, "-1", "0 to"),
            (Field::Purpose, "pupil", "learner"),
            (Field::School, "第一小学校", "id of a school"),
            (Field::Label, "a\0b", "control"),
        ] {
            let refused = parse_value(field, text).unwrap_err();
            assert_eq!(refused.field, field.name());
            assert!(refused.message.en.contains(told), "{}", refused.message);
        }
        assert!(parse_value(Field::Label, &"あ".repeat(101)).is_err());
    }
}
