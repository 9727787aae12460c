//! Home: what a person needs first. Who sees several municipalities gets a line for each, those with trouble first; who sees
//! one gets its schools and whether there is school today; who sees single schools gets these.
//!
//! Everything here was counted before (figures, counts), so home takes the same time for a school and for a prefecture.

use std::{cmp::Reverse, collections::BTreeSet};

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use uuid::Uuid;

use super::{
    OverviewPages,
    health::Health,
    places::{Breakdown, calendar, day_of, municipalities, owner_health, schools},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{PageResult, Shell, live, page, words::overview as words},
    error::Result,
    schools::{
        rules::{MunicipalityId, calendar::Why, search::SchoolSearch},
        service::calendar::CalendarOf,
    },
};

/// Lines of a table; the rest is a click away.
const LINES: usize = 300;
/// Municipalities whose names are read.
const OWNERS: i64 = 2_000;
/// Open reviews that are counted; more of them are "more than".
const REVIEWS: i64 = 100;

#[derive(Template)]
#[template(path = "overview/home.html")]
struct HomePage {
    shell: Shell,
    has_places: bool,
    may_search: bool,
    /// Whether there is school today, where that is one answer.
    today: Option<Today>,
    all: Health,
    lines: Vec<Line>,
    by_owner: bool,
    /// How many lines there would be.
    whole: usize,
    reviews: Option<Reviews>,
    /// Schools that an open incident concerns.
    hurt: usize,
    chart: String,
    breakdown: String,
    /// The list of all devices; empty where single ones are not for the person.
    list: &'static str,
}

impl HomePage {
    fn without_places(shell: Shell) -> Self {
        Self {
            shell,
            has_places: false,
            may_search: false,
            today: None,
            all: Health::default(),
            lines: Vec::new(),
            by_owner: false,
            whole: 0,
            reviews: None,
            hurt: 0,
            chart: String::new(),
            breakdown: String::new(),
            list: "",
        }
    }
}

struct Today {
    tone: &'static str,
    text: String,
}

struct Reviews {
    count: usize,
    more: bool,
}

/// A municipality or a school with what its devices do.
struct Line {
    name: String,
    path: String,
    health: Health,
    state: (&'static str, &'static str),
    rank: u8,
}

/// Home.
pub(super) async fn home(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    let shell = person.shell;
    // Somebody without any grant has a page too, which says so.
    if person.staff.reaches().is_empty() {
        return page(StatusCode::OK, &HomePage::without_places(shell));
    }
    let staff = &person.staff;
    let owners = owner_health(&pages, staff, None).await?;
    let only = match owners.keys().collect::<Vec<_>>().as_slice() {
        [only] => Uuid::try_parse(only).ok().map(MunicipalityId),
        _ => None,
    };
    let (today, lines) = match only {
        Some(owner) => (today(&pages, staff, &shell, owner).await?, school_lines(&pages, staff, &shell, owner).await?),
        None => (None, owner_lines(&pages, staff, &shell).await?),
    };
    let mut all = Health::default();
    owners.values().for_each(|owner| all.add(owner));
    let may_search = staff.has(Right::ViewDevices);
    let home = HomePage {
        has_places: true,
        may_search,
        today,
        whole: lines.len(),
        lines: trouble_first(lines),
        by_owner: only.is_none(),
        reviews: reviews(&pages, staff).await?,
        hurt: schools_hurt(&pages, staff).await?,
        chart: all.chart(&shell).unwrap_or_default(),
        breakdown: Breakdown::everywhere(&pages, staff).await?.html(&shell),
        list: if may_search { "/devices?" } else { "" },
        all,
        shell,
    };
    page(StatusCode::OK, &home)
}

/// Whether there is school today at an owner.
async fn today(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    municipality: MunicipalityId,
) -> Result<Option<Today>> {
    let Some(day) = day_of(pages, staff, CalendarOf { municipality, school: None }).await? else { return Ok(None) };
    let date = calendar::day_text(shell.language, pages.schools.today());
    let why = match day.why {
        Why::Ordinary => String::new(),
        Why::Extra | Why::Vacation | Why::DayOff | Why::NationalHoliday | Why::Weekend | Why::OutsideTerm => {
            calendar::reason(shell.language, &day)
        }
    };
    let text = words::school_day(shell.language, day.is_school_day, &why);
    let tone = if day.is_school_day { "good" } else { "quiet" };
    Ok(Some(Today { tone, text: format!("{date} {text}") }))
}

async fn school_lines(pages: &OverviewPages, staff: &Staff, shell: &Shell, owner: MunicipalityId) -> Result<Vec<Line>> {
    let search = SchoolSearch { municipality: Some(owner), ..SchoolSearch::default() };
    let most = i64::try_from(LINES).unwrap_or(i64::MAX) + 1;
    let rows = pages.schools.search_schools(staff, &search, None, most).await?;
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let lines = schools::lines(pages, staff, shell, &rows, &names).await?;
    let line = |line: schools::SchoolLine| Line {
        rank: line.rank(),
        name: line.name,
        path: line.path,
        state: line.state,
        health: line.health,
    };
    Ok(lines.into_iter().map(line).collect())
}

async fn owner_lines(pages: &OverviewPages, staff: &Staff, shell: &Shell) -> Result<Vec<Line>> {
    let rows = pages.schools.list_municipalities(staff, None, "", OWNERS).await?;
    let lines = municipalities::lines(pages, staff, shell, rows).await?;
    let line = |line: municipalities::OwnerLine| Line {
        name: line.name,
        path: line.path,
        health: line.health,
        state: line.state,
        rank: line.rank,
    };
    Ok(lines.into_iter().map(line).collect())
}

/// Those with trouble first, then those with most devices; as many as a table holds.
fn trouble_first(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| (line.rank, Reverse(line.health.silent()), Reverse(line.health.registered)));
    lines.truncate(LINES);
    lines
}

async fn schools_hurt(pages: &OverviewPages, staff: &Staff) -> Result<usize> {
    let incidents = pages.network.open_incidents(staff, None, None).await?;
    let hurting = incidents.iter().filter(|view| view.hurts());
    Ok(hurting.flat_map(|view| view.schools.values().flatten()).collect::<BTreeSet<_>>().len())
}

async fn reviews(pages: &OverviewPages, staff: &Staff) -> Result<Option<Reviews>> {
    if !staff.has(Right::ReviewIdentity) {
        return Ok(None);
    }
    let rows = pages.identities.list_reviews(staff, None, (Uuid::nil(), Uuid::nil(), 0), REVIEWS + 1).await?;
    let most = usize::try_from(REVIEWS).unwrap_or(usize::MAX);
    Ok(Some(Reviews { count: rows.len().min(most), more: rows.len() > most }))
}

/// Tells a browser when home has changed.
pub(super) async fn live(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    let staff = person.staff.clone();
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move {
            // Somebody without any grant waits for one.
            if staff.reaches().is_empty() { Ok(Vec::new()) } else { pages.overview.figures(&staff, None).await }
        }
    })
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_comes_first_and_then_what_has_most_devices() {
        let line = |name: &str, rank, registered, tracked, reporting| Line {
            name: name.to_owned(),
            path: String::new(),
            health: Health { registered, tracked, reporting, ..Health::default() },
            state: ("", ""),
            rank,
        };
        let lines = vec![
            line("empty", 4, 0, 0, 0),
            line("large", 2, 90, 90, 90),
            line("silent", 0, 5, 5, 0),
            line("small", 2, 9, 9, 9),
            line("worse", 0, 9, 9, 0),
        ];
        let order: Vec<_> = trouble_first(lines).into_iter().map(|line| line.name).collect();
        assert_eq!(order, ["worse", "silent", "large", "small", "empty"]);
    }
}
