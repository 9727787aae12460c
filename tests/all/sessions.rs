//! People at the console and programs with tokens while their rights change under them: cookies that were tampered with, roles
//! that are lowered, grants that end, and two people at one device.

use std::time::Duration;

use gigafleet_proto::v1::{
    CreateStaffTokenRequest, Device, DeviceFieldChange, DeviceFieldName, StaffPlace, StaffRole, UpdateDeviceRequest,
    WatchDevicesRequest, access_service_client::AccessServiceClient,
};
use gigafleet_tests::{
    Engine, ServerOptions, ServerProcess, StaffClient, Visitor,
    console::{Page, SESSION},
    eventually_async,
};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use crate::refusal::assert_refused;

on_both_engines!(
    cookie_that_is_tampered_with_or_over_leads_to_sign_in,
    role_that_is_lowered_counts_while_a_page_is_open,
    grant_that_ends_counts_while_a_page_is_open,
    watch_ends_with_the_right_to_it,
    of_two_people_who_edit_one_device_one_wins,
    namesake_of_another_school_sees_no_files_of_mine,
);

const PASSWORD: &str = "correct horse battery staple 7";
/// Longer than any test.
const LONG: Duration = Duration::from_secs(100 * 86_400);

/// A town with two schools and one device in the first.
struct Town {
    server: ServerProcess,
    staff: StaffClient,
    owner: String,
    school: String,
    other_school: String,
    device: String,
}

impl Town {
    async fn make(engine: Engine) -> Self {
        let server = ServerOptions::on(engine).await.start().await;
        let staff = server.staff();
        let owner = staff.add_municipality("若葉野市").await.municipality_id;
        let school = staff.add_school(&owner, "第一小学校").await.school_id;
        let other_school = staff.add_school(&owner, "第二小学校").await.school_id;
        let fields = [(DeviceFieldName::Label, "A-1"), (DeviceFieldName::School, school.as_str())];
        let device = staff.add_device(&owner, &fields).await;
        Self { server, staff, owner, school, other_school, device }
    }

    fn whole(&self) -> StaffPlace {
        StaffPlace { municipality_id: self.owner.clone(), ..StaffPlace::default() }
    }

    fn within(&self, school: &str) -> StaffPlace {
        StaffPlace { school_id: school.to_owned(), ..self.whole() }
    }

    /// Somebody of a role, signed in; the account's id and the browser.
    async fn sign_in(&self, name: &str, role: StaffRole, place: StaffPlace) -> (String, Visitor) {
        let (id, link) = self.staff.invite(name, role, place, LONG).await;
        let mut visitor = Visitor::new(self.server.console_address());
        visitor.accept_link(&link, &[("password", PASSWORD)]).await;
        (id, visitor)
    }

    fn page(&self) -> String {
        format!("/devices/{}", self.device)
    }

    async fn device(&self) -> Device {
        self.staff.device(&self.device).await.expect("it is known")
    }

    /// The room as it is shown.
    async fn room(&self) -> String {
        let room = i32::from(DeviceFieldName::Room);
        let fields = self.device().await.fields;
        fields.into_iter().find(|field| field.name == room).map(|field| field.value).unwrap_or_default()
    }
}

/// The version in the form of a device's page.
fn version(page: &Page) -> String {
    page.between("name=\"version\" value=\"", "\"").expect("the page has a form").to_owned()
}

async fn cookie_that_is_tampered_with_or_over_leads_to_sign_in(engine: Engine) {
    let town = Town::make(engine).await;
    let (_, mut visitor) = town.sign_in("engineer", StaffRole::Engineer, town.whole()).await;
    assert_eq!(visitor.get("/account").await.status, 200);
    let good = visitor.cookies[SESSION].clone();
    let last = good.chars().last().expect("it is not empty");
    let cut = &good[..good.len() - 1];
    let flipped = format!("{cut}{}", if last == 'A' { 'B' } else { 'A' });
    let invented = "A".repeat(good.len());
    let doubled = format!("{good}{good}");
    for bad in [cut, flipped.as_str(), invented.as_str(), doubled.as_str(), "", "x", "\"x\""] {
        let mut forger = visitor.clone();
        forger.cookies.insert(SESSION.to_owned(), bad.to_owned());
        for path in ["/account", "/devices", &town.page()] {
            let page = forger.get(path).await;
            assert_eq!(
                (page.status.as_u16(), page.location().starts_with("/sign-in?next=")),
                (303, true),
                "{bad} {path}"
            );
            assert!(!page.text.contains("engineer") && !page.text.contains("A-1"), "{bad}");
        }
    }
    // The field of a form belongs to another cookie than the one that it is sent with.
    let mut forger = visitor.clone();
    forger.csrf().await;
    forger.cookies.insert(String::from("gigafleet-visit"), String::from("0123456789abcdef0123456789abcdef"));
    let own = visitor.csrf().await;
    let body = gigafleet_tests::console::form([("verb", "put_in_use"), ("version", "1"), ("csrf", own.as_str())]);
    let page = forger.post_raw(&format!("{}/move", town.page()), "application/x-www-form-urlencoded", body).await;
    assert_eq!((page.status.as_u16(), page.reason()), (403, Some("FORM_FORGED")));

    assert_eq!(visitor.get("/account").await.status, 200, "the good one is still good");
    visitor.post("/sign-out", &[]).await;
    assert!(!visitor.cookies.contains_key(SESSION), "the browser is told to forget it");
    visitor.cookies.insert(SESSION.to_owned(), good);
    assert_eq!(visitor.get("/account").await.location(), "/sign-in?next=%2Faccount", "and the server has");
}

async fn role_that_is_lowered_counts_while_a_page_is_open(engine: Engine) {
    let town = Town::make(engine).await;
    let (id, mut visitor) = town.sign_in("engineer", StaffRole::Engineer, town.whole()).await;
    let page = visitor.get(&town.page()).await;
    let seen = version(&page);
    let before = town.server.look().await.contents().await;
    town.staff.revoke_grants(&id).await;
    let form = [("room", "理科室"), ("version", seen.as_str())];
    // Between the two roles nothing is visible.
    assert_eq!(visitor.post(&town.page(), &form).await.reason(), Some("DEVICE_NOT_FOUND"));
    town.staff.grant(&id, StaffRole::BoardViewer, town.whole(), LONG).await;
    for (path, form) in [(town.page(), form), (format!("{}/move", town.page()), [("verb", "retire"), form[1]])] {
        let page = visitor.post(&path, &form).await;
        assert_eq!((page.status.as_u16(), page.reason()), (403, Some("RIGHT_MISSING")), "{path}");
    }
    let page = visitor.get(&town.page()).await;
    assert!(page.status == 200 && page.between("name=\"version\"", "\"").is_none(), "the page has no form any more");
    assert_eq!(visitor.get("/staff").await.reason(), Some("RIGHT_MISSING"));
    let mut after = town.server.look().await.contents().await;
    for table in ["staff_grant", "audit_entry", "audit_head"] {
        after.insert(table.to_owned(), before[table].clone());
    }
    assert_eq!(after, before, "only the grants have changed");
}

async fn grant_that_ends_counts_while_a_page_is_open(engine: Engine) {
    let town = Town::make(engine).await;
    let (id, mut visitor) = town.sign_in("engineer", StaffRole::BoardViewer, town.whole()).await;
    town.staff.revoke_grants(&id).await;
    town.staff.grant(&id, StaffRole::Engineer, town.whole(), Duration::from_secs(3)).await;
    let page = visitor.get(&town.page()).await;
    let form = [("room", "理科室"), ("version", &version(&page))];
    eventually_async("the grant is over", Duration::from_secs(20), async || {
        (visitor.get(&town.page()).await.status == 404).then_some(())
    })
    .await;
    let page = visitor.post(&town.page(), &form).await;
    assert_eq!((page.status.as_u16(), page.reason()), (404, Some("DEVICE_NOT_FOUND")));
    assert_eq!(visitor.get("/devices").await.reason(), Some("RIGHT_MISSING"));
    // The session itself goes on: somebody without any grant has a home that says so.
    let home = visitor.get("/").await;
    assert!(home.status == 200 && !home.text.contains("若葉野市"));
    assert_eq!(town.room().await, "");
}

async fn watch_ends_with_the_right_to_it(engine: Engine) {
    let town = Town::make(engine).await;
    let (id, mut visitor) = town.sign_in("engineer", StaffRole::Engineer, town.whole()).await;
    let place = format!("municipality:{}", town.owner);
    let fields = [("token_name", "watch"), ("role", "2"), ("place", place.as_str()), ("days", "1")];
    let page = visitor.post("/account/tokens", &fields).await;
    let token = format!("gfs_{}", page.between("gfs_", "<").expect("the page shows the token"));
    let program = town.staff.with_token(&token);
    let watch = async || {
        let request = WatchDevicesRequest { municipality_id: town.owner.clone(), ..WatchDevicesRequest::default() };
        let mut watch = program.devices().await.watch_devices(request).await.expect("it may watch").into_inner();
        let first = watch.next().await.expect("the device comes").expect("no error");
        assert_eq!(first.device.expect("it holds the device").device_id, town.device);
        watch
    };
    let mut watched = watch().await;
    town.staff.revoke_grants(&id).await;
    let end = tokio::time::timeout(Duration::from_secs(20), watched.next()).await.expect("it ends soon");
    assert_refused(end.expect("with a refusal"), Code::PermissionDenied, "RIGHT_MISSING");
    assert!(watched.next().await.is_none());

    town.staff.grant(&id, StaffRole::Engineer, town.whole(), LONG).await;
    let mut watched = watch().await;
    town.server.change("UPDATE staff_token SET revoked_at = created_at WHERE name = 'watch'").await;
    let end = tokio::time::timeout(Duration::from_secs(20), watched.next()).await.expect("it ends soon");
    assert_refused(end.expect("with a refusal"), Code::Unauthenticated, "STAFF_TOKEN_INVALID");
}

async fn of_two_people_who_edit_one_device_one_wins(engine: Engine) {
    let town = Town::make(engine).await;
    let etag = town.device().await.etag;
    let mut edits = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (staff, device_id, etag) = (town.staff.clone(), town.device.clone(), etag.clone());
        edits.spawn(async move {
            let fields =
                vec![DeviceFieldChange { name: DeviceFieldName::Room.into(), value: format!("教室{number}") }];
            let request = UpdateDeviceRequest { device_id, etag, fields };
            staff.devices().await.update_device(request).await.map(|_| format!("教室{number}"))
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = edits.join_all().await.into_iter().partition(Result::is_ok);
    let won: Vec<String> = won.into_iter().map(|room: Result<String, Status>| room.expect("it won")).collect();
    assert_eq!((won.len(), lost.len()), (1, 7));
    for outcome in lost {
        assert_refused(outcome, Code::Aborted, "ETAG_MISMATCH");
    }
    assert_eq!(town.room().await, won[0]);

    let (_, mut one) = town.sign_in("engineer", StaffRole::Engineer, town.whole()).await;
    let (_, mut two) = town.sign_in("editor", StaffRole::BoardEditor, town.whole()).await;
    let (seen_by_one, seen_by_two) = (version(&one.get(&town.page()).await), version(&two.get(&town.page()).await));
    assert_eq!(seen_by_one, seen_by_two);
    let page = one.post(&town.page(), &[("room", "理科室"), ("version", &seen_by_one)]).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, town.page().as_str()));
    let page = two.post(&town.page(), &[("room", "図書室"), ("version", &seen_by_two)]).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("図書室"), "what was typed stays");
    let kept = format!("name=\"version\" value=\"{seen_by_two}\"");
    assert!(page.text.contains(&kept), "with the version that it was typed for, so that it is refused again");
    let page = two.post(&format!("{}/move", town.page()), &[("verb", "retire"), ("version", &seen_by_two)]).await;
    assert_eq!(page.status, 409);
    assert_eq!(town.room().await, "理科室");
    let newest = version(&two.get(&town.page()).await);
    let page = two.post(&town.page(), &[("room", "図書室"), ("version", &newest)]).await;
    assert_eq!((page.status.as_u16(), town.room().await.as_str()), (303, "図書室"));
}

async fn namesake_of_another_school_sees_no_files_of_mine(engine: Engine) {
    let town = Town::make(engine).await;
    let administrator = StaffRole::Administrator;
    let (_, mut mine) = town.sign_in("sato-1", administrator, town.within(&town.school)).await;
    let (_, mut theirs) = town.sign_in("sato-2", administrator, town.within(&town.other_school)).await;
    // Two people of one name, as they are common.
    town.server.change("UPDATE staff SET display_name = '佐藤'").await;
    let file = "管理番号,学校名\r\nA-7,第一小学校\r\n";
    let csrf = mine.csrf().await;
    let field =
        |name: &str, value: &str| format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let head = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"ledger.csv\"\r\n\r\n";
    let body = format!("{}{}{head}{file}\r\n--x--\r\n", field("csrf", &csrf), field("municipality", &town.owner));
    let page = mine.post_raw("/imports", "multipart/form-data; boundary=x", body).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let run = page.location().to_owned();
    let page = mine.get(&run).await;
    assert!(page.status == 200 && page.text.contains("A-7"));
    assert!(mine.get("/imports").await.text.contains("ledger.csv"));
    let page = theirs.get(&run).await;
    assert_eq!((page.status.as_u16(), page.reason()), (404, Some("IMPORT_NOT_FOUND")));
    assert!(!theirs.get("/imports").await.text.contains("ledger.csv"));
    let page = theirs.post(&format!("{run}/apply"), &[("version", "1")]).await;
    assert_eq!((page.status.as_u16(), page.reason()), (404, Some("IMPORT_NOT_FOUND")));
}

#[tokio::test]
async fn token_that_gives_less_than_its_person_has_leaves_the_rest_alone() {
    let town = Town::make(Engine::Sqlite).await;
    let (_, mut visitor) = town.sign_in("administrator", StaffRole::Administrator, town.whole()).await;
    let place = format!("municipality:{}", town.owner);
    let mut make = async |name: &str, role: &str| {
        let fields = [("token_name", name), ("role", role), ("place", place.as_str()), ("days", "1")];
        let page = visitor.post("/account/tokens", &fields).await;
        format!("gfs_{}", page.between("gfs_", "<").expect("the page shows the token"))
    };
    let (wide, narrow) = (make("wide", "1").await, make("narrow", "3").await);
    let client = async |token: &str| AccessServiceClient::new(town.staff.with_token(token).connection().await);
    let names = async |token: &str| {
        let list = client(token).await.list_staff_tokens(gigafleet_proto::v1::ListStaffTokensRequest::default()).await;
        let mut names: Vec<_> =
            list.expect("they are listed").into_inner().staff_tokens.into_iter().map(|token| token.name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wide).await, ["narrow", "wide"]);
    assert_eq!(names(&narrow).await, ["narrow"]);
    let sessions = gigafleet_proto::v1::ListSessionsRequest::default();
    assert_eq!(
        client(&wide).await.list_sessions(sessions).await.expect("they are listed").into_inner().sessions.len(),
        1
    );
    assert_refused(client(&narrow).await.list_sessions(sessions).await, Code::PermissionDenied, "RIGHT_MISSING");
    let more = CreateStaffTokenRequest {
        name: String::from("more"),
        role: StaffRole::Engineer.into(),
        place: Some(town.whole()),
        ..CreateStaffTokenRequest::default()
    };
    assert_refused(client(&narrow).await.create_staff_token(more).await, Code::PermissionDenied, "RIGHT_MISSING");
}
