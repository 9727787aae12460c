//! Files that nobody should hand in, through the page: each is refused early, with a word to the person, and leaves nothing.

use std::{
    convert::Infallible,
    fs,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use gigafleet_proto::v1::{
    CreateMunicipalityRequest, CreateSchoolRequest, ImportKind, ImportOptions, PreviewImportRequest, School,
    StaffPlace, StaffRole, UpdateSchoolRequest,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffClient, Visitor, process::resident_bytes};
use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::refusal::assert_refused;

on_both_engines!(bad_file_is_refused_on_its_page_and_leaves_nothing, wrong_check_digits_are_told_with_the_right_ones);

const PASSWORD: &str = "correct horse battery staple 7";
const MULTIPART: &str = "multipart/form-data; boundary=x";

struct Office {
    server: ServerProcess,
    staff: StaffClient,
    owner: String,
    editor: Visitor,
}

impl Office {
    async fn make(engine: Engine) -> Self {
        let server = ServerOptions::on(engine).await.start().await;
        let staff = server.staff();
        let owner = staff.add_municipality("若葉野市").await.municipality_id;
        staff.add_school(&owner, "第一小学校").await;
        let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
        let days = std::time::Duration::from_secs(100 * 86_400);
        let (_, link) = staff.invite("editor", StaffRole::BoardEditor, place, days).await;
        let mut editor = Visitor::new(server.console_address());
        editor.accept_link(&link, &[("password", PASSWORD)]).await;
        Self { server, staff, owner, editor }
    }

    /// The beginning of an upload, up to the first byte of the file.
    async fn head(&mut self) -> String {
        let csrf = self.editor.csrf().await;
        let fields = [("csrf", csrf.as_str()), ("municipality", self.owner.as_str())]
            .map(|(name, value)| format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"ledger\"\r\n\r\n";
        format!("{}{file}", fields.concat())
    }
}

async fn bad_file_is_refused_on_its_page_and_leaves_nothing(engine: Engine) {
    let mut office = Office::make(engine).await;
    let before = office.server.look().await.contents().await;
    let ledgers = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers");
    let files = [
        ("refused-zip-bomb.xlsx", "unpacks to too much"),
        ("refused-nul.csv", "has NUL characters"),
        ("refused-binary.csv", "neither UTF-8 nor CP932"),
        ("refused-wrong-language.csv", "header"),
        ("refused-truncated.xlsx", "damaged"),
        ("refused-old-workbook.xls", "old Excel file"),
        ("refused-empty.csv", ""),
    ];
    office.editor.post("/language", &[("language", "en"), ("next", "/")]).await;
    let memory = resident_bytes(office.server.process_id());
    for (name, told) in files {
        let content = fs::read(ledgers.join(name)).expect("the ledger is there");
        let body = [office.head().await.as_bytes(), &content, b"\r\n--x--\r\n"].concat();
        let page = office.editor.post_raw("/imports", MULTIPART, body).await;
        let refusal = page.between("role=\"alert\"", "</div>").unwrap_or_default();
        assert!(page.status == 422 && refusal.contains(told), "{name}: {} {refusal}", page.status);
    }
    let grown = resident_bytes(office.server.process_id()).saturating_sub(memory);
    assert!(grown < 200 << 20, "a bomb was unpacked: {grown} bytes");
    let mut after = office.server.look().await.contents().await;
    // The language of the person.
    after.insert(String::from("staff"), before["staff"].clone());
    assert_eq!(after, before);
}

/// A body that is made while it is sent, and counts what was taken of it.
struct Endless {
    head: Option<Bytes>,
    piece: Bytes,
    left: usize,
    taken: Arc<AtomicUsize>,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let piece = self.piece.clone();
        self.left = self.left.saturating_sub(piece.len());
        self.taken.fetch_add(piece.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_of_200_mb_is_answered_before_its_end_and_takes_no_memory() {
    let mut office = Office::make(Engine::Sqlite).await;
    let head = office.head().await;
    let memory = resident_bytes(office.server.process_id());
    let taken = Arc::new(AtomicUsize::new(0));
    let piece = Bytes::from(vec![b'a'; 64 << 10]);
    let body = Endless { head: Some(head.into()), piece, left: 200_000_000, taken: Arc::clone(&taken) };
    let answer = office.editor.open(Method::POST, "/imports", MULTIPART, body.boxed_unsync()).await;
    assert_eq!(answer.status(), 422);
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 200_000_000, "the answer waited for all of it");
    let grown = resident_bytes(office.server.process_id()).saturating_sub(memory);
    assert!(grown < 150 << 20, "{grown} bytes more than before");
    assert!(!office.editor.get("/imports").await.text.contains("ledger"), "nothing was kept");
}

async fn wrong_check_digits_are_told_with_the_right_ones(engine: Engine) {
    let mut office = Office::make(engine).await;
    let told = |status: &tonic::Status, field: &str| {
        let violations = status.get_details_bad_request().expect("fields are named").field_violations;
        let of_field = violations.into_iter().find(|violation| violation.field == field);
        of_field.unwrap_or_else(|| panic!("{field} is not named: {status:?}")).description
    };
    let before = office.server.look().await.contents().await;
    let town =
        CreateMunicipalityRequest { code: String::from("131131"), name: String::from("x"), ..Default::default() };
    let refused = office.staff.schools().await.create_municipality(town).await;
    let refused = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    let message = told(&refused, "code");
    assert!(message.contains("131131") && message.contains(": 0 "), "{message}");
    let wrong = "B113210000001";
    let right = |message: String| assert!(message.contains(wrong) && message.contains(": 5 "), "{message}");
    let school = CreateSchoolRequest {
        municipality_id: office.owner.clone(),
        code: wrong.to_owned(),
        name: String::from("第二小学校"),
        ..CreateSchoolRequest::default()
    };
    let refused = office.staff.schools().await.create_school(school).await;
    right(told(&assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID"), "code"));
    let list = gigafleet_proto::v1::ListSchoolsRequest { municipality_id: office.owner.clone(), ..Default::default() };
    let listed = office.staff.schools().await.list_schools(list).await.expect("a list").into_inner().schools;
    let changed = School { code: wrong.to_owned(), ..listed[0].clone() };
    let request = UpdateSchoolRequest { school: Some(changed), update_mask: None };
    let refused = office.staff.schools().await.update_school(request).await;
    right(told(&assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID"), "code"));

    office.editor.post("/language", &[("language", "en"), ("next", "/")]).await;
    let path = format!("/municipalities/{}/schools", office.owner);
    let page = office.editor.post(&path, &[("school_name", "第二小学校"), ("school_code", wrong)]).await;
    let message = page.between("id=\"wrong-school_code\">", "<").unwrap_or_default();
    assert!(page.status == 422 && message.contains('5') && message.contains(wrong), "{} {message}", page.status);

    let options = ImportOptions {
        municipality_id: office.owner.clone(),
        kind: ImportKind::Schools.into(),
        dry_run: true,
        ..ImportOptions::default()
    };
    let content = format!("学校コード,学校名\n{wrong},第二小学校\n").into_bytes();
    let pieces = [PreviewImportRequest { options: Some(options), content }];
    let run = office.staff.imports().await.preview_import(tokio_stream::iter(pieces)).await.expect("a preview");
    let errors = run.into_inner().import_run.expect("the answer holds it").errors;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].row, errors[0].column_letter.as_str(), errors[0].value.as_str()), (2, "A", wrong));
    let words = [&errors[0].problem_en, &errors[0].right_en, &errors[0].problem_ja, &errors[0].right_ja];
    assert!(words.iter().any(|text| text.contains('5')), "{words:?}");
    let mut after = office.server.look().await.contents().await;
    // The language of the person.
    after.insert(String::from("staff"), before["staff"].clone());
    assert_eq!(after, before, "nothing of it is stored");
}
