//! Files that pages hand out.

use axum::response::{IntoResponse, Response};
use http::header;

use crate::devices::rules::import::export::Encoding;

/// A file of CSV of this name, in the encoding that its content has.
pub fn csv(name: &str, encoding: Encoding, content: impl IntoResponse) -> Response {
    file(&format!("{name}.csv"), encoding.media_type(), content)
}

/// A file of this name, to be kept.
pub fn file(name: &str, media_type: &str, content: impl IntoResponse) -> Response {
    let kept = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, kept)];
    (headers, content).into_response()
}
