//! A school with its line in network namespaces of this machine: devices behind a router, the router's line, and the world
//! with the server and the services. Needs root, `ip` (iproute2) and `ethtool`.
//!
//! The line is a VXLAN whose packets pass through this program, which drops and delays them: what `tc netem` does, also on
//! kernels without it. Everything goes away when the value is dropped.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The address of the world's end of the line: server, resolver and services.
pub const WORLD: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);
const VXLAN_PORT: u16 = 4789;
/// What the line does to what passes.
#[derive(Debug, Default)]
pub struct Line {
    cut: AtomicBool,
    delay_ms: AtomicU32,
    loss_percent: AtomicU32,
}

impl Line {
    /// Cuts the line, or mends it.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    /// Delays each packet by half of `round_trip` each way and loses a share of them.
    pub fn congest(&self, round_trip: Duration, loss_percent: u32) {
        let half = u32::try_from(round_trip.as_millis() / 2).expect("a short time");
        self.delay_ms.store(half, Ordering::Relaxed);
        self.loss_percent.store(loss_percent, Ordering::Relaxed);
    }
}

/// Namespaces of a school's devices, of its router and of the world.
#[derive(Debug)]
pub struct SchoolNetwork {
    name: String,
    /// Tells the networks of one program apart.
    number: u8,
    /// What happens on the line.
    pub line: Arc<Line>,
}

/// Runs `ip` with words; panics with what it said.
fn ip(words: &str) {
    let output = Command::new("ip").args(words.split_whitespace()).output().expect("ip (iproute2) is there");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Removes what a program that was killed left behind.
fn remove_orphans() {
    let Ok(entries) = fs::read_dir("/run/netns") else { return };
    for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let process = name.strip_prefix("gf").and_then(|rest| rest.split_once('.'));
        let Some(process) = process.and_then(|(process, _)| process.parse::<u32>().ok()) else { continue };
        if !PathBuf::from(format!("/proc/{process}")).exists() {
            // Somebody else may have been quicker.
            let _gone = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

impl SchoolNetwork {
    /// Makes all of it. The line is well. Needs a tokio runtime, on which the line runs. `number` is below 100 and tells the
    /// networks of one program apart.
    pub async fn make(number: u8) -> Self {
        remove_orphans();
        let name = format!("gf{}.{number}", std::process::id());
        let line = Arc::new(Line::default());
        let network = Self { name, number, line };
        network.remove();
        let (devices, router, world) = (network.devices(), network.router(), network.world());
        for namespace in [&devices, &router, &world] {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        ip(&format!("-n {devices} link add eth0 type veth peer name lan0 netns {router}"));
        ip(&format!("-n {devices} addr add 192.168.50.2/24 dev eth0"));
        ip(&format!("-n {router} addr add 192.168.50.1/24 dev lan0"));
        for (at, (namespace, near)) in [(&router, "a"), (&world, "b")].into_iter().enumerate() {
            // Names of devices are short.
            let near = format!("gf{}{number}{near}", std::process::id());
            ip(&format!("-n {namespace} link add up0 type veth peer name {near} netns {}", std::process::id()));
            ip(&format!("addr add {}/24 dev {near}", network.near(at)));
            ip(&format!("link set {near} up"));
            ip(&format!("-n {namespace} addr add {}/24 dev up0", network.far(at)));
            ip(&format!("-n {namespace} link set up0 up"));
            ip(&format!(
                "-n {namespace} link add vx0 type vxlan id 7 remote {} local {} dstport {VXLAN_PORT}",
                network.near(at),
                network.far(at)
            ));
            ip(&format!("-n {namespace} link set vx0 mtu 1400 up"));
        }
        ip(&format!("-n {router} addr add 10.88.0.2/24 dev vx0"));
        ip(&format!("-n {world} addr add {WORLD}/24 dev vx0"));
        ip(&format!("-n {devices} link set eth0 up"));
        ip(&format!("-n {router} link set lan0 up"));
        ip(&format!("-n {devices} route add default via 192.168.50.1"));
        ip(&format!("-n {world} route add 192.168.50.0/24 via 10.88.0.2"));
        network.forward();
        // What this program carries must be whole: nothing is left for hardware that is not there.
        for (namespace, device) in [(&devices, "eth0"), (&router, "lan0"), (&router, "vx0"), (&world, "vx0")] {
            let words = ["netns", "exec", namespace, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off"];
            let output = Command::new("ip").args(words).output().expect("ip (iproute2) is there");
            assert!(output.status.success(), "ethtool: {}", String::from_utf8_lossy(&output.stderr));
        }
        let names = network.names();
        fs::create_dir_all(names.parent().expect("it lies in a folder")).expect("a folder can be made");
        // Once, and not for long: what is asked is asked again.
        fs::write(&names, format!("nameserver {WORLD}\noptions timeout:2 attempts:1\n")).expect("it can be written");
        network.carry();
        network
    }

    /// Lets the router pass on what is not for it.
    fn forward(&self) {
        let router = self.router();
        let words = ["netns", "exec", &router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"];
        let status = Command::new("ip").args(words).status().expect("ip (iproute2) is there");
        assert!(status.success(), "the router does not forward");
    }

    /// Carries packets between the two halves of the line.
    fn carry(&self) {
        let bind = |at: usize| {
            let socket = UdpSocket::bind((self.near(at), VXLAN_PORT)).expect("the line's end is free");
            socket.set_nonblocking(true).expect("it can");
            Arc::new(tokio::net::UdpSocket::from_std(socket).expect("a runtime"))
        };
        let ends = [bind(0), bind(1)];
        for from in 0..2 {
            let (here, there, line) = (Arc::clone(&ends[from]), Arc::clone(&ends[1 - from]), Arc::clone(&self.line));
            let far = SocketAddr::from((self.far(1 - from), VXLAN_PORT));
            tokio::spawn(async move {
                let (mut packet, mut count) = (vec![0_u8; 2_048], 0_u32);
                // Ends with the runtime.
                loop {
                    let Ok(length) = here.recv(&mut packet).await else { continue };
                    count = count.wrapping_add(1);
                    // Spread evenly, so that a share is that share.
                    let lost = count.wrapping_mul(37) % 100 < line.loss_percent.load(Ordering::Relaxed);
                    if line.cut.load(Ordering::Relaxed) || lost {
                        continue;
                    }
                    let (there, packet) = (Arc::clone(&there), packet[..length].to_vec());
                    let delay = Duration::from_millis(line.delay_ms.load(Ordering::Relaxed).into());
                    tokio::spawn(async move {
                        if !delay.is_zero() {
                            tokio::time::sleep(delay).await;
                        }
                        // A packet that is lost here is lost as on any line.
                        let _lost = there.send_to(&packet, far).await;
                    });
                }
            });
        }
    }

    /// The end of a half of the line at this program: 0 towards the router, 1 towards the world.
    fn near(&self, half: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 98, 2 * self.number + u8::from(half == 1), 1)
    }

    /// The other end of that half.
    fn far(&self, half: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 98, 2 * self.number + u8::from(half == 1), 2)
    }

    /// The world as this program reaches it.
    pub fn world_from_here(&self) -> Ipv4Addr {
        self.far(1)
    }

    /// Where devices are.
    pub fn devices(&self) -> String {
        format!("{}d", self.name)
    }

    fn router(&self) -> String {
        format!("{}r", self.name)
    }

    /// Where server, resolver and services are.
    pub fn world(&self) -> String {
        format!("{}w", self.name)
    }

    fn names(&self) -> PathBuf {
        PathBuf::from(format!("/etc/netns/{}/resolv.conf", self.devices()))
    }

    fn within<T: Send + 'static>(&self, make: impl FnOnce() -> T + Send + 'static) -> T {
        let path = format!("/run/netns/{}", self.world());
        // A thread of its own, since it stays where it went.
        let enter = move || {
            let namespace = fs::File::open(&path).expect("the namespace is there");
            move_into_link_name_space(rustix::fd::AsFd::as_fd(&namespace), Some(LinkNameSpaceType::Network))
                .expect("root may enter it");
            make()
        };
        thread::spawn(enter).join().expect("no panic")
    }

    /// A socket of UDP in the world.
    pub fn udp(&self, port: u16) -> UdpSocket {
        self.within(move || UdpSocket::bind((WORLD, port)).expect("the port is free"))
    }

    /// A listener of TCP in the world.
    pub fn listen(&self, port: u16) -> TcpListener {
        self.within(move || TcpListener::bind((WORLD, port)).expect("the port is free"))
    }

    fn remove(&self) {
        for namespace in [self.devices(), self.router(), self.world()] {
            // It may not be there.
            let _gone = Command::new("ip").args(["netns", "del", &namespace]).output();
        }
        let names = self.names();
        let _gone = (fs::remove_file(&names), names.parent().map(fs::remove_dir));
    }
}

impl Drop for SchoolNetwork {
    fn drop(&mut self) {
        self.remove();
    }
}
