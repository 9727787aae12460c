//! Runs of imports, kept mappings, what rows are matched with, what goes out.

use gigafleet::{
    clock::Timestamp,
    devices::{
        rules::{
            DeviceId,
            fields::{Field, FieldValue},
            import::ImportKind,
        },
        store::import::{self, NewRun, RunState},
    },
    schools::rules::{MunicipalityId, SchoolId},
};
use uuid::Uuid;

use crate::{NOW, World};

crate::on_both_engines!(
    run_is_finished_once_and_by_its_version,
    runs_are_listed_by_kind_the_newest_first,
    waiting_runs_expire_with_their_files,
    mapping_is_kept_by_owner_kind_and_header,
    devices_are_known_and_go_out_page_by_page_within_their_owner,
);

fn run(municipality: MunicipalityId, kind: ImportKind) -> NewRun {
    NewRun {
        municipality,
        import: Uuid::now_v7(),
        kind,
        file_name: String::from("台帳.csv"),
        sha256: vec![7; 32],
        content: vec![0, 255, 10],
        mapping: String::from("[]"),
        options: String::from("{}"),
        outcome: String::from("{}"),
        rows: 3,
        created_by: String::from("admin"),
    }
}

async fn run_is_finished_once_and_by_its_version(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let new = run(owner, ImportKind::Devices);
    let mut tx = world.db.begin().await.unwrap();
    import::insert_run(&mut tx, new.clone(), NOW).await.unwrap();
    let found = import::find_run(&mut tx, owner, new.import).await.unwrap().unwrap();
    assert_eq!((found.kind, found.version, found.created_at, found.finished_at), (1, 1, NOW.0, None));
    assert_eq!(RunState::from_number(found.state), Some(RunState::Previewed));
    assert_eq!((found.file_name.as_str(), found.created_by.as_str()), ("台帳.csv", "admin"));
    assert_eq!(import::run_content(&mut tx, owner, new.import).await.unwrap(), Some(new.content.clone()));
    assert!(import::find_run(&mut tx, other, new.import).await.unwrap().is_none());
    assert_eq!(import::run_content(&mut tx, other, new.import).await.unwrap(), None);

    let done = || String::from("{\"new\":3}");
    assert!(!import::finish_run(&mut tx, owner, new.import, 2, done(), NOW).await.unwrap());
    assert!(!import::finish_run(&mut tx, other, new.import, 1, done(), NOW).await.unwrap());
    assert!(import::finish_run(&mut tx, owner, new.import, 1, done(), NOW).await.unwrap());
    assert!(!import::finish_run(&mut tx, owner, new.import, 2, done(), NOW).await.unwrap());
    let found = import::find_run(&mut tx, owner, new.import).await.unwrap().unwrap();
    assert_eq!((found.state, found.version, found.finished_at), (RunState::Applied as i16, 2, Some(NOW.0)));
    assert_eq!(found.outcome, done());
    assert_eq!(import::run_content(&mut tx, owner, new.import).await.unwrap(), None);
}

async fn runs_are_listed_by_kind_the_newest_first(world: World) {
    let owner = world.municipality("131130").await;
    let mut tx = world.db.begin().await.unwrap();
    let mut ids = Vec::new();
    for kind in ImportKind::ALL {
        let new = run(owner, kind);
        ids.insert(0, new.import);
        import::insert_run(&mut tx, new, NOW).await.unwrap();
    }
    let mut listed = async |which, before, limit| {
        let rows = import::list_runs(&mut tx, owner, which, before, limit).await.unwrap();
        rows.into_iter().map(|row| row.import_id).collect::<Vec<_>>()
    };
    assert_eq!(listed((true, true), Uuid::max(), 10).await, ids);
    assert_eq!(listed((true, true), Uuid::max(), 2).await, ids[..2]);
    assert_eq!(listed((true, true), ids[1], 10).await, ids[2..]);
    assert_eq!(listed((true, false), Uuid::max(), 10).await, ids[3..]);
    assert_eq!(listed((false, true), Uuid::max(), 10).await, ids[..3]);
    assert!(listed((false, false), Uuid::max(), 10).await.is_empty());
}

async fn waiting_runs_expire_with_their_files(world: World) {
    let owner = world.municipality("131130").await;
    let mut tx = world.db.begin().await.unwrap();
    let (old, new) = (run(owner, ImportKind::Devices), run(owner, ImportKind::Devices));
    import::insert_run(&mut tx, old.clone(), Timestamp(NOW.0 - 1)).await.unwrap();
    import::insert_run(&mut tx, new.clone(), NOW).await.unwrap();
    assert_eq!(import::expire_runs(&mut tx, owner, NOW).await.unwrap(), 1);
    assert_eq!(import::expire_runs(&mut tx, owner, NOW).await.unwrap(), 0);
    assert_eq!(import::run_content(&mut tx, owner, old.import).await.unwrap(), None);
    assert_eq!(import::run_content(&mut tx, owner, new.import).await.unwrap(), Some(new.content));
    let found = import::find_run(&mut tx, owner, old.import).await.unwrap().unwrap();
    assert_eq!((found.state, found.version), (RunState::Expired as i16, 2));
    assert!(!import::finish_run(&mut tx, owner, old.import, 2, String::new(), NOW).await.unwrap());
}

async fn mapping_is_kept_by_owner_kind_and_header(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let mut tx = world.db.begin().await.unwrap();
    let kind = ImportKind::Devices;
    for mapping in ["[1]", "[2]"] {
        import::keep_mapping(&mut tx, owner, kind, &[1; 32], mapping.to_owned(), NOW).await.unwrap();
    }
    import::keep_mapping(&mut tx, owner, kind, &[2; 32], String::from("[3]"), NOW).await.unwrap();
    let kept = vec![(vec![1; 32], String::from("[2]")), (vec![2; 32], String::from("[3]"))];
    assert_eq!(import::list_mappings(&mut tx, owner, kind).await.unwrap(), kept);
    assert_eq!(import::find_mapping(&mut tx, owner, kind, &[1; 32]).await.unwrap().as_deref(), Some("[2]"));
    assert_eq!(import::find_mapping(&mut tx, owner, kind, &[3; 32]).await.unwrap(), None);
    assert_eq!(import::find_mapping(&mut tx, owner, ImportKind::Schools, &[1; 32]).await.unwrap(), None);
    assert_eq!(import::find_mapping(&mut tx, other, kind, &[1; 32]).await.unwrap(), None);
    assert!(import::list_mappings(&mut tx, other, kind).await.unwrap().is_empty());
    assert!(!import::keeps_names(&mut tx, owner).await.unwrap(), "names are kept only where somebody said so");
}

async fn devices_are_known_and_go_out_page_by_page_within_their_owner(world: World) {
    let owner = world.municipality("131130").await;
    let other = world.municipality("131041").await;
    let staff = world.staff().await;
    let mut ids = Vec::new();
    for (owner, label) in [(owner, "Ａ-1"), (owner, "A-2"), (other, "秘-1")] {
        let said = vec![(Field::Label, FieldValue::text(label))];
        ids.push(world.registry.create(&staff, None, owner, said).await.unwrap());
    }
    let (none, staff) = (DeviceId(Uuid::nil()), world.staff().await);
    let mut tx = world.db.read().await.unwrap();
    let known = import::list_known(&mut tx, owner, none, 10).await.unwrap();
    assert_eq!(known.iter().map(|known| known.device).collect::<Vec<_>>(), ids[..2]);
    assert!(known.iter().all(|known| known.serial_key.is_none() && known.label_key.is_some()));
    let known = import::list_known(&mut tx, owner, ids[0], 10).await.unwrap();
    assert_eq!(known.iter().map(|known| known.device).collect::<Vec<_>>(), ids[1..2]);

    let area = staff.scope(gigafleet::access::rules::Right::ALL[0]).unwrap().area(owner).unwrap();
    let all: Vec<_> = ids.iter().map(|id| id.0).collect();
    let mut rows = import::find_export(&mut tx, &area, &all).await.unwrap();
    rows.sort_by_key(|row| row.device_id);
    assert_eq!(rows.iter().map(|row| row.device_id).collect::<Vec<_>>(), all[..2], "another owner's stays inside");
    assert_eq!((rows[0].label.as_deref(), rows[0].grade, rows[0].price_yen), (Some("Ａ-1"), None, None));
    assert!(import::find_export(&mut tx, &area, &[]).await.unwrap().is_empty());
}
