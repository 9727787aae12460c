//! `gigafleet demo`: a server on SQLite in a temporary folder, three invented municipalities with ten schools, a thousand
//! simulated devices, and the real agent of this machine; a live view, and at the end an account of every report.
//!
//! Invariants: the temporary folder goes away however the demo ends, short of SIGKILL; the exit code is 0 only if every
//! report that the server acknowledged is stored, and none is counted twice.

mod budget;
mod fleet;
mod ledger;
mod people;
mod places;
mod town;
mod view;

use std::{
    io::IsTerminal as _,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use gigafleet_agent::{
    identity::from_hex,
    transport::tls::{ServerTrust, TimeKnowledge},
};
use gigafleet_proto::v1::ListDevicesRequest;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio::{
    sync::{oneshot, watch},
    task::{JoinHandle, JoinSet},
    time::MissedTickBehavior,
};

use self::{
    fleet::Fleet,
    ledger::{Comparison, Ledger},
    people::People,
    view::{Progress, Screen, View},
};
use super::{
    client::{Client, ClientArgs},
    failure::{Failure, Result},
    output::print,
    scratch,
    serve::shutdown_signal,
};
use crate::{
    Config, Server,
    access::service::{Access, Credentials},
    clock::Clock,
    telemetry::{self, LogFormat},
};

/// Pace that the devices of the demo are told.
const CHECKIN_INTERVAL: Duration = Duration::from_secs(5);
/// Open files that a demo of any size can do with; the system's own limit stays.
const OPEN_FILES: u64 = 65_536;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// End by itself this long after the last device enrolled, for example 30s, 5m or 1h.
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Simulated devices beside this machine's own agent.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    devices: u32,
    /// Print one JSON summary at the end; progress goes to standard error.
    #[arg(long)]
    json: bool,
}

fn parse_duration(text: &str) -> std::result::Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(String::from("needs a unit s, m or h")),
    };
    let number: u64 = digits.parse().map_err(|_| String::from("needs a whole number, for example 30s"))?;
    match number.checked_mul(unit) {
        Some(seconds @ 1..=604_800) => Ok(Duration::from_secs(seconds)),
        Some(_) | None => Err(String::from("needs one second to seven days")),
    }
}

/// Runs the demo until its time is over or Ctrl-C.
pub(super) async fn run(args: DemoArgs) -> Result<()> {
    // The view is not to be written over; what someone must look at still comes through.
    telemetry::init_logging_at(LogFormat::Text, "error,gigafleet=warn");
    let stop = shutdown_signal()?;
    allow_open_files();
    let folder = scratch::make("gigafleet-demo-")?;
    let outcome = hold(&args, folder.path(), stop).await;
    scratch::remove(folder, outcome)
}

/// A connection is open on both sides in one process, and a burst may hold one for each device.
fn allow_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        // Refused, the demo runs with what there is; agents that find no socket try again.
        let _refused = setrlimit(Resource::Nofile, limit);
    }
}

async fn hold(args: &DemoArgs, folder: &Path, stop: impl Future<Output = ()>) -> Result<()> {
    let started = Instant::now();
    let server = DemoServer::start(&folder.join("server")).await?;
    let file = folder.join("server").join("admin.json");
    let credentials = ClientArgs { credentials: file.clone(), json: args.json }.read()?;
    let client = Client::open(&credentials).await?;
    let places = places::add(&client, fleet::token_uses(args.devices)).await?;
    let schools = places.len();
    town::tell(&client, &places, args.devices).await?;
    let people = People::add(&server.access, Clock::system(), server.console_url.clone(), &places).await?;
    let (halt, halted) = watch::channel(false);
    let time = TimeKnowledge::default();
    let fleet = Arc::new(Fleet {
        server: credentials.server.clone(),
        ca_sha256: server.ca_sha256,
        trust: trust(&credentials, time.clone())?,
        time,
        places,
        devices: args.devices,
        state: folder.join("agent"),
        ledger: Arc::new(Ledger::default()),
        halted,
        enrolled: AtomicU32::new(0),
        agents: Mutex::new(JoinSet::new()),
    });
    let mut view = View::new(screen(args.json), started, people, next_commands(&file));
    let enrolling = tokio::spawn(Arc::clone(&fleet).enrol());
    let abort_enrolling = enrolling.abort_handle();
    let shown = tokio::select! {
        biased;
        () = stop => Ok(End::Asked),
        outcome = show(args, &mut view, &client, &fleet, enrolling) => outcome.map(|()| End::TimeOver),
    };
    abort_enrolling.abort();
    halt.send_replace(true);
    fleet.finish().await;
    let end = shown?;
    let (devices, _) = client.list_devices(&ListDevicesRequest::default(), usize::MAX).await?;
    // The rest stands in ledgers only.
    let devices: Vec<_> = devices.into_iter().filter(|device| device.enroll_time.is_some()).collect();
    let comparison = fleet.ledger.compare(&devices);
    drop(client);
    server.stop().await?;
    report(args.json, &comparison, schools, started.elapsed())?;
    verdict(&comparison, end)
}

/// How the demo came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A person or a signal asked for it, maybe before anything was reported.
    Asked,
    /// The time that was given is over.
    TimeOver,
}

/// Shows the view each second until the time is over.
async fn show(
    args: &DemoArgs,
    view: &mut View,
    client: &Client,
    fleet: &Fleet,
    mut enrolling: JoinHandle<Result<()>>,
) -> Result<()> {
    let mut ticker = tokio::time::interval(Duration::from_secs(1));
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut enrolled = false;
    let mut end = None;
    view.open()?;
    loop {
        tokio::select! {
            biased;
            () = until(end) => return Ok(()),
            outcome = &mut enrolling, if !enrolled => {
                outcome.map_err(|error| Failure::told(format!("enrolment broke off: {error}"), "report this as a defect"))??;
                enrolled = true;
                end = args.duration.map(|duration| tokio::time::Instant::now() + duration);
            }
            _tick = ticker.tick() => {
                let progress = Progress {
                    enrolled: fleet.enrolled.load(Ordering::Relaxed),
                    expected: args.devices + 1,
                    acknowledged: fleet.ledger.acknowledged_count(),
                };
                view.show(client, progress).await?;
            }
        }
    }
}

async fn until(end: Option<tokio::time::Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// The server of the demo, in this process.
struct DemoServer {
    access: Access,
    console_url: String,
    ca_sha256: [u8; 32],
    stop: oneshot::Sender<()>,
    running: JoinHandle<crate::error::Result<()>>,
}

impl DemoServer {
    async fn start(data_dir: &Path) -> Result<Self> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            data_dir: data_dir.to_owned(),
            listen: any_port,
            observe: any_port,
            console: console_address(),
            checkin_interval: CHECKIN_INTERVAL,
            ..Config::default()
        };
        let bound = Server::bind(config, Clock::system()).await?;
        let ca_sha256 = from_hex(&bound.ca_sha256()).and_then(|bytes| bytes.try_into().ok());
        let ca_sha256 = ca_sha256.expect("the server writes SHA-256 as 64 hex digits");
        let (access, console_url) = (bound.access().clone(), bound.console_url.clone());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(bound.run(async move {
            let _stopped_or_dropped = stopped.await;
        }));
        Ok(Self { access, console_url, ca_sha256, stop, running })
    }

    async fn stop(self) -> Result<()> {
        let _ended_already = self.stop.send(());
        let outcome = self.running.await;
        outcome
            .map_err(|error| Failure::told(format!("the server broke off: {error}"), "report this as a defect"))??;
        Ok(())
    }
}

/// The console's usual address, or any port where another server has it.
fn console_address() -> SocketAddr {
    let usual = Config::default().console;
    match std::net::TcpListener::bind(usual) {
        Ok(_free) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

fn trust(credentials: &Credentials, time: TimeKnowledge) -> Result<Arc<ServerTrust>> {
    let unusable = || Failure::told("the authority's certificate is not usable", "report this as a defect");
    let authority = CertificateDer::from_pem_slice(credentials.ca_pem.as_bytes()).map_err(|_| unusable())?;
    ServerTrust::authority(&authority, time).map_err(|_| unusable())
}

fn screen(as_json: bool) -> Screen {
    match (as_json, std::io::stdout().is_terminal()) {
        (true, _) => Screen::Remarks,
        (false, true) => Screen::Terminal,
        (false, false) => Screen::Lines,
    }
}

/// Commands that work while the demo runs, with the name under which this program was started.
fn next_commands(credentials: &Path) -> Vec<String> {
    let program = std::env::args().next().unwrap_or_else(|| String::from("gigafleet"));
    let with = |command: &str| format!("{program} {command} --credentials {}", credentials.display());
    vec![
        with("devices list --municipality 139017 --limit 20"),
        with("devices watch --school 雲取原町立こだま分校"),
        with("schools list --json"),
        with("enroll-token create --municipality 139033"),
    ]
}

fn report(as_json: bool, comparison: &Comparison, schools: usize, elapsed: Duration) -> Result<()> {
    let municipalities = places::MUNICIPALITIES.len();
    let peak_rss_mib = peak_rss_mib();
    if as_json {
        let summary = comparison.to_json(municipalities, schools, elapsed.as_secs_f64(), peak_rss_mib);
        print(summary.to_string())?;
    } else {
        let memory = peak_rss_mib.map_or_else(String::new, |mib| format!(", {mib} MiB at most"));
        print(format!(
            "{} devices, {schools} schools, {municipalities} municipalities; {} reports acknowledged, {} stored, {} lost, \
             {} counted twice; {:.1} s{memory}",
            comparison.devices,
            comparison.reports_acknowledged,
            comparison.reports_stored,
            comparison.lost,
            comparison.counted_twice,
            elapsed.as_secs_f64(),
        ))?;
    }
    Ok(())
}

fn verdict(comparison: &Comparison, end: End) -> Result<()> {
    if end == End::TimeOver && comparison.reports_acknowledged == 0 {
        // Nothing can be lost of nothing; that shows no more than that it did not work.
        return Err(Failure::told(
            "no report was acknowledged",
            "look at the warnings above, or give it more time with --for",
        ));
    }
    if comparison.is_whole() {
        return Ok(());
    }
    let message = format!(
        "{} acknowledged reports are not stored, {} are counted twice",
        comparison.lost, comparison.counted_twice
    );
    Err(Failure::told(message, "report this as a defect, with the summary"))
}

/// The most memory that this process held, where the system says it (Linux), in MiB.
fn peak_rss_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    #[test]
    fn durations_have_a_unit_and_bounds() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("45"), Ok(Duration::from_secs(45)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in
            ["", "s", "0s", "soon", "-3s", "1.5m", "８日", "30s30", "99999999999999999999s", "9999999999999999h"]
        {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn demo_fails_only_when_something_is_lost_or_counted_twice() {
        let whole = Comparison { devices: 1, reports_acknowledged: 4, reports_stored: 5, lost: 0, counted_twice: 0 };
        assert!(verdict(&whole, End::TimeOver).is_ok());
        assert!(verdict(&Comparison { lost: 1, ..whole.clone() }, End::TimeOver).is_err());
        assert!(verdict(&Comparison { counted_twice: 1, ..whole.clone() }, End::Asked).is_err());
        let silent = Comparison { reports_acknowledged: 0, reports_stored: 0, ..whole };
        assert!(verdict(&silent, End::TimeOver).is_err(), "a demo that shows nothing does not pass");
        assert!(verdict(&silent, End::Asked).is_ok(), "Ctrl-C at the start is no fault");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn small_demo_enrols_reports_and_accounts_for_every_report() {
        let folder = tempfile::tempdir().unwrap();
        let args = DemoArgs { duration: Some(Duration::from_secs(3)), devices: 8, json: true };
        let outcome = hold(&args, folder.path(), std::future::pending()).await;
        assert!(outcome.is_ok(), "{:?}", outcome.err().and_then(|failure| failure.text(Language::En)));
        assert!(folder.path().join("server/admin.json").exists());
    }
}
