//! Reports from a phone: a label leads to its device's school of now, a form makes one ticket, limits hold, others' words stay theirs.

use std::{net::IpAddr, time::Duration};

use gigafleet::{
    access::rules::{Place, Role},
    devices::rules::{DeviceId, fields::Lifecycle},
    enrollment::rules::DeviceIdentity,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        phone::{
            rules::{ALSO, MOST_CHARS, PER_LABEL, PER_SCHOOL},
            service::{
                Phone, Said, Word,
                devices::{AtDevice, Told},
                labels::OfClass,
            },
        },
        rules::{
            CallerKind, Category, EventKind, Impact, Origin, State, TicketId, Urgency, WaitingOn, clock::Standing,
        },
        service::{Change, ListOrder, Named, Tickets},
    },
};
use uuid::Uuid;

use crate::{World, checkins::identity, enrollments::csr};

crate::on_both_engines!(
    a_label_leads_to_one_ticket_that_its_link_follows,
    a_code_that_is_forged_or_voided_is_not_known,
    a_label_goes_where_its_device_goes_until_that_is_retired,
    what_is_over_a_limit_changes_nothing,
    devices_that_report_at_once_shut_out_no_phone,
    words_of_callers_are_bounded_and_come_once,
    who_has_the_same_answers_nothing_for_the_first_caller,
    of_two_who_make_labels_each_device_has_one,
    what_is_said_at_a_device_is_one_ticket_of_it,
    who_asks_how_a_report_stands_makes_no_ticket,
    whose_certificate_has_ended_reports_nothing,
);

const SECRET: [u8; 32] = [3; 32];

fn server(world: &World) -> Phone {
    Phone::new(world.db.clone(), world.clock.clone(), world.access.clone(), &SECRET)
}

fn address() -> Option<IpAddr> {
    Some("192.0.2.7".parse().unwrap())
}

fn said(text: &str) -> Said {
    Said {
        form: Uuid::now_v7(),
        category: Category::Screen,
        caller: CallerKind::Pupil,
        lesson_stopped: false,
        text: text.to_owned(),
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}

/// The code of a room.
async fn room(world: &World, phone: &Phone, owner: MunicipalityId, school: SchoolId) -> String {
    phone.room_label(&world.staff().await, (owner, school), "理科室").await.unwrap()
}

/// Reports with a code, as the form behind it does.
async fn report(phone: &Phone, code: &str, from: Option<IpAddr>, said: &Said) -> Result<String> {
    let spot = phone.open(code, from).await?;
    phone.report(&spot, from, said).await
}

/// A device that only a ledger knows.
async fn device_at(world: &World, owner: MunicipalityId, school: SchoolId) -> DeviceId {
    let id = Uuid::now_v7();
    let mut tx = world.db.begin().await.unwrap();
    tx.query(
        "INSERT INTO device (municipality_id, device_id, school_id, created_at, os_kind, lifecycle, purpose, version)
         VALUES ($1, $2, $3, 1, 1, 1, 1, 1)",
    )
    .bind(owner)
    .bind(id)
    .bind(school)
    .execute()
    .await
    .unwrap();
    let lookup = tx.query("INSERT INTO device_lookup (device_id, municipality_id) VALUES ($1, $2)");
    lookup.bind(id).bind(owner).execute().await.unwrap();
    tx.commit().await.unwrap();
    DeviceId(id)
}

async fn set(world: &World, (owner, device): (MunicipalityId, DeviceId), school: Option<SchoolId>, state: Lifecycle) {
    let mut tx = world.db.begin().await.unwrap();
    tx.query("UPDATE device SET school_id = $3, lifecycle = $4 WHERE municipality_id = $1 AND device_id = $2")
        .bind(owner)
        .bind(device)
        .bind(school.map(|school| school.0))
        .bind(state.to_number())
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn count(world: &World, owner: MunicipalityId) -> usize {
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let order = ListOrder {
        filter: gigafleet::tickets::rules::filter::Filter { owner: Some(owner.0), ..Default::default() },
        limit: 1_000,
        ..ListOrder::default()
    };
    tickets.list(&world.staff().await, order).await.unwrap().len()
}

async fn a_label_leads_to_one_ticket_that_its_link_follows(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let school = world.school(owner, "緑小学校").await;
    let code = room(&world, &phone, owner, school).await;
    assert_eq!(room(&world, &phone, owner, school).await, code, "printing it again makes no other");
    let spot = phone.open(&code.to_lowercase(), address()).await.unwrap();
    assert_eq!((spot.school.unwrap().1.as_str(), spot.room.as_str()), ("緑小学校", "理科室"));
    let stopped = Said { lesson_stopped: true, caller: CallerKind::Teacher, ..said("<script>alert(1)</script>") };
    let (one, two) =
        tokio::join!(report(&phone, &code, address(), &stopped), report(&phone, &code, address(), &stopped));
    let link = one.unwrap();
    assert_eq!((two.unwrap(), count(&world, owner).await), (link.clone(), 1), "of a double tap one ticket comes");
    let staff = world.staff().await;
    let whole = tickets.get(&staff, owner, Named::Number(1)).await.unwrap();
    let row = &whole.ticket.row;
    assert_eq!((row.origin, row.caller_kind), (Origin::PhoneForm.to_number(), CallerKind::Teacher.to_number()));
    assert_eq!((row.urgency, row.impact), (Urgency::LessonStopped.to_number(), Impact::OneClass.to_number()));
    assert_eq!((row.school_id, row.room.as_str()), (Some(school.0), "理科室"));
    assert_eq!(whole.events[0].actor_name, "QRフォーム");

    let id = (owner, TicketId(row.ticket_id));
    let noted = tickets.change(&staff, id, 1, Change::Note(String::from("保護者に確認"))).await.unwrap();
    let replied =
        tickets.change(&staff, id, noted.row.version, Change::Reply(String::from("午後に行きます"))).await.unwrap();
    let found = phone.follow(&link).await.unwrap();
    assert_eq!((found.number, found.state), (1, State::New));
    let texts: Vec<_> = found.events.iter().map(|event| event.body.as_str()).collect();
    assert_eq!(
        texts,
        ["<script>alert(1)</script>", "午後に行きます"],
        "what staff write among themselves stays theirs"
    );
    let resolved = Change::Resolve(String::from("交換しました"));
    tickets.change(&staff, id, replied.row.version, resolved).await.unwrap();
    phone.say(&link, address(), Word::More, "また起きました", Uuid::now_v7()).await.unwrap();
    assert_eq!(phone.follow(&link).await.unwrap().state, State::Triaged);
    phone.say(&link, address(), Word::Fixed, "", Uuid::now_v7()).await.unwrap();
    let found = phone.follow(&link).await.unwrap();
    assert_eq!(found.state, State::Resolved);
    assert_eq!(found.events.last().unwrap().kind, EventKind::Fixed.to_number());
    // One link of 64 ends with an A itself.
    let other = if link.ends_with('A') { "B" } else { "A" };
    assert_eq!(reason(phone.follow(&format!("{}{other}", &link[..63])).await.map(|_| ())), "REPORT_UNKNOWN");
    let flaws = world.access.verify_audit(&staff).await.unwrap().flaws;
    assert_eq!(flaws, [], "each deed stands in the log");
}

async fn a_code_that_is_forged_or_voided_is_not_known(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let other = world.school(owner, "西小学校").await;
    let code = room(&world, &phone, owner, school).await;
    let forged = Phone::new(world.db.clone(), world.clock.clone(), world.access.clone(), &[4; 32]);
    assert_eq!(reason(forged.open(&code, address()).await), "LABEL_UNKNOWN");
    let staff = world.staff().await;
    assert_eq!(reason(phone.void_label(&staff, (owner, other), &code).await), "FIELD_INVALID");
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    assert_eq!(reason(phone.void_label(&teacher, (owner, school), &code).await), "RIGHT_MISSING");
    assert_eq!(reason(phone.labels(&teacher, (owner, school), &OfClass::default()).await), "RIGHT_MISSING");
    phone.void_label(&staff, (owner, school), &code).await.unwrap();
    phone.void_label(&staff, (owner, school), &code).await.unwrap();
    assert_eq!(reason(phone.open(&code, address()).await), "LABEL_UNKNOWN");
    assert_eq!(reason(report(&phone, &code, address(), &said("画面")).await), "LABEL_UNKNOWN");
    let next = room(&world, &phone, owner, school).await;
    assert_ne!(next, code);
    for _ in 0..60 {
        let _unknown = phone.open("0000000000000000", address()).await.unwrap_err();
    }
    let limited = phone.open("0000000000000000", address()).await.unwrap_err();
    assert_eq!((limited.reason, limited.retry_after.is_some()), ("REPORTS_LIMITED", true));
    phone.open(&next, address()).await.expect("who guesses does not shut out others at the address");
    assert_eq!(count(&world, owner).await, 0);
}

async fn a_label_goes_where_its_device_goes_until_that_is_retired(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let other = world.school(owner, "西小学校").await;
    let staff = world.staff().await;
    let device = device_at(&world, owner, school).await;
    assert_eq!(phone.make_labels(&staff, (owner, school), &OfClass::default()).await.unwrap(), 1);
    assert_eq!(phone.make_labels(&staff, (owner, school), &OfClass::default()).await.unwrap(), 0);
    let code = phone.labels(&staff, (owner, school), &OfClass::default()).await.unwrap()[0].code.clone().unwrap();
    let at = async || phone.open(&code, None).await.map(|spot| spot.school.map(|(school, _)| school));
    assert_eq!(at().await.unwrap(), Some(school));
    set(&world, (owner, device), Some(other), Lifecycle::InUse).await;
    assert_eq!(at().await.unwrap(), Some(other));
    report(&phone, &code, None, &said("線が出る")).await.unwrap();
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let row = tickets.get(&staff, owner, Named::Number(1)).await.unwrap().ticket.row;
    assert_eq!((row.school_id, row.device_id), (Some(other.0), Some(device.0)));
    set(&world, (owner, device), None, Lifecycle::InUse).await;
    assert_eq!(at().await.unwrap(), None);
    let link = report(&phone, &code, None, &said("学校のない端末")).await.unwrap();
    assert_eq!(phone.follow(&link).await.unwrap().number, 2);
    set(&world, (owner, device), Some(school), Lifecycle::Retired).await;
    assert_eq!(reason(at().await), "LABEL_DEVICE_GONE");
}

async fn what_is_over_a_limit_changes_nothing(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let code = room(&world, &phone, owner, school).await;
    for _ in 0..PER_LABEL.reports {
        report(&phone, &code, address(), &said("画面が映らない")).await.unwrap();
    }
    let over = said("画面が映らない");
    let refused = report(&phone, &code, address(), &over).await.unwrap_err();
    assert_eq!((refused.reason, refused.retry_after.is_some()), ("REPORTS_LIMITED", true));
    let other = server(&world);
    assert_eq!(reason(report(&other, &code, address(), &over).await), "REPORTS_LIMITED", "all servers count together");
    assert_eq!(i64::try_from(count(&world, owner).await).unwrap(), PER_LABEL.reports);
    world.clock.advance(PER_LABEL.window);
    report(&phone, &code, address(), &over).await.expect("the same form is good later");

    // A whole school at once, from labels and addresses of their own.
    world.clock.advance(PER_SCHOOL.window);
    let staff = world.staff().await;
    let mut taken = 0;
    for number in 0..PER_SCHOOL.reports + 10 {
        let room = format!("教室{number}");
        let code = phone.room_label(&staff, (owner, school), &room).await.unwrap();
        match report(&phone, &code, None, &said("つながらない")).await {
            Ok(_) => taken += 1,
            Err(error) => assert_eq!(error.reason, "REPORTS_LIMITED"),
        }
    }
    assert_eq!(taken, PER_SCHOOL.reports);
}

async fn devices_that_report_at_once_shut_out_no_phone(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let code = room(&world, &phone, owner, school).await;
    let (mut taken, mut device) = (0, enrolled(&world, owner, school).await);
    // As after an outage: each device has kept as many as it may send.
    let refused = loop {
        if taken > 0 && taken % PER_LABEL.reports == 0 {
            device = enrolled(&world, owner, school).await;
        }
        match phone.report_at_device(device, &at_device("つながらない")).await {
            Ok(told) => {
                taken += i64::from(made(told).0);
                assert!(taken <= PER_SCHOOL.reports, "the limit of the school holds");
            }
            Err(error) => break error,
        }
    };
    assert_eq!((refused.reason, taken), ("REPORTS_LIMITED", PER_SCHOOL.reports));
    report(&phone, &code, address(), &said("画面が割れた")).await.expect("phones are counted by themselves");
}

async fn words_of_callers_are_bounded_and_come_once(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let code = room(&world, &phone, owner, school).await;
    let long = "あ".repeat(MOST_CHARS + 1);
    assert_eq!(reason(report(&phone, &code, address(), &said(&long)).await), "FIELD_INVALID");
    let other = Said { category: Category::Other, ..said("") };
    assert_eq!(reason(report(&phone, &code, address(), &other).await), "FIELD_INVALID");
    assert_eq!(count(&world, owner).await, 0);
    let first = said("");
    let link = report(&phone, &code, address(), &first).await.unwrap();
    let changed = Said { text: String::from("左下が割れている"), ..first };
    assert_eq!(
        report(&phone, &code, address(), &changed).await.unwrap(),
        link,
        "who goes back and adds words makes no other"
    );
    assert_eq!(report(&phone, &code, address(), &changed).await.unwrap(), link);
    let form = Uuid::now_v7();
    phone.say(&link, address(), Word::More, "右も割れた", form).await.unwrap();
    phone.say(&link, address(), Word::More, "右も割れた", form).await.unwrap();
    assert_eq!(reason(phone.say(&link, address(), Word::More, "", Uuid::now_v7()).await), "FIELD_INVALID");
    let found = phone.follow(&link).await.unwrap();
    let texts: Vec<_> = found.events.iter().map(|event| event.body.as_str()).collect();
    assert_eq!(texts, ["画面割れ・液晶", "左下が割れている", "右も割れた"]);
    assert_eq!(count(&world, owner).await, 1);
}

async fn who_has_the_same_answers_nothing_for_the_first_caller(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let school = world.school(owner, "緑小学校").await;
    let code = room(&world, &phone, owner, school).await;
    let link = report(&phone, &code, address(), &said("画面が割れた")).await.unwrap();
    let staff = world.staff().await;
    let asked = tickets.get(&staff, owner, Named::Number(1)).await.unwrap().ticket.row;
    let question = Change::Wait(WaitingOn::Caller, String::from("何台ですか"));
    tickets.change(&staff, (owner, TicketId(asked.ticket_id)), asked.version, question).await.unwrap();

    let spot = phone.open(&code, address()).await.unwrap();
    let mine = said("私のも");
    for _ in 0..2 {
        assert_eq!(phone.add_to_known(&spot, address(), &mine).await.unwrap().as_ref(), Some(&link));
    }
    for _ in 1..ALSO.reports {
        phone.add_to_known(&spot, address(), &said("")).await.unwrap();
    }
    let limited = phone.add_to_known(&spot, address(), &said("")).await.unwrap_err();
    assert_eq!((limited.reason, limited.retry_after.is_some()), ("REPORTS_LIMITED", true));
    let whole = tickets.get(&staff, owner, Named::Number(1)).await.unwrap();
    let also = whole.events.iter().filter(|event| event.kind == EventKind::Also.to_number()).count();
    assert_eq!([i64::try_from(also).unwrap(), whole.also], [ALSO.reports; 2], "each form once");
    let stands = whole.ticket.standing.restoration.unwrap().standing;
    assert_eq!(stands, Standing::Paused, "the school is still waited for");
    let found = phone.follow(&link).await.unwrap();
    assert_eq!((found.state, found.is_asked), (State::Waiting, true));
    assert!(found.events.iter().any(|event| event.body == "私のも"));

    phone.say(&link, address(), Word::More, "2台です", Uuid::now_v7()).await.expect("others used up nothing of it");
    let found = phone.follow(&link).await.unwrap();
    assert_eq!((found.state, found.is_asked), (State::Triaged, false));
    phone.say(&link, address(), Word::Fixed, "", Uuid::now_v7()).await.unwrap();
    assert_eq!(phone.add_to_known(&spot, address(), &said("まだ")).await.unwrap(), None, "it is over");
    assert_eq!(count(&world, owner).await, 0);
}

async fn of_two_who_make_labels_each_device_has_one(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    for _ in 0..5 {
        let _device = device_at(&world, owner, school).await;
    }
    let staff = world.staff().await;
    let all = OfClass::default();
    let (one, two) = tokio::join!(
        phone.make_labels(&staff, (owner, school), &all),
        phone.make_labels(&staff, (owner, school), &all)
    );
    assert_eq!(one.unwrap() + two.unwrap(), 5);
    let codes = phone.labels(&staff, (owner, school), &all).await.unwrap();
    let mut codes: Vec<_> = codes.into_iter().map(|one| one.code.unwrap()).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 5);
}

/// A device with a certificate, enrolled for a school.
async fn enrolled(world: &World, owner: MunicipalityId, school: SchoolId) -> DeviceIdentity {
    let secret = world.token_for(owner, Some(school), 1).await;
    identity(&world.enrollment.enroll(&secret, &csr(), Uuid::now_v7(), None).await.unwrap())
}

fn at_device(text: &str) -> AtDevice {
    AtDevice { said: said(text), may_be_known: true, only_asked: false, delay: Duration::ZERO }
}

fn made(told: Told) -> (bool, i64, State, String) {
    match told {
        Told::Ticket { is_new, link, standing } => (is_new, standing.number, standing.state, link),
        Told::Known { known, .. } => panic!("nothing is known here: {known:?}"),
        Told::Unknown => panic!("it was handed in"),
    }
}

async fn what_is_said_at_a_device_is_one_ticket_of_it(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let other = world.school(owner, "西小学校").await;
    let device = enrolled(&world, owner, school).await;
    let report = AtDevice { delay: Duration::from_secs(3 * 3_600), ..at_device("画面がつかない") };
    let (one, two) = tokio::join!(phone.report_at_device(device, &report), phone.report_at_device(device, &report));
    let (one, two) = (made(one.unwrap()), made(two.unwrap()));
    assert_eq!((one.1, two.1, one.0 ^ two.0), (1, 1, true), "one of the two made it");
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let staff = world.staff().await;
    let whole = tickets.get(&staff, owner, Named::Number(1)).await.unwrap();
    let row = &whole.ticket.row;
    assert_eq!((row.origin, row.device_id), (Origin::Agent.to_number(), Some(device.key.device.0)));
    assert_eq!((row.school_id, row.subject.as_str()), (Some(school.0), "画面がつかない"));
    assert_eq!(whole.events[0].body, "画面がつかない\n(端末で約3時間前に書かれ、いま届きました)");
    assert_eq!(whole.events[0].actor_name, "端末からの連絡");

    // The device goes to another school and the ticket on; the same report only tells how it stands.
    set(&world, (owner, device.key.device), Some(other), Lifecycle::Retired).await;
    let id = (owner, TicketId(row.ticket_id));
    tickets.change(&staff, id, row.version, Change::Resolve(String::from("直しました"))).await.unwrap();
    let (is_new, number, state, link) = made(phone.report_at_device(device, &report).await.unwrap());
    assert_eq!((is_new, number, state, &link), (false, 1, State::Resolved, &one.3));
    phone
        .say(&link, address(), Word::More, "まだです", Uuid::now_v7())
        .await
        .expect("its link is as good as a phone's");
    assert_eq!(count(&world, owner).await, 1);

    // Another device that says the same, with the same id, is another.
    let neighbour = enrolled(&world, owner, school).await;
    assert!(made(phone.report_at_device(neighbour, &report).await.unwrap()).0);
    for _ in 1..PER_LABEL.reports {
        assert!(made(phone.report_at_device(neighbour, &at_device("また")).await.unwrap()).0);
    }
    let limited = phone.report_at_device(neighbour, &at_device("また")).await.unwrap_err();
    assert_eq!((limited.reason, limited.retry_after.is_some()), ("REPORTS_LIMITED", true));
    assert!(
        !made(phone.report_at_device(neighbour, &report).await.unwrap()).0,
        "who asks how it stands is not counted"
    );
    for text in ["", &"あ".repeat(MOST_CHARS + 1)] {
        assert_eq!(reason(phone.report_at_device(device, &at_device(text)).await), "FIELD_INVALID");
    }
}

async fn who_asks_how_a_report_stands_makes_no_ticket(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let (device, copy) = (enrolled(&world, owner, school).await, enrolled(&world, owner, school).await);
    let report = at_device("画面がつかない");
    let asked = AtDevice { only_asked: true, ..report.clone() };
    assert!(matches!(phone.report_at_device(device, &asked).await.unwrap(), Told::Unknown));
    assert_eq!(count(&world, owner).await, 0);
    assert!(made(phone.report_at_device(device, &report).await.unwrap()).0);
    let (is_new, number, state, _) = made(phone.report_at_device(device, &asked).await.unwrap());
    assert_eq!((is_new, number, state), (false, 1, State::New));
    // As on a copy of its disk, which enrolled anew.
    assert!(matches!(phone.report_at_device(copy, &asked).await.unwrap(), Told::Unknown));
    assert_eq!(count(&world, owner).await, 1);
}

async fn whose_certificate_has_ended_reports_nothing(world: World) {
    let (phone, owner) = (server(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let device = enrolled(&world, owner, school).await;
    let forged = DeviceIdentity { certificate_serial: device.certificate_serial ^ 1, ..device };
    assert_eq!(reason(phone.report_at_device(forged, &at_device("x")).await), "CERTIFICATE_REVOKED");
    world.checkins.revoke_device(&world.staff().await, device.key.device, None, "lost").await.unwrap();
    assert_eq!(reason(phone.report_at_device(device, &at_device("x")).await), "DEVICE_REVOKED");
    assert_eq!(count(&world, owner).await, 0);
}

/// Where an outage is known, whoever sits at a device is told so and no ticket comes, unless it is wanted.
pub(crate) async fn known_outage_is_told_at_a_device(
    world: &World,
    (owner, school): (MunicipalityId, SchoolId),
    incident: Uuid,
) {
    let phone = server(world);
    let device = enrolled(world, owner, school).await;
    let before = count(world, owner).await;
    let known = async || match phone.report_at_device(device, &at_device("ネットにつながらない")).await.unwrap()
    {
        Told::Known { known, lasts } => (known, lasts),
        other @ (Told::Ticket { .. } | Told::Unknown) => panic!("it is known: {other:?}"),
    };
    let (first, lasts) = known().await;
    assert_eq!((first.incident, first.also, count(world, owner).await), (incident, 0, before));
    assert!(lasts < Duration::from_secs(600), "{lasts:?}");
    phone.make_labels(&world.staff().await, (owner, school), &OfClass::default()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(known().await.0.also, 1, "its label counts once");
    }
    for _ in 3..PER_LABEL.reports {
        known().await;
    }
    let asked = at_device("ネットにつながらない");
    let limited = phone.report_at_device(device, &asked).await.unwrap_err();
    assert_eq!((limited.reason, limited.retry_after.is_some()), ("REPORTS_LIMITED", true));
    let wanted = AtDevice {
        said: Said { category: Category::Wifi, ..said("ネットにつながらない") },
        may_be_known: false,
        only_asked: false,
        delay: Duration::ZERO,
    };
    let (is_new, number, ..) = made(phone.report_at_device(device, &wanted).await.unwrap());
    assert!(is_new, "who was told can ask for a ticket");
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let whole = tickets.get(&world.staff().await, owner, Named::Number(number)).await.unwrap();
    assert_eq!(whole.also, 1, "whoever works on it sees how many have it");
    // It belongs to the incident, which ends it, and its repeat still tells of it.
    let again = AtDevice { may_be_known: true, ..wanted };
    let Told::Ticket { is_new: false, standing, .. } = phone.report_at_device(device, &again).await.unwrap() else {
        panic!("it has its ticket");
    };
    assert!(standing.of_incident);
    assert_eq!(count(world, owner).await, before + 1);
}
