//! How a school reaches the internet: its lines, and the hubs that several lines go through.

use crate::error::{
    Both, FieldViolation,
    says::{fields, schools as say},
};

/// How a line goes. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum Topology {
    /// 直接接続.
    Direct = 1,
    /// 自治体集約: through the municipality's hub.
    MunicipalHub = 2,
    /// 都道府県集約: through the prefecture's hub.
    PrefecturalHub = 3,
    /// Mobile network.
    Lte = 4,
}

impl Topology {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Direct, Self::MunicipalHub, Self::PrefecturalHub, Self::Lte];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|topology| *topology as i16 == number)
    }
}

/// What a hub is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum HubKind {
    /// A municipality's data centre or office.
    Municipal = 1,
    /// A prefecture's network.
    Prefectural = 2,
    /// A provider's node.
    Isp = 3,
}

impl HubKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Municipal, Self::Prefectural, Self::Isp];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }
}

/// Most lines of a school.
pub const MOST_LINES: u32 = 9;
/// Fastest contract that is believed, in Mbps.
pub const MOST_MBPS: u32 = 400_000;

/// Whether a line of this topology may go through a hub of this kind, or through none.
pub fn check_hub(topology: Topology, hub: Option<HubKind>) -> Result<(), FieldViolation> {
    let refuse = |message: Both| Err(FieldViolation::new("hub_id", message));
    match (topology, hub) {
        (_, None)
        | (Topology::MunicipalHub, Some(HubKind::Municipal))
        | (Topology::PrefecturalHub, Some(HubKind::Prefectural))
        | (Topology::Direct | Topology::Lte, Some(HubKind::Isp)) => Ok(()),
        (Topology::MunicipalHub, Some(_)) => refuse(say::needs_municipal_hub()),
        (Topology::PrefecturalHub, Some(_)) => refuse(say::needs_prefectural_hub()),
        (Topology::Direct | Topology::Lte, Some(_)) => refuse(say::needs_isp_node()),
    }
}

/// A contract speed: none, or 1 to 400,000 Mbps.
pub fn parse_mbps(mbps: Option<u32>) -> Result<Option<i64>, FieldViolation> {
    match mbps {
        None => Ok(None),
        Some(mbps) if (1..=MOST_MBPS).contains(&mbps) => Ok(Some(i64::from(mbps))),
        Some(mbps) => Err(FieldViolation::new("contract_mbps", say::contract_mbps(mbps))),
    }
}

/// Number of a line: 1 to 9; 0 means 1.
pub fn parse_line_number(number: u32) -> Result<i64, FieldViolation> {
    match number {
        0 => Ok(1),
        1..=MOST_LINES => Ok(i64::from(number)),
        _ => Err(FieldViolation::new("line_number", fields::out_of_range(number, 1, MOST_LINES))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_fits_the_topology() {
        for topology in Topology::ALL {
            assert!(check_hub(topology, None).is_ok(), "nobody knows every hub");
            let fitting: Vec<_> =
                HubKind::ALL.into_iter().filter(|kind| check_hub(topology, Some(*kind)).is_ok()).collect();
            assert_eq!(fitting.len(), 1, "{topology:?}");
        }
        assert!(check_hub(Topology::Direct, Some(HubKind::Municipal)).is_err());
    }

    #[test]
    fn speeds_and_numbers_are_bounded() {
        assert_eq!(parse_mbps(None).unwrap(), None);
        assert_eq!(parse_mbps(Some(1_000)).unwrap(), Some(1_000));
        assert!(parse_mbps(Some(0)).is_err() && parse_mbps(Some(400_001)).is_err());
        assert_eq!(parse_line_number(0).unwrap(), 1);
        assert!(parse_line_number(10).is_err());
    }
}
