//! Use cases of staff that show many features: devices and schools with what they do.

mod export;
mod figures;
mod lines;
mod lists;
mod searched;

use std::{collections::HashMap, sync::Arc, time::Duration};

use gigafleet_proto::v1;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

pub use self::{
    export::Piece,
    figures::OwnerFigures,
    lines::{DeviceLine, LinePage},
    lists::{Count, DevicePage, Group},
};
pub use super::rules::DeviceFilter;
use super::store::{self, DeviceViewRow, FactsColumns, StatusColumns, figures::SchoolFiguresRow};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::Access,
    },
    checkin::service::CheckIns,
    clock::{Clock, Timestamp, micros},
    db::{Db, Tx},
    devices::{
        rules::{self, DeviceId, DeviceKey, claims::ShownField, fields::Field},
        service::{self as devices, registry},
        store::identity::ReviewRow,
    },
    error::{Error, Kind, Result, says::devices as say},
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::school_not_found,
        store::{self as schools, SchoolRow},
    },
};

/// Most devices in one watch: each look reads them all.
const WATCHED_DEVICES: usize = 5_000;
/// How often a watch looks. Other servers write to the same database, so it asks that and no memory of its own.
const WATCH_PACE: Duration = Duration::from_secs(1);
const WATCH_PAGE: i64 = 1_000;

/// Reads for staff.
#[derive(Debug, Clone)]
pub struct Overview {
    db: Db,
    clock: Clock,
    checkins: Arc<CheckIns>,
}

impl Overview {
    /// Reads from this database; presence comes from check-ins.
    pub fn new(db: Db, clock: Clock, checkins: Arc<CheckIns>) -> Self {
        Self { db, clock, checkins }
    }

    /// One device in scope.
    pub async fn device(&self, staff: &Staff, device: DeviceId) -> Result<v1::Device> {
        let mut tx = self.db.read().await?;
        let (key, _) = devices::reachable_device(&mut tx, staff, Right::ViewDevices, device).await?;
        let row = store::find_device_view(&mut tx, key).await?.ok_or_else(|| devices::device_not_found(device))?;
        let mut views = self.view(&mut tx, vec![row]).await?;
        let mut view = views.pop().expect("one row is one view");
        let shown = registry::shown_of(&mut tx, key).await?;
        view.fields = shown.iter().map(|(field, shown)| field_view(field, shown)).collect();
        let verbs = registry::verbs_of(&shown, self.clock.now());
        view.open_verbs = verbs.into_iter().map(|verb| number(verb.to_number())).collect();
        Ok(view)
    }

    /// A page of open reviews in scope with both sides. A side that is out of scope is left out.
    pub async fn reviews(&self, staff: &Staff, rows: Vec<ReviewRow>) -> Result<Vec<v1::Review>> {
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let mut sides = [None, None];
            for (side, device) in sides.iter_mut().zip([Some(row.device_id), row.other_device_id]) {
                let Some(device) = device else { continue };
                *side = match self.device(staff, DeviceId(device)).await {
                    Ok(view) => Some(view),
                    Err(error) if error.kind == Kind::NotFound => None,
                    Err(error) => return Err(error),
                };
            }
            let [device, other] = sides;
            views.push(v1::Review {
                municipality_id: row.municipality_id.to_string(),
                reason: i32::from(row.reason),
                evidence: row.evidence,
                open_time: Some(Timestamp(row.opened_at).to_proto()),
                repeat_time: Some(Timestamp(row.repeated_at).to_proto()),
                device,
                other,
            });
        }
        Ok(views)
    }

    /// Sends each matching device, then again whenever it changed, until the receiver is gone or `stop` becomes true. Rights
    /// are asked for at each look, so a grant or a token that ends ends the watch too. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, WATCH_TOO_WIDE; at the end STAFF_TOKEN_INVALID, SHUTTING_DOWN.
    pub async fn watch(
        &self,
        access: &Access,
        staff: &Staff,
        filter: DeviceFilter,
        mut stop: watch::Receiver<bool>,
    ) -> Result<mpsc::Receiver<Result<v1::Device>>> {
        let first = self.all_devices(staff, &filter).await?;
        let (sender, receiver) = mpsc::channel(64);
        let (overview, access, staff) = (self.clone(), access.clone(), staff.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = overview.feed(&access, &staff, &filter, first, sender.clone()) => {}
                _stopped = stop.wait_for(|stop| *stop) => {
                    let error = Error::new(Kind::Unavailable, "SHUTTING_DOWN", say::watch_ends());
                    // A watcher that takes nothing is not waited for.
                    let _full_or_gone = sender.try_send(Err(error));
                }
            }
        });
        Ok(receiver)
    }

    async fn feed(
        &self,
        access: &Access,
        staff: &Staff,
        filter: &DeviceFilter,
        first: Vec<v1::Device>,
        sender: mpsc::Sender<Result<v1::Device>>,
    ) {
        let mut seen: HashMap<String, v1::Device> = HashMap::new();
        let mut devices: Result<Vec<v1::Device>> = Ok(first);
        loop {
            match devices {
                Ok(devices) => {
                    for device in devices {
                        if seen.get(&device.device_id) == Some(&device) {
                            continue;
                        }
                        seen.insert(device.device_id.clone(), device.clone());
                        if sender.send(Ok(device)).await.is_err() {
                            return;
                        }
                    }
                }
                // The database comes back; a watcher that must be told ends here.
                Err(error) if error.kind == Kind::Unavailable => {}
                Err(error) => {
                    let _gone = sender.send(Err(error)).await;
                    return;
                }
            }
            tokio::select! {
                () = sender.closed() => return,
                () = tokio::time::sleep(WATCH_PACE) => {}
            }
            devices = match access.again(staff).await {
                Ok(staff) => self.all_devices(&staff, filter).await,
                Err(error) => Err(error),
            };
        }
    }

    async fn all_devices(&self, staff: &Staff, filter: &DeviceFilter) -> Result<Vec<v1::Device>> {
        let mut all: Vec<v1::Device> = Vec::new();
        let mut after = (Uuid::nil(), Uuid::nil());
        let areas = staff.areas(Right::ViewDevices, filter.municipality)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, &areas, (filter.municipality, filter.school)).await?;
        loop {
            let rows = list_rows(&mut tx, &areas, filter, after, WATCH_PAGE).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = (last.municipality_id, last.device_id);
            all.extend(self.view(&mut tx, rows).await?);
            if all.len() > WATCHED_DEVICES {
                return Err(Error::new(Kind::Exhausted, "WATCH_TOO_WIDE", say::watch_too_wide(WATCHED_DEVICES)));
            }
        }
    }

    /// A device that reported after this reports.
    fn reporting_since(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - 2 * micros(self.checkins.interval()) - micros(Duration::from_secs(30)))
    }

    async fn view(&self, tx: &mut Tx, rows: Vec<DeviceViewRow>) -> Result<Vec<v1::Device>> {
        let now = self.clock.now();
        let mut reviews: HashMap<Uuid, Vec<i32>> = HashMap::new();
        for owned in rows.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
            let devices: Vec<_> = owned.iter().map(|row| row.device_id).collect();
            let owner = MunicipalityId(owned[0].municipality_id);
            for (device, reason) in store::open_reviews(tx, owner, &devices).await? {
                reviews.entry(device).or_default().push(i32::from(reason));
            }
        }
        Ok(rows
            .into_iter()
            .map(|row| {
                let reasons = reviews.remove(&row.device_id).unwrap_or_default();
                self.device_view(row, reasons, now)
            })
            .collect())
    }

    fn device_view(&self, row: DeviceViewRow, review_reasons: Vec<i32>, now: Timestamp) -> v1::Device {
        let key = DeviceKey { municipality: MunicipalityId(row.municipality_id), device: DeviceId(row.device_id) };
        let presence = self.checkins.presence();
        let stored = row.received_at.max(row.seen_at).map(Timestamp);
        let last_seen = stored.max(presence.heard(key));
        let state = rules::presence(last_seen, presence.listening_since(now), self.checkins.interval(), now);
        v1::Device {
            device_id: row.device_id.to_string(),
            municipality_id: row.municipality_id.to_string(),
            municipality_code: row.municipality_code,
            municipality_name: row.municipality_name,
            school_id: row.school_id.map(|id| id.to_string()).unwrap_or_default(),
            school_name: row.school_name.unwrap_or_default(),
            facts: facts_view(row.facts),
            status: Some(status_view(row.status)),
            presence: i32::from(state),
            last_checkin_time: row.received_at.map(|at| Timestamp(at).to_proto()),
            sequence: row.sequence.cast_unsigned(),
            report_count: row.report_count.cast_unsigned(),
            transition_count: row.transition_count.cast_unsigned(),
            clock_skew_ms: row.clock_skew_ms,
            enroll_time: row.enrolled_at.map(|at| Timestamp(at).to_proto()),
            revoke_time: row.revoked_at.map(|at| Timestamp(at).to_proto()),
            certificate_expire_time: row.certificate_expires_at.map(|at| Timestamp(at).to_proto()),
            review_reasons,
            forked_from_device_id: row.forked_from_device_id.map(|id| id.to_string()).unwrap_or_default(),
            etag: row.version.to_string(),
            fields: Vec::new(),
            open_verbs: Vec::new(),
        }
    }
}

fn field_view(field: Field, shown: &ShownField) -> v1::DeviceField {
    v1::DeviceField {
        name: number(field.to_number()),
        value: shown.value.shown_text(field),
        source: number(shown.source.to_number()),
        say_time: Some(shown.said_at.to_proto()),
    }
}

/// The number of an enum that is the contract's too.
fn number(stored: i64) -> i32 {
    i32::try_from(stored).expect("a small number")
}

/// The owners of a list in the order of their ids, from the one on where the page begins. Reasons: RIGHT_MISSING,
/// MUNICIPALITY_NOT_FOUND.
fn areas(staff: &Staff, right: Right, only: Option<MunicipalityId>, first: Uuid) -> Result<Vec<Area>> {
    let mut areas = staff.areas(right, only)?;
    areas.retain(|area| area.municipality().0 >= first);
    Ok(areas)
}

/// Refuses a list of a school that is not in sight; a school is named with its owner. Reason: SCHOOL_NOT_FOUND.
async fn require_school(tx: &mut Tx, areas: &[Area], filter: (Option<MunicipalityId>, Option<SchoolId>)) -> Result<()> {
    let (Some(owner), Some(school)) = filter else { return Ok(()) };
    let Some(area) = areas.iter().find(|area| area.municipality() == owner) else { return Ok(()) };
    schools::find_school(tx, area, school).await?.map(drop).ok_or_else(|| school_not_found(school))
}

/// A page of rows over all owners within reach, owner by owner.
async fn list_rows(
    tx: &mut Tx,
    areas: &[Area],
    filter: &DeviceFilter,
    after: (Uuid, Uuid),
    limit: i64,
) -> Result<Vec<DeviceViewRow>> {
    let mut rows = Vec::new();
    for area in areas.iter().filter(|area| area.municipality().0 >= after.0) {
        let first = if area.municipality().0 == after.0 { after.1 } else { Uuid::nil() };
        let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if left <= 0 {
            break;
        }
        rows.extend(store::list_device_views(tx, area, filter.school, first, left).await?);
    }
    Ok(rows)
}

fn small(value: Option<i64>) -> Option<u32> {
    value.and_then(|v| u32::try_from(v).ok())
}

fn large(value: Option<i64>) -> Option<u64> {
    value.and_then(|v| u64::try_from(v).ok())
}

fn facts_view(row: FactsColumns) -> Option<v1::Facts> {
    Some(v1::Facts {
        // The column may not be NULL, so without it the device has no row of facts.
        os_kind: i32::from(row.os_kind?),
        maker: row.maker,
        model: row.model,
        serial_number: row.serial_number,
        board_uuid: row.board_uuid,
        os_name: row.os_name,
        os_version: row.os_version,
        kernel_version: row.kernel_version,
        cpu_model: row.cpu_model,
        cpu_count: small(row.cpu_count),
        memory_bytes: large(row.memory_bytes),
        storage_bytes: large(row.storage_bytes),
        mac_hashes: row.mac_hashes.unwrap_or_default().chunks(16).map(<[u8]>::to_vec).collect(),
        agent_version: row.agent_version,
    })
}

fn status_view(row: StatusColumns) -> v1::Status {
    v1::Status {
        battery: row.battery_at.map(|_| v1::Battery {
            charge_percent: small(row.charge_percent),
            health_percent: small(row.health_percent),
            cycle_count: small(row.cycle_count),
            charging: row.charging,
        }),
        storage: row.storage_at.map(|_| v1::Storage { free_bytes: large(row.storage_free_bytes) }),
        memory: row.memory_at.map(|_| v1::Memory {
            used_percent: small(row.memory_used_percent),
            stall_percent: small(row.memory_stall_percent),
        }),
        boot: row
            .boot_at
            .map(|_| v1::Boot { boot_time_ms: large(row.boot_time_ms), boot_count: small(row.boot_count) }),
        wifi: row.wifi_at.map(|_| v1::Wifi {
            ssid: row.ssid,
            bssid: row.bssid,
            rssi_dbm: row.rssi_dbm.and_then(|v| i32::try_from(v).ok()),
            receive_kbps: small(row.receive_kbps),
            transmit_kbps: small(row.transmit_kbps),
        }),
        network: row.network_at.map(|_| v1::Network {
            link: i32::from(row.link.unwrap_or_default()),
            gateway: row.gateway,
            gateway_hash: row.gateway_hash,
        }),
    }
}

/// A school as the contract has it, with the figures that were counted at a moment.
pub(super) fn school_view(
    school: &SchoolRow,
    figures: Option<&SchoolFiguresRow>,
    counted: Option<Timestamp>,
) -> v1::School {
    let count = |part: fn(&SchoolFiguresRow) -> i64| small(figures.map(part)).unwrap_or(0);
    v1::School {
        school_id: school.school_id.to_string(),
        municipality_id: school.municipality_id.to_string(),
        code: school.code.clone().unwrap_or_default(),
        name: school.name.clone(),
        device_count: count(|row| row.device_count),
        reporting_count: count(|row| row.reporting_count),
        last_checkin_time: figures.and_then(|row| row.last_at).map(|at| Timestamp(at).to_proto()),
        mean_charge_percent: small(figures.and_then(|row| row.mean_charge)),
        storage_low_count: count(|row| row.storage_low_count),
        is_shelter: school.is_shelter,
        close_time: school.closed_at.map(|at| Timestamp(at).to_proto()),
        etag: school.version.to_string(),
        count_time: counted.map(Timestamp::to_proto),
    }
}
