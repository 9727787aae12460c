//! Measures how long named calls and pages of staff take on a large fleet, as `seed` makes it, and whether PostgreSQL read
//! any large table from end to end for them.
//!
//! The real server runs as a process of its own on that database; calls come one after another over one connection, as a
//! person makes them. Each round asks for another municipality or school, so that no answer is warm by luck. What SQLite
//! plans is held by the tests of the stores, on the same statements.

mod engineers;
mod renewal;
mod tickets;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use gigafleet_proto::v1::{
    CountDevicesRequest, DeviceGroup, GetDeviceRequest, Lifecycle, ListDevicesRequest, ListMunicipalitiesRequest,
    ListSchoolsRequest, Municipality, OsKind, Presence, Purpose, StaffPlace, StaffRole, Ticket,
};
use gigafleet_tests::{ServerOptions, ServerProcess, StaffClient, Visitor, eventually_async};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::sync::Mutex;

#[derive(Debug, Parser)]
#[command(name = "latency", about = "Measures calls on a large fleet")]
struct Arguments {
    /// postgres://user@host/name, or sqlite:FOLDER, as for seed.
    #[arg(long, value_name = "URL")]
    database: String,
    /// Keeps the certificate authority of the server on PostgreSQL from run to run.
    #[arg(long, value_name = "FOLDER", default_value = "latency-data")]
    data: PathBuf,
    /// How often each call is made.
    #[arg(long, value_name = "N", default_value_t = 200)]
    rounds: usize,
    /// What is measured.
    #[arg(long, value_enum, default_value_t = What::Devices)]
    what: What,
    /// Devices of the ledger that `--what renewal` records, where it records one: of each owner as many as it has of those of
    /// the registry. Without it those of the registry.
    #[arg(long, value_name = "N")]
    ledger_devices: Option<u64>,
    /// Print JSON only.
    #[arg(long)]
    json: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Devices, schools and municipalities.
    Devices,
    /// Tickets, as `seed --tickets` makes them.
    Tickets,
    /// Reports of renewal; the ledger is recorded first where there is none, a few minutes at a million devices.
    Renewal,
}

#[derive(Debug, Serialize)]
struct Figure {
    call: &'static str,
    /// Devices, schools or counts of all answers together.
    elements: usize,
    p50_ms: f64,
    p99_ms: f64,
    held: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    engine: &'static str,
    devices: u64,
    municipalities: usize,
    rounds: usize,
    target_p99_ms: f64,
    calls: Vec<Figure>,
    /// Large tables that were read from end to end meanwhile; none on SQLite, which does not count it.
    full_scans: Vec<String>,
    held: bool,
}

/// What calls are made about.
struct Fleet {
    staff: StaffClient,
    owners: Vec<Municipality>,
    /// Owner and school of all schools with devices.
    schools: Vec<(String, String)>,
    /// Id of an engineer of all municipalities.
    engineer: String,
    /// Calls with the same one's token.
    desk: StaffClient,
    /// The same one's browser.
    visitor: Mutex<Visitor>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let (engine, target, options) = match arguments.database.strip_prefix("sqlite:") {
        Some(folder) => ("sqlite", 200.0, ServerOptions::in_data_dir(PathBuf::from(folder))),
        None => {
            let mut options = ServerOptions::in_data_dir(arguments.data.clone());
            options.database_url = Some(arguments.database.clone());
            ("postgresql", 100.0, options)
        }
    };
    let mut server = options.start().await;
    let fleet = Arc::new(Fleet::of(&server, arguments.what).await);
    let before = full_scans(&arguments.database).await;
    let mut calls = Vec::new();
    let tell = |figure: &Figure| {
        if !arguments.json {
            let verdict = if figure.held { "held" } else { "MISSED" };
            println!("{:<58} p50 {:>7.1} ms  p99 {:>7.1} ms  {verdict}", figure.call, figure.p50_ms, figure.p99_ms);
        }
    };
    if arguments.what == What::Renewal {
        calls.extend(renewal::measure(&fleet, (arguments.ledger_devices, arguments.rounds), tell).await);
    } else if arguments.what == What::Tickets {
        let [call, search] = if engine == "sqlite" { [100.0, 150.0] } else { [50.0, 50.0] };
        let targets = tickets::Targets { call, search };
        calls.extend(tickets::measure(&fleet, &fleet.engineer, arguments.rounds, targets, tell).await);
        // The last: a hundred at once share two processors, so their figure is told and has no limit of a single call.
        let worked = engineers::work(&server, &fleet, f64::INFINITY).await;
        tell(&worked.calls);
        eprintln!(
            "{:.0} calls a second, {} refused because somebody was first, {} lost, failed: {:?}",
            worked.per_second,
            worked.overtaken,
            worked.lost,
            worked.failed.iter().take(5).collect::<Vec<_>>()
        );
        assert!(worked.failed.is_empty() && worked.lost == 0, "nothing fails and nothing is lost");
        calls.push(worked.calls);
    } else {
        for call in CALLS {
            let figure = measure(&fleet, call, arguments.rounds, target).await;
            tell(&figure);
            calls.push(figure);
        }
    }
    let after = full_scans(&arguments.database).await;
    let full_scans: Vec<_> = after
        .iter()
        .filter(|(table, count)| before.iter().any(|(t, c)| t == table && c < count))
        .map(|(t, _)| t.clone())
        .collect();
    let held = calls.iter().all(|call| call.held) && full_scans.is_empty();
    let counted = fleet.count(vec![]).await;
    let (municipalities, rounds) = (fleet.owners.len(), arguments.rounds);
    let report =
        Report { engine, devices: counted, municipalities, rounds, target_p99_ms: target, calls, full_scans, held };
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report).expect("figures are JSON")),
        false => println!(
            "{} devices on {engine}, target p99 {target} ms: {}; large tables read from end to end: {:?}",
            report.devices,
            if held { "held" } else { "MISSED" },
            report.full_scans
        ),
    }
    let _exit = server.terminate(Duration::from_secs(20)).await;
}

impl Fleet {
    async fn of(server: &ServerProcess, what: What) -> Self {
        let staff = server.staff();
        let mut owners = all_owners(&staff).await;
        let mut schools = Vec::new();
        for owner in &owners {
            let municipality_id = owner.municipality_id.clone();
            let request = CountDevicesRequest {
                municipality_id,
                group_by: vec![DeviceGroup::School.into()],
                ..Default::default()
            };
            let counted = staff.devices().await.count_devices(request).await.expect("devices are counted").into_inner();
            let with_devices = counted.counts.into_iter().filter(|count| !count.school_id.is_empty());
            schools.extend(with_devices.map(|count| (owner.municipality_id.clone(), count.school_id)));
        }
        owners.retain(|owner| schools.iter().any(|(id, _)| *id == owner.municipality_id));
        assert!(!owners.is_empty(), "the database has no devices: run seed first");
        // Background work counts what devices report once after the server began; that is not what is measured here.
        eventually_async("all figures are counted", Duration::from_secs(900), async || {
            let counted = all_owners(&staff).await.into_iter();
            let counted = counted.filter(|owner| owner.figures.is_some_and(|figures| figures.count_time.is_some()));
            (counted.count() >= owners.len()).then_some(())
        })
        .await;
        // A server knows who is silent once it has listened for two intervals; nothing of renewal asks for that.
        if what != What::Renewal {
            eventually_async("silence can be told", Duration::from_secs(300), async || {
                let request =
                    ListDevicesRequest { presence: Presence::Silent.into(), page_size: 1, ..Default::default() };
                let listed = staff.devices().await.list_devices(request).await.expect("devices are listed");
                (!listed.into_inner().devices.is_empty()).then_some(())
            })
            .await;
        }
        let (engineer, desk, visitor) = engineer(server, &staff).await;
        Self { staff, owners, schools, engineer, desk, visitor: Mutex::new(visitor) }
    }

    /// Opens a page of the console as the engineer.
    async fn page(&self, path: &str) -> (usize, Duration) {
        let mut visitor = self.visitor.lock().await;
        let started = Instant::now();
        let page = visitor.get(path).await;
        let took = started.elapsed();
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        (page.text.matches("<tr").count(), took)
    }

    /// Takes a ticket by the form on its page.
    async fn take(&self, ticket: &Ticket) -> (usize, Duration) {
        let mut visitor = self.visitor.lock().await;
        let path = format!("/tickets/{}/{}", ticket.municipality_id, ticket.ticket_id);
        let version = ticket.version.to_string();
        let started = Instant::now();
        let answer = visitor.post(&path, &[("verb", "take"), ("version", &version)]).await;
        let took = started.elapsed();
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        (1, took)
    }

    fn owner(&self, round: usize) -> String {
        self.owners[round % self.owners.len()].municipality_id.clone()
    }

    /// Owner and id of a school.
    fn school(&self, round: usize) -> &(String, String) {
        &self.schools[round * 7 % self.schools.len()]
    }

    /// A list over one municipality.
    fn list(&self, round: usize) -> ListDevicesRequest {
        ListDevicesRequest { municipality_id: self.owner(round), page_size: 100, ..Default::default() }
    }

    async fn pages(&self, mut request: ListDevicesRequest, pages: usize) -> (usize, Duration) {
        let mut client = self.staff.devices().await;
        let (mut devices, mut took) = (0, Duration::ZERO);
        for _ in 0..pages {
            let started = Instant::now();
            let page = client.list_devices(request.clone()).await.expect("devices are listed").into_inner();
            took = started.elapsed();
            devices = page.devices.len();
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        (devices, took)
    }

    async fn count(&self, group_by: Vec<i32>) -> u64 {
        let request = CountDevicesRequest { group_by, ..Default::default() };
        self.staff.devices().await.count_devices(request).await.expect("devices are counted").into_inner().total_count
    }
}

/// All municipalities with their figures.
async fn all_owners(staff: &StaffClient) -> Vec<Municipality> {
    let (mut owners, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMunicipalitiesRequest { page_size: 1_000, page_token, ..Default::default() };
        let listed = staff.schools().await.list_municipalities(request).await.expect("municipalities are listed");
        let listed = listed.into_inner();
        owners.extend(listed.municipalities);
        page_token = listed.next_page_token;
        if page_token.is_empty() {
            return owners;
        }
    }
}

/// A call that is measured; of several pages the last one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    School,
    Municipality,
    Everything,
    ByLabel,
    ByLabelDeep,
    BySchoolName,
    ByLastReport,
    Lost,
    Filtered,
    Silent,
    OpenReviews,
    RareFragment,
    RareFragmentEverywhere,
    CommonFragment,
    CommonFragmentEverywhere,
    TwoCharacters,
    NoSuchFragment,
    CountAll,
    CountMunicipality,
    CountSchools,
    CountModels,
    OneDevice,
    Schools,
    Owners,
    PageHome,
    PageDevices,
    PageSchools,
    PageSchool,
    PageOwner,
    PageDevice,
}

const CALLS: [(&str, Call); 30] = [
    ("list a school", Call::School),
    ("list a municipality", Call::Municipality),
    ("list everything", Call::Everything),
    ("list a municipality by label", Call::ByLabel),
    ("list a municipality by label, page 20", Call::ByLabelDeep),
    ("list a municipality by school", Call::BySchoolName),
    ("list a municipality by last report", Call::ByLastReport),
    ("list a municipality: lost", Call::Lost),
    ("list a municipality: learners' iPads in repair, by serial", Call::Filtered),
    ("list a municipality: silent, by label", Call::Silent),
    ("list a municipality: open reviews", Call::OpenReviews),
    ("search a municipality: rare fragment", Call::RareFragment),
    ("search everything: rare fragment", Call::RareFragmentEverywhere),
    ("search a municipality: common fragment", Call::CommonFragment),
    ("search everything: common fragment", Call::CommonFragmentEverywhere),
    ("search a municipality: two characters", Call::TwoCharacters),
    ("search everything: a fragment that nothing has", Call::NoSuchFragment),
    ("count everything by municipality and lifecycle", Call::CountAll),
    ("count a municipality by lifecycle and purpose", Call::CountMunicipality),
    ("count a municipality by school", Call::CountSchools),
    ("count a municipality by model", Call::CountModels),
    ("show a device", Call::OneDevice),
    ("list schools of a municipality with their figures", Call::Schools),
    ("list municipalities with their figures", Call::Owners),
    ("page: home of all municipalities", Call::PageHome),
    ("page: silent devices of a municipality", Call::PageDevices),
    ("page: schools of a municipality", Call::PageSchools),
    ("page: a school", Call::PageSchool),
    ("page: a municipality", Call::PageOwner),
    ("page: a device", Call::PageDevice),
];

/// An engineer of all municipalities, invited and signed in: the account's id, calls with a token of theirs, their browser. Each call
/// invites another one.
async fn engineer(server: &ServerProcess, staff: &StaffClient) -> (String, StaffClient, Visitor) {
    let everywhere = StaffPlace { everywhere: true, ..Default::default() };
    let name = format!("desk-{}", uuid::Uuid::now_v7().simple());
    let (id, link) = staff.invite(&name, StaffRole::Engineer, everywhere, Duration::from_secs(86_400)).await;
    let mut visitor = Visitor::new(server.console_address());
    visitor.accept_link(&link, &[("password", "tablets on a long table")]).await;
    let role = (StaffRole::Engineer as i32).to_string();
    let fields =
        [("token_name", "desk"), ("role", role.as_str()), ("place", "everywhere"), ("school", ""), ("days", "1")];
    let page = visitor.post("/account/tokens", &fields).await;
    let token = page.between("gfs_", "<").unwrap_or_else(|| panic!("{name} has no token: {}", page.text));
    (id, staff.with_token(&format!("gfs_{token}")), visitor)
}

async fn measure(fleet: &Fleet, (name, call): (&'static str, Call), rounds: usize, target: f64) -> Figure {
    let mut taken = Vec::new();
    for round in 0..rounds {
        taken.push(make(fleet, call, round).await);
    }
    figure(name, &taken, target)
}

/// What elements and times of one call come to.
fn figure(call: &'static str, taken: &[(usize, Duration)], target: f64) -> Figure {
    let elements = taken.iter().map(|(elements, _)| elements).sum();
    let mut times: Vec<_> = taken.iter().map(|(_, took)| took.as_secs_f64() * 1_000.0).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let (p50_ms, p99_ms) = (at(0.5), at(0.99));
    Figure { call, elements, p50_ms, p99_ms, held: p99_ms < target }
}

async fn make(fleet: &Fleet, call: Call, round: usize) -> (usize, Duration) {
    let list = fleet.list(round);
    let ordered = |order: &str| ListDevicesRequest { order_by: String::from(order), ..list.clone() };
    let search = |query: String| ListDevicesRequest { query, ..list.clone() };
    let everywhere = |query: String| ListDevicesRequest { query, page_size: 100, ..Default::default() };
    // Five digits after the mark name a handful of devices, two hundreds.
    let rare = format!("{:04}", 37 * (round + 1) % 5_000);
    let request = match call {
        Call::School => {
            let (municipality_id, school_id) = fleet.school(round).clone();
            ListDevicesRequest { municipality_id, school_id, order_by: String::from("label"), ..list.clone() }
        }
        Call::Municipality => list.clone(),
        Call::Everything => ListDevicesRequest { page_size: 100, ..Default::default() },
        Call::ByLabel => ordered("label desc"),
        Call::ByLabelDeep => return fleet.pages(ordered("label"), 20).await,
        Call::BySchoolName => ordered("school_name"),
        Call::ByLastReport => ordered("last_checkin_time desc"),
        Call::Lost => ListDevicesRequest { lifecycles: vec![Lifecycle::Lost.into()], ..list.clone() },
        Call::Filtered => ListDevicesRequest {
            lifecycles: vec![Lifecycle::InRepair.into()],
            purposes: vec![Purpose::Learner.into()],
            os_kinds: vec![OsKind::Ipados.into()],
            ..ordered("serial_number")
        },
        Call::Silent => ListDevicesRequest { presence: Presence::Silent.into(), ..ordered("label") },
        Call::OpenReviews => ListDevicesRequest { has_open_review: Some(true), ..list.clone() },
        Call::RareFragment => search(rare),
        Call::RareFragmentEverywhere => everywhere(format!("1{rare}0")),
        Call::CommonFragment => search(String::from("NXH")),
        Call::CommonFragmentEverywhere => everywhere(String::from("NXH")),
        Call::TwoCharacters => search(format!("{:02}", round % 100)),
        Call::NoSuchFragment => everywhere(String::from("QQQQ")),
        Call::CountAll | Call::CountMunicipality | Call::CountSchools | Call::CountModels => {
            let (municipality_id, group_by) = match call {
                Call::CountAll => (String::new(), vec![DeviceGroup::Municipality, DeviceGroup::Lifecycle]),
                Call::CountSchools => (fleet.owner(round), vec![DeviceGroup::School]),
                Call::CountModels => (fleet.owner(round), vec![DeviceGroup::Model]),
                _ => (fleet.owner(round), vec![DeviceGroup::Lifecycle, DeviceGroup::Purpose]),
            };
            let group_by = group_by.into_iter().map(i32::from).collect();
            let request = CountDevicesRequest { municipality_id, group_by, ..Default::default() };
            let mut client = fleet.staff.devices().await;
            let started = Instant::now();
            let counted = client.count_devices(request).await.expect("devices are counted").into_inner();
            return (counted.counts.len(), started.elapsed());
        }
        Call::OneDevice => {
            let mut client = fleet.staff.devices().await;
            let page = client.list_devices(list).await.expect("devices are listed").into_inner();
            let device_id = page.devices[round % page.devices.len()].device_id.clone();
            let started = Instant::now();
            client.get_device(GetDeviceRequest { device_id }).await.expect("the device is there");
            return (1, started.elapsed());
        }
        Call::Schools => {
            let request =
                ListSchoolsRequest { municipality_id: fleet.owner(round), page_size: 100, ..Default::default() };
            let mut client = fleet.staff.schools().await;
            let started = Instant::now();
            let page = client.list_schools(request).await.expect("schools are listed").into_inner();
            return (page.schools.len(), started.elapsed());
        }
        Call::Owners => {
            let request = ListMunicipalitiesRequest { page_size: 1_000, ..Default::default() };
            let mut client = fleet.staff.schools().await;
            let started = Instant::now();
            let page = client.list_municipalities(request).await.expect("municipalities are listed").into_inner();
            return (page.municipalities.len(), started.elapsed());
        }
        Call::PageHome => return fleet.page("/").await,
        Call::PageDevices => {
            let path = format!("/devices?municipality={}&presence=silent&sort=label", fleet.owner(round));
            return fleet.page(&path).await;
        }
        Call::PageSchools => return fleet.page(&format!("/schools?municipality={}", fleet.owner(round))).await,
        Call::PageSchool => return fleet.page(&format!("/schools/{}", fleet.school(round).1)).await,
        Call::PageOwner => return fleet.page(&format!("/municipalities/{}", fleet.owner(round))).await,
        Call::PageDevice => {
            let mut client = fleet.staff.devices().await;
            let page = client.list_devices(list).await.expect("devices are listed").into_inner();
            return fleet.page(&format!("/devices/{}", page.devices[round % page.devices.len()].device_id)).await;
        }
    };
    fleet.pages(request, 1).await
}

/// How often PostgreSQL read each large table from end to end so far.
async fn full_scans(database: &str) -> Vec<(String, i64)> {
    if database.starts_with("sqlite:") {
        return Vec::new();
    }
    // What a session did is reported when it is idle.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut connection = PgConnection::connect(database).await.expect("PostgreSQL answers");
    let rows = sqlx::query(
        "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > 20000 ORDER BY relname",
    );
    let rows = rows.fetch_all(&mut connection).await.expect("statistics are there");
    rows.iter().map(|row| (row.get(0), row.get::<Option<i64>, _>(1).unwrap_or(0))).collect()
}
