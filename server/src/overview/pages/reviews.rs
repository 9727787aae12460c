//! The queue of identities that a person should look at, with both sides beside each other.

use askama::Template;
use axum::extract::{Path, State};
use gigafleet_proto::v1;
use http::StatusCode;
use uuid::Uuid;

use super::{
    OverviewPages,
    device::{seen, title, worded},
};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{Fields, PageResult, Respond as _, Shell, page, see_other, words::devices as words},
    devices::rules::{DeviceId, fields::Field},
    error::{Error, says::devices as say},
};

/// Reviews on one page.
const REVIEWS: i64 = 20;
const COMPARED: [Field; 7] =
    [Field::Label, Field::SerialNumber, Field::Maker, Field::Model, Field::OsVersion, Field::School, Field::ClassName];

#[derive(Template)]
#[template(path = "overview/reviews.html")]
struct ReviewsPage {
    shell: Shell,
    cards: Vec<Card>,
    may_decide: bool,
}

struct Card {
    place: String,
    reason: &'static str,
    number: i32,
    device: String,
    title: String,
    version: String,
    other: Option<(String, String)>,
    rows: Vec<(&'static str, String, String)>,
}

pub(super) async fn reviews(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    let rows = pages.identities.list_reviews(&person.staff, None, (Uuid::nil(), Uuid::nil(), 0), REVIEWS).await?;
    let found = pages.overview.reviews(&person.staff, rows).await?;
    let shell = person.shell;
    let cards = found.into_iter().filter_map(|review| card(&shell, &review)).collect();
    page(StatusCode::OK, &ReviewsPage { cards, may_decide: person.staff.has(Right::ReviewIdentity), shell })
}

fn card(shell: &Shell, review: &v1::Review) -> Option<Card> {
    let device = review.device.as_ref()?;
    let other = review.other.as_ref();
    let rows = COMPARED.iter().map(|field| {
        let of = |view| worded(shell, view, *field);
        (words::field_text(shell.language, field.name()), of(device), other.map(of).unwrap_or_default())
    });
    Some(Card {
        place: device.municipality_name.clone(),
        reason: words::review_text(shell.language, review.reason().as_str_name()),
        number: review.reason,
        device: device.device_id.clone(),
        title: title(device),
        version: device.etag.clone(),
        other: other.map(|other| (other.device_id.clone(), title(other))),
        rows: rows.collect(),
    })
}

pub(super) async fn merge(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let other = Uuid::parse_str(fields.get("other"));
    let other = other.map_err(|_| Error::invalid_field("other", say::other_unknown()))?;
    pages.identities.merge(&person.staff, DeviceId(id), DeviceId(other), Some(seen(&fields)?)).await?;
    Ok(see_other("/reviews").flash(person.shell.w.shell.saved))
}

pub(super) async fn keep_apart(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let reason = fields.get("reason").parse().ok().and_then(|number: i32| v1::ReviewReason::try_from(number).ok());
    let reason = reason.ok_or_else(|| Error::invalid_field("reason", say::review_reason()))?;
    pages.identities.keep_apart(&person.staff, DeviceId(id), reason).await?;
    Ok(see_other("/reviews").flash(person.shell.w.shell.saved))
}
