//! What an agent keeps over a restart: the spool of transitions and the engine's memory.
//!
//! The spool is two append-only segment files; a record is `length u16 | crc32 u32 | protobuf`, little endian. An append
//! is synced before it counts. When both segments together would pass the bound, the older one is dropped and the number
//! of transitions in it is given to the caller, who reports it.
//!
//! Invariants:
//! - A file is trusted up to its first record that is torn or fails its CRC; the rest is cut.
//! - Order is that of recording. Acknowledged transitions are always the oldest.
//! - Trimming may be forgotten over a power loss; the server tells repeats by (run_id, number).
//! - A full or broken disk stops nothing: up to [`WAITING_MAX`] records wait in memory, older ones are counted as dropped.
//!
//! Deliberately not here: samples. Only transitions are kept.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use gigafleet_proto::v1::Transition;
use prost::Message as _;

use crate::{engine::Memory, identity::write_atomically};

/// Default bound of the spool on disk, in bytes.
pub const SPOOL_BYTES_DEFAULT: u64 = 256 * 1024;
/// Most records that wait in memory while the disk refuses them.
pub const WAITING_MAX: usize = 256;
/// Longest encoded record, in bytes. Real ones take less than 150.
const RECORD_BYTES_MAX: usize = 4096;
/// Bytes before the protobuf of a record.
const HEADER_BYTES: usize = 6;
/// The segment that is only read.
const OLDER: &str = "spool.older";
/// The segment that is appended to.
const NEWER: &str = "spool.newer";
/// The engine's memory: CRC-32 and protobuf.
const MEMORY: &str = "memory";

/// A transition as it is kept, with the boot it was recorded in.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Record {
    /// The transition with its own run_id, never 0.
    #[prost(message, optional, tag = "1")]
    pub transition: Option<Transition>,
    /// Boot in which it was recorded, 16 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub boot_id: Vec<u8>,
}

impl Record {
    /// What names the transition for ever.
    pub fn key(&self) -> Option<TransitionKey> {
        let transition = self.transition.as_ref()?;
        Some(TransitionKey { run_id: transition.run_id, number: transition.number })
    }
}

/// Names a transition for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransitionKey {
    /// Run that recorded it.
    pub run_id: u64,
    /// Counted from 1 within the run.
    pub number: u64,
}

/// How much is in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Transitions that are not known to be acknowledged.
    pub records: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

/// What an agent keeps over restarts. [`DiskStore`] on a device, [`MemoryStore`] in a simulation.
pub trait Store: Send + 'static {
    /// The memory of the run before; the default if there is none or it is damaged.
    fn memory(&mut self) -> Memory;
    /// Keeps the memory, durable when this returns.
    fn persist(&mut self, memory: &Memory) -> io::Result<()>;
    /// Keeps a record, durable when this returns if the disk allows; gives how many older ones were dropped for it.
    fn append(&mut self, record: &Record) -> u64;
    /// The oldest records, at most `limit`.
    fn oldest(&mut self, limit: usize) -> Vec<Record>;
    /// Forgets everything up to and with the named record. If it is not there, it has been dropped with all before it.
    fn trim(&mut self, through: TransitionKey);
    /// How much is kept.
    fn depth(&self) -> Depth;
}

/// Keeps everything in memory, within the same bounds. For simulated devices.
#[derive(Debug, Default)]
pub struct MemoryStore {
    memory: Memory,
    records: VecDeque<Record>,
    bytes: u64,
}

impl Store for MemoryStore {
    fn memory(&mut self) -> Memory {
        self.memory.clone()
    }

    fn persist(&mut self, memory: &Memory) -> io::Result<()> {
        self.memory = memory.clone();
        Ok(())
    }

    fn append(&mut self, record: &Record) -> u64 {
        self.bytes += record_bytes(record);
        self.records.push_back(record.clone());
        if self.bytes <= SPOOL_BYTES_DEFAULT {
            return 0;
        }
        // Half at once, as on disk: the drop itself is recorded and must find room.
        let mut dropped = 0;
        while self.bytes > SPOOL_BYTES_DEFAULT / 2 {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            self.bytes -= record_bytes(&oldest);
            dropped += 1;
        }
        dropped
    }

    fn oldest(&mut self, limit: usize) -> Vec<Record> {
        self.records.iter().take(limit).cloned().collect()
    }

    fn trim(&mut self, through: TransitionKey) {
        let Some(index) = self.records.iter().position(|record| record.key() == Some(through)) else {
            return;
        };
        for record in self.records.drain(..=index) {
            self.bytes -= record_bytes(&record);
        }
    }

    fn depth(&self) -> Depth {
        Depth { records: self.records.len() as u64, bytes: self.bytes }
    }
}

fn record_bytes(record: &Record) -> u64 {
    (HEADER_BYTES + record.encoded_len()) as u64
}

/// One segment file.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: Option<File>,
    /// Bytes that hold good records.
    len: u64,
    /// Where the first record that is not acknowledged begins.
    head: u64,
    /// Records from `head` on.
    records: u64,
}

impl Segment {
    /// Opens a segment and cuts what is torn or damaged. A missing file is an empty segment.
    fn open(path: PathBuf) -> io::Result<Self> {
        let mut segment = Self { path, file: None, len: 0, head: 0, records: 0 };
        match OpenOptions::new().read(true).append(true).open(&segment.path) {
            Ok(file) => segment.file = Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(segment),
            Err(error) => return Err(error),
        }
        let mut records = 0;
        segment.len = segment.scan(|_| {
            records += 1;
            true
        })?;
        segment.records = records;
        segment.cut()?;
        Ok(segment)
    }

    /// Removes what lies behind the good records.
    fn cut(&self) -> io::Result<()> {
        match &self.file {
            Some(file) if file.metadata()?.len() != self.len => file.set_len(self.len),
            _ => Ok(()),
        }
    }

    /// Reads records from the head on while `wanted` says so; gives the offset behind the last good one that was read.
    fn scan(&self, mut wanted: impl FnMut(Record) -> bool) -> io::Result<u64> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(0);
        };
        file.seek(SeekFrom::Start(self.head))?;
        let mut reader = BufReader::with_capacity(RECORD_BYTES_MAX, file);
        let mut offset = self.head;
        while let Some((record, bytes)) = read_record(&mut reader)? {
            offset += bytes;
            if !wanted(record) {
                break;
            }
        }
        Ok(offset)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let created = self.file.is_none();
        if created {
            self.file = Some(OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?);
            sync_folder_of(&self.path)?;
        }
        // A failed append before may have left half a record behind.
        self.cut()?;
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        file.write_all(bytes)?;
        file.sync_data()?;
        self.len += bytes.len() as u64;
        self.records += 1;
        Ok(())
    }

    /// Moves the head behind the named record; false, with the head behind everything, if it is not in here.
    fn trim(&mut self, through: TransitionKey) -> bool {
        let mut found = false;
        let mut passed = 0;
        let end = self.scan(|record| {
            passed += 1;
            found = record.key() == Some(through);
            !found
        });
        if let Ok(head) = end
            && found
        {
            self.head = head;
            self.records -= passed;
        }
        found
    }

    fn clear(&mut self) {
        self.file = None;
        // If it stays, its records are sent again and the server tells that they are repeats.
        let _ = fs::remove_file(&self.path);
        *self = Self { path: std::mem::take(&mut self.path), file: None, len: 0, head: 0, records: 0 };
    }

    /// Forgets all records but keeps the file, so that the next append need not make one.
    fn empty(&mut self) {
        match &self.file {
            Some(file) if file.set_len(0).is_ok() => (self.len, self.head, self.records) = (0, 0, 0),
            _ => self.clear(),
        }
    }

    fn bytes(&self) -> u64 {
        self.len - self.head
    }
}

/// The next record, or nothing at the end or where the file is damaged.
fn read_record(reader: &mut impl Read) -> io::Result<Option<(Record, u64)>> {
    let mut header = [0; HEADER_BYTES];
    if !read_whole(reader, &mut header)? {
        return Ok(None);
    }
    let len = usize::from(u16::from_le_bytes([header[0], header[1]]));
    let crc = u32::from_le_bytes([header[2], header[3], header[4], header[5]]);
    if len == 0 || len > RECORD_BYTES_MAX {
        return Ok(None);
    }
    let mut body = vec![0; len];
    if !read_whole(reader, &mut body)? || crc32fast::hash(&body) != crc {
        return Ok(None);
    }
    Ok(Record::decode(body.as_slice()).ok().map(|record| (record, (HEADER_BYTES + len) as u64)))
}

/// Fills the buffer; false if the file ends before.
fn read_whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn encode_record(record: &Record) -> Option<Vec<u8>> {
    let body = record.encode_to_vec();
    if body.len() > RECORD_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Some(bytes)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Keeps everything in a folder on disk.
#[derive(Debug)]
pub struct DiskStore {
    folder: PathBuf,
    bytes_max: u64,
    older: Segment,
    newer: Segment,
    /// What the disk refused, oldest first.
    waiting: VecDeque<Record>,
}

impl DiskStore {
    /// Opens the store in an existing folder, with the default bound. Damaged tails are cut.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Self::open_bounded(folder, SPOOL_BYTES_DEFAULT)
    }

    /// Opens the store with a bound of its own, in bytes of the spool.
    pub fn open_bounded(folder: &Path, bytes_max: u64) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            bytes_max,
            older: Segment::open(folder.join(OLDER))?,
            newer: Segment::open(folder.join(NEWER))?,
            waiting: VecDeque::new(),
        })
    }

    /// Makes the newer segment the older one; gives how many records that dropped.
    fn rotate(&mut self) -> io::Result<u64> {
        let dropped = self.older.records;
        fs::rename(&self.newer.path, &self.older.path)?;
        sync_folder_of(&self.older.path)?;
        let empty = Segment { path: self.newer.path.clone(), file: None, len: 0, head: 0, records: 0 };
        let path = std::mem::take(&mut self.older.path);
        self.older = std::mem::replace(&mut self.newer, empty);
        self.older.path = path;
        Ok(dropped)
    }

    fn write(&mut self, record: &Record) -> io::Result<u64> {
        let Some(bytes) = encode_record(record) else {
            return Ok(1);
        };
        let mut dropped = 0;
        if self.newer.len > 0 && self.newer.len + bytes.len() as u64 > self.bytes_max / 2 {
            dropped = self.rotate()?;
        }
        // The drop has happened even if the append fails now: the caller must hear of it.
        match self.newer.append(&bytes) {
            Ok(()) => Ok(dropped),
            Err(error) if dropped == 0 => Err(error),
            Err(_) => {
                self.waiting.push_front(record.clone());
                Ok(dropped)
            }
        }
    }
}

impl Store for DiskStore {
    fn memory(&mut self) -> Memory {
        read_memory(&self.folder)
    }

    fn persist(&mut self, memory: &Memory) -> io::Result<()> {
        let body = memory.encode_to_vec();
        let mut bytes = crc32fast::hash(&body).to_le_bytes().to_vec();
        bytes.extend_from_slice(&body);
        write_atomically(&self.folder.join(MEMORY), &bytes)
    }

    fn append(&mut self, record: &Record) -> u64 {
        self.waiting.push_back(record.clone());
        let mut dropped = 0;
        // What waited goes first, so that the order stays.
        while let Some(next) = self.waiting.pop_front() {
            let waiting = self.waiting.len();
            match self.write(&next) {
                Ok(count) => dropped += count,
                Err(error) => {
                    tracing::warn!(%error, "the spool can not be written; transitions wait in memory");
                    self.waiting.push_front(next);
                }
            }
            if self.waiting.len() > waiting {
                break;
            }
        }
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
            dropped += 1;
        }
        dropped
    }

    fn oldest(&mut self, limit: usize) -> Vec<Record> {
        let mut records = Vec::new();
        for segment in [&self.older, &self.newer] {
            if records.len() < limit && segment.records > 0 {
                let read = segment.scan(|record| {
                    records.push(record);
                    records.len() < limit
                });
                if let Err(error) = read {
                    // What lies behind must wait, or an acknowledgement of it would trim what could not be read now.
                    tracing::warn!(%error, "the spool can not be read");
                    return records;
                }
            }
        }
        let room = limit - records.len();
        records.extend(self.waiting.iter().take(room).cloned());
        records
    }

    fn trim(&mut self, through: TransitionKey) {
        if let Some(index) = self.waiting.iter().position(|record| record.key() == Some(through)) {
            self.waiting.drain(..=index);
            self.older.clear();
            self.newer.clear();
        } else if self.older.trim(through) {
            if self.older.records == 0 {
                self.older.clear();
            }
        } else if self.newer.trim(through) {
            self.older.clear();
            if self.newer.records == 0 {
                self.newer.empty();
            }
        }
    }

    fn depth(&self) -> Depth {
        let waiting: u64 = self.waiting.iter().map(record_bytes).sum();
        Depth {
            records: self.older.records + self.newer.records + self.waiting.len() as u64,
            bytes: self.older.bytes() + self.newer.bytes() + waiting,
        }
    }
}

/// Reads the engine's memory from a state folder without opening the store; the default if there is none.
pub fn read_memory(folder: &Path) -> Memory {
    let Ok(bytes) = fs::read(folder.join(MEMORY)) else {
        return Memory::default();
    };
    let Some((crc, body)) = bytes.split_first_chunk::<4>() else {
        return Memory::default();
    };
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        tracing::warn!("the memory is damaged; the server will tell where to go on");
        return Memory::default();
    }
    Memory::decode(body).unwrap_or_default()
}

/// Measures a spool from outside, also while its agent runs. What was acknowledged but not yet trimmed counts too.
pub fn measure(folder: &Path) -> Depth {
    let mut depth = Depth::default();
    for name in [OLDER, NEWER] {
        let Ok(file) = File::open(folder.join(name)) else {
            continue;
        };
        let mut reader = BufReader::with_capacity(RECORD_BYTES_MAX, file);
        while let Ok(Some((_, bytes))) = read_record(&mut reader) {
            depth.records += 1;
            depth.bytes += bytes;
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use proptest::prelude::*;

    use super::*;

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
}
