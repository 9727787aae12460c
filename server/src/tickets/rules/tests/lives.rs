use proptest::prelude::*;
use uuid::Uuid;

use super::{
    super::{life::*, queue::Judge, undo::*, *},
    *,
};
use crate::access::rules::StaffId;

const ONE: StaffId = StaffId(Uuid::from_u128(1));
const TWO: StaffId = StaffId(Uuid::from_u128(2));
const OTHER: TicketId = TicketId(Uuid::from_u128(9));

fn minute(number: i64) -> Timestamp {
    Timestamp(at(day(2026, 11, 26), 9, 0).0 + number * 60_000_000)
}

/// Does one after the other, a minute apart; panics where one is refused.
fn after(verbs: &[Verb]) -> Life {
    let done = verbs.iter().zip(1..).try_fold(Life::begin(minute(0)), |life, (verb, number)| {
        life.apply(*verb, minute(number)).map(|(life, _)| life)
    });
    done.unwrap_or_else(|error| panic!("{verbs:?}: {error}"))
}

fn reason(life: &Life, verb: Verb) -> &'static str {
    life.apply(verb, minute(90)).expect_err("it can not be").reason
}

#[test]
fn a_ticket_goes_its_way() {
    for (verbs, state) in [
        (&[][..], State::New),
        (&[Verb::Triage], State::Triaged),
        (&[Verb::Take(ONE)], State::InProgress),
        (&[Verb::Assign(TWO)], State::Triaged),
        (&[Verb::Assign(TWO), Verb::Start(TWO)], State::InProgress),
        (&[Verb::Take(ONE), Verb::Release], State::Triaged),
        (&[Verb::Take(ONE), Verb::Wait(WaitingOn::Vendor)], State::Waiting),
        (&[Verb::Take(ONE), Verb::Wait(WaitingOn::Vendor), Verb::Release], State::Waiting),
        (&[Verb::Take(ONE), Verb::Wait(WaitingOn::Caller), Verb::Answer], State::InProgress),
        (&[Verb::Wait(WaitingOn::Caller), Verb::Answer], State::Triaged),
        (&[Verb::Take(ONE), Verb::Wait(WaitingOn::Part), Verb::Answer], State::Waiting),
        (&[Verb::Take(ONE), Verb::Resolve], State::Resolved),
        (&[Verb::Take(ONE), Verb::Wait(WaitingOn::Caller), Verb::Also], State::Waiting),
        (&[Verb::Resolve, Verb::Answer], State::Triaged),
        (&[Verb::Resolve, Verb::Close], State::Closed),
        (&[Verb::Resolve, Verb::Close, Verb::Reopen], State::Triaged),
    ] {
        assert_eq!(after(verbs).state, state, "{verbs:?}");
    }
}

#[test]
fn what_can_not_be_done_says_why() {
    for (verbs, verb, expected) in [
        (&[Verb::Take(ONE)][..], Verb::Take(TWO), "ALREADY_TAKEN"),
        (&[Verb::Assign(ONE)], Verb::Start(TWO), "ALREADY_TAKEN"),
        (&[], Verb::Release, "NOT_TAKEN"),
        (&[], Verb::Resume, "NOT_WAITING"),
        (&[], Verb::Close, "NOT_RESOLVED"),
        (&[], Verb::Reopen, "NOT_RESOLVED"),
        (&[], Verb::Unmerge, "NOT_MERGED"),
        (&[Verb::Resolve], Verb::Take(ONE), "TICKET_RESOLVED"),
        (&[Verb::Resolve], Verb::Resolve, "TICKET_RESOLVED"),
        (&[Verb::Resolve], Verb::Also, "TICKET_RESOLVED"),
        (&[Verb::Resolve, Verb::Close], Verb::Reply, "TICKET_CLOSED"),
        (&[Verb::Resolve, Verb::Close], Verb::Answer, "TICKET_CLOSED"),
        (&[Verb::Merge(OTHER)], Verb::Reply, "TICKET_MERGED"),
        (&[Verb::Merge(OTHER)], Verb::Merge(OTHER), "TICKET_MERGED"),
    ] {
        assert_eq!(reason(&after(verbs), verb), expected, "{verbs:?}, {verb:?}");
    }
}

#[test]
fn who_takes_what_is_theirs_changes_nothing() {
    let taken = after(&[Verb::Take(ONE)]);
    assert_eq!(taken.apply(Verb::Take(ONE), minute(9)).unwrap(), (taken.clone(), None));
}

#[test]
fn the_clock_stands_still_while_the_caller_is_waited_for_and_only_then() {
    let days = school_days(&[], &[]);
    let promise = Promise::default();
    let due = |verbs: &[Verb]| {
        in_service(&days, |service| {
            let service = Service { is_school_day: service.is_school_day, hours: service.hours };
            let judge = Judge { service, promise: &promise, priority: Priority::P2 };
            judge.restoration(&after(verbs), minute(100)).unwrap().due
        })
    };
    let usual = Some(at(day(2026, 11, 27), 17, 0));
    assert_eq!(due(&[Verb::Take(ONE)]), usual);
    assert_eq!(due(&[Verb::Wait(WaitingOn::Vendor), Verb::Resume]), usual);
    assert_eq!(due(&[Verb::Wait(WaitingOn::Caller)]), None);
    assert_eq!(due(&[Verb::Wait(WaitingOn::Caller), Verb::Also]), None, "others answer nothing");
    assert_eq!(due(&[Verb::Wait(WaitingOn::Caller), Verb::Note, Verb::Answer]), Some(at(day(2026, 11, 30), 8, 32)));
}

#[test]
fn the_queue_begins_with_what_is_due_first() {
    let days = school_days(&[], &[]);
    let promise = Promise::default();
    let key = |priority, verbs: &[Verb]| {
        in_service(&days, |service| {
            let service = Service { is_school_day: service.is_school_day, hours: service.hours };
            Judge { service, promise: &promise, priority }.key(&after(verbs), minute(50))
        })
    };
    let order = [
        key(Priority::P1, &[]),
        key(Priority::P2, &[]),
        key(Priority::P3, &[]),
        key(Priority::P1, &[Verb::Reply]),
        key(Priority::P2, &[Verb::Reply]),
        key(Priority::P1, &[Verb::Wait(WaitingOn::Caller)]),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(key(Priority::P1, &[Verb::Resolve]) < 0, "what is done is in a list of its own");
}

fn verbs() -> impl Strategy<Value = Verb> {
    let who = prop_oneof![Just(ONE), Just(TWO)];
    prop_oneof![
        Just(Verb::Triage),
        who.clone().prop_map(Verb::Take),
        who.clone().prop_map(Verb::Assign),
        who.prop_map(Verb::Start),
        Just(Verb::Release),
        prop::sample::select(WaitingOn::ALL).prop_map(Verb::Wait),
        Just(Verb::Resume),
        Just(Verb::Reply),
        Just(Verb::Note),
        Just(Verb::Answer),
        Just(Verb::Also),
        Just(Verb::Resolve),
        Just(Verb::Close),
        Just(Verb::Reopen),
        Just(Verb::Merge(OTHER)),
        Just(Verb::Unmerge),
        Just(Verb::Fixed),
        Just(Verb::Attach),
        Just(Verb::Recover),
        Just(Verb::Relapse),
        prop::sample::select(&[Return::Untouched, Return::RightEnded][..]).prop_map(Verb::Return),
    ]
}

proptest! {
    #[test]
    fn no_order_of_verbs_loses_anything(verbs in prop::collection::vec(verbs(), 0..40)) {
        let mut life = Life::begin(minute(0));
        for (verb, number) in verbs.into_iter().zip(1..) {
            let before = life.clone();
            let Ok((next, happened)) = life.apply(verb, minute(number)) else { continue };
            prop_assert_eq!(happened.is_none(), next == before && matches!(verb, Verb::Take(_)));
            life = next;
            prop_assert_eq!(life.waiting_on.is_some(), life.state == State::Waiting);
            prop_assert!(life.state != State::InProgress || life.assignee.is_some());
            let answered = before.times.response.ended();
            prop_assert!(answered.is_none() || life.times.response.ended() == answered, "the first answer stays the first");
            let over = matches!(life.state, State::Resolved | State::Closed);
            prop_assert_eq!(life.times.restoration.ended().is_some(), over);
            prop_assert_eq!(life.times.closed_at.is_some(), life.state == State::Closed);
            if before.state == State::Closed && life.state != State::Closed {
                let comes_back = matches!(verb, Verb::Reopen | Verb::Relapse);
                prop_assert!(comes_back, "what is closed stays closed, not {:?}", verb);
            }
            prop_assert!(life.times.reopened >= before.times.reopened);
            let json = serde_json::to_string(&life.times).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Times>(&json).unwrap(), &life.times);
        }
    }

    #[test]
    fn what_is_taken_out_again_is_as_it_was(verbs in prop::collection::vec(verbs(), 0..20)) {
        let mut life = Life::begin(minute(0));
        for (verb, number) in verbs.into_iter().zip(1..) {
            if let Ok((next, _)) = life.apply(verb, minute(number)) {
                life = next;
            }
        }
        if life.merged_into.is_none() {
            let (merged, _) = life.apply(Verb::Merge(OTHER), minute(50)).unwrap();
            prop_assert_eq!(merged.apply(Verb::Unmerge, minute(60)).unwrap().0, life);
        }
    }

    #[test]
    fn what_is_undone_is_as_it_was(verbs in prop::collection::vec(verbs(), 0..20), last in verbs()) {
        let mut life = Life::begin(minute(0));
        for (verb, number) in verbs.into_iter().zip(1..) {
            if let Ok((next, _)) = life.apply(verb, minute(number)) {
                life = next;
            }
        }
        let judged = (Category::Screen, Impact::OneClass, Urgency::Today);
        let Ok((_, Some(kind))) = life.apply(last, minute(50)) else { return Ok(()) };
        let before = serde_json::to_string(&Before::of(&life, judged)).unwrap();
        let before = serde_json::from_str(&before).unwrap();
        let deed = LastDeed { kind, by: Some(ONE.0), at: minute(50), before };
        let said = !kind.can_be_undone();
        match deed.undone(Some(ONE.0), minute(65)) {
            Ok(undone) => prop_assert!(!said && undone == (life, judged)),
            Err(error) => prop_assert!(said && error.reason == "NOTHING_TO_UNDO", "{kind:?}"),
        }
    }
}

#[test]
fn only_the_own_and_fresh_is_undone() {
    let life = after(&[Verb::Take(ONE)]);
    let judged = (Category::Screen, Impact::OneClass, Urgency::Today);
    let deed = || LastDeed {
        kind: EventKind::Resolved,
        by: Some(ONE.0),
        at: minute(0),
        before: Some(Before::of(&life, judged)),
    };
    assert_eq!(deed().undone(Some(ONE.0), minute(15)).unwrap().0, life);
    for (by, at) in [(Some(TWO.0), 1), (None, 1), (Some(ONE.0), 16)] {
        assert_eq!(deed().undone(by, minute(at)).expect_err("not his, or long ago").reason, "NOTHING_TO_UNDO");
    }
}
