//! Asks resolvers by UDP, so that "no answer", "no such name" and "I failed" can be told apart (RFC 1035, RFC 3596).
//!
//! Written here because the system's own resolver tells none of these, waits as long as it likes and blocks a thread; one
//! question and one answer are all that is needed.
//!
//! Invariant: whatever comes back, reading it ends and nothing panics.
//!
//! Deliberately not here: TCP, EDNS, DNSSEC, caches. Of an answer that was cut, what came is enough.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use gigafleet_proto::v1::CheckError;
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout, timeout_at},
};

use super::error_of;

/// Most resolvers that are asked, and most domains that a short name is looked for in, as glibc has it.
const ENTRIES_MAX: usize = 3;
/// Most addresses that are kept of an answer.
const ADDRESSES_MAX: usize = 4;
/// Most records that are read of an answer.
const RECORDS_MAX: usize = 64;
/// An answer without EDNS has at most 512 bytes; some send more.
const ANSWER_BYTES_MAX: usize = 1_500;
/// A resolver that said nothing is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const HEADER_BYTES: usize = 12;
const CLASS_IN: u16 = 1;
const NO_ERROR: u8 = 0;
const NAME_ERROR: u8 = 3;

/// What to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordType {
    /// IPv4.
    A = 1,
    /// IPv6.
    Aaaa = 28,
}

/// What the system knows of names: `/etc/resolv.conf` and `/etc/hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Whom to ask, in this order.
    resolvers: Vec<SocketAddr>,
    /// Domains in which a name without a dot is looked for.
    search: Vec<String>,
    hosts: String,
}

impl Names {
    /// Reads both files. Without resolvers there is one on the device itself.
    pub(super) fn parse(resolv_conf: &str, hosts: String) -> Self {
        let mut names = Self { hosts, ..Self::default() };
        for line in resolv_conf.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let word = words.next().unwrap_or_default();
                    // Some name a port as well.
                    let with_port = word.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
                    names.resolvers.extend(with_port.or_else(|_| word.parse::<SocketAddr>()).ok());
                }
                Some("search" | "domain") => {
                    names.search = words.map(|word| word.trim_matches('.').to_owned()).take(ENTRIES_MAX).collect();
                }
                _ => {}
            }
        }
        names.resolvers.truncate(ENTRIES_MAX);
        if names.resolvers.is_empty() {
            names.resolvers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
        }
        names
    }

    /// The addresses that the device itself gives a name.
    pub(super) fn of_hosts(&self, name: &str) -> Vec<IpAddr> {
        let lines = self.hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
        let address = |line: &str| {
            let mut words = line.split_whitespace();
            let address = words.next()?.parse::<IpAddr>().ok()?;
            words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
        };
        lines.filter_map(address).take(ADDRESSES_MAX).collect()
    }

    /// Asks for the addresses of a name. The family that comes first is asked for first, the other if there is none.
    ///
    /// # Errors
    /// [`CheckError::NameUnknown`] if the name or its addresses do not exist, [`CheckError::ResolverFailed`],
    /// [`CheckError::Timeout`], or why no resolver can be reached.
    pub(super) async fn resolve(
        &self,
        name: &str,
        families: [RecordType; 2],
        timeout: Duration,
    ) -> Result<Vec<IpAddr>, CheckError> {
        let deadline = Instant::now() + timeout;
        let mut full_names = Vec::new();
        if !name.contains('.') {
            full_names.extend(self.search.iter().map(|domain| format!("{name}.{domain}")));
        }
        full_names.push(name.trim_end_matches('.').to_owned());
        for full_name in &full_names {
            for family in families {
                match self.ask(full_name, family, deadline).await {
                    Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
                    Ok(_) => {}
                    Err(CheckError::NameUnknown) => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Err(CheckError::NameUnknown)
    }

    /// Asks one resolver after the other until one answers the question.
    async fn ask(&self, name: &str, family: RecordType, deadline: Instant) -> Result<Vec<IpAddr>, CheckError> {
        let id = fastrand::u16(..);
        let question = question(id, name, family).ok_or(CheckError::NameUnknown)?;
        let mut first_error = None;
        for (index, resolver) in self.resolvers.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / (self.resolvers.len() - index) as u32;
            let exchange = exchange(*resolver, &question);
            let answer = match timeout_at(Instant::now() + share, exchange).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => Err(error_of(&error)),
                Err(_) => Err(CheckError::Timeout),
            };
            match answer {
                Ok(addresses) => return Ok(addresses),
                Err(CheckError::NameUnknown) => return Err(CheckError::NameUnknown),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(CheckError::Unreachable))
    }
}

/// Sends a question and waits for what answers it; anything else that comes in is not looked at. A datagram that is lost
/// is no resolver that is broken: it is asked again, as any system does.
async fn exchange(resolver: SocketAddr, question: &[u8]) -> io::Result<Result<Vec<IpAddr>, CheckError>> {
    let any: IpAddr = match resolver {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(resolver).await?;
    socket.send(question).await?;
    let mut buffer = [0; ANSWER_BYTES_MAX];
    loop {
        let Ok(length) = timeout(ASK_AGAIN, socket.recv(&mut buffer)).await else {
            socket.send(question).await?;
            continue;
        };
        let length = length?;
        if let Some(answer) = read_answer(question, &buffer[..length]) {
            return Ok(answer);
        }
    }
}

/// A question for one name; nothing if the name can not be one.
fn question(id: u16, name: &str, family: RecordType) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + name.len() + 6);
    bytes.extend(id.to_be_bytes());
    // Recursion desired; one question.
    bytes.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    if name.len() > 253 || !name.is_ascii() {
        return None;
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend((family as u16).to_be_bytes());
    bytes.extend(CLASS_IN.to_be_bytes());
    Some(bytes)
}

/// What a datagram answers to a question; nothing if it is no answer to it.
fn read_answer(question: &[u8], datagram: &[u8]) -> Option<Result<Vec<IpAddr>, CheckError>> {
    let header = datagram.get(..HEADER_BYTES)?;
    let is_answer = header[..2] == question[..2] && header[2] & 0x80 != 0;
    if !is_answer {
        return None;
    }
    // Some leave the question out when they fail; who repeats one must repeat ours.
    let repeats = u16::from_be_bytes([header[4], header[5]]) > 0;
    let asked = &question[HEADER_BYTES..];
    if repeats && !datagram.get(HEADER_BYTES..HEADER_BYTES + asked.len())?.eq_ignore_ascii_case(asked) {
        return None;
    }
    match header[3] & 0x0f {
        NO_ERROR => {}
        NAME_ERROR => return Some(Err(CheckError::NameUnknown)),
        _ => return Some(Err(CheckError::ResolverFailed)),
    }
    let wanted = u16::from_be_bytes([asked[asked.len() - 4], asked[asked.len() - 3]]);
    let records = usize::from(u16::from_be_bytes([header[6], header[7]])).min(RECORDS_MAX);
    let mut at = HEADER_BYTES + if repeats { asked.len() } else { 0 };
    let mut addresses = Vec::new();
    for _ in 0..records {
        let Some((kind, data, next)) = record(datagram, at) else { break };
        if kind == wanted && addresses.len() < ADDRESSES_MAX {
            addresses.extend(address(data));
        }
        at = next;
    }
    Some(Ok(addresses))
}

/// Type and data of the record at a place, and where the next begins.
fn record(datagram: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let at = skip_name(datagram, at)?;
    let fixed = datagram.get(at..at + 10)?;
    let length = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    let data = datagram.get(at + 10..at + 10 + length)?;
    Some((u16::from_be_bytes([fixed[0], fixed[1]]), data, at + 10 + length))
}

/// Where a name ends: at a zero, or behind the first reference to an earlier place.
fn skip_name(datagram: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *datagram.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

fn address(data: &[u8]) -> Option<IpAddr> {
    match data.len() {
        4 => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
