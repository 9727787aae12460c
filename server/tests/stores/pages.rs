//! What the pages of lists read: schools by name and code, devices with what the registry shows, counts, exports, decisions.

use gigafleet::{
    access::rules::{Area, Place, Right, Role},
    devices::{
        rules::{
            DeviceId,
            fields::{Field, FieldValue, Lifecycle, OsKind, Purpose},
            identity::DecisionKind,
            import::export::Encoding,
        },
        service::export::Exports,
        store::identity::list_decided,
    },
    overview::rules::{AnyOf, DeviceFilter, DeviceOrder, DeviceQuery, SortField},
    schools::rules::{
        MunicipalityId, SchoolCode, SchoolId,
        search::{SchoolKind, SchoolPosition, SchoolSearch, order_key},
    },
};
use gigafleet_proto::v1::{self, ReviewReason};
use std::time::Duration;
use uuid::Uuid;

use crate::{World, enrollments::csr};

crate::on_both_engines!(
    schools_are_found_by_name_code_and_kind_page_by_page,
    owner_of_a_school_is_known_in_scope_only,
    lines_of_a_list_carry_what_the_registry_shows,
    counts_of_a_list_follow_its_filters_and_scope,
    export_is_the_list_and_is_noted_with_each_owner,
    decisions_of_people_come_newest_first_and_the_servers_own_stay_out,
);

async fn add_school(world: &World, owner: MunicipalityId, code: Option<&str>, name: &str) -> SchoolId {
    let code = code.map(|code| SchoolCode::parse(code).unwrap());
    let row = world.schools.create_school(&world.staff().await, None, owner, code, name.to_owned()).await.unwrap();
    SchoolId(row.school_id)
}

/// All that a search finds, page by page.
async fn found(world: &World, search: &SchoolSearch, limit: i64) -> Vec<String> {
    let (staff, mut behind, mut names) = (world.staff().await, None, Vec::new());
    loop {
        let page = world.schools.search_schools(&staff, search, behind.as_ref(), limit).await.unwrap();
        let Some(last) = page.last() else { return names };
        let position = SchoolPosition {
            municipality: MunicipalityId(last.municipality_id),
            key: order_key(last.code.as_deref()).to_owned(),
            school: SchoolId(last.school_id),
        };
        behind = SchoolPosition::from_bytes(&position.to_bytes());
        names.extend(page.into_iter().map(|row| row.name));
    }
}

async fn schools_are_found_by_name_code_and_kind_page_by_page(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    add_school(&world, owner, None, "第１小学校 分校").await;
    add_school(&world, owner, Some("C113299900016"), "けやき中学校").await;
    add_school(&world, owner, Some("B113299900027"), "第二小学校").await;
    add_school(&world, owner, Some("B113299900018"), "第１小学校").await;
    let gone = add_school(&world, owner, Some("B113299900036"), "100%校").await;
    add_school(&world, other, Some("B113299900045"), "みなと第1小学校").await;
    world.schools.close_school(&world.staff().await, owner, gone, None).await.unwrap();
    let of_owner = SchoolSearch { municipality: Some(owner), ..SchoolSearch::default() };
    for limit in [1, 2, 100] {
        let all = found(&world, &of_owner, limit).await;
        assert_eq!(all, ["第１小学校", "第二小学校", "けやき中学校", "第１小学校 分校"], "by code, {limit} a page");
    }
    let find = async |fragment: &str| {
        let search = SchoolSearch { fragment: Some(fragment.to_owned()), ..SchoolSearch::default() };
        let mut names = found(&world, &search, 2).await;
        names.sort();
        names
    };
    assert_eq!(find("第1小").await, ["みなと第1小学校", "第１小学校", "第１小学校 分校"]);
    assert_eq!(find("b113299900027").await, ["第二小学校"]);
    assert_eq!((find("%").await, find("_").await), (vec![], vec![]), "no character stands for others");
    let kind = SchoolSearch { kind: Some(SchoolKind::JuniorHigh), ..of_owner.clone() };
    assert_eq!(found(&world, &kind, 9).await, ["けやき中学校"]);
    let closed = SchoolSearch { with_closed: true, fragment: Some(String::from("0%")), ..of_owner };
    assert_eq!(found(&world, &closed, 9).await, ["100%校"]);
}

async fn owner_of_a_school_is_known_in_scope_only(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let (school, sister) = (world.school(owner, "第一小学校").await, world.school(owner, "第二小学校").await);
    let foreign = world.school(other, "港小学校").await;
    let staff = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    assert_eq!(world.schools.owner_of(&staff, school).await.unwrap(), owner);
    for hidden in [sister, foreign, SchoolId(Uuid::now_v7())] {
        assert_eq!(world.schools.owner_of(&staff, hidden).await.unwrap_err().reason, "SCHOOL_NOT_FOUND");
    }
    let all = world.schools.search_schools(&staff, &SchoolSearch::default(), None, 9).await.unwrap();
    assert_eq!(all.iter().map(|row| row.school_id).collect::<Vec<_>>(), [school.0]);
    assert_eq!(world.schools.owner_of(&world.staff().await, foreign).await.unwrap(), other);
}

/// A device of a ledger.
async fn add(
    world: &World,
    owner: MunicipalityId,
    label: &str,
    school: Option<SchoolId>,
    state: Lifecycle,
) -> DeviceId {
    let school = school.map(|school| (Field::School, FieldValue::text(&school.to_string())));
    let said = [
        (Field::Label, FieldValue::text(label)),
        (Field::Model, FieldValue::text("Chromebook 11")),
        (Field::OsKind, OsKind::Chromeos.into()),
        (Field::Purpose, Purpose::Learner.into()),
        (Field::Lifecycle, state.into()),
        (Field::Grade, FieldValue::Number(3)),
        (Field::ClassName, FieldValue::text("2")),
    ];
    let said = said.into_iter().chain(school).collect();
    world.registry.create(&world.staff().await, None, owner, said).await.unwrap()
}

async fn lines_of_a_list_carry_what_the_registry_shows(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let school = world.school(owner, "第一小学校").await;
    for (owner, label, school) in [(owner, "B", Some(school)), (owner, "A", None), (other, "C", None)] {
        add(&world, owner, label, school, Lifecycle::InUse).await;
    }
    let order = DeviceOrder { field: SortField::Label, descending: false };
    let query = DeviceQuery { order, ..DeviceQuery::default() };
    let (staff, mut from, mut labels) = (world.staff().await, None, Vec::new());
    loop {
        let page = world.overview.device_lines(&staff, &query, from, 2).await.unwrap();
        for line in &page.lines {
            let row = &line.registry;
            assert_eq!(row.device_id.to_string(), line.view.device_id);
            assert_eq!((row.grade, row.class_name.as_deref(), row.room.as_deref()), (Some(3), Some("2"), None));
            assert_eq!((row.os_kind, row.purpose, row.lifecycle), (1, 1, 1));
        }
        labels.extend(page.lines.into_iter().map(|line| line.registry.label.unwrap()));
        let Some(next) = page.next else { break };
        from = Some(next);
    }
    assert_eq!(labels, ["A", "B", "C"], "owner by owner, each in its order");
}

async fn counts_of_a_list_follow_its_filters_and_scope(world: World) {
    let owner = world.municipality("131130").await;
    let (school, sister) = (world.school(owner, "第一小学校").await, world.school(owner, "第二小学校").await);
    for (label, school, state) in [
        ("1", Some(school), Lifecycle::InUse),
        ("2", Some(school), Lifecycle::Lost),
        ("3", Some(sister), Lifecycle::InUse),
        ("4", None, Lifecycle::InUse),
    ] {
        add(&world, owner, label, school, state).await;
    }
    let staff = world.staff().await;
    let count = async |staff: &_, filter: DeviceFilter| {
        let counts = world.overview.count_listed(staff, &filter).await.unwrap();
        counts.map(|counts| counts.into_iter().collect::<Vec<_>>())
    };
    let all = DeviceFilter { municipality: Some(owner), ..DeviceFilter::default() };
    assert_eq!(count(&staff, all.clone()).await.unwrap(), [(1, 3), (4, 1)]);
    let of_school = DeviceFilter { school: Some(school), ..all.clone() };
    assert_eq!(count(&staff, of_school).await.unwrap(), [(1, 1), (4, 1)]);
    // Which lifecycles are asked for makes no difference, which purposes does.
    let lost = DeviceFilter { lifecycles: AnyOf::numbers([4]).unwrap(), ..all.clone() };
    assert_eq!(count(&staff, lost).await.unwrap(), [(1, 3), (4, 1)]);
    let teachers = DeviceFilter { purposes: AnyOf::numbers([2]).unwrap(), ..all.clone() };
    assert_eq!(count(&staff, teachers).await.unwrap(), []);
    assert_eq!(count(&staff, DeviceFilter { grade: Some(3), ..all }).await, None, "no count is kept by grade");
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    assert_eq!(count(&teacher, DeviceFilter::default()).await.unwrap(), [(1, 1), (4, 1)]);
}

async fn export_is_the_list_and_is_noted_with_each_owner(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let third = world.municipality("131016").await;
    for (owner, label, state) in [
        (owner, "B", Lifecycle::InUse),
        (owner, "A", Lifecycle::InUse),
        (owner, "C", Lifecycle::Lost),
        (other, "=D", Lifecycle::InUse),
        (third, "E", Lifecycle::Lost),
    ] {
        add(&world, owner, label, None, state).await;
    }
    let exports = Exports::new(world.db.clone(), world.access.clone());
    let filter = DeviceFilter { lifecycles: AnyOf::numbers([1]).unwrap(), ..DeviceFilter::default() };
    let order = DeviceOrder { field: SortField::Label, descending: false };
    let staff = world.staff().await;
    let take = async |query: DeviceQuery| {
        let mut pieces = world.overview.export(&exports, &staff, query, Encoding::Cp932).unwrap();
        let (mut text, mut devices) = (String::new(), 0);
        while let Some(piece) = pieces.recv().await {
            let piece = piece.unwrap();
            text.push_str(&encoding_rs::SHIFT_JIS.decode(&piece.content).0);
            devices = piece.devices;
        }
        (text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>(), devices)
    };
    assert_eq!(take(DeviceQuery { filter, order }).await, (["A", "B", "'=D"].map(String::from).to_vec(), 3));
    let noted = async |owner| {
        let entries = world.access.list_entries(&staff, Some(owner), i64::MAX, 100).await.unwrap();
        let exports = entries.into_iter().filter(|entry| entry.action == "device.export");
        exports.map(|entry| entry.details).collect::<Vec<_>>()
    };
    for owner in [owner, other] {
        let details = noted(owner).await;
        assert_eq!(details.len(), 1);
        assert!(details[0].contains("lifecycles") && details[0].contains("cp932"), "{}", details[0]);
    }
    assert!(noted(third).await.is_empty(), "nothing of this owner left");
    let nobody = DeviceFilter { municipality: Some(MunicipalityId(Uuid::now_v7())), ..DeviceFilter::default() };
    let refused = world.overview.export(&exports, &staff, DeviceQuery { filter: nobody, order }, Encoding::Utf8);
    assert_eq!(refused.unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
    let school = world.school(owner, "第一小学校").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let sister = SchoolId(Uuid::now_v7());
    let beyond = DeviceFilter { municipality: Some(owner), school: Some(sister), ..DeviceFilter::default() };
    let refused = world.overview.export(&exports, &teacher, DeviceQuery { filter: beyond, order }, Encoding::Utf8);
    assert_eq!(refused.unwrap_err().reason, "SCHOOL_NOT_FOUND");
}

async fn enroll(world: &World, owner: MunicipalityId, serial: &str) -> DeviceId {
    let facts = v1::Facts { serial_number: Some(serial.to_owned()), ..v1::Facts::default() };
    let token = world.token(owner, 1).await;
    world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), Some(&facts)).await.unwrap().key.device
}

async fn decisions_of_people_come_newest_first_and_the_servers_own_stay_out(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    // The server joins a record with its agent by itself.
    add(&world, owner, "A", None, Lifecycle::InUse).await;
    let mut decided = Vec::new();
    for (number, of) in [owner, other, owner].into_iter().enumerate() {
        let serial = format!("5CD{number}");
        let one = enroll(&world, of, &serial).await;
        let two = enroll(&world, of, &serial).await;
        let staff = world.staff().await;
        world.clock.advance(Duration::from_secs(1));
        decided.push(match number {
            0 => world.identities.merge(&staff, two, one, None).await.unwrap().decision_id,
            _ => world.identities.keep_apart(&staff, two, ReviewReason::SerialShared).await.unwrap().decision_id,
        });
    }
    let joined = enroll(&world, owner, "JOINED").await;
    let said = vec![(Field::SerialNumber, FieldValue::text("JOINED"))];
    world.registry.create(&world.staff().await, None, owner, said).await.unwrap();
    let staff = world.staff().await;
    let of_joined = world.identities.decisions(&staff, joined).await.unwrap();
    assert_eq!(i64::from(of_joined[0].kind), DecisionKind::Joined.to_number());

    decided.reverse();
    let ids = async |municipality, before, limit| {
        let rows = world.identities.list_decided(&staff, municipality, before, limit).await.unwrap();
        rows.into_iter().map(|row| row.decision.decision_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, Uuid::max(), 10).await, decided);
    assert_eq!(ids(None, Uuid::max(), 2).await, decided[..2]);
    assert_eq!(ids(None, decided[1], 10).await, decided[2..]);
    assert_eq!(ids(Some(other), Uuid::max(), 10).await, decided[1..2]);
    let rows = world.identities.list_decided(&staff, None, Uuid::max(), 10).await.unwrap();
    assert_eq!(
        (rows[0].serial_number.as_deref(), rows[0].other_serial_number.as_deref()),
        (Some("5CD2"), Some("5CD2"))
    );

    let school = world.school(owner, "第一小学校").await;
    let teacher = world.of_role(Role::SchoolStaff, Place::School(owner, school)).await;
    let area: Area = teacher.scope(Right::ViewDevices).unwrap().area(owner).unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert!(list_decided(&mut tx, &area, Uuid::max(), 10).await.unwrap().is_empty(), "none is of the teacher's school");
}
