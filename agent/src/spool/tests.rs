//! Both stores, and damage to the files of the one on disk.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use proptest::prelude::*;

use super::{
    disk::{MEMORY, NEWER, OLDER},
    segment::Segment,
    *,
};

fn record(number: u64) -> Record {
    let transition = Transition { number, run_id: 7, wall_time_ms: 1_795_420_800_000, ..Transition::default() };
    Record { transition: Some(transition), boot_id: vec![1; 16] }
}

fn key(number: u64) -> TransitionKey {
    TransitionKey { run_id: 7, number }
}

fn numbers(store: &mut impl Store) -> Vec<u64> {
    store.oldest(usize::MAX).iter().filter_map(Record::key).map(|key| key.number).collect()
}

#[test]
fn records_survive_a_restart_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open_bounded(folder.path(), 1_000).unwrap();
    let dropped: u64 = (1..=15).map(|number| store.append(&record(number))).sum();
    assert_eq!(dropped, 0);
    drop(store);
    let mut store = DiskStore::open_bounded(folder.path(), 1_000).unwrap();
    assert_eq!(numbers(&mut store), (1..=15).collect::<Vec<_>>());
    assert_eq!(store.depth(), measure(folder.path()));
}

#[test]
fn trimming_forgets_the_oldest_and_unknown_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open_bounded(folder.path(), 1_000).unwrap();
    for number in 1..=15 {
        store.append(&record(number));
    }
    store.trim(key(99));
    assert_eq!(store.depth().records, 15);
    store.trim(key(4));
    assert_eq!(numbers(&mut store), (5..=15).collect::<Vec<_>>());
    store.trim(key(12));
    assert_eq!(numbers(&mut store), [13, 14, 15]);
    store.trim(key(15));
    assert_eq!(store.depth(), Depth::default());
    store.append(&record(16));
    assert_eq!(numbers(&mut store), [16]);
}

#[test]
fn full_spool_drops_its_older_half_and_says_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open_bounded(folder.path(), 2_000).unwrap();
    let dropped: u64 = (1..=500).map(|number| store.append(&record(number))).sum();
    let kept = numbers(&mut store);
    assert_eq!(dropped + kept.len() as u64, 500);
    assert_eq!(kept.last(), Some(&500));
    assert!(kept.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert!(store.depth().bytes <= 2_000);
}

#[test]
fn memory_store_keeps_the_same_promises() {
    let mut store = MemoryStore::default();
    let dropped: u64 = (1..=20_000).map(|number| store.append(&record(number))).sum();
    let kept = numbers(&mut store);
    assert_eq!(dropped + kept.len() as u64, 20_000);
    assert!(store.depth().bytes <= SPOOL_BYTES_DEFAULT);
    store.trim(key(19_999));
    assert_eq!(numbers(&mut store), [20_000]);
}

/// Two segments with a few records each.
fn filled(folder: &Path) -> u64 {
    let mut store = DiskStore::open_bounded(folder, 600).unwrap();
    (1..=10).for_each(|number| assert_eq!(store.append(&record(number)), 0));
    store.depth().records
}

#[test]
fn spool_cut_at_any_byte_keeps_every_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let records = filled(folder.path());
    let path = folder.path().join(NEWER);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 100);
    let record_len = record_bytes(&record(10)) as usize;
    for len in 0..=whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        let mut store = DiskStore::open_bounded(folder.path(), 100_000).unwrap();
        let lost = (whole.len() - len).div_ceil(record_len) as u64;
        assert_eq!(store.depth().records, records - lost, "cut at {len}");
        // Appending goes on behind the last whole record.
        store.append(&record(99));
        drop(store);
        let mut store = DiskStore::open_bounded(folder.path(), 100_000).unwrap();
        let kept = numbers(&mut store);
        assert_eq!(kept.last(), Some(&99), "cut at {len}");
        assert!(kept[..kept.len() - 1].iter().copied().eq(1..=records - lost));
    }
}

#[test]
fn spool_damaged_at_any_byte_keeps_what_lies_before() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    for name in [OLDER, NEWER] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            let segment = Segment::open(path.clone()).unwrap();
            assert_eq!(segment.records, at as u64 / record_bytes(&record(1)), "{name} at {at}");
            assert_eq!(fs::metadata(&path).unwrap().len(), segment.len);
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn memory_survives_and_damage_to_it_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open(folder.path()).unwrap();
    assert_eq!(store.memory(), Memory::default());
    let memory = Memory { reserved_sequence: 640, boot_count: 3, ..Memory::default() };
    store.persist(&memory).unwrap();
    assert_eq!(store.memory(), memory);
    let path = folder.path().join(MEMORY);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.memory(), Memory::default(), "byte {at}");
    }
}

/// A folder in the place of the file refuses every write, also to root.
#[test]
fn disk_that_refuses_writes_costs_only_what_memory_can_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open(folder.path()).unwrap();
    let obstacle = folder.path().join(NEWER);
    fs::create_dir(&obstacle).unwrap();
    let dropped: u64 = (1..=300).map(|number| store.append(&record(number))).sum();
    assert_eq!(dropped, 300 - WAITING_MAX as u64);
    assert_eq!(store.depth().records, WAITING_MAX as u64);
    fs::remove_dir(&obstacle).unwrap();
    assert_eq!(store.append(&record(301)), 0);
    drop(store);
    let mut store = DiskStore::open(folder.path()).unwrap();
    assert_eq!(numbers(&mut store), (45..=301).collect::<Vec<_>>());
}

#[test]
fn files_are_closed_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = DiskStore::open(folder.path()).unwrap();
    store.append(&record(1));
    store.persist(&Memory::default()).unwrap();
    for name in [NEWER, MEMORY] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_a_segment_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(OLDER), &bytes).unwrap();
        let mut store = DiskStore::open(folder.path()).unwrap();
        store.append(&record(1));
        let kept = store.oldest(1_000);
        prop_assert_eq!(kept.last(), Some(&record(1)));
    }
}
