//! How long devices of each model last, out of the registry, the ledger and tickets as they are now.

use std::collections::BTreeMap;

use time::Date;

use super::{Renewal, bounded, reports::Of, rules::AllRules};
use crate::{
    access::rules::{
        Area, Staff,
        days::{day_in_japan, parse_date},
    },
    clock::Timestamp,
    error::Result,
    renewal::{
        rules::{
            ends::SupportEnds,
            lives::{Alike, ModelLives, WholeLives, day_number, whole},
        },
        store::lives::{self, AlikeRow, GROUPS_MOST},
    },
    schools::rules::MunicipalityId,
    tickets::failures::rules::model_key,
};

/// Models that are told one by one.
const MODELS_MOST: usize = 200;

/// How long devices last.
#[derive(Debug, Clone, PartialEq)]
pub struct LivesReport {
    /// When it was counted.
    pub as_of: Timestamp,
    /// Models, those with most devices first.
    pub models: Vec<ModelLives>,
    /// All models together, by what ends lives.
    pub whole: Vec<WholeLives>,
}

/// Devices of one model that were read so far.
#[derive(Debug, Default)]
struct OfModel {
    alike: Vec<Alike>,
    /// Devices by how the model is written.
    spellings: BTreeMap<String, u64>,
}

impl OfModel {
    fn lives(self, today: Date) -> ModelLives {
        let spelling = self.spellings.iter().max_by_key(|(_, devices)| **devices);
        ModelLives::of(spelling.map(|(text, _)| text.clone()).unwrap_or_default(), &self.alike, today)
    }
}

/// A day that the registry or the ledger holds; none where it can not be read.
fn stored_day(text: Option<&str>) -> Option<Date> {
    text.and_then(|text| parse_date("day", text).ok())
}

fn alike_of(row: &AlikeRow, ends: &SupportEnds) -> Alike {
    let some = |day: i64| Some(day).filter(|day| *day != 0);
    let begun = stored_day(row.delivered_on.as_deref()).or_else(|| stored_day(row.acquired_on.as_deref()));
    let battery_end = begun.and_then(|begun| ends.battery_end(row.model.as_deref(), begun)).map(|(day, _)| day);
    Alike {
        devices: u32::try_from(row.devices).unwrap_or(u32::MAX),
        begun: begun.map_or(row.known_day, day_number),
        known: row.known_day,
        left: some(row.left_day),
        failed: some(row.failed_day),
        battery_failed: some(row.battery_day),
        battery_end: battery_end.map(day_number),
    }
}

impl Renewal {
    /// How long devices of an owner last, or of all owners that the caller sees whole together. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, LEDGER_TOO_LARGE.
    pub async fn lives(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<LivesReport> {
        let of = Of::named(staff, owner)?;
        let as_of = self.clock.now();
        let mut by_model: BTreeMap<String, OfModel> = BTreeMap::new();
        let mut tx = self.db.read().await?;
        let owners: Vec<_> = of.areas().iter().map(Area::municipality).collect();
        let rules = AllRules::at(&mut tx, &owners, as_of).await?;
        for owner in owners {
            let rows = lives::alike(&mut tx, owner).await?;
            bounded(&rows, GROUPS_MOST)?;
            let rules = rules.of(owner);
            for row in &rows {
                let of_model = by_model.entry(model_key(row.model.as_deref())).or_default();
                of_model.alike.push(alike_of(row, &rules.ends));
                if let Some(model) = &row.model {
                    *of_model.spellings.entry(model.clone()).or_default() += u64::try_from(row.devices).unwrap_or(0);
                }
            }
        }
        drop(tx);
        let today = day_in_japan(as_of.0);
        let mut models: Vec<_> = by_model.into_values().map(|of_model| of_model.lives(today)).collect();
        models.sort_by(|one, two| two.devices.cmp(&one.devices).then_with(|| one.model.cmp(&two.model)));
        let whole = whole(&models, today);
        models.truncate(MODELS_MOST);
        Ok(LivesReport { as_of, models, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_begins_with_its_lot_or_else_as_the_registry_says() {
        let row = AlikeRow {
            model: Some(String::from("K-1")),
            delivered_on: Some(String::from("2024-04-01")),
            acquired_on: Some(String::from("2024-03-15")),
            known_day: 20_000,
            left_day: 0,
            failed_day: 20_100,
            battery_day: 0,
            devices: 3,
        };
        let ends = SupportEnds::default();
        let alike = alike_of(&row, &ends);
        assert_eq!((alike.begun, alike.left, alike.failed), (19_814, None, Some(20_100)));
        assert!(alike.battery_end.is_some_and(|end| end > alike.begun));
        let bought = AlikeRow { delivered_on: None, ..row.clone() };
        assert_eq!(alike_of(&bought, &ends).begun, 19_797);
        let unknown = AlikeRow { delivered_on: None, acquired_on: Some(String::from("いつか")), ..row };
        assert_eq!((alike_of(&unknown, &ends).begun, alike_of(&unknown, &ends).battery_end), (20_000, None));
    }
}
