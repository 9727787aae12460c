//! Pages of bandwidth: the report of a municipality, and the assessment sheet of a school.

mod report;
mod sheet;

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    rules::Outcome,
    service::{Bandwidth, SchoolVerdict},
};
use crate::{
    access::service::Access,
    clock::Timestamp,
    console::{Shell, words::bandwidth as words},
    network::service::Network,
    schools::service::Schools,
};

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct BandwidthPages {
    pub bandwidth: Bandwidth,
    pub network: Network,
    pub schools: Schools,
    pub access: Access,
}

/// The pages of bandwidth.
pub fn routes(pages: BandwidthPages) -> Router {
    Router::new()
        .route("/bandwidth", get(report::report))
        .route("/bandwidth/export", get(report::export))
        .route("/schools/{school}/assessment", get(sheet::sheet))
        .route("/schools/{school}/assessment/measurements", post(sheet::record))
        .route("/schools/{school}/assessment/measurements/{measurement}/delete", post(sheet::delete))
        .with_state(pages)
}

/// A school with its verdict in words.
struct VerdictLine {
    path: String,
    name: String,
    outcome: (&'static str, &'static str),
    unknown: &'static str,
    pupils: String,
    pupils_year: String,
    recommended: String,
    basis: &'static str,
    measured: String,
    percent: String,
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    contract: String,
    place: Option<&'static str>,
    advice: &'static str,
}

impl VerdictLine {
    fn of(shell: &Shell, school: &SchoolVerdict) -> Self {
        let (language, verdict) = (shell.language, &school.verdict);
        let tone = match verdict.outcome {
            Outcome::Missed => "warning",
            Outcome::Unknown => "quiet",
            Outcome::Reached => "good",
        };
        let place = school.advice.place().map(|place| crate::console::words::network::place_text(language, place));
        Self {
            path: format!("/schools/{}/assessment", school.school.school_id),
            name: school.school.name.clone(),
            outcome: (tone, words::outcome_text(language, verdict.outcome as i32)),
            unknown: verdict.unknown.map_or("", |reason| words::unknown_text(language, reason as i32)),
            pupils: school.pupils.map(|(_, pupils)| shell.number(pupils.unsigned_abs())).unwrap_or_default(),
            pupils_year: school.pupils.map(|(year, _)| year_text(shell, year)).unwrap_or_default(),
            recommended: verdict.recommended.map(|value| words::mbps_text(value.kbps)).unwrap_or_default(),
            basis: verdict.recommended.map_or("", |value| words::basis_text(language, value.basis as i32)),
            measured: verdict.measured_kbps.map(words::mbps_text).unwrap_or_default(),
            percent: verdict.percent().map(|percent| format!("{percent}%")).unwrap_or_default(),
            count: u64::try_from(verdict.count).unwrap_or(u64::MAX),
            first: verdict.span.map(|(first, _)| first),
            last: verdict.span.map(|(_, last)| last),
            contract: school.contract_mbps.map(|mbps| shell.number(mbps.unsigned_abs())).unwrap_or_default(),
            place,
            advice: words::advice_text(language, school.advice as i32),
        }
    }
}

fn year_text(shell: &Shell, year: crate::schools::rules::fiscal::FiscalYear) -> String {
    shell.language.choose(year.japanese(), format!("FY {}", year.year()))
}
