//! Pages of files in: choose a file, look at what it would change, correct the columns, apply.

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Multipart, Path, Query, State},
    routing::{get, post},
};
use http::StatusCode;
use serde::Deserialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    access::{
        pages::SignedIn,
        rules::{MunicipalityId, Right},
        service::Access,
    },
    clock::Timestamp,
    console::{
        Fields, Language, PageResult, Respond as _, Shell, UPLOAD_BYTES, page,
        progress::{Ending, Step, growing},
        see_other,
        words::{devices::value_text, faults::sentence},
    },
    devices::{
        rules::import::{
            ImportKind,
            columns::ColumnField,
            outcome::{ErrorView, Outcome},
        },
        service::import::{HandedIn, ImportOptions, ImportRun, Imports, Progress},
        store::import::RunState,
    },
    error::{Error, Kind, Result, says},
};

/// Runs of the list.
const RUNS: i64 = 30;
/// Rows from which on a person is shown how far the file is.
const LONG: u64 = 5_000;
/// Errors on a page.
const ERRORS: usize = 300;

/// What the pages work with.
#[derive(Debug, Clone)]
pub struct ImportPages {
    imports: Imports,
    access: Access,
}

/// The pages of files in.
pub fn routes(imports: Imports, access: Access) -> Router {
    Router::new()
        .route("/imports", get(start).post(hand_in).layer(DefaultBodyLimit::max(UPLOAD_BYTES)))
        .route("/imports/{municipality}/{import}", get(show))
        .route("/imports/{municipality}/{import}/again", post(again))
        .route("/imports/{municipality}/{import}/apply", post(apply))
        .with_state(ImportPages { imports, access })
}

struct RunLine {
    path: String,
    file_name: String,
    kind: &'static str,
    state: &'static str,
    tone: &'static str,
    rows: u64,
    created_by: String,
    created_at: Timestamp,
}

impl RunLine {
    fn of(run: &ImportRun, shell: &Shell) -> Self {
        let w = &shell.w.imports;
        let (state, tone) = match run.state {
            RunState::Previewed => (w.state_previewed, "warning"),
            RunState::Applied => (w.state_applied, "good"),
            RunState::Expired => (w.state_expired, "quiet"),
        };
        Self {
            path: format!("/imports/{}/{}", run.municipality, run.import.unwrap_or_default()),
            file_name: if run.file_name.is_empty() { String::from("-") } else { run.file_name.clone() },
            kind: kind_text(shell, run.kind),
            state,
            tone,
            rows: run.outcome.rows,
            created_by: run.created_by.clone(),
            created_at: run.created_at,
        }
    }
}

fn kind_text(shell: &Shell, kind: ImportKind) -> &'static str {
    let w = &shell.w.imports;
    match kind {
        ImportKind::Devices => w.kind_devices,
        ImportKind::Schools => w.kind_schools,
        ImportKind::Pupils => w.kind_pupils,
        ImportKind::Calendar => w.kind_calendar,
    }
}

#[derive(Template)]
#[template(path = "imports/start.html")]
struct StartPage {
    shell: Shell,
    refusal: Option<String>,
    municipality: String,
    owners: Vec<(String, String)>,
    exporters: Vec<(String, String)>,
    kinds: Vec<(i64, &'static str)>,
    runs: Vec<RunLine>,
}

#[derive(Template)]
#[template(path = "imports/run.html")]
struct RunPage {
    shell: Shell,
    refusal: Option<String>,
    municipality: String,
    run: RunLine,
    outcome: Outcome,
    errors: Vec<ErrorView>,
    more_errors: u64,
    fields: Vec<(&'static str, String)>,
    skip_errors: bool,
    waits: bool,
    version: i64,
    ja: bool,
}

#[derive(Debug, Deserialize)]
struct Look {
    #[serde(default)]
    municipality: String,
}

/// What a refusal that a person can put right here says; other faults stay errors, for their page.
fn told(language: Language, error: Error) -> Result<String> {
    match error.kind {
        Kind::Invalid | Kind::Precondition => {}
        Kind::NotFound
        | Kind::Exists
        | Kind::Conflict
        | Kind::Unauthenticated
        | Kind::Denied
        | Kind::Exhausted
        | Kind::Unavailable
        | Kind::Internal => return Err(error),
    }
    Ok(sentence(language, &error.message))
}

async fn start(person: SignedIn, State(pages): State<ImportPages>, Query(look): Query<Look>) -> PageResult {
    show_start(person, pages, look.municipality, None).await
}

async fn show_start(person: SignedIn, pages: ImportPages, municipality: String, refusal: Option<String>) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let named = |owners: &[(MunicipalityId, String, String)]| -> Vec<(String, String)> {
        owners.iter().map(|(id, code, name)| (id.to_string(), format!("{name} ({code})"))).collect()
    };
    let owners = named(pages.access.place_names(staff, Right::ImportDevices, &[]).await?.owners());
    let exporters = named(pages.access.place_names(staff, Right::Export, &[]).await?.owners());
    if owners.is_empty() && exporters.is_empty() {
        staff.scope(Right::ImportDevices)?;
    }
    let chosen = match municipality.as_str() {
        "" => owners.first().map(|(id, _)| id.clone()).unwrap_or_default(),
        _ => municipality,
    };
    let runs = match Uuid::try_parse(&chosen) {
        Ok(owner) if owners.iter().any(|(id, _)| *id == chosen) => {
            pages.imports.list(staff, MunicipalityId(owner), Uuid::max(), RUNS).await?
        }
        _ => Vec::new(),
    };
    let runs = runs.iter().map(|run| RunLine::of(run, &shell)).collect();
    let kinds = ImportKind::ALL.into_iter().map(|kind| (kind.to_number(), kind_text(&shell, kind))).collect();
    let status = if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(status, &StartPage { shell, refusal, municipality: chosen, owners, exporters, kinds, runs })
}

async fn hand_in(person: SignedIn, State(pages): State<ImportPages>, upload: Multipart) -> PageResult {
    let language = person.shell.language;
    let file = match read_upload(upload).await {
        Ok(file) => file,
        Err(error) => return show_start(person, pages, String::new(), Some(told(language, error)?)).await,
    };
    let owner = file.municipality;
    if file.content.is_empty() {
        let text = person.shell.w.imports.file_missing.to_owned();
        return show_start(person, pages, owner.to_string(), Some(text)).await;
    }
    match pages.imports.preview(&person.staff, file, false).await {
        Ok(run) => Ok(see_other(&path_of(&run))),
        Err(error) => show_start(person, pages, owner.to_string(), Some(told(language, error)?)).await,
    }
}

fn path_of(run: &ImportRun) -> String {
    format!("/imports/{}/{}", run.municipality, run.import.unwrap_or_default())
}

async fn read_upload(mut upload: Multipart) -> Result<HandedIn> {
    let mut file = HandedIn {
        municipality: MunicipalityId(Uuid::nil()),
        kind: ImportKind::Devices,
        file_name: String::new(),
        options: ImportOptions::default(),
        content: Vec::new(),
    };
    while let Some(field) = upload.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            file.file_name =
                field.file_name().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect();
            file.content = field.bytes().await?.to_vec();
            continue;
        }
        let text = field.text().await?;
        match name.as_str() {
            "municipality" => file.municipality = MunicipalityId(Uuid::try_parse(&text).unwrap_or_default()),
            "kind" => {
                let kind = text.parse().ok().and_then(ImportKind::from_number);
                file.kind = kind.ok_or_else(|| Error::invalid_field("kind", says::files::file_kind()))?;
            }
            "header_row" => file.options.header_row = text.trim().parse().ok().filter(|row| *row > 0),
            "skip_errors" => file.options.skip_errors = true,
            "mapping" => {
                let pairs = text.lines().take(200).filter_map(|line| line.trim().rsplit_once(['=', '\u{ff1d}']));
                file.options.mappings =
                    pairs.map(|(column, field)| (column.trim().to_owned(), field.trim().to_owned())).collect();
            }
            _other => {}
        }
    }
    Ok(file)
}

async fn show(
    person: SignedIn,
    State(pages): State<ImportPages>,
    Path((owner, import)): Path<(Uuid, Uuid)>,
) -> PageResult {
    show_run(person, pages, owner, import, None).await
}

async fn show_run(
    person: SignedIn,
    pages: ImportPages,
    owner: Uuid,
    import: Uuid,
    refusal: Option<String>,
) -> PageResult {
    let run = pages.imports.get(&person.staff, MunicipalityId(owner), import).await?;
    let shell = person.shell;
    let line = RunLine::of(&run, &shell);
    let mut outcome = run.outcome;
    let mut errors = std::mem::take(&mut outcome.errors);
    errors.truncate(ERRORS);
    let shown = u64::try_from(errors.len()).unwrap_or(u64::MAX);
    let ja = shell.language.is_ja();
    let title = |field: ColumnField| if ja { field.title().to_owned() } else { capitalised(field.name()) };
    let fields = ColumnField::of_kind(run.kind).map(|field| (field.name(), title(field)));
    for (name, value) in outcome.samples.iter_mut().flatten() {
        *value = value_text(shell.language, value);
        let column = match name.as_str() {
            "os_kind" => "os",
            "class_name" => "class",
            same => same,
        };
        if let Some(field) = ColumnField::from_name(run.kind, column) {
            *name = title(field);
        }
    }
    let view = RunPage {
        refusal,
        municipality: owner.to_string(),
        run: line,
        more_errors: outcome.error_count.saturating_sub(shown),
        errors,
        fields: fields.collect(),
        skip_errors: run.options.skip_errors,
        waits: run.state == RunState::Previewed,
        version: run.version,
        ja,
        outcome,
        shell,
    };
    page(if view.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &view)
}

/// A name of the contract as English people read it: `serial_number` is "Serial number".
fn capitalised(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

async fn again(
    person: SignedIn,
    State(pages): State<ImportPages>,
    Path((owner, import)): Path<(Uuid, Uuid)>,
    fields: Fields,
) -> PageResult {
    let staff = &person.staff;
    let run = pages.imports.get(staff, MunicipalityId(owner), import).await?;
    let mappings = run.outcome.columns.iter().filter_map(|column| {
        let said = fields.some(&column.letter)?;
        Some((column.letter.clone(), said.to_owned()))
    });
    let options = ImportOptions {
        mappings: mappings.collect(),
        header_row: Some(run.outcome.header_row),
        skip_errors: fields.has("skip_errors"),
    };
    let outcome = pages.imports.preview_again(staff, MunicipalityId(owner), import, options).await;
    match outcome {
        Ok(run) => {
            if let Some(kept) = run.import.filter(|_| fields.has("keep")) {
                pages.imports.keep_mapping(staff, run.municipality, kept).await?;
            }
            Ok(see_other(&path_of(&run)))
        }
        Err(error) => {
            let text = told(person.shell.language, error)?;
            show_run(person, pages, owner, import, Some(text)).await
        }
    }
}

async fn apply(
    person: SignedIn,
    State(pages): State<ImportPages>,
    Path((owner, import)): Path<(Uuid, Uuid)>,
    fields: Fields,
) -> PageResult {
    let seen = fields.get("version").parse().ok();
    let run = pages.imports.get(&person.staff, MunicipalityId(owner), import).await?;
    if run.outcome.rows >= LONG {
        return apply_slowly(&person, pages, &run, seen);
    }
    match pages.imports.apply(&person.staff, MunicipalityId(owner), import, seen, None).await {
        Ok(run) => Ok(see_other(&path_of(&run)).flash(person.shell.w.imports.applied)),
        Err(error) => {
            let text = told(person.shell.language, error)?;
            show_run(person, pages, owner, import, Some(text)).await
        }
    }
}

/// Applies a long file and shows how far it is. It goes on if the browser leaves.
fn apply_slowly(person: &SignedIn, pages: ImportPages, run: &ImportRun, seen: Option<i64>) -> PageResult {
    let (staff, owner, import) = (person.staff.clone(), run.municipality, run.import.unwrap_or_default());
    let (language, path, applied) = (person.shell.language, path_of(run), person.shell.w.imports.applied);
    let (told_sender, mut told_steps) = mpsc::channel::<Progress>(64);
    let work = tokio::spawn(async move { pages.imports.apply(&staff, owner, import, seen, Some(told_sender)).await });
    let (sender, steps) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(Progress { rows_done, rows_total }) = told_steps.recv().await {
            let _gone = sender.send(Step { done: rows_done, all: rows_total }).await;
        }
    });
    let end = async move {
        let outcome = work.await.unwrap_or_else(|source| Err(Error::internal("an import ended early", source)));
        let text = match outcome.map_err(|error| told(language, error)) {
            Ok(_run) => return Ending { text: applied.to_owned(), path, stays: false },
            Err(Ok(text)) => text,
            Err(Err(error)) => {
                tracing::warn!(error = error.chain(), "an import of a page failed");
                sentence(language, &error.message)
            }
        };
        Ending { text, path, stays: true }
    };
    growing(&person.shell, &RunLine::of(run, &person.shell).file_name, steps, end)
}
