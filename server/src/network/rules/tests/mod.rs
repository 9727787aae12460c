//! Behaviour of the engine in a small region, heard check-in by check-in.
//!
//! The region: a hub with three schools of owner `east`, three schools of owner `west` with lines of their own to two
//! providers; each school has three rooms of twelve tablets and four devices of teachers that never sleep.

mod layers;
mod silence;

use std::collections::BTreeMap;

use super::{
    AccessPoint, BUCKET_S, Change, ChangeKind, Engine, ErrorKind, Event, Expected, Hub, HubKind, Incident, Line,
    LineKind, Moment, Named, Observed, Outcome, Place, Policy, School, Service, ServiceKind, Target, Topology,
    moment::parse_date,
};

const ROOMS: usize = 3;
const TABLETS: usize = 12;
const TEACHERS: usize = 4;
/// Devices of one school: room by room, teachers last.
const DEVICES: usize = ROOMS * TABLETS + TEACHERS;

fn region() -> Topology {
    let school = |number: usize| {
        let hubbed = number < 3;
        let line = if hubbed {
            Line { kind: LineKind::MunicipalHub, hub: Some("hub".into()), isp: None }
        } else {
            Line { kind: LineKind::Direct, hub: None, isp: Some(format!("isp-{}", number % 2)) }
        };
        School {
            id: format!("s{number}"),
            owner: if hubbed { "east".into() } else { "west".into() },
            line,
            filter: Some(if hubbed { "filter-east".into() } else { "filter-west".into() }),
            dns: Some(if hubbed { "dns-east".into() } else { "dns-west".into() }),
            identity: Some("login".into()),
            devices: DEVICES as u32,
            pace_s: 60,
            access_points: (0..ROOMS).map(|n| AccessPoint { id: format!("ap-{n}"), devices: Some(12) }).collect(),
            expected: Expected { usual_devices: Some(25.0), usual_awake: Some(TEACHERS as f64), ..Expected::default() },
        }
    };
    let named = |id: &str| Named { id: id.into() };
    let service = |id: &str, kind| Service { id: id.into(), kind };
    Topology {
        policy: Policy::default(),
        owners: vec![named("east"), named("west")],
        hubs: vec![Hub { id: "hub".into(), kind: HubKind::Municipal, isp: None }],
        isps: vec![named("isp-0"), named("isp-1")],
        filters: vec![named("filter-east"), named("filter-west")],
        dns: vec![named("dns-east"), named("dns-west")],
        services: vec![service("drill", ServiceKind::Learning), service("login", ServiceKind::Identity)],
        schools: (0..6).map(school).collect(),
        probes: Vec::new(),
    }
}

/// A local time of 2026-06-10, a Wednesday.
fn at(hour: i64, minute: i64) -> i64 {
    let day = parse_date("2026-06-10").unwrap();
    Moment::from_local(day, hour * 60 + minute, 540).0 / 1_000_000
}

/// Feeds an engine with what a region's servers hear.
struct World {
    engine: Engine,
    now: i64,
    /// Devices that are silent from a second to another: school, device, from, to.
    silent: Vec<(usize, usize, i64, i64)>,
    /// Nothing is heard and the feed stands still.
    stalled: Option<[i64; 2]>,
    pending: BTreeMap<i64, Vec<Observed>>,
    changes: Vec<Change>,
}

impl World {
    fn new(from: i64) -> Self {
        Self::of(region(), from)
    }

    fn of(topology: Topology, from: i64) -> Self {
        let engine = Engine::new(topology, Policy::default());
        let (silent, pending, changes) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { engine, now: from, silent, stalled: None, pending, changes }
    }

    /// All devices of a school are silent.
    fn cut(&mut self, school: usize, from: i64, to: i64) {
        self.silent.extend((0..DEVICES).map(|device| (school, device, from, to)));
    }

    /// The lids of a room close, each at its moment.
    fn close_lids(&mut self, school: usize, room: usize, from: i64, takes: i64) {
        let closes = |n: usize| from + takes * (n as i64 * 5 % TABLETS as i64) / TABLETS as i64;
        let first = room * TABLETS;
        self.silent.extend((0..TABLETS).map(|n| (school, first + n, closes(n), i64::MAX)));
    }

    fn tell(&mut self, second: i64, what: Observed) {
        self.pending.entry(second).or_default().push(what);
    }

    fn says(&mut self, second: i64, said: i64, school: usize, device: usize, target: &Target, outcome: Outcome) {
        let error = (outcome == Outcome::Failed).then_some(ErrorKind::Timeout);
        self.says_why(second, said, school, device, target, outcome, error);
    }

    #[expect(clippy::too_many_arguments, reason = "one report, written out")]
    fn says_why(
        &mut self,
        second: i64,
        happened: i64,
        school: usize,
        device: usize,
        target: &Target,
        outcome: Outcome,
        error: Option<ErrorKind>,
    ) {
        let what = Observed::Transition {
            at: Some(Moment::from_seconds(happened)),
            device: format!("d{device}"),
            school: Some(format!("s{school}")),
            place: Place::School,
            access_point: Some(format!("ap-{}", device / TABLETS % ROOMS)),
            target: target.clone(),
            outcome,
            error,
        };
        self.tell(second, what);
    }

    /// Goes on to a second of the day.
    fn run(&mut self, to: i64) {
        while self.now < to {
            let (begin, end) = (self.now, self.now + BUCKET_S);
            let stalled = self.stalled.is_some_and(|[from, to]| (from..to).contains(&begin));
            if !stalled {
                for (school, room, heard, awake) in self.heard(begin) {
                    let what = Observed::Presence {
                        from: Moment::from_seconds(begin),
                        seconds: BUCKET_S as u32,
                        school: format!("s{school}"),
                        access_point: Some(format!("ap-{room}")),
                        heard,
                        heard_awake: Some(awake),
                    };
                    self.apply(end, what);
                }
            }
            while let Some(entry) = self.pending.first_entry().filter(|entry| *entry.key() <= end) {
                let (second, all) = entry.remove_entry();
                for what in all {
                    self.apply(second, what);
                }
            }
            if !stalled {
                self.apply(end, Observed::Feed { server: "one".into(), until: Moment::from_seconds(end) });
            }
            self.changes.extend(self.engine.tick(Moment::from_seconds(end)));
            self.now = end;
        }
    }

    fn apply(&mut self, second: i64, what: Observed) {
        self.engine.apply(&Event { known: Moment::from_seconds(second), what });
    }

    /// Check-ins of one bucket by school and room, and those of teachers among them. Each device has a second of the pace.
    fn heard(&self, begin: i64) -> Vec<(usize, usize, u32, u32)> {
        let pace = i64::from(self.engine.topology.schools[0].pace_s);
        let mut heard = BTreeMap::new();
        for (school, device) in (0..6).flat_map(|school| (0..DEVICES).map(move |device| (school, device))) {
            let checks_in = begin + (device as i64 * 17 + school as i64 * 7 - begin).rem_euclid(pace);
            let silent = self
                .silent
                .iter()
                .any(|(s, d, from, to)| (*s, *d) == (school, device) && (*from..*to).contains(&checks_in));
            if checks_in < begin + BUCKET_S && !silent {
                let [all, awake] = heard.entry((school, device / TABLETS % ROOMS)).or_insert([0_u32; 2]);
                *all += 1;
                *awake += u32::from(device >= ROOMS * TABLETS);
            }
        }
        heard.into_iter().map(|((school, room), [all, awake])| (school, room, all, awake)).collect()
    }

    /// What was announced, as it stands now.
    fn announced(&self) -> Vec<&Incident> {
        self.engine.incidents().filter(|incident| incident.is_announced()).collect()
    }

    fn opened(&self) -> Vec<String> {
        let opened = self.changes.iter().filter(|change| change.change == ChangeKind::Opened);
        opened.map(|change| name(&change.incident)).collect()
    }
}

/// An incident's element.
fn name(incident: &Incident) -> String {
    let element = &incident.verdict.element;
    format!("{}/{}", element.kind.name(), element.id)
}
