//! Attachments seen from outside: a photo from a phone, the twenty-first file, files that pretend, and texts that want to be more.

use bytes::Bytes;
use gigafleet_proto::v1::{
    AddTicketAttachmentRequest, ChangeTicketRequest, CreateTicketRequest, GetTicketAttachmentRequest, GetTicketRequest,
    NewTicketAttachment, NoteTicket, RemoveTicketAttachmentRequest, StaffPlace, StaffRole, Ticket, TicketAttachment,
    TicketAttachmentKind, TicketCategory, change_ticket_request::Verb,
};
use gigafleet_tests::{Engine, ServerOptions, ServerProcess, StaffClient, Visitor};
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use tonic::{Code, Status};

use crate::refusal::assert_refused;

on_both_engines!(
    a_report_from_a_phone_comes_with_photos_and_is_not_lost_by_a_wrong_one,
    a_ticket_takes_twenty_pictures_and_none_that_pretends,
    what_is_written_is_text_and_bounded,
);

const MULTIPART: &str = "multipart/form-data; boundary=x";
/// What a phone might write into a picture beside its pixels.
const SECRET: &str = "N35.670E139.477";

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A picture of one shade, 8 × 8, with a secret beside its pixels.
fn png(shade: u8) -> Vec<u8> {
    let rows: Vec<u8> = (0..8).flat_map(|_| std::iter::once(0).chain([shade; 8])).collect();
    let (a, b) = rows.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let length = u16::try_from(rows.len()).expect("a small picture");
    let stored =
        [&[0x78, 1, 1], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), &rows, &(b << 16 | a).to_be_bytes()]
            .concat();
    let head = [0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0];
    let text = [b"Comment\0", SECRET.as_bytes()].concat();
    let chunks = [(b"IHDR", head.as_slice()), (b"tEXt", &text), (b"IDAT", &stored), (b"IEND", &[])];
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in chunks {
        let chunk = [kind.as_slice(), data].concat();
        file.extend(u32::try_from(data.len()).expect("a small one").to_be_bytes());
        file.extend(&chunk);
        file.extend(crc(&chunk).to_be_bytes());
    }
    file
}

/// A form with files as a browser sends it.
fn upload(fields: &[(&str, &str)], field: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(head.as_bytes());
    }
    for (name, content) in files {
        let head = format!(
            "--x\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: image/png\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    body
}

/// Opens a file as a browser does.
async fn open(visitor: &mut Visitor, path: &str) -> (StatusCode, http::HeaderMap, Bytes) {
    let answer = visitor.open(Method::GET, path, "", Full::default().boxed_unsync()).await;
    let (parts, body) = answer.into_parts();
    (parts.status, parts.headers, body.collect().await.expect("the answer ends").to_bytes())
}

/// That a file is handed out as nothing but what it is.
fn assert_safe(headers: &http::HeaderMap, kind: &str, way: &str) {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"));
    assert_eq!(text("content-type"), kind);
    assert_eq!(text("x-content-type-options"), "nosniff");
    assert!(text("content-disposition").starts_with(way), "{headers:?}");
    assert!(text("content-security-policy").contains("sandbox"), "{headers:?}");
    assert!(text("cache-control").contains("private"), "{headers:?}");
}

struct Desk {
    server: ServerProcess,
    staff: StaffClient,
    owner: String,
    school: String,
    /// An engineer at a browser.
    browser: Visitor,
}

impl Desk {
    async fn make(engine: Engine) -> Self {
        let server = ServerOptions::on(engine).await.start().await;
        let staff = server.staff();
        let owner = staff.add_municipality("若葉野市").await.municipality_id;
        let school = staff.add_school(&owner, "若葉野市立第一小学校").await.school_id;
        let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
        let days = std::time::Duration::from_secs(100 * 86_400);
        let (_, link) = staff.invite("engineer", StaffRole::Engineer, place, days).await;
        let mut browser = Visitor::new(server.console_address());
        browser.accept_link(&link, &[("password", "correct horse battery staple 7")]).await;
        browser.post("/language", &[("language", "en"), ("next", "/")]).await;
        Self { server, staff, owner, school, browser }
    }

    async fn ticket(&self) -> Ticket {
        let request = CreateTicketRequest {
            municipality_id: self.owner.clone(),
            school_id: self.school.clone(),
            subject: String::from("画面"),
            category: TicketCategory::Screen.into(),
            ..CreateTicketRequest::default()
        };
        let made = self.staff.tickets().await.create_ticket(request).await.expect("a ticket");
        made.into_inner().ticket.expect("the answer holds it")
    }

    async fn attach(&self, ticket: &Ticket, name: &str, content: &[u8]) -> Result<TicketAttachment, Status> {
        let new = NewTicketAttachment {
            municipality_id: self.owner.clone(),
            ticket_id: ticket.ticket_id.clone(),
            name: name.to_owned(),
            is_internal: false,
        };
        let first = AddTicketAttachmentRequest { attachment: Some(new), content: Vec::new() };
        let rest: Vec<_> = content
            .chunks(512 << 10)
            .map(|piece| AddTicketAttachmentRequest { attachment: None, content: piece.to_vec() })
            .collect();
        let pieces = tokio_stream::iter(std::iter::once(first).chain(rest));
        let answer = self.staff.tickets().await.add_ticket_attachment(pieces).await?;
        Ok(answer.into_inner().attachment.expect("the answer holds it"))
    }

    async fn attached(&self, ticket: &Ticket) -> Vec<TicketAttachment> {
        let request = GetTicketRequest {
            municipality_id: self.owner.clone(),
            ticket_id: ticket.ticket_id.clone(),
            ..GetTicketRequest::default()
        };
        self.staff.tickets().await.get_ticket(request).await.expect("a ticket").into_inner().attachments
    }

    /// The code of a label of a room.
    async fn label(&mut self) -> String {
        let labels = format!("/schools/{}/labels", self.school);
        let made = self.browser.post(&format!("{labels}/room"), &[("room", "理科室")]).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let page = self.browser.get(made.location()).await;
        page.between("<code>", "</code>").unwrap_or_else(|| panic!("no code: {}", page.text)).to_owned()
    }
}

/// What whoever stands before a label chooses: something else than what is reported there already.
fn said<'a>(csrf: &'a str, text: &'a str) -> [(&'a str, &'a str); 6] {
    [("csrf", csrf), ("known", "other"), ("category", "1"), ("who", "pupil"), ("stopped", "no"), ("text", text)]
}

async fn a_report_from_a_phone_comes_with_photos_and_is_not_lost_by_a_wrong_one(engine: Engine) {
    let mut desk = Desk::make(engine).await;
    let code = desk.label().await;
    let mut phone = Visitor::new(desk.server.console_address());
    let form = phone.get(&format!("/r/{code}")).await;
    assert!(form.text.contains("enctype=\"multipart/form-data\"") && form.text.contains("type=\"file\""));
    let csrf = phone.csrf().await;
    let path = format!("/r/{code}");

    let body = upload(&said(&csrf, "左下が割れた"), "photo", &[("田中太郎.png", &png(10)), ("b.png", &png(20))]);
    let sent = phone.post_raw(&path, MULTIPART, body).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let link = sent.location().to_owned();
    let page = phone.get(&link).await;
    assert_eq!(page.text.matches("<img ").count(), 2, "{}", page.text);
    assert!(!page.text.contains("田中太郎"), "what the phone calls it is not kept");
    let photo = page.between("<img src=\"", "\"").expect("a picture").to_owned();
    let (status, headers, content) = open(&mut phone, &photo).await;
    assert_eq!((status, &content[..3]), (StatusCode::OK, [0xff, 0xd8, 0xff].as_slice()));
    assert_safe(&headers, "image/jpeg", "inline");
    assert!(!String::from_utf8_lossy(&content).contains(SECRET), "what was hidden beside the pixels is gone");
    let elsewhere = photo.replace(&link, "/report/nothing");
    assert_eq!(open(&mut phone, &elsewhere).await.0, StatusCode::NOT_FOUND);

    // Each of these reports counts, whatever becomes of its photo.
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".as_slice();
    let large = vec![0; (10 << 20) + 1];
    let five: Vec<_> = (30..35).map(png).collect();
    let five: Vec<_> = five.iter().map(|photo| ("p.png", photo.as_slice())).collect();
    let cases =
        [("an SVG", vec![("a.svg", svg)], 0), ("too large", vec![("a.jpg", large.as_slice())], 0), ("five", five, 4)];
    for (number, (text, photos, kept)) in (2..).zip(cases) {
        let sent = phone.post_raw(&path, MULTIPART, upload(&said(&csrf, text), "photo", &photos)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{text}: {}", sent.text);
        let page = phone.get(sent.location()).await;
        assert!(page.text.contains("送れなかった写真"), "{text}: {}", page.text);
        assert!(page.text.contains(&format!("<b class=\"number\">{number}</b>")) && page.text.contains(text));
        assert_eq!(page.text.matches("<img ").count(), kept, "{text}");
    }
    // A browser sends an empty file where none was chosen.
    let sent = phone.post_raw(&path, MULTIPART, upload(&said(&csrf, "写真なし"), "photo", &[("", b"")])).await;
    let page = phone.get(sent.location()).await;
    assert!(page.text.contains("届きました") && !page.text.contains("送れなかった"), "{}", page.text);
    // The limit of a label holds for forms with photos: five were taken, and a new window takes five more at most.
    for tries in 1.. {
        let again = upload(&said(&csrf, "もう一度"), "photo", &[("a.png", &png(1))]);
        let refused = phone.post_raw(&path, MULTIPART, again).await;
        if refused.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(refused.text.contains("もう一度</textarea>"), "what was typed stays");
            break;
        }
        assert!(tries < 6, "nothing bounds the reports of a label");
    }
}

async fn a_ticket_takes_twenty_pictures_and_none_that_pretends(engine: Engine) {
    let mut desk = Desk::make(engine).await;
    let ticket = desk.ticket().await;
    let path = format!("/tickets/{}/{}", desk.owner, ticket.number);
    let csrf = desk.browser.csrf().await;
    let fields = [("csrf", csrf.as_str())];
    let cut = png(1);
    let refused: [(&str, &[u8]); 4] = [
        ("photo.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("photo.jpg", b"<!doctype html><script>alert(1)</script>"),
        ("page.html", b"<!doctype html><p>x"),
        ("cut.png", &cut[..60]),
    ];
    for (name, content) in refused {
        let sent = upload(&fields, "file", &[(name, content)]);
        let page = desk.browser.post_raw(&format!("{path}/attachments"), MULTIPART, sent).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.text.contains("id=\"wrong-file\""), "{name}: {}", page.text);
        assert_refused(desk.attach(&ticket, name, content).await, Code::InvalidArgument, "ATTACHMENT_KIND");
    }
    let large = vec![0; (10 << 20) + 1];
    assert_refused(desk.attach(&ticket, "x.jpg", &large).await, Code::InvalidArgument, "ATTACHMENT_SIZE");
    assert!(desk.attached(&ticket).await.is_empty());

    let sent = upload(&fields, "file", &[("a.png", &png(1)), ("端末.log", b"<script>alert(1)</script>")]);
    let sent = desk.browser.post_raw(&format!("{path}/attachments"), MULTIPART, sent).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    for shade in 2..20 {
        desk.attach(&ticket, "b.png", &png(shade)).await.expect("it is taken");
    }
    assert_refused(desk.attach(&ticket, "b.png", &png(20)).await, Code::FailedPrecondition, "ATTACHMENT_LIMIT");
    let sent = upload(&fields, "file", &[("c.png", &png(20))]);
    let page = desk.browser.post_raw(&format!("{path}/attachments"), MULTIPART, sent).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.between("id=\"wrong-file\">", "<").is_some_and(|text| text.contains("20")), "{}", page.text);
    let attached = desk.attached(&ticket).await;
    assert_eq!(attached.len(), 20);
    let page = desk.browser.get(&path).await;
    assert_eq!(page.text.matches("<img src=\"/tickets/").count(), 19);

    let text = attached.iter().find(|one| one.kind() == TicketAttachmentKind::Text).expect("the log");
    assert_eq!(text.name, "端末.log");
    let (_, headers, content) = open(&mut desk.browser, &format!("{path}/attachments/{}", text.attachment_id)).await;
    assert_safe(&headers, "text/plain; charset=utf-8", "attachment");
    assert_eq!(&content[..], b"<script>alert(1)</script>");
    let mut stranger = Visitor::new(desk.server.console_address());
    let (status, headers, _) = open(&mut stranger, &format!("{path}/attachments/{}", text.attachment_id)).await;
    let to = headers.get(header::LOCATION).map_or("", |to| to.to_str().expect("a path"));
    assert!(status == StatusCode::SEE_OTHER && to.starts_with("/sign-in"), "{status} {to}");

    let one = GetTicketAttachmentRequest {
        municipality_id: desk.owner.clone(),
        ticket_id: ticket.ticket_id.clone(),
        attachment_id: attached[0].attachment_id.clone(),
    };
    let found = desk.staff.tickets().await.get_ticket_attachment(one.clone()).await.expect("it is there").into_inner();
    assert_eq!(&found.content[..3], [0xff, 0xd8, 0xff]);
    assert!(!String::from_utf8_lossy(&found.content).contains(SECRET));
    let gone = RemoveTicketAttachmentRequest {
        municipality_id: one.municipality_id.clone(),
        ticket_id: one.ticket_id.clone(),
        attachment_id: one.attachment_id.clone(),
    };
    desk.staff.tickets().await.remove_ticket_attachment(gone).await.expect("it is removed");
    let refused = desk.staff.tickets().await.get_ticket_attachment(one).await;
    assert_refused(refused, Code::NotFound, "ATTACHMENT_NOT_FOUND");
    assert!(desk.attach(&ticket, "b.png", &png(20)).await.is_ok(), "there is room again");
}

async fn what_is_written_is_text_and_bounded(engine: Engine) {
    let mut desk = Desk::make(engine).await;
    let ticket = desk.ticket().await;
    let path = format!("/tickets/{}/{}", desk.owner, ticket.number);
    let version = ticket.version.to_string();
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(2)><b>太字</b>";
    let note = [("verb", "note"), ("version", version.as_str()), ("text", hostile)];
    let sent = desk.browser.post(&path, &note).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let page = desk.browser.get(&path).await;
    assert!(
        !page.text.contains("<script>alert") && !page.text.contains("<img src=x") && !page.text.contains("<b>太字")
    );
    assert!(page.text.contains("alert(2)") && page.text.contains("太字"), "it is there, as text");
    let policy = page.headers.get("content-security-policy").expect("a policy").to_str().expect("ASCII").to_owned();
    assert!(policy.contains("script-src 'self'") && policy.contains("img-src 'self'"), "{policy}");

    let ten_mb = "あ".repeat(10_000_000 / 3);
    let version = (ticket.version + 1).to_string();
    let page = desk.browser.post(&path, &[("verb", "note"), ("version", &version), ("text", &ten_mb)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    let change = |text: String| ChangeTicketRequest {
        municipality_id: desk.owner.clone(),
        ticket_id: ticket.ticket_id.clone(),
        version: ticket.version + 1,
        verb: Some(Verb::Note(NoteTicket { text })),
    };
    let refused = desk.staff.tickets().await.change_ticket(change(ten_mb)).await.expect_err("it is too large");
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    let refused = desk.staff.tickets().await.change_ticket(change("あ".repeat(10_001))).await;
    assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    let changed =
        desk.staff.tickets().await.change_ticket(change(String::from("確認"))).await.expect("nothing changed");
    assert_eq!(changed.into_inner().ticket.expect("the answer holds it").version, ticket.version + 2);
}
