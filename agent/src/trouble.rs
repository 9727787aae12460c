//! Trouble that whoever sits at the device reports: kept in the state folder until the server has it, so that neither a network that is
//! down nor a power loss loses it.
//!
//! A report is one file in the folder `trouble`, named by its id, so that names sort by when they were written: `ID.report` while it
//! waits, `ID.sent` once the server has it. The last [`SENT_MAX`] that were sent stay, to ask how they stand.
//!
//! Invariants: a report is durable before it is sent, and goes only when the server has it or says that it never takes it; at most
//! [`REPORTS_MAX`] reports and [`BYTES_MAX`] bytes wait, give or take what two commands write at once; who sends a report holds its
//! lock, so that a running agent leaves alone what a command is about to send. Handing one in twice makes no second ticket. Who asks how
//! one stands says so: on a copy of the device, or where the server was restored, it is not known, and must not be made by asking.
//!
//! Deliberately not here: what becomes of a report (the server's), and when the running agent sends (`crate::runtime`).

#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use gigafleet_proto::v1::{
    ReportTroubleRequest, ReportTroubleResponse, TicketCallerKind, TicketCategory,
    trouble_service_client::TroubleServiceClient,
};
use prost::Message as _;

use crate::{
    engine::{Failure, FailureKind, Now},
    identity::{IdentityError, draw_uuid_v7, to_hex, write_atomically},
    transport::{Connection, Connector, Protocol, call_once, status::failure_of_status},
};

/// Longest text of a report, in characters: as many as the form behind a label's code takes.
pub const TEXT_CHARS_MAX: usize = 500;
/// Most reports that wait.
pub const REPORTS_MAX: usize = 32;
/// Most bytes that wait.
pub const BYTES_MAX: u64 = 32 * 1024;
/// Reports that stay after they were sent.
pub const SENT_MAX: usize = 8;

/// The folder in the state folder.
const FOLDER: &str = "trouble";
const WAITING: &str = "report";
const SENT: &str = "sent";
/// Characters of an id in hex.
const ID_CHARS: usize = 32;

/// Why a report can not be kept.
#[derive(Debug, thiserror::Error)]
pub enum TroubleError {
    /// Nothing is said.
    #[error("say in a few words what is wrong, for example: gigafleet-agent report \"the screen stays dark\"")]
    Empty,
    /// Too much is said.
    #[error("a report has at most {TEXT_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// Too many reports wait.
    #[error(
        "{0} reports wait to be sent already, and no more find room: they go out as soon as the server can be reached"
    )]
    Full(usize),
    /// It could not be written.
    #[error("{}: the report can not be kept", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No id could be drawn.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// What whoever sits at the device says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// In their own words.
    pub text: String,
    /// What it is about, if they said so.
    pub category: Option<TicketCategory>,
    /// Whether a teacher reports.
    pub by_teacher: bool,
    /// Whether a lesson stands still.
    pub lesson_stopped: bool,
    /// Make a ticket even where the trouble is known.
    pub ticket_wanted: bool,
}

impl Trouble {
    /// The report as it is kept and sent.
    fn into_request(self, wall_ms: u64) -> Result<ReportTroubleRequest, TroubleError> {
        let text = self.text.trim();
        match text.chars().count() {
            0 => return Err(TroubleError::Empty),
            count if count > TEXT_CHARS_MAX => return Err(TroubleError::TooLong(count)),
            _ => {}
        }
        let caller_kind = if self.by_teacher { TicketCallerKind::Teacher } else { TicketCallerKind::Pupil };
        Ok(ReportTroubleRequest {
            report_id: draw_uuid_v7(wall_ms)?.to_vec(),
            text: text.to_owned(),
            category: self.category.map_or(0, i32::from),
            caller_kind: caller_kind.into(),
            lesson_stopped: self.lesson_stopped,
            write_time_ms: wall_ms,
            send_time_ms: 0,
            ticket_wanted: self.ticket_wanted,
            only_asked: false,
        })
    }
}

/// What becomes of a report whose call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays and is sent again.
    Keep,
    /// The server will never take it.
    Drop,
}

/// What becomes of a report after a failure of this kind: only what the server has read and refused is given up.
pub fn fate(kind: FailureKind) -> Fate {
    match kind {
        FailureKind::Invalid => Fate::Drop,
        FailureKind::Unreachable
        | FailureKind::Handshake
        | FailureKind::Unauthenticated
        | FailureKind::Refused
        | FailureKind::Busy
        | FailureKind::Other => Fate::Keep,
    }
}

/// Reports on disk.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

/// A report that waits, locked for whoever sends it.
#[derive(Debug)]
pub struct Waiting {
    /// The report.
    pub request: ReportTroubleRequest,
    path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl Outbox {
    /// The reports of a state folder, which need not exist.
    pub fn of(state: &Path) -> Self {
        Self { folder: state.join(FOLDER) }
    }

    /// Keeps a report; durable when this returns.
    ///
    /// # Errors
    /// See [`TroubleError`]; nothing is kept then.
    pub fn put(&self, trouble: Trouble, wall_ms: u64) -> Result<Waiting, TroubleError> {
        let request = trouble.into_request(wall_ms)?;
        let bytes = request.encode_to_vec();
        let path = self.folder.join(format!("{}.{WAITING}", to_hex(&request.report_id)));
        let failed = |source| TroubleError::Io { path: path.clone(), source };
        self.make_folder().map_err(failed)?;
        let names = self.names(WAITING);
        let waiting: u64 = names.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
        if names.len() >= REPORTS_MAX || waiting + bytes.len() as u64 > BYTES_MAX {
            return Err(TroubleError::Full(names.len()));
        }
        let keep = || {
            write_atomically(&path, &bytes)?;
            self.give_to_owner(&path)?;
            let lock = File::open(&path)?;
            // An agent that had it first is about to send it, which is as good.
            let _ = lock.try_lock();
            Ok(lock)
        };
        let lock = keep().map_err(|source| {
            // Who was told that it is not kept must not find it sent later.
            let _ = fs::remove_file(&path);
            failed(source)
        })?;
        Ok(Waiting { request, path, _lock: lock })
    }

    /// The report that waits longest and that nobody else is about to send. What can not be read is no report and goes.
    pub fn oldest(&self) -> Option<Waiting> {
        self.names(WAITING).into_iter().find_map(|path| {
            let lock = File::open(&path).ok()?;
            lock.try_lock().ok()?;
            // Somebody may have sent it between the two.
            let bytes = fs::read(&path).ok()?;
            match ReportTroubleRequest::decode(bytes.as_slice()) {
                Ok(request) if !request.text.is_empty() => Some(Waiting { request, path, _lock: lock }),
                _ => {
                    tracing::warn!(path = %path.display(), "a report can not be read and is given up");
                    let _ = fs::remove_file(&path);
                    None
                }
            }
        })
    }

    /// How many reports wait.
    pub fn depth(&self) -> usize {
        self.names(WAITING).len()
    }

    /// The server has it. Gives whether that could be noted: if not, it is sent once more later, which makes no second ticket.
    pub fn sent(&self, waiting: &Waiting) -> bool {
        let is_noted = fs::rename(&waiting.path, waiting.path.with_extension(SENT)).is_ok();
        let sent = self.names(SENT);
        for old in &sent[..sent.len().saturating_sub(SENT_MAX)] {
            let _ = fs::remove_file(old);
        }
        is_noted
    }

    /// Gives a report up.
    pub fn give_up(&self, waiting: &Waiting) {
        let _ = fs::remove_file(&waiting.path);
    }

    /// The last reports that the server has, oldest first.
    pub fn last_sent(&self) -> Vec<ReportTroubleRequest> {
        let read = |path: PathBuf| ReportTroubleRequest::decode(fs::read(path).ok()?.as_slice()).ok();
        self.names(SENT).into_iter().filter_map(read).collect()
    }

    /// Reports of one kind, oldest first. A folder that is missing has none.
    fn names(&self, kind: &str) -> Vec<PathBuf> {
        let is_one = |path: &PathBuf| {
            path.extension().is_some_and(|extension| extension == kind)
                && path.file_stem().is_some_and(|stem| stem.len() == ID_CHARS)
        };
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.path()).filter(is_one).collect();
        names.sort_unstable();
        names
    }

    fn make_folder(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.give_to_owner(&self.folder),
        }
    }

    /// What root writes belongs to the user under whom the agent runs, who owns the state folder; else it could not be read there.
    fn give_to_owner(&self, path: &Path) -> io::Result<()> {
        let state = fs::metadata(self.folder.parent().unwrap_or(&self.folder))?;
        if fs::metadata(path)?.uid() == state.uid() {
            return Ok(());
        }
        chown(path, Some(state.uid()), Some(state.gid()))
    }
}

/// Hands a report in, on a connection of its own.
pub async fn hand_in(
    connector: &Connector,
    protocol: Protocol,
    timeout: Duration,
    mut request: ReportTroubleRequest,
    now: Now,
) -> Result<ReportTroubleResponse, Failure> {
    request.send_time_ms = now.wall_ms;
    let call = |connection: Connection| {
        let request = request.clone();
        async move {
            let mut client = TroubleServiceClient::new(connection);
            client.report_trouble(request).await.map(tonic::Response::into_inner)
        }
    };
    let (_, answer) = call_once(connector, protocol, timeout, call).await;
    answer.map_err(|status| failure_of_status(&status))
}
