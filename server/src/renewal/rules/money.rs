//! Yen, whole and bounded, and splits of them of which no yen is lost.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::fraction::Fraction;
use crate::{
    error::{Both, Error, FieldViolation, says::renewal as say},
    tickets::rules::words,
};

/// Most yen of anything, above nothing and below: ten trillion. All devices of the nation's first phase, at 45,000 yen
/// each, are less than a twentieth of that.
const MOST: i64 = 10_000_000_000_000;

/// An amount in whole yen, from −10^13 to 10^13. What people say is never below nothing; differences can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Yen(i64);

/// An amount is beyond what [`Yen`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverLimit;

impl OverLimit {
    /// What is said of a field with such an amount.
    pub fn at(self, field: &'static str) -> FieldViolation {
        FieldViolation::new(field, say::yen_limit(Yen::MOST))
    }
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say::yen_limit(Yen::MOST).fmt(f)
    }
}

impl std::error::Error for OverLimit {}

/// Why nothing could be reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreckoned {
    /// Sums are above the limit.
    OverLimit(OverLimit),
    /// What was said can not be done.
    Refused(FieldViolation),
}

impl From<OverLimit> for Unreckoned {
    fn from(over: OverLimit) -> Self {
        Self::OverLimit(over)
    }
}

impl From<FieldViolation> for Unreckoned {
    fn from(wrong: FieldViolation) -> Self {
        Self::Refused(wrong)
    }
}

/// Reason: FIELD_INVALID.
impl From<Unreckoned> for Error {
    fn from(why: Unreckoned) -> Self {
        match why {
            Unreckoned::OverLimit(over) => over.into(),
            Unreckoned::Refused(wrong) => Self::invalid_fields("FIELD_INVALID", vec![wrong]),
        }
    }
}

/// Reason: FIELD_INVALID, of the field `amount_yen`.
impl From<OverLimit> for Error {
    fn from(over: OverLimit) -> Self {
        Self::invalid_fields("FIELD_INVALID", vec![over.at("amount_yen")])
    }
}

impl TryFrom<i64> for Yen {
    type Error = OverLimit;

    fn try_from(amount: i64) -> Result<Self, OverLimit> {
        Self::new(amount)
    }
}

impl From<Yen> for i64 {
    fn from(yen: Yen) -> Self {
        yen.0
    }
}

/// With commas between thousands, for example 55,000.
impl fmt::Display for Yen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{}{grouped}", if self.0 < 0 { "-" } else { "" })
    }
}

impl Yen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most there is.
    pub const MOST: Self = Self(MOST);

    /// So many yen, from −10^13 to 10^13.
    pub fn new(amount: i64) -> Result<Self, OverLimit> {
        if (-MOST..=MOST).contains(&amount) { Ok(Self(amount)) } else { Err(OverLimit) }
    }

    fn of_wide(amount: i128) -> Result<Self, OverLimit> {
        i64::try_from(amount).map_err(|_| OverLimit).and_then(Self::new)
    }

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self.0
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, OverLimit> {
        Self::new(self.0 + other.0)
    }

    /// What is left, or lacks, after another amount is taken.
    pub fn minus(self, other: Self) -> Result<Self, OverLimit> {
        Self::new(self.0 - other.0)
    }

    /// So many times as much.
    pub fn times(self, count: u32) -> Result<Self, OverLimit> {
        Self::of_wide(i128::from(self.0) * i128::from(count))
    }

    /// All together.
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, OverLimit> {
        Self::of_wide(all.into_iter().map(|yen| i128::from(yen.0)).sum())
    }

    /// Reads an amount of 0 yen or more as files and forms write it: 55000, 55,000円, ¥55,000, 55千円, in any width. A
    /// point may only have zeros behind it, as worksheets write them. Refused: what is below nothing (−, ▲, △ or
    /// brackets), parts of a yen, more than 10^13, commas elsewhere than between thousands.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldViolation> {
        let refuse = |message| Err(FieldViolation::new(field, message));
        let told = text.trim().escape_debug();
        let folded: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        let bare = folded.trim_start_matches(['¥', '\\']);
        if bare.starts_with(['-', '−', '‐', '▲', '△', '(']) {
            return refuse(say::negative_yen(told));
        }
        let bare = bare.trim_end_matches('-').trim_end_matches('円');
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| bare.strip_suffix(name).map(|rest| (rest, *unit)))
            .unwrap_or((bare, 1));
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let Some(digits) = ungrouped(whole) else { return refuse(say::no_yen(told)) };
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse(say::no_yen(told));
        }
        if part.bytes().any(|byte| byte != b'0') {
            return refuse(say::fractional_yen(told));
        }
        // More digits than the type holds are too much, not unreadable.
        let amount = digits.parse::<i128>().ok().and_then(|amount| amount.checked_mul(unit));
        match amount.map(Self::of_wide) {
            Some(Ok(yen)) => Ok(yen),
            Some(Err(over)) => Err(over.at(field)),
            None => Err(OverLimit.at(field)),
        }
    }

    /// A fraction of it, rounded.
    pub fn part(self, fraction: Fraction, rounding: Rounding) -> Result<Self, OverLimit> {
        Self::of_wide(rounding.divide(i128::from(self.0) * i128::from(fraction.above()), fraction.below()))
    }

    /// Shares it out by weights, so that the shares add up to it: what is left over after rounding down goes to the
    /// largest remainders, one yen each, the first of equal ones first. None where all weights are zero, or where it is
    /// below nothing.
    pub fn share_out(self, weights: &[u64]) -> Option<Vec<Self>> {
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        let amount = u128::try_from(self.0).ok()?;
        if total == 0 {
            return None;
        }
        let mut shares: Vec<_> = weights.iter().map(|weight| amount * u128::from(*weight) / total).collect();
        let left = amount - shares.iter().sum::<u128>();
        let mut by_remainder: Vec<_> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|at| std::cmp::Reverse(amount * u128::from(weights[*at]) % total));
        for at in by_remainder.into_iter().take(usize::try_from(left).expect("fewer than there are weights")) {
            shares[at] += 1;
        }
        let yen = |share| Self(i64::try_from(share).expect("a share is at most the whole"));
        Some(shares.into_iter().map(yen).collect())
    }
}

/// Adds an amount to what its key has. Refused: a sum above 10^13 yen.
pub fn add_to<K: Ord>(sums: &mut BTreeMap<K, Yen>, key: K, amount: Yen) -> Result<(), OverLimit> {
    let sum = sums.entry(key).or_default();
    *sum = sum.plus(amount)?;
    Ok(())
}

/// Amounts added up by their keys. Refused: a sum above 10^13 yen.
pub fn sum_by<K: Ord>(amounts: impl IntoIterator<Item = (K, Yen)>) -> Result<BTreeMap<K, Yen>, OverLimit> {
    let mut sums = BTreeMap::new();
    for (key, amount) in amounts {
        add_to(&mut sums, key, amount)?;
    }
    Ok(sums)
}

/// Units in which budgets are written, longest first.
const UNITS: [(&str, i128); 4] = [("百万", 1_000_000), ("億", 100_000_000), ("万", 10_000), ("千", 1_000)];

/// The digits of a number whose commas, if there are any, stand between thousands.
fn ungrouped(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split([',', '、']).collect();
    let digits = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let thousands = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    (groups.iter().all(digits) && thousands).then(|| groups.concat())
}

words! {
    /// Where parts of a unit go.
    RoundingMode {
        /// Away.
        Floor = 1, "切り捨て", "rounded down";
        /// To a whole unit.
        Ceil = 2, "切り上げ", "rounded up";
        /// From half a unit on to a whole one.
        HalfUp = 3, "四捨五入", "rounded half up";
    }
}

impl RoundingMode {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Floor => "FLOOR",
            Self::Ceil => "CEIL",
            Self::HalfUp => "HALF_UP",
        }
    }
}

words! {
    /// To what is rounded.
    RoundingUnit {
        /// To yen.
        One = 1, "1円", "1 yen";
        /// To hundreds.
        Hundred = 2, "100円", "100 yen";
        /// To thousands.
        Thousand = 3, "1,000円", "1,000 yen";
    }
}

impl RoundingUnit {
    /// In yen.
    pub fn yen(self) -> i64 {
        match self {
            Self::One => 1,
            Self::Hundred => 100,
            Self::Thousand => 1_000,
        }
    }
}

/// How an amount is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounding {
    /// Where parts go.
    pub mode: RoundingMode,
    /// To what.
    pub unit: RoundingUnit,
}

impl Rounding {
    /// Down to whole yen.
    pub const DOWN: Self = Self { mode: RoundingMode::Floor, unit: RoundingUnit::One };

    /// `above ÷ below` in whole units, given in yen; `below` is 1 or more.
    fn divide(self, above: i128, below: u32) -> i128 {
        let unit = i128::from(self.unit.yen());
        let parts = i128::from(below) * unit;
        let (down, rest) = (above.div_euclid(parts), above.rem_euclid(parts));
        let up = match self.mode {
            RoundingMode::Floor => false,
            RoundingMode::Ceil => rest > 0,
            RoundingMode::HalfUp => rest * 2 >= parts,
        };
        (down + i128::from(up)) * unit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yen(amount: i64) -> Yen {
        Yen::new(amount).unwrap()
    }

    #[test]
    fn amounts_are_added_up_by_their_keys() {
        let sums = sum_by([("a", yen(1)), ("b", yen(2)), ("a", yen(3))]).unwrap();
        assert_eq!(sums, BTreeMap::from([("a", yen(4)), ("b", yen(2))]));
        assert_eq!(sum_by([("a", Yen::MOST), ("a", yen(1))]), Err(OverLimit));
    }

    #[test]
    fn amounts_are_read_in_every_spelling() {
        for (text, amount) in [
            ("55000", 55_000),
            ("55,000円", 55_000),
            ("５５，０００円", 55_000),
            ("¥55,000", 55_000),
            ("￥55,000-", 55_000),
            (" 55 000 ", 55_000),
            ("55,000.00", 55_000),
            ("55千円", 55_000),
            ("1,234千円", 1_234_000),
            ("3億円", 300_000_000),
            ("12百万円", 12_000_000),
            ("5万円", 50_000),
            ("0", 0),
            ("10,000,000,000,000", MOST),
        ] {
            assert_eq!(Yen::parse("amount_yen", text).unwrap(), yen(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_says_why() {
        let said = |text| Yen::parse("amount_yen", text).unwrap_err().message.en.into_owned();
        for text in ["-5", "−5", "▲5,000", "△5,000円", "(5,000)", "¥-5", "－５"] {
            assert!(said(text).contains("below nothing"), "{text}: {}", said(text));
        }
        for text in ["0.5", "55,000.5円", "12.3千円", "1.25"] {
            assert!(said(text).contains("part of a yen"), "{text}: {}", said(text));
        }
        for text in
            ["10,000,000,000,001", "1000000000000000", "999999999999999999999999999999999999999999", "100001億円"]
        {
            assert_eq!(said(text), "is above 10,000,000,000,000 yen", "{text}");
        }
        for text in
            ["", "円", "五万円", "55,00", "5,5000", ",000", "55,000,", "5500,000", "1e5", "12.a", "55000 yen", "+5"]
        {
            assert!(said(text).contains("no amount"), "{text}: {}", said(text));
        }
        assert_eq!(Yen::parse("a", "▲1").unwrap_err().message.ja, "「▲1」は負の金額です。0円以上にしてください");
    }

    #[test]
    fn sums_beyond_the_limit_are_refused() {
        assert_eq!(Yen::MOST.plus(yen(1)), Err(OverLimit));
        assert_eq!(yen(-MOST).minus(yen(1)), Err(OverLimit));
        assert_eq!(Yen::MOST.times(2), Err(OverLimit));
        assert_eq!(Yen::sum([Yen::MOST, Yen::MOST, yen(-MOST)]), Ok(Yen::MOST));
        assert_eq!(Yen::new(i64::MIN), Err(OverLimit));
        let error = Error::from(OverLimit);
        assert_eq!((error.reason, error.fields[0].field.as_ref()), ("FIELD_INVALID", "amount_yen"));
        assert!(serde_json::from_str::<Yen>("10000000000001").is_err());
        assert_eq!(yen(-1_234_567).to_string(), "-1,234,567");
        assert_eq!((yen(0).to_string(), yen(999).to_string()), ("0".into(), "999".into()));
    }

    #[test]
    fn two_thirds_are_rounded_as_it_is_said() {
        let rate = Fraction::new(2, 3).unwrap();
        let of = |amount, mode, unit| yen(amount).part(rate, Rounding { mode, unit }).unwrap().to_number();
        let (one, hundred, thousand) = (RoundingUnit::One, RoundingUnit::Hundred, RoundingUnit::Thousand);
        // 55,000 × 2/3 = 36,666.67.
        for (mode, unit, amount) in [
            (RoundingMode::Floor, one, 36_666),
            (RoundingMode::Floor, hundred, 36_600),
            (RoundingMode::Floor, thousand, 36_000),
            (RoundingMode::Ceil, one, 36_667),
            (RoundingMode::Ceil, hundred, 36_700),
            (RoundingMode::Ceil, thousand, 37_000),
            (RoundingMode::HalfUp, one, 36_667),
            (RoundingMode::HalfUp, hundred, 36_700),
            (RoundingMode::HalfUp, thousand, 37_000),
        ] {
            assert_eq!(of(55_000, mode, unit), amount, "{mode:?} {unit:?}");
        }
        // 2,250 × 2/3 = 1,500, the half of a thousand.
        assert_eq!(
            (of(2_250, RoundingMode::HalfUp, thousand), of(2_248, RoundingMode::HalfUp, thousand)),
            (2_000, 1_000)
        );
        assert_eq!(of(3_000, RoundingMode::Ceil, thousand), 2_000, "nothing to round");
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders() {
        let shares = |amount, weights: &[u64]| {
            let shares = yen(amount).share_out(weights).unwrap();
            shares.into_iter().map(Yen::to_number).collect::<Vec<_>>()
        };
        assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(shares(10, &[1, 2, 4]), [1, 3, 6]);
        assert_eq!(shares(5, &[0, 3]), [0, 5]);
        assert_eq!((yen(5).share_out(&[0, 0]), yen(5).share_out(&[]), yen(-5).share_out(&[1])), (None, None, None));
    }

    proptest! {
        #[test]
        fn shares_add_up_and_are_within_a_yen(
            amount in 0..=MOST, weights in prop::collection::vec(prop_oneof![0_u64..5, 0..=u64::from(u32::MAX)], 1..60),
        ) {
            let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            let Some(shares) = yen(amount).share_out(&weights) else {
                prop_assert_eq!(total, 0);
                return Ok(());
            };
            prop_assert_eq!(Yen::sum(shares.iter().copied()), Ok(yen(amount)));
            for (share, weight) in shares.iter().zip(&weights) {
                let down = u128::try_from(amount).unwrap() * u128::from(*weight) / total;
                let share = u128::try_from(share.to_number()).unwrap();
                prop_assert!(share == down || share == down + 1);
                prop_assert!(*weight > 0 || share == 0);
            }
        }

        #[test]
        fn rounded_part_is_within_a_unit_of_the_exact_one(
            amount in 0..=1_000_000_000_000_i64, above in 0_u32..=100, below in 1_u32..=100,
            mode in 0_usize..3, unit in 0_usize..3,
        ) {
            let rounding = Rounding { mode: RoundingMode::ALL[mode], unit: RoundingUnit::ALL[unit] };
            let fraction = Fraction::new(above.min(below), below).unwrap();
            let part = yen(amount).part(fraction, rounding).unwrap().to_number();
            let exact = i128::from(amount) * i128::from(fraction.above());
            let off = (i128::from(part) * i128::from(below) - exact).abs();
            let whole = i128::from(rounding.unit.yen()) * i128::from(below);
            prop_assert_eq!(part % rounding.unit.yen(), 0);
            let is_right = match rounding.mode {
                RoundingMode::Floor => off < whole && i128::from(part) * i128::from(below) <= exact,
                RoundingMode::Ceil => off < whole && i128::from(part) * i128::from(below) >= exact,
                RoundingMode::HalfUp => off * 2 <= whole,
            };
            prop_assert!(is_right);
        }

        #[test]
        fn what_is_written_is_read_back(amount in 0..=MOST) {
            prop_assert_eq!(Yen::parse("a", &format!("{}円", yen(amount))).unwrap(), yen(amount));
            prop_assert_eq!(Yen::parse("a", &amount.to_string()).unwrap(), yen(amount));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,30}") {
            let _either_way = Yen::parse("a", &text);
        }
    }
}
