//! Forged forms: a POST must come from our own pages.
//!
//! Two checks, either of which would do: what the browser says of the origin, and a hidden field that only our own pages
//! can know. The field is the hash of a cookie (so the cookie itself stands in no page) that lives as long as the browser,
//! not as the session, so a form that was opened before the session's cookie rotated is still good.

use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full};
use ring::{digest, rand::SecureRandom as _};
use tokio_stream::StreamExt as _;

use super::FORM_BYTES;
use crate::error::{Error, Kind, Result, says::access as say};

/// An upload's field must stand within so many bytes of its beginning.
const HEAD_BYTES: usize = 4 << 10;

/// A new value for the cookie.
pub(super) fn new_cookie() -> Result<String> {
    let mut bytes = [0; 16];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::internal("no random numbers can be had", "the system gave none"))?;
    Ok(hex(&bytes))
}

/// Bytes as lower case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The hidden field that belongs to a cookie.
pub(super) fn field_of(cookie: &str) -> String {
    let text = format!("gigafleet form {cookie}");
    hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}

/// Refuses what another site sent. Reason: FORM_FORGED.
pub(super) fn check_origin(headers: &HeaderMap, public: Option<&str>) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) => Ok(()),
        (Some(_), _) => Err(forged()),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            let own = public.and_then(|public| public.split_once("://")).map(|(_, host)| host).or(text("host"));
            if host.is_some() && host == own { Ok(()) } else { Err(forged()) }
        }
        // No browser of today; the field decides.
        (None, None) => Ok(()),
    }
}

/// Refuses a form without the field; gives the request back whole. Reasons: FORM_FORGED, BODY_TOO_LARGE.
pub(super) async fn check_field(request: Request<Body>, expected: &str) -> Result<Request<Body>> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return check_upload(request, expected).await;
    }
    let (parts, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, FORM_BYTES).collect().await.map_err(|_| too_large())?.to_bytes();
    let fields = super::forms::Fields::parse(&body);
    if !same(fields.get("csrf"), expected) {
        return Err(forged());
    }
    Ok(Request::from_parts(parts, Body::new(Full::new(body))))
}

/// Looks into the head of an upload only; the rest goes on as it comes.
async fn check_upload(request: Request<Body>, expected: &str) -> Result<Request<Body>> {
    let (parts, body) = request.into_parts();
    let mut stream = body.into_data_stream();
    let mut head = Vec::new();
    let found = loop {
        let text = String::from_utf8_lossy(&head);
        let value = text.split_once("name=\"csrf\"\r\n\r\n").and_then(|(_, rest)| rest.split_once("\r\n"));
        if let Some((value, _)) = value {
            break same(value, expected);
        }
        if head.len() >= HEAD_BYTES {
            break false;
        }
        match stream.next().await {
            Some(Ok(bytes)) => head.extend_from_slice(&bytes),
            Some(Err(_)) | None => break false,
        }
    };
    if !found {
        return Err(forged());
    }
    let head = tokio_stream::once(Ok::<Bytes, axum::Error>(Bytes::from(head)));
    Ok(Request::from_parts(parts, Body::from_stream(head.chain(stream))))
}

/// Compares without telling by time how much was right.
fn same(given: &str, expected: &str) -> bool {
    given.len() == expected.len() && given.bytes().zip(expected.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn forged() -> Error {
    Error::new(Kind::Denied, "FORM_FORGED", say::form_forged())
}

pub(super) fn too_large() -> Error {
    Error::new(Kind::Invalid, "BODY_TOO_LARGE", say::form_too_large(FORM_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn other_sites_are_refused_by_what_the_browser_says() {
        let check = |pairs: &[_], public| check_origin(&headers(pairs), public).is_ok();
        assert!(check(&[("sec-fetch-site", "same-origin")], None));
        assert!(!check(&[("sec-fetch-site", "cross-site")], None));
        assert!(!check(&[("sec-fetch-site", "same-site")], None));
        assert!(check(&[("origin", "http://127.0.0.1:7480"), ("host", "127.0.0.1:7480")], None));
        assert!(!check(&[("origin", "null"), ("host", "127.0.0.1:7480")], None));
        assert!(!check(&[("origin", "https://evil.example"), ("host", "127.0.0.1:7480")], None));
        let public = Some("https://giga.example");
        assert!(check(&[("origin", "https://giga.example"), ("host", "inside:80")], public));
        assert!(!check(&[("origin", "https://inside:80"), ("host", "inside:80")], public));
    }

    #[test]
    fn field_is_not_the_cookie_and_differs_per_cookie() {
        assert_ne!(field_of("a"), field_of("b"));
        assert!(same(&field_of("a"), &field_of("a")) && !same("", &field_of("a")));
    }
}
