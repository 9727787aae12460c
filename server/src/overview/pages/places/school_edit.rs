//! Changes of a school by hand: what it is called, its pupils, its lines, its end.

use axum::extract::{Path, State};
use uuid::Uuid;

use super::{
    municipality_edit::{at_field, school_code},
    school::{Forms, show},
};
use crate::{
    access::pages::SignedIn,
    console::{Fields, PageResult, Respond as _, refused, see_other},
    error::{Error, FieldViolation, Result, collect, says},
    overview::pages::{OverviewPages, device::seen},
    schools::{
        rules::{
            SchoolId,
            fiscal::FiscalYear,
            lines::{Topology, parse_line_number, parse_mbps},
            parse_name, parse_optional_uuid, parse_text,
            pupils::{PupilsSource, parse_pupils},
        },
        service::{SchoolChange, lines::LineOrder},
    },
};

fn invalid<T>(wrong: Vec<FieldViolation>) -> Result<T> {
    Err(Error::invalid_fields("FIELD_INVALID", wrong))
}

/// The page from its top, where it says that it is done.
fn saved(person: &SignedIn, id: Uuid) -> axum::response::Response {
    see_other(&format!("/schools/{id}#content")).flash(person.shell.w.shell.saved)
}

pub(in crate::overview::pages) async fn edit(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    match change(&person, &pages, SchoolId(id), &fields).await {
        Ok(()) => Ok(saved(&person, id)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            let forms = Forms { profile: Some(form), ..Forms::default() };
            show(person, &pages, SchoolId(id), (forms, None), status).await
        }
    }
}

async fn change(person: &SignedIn, pages: &OverviewPages, school: SchoolId, fields: &Fields) -> Result<()> {
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let mut wrong = Vec::new();
    let name = collect(parse_name("name", fields.get("name")), &mut wrong);
    let code = collect(school_code("code", fields.get("code")), &mut wrong);
    if !wrong.is_empty() {
        return invalid(wrong);
    }
    let change = SchoolChange { code, name, is_shelter: Some(fields.has("is_shelter")) };
    let changed = pages.schools.update_school(&person.staff, owner, school, change, Some(seen(fields)?)).await;
    changed.map(drop).map_err(|error| at_field(error, "code", "name"))
}

pub(in crate::overview::pages) async fn close(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let owner = pages.schools.owner_of(&person.staff, SchoolId(id)).await?;
    let closed = pages.schools.close_school(&person.staff, owner, SchoolId(id), Some(seen(&fields)?)).await;
    match closed {
        Ok(_) => Ok(see_other(&format!("/schools/{id}#content")).flash(person.shell.w.schools.closed_now)),
        Err(error) => {
            let (form, status) = refused(Fields::default(), error)?;
            let forms = Forms { profile: Some(form), ..Forms::default() };
            show(person, &pages, SchoolId(id), (forms, None), status).await
        }
    }
}

pub(in crate::overview::pages) async fn pupils(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    match set_pupils(&person, &pages, SchoolId(id), &fields).await {
        Ok(()) => Ok(saved(&person, id)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            let forms = Forms { pupils: Some(form), ..Forms::default() };
            show(person, &pages, SchoolId(id), (forms, None), status).await
        }
    }
}

async fn set_pupils(person: &SignedIn, pages: &OverviewPages, school: SchoolId, fields: &Fields) -> Result<()> {
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let mut wrong = Vec::new();
    let year = collect(FiscalYear::parse("fiscal_year", fields.get("fiscal_year")), &mut wrong);
    let number = fields.get("pupils").parse().map_err(|_| FieldViolation::new("pupils", says::fields::no_number()));
    let count = collect(number.and_then(parse_pupils), &mut wrong);
    let (Some(year), Some(count)) = (year, count) else { return invalid(wrong) };
    // What was shown of this year when the form was made; nothing if nobody had said.
    let seen = fields.get(&format!("seen-{}", year.year())).to_owned();
    let said = (year, count, PupilsSource::Person);
    pages.schools.set_pupils(&person.staff, owner, school, said, Some(seen)).await.map(drop)
}

pub(in crate::overview::pages) async fn line(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    match set_line(&person, &pages, SchoolId(id), &fields).await {
        Ok(()) => Ok(saved(&person, id)),
        Err(error) => {
            let number = Some(fields.get("line_number").parse().unwrap_or(1));
            let (form, status) = refused(fields, error)?;
            let forms = Forms { line: Some(form), ..Forms::default() };
            show(person, &pages, SchoolId(id), (forms, number), status).await
        }
    }
}

async fn set_line(person: &SignedIn, pages: &OverviewPages, school: SchoolId, fields: &Fields) -> Result<()> {
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let mut wrong = Vec::new();
    let number = number_of(fields, "line_number").and_then(|number| parse_line_number(number.unwrap_or_default()));
    let number = collect(number, &mut wrong);
    let topology = fields.get("topology").parse().ok().and_then(Topology::from_number);
    let topology = topology.ok_or_else(|| FieldViolation::new("topology", says::fields::missing()));
    let topology = collect(topology, &mut wrong);
    let contract = collect(parse_text("contract", fields.get("contract"), 100), &mut wrong);
    let isp = collect(parse_text("isp", fields.get("isp"), 100), &mut wrong);
    let mbps = collect(number_of(fields, "contract_mbps").and_then(parse_mbps), &mut wrong);
    let hub = collect(parse_optional_uuid("hub", fields.get("hub")), &mut wrong);
    let (Some(number), Some(topology), Some(contract), Some(isp), Some(contract_mbps), Some(hub)) =
        (number, topology, contract, isp, mbps, hub)
    else {
        return invalid(wrong);
    };
    // The version that was shown of this line; 0 if there was none.
    let seen = fields.get(&format!("seen-{number}")).parse().unwrap_or(0);
    let order = LineOrder { school, number, topology, contract, isp, contract_mbps, hub };
    let set = pages.schools.set_line(&person.staff, owner, order, Some(seen)).await;
    set.map(drop).map_err(at_hub)
}

/// The contract says `hub_id`, the form says `hub`.
fn at_hub(mut error: Error) -> Error {
    for violation in error.fields.iter_mut().filter(|violation| violation.field == "hub_id") {
        violation.field = "hub".into();
    }
    error
}

fn number_of(fields: &Fields, name: &'static str) -> Result<Option<u32>, FieldViolation> {
    let Some(text) = fields.some(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| FieldViolation::new(name, says::fields::no_number()))
}

pub(in crate::overview::pages) async fn delete_line(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path((id, number)): Path<(Uuid, i64)>,
    fields: Fields,
) -> PageResult {
    let owner = pages.schools.owner_of(&person.staff, SchoolId(id)).await?;
    pages.schools.delete_line(&person.staff, owner, SchoolId(id), number, Some(seen(&fields)?)).await?;
    Ok(saved(&person, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_told() {
        let fields = Fields::parse("a=12&b=&c=x&d=１".as_bytes());
        assert_eq!([number_of(&fields, "a").unwrap(), number_of(&fields, "b").unwrap()], [Some(12), None]);
        assert!(number_of(&fields, "c").is_err() && number_of(&fields, "d").is_err());
    }

    #[test]
    fn hub_is_told_beside_its_field() {
        let error = at_hub(Error::invalid_field("hub_id", says::schools::needs_municipal_hub()));
        assert_eq!(error.fields[0].field, "hub");
    }
}
