//! The invented towns of a simulated school day: municipalities, schools, classes, access points. Every other municipality
//! sends its schools through a hub of its own, the others have lines of their own; every other school has a probe. Pure.
//!
//! Assumptions (ours, no published figures): 400 devices a school, at least four schools in two municipalities, at most
//! twenty schools in one; a class of 28 on an access point of its own, at least two of them; a device of a teacher for twenty
//! others, one at least.

use gigafleet_agent::identity::to_hex;
use uuid::Uuid;

use crate::schools::rules::{MunicipalityCode, MunicipalityId, SchoolId};

/// Fewest and most devices of a fleet.
pub const DEVICES: std::ops::RangeInclusive<u32> = 40..=50_000;
/// Devices of one school.
const SCHOOL_DEVICES: usize = 400;
/// Fewest schools: two owners with two each, so that each trouble has somebody who does not have it.
const SCHOOLS_LEAST: usize = 4;
/// Most schools of one owner.
const OWNER_SCHOOLS: usize = 20;
/// Devices of one class.
const CLASS_DEVICES: usize = 28;
/// Others for each device of a teacher.
const OTHERS_PER_TEACHER: usize = 20;
/// The gateway of every school has this address; what tells schools apart is the hash of its hardware address.
pub(super) const GATEWAY: &str = "10.20.0.1";

/// What a scenario is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A school with a line of its own.
    School,
    /// The owner whose schools have lines of their own.
    DirectOwner,
    /// The owner whose schools are behind a hub.
    HubOwner,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Town {
    /// Municipalities.
    pub owners: Vec<Owner>,
    /// Their schools, owner by owner.
    pub schools: Vec<School>,
}

/// A municipality.
#[derive(Debug, Clone)]
pub struct Owner {
    /// A code with a valid check digit that belongs to nobody.
    pub code: MunicipalityCode,
    /// What it is called.
    pub name: String,
    /// Its id, once a server knows it.
    pub id: MunicipalityId,
    /// Whether its schools are behind a hub.
    pub has_hub: bool,
    /// The hub's id, once a server knows it.
    pub hub: Option<Uuid>,
}

/// A school.
#[derive(Debug, Clone)]
pub struct School {
    /// Its owner, by number.
    pub owner: usize,
    /// What it is called.
    pub name: String,
    /// Its id, once a server knows it.
    pub id: SchoolId,
    /// Devices of each class; class n uses access point n.
    pub classes: Vec<u32>,
    /// Devices of teachers, spread over the access points.
    pub teachers: u32,
    /// There is a probe.
    pub probe: bool,
}

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Of a pupil: awake in lessons.
    Pupil,
    /// Of a teacher: awake most of the day.
    Teacher,
    /// The school's probe: always awake.
    Probe,
}

/// Where a device belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    /// Number of the school.
    pub(super) school: usize,
    /// Number of the class, and of its access point.
    pub(super) class: usize,
    pub(super) role: Role,
}

impl Town {
    /// Lays out a town for so many devices, within [`DEVICES`]; they are all in it.
    pub fn lay_out(devices: u32) -> Self {
        assert!(DEVICES.contains(&devices), "the command line keeps to the bounds");
        let devices = devices as usize;
        let count = devices.div_ceil(SCHOOL_DEVICES).max(SCHOOLS_LEAST);
        let owners = count.div_ceil(OWNER_SCHOOLS).max(2);
        let school = |number: usize| {
            let owner = number * owners / count;
            let first = (owner * count).div_ceil(owners);
            let own = devices / count + usize::from(number < devices % count);
            let place = number - first;
            let probe = place.is_multiple_of(2);
            let rest = own - usize::from(probe);
            let teachers = (rest / OTHERS_PER_TEACHER).max(1);
            let pupils = rest - teachers;
            let classes = pupils.div_ceil(CLASS_DEVICES).max(2);
            let class = |class: usize| small(pupils / classes + usize::from(class < pupils % classes));
            School {
                owner,
                name: format!("模擬{}市立第{}小学校", owner + 1, place + 1),
                id: SchoolId(Uuid::nil()),
                classes: (0..classes).map(class).collect(),
                teachers: small(teachers),
                probe,
            }
        };
        Self { owners: (0..owners).map(invented).collect(), schools: (0..count).map(school).collect() }
    }

    /// Where each device belongs, school by school: its probe, its teachers, its classes.
    pub(super) fn seats(&self) -> Vec<Seat> {
        let mut seats = Vec::new();
        for (school, planned) in self.schools.iter().enumerate() {
            let classes = planned.classes.len();
            if planned.probe {
                seats.push(Seat { school, class: 0, role: Role::Probe });
            }
            let teachers = (0..planned.teachers as usize).map(|n| n % classes);
            seats.extend(teachers.map(|class| Seat { school, class, role: Role::Teacher }));
            for (class, pupils) in planned.classes.iter().enumerate() {
                seats.extend((0..*pupils).map(|_| Seat { school, class, role: Role::Pupil }));
            }
        }
        seats
    }

    /// The number of what a scenario is about.
    pub(super) fn target(&self, target: Target) -> usize {
        let owner = |has_hub: bool| self.owners.iter().position(|owner| owner.has_hub == has_hub);
        let (hub, direct) = (owner(true).unwrap_or_default(), owner(false).unwrap_or_default());
        match target {
            Target::HubOwner => hub,
            Target::DirectOwner => direct,
            Target::School => self.schools.iter().position(|school| school.owner == direct).unwrap_or_default(),
        }
    }

    /// The address of an access point of a school, locally administered like that of no real one.
    pub(super) fn access_point(school: usize, class: usize) -> [u8; 6] {
        let [.., school_high, school_low] = school.to_be_bytes();
        let [.., class] = class.to_be_bytes();
        [0x06, 0x47, 0x46, school_high, school_low, class]
    }

    /// The same as the judge says it.
    pub(super) fn access_point_text(&self, school: usize, class: usize) -> String {
        to_hex(&Self::access_point(school, class))
    }

    /// The salted hash of a school's gateway.
    pub(super) fn gateway_hash(school: usize) -> [u8; 16] {
        (0x6761_7465_0000_0000_u128 << 64 | school as u128).to_be_bytes()
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("bounded by the devices of a town")
}

/// Numbers 901 and on of 都道府県 13 belong to no municipality.
fn invented(number: usize) -> Owner {
    let body = 13_901 + number;
    let code = (0..10).find_map(|check| MunicipalityCode::parse(&format!("{body}{check}")).ok());
    Owner {
        code: code.expect("one of ten check digits is right"),
        name: format!("模擬{}市", number + 1),
        id: MunicipalityId(Uuid::nil()),
        has_hub: number.is_multiple_of(2),
        hub: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn town_holds_exactly_the_devices_that_were_asked_for() {
        for devices in [40, 41, 120, 399, 1_601, 10_000, 50_000] {
            let town = Town::lay_out(devices);
            assert_eq!(town.seats().len(), devices as usize);
            assert!(town.schools.len() >= SCHOOLS_LEAST && town.owners.len() >= 2);
            for owner in 0..town.owners.len() {
                let own = town.schools.iter().filter(|school| school.owner == owner).count();
                assert!((2..=OWNER_SCHOOLS).contains(&own), "{devices}: {own} schools");
            }
            assert!(town.schools.iter().all(|school| school.classes.len() >= 2 && school.teachers >= 1));
        }
    }

    #[test]
    fn scenarios_find_what_they_are_about() {
        for devices in [40, 20_000] {
            let town = Town::lay_out(devices);
            let school = &town.schools[town.target(Target::School)];
            assert!(school.probe && !town.owners[school.owner].has_hub);
            assert_eq!(school.owner, town.target(Target::DirectOwner));
            assert!(town.owners[town.target(Target::HubOwner)].has_hub);
        }
    }

    #[test]
    fn access_points_of_all_schools_differ() {
        let town = Town::lay_out(50_000);
        let points = town.schools.iter().enumerate();
        let points = points.flat_map(|(school, planned)| (0..planned.classes.len()).map(move |class| (school, class)));
        let points: Vec<_> = points.map(|(school, class)| Town::access_point(school, class)).collect();
        assert_eq!(points.iter().collect::<std::collections::BTreeSet<_>>().len(), points.len());
    }
}
