//! One end of support in the rules of ends.

use serde_json::{Value, json};
use time::Date;

use super::{Origin, list, refused, set_origin};
use crate::{
    access::rules::days::date_text,
    devices::rules::fields::OsKind,
    error::{FieldViolation, says::renewal as say},
    renewal::rules::ends::EndMeaning,
};

/// One end of support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndEdit {
    /// The line in whose place it stands, from 1. Without it, it is in place of the one of the same system, models and
    /// versions, or behind all others.
    pub line: Option<usize>,
    /// Of which system.
    pub os: OsKind,
    /// Of which models, a star at the end for any rest.
    pub models: Vec<String>,
    /// In which versions.
    pub versions: Vec<String>,
    /// The last day with support.
    pub last_day: Date,
    /// What ends.
    pub meaning: EndMeaning,
    /// Where that is written.
    pub origin: Origin,
}

pub(super) fn put(rules: &mut Value, edit: &EndEdit) -> Result<(), Vec<FieldViolation>> {
    let mut end = json!({
        "os": edit.os.name(), "models": edit.models, "versions": edit.versions,
        "last_date": date_text(edit.last_day), "means": edit.meaning.code(),
    });
    set_origin(&mut end, &edit.origin);
    let ends = list(rules, "ends")?;
    let is_of_the_same = |other: &Value| ["os", "models", "versions"].iter().all(|name| other[*name] == end[*name]);
    let at = match edit.line {
        Some(line) => Some(line.wrapping_sub(1)),
        None => ends.iter().position(is_of_the_same),
    };
    match at {
        None => ends.push(end),
        Some(at) => match ends.get_mut(at) {
            Some(place) => *place = end,
            None => return refused("ends", say::no_such_line()),
        },
    }
    Ok(())
}
