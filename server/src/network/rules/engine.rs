//! The engine: takes events, judges at each tick.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    BUCKET_S, Change, Event, Incident, Moment, Observed, Outcome, Place, Policy, Target, Topology,
    cohort::{Around, Cohort},
    cover::kept,
    layers::{Layers, Said},
    lifecycle::Life,
    moment::parse_date,
    plan::Plan,
    record::Finding,
    registry::Registry,
};

/// Gaps and announced works that are kept.
const KEPT: usize = 256;
/// Share of the usual devices with which a school's pupils have arrived.
const ARRIVED_SHARE: f64 = 0.3;
/// Check-ins of the whole region from which on it is said what share of them comes.
const LEAST_FLOW: u32 = 30;
/// Weight of the newest bucket in it.
const SMOOTHING: f64 = 0.2;
/// How much one day changes what is usual.
const LEARNS: f64 = 0.2;
/// Access points that are kept per school.
const ACCESS_POINTS: usize = 400;
/// Buckets of an access point that are kept: four minutes.
const AP_BUCKETS: usize = 24;

/// Judges a region. The whole state is in this value and can be written and read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    pub(super) topology: Topology,
    pub(super) policy: Policy,
    pub(super) registry: Registry,
    pub(super) schools: Vec<SchoolState>,
    pub(super) feeds: BTreeMap<String, Moment>,
    pub(super) gaps: Vec<[Moment; 2]>,
    pub(super) plans: Vec<Plan>,
    pub(super) life: Life,
    /// The newest bucket that was judged.
    pub(super) began: Option<Moment>,
    judged: Option<i64>,
    /// Share of the check-ins of the whole region that still come, compared with one pace before, smoothed.
    pub(super) flow: f64,
    /// Share of the schools in which about as many devices are there as usually.
    pub(super) in_session: f64,
    /// Share of the heartbeats of probes that do not come although their schools are heard, smoothed.
    pub(super) beats_lost: f64,
    /// Since when silence is taken for that of this product's own servers.
    pub(super) own_servers_since: Option<Moment>,
}

/// What is known of one school.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SchoolState {
    pub(super) cohort: Cohort,
    pub(super) layers: Layers,
    pub(super) access_points: BTreeMap<String, Spot>,
    /// Days that are school days, or are not, after all.
    pub(super) days: BTreeMap<i64, bool>,
    pub(super) probe: Option<ProbeState>,
    /// The local day, and what was heard on it.
    pub(super) today: i64,
    pub(super) heard_today: u64,
    /// The most devices that were there at once on it.
    pub(super) most_today: u32,
    /// Devices that are usually there at ten o'clock, and of these, those that do not sleep.
    pub(super) usual: Option<(f64, Option<f64>)>,
    pub(super) learned_on: i64,
    /// Ticks for which a verdict on this school was held back.
    pub(super) held: u32,
}

impl SchoolState {
    /// Begins a local day, if it is a later one.
    fn turn_to(&mut self, day: i64) {
        if day > self.today {
            (self.today, self.heard_today, self.most_today) = (day, 0, 0);
        }
    }

    /// Whether pupils came today, not only those who come when a school is closed.
    pub(super) fn has_arrived(&self) -> bool {
        self.is_usual(self.most_today)
    }

    /// Whether so many devices are about as many as usually.
    fn is_usual(&self, present: u32) -> bool {
        let least = self.usual.map_or(1.0, |(usual, _)| (usual * ARRIVED_SHARE).max(1.0));
        f64::from(present) >= least
    }
}

/// A school's probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ProbeState {
    pub(super) last: Option<Moment>,
    /// Heartbeats in a row.
    pub(super) beats: u32,
    /// It fell silent while devices went on.
    pub(super) unplugged: bool,
    /// Layers that it finds broken, and since when that was told.
    #[serde(with = "targets")]
    pub(super) broken: BTreeMap<Target, Moment>,
}

/// Check-ins over one access point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spot {
    slots: Vec<(i64, u32)>,
}

impl Spot {
    fn hear(&mut self, bucket: i64, heard: u32) {
        if self.slots.is_empty() {
            self.slots = vec![(i64::MIN, 0); AP_BUCKETS];
        }
        let slot = &mut self.slots[bucket.rem_euclid(AP_BUCKETS as i64) as usize];
        if slot.0 < bucket {
            *slot = (bucket, 0);
        }
        if slot.0 == bucket {
            slot.1 = slot.1.saturating_add(heard);
        }
    }

    /// Check-ins of the last pace, and the most of one pace in the last four minutes.
    pub(super) fn now_and_most(&self, to: i64, pace: i64) -> [u32; 2] {
        let pace = pace.clamp(1, AP_BUCKETS as i64);
        let mut by_pace = vec![0; (AP_BUCKETS as i64 / pace) as usize];
        let mut now = 0;
        for (bucket, heard) in &self.slots {
            let back = to.saturating_sub(*bucket);
            if back < 0 {
                continue;
            }
            // Half a minute tells an access point that is gone from one that is not.
            now += if back < 4 { *heard } else { 0 };
            if let Some(sum) = usize::try_from(back / pace).ok().and_then(|pace| by_pace.get_mut(pace)) {
                *sum += heard;
            }
        }
        [now, by_pace.into_iter().max().unwrap_or(0)]
    }

    /// Check-ins of the pace before a bucket, and of the two buckets before that.
    pub(super) fn heard_before(&self, bucket: i64, pace: i64) -> u32 {
        let within = bucket - pace.min(AP_BUCKETS as i64) - 2..bucket;
        self.slots.iter().filter(|(b, _)| within.contains(b)).map(|(_, heard)| heard).sum()
    }

    pub(super) fn heard_since(&self, bucket: i64) -> u32 {
        self.slots.iter().filter(|(b, _)| *b >= bucket).map(|(_, heard)| heard).sum()
    }
}

/// Targets as keys of a JSON object.
mod targets {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Moment, Target};

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<Target, Moment>, s: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<Target, Moment>, D::Error> {
        Ok(Vec::<(Target, Moment)>::deserialize(d)?.into_iter().collect())
    }
}

impl Engine {
    /// An engine that has heard nothing yet. `policy` replaces the topology's own.
    pub fn new(topology: Topology, policy: Policy) -> Self {
        let registry = Registry::new(&topology);
        let probed: BTreeSet<u32> = registry.probes.values().copied().collect();
        let schools = (0..)
            .zip(&topology.schools)
            .map(|(number, school)| SchoolState {
                cohort: Cohort::new(),
                layers: Layers::default(),
                access_points: BTreeMap::new(),
                days: BTreeMap::new(),
                probe: probed.contains(&number).then(ProbeState::default),
                today: 0,
                heard_today: 0,
                most_today: 0,
                usual: school.expected.usual_devices.map(|usual| (usual, school.expected.usual_awake)),
                learned_on: 0,
                held: 0,
            })
            .collect();
        Self {
            policy,
            registry,
            schools,
            feeds: BTreeMap::new(),
            gaps: Vec::new(),
            plans: Vec::new(),
            life: Life::default(),
            judged: None,
            began: None,
            own_servers_since: None,
            flow: 1.0,
            beats_lost: 0.0,
            in_session: 0.0,
            topology,
        }
    }

    /// The incidents that are alive, and those closed lately, in the order in which they were suspected.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.life.records.iter().map(|record| &record.incident)
    }

    /// Up to when everything was heard: the least of what the live servers handed over.
    pub fn heard_until(&self) -> Option<Moment> {
        self.feeds.values().min().copied()
    }

    /// Takes one observation. What names a school, probe or service that the topology does not have is left out.
    pub fn apply(&mut self, event: &Event) {
        match &event.what {
            Observed::Presence { from, seconds: _, school, access_point, heard, heard_awake } => {
                self.hear(*from, school, access_point.as_deref(), *heard, *heard_awake);
            }
            Observed::Transition { at, device, school, place, access_point, target, outcome, error } => {
                let Some(number) = school.as_ref().and_then(|id| self.registry.schools.get(id)).copied() else {
                    return;
                };
                if *place != Place::School {
                    self.schools[number as usize].layers.leave(device);
                    return;
                }
                let at = at.unwrap_or(event.known).min(event.known);
                let known = event.known;
                let access_point = access_point.as_deref();
                let said = Said { known, at, device, access_point, target, outcome: *outcome, error: *error };
                self.life.hear(number, &said);
                if self.registry.probes.contains_key(device) {
                    self.probe_says(number, &said);
                } else {
                    self.schools[number as usize].layers.hear(said);
                }
            }
            Observed::ProbeHeartbeat { probe, at } => {
                let Some(number) = self.registry.probes.get(probe).copied() else { return };
                let at = at.unwrap_or(event.known).min(event.known);
                let Some(probe) = &mut self.schools[number as usize].probe else { return };
                let gap = probe.last.map_or(i64::MAX, |last| at.seconds_since(last));
                probe.beats = if gap <= 4 * BUCKET_S { probe.beats.saturating_add(1) } else { 1 };
                probe.last = probe.last.max(Some(at));
                probe.unplugged = false;
            }
            Observed::Feed { server, until } => {
                let feed = self.feeds.entry(server.clone()).or_insert(*until);
                *feed = (*feed).max(*until);
            }
            Observed::ServerGone { server } => {
                self.feeds.remove(server);
            }
            Observed::ServerGap { from, to } => {
                if self.gaps.len() == KEPT {
                    self.gaps.remove(0);
                }
                self.gaps.push([*from, *to]);
            }
            Observed::PlannedWork { id, element, from, to } => {
                self.plans.retain(|plan| plan.id != *id);
                if self.plans.len() == KEPT {
                    self.plans.remove(0);
                }
                self.plans.push(Plan { id: id.clone(), element: element.clone(), from: *from, to: *to });
            }
            Observed::Calendar { school, date, school_day, reason: _ } => {
                let number = self.registry.schools.get(school).copied();
                let (Some(number), Some(day)) = (number, parse_date(date)) else { return };
                let days = &mut self.schools[number as usize].days;
                days.insert(day, *school_day);
                if days.len() > KEPT {
                    days.pop_first();
                }
            }
        }
    }

    fn hear(&mut self, from: Moment, school: &str, access_point: Option<&str>, heard: u32, awake: Option<u32>) {
        let Some(number) = self.registry.schools.get(school).copied() else { return };
        let state = &mut self.schools[number as usize];
        let bucket = from.bucket(BUCKET_S);
        state.cohort.hear(bucket, heard, awake);
        let (day, _) = from.local_day_minute(self.policy.utc_offset_minutes);
        state.turn_to(day);
        if day == state.today {
            state.heard_today += u64::from(heard);
        }
        let Some(access_point) = access_point else { return };
        if let Some(spot) = state.access_points.get_mut(access_point) {
            spot.hear(bucket, heard);
        } else if state.access_points.len() < ACCESS_POINTS {
            let mut spot = Spot::default();
            spot.hear(bucket, heard);
            state.access_points.insert(access_point.to_owned(), spot);
        }
    }

    fn probe_says(&mut self, number: u32, said: &Said<'_>) {
        let Some(probe) = &mut self.schools[number as usize].probe else { return };
        match said.outcome {
            Outcome::Ok => {
                probe.broken.remove(said.target);
            }
            Outcome::Slow | Outcome::Failed => {
                probe.broken.entry(said.target.clone()).or_insert(said.known);
            }
        }
    }

    /// Judges what was heard up to `now`, a multiple of ten seconds, and returns what changed, in a fixed order.
    pub fn tick(&mut self, now: Moment) -> Vec<Change> {
        let Some(until) = self.heard_until() else { return Vec::new() };
        let newest = until.min(now).bucket(BUCKET_S) - 1;
        if self.judged.is_some_and(|judged| judged >= newest) {
            return Vec::new();
        }
        self.judged = Some(newest);
        self.began = self.began.or(Some(until));
        let until = until.min(now);
        self.look_at_cohorts(newest, until);
        let mut findings = self.silence(newest, until, now);
        let counted = self.counted();
        findings.extend(self.shared_layers(newest, now, &counted));
        findings.extend(self.local(newest, now, &counted, &findings));
        self.live(findings, newest, until, now)
    }

    fn look_at_cohorts(&mut self, newest: i64, until: Moment) {
        let offset = self.policy.utc_offset_minutes;
        let (day, minute) = until.local_day_minute(offset);
        let stale = until.plus_seconds(-self.policy.layer_stale_s);
        let forgotten = until.plus_seconds(-self.policy.device_memory_s);
        let comes = self.flow;
        let mut in_session = 0_u32;
        let (mut came, mut due, mut beats, mut lost) = (0_u32, 0_u32, 0_u32, 0_u32);
        for (state, school) in self.schools.iter_mut().zip(&self.topology.schools) {
            let pace = pace_buckets(school.pace_s);
            let gaps = &self.gaps;
            let pace_s = i64::from(school.pace_s);
            let observed = |bucket: i64| is_observed(gaps, pace_s, bucket);
            // Lids close when a lesson ends and in breaks.
            let bell = |bucket: i64| {
                let (_, minute) = Moment::from_seconds(bucket * BUCKET_S).local_day_minute(offset);
                !school.expected.lessons.iter().any(|[begin, end]| (begin + 1..end - 5).contains(&minute))
            };
            let spots = &state.access_points;
            // Rooms with about as many devices as the fullest one: one or two in a corridor are no class.
            let rooms = |onset: i64| {
                let heard: Vec<u32> = spots.values().map(|spot| spot.heard_before(onset, pace)).collect();
                let least = heard.iter().max().map_or(0, |most| most / 3).max(4);
                heard.iter().filter(|heard| **heard >= least).count() as u32
            };
            let usual_awake = state.usual.and_then(|(_, awake)| awake);
            let around = Around { pace, observed: &observed, bell: &bell, rooms: &rooms, usual_awake, comes };
            state.cohort.look(newest, &around, &self.policy);
            state.layers.forget(stale, forgotten);
            if state.cohort.quiet.is_none() {
                state.held = 0;
                came += state.cohort.heard_within(newest, 3);
                due += state.cohort.heard_within(newest - pace, 3);
            }
            state.turn_to(day);
            let present = state.cohort.present(newest, pace);
            state.most_today = state.most_today.max(present);
            in_session += u32::from(present > 0 && state.is_usual(present));
            if minute >= 600 && state.learned_on < day && state.heard_today > 0 && state.cohort.quiet.is_none() {
                state.learned_on = day;
                let present = f64::from(state.cohort.present(newest, pace));
                let awake = state.cohort.present_awake(newest, pace).map(f64::from);
                if present > 0.0 {
                    // One unusual day must not become what is usual.
                    let blend = |old: f64, new: f64| kept(old + LEARNS * (new - old));
                    let learned = |(old, old_awake): (f64, Option<f64>)| {
                        let awake = awake.map(|awake| old_awake.map_or(awake, |old| blend(old, awake)));
                        (blend(old, present), awake.or(old_awake))
                    };
                    state.usual = Some(state.usual.map_or((present, awake), learned));
                }
            }
            if let Some(probe) = &mut state.probe {
                let silent = probe.last.is_some_and(|last| until.seconds_since(last) > 60);
                if state.cohort.quiet.is_none() && probe.beats > 0 && !probe.unplugged {
                    beats += 1;
                    lost += u32::from(probe.last.is_some_and(|last| until.seconds_since(last) > BUCKET_S + 3));
                }
                let going_on = state.cohort.quiet.is_none() && state.cohort.heard_within(newest, 3) > 0;
                if silent && going_on {
                    (probe.unplugged, probe.beats) = (true, 0);
                }
            }
        }
        let flow = if due >= LEAST_FLOW { (f64::from(came) / f64::from(due)).min(1.0) } else { 1.0 };
        self.flow = kept(self.flow + SMOOTHING * (flow - self.flow));
        self.in_session = kept(f64::from(in_session) / self.schools.len().max(1) as f64);
        if beats > 0 {
            self.beats_lost =
                kept(self.beats_lost + SMOOTHING * (f64::from(lost) / f64::from(beats) - self.beats_lost));
        }
    }

    fn live(&mut self, findings: Vec<Finding>, newest: i64, until: Moment, now: Moment) -> Vec<Change> {
        let mut life = std::mem::take(&mut self.life);
        let changes = life.advance(self, findings, newest, until, now);
        self.life = life;
        changes
    }

    /// Whether everything since a moment was heard: an engine that began later can not tell who never came.
    pub(super) fn has_heard_since(&self, moment: Moment) -> bool {
        self.began.is_some_and(|began| began <= moment)
    }

    /// Whether a school has school on a local day.
    pub(super) fn is_school_day(&self, number: u32, day: i64) -> bool {
        let exception = self.schools[number as usize].days.get(&day).copied();
        exception.unwrap_or_else(|| self.topology.schools[number as usize].expected.is_school_day(day))
    }
}

/// Whether servers could hear what was sent in a bucket; after a gap devices take a pace to come back.
pub(super) fn is_observed(gaps: &[[Moment; 2]], pace_s: i64, bucket: i64) -> bool {
    let from = Moment::from_seconds(bucket * BUCKET_S);
    let to = from.plus_seconds(BUCKET_S);
    !gaps.iter().any(|[begin, end]| *begin < to && from < end.plus_seconds(pace_s))
}

/// Buckets in a pace, at least one.
pub(super) fn pace_buckets(pace_s: u32) -> i64 {
    i64::from(pace_s.clamp(10, 3_600)).div_euclid(BUCKET_S)
}

impl Engine {
    /// Goes by these thresholds from now on; what was judged stays.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Takes schools, lines and calendars anew. What is known of schools that are still there is kept.
    pub fn set_topology(&mut self, topology: Topology) {
        if topology == self.topology {
            return;
        }
        let mut fresh = Self::new(topology, self.policy.clone());
        for (school, state) in fresh.topology.schools.iter().zip(&mut fresh.schools) {
            let Some(old) = self.registry.schools.get(&school.id) else { continue };
            let had_probe = state.probe.is_some();
            *state = self.schools[*old as usize].clone();
            state.probe = had_probe.then(|| state.probe.take().unwrap_or_default());
        }
        (fresh.feeds, fresh.gaps, fresh.plans) =
            (std::mem::take(&mut self.feeds), std::mem::take(&mut self.gaps), std::mem::take(&mut self.plans));
        (fresh.began, fresh.judged, fresh.own_servers_since) = (self.began, self.judged, self.own_servers_since);
        (fresh.flow, fresh.beats_lost, fresh.in_session) = (self.flow, self.beats_lost, self.in_session);
        fresh.life = std::mem::take(&mut self.life);
        for record in &mut fresh.life.records {
            // Schools are named by their place in the topology.
            let moved = record.schools.iter().filter_map(|(number, devices)| {
                let id = &self.topology.schools.get(*number as usize)?.id;
                Some((*fresh.registry.schools.get(id)?, *devices))
            });
            record.schools = moved.collect();
        }
        *self = fresh;
    }
}
