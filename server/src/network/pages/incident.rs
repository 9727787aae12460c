//! One incident: what is broken, why one thinks so, what it was compared with, how it went.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use uuid::Uuid;

use super::{IncidentLine, NetworkPages, minutes, percent};
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
        words::Language,
        words::network as words,
    },
    network::rules::{Doubt, Group, Moment, word},
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
    would_change: &'static str,
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

/// The observation that would change a verdict, in words.
fn doubt_text(language: Language, doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::HubHeard => language.choose(
            "この集約拠点の先で報告が届く学校がある、またはほかの集約拠点の学校も報告しなくなる",
            "A school behind the hub is heard, or schools of other hubs fall silent too",
        ),
        Doubt::ProviderHeard => language.choose(
            "このプロバイダーで報告が届く学校がある、またはほかのプロバイダーの学校も報告しなくなる",
            "A school of the provider is heard, or schools of other providers fall silent too",
        ),
        Doubt::SchoolHeard => language.choose(
            "学校の端末やプローブの報告が届く、ゲートウェイの応答がなかったという報告が後から届く、ほかの学校も報告しなくなる",
            "A device or probe of the school is heard, late reports say that the gateway did not answer, or other schools fall silent too",
        ),
        Doubt::OtherResolver => language.choose(
            "別のDNSサーバーの端末でも同じ失敗が起きる、またはこのDNSサーバーで成功する端末がある",
            "Devices of another resolver fail too, or one of this resolver does not",
        ),
        Doubt::SlowElsewhere => language.choose(
            "ゲートウェイの応答も遅い、または同じ集約拠点やプロバイダーのほかの学校も遅い",
            "The gateway is slow too, or other schools behind the same hub or provider are",
        ),
        Doubt::OtherFilter => language.choose(
            "別のフィルターの先でも同じ失敗が起きる、またはこのフィルターの先で成功する学校がある",
            "The same failure behind another filter, or a school behind this one without it",
        ),
        Doubt::OnAccessPoint => language.choose(
            "このアクセスポイントに端末がつながる、または学校のほかのアクセスポイントも失われる",
            "Devices come back to this access point, or other ones of the school are lost too",
        ),
        Doubt::OtherAccessPoints => language.choose(
            "学校のほかのアクセスポイントでも同じように遅い",
            "Other access points of the school are as slow",
        ),
        Doubt::AddressGiven => {
            language.choose("新しくつながった端末にアドレスが割り当てられる", "Newcomers get an address")
        }
        Doubt::SessionsOpen => {
            language.choose("プローブが新しいセッションを開ける", "The probe can open new sessions")
        }
        Doubt::OthersOfCohort => language.choose(
            "同じ場所のほかの端末でも同じ失敗が起きる",
            "Other devices of the same place fail in the same way",
        ),
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
        would_change: doubt_text(language, evidence.would_change),
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
