//! The wall: who hurts now, since when, and all schools at a glance. And incidents of the past.

use askama::Template;
use axum::extract::{RawQuery, State};
use http::StatusCode;
use uuid::Uuid;

use super::{IncidentLine, NetworkPages};
use crate::{
    access::{
        pages::SignedIn,
        rules::{MunicipalityId, Right, Staff},
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Shell, live, page},
    error::Result,
    network::service::incidents::{Before, IncidentView, NEWEST},
};

/// Schools on the wall; the rest is behind the choice of a municipality.
const SCHOOLS: i64 = 2_500;
/// Incidents on one page of the past.
const PAST: i64 = 100;

#[derive(Template)]
#[template(path = "networks/wall.html")]
struct WallPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    live: String,
    judged_until: Option<Timestamp>,
    incidents: Vec<IncidentLine>,
    hurt: u64,
    heard: u64,
    silent: u64,
    devices: u64,
    minutes: u64,
    tiles: Vec<Tile>,
    others: bool,
}

/// A school on the wall.
struct Tile {
    path: String,
    name: String,
    tone: &'static str,
    text: String,
}

fn asked(raw: Option<String>) -> (Fields, Option<MunicipalityId>) {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let owner = Uuid::try_parse(fields.get("municipality")).ok().map(MunicipalityId);
    (fields, owner)
}

/// Owners that can be chosen, with all first; empty where there is only one.
async fn owners(pages: &NetworkPages, staff: &Staff, shell: &Shell) -> Result<Vec<(String, String)>> {
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    if names.owners().len() < 2 {
        return Ok(Vec::new());
    }
    let all = std::iter::once((String::new(), shell.w.shell.all.to_owned()));
    Ok(all.chain(names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone()))).collect())
}

pub(super) async fn wall(person: SignedIn, State(pages): State<NetworkPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let (fields, owner) = asked(raw);
    let wall = pages.network.wall(staff, owner, SCHOOLS).await?;
    let owners = owners(&pages, staff, &shell).await?;
    let hurting = |view: &&IncidentView| view.hurts();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let is_hurt = |numbers: &[usize]| numbers.iter().any(|number| wall.incidents[*number].hurts());
    let tiles: Vec<_> = wall
        .schools
        .iter()
        .map(|health| {
            let first =
                health.incidents.first().map(|number| super::state(&shell, &wall.incidents[*number].incident).1);
            let (tone, text) = match (is_hurt(&health.incidents), first, health.heard) {
                (true, ..) => ("bad", shell.w.network.incidents.to_owned()),
                (false, Some(state), _) => ("warning", state.to_owned()),
                (false, None, 0) => ("quiet", String::from("–")),
                (false, None, heard) => ("good", shell.number(heard)),
            };
            let path = format!("/schools/{}/network", health.school.school_id);
            Tile { path, name: health.school.name.clone(), tone, text }
        })
        .collect();
    let tone = |tone: &str| count(tiles.iter().filter(|tile| tile.tone == tone).count());
    let live = match owner {
        Some(owner) => format!("/network/live?municipality={owner}"),
        None => String::from("/network/live"),
    };
    let template = WallPage {
        form: FormState::filled(fields),
        owners,
        live,
        judged_until: wall.judged_until,
        hurt: tone("bad"),
        heard: count(wall.schools.iter().filter(|health| health.heard > 0).count()),
        silent: tone("quiet"),
        devices: wall.incidents.iter().filter(hurting).map(|view| u64::from(view.incident.devices)).sum(),
        minutes: wall.incidents.iter().filter(hurting).map(|view| super::minutes(&view.incident)).sum(),
        others: wall.incidents.iter().any(|view| view.other_owners > 0),
        incidents: wall.incidents.iter().map(|view| IncidentLine::of(&shell, view)).collect(),
        tiles,
        shell,
    };
    page(StatusCode::OK, &template)
}

/// Tells a browser when an incident changed.
pub(super) async fn live(person: SignedIn, State(pages): State<NetworkPages>, RawQuery(raw): RawQuery) -> PageResult {
    let staff = person.staff.clone();
    let (_, owner) = asked(raw);
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move {
            let views = pages.network.open_incidents(&staff, owner, None).await?;
            Ok(views
                .iter()
                .map(|view| (view.incident.id, crate::network::rules::word(view.incident.state), view.incident.devices))
                .collect::<Vec<_>>())
        }
    })
    .await?)
}

#[derive(Template)]
#[template(path = "networks/incidents.html")]
struct PastPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    incidents: Vec<IncidentLine>,
    others: bool,
    first: Option<String>,
    next: Option<String>,
}

/// A position in an address: a time and an id.
fn read_before(text: &str) -> Before {
    let parts = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, Uuid::try_parse(id).ok()?)));
    parts.unwrap_or(NEWEST)
}

pub(super) async fn past(person: SignedIn, State(pages): State<NetworkPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let (fields, owner) = asked(raw);
    let before = read_before(fields.get("before"));
    let (views, next) = pages.network.incidents(staff, owner, None, before, PAST).await?;
    let path = |rest: String| match owner {
        Some(owner) => format!("/network/incidents?municipality={owner}{rest}"),
        None => format!("/network/incidents?{}", rest.trim_start_matches('&')),
    };
    let template = PastPage {
        owners: owners(&pages, staff, &shell).await?,
        incidents: views.iter().map(|view| IncidentLine::of(&shell, view)).collect(),
        others: views.iter().any(|view| view.other_owners > 0),
        first: (before != NEWEST).then(|| path(String::new())),
        next: next.map(|(at, id)| path(format!("&before={at}.{id}"))),
        form: FormState::filled(fields),
        shell,
    };
    page(StatusCode::OK, &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_that_is_none_begins_with_the_newest() {
        let id = Uuid::from_u128(7);
        assert_eq!(read_before(&format!("12.{id}")), (12, id));
        for text in ["", "x", "12.x", "x.00000000-0000-0000-0000-000000000007"] {
            assert_eq!(read_before(text), NEWEST);
        }
    }
}
