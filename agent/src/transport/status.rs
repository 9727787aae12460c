//! From what a call ended with to what the engine decides by.
//!
//! Invariant: a failure that says nothing certain about certificates is never taken for one that does; a good
//! candidate would be thrown away.

use std::error::Error as StdError;

use prost::Message as _;
use rustls::AlertDescription as Alert;
use tonic::{Code, Status};

use super::TransportError;
use crate::engine::{Failure, FailureKind};

/// Longest message kept of a failure, in bytes.
const MESSAGE_BYTES_MAX: usize = 300;
/// Longest wish of a server that is read, in seconds.
const RETRY_SECONDS_MAX: i64 = 86_400;

/// `google.rpc.Status`, as it travels in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
struct RichStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// `google.rpc.ErrorInfo`, of which only the reason is read.
#[derive(Clone, PartialEq, prost::Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
}

/// What a gRPC status means for the engine.
pub fn failure_of_status(status: &Status) -> Failure {
    let cause = StdError::source(status);
    if let Some(error) = cause.and_then(find::<TransportError>) {
        return failure_of_transport(error);
    }
    let kind = match status.code() {
        // The connection broke while the answer came in.
        _ if cause.is_some() => cause.and_then(rustls_error).map_or(FailureKind::Unreachable, kind_of_tls),
        Code::Unauthenticated => FailureKind::Unauthenticated,
        Code::PermissionDenied | Code::NotFound => FailureKind::Refused,
        Code::ResourceExhausted | Code::Unavailable => FailureKind::Busy,
        Code::InvalidArgument => FailureKind::Invalid,
        Code::DeadlineExceeded | Code::Cancelled => FailureKind::Unreachable,
        Code::Ok
        | Code::Unknown
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss => FailureKind::Other,
    };
    let message = match reason_of_status(status) {
        Some(reason) => format!("{reason}: {}", status.message()),
        None => format!("{}: {}", status.code(), status.message()),
    };
    Failure { kind, retry_after_ms: retry_after_ms(status), message: shorten(message) }
}

/// What a broken connection means for the engine.
pub fn failure_of_transport(error: &TransportError) -> Failure {
    let kind = match error {
        TransportError::Identity(_) => FailureKind::Handshake,
        TransportError::Handshake(source) => tls_kind(source),
        // TLS 1.3 tells a refused client certificate only after the handshake.
        TransportError::Http(source) => tls_kind(source),
        TransportError::Address(_)
        | TransportError::Connect(_)
        | TransportError::Http2Refused
        | TransportError::TimedOut(_) => FailureKind::Unreachable,
    };
    Failure { kind, retry_after_ms: None, message: shorten(chain(error)) }
}

fn tls_kind(error: &(dyn StdError + 'static)) -> FailureKind {
    match rustls_error(error) {
        Some(error) => kind_of_tls(error),
        None if ends_with_alert_about_certificate(error) => FailureKind::Handshake,
        None => FailureKind::Unreachable,
    }
}

/// Alerts that speak of the certificate of whoever receives them.
const ABOUT_CERTIFICATE: [Alert; 9] = [
    Alert::BadCertificate,
    Alert::UnsupportedCertificate,
    Alert::CertificateRevoked,
    Alert::CertificateExpired,
    Alert::CertificateUnknown,
    Alert::CertificateRequired,
    Alert::UnknownCA,
    Alert::AccessDenied,
    Alert::DecryptError,
];

/// Of an I/O error under a request, h2 keeps the words and forgets the type.
fn ends_with_alert_about_certificate(error: &(dyn StdError + 'static)) -> bool {
    let words = chain(error);
    ABOUT_CERTIFICATE.iter().any(|alert| words.ends_with(&rustls::Error::AlertReceived(*alert).to_string()))
}

/// Only an alert about certificates speaks of ours; that we do not trust the server's is another matter.
fn kind_of_tls(error: &rustls::Error) -> FailureKind {
    match error {
        rustls::Error::AlertReceived(alert) if ABOUT_CERTIFICATE.contains(alert) => FailureKind::Handshake,
        rustls::Error::InvalidCertificate(_) => FailureKind::Other,
        _ => FailureKind::Unreachable,
    }
}

/// Whether HTTP/2 may have been broken by something in between, so that HTTP/1.1 is worth a try.
pub fn http2_is_broken(status: &Status) -> bool {
    let Some(cause) = StdError::source(status) else {
        // Our servers name a reason in every error. One without may come from a proxy that lost the trailers.
        return matches!(status.code(), Code::Unknown | Code::Internal) && reason_of_status(status).is_none();
    };
    if let Some(TransportError::Http2Refused) = find::<TransportError>(cause) {
        return true;
    }
    find::<h2::Error>(cause).is_some_and(|error| {
        matches!(
            error.reason(),
            Some(
                h2::Reason::PROTOCOL_ERROR
                    | h2::Reason::FRAME_SIZE_ERROR
                    | h2::Reason::COMPRESSION_ERROR
                    | h2::Reason::INADEQUATE_SECURITY
                    | h2::Reason::HTTP_1_1_REQUIRED
            )
        )
    })
}

/// The machine-readable reason (`google.rpc.ErrorInfo`) of a status, if it carries one.
pub fn reason_of_status(status: &Status) -> Option<String> {
    let info = detail::<ErrorInfo>(status, "google.rpc.ErrorInfo")?;
    Some(info.reason).filter(|reason| !reason.is_empty())
}

fn retry_after_ms(status: &Status) -> Option<u64> {
    let delay = detail::<RetryInfo>(status, "google.rpc.RetryInfo")?.retry_delay?;
    let seconds = delay.seconds.clamp(0, RETRY_SECONDS_MAX) as u64;
    Some(seconds * 1_000 + delay.nanos.clamp(0, 999_999_999) as u64 / 1_000_000)
}

fn detail<M: prost::Message + Default>(status: &Status, name: &str) -> Option<M> {
    let rich = RichStatus::decode(status.details()).ok()?;
    let any = rich.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(name))?;
    M::decode(any.value.as_slice()).ok()
}

/// The TLS error at the bottom of an error, if that is one.
pub(crate) fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    find::<rustls::Error>(error)
}

/// Looks for an error of one type in a chain, also inside of I/O errors, which hide what they wrap.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let io = match error.downcast_ref::<h2::Error>() {
            Some(error) => error.get_io(),
            None => error.downcast_ref::<std::io::Error>(),
        };
        next = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}

fn shorten(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        let end = (0..=MESSAGE_BYTES_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
