//! Files of entries: all rows or none, and the same file twice records nothing twice.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Renewal,
    entries::check,
    recording::{Checked, LATEST, Recording, said_text},
    rules::rules_at,
    whole,
};
use crate::{
    access::{
        rules::{Right, Staff, days::day_in_japan},
        service::audit::Deed,
    },
    error::{Error, FieldViolation, Kind, Result, says::renewal as say},
    renewal::rules::{
        body::Stated,
        import::{FileEntry, read},
        ledger::{EntryId, EntryKind},
        rule_sets::RuleSet,
    },
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            fiscal::FiscalYear,
            import::{ImportOutcome, RowFault},
        },
        service::import::{all_schools, finder},
    },
};

/// A file that is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOrder {
    /// The owner.
    pub owner: MunicipalityId,
    /// What it is about.
    pub kind: EntryKind,
    /// The file.
    pub content: Vec<u8>,
    /// Whether it is only said what it would record.
    pub dry_run: bool,
}

/// The id of what a file says for the n-th time: the same row is the same entry, however often the file comes.
fn id_of(owner: MunicipalityId, text: &str, nth: u32) -> EntryId {
    let hash = ring::digest::digest(&ring::digest::SHA256, format!("{owner} {nth} {text}").as_bytes());
    let bytes = hash.as_ref().first_chunk::<16>().expect("SHA-256 has 32 bytes");
    EntryId(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
}

/// What became of a row.
enum Done {
    Added,
    Corrected,
    Unchanged,
}

/// What rows of a file said before.
#[derive(Default)]
struct SeenRows {
    /// How often the same was said.
    times: BTreeMap<String, u32>,
    /// The row of each year, and school, of which one number stands.
    years: BTreeMap<(Option<SchoolId>, FiscalYear), u32>,
}

impl Renewal {
    /// Records what a file says. With any fault, and as a dry run, nothing is recorded. Pupils and planned devices of a year
    /// that stand otherwise are corrected. Reasons: MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID, LEDGER_TOO_LARGE,
    /// and those of a file that can not be read.
    pub async fn import(&self, staff: &Staff, order: &ImportOrder) -> Result<ImportOutcome> {
        let owner = order.owner;
        let area = whole(staff, Right::EditLedger, owner)?;
        let mut tx = self.db.read().await?;
        let schools = finder(&all_schools(&mut tx, &area).await?);
        drop(tx);
        // Read before anybody waits for it.
        let entries = match read(&order.content, order.kind, &schools)? {
            Ok(entries) => entries,
            Err(faults) => return Ok(ImportOutcome { faults, ..ImportOutcome::default() }),
        };
        let mut recording = self.recording(staff, owner).await?;
        let rules = rules_at(&mut recording.tx, Some(owner), LATEST).await?;
        let today = day_in_japan(self.clock.now().0);
        let (mut outcome, mut seen) = (ImportOutcome::default(), SeenRows::default());
        for entry in &entries {
            match recording.take(entry, today, &rules, &mut seen).await {
                Ok(Done::Added) => outcome.added += 1,
                Ok(Done::Corrected) => outcome.changed += 1,
                Ok(Done::Unchanged) => outcome.unchanged += 1,
                Err(error) => outcome.faults.extend(faults_of(entry.row, error)?),
            }
        }
        if !outcome.faults.is_empty() {
            return Ok(ImportOutcome { faults: outcome.faults, ..ImportOutcome::default() });
        }
        if order.dry_run || outcome.added + outcome.changed == 0 {
            return Ok(outcome);
        }
        let ImportOutcome { added, changed, unchanged, .. } = outcome;
        let deed = Deed {
            municipality: Some(owner),
            action: "renewal.import",
            subject_kind: "municipality",
            subject_id: owner.to_string(),
            details: json!({
                "kind": order.kind.to_number(), "added": added, "corrected": changed, "unchanged": unchanged,
            }),
        };
        self.access.audit(&mut recording.tx, staff, deed).await?;
        self.write(recording).await?;
        Ok(outcome)
    }
}

/// What is wrong with a row; what is no fault of the row ends the import.
fn faults_of(row: u32, error: Error) -> Result<Vec<RowFault>> {
    if error.kind != Kind::Invalid || error.fields.is_empty() {
        return Err(error);
    }
    let fault = |wrong: &FieldViolation| RowFault {
        row,
        field: wrong.field.clone().into_owned(),
        value: String::new(),
        message: wrong.message.clone(),
    };
    Ok(error.fields.iter().map(fault).collect())
}

impl SeenRows {
    /// Refuses a year that another row said.
    fn note_year(&mut self, row: u32, stated: &Stated) -> Result<()> {
        let Some(year) = stated.body.only_of() else { return Ok(()) };
        match self.years.insert((stated.school, year), row) {
            Some(other) => Err(Error::invalid_field("fiscal_year", say::year_in_row(other))),
            None => Ok(()),
        }
    }
}

impl Recording {
    /// Takes what a row says, unless it stands.
    async fn take(
        &mut self,
        entry: &FileEntry,
        today: time::Date,
        rules: &RuleSet,
        seen: &mut SeenRows,
    ) -> Result<Done> {
        let restrictions = self.restrictions(&entry.said).await?;
        let (body, devices) = check(&entry.said, today, rules, |serial| restrictions.until(serial))?;
        let stated = Stated::of(entry.school, body);
        let stated = stated.map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        seen.note_year(entry.row, &stated)?;
        let standing = self.standing(&stated)?;
        if standing.as_ref().is_some_and(|(_, other)| *other == stated) {
            return Ok(Done::Unchanged);
        }
        let text = said_text(&stated, &entry.said, &devices)?;
        let nth = seen.times.entry(text.clone()).or_default();
        let id = loop {
            let id = id_of(self.owner, &text, *nth);
            *nth += 1;
            if !self.is_reversed(id) {
                break id;
            }
        };
        if self.stands(id) {
            return Ok(Done::Unchanged);
        }
        let corrects = standing.map(|(other, _)| (other, say::by_file().ja.into_owned()));
        let done = if corrects.is_some() { Done::Corrected } else { Done::Added };
        self.add(Checked { id, stated, devices, corrects }).await?;
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::renewal::rules::{board::SaidPupils, body::Body};

    #[test]
    fn same_row_has_the_same_id_and_the_second_one_another() {
        let owner = MunicipalityId(Uuid::from_u128(1));
        assert_eq!(id_of(owner, "a", 0), id_of(owner, "a", 0));
        assert_ne!(id_of(owner, "a", 0), id_of(owner, "a", 1));
        assert_ne!(id_of(owner, "a", 0), id_of(MunicipalityId(Uuid::from_u128(2)), "a", 0));
    }

    #[test]
    fn year_of_a_school_is_said_by_one_row() {
        let said = SaidPupils { fiscal_year: String::from("R7"), count: String::from("1"), ..SaidPupils::default() };
        let of = |school: Option<u128>| {
            let school = school.map(|school| SchoolId(Uuid::from_u128(school)));
            Stated { school, body: Body::Pupils(said.check().unwrap()) }
        };
        let mut seen = SeenRows::default();
        seen.note_year(2, &of(None)).unwrap();
        seen.note_year(3, &of(Some(7))).unwrap();
        let refused = seen.note_year(4, &of(None)).unwrap_err();
        assert_eq!(
            (refused.fields[0].field.as_ref(), refused.fields[0].message.en.as_ref()),
            ("fiscal_year", "is the year of row 2 already: keep one of them")
        );
    }
}
