//! The life of incidents: suspected, open, recovering, closed; merged into a larger one, corrected by late reports.
//!
//! Invariants: one incident per element and kind of trouble at a time; `Opened` is said once in an incident's life; a late
//! report never opens anything; records are kept for [`Policy::late_s`] after closing and are at most [`RECORDS`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Cause, Change, ChangeKind, Element, ElementKind, Engine, IncidentState, Moment, Outcome, OwnerShare, Target,
    cover::kept,
    layers::Said,
    record::{Channel, Finding, Record},
};

/// Incidents that are kept.
const RECORDS: usize = 20_000;
/// Late reports that are kept per incident.
const LATE_REPORTS: usize = 512;
/// Ticks after which a suspicion that is not seen again is withdrawn.
const UNSEEN_TICKS: u32 = 6;
/// Seconds after opening within which a verdict may still turn to another element.
const TURN_S: i64 = 900;

/// All incidents that are alive or closed lately.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Life {
    pub(super) records: Vec<Record>,
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
            let opens = finding.opens;
            let closed = self.records[number].incident.state == IncidentState::Closed;
            // What ended does not come back as part of something else.
            let explained = || self.records.iter().any(|record| record.lasts_and_explains(&finding));
            if closed && (!opens || explained()) {
                return;
            }
            let record = &mut self.records[number];
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
            if record.is_of_same_switch(&finding) {
                let school = finding.element.id.split('/').next().unwrap_or_default().to_owned();
                let element = Element::new(ElementKind::SchoolLan, school);
                record.turn(&Finding { element, cause: Cause::Switch, ..finding });
                record.say(engine, ChangeKind::VerdictChanged, until, now, changes);
                return;
            }
            let opened = record.incident.opened_at.unwrap_or(now);
            let turns = !found.contains(&record.incident.verdict.element)
                && record.channel == finding.channel
                && !(record.origin.kind == ElementKind::SchoolLan && finding.element.kind == ElementKind::AccessPoint)
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
            let lost = channel == Channel::AccessPoint && record.channel == channel;
            if other == number || !alive || !part || !(near || lost) {
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
    pub(super) fn explains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Service(_), Self::Service(_)) => self == other,
            (Self::Device, Self::Device) => false,
            (Self::Service(_), Self::Device) => true,
            (Self::Silence, _) => true,
            (Self::Congestion, Self::Dns) => true,
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

impl Engine {
    pub(super) fn is_behind(&self, school: u32, element: &Element) -> bool {
        let own = matches!(element.kind, ElementKind::SchoolLan | ElementKind::SchoolLine);
        if own {
            return self.topology.schools[school as usize].id == element.id;
        }
        let mut above = self.registry.above[school as usize].iter();
        above.any(|number| self.registry.shared[*number as usize].element == *element)
    }

    pub(super) fn shares(
        &self,
        schools: &BTreeMap<u32, u32>,
        from: Moment,
        to: Moment,
    ) -> BTreeMap<String, OwnerShare> {
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
            share.lesson_device_minutes = kept(share.lesson_device_minutes);
            share.schools.sort_unstable();
        }
        shares
    }
}
