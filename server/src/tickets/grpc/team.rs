//! The team, in the words of the contract.

use gigafleet_proto::v1;

use super::{
    TicketGrpc,
    messages::{both, text},
    orders::place,
};
use crate::{
    access::rules::{Staff, StaffId},
    error::{Error, FieldViolation, Result, says::tickets as say},
    grpc::page,
    schools::rules::{MunicipalityId, parse_optional_uuid, parse_uuid},
    tickets::{
        rules::{Category, fields::word},
        service::Named,
        team::{
            rules::{Absence, Presence, Profile, Station},
            service::Member,
        },
    },
};

/// A profile of the contract, or all that can not be read in it.
pub fn profile_of(message: v1::TeamProfile) -> Result<Profile> {
    let mut wrong: Vec<FieldViolation> = Vec::new();
    let skills = message.skills.iter().map(|skill| word("skills", *skill, Category::from_number));
    let skills = page::collect(skills.collect::<Result<Vec<_>, _>>(), &mut wrong).unwrap_or_default();
    let areas = message.area_municipality_ids.iter().map(|area| parse_uuid("area_municipality_ids", area));
    let areas = page::collect(areas.collect::<Result<Vec<_>, _>>(), &mut wrong).unwrap_or_default();
    let owner = parse_optional_uuid("station_municipality_id", &message.station_municipality_id);
    let school = parse_optional_uuid("station_school_id", &message.station_school_id);
    let station = match (page::collect(owner, &mut wrong).flatten(), page::collect(school, &mut wrong).flatten()) {
        (Some(owner), Some(school)) => Some(Station { owner, school }),
        (None, Some(_)) if wrong.is_empty() => {
            let field = "station_municipality_id";
            wrong.push(FieldViolation::new(field, say::word_needed(field)));
            None
        }
        _ => None,
    };
    if !wrong.is_empty() {
        return Err(Error::invalid_fields("FIELD_INVALID", wrong));
    }
    let absence = |one: v1::TeamAbsence| Absence { first_date: one.first_date, last_date: one.last_date };
    Ok(Profile {
        skills: skills.into_iter().map(Category::to_number).collect(),
        areas,
        weekdays: u8::try_from(message.weekdays).unwrap_or(u8::MAX),
        begin_minute: u16::try_from(message.begin_minute).unwrap_or(u16::MAX),
        end_minute: u16::try_from(message.end_minute).unwrap_or(u16::MAX),
        station,
        absences: message.absences.into_iter().map(absence).collect(),
    })
}

fn profile_message(profile: Profile) -> v1::TeamProfile {
    let absence = |one: Absence| v1::TeamAbsence { first_date: one.first_date, last_date: one.last_date };
    v1::TeamProfile {
        skills: profile.skills.into_iter().map(i32::from).collect(),
        area_municipality_ids: profile.areas.iter().map(ToString::to_string).collect(),
        weekdays: profile.weekdays.into(),
        begin_minute: profile.begin_minute.into(),
        end_minute: profile.end_minute.into(),
        station_municipality_id: text(profile.station.map(|station| station.owner)),
        station_school_id: text(profile.station.map(|station| station.school)),
        absences: profile.absences.into_iter().map(absence).collect(),
    }
}

fn presence_message(presence: Presence) -> v1::TeamPresence {
    match presence {
        Presence::AtWork => v1::TeamPresence::AtWork,
        Presence::OffHours => v1::TeamPresence::OffHours,
        Presence::Away(_) => v1::TeamPresence::Away,
    }
}

fn member_message(member: Member) -> v1::TeamMember {
    v1::TeamMember {
        staff_id: member.id.to_string(),
        name: member.name,
        profile: Some(profile_message(member.profile)),
        is_said: member.is_said,
        presence: presence_message(member.presence).into(),
        load: u32::try_from(member.load).unwrap_or(u32::MAX),
    }
}

impl TicketGrpc {
    pub(super) async fn team(&self, staff: &Staff, request: v1::ListTeamRequest) -> Result<v1::ListTeamResponse> {
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?;
        let members = self.tickets.team(staff, owner.map(MunicipalityId)).await?;
        Ok(v1::ListTeamResponse { members: members.into_iter().map(member_message).collect() })
    }

    pub(super) async fn set_the_profile(
        &self,
        staff: &Staff,
        request: v1::SetTeamProfileRequest,
    ) -> Result<v1::SetTeamProfileResponse> {
        let named = page::field(parse_optional_uuid("staff_id", &request.staff_id))?.map(StaffId);
        let person = named.or(staff.id);
        let person = person.ok_or_else(|| Error::invalid_field("staff_id", say::word_needed("staff_id")))?;
        let profile = profile_of(request.profile.unwrap_or_default())?;
        let profile = self.tickets.set_profile(staff, person, profile).await?;
        Ok(v1::SetTeamProfileResponse { profile: Some(profile_message(profile)) })
    }

    pub(super) async fn proposals(
        &self,
        staff: &Staff,
        request: v1::ProposeAssigneesRequest,
    ) -> Result<v1::ProposeAssigneesResponse> {
        let (owner, ticket) = place(&request.municipality_id, &request.ticket_id)?;
        let proposals = self.tickets.proposals(staff, owner, Named::Id(ticket)).await?.into_iter();
        let message = |one: crate::tickets::team::rules::Proposal| v1::AssigneeProposal {
            staff_id: one.id.to_string(),
            name: one.name,
            reason: both(&one.why),
            presence: presence_message(one.presence).into(),
        };
        Ok(v1::ProposeAssigneesResponse { proposals: proposals.map(message).collect() })
    }
}
