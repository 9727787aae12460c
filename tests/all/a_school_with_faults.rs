//! A school in network namespaces: ten agents and a probe behind a real line, and what the server says is broken.

use std::{
    fs::File,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gigafleet_agent::identity::to_hex;
use gigafleet_proto::v1::{
    AddSchoolNetworkRequest, CalendarPeriod, DeviceFieldChange, DeviceFieldName, ElementKind, Incident, IncidentState,
    LessonTime, ListIncidentsRequest, PeriodKind, SchoolNetwork as SchoolNetworkSaid, SchoolNetworkKind,
    SetCalendarPeriodRequest, SetLessonTimesRequest, SetTargetRequest, Target, TargetKind, UpdateDeviceRequest,
    calendar_service_client::CalendarServiceClient, network_service_client::NetworkServiceClient,
};
use gigafleet_tests::{
    Engine, Home, ServerOptions, ServerProcess, eventually_async,
    fleet::wall_ms,
    namespaces::{SchoolNetwork, WORLD},
    process,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use time::{Date, OffsetDateTime, UtcOffset};
use tokio::net::{TcpListener, UdpSocket};

/// Tablets of the school.
const TABLETS: usize = 10;
/// Pace of reports and of checks, in seconds; the engine tells a cut from closed lids by counts within a pace.
const PACE_S: f64 = 30.0;
const CHECK_S: &str = "5";
const SERVICE: &str = "learn.test";
const SERVICE_PORT: u16 = 8443;
/// Until when a fault must be noticed: within a lesson, with room for a machine that has much else to do.
const SOON: Duration = Duration::from_secs(420);
/// Incidents are validated before they are closed.
const OVER: Duration = Duration::from_secs(600);
/// How long the school's line is cut.
const CUT: Duration = Duration::from_secs(600);
/// How near to the truth the start of a cut is in the end, in seconds.
const START_S: f64 = 10.0;
/// How long it takes until the plan, the network and what is usual are known.
const USUAL: Duration = Duration::from_secs(210);

/// A resolver that knows the names of this test, until it falls silent.
fn resolve(socket: std::net::UdpSocket, silent: Arc<AtomicBool>) {
    socket.set_nonblocking(true).expect("it can");
    let socket = UdpSocket::from_std(socket).expect("a runtime");
    tokio::spawn(async move {
        let mut query = [0_u8; 512];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut query).await else { continue };
            if length < 17 || silent.load(Ordering::Relaxed) {
                continue;
            }
            // The question as it came: a name ends with an empty label, type and class follow.
            let Some(end) = query[12..length].iter().position(|byte| *byte == 0).map(|at| 12 + at + 5) else {
                continue;
            };
            let is_a = query[end - 4..end - 2] == [0, 1];
            let mut answer = query[..end].to_vec();
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
                answer.extend_from_slice(&WORLD.octets());
            }
            let _lost = socket.send_to(&answer, from).await;
        }
    });
}

/// What shows a certificate of a name.
fn shows(name: &str) -> tokio_rustls::TlsAcceptor {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let certificate = CertificateParams::new(vec![name.to_owned()]).expect("a name").self_signed(&key).expect("signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("they fit");
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

/// A service for lessons, until a filter stands before it and shows its own certificate.
fn serve(listener: std::net::TcpListener, blocked: Arc<AtomicBool>) {
    listener.set_nonblocking(true).expect("it can");
    let listener = TcpListener::from_std(listener).expect("a runtime");
    let (itself, filter) = (shows(SERVICE), shows("filter.test"));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let acceptor = if blocked.load(Ordering::Relaxed) { filter.clone() } else { itself.clone() };
            tokio::spawn(async move {
                // The other side goes when it has seen the certificate.
                let _gone = acceptor.accept(stream).await;
            });
        }
    });
}

/// An agent within the school.
struct Agent {
    folder: tempfile::TempDir,
    running: Option<Child>,
}

impl Agent {
    fn command(&self, network: &SchoolNetwork, name: &str) -> Command {
        // What other tests do at the same time must not look like a slow network.
        let mut command = Command::new("nice");
        command.args(["-n", "-10", "ip", "netns", "exec", &network.devices()]).arg(process::binary("gigafleet-agent"));
        command.arg(name).arg("--state").arg(self.folder.path()).stdin(Stdio::null()).env_remove("STATE_DIRECTORY");
        command
    }

    /// Enrols it; gives its device's id.
    async fn enrol(network: &SchoolNetwork, server: &str, home: &Home) -> (Self, String) {
        let agent = Self { folder: tempfile::tempdir().expect("a folder"), running: None };
        let mut enrolling = agent.command(network, "enroll");
        enrolling.args(["--server", server, "--token", &home.token, "--ca-sha256", &to_hex(&home.ca_sha256)]);
        let mut asking = agent.command(network, "status");
        asking.arg("--json");
        let id = tokio::task::spawn_blocking(move || {
            let output = enrolling.output().expect("it can be executed");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let status = asking.output().expect("it can be executed");
            let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("it prints JSON");
            status["device_id"].as_str().expect("it is enrolled").to_owned()
        });
        let id = id.await.expect("no panic");
        (agent, id)
    }

    fn run(&mut self, network: &SchoolNetwork, arguments: &[&str]) {
        let log = File::create(self.folder.path().join("test.log")).expect("a log");
        let mut command = self.command(network, "run");
        command.args(arguments).stdout(Stdio::null()).stderr(log);
        self.running = Some(command.spawn().expect("it can be executed"));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _gone = (child.kill(), child.wait());
        }
    }
}

/// Today in Japan.
pub(crate) fn today() -> Date {
    OffsetDateTime::now_utc().to_offset(UtcOffset::from_hms(9, 0, 0).expect("nine hours")).date()
}

/// A day as calls take it.
pub(crate) fn day_text(day: Date) -> String {
    format!("{}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// Lessons all day and every day, today too: the test runs when it runs.
pub(crate) async fn always_lessons(server: &ServerProcess, municipality: &str) {
    let mut calendar = CalendarServiceClient::new(server.staff().connection().await);
    let lesson = |weekday| LessonTime { weekday, period: 1, begin_minute: 0, end_minute: 1_440, inherited: false };
    let request = SetLessonTimesRequest {
        municipality_id: municipality.to_owned(),
        lesson_times: (1..=7).map(lesson).collect(),
        ..SetLessonTimesRequest::default()
    };
    calendar.set_lesson_times(request).await.expect("lessons can be said");
    let today = today();
    for (name, day) in [("今日", Some(today)), ("明日", today.next_day())] {
        let date = day_text(day.expect("the calendar goes on"));
        let period = CalendarPeriod {
            kind: PeriodKind::ExtraSchoolDay.into(),
            name: name.to_owned(),
            first_date: date.clone(),
            last_date: date,
            ..CalendarPeriod::default()
        };
        let request = SetCalendarPeriodRequest {
            municipality_id: municipality.to_owned(),
            period: Some(period),
            ..SetCalendarPeriodRequest::default()
        };
        calendar.set_calendar_period(request).await.expect("a day can be said");
    }
}

impl World {
    /// Suspicions too.
    async fn incidents_and_suspicions(&self) -> Vec<Incident> {
        let mut networks = NetworkServiceClient::new(self.server.staff().connection().await);
        let request = ListIncidentsRequest { include_closed: true, ..ListIncidentsRequest::default() };
        networks.list_incidents(request).await.expect("a list").into_inner().incidents
    }

    async fn incidents(&self) -> Vec<Incident> {
        let all = self.incidents_and_suspicions().await;
        all.into_iter().filter(|incident| incident.open_time.is_some()).collect()
    }

    fn say(&self, what: &str, incidents: &[Incident]) {
        println!("{} {:5.0} s {what}", self.name, self.begun.elapsed().as_secs_f64());
        for incident in incidents {
            println!(
                "        {:?} {:?} {} place {} sure {:.2} {:?}",
                incident.state(),
                incident.element_kind(),
                incident.cause,
                incident.mext_place,
                incident.confidence,
                incident.changes.iter().map(|change| change.change.as_str()).collect::<Vec<_>>(),
            );
        }
    }

    /// Says how it goes on, so that what does not come can be understood.
    fn say_news(&self, what: &str, incidents: &[Incident], told: &mut Vec<(i32, usize)>) {
        let now: Vec<_> = incidents.iter().map(|incident| (incident.state, incident.changes.len())).collect();
        if now != *told {
            *told = now;
            self.say(what, incidents);
        }
    }

    /// Waits until the one new incident is open and is what it should be.
    async fn opens(&self, known: usize, what: &str, right: (ElementKind, &str, u32)) -> Incident {
        let mut told = Vec::new();
        let found = eventually_async(what, SOON, async || {
            let all = self.incidents_and_suspicions().await;
            self.say_news(what, &all, &mut told);
            let opened = all.iter().filter(|incident| incident.state() == IncidentState::Open);
            let right =
                |incident: &&Incident| (incident.element_kind(), incident.cause.as_str(), incident.mext_place) == right;
            opened.into_iter().find(right).cloned()
        });
        let found = found.await;
        let all = self.incidents().await;
        self.say(what, &all);
        assert_eq!(all.len(), known + 1, "one trouble is one incident");
        found
    }

    /// Waits until it is over.
    async fn ends(&self, known: usize, what: &str, id: &str) -> Incident {
        let mut told = Vec::new();
        let over = eventually_async(what, OVER, async || {
            let all = self.incidents_and_suspicions().await;
            self.say_news(what, &all, &mut told);
            all.into_iter().find(|one| one.incident_id == id && one.state() == IncidentState::Closed)
        });
        let over = over.await;
        let all = self.incidents().await;
        self.say(what, &all);
        assert_eq!(all.len(), known, "no second alarm");
        over
    }
}

fn seconds(time: Option<prost_types::Timestamp>) -> f64 {
    let time = time.expect("it is said");
    time.seconds as f64 + f64::from(time.nanos) / 1e9
}

/// A school of ten tablets and a probe that has lessons, and all that can be broken around it.
struct World {
    network: SchoolNetwork,
    server: ServerProcess,
    /// The resolver answers nobody.
    silent: Arc<AtomicBool>,
    /// A filter stands before the service.
    blocked: Arc<AtomicBool>,
    /// They end with the test.
    _agents: Vec<Agent>,
    begun: Instant,
    name: &'static str,
}

impl World {
    /// Makes it and waits until the usual is known.
    async fn make(number: u8, name: &'static str) -> Self {
        let network = SchoolNetwork::make(number).await;
        let (silent, blocked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        resolve(network.udp(53), Arc::clone(&silent));
        serve(network.listen(SERVICE_PORT), Arc::clone(&blocked));
        let mut options = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(PACE_S);
        options.namespace = Some((network.world(), network.world_from_here().into()));
        let here = network.world_from_here().to_string();
        for word in ["--name", "gigafleet.test", "--name", &here, "--check-seconds", CHECK_S] {
            options.arguments.push(word.to_owned());
        }
        let server = options.start().await;
        let address = format!("gigafleet.test:{}", server.address().port());
        let home = Home::make(&server, 20).await;
        always_lessons(&server, &home.municipality_id).await;
        let mut networks = NetworkServiceClient::new(server.staff().connection().await);
        let target = Target {
            number: 1,
            name: String::from("学習サービス"),
            kind: TargetKind::Learning.into(),
            host: SERVICE.to_owned(),
            port: SERVICE_PORT.into(),
            tls: true,
            slow_ms: 200,
            source: String::from("試験"),
            ..Target::default()
        };
        networks.set_target(SetTargetRequest { target: Some(target) }).await.expect("a target can be said");
        let mut agents = Vec::new();
        for _ in 0..=TABLETS {
            agents.push(Agent::enrol(&network, &address, &home).await);
        }
        let probe = agents[0].1.clone();
        let purpose = DeviceFieldChange { name: DeviceFieldName::Purpose.into(), value: String::from("probe") };
        let request = UpdateDeviceRequest { device_id: probe.clone(), fields: vec![purpose], ..Default::default() };
        server.staff().devices().await.update_device(request).await.expect("a probe is one");
        for (number, (agent, _)) in agents.iter_mut().enumerate() {
            agent.run(&network, if number == 0 { &["--probe"] } else { &[] });
        }
        let staff = server.staff();
        let gateway = eventually_async("the probe says on which network it is", Duration::from_secs(30), async || {
            staff.device(&probe).await.ok()?.status?.network?.gateway_hash
        });
        let known = SchoolNetworkSaid {
            school_id: home.school_id.clone(),
            kind: SchoolNetworkKind::Gateway.into(),
            value: gateway.await.iter().map(|byte| format!("{byte:02x}")).collect(),
            ..Default::default()
        };
        let request = AddSchoolNetworkRequest { municipality_id: home.municipality_id.clone(), network: Some(known) };
        networks.add_school_network(request).await.expect("a network can be said");
        let agents = agents.into_iter().map(|(agent, _)| agent).collect();
        let world = Self { network, server, silent, blocked, _agents: agents, begun: Instant::now(), name };
        tokio::time::sleep(USUAL).await;
        assert_eq!(world.incidents().await, [], "nothing was broken yet");
        world
    }
}

/// Names that are not resolved, a service that a filter blocks, a line that is full.
async fn three_faults() {
    let world = World::make(1, "faults").await;
    world.silent.store(true, Ordering::Relaxed);
    let dns = world.opens(0, "names are not resolved", (ElementKind::Dns, "dns", 3)).await;
    world.silent.store(false, Ordering::Relaxed);
    world.ends(1, "names are resolved again", &dns.incident_id).await;

    world.blocked.store(true, Ordering::Relaxed);
    let filter = world.opens(1, "a filter blocks the service", (ElementKind::Filter, "filter", 3)).await;
    world.blocked.store(false, Ordering::Relaxed);
    world.ends(2, "the filter lets it pass", &filter.incident_id).await;

    world.network.line.congest(Duration::from_millis(300), 20);
    let slow = world.opens(2, "the line is full", (ElementKind::SchoolLine, "line_congestion", 2)).await;
    world.network.line.congest(Duration::ZERO, 0);
    world.ends(3, "the line is free", &slow.incident_id).await;
}

/// A line that is cut for ten minutes.
async fn cut() {
    let world = World::make(2, "cut").await;
    let cut_at = wall_ms() as f64 / 1e3;
    let begun = Instant::now();
    world.network.line.cut(true);
    let cut = world.opens(0, "the line is cut", (ElementKind::SchoolLine, "line_cut", 2)).await;
    println!("noticed after {:.0} s", seconds(cut.open_time) - cut_at);
    tokio::time::sleep(CUT.saturating_sub(begun.elapsed())).await;
    world.network.line.cut(false);
    let over = world.ends(1, "the line is mended", &cut.incident_id).await;
    let off = seconds(over.start_time) - cut_at;
    println!("the start is {off:.1} s off");
    assert!(off.abs() <= START_S, "the start is {off:.1} s off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_a_real_school_network_is_found_where_it_is_and_ends() {
    tokio::join!(three_faults(), cut());
}
