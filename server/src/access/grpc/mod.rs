//! AccessService, StaffService and AuditService, and the messages that they share.

mod access_service;
mod audit_service;
mod staff_service;

use gigafleet_proto::v1;
use uuid::Uuid;

pub use self::{access_service::AccessGrpc, audit_service::AuditGrpc, staff_service::StaffGrpc};
use super::{
    rules::{MunicipalityId, Place, Role, SchoolId, fields::parse_uuid},
    store::grants::GrantRow,
};
use crate::{
    clock::Timestamp,
    error::{
        FieldViolation,
        says::{access as say, fields},
    },
};

/// A page of a list that runs from the youngest on: the key before which it begins.
const FROM_THE_YOUNGEST: (i64, Uuid) = (i64::MAX, Uuid::max());

fn role_message(role: Option<Role>) -> v1::StaffRole {
    match role {
        None => v1::StaffRole::Unspecified,
        Some(Role::Administrator) => v1::StaffRole::Administrator,
        Some(Role::Engineer) => v1::StaffRole::Engineer,
        Some(Role::BoardViewer) => v1::StaffRole::BoardViewer,
        Some(Role::BoardEditor) => v1::StaffRole::BoardEditor,
        Some(Role::SchoolStaff) => v1::StaffRole::SchoolStaff,
        Some(Role::PrefectureViewer) => v1::StaffRole::PrefectureViewer,
    }
}

fn parse_role(role: v1::StaffRole) -> Result<Role, FieldViolation> {
    match role {
        v1::StaffRole::Unspecified => Err(FieldViolation::new("role", say::role_unknown())),
        v1::StaffRole::Administrator => Ok(Role::Administrator),
        v1::StaffRole::Engineer => Ok(Role::Engineer),
        v1::StaffRole::BoardViewer => Ok(Role::BoardViewer),
        v1::StaffRole::BoardEditor => Ok(Role::BoardEditor),
        v1::StaffRole::SchoolStaff => Ok(Role::SchoolStaff),
        v1::StaffRole::PrefectureViewer => Ok(Role::PrefectureViewer),
    }
}

fn place_message(place: &Place) -> v1::StaffPlace {
    match place {
        Place::Everywhere => v1::StaffPlace { everywhere: true, ..Default::default() },
        Place::Prefecture(prefecture) => v1::StaffPlace { prefecture: prefecture.clone(), ..Default::default() },
        Place::Municipality(owner) => v1::StaffPlace { municipality_id: owner.to_string(), ..Default::default() },
        Place::School(owner, school) => {
            v1::StaffPlace { municipality_id: owner.to_string(), school_id: school.to_string(), ..Default::default() }
        }
    }
}

fn parse_place(place: Option<v1::StaffPlace>) -> Result<Place, FieldViolation> {
    let v1::StaffPlace { everywhere, prefecture, municipality_id, school_id } = place.unwrap_or_default();
    let refuse = |message| Err(FieldViolation::new("place", message));
    let owner = |text: &str| parse_uuid("place.municipality_id", text).map(MunicipalityId);
    match (everywhere, prefecture.as_str(), municipality_id.as_str(), school_id.as_str()) {
        (true, "", "", "") => Ok(Place::Everywhere),
        (false, prefecture, "", "") if !prefecture.is_empty() => match prefecture.parse::<u8>() {
            Ok(1..=47) if prefecture.len() == 2 && prefecture.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Place::Prefecture(prefecture.to_owned()))
            }
            Ok(_) | Err(_) => refuse(say::place_prefecture()),
        },
        (false, "", municipality, "") if !municipality.is_empty() => Ok(Place::Municipality(owner(municipality)?)),
        (false, "", municipality, school) if !municipality.is_empty() => {
            let school = parse_uuid("place.school_id", school)?;
            Ok(Place::School(owner(municipality)?, SchoolId(school)))
        }
        _ => refuse(say::place_one_of()),
    }
}

fn parse_time(field: &'static str, time: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, FieldViolation> {
    let Some(time) = time else { return Ok(None) };
    // Until the year 9999, as RFC 3339 can say it.
    if !(0..=253_402_300_799).contains(&time.seconds) || !(0..1_000_000_000).contains(&time.nanos) {
        return Err(FieldViolation::new(field, fields::no_time()));
    }
    Ok(Some(Timestamp(time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000)))
}

fn time_message(at: Option<i64>) -> Option<prost_types::Timestamp> {
    at.map(|at| Timestamp(at).to_proto())
}

fn grant_message(row: GrantRow, now: Timestamp) -> v1::Grant {
    let state = if row.revoked_at.is_some() {
        v1::GrantState::Revoked
    } else if row.is_over(now) {
        v1::GrantState::Expired
    } else if now.0 < row.starts_at {
        v1::GrantState::Planned
    } else {
        v1::GrantState::InForce
    };
    v1::Grant {
        grant_id: row.grant_id.to_string(),
        staff_id: row.staff_id.to_string(),
        role: role_message(row.role()).into(),
        place: Some(place_message(&row.place())),
        reason: row.reason,
        start_time: time_message(Some(row.starts_at)),
        end_time: time_message(row.ends_at),
        granted_by: row.granted_by,
        grant_time: time_message(Some(row.granted_at)),
        revoked_by: row.revoked_by.unwrap_or_default(),
        revoke_time: time_message(row.revoked_at),
        state: state.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_roles_come_back_and_vague_ones_are_refused() {
        let (owner, school) = (MunicipalityId(Uuid::from_u128(1)), SchoolId(Uuid::from_u128(2)));
        for place in [
            Place::Everywhere,
            Place::Prefecture(String::from("13")),
            Place::Municipality(owner),
            Place::School(owner, school),
        ] {
            assert_eq!(parse_place(Some(place_message(&place))).unwrap(), place);
        }
        let prefecture = |text: &str| v1::StaffPlace { prefecture: text.to_owned(), ..Default::default() };
        let wrong = [
            v1::StaffPlace::default(),
            prefecture("48"),
            prefecture("00"),
            prefecture("1"),
            prefecture("+1"),
            v1::StaffPlace { everywhere: true, ..prefecture("13") },
            v1::StaffPlace { school_id: school.to_string(), ..Default::default() },
            v1::StaffPlace { municipality_id: String::from("x"), ..Default::default() },
        ];
        for place in wrong {
            assert!(parse_place(Some(place.clone())).is_err(), "{place:?}");
        }
        for role in Role::ALL {
            assert_eq!(parse_role(role_message(Some(role))).unwrap(), role);
        }
        assert!(parse_role(role_message(None)).is_err());
    }
}
