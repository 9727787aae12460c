//! Home: what a person needs first. Who sees several municipalities gets a line for each, those with trouble first; who sees
//! one gets its schools; who sees single schools gets these.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use gigafleet_proto::v1;
use http::StatusCode;
use uuid::Uuid;

use super::OverviewPages;
use crate::{
    access::{pages::SignedIn, rules::Staff},
    clock::Timestamp,
    console::{
        PageResult, Shell,
        charts::{Figure, Tone, shares},
        live, page,
    },
    error::Result,
    overview::service::Group,
};

/// Schools whose reports home adds up while somebody waits. Who sees more gets the counts of devices, which are kept ready.
const SCHOOLS: i64 = 100;
/// Lines of a table.
const LINES: usize = 300;
/// Municipalities whose names are read.
const OWNERS: i64 = 2_000;

#[derive(Template)]
#[template(path = "overview/home.html")]
struct HomePage {
    shell: Shell,
    all: Line,
    chart: String,
    lines: Vec<Line>,
    by_owner: bool,
    /// Counts only: too many schools to add up what their devices report.
    part: bool,
    has_places: bool,
}

/// A municipality or a school with what its devices do.
#[derive(Debug, Clone, Default)]
struct Line {
    name: String,
    owner: String,
    schools: u64,
    devices: u64,
    reporting: u64,
    storage_low: u64,
    last: Option<Timestamp>,
}

impl Line {
    fn silent(&self) -> u64 {
        self.devices.saturating_sub(self.reporting)
    }

    /// What of it is a matter for somebody, in one word with a shape.
    fn tone(&self) -> &'static str {
        match (self.devices, self.reporting, self.storage_low) {
            (0, ..) => "quiet",
            (_, 0, _) => "bad",
            (devices, reporting, _) if reporting * 10 < devices * 9 => "warning",
            (.., 0) => "good",
            _ => "warning",
        }
    }

    fn state(&self, shell: &Shell) -> &'static str {
        let w = &shell.w;
        match self.tone() {
            "bad" => w.shell.state_off,
            "warning" => w.shell.state_warning,
            "good" => w.shell.state_ok,
            _ => w.overview.no_devices,
        }
    }

    fn add(&mut self, school: &v1::School) {
        self.schools += 1;
        self.devices += u64::from(school.device_count);
        self.reporting += u64::from(school.reporting_count);
        self.storage_low += u64::from(school.storage_low_count);
        let last = school.last_checkin_time.map(|time| Timestamp(time.seconds * 1_000_000));
        self.last = self.last.max(last);
    }
}

/// Home.
pub(super) async fn home(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    // Somebody without any grant has a page too, which says so.
    if person.staff.reaches().is_empty() {
        let (all, shell) = (Line::default(), person.shell);
        let nothing = HomePage {
            shell,
            all,
            chart: String::new(),
            lines: Vec::new(),
            by_owner: false,
            part: false,
            has_places: false,
        };
        return page(StatusCode::OK, &nothing);
    }
    let schools = pages.overview.schools(&person.staff, None, (Uuid::nil(), Uuid::nil()), SCHOOLS).await?;
    let owners = pages.schools.list_municipalities(&person.staff, None, "", OWNERS).await?;
    let part = i64::try_from(schools.len()).unwrap_or(i64::MAX) >= SCHOOLS;
    let by_owner = part || owners.len() > 1;
    let mut all = Line::default();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    if by_owner {
        for owner in &owners {
            let line = Line { name: owner.name.clone(), owner: owner.municipality_id.to_string(), ..Line::default() };
            lines.insert(owner.municipality_id.to_string(), line);
        }
    }
    if part {
        for count in pages.overview.count_devices(&person.staff, None, None, &[Group::Municipality]).await? {
            all.devices += count.device_count;
            let owner = count.municipality.map(|owner| owner.to_string());
            if let Some(line) = owner.and_then(|owner| lines.get_mut(&owner)) {
                line.devices += count.device_count;
            }
        }
    }
    for school in schools.iter().filter(|_| !part) {
        all.add(school);
        let (key, name) = if by_owner {
            (school.municipality_id.clone(), None)
        } else {
            (school.school_id.clone(), Some(school.name.clone()))
        };
        let line = lines.entry(key).or_default();
        line.owner.clone_from(&school.municipality_id);
        if let Some(name) = name {
            line.name = name;
        }
        line.add(school);
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    // Counts come without what reports; then the largest come first. Else those with trouble first.
    lines.sort_by(|a, b| (b.silent(), b.storage_low, &a.name).cmp(&(a.silent(), a.storage_low, &b.name)));
    lines.truncate(LINES);
    let shell = person.shell;
    let w = &shell.w.overview;
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let figures = [
        Figure::new(w.reporting, number(all.reporting), Tone::Good),
        Figure::new(w.silent, number(all.silent()), Tone::Bad),
    ];
    let chart = if all.devices > 0 && !part { shares(shell.language, w.chart, &figures) } else { String::new() };
    page(StatusCode::OK, &HomePage { shell, all, chart, lines, by_owner, part, has_places: true })
}

/// Tells a browser when home has changed.
pub(super) async fn live(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    let staff = person.staff.clone();
    Ok(live::changes(&person.visit, move || {
        let (pages, staff) = (pages.clone(), staff.clone());
        async move { mark(&pages, &staff).await }
    })
    .await?)
}

/// What home says, to the minute.
async fn mark(pages: &OverviewPages, staff: &Staff) -> Result<(u64, u64, u64, i64)> {
    let mut all = Line::default();
    let schools = pages.overview.schools(staff, None, (Uuid::nil(), Uuid::nil()), SCHOOLS).await?;
    schools.iter().for_each(|school| all.add(school));
    Ok((all.devices, all.reporting, all.storage_low, all.last.map_or(0, |last| last.0 / 60_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_a_line_is_that_of_its_worst() {
        let line = |devices, reporting, storage_low| Line { devices, reporting, storage_low, ..Line::default() }.tone();
        assert_eq!([line(0, 0, 0), line(10, 0, 0), line(10, 8, 0)], ["quiet", "bad", "warning"]);
        assert_eq!([line(10, 10, 0), line(10, 9, 0), line(10, 10, 1)], ["good", "good", "warning"]);
    }
}
