//! Fractions as rules of subsidy say them: two thirds, 15 percent. Exact, never a float.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{FieldViolation, says::renewal as say};

/// Largest number above and below the line.
const MOST: u32 = 1_000_000;

/// A fraction of 0 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    above: u32,
    below: u32,
}

impl Fraction {
    /// The whole.
    pub const WHOLE: Self = Self { above: 1, below: 1 };

    /// A fraction of whole numbers up to a million; none for one of zero parts.
    pub fn new(above: u32, below: u32) -> Option<Self> {
        (above <= MOST && (1..=MOST).contains(&below)).then_some(Self { above, below })
    }

    /// Reads `2/3`, `15/100`, `15%` and `1`, in any width.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let (above, below) = match (folded.split_once('/'), folded.strip_suffix('%')) {
            (Some((above, below)), _) => (above.parse().ok(), below.parse().ok()),
            (None, Some(percent)) => (percent.parse().ok(), Some(100)),
            (None, None) => (folded.parse().ok(), Some(1)),
        };
        let read = above.zip(below).and_then(|(above, below)| Self::new(above, below));
        read.ok_or_else(|| FieldViolation::new(field, say::no_fraction(text.escape_debug())))
    }

    /// The number above the line.
    pub fn above(self) -> u32 {
        self.above
    }

    /// The number below the line, 1 or more.
    pub fn below(self) -> u32 {
        self.below
    }

    /// Whether it is more than the whole.
    pub fn is_above_one(self) -> bool {
        self.above > self.below
    }

    /// So much of a count, rounded down: floor(count × fraction).
    pub fn of_count(self, count: u32) -> u32 {
        let part = u64::from(count) * u64::from(self.above) / u64::from(self.below);
        u32::try_from(part).unwrap_or(u32::MAX)
    }
}

/// As it is read, for example 2/3.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.above, self.below)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fractions_are_read_in_every_spelling() {
        for (text, read) in
            [("2/3", (2, 3)), ("２／３", (2, 3)), ("15%", (15, 100)), (" 15 ％", (15, 100)), ("1", (1, 1))]
        {
            let fraction = Fraction::parse("rate", text).unwrap();
            assert_eq!((fraction.above(), fraction.below()), read, "{text}");
        }
        for text in ["", "/", "2/0", "-1/3", "0.5", "2/3/4", "1000001/1", "1/1000001", "三分の二"] {
            assert!(Fraction::parse("rate", text).is_err(), "{text}");
        }
        assert!(Fraction::parse("rate", "4/3").unwrap().is_above_one());
        assert!(!Fraction::WHOLE.is_above_one());
    }

    proptest! {
        #[test]
        fn part_of_a_count_is_the_floor(count in any::<u32>(), above in 0_u32..2_000, below in 1_u32..2_000) {
            let part = u128::from(Fraction::new(above, below).unwrap().of_count(count));
            let exact = u128::from(count) * u128::from(above);
            let cut = part == u128::from(u32::MAX);
            prop_assert!(part * u128::from(below) <= exact && (cut || exact < (part + 1) * u128::from(below)));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,20}") {
            let _either_way = Fraction::parse("f", &text);
        }
    }
}
