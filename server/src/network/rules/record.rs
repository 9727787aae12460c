//! What a tick found, and what the engine keeps of an incident beside what it tells: how findings, late reports and time
//! change it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Alternative, BUCKET_S, Cause, Change, ChangeKind, Doubt, Element, ElementKind, Engine, Evidence, Group, Incident,
    IncidentState, Moment, Policy, StartBound, TimelineEntry, Verdict, Witness,
    cover::{kept, probability},
    incident::incident_id,
    recovery::Now,
};

/// Entries of a timeline that are kept.
const TIMELINE: usize = 64;
/// Seconds before an incident's start and after its end within which a trouble that began is taken for part of it.
const BEFORE_S: i64 = 60;
const AFTER_S: i64 = 90;
/// Log-likelihood that one device's late report adds to what it says, and the most that all add.
const VOTE: f64 = 1.1;
const VOTES_MOST: f64 = 5.0;

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

impl Record {
    pub(super) fn new(finding: Finding, now: Moment, policy: &Policy) -> Self {
        let id = incident_id(&finding.element, finding.channel.name(), now);
        let verdict = verdict(&finding);
        let evidence = evidence(&finding);
        Self {
            incident: Incident {
                id,
                state: if finding.opens { IncidentState::Open } else { IncidentState::Suspected },
                verdict,
                first_verdict: None,
                suspected_at: now,
                opened_at: finding.opens.then_some(now),
                started: finding.started,
                recovered_at: None,
                closed_at: None,
                merged_into: None,
                flaps: 0,
                silenced_by: None,
                owners: Vec::new(),
                devices: 0,
                lesson_device_minutes: 0.0,
                evidence,
                timeline: Vec::new(),
            },
            origin: finding.element,
            channel: finding.channel,
            schools: finding.schools.into_iter().collect(),
            ok_since: None,
            validation_s: policy.validation_s,
            unseen: 0,
            votes: BTreeMap::new(),
            failures: Vec::new(),
            dirty: false,
        }
    }

    /// Whether a finding is of this incident.
    pub(super) fn is_of(&self, finding: &Finding, now: Moment, policy: &Policy) -> bool {
        let services = matches!((&self.channel, &finding.channel), (Channel::Service(_), Channel::Service(_)));
        let same = self.channel == finding.channel || services;
        let element = self.origin == finding.element || self.incident.verdict.element == finding.element;
        let alive = match self.incident.closed_at {
            None => true,
            Some(closed) => self.incident.opened_at.is_some() && now.seconds_since(closed) < policy.reopen_s,
        };
        same && element && alive && self.incident.merged_into.is_none()
    }

    pub(super) fn covers(&self, finding: &Finding) -> bool {
        finding.schools.iter().all(|(school, _)| self.schools.contains_key(school))
    }

    /// Whether this incident lasts, and trouble of another kind at its schools comes from it.
    pub(super) fn lasts_and_explains(&self, finding: &Finding) -> bool {
        let lasts = matches!(self.incident.state, IncidentState::Open | IncidentState::Recovering);
        let other = self.channel != finding.channel && self.channel.explains(&finding.channel);
        lasts && other && self.incident.merged_into.is_none() && self.covers(finding)
    }

    /// Whether another access point of the school is lost while this one still is: they have a switch in common.
    pub(super) fn is_of_same_switch(&self, finding: &Finding) -> bool {
        let one = |element: &Element| element.kind == ElementKind::AccessPoint;
        self.channel == Channel::AccessPoint
            && finding.channel == Channel::AccessPoint
            && self.incident.state == IncidentState::Open
            && finding.opens
            && one(&self.origin)
            && one(&finding.element)
            && self.origin != finding.element
    }

    /// Whether a finding's trouble began while this incident lasted, behind its element.
    pub(super) fn is_cause_of(&self, engine: &Engine, finding: &Finding, now: Moment) -> bool {
        let element = &self.incident.verdict.element;
        let behind = |school: &u32| self.schools.contains_key(school) || engine.is_behind(*school, element);
        let begin = self.incident.started.earliest.plus_seconds(-BEFORE_S);
        let end = self.incident.recovered_at.unwrap_or(now).plus_seconds(AFTER_S);
        (begin..=end).contains(&finding.started.at) && finding.schools.iter().all(|(school, _)| behind(school))
    }

    /// Takes a finding in; says what it changes.
    pub(super) fn update(&mut self, finding: &Finding, now: Moment, policy: &Policy) -> Vec<ChangeKind> {
        let before = self.schools.len();
        for (school, devices) in &finding.schools {
            let most = self.schools.entry(*school).or_default();
            *most = (*most).max(*devices);
        }
        let mut kinds = Vec::new();
        let stronger = finding.log_odds >= self.incident.evidence.log_odds;
        match self.incident.state {
            IncidentState::Suspected => {
                self.incident.verdict = verdict(finding);
                self.incident.evidence = evidence(finding);
                self.incident.started = finding.started;
                if finding.opens {
                    self.incident.state = IncidentState::Open;
                    self.incident.opened_at = Some(now);
                    kinds.push(ChangeKind::Opened);
                }
            }
            IncidentState::Open | IncidentState::Recovering => {
                if stronger && self.incident.first_verdict.is_none() && self.votes.is_empty() {
                    let late_reports = self.incident.evidence.late_reports;
                    self.incident.evidence = Evidence { late_reports, ..evidence(finding) };
                    self.incident.verdict.confidence = self.incident.verdict.confidence.max(kept(finding.confidence));
                }
                if self.schools.len() > before {
                    kinds.push(ChangeKind::Extended);
                }
            }
            IncidentState::Closed => {
                self.relapse(policy);
                self.incident.closed_at = None;
                kinds.push(ChangeKind::Relapsed);
            }
        }
        kinds
    }

    fn relapse(&mut self, policy: &Policy) {
        self.incident.state = IncidentState::Open;
        self.incident.flaps += 1;
        self.incident.recovered_at = None;
        self.ok_since = None;
        self.validation_s = (self.validation_s * 2).min(policy.validation_most_s);
    }

    /// Turns to another element while the incident is young.
    pub(super) fn turn(&mut self, finding: &Finding) {
        let first = self.incident.verdict.clone();
        self.incident.first_verdict.get_or_insert(first);
        self.incident.verdict = verdict(finding);
        self.incident.evidence = evidence(finding);
        self.origin = finding.element.clone();
    }

    pub(super) fn close(&mut self, now: Moment, until: Moment) {
        self.incident.state = IncidentState::Closed;
        self.incident.closed_at = Some(now);
        self.incident.recovered_at.get_or_insert(until);
    }

    pub(super) fn age(&mut self, engine: &Engine, look: Now, until: Moment, now: Moment, changes: &mut Vec<Change>) {
        match (self.incident.state, look) {
            (IncidentState::Open, Now::Well) => {
                self.ok_since = Some(until);
                self.incident.recovered_at = Some(until.plus_seconds(-BUCKET_S));
                self.incident.state = IncidentState::Recovering;
                self.say(engine, ChangeKind::Recovering, until, now, changes);
            }
            (IncidentState::Recovering, Now::Failing) => {
                self.relapse(&engine.policy);
                self.say(engine, ChangeKind::Relapsed, until, now, changes);
            }
            (IncidentState::Recovering, Now::Well | Now::Untold) => {
                if self.ok_since.is_some_and(|since| until.seconds_since(since) >= self.validation_s) {
                    self.close(now, until);
                    self.say(engine, ChangeKind::Closed, until, now, changes);
                }
            }
            (IncidentState::Open | IncidentState::Suspected | IncidentState::Closed, _) => {}
        }
    }

    /// Lets late reports correct the start and decide between the school's line and its own network.
    pub(super) fn correct(&mut self, engine: &Engine) -> Vec<ChangeKind> {
        self.dirty = false;
        let mut kinds = Vec::new();
        let yes = self.votes.values().filter(|own| **own).count();
        let no = self.votes.len() - yes;
        self.incident.evidence.late_reports = [yes as u32, no as u32];
        let single = matches!(self.origin.kind, ElementKind::SchoolLine);
        if single && !self.votes.is_empty() && self.incident.opened_at.is_some() {
            let share = engine.policy.line_share_of_cuts;
            let votes = (VOTE * (yes as f64 - no as f64)).clamp(-VOTES_MOST, VOTES_MOST);
            let own_network = probability(votes + ((1.0 - share) / share).ln());
            let (kind, cause, confidence) = if own_network > 0.5 {
                (ElementKind::SchoolLan, Cause::Router, own_network)
            } else {
                (ElementKind::SchoolLine, Cause::LineCut, 1.0 - own_network)
            };
            let element = Element::new(kind, self.origin.id.clone());
            if element != self.incident.verdict.element {
                let first = self.incident.verdict.clone();
                self.incident.first_verdict.get_or_insert(first);
                kinds.push(ChangeKind::VerdictChanged);
            }
            let confidence = kept(confidence.min(0.97));
            self.incident.verdict = Verdict { mext_place: cause.place(kind), element, cause, confidence };
        }
        let StartBound { at, earliest, latest } = self.incident.started;
        let mut within: Vec<Moment> = self.failures.clone();
        within.retain(|failure| (earliest.plus_seconds(-5)..=latest.plus_seconds(90)).contains(failure));
        within.sort_unstable();
        if let Some(first) = within.first().copied() {
            // With many devices the first of them fails soon after the start.
            let lead_s = 30 / i64::try_from(self.votes.len().max(1)).unwrap_or(30);
            let began = first.plus_seconds(-lead_s).clamp(earliest, latest.max(earliest));
            let moved = (began.0 - at.0).abs() >= 1_000_000;
            self.incident.started = StartBound { at: began, earliest, latest: first.min(latest).max(began) };
            if moved {
                kinds.push(ChangeKind::StartCorrected);
            }
        }
        if self.incident.opened_at.is_none() { Vec::new() } else { kinds }
    }

    /// Writes a change down with the incident as it is now.
    pub(super) fn say(
        &mut self,
        engine: &Engine,
        kind: ChangeKind,
        until: Moment,
        now: Moment,
        changes: &mut Vec<Change>,
    ) {
        let incident = &mut self.incident;
        if incident.silenced_by.is_none() {
            let began = incident.started.at;
            let plans = engine.plans.iter().filter(|plan| plan.covers(began));
            let schools = &self.schools;
            let concerns = |element: &Element| {
                *element == incident.verdict.element
                    || *element == self.origin
                    || schools.keys().all(|school| engine.is_behind(*school, element))
            };
            incident.silenced_by = plans.filter(|plan| concerns(&plan.element)).map(|plan| plan.id.clone()).next();
        }
        let end = incident.recovered_at.unwrap_or(until);
        incident.set_shares(engine.shares(&self.schools, incident.started.at, end));
        if incident.timeline.len() == TIMELINE {
            // The beginning of the story stays.
            incident.timeline.remove(TIMELINE / 2);
        }
        incident.timeline.push(TimelineEntry { at: now, change: kind });
        changes.push(Change { at: now, change: kind, incident: Box::new(incident.clone()) });
    }
}

fn verdict(finding: &Finding) -> Verdict {
    Verdict {
        element: finding.element.clone(),
        cause: finding.cause,
        mext_place: finding.cause.place(finding.element.kind),
        confidence: kept(finding.confidence),
    }
}

fn evidence(finding: &Finding) -> Evidence {
    let mut alternatives = finding.alternatives.clone();
    alternatives.truncate(5);
    for alternative in &mut alternatives {
        alternative.log_odds = kept(alternative.log_odds);
    }
    Evidence {
        witness: finding.witness,
        affected: finding.affected,
        control: finding.control,
        log_odds: kept(finding.log_odds),
        alternatives,
        would_change: would_change(&finding.channel, finding.element.kind),
        late_reports: [0, 0],
    }
}

fn would_change(channel: &Channel, kind: ElementKind) -> Doubt {
    match channel {
        Channel::Silence => match kind {
            ElementKind::Hub => Doubt::HubHeard,
            ElementKind::Isp => Doubt::ProviderHeard,
            ElementKind::Device
            | ElementKind::AccessPoint
            | ElementKind::SchoolLan
            | ElementKind::SchoolLine
            | ElementKind::Filter
            | ElementKind::Dns
            | ElementKind::IdentityProvider
            | ElementKind::Service => Doubt::SchoolHeard,
        },
        Channel::Dns => Doubt::OtherResolver,
        Channel::Congestion => Doubt::SlowElsewhere,
        Channel::Service(_) => Doubt::OtherFilter,
        Channel::AccessPoint => Doubt::OnAccessPoint,
        Channel::Gateway => Doubt::OtherAccessPoints,
        Channel::Address => Doubt::AddressGiven,
        Channel::Ports => Doubt::SessionsOpen,
        Channel::Device => Doubt::OthersOfCohort,
    }
}
