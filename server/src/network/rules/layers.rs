//! What devices of one school say of their layers: the state of those that are not well, and recent signs of loss.
//!
//! Invariants: a device without trouble takes no room; at most [`DEVICES`] devices and [`SIGNS`] signs are kept per school.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{ErrorKind, Moment, Outcome, Target};

/// Devices with trouble that are kept per school.
const DEVICES: usize = 2_000;
/// Signs that are kept per school.
const SIGNS: usize = 512;
/// Targets that are kept per device.
const TARGETS: usize = 24;
/// A report older than this is told from a spool.
pub(super) const LATE_S: i64 = 120;

/// A layer of a device that is not well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trouble {
    pub(super) target: Target,
    pub(super) outcome: Outcome,
    pub(super) error: Option<ErrorKind>,
    /// Since when, by the device.
    pub(super) since: Moment,
    /// When it was first and last told.
    pub(super) first_known: Moment,
    pub(super) last_known: Moment,
    pub(super) reports: u32,
}

/// A device with trouble.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Troubled {
    pub(super) access_point: Option<String>,
    pub(super) troubles: Vec<Trouble>,
}

/// A device lost its access point, or got no address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sign {
    pub(super) known: Moment,
    pub(super) at: Moment,
    pub(super) device: String,
    pub(super) access_point: Option<String>,
    pub(super) address: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Layers {
    pub(super) devices: BTreeMap<String, Troubled>,
    pub(super) signs: VecDeque<Sign>,
    /// Troubles last told before this are of devices that sleep or left: they count for nobody but the device.
    pub(super) stale: Moment,
}

/// What a device says, on its school's network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) known: Moment,
    pub(super) at: Moment,
    pub(super) device: &'a str,
    pub(super) access_point: Option<&'a str>,
    pub(super) target: &'a Target,
    pub(super) outcome: Outcome,
    pub(super) error: Option<ErrorKind>,
}

impl Layers {
    /// Forgets a device that went elsewhere.
    pub(super) fn leave(&mut self, device: &str) {
        self.devices.remove(device);
    }

    pub(super) fn hear(&mut self, said: Said<'_>) {
        let failed = said.outcome == Outcome::Failed;
        if failed && matches!(said.target, Target::Link | Target::Address) {
            if self.signs.len() == SIGNS {
                self.signs.pop_front();
            }
            self.signs.push_back(Sign {
                known: said.known,
                at: said.at,
                device: said.device.to_owned(),
                access_point: said.access_point.map(str::to_owned),
                address: *said.target == Target::Address,
            });
        }
        if said.outcome == Outcome::Ok {
            let Some(device) = self.devices.get_mut(said.device) else { return };
            device.troubles.retain(|trouble| trouble.target != *said.target);
            if device.troubles.is_empty() {
                self.devices.remove(said.device);
            }
            return;
        }
        if !self.devices.contains_key(said.device) {
            if self.devices.len() >= DEVICES {
                return;
            }
            self.devices.insert(said.device.to_owned(), Troubled::default());
        }
        let Some(device) = self.devices.get_mut(said.device) else { return };
        if let Some(access_point) = said.access_point {
            device.access_point = Some(access_point.to_owned());
        }
        if let Some(trouble) = device.troubles.iter_mut().find(|trouble| trouble.target == *said.target) {
            trouble.outcome = said.outcome;
            trouble.error = trouble.error.or(said.error);
            trouble.last_known = said.known;
            trouble.reports = trouble.reports.saturating_add(1);
        } else if device.troubles.len() < TARGETS {
            device.troubles.push(Trouble {
                target: said.target.clone(),
                outcome: said.outcome,
                error: said.error,
                since: said.at,
                first_known: said.known,
                last_known: said.known,
                reports: 1,
            });
        }
    }

    /// Drops what was not said again in time.
    pub(super) fn forget(&mut self, stale: Moment, before: Moment) {
        self.stale = stale;
        while self.signs.front().is_some_and(|sign| sign.known < stale) {
            self.signs.pop_front();
        }
        self.devices.retain(|_, device| {
            device.troubles.retain(|trouble| trouble.last_known >= before);
            !device.troubles.is_empty()
        });
    }

    /// Counts devices by their first broken layer.
    pub(super) fn count(&self) -> Counted {
        let mut counted = Counted::default();
        for device in self.devices.values() {
            device.count(self.stale, &mut counted);
        }
        counted
    }
}

/// Devices of one school by their first broken layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) address: u32,
    /// By access point, gateway slow or failed.
    pub(super) gateway: BTreeMap<String, u32>,
    pub(super) gateway_failed: u32,
    pub(super) dns: u32,
    /// The server and a service are slow while the gateway is well.
    pub(super) congested: u32,
    /// By service: failing or slow, and of these with an error that something in between makes.
    pub(super) services: BTreeMap<String, [u32; 2]>,
    /// Times at which the counted troubles began and were first told.
    pub(super) first_known: Option<Moment>,
    pub(super) dns_times: Vec<(Moment, Moment)>,
    pub(super) congested_times: Vec<(Moment, Moment)>,
    pub(super) service_times: BTreeMap<String, Vec<(Moment, Moment)>>,
}

impl Troubled {
    /// The first layer that is broken. Names or hops that are merely slow break nothing.
    pub(super) fn first_broken(&self, stale: Moment) -> Option<&Trouble> {
        self.troubles
            .iter()
            .filter(|trouble| trouble.last_known >= stale)
            .filter(|trouble| match trouble.target {
                Target::Dns | Target::HubHop | Target::IspHop | Target::Ports => trouble.outcome == Outcome::Failed,
                Target::Link | Target::Address | Target::Gateway | Target::Server | Target::Service(_) => true,
            })
            .min_by(|a, b| a.target.cmp(&b.target))
    }

    /// Whether the server and a service are in trouble.
    fn is_slow_beyond(&self, stale: Moment, outcomes: &[Outcome]) -> bool {
        let told = || self.troubles.iter().filter(|trouble| trouble.last_known >= stale);
        told().any(|trouble| trouble.target == Target::Server && outcomes.contains(&trouble.outcome))
            && told().any(|trouble| matches!(trouble.target, Target::Service(_)))
    }

    fn count(&self, stale: Moment, counted: &mut Counted) {
        let Some(first) = self.first_broken(stale) else { return };
        let told = |trouble: &&Trouble| trouble.last_known >= stale;
        let times = (first.since, first.first_known);
        match &first.target {
            // A full line loses questions for names too. A resolver that is broken makes no connection slow.
            Target::Dns
                if matches!(first.error, Some(ErrorKind::Timeout | ErrorKind::NoAnswer))
                    && self.is_slow_beyond(stale, &[Outcome::Slow]) =>
            {
                counted.congested += 1;
                counted.congested_times.push(times);
            }
            Target::Link | Target::HubHop | Target::IspHop | Target::Ports => {}
            Target::Address => counted.address += 1,
            Target::Gateway => {
                let access_point = self.access_point.clone().unwrap_or_default();
                *counted.gateway.entry(access_point).or_default() += 1;
                counted.gateway_failed += u32::from(first.outcome == Outcome::Failed);
            }
            Target::Dns => {
                counted.dns += 1;
                counted.dns_times.push(times);
            }
            Target::Server => {
                if self.is_slow_beyond(stale, &[Outcome::Slow, Outcome::Failed]) {
                    counted.congested += 1;
                    counted.congested_times.push(times);
                }
            }
            Target::Service(_) => {
                for trouble in self.troubles.iter().filter(told) {
                    let Target::Service(service) = &trouble.target else { continue };
                    let [troubled, middlebox] = counted.services.entry(service.clone()).or_default();
                    *troubled += 1;
                    *middlebox += u32::from(trouble.error.is_some_and(ErrorKind::is_of_middlebox));
                    counted
                        .service_times
                        .entry(service.clone())
                        .or_default()
                        .push((trouble.since, trouble.first_known));
                }
            }
        }
    }
}

/// Distinct devices of some signs.
pub(super) fn distinct<'a>(signs: impl Iterator<Item = &'a Sign>) -> u32 {
    signs.map(|sign| sign.device.as_str()).collect::<BTreeSet<_>>().len() as u32
}
