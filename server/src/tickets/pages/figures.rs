//! Figures of tickets for those who answer for them: sums with their definitions, on a page and as a file.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};
use http::StatusCode;
use time::Date;

use super::{TicketPages, said};
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Right, Staff,
            days::{date_text, day_in_japan, parse_date},
        },
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell,
        charts::{Figure, Tone, bars},
        page,
        words::tickets as words,
    },
    devices::{pages::files::csv, rules::import::export::Encoding},
    error::{Error, Result},
    schools::rules::{MunicipalityId, parse_optional_uuid},
    tickets::{
        rules::figures::{AGES, Figures, Grouping, Kept},
        service::{FiguresOrder, FiguresReport, FiguresRow},
    },
};

#[derive(Template)]
#[template(path = "tickets/figures.html")]
struct FiguresPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    groupings: Vec<(String, String)>,
    report: Option<Shown>,
}

/// What the page shows of a report.
struct Shown {
    as_of: Timestamp,
    grouping: String,
    whole: Line,
    ages: String,
    lines: Vec<Line>,
    exports: Option<[String; 2]>,
}

/// One group.
struct Line {
    name: String,
    path: Option<String>,
    came: u64,
    merged: u64,
    open: u64,
    oldest: u64,
    answered: (String, &'static str),
    answered_of: u64,
    restored: (String, &'static str),
    restored_of: u64,
    answer: String,
    answer_ninth: Option<String>,
    restore: String,
    restore_ninth: Option<String>,
    reopened: String,
}

fn per_mille(value: Option<u64>) -> String {
    value.map_or_else(|| String::from("–"), |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
}

/// How a promise was kept, and how that looks: contracts usually ask for nine of ten.
fn kept(kept: Kept) -> (String, &'static str) {
    let tone = match kept.per_mille() {
        None => "quiet",
        Some(900..) => "good",
        Some(700..) => "warning",
        Some(_) => "bad",
    };
    (per_mille(kept.per_mille()), tone)
}

impl Line {
    fn of(shell: &Shell, name: String, path: Option<String>, figures: &Figures) -> Self {
        let minutes = |minutes: Option<u32>| minutes.map(|minutes| words::minutes_text(shell.language, minutes));
        let or_none = |text: Option<String>| text.unwrap_or_else(|| String::from("–"));
        let (response, restoration) = (figures.response, figures.restoration);
        Self {
            name,
            path,
            came: figures.came,
            merged: figures.merged,
            open: figures.open_all(),
            oldest: figures.open[3] + figures.open[4],
            answered: kept(response),
            answered_of: response.kept + response.late,
            restored: kept(restoration),
            restored_of: restoration.kept + restoration.late,
            answer: or_none(minutes(figures.response_minutes.percentile(50))),
            answer_ninth: minutes(figures.response_minutes.percentile(90)),
            restore: or_none(minutes(figures.restoration_minutes.percentile(50))),
            restore_ninth: minutes(figures.restoration_minutes.percentile(90)),
            reopened: per_mille(figures.reopened_per_mille()),
        }
    }
}

/// From the first of the last month on, until today, unless somebody asks for something else.
fn asked(fields: &Fields, now: Timestamp) -> Result<FiguresOrder> {
    let today = day_in_japan(now.0);
    let month_before = today.replace_day(1).ok().and_then(Date::previous_day).and_then(|day| day.replace_day(1).ok());
    let day = |name: &'static str, or: Date| match fields.get(name) {
        "" => Ok(or),
        text => parse_date(name, text),
    };
    let mut wrong = Vec::new();
    let mut keep = |violation| wrong.push(violation);
    let owner = parse_optional_uuid("municipality_id", fields.get("municipality_id")).map_err(&mut keep).ok();
    let first = day("first_date", month_before.unwrap_or(today)).map_err(&mut keep).ok();
    let last = day("last_date", today).map_err(&mut keep).ok();
    let by = match fields.get("by") {
        "" => None,
        text => text.parse().ok().and_then(Grouping::from_number),
    };
    match (owner, first, last) {
        (Some(owner), Some(first), Some(last)) => {
            let owner = owner.map(MunicipalityId);
            let usual = if owner.is_some() { Grouping::School } else { Grouping::Municipality };
            Ok(FiguresOrder { owner, first, last, by: by.unwrap_or(usual) })
        }
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

/// An address of these pages.
fn address(path: &str, order: &FiguresOrder, more: &str) -> String {
    let owner = order.owner.map(|owner| owner.to_string()).unwrap_or_default();
    let (first, last, by) = (date_text(order.first), date_text(order.last), order.by as i16);
    format!("{path}?municipality_id={owner}&first_date={first}&last_date={last}&by={by}{more}")
}

/// Where a group leads: to the same of its municipality, or to the queue where the reader sees it.
fn path_of(staff: &Staff, report: &FiguresReport, at: usize) -> Option<String> {
    let row = &report.rows[at];
    match (report.order.by, row.id) {
        (Grouping::Municipality, Some(owner)) => {
            let of_owner = FiguresOrder { owner: Some(MunicipalityId(owner)), by: Grouping::School, ..report.order };
            Some(address("/tickets/figures", &of_owner, ""))
        }
        (Grouping::School, Some(school)) => {
            let owner = report.order.owner?;
            staff.scope(Right::ViewTickets).ok()?.area(owner)?;
            Some(format!("/tickets?municipality={owner}&schools_of={owner}&school={school}"))
        }
        _ => None,
    }
}

fn shown(shell: &Shell, staff: &Staff, report: &FiguresReport) -> Shown {
    let ages = (0..=AGES.len()).map(|at| {
        let tone = match at {
            0 | 1 => Tone::Plain,
            2 | 3 => Tone::Warning,
            _ => Tone::Bad,
        };
        let count = i64::try_from(report.whole.open[at]).unwrap_or(i64::MAX);
        Figure::new(words::age_text(shell.language, AGES.get(at).copied()), count, tone)
    });
    let may_export = match report.order.owner {
        Some(owner) => staff.scope(Right::Export).is_ok_and(|scope| scope.area(owner).is_some()),
        None => staff.has(Right::Export),
    };
    let file = |encoding: &str| address("/tickets/figures/export", &report.order, &format!("&encoding={encoding}"));
    // A prefecture has many municipalities in which nothing happened.
    let happened = |row: &FiguresRow| row.figures.came > 0 || row.figures.open_all() > 0;
    let shown = report.rows.iter().enumerate().filter(|(_, row)| happened(row));
    let lines = shown
        .map(|(at, row)| Line::of(shell, said(shell.language, &row.name), path_of(staff, report, at), &row.figures));
    Shown {
        as_of: report.as_of,
        grouping: said(shell.language, &report.order.by.label()),
        whole: Line::of(shell, String::new(), None, &report.whole),
        ages: bars(shell.language, shell.w.tickets.open_by_age, &ages.collect::<Vec<_>>()),
        lines: lines.collect(),
        exports: may_export.then(|| [file("utf8"), file("cp932")]),
    }
}

pub(super) async fn figures(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let mut fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    staff.scope(Right::ViewFigures)?;
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let owners: Vec<_> = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    if let ([(only, _)], "") = (&owners[..], fields.get("municipality_id")) {
        fields.set("municipality_id", only.clone());
    }
    let asked = asked(&fields, shell.now);
    let counted = match asked {
        Ok(order) => {
            for (name, value) in [
                ("first_date", date_text(order.first)),
                ("last_date", date_text(order.last)),
                ("by", (order.by as i16).to_string()),
            ] {
                fields.set(name, value);
            }
            pages.tickets.figures(staff, order).await
        }
        Err(error) => Err(error),
    };
    let groupings = Grouping::ALL.iter().map(|by| ((*by as i16).to_string(), said(shell.language, &by.label())));
    let groupings = groupings.collect();
    let owners = if owners.len() > 1 { super::with_all(&shell, owners) } else { Vec::new() };
    let (status, form, report) = match counted {
        Ok(report) => (StatusCode::OK, FormState::filled(fields), Some(shown(&shell, staff, &report))),
        Err(error) if error.reason == "FIGURES_TOO_MANY" => {
            (StatusCode::UNPROCESSABLE_ENTITY, FormState::refused_here(fields, error), None)
        }
        Err(error) => {
            let form = FormState::refused(fields, error)?;
            (form.status(), form, None)
        }
    };
    page(status, &FiguresPage { shell, form, owners, groupings, report })
}

pub(super) async fn export(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let order = asked(&fields, person.shell.now)?;
    let encoding = Encoding::of(fields.get("encoding"));
    let (bytes, _lost) = pages.tickets.export_figures(&person.staff, order).await?.file(encoding);
    let (first, last) = (date_text(order.first), date_text(order.last));
    Ok(csv(&format!("tickets-{first}-{last}"), encoding, bytes))
}
