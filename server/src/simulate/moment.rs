//! How a simulated device is at a moment: pure, a function of what was drawn for it and of the time since it started.
//!
//! The battery empties in use and is charged in the cabinet; storage fills slowly and is cleared now and then; the
//! device goes from room to room, so from access point to access point.

use std::time::Duration;

use gigafleet_proto::v1::{Battery, Boot, LinkKind, Memory, Network, Status, Storage, Wifi};

use super::{Profile, SimulatedDevice, mix};

/// How long a device stays in one room, in milliseconds: a lesson with the break after it.
const LESSON_MS: u64 = 55 * 60_000;
/// How long the signal and the memory in use stay the same, in milliseconds.
const STEADY_MS: u64 = 5 * 60_000;
/// Access points of one school.
const ACCESS_POINTS: u64 = 24;
/// From empty to full in the cabinet, in milliseconds.
const CHARGING_MS: u64 = 3 * 3_600_000;
/// The charge at which a device is put into the cabinet.
const LOWEST_CHARGE_PERCENT: u64 = 12;

/// A moment in the life of a simulated device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Time since the simulation began, as the device lives it.
    pub elapsed: Duration,
    /// When the device booted, in milliseconds since the Unix epoch.
    pub boot_time_ms: u64,
}

pub(super) fn status(device: SimulatedDevice, profile: &Profile, moment: Moment) -> Status {
    let elapsed_ms = u64::try_from(moment.elapsed.as_millis()).unwrap_or(u64::MAX / 2);
    let identity = mix(device.seed, u64::from(device.number));
    let chance = mix(identity, elapsed_ms / STEADY_MS);
    Status {
        battery: Some(battery(profile, elapsed_ms)),
        storage: Some(Storage { free_bytes: Some(storage_free_bytes(profile, elapsed_ms)) }),
        memory: Some(Memory {
            used_percent: Some((profile.memory_used_percent + (chance % 16) as u32).min(97)),
            stall_percent: Some(if chance.is_multiple_of(11) { 3 } else { 0 }),
        }),
        boot: Some(Boot { boot_time_ms: Some(moment.boot_time_ms), boot_count: None }),
        wifi: Some(wifi(device, mix(identity, elapsed_ms / LESSON_MS), chance)),
        network: Some(network(device)),
    }
}

fn battery(profile: &Profile, elapsed_ms: u64) -> Battery {
    let use_ms = profile.battery_life_ms / 100 * (100 - LOWEST_CHARGE_PERCENT);
    let charge_ms = CHARGING_MS / 100 * (100 - LOWEST_CHARGE_PERCENT);
    let since_start_ms = profile.battery_phase_ms.saturating_add(elapsed_ms);
    let (cycles, at_ms) = (since_start_ms / (use_ms + charge_ms), since_start_ms % (use_ms + charge_ms));
    let span = 100 - LOWEST_CHARGE_PERCENT;
    let charging = at_ms >= use_ms;
    let charge = match charging {
        false => 100 - at_ms * span / use_ms,
        true => LOWEST_CHARGE_PERCENT + (at_ms - use_ms) * span / charge_ms,
    };
    Battery {
        charge_percent: Some(charge.min(100) as u32),
        health_percent: Some(profile.battery_health_percent),
        cycle_count: Some(profile.cycle_count.saturating_add(u32::try_from(cycles).unwrap_or(u32::MAX))),
        charging: Some(charging),
    }
}

/// The free share falls by up to a fifth of itself over a week, and is restored when somebody tidies up.
fn storage_free_bytes(profile: &Profile, elapsed_ms: u64) -> u64 {
    const WEEK_MS: u64 = 7 * 86_400_000;
    let used_up_permille = (elapsed_ms % WEEK_MS) * 200 / WEEK_MS;
    let free_permille = profile.storage_free_permille * (1_000 - used_up_permille) / 1_000;
    profile.model.storage_bytes() / 1_000 * free_permille
}

/// All devices of a school are behind one router.
fn network(device: SimulatedDevice) -> Network {
    let hash = u128::from(mix(device.seed, u64::from(device.school) << 32 | 0x6761_7465));
    Network {
        link: LinkKind::Wifi.into(),
        gateway: Some(String::from("10.20.0.1")),
        gateway_hash: Some(hash.to_be_bytes().to_vec()),
    }
}

/// Name of the Wi-Fi of a school.
pub fn ssid(school: u16) -> String {
    format!("giga-school-{school:02}")
}

fn wifi(device: SimulatedDevice, room: u64, chance: u64) -> Wifi {
    let [school_high, school_low] = device.school.to_be_bytes();
    let access_point = (room % ACCESS_POINTS) as u8;
    let rssi_dbm = -(44 + (room / ACCESS_POINTS % 22) as i32 + (chance % 10) as i32);
    // The farther, the slower; the steps are those of 802.11ac with two streams.
    let receive_kbps = match rssi_dbm {
        -56.. => 866_700,
        -64..=-57 => 585_000,
        -70..=-65 => 351_000,
        _ => 117_000,
    };
    Wifi {
        ssid: Some(ssid(device.school)),
        // Locally administered, like no real access point.
        bssid: Some(vec![0x06, 0x47, 0x46, school_high, school_low, access_point]),
        rssi_dbm: Some(rssi_dbm),
        receive_kbps: Some(receive_kbps),
        transmit_kbps: Some(receive_kbps / 2),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn statuses(number: u32, minutes: u64) -> Vec<Status> {
        let device = SimulatedDevice { seed: 5, number, school: 258, speed: 1 };
        let profile = Profile::draw(device);
        (0..minutes)
            .map(|minute| {
                status(device, &profile, Moment { elapsed: Duration::from_secs(60 * minute), boot_time_ms: 1 })
            })
            .collect()
    }

    #[test]
    fn battery_empties_in_use_and_fills_on_power_without_jumps() {
        for number in 0..20 {
            let batteries: Vec<_> = statuses(number, 24 * 60).into_iter().filter_map(|status| status.battery).collect();
            let charge = |battery: &Battery| battery.charge_percent.unwrap();
            assert!(batteries.iter().all(|battery| (11..=100).contains(&charge(battery))));
            assert!(
                batteries.iter().any(|battery| charge(battery) < 20)
                    && batteries.iter().any(|battery| charge(battery) > 90)
            );
            for pair in batteries.windows(2) {
                let (before, after) = (charge(&pair[0]), charge(&pair[1]));
                if pair[0].charging == pair[1].charging {
                    assert_eq!(
                        pair[1].charging.unwrap(),
                        after >= before && (after > before || pair[1].charging.unwrap())
                    );
                }
                assert!(before.abs_diff(after) <= 2, "{before} to {after}");
            }
        }
    }

    #[test]
    fn device_roams_between_the_access_points_of_its_school() {
        let seen: HashSet<_> = statuses(1, 24 * 60).into_iter().filter_map(|status| status.wifi?.bssid).collect();
        assert!(seen.len() > 5, "{}", seen.len());
        assert!(seen.iter().all(|bssid| bssid[..5] == [0x06, 0x47, 0x46, 1, 2]));
        let signals = statuses(1, 600)
            .into_iter()
            .filter_map(|status| status.wifi?.rssi_dbm)
            .all(|rssi| (-80..=-40).contains(&rssi));
        assert!(signals);
    }

    #[test]
    fn storage_stays_within_the_device() {
        for number in 0..50 {
            let profile = Profile::draw(SimulatedDevice { seed: 5, number, school: 0, speed: 1 });
            for days in [0, 3, 6, 7, 400] {
                let free = storage_free_bytes(&profile, days * 86_400_000);
                assert!(free > 0 && free < profile.model.storage_bytes());
            }
        }
    }
}
