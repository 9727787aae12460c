//! `gigafleet import` and `gigafleet export`: files in and out.

use std::{
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;
use serde_json::Value;

use super::{
    client::{Client, ClientArgs, answer, promised},
    device_lists::SelectArgs,
    failure::{Failure, Result},
    json::{self, Object},
    output::{print, remark},
    table::{self, Column},
};

/// Bytes of one piece of a file.
const PIECE: usize = 256 << 10;
/// Most bytes of a file.
const FILE_BYTES: u64 = 32 << 20;
/// Errors that are shown to a person.
const SHOWN_ERRORS: usize = 50;
/// Longest that an import may take.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// What the file is about.
    kind: FileKind,
    /// CSV (UTF-8, CP932, UTF-16) or XLSX, at most 32 MiB.
    file: PathBuf,
    /// 全国地方公共団体コード of the owner, six digits.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// Only say what the file would change.
    #[arg(long)]
    dry_run: bool,
    /// What a column means: its header or letter, and a field or `ignore`. Can be repeated.
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = parse_mapping)]
    mappings: Vec<(String, String)>,
    /// The row of the header, counted from 1, where it is not found by itself.
    #[arg(long, value_name = "ROW", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    header_row: Option<u32>,
    /// Leave rows with errors out instead of refusing the file.
    #[arg(long)]
    skip_errors: bool,
    /// Keep the mapping for the next file with the same header.
    #[arg(long)]
    keep_mapping: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileKind {
    /// A ledger of devices, or an export of a vendor's console.
    Devices,
    /// Schools with their codes.
    Schools,
    /// Pupils of schools by fiscal year.
    Pupils,
    /// Terms, vacations and days off.
    Calendar,
}

fn parse_mapping(text: &str) -> Result<(String, String), String> {
    let (column, field) = text.rsplit_once('=').ok_or("needs COLUMN=FIELD, for example 番号=seat_number")?;
    Ok((column.to_owned(), field.to_owned()))
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Devices as CSV.
    Devices(Box<ExportDevicesArgs>),
}

#[derive(Debug, Args)]
struct ExportDevicesArgs {
    /// Only of the municipality with this code (全国地方公共団体コード), six digits.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Only of this school, by name or id.
    #[arg(long, value_name = "SCHOOL", requires = "municipality")]
    school: Option<String>,
    #[command(flatten)]
    select: SelectArgs,
    /// The encoding of the file.
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: FileEncoding,
    /// Write here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A list as a file instead of a table.
#[derive(Debug, Args)]
pub(super) struct CsvArgs {
    /// Write CSV for a spreadsheet, as the console does: needs the right to export, and stands in the audit log.
    #[arg(long)]
    pub(super) csv: bool,
    /// The encoding of the file.
    #[arg(long, value_enum, default_value = "utf-8", requires = "csv")]
    encoding: FileEncoding,
    /// Write the file here instead of to standard output.
    #[arg(long, value_name = "FILE", requires = "csv")]
    out: Option<PathBuf>,
}

impl CsvArgs {
    /// As the contract names it.
    pub(super) fn encoding(&self) -> v1::ExportEncoding {
        self.encoding.into()
    }

    /// Writes the file that the server made.
    pub(super) fn write(&self, file: &[u8], replaced: u64) -> Result<()> {
        write_out(file, self.out.as_deref())?;
        tell_replaced(replaced);
        Ok(())
    }
}

fn unwritable(error: std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::PipeClosed,
        _ => Failure::told(format!("the file could not be written: {error}"), "look at the folder and its space"),
    }
}

/// Where a file goes; nowhere named is standard output.
fn open_out(out: Option<&Path>) -> Result<Box<dyn std::io::Write + Send>> {
    Ok(match out {
        Some(path) => Box::new(std::fs::File::create(path).map_err(unwritable)?),
        None => Box::new(std::io::stdout()),
    })
}

/// Writes a whole file; nowhere named is standard output.
pub(super) fn write_out(bytes: &[u8], out: Option<&Path>) -> Result<()> {
    let mut out = open_out(out)?;
    out.write_all(bytes).and_then(|()| out.flush()).map_err(unwritable)
}

/// Remarks how many characters of a file its encoding lacks.
pub(super) fn tell_replaced(replaced: u64) {
    if replaced > 0 {
        remark(&format!("{replaced} characters that CP932 lacks became 〓; --encoding utf-8 keeps them"));
    }
}

impl From<FileEncoding> for v1::ExportEncoding {
    fn from(encoding: FileEncoding) -> Self {
        match encoding {
            FileEncoding::Utf8 => Self::Utf8,
            FileEncoding::Cp932 => Self::Cp932,
        }
    }
}

/// The encoding of a file that comes out.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FileEncoding {
    /// UTF-8 with the mark that Excel needs.
    #[value(name = "utf-8")]
    Utf8,
    /// CP932, for programs that know nothing else.
    Cp932,
}

/// Takes a file in.
pub(super) async fn import(args: ImportArgs) -> Result<()> {
    let content = read_file(&args.file)?;
    let client = args.client.open().await?;
    let owner = client.municipality(&args.municipality).await?;
    let run = preview(&client, &args, &owner, content).await?;
    if args.keep_mapping && !args.dry_run {
        let request = v1::SaveImportMappingRequest {
            municipality_id: owner.municipality_id.clone(),
            import_id: run.import_id.clone(),
        };
        answer(client.imports().save_import_mapping(request)).await?;
    }
    let refused = run.error_count > 0 && !args.skip_errors;
    if args.dry_run || refused {
        show(&run, args.client.json)?;
        return match refused {
            true => Err(Failure::told(
                format!("{} of {} rows have errors; nothing was changed", run.error_row_count, run.row_count),
                "correct the file, say with --map what a column means, or leave such rows out with --skip-errors",
            )),
            false => Ok(()),
        };
    }
    let run = apply(&client, run, true).await?;
    show(&run, args.client.json)
}

/// Reads a file that is to be handed in, of at most [`FILE_BYTES`].
pub(super) fn read_file(file: &Path) -> Result<Vec<u8>> {
    let name = file.display();
    let unreadable = |error: std::io::Error| {
        Failure::told(format!("the file {name} cannot be read: {error}"), "look at its name and its rights")
    };
    let file = std::fs::File::open(file).map_err(unreadable)?;
    let mut content = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if u64::try_from(content.len()).is_ok_and(|bytes| bytes > FILE_BYTES) {
        return Err(Failure::told(
            format!("the file {name} is larger than {} MiB", FILE_BYTES >> 20),
            "split it, or leave out sheets and pictures",
        ));
    }
    Ok(content)
}

async fn preview(
    client: &Client,
    args: &ImportArgs,
    owner: &v1::Municipality,
    content: Vec<u8>,
) -> Result<v1::ImportRun> {
    let kind = match args.kind {
        FileKind::Devices => v1::ImportKind::Devices,
        FileKind::Schools => v1::ImportKind::Schools,
        FileKind::Pupils => v1::ImportKind::Pupils,
        FileKind::Calendar => v1::ImportKind::Calendar,
    };
    let name = args.file.file_name().map(|name| name.to_string_lossy().chars().take(200).collect());
    let mapping =
        |(column, field): &(String, String)| v1::ColumnMapping { column: column.clone(), field: field.clone() };
    let options = v1::ImportOptions {
        municipality_id: owner.municipality_id.clone(),
        kind: kind.into(),
        file_name: name.unwrap_or_default(),
        mappings: args.mappings.iter().map(mapping).collect(),
        header_row: args.header_row.unwrap_or(0),
        skip_errors: args.skip_errors,
        dry_run: args.dry_run,
    };
    hand_in(client, options, content).await
}

/// Hands in a file and gives what would become of it.
pub(super) async fn hand_in(client: &Client, options: v1::ImportOptions, content: Vec<u8>) -> Result<v1::ImportRun> {
    let first = v1::PreviewImportRequest { options: Some(options), content: Vec::new() };
    let rest: Vec<_> = content
        .chunks(PIECE)
        .map(|piece| v1::PreviewImportRequest { options: None, content: piece.to_vec() })
        .collect();
    let pieces = tokio_stream::iter(std::iter::once(first).chain(rest));
    promised(answer(client.imports().preview_import(pieces)).await?.import_run)
}

/// Applies a file that was handed in, and follows it to its end.
pub(super) async fn apply(client: &Client, run: v1::ImportRun, with_progress: bool) -> Result<v1::ImportRun> {
    let request =
        v1::ApplyImportRequest { municipality_id: run.municipality_id, import_id: run.import_id, etag: run.etag };
    let mut answers = answer(client.imports().apply_import(request)).await?;
    let on_terminal = with_progress && std::io::stderr().is_terminal();
    let mut last = None;
    let follow = async {
        while let Some(step) = answers.message().await? {
            if on_terminal {
                draw_progress(step.rows_done, step.rows_total);
            }
            last = step.import_run.or(last.take());
        }
        Ok::<_, tonic::Status>(())
    };
    let followed = tokio::time::timeout(IMPORT_TIMEOUT, follow).await;
    if on_terminal {
        let _nobody_reads = writeln!(std::io::stderr());
    }
    match followed {
        Ok(outcome) => outcome?,
        Err(_) => {
            return Err(Failure::told(
                format!("the import did not end within {} s", IMPORT_TIMEOUT.as_secs()),
                "hand the file in again: what was applied then changes nothing",
            ));
        }
    }
    promised(last)
}

fn draw_progress(done: u64, total: u64) {
    const WIDTH: u64 = 30;
    let filled = (done.min(total) * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let bar: String = (0..WIDTH).map(|at| if at < filled { '#' } else { '.' }).collect();
    let _nobody_reads = write!(std::io::stderr(), "\r[{bar}] {done}/{total}");
}

fn show(run: &v1::ImportRun, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&run_json(run.clone())));
    }
    let applied = run.state() == v1::ImportState::Applied;
    let source = match run.vendor.as_str() {
        "" => String::from("ledger"),
        vendor => vendor.to_owned(),
    };
    print(table::pairs(&[
        (if applied { "imported" } else { "would import" }, run.file_name.clone()),
        ("read as", format!("{}, header in row {}, {source}", run.format, run.header_row)),
        ("rows", run.row_count.to_string()),
        ("new", run.new_count.to_string()),
        ("changed", run.changed_count.to_string()),
        ("unchanged", run.unchanged_count.to_string()),
        ("rows with errors", run.error_row_count.to_string()),
    ]))?;
    for column in &run.columns {
        let meaning = match (column.field.as_str(), column.dropped) {
            ("", _) => String::from("ignored"),
            (field, true) => format!("{field}, dropped"),
            (field, false) => field.to_owned(),
        };
        print(format!("  {:>3} {} → {meaning}", column.letter, column.header))?;
    }
    for error in run.errors.iter().take(SHOWN_ERRORS) {
        let place = match error.column_letter.as_str() {
            "" => format!("row {}", error.row),
            letter => format!("row {} column {letter} {}", error.row, error.column_header),
        };
        let right = if error.right_ja.is_empty() { String::new() } else { format!(" → {}", error.right_ja) };
        print(format!("{place}: 「{}」 {}{right} ({})", error.value, error.problem_ja, error.problem_en))?;
    }
    let rest = run.error_count.saturating_sub(u64::try_from(run.errors.len().min(SHOWN_ERRORS)).unwrap_or(0));
    if rest > 0 {
        print(format!("and {rest} more errors"))?;
    }
    Ok(())
}

fn run_json(run: v1::ImportRun) -> Value {
    let state = run.state().as_str_name();
    let kind = run.kind().as_str_name();
    let v1::ImportRun {
        import_id,
        municipality_id,
        kind: _,
        state: _,
        file_name,
        format,
        delimiter,
        header_row,
        vendor,
        columns,
        row_count,
        new_count,
        changed_count,
        unchanged_count,
        error_row_count,
        error_count,
        errors,
        samples,
        skip_errors,
        create_time,
        created_by,
        finish_time,
        etag,
    } = run;
    Object::default()
        .text("import_id", import_id)
        .value("municipality_id", municipality_id)
        .value("kind", kind)
        .value("state", state)
        .value("file_name", file_name)
        .value("format", format)
        .text("delimiter", delimiter)
        .value("header_row", header_row)
        .text("vendor", vendor)
        .list("columns", columns, column_json)
        .value("row_count", row_count)
        .value("new_count", new_count)
        .value("changed_count", changed_count)
        .value("unchanged_count", unchanged_count)
        .value("error_row_count", error_row_count)
        .value("error_count", error_count)
        .list("errors", errors, error_json)
        .list("samples", samples, |sample| {
            let fields = sample.fields.into_iter().map(|field| (field.field, Value::from(field.value)));
            Value::Object(fields.collect())
        })
        .value("skip_errors", skip_errors)
        .time("create_time", create_time)
        .text("created_by", created_by)
        .time("finish_time", finish_time)
        .text("etag", etag)
        .into()
}

fn column_json(column: v1::ImportColumn) -> Value {
    let v1::ImportColumn { letter, header, field, corrected, dropped } = column;
    Object::default()
        .value("letter", letter)
        .value("header", header)
        .text("field", field)
        .value("corrected", corrected)
        .value("dropped", dropped)
        .into()
}

/// Tells what a file came to of which nothing is recorded where one cell is wrong: with `--json` the counts and all that is wrong, else
/// what is wrong as a table. Fails where anything is.
pub(super) fn tell_faults(counts: Object, errors: Vec<v1::ImportRowError>, as_json: bool) -> Result<()> {
    let wrong = errors.len();
    if as_json {
        print(json::pretty(&counts.list("errors", errors, error_json).into()))?;
    } else if wrong > 0 {
        let row = |error: &v1::ImportRowError| {
            let said = [&error.column_header, &error.value, &error.problem_ja, &error.problem_en].map(Clone::clone);
            [vec![error.row.to_string()], said.to_vec()].concat()
        };
        let columns = [
            Column::Number("ROW"),
            Column::Text("FIELD"),
            Column::Text("VALUE"),
            Column::Text("問題"),
            Column::Text("PROBLEM"),
        ];
        print(table::table(&columns, errors.iter().map(row).collect(), "no errors"))?;
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Failure::told(format!("{wrong} cells are wrong; nothing was recorded"), "correct them in the file")),
    }
}

fn error_json(error: v1::ImportRowError) -> Value {
    let v1::ImportRowError {
        row,
        column_letter,
        column_header,
        value,
        code,
        problem_ja,
        problem_en,
        right_ja,
        right_en,
    } = error;
    Object::default()
        .value("row", row)
        .text("column_letter", column_letter)
        .text("column_header", column_header)
        .value("value", value)
        .value("code", code)
        .value("problem_ja", problem_ja)
        .value("problem_en", problem_en)
        .text("right_ja", right_ja)
        .text("right_en", right_en)
        .into()
}

/// Takes devices out.
pub(super) async fn export(args: ExportArgs) -> Result<()> {
    let ExportCommand::Devices(wanted) = args.command;
    let client = args.client.open().await?;
    let municipality_id = client.municipality_id(wanted.municipality.as_deref()).await?;
    let school_id = match &wanted.school {
        Some(school) => client.school(Some(&municipality_id), school).await?.school_id,
        None => String::new(),
    };
    let encoding = v1::ExportEncoding::from(wanted.encoding);
    let list = Some(wanted.select.request());
    let request = v1::ExportDevicesRequest { municipality_id, school_id, encoding: encoding.into(), list };
    let mut pieces = answer(client.exports().export_devices(request)).await?;
    let mut out = open_out(wanted.out.as_deref())?;
    let (mut devices, mut replaced) = (0, 0);
    while let Some(piece) = pieces.message().await? {
        out.write_all(&piece.content).map_err(unwritable)?;
        (devices, replaced) = (piece.device_count, piece.replaced_count);
    }
    out.flush().map_err(unwritable)?;
    if args.client.json && wanted.out.is_some() {
        let told = Object::default().value("device_count", devices).value("replaced_count", replaced);
        return print(json::pretty(&told.into()));
    }
    remark(&format!("{devices} devices"));
    tell_replaced(replaced);
    Ok(())
}
