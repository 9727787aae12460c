//! Files in and out, seen from outside: each ledger of `tests/ledgers` gives exactly what stands beside it.

use std::{fs, path::Path};

use gigafleet_proto::v1::{
    ApplyImportRequest, ColumnMapping, CreateSchoolRequest, ExportDevicesRequest, ExportEncoding, ImportKind,
    ImportOptions, ImportRun, ImportState, Municipality, PreviewImportRequest, SaveImportMappingRequest, School,
};
use gigafleet_tests::{Engine, ServerOptions, StaffClient};
use serde_json::Value;
use tonic::{Code, Status};

use crate::refusal::assert_refused;

on_both_engines!(
    ledgers_give_exactly_what_stands_beside_them,
    import_is_applied_once_and_the_same_file_changes_nothing,
    file_with_errors_changes_nothing_unless_rows_are_left_out,
    other_owners_schools_are_never_named,
    schools_pupils_and_calendars_come_from_files,
);

/// An owner with three schools.
struct Town {
    staff: StaffClient,
    owner: Municipality,
    first: School,
}

impl Town {
    async fn make(staff: StaffClient) -> Self {
        let owner = staff.add_municipality("若葉野市").await;
        let request = CreateSchoolRequest {
            municipality_id: owner.municipality_id.clone(),
            code: String::from("B113210000005"),
            name: String::from("第一小学校"),
            ..CreateSchoolRequest::default()
        };
        let first = staff.schools().await.create_school(request).await.expect("a school").into_inner();
        staff.add_school(&owner.municipality_id, "第二小学校").await;
        staff.add_school(&owner.municipality_id, "第二中学校").await;
        Self { staff, owner, first: first.school.expect("the answer holds it") }
    }

    fn options(&self) -> ImportOptions {
        ImportOptions {
            municipality_id: self.owner.municipality_id.clone(),
            kind: ImportKind::Devices.into(),
            file_name: String::from("ledger"),
            ..ImportOptions::default()
        }
    }

    async fn preview(&self, options: ImportOptions, content: &[u8]) -> Result<ImportRun, Status> {
        let mut pieces = vec![PreviewImportRequest { options: Some(options), content: Vec::new() }];
        let piece = |piece: &[u8]| PreviewImportRequest { options: None, content: piece.to_vec() };
        pieces.extend(content.chunks(200_000).map(piece));
        let answer = self.staff.imports().await.preview_import(tokio_stream::iter(pieces)).await?;
        Ok(answer.into_inner().import_run.expect("the answer holds it"))
    }

    async fn apply(&self, run: &ImportRun) -> Result<ImportRun, Status> {
        let request = ApplyImportRequest {
            municipality_id: run.municipality_id.clone(),
            import_id: run.import_id.clone(),
            etag: run.etag.clone(),
        };
        let mut answers = self.staff.imports().await.apply_import(request).await?.into_inner();
        let mut last = None;
        while let Some(answer) = answers.message().await? {
            assert!(answer.rows_done <= answer.rows_total);
            last = answer.import_run;
        }
        Ok(last.expect("the run comes last"))
    }

    async fn export(&self, school_id: &str, encoding: ExportEncoding) -> (Vec<u8>, u64, u64) {
        let request = ExportDevicesRequest {
            municipality_id: self.owner.municipality_id.clone(),
            school_id: school_id.to_owned(),
            encoding: encoding.into(),
            list: None,
        };
        let mut pieces = self.staff.exports().await.export_devices(request).await.expect("an export").into_inner();
        let (mut content, mut devices, mut replaced) = (Vec::new(), 0, 0);
        while let Some(piece) = pieces.message().await.expect("a piece") {
            content.extend(piece.content);
            (devices, replaced) = (piece.device_count, piece.replaced_count);
        }
        (content, devices, replaced)
    }
}

fn ledger(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers").join(name)).expect("the ledger is there")
}

async fn ledgers_give_exactly_what_stands_beside_them(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let town = Town::make(server.staff()).await;
    let before = server.look().await.contents().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the ledgers are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        seen += 1;
        let expected: Value = serde_json::from_slice(&fs::read(&path).expect("it can be read")).expect("JSON");
        let name = expected["file"].as_str().expect("a file");
        let outcome = town.preview(ImportOptions { dry_run: true, ..town.options() }, &ledger(name)).await;
        if let Some(reason) = expected["refused"].as_str() {
            assert_refused(outcome, Code::InvalidArgument, reason);
            continue;
        }
        let run = outcome.unwrap_or_else(|status| panic!("{name}: {status:?}"));
        let errors: Vec<_> =
            run.errors.iter().map(|error| serde_json::json!([error.row, error.column_letter, error.code])).collect();
        let samples: Vec<_> = run
            .samples
            .iter()
            .map(|sample| {
                let fields = sample.fields.iter().map(|field| (field.field.clone(), Value::from(field.value.clone())));
                Value::Object(fields.collect())
            })
            .collect();
        let dropped: Vec<_> =
            run.columns.iter().filter(|column| column.dropped).map(|column| column.header.clone()).collect();
        let found = serde_json::json!({
            "file": name, "format": run.format, "delimiter": run.delimiter, "header_row": run.header_row,
            "vendor": run.vendor, "rows": run.row_count, "new": run.new_count, "errors": errors, "dropped": dropped,
            "samples": samples,
        });
        assert_eq!(found, expected, "{name}");
        assert_eq!((run.changed_count, run.unchanged_count, run.import_id.as_str()), (0, 0, ""));
        for error in &run.errors {
            assert!(!error.problem_ja.is_empty() && !error.problem_en.is_empty(), "{error:?}");
        }
    }
    assert!(seen > 20, "{seen}");
    assert_eq!(server.look().await.contents().await, before, "a dry run changes nothing");
}

async fn import_is_applied_once_and_the_same_file_changes_nothing(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let town = Town::make(server.staff()).await;
    let file = ledger("encoding-cp932.csv");
    let run = town.preview(town.options(), &file).await.expect("a preview");
    assert_eq!((run.new_count, run.state()), (3, ImportState::Previewed));
    let stale = ImportRun { etag: String::from("7"), ..run.clone() };
    assert_refused(town.apply(&stale).await, Code::Aborted, "ETAG_MISMATCH");
    let done = town.apply(&run).await.expect("it is applied");
    assert_eq!((done.new_count, done.changed_count, done.state()), (3, 0, ImportState::Applied));
    let again = ImportRun { etag: String::new(), ..run.clone() };
    assert_refused(town.apply(&again).await, Code::FailedPrecondition, "IMPORT_APPLIED");
    assert_eq!(town.staff.all_devices(&town.owner.municipality_id).await.expect("a list").len(), 3);

    let before = server.look().await.contents().await;
    let names = before.values().flatten().any(|row| row.contains("山田") || row.contains("佐藤"));
    assert!(!names, "names of persons are stored nowhere");
    let run = town.preview(town.options(), &ledger("encoding-xlsx.xlsx")).await.expect("a preview");
    assert_eq!((run.new_count, run.changed_count, run.unchanged_count), (0, 0, 3));
    let done = town.apply(&run).await.expect("it is applied");
    assert_eq!((done.new_count, done.changed_count, done.unchanged_count), (0, 0, 3));
    let mut after = server.look().await.contents().await;
    // The run itself and the entry that somebody applied it.
    for table in ["import_run", "audit_log", "audit_entry", "audit_head"] {
        if let Some(rows) = before.get(table) {
            after.insert(table.to_owned(), rows.clone());
        }
    }
    assert_eq!(after, before, "the same rows change nothing");

    // What goes out comes back without a change, formulas guarded.
    let risky = "管理番号,シリアル番号,教室\n若-1-0001,5CD1000001,-1階の𠮷田室\n";
    let run = town.preview(town.options(), risky.as_bytes()).await.expect("a preview");
    assert_eq!((run.changed_count, run.error_count), (1, 0));
    town.apply(&run).await.expect("it is applied");
    let (utf8, devices, replaced) = town.export("", ExportEncoding::Utf8).await;
    assert_eq!((devices, replaced), (3, 0));
    let text = String::from_utf8(utf8.clone()).expect("UTF-8");
    assert!(text.starts_with("\u{feff}管理番号,") && text.contains(",'-1階の𠮷田室,"), "{text}");
    let run = town.preview(town.options(), &utf8).await.expect("a preview");
    assert_eq!((run.unchanged_count, run.error_count, run.changed_count), (3, 0, 0), "{:?}", run.errors);
    let (cp932, _, replaced) = town.export(&town.first.school_id, ExportEncoding::Cp932).await;
    assert_eq!(replaced, 1);
    assert!(encoding_rs::SHIFT_JIS.decode(&cp932).0.contains("'-1階の〓田室"));
}

async fn file_with_errors_changes_nothing_unless_rows_are_left_out(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let town = Town::make(server.staff()).await;
    let file = ledger("defects.csv");
    let run = town.preview(town.options(), &file).await.expect("a preview");
    let before = server.look().await.contents().await;
    assert_refused(town.apply(&run).await, Code::FailedPrecondition, "IMPORT_HAS_ERRORS");
    assert_eq!(server.look().await.contents().await, before);
    let lenient = ImportOptions { skip_errors: true, ..town.options() };
    let run = town.preview(lenient, &file).await.expect("a preview");
    let done = town.apply(&run).await.expect("it is applied");
    assert_eq!((done.new_count, done.error_row_count), (2, 20));
}

async fn other_owners_schools_are_never_named(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let town = Town::make(server.staff()).await;
    let other = server.staff().add_municipality("隣町").await;
    server.staff().add_school(&other.municipality_id, "秘密の丘小学校").await;
    let file = "管理番号,学校名\nA-1,秘密の丘\nA-2,秘密の丘小学校\n";
    let run = town.preview(town.options(), file.as_bytes()).await.expect("a preview");
    let codes: Vec<_> = run.errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["SCHOOL_UNKNOWN", "SCHOOL_UNKNOWN"]);
    for error in &run.errors {
        let words = [&error.problem_ja, &error.problem_en, &error.right_ja, &error.right_en];
        assert!(words.iter().all(|text| !text.contains("秘密")), "{error:?}");
    }
    let (text, devices, _) = town.export("", ExportEncoding::Utf8).await;
    assert_eq!(devices, 0);
    assert!(!String::from_utf8_lossy(&text).contains("秘密"));
}

async fn schools_pupils_and_calendars_come_from_files(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let town = Town::make(server.staff()).await;
    let schools = "学校一覧\n学校コード,学校名,避難所\nB113210000005,第一小学校,○\n,第三小学校,×\n";
    let pupils = "学校名,年度,児童生徒数\n第一小学校,令和7年度,４１２人\n第二小学校,R7,300\n";
    let calendar = "学校名,種別,名称,開始日,終了日\n,長期休業,夏季休業,R8.7.21,令和8年8月31日\n\
                    第一小学校,休業日,開校記念日,2026/6/1,\n";
    for (kind, file, counts) in [
        (ImportKind::Schools, schools, (1, 1, 0)),
        (ImportKind::Pupils, pupils, (2, 0, 0)),
        (ImportKind::Calendar, calendar, (2, 0, 0)),
    ] {
        let options = ImportOptions { kind: kind.into(), ..town.options() };
        let run = town.preview(options.clone(), file.as_bytes()).await.expect("a preview");
        assert_eq!((run.new_count, run.changed_count, run.unchanged_count), counts, "{kind:?}: {:?}", run.errors);
        let done = town.apply(&run).await.expect("it is applied");
        assert_eq!((done.new_count, done.changed_count, done.unchanged_count), counts, "{kind:?}");
        let again = town.preview(options, file.as_bytes()).await.expect("a preview");
        assert_eq!((again.new_count, again.changed_count, again.unchanged_count), (0, 0, 2), "{kind:?}");
    }
}

#[tokio::test]
async fn correction_of_the_mapping_is_kept_for_the_next_file() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let town = Town::make(server.staff()).await;
    let file = "札,機械の番号,学校名\nA-1,XY1000001,第一小学校\n".as_bytes();
    let mapping = |column: &str, field: &str| ColumnMapping { column: column.to_owned(), field: field.to_owned() };
    let corrected =
        ImportOptions { mappings: vec![mapping("札", "label"), mapping("B", "serial_number")], ..town.options() };
    assert_refused(town.preview(town.options(), file).await, Code::InvalidArgument, "IMPORT_HEADER_UNKNOWN");
    let run = town.preview(corrected, file).await.expect("a preview");
    assert_eq!(run.new_count, 1);
    let request =
        SaveImportMappingRequest { municipality_id: run.municipality_id.clone(), import_id: run.import_id.clone() };
    town.staff.imports().await.save_import_mapping(request).await.expect("it is kept");
    let next = ImportOptions { header_row: 1, ..town.options() };
    let run = town.preview(next, file).await.expect("the mapping is known");
    assert_eq!((run.new_count, run.columns[1].field.as_str()), (1, "serial_number"));
}

#[tokio::test]
async fn upload_beyond_the_limit_is_refused_early() {
    let server = ServerOptions::on(Engine::Sqlite).await.start().await;
    let town = Town::make(server.staff()).await;
    let first = PreviewImportRequest { options: Some(town.options()), content: Vec::new() };
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&sent);
    // 200 MB, if anybody takes them.
    let pieces = (0..500).map(move |_| {
        counted.fetch_add(400_000, std::sync::atomic::Ordering::Relaxed);
        PreviewImportRequest { options: None, content: vec![b'a'; 400_000] }
    });
    let pieces = tokio_stream::iter(std::iter::once(first).chain(pieces));
    let outcome = town.staff.imports().await.preview_import(pieces).await;
    assert_refused(outcome, Code::InvalidArgument, "IMPORT_TOO_LARGE");
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sent < 60_000_000, "{sent} bytes were taken");
    let huge = PreviewImportRequest { options: Some(town.options()), content: vec![0; 600_000] };
    let outcome = town.staff.imports().await.preview_import(tokio_stream::iter([huge])).await;
    assert_refused(outcome, Code::InvalidArgument, "FIELD_INVALID");
}
