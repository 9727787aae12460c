//! Why a command ended without success, in words for the person who typed it: what happened, which field, what to do next.
//!
//! Deliberately not here: secrets. A status of the server carries none, and the credentials are never part of a message.

use std::fmt;

use gigafleet_agent::transport::{TransportError, status::chain};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::error::{Error, Kind};

/// The result of a command.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command ended without success.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something that the person is told.
    Told(Box<Told>),
    /// The reader of the output went away; there is nobody to tell and nothing wrong.
    PipeClosed,
}

/// What a person is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What happened.
    message: String,
    /// Constant of the contract, for searching.
    reason: Option<String>,
    /// Fields that were refused, each with what is wrong.
    fields: Vec<(String, String)>,
    /// What to do next.
    next: Option<String>,
    /// Whether the same may succeed later.
    passing: bool,
}

impl Failure {
    /// A failure of the command itself, with what to do about it.
    pub(super) fn told(message: impl Into<String>, next: impl Into<String>) -> Self {
        let told =
            Told { message: message.into(), reason: None, fields: Vec::new(), next: Some(next.into()), passing: false };
        Self::Told(Box::new(told))
    }

    /// No connection to a server, or one that broke.
    pub(super) fn transport(server: &str, error: &TransportError) -> Self {
        let next = match error {
            TransportError::Address(_) => String::from("correct `server` in the credentials file: HOST:PORT"),
            TransportError::Connect(_) | TransportError::TimedOut(_) => {
                format!("check that `gigafleet serve` runs at {server} and that this machine can reach it")
            }
            TransportError::Handshake(_) | TransportError::Identity(_) => {
                format!(
                    "the credentials file may belong to another server: copy admin.json anew from the one at {server}"
                )
            }
            TransportError::Http2Refused | TransportError::Http(_) => {
                format!("try again; if it stays so, look for a proxy between this machine and {server}")
            }
        };
        let passing =
            matches!(error, TransportError::Connect(_) | TransportError::TimedOut(_) | TransportError::Http(_));
        let message = format!("no connection to {server}: {}", chain(error));
        Self::Told(Box::new(Told { message, reason: None, fields: Vec::new(), next: Some(next), passing }))
    }

    /// Whether the same may succeed later, without anybody correcting anything.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Told(told) => told.passing,
            Self::PipeClosed => false,
        }
    }

    /// What the person is told; nothing where nothing is wrong.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Told(told) => Some(told.to_string()),
            Self::PipeClosed => None,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gigafleet: {}", self.message)?;
        if let Some(reason) = &self.reason {
            write!(f, " ({reason})")?;
        }
        for (field, message) in &self.fields {
            write!(f, "\n  {field}: {message}")?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {next}")?;
        }
        Ok(())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(Box::new(Told {
            message: error.chain(),
            reason: Some(error.reason.to_owned()),
            fields: Vec::new(),
            next: None,
            passing: error.kind == Kind::Unavailable,
        }))
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        let fields: Vec<_> = violations.iter().map(|field| (field.field.clone(), field.description.clone())).collect();
        // A status made here, not by the server: the connection broke under the call.
        let local = std::error::Error::source(&status).map(|source| format!("the connection broke: {}", chain(source)));
        let passing = local.is_some() || is_passing(status.code());
        let wait = details.retry_info().and_then(|info| info.retry_delay).map(|delay| delay.as_secs());
        let message = match local {
            Some(message) => message,
            // Each field says the same again on a line of its own.
            None if !fields.is_empty() => String::from("the server refused the request"),
            None if status.message().is_empty() => format!("the server answered {}", status.code()),
            None => status.message().to_owned(),
        };
        let next = next_step(status.code(), wait);
        Self::Told(Box::new(Told { message, reason, fields, next: Some(next), passing }))
    }
}

fn is_passing(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown)
}

fn next_step(code: Code, wait_seconds: Option<u64>) -> String {
    let wait = wait_seconds.map_or_else(|| String::from("in a moment"), |seconds| format!("in {} s", seconds.max(1)));
    match code {
        Code::InvalidArgument | Code::OutOfRange => String::from("correct what is named above and repeat the command"),
        Code::NotFound => {
            String::from("look at what there is with `gigafleet schools list`, `devices list` or `enroll-token list`")
        }
        Code::AlreadyExists => String::from("it is there already; `gigafleet schools list` shows it"),
        Code::Aborted => String::from("somebody else changed it: look at it again, then decide"),
        Code::FailedPrecondition => String::from("change the state that is named above first"),
        Code::Unauthenticated => {
            String::from("pass --credentials FILE with the admin.json that this server wrote into its data folder")
        }
        Code::PermissionDenied => String::from("ask an administrator for the right to do this"),
        Code::ResourceExhausted => format!("ask for less, or try again {wait}"),
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded => format!("try again {wait}"),
        Code::Unimplemented => String::from("the server is older or newer than this command: use the same version"),
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => {
            String::from("look at the server's log; its line of this time says more")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FieldViolation;

    #[test]
    fn refusal_of_the_server_names_reason_fields_and_next_step() {
        let fields = vec![FieldViolation::new("code", "needs six digits"), FieldViolation::new("name", "is empty")];
        let failure = Failure::from(Status::from(Error::invalid_fields("FIELD_INVALID", fields)));
        let text = failure.text().unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "gigafleet: the server refused the request (FIELD_INVALID)");
        assert_eq!(lines[1..3], ["  code: needs six digits", "  name: is empty"]);
        assert!(lines[3].starts_with("  next: correct"), "{text}");
        assert!(!failure.is_passing());
    }

    #[test]
    fn server_that_is_away_is_worth_another_try() {
        let away = Status::from(Error::new(Kind::Unavailable, "DATABASE_UNAVAILABLE", "the database is away"));
        let failure = Failure::from(away);
        assert!(failure.is_passing());
        assert!(failure.text().unwrap().ends_with("next: try again in 5 s"));
        let refused = TransportError::Connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert!(Failure::transport("127.0.0.1:1", &refused).is_passing());
        assert!(!Failure::from(Status::unauthenticated("no")).is_passing());
    }

    #[test]
    fn closed_pipe_says_nothing() {
        assert_eq!(Failure::PipeClosed.text(), None);
    }
}
