//! Why a command ended without success, in words for the person who typed it: what happened, which field, what to do next.
//!
//! Deliberately not here: secrets. A status of the server carries none, and the credentials are never part of a message.

use gigafleet_agent::transport::{TransportError, status::chain};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, LocalizedMessage, StatusExt as _};

use crate::{
    console::words::Language,
    error::{Both, Error, Kind, says::commands as say},
};

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
    message: Both,
    /// Constant of the contract, for searching.
    reason: Option<String>,
    /// Fields that were refused, each with what is wrong.
    fields: Vec<(String, Both)>,
    /// What to do next.
    next: Option<Both>,
    /// Whether the same may succeed later.
    passing: bool,
}

impl Failure {
    /// A failure of the command itself, with what to do about it.
    pub(super) fn told(message: impl Into<String>, next: impl Into<String>) -> Self {
        let (message, next) = (Both::same(message.into()), Some(Both::same(next.into())));
        Self::Told(Box::new(Told { message, reason: None, fields: Vec::new(), next, passing: false }))
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
        let (message, next) = (Both::same(message), Some(Both::same(next)));
        Self::Told(Box::new(Told { message, reason: None, fields: Vec::new(), next, passing }))
    }

    /// Whether the same may succeed later, without anybody correcting anything.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Told(told) => told.passing,
            Self::PipeClosed => false,
        }
    }

    /// What the person is told; nothing where nothing is wrong.
    pub(super) fn text(&self, language: Language) -> Option<String> {
        match self {
            Self::Told(told) => Some(told.text(language)),
            Self::PipeClosed => None,
        }
    }
}

impl Told {
    fn text(&self, language: Language) -> String {
        let say = |both: &Both| language.choose(&both.ja, &both.en).to_string();
        let mut lines = vec![format!("gigafleet: {}", say(&self.message))];
        if let Some(reason) = &self.reason {
            lines[0].push_str(&format!(" ({reason})"));
        }
        lines.extend(self.fields.iter().map(|(field, message)| format!("  {field}: {}", say(message))));
        let next = language.choose("次に", "next");
        lines.extend(self.next.iter().map(|step| format!("  {next}: {}", say(step))));
        lines.join("\n")
    }
}

/// The language that the environment asks for, as gettext reads it: Japanese where it begins with `ja`, else English.
pub(super) fn language(variable: impl Fn(&str) -> Option<String>) -> Language {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let asked = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    if asked.is_some_and(|locale| locale.starts_with("ja")) { Language::Ja } else { Language::En }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // What caused it is for whoever runs the server, and comes in English from below.
        let cause = error.chain().split_off(error.message.en.len());
        Self::Told(Box::new(Told {
            message: Both {
                ja: format!("{}{cause}", error.message.ja).into(),
                en: format!("{}{cause}", error.message.en).into(),
            },
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
        let both = |en: &str, ja: Option<&LocalizedMessage>| {
            // A server of an older version has no other language.
            let ja = ja.filter(|other| other.locale == "ja").map_or(en, |other| &other.message);
            Both { ja: ja.to_owned().into(), en: en.to_owned().into() }
        };
        let told = |field: &FieldViolation| both(&field.description, field.localized_message.as_ref());
        let fields: Vec<_> = violations.iter().map(|field| (field.field.clone(), told(field))).collect();
        // A status made here, not by the server: the connection broke under the call.
        let local = std::error::Error::source(&status).map(|source| say::connection_broke(chain(source)));
        let passing = local.is_some() || is_passing(status.code());
        let wait = details.retry_info().and_then(|info| info.retry_delay).map(|delay| delay.as_secs());
        let message = match local {
            Some(message) => message,
            // Each field says the same again on a line of its own.
            None if !fields.is_empty() => say::refused(),
            None if status.message().is_empty() => say::answered(status.code()),
            None => both(status.message(), details.localized_message()),
        };
        let next = next_step(status.code(), wait);
        Self::Told(Box::new(Told { message, reason, fields, next: Some(next), passing }))
    }
}

fn is_passing(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown)
}

fn next_step(code: Code, wait_seconds: Option<u64>) -> Both {
    let wait_seconds = wait_seconds.map(|seconds| seconds.max(1));
    match code {
        Code::InvalidArgument | Code::OutOfRange => say::correct(),
        Code::NotFound => say::look(),
        Code::AlreadyExists => say::there_already(),
        Code::Aborted => say::changed(),
        Code::FailedPrecondition => say::change_state(),
        Code::Unauthenticated => say::credentials(),
        Code::PermissionDenied => say::ask_administrator(),
        Code::ResourceExhausted => wait_seconds.map_or_else(say::less_or_soon, say::less_or_later),
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded => wait_seconds.map_or_else(say::soon, say::later),
        Code::Unimplemented => say::same_version(),
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => say::log(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{FieldViolation, says};

    #[test]
    fn refusal_of_the_server_names_reason_fields_and_next_step() {
        let fields = vec![
            FieldViolation::new("code", says::schools::municipality_code()),
            FieldViolation::new("name", says::fields::empty()),
        ];
        let failure = Failure::from(Status::from(Error::invalid_fields("FIELD_INVALID", fields)));
        let text = failure.text(Language::En).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "gigafleet: the server refused the request (FIELD_INVALID)");
        assert_eq!(lines[1..3], ["  code: needs six digits, for example 131130", "  name: is empty"]);
        assert!(lines[3].starts_with("  next: correct"), "{text}");
        assert!(!failure.is_passing());
        let text = failure.text(Language::Ja).unwrap();
        assert_eq!(text.lines().nth(1), Some("  code: 6桁の数字にしてください(例 131130)"));
    }

    #[test]
    fn language_is_that_of_the_environment() {
        let of = |pairs: &[(&str, &str)]| {
            language(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Language::Ja);
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]), Language::En);
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "")]), Language::Ja);
        assert_eq!(of(&[]), Language::En);
    }

    #[test]
    fn server_that_is_away_is_worth_another_try() {
        let away = Status::from(Error::new(Kind::Unavailable, "DATABASE_UNAVAILABLE", says::server::database_away()));
        let failure = Failure::from(away);
        assert!(failure.is_passing());
        assert!(failure.text(Language::En).unwrap().ends_with("next: try again in 5 s"));
        let refused = TransportError::Connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert!(Failure::transport("127.0.0.1:1", &refused).is_passing());
        assert!(!Failure::from(Status::unauthenticated("no")).is_passing());
    }

    #[test]
    fn closed_pipe_says_nothing() {
        assert_eq!(Failure::PipeClosed.text(Language::En), None);
    }
}
