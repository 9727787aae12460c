//! The query string of the list of devices: what it asks for, and what of it makes no sense.

use gigafleet_proto::v1;
use uuid::Uuid;

use super::super::address::Address;
use crate::{
    devices::rules::fields::{Lifecycle, OsKind, Purpose},
    overview::rules::{AnyOf, DeviceFilter, DeviceOrder, DeviceQuery, SortField, parse_fragment},
    schools::rules::{MunicipalityId, SchoolId},
};

/// What the address of the list may say, in this order.
pub(super) const KEYS: [&str; 12] = [
    "q",
    "municipality",
    "school",
    "lifecycle",
    "purpose",
    "os",
    "model",
    "presence",
    "grade",
    "class",
    "review",
    "sort",
];
/// Most bytes of a model, as in the contract.
const MODEL_BYTES: usize = 256;
/// Most bytes of a class, as in the contract.
const CLASS_BYTES: usize = 64;
/// Highest grade: that of a special needs school.
const GRADES: i64 = 12;

/// States of reporting by their names in the address.
pub(super) const PRESENCES: [(&str, v1::Presence); 4] = [
    ("reporting", v1::Presence::Reporting),
    ("silent", v1::Presence::Silent),
    ("never", v1::Presence::Never),
    ("unknown", v1::Presence::Unknown),
];

/// What is wrong with a value of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is none of those that can be chosen.
    Choice,
    /// It is too short or too long to be looked for.
    Fragment,
    /// It is longer than any there is.
    Length,
    /// It is no grade.
    Grade,
    /// Nothing of this id is visible to the person.
    Missing,
    /// A school without its owner.
    Alone,
    /// It does not belong to this list.
    Page,
}

/// Reads the address. What makes no sense is left out of the list and told; nothing of it is looked up here.
pub(super) fn read(address: &Address) -> (DeviceQuery, Vec<(&'static str, Wrong)>) {
    let mut wrong = Vec::new();
    let mut tell = |key: &'static str, what: Wrong| wrong.push((key, what));
    let mut numbers = |key: &'static str, number: fn(&str) -> Option<i64>| {
        let found: Vec<_> = address.all(key).map(|name| number(name).and_then(|n| i32::try_from(n).ok())).collect();
        if found.contains(&None) {
            tell(key, Wrong::Choice);
        }
        AnyOf::numbers(found.into_iter().flatten()).unwrap_or_default()
    };
    let lifecycles = numbers("lifecycle", |name| Lifecycle::from_name(name).map(Lifecycle::to_number));
    let purposes = numbers("purpose", |name| Purpose::from_name(name).map(Purpose::to_number));
    let os_kinds = numbers("os", |name| OsKind::from_name(name).map(OsKind::to_number));
    let mut checked = |key: &'static str, what: Wrong, right: fn(&str) -> bool| {
        let value = Some(address.get(key)).filter(|value| !value.is_empty())?;
        if right(value) {
            return Some(value.to_owned());
        }
        tell(key, what);
        None
    };
    let model = checked("model", Wrong::Length, |text| text.len() <= MODEL_BYTES && !text.contains('\0'));
    let class_name = checked("class", Wrong::Length, |text| text.len() <= CLASS_BYTES && !text.contains('\0'));
    let fragment = checked("q", Wrong::Fragment, |text| parse_fragment(text).is_ok());
    let grade = checked("grade", Wrong::Grade, |text| text.parse().is_ok_and(|grade| (1..=GRADES).contains(&grade)));
    let presence = checked("presence", Wrong::Choice, |name| PRESENCES.iter().any(|(known, _)| *known == name));
    let review = checked("review", Wrong::Choice, |name| ["open", "none"].contains(&name));
    let sort = checked("sort", Wrong::Choice, |text| order(text).is_some());
    let is_id: fn(&str) -> bool = |text| Uuid::try_parse(text).is_ok();
    let municipality = checked("municipality", Wrong::Missing, is_id);
    let school = checked("school", Wrong::Missing, is_id);
    let id = |text: &String| Uuid::try_parse(text).ok();
    let filter = DeviceFilter {
        municipality: municipality.as_ref().and_then(id).map(MunicipalityId),
        school: school.as_ref().and_then(id).map(SchoolId),
        lifecycles,
        purposes,
        os_kinds,
        model,
        presence: presence.and_then(|name| PRESENCES.iter().find(|(known, _)| *known == name)).map(|(_, state)| *state),
        has_open_review: review.map(|review| review == "open"),
        grade: grade.and_then(|grade| grade.parse().ok()),
        class_name,
        fragment: fragment.and_then(|text| parse_fragment(&text).ok().flatten()),
    };
    (DeviceQuery { filter, order: sort.as_deref().and_then(order).unwrap_or_default() }, wrong)
}

/// An order: the name of a field, with a minus before it from the last to the first.
fn order(text: &str) -> Option<DeviceOrder> {
    let name = text.trim_start_matches('-');
    let field = SortField::ALL.into_iter().find(|field| field.name() == name)?;
    let descending = text.len() > name.len();
    (text.len() - name.len() <= 1).then_some(DeviceOrder { field, descending })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Fields;

    fn address(query: &str) -> Address {
        Address::read("/devices", &KEYS, &Fields::parse(query.as_bytes()))
    }

    #[test]
    fn every_filter_is_read() {
        let (owner, school) = (Uuid::now_v7(), Uuid::now_v7());
        let text = format!(
            "q=a-1&municipality={owner}&school={school}&lifecycle=in_use&lifecycle=lost&purpose=learner&os=windows&model=iPad\
             &presence=silent&grade=12&class=2&review=open&sort=-last_checkin_time"
        );
        let (query, wrong) = read(&address(&text));
        let expected = DeviceFilter {
            municipality: Some(MunicipalityId(owner)),
            school: Some(SchoolId(school)),
            lifecycles: AnyOf::numbers([1, 4]).unwrap(),
            purposes: AnyOf::numbers([1]).unwrap(),
            os_kinds: AnyOf::numbers([3]).unwrap(),
            model: Some(String::from("iPad")),
            presence: Some(v1::Presence::Silent),
            has_open_review: Some(true),
            grade: Some(12),
            class_name: Some(String::from("2")),
            fragment: Some(String::from("A1")),
        };
        assert_eq!((query.filter, wrong), (expected, vec![]));
        assert_eq!(query.order, DeviceOrder { field: SortField::LastCheckinTime, descending: true });
        assert_eq!(read(&address("")), (DeviceQuery::default(), vec![]));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_left_out() {
        let text = format!(
            "q=a&municipality=x&school=1&lifecycle=9&lifecycle=lost&purpose=pupil&os=beos&model={}&presence=2&grade=13\
             &class=%00&review=1&sort=price",
            "x".repeat(257)
        );
        let (query, wrong) = read(&address(&text));
        let lost = DeviceFilter { lifecycles: AnyOf::numbers([4]).unwrap(), ..DeviceFilter::default() };
        assert_eq!(query, DeviceQuery { filter: lost, ..DeviceQuery::default() });
        let mut told: Vec<_> = wrong.iter().map(|(key, _)| *key).collect();
        told.sort_unstable();
        let mut keys = KEYS;
        keys.sort_unstable();
        assert_eq!(told, keys);
        assert!(wrong.contains(&("q", Wrong::Fragment)) && wrong.contains(&("municipality", Wrong::Missing)));
    }

    #[test]
    fn orders_are_read_both_ways() {
        for field in SortField::ALL {
            assert_eq!(order(field.name()), Some(DeviceOrder { field, descending: false }));
            assert_eq!(order(&format!("-{}", field.name())), Some(DeviceOrder { field, descending: true }));
        }
        assert_eq!([order("--label"), order("-"), order("label desc")], [None; 3]);
    }
}
