//! Files of devices as people have them, pure: bytes → table → columns → rows with what is wrong in each.
//!
//! Invariants: no bytes panic; every size has a limit and the limit is named when it is reached; a row is numbered as the
//! spreadsheet numbers it, from 1 with the title rows; what is wrong is a code with parameters, and its words stand in
//! one place in Japanese and English.
//!
//! Deliberately not here: what the owner has already.

pub mod cells;
pub mod columns;
pub mod dates;
pub mod decode;
pub mod delimited;
pub mod devices;
pub mod export;
pub mod outcome;
pub mod places;
pub mod plan;
pub mod problems;
pub mod table;
pub mod workbook;

use serde::{Deserialize, Serialize};

/// Most bytes of a file.
pub const FILE_BYTES: usize = 32 << 20;
/// Most rows of a table, with title rows.
pub const ROWS: usize = 200_000;
/// Most columns of a table.
pub const COLUMNS: usize = 200;
/// Most characters of a cell.
pub const CELL_CHARS: usize = 1_000;
/// Most errors that are told; the rest is counted.
pub const ERRORS: usize = 10_000;

/// What a file is about. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(i16)]
pub enum ImportKind {
    /// Devices (端末).
    Devices = 1,
    /// Schools (学校).
    Schools = 2,
    /// Pupils of a school and fiscal year (児童生徒数).
    Pupils = 3,
    /// Periods of the school calendar (学校暦).
    Calendar = 4,
}

impl ImportKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Devices, Self::Schools, Self::Pupils, Self::Calendar];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// The kind that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }
}
