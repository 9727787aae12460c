//! What the engine keeps of an incident beside what it tells, and what a tick found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Alternative, Cause, Element, Group, Incident, Moment, StartBound, Witness};

/// What kind of trouble it is; two kinds at one element are two incidents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    /// Nothing comes from a school.
    Silence,
    /// Names.
    Dns,
    /// Everything behind the gateway is slow.
    Congestion,
    /// One service.
    Service(String),
    /// An access point is lost.
    AccessPoint,
    /// The gateway is slow or away.
    Gateway,
    /// No addresses.
    Address,
    /// No sessions.
    Ports,
    /// One device.
    Device,
}

impl Channel {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Dns => "dns",
            Self::Congestion => "congestion",
            Self::Service(_) => "service",
            Self::AccessPoint => "access_point",
            Self::Gateway => "gateway",
            Self::Address => "address",
            Self::Ports => "ports",
            Self::Device => "device",
        }
    }
}

/// What a tick found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) channel: Channel,
    pub(super) element: Element,
    pub(super) cause: Cause,
    pub(super) log_odds: f64,
    pub(super) confidence: f64,
    /// Schools, with the devices affected.
    pub(super) schools: Vec<(u32, u32)>,
    /// Certain enough, and not held back.
    pub(super) opens: bool,
    pub(super) started: StartBound,
    pub(super) witness: Witness,
    pub(super) affected: Group,
    pub(super) control: Group,
    pub(super) alternatives: Vec<Alternative>,
}

/// An incident and what is needed to go on with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) incident: Incident,
    pub(super) channel: Channel,
    /// The element of the verdict that came from the signs alone, by which it is found again.
    pub(super) origin: Element,
    /// Schools, with the most devices affected.
    pub(super) schools: BTreeMap<u32, u32>,
    /// Since when it seems to be over.
    pub(super) ok_since: Option<Moment>,
    pub(super) validation_s: i64,
    /// Ticks for which a suspicion was not seen.
    pub(super) unseen: u32,
    /// Devices whose late report says that the school's own network was broken (`true`) or well.
    pub(super) votes: BTreeMap<String, bool>,
    /// When devices say that it began.
    pub(super) failures: Vec<Moment>,
    /// Late reports came since the last tick.
    pub(super) dirty: bool,
}
