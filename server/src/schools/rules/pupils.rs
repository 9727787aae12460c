//! How many pupils a school has in a fiscal year, and who says so.

use crate::error::{FieldViolation, says::fields as say};

/// Most pupils of a school that are believed.
pub const MOST_PUPILS: u32 = 5_000;

/// Who says how many. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum PupilsSource {
    /// A person typed it.
    Person = 1,
    /// A file of the board.
    File = 2,
    /// 学校基本調査, as of 1 May.
    Survey = 3,
    /// A forecast for a year to come.
    Forecast = 4,
}

impl PupilsSource {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Person, Self::File, Self::Survey, Self::Forecast];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|source| *source as i16 == number)
    }
}

/// A number of pupils: 0 to 5,000.
pub fn parse_pupils(pupils: u32) -> Result<i64, FieldViolation> {
    if pupils > MOST_PUPILS {
        return Err(FieldViolation::new("pupils", say::too_large(pupils, "5,000")));
    }
    Ok(i64::from(pupils))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pupils_are_bounded() {
        assert_eq!(parse_pupils(0).unwrap(), 0);
        assert_eq!(parse_pupils(5_000).unwrap(), 5_000);
        assert!(parse_pupils(5_001).is_err());
    }
}
