//! The store of a device: two segments and the engine's memory in a folder.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use prost::Message as _;

use super::{
    Depth, Record, SPOOL_BYTES_DEFAULT, Store, TransitionKey, record_bytes,
    segment::{RECORD_BYTES_MAX, Segment, encode_record, read_record, sync_folder_of},
};
use crate::{engine::Memory, identity::write_atomically};

/// Most records that wait in memory while the disk refuses them.
pub const WAITING_MAX: usize = 256;
/// The segment that is only read.
pub(super) const OLDER: &str = "spool.older";
/// The segment that is appended to.
pub(super) const NEWER: &str = "spool.newer";
/// The engine's memory: CRC-32 and protobuf.
pub(super) const MEMORY: &str = "memory";

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
        let empty = Segment::absent(self.newer.path.clone());
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
        let mut bytes = crate::crc32::crc32(&body).to_le_bytes().to_vec();
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
    if crate::crc32::crc32(body) != u32::from_le_bytes(*crc) {
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
