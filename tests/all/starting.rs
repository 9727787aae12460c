//! A server that must not start says why, names the thing, and ends with 1.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use gigafleet_tests::{Database, Engine, ServerOptions, server::Refusal};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// The write lock of a SQLite file, as another program would hold it.
pub struct ExclusiveLock(SqliteConnection);

impl ExclusiveLock {
    pub async fn take(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the file can be opened");
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.expect("it can be locked");
        Self(connection)
    }

    pub async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.expect("it can be released");
    }
}

#[track_caller]
fn assert_names(refusal: &Refusal, reason: &str, thing: &str) {
    assert_eq!(refusal.code, Some(1), "{}", refusal.message);
    assert!(refusal.message.contains(reason), "{reason} is missing in: {}", refusal.message);
    assert!(refusal.message.contains(thing), "{thing} is missing in: {}", refusal.message);
    assert!(!refusal.message.contains("panicked"), "{}", refusal.message);
}

async fn used_options() -> ServerOptions {
    let options = ServerOptions::in_folder();
    let mut server = options.clone().start().await;
    assert_eq!(server.terminate(Duration::from_secs(10)).await, Some(0));
    options
}

#[tokio::test]
async fn taken_port_is_named() {
    let mut options = ServerOptions::in_folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    options.port = taken.local_addr().expect("it is bound").port();
    assert_names(&options.start_refused().await, "ADDRESS_IN_USE", &format!("127.0.0.1:{}", options.port));
}

#[tokio::test]
async fn second_server_on_the_same_file_is_refused() {
    let server = ServerOptions::in_folder().start().await;
    let mut second = server.options().clone();
    second.port = gigafleet_tests::process::free_port();
    assert_names(&second.start_refused().await, "FILE_IN_USE", "gigafleet.db");
    server.staff().add_municipality("渋谷区").await;
}

#[tokio::test]
async fn file_locked_by_another_program_is_named() {
    let options = used_options().await;
    let file = options.data_dir.join("gigafleet.db");
    let lock = ExclusiveLock::take(&file).await;
    assert_names(&options.start_refused().await, "DATABASE_LOCKED", &file.display().to_string());
    lock.release().await;
    options.start().await;
}

#[tokio::test]
async fn corrupt_file_is_named_and_left_alone() {
    let options = used_options().await;
    let file = options.data_dir.join("gigafleet.db");
    let whole = fs::read(&file).expect("the file");
    let damaged_page = {
        let mut bytes = whole.clone();
        let page = bytes.len() / 2 / 4_096 * 4_096;
        bytes[page..page + 4_096].fill(0xa5);
        bytes
    };
    for bytes in [
        b"This is no database, but a text that somebody saved here.".repeat(100),
        whole[..6_000].to_vec(),
        damaged_page,
    ] {
        fs::write(&file, &bytes).expect("it can be written");
        let refusal = options.start_refused().await;
        assert_names(&refusal, "DATABASE_CORRUPT", &file.display().to_string());
        assert_eq!(fs::read(&file).expect("the file"), bytes, "nothing was changed");
    }
    fs::write(&file, &whole).expect("it can be written");
    options.start().await;
}

#[tokio::test]
async fn unreachable_database_is_named() {
    let port = gigafleet_tests::process::free_port();
    let options = ServerOptions::on_url(&format!("postgres://nobody@127.0.0.1:{port}/nothing"));
    assert_names(&options.start_refused().await, "DATABASE_UNREACHABLE", &format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn another_authority_on_the_same_database_is_refused() {
    let database = Database::fresh().await;
    let first = ServerOptions::on_url(database.url()).start().await;
    let second = ServerOptions::on_url(database.url());
    assert_names(&second.start_refused().await, "CA_MISMATCH", "--ca-dir");
    let mut shared = second;
    shared.ca_dir = Some(first.options().ca_dir());
    shared.start().await;
}

#[tokio::test]
async fn secrets_are_for_the_owner_only() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let data = &server.options().data_dir;
    assert_eq!(mode(&data.join("ca")), 0o700);
    assert_eq!(mode(&data.join("ca/ca.key")), 0o600);
    assert_eq!(mode(&data.join("ca/ticket.key")), 0o600);
    assert_eq!(mode(&data.join("admin.json")), 0o600);
}

#[tokio::test]
async fn credentials_and_authority_outlive_a_restart() {
    let mut server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let (before, authority) = (server.credentials(), server.ca_sha256());
    server.terminate(Duration::from_secs(10)).await;
    server.restart().await;
    assert_eq!(server.credentials().token, before.token);
    assert_eq!(server.ca_sha256(), authority);
    let old_credentials = gigafleet_tests::StaffClient::new(&server.address().to_string(), &before);
    old_credentials.add_municipality("中央区").await;
}

#[tokio::test]
async fn metrics_on_an_open_address_are_refused() {
    let mut options = ServerOptions::in_folder();
    options.observe = String::from("0.0.0.0:0");
    assert_names(&options.start_refused().await, "OBSERVE_NOT_LOOPBACK", "0.0.0.0:0");
}
