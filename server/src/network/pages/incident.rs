//! One incident: what is broken, why one thinks so, what it was compared with, how it went.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use uuid::Uuid;

use super::{IncidentLine, NetworkPages, minutes, percent, word};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right},
    },
    clock::Timestamp,
    console::{
        PageResult, Shell,
        charts::{Figure, Tone, bars},
        live, page,
        words::network as words,
    },
    network::rules::{Group, Moment},
};

#[derive(Template)]
#[template(path = "networks/incident.html")]
struct IncidentPage {
    shell: Shell,
    id: String,
    line: IncidentLine,
    place: &'static str,
    began: Timestamp,
    earliest: Timestamp,
    latest: Timestamp,
    opened: Option<Timestamp>,
    recovered: Option<Timestamp>,
    closed: Option<Timestamp>,
    minutes: u64,
    flaps: u64,
    planned: bool,
    merged: Option<String>,
    witness: &'static str,
    chart: String,
    groups: Vec<GroupLine>,
    alternatives: Vec<(&'static str, String)>,
    would_change: String,
    changes: Vec<(Timestamp, &'static str)>,
    owners: Vec<(String, Vec<(String, String)>)>,
}

/// A group of devices in the table beside the chart.
struct GroupLine {
    name: &'static str,
    schools: u64,
    failing: u64,
    of: u64,
    share: String,
}

fn group_line(name: &'static str, group: &Group) -> GroupLine {
    GroupLine {
        name,
        schools: u64::from(group.schools),
        failing: u64::from(group.failing),
        of: u64::from(group.of),
        share: percent(group.share()),
    }
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp(moment.0)
}

pub(super) async fn incident(person: SignedIn, State(pages): State<NetworkPages>, Path(id): Path<Uuid>) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let view = pages.network.incident(staff, id).await?;
    let places: Vec<_> = view
        .schools
        .iter()
        .flat_map(|(owner, schools)| schools.iter().map(|school| Place::School(*owner, *school)))
        .collect();
    let names = pages.access.place_names(staff, Right::ViewFigures, &places).await?;
    let owners = view
        .schools
        .iter()
        .map(|(owner, schools)| {
            let school = |school: &crate::schools::rules::SchoolId| {
                let name = names.school(*school).unwrap_or_default().to_owned();
                (format!("/schools/{school}/network"), name)
            };
            let name = names.owner(*owner).unwrap_or_default().to_owned();
            (name, schools.iter().map(school).collect())
        })
        .collect();
    let (language, w) = (shell.language, &shell.w.network);
    let incident = &view.incident;
    let evidence = &incident.evidence;
    let share = |group: &Group| (group.share() * 100.0).round() as i64;
    let figures = [
        Figure::new(w.affected, share(&evidence.affected), Tone::Bad),
        Figure::new(w.control, share(&evidence.control), Tone::Plain),
    ];
    let template = IncidentPage {
        id: incident.id.to_string(),
        line: IncidentLine::of(&shell, &view),
        place: words::place_text(language, u8::from(incident.verdict.mext_place)),
        began: timestamp(incident.started.at),
        earliest: timestamp(incident.started.earliest),
        latest: timestamp(incident.started.latest),
        opened: incident.opened_at.map(timestamp),
        recovered: incident.recovered_at.map(timestamp),
        closed: incident.closed_at.map(timestamp),
        minutes: minutes(incident),
        flaps: u64::from(incident.flaps),
        planned: incident.silenced_by.is_some(),
        merged: incident.merged_into.map(|id| format!("/network/incidents/{id}")),
        witness: words::witness_text(language, &word(evidence.witness)),
        chart: bars(language, &format!("{} (%)", w.share), &figures),
        groups: vec![group_line(w.affected, &evidence.affected), group_line(w.control, &evidence.control)],
        alternatives: evidence
            .alternatives
            .iter()
            .map(|other| (words::explanation_text(language, &other.explanation), format!("{:.1}", other.log_odds)))
            .collect(),
        would_change: evidence.would_change.clone(),
        changes: incident
            .timeline
            .iter()
            .map(|entry| (timestamp(entry.at), words::change_text(language, &word(entry.change))))
            .collect(),
        owners,
        shell,
    };
    page(StatusCode::OK, &template)
}

/// Tells a browser when the incident changed.
pub(super) async fn live(person: SignedIn, State(pages): State<NetworkPages>, Path(id): Path<Uuid>) -> PageResult {
    let staff = person.staff.clone();
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move {
            let view = pages.network.incident(&staff, id).await?;
            Ok((word(view.incident.state), view.incident.timeline.len(), view.incident.devices))
        }
    })
    .await?)
}
