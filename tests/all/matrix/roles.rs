//! Who may do what where, written down here a second time from design §7 and domain §2: a change of the product's own table
//! must be made here too, by a person who means it.

use tonic::Code;

use self::{Right::*, Role::*};

/// A kind of thing that somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    ViewFigures,
    ViewDevices,
    EditDevices,
    ImportDevices,
    Export,
    ManageEnrollment,
    ReviewIdentity,
    EditSchools,
    EditMunicipalities,
    ManageStaff,
    ReadAudit,
    ViewTickets,
    ReportTickets,
    WorkTickets,
    ViewRenewal,
    ViewLedger,
    EditLedger,
}

/// What a person is to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Administrator,
    Engineer,
    BoardViewer,
    BoardEditor,
    SchoolStaff,
    PrefectureViewer,
}

impl Role {
    /// The rights of a role.
    pub fn rights(self) -> &'static [Right] {
        match self {
            Administrator => &[
                ViewFigures,
                ViewDevices,
                EditDevices,
                ImportDevices,
                Export,
                ManageEnrollment,
                ReviewIdentity,
                EditSchools,
                EditMunicipalities,
                ManageStaff,
                ReadAudit,
                ViewTickets,
                ReportTickets,
                WorkTickets,
                ViewRenewal,
                ViewLedger,
                EditLedger,
            ],
            // The shared team: everything about devices and tickets, nothing about schools, money or people.
            Engineer => &[
                ViewFigures,
                ViewDevices,
                EditDevices,
                ImportDevices,
                Export,
                ManageEnrollment,
                ReviewIdentity,
                ViewTickets,
                ReportTickets,
                WorkTickets,
            ],
            // Who only looks may say that something is broken.
            BoardViewer => &[ViewFigures, ViewDevices, Export, ViewTickets, ReportTickets, ViewRenewal, ViewLedger],
            // The board keeps the ledger and the schools and may see who did what; access of devices is the team's, and so is
            // the work on tickets.
            BoardEditor => &[
                ViewFigures,
                ViewDevices,
                EditDevices,
                ImportDevices,
                Export,
                EditSchools,
                ReadAudit,
                ViewTickets,
                ReportTickets,
                ViewRenewal,
                ViewLedger,
                EditLedger,
            ],
            SchoolStaff => &[ViewFigures, ViewDevices, Export, ViewTickets, ReportTickets],
            // Figures and what they cost, no single device and no single entry.
            PrefectureViewer => &[ViewFigures, ViewRenewal],
        }
    }
}

/// The two towns: A, whose people most callers are, and B, which they must not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Town {
    A,
    B,
}

/// Schools of the towns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum School {
    A1,
    A2,
    B1,
}

impl School {
    pub const ALL: [Self; 3] = [Self::B1, Self::A2, Self::A1];

    pub fn town(self) -> Town {
        match self {
            Self::A1 | Self::A2 => Town::A,
            Self::B1 => Town::B,
        }
    }
}

/// Where a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Everywhere,
    /// The prefecture of A; B lies in another one.
    PrefectureOfA,
    AllOf(Town),
    Within(School),
}

/// What somebody has: the rights of roles at places, through a token no more than one role's.
#[derive(Debug, Clone, Copy)]
pub struct Powers {
    pub grants: &'static [(Role, Reach)],
    pub cap: Option<Role>,
}

impl Powers {
    fn reaches(&self, right: Right) -> impl Iterator<Item = Reach> {
        let capped = self.cap.is_some_and(|cap| !cap.rights().contains(&right));
        let held = self.grants.iter().filter(move |(role, _)| !capped && role.rights().contains(&right));
        held.map(|(_, reach)| *reach)
    }

    /// Whether the right is held anywhere.
    pub fn anywhere(&self, right: Right) -> bool {
        self.reaches(right).next().is_some()
    }

    /// Whether the right is held for the installation.
    pub fn everywhere(&self, right: Right) -> bool {
        self.reaches(right).any(|reach| reach == Reach::Everywhere)
    }

    /// Whether the right is held for all of a town.
    pub fn whole(&self, right: Right, town: Town) -> bool {
        self.reaches(right).any(|reach| match reach {
            Reach::Everywhere => true,
            Reach::PrefectureOfA => town == Town::A,
            Reach::AllOf(own) => own == town,
            Reach::Within(_) => false,
        })
    }

    /// Whether the right is held for a school.
    pub fn school(&self, right: Right, school: School) -> bool {
        self.whole(right, school.town()) || self.reaches(right).any(|reach| reach == Reach::Within(school))
    }

    /// Whether the right is held for any part of a town.
    pub fn part(&self, right: Right, town: Town) -> bool {
        School::ALL.iter().any(|school| school.town() == town && self.school(right, *school))
    }
}

/// What the ids of a request name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Town A, its first school: most callers' own.
    Own,
    /// Town A, its second school.
    Sibling,
    /// Town B.
    Foreign,
    /// Ids that exist nowhere.
    Nowhere,
    /// Town A as the owner, and a thing of B's.
    Strange,
    /// Town A as the owner, and a thing that exists nowhere.
    StrangeNowhere,
}

impl Place {
    /// The owner that is named.
    pub fn town(self) -> Option<Town> {
        match self {
            Self::Own | Self::Sibling | Self::Strange | Self::StrangeNowhere => Some(Town::A),
            Self::Foreign => Some(Town::B),
            Self::Nowhere => None,
        }
    }

    /// The place of ids that exist nowhere which must look the same to who may not see this one.
    pub fn of_nobody(self) -> Option<Self> {
        match self {
            Self::Foreign => Some(Self::Nowhere),
            Self::Strange => Some(Self::StrangeNowhere),
            Self::Own | Self::Sibling | Self::Nowhere | Self::StrangeNowhere => None,
        }
    }

    /// The school whose thing is named, if that owner has it.
    pub fn school(self) -> Option<School> {
        match self {
            Self::Own => Some(School::A1),
            Self::Sibling => Some(School::A2),
            Self::Foreign => Some(School::B1),
            Self::Nowhere | Self::Strange | Self::StrangeNowhere => None,
        }
    }
}

/// One check on the way of a request, in the order in which the product makes them. The first that fails is the answer.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Refused without the right anywhere.
    Anywhere(Right),
    /// Refused without the right for the installation.
    Everywhere(Right),
    /// Not found without the right for the installation.
    EverywhereOr(Right, &'static str),
    /// Not found unless a part of the named owner is in sight.
    SeesOwner(Right, &'static str),
    /// Refused without the right in a part of the named owner.
    InOwner(Right),
    /// Refused without the right over all of the named owner.
    OverOwner(Right),
    /// Not found without the right over all of the named owner, and unless the thing is the owner's.
    OverOwnerOr(Right, &'static str),
    /// Not found unless the thing is the owner's and its school is in sight.
    Sees(Right, &'static str),
    /// Refused as wrong unless the school, which is typed by its name, is in sight.
    Knows(Right),
    /// Refused without the right at the thing's school.
    May(Right),
    /// As the step, but what is named stands in the caller's own school.
    AtHome(&'static Step),
    /// Not found for everybody: things that belong to one person alone.
    NobodyElses(&'static str),
    /// Refused through a token that gives less than its person has.
    WholePerson,
    /// Not found through a token that gives less than its person has.
    WholePersonOr(&'static str),
    /// Refused to whoever came so far, because the thing is B's and the other one A's.
    OnlyAtHome(Code, &'static str),
    /// Refused to whoever came so far, because of what is asked for.
    Always(Code, &'static str),
}

impl Step {
    /// Whether nobody gets past it.
    pub fn is_always(&self) -> bool {
        matches!(self, Self::Always(..))
    }
}

/// What a caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A good answer.
    Good,
    /// A refusal.
    Refused(Code, &'static str),
}

/// The reason of a right that is missing.
pub const MISSING: &str = "RIGHT_MISSING";

/// The answer to somebody with these powers who names things of a place.
pub fn expected(powers: &Powers, steps: &[Step], place: Place) -> Expected {
    let refusals = steps.iter().filter_map(|step| refusal(powers, step, place));
    refusals.map(|(code, reason)| Expected::Refused(code, reason)).next().unwrap_or(Expected::Good)
}

fn refusal(powers: &Powers, step: &Step, place: Place) -> Option<(Code, &'static str)> {
    let denied = |allowed: bool| (!allowed).then_some((Code::PermissionDenied, MISSING));
    let hidden = |seen: bool, reason| (!seen).then_some((Code::NotFound, reason));
    let (town, school) = (place.town(), place.school());
    match *step {
        Step::Anywhere(right) => denied(powers.anywhere(right)),
        Step::Everywhere(right) => denied(powers.everywhere(right)),
        Step::EverywhereOr(right, reason) => hidden(school.is_some() && powers.everywhere(right), reason),
        Step::SeesOwner(right, reason) => hidden(town.is_some_and(|town| powers.part(right, town)), reason),
        Step::InOwner(right) => denied(town.is_some_and(|town| powers.part(right, town))),
        Step::OverOwner(right) => denied(town.is_some_and(|town| powers.whole(right, town))),
        Step::OverOwnerOr(right, reason) => {
            hidden(school.is_some_and(|school| powers.whole(right, school.town())), reason)
        }
        Step::Sees(right, reason) => hidden(school.is_some_and(|school| powers.school(right, school)), reason),
        Step::Knows(right) => {
            let known = school.is_some_and(|school| powers.school(right, school));
            (!known).then_some((Code::InvalidArgument, ""))
        }
        Step::May(right) => denied(school.is_some_and(|school| powers.school(right, school))),
        Step::AtHome(step) => refusal(powers, step, Place::Own),
        Step::NobodyElses(reason) => hidden(false, reason),
        Step::WholePerson => denied(powers.cap.is_none()),
        Step::WholePersonOr(reason) => hidden(powers.cap.is_none(), reason),
        Step::OnlyAtHome(code, reason) => (town != Some(Town::A)).then_some((code, reason)),
        Step::Always(code, reason) => Some((code, reason)),
    }
}
