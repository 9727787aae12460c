//! What can be broken, why, and which of the ministry's four places that is.

use serde::{Deserialize, Serialize};

/// One element of the network. Ids of devices and access points begin with the school's: `school/ap`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Element {
    /// What it is.
    pub kind: ElementKind,
    /// Unique among its kind.
    pub id: String,
}

impl Element {
    /// An element by kind and id.
    pub fn new(kind: ElementKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// Kinds of elements, from the device outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementKind {
    /// One device; its id is the school's, a slash, the device's.
    Device,
    /// One access point; its id is the school's, a slash, the access point's.
    AccessPoint,
    /// A school's router, switches, cabling, DHCP.
    SchoolLan,
    /// A school's line.
    SchoolLine,
    /// A municipal or prefectural hub.
    Hub,
    /// An internet provider.
    Isp,
    /// A filter, proxy or UTM.
    Filter,
    /// A resolver.
    Dns,
    /// A service at which people sign in.
    IdentityProvider,
    /// A service.
    Service,
}

impl ElementKind {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::AccessPoint => "access_point",
            Self::SchoolLan => "school_lan",
            Self::SchoolLine => "school_line",
            Self::Hub => "hub",
            Self::Isp => "isp",
            Self::Filter => "filter",
            Self::Dns => "dns",
            Self::IdentityProvider => "identity_provider",
            Self::Service => "service",
        }
    }

    /// Whether an element of this kind belongs to one school.
    pub fn is_of_one_school(self) -> bool {
        match self {
            Self::Device | Self::AccessPoint | Self::SchoolLan | Self::SchoolLine => true,
            Self::Hub | Self::Isp | Self::Filter | Self::Dns | Self::IdentityProvider | Self::Service => false,
        }
    }
}

/// Why an element fails, as the trade tells causes apart (no published list; ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The service itself.
    Service,
    /// Signing in.
    Account,
    /// The line or the provider is cut.
    LineCut,
    /// The line or the hub is full.
    LineCongestion,
    /// No more sessions or ports (NAT, MAP-E).
    PortLimit,
    /// The hub.
    Hub,
    /// Proxy, filter, UTM.
    Filter,
    /// Router or firewall.
    Router,
    /// Switch or cabling.
    Switch,
    /// An access point that is off or out of reach.
    AccessPointCoverage,
    /// An access point with too many clients.
    AccessPointCapacity,
    /// No more addresses.
    DhcpExhaustion,
    /// Names.
    Dns,
    /// The device.
    Device,
    /// Not known.
    Unknown,
}

/// The four places of the ministry's guidebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum MextPlace {
    /// (1) The service side.
    Service,
    /// (2) The line contract.
    Line,
    /// (3) Network equipment: settings, performance, placement, wiring.
    Equipment,
    /// (4) Performance and operation of devices.
    Device,
}

impl From<MextPlace> for u8 {
    fn from(place: MextPlace) -> Self {
        match place {
            MextPlace::Service => 1,
            MextPlace::Line => 2,
            MextPlace::Equipment => 3,
            MextPlace::Device => 4,
        }
    }
}

impl TryFrom<u8> for MextPlace {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::Service),
            2 => Ok(Self::Line),
            3 => Ok(Self::Equipment),
            4 => Ok(Self::Device),
            _ => Err(format!("{number} is none of the four places")),
        }
    }
}

impl Cause {
    /// The ministry's place of this cause. A cause that is not known lies where its element does.
    pub fn place(self, of: ElementKind) -> MextPlace {
        match self {
            Self::Service | Self::Account => MextPlace::Service,
            Self::LineCut | Self::LineCongestion | Self::PortLimit => MextPlace::Line,
            Self::Hub
            | Self::Filter
            | Self::Router
            | Self::Switch
            | Self::AccessPointCoverage
            | Self::AccessPointCapacity
            | Self::DhcpExhaustion
            | Self::Dns => MextPlace::Equipment,
            Self::Device => MextPlace::Device,
            Self::Unknown => match of {
                ElementKind::Service | ElementKind::IdentityProvider => MextPlace::Service,
                ElementKind::SchoolLine | ElementKind::Isp => MextPlace::Line,
                ElementKind::AccessPoint
                | ElementKind::SchoolLan
                | ElementKind::Hub
                | ElementKind::Filter
                | ElementKind::Dns => MextPlace::Equipment,
                ElementKind::Device => MextPlace::Device,
            },
        }
    }
}
