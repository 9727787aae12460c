//! By what the own networks of schools are known: said by people, or learned from what many of a school's devices are on.

use std::collections::BTreeMap;

use gigafleet_agent::identity::to_hex;
use time::Weekday;
use uuid::Uuid;

pub use super::super::store::places::SchoolNetworkRow;
use super::{
    super::{
        rules::place::{LEARN_PERCENT, NetworkKind, is_own},
        store::places as store,
    },
    Network, school_for_change, visible_school,
};
use crate::{
    access::{
        rules::{Right, Staff, days::minute_in_japan},
        service::audit::Deed,
    },
    clock::Timestamp,
    error::{Error, FieldViolation, Result, says::network as say},
    schools::{
        rules::{MunicipalityId, SchoolId, fiscal::day_in_japan},
        store::calendar::holidays,
    },
};

/// Said by a person.
const SAID: i64 = 1;
/// Learned.
const LEARNED: i64 = 2;
/// Devices that reported within this are asked which network they are on, in microseconds.
const RECENTLY_US: i64 = 15 * MINUTE_US;
const MINUTE_US: i64 = 60 * 1_000_000;
/// Minutes of a day in Japan in which networks are learned, ours: from the first lesson of most schools to the last one of
/// primary schools.
const LEARNING_MINUTES: std::ops::Range<i64> = 8 * 60 + 40..15 * 60 + 30;

/// Checks by what a network is said to be known, and gives it as it is compared.
pub fn parse_network(kind: NetworkKind, value: &str) -> std::result::Result<String, FieldViolation> {
    let digits: String = value.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect::<String>().to_lowercase();
    let hex = |count: usize| digits.len() == count && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match kind {
        NetworkKind::Ssid if (1..=32).contains(&value.len()) => Ok(value.to_owned()),
        NetworkKind::Ssid => Err(FieldViolation::new("value", say::ssid_length())),
        NetworkKind::AccessPoint if hex(12) => Ok(digits),
        NetworkKind::AccessPoint => Err(FieldViolation::new("value", say::access_point_digits())),
        NetworkKind::Gateway if hex(32) => Ok(digits),
        NetworkKind::Gateway => Err(FieldViolation::new("value", say::gateway_digits())),
        // Reports do not carry the address that they come from.
        NetworkKind::PublicAddress => Err(FieldViolation::new("kind", say::network_kind())),
    }
}

impl Network {
    /// By what the networks of schools in scope are known. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn school_networks(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<Vec<SchoolNetworkRow>> {
        let areas = staff.areas(Right::ViewFigures, Some(owner))?;
        let mut tx = self.db.read().await?;
        if let Some(school) = school {
            visible_school(&mut tx, staff, owner, school).await?;
        }
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::school_networks(&mut tx, area, school).await?);
        }
        Ok(rows)
    }

    /// Says by what a school's own network is known. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING.
    pub async fn add_school_network(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        kind: NetworkKind,
        value: String,
    ) -> Result<SchoolNetworkRow> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, owner, school).await?;
        let now = self.clock.now();
        store::upsert_school_network(&mut tx, (owner, school), (kind.to_number(), &value), SAID, 0, now).await?;
        self.access.audit(&mut tx, staff, deed(owner, school, "network.add", kind, &value)).await?;
        tx.commit().await?;
        Ok(SchoolNetworkRow {
            school_id: school.0,
            kind: kind as i16,
            value,
            source: i16::try_from(SAID).expect("1"),
            devices: 0,
            first_seen_at: now.0,
            last_seen_at: now.0,
        })
    }

    /// Takes it away. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, NETWORK_NOT_FOUND.
    pub async fn delete_school_network(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        kind: NetworkKind,
        value: &str,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, owner, school).await?;
        if !store::delete_school_network(&mut tx, (owner, school), (kind.to_number(), value)).await? {
            return Err(Error::not_found("NETWORK_NOT_FOUND", say::network_unknown(value)));
        }
        self.access.audit(&mut tx, staff, deed(owner, school, "network.delete", kind, value)).await?;
        tx.commit().await
    }

    /// Owners whose schools' networks can be learned now: all in the hours of a school day, none else, since a class on a trip
    /// or a club is on a network that is not the school's.
    pub async fn owners_to_learn(&self) -> Result<Vec<MunicipalityId>> {
        let now = self.clock.now();
        let day = day_in_japan(now.0);
        let minute = minute_in_japan(now);
        if !LEARNING_MINUTES.contains(&minute) || matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Ok(Vec::new());
        }
        let mut tx = self.db.read().await?;
        if !holidays(&mut tx, day, day).await?.is_empty() {
            return Ok(Vec::new());
        }
        drop(tx);
        self.owners().await
    }

    /// Learns the networks of an owner's schools from what their devices are on now. To be called in the hours of a school day.
    /// Gives how many networks were noted.
    pub async fn learn_networks(&self, owner: MunicipalityId) -> Result<usize> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let shared = store::shared_networks(&mut tx, owner, Timestamp(now.0 - RECENTLY_US)).await?;
        drop(tx);
        let mut reporting: BTreeMap<Uuid, i64> = BTreeMap::new();
        let mut gateways: BTreeMap<(Uuid, Vec<u8>), i64> = BTreeMap::new();
        for row in &shared {
            *reporting.entry(row.school_id).or_default() += row.devices;
            if let Some(gateway) = &row.gateway_hash {
                *gateways.entry((row.school_id, gateway.clone())).or_default() += row.devices;
            }
        }
        gateways.retain(|(school, _), devices| is_own(*devices, reporting[school]));
        let mut learned: BTreeMap<(Uuid, i64, String), i64> = BTreeMap::new();
        for ((school, gateway), devices) in &gateways {
            learned.insert((*school, NetworkKind::Gateway.to_number(), to_hex(gateway)), *devices);
        }
        // An access point belongs to the network behind whose gateway it was seen.
        for row in &shared {
            let (Some(gateway), Some(point)) = (&row.gateway_hash, &row.bssid) else { continue };
            if gateways.contains_key(&(row.school_id, gateway.clone())) {
                let key = (row.school_id, NetworkKind::AccessPoint.to_number(), to_hex(point));
                *learned.entry(key).or_default() += row.devices;
            }
        }
        if learned.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        for ((school, kind, value), devices) in &learned {
            let school = (owner, SchoolId(*school));
            store::upsert_school_network(&mut tx, school, (*kind, value), LEARNED, *devices, now).await?;
        }
        tx.commit().await?;
        Ok(learned.len())
    }
}

/// The share of a school's reporting devices that makes a network its own, in percent; for pages.
pub const LEARNED_FROM_PERCENT: i64 = LEARN_PERCENT;

fn deed(owner: MunicipalityId, school: SchoolId, action: &'static str, kind: NetworkKind, value: &str) -> Deed {
    let details = serde_json::json!({ "kind": kind.to_number(), "value": value });
    Deed { municipality: Some(owner), action, subject_kind: "school", subject_id: school.to_string(), details }
}
