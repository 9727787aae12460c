//! ImportService: files on their way in.

use std::pin::Pin;

use gigafleet_proto::v1::{self, import_service_server::ImportService};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::{
    rules::import::{FILE_BYTES, ImportKind, export::Encoding, outcome::Outcome, problems::FileProblem},
    service::import::{HandedIn, ImportOptions, ImportRun, Imports, Progress},
    store::import::RunState,
};
use crate::{
    access::service::Access,
    error::{
        Error, FieldViolation, Result as ServerResult,
        says::{fields, files as say},
    },
    grpc::{caller, page},
    schools::rules::{MunicipalityId, parse_page_size, parse_text, parse_uuid},
};

/// The encoding of a file; UTF-8 where none is said.
pub fn encoding_of(encoding: v1::ExportEncoding) -> Encoding {
    match encoding {
        v1::ExportEncoding::Unspecified | v1::ExportEncoding::Utf8 => Encoding::Utf8,
        v1::ExportEncoding::Cp932 => Encoding::Cp932,
    }
}

/// Most bytes of one piece of a file.
pub const PIECE_BYTES: usize = 512 << 10;
/// Most corrections.
const CORRECTIONS: usize = 200;

/// Answers staff about imports.
#[derive(Debug, Clone)]
pub struct ImportGrpc {
    imports: Imports,
    access: Access,
}

impl ImportGrpc {
    /// Answers with these services.
    pub fn new(imports: Imports, access: Access) -> Self {
        Self { imports, access }
    }
}

fn kind_of(kind: v1::ImportKind) -> Result<ImportKind, FieldViolation> {
    match kind {
        v1::ImportKind::Unspecified => Err(FieldViolation::new("options.kind", say::file_kind())),
        v1::ImportKind::Devices => Ok(ImportKind::Devices),
        v1::ImportKind::Schools => Ok(ImportKind::Schools),
        v1::ImportKind::Pupils => Ok(ImportKind::Pupils),
        v1::ImportKind::Calendar => Ok(ImportKind::Calendar),
    }
}

fn state_of(state: RunState) -> v1::ImportState {
    match state {
        RunState::Previewed => v1::ImportState::Previewed,
        RunState::Applied => v1::ImportState::Applied,
        RunState::Expired => v1::ImportState::Expired,
    }
}

fn handed_in(options: v1::ImportOptions) -> ServerResult<(HandedIn, bool)> {
    let mut refused = Vec::new();
    let kind = page::collect(kind_of(options.kind()), &mut refused);
    let owner = page::collect(parse_uuid("options.municipality_id", &options.municipality_id), &mut refused);
    let file_name = page::collect(parse_text("options.file_name", &options.file_name, 200), &mut refused);
    if options.mappings.len() > CORRECTIONS {
        let message = say::entries_too_many(options.mappings.len(), CORRECTIONS);
        refused.push(FieldViolation::new("options.mappings", message));
    }
    let (Some(kind), Some(owner), Some(file_name), true) = (kind, owner, file_name, refused.is_empty()) else {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    };
    let handed_in = HandedIn {
        municipality: MunicipalityId(owner),
        kind,
        file_name,
        options: ImportOptions {
            mappings: options.mappings.into_iter().map(|mapping| (mapping.column, mapping.field)).collect(),
            header_row: Some(options.header_row).filter(|row| *row > 0),
            skip_errors: options.skip_errors,
        },
        content: Vec::new(),
    };
    Ok((handed_in, options.dry_run))
}

fn run_message(run: ImportRun) -> v1::ImportRun {
    let kind = match run.kind {
        ImportKind::Devices => v1::ImportKind::Devices,
        ImportKind::Schools => v1::ImportKind::Schools,
        ImportKind::Pupils => v1::ImportKind::Pupils,
        ImportKind::Calendar => v1::ImportKind::Calendar,
    };
    let Outcome {
        format,
        delimiter,
        header_row,
        vendor,
        columns,
        rows,
        new,
        changed,
        unchanged,
        rows_with_errors,
        error_count,
        errors,
        samples,
    } = run.outcome;
    v1::ImportRun {
        import_id: run.import.map(|id| id.to_string()).unwrap_or_default(),
        municipality_id: run.municipality.to_string(),
        kind: kind.into(),
        state: state_of(run.state).into(),
        file_name: run.file_name,
        format,
        delimiter,
        header_row,
        vendor,
        columns: columns
            .into_iter()
            .map(|column| v1::ImportColumn {
                letter: column.letter,
                header: column.header,
                field: column.field,
                corrected: column.corrected,
                dropped: column.dropped,
            })
            .collect(),
        row_count: rows,
        new_count: new,
        changed_count: changed,
        unchanged_count: unchanged,
        error_row_count: rows_with_errors,
        error_count,
        errors: errors
            .into_iter()
            .map(|error| v1::ImportRowError {
                row: error.row,
                column_letter: error.letter,
                column_header: error.header,
                value: error.value,
                code: error.code,
                problem_ja: error.problem_ja,
                problem_en: error.problem_en,
                right_ja: error.right_ja,
                right_en: error.right_en,
            })
            .collect(),
        samples: samples
            .into_iter()
            .map(|sample| v1::ImportSample {
                fields: sample.into_iter().map(|(field, value)| v1::ImportSampleField { field, value }).collect(),
            })
            .collect(),
        skip_errors: run.options.skip_errors,
        create_time: Some(run.created_at.to_proto()),
        created_by: run.created_by,
        finish_time: run.finished_at.map(|at| at.to_proto()),
        etag: if run.import.is_some() { run.version.to_string() } else { String::new() },
    }
}

fn run_id(municipality_id: &str, import_id: &str) -> ServerResult<(MunicipalityId, Uuid)> {
    let mut refused = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality_id), &mut refused);
    let import = page::collect(parse_uuid("import_id", import_id), &mut refused);
    match (owner, import) {
        (Some(owner), Some(import)) => Ok((MunicipalityId(owner), import)),
        _ => Err(Error::invalid_fields("FIELD_INVALID", refused)),
    }
}

#[tonic::async_trait]
impl ImportService for ImportGrpc {
    type ApplyImportStream = Pin<Box<dyn Stream<Item = Result<v1::ApplyImportResponse, Status>> + Send>>;

    async fn preview_import(
        &self,
        request: Request<Streaming<v1::PreviewImportRequest>>,
    ) -> Result<Response<v1::PreviewImportResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let mut pieces = request.into_inner();
        let mut known: Option<(HandedIn, bool)> = None;
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            let (file, _) = match (&mut known, piece.options) {
                (Some(known), None) => known,
                (None, Some(options)) => known.insert(handed_in(options)?),
                (Some(_), Some(_)) => {
                    return Err(Error::invalid_field("options", say::first_message_only()).into());
                }
                (None, None) => return Err(Error::invalid_field("options", say::first_message_missing()).into()),
            };
            if piece.content.len() > PIECE_BYTES {
                return Err(Error::invalid_field("content", say::piece_too_large(PIECE_BYTES)).into());
            }
            if file.content.len() + piece.content.len() > FILE_BYTES {
                return Err(Error::from(FileProblem::TooLarge).into());
            }
            file.content.extend_from_slice(&piece.content);
        }
        let Some((file, dry_run)) = known else {
            return Err(Error::invalid_field("options", say::first_message_missing()).into());
        };
        let run = self.imports.preview(&staff, file, dry_run).await?;
        Ok(Response::new(v1::PreviewImportResponse { import_run: Some(run_message(run)) }))
    }

    async fn apply_import(
        &self,
        request: Request<v1::ApplyImportRequest>,
    ) -> Result<Response<Self::ApplyImportStream>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, import) = run_id(&request.municipality_id, &request.import_id)?;
        let seen = match request.etag.as_str() {
            "" => None,
            etag => Some(etag.parse().map_err(|_| Error::invalid_field("etag", fields::etag_unknown()))?),
        };
        // What is not there is refused before anything streams.
        self.imports.get(&staff, owner, import).await?;
        let (answers, receiver) = mpsc::channel(16);
        let imports = self.imports.clone();
        tokio::spawn(async move {
            let (progress, mut told) = mpsc::channel::<Progress>(16);
            let listener = answers.clone();
            let telling = tokio::spawn(async move {
                while let Some(done) = told.recv().await {
                    let answer = v1::ApplyImportResponse {
                        rows_done: done.rows_done,
                        rows_total: done.rows_total,
                        import_run: None,
                    };
                    if listener.send(Ok(answer)).await.is_err() {
                        return;
                    }
                }
            });
            let outcome = imports.apply(&staff, owner, import, seen, Some(progress)).await;
            let _told_all = telling.await;
            let answer = outcome.map(|run| {
                let rows = run.outcome.new + run.outcome.changed + run.outcome.unchanged;
                v1::ApplyImportResponse { rows_done: rows, rows_total: rows, import_run: Some(run_message(run)) }
            });
            let _nobody_waits = answers.send(answer.map_err(Status::from)).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_import(
        &self,
        request: Request<v1::GetImportRequest>,
    ) -> Result<Response<v1::GetImportResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, import) = run_id(&request.municipality_id, &request.import_id)?;
        let run = self.imports.get(&staff, owner, import).await?;
        Ok(Response::new(v1::GetImportResponse { import_run: Some(run_message(run)) }))
    }

    async fn list_imports(
        &self,
        request: Request<v1::ListImportsRequest>,
    ) -> Result<Response<v1::ListImportsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_uuid("municipality_id", &request.municipality_id)).map(MunicipalityId)?;
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_token::<16>(&request.page_token)?.map_or(Uuid::max(), Uuid::from_bytes);
        let runs = self.imports.list(&staff, owner, before, limit).await?;
        let token = |last: &ImportRun| page::write_token(&[last.import.unwrap_or_default().as_bytes()]);
        let next_page_token = page::next(&runs, limit, token);
        let short = |mut run: ImportRun| {
            run.outcome.errors.clear();
            run.outcome.samples.clear();
            run_message(run)
        };
        Ok(Response::new(v1::ListImportsResponse {
            import_runs: runs.into_iter().map(short).collect(),
            next_page_token,
        }))
    }

    async fn save_import_mapping(
        &self,
        request: Request<v1::SaveImportMappingRequest>,
    ) -> Result<Response<v1::SaveImportMappingResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, import) = run_id(&request.municipality_id, &request.import_id)?;
        self.imports.keep_mapping(&staff, owner, import).await?;
        Ok(Response::new(v1::SaveImportMappingResponse {}))
    }
}
