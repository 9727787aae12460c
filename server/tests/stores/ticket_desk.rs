//! The desk: prepared answers, who follows a ticket or is named in a note, who has one before them.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Role},
    tickets::{
        desk::{rules::ReplyId, service::ReplyOrder},
        rules::TicketId,
        service::{Change, Named},
    },
};
use uuid::Uuid;

use crate::{
    World,
    ticketing::{change, made, person, reason, tickets},
};

crate::on_both_engines!(
    answers_are_prepared_for_one_owner_or_for_all,
    who_follows_is_told_and_who_is_named_follows,
    who_looks_is_seen_by_who_works_there_for_half_a_minute,
);

async fn answers_are_prepared_for_one_owner_or_for_all(world: World) {
    let tickets = tickets(&world);
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let everywhere = person(&world, Role::Engineer, Place::Everywhere, "sato").await;
    let of_one = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let of_two = person(&world, Role::Engineer, Place::Municipality(two), "kato").await;
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(one), "board").await;
    let order = |id: Option<Uuid>, owner, name: &str| ReplyOrder {
        id: id.map(ReplyId),
        owner,
        name: name.to_owned(),
        text: String::from("再起動をお願いします"),
    };
    let for_all = tickets.keep_reply(&everywhere, order(None, None, "全市")).await.unwrap();
    let for_one = tickets.keep_reply(&of_one, order(None, Some(one), "渋谷")).await.unwrap();
    let names = async |staff, owner| {
        let rows = tickets.replies(staff, owner).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&of_one, None).await.len(), 2);
    assert_eq!(names(&of_two, None).await, ["全市"]);
    assert_eq!(names(&everywhere, Some(two)).await, ["全市"]);
    assert_eq!(reason(tickets.replies(&of_two, Some(one)).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(reason(tickets.replies(&viewer, None).await), "RIGHT_MISSING");
    // Only who works everywhere says what holds everywhere, and nobody changes or takes away another owner's.
    assert_eq!(reason(tickets.keep_reply(&of_one, order(None, None, "全市2")).await), "RIGHT_MISSING");
    assert_eq!(reason(tickets.keep_reply(&of_two, order(None, Some(one), "他")).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(
        reason(tickets.keep_reply(&of_two, order(Some(for_one.reply_id), Some(two), "他")).await),
        "REPLY_NOT_FOUND"
    );
    assert_eq!(reason(tickets.delete_reply(&of_two, ReplyId(for_one.reply_id)).await), "REPLY_NOT_FOUND");
    assert_eq!(reason(tickets.delete_reply(&of_one, ReplyId(for_all.reply_id)).await), "RIGHT_MISSING");
    assert_eq!(reason(tickets.keep_reply(&of_one, order(None, Some(one), " ")).await), "FIELD_INVALID");
    tickets.keep_reply(&of_one, order(Some(for_one.reply_id), Some(one), "渋谷区")).await.unwrap();
    assert_eq!(names(&of_one, Some(one)).await, ["全市", "渋谷区"]);
    tickets.delete_reply(&everywhere, ReplyId(for_one.reply_id)).await.unwrap();
    assert_eq!(names(&of_one, None).await, ["全市"]);
    // No more than fit into a list that one chooses from.
    for number in 0..200 {
        tickets.keep_reply(&of_one, order(None, Some(one), &format!("{number}"))).await.unwrap();
    }
    assert_eq!(reason(tickets.keep_reply(&of_one, order(None, Some(one), "多い")).await), "REPLIES_FULL");
}

async fn who_follows_is_told_and_who_is_named_follows(world: World) {
    let tickets = tickets(&world);
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let school = world.school(one, "緑小学校").await;
    let mine = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let named = person(&world, Role::Engineer, Place::Everywhere, "sato").await;
    let stranger = person(&world, Role::Engineer, Place::Municipality(two), "kato").await;
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(one), "board").await;
    let view = made(&tickets, &mine, one, school, "画面").await;
    let id = Named::Id(TicketId(view.row.ticket_id));
    assert_eq!(reason(tickets.follow(&stranger, one, id, true).await), "TICKET_NOT_FOUND");
    tickets.follow(&mine, one, id, true).await.unwrap();
    assert_eq!(tickets.count_news(&mine).await.unwrap(), 0, "what one sees is no news");

    // Whom a note names, and who may work on the ticket, follows it from then on; the note says whom it reached.
    let note = Change::Note(String::from("@SATO @kato @board @nobody 部品はありますか"));
    let view = change(&tickets, &mine, &view, note).await.unwrap();
    assert_eq!(tickets.count_news(&mine).await.unwrap(), 0, "what one does is no news to oneself");
    let events = tickets.get(&mine, one, id).await.unwrap().events;
    let details: serde_json::Value = serde_json::from_str(&events.last().unwrap().details).unwrap();
    assert_eq!(details["named"], serde_json::json!(["sato さん"]));
    let told = tickets.followed(&named).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].is_news, told[0].named_by.as_deref()), (true, Some("tanaka さん")));
    for other in [&stranger, &viewer] {
        assert!(tickets.followed(other).await.unwrap().is_empty());
    }

    // Looking at it ends the news; what another does begins it again.
    assert!(tickets.saw(&named, &view).await.unwrap());
    assert_eq!(tickets.count_news(&named).await.unwrap(), 0);
    let view = change(&tickets, &named, &view, Change::Reply(String::from("あります"))).await.unwrap();
    assert_eq!((tickets.count_news(&mine).await.unwrap(), tickets.count_news(&named).await.unwrap()), (1, 0));
    // A note by which somebody names themselves, and an answer in which a name stands, tell nobody.
    let view = change(&tickets, &named, &view, Change::Note(String::from("@sato"))).await.unwrap();
    change(&tickets, &mine, &view, Change::Reply(String::from("@sato"))).await.unwrap();
    assert!(tickets.followed(&named).await.unwrap().iter().all(|one| one.named_by.is_none()));

    tickets.follow(&named, one, id, false).await.unwrap();
    assert!(tickets.followed(&named).await.unwrap().is_empty());
    // Who lost the right sees nothing of it.
    let staff = world.staff().await;
    let grants = world.access.list_grants(&staff, mine.id, (i64::MAX, Uuid::max()), 10).await.unwrap();
    for grant in grants {
        world.access.revoke_grant(&staff, grant.grant_id).await.unwrap();
    }
    let mut tx = world.db.read().await.unwrap();
    let gone = world.access.person_in_force(&mut tx, mine.id.unwrap()).await.unwrap().unwrap();
    drop(tx);
    assert_eq!(reason(tickets.followed(&gone).await), "RIGHT_MISSING");
}

async fn who_looks_is_seen_by_who_works_there_for_half_a_minute(world: World) {
    let tickets = tickets(&world);
    let (one, two) = (world.municipality("131130").await, world.municipality("131121").await);
    let school = world.school(one, "緑小学校").await;
    let first = person(&world, Role::Engineer, Place::Municipality(one), "tanaka").await;
    let second = person(&world, Role::Engineer, Place::Everywhere, "sato").await;
    let viewer = person(&world, Role::BoardViewer, Place::Municipality(one), "board").await;
    let stranger = person(&world, Role::Engineer, Place::Municipality(two), "kato").await;
    let view = made(&tickets, &first, one, school, "画面").await;
    let id = Named::Id(TicketId(view.row.ticket_id));
    assert_eq!(tickets.look(&first, one, id).await.unwrap(), []);
    let seen = tickets.look(&second, one, id).await.unwrap();
    assert_eq!(seen, [(first.id.unwrap(), first.name.clone())]);
    assert_eq!(reason(tickets.look(&viewer, one, id).await), "RIGHT_MISSING");
    assert_eq!(reason(tickets.look(&stranger, one, id).await), "TICKET_NOT_FOUND");
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(tickets.look(&second, one, id).await.unwrap(), []);
    world.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(tickets.forget_lookers().await.unwrap(), 2);
}
