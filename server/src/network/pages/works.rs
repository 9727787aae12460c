//! Work that was announced for one school: announce it, call it off.

use axum::extract::{Path, State};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{
    NetworkPages,
    school::{Forms, back, show},
};
use crate::{
    access::pages::SignedIn,
    clock::Timestamp,
    console::{Fields, PageResult, Respond as _, refused},
    error::{
        Error, FieldViolation, Result,
        says::{fields as say_fields, network as say},
    },
    network::{
        rules::{Element, ElementKind},
        service::works::WorkOrder,
    },
    schools::rules::{SchoolId, parse_text},
};

/// A moment as a browser's field for it has it, in Japan's time.
fn parse_local(field: &'static str, text: &str) -> std::result::Result<Timestamp, FieldViolation> {
    let minutes = text.get(..16).unwrap_or(text);
    let moment = OffsetDateTime::parse(&format!("{minutes}:00+09:00"), &Rfc3339);
    let moment = moment.map_err(|_| FieldViolation::new(field, say_fields::time_needed()))?;
    Ok(Timestamp(moment.unix_timestamp() * 1_000_000))
}

pub(super) async fn announce(
    person: SignedIn,
    State(pages): State<NetworkPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    match said(&person, &pages, SchoolId(id), &fields).await {
        Ok(()) => Ok(back(id).flash(person.shell.w.network.announced)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            let forms = Forms { known: None, work: Some(form) };
            show(person, &pages, SchoolId(id), &Fields::default(), forms, status).await
        }
    }
}

async fn said(person: &SignedIn, pages: &NetworkPages, school: SchoolId, fields: &Fields) -> Result<()> {
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let mut wrong = Vec::new();
    let kind = match fields.get("element_kind") {
        "school_line" => Some(ElementKind::SchoolLine),
        "school_lan" => Some(ElementKind::SchoolLan),
        _ => {
            wrong.push(FieldViolation::new("element_kind", say::work_element()));
            None
        }
    };
    let mut checked =
        |parsed: std::result::Result<Timestamp, FieldViolation>| parsed.map_err(|violation| wrong.push(violation)).ok();
    let begin = checked(parse_local("start_time", fields.get("start_time")));
    let end = checked(parse_local("end_time", fields.get("end_time")));
    let reason = parse_text("reason", fields.get("reason"), 200).map_err(|violation| wrong.push(violation)).ok();
    let (Some(kind), Some(begin), Some(end), Some(reason)) = (kind, begin, end, reason) else {
        return Err(Error::invalid_fields("FIELD_INVALID", wrong));
    };
    let element = Element::new(kind, school.to_string());
    let order = WorkOrder { id: None, municipality: owner, element, begin, end, reason }
        .check()
        .map_err(|violation| Error::invalid_fields("FIELD_INVALID", vec![violation]))?;
    pages.network.announce_work(&person.staff, order).await.map(drop)
}

pub(super) async fn cancel(
    person: SignedIn,
    State(pages): State<NetworkPages>,
    Path((id, work)): Path<(Uuid, Uuid)>,
    fields: Fields,
) -> PageResult {
    let owner = pages.schools.owner_of(&person.staff, SchoolId(id)).await?;
    let seen = fields.get("version").parse().ok();
    pages.network.cancel_work(&person.staff, owner, work, seen).await?;
    Ok(back(id).flash(person.shell.w.network.cancelled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_of_a_browser_is_read_in_japans_time() {
        assert_eq!(parse_local("start_time", "2026-11-25T09:00").unwrap(), Timestamp(1_795_564_800_000_000));
        assert_eq!(parse_local("start_time", "2026-11-25T09:00:30").unwrap(), Timestamp(1_795_564_800_000_000));
        for text in ["", "2026-11-25", "2026-13-25T09:00", "九時", "2026-11-25T09:0"] {
            assert_eq!(parse_local("start_time", text).unwrap_err().field, "start_time", "{text}");
        }
    }
}
