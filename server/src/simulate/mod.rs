//! Simulated tablets: what a device of a school says of itself, invented, for demos and load. The engine, the transport
//! and the certificates around it are the real ones; only the hardware is not there.
//!
//! And whole school days of a town ([`play`]) in virtual time: agents' engines (`tablet`) report what they meet (`sight`) of
//! a scenario (`scenario`) to the check-in path, the roll-ups and the judge of a server in this process (`local`), and what
//! comes of it is told (`report`). No socket, no TLS and no HTTP is in virtual time.
//!
//! Invariants: the same seed and number give the same device, and the same moment gives the same status; no code of a
//! real municipality, name of a person or number of a real device stands here.
//!
//! Deliberately not here: agents in real time (`gigafleet_agent::runtime`).

mod day;
mod local;
mod models;
mod moment;
mod report;
mod scenario;
mod sight;
mod store;
mod tablet;
mod timetable;
mod town;

use std::time::{Duration, Instant};

use gigafleet_agent::{engine::Now, platform::Platform};
use gigafleet_proto::v1::{Facts, Status};
use ring::digest::{Context, SHA256};

use self::models::Model;
pub use self::{
    day::{Plan, play},
    moment::{Moment, ssid},
    report::{Balance, Bytes, FoundIncident, Injected, Load, Report},
    scenario::{SCENARIOS, Scenario},
    town::DEVICES,
};
use crate::clock::Clock;

/// What one simulated device is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulatedDevice {
    /// Draws the whole fleet; the same seed gives the same fleet.
    pub seed: u64,
    /// Which device of the fleet.
    pub number: u32,
    /// Which school it is at; devices of one school share their access points.
    pub school: u16,
    /// How many times faster than the clock its battery, storage and place change; at least 1.
    pub speed: u32,
}

/// A device that is not there. Its clocks are this machine's.
#[derive(Debug)]
pub struct SimulatedPlatform {
    device: SimulatedDevice,
    profile: Profile,
    clock: Clock,
    started: Instant,
}

/// What was drawn for a device and stays.
#[derive(Debug, Clone)]
struct Profile {
    model: &'static Model,
    agent_version: &'static str,
    mac: [u8; 6],
    boot_id: [u8; 16],
    /// How long the device had been up when the simulation began, in milliseconds.
    uptime_ms: u64,
    battery_health_percent: u32,
    cycle_count: u32,
    /// Where in its cycle of use and charging the battery was when the simulation began, in milliseconds.
    battery_phase_ms: u64,
    /// How long a full battery lasts, in milliseconds.
    battery_life_ms: u64,
    storage_free_permille: u64,
    memory_used_percent: u32,
}

impl Profile {
    fn draw(device: SimulatedDevice) -> Self {
        let mut random = fastrand::Rng::with_seed(mix(device.seed, u64::from(device.number)));
        let model = models::draw(&mut random);
        let hour = 3_600_000;
        Self {
            model,
            agent_version: gigafleet_agent::VERSION,
            // Locally administered, so it can not be that of a real interface.
            mac: [0x02, random.u8(..), random.u8(..), random.u8(..), random.u8(..), random.u8(..)],
            boot_id: random.u128(..).to_be_bytes(),
            uptime_ms: random.u64(hour / 4..72 * hour),
            battery_health_percent: random.u32(72..=100),
            cycle_count: random.u32(20..700),
            battery_phase_ms: random.u64(..12 * hour),
            battery_life_ms: random.u64(6 * hour..11 * hour),
            // One in twelve is nearly full, as pupils' photographs have it.
            storage_free_permille: if random.u32(..12) == 0 { random.u64(20..95) } else { random.u64(150..750) },
            memory_used_percent: random.u32(35..80),
        }
    }
}

impl SimulatedPlatform {
    /// Draws a device, which is as long up as it was drawn to be.
    pub fn new(device: SimulatedDevice, clock: Clock) -> Self {
        Self { device, profile: Profile::draw(device), clock, started: Instant::now() }
    }

    /// How the device is at a moment.
    pub fn status_at(&self, moment: Moment) -> Status {
        moment::status(self.device, &self.profile, moment)
    }

    fn moment(&self) -> Moment {
        let wall_ms = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        let elapsed = Duration::from_millis(self.elapsed_ms().saturating_mul(u64::from(self.device.speed.max(1))));
        Moment { elapsed, boot_time_ms: wall_ms.saturating_sub(self.now().monotonic_ms) / 1_000 * 1_000 }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Platform for SimulatedPlatform {
    fn facts(&mut self, mac_salt: &[u8]) -> Facts {
        let model = self.profile.model;
        Facts {
            maker: Some(model.maker.to_owned()),
            model: Some(model.name.to_owned()),
            serial_number: Some(format!("SIM{:08X}{:06}", self.device.seed as u32, self.device.number)),
            // iPadOS gives nobody the board's UUID or the kernel's version.
            board_uuid: None,
            os_kind: model.os_kind.into(),
            os_name: Some(model.os_name.to_owned()),
            os_version: Some(model.os_version.to_owned()),
            kernel_version: model.kernel_version.map(str::to_owned),
            cpu_model: Some(model.cpu_model.to_owned()),
            cpu_count: Some(model.cpu_count),
            memory_bytes: Some(model.memory_gib << 30),
            storage_bytes: Some(model.storage_bytes()),
            mac_hashes: if mac_salt.is_empty() { Vec::new() } else { vec![mac_hash(mac_salt, self.profile.mac)] },
            agent_version: Some(self.profile.agent_version.to_owned()),
        }
    }

    fn status(&mut self) -> Status {
        self.status_at(self.moment())
    }

    fn boot_id(&self) -> [u8; 16] {
        self.profile.boot_id
    }

    fn now(&self) -> Now {
        Now {
            monotonic_ms: self.profile.uptime_ms.saturating_add(self.elapsed_ms()),
            wall_ms: u64::try_from(self.clock.now().as_millis()).unwrap_or(0),
        }
    }
}

fn mac_hash(salt: &[u8], mac: [u8; 6]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(&mac);
    context.finish().as_ref()[..16].to_vec()
}

/// Spreads two numbers over 64 bits (the finaliser of SplitMix64), so that neighbours have nothing in common.
fn mix(one: u64, other: u64) -> u64 {
    let mut bits = one ^ other.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use gigafleet_proto::v1::OsKind;
    use prost::Message as _;

    use super::*;

    fn platform(seed: u64, number: u32) -> SimulatedPlatform {
        SimulatedPlatform::new(SimulatedDevice { seed, number, school: 3, speed: 1 }, Clock::system())
    }

    fn moment(minutes: u64) -> Moment {
        Moment { elapsed: Duration::from_secs(60 * minutes), boot_time_ms: 1_795_400_000_000 }
    }

    #[test]
    fn same_seed_gives_the_same_device_and_another_seed_another() {
        let (mut one, mut twin, mut other) = (platform(1, 7), platform(1, 7), platform(2, 7));
        assert_eq!(one.facts(b"salt"), twin.facts(b"salt"));
        assert_eq!(one.status_at(moment(90)), twin.status_at(moment(90)));
        assert_eq!(one.boot_id(), twin.boot_id());
        assert_ne!(one.facts(b"salt").serial_number, other.facts(b"salt").serial_number);
        assert_ne!(one.facts(b"salt").mac_hashes, one.facts(b"pepper").mac_hashes);
    }

    #[test]
    fn fleet_has_the_systems_of_the_second_phase() {
        let kinds: Vec<_> = (0..2_000).map(|number| platform(1, number).facts(&[]).os_kind()).collect();
        let share = |kind: OsKind| kinds.iter().filter(|other| **other == kind).count() * 100 / kinds.len();
        assert!((56..=63).contains(&share(OsKind::Chromeos)), "{}", share(OsKind::Chromeos));
        assert!((27..=34).contains(&share(OsKind::Ipados)), "{}", share(OsKind::Ipados));
        assert!((7..=13).contains(&share(OsKind::Windows)), "{}", share(OsKind::Windows));
        let serials: HashSet<_> = (0..2_000).map(|number| platform(1, number).facts(&[]).serial_number).collect();
        assert_eq!(serials.len(), 2_000);
    }

    #[test]
    fn full_report_of_any_device_stays_within_the_contract() {
        for number in 0..500 {
            let mut device = platform(9, number);
            let size = device.facts(b"0123456789abcdef").encoded_len() + device.status().encoded_len();
            assert!(size <= 1_900, "{number}: {size} bytes");
        }
    }
}
