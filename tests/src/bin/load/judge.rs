//! `load judge`: what it costs to judge a region, and how that grows with the region.
//!
//! Regions of several sizes are told the same hour of a school morning, minute by minute in turns, because machines change
//! their pace. Each school has 500 devices over 14 access points, of which 60 % are awake and check in once a minute; two in
//! five schools have a probe; one check-in in 1,400 has a trouble of its own that passes after 45 s. In every 100 schools one
//! line is cut for ten minutes, and in every 500 a hub of 20 schools for five and a filter blocks a service of one owner's ten
//! schools for six. What counts is the processor time of the thread while the engine takes events and judges; making the events
//! does not count.

use std::{fs, time::Instant};

use clap::Args;
use gigafleet::network::rules::{
    AccessPoint, BUCKET_S, Engine, ErrorKind, Event, Expected, Hub, HubKind, Line, LineKind, Moment, Named, Observed,
    Outcome, Place, Policy, Probe, School, Service, ServiceKind, Target, Topology,
};
use serde::Serialize;

/// 2026-06-10, a Wednesday, at midnight in Japan, in seconds.
const MIDNIGHT: i64 = 1_781_017_200;
/// Five minutes before the first lesson.
const BEGIN_MINUTE: i64 = 520;
const ACCESS_POINTS: u64 = 14;
const DEVICES: u32 = 500;
/// Check-ins of one access point in ten seconds, in thousandths: 500 × 60 % ÷ 14 ÷ 6.
const HEARD_MILLI: u64 = 3_571;
/// Schools of one owner, and behind one hub.
const OWNED: usize = 10;
const HUBBED: usize = 20;
const SERVICES: [&str; 4] = ["drill", "video", "share", "library"];

#[derive(Debug, Args)]
pub struct Options {
    /// Schools of each region, in turn; growth is told against the first.
    #[arg(long, value_delimiter = ',', default_values_t = [500, 1_000, 2_000, 4_000])]
    schools: Vec<usize>,
    /// Simulated minutes.
    #[arg(long, default_value_t = 60)]
    minutes: i64,
    /// Print JSON only.
    #[arg(long)]
    json: bool,
}

/// What one size of a region costs.
#[derive(Debug, Serialize)]
struct Figures {
    schools: usize,
    devices: usize,
    events: u64,
    incidents_opened: usize,
    /// Seconds of one core for a simulated minute: mean, and the most of any minute.
    core_seconds_per_minute: f64,
    most_core_seconds_per_minute: f64,
    /// Seconds of one core to write the snapshot, which a server does once a minute.
    snapshot_core_seconds: f64,
    snapshot_bytes: usize,
    /// Against the first size.
    times_schools: f64,
    times_core_seconds: f64,
}

struct Region {
    engine: Engine,
    schools: usize,
    draw: Draw,
    /// Troubles that pass: when, school, device, layer.
    passing: Vec<(i64, usize, u32, Target)>,
    cpu: Vec<f64>,
    events: u64,
    opened: usize,
}

/// Measures all sizes and prints them.
pub fn run(options: &Options) {
    let mut regions: Vec<Region> = options.schools.iter().map(|schools| Region::new(*schools)).collect();
    for minute in 0..options.minutes {
        for region in &mut regions {
            region.minute(minute);
        }
        if minute % 10 == 9 {
            eprintln!("{} of {} simulated minutes", minute + 1, options.minutes);
        }
    }
    let mut figures: Vec<Figures> = regions.iter().map(Region::figures).collect();
    let (first_schools, first_core) =
        figures.first().map_or((1.0, 1.0), |first| (first.schools as f64, first.core_seconds_per_minute));
    for size in &mut figures {
        size.times_schools = size.schools as f64 / first_schools;
        size.times_core_seconds = size.core_seconds_per_minute / first_core;
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures).expect("numbers"));
    } else {
        print(&figures);
    }
}

fn print(figures: &[Figures]) {
    println!(
        "{:>8}{:>11}{:>12}{:>10}{:>12}{:>12}{:>12}{:>14}{:>10}{:>10}",
        "schools", "devices", "events", "incidents", "s/minute", "most", "snapshot s", "snapshot B", "schools ×", "s ×"
    );
    for f in figures {
        println!(
            "{:>8}{:>11}{:>12}{:>10}{:>12.3}{:>12.3}{:>12.3}{:>14}{:>10.2}{:>10.2}",
            f.schools,
            f.devices,
            f.events,
            f.incidents_opened,
            f.core_seconds_per_minute,
            f.most_core_seconds_per_minute,
            f.snapshot_core_seconds,
            f.snapshot_bytes,
            f.times_schools,
            f.times_core_seconds
        );
    }
}

impl Region {
    fn new(schools: usize) -> Self {
        Self {
            engine: Engine::new(topology(schools), Policy::default()),
            schools,
            draw: Draw(schools as u64),
            passing: Vec::new(),
            cpu: Vec::new(),
            events: 0,
            opened: 0,
        }
    }

    /// Tells the engine of one minute and lets it judge, six times ten seconds.
    fn minute(&mut self, minute: i64) {
        let begin = MIDNIGHT + (BEGIN_MINUTE + minute) * 60;
        let buckets: Vec<_> = (0..6).map(|n| self.bucket(minute, begin + n * BUCKET_S)).collect();
        let before = core_seconds();
        let mut opened = 0;
        for (end, events) in &buckets {
            for event in events {
                self.engine.apply(event);
            }
            let changes = self.engine.tick(Moment::from_seconds(*end));
            opened += changes.iter().filter(|change| change.incident.opened_at == Some(change.at)).count();
        }
        self.cpu.push(core_seconds() - before);
        self.events += buckets.iter().map(|(_, events)| events.len() as u64).sum::<u64>();
        self.opened += opened;
    }

    /// What is heard in ten seconds; its end comes first.
    fn bucket(&mut self, minute: i64, begin: i64) -> (i64, Vec<Event>) {
        let end = begin + BUCKET_S;
        let known = Moment::from_seconds(end);
        let mut events = Vec::with_capacity(self.schools * (ACCESS_POINTS as usize + 2));
        for school in 0..self.schools {
            if is_cut(school, minute) {
                continue;
            }
            for point in 0..ACCESS_POINTS {
                let heard = self.draw.count(HEARD_MILLI);
                if heard > 0 {
                    events.push(Event { known, what: presence(school, point, begin, heard) });
                }
                for _ in 0..heard {
                    self.look(school, minute, begin, &mut events);
                }
            }
            if has_probe(school) {
                let what = Observed::ProbeHeartbeat { probe: format!("probe-{school}"), at: None };
                events.push(Event { known, what });
            }
        }
        let due: Vec<_> = self.passing.extract_if(.., |(at, ..)| *at < end).collect();
        for (_, school, device, target) in due {
            if !is_cut(school, minute) {
                events.push(transition(end, school, device, target, Outcome::Ok));
            }
        }
        let until = Moment::from_seconds(end);
        events.push(Event { known, what: Observed::Feed { server: String::from("all"), until } });
        (end, events)
    }

    /// One device that checks in looks at its layers.
    fn look(&mut self, school: usize, minute: i64, at: i64, events: &mut Vec<Event>) {
        let device = self.draw.below(300) as u32;
        let own = self.draw.below(1_400) == 0;
        // A device looks at a service every five minutes.
        let blocked = is_blocked(school, minute) && self.draw.below(5) == 0;
        let target = match (own, blocked) {
            (true, _) => match self.draw.below(5) {
                0 => Target::Link,
                1 => Target::Gateway,
                2 => Target::Dns,
                3 => Target::Server,
                _ => Target::Service(SERVICES[self.draw.below(4) as usize].to_owned()),
            },
            (false, true) => Target::Service(SERVICES[0].to_owned()),
            (false, false) => return,
        };
        let ends = if own { at + 45 } else { at + 300 };
        events.push(transition(at + BUCKET_S, school, device, target.clone(), Outcome::Failed));
        self.passing.push((ends, school, device, target));
    }

    fn figures(&self) -> Figures {
        let before = core_seconds();
        let snapshot_bytes = serde_json::to_vec(&self.engine).expect("the engine can be written").len();
        let snapshot_core_seconds = core_seconds() - before;
        Figures {
            schools: self.schools,
            devices: self.schools * DEVICES as usize,
            events: self.events,
            incidents_opened: self.opened,
            core_seconds_per_minute: self.cpu.iter().sum::<f64>() / self.cpu.len().max(1) as f64,
            most_core_seconds_per_minute: self.cpu.iter().copied().fold(0.0, f64::max),
            snapshot_core_seconds,
            snapshot_bytes,
            times_schools: 1.0,
            times_core_seconds: 1.0,
        }
    }
}

fn is_cut(school: usize, minute: i64) -> bool {
    let line = school % 100 == 7 && (15..25).contains(&minute);
    let hub = school % 500 < HUBBED && (35..40).contains(&minute);
    line || hub
}

fn is_blocked(school: usize, minute: i64) -> bool {
    (200..200 + OWNED).contains(&(school % 500)) && (45..51).contains(&minute)
}

fn has_probe(school: usize) -> bool {
    school % 5 < 2
}

fn presence(school: usize, point: u64, begin: i64, heard: u32) -> Observed {
    Observed::Presence {
        from: Moment::from_seconds(begin),
        seconds: BUCKET_S as u32,
        school: format!("school-{school}"),
        access_point: Some(format!("ap-{point}")),
        heard,
        heard_awake: None,
    }
}

fn transition(known: i64, school: usize, device: u32, target: Target, outcome: Outcome) -> Event {
    let error = (outcome == Outcome::Failed).then_some(ErrorKind::Reset);
    let what = Observed::Transition {
        at: None,
        device: format!("device-{school}-{device}"),
        school: Some(format!("school-{school}")),
        place: Place::School,
        access_point: Some(format!("ap-{}", u64::from(device) % ACCESS_POINTS)),
        target,
        outcome,
        error,
    };
    Event { known: Moment::from_seconds(known), what }
}

fn topology(schools: usize) -> Topology {
    let named = |prefix: &str, count: usize| (0..count).map(|n| Named { id: format!("{prefix}-{n}") }).collect();
    let owners = schools.div_ceil(OWNED);
    let school = |number: usize| {
        let owner = number / OWNED;
        // Every other twenty schools go through a hub.
        let group = number / HUBBED;
        let line = match group % 2 {
            0 => Line { kind: LineKind::MunicipalHub, hub: Some(format!("hub-{group}")), isp: None },
            _ => Line { kind: LineKind::Direct, hub: None, isp: Some(format!("isp-{}", number % 8)) },
        };
        School {
            id: format!("school-{number}"),
            owner: format!("owner-{owner}"),
            line,
            filter: Some(format!("filter-{owner}")),
            dns: Some(format!("dns-{owner}")),
            identity: Some(String::from("login")),
            devices: DEVICES,
            pace_s: 60,
            access_points: (0..ACCESS_POINTS)
                .map(|n| AccessPoint { id: format!("ap-{n}"), devices: Some(DEVICES / ACCESS_POINTS as u32) })
                .collect(),
            expected: Expected { usual_devices: Some(300.0), ..Expected::default() },
        }
    };
    let mut services: Vec<_> =
        SERVICES.iter().map(|id| Service { id: String::from(*id), kind: ServiceKind::Learning }).collect();
    services.push(Service { id: String::from("login"), kind: ServiceKind::Identity });
    Topology {
        policy: Policy::default(),
        owners: named("owner", owners),
        hubs: (0..schools.div_ceil(HUBBED))
            .step_by(2)
            .map(|n| Hub { id: format!("hub-{n}"), kind: HubKind::Municipal, isp: None })
            .collect(),
        isps: named("isp", 8),
        filters: named("filter", owners),
        dns: named("dns", owners),
        services,
        schools: (0..schools).map(school).collect(),
        probes: (0..schools)
            .filter(|school| has_probe(*school))
            .map(|school| Probe { id: format!("probe-{school}"), school: format!("school-{school}") })
            .collect(),
    }
}

/// Processor time of this thread, in seconds; the time of day where the system does not tell.
fn core_seconds() -> f64 {
    thread_local!(static BEGIN: Instant = Instant::now());
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    nanos.map_or_else(|| BEGIN.with(|begin| begin.elapsed().as_secs_f64()), |nanos| nanos as f64 / 1e9)
}

/// Draws the same numbers each time (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// A count with this mean, in thousandths: eight tries, about as spread as check-ins are.
    fn count(&mut self, milli: u64) -> u32 {
        (0..8).map(|_| u32::from(self.below(8_000) < milli)).sum()
    }
}
