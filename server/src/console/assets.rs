//! Style and script, compiled in. Their addresses carry a hash of their content, so browsers may keep them for ever.

use std::sync::LazyLock;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::header;
use ring::digest;

use super::csrf::hex;

const CSS: &str = include_str!("../../assets/console.css");
const JS: &str = include_str!("../../assets/console.js");
/// Of pages for a phone on a slow line, and of sheets of labels: small, and without the console's.
const REPORT_CSS: &str = include_str!("../../assets/report.css");
const ICON: &str = include_str!("../../assets/icon.svg");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}/console.css", hash(CSS)));
static REPORT_CSS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}/report.css", hash(REPORT_CSS)));
static JS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}/console.js", hash(JS)));

fn hash(text: &str) -> String {
    hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..8])
}

/// Address of the style sheet.
pub fn css_path() -> &'static str {
    &CSS_PATH
}

/// Address of the style sheet of reports from a phone.
pub fn report_css_path() -> &'static str {
    &REPORT_CSS_PATH
}

/// Address of the script.
pub fn js_path() -> &'static str {
    &JS_PATH
}

/// The routes of static files.
pub(super) fn routes() -> Router {
    let serve = |kind: &'static str, text: &'static str| move || async move { file(kind, text) };
    Router::new()
        .route(css_path(), get(serve("text/css; charset=utf-8", CSS)))
        .route(report_css_path(), get(serve("text/css; charset=utf-8", REPORT_CSS)))
        .route(js_path(), get(serve("text/javascript; charset=utf-8", JS)))
        .route("/icon.svg", get(|| async { ([(header::CACHE_CONTROL, "max-age=86400")], file("image/svg+xml", ICON)) }))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let keep = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (keep, text).into_response()
}
