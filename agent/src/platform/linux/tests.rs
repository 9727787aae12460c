use std::{fs, path::Path};

use super::*;

fn fixture(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn linux(root: &tempfile::TempDir) -> Linux {
    Linux::with_root(root.path())
}

#[test]
fn tablet_says_what_it_is() {
    let root = fixture(&[
        ("sys/class/dmi/id/sys_vendor", "LENOVO\n"),
        ("sys/class/dmi/id/product_name", "20AJS0GP00\n"),
        ("sys/class/dmi/id/product_serial", "PC01ABCD\n"),
        ("sys/class/dmi/id/product_uuid", "4C4C4544-0032-4810-8052-B9C04F4E3132\n"),
        ("etc/os-release", "NAME=\"Debian GNU/Linux\"\nVERSION=\"12 (bookworm)\"\nID=debian\n"),
        (
            "proc/cpuinfo",
            "processor\t: 0\nmodel name\t: Intel(R) N100\n\nprocessor\t: 1\nmodel name\t: Intel(R) N100\n",
        ),
        ("proc/meminfo", "MemTotal:        3907092 kB\nMemFree: 100 kB\nMemAvailable:    1953546 kB\n"),
    ]);
    let facts = linux(&root).facts(b"salt");
    assert_eq!(facts.maker.as_deref(), Some("LENOVO"));
    assert_eq!(facts.model.as_deref(), Some("20AJS0GP00"));
    assert_eq!(facts.serial_number.as_deref(), Some("PC01ABCD"));
    assert_eq!(facts.board_uuid.as_deref(), Some("4c4c4544-0032-4810-8052-b9c04f4e3132"));
    assert_eq!(facts.os_name.as_deref(), Some("Debian GNU/Linux"));
    assert_eq!(facts.os_version.as_deref(), Some("12 (bookworm)"));
    assert_eq!(facts.cpu_model.as_deref(), Some("Intel(R) N100"));
    assert_eq!(facts.cpu_count, Some(2));
    assert_eq!(facts.memory_bytes, Some(3_907_092 * 1024));
    assert!(facts.storage_bytes.is_some_and(|bytes| bytes > 0));
    assert_eq!(facts.os_kind(), OsKind::Linux);
}

#[test]
fn missing_hardware_is_absent_and_never_zero() {
    let root = fixture(&[("sys/class/dmi/id/product_serial", "To Be Filled By O.E.M.\n")]);
    let facts = linux(&root).facts(b"salt");
    let (maker, serial, cpu, memory) = (facts.maker, facts.serial_number, facts.cpu_count, facts.memory_bytes);
    assert_eq!((maker, serial, cpu, memory), (None, None, None, None));
    let status = linux(&root).status();
    assert_eq!(status.battery, Some(Battery::default()));
    assert_eq!(status.wifi, Some(Wifi::default()));
    assert_eq!(status.memory, Some(Memory::default()));
}

#[test]
fn board_without_dmi_is_read_from_the_device_tree() {
    let root = fixture(&[
        ("sys/firmware/devicetree/base/model", "Raspberry Pi 4 Model B Rev 1.4\0"),
        ("sys/firmware/devicetree/base/serial-number", "10000000abcdef01\0"),
    ]);
    let facts = linux(&root).facts(b"salt");
    assert_eq!(facts.model.as_deref(), Some("Raspberry Pi 4 Model B Rev 1.4"));
    assert_eq!(facts.serial_number.as_deref(), Some("10000000abcdef01"));
}

#[test]
fn own_battery_counts_and_that_of_a_pen_does_not() {
    let root = fixture(&[
        ("sys/class/power_supply/A-pen/type", "Battery\n"),
        ("sys/class/power_supply/A-pen/scope", "Device\n"),
        ("sys/class/power_supply/A-pen/capacity", "3\n"),
        ("sys/class/power_supply/AC/type", "Mains\n"),
        ("sys/class/power_supply/AC/online", "0\n"),
        ("sys/class/power_supply/BAT0/type", "Battery\n"),
        ("sys/class/power_supply/BAT0/capacity", "81\n"),
        ("sys/class/power_supply/BAT0/energy_full", "40000000\n"),
        ("sys/class/power_supply/BAT0/energy_full_design", "50000000\n"),
        ("sys/class/power_supply/BAT0/cycle_count", "120\n"),
        ("sys/class/power_supply/BAT0/status", "Discharging\n"),
    ]);
    let battery = linux(&root).battery();
    let expected =
        Battery { charge_percent: Some(81), health_percent: Some(80), cycle_count: Some(120), charging: Some(false) };
    assert_eq!(battery, expected);
}

#[test]
fn only_physical_interfaces_are_hashed_and_only_with_a_salt() {
    let root = fixture(&[
        ("sys/class/net/wlan0/address", "00:11:22:33:44:55\n"),
        ("sys/class/net/wlan0/device/uevent", ""),
        ("sys/class/net/docker0/address", "02:42:00:00:00:01\n"),
        ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
    ]);
    let hashes = linux(&root).facts(b"0123456789abcdef").mac_hashes;
    let mut whole = b"0123456789abcdef".to_vec();
    whole.extend_from_slice(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55]);
    assert_eq!(hashes, [crate::transport::tls::sha256(&whole)[..16].to_vec()]);
    assert!(linux(&root).facts(b"").mac_hashes.is_empty());
}

#[test]
fn memory_is_read_from_meminfo_and_pressure() {
    let root = fixture(&[
        ("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n"),
        ("proc/pressure/memory", "some avg10=0.00 avg60=12.70 avg300=0.00 total=0\nfull avg10=0 avg60=9.00\n"),
    ]);
    assert_eq!(linux(&root).memory(), Memory { used_percent: Some(75), stall_percent: Some(12) });
}

#[test]
fn boot_is_named_by_the_kernel() {
    let root = fixture(&[("proc/sys/kernel/random/boot_id", "01020304-0506-0708-090a-0b0c0d0e0f10\n")]);
    assert_eq!(linux(&root).boot_id(), std::array::from_fn(|index| index as u8 + 1));
    assert_ne!(Linux::with_root(Path::new("/")).boot_id(), [0; 16]);
}

const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0
wlan0\t00000000\t010A14AC\t0003\t0\t0\t600\t00000000\t0\t0\t0
wlan0\t000A14AC\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
tun0\t00000000\t0100000A\t0002\t0\t0\t1\t00000000\t0\t0\t0
";
const NEIGHBOURS: &str = "IP address       HW type     Flags       HW address            Mask     Device
172.20.10.1      0x1         0x2         00:11:22:33:44:aa     *        eth0
172.20.10.1      0x1         0x2         00:11:22:33:44:55     *        wlan0
";

#[test]
fn network_is_that_of_the_best_default_route_that_is_up() {
    let root = fixture(&[
        ("proc/net/route", ROUTES),
        ("proc/net/arp", NEIGHBOURS),
        ("sys/class/net/wlan0/phy80211/name", "phy0\n"),
    ]);
    let mut linux = linux(&root);
    let unsalted = linux.status().network.unwrap();
    assert_eq!((unsalted.link(), unsalted.gateway.as_deref()), (LinkKind::Wifi, Some("172.20.10.1")));
    assert_eq!(unsalted.gateway_hash, None, "without the municipality's salt the address stays here");
    linux.facts(b"0123456789abcdef");
    let mut whole = b"0123456789abcdef".to_vec();
    whole.extend_from_slice(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55]);
    let hash = linux.status().network.unwrap().gateway_hash.unwrap();
    assert_eq!(hash, crate::transport::tls::sha256(&whole)[..16]);
}

#[test]
fn cable_and_mobile_are_told_apart_and_no_route_is_no_network() {
    let route =
        |interface: &str| format!("Iface\n{interface}\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
    for (interface, link) in [("enp3s0", LinkKind::Wired), ("wwan0", LinkKind::Mobile)] {
        let root = fixture(&[("proc/net/route", &route(interface))]);
        let network = linux(&root).status().network.unwrap();
        assert_eq!((network.link(), network.gateway.as_deref()), (link, Some("192.168.1.1")));
    }
    for table in ["", "Iface\n", "Iface\neth0 garbage\neth0\t00000000\tzz\t0003\t0\t0\tx\t00000000\n"] {
        let root = fixture(&[("proc/net/route", table)]);
        assert_eq!(linux(&root).status().network, Some(Network::default()), "{table:?}");
    }
}
