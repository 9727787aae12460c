//! What wrong tries lead to: an account that is locked for a growing time, an address that must wait.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use crate::clock::Timestamp;

/// Wrong tries in a row that lock an account.
const TRIES: i64 = 5;
/// The first lock; each further wrong try doubles it.
const FIRST_LOCK: Duration = Duration::from_secs(60);
/// The longest lock, so that a stranger cannot keep a person out for a day.
const LONGEST_LOCK: Duration = Duration::from_secs(3_600);
/// Wrong tries from one address in a window. A whole school may come from one address.
const ADDRESS_TRIES: u32 = 60;
/// Length of the window.
const ADDRESS_WINDOW: Duration = Duration::from_secs(15 * 60);
/// How often a wrong try from one address is written to the audit log.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Addresses that are remembered; the one that has been silent longest makes room.
const ADDRESSES: usize = 10_000;

/// How long an account is locked after so many wrong tries in a row.
pub fn lock_after(failed: i64) -> Option<Duration> {
    let beyond = failed.checked_sub(TRIES).filter(|beyond| *beyond >= 0)?;
    // Six doublings are an hour and more.
    Some(FIRST_LOCK.saturating_mul(1 << beyond.min(6)).min(LONGEST_LOCK))
}

/// Wrong tries by address, in the memory of one server.
#[derive(Debug, Default)]
pub struct Addresses {
    seen: HashMap<IpAddr, Tries>,
}

#[derive(Debug)]
struct Tries {
    since: Timestamp,
    last: Timestamp,
    wrong: u32,
    noted: Option<Timestamp>,
}

impl Addresses {
    /// How long an address must wait before its next try.
    pub fn wait(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        let tries = self.seen.get(&network(address))?;
        let over = tries.since.after(ADDRESS_WINDOW);
        (tries.wrong >= ADDRESS_TRIES && now < over).then(|| over.since(now))
    }

    /// Notes a wrong try; whether the audit log shall hear of it.
    pub fn note_wrong(&mut self, address: IpAddr, now: Timestamp) -> bool {
        let address = network(address);
        if self.seen.len() >= ADDRESSES && !self.seen.contains_key(&address) {
            let silent = self.seen.iter().min_by_key(|(_, tries)| tries.last).map(|(address, _)| *address);
            silent.map(|address| self.seen.remove(&address));
        }
        let fresh = || Tries { since: now, last: now, wrong: 0, noted: None };
        let tries = self.seen.entry(address).or_insert_with(fresh);
        if now >= tries.since.after(ADDRESS_WINDOW) {
            *tries = Tries { noted: tries.noted, ..fresh() };
        }
        tries.wrong += 1;
        tries.last = now;
        let due = tries.noted.is_none_or(|noted| now >= noted.after(NOTE_EVERY));
        if due {
            tries.noted = Some(now);
        }
        due
    }
}

/// What one subscriber has: an IPv4 address, or a /64 of IPv6.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn locks_grow_to_an_hour() {
        let seconds: Vec<_> = (3..=12).map(|n| lock_after(n).map(|lock| lock.as_secs())).collect();
        let expected =
            [None, None, Some(60), Some(120), Some(240), Some(480), Some(960), Some(1_920), Some(3_600), Some(3_600)];
        assert_eq!(seconds, expected);
        assert_eq!(lock_after(i64::MAX), Some(LONGEST_LOCK));
    }

    #[test]
    fn address_waits_out_its_window() {
        let mut addresses = Addresses::default();
        let one = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        for _ in 0..ADDRESS_TRIES {
            assert_eq!(addresses.wait(one, at(0)), None);
            addresses.note_wrong(one, at(0));
        }
        assert_eq!(addresses.wait(one, at(10)), Some(Duration::from_secs(890)));
        assert_eq!(addresses.wait(one.to_canonical(), at(900)), None);
        assert_eq!(addresses.wait(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), at(10)), None);
        addresses.note_wrong(one, at(901));
        assert_eq!(addresses.wait(one, at(902)), None, "a new window begins at nothing");
    }

    #[test]
    fn neighbours_of_one_network_count_together() {
        let mut addresses = Addresses::default();
        let v6 = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        for n in 0..60 {
            addresses.note_wrong(v6(n), at(0));
        }
        assert!(addresses.wait(v6(999), at(1)).is_some());
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert_eq!(network(mapped), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn memory_is_bounded_and_notes_are_rare() {
        let mut addresses = Addresses::default();
        for n in 0..20_000_u32 {
            addresses.note_wrong(IpAddr::V4(Ipv4Addr::from(n)), at(i64::from(n)));
        }
        assert_eq!(addresses.seen.len(), ADDRESSES);
        let one = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let notes: Vec<_> = [0, 1, 59, 60, 61].map(|s| addresses.note_wrong(one, at(30_000 + s))).into();
        assert_eq!(notes, [true, false, false, true, false]);
    }
}
