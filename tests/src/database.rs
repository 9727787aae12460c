//! The databases that servers of a test work on, and a look into them that goes past the server.

use std::{collections::BTreeMap, path::Path, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::postgres::{Postgres, execute};

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file in the server's data folder.
    Sqlite,
    /// A database of its own in the shared cluster.
    Postgres,
}

/// A database of PostgreSQL that is removed with the value.
#[derive(Debug)]
pub struct Database {
    url: String,
    superuser_url: String,
    name: String,
}

impl Database {
    pub(crate) fn postgres(url: String, superuser_url: String, name: String) -> Self {
        Self { url, superuser_url, name }
    }

    /// A fresh one in the shared cluster.
    pub async fn fresh() -> Self {
        Postgres::shared().fresh_database().await
    }

    /// What `--database` takes.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, name) = (self.superuser_url.clone(), self.name.clone());
        // A thread with a runtime of its own, since a test may drop this inside of its runtime. A failure leaves a
        // database in a cluster that goes anyway, so it must not hide what the test says.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _failed = removal.join();
    }
}

/// One stored transition, as far as its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredTransition {
    /// The device, lower case UUID.
    pub device_id: String,
    /// The run that recorded it.
    pub run_id: u64,
    /// Its number within the run.
    pub number: u64,
}

/// What is stored of one device's reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCursor {
    /// The device, lower case UUID.
    pub device_id: String,
    /// Newest sequence.
    pub sequence: u64,
    /// Reports stored.
    pub report_count: u64,
    /// Transitions stored, as counted by the server.
    pub transition_count: u64,
}

/// Columns that a request moves which changes nothing, or background work.
const MOVED: [(&str, &str); 4] = [
    ("staff_token", "used_at"),
    ("staff_session", "seen_at"),
    ("checkin_cursor", "seen_at"),
    ("ticket_counter", "revision"),
];
/// Tables that background work writes whenever it runs.
const KEPT_BY_JOBS: [&str; 10] = [
    "bandwidth_test",
    "school_figures",
    "figures_count",
    "job_lease",
    "server_feed",
    "server_gap",
    "network_heard",
    "network_rollup",
    "network_engine",
    "ticket_terms",
];
/// On PostgreSQL each transaction counts in a slot of its own, and a job adds them up whenever it runs.
const COUNTS: &str =
    "SELECT jsonb_build_array(municipality_id, school_id, lifecycle, purpose, os_kind, SUM(device_count))::text
        AS line
    FROM device_count GROUP BY municipality_id, school_id, lifecycle, purpose, os_kind HAVING SUM(device_count) <> 0";

/// A connection past the server, to what is really stored.
#[derive(Debug)]
pub enum Look {
    /// Into a SQLite file.
    Sqlite(SqliteConnection),
    /// Into a database of PostgreSQL.
    Postgres(PgConnection),
}

impl Look {
    /// Opens a file for reading. It can be read while a server writes it.
    pub async fn into_file(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        Self::Sqlite(SqliteConnection::connect_with(&options).await.expect("the file can be read"))
    }

    /// Connects to a database.
    pub async fn into_postgres(url: &str) -> Self {
        Self::Postgres(PgConnection::connect(url).await.expect("the database can be read"))
    }

    /// All stored transitions.
    pub async fn transitions(&mut self) -> Vec<StoredTransition> {
        let rows = self.numbers("SELECT device_id, run_id, number FROM device_transition").await;
        let named = |(device, numbers): (Uuid, Vec<i64>)| StoredTransition {
            device_id: device.to_string(),
            run_id: numbers[0].cast_unsigned(),
            number: numbers[1].cast_unsigned(),
        };
        rows.into_iter().map(named).collect()
    }

    /// What is stored of all devices' reports.
    pub async fn cursors(&mut self) -> Vec<StoredCursor> {
        let rows = self.numbers("SELECT device_id, sequence, report_count, transition_count FROM checkin_cursor").await;
        let named = |(device, numbers): (Uuid, Vec<i64>)| StoredCursor {
            device_id: device.to_string(),
            sequence: numbers[0].cast_unsigned(),
            report_count: numbers[1].cast_unsigned(),
            transition_count: numbers[2].cast_unsigned(),
        };
        rows.into_iter().map(named).collect()
    }

    /// Everything that is stored: each table's rows as text, in one order. Without what mere looking moves: when tokens and
    /// sessions were last used, and the slots that counts of devices stand in, of which only the sum counts; and without the
    /// tables that background work keeps by itself.
    pub async fn contents(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut contents = BTreeMap::new();
        for (table, lines) in self.lines_of_tables().await {
            contents.insert(table, self.texts(format!("SELECT line FROM ({lines}) AS l ORDER BY line")).await);
        }
        contents
    }

    /// As [`Look::contents`], one text for each table: the same text for the same rows. Quick enough to be asked for often.
    pub async fn fingerprints(&mut self) -> BTreeMap<String, String> {
        let mut fingerprints = BTreeMap::new();
        for (table, lines) in self.lines_of_tables().await {
            let one = match self {
                Self::Sqlite(_) => {
                    format!("SELECT group_concat(line, char(10)) FROM (SELECT line FROM ({lines}) ORDER BY 1)")
                }
                Self::Postgres(_) => format!("SELECT md5(string_agg(line, ',' ORDER BY line)) FROM ({lines}) AS l"),
            };
            fingerprints.insert(table, self.texts(format!("SELECT COALESCE(({one}), '')")).await.concat());
        }
        fingerprints
    }

    /// For each table a statement that gives its rows, each as one text.
    async fn lines_of_tables(&mut self) -> Vec<(String, String)> {
        let tables = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Self::Postgres(_) => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
        };
        let mut all = Vec::new();
        for table in self.texts(tables.to_owned()).await {
            if KEPT_BY_JOBS.contains(&table.as_str()) {
                continue;
            }
            let moved = MOVED.iter().find(|(of, _)| *of == table).map_or("", |(_, column)| column);
            let lines = match self {
                Self::Sqlite(_) => {
                    let columns = format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> '{moved}'");
                    let columns = self.texts(columns).await;
                    let quoted: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                    format!("SELECT {} AS line FROM \"{table}\"", quoted.join(" || ',' || "))
                }
                Self::Postgres(_) if table == "device_count" => COUNTS.to_owned(),
                Self::Postgres(_) => format!("SELECT (to_jsonb(t) - '{moved}')::text AS line FROM \"{table}\" t"),
            };
            all.push((table, lines));
        }
        all
    }

    async fn texts(&mut self, sql: String) -> Vec<String> {
        let found = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await,
        };
        found.expect("the schema is known")
    }

    /// Rows of a device id and numbers behind it.
    pub async fn numbers(&mut self, sql: &'static str) -> Vec<(Uuid, Vec<i64>)> {
        macro_rules! rows {
            ($connection:expr) => {{
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all($connection).await.expect("the schema is known");
                rows.iter()
                    .map(|row| {
                        (row.get::<Uuid, _>(0), (1..row.len()).map(|column| row.get::<i64, _>(column)).collect())
                    })
                    .collect()
            }};
        }
        match self {
            Self::Sqlite(connection) => rows!(connection),
            Self::Postgres(connection) => rows!(connection),
        }
    }
}

/// Runs one statement on a file that a server may have open.
pub(crate) async fn change_file(file: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the file can be written");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the schema is known");
}
