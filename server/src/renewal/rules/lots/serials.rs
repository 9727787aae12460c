//! Which devices a lot is of, by their serial numbers.

use std::collections::BTreeMap;

use super::super::records::NUMBER_MOST;
use crate::{
    devices::rules::fold::serial_key,
    error::{
        FieldViolation,
        says::{fields as say_field, renewal as say},
    },
    schools::rules::parse_text,
};

/// A device of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its serial number, as it was written.
    pub serial: String,
    /// The same, folded as the registry compares it.
    pub key: String,
}

/// Checks the serial numbers of a lot of so many devices: fewer may be known, more are refused, and so is what tells no
/// device from another, or one twice. What is wrong is named with its place, from 1, for example `serials.3`.
pub fn check_serials(said: &[String], count: u32) -> Result<Vec<Numbered>, Vec<FieldViolation>> {
    let mut wrong = Vec::new();
    if u32::try_from(said.len()).map_or(true, |known| known > count) {
        wrong.push(FieldViolation::new("serials", say::more_serials(said.len(), count)));
    }
    let (mut all, mut seen) = (Vec::new(), BTreeMap::new());
    for (place, said) in (1..).zip(said) {
        let path = || format!("serials.{place}");
        match (parse_text("serials", said.trim(), NUMBER_MOST), serial_key(said)) {
            (Err(refused), _) => wrong.push(FieldViolation::new(path(), refused.message)),
            (Ok(_), None) => wrong.push(FieldViolation::new(path(), say::no_serial())),
            (Ok(_), Some(key)) if seen.insert(key.clone(), place).is_some() => {
                wrong.push(FieldViolation::new(path(), say_field::named_twice()));
            }
            (Ok(serial), Some(key)) => all.push(Numbered { serial, key }),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_tell_devices_apart_and_are_no_more_than_the_lot() {
        let said = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let checked = check_serials(&said(&["ＡＢ-12", "XY34ZW"]), 3).unwrap();
        assert_eq!(checked[0], Numbered { serial: String::from("ＡＢ-12"), key: String::from("AB12") });
        let wrong = check_serials(&said(&["AB12", "ab-12", "NONE", "A\u{7}BCDE"]), 3).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["serials", "serials.2", "serials.3", "serials.4"]);
    }
}
