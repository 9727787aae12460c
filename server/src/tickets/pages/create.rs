//! A new ticket.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};
use http::StatusCode;
use uuid::Uuid;

use super::{
    TicketPages,
    causes::{Alike, alike},
    choices, path_of, said, school_choices,
};
use crate::{
    access::rules::fields::parse_filled,
    access::{
        pages::SignedIn,
        rules::{Right, Role, Staff},
    },
    console::{Fields, FormState, PageResult, Respond as _, Shell, page, refused, see_other, words::network},
    devices::rules::DeviceId,
    error::{Error, Result},
    network::rules::word as name_of,
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_text, parse_uuid},
    tickets::{
        rules::{
            CallerKind, Category, Impact, Origin, Urgency,
            fields::{CONTACT, ROOM, SUBJECT, TEXT, long_text, word},
            filter::Filter,
        },
        service::{DuplicateOrder, ListOrder, TicketOrder},
    },
};

/// Open tickets of the school that are shown beside the form.
const BESIDE: i64 = 10;

#[derive(Template)]
#[template(path = "tickets/new.html")]
struct NewPage {
    shell: Shell,
    form: FormState,
    id: String,
    owners: Vec<(String, String)>,
    schools: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    impacts: Vec<(String, String)>,
    urgencies: Vec<(String, String)>,
    callers: Vec<(String, String)>,
    incidents: Vec<(String, String)>,
    beside: Vec<(String, String, String)>,
    /// Tickets that may be of the same thing; none before something is written.
    alike: Option<Vec<Alike>>,
    ready: bool,
}

pub(super) async fn form(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    let mut fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let caller = match person.staff.reaches().iter().any(|reach| reach.role == Role::SchoolStaff) {
        true => CallerKind::Teacher,
        false => CallerKind::Engineer,
    };
    let begin = [
        ("impact", Impact::OnePupil.to_number()),
        ("urgency", Urgency::ThisWeek.to_number()),
        ("caller", caller.to_number()),
    ];
    for (field, number) in begin {
        if !fields.has(field) {
            fields.set(field, number.to_string());
        }
    }
    show(person, &pages, FormState::filled(fields), StatusCode::OK).await
}

/// Owners for which somebody may report.
async fn owners(pages: &TicketPages, staff: &Staff) -> Result<Vec<(String, String)>> {
    let names = pages.access.place_names(staff, Right::ReportTickets, &[]).await?;
    Ok(names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect())
}

async fn show(person: SignedIn, pages: &TicketPages, form: FormState, status: StatusCode) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    staff.scope(Right::ReportTickets)?;
    let owners = owners(pages, staff).await?;
    let chosen = Uuid::try_parse(form.value("municipality")).ok();
    let only = Some(&owners).filter(|owners| owners.len() == 1).and_then(|owners| Uuid::try_parse(&owners[0].0).ok());
    let owner =
        chosen.or(only).map(MunicipalityId).filter(|owner| owners.iter().any(|(id, _)| *id == owner.to_string()));
    let schools = match owner {
        Some(owner) => school_choices(pages, staff, owner).await?,
        None => Vec::new(),
    };
    let school = Uuid::try_parse(form.value("school")).ok().map(SchoolId);
    let school = school.filter(|school| schools.iter().any(|(id, _)| *id == school.to_string()));
    let (incidents, beside) = match (owner, school) {
        (Some(owner), Some(school)) => {
            (incidents(pages, staff, &shell, owner, school).await?, beside(pages, staff, &shell, owner, school).await?)
        }
        _ => (Vec::new(), Vec::new()),
    };
    let alike = match owner {
        Some(owner) => match written_of(&form, school) {
            Some(order) => Some(alike(&shell, pages.tickets.duplicates(staff, owner, &order).await?)),
            None => None,
        },
        None => None,
    };
    let language = shell.language;
    let id = Uuid::try_parse(form.value("ticket")).unwrap_or_else(|_| Uuid::now_v7());
    let none = (String::new(), shell.w.shell.none.to_owned());
    let form = match owner {
        Some(owner) if form.value("municipality").is_empty() => form.with("municipality", owner.to_string()),
        _ => form,
    };
    let template = NewPage {
        id: id.to_string(),
        ready: owner.is_some(),
        owners,
        schools: std::iter::once(none).chain(schools).collect(),
        categories: choices(language, Category::ALL, Category::to_number, Category::label),
        impacts: choices(language, Impact::ALL, Impact::to_number, Impact::label),
        urgencies: choices(language, Urgency::ALL, Urgency::to_number, Urgency::label),
        callers: choices(language, CallerKind::ALL, CallerKind::to_number, CallerKind::label),
        incidents,
        beside,
        alike,
        form,
        shell,
    };
    page(status, &template)
}

/// What is written so far, as much of it as can be compared; none before there is anything.
fn written_of(form: &FormState, school: Option<SchoolId>) -> Option<DuplicateOrder> {
    let cut = |name: &str, most: usize| form.value(name).chars().take(most).collect::<String>();
    let device = Uuid::try_parse(form.value("device")).ok().map(DeviceId);
    let (subject, text, room) = (cut("subject", SUBJECT), cut("text", TEXT), cut("room", ROOM));
    let is_begun = device.is_some() || [&subject, &text].iter().any(|text| !text.trim().is_empty());
    let category = form.value("category").parse().ok().and_then(Category::from_number);
    is_begun.then_some(DuplicateOrder { subject, text, category, school, device, room })
}

/// The form again with the tickets that may be of the same thing; the script asks so while somebody types.
pub(super) async fn similar(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    show(person, &pages, FormState::filled(fields), StatusCode::OK).await
}

/// Incidents that hurt a school now: path and name.
async fn incidents(
    pages: &TicketPages,
    staff: &Staff,
    shell: &Shell,
    owner: MunicipalityId,
    school: SchoolId,
) -> Result<Vec<(String, String)>> {
    let open = pages.network.open_incidents(staff, Some(owner), Some(school)).await?;
    let hurts = open.into_iter().filter(|view| view.hurts());
    Ok(hurts
        .map(|view| {
            let cause = network::cause_text(shell.language, &name_of(view.incident.verdict.cause));
            (format!("/network/incidents/{}", view.incident.id), format!("{} {cause}", view.element_name))
        })
        .collect())
}

/// Open tickets of a school: path, name and state.
async fn beside(
    pages: &TicketPages,
    staff: &Staff,
    shell: &Shell,
    owner: MunicipalityId,
    school: SchoolId,
) -> Result<Vec<(String, String, String)>> {
    let filter = Filter { owner: Some(owner.0), school: Some(school.0), ..Filter::default() };
    let views = pages.tickets.list(staff, ListOrder { filter, limit: BESIDE, ..ListOrder::default() }).await?;
    let line = |view: &crate::tickets::service::TicketView| {
        let name = format!("#{} {}", view.row.number, view.row.subject);
        (path_of(view), name, said(shell.language, &view.life.state.label()))
    };
    Ok(views.iter().map(line).collect())
}

fn order_of(fields: &Fields) -> Result<(MunicipalityId, TicketOrder)> {
    let mut wrong = Vec::new();
    let mut keep = |violation| wrong.push(violation);
    let number = |field: &'static str| fields.get(field).parse().unwrap_or(0);
    let owner = parse_uuid("municipality", fields.get("municipality")).map_err(&mut keep).ok();
    let id = parse_optional_uuid("ticket", fields.get("ticket")).map_err(&mut keep).ok();
    let school = parse_optional_uuid("school", fields.get("school")).map_err(&mut keep).ok();
    let device = parse_optional_uuid("device", fields.get("device")).map_err(&mut keep).ok();
    let subject = parse_filled("subject", fields.get("subject"), SUBJECT).map_err(&mut keep).ok();
    let text = long_text("text", fields.get("text"), TEXT).map_err(&mut keep).ok();
    let category = word("category", number("category"), Category::from_number).map_err(&mut keep).ok();
    let impact = word("impact", number("impact"), Impact::from_number).map_err(&mut keep).ok();
    let urgency = word("urgency", number("urgency"), Urgency::from_number).map_err(&mut keep).ok();
    let room = parse_text("room", fields.get("room"), ROOM).map_err(&mut keep).ok();
    let caller_kind = word("caller", number("caller"), CallerKind::from_number).map_err(&mut keep).ok();
    let caller_contact = parse_text("contact", fields.get("contact"), CONTACT).map_err(&mut keep).ok();
    let order = || {
        Some(TicketOrder {
            id: id?,
            subject: subject?,
            text: text?,
            category: category?,
            impact: impact?,
            urgency: urgency?,
            school: school?.map(SchoolId),
            device: device?.map(DeviceId),
            room: room?,
            caller_kind: caller_kind?,
            caller_contact: caller_contact?,
            origin: Origin::Console,
        })
    };
    match (owner, order()) {
        (Some(owner), Some(order)) => Ok((MunicipalityId(owner), order)),
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

pub(super) async fn create(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    let made = match order_of(&fields) {
        Ok((owner, order)) => pages.tickets.create(&person.staff, owner, order).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((view, _)) => Ok(see_other(&path_of(&view)).flash(person.shell.w.tickets.created)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            show(person, &pages, form, status).await
        }
    }
}
