//! Names of those whom a report tells of.

use std::collections::BTreeMap;

use super::words;
use crate::{error::Both, schools::rules::SchoolId};

/// Names as they are now. A report itself has codes and ids, so they are no part of what is hashed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Of owners, by their codes.
    pub owners: BTreeMap<String, String>,
    /// Of schools.
    pub schools: BTreeMap<SchoolId, String>,
}

impl Names {
    /// Whose a report of these owners is, for its cover.
    pub fn whose(&self, owners: &[String]) -> Both {
        let name = |code: &String| self.owners.get(code).unwrap_or(code).clone();
        match owners {
            [] => words::nobody(),
            [one] => Both::same(name(one)),
            [first, ..] => words::and_others(name(first), owners.len()),
        }
    }

    /// An owner beside others: names alone are not unique.
    pub(super) fn owner(&self, code: &str) -> String {
        self.owners.get(code).map_or_else(|| code.to_owned(), |name| format!("{code} {name}"))
    }

    /// A school; its id where it has no name any more.
    pub(super) fn school(&self, school: SchoolId) -> String {
        self.schools.get(&school).cloned().unwrap_or_else(|| school.to_string())
    }
}
