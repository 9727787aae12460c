//! The Wi-Fi connection, asked of the kernel by nl80211 over generic netlink. No root needed.
//!
//! Written here because the crates for it either panic on an answer they do not expect or bring an async runtime of their
//! own; two dumps and a table of attributes are all that is needed. Numbers are those of `linux/nl80211.h`.
//!
//! Invariant: whatever the kernel answers, parsing ends and nothing panics.
//!
//! Deliberately not here: scans, and anything that needs a privilege.

use std::{io, os::fd::OwnedFd, time::Duration};

use gigafleet_proto::v1::Wifi;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
    sockopt::{Timeout, set_socket_timeout},
};

const CONTROL_FAMILY: u16 = 0x10;
const CONTROL_GET_FAMILY: u8 = 3;
const CONTROL_ATTR_FAMILY_ID: u16 = 1;
const CONTROL_ATTR_FAMILY_NAME: u16 = 2;
const GET_INTERFACE: u8 = 5;
const GET_STATION: u8 = 17;
const ATTR_IFINDEX: u16 = 3;
const ATTR_IFTYPE: u16 = 5;
const ATTR_MAC: u16 = 6;
const ATTR_STA_INFO: u16 = 21;
const ATTR_SSID: u16 = 52;
const IFTYPE_STATION: u32 = 2;
const STA_SIGNAL: u16 = 7;
const STA_TX_BITRATE: u16 = 8;
const STA_SIGNAL_AVERAGE: u16 = 13;
const STA_RX_BITRATE: u16 = 14;
const RATE_BITRATE: u16 = 1;
const RATE_BITRATE32: u16 = 5;
const FLAG_REQUEST: u16 = 1;
const FLAG_DUMP: u16 = 0x300;
const MESSAGE_ERROR: u16 = 2;
const MESSAGE_DONE: u16 = 3;
/// Bytes of the netlink header.
const HEADER_BYTES: usize = 16;
/// Bytes of the generic netlink header behind it.
const GENERIC_BYTES: usize = 4;
/// The upper two bits of an attribute's type are flags.
const TYPE_MASK: u16 = 0x3fff;
/// The kernel answers at once or not at all.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// Most datagrams of one answer; a dump of a tablet's interfaces takes two.
const DATAGRAMS_MAX: usize = 32;
const BUFFER_BYTES: usize = 16 * 1024;

/// The network that this device is connected to as a station; nothing without one.
pub(super) fn connected_network() -> Option<Wifi> {
    let mut socket = Socket::open().ok()?;
    let family = socket.family_id().ok().flatten()?;
    let interfaces = socket.dump(family, GET_INTERFACE, &[]).ok()?;
    for interface in interfaces {
        let station = find(&interface, ATTR_IFTYPE).and_then(as_u32) == Some(IFTYPE_STATION);
        let Some(index) = find(&interface, ATTR_IFINDEX).filter(|_| station) else {
            continue;
        };
        let stations = socket.dump(family, GET_STATION, &attribute(ATTR_IFINDEX, index)).unwrap_or_default();
        if let Some(access_point) = stations.first() {
            return Some(describe(&interface, access_point));
        }
    }
    None
}

fn describe(interface: &[u8], access_point: &[u8]) -> Wifi {
    let info = find(access_point, ATTR_STA_INFO).unwrap_or_default();
    let signal = find(info, STA_SIGNAL_AVERAGE).or_else(|| find(info, STA_SIGNAL));
    Wifi {
        ssid: find(interface, ATTR_SSID).filter(|ssid| !ssid.is_empty()).map(as_ssid),
        bssid: find(access_point, ATTR_MAC).filter(|mac| mac.len() == 6).map(<[u8]>::to_vec),
        rssi_dbm: signal.and_then(|bytes| bytes.first()).map(|byte| i32::from(*byte as i8)).filter(|dbm| *dbm < 0),
        receive_kbps: find(info, STA_RX_BITRATE).and_then(rate_kbps),
        transmit_kbps: find(info, STA_TX_BITRATE).and_then(rate_kbps),
    }
}

/// At most 32 bytes of UTF-8; replacement characters take three bytes each, so the text is cut after replacing.
fn as_ssid(bytes: &[u8]) -> String {
    let mut ssid = String::from_utf8_lossy(bytes).into_owned();
    let end = (0..=ssid.len().min(32)).rev().find(|&at| ssid.is_char_boundary(at)).unwrap_or(0);
    ssid.truncate(end);
    ssid
}

/// A bit rate, which the kernel gives in units of 100 kbit/s.
fn rate_kbps(rate: &[u8]) -> Option<u32> {
    let units = match find(rate, RATE_BITRATE32) {
        Some(bytes) => as_u32(bytes)?,
        None => u32::from(u16::from_ne_bytes(find(rate, RATE_BITRATE)?.get(..2)?.try_into().ok()?)),
    };
    units.checked_mul(100).filter(|kbps| *kbps > 0)
}

struct Socket {
    socket: OwnedFd,
    sequence: u32,
}

impl Socket {
    fn open() -> io::Result<Self> {
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::GENERIC))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
        Ok(Self { socket, sequence: 0 })
    }

    fn family_id(&mut self) -> io::Result<Option<u16>> {
        let name = attribute(CONTROL_ATTR_FAMILY_NAME, b"nl80211\0");
        self.ask(CONTROL_FAMILY, CONTROL_GET_FAMILY, FLAG_REQUEST, &name)?;
        let mut id = None;
        self.answers(|attributes| {
            id = find(attributes, CONTROL_ATTR_FAMILY_ID)
                .and_then(|bytes| Some(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?)));
            false
        })?;
        Ok(id)
    }

    fn dump(&mut self, family: u16, command: u8, attributes: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        self.ask(family, command, FLAG_REQUEST | FLAG_DUMP, attributes)?;
        let mut messages = Vec::new();
        self.answers(|attributes| {
            messages.push(attributes.to_vec());
            messages.len() < DATAGRAMS_MAX
        })?;
        Ok(messages)
    }

    fn ask(&mut self, family: u16, command: u8, flags: u16, attributes: &[u8]) -> io::Result<()> {
        self.sequence += 1;
        let len = HEADER_BYTES + GENERIC_BYTES + attributes.len();
        let mut message = Vec::with_capacity(len);
        message.extend_from_slice(&(len as u32).to_ne_bytes());
        message.extend_from_slice(&family.to_ne_bytes());
        message.extend_from_slice(&flags.to_ne_bytes());
        message.extend_from_slice(&self.sequence.to_ne_bytes());
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&[command, 1, 0, 0]);
        message.extend_from_slice(attributes);
        send(&self.socket, &message, SendFlags::empty())?;
        Ok(())
    }

    /// Reads answers until the kernel is done or `wanted` has enough.
    fn answers(&self, mut wanted: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER_BYTES];
        for _ in 0..DATAGRAMS_MAX {
            let (len, _) = recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            let datagram = buffer.get(..len).unwrap_or_default();
            if !read_datagram(datagram, self.sequence, &mut wanted) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Hands the attributes of each message to `wanted`; false when the answer is at its end.
fn read_datagram(mut datagram: &[u8], sequence: u32, wanted: &mut impl FnMut(&[u8]) -> bool) -> bool {
    while let Some(header) = datagram.get(..HEADER_BYTES) {
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let answers_to = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
        let Some(body) = datagram.get(HEADER_BYTES..len) else {
            return false;
        };
        // What is left of an earlier answer is passed over.
        if answers_to == sequence {
            if kind == MESSAGE_DONE || kind == MESSAGE_ERROR {
                return false;
            }
            if !wanted(body.get(GENERIC_BYTES..).unwrap_or_default()) {
                return false;
            }
        }
        datagram = datagram.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    true
}

/// The value of an attribute among attributes.
fn find(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let header = attributes.get(..4)?;
        let len = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = attributes.get(4..len)?;
        if u16::from_ne_bytes([header[2], header[3]]) & TYPE_MASK == wanted {
            return Some(value);
        }
        attributes = attributes.get(len.next_multiple_of(4)..)?;
    }
}

fn as_u32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_is_read_from_what_the_kernel_answers() {
        let interface = [attribute(ATTR_IFINDEX, &3u32.to_ne_bytes()), attribute(ATTR_SSID, b"gakko")].concat();
        let rate = attribute(RATE_BITRATE32, &4_333u32.to_ne_bytes());
        let info = [attribute(STA_SIGNAL, &[(-61i8) as u8]), attribute(STA_RX_BITRATE, &rate)].concat();
        let station = [attribute(ATTR_MAC, &[2, 0, 0, 0, 0, 1]), attribute(ATTR_STA_INFO | 0x8000, &info)].concat();
        let wifi = describe(&interface, &station);
        assert_eq!(wifi.ssid.as_deref(), Some("gakko"));
        assert_eq!(wifi.bssid, Some(vec![2, 0, 0, 0, 0, 1]));
        assert_eq!(wifi.rssi_dbm, Some(-61));
        assert_eq!(wifi.receive_kbps, Some(433_300));
        assert_eq!(wifi.transmit_kbps, None);
    }

    #[test]
    fn ssid_that_is_not_utf8_stays_within_32_bytes() {
        assert!(as_ssid(&[0xff; 32]).len() <= 32);
        assert_eq!(as_ssid("学校".as_bytes()), "学校");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_from_the_kernel_are_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            read_datagram(&bytes, 1, &mut |attributes| { describe(attributes, attributes); true });
            describe(&bytes, &bytes);
        }
    }
}
