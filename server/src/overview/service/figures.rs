//! Figures of owners and schools, which background work counts and pages read: a page of many schools reads one row for
//! each, however many devices they have.

use std::collections::HashMap;

use gigafleet_proto::v1;
use uuid::Uuid;

use super::{
    super::store::figures::{self, OwnerFiguresRow, SchoolFiguresRow},
    Overview, areas, school_view,
};
use crate::{
    access::rules::{Area, Right, Schools, Staff},
    clock::{Timestamp, micros},
    error::Result,
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::school_not_found,
        store::{self as schools},
    },
};

/// How old a note of an unchanged count may become before it is written again.
const NOTE_AGE: std::time::Duration = std::time::Duration::from_secs(30);

/// What the devices of one owner do, as far as the reader may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerFigures {
    /// The owner.
    pub municipality: MunicipalityId,
    /// Open schools.
    pub school_count: u64,
    /// Devices that are enrolled and not revoked.
    pub device_count: u64,
    /// Of these, how many report.
    pub reporting_count: u64,
    /// Of these, how many have less than a tenth of their storage free.
    pub storage_low_count: u64,
    /// The newest check-in of any of them.
    pub last_checkin_at: Option<Timestamp>,
    /// When they were counted; none before the first time.
    pub counted_at: Option<Timestamp>,
}

impl Overview {
    /// A page of schools in scope, after a key, with what their devices do.
    pub async fn schools(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        after: (Uuid, Uuid),
        limit: i64,
    ) -> Result<Vec<v1::School>> {
        let areas = areas(staff, Right::ViewFigures, municipality, after.0)?;
        let mut tx = self.db.read().await?;
        let mut rows = Vec::new();
        for area in areas {
            let first = if area.municipality().0 == after.0 { after.1 } else { Uuid::nil() };
            let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            rows.extend(schools::list_schools(&mut tx, &area, first, left).await?);
        }
        let mut views = Vec::with_capacity(rows.len());
        for owned in rows.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
            let range = (owned[0].school_id, owned[owned.len() - 1].school_id);
            let owner = MunicipalityId(owned[0].municipality_id);
            let kept: HashMap<_, _> = figures::kept_figures(&mut tx, owner, range)
                .await?
                .into_iter()
                .map(|row| (row.school_id, row))
                .collect();
            let counted = figures::counted_at(&mut tx, &[owner]).await?.first().map(|(_, at)| Timestamp(*at));
            views.extend(owned.iter().map(|school| school_view(school, kept.get(&school.school_id), counted)));
        }
        Ok(views)
    }

    /// One school in scope, with what its devices do at this moment. Reason: SCHOOL_NOT_FOUND.
    pub async fn school(&self, staff: &Staff, municipality: MunicipalityId, school: SchoolId) -> Result<v1::School> {
        let not_found = || school_not_found(school);
        let area = staff.scope(Right::ViewFigures)?.area(municipality).ok_or_else(not_found)?;
        let mut tx = self.db.read().await?;
        let row = schools::find_school(&mut tx, &area, school).await?.ok_or_else(not_found)?;
        let now = self.clock.now();
        let counted =
            figures::count_figures(&mut tx, municipality, (school.0, school.0), self.reporting_since(now)).await?;
        Ok(school_view(&row, counted.first(), Some(now)))
    }

    /// What the devices of each owner in scope do, or of one of them; in the order of the owners' ids.
    pub async fn figures(&self, staff: &Staff, municipality: Option<MunicipalityId>) -> Result<Vec<OwnerFigures>> {
        let areas = staff.areas(Right::ViewFigures, municipality)?;
        let mut tx = self.db.read().await?;
        let all: Vec<_> = areas.iter().map(Area::municipality).collect();
        let counted: HashMap<_, _> = figures::counted_at(&mut tx, &all).await?.into_iter().collect();
        let whole: Vec<_> =
            areas.iter().filter(|area| *area.schools() == Schools::All).map(Area::municipality).collect();
        let mut sums: HashMap<Uuid, OwnerFiguresRow> = by_owner(figures::owner_figures(&mut tx, &whole).await?);
        let mut schools: HashMap<Uuid, i64> =
            figures::count_owner_schools(&mut tx, &whole).await?.into_iter().collect();
        for area in areas.iter().filter(|area| *area.schools() != Schools::All) {
            let owner = area.municipality().0;
            sums.extend(figures::area_figures(&mut tx, area).await?.map(|row| (owner, row)));
            schools.insert(owner, figures::count_area_schools(&mut tx, area).await?);
        }
        let of = |owner: MunicipalityId| {
            let (sum, counted) = (sums.get(&owner.0), counted.get(&owner.0));
            let count = |part: fn(&OwnerFiguresRow) -> i64| sum.map_or(0, |sum| part(sum).unsigned_abs());
            OwnerFigures {
                municipality: owner,
                school_count: schools.get(&owner.0).map_or(0, |count| count.unsigned_abs()),
                device_count: count(|sum| sum.device_count),
                reporting_count: count(|sum| sum.reporting_count),
                storage_low_count: count(|sum| sum.storage_low_count),
                last_checkin_at: sum.and_then(|sum| sum.last_at).map(Timestamp),
                counted_at: counted.copied().map(Timestamp),
            }
        };
        Ok(all.into_iter().map(of).collect())
    }

    /// Every owner and when its schools were counted, if ever; the longest ago first.
    pub async fn owners_to_count(&self) -> Result<Vec<(MunicipalityId, Option<Timestamp>)>> {
        let mut tx = self.db.read().await?;
        let owners = figures::owners_to_count(&mut tx).await?;
        Ok(owners
            .into_iter()
            .map(|(owner, at)| (MunicipalityId(owner), Some(Timestamp(at)).filter(|at| at.0 > 0)))
            .collect())
    }

    /// Counts the schools of an owner and keeps what changed. Gives how many schools that were.
    pub async fn count_figures(&self, owner: MunicipalityId, counted: Option<Timestamp>) -> Result<usize> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        if !figures::has_devices(&mut tx, owner).await? {
            return Ok(0);
        }
        let every = (Uuid::nil(), Uuid::max());
        let kept = figures::kept_figures(&mut tx, owner, every).await?;
        tx.plan_by_parameters().await?;
        let fresh = figures::count_figures(&mut tx, owner, every, self.reporting_since(now)).await?;
        drop(tx);
        let (changed, gone) = changes(&kept, &fresh);
        let noted = counted.is_some_and(|at| now.0 - at.0 < micros(NOTE_AGE));
        if changed.is_empty() && gone.is_empty() && noted {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        if !changed.is_empty() {
            figures::keep_figures(&mut tx, owner, &changed).await?;
        }
        if !gone.is_empty() {
            figures::forget_figures(&mut tx, owner, &gone).await?;
        }
        figures::note_counted(&mut tx, owner, now).await?;
        tx.commit().await?;
        Ok(changed.len() + gone.len())
    }
}

fn by_owner(rows: Vec<OwnerFiguresRow>) -> HashMap<Uuid, OwnerFiguresRow> {
    rows.into_iter().map(|row| (row.municipality_id, row)).collect()
}

/// The figures that are new or other than those that are kept, and the schools of those that are gone.
fn changes<'f>(kept: &[SchoolFiguresRow], fresh: &'f [SchoolFiguresRow]) -> (Vec<&'f SchoolFiguresRow>, Vec<Uuid>) {
    let changed = fresh.iter().filter(|row| !kept.contains(row)).collect();
    let gone = kept.iter().map(|row| row.school_id).filter(|school| !fresh.iter().any(|row| row.school_id == *school));
    (changed, gone.collect())
}
