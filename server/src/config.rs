//! What a server can be told at start. Every limit of the server stands here with its default.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Configuration of one server process.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of this server: SQLite file, certificate authority, certificates, the first administrator's credentials.
    pub data_dir: PathBuf,
    /// `postgres://…`; none means SQLite in `data_dir`.
    pub database: Option<String>,
    /// Folder of the certificate authority; servers on one database share it. None means `ca` in `data_dir`.
    pub ca_dir: Option<PathBuf>,
    /// Folder of what is attached to tickets; servers on one database share it. None means `attachments` in `data_dir`.
    pub attachments_dir: Option<PathBuf>,
    /// Where devices and staff connect (TLS always). Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where metrics and health are served, plain HTTP; loopback only.
    pub observe: SocketAddr,
    /// Where browsers connect: plain HTTP on loopback only, elsewhere TLS or a stated proxy. Port 0 lets the system choose.
    pub console: SocketAddr,
    /// PEM files of the console's certificate and its key; none means plain HTTP.
    pub console_certificate: Option<(PathBuf, PathBuf)>,
    /// `https://…` of the proxy through which browsers reach the console.
    pub console_public: Option<String>,
    /// Names and addresses that the server's certificate carries, besides localhost and the listening address.
    pub server_names: Vec<String>,
    /// Pace that devices are told. Agents add jitter of their own.
    pub checkin_interval: Duration,
    /// From one round of a device's network checks to the next; none means the usual one. Agents add jitter of their own.
    pub check_interval: Option<Duration>,
    /// Life of a device's certificate; agents renew at two thirds of it.
    pub certificate_lifetime: Duration,
    /// Bounds on what anybody may ask of the server.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("gigafleet-data"),
            database: None,
            ca_dir: None,
            attachments_dir: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 7443)),
            observe: SocketAddr::from(([127, 0, 0, 1], 7481)),
            console: SocketAddr::from(([127, 0, 0, 1], 7480)),
            console_certificate: None,
            console_public: None,
            server_names: Vec::new(),
            checkin_interval: Duration::from_secs(60),
            check_interval: None,
            // Longer than a summer vacation and a repair together, so that a tablet from the drawer still gets in.
            certificate_lifetime: Duration::from_secs(180 * 86_400),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Folder of the certificate authority.
    pub fn ca_dir(&self) -> PathBuf {
        self.ca_dir.clone().unwrap_or_else(|| self.data_dir.join("ca"))
    }

    /// Folder of what is attached to tickets.
    pub fn attachments_dir(&self) -> PathBuf {
        self.attachments_dir.clone().unwrap_or_else(|| self.data_dir.join("attachments"))
    }
}

/// Bounds on what anybody may ask of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; the next one waits in the listen queue.
    pub connections: usize,
    /// Time for TCP and TLS until the first byte of HTTP.
    pub handshake_timeout: Duration,
    /// A connection without a request for this long is closed; agents come back with resumed TLS.
    pub idle_timeout: Duration,
    /// Time for one unary request.
    pub request_timeout: Duration,
    /// Size of one message in bytes. Compressed messages are not accepted, so this holds after decompression too.
    pub message_bytes: usize,
    /// Requests at once on one connection.
    pub concurrent_streams: u32,
    /// Size of all headers of one request in bytes.
    pub header_bytes: u32,
    /// Reports that wait for the writer, over all municipalities.
    pub queue_reports: usize,
    /// Reports in one transaction.
    pub batch_reports: usize,
    /// Transactions of reports at once on PostgreSQL; SQLite has one writer. One is best on a small machine, since what
    /// arrives during a commit makes the next batch larger.
    pub writers: usize,
    /// Connections to PostgreSQL.
    pub database_connections: u32,
    /// Staff calls at once; they have a lane of their own beside the devices'.
    pub staff_calls: usize,
    /// Tests of throughput that run at once: together they fill the server's own line.
    pub throughput_tests: usize,
    /// Connections of browsers at once.
    pub console_connections: usize,
    /// Requests of browsers at once; they have a lane of their own.
    pub console_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            request_timeout: Duration::from_secs(30),
            message_bytes: 1 << 20,
            concurrent_streams: 100,
            header_bytes: 16 << 10,
            queue_reports: 16_384,
            batch_reports: 1_024,
            writers: 1,
            database_connections: 10,
            staff_calls: 64,
            throughput_tests: 4,
            console_connections: 1_024,
            console_requests: 64,
        }
    }
}
