//! Single devices: who says what, verbs, identities that merge and part again, timelines.

use gigafleet::{
    devices::{
        rules::{
            DeviceId,
            fields::{Field, FieldValue, Lifecycle},
            lifecycle::Verb,
        },
        service::registry::Said,
    },
    error::Kind,
    schools::rules::MunicipalityId,
};
use gigafleet_proto::v1::{self, DeviceFieldName, ReviewReason};
use std::time::Duration;
use uuid::Uuid;

use crate::{World, enrollments::csr};

crate::on_both_engines!(
    agent_meets_its_ledger_row_and_they_part_again,
    record_added_later_joins_the_agent_with_its_serial_number,
    of_two_people_who_edit_one_device_the_second_is_told,
    withdrawn_word_shows_the_other_sources_again,
    verbs_move_a_device_as_the_table_says,
    record_that_was_folded_many_times_leads_to_the_newest,
    kept_apart_records_ask_for_no_review_again,
    timeline_pages_without_gaps,
    school_of_another_owner_is_not_found,
);

fn text(field: Field, text: &str) -> Said {
    (field, FieldValue::text(text))
}

fn facts(serial: &str, board: &str) -> v1::Facts {
    v1::Facts {
        serial_number: Some(serial.to_owned()),
        board_uuid: Some(board.to_owned()),
        model: Some(String::from("Chromebook 11")),
        ..v1::Facts::default()
    }
}

async fn enroll(world: &World, owner: MunicipalityId, facts: &v1::Facts) -> DeviceId {
    let token = world.token(owner, 1).await;
    world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), Some(facts)).await.unwrap().key.device
}

async fn create(world: &World, owner: MunicipalityId, said: Vec<Said>) -> DeviceId {
    world.registry.create(&world.staff().await, None, owner, said).await.unwrap()
}

async fn view(world: &World, device: DeviceId) -> v1::Device {
    world.overview.device(&world.staff().await, device).await.unwrap()
}

fn value(device: &v1::Device, name: DeviceFieldName) -> Option<&str> {
    device.fields.iter().find(|field| field.name() == name).map(|field| field.value.as_str())
}

async fn count(world: &World, owner: MunicipalityId) -> usize {
    let filter = gigafleet::overview::service::DeviceFilter { municipality: Some(owner), ..Default::default() };
    let query = gigafleet::overview::rules::DeviceQuery { filter, ..Default::default() };
    world.overview.devices(&world.staff().await, &query, None, 100).await.unwrap().devices.len()
}

async fn agent_meets_its_ledger_row_and_they_part_again(world: World) {
    let owner = world.municipality("131130").await;
    let ledger = create(&world, owner, vec![text(Field::SerialNumber, "5ｃｄ-9"), text(Field::Label, "A-1")]).await;
    let agent = enroll(&world, owner, &facts("5CD9", "")).await;
    let joined = view(&world, ledger).await;
    assert_eq!(joined.device_id, agent.to_string(), "the record of the certificate goes on");
    assert_eq!(value(&joined, DeviceFieldName::Label), Some("A-1"));
    assert_eq!((count(&world, owner).await, joined.review_reasons.len()), (1, 0));
    let staff = world.staff().await;
    let decision = world.identities.decisions(&staff, agent).await.unwrap().remove(0);
    world.identities.undo(&staff, agent, decision.decision_id).await.unwrap();
    assert_eq!(view(&world, ledger).await.device_id, ledger.to_string());
    assert_eq!(value(&view(&world, agent).await, DeviceFieldName::Label), None);
    assert_eq!(count(&world, owner).await, 2);
    let again = world.identities.undo(&staff, agent, decision.decision_id).await.unwrap_err();
    assert_eq!(again.reason, "DECISION_UNDONE");
    world.registry.update(&staff, ledger, None, vec![text(Field::Label, "A-2")]).await.unwrap();
    assert_eq!(count(&world, owner).await, 2, "a person said that they are two");
}

async fn record_added_later_joins_the_agent_with_its_serial_number(world: World) {
    let owner = world.municipality("131130").await;
    let agent = enroll(&world, owner, &facts("5CD9", "")).await;
    let record = create(&world, owner, vec![text(Field::SerialNumber, "5CD9"), text(Field::Room, "理科室")]).await;
    let joined = view(&world, record).await;
    assert_eq!((joined.device_id.clone(), value(&joined, DeviceFieldName::Room)), (agent.to_string(), Some("理科室")));
    // What tells no device from another joins nothing.
    enroll(&world, owner, &facts("Default string", "")).await;
    create(&world, owner, vec![text(Field::SerialNumber, "Default string")]).await;
    assert_eq!(count(&world, owner).await, 3);
}

async fn of_two_people_who_edit_one_device_the_second_is_told(world: World) {
    let owner = world.municipality("131130").await;
    let device = create(&world, owner, vec![text(Field::Label, "A-1")]).await;
    let seen: i64 = view(&world, device).await.etag.parse().unwrap();
    let staff = world.staff().await;
    world.registry.update(&staff, device, Some(seen), vec![text(Field::Room, "1-1")]).await.unwrap();
    let second = world.registry.update(&staff, device, Some(seen), vec![text(Field::Room, "1-2")]).await.unwrap_err();
    assert_eq!((second.kind, second.reason), (Kind::Conflict, "ETAG_MISMATCH"));
    let third = world.registry.move_device(&staff, device, Some(seen), Verb::Retire, "").await.unwrap_err();
    assert_eq!(third.reason, "ETAG_MISMATCH");
    assert_eq!(value(&view(&world, device).await, DeviceFieldName::Room), Some("1-1"));
}

async fn withdrawn_word_shows_the_other_sources_again(world: World) {
    let owner = world.municipality("131130").await;
    let device = enroll(&world, owner, &facts("5CD9", "")).await;
    let staff = world.staff().await;
    world.registry.update(&staff, device, None, vec![text(Field::Model, "by hand")]).await.unwrap();
    assert_eq!(value(&view(&world, device).await, DeviceFieldName::Model), Some("by hand"));
    world.registry.clear(&staff, device, None, vec![Field::Model]).await.unwrap();
    let now = view(&world, device).await;
    assert_eq!(value(&now, DeviceFieldName::Model), Some("Chromebook 11"));
    let model = now.fields.iter().find(|field| field.name() == DeviceFieldName::Model).unwrap();
    assert_eq!(model.source(), v1::FieldSource::Agent);
    // Saying again what is said is no change.
    let etag = now.etag.clone();
    world.registry.clear(&staff, device, None, vec![Field::Model]).await.unwrap();
    assert_eq!(view(&world, device).await.etag, etag);
}

async fn verbs_move_a_device_as_the_table_says(world: World) {
    let owner = world.municipality("131130").await;
    let device = create(&world, owner, vec![text(Field::Label, "A-1")]).await;
    let staff = world.staff().await;
    let apply = async |verb| world.registry.move_device(&staff, device, None, verb, "年度末").await;
    let refused = apply(Verb::Dispose).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::Precondition, "MOVE_NOT_ALLOWED"));
    for verb in [Verb::PutInUse, Verb::PutInUse, Verb::ReportLost, Verb::Found, Verb::Retire, Verb::Dispose] {
        apply(verb).await.unwrap();
    }
    assert_eq!(value(&view(&world, device).await, DeviceFieldName::Lifecycle), Some(Lifecycle::Disposed.name()));
    world.clock.advance(Duration::from_secs(86_000));
    apply(Verb::UndoDisposal).await.unwrap();
    apply(Verb::Dispose).await.unwrap();
    world.clock.advance(Duration::from_secs(86_401));
    assert_eq!(apply(Verb::UndoDisposal).await.unwrap_err().reason, "MOVE_NOT_ALLOWED");
    assert!(view(&world, device).await.open_verbs.is_empty());
    let moved = world.registry.timeline(&staff, device, None, 100).await.unwrap();
    assert_eq!(moved.len(), 8, "created, then one for each move that led on");
    let error = world.registry.update(&staff, device, None, vec![text(Field::Lifecycle, "x")]).await.unwrap_err();
    assert_eq!(error.reason, "FIELD_INVALID");
}

async fn record_that_was_folded_many_times_leads_to_the_newest(world: World) {
    let owner = world.municipality("131130").await;
    let staff = world.staff().await;
    let first = create(&world, owner, vec![text(Field::Label, "A-0")]).await;
    let mut newest = first;
    for number in 1..=12 {
        let next = create(&world, owner, vec![text(Field::Label, &format!("A-{number}"))]).await;
        world.identities.merge(&staff, next, newest, None).await.unwrap();
        newest = next;
    }
    assert_eq!(view(&world, first).await.device_id, newest.to_string());
}

async fn kept_apart_records_ask_for_no_review_again(world: World) {
    let owner = world.municipality("131130").await;
    let board = "4c4c4544-0042-3510-8052-b4c04f4e5931";
    enroll(&world, owner, &facts("5CD9", board)).await;
    let two = enroll(&world, owner, &facts("5CD9", board)).await;
    let staff = world.staff().await;
    let nil = (Uuid::nil(), Uuid::nil(), 0);
    let open = async || world.identities.list_reviews(&staff, None, nil, 10).await.unwrap();
    let rows = open().await;
    assert_eq!((rows.len(), i32::from(rows[0].reason)), (1, i32::from(ReviewReason::Reimaged)));
    let views = world.overview.reviews(&staff, rows).await.unwrap();
    assert!(views[0].device.is_some() && views[0].other.is_some());
    let decision = world.identities.keep_apart(&staff, two, ReviewReason::Reimaged).await.unwrap();
    assert!(open().await.is_empty());
    world.registry.update(&staff, two, None, vec![text(Field::Label, "B")]).await.unwrap();
    assert!(open().await.is_empty(), "the same two again");
    world.identities.undo(&staff, two, decision.decision_id).await.unwrap();
    assert_eq!(open().await.len(), 1);
    let unknown = world.identities.keep_apart(&staff, two, ReviewReason::Forked).await.unwrap_err();
    assert_eq!(unknown.reason, "REVIEW_NOT_FOUND");
}

async fn timeline_pages_without_gaps(world: World) {
    let owner = world.municipality("131130").await;
    let device = create(&world, owner, vec![text(Field::Label, "A-1")]).await;
    let staff = world.staff().await;
    // The clock stands still: all at one time.
    for room in ["1", "2", "3", "4", "5", "6"] {
        world.registry.update(&staff, device, None, vec![text(Field::Room, room)]).await.unwrap();
    }
    let all = world.registry.timeline(&staff, device, None, 100).await.unwrap();
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = world.registry.timeline(&staff, device, before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.position);
        paged.extend(page.into_iter().map(|entry| entry.position));
    }
    assert_eq!((all.len(), all.into_iter().map(|entry| entry.position).collect::<Vec<_>>()), (7, paged));
}

async fn school_of_another_owner_is_not_found(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131016").await);
    let staff = world.staff().await;
    let school = world.schools.create_school(&staff, None, other, None, String::from("第二中学校")).await.unwrap();
    let said = vec![text(Field::Label, "A-1"), text(Field::School, &school.school_id.to_string())];
    let error = world.registry.create(&staff, None, owner, said).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::NotFound, "SCHOOL_NOT_FOUND"));
    let error = world.registry.create(&staff, None, owner, vec![text(Field::Room, "1")]).await.unwrap_err();
    assert_eq!(error.reason, "FIELD_INVALID");
}
