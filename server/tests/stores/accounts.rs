//! Signing in, sessions, links, grants and API tokens.

use std::{net::IpAddr, time::Duration};

use gigafleet::{
    access::{
        rules::{
            MunicipalityId, Place, Right, Role, Staff, StaffId, grants::GrantOrder, names::Language,
            second_factor::TotpSecret,
        },
        service::{
            links::{Acceptance, LinkPurpose, SeedStaff},
            sign_in::{Client, Cookie, SignedIn},
            staff::NewPerson,
            tokens::TokenOrder,
        },
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
};
use uuid::Uuid;

use crate::World;

crate::on_both_engines!(
    first_administrator_comes_by_link_password_and_authenticator,
    failed_sign_ins_look_the_same_and_lock_for_a_growing_time,
    many_wrong_tries_from_one_address_must_wait,
    code_of_the_authenticator_is_good_once,
    session_ends_idle_and_after_its_day,
    cookie_rotates_and_the_old_one_is_good_for_a_minute,
    sessions_end_by_hand_with_the_password_and_with_the_account,
    grant_that_ends_or_is_lowered_counts_at_the_next_request,
    token_gives_no_more_than_its_owner_has_now,
    administrator_of_a_town_reaches_no_further_than_it,
    last_administrator_stays,
    invitation_and_reset_links_work_once,
);

const PASSWORD: &str = "green tablets in boxes";
const SECRET: [u8; 20] = [7; 20];

async fn seed(world: &World, name: &str, grants: &[(Role, Place)]) -> StaffId {
    let seed = SeedStaff {
        sign_in_name: name.to_owned(),
        display_name: format!("{name}さん"),
        language: Language::Japanese,
        password: PASSWORD.to_owned(),
        totp_secret: TotpSecret::from_bytes(SECRET),
        grants: grants.to_vec(),
    };
    world.access.seed_staff(seed).await.unwrap()
}

fn client() -> Client {
    Client { address: Some(IpAddr::from([192, 0, 2, 7])), agent: String::from("browser") }
}

/// The code of this moment, one step after any that was used before.
fn fresh_code(world: &World) -> String {
    world.clock.advance(Duration::from_secs(30));
    TotpSecret::from_bytes(SECRET).code(world.clock.now())
}

async fn sign_in(world: &World, name: &str) -> Cookie {
    let pending = world.access.sign_in(name, PASSWORD, &client()).await.unwrap();
    let code = fresh_code(world);
    world.access.second_factor(pending.as_str(), &code).await.unwrap()
}

async fn session(world: &World, cookie: &Cookie) -> Result<SignedIn> {
    world.access.session(cookie.as_str()).await
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn order(role: Role, place: Place, ends_at: Option<Timestamp>) -> GrantOrder {
    GrantOrder { id: None, role, place, reason: String::from("委託契約"), starts_at: None, ends_at }
}

async fn first_administrator_comes_by_link_password_and_authenticator(world: World) {
    let void = world.access.first_administrator_link().await.unwrap().unwrap();
    let link = world.access.first_administrator_link().await.unwrap().unwrap();
    assert_eq!(reason(world.access.open_link(void.as_str()).await), "LINK_INVALID");
    assert_eq!(world.access.open_link(link.as_str()).await.unwrap().purpose, LinkPurpose::FirstAdministrator);
    let given = |name: &str, password: &str| Acceptance {
        sign_in_name: name.to_owned(),
        display_name: String::from("佐藤 花子"),
        language: Language::English,
        password: password.to_owned(),
    };
    let accept = async |given: Acceptance| world.access.accept_link(link.as_str(), given, &client()).await;
    assert_eq!(reason(accept(given("x", PASSWORD)).await), "FIELD_INVALID");
    assert_eq!(reason(accept(given("sato", "short")).await), "FIELD_INVALID");
    let cookie = accept(given("sato", PASSWORD)).await.unwrap();
    assert_eq!(reason(accept(given("tanaka", PASSWORD)).await), "LINK_INVALID");
    assert!(world.access.first_administrator_link().await.unwrap().is_none(), "there is somebody now");

    assert_eq!(reason(session(&world, &cookie).await), "SECOND_FACTOR_REQUIRED");
    let pending = world.access.pending(cookie.as_str()).await.unwrap();
    assert!(pending.needs_enrollment && pending.language == Language::English);
    assert_eq!(reason(world.access.second_factor(cookie.as_str(), "000000").await), "SECOND_FACTOR_NOT_SET_UP");
    let offer = world.access.begin_totp(cookie.as_str()).await.unwrap();
    let again = world.access.begin_totp(cookie.as_str()).await.unwrap();
    assert_eq!(offer.secret, again.secret, "the page may be loaded twice");
    assert!(offer.uri.starts_with("otpauth://totp/"));
    assert_eq!(reason(world.access.confirm_totp(cookie.as_str(), "12").await), "SECOND_FACTOR_FAILED");
    let secret = TotpSecret::from_base32(&offer.secret).unwrap();
    let code = secret.code(world.clock.now());
    let (whole, codes) = world.access.confirm_totp(cookie.as_str(), &code).await.unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(reason(session(&world, &cookie).await), "SESSION_ENDED", "the cookie of the step before");
    let person = session(&world, &whole).await.unwrap();
    assert!(person.staff.require_everywhere(Right::ManageStaff).is_ok());
    assert_eq!(person.display_name, "佐藤 花子");

    world.access.sign_out(whole.as_str()).await.unwrap();
    assert_eq!(reason(session(&world, &whole).await), "SESSION_ENDED");
    // A recovery code opens once.
    let pending = world.access.sign_in(" SATO ", PASSWORD, &client()).await.unwrap();
    let whole = world.access.second_factor(pending.as_str(), &codes[3].to_lowercase()).await.unwrap();
    assert_eq!(world.access.recovery_codes_left(&session(&world, &whole).await.unwrap().staff).await.unwrap(), 9);
    let pending = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap();
    assert_eq!(reason(world.access.second_factor(pending.as_str(), &codes[3]).await), "SECOND_FACTOR_FAILED");
}

async fn failed_sign_ins_look_the_same_and_lock_for_a_growing_time(world: World) {
    seed(&world, "sato", &[]).await;
    let closed = seed(&world, "closed", &[]).await;
    world.access.disable_staff(&world.staff().await, closed, None).await.unwrap();
    let fail = async |name: &str, password: &str| -> Error {
        world.access.sign_in(name, password, &client()).await.unwrap_err()
    };
    let unknown = fail("nobody", PASSWORD).await;
    for error in [fail("sato", "wrong password").await, fail("closed", PASSWORD).await] {
        assert_eq!(
            (error.kind, error.reason, &error.message),
            (Kind::Unauthenticated, "SIGN_IN_FAILED", &unknown.message)
        );
    }
    for _ in 0..4 {
        fail("sato", "wrong password").await;
    }
    assert_eq!(fail("sato", PASSWORD).await.message, unknown.message, "locked after five");
    world.clock.advance(Duration::from_secs(59));
    fail("sato", PASSWORD).await;
    world.clock.advance(Duration::from_secs(1));
    fail("sato", "wrong password").await;
    world.clock.advance(Duration::from_secs(61));
    fail("sato", PASSWORD).await;
    world.clock.advance(Duration::from_secs(59));
    sign_in(&world, "sato").await;
    // Signing in forgets what was wrong before.
    for _ in 0..4 {
        fail("sato", "wrong password").await;
    }
    sign_in(&world, "sato").await;
    // A wrong code counts like a wrong password, and the lock ends what was under way.
    let pending = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(reason(world.access.second_factor(pending.as_str(), "000000").await), "SECOND_FACTOR_FAILED");
    }
    let code = fresh_code(&world);
    assert_eq!(reason(world.access.second_factor(pending.as_str(), &code).await), "SESSION_ENDED");
}

async fn many_wrong_tries_from_one_address_must_wait(world: World) {
    seed(&world, "sato", &[]).await;
    for n in 0..60 {
        // Too long to be a password, so that the test need not hash.
        let long = "x".repeat(2_000);
        assert_eq!(reason(world.access.sign_in(&format!("guess{n}"), &long, &client()).await), "SIGN_IN_FAILED");
    }
    let error = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::Exhausted, "SIGN_IN_THROTTLED"));
    assert!(error.retry_after.is_some());
    let elsewhere = Client { address: Some(IpAddr::from([192, 0, 2, 8])), ..client() };
    world.access.sign_in("sato", PASSWORD, &elsewhere).await.unwrap();
    let log = world.access.list_entries(&world.staff().await, None, i64::MAX, 1_000).await.unwrap();
    let noted = log.iter().filter(|entry| entry.action == "session.sign_in_failed").count();
    assert_eq!(noted, 1, "the log hears of a crowd once a minute");
    assert!(log.iter().all(|entry| !entry.details.contains("guess")), "what was typed may be a password");
}

async fn code_of_the_authenticator_is_good_once(world: World) {
    seed(&world, "sato", &[]).await;
    let one = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap();
    let two = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap();
    let code = fresh_code(&world);
    world.access.second_factor(one.as_str(), &code).await.unwrap();
    assert_eq!(reason(world.access.second_factor(two.as_str(), &code).await), "SECOND_FACTOR_FAILED");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(reason(world.access.second_factor(two.as_str(), &code).await), "SECOND_FACTOR_FAILED");
    let late = world.access.sign_in("sato", PASSWORD, &client()).await.unwrap();
    world.clock.advance(minutes(10));
    let code = fresh_code(&world);
    assert_eq!(reason(world.access.second_factor(late.as_str(), &code).await), "SESSION_ENDED", "ten minutes are over");
}

async fn session_ends_idle_and_after_its_day(world: World) {
    seed(&world, "sato", &[]).await;
    let cookie = sign_in(&world, "sato").await;
    for at in 0..cookie.as_str().len() {
        let mut bytes = cookie.as_str().as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        assert_eq!(reason(world.access.session(&tampered).await), "SESSION_ENDED");
    }
    world.clock.advance(minutes(59));
    session(&world, &cookie).await.unwrap();
    world.clock.advance(minutes(60));
    assert_eq!(reason(session(&world, &cookie).await), "SESSION_ENDED", "idle for an hour");

    let mut cookie = sign_in(&world, "sato").await;
    for _ in 0..14 {
        world.clock.advance(minutes(50));
        cookie = session(&world, &cookie).await.unwrap().rotated.unwrap_or(cookie);
    }
    world.clock.advance(minutes(20));
    assert_eq!(reason(session(&world, &cookie).await), "SESSION_ENDED", "twelve hours, however busy");
}

async fn cookie_rotates_and_the_old_one_is_good_for_a_minute(world: World) {
    seed(&world, "sato", &[]).await;
    let old = sign_in(&world, "sato").await;
    let first = session(&world, &old).await.unwrap();
    assert!(first.rotated.is_none());
    world.clock.advance(minutes(50));
    session(&world, &old).await.unwrap();
    world.clock.advance(minutes(11));
    let second = session(&world, &old).await.unwrap();
    let new = second.rotated.unwrap();
    assert_eq!(second.csrf, first.csrf, "an open form can be sent");
    assert_eq!(second.session_id, first.session_id);
    let parallel = session(&world, &old).await.unwrap();
    assert!(parallel.rotated.is_none(), "a request that was under way");
    session(&world, &new).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(reason(session(&world, &old).await), "SESSION_ENDED");
    session(&world, &new).await.unwrap();
}

async fn sessions_end_by_hand_with_the_password_and_with_the_account(world: World) {
    let id = seed(&world, "sato", &[]).await;
    seed(&world, "tanaka", &[]).await;
    let (one, two) = (sign_in(&world, "sato").await, sign_in(&world, "sato").await);
    let other = sign_in(&world, "tanaka").await;
    let (me, stranger) = (session(&world, &one).await.unwrap(), session(&world, &other).await.unwrap());
    let listed = world.access.sessions(&me.staff).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[0].client.as_str(), listed[0].address.as_str()), ("browser", "192.0.2.7"));
    let second = session(&world, &two).await.unwrap().session_id;
    assert_eq!(reason(world.access.end_session(&stranger.staff, second).await), "SESSION_NOT_FOUND");
    world.access.end_session(&me.staff, second).await.unwrap();
    assert_eq!(reason(session(&world, &two).await), "SESSION_ENDED");

    let two = sign_in(&world, "sato").await;
    let change =
        async |old: &str| world.access.change_password(&me.staff, old, "blue lamps on a roof", &client()).await;
    assert_eq!(reason(change("not the old one").await), "SIGN_IN_FAILED");
    let fresh = change(PASSWORD).await.unwrap();
    for cookie in [&one, &two] {
        assert_eq!(reason(session(&world, cookie).await), "SESSION_ENDED");
    }
    let me = session(&world, &fresh).await.unwrap();
    let pending = world.access.replace_second_factor(&me.staff, "blue lamps on a roof", &client()).await.unwrap();
    assert_eq!(reason(session(&world, &fresh).await), "SESSION_ENDED");
    assert!(world.access.pending(pending.as_str()).await.unwrap().needs_enrollment);
    let admin = world.staff().await;
    assert_eq!(reason(world.access.change_password(&admin, "", "", &client()).await), "SESSION_REQUIRED");
    world.access.disable_staff(&admin, id, None).await.unwrap();
    assert_eq!(reason(world.access.pending(pending.as_str()).await), "SESSION_ENDED");
    session(&world, &other).await.unwrap();
}

async fn grant_that_ends_or_is_lowered_counts_at_the_next_request(world: World) {
    let owner = world.municipality("131130").await;
    let id = seed(&world, "engineer", &[]).await;
    let admin = world.staff().await;
    let end = world.clock.now().after(minutes(5));
    let place = Place::Municipality(owner);
    world.access.grant_role(&admin, id, order(Role::Engineer, place.clone(), Some(end))).await.unwrap();
    let cookie = sign_in(&world, "engineer").await;
    let has = async |right| session(&world, &cookie).await.unwrap().staff.has(right);
    assert!(has(Right::EditDevices).await);
    world.clock.advance(minutes(5));
    assert!(!has(Right::EditDevices).await && !has(Right::ViewDevices).await, "the session lives, the grant does not");
    let editor = world.access.grant_role(&admin, id, order(Role::BoardEditor, place.clone(), None)).await.unwrap();
    assert!(has(Right::EditSchools).await);
    world.access.grant_role(&admin, id, order(Role::BoardViewer, place.clone(), None)).await.unwrap();
    world.access.revoke_grant(&admin, editor.grant_id).await.unwrap();
    assert!(!has(Right::EditSchools).await && has(Right::ViewDevices).await);
    let later =
        GrantOrder { starts_at: Some(world.clock.now().after(minutes(10))), ..order(Role::Administrator, place, None) };
    world.access.grant_role(&admin, id, later).await.unwrap();
    assert!(!has(Right::ManageStaff).await);
    world.clock.advance(minutes(10));
    assert!(has(Right::ManageStaff).await);
    assert_eq!(world.access.list_grants(&admin, Some(id), (i64::MAX, Uuid::max()), 2).await.unwrap().len(), 2);
}

fn token_order(role: Role, place: Place) -> TokenOrder {
    TokenOrder { id: None, name: String::from("script"), role, place, lifetime: Duration::from_secs(86_400) }
}

async fn token_gives_no_more_than_its_owner_has_now(world: World) {
    let (one, two) = (world.municipality("131130").await, world.municipality("131016").await);
    let id = seed(&world, "engineer", &[]).await;
    let admin = world.staff().await;
    let end = Some(world.clock.now().after(minutes(600)));
    let here = Place::Municipality(one);
    let grant = world.access.grant_role(&admin, id, order(Role::Engineer, here.clone(), end)).await.unwrap();
    let cookie = sign_in(&world, "engineer").await;
    let me = session(&world, &cookie).await.unwrap().staff;
    let wish = async |role, place| world.access.create_token(&me, token_order(role, place)).await;
    assert_eq!(reason(wish(Role::Administrator, here.clone()).await), "RIGHT_MISSING");
    assert_eq!(reason(wish(Role::Engineer, Place::Everywhere).await), "RIGHT_MISSING");
    assert_eq!(reason(wish(Role::Engineer, Place::Municipality(two)).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(reason(wish(Role::BoardViewer, here.clone()).await), "RIGHT_MISSING", "engineers see no money");
    let (row, secret) = wish(Role::SchoolStaff, here.clone()).await.unwrap();
    let call = async || world.access.staff(Some(&format!("Bearer {secret}"))).await;
    let through = call().await.unwrap();
    assert_eq!(through.id, Some(id));
    assert!(through.scope(Right::ViewDevices).unwrap().area(one).is_some());
    assert!(through.scope(Right::ViewDevices).unwrap().area(two).is_none(), "a token of another scope");
    assert!(!through.has(Right::EditDevices), "the token only looks");
    assert_eq!(reason(world.access.create_token(&through, token_order(Role::Engineer, here)).await), "RIGHT_MISSING");
    let used = world.access.list_tokens(&me, false, (i64::MAX, Uuid::max()), 10).await.unwrap();
    assert!(used[0].used_at.is_some());

    world.access.revoke_grant(&admin, grant.grant_id).await.unwrap();
    assert!(!call().await.unwrap().has(Right::ViewFigures), "nothing is left of the owner's rights");
    world.access.disable_staff(&admin, id, None).await.unwrap();
    assert_eq!(reason(call().await), "STAFF_TOKEN_INVALID");
    world.access.enable_staff(&admin, id, None).await.unwrap();
    call().await.unwrap();
    let stranger = seed(&world, "stranger", &[]).await;
    assert_ne!(stranger, id);
    let theirs = session(&world, &sign_in(&world, "stranger").await).await.unwrap().staff;
    assert_eq!(reason(world.access.revoke_token(&theirs, row.token_id).await), "TOKEN_NOT_FOUND");
    assert_eq!(reason(world.access.list_tokens(&theirs, true, (i64::MAX, Uuid::max()), 10).await), "RIGHT_MISSING");
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(reason(call().await), "STAFF_TOKEN_INVALID", "its day is over");

    let (row, secret) =
        world.access.create_token(&admin, token_order(Role::Engineer, Place::Everywhere)).await.unwrap();
    assert!(row.staff_id.is_none());
    let program = world.access.staff(Some(&format!("Bearer {secret}"))).await.unwrap();
    assert!(program.has(Right::EditDevices) && !program.has(Right::ManageStaff));
    world.access.revoke_token(&admin, row.token_id).await.unwrap();
    assert_eq!(reason(world.access.staff(Some(&format!("Bearer {secret}"))).await), "STAFF_TOKEN_INVALID");
}

async fn as_person(world: &World, name: &str) -> Staff {
    session(world, &sign_in(world, name).await).await.unwrap().staff
}

async fn administrator_of_a_town_reaches_no_further_than_it(world: World) {
    let (one, two) = (world.municipality("131130").await, world.municipality("131016").await);
    let town = |owner: MunicipalityId| Place::Municipality(owner);
    seed(&world, "mayor", &[(Role::Administrator, town(one))]).await;
    let wide = seed(&world, "wide", &[(Role::BoardViewer, town(one)), (Role::BoardViewer, town(two))]).await;
    let mine = seed(&world, "mine", &[(Role::BoardViewer, town(one))]).await;
    let foreign = seed(&world, "foreign", &[(Role::BoardViewer, town(two))]).await;
    let mayor = as_person(&world, "mayor").await;
    let seen = world.access.list_staff(&mayor, "", 100).await.unwrap();
    let names: Vec<_> = seen.iter().map(|view| (view.row.sign_in_name.as_str(), view.manageable)).collect();
    assert_eq!(names, [("mayor", true), ("mine", true), ("wide", false)]);
    assert!(seen.iter().all(|view| view.grants.iter().all(|grant| grant.owner_id == Some(one.0))));
    assert_eq!(world.access.list_staff(&mayor, "mayor", 1).await.unwrap()[0].row.sign_in_name, "mine");

    assert_eq!(reason(world.access.get_staff(&mayor, foreign).await), "STAFF_NOT_FOUND");
    assert_eq!(reason(world.access.reset_staff(&mayor, foreign, false).await), "STAFF_NOT_FOUND");
    assert_eq!(reason(world.access.reset_staff(&mayor, wide, false).await), "RIGHT_MISSING", "could become them");
    assert_eq!(reason(world.access.disable_staff(&mayor, wide, None).await), "RIGHT_MISSING");
    world.access.reset_staff(&mayor, mine, true).await.unwrap();
    let give = async |id, role, place| world.access.grant_role(&mayor, id, order(role, place, None)).await;
    assert_eq!(reason(give(mine, Role::BoardEditor, town(two)).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(reason(give(mine, Role::Administrator, Place::Everywhere).await), "RIGHT_MISSING");
    let tokyo = Place::Prefecture(String::from("13"));
    assert_eq!(reason(give(mine, Role::PrefectureViewer, tokyo).await), "RIGHT_MISSING");
    assert_eq!(reason(give(foreign, Role::BoardEditor, town(one)).await), "STAFF_NOT_FOUND");
    let school = Place::School(one, gigafleet::access::rules::SchoolId(Uuid::now_v7()));
    assert_eq!(reason(give(mine, Role::SchoolStaff, school).await), "SCHOOL_NOT_FOUND");
    give(mine, Role::BoardEditor, town(one)).await.unwrap();
    let person = |grant| NewPerson {
        id: None,
        sign_in_name: String::from("invited"),
        display_name: String::from("招待"),
        language: Language::Japanese,
        grant,
    };
    assert_eq!(reason(world.access.create_staff(&mayor, person(None)).await), "RIGHT_MISSING");
    let (view, _) =
        world.access.create_staff(&mayor, person(Some(order(Role::BoardViewer, town(one), None)))).await.unwrap();
    assert_eq!(view.grants.len(), 1);
    let again = person(Some(order(Role::BoardViewer, town(one), None)));
    assert_eq!(reason(world.access.create_staff(&mayor, again).await), "STAFF_EXISTS");
    let theirs =
        world.access.list_grants(&world.staff().await, Some(foreign), (i64::MAX, Uuid::max()), 9).await.unwrap();
    assert_eq!(reason(world.access.revoke_grant(&mayor, theirs[0].grant_id).await), "GRANT_NOT_FOUND");
    let viewer = as_person(&world, "wide").await;
    assert_eq!(reason(world.access.list_staff(&viewer, "", 9).await), "RIGHT_MISSING");
    // Of two who edit one account, one wins.
    let version = view.row.version;
    let invited = StaffId(view.row.staff_id);
    world.access.disable_staff(&mayor, invited, Some(version)).await.unwrap();
    assert_eq!(reason(world.access.enable_staff(&mayor, invited, Some(version)).await), "ETAG_MISMATCH");
    assert_eq!(reason(world.access.reset_staff(&mayor, invited, false).await), "STAFF_DISABLED");
}

async fn last_administrator_stays(world: World) {
    let one = seed(&world, "one", &[(Role::Administrator, Place::Everywhere)]).await;
    let admin = as_person(&world, "one").await;
    let grants = world.access.list_grants(&admin, Some(one), (i64::MAX, Uuid::max()), 9).await.unwrap();
    assert_eq!(reason(world.access.revoke_grant(&admin, grants[0].grant_id).await), "LAST_ADMINISTRATOR");
    assert_eq!(reason(world.access.disable_staff(&admin, one, None).await), "LAST_ADMINISTRATOR");
    let end = Some(world.clock.now().after(minutes(60)));
    let two = seed(&world, "two", &[]).await;
    world.access.grant_role(&admin, two, order(Role::Administrator, Place::Everywhere, end)).await.unwrap();
    assert_eq!(
        reason(world.access.disable_staff(&admin, one, None).await),
        "LAST_ADMINISTRATOR",
        "the other one's ends"
    );
    world.access.grant_role(&admin, two, order(Role::Administrator, Place::Everywhere, None)).await.unwrap();
    world.access.disable_staff(&admin, one, None).await.unwrap();
}

async fn invitation_and_reset_links_work_once(world: World) {
    let admin = world.staff().await;
    let person = NewPerson {
        id: None,
        sign_in_name: String::from("invited"),
        display_name: String::from("招待"),
        language: Language::Japanese,
        grant: None,
    };
    let (view, link) = world.access.create_staff(&admin, person).await.unwrap();
    let id = StaffId(view.row.staff_id);
    let open = world.access.open_link(link.as_str()).await.unwrap();
    assert_eq!((open.purpose, open.sign_in_name.as_deref()), (LinkPurpose::Invitation, Some("invited")));
    let accept = async |secret: &str| {
        let given = Acceptance { password: PASSWORD.to_owned(), ..Acceptance::default() };
        world.access.accept_link(secret, given, &client()).await
    };
    accept(link.as_str()).await.unwrap();
    assert_eq!(reason(accept(link.as_str()).await), "LINK_INVALID");
    world.access.sign_in("invited", PASSWORD, &client()).await.unwrap();

    let reset = world.access.reset_staff(&admin, id, false).await.unwrap();
    assert_eq!(reason(world.access.sign_in("invited", PASSWORD, &client()).await), "SIGN_IN_FAILED");
    let newer = world.access.reset_staff(&admin, id, false).await.unwrap();
    assert_eq!(reason(accept(reset.as_str()).await), "LINK_INVALID", "a newer one took its place");
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(reason(accept(newer.as_str()).await), "LINK_INVALID", "a day is over");
    let last = world.access.reset_staff(&admin, id, false).await.unwrap();
    world.access.disable_staff(&admin, id, None).await.unwrap();
    assert_eq!(reason(accept(last.as_str()).await), "LINK_INVALID");
    assert_eq!(reason(accept("nonsense").await), "LINK_INVALID");
}
