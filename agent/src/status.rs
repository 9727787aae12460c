//! Whether and to whom this device reports. `run` leaves a small file in the state folder, `status` reads it from another
//! process.
//!
//! Invariant: the file is written when reporting begins to fail or to succeed, and else at most every five minutes, so
//! that it wears no flash.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use gigafleet_agent::{
    engine::{Failure, Now},
    identity::{DeviceId, IdentityError, read_identity},
    platform::{Platform as _, linux::Linux},
    runtime::Observer,
    spool::{measure, read_memory},
    trouble::Outbox,
};
use gigafleet_proto::v1::{CheckInRequest, CheckInResponse};

use crate::{json::Object, log::rfc3339};

/// Name of the file in the state folder.
const NAME: &str = "status";
/// Longest time between two writes while nothing changes, in milliseconds.
const WRITE_INTERVAL_MS: u64 = 300_000;

/// What the file says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Reporting {
    acknowledged_sequence: u64,
    acknowledged_ms: u64,
    failed_ms: u64,
    failure: String,
}

impl Reporting {
    fn fails(&self) -> bool {
        self.failed_ms > self.acknowledged_ms
    }

    fn read(folder: &Path) -> Self {
        let mut reporting = Self::default();
        let text = fs::read_to_string(folder.join(NAME)).unwrap_or_default();
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match name {
                "acknowledged_sequence" => reporting.acknowledged_sequence = value.parse().unwrap_or_default(),
                "acknowledged_ms" => reporting.acknowledged_ms = value.parse().unwrap_or_default(),
                "failed_ms" => reporting.failed_ms = value.parse().unwrap_or_default(),
                "failure" => value.clone_into(&mut reporting.failure),
                _ => {}
            }
        }
        reporting
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let Self { acknowledged_sequence, acknowledged_ms, failed_ms, failure } = self;
        let failure = failure.replace(['\n', '\r'], " ");
        let text = format!(
            "acknowledged_sequence={acknowledged_sequence}\nacknowledged_ms={acknowledged_ms}\n\
             failed_ms={failed_ms}\nfailure={failure}\n"
        );
        // Not synced: losing it over a power loss costs nothing.
        let temporary = folder.join("status.new");
        fs::write(&temporary, text)?;
        fs::rename(temporary, folder.join(NAME))
    }
}

/// Keeps the file up to date while the agent runs.
pub(crate) struct StatusFile {
    folder: PathBuf,
    clock: Linux,
    state: Mutex<(Reporting, Option<Now>)>,
}

impl StatusFile {
    pub(crate) fn new(folder: &Path) -> Self {
        let state = Mutex::new((Reporting::read(folder), None));
        Self { folder: folder.to_owned(), clock: Linux::new(), state }
    }

    fn change(&self, change: impl FnOnce(&mut Reporting, Now)) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (reporting, written) = &mut *state;
        let failed_before = reporting.fails();
        change(reporting, now);
        let due = written.is_none_or(|at| now.monotonic_ms.saturating_sub(at.monotonic_ms) >= WRITE_INTERVAL_MS);
        if due || reporting.fails() != failed_before {
            *written = Some(now);
            if let Err(error) = reporting.write(&self.folder) {
                tracing::debug!(%error, "the status file can not be written");
            }
        }
    }
}

impl Observer for StatusFile {
    fn acknowledged(&self, _: &DeviceId, request: &CheckInRequest, _: &CheckInResponse) {
        self.change(|reporting, now| {
            reporting.acknowledged_sequence = request.sequence;
            reporting.acknowledged_ms = now.wall_ms;
        });
    }

    fn failed(&self, _: &DeviceId, _: u64, failure: &Failure) {
        self.change(|reporting, now| {
            // After a step of the clock the failure still is the newer of the two.
            reporting.failed_ms = now.wall_ms.max(reporting.acknowledged_ms + 1);
            failure.message.clone_into(&mut reporting.failure);
        });
    }
}

/// Describes the state folder, for people or as JSON.
pub(crate) fn describe(folder: &Path, json: bool) -> Result<String, IdentityError> {
    let identity = read_identity(folder)?;
    let reporting = Reporting::read(folder);
    let acknowledged_sequence = reporting.acknowledged_sequence.max(read_memory(folder).acknowledged_sequence);
    let (spool, reports) = (measure(folder), Outbox::of(folder).depth());
    let time = |time_ms: u64| (time_ms > 0).then(|| rfc3339(time_ms));
    let failure = reporting.fails().then_some(&reporting.failure);
    if json {
        let mut object = Object::pretty();
        object.plain("enrolled", Some(identity.is_some()));
        if let Some(identity) = &identity {
            object.text("device_id", &identity.device_id.0);
            object.text("municipality_id", &identity.municipality_id);
            object.text("server", &identity.server);
            object.text("certificate_renew_after_time", rfc3339(identity.times.renew_after_ms));
            object.text("certificate_not_after_time", rfc3339(identity.times.not_after_ms));
        }
        object.plain("acknowledged_sequence", Some(acknowledged_sequence));
        object.optional_text("acknowledged_time", time(reporting.acknowledged_ms));
        object.plain("spool_transitions", Some(spool.records));
        object.plain("spool_bytes", Some(spool.bytes));
        object.plain("reports_waiting", Some(reports));
        object.optional_text("failure", failure);
        object.optional_text("failure_time", failure.and(time(reporting.failed_ms)));
        return Ok(object.finish() + "\n");
    }
    let Some(identity) = identity else {
        return Ok(format!("Not enrolled ({}). Run gigafleet-agent enroll first.\n", folder.display()));
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<16}{value}");
    };
    line("Device", &identity.device_id.0);
    line("Municipality", &identity.municipality_id);
    line("Server", &identity.server);
    line("Certificate", &format!("until {}", rfc3339(identity.times.not_after_ms)));
    line("Renewal", &format!("from {}", rfc3339(identity.times.renew_after_ms)));
    let when = time(reporting.acknowledged_ms).unwrap_or_else(|| "never".to_owned());
    line("Last report", &format!("{when}, number {acknowledged_sequence}"));
    line("Waiting", &format!("{} transitions, {} bytes, {reports} reports", spool.records, spool.bytes));
    if let Some(failure) = failure {
        line("Failing", &format!("{}, {failure}", rfc3339(reporting.failed_ms)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use gigafleet_agent::engine::FailureKind;

    use super::*;

    #[test]
    fn file_is_written_when_reporting_begins_to_fail_or_to_succeed_and_else_rarely() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = StatusFile::new(folder.path());
        let device_id = DeviceId("d".to_owned());
        let acknowledge = |sequence| {
            let request = CheckInRequest { sequence, ..CheckInRequest::default() };
            file.acknowledged(&device_id, &request, &CheckInResponse::default());
            Reporting::read(folder.path())
        };
        assert_eq!(acknowledge(1).acknowledged_sequence, 1);
        assert_eq!(acknowledge(2).acknowledged_sequence, 1);
        let failure = Failure { kind: FailureKind::Busy, retry_after_ms: None, message: "two\nlines".to_owned() };
        file.failed(&device_id, 3, &failure);
        let failing = Reporting::read(folder.path());
        assert!(failing.fails());
        assert_eq!((failing.acknowledged_sequence, failing.failure.as_str()), (2, "two lines"));
    }

    #[test]
    fn folder_of_a_device_that_is_not_enrolled_is_described() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(describe(folder.path(), false).expect("readable").starts_with("Not enrolled"));
        assert!(describe(folder.path(), true).expect("readable").contains("\"enrolled\": false"));
    }
}
