//! Changes of an owner by hand: what it is called, and a new school.

use axum::extract::{Path, State};
use uuid::Uuid;

use super::municipality::{Forms, show};
use crate::{
    access::{pages::SignedIn, rules::Staff},
    console::{Fields, PageResult, Respond as _, refused, see_other},
    error::{Error, FieldViolation, Result, collect},
    overview::pages::{OverviewPages, device::seen},
    schools::{
        rules::{MunicipalityId, SchoolCode, parse_municipality_kind, parse_name},
        service::MunicipalityChange,
    },
};

pub(in crate::overview::pages) async fn edit(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let owner = MunicipalityId(id);
    match change(&pages, &person.staff, owner, &fields).await {
        Ok(()) => Ok(see_other(&format!("/municipalities/{id}#content")).flash(person.shell.w.shell.saved)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            show(person, &pages, owner, Forms { owner: Some(form), ..Forms::default() }, status).await
        }
    }
}

async fn change(pages: &OverviewPages, staff: &Staff, owner: MunicipalityId, fields: &Fields) -> Result<()> {
    let mut wrong = Vec::new();
    let name = collect(parse_name("name", fields.get("name")), &mut wrong);
    let kind = collect(parse_municipality_kind(fields.get("kind")), &mut wrong);
    if !wrong.is_empty() {
        return Err(Error::invalid_fields("FIELD_INVALID", wrong));
    }
    let change = MunicipalityChange { name, kind, keeps_names: Some(fields.has("keeps_names")) };
    pages.schools.update_municipality(staff, owner, change, Some(seen(fields)?)).await.map(drop)
}

pub(in crate::overview::pages) async fn add_school(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let owner = MunicipalityId(id);
    let mut wrong = Vec::new();
    let name = collect(parse_name("school_name", fields.get("school_name")), &mut wrong);
    let code = collect(school_code("school_code", fields.get("school_code")), &mut wrong);
    let added = match (name, code) {
        (Some(name), Some(code)) => {
            let added = pages.schools.create_school(&person.staff, None, owner, code, name).await;
            added.map_err(|error| at_field(error, "school_code", "school_name"))
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    };
    match added {
        Ok(row) => Ok(see_other(&format!("/schools/{}#content", row.school_id)).flash(person.shell.w.schools.added)),
        Err(error) => {
            let (school, status) = refused(fields, error)?;
            show(person, &pages, owner, Forms { school, ..Forms::default() }, status).await
        }
    }
}

/// A school's code, or none where nothing was typed.
pub(super) fn school_code(field: &'static str, text: &str) -> Result<Option<SchoolCode>, FieldViolation> {
    match text {
        "" => Ok(None),
        text => SchoolCode::parse(text).map(Some).map_err(|wrong| FieldViolation::new(field, wrong.message)),
    }
}

/// Places the refusal of a school that exists beside the field it is about.
pub(super) fn at_field(mut error: Error, code: &'static str, name: &'static str) -> Error {
    let field = match error.reason {
        "SCHOOL_EXISTS" => code,
        "SCHOOL_NAME_TAKEN" => name,
        _ => return error,
    };
    error.fields = Box::new([FieldViolation::new(field, error.message.clone())]);
    error
}
