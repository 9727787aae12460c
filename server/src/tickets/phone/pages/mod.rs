//! Pages of reports: the form behind a code, how a report stands, and sheets of labels.
//!
//! The first two are for everybody who stands before a label, on a phone and a slow line: no script, one small style sheet.

mod form;
mod labels;
mod standing;

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::Response,
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};

use super::service::Phone;
use crate::{
    console::{PageError, PageResult, Shell, Visit, page},
    error::{Error, Kind},
    network::service::Network,
    schools::service::Schools,
    tickets::attachments::{pages::UPLOAD_BYTES, service::Attachments},
};

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct PhonePages {
    pub phone: Phone,
    pub attachments: Attachments,
    pub schools: Schools,
    pub network: Network,
}

/// The pages of reports and labels.
pub fn routes(pages: PhonePages) -> Router {
    Router::new()
        .route("/r/{code}", get(form::form).post(form::report).layer(DefaultBodyLimit::max(UPLOAD_BYTES)))
        .route("/r/{code}/also", post(form::also))
        .route("/report/{link}", get(standing::standing).post(standing::say))
        .route("/report/{link}/attachments/{attachment}", get(standing::file))
        .route("/schools/{school}/labels", get(labels::labels).post(labels::make))
        .route("/schools/{school}/labels/sheet", get(labels::sheet))
        .route("/schools/{school}/labels/room", post(labels::make_room))
        .route("/schools/{school}/labels/void", post(labels::void))
        .with_state(pages)
}

#[derive(Template)]
#[template(path = "report/gone.html")]
struct GonePage {
    shell: Shell,
    text: String,
}

/// A page in easy words for who cannot be helped here; other faults become their page.
fn gone(visit: &Visit, error: Error) -> PageResult {
    let status = match (error.kind, error.reason) {
        (Kind::NotFound, "LABEL_UNKNOWN" | "REPORT_UNKNOWN" | "ATTACHMENT_NOT_FOUND") => StatusCode::NOT_FOUND,
        (_, "LABEL_DEVICE_GONE") => StatusCode::GONE,
        (Kind::Exhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        _ => return Err(PageError(error)),
    };
    crate::telemetry::note_failure(error.reason, None);
    let shell = visit.shell();
    let text = shell.field_message(&error.message);
    with_retry(page(status, &GonePage { shell, text })?, error.retry_after)
}

/// Says when to try again.
fn with_retry(mut response: Response, wait: Option<Duration>) -> PageResult {
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    Ok(response)
}
