//! What a simulated device meets of the network at a moment, and what a round of its checks gives there. Pure.
//!
//! Invariant: layers are tried in the order of `gigafleet_agent::checks`, and what that leaves out behind a broken layer is
//! left out here.

use gigafleet_agent::engine::Round;
use gigafleet_proto::v1::{CheckError, CheckOutcome, LinkKind, Network, NetworkCheck, NetworkLayer, Status, Wifi};

use super::{
    scenario::{Scenario, Trouble},
    timetable::between,
    town::{GATEWAY, Role, Seat, Town},
};

/// The service that a filter blocks, by its number.
pub(super) const BLOCKED_TARGET: u32 = 1;
/// The access point that loses power, by its class.
pub(super) const DEAD_CLASS: usize = 0;
/// One round in so many meets a trouble of its own that is gone by the next.
const OWN_TROUBLE: u32 = 1_200;
/// The network of a trip, which is that of no school.
const TRIP_POINT: [u8; 6] = [0x06, 0x47, 0x46, 0xff, 0xff, 0xff];
const TRIP_GATEWAY: [u8; 16] = [0x74; 16];

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// At an access point of its school, by the class, or on its cable.
    School(usize),
    /// On a trip.
    Trip,
    /// Without an access point in reach.
    Nowhere,
}

/// What a device meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) spot: Spot,
    /// Something beyond the gateway answers.
    pub(super) line: bool,
    /// Names are resolved.
    pub(super) names: bool,
    /// Nothing in between blocks the service.
    pub(super) service: bool,
    /// The server answers.
    pub(super) server: bool,
}

/// How one device takes the loss of its access point: in how many seconds it finds another one, if it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roaming {
    pub(super) after_s: Option<f64>,
}

impl Roaming {
    /// Three in five devices have another access point in reach, and find it within a minute and a half.
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        let (reaches, after) = (random.f64() < 0.6, between(random, 15.0, 90.0));
        Self { after_s: reaches.then_some(after) }
    }
}

impl Sight {
    /// What a device meets at a second of the day.
    pub(super) fn at(second: f64, scenario: &Scenario, town: &Town, seat: Seat, roaming: Roaming) -> Self {
        let well = Self { spot: Spot::School(seat.class), line: true, names: true, service: true, server: true };
        let Some(trouble) = scenario.now(second) else { return well };
        if trouble == Trouble::Server {
            return Self { server: false, ..well };
        }
        if !scenario.concerns(town, seat.school) {
            return well;
        }
        match trouble {
            Trouble::Server => well,
            Trouble::LineCut | Trouble::Hub => Self { line: false, ..well },
            Trouble::Dns => Self { names: false, ..well },
            Trouble::Filter => Self { service: false, ..well },
            Trouble::AccessPoint if seat.class == DEAD_CLASS && seat.role != Role::Probe => {
                let since = scenario.period_s().map_or(0.0, |[begin, _]| second - f64::from(begin));
                let spot = match roaming.after_s {
                    Some(after) if since >= after => Spot::School(DEAD_CLASS + 1),
                    Some(_) | None => Spot::Nowhere,
                };
                Self { spot, ..well }
            }
            Trouble::AccessPoint => well,
            Trouble::Trip if seat.role == Role::Pupil && scenario.takes_out(town, seat.school, seat.class) => {
                Self { spot: Spot::Trip, line: false, ..well }
            }
            Trouble::Trip => well,
        }
    }

    /// Whether a report arrives.
    pub(super) fn reaches_server(&self) -> bool {
        self.line && self.spot != Spot::Nowhere
    }

    /// Puts into a status where the device is.
    pub(super) fn show(&self, seat: Seat, status: &mut Status) {
        let network = |link: LinkKind, hash: [u8; 16]| Network {
            link: link.into(),
            gateway: Some(String::from(GATEWAY)),
            gateway_hash: Some(hash.to_vec()),
        };
        let at_point = |wifi: Option<Wifi>, ssid: String, point: [u8; 6]| {
            wifi.map(|wifi| Wifi { ssid: Some(ssid), bssid: Some(point.to_vec()), ..wifi })
        };
        let (wifi, shown) = match self.spot {
            Spot::Nowhere => (None, Network::default()),
            Spot::School(_) if seat.role == Role::Probe => {
                (None, network(LinkKind::Wired, Town::gateway_hash(seat.school)))
            }
            Spot::School(class) => {
                let (ssid, point) =
                    (format!("giga-school-{}", seat.school + 1), Town::access_point(seat.school, class));
                (at_point(status.wifi.take(), ssid, point), network(LinkKind::Wifi, Town::gateway_hash(seat.school)))
            }
            Spot::Trip => {
                let wifi = at_point(status.wifi.take(), String::from("museum"), TRIP_POINT);
                (wifi, network(LinkKind::Wifi, TRIP_GATEWAY))
            }
        };
        (status.wifi, status.network) = (wifi, Some(shown));
    }

    /// What a round of checks gives, each with how many milliseconds after the round's begin.
    pub(super) fn answers(&self, round: &Round, random: &mut fastrand::Rng) -> Vec<(NetworkCheck, u64)> {
        let mut trial = Trial { after_us: 0, results: Vec::new() };
        self.layers(round, random, &mut trial);
        trial.results
    }

    fn layers(&self, round: &Round, random: &mut fastrand::Rng, trial: &mut Trial) {
        let (from, plan) = (round.from, &round.plan);
        let timeout_us = plan.timeout_ms.saturating_mul(1_000);
        let own = (random.u32(..OWN_TROUBLE) == 0)
            .then(|| [NetworkLayer::Gateway, NetworkLayer::Dns, NetworkLayer::Server][random.usize(..3)]);
        let silent = || Err((CheckError::Timeout, timeout_us));
        if from <= NetworkLayer::Link {
            let link = if self.spot == Spot::Nowhere { Err((CheckError::NoLink, 0)) } else { Ok(0) };
            if !trial.add(NetworkLayer::Link, 0, link, 0) {
                return;
            }
        }
        if from <= NetworkLayer::Address && !trial.add(NetworkLayer::Address, 0, Ok(0), 0) {
            return;
        }
        if from <= NetworkLayer::Gateway {
            let took = took_us(random, 2.0, 8.0);
            let answer = if own == Some(NetworkLayer::Gateway) { silent() } else { Ok(took) };
            if !trial.add(NetworkLayer::Gateway, 0, answer, plan.gateway_slow_ms) {
                return;
            }
        }
        if from <= NetworkLayer::Dns {
            let took = took_us(random, 8.0, 25.0);
            let answer = match (self.line && own != Some(NetworkLayer::Dns), self.names) {
                (false, _) => silent(),
                (true, false) => Err((CheckError::ResolverFailed, took)),
                (true, true) => Ok(took),
            };
            // The server and the services are reached by their last known addresses without names.
            trial.add(NetworkLayer::Dns, 0, answer, plan.dns_slow_ms);
        }
        let mut server_answers = true;
        if from <= NetworkLayer::Server {
            let took = took_us(random, 25.0, 60.0);
            let reached = self.line && self.server && own != Some(NetworkLayer::Server);
            let answer = if reached { Ok(took) } else { silent() };
            server_answers = trial.add(NetworkLayer::Server, 0, answer, plan.server_slow_ms);
        }
        for target in &plan.targets {
            let took = took_us(random, 20.0, 80.0);
            if target.layer() < from || (target.layer() == NetworkLayer::Service && !server_answers) {
                continue;
            }
            let answer = match (self.line, self.service || target.number != BLOCKED_TARGET) {
                (false, _) => silent(),
                (true, false) => Err((CheckError::Blocked, took)),
                (true, true) => Ok(took),
            };
            trial.add(target.layer(), target.number, answer, target.slow_ms);
        }
    }
}

fn took_us(random: &mut fastrand::Rng, least_ms: f64, most_ms: f64) -> u32 {
    (between(random, least_ms, most_ms) * 1_000.0) as u32
}

/// A round, being made.
struct Trial {
    after_us: u64,
    results: Vec<(NetworkCheck, u64)>,
}

impl Trial {
    /// Adds how a layer or target answered and how long it took, in microseconds. Gives whether it answered.
    fn add(&mut self, layer: NetworkLayer, target: u32, answer: Result<u32, (CheckError, u32)>, slow_ms: u32) -> bool {
        let (outcome, error, latency_us, took_us) = match answer {
            Ok(took) if took > slow_ms.saturating_mul(1_000) => {
                (CheckOutcome::Slow, CheckError::Unspecified, took, took)
            }
            Ok(took) => (CheckOutcome::Ok, CheckError::Unspecified, took, took),
            Err((error, took)) => (CheckOutcome::Failed, error, 0, took),
        };
        self.after_us += u64::from(took_us);
        let check =
            NetworkCheck { layer: layer.into(), target, outcome: outcome.into(), error: error.into(), latency_us };
        self.results.push((check, self.after_us / 1_000));
        answer.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gigafleet_proto::v1::{ProbePlan, ProbeTarget};

    use super::*;

    /// In the midst of every scenario's trouble.
    const SECOND: f64 = 10.9 * 3_600.0;

    fn plan() -> ProbePlan {
        let target = |number| ProbeTarget {
            number,
            layer: NetworkLayer::Service.into(),
            host: String::from("service.example"),
            slow_ms: 150,
            ..ProbeTarget::default()
        };
        ProbePlan {
            timeout_ms: 5_000,
            gateway_slow_ms: 50,
            dns_slow_ms: 100,
            server_slow_ms: 150,
            targets: vec![target(1), target(2)],
            ..ProbePlan::default()
        }
    }

    /// The layers and targets that fail, at a device of the school that the scenario is about or of the hub's.
    fn failing(name: &str, hub: bool) -> Vec<(NetworkLayer, u32)> {
        let (scenario, town) = (Scenario::named(name).unwrap(), Town::lay_out(200));
        let school = (0..town.schools.len()).find(|school| town.owners[town.schools[*school].owner].has_hub == hub);
        let seat = Seat { school: school.unwrap(), class: 1, role: Role::Pupil };
        let sight = Sight::at(SECOND, &scenario, &town, seat, Roaming { after_s: None });
        let round = Round { number: 1, from: NetworkLayer::Link, dns_is_broken: false, plan: Arc::new(plan()) };
        let answers = sight.answers(&round, &mut fastrand::Rng::with_seed(1));
        let failed = |(check, _): &&(NetworkCheck, u64)| check.outcome() == CheckOutcome::Failed;
        answers.iter().filter(failed).map(|(check, _)| (check.layer(), check.target)).collect()
    }

    #[test]
    fn each_trouble_is_seen_where_it_is_and_nowhere_else() {
        use NetworkLayer::{Dns, Server, Service};
        assert_eq!(failing("quiet", false), []);
        assert_eq!(failing("school-line-cut", false), [(Dns, 0), (Server, 0)]);
        assert_eq!(failing("school-line-cut", true), []);
        assert_eq!(failing("hub-down", true), [(Dns, 0), (Server, 0)]);
        assert_eq!(failing("hub-down", false), []);
        assert_eq!(failing("dns-broken", false), [(Dns, 0)]);
        assert_eq!(failing("service-blocked", false), [(Service, BLOCKED_TARGET)]);
        assert_eq!(failing("slow-server", true), [(Server, 0)]);
    }

    #[test]
    fn device_of_a_dead_access_point_is_nowhere_until_it_finds_another() {
        let (scenario, town) = (Scenario::named("access-point-down").unwrap(), Town::lay_out(200));
        let school = (0..town.schools.len()).find(|school| scenario.concerns(&town, *school)).unwrap();
        let seat = Seat { school, class: DEAD_CLASS, role: Role::Pupil };
        let begin = f64::from(scenario.period_s().unwrap()[0]);
        let spot = |after: f64, roaming: Option<f64>| {
            Sight::at(begin + after, &scenario, &town, seat, Roaming { after_s: roaming }).spot
        };
        assert_eq!(spot(-1.0, None), Spot::School(DEAD_CLASS));
        assert_eq!((spot(10.0, Some(30.0)), spot(40.0, Some(30.0))), (Spot::Nowhere, Spot::School(DEAD_CLASS + 1)));
        assert_eq!(spot(600.0, None), Spot::Nowhere);
    }
}
