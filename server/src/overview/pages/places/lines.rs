//! How schools reach the internet, in words and as a row of stops.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    access::rules::Staff,
    console::{Shell, words::schools as words},
    error::Result,
    overview::pages::OverviewPages,
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::lines::{HubView, LineRow},
    },
};

/// Hubs and lines that are read.
const MOST: i64 = 1_000;

/// A line of a school.
pub(super) struct LineView {
    pub number: i16,
    pub topology: &'static str,
    pub contract: String,
    pub speed: String,
    pub version: i64,
    /// School, hub, provider, internet.
    pub stops: Vec<Stop>,
}

/// A stop on the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// What it is, for the style sheet: school, hub, provider, internet.
    pub kind: &'static str,
    /// What it is, in words.
    pub what: String,
    /// What it is called.
    pub name: String,
    /// What else is to be said.
    pub note: String,
}

/// A hub that lines of an owner go through.
pub(super) struct HubLine {
    pub name: String,
    pub kind: &'static str,
    pub isp: String,
    pub schools: String,
    pub shared: String,
}

/// The hubs that the person may see, by id.
pub(super) async fn hubs(pages: &OverviewPages, staff: &Staff) -> Result<HashMap<Uuid, HubView>> {
    let views = pages.schools.list_hubs(staff, Uuid::nil(), MOST).await?;
    Ok(views.into_iter().map(|view| (view.hub.hub_id, view)).collect())
}

/// The lines of a school.
pub(super) async fn of_school(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    owner: MunicipalityId,
    school: (SchoolId, &str),
) -> Result<(Vec<LineRow>, Vec<LineView>)> {
    let rows = pages.schools.list_lines(staff, owner, Some(school.0), (Uuid::nil(), 0), MOST).await?;
    let hubs = if rows.iter().any(|row| row.hub_id.is_some()) { hubs(pages, staff).await? } else { HashMap::new() };
    let views = rows.iter().map(|row| view(shell, row, school.1, row.hub_id.and_then(|id| hubs.get(&id)))).collect();
    Ok((rows, views))
}

fn view(shell: &Shell, row: &LineRow, school: &str, hub: Option<&HubView>) -> LineView {
    let (language, w) = (shell.language, &shell.w.schools);
    let stop =
        |kind, what: &str, name: &str, note: String| Stop { kind, what: what.to_owned(), name: name.to_owned(), note };
    let topology = words::topology_text(language, row.topology.into());
    let speed = row.contract_mbps.map(words::speed_text).unwrap_or_default();
    let mut stops = vec![stop("school", w.school, school, String::new())];
    if let Some(hub) = hub {
        let shared = words::shared_text(language, hub.others);
        stops.push(stop("hub", words::hub_text(language, hub.hub.kind.into()), &hub.hub.name, shared));
    }
    let provider = match (row.isp.as_str(), hub) {
        ("", Some(hub)) => hub.hub.isp.as_str(),
        (isp, _) => isp,
    };
    let provider_name = if provider.is_empty() { shell.w.shell.unknown } else { provider };
    stops.push(stop("provider", w.isp, provider_name, speed.clone()));
    stops.push(stop("internet", w.internet, "", String::new()));
    LineView { number: row.line_number, topology, contract: row.contract.clone(), speed, version: row.version, stops }
}

/// How many lines of an owner go which way, and the hubs they go through.
pub(super) async fn of_owner(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    owner: MunicipalityId,
) -> Result<(Vec<(&'static str, String)>, Vec<HubLine>)> {
    let rows = pages.schools.list_lines(staff, owner, None, (Uuid::nil(), 0), MOST).await?;
    let language = shell.language;
    let topologies = (1..=4).filter_map(|number| {
        let count = rows.iter().filter(|row| i64::from(row.topology) == number).count();
        let text = words::schools_text(language, i64::try_from(count).unwrap_or(i64::MAX));
        (count > 0).then_some((words::topology_text(language, number), text))
    });
    let topologies = topologies.collect();
    if rows.iter().all(|row| row.hub_id.is_none()) {
        return Ok((topologies, Vec::new()));
    }
    let mut lines: Vec<_> =
        hubs(pages, staff).await?.into_values().filter_map(|view| hub_line(shell, &rows, view)).collect();
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((topologies, lines))
}

fn hub_line(shell: &Shell, rows: &[LineRow], view: HubView) -> Option<HubLine> {
    let through = rows.iter().filter(|row| row.hub_id == Some(view.hub.hub_id)).count();
    (through > 0).then(|| HubLine {
        kind: words::hub_text(shell.language, view.hub.kind.into()),
        schools: words::schools_text(shell.language, i64::try_from(through).unwrap_or(i64::MAX)),
        shared: words::shared_text(shell.language, view.others),
        name: view.hub.name,
        isp: view.hub.isp,
    })
}
