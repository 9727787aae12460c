//! What the servers observed, in the order in which they learned it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Element, Moment};

/// One observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When a server learned it. Events come in this order.
    pub known: Moment,
    /// What was observed.
    #[serde(flatten)]
    pub what: Observed,
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Observed {
    /// Check-ins of devices on their school's own network within one bucket; several for one bucket add up, each check-in
    /// counts once.
    Presence {
        /// Begin of the bucket.
        from: Moment,
        /// Length of the bucket, seconds; [`super::BUCKET_S`].
        seconds: u32,
        /// The school.
        school: String,
        /// The access point, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        access_point: Option<String>,
        /// Check-ins.
        heard: u32,
        /// Of these, from devices that do not sleep when a lid is closed (teachers', always on), if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard_awake: Option<u32>,
    },
    /// A layer of a device changed its state, or is still not `ok` (said again every few minutes while it lasts).
    Transition {
        /// When it happened; without it, at `known`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
        /// The device, or the probe.
        device: String,
        /// The school whose network it was on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        school: Option<String>,
        /// Where the device was.
        place: Place,
        /// The access point that it used, or lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        access_point: Option<String>,
        /// The layer.
        target: Target,
        /// How it is.
        outcome: Outcome,
        /// Why it is so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorKind>,
    },
    /// A probe was heard; every ten seconds.
    ProbeHeartbeat {
        /// The probe.
        probe: String,
        /// When; without it, at `known`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
    },
    /// A server has handed over all that it heard before `until`.
    Feed {
        /// The server.
        server: String,
        /// Up to when.
        until: Moment,
    },
    /// A server is gone; it is no longer waited for.
    ServerGone {
        /// The server.
        server: String,
    },
    /// Servers could not hear or store in this time: absence in it proves nothing, nor for one pace after it.
    ServerGap {
        /// Begin.
        from: Moment,
        /// End.
        to: Moment,
    },
    /// Work on an element that was announced.
    PlannedWork {
        /// Unique.
        id: String,
        /// What is worked on.
        element: Element,
        /// Begin.
        from: Moment,
        /// End.
        to: Moment,
    },
    /// A day of one school is, or is not, a school day after all.
    Calendar {
        /// The school.
        school: String,
        /// Local date, `2026-04-08`.
        date: String,
        /// Whether there is school.
        school_day: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// Where a device was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On its own school's network.
    School,
    /// At home.
    Home,
    /// On another school's network.
    OtherSchool,
    /// Not known.
    Unknown,
}

/// A layer, from the device outwards. The order is that of probing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Wi-Fi association.
    Link,
    /// An address by DHCP.
    Address,
    /// The school's router.
    Gateway,
    /// Names.
    Dns,
    /// The first hop behind the school's line (probes).
    HubHop,
    /// The provider's first hop (probes).
    IspHop,
    /// Sessions that the line can still open (probes).
    Ports,
    /// This product's server.
    Server,
    /// A service.
    Service(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("link"),
            Self::Address => f.write_str("address"),
            Self::Gateway => f.write_str("gateway"),
            Self::Dns => f.write_str("dns"),
            Self::HubHop => f.write_str("hub_hop"),
            Self::IspHop => f.write_str("isp_hop"),
            Self::Ports => f.write_str("ports"),
            Self::Server => f.write_str("server"),
            Self::Service(id) => write!(f, "service:{id}"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "link" => Self::Link,
            "address" => Self::Address,
            "gateway" => Self::Gateway,
            "dns" => Self::Dns,
            "hub_hop" => Self::HubHop,
            "isp_hop" => Self::IspHop,
            "ports" => Self::Ports,
            "server" => Self::Server,
            other => match other.strip_prefix("service:") {
                Some(id) if !id.is_empty() => Self::Service(id.to_owned()),
                Some(_) | None => return Err(de::Error::custom(format!("{other} is no target"))),
            },
        })
    }
}

/// How a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It answers, later than it should.
    Slow,
    /// It does not work.
    Failed,
}

/// Why a layer does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// No answer in time.
    Timeout,
    /// Connection refused.
    Refused,
    /// Connection reset.
    Reset,
    /// A page or an answer that says so.
    Blocked,
    /// A certificate that is not the service's own.
    BadCertificate,
    /// Nothing came back at all.
    NoAnswer,
    /// The name does not exist.
    Nx,
    /// The service says that it has a fault.
    Unavailable,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether something between the device and the service said no, rather than the service being away.
    pub(super) fn is_of_middlebox(self) -> bool {
        match self {
            Self::Reset | Self::Blocked | Self::BadCertificate => true,
            Self::Timeout | Self::Refused | Self::NoAnswer | Self::Nx | Self::Unavailable | Self::Other => false,
        }
    }
}
