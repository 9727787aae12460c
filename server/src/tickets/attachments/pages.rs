//! Pages of attachments: a file as it is kept, and the forms that attach and remove.

use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Multipart, Path, State as Pages,
        multipart::{Field, MultipartError},
    },
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use uuid::Uuid;

use super::{
    rules::{Accepted, FileKind, MOST_BYTES, MOST_ON_PHONE, too_large},
    service::{AttachmentId, AttachmentRow, HandedIn},
};
use crate::{
    access::pages::SignedIn,
    console::{Fields, PageResult, Respond as _, forms::encode, see_other},
    error::{Error, FieldViolation, Kind, Result, says::tickets as say},
    schools::rules::MunicipalityId,
    tickets::{
        pages::{
            TicketPages, named,
            ticket::{self, with_back},
        },
        service::Named,
    },
};

/// Most bytes of a form with files: as many as a phone sends, and what stands beside them.
pub const UPLOAD_BYTES: usize = MOST_ON_PHONE * MOST_BYTES + (1 << 20);
/// Most bytes of a field that is no file.
const TEXT_BYTES: usize = 64 << 10;
/// What a browser may do with a file that somebody gave: show it, and nothing else.
const FILE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");

/// The pages of attachments; they are pages of tickets.
pub fn routes() -> Router<TicketPages> {
    Router::new()
        .route("/tickets/{municipality}/{ticket}/attachments", post(attach).layer(DefaultBodyLimit::max(UPLOAD_BYTES)))
        .route("/tickets/{municipality}/{ticket}/attachments/{attachment}", get(open))
        .route("/tickets/{municipality}/{ticket}/attachments/{attachment}/remove", post(remove))
}

/// An attachment on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it is")]
pub struct FileLine {
    pub path: String,
    pub name: String,
    pub is_picture: bool,
    pub width: i64,
    pub height: i64,
}

impl FileLine {
    /// Of a ticket or a report with this path.
    pub fn of(row: &AttachmentRow, path: &str) -> Self {
        Self {
            path: format!("{path}/attachments/{}", row.attachment_id),
            name: row.name.clone(),
            is_picture: row.kind == FileKind::Picture.to_number(),
            width: row.width,
            height: row.height,
        }
    }
}

/// Shows a picture and hands a text out; neither runs anything, and no browser guesses what it is.
pub fn show_file(row: &AttachmentRow, content: Bytes) -> PageResult {
    let kind = FileKind::from_number(row.kind)
        .ok_or_else(|| Error::internal("an attachment can not be read", String::from("kind")))?;
    let way = match kind {
        FileKind::Picture => "inline",
        FileKind::Text => "attachment",
    };
    let disposition = HeaderValue::try_from(format!("{way}; filename*=UTF-8''{}", encode(&row.name)))
        .map_err(|source| Error::internal("a name can not be written", source))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, FILE_POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600")),
    ];
    let answer: Response = (headers, content).into_response();
    Ok(answer)
}

/// Reads a part of a form; none if it is longer than it may be.
async fn read(mut field: Field<'_>, most: usize) -> Result<Option<Vec<u8>>, MultipartError> {
    let mut content = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        if content.len() + chunk.len() > most {
            return Ok(None);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Some(content))
}

/// Reads a file. Reasons: ATTACHMENT_SIZE, UPLOAD_BROKEN, BODY_TOO_LARGE.
pub(in crate::tickets) async fn read_file(field: Field<'_>) -> Result<Vec<u8>> {
    read(field, MOST_BYTES).await?.ok_or_else(too_large)
}

/// Reads a field that is no file. Reasons: BODY_TOO_LARGE, UPLOAD_BROKEN.
pub(in crate::tickets) async fn read_text(field: Field<'_>, fields: &mut Fields) -> Result<()> {
    let name = field.name().unwrap_or_default().to_owned();
    let content = read(field, TEXT_BYTES).await?;
    let content = content.ok_or_else(|| {
        Error::new(Kind::Invalid, "BODY_TOO_LARGE", crate::error::says::access::form_too_large(TEXT_BYTES))
    })?;
    fields.set(&name, String::from_utf8_lossy(&content).trim().to_owned());
    Ok(())
}

async fn open(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket, attachment)): Path<(Uuid, String, Uuid)>,
) -> PageResult {
    let (owner, named, attachment) = (MunicipalityId(owner), named(&ticket)?, AttachmentId(attachment));
    let (row, content) = pages.attachments.open(&person.staff, owner, named, attachment).await?;
    show_file(&row, content)
}

/// Attaches the files of a form one by one, so that one at a time is in memory.
async fn attach_all(
    pages: &TicketPages,
    person: &SignedIn,
    (owner, named): (MunicipalityId, Named),
    mut upload: Multipart,
    fields: &mut Fields,
) -> Result<()> {
    let mut files = 0;
    while let Some(field) = upload.next_field().await? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            read_text(field, fields).await?;
            continue;
        };
        // A browser sends an empty one where nothing was chosen.
        if name.is_empty() {
            continue;
        }
        if files == MOST_ON_PHONE {
            return Err(Error::new(Kind::Invalid, "ATTACHMENT_LIMIT", say::photos_limit(MOST_ON_PHONE)));
        }
        let _place = pages.attachments.place_to_read().await;
        let content = read_file(field).await?;
        let is_for_caller = !fields.has("internal");
        let file = HandedIn { name, content, is_for_caller, accepted: Accepted::PicturesAndTexts };
        pages.attachments.add(&person.staff, owner, named, file).await?;
        files += 1;
    }
    if files == 0 {
        return Err(Error::invalid_field("file", say::attachment_missing()));
    }
    Ok(())
}

async fn attach(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket)): Path<(Uuid, String)>,
    upload: Multipart,
) -> PageResult {
    let (owner, named) = (MunicipalityId(owner), named(&ticket)?);
    let mut fields = Fields::default();
    // Who may not is refused before anything is read; what else is wrong comes back with the form.
    let outcome = match pages.attachments.may_add(&person.staff, owner, named, true).await {
        Ok(_) => attach_all(&pages, &person, (owner, named), upload, &mut fields).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => {
            let back = with_back(&format!("/tickets/{owner}/{ticket}"), fields.get("back"));
            Ok(see_other(&back).flash(person.shell.w.tickets.attached))
        }
        Err(error) => refused(person, &pages, (owner, named), fields, error).await,
    }
}

/// The ticket again, with what was wrong beside the field.
async fn refused(
    person: SignedIn,
    pages: &TicketPages,
    place: (MunicipalityId, Named),
    fields: Fields,
    mut error: Error,
) -> PageResult {
    if error.fields.is_empty() {
        error.fields = [FieldViolation::new("file", error.message.clone())].into();
    }
    ticket::refused(person, pages, place, fields, error).await
}

async fn remove(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    Path((owner, ticket, attachment)): Path<(Uuid, String, Uuid)>,
    fields: Fields,
) -> PageResult {
    let (owner, named, attachment) = (MunicipalityId(owner), named(&ticket)?, AttachmentId(attachment));
    match pages.attachments.remove(&person.staff, owner, named, attachment).await {
        Ok(_) => {
            let back = with_back(&format!("/tickets/{owner}/{ticket}"), fields.get("back"));
            Ok(see_other(&back).flash(person.shell.w.tickets.removed_file))
        }
        Err(error) => Err(error.into()),
    }
}
