//! `gigafleet serve` and `gigafleet migrate`.

use std::io::{Read as _, Write as _};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    Server,
    clock::Clock,
    config::{Config, Limits},
    db::Db,
    error::{Error, Result},
    network::rules::{POLICY_BYTES, Policy},
    telemetry::{self, LogFormat},
};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Folder for the database, the certificate authority and the first administrator's credentials.
    #[arg(long, value_name = "DIR", default_value = "gigafleet-data", env = "GIGAFLEET_DATA")]
    data: PathBuf,
    /// postgres://… for PostgreSQL; without it SQLite in the data folder.
    #[arg(long, value_name = "URL", env = "GIGAFLEET_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Folder of the certificate authority, shared by the servers of one database [default: DIR/ca].
    #[arg(long, value_name = "DIR")]
    ca_dir: Option<PathBuf>,
    /// Folder of what is attached to tickets, shared by the servers of one database [default: DIR/attachments].
    #[arg(long = "attachments", value_name = "DIR")]
    attachments_dir: Option<PathBuf>,
    /// Where devices and staff connect; TLS always.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7443")]
    listen: SocketAddr,
    /// Where metrics and health are served; a loopback address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7481")]
    observe: SocketAddr,
    /// Where browsers reach the console; plain HTTP on a loopback address only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7480")]
    console: SocketAddr,
    /// PEM file of the console's certificate with its chain.
    #[arg(long, value_name = "FILE", requires = "console_key")]
    console_certificate: Option<PathBuf>,
    /// PEM file of the key of the console's certificate.
    #[arg(long, value_name = "FILE", requires = "console_certificate")]
    console_key: Option<PathBuf>,
    /// https://… of a proxy that does TLS for the console; it must set X-Forwarded-For.
    #[arg(long = "console-behind-proxy", value_name = "URL", conflicts_with = "console_certificate")]
    console_public: Option<String>,
    /// A name or address by which devices reach this server; may be repeated.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Seconds between the reports of a device.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = parse_interval)]
    checkin_seconds: f64,
    /// Seconds between the network checks of a device [default: 300].
    #[arg(long, value_name = "SECONDS", value_parser = parse_check_interval)]
    check_seconds: Option<f64>,
    /// JSON file of thresholds by which networks are judged, as `gigafleet network policy` prints them; all servers of one
    /// database need the same.
    #[arg(long, value_name = "FILE", value_parser = read_policy)]
    network_policy: Option<Box<Policy>>,
    /// Days that a device's certificate is good; agents renew it at two thirds.
    #[arg(long, value_name = "DAYS", default_value_t = 180.0, value_parser = parse_days)]
    certificate_days: f64,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log: LogFormat,
}

fn parse_interval(text: &str) -> std::result::Result<f64, String> {
    parse_between(text, 0.1, 86_400.0)
}

fn parse_check_interval(text: &str) -> std::result::Result<f64, String> {
    parse_between(text, 5.0, 86_400.0)
}

fn read_policy(file: &str) -> std::result::Result<Box<Policy>, String> {
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| error.to_string())?;
    opened.take(POLICY_BYTES as u64 + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Policy::parse(&text).map(Box::new).map_err(|error| error.to_string())
}

fn parse_days(text: &str) -> std::result::Result<f64, String> {
    parse_between(text, 0.000_1, 3_660.0)
}

fn parse_between(text: &str, least: f64, most: f64) -> std::result::Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| String::from("is no number"))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("needs {least} to {most}")) }
}

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// Folder of the SQLite database.
    #[arg(long, value_name = "DIR", default_value = "gigafleet-data", env = "GIGAFLEET_DATA")]
    data: PathBuf,
    /// postgres://… for PostgreSQL.
    #[arg(long, value_name = "URL", env = "GIGAFLEET_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

pub(super) async fn serve(args: ServeArgs) -> Result<()> {
    telemetry::init_logging(args.log);
    let config = Config {
        data_dir: args.data,
        database: args.database,
        ca_dir: args.ca_dir,
        attachments_dir: args.attachments_dir,
        listen: args.listen,
        observe: args.observe,
        console: args.console,
        console_certificate: args.console_certificate.zip(args.console_key),
        console_public: args.console_public,
        server_names: args.names,
        checkin_interval: Duration::from_secs_f64(args.checkin_seconds),
        check_interval: args.check_seconds.map(Duration::from_secs_f64),
        certificate_lifetime: Duration::from_secs_f64(args.certificate_days * 86_400.0),
        limits: Limits::default(),
    };
    let credentials = config.data_dir.join("admin.json");
    let policy = args.network_policy.map(|policy| *policy).unwrap_or_default();
    let bound = Server::bind(config, Clock::system()).await?.with_network_policy(policy);
    let shutdown = shutdown_signal()?;
    // For a person and for a program that starts the server on port 0.
    let mut announcement = format!("listening grpc={} observe={}\n", bound.addresses.grpc, bound.addresses.observe);
    announcement.push_str(&format!("ca-sha256={}\n", bound.ca_sha256()));
    announcement.push_str(&format!("credentials={}\n", credentials.display()));
    announcement.push_str(&format!("console={}\n", bound.console_url));
    if let Some(link) = bound.first_administrator_link().await? {
        announcement.push_str(&format!("setup={}{}\n", bound.console_url, link.path()));
    }
    // At once, and whoever started the server may have stopped to listen: that must not end it.
    let _nobody_listens = std::io::stdout().write_all(announcement.as_bytes());
    bound.run(shutdown).await
}

/// Ready at SIGTERM or SIGINT.
pub(super) fn shutdown_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|source| Error::internal("signals cannot be received", source));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _signal = terminate.recv() => {}
            _signal = interrupt.recv() => {}
        }
    })
}

pub(super) async fn migrate(args: MigrateArgs) -> Result<()> {
    let config = Config { data_dir: args.data, database: args.database, ..Config::default() };
    let (db, _lock) = Db::open(&config).await?;
    db.close().await;
    println!("the schema is up to date");
    Ok(())
}
