//! Files on their way in: looked at first, applied whole or not at all.
//!
//! A blank cell says nothing, so it takes nothing away. What a ledger says is a claim of the ledger, what a vendor's console
//! says one of the console; what is shown follows by precedence as for every other source. The same file a second time
//! changes nothing.

mod ledger;
mod reading;
mod school_files;

use std::{sync::Arc, time::Duration};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::reading::header_hash;
use crate::{
    access::{
        rules::{Right, Staff},
        service::{
            Access,
            audit::{Actor, Deed},
        },
    },
    clock::{Clock, Timestamp},
    db::Db,
    devices::{
        rules::import::{FILE_BYTES, ImportKind, outcome::Outcome, problems::FileProblem},
        store::import::{self as store, NewRun, RunRow, RunState},
    },
    error::{Error, Kind, Result, says::files as say},
    schools::{rules::MunicipalityId, service::Schools},
};

/// Rows that a preview shows as they were understood.
const SAMPLES: usize = 5;
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
    /// The person or the token of the installation that did: names are not unique.
    pub creator: Option<Uuid>,
    /// When it was applied.
    pub finished_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

/// What is stored beside a run of how it came.
#[derive(Debug, Serialize, Deserialize)]
struct Handed {
    #[serde(flatten)]
    options: ImportOptions,
    #[serde(default)]
    creator: Option<Uuid>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are done.
    pub rows_done: u64,
    /// Rows in all.
    pub rows_total: u64,
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
    Error::not_found("IMPORT_NOT_FOUND", say::import_unknown(import))
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
            creator: Actor::from(staff).id,
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
            options: to_json(&Handed { options: run.options.clone(), creator: run.creator })?,
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
                return Err(Error::new(Kind::Precondition, "IMPORT_APPLIED", say::import_applied()));
            }
            RunState::Expired => return Err(expired()),
        }
        let changed_since = || Error::new(Kind::Conflict, "ETAG_MISMATCH", say::import_changed());
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
        if may_see(staff, &run) { Ok(run) } else { Err(import_not_found(import)) }
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
        let (mut seen, mut before) = (Vec::new(), before);
        // A page is full of what the caller may see, however much lies between.
        loop {
            let rows = store::list_runs(&mut tx, municipality, kinds, before, limit).await?;
            let Some(last) = rows.last() else { return Ok(seen) };
            before = last.import_id;
            for row in rows {
                let run = read_run(row)?;
                if may_see(staff, &run) {
                    seen.push(run);
                }
                if i64::try_from(seen.len()).is_ok_and(|count| count >= limit) {
                    return Ok(seen);
                }
            }
        }
    }

    /// Keeps the mapping of a run for the next file of the owner with the same header, whoever hands it in; so the right has to
    /// be over all of the owner. Reasons: IMPORT_NOT_FOUND, RIGHT_MISSING.
    pub async fn keep_mapping(&self, staff: &Staff, municipality: MunicipalityId, import: Uuid) -> Result<()> {
        let run = self.get(staff, municipality, import).await?;
        if !staff.area_for(right_for(run.kind), municipality)?.covers(None) {
            return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::mapping_for_whole()));
        }
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
}

/// A run tells of all schools in the file, so whoever reaches some schools only sees the own ones.
fn may_see(staff: &Staff, run: &ImportRun) -> bool {
    let own = run.creator.is_some() && run.creator == Actor::from(staff).id;
    staff
        .scope(right_for(run.kind))
        .is_ok_and(|scope| scope.whole(run.municipality).is_some() || (own && scope.area(run.municipality).is_some()))
}

fn has_errors(count: u64) -> Error {
    Error::new(Kind::Precondition, "IMPORT_HAS_ERRORS", say::import_has_errors(count))
}

fn expired() -> Error {
    Error::new(Kind::Precondition, "IMPORT_EXPIRED", say::import_expired())
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
    let Handed { options, creator } = serde_json::from_str(&row.options).map_err(|_| damaged("options"))?;
    Ok(ImportRun {
        municipality: MunicipalityId(row.municipality_id),
        import: Some(row.import_id),
        kind: ImportKind::from_number(row.kind).ok_or_else(|| damaged("kind"))?,
        state: RunState::from_number(row.state).ok_or_else(|| damaged("state"))?,
        file_name: row.file_name,
        options,
        outcome: serde_json::from_str(&row.outcome).map_err(|_| damaged("outcome"))?,
        created_at: Timestamp(row.created_at),
        created_by: row.created_by,
        creator,
        finished_at: row.finished_at.map(Timestamp),
        version: row.version,
    })
}
