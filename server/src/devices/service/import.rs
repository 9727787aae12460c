//! Files on their way in: looked at first, applied whole or not at all.
//!
//! A blank cell says nothing, so it takes nothing away. What a ledger says is a claim of the ledger, what a vendor's console
//! says one of the console; what is shown follows by precedence as for every other source. The same file a second time
//! changes nothing.

use std::{sync::Arc, time::Duration};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::{Claims, shown},
            events::EventKind,
            fields::{Field, FieldValue, Source},
            import::{
                FILE_BYTES, ImportKind,
                devices::{self, DeviceRecord},
                outcome::{Outcome, Sample},
                places::Places,
                plan::{Index, Known, Plan, plan},
                problems::{FileProblem, RowError},
                table::{Correction, Table},
            },
        },
        service::{
            claims::{Saying, note_sayings},
            school_files,
        },
        store::{
            claims::{DeviceClaim, NewEvent, insert_devices, insert_events, read_claims, upsert_claims},
            import::{self as store, NewRun, RunRow, RunState},
        },
    },
    error::{Error, Kind, Result},
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::Schools,
        store::list_schools,
    },
};

/// Rows that one statement writes.
const CHUNK: usize = 2_000;
/// Devices that one statement reads.
const PAGE: i64 = 20_000;
/// Most devices of one owner that rows are matched with.
const MOST_DEVICES: usize = 1_000_000;
/// Rows that a preview shows as they were understood.
pub(super) const SAMPLES: usize = 5;
/// Errors that are kept with a run.
const KEPT_ERRORS: usize = 1_000;
/// How long a file waits for a person's yes.
const WAITS: Duration = Duration::from_secs(86_400);

/// How a file is to be read, as a person said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    /// Corrections: header or letter of a column, name of a field or `ignore`.
    pub mappings: Vec<(String, String)>,
    /// The row of the header, where it is not found by itself.
    pub header_row: Option<u32>,
    /// Whether rows with errors are left out; otherwise a file with errors is refused whole.
    pub skip_errors: bool,
}

/// A file that is handed in.
#[derive(Debug, Clone)]
pub struct HandedIn {
    /// The owner.
    pub municipality: MunicipalityId,
    /// What it is about.
    pub kind: ImportKind,
    /// Its name.
    pub file_name: String,
    /// How it is to be read.
    pub options: ImportOptions,
    /// The file.
    pub content: Vec<u8>,
}

/// A run with what it would do or did.
#[derive(Debug, Clone)]
pub struct ImportRun {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The run; none for a dry run.
    pub import: Option<Uuid>,
    /// What it is about.
    pub kind: ImportKind,
    /// Where it stands.
    pub state: RunState,
    /// Name of the file.
    pub file_name: String,
    /// How it was read.
    pub options: ImportOptions,
    /// What it would do or did.
    pub outcome: Outcome,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// Who handed it in.
    pub created_by: String,
    /// When it was applied.
    pub finished_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are done.
    pub rows_done: u64,
    /// Rows in all.
    pub rows_total: u64,
}

/// A file that was read, before it is matched with what there is.
struct Understood {
    table: Table,
    records: Vec<DeviceRecord>,
    errors: Vec<RowError>,
    source: Source,
    places: Arc<Vec<(SchoolId, Option<String>, String)>>,
    keeps_names: bool,
}

/// Takes files in.
#[derive(Debug, Clone)]
pub struct Imports {
    db: Db,
    clock: Clock,
    access: Access,
    schools: Schools,
}

/// The right that a kind of file needs.
fn right_for(kind: ImportKind) -> Right {
    match kind {
        ImportKind::Devices => Right::ImportDevices,
        ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => Right::EditSchools,
    }
}

fn import_not_found(import: Uuid) -> Error {
    Error::not_found("IMPORT_NOT_FOUND", format!("there is no import {import}"))
}

impl Imports {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access, schools: Schools) -> Self {
        Self { db, clock, access, schools }
    }

    /// Reads a file and says what it would change; keeps it for a day unless it is a dry run. Reasons: those of
    /// [`FileProblem`], RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn preview(&self, staff: &Staff, handed_in: HandedIn, dry_run: bool) -> Result<ImportRun> {
        let area = staff.area_for(right_for(handed_in.kind), handed_in.municipality)?;
        if handed_in.content.len() > FILE_BYTES {
            return Err(FileProblem::TooLarge.into());
        }
        let HandedIn { municipality, kind, file_name, options, content } = handed_in;
        let content = Arc::new(content);
        let understood = self.understand(&area, kind, &options, Arc::clone(&content)).await?;
        let outcome = match kind {
            ImportKind::Devices => self.foresee(&area, understood).await?,
            ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => {
                let skip = options.skip_errors;
                let (schools, table) = (&self.schools, &understood.table);
                school_files::take_in(schools, staff, municipality, kind, table, skip, true).await?
            }
        };
        let now = self.clock.now();
        let mut run = ImportRun {
            municipality,
            import: None,
            kind,
            state: RunState::Previewed,
            file_name,
            options,
            outcome,
            created_at: now,
            created_by: staff.name.clone(),
            finished_at: None,
            version: 1,
        };
        if dry_run {
            return Ok(run);
        }
        let import = Uuid::now_v7();
        let mut tx = self.db.begin().await?;
        let waited = Timestamp(now.0 - i64::try_from(WAITS.as_micros()).unwrap_or(i64::MAX));
        store::expire_runs(&mut tx, municipality, waited).await?;
        let stored = NewRun {
            municipality,
            import,
            kind,
            file_name: run.file_name.clone(),
            sha256: digest(&SHA256, &content).as_ref().to_vec(),
            content: Arc::unwrap_or_clone(content),
            mapping: to_json(&mapping_of(&run.outcome))?,
            options: to_json(&run.options)?,
            outcome: kept_outcome(&run.outcome)?,
            rows: i64::try_from(run.outcome.rows).unwrap_or(i64::MAX),
            created_by: run.created_by.clone(),
        };
        store::insert_run(&mut tx, stored, now).await?;
        tx.commit().await?;
        run.import = Some(import);
        Ok(run)
    }

    /// Looks at the file of a run again, read as a person corrected it; makes a new run. Reasons: those of
    /// [`Imports::preview`], IMPORT_NOT_FOUND, IMPORT_EXPIRED.
    pub async fn preview_again(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        import: Uuid,
        options: ImportOptions,
    ) -> Result<ImportRun> {
        let run = self.get(staff, municipality, import).await?;
        let mut tx = self.db.read().await?;
        let content = store::run_content(&mut tx, municipality, import).await?.ok_or_else(expired)?;
        drop(tx);
        let handed_in = HandedIn { municipality, kind: run.kind, file_name: run.file_name, options, content };
        self.preview(staff, handed_in, false).await
    }

    /// Does what a preview said, all of it in one transaction, and tells `progress` how far it is. `seen` is the version the
    /// caller looked at. Reasons: IMPORT_NOT_FOUND, RIGHT_MISSING, IMPORT_HAS_ERRORS, IMPORT_APPLIED, IMPORT_EXPIRED,
    /// ETAG_MISMATCH.
    pub async fn apply(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        import: Uuid,
        seen: Option<i64>,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<ImportRun> {
        let mut run = self.get(staff, municipality, import).await?;
        let area = staff.area_for(right_for(run.kind), municipality)?;
        match run.state {
            RunState::Previewed => {}
            RunState::Applied => {
                return Err(Error::new(
                    Kind::Precondition,
                    "IMPORT_APPLIED",
                    "this import was applied already; hand the file in again to apply it again",
                ));
            }
            RunState::Expired => return Err(expired()),
        }
        let changed_since =
            || Error::new(Kind::Conflict, "ETAG_MISMATCH", "the import was changed since it was read; read it again");
        if seen.is_some_and(|seen| seen != run.version) {
            return Err(changed_since());
        }
        let mut tx = self.db.read().await?;
        let content = store::run_content(&mut tx, municipality, import).await?.ok_or_else(expired)?;
        drop(tx);
        let understood = self.understand(&area, run.kind, &run.options, Arc::new(content)).await?;

        // Schools keep a transaction of their own; if the run cannot be marked after it, applying it again changes nothing.
        let done = match run.kind {
            ImportKind::Devices => None,
            ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => {
                let (table, skip) = (&understood.table, run.options.skip_errors);
                let outcome =
                    school_files::take_in(&self.schools, staff, municipality, run.kind, table, skip, false).await?;
                if outcome.error_count > 0 && !skip {
                    return Err(has_errors(outcome.error_count));
                }
                Some(outcome)
            }
        };
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        let outcome = match done {
            Some(outcome) => outcome,
            None => self.carry_out(&mut tx, staff, &area, understood, &run, now, progress).await?,
        };
        let stored = kept_outcome(&outcome)?;
        if !store::finish_run(&mut tx, municipality, import, run.version, stored, now).await? {
            return Err(changed_since());
        }
        let deed = Deed {
            municipality: Some(municipality),
            action: "import.apply",
            subject_kind: "import",
            subject_id: import.to_string(),
            details: serde_json::json!({
                "kind": run.kind, "file_name": run.file_name, "new": outcome.new, "changed": outcome.changed,
                "unchanged": outcome.unchanged, "rows_left_out": outcome.rows_with_errors,
            }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        run.state = RunState::Applied;
        run.finished_at = Some(now);
        run.version += 1;
        run.outcome = outcome;
        Ok(run)
    }

    /// One run. Reason: IMPORT_NOT_FOUND.
    pub async fn get(&self, staff: &Staff, municipality: MunicipalityId, import: Uuid) -> Result<ImportRun> {
        let mut tx = self.db.read().await?;
        let row = store::find_run(&mut tx, municipality, import).await?.ok_or_else(|| import_not_found(import))?;
        let run = read_run(row)?;
        // A run tells of all schools in the file, so whoever reaches some schools only sees the own ones.
        let own = run.created_by == staff.name;
        match staff.scope(right_for(run.kind)) {
            Ok(scope) if scope.whole(municipality).is_some() => Ok(run),
            Ok(scope) if own && scope.area(municipality).is_some() => Ok(run),
            _ => Err(import_not_found(import)),
        }
    }

    /// Runs of an owner before an id, the newest first. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn list(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<ImportRun>> {
        let devices = staff.area_for(Right::ImportDevices, municipality);
        let schools = staff.area_for(Right::EditSchools, municipality);
        if let (Err(refusal), Err(_)) = (&devices, &schools) {
            return Err(Error::new(refusal.kind, refusal.reason, refusal.message.clone()));
        }
        let mut tx = self.db.read().await?;
        let kinds = (devices.is_ok(), schools.is_ok());
        let rows = store::list_runs(&mut tx, municipality, kinds, before, limit).await?;
        rows.into_iter().map(read_run).collect()
    }

    /// Keeps the mapping of a run for the next file with the same header. Reasons: IMPORT_NOT_FOUND, RIGHT_MISSING.
    pub async fn keep_mapping(&self, staff: &Staff, municipality: MunicipalityId, import: Uuid) -> Result<()> {
        let run = self.get(staff, municipality, import).await?;
        let headers: Vec<String> = run.outcome.columns.iter().map(|column| column.header.clone()).collect();
        let mapping = mapping_of(&run.outcome);
        let mut tx = self.db.begin().await?;
        let hash = header_hash(&headers);
        store::keep_mapping(&mut tx, municipality, run.kind, &hash, to_json(&mapping)?, self.clock.now()).await?;
        let deed = Deed {
            municipality: Some(municipality),
            action: "import.keep_mapping",
            subject_kind: "import",
            subject_id: import.to_string(),
            details: serde_json::json!({ "kind": run.kind, "mapping": mapping }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// Reads a file as far as that goes without the devices there are.
    async fn understand(
        &self,
        area: &Area,
        kind: ImportKind,
        options: &ImportOptions,
        content: Arc<Vec<u8>>,
    ) -> Result<Understood> {
        let municipality = area.municipality();
        let mut tx = self.db.read().await?;
        let keeps_names = store::keeps_names(&mut tx, municipality).await?;
        let kept = store::list_mappings(&mut tx, municipality, kind).await?;
        let mut places = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let page = list_schools(&mut tx, area, after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = last.school_id;
            places.extend(page.into_iter().map(|row| (SchoolId(row.school_id), row.code, row.name)));
        }
        drop(tx);
        let correction = Correction { columns: options.mappings.clone(), header_row: options.header_row };
        let read = move || -> Result<Understood, FileProblem> {
            let table = Table::read(kind, &content, &correction, |headers| {
                let hash = header_hash(headers);
                let (_, mapping) = kept.iter().find(|(kept, _)| *kept == hash)?;
                serde_json::from_str(mapping).ok()
            })?;
            let finder = Places::new(places.iter().cloned());
            let read = match kind {
                ImportKind::Devices => devices::read(&table, &finder, keeps_names),
                ImportKind::Schools | ImportKind::Pupils | ImportKind::Calendar => devices::Read::default(),
            };
            let source = devices::source_of(&table);
            let places = Arc::new(places);
            Ok(Understood { table, records: read.records, errors: read.errors, source, places, keeps_names })
        };
        let read = tokio::task::spawn_blocking(read).await;
        Ok(read.map_err(|source| Error::internal("the file could not be read", source))??)
    }

    /// What a file would do.
    async fn foresee(&self, area: &Area, understood: Understood) -> Result<Outcome> {
        let Understood { table, records, mut errors, source, places, keeps_names } = understood;
        let mut outcome = Outcome::of(&table, keeps_names);
        outcome.samples = records.iter().take(SAMPLES).map(|record| sample(record, &places)).collect();
        let mut tx = self.db.read().await?;
        let index = read_index(&mut tx, area.municipality()).await?;
        let Plan { new, met, errors: unmatched } = plan(&table, &index, area, records);
        errors.extend(unmatched);
        outcome.new = count(new.len());
        for chunk in met.chunks(CHUNK) {
            let keys: Vec<_> = chunk.iter().map(|(device, _)| key_of(area, *device)).collect();
            let claims = read_claims(&mut tx, &keys).await?;
            let own: std::collections::HashMap<DeviceId, Claims> = claims
                .into_iter()
                .filter(|claim| claim.source == source)
                .map(|claim| (claim.key.device, claim.claims))
                .collect();
            let news = chunk.iter().filter(|(device, record)| {
                let known = own.get(device);
                let said = |field| known.and_then(|claims| claims.get(field)).map(|claim| &claim.value);
                record.said.iter().any(|(field, value)| said(*field) != Some(value))
            });
            let changed = news.count();
            outcome.changed += count(changed);
            outcome.unchanged += count(chunk.len() - changed);
        }
        outcome.note_errors(errors);
        Ok(outcome)
    }

    /// Does it, inside the transaction.
    #[expect(clippy::too_many_arguments, reason = "each is another thing: where, who, what, how, when, whom to tell")]
    async fn carry_out(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        area: &Area,
        understood: Understood,
        run: &ImportRun,
        now: Timestamp,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<Outcome> {
        let Understood { table, records, mut errors, source, places, keeps_names } = understood;
        let mut outcome = Outcome::of(&table, keeps_names);
        outcome.samples = records.iter().take(SAMPLES).map(|record| sample(record, &places)).collect();
        let index = read_index(tx, area.municipality()).await?;
        let Plan { new, met, errors: unmatched } = plan(&table, &index, area, records);
        drop(index);
        errors.extend(unmatched);
        if !errors.is_empty() && !run.options.skip_errors {
            return Err(has_errors(count(errors.len())));
        }
        let rows_total = count(new.len() + met.len());
        let mut rows_done = 0;
        let mut tell = |done: usize| {
            rows_done += count(done);
            if let Some(progress) = &progress {
                // A listener that is slow or gone does not hold the import up.
                let _told = progress.try_send(Progress { rows_done, rows_total });
            }
        };
        tell(0);
        for chunk in new.chunks(CHUNK) {
            add_devices(tx, area, chunk, source, staff, run, now).await?;
            outcome.new += count(chunk.len());
            tell(chunk.len());
        }
        for chunk in met.chunks(CHUNK) {
            let sayings: Vec<_> = chunk
                .iter()
                .map(|(device, record)| Saying {
                    key: key_of(area, *device),
                    source,
                    said: record.said.clone(),
                    withdrawn: Vec::new(),
                })
                .collect();
            let changed = note_sayings(tx, &sayings, now).await?;
            let events: Vec<_> = changed
                .iter()
                .map(|changed| NewEvent {
                    key: changed.key,
                    kind: EventKind::Changed,
                    occurred_at: now,
                    actor_name: staff.name.clone(),
                    details: serde_json::json!({ "import": run.import, "fields": changed.details() }),
                })
                .collect();
            insert_events(tx, &events, now).await?;
            outcome.changed += count(changed.len());
            outcome.unchanged += count(chunk.len() - changed.len());
            tell(chunk.len());
        }
        outcome.note_errors(errors);
        Ok(outcome)
    }
}

async fn add_devices(
    tx: &mut Tx,
    area: &Area,
    records: &[DeviceRecord],
    source: Source,
    staff: &Staff,
    run: &ImportRun,
    now: Timestamp,
) -> Result<()> {
    let (mut added, mut said, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        let key = key_of(area, DeviceId(Uuid::now_v7()));
        let mut claims = Claims::new();
        for (field, value) in &record.said {
            claims.say(*field, value.clone(), now);
        }
        let sources = [(source, claims)];
        added.push((key, shown(&sources).columns()));
        let [(_, claims)] = sources;
        said.push(DeviceClaim { key, source, claims });
        events.push(NewEvent {
            key,
            kind: EventKind::Imported,
            occurred_at: now,
            actor_name: staff.name.clone(),
            details: serde_json::json!({ "import": run.import, "row": record.row }),
        });
    }
    insert_devices(tx, &added, now).await?;
    upsert_claims(tx, &said, now).await?;
    insert_events(tx, &events, now).await
}

fn has_errors(count: u64) -> Error {
    let message = format!("{count} errors; correct the file, or hand it in again and leave out rows with errors");
    Error::new(Kind::Precondition, "IMPORT_HAS_ERRORS", message)
}

fn expired() -> Error {
    Error::new(Kind::Precondition, "IMPORT_EXPIRED", "the file of this import is gone after a day; hand it in again")
}

fn key_of(area: &Area, device: DeviceId) -> DeviceKey {
    DeviceKey { municipality: area.municipality(), device }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

async fn read_index(tx: &mut Tx, municipality: MunicipalityId) -> Result<Index> {
    let mut devices: Vec<Known> = Vec::new();
    let mut after = DeviceId(Uuid::nil());
    loop {
        let page = store::list_known(tx, municipality, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(Index::new(devices)) };
        after = last.device;
        devices.extend(page);
        if devices.len() > MOST_DEVICES {
            let message = format!("more than {MOST_DEVICES} devices of one owner cannot be matched with a file");
            return Err(Error::new(Kind::Precondition, "IMPORT_TOO_MANY_DEVICES", message));
        }
    }
}

/// A row as it was understood, with the name of the school.
fn sample(record: &DeviceRecord, places: &[(SchoolId, Option<String>, String)]) -> Sample {
    let text = |field: Field, value: &FieldValue| match (field, value) {
        (Field::School, FieldValue::Text(id)) => {
            let found = places.iter().find(|(school, _, _)| school.to_string() == *id);
            found.map(|(_, _, name)| name.clone()).unwrap_or_default()
        }
        _ => value.shown_text(field),
    };
    record.said.iter().map(|(field, value)| (field.name().to_owned(), text(*field, value))).collect()
}

/// The whole mapping of a run, so that nothing is guessed next time.
fn mapping_of(outcome: &Outcome) -> Vec<(String, String)> {
    let named = outcome.columns.iter().filter(|column| !column.header.is_empty());
    named
        .map(|column| {
            let field = if column.field.is_empty() { "ignore" } else { column.field.as_str() };
            (column.header.clone(), field.to_owned())
        })
        .collect()
}

fn header_hash(headers: &[String]) -> Vec<u8> {
    digest(&SHA256, headers.join("\u{1f}").as_bytes()).as_ref().to_vec()
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|source| Error::internal("an import could not be written as JSON", source))
}

fn kept_outcome(outcome: &Outcome) -> Result<String> {
    let mut kept = outcome.clone();
    kept.errors.truncate(KEPT_ERRORS);
    to_json(&kept)
}

fn read_run(row: RunRow) -> Result<ImportRun> {
    let damaged = |what: &'static str| Error::internal("a stored import cannot be read", what);
    Ok(ImportRun {
        municipality: MunicipalityId(row.municipality_id),
        import: Some(row.import_id),
        kind: ImportKind::from_number(row.kind).ok_or_else(|| damaged("kind"))?,
        state: RunState::from_number(row.state).ok_or_else(|| damaged("state"))?,
        file_name: row.file_name,
        options: serde_json::from_str(&row.options).map_err(|_| damaged("options"))?,
        outcome: serde_json::from_str(&row.outcome).map_err(|_| damaged("outcome"))?,
        created_at: Timestamp(row.created_at),
        created_by: row.created_by,
        finished_at: row.finished_at.map(Timestamp),
        version: row.version,
    })
}
