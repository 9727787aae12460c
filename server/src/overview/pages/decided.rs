//! What people decided on identities, and the way to take it back.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use uuid::Uuid;

use super::{
    OverviewPages,
    address::Address,
    reviews::{KEYS, form, is_told_here, owner_of, owners, refusal, wrong_status},
};
use crate::{
    access::{pages::SignedIn, rules::Right},
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, see_other, words::reviews as review_words},
    devices::{
        rules::{DeviceId, identity::DecisionKind},
        store::identity::DecidedRow,
    },
    error::{Error, Kind, says},
};

/// Decisions on one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "overview/decided.html")]
struct DecidedPage {
    shell: Shell,
    form: FormState,
    refusal: Option<String>,
    owners: Vec<(String, String)>,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    may_decide: bool,
    wrong: bool,
}

struct Line {
    decision: String,
    at: Timestamp,
    what: &'static str,
    device: String,
    title: String,
    other: Option<(String, String)>,
    who: String,
    undone: Option<Timestamp>,
}

pub(super) async fn decided(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    show(person, &pages, &raw.unwrap_or_default(), None).await
}

async fn show(person: SignedIn, pages: &OverviewPages, query: &str, refused: Option<Error>) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let fields = Fields::parse(query.as_bytes());
    let address = Address::read("/reviews/decided", &KEYS, &fields);
    if let Some(path) = address.tidied(&fields, &[]) {
        return Ok(see_other(&path));
    }
    let (owner, mut wrong) = owner_of(staff, &address)?;
    let before = match fields.get("page") {
        "" => Some(Uuid::max()),
        token => Uuid::try_parse(token).ok(),
    };
    if before.is_none() {
        wrong.push(("page", "page"));
    }
    let mut rows = match (before, wrong.is_empty()) {
        (Some(before), true) => pages.identities.list_decided(staff, owner, before, PAGE + 1).await?,
        _ => Vec::new(),
    };
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > PAGE);
    if more {
        rows.pop();
    }
    let next =
        rows.last().filter(|_| more).map(|row| address.with("page", &row.decision.decision_id.to_string()).text());
    let status = match &refused {
        Some(error) if error.kind == Kind::NotFound => StatusCode::NOT_FOUND,
        Some(_) => StatusCode::CONFLICT,
        None => wrong_status(&wrong),
    };
    let refusal = refused.map(|error| refusal(&shell, error)).transpose()?;
    let template = DecidedPage {
        form: form(&address, &wrong),
        refusal,
        owners: owners(pages, staff, &shell).await?,
        lines: rows.into_iter().map(|row| line(&shell, row)).collect(),
        first: (!fields.get("page").is_empty()).then(|| address.text()),
        next,
        may_decide: staff.has(Right::ReviewIdentity),
        wrong: !wrong.is_empty(),
        shell,
    };
    page(status, &template)
}

/// What a record is called: its label, its serial number, or that it has none.
fn named(shell: &Shell, label: Option<String>, serial: Option<String>) -> String {
    label.or(serial).unwrap_or_else(|| shell.w.reviews.no_name.to_owned())
}

fn line(shell: &Shell, row: DecidedRow) -> Line {
    let decision = row.decision;
    let kind = DecisionKind::from_number(decision.kind.into()).map_or("", DecisionKind::name);
    let other =
        decision.other_device_id.map(|id| (id.to_string(), named(shell, row.other_label, row.other_serial_number)));
    Line {
        decision: decision.decision_id.to_string(),
        at: Timestamp(decision.decided_at),
        what: review_words::decision_text(shell.language, kind, other.is_some()),
        device: decision.device_id.to_string(),
        title: named(shell, row.label, row.serial_number),
        other,
        who: decision.decided_by,
        undone: decision.undone_at.map(Timestamp),
    }
}

pub(super) async fn undo(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let decision = Uuid::parse_str(fields.get("decision"));
    let decision = decision
        .map_err(|_| Error::invalid_field("decision", says::devices::decision_unknown(fields.get("decision"))))?;
    match pages.identities.undo(&person.staff, DeviceId(id), decision).await {
        Ok(_) => Ok(see_other("/reviews/decided").flash(person.shell.w.reviews.undone)),
        Err(error) if is_told_here(&error) => show(person, &pages, "", Some(error)).await,
        Err(error) => Err(error.into()),
    }
}
