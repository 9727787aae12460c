//! Network health from reports to incidents: what is counted, learned and judged.

use std::{sync::Arc, time::Duration};

use gigafleet::{
    access::rules::{Place, Role, Staff},
    checkin::service::{Heard as _, HeardReport},
    clock::Timestamp,
    enrollment::rules::DeviceIdentity,
    network::{
        rules::{ElementKind, IncidentState, place::NetworkKind},
        service::{
            incidents::{IncidentView, NEWEST},
            intake::Intake,
            judge::Judge,
            measurements::GroupBy,
        },
    },
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            Category, EventKind, Impact, State, TicketId, Urgency,
            clock::Standing,
            filter::Filter,
            health::{HealthPolicy, HealthRule},
            incidents as rules,
        },
        service::{Change, ListOrder, ManyOrder, Named, Selection, TicketOrder, Tickets},
    },
};
use gigafleet_proto::v1;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{World, checkins::identity, enrollments::csr};

crate::on_both_engines!(
    cut_line_is_one_incident_whichever_server_goes_on,
    silence_while_nothing_could_be_stored_is_no_fault,
    networks_are_learned_in_school_hours_from_what_devices_share,
    measurements_of_several_servers_add_up_and_are_folded,
    check_that_went_well_again_is_no_trouble_any_more,
    incidents_make_take_in_end_and_bring_back_tickets,
    sick_devices_make_one_ticket_for_a_school_and_a_rule,
);

/// Pace of the devices of the world, in seconds.
const PACE_S: u32 = 60;
/// Devices of a school: four classes, so that not one of them closing its lids is all of them.
const DEVICES: usize = 120;
/// Seconds from noon to a quarter to ten of the next day, when lessons have begun.
const TO_MORNING_S: u64 = 21 * 3_600 + 45 * 60;

/// A school with its devices, all on its own network.
struct School {
    owner: MunicipalityId,
    id: SchoolId,
    devices: Vec<DeviceIdentity>,
    point: u8,
}

impl School {
    /// A school in an owner with devices that are behind one access point.
    async fn with_devices(world: &World, owner: MunicipalityId, point: u8) -> Self {
        let name = format!("第{point}小学校");
        let made = world.schools.create_school(&world.staff().await, None, owner, None, name).await.unwrap();
        let id = SchoolId(made.school_id);
        let token = world.token_for(owner, Some(id), 1_000).await;
        let mut devices = Vec::new();
        for _ in 0..DEVICES {
            let enrolled = world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), None).await.unwrap();
            devices.push(identity(&enrolled));
        }
        Self { owner, id, devices, point }
    }

    fn status(&self) -> v1::Status {
        v1::Status {
            wifi: Some(v1::Wifi {
                ssid: Some(String::from("school")),
                bssid: Some(self.bssid()),
                ..v1::Wifi::default()
            }),
            network: Some(v1::Network {
                link: v1::LinkKind::Wifi.into(),
                gateway_hash: Some(vec![self.point; 16]),
                ..v1::Network::default()
            }),
            ..v1::Status::default()
        }
    }

    fn bssid(&self) -> Vec<u8> {
        vec![2, 0, 0, 0, 0, self.point]
    }

    async fn make_known(&self, world: &World) {
        let value = format!("02000000{:04x}", self.point);
        let of = (self.owner, self.id);
        world.network.add_school_network(&world.staff().await, of, NetworkKind::AccessPoint, value).await.unwrap();
    }
}

/// Lets time pass in steps of ten seconds; in each, a sixth of the devices of each school reports, and what was heard is
/// written. `minute` counts from where the devices began.
async fn pass_minute(world: &World, schools: &[&School], minute: u64) {
    for step in 0..6 {
        let mut calls = JoinSet::new();
        for school in schools {
            for device in school.devices.iter().skip(step).step_by(6) {
                let request = v1::CheckInRequest {
                    sequence: minute + 1,
                    base_sequence: minute,
                    run_id: 7,
                    monotonic_ms: 60_000 * (minute + 1),
                    status: (minute == 0).then(|| school.status()),
                    ..v1::CheckInRequest::default()
                };
                let (checkins, device) = (Arc::clone(&world.checkins), *device);
                calls.spawn(async move { checkins.check_in(device, request).await });
            }
        }
        while let Some(answer) = calls.join_next().await {
            answer.unwrap().unwrap();
        }
        world.clock.advance(Duration::from_secs(10));
        world.intake.flush(world.clock.now(), None).await.unwrap();
    }
}

fn judge(world: &World) -> Judge {
    Judge::new(world.db.clone(), world.clock.clone(), PACE_S)
}

async fn incidents(world: &World) -> Vec<IncidentView> {
    world.network.incidents(&world.staff().await, None, None, NEWEST, 100).await.unwrap().0
}

/// Two schools of one owner that were well for ten minutes of a lesson, and the judge that saw it.
async fn two_schools_in_a_lesson(world: &World) -> (School, School, Judge) {
    let owner = world.municipality("131130").await;
    let (one, other) = (School::with_devices(world, owner, 1).await, School::with_devices(world, owner, 2).await);
    other.make_known(world).await;
    world.clock.advance(Duration::from_secs(TO_MORNING_S));
    let mut judge = judge(world);
    pass_minute(world, &[&one, &other], 0).await;
    // It counts from now on, though its devices were heard before.
    one.make_known(world).await;
    for minute in 1..10 {
        pass_minute(world, &[&one, &other], minute).await;
        judge.step().await.unwrap();
    }
    assert_eq!(incidents(world).await, [], "nothing is broken yet");
    (one, other, judge)
}

async fn cut_line_is_one_incident_whichever_server_goes_on(world: World) {
    let (one, other, mut first) = two_schools_in_a_lesson(&world).await;
    let cut = world.clock.now();
    for minute in 10..13 {
        pass_minute(&world, &[&other], minute).await;
        first.step().await.unwrap();
    }
    let [seen] = &incidents(&world).await[..] else { panic!("{:?}", incidents(&world).await) };
    assert_eq!(seen.incident.verdict.element.kind, ElementKind::SchoolLine);
    assert_eq!((seen.incident.state, seen.hurts()), (IncidentState::Open, true));
    assert_eq!(seen.schools.values().flatten().collect::<Vec<_>>(), [&one.id]);
    let off = (seen.incident.started.at.0 - cut.0).abs() / 1_000_000;
    assert!(off <= 30, "the start is {off} s off");

    // What is reported at the school now belongs to it, if it can be of an outage.
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    for (category, school, expected) in [
        (Category::Wifi, one.id, Some(seen.incident.id)),
        (Category::Screen, one.id, None),
        (Category::Wifi, other.id, None),
    ] {
        let order = crate::ticketing::order(school, "つながらない");
        let order = TicketOrder { category, ..order };
        let (view, _) = tickets.create(&world.staff().await, one.owner, order).await.unwrap();
        assert_eq!(view.row.incident_id, expected, "{category:?}");
    }
    crate::ticketing::one_reply_answers_all(&world, &tickets, seen.incident.id, (one.owner, one.id)).await;
    crate::phone::known_outage_is_told_at_a_device(&world, (one.owner, one.id), seen.incident.id).await;

    // That server dies. Another one goes on from what is stored, and the first, come back, does not judge on its own.
    let mut second = judge(&world);
    for minute in 13..15 {
        pass_minute(&world, &[&other], minute).await;
        second.step().await.unwrap();
    }
    let refused = first.step().await.unwrap_err();
    assert_eq!(refused.reason, "JUDGED_ELSEWHERE");
    for minute in 15..25 {
        pass_minute(&world, &[&one, &other], minute).await;
        second.step().await.unwrap();
    }
    let [over] = &incidents(&world).await[..] else { panic!("{:?}", incidents(&world).await) };
    assert_eq!((over.incident.id, over.incident.state), (seen.incident.id, IncidentState::Closed));
    assert!(world.network.open_incidents(&world.staff().await, None, None).await.unwrap().is_empty());
}

/// A report of a school that may be of an outage.
fn report(school: &School, subject: &str) -> TicketOrder {
    TicketOrder { category: Category::Wifi, ..crate::ticketing::order(school.id, subject) }
}

/// States of tickets by their subject, whether an incident has them, and the last that happened to each.
async fn standing(
    tickets: &Tickets,
    staff: &Staff,
    owner: MunicipalityId,
    ids: &[TicketId],
) -> Vec<(State, bool, EventKind)> {
    let mut standing = Vec::new();
    for id in ids {
        let whole = tickets.get(staff, owner, Named::Id(*id)).await.unwrap();
        let last = EventKind::from_number(whole.events.last().unwrap().kind).unwrap();
        standing.push((whole.ticket.life.state, whole.ticket.row.incident_id.is_some(), last));
    }
    standing
}

async fn incidents_make_take_in_end_and_bring_back_tickets(world: World) {
    let (one, other, mut judge) = two_schools_in_a_lesson(&world).await;
    let (staff, owner) = (world.staff().await, one.owner);
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let create = async |order| TicketId(tickets.create(&staff, owner, order).await.unwrap().0.row.ticket_id);
    let old = create(report(&one, "昨日からつながらない")).await;
    // Long before: it is something else.
    pass_minutes(&world, &mut judge, &[&one, &other], 10..30).await;
    let first = create(report(&one, "つながらない")).await;
    let screen = create(crate::ticketing::order(one.id, "割れた")).await;
    let elsewhere = create(report(&other, "ほかの学校")).await;
    pass_minutes(&world, &mut judge, &[&other], 30..33).await;
    assert_eq!(tickets.follow_incidents().await.unwrap(), 2, "its own comes, and the first report is taken in");
    assert_eq!(tickets.follow_incidents().await.unwrap(), 0, "nothing is done twice");
    let [seen] = &incidents(&world).await[..] else { panic!("{:?}", incidents(&world).await) };
    let own = rules::ticket_of(owner, seen.incident.id);
    let view = tickets.get(&staff, owner, Named::Id(own)).await.unwrap().ticket;
    assert_eq!(view.row.subject, "障害が発生:回線の断 第1小学校 / Incident: The line is cut 第1小学校");
    assert_eq!((view.row.school_id, view.row.priority, view.row.origin), (Some(one.id.0), 1, 5));
    let all = [own, first, old, screen, elsewhere];
    let states = standing(&tickets, &staff, owner, &all).await;
    let untouched = (State::New, false, EventKind::Created);
    let attached = (State::New, true, EventKind::Attached);
    assert_eq!(states, [attached, attached, untouched, untouched, untouched]);

    // A storm: each report belongs to the one incident, and one answer reaches all.
    for number in 0..500 {
        create(report(&one, &format!("こちらも {number}"))).await;
    }
    assert_eq!(tickets.follow_incidents().await.unwrap(), 0, "they are attached as they come in");
    let of_incident =
        |change| ManyOrder { request: Uuid::now_v7(), selection: Selection::Incident(seen.incident.id), change };
    let reply = of_incident(Change::Reply(String::from("回線の工事会社に連絡しました")));
    let (answered, has_more) = tickets.change_many(&staff, &reply).await.unwrap();
    assert_eq!((answered.len(), has_more), (502, false));
    let version = async |id| tickets.get(&staff, owner, Named::Id(id)).await.unwrap().ticket.row.version;
    for ticket in [own, first] {
        let end = Change::Resolve(String::from("直ったはず"));
        let refused = tickets.change(&staff, (owner, ticket), version(ticket).await, end).await;
        assert_eq!(refused.unwrap_err().reason, "INCIDENT_OPEN");
    }
    // What is something else does not wait for the incident, and is not ended by it.
    let mistaken = create(report(&one, "実は画面")).await;
    let judged = Change::Triage { category: Category::Screen, impact: Impact::OnePupil, urgency: Urgency::Today };
    tickets.change(&staff, (owner, mistaken), version(mistaken).await, judged).await.unwrap();

    pass_minutes(&world, &mut judge, &[&one, &other], 33..45).await;
    assert_eq!(incidents(&world).await[0].incident.state, IncidentState::Closed);
    assert_eq!(tickets.follow_incidents().await.unwrap(), 502);
    assert_eq!(tickets.follow_incidents().await.unwrap(), 0);
    let states = standing(&tickets, &staff, owner, &[own, first, mistaken, old, screen, elsewhere]).await;
    let ended = (State::Resolved, true, EventKind::Recovered);
    let judged = (State::Triaged, false, EventKind::Triaged);
    assert_eq!(states, [(State::Closed, true, EventKind::Closed), ended, judged, untouched, untouched, untouched]);
    let whole = tickets.get(&staff, owner, Named::Id(first)).await.unwrap();
    let kept = whole.ticket.standing;
    assert_eq!([kept.response, kept.restoration].map(|deadline| deadline.unwrap().standing), [Standing::Kept; 2]);
    assert!(whole.events.last().unwrap().body.contains("復旧したことを確認しました"));
    // Somebody objects, and is not overruled by what was measured before.
    tickets
        .change(&staff, (owner, first), version(first).await, Change::Answer(String::from("まだです")))
        .await
        .unwrap();
    assert_eq!(tickets.follow_incidents().await.unwrap(), 0);
    let left = ListOrder {
        filter: Filter { incident: Some(seen.incident.id), ..Filter::default() },
        limit: 9,
        ..ListOrder::default()
    };
    assert_eq!(tickets.list(&staff, left).await.unwrap().len(), 1);

    // The same trouble comes back while it is fresh: with it come its own ticket and all that nobody touched since.
    pass_minutes(&world, &mut judge, &[&other], 45..49).await;
    let open = world.network.open_incidents(&staff, None, None).await.unwrap();
    assert_eq!(open.iter().map(|view| view.incident.id).collect::<Vec<_>>(), [seen.incident.id], "the same incident");
    assert_eq!(tickets.follow_incidents().await.unwrap(), 501);
    let back = (State::Triaged, true, EventKind::Relapsed);
    let states = standing(&tickets, &staff, owner, &[own, first]).await;
    assert_eq!(states, [back, (State::Triaged, true, EventKind::Answered)]);
    pass_minutes(&world, &mut judge, &[&one, &other], 49..80).await;
    assert_eq!(tickets.follow_incidents().await.unwrap(), 502, "all are ended again");
}

/// A device says what its battery keeps of what it kept when it was new.
async fn say_battery(world: &World, device: &DeviceIdentity, sequence: u64, health_percent: u32) {
    let battery = v1::Battery { health_percent: Some(health_percent), ..v1::Battery::default() };
    let request = v1::CheckInRequest {
        sequence,
        base_sequence: sequence - 1,
        run_id: 7,
        monotonic_ms: 60_000 * sequence,
        status: Some(v1::Status { battery: Some(battery), ..v1::Status::default() }),
        ..v1::CheckInRequest::default()
    };
    world.checkins.check_in(*device, request).await.unwrap();
}

async fn sick_devices_make_one_ticket_for_a_school_and_a_rule(world: World) {
    let owner = world.municipality("131130").await;
    let school = School::with_devices(&world, owner, 1).await;
    let staff = world.staff().await;
    let tickets = Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone());
    let judge = async || tickets.judge_health(owner).await.unwrap();
    let open = async || tickets.list(&staff, ListOrder { limit: 9, ..ListOrder::default() }).await.unwrap();
    assert_eq!(judge().await, 0);
    let [one, two, three, ..] = &school.devices[..] else { panic!("there are more") };
    say_battery(&world, one, 1, 49).await;
    say_battery(&world, two, 1, 30).await;
    say_battery(&world, three, 1, 50).await;
    // What is tried changes nothing: devices, tickets, new ones, ended ones.
    let worn = async |staff: &Staff, percent: Option<u8>| {
        let policy =
            percent.map(|percent| HealthPolicy { battery_health_percent_below: percent, ..HealthPolicy::default() });
        let report = tickets.try_health_policy(staff, owner, policy).await.unwrap();
        let tried = report.rules.into_iter().find(|tried| tried.rule == HealthRule::BatteryWorn).unwrap();
        (report.devices, [tried.devices, tried.tickets, tried.new_tickets, tried.ended_tickets])
    };
    let all = u64::try_from(school.devices.len()).unwrap();
    assert_eq!(worn(&staff, None).await, (all, [2, 1, 1, 0]));
    assert_eq!(worn(&staff, Some(51)).await.1, [3, 1, 1, 0]);
    assert_eq!(worn(&staff, Some(0)).await.1, [0; 4]);
    assert!(open().await.is_empty());
    assert_eq!((judge().await, judge().await), (1, 0), "once");
    assert_eq!(worn(&staff, None).await.1, [2, 1, 0, 0], "there is one");
    assert_eq!(worn(&staff, Some(20)).await.1, [0, 0, 0, 1], "it would end");
    let elsewhere = world.school(owner, "西小学校").await;
    let neighbour = world.of_role(Role::SchoolStaff, Place::School(owner, elsewhere)).await;
    assert_eq!(worn(&neighbour, None).await, (0, [0; 4]), "of what is out of sight nothing is counted");
    let own = world.of_role(Role::SchoolStaff, Place::School(owner, school.id)).await;
    assert_eq!(worn(&own, None).await, (all, [2, 1, 0, 0]), "who reaches one school sees all of that");
    let wrong = HealthPolicy { battery_health_percent_below: 101, ..HealthPolicy::default() };
    assert_eq!(tickets.try_health_policy(&staff, owner, Some(wrong)).await.unwrap_err().reason, "FIELD_INVALID");
    let [view] = &open().await[..] else { panic!("one ticket") };
    assert_eq!((view.row.school_id, view.row.category, view.row.origin), (Some(school.id.0), 3, 6));
    let id = TicketId(view.row.ticket_id);
    let events = async || tickets.get(&staff, owner, Named::Id(id)).await.unwrap().events;
    let named = |device: &DeviceIdentity| device.key.device.to_string();
    let first = events().await[0].body.clone();
    assert!(first.contains("2 台") && first.contains(&named(one)) && first.contains(&named(two)), "{first}");
    // One more is told; whoever works on it need not look for it.
    say_battery(&world, three, 2, 10).await;
    assert_eq!((judge().await, judge().await), (1, 0));
    let last = events().await.pop().unwrap();
    assert!(last.kind == EventKind::Noted.to_number() && last.body.contains(&named(three)), "{}", last.body);
    assert!(!last.body.contains(&named(one)));
    // It ends by itself when all are well, and comes anew when one is not.
    for (device, sequence) in [(one, 2), (two, 2), (three, 3)] {
        say_battery(&world, device, sequence, 90).await;
    }
    assert_eq!((judge().await, judge().await), (1, 0));
    assert!(open().await.is_empty());
    let kinds: Vec<_> = events().await.iter().map(|event| event.kind).collect();
    assert!(kinds.ends_with(&[EventKind::Recovered.to_number(), EventKind::Closed.to_number()]), "{kinds:?}");
    say_battery(&world, one, 3, 5).await;
    assert_eq!(judge().await, 1);
    let [again] = &open().await[..] else { panic!("one ticket") };
    assert_ne!(again.row.ticket_id, id.0);
    // Who closed it knows what they did: it does not come again while the same is so.
    let place = (owner, TicketId(again.row.ticket_id));
    let over = Change::Resolve(String::from("来年度に更新する"));
    let resolved = tickets.change(&staff, place, again.row.version, over).await.unwrap();
    tickets.change(&staff, place, resolved.row.version, Change::Close).await.unwrap();
    assert_eq!(judge().await, 0);

    // Twenty school days are four weeks without the holidays in them; an owner that wants to know sooner says so.
    let days = |days: u64| world.clock.advance(Duration::from_secs(days * 24 * 3_600));
    days(8);
    assert_eq!(judge().await, 0);
    let policy = HealthPolicy { not_seen_school_days: 5, ..tickets.health_policy(&staff, owner).await.unwrap() };
    tickets.set_health_policy(&staff, owner, policy).await.unwrap();
    assert_eq!(judge().await, 1);
    let [silent] = &open().await[..] else { panic!("one ticket") };
    assert!(silent.row.subject.starts_with("長く報告のない端末"), "{}", silent.row.subject);
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school.id)).await;
    let refused = tickets.set_health_policy(&teacher, owner, HealthPolicy::default()).await.unwrap_err();
    assert_eq!(refused.reason, "RIGHT_MISSING");
}

/// Lets minutes pass, each judged at its end.
async fn pass_minutes(world: &World, judge: &mut Judge, schools: &[&School], minutes: std::ops::Range<u64>) {
    for minute in minutes {
        pass_minute(world, schools, minute).await;
        judge.step().await.unwrap();
    }
}

async fn silence_while_nothing_could_be_stored_is_no_fault(world: World) {
    let (one, other, mut judge) = two_schools_in_a_lesson(&world).await;
    let begin = world.clock.now();
    // The other school reports through another server, which is well.
    for minute in 10..13 {
        pass_minute(&world, &[&other], minute).await;
    }
    let now = world.clock.now();
    world.intake.flush(now, Some((begin, now))).await.unwrap();
    judge.step().await.unwrap();
    for minute in 13..18 {
        pass_minute(&world, &[&one, &other], minute).await;
        judge.step().await.unwrap();
    }
    assert_eq!(incidents(&world).await, []);
}

async fn networks_are_learned_in_school_hours_from_what_devices_share(world: World) {
    let owner = world.municipality("131130").await;
    let school = School::with_devices(&world, owner, 1).await;
    world.clock.advance(Duration::from_secs(TO_MORNING_S));
    pass_minute(&world, &[&school], 0).await;
    assert_eq!(world.network.owners_to_learn().await.unwrap(), [owner]);
    assert_eq!(world.network.learn_networks(owner).await.unwrap(), 2, "the gateway and the access point");
    let staff = world.staff().await;
    let known = world.network.school_networks(&staff, owner, Some(school.id)).await.unwrap();
    let known: Vec<_> = known.iter().map(|row| (row.kind, row.value.as_str(), row.source, row.devices)).collect();
    let (point, gateway) = ("020000000001", "01".repeat(16));
    assert_eq!(known, [(2, point, 2, 120), (3, gateway.as_str(), 2, 120)]);
    world.clock.advance(Duration::from_secs(10 * 3_600));
    assert!(world.network.owners_to_learn().await.unwrap().is_empty(), "in the evening nobody is at school");
}

async fn measurements_of_several_servers_add_up_and_are_folded(world: World) {
    let owner = world.municipality("131130").await;
    let school = School::with_devices(&world, owner, 1).await;
    school.make_known(&world).await;
    pass_minute(&world, &[&school], 0).await;
    let elsewhere = Intake::new(world.db.clone(), world.clock.clone());
    let check = |latency_us| v1::NetworkCheck {
        layer: v1::NetworkLayer::Gateway.into(),
        outcome: v1::CheckOutcome::Ok.into(),
        latency_us,
        ..v1::NetworkCheck::default()
    };
    let begin = world.clock.now();
    for (server, latency_us) in [(&*world.intake, 2_000), (&elsewhere, 8_000)] {
        let heard = school.devices.iter().map(|device| HeardReport {
            key: device.key,
            received_at: world.clock.now(),
            moved: false,
            checks: vec![check(latency_us)],
        });
        server.stored(&heard.collect::<Vec<_>>());
        // Roll-ups are written once a minute.
        world.clock.advance(Duration::from_secs(70));
        server.flush(world.clock.now(), None).await.unwrap();
    }
    let staff = world.staff().await;
    let of = (owner, school.id);
    let read = async |to: Timestamp| {
        let range = (Timestamp(begin.0 - 600_000_000), to);
        world.network.measurements(&staff, of, range, GroupBy::Layer).await.unwrap()
    };
    let check_sum = |measured: gigafleet::network::service::measurements::Measurements| {
        let [series] = &measured.series[..] else { panic!("{measured:?}") };
        let mut cells = series.points.iter().map(|(_, cell)| cell.clone());
        let mut sum = cells.next().unwrap();
        cells.for_each(|cell| sum.merge(&cell).unwrap());
        assert_eq!(sum.ok, 2 * DEVICES as u64);
        let slow = sum.latency_us(0.95).unwrap();
        assert!((7_800.0..=8_200.0).contains(&slow), "{slow}");
        measured.width_s
    };
    assert_eq!(check_sum(read(world.clock.now()).await), 300);
    world.clock.advance(Duration::from_secs(20 * 86_400));
    while world.network.fold_rollups().await.unwrap() > 0 {}
    assert_eq!(check_sum(read(Timestamp(begin.0 + 3_600_000_000)).await), 3_600);
}

async fn check_that_went_well_again_is_no_trouble_any_more(world: World) {
    let owner = world.municipality("131130").await;
    let school = School::with_devices(&world, owner, 1).await;
    school.make_known(&world).await;
    pass_minute(&world, &[&school], 0).await;
    let say = |device: usize, outcome: v1::CheckOutcome| {
        let check = v1::NetworkCheck {
            layer: v1::NetworkLayer::Dns.into(),
            outcome: outcome.into(),
            ..v1::NetworkCheck::default()
        };
        let key = school.devices[device].key;
        world.intake.stored(&[HeardReport { key, received_at: world.clock.now(), moved: false, checks: vec![check] }]);
    };
    say(0, v1::CheckOutcome::Failed);
    say(1, v1::CheckOutcome::Failed);
    say(0, v1::CheckOutcome::Ok);
    world.intake.flush(world.clock.now(), None).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let sql = "SELECT failing FROM network_heard WHERE failing <> '[]'";
    let (failing,): (String,) = tx.query(sql).one().await.unwrap();
    let [one, other] = [0, 1].map(|device: usize| school.devices[device].key.device.to_string());
    assert!(failing.contains(&other) && !failing.contains(&one), "{failing}");
}
