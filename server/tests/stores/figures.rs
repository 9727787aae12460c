//! Figures of schools and owners: what is counted, what is kept of it, and who sees which.

use std::time::Duration;

use gigafleet::{
    access::{
        rules::{Place, Role},
        service::tokens::TokenOrder,
    },
    overview::service::OwnerFigures,
    schools::rules::{MunicipalityId, SchoolId},
};
use gigafleet_proto::v1;
use uuid::Uuid;

use crate::{NOW, World, on_both_engines};

on_both_engines!(
    figures_are_what_the_devices_do,
    figures_of_an_area_are_those_of_its_schools,
    count_that_changes_nothing_writes_nothing,
);

/// What a device of the tests reported: when, charge in percent, free storage of 100 bytes.
struct Report {
    received_at: i64,
    charge: Option<i64>,
    free: i64,
}

impl Default for Report {
    fn default() -> Self {
        Self { received_at: NOW.0 - 30_000_000, charge: Some(80), free: 50 }
    }
}

async fn school(world: &World, owner: MunicipalityId, name: &str) -> SchoolId {
    let row = world.schools.create_school(&world.staff().await, None, owner, None, name.to_owned()).await.unwrap();
    SchoolId(row.school_id)
}

async fn device(world: &World, owner: MunicipalityId, school: Option<SchoolId>, report: Report) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = world.db.begin().await.unwrap();
    tx.query(
        "INSERT INTO device (municipality_id, device_id, school_id, created_at, os_kind, lifecycle, purpose, version)
         VALUES ($1, $2, $3, 1, 1, 1, 1, 1)",
    )
    .bind(owner)
    .bind(id)
    .bind(school.map(|school| school.0))
    .execute()
    .await
    .unwrap();
    tx.query(
        "INSERT INTO checkin_cursor (municipality_id, device_id, run_id, sequence, previous_run_id, previous_sequence,
             certificate_serial, facts_hash, report_count, transition_count, received_at, attention)
         VALUES ($1, $2, 1, 1, 0, 0, 1, 1, 1, 0, $3, FALSE)",
    )
    .bind(owner)
    .bind(id)
    .bind(report.received_at)
    .execute()
    .await
    .unwrap();
    tx.query(
        "INSERT INTO device_facts (municipality_id, device_id, os_kind, storage_bytes, mac_hashes, recorded_at)
         VALUES ($1, $2, 1, 100, $3, 1)",
    )
    .bind(owner)
    .bind(id)
    .bind(Vec::<u8>::new())
    .execute()
    .await
    .unwrap();
    tx.query(
        "INSERT INTO device_status (municipality_id, device_id, charge_percent, storage_free_bytes) VALUES ($1, $2, $3, $4)",
    )
    .bind(owner)
    .bind(id)
    .bind(report.charge)
    .bind(report.free)
    .execute()
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn schools(world: &World, owner: MunicipalityId) -> Vec<v1::School> {
    world.overview.schools(&world.staff().await, Some(owner), (Uuid::nil(), Uuid::nil()), 100).await.unwrap()
}

async fn figures(world: &World, owner: MunicipalityId) -> OwnerFigures {
    world.overview.figures(&world.staff().await, Some(owner)).await.unwrap()[0]
}

async fn figures_are_what_the_devices_do(world: World) {
    let owner = world.municipality("131130").await;
    let (first, second) = (school(&world, owner, "第一小学校").await, school(&world, owner, "第二小学校").await);
    let empty = figures(&world, owner).await;
    assert_eq!((empty.school_count, empty.device_count, empty.counted_at), (2, 0, None));
    assert_eq!(world.overview.count_figures(owner, None).await.unwrap(), 0);
    let silent = || Report { received_at: NOW.0 - 151_000_000, ..Report::default() };
    device(&world, owner, Some(first), Report::default()).await;
    device(&world, owner, Some(first), Report { charge: Some(21), free: 9, ..silent() }).await;
    device(&world, owner, Some(first), Report { charge: None, ..Report::default() }).await;
    device(&world, owner, None, Report { received_at: NOW.0 - 1, free: 10, ..Report::default() }).await;
    let revoked = device(&world, owner, Some(first), Report::default()).await;
    change(&world, "UPDATE device SET revoked_at = 1 WHERE municipality_id = $1 AND device_id = $2", owner, revoked)
        .await;
    let merged = device(&world, owner, Some(second), Report::default()).await;
    let merge = "UPDATE device SET merged_into_device_id = device_id WHERE municipality_id = $1 AND device_id = $2";
    change(&world, merge, owner, merged).await;

    assert_eq!(world.overview.count_figures(owner, None).await.unwrap(), 2, "a school, and the devices of none");
    let all = figures(&world, owner).await;
    let counts = (all.device_count, all.reporting_count, all.storage_low_count);
    assert_eq!((counts, all.last_checkin_at.unwrap().0), ((4, 3, 1), NOW.0 - 1));
    assert_eq!(all.counted_at, Some(NOW));
    let listed = schools(&world, owner).await;
    let one = &listed[0];
    assert_eq!((one.device_count, one.reporting_count, one.storage_low_count), (3, 2, 1));
    // The mean of 80 and 21 is 50.5.
    assert_eq!((one.mean_charge_percent, one.count_time), (Some(51), Some(NOW.to_proto())));
    assert_eq!((listed[1].device_count, listed[1].last_checkin_time), (0, None));
    let live = world.overview.school(&world.staff().await, owner, first).await.unwrap();
    assert_eq!(live, *one, "the page of a school says the same at the same moment");

    // Time alone makes devices silent.
    world.clock.advance(Duration::from_secs(200));
    assert_eq!(world.overview.count_figures(owner, all.counted_at).await.unwrap(), 2);
    assert_eq!(figures(&world, owner).await.reporting_count, 0);
}

async fn change(world: &World, sql: &'static str, owner: MunicipalityId, device: Uuid) {
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(tx.query(sql).bind(owner).bind(device).execute().await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn figures_of_an_area_are_those_of_its_schools(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131041").await);
    let (first, second) = (school(&world, owner, "第一小学校").await, school(&world, owner, "第二小学校").await);
    for place in [Some(first), Some(first), Some(second), None] {
        device(&world, owner, place, Report::default()).await;
    }
    let foreign = school(&world, other, "第三小学校").await;
    device(&world, other, Some(foreign), Report::default()).await;
    for owner in [owner, other] {
        world.overview.count_figures(owner, None).await.unwrap();
    }
    let admin = world.staff().await;
    let mut everywhere = world.overview.figures(&admin, None).await.unwrap();
    everywhere.retain(|row| row.device_count > 0);
    everywhere.sort_by_key(|row| row.device_count);
    let seen: Vec<_> = everywhere.iter().map(|row| (row.municipality, row.school_count, row.device_count)).collect();
    assert_eq!(seen, [(other, 1, 1), (owner, 2, 4)]);

    let order = TokenOrder {
        id: None,
        name: String::from("学校"),
        role: Role::BoardViewer,
        place: Place::School(owner, first),
        lifetime: Duration::from_secs(3_600),
    };
    let (_, secret) = world.access.create_token(&admin, order).await.unwrap();
    let staff = world.access.staff(Some(&format!("Bearer {secret}"))).await.unwrap();
    let of_the_school = world.overview.figures(&staff, None).await.unwrap();
    assert_eq!(of_the_school.len(), 1);
    let row = of_the_school[0];
    assert_eq!((row.municipality, row.school_count, row.device_count), (owner, 1, 2));
    assert_eq!(world.overview.figures(&staff, Some(other)).await.unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
}

async fn count_that_changes_nothing_writes_nothing(world: World) {
    let owner = world.municipality("131130").await;
    let first = school(&world, owner, "第一小学校").await;
    let only = device(&world, owner, Some(first), Report::default()).await;
    assert_eq!(world.overview.owners_to_count().await.unwrap(), [(owner, None)]);
    assert_eq!(world.overview.count_figures(owner, None).await.unwrap(), 1);
    let counted = figures(&world, owner).await.counted_at;
    assert_eq!(world.overview.owners_to_count().await.unwrap(), [(owner, counted)]);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.overview.count_figures(owner, counted).await.unwrap(), 0);
    assert_eq!(figures(&world, owner).await.counted_at, counted, "nothing was written");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.overview.count_figures(owner, counted).await.unwrap(), 0);
    let counted = figures(&world, owner).await.counted_at;
    assert_eq!(counted, Some(NOW.after(Duration::from_secs(35))), "an old note is renewed");

    // A school whose last device went away tells of none.
    change(&world, "UPDATE device SET revoked_at = 1 WHERE municipality_id = $1 AND device_id = $2", owner, only).await;
    assert_eq!(world.overview.count_figures(owner, counted).await.unwrap(), 1);
    assert_eq!((figures(&world, owner).await.device_count, schools(&world, owner).await[0].device_count), (0, 0));
}
