//! Files of measurements: all rows or none, and the same file twice records nothing twice.

use super::{
    super::{
        rules::{
            MeasurementOrder,
            import::{Entry, read},
        },
        store,
    },
    Bandwidth, FIRST, deed_of,
    lessons::LessonsOfDays,
    measurement_row,
};
use crate::{
    access::rules::Staff,
    error::Result,
    schools::{
        rules::{MunicipalityId, import::ImportOutcome},
        service::import::{all_schools, finder, whole_area},
    },
};

impl Bandwidth {
    /// Records the measurements of a file. With any fault, and as a dry run, nothing is recorded. Reasons:
    /// MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID, and those of a file that can not be read.
    pub async fn import(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        content: &[u8],
        dry_run: bool,
    ) -> Result<ImportOutcome> {
        let area = whole_area(staff, owner)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let schools = finder(&all_schools(&mut tx, &area).await?);
        let entries = match read(content, &schools, FIRST, now)? {
            Ok(entries) => entries,
            Err(faults) => return Ok(ImportOutcome { faults, ..ImportOutcome::default() }),
        };
        let (mut outcome, mut lessons) = (ImportOutcome::default(), LessonsOfDays::default());
        for entry in entries {
            let id = Some(entry.id(owner));
            let Entry { school, order, .. } = entry;
            let in_lesson = match order.in_lesson {
                Some(said) => said,
                None => lessons.are_on(&mut tx, (owner, school), order.at).await?,
            };
            let row = measurement_row(owner, school, MeasurementOrder { id, ..order }, in_lesson, now);
            match store::insert_measurement(&mut tx, &row).await? {
                true => outcome.added += 1,
                false => outcome.unchanged += 1,
            }
        }
        if dry_run || outcome.added == 0 {
            return Ok(outcome);
        }
        let details = serde_json::json!({ "added": outcome.added, "unchanged": outcome.unchanged });
        let deed = deed_of(owner, "bandwidth.import", "municipality", owner.0, details);
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}
