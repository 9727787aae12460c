//! Files that pages hand out.

use axum::response::{IntoResponse, Response};
use http::header;

use crate::devices::rules::import::export::Encoding;

/// A file of CSV of this name, in the encoding that its content has.
pub fn csv(name: &str, encoding: Encoding, content: impl IntoResponse) -> Response {
    let file = format!("attachment; filename=\"{name}.csv\"");
    let headers = [(header::CONTENT_TYPE, encoding.media_type().to_owned()), (header::CONTENT_DISPOSITION, file)];
    (headers, content).into_response()
}
