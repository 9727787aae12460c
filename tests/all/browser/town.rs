//! An owner as large as a real one, so that pages have something to show: many schools, long names, a ledger of hundreds of
//! rows, tablets that report, identities to decide, staff of every role, files in every state.

use std::{fmt::Write as _, fs, path::Path};

use gigafleet::network::rules::{Cause, Element, ElementKind, Incident, IncidentState};
use gigafleet_agent::{enroll::EnrollOptions, enroll::enroll_in_memory, identity::Identity};
use gigafleet_proto::v1::{
    self, AddSchoolNetworkRequest, AnnounceWorkRequest, ApplyImportRequest, Battery, CheckInRequest, Device, Facts,
    ImportKind, ImportOptions, ImportRun, KeepApartRequest, Line, ListReviewsRequest, MergeDevicesRequest, OsKind,
    PlannedWork, PreviewImportRequest, Pupils, SchoolNetwork, SchoolNetworkKind, SetLineRequest, SetPupilsRequest,
    StaffPlace, StaffRole, Status, Storage, Topology, line_service_client::LineServiceClient,
    network_service_client::NetworkServiceClient, review_service_client::ReviewServiceClient,
    ticket_service_client::TicketServiceClient,
};
use gigafleet_tests::{
    ServerProcess,
    fleet::{agent_client, full_report, wall_ms},
    networks::{incident, line_of, write_incident, write_measured_day},
};

use super::{budget::budgets, failing::failing, person::invite};

/// Schools of the town; the first has most devices.
const SCHOOLS: usize = 64;
/// Devices of the first school: more than a page of any list.
const FIRST_SCHOOL_DEVICES: usize = 320;
/// Tablets of the first school that report.
const TABLETS: usize = 12;

/// Where all this is.
#[derive(Debug)]
pub struct Town {
    /// The owner.
    pub municipality: String,
    /// An owner with a long name and little else.
    pub long_municipality: String,
    /// An owner without schools.
    pub empty_municipality: String,
    /// The school with most devices.
    pub school: String,
    /// The school with the longest name, which has no devices.
    pub long_school: String,
    /// A device that reports and that the ledger knows.
    pub device: String,
    /// A device that only the ledger knows.
    pub silent_device: String,
    /// Path of a run that was applied.
    pub applied_run: String,
    /// An incident that reaches over two owners.
    pub incident: String,
    /// Path of a run that waits.
    pub waiting_run: String,
    /// Path of a run with errors.
    pub wrong_run: String,
    /// Links of people who are to be signed in: two administrators, school staff, somebody without a grant in force.
    pub links: Links,
}

/// One-time links, each for one person.
#[derive(Debug)]
pub struct Links {
    /// An invitation that nobody takes up.
    pub open: String,
    /// A second administrator of everything.
    pub administrator: String,
    /// School staff; one link for each of two browsers.
    pub school: [String; 2],
    /// An owner's viewer of a place where nothing is; one link for each of two browsers.
    pub empty: [String; 2],
    /// Somebody who chooses a password and gets no further; one link for each of two browsers.
    pub half: [String; 2],
}

impl Town {
    /// Fills a server.
    pub async fn fill(server: &ServerProcess) -> Self {
        let staff = server.staff();
        let municipality = staff.add_municipality("若葉野市").await.municipality_id;
        let long = "北多摩郡翠ヶ丘町桜ヶ丘村教育委員会広域連合情報教育推進事務組合";
        let long_municipality = staff.add_municipality(long).await.municipality_id;
        let empty_municipality = staff.add_municipality("空野村").await.municipality_id;
        let long_owner_school = staff.add_school(&long_municipality, "翠ヶ丘小学校").await.school_id;
        let mut schools = Vec::new();
        for number in 1..=SCHOOLS {
            schools.push(staff.add_school(&municipality, &school_name(number)).await.school_id);
        }
        let long_name = "若葉野市立若葉野東部地区小中一貫義務教育学校若葉野ひまわりの丘分校（病院内学級）";
        let long_school = staff.add_school(&municipality, long_name).await.school_id;

        let run =
            preview(server, &municipality, "令和８年度_若葉野市_GIGA端末台帳（全校）_最終版2.csv", ledger().as_bytes())
                .await;
        let applied_run = run_path(&run);
        apply(server, &run).await;
        let defects = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers/defects.csv");
        let defects = fs::read(defects).expect("the ledger is there");
        let wrong_run = run_path(&preview(server, &municipality, "defects.csv", &defects).await);
        let addition = "管理番号,シリアル番号,学校名,備考,氏名\nW-9-0001,5CD9000001,第一小学校,画面割れ,若葉 花子\n\
                        W-9-0002,5CD9000002,第二小学校,,\n";
        let waiting_run = run_path(&preview(server, &municipality, "追加分.csv", addition.as_bytes()).await);
        // Waiting files go when the owner hands in the next one; the run with errors is another owner's, then.
        let wrong_run = match get_waits(server, &municipality, &wrong_run).await {
            true => wrong_run,
            false => run_path(&preview(server, &long_municipality, "defects.csv", &defects).await),
        };

        let device = tablets(server, &municipality, &schools[0]).await;
        meetings(server, &long_municipality, &long_owner_school).await;
        about_school(server, &municipality, &schools[0]).await;
        let incident =
            networks(server, (&municipality, &schools), (&long_municipality, &long_owner_school), &device).await;
        trouble(server, &municipality, &schools, &device).await;
        let links = people(server, &municipality, &empty_municipality, &schools[0]).await;
        let all = staff.all_devices(&municipality).await.expect("a list");
        failing(server, &municipality, &all).await;
        budgets(server, (&municipality, &schools[0]), &long_municipality).await;
        let silent_device = all.iter().find(|device| device.enroll_time.is_none()).expect("most are").device_id.clone();
        Self {
            municipality,
            long_municipality,
            empty_municipality,
            school: schools.remove(0),
            long_school,
            device,
            silent_device,
            applied_run,
            incident,
            waiting_run,
            wrong_run,
            links,
        }
    }
}

fn school_name(number: usize) -> String {
    const PLACES: [&str; 16] = [
        "第一",
        "第二",
        "第三",
        "桜ヶ丘",
        "緑町",
        "欅台",
        "南平",
        "多摩川",
        "東部",
        "北野",
        "富士見",
        "瑞穂",
        "鶴間",
        "立野",
        "一橋",
        "さくら",
    ];
    let kind = if number.is_multiple_of(4) { "中学校" } else { "小学校" };
    let round = (number - 1) / PLACES.len();
    let suffix = ["", "東", "西", "南"][round];
    format!("{}{suffix}{kind}", PLACES[(number - 1) % PLACES.len()])
}

/// The town's ledger: the first school whole, a few devices elsewhere.
fn ledger() -> String {
    let mut text = String::from(
        "管理番号,シリアル番号,メーカー,機種名,OS,学校名,学年,組,番号,用途,状態,教室,保管庫,導入日,保証期限,取得価格\n",
    );
    let mut row = |number: usize, school: usize| {
        let (maker, model, os) = match number % 10 {
            0..6 => ("Lenovo", "Lenovo 500e Yoga Chromebook Gen 4", "ChromeOS 138"),
            6..9 => ("Apple", "iPad（第10世代）Wi-Fi 64GB", "iPadOS 17.5"),
            _ => ("マイクロソフト", "Surface Go 3（LTE Advanced）教育機関向けモデル", "Windows 11 Pro"),
        };
        let (purpose, lifecycle) = match number % 40 {
            37 => ("予備機", "予備"),
            38 => ("学習者用", "修理中"),
            39 => ("指導者用", "使用中"),
            _ => ("学習者用", "使用中"),
        };
        let (grade, class, seat) = (number / 40 % 6 + 1, number / 20 % 2 + 1, number % 20 + 1);
        let (name, lifecycle) = (school_name(school), if number == 77 { "紛失" } else { lifecycle });
        let written = writeln!(
            text,
            "若-{school:02}-{number:04},5CD{school:02}{number:05},{maker},{model},{os},{name},{grade},{class},{seat},\
             {purpose},{lifecycle},{grade}年{class}組,充電保管庫{class},2026-04-01,2029-03-31,55000"
        );
        written.expect("a string grows");
    };
    (1..=FIRST_SCHOOL_DEVICES).for_each(|number| row(number, 1));
    (2..=SCHOOLS).for_each(|school| (1..=3).for_each(|number| row(number, school)));
    text
}

async fn preview(server: &ServerProcess, owner: &str, name: &str, content: &[u8]) -> ImportRun {
    let options = ImportOptions {
        municipality_id: owner.to_owned(),
        kind: ImportKind::Devices.into(),
        file_name: name.to_owned(),
        ..ImportOptions::default()
    };
    let mut pieces = vec![PreviewImportRequest { options: Some(options), content: Vec::new() }];
    let piece = |piece: &[u8]| PreviewImportRequest { options: None, content: piece.to_vec() };
    pieces.extend(content.chunks(200_000).map(piece));
    let answer = server.staff().imports().await.preview_import(tokio_stream::iter(pieces)).await;
    answer.expect("a preview").into_inner().import_run.expect("the answer holds it")
}

async fn get_waits(server: &ServerProcess, owner: &str, path: &str) -> bool {
    use gigafleet_proto::v1::{GetImportRequest, ImportState};
    let import_id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let request = GetImportRequest { municipality_id: owner.to_owned(), import_id };
    let answer = server.staff().imports().await.get_import(request).await.expect("a run").into_inner();
    answer.import_run.expect("the answer holds it").state() == ImportState::Previewed
}

async fn apply(server: &ServerProcess, run: &ImportRun) {
    let request = ApplyImportRequest {
        municipality_id: run.municipality_id.clone(),
        import_id: run.import_id.clone(),
        etag: run.etag.clone(),
    };
    let answer = server.staff().imports().await.apply_import(request).await.expect("it is applied");
    let mut answers = answer.into_inner();
    while answers.message().await.expect("an answer").is_some() {}
}

fn run_path(run: &ImportRun) -> String {
    format!("/imports/{}/{}", run.municipality_id, run.import_id)
}

/// Enrols a tablet that says this serial number.
async fn enroll(server: &ServerProcess, token: &str, serial: &str) -> Identity {
    let options = EnrollOptions {
        server: server.address().to_string(),
        server_name: None,
        token: token.to_owned(),
        ca_sha256: server.ca_sha256(),
    };
    enroll_in_memory(&options, facts(serial), wall_ms()).await.expect("it can enrol")
}

fn facts(serial: &str) -> Facts {
    Facts {
        maker: Some(String::from("Lenovo")),
        model: Some(String::from("Lenovo 500e Yoga Chromebook Gen 4")),
        serial_number: Some(serial.to_owned()),
        os_kind: OsKind::Linux.into(),
        os_name: Some(String::from("Debian GNU/Linux")),
        os_version: Some(String::from("12.7")),
        memory_bytes: Some(8 << 30),
        storage_bytes: Some(64 << 30),
        ..full_report(1, 1).facts.unwrap_or_default()
    }
}

/// Tablets of the first school that the ledger knows and that report; gives the first one's id.
async fn tablets(server: &ServerProcess, municipality: &str, school: &str) -> String {
    let token = server.staff().add_token(municipality, school, 100).await.token;
    let mut first = None;
    for number in 1..=TABLETS {
        let serial = format!("5CD01{number:05}");
        let identity = enroll(server, &token, &serial).await;
        let percent = u32::try_from(number * 8).expect("a small number");
        let battery =
            Battery { charge_percent: Some(percent), health_percent: Some(100 - percent / 3), ..Battery::default() };
        let free = if number == 3 { 1 << 30 } else { 21 << 30 };
        let report = full_report(1, 1);
        let status = Status {
            battery: Some(battery),
            storage: Some(Storage { free_bytes: Some(free) }),
            ..report.status.unwrap_or_default()
        };
        let report = CheckInRequest { facts: Some(facts(&serial)), status: Some(status), ..full_report(1, 1) };
        agent_client(&identity).await.check_in(report).await.expect("it is stored");
        first = first.or(Some(identity.device_id.0));
    }
    first.expect("there is one")
}

/// Tablets that meet in pairs, for a person to decide.
async fn meetings(server: &ServerProcess, municipality: &str, school: &str) {
    let token = server.staff().add_token(municipality, school, 100).await.token;
    for number in 1..=4 {
        for _ in 0..2 {
            enroll(server, &token, &format!("5CD88{number:05}")).await;
        }
    }
    decide(server, municipality).await;
}

/// Decides the first two: one device, and two.
async fn decide(server: &ServerProcess, municipality: &str) {
    let mut reviews = ReviewServiceClient::new(server.staff().connection().await);
    let request = ListReviewsRequest { municipality_id: municipality.to_owned(), ..ListReviewsRequest::default() };
    let waiting = reviews.list_reviews(request).await.expect("a list").into_inner().reviews;
    let id = |device: &Option<Device>| device.as_ref().expect("a review is about a device").device_id.clone();
    let request = MergeDevicesRequest {
        device_id: id(&waiting[0].device),
        folded_device_id: id(&waiting[0].other),
        ..MergeDevicesRequest::default()
    };
    reviews.merge_devices(request).await.expect("they become one");
    let request = KeepApartRequest { device_id: id(&waiting[1].device), reason: waiting[1].reason };
    reviews.keep_apart(request).await.expect("they stay two");
}

/// What people know of a school: its pupils, its line, its lessons.
async fn about_school(server: &ServerProcess, municipality: &str, school: &str) {
    let mut schools = server.staff().schools().await;
    for (fiscal_year, pupils) in [(2024, 588), (2025, 602), (2026, 611)] {
        let pupils = Pupils { school_id: school.to_owned(), fiscal_year, pupils, ..Pupils::default() };
        let request = SetPupilsRequest { municipality_id: municipality.to_owned(), pupils: Some(pupils) };
        schools.set_pupils(request).await.expect("pupils can be said");
    }
    let line = Line {
        school_id: school.to_owned(),
        line_number: 1,
        topology: Topology::Direct.into(),
        contract: String::from("フレッツ 光ネクスト ギガラインタイプ（学校教育機関向け特別契約）"),
        isp: String::from("学術情報ネットワーク多摩接続サービス"),
        contract_mbps: Some(1_000),
        ..Line::default()
    };
    let request = SetLineRequest { municipality_id: municipality.to_owned(), line: Some(line) };
    LineServiceClient::new(server.staff().connection().await).set_line(request).await.expect("a line can be said");
}

/// What schools reported: more than a page of the queue, in every state, with a long subject and with what looks like a page.
async fn trouble(server: &ServerProcess, owner: &str, schools: &[String], device: &str) {
    use gigafleet_proto::v1::{CreateTicketRequest, change_ticket_request::Verb};
    const SUBJECTS: [&str; 6] = [
        "画面が割れた",
        "Wi-Fiにつながらない",
        "3年2組の充電保管庫に入れた端末の半数が、翌朝になっても充電されておらず1時間目の授業で使えないことが続いている",
        "<script>alert(1)</script> と表示される",
        "ログインできない",
        "ペンが反応しない",
    ];
    let mut tickets = TicketServiceClient::new(server.staff().connection().await);
    for number in 0..120_usize {
        let request = CreateTicketRequest {
            municipality_id: owner.to_owned(),
            school_id: schools[number % schools.len()].clone(),
            device_id: if number == 0 { device.to_owned() } else { String::new() },
            subject: SUBJECTS[number % SUBJECTS.len()].to_owned(),
            text: String::from("朝からつながらない。\nほかの教室でも同じ。"),
            // What is resolved below was no outage: one of those lasts.
            category: if number % 6 == 3 { 1 } else { i32::try_from(number % 14 + 1).expect("it is small") },
            impact: i32::try_from(number % 5 + 1).expect("it is small"),
            urgency: i32::try_from(number % 4 + 1).expect("it is small"),
            room: String::from("3年2組"),
            caller_kind: 1,
            caller_contact: String::from("内線 12"),
            ..CreateTicketRequest::default()
        };
        let made = tickets.create_ticket(request).await.expect("a ticket can be made").into_inner().ticket;
        let made = made.expect("the answer holds it");
        if number == 0 {
            legs(server, &made).await;
        }
        let text = String::from("再起動で直るか確かめてください。");
        let verb = match number % 6 {
            1 => Verb::Reply(v1::ReplyTicket { text }),
            2 => Verb::Wait(v1::WaitTicket { waiting_on: i32::try_from(number % 3 + 1).expect("it is small"), text }),
            3 => Verb::Resolve(v1::ResolveTicket { text }),
            4 => Verb::Note(v1::NoteTicket { text }),
            _ => continue,
        };
        let request = v1::ChangeTicketRequest {
            municipality_id: made.municipality_id,
            ticket_id: made.ticket_id,
            version: made.version,
            verb: Some(verb),
        };
        tickets.change_ticket(request).await.expect("a ticket can be changed");
    }
}

/// The repair of the device of a ticket, and what that cost so far.
async fn legs(server: &ServerProcess, ticket: &v1::Ticket) {
    let mut tickets = TicketServiceClient::new(server.staff().connection().await);
    let terms = v1::RepairTerms {
        vendor: String::from("多摩端末修理センター"),
        quote_yen: Some(18_700),
        insurance: v1::RepairInsurance::Claimed.into(),
        insurance_number: String::from("H-2026-0042"),
        sent_date: String::from("2026-04-20"),
        note: String::from("左下から割れている。液晶とタッチパネルの交換。"),
        ..v1::RepairTerms::default()
    };
    let request = v1::StartRepairRequest {
        municipality_id: ticket.municipality_id.clone(),
        ticket_id: ticket.ticket_id.clone(),
        version: ticket.version,
        terms: Some(terms),
    };
    tickets.start_repair(request).await.expect("a repair can begin");
    let request = v1::RecordTicketCostRequest {
        municipality_id: ticket.municipality_id.clone(),
        ticket_id: ticket.ticket_id.clone(),
        version: ticket.version + 1,
        kind: v1::TicketCostKind::Peripheral.into(),
        payer: v1::Payer::Own.into(),
        amount_yen: 2_200,
        date: String::from("2026-04-21"),
        note: String::from("保護カバー"),
        ..v1::RecordTicketCostRequest::default()
    };
    tickets.record_ticket_cost(request).await.expect("a cost can be written");
}

/// What is broken, what was measured, what was announced; gives an incident that reaches over two owners.
async fn networks(
    server: &ServerProcess,
    (owner, schools): (&str, &[String]),
    (other, other_school): (&str, &str),
    device: &str,
) -> String {
    let one = |number: usize| [(owner, vec![schools[number].clone()])];
    write_incident(server, &incident(line_of(&schools[0]), Cause::LineCut, &one(0))).await;
    let point = Element::new(ElementKind::AccessPoint, format!("{}/020000000001", schools[2]));
    let planned =
        Incident { silenced_by: Some(String::from("x")), ..incident(point, Cause::AccessPointCoverage, &one(2)) };
    write_incident(server, &planned).await;
    let tablet = Element::new(ElementKind::Device, format!("{}/{device}", schools[0]));
    let suspected = Incident { state: IncidentState::Suspected, ..incident(tablet, Cause::Device, &one(0)) };
    write_incident(server, &suspected).await;
    let dns = incident(Element::new(ElementKind::Dns, owner), Cause::Dns, &[(owner, schools[..5].to_vec())]);
    let ended = dns.started.at.plus_seconds(400);
    let closed =
        Incident { state: IncidentState::Closed, recovered_at: Some(ended), closed_at: Some(ended), flaps: 2, ..dns };
    write_incident(server, &closed).await;
    let isp = Element::new(ElementKind::Isp, "学術情報ネットワーク多摩接続サービス");
    let shared = [(owner, schools[5..40].to_vec()), (other, vec![other_school.to_owned()])];
    let shared = incident(isp, Cause::LineCut, &shared);
    write_incident(server, &shared).await;
    write_measured_day(server, owner, &schools[0]).await;
    let mut networks = NetworkServiceClient::new(server.staff().connection().await);
    for number in 1..=6 {
        let network = SchoolNetwork {
            school_id: schools[0].clone(),
            kind: SchoolNetworkKind::AccessPoint.into(),
            value: format!("02:00:00:00:00:{number:02x}"),
            ..SchoolNetwork::default()
        };
        let request = AddSchoolNetworkRequest { municipality_id: owner.to_owned(), network: Some(network) };
        networks.add_school_network(request).await.expect("it is said");
    }
    let at = |hours: i64| {
        let seconds = i64::try_from(wall_ms() / 1_000).expect("a time") + hours * 3_600;
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    };
    let work = PlannedWork {
        municipality_id: owner.to_owned(),
        element_kind: v1::ElementKind::SchoolLine.into(),
        element_id: schools[0].clone(),
        start_time: at(30),
        end_time: at(33),
        reason: String::from("光回線の切替工事（事業者都合、雨天順延）"),
        ..PlannedWork::default()
    };
    networks
        .announce_work(AnnounceWorkRequest { work: Some(work), ..Default::default() })
        .await
        .expect("it is announced");
    shared.id.to_string()
}

/// Staff of every role.
async fn people(server: &ServerProcess, municipality: &str, empty: &str, school: &str) -> Links {
    let everywhere = || StaffPlace { everywhere: true, ..StaffPlace::default() };
    let owner = |id: &str| StaffPlace { municipality_id: id.to_owned(), ..StaffPlace::default() };
    let at_school = || StaffPlace { school_id: school.to_owned(), ..owner(municipality) };
    let crowd = [
        ("青梅 恵子", StaffRole::BoardEditor),
        ("あきる野 誠", StaffRole::BoardViewer),
        ("羽村 Elisabeth-Alexandra 智恵子", StaffRole::Engineer),
    ];
    for (number, (name, role)) in crowd.iter().cycle().take(57).enumerate() {
        let sign_in = format!("staff{number:02}.person@city.wakabano.example.jp");
        invite(server, &sign_in, &format!("{name}{}", number + 1), *role, owner(municipality)).await;
    }
    invite(
        server,
        "tokyo",
        "新宿 博",
        StaffRole::PrefectureViewer,
        StaffPlace { prefecture: "13".into(), ..StaffPlace::default() },
    )
    .await;
    let two = async |role: StaffRole, place: StaffPlace, name: &str| {
        [
            invite(server, &format!("{name}-ja"), &format!("{name} 一"), role, place.clone()).await,
            invite(server, &format!("{name}-en"), &format!("{name} 二"), role, place).await,
        ]
    };
    Links {
        open: invite(server, "invited", "招待 待子", StaffRole::Engineer, everywhere()).await,
        administrator: invite(server, "admin-en", "Fuchu Akiko", StaffRole::Administrator, everywhere()).await,
        school: two(StaffRole::SchoolStaff, at_school(), "school").await,
        empty: two(StaffRole::BoardEditor, owner(empty), "board").await,
        half: two(StaffRole::Engineer, everywhere(), "half").await,
    }
}
