//! Which schools a search looks for and where a page of them goes on, pure.

use uuid::Uuid;

use super::{MunicipalityId, SchoolId, fold_name};
use crate::error::FieldViolation;

/// Most characters of a fragment.
const FRAGMENT_MOST: usize = 64;

/// What a school is, by the first two characters of its code (学校種).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchoolKind {
    /// 幼稚園.
    Kindergarten,
    /// 幼保連携型認定こども園.
    KindergartenWithCare,
    /// 小学校.
    Elementary,
    /// 中学校.
    JuniorHigh,
    /// 義務教育学校.
    Compulsory,
    /// 高等学校.
    High,
    /// 中等教育学校.
    Secondary,
    /// 特別支援学校.
    SpecialNeeds,
}

impl SchoolKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Kindergarten,
        Self::KindergartenWithCare,
        Self::Elementary,
        Self::JuniorHigh,
        Self::Compulsory,
        Self::High,
        Self::Secondary,
        Self::SpecialNeeds,
    ];

    /// The first two characters of the codes of this kind.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Kindergarten => "A1",
            Self::KindergartenWithCare => "A2",
            Self::Elementary => "B1",
            Self::JuniorHigh => "C1",
            Self::Compulsory => "C2",
            Self::High => "D1",
            Self::Secondary => "D2",
            Self::SpecialNeeds => "E1",
        }
    }

    /// The kind with this prefix.
    pub fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)
    }

    /// The kind of a school with this code; none for a kind that has no tablets of pupils, and without a code.
    pub fn of_code(code: &str) -> Option<Self> {
        code.get(..2).and_then(Self::from_prefix)
    }
}

/// Which schools a search looks for; the default is all that are open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchoolSearch {
    /// Only of this owner.
    pub municipality: Option<MunicipalityId>,
    /// Only those whose name or code, folded, has this in it.
    pub fragment: Option<String>,
    /// Only of this kind.
    pub kind: Option<SchoolKind>,
    /// Also those that are closed.
    pub with_closed: bool,
}

/// Folds a fragment of a name or code as names are folded; none for an empty one.
pub fn parse_fragment(text: &str) -> Result<Option<String>, FieldViolation> {
    let folded = fold_name(text);
    let characters = folded.chars().count();
    if characters > FRAGMENT_MOST {
        return Err(FieldViolation::new("q", format!("has {characters} characters, may have {FRAGMENT_MOST}")));
    }
    if folded.chars().any(char::is_control) {
        return Err(FieldViolation::new("q", "has control characters"));
    }
    Ok(Some(folded).filter(|folded| !folded.is_empty()))
}

/// What a school is ordered by within its owner: its code; those without one come last.
pub fn order_key(code: Option<&str>) -> &str {
    code.unwrap_or(LAST)
}

/// Behind every code.
const LAST: &str = "~";

/// A place in a list of schools, behind one school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolPosition {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The key of the order.
    pub key: String,
    /// The school.
    pub school: SchoolId,
}

impl SchoolPosition {
    /// Before all schools of an owner.
    pub fn start(municipality: MunicipalityId) -> Self {
        Self { municipality, key: String::new(), school: SchoolId(Uuid::nil()) }
    }

    /// As bytes, for a page token.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.municipality.0.as_bytes(), self.school.0.as_bytes(), self.key.as_bytes()].concat()
    }

    /// Reads what [`Self::to_bytes`] wrote; none for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (municipality, rest) = bytes.split_first_chunk::<16>()?;
        let (school, key) = rest.split_first_chunk::<16>()?;
        let key = std::str::from_utf8(key).ok().filter(|key| key.len() <= 13 && !key.contains('\0'))?;
        Some(Self {
            municipality: MunicipalityId(Uuid::from_bytes(*municipality)),
            key: key.to_owned(),
            school: SchoolId(Uuid::from_bytes(*school)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_stands_in_the_code() {
        assert_eq!(SchoolKind::of_code("B113210000005"), Some(SchoolKind::Elementary));
        assert_eq!(SchoolKind::of_code("C213210000005"), Some(SchoolKind::Compulsory));
        assert_eq!([SchoolKind::of_code(""), SchoolKind::of_code("F113"), SchoolKind::of_code("é1")], [None; 3]);
        for kind in SchoolKind::ALL {
            assert_eq!(SchoolKind::from_prefix(kind.prefix()), Some(kind));
        }
    }

    #[test]
    fn fragment_is_folded_like_names() {
        assert_eq!(parse_fragment(" 第１ 小 "), Ok(Some(String::from("第1小"))));
        assert_eq!(parse_fragment("　"), Ok(None));
        assert!(parse_fragment(&"校".repeat(65)).is_err() && parse_fragment("a\0").is_err());
    }

    #[test]
    fn position_comes_back_and_junk_does_not() {
        let position = SchoolPosition {
            municipality: MunicipalityId(Uuid::now_v7()),
            key: String::from("B113210000005"),
            school: SchoolId(Uuid::now_v7()),
        };
        let bytes = position.to_bytes();
        assert_eq!(SchoolPosition::from_bytes(&bytes), Some(position));
        for end in 0..32 {
            assert_eq!(SchoolPosition::from_bytes(&bytes[..end]), None);
        }
        let long = [bytes.as_slice(), b"longer than any code"].concat();
        assert_eq!(SchoolPosition::from_bytes(&long), None);
        assert!(order_key(Some("H2")) < order_key(None));
    }
}
