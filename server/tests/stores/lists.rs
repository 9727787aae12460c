//! Lists, search and counts: the same devices in the same order on both engines, each once; and plans without full scans.

use std::collections::{BTreeMap, HashMap};

use gigafleet::{
    db::{Engine, Tx, Value, recorded},
    overview::{
        rules::{AnyOf, DeviceFilter, DeviceOrder, DeviceQuery, SortField, parse_fragment},
        service::Group,
    },
    schools::rules::{MunicipalityId, SchoolId},
};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use sqlx::Row as _;
use uuid::Uuid;

use crate::{World, on_both_engines};

#[derive(Debug, Clone)]
struct Known {
    id: Uuid,
    label: Option<String>,
    serial: Option<String>,
    model: Option<String>,
    lifecycle: i64,
    purpose: i64,
}

/// Devices as ledgers have them: missing labels, equal labels, several scripts, characters that mean something to LIKE.
fn draw(count: usize) -> Vec<Known> {
    let key = || proptest::option::weighted(0.9, "[A0-2渋谷%\\\\]{1,8}");
    let model = proptest::option::weighted(0.8, prop_oneof![Just("Chromebook C1"), Just("iPad"), Just("端末")]);
    let one = (key(), key(), model, 0_i64..7, 0_i64..6).prop_map(|(label, serial, model, lifecycle, purpose)| Known {
        id: Uuid::now_v7(),
        label,
        serial,
        model: model.map(String::from),
        lifecycle,
        purpose,
    });
    let mut runner = TestRunner::deterministic();
    proptest::collection::vec(one, count).new_tree(&mut runner).unwrap().current()
}

async fn add(tx: &mut Tx, owner: MunicipalityId, device: &Known) {
    tx.query(
        "INSERT INTO device (municipality_id, device_id, created_at, label, label_key, serial_number, serial_key, model,
             os_kind, lifecycle, purpose, version)
         VALUES ($1, $2, 1, $3, $3, $4, $4, $5, 1, $6, $7, 1)",
    )
    .bind(owner)
    .bind(device.id)
    .bind(device.label.clone())
    .bind(device.serial.clone())
    .bind(device.model.clone())
    .bind(device.lifecycle)
    .bind(device.purpose)
    .execute()
    .await
    .unwrap();
}

async fn filled(world: &World, count: usize) -> (MunicipalityId, Vec<Known>) {
    let owner = world.municipality("131130").await;
    let devices = draw(count);
    let mut tx = world.db.begin().await.unwrap();
    for device in &devices {
        add(&mut tx, owner, device).await;
    }
    tx.commit().await.unwrap();
    (owner, devices)
}

/// All devices of a list, page by page.
async fn pages(world: &World, query: &DeviceQuery, limit: i64) -> Vec<Uuid> {
    let (staff, mut from, mut ids) = (world.staff().await, None, Vec::new());
    loop {
        let page = world.overview.devices(&staff, query, from, limit).await.unwrap();
        ids.extend(page.devices.iter().map(|device| Uuid::try_parse(&device.device_id).unwrap()));
        let Some(next) = page.next else { return ids };
        from = Some(query.position(&query.to_token(&next)).unwrap());
    }
}

async fn every_order_pages_through_all_devices_once(world: World) {
    let (owner, devices) = filled(&world, 60).await;
    for field in SortField::ALL {
        for descending in [false, true] {
            let order = DeviceOrder { field, descending };
            let filter = DeviceFilter { municipality: Some(owner), ..Default::default() };
            let listed = pages(&world, &DeviceQuery { filter, order }, 7).await;
            let key = |device: &Known| match field {
                SortField::Label => device.label.clone().unwrap_or_default(),
                SortField::SerialNumber => device.serial.clone().unwrap_or_default(),
                SortField::Model => device.model.clone().unwrap_or_default(),
                SortField::Lifecycle => device.lifecycle.to_string(),
                SortField::DeviceId | SortField::SchoolName | SortField::LastCheckinTime => String::new(),
            };
            let mut expected: Vec<_> = devices.iter().map(|device| (key(device), device.id)).collect();
            expected.sort();
            if descending {
                expected.reverse();
            }
            let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
            assert_eq!(listed, expected, "{order:?}");
        }
    }
}

async fn models_are_each_named_once(world: World) {
    let (owner, devices) = filled(&world, 80).await;
    let known: std::collections::BTreeSet<_> = devices.into_iter().filter_map(|device| device.model).collect();
    assert_eq!(known.len(), 3);
    let models = world.overview.models(&world.staff().await, owner, None).await.unwrap();
    assert_eq!(models, known.into_iter().collect::<Vec<_>>());
    let empty = world.municipality("132012").await;
    let staff = world.staff().await;
    assert!(world.overview.models(&staff, empty, None).await.unwrap().is_empty());
    let school = world.schools.create_school(&staff, None, owner, None, String::from("第一小学校")).await.unwrap();
    let school = Some(SchoolId(school.school_id));
    assert!(world.overview.models(&staff, owner, school).await.unwrap().is_empty());
    assert_eq!(world.overview.models(&staff, empty, school).await.unwrap_err().reason, "SCHOOL_NOT_FOUND");
}

async fn search_finds_exactly_what_has_the_fragment(world: World) {
    let (owner, devices) = filled(&world, 200).await;
    let fragments = ["渋谷", "A0", "00", "%\\", "1\\", "谷A渋", "02A1", "ＡＡ", "a-a", "渋谷渋谷渋谷渋谷渋"];
    for municipality in [Some(owner), None] {
        for text in fragments {
            let fragment = parse_fragment(text).unwrap();
            let within =
                |key: &Option<String>| key.as_ref().is_some_and(|key| key.contains(fragment.as_deref().unwrap()));
            let mut expected: Vec<_> =
                devices.iter().filter(|d| within(&d.label) || within(&d.serial)).map(|d| d.id).collect();
            expected.sort();
            let filter = DeviceFilter { municipality, fragment: fragment.clone(), ..Default::default() };
            let listed = pages(&world, &DeviceQuery { filter, ..Default::default() }, 3).await;
            assert_eq!(listed, expected, "{text}");
        }
    }
}

async fn filters_are_taken_together(world: World) {
    let (owner, devices) = filled(&world, 100).await;
    let filter = DeviceFilter {
        municipality: Some(owner),
        lifecycles: AnyOf::numbers([0, 1, 4]).unwrap(),
        purposes: AnyOf::numbers([1, 2, 3]).unwrap(),
        model: Some(String::from("iPad")),
        ..Default::default()
    };
    let mut expected: Vec<_> = devices
        .iter()
        .filter(|d| [0, 1, 4].contains(&d.lifecycle) && (1..=3).contains(&d.purpose))
        .filter(|d| d.model.as_deref() == Some("iPad"))
        .map(|d| d.id)
        .collect();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(pages(&world, &DeviceQuery { filter, ..Default::default() }, 2).await, expected);
    let nothing = [
        DeviceFilter { municipality: Some(owner), grade: Some(3), ..Default::default() },
        DeviceFilter { municipality: Some(owner), class_name: Some(String::from("2")), ..Default::default() },
        DeviceFilter { municipality: Some(owner), has_open_review: Some(true), ..Default::default() },
    ];
    for filter in nothing {
        assert_eq!(pages(&world, &DeviceQuery { filter, ..Default::default() }, 2).await, Vec::<Uuid>::new());
    }
    // What the list is of has to be in sight; a mistyped id is told, not taken for an empty list.
    let unseen = [
        (Some(MunicipalityId(Uuid::now_v7())), None, "MUNICIPALITY_NOT_FOUND"),
        (Some(owner), Some(SchoolId(Uuid::now_v7())), "SCHOOL_NOT_FOUND"),
    ];
    for (municipality, school, reason) in unseen {
        let query =
            DeviceQuery { filter: DeviceFilter { municipality, school, ..Default::default() }, ..Default::default() };
        let staff = world.staff().await;
        assert_eq!(world.overview.devices(&staff, &query, None, 2).await.unwrap_err().reason, reason);
        let counted = world.overview.count_devices(&staff, municipality, school, &[]).await;
        assert_eq!(counted.unwrap_err().reason, reason);
    }
}

async fn full_count(world: &World, owner: MunicipalityId) -> BTreeMap<(i16, i16), u64> {
    let mut tx = world.db.read().await.unwrap();
    let rows = tx
        .query("SELECT lifecycle, purpose, COUNT(*) FROM device WHERE municipality_id = $1 AND merged_into_device_id IS NULL GROUP BY 1, 2")
        .bind(owner)
        .all::<(i16, i16, i64)>()
        .await
        .unwrap();
    rows.into_iter().map(|(lifecycle, purpose, count)| ((lifecycle, purpose), count.unsigned_abs())).collect()
}

async fn counts(world: &World, owner: MunicipalityId, groups: &[Group]) -> BTreeMap<(i16, i16), u64> {
    let counts = world.overview.count_devices(&world.staff().await, Some(owner), None, groups).await.unwrap();
    let mut sums = BTreeMap::new();
    for count in counts {
        let key = (i16::try_from(count.lifecycle).unwrap(), i16::try_from(count.purpose).unwrap());
        *sums.entry(key).or_default() += count.device_count;
    }
    sums
}

async fn counts_stay_right_while_several_write(world: World) {
    let (owner, devices) = filled(&world, 120).await;
    let world = std::sync::Arc::new(world);
    let writers: Vec<_> = (0..3_usize)
        .map(|writer| {
            let (world, devices) = (std::sync::Arc::clone(&world), devices.clone());
            tokio::spawn(async move {
                for (number, device) in devices.iter().enumerate().filter(|(number, _)| number % 3 == writer) {
                    let mut tx = world.db.begin().await.unwrap();
                    // Several kinds at once and in one transaction, each writer in an order of its own.
                    let sql = match number % 4 {
                        0 => "UPDATE device SET lifecycle = 6 - lifecycle WHERE municipality_id = $1 AND device_id = $2",
                        1 => "UPDATE device SET merged_into_device_id = $2 WHERE municipality_id = $1 AND device_id = $2",
                        2 => "DELETE FROM device WHERE municipality_id = $1 AND device_id = $2",
                        _ => "UPDATE device SET purpose = 5 - purpose, room = '1' WHERE municipality_id = $1 AND device_id = $2",
                    };
                    tx.query(sql).bind(owner).bind(device.id).execute().await.unwrap();
                    let mut more = device.clone();
                    more.id = Uuid::now_v7();
                    add(&mut tx, owner, &more).await;
                    // Every fifth change is taken back.
                    if number % 5 != 0 {
                        tx.commit().await.unwrap();
                    }
                    if number % 7 == 0 {
                        world.overview.fold_counts().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let expected = full_count(&world, owner).await;
    let groups = [Group::Lifecycle, Group::Purpose];
    assert_eq!(counts(&world, owner, &groups).await, expected);
    world.overview.fold_counts().await.unwrap();
    assert_eq!(counts(&world, owner, &groups).await, expected);
    assert_eq!(counts(&world, owner, &[Group::School, Group::Lifecycle, Group::Purpose]).await, expected);
}

/// Tables that grow with the fleet.
const BIG: [&str; 7] = [
    "device",
    "device_facts",
    "device_status",
    "checkin_cursor",
    "device_certificate",
    "identity_review",
    "device_count",
];

/// The lines of a statement's plan, in which an index is forced where one could be.
pub(crate) async fn plan(world: &World, sql: &str, values: &[Value]) -> Vec<String> {
    let explain = match world.db.engine() {
        Engine::Sqlite => format!("EXPLAIN QUERY PLAN {sql}"),
        Engine::Postgres => format!("EXPLAIN {sql}"),
    };
    let mut tx = world.db.read().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => {
            let query = sqlx::query(sqlx::AssertSqlSafe(explain));
            query.fetch_all(&mut **tx).await.unwrap().iter().map(|row| row.get::<String, _>("detail")).collect()
        }
        Tx::Postgres(tx) => {
            sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut **tx).await.unwrap();
            let mut query = sqlx::query(sqlx::AssertSqlSafe(explain));
            for value in values {
                query = match value.clone() {
                    Value::Int(v) => query.bind(v),
                    Value::Text(v) => query.bind(v),
                    Value::Uuid(v) => query.bind(v),
                    Value::Bytes(v) => query.bind(v),
                    Value::Bool(v) => query.bind(v),
                    Value::Ints(v) => query.bind(v),
                    Value::Uuids(v) => query.bind(v),
                };
            }
            query.fetch_all(&mut **tx).await.unwrap().iter().map(|row| row.get::<String, _>(0)).collect()
        }
    }
}

/// Names a big table that a plan reads from end to end although an index could be forced.
async fn full_scan(world: &World, sql: &str, values: &[Value]) -> Option<String> {
    let lines = plan(world, sql, values).await;
    let aliases: HashMap<&str, &str> = [
        ("d", "device"),
        ("c", "checkin_cursor"),
        ("f", "device_facts"),
        ("t", "device_status"),
        ("r", "identity_review"),
    ]
    .into();
    let scans = |line: &String| {
        let words: Vec<_> = line.split_whitespace().collect();
        let table = match world.db.engine() {
            // "SCAN d", where SEARCH would be bounded by an index.
            Engine::Sqlite => words.iter().position(|word| *word == "SCAN").and_then(|at| words.get(at + 1)),
            Engine::Postgres => words
                .windows(3)
                .find(|w| w[..2] == ["Seq", "Scan"])
                .and_then(|_| words.get(words.iter().position(|w| *w == "on")? + 1)),
        };
        table.is_some_and(|table| BIG.contains(aliases.get(table).unwrap_or(table)))
    };
    lines.iter().find(|line| scans(line)).map(|_| format!("{sql}\n{}", lines.join("\n")))
}

async fn no_list_scans_a_table_from_end_to_end(world: World) {
    let (owner, _) = filled(&world, 300).await;
    let staff = world.staff().await;
    let school = world.schools.create_school(&staff, None, owner, None, String::from("第一小学校")).await.unwrap();
    let mut queries = Vec::new();
    for field in SortField::ALL {
        let order = DeviceOrder { field, descending: true };
        let whole = DeviceFilter { municipality: Some(owner), ..Default::default() };
        let school = Some(SchoolId(school.school_id));
        queries.push(DeviceQuery { filter: DeviceFilter { school, ..whole.clone() }, order });
        let model = Some(String::from("iPad"));
        queries
            .push(DeviceQuery { filter: DeviceFilter { model, has_open_review: Some(false), ..whole.clone() }, order });
        let fragment = Some(String::from("渋谷"));
        queries.push(DeviceQuery { filter: DeviceFilter { fragment, ..whole.clone() }, order });
        queries.push(DeviceQuery { filter: whole, order });
    }
    let mut statements = Vec::new();
    for query in &queries {
        let (page, seen) = recorded(world.overview.devices(&staff, query, None, 5)).await;
        page.unwrap();
        statements.extend(seen);
    }
    for groups in [&[Group::Municipality, Group::Lifecycle][..], &[Group::School], &[Group::Model]] {
        let (counts, seen) = recorded(world.overview.count_devices(&staff, Some(owner), None, groups)).await;
        counts.unwrap();
        statements.extend(seen);
    }
    let (models, seen) = recorded(world.overview.models(&staff, owner, None)).await;
    models.unwrap();
    statements.extend(seen);
    assert!(statements.len() > queries.len());
    let mut scans = Vec::new();
    for (sql, values) in &statements {
        scans.extend(full_scan(&world, sql, values).await);
    }
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
}

on_both_engines!(
    every_order_pages_through_all_devices_once,
    models_are_each_named_once,
    search_finds_exactly_what_has_the_fragment,
    filters_are_taken_together,
    counts_stay_right_while_several_write,
    no_list_scans_a_table_from_end_to_end,
);
