//! Pages of network health: the wall of many schools, an incident, the network of one school.

mod incident;
mod school;
mod wall;
mod works;

use axum::{
    Router,
    routing::{get, post},
};

pub use self::school::measured_name;
use super::{
    rules::{ElementKind, Incident, IncidentState, word},
    service::{Network, incidents::IncidentView},
};
use crate::{
    access::service::Access,
    clock::Timestamp,
    console::{Shell, words::network as words},
    schools::service::Schools,
};

/// What these pages read.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is the service of its name")]
pub struct NetworkPages {
    pub network: Network,
    pub schools: Schools,
    pub access: Access,
}

/// The pages of network health.
pub fn routes(pages: NetworkPages) -> Router {
    Router::new()
        .route("/network", get(wall::wall))
        .route("/network/live", get(wall::live))
        .route("/network/incidents", get(wall::past))
        .route("/network/incidents/{incident}", get(incident::incident))
        .route("/network/incidents/{incident}/live", get(incident::live))
        .route("/schools/{school}/network", get(school::school))
        .route("/schools/{school}/network/known", post(school::add_known))
        .route("/schools/{school}/network/known/delete", post(school::delete_known))
        .route("/schools/{school}/network/work", post(works::announce))
        .route("/schools/{school}/network/work/{work}/cancel", post(works::cancel))
        .with_state(pages)
}

/// An incident in a list.
struct IncidentLine {
    path: String,
    state: (&'static str, &'static str),
    element: String,
    cause: &'static str,
    since: Timestamp,
    until: Option<Timestamp>,
    schools: u64,
    others: u64,
    devices: u64,
    minutes: u64,
    sure: String,
}

impl IncidentLine {
    fn of(shell: &Shell, view: &IncidentView) -> Self {
        let IncidentView { incident, schools, other_owners, .. } = view;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            path: format!("/network/incidents/{}", incident.id),
            state: state(shell, incident),
            element: element(shell, view),
            cause: words::cause_text(shell.language, &word(incident.verdict.cause)),
            since: view.since(),
            until: incident.recovered_at.map(|at| Timestamp(at.0)),
            schools: count(schools.values().map(Vec::len).sum()),
            others: count(*other_owners),
            devices: u64::from(incident.devices),
            minutes: minutes(incident),
            sure: percent(incident.verdict.confidence),
        }
    }
}

fn minutes(incident: &Incident) -> u64 {
    incident.lesson_device_minutes.max(0.0) as u64
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// How an incident looks, and its state in a word.
fn state(shell: &Shell, incident: &Incident) -> (&'static str, &'static str) {
    let tone = match incident.state {
        IncidentState::Open if incident.silenced_by.is_none() => "bad",
        IncidentState::Suspected | IncidentState::Recovering => "warning",
        IncidentState::Open | IncidentState::Closed => "quiet",
    };
    (tone, words::state_text(shell.language, &word(incident.state)))
}

/// What is broken, with its name.
fn element(shell: &Shell, view: &IncidentView) -> String {
    let kind: ElementKind = view.incident.verdict.element.kind;
    let kind = words::element_text(shell.language, kind.name());
    match view.element_name.as_str() {
        "" => kind.to_owned(),
        name => shell.language.choose(format!("{name} {kind}"), format!("{name}: {kind}")),
    }
}
