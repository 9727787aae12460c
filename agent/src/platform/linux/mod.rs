//! Reads a Linux device: DMI or device tree, os-release, /proc, power supplies, interfaces, Wi-Fi. Works without root;
//! what only root may read (serial number, board UUID) is absent then.
//!
//! Deliberately not here: anything that runs another program or changes the device.

mod nl80211;
#[cfg(test)]
mod tests;

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use gigafleet_proto::v1::{Battery, Boot, Facts, LinkKind, Memory, Network, OsKind, Status, Storage, Wifi};
use ring::digest::{Context, SHA256};
use rustix::time::{ClockId, clock_gettime};

use super::Platform;
use crate::engine::Now;

/// Longest text of a fact, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// Most hashes of MAC addresses.
const MAC_HASHES_MAX: usize = 8;
/// What firmware says when its maker filled in nothing.
const PLACEHOLDERS: [&str; 8] = [
    "to be filled by o.e.m.",
    "default string",
    "system product name",
    "system manufacturer",
    "system serial number",
    "not specified",
    "not applicable",
    "none",
];

/// Reads the machine it runs on, or a fixture with the same folders.
#[derive(Debug)]
pub struct Linux {
    root: PathBuf,
    /// Salt of the municipality, once it was told.
    salt: Vec<u8>,
}

impl Default for Linux {
    fn default() -> Self {
        Self::new()
    }
}

impl Linux {
    /// Reads this machine.
    pub fn new() -> Self {
        Self::with_root(Path::new("/"))
    }

    /// Reads `sys`, `proc` and `etc` below a folder; the storage is that of the file system it lies on. Clocks, kernel and
    /// Wi-Fi are this machine's.
    pub fn with_root(root: &Path) -> Self {
        Self { root: root.to_owned(), salt: Vec::new() }
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// One line of text that means something.
    fn text(&self, path: &str) -> Option<String> {
        self.read(path).and_then(|text| meaningful(&text))
    }

    /// Names in a folder, sorted, so that the same hardware always reads the same.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(path)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn dmi_or_tree(&self, dmi: &str, tree: &str) -> Option<String> {
        self.text(&format!("sys/class/dmi/id/{dmi}"))
            .or_else(|| self.text(&format!("sys/firmware/devicetree/base/{tree}")))
    }

    fn os_release(&self, name: &str) -> Option<String> {
        let text = self.read("etc/os-release").or_else(|| self.read("usr/lib/os-release"))?;
        let (_, value) = text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| *key == name)?;
        meaningful(value.trim().trim_matches(['"', '\'']))
    }

    fn board_uuid(&self) -> Option<String> {
        let uuid = self.text("sys/class/dmi/id/product_uuid")?.to_ascii_lowercase();
        let digits = uuid.bytes().filter(|byte| *byte != b'-');
        let blank = digits.clone().all(|byte| byte == b'0') || digits.clone().all(|byte| byte == b'f');
        (digits.count() == 32 && !blank).then_some(uuid)
    }

    fn cpu(&self) -> (Option<String>, Option<u32>) {
        let text = self.read("proc/cpuinfo").unwrap_or_default();
        let fields = || text.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value));
        let count = fields().filter(|(name, _)| *name == "processor").count() as u32;
        let model = ["model name", "Model", "Hardware"]
            .iter()
            .find_map(|wanted| fields().find(|(name, _)| name == wanted).and_then(|(_, value)| meaningful(value)));
        (model, Some(count).filter(|count| *count > 0))
    }

    /// A value of /proc/meminfo in bytes.
    fn memory_bytes(&self, name: &str) -> Option<u64> {
        let text = self.read("proc/meminfo")?;
        let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| *key == name)?;
        value.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    /// The network of the default route, by IPv4.
    fn network(&self) -> Network {
        let routes = self.read("proc/net/route").unwrap_or_default();
        let Some((interface, gateway)) = default_route(&routes) else { return Network::default() };
        let address = gateway.to_string();
        let neighbours = self.read("proc/net/arp").unwrap_or_default();
        let mac = neighbours.lines().find_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words.len() >= 6 && words[0] == address && words[5] == interface).then(|| parse_mac(words[3]))?
        });
        let is_radio = ["wireless", "phy80211"]
            .iter()
            .any(|name| self.root.join("sys/class/net").join(&interface).join(name).exists());
        let link = match interface.as_str() {
            _ if is_radio => LinkKind::Wifi,
            name if name.starts_with("ww") => LinkKind::Mobile,
            _ => LinkKind::Wired,
        };
        Network {
            link: link.into(),
            gateway: Some(address),
            gateway_hash: mac.filter(|_| !self.salt.is_empty()).map(|mac| hash(&self.salt, &mac)),
        }
    }

    fn mac_hashes(&self, salt: &[u8]) -> Vec<Vec<u8>> {
        if salt.is_empty() {
            return Vec::new();
        }
        let physical = self.names("sys/class/net").into_iter().filter(|name| {
            // Bridges, tunnels and the like have no device behind them.
            self.root.join("sys/class/net").join(name).join("device").exists()
        });
        let mut hashes: Vec<_> = physical
            .filter_map(|name| parse_mac(&self.read(&format!("sys/class/net/{name}/address"))?))
            .map(|mac| hash(salt, &mac))
            .collect();
        hashes.sort();
        hashes.dedup();
        hashes.truncate(MAC_HASHES_MAX);
        hashes
    }

    fn battery(&self) -> Battery {
        let supplies = self.names("sys/class/power_supply");
        let field = |supply: &str, name: &str| self.text(&format!("sys/class/power_supply/{supply}/{name}"));
        // A mouse or a pen has a battery too; it is of no concern.
        let own = |supply: &&String| {
            field(supply, "type").as_deref() == Some("Battery") && field(supply, "scope").as_deref() != Some("Device")
        };
        let Some(battery) = supplies.iter().find(own) else {
            return Battery::default();
        };
        let number = |name: &str| field(battery, name)?.parse::<u64>().ok();
        let health = |full: &str, design: &str| {
            let design = number(design).filter(|design| *design > 0)?;
            u32::try_from(number(full)?.saturating_mul(100) / design).ok()
        };
        let adapters: Vec<_> = supplies
            .iter()
            .filter(|supply| matches!(field(supply, "type").as_deref(), Some("Mains" | "USB" | "Wireless")))
            .filter_map(|supply| field(supply, "online"))
            .collect();
        let external = if adapters.is_empty() {
            match field(battery, "status").as_deref() {
                Some("Charging" | "Full" | "Not charging") => Some(true),
                Some("Discharging") => Some(false),
                _ => None,
            }
        } else {
            Some(adapters.iter().any(|online| online != "0"))
        };
        Battery {
            charge_percent: number("capacity").filter(|percent| *percent <= 100).map(|percent| percent as u32),
            health_percent: health("charge_full", "charge_full_design")
                .or_else(|| health("energy_full", "energy_full_design")),
            // Many firmwares say 0 where they do not count.
            cycle_count: number("cycle_count").filter(|count| *count > 0).and_then(|count| u32::try_from(count).ok()),
            charging: external,
        }
    }

    fn memory(&self) -> Memory {
        let total = self.memory_bytes("MemTotal").filter(|total| *total > 0);
        let available = self.memory_bytes("MemAvailable");
        Memory {
            used_percent: total
                .zip(available)
                .map(|(total, available)| (total.saturating_sub(available) * 100 / total) as u32),
            stall_percent: self.read("proc/pressure/memory").and_then(|text| parse_stall(&text)),
        }
    }

    fn wifi(&self) -> Wifi {
        let has_wifi = |name: &String| self.root.join("sys/class/net").join(name).join("phy80211").exists();
        if !self.names("sys/class/net").iter().any(has_wifi) {
            return Wifi::default();
        }
        nl80211::connected_network().unwrap_or_default()
    }

    fn storage(&self) -> Option<rustix::fs::StatVfs> {
        rustix::fs::statvfs(&self.root).ok()
    }
}

impl Platform for Linux {
    fn facts(&mut self, mac_salt: &[u8]) -> Facts {
        mac_salt.clone_into(&mut self.salt);
        let (cpu_model, cpu_count) = self.cpu();
        let os_kind = match self.os_release("ID").as_deref() {
            Some("chromeos" | "chromiumos") => OsKind::Chromeos,
            _ => OsKind::Linux,
        };
        Facts {
            maker: self.text("sys/class/dmi/id/sys_vendor"),
            model: self.dmi_or_tree("product_name", "model"),
            serial_number: self.dmi_or_tree("product_serial", "serial-number"),
            board_uuid: self.board_uuid(),
            os_kind: os_kind.into(),
            os_name: self.os_release("NAME"),
            os_version: self.os_release("VERSION").or_else(|| self.os_release("VERSION_ID")),
            kernel_version: rustix::system::uname().release().to_str().ok().and_then(meaningful),
            cpu_model,
            cpu_count,
            memory_bytes: self.memory_bytes("MemTotal"),
            storage_bytes: self.storage().map(|storage| storage.f_blocks.saturating_mul(storage.f_frsize)),
            mac_hashes: self.mac_hashes(mac_salt),
            agent_version: Some(crate::VERSION.to_owned()),
        }
    }

    fn status(&mut self) -> Status {
        let now = self.now();
        let boot_time_ms = now.wall_ms.saturating_sub(now.monotonic_ms) / 1_000 * 1_000;
        Status {
            battery: Some(self.battery()),
            storage: Some(Storage {
                free_bytes: self.storage().map(|storage| storage.f_bavail.saturating_mul(storage.f_frsize)),
            }),
            memory: Some(self.memory()),
            boot: Some(Boot { boot_time_ms: Some(boot_time_ms), boot_count: None }),
            wifi: Some(self.wifi()),
            network: Some(self.network()),
        }
    }

    fn boot_id(&self) -> [u8; 16] {
        let text = self.read("proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        crate::identity::from_hex(&digits).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }

    fn now(&self) -> Now {
        let monotonic = clock_gettime(ClockId::Boottime);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic_ms: monotonic.tv_sec.max(0) as u64 * 1_000 + monotonic.tv_nsec.max(0) as u64 / 1_000_000,
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Text without padding and control characters, cut to size; nothing if it says nothing.
fn meaningful(text: &str) -> Option<String> {
    let mut text: String = text.chars().filter(|character| !character.is_control()).collect();
    let end = (0..=text.len().min(TEXT_BYTES_MAX)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.truncate(end);
    let text = text.trim();
    let placeholder = PLACEHOLDERS.contains(&text.to_ascii_lowercase().as_str());
    (!text.is_empty() && !placeholder).then(|| text.to_owned())
}

/// First 16 bytes of SHA-256(salt ‖ MAC address).
fn hash(salt: &[u8], mac: &[u8; 6]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(mac);
    context.finish().as_ref()[..16].to_vec()
}

/// Interface and gateway of the default route with the least metric, from the kernel's table.
pub(crate) fn default_route(table: &str) -> Option<(String, Ipv4Addr)> {
    const UP_GATEWAY: u16 = 0x3;
    let route = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [interface, destination, gateway, flags, _, _, metric, mask, ..] = words.as_slice() else { return None };
        let flags = u16::from_str_radix(flags, 16).ok()?;
        let everything = *destination == "00000000" && *mask == "00000000" && flags & UP_GATEWAY == UP_GATEWAY;
        // Written as the machine has it in memory.
        let gateway = Ipv4Addr::from(u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes());
        everything.then_some((metric.parse::<u32>().ok()?, (*interface).to_owned(), gateway))
    };
    let best = table.lines().skip(1).filter_map(route).min_by_key(|(metric, ..)| *metric);
    best.map(|(_, interface, gateway)| (interface, gateway))
}

fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.trim().split(':');
    for byte in &mut mac {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    (parts.next().is_none() && mac != [0; 6]).then_some(mac)
}

/// `some avg60` of a pressure file, in whole percent.
fn parse_stall(text: &str) -> Option<u32> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let share = some.split_whitespace().find_map(|field| field.strip_prefix("avg60="))?.parse::<f64>().ok()?;
    (0.0..=100.0).contains(&share).then_some(share as u32)
}
