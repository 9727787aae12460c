//! Prints a full report as JSON: the same [`Facts`] and [`Status`] that are sent, under the field names of the contract.
//!
//! Invariant: every field of the two messages is named here. They are taken apart without `..`, so a new field that
//! is not shown does not compile.

use gigafleet_agent::{engine::Memory as EngineMemory, identity::to_hex, platform::Platform};
use gigafleet_proto::v1::{Battery, Boot, Facts, Memory, Network, Status, Storage, Wifi};

use crate::json::Object;

/// What a full report of this device would say.
pub(crate) fn full_report(platform: &mut impl Platform, mac_salt: &[u8], memory: &EngineMemory) -> String {
    let facts = platform.facts(mac_salt);
    let mut status = platform.status();
    // The engine counts a boot when its first run starts in it.
    let new_boot = memory.boot_id != platform.boot_id();
    status.boot.get_or_insert_default().boot_count = Some(memory.boot_count + u32::from(new_boot));
    let mut report = Object::pretty();
    report.object("facts", |object| show_facts(object, facts));
    report.object("status", |object| show_status(object, status));
    report.finish() + "\n"
}

fn show_facts(object: &mut Object, facts: Facts) {
    object.text("os_kind", facts.os_kind().as_str_name());
    let Facts {
        maker,
        model,
        serial_number,
        board_uuid,
        os_kind: _,
        os_name,
        os_version,
        kernel_version,
        cpu_model,
        cpu_count,
        memory_bytes,
        storage_bytes,
        mac_hashes,
        agent_version,
    } = facts;
    object.optional_text("maker", maker);
    object.optional_text("model", model);
    object.optional_text("serial_number", serial_number);
    object.optional_text("board_uuid", board_uuid);
    object.optional_text("os_name", os_name);
    object.optional_text("os_version", os_version);
    object.optional_text("kernel_version", kernel_version);
    object.optional_text("cpu_model", cpu_model);
    object.plain("cpu_count", cpu_count);
    object.plain("memory_bytes", memory_bytes);
    object.plain("storage_bytes", storage_bytes);
    object.texts("mac_hashes", &mac_hashes.iter().map(|hash| to_hex(hash)).collect::<Vec<_>>());
    object.optional_text("agent_version", agent_version);
}

fn show_status(object: &mut Object, status: Status) {
    let Status { battery, storage, memory, boot, wifi, network } = status;
    let Battery { charge_percent, health_percent, cycle_count, charging } = battery.unwrap_or_default();
    object.object("battery", |object| {
        object.plain("charge_percent", charge_percent);
        object.plain("health_percent", health_percent);
        object.plain("cycle_count", cycle_count);
        object.plain("charging", charging);
    });
    let Storage { free_bytes } = storage.unwrap_or_default();
    object.object("storage", |object| object.plain("free_bytes", free_bytes));
    let Memory { used_percent, stall_percent } = memory.unwrap_or_default();
    object.object("memory", |object| {
        object.plain("used_percent", used_percent);
        object.plain("stall_percent", stall_percent);
    });
    let Boot { boot_time_ms, boot_count } = boot.unwrap_or_default();
    object.object("boot", |object| {
        object.plain("boot_time_ms", boot_time_ms);
        object.plain("boot_count", boot_count);
    });
    let Wifi { ssid, bssid, rssi_dbm, receive_kbps, transmit_kbps } = wifi.unwrap_or_default();
    object.object("wifi", |object| {
        object.optional_text("ssid", ssid);
        object.optional_text("bssid", bssid.map(|bssid| to_hex(&bssid)));
        object.plain("rssi_dbm", rssi_dbm);
        object.plain("receive_kbps", receive_kbps);
        object.plain("transmit_kbps", transmit_kbps);
    });
    let network = network.unwrap_or_default();
    let link = network.link().as_str_name();
    let Network { link: _, gateway, gateway_hash } = network;
    object.object("network", |object| {
        object.text("link", link);
        object.optional_text("gateway", gateway);
        object.optional_text("gateway_hash", gateway_hash.map(|hash| to_hex(&hash)));
    });
}
