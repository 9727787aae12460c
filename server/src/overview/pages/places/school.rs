//! One school: who it is, how its devices are, how it reaches the internet, whether there is school today.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use gigafleet_proto::v1;
use http::StatusCode;
use uuid::Uuid;

use super::{
    Breakdown,
    calendar::CalendarCard,
    lines::{self, LineView},
    list_path,
    schools::kind_text,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Shell, format, live, page, words::schools as words},
    error::Result,
    overview::pages::{
        OverviewPages,
        health::{Health, expected},
    },
    schools::{
        rules::{MunicipalityId, SchoolId, fiscal::FiscalYear, lines::Topology, search::SchoolKind},
        service::{PupilsRow, calendar::CalendarOf, lines::LineRow, pupils},
    },
    tickets::pages::panel::TicketPanel,
};

/// Years of pupils that are read.
const YEARS: i64 = 200;
/// Tickets that are shown.
const TICKETS: usize = 5;

#[derive(Template)]
#[template(path = "overview/school.html")]
struct SchoolPage {
    shell: Shell,
    id: String,
    name: String,
    owner: String,
    owner_path: String,
    crumb_owner: bool,
    kind: &'static str,
    code: String,
    shelter: bool,
    closed: Option<Timestamp>,
    version: String,
    health: Health,
    charge: Option<u32>,
    state: (&'static str, &'static str),
    chart: Option<String>,
    breakdown: String,
    list: Option<String>,
    calendar: CalendarCard,
    pupils: Vec<PupilsLine>,
    pupils_now: Option<String>,
    per_pupil: Option<String>,
    lines: Vec<LineView>,
    links: Vec<(String, &'static str)>,
    editable: bool,
    tickets: Option<TicketPanel>,
    forms: Forms,
    stale: bool,
    /// What a form must know of the pupils that were shown: hidden field and etag.
    pupils_seen: Vec<(String, String)>,
    line_seen: Vec<(String, i64)>,
    line_open: bool,
    line_numbers: Vec<(String, String)>,
    topologies: Vec<(String, String)>,
    hubs: Vec<(String, String)>,
}

struct PupilsLine {
    year: String,
    pupils: String,
    source: &'static str,
    recorded: Timestamp,
    now: bool,
}

/// The forms of the page: at most one of them is refused, the others begin with what there is.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Name, code, shelter.
    pub profile: Option<FormState>,
    /// Pupils of a year.
    pub pupils: Option<FormState>,
    /// A line.
    pub line: Option<FormState>,
}

impl Forms {
    fn profile(&self) -> &FormState {
        self.profile.as_ref().expect("the page fills its forms")
    }

    fn pupils(&self) -> &FormState {
        self.pupils.as_ref().expect("the page fills its forms")
    }

    fn line(&self) -> &FormState {
        self.line.as_ref().expect("the page fills its forms")
    }
}

pub(in crate::overview::pages) async fn school(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    Path(id): Path<Uuid>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let line = fields.get("line").parse().ok();
    show(person, &pages, SchoolId(id), (Forms::default(), line), StatusCode::OK).await
}

/// The page; the form of lines begins with the line of this number, open if one is asked for.
pub(super) async fn show(
    person: SignedIn,
    pages: &OverviewPages,
    id: SchoolId,
    (forms, line): (Forms, Option<i16>),
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let owner = pages.schools.owner_of(staff, id).await?;
    let owner_name = pages.schools.municipality(staff, owner).await?.name;
    let view = pages.overview.school(staff, owner, id).await?;
    let breakdown = Breakdown::of(pages, staff, owner, Some(id)).await?;
    let health = Health { registered: breakdown.total(), ..Health::of_school(&view) };
    let of = CalendarOf { municipality: owner, school: Some(id) };
    let calendar = CalendarCard::of(pages, staff, &shell, of).await?;
    let expected = expected(calendar.is_school_day, shell.now);
    let known = pages.schools.list_pupils(staff, owner, Some(id), (Uuid::nil(), 0), YEARS).await?;
    let (rows, line_views) = lines::of_school(pages, staff, &shell, owner, (id, &view.name)).await?;
    let editable = covers(staff, Right::EditSchools, owner, id) && view.close_time.is_none();
    let year = pages.schools.fiscal_year();
    let now = known.iter().find(|row| row.fiscal_year == year.to_number()).map(|row| row.pupils);
    let tickets = pages.tickets.of_school(staff, owner, id, TICKETS).await?;
    let queue = format!("/tickets?municipality={owner}&school={id}");
    let template = SchoolPage {
        tickets: tickets.map(|beside| TicketPanel::of_school(&shell, &beside, queue)),
        id: id.to_string(),
        owner_path: format!("/municipalities/{owner}"),
        crumb_owner: staff.scope(Right::ViewFigures)?.whole(owner).is_some(),
        kind: SchoolKind::of_code(&view.code).map_or("", |kind| kind_text(&shell, kind)),
        closed: view.close_time.map(|time| Timestamp(time.seconds * 1_000_000)),
        charge: view.mean_charge_percent,
        state: match view.close_time {
            Some(_) => ("quiet", shell.w.schools.closed),
            None => (health.tone(expected), health.state(&shell, expected)),
        },
        chart: health.chart(&shell),
        breakdown: breakdown.html(&shell),
        list: list_path(staff, owner, Some(id)),
        pupils: known.iter().rev().map(|row| pupils_line(&shell, row, year)).collect(),
        pupils_now: now.map(|pupils| words::pupils_text(shell.language, pupils)),
        per_pupil: now.and_then(|pupils| ratio(health.registered, pupils)),
        links: links(staff, &shell, owner, id),
        stale: status == StatusCode::CONFLICT,
        forms: Forms {
            profile: Some(forms.profile.unwrap_or_else(|| profile(&view))),
            pupils: Some(forms.pupils.unwrap_or_else(|| this_year(&shell, year, now))),
            line: Some(forms.line.unwrap_or_else(|| line_form(&rows, line.unwrap_or(1)))),
        },
        pupils_seen: known.iter().map(|row| (format!("seen-{}", row.fiscal_year), pupils::etag(row))).collect(),
        line_seen: rows.iter().map(|row| (format!("seen-{}", row.line_number), row.version)).collect(),
        line_open: line.is_some(),
        line_numbers: (1..=9).map(|number: i32| (number.to_string(), number.to_string())).collect(),
        topologies: topologies(&shell),
        hubs: if editable { hubs(pages, staff, &shell).await? } else { Vec::new() },
        lines: line_views,
        name: view.name,
        owner: owner_name,
        code: view.code,
        shelter: view.is_shelter,
        version: view.etag,
        editable,
        calendar,
        health,
        shell,
    };
    page(status, &template)
}

fn covers(staff: &Staff, right: Right, owner: MunicipalityId, school: SchoolId) -> bool {
    staff.scope(right).is_ok_and(|scope| scope.covers(owner, Some(school)))
}

fn pupils_line(shell: &Shell, row: &PupilsRow, now: FiscalYear) -> PupilsLine {
    let year = i32::try_from(row.fiscal_year).ok().and_then(FiscalYear::starting_in);
    PupilsLine {
        year: year.map_or_else(|| row.fiscal_year.to_string(), |year| year_text(shell, year)),
        pupils: words::pupils_text(shell.language, row.pupils),
        source: words::pupils_source_text(shell.language, row.source.into()),
        recorded: Timestamp(row.recorded_at),
        now: row.fiscal_year == now.to_number(),
    }
}

fn year_text(shell: &Shell, year: FiscalYear) -> String {
    words::year_text(shell.language, year.year(), &year.japanese())
}

/// Devices for each pupil, to two places.
fn ratio(devices: u64, pupils: i64) -> Option<String> {
    let pupils = u64::try_from(pupils).ok().filter(|pupils| *pupils > 0)?;
    let hundredths = (devices * 100 + pupils / 2) / pupils;
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

fn profile(view: &v1::School) -> FormState {
    let shelter = view.is_shelter.then(|| ("is_shelter", String::from("1")));
    let texts = [("name", view.name.clone()), ("code", view.code.clone())];
    FormState::filled(Fields::of(texts.into_iter().chain(shelter)))
}

fn this_year(shell: &Shell, year: FiscalYear, pupils: Option<i64>) -> FormState {
    let text = shell.language.choose(year.japanese(), year.year().to_string());
    let pupils = pupils.map(|pupils| pupils.to_string()).unwrap_or_default();
    FormState::filled(Fields::of([("fiscal_year", text), ("pupils", pupils)]))
}

fn line_form(rows: &[LineRow], number: i16) -> FormState {
    let row = rows.iter().find(|row| row.line_number == number);
    let mut pairs = vec![("line_number", number.to_string())];
    if let Some(row) = row {
        pairs.extend([
            ("topology", row.topology.to_string()),
            ("contract", row.contract.clone()),
            ("isp", row.isp.clone()),
            ("contract_mbps", row.contract_mbps.map(|mbps| mbps.to_string()).unwrap_or_default()),
            ("hub", row.hub_id.map(|hub| hub.to_string()).unwrap_or_default()),
        ]);
    }
    FormState::filled(Fields::of(pairs))
}

fn topologies(shell: &Shell) -> Vec<(String, String)> {
    let choice = |topology: Topology| {
        let number = topology.to_number();
        (number.to_string(), words::topology_text(shell.language, number).to_owned())
    };
    Topology::ALL.into_iter().map(choice).collect()
}

async fn hubs(pages: &OverviewPages, staff: &Staff, shell: &Shell) -> Result<Vec<(String, String)>> {
    let mut hubs: Vec<_> = lines::hubs(pages, staff).await?.into_values().collect();
    hubs.sort_by(|a, b| (a.hub.kind, &a.hub.name).cmp(&(b.hub.kind, &b.hub.name)));
    let choice = |view: &crate::schools::service::lines::HubView| {
        let kind = words::hub_text(shell.language, view.hub.kind.into());
        (
            view.hub.hub_id.to_string(),
            shell.language.choose(format!("{}（{kind}）", view.hub.name), format!("{} ({kind})", view.hub.name)),
        )
    };
    Ok(std::iter::once((String::new(), shell.w.schools.no_hub.to_owned())).chain(hubs.iter().map(choice)).collect())
}

/// Where else one can look, as far as the person may.
fn links(staff: &Staff, shell: &Shell, owner: MunicipalityId, school: SchoolId) -> Vec<(String, &'static str)> {
    let w = &shell.w.schools;
    let devices = |rest: &str| list_path(staff, owner, Some(school)).map(|path| format!("{path}{rest}"));
    let all = [
        (devices(""), w.show_devices),
        (devices("&presence=silent"), w.show_silent),
        (devices("&review=open"), w.show_reviews),
        (
            covers(staff, Right::EditDevices, owner, school).then(|| format!("/schools/{school}/labels")),
            shell.w.reports.labels,
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
    let (staff, school) = (person.staff.clone(), SchoolId(id));
    let owner = pages.schools.owner_of(&staff, school).await?;
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move {
            let view = pages.overview.school(&staff, owner, school).await?;
            Ok((Health::of_school(&view).mark(), view.mean_charge_percent))
        }
    })
    .await?)
}

impl SchoolPage {
    /// The day on which it was closed.
    fn closed_day(&self) -> String {
        format::date(self.shell.language, self.closed.and_then(format::day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_for_each_pupil_are_rounded_and_never_divided_by_none() {
        assert_eq!(ratio(460, 400).as_deref(), Some("1.15"));
        assert_eq!(ratio(2, 3).as_deref(), Some("0.67"));
        assert_eq!([ratio(5, 0), ratio(5, -1)], [None, None]);
    }

    #[test]
    fn form_of_a_line_begins_with_the_line() {
        let row = LineRow {
            municipality_id: Uuid::nil(),
            school_id: Uuid::nil(),
            line_number: 2,
            topology: 4,
            contract: String::from("LTE 20GB"),
            isp: String::new(),
            contract_mbps: None,
            hub_id: None,
            version: 3,
        };
        let form = line_form(std::slice::from_ref(&row), 2);
        assert_eq!(
            (form.value("topology"), form.value("contract"), form.value("contract_mbps")),
            ("4", "LTE 20GB", "")
        );
        let new = line_form(&[row], 1);
        assert_eq!((new.value("line_number"), new.value("topology")), ("1", ""));
    }
}
