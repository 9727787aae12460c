//! Whether the spares of owners, or of the schools of one, last until a day, out of the registry and of repairs.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, Duration};
use uuid::Uuid;

use super::{Renewal, whole};
use crate::{
    access::rules::{Area, Right, Staff, days::day_in_japan},
    clock::Timestamp,
    devices::rules::fields::Lifecycle,
    error::{Error, Result, says::renewal as say},
    renewal::{
        rules::{
            spares::{FailureRate, Needed, Outlook, RepairTimes, SpareModel},
            survival::{Basis, Life, LifeEnding},
        },
        store::spares::{self, CountRow, RepairRow},
    },
    schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear},
    tickets::failures::rules::Failures,
};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;
/// Days of repairs that are looked back on.
const DAYS_BACK: i64 = 3 * 365;
/// Most days ahead for which spares are reckoned.
const DAYS_AHEAD: i64 = 731;
/// How sure one wants to be that spares are enough. Ours.
pub const CONFIDENCE: f64 = 0.95;

/// Whose spares, until when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SparesOrder {
    /// The owner; without it each that the caller sees whole.
    pub owner: Option<MunicipalityId>,
    /// Whether the schools of the owner are told.
    pub by_school: bool,
    /// Until when; without it the last day of the fiscal year.
    pub until: Option<Date>,
}

/// Spares of an owner or a school now, and what is to be expected of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SparesNow {
    /// The owner.
    pub owner: MunicipalityId,
    /// The school with its name, where schools are told; none for what is of no school.
    pub school: Option<(SchoolId, String)>,
    /// Devices in use.
    pub in_use: u32,
    /// Spares that are free.
    pub free: u32,
    /// Devices in repair. A spare stands in for each.
    pub away: u32,
    /// Until when it is reckoned.
    pub until: Date,
    /// How likely they are never short until then.
    pub outlook: Outlook,
    /// Spares that are needed in the long run, those that are lent included.
    pub needed: Needed,
    /// What the rate of failures rests on: devices of the owner that went to repair in the last 365 days of those in use, or
    /// a default.
    pub rate_basis: Basis,
    /// What times of repairs rest on.
    pub repair_basis: Basis,
}

/// Spares of all that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SparesReport {
    /// Until when it is reckoned.
    pub until: Date,
    /// Spares of owners, or of schools.
    pub spares: Vec<SparesNow>,
}

impl SparesNow {
    /// Whether they are enough with [`CONFIDENCE`].
    pub fn is_enough(&self) -> bool {
        self.outlook.probability >= CONFIDENCE
    }
}

/// Devices of a place by where they are in their life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    in_use: u32,
    free: u32,
    away: u32,
}

impl Counts {
    fn add(&mut self, row: &CountRow) {
        let place = match Lifecycle::from_number(i64::from(row.lifecycle)) {
            Some(Lifecycle::InUse) => &mut self.in_use,
            Some(Lifecycle::Spare) => &mut self.free,
            Some(Lifecycle::InRepair) => &mut self.away,
            Some(Lifecycle::Unknown | Lifecycle::Lost | Lifecycle::Retired | Lifecycle::Disposed) | None => return,
        };
        *place = place.saturating_add(count(row.devices));
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

fn life(now: Timestamp, repair: &RepairRow) -> Life {
    let ending = if repair.ended_at.is_some() { LifeEnding::Failed } else { LifeEnding::Going };
    Life { days: count((repair.ended_at.unwrap_or(now.0) - repair.started_at).div_euclid(DAY_US)), ending }
}

/// How devices of an owner fail and come back.
fn model(now: Timestamp, in_use: u32, repairs: &[&RepairRow]) -> SpareModel {
    let last_year = now.0 - 365 * DAY_US;
    let began = repairs.iter().filter(|repair| repair.started_at >= last_year);
    let failed: BTreeSet<Uuid> = began.map(|repair| repair.device_id).collect();
    let failures = u64::try_from(failed.len()).unwrap_or(u64::MAX);
    let lives: Vec<_> = repairs.iter().map(|repair| life(now, repair)).collect();
    SpareModel {
        devices: in_use,
        failures: FailureRate::of(failures, Failures::of_a_year(failures, in_use).rate()),
        repairs: RepairTimes::of(&lives),
    }
}

/// What is to be expected of spares.
fn spares_now(
    (owner, school): (MunicipalityId, Option<(SchoolId, String)>),
    counts: Counts,
    model: SpareModel,
    (today, until): (Date, Date),
) -> SparesNow {
    let model = SpareModel { devices: counts.in_use, ..model };
    let Counts { in_use, free, away } = counts;
    let days = count((until - today).whole_days()).max(1);
    SparesNow {
        owner,
        school,
        in_use,
        free,
        away,
        until,
        outlook: model.enough_until(free.saturating_add(away), away, days),
        needed: model.needed(CONFIDENCE),
        rate_basis: model.failures.basis,
        repair_basis: model.repairs.basis(),
    }
}

/// The day until which spares shall last.
fn until(today: Date, asked: Option<Date>) -> Result<Date> {
    let Some(asked) = asked else { return Ok(FiscalYear::of(today).last_day()) };
    if asked <= today || asked > today.saturating_add(Duration::days(DAYS_AHEAD)) {
        return Err(Error::invalid_field("until_date", say::spares_until(DAYS_AHEAD)));
    }
    Ok(asked)
}

impl Renewal {
    /// Spares of an owner, or of each owner that the caller sees whole, or of the schools of one, as the registry has them
    /// now; schools by name, behind them what is of none. Schools fail as their owner does, since most have too few failures of
    /// their own. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID.
    pub async fn spares(&self, staff: &Staff, order: SparesOrder) -> Result<SparesReport> {
        let areas = match order.owner {
            Some(owner) => vec![whole(staff, Right::ViewRenewal, owner)?],
            None => staff.scope(Right::ViewRenewal)?.areas().filter(|area| area.covers(None)).collect(),
        };
        if order.by_school && order.owner.is_none() {
            return Err(Error::invalid_field("municipality_id", say::spares_of_schools()));
        }
        let now = self.clock.now();
        let today = day_in_japan(now.0);
        let until = until(today, order.until)?;
        let mut tx = self.db.read().await?;
        let counts = spares::by_lifecycle(&mut tx, &areas).await?;
        let repairs = spares::repairs(&mut tx, &areas, now.0 - DAYS_BACK * DAY_US).await?;
        let names = match order.owner.filter(|_| order.by_school) {
            Some(owner) => spares::schools(&mut tx, owner).await?,
            None => Vec::new(),
        };
        drop(tx);
        let mut of_owner: BTreeMap<Uuid, (Vec<&CountRow>, Vec<&RepairRow>)> = BTreeMap::new();
        for row in &counts {
            of_owner.entry(row.municipality_id).or_default().0.push(row);
        }
        for row in &repairs {
            of_owner.entry(row.municipality_id).or_default().1.push(row);
        }
        let mut all = Vec::new();
        for owner in areas.iter().map(Area::municipality) {
            let (counts, repairs) = of_owner.remove(&owner.0).unwrap_or_default();
            let mut together = Counts::default();
            counts.iter().for_each(|row| together.add(row));
            let model = model(now, together.in_use, &repairs);
            if order.by_school {
                all.extend(of_schools(owner, &counts, &names, &model, (today, until)));
            } else {
                all.push(spares_now((owner, None), together, model, (today, until)));
            }
        }
        Ok(SparesReport { until, spares: all })
    }
}

/// Spares of the schools of an owner that have devices, by name; behind them what is of none.
fn of_schools(
    owner: MunicipalityId,
    counts: &[&CountRow],
    names: &[(Uuid, String)],
    model: &SpareModel,
    days: (Date, Date),
) -> Vec<SparesNow> {
    let mut by_school: BTreeMap<Uuid, Counts> = BTreeMap::new();
    for row in counts {
        by_school.entry(row.school_id).or_default().add(row);
    }
    let named = |school: Uuid| {
        let name = names.iter().find(|(id, _)| *id == school).map(|(_, name)| name.clone());
        (!school.is_nil()).then(|| (SchoolId(school), name.unwrap_or_default()))
    };
    let with_devices = by_school.into_iter().filter(|(_, counts)| *counts != Counts::default());
    let mut all: Vec<_> =
        with_devices.map(|(school, counts)| spares_now((owner, named(school)), counts, model.clone(), days)).collect();
    let order = |one: &SparesNow| one.school.as_ref().map(|(id, name)| (name.clone(), *id));
    all.sort_by_key(|one| (one.school.is_none(), order(one)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules::days::parse_date;

    fn repair(device: u128, started_at: i64, ended_at: Option<i64>) -> RepairRow {
        RepairRow { municipality_id: Uuid::nil(), device_id: Uuid::from_u128(device), started_at, ended_at }
    }

    #[test]
    fn rate_is_of_devices_that_went_to_repair_within_a_year() {
        let now = Timestamp(800 * DAY_US);
        // Ten devices, one of them twice, and one before the last year.
        let mut repairs: Vec<_> = (0..10).map(|device| repair(device, 790 * DAY_US, None)).collect();
        repairs.push(repair(0, 700 * DAY_US, Some(705 * DAY_US)));
        repairs.push(repair(99, 400 * DAY_US, Some(405 * DAY_US)));
        let model = model(now, 200, &repairs.iter().collect::<Vec<_>>());
        assert!((model.failures.rate.value - 5.0).abs() < 1e-9, "{:?}", model.failures);
        assert_eq!((model.failures.basis, model.repairs.basis()), (Basis::Measured, Basis::Assumed));
    }

    #[test]
    fn a_repair_that_goes_on_counts_until_now() {
        let now = Timestamp(20 * DAY_US);
        let life = |ended| life(now, &repair(1, 5 * DAY_US, ended));
        assert_eq!(life(None), Life { days: 15, ending: LifeEnding::Going });
        assert_eq!(life(Some(8 * DAY_US)), Life { days: 3, ending: LifeEnding::Failed });
    }

    #[test]
    fn schools_have_their_own_spares_and_the_rate_of_their_owner() {
        let row = |school: u128, lifecycle: Lifecycle, devices: i64| CountRow {
            municipality_id: Uuid::nil(),
            school_id: Uuid::from_u128(school),
            lifecycle: i16::try_from(lifecycle.to_number()).unwrap(),
            devices,
        };
        let rows = [
            row(1, Lifecycle::InUse, 100),
            row(1, Lifecycle::Spare, 9),
            row(2, Lifecycle::InUse, 100),
            row(0, Lifecycle::Spare, 5),
            row(3, Lifecycle::Disposed, 7),
        ];
        let names = [(Uuid::from_u128(1), String::from("緑小学校")), (Uuid::from_u128(2), String::from("青小学校"))];
        let day = |text| parse_date("day", text).unwrap();
        let model = model(Timestamp(0), 200, &[]);
        let rows: Vec<_> = rows.iter().collect();
        let owner = MunicipalityId(Uuid::nil());
        let all = of_schools(owner, &rows, &names, &model, (day("2026-11-27"), day("2027-03-31")));
        let named: Vec<_> = all.iter().map(|one| one.school.as_ref().map(|(_, name)| name.as_str())).collect();
        assert_eq!(named, [Some("緑小学校"), Some("青小学校"), None]);
        assert!(all[0].is_enough() && !all[1].is_enough(), "{all:?}");
        assert_eq!((all[0].free, all[1].free, all[2].free), (9, 0, 5));
    }

    #[test]
    fn a_day_ahead_is_needed() {
        let day = |text| parse_date("day", text).unwrap();
        let today = day("2026-11-27");
        assert_eq!(until(today, None).unwrap(), day("2027-03-31"));
        assert_eq!(until(today, Some(day("2027-01-08"))).unwrap(), day("2027-01-08"));
        for wrong in ["2026-11-27", "2029-01-01"] {
            assert_eq!(until(today, Some(day(wrong))).unwrap_err().fields[0].field, "until_date");
        }
    }
}
