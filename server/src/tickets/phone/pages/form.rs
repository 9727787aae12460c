//! The form behind a code.

use askama::Template;
use axum::extract::{FromRequest as _, Multipart, Path, Request, State, multipart::Field};
use http::{StatusCode, header};
use uuid::Uuid;

use super::{PhonePages, gone, with_retry};
use crate::{
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Respond as _, Shell, Visit, page, see_other,
        words::{faults::sentence, reports as words},
    },
    error::{
        Error, FieldViolation, Kind,
        says::{self, reports as say},
    },
    tickets::{
        attachments::{
            pages::{read_file, read_text},
            rules::MOST_ON_PHONE,
        },
        phone::{
            rules::{MOST_CHARS, SHOWN},
            service::{Said, Spot, known::KnownReport},
        },
        rules::{CallerKind, Category},
    },
};

#[derive(Template)]
#[template(path = "report/form.html")]
struct FormPage {
    shell: Shell,
    form: FormState,
    form_id: String,
    code: String,
    place: String,
    device: Option<String>,
    tiles: Vec<Tile>,
    known: Option<KnownLine>,
    same: Option<SameLine>,
    most_chars: usize,
}

/// The same report, which is there already.
struct SameLine {
    since: Timestamp,
    state: &'static str,
}

/// A category to tap on.
struct Tile {
    value: String,
    text: &'static str,
    /// Path of its picture, in a field of 24 × 24.
    icon: &'static str,
}

struct KnownLine {
    incident: String,
    since: Timestamp,
    also: Option<String>,
}

/// A picture in lines of 24 × 24.
fn icon(category: Category) -> &'static str {
    match category {
        Category::Screen => "M3 5h18v12H3zM9 21h6M12 17v4M10 5l2 4-3 3 4 5",
        Category::Keyboard => "M2 7h20v11H2zM6 11h.01M10 11h.01M14 11h.01M18 11h.01M7 15h10",
        Category::Battery => "M3 8h15v9H3zM21 11v3M11 9l-3 4h4l-2 3",
        Category::NoStart => "M12 3v9M7 6a8 8 0 1 0 10 0",
        Category::Peripheral => "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
        Category::SignIn => "M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4M12 15v3",
        Category::Wifi => "M2 9a15 15 0 0 1 20 0M5.5 13a10 10 0 0 1 13 0M9 16.500a5 5 0 0 1 6 0M12 20h.01M4 4l16 17",
        Category::Slow => "M12 3a9 9 0 1 0 .01 0M12 7v5l4 3",
        Category::App => "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM14 14l6 6M20 14l-6 6",
        Category::Settings | Category::Filter | Category::Loss | Category::YearChange | Category::Other => {
            "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18h.01M12 2a10 10 0 1 0 .01 0"
        }
    }
}

fn show(visit: &Visit, code: &str, spot: &Spot, form: FormState, status: StatusCode) -> PageResult {
    show_with(visit, code, spot, form, status, None)
}

/// The form, with what is known of the same report.
fn show_with(
    visit: &Visit,
    code: &str,
    spot: &Spot,
    form: FormState,
    status: StatusCode,
    same: Option<KnownReport>,
) -> PageResult {
    let shell = visit.shell();
    let same = same
        .map(|same| SameLine { since: same.since, state: words::state_text(shell.language, same.state.to_number()) });
    let tiles = SHOWN.map(|category| Tile {
        value: category.to_number().to_string(),
        text: words::category_text(shell.language, category.to_number()),
        icon: icon(category),
    });
    let known = spot.known.as_ref().map(|known| KnownLine {
        incident: known.incident.to_string(),
        since: known.since,
        also: (known.also > 0).then(|| words::also_count(shell.language, known.also)),
    });
    let place = [spot.school.as_ref().map_or("", |(_, name)| name), spot.room.as_str()].join(" ");
    // A form that comes back keeps its id, so that what was sent already is not sent twice.
    let form_id = Uuid::try_parse(form.value("form")).unwrap_or_else(|_| Uuid::now_v7()).to_string();
    let device = spot.device.as_ref().and_then(|(_, label)| label.clone());
    let place = place.trim().to_owned();
    let code = code.to_owned();
    page(
        status,
        &FormPage {
            shell,
            form,
            form_id,
            code,
            place,
            device,
            tiles: tiles.into(),
            known,
            same,
            most_chars: MOST_CHARS,
        },
    )
}

pub(super) async fn form(visit: Visit, State(pages): State<PhonePages>, Path(code): Path<String>) -> PageResult {
    match pages.phone.open(&code, visit.address()).await {
        Ok(spot) => show(&visit, &code, &spot, FormState::default(), StatusCode::OK),
        Err(error) => gone(&visit, error),
    }
}

/// What was chosen and typed; all that is wrong with it at once.
fn said(fields: &Fields) -> Result<Said, Error> {
    let number = |name: &str| fields.get(name).parse().ok();
    let category = number("category").and_then(Category::from_number).filter(|category| SHOWN.contains(category));
    let caller = match fields.get("who") {
        "pupil" => Some(CallerKind::Pupil),
        "teacher" => Some(CallerKind::Teacher),
        _ => None,
    };
    let stopped = match fields.get("stopped") {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let mut wrong: Vec<_> =
        [("category", category.is_none()), ("who", caller.is_none()), ("stopped", stopped.is_none())]
            .into_iter()
            .filter(|(_, is_missing)| *is_missing)
            .map(|(name, _)| FieldViolation::new(name, say::choose()))
            .collect();
    let form = Uuid::try_parse(fields.get("form")).unwrap_or_else(|_| Uuid::now_v7());
    let said = Said {
        form,
        category: category.unwrap_or(Category::Wifi),
        caller: caller.unwrap_or(CallerKind::Pupil),
        lesson_stopped: stopped.unwrap_or_default(),
        text: fields.get("text").replace("\r\n", "\n"),
    };
    wrong.extend(said.check().err());
    if wrong.is_empty() { Ok(said) } else { Err(Error::invalid_fields("FIELD_INVALID", wrong)) }
}

pub(super) async fn report(
    visit: Visit,
    State(pages): State<PhonePages>,
    Path(code): Path<String>,
    request: Request,
) -> PageResult {
    let spot = match pages.phone.open(&code, visit.address()).await {
        Ok(spot) => spot,
        Err(error) => return gone(&visit, error),
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let fields = Fields::from_request(request, &()).await?;
        let outcome = take(&visit, &pages, &spot, &fields).await;
        return answer(&visit, &code, &spot, fields, outcome.map(|taken| (taken, None)));
    }
    let broken = |_| Error::new(Kind::Invalid, "UPLOAD_BROKEN", crate::error::says::access::upload_broken());
    let upload = Multipart::from_request(request, &()).await.map_err(broken)?;
    let mut fields = Fields::default();
    let outcome = take_with_photos(&visit, &pages, &spot, &mut fields, upload).await;
    answer(&visit, &code, &spot, fields, outcome)
}

/// What became of a form.
enum Taken {
    /// Its report, which is followed under this link.
    Made(String),
    /// It was added to a report of others, whose link is not for whoever added to it.
    Added(String),
    /// The same is reported already, and nobody said yet what to do about that.
    Same(KnownReport),
}

impl Taken {
    /// The report that photos belong to.
    fn link(&self) -> Option<&str> {
        match self {
            Self::Made(link) | Self::Added(link) => Some(link),
            Self::Same(_) => None,
        }
    }
}

/// Takes what the fields say.
async fn take(visit: &Visit, pages: &PhonePages, spot: &Spot, fields: &Fields) -> Result<Taken, Error> {
    let (phone, said) = (&pages.phone, said(fields)?);
    match fields.get("known") {
        "other" => {}
        "add" => {
            // It may have ended while somebody typed; then this is a new one.
            if let Some(link) = phone.add_to_known(spot, visit.address(), &said).await? {
                return Ok(Taken::Added(link));
            }
        }
        _ => {
            if let Some(same) = phone.known_report(spot, &said).await? {
                return Ok(Taken::Same(same));
            }
        }
    }
    phone.report(spot, visit.address(), &said).await.map(Taken::Made)
}

/// Takes a report and then its photos, one by one as they arrive: the report counts before the first of them is read, so that no
/// photo, and no line that breaks, loses it. Gives why a photo was refused, if one was.
async fn take_with_photos(
    visit: &Visit,
    pages: &PhonePages,
    spot: &Spot,
    fields: &mut Fields,
    mut upload: Multipart,
) -> Result<(Taken, Option<Error>), Error> {
    let (mut taken, mut photos, mut refused) = (None::<Taken>, 0, None);
    loop {
        let field = match (upload.next_field().await, &taken) {
            (Ok(Some(field)), _) => field,
            (Ok(None), _) => break,
            (Err(error), Some(_)) => {
                refused = Some(Error::from(error));
                break;
            }
            (Err(error), None) => return Err(error.into()),
        };
        match field.file_name() {
            None => {
                read_text(field, fields).await?;
                continue;
            }
            // A browser sends an empty one where nothing was chosen.
            Some("") => continue,
            Some(_) => {}
        }
        let report = match &taken {
            Some(report) => report,
            None => taken.insert(take(visit, pages, spot, fields).await?),
        };
        // Nothing is made yet, so that there is nothing to put a photo to.
        let Some(link) = report.link() else { break };
        photos += 1;
        if let Err(error) = take_photo(pages, link, photos, field).await {
            refused.get_or_insert(error);
        }
        // What comes behind the last that is taken is not read any more.
        if photos > MOST_ON_PHONE {
            break;
        }
    }
    match taken {
        Some(taken) => Ok((taken, refused)),
        None => Ok((take(visit, pages, spot, fields).await?, None)),
    }
}

/// Takes one photo.
async fn take_photo(pages: &PhonePages, link: &str, number: usize, field: Field<'_>) -> Result<(), Error> {
    if number > MOST_ON_PHONE {
        return Err(Error::new(Kind::Invalid, "ATTACHMENT_LIMIT", says::tickets::photos_limit(MOST_ON_PHONE)));
    }
    pages.phone.count_photo(link).await?;
    let _place = pages.attachments.place_to_read_soon().await?;
    let content = read_file(field).await?;
    pages.phone.add_photo(&pages.attachments, link, number, content).await
}

/// Leads on to how the report stands, or tells that it is there already; with a word about a photo that was refused; or shows the form again.
fn answer(
    visit: &Visit,
    code: &str,
    spot: &Spot,
    fields: Fields,
    outcome: Result<(Taken, Option<Error>), Error>,
) -> PageResult {
    match outcome {
        Ok((Taken::Same(same), _)) => {
            show_with(visit, code, spot, FormState::filled(fields), StatusCode::CONFLICT, Some(same))
        }
        Ok((taken, refused)) => {
            let shell = visit.shell();
            let done = match (refused, &taken) {
                (None, Taken::Added(_)) => shell.w.reports.same_added.to_owned(),
                (None, _) => shell.w.reports.sent.to_owned(),
                (Some(error), _) => {
                    crate::telemetry::note_failure(error.reason, None);
                    if error.kind == Kind::Internal {
                        tracing::error!(error = error.chain(), "a photo of a report could not be kept");
                    }
                    format!("{} {}", shell.w.reports.photos_refused, sentence(shell.language, &error.message))
                }
            };
            let next = match taken {
                Taken::Made(link) => format!("/report/{link}"),
                Taken::Added(_) | Taken::Same(_) => format!("/r/{}", crate::console::forms::encode(code)),
            };
            Ok(see_other(&next).flash(&done))
        }
        Err(error) if error.kind == Kind::Exhausted => {
            let wait = error.retry_after;
            let form = FormState::refused_here(fields, error);
            with_retry(show(visit, code, spot, form, StatusCode::TOO_MANY_REQUESTS)?, wait)
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            let status = form.status();
            show(visit, code, spot, form, status)
        }
    }
}

pub(super) async fn also(
    visit: Visit,
    State(pages): State<PhonePages>,
    Path(code): Path<String>,
    fields: Fields,
) -> PageResult {
    let incident = Uuid::try_parse(fields.get("incident")).unwrap_or_default();
    let back = format!("/r/{}", crate::console::forms::encode(&code));
    match pages.phone.also(&code, visit.address(), incident).await {
        Ok(()) => Ok(see_other(&back).flash(visit.shell().w.reports.also_done)),
        Err(error) if error.reason == "INCIDENT_OVER" => {
            let shell = visit.shell();
            Ok(see_other(&back).flash(&shell.field_message(&error.message)))
        }
        Err(error) => gone(&visit, error),
    }
}
