//! The team and kept lists of tickets as JSON.

use gigafleet_proto::v1;
use serde_json::Value;

use super::Object;

fn absence(absence: v1::TeamAbsence) -> Value {
    let v1::TeamAbsence { first_date, last_date } = absence;
    Object::default().value("first_date", first_date).value("last_date", last_date).into()
}

/// When and where somebody works.
pub(in crate::cli) fn team_profile(profile: v1::TeamProfile) -> Value {
    let skills = profile.skills().map(|skill| skill.as_str_name()).collect::<Vec<_>>();
    let v1::TeamProfile {
        skills: _,
        area_municipality_ids,
        weekdays,
        begin_minute,
        end_minute,
        station_municipality_id,
        station_school_id,
        absences,
    } = profile;
    Object::default()
        .value("skills", skills)
        .value("area_municipality_ids", area_municipality_ids)
        .value("weekdays", weekdays)
        .value("begin_minute", begin_minute)
        .value("end_minute", end_minute)
        .text("station_municipality_id", station_municipality_id)
        .text("station_school_id", station_school_id)
        .list("absences", absences, absence)
        .into()
}

/// Somebody who works on tickets.
pub(in crate::cli) fn team_member(member: v1::TeamMember) -> Value {
    let presence = member.presence().as_str_name();
    let v1::TeamMember { staff_id, name, profile, is_said, presence: _, load } = member;
    Object::default()
        .text("staff_id", staff_id)
        .text("name", name)
        .optional("profile", profile.map(team_profile))
        .value("is_said", is_said)
        .value("presence", presence)
        .value("load", load)
        .into()
}

/// Somebody who should work on a ticket.
pub(in crate::cli) fn assignee_proposal(proposal: v1::AssigneeProposal) -> Value {
    let presence = proposal.presence().as_str_name();
    let v1::AssigneeProposal { staff_id, name, reason, presence: _ } = proposal;
    Object::default()
        .text("staff_id", staff_id)
        .text("name", name)
        .text("reason", reason)
        .value("presence", presence)
        .into()
}

fn filter(filter: v1::TicketFilter) -> Value {
    let names = |names: Vec<&'static str>| Some(names).filter(|names| !names.is_empty());
    let states = names(filter.states().map(|state| state.as_str_name()).collect());
    let categories = names(filter.categories().map(|category| category.as_str_name()).collect());
    let waiting_on = names(filter.waiting_on().map(|whom| whom.as_str_name()).collect());
    let due = Some(filter.due()).filter(|due| *due != v1::TicketDue::Unspecified).map(|due| due.as_str_name());
    let v1::TicketFilter {
        municipality_id,
        school_id,
        states: _,
        categories: _,
        mine,
        unassigned,
        incident_id,
        priorities,
        waiting_on: _,
        assignee_id,
        due: _,
        older_than_days,
    } = filter;
    let said = |is_so: bool| Some(is_so).filter(|is_so| *is_so);
    Object::default()
        .text("municipality_id", municipality_id)
        .text("school_id", school_id)
        .optional("states", states)
        .optional("categories", categories)
        .optional("mine", said(mine))
        .optional("unassigned", said(unassigned))
        .text("incident_id", incident_id)
        .optional("priorities", Some(priorities).filter(|priorities| !priorities.is_empty()))
        .optional("waiting_on", waiting_on)
        .text("assignee_id", assignee_id)
        .optional("due", due)
        .optional("older_than_days", Some(older_than_days).filter(|days| *days > 0))
        .into()
}

/// A list of tickets that somebody keeps.
pub(in crate::cli) fn ticket_view(view: v1::TicketView) -> Value {
    let v1::TicketView { view_id, name, is_shared, is_own, filter: shown, count } = view;
    Object::default()
        .text("view_id", view_id)
        .text("name", name)
        .value("is_shared", is_shared)
        .value("is_own", is_own)
        .optional("filter", shown.map(filter))
        .value("count", count)
        .into()
}
