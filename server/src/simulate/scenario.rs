//! What happens on a simulated school day, as one table: when a trouble begins and ends, and what the judge must say of it.
//!
//! Deliberately not here: what a device sees of it ([`super::sight`]).

use super::town::{Target, Town};
use crate::network::rules::ElementKind;

/// Seconds of a day.
const fn at(hour: u32, minute: u32) -> u32 {
    hour * 3_600 + minute * 60
}

/// The third lesson of the simulated schools begins at 10:40: ten minutes later every room is at work.
const IN_LESSON: u32 = at(10, 50);

/// One kind of day.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// What the command line calls it.
    pub name: &'static str,
    /// What happens, for people.
    pub says: &'static str,
    /// The trouble; none on a quiet day.
    trouble: Option<Trouble>,
    /// Second of the day in Japan at which it begins.
    begin_s: u32,
    /// The same for its end.
    end_s: u32,
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The line of one school carries nothing.
    LineCut,
    /// The resolver of one owner answers that it can not.
    Dns,
    /// The filter of one owner blocks a service.
    Filter,
    /// One access point is without power.
    AccessPoint,
    /// Nothing passes through the hub of one owner's schools.
    Hub,
    /// The server neither reads nor answers; what it had read at its begin is stored and its answers are lost.
    Server,
    /// Half the classes of one school are on a trip, on a network without a way to the server.
    Trip,
}

/// All of them.
pub const SCENARIOS: [Scenario; 8] = [
    Scenario { name: "quiet", says: "nothing is broken", trouble: None, begin_s: 0, end_s: 0 },
    Scenario {
        name: "school-line-cut",
        says: "the line of one school is cut",
        trouble: Some(Trouble::LineCut),
        begin_s: IN_LESSON,
        end_s: at(11, 10),
    },
    Scenario {
        name: "dns-broken",
        says: "the resolver of one municipality's schools fails",
        trouble: Some(Trouble::Dns),
        begin_s: IN_LESSON,
        end_s: at(11, 15),
    },
    Scenario {
        name: "service-blocked",
        says: "the filter of one municipality blocks a learning service",
        trouble: Some(Trouble::Filter),
        begin_s: IN_LESSON,
        end_s: at(11, 15),
    },
    Scenario {
        name: "access-point-down",
        says: "one access point is without power",
        trouble: Some(Trouble::AccessPoint),
        begin_s: IN_LESSON,
        end_s: at(11, 20),
    },
    Scenario {
        name: "hub-down",
        says: "the hub of one municipality's schools carries nothing",
        trouble: Some(Trouble::Hub),
        begin_s: IN_LESSON,
        end_s: at(11, 10),
    },
    Scenario {
        name: "slow-server",
        says: "the server answers nobody; no school has an outage",
        trouble: Some(Trouble::Server),
        begin_s: IN_LESSON,
        end_s: at(10, 56),
    },
    Scenario {
        name: "late-uploads",
        says: "classes on a trip without a way to the server hand in what they recorded hours later",
        trouble: Some(Trouble::Trip),
        begin_s: at(9, 30),
        end_s: at(11, 30),
    },
];

/// What the judge must find: this element, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// What is broken.
    pub kind: ElementKind,
    /// Its id, as the judge says it.
    pub element_id: String,
    /// The ministry's place, 1–4.
    pub mext_place: u8,
}

impl Scenario {
    /// The scenario of a name.
    pub fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|scenario| scenario.name == name)
    }

    /// When its trouble lasts, in seconds of the day; none on a quiet day.
    pub fn period_s(&self) -> Option<[u32; 2]> {
        self.trouble.map(|_| [self.begin_s, self.end_s])
    }

    /// The trouble at a second of the day.
    pub(super) fn now(&self, second: f64) -> Option<Trouble> {
        self.trouble.filter(|_| (f64::from(self.begin_s)..f64::from(self.end_s)).contains(&second))
    }

    /// Whether it concerns a school, by its number.
    pub(super) fn concerns(&self, town: &Town, school: usize) -> bool {
        match self.trouble {
            None | Some(Trouble::Server) => false,
            Some(Trouble::LineCut | Trouble::AccessPoint | Trouble::Trip) => school == town.target(Target::School),
            Some(Trouble::Dns | Trouble::Filter) => town.schools[school].owner == town.target(Target::DirectOwner),
            Some(Trouble::Hub) => town.schools[school].owner == town.target(Target::HubOwner),
        }
    }

    /// Whether all classes of a school use their devices in the lesson in which it begins, so that it meets somebody.
    pub(super) fn fills_lesson(&self, town: &Town, school: usize, [begin_minute, end_minute]: [u32; 2]) -> bool {
        let begins = (begin_minute * 60..end_minute * 60).contains(&self.begin_s);
        begins && self.trouble != Some(Trouble::Trip) && self.concerns(town, school)
    }

    /// Whether a class is on a trip while the trouble lasts.
    pub(super) fn takes_out(&self, town: &Town, school: usize, class: usize) -> bool {
        self.trouble == Some(Trouble::Trip) && self.concerns(town, school) && class.is_multiple_of(2)
    }

    /// What the judge must find; none where it must find nothing.
    pub fn truth(&self, town: &Town) -> Option<Truth> {
        let school = &town.schools[town.target(Target::School)];
        let of_school = || school.id.to_string();
        let owner = || town.owners[town.target(Target::DirectOwner)].id.to_string();
        let (kind, element_id, mext_place) = match self.trouble? {
            Trouble::LineCut => (ElementKind::SchoolLine, of_school(), 2),
            Trouble::Dns => (ElementKind::Dns, owner(), 3),
            Trouble::Filter => (ElementKind::Filter, owner(), 3),
            Trouble::AccessPoint => {
                let point = town.access_point_text(town.target(Target::School), 0);
                (ElementKind::AccessPoint, format!("{}/{point}", of_school()), 3)
            }
            Trouble::Hub => {
                let hub = town.owners[town.target(Target::HubOwner)].hub?;
                (ElementKind::Hub, hub.to_string(), 3)
            }
            Trouble::Server | Trouble::Trip => return None,
        };
        Some(Truth { kind, element_id, mext_place })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::simulate::timetable::{BEGIN_S, END_S, LESSONS};

    #[test]
    fn each_scenario_has_a_name_of_its_own_and_lies_within_the_day() {
        let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        for scenario in SCENARIOS {
            assert_eq!(Scenario::named(scenario.name).map(|found| found.says), Some(scenario.says));
            let Some([begin, end]) = scenario.period_s() else { continue };
            assert!(BEGIN_S < begin && begin < end && end < END_S, "{}", scenario.name);
            assert_eq!((scenario.now(f64::from(begin)), scenario.now(f64::from(end))), (scenario.trouble, None));
        }
        assert!(Scenario::named("flood").is_none());
    }

    #[test]
    fn troubles_of_a_lesson_begin_in_one() {
        let lesson = |second: u32| LESSONS.iter().any(|[begin, end]| (begin * 60..end * 60).contains(&second));
        let meets_lesson = |scenario: &&Scenario| !matches!(scenario.trouble, None | Some(Trouble::Trip));
        for scenario in SCENARIOS.iter().filter(meets_lesson) {
            assert!(lesson(scenario.begin_s), "{}", scenario.name);
        }
    }
}
