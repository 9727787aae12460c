//! The logs of acknowledgements: lines of text, one file for each life of the host.
//!
//! `s DEVICE SEQUENCE`: a report was answered or failed. `r DEVICE SEQUENCE`: it was acknowledged. `t DEVICE RUN NUMBER`:
//! the transition was in an acknowledged report. A last line without its end was cut by a kill and does not count.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use gigafleet_proto::v1::CheckInRequest;
use gigafleet_tests::{database::StoredTransition, fleet::transition_names};

fn file(folder: &Path, life: u32) -> PathBuf {
    folder.join(format!("acknowledged-{life:03}.log"))
}

/// Makes the log of one life.
pub fn create(folder: &Path, life: u32) -> File {
    OpenOptions::new().create_new(true).append(true).open(file(folder, life)).expect("each life has a log of its own")
}

/// The lines for an acknowledged report.
pub fn acknowledged(device_id: &str, request: &CheckInRequest) -> String {
    let mut lines = String::new();
    for (run_id, number) in transition_names(request) {
        let _infallible = writeln!(lines, "t {device_id} {run_id} {number}");
    }
    let _infallible = writeln!(lines, "r {device_id} {}", request.sequence);
    lines
}

/// The line for a report that was answered or failed.
pub fn sent(device_id: &str, sequence: u64) -> String {
    format!("s {device_id} {sequence}\n")
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    (0..).map(|life| file(folder, life)).take_while(|file| file.exists())
}

/// Size of all logs.
pub fn bytes(folder: &Path) -> u64 {
    files(folder).map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len())).sum()
}

/// What all lives were told.
#[derive(Debug, Default)]
pub struct Logs {
    /// Acknowledged transitions.
    pub transitions: HashSet<StoredTransition>,
    /// Acknowledged sequences by device.
    pub acknowledged: HashMap<String, BTreeSet<u64>>,
    /// Sequences that were answered or failed, by device.
    pub sent: HashMap<String, BTreeSet<u64>>,
}

impl Logs {
    /// Reads the logs of all lives.
    pub fn read(folder: &Path) -> Self {
        let mut logs = Self::default();
        for file in files(folder) {
            let text = fs::read_to_string(&file).expect("the log can be read");
            text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).for_each(|line| logs.take(line));
        }
        logs
    }

    fn take(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok()).expect("our own format");
        let device_id = words[1].to_owned();
        match words[0] {
            "t" => {
                self.transitions.insert(StoredTransition { device_id, run_id: number(2), number: number(3) });
            }
            "r" => {
                self.acknowledged.entry(device_id).or_default().insert(number(2));
            }
            "s" => {
                self.sent.entry(device_id).or_default().insert(number(2));
            }
            _ => panic!("our own format: {line}"),
        }
    }
}
