//! National codes and names, calendars, lines and what files say of them, pure.

pub mod built_in;
pub mod calendar;
pub mod fiscal;
pub mod import;
pub mod lines;
pub mod pupils;
pub mod search;

use unicode_normalization::UnicodeNormalization as _;

pub use crate::access::rules::fields::{parse_name, parse_optional_uuid, parse_page_size, parse_text, parse_uuid};
pub(crate) use crate::access::rules::id;
pub use crate::access::rules::{MunicipalityId, SchoolId};
use crate::error::{Both, FieldViolation, says::schools as say};

/// 全国地方公共団体コード: six digits, the last one a check digit. Text, never a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MunicipalityCode(String);

impl MunicipalityCode {
    /// Reads a code; the check digit is (11 − s mod 11) mod 10 with s = 6a+5b+4c+3d+2e.
    pub fn parse(text: &str) -> Result<Self, FieldViolation> {
        let refuse = |message: Both| Err(FieldViolation::new("code", message));
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
        if text.len() != 6 || digits.len() != 6 {
            return refuse(say::municipality_code());
        }
        let sum: u32 = digits.iter().zip([6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
        let check = (11 - sum % 11) % 10;
        if digits[5] != check {
            return refuse(say::check_digit(text, check));
        }
        Ok(Self(text.to_owned()))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 学校コード of the ministry: 13 characters, the last one a check digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolCode(String);

impl SchoolCode {
    /// Reads a code. The check: the letter as two digits (A = 01 … H = 08), the 13 digits times 1, 2, 1, 2, …, the
    /// digits of the products added up, (10 − sum mod 10) mod 10.
    pub fn parse(text: &str) -> Result<Self, FieldViolation> {
        let refuse = |message: Both| Err(FieldViolation::new("code", message));
        let (letter, digits) = text.split_at_checked(1).unwrap_or(("", ""));
        let letter = letter.bytes().next().filter(|b| (b'A'..=b'H').contains(b));
        let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
        let (Some(letter), 13, 12) = (letter, text.len(), digits.len()) else {
            return refuse(say::school_code());
        };
        let weighted = [0, u32::from(letter - b'A') + 1].into_iter().chain(digits[..11].iter().copied());
        let sum: u32 = weighted
            .zip([1, 2].into_iter().cycle())
            .map(|(digit, weight)| digit * weight)
            .map(|p| p / 10 + p % 10)
            .sum();
        let check = (10 - sum % 10) % 10;
        if digits[11] != check {
            return refuse(say::check_digit(text, check));
        }
        Ok(Self(text.to_owned()))
    }

    /// The 13 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kinds of municipalities; empty where nobody said.
pub const MUNICIPALITY_KINDS: [&str; 10] = ["", "都", "道", "府", "県", "特別区", "市", "町", "村", "組合"];

/// One of the kinds of municipalities.
pub fn parse_municipality_kind(text: &str) -> Result<String, FieldViolation> {
    if MUNICIPALITY_KINDS.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(FieldViolation::new("kind", say::municipality_kind()))
}

/// A name as it is compared: 第１ 小学校 and 第1小学校 are one.
pub fn fold_name(name: &str) -> String {
    name.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// FNV-1a, for what needs to be stable between servers and releases, not secret.
pub fn stable_hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    bytes.into_iter().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The etag of what has no version of its own: changes whenever one of the parts does.
pub fn content_etag(parts: &[&str]) -> String {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    format!("{:016x}", stable_hash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_municipality_of_tokyo_has_a_valid_code() {
        for code in ["130001", "131016", "131024", "131130", "131172", "132012", "132063", "134210"] {
            assert!(MunicipalityCode::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn wrong_check_digit_says_which_would_be_right() {
        let refused = MunicipalityCode::parse("131131").unwrap_err();
        assert_eq!(refused.message, say::check_digit("131131", 0));
        let refused = SchoolCode::parse("B113210000001").unwrap_err();
        assert_eq!(refused.message, say::check_digit("B113210000001", 5));
    }

    #[test]
    fn odd_codes_are_refused_without_panic() {
        for text in ["", "1", "13113", "1311300", "１３１１３０", "13113a", "é", "東京都東京"] {
            assert!(MunicipalityCode::parse(text).is_err(), "{text}");
        }
        for text in ["", "B", "B11321000000", "I113210000005", "B1132100000050", "學", "éB11321000000"] {
            assert!(SchoolCode::parse(text).is_err(), "{text}");
        }
        assert!(SchoolCode::parse("B113210000005").is_ok());
    }

    #[test]
    fn names_are_compared_without_width_case_and_spaces() {
        assert_eq!(fold_name("第１　小学校 A"), fold_name("第1小学校a"));
        assert_ne!(fold_name("第一小学校"), fold_name("第二小学校"));
        assert_ne!(content_etag(&["a", "b"]), content_etag(&["ab", ""]));
    }
}
