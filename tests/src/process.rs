//! Processes of ours: where the binaries are, signals, and what they take of memory and processor.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, Signal, kill_process};

/// First and last port that is tried; below what Linux hands out by itself (from 32768 on).
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// The folder with the binaries of the profile that this program was built with.
pub fn binary_folder() -> PathBuf {
    let this = std::env::current_exe().expect("the system knows which program runs");
    let folder = this.parent().expect("a program lies in a folder");
    // A test binary lies one folder deeper, in `deps`.
    if folder.ends_with("deps") { folder.parent().expect("deps has a parent").to_owned() } else { folder.to_owned() }
}

/// The path of a binary of the workspace. Panics if it was not built.
pub fn binary(name: &str) -> PathBuf {
    let path = binary_folder().join(name);
    assert!(path.exists(), "{} is missing. Build it first: cargo build --workspace --bins", path.display());
    path
}

/// What a command of ours said until it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it remarked.
    pub remarks: String,
}

impl Ran {
    /// Whether it did what it was told.
    pub fn is_good(&self) -> bool {
        self.code == Some(0)
    }
}

/// Runs `gigafleet` with these words to its end, in English, whatever the machine speaks.
pub fn gigafleet(words: &[&str]) -> Ran {
    let mut command = Command::new(binary("gigafleet"));
    let output = command.args(words).env("LC_ALL", "C").output().expect("the command can be executed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), remarks: text(&output.stderr) }
}

/// Builds binaries of the workspace in the profile of this program, if cargo runs it; cargo knows what is up to date.
/// Panics if they do not compile.
pub fn build(packages: &[&str]) {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let folder = binary_folder();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bins", "--profile", profile]).current_dir(env!("CARGO_MANIFEST_DIR"));
    packages.iter().for_each(|package| {
        command.args(["--package", package]);
    });
    let status = command.status().expect("cargo can be executed");
    assert!(status.success(), "{packages:?} could not be built");
}

/// A port of 127.0.0.1 on which nothing listens now.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = u32::from(PORTS.end - PORTS.start);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    // Several test programs may look at once: each begins at another place.
    let begin = (std::process::id().wrapping_mul(7_919)).wrapping_add(clock / 1_000) % span;
    for _ in 0..1_000 {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from((begin + step) % span).expect("the span fits");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {} and {}", PORTS.start, PORTS.end);
}

/// Sends a signal; a process that has gone already is fine.
pub fn signal(child: &Child, signal: Signal) {
    let number = i32::try_from(child.id()).expect("a process id");
    let pid = Pid::from_raw(number).expect("a process id is not 0");
    // Gone already is what the caller wants in the end.
    let _gone = kill_process(pid, signal);
}

/// Waits until a process has ended; gives its exit code, or none after a signal. Panics at the deadline.
pub async fn wait_for_exit(child: &mut Child, deadline: Duration) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        assert!(begun.elapsed() < deadline, "the process {} did not end within {deadline:?}", child.id());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Resident memory of a process in bytes.
pub fn resident_bytes(process_id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process_id}/status")).expect("the process runs");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("/proc gives VmRSS");
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB");
    kilobytes * 1_024
}

/// Processor time that a process has taken so far, user and system.
pub fn cpu_time(process_id: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process_id}/stat")).expect("the process runs");
    // The name in parentheses may hold spaces; the fields are counted behind it. 14 and 15 are ticks of 10 ms.
    let behind = text.rsplit_once(')').expect("the name ends").1;
    let ticks: u64 = behind.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

/// Processor time of a process and all its descendants that run now. For PostgreSQL, which is many processes.
pub fn cpu_time_of_tree(process_id: u32) -> Duration {
    descendants(process_id).into_iter().filter(|id| Path::new(&format!("/proc/{id}")).exists()).map(cpu_time).sum()
}

fn descendants(process_id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process_id}/task/{process_id}/children")).unwrap_or_default();
    let mut found = vec![process_id];
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        found.extend(descendants(child));
    }
    found
}

/// The last lines of a file, for messages.
pub fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
