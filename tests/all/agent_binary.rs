//! The real agent on this machine against the real server.

use std::{
    collections::BTreeSet,
    fs::File,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use gigafleet_agent::trouble::{Outbox, Trouble};
use gigafleet_proto::v1::{
    BandwidthMethod, BandwidthMoment, BandwidthTestState, Device, DeviceFieldChange, DeviceFieldName,
    GetBandwidthReportRequest, LessonTime, ListBandwidthRequest, ListBandwidthTestsRequest, ListTicketsRequest,
    SetLessonTimesRequest, StartBandwidthTestRequest, Ticket, TicketCategory, TicketOrigin, TransitionKind,
    UpdateDeviceRequest, bandwidth_service_client::BandwidthServiceClient,
    calendar_service_client::CalendarServiceClient, ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{Engine, Faucet, Home, ServerOptions, ServerProcess, StaffClient, eventually_async, process};
use rustix::process::Signal;
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset};

/// One installation of the agent.
struct Installation {
    folder: tempfile::TempDir,
    running: Option<Child>,
}

impl Installation {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), running: None }
    }

    /// One that is enrolled, with the id of its device.
    async fn enrolled(home: &Home) -> (Self, String) {
        let agent = Self::new();
        assert_done(&agent.enroll(home).await);
        let device_id = agent.enrolled_as().await;
        (agent, device_id)
    }

    fn state(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(process::binary("gigafleet-agent"));
        command.arg(name).arg("--state").arg(self.state()).stdin(Stdio::null()).env_remove("STATE_DIRECTORY");
        command
    }

    /// Runs a command to its end beside the runtime, which may carry its connection.
    async fn output(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(name);
        command.args(arguments);
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it can be executed")
    }

    async fn enroll(&self, home: &Home) -> Output {
        let ca = gigafleet_agent::identity::to_hex(&home.ca_sha256);
        self.output("enroll", &["--server", &home.server, "--token", &home.token, "--ca-sha256", &ca]).await
    }

    async fn status(&self) -> Value {
        let output = self.output("status", &["--json"]).await;
        serde_json::from_slice(&output.stdout).expect("it prints JSON")
    }

    async fn enrolled_as(&self) -> String {
        self.status().await["device_id"].as_str().expect("it is enrolled").to_owned()
    }

    fn run(&mut self) {
        self.run_with(&[]);
    }

    fn run_with(&mut self, arguments: &[&str]) {
        assert!(self.running.is_none());
        let log = File::options().create(true).append(true).open(self.state().join("test.log")).expect("a log");
        let mut command = self.command("run");
        command.args(arguments);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("it can be executed");
        self.running = Some(child);
    }

    async fn end(&mut self, signal: Signal) -> Option<i32> {
        let mut child = self.running.take().expect("it runs");
        process::signal(&child, signal);
        process::wait_for_exit(&mut child, Duration::from_secs(10)).await
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _gone = (child.kill(), child.wait());
        }
        if std::thread::panicking() {
            eprintln!("the agent's log ends:\n{}", process::tail(&self.state().join("test.log"), 20));
        }
    }
}

#[track_caller]
fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn device_with_reports(staff: &StaffClient, device_id: &str, least: u64) -> Device {
    eventually_async("the agent reported", Duration::from_secs(18), async || {
        staff.device(device_id).await.ok().filter(|device| device.report_count >= least)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_knows_of_this_machine_what_the_agent_shows() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(0.5).start().await;
    let home = Home::make(&server, 1).await;
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    agent.run();
    let device = device_with_reports(&server.staff(), &device_id, 1).await;
    assert_eq!(agent.end(Signal::TERM).await, Some(0));

    let shown = agent.output("show", &[]).await;
    assert_done(&shown);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("it prints JSON");
    let facts = device.facts.clone().expect("the first report is full");
    let said = &shown["facts"];
    println!("{said:#}");
    let texts = [
        ("maker", &facts.maker),
        ("model", &facts.model),
        ("serial_number", &facts.serial_number),
        ("board_uuid", &facts.board_uuid),
        ("os_name", &facts.os_name),
        ("os_version", &facts.os_version),
        ("kernel_version", &facts.kernel_version),
        ("cpu_model", &facts.cpu_model),
        ("agent_version", &facts.agent_version),
    ];
    for (name, stored) in texts {
        assert_eq!(said[name].as_str(), stored.as_deref(), "{name}");
    }
    assert_eq!(said["cpu_count"].as_u64(), facts.cpu_count.map(u64::from));
    assert_eq!(said["memory_bytes"].as_u64(), facts.memory_bytes);
    assert_eq!(said["storage_bytes"].as_u64(), facts.storage_bytes);
    assert_eq!(said["os_kind"].as_str(), Some(facts.os_kind().as_str_name()));
    let hashes: Vec<_> = facts.mac_hashes.iter().map(|hash| gigafleet_agent::identity::to_hex(hash)).collect();
    let shown_hashes: Vec<_> = said["mac_hashes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(shown_hashes, hashes);
    // What every Linux has, and what the kernel itself says.
    assert!(
        facts.memory_bytes.is_some_and(|bytes| bytes > 64 << 20)
            && facts.os_name.is_some()
            && facts.storage_bytes.is_some()
    );
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux");
    assert_eq!(facts.kernel_version.as_deref(), Some(kernel.trim()));
    let status = device.status.expect("the first report is full");
    assert!(status.storage.and_then(|storage| storage.free_bytes).is_some());
    assert_eq!(status.boot.and_then(|boot| boot.boot_count), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_agent_goes_on_and_loses_no_transition() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(0.2).start().await;
    let home = Home::make(&server, 1).await;
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    let staff = server.staff();
    const RUNS: usize = 4;
    let mut reports = 0;
    for _ in 0..RUNS {
        agent.run();
        reports = device_with_reports(&staff, &device_id, reports + 2).await.report_count;
        agent.end(Signal::KILL).await;
    }
    let started = i64::from(i32::from(TransitionKind::AgentStarted));
    let rows = server
        .look()
        .await
        .numbers("SELECT device_id, run_id, number, CAST(kind AS BIGINT) FROM device_transition")
        .await;
    let starts: BTreeSet<_> = rows.iter().filter(|(_, row)| row[2] == started).map(|(_, row)| row[0]).collect();
    assert_eq!(starts.len(), RUNS, "each run is known by its start");
    let device = staff.device(&device_id).await.expect("it is known");
    assert_eq!(device.transition_count as usize, rows.len());
    assert!(device.review_reasons.is_empty(), "a restart is no clone: {:?}", device.review_reasons);
    assert_eq!(device.status.and_then(|status| status.boot?.boot_count), Some(1), "it is one boot all the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_of_the_agent_stays_flat_while_the_server_is_away() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(0.1).start().await;
    let network = Faucet::before(server.address()).await;
    let home = Home { server: network.address().to_string(), ..Home::make(&server, 1).await };
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    agent.run();
    let before = device_with_reports(&server.staff(), &device_id, 3).await.report_count;
    let process_id = agent.running.as_ref().expect("it runs").id();
    let memory_before = process::resident_bytes(process_id);
    network.shut();
    let tries = network.connections();
    // At a pace of 100 ms its retries begin within 100 ms, so some come within these seconds.
    eventually_async("it tried some times", Duration::from_secs(12), async || {
        (network.connections() >= tries + 4).then_some(())
    })
    .await;
    let memory_after = process::resident_bytes(process_id);
    println!("{} KiB before, {} KiB after", memory_before >> 10, memory_after >> 10);
    assert!(memory_after <= memory_before + (512 << 10), "{memory_before} bytes before, {memory_after} after");
    network.open();
    device_with_reports(&server.staff(), &device_id, before + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_says_why_it_can_not_enrol() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let home = Home::make(&server, 1).await;
    let agent = Installation::new();
    let unknown = agent.enroll(&Home { token: String::from("gft_wrong"), ..home.clone() }).await;
    assert_eq!(unknown.status.code(), Some(1));
    let message = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(message.contains("not known"), "{message}");
    let nobody = Home { server: format!("127.0.0.1:{}", process::free_port()), ..home.clone() };
    assert_eq!(agent.enroll(&nobody).await.status.code(), Some(1));
    assert_done(&agent.enroll(&home).await);
    assert_eq!(agent.enroll(&home).await.status.code(), Some(1), "once is enough");
    let devices = server.staff().all_devices(&home.municipality_id).await.expect("a list");
    assert_eq!(devices.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_agent_on_the_same_state_is_refused() {
    let server = ServerOptions::on(Engine::Sqlite).await.checkin_seconds(0.5).start().await;
    let home = Home::make(&server, 1).await;
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    agent.run();
    device_with_reports(&server.staff(), &device_id, 1).await;
    let second = agent.output("run", &[]).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another agent"));
}

/// The tickets of an owner, as their numbers go.
async fn tickets_of(server: &ServerProcess, municipality_id: &str) -> Vec<Ticket> {
    let request =
        ListTicketsRequest { municipality_id: municipality_id.to_owned(), page_size: 100, ..Default::default() };
    let mut tickets = TicketServiceClient::new(server.staff().connection().await);
    let mut found = tickets.list_tickets(request).await.expect("a list").into_inner().tickets;
    found.sort_by_key(|ticket| ticket.number);
    found
}

on_both_engines!(report_typed_while_the_server_is_away_becomes_one_ticket_when_it_is_back);

async fn report_typed_while_the_server_is_away_becomes_one_ticket_when_it_is_back(engine: Engine) {
    let server = ServerOptions::on(engine).await.checkin_seconds(0.3).start().await;
    let network = Faucet::before(server.address()).await;
    let home = Home { server: network.address().to_string(), ..Home::make(&server, 1).await };
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    agent.run();
    device_with_reports(&server.staff(), &device_id, 1).await;
    let owner = home.municipality_id.clone();

    // Nobody can be reached: it is kept, also over the end of the agent.
    network.shut();
    let said = ["画面がつかない", "--category", "no_start", "--teacher", "--lesson-stopped"];
    let kept = agent.output("report", &said).await;
    assert_done(&kept);
    let told = String::from_utf8_lossy(&kept.stdout).into_owned();
    assert!(told.contains("自動で送ります"), "{told}");
    let waiting = agent.output("report", &[]).await;
    assert!(String::from_utf8_lossy(&waiting.stdout).contains("送信待ち 1 件"));
    agent.end(Signal::KILL).await;
    assert_eq!(tickets_of(&server, &owner).await.len(), 0);

    agent.run();
    network.open();
    let made = eventually_async("the report arrived", Duration::from_secs(30), async || {
        tickets_of(&server, &owner).await.pop()
    })
    .await;
    assert_eq!((made.device_id.as_str(), made.school_id.as_str()), (device_id.as_str(), home.school_id.as_str()));
    assert_eq!((made.origin(), made.category()), (TicketOrigin::Agent, TicketCategory::NoStart));
    assert_eq!((made.subject.as_str(), made.number), ("画面がつかない", 1));

    // Who asks how it stands makes no other, and one that can be sent at once is.
    let standing = eventually_async("the agent knows that it arrived", Duration::from_secs(10), async || {
        let output = agent.output("report", &[]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("番号 1 未対応").then_some(text)
    })
    .await;
    assert!(standing.contains("/report/") && !standing.contains("送信待ち"), "{standing}");
    // As if the power had failed between the answer and the note of it.
    let folder = agent.state().join("trouble");
    let named = |kind: &str| {
        let files = std::fs::read_dir(&folder).expect("it was made").map(|file| file.expect("readable").path());
        files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == kind))
    };
    let sent = named("sent").expect("what was sent stays");
    std::fs::rename(&sent, sent.with_extension("report")).expect("it is ours");
    eventually_async("it was sent once more", Duration::from_secs(10), async || named("sent")).await;
    assert_eq!(tickets_of(&server, &owner).await.len(), 1, "a repeat makes none");

    let second = agent.output("report", &["キーボードのキーが外れた"]).await;
    assert_done(&second);
    assert!(String::from_utf8_lossy(&second.stdout).contains("番号 2"));
    let empty = agent.output("report", &[" "]).await;
    assert_eq!(empty.status.code(), Some(1));
    let reports = server.staff().device(&device_id).await.expect("it is known").report_count;
    device_with_reports(&server.staff(), &device_id, reports + 3).await;
    assert_eq!(tickets_of(&server, &owner).await.len(), 2, "nothing is sent twice");
    assert_eq!(agent.end(Signal::TERM).await, Some(0));

    // As if the server had been restored from a backup of yesterday.
    let outbox = Outbox::of(agent.state());
    let lost = Trouble { text: String::from("充電できない"), ..Trouble::default() };
    let lost = outbox.put(lost, 1_000).expect("there is room");
    assert!(outbox.sent(&lost));
    drop(lost);
    let asked = agent.output("report", &[]).await;
    let told = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(told.contains("「充電できない」 サーバーに、この連絡の記録がありません"), "{told}");
    assert!(told.contains("番号 1") && told.contains("番号 2"), "{told}");
    assert_eq!(tickets_of(&server, &owner).await.len(), 2, "none is made by asking");
    network.shut();
    let asked = agent.output("report", &[]).await;
    let told = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert_eq!(told.matches('「').count(), 1, "it is waited for once: {told}");
}

/// Says when lessons are: one minute, twelve hours from now, so that none are on however long this takes.
async fn lessons_at_another_time(server: &ServerProcess, municipality_id: &str) {
    let now = OffsetDateTime::now_utc().to_offset(UtcOffset::from_hms(9, 0, 0).expect("nine hours"));
    let begin_minute = (u32::from(now.hour()) * 60 + u32::from(now.minute()) + 720) % 1_439;
    let end_minute = begin_minute + 1;
    let lesson = |weekday| LessonTime { weekday, period: 1, begin_minute, end_minute, inherited: false };
    let request = SetLessonTimesRequest {
        municipality_id: municipality_id.to_owned(),
        lesson_times: (1..=7).map(lesson).collect(),
        ..SetLessonTimesRequest::default()
    };
    let mut calendars = CalendarServiceClient::new(server.staff().connection().await);
    calendars.set_lesson_times(request).await.expect("lessons can be said");
}

on_both_engines!(agent_measures_when_it_is_asked_and_the_report_shows_it);

async fn agent_measures_when_it_is_asked_and_the_report_shows_it(engine: Engine) {
    let server = ServerOptions::on(engine).await.checkin_seconds(0.5).start().await;
    let home = Home::make(&server, 1).await;
    let (municipality_id, school_id) = (home.municipality_id.clone(), home.school_id.clone());
    lessons_at_another_time(&server, &municipality_id).await;
    let (mut agent, device_id) = Installation::enrolled(&home).await;
    // Nothing is known of the school's network, but a probe stays where it was put.
    let purpose = DeviceFieldChange { name: DeviceFieldName::Purpose.into(), value: String::from("probe") };
    let request = UpdateDeviceRequest { device_id: device_id.clone(), fields: vec![purpose], ..Default::default() };
    server.staff().devices().await.update_device(request).await.expect("a probe is one");
    agent.run_with(&["--probe"]);
    device_with_reports(&server.staff(), &device_id, 1).await;

    let staff = server.staff();
    let bandwidth = async || BandwidthServiceClient::new(staff.connection().await);
    let request = StartBandwidthTestRequest {
        municipality_id: municipality_id.clone(),
        school_id: school_id.clone(),
        most_bytes: 20_000_000,
        ..Default::default()
    };
    // A device counts as there for two paces, which are short here.
    let test = eventually_async("a test is given", Duration::from_secs(18), async || {
        bandwidth().await.start_bandwidth_test(request.clone()).await.ok()?.into_inner().test
    })
    .await;
    assert_eq!((test.device_id.as_str(), test.state()), (device_id.as_str(), BandwidthTestState::Given));

    let request = ListBandwidthRequest {
        municipality_id: municipality_id.clone(),
        school_id: school_id.clone(),
        ..ListBandwidthRequest::default()
    };
    let measured = eventually_async("it was measured", Duration::from_secs(60), async || {
        bandwidth().await.list_bandwidth(request.clone()).await.ok()?.into_inner().measurements.pop()
    })
    .await;
    println!("{measured:?}");
    assert_eq!(measured.measurement_id, test.test_id);
    assert_eq!((measured.method(), measured.moment()), (BandwidthMethod::Agent, BandwidthMoment::OutsideLessons));
    // Through a loopback, by binaries that are not optimised.
    assert!(measured.receive_kbps > 10_000 && measured.send_kbps > 10_000, "{measured:?}");
    let at = measured.measure_time.expect("it has a time").seconds;
    assert!(at.abs_diff(OffsetDateTime::now_utc().unix_timestamp()) < 120, "{measured:?}");

    let request = ListBandwidthTestsRequest { municipality_id: municipality_id.clone(), ..Default::default() };
    let tests = bandwidth().await.list_bandwidth_tests(request).await.expect("they are listed").into_inner().tests;
    assert_eq!((tests.len(), tests[0].state()), (1, BandwidthTestState::Done));
    assert_eq!(tests[0].receive_kbps, measured.receive_kbps);
    let request = GetBandwidthReportRequest { municipality_id, fiscal_year: 0 };
    let report = bandwidth().await.get_bandwidth_report(request).await.expect("there is a report").into_inner();
    assert_eq!(report.schools[0].measured_kbps, Some(measured.receive_kbps));
    assert_eq!(agent.end(Signal::TERM).await, Some(0));
}
