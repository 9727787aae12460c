//! Answers: a page, the way to the next one, or the page of a fault.

use askama::Template;
use axum::{
    extract::multipart::MultipartError,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use crate::{
    error::{Both, Error, Kind, says::access as say},
    telemetry,
};

/// What a handler gives.
pub type PageResult<T = Response> = Result<T, PageError>;

/// A fault on its way to its page. The page itself is made at the edge, where language and person are known.
#[derive(Debug)]
pub struct PageError(pub Error);

/// The fault of an answer that has no page yet.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub status: StatusCode,
    pub kind: Kind,
    pub reason: &'static str,
    pub message: Option<Both>,
    pub retry_after: Option<u64>,
}

/// What the next page has to say.
#[derive(Debug, Clone)]
pub(super) struct Flash(pub String);

impl<E: Into<Error>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Kind::Invalid, "BODY_TOO_LARGE", say::file_too_large()),
            _ => Self::new(Kind::Invalid, "UPLOAD_BROKEN", say::upload_broken()),
        }
    }
}

/// The status of a fault.
fn status_of(error: &Error) -> StatusCode {
    match error.kind {
        Kind::Invalid if error.reason == "BODY_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Exists | Kind::Conflict | Kind::Precondition => StatusCode::CONFLICT,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self(error) = self;
        telemetry::note_failure(error.reason, if error.kind == Kind::Internal { Some(error.chain()) } else { None });
        let status = status_of(&error);
        let retry_after = error.retry_after.map(|delay| delay.as_secs().max(1));
        let fault = Fault { status, kind: error.kind, reason: error.reason, message: Some(error.message), retry_after };
        let mut response = status.into_response();
        response.extensions_mut().insert(fault);
        response
    }
}

/// A page with its status.
pub fn page(status: StatusCode, template: &impl Template) -> PageResult {
    let html = template.render().map_err(|source| Error::internal("a page could not be made", source))?;
    Ok((status, Html(html)).into_response())
}

/// After a POST: the way to the next page. Only paths of our own.
pub fn see_other(path: &str) -> Response {
    let own = own_path(path).unwrap_or("/");
    let location = HeaderValue::from_str(own).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A path of our own and not of another site; none for anything else.
pub fn own_path(path: &str) -> Option<&str> {
    let plain = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    (plain && path.len() <= 2_048 && path.is_ascii()).then_some(path)
}

/// What can be added to an answer.
pub trait Respond {
    /// Says something on the next page, once.
    #[must_use]
    fn flash(self, message: &str) -> Response;
}

impl Respond for Response {
    fn flash(mut self, message: &str) -> Response {
        self.extensions_mut().insert(Flash(message.to_owned()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_to_another_site_leads_home() {
        for foreign in ["//evil.example", "https://evil.example", "/\\evil", "", "a", "/a\r\nb: c"] {
            assert_eq!(see_other(foreign).headers()[header::LOCATION], "/", "{foreign}");
        }
        assert_eq!(see_other("/devices?q=1").headers()[header::LOCATION], "/devices?q=1");
    }
}
