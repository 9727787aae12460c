//! Identity and presence of a device, what its agent may say of it, and what the registry knows, pure.

pub mod claims;
pub mod events;
pub mod fields;
pub mod fold;
pub mod identity;
pub mod import;
pub mod lifecycle;
pub mod values;

use std::time::Duration;

use gigafleet_proto::v1;

use crate::{
    clock::Timestamp,
    error::{
        FieldViolation,
        says::{devices as say, fields as say_value},
    },
    schools::rules::{MunicipalityId, id},
};

id! {
    /// A device (端末).
    DeviceId
}

/// A device together with its owner: the key of everything that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The device.
    pub device: DeviceId,
}

/// Most bytes of one text that an agent sends.
const TEXT_BYTES: usize = 256;
/// Most bytes of an address as text.
const ADDRESS_BYTES: usize = 45;
/// Most hashes of network interfaces.
const MAC_HASHES: usize = 8;

/// Names every field of the facts that breaks its limit.
pub fn check_facts(facts: &v1::Facts) -> Vec<FieldViolation> {
    let texts = [
        ("facts.maker", &facts.maker),
        ("facts.model", &facts.model),
        ("facts.serial_number", &facts.serial_number),
        ("facts.board_uuid", &facts.board_uuid),
        ("facts.os_name", &facts.os_name),
        ("facts.os_version", &facts.os_version),
        ("facts.kernel_version", &facts.kernel_version),
        ("facts.cpu_model", &facts.cpu_model),
        ("facts.agent_version", &facts.agent_version),
    ];
    let mut refused: Vec<_> =
        texts.into_iter().filter_map(|(field, text)| check_text(field, text.as_deref()?, TEXT_BYTES)).collect();
    if facts.mac_hashes.len() > MAC_HASHES || facts.mac_hashes.iter().any(|hash| hash.len() != 16) {
        refused.push(FieldViolation::new("facts.mac_hashes", say::mac_hashes(MAC_HASHES)));
    }
    for (field, value) in [("facts.memory_bytes", facts.memory_bytes), ("facts.storage_bytes", facts.storage_bytes)] {
        if value.is_some_and(|v| i64::try_from(v).is_err()) {
            refused.push(FieldViolation::new(field, say::above_signed()));
        }
    }
    refused
}

/// Names every field of the status that breaks its limit.
pub fn check_status(status: &v1::Status) -> Vec<FieldViolation> {
    let mut refused = Vec::new();
    let mut percent = |field: &'static str, value: Option<u32>, most: u32| {
        if value.is_some_and(|v| v > most) {
            refused.push(FieldViolation::new(field, say_value::above_percent(most)));
        }
    };
    if let Some(battery) = &status.battery {
        percent("status.battery.charge_percent", battery.charge_percent, 100);
        percent("status.battery.health_percent", battery.health_percent, 200);
    }
    if let Some(memory) = &status.memory {
        percent("status.memory.used_percent", memory.used_percent, 100);
        percent("status.memory.stall_percent", memory.stall_percent, 100);
    }
    let free = status.storage.as_ref().and_then(|s| s.free_bytes);
    if free.is_some_and(|v| i64::try_from(v).is_err()) {
        refused.push(FieldViolation::new("status.storage.free_bytes", say::above_signed()));
    }
    let boot = status.boot.as_ref().and_then(|b| b.boot_time_ms);
    if boot.is_some_and(|v| i64::try_from(v).is_err()) {
        refused.push(FieldViolation::new("status.boot.boot_time_ms", say::above_signed()));
    }
    if let Some(wifi) = &status.wifi {
        refused.extend(check_wifi("status.wifi", wifi));
    }
    if let Some(network) = &status.network {
        refused.extend(check_network("status.network", network));
    }
    refused
}

/// Names the field of a Wi-Fi connection that breaks its limit.
pub fn check_wifi(field: &'static str, wifi: &v1::Wifi) -> Option<FieldViolation> {
    if wifi.bssid.as_ref().is_some_and(|b| b.len() != 6) {
        return Some(FieldViolation::new(field, say::bssid()));
    }
    // Replaced bytes of a network name take three bytes each.
    check_text(field, wifi.ssid.as_deref().unwrap_or(""), 32 * 3)
}

/// Names the field of a network that breaks its limit.
pub fn check_network(field: &'static str, network: &v1::Network) -> Option<FieldViolation> {
    if network.gateway_hash.as_ref().is_some_and(|hash| hash.len() != 16) {
        return Some(FieldViolation::new(field, say_value::needs_bytes(16)));
    }
    check_text(field, network.gateway.as_deref().unwrap_or(""), ADDRESS_BYTES)
}

fn check_text(field: &'static str, text: &str, most: usize) -> Option<FieldViolation> {
    if text.len() > most {
        return Some(FieldViolation::new(field, say_value::too_many_bytes(text.len(), most)));
    }
    // PostgreSQL stores no NUL in a text.
    text.contains('\0').then(|| FieldViolation::new(field, say_value::nul_character()))
}

/// Whether a device reports, from what is stored and from when on the server could have heard it.
///
/// A device is silent only after twice the pace it was told, plus half a minute for jitter and transport, and only if
/// the server was listening all that time: a server that just started or lost its database knows nothing.
pub fn presence(
    last_seen: Option<Timestamp>,
    listening_since: Timestamp,
    interval: Duration,
    now: Timestamp,
) -> v1::Presence {
    let tolerance = interval * 2 + Duration::from_secs(30);
    match last_seen {
        None => v1::Presence::Never,
        Some(seen) if now.since(seen) <= tolerance => v1::Presence::Reporting,
        Some(_) if now.since(listening_since) <= tolerance => v1::Presence::Unknown,
        Some(_) => v1::Presence::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn silence_counts_only_while_the_server_listened() {
        let long_ago = at(0);
        assert_eq!(presence(None, long_ago, MINUTE, at(1_000)), v1::Presence::Never);
        assert_eq!(presence(Some(at(900)), long_ago, MINUTE, at(1_000)), v1::Presence::Reporting);
        assert_eq!(presence(Some(at(800)), long_ago, MINUTE, at(1_000)), v1::Presence::Silent);
        assert_eq!(presence(Some(at(800)), at(990), MINUTE, at(1_000)), v1::Presence::Unknown);
    }

    #[test]
    fn all_broken_limits_are_named() {
        let facts = v1::Facts {
            maker: Some("x".repeat(257)),
            model: Some(String::from("a\0")),
            memory_bytes: Some(u64::MAX),
            mac_hashes: vec![vec![1, 2]],
            ..v1::Facts::default()
        };
        let fields: Vec<_> = check_facts(&facts).into_iter().map(|f| f.field.into_owned()).collect();
        assert_eq!(fields, ["facts.maker", "facts.model", "facts.mac_hashes", "facts.memory_bytes"]);
    }
}
