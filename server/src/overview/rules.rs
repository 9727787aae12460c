//! Which devices a list shows, in what order, and where a page goes on, pure.

use gigafleet_proto::v1;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::{
    devices::rules::fold::fold_key,
    error::FieldViolation,
    schools::rules::{MunicipalityId, SchoolId},
};

/// Fewest characters of a fragment, folded: what every second device has tells nobody anything.
const FRAGMENT_LEAST: usize = 2;
/// Most characters of a fragment.
const FRAGMENT_MOST: usize = 64;

/// Any of some numbers of a small enum; all of them if none is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnyOf(Option<i64>);

impl AnyOf {
    /// Any of these numbers, 0 to 62; all numbers if there are none. None if a number is out of range.
    pub fn numbers(numbers: impl IntoIterator<Item = i32>) -> Option<Self> {
        let mut bits = None;
        for number in numbers {
            let bit = u32::try_from(number).ok().filter(|n| *n <= 62)?;
            *bits.get_or_insert(0) |= 1_i64 << bit;
        }
        Some(Self(bits))
    }

    /// Whether a number is named.
    pub fn names(self, number: i32) -> bool {
        self.0.is_some_and(|bits| u32::try_from(number).is_ok_and(|n| n <= 62 && bits & (1 << n) != 0))
    }

    /// Whether a number is let through.
    pub(super) fn allows(self, number: i16) -> bool {
        self == Self::default() || self.names(number.into())
    }

    /// As a parameter of a statement: one bit for each number, -1 for all.
    pub(super) fn bits(self) -> i64 {
        self.0.unwrap_or(-1)
    }
}

/// Which devices a list shows; the default shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Only of this owner.
    pub municipality: Option<MunicipalityId>,
    /// Only of this school of the owner.
    pub school: Option<SchoolId>,
    /// Only of these lifecycles.
    pub lifecycles: AnyOf,
    /// Only of these purposes.
    pub purposes: AnyOf,
    /// Only of these kinds of operating system.
    pub os_kinds: AnyOf,
    /// Only of this model.
    pub model: Option<String>,
    /// Only those that do, or do not, report.
    pub presence: Option<v1::Presence>,
    /// Only those with, or without, an open review of identity.
    pub has_open_review: Option<bool>,
    /// Only of this grade.
    pub grade: Option<i64>,
    /// Only of this class.
    pub class_name: Option<String>,
    /// Only those whose label or serial number, folded, has this in it.
    pub fragment: Option<String>,
}

impl DeviceFilter {
    /// Whether the counts that are kept tell how many devices there are: they know place, lifecycle, purpose and system.
    pub fn is_counted(&self) -> bool {
        let of_lists = ["model", "presence", "has_open_review", "grade", "class_name", "query"];
        !self.narrowed_by().iter().any(|filter| of_lists.contains(filter))
    }

    /// What narrows the list beside the place, by the names of the contract; not by which value.
    pub fn narrowed_by(&self) -> Vec<&'static str> {
        let all = [
            ("lifecycles", self.lifecycles != AnyOf::default()),
            ("purposes", self.purposes != AnyOf::default()),
            ("os_kinds", self.os_kinds != AnyOf::default()),
            ("model", self.model.is_some()),
            ("presence", self.presence.is_some()),
            ("has_open_review", self.has_open_review.is_some()),
            ("grade", self.grade.is_some()),
            ("class_name", self.class_name.is_some()),
            ("query", self.fragment.is_some()),
        ];
        all.into_iter().filter(|(_, narrows)| *narrows).map(|(name, _)| name).collect()
    }
}

/// Folds a fragment of a label or serial number as they are folded themselves; none for an empty one.
pub fn parse_fragment(text: &str) -> Result<Option<String>, FieldViolation> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let folded = fold_key(text).unwrap_or_default();
    let characters = folded.chars().count();
    if folded.contains('\0') {
        return Err(FieldViolation::new("query", "has a NUL character"));
    }
    if !(FRAGMENT_LEAST..=FRAGMENT_MOST).contains(&characters) {
        let message = format!(
            "has {characters} characters besides spaces and dashes, needs {FRAGMENT_LEAST} to {FRAGMENT_MOST} of a label or serial number"
        );
        return Err(FieldViolation::new("query", message));
    }
    Ok(Some(folded))
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortField {
    /// The id, which is roughly the order in which devices became known.
    #[default]
    DeviceId,
    /// The label, folded.
    Label,
    /// The serial number, folded.
    SerialNumber,
    /// The model.
    Model,
    /// The name of the school.
    SchoolName,
    /// The lifecycle, in the order of its numbers.
    Lifecycle,
    /// When the newest report was stored.
    LastCheckinTime,
}

impl SortField {
    /// All fields.
    pub const ALL: [Self; 7] = [
        Self::DeviceId,
        Self::Label,
        Self::SerialNumber,
        Self::Model,
        Self::SchoolName,
        Self::Lifecycle,
        Self::LastCheckinTime,
    ];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeviceId => "device_id",
            Self::Label => "label",
            Self::SerialNumber => "serial_number",
            Self::Model => "model",
            Self::SchoolName => "school_name",
            Self::Lifecycle => "lifecycle",
            Self::LastCheckinTime => "last_checkin_time",
        }
    }

    /// Whether it is compared as a number.
    pub(super) fn is_number(self) -> bool {
        match self {
            Self::Lifecycle | Self::LastCheckinTime => true,
            Self::DeviceId | Self::Label | Self::SerialNumber | Self::Model | Self::SchoolName => false,
        }
    }
}

/// The order of a list, within each owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceOrder {
    /// By what.
    pub field: SortField,
    /// From the last to the first.
    pub descending: bool,
}

impl DeviceOrder {
    /// Reads an order as AIP-132 writes it: a field, " desc" behind it or not; empty for the order of ids.
    pub fn parse(text: &str) -> Result<Self, FieldViolation> {
        let mut words = text.split_whitespace();
        let Some(name) = words.next() else { return Ok(Self::default()) };
        let field = SortField::ALL.into_iter().find(|field| field.name() == name);
        let descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => Some(false),
            (Some("desc"), None) => Some(true),
            _ => None,
        };
        match (field, descending) {
            (Some(field), Some(descending)) => Ok(Self { field, descending }),
            _ => {
                let names = SortField::ALL.map(SortField::name).join(", ");
                Err(FieldViolation::new("order_by", format!("is one field, \" desc\" behind it or not: {names}")))
            }
        }
    }

    /// As [`Self::parse`] reads it.
    pub fn to_text(self) -> String {
        let direction = if self.descending { " desc" } else { "" };
        format!("{}{direction}", self.field.name())
    }
}

/// A filter and an order: what the pages of one list have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceQuery {
    /// Which devices.
    pub filter: DeviceFilter,
    /// In which order.
    pub order: DeviceOrder,
}

impl DeviceQuery {
    /// Tells lists apart, so that a page token of one is refused by another.
    fn fingerprint(&self) -> [u8; 8] {
        let hash = digest(&SHA256, format!("{self:?}").as_bytes());
        *hash.as_ref().first_chunk().expect("32 bytes have 8")
    }

    /// Writes where the next page begins.
    pub fn to_token(&self, position: &Position) -> Vec<u8> {
        let mut token = self.fingerprint().to_vec();
        token.extend_from_slice(position.municipality.0.as_bytes());
        token.extend_from_slice(position.device.as_bytes());
        token.extend_from_slice(&position.number.to_be_bytes());
        token.extend_from_slice(position.text.as_bytes());
        token
    }

    /// Reads where a page begins; none if the token belongs to another list, or is no token at all.
    pub fn position(&self, token: &[u8]) -> Option<Position> {
        let (fingerprint, rest) = token.split_first_chunk::<8>()?;
        let (municipality, rest) = rest.split_first_chunk::<16>()?;
        let (device, rest) = rest.split_first_chunk::<16>()?;
        let (number, text) = rest.split_first_chunk::<8>()?;
        let text = String::from_utf8(text.to_vec()).ok().filter(|text| !text.contains('\0'))?;
        (*fingerprint == self.fingerprint()).then_some(Position {
            municipality: MunicipalityId(Uuid::from_bytes(*municipality)),
            device: Uuid::from_bytes(*device),
            number: i64::from_be_bytes(*number),
            text,
        })
    }
}

/// A place in a list, behind one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The device.
    pub(super) device: Uuid,
    /// What the device is ordered by, if that is a number.
    pub(super) number: i64,
    /// What the device is ordered by, if that is a text.
    pub(super) text: String,
}

impl Position {
    /// Before all devices of an owner.
    pub(super) fn start(municipality: MunicipalityId, order: DeviceOrder) -> Self {
        match order.descending {
            false => Self { municipality, device: Uuid::nil(), number: i64::MIN, text: String::new() },
            true => Self { municipality, device: Uuid::max(), number: i64::MAX, text: String::from('\u{10FFFF}') },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_are_written() {
        for field in SortField::ALL {
            for descending in [false, true] {
                let order = DeviceOrder { field, descending };
                assert_eq!(DeviceOrder::parse(&order.to_text()), Ok(order));
            }
        }
        assert_eq!(DeviceOrder::parse(" "), Ok(DeviceOrder::default()));
        for junk in ["price", "label down", "label desc, model", "desc"] {
            assert_eq!(DeviceOrder::parse(junk).unwrap_err().field, "order_by");
        }
    }

    #[test]
    fn token_of_another_list_is_refused() {
        let query = DeviceQuery::default();
        let position = Position::start(MunicipalityId(Uuid::now_v7()), query.order);
        let token = query.to_token(&position);
        assert_eq!(query.position(&token), Some(position));
        let mut other = query.clone();
        other.filter.model = Some(String::from("Chromebook"));
        assert_eq!(other.position(&token), None);
        let other = DeviceQuery { order: DeviceOrder { descending: true, ..query.order }, ..query.clone() };
        assert_eq!(other.position(&token), None);
        for end in 0..token.len() {
            assert_eq!(query.position(&token[..end]), None);
        }
    }

    #[test]
    fn fragment_is_folded_and_long_enough() {
        assert_eq!(parse_fragment("渋 3－ａ"), Ok(Some(String::from("渋3A"))));
        assert_eq!(parse_fragment("  "), Ok(None));
        for refused in ["-3-", "あ", &"x".repeat(65)] {
            assert_eq!(parse_fragment(refused).unwrap_err().field, "query");
        }
    }

    #[test]
    fn counts_are_kept_for_place_lifecycle_purpose_and_system_only() {
        let counted = DeviceFilter {
            school: Some(SchoolId(Uuid::nil())),
            lifecycles: AnyOf::numbers([1]).unwrap(),
            purposes: AnyOf::numbers([1]).unwrap(),
            os_kinds: AnyOf::numbers([3]).unwrap(),
            ..DeviceFilter::default()
        };
        assert!(counted.is_counted());
        assert_eq!(counted.narrowed_by(), ["lifecycles", "purposes", "os_kinds"]);
        for beyond in [
            DeviceFilter { grade: Some(3), ..counted.clone() },
            DeviceFilter { fragment: Some(String::from("A1")), ..counted.clone() },
            DeviceFilter { has_open_review: Some(false), ..counted.clone() },
        ] {
            assert!(!beyond.is_counted());
        }
    }

    #[test]
    fn no_number_means_every_number() {
        assert_eq!(AnyOf::numbers([]), Some(AnyOf::default()));
        assert_eq!(AnyOf::numbers([0, 3]).map(AnyOf::bits), Some(0b1001));
        assert_eq!(AnyOf::numbers([-1]), None);
        assert!(!AnyOf::default().names(3) && AnyOf::default().allows(3));
        assert!(AnyOf::numbers([3]).is_some_and(|some| some.allows(3) && !some.allows(2)));
    }
}
