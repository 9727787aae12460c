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
const ICON: &str = include_str!("../../assets/icon.svg");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}/console.css", hash(CSS)));
static JS_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}/console.js", hash(JS)));

fn hash(text: &str) -> String {
    hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..8])
}

/// Address of the style sheet.
pub fn css_path() -> &'static str {
    &CSS_PATH
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
        .route(js_path(), get(serve("text/javascript; charset=utf-8", JS)))
        .route("/icon.svg", get(|| async { ([(header::CACHE_CONTROL, "max-age=86400")], file("image/svg+xml", ICON)) }))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let keep = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (keep, text).into_response()
}
