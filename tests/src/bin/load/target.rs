//! The server under load, and what it cost.

use std::{path::PathBuf, time::Duration};

use gigafleet_agent::identity::{Identity, to_hex};
use gigafleet_tests::{
    Home, Postgres, ServerOptions, ServerProcess,
    database::Database,
    fleet::connector,
    process::{cpu_time, cpu_time_of_tree, resident_bytes},
};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

/// The real server on one engine.
pub struct Target {
    server: ServerProcess,
    database: Option<(Database, Option<Postgres>)>,
}

/// All counters at one time.
pub struct Look {
    server_cpu: Duration,
    database_cpu: Duration,
    wal_bytes: i64,
    wire_bytes: u64,
    rows: f64,
    batches: f64,
    reports: f64,
}

/// What one check-in cost, on average.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// Processor time of the server in microseconds.
    pub server_cpu_us: f64,
    /// Processor time of PostgreSQL in microseconds; SQLite works inside the server.
    pub database_cpu_us: f64,
    /// Write-ahead log of PostgreSQL.
    pub wal_bytes: f64,
    /// Bytes on the loopback interface in both directions, TCP/IP headers included, and PostgreSQL's where it runs.
    pub wire_bytes: f64,
    /// Rows written.
    pub rows_written: f64,
    /// Reports in a transaction.
    pub reports_per_batch: f64,
}

impl Look {
    /// What each of `count` check-ins cost since another look.
    pub fn since(&self, before: &Self, count: u64) -> Cost {
        let each = |total: f64| (total / count.max(1) as f64 * 100.0).round() / 100.0;
        Cost {
            server_cpu_us: each((self.server_cpu - before.server_cpu).as_micros() as f64),
            database_cpu_us: each(self.database_cpu.saturating_sub(before.database_cpu).as_micros() as f64),
            wal_bytes: each((self.wal_bytes - before.wal_bytes) as f64),
            wire_bytes: each((self.wire_bytes - before.wire_bytes) as f64),
            rows_written: each(self.rows - before.rows),
            reports_per_batch: ((self.reports - before.reports) / (self.batches - before.batches).max(1.0) * 10.0)
                .round()
                / 10.0,
        }
    }

    /// Reports that were stored since the server started.
    pub fn reports(&self) -> u64 {
        self.reports as u64
    }
}

impl Target {
    /// On a SQLite file.
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_at_pace(60.0).await
    }

    /// On a SQLite file, with a pace for agents in seconds.
    pub async fn on_sqlite_at_pace(checkin_seconds: f64) -> Self {
        build_server();
        let server = ServerOptions::in_folder().checkin_seconds(checkin_seconds).start().await;
        Self { server, database: None }
    }

    /// On a new database of a cluster, a scratch one if none is named.
    pub async fn on_postgres(url: Option<&str>) -> Self {
        build_server();
        let (database, cluster) = match url {
            Some(url) => (gigafleet_tests::postgres::fresh_database(url).await, None),
            None => {
                let cluster = Postgres::scratch();
                (cluster.fresh_database().await, Some(cluster))
            }
        };
        let server = ServerOptions::on_url(database.url()).checkin_seconds(60.0).start().await;
        Self { server, database: Some((database, cluster)) }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// A token and the hash of the authority's certificate.
    pub async fn token(&self, uses: u32) -> (String, String) {
        let home = Home::make(&self.server, uses).await;
        (home.token, to_hex(&home.ca_sha256))
    }

    /// Enrols so many devices.
    pub async fn enroll(&self, count: usize) -> Vec<Identity> {
        let home = Home::make(&self.server, u32::try_from(count).expect("a number of devices")).await;
        home.enroll_many(count, 16).await
    }

    /// All counters now.
    pub async fn look(&self) -> Look {
        let metric = async |name: &str| self.server.metric(name).await;
        let mut look = Look {
            server_cpu: cpu_time(self.server.process_id()),
            database_cpu: Duration::ZERO,
            wal_bytes: 0,
            wire_bytes: loopback_bytes(),
            rows: metric("gigafleet_checkin_rows_written_total").await,
            batches: metric("gigafleet_checkin_batch_reports_count").await,
            reports: metric("gigafleet_checkin_batch_reports_sum").await,
        };
        if let Some((database, cluster)) = &self.database {
            let mut connection = PgConnection::connect(database.url()).await.expect("PostgreSQL answers");
            let position = sqlx::query_scalar("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint");
            look.wal_bytes = position.fetch_one(&mut connection).await.expect("a position");
            let postmaster = cluster.as_ref().and_then(Postgres::postmaster_id);
            look.database_cpu = postmaster.map(cpu_time_of_tree).unwrap_or_default();
        }
        look
    }

    /// Opens connections that do nothing, and gives what each one takes of the server's memory.
    pub async fn idle_connection_bytes(&self, count: usize) -> u64 {
        let identities = self.enroll(64).await;
        let connectors: Vec<_> = identities.iter().map(connector).collect();
        let open = async |count: usize| {
            let mut connections = Vec::with_capacity(count);
            for n in 0..count {
                let connector = &connectors[n % connectors.len()];
                let connection =
                    connector.connect(gigafleet_agent::transport::Protocol::Http2).await.expect("accepted");
                let mut client = gigafleet_proto::v1::agent_service_client::AgentServiceClient::new(connection);
                let mut device = crate::client::Device::new(identities[n % identities.len()].clone(), n as u64);
                // One call each, so that all buffers have been used.
                let _refused_or_not = client.check_in(device.next_report()).await;
                connections.push(client);
            }
            connections
        };
        // Some first, for what the server allocates once.
        let warm = open(200).await;
        let before = resident_bytes(self.server.process_id());
        let connections = open(count).await;
        let after = resident_bytes(self.server.process_id());
        drop((warm, connections));
        after.saturating_sub(before) / count as u64
    }
}

fn loopback_bytes() -> u64 {
    let text = std::fs::read_to_string("/sys/class/net/lo/statistics/rx_bytes").expect("Linux counts");
    text.trim().parse().expect("a number")
}

/// Builds the server's binary in this program's profile, if cargo started this program; else it must be there.
fn build_server() {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let folder: PathBuf = gigafleet_tests::process::binary_folder();
    let mut command = std::process::Command::new(cargo);
    command.args(["build", "--quiet", "-p", "gigafleet"]);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    assert!(command.status().expect("cargo runs").success(), "the server builds");
}
