//! The assessment sheet of a school, to be printed on one or two pages of A4; measurements are entered on it.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{BandwidthPages, VerdictLine, year_text};
use crate::{
    access::{pages::SignedIn, rules::Right},
    bandwidth::{
        rules::{MeasurementOrder, Method, parse_mbps},
        service::{MeasurementRow, NEWEST},
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Respond as _, Shell,
        format::percent,
        page, refused, see_other,
        words::{bandwidth as words, network as network_words},
    },
    error::{
        Error, FieldViolation, Result,
        says::{bandwidth as say, fields as say_fields},
    },
    network::{
        pages::measured_name,
        rules::{rollup::Cell, word},
        service::{
            incidents::{IncidentView, NEWEST as NEWEST_INCIDENT},
            measurements::{GroupBy, Series},
            targets::TargetRow,
        },
    },
    schools::rules::{SchoolId, fiscal::date_text, parse_text},
};

/// From how far back checks are summed up on a sheet: thirty days, in microseconds.
const CHECKS_US: i64 = 30 * 86_400 * 1_000_000;
/// Measurements on a sheet.
const MEASUREMENTS: i64 = 30;
/// Incidents on a sheet.
const INCIDENTS: i64 = 10;

#[derive(Template)]
#[template(path = "bandwidth/sheet.html")]
struct SheetPage {
    shell: Shell,
    id: String,
    name: String,
    owner: String,
    owner_path: String,
    year: String,
    edition: Option<(String, String)>,
    line: VerdictLine,
    measurements: Vec<MeasurementLine>,
    checks: Vec<CheckLine>,
    incidents: Vec<SheetIncident>,
    form: FormState,
    methods: Vec<(String, String)>,
    moments: Vec<(String, String)>,
    editable: bool,
    printed_by: String,
}

struct MeasurementLine {
    id: String,
    at: Timestamp,
    receive: String,
    send: String,
    method: &'static str,
    moment: &'static str,
    note: String,
}

/// Checks of one layer or target, summed up.
struct CheckLine {
    name: String,
    count: u64,
    slow: String,
    failed: String,
    median: String,
    p95: String,
}

struct SheetIncident {
    path: String,
    since: Timestamp,
    state: &'static str,
    element: &'static str,
    cause: &'static str,
    place: &'static str,
}

fn measurement_line(shell: &Shell, row: MeasurementRow) -> MeasurementLine {
    let w = &shell.w.bandwidth;
    MeasurementLine {
        id: row.measurement_id.to_string(),
        at: Timestamp(row.measured_at),
        receive: words::mbps_text(row.receive_kbps),
        send: row.send_kbps.map(words::mbps_text).unwrap_or_default(),
        method: words::method_text(shell.language, row.method),
        moment: if row.in_lesson { w.in_lessons } else { w.outside },
        note: row.note,
    }
}

fn check_line(shell: &Shell, targets: &[TargetRow], series: &Series) -> Result<CheckLine> {
    let mut sum = Cell::default();
    for (_, cell) in &series.points {
        sum.merge(cell)?;
    }
    let whole = i64::try_from(sum.count()).unwrap_or(i64::MAX);
    let share = |part: u64| percent(i64::try_from(part).unwrap_or(i64::MAX), whole);
    Ok(CheckLine {
        name: measured_name(shell.language, targets, series).to_owned(),
        count: sum.count(),
        slow: share(sum.slow),
        failed: share(sum.failures()),
        median: network_words::latency_text(sum.latency_us(0.5)),
        p95: network_words::latency_text(sum.latency_us(0.95)),
    })
}

fn incident_line(shell: &Shell, view: &IncidentView) -> SheetIncident {
    let (language, verdict) = (shell.language, &view.incident.verdict);
    SheetIncident {
        path: format!("/network/incidents/{}", view.incident.id),
        since: view.since(),
        state: network_words::state_text(language, &word(view.incident.state)),
        element: network_words::element_text(language, verdict.element.kind.name()),
        cause: network_words::cause_text(language, &word(verdict.cause)),
        place: network_words::place_text(language, u8::from(verdict.mext_place)),
    }
}

pub(super) async fn sheet(person: SignedIn, State(pages): State<BandwidthPages>, Path(id): Path<Uuid>) -> PageResult {
    show(person, &pages, SchoolId(id), FormState::default(), StatusCode::OK).await
}

async fn show(
    person: SignedIn,
    pages: &BandwidthPages,
    id: SchoolId,
    form: FormState,
    status: StatusCode,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let owner = pages.schools.owner_of(staff, id).await?;
    let report = pages.bandwidth.assess(staff, (owner, id), None).await?;
    let rows = pages.bandwidth.measurements(staff, (owner, id), NEWEST, MEASUREMENTS).await?;
    let (views, _) = pages.network.incidents(staff, Some(owner), Some(id), NEWEST_INCIDENT, INCIDENTS).await?;
    let checked = (Timestamp(shell.now.0 - CHECKS_US), shell.now);
    let checked = pages.network.measurements(staff, (owner, id), checked, GroupBy::Layer).await?;
    let targets = pages.network.targets(staff).await?;
    let checks = checked.series.iter().map(|series| check_line(&shell, &targets, series)).collect::<Result<_>>()?;
    let owner_name = pages.schools.municipality(staff, owner).await?.name;
    let school = report.schools.first().expect("an assessment is of one school");
    let covers = staff.scope(Right::EditSchools).is_ok_and(|scope| scope.covers(owner, Some(id)));
    let w = &shell.w.bandwidth;
    let text = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let method = |method: Method| {
        let number = method as i16;
        (number.to_string(), words::method_text(shell.language, number).to_owned())
    };
    let template = SheetPage {
        id: id.to_string(),
        name: school.school.name.clone(),
        owner: owner_name,
        owner_path: format!("/bandwidth?municipality={owner}"),
        year: year_text(&shell, report.year),
        edition: report.edition.as_ref().map(|edition| (date_text(edition.date), edition.source.clone())),
        line: VerdictLine::of(&shell, school),
        measurements: rows.into_iter().map(|row| measurement_line(&shell, row)).collect(),
        checks,
        incidents: views.iter().map(|view| incident_line(&shell, view)).collect(),
        form,
        methods: Method::BY_PERSON.map(method).into(),
        moments: vec![text("", w.moment_auto), text("outside", w.outside), text("in_lessons", w.in_lessons)],
        editable: covers && school.school.closed_at.is_none(),
        printed_by: staff.name.clone(),
        shell,
    };
    page(status, &template)
}

/// A moment as a browser's field for it has it, in Japan's time.
fn parse_local(field: &'static str, text: &str) -> std::result::Result<Timestamp, FieldViolation> {
    let minutes = text.get(..16).unwrap_or(text);
    let moment = OffsetDateTime::parse(&format!("{minutes}:00+09:00"), &Rfc3339);
    let moment = moment.map_err(|_| FieldViolation::new(field, say_fields::time_needed()))?;
    Ok(Timestamp(moment.unix_timestamp() * 1_000_000))
}

fn order_of(fields: &Fields) -> Result<MeasurementOrder> {
    let mut wrong = Vec::new();
    let at = parse_local("measure_time", fields.get("measure_time")).map_err(|violation| wrong.push(violation)).ok();
    let receive = parse_mbps("receive", fields.get("receive")).map_err(|violation| wrong.push(violation)).ok();
    let send = match fields.get("send") {
        "" => Some(None),
        text => parse_mbps("send", text).map_err(|violation| wrong.push(violation)).ok().map(Some),
    };
    let method = fields.get("method").parse().ok().and_then(Method::from_number);
    let method = method.filter(|method| Method::BY_PERSON.contains(method));
    if method.is_none() {
        wrong.push(FieldViolation::new("method", say::method()));
    }
    let in_lesson = match fields.get("moment") {
        "" => Some(None),
        "outside" => Some(Some(false)),
        "in_lessons" => Some(Some(true)),
        _ => {
            wrong.push(FieldViolation::new("moment", say::moment()));
            None
        }
    };
    let note = parse_text("note", fields.get("note"), 200).map_err(|violation| wrong.push(violation)).ok();
    match (at, receive, send, method, in_lesson, note) {
        (Some(at), Some(receive_kbps), Some(send_kbps), Some(method), Some(in_lesson), Some(note)) => {
            Ok(MeasurementOrder { id: None, at, receive_kbps, send_kbps, method, in_lesson, note })
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

pub(super) async fn record(
    person: SignedIn,
    State(pages): State<BandwidthPages>,
    Path(id): Path<Uuid>,
    fields: Fields,
) -> PageResult {
    let owner = pages.schools.owner_of(&person.staff, SchoolId(id)).await?;
    let recorded = match order_of(&fields) {
        Ok(order) => pages.bandwidth.record(&person.staff, (owner, SchoolId(id)), order).await,
        Err(error) => Err(error),
    };
    match recorded {
        Ok(_) => Ok(back(id).flash(person.shell.w.bandwidth.recorded)),
        Err(error) => {
            let (form, status) = refused(fields, error)?;
            show(person, &pages, SchoolId(id), form, status).await
        }
    }
}

pub(super) async fn delete(
    person: SignedIn,
    State(pages): State<BandwidthPages>,
    Path((id, measurement)): Path<(Uuid, Uuid)>,
) -> PageResult {
    let owner = pages.schools.owner_of(&person.staff, SchoolId(id)).await?;
    pages.bandwidth.delete(&person.staff, (owner, SchoolId(id)), measurement).await?;
    Ok(back(id).flash(person.shell.w.bandwidth.deleted))
}

fn back(id: Uuid) -> axum::response::Response {
    see_other(&format!("/schools/{id}/assessment"))
}
