//! Staff and grants: who may do what where, why and until when.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{SignedIn, role_text};
use crate::{
    access::{
        rules::{
            MunicipalityId, Place, Right, Role, Staff, StaffId,
            days::{midnight_in_japan, parse_date},
            fields::parse_name,
            grants::GrantOrder,
            names::{Language as AccountLanguage, parse_reason, parse_sign_in_name},
        },
        service::{
            Access,
            names::PlaceNames,
            staff::{NewPerson, StaffView},
        },
        store::grants::GrantRow,
    },
    clock::Timestamp,
    console::{Fields, FormState, Language, PageResult, Respond as _, Shell, format, forms::encode, page, see_other},
    error::{Error, FieldViolation, says::access as say},
};

/// Accounts on one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "access/people.html")]
struct PeoplePage {
    shell: Shell,
    people: Vec<PersonLine>,
    first: Option<String>,
    next: Option<String>,
}

struct PersonLine {
    id: String,
    name: String,
    sign_in_name: String,
    roles: Vec<String>,
    state: (&'static str, &'static str),
    signed_in: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "access/person.html")]
struct PersonPage {
    shell: Shell,
    line: PersonLine,
    version: i64,
    disabled: bool,
    manageable: bool,
    grants: Vec<GrantLine>,
    form: FormState,
    roles: Vec<(String, String)>,
    places: Vec<(String, String)>,
}

struct GrantLine {
    id: String,
    role: &'static str,
    place: String,
    reason: String,
    by: String,
    starts: Timestamp,
    ends: Option<Timestamp>,
    state: (&'static str, &'static str),
    over: bool,
}

#[derive(Template)]
#[template(path = "access/invite.html")]
struct InvitePage {
    shell: Shell,
    form: FormState,
    roles: Vec<(String, String)>,
    places: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "access/link.html")]
struct LinkPage {
    shell: Shell,
    person: String,
    address: String,
    back: String,
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: String,
}

pub(super) fn routes() -> Router<Access> {
    Router::new()
        .route("/staff", get(people))
        .route("/staff/new", get(invite_form).post(invite))
        .route("/staff/{staff}", get(person))
        .route("/staff/{staff}/grants", post(grant))
        .route("/staff/{staff}/grants/{grant}/revoke", post(revoke))
        .route("/staff/{staff}/disable", post(disable))
        .route("/staff/{staff}/enable", post(enable))
        .route("/staff/{staff}/reset", post(reset))
}

async fn people(person: SignedIn, State(access): State<Access>, Query(query): Query<After>) -> PageResult {
    let mut views = access.list_staff(&person.staff, &query.after, PAGE + 1).await?;
    let more = views.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        views.pop();
    }
    let places: Vec<_> = views.iter().flat_map(|view| view.grants.iter().map(GrantRow::place)).collect();
    let names = access.place_names(&person.staff, Right::ManageStaff, &places).await?;
    let next = more.then(|| views.last()).flatten();
    let next = next.map(|view| format!("/staff?after={}", encode(&view.row.sign_in_name)));
    let people = views.iter().map(|view| line(&person.shell, view, &names)).collect();
    let first = (!query.after.is_empty()).then(|| String::from("/staff"));
    page(StatusCode::OK, &PeoplePage { shell: person.shell, people, first, next })
}

fn line(shell: &Shell, view: &StaffView, names: &PlaceNames) -> PersonLine {
    let w = &shell.w.access;
    let in_force = view.grants.iter().filter(|grant| grant.starts_at <= shell.now.0 && !grant.is_over(shell.now));
    let roles = in_force.filter_map(|grant| {
        let role = role_text(shell.language, grant.role()?);
        Some(format!("{role}: {}", place_text(shell, names, &grant.place())))
    });
    let row = &view.row;
    let locked = row.locked_until.is_some_and(|until| until > shell.now.0);
    let state = match () {
        () if row.disabled_at.is_some() => ("quiet", w.state_disabled),
        () if locked => ("warning", w.state_locked),
        () if row.password_hash.is_none() || !row.totp_confirmed => ("warning", w.state_invited),
        () => ("good", w.state_active),
    };
    PersonLine {
        id: row.staff_id.to_string(),
        name: row.display_name.clone(),
        sign_in_name: row.sign_in_name.clone(),
        roles: roles.collect(),
        state,
        signed_in: row.signed_in_at.map(Timestamp),
    }
}

/// What a place is called.
pub(super) fn place_text(shell: &Shell, names: &PlaceNames, place: &Place) -> String {
    let owner = |owner: &MunicipalityId| names.owner(*owner).unwrap_or("–").to_owned();
    match place {
        Place::Everywhere => shell.w.access.everywhere.to_owned(),
        Place::Prefecture(prefix) => prefecture_text(shell.language, prefix),
        Place::Municipality(id) => owner(id),
        Place::School(id, school) => format!("{} {}", owner(id), names.school(*school).unwrap_or("–")),
    }
}

fn prefecture_text(language: Language, prefix: &str) -> String {
    match prefix {
        "13" => language.choose("東京都", "Tokyo").to_owned(),
        _ => language.choose(format!("都道府県 {prefix}"), format!("prefecture {prefix}")),
    }
}

/// The roles that the caller could give somewhere.
pub(super) fn role_choices(shell: &Shell) -> Vec<(String, String)> {
    let order = [
        Role::Engineer,
        Role::BoardEditor,
        Role::BoardViewer,
        Role::SchoolStaff,
        Role::PrefectureViewer,
        Role::Administrator,
    ];
    order.iter().map(|role| (role.to_number().to_string(), role_text(shell.language, *role).to_owned())).collect()
}

/// The places where the caller has a right over the whole.
pub(super) fn place_choices(shell: &Shell, staff: &Staff, right: Right, names: &PlaceNames) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), shell.w.access.choose_place.to_owned())];
    if staff.holds(right, &Place::Everywhere) {
        all.push((String::from("everywhere"), shell.w.access.everywhere.to_owned()));
    }
    for prefix in names.prefectures() {
        if staff.holds(right, &Place::Prefecture(prefix.clone())) {
            all.push((format!("prefecture:{prefix}"), prefecture_text(shell.language, &prefix)));
        }
    }
    for (owner, code, name) in names.owners() {
        if staff.scope(right).is_ok_and(|scope| scope.area(*owner).is_some()) {
            all.push((format!("municipality:{owner}"), format!("{name} ({code})")));
        }
    }
    all
}

/// The place that a form names.
pub(super) async fn chosen_place(
    access: &Access,
    staff: &Staff,
    fields: &Fields,
) -> PageResult<Result<Place, FieldViolation>> {
    let refuse = || Ok(Err(FieldViolation::new("place", say::place_missing())));
    let (kind, value) = fields.get("place").split_once(':').unwrap_or((fields.get("place"), ""));
    let place = match kind {
        "everywhere" => Place::Everywhere,
        "prefecture" => Place::Prefecture(value.to_owned()),
        "municipality" => match Uuid::parse_str(value) {
            Ok(owner) => Place::Municipality(MunicipalityId(owner)),
            Err(_) => return refuse(),
        },
        _ => return refuse(),
    };
    match (&place, fields.some("school")) {
        (_, None) => Ok(Ok(place)),
        (Place::Municipality(owner), Some(school)) => {
            Ok(access.school_called(staff, *owner, school).await?.map(|school| Place::School(*owner, school)))
        }
        (_, Some(_)) => Ok(Err(FieldViolation::new("school", say::school_needs_municipality()))),
    }
}

/// The role that a form names.
pub(super) fn chosen_role(fields: &Fields) -> Result<Role, FieldViolation> {
    let number = fields.get("role").parse().ok();
    number.and_then(Role::from_number).ok_or_else(|| FieldViolation::new("role", say::role_missing()))
}

/// The end or the beginning of a day in Japan; none where the field is empty.
pub(super) fn day_of(fields: &Fields, name: &'static str, end: bool) -> Result<Option<Timestamp>, FieldViolation> {
    let Some(text) = fields.some(name) else { return Ok(None) };
    let day = parse_date(name, text)?;
    // The last day is a whole one.
    let day = if end { day.next_day().unwrap_or(day) } else { day };
    Ok(Some(midnight_in_japan(day)))
}

/// The grant that a form orders, or all that is wrong with it.
async fn order_of(
    access: &Access,
    staff: &Staff,
    fields: &Fields,
) -> PageResult<Result<GrantOrder, Vec<FieldViolation>>> {
    let (role, place) = (chosen_role(fields), chosen_place(access, staff, fields).await?);
    let reason = parse_reason("reason", fields.get("reason"));
    let (starts, ends) = (day_of(fields, "start_time", false), day_of(fields, "end_time", true));
    Ok(match (role, place, reason, starts, ends) {
        (Ok(role), Ok(place), Ok(reason), Ok(starts_at), Ok(ends_at)) => {
            Ok(GrantOrder { id: None, role, place, reason, starts_at, ends_at })
        }
        (role, place, reason, starts, ends) => {
            let wrong = [role.err(), place.err(), reason.err(), starts.err(), ends.err()];
            Err(wrong.into_iter().flatten().collect())
        }
    })
}

fn new_grant() -> FormState {
    FormState::default()
}

async fn person(person: SignedIn, State(access): State<Access>, Path(id): Path<Uuid>) -> PageResult {
    show(person, &access, id, new_grant()).await
}

async fn show(person: SignedIn, access: &Access, id: Uuid, form: FormState) -> PageResult {
    let shell = person.shell;
    let view = access.get_staff(&person.staff, StaffId(id)).await?;
    let places: Vec<_> = view.grants.iter().map(GrantRow::place).collect();
    let names = access.place_names(&person.staff, Right::ManageStaff, &places).await?;
    let w = &shell.w.access;
    let grants = view.grants.iter().map(|grant| {
        let (over, later) = (grant.is_over(shell.now), grant.starts_at > shell.now.0);
        let state = match (grant.revoked_at.is_some(), over, later) {
            (true, ..) => ("quiet", w.grant_revoked),
            (_, true, _) => ("quiet", w.grant_over),
            (.., true) => ("plain", w.grant_later),
            (false, false, false) => ("good", w.grant_in_force),
        };
        GrantLine {
            id: grant.grant_id.to_string(),
            role: grant.role().map_or("–", |role| role_text(shell.language, role)),
            place: place_text(&shell, &names, &grant.place()),
            reason: grant.reason.clone(),
            by: grant.granted_by.clone(),
            starts: Timestamp(grant.starts_at),
            ends: grant.ends_at.map(Timestamp),
            state,
            over,
        }
    });
    let grants = grants.collect();
    let content = PersonPage {
        line: line(&shell, &view, &names),
        version: view.row.version,
        disabled: view.row.disabled_at.is_some(),
        manageable: view.manageable,
        grants,
        roles: role_choices(&shell),
        places: place_choices(&shell, &person.staff, Right::ManageStaff, &names),
        form,
        shell,
    };
    page(content.form.status(), &content)
}

async fn grant(person: SignedIn, State(access): State<Access>, Path(id): Path<Uuid>, fields: Fields) -> PageResult {
    let ordered = match order_of(&access, &person.staff, &fields).await? {
        Ok(order) => access.grant_role(&person.staff, StaffId(id), order).await,
        Err(wrong) => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    };
    match ordered {
        Ok(_) => Ok(see_other(&format!("/staff/{id}")).flash(person.shell.w.access.granted)),
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            show(person, &access, id, form).await
        }
    }
}

async fn revoke(person: SignedIn, State(access): State<Access>, Path((id, grant)): Path<(Uuid, Uuid)>) -> PageResult {
    match access.revoke_grant(&person.staff, grant).await {
        Ok(_) => Ok(see_other(&format!("/staff/{id}")).flash(person.shell.w.access.revoked)),
        Err(error) => {
            let form = FormState::refused(Fields::default(), error)?;
            show(person, &access, id, form).await
        }
    }
}

/// The version that the person saw, so that two people do not undo each other.
fn seen(fields: &Fields) -> Option<i64> {
    fields.get("version").parse().ok()
}

async fn disable(person: SignedIn, State(access): State<Access>, Path(id): Path<Uuid>, fields: Fields) -> PageResult {
    match access.disable_staff(&person.staff, StaffId(id), seen(&fields)).await {
        Ok(_) => Ok(see_other(&format!("/staff/{id}")).flash(person.shell.w.access.disabled)),
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            show(person, &access, id, form).await
        }
    }
}

async fn enable(person: SignedIn, State(access): State<Access>, Path(id): Path<Uuid>, fields: Fields) -> PageResult {
    access.enable_staff(&person.staff, StaffId(id), seen(&fields)).await?;
    Ok(see_other(&format!("/staff/{id}")).flash(person.shell.w.access.enabled))
}

async fn reset(person: SignedIn, State(access): State<Access>, Path(id): Path<Uuid>, fields: Fields) -> PageResult {
    let link = access.reset_staff(&person.staff, StaffId(id), fields.has("second_factor")).await?;
    let view = access.get_staff(&person.staff, StaffId(id)).await?;
    let content = LinkPage {
        shell: person.shell,
        person: view.row.display_name,
        address: person.visit.address_of(&link.path()),
        back: format!("/staff/{id}"),
    };
    // Shown by the answer itself and kept nowhere.
    page(StatusCode::OK, &content)
}

async fn invite_form(person: SignedIn, State(access): State<Access>) -> PageResult {
    show_invite(person, &access, new_grant()).await
}

async fn show_invite(person: SignedIn, access: &Access, form: FormState) -> PageResult {
    person.staff.scope(Right::ManageStaff)?;
    let names = access.place_names(&person.staff, Right::ManageStaff, &[]).await?;
    let (roles, places) =
        (role_choices(&person.shell), place_choices(&person.shell, &person.staff, Right::ManageStaff, &names));
    page(form.status(), &InvitePage { shell: person.shell, form, roles, places })
}

async fn invite(person: SignedIn, State(access): State<Access>, fields: Fields) -> PageResult {
    let sign_in_name = parse_sign_in_name("sign_in_name", fields.get("sign_in_name"));
    let display_name = parse_name("display_name", fields.get("display_name"));
    let order = order_of(&access, &person.staff, &fields).await?;
    let created = match (sign_in_name, display_name, order) {
        (Ok(sign_in_name), Ok(display_name), Ok(order)) => {
            let language = AccountLanguage::from_code(fields.get("account_language"));
            let new = NewPerson { id: None, sign_in_name, display_name, language, grant: Some(order) };
            access.create_staff(&person.staff, new).await
        }
        (sign_in_name, display_name, order) => {
            let names = [sign_in_name.err(), display_name.err()].into_iter().flatten();
            let wrong = names.chain(order.err().into_iter().flatten()).collect();
            Err(Error::invalid_fields("FIELD_INVALID", wrong))
        }
    };
    match created {
        Ok((view, link)) => {
            let back = format!("/staff/{}", view.row.staff_id);
            let address = person.visit.address_of(&link.path());
            let content = LinkPage { shell: person.shell, person: view.row.display_name, address, back };
            page(StatusCode::OK, &content)
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            show_invite(person, &access, form).await
        }
    }
}

impl GrantLine {
    /// The last whole day of the grant.
    fn last_day(&self, shell: &Shell) -> String {
        let day = self.ends.and_then(|end| format::day(Timestamp(end.0 - 1)));
        day.map_or_else(|| shell.w.access.no_end.to_owned(), |day| format::date(shell.language, Some(day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end_in_japan() {
        let fields = Fields::parse(b"end_time=2027-03-31&bad=2027-02-30&text=soon");
        // 2027-03-31 15:00 UTC is midnight after the last day of the fiscal year in Japan.
        let end = day_of(&fields, "end_time", true).unwrap().unwrap();
        assert_eq!(format::record_moment(end), "2027-04-01 00:00:00");
        assert_eq!(format::record_moment(day_of(&fields, "end_time", false).unwrap().unwrap()), "2027-03-31 00:00:00");
        assert_eq!(day_of(&fields, "absent", true).unwrap(), None);
        assert!(day_of(&fields, "bad", true).is_err() && day_of(&fields, "text", true).is_err());
    }
}
