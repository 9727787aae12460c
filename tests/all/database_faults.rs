//! The database goes away, fills up, or comes back: agents keep, the server says so, nothing acknowledged is lost.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    process::Command,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use gigafleet_proto::v1::{CheckInRequest, Presence};
use gigafleet_tests::{
    Database, Faucet, Fleet, Home, ServerOptions, ServerProcess, database::StoredTransition, eventually,
    eventually_async, fleet,
};
use tonic::{Code, Status};

use crate::refusal::{assert_refused, retry_delay};

/// How long the database is away.
const AWAY: Duration = Duration::from_secs(5);

/// A server that reaches its database through a proxy.
async fn server_behind(database: &Database) -> (ServerProcess, Faucet) {
    let (before, behind) = database.url().split_once('@').expect("a URL with a user");
    let (address, name) = behind.split_once('/').expect("a URL with a database");
    let network = Faucet::before(address.parse().expect("an address")).await;
    let url = format!("{before}@{}/{name}", network.address());
    let server = ServerOptions::on_url(&url).checkin_seconds(0.5).start().await;
    (server, network)
}

async fn assert_unavailable(report: Result<tonic::Response<gigafleet_proto::v1::CheckInResponse>, Status>) {
    let status = assert_refused(report, Code::Unavailable, "DATABASE_UNAVAILABLE");
    retry_delay(&status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_gone_for_a_while_loses_nothing_and_nobody_looks_offline() {
    let database = Database::fresh().await;
    let (server, network) = server_behind(&database).await;
    let home = Home::make(&server, 21).await;
    let identities = home.enroll_many(20, 4).await;
    let by_hand = home.enroll().await;
    let mut client = fleet::agent_client(&by_hand).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("all is well");
    let agents = Fleet::run(&identities, &fleet::fast_engine());
    agents.surroundings.lively.store(true, Ordering::Relaxed);
    eventually("all agents report", Duration::from_secs(15), || (agents.ledger.told().len() == 20).then_some(())).await;

    network.shut();
    let gone = Instant::now();
    let mut sequence = 1;
    while gone.elapsed() < AWAY {
        sequence += 1;
        assert_unavailable(client.check_in(fleet::heartbeat(sequence, 3)).await).await;
        let status = server.staff().device(&by_hand.device_id.0).await.expect_err("staff is told the truth too");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (head, _) = server.observe("/readyz").await;
    assert!(head.contains(" 503 "), "{head}");
    let reports_before = agents.ledger.acknowledged_reports();
    network.open();

    // From the first answer on, whoever was heard while the database was away is not shown as silent.
    let staff = server.staff();
    let mut looks = 0;
    let told = agents.ledger.told();
    eventually_async("all agents report again", Duration::from_secs(15), async || {
        if let Ok(devices) = staff.all_devices(&home.municipality_id).await {
            looks += 1;
            let silent = devices.iter().filter(|device| device.presence() == Presence::Silent).count();
            assert_eq!(silent, 0, "of {} devices in look {looks}", devices.len());
        }
        let now = agents.ledger.told();
        let all = told.iter().all(|(id, before)| now[id].acknowledged.len() > before.acknowledged.len());
        (all && looks > 0).then_some(())
    })
    .await;
    assert!(agents.ledger.acknowledged_reports() > reports_before);
    client.check_in(fleet::heartbeat(sequence + 1, 3)).await.expect("it is stored again");
    settle(&server, agents, &home).await;
}

/// Lets a lively fleet come to rest and checks that what it was told is stored, once.
pub async fn settle(server: &ServerProcess, agents: Fleet, home: &Home) {
    agents.surroundings.lively.store(false, Ordering::Relaxed);
    let mut last = usize::MAX;
    let mut quiet_since = Instant::now();
    eventually("no more transitions come", Duration::from_secs(10), || {
        let now = agents.ledger.acknowledged_transitions();
        if now != last {
            (last, quiet_since) = (now, Instant::now());
        }
        (quiet_since.elapsed() > Duration::from_millis(1_500)).then_some(())
    })
    .await;
    let ledger = agents.stop().await;
    let stored: HashSet<_> = server.look().await.transitions().await.into_iter().collect();
    let told = ledger.told();
    let acknowledged = told.iter().flat_map(|(device_id, told)| {
        let named = |(run_id, number): &(u64, u64)| StoredTransition {
            device_id: device_id.clone(),
            run_id: *run_id,
            number: *number,
        };
        told.transitions.iter().map(named).collect::<Vec<_>>()
    });
    let lost: Vec<_> = acknowledged.filter(|transition| !stored.contains(transition)).collect();
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    assert_eq!(stored.len(), ledger.acknowledged_transitions(), "at rest, all that is stored is acknowledged");
    for device in server.staff().all_devices(&home.municipality_id).await.expect("a list") {
        let told = ledger.told_to(&device.device_id);
        if !told.sent.is_empty() {
            let counted = usize::try_from(device.report_count).expect("it fits");
            assert!(counted >= told.acknowledged.len() && counted <= told.sent.len(), "{counted} of {told:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_that_hangs_is_not_waited_for_without_end() {
    let database = Database::fresh().await;
    let (server, network) = server_behind(&database).await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("all is well");
    network.stall();
    let begun = Instant::now();
    // The agent would give up after 30 s; a server that still waits then holds the call, the place and the queue.
    let outcome = tokio::time::timeout(Duration::from_secs(31), client.check_in(fleet::heartbeat(2, 3))).await;
    let status = outcome.expect("an answer before the agent gives up").expect_err("it cannot be stored");
    let waited = begun.elapsed();
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?} after {waited:?}");
    network.open();
    eventually_async("it goes on", Duration::from_secs(20), async || {
        client.check_in(fleet::heartbeat(3, 3)).await.ok().map(|_| ())
    })
    .await;
}

/// A small file system of its own, for a disk that fills up.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(megabytes: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let output = mounted.expect("the program mount exists");
        assert!(
            output.status.success(),
            "this test needs a file system that can fill up, so it mounts a small tmpfs, which needs root: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("a file");
        for size in [64 << 10, 4 << 10, 512, 1] {
            while std::io::Write::write_all(&mut file, &vec![0; size]).is_ok() {}
        }
    }

    fn relieve(&self) {
        fs::remove_file(self.path().join("filler")).expect("the filler is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _left_behind = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_is_said_and_survived() {
    let disk = SmallDisk::mount(6);
    let mut server = ServerOptions::in_data_dir(disk.path().join("data")).start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    let report = |sequence: u64| {
        let first = sequence * 200;
        CheckInRequest {
            transitions: (first..first + 200).map(fleet::transition).collect(),
            ..fleet::full_report(sequence, 3)
        }
    };
    client.check_in(report(1)).await.expect("there is room");
    disk.fill();
    let mut acknowledged = 1;
    let refused = loop {
        match client.check_in(report(acknowledged + 1)).await {
            Ok(_) => acknowledged += 1,
            Err(status) => break status,
        }
        assert!(acknowledged < 500, "the disk is full and reports are still acknowledged");
    };
    assert_unavailable(Err(refused)).await;
    assert!(server.is_running());
    server.staff().device(&identity.device_id.0).await.expect("what is there can be read");

    disk.relieve();
    let answer = client.check_in(report(acknowledged + 1)).await.expect("there is room again").into_inner();
    assert_eq!(answer.acknowledged_sequence, acknowledged + 1);
    let stored = server.look().await.transitions().await.len();
    assert_eq!(stored as u64, (acknowledged + 1) * 200);

    // A crash on a full disk: what was acknowledged is there at the next start.
    disk.fill();
    server.kill().await;
    disk.relieve();
    server.restart().await;
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!((device.sequence, device.transition_count), (acknowledged + 1, (acknowledged + 1) * 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_locked_while_running_is_said_and_survived() {
    let server = ServerOptions::in_folder().start().await;
    let identity = Home::make(&server, 1).await.enroll().await;
    let mut client = fleet::agent_client(&identity).await;
    client.check_in(fleet::full_report(1, 3)).await.expect("all is well");
    let lock = crate::starting::ExclusiveLock::take(&server.options().data_dir.join("gigafleet.db")).await;
    assert_unavailable(client.check_in(fleet::heartbeat(2, 3)).await).await;
    lock.release().await;
    let answer = client.check_in(fleet::heartbeat(2, 3)).await.expect("it is stored").into_inner();
    assert_eq!(answer.acknowledged_sequence, 2);
}
