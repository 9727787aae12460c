//! What an incident makes of tickets: the one of its own, and those of people that belong to it.

use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{Category, Impact, TicketId, Urgency};
use crate::{
    clock::Timestamp,
    network::rules::{Cause, ElementKind, Incident},
    schools::rules::MunicipalityId,
};

/// Reports that came in so long before an incident can have begun may still be of it: somebody was first to see it.
const BEFORE_US: i64 = 15 * 60 * 1_000_000;

/// The id of an incident's own ticket at an owner: the same on each server, so that none is made twice.
pub fn ticket_of(owner: MunicipalityId, incident: Uuid) -> TicketId {
    let hash = digest(&SHA256, &[incident.into_bytes(), owner.0.into_bytes()].concat());
    let bytes = hash.as_ref().first_chunk().expect("16 of 32 bytes");
    TicketId(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
}

/// From when on reports may be of an incident.
pub fn reports_from(incident: &Incident) -> Timestamp {
    Timestamp(incident.started.earliest.0 - BEFORE_US)
}

/// What an incident's own ticket is about.
pub fn category(kind: ElementKind) -> Category {
    match kind {
        ElementKind::IdentityProvider => Category::SignIn,
        ElementKind::Filter => Category::Filter,
        ElementKind::Service => Category::App,
        ElementKind::Device
        | ElementKind::AccessPoint
        | ElementKind::SchoolLan
        | ElementKind::SchoolLine
        | ElementKind::Hub
        | ElementKind::Isp
        | ElementKind::Dns => Category::Wifi,
    }
}

/// Whom it concerns at an owner of whose schools so many are hurt.
pub fn impact(kind: ElementKind, schools: usize) -> Impact {
    match kind {
        ElementKind::Device => Impact::OnePupil,
        ElementKind::AccessPoint => Impact::OneClass,
        _ if schools > 1 => Impact::ManySchools,
        _ => Impact::WholeSchool,
    }
}

/// How long it can wait: lessons stand still where nothing gets through, and go on slowly where it is only full.
pub fn urgency(cause: Cause) -> Urgency {
    match cause {
        Cause::LineCongestion | Cause::AccessPointCapacity | Cause::Device => Urgency::Today,
        _ => Urgency::LessonStopped,
    }
}
