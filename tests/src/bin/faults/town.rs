//! Towns: owners, hubs, providers, schools, classes, devices.
//!
//! Assumptions (ours, no published figures): 2–4 owners with 2–6 schools each; 60–500 devices a school; a class of 25–38 per
//! access point; six lessons; a class uses its tablets in three of five lessons; a school has about one device of a teacher per
//! 20 pupils, most of them awake all day, and one school in ten has none; a probe in none, some or all of the schools.

use gigafleet::network::rules::{
    AccessPoint, Expected, Hub, HubKind, Line, LineKind, Named, Probe, School, Service, ServiceKind, Topology,
};

use super::draw::Draw;

/// Lessons of all schools: first and last minute of the day.
pub const LESSONS: [[i64; 2]; 6] = [[525, 570], [580, 625], [640, 685], [695, 740], [805, 850], [860, 905]];
/// Pupils' devices can be up between these minutes.
pub const HOURS: [i64; 2] = [500, 930];

/// A town.
#[derive(Debug, Clone)]
pub struct Town {
    /// As the engine is told.
    pub topology: Topology,
    /// What is in each school.
    pub schools: Vec<Classes>,
    /// The servers tell devices that do not sleep apart.
    pub tells_awake: bool,
}

/// What is in one school.
#[derive(Debug, Clone)]
pub struct Classes {
    /// Devices of each class; class n uses access point n.
    pub classes: Vec<usize>,
    /// Devices of teachers, spread over the access points.
    pub teachers: usize,
    /// There is a probe.
    pub probe: bool,
}

/// Draws a town. `probes` is the share of schools with one.
pub fn draw_town(draw: &mut Draw, pace_s: u32) -> Town {
    let mut topology = Topology::default();
    let mut schools = Vec::new();
    let named = |prefix: &str, count: usize| -> Vec<Named> {
        (0..count).map(|n| Named { id: format!("{prefix}{n}") }).collect()
    };
    let owners = 2 + draw.below(3);
    topology.owners = named("owner-", owners);
    topology.isps = named("isp-", 3);
    topology.filters = named("filter-", 2 + draw.below(2));
    for id in ["drill", "video", "share", "library"] {
        topology.services.push(Service { id: id.into(), kind: ServiceKind::Learning });
    }
    for id in ["login-a", "login-b"] {
        topology.services.push(Service { id: id.into(), kind: ServiceKind::Identity });
    }
    let probes = [0.0, 0.4, 0.4, 1.0][draw.below(4)];
    let prefectural = draw.chance(0.3);
    if prefectural {
        topology.hubs.push(Hub { id: "hub-prefecture".into(), kind: HubKind::Prefectural, isp: None });
    }
    for owner in 0..owners {
        // The first owner has a hub and the last has lines of its own, so that each kind of fault has a place in each town.
        let hub = owner == 0 || (owner + 1 < owners && draw.chance(0.4));
        let hub = hub.then(|| {
            if prefectural && draw.chance(0.5) {
                return String::from("hub-prefecture");
            }
            let id = format!("hub-{owner}");
            topology.hubs.push(Hub { id: id.clone(), kind: HubKind::Municipal, isp: None });
            id
        });
        topology.dns.push(Named { id: format!("dns-{owner}") });
        let filter = format!("filter-{}", if owner < 2 { owner } else { draw.below(topology.filters.len()) });
        for number in 0..if owner == 0 { 4 + draw.below(3) } else { 2 + draw.below(4) } {
            let id = format!("school-{owner}-{number}");
            let classes: Vec<usize> =
                (0..2 + (draw.unit() * draw.unit() * 14.0) as usize).map(|_| 25 + draw.below(14)).collect();
            let pupils: usize = classes.iter().sum();
            let teachers = if draw.chance(0.1) { 0 } else { 2 + pupils / 20 };
            let line = match &hub {
                Some(hub) if draw.chance(0.93) => {
                    let kind = if hub == "hub-prefecture" { LineKind::PrefecturalHub } else { LineKind::MunicipalHub };
                    Line { kind, hub: Some(hub.clone()), isp: None }
                }
                Some(_) => Line { kind: LineKind::Lte, hub: None, isp: None },
                None => Line { kind: LineKind::Direct, hub: None, isp: Some(format!("isp-{}", (owner + number) % 3)) },
            };
            let probe = draw.chance(probes);
            if probe {
                topology.probes.push(Probe { id: format!("probe-{id}"), school: id.clone() });
            }
            let usual_devices = Some((pupils as f64 * draw.between(0.35, 0.6)).round());
            topology.schools.push(School {
                owner: format!("owner-{owner}"),
                line,
                filter: Some(filter.clone()),
                dns: Some(format!("dns-{owner}")),
                identity: Some(String::from(if owner % 2 == 0 { "login-a" } else { "login-b" })),
                devices: (pupils + teachers) as u32,
                pace_s,
                access_points: (0..classes.len())
                    .map(|n| AccessPoint { id: format!("ap-{n}"), devices: Some(classes[n] as u32) })
                    .collect(),
                expected: Expected {
                    school_days: None,
                    hours: HOURS,
                    lessons: LESSONS.to_vec(),
                    usual_devices,
                    usual_awake: Some(teachers as f64 * 0.85),
                },
                id,
            });
            schools.push(Classes { classes, teachers, probe });
        }
    }
    Town { topology, schools, tells_awake: draw.chance(0.6) }
}

impl Town {
    /// Numbers of the schools that satisfy something.
    pub fn schools_with(&self, wanted: impl Fn(&School) -> bool) -> Vec<usize> {
        let numbered = self.topology.schools.iter().enumerate();
        numbered.filter(|(_, school)| wanted(school)).map(|(number, _)| number).collect()
    }
}
