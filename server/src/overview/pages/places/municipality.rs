//! One owner: its figures, schools, lines and calendar in short.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use uuid::Uuid;

use super::{
    Breakdown,
    calendar::CalendarCard,
    lines::{self, HubLine},
    list_path, owner_health,
    schools::{self, SchoolLine},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right, Staff},
    },
    console::{Fields, FormState, PageResult, Shell, live, page, words::schools as words},
    error::Result,
    overview::pages::{
        OverviewPages,
        health::{Health, expected},
    },
    schools::{
        rules::{MUNICIPALITY_KINDS, MunicipalityId, search::SchoolSearch},
        service::calendar::CalendarOf,
        store::MunicipalityRow,
    },
};

/// Schools of the table; the list of schools has them all.
const SCHOOLS: i64 = 300;
/// Pupils that are read: all years of as many schools.
const PUPILS: i64 = 10_000;

#[derive(Template)]
#[template(path = "overview/municipality.html")]
struct MunicipalityPage {
    shell: Shell,
    row: MunicipalityRow,
    id: String,
    health: Health,
    state: (&'static str, &'static str),
    chart: Option<String>,
    breakdown: String,
    list: Option<String>,
    lines: Vec<SchoolLine>,
    more: bool,
    calendar: CalendarCard,
    topologies: Vec<(&'static str, String)>,
    hubs: Vec<HubLine>,
    pupils: Option<String>,
    links: Vec<(String, &'static str)>,
    forms: Forms,
    kinds: Vec<(String, String)>,
    may_edit: bool,
    may_add: bool,
    crumb: bool,
    stale: bool,
}

/// The forms of the page: at most one of them is refused.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Name, kind, whether names are kept.
    pub owner: Option<FormState>,
    /// A new school.
    pub school: FormState,
}

pub(in crate::overview::pages) async fn municipality(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
) -> PageResult {
    show(person, &pages, MunicipalityId(id), Forms::default(), StatusCode::OK).await
}

pub(super) async fn show(
    person: SignedIn,
    pages: &OverviewPages,
    owner: MunicipalityId,
    forms: Forms,
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let row = pages.schools.municipality(staff, owner).await?;
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let health = figures(pages, staff, owner).await?;
    let calendar = CalendarCard::of(pages, staff, &shell, CalendarOf { municipality: owner, school: None }).await?;
    let expected = expected(calendar.is_school_day, shell.now);
    let search = SchoolSearch { municipality: Some(owner), ..SchoolSearch::default() };
    let mut rows = pages.schools.search_schools(staff, &search, None, SCHOOLS + 1).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > SCHOOLS);
    rows.truncate(usize::try_from(SCHOOLS).unwrap_or_default());
    let mut school_lines = schools::lines(pages, staff, &shell, &rows, &names).await?;
    // Trouble first, then by code.
    school_lines.sort_by_key(SchoolLine::rank);
    let (topologies, hubs) = lines::of_owner(pages, staff, &shell, owner).await?;
    let breakdown = Breakdown::of(pages, staff, owner, None).await?;
    let whole = |right| staff.holds(right, &Place::Municipality(owner));
    let owner_form = forms.owner.unwrap_or_else(|| filled(&row));
    let template = MunicipalityPage {
        id: owner.to_string(),
        state: (health.tone(expected), health.state(&shell, expected)),
        chart: health.chart(&shell),
        breakdown: breakdown.html(&shell),
        list: list_path(staff, owner, None),
        lines: school_lines,
        more,
        calendar,
        topologies,
        hubs,
        pupils: pupils(pages, staff, &shell, owner).await?,
        links: links(staff, &shell, owner),
        forms: Forms { owner: Some(owner_form), school: forms.school },
        kinds: MUNICIPALITY_KINDS.iter().map(|kind| kind_choice(&shell, kind)).collect(),
        may_edit: whole(Right::EditMunicipalities),
        may_add: whole(Right::EditSchools),
        crumb: names.owners().len() > 1,
        stale: status == StatusCode::CONFLICT,
        health,
        row,
        shell,
    };
    page(status, &template)
}

fn kind_choice(shell: &Shell, kind: &str) -> (String, String) {
    let text = if kind.is_empty() { shell.w.shell.unknown } else { kind };
    (kind.to_owned(), text.to_owned())
}

fn filled(row: &MunicipalityRow) -> FormState {
    let keeps = row.keeps_names.then(|| ("keeps_names", String::from("1")));
    let texts = [("name", row.name.clone()), ("kind", row.kind.clone()), ("version", row.version.to_string())];
    FormState::filled(Fields::of(texts.into_iter().chain(keeps)))
}

async fn figures(pages: &OverviewPages, staff: &Staff, owner: MunicipalityId) -> Result<Health> {
    let mut all = owner_health(pages, staff, Some(owner)).await?;
    Ok(all.remove(&owner.to_string()).unwrap_or_default())
}

/// Pupils of this fiscal year; none where nobody said.
async fn pupils(pages: &OverviewPages, staff: &Staff, shell: &Shell, owner: MunicipalityId) -> Result<Option<String>> {
    let year = pages.schools.fiscal_year().to_number();
    let rows = pages.schools.list_pupils(staff, owner, None, (Uuid::nil(), 0), PUPILS).await?;
    let of_year: Vec<_> = rows.iter().filter(|row| row.fiscal_year == year).map(|row| row.pupils).collect();
    Ok((!of_year.is_empty()).then(|| words::pupils_text(shell.language, of_year.iter().sum())))
}

/// Where else one can look, as far as the person may.
fn links(staff: &Staff, shell: &Shell, owner: MunicipalityId) -> Vec<(String, &'static str)> {
    let w = &shell.w.schools;
    let covers = |right| staff.scope(right).is_ok_and(|scope| scope.area(owner).is_some());
    let devices = |rest: &str| list_path(staff, owner, None).map(|path| format!("{path}{rest}"));
    let here = |right, path: String| covers(right).then_some(path);
    let all = [
        (devices(""), w.show_devices),
        (devices("&presence=silent"), w.show_silent),
        (devices("&review=open"), w.show_reviews),
        (here(Right::ImportDevices, format!("/imports?municipality={owner}")), w.show_import),
        (
            Some(format!("/audit?chain={owner}"))
                .filter(|_| staff.holds(Right::ReadAudit, &Place::Municipality(owner))),
            w.show_audit,
        ),
    ];
    all.into_iter().filter_map(|(path, text)| Some((path?, text))).collect()
}

/// Tells a browser when the figures have changed.
pub(in crate::overview::pages) async fn live(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
) -> PageResult {
    let (staff, owner) = (person.staff.clone(), MunicipalityId(id));
    pages.schools.municipality(&staff, owner).await?;
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move { figures(&pages, &staff, owner).await.map(|health| health.mark()) }
    })
    .await?)
}
