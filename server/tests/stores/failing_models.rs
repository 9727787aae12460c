//! Failures of devices: what counts as one, who sees it, and models that fail so often that a ticket says so.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Right, Role, Staff},
    devices::rules::{
        DeviceId,
        fields::{Field, FieldValue, Lifecycle},
        lifecycle::Verb,
    },
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        failures::{
            rules::{FailureGrouping, Failures},
            service::{FailuresOrder, FailuresReport},
        },
        rules::{Category, EventKind, Impact, Origin, TicketId, Urgency, filter::Filter, health::HealthPolicy},
        service::{Change, ListOrder, Named, TicketOrder, TicketView, Tickets},
    },
};

use crate::{
    World,
    ticketing::{change, order, reason, tickets},
};

crate::on_both_engines!(
    failures_are_counted_by_their_definition,
    nobody_counts_failures_of_others,
    a_model_that_fails_more_makes_one_ticket_at_each_owner,
    what_fails_everywhere_is_no_models_fault,
    tickets_stand_beside_their_school_and_their_device,
);

const DAY: u64 = 86_400;

async fn device(world: &World, owner: MunicipalityId, school: SchoolId, label: &str, model: &str) -> DeviceId {
    let said = vec![
        (Field::Label, FieldValue::text(label)),
        (Field::School, FieldValue::text(&school.to_string())),
        (Field::Lifecycle, Lifecycle::InUse.into()),
        (Field::Model, FieldValue::text(model)),
    ];
    world.registry.create(&world.staff().await, None, owner, said).await.unwrap()
}

/// So many devices of a model, called by a letter and their number.
async fn devices(
    world: &World,
    (owner, school): (MunicipalityId, SchoolId),
    model: &str,
    letter: &str,
    count: usize,
) -> Vec<DeviceId> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(device(world, owner, school, &format!("{letter}-{number:03}"), model).await);
    }
    made
}

async fn reported(
    tickets: &Tickets,
    staff: &Staff,
    (owner, school): (MunicipalityId, SchoolId),
    device: DeviceId,
    category: Category,
) -> TicketView {
    let of_device = TicketOrder { device: Some(device), category, ..order(school, "故障") };
    tickets.create(staff, owner, of_device).await.unwrap().0
}

async fn failed(
    tickets: &Tickets,
    staff: &Staff,
    place: (MunicipalityId, SchoolId),
    device: DeviceId,
    category: Category,
) -> TicketView {
    let view = reported(tickets, staff, place, device, category).await;
    let judged = Change::Triage { category, impact: Impact::OnePupil, urgency: Urgency::ThisWeek };
    change(tickets, staff, &view, judged).await.unwrap()
}

fn asked(owner: Option<MunicipalityId>, by: FailureGrouping) -> FailuresOrder {
    let day = |text| gigafleet::schools::rules::fiscal::parse_date("date", text).unwrap();
    FailuresOrder { owner, first: day("2026-11-01"), last: day("2027-10-31"), by, kind: None }
}

/// Names with failures, failed devices, devices in use and whole days of use.
fn told(report: &FailuresReport) -> Vec<(&str, [u64; 4])> {
    let counts = |one: &Failures| [one.failures, one.devices, one.in_use, one.seconds / DAY];
    report.rows.iter().map(|row| (row.name.ja.as_ref(), counts(&row.failures))).collect()
}

async fn failures_are_counted_by_their_definition(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let staff = world.staff().await;
    let books = devices(&world, (owner, one), "GIGA Book-11", "B", 20).await;
    let more = devices(&world, (owner, two), "ＧＩＧＡ book 11", "C", 10).await;
    let tabs = devices(&world, (owner, two), "Tab 8", "T", 10).await;
    let days = |days: u64| world.clock.advance(Duration::from_secs(days * DAY));
    days(50);
    failed(&tickets, &staff, (owner, one), books[0], Category::Screen).await;
    failed(&tickets, &staff, (owner, one), books[0], Category::Screen).await;
    failed(&tickets, &staff, (owner, one), books[0], Category::Battery).await;
    failed(&tickets, &staff, (owner, two), more[0], Category::Keyboard).await;
    failed(&tickets, &staff, (owner, two), tabs[0], Category::NoStart).await;
    // Nobody confirmed it; no hardware; the same as another one.
    reported(&tickets, &staff, (owner, one), books[1], Category::Screen).await;
    failed(&tickets, &staff, (owner, one), books[2], Category::SignIn).await;
    let twin = failed(&tickets, &staff, (owner, one), books[3], Category::Screen).await;
    let into = failed(&tickets, &staff, (owner, one), books[4], Category::Screen).await;
    change(&tickets, &staff, &twin, Change::Merge(TicketId(into.row.ticket_id))).await.unwrap();
    // Out of use half the time; never in use.
    world.registry.move_device(&staff, tabs[9], None, Verb::Retire, "").await.unwrap();
    let spare = vec![
        (Field::Label, FieldValue::text("S-1")),
        (Field::Lifecycle, Lifecycle::Spare.into()),
        (Field::Model, FieldValue::text("Tab 8")),
    ];
    world.registry.create(&staff, None, owner, spare).await.unwrap();
    days(50);

    let by = async |by| tickets.failures(&staff, asked(Some(owner), by)).await.unwrap();
    let models = by(FailureGrouping::Model).await;
    assert_eq!(told(&models), [("GIGA Book-11", [4, 3, 30, 3_000]), ("Tab 8", [1, 1, 9, 950])], "the worst first");
    let rate = models.rows[0].failures.rate().unwrap();
    // 4 failures in 3,000 device-days: 48.7 for 100 devices and a year; Garwood for 4: 1.0899 to 10.2416.
    assert!(
        (rate.value - 48.7).abs() < 0.05 && (rate.low - 13.27).abs() < 0.05 && (rate.high - 124.7).abs() < 0.1,
        "{rate:?}"
    );
    assert_eq!((models.whole.failures, models.whole.devices, models.whole.in_use), (5, 4, 39));
    let schools = by(FailureGrouping::School).await;
    let mut of_schools = told(&schools);
    of_schools.sort_unstable();
    assert_eq!(
        of_schools,
        [("学校のほか", [0, 0, 0, 0]), ("緑小学校", [3, 2, 20, 2_000]), ("青小学校", [2, 2, 19, 1_950])]
    );
    let kinds = by(FailureGrouping::Kind).await;
    let [screen, keyboard, battery, no_start, peripheral] = &told(&kinds)[..] else { panic!("five kinds") };
    assert_eq!([screen.1[0], keyboard.1[0], battery.1[0], no_start.1[0], peripheral.1[0]], [2, 1, 1, 1, 0]);
    assert_eq!((screen.1[1], screen.1[2], kinds.whole.devices), (2, 39, 4), "each kind can befall all devices");
    let owners = tickets.failures(&staff, asked(None, FailureGrouping::Municipality)).await.unwrap();
    assert_eq!(owners.whole.failures, 5);
    let only = FailuresOrder { kind: Some(Category::Screen), ..asked(Some(owner), FailureGrouping::Model) };
    assert_eq!(tickets.failures(&staff, only).await.unwrap().whole.failures, 2);
    // A share of the devices in use on average: the period has 123 days so far, of which they were there for 100.
    let share = models.whole.share_per_mille(models.period_s).unwrap();
    let average = models.whole.average(models.period_s);
    assert!((average - 3_950.0 * DAY as f64 / models.period_s as f64).abs() < 0.1, "{average}");
    assert_eq!(share, (4_000.0 / average) as u64);

    // A record that was folded into another one is that.
    let mut tx = world.db.begin().await.unwrap();
    tx.query("UPDATE device SET merged_into_device_id = $2 WHERE device_id = $1")
        .bind(more[0].0)
        .bind(books[0].0)
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let folded = by(FailureGrouping::School).await;
    let green = told(&folded).into_iter().find(|(name, _)| *name == "緑小学校").unwrap();
    assert_eq!(green.1, [4, 2, 20, 2_000], "the keyboard is of the device that goes on");
}

async fn nobody_counts_failures_of_others(world: World) {
    let tickets = tickets(&world);
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let elsewhere = world.school(other, "他市小学校").await;
    let staff = world.staff().await;
    for (place, letter) in [((owner, one), "A"), ((owner, two), "B"), ((other, elsewhere), "C")] {
        let of_it = devices(&world, place, "K-1", letter, 2).await;
        failed(&tickets, &staff, place, of_it[0], Category::Screen).await;
    }
    world.clock.advance(Duration::from_secs(10 * DAY));
    let whole = async |who: &Staff, owner| {
        let whole = tickets.failures(who, asked(owner, FailureGrouping::Model)).await.unwrap().whole;
        (whole.failures, whole.in_use)
    };
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, one)).await;
    let board = world.of_role(Role::BoardViewer, Place::Municipality(owner)).await;
    let prefecture = world.of_role(Role::PrefectureViewer, Place::Prefecture(String::from("13"))).await;
    assert_eq!(whole(&teacher, None).await, (1, 2));
    assert_eq!(whole(&teacher, Some(owner)).await, (1, 2));
    assert_eq!(whole(&board, None).await, (2, 4));
    assert_eq!(whole(&prefecture, None).await, (3, 6), "figures without seeing a ticket");
    let foreign = tickets.failures(&board, asked(Some(other), FailureGrouping::Model)).await;
    assert_eq!(reason(foreign), "MUNICIPALITY_NOT_FOUND");
    let refused = tickets.export_failures(&prefecture, asked(None, FailureGrouping::Model)).await;
    assert_eq!(reason(refused), "RIGHT_MISSING");
    let wrong =
        FailuresOrder { last: time::Date::MIN, kind: Some(Category::SignIn), ..asked(None, FailureGrouping::School) };
    let refused = tickets.failures(&staff, wrong).await.unwrap_err();
    let fields: Vec<_> = refused.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
    assert_eq!(fields, ["last_date", "municipality_id", "category"]);
}

async fn a_model_that_fails_more_makes_one_ticket_at_each_owner(world: World) {
    let tickets = tickets(&world);
    let (one, two, three) =
        (world.municipality("131130").await, world.municipality("131121").await, world.municipality("131113").await);
    let places = [
        (one, world.school(one, "緑小学校").await),
        (two, world.school(two, "青小学校").await),
        (three, world.school(three, "赤小学校").await),
    ];
    let staff = world.staff().await;
    let at_one = devices(&world, places[0], "K-1 Pro", "A", 40).await;
    let at_two = devices(&world, places[1], "k1 PRO", "B", 30).await;
    devices(&world, places[2], "K-1 Pro", "C", 5).await;
    let others = devices(&world, places[0], "J-1", "J", 160).await;
    let days = |days: u64| world.clock.advance(Duration::from_secs(days * DAY));
    let judge = async || tickets.judge_failures().await.unwrap();
    days(100);
    failed(&tickets, &staff, places[0], at_one[39], Category::Battery).await;
    failed(&tickets, &staff, places[0], others[0], Category::Battery).await;
    days(60);
    assert_eq!(judge().await, 0, "a few break always");
    for device in &at_one[..6] {
        failed(&tickets, &staff, places[0], *device, Category::Battery).await;
    }
    for device in &at_two[..4] {
        failed(&tickets, &staff, places[1], *device, Category::Battery).await;
    }
    days(1);
    assert_eq!((judge().await, judge().await), (2, 0), "one at each owner that is concerned, once");

    let alarms = async |who: &Staff, right| {
        let alarms = tickets.failure_alarms(who, right, None).await.unwrap();
        let told = |row: gigafleet::tickets::failures::service::LastingRow| {
            (row.model, row.category, row.failure_count, row.in_use_count, row.other_owner_count)
        };
        alarms.into_iter().map(told).collect::<Vec<_>>()
    };
    let own = (String::from("k1 PRO"), 3, 4, 30, 1);
    let all = alarms(&staff, Right::WorkTickets).await;
    assert!(all.len() == 2 && all.contains(&own) && all.contains(&(String::from("K-1 Pro"), 3, 6, 40, 1)), "{all:?}");
    let board = world.of_role(Role::BoardViewer, Place::Municipality(two)).await;
    assert_eq!(alarms(&board, Right::ViewFigures).await, [own], "its own figures");
    assert_eq!(reason(tickets.failure_alarms(&board, Right::WorkTickets, None).await), "RIGHT_MISSING");
    assert_eq!(reason(tickets.failure_alarms(&board, Right::ViewFigures, Some(one)).await), "MUNICIPALITY_NOT_FOUND");
    let teacher = world.of_role(Role::SchoolStaff, Place::School(two, places[1].1)).await;
    assert_eq!(alarms(&teacher, Right::ViewFigures).await, [], "figures of a whole owner are not for one school");
    let neighbour = world.of_role(Role::BoardViewer, Place::Municipality(three)).await;
    assert_eq!(alarms(&neighbour, Right::ViewFigures).await, [], "nothing failed there");

    let made = async |owner: MunicipalityId, done| {
        let filter = Filter { owner: Some(owner.0), ..Filter::default() };
        let list = tickets.list(&staff, ListOrder { filter, done, behind: None, limit: 100 }).await.unwrap();
        let made = list.into_iter().filter(|view| view.row.origin == Origin::DeviceHealth.to_number());
        made.map(|view| view.row).collect::<Vec<_>>()
    };
    let events = async |owner, ticket| tickets.get(&staff, owner, Named::Id(TicketId(ticket))).await.unwrap().events;
    let [row] = &made(two, false).await[..] else { panic!("one ticket") };
    assert_eq!((row.school_id, row.device_id, row.category), (None, None, Category::Battery.to_number()));
    assert!(row.subject.contains("k1 PRO") && row.subject.contains("バッテリー"), "{}", row.subject);
    let text = events(two, row.ticket_id).await[0].body.clone();
    assert!(
        text.contains("30 台のうち 4 台") && text.contains("B-000") && text.contains("ほかの 1 区市町村"),
        "{text}"
    );
    assert!(
        !text.contains("A-0") && !text.contains(" 10 ") && !text.contains("70"),
        "nothing of the other owner: {text}"
    );
    assert_eq!((made(one, false).await.len(), made(three, false).await.len()), (1, 0));

    // One more is told there, in the ticket that there is.
    failed(&tickets, &staff, places[1], at_two[9], Category::Battery).await;
    days(1);
    assert_eq!((judge().await, judge().await), (1, 0));
    let last = events(two, row.ticket_id).await.pop().unwrap();
    assert!(last.kind == EventKind::Noted.to_number() && last.body.contains("B-009"), "{}", last.body);
    // Who closes it knows what they do; it does not come again while it lasts.
    let [seen] = &made(one, false).await[..] else { panic!("one ticket") };
    let place = (one, TicketId(seen.ticket_id));
    let resolved = tickets.change(&staff, place, seen.version, Change::Resolve(String::from("回収中"))).await.unwrap();
    tickets.change(&staff, place, resolved.row.version, Change::Close).await.unwrap();
    assert_eq!(judge().await, 0);
    // An owner that wants no alarms has none; the others keep theirs.
    let mut policy = HealthPolicy::default();
    policy.failure_alarm.recent_days = 0;
    tickets.set_health_policy(&staff, one, policy).await.unwrap();
    judge().await;
    assert_eq!(alarms(&staff, Right::ViewFigures).await.len(), 1);
    // It ends by itself when nothing fails any more.
    days(40);
    assert_eq!((judge().await, judge().await), (1, 0));
    assert_eq!(alarms(&staff, Right::ViewFigures).await, []);
    let kinds: Vec<_> = events(two, row.ticket_id).await.iter().map(|event| event.kind).collect();
    assert!(kinds.ends_with(&[EventKind::Recovered.to_number(), EventKind::Closed.to_number()]), "{kinds:?}");
    assert_eq!((made(two, false).await.len(), made(two, true).await.len()), (0, 1));
}

async fn what_fails_everywhere_is_no_models_fault(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let place = (owner, world.school(owner, "緑小学校").await);
    let (some, others) = (devices(&world, place, "K-1", "K", 40).await, devices(&world, place, "J-1", "J", 60).await);
    let new = world.municipality("131121").await;
    let at_new = (new, world.school(new, "新小学校").await);
    let staff = world.staff().await;
    let days = |days: u64| world.clock.advance(Duration::from_secs(days * DAY));
    days(150);
    let fresh = devices(&world, at_new, "N-1", "N", 40).await;
    days(10);
    for device in some[..8].iter().chain(&others[..12]) {
        failed(&tickets, &staff, place, *device, Category::Screen).await;
    }
    // New ones have no history with which they could be compared.
    for device in &fresh[..10] {
        failed(&tickets, &staff, at_new, *device, Category::Keyboard).await;
    }
    days(1);
    assert_eq!(tickets.judge_failures().await.unwrap(), 0);
    assert_eq!(tickets.failure_alarms(&staff, Right::ViewFigures, None).await.unwrap(), []);
}

async fn tickets_stand_beside_their_school_and_their_device(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let staff = world.staff().await;
    let tablet = device(&world, owner, one, "A-1", "K-1").await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(reported(&tickets, &staff, (owner, one), tablet, Category::Screen).await.row.number);
        world.clock.advance(Duration::from_secs(60));
    }
    reported(&tickets, &staff, (owner, two), device(&world, owner, two, "B-1", "K-1").await, Category::Screen).await;
    let numbers = |views: &[TicketView]| views.iter().map(|view| view.row.number).collect::<Vec<_>>();
    let first = tickets.get(&staff, owner, Named::Number(made[3])).await.unwrap().ticket;
    change(&tickets, &staff, &first, Change::Resolve(String::from("直した"))).await.unwrap();
    let of_school = tickets.of_school(&staff, owner, one, 2).await.unwrap().unwrap();
    assert_eq!((numbers(&of_school.tickets), of_school.open), (vec![made[2], made[1]], 3), "the newest that are open");
    let key = gigafleet::devices::rules::DeviceKey { municipality: owner, device: tablet };
    let of_device = tickets.of_device(&staff, key, 100).await.unwrap().unwrap();
    assert_eq!((numbers(&of_device.tickets), of_device.open), (vec![made[3], made[2], made[1], made[0]], 3));
    // Who sees another school sees nothing of this one, and who sees figures only sees no tickets.
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, two)).await;
    assert!(tickets.of_school(&teacher, owner, one, 2).await.unwrap().is_none());
    assert_eq!(tickets.of_device(&teacher, key, 100).await.unwrap().unwrap().tickets.len(), 0);
    let prefecture = world.of_role(Role::PrefectureViewer, Place::Prefecture(String::from("13"))).await;
    assert!(tickets.of_school(&prefecture, owner, one, 2).await.unwrap().is_none());
    assert!(tickets.of_device(&prefecture, key, 100).await.unwrap().is_none());
}
