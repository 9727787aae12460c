//! Files of measurements: all rows or none, and the same file twice records nothing twice.

use super::{
    super::{
        rules::import::{Entry, read},
        store,
    },
    Bandwidth, FIRST, MeasurementRow, deed_of,
    lessons::Lessons,
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
        let mut outcome = ImportOutcome::default();
        for entry in entries {
            let in_lesson = match entry.in_lesson {
                Some(said) => said,
                None => Lessons::read(&mut tx, owner, entry.at).await?.are_near(entry.school, entry.at, 0),
            };
            match store::insert_measurement(&mut tx, &row(owner, entry, in_lesson, now.0)).await? {
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

fn row(owner: MunicipalityId, entry: Entry, in_lesson: bool, recorded_at: i64) -> MeasurementRow {
    MeasurementRow {
        municipality_id: owner.0,
        measurement_id: entry.id(owner),
        school_id: entry.school.0,
        measured_at: entry.at.0,
        receive_kbps: entry.receive_kbps,
        send_kbps: entry.send_kbps,
        method: entry.method as i16,
        in_lesson,
        note: entry.note,
        recorded_at,
    }
}
