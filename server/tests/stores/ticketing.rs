//! Tickets: they come in once, go their way, stand in one queue, and are hidden from others.

use std::time::Duration;

use gigafleet::{
    access::{
        rules::{Place, Role, Staff, StaffId, grants::GrantOrder, names::Language},
        service::staff::NewPerson,
    },
    clock::Timestamp,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            CallerKind, Category, EventKind, Impact, Origin, State, TicketId, Urgency, WaitingOn,
            clock::Standing,
            filter::{Due, Filter, Holder},
            promise::Promise,
        },
        search::rules::TextQuery,
        service::{
            Change, Changed, ListOrder, ManyOrder, Named, SearchOrder, Selection, TicketOrder, TicketView, Tickets,
            ViewOrder,
        },
    },
};
use uuid::Uuid;

use crate::{NOW, World};

crate::on_both_engines!(
    a_ticket_comes_in_once_with_number_priority_and_deadlines,
    of_two_who_take_one_ticket_one_wins,
    a_ticket_goes_its_way_and_says_what_happened,
    the_queue_is_one_over_owners_page_by_page,
    views_are_kept_and_counted_on_every_server,
    tickets_of_others_are_not_found,
    a_ticket_goes_into_another_and_comes_back_as_it_was,
    what_an_owner_promises_orders_its_queue,
    many_at_once_get_numbers_of_their_own,
    only_who_may_work_there_gets_a_ticket,
    what_is_written_is_found_by_who_may_read_it,
    bulk_tells_each_what_became_of_it,
    what_was_done_last_is_taken_back,
);

const HOUR_US: i64 = 3_600 * 1_000_000;

pub(crate) fn tickets(world: &World) -> Tickets {
    Tickets::new(world.db.clone(), world.clock.clone(), world.access.clone())
}

pub(crate) fn order(school: SchoolId, subject: &str) -> TicketOrder {
    TicketOrder {
        id: None,
        subject: subject.to_owned(),
        text: String::from("電源は入るが表示が乱れる"),
        category: Category::Screen,
        impact: Impact::OneClass,
        urgency: Urgency::Today,
        school: Some(school),
        device: None,
        room: String::from("3年2組"),
        caller_kind: CallerKind::Teacher,
        caller_contact: String::from("内線 12"),
        origin: Origin::Command,
    }
}

pub(crate) async fn made(
    tickets: &Tickets,
    staff: &Staff,
    owner: MunicipalityId,
    school: SchoolId,
    subject: &str,
) -> TicketView {
    let (view, is_new) = tickets.create(staff, owner, order(school, subject)).await.unwrap();
    assert!(is_new);
    view
}

/// A person with a role, as if they called.
pub(crate) async fn person(world: &World, role: Role, place: Place, name: &str) -> Staff {
    let grant = GrantOrder {
        id: None,
        role,
        place,
        reason: String::from("委託契約"),
        starts_at: None,
        ends_at: Some(Timestamp(NOW.0 + 30 * 24 * HOUR_US)),
    };
    let new = NewPerson {
        id: None,
        sign_in_name: name.to_owned(),
        display_name: format!("{name} さん"),
        language: Language::Japanese,
        grant: Some(grant),
    };
    let (view, _) = world.access.create_staff(&world.staff().await, new).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    world.access.person_in_force(&mut tx, StaffId(view.row.staff_id)).await.unwrap().unwrap()
}

pub(crate) async fn change(tickets: &Tickets, staff: &Staff, view: &TicketView, change: Change) -> Result<TicketView> {
    let id = (MunicipalityId(view.row.municipality_id), TicketId(view.row.ticket_id));
    tickets.change(staff, id, view.row.version, change).await
}

pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}

async fn a_ticket_comes_in_once_with_number_priority_and_deadlines(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let id = Uuid::now_v7();
    let with_id = TicketOrder { id: Some(id), ..order(school, "画面が乱れる") };
    let (first, is_new) = tickets.create(&staff, owner, with_id.clone()).await.unwrap();
    assert!(is_new);
    assert_eq!((first.row.number, first.row.version, first.row.priority), (1, 1, 2));
    assert_eq!(first.standing.priority_reason.ja, "1学級 × 今日中に必要 → P2");
    let (response, restoration) = (first.standing.response.unwrap(), first.standing.restoration.unwrap());
    // NOW is noon of Tuesday, 24 November 2026.
    assert_eq!((response.standing, response.due), (Standing::Running, Some(Timestamp(NOW.0 + HOUR_US))));
    assert_eq!(restoration.due, Some(Timestamp(NOW.0 + 29 * HOUR_US)), "the end of service of the next school day");
    let (again, is_new) = tickets.create(&staff, owner, with_id.clone()).await.unwrap();
    assert!(!is_new);
    assert_eq!(again.row, first.row);
    let other = TicketOrder { subject: String::from("別件"), ..with_id };
    assert_eq!(reason(tickets.create(&staff, owner, other).await), "TICKET_EXISTS");
    assert_eq!(made(&tickets, &staff, owner, school, "二つ目").await.row.number, 2);
    let whole = tickets.get(&staff, owner, Named::Number(1)).await.unwrap();
    assert_eq!(whole.ticket.row, first.row);
    assert_eq!(whole.events.len(), 1);
    assert_eq!(whole.events[0].body, "電源は入るが表示が乱れる");
    world.clock.advance(Duration::from_secs(2 * 3_600));
    let late = tickets.get(&staff, owner, Named::Id(TicketId(id))).await.unwrap().ticket;
    assert_eq!(late.standing.response.unwrap().standing, Standing::Breached);
}

async fn of_two_who_take_one_ticket_one_wins(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let one = person(&world, Role::Engineer, Place::Municipality(owner), "sato").await;
    let two = person(&world, Role::Engineer, Place::Municipality(owner), "suzuki").await;
    let view = made(&tickets, &one, owner, school, "遅い").await;
    let (first, second) =
        tokio::join!(change(&tickets, &one, &view, Change::Take), change(&tickets, &two, &view, Change::Take),);
    let (won, lost) = match (first, second) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        other => panic!("one must win: {other:?}"),
    };
    assert_eq!(lost.reason, "VERSION_MISMATCH");
    let holder = won.row.assignee_name.clone().unwrap();
    assert!(lost.to_string().contains(&holder), "{lost} names {holder}");
    assert_eq!((won.row.version, won.life.state), (2, State::InProgress));
    let loser = if won.row.assignee_id == one.id.map(|id| id.0) { &two } else { &one };
    assert_eq!(reason(change(&tickets, loser, &won, Change::Take).await), "ALREADY_TAKEN");
    let owner_of = if loser.id == one.id { &two } else { &one };
    let again = change(&tickets, owner_of, &won, Change::Take).await.unwrap();
    assert_eq!(again.row.version, 2, "who takes what is theirs changes nothing");
}

async fn a_ticket_goes_its_way_and_says_what_happened(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "tanaka").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let mut view = made(&tickets, &teacher, owner, school, "画面が割れた").await;
    let judged =
        Change::Triage { category: Category::Screen, impact: Impact::OnePupil, urgency: Urgency::LessonStopped };
    for (who, what) in [
        (&engineer, judged),
        (&engineer, Change::Take),
        (&engineer, Change::Note(String::from("予備機は3台"))),
        (&engineer, Change::Wait(WaitingOn::Caller, String::from("管理番号を教えてください"))),
        (&teacher, Change::Answer(String::from("1234です"))),
        (&engineer, Change::Reply(String::from("予備機を渡しました"))),
        (&engineer, Change::Resolve(String::from("交換"))),
        (&teacher, Change::Answer(String::from("また割れました"))),
        (&engineer, Change::Resolve(String::from("再交換"))),
        (&engineer, Change::Close),
    ] {
        world.clock.advance(Duration::from_secs(60));
        view = change(&tickets, who, &view, what).await.unwrap();
    }
    assert_eq!((view.life.state, view.row.version, view.life.times.reopened), (State::Closed, 11, 1));
    assert_eq!(view.row.priority, 3);
    let kinds = async |staff: &Staff| -> Vec<_> {
        let whole = tickets.get(staff, owner, Named::Number(1)).await.unwrap();
        whole.events.iter().map(|event| EventKind::from_number(event.kind).unwrap()).collect()
    };
    let all = kinds(&engineer).await;
    assert_eq!(
        all,
        [
            EventKind::Created,
            EventKind::Triaged,
            EventKind::Assigned,
            EventKind::Noted,
            EventKind::Waiting,
            EventKind::Answered,
            EventKind::Replied,
            EventKind::Resolved,
            EventKind::Answered,
            EventKind::Resolved,
            EventKind::Closed,
        ]
    );
    let for_teacher: Vec<_> = all.into_iter().filter(|kind| *kind != EventKind::Noted).collect();
    assert_eq!(kinds(&teacher).await, for_teacher, "what staff write among themselves stays with them");
    assert_eq!(reason(change(&tickets, &engineer, &view, Change::Reply(String::from("?"))).await), "TICKET_CLOSED");
    let stale = TicketView { row: gigafleet::tickets::service::TicketRow { version: 3, ..view.row.clone() }, ..view };
    assert_eq!(reason(change(&tickets, &engineer, &stale, Change::Reopen(String::new())).await), "VERSION_MISMATCH");
    assert_eq!(reason(change(&tickets, &teacher, &stale, Change::Take).await), "RIGHT_MISSING");
}

async fn list(tickets: &Tickets, staff: &Staff, order: ListOrder) -> Vec<String> {
    let views = tickets.list(staff, ListOrder { limit: 100, ..order }).await.unwrap();
    views.into_iter().map(|view| view.row.subject).collect()
}

async fn the_queue_is_one_over_owners_page_by_page(world: World) {
    let tickets = tickets(&world);
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let schools = [(one, world.school(one, "緑小学校").await), (two, world.school(two, "西小学校").await)];
    let staff = world.staff().await;
    let mut expected = Vec::new();
    // The most urgent come last.
    for urgency in [Urgency::SomeTime, Urgency::ThisWeek, Urgency::Today, Urgency::LessonStopped] {
        for (owner, school) in schools {
            let subject = format!("{urgency:?} {owner}");
            let urgent = TicketOrder { urgency, ..order(school, &subject) };
            tickets.create(&staff, owner, urgent).await.unwrap();
            expected.push((urgency, subject));
        }
    }
    expected.sort_by_key(|(urgency, _)| *urgency);
    let all = list(&tickets, &staff, ListOrder::default()).await;
    let urgencies: Vec<_> = all.iter().map(|subject| subject.split(' ').next().unwrap().to_owned()).collect();
    let right: Vec<_> = expected.iter().map(|(urgency, _)| format!("{urgency:?}")).collect();
    assert_eq!(urgencies, right);
    let (mut paged, mut behind) = (Vec::new(), None);
    loop {
        let page = tickets.list(&staff, ListOrder { limit: 3, behind, ..ListOrder::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        behind = Some((last.row.queue_key, last.row.ticket_id));
        paged.extend(page.into_iter().map(|view| view.row.subject));
    }
    assert_eq!(paged, all);
    let of = |filter: Filter| ListOrder { filter, ..ListOrder::default() };
    let of_one = Filter { owner: Some(one.0), ..Filter::default() };
    assert_eq!(list(&tickets, &staff, of(of_one.clone())).await.len(), 4);
    let of_school = Filter { school: Some(schools[0].1.0), ..of_one };
    assert_eq!(list(&tickets, &staff, of(of_school)).await.len(), 4);

    let engineer = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let first = tickets.list(&engineer, ListOrder { limit: 1, ..ListOrder::default() }).await.unwrap().remove(0);
    let taken = change(&tickets, &engineer, &first, Change::Take).await.unwrap();
    let mine = Filter { holder: Some(Holder::Me), ..Filter::default() };
    assert_eq!(list(&tickets, &engineer, of(mine.clone())).await, std::slice::from_ref(&taken.row.subject));
    let unassigned = Filter { holder: Some(Holder::Nobody), ..Filter::default() };
    assert_eq!(list(&tickets, &engineer, of(unassigned)).await.len(), 3);
    let worked_on = Filter { states: vec![State::InProgress.to_number()], ..Filter::default() };
    assert_eq!(list(&tickets, &engineer, of(worked_on)).await.len(), 1);
    let wifi = Filter { categories: vec![Category::Wifi.to_number()], ..Filter::default() };
    assert_eq!(list(&tickets, &engineer, of(wifi)).await.len(), 0);
    change(&tickets, &engineer, &taken, Change::Resolve(String::new())).await.unwrap();
    assert_eq!(list(&tickets, &engineer, of(mine.clone())).await.len(), 0);
    let done = |filter: Filter| ListOrder { done: true, ..of(filter) };
    let subject = std::slice::from_ref(&taken.row.subject);
    assert_eq!(list(&tickets, &engineer, done(Filter::default())).await, subject);
    assert_eq!(list(&tickets, &engineer, done(mine)).await, subject);
    let urgent = Filter { priorities: vec![4], older_than_days: Some(1), ..Filter::default() };
    assert_eq!(list(&tickets, &engineer, done(urgent)).await.len(), 0);
}

/// Two servers on one database: what one changes the other counts at once.
async fn views_are_kept_and_counted_on_every_server(world: World) {
    let (here, there) = (tickets(&world), tickets(&world));
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let school = world.school(one, "緑小学校").await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let other = person(&world, Role::Engineer, Place::Municipality(two), "kato").await;
    let order =
        |id: Option<Uuid>, name: &str, is_shared, filter| ViewOrder { id, name: name.to_owned(), is_shared, filter };
    let mine = Filter { holder: Some(Holder::Me), ..Filter::default() };
    let kept = here.keep_view(&engineer, order(None, "自分", false, mine.clone())).await.unwrap();
    assert_eq!(kept.count, 0);
    let of_one = Filter { owner: Some(one.0), due: Some(Due::Today), ..Filter::default() };
    here.keep_view(&engineer, order(None, "渋谷区", true, of_one.clone())).await.unwrap();
    here.keep_view(&engineer, order(None, "未対応", true, Filter { states: vec![1], ..Filter::default() }))
        .await
        .unwrap();
    let counts = async |tickets: &Tickets, staff: &Staff| {
        let views = tickets.views(staff).await.unwrap();
        views.into_iter().map(|view| (view.name, view.is_own, view.count)).collect::<Vec<_>>()
    };
    let of = |name: &str, is_own, count| (name.to_owned(), is_own, count);
    let own = [of("自分", true, 0), of("渋谷区", true, 0), of("未対応", true, 0)];
    assert_eq!(counts(&there, &engineer).await, own);
    assert_eq!(counts(&there, &other).await, [of("未対応", false, 0)], "a list of an owner out of sight is not shown");

    let stopped =
        TicketOrder { urgency: Urgency::LessonStopped, ..super::ticketing::order(school, "止まっている") };
    let (view, _) = here.create(&engineer, one, stopped).await.unwrap();
    let count_of = async |name: &str| {
        let found = counts(&there, &engineer).await;
        found.into_iter().find(|(own, ..)| own == name).map(|(.., count)| count)
    };
    assert_eq!((count_of("未対応").await, count_of("自分").await), (Some(1), Some(0)));
    change(&here, &engineer, &view, Change::Take).await.unwrap();
    assert_eq!((count_of("未対応").await, count_of("自分").await), (Some(0), Some(1)));
    let promised = count_of("渋谷区").await;
    assert_eq!(
        list(&there, &engineer, ListOrder { filter: of_one, ..ListOrder::default() }).await.len() as u64,
        promised.unwrap()
    );

    let again = here.keep_view(&engineer, order(Some(kept.id), "私", false, mine.clone())).await.unwrap();
    assert_eq!((again.id, counts(&here, &engineer).await.len()), (kept.id, 3));
    assert_eq!(reason(here.keep_view(&other, order(Some(kept.id), "他人", false, mine)).await), "VIEW_NOT_FOUND");
    let out_of_sight = Filter { owner: Some(two.0), ..Filter::default() };
    assert_eq!(
        reason(here.keep_view(&engineer, order(None, "隣", false, out_of_sight)).await),
        "MUNICIPALITY_NOT_FOUND"
    );
    let unknown = Filter { states: vec![9], ..Filter::default() };
    assert_eq!(reason(here.keep_view(&engineer, order(None, "何", false, unknown)).await), "FIELD_INVALID");
    assert_eq!(reason(here.delete_view(&other, kept.id).await), "VIEW_NOT_FOUND");
    here.delete_view(&engineer, kept.id).await.unwrap();
    assert_eq!(counts(&there, &engineer).await.len(), 2);
    let teacher = person(&world, Role::SchoolStaff, Place::School(one, school), "mori").await;
    assert_eq!(counts(&there, &teacher).await.len(), 0, "lists are shared among those who work on tickets");
    let shared = order(None, "皆", true, Filter::default());
    assert_eq!(reason(here.keep_view(&teacher, shared).await), "RIGHT_MISSING");
}

async fn tickets_of_others_are_not_found(world: World) {
    let tickets = tickets(&world);
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let (own, sibling) = (world.school(one, "緑小学校").await, world.school(one, "南小学校").await);
    let foreign = world.school(two, "西小学校").await;
    let staff = world.staff().await;
    let of_sibling = made(&tickets, &staff, one, sibling, "南").await;
    let of_two = made(&tickets, &staff, two, foreign, "西").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(one, own)).await;
    for view in [&of_sibling, &of_two] {
        let owner = MunicipalityId(view.row.municipality_id);
        for named in [Named::Id(TicketId(view.row.ticket_id)), Named::Number(view.row.number)] {
            assert_eq!(reason(tickets.get(&teacher, owner, named).await), "TICKET_NOT_FOUND");
        }
        let said = Change::Answer(String::from("x"));
        assert_eq!(reason(change(&tickets, &teacher, view, said).await), "TICKET_NOT_FOUND");
    }
    assert_eq!(list(&tickets, &teacher, ListOrder::default()).await.len(), 0);
    assert_eq!(reason(tickets.create(&teacher, two, order(foreign, "x")).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(reason(tickets.create(&teacher, one, order(sibling, "x")).await), "SCHOOL_NOT_FOUND");
    let mine = made(&tickets, &teacher, one, own, "緑").await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let into = Change::Merge(TicketId(of_two.row.ticket_id));
    assert_eq!(reason(change(&tickets, &engineer, &mine, into).await), "TICKET_NOT_FOUND");
}

async fn a_ticket_goes_into_another_and_comes_back_as_it_was(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let target = made(&tickets, &staff, owner, school, "先").await;
    let view = made(&tickets, &staff, owner, school, "後").await;
    let into = |view: &TicketView| Change::Merge(TicketId(view.row.ticket_id));
    assert_eq!(reason(change(&tickets, &staff, &view, into(&view)).await), "MERGE_REFUSED");
    let merged = change(&tickets, &staff, &view, into(&target)).await.unwrap();
    assert_eq!(list(&tickets, &staff, ListOrder::default()).await, ["先"]);
    let said = Change::Reply(String::from("x"));
    assert_eq!(reason(change(&tickets, &staff, &merged, said.clone()).await), "TICKET_MERGED");
    let whole = tickets.get(&staff, owner, Named::Id(TicketId(target.row.ticket_id))).await.unwrap();
    assert_eq!((whole.merged.len(), whole.ticket.row.version), (1, 2));
    assert_eq!(reason(change(&tickets, &staff, &whole.ticket, into(&view)).await), "MERGE_REFUSED");
    assert_eq!(reason(change(&tickets, &staff, &target, said).await), "VERSION_MISMATCH", "it changed too");
    let back = change(&tickets, &staff, &merged, Change::Unmerge).await.unwrap();
    assert_eq!((back.life.clone(), back.row.queue_key), (view.life, view.row.queue_key));
    assert_eq!(list(&tickets, &staff, ListOrder::default()).await.len(), 2);
}

async fn what_an_owner_promises_orders_its_queue(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let urgent = TicketOrder { urgency: Urgency::LessonStopped, ..order(school, "急ぎ") };
    tickets.create(&staff, owner, urgent).await.unwrap();
    made(&tickets, &staff, owner, school, "普通").await;
    assert_eq!(list(&tickets, &staff, ListOrder::default()).await, ["急ぎ", "普通"]);
    let default = tickets.promise(&staff, owner, None).await.unwrap();
    assert_eq!(default, Promise::default());
    // An owner for whom one class and a lesson that stands still is nothing.
    let mut own = Promise { source: String::from("契約書 第5条"), ..default };
    own.priorities[1] = [4, 1, 1, 1];
    let from = gigafleet::schools::rules::fiscal::parse_date("date", "2026-04-01").unwrap();
    tickets.set_promise(&staff, owner, from, own.clone()).await.unwrap();
    assert_eq!(tickets.promise(&staff, owner, None).await.unwrap(), own);
    assert_eq!(list(&tickets, &staff, ListOrder::default()).await, ["普通", "急ぎ"]);
    let wrong = Promise { warn_percent: 0, answer_minutes: [60, 15, 240, 510], ..own };
    let refused = tickets.set_promise(&staff, owner, from, wrong).await.unwrap_err();
    let fields: Vec<_> = refused.fields.iter().map(|violation| violation.field.as_ref()).collect();
    assert_eq!(fields, ["answer_minutes", "warn_percent"]);
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "tanaka").await;
    assert_eq!(reason(tickets.set_promise(&engineer, owner, from, Promise::default()).await), "RIGHT_MISSING");
}

async fn many_at_once_get_numbers_of_their_own(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let mut making = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (tickets, staff) = (tickets.clone(), staff.clone());
        making.spawn(async move {
            let (view, _) = tickets.create(&staff, owner, order(school, &number.to_string())).await.unwrap();
            view.row.number
        });
    }
    let mut numbers = making.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

async fn only_who_may_work_there_gets_a_ticket(world: World) {
    let tickets = tickets(&world);
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "tanaka").await;
    let elsewhere = person(&world, Role::Engineer, Place::Municipality(other), "kato").await;
    let view = made(&tickets, &staff, owner, school, "画面").await;
    let to = |staff: &Staff| Change::Assign(staff.id.unwrap());
    assert_eq!(reason(change(&tickets, &staff, &view, to(&elsewhere)).await), "ASSIGNEE_WITHOUT_RIGHT");
    let nobody = Change::Assign(StaffId(Uuid::now_v7()));
    assert_eq!(reason(change(&tickets, &staff, &view, nobody).await), "STAFF_NOT_FOUND");
    let given = change(&tickets, &staff, &view, to(&engineer)).await.unwrap();
    assert_eq!(given.row.assignee_name, Some(engineer.name.clone()));
    assert_eq!(given.life.state, State::Triaged);
    assert_eq!(reason(change(&tickets, &staff, &given, Change::Take).await), "PERSON_NEEDED");
    let begun = change(&tickets, &engineer, &given, Change::Start).await.unwrap();
    assert_eq!(begun.life.state, State::InProgress);
}

async fn what_is_written_is_found_by_who_may_read_it(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "tanaka").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let view = made(&tickets, &teacher, owner, school, "キーボードのキーが外れた").await;
    made(&tickets, &teacher, owner, school, "Wi-Fiにつながらない").await;
    let view = change(&tickets, &engineer, &view, Change::Note(String::from("予備機の在庫は3台"))).await.unwrap();
    change(&tickets, &engineer, &view, Change::Reply(String::from("明日うかがいます"))).await.unwrap();
    let found = async |staff: &Staff, text: &str| -> Vec<i64> {
        let text = TextQuery::parse("text", text).unwrap();
        let order = SearchOrder { text, filter: Filter::default(), behind: None, limit: 10 };
        tickets.search(staff, &order).await.unwrap().tickets.iter().map(|found| found.ticket.row.number).collect()
    };
    for (text, by_engineer, by_teacher) in [
        ("ｷｰﾎﾞｰﾄﾞ", &[1][..], &[1][..]),
        ("うかが", &[1], &[1]),
        ("在庫", &[1], &[]),
        ("表示 電源", &[1, 2], &[1, 2]),
        ("wi-fi", &[2], &[2]),
        ("存在しない", &[], &[]),
    ] {
        let mut numbers = found(&engineer, text).await;
        numbers.sort_unstable();
        assert_eq!(numbers, by_engineer, "{text}");
        let mut numbers = found(&teacher, text).await;
        numbers.sort_unstable();
        assert_eq!(numbers, by_teacher, "{text}");
    }
    let stranger = world.of_role(Role::Engineer, Place::Municipality(world.municipality("131121").await)).await;
    assert_eq!(found(&stranger, "電源").await, Vec::<i64>::new());
}

/// What became of each of many: the state, or why it was refused.
fn outcomes(changed: Vec<Changed>) -> Vec<Result<i16, &'static str>> {
    changed.into_iter().map(|one| one.outcome.map(|view| view.row.state).map_err(|error| error.reason)).collect()
}

/// What was said to the caller of each ticket of an incident.
async fn said_of_incident(tickets: &Tickets, staff: &Staff, incident: Uuid) -> Vec<Vec<String>> {
    let filter = Filter { incident: Some(incident), ..Filter::default() };
    let mut said = Vec::new();
    for view in tickets.list(staff, ListOrder { filter, limit: 100, ..ListOrder::default() }).await.unwrap() {
        let (owner, id) = (MunicipalityId(view.row.municipality_id), TicketId(view.row.ticket_id));
        let events = tickets.get(staff, owner, Named::Id(id)).await.unwrap().events;
        let replies = events.into_iter().filter(|event| event.kind == EventKind::Replied.to_number());
        said.push(replies.map(|event| event.body).collect());
    }
    said
}

/// One reply reaches all who reported an outage, once however often it is asked for.
pub(crate) async fn one_reply_answers_all(
    world: &World,
    tickets: &Tickets,
    incident: Uuid,
    (owner, school): (MunicipalityId, SchoolId),
) {
    let staff = world.staff().await;
    for number in 2..=40 {
        let report = TicketOrder { category: Category::Wifi, ..order(school, &format!("つながらない {number}")) };
        tickets.create(&staff, owner, report).await.unwrap();
    }
    let order = ManyOrder {
        request: Uuid::now_v7(),
        selection: Selection::Incident(incident),
        change: Change::Reply(String::from("回線の障害です。復旧をお待ちください。")),
    };
    let (changed, has_more) = tickets.change_many(&staff, &order).await.unwrap();
    assert_eq!((outcomes(changed), has_more), (vec![Ok(State::New.to_number()); 40], false));
    let (again, _) = tickets.change_many(&staff, &order).await.unwrap();
    assert_eq!(again.len(), 0, "nobody is answered twice");
    let said = said_of_incident(tickets, &staff, incident).await;
    assert_eq!(said, vec![vec![String::from("回線の障害です。復旧をお待ちください。")]; 40]);
    let stranger = world.municipality("131148").await;
    let place = Place::Municipality(stranger);
    let (blind, _) = tickets.change_many(&person(world, Role::Engineer, place, "aoki").await, &order).await.unwrap();
    assert_eq!(blind.len(), 0, "an incident of others has no tickets");
}

async fn bulk_tells_each_what_became_of_it(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let other = world.municipality("131148").await;
    let (school, elsewhere) = (world.school(owner, "緑小学校").await, world.school(other, "東小学校").await);
    let admin = world.staff().await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "sato").await;
    let mut seen = Vec::new();
    for (owner, school) in [(owner, school), (owner, school), (other, elsewhere)] {
        let view = made(&tickets, &admin, owner, school, "画面").await;
        seen.push((owner, TicketId(view.row.ticket_id), view.row.version));
    }
    seen[1].2 = 7;
    let order = |change| ManyOrder { request: Uuid::now_v7(), selection: Selection::Seen(seen.clone()), change };
    let resolve = order(Change::Resolve(String::from("再起動で直りました")));
    let expected = vec![Ok(State::Resolved.to_number()), Err("VERSION_MISMATCH"), Err("TICKET_NOT_FOUND")];
    let (changed, _) = tickets.change_many(&engineer, &resolve).await.unwrap();
    assert_eq!(outcomes(changed), expected);
    let (again, _) = tickets.change_many(&engineer, &resolve).await.unwrap();
    assert_eq!(outcomes(again), expected, "a repeat does nothing twice and says the same");
    let whole = tickets.get(&admin, owner, Named::Number(1)).await.unwrap();
    assert_eq!((whole.ticket.row.version, whole.events.len()), (2, 2));
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(owner), "mori").await;
    assert_eq!(reason(tickets.change_many(&viewer, &resolve).await), "RIGHT_MISSING");
}

async fn what_was_done_last_is_taken_back(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "sato").await;
    let other = person(&world, Role::Engineer, Place::Municipality(owner), "kato").await;
    let view = made(&tickets, &engineer, owner, school, "画面").await;
    let taken = change(&tickets, &engineer, &view, Change::Take).await.unwrap();
    let resolved = change(&tickets, &engineer, &taken, Change::Resolve(String::from("済"))).await.unwrap();
    assert_eq!(reason(change(&tickets, &other, &resolved, Change::Undo).await), "NOTHING_TO_UNDO");
    let back = change(&tickets, &engineer, &resolved, Change::Undo).await.unwrap();
    assert_eq!((&back.life, back.row.done_at, back.row.queue_key), (&taken.life, None, taken.row.queue_key));
    assert_eq!(back.row.assignee_name, taken.row.assignee_name);
    assert_eq!(reason(change(&tickets, &engineer, &back, Change::Undo).await), "NOTHING_TO_UNDO");
    let judged = Change::Triage { category: Category::Battery, impact: Impact::WholeSchool, urgency: Urgency::Today };
    let judged = change(&tickets, &engineer, &back, judged).await.unwrap();
    assert_eq!((judged.row.category, judged.row.priority), (Category::Battery.to_number(), 1));
    let back = change(&tickets, &engineer, &judged, Change::Undo).await.unwrap();
    assert_eq!((back.row.category, back.row.priority), (Category::Screen.to_number(), view.row.priority));
    let judged = change(&tickets, &engineer, &back, Change::Release).await.unwrap();
    world.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(reason(change(&tickets, &engineer, &judged, Change::Undo).await), "NOTHING_TO_UNDO", "it is too late");
}
