//! The real server as a process of its own: started, killed, stopped, started again on its port.

use std::{
    any::Any,
    fs::{self, OpenOptions},
    io::BufReader,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::Signal;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    database::{self, Database, Engine, Look},
    postgres,
    process::{binary, free_port, signal, tail, wait_for_exit},
    staff::StaffClient,
};

/// Longest that a server may take to start.
const START: Duration = Duration::from_secs(20);

/// How a server is to be started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Folder for its data.
    pub data_dir: PathBuf,
    /// `--database`; none for SQLite.
    pub database_url: Option<String>,
    /// `--ca-dir`; none for the data folder.
    pub ca_dir: Option<PathBuf>,
    /// Port of 127.0.0.1 for devices and staff.
    pub port: u16,
    /// `--checkin-seconds`.
    pub checkin_seconds: f64,
    /// `--certificate-days`.
    pub certificate_days: f64,
    /// Address for metrics and health.
    pub observe: String,
    /// The network namespace in which it runs, and the address at which it is reached there; none for this one.
    pub namespace: Option<(String, IpAddr)>,
    /// More arguments.
    pub arguments: Vec<String>,
    /// `RUST_LOG`.
    pub log_filter: String,
    /// What must outlive the server.
    keep: Vec<Arc<dyn Any + Send + Sync>>,
}

impl ServerOptions {
    /// A server with a folder and a database of its own.
    pub async fn on(engine: Engine) -> Self {
        let mut options = Self::in_folder();
        if engine == Engine::Postgres {
            let database = Database::fresh().await;
            options.database_url = Some(database.url().to_owned());
            options.keep.push(Arc::new(database));
        }
        options
    }

    /// A server on a PostgreSQL database that somebody else keeps.
    pub fn on_url(url: &str) -> Self {
        Self { database_url: Some(url.to_owned()), ..Self::in_folder() }
    }

    /// A server on SQLite in a temporary folder of its own.
    pub fn in_folder() -> Self {
        let folder = tempfile::Builder::new().prefix("gigafleet-test-").tempdir().expect("a temporary folder");
        let data_dir = folder.path().to_owned();
        Self { keep: vec![Arc::new(folder)], ..Self::in_data_dir(data_dir) }
    }

    /// A server on SQLite in a folder that somebody else keeps.
    pub fn in_data_dir(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            database_url: None,
            ca_dir: None,
            port: free_port(),
            checkin_seconds: 60.0,
            certificate_days: 180.0,
            observe: String::from("127.0.0.1:0"),
            namespace: None,
            arguments: Vec::new(),
            log_filter: String::from("info,sqlx=warn"),
            keep: Vec::new(),
        }
    }

    /// Another server beside this one: the same database and authority, a folder and a port of its own.
    pub fn beside(&self) -> Self {
        let own = Self::in_folder();
        let keep = self.keep.iter().chain(&own.keep).cloned().collect();
        let ca_dir = Some(self.ca_dir());
        Self { data_dir: own.data_dir, port: own.port, ca_dir, keep, ..self.clone() }
    }

    /// Folder of the certificate authority.
    pub fn ca_dir(&self) -> PathBuf {
        self.ca_dir.clone().unwrap_or_else(|| self.data_dir.join("ca"))
    }

    /// Pace that devices are told, in seconds.
    #[must_use]
    pub fn checkin_seconds(self, checkin_seconds: f64) -> Self {
        Self { checkin_seconds, ..self }
    }

    /// Life of certificates in seconds.
    #[must_use]
    pub fn certificate_seconds(self, seconds: f64) -> Self {
        Self { certificate_days: seconds / 86_400.0, ..self }
    }

    /// Starts the server and waits until it listens. Panics with the end of its log if it does not.
    pub async fn start(self) -> ServerProcess {
        ServerProcess::start(self).await
    }

    /// Starts a server that must refuse to start. Panics if it runs.
    pub async fn start_refused(&self) -> Refusal {
        let mut child = self.spawn(&self.log_file());
        let code = wait_for_exit(&mut child, START).await;
        let message = fs::read_to_string(self.log_file()).unwrap_or_default();
        let _cleaned = fs::remove_file(self.log_file());
        Refusal { code, message }
    }

    fn log_file(&self) -> PathBuf {
        // Beside the data folder, which may be full or not writable on purpose.
        PathBuf::from(format!("{}.log", self.data_dir.display()))
    }

    fn spawn(&self, log_file: &Path) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(log_file).expect("the log can be written");
        let mut command = Command::new(binary("gigafleet"));
        let mut listen = IpAddr::from(Ipv4Addr::LOCALHOST);
        if let Some((namespace, _)) = &self.namespace {
            // What other tests do at the same time must not look like a slow network.
            command = Command::new("nice");
            command.args(["-n", "-10", "ip", "netns", "exec", namespace]).arg(binary("gigafleet"));
            listen = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        }
        command.arg("serve").arg("--data").arg(&self.data_dir);
        if let Some(url) = &self.database_url {
            command.args(["--database", url]);
        }
        if let Some(ca_dir) = &self.ca_dir {
            command.arg("--ca-dir").arg(ca_dir);
        }
        command
            .args([
                "--listen",
                &format!("{listen}:{}", self.port),
                "--observe",
                &self.observe,
                "--console",
                "127.0.0.1:0",
            ])
            .args(["--checkin-seconds", &self.checkin_seconds.to_string()])
            .args(["--certificate-days", &self.certificate_days.to_string()])
            .args(&self.arguments)
            .env("RUST_LOG", &self.log_filter)
            .env_remove("GIGAFLEET_DATA")
            .env_remove("GIGAFLEET_DATABASE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server's binary can be executed")
    }
}

/// A server that did not start.
#[derive(Debug)]
pub struct Refusal {
    /// Exit code; none after a signal.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub message: String,
}

/// Where a server listens and how it is recognised, as it says on standard output.
#[derive(Debug, Clone)]
struct Announcement {
    grpc: SocketAddr,
    observe: SocketAddr,
    ca_sha256: String,
    credentials: PathBuf,
    console: SocketAddr,
    setup: Option<String>,
}

/// What `admin.json` holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// `HOST:PORT`.
    pub server: String,
    /// The authority's certificate.
    pub ca_pem: String,
    /// The first administrator's token.
    pub token: String,
}

/// A running server. Dropping it kills it; when a test panics, the end of its log is printed.
#[derive(Debug)]
pub struct ServerProcess {
    child: Option<Child>,
    options: ServerOptions,
    log_file: PathBuf,
    announcement: Announcement,
}

impl ServerProcess {
    /// On which database it runs.
    pub fn engine(&self) -> Engine {
        if self.options.database_url.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// Starts a server and waits until it listens.
    pub async fn start(options: ServerOptions) -> Self {
        let log_file = options.log_file();
        let (child, announcement) = announced(&options, &log_file).await;
        Self { child: Some(child), options, log_file, announcement }
    }

    /// Starts it again with the same options on the same port, after it was killed or stopped.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "stop or kill the server first");
        let (child, announcement) = announced(&self.options, &self.log_file).await;
        self.child = Some(child);
        self.announcement = announcement;
    }

    /// Ends it at once with SIGKILL, as a power loss would end the process.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        signal(&child, Signal::KILL);
        wait_for_exit(&mut child, Duration::from_secs(5)).await;
    }

    /// Asks it to end with SIGTERM and waits for that; gives the exit code. Panics after `deadline`.
    pub async fn terminate(&mut self, deadline: Duration) -> Option<i32> {
        self.ask_to_end();
        let child = self.child.as_mut().expect("the server runs");
        let code = wait_for_exit(child, deadline).await;
        self.child = None;
        code
    }

    /// Sends SIGTERM and returns at once.
    pub fn ask_to_end(&self) {
        signal(self.child.as_ref().expect("the server runs"), Signal::TERM);
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Process id of the running server.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Where devices and staff connect.
    pub fn address(&self) -> SocketAddr {
        self.announcement.grpc
    }

    /// Where metrics and health are.
    pub fn observe_address(&self) -> SocketAddr {
        self.announcement.observe
    }

    /// Where browsers connect; plain HTTP.
    pub fn console_address(&self) -> SocketAddr {
        self.announcement.console
    }

    /// Path of the one-time link of the first administrator; none where somebody can sign in already.
    pub fn setup_path(&self) -> Option<&str> {
        self.announcement.setup.as_deref()
    }

    /// How it was started.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// SHA-256 of the authority's certificate.
    pub fn ca_sha256(&self) -> [u8; 32] {
        let bytes = gigafleet_agent::identity::from_hex(&self.announcement.ca_sha256).expect("the server prints hex");
        bytes.try_into().expect("SHA-256 has 32 bytes")
    }

    /// The first administrator's credentials.
    pub fn credentials(&self) -> Credentials {
        let text = fs::read_to_string(&self.announcement.credentials).expect("the server wrote its credentials");
        serde_json::from_str(&text).expect("the credentials are JSON")
    }

    /// A client with the first administrator's credentials.
    pub fn staff(&self) -> StaffClient {
        StaffClient::new(&self.address().to_string(), &self.credentials())
    }

    /// What is really stored.
    pub async fn look(&self) -> Look {
        match &self.options.database_url {
            Some(url) => Look::into_postgres(url).await,
            None => Look::into_file(&self.options.data_dir.join("gigafleet.db")).await,
        }
    }

    /// Changes the database past the server, for states that would take days to come about.
    pub async fn change(&self, sql: &str) {
        match &self.options.database_url {
            Some(url) => postgres::execute(url, sql.to_owned()).await,
            None => database::change_file(&self.options.data_dir.join("gigafleet.db"), sql).await,
        }
    }

    /// Status line and body of a path of the observed address, for example `/metrics`.
    pub async fn observe(&self, path: &str) -> (String, String) {
        let mut stream = tokio::net::TcpStream::connect(self.observe_address()).await.expect("metrics are served");
        let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request can be sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer comes");
        let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP has a head and a body");
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }

    /// The value of a metric as it is written, for example `gigafleet_checkins_total{outcome="applied"}`; 0 if absent.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.observe("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.split(' ').next().unwrap_or_default().parse().expect("a number"))
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log_file).unwrap_or_default()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have gone already; either way it is to be reaped.
            let _gone = child.kill();
            let _reaped = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the server's log ends:\n{}", tail(&self.log_file, 40));
        }
        let _cleaned = fs::remove_file(&self.log_file);
    }
}

async fn announced(options: &ServerOptions, log_file: &Path) -> (Child, Announcement) {
    let mut child = options.spawn(log_file);
    let output = child.stdout.take().expect("it was piped");
    let reading = tokio::task::spawn_blocking(move || read_announcement(BufReader::new(output)));
    match tokio::time::timeout(START, reading).await {
        Ok(Ok(Some(mut announcement))) => {
            if let Some((_, reached_at)) = &options.namespace {
                announcement.grpc.set_ip(*reached_at);
            }
            (child, announcement)
        }
        failed => {
            let _gone = child.kill();
            let ended = child.wait();
            panic!("the server did not start ({failed:?}, {ended:?}); its log ends:\n{}", tail(log_file, 20));
        }
    }
}

/// The next line behind its prefix.
fn next_line(output: &mut impl std::io::BufRead, prefix: &str) -> Option<String> {
    let mut line = String::new();
    output.read_line(&mut line).ok()?;
    Some(line.trim_end().strip_prefix(prefix)?.to_owned())
}

fn read_announcement(mut output: BufReader<impl std::io::Read>) -> Option<Announcement> {
    let listening = next_line(&mut output, "listening grpc=")?;
    let (grpc, observe) = listening.split_once(" observe=")?;
    let ca_sha256 = next_line(&mut output, "ca-sha256=")?;
    let credentials = next_line(&mut output, "credentials=")?;
    let console = next_line(&mut output, "console=http://")?;
    // All lines come in one piece, so a last one that has not come by now does not come.
    let has_link = !output.buffer().is_empty();
    let link = if has_link { next_line(&mut output, "setup=http://") } else { None };
    let setup = link.and_then(|link| Some(link[link.find('/')?..].to_owned()));
    Some(Announcement {
        grpc: grpc.parse().ok()?,
        observe: observe.parse().ok()?,
        ca_sha256,
        credentials: PathBuf::from(credentials),
        console: console.parse().ok()?,
        setup,
    })
}
