//! Whether the spares of an owner last until the fiscal year ends, out of the registry and of repairs.

use std::collections::BTreeSet;

use time::Date;
use uuid::Uuid;

use super::{Renewal, whole};
use crate::{
    access::rules::{Area, Right, Staff, days::day_in_japan},
    clock::Timestamp,
    devices::rules::fields::Lifecycle,
    error::Result,
    renewal::{
        rules::{
            spares::{FailureRate, Needed, Outlook, RepairTimes, SpareModel},
            survival::{Basis, Life, LifeEnding},
        },
        store::spares,
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
    tickets::failures::rules::{Rate, statistics::poisson_interval},
};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;
/// Days of repairs that are looked back on.
const DAYS_BACK: i64 = 3 * 365;
/// How sure one wants to be that spares are enough. Ours.
pub const CONFIDENCE: f64 = 0.95;

/// Spares of an owner now, and what is to be expected of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SparesNow {
    /// The owner.
    pub owner: MunicipalityId,
    /// Devices in use.
    pub in_use: u32,
    /// Spares that are free.
    pub free: u32,
    /// Devices in repair. A spare stands in for each.
    pub away: u32,
    /// Until when it is reckoned: the last day of the fiscal year.
    pub until: Date,
    /// How likely they are never short until then.
    pub outlook: Outlook,
    /// Spares that are needed in the long run, those that are lent included.
    pub needed: Needed,
    /// What the rate of failures rests on: devices that went to repair in the last 365 days of those in use, or a default.
    pub rate_basis: Basis,
    /// What times of repairs rest on.
    pub repair_basis: Basis,
}

impl SparesNow {
    /// Whether they are enough with [`CONFIDENCE`].
    pub fn is_enough(&self) -> bool {
        self.outlook.probability >= CONFIDENCE
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

/// Devices that failed for 100 in use and a year, with the interval of what was counted.
fn yearly_rate(failures: u64, in_use: u32) -> Option<Rate> {
    let hundreds = f64::from(in_use) / 100.0;
    let interval = poisson_interval(failures);
    let rate =
        || Rate { value: failures as f64 / hundreds, low: interval.low / hundreds, high: interval.high / hundreds };
    (in_use > 0).then(rate)
}

fn life(now: Timestamp, (_, began, ended): &(Uuid, i64, Option<i64>)) -> Life {
    let ending = if ended.is_some() { LifeEnding::Failed } else { LifeEnding::Going };
    Life { days: count((ended.unwrap_or(now.0) - began).div_euclid(DAY_US)), ending }
}

impl Renewal {
    /// Spares of an owner, or of each owner that the caller sees whole, as the registry has them now. Reasons:
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn spares(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<Vec<SparesNow>> {
        let areas = match owner {
            Some(owner) => vec![whole(staff, Right::ViewRenewal, owner)?],
            None => staff.scope(Right::ViewRenewal)?.areas().filter(|area| area.covers(None)).collect(),
        };
        let mut all = Vec::new();
        for area in areas {
            all.push(self.spares_of(&area).await?);
        }
        Ok(all)
    }

    async fn spares_of(&self, area: &Area) -> Result<SparesNow> {
        let (now, owner) = (self.clock.now(), area.municipality());
        let mut tx = self.db.read().await?;
        let devices = spares::by_lifecycle(&mut tx, area).await?;
        let repairs = spares::repairs(&mut tx, owner, now.0 - DAYS_BACK * DAY_US).await?;
        let of = |lifecycle: Lifecycle| {
            let found = devices.iter().find(|(number, _)| i64::from(*number) == lifecycle.to_number());
            found.map_or(0, |(_, devices)| count(*devices))
        };
        let (in_use, free, away) = (of(Lifecycle::InUse), of(Lifecycle::Spare), of(Lifecycle::InRepair));
        let last_year = now.0 - 365 * DAY_US;
        let failed: BTreeSet<Uuid> =
            repairs.iter().filter(|(_, began, _)| *began >= last_year).map(|(device, ..)| *device).collect();
        let failures = u64::try_from(failed.len()).unwrap_or(u64::MAX);
        let lives: Vec<_> = repairs.iter().map(|repair| life(now, repair)).collect();
        let model = SpareModel {
            devices: in_use,
            failures: FailureRate::of(failures, yearly_rate(failures, in_use)),
            repairs: RepairTimes::of(&lives),
        };
        let today = day_in_japan(now.0);
        let until = FiscalYear::of(today).last_day();
        let days = count((until - today).whole_days()).max(1);
        Ok(SparesNow {
            owner,
            in_use,
            free,
            away,
            until,
            outlook: model.enough_until(free.saturating_add(away), away, days),
            needed: model.needed(CONFIDENCE),
            rate_basis: model.failures.basis,
            repair_basis: model.repairs.basis(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_of_a_hundred_in_use_and_a_repair_that_goes_on_counts_until_now() {
        let rate = yearly_rate(10, 200).unwrap();
        assert!((rate.value - 5.0).abs() < 1e-9 && rate.low < 5.0 && rate.high > 5.0);
        assert_eq!(yearly_rate(3, 0), None);
        let now = Timestamp(20 * DAY_US);
        let life = |ended| life(now, &(Uuid::nil(), 5 * DAY_US, ended));
        assert_eq!(life(None), Life { days: 15, ending: LifeEnding::Going });
        assert_eq!(life(Some(8 * DAY_US)), Life { days: 3, ending: LifeEnding::Failed });
    }
}
