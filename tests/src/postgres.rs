//! A scratch PostgreSQL cluster: made in a temporary folder, durable like a real one, gone afterwards.
//!
//! The cluster hangs on a pipe: a small shell waits for the end of its input and then stops the cluster and removes its
//! folder. So it ends with this process however that ends, by return, panic or SIGKILL.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::{
    database::Database,
    process::{free_port, tail, wait_for_exit},
};

/// Names the superuser's URL of a running cluster that is to be used instead of a scratch one.
pub const VARIABLE: &str = "GIGAFLEET_TEST_POSTGRES";

/// Where Debian and others install the programs, one folder per version.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Makes the cluster, says `ready`, and ends it when the input ends. Arguments: folder of the programs, folder of the
/// cluster, port. As PostgreSQL refuses to run as root, it runs as whoever starts it.
const SCRIPT: &str = r#"
set -e
bin=$1; folder=$2; port=$3
"$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C >"$folder/log" 2>&1
"$bin/postgres" -D "$folder/data" -p "$port" -k "$folder" \
    -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=128MB \
    -c fsync=on -c synchronous_commit=on -c full_page_writes=on >>"$folder/log" 2>&1 </dev/null &
cluster=$!
trap 'kill -QUIT $cluster 2>/dev/null || true; wait $cluster || true; rm -rf "$folder"' EXIT
tries=0
until "$bin/pg_isready" --quiet --host=127.0.0.1 --port="$port"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] && kill -0 $cluster
    sleep 0.1
done
echo "ready $cluster"
read -r _ || true
"#;

/// A PostgreSQL cluster for tests. Dropping it stops what it started.
#[derive(Debug)]
pub struct Postgres {
    superuser_url: String,
    cluster: Option<Cluster>,
}

#[derive(Debug)]
struct Cluster {
    keeper: Child,
    /// Its end is the keeper's signal.
    input: Option<ChildStdin>,
    postmaster_id: u32,
}

impl Postgres {
    /// Uses the cluster that `GIGAFLEET_TEST_POSTGRES` names, or makes a scratch one. Panics if there is neither.
    pub fn start() -> Self {
        match env::var(VARIABLE) {
            Ok(superuser_url) if !superuser_url.is_empty() => Self { superuser_url, cluster: None },
            _ => Self::scratch(),
        }
    }

    /// The cluster of this process, made on first use.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Postgres>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::start())))
    }

    /// Makes a scratch cluster, whatever the environment says.
    pub fn scratch() -> Self {
        let programs = newest_programs();
        let folder = tempfile::Builder::new().prefix("gigafleet-postgres-").tempdir().expect("a temporary folder");
        let port = free_port();
        let mut command = as_other_than_root(folder.path());
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(&programs).arg(folder.path()).arg(port.to_string());
        // A group of its own, so that ^C reaches us only and the cluster ends in order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .current_dir("/")
            .spawn()
            .expect("setpriv and sh exist");
        let input = keeper.stdin.take();
        let mut line = String::new();
        let output = keeper.stdout.take().expect("it was piped");
        BufReader::new(output).read_line(&mut line).expect("the keeper's output can be read");
        let Some(postmaster_id) = line.trim().strip_prefix("ready ").and_then(|id| id.parse().ok()) else {
            panic!("PostgreSQL did not start; its log ends:\n{}", tail(&folder.path().join("log"), 20));
        };
        // From here on the keeper removes the folder.
        let _kept = folder.keep();
        let superuser_url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        Self { superuser_url, cluster: Some(Cluster { keeper, input, postmaster_id }) }
    }

    /// URL of the superuser on the database `postgres`.
    pub fn superuser_url(&self) -> &str {
        &self.superuser_url
    }

    /// Process id of the postmaster of a scratch cluster, for what it takes of the processor.
    pub fn postmaster_id(&self) -> Option<u32> {
        self.cluster.as_ref().map(|cluster| cluster.postmaster_id)
    }

    /// Makes an empty database with a name of its own; it goes when the value is dropped.
    pub async fn fresh_database(&self) -> Database {
        fresh_database(&self.superuser_url).await
    }
}

/// Makes an empty database in the cluster of this URL; it goes when the value is dropped.
pub async fn fresh_database(superuser_url: &str) -> Database {
    let name = format!("gigafleet_test_{}", Uuid::now_v7().simple());
    execute(superuser_url, format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    let (before, _) = superuser_url.rsplit_once('/').expect("a URL names a database");
    Database::postgres(format!("{before}/{name}"), superuser_url.to_owned(), name)
}

/// Runs one statement as the superuser. Panics if the cluster does not answer.
pub(crate) async fn execute(superuser_url: &str, statement: String) {
    let mut connection = PgConnection::connect(superuser_url)
        .await
        .unwrap_or_else(|error| panic!("PostgreSQL at {superuser_url}: {error}"));
    // The statement is made of our own words and a drawn number.
    let outcome = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await;
    outcome.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            match self.keeper.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }
}

impl Postgres {
    /// Stops a scratch cluster and waits until it has gone.
    pub async fn stop(mut self) {
        if let Some(mut cluster) = self.cluster.take() {
            drop(cluster.input.take());
            wait_for_exit(&mut cluster.keeper, Duration::from_secs(10)).await;
        }
    }
}

fn newest_programs() -> PathBuf {
    let versions = std::fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .max();
    let (_, programs) = newest.unwrap_or_else(|| {
        panic!("no PostgreSQL server in {INSTALLED}. Install it (apt-get install postgresql), or name a cluster in {VARIABLE}")
    });
    programs
}

/// A command that drops root for the user postgres, who gets the folder; as anyone else a command that changes nothing.
fn as_other_than_root(folder: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new("env");
    }
    let id_of = |option: &str| -> u32 {
        let output = Command::new("id").args([option, "postgres"]).output().expect("the program id exists");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("the package postgresql made the user postgres")
    };
    let (user, group) = (id_of("-u"), id_of("-g"));
    std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("root may give a folder away");
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={group}"), String::from("--init-groups")]);
    command
}
