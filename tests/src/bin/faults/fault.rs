//! What is wrong in a town, as the world knows it.

use gigafleet::network::rules::{Element, ElementKind, ErrorKind, MextPlace};

use super::{draw::Draw, town::Town};

/// Classes of scenarios, as the issue lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Device,
    AccessPoint,
    AccessPointOverload,
    SchoolLan,
    Dhcp,
    LineCut,
    Congestion,
    Hub,
    Isp,
    Dns,
    Filter,
    Service,
    Identity,
    Two,
    Flapping,
    Night,
    Holiday,
    Snow,
    Trip,
    SportsDay,
    LidsClosed,
    OsUpdate,
    OwnServers,
    ProbeUnplugged,
    QuietDay,
}

/// All classes but the quiet day.
pub const CLASSES: [Class; 24] = [
    Class::Device,
    Class::AccessPoint,
    Class::AccessPointOverload,
    Class::SchoolLan,
    Class::Dhcp,
    Class::LineCut,
    Class::Congestion,
    Class::Hub,
    Class::Isp,
    Class::Dns,
    Class::Filter,
    Class::Service,
    Class::Identity,
    Class::Two,
    Class::Flapping,
    Class::Night,
    Class::Holiday,
    Class::Snow,
    Class::Trip,
    Class::SportsDay,
    Class::LidsClosed,
    Class::OsUpdate,
    Class::OwnServers,
    Class::ProbeUnplugged,
];

impl Class {
    /// Its name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "one device",
            Self::AccessPoint => "access point",
            Self::AccessPointOverload => "access point overload",
            Self::SchoolLan => "school LAN",
            Self::Dhcp => "DHCP exhaustion",
            Self::LineCut => "school line cut",
            Self::Congestion => "line congestion",
            Self::Hub => "hub",
            Self::Isp => "ISP",
            Self::Dns => "DNS",
            Self::Filter => "filter blocks a service",
            Self::Service => "service down",
            Self::Identity => "identity provider down",
            Self::Two => "two faults at once",
            Self::Flapping => "flapping line",
            Self::Night => "night",
            Self::Holiday => "holiday",
            Self::Snow => "snow day",
            Self::Trip => "grade on a trip",
            Self::SportsDay => "sports day",
            Self::LidsClosed => "lids closed for a test",
            Self::OsUpdate => "mass OS update",
            Self::OwnServers => "own servers slow",
            Self::ProbeUnplugged => "probe unplugged",
            Self::QuietDay => "quiet day",
        }
    }

    /// Whether something is broken in it.
    pub fn is_fault(self) -> bool {
        self <= Self::Flapping
    }
}

/// What a fault does.
#[derive(Debug, Clone)]
pub enum Effect {
    /// One device: this target fails.
    Device { device: usize, target: usize },
    /// Access points are off.
    AccessPoints(Vec<usize>),
    /// An access point is too full.
    Overload(usize),
    /// The router or the core switch is dead.
    Core,
    /// No more addresses.
    Addresses,
    /// Nothing passes the schools' lines.
    Cut,
    /// Lines are full.
    Full,
    /// Names are not resolved.
    Names,
    /// A service (by number) fails with an error.
    Service(usize, ErrorKind),
}

/// A fault: what, where, when.
#[derive(Debug, Clone)]
pub struct Fault {
    pub element: Element,
    pub place: MextPlace,
    pub schools: Vec<usize>,
    pub effect: Effect,
    /// Periods, seconds of the simulation's day.
    pub periods: Vec<[f64; 2]>,
}

impl Fault {
    pub fn is_active(&self, at: f64) -> bool {
        self.periods.iter().any(|[from, to]| (*from..*to).contains(&at))
    }

    pub fn begin(&self) -> f64 {
        self.periods[0][0]
    }

    pub fn end(&self) -> f64 {
        self.periods[self.periods.len() - 1][1]
    }
}

/// Draws a fault of a class. `avoid` are schools that another fault has; none is left over if there is no place for it.
pub fn draw_fault(class: Class, town: &Town, begin: f64, draw: &mut Draw, avoid: &[usize]) -> Option<Fault> {
    let schools = &town.topology.schools;
    let free = |number: &usize| !avoid.contains(number);
    let any: Vec<usize> = (0..schools.len()).filter(free).collect();
    let pick = |from: &[usize], draw: &mut Draw| (!from.is_empty()).then(|| from[draw.below(from.len())]);
    let length = draw.between(8.0, 35.0) * 60.0;
    let mut periods = vec![[begin, begin + length]];
    let (element, place, schools, effect) = match class {
        Class::Device => {
            let school = pick(&any, draw)?;
            let device = draw.below(town.schools[school].classes.iter().sum::<usize>() + town.schools[school].teachers);
            let target = [3, 5, 6][draw.below(3)];
            periods = vec![[begin, begin + 4_500.0]];
            let id = format!("{}/d{device}", schools[school].id);
            let element = Element::new(ElementKind::Device, id);
            (element, MextPlace::Device, vec![school], Effect::Device { device, target })
        }
        Class::AccessPoint | Class::AccessPointOverload => {
            let school = pick(&any, draw)?;
            let spot = draw.below(town.schools[school].classes.len());
            let element = Element::new(ElementKind::AccessPoint, format!("{}/ap-{spot}", schools[school].id));
            let off = class == Class::AccessPoint;
            let effect = if off { Effect::AccessPoints(vec![spot]) } else { Effect::Overload(spot) };
            (element, MextPlace::Equipment, vec![school], effect)
        }
        Class::SchoolLan => {
            let school = pick(&any, draw)?;
            let spots = town.schools[school].classes.len();
            let floor = draw.chance(0.3) && spots >= 4;
            let effect = if floor { Effect::AccessPoints((0..spots / 2).collect()) } else { Effect::Core };
            let element = Element::new(ElementKind::SchoolLan, schools[school].id.clone());
            (element, MextPlace::Equipment, vec![school], effect)
        }
        Class::Dhcp => {
            let school = pick(&any, draw)?;
            periods = vec![[begin, begin + length + 1_200.0]];
            let element = Element::new(ElementKind::SchoolLan, schools[school].id.clone());
            (element, MextPlace::Equipment, vec![school], Effect::Addresses)
        }
        Class::LineCut | Class::Flapping | Class::Congestion => {
            let school = pick(&any, draw)?;
            if class == Class::Flapping {
                periods.clear();
                let mut at = begin;
                for _ in 0..4 + draw.below(3) {
                    let down = draw.between(60.0, 180.0);
                    periods.push([at, at + down]);
                    at += down + draw.between(60.0, 200.0);
                }
            }
            let effect = if class == Class::Congestion { Effect::Full } else { Effect::Cut };
            let element = Element::new(ElementKind::SchoolLine, schools[school].id.clone());
            (element, MextPlace::Line, vec![school], effect)
        }
        Class::Hub => {
            let hubs: Vec<(&str, Vec<usize>)> = town
                .topology
                .hubs
                .iter()
                .map(|hub| (hub.id.as_str(), town.schools_with(|school| school.line.hub.as_ref() == Some(&hub.id))))
                .filter(|(_, behind)| behind.len() >= 2 && behind.iter().all(free))
                .collect();
            let number = pick(&(0..hubs.len()).collect::<Vec<_>>(), draw)?;
            let (id, behind) = hubs[number].clone();
            (Element::new(ElementKind::Hub, id), MextPlace::Equipment, behind, Effect::Cut)
        }
        Class::Isp => {
            let isps: Vec<(&str, Vec<usize>)> = town
                .topology
                .isps
                .iter()
                .map(|isp| (isp.id.as_str(), town.schools_with(|school| school.line.isp.as_ref() == Some(&isp.id))))
                .filter(|(_, behind)| behind.len() >= 2 && behind.iter().all(free))
                .collect();
            let number = pick(&(0..isps.len()).collect::<Vec<_>>(), draw)?;
            let (id, behind) = isps[number].clone();
            (Element::new(ElementKind::Isp, id), MextPlace::Line, behind, Effect::Cut)
        }
        Class::Dns => {
            let id = format!("dns-{}", draw.below(town.topology.owners.len()));
            let behind = town.schools_with(|school| school.dns.as_ref() == Some(&id));
            if !behind.iter().all(free) {
                return None;
            }
            (Element::new(ElementKind::Dns, id), MextPlace::Equipment, behind, Effect::Names)
        }
        Class::Filter => {
            let id = format!("filter-{}", draw.below(2));
            let behind = town.schools_with(|school| school.filter.as_ref() == Some(&id));
            if !behind.iter().all(free) {
                return None;
            }
            let error = [ErrorKind::Blocked, ErrorKind::BadCertificate, ErrorKind::Reset][draw.below(3)];
            let effect = Effect::Service(draw.below(4), error);
            (Element::new(ElementKind::Filter, id), MextPlace::Equipment, behind, effect)
        }
        Class::Service => {
            let number = draw.below(4);
            let error = [ErrorKind::Timeout, ErrorKind::Refused, ErrorKind::Unavailable][draw.below(3)];
            let element = Element::new(ElementKind::Service, town.topology.services[number].id.clone());
            (element, MextPlace::Service, (0..schools.len()).collect(), Effect::Service(number, error))
        }
        Class::Identity => {
            let number = 4 + draw.below(2);
            let id = town.topology.services[number].id.clone();
            let behind = town.schools_with(|school| school.identity.as_ref() == Some(&id));
            let error = [ErrorKind::Timeout, ErrorKind::Unavailable][draw.below(2)];
            let element = Element::new(ElementKind::IdentityProvider, id);
            (element, MextPlace::Service, behind, Effect::Service(number, error))
        }
        Class::Two
        | Class::Night
        | Class::Holiday
        | Class::Snow
        | Class::Trip
        | Class::SportsDay
        | Class::LidsClosed
        | Class::OsUpdate
        | Class::OwnServers
        | Class::ProbeUnplugged
        | Class::QuietDay => return None,
    };
    Some(Fault { element, place, schools, effect, periods })
}
