//! `load agent`: the agent as it is built for tablets, against the real server.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use clap::Args;
use gigafleet_tests::process::{cpu_time, resident_bytes};
use serde::Serialize;

use crate::target::Target;

#[derive(Debug, Args)]
pub struct Options {
    /// The agent's binary [default: built with the profile `tablet`].
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How long it runs with the server there.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How long it runs on with the server away.
    #[arg(long, default_value_t = 5.0)]
    away_minutes: f64,
    /// Seconds between its reports.
    #[arg(long, default_value_t = 60.0)]
    checkin_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    binary_bytes: u64,
    resident_bytes: u64,
    cpu_seconds_per_hour: f64,
    resident_bytes_server_away: u64,
    reports: u64,
}

/// Runs it and prints JSON.
pub async fn run(options: Options) {
    let binary = options.binary.clone().unwrap_or_else(build);
    let target = Target::on_sqlite_at_pace(options.checkin_seconds).await;
    let (token, ca_sha256) = target.token(1).await;
    let state = tempfile::tempdir().expect("a temporary folder");
    let enrolled = Command::new(&binary)
        .args(["enroll", "--server", &target.address(), "--token", &token, "--ca-sha256", &ca_sha256, "--state"])
        .arg(state.path())
        .status()
        .expect("the agent starts");
    assert!(enrolled.success(), "the agent enrols");
    let mut child = Command::new(&binary)
        .args(["run", "--state"])
        .arg(state.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("the agent starts");
    let time = Duration::from_secs_f64(options.minutes * 60.0);
    tokio::time::sleep(time).await;
    let cpu = cpu_time(child.id());
    let resident = resident_bytes(child.id());
    let reports = target.look().await.reports();
    drop(target);
    tokio::time::sleep(Duration::from_secs_f64(options.away_minutes * 60.0)).await;
    let report = Report {
        binary_bytes: std::fs::metadata(&binary).expect("it ran").len(),
        resident_bytes: resident,
        cpu_seconds_per_hour: cpu.as_secs_f64() / time.as_secs_f64() * 3_600.0,
        resident_bytes_server_away: resident_bytes(child.id()),
        reports,
    };
    let _gone = child.kill();
    let _gone = child.wait();
    println!("{}", serde_json::to_string_pretty(&report).expect("numbers"));
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").expect("started by cargo, or name --binary");
    let built = Command::new(cargo).args(["build", "--profile", "tablet", "-p", "gigafleet-agent"]).status();
    assert!(built.expect("cargo runs").success(), "the agent builds");
    let folder = gigafleet_tests::process::binary_folder();
    folder.with_file_name("tablet").join("gigafleet-agent")
}
