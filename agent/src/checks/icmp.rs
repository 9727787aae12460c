//! An ICMP echo without a privilege, by the kernel's datagram socket for it. Many systems do not allow it
//! (`net.ipv4.ping_group_range`): then it is an error of permission, and whoever asks tries something else.

use std::{io, net::IpAddr, net::SocketAddr, time::Duration};

use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, ipproto, socket_with};
use tokio::{net::UdpSocket, time::Instant};

const BYTES: usize = 16;

/// Asks an address for an echo and gives how long it took. No time-out of its own.
pub(super) async fn echo(address: IpAddr) -> io::Result<Duration> {
    let (family, protocol, request, reply): (_, Protocol, u8, u8) = match address {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8, 0),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::DGRAM, flags, Some(protocol))?;
    let socket = UdpSocket::from_std(std::net::UdpSocket::from(socket))?;
    socket.connect(SocketAddr::new(address, 0)).await?;
    // The kernel fills in identifier and checksum, and gives back only what answers this socket.
    let mut message = [0; BYTES];
    message[0] = request;
    message[6..8].copy_from_slice(&1_u16.to_be_bytes());
    let begun = Instant::now();
    socket.send(&message).await?;
    loop {
        let mut answer = [0; 64];
        let length = socket.recv(&mut answer).await?;
        if length >= 8 && answer[0] == reply && answer[6..8] == message[6..8] {
            return Ok(begun.elapsed());
        }
    }
}
