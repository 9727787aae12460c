//! What the device itself knows of its link, its address and its gateway, from the kernel's tables.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use crate::platform::linux::default_route;

const ROUTE_UP: u16 = 0x1;
/// 169.254.0.0/16 as the table has it: what a device gives itself when nobody else does.
const LINK_LOCAL_V4: [u8; 2] = [169, 254];
/// Scope of an address in `if_inet6` that is good beyond the link.
const SCOPE_GLOBAL: &str = "00";
/// Flag of a neighbour whose hardware address is known, `ATF_COM`.
const NEIGHBOUR_COMPLETE: u32 = 0x2;

/// How packets leave the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WayOut {
    /// By a gateway.
    Gateway(Ipv4Addr),
    /// By a link that needs no gateway, as in a mobile network, or by a gateway of IPv6, which is not asked.
    Direct,
    /// There is none.
    None,
}

/// Reads `sys` and `proc` below a folder.
#[derive(Debug, Clone)]
pub(super) struct Local {
    root: PathBuf,
}

impl Local {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    /// Whether the interface that carries the default route is up; without a route, whether any is that could.
    pub(super) fn has_link(&self) -> bool {
        match self.default_interface() {
            Some(name) => self.is_up(&name),
            None => self.interfaces().iter().any(|name| self.is_up(name)),
        }
    }

    /// Whether such an interface has an address that is good beyond the link.
    pub(super) fn has_address(&self) -> bool {
        let names = self.default_interface().map_or_else(|| self.interfaces(), |name| vec![name]);
        let routes = self.read("proc/net/route");
        let addresses = self.read("proc/net/if_inet6");
        names.iter().any(|name| has_route(&routes, name) || has_global_address(&addresses, name))
    }

    pub(super) fn way_out(&self) -> WayOut {
        let routes = self.read("proc/net/route");
        match default_route(&routes) {
            Some((_, gateway)) => WayOut::Gateway(gateway),
            None if default_interface_v4(&routes).is_some() || self.default_interface_v6().is_some() => WayOut::Direct,
            None => WayOut::None,
        }
    }

    /// Whether IPv4 leads anywhere.
    pub(super) fn has_ipv4(&self) -> bool {
        default_interface_v4(&self.read("proc/net/route")).is_some()
    }

    /// Whether the kernel holds a neighbour to be reachable.
    pub(super) fn knows_neighbour(&self, address: Ipv4Addr) -> bool {
        let address = address.to_string();
        self.read("proc/net/arp").lines().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let flags = words.get(2).and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
            words.first() == Some(&address.as_str()) && flags.is_some_and(|flags| flags & NEIGHBOUR_COMPLETE != 0)
        })
    }

    fn default_interface(&self) -> Option<String> {
        default_interface_v4(&self.read("proc/net/route")).or_else(|| self.default_interface_v6())
    }

    fn default_interface_v6(&self) -> Option<String> {
        let is_default = |words: &Vec<&str>| {
            words.len() == 10 && words[0].bytes().all(|byte| byte == b'0') && words[1] == "00" && words[9] != "lo"
        };
        let table = self.read("proc/net/ipv6_route");
        let mut routes = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        routes.find(is_default).map(|words| words[9].to_owned())
    }

    /// Interfaces that could carry a route: those with hardware behind them, or else all but the loop.
    fn interfaces(&self) -> Vec<String> {
        let folder = self.root.join("sys/class/net");
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name != "lo");
        let (physical, others): (Vec<_>, Vec<_>) = names.partition(|name| folder.join(name).join("device").exists());
        if physical.is_empty() { others } else { physical }
    }

    /// Some drivers never say; then the carrier does.
    fn is_up(&self, name: &str) -> bool {
        match self.read(&format!("sys/class/net/{name}/operstate")).trim() {
            "up" => true,
            "unknown" | "" => self.read(&format!("sys/class/net/{name}/carrier")).trim() != "0",
            _ => false,
        }
    }
}

/// Flags, destination and mask of the routes of an interface, as they stand in the kernel's table.
fn routes_of(table: &str) -> impl Iterator<Item = (&str, u16, [u8; 4], &str)> {
    table.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace();
        let (interface, destination) = (words.next()?, words.next()?);
        let flags = u16::from_str_radix(words.nth(1)?, 16).ok()?;
        let mask = words.nth(3)?;
        let destination = u32::from_str_radix(destination, 16).ok()?.to_ne_bytes();
        Some((interface, flags, destination, mask))
    })
}

fn default_interface_v4(table: &str) -> Option<String> {
    if let Some((interface, _)) = default_route(table) {
        return Some(interface);
    }
    routes_of(table)
        .find(|(_, flags, destination, mask)| flags & ROUTE_UP != 0 && *destination == [0; 4] && *mask == "00000000")
        .map(|(interface, ..)| interface.to_owned())
}

fn has_route(table: &str, name: &str) -> bool {
    routes_of(table).any(|(interface, flags, destination, _)| {
        interface == name && flags & ROUTE_UP != 0 && destination[..2] != LINK_LOCAL_V4
    })
}

fn has_global_address(table: &str, name: &str) -> bool {
    table.lines().any(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.len() == 6 && words[3] == SCOPE_GLOBAL && words[5] == name
    })
}
