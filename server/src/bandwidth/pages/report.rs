//! The report of a municipality: which schools reach what is recommended, and the share of them; also as a file.

use askama::Template;
use axum::extract::{RawQuery, State};
use http::StatusCode;
use uuid::Uuid;

use super::{BandwidthPages, VerdictLine, year_text};
use crate::{
    access::{
        pages::SignedIn,
        rules::{MunicipalityId, Right},
    },
    bandwidth::{
        rules::Outcome,
        service::{Report, SchoolVerdict},
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell,
        charts::{Figure, Tone, shares},
        page,
        words::{Language, bandwidth as words},
    },
    devices::{
        pages::files::csv,
        rules::import::export::{self, Encoding},
    },
    error::{Error, Result, says},
    schools::rules::fiscal::{FiscalYear, date_text, day_in_japan},
};

#[derive(Template)]
#[template(path = "bandwidth/report.html")]
struct ReportPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    years: Vec<(String, String)>,
    outcomes: Vec<(String, String)>,
    chosen: Option<Chosen>,
}

/// What a chosen municipality shows.
struct Chosen {
    name: String,
    year: String,
    as_of: Timestamp,
    edition: Option<(String, String)>,
    reached: u64,
    whole: u64,
    share: String,
    chart: String,
    lines: Vec<VerdictLine>,
    exports: Option<[String; 2]>,
}

/// The share of schools that reach it, in percent with one digit, rounded down so that 100 % means all.
fn share(reached: u32, whole: u32) -> String {
    match whole {
        0 => String::from("–"),
        whole => {
            let tenths = u64::from(reached) * 1_000 / u64::from(whole);
            format!("{}.{}%", tenths / 10, tenths % 10)
        }
    }
}

fn asked_year(fields: &Fields) -> Result<Option<FiscalYear>> {
    match fields.get("year") {
        "" => Ok(None),
        text => FiscalYear::parse("year", text)
            .map(Some)
            .map_err(|_| Error::invalid_field("year", says::fields::no_fiscal_year(text.escape_debug()))),
    }
}

fn asked_owner(fields: &Fields) -> Option<MunicipalityId> {
    Uuid::try_parse(fields.get("municipality")).ok().map(MunicipalityId)
}

pub(super) async fn report(
    person: SignedIn,
    State(pages): State<BandwidthPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    staff.scope(Right::ViewFigures)?;
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let owners: Vec<_> = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect();
    let only = match names.owners() {
        [(id, ..)] => Some(*id),
        _ => None,
    };
    let year = asked_year(&fields)?;
    let outcome = match fields.get("outcome") {
        "missed" => Some(Outcome::Missed),
        "unknown" => Some(Outcome::Unknown),
        "reached" => Some(Outcome::Reached),
        _ => None,
    };
    let chosen = match asked_owner(&fields).or(only) {
        None => None,
        Some(owner) => {
            let report = pages.bandwidth.report(staff, owner, year).await?;
            let name = pages.schools.municipality(staff, owner).await?.name;
            let may_export = staff.scope(Right::Export).is_ok_and(|scope| scope.area(owner).is_some());
            Some(chosen(&shell, &report, outcome, (owner, name), may_export))
        }
    };
    let w = &shell.w.bandwidth;
    let now = FiscalYear::of(day_in_japan(shell.now.0)).year();
    let year_choice = |year: i32| Some((year.to_string(), year_text(&shell, FiscalYear::starting_in(year)?)));
    let text = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let mut choices = vec![text("", "–")];
    choices.extend(owners);
    let template = ReportPage {
        form: FormState::filled(fields),
        owners: if only.is_some() { Vec::new() } else { choices },
        years: (0..5).filter_map(|back| year_choice(now - back)).collect(),
        outcomes: vec![
            text("", shell.w.shell.all),
            text("missed", w.missed),
            text("unknown", w.unknown),
            text("reached", w.reached),
        ],
        chosen,
        shell,
    };
    page(StatusCode::OK, &template)
}

fn chosen(
    shell: &Shell,
    report: &Report,
    outcome: Option<Outcome>,
    (owner, name): (MunicipalityId, String),
    may_export: bool,
) -> Chosen {
    let w = &shell.w.bandwidth;
    let whole = u32::try_from(report.schools.len()).unwrap_or(u32::MAX);
    let figure = |text: &str, outcome, tone| Figure::new(text, i64::from(report.count(outcome)), tone);
    let figures = [
        figure(w.reached, Outcome::Reached, Tone::Good),
        figure(w.missed, Outcome::Missed, Tone::Warning),
        figure(w.unknown, Outcome::Unknown, Tone::Quiet),
    ];
    let shown = report.schools.iter().filter(|school| outcome.is_none_or(|outcome| school.verdict.outcome == outcome));
    let address = |encoding: &str| {
        let year = report.year.year();
        format!("/bandwidth/export?municipality={owner}&year={year}&encoding={encoding}")
    };
    Chosen {
        name,
        year: year_text(shell, report.year),
        as_of: report.as_of,
        edition: report.edition.as_ref().map(|edition| (date_text(edition.date), edition.source.clone())),
        reached: u64::from(report.count(Outcome::Reached)),
        whole: u64::from(whole),
        share: share(report.count(Outcome::Reached), whole),
        chart: shares(shell.language, w.chart, &figures),
        lines: shown.map(|school| VerdictLine::of(shell, school)).collect(),
        exports: may_export.then(|| [address("utf8"), address("cp932")]),
    }
}

/// The header of the file. It is Japanese in both languages, as all files are.
const HEADER: [&str; 13] = [
    "学校コード",
    "学校名",
    "年度",
    "児童生徒数",
    "児童生徒数の年度",
    "推奨帯域Mbps",
    "推奨帯域の種別",
    "推奨帯域の版",
    "授業外の速度Mbps",
    "測定数",
    "最後の測定日",
    "判定",
    "不明の理由",
];

fn cells(report: &Report, edition: &str, school: &SchoolVerdict) -> [String; 13] {
    let verdict = &school.verdict;
    let ja = Language::Ja;
    [
        school.school.code.clone().unwrap_or_default(),
        school.school.name.clone(),
        report.year.year().to_string(),
        school.pupils.map(|(_, pupils)| pupils.to_string()).unwrap_or_default(),
        school.pupils.map(|(year, _)| year.year().to_string()).unwrap_or_default(),
        verdict.recommended.map(|value| words::mbps_text(value.kbps)).unwrap_or_default(),
        verdict.recommended.map_or("", |value| words::basis_text(ja, value.basis as i32)).to_owned(),
        edition.to_owned(),
        verdict.measured_kbps.map(words::mbps_text).unwrap_or_default(),
        verdict.count.to_string(),
        verdict.span.map(|(_, last)| date_text(day_in_japan(last.0))).unwrap_or_default(),
        words::outcome_text(ja, verdict.outcome as i32).to_owned(),
        verdict.unknown.map_or("", |reason| words::unknown_text(ja, reason as i32)).to_owned(),
    ]
}

pub(super) async fn export(
    person: SignedIn,
    State(pages): State<BandwidthPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let owner =
        asked_owner(&fields).ok_or_else(|| Error::not_found("PLACE_NOT_FOUND", says::schools::place_unknown()))?;
    let report = pages.bandwidth.export(&person.staff, owner, asked_year(&fields)?).await?;
    let encoding = Encoding::of(fields.get("encoding"));
    let edition = report.edition.as_ref().map(|edition| date_text(edition.date)).unwrap_or_default();
    let rows = report.schools.iter().map(|school| cells(&report, &edition, school).into());
    let (bytes, _lost) = export::file(HEADER, rows, encoding);
    Ok(csv(&format!("bandwidth-{}", report.year.year()), encoding, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_rounded_down_so_that_all_means_all() {
        assert_eq!(share(0, 0), "–");
        assert_eq!(share(6_503, 30_089), "21.6%");
        assert_eq!(share(1_999, 2_000), "99.9%");
        assert_eq!(share(2, 2), "100.0%");
    }
}
