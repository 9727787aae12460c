//! Roles, rights and areas: who may do what where, pure.
//!
//! Invariant: an [`Area`] comes out of a [`Scope`] only, and a [`Scope`] out of a [`Staff`] only, so a query that takes one
//! cannot look beyond what its caller may see.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use crate::error::{Error, Kind, Result, says::access as say};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for crate::db::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}
pub(crate) use id;

id! {
    /// A municipality (区市町村), the owner of schools and devices.
    MunicipalityId
}
id! {
    /// A school (学校).
    SchoolId
}
id! {
    /// A member of staff.
    StaffId
}

/// What a person is to a municipality (design §7). The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Role {
    /// Everything in the area; everywhere also the installation itself.
    Administrator = 1,
    /// Of the shared team (ICTエンジニア): devices, enrolment, identity.
    Engineer = 2,
    /// Of the board of education (教育委員会), reads.
    BoardViewer = 3,
    /// Of the board of education, keeps the ledger and the schools.
    BoardEditor = 4,
    /// Of a school (教員・管理職): its own devices.
    SchoolStaff = 5,
    /// Of the prefecture's board (都道府県教育委員会): figures, no single device.
    PrefectureViewer = 6,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::Engineer,
        Self::BoardViewer,
        Self::BoardEditor,
        Self::SchoolStaff,
        Self::PrefectureViewer,
    ];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// The role that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as i16 == number)
    }

    /// Whether the role gives a right.
    pub fn allows(self, right: Right) -> bool {
        use Right::*;
        match self {
            Self::Administrator => true,
            Self::Engineer => matches!(
                right,
                ViewFigures
                    | ViewDevices
                    | EditDevices
                    | ImportDevices
                    | Export
                    | ManageEnrollment
                    | ReviewIdentity
                    | ViewTickets
                    | ReportTickets
                    | WorkTickets
            ),
            Self::BoardViewer => matches!(
                right,
                ViewFigures | ViewDevices | Export | ViewTickets | ReportTickets | ViewRenewal | ViewLedger
            ),
            Self::BoardEditor => matches!(
                right,
                ViewFigures
                    | ViewDevices
                    | EditDevices
                    | ImportDevices
                    | Export
                    | EditSchools
                    | ReadAudit
                    | ViewTickets
                    | ReportTickets
                    | ViewRenewal
                    | ViewLedger
                    | EditLedger
            ),
            Self::SchoolStaff => matches!(right, ViewFigures | ViewDevices | Export | ViewTickets | ReportTickets),
            Self::PrefectureViewer => matches!(right, ViewFigures | ViewRenewal),
        }
    }
}

/// One kind of thing that a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Read municipalities, schools, calendars, lines and counts.
    ViewFigures,
    /// Read single devices, their history and reviews of identity.
    ViewDevices,
    /// Change what a device is: fields, verbs.
    EditDevices,
    /// Hand in files of devices.
    ImportDevices,
    /// Take lists out as files.
    Export,
    /// Make tokens for enrolment, end access of devices, send commands.
    ManageEnrollment,
    /// Merge, split and dismiss identities.
    ReviewIdentity,
    /// Change schools, pupils, calendars, lines.
    EditSchools,
    /// Add municipalities and what the nation shares; only everywhere.
    EditMunicipalities,
    /// Add staff, give and end grants.
    ManageStaff,
    /// Read the audit log.
    ReadAudit,
    /// Read tickets, but for what staff write among themselves.
    ViewTickets,
    /// Report trouble, and say more of it.
    ReportTickets,
    /// Judge, take, answer, resolve tickets; read all of them.
    WorkTickets,
    /// Read plans and sums of what renewal costs; only of an owner as a whole.
    ViewRenewal,
    /// Read the ledger of renewal: single entries and the serial numbers behind an amount.
    ViewLedger,
    /// Record in the ledger, take back, say the rules of renewal.
    EditLedger,
}

impl Right {
    /// All rights.
    pub const ALL: [Self; 17] = [
        Self::ViewFigures,
        Self::ViewDevices,
        Self::EditDevices,
        Self::ImportDevices,
        Self::Export,
        Self::ManageEnrollment,
        Self::ReviewIdentity,
        Self::EditSchools,
        Self::EditMunicipalities,
        Self::ManageStaff,
        Self::ReadAudit,
        Self::ViewTickets,
        Self::ReportTickets,
        Self::WorkTickets,
        Self::ViewRenewal,
        Self::ViewLedger,
        Self::EditLedger,
    ];
}

/// Which schools of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schools {
    /// All, and what belongs to none.
    All,
    /// These only.
    Only(BTreeSet<SchoolId>),
}

impl Schools {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut one), Self::Only(two)) => {
                one.extend(two);
                Self::Only(one)
            }
            _ => Self::All,
        }
    }
}

/// One owner, or some schools of it, that a caller may reach with the right that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    municipality: MunicipalityId,
    schools: Schools,
}

impl Area {
    /// The owner.
    pub fn municipality(&self) -> MunicipalityId {
        self.municipality
    }

    /// Its schools within reach.
    pub fn schools(&self) -> &Schools {
        &self.schools
    }

    /// Whether something of this school, or of none, is within reach.
    pub fn covers(&self, school: Option<SchoolId>) -> bool {
        match (&self.schools, school) {
            (Schools::All, _) => true,
            (Schools::Only(schools), Some(school)) => schools.contains(&school),
            (Schools::Only(_), None) => false,
        }
    }

    /// The schools as the parameter of `area_sql!`: a JSON array, or none for all.
    pub fn schools_json(&self) -> Option<String> {
        match &self.schools {
            Schools::All => None,
            Schools::Only(schools) => {
                let quoted: Vec<_> = schools.iter().map(|school| format!("\"{school}\"")).collect();
                Some(format!("[{}]", quoted.join(",")))
            }
        }
    }
}

/// Where a caller has a right. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    everywhere: bool,
    areas: Arc<BTreeMap<MunicipalityId, Schools>>,
}

impl Scope {
    /// Whether the right holds for the installation itself and for every owner there will be.
    pub fn is_everywhere(&self) -> bool {
        self.everywhere
    }

    /// One owner, if any of it is within reach.
    pub fn area(&self, municipality: MunicipalityId) -> Option<Area> {
        self.areas.get(&municipality).map(|schools| Area { municipality, schools: schools.clone() })
    }

    /// One owner, if all of it is within reach.
    pub fn whole(&self, municipality: MunicipalityId) -> Option<Area> {
        self.area(municipality).filter(|area| area.schools == Schools::All)
    }

    /// Whether something of this owner and school, or of no school, is within reach.
    pub fn covers(&self, municipality: MunicipalityId, school: Option<SchoolId>) -> bool {
        self.area(municipality).is_some_and(|area| area.covers(school))
    }

    /// All owners within reach in the order of their ids.
    pub fn areas(&self) -> impl Iterator<Item = Area> {
        self.areas.iter().map(|(municipality, schools)| Area { municipality: *municipality, schools: schools.clone() })
    }
}

/// Where a grant or a token reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The whole installation.
    Everywhere,
    /// All municipalities whose code begins with these two digits.
    Prefecture(String),
    /// One municipality.
    Municipality(MunicipalityId),
    /// One school.
    School(MunicipalityId, SchoolId),
}

impl Place {
    /// Whether all of another place lies within this one. `owners` are all owners with their codes.
    pub fn contains(&self, other: &Self, owners: &BTreeMap<MunicipalityId, String>) -> bool {
        let of_prefecture =
            |owner: &MunicipalityId, prefix: &str| owners.get(owner).is_some_and(|code| code.starts_with(prefix));
        match (self, other) {
            (Self::Everywhere, _) => true,
            (_, Self::Everywhere) => false,
            (Self::Prefecture(one), Self::Prefecture(two)) => one == two,
            (Self::Prefecture(prefix), Self::Municipality(owner) | Self::School(owner, _)) => {
                of_prefecture(owner, prefix)
            }
            (Self::Municipality(one), Self::Municipality(two) | Self::School(two, _)) => one == two,
            (Self::School(..), Self::School(..)) => self == other,
            (Self::Municipality(_) | Self::School(..), Self::Prefecture(_))
            | (Self::School(..), Self::Municipality(_)) => false,
        }
    }

    /// What two places have in common: places contain one another or are apart.
    fn meet(&self, other: &Self, owners: &BTreeMap<MunicipalityId, String>) -> Option<Self> {
        if self.contains(other, owners) {
            Some(other.clone())
        } else if other.contains(self, owners) {
            Some(self.clone())
        } else {
            None
        }
    }

    /// The owner that a place belongs to; none where it is of several.
    pub fn municipality(&self) -> Option<MunicipalityId> {
        match self {
            Self::Everywhere | Self::Prefecture(_) => None,
            Self::Municipality(owner) | Self::School(owner, _) => Some(*owner),
        }
    }
}

/// A role somewhere, in force now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The role.
    pub role: Role,
    /// Where.
    pub place: Place,
}

/// How the caller proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An API token.
    Token(Uuid),
    /// A session of the console.
    Session(Uuid),
    /// The code of a label, which whoever stands before it has: no person, no token.
    Label,
    /// The certificate of a device, at which somebody sits: no person, no token.
    Device,
    /// None: the server itself.
    Server,
}

/// A member of staff, or a program of theirs, who calls.
#[derive(Debug, Clone)]
pub struct Staff {
    /// The person; none for a token of the installation.
    pub id: Option<StaffId>,
    /// For the log and the audit: the person's or the token's name.
    pub name: String,
    /// How they came in.
    pub credential: Credential,
    reaches: Vec<Reach>,
    /// No right beyond those of this role, whatever the reaches give: the role of an API token.
    cap: Option<Role>,
    /// Whether the token gives less than its owner has.
    narrowed: bool,
    /// All owners there are, by id, with their code.
    owners: Arc<BTreeMap<MunicipalityId, String>>,
}

impl Staff {
    /// A caller with what is in force for it now.
    pub(in crate::access) fn new(
        id: Option<StaffId>,
        name: String,
        credential: Credential,
        reaches: Vec<Reach>,
        owners: Arc<BTreeMap<MunicipalityId, String>>,
    ) -> Self {
        Self { id, name, credential, reaches, cap: None, narrowed: false, owners }
    }

    /// Whoever reports with a label, without signing in: what staff of its school may do, there and nowhere else; over the whole
    /// owner for a label whose device is at no school. This and [`Self::at_device`] are the ways to a caller without a credential of staff.
    pub fn reporter(owner: MunicipalityId, school: Option<SchoolId>) -> Self {
        Self::stranger("QRフォーム", Credential::Label, owner, school)
    }

    /// Whoever reports at a device, without signing in: the same, at the school where the device is.
    pub fn at_device(owner: MunicipalityId, school: Option<SchoolId>) -> Self {
        Self::stranger("端末からの連絡", Credential::Device, owner, school)
    }

    fn stranger(name: &str, credential: Credential, owner: MunicipalityId, school: Option<SchoolId>) -> Self {
        let place = school.map_or(Place::Municipality(owner), |school| Place::School(owner, school));
        let reach = Reach { role: Role::SchoolStaff, place };
        let owners = Arc::new(BTreeMap::from([(owner, String::new())]));
        Self::new(None, name.to_owned(), credential, vec![reach], owners)
    }

    /// The server itself, where it does by itself what engineers would do at an owner.
    pub fn server(owner: MunicipalityId) -> Self {
        let reach = Reach { role: Role::Engineer, place: Place::Municipality(owner) };
        let owners = Arc::new(BTreeMap::from([(owner, String::new())]));
        Self::new(None, String::from("gigafleet"), Credential::Server, vec![reach], owners)
    }

    /// The same caller through a token, which narrows what is in force for the person.
    pub(in crate::access) fn through_token(mut self, token: &Reach) -> Self {
        let given = |right: &Right| token.role.allows(*right);
        self.narrowed = self.reaches.iter().any(|reach| {
            let mut rights = Right::ALL.iter().filter(|right| reach.role.allows(**right));
            !token.place.contains(&reach.place, &self.owners) || !rights.all(given)
        });
        let reaches = self
            .reaches
            .iter()
            .filter_map(|reach| Some(Reach { role: reach.role, place: reach.place.meet(&token.place, &self.owners)? }));
        self.reaches = reaches.collect();
        self.cap = Some(token.role);
        self
    }

    fn allows(&self, reach: &Reach, right: Right) -> bool {
        reach.role.allows(right) && self.cap.is_none_or(|cap| cap.allows(right))
    }

    /// Whether one of the caller's roles gives a right over all of a place, also over what will be added to it.
    pub fn holds(&self, right: Right, place: &Place) -> bool {
        self.reaches.iter().any(|reach| self.allows(reach, right) && reach.place.contains(place, &self.owners))
    }

    /// Whether the caller holds all that a role would give at a place.
    pub fn holds_role(&self, role: Role, place: &Place) -> bool {
        Right::ALL.into_iter().filter(|right| role.allows(*right)).all(|right| self.holds(right, place))
    }

    /// Whether this is a person through a token that gives less than the person has. Such a token is for a program, and what is
    /// the person's own (sessions, other tokens) is none of the program's business.
    pub fn is_narrowed(&self) -> bool {
        self.narrowed
    }

    /// The role beyond which an API token gives nothing; none for a session or a token of the installation.
    pub fn cap(&self) -> Option<Role> {
        self.cap
    }

    /// The roles in force, each with its place.
    pub fn reaches(&self) -> &[Reach] {
        &self.reaches
    }

    /// Whether the caller has a right anywhere.
    pub fn has(&self, right: Right) -> bool {
        self.reaches.iter().any(|reach| self.allows(reach, right))
    }

    /// Where the caller has a right. Reason: RIGHT_MISSING if nowhere.
    pub fn scope(&self, right: Right) -> Result<Scope> {
        if !self.has(right) {
            return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::role_forbids()));
        }
        let mut scope = Scope { everywhere: false, areas: Arc::default() };
        let areas = Arc::make_mut(&mut scope.areas);
        let mut add = |municipality: MunicipalityId, schools: Schools| {
            let joined = match areas.remove(&municipality) {
                Some(old) => old.join(schools),
                None => schools,
            };
            areas.insert(municipality, joined);
        };
        for reach in self.reaches.iter().filter(|reach| self.allows(reach, right)) {
            match &reach.place {
                Place::Everywhere => {
                    scope.everywhere = true;
                    self.owners.keys().for_each(|owner| add(*owner, Schools::All));
                }
                Place::Prefecture(prefix) => {
                    let of_it = self.owners.iter().filter(|(_, code)| code.starts_with(prefix.as_str()));
                    of_it.for_each(|(owner, _)| add(*owner, Schools::All));
                }
                Place::Municipality(owner) => add(*owner, Schools::All),
                Place::School(owner, school) => add(*owner, Schools::Only(BTreeSet::from([*school]))),
            }
        }
        Ok(scope)
    }

    /// Refuses unless the caller has a right for the whole installation. Reason: RIGHT_MISSING.
    pub fn require_everywhere(&self, right: Right) -> Result<()> {
        if self.scope(right)?.is_everywhere() {
            return Ok(());
        }
        Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::needs_installation_right()))
    }

    /// Where the caller has a right, for a list: all owners in the order of their ids, or the one that is named, which is then
    /// as visible as in any other call. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub fn areas(&self, right: Right, only: Option<MunicipalityId>) -> Result<Vec<Area>> {
        let scope = self.scope(right)?;
        let Some(owner) = only else { return Ok(scope.areas().collect()) };
        match scope.area(owner) {
            Some(area) => Ok(vec![area]),
            None => self.area_for(right, owner).map(|area| vec![area]),
        }
    }

    /// The area of [`Self::area_for`], where it reaches something of this school, or of none. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub fn area_over(&self, right: Right, municipality: MunicipalityId, school: Option<SchoolId>) -> Result<Area> {
        let area = self.area_for(right, municipality)?;
        if area.covers(school) {
            return Ok(area);
        }
        Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::role_forbids_here()))
    }

    /// The area of an owner in which the caller has a right, for a change. Where the caller can only look, the refusal says
    /// so; what it cannot even see is not found. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub fn area_for(&self, right: Right, municipality: MunicipalityId) -> Result<Area> {
        let not_found = || Error::not_found("MUNICIPALITY_NOT_FOUND", say::municipality_unknown(municipality));
        if let Some(area) = self.scope(right).ok().and_then(|scope| scope.area(municipality)) {
            return Ok(area);
        }
        let visible = self.scope(Right::ViewFigures).is_ok_and(|scope| scope.area(municipality).is_some());
        if visible {
            return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::role_forbids_here()));
        }
        Err(not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(n: u128) -> MunicipalityId {
        MunicipalityId(Uuid::from_u128(n))
    }

    fn school(n: u128) -> SchoolId {
        SchoolId(Uuid::from_u128(n))
    }

    fn staff(reaches: &[(Role, Place)]) -> Staff {
        let owners = [(1, "131016"), (2, "131024"), (3, "142018")];
        let owners = owners.into_iter().map(|(n, code)| (owner(n), String::from(code))).collect();
        let reaches = reaches.iter().map(|(role, place)| Reach { role: *role, place: place.clone() }).collect();
        Staff::new(None, String::from("test"), Credential::Token(Uuid::nil()), reaches, Arc::new(owners))
    }

    #[test]
    fn scope_is_the_union_of_places_whose_role_allows_it() {
        let staff = staff(&[
            (Role::Engineer, Place::Municipality(owner(1))),
            (Role::SchoolStaff, Place::School(owner(2), school(7))),
            (Role::SchoolStaff, Place::School(owner(2), school(8))),
            (Role::PrefectureViewer, Place::Prefecture(String::from("14"))),
        ]);
        let devices = staff.scope(Right::ViewDevices).unwrap();
        assert!(devices.covers(owner(1), None) && devices.covers(owner(2), Some(school(8))));
        assert!(!devices.covers(owner(2), None) && !devices.covers(owner(2), Some(school(9))));
        assert!(!devices.covers(owner(3), None), "a prefecture sees figures only");
        assert!(staff.scope(Right::ViewFigures).unwrap().covers(owner(3), None));
        assert!(devices.whole(owner(2)).is_none() && devices.whole(owner(1)).is_some());
        assert_eq!(staff.scope(Right::ManageStaff).unwrap_err().reason, "RIGHT_MISSING");
    }

    #[test]
    fn change_is_refused_where_one_can_look_and_not_found_elsewhere() {
        let staff = staff(&[
            (Role::BoardViewer, Place::Municipality(owner(1))),
            (Role::BoardEditor, Place::Municipality(owner(2))),
        ]);
        assert!(staff.area_for(Right::EditDevices, owner(2)).is_ok());
        assert_eq!(staff.area_for(Right::EditDevices, owner(1)).unwrap_err().reason, "RIGHT_MISSING");
        assert_eq!(staff.area_for(Right::EditDevices, owner(3)).unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
        assert_eq!(staff.require_everywhere(Right::EditDevices).unwrap_err().reason, "RIGHT_MISSING");
    }

    #[test]
    fn token_gives_what_it_and_its_owner_both_have() {
        let person = staff(&[
            (Role::Administrator, Place::Municipality(owner(1))),
            (Role::SchoolStaff, Place::School(owner(2), school(7))),
        ]);
        let through = |role, place| person.clone().through_token(&Reach { role, place });
        let wide = through(Role::Engineer, Place::Everywhere);
        assert!(wide.scope(Right::EditDevices).unwrap().covers(owner(1), None));
        assert!(!wide.scope(Right::EditDevices).unwrap().covers(owner(2), Some(school(7))), "school staff do not edit");
        assert!(wide.scope(Right::ViewDevices).unwrap().covers(owner(2), Some(school(7))));
        assert!(
            wide.scope(Right::ManageStaff).is_err() && !wide.has(Right::ManageStaff),
            "an engineer manages no staff"
        );
        assert!(!wide.scope(Right::ViewDevices).unwrap().is_everywhere());
        assert!(wide.is_narrowed() && !through(Role::Administrator, Place::Everywhere).is_narrowed());
        let tokyo = through(Role::Administrator, Place::Prefecture(String::from("13")));
        assert!(tokyo.holds(Right::ManageStaff, &Place::School(owner(1), school(1))));
        assert!(!tokyo.is_narrowed() && through(Role::Administrator, Place::Municipality(owner(1))).is_narrowed());
        assert!(!tokyo.holds(Right::ManageStaff, &Place::Prefecture(String::from("13"))));
        let elsewhere = through(Role::Administrator, Place::Municipality(owner(3)));
        assert!(Right::ALL.into_iter().all(|right| !elsewhere.has(right)));
    }

    #[test]
    fn role_is_held_where_all_its_rights_are() {
        let person = staff(&[
            (Role::BoardEditor, Place::Municipality(owner(1))),
            (Role::Engineer, Place::Prefecture(String::from("13"))),
        ]);
        let here = Place::Municipality(owner(1));
        assert!(person.holds_role(Role::BoardEditor, &here) && person.holds_role(Role::BoardViewer, &here));
        assert!(!person.holds_role(Role::Administrator, &here));
        assert!(person.holds_role(Role::Engineer, &Place::Municipality(owner(2))));
        assert!(!person.holds_role(Role::Engineer, &Place::Municipality(owner(3))));
        assert!(!person.holds_role(Role::BoardViewer, &Place::Everywhere));
    }

    #[test]
    fn places_contain_each_other_in_one_order() {
        let owners = BTreeMap::from([(owner(1), String::from("131016")), (owner(3), String::from("142018"))]);
        let places = [
            Place::Everywhere,
            Place::Prefecture(String::from("13")),
            Place::Municipality(owner(1)),
            Place::School(owner(1), school(1)),
        ];
        for (one, wide) in places.iter().enumerate() {
            for (two, narrow) in places.iter().enumerate() {
                assert_eq!(wide.contains(narrow, &owners), one <= two, "{wide:?} {narrow:?}");
            }
        }
        assert!(!places[1].contains(&Place::Municipality(owner(3)), &owners));
        assert!(!places[2].contains(&Place::School(owner(3), school(1)), &owners));
        assert!(!places[3].contains(&Place::School(owner(1), school(2)), &owners));
    }

    #[test]
    fn schools_travel_as_json() {
        let staff = staff(&[(Role::SchoolStaff, Place::School(owner(2), school(7)))]);
        let area = staff.scope(Right::ViewDevices).unwrap().area(owner(2)).unwrap();
        assert_eq!(area.schools_json().unwrap(), "[\"00000000-0000-0000-0000-000000000007\"]");
    }
}
