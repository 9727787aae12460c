//! Labels of a school: which devices have one, and sheets to print.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;
use qrcode::{QrCode, render::svg};
use uuid::Uuid;

use super::PhonePages;
use crate::{
    access::pages::SignedIn,
    console::{Fields, FormState, PageResult, Respond as _, Shell, forms::encode, page, see_other},
    error::Error,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::phone::service::labels::{Labelled, OfClass},
};

#[derive(Template)]
#[template(path = "report/labels.html")]
struct LabelsPage {
    shell: Shell,
    form: FormState,
    id: String,
    name: String,
    with: usize,
    without: usize,
    grade: String,
    class_name: String,
    layouts: Vec<(String, String)>,
    devices: Vec<Line>,
}

struct Line {
    number: String,
    class: String,
    code: Option<String>,
}

#[derive(Template)]
#[template(path = "report/sheet.html")]
struct SheetPage {
    shell: Shell,
    layout: &'static str,
    school: String,
    back: String,
    pages: Vec<Vec<Face>>,
}

/// One label.
struct Face {
    /// SVG.
    picture: String,
    number: String,
    code: String,
}

/// Labels on a sheet of A4, as they are sold in Japan.
fn layout_of(fields: &Fields) -> (&'static str, usize) {
    if fields.get("layout") == "65" { ("faces-65", 65) } else { ("faces-24", 24) }
}

fn class_of(fields: &Fields) -> OfClass {
    OfClass { grade: fields.get("grade").parse().ok(), class_name: fields.some("class").map(str::to_owned) }
}

fn query(raw: Option<String>) -> Fields {
    Fields::parse(raw.unwrap_or_default().as_bytes())
}

/// Four by four, for people who type it.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The school as its people say it: 緑野市立東小学校 is 東小学校.
fn short_name(name: &str) -> &str {
    name.split_once('立').map_or(name, |(_, rest)| if rest.is_empty() { name } else { rest })
}

/// The picture of a label: SVG without style, which the policy would refuse.
fn picture(address: &str) -> Result<String, Error> {
    let code =
        QrCode::new(address.as_bytes()).map_err(|source| Error::internal("a QR code could not be made", source))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(100, 100).quiet_zone(true).build();
    // The declaration of XML has no place inside HTML.
    Ok(svg.find("<svg").map_or(svg.clone(), |at| svg[at..].to_owned()))
}

async fn place(person: &SignedIn, pages: &PhonePages, id: Uuid) -> PageResult<(MunicipalityId, SchoolId, String)> {
    let school = SchoolId(id);
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let name = pages.network.school(&person.staff, owner, school).await?.name;
    Ok((owner, school, name))
}

pub(super) async fn labels(
    person: SignedIn,
    State(pages): State<PhonePages>,
    Path(id): Path<Uuid>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    show(person, &pages, id, &query(raw), FormState::default()).await
}

async fn show(person: SignedIn, pages: &PhonePages, id: Uuid, fields: &Fields, form: FormState) -> PageResult {
    let (owner, school, name) = place(&person, pages, id).await?;
    let found = pages.phone.labels(&person.staff, (owner, school), &class_of(fields)).await?;
    let w = &person.shell.w.reports;
    let layouts = [("24", w.layout_24), ("65", w.layout_65)].map(|(value, text)| (value.to_owned(), text.to_owned()));
    let with = found.iter().filter(|one| one.code.is_some()).count();
    let view = LabelsPage {
        id: id.to_string(),
        name,
        with,
        without: found.len() - with,
        grade: fields.get("grade").to_owned(),
        class_name: fields.get("class").to_owned(),
        layouts: layouts.into(),
        devices: found.iter().map(line).collect(),
        form,
        shell: person.shell,
    };
    page(view.form.status(), &view)
}

fn line(one: &Labelled) -> Line {
    let device = &one.device;
    let class = [device.grade.map(|grade| grade.to_string()), device.class_name.clone()];
    Line {
        number: device.label.clone().unwrap_or_else(|| device.device_id.to_string()),
        class: class.into_iter().flatten().collect::<Vec<_>>().join("-"),
        code: one.code.as_deref().map(grouped),
    }
}

/// The page of a school's labels, of the class that a form was about.
fn back(id: Uuid, fields: &Fields) -> String {
    format!("/schools/{id}/labels?grade={}&class={}", encode(fields.get("grade")), encode(fields.get("class")))
}

pub(super) async fn make(
    person: SignedIn,
    State(pages): State<PhonePages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult<Response> {
    let (owner, school, _) = place(&person, &pages, id).await?;
    pages.phone.make_labels(&person.staff, (owner, school), &class_of(&fields)).await?;
    Ok(see_other(&back(id, &fields)).flash(person.shell.w.reports.made))
}

pub(super) async fn sheet(
    person: SignedIn,
    State(pages): State<PhonePages>,
    Path(id): Path<Uuid>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = query(raw);
    let (owner, school, name) = place(&person, &pages, id).await?;
    let (layout, per_page) = layout_of(&fields);
    if fields.has("room") {
        let room = fields.get("room");
        let code = pages.phone.find_room_label(&person.staff, (owner, school), room).await?;
        let faces = code.map(|code| face(&person, &code, room.to_owned())).transpose()?;
        return show_sheet(person, &name, layout, per_page, faces.into_iter().collect(), back(id, &Fields::default()));
    }
    let found = pages.phone.labels(&person.staff, (owner, school), &class_of(&fields)).await?;
    let mut faces = Vec::new();
    for one in &found {
        let Some(code) = &one.code else { continue };
        faces.push(face(&person, code, one.device.label.clone().unwrap_or_default())?);
    }
    show_sheet(person, &name, layout, per_page, faces, back(id, &fields))
}

fn face(person: &SignedIn, code: &str, number: String) -> PageResult<Face> {
    let picture = picture(&person.visit.address_of(&format!("/r/{code}")))?;
    Ok(Face { picture, number, code: grouped(code) })
}

fn show_sheet(
    person: SignedIn,
    name: &str,
    layout: &'static str,
    per_page: usize,
    faces: Vec<Face>,
    back: String,
) -> PageResult {
    let mut pages: Vec<Vec<Face>> = Vec::new();
    for face in faces {
        match pages.last_mut().filter(|page| page.len() < per_page) {
            Some(page) => page.push(face),
            None => pages.push(vec![face]),
        }
    }
    let school = short_name(name).to_owned();
    page(StatusCode::OK, &SheetPage { shell: person.shell, layout, school, back, pages })
}

pub(super) async fn make_room(
    person: SignedIn,
    State(pages): State<PhonePages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult<Response> {
    let (owner, school, _) = place(&person, &pages, id).await?;
    match pages.phone.room_label(&person.staff, (owner, school), fields.get("room")).await {
        Ok(_) => Ok(see_other(&format!("/schools/{id}/labels/sheet?room={}", encode(fields.get("room"))))),
        Err(error) => {
            let form = FormState::refused(fields.clone(), error)?;
            show(person, &pages, id, &Fields::default(), form).await
        }
    }
}

pub(super) async fn void(
    person: SignedIn,
    State(pages): State<PhonePages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult<Response> {
    let (owner, school, _) = place(&person, &pages, id).await?;
    let done = person.shell.w.reports.voided;
    match pages.phone.void_label(&person.staff, (owner, school), fields.get("code")).await {
        Ok(()) => Ok(see_other(&back(id, &Fields::default())).flash(done)),
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            show(person, &pages, id, &Fields::default(), form).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_the_school_shortly_and_the_code_in_fours() {
        assert_eq!(short_name("緑野市立東小学校"), "東小学校");
        assert_eq!(short_name("東小学校"), "東小学校");
        assert_eq!(grouped("0123456789ABCDEF"), "0123-4567-89AB-CDEF");
    }
}
