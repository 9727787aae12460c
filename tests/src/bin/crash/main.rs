//! Kills the server and the agents' host under load, again and again, and then compares what was acknowledged with what
//! is stored.
//!
//! `cargo run --release -p gigafleet-tests --bin crash -- --kills 20 [--database URL] --json`
//!
//! The server is the real binary on SQLite, or on a fresh database in the cluster of `--database`. The agents run in a
//! host process of their own ([`host`]) with the real engine, the spool on disk and mutual TLS; each observation finds
//! something changed, so that each report carries transitions. The host writes each acknowledgement to a log before the
//! agent acts on it. SIGKILL ends the server `--kills` times and the host `--host-kills` times at random moments while
//! acknowledgements come in.
//!
//! What is counted, at rest after the last kill:
//! - `acknowledged`: distinct transitions (device, run, number) in reports that the server acknowledged, from the logs.
//! - `stored`: transitions in the database.
//! - `reports_acknowledged`: distinct (device, sequence) that the server acknowledged; `reports_stored`: what the server
//!   counted; `reports_sent`: distinct (device, sequence) that were answered or failed. A report whose answer was lost
//!   in a crash is stored without being acknowledged, so the three differ; each device keeps the order
//!   acknowledged ≤ stored ≤ sent + host kills (a host that is killed can not log its one report on the way).
//! - `lost`: acknowledged transitions that are not stored, acknowledged reports above the count or the newest sequence of
//!   their device, and gaps in the numbers of a run, which would be transitions that a spool has lost.
//! - `counted_twice`: reports above what a device sent, and transitions counted above those stored.
//!
//! Exit code 0 only if `acknowledged` = `stored` and the other two are 0.

mod host;
mod logs;
mod verdict;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use gigafleet_agent::{
    identity::{draw_bytes, to_hex},
    spool::measure,
};
use gigafleet_tests::{Database, Home, ServerOptions, ServerProcess, postgres, process};
use rustix::process::Signal;

use self::{host::HostArgs, logs::Logs, verdict::Verdict};

/// Longest that anything may take to come about.
const PATIENCE: Duration = Duration::from_secs(60);
/// Without a new acknowledgement for so long, the fleet is at rest.
const REST: Duration = Duration::from_secs(3);

#[derive(Debug, Parser)]
#[command(name = "crash", about = "Kills the server under load and counts what is lost")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// How often the agents' host is killed.
    #[arg(long, default_value_t = 5)]
    host_kills: u32,
    /// Agents.
    #[arg(long, default_value_t = 100)]
    agents: usize,
    /// Superuser's URL of a PostgreSQL cluster, in which a fresh database is made; SQLite without it.
    #[arg(long)]
    database: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Runs the agents; started by the main process.
    #[command(hide = true)]
    Host(HostArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Role::Host(host)) = arguments.role {
        host::run(host).await;
        return ExitCode::SUCCESS;
    }
    process::build(&["gigafleet"]);
    let verdict = crash(&arguments).await;
    if arguments.json {
        println!("{}", verdict.to_json());
    } else {
        println!("{verdict}");
    }
    if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn crash(arguments: &Arguments) -> Verdict {
    let begun = Instant::now();
    let folder = tempfile::Builder::new().prefix("gigafleet-crash-").tempdir().expect("a temporary folder");
    let database = match &arguments.database {
        Some(url) => Some(postgres::fresh_database(url).await),
        None => None,
    };
    let mut server = start_server(folder.path(), database.as_ref()).await;
    let home = Home::make(&server, u32::try_from(arguments.agents).expect("some agents")).await;
    let mut host = Host::new(folder.path(), &home, arguments.agents);
    host.start();
    note(begun, &format!("{} agents report", arguments.agents));

    let mut host_kills = 0;
    for kill in 1..=arguments.kills {
        kill_server_under_load(&mut server, &host).await;
        note(begun, &format!("the server was killed {kill} times, {} bytes of acknowledgements", host.logged_bytes()));
        // The kills of the host lie evenly between those of the server.
        if kill * arguments.host_kills / arguments.kills > host_kills {
            host_kills += 1;
            pause(0, 600).await;
            host.kill().await;
            host.start();
            note(begun, &format!("the host was killed {host_kills} times"));
        }
    }
    host.come_to_rest().await;
    note(begun, "at rest");
    let waiting = host.waiting_transitions();
    host.stop().await;
    let logs = Logs::read(folder.path());
    let mut look = server.look().await;
    let (transitions, cursors) = (look.transitions().await, look.cursors().await);
    drop(look);
    let engine = if arguments.database.is_some() { "postgresql" } else { "sqlite" };
    let mut verdict = Verdict::of(&logs, &transitions, &cursors, host_kills);
    verdict.describe(engine, arguments.agents, arguments.kills, waiting, begun.elapsed());
    verdict
}

async fn start_server(folder: &Path, database: Option<&Database>) -> ServerProcess {
    let mut options = ServerOptions::in_data_dir(folder.join("server")).checkin_seconds(0.4);
    options.database_url = database.map(|database| database.url().to_owned());
    options.log_filter = String::from("error");
    options.start().await
}

async fn kill_server_under_load(server: &mut ServerProcess, host: &Host) {
    host.wait_for_acknowledgements().await;
    pause(100, 1_500).await;
    server.kill().await;
    pause(0, 300).await;
    server.restart().await;
}

/// Waits for a random time, so that kills come at any moment of the work.
async fn pause(least_ms: u64, most_ms: u64) {
    let number = u64::from_le_bytes(draw_bytes().expect("the system has randomness"));
    tokio::time::sleep(Duration::from_millis(least_ms + number % (most_ms - least_ms))).await;
}

fn note(begun: Instant, what: &str) {
    eprintln!("{:6.1} s  {what}", begun.elapsed().as_secs_f64());
}

/// The process with the agents.
struct Host {
    folder: PathBuf,
    home: Home,
    agents: usize,
    running: Option<(Child, ChildStdin)>,
    lives: u32,
}

impl Host {
    fn new(folder: &Path, home: &Home, agents: usize) -> Self {
        Self { folder: folder.to_owned(), home: home.clone(), agents, running: None, lives: 0 }
    }

    /// Starts the process and waits until its agents are enrolled and run.
    fn start(&mut self) {
        let mut child = Command::new(std::env::current_exe().expect("the system knows which program runs"))
            .arg("host")
            .arg("--folder")
            .arg(&self.folder)
            .args(["--server", &self.home.server, "--token", &self.home.token])
            .args(["--ca-sha256", &to_hex(&self.home.ca_sha256)])
            .args(["--agents", &self.agents.to_string(), "--life", &self.lives.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be executed");
        self.lives += 1;
        let mut line = String::new();
        let output = child.stdout.take().expect("it was piped");
        BufReader::new(output).read_line(&mut line).expect("its output can be read");
        assert_eq!(line.trim(), "ready", "the host did not start");
        let input = child.stdin.take().expect("it was piped");
        self.running = Some((child, input));
    }

    async fn kill(&mut self) {
        let (mut child, _input) = self.running.take().expect("it runs");
        process::signal(&child, Signal::KILL);
        process::wait_for_exit(&mut child, PATIENCE).await;
    }

    /// Lets reports under way end.
    async fn stop(&mut self) {
        let (mut child, input) = self.running.take().expect("it runs");
        drop(input);
        process::wait_for_exit(&mut child, PATIENCE).await;
    }

    fn logged_bytes(&self) -> u64 {
        logs::bytes(&self.folder)
    }

    async fn wait_for_acknowledgements(&self) {
        let before = self.logged_bytes();
        gigafleet_tests::eventually("acknowledgements come in", PATIENCE, || {
            (self.logged_bytes() > before + 10_000).then_some(())
        })
        .await;
    }

    /// Lets nothing change any more, and waits until all that was recorded has been reported.
    async fn come_to_rest(&mut self) {
        let (_, input) = self.running.as_mut().expect("it runs");
        input.write_all(b"rest\n").expect("the host reads");
        let mut transitions = u64::MAX;
        let mut since = Instant::now();
        gigafleet_tests::eventually("all transitions are reported", PATIENCE, || {
            let now = Logs::read(&self.folder).transitions.len() as u64;
            if now != transitions {
                (transitions, since) = (now, Instant::now());
            }
            (since.elapsed() > REST && self.waiting_transitions() == 0).then_some(())
        })
        .await;
    }

    /// Transitions that still lie in spools.
    fn waiting_transitions(&self) -> u64 {
        (0..self.agents).map(|number| measure(&host::state_folder(&self.folder, number)).records).sum()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some((mut child, _input)) = self.running.take() {
            let _gone = (child.kill(), child.wait());
        }
    }
}
