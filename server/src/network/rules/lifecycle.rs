//! The life of incidents: suspected, open, recovering, closed; merged into a larger one, corrected by late reports.
//!
//! Invariants: one incident per element and kind of trouble at a time; `Opened` is said once in an incident's life; a late
//! report never opens anything; records are kept for [`Policy::late_s`] after closing and are at most [`RECORDS`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    BUCKET_S, Cause, Change, ChangeKind, Element, ElementKind, Engine, Evidence, Incident, IncidentState, Moment,
    Outcome, OwnerShare, Policy, StartBound, Target, TimelineEntry, Verdict,
    cover::{TROUBLE, probability},
    engine::pace_buckets,
    incident::incident_id,
    layers::Said,
    record::{Channel, Finding, Record},
};

/// Incidents that are kept.
const RECORDS: usize = 20_000;
/// Entries of a timeline that are kept.
const TIMELINE: usize = 64;
/// Late reports that are kept per incident.
const LATE_REPORTS: usize = 512;
/// Ticks after which a suspicion that is not seen again is withdrawn.
const UNSEEN_TICKS: u32 = 6;
/// Seconds after opening within which a verdict may still turn to another element.
const TURN_S: i64 = 900;
/// Seconds before an incident's start and after its end within which a trouble that began is taken for part of it.
const BEFORE_S: i64 = 60;
const AFTER_S: i64 = 90;
/// Log-likelihood that one device's late report adds to what it says, and the most that all add.
const VOTE: f64 = 1.1;
const VOTES_MOST: f64 = 5.0;

/// All incidents that are alive or closed lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Life {
    pub(super) records: Vec<Record>,
}

/// How an incident's trouble looks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Failing,
    Well,
    /// Nobody is there who could tell.
    Untold,
}

impl Life {
    /// Takes what a device says into the incidents that it tells about: where it broke, and when.
    pub(super) fn hear(&mut self, number: u32, said: &Said<'_>) {
        if said.outcome != Outcome::Failed {
            return;
        }
        for record in &mut self.records {
            let incident = &record.incident;
            if record.channel != Channel::Silence || !record.schools.contains_key(&number) {
                continue;
            }
            let begin = incident.started.earliest.plus_seconds(-30);
            let end = incident.recovered_at.unwrap_or(said.known).plus_seconds(30);
            if said.at < begin || said.at > end {
                continue;
            }
            let own_network = match said.target {
                Target::Link | Target::Address | Target::Gateway => true,
                Target::Dns | Target::HubHop | Target::IspHop | Target::Server | Target::Service(_) => false,
                Target::Ports => continue,
            };
            if record.votes.len() < LATE_REPORTS || record.votes.contains_key(said.device) {
                let vote = record.votes.entry(said.device.to_owned()).or_insert(own_network);
                *vote |= own_network;
            }
            if record.failures.len() < LATE_REPORTS {
                record.failures.push(said.at);
            }
            record.dirty = true;
        }
    }

    /// Goes on by one tick.
    pub(super) fn advance(
        &mut self,
        engine: &Engine,
        findings: Vec<Finding>,
        newest: i64,
        until: Moment,
        now: Moment,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let found: BTreeSet<Element> = findings.iter().map(|finding| finding.element.clone()).collect();
        let mut seen = BTreeSet::new();
        for finding in findings {
            self.take(engine, finding, &found, &mut seen, until, now, &mut changes);
        }
        for number in 0..self.records.len() {
            let record = &mut self.records[number];
            let kinds = if record.dirty { record.correct(engine) } else { Vec::new() };
            for kind in kinds {
                record.say(engine, kind, until, now, &mut changes);
            }
            match record.incident.state {
                IncidentState::Suspected => {
                    record.unseen = if seen.contains(&number) { 0 } else { record.unseen + 1 };
                    if record.unseen >= UNSEEN_TICKS {
                        record.close(now, until);
                        record.say(engine, ChangeKind::Withdrawn, until, now, &mut changes);
                    }
                }
                IncidentState::Open | IncidentState::Recovering => {
                    let look = record.now(engine, newest, until);
                    record.age(engine, look, until, now, &mut changes);
                }
                IncidentState::Closed => {}
            }
        }
        let late_s = engine.policy.late_s;
        self.records.retain(|r| r.incident.closed_at.is_none_or(|closed| now.seconds_since(closed) < late_s));
        if self.records.len() > RECORDS {
            let over = self.records.len() - RECORDS;
            self.records.drain(..over);
        }
        changes
    }

    /// The incident of a finding: by the element, then by what it overlaps with.
    #[expect(clippy::too_many_arguments, reason = "one step of a tick, split off for length")]
    fn take(
        &mut self,
        engine: &Engine,
        finding: Finding,
        found: &BTreeSet<Element>,
        seen: &mut BTreeSet<usize>,
        until: Moment,
        now: Moment,
        changes: &mut Vec<Change>,
    ) {
        let policy = &engine.policy;
        if let Some(number) = self.records.iter().rposition(|record| record.is_of(&finding, now, policy)) {
            seen.insert(number);
            let record = &mut self.records[number];
            let opens = finding.opens;
            let closed = record.incident.state == IncidentState::Closed;
            if closed && !opens {
                return;
            }
            let kinds = record.update(&finding, now, policy);
            for kind in kinds {
                record.say(engine, kind, until, now, changes);
            }
            if opens && record.incident.opened_at == Some(now) {
                self.absorb(engine, number, until, now, changes);
            }
            return;
        }
        // What is known to be part of something larger is not said again; a verdict may turn while it is young.
        let overlapping: Vec<usize> = (0..self.records.len())
            .filter(|number| {
                let record = &self.records[*number];
                let recent = record.incident.closed_at.is_none_or(|at| now.seconds_since(at) < policy.reopen_s / 5);
                record.channel.explains(&finding.channel)
                    && record.incident.merged_into.is_none()
                    && record.incident.opened_at.is_some()
                    && (recent && record.covers(&finding) || record.is_cause_of(engine, &finding, now))
            })
            .collect();
        if let Some(number) = overlapping.first().copied() {
            let record = &mut self.records[number];
            let opened = record.incident.opened_at.unwrap_or(now);
            let turns = !found.contains(&record.incident.verdict.element)
                && record.channel == finding.channel
                && record.incident.state == IncidentState::Open
                && record.ok_since.is_none()
                && finding.opens
                && now.seconds_since(opened) < TURN_S
                && finding.schools.len() * 10 >= record.schools.len() * 7;
            if turns {
                record.turn(&finding);
                record.say(engine, ChangeKind::VerdictChanged, until, now, changes);
            }
            return;
        }
        let opens = finding.opens;
        let record = Record::new(finding, now, policy);
        self.records.push(record);
        let number = self.records.len() - 1;
        seen.insert(number);
        let kind = if opens { ChangeKind::Opened } else { ChangeKind::Suspected };
        self.records[number].say(engine, kind, until, now, changes);
        if opens {
            self.absorb(engine, number, until, now, changes);
        }
    }

    /// Merges into an incident that was just opened what turns out to be part of it.
    fn absorb(&mut self, engine: &Engine, number: usize, until: Moment, now: Moment, changes: &mut Vec<Change>) {
        let (id, channel) = (self.records[number].incident.id, self.records[number].channel.clone());
        let schools: BTreeSet<u32> = self.records[number].schools.keys().copied().collect();
        let begin = self.records[number].incident.started.earliest;
        for other in 0..self.records.len() {
            let record = &mut self.records[other];
            let alive = record.incident.state != IncidentState::Closed;
            let near = record.incident.started.latest >= begin.plus_seconds(-300);
            let part =
                channel.explains(&record.channel) && record.schools.keys().all(|school| schools.contains(school));
            if other == number || !alive || !part || !near {
                continue;
            }
            record.incident.merged_into = Some(id);
            record.close(now, until);
            record.say(engine, ChangeKind::Merged, until, now, changes);
        }
    }
}

impl Channel {
    /// Whether trouble of this kind makes the other kind come along.
    fn explains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Service(_), Self::Service(_)) => self == other,
            (Self::Device, Self::Device) => false,
            (Self::Service(_), Self::Device) => true,
            (Self::Silence, _) => true,
            (Self::Congestion | Self::Gateway, Self::Service(_) | Self::Congestion | Self::Ports | Self::Device) => {
                true
            }
            (Self::Dns, Self::Service(_) | Self::Device) => true,
            (Self::Gateway, Self::AccessPoint) | (Self::AccessPoint, Self::Device | Self::Silence) => true,
            (Self::Ports, Self::Congestion | Self::Service(_)) => true,
            _ => self == other,
        }
    }
}

impl Record {
    fn new(finding: Finding, now: Moment, policy: &Policy) -> Self {
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
    fn is_of(&self, finding: &Finding, now: Moment, policy: &Policy) -> bool {
        let services = matches!((&self.channel, &finding.channel), (Channel::Service(_), Channel::Service(_)));
        let same = self.channel == finding.channel || services;
        let element = self.origin == finding.element || self.incident.verdict.element == finding.element;
        let alive = match self.incident.closed_at {
            None => true,
            Some(closed) => self.incident.opened_at.is_some() && now.seconds_since(closed) < policy.reopen_s,
        };
        same && element && alive && self.incident.merged_into.is_none()
    }

    fn covers(&self, finding: &Finding) -> bool {
        finding.schools.iter().all(|(school, _)| self.schools.contains_key(school))
    }

    /// Whether a finding's trouble began while this incident lasted, behind its element.
    fn is_cause_of(&self, engine: &Engine, finding: &Finding, now: Moment) -> bool {
        let element = &self.incident.verdict.element;
        let behind = |school: &u32| self.schools.contains_key(school) || engine.is_behind(*school, element);
        let begin = self.incident.started.earliest.plus_seconds(-BEFORE_S);
        let end = self.incident.recovered_at.unwrap_or(now).plus_seconds(AFTER_S);
        (begin..=end).contains(&finding.started.at) && finding.schools.iter().all(|(school, _)| behind(school))
    }

    /// Takes a finding in; says what it changes.
    fn update(&mut self, finding: &Finding, now: Moment, policy: &Policy) -> Vec<ChangeKind> {
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
                    self.incident.verdict.confidence = self.incident.verdict.confidence.max(finding.confidence);
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
    fn turn(&mut self, finding: &Finding) {
        let first = self.incident.verdict.clone();
        self.incident.first_verdict.get_or_insert(first);
        self.incident.verdict = verdict(finding);
        self.incident.evidence = evidence(finding);
        self.origin = finding.element.clone();
    }

    fn close(&mut self, now: Moment, until: Moment) {
        self.incident.state = IncidentState::Closed;
        self.incident.closed_at = Some(now);
        self.incident.recovered_at.get_or_insert(until);
    }

    /// How the trouble looks now.
    fn now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        match &self.channel {
            Channel::Silence => self.silence_now(engine, newest, until),
            Channel::AccessPoint if self.origin.kind == ElementKind::SchoolLan => self.signs_now(engine, until, 90),
            Channel::AccessPoint => self.access_point_now(engine, newest, until),
            Channel::Address => self.signs_now(engine, until, 300),
            Channel::Ports => {
                let broken = self.schools.keys().any(|number| {
                    let probe = engine.schools[*number as usize].probe.as_ref();
                    probe.is_some_and(|probe| probe.broken.contains_key(&Target::Ports))
                });
                if broken { Now::Failing } else { Now::Well }
            }
            Channel::Device => {
                let (number, id) = (self.schools.keys().next(), self.origin.id.split_once('/').map(|(_, id)| id));
                let (Some(number), Some(id)) = (number, id) else { return Now::Untold };
                let layers = &engine.schools[*number as usize].layers;
                match layers.devices.get(id) {
                    Some(device) if device.troubles.iter().any(|t| t.last_known >= layers.stale) => Now::Failing,
                    Some(_) => Now::Untold,
                    None => Now::Well,
                }
            }
            Channel::Dns | Channel::Congestion | Channel::Service(_) | Channel::Gateway => self.layers_now(engine),
        }
    }

    fn silence_now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        let (mut failing, mut well) = (0, 0);
        for number in self.schools.keys() {
            let state = &engine.schools[*number as usize];
            let probe = state.probe.as_ref().and_then(|probe| probe.last);
            let beats = probe.is_some_and(|last| until.seconds_since(last) < 30);
            let pace = pace_buckets(engine.topology.schools[*number as usize].pace_s);
            match &state.cohort.quiet {
                Some(_) if beats => well += 1,
                Some(quiet) if quiet.score > TROUBLE => failing += 1,
                Some(_) => {}
                None if beats || state.cohort.heard_within(newest, pace.max(3)) > 0 => well += 1,
                None => {}
            }
        }
        match (failing, well) {
            (0, 0) => Now::Untold,
            (failing, well) if well * 3 >= (failing + well) * 2 => Now::Well,
            _ => Now::Failing,
        }
    }

    fn access_point_now(&self, engine: &Engine, newest: i64, until: Moment) -> Now {
        let id = self.origin.id.split_once('/').map(|(_, id)| id);
        let (Some(number), Some(id)) = (self.schools.keys().next(), id) else { return Now::Untold };
        let spot = engine.schools[*number as usize].access_points.get(id);
        let heard = spot.map_or(0, |spot| spot.heard_since(newest - 5));
        if heard > 0 { self.signs_now(engine, until, 60) } else { Now::Untold }
    }

    /// Whether devices lost an access point, or got no address, lately.
    fn signs_now(&self, engine: &Engine, until: Moment, within_s: i64) -> Now {
        let address = self.channel == Channel::Address;
        let from = until.plus_seconds(-within_s);
        let recent = self.schools.keys().any(|number| {
            let state = &engine.schools[*number as usize];
            let signs = state.layers.signs.iter();
            let probe = state.probe.as_ref().is_some_and(|probe| probe.broken.contains_key(&Target::Address));
            (address && probe) || signs.filter(|sign| sign.address == address).any(|sign| sign.at >= from)
        });
        if recent { Now::Failing } else { Now::Well }
    }

    fn layers_now(&self, engine: &Engine) -> Now {
        let (mut now, mut most) = (0, 0);
        for (number, peak) in &self.schools {
            let counted = engine.schools[*number as usize].layers.count();
            let spot = self.origin.id.split_once('/').map(|(_, id)| id);
            most += peak;
            now += match &self.channel {
                Channel::Dns => counted.dns,
                Channel::Congestion => counted.congested,
                Channel::Service(service) => counted.services.get(service).map_or(0, |[troubled, _]| *troubled),
                Channel::Gateway => match spot {
                    Some(id) => counted.gateway.get(id).copied().unwrap_or(0),
                    None => counted.gateway.values().sum(),
                },
                Channel::Silence | Channel::AccessPoint | Channel::Address | Channel::Ports | Channel::Device => 0,
            };
        }
        if now * 4 <= most.max(1) {
            Now::Well
        } else if now * 2 >= most {
            Now::Failing
        } else {
            Now::Untold
        }
    }

    fn age(&mut self, engine: &Engine, look: Now, until: Moment, now: Moment, changes: &mut Vec<Change>) {
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
    fn correct(&mut self, engine: &Engine) -> Vec<ChangeKind> {
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
            let confidence = confidence.min(0.97);
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
    fn say(&mut self, engine: &Engine, kind: ChangeKind, until: Moment, now: Moment, changes: &mut Vec<Change>) {
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

impl Engine {
    fn is_behind(&self, school: u32, element: &Element) -> bool {
        let own = matches!(element.kind, ElementKind::SchoolLan | ElementKind::SchoolLine);
        if own {
            return self.topology.schools[school as usize].id == element.id;
        }
        let mut above = self.registry.above[school as usize].iter();
        above.any(|number| self.registry.shared[*number as usize].element == *element)
    }

    fn shares(&self, schools: &BTreeMap<u32, u32>, from: Moment, to: Moment) -> BTreeMap<String, OwnerShare> {
        let offset = self.policy.utc_offset_minutes;
        let mut shares: BTreeMap<String, OwnerShare> = BTreeMap::new();
        for (number, devices) in schools {
            let school = &self.topology.schools[*number as usize];
            let share = shares.entry(school.owner.clone()).or_insert_with(|| OwnerShare {
                owner: school.owner.clone(),
                schools: Vec::new(),
                devices: 0,
                lesson_device_minutes: 0.0,
            });
            share.schools.push(school.id.clone());
            share.devices += devices;
            let (first, last) = (from.local_day_minute(offset).0, to.local_day_minute(offset).0);
            let days = (first..=last).take(62).filter(|day| self.is_school_day(*number, *day));
            let minutes: f64 = days.map(|day| school.expected.lesson_minutes(day, from, to, offset)).sum();
            share.lesson_device_minutes += minutes * f64::from(*devices);
        }
        for share in shares.values_mut() {
            share.schools.sort_unstable();
        }
        shares
    }
}

fn verdict(finding: &Finding) -> Verdict {
    Verdict {
        element: finding.element.clone(),
        cause: finding.cause,
        mext_place: finding.cause.place(finding.element.kind),
        confidence: finding.confidence,
    }
}

fn evidence(finding: &Finding) -> Evidence {
    let mut alternatives = finding.alternatives.clone();
    alternatives.truncate(5);
    Evidence {
        witness: finding.witness,
        affected: finding.affected,
        control: finding.control,
        log_odds: finding.log_odds,
        alternatives,
        would_change: would_change(&finding.channel, finding.element.kind).to_owned(),
        late_reports: [0, 0],
    }
}

fn would_change(channel: &Channel, kind: ElementKind) -> &'static str {
    match channel {
        Channel::Silence => match kind {
            ElementKind::Hub => "a school behind the hub that is heard, or schools of other hubs that fall silent too",
            ElementKind::Isp => {
                "a school of the provider that is heard, or schools of other providers that fall silent too"
            }
            ElementKind::Device
            | ElementKind::AccessPoint
            | ElementKind::SchoolLan
            | ElementKind::SchoolLine
            | ElementKind::Filter
            | ElementKind::Dns
            | ElementKind::IdentityProvider
            | ElementKind::Service => {
                "a device or probe of the school that is heard; late reports in which the gateway did not answer; siblings that fall silent too"
            }
        },
        Channel::Dns => "another resolver's users with the same failure, or a user of this resolver without it",
        Channel::Congestion => "a slow gateway, or other schools behind the same hub or provider that are slow too",
        Channel::Service(_) => "the same failure behind another filter, or a school behind this one without it",
        Channel::AccessPoint => "devices on this access point, or other access points of the school that are lost too",
        Channel::Gateway => "other access points of the school with the same slowness",
        Channel::Address => "newcomers that get an address",
        Channel::Ports => "new sessions that the probe can open",
        Channel::Device => "other devices of the cohort with the same failure",
    }
}
