//! Repair or replace, for one device: what each comes to a year, out of the registry, its lot, and the rules of its owner.

use time::Date;
use uuid::Uuid;

use super::{EntryView, Renewal, rules::rules_at, whole};
use crate::{
    access::rules::{
        Right, Staff,
        days::{day_in_japan, parse_date},
    },
    clock::Timestamp,
    db::Tx,
    devices::{
        rules::{
            DeviceId,
            fields::{Lifecycle, OsKind},
        },
        service::device_not_found,
    },
    error::{Error, Kind, Result, says::renewal as say},
    renewal::{
        rules::{
            CostKind,
            advice::{Advice, Way},
            body::{Body, Stated},
            due::{Due, Ends, Known},
            fraction::Fraction,
            ledger::EntryId,
            lots::Lot,
            money::{OverLimit, Rounding, RoundingMode, RoundingUnit, Yen},
            programmes::{Bought, SpareCap},
            rule_sets::RuleSet,
        },
        store::{self, lives::DeviceRow},
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdviceOrder {
    /// The owner.
    pub owner: MunicipalityId,
    /// The device.
    pub device: Uuid,
    /// What its repair costs, with tax.
    pub repair: Yen,
    /// What a new one costs; without it what the owner assumes, or what this one cost.
    pub new_device: Option<Yen>,
    /// On which day; today without it.
    pub on: Option<Date>,
}

/// Whether to repair a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairAdvice {
    /// What the device is called: its label, or its serial number.
    pub name: String,
    /// Its model.
    pub model: Option<String>,
    /// The day.
    pub on: Date,
    /// Both ways.
    pub advice: Advice,
    /// When it is renewed anyway and why; none where nothing says it.
    pub due: Option<Due>,
    /// The last day on which it must not be disposed of.
    pub restriction_end: Option<Date>,
}

impl DeviceRow {
    /// When what of it ends, with the lot in which it came.
    fn ends(&self, lot: Option<&Lot>, rules: &RuleSet) -> Ends {
        let day = |text: &Option<String>| text.as_deref().and_then(|text| parse_date("day", text).ok());
        let known = Known {
            os: OsKind::from_number(i64::from(self.os_kind)).unwrap_or(OsKind::Unknown),
            model: self.model.as_deref(),
            version: self.os_version.as_deref(),
            told_os_end: None,
            acquired: day(&self.acquired_on),
            warranty_end: day(&self.warranty_until),
            lot,
            plan: None,
        };
        let ends = known.ends(&rules.ends);
        // The registry knows of a lease where no lot says anything.
        Ends { lease: ends.lease.or_else(|| day(&self.lease_until).filter(|_| lot.is_none())), ..ends }
    }

    /// Whether it is a spare, or came as one.
    fn kind(&self, lot: Option<&Lot>) -> CostKind {
        let is_spare = Lifecycle::from_number(i64::from(self.lifecycle)) == Some(Lifecycle::Spare);
        match lot {
            Some(lot) => lot.kind,
            None if is_spare => CostKind::Spare,
            None => CostKind::Device,
        }
    }

    /// What a new one costs: as is assumed, or what this one cost.
    fn price(&self, lot: Option<&Lot>, rules: &RuleSet) -> Result<Option<Yen>, OverLimit> {
        let assumptions = &rules.assumptions;
        let assumed = match self.kind(lot) == CostKind::Spare {
            true => assumptions.spare_price.as_ref(),
            false => assumptions.device_price.as_ref(),
        };
        if let Some(price) = assumed {
            return Ok(Some(price.value));
        }
        match (lot, self.price_yen) {
            (Some(lot), _) => one_of(lot).map(Some),
            (None, Some(price)) if price > 0 => Yen::new(price).map(Some),
            (None, Some(_) | None) => Ok(None),
        }
    }
}

/// What one device of a lot cost, to the nearest yen.
fn one_of(lot: &Lot) -> Result<Yen, OverLimit> {
    let nearest = Rounding { mode: RoundingMode::HalfUp, unit: RoundingUnit::One };
    let part = Fraction::new(1, lot.count.max(1)).expect("a lot has at most a million devices");
    lot.total()?.part(part, nearest)
}

/// For how many years a repaired device is there: until it is renewed anyway, or else as long as new ones are.
fn years_left(due: Option<&Due>, on: Date, life: u8) -> u8 {
    let current = FiscalYear::of(on).year();
    due.map_or(life, |due| u8::try_from((due.year.year() - current).clamp(1, 100)).unwrap_or(1)).max(1)
}

impl Renewal {
    /// Whether to repair a device or to replace it. A repair is paid as programmes say, which is by the owner as a rule; a new
    /// device by the programme that covers the day. For who sees the ledger of the whole owner. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, DEVICE_NOT_FOUND, DEVICE_PRICE_UNKNOWN, FIELD_INVALID.
    pub async fn repair_advice(&self, staff: &Staff, order: &AdviceOrder) -> Result<RepairAdvice> {
        let area = whole(staff, Right::ViewLedger, order.owner)?;
        let as_of = self.clock.now();
        let on = order.on.unwrap_or_else(|| day_in_japan(as_of.0));
        let mut tx = self.db.read().await?;
        let device = store::lives::device(&mut tx, &area, order.device).await?;
        let device = device.ok_or_else(|| device_not_found(DeviceId(order.device)))?;
        let lot = lot_of(&mut tx, order.owner, &device, as_of).await?;
        let rules = rules_at(&mut tx, Some(order.owner), as_of).await?;
        drop(tx);
        let lot = lot.as_ref();
        let ends = device.ends(lot, &rules);
        let due = ends.due();
        let new_device = match order.new_device {
            Some(price) => price,
            None => device
                .price(lot, &rules)?
                .ok_or_else(|| Error::new(Kind::Precondition, "DEVICE_PRICE_UNKNOWN", say::device_price_unknown()))?,
        };
        let programmes = rules.programmes.clone().without_invented();
        let split = |kind: CostKind, unit_price: Yen| {
            let bought = Bought { kind, unit_price, count: 1, cap: SpareCap::Within };
            programmes.split(on, rules.assumptions.tax.value, &bought)
        };
        let life = rules.assumptions.renew_after_years.value;
        let repair = Way { split: split(CostKind::Repair, order.repair)?, years: years_left(due.as_ref(), on, life) };
        let replace = Way { split: split(device.kind(lot), new_device)?, years: life };
        let is_restricted = ends.restriction.is_some_and(|last| on <= last);
        Ok(RepairAdvice {
            name: device.label.or(device.serial_number).unwrap_or_default(),
            model: device.model,
            on,
            advice: Advice::new(repair, replace, is_restricted),
            due,
            restriction_end: ends.restriction,
        })
    }
}

/// The lot in which a device came, by its serial number.
async fn lot_of(tx: &mut Tx, owner: MunicipalityId, device: &DeviceRow, as_of: Timestamp) -> Result<Option<Lot>> {
    let Some(serial) = device.serial_key.as_deref() else { return Ok(None) };
    let Some((entry, _)) = store::lots_with(tx, owner, &[serial], as_of).await?.into_iter().next() else {
        return Ok(None);
    };
    let Some(row) = store::find(tx, owner, EntryId(entry), as_of).await? else { return Ok(None) };
    let Some(Stated { body: Body::Lot(lot), .. }) = EntryView::of(owner, row)?.stated else { return Ok(None) };
    Ok(Some(lot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::rules::due::DueReason;

    #[test]
    fn a_repaired_device_is_there_until_it_is_renewed_and_a_year_at_least() {
        let on = parse_date("day", "2026-11-27").unwrap();
        let due = |year: i32| Due {
            year: FiscalYear::starting_in(year).unwrap(),
            reason: DueReason::OsEnd,
            candidates: Vec::new(),
            is_past_os_end: false,
        };
        assert_eq!(years_left(Some(&due(2029)), on, 5), 3);
        assert_eq!([2026, 2020].map(|year| years_left(Some(&due(year)), on, 5)), [1, 1], "it is due already");
        assert_eq!(years_left(None, on, 5), 5);
    }
}
