//! Causes and duplicates of tickets: what is known of a device and of others leads to a rule, rules are said and tried, and nobody is
//! told of what they may not see.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Role, Staff},
    clock::Timestamp,
    db::recorded,
    devices::rules::{DeviceId, DeviceKey},
    schools::rules::{MunicipalityId, SchoolId, fiscal::parse_date},
    tickets::{
        rules::{Category, Impact, TicketId, Urgency, causes::CauseRules},
        service::{Change, Duplicate, DuplicateOrder, Named, RulesOrigin, TicketOrder, TicketView, TrialOrder},
    },
};
use uuid::Uuid;

use crate::{
    NOW, World,
    lists::plan,
    ticketing::{change, order, person, reason, tickets},
};

crate::on_both_engines!(
    a_worn_battery_is_named_with_its_reason_and_tried_on_the_past,
    what_a_device_says_of_its_network_counts,
    rules_are_the_owners_the_installations_or_the_products,
    several_reports_at_once_are_a_cause,
    duplicates_are_of_what_the_asker_sees,
    duplicates_are_found_by_words_where_no_school_is_chosen,
    ten_thousand_tickets_are_looked_at_through_indexes,
);

/// A device of a school as if it had reported.
async fn device(world: &World, owner: MunicipalityId, school: SchoolId, health: i64) -> DeviceId {
    let id = Uuid::now_v7();
    let mut tx = world.db.begin().await.unwrap();
    tx.query(
        "INSERT INTO device (municipality_id, device_id, school_id, created_at, model, lifecycle, version)
         VALUES ($1, $2, $3, $4, 'K-1', 1, 1)",
    )
    .bind(owner)
    .bind(id)
    .bind(school.0)
    .bind(NOW.0)
    .execute()
    .await
    .unwrap();
    let lookup = "INSERT INTO device_lookup (device_id, municipality_id) VALUES ($1, $2)";
    tx.query(lookup).bind(id).bind(owner).execute().await.unwrap();
    let status = "INSERT INTO device_status (municipality_id, device_id, health_percent, link, rssi_dbm) VALUES ($1, $2, $3, 1, -60)";
    tx.query(status).bind(owner).bind(id).bind(health).execute().await.unwrap();
    tx.query(
        "INSERT INTO checkin_cursor (municipality_id, device_id, run_id, sequence, previous_run_id, previous_sequence,
             certificate_serial, facts_hash, report_count, transition_count, received_at, attention)
         VALUES ($1, $2, 7, 1, 0, 0, 0, 0, 1, 0, $3, FALSE)",
    )
    .bind(owner)
    .bind(id)
    .bind(world.clock.now().0)
    .execute()
    .await
    .unwrap();
    tx.commit().await.unwrap();
    DeviceId(id)
}

async fn report(
    world: &World,
    staff: &Staff,
    (owner, school): (MunicipalityId, SchoolId),
    (category, subject): (Category, &str),
    device: Option<DeviceId>,
) -> TicketView {
    let order = TicketOrder { category, device, text: String::from("本文"), ..order(school, subject) };
    tickets(world).create(staff, owner, order).await.unwrap().0
}

async fn causes(world: &World, staff: &Staff, view: &TicketView) -> Vec<(String, Vec<String>)> {
    let owner = MunicipalityId(view.row.municipality_id);
    let named = Named::Id(TicketId(view.row.ticket_id));
    let found = tickets(world).causes(staff, owner, named).await.unwrap();
    let shown = |one: gigafleet::tickets::service::Suggested| {
        (one.rule.id, one.reasons.into_iter().map(|reason| reason.en.into_owned()).collect())
    };
    found.into_iter().map(shown).collect()
}

async fn a_worn_battery_is_named_with_its_reason_and_tried_on_the_past(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let (worn, well) = (device(&world, owner, school, 61).await, device(&world, owner, school, 95).await);
    let place = (owner, school);
    let ticket = report(&world, &staff, place, (Category::NoStart, "電源が切れる"), Some(worn)).await;
    let other = report(&world, &staff, place, (Category::Battery, "すぐ切れる"), Some(well)).await;
    let found = causes(&world, &staff, &ticket).await;
    assert_eq!(found[0].0, "battery-worn");
    assert_eq!(
        found[0].1,
        ["its category is does not start", "the battery keeps 61 %, below 70 % (when it was reported)"]
    );
    assert!(causes(&world, &staff, &other).await.iter().all(|(id, _)| id != "battery-worn"));
    // Only those who work on it are told; nobody else's ticket is.
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let named = Named::Id(TicketId(ticket.row.ticket_id));
    assert_eq!(reason(tickets(&world).causes(&teacher, owner, named).await), "RIGHT_MISSING");
    let elsewhere = world.municipality("131121").await;
    let stranger = person(&world, Role::Engineer, Place::Municipality(elsewhere), "suzuki").await;
    assert_eq!(reason(tickets(&world).causes(&stranger, owner, named).await), "TICKET_NOT_FOUND");

    // A dry run: by the category that was reported, not by what triage made of it.
    let judged = Change::Triage { category: Category::Battery, impact: Impact::OnePupil, urgency: Urgency::Today };
    change(&tickets(&world), &staff, &ticket, judged).await.unwrap();
    let day = |text| parse_date("date", text).unwrap();
    let trial = TrialOrder { owner, rules: CauseRules::default(), first: day("2026-11-01"), last: day("2026-11-30") };
    let tried = tickets(&world).try_cause_rules(&staff, trial.clone()).await.unwrap();
    assert_eq!(tried.tickets, 2);
    let of = |id: &str| tried.rules.iter().find(|rule| rule.id == id).unwrap();
    let worn = of("battery-worn");
    assert_eq!((worn.matched, worn.first, worn.judged, worn.agreed), (1, 1, 1, 1));
    assert_eq!(worn.examples, [ticket.row.number]);
    assert!(of("no-spare-here").needs_present);
    let before = TrialOrder { last: day("2026-11-02"), ..trial.clone() };
    assert_eq!(tickets(&world).try_cause_rules(&staff, before).await.unwrap().tickets, 0);
    let wrong = TrialOrder { last: day("2026-10-31"), ..trial.clone() };
    assert_eq!(tickets(&world).try_cause_rules(&staff, wrong).await.unwrap_err().fields[0].field, "last_date");
    assert_eq!(reason(tickets(&world).try_cause_rules(&stranger, trial).await), "MUNICIPALITY_NOT_FOUND");
}

async fn what_a_device_says_of_its_network_counts(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let tablet = device(&world, owner, school, 95).await;
    let key = DeviceKey { municipality: owner, device: tablet };
    let place = (owner, school);
    let before = report(&world, &staff, place, (Category::Wifi, "つながらない"), Some(tablet)).await;
    let check = async |number: i64, outcome: i64| {
        let mut tx = world.db.begin().await.unwrap();
        tx.query(
            "INSERT INTO device_transition (municipality_id, device_id, run_id, number, kind, occurred_at, received_at, amount,
                 layer, outcome) VALUES ($1, $2, 7, $3, 11, $4, $4, 0, 4, $5)",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(number)
        .bind(NOW.0)
        .bind(outcome)
        .execute()
        .await
        .unwrap();
        tx.commit().await.unwrap();
    };
    assert!(causes(&world, &staff, &before).await.iter().all(|(id, _)| id != "dns-failing"));
    check(1, 3).await;
    let found = causes(&world, &staff, &before).await;
    assert_eq!(found[0].0, "dns-failing");
    assert_eq!(found[0].1[1], "the device's check fails: Resolver (now)");
    let failing = report(&world, &staff, place, (Category::Wifi, "まただめ"), Some(tablet)).await;
    check(2, 1).await;
    // It works again: what was so when it was reported stays.
    assert!(causes(&world, &staff, &before).await.iter().all(|(id, _)| id != "dns-failing"));
    let found = causes(&world, &staff, &failing).await;
    assert_eq!(found[0].1[1], "the device's check fails: Resolver (when it was reported)");
}

async fn rules_are_the_owners_the_installations_or_the_products(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let product = CauseRules::default();
    let now = async || tickets.cause_rules(&staff, Some(owner)).await.unwrap();
    assert_eq!(now().await, (product.clone(), RulesOrigin::Product));
    let named = |source: &str, count: usize| CauseRules {
        source: source.to_owned(),
        rules: product.rules.iter().take(count).cloned().collect(),
    };
    tickets.set_cause_rules(&staff, None, Some(named("県の基準", 2))).await.unwrap();
    assert_eq!(now().await, (named("県の基準", 2), RulesOrigin::Installation));
    tickets.set_cause_rules(&staff, Some(owner), Some(named("市の基準", 1))).await.unwrap();
    assert_eq!(now().await, (named("市の基準", 1), RulesOrigin::Owner));
    tickets.set_cause_rules(&staff, Some(owner), None).await.unwrap();
    assert_eq!(now().await.1, RulesOrigin::Installation);
    tickets.set_cause_rules(&staff, None, None).await.unwrap();
    assert_eq!(now().await.1, RulesOrigin::Product);
    let refused = tickets.set_cause_rules(&staff, Some(owner), Some(named("", 0))).await.unwrap_err();
    let fields: Vec<_> = refused.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
    assert_eq!(fields, ["source", "rules"]);
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    for place in [Some(owner), None] {
        let refused = tickets.set_cause_rules(&teacher, place, None).await;
        assert_eq!(reason(refused), "RIGHT_MISSING");
    }
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "sato").await;
    assert!(tickets.cause_rules(&engineer, Some(owner)).await.is_ok());
    let other = MunicipalityId(Uuid::now_v7());
    assert_eq!(reason(tickets.cause_rules(&engineer, Some(other)).await), "MUNICIPALITY_NOT_FOUND");
}

async fn several_reports_at_once_are_a_cause(world: World) {
    let owner = world.municipality("131130").await;
    let (school, other) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let staff = world.staff().await;
    let first = report(&world, &staff, (owner, school), (Category::Wifi, "つながらない"), None).await;
    report(&world, &staff, (owner, other), (Category::Wifi, "別の学校"), None).await;
    report(&world, &staff, (owner, school), (Category::Screen, "画面"), None).await;
    report(&world, &staff, (owner, school), (Category::Slow, "遅い"), None).await;
    assert_eq!(causes(&world, &staff, &first).await, [], "one more is not enough");
    world.clock.advance(Duration::from_secs(19 * 60));
    report(&world, &staff, (owner, school), (Category::App, "開かない"), None).await;
    let found = causes(&world, &staff, &first).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "room-burst");
    assert_eq!(found[0].1[1], "2 other tickets of the room within 20 minutes");
    let day = |text| parse_date("date", text).unwrap();
    let (rules, first, last) = (CauseRules::default(), day("2026-11-24"), day("2026-11-24"));
    let tried = tickets(&world).try_cause_rules(&staff, TrialOrder { owner, rules, first, last }).await.unwrap();
    let room = tried.rules.iter().find(|rule| rule.id == "room-burst").unwrap();
    assert_eq!((tried.tickets, room.matched, room.judged), (5, 3, 0), "each of the three has two others");
}

fn numbers(found: &[Duplicate]) -> Vec<i64> {
    found.iter().map(|one| one.ticket.row.number).collect()
}

async fn duplicates_are_of_what_the_asker_sees(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let far = world.school(other, "他市小学校").await;
    let staff = world.staff().await;
    let tablet = device(&world, owner, one, 95).await;
    let subject = "Wi-Fiにつながらない";
    let mine = report(&world, &staff, (owner, one), (Category::Wifi, subject), Some(tablet)).await;
    report(&world, &staff, (owner, two), (Category::Wifi, subject), None).await;
    report(&world, &staff, (other, far), (Category::Wifi, subject), None).await;
    let order = |school, device| DuplicateOrder {
        subject: String::from("ｗｉ－ｆｉにつながらない端末がある"),
        category: Some(Category::Wifi),
        school: Some(school),
        device,
        room: String::from("３年２組"),
        ..DuplicateOrder::default()
    };
    let ask = async |staff: &Staff, order: &DuplicateOrder| tickets(&world).duplicates(staff, owner, order).await;
    let found = ask(&staff, &order(one, Some(tablet))).await.unwrap();
    assert_eq!(numbers(&found), [mine.row.number]);
    let reasons: Vec<_> = found[0].likeness.reasons.iter().map(|reason| reason.en.as_ref()).collect();
    assert_eq!(reasons[0], "it is about the same device");
    assert!(reasons[1].starts_with("it is of the same room") && reasons[2].ends_with("of the words are the same"));
    // A teacher of the other school is told of nothing at this one, whatever they name.
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, two)).await;
    assert_eq!(reason(ask(&teacher, &order(one, Some(tablet))).await), "SCHOOL_NOT_FOUND");
    let unnamed = DuplicateOrder { school: None, ..order(two, Some(tablet)) };
    assert_eq!(numbers(&ask(&teacher, &unnamed).await.unwrap()), [2], "their own, and not that of the device");
    let stranger = person(&world, Role::Engineer, Place::Municipality(other), "suzuki").await;
    assert_eq!(reason(ask(&stranger, &order(one, None)).await), "MUNICIPALITY_NOT_FOUND");
    let of_own = DuplicateOrder { school: None, ..order(one, Some(tablet)) };
    let found = tickets(&world).duplicates(&stranger, other, &of_own).await.unwrap();
    assert!(found.iter().all(|one| one.ticket.row.municipality_id == other.0), "never of another owner");
    // Of one that is there: not itself, and not what went into another one.
    let twin = report(&world, &staff, (owner, one), (Category::Wifi, "つながらない"), Some(tablet)).await;
    let of = async |view: &TicketView| {
        let named = Named::Id(TicketId(view.row.ticket_id));
        numbers(&tickets(&world).duplicates_of(&staff, owner, named).await.unwrap())
    };
    assert_eq!(of(&twin).await, [mine.row.number]);
    change(&tickets(&world), &staff, &twin, Change::Merge(TicketId(mine.row.ticket_id))).await.unwrap();
    assert_eq!(of(&mine).await, Vec::<i64>::new());
}

async fn duplicates_are_found_by_words_where_no_school_is_chosen(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let like = report(&world, &staff, (owner, school), (Category::App, "ドリルアプリが開かない"), None).await;
    report(&world, &staff, (owner, school), (Category::App, "カメラが暗い"), None).await;
    let order = DuplicateOrder {
        subject: String::from("ドリルアプリが開かない"),
        category: Some(Category::App),
        ..DuplicateOrder::default()
    };
    let found = tickets(&world).duplicates(&staff, owner, &order).await.unwrap();
    assert_eq!(numbers(&found), [like.row.number]);
    // What staff write among themselves is not compared.
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "sato").await;
    let note = Change::Note(String::from("プロジェクターの電球が切れています"));
    change(&tickets(&world), &engineer, &like, note).await.unwrap();
    let order = DuplicateOrder {
        subject: String::from("プロジェクターの電球が切れています"),
        school: Some(school),
        ..DuplicateOrder::default()
    };
    assert_eq!(numbers(&tickets(&world).duplicates(&staff, owner, &order).await.unwrap()), Vec::<i64>::new());
}

async fn ten_thousand_tickets_are_looked_at_through_indexes(world: World) {
    let owner = world.municipality("131130").await;
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    // One of fifty is of the school in question.
    let other = world.school(owner, "青小学校").await;
    let tablet = device(&world, owner, school, 61).await;
    let view = report(&world, &staff, (owner, school), (Category::Battery, "電池"), Some(tablet)).await;
    let mut tx = world.db.begin().await.unwrap();
    let copy = tx.by_engine(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO ticket SELECT t.municipality_id, randomblob(16), t.number + n.i, t.version, t.state, t.waiting_on, t.category,
             t.impact, t.urgency, t.priority, t.subject, CASE WHEN n.i % 50 = 0 THEN t.school_id ELSE $2 END, NULL, t.room, t.caller_kind, t.caller_contact, t.origin,
             t.assignee_id, t.incident_id, t.merged_into, t.created_at - n.i * 1000000, t.changed_at, t.done_at, t.queue_key,
             t.life, t.snapshot FROM ticket t, n WHERE t.municipality_id = $1",
        "INSERT INTO ticket SELECT t.municipality_id, gen_random_uuid(), t.number + n.i, t.version, t.state, t.waiting_on, t.category,
             t.impact, t.urgency, t.priority, t.subject, CASE WHEN n.i % 50 = 0 THEN t.school_id ELSE $2 END, NULL, t.room, t.caller_kind, t.caller_contact, t.origin,
             t.assignee_id, t.incident_id, t.merged_into, t.created_at - n.i * 1000000, t.changed_at, t.done_at, t.queue_key,
             t.life, t.snapshot FROM ticket t, generate_series(CAST(1 AS BIGINT), 10000) AS n (i) WHERE t.municipality_id = $1",
    );
    assert_eq!(tx.query(copy).bind(owner).bind(other.0).execute().await.unwrap(), 10_000);
    tx.query("ANALYZE ticket").execute().await.unwrap();
    tx.commit().await.unwrap();
    let named = Named::Id(TicketId(view.row.ticket_id));
    let tickets = tickets(&world);
    let order = DuplicateOrder {
        subject: String::from("電池"),
        school: Some(school),
        device: Some(tablet),
        ..Default::default()
    };
    let (found, mut statements) = recorded(tickets.causes(&staff, owner, named)).await;
    assert_eq!(found.unwrap()[0].rule.id, "battery-worn");
    let (found, more) = recorded(tickets.duplicates(&staff, owner, &order)).await;
    assert_eq!(found.unwrap().len(), 1, "the device's");
    statements.extend(more);
    let mut seen = Vec::new();
    for (sql, values) in &statements {
        let lines = plan(&world, sql, values).await.join("\n");
        for table in ["ticket", "ticket_text", "ticket_event", "device_transition", "device"] {
            let whole = [format!("SCAN {table}\n"), format!("Seq Scan on {table} ")];
            assert!(!whole.iter().any(|whole| format!("{lines}\n").contains(whole)), "{sql}\n{lines}");
        }
        assert!(!lines.contains("SCAN t\n") && !lines.ends_with("SCAN t"), "{sql}\n{lines}");
        seen.push(lines);
    }
    for index in ["ticket_by_school_time", "ticket_by_time", "ticket_by_device"] {
        assert!(seen.iter().any(|lines| lines.contains(index)), "{index} is not used: {seen:#?}");
    }
    assert_eq!(view.row.created_at, NOW.0);
    assert!(Timestamp(view.row.created_at) <= world.clock.now());
}
