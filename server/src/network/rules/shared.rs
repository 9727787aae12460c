//! What devices say of layers at a tick: those that schools share, and those inside each school.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Alternative, Cause, Element, ElementKind, Engine, Group, Moment, StartBound, Witness,
    cover::{Candidate, TROUBLE, probability, smallest_set, sum_of_logs},
    engine::pace_buckets,
    layers::{Counted, Layers},
    local::Look,
    record::{Channel, Finding},
};

/// Most that the kind of errors says about who makes them.
const ERRORS_MOST: f64 = 6.0;
/// How likely shares of failing devices are behind something broken: few at first, most later.
const SHARES: [(f64, f64); 4] = [(0.15, 0.2), (0.4, 0.2), (0.8, 0.3), (0.97, 0.3)];

impl Engine {
    /// What devices with trouble say, by school.
    pub(super) fn counted(&self) -> BTreeMap<u32, Counted> {
        let troubled = (0..).zip(&self.schools).filter(|(_, state)| !state.layers.devices.is_empty());
        troubled.map(|(number, state)| (number, state.layers.count())).collect()
    }

    /// Troubles at layers that schools share: names, services, a full line.
    pub(super) fn shared_layers(&self, newest: i64, now: Moment, counted: &BTreeMap<u32, Counted>) -> Vec<Finding> {
        let least = self.policy.layer_least_devices;
        let mut findings = Vec::new();
        if counted.values().any(|counted| counted.dns >= least) {
            let trouble = |c: &Counted| ([c.dns, 0], c.dns_times.clone());
            findings.extend(self.layer(&Channel::Dns, newest, now, counted, trouble));
        }
        if counted.values().any(|counted| counted.congested >= least) {
            let trouble = |c: &Counted| ([c.congested, 0], c.congested_times.clone());
            findings.extend(self.layer(&Channel::Congestion, newest, now, counted, trouble));
        }
        let services: BTreeSet<&String> = counted
            .values()
            .flat_map(|counted| counted.services.iter().filter(|(_, [troubled, _])| *troubled >= least))
            .map(|(service, _)| service)
            .collect();
        for service in services {
            let trouble = |c: &Counted| {
                let times = c.service_times.get(service).cloned().unwrap_or_default();
                (c.services.get(service).copied().unwrap_or_default(), times)
            };
            findings.extend(self.layer(&Channel::Service(service.clone()), newest, now, counted, trouble));
        }
        findings
    }

    fn layer(
        &self,
        channel: &Channel,
        newest: i64,
        now: Moment,
        counted: &BTreeMap<u32, Counted>,
        trouble: impl Fn(&Counted) -> ([u32; 2], Vec<(Moment, Moment)>),
    ) -> Vec<Finding> {
        let policy = &self.policy;
        // Word, devices in trouble, of these by something in between, devices present.
        let mut words: BTreeMap<u32, (f64, u32, u32, u32)> = BTreeMap::new();
        for (number, state) in (0..).zip(&self.schools) {
            let [troubled, middlebox] = counted.get(&number).map_or([0, 0], |counted| trouble(counted).0);
            let pace = pace_buckets(self.topology.schools[number as usize].pace_s);
            let present = if state.cohort.quiet.is_some() { 0 } else { state.cohort.present(newest, pace) };
            if present.max(troubled) >= policy.layer_least_devices {
                let word = self.word(troubled, present.max(troubled));
                words.insert(number, (word, troubled, middlebox, present.max(troubled)));
            }
        }
        let mut candidates = Vec::new();
        let mut above = BTreeSet::new();
        for (number, (word, ..)) in words.iter().filter(|(_, (word, ..))| *word > TROUBLE) {
            let id = &self.topology.schools[*number as usize].id;
            let (kind, cause) = match channel {
                Channel::Dns => (ElementKind::SchoolLan, Cause::Dns),
                Channel::Service(_) => (ElementKind::SchoolLan, Cause::Filter),
                Channel::Congestion
                | Channel::Silence
                | Channel::AccessPoint
                | Channel::Gateway
                | Channel::Address
                | Channel::Ports
                | Channel::Device => (ElementKind::SchoolLine, Cause::LineCongestion),
            };
            candidates.push(Candidate::alone(kind, id, cause, policy.prior_school_layer, (*number, *word)));
            above.extend(self.registry.above[*number as usize].iter().copied());
        }
        for shared in above.into_iter().map(|number| &self.registry.shared[number as usize]) {
            let Some((cause, middlebox_sign)) = shared_cause(channel, &shared.element) else { continue };
            let behind = || shared.schools.iter().filter_map(|number| Some((*number, *words.get(number)?)));
            let members: Vec<(u32, f64)> = behind().map(|(number, (word, ..))| (number, word)).collect();
            // Errors have one reason for all: many of them say little more than some.
            let in_between: f64 = behind()
                .filter(|(_, (word, ..))| *word > TROUBLE)
                .map(|(_, (_, troubled, middlebox, _))| {
                    f64::from(middlebox) * (0.9_f64 / 0.15).ln()
                        + f64::from(troubled - middlebox) * (0.1_f64 / 0.85).ln()
                })
                .sum();
            let prior = policy.prior_shared_layer + middlebox_sign * in_between.clamp(-ERRORS_MOST, ERRORS_MOST);
            let failing = members.iter().filter(|(_, word)| *word > TROUBLE).count();
            // One school of several: no better than the school's own trouble.
            let seen = members.iter().filter(|(_, word)| word.abs() > 1.0).count();
            let is_line = matches!(shared.element.kind, ElementKind::Hub | ElementKind::Isp);
            if failing >= 2 || (failing == 1 && seen == 1 && shared.schools.len() == 1 && !is_line) {
                candidates.push(Candidate::shared(Some(&shared.element), cause, prior, members));
            }
        }
        let taken = smallest_set(&candidates, policy.prior_school_layer, policy.coverage, policy.suspect_log_odds);
        let mut findings = Vec::new();
        for taken in taken {
            let Some(element) = taken.candidate.element.clone() else { continue };
            let sum = |schools: &mut dyn Iterator<Item = &u32>| {
                let mut group = Group::default();
                for (_, troubled, _, present) in schools.filter_map(|number| words.get(number)) {
                    group.schools += 1;
                    group.failing += troubled;
                    group.of += present;
                }
                group
            };
            let mut times: Vec<(Moment, Moment)> =
                taken.failing.iter().filter_map(|number| counted.get(number)).flat_map(|c| trouble(c).1).collect();
            times.sort_unstable();
            let Some(early) = times.get(times.len() / 10).copied() else { continue };
            let middle = times[times.len() / 2];
            let mut told: Vec<Moment> = times.iter().map(|(_, told)| *told).collect();
            told.sort_unstable();
            let settled = now.seconds_since(told[told.len() / 10]) >= policy.layer_settle_s;
            let controls: Vec<u32> = words.keys().filter(|number| !taken.failing.contains(number)).copied().collect();
            let mut alternatives = taken.alternatives.clone();
            alternatives.push(Alternative { explanation: String::from("benign"), log_odds: -taken.score });
            findings.push(Finding {
                channel: channel.clone(),
                element,
                cause: taken.candidate.cause,
                log_odds: taken.score,
                confidence: probability(taken.score).min(0.97),
                schools: taken.failing.iter().map(|number| (*number, words.get(number).map_or(0, |w| w.1))).collect(),
                opens: taken.score >= policy.open_log_odds && settled,
                started: StartBound { at: early.0, earliest: early.0.plus_seconds(-90), latest: middle.0 },
                witness: Witness::Layers,
                affected: sum(&mut taken.failing.iter()),
                control: sum(&mut controls.iter()),
                alternatives,
            });
        }
        findings
    }

    /// Log-likelihood of so many devices in trouble behind something broken, against chance.
    fn word(&self, troubled: u32, of: u32) -> f64 {
        let (troubled_f, well) = (f64::from(troubled), f64::from(of - troubled));
        let at = |share: f64| troubled_f * share.ln() + well * (1.0 - share).ln();
        let broken = sum_of_logs(&SHARES.map(|(share, weight)| at(share) + f64::ln(weight)));
        let noise = self.policy.layer_noise;
        let chance = sum_of_logs(&[at(noise) + 0.7_f64.ln(), at(2.5 * noise) + 0.3_f64.ln()]);
        let most = if troubled < self.policy.layer_least_devices { 2.0 } else { self.policy.school_most_log_odds };
        (broken - chance).clamp(-self.policy.school_most_log_odds, most)
    }

    /// Troubles inside each school.
    pub(super) fn local(
        &self,
        newest: i64,
        now: Moment,
        counted: &BTreeMap<u32, Counted>,
        others: &[Finding],
    ) -> Vec<Finding> {
        let (none, nobody) = (BTreeMap::new(), Counted::default());
        let mut found = Vec::new();
        for (number, state) in (0..).zip(&self.schools) {
            let broken = state.probe.as_ref().map(|probe| &probe.broken);
            let probe_speaks = broken.is_some_and(|broken| !broken.is_empty());
            if state.cohort.quiet.is_some() || (is_calm(&state.layers) && !probe_speaks) {
                continue;
            }
            let school = &self.topology.schools[number as usize];
            let pace = pace_buckets(school.pace_s);
            let spots = state.access_points.iter();
            let look = Look {
                number,
                id: &school.id,
                now,
                present: state.cohort.present(newest, pace),
                access_points: spots.map(|(id, spot)| (id.as_str(), spot.now_and_most(newest, pace))).collect(),
                layers: &state.layers,
                counted: counted.get(&number).unwrap_or(&nobody),
                probe: broken.unwrap_or(&none),
                explained: others.iter().any(|finding| finding.schools.iter().any(|(other, _)| *other == number)),
                policy: &self.policy,
            };
            found.extend(look.judge());
        }
        found
    }
}

fn is_calm(layers: &Layers) -> bool {
    layers.devices.is_empty() && layers.signs.is_empty()
}

/// Why a shared element would make this trouble, and whether errors made in between speak for it; none if it would not.
fn shared_cause(channel: &Channel, element: &Element) -> Option<(Cause, f64)> {
    match (channel, element.kind) {
        (Channel::Dns, ElementKind::Dns) => Some((Cause::Dns, 0.0)),
        (Channel::Congestion, ElementKind::Hub | ElementKind::Isp) => Some((Cause::LineCongestion, 0.0)),
        (Channel::Service(_), ElementKind::Filter) => Some((Cause::Filter, 1.0)),
        (Channel::Service(service), ElementKind::Service) if *service == element.id => Some((Cause::Service, -1.0)),
        (Channel::Service(service), ElementKind::IdentityProvider) if *service == element.id => {
            Some((Cause::Account, -1.0))
        }
        _ => None,
    }
}
