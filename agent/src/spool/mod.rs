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

mod disk;
mod segment;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, io};

use gigafleet_proto::v1::Transition;
use prost::Message as _;

pub use self::disk::{DiskStore, WAITING_MAX, measure, read_memory};
use crate::engine::Memory;

/// Default bound of the spool on disk, in bytes.
pub const SPOOL_BYTES_DEFAULT: u64 = 256 * 1024;
/// Bytes before the protobuf of a record.
const HEADER_BYTES: usize = 6;

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
