//! Tickets and time: what goes back, closes and moves by itself, and what is counted of it.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Role},
    schools::{
        rules::calendar::{Period, PeriodKind},
        service::calendar::CalendarOf,
    },
    tickets::{
        rules::{
            EventKind, State, TicketId, WaitingOn,
            figures::{Grouping, Kept},
        },
        service::{Change, FiguresOrder, ListOrder, Named, TicketView},
    },
};

use crate::{
    World,
    ticketing::{change, made, person, reason, tickets},
};

crate::on_both_engines!(tickets_go_back_and_are_closed_by_themselves, figures_count_what_the_caller_may_see,);

async fn tickets_go_back_and_are_closed_by_themselves(world: World) {
    let (tickets, owner) = (tickets(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let engineer = person(&world, Role::Engineer, Place::Municipality(owner), "tanaka").await;
    let taken = made(&tickets, &staff, owner, school, "忘れられた").await;
    let taken = change(&tickets, &engineer, &taken, Change::Take).await.unwrap();
    let waiting = made(&tickets, &staff, owner, school, "部品待ち").await;
    let waiting = change(&tickets, &engineer, &waiting, Change::Take).await.unwrap();
    let part = Change::Wait(WaitingOn::Part, String::from("取り寄せ中"));
    let waiting = change(&tickets, &engineer, &waiting, part).await.unwrap();
    let solved = made(&tickets, &staff, owner, school, "直した").await;
    let solved = change(&tickets, &engineer, &solved, Change::Resolve(String::from("交換"))).await.unwrap();
    let now = async |view: &TicketView| {
        let whole = tickets.get(&staff, owner, Named::Id(TicketId(view.row.ticket_id))).await.unwrap();
        (whole.ticket, EventKind::from_number(whole.events.last().unwrap().kind).unwrap())
    };
    assert_eq!(tickets.keep_queues().await.unwrap(), 0);
    // Two days of service from noon of Tuesday are over at noon of Thursday.
    world.clock.advance(Duration::from_secs(48 * 3_600 - 60));
    assert_eq!(tickets.keep_queues().await.unwrap(), 0, "there is a minute left");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(tickets.keep_queues().await.unwrap(), 1);
    let (back, last) = now(&taken).await;
    assert_eq!((back.life.state, back.row.assignee_id, last), (State::Triaged, None, EventKind::Returned));
    assert_eq!(now(&waiting).await.0.row, waiting.row, "what waits is not forgotten");
    // Three school days behind Tuesday, the end of service: Friday at five.
    world.clock.advance(Duration::from_secs(29 * 3_600 - 60));
    assert_eq!(tickets.keep_queues().await.unwrap(), 0);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(tickets.keep_queues().await.unwrap(), 1);
    let (closed, last) = now(&solved).await;
    assert_eq!((closed.life.state, last), (State::Closed, EventKind::Closed));
    assert_eq!(closed.row.assignee_name, solved.row.assignee_name, "who did it stays known");

    // A vacation that is entered afterwards moves what is due, and the queue with it.
    let day = |text| gigafleet::schools::rules::fiscal::parse_date("date", text).unwrap();
    let vacation = Period {
        kind: PeriodKind::Vacation,
        name: String::from("臨時休業"),
        first: day("2026-11-28"),
        last: day("2026-12-11"),
    };
    let of = CalendarOf { municipality: owner, school: None };
    let fresh = made(&tickets, &staff, owner, school, "新しい").await;
    world.schools.set_period(&staff, of, vacation, None).await.unwrap();
    assert_eq!(tickets.keep_queues().await.unwrap(), 0);
    let (moved, _) = now(&fresh).await;
    assert!(moved.row.queue_key > fresh.row.queue_key, "due behind the vacation");
    assert_eq!(moved.row.version, fresh.row.version, "it is the same ticket for whoever looks at it");

    // The contract ends: what the team had goes back to the owner's queue, still waiting for its part.
    world.clock.advance(Duration::from_secs(31 * 24 * 3_600));
    assert_eq!(tickets.keep_queues().await.unwrap(), 1);
    let (left, last) = now(&waiting).await;
    assert_eq!((left.life.state, left.row.assignee_id, last), (State::Waiting, None, EventKind::RightEnded));
    assert_eq!(tickets.keep_queues().await.unwrap(), 0);
    assert_eq!(tickets.list(&engineer, ListOrder::default()).await.unwrap().len(), 0, "nothing of it is theirs to see");
}

async fn figures_count_what_the_caller_may_see(world: World) {
    let tickets = tickets(&world);
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    let elsewhere = world.school(other, "他市小学校").await;
    let staff = world.staff().await;
    // In time: answered after 30 minutes of service and over after 60, of which 20 it waited for the school.
    let kept = made(&tickets, &staff, owner, one, "期限内").await;
    let late = made(&tickets, &staff, owner, one, "回答が遅い").await;
    let open = made(&tickets, &staff, owner, two, "未対応").await;
    let twin = made(&tickets, &staff, owner, two, "同じ件").await;
    made(&tickets, &staff, other, elsewhere, "他市").await;
    change(&tickets, &staff, &twin, Change::Merge(TicketId(open.row.ticket_id))).await.unwrap();
    let minutes = |minutes: u64| world.clock.advance(Duration::from_secs(minutes * 60));
    minutes(30);
    let kept = change(&tickets, &staff, &kept, Change::Reply(String::from("確認します"))).await.unwrap();
    minutes(10);
    let kept = change(&tickets, &staff, &kept, Change::Wait(WaitingOn::Caller, String::from("番号は"))).await.unwrap();
    minutes(20);
    let kept = change(&tickets, &staff, &kept, Change::Resume).await.unwrap();
    minutes(20);
    let kept = change(&tickets, &staff, &kept, Change::Resolve(String::from("交換"))).await.unwrap();
    minutes(10);
    change(&tickets, &staff, &late, Change::Reply(String::from("遅くなりました"))).await.unwrap();
    let day = |text| gigafleet::schools::rules::fiscal::parse_date("date", text).unwrap();
    let order = |owner, by| FiguresOrder { owner, first: day("2026-11-01"), last: day("2026-11-24"), by };
    let report = tickets.figures(&staff, order(Some(owner), Grouping::School)).await.unwrap();
    let named: Vec<_> = report.rows.iter().map(|row| row.name.ja.as_ref()).collect();
    assert_eq!(named, ["緑小学校", "青小学校"]);
    let (green, blue) = (&report.rows[0].figures, &report.rows[1].figures);
    assert_eq!((green.came, green.merged, green.open), (2, 0, [1, 0, 0, 0, 0]));
    assert_eq!(green.response, Kept { kept: 1, late: 1 });
    assert_eq!(green.restoration, Kept { kept: 1, late: 0 }, "what is not due yet is neither");
    assert_eq!((green.response_minutes.percentile(50), green.response_minutes.percentile(90)), (Some(30), Some(90)));
    assert_eq!(
        green.restoration_minutes.percentile(50),
        Some(60),
        "80 minutes, of which it waited for the school for 20"
    );
    assert_eq!((blue.came, blue.merged, blue.open_all()), (2, 1, 1));
    assert_eq!(blue.response, Kept { kept: 0, late: 1 }, "nobody answered within the hour");
    assert_eq!((report.whole.came, report.whole.open_all()), (4, 2));
    change(&tickets, &staff, &kept, Change::Reopen(String::from("また"))).await.unwrap();
    let by = |by| tickets.figures(&staff, order(None, by));
    let owners = by(Grouping::Municipality).await.unwrap();
    assert_eq!(owners.rows.iter().map(|row| row.figures.came).collect::<Vec<_>>(), [1, 4], "by code");
    assert_eq!((owners.whole.reopened, owners.whole.open_all()), (1, 4));
    let categories = by(Grouping::Category).await.unwrap();
    assert_eq!(categories.rows.len(), 1);
    let months = by(Grouping::Month).await.unwrap();
    assert_eq!(months.rows[0].name.ja, "2026-11");
    // Nobody counts what is not theirs.
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, two)).await;
    let own = tickets.figures(&teacher, order(None, Grouping::Municipality)).await.unwrap();
    assert_eq!((own.whole.came, own.whole.open_all()), (2, 1));
    let foreign = tickets.figures(&teacher, order(Some(other), Grouping::Category)).await;
    assert_eq!(reason(foreign), "MUNICIPALITY_NOT_FOUND");
    let wrong = FiguresOrder { last: day("2026-10-31"), ..order(None, Grouping::School) };
    let refused = tickets.figures(&staff, wrong).await.unwrap_err();
    assert_eq!(refused.fields.len(), 2);
    let before = FiguresOrder { last: day("2026-11-23"), ..order(None, Grouping::Month) };
    assert_eq!(tickets.figures(&staff, before).await.unwrap().whole.came, 0);
}
