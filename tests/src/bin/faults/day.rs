//! A part of a day of a town, as its servers hear it.
//!
//! Every device that is awake checks in at its pace with 5 % jitter, and each time looks at its layers in order, up to the first
//! that fails (the server is reached without names, by its last address). What changed is told with the check-in; what cannot
//! be told is spooled; what is still not well is told again every five minutes. A failed check-in is tried again after
//! 5–60 s. Noise of its own: about one trouble in 1,400 check-ins, 45 s in the middle with a long tail, one in fifty eight
//! times as long; 2 % of devices never speak; 0.5 % of check-ins are lost; 0.3 % of the servers' counts are lost and 1 % come
//! 20–60 s late; clocks are a second off, one in a hundred up to five minutes. Devices at home report from there. Two servers share the
//! check-ins and hand over what they heard 1.2 s later.

use gigafleet::network::rules::{
    BUCKET_S, Change, Engine, ErrorKind, Event, Moment, Observed, Outcome, Place, Policy, Target,
};

use super::{
    draw::Draw,
    fault::{Class, Effect, Fault},
    reach::is_noticeable,
    schedule::{Awake, DayPlan, draw_schedule},
    town::Town,
};

/// 2026-06-10, a Wednesday, at midnight in Japan.
pub const MIDNIGHT: i64 = 1781017200;
const LAYERS: usize = 5;
const OK: u8 = 0;
const SLOW: u8 = 1;
const FAILED: u8 = 2;

/// A device as the world moves it.
struct Device {
    school: usize,
    home_spot: usize,
    spot: usize,
    number: usize,
    name: String,
    awake: Awake,
    period: usize,
    next: f64,
    up: bool,
    has_address: bool,
    teacher: bool,
    told: [u8; 11],
    told_at: f64,
    noise: Option<(usize, f64)>,
    backoff: f64,
    skew: f64,
    server: usize,
    susceptible: f64,
    spool: Vec<Event>,
}

/// What went on in the servers themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Servers {
    Well,
    /// Nothing is heard, the feed stands still, the gap is told afterwards.
    Stalled,
    /// This share of the check-ins is lost everywhere.
    Lossy(f64),
    /// The second server dies; its devices find the first one within a minute.
    OneDies,
}

/// What came of a day.
pub struct Outcomes {
    pub changes: Vec<Change>,
    pub events: u64,
}

fn moment(second: f64) -> Moment {
    Moment(MIDNIGHT * 1_000_000 + (second * 1e6) as i64)
}

/// Plays a day, unless nobody could notice its faults.
pub fn play(town: &Town, plan: &DayPlan, faults: &[Fault], draw: &mut Draw) -> Option<Outcomes> {
    let mut engine = Engine::new(town.topology.clone(), Policy::default());
    let mut outcomes = Outcomes { changes: Vec::new(), events: 0 };
    let schedule = draw_schedule(town, plan, draw);
    // Overnight nobody is about at all.
    if plan.event > 28_800.0 && !faults.iter().all(|fault| is_noticeable(fault, town, &schedule)) {
        return None;
    }
    let mut world = World::new(town, plan, faults, schedule, draw);
    let mut pending: Vec<Event> = world.calendar(draw);
    let mut begin = (plan.from / 10.0).floor() * 10.0;
    while begin < plan.to {
        let end = begin + BUCKET_S as f64;
        world.step(begin, draw, &mut pending);
        let now = moment(end);
        pending.sort_by_key(|event| event.known);
        let due = pending.partition_point(|event| event.known <= now);
        for event in pending.drain(..due) {
            engine.apply(&event);
            outcomes.events += 1;
        }
        outcomes.changes.extend(engine.tick(now));
        begin = end;
    }
    Some(outcomes)
}

struct World<'a> {
    town: &'a Town,
    plan: &'a DayPlan,
    faults: &'a [Fault],
    devices: Vec<Device>,
    servers: Servers,
    servers_until: f64,
    heard: Vec<[[u32; 2]; 2]>,
    first_spot: Vec<usize>,
    beats: Vec<f64>,
    probe_told: Vec<[u8; 8]>,
    probe_spool: Vec<Vec<Event>>,
    /// The probe that is unplugged, since then.
    unplugged: Option<usize>,
    dead_told: bool,
}

impl<'a> World<'a> {
    fn new(town: &'a Town, plan: &'a DayPlan, faults: &'a [Fault], schedule: Vec<Vec<Awake>>, draw: &mut Draw) -> Self {
        let mut devices = Vec::new();
        let mut first_spot = vec![0];
        for (school, (classes, awake)) in town.schools.iter().zip(schedule).enumerate() {
            let spots: Vec<usize> =
                classes.classes.iter().enumerate().flat_map(|(spot, pupils)| vec![spot; *pupils]).collect();
            for (number, awake) in awake.into_iter().enumerate() {
                let spot = spots.get(number).copied().unwrap_or_else(|| draw.below(classes.classes.len()));
                let awake = if draw.chance(0.02) { Vec::new() } else { awake };
                let skew = if draw.chance(0.01) { draw.between(-300.0, 300.0) } else { draw.between(-1.0, 1.0) };
                let period = awake.partition_point(|[_, end]| *end < plan.from);
                devices.push(Device {
                    school,
                    home_spot: spot,
                    spot,
                    number,
                    name: format!("d{number}"),
                    awake,
                    period,
                    next: 0.0,
                    up: false,
                    has_address: false,
                    teacher: number >= spots.len(),
                    told: [OK; 11],
                    told_at: 0.0,
                    noise: None,
                    backoff: 0.0,
                    skew,
                    server: draw.below(2),
                    susceptible: draw.unit(),
                    spool: Vec::new(),
                });
            }
            first_spot.push(first_spot[school] + classes.classes.len());
        }
        let (servers, length) = match plan.class {
            Class::OwnServers => match draw.below(3) {
                0 => (Servers::Stalled, draw.between(120.0, 480.0)),
                1 => (Servers::Lossy(draw.between(0.3, 0.8)), draw.between(180.0, 480.0)),
                _ => (Servers::OneDies, 60.0),
            },
            _ => (Servers::Well, 0.0),
        };
        let spots = first_spot[town.schools.len()];
        Self {
            town,
            plan,
            faults,
            devices,
            servers,
            servers_until: plan.event + length,
            heard: vec![[[0; 2]; 2]; spots],
            first_spot,
            beats: town.schools.iter().map(|_| draw.between(0.0, 10.0)).collect(),
            probe_told: vec![[OK; 8]; town.schools.len()],
            probe_spool: vec![Vec::new(); town.schools.len()],
            unplugged: (plan.class == Class::ProbeUnplugged).then(|| plan.schools[0]),
            dead_told: false,
        }
    }

    /// What the office tells of the day, if it does and when.
    fn calendar(&self, draw: &mut Draw) -> Vec<Event> {
        let known = match self.plan.class {
            Class::Holiday => self.plan.from,
            Class::Snow if draw.chance(0.5) => draw.between(30_000.0, 35_000.0),
            _ => return Vec::new(),
        };
        let closing = |school: &usize| Event {
            known: moment(known),
            what: Observed::Calendar {
                school: self.town.topology.schools[*school].id.clone(),
                date: String::from("2026-06-10"),
                school_day: false,
                reason: Some(self.plan.class.name().to_owned()),
            },
        };
        self.plan.schools.iter().map(closing).collect()
    }

    fn step(&mut self, begin: f64, draw: &mut Draw, pending: &mut Vec<Event>) {
        let end = begin + BUCKET_S as f64;
        let mut devices = std::mem::take(&mut self.devices);
        for device in &mut devices {
            self.live(device, begin, end, draw, pending);
        }
        if draw.chance(0.3) && !devices.is_empty() {
            let device = &devices[draw.below(devices.len())];
            if device.awake.is_empty() {
                pending.push(self.event_at_home(device, begin));
            }
        }
        self.devices = devices;
        self.tell_presence(begin, end, draw, pending);
        self.probes(begin, end, draw, pending);
        self.feeds(begin, draw, pending);
    }

    /// A tablet at home has its own troubles, which are nobody's here.
    fn event_at_home(&self, device: &Device, at: f64) -> Event {
        Event {
            known: moment(at),
            what: Observed::Transition {
                at: None,
                device: device.name.clone(),
                school: Some(self.town.topology.schools[device.school].id.clone()),
                place: Place::Home,
                access_point: None,
                target: Target::Dns,
                outcome: Outcome::Failed,
                error: Some(ErrorKind::NoAnswer),
            },
        }
    }

    fn in_trouble(&self, at: f64) -> bool {
        self.servers != Servers::Well && (self.plan.event..self.servers_until).contains(&at)
    }

    fn tell_presence(&mut self, begin: f64, end: f64, draw: &mut Draw, pending: &mut Vec<Event>) {
        for (school, info) in self.town.topology.schools.iter().enumerate() {
            for spot in self.first_spot[school]..self.first_spot[school + 1] {
                for server in 0..2 {
                    let [heard, awake] = std::mem::take(&mut self.heard[spot][server]);
                    if heard == 0 || draw.chance(0.003) {
                        continue;
                    }
                    let late = if draw.chance(0.01) { draw.between(20.0, 60.0) } else { draw.between(0.1, 0.9) };
                    pending.push(Event {
                        known: moment(end + late),
                        what: Observed::Presence {
                            from: moment(begin),
                            seconds: BUCKET_S as u32,
                            school: info.id.clone(),
                            access_point: Some(format!("ap-{}", spot - self.first_spot[school])),
                            heard,
                            heard_awake: self.town.tells_awake.then_some(awake),
                        },
                    });
                }
            }
        }
    }

    fn feeds(&mut self, begin: f64, draw: &mut Draw, pending: &mut Vec<Event>) {
        let stalled = self.servers == Servers::Stalled && self.in_trouble(begin);
        let dead = self.servers == Servers::OneDies && begin >= self.plan.event;
        for server in 0..2 {
            if stalled || (dead && server == 1) {
                continue;
            }
            for part in 0..5 {
                let known = begin + 1.3 + 2.0 * f64::from(part) + draw.between(0.0, 0.2);
                let until = moment(known - 1.2);
                pending.push(Event {
                    known: moment(known),
                    what: Observed::Feed { server: format!("server-{server}"), until },
                });
            }
        }
        let over = begin >= self.servers_until;
        if over && !self.dead_told && matches!(self.servers, Servers::Stalled | Servers::OneDies) {
            self.dead_told = true;
            let (from, to) = (moment(self.plan.event - 5.0), moment(self.servers_until + 5.0));
            pending.push(Event { known: moment(begin), what: Observed::ServerGap { from, to } });
            if self.servers == Servers::OneDies {
                let server = String::from("server-1");
                pending.push(Event { known: moment(begin + 0.1), what: Observed::ServerGone { server } });
            }
        }
    }

    /// Seconds from one check-in of a device to the next; all schools have the same.
    fn pace_s(&self) -> f64 {
        self.town.topology.schools.first().map_or(60.0, |school| f64::from(school.pace_s))
    }

    /// One device through one bucket.
    fn live(&mut self, device: &mut Device, begin: f64, end: f64, draw: &mut Draw, pending: &mut Vec<Event>) {
        let pace_s = self.pace_s();
        let Some([wakes, sleeps]) = device.awake.get(device.period).copied() else { return };
        if wakes >= end {
            return;
        }
        if !device.up {
            device.up = true;
            device.has_address = wakes < self.plan.from;
            device.spot = device.home_spot;
            device.next = wakes.max(begin) + draw.between(0.0, if wakes < begin { pace_s } else { 12.0 });
            device.backoff = 0.0;
        }
        while device.next < end.min(sleeps) {
            let at = device.next;
            let reached = self.check_in(device, at, draw, pending);
            if reached {
                device.backoff = 0.0;
                device.next = at + pace_s * draw.between(0.95, 1.05);
            } else {
                device.backoff = (device.backoff * 2.0).clamp(10.0, 60.0);
                device.next = at + device.backoff * draw.between(0.5, 1.0);
            }
        }
        if sleeps < end {
            device.up = false;
            device.noise = device.noise.filter(|(_, until)| *until > sleeps + 60.0);
            device.period += 1;
        }
    }

    fn check_in(&mut self, device: &mut Device, at: f64, draw: &mut Draw, pending: &mut Vec<Event>) -> bool {
        if device.noise.is_none_or(|(_, until)| until < at) {
            device.noise = draw.chance(0.0007 * self.pace_s() / 60.0).then(|| {
                let layer = [0, 0, 0, 0, 2, 2, 1, 3, 4, 4, 5, 6, 7][draw.below(13)];
                let tail = if draw.chance(0.02) { 8.0 } else { 1.0 };
                (layer, at + 45.0 * tail * (0.9 * (draw.unit() + draw.unit() + draw.unit() - 1.5) * 2.0).exp())
            });
        }
        let (states, errors) = self.layers(device, at, draw);
        let unreachable = states[..3].contains(&FAILED) || states[4] == FAILED;
        let lost = match self.servers {
            Servers::Stalled => self.in_trouble(at),
            Servers::Lossy(share) => self.in_trouble(at) && draw.chance(share),
            Servers::OneDies => self.in_trouble(at) && device.server == 1 && draw.chance(0.7),
            Servers::Well => false,
        };
        let reached = !unreachable && !lost && !draw.chance(0.005);
        self.tell_layers(device, at, &states, errors, reached, draw, pending);
        // An access point that is lost is left for a neighbour's, where there is one in reach.
        if states[0] == FAILED && device.noise.is_none_or(|(layer, _)| layer != 0) && device.susceptible < 0.6 {
            let spots = self.town.schools[device.school].classes.len();
            device.spot = (device.spot + 1 + draw.below(2)) % spots;
        }
        if reached {
            let server = if self.servers == Servers::OneDies && at >= self.plan.event { 0 } else { device.server };
            let spot = &mut self.heard[self.first_spot[device.school] + device.spot][server];
            spot[0] += 1;
            spot[1] += u32::from(device.teacher);
        }
        reached
    }

    /// The state of each layer for a device: true of the world, and noise of its own.
    fn layers(&self, device: &mut Device, at: f64, draw: &mut Draw) -> ([u8; 11], [ErrorKind; 11]) {
        let mut states = [OK; 11];
        let mut errors = [ErrorKind::Timeout; 11];
        let mut dry = false;
        for fault in self.faults.iter().filter(|fault| fault.schools.contains(&device.school) && fault.is_active(at)) {
            match &fault.effect {
                Effect::Device { device: number, target } if *number == device.number => states[*target] = FAILED,
                Effect::Device { .. } => {}
                Effect::AccessPoints(spots) if spots.contains(&device.spot) => states[0] = FAILED,
                Effect::AccessPoints(_) => {}
                Effect::Overload(spot) if *spot == device.spot && device.susceptible < 0.65 => {
                    states[2] = states[2].max(if draw.chance(0.9) { SLOW } else { FAILED });
                }
                Effect::Overload(_) => {}
                Effect::Core => states[2] = FAILED,
                Effect::Addresses => dry = true,
                Effect::Cut => (states[3], states[4]) = (FAILED, FAILED),
                Effect::Full if device.susceptible < 0.85 => {
                    for state in &mut states[4..] {
                        *state = (*state).max(SLOW);
                    }
                }
                Effect::Full => {}
                Effect::Names if device.susceptible < 0.97 => states[3] = FAILED,
                Effect::Names => {}
                Effect::Service(number, kind) if device.susceptible < 0.96 => {
                    states[LAYERS + number] = FAILED;
                    errors[LAYERS + number] = if draw.chance(0.1) { ErrorKind::Reset } else { *kind };
                }
                Effect::Service(..) => {}
            }
        }
        if !device.has_address {
            // A lease comes free now and then.
            device.has_address = !dry || draw.chance(0.12);
            if !device.has_address {
                states[1] = FAILED;
            }
        }
        if let Some((layer, until)) = device.noise
            && until >= at
        {
            let soft = matches!(layer, 2 | 4);
            states[layer] = states[layer].max(if soft { SLOW } else { FAILED });
        }
        (states, errors)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a check-in, split off for length")]
    fn tell_layers(
        &self,
        device: &mut Device,
        at: f64,
        states: &[u8; 11],
        errors: [ErrorKind; 11],
        reached: bool,
        draw: &mut Draw,
        pending: &mut Vec<Event>,
    ) {
        let again = at - device.told_at > 300.0;
        let services = &self.town.topology.services;
        let identity = self.town.topology.schools[device.school].identity.as_deref();
        for layer in 0..LAYERS + services.len() {
            if layer >= LAYERS + 4 && identity != Some(services[layer - LAYERS].id.as_str()) {
                continue;
            }
            // Behind a layer that fails nothing is looked at, but the server without names.
            let before = states[..layer.min(3)].contains(&FAILED) || (layer > LAYERS - 1 && states[3] == FAILED);
            let blind = before || (layer > 4 && states[4] == FAILED);
            let state = states[layer];
            if blind || (state == device.told[layer] && (state == OK || !again)) {
                continue;
            }
            device.told[layer] = state;
            let outcome = [Outcome::Ok, Outcome::Slow, Outcome::Failed][usize::from(state)];
            let target = match layer {
                0 => Target::Link,
                1 => Target::Address,
                2 => Target::Gateway,
                3 => Target::Dns,
                4 => Target::Server,
                service => Target::Service(services[service - LAYERS].id.clone()),
            };
            let kind = if layer >= LAYERS { errors[layer] } else { ErrorKind::NoAnswer };
            if device.spool.len() >= 64 {
                device.spool.remove(0);
            }
            device.spool.push(Event {
                known: moment(at),
                what: Observed::Transition {
                    at: Some(moment(at + device.skew)),
                    device: device.name.clone(),
                    school: Some(self.town.topology.schools[device.school].id.clone()),
                    place: Place::School,
                    access_point: Some(format!("ap-{}", device.spot)),
                    target,
                    outcome,
                    error: (state == FAILED).then_some(kind),
                },
            });
        }
        if again {
            device.told_at = at;
        }
        if reached && !device.spool.is_empty() {
            let known = moment(at + draw.between(0.1, 1.5));
            for mut event in device.spool.drain(..) {
                event.known = known;
                pending.push(event);
            }
        }
    }

    fn probes(&mut self, begin: f64, end: f64, draw: &mut Draw, pending: &mut Vec<Event>) {
        for school in 0..self.town.schools.len() {
            let unplugged = self.unplugged == Some(school) && begin >= self.plan.event;
            if !self.town.schools[school].probe || unplugged {
                continue;
            }
            let at = begin + self.beats[school];
            debug_assert!(at <= end, "a probe beats once in each bucket");
            // Gateway, names, hop behind the line, provider's hop, server, addresses.
            let mut states = [OK; 8];
            let hubbed = self.town.topology.schools[school].line.hub.is_some();
            for fault in self.faults.iter().filter(|fault| fault.schools.contains(&school) && fault.is_active(at)) {
                match &fault.effect {
                    Effect::Core => states[0] = FAILED,
                    Effect::Cut => {
                        (states[1], states[4]) = (FAILED, FAILED);
                        states[2] = if hubbed { FAILED } else { OK };
                        states[3] = if hubbed { OK } else { FAILED };
                    }
                    Effect::Names => states[1] = FAILED,
                    Effect::Addresses => states[5] = FAILED,
                    Effect::Device { .. }
                    | Effect::AccessPoints(_)
                    | Effect::Overload(_)
                    | Effect::Full
                    | Effect::Service(..) => {}
                }
            }
            let own = self.in_trouble(at);
            let lost = match self.servers {
                Servers::Stalled => own,
                Servers::Lossy(share) => own && draw.chance(share),
                Servers::OneDies => own && school % 2 == 1 && draw.chance(0.7),
                Servers::Well => false,
            };
            let reached = states[0] != FAILED && states[4] != FAILED && !lost && !draw.chance(0.005);
            let id = format!("probe-{}", self.town.topology.schools[school].id);
            let targets =
                [Target::Gateway, Target::Dns, Target::HubHop, Target::IspHop, Target::Server, Target::Address];
            for (layer, target) in targets.into_iter().enumerate() {
                let blind = layer > 0 && states[0] == FAILED;
                if blind || states[layer] == self.probe_told[school][layer] {
                    continue;
                }
                self.probe_told[school][layer] = states[layer];
                let outcome = if states[layer] == FAILED { Outcome::Failed } else { Outcome::Ok };
                self.probe_spool[school].push(Event {
                    known: moment(at),
                    what: Observed::Transition {
                        at: Some(moment(at)),
                        device: id.clone(),
                        school: Some(self.town.topology.schools[school].id.clone()),
                        place: Place::School,
                        access_point: None,
                        target,
                        outcome,
                        error: (outcome == Outcome::Failed).then_some(ErrorKind::NoAnswer),
                    },
                });
            }
            if reached {
                let known = moment(at + draw.between(0.05, 0.3));
                for mut event in self.probe_spool[school].drain(..) {
                    event.known = known;
                    pending.push(event);
                }
                pending.push(Event { known, what: Observed::ProbeHeartbeat { probe: id, at: Some(moment(at)) } });
            }
        }
    }
}
