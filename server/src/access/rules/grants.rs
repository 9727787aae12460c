//! Grants: a person, a role, a place and a period, and which of them make sense.

use std::time::Duration;

use uuid::Uuid;

use super::{Place, Role};
use crate::{
    clock::Timestamp,
    error::{Both, FieldViolation, says::access as say},
};

/// Longest that a grant of the shared team may last: it acts under contracts that are made for a fiscal year.
pub const LONGEST_ENGINEER_GRANT: Duration = Duration::from_secs(366 * 86_400);

/// A grant that somebody wants to give.
#[derive(Debug, Clone)]
pub struct GrantOrder {
    /// Its id, drawn by the server if absent.
    pub id: Option<Uuid>,
    /// What the person becomes.
    pub role: Role,
    /// Where.
    pub place: Place,
    /// Why, checked.
    pub reason: String,
    /// From when on; none for now.
    pub starts_at: Option<Timestamp>,
    /// Until when; an engineer's needs one.
    pub ends_at: Option<Timestamp>,
}

/// What is wrong with a grant, all at once.
pub fn check_grant(order: &GrantOrder, now: Timestamp) -> Vec<FieldViolation> {
    let mut refused = Vec::new();
    let mut refuse = |field: &'static str, message: Both| refused.push(FieldViolation::new(field, message));
    let starts = order.starts_at.unwrap_or(now);
    match order.ends_at {
        Some(end) if end <= starts => refuse("end_time", say::end_before_start()),
        Some(end) if end <= now => refuse("end_time", say::end_in_past()),
        Some(end) if order.role == Role::Engineer && end > starts.after(LONGEST_ENGINEER_GRANT) => {
            refuse("end_time", say::engineer_too_long());
        }
        None if order.role == Role::Engineer => refuse("end_time", say::engineer_needs_end()),
        Some(_) | None => {}
    }
    match (order.role, &order.place) {
        (Role::SchoolStaff, Place::School(..)) | (Role::PrefectureViewer, Place::Prefecture(_)) => {}
        (Role::SchoolStaff, _) => refuse("place", say::school_staff_place()),
        (Role::PrefectureViewer, _) => refuse("place", say::prefecture_viewer_place()),
        (Role::BoardViewer | Role::BoardEditor, Place::Municipality(_)) => {}
        (Role::BoardViewer | Role::BoardEditor, _) => refuse("place", say::board_place()),
        (Role::Administrator | Role::Engineer, _) => {}
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules::{MunicipalityId, SchoolId};

    const DAY: i64 = 86_400 * 1_000_000;

    fn order(role: Role, place: Place, ends_at: Option<i64>) -> GrantOrder {
        let ends_at = ends_at.map(Timestamp);
        GrantOrder { id: None, role, place, reason: String::from("r"), starts_at: None, ends_at }
    }

    #[test]
    fn engineers_have_an_end_and_roles_their_places() {
        let owner = MunicipalityId(Uuid::nil());
        let (town, school) = (Place::Municipality(owner), Place::School(owner, SchoolId(Uuid::nil())));
        let wrong = |order: GrantOrder| check_grant(&order, Timestamp(0)).len();
        assert_eq!(wrong(order(Role::Engineer, town.clone(), Some(366 * DAY))), 0);
        assert_eq!(wrong(order(Role::Engineer, town.clone(), Some(366 * DAY + 1))), 1);
        assert_eq!(wrong(order(Role::Engineer, Place::Everywhere, None)), 1);
        assert_eq!(wrong(order(Role::SchoolStaff, school, None)), 0);
        assert_eq!(wrong(order(Role::SchoolStaff, town.clone(), Some(0))), 2, "all is named at once");
        assert_eq!(wrong(order(Role::PrefectureViewer, Place::Everywhere, None)), 1);
        assert_eq!(wrong(order(Role::PrefectureViewer, Place::Prefecture(String::from("13")), None)), 0);
        assert_eq!(wrong(order(Role::BoardEditor, town.clone(), None)), 0);
        assert_eq!(wrong(order(Role::BoardViewer, Place::Everywhere, None)), 1);
        assert_eq!(wrong(order(Role::Administrator, town, None)), 0);
    }
}
