//! Files about schools, pupils and calendars: all rows or none, and the same file twice changes nothing.

use std::collections::{HashMap, HashSet, hash_map::Entry as Slot};

use uuid::Uuid;

use super::{Schools, etag_mismatch, right_missing, school_exists};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::audit::Deed,
    },
    db::Tx,
    error::{Both, Error, Result, says::schools as say},
    schools::{
        rules::{
            MunicipalityId, SchoolCode, SchoolId,
            calendar::Period,
            fiscal::FiscalYear,
            fold_name,
            import::{
                CalendarEntry, ImportOutcome, MOST_ROWS, PupilsEntry, RowFault, SchoolEntry, SchoolFinder,
                check_calendar, check_pupils, check_schools,
            },
            pupils::PupilsSource,
        },
        store::{
            self, NewSchool, SchoolRow,
            calendar::{self as calendars, CalendarOf},
            pupils::{self as pupils_store, PupilsRow},
        },
    },
};

/// Rows of a table that are read at once.
const PAGE: i64 = 1_000;

fn refused(faults: Vec<RowFault>) -> ImportOutcome {
    ImportOutcome { faults, ..ImportOutcome::default() }
}

fn require_rows(count: usize) -> Result<()> {
    if count > MOST_ROWS {
        return Err(Error::invalid_field("rows", say::rows_too_many(count, MOST_ROWS)));
    }
    Ok(())
}

/// The whole of an owner, for a change by file. Reasons: MUNICIPALITY_NOT_FOUND, RIGHT_MISSING.
pub fn whole_area(staff: &Staff, municipality: MunicipalityId) -> Result<Area> {
    let area = staff.area_for(Right::EditSchools, municipality)?;
    if area.covers(None) { Ok(area) } else { Err(right_missing()) }
}

/// All schools of an area, closed ones too.
pub async fn all_schools(tx: &mut Tx, area: &Area) -> Result<Vec<SchoolRow>> {
    let (mut all, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let page = store::list_schools(tx, area, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.school_id;
        all.extend(page);
    }
}

/// Finds these schools by name or code.
pub fn finder(schools: &[SchoolRow]) -> SchoolFinder {
    // A closed school is found by its code only if no open one has taken its name.
    let closed_first = schools.iter().filter(|s| s.closed_at.is_some());
    let ordered = closed_first.chain(schools.iter().filter(|s| s.closed_at.is_none()));
    SchoolFinder::new(ordered.map(|s| (SchoolId(s.school_id), s.code.as_deref(), s.name.as_str())))
}

impl Schools {
    /// Adds schools of a file and changes those it knows by code, or else by name. With any fault, and as a dry run, nothing
    /// is changed. Reasons: MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID.
    pub async fn import_schools(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        entries: &[SchoolEntry],
        dry_run: bool,
    ) -> Result<ImportOutcome> {
        require_rows(entries.len())?;
        let area = whole_area(staff, municipality)?;
        let checked = match check_schools(entries) {
            Ok(checked) => checked,
            Err(faults) => return Ok(refused(faults)),
        };
        let mut tx = self.db.begin().await?;
        let known = all_schools(&mut tx, &area).await?;
        let by_code: HashMap<&str, &SchoolRow> =
            known.iter().filter_map(|row| row.code.as_deref().map(|code| (code, row))).collect();
        let by_name: HashMap<String, &SchoolRow> =
            known.iter().filter(|row| row.closed_at.is_none()).map(|row| (fold_name(&row.name), row)).collect();
        let (mut outcome, mut faults, mut matched) = (ImportOutcome::default(), Vec::new(), HashSet::new());
        for entry in checked {
            let code = entry.code.as_ref().map(SchoolCode::as_str);
            let named = by_name.get(&fold_name(&entry.name)).copied();
            let coded = code.and_then(|code| by_code.get(code).copied());
            let mut fault = |field: &str, value: &str, message: Both| {
                let (field, value) = (field.to_owned(), value.to_owned());
                faults.push(RowFault { row: entry.row, field, value, message });
            };
            let found = match (coded, named) {
                (Some(coded), _) if coded.closed_at.is_some() => {
                    fault("code", code.unwrap_or_default(), say::code_of_closed(&coded.name));
                    continue;
                }
                (Some(coded), Some(named)) if coded.school_id != named.school_id => {
                    fault("name", &entry.name, say::name_of_other(code.unwrap_or_default()));
                    continue;
                }
                (None, Some(named)) if code.is_some() && named.code.is_some() => {
                    fault(
                        "code",
                        code.unwrap_or_default(),
                        say::code_differs(named.code.as_deref().unwrap_or_default(), &named.name),
                    );
                    continue;
                }
                (coded, named) => coded.or(named),
            };
            if let Some(found) = found
                && !matched.insert(found.school_id)
            {
                fault("name", &entry.name, say::named_before());
                continue;
            }
            let Some(found) = found else {
                let new = NewSchool {
                    municipality,
                    id: SchoolId(Uuid::now_v7()),
                    code: entry.code.as_ref(),
                    name: &entry.name,
                    is_shelter: entry.is_shelter.unwrap_or(false),
                };
                store::insert_school(&mut tx, &new, self.clock.now()).await.map_err(school_exists)?;
                outcome.added += 1;
                continue;
            };
            let wanted = SchoolRow {
                code: code.map(str::to_owned).or_else(|| found.code.clone()),
                name: entry.name.clone(),
                is_shelter: entry.is_shelter.unwrap_or(found.is_shelter),
                ..found.clone()
            };
            let same = (&wanted.code, &wanted.name, wanted.is_shelter) == (&found.code, &found.name, found.is_shelter);
            if same {
                outcome.unchanged += 1;
            } else if store::update_school(&mut tx, &wanted).await.map_err(school_exists)? {
                outcome.changed += 1;
            } else {
                return Err(etag_mismatch());
            }
        }
        if !faults.is_empty() {
            return Ok(refused(faults));
        }
        self.finish(tx, staff, municipality, "school.import", outcome, dry_run).await
    }

    /// Says pupils by school and year as a file has them. With any fault, and as a dry run, nothing is changed. Reasons:
    /// MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID.
    pub async fn import_pupils(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        entries: &[PupilsEntry],
        dry_run: bool,
    ) -> Result<ImportOutcome> {
        require_rows(entries.len())?;
        let area = whole_area(staff, municipality)?;
        let mut tx = self.db.begin().await?;
        let checked = match check_pupils(entries, &finder(&all_schools(&mut tx, &area).await?)) {
            Ok(checked) => checked,
            Err(faults) => return Ok(refused(faults)),
        };
        let mut known = HashMap::new();
        let mut after = (Uuid::nil(), 0);
        loop {
            let page = pupils_store::list_pupils(&mut tx, &area, None, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.school_id, last.fiscal_year);
            known.extend(page.into_iter().map(|row| ((row.school_id, row.fiscal_year), row.pupils)));
        }
        let mut outcome = ImportOutcome::default();
        for entry in checked {
            let year = entry.fiscal_year.to_number();
            match known.get(&(entry.school.0, year)) {
                Some(pupils) if *pupils == entry.pupils => {
                    outcome.unchanged += 1;
                    continue;
                }
                Some(_) => outcome.changed += 1,
                None => outcome.added += 1,
            }
            let row = PupilsRow {
                municipality_id: municipality.0,
                school_id: entry.school.0,
                fiscal_year: year,
                pupils: entry.pupils,
                source: PupilsSource::File as i16,
                recorded_at: self.clock.now().0,
            };
            pupils_store::upsert_pupils(&mut tx, &row).await?;
        }
        self.finish(tx, staff, municipality, "school.import_pupils", outcome, dry_run).await
    }

    /// Says periods of calendars as a file has them. With any fault, and as a dry run, nothing is changed. Reasons:
    /// MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID.
    pub async fn import_calendar(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        entries: &[CalendarEntry],
        dry_run: bool,
    ) -> Result<ImportOutcome> {
        require_rows(entries.len())?;
        let area = whole_area(staff, municipality)?;
        let mut tx = self.db.begin().await?;
        let checked = match check_calendar(entries, &finder(&all_schools(&mut tx, &area).await?)) {
            Ok(checked) => checked,
            Err(faults) => return Ok(refused(faults)),
        };
        let mut known: HashMap<(CalendarOf, FiscalYear), Vec<Period>> = HashMap::new();
        let mut outcome = ImportOutcome::default();
        for entry in checked {
            let of = CalendarOf { municipality, school: entry.school };
            let year = entry.period.fiscal_year();
            let periods = match known.entry((of, year)) {
                Slot::Occupied(slot) => slot.into_mut(),
                Slot::Vacant(slot) => slot.insert(calendars::periods(&mut tx, of, year, year).await?),
            };
            let same = |p: &&Period| p.kind == entry.period.kind && p.name == entry.period.name;
            match periods.iter().find(same) {
                Some(old) if *old == entry.period => {
                    outcome.unchanged += 1;
                    continue;
                }
                Some(_) => outcome.changed += 1,
                None => outcome.added += 1,
            }
            calendars::upsert_period(&mut tx, of, &entry.period).await?;
        }
        self.finish(tx, staff, municipality, "calendar.import", outcome, dry_run).await
    }

    /// Makes an import durable; as a dry run, or where nothing changed, the transaction goes away with nothing done.
    async fn finish(
        &self,
        mut tx: Tx,
        staff: &Staff,
        municipality: MunicipalityId,
        action: &'static str,
        outcome: ImportOutcome,
        dry_run: bool,
    ) -> Result<ImportOutcome> {
        if dry_run || outcome.added + outcome.changed == 0 {
            return Ok(outcome);
        }
        let deed = Deed {
            municipality: Some(municipality),
            action,
            subject_kind: "municipality",
            subject_id: municipality.to_string(),
            details: serde_json::json!({ "added": outcome.added, "changed": outcome.changed }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}
