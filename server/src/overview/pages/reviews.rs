//! The queue of identities that a person should look at, with both sides beside each other.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gigafleet_proto::v1;
use http::StatusCode;
use uuid::Uuid;

use super::{
    OverviewPages,
    address::Address,
    device::{seen, title, worded},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Respond as _, Shell, page, see_other,
        words::{devices as words, lists as list_words, reviews as review_words},
    },
    devices::{
        rules::{DeviceId, fields::Field},
        store::identity::ReviewRow,
    },
    error::{Error, FieldViolation, Kind, Result, says::devices as say},
    schools::rules::MunicipalityId,
};

/// Reviews on one page.
const REVIEWS: i64 = 20;
/// What the address may say.
pub(super) const KEYS: [&str; 1] = ["municipality"];
const COMPARED: [Field; 9] = [
    Field::Label,
    Field::SerialNumber,
    Field::Maker,
    Field::Model,
    Field::OsVersion,
    Field::School,
    Field::ClassName,
    Field::Purpose,
    Field::Lifecycle,
];

#[derive(Template)]
#[template(path = "overview/reviews.html")]
struct ReviewsPage {
    shell: Shell,
    form: FormState,
    refusal: Option<String>,
    owners: Vec<(String, String)>,
    back: String,
    cards: Vec<Card>,
    first: Option<String>,
    next: Option<String>,
    may_decide: bool,
    wrong: bool,
}

struct Card {
    place: String,
    reason: &'static str,
    evidence: String,
    opened: Timestamp,
    repeated: Timestamp,
    number: i32,
    device: String,
    title: String,
    version: String,
    other: Option<(String, String)>,
    rows: Vec<Compared>,
}

/// One thing that both sides say.
struct Compared {
    label: &'static str,
    one: String,
    other: String,
    /// Whether they say the same; none where one of them says nothing.
    same: Option<bool>,
    /// Whether any of them says something.
    known: bool,
}

impl Compared {
    fn of(shell: &Shell, label: &'static str, one: String, other: String) -> Self {
        let tells = |side: &str| !side.is_empty() && side != shell.w.shell.unknown;
        let same = (tells(&one) && tells(&other)).then_some(one == other);
        Self { label, known: tells(&one) || tells(&other), same, one, other }
    }
}

pub(super) async fn reviews(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    show(person, &pages, &raw.unwrap_or_default(), None).await
}

/// The queue from where the query says on; above it what was refused.
async fn show(person: SignedIn, pages: &OverviewPages, query: &str, refused: Option<Error>) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let fields = Fields::parse(query.as_bytes());
    let address = Address::read("/reviews", &KEYS, &fields);
    if let Some(path) = address.tidied(&fields, &[]) {
        return Ok(see_other(&path));
    }
    let (owner, mut wrong) = owner_of(staff, &address)?;
    let after = position(fields.get("page"));
    if after.is_none() {
        wrong.push(("page", "page"));
    }
    let mut rows = match (after, wrong.is_empty()) {
        (Some(after), true) => pages.identities.list_reviews(staff, owner, after, REVIEWS + 1).await?,
        _ => Vec::new(),
    };
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > REVIEWS);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|last| address.with("page", &token(last)).text());
    let found = pages.overview.reviews(staff, rows).await?;
    let status = match &refused {
        Some(error) if error.kind == Kind::NotFound => StatusCode::NOT_FOUND,
        Some(_) => StatusCode::CONFLICT,
        None => wrong_status(&wrong),
    };
    let refusal = refused.map(|error| refusal(&shell, error)).transpose()?;
    let template = ReviewsPage {
        form: form(&address, &wrong),
        refusal,
        owners: owners(pages, staff, &shell).await?,
        back: Some(query).filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default(),
        cards: found.into_iter().filter_map(|review| card(&shell, &review)).collect(),
        first: (!fields.get("page").is_empty()).then(|| address.text()),
        next,
        may_decide: staff.has(Right::ReviewIdentity),
        wrong: !wrong.is_empty(),
        shell,
    };
    page(status, &template)
}

/// What is wrong with the address: its key and the name of the fault.
type Wrong = Vec<(&'static str, &'static str)>;

/// The owner that the address names; one that the person may not see is missing.
pub(super) fn owner_of(staff: &Staff, address: &Address) -> Result<(Option<MunicipalityId>, Wrong)> {
    let text = address.get("municipality");
    if text.is_empty() {
        return Ok((None, Vec::new()));
    }
    let scope = staff.scope(Right::ViewDevices)?;
    let owner = Uuid::try_parse(text).ok().map(MunicipalityId).filter(|owner| scope.area(*owner).is_some());
    let wrong = if owner.is_none() { vec![("municipality", "missing")] } else { Vec::new() };
    Ok((owner, wrong))
}

/// Not found where all that is wrong is that something is missing.
pub(super) fn wrong_status(wrong: &Wrong) -> StatusCode {
    match wrong.iter().all(|(_, what)| *what == "missing") {
        true if wrong.is_empty() => StatusCode::OK,
        true => StatusCode::NOT_FOUND,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(super) fn form(address: &Address, wrong: &Wrong) -> FormState {
    let fields = Fields::of(address.pairs().iter().map(|(key, value)| (*key, value.clone())));
    if wrong.is_empty() {
        return FormState::filled(fields);
    }
    let told = |(key, what): &(&'static str, &'static str)| FieldViolation::new(*key, list_words::wrong_said(what));
    FormState::refused_here(fields, Error::invalid_fields("FIELD_INVALID", wrong.iter().map(told).collect()))
}

/// Owners that can be chosen; none where there is only one.
pub(super) async fn owners(pages: &OverviewPages, staff: &Staff, shell: &Shell) -> Result<Vec<(String, String)>> {
    let names = pages.access.place_names(staff, Right::ViewDevices, &[]).await?;
    if names.owners().len() < 2 {
        return Ok(Vec::new());
    }
    let all = std::iter::once((String::new(), shell.w.shell.all.to_owned()));
    Ok(all.chain(names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone()))).collect())
}

/// Where the page begins that a token names; none for what is no token.
fn position(token: &str) -> Option<(Uuid, Uuid, i64)> {
    if token.is_empty() {
        return Some((Uuid::nil(), Uuid::nil(), 0));
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let bytes: [u8; 40] = bytes.try_into().ok()?;
    let id = |half: &[u8]| Uuid::from_slice(half).ok();
    Some((id(&bytes[..16])?, id(&bytes[16..32])?, i64::from_be_bytes(*bytes.last_chunk::<8>()?)))
}

fn token(last: &ReviewRow) -> String {
    let reason = i64::from(last.reason).to_be_bytes();
    URL_SAFE_NO_PAD.encode([last.municipality_id.as_bytes().as_slice(), last.device_id.as_bytes(), &reason].concat())
}

fn card(shell: &Shell, review: &v1::Review) -> Option<Card> {
    let device = review.device.as_ref()?;
    let other = review.other.as_ref();
    let reason = review.reason().as_str_name();
    let at =
        |time: Option<prost_types::Timestamp>| time.map_or(Timestamp(0), |time| Timestamp(time.seconds * 1_000_000));
    let mut rows: Vec<_> = COMPARED
        .iter()
        .map(|field| {
            let of = |view| worded(shell, view, *field);
            let label = words::field_text(shell.language, field.name());
            Compared::of(shell, label, of(device), other.map(of).unwrap_or_default())
        })
        .collect();
    let w = &shell.w.reviews;
    let board = |view: &v1::Device| {
        let said = view.facts.as_ref().and_then(|facts| facts.board_uuid.clone());
        said.filter(|board| !board.is_empty()).unwrap_or_else(|| shell.w.shell.unknown.to_owned())
    };
    rows.push(Compared::of(shell, w.board, board(device), other.map(board).unwrap_or_default()));
    // Times differ by their nature; that they do tells nothing.
    let times = [
        (w.enrolled, device.enroll_time, other.and_then(|other| other.enroll_time)),
        (w.last_report, device.last_checkin_time, other.and_then(|other| other.last_checkin_time)),
    ];
    for (label, one, two) in times {
        let moment =
            |time: Option<prost_types::Timestamp>| shell.moment(time.map(|time| Timestamp(time.seconds * 1_000_000)));
        rows.push(Compared { label, one: moment(one), other: moment(two), same: None, known: one.or(two).is_some() });
    }
    rows.retain(|row| row.known);
    Some(Card {
        place: [device.municipality_name.as_str(), device.school_name.as_str()].join(" ").trim_end().to_owned(),
        reason: words::review_text(shell.language, reason),
        evidence: review_words::evidence_text(shell.language, reason, &review.evidence),
        opened: at(review.open_time),
        repeated: at(review.repeat_time),
        number: review.reason,
        device: device.device_id.clone(),
        title: title(device),
        version: device.etag.clone(),
        other: other.map(|other| (other.device_id.clone(), title(other))),
        rows,
    })
}

/// What was refused, in the person's words; a fault that is none of these becomes its page.
pub(super) fn refusal(shell: &Shell, error: Error) -> PageResult<String> {
    match review_words::refusal_text(shell.language, error.reason) {
        Some(text) => Ok(text.to_owned()),
        None => Err(error.into()),
    }
}

/// The page of the queue that a form came from.
fn came_from(fields: &Fields) -> &str {
    fields.get("back").strip_prefix('?').unwrap_or_default()
}

fn back(fields: &Fields) -> String {
    match came_from(fields) {
        "" => String::from("/reviews"),
        query => format!("/reviews?{query}"),
    }
}

pub(super) async fn merge(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let other = Uuid::parse_str(fields.get("other"));
    let other = other.map_err(|_| Error::invalid_field("other", say::other_unknown()))?;
    match pages.identities.merge(&person.staff, DeviceId(id), DeviceId(other), Some(seen(&fields)?)).await {
        Ok(_) => Ok(see_other(&back(&fields)).flash(person.shell.w.reviews.merged)),
        Err(error) if is_told_here(&error) => show(person, &pages, came_from(&fields), Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn keep_apart(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let reason = fields.get("reason").parse().ok().and_then(|number: i32| v1::ReviewReason::try_from(number).ok());
    let reason = reason.ok_or_else(|| Error::invalid_field("reason", say::review_reason()))?;
    match pages.identities.keep_apart(&person.staff, DeviceId(id), reason).await {
        Ok(_) => Ok(see_other(&back(&fields)).flash(person.shell.w.reviews.kept_apart)),
        Err(error) if is_told_here(&error) => show(person, &pages, came_from(&fields), Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Whether the queue itself can say what was refused. A device that is out of reach is not found, as everywhere.
pub(super) fn is_told_here(error: &Error) -> bool {
    match error.kind {
        Kind::Conflict | Kind::Precondition => true,
        Kind::NotFound => error.reason != "DEVICE_NOT_FOUND",
        Kind::Invalid
        | Kind::Exists
        | Kind::Unauthenticated
        | Kind::Denied
        | Kind::Exhausted
        | Kind::Unavailable
        | Kind::Internal => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_comes_back_and_junk_does_not() {
        let row = ReviewRow {
            municipality_id: Uuid::now_v7(),
            device_id: Uuid::now_v7(),
            reason: 5,
            other_device_id: None,
            evidence: String::new(),
            opened_at: 0,
            repeated_at: 0,
        };
        assert_eq!(position(&token(&row)), Some((row.municipality_id, row.device_id, 5)));
        assert_eq!(position(""), Some((Uuid::nil(), Uuid::nil(), 0)));
        for junk in ["x", "AAAA", "あ", &token(&row)[1..]] {
            assert_eq!(position(junk), None);
        }
    }

    #[test]
    fn way_back_stays_in_the_queue() {
        let of = |text: &str| back(&Fields::of([("back", text.to_owned())]));
        assert_eq!(of("?municipality=1&page=a"), "/reviews?municipality=1&page=a");
        for foreign in ["", "https://evil.example", "//evil.example", "/devices"] {
            assert_eq!(of(foreign), "/reviews");
        }
    }
}
