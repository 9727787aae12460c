//! Where a device is, by the network it is on. Only what it sees on its school's own network counts for the school.

use std::collections::HashMap;

use gigafleet_agent::identity::to_hex;

use crate::schools::rules::SchoolId;

/// By what a network is known. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum NetworkKind {
    /// Name of the Wi-Fi. Many schools share one, so it decides only where nothing else is known.
    Ssid = 1,
    /// Address of an access point, 12 hex digits.
    AccessPoint = 2,
    /// Salted hash of the gateway's address, 32 hex digits.
    Gateway = 3,
    /// Public address under which the school appears.
    PublicAddress = 4,
}

impl NetworkKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ssid, Self::AccessPoint, Self::Gateway, Self::PublicAddress];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }
}

/// What a device says of the network it is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Name of the Wi-Fi.
    pub ssid: Option<String>,
    /// The access point.
    pub access_point: Option<[u8; 6]>,
    /// Salted hash of the gateway's address.
    pub gateway: Option<[u8; 16]>,
    /// The address that its report came from.
    pub public_address: Option<String>,
}

impl Seen {
    /// What is stored of it.
    pub fn stored(ssid: Option<String>, access_point: Option<&[u8]>, gateway: Option<&[u8]>) -> Self {
        Self {
            ssid,
            access_point: access_point.and_then(|bytes| bytes.try_into().ok()),
            gateway: gateway.and_then(|bytes| bytes.try_into().ok()),
            public_address: None,
        }
    }

    fn values(&self) -> impl Iterator<Item = (NetworkKind, String)> {
        [
            self.gateway.map(|gateway| (NetworkKind::Gateway, to_hex(&gateway))),
            self.access_point.map(|point| (NetworkKind::AccessPoint, to_hex(&point))),
            self.public_address.clone().map(|address| (NetworkKind::PublicAddress, address)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the network of the school that it belongs to.
    School,
    /// On the network of another school of its owner.
    OtherSchool(SchoolId),
    /// On a network of no school: at home, or on a trip.
    Elsewhere,
    /// Nobody can tell: the device says too little, or nothing is known of its school's networks.
    Unknown,
}

/// The networks of an owner's schools.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    schools: HashMap<(NetworkKind, String), Vec<SchoolId>>,
    known: HashMap<SchoolId, bool>,
}

impl Networks {
    /// Adds one by which a school is known.
    pub fn add(&mut self, school: SchoolId, kind: NetworkKind, value: String) {
        let schools = self.schools.entry((kind, value)).or_default();
        if !schools.contains(&school) {
            schools.push(school);
        }
        // A name alone tells no school from another.
        *self.known.entry(school).or_default() |= kind != NetworkKind::Ssid;
    }

    /// Where a device of a school is.
    pub fn place(&self, own: SchoolId, seen: &Seen) -> Place {
        let mut other = None;
        let mut said = false;
        for value in seen.values() {
            said = true;
            let schools = self.schools.get(&value).map_or(&[][..], Vec::as_slice);
            if schools.contains(&own) {
                return Place::School;
            }
            // What two schools share, such as the public address of a hub, tells neither.
            if let [school] = schools {
                other = other.or(Some(*school));
            }
        }
        let known = self.known.get(&own).copied();
        let by_name = seen.ssid.clone().and_then(|ssid| self.schools.get(&(NetworkKind::Ssid, ssid)));
        match (other, known, by_name) {
            (Some(other), _, _) => Place::OtherSchool(other),
            (None, Some(false), Some(schools)) if schools.contains(&own) => Place::School,
            (None, None | Some(false), _) => Place::Unknown,
            (None, Some(true), _) if said => Place::Elsewhere,
            (None, Some(true), _) => Place::Unknown,
        }
    }
}

/// What is learned as a school's own network: seen by at least this many of its devices …
pub const LEARN_DEVICES: i64 = 5;
/// … and by at least this share of those that report on a school day, in percent. A trip or a home has fewer.
pub const LEARN_PERCENT: i64 = 20;

/// Whether a network that some of a school's reporting devices are on, in the hours of a school day, is its own.
pub fn is_own(devices: i64, reporting: i64) -> bool {
    devices >= LEARN_DEVICES && devices * 100 >= reporting * LEARN_PERCENT
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn school(number: u128) -> SchoolId {
        SchoolId(Uuid::from_u128(number))
    }

    fn seen(gateway: u8, point: u8) -> Seen {
        Seen { gateway: Some([gateway; 16]), access_point: Some([point; 6]), ..Seen::default() }
    }

    fn networks() -> Networks {
        let mut networks = Networks::default();
        networks.add(school(1), NetworkKind::Gateway, "01".repeat(16));
        networks.add(school(2), NetworkKind::AccessPoint, "0b".repeat(6));
        networks.add(school(3), NetworkKind::Ssid, String::from("giga"));
        for number in [1, 2] {
            networks.add(school(number), NetworkKind::PublicAddress, String::from("192.0.2.1"));
        }
        networks
    }

    #[test]
    fn own_gateway_or_access_point_is_school_and_another_schools_is_not() {
        assert_eq!(networks().place(school(1), &seen(1, 9)), Place::School);
        assert_eq!(networks().place(school(2), &seen(7, 0x0b)), Place::School);
        assert_eq!(networks().place(school(1), &seen(7, 0x0b)), Place::OtherSchool(school(2)));
        assert_eq!(networks().place(school(1), &seen(7, 7)), Place::Elsewhere);
    }

    #[test]
    fn who_says_nothing_or_has_no_known_network_is_nowhere() {
        assert_eq!(networks().place(school(1), &Seen::default()), Place::Unknown);
        assert_eq!(networks().place(school(9), &seen(7, 7)), Place::Unknown);
    }

    #[test]
    fn address_that_schools_share_tells_only_the_own_one() {
        let shared = Seen { public_address: Some(String::from("192.0.2.1")), ..Seen::default() };
        assert_eq!(networks().place(school(1), &shared), Place::School);
        assert_eq!(networks().place(school(9), &shared), Place::Unknown, "it is not taken for either of the two");
    }

    #[test]
    fn name_decides_only_where_nothing_else_is_known() {
        let named = |gateway| Seen { ssid: Some(String::from("giga")), ..seen(gateway, 7) };
        assert_eq!(networks().place(school(3), &named(7)), Place::School);
        let mut more = networks();
        more.add(school(3), NetworkKind::Gateway, "03".repeat(16));
        assert_eq!(more.place(school(3), &named(7)), Place::Elsewhere);
        assert_eq!(more.place(school(3), &named(3)), Place::School);
    }

    #[test]
    fn network_is_learned_from_a_fifth_of_those_that_report_and_never_from_a_handful() {
        assert!(is_own(5, 25) && !is_own(5, 26) && !is_own(4, 4));
    }
}
