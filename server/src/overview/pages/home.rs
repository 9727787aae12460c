//! Home: what a person needs first. Who sees several municipalities gets a line for each, those with trouble first; who sees
//! one gets its schools and whether there is school today; who sees single schools gets these.
//!
//! Everything here was counted before (figures, counts), so home takes the same time for a school and for a prefecture.

use askama::Template;
use axum::extract::State;
use gigafleet_proto::v1;
use http::StatusCode;
use uuid::Uuid;

use super::OverviewPages;
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{
        PageResult, Shell,
        charts::{Figure, Tone, bars, shares},
        live, page,
        words::{devices as device_words, overview as words},
    },
    devices::rules::fields::Lifecycle,
    error::Result,
    overview::service::{Group, OwnerFigures},
    schools::{
        rules::{
            MunicipalityId,
            calendar::{SchoolDay, Why},
        },
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
    all: Line,
    lines: Vec<Line>,
    by_owner: bool,
    /// How many lines there would be.
    whole: usize,
    reviews: Option<Reviews>,
    reporting_chart: String,
    lifecycle_chart: String,
    /// Links to the devices of each lifecycle, where the person may see them.
    lifecycles: Vec<LifecycleLink>,
}

impl HomePage {
    fn without_places(shell: Shell) -> Self {
        Self {
            shell,
            has_places: false,
            may_search: false,
            today: None,
            all: Line::default(),
            lines: Vec::new(),
            by_owner: false,
            whole: 0,
            reviews: None,
            reporting_chart: String::new(),
            lifecycle_chart: String::new(),
            lifecycles: Vec::new(),
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

struct LifecycleLink {
    name: &'static str,
    text: String,
    count: u64,
}

/// A municipality or a school with what its devices do.
#[derive(Debug, Clone, Default)]
struct Line {
    name: String,
    path: String,
    schools: u64,
    devices: u64,
    reporting: u64,
    storage_low: u64,
    last: Option<Timestamp>,
    counted: Option<Timestamp>,
}

impl Line {
    fn of_owner(name: String, figures: &OwnerFigures) -> Self {
        Self {
            name,
            path: format!("/municipalities/{}", figures.municipality),
            schools: figures.school_count,
            devices: figures.device_count,
            reporting: figures.reporting_count,
            storage_low: figures.storage_low_count,
            last: figures.last_checkin_at,
            counted: figures.counted_at,
        }
    }

    fn of_school(school: v1::School) -> Self {
        let moment = |time: prost_types::Timestamp| Timestamp(time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000);
        Self {
            name: school.name,
            path: format!("/schools/{}", school.school_id),
            schools: 1,
            devices: u64::from(school.device_count),
            reporting: u64::from(school.reporting_count),
            storage_low: u64::from(school.storage_low_count),
            last: school.last_checkin_time.map(moment),
            counted: school.count_time.map(moment),
        }
    }

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

    fn add(&mut self, other: &Self) {
        self.schools += other.schools;
        self.devices += other.devices;
        self.reporting += other.reporting;
        self.storage_low += other.storage_low;
        self.last = self.last.max(other.last);
        // The sum is as old as its oldest part.
        self.counted = match (self.counted, other.counted) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Home.
pub(super) async fn home(person: SignedIn, State(pages): State<OverviewPages>) -> PageResult {
    let shell = person.shell;
    // Somebody without any grant has a page too, which says so.
    if person.staff.reaches().is_empty() {
        return page(StatusCode::OK, &HomePage::without_places(shell));
    }
    let staff = &person.staff;
    let figures = pages.overview.figures(staff, None).await?;
    let (all, lines) = lines(&pages, staff, &figures).await?;
    let whole = lines.len();
    let by_owner = figures.len() > 1;
    let today = match figures.as_slice() {
        [only] => Some(today(&pages, staff, &shell, only.municipality).await?),
        _ => None,
    };
    let lifecycles = lifecycles(&pages, staff, &shell).await?;
    let w = &shell.w.overview;
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let reporting = [
        Figure::new(w.reporting, number(all.reporting), Tone::Good),
        Figure::new(w.silent, number(all.silent()), Tone::Bad),
    ];
    let stages: Vec<_> =
        lifecycles.iter().map(|stage| Figure::new(stage.text.as_str(), number(stage.count), Tone::Plain)).collect();
    let home = HomePage {
        has_places: true,
        may_search: staff.has(Right::ViewDevices),
        today,
        lines: lines.into_iter().take(LINES).collect(),
        by_owner,
        whole,
        reviews: reviews(&pages, staff).await?,
        reporting_chart: match all.devices {
            0 => String::new(),
            _ => shares(shell.language, w.chart, &reporting),
        },
        lifecycle_chart: match stages.as_slice() {
            [] => String::new(),
            stages => bars(shell.language, w.lifecycle_chart, stages),
        },
        lifecycles: if staff.has(Right::ViewDevices) { lifecycles } else { Vec::new() },
        all,
        shell,
    };
    page(StatusCode::OK, &home)
}

/// The sum, and a line for each owner, or for each school of the only one; those with trouble first.
async fn lines(pages: &OverviewPages, staff: &Staff, figures: &[OwnerFigures]) -> Result<(Line, Vec<Line>)> {
    let mut all = Line::default();
    for owner in figures {
        all.add(&Line::of_owner(String::new(), owner));
    }
    let mut lines = match figures {
        [only] => {
            let most = i64::try_from(LINES).unwrap_or(i64::MAX) + 1;
            let start = (Uuid::nil(), Uuid::nil());
            let schools = pages.overview.schools(staff, Some(only.municipality), start, most).await?;
            schools.into_iter().filter(|school| school.close_time.is_none()).map(Line::of_school).collect()
        }
        owners => {
            let names = pages.schools.list_municipalities(staff, None, "", OWNERS).await?;
            let name = |owner: &OwnerFigures| {
                names.iter().find(|row| row.municipality_id == owner.municipality.0).map(|row| row.name.clone())
            };
            owners.iter().filter_map(|owner| Some(Line::of_owner(name(owner)?, owner))).collect::<Vec<_>>()
        }
    };
    // Those with schools but nothing to look after come last.
    lines.sort_by(|a, b| {
        let key = |line: &Line| (line.silent(), line.storage_low, line.devices);
        key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
    });
    Ok((all, lines))
}

/// Whether there is school today at the only owner.
async fn today(pages: &OverviewPages, staff: &Staff, shell: &Shell, municipality: MunicipalityId) -> Result<Today> {
    let date = pages.schools.today();
    let of = CalendarOf { municipality, school: None };
    let days = pages.schools.school_days(staff, of, date, date).await?;
    let (_, day) = days.into_iter().next().expect("one day was asked for");
    let tone = if day.is_school_day { "good" } else { "quiet" };
    let text = format!("{} {}", words::weekday_date(shell.language, date), school_day_text(shell, &day));
    Ok(Today { tone, text })
}

/// Whether there is school on a day, and why where that is worth a word.
fn school_day_text(shell: &Shell, day: &SchoolDay) -> String {
    let why = match day.why {
        Why::Ordinary => "",
        Why::Extra | Why::Vacation | Why::DayOff | Why::NationalHoliday => day.name.as_str(),
        Why::Weekend => shell.w.overview.weekend,
        Why::OutsideTerm => shell.w.overview.outside_term,
    };
    words::school_day(shell.language, day.is_school_day, why)
}

/// How many devices stand where in their life; empty where nobody said so of any.
async fn lifecycles(pages: &OverviewPages, staff: &Staff, shell: &Shell) -> Result<Vec<LifecycleLink>> {
    let counts = pages.overview.count_devices(staff, None, None, &[Group::Lifecycle]).await?;
    let link = |lifecycle: Lifecycle| {
        let count = counts.iter().find(|count| i64::from(count.lifecycle) == lifecycle.to_number())?.device_count;
        let text = device_words::value_text(shell.language, lifecycle.name());
        Some(LifecycleLink { name: lifecycle.name(), text, count })
    };
    Ok(Lifecycle::ALL.iter().copied().filter_map(link).collect())
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
        async move { pages.overview.figures(&staff, None).await }
    })
    .await?)
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

    #[test]
    fn sum_is_as_old_as_its_oldest_part() {
        let line = |devices, counted: Option<i64>| Line { devices, counted: counted.map(Timestamp), ..Line::default() };
        let mut sum = line(0, None);
        for part in [line(5, Some(9)), line(0, None), line(2, Some(7))] {
            sum.add(&part);
        }
        assert_eq!((sum.devices, sum.counted), (7, Some(Timestamp(7))));
    }
}
