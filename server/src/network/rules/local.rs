//! Judging inside one school: access points, the gateway, addresses, sessions, single devices.

use std::collections::BTreeMap;

use super::{
    Alternative, Cause, Element, ElementKind, Group, Moment, Outcome, Policy, StartBound, Target, Witness,
    cover::probability,
    layers::{Counted, LATE_S, Layers, Sign, Trouble, Troubled, distinct},
    record::{Channel, Finding},
};

/// Seconds that an access point's loss waits for others of the same switch.
const SIBLINGS_S: i64 = 60;

/// What one school looks like at a tick.
pub(super) struct Look<'a> {
    pub(super) number: u32,
    pub(super) id: &'a str,
    pub(super) now: Moment,
    pub(super) present: u32,
    /// Access points: check-ins of the last minute, and the most of one pace lately.
    pub(super) access_points: BTreeMap<&'a str, [u32; 2]>,
    pub(super) layers: &'a Layers,
    pub(super) counted: &'a Counted,
    /// Layers that the school's probe finds broken, since when it was told.
    pub(super) probe: &'a BTreeMap<Target, Moment>,
    /// A larger trouble of the school explains what devices say.
    pub(super) explained: bool,
    pub(super) policy: &'a Policy,
}

impl Look<'_> {
    pub(super) fn judge(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        self.lost_access_points(&mut found);
        self.gateway(&mut found);
        self.addresses(&mut found);
        self.ports(&mut found);
        if !self.explained {
            self.devices(&mut found);
        }
        found
    }

    fn finding(&self, channel: Channel, kind: ElementKind, part: Option<&str>, cause: Cause, log_odds: f64) -> Finding {
        let id = part.map_or_else(|| self.id.to_owned(), |part| format!("{}/{part}", self.id));
        Finding {
            channel,
            element: Element::new(kind, id),
            cause,
            log_odds,
            confidence: probability(log_odds).min(0.95),
            schools: vec![(self.number, 0)],
            opens: log_odds >= self.policy.open_log_odds,
            started: StartBound::up_to(self.now, 120),
            witness: Witness::Layers,
            affected: Group { schools: 1, failing: 0, of: 0 },
            control: Group::default(),
            alternatives: Vec::new(),
        }
    }

    fn lost_access_points(&self, found: &mut Vec<Finding>) {
        let from = self.now.plus_seconds(-self.policy.access_point_window_s);
        let mut by_access_point: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for sign in &self.layers.signs {
            let Some(access_point) = sign.access_point.as_deref() else { continue };
            if !sign.address && sign.known >= from && sign.known.seconds_since(sign.at) < LATE_S {
                by_access_point.entry(access_point).or_default().push(sign);
            }
        }
        let mut lost = Vec::new();
        for (access_point, signs) in by_access_point {
            let devices = distinct(signs.iter().copied());
            let [now, most] = self.access_points.get(access_point).copied().unwrap_or_default();
            let gone = f64::from(now) <= 0.1 * f64::from(most);
            let share = f64::from(devices) / f64::from(most.max(devices));
            let enough = devices >= self.policy.access_point_least_devices;
            if enough && gone && share >= self.policy.access_point_least_share {
                let first = signs.iter().map(|sign| sign.at).min().unwrap_or(self.now);
                let told = signs.iter().map(|sign| sign.known).min().unwrap_or(self.now);
                lost.push((access_point, devices, most.max(devices), first, told));
            }
        }
        let Some(told) = lost.iter().map(|lost| lost.4).min() else { return };
        let settled = self.now.seconds_since(told) >= SIBLINGS_S;
        let rest = self.access_points.values().map(|[now, _]| now).sum::<u32>();
        let roamed = |mut finding: Finding, [devices, of]: [u32; 2], first: Moment, other: Alternative| {
            finding.affected = Group { schools: 1, failing: devices, of };
            finding.control = Group { schools: 1, failing: 0, of: rest };
            finding.schools = vec![(self.number, of)];
            finding.witness = Witness::Roaming;
            finding.opens &= settled;
            finding.started = StartBound::up_to(first, 60);
            finding.alternatives.push(other);
            finding
        };
        if lost.len() >= 2 {
            let devices = lost.iter().map(|lost| lost.1).sum();
            let of = lost.iter().map(|lost| lost.2).sum();
            let finding = self.finding(Channel::AccessPoint, ElementKind::SchoolLan, None, Cause::Switch, 6.0);
            let first = lost.iter().map(|lost| lost.3).min().unwrap_or(self.now);
            let one = format!("access_point/{}/{}", self.id, lost[0].0);
            found.push(roamed(finding, [devices, of], first, Alternative { explanation: one, log_odds: -2.0 }));
            return;
        }
        for (access_point, devices, of, first, _) in lost {
            let (kind, cause) = (ElementKind::AccessPoint, Cause::AccessPointCoverage);
            let finding = self.finding(Channel::AccessPoint, kind, Some(access_point), cause, 5.0);
            let all = format!("school_lan/{}", self.id);
            found.push(roamed(finding, [devices, of], first, Alternative { explanation: all, log_odds: -3.0 }));
        }
    }

    fn gateway(&self, found: &mut Vec<Finding>) {
        let all: u32 = self.counted.gateway.values().sum();
        if all < self.policy.layer_least_devices {
            return;
        }
        let mut full = Vec::new();
        let mut watched = 0;
        for (access_point, [_, most]) in &self.access_points {
            watched += u32::from(*most >= 5);
            let devices = self.counted.gateway.get(*access_point).copied().unwrap_or(0);
            let share = f64::from(devices) / f64::from((*most).max(devices).max(1));
            if devices >= self.policy.access_point_least_devices && share >= self.policy.access_point_least_share {
                full.push((*access_point, devices, (*most).max(devices)));
            }
        }
        let rest = self.present.saturating_sub(all);
        let first = |access_point: Option<&str>| {
            let of =
                |device: &&Troubled| access_point.is_none_or(|wanted| device.access_point.as_deref() == Some(wanted));
            let troubles =
                self.layers.devices.values().filter(of).filter_map(|device| device.first_broken(self.layers.stale));
            let gateway = troubles.filter(|trouble| trouble.target == Target::Gateway);
            let mut times: Vec<_> = gateway.map(|trouble| (trouble.since, trouble.first_known)).collect();
            times.sort_unstable();
            times.get(times.len() / 4).copied().unwrap_or((self.now, self.now))
        };
        if full.len() >= 3 && full.len() as u32 * 2 >= watched {
            let (since, told) = first(None);
            let mut finding = self.finding(Channel::Gateway, ElementKind::SchoolLan, None, Cause::Router, 5.0);
            finding.schools = vec![(self.number, all)];
            finding.affected = Group { schools: 1, failing: all, of: self.present.max(all) };
            finding.opens &= self.now.seconds_since(told) >= SIBLINGS_S;
            finding.started = StartBound::up_to(since, 60);
            found.push(finding);
            return;
        }
        for (access_point, devices, of) in full {
            let (since, told) = first(Some(access_point));
            let kind = ElementKind::AccessPoint;
            let mut finding = self.finding(Channel::Gateway, kind, Some(access_point), Cause::AccessPointCapacity, 4.5);
            finding.schools = vec![(self.number, devices)];
            finding.affected = Group { schools: 1, failing: devices, of };
            finding.control = Group { schools: 1, failing: all - devices, of: rest + all - devices };
            finding.opens &= self.now.seconds_since(told) >= SIBLINGS_S;
            finding.started = StartBound::up_to(since, 60);
            finding.alternatives.push(Alternative { explanation: format!("school_lan/{}", self.id), log_odds: -2.0 });
            found.push(finding);
        }
    }

    fn addresses(&self, found: &mut Vec<Finding>) {
        let from = self.now.plus_seconds(-600);
        let signs = || {
            let recent = |sign: &&Sign| sign.address && sign.known >= from;
            self.layers.signs.iter().filter(recent)
        };
        let probe = self.probe.get(&Target::Address);
        let devices = distinct(signs().filter(|sign| sign.known.seconds_since(sign.at) < 900));
        if devices + if probe.is_some() { 2 } else { 0 } < self.policy.address_least_devices {
            return;
        }
        let first = signs().map(|sign| sign.at).min().or(probe.copied()).unwrap_or(self.now);
        // How long each went without: for its own reasons seldom longer than two minutes.
        let mut went: BTreeMap<&str, i64> = BTreeMap::new();
        for sign in signs().filter(|sign| sign.known.seconds_since(sign.at) < 900) {
            let most = went.entry(&sign.device).or_default();
            *most = (*most).max(sign.known.seconds_since(sign.at));
        }
        let chance = (self.policy.address_noise * f64::from(self.present) * 10.0).max(0.05);
        let each = (5.0 / chance).ln().clamp(1.0, 4.0);
        let long = |seconds: &i64| if *seconds >= 120 { 1.6 } else { -1.0 };
        let devices_say: f64 = went.values().map(|seconds| each + long(seconds)).sum();
        let probe_says = if probe.is_some() { 6.0 } else { 0.0 };
        let log_odds = (self.policy.prior_no_addresses + devices_say + probe_says).min(12.0);
        let mut finding = self.finding(Channel::Address, ElementKind::SchoolLan, None, Cause::DhcpExhaustion, log_odds);
        finding.schools = vec![(self.number, devices)];
        finding.affected = Group { schools: 1, failing: devices, of: devices };
        finding.control = Group { schools: 1, failing: 0, of: self.present };
        finding.witness = if probe.is_some() { Witness::Probe } else { Witness::Layers };
        finding.started = StartBound::up_to(first, 300);
        found.push(finding);
    }

    fn ports(&self, found: &mut Vec<Finding>) {
        let Some(told) = self.probe.get(&Target::Ports) else { return };
        let log_odds = if self.now.seconds_since(*told) >= 60 { 5.0 } else { 2.0 };
        let mut finding = self.finding(Channel::Ports, ElementKind::SchoolLine, None, Cause::PortLimit, log_odds);
        finding.schools = vec![(self.number, self.present)];
        finding.affected = Group { schools: 1, failing: 1, of: 1 };
        finding.witness = Witness::Probe;
        finding.started = StartBound::up_to(*told, 30);
        found.push(finding);
    }

    fn devices(&self, found: &mut Vec<Finding>) {
        for (id, device) in &self.layers.devices {
            let lasting = |trouble: &&Trouble| {
                trouble.reports >= 3
                    && trouble.last_known >= self.layers.stale
                    && trouble.last_known.seconds_since(trouble.first_known) >= self.policy.device_least_s
                    && (trouble.outcome == Outcome::Failed || trouble.target == Target::Link)
            };
            let Some(trouble) = device.troubles.iter().find(lasting) else { continue };
            let told = |theirs: &Trouble| theirs.target == trouble.target && theirs.last_known >= self.layers.stale;
            let same = |other: &Troubled| other.troubles.iter().any(told);
            let others = self.layers.devices.values().filter(|other| same(other)).count().saturating_sub(1) as u32;
            // Others of the cohort fail too: it is not this device.
            if others > 2 && f64::from(others) > 0.05 * f64::from(self.present) {
                continue;
            }
            let mut finding = self.finding(Channel::Device, ElementKind::Device, Some(id), Cause::Device, 4.5);
            finding.schools = vec![(self.number, 1)];
            finding.affected = Group { schools: 1, failing: 1, of: 1 };
            finding.control = Group { schools: 1, failing: others, of: self.present.max(others) };
            let since = trouble.since;
            finding.started = StartBound::up_to(since, 120);
            found.push(finding);
        }
    }
}
