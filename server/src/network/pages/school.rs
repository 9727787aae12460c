//! The network of one school: what hurts, what devices measured over a day or a week, by what the network is known.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use uuid::Uuid;

use super::{IncidentLine, NetworkPages};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{
        Fields, FormState, Language, PageResult, Respond as _, Shell,
        charts::{BandPoint, band},
        page, refused, see_other,
        words::network as words,
    },
    error::Error,
    network::{
        rules::place::NetworkKind,
        service::{
            known::{SchoolNetworkRow, parse_network},
            measurements::{GroupBy, Series},
            targets::TargetRow,
            works::PlannedWorkRow,
        },
    },
    schools::rules::{MunicipalityId, SchoolId},
};

const DAY_US: i64 = 86_400 * 1_000_000;

#[derive(Template)]
#[template(path = "networks/school.html")]
struct SchoolPage {
    shell: Shell,
    id: String,
    name: String,
    owner: String,
    owner_path: String,
    incidents: Vec<IncidentLine>,
    others: bool,
    ranges: Vec<Choice>,
    groups: Vec<Choice>,
    charts: Vec<Chart>,
    /// Begin, middle and end of the time that charts show.
    axis: [Timestamp; 3],
    known: Vec<KnownLine>,
    known_form: FormState,
    kinds: Vec<(String, String)>,
    works: Vec<WorkLine>,
    work_form: FormState,
    work_kinds: Vec<(String, String)>,
    editable: bool,
}

/// A way to look at measurements.
struct Choice {
    text: &'static str,
    path: String,
    here: bool,
}

/// One group over time, with its table.
struct Chart {
    name: String,
    svg: String,
    points: Vec<PointLine>,
    summary: String,
}

struct PointLine {
    at: Timestamp,
    checks: u64,
    slow: u64,
    failed: u64,
    median: String,
    p95: String,
}

struct KnownLine {
    kind: &'static str,
    kind_number: i16,
    value: String,
    source: &'static str,
    devices: u64,
    seen: Timestamp,
}

struct WorkLine {
    id: String,
    on: &'static str,
    begin: Timestamp,
    end: Timestamp,
    reason: String,
    version: i64,
}

/// The forms of the page, at most one of them refused.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub known: Option<FormState>,
    pub work: Option<FormState>,
}

pub(super) async fn school(
    person: SignedIn,
    State(pages): State<NetworkPages>,
    Path(id): Path<Uuid>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    show(person, &pages, SchoolId(id), &fields, Forms::default(), StatusCode::OK).await
}

/// Whether a right covers a school.
pub(super) fn covers(staff: &Staff, right: Right, owner: MunicipalityId, school: SchoolId) -> bool {
    staff.scope(right).is_ok_and(|scope| scope.covers(owner, Some(school)))
}

pub(super) async fn show(
    person: SignedIn,
    pages: &NetworkPages,
    id: SchoolId,
    fields: &Fields,
    forms: Forms,
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let owner = pages.schools.owner_of(staff, id).await?;
    let row = pages.network.school(staff, owner, id).await?;
    let owner_name = pages.schools.municipality(staff, owner).await?.name;
    let week = fields.get("range") == "week";
    let by_point = fields.get("by") == "access_point";
    let to = shell.now;
    let from = Timestamp(to.0 - if week { 7 * DAY_US } else { DAY_US });
    let group = if by_point { GroupBy::AccessPoint } else { GroupBy::Layer };
    let measurements = pages.network.measurements(staff, (owner, id), (from, to), group).await?;
    let targets = pages.network.targets(staff).await?;
    let views = pages.network.open_incidents(staff, Some(owner), Some(id)).await?;
    let known = pages.network.school_networks(staff, owner, Some(id)).await?;
    let works = pages.network.planned_work(staff, Some(owner)).await?;
    let (language, w) = (shell.language, &shell.w.network);
    let path = |week: bool, by_point: bool| {
        let range = if week { "week" } else { "day" };
        let by = if by_point { "access_point" } else { "layer" };
        format!("/schools/{id}/network?range={range}&by={by}#measured")
    };
    let choice = |text, week_then: bool, point_then: bool| Choice {
        text,
        path: path(week_then, point_then),
        here: (week_then, point_then) == (week, by_point),
    };
    let text = |text: &str| text.to_owned();
    let template = SchoolPage {
        id: id.to_string(),
        name: row.name,
        owner_path: format!("/municipalities/{owner}"),
        owner: owner_name,
        others: views.iter().any(|view| view.other_owners > 0),
        incidents: views.iter().map(|view| IncidentLine::of(&shell, view)).collect(),
        ranges: vec![choice(w.day, false, by_point), choice(w.week, true, by_point)],
        groups: vec![choice(w.by_layer, week, false), choice(w.by_access_point, week, true)],
        axis: [from, Timestamp(from.0.midpoint(to.0)), to],
        charts: measurements.series.iter().map(|series| chart(&shell, &targets, series, (from, to))).collect(),
        known: known.into_iter().filter_map(|row| known_line(&shell, row)).collect(),
        known_form: forms.known.unwrap_or_default(),
        kinds: [NetworkKind::AccessPoint, NetworkKind::Gateway, NetworkKind::Ssid]
            .map(|kind| (kind.to_number().to_string(), text(kind_text(&shell, kind))))
            .into(),
        works: works
            .into_iter()
            .filter(|work| work.element_id == id.to_string())
            .map(|work| work_line(&shell, work))
            .collect(),
        work_form: forms.work.unwrap_or_default(),
        work_kinds: vec![
            (String::from("school_line"), text(words::element_text(language, "school_line"))),
            (String::from("school_lan"), text(words::element_text(language, "school_lan"))),
        ],
        editable: covers(staff, Right::EditSchools, owner, id) && row.closed_at.is_none(),
        shell,
    };
    page(status, &template)
}

fn kind_text(shell: &Shell, kind: NetworkKind) -> &'static str {
    let w = &shell.w.network;
    match kind {
        NetworkKind::Ssid => w.kind_ssid,
        NetworkKind::AccessPoint => w.kind_access_point,
        NetworkKind::Gateway => w.kind_gateway,
        NetworkKind::PublicAddress => w.kind_public,
    }
}

fn known_line(shell: &Shell, row: SchoolNetworkRow) -> Option<KnownLine> {
    let kind = NetworkKind::from_number(row.kind)?;
    Some(KnownLine {
        kind: kind_text(shell, kind),
        kind_number: row.kind,
        value: row.value,
        source: if row.source == 2 { shell.w.network.learned } else { shell.w.network.said },
        devices: row.devices.unsigned_abs(),
        seen: Timestamp(row.last_seen_at),
    })
}

fn work_line(shell: &Shell, row: PlannedWorkRow) -> WorkLine {
    let kind = crate::network::service::judge::element_kind(row.element_kind);
    WorkLine {
        id: row.work_id.to_string(),
        on: words::element_text(shell.language, kind.map_or("", |kind| kind.name())),
        begin: Timestamp(row.begin_at),
        end: Timestamp(row.end_at),
        reason: row.reason,
        version: row.version,
    }
}

/// What was measured: a target by its name, else the layer.
pub fn measured_name<'a>(language: Language, targets: &'a [TargetRow], series: &Series) -> &'a str {
    let target = targets.iter().find(|target| target.number == i64::from(series.target));
    target.map_or_else(|| words::layer_text(language, series.layer), |target| target.name.as_str())
}

fn chart(shell: &Shell, targets: &[TargetRow], series: &Series, (from, to): (Timestamp, Timestamp)) -> Chart {
    let (language, w) = (shell.language, &shell.w.network);
    let name = match series.access_point {
        Some(point) => point.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        None => measured_name(language, targets, series).to_owned(),
    };
    let span = (to.0 - from.0).max(1) as f64;
    let point = |(at, cell): &(Timestamp, crate::network::rules::rollup::Cell)| BandPoint {
        at: (at.0 - from.0) as f64 / span,
        low: cell.latency_us(0.5),
        high: cell.latency_us(0.95),
        failed: if cell.count() == 0 { 0.0 } else { cell.failures() as f64 / cell.count() as f64 },
    };
    let points: Vec<_> = series.points.iter().map(point).collect();
    let worst = series.points.iter().filter_map(|(_, cell)| cell.latency_us(0.95)).fold(0.0, f64::max);
    let checks: u64 = series.points.iter().map(|(_, cell)| cell.count()).sum();
    let failed: u64 = series.points.iter().map(|(_, cell)| cell.failures()).sum();
    let summary = format!(
        "{} {}, {} {}, {} {}",
        w.checks,
        shell.number(checks),
        w.failed,
        shell.number(failed),
        w.p95,
        words::latency_text(Some(worst).filter(|worst| *worst > 0.0))
    );
    Chart {
        svg: band(&format!("{name}: {summary}"), &points),
        points: series
            .points
            .iter()
            .map(|(at, cell)| PointLine {
                at: *at,
                checks: cell.count(),
                slow: cell.slow,
                failed: cell.failures(),
                median: words::latency_text(cell.latency_us(0.5)),
                p95: words::latency_text(cell.latency_us(0.95)),
            })
            .collect(),
        name,
        summary,
    }
}

/// The page from its top, where it says that it is done.
pub(super) fn back(id: Uuid) -> axum::response::Response {
    see_other(&format!("/schools/{id}/network#content"))
}

pub(super) async fn add_known(
    person: SignedIn,
    State(pages): State<NetworkPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let school = SchoolId(id);
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let kind = fields.get("kind").parse().ok().and_then(NetworkKind::from_number);
    let checked = kind
        .ok_or_else(|| Error::invalid_field("kind", crate::error::says::network::network_kind()))
        .and_then(|kind| match parse_network(kind, fields.get("value").trim()) {
            Ok(value) => Ok((kind, value)),
            Err(violation) => Err(Error::invalid_fields("FIELD_INVALID", vec![violation])),
        });
    let said = match checked {
        Ok((kind, value)) => pages.network.add_school_network(&person.staff, (owner, school), kind, value).await,
        Err(error) => Err(error),
    };
    match said {
        Ok(_) => Ok(back(id).flash(person.shell.w.network.added)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            let forms = Forms { known: Some(form), work: None };
            show(person, &pages, school, &Fields::default(), forms, status).await
        }
    }
}

pub(super) async fn delete_known(
    person: SignedIn,
    State(pages): State<NetworkPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let school = SchoolId(id);
    let owner = pages.schools.owner_of(&person.staff, school).await?;
    let kind = fields.get("kind").parse().ok().and_then(NetworkKind::from_number).unwrap_or(NetworkKind::Ssid);
    pages.network.delete_school_network(&person.staff, (owner, school), kind, fields.get("value")).await?;
    Ok(back(id).flash(person.shell.w.network.deleted))
}
