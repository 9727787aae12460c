//! How a report stands, for whoever has its link; and what its caller says later.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use uuid::Uuid;

use super::{PhonePages, gone, with_retry};
use crate::{
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Shell, Visit, page, see_other, words::reports as words},
    error::Kind,
    tickets::{
        attachments::{
            pages::{FileLine, show_file},
            service::AttachmentId,
        },
        phone::{
            rules::MOST_CHARS,
            service::{Followed, Word},
        },
        rules::State as TicketState,
    },
};

#[derive(Template)]
#[template(path = "report/standing.html")]
struct StandingPage {
    shell: Shell,
    form: FormState,
    form_id: String,
    link: String,
    number: i64,
    state: &'static str,
    is_asked: bool,
    is_merged: bool,
    of_incident: bool,
    /// Whether it should work again.
    is_resolved: bool,
    is_closed: bool,
    events: Vec<Line>,
    most_chars: usize,
}

struct Line {
    at: Timestamp,
    text: &'static str,
    body: String,
    file: Option<FileLine>,
}

fn show(visit: &Visit, link: String, found: Followed, form: FormState, status: StatusCode) -> PageResult {
    let shell = visit.shell();
    let path = format!("/report/{link}");
    let line = |event: &crate::tickets::service::EventRow| Line {
        at: Timestamp(event.happened_at),
        text: words::event_text(shell.language, event.kind),
        body: event.body.clone(),
        file: found.attachments.iter().find(|one| one.event_number == event.number).map(|one| FileLine::of(one, &path)),
    };
    let events = found.events.iter().map(line).collect();
    let form_id = Uuid::try_parse(form.value("form")).unwrap_or_else(|_| Uuid::now_v7()).to_string();
    let view = StandingPage {
        form,
        form_id,
        link,
        number: found.number,
        state: words::state_text(shell.language, found.state.to_number()),
        is_asked: found.is_asked,
        is_merged: found.is_merged,
        of_incident: found.of_incident,
        is_resolved: found.state == TicketState::Resolved,
        is_closed: found.state == TicketState::Closed,
        events,
        most_chars: MOST_CHARS,
        shell,
    };
    page(status, &view)
}

pub(super) async fn standing(visit: Visit, State(pages): State<PhonePages>, Path(link): Path<String>) -> PageResult {
    match pages.phone.follow(&link).await {
        Ok(found) => show(&visit, link, found, FormState::default(), StatusCode::OK),
        Err(error) => gone(&visit, error),
    }
}

pub(super) async fn file(
    visit: Visit,
    State(pages): State<PhonePages>,
    Path((link, attachment)): Path<(String, String)>,
) -> PageResult {
    let attachment = AttachmentId(Uuid::try_parse(&attachment).unwrap_or_default());
    match pages.phone.open_file(&pages.attachments, &link, attachment).await {
        Ok((row, content)) => show_file(&row, content),
        Err(error) => gone(&visit, error),
    }
}

pub(super) async fn say(
    visit: Visit,
    State(pages): State<PhonePages>,
    Path(link): Path<String>,
    fields: Fields,
) -> PageResult {
    let found = match pages.phone.follow(&link).await {
        Ok(found) => found,
        Err(error) => return gone(&visit, error),
    };
    let form = Uuid::try_parse(fields.get("form")).unwrap_or_else(|_| Uuid::now_v7());
    let text = fields.get("text").replace("\r\n", "\n");
    let (word, text) = match fields.get("word") {
        "fixed" => (Word::Fixed, text),
        // In the language of staff, who read it.
        "came_back" if text.is_empty() => {
            (Word::More, crate::console::Language::Ja.words().reports.came_back_text.to_owned())
        }
        _ => (Word::More, text),
    };
    match pages.phone.say(&link, visit.address(), word, &text, form).await {
        Ok(()) => Ok(see_other(&format!("/report/{link}"))),
        Err(error) if error.kind == Kind::Exhausted => {
            let wait = error.retry_after;
            let form = FormState::refused_here(fields, error);
            with_retry(show(&visit, link, found, form, StatusCode::TOO_MANY_REQUESTS)?, wait)
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            let status = form.status();
            show(&visit, link, found, form, status)
        }
    }
}
