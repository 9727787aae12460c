//! Failure rates for those who answer for devices: bars with their intervals, a table, a file; and what an alarm says on a page.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};
use http::StatusCode;
use time::Duration;
use uuid::Uuid;

use super::{
    rules::{FailureGrouping, Failures, KINDS, Rate},
    service::{FailuresOrder, FailuresReport, FailuresRow, LastingRow},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Right, Staff,
            days::{date_text, day_in_japan, parse_date},
        },
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell,
        charts::{Range, Tone, ranges},
        page,
        words::tickets as words,
    },
    devices::{pages::files::csv, rules::import::export::Encoding},
    error::{Error, FieldViolation, Result},
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid},
    tickets::{
        pages::{TicketPages, said, with_all},
        rules::{Category, fields::word},
    },
};

/// Days that are counted unless somebody asks for others.
const USUAL_DAYS: i64 = 365;
/// Bars of the chart, and lines of the table: what is beyond them is in the file.
const BARS: usize = 15;
const LINES: usize = 200;

#[derive(Template)]
#[template(path = "tickets/failures.html")]
struct FailuresPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    groupings: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    alarms: Vec<AlarmLine>,
    report: Option<Shown>,
}

/// What a page says of an alarm.
pub(in crate::tickets) struct AlarmLine {
    /// The owner, where the reader has several.
    pub owner: Option<String>,
    /// What it is.
    pub text: String,
    /// Where its ticket is, if the reader may see it.
    pub path: Option<String>,
    /// Number of the ticket.
    pub number: i64,
}

/// What the page shows of a report.
struct Shown {
    as_of: Timestamp,
    grouping: String,
    whole: Line,
    chart: String,
    lines: Vec<Line>,
    more: usize,
    more_text: String,
    exports: Option<[String; 2]>,
}

/// One group.
struct Line {
    name: String,
    path: Option<String>,
    alarm: bool,
    rate: String,
    interval: String,
    failures: u64,
    devices: u64,
    share: String,
    in_use: u64,
    years: String,
}

fn tenths(value: f64) -> String {
    format!("{value:.1}")
}

fn interval(rate: Rate) -> String {
    format!("{:.1}–{:.1}", rate.low, rate.high)
}

impl Line {
    fn of(name: String, path: Option<String>, alarm: bool, failures: &Failures, period_s: u64) -> Self {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| String::from("–"));
        let rate = failures.rate();
        let share = failures.share_per_mille(period_s);
        Self {
            name,
            path,
            alarm,
            rate: or_none(rate.map(|rate| tenths(rate.value))),
            interval: or_none(rate.map(interval)),
            failures: failures.failures,
            devices: failures.devices,
            share: or_none(share.map(|share| format!("{}.{} %", share / 10, share % 10))),
            in_use: failures.in_use,
            years: tenths(failures.device_years()),
        }
    }
}

/// The last year by model, unless somebody asks for something else.
fn asked(fields: &Fields, now: Timestamp) -> Result<FailuresOrder> {
    let today = day_in_japan(now.0);
    let day = |name: &'static str, or| match fields.get(name) {
        "" => Ok(or),
        text => parse_date(name, text),
    };
    let number = |name: &'static str| fields.get(name).parse().unwrap_or(-1);
    let by = match fields.get("by") {
        "" => Ok(FailureGrouping::Model),
        _ => word("by", number("by"), FailureGrouping::from_number),
    };
    let kind = match fields.get("category") {
        "" => Ok(None),
        _ => word("category", number("category"), |number| Category::from_number(number).map(Some)),
    };
    let mut wrong: Vec<FieldViolation> = Vec::new();
    let mut keep = |violation| wrong.push(violation);
    let owner = parse_optional_uuid("municipality_id", fields.get("municipality_id")).map_err(&mut keep).ok();
    let first = day("first_date", today - Duration::days(USUAL_DAYS - 1)).map_err(&mut keep).ok();
    let last = day("last_date", today).map_err(&mut keep).ok();
    let by = by.map_err(&mut keep).ok();
    let kind = kind.map_err(&mut keep).ok();
    match (owner, first, last, by, kind) {
        (Some(owner), Some(first), Some(last), Some(by), Some(kind)) => {
            Ok(FailuresOrder { owner: owner.map(MunicipalityId), first, last, by, kind })
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

/// An address of these pages.
fn address(path: &str, order: &FailuresOrder, more: &str) -> String {
    let owner = order.owner.map(|owner| owner.to_string()).unwrap_or_default();
    let (first, last, by) = (date_text(order.first), date_text(order.last), order.by.to_number());
    let kind = order.kind.map(|kind| kind.to_number().to_string()).unwrap_or_default();
    format!("{path}?municipality_id={owner}&first_date={first}&last_date={last}&by={by}&category={kind}{more}")
}

/// Where a group leads: to the models of its municipality, or to its school.
fn path_of(staff: &Staff, order: &FailuresOrder, row: &FailuresRow) -> Option<String> {
    match (order.by, row.id, order.owner) {
        (FailureGrouping::Municipality, Some(owner), _) => {
            let of_owner = FailuresOrder { owner: Some(MunicipalityId(owner)), by: FailureGrouping::Model, ..*order };
            Some(address("/tickets/failures", &of_owner, ""))
        }
        (FailureGrouping::School, Some(school), Some(owner)) => {
            let seen = staff.scope(Right::ViewFigures).is_ok_and(|scope| scope.covers(owner, Some(SchoolId(school))));
            seen.then(|| format!("/schools/{school}"))
        }
        _ => None,
    }
}

/// What pages say of alarms, of one owner or of all.
pub(in crate::tickets) fn alarm_lines(
    shell: &Shell,
    staff: &Staff,
    names: &PlaceNames,
    alarms: &[LastingRow],
    only: Option<Uuid>,
) -> Vec<AlarmLine> {
    let sees = staff.scope(Right::ViewTickets).ok();
    let line = |row: &LastingRow| {
        let owner = MunicipalityId(row.municipality_id);
        let kind = Category::from_number(row.category).map(|kind| said(shell.language, &kind.label()));
        let counts = (row.failure_count, row.in_use_count, row.recent_days);
        let what = (row.model.as_str(), kind.as_deref().unwrap_or_default());
        let is_seen = sees.as_ref().is_some_and(|scope| scope.whole(owner).is_some());
        AlarmLine {
            owner: (names.owners().len() > 1).then(|| names.owner(owner).unwrap_or_default().to_owned()),
            text: words::alarm_text(shell.language, what, counts, row.other_owner_count),
            path: is_seen.then(|| format!("/tickets/{owner}/{}", row.number)),
            number: row.number,
        }
    };
    alarms.iter().filter(|row| only.is_none_or(|only| row.municipality_id == only)).map(line).collect()
}

fn shown(shell: &Shell, staff: &Staff, report: &FailuresReport, alarms: &[LastingRow]) -> Shown {
    let order = &report.order;
    let is_alarm = |row: &FailuresRow| {
        let of_kind = |alarm: &LastingRow| order.kind.is_none_or(|kind| kind.to_number() == alarm.category);
        alarms.iter().any(|alarm| row.model_key.as_ref() == Some(&alarm.model_key) && of_kind(alarm))
    };
    let usual = report.whole.rate().map_or(f64::INFINITY, |rate| rate.value);
    let range = |row: &FailuresRow| {
        let rate = row.failures.rate()?;
        let tone = match (is_alarm(row), rate.low > usual) {
            (true, _) => Tone::Bad,
            (false, true) => Tone::Warning,
            (false, false) => Tone::Plain,
        };
        let text = format!("{} ({})", tenths(rate.value), interval(rate));
        let label = said(shell.language, &row.name);
        Some(Range { label, low: rate.low, value: rate.value, high: rate.high, text, tone })
    };
    // A prefecture has many municipalities without devices.
    let happened = |row: &&FailuresRow| row.failures.seconds > 0 || row.failures.failures > 0;
    let rows: Vec<_> = report.rows.iter().filter(happened).collect();
    let bars: Vec<_> = rows.iter().filter_map(|row| range(row)).take(BARS).collect();
    let line = |row: &&FailuresRow| {
        let name = said(shell.language, &row.name);
        Line::of(name, path_of(staff, order, row), is_alarm(row), &row.failures, report.period_s)
    };
    let may_export = match order.owner {
        Some(owner) => staff.scope(Right::Export).is_ok_and(|scope| scope.area(owner).is_some()),
        None => staff.has(Right::Export),
    };
    let file = |encoding: &str| address("/tickets/failures/export", order, &format!("&encoding={encoding}"));
    let more = rows.len().saturating_sub(LINES);
    Shown {
        as_of: report.as_of,
        grouping: said(shell.language, &order.by.label()),
        whole: Line::of(String::new(), None, false, &report.whole, report.period_s),
        chart: ranges(shell.language, shell.w.tickets.by_rate, &bars),
        lines: rows.iter().take(LINES).map(line).collect(),
        more,
        more_text: words::more_in_file(shell.language, more),
        exports: may_export.then(|| [file("utf8"), file("cp932")]),
    }
}

pub(in crate::tickets) async fn failures(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let mut fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    staff.scope(Right::ViewFigures)?;
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let owners: Vec<_> = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    if let ([(only, _)], "") = (&owners[..], fields.get("municipality_id")) {
        fields.set("municipality_id", only.clone());
    }
    let counted = match asked(&fields, shell.now) {
        Ok(order) => {
            fields.set("first_date", date_text(order.first));
            fields.set("last_date", date_text(order.last));
            fields.set("by", order.by.to_number().to_string());
            pages.tickets.failures(staff, order).await
        }
        Err(error) => Err(error),
    };
    let alarms = match &counted {
        Ok(report) => pages.tickets.failure_alarms(staff, Right::ViewFigures, report.order.owner).await?,
        Err(_) => Vec::new(),
    };
    let choice = |number: i16, label| (number.to_string(), said(shell.language, &label));
    let groupings = FailureGrouping::ALL.iter().map(|by| choice(by.to_number(), by.label())).collect();
    let kinds = with_all(&shell, KINDS.iter().map(|kind| choice(kind.to_number(), kind.label())).collect());
    let owners = if owners.len() > 1 { with_all(&shell, owners) } else { Vec::new() };
    let (status, form, report) = match counted {
        Ok(report) => (StatusCode::OK, FormState::filled(fields), Some(shown(&shell, staff, &report, &alarms))),
        Err(error) if error.reason == "FIGURES_TOO_MANY" => {
            (StatusCode::UNPROCESSABLE_ENTITY, FormState::refused_here(fields, error), None)
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            (form.status(), form, None)
        }
    };
    let alarms = alarm_lines(&shell, staff, &names, &alarms, None);
    page(status, &FailuresPage { shell, form, owners, groupings, kinds, alarms, report })
}

pub(in crate::tickets) async fn export(
    person: SignedIn,
    Pages(pages): Pages<TicketPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let order = asked(&fields, person.shell.now)?;
    let encoding = Encoding::of(fields.get("encoding"));
    let (bytes, _lost) = pages.tickets.export_failures(&person.staff, order).await?.file(encoding);
    let (first, last) = (date_text(order.first), date_text(order.last));
    Ok(csv(&format!("failures-{first}-{last}"), encoding, bytes))
}
