//! Incidents: what they say, how they change, and what one owner may see of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cause, Element, MextPlace, Moment, cover::kept};

/// One trouble with one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Made of the element and the time of the first suspicion: two engines that heard the same give the same id.
    pub id: Uuid,
    /// Where it is in its life.
    pub state: IncidentState,
    /// The verdict that holds.
    pub verdict: Verdict,
    /// The verdict at the time of opening, if it was another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_verdict: Option<Verdict>,
    /// When it was first suspected.
    pub suspected_at: Moment,
    /// When it was opened; what was never opened was no incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Moment>,
    /// When it began; late reports correct it.
    pub started: StartBound,
    /// When it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<Moment>,
    /// When the end was certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Moment>,
    /// The incident that this one turned out to be part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Uuid>,
    /// How often it came back before its end was certain.
    pub flaps: u32,
    /// The announced work that explains it; nobody is alerted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced_by: Option<String>,
    /// What it means to each owner, in the order of their ids.
    pub owners: Vec<OwnerShare>,
    /// Devices that it affects, estimated.
    pub devices: u32,
    /// Minutes of lessons that devices lost.
    pub lesson_device_minutes: f64,
    /// Why the verdict is what it is.
    pub evidence: Evidence,
    /// Its changes, oldest first, at most 64.
    pub timeline: Vec<TimelineEntry>,
}

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Likely, and not certain enough to tell anyone.
    Suspected,
    /// Certain.
    Open,
    /// It seems to be over.
    Recovering,
    /// Over, or never was.
    Closed,
}

/// What is broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The element.
    pub element: Element,
    /// Why.
    pub cause: Cause,
    /// The ministry's place, 1–4.
    pub mext_place: MextPlace,
    /// Probability that element and trouble are right, 0–1.
    pub confidence: f64,
}

/// When an incident began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartBound {
    /// Best estimate.
    pub at: Moment,
    /// Not before.
    pub earliest: Moment,
    /// Not after.
    pub latest: Moment,
}

impl StartBound {
    /// At `at`, or up to some seconds before.
    pub(super) fn up_to(at: Moment, seconds: i64) -> Self {
        Self { at, earliest: at.plus_seconds(-seconds), latest: at }
    }
}

/// What an incident means to one owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnerShare {
    /// The owner.
    pub owner: String,
    /// Its schools, in the order of their ids.
    pub schools: Vec<String>,
    /// Its devices, estimated.
    pub devices: u32,
    /// Minutes of lessons that they lost.
    pub lesson_device_minutes: f64,
}

/// An incident as one owner may see it: no other owner's names, only how many there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnerView {
    /// The incident, reduced to this owner's share.
    pub incident: Incident,
    /// How many other owners it affects.
    pub other_owners: usize,
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What kind of observation tells it.
    pub witness: Witness,
    /// Those behind the element.
    pub affected: Group,
    /// Those that are not behind it, and those behind it that are well.
    pub control: Group,
    /// Natural logarithm of the odds of the verdict.
    pub log_odds: f64,
    /// Other explanations that were looked at, likeliest first, at most five. Elements stand for themselves; `benign` is no
    /// fault at all.
    pub alternatives: Vec<Alternative>,
    /// What observation would change the verdict.
    pub would_change: Doubt,
    /// Devices whose late reports said that the school's own network was broken, and that it was well.
    pub late_reports: [u32; 2],
}

/// An observation that would change a verdict; written as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doubt {
    /// Of silence at a hub.
    #[serde(rename = "a school behind the hub that is heard, or schools of other hubs that fall silent too")]
    HubHeard,
    /// Of silence at a provider.
    #[serde(rename = "a school of the provider that is heard, or schools of other providers that fall silent too")]
    ProviderHeard,
    /// Of silence of one school or a part of it.
    #[serde(
        rename = "a device or probe of the school that is heard; late reports in which the gateway did not answer; siblings that fall silent too"
    )]
    SchoolHeard,
    /// Of names that are not resolved.
    #[serde(rename = "another resolver's users with the same failure, or a user of this resolver without it")]
    OtherResolver,
    /// Of a full line.
    #[serde(rename = "a slow gateway, or other schools behind the same hub or provider that are slow too")]
    SlowElsewhere,
    /// Of a service that does not answer.
    #[serde(rename = "the same failure behind another filter, or a school behind this one without it")]
    OtherFilter,
    /// Of a lost access point.
    #[serde(rename = "devices on this access point, or other access points of the school that are lost too")]
    OnAccessPoint,
    /// Of an access point that is too full.
    #[serde(rename = "other access points of the school with the same slowness")]
    OtherAccessPoints,
    /// Of addresses that are not given.
    #[serde(rename = "newcomers that get an address")]
    AddressGiven,
    /// Of sessions that cannot be opened.
    #[serde(rename = "new sessions that the probe can open")]
    SessionsOpen,
    /// Of one device.
    #[serde(rename = "other devices of the cohort with the same failure")]
    OthersOfCohort,
}

/// What kind of observation tells a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// A cohort fell silent at once.
    Silence,
    /// A cohort fell silent, and a probe with it.
    SilenceAndProbe,
    /// Devices say which layer fails.
    Layers,
    /// Devices that lost an access point say so from another one.
    Roaming,
    /// A probe says so.
    Probe,
}

/// A group of schools and devices that is compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Group {
    /// Schools.
    pub schools: u32,
    /// Devices or check-ins that failed or were missing.
    pub failing: u32,
    /// Devices or check-ins that were expected.
    pub of: u32,
}

impl Group {
    /// The failing share, 0–1; 0 where nothing was expected.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { (f64::from(self.failing) / f64::from(self.of)).min(1.0) }
    }
}

/// Another explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// An element as `kind/id`, or `benign`, or `own_servers`.
    pub explanation: String,
    /// Natural logarithm of its odds.
    pub log_odds: f64,
}

/// A line of an incident's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When the engine judged so.
    pub at: Moment,
    /// What changed.
    pub change: ChangeKind,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is likely.
    Suspected,
    /// It is certain. The only change that alerts, unless announced work silences it.
    Opened,
    /// More schools, or other ones.
    Extended,
    /// Another element or cause.
    VerdictChanged,
    /// Late reports moved its start.
    StartCorrected,
    /// It seems to be over.
    Recovering,
    /// It came back before its end was certain.
    Relapsed,
    /// It is over.
    Closed,
    /// It was part of another one.
    Merged,
    /// It never was.
    Withdrawn,
}

/// A change of an incident, with the incident as it is then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The tick that brought it.
    pub at: Moment,
    /// What changed.
    pub change: ChangeKind,
    /// The incident.
    pub incident: Box<Incident>,
}

impl Incident {
    /// What one owner may see, or nothing where it is not affected.
    pub fn for_owner(&self, owner: &str) -> Option<OwnerView> {
        let own = self.owners.iter().find(|share| share.owner == owner)?.clone();
        let other_owners = self.owners.len() - 1;
        let mut incident = self.clone();
        (incident.devices, incident.lesson_device_minutes) = (own.devices, own.lesson_device_minutes);
        // An alternative may name another owner's school.
        incident.evidence.alternatives.retain(|a| {
            let (kind, id) = a.explanation.split_once('/').unwrap_or((a.explanation.as_str(), ""));
            let school = id.split('/').next().unwrap_or_default();
            !["school_line", "school_lan", "access_point", "device"].contains(&kind)
                || own.schools.iter().any(|s| s == school)
        });
        incident.owners = vec![own];
        Some(OwnerView { incident, other_owners })
    }

    /// Whether someone should be told: it is or was open, stands for itself, and no announced work explains it.
    pub fn is_announced(&self) -> bool {
        self.opened_at.is_some() && self.merged_into.is_none() && self.silenced_by.is_none()
    }

    /// The schools, by owner.
    pub(super) fn set_shares(&mut self, shares: BTreeMap<String, OwnerShare>) {
        self.owners = shares.into_values().collect();
        self.devices = self.owners.iter().map(|share| share.devices).sum();
        let minutes = self.owners.iter().map(|share| share.lesson_device_minutes).sum();
        self.lesson_device_minutes = kept(minutes);
    }
}

/// The name of an enum of the engine, as JSON has it; empty for what is no enum without content.
pub fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(_) | Err(_) => String::new(),
    }
}

/// The id of an incident: FNV-1a over element, channel and the time of the first suspicion, as a UUID of version 8.
pub(super) fn incident_id(element: &Element, channel: &str, suspected_at: Moment) -> Uuid {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let text = format!("{}/{}/{channel}/{}", element.kind.name(), element.id, suspected_at.0);
    for byte in text.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    uuid::Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid()
}
