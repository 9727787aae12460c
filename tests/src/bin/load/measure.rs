//! `load checkin`: the comparison, in one run.
//!
//! Machines change their pace within minutes, so the empty call, SQLite and PostgreSQL take turns in short rounds; a share
//! of the ceiling is that of its own round, and the median of all rounds counts.

use std::time::Duration;

use clap::Args;
use gigafleet_agent::identity::Identity;
use gigafleet_proto::v1::CheckInResponse;
use prost::Message as _;
use serde::Serialize;

use crate::{
    ceiling::Ceiling,
    client::{Connections, Device, Outcome, load},
    target::{Cost, Target},
};

#[derive(Debug, Args)]
pub struct Options {
    /// A PostgreSQL cluster in which a database may be made; without it a scratch cluster is started.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds in which the empty call, SQLite and PostgreSQL take turns.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Devices, each with a connection of its own, that are tried first; the best one is measured.
    #[arg(long, value_delimiter = ',', default_values_t = [256, 512, 1024])]
    devices: Vec<usize>,
    /// Idle connections whose memory is measured.
    #[arg(long, default_value_t = 4_000)]
    idle: usize,
    /// Print JSON only.
    #[arg(long)]
    json: bool,
}

/// One measurement.
#[derive(Debug, Serialize)]
struct Figures {
    what: &'static str,
    devices: usize,
    answered: u64,
    failed: u64,
    per_second: u64,
    /// As a share of the ceiling of the same round.
    share_of_ceiling: f64,
    p50_us: u32,
    p99_us: u32,
    #[serde(flatten)]
    cost: Option<Cost>,
}

#[derive(Debug, Serialize)]
struct Report {
    checkins: Vec<Figures>,
    connection_per_checkin: Vec<Figures>,
    idle_connection_bytes: u64,
    heartbeat_bytes: usize,
    nothing_changed_answer_bytes: usize,
}

/// What answers.
enum Answerer {
    Ceiling(Box<Ceiling>),
    Server(Box<Target>),
}

/// One of those that take turns.
struct Contender {
    what: &'static str,
    answerer: Answerer,
    devices: Vec<Device>,
    rounds: Vec<Figures>,
}

/// Measures all and prints it.
pub async fn run(options: Options) {
    let time = Duration::from_secs(options.seconds);
    // First, while the server is fresh: what it has freed after a load would hide what a connection takes.
    let sqlite = Target::on_sqlite().await;
    let idle_connection_bytes = sqlite.idle_connection_bytes(options.idle).await;
    let postgres = Target::on_postgres(options.postgres.as_deref()).await;
    let mut contenders = [
        Contender::new("empty call", Answerer::Ceiling(Box::new(Ceiling::start()))),
        Contender::new("sqlite", Answerer::Server(Box::new(sqlite))),
        Contender::new("postgres", Answerer::Server(Box::new(postgres))),
    ];
    for contender in &mut contenders {
        contender.settle(&options.devices).await;
    }
    for _ in 0..options.rounds {
        for contender in &mut contenders {
            contender.round(Connections::Kept, time).await;
        }
    }
    let ceilings: Vec<_> = contenders[0].rounds.iter().map(|round| round.per_second).collect();
    let checkins = contenders.iter_mut().map(|contender| contender.median(&ceilings)).collect();
    let connection_per_checkin = connection_each(&contenders[1], time, median(ceilings.clone())).await;
    let (heartbeat_bytes, nothing_changed_answer_bytes) = sizes();
    let report = Report {
        checkins,
        connection_per_checkin,
        idle_connection_bytes,
        heartbeat_bytes,
        nothing_changed_answer_bytes,
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report).expect("numbers"));
    } else {
        print(&report);
    }
}

impl Contender {
    fn new(what: &'static str, answerer: Answerer) -> Self {
        Self { what, answerer, devices: Vec::new(), rounds: Vec::new() }
    }

    /// Finds the number of devices that gives the most, and keeps that many.
    async fn settle(&mut self, counts: &[usize]) {
        let mut best = 0;
        for count in counts {
            self.devices = self.answerer.make(*count).await;
            let figures = self.measure(Connections::Kept, Duration::from_secs(2)).await;
            eprintln!("{} with {count} devices: {}/s", self.what, figures.per_second);
            best = best.max(figures.per_second);
            self.rounds.push(figures);
        }
        let count = self.rounds.drain(..).find(|figures| figures.per_second == best).expect("one was the best").devices;
        self.devices = self.answerer.make(count).await;
        // The first, full reports and the caches are not what is measured.
        self.measure(Connections::Kept, Duration::from_millis(500)).await;
    }

    async fn round(&mut self, connections: Connections, time: Duration) {
        let figures = self.measure(connections, time).await;
        eprintln!("{}: {}/s, p99 {} µs, failed {}", self.what, figures.per_second, figures.p99_us, figures.failed);
        self.rounds.push(figures);
    }

    async fn measure(&mut self, connections: Connections, time: Duration) -> Figures {
        let devices = std::mem::take(&mut self.devices);
        let (figures, devices) = measure(self.what, &self.answerer, devices, connections, time).await;
        self.devices = devices;
        figures
    }

    /// The median of each figure over all rounds.
    fn median(&mut self, ceilings: &[u64]) -> Figures {
        let rounds = std::mem::take(&mut self.rounds);
        let shares = rounds.iter().zip(ceilings).map(|(round, ceiling)| round.per_second * 1_000 / ceiling).collect();
        let of = |figure: fn(&Figures) -> u64| median(rounds.iter().map(figure).collect());
        let per_second = of(|f| f.per_second);
        let cost = rounds.iter().min_by_key(|f| f.per_second.abs_diff(per_second)).and_then(|f| f.cost.clone());
        Figures {
            what: self.what,
            devices: rounds[0].devices,
            answered: rounds.iter().map(|f| f.answered).sum(),
            failed: rounds.iter().map(|f| f.failed).sum(),
            per_second,
            share_of_ceiling: median(shares) as f64 / 1_000.0,
            p50_us: u32::try_from(of(|f| u64::from(f.p50_us))).expect("it was one"),
            p99_us: u32::try_from(of(|f| u64::from(f.p99_us))).expect("it was one"),
            cost,
        }
    }
}

impl Answerer {
    async fn make(&self, count: usize) -> Vec<Device> {
        let identities: Vec<Identity> = match self {
            Self::Ceiling(ceiling) => vec![ceiling.identity.clone(); count],
            Self::Server(target) => target.enroll(count).await,
        };
        identities.into_iter().zip(0..).map(|(identity, number)| Device::new(identity, number)).collect()
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

async fn measure(
    what: &'static str,
    answerer: &Answerer,
    devices: Vec<Device>,
    connections: Connections,
    time: Duration,
) -> (Figures, Vec<Device>) {
    let count = devices.len();
    let target = match answerer {
        Answerer::Ceiling(_) => None,
        Answerer::Server(target) => Some((target, target.look().await)),
    };
    let (outcome, devices) = load(devices, connections, time).await;
    let cost = match target {
        Some((target, before)) => Some(target.look().await.since(&before, outcome.answered)),
        None => None,
    };
    (figures(what, count, &outcome, cost), devices)
}

async fn connection_each(contender: &Contender, time: Duration, ceiling: u64) -> Vec<Figures> {
    let mut found = Vec::new();
    for (what, connections) in [("resumed", Connections::Resumed), ("full handshake", Connections::Full)] {
        let devices = contender.answerer.make(32).await;
        let (mut figures, _) = measure(what, &contender.answerer, devices, connections, time * 2).await;
        figures.share_of_ceiling = (figures.per_second * 1_000 / ceiling) as f64 / 1_000.0;
        found.push(figures);
    }
    found
}

fn figures(what: &'static str, devices: usize, outcome: &Outcome, cost: Option<Cost>) -> Figures {
    Figures {
        what,
        devices,
        answered: outcome.answered,
        failed: outcome.failed,
        per_second: outcome.per_second().round() as u64,
        share_of_ceiling: 1.0,
        p50_us: outcome.percentile_us(0.5),
        p99_us: outcome.percentile_us(0.99),
        cost,
    }
}

/// Bytes of an unchanged heartbeat late in a device's life, and of its answer.
fn sizes() -> (usize, usize) {
    let mut device = Device::new(Ceiling::start().identity.clone(), 0);
    let mut heartbeat = (0..3).map(|_| device.next_report()).next_back().expect("three");
    heartbeat.sequence = 5_000_000;
    heartbeat.base_sequence = heartbeat.sequence - 1;
    heartbeat.run_id = u64::MAX;
    heartbeat.facts_hash = u32::MAX;
    let answer = CheckInResponse {
        acknowledged_sequence: heartbeat.sequence,
        next_checkin_delay_ms: 60_000,
        outcome: 1,
        ..CheckInResponse::default()
    };
    (heartbeat.encoded_len(), answer.encoded_len())
}

fn print(report: &Report) {
    println!(
        "{:<16}{:>8}{:>12}{:>10}{:>10}{:>10}{:>12}{:>12}{:>10}{:>10}{:>8}",
        "",
        "devices",
        "per second",
        "ceiling",
        "p50 µs",
        "p99 µs",
        "server µs",
        "database µs",
        "WAL B",
        "wire B",
        "rows"
    );
    for f in report.checkins.iter().chain(&report.connection_per_checkin) {
        print!("{:<16}{:>8}{:>12}{:>10.2}", f.what, f.devices, f.per_second, f.share_of_ceiling);
        print!("{:>10}{:>10}", f.p50_us, f.p99_us);
        match &f.cost {
            Some(c) => println!(
                "{:>12.1}{:>12.1}{:>10.0}{:>10.0}{:>8.2}",
                c.server_cpu_us, c.database_cpu_us, c.wal_bytes, c.wire_bytes, c.rows_written
            ),
            None => println!(),
        }
    }
    println!("an idle connection takes {} bytes of the server", report.idle_connection_bytes);
    println!(
        "an unchanged heartbeat has {} bytes, its answer {}",
        report.heartbeat_bytes, report.nothing_changed_answer_bytes
    );
}
