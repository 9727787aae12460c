//! Takes in what stored reports say of networks: who was heard from which school's own network, and what they measured.
//!
//! Invariants:
//! - A report counts once: it is counted after it was stored, by the server that stored it.
//! - Counting takes no query and no I/O; what is counted is written by [`Intake::flush`], from time to time.
//! - A device whose place is not known waits, with its report, until the next flush has looked it up.
//! - Memory is bounded; what is beyond is dropped and counted.
//!
//! A server that is killed loses the statistics of its last minute at most, never a transition, and its feed ends, so that
//! nobody takes it for the silence of a school.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use gigafleet_agent::identity::to_hex;
use gigafleet_proto::v1::CheckOutcome;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::{
    rules::{
        place::{NetworkKind, Networks, Place, Seen},
        rollup::Cells,
    },
    store::{
        feed,
        heard::{self, HeardRow, NewHeard},
        places::{self, DeviceNetworkRow},
        rollups::{self, NewRollup},
    },
};
use crate::{
    checkin::service::{Heard, HeardReport},
    clock::{Clock, Timestamp},
    db::{Db, hex_bytes},
    devices::rules::{DeviceId, DeviceKey, fields::Purpose},
    error::{Error, Result},
    schools::rules::{MunicipalityId, SchoolId},
};

/// Width of a bucket of presence, in microseconds.
pub const PRESENCE_US: i64 = 10_000_000;
/// Width of a roll-up, in seconds.
pub const ROLLUP_S: i64 = 300;
/// Devices whose place is remembered; more than a prefecture has.
const PLACES: usize = 1_500_000;
/// Reports that wait for the place of their device.
const WAITING: usize = 200_000;
/// Checks of one school and bucket that are told one by one because they did not go well.
const FAILING: usize = 500;
/// Devices that are looked up by one statement.
const LOOKED_UP: usize = 1_000;
/// How long a place is believed without being looked up again, in microseconds: devices move from school to school rarely.
const PLACE_AGE_US: i64 = 30 * 60 * 1_000_000;
/// How long the networks of an owner's schools are believed, in microseconds.
const NETWORKS_AGE_US: i64 = 60 * 1_000_000;
/// How often it is looked whether networks of schools became known or were taken away, in microseconds.
const NEWS_PACE_US: i64 = 30 * 1_000_000;
/// How often roll-ups are written, in microseconds.
const ROLLUP_PACE_US: i64 = 60 * 1_000_000;
/// Buckets of presence that are kept for late reports, in microseconds.
const PRESENCE_KEPT_US: i64 = 60 * 1_000_000;

/// Where a device is, as far as counting needs it.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// The school on whose own network it is; none elsewhere.
    school: Option<SchoolId>,
    access_point: Option<[u8; 6]>,
    probe: bool,
    /// When it was looked up.
    at: Timestamp,
}

/// A check that did not go well, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failing {
    pub device: Uuid,
    pub access_point: String,
    pub layer: i32,
    pub target: u32,
    pub outcome: i32,
    pub error: i32,
}

/// What was heard from a school in ten seconds.
#[derive(Debug, Default)]
struct Bucket {
    access_points: BTreeMap<Option<[u8; 6]>, u32>,
    probes: BTreeSet<DeviceId>,
    failing: BTreeMap<(DeviceId, i32, u32), Failing>,
    changed: bool,
}

#[derive(Debug, Default)]
struct Counts {
    places: HashMap<DeviceKey, Known>,
    waiting: Vec<HeardReport>,
    heard: BTreeMap<(i64, MunicipalityId, SchoolId), Bucket>,
    rollups: BTreeMap<(i64, MunicipalityId, SchoolId), Cells>,
    changed_rollups: HashSet<(i64, MunicipalityId, SchoolId)>,
    dropped: u64,
}

/// Counts what check-ins bring.
#[derive(Debug)]
pub struct Intake {
    db: Db,
    clock: Clock,
    server: Uuid,
    started: Timestamp,
    counts: Mutex<Counts>,
    networks: tokio::sync::Mutex<Owned>,
}

#[derive(Debug, Default)]
struct Owned {
    networks: HashMap<MunicipalityId, (Timestamp, Networks)>,
    rollups_written: Option<Timestamp>,
    /// By owner how many networks of its schools are known, and since when the newest is.
    news: BTreeMap<MunicipalityId, (i64, i64)>,
    news_read: Option<Timestamp>,
}

impl Intake {
    /// Counts for one run of a server.
    pub fn new(db: Db, clock: Clock) -> Self {
        let started = clock.now();
        Self {
            db,
            started,
            clock,
            server: Uuid::now_v7(),
            counts: Mutex::default(),
            networks: tokio::sync::Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts hold in any state; a panic elsewhere does not make them wrong.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up where waiting devices are, and writes what was counted. `settled_until` is the moment up to which every
    /// report that arrived has been stored and counted, or refused; `gap` is when reports could not be stored since the last
    /// time.
    pub async fn flush(&self, settled_until: Timestamp, gap: Option<(Timestamp, Timestamp)>) -> Result<()> {
        self.hear_of_networks().await?;
        self.look_up().await?;
        let mut owned = self.networks.lock().await;
        let now = self.clock.now();
        let with_rollups = owned.rollups_written.is_none_or(|at| now.0 - at.0 >= ROLLUP_PACE_US);
        let (heard, rollups) = self.lock().take_changed(self.server, with_rollups);
        if let Err(error) = self.write(&heard, &rollups, settled_until, gap).await {
            self.lock().put_back(&heard, &rollups);
            return Err(error);
        }
        if with_rollups {
            owned.rollups_written = Some(now);
        }
        self.lock().forget(now);
        Ok(())
    }

    /// Writes everything and ends the feed: this server hears nobody any more.
    pub async fn end(&self) -> Result<()> {
        self.look_up().await?;
        let (heard, rollups) = self.lock().take_changed(self.server, true);
        let now = self.clock.now();
        self.write(&heard, &rollups, now, None).await?;
        let mut tx = self.db.begin().await?;
        feed::forget_feeds(&mut tx, Some(self.server), Timestamp(0)).await?;
        tx.commit().await
    }

    /// Reports that were not counted because too many waited.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    async fn write(
        &self,
        heard: &[NewHeard],
        rollups: &[NewRollup],
        settled_until: Timestamp,
        gap: Option<(Timestamp, Timestamp)>,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if let Some((begin, end)) = gap {
            feed::note_gap(&mut tx, self.server, begin, end).await?;
        }
        heard::upsert_heard(&mut tx, heard).await?;
        rollups::upsert_rollups(&mut tx, rollups).await?;
        feed::note_feed(&mut tx, self.server, self.started, settled_until).await?;
        tx.commit().await
    }

    /// Forgets where the devices of an owner are when its schools' networks are others than before.
    async fn hear_of_networks(&self) -> Result<()> {
        let mut owned = self.networks.lock().await;
        let now = self.clock.now();
        if owned.news_read.is_some_and(|at| now.0 - at.0 < NEWS_PACE_US) {
            return Ok(());
        }
        let mut tx = self.db.read().await?;
        let rows = places::newest_networks(&mut tx).await?;
        drop(tx);
        let news: BTreeMap<_, _> =
            rows.into_iter().map(|(owner, count, newest)| (MunicipalityId(owner), (count, newest))).collect();
        let changed: HashSet<_> = news
            .keys()
            .chain(owned.news.keys())
            .filter(|owner| news.get(owner) != owned.news.get(owner))
            .copied()
            .collect();
        if !changed.is_empty() {
            owned.networks.retain(|owner, _| !changed.contains(owner));
            self.lock().places.retain(|key, _| !changed.contains(&key.municipality));
        }
        (owned.news, owned.news_read) = (news, Some(now));
        Ok(())
    }

    async fn look_up(&self) -> Result<()> {
        let waiting = std::mem::take(&mut self.lock().waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut keys: Vec<_> = waiting.iter().map(|report| report.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let found = match self.known(&keys).await {
            Ok(found) => found,
            Err(error) => {
                let mut counts = self.lock();
                let room = WAITING.saturating_sub(counts.waiting.len());
                counts.waiting.extend(waiting.into_iter().take(room));
                return Err(error);
            }
        };
        let mut counts = self.lock();
        if counts.places.len() + found.len() > PLACES {
            counts.places.clear();
        }
        for report in &waiting {
            if let Some(known) = found.get(&report.key) {
                counts.count(report, *known);
            }
        }
        counts.places.extend(found);
        Ok(())
    }

    async fn known(&self, keys: &[DeviceKey]) -> Result<HashMap<DeviceKey, Known>> {
        let now = self.clock.now();
        let mut owned = self.networks.lock().await;
        let mut found = HashMap::with_capacity(keys.len());
        let mut tx = self.db.read().await?;
        for keys in keys.chunks(LOOKED_UP) {
            for row in places::device_networks(&mut tx, keys).await? {
                let owner = MunicipalityId(row.municipality_id);
                let fresh = owned.networks.get(&owner).is_some_and(|(at, _)| now.0 - at.0 < NETWORKS_AGE_US);
                if !fresh {
                    let networks = networks_of(places::owner_networks(&mut tx, owner).await?);
                    owned.networks.insert(owner, (now, networks));
                }
                let networks = owned.networks.get(&owner).map(|(_, networks)| networks);
                let key = DeviceKey { municipality: owner, device: DeviceId(row.device_id) };
                found.insert(key, known(&row, networks.expect("they were just read"), now));
            }
        }
        Ok(found)
    }
}

pub(super) fn networks_of(rows: Vec<places::SchoolNetworkRow>) -> Networks {
    let mut networks = Networks::default();
    for row in rows {
        if let Some(kind) = NetworkKind::from_number(row.kind) {
            networks.add(SchoolId(row.school_id), kind, row.value);
        }
    }
    networks
}

/// At which school's own network a device is, if at any. A probe stays where it was put.
pub(super) fn school_of(networks: &Networks, own: SchoolId, seen: &Seen, is_probe: bool) -> Option<SchoolId> {
    match networks.place(own, seen) {
        Place::School => Some(own),
        Place::Unknown if is_probe => Some(own),
        Place::OtherSchool(school) => Some(school),
        Place::Elsewhere | Place::Unknown => None,
    }
}

fn known(row: &DeviceNetworkRow, networks: &Networks, at: Timestamp) -> Known {
    let access_point = row.bssid.as_deref().and_then(|bytes| bytes.try_into().ok());
    let seen = Seen::stored(row.ssid.clone(), row.bssid.as_deref(), row.gateway_hash.as_deref());
    let own = row.school_id.map(SchoolId);
    let probe = i64::from(row.purpose) == Purpose::Probe.to_number();
    let school = own.and_then(|own| school_of(networks, own, &seen, probe));
    Known { school, access_point, probe, at }
}

impl Heard for Intake {
    fn stored(&self, reports: &[HeardReport]) {
        let mut counts = self.lock();
        for report in reports {
            let known = counts.places.get(&report.key).copied();
            match known {
                Some(known) if !report.moved && report.received_at.0 - known.at.0 < PLACE_AGE_US => {
                    counts.count(report, known);
                }
                Some(_) | None if counts.waiting.len() < WAITING => counts.waiting.push(report.clone()),
                Some(_) | None => counts.dropped += 1,
            }
        }
    }
}

impl Counts {
    fn count(&mut self, report: &HeardReport, known: Known) {
        let Some(school) = known.school else { return };
        let owner = report.key.municipality;
        let bucket = report.received_at.0.div_euclid(PRESENCE_US) * PRESENCE_US;
        let heard = self.heard.entry((bucket, owner, school)).or_default();
        heard.changed = true;
        if known.probe {
            heard.probes.insert(report.key.device);
        } else {
            *heard.access_points.entry(known.access_point).or_default() += 1;
        }
        for check in &report.checks {
            let key = (report.key.device, check.layer, check.target);
            if check.outcome == i32::from(CheckOutcome::Ok) {
                // The newest counts: what went well again within these seconds is told by nobody else.
                heard.failing.remove(&key);
            } else if heard.failing.len() < FAILING || heard.failing.contains_key(&key) {
                heard.failing.insert(
                    key,
                    Failing {
                        device: report.key.device.0,
                        access_point: point_text(known.access_point),
                        layer: check.layer,
                        target: check.target,
                        outcome: check.outcome,
                        error: check.error,
                    },
                );
            }
        }
        if !report.checks.is_empty() {
            let width = ROLLUP_S * 1_000_000;
            let key = (report.received_at.0.div_euclid(width) * width, owner, school);
            self.rollups.entry(key).or_default().add(known.access_point, &report.checks);
            self.changed_rollups.insert(key);
        }
    }

    fn take_changed(&mut self, server: Uuid, with_rollups: bool) -> (Vec<NewHeard>, Vec<NewRollup>) {
        let mut rows = Vec::new();
        for ((bucket, owner, school), heard) in &mut self.heard {
            if !std::mem::take(&mut heard.changed) {
                continue;
            }
            let points: BTreeMap<String, u32> =
                heard.access_points.iter().map(|(point, count)| (point_text(*point), *count)).collect();
            let probes: Vec<_> = heard.probes.iter().map(ToString::to_string).collect();
            rows.push(NewHeard {
                municipality_id: *owner,
                bucket_at: *bucket,
                school_id: *school,
                server_id: server,
                access_points: serde_json::json!(points).to_string(),
                probes: serde_json::json!(probes).to_string(),
                failing: serde_json::json!(heard.failing.values().collect::<Vec<_>>()).to_string(),
            });
        }
        let mut rollups = Vec::new();
        if with_rollups {
            // In order, so that what lies together is written together.
            let mut changed: Vec<_> = std::mem::take(&mut self.changed_rollups).into_iter().collect();
            changed.sort_unstable();
            for key in changed {
                let Some(cells) = self.rollups.get(&key) else { continue };
                let (bucket_at, municipality_id, school_id) = key;
                let cells = hex_bytes(&cells.pack());
                rollups.push(NewRollup {
                    municipality_id,
                    school_id,
                    width_s: ROLLUP_S,
                    bucket_at,
                    server_id: server,
                    cells,
                });
            }
        }
        (rows, rollups)
    }

    fn put_back(&mut self, heard: &[NewHeard], rollups: &[NewRollup]) {
        for row in heard {
            if let Some(heard) = self.heard.get_mut(&(row.bucket_at, row.municipality_id, row.school_id)) {
                heard.changed = true;
            }
        }
        self.changed_rollups.extend(rollups.iter().map(|row| (row.bucket_at, row.municipality_id, row.school_id)));
    }

    /// Lets go of what is written and gets no more.
    fn forget(&mut self, now: Timestamp) {
        self.heard.retain(|(bucket, ..), heard| heard.changed || now.0 - bucket < PRESENCE_KEPT_US);
        let changed = &self.changed_rollups;
        self.rollups.retain(|key, _| changed.contains(key) || now.0 - key.0 < 2 * ROLLUP_S * 1_000_000);
    }
}

/// An access point in hex; empty for none.
fn point_text(point: Option<[u8; 6]>) -> String {
    point.map(|point| to_hex(&point)).unwrap_or_default()
}

/// What a stored row says.
pub(super) struct ReadHeard {
    /// Check-ins by access point in hex, empty for a cable.
    pub access_points: BTreeMap<String, u32>,
    pub probes: Vec<String>,
    pub failing: Vec<Failing>,
}

/// Reads a stored row.
pub(super) fn read_heard(row: &HeardRow) -> Result<ReadHeard> {
    let broken = |source| Error::internal("what was heard can not be read", source);
    Ok(ReadHeard {
        access_points: serde_json::from_str(&row.access_points).map_err(broken)?,
        probes: serde_json::from_str(&row.probes).map_err(broken)?,
        failing: serde_json::from_str(&row.failing).map_err(broken)?,
    })
}
