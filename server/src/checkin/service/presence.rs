//! Presence of devices as far as the database cannot tell it: who reported while nothing could be stored, and since when
//! the server has been able to hear anybody.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{clock::Timestamp, devices::rules::DeviceKey};

/// Devices that are remembered at once; more than a prefecture has.
const CAPACITY: usize = 300_000;

/// What this process knows of presence beyond the database.
#[derive(Debug)]
pub struct Presence {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// None while reports cannot be stored.
    listening_since: Option<Timestamp>,
    unstored: HashMap<DeviceKey, Timestamp>,
}

impl Presence {
    /// The server starts to listen now.
    pub fn new(now: Timestamp) -> Self {
        Self { inner: Mutex::new(Inner { listening_since: Some(now), unstored: HashMap::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The map holds in any state; a panic elsewhere does not make it wrong.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch was stored.
    pub fn stored(&self, now: Timestamp) {
        self.lock().listening_since.get_or_insert(now);
    }

    /// Reports of these devices arrived and could not be stored. `deaf` says that no report could have been.
    pub fn not_stored(&self, devices: impl IntoIterator<Item = DeviceKey>, deaf: bool, now: Timestamp) {
        let mut inner = self.lock();
        if deaf {
            inner.listening_since = None;
        }
        for key in devices {
            if inner.unstored.len() < CAPACITY || inner.unstored.contains_key(&key) {
                inner.unstored.insert(key, now);
            }
        }
    }

    /// From when on the server could hear everybody: now, if it cannot.
    pub fn listening_since(&self, now: Timestamp) -> Timestamp {
        self.lock().listening_since.unwrap_or(now)
    }

    /// When a device was last heard without being stored.
    pub fn heard(&self, key: DeviceKey) -> Option<Timestamp> {
        self.lock().unstored.get(&key).copied()
    }

    /// Takes at most `most` devices that must still be noted in the database.
    pub fn take_unstored(&self, most: usize) -> Vec<(DeviceKey, Timestamp)> {
        let mut inner = self.lock();
        let taken: Vec<_> = inner.unstored.iter().take(most).map(|(key, at)| (*key, *at)).collect();
        for (key, _) in &taken {
            inner.unstored.remove(key);
        }
        taken
    }

    /// Puts devices back that could not be noted.
    pub fn put_back(&self, devices: Vec<(DeviceKey, Timestamp)>) {
        let mut inner = self.lock();
        for (key, at) in devices {
            inner.unstored.entry(key).and_modify(|newer| *newer = (*newer).max(at)).or_insert(at);
        }
    }
}
