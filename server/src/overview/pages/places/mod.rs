//! Owners and schools: lists with their health, and a page of each.

pub(super) mod calendar;
pub(super) mod lines;
pub(super) mod municipalities;
pub(super) mod municipality;
pub(super) mod municipality_edit;
pub(super) mod school;
pub(super) mod school_edit;
pub(super) mod schools;

use std::collections::HashMap;

use uuid::Uuid;

use super::{OverviewPages, health::Health};
use crate::{
    access::rules::{Right, Staff},
    console::{
        Shell,
        charts::{Figure, Tone, tally},
        words::devices as words,
    },
    devices::rules::fields::{Lifecycle, OsKind, Purpose},
    error::Result,
    overview::service::{Count, Group},
    schools::{
        rules::{MunicipalityId, SchoolId, calendar::SchoolDay},
        service::calendar::CalendarOf,
    },
};

/// The figures of all owners in scope, or of one.
pub(super) async fn owner_health(
    pages: &OverviewPages,
    staff: &Staff,
    only: Option<MunicipalityId>,
) -> Result<HashMap<String, Health>> {
    let figures = pages.overview.figures(staff, only).await?;
    let mut all: HashMap<_, _> =
        figures.iter().map(|owner| (owner.municipality.to_string(), Health::of_owner(owner))).collect();
    for count in pages.overview.count_devices(staff, only, None, &[Group::Municipality]).await? {
        let owner = count.municipality.map(|owner| owner.to_string()).unwrap_or_default();
        all.entry(owner).or_default().registered += count.device_count;
    }
    Ok(all)
}

/// Devices in the registry by school of an owner.
async fn registered(pages: &OverviewPages, staff: &Staff, owner: MunicipalityId) -> Result<HashMap<Uuid, u64>> {
    let counts = pages.overview.count_devices(staff, Some(owner), None, &[Group::School]).await?;
    Ok(counts.into_iter().filter_map(|count| Some((count.school?, count.device_count))).collect())
}

/// Whether there is school today at an owner or a school.
pub(super) async fn day_of(pages: &OverviewPages, staff: &Staff, of: CalendarOf) -> Result<Option<SchoolDay>> {
    let today = pages.schools.today();
    let mut days = pages.schools.school_days(staff, of, today, today).await?;
    Ok(days.pop().map(|(_, day)| day))
}

/// Whether devices of each of these owners are expected to report now.
async fn expectations(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    owners: &[MunicipalityId],
) -> Result<HashMap<String, bool>> {
    // Out of the hours no calendar makes a difference.
    if !super::health::expected(true, shell.now) {
        return Ok(HashMap::new());
    }
    let days = pages.schools.owner_days(staff, owners, pages.schools.today()).await?;
    Ok(days.into_iter().map(|(owner, day)| (owner.to_string(), day.is_school_day)).collect())
}

/// The devices of a place by state, use and system, each with the way to their list where the person may see it.
pub(super) struct Breakdown {
    counts: Vec<Count>,
    /// The list of all of them; none where single devices are not for the person.
    list: Option<String>,
}

impl Breakdown {
    async fn of(pages: &OverviewPages, staff: &Staff, owner: MunicipalityId, school: Option<SchoolId>) -> Result<Self> {
        let groups = [Group::Lifecycle, Group::Purpose, Group::OsKind];
        let counts = pages.overview.count_devices(staff, Some(owner), school, &groups).await?;
        Ok(Self { counts, list: list_path(staff, owner, school) })
    }

    /// Of all that the person may see.
    pub(super) async fn everywhere(pages: &OverviewPages, staff: &Staff) -> Result<Self> {
        let groups = [Group::Lifecycle, Group::Purpose, Group::OsKind];
        let counts = pages.overview.count_devices(staff, None, None, &groups).await?;
        Ok(Self { counts, list: staff.has(Right::ViewDevices).then(|| String::from("/devices?")) })
    }

    fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.device_count).sum()
    }

    fn figures(
        &self,
        shell: &Shell,
        key: &str,
        names: impl Iterator<Item = (i64, &'static str)>,
        number: fn(&Count) -> i32,
    ) -> Vec<Figure> {
        let figure = |(value, name): (i64, &'static str)| {
            let of_it = self.counts.iter().filter(|count| i64::from(number(count)) == value);
            let count = i64::try_from(of_it.map(|count| count.device_count).sum::<u64>()).unwrap_or(i64::MAX);
            let tone = match name {
                "lost" => Tone::Bad,
                "in_repair" => Tone::Warning,
                "unknown" | "retired" | "disposed" => Tone::Quiet,
                _ => Tone::Plain,
            };
            let figure = Figure::new(words::value_text(shell.language, name), count, tone);
            let path = self
                .list
                .as_ref()
                .map(|list| format!("{list}{}{key}={name}", if list.ends_with('?') { "" } else { "&" }));
            let figure = match path {
                Some(path) => figure.leading_to(path),
                None => figure,
            };
            (count > 0).then_some(figure)
        };
        names.filter_map(figure).collect()
    }

    /// Three tables with bars.
    pub(super) fn html(&self, shell: &Shell) -> String {
        let (language, w) = (shell.language, &shell.w.schools);
        let whole = i64::try_from(self.total()).unwrap_or(i64::MAX);
        let lifecycles = Lifecycle::ALL.iter().map(|state| (state.to_number(), state.name()));
        let purposes = Purpose::ALL.iter().map(|purpose| (purpose.to_number(), purpose.name()));
        let systems = OsKind::ALL.iter().map(|kind| (kind.to_number(), kind.name()));
        [
            tally(language, w.by_lifecycle, &self.figures(shell, "lifecycle", lifecycles, |c| c.lifecycle), whole),
            tally(language, w.by_purpose, &self.figures(shell, "purpose", purposes, |c| c.purpose), whole),
            tally(language, w.by_os, &self.figures(shell, "os", systems, |c| c.os_kind), whole),
        ]
        .concat()
    }
}

/// The list of the devices of a place, if the person may see single ones there.
fn list_path(staff: &Staff, owner: MunicipalityId, school: Option<SchoolId>) -> Option<String> {
    let scope = staff.scope(Right::ViewDevices).ok()?;
    let area = scope.area(owner)?;
    match school {
        Some(school) => area.covers(Some(school)).then(|| format!("/devices?municipality={owner}&school={school}")),
        None => Some(format!("/devices?municipality={owner}")),
    }
}
