//! What devices of a school measured on its own network, over time; and how networks of schools are now.

use std::collections::{BTreeMap, HashMap};

use gigafleet_proto::v1::NetworkLayer;
use uuid::Uuid;

use super::{
    super::{
        rules::rollup::{Cell, Cells},
        store::{heard, incidents as incident_store, rollups},
    },
    Network,
    incidents::IncidentView,
    intake::{self, ROLLUP_S},
    keeping::{DAY_S, HOUR_S, width_for},
    visible_school,
};
use crate::{
    access::rules::{Right, Staff},
    clock::Timestamp,
    error::{Error, Result, says::network as say},
    schools::{
        rules::{MunicipalityId, SchoolId},
        store::{self as schools, SchoolRow},
    },
};

/// Longest time that is asked for at once, in microseconds.
const LONGEST_US: i64 = 31 * 86_400 * 1_000_000;
/// How long back a school is called heard, in microseconds.
const HEARD_US: i64 = 60_000_000;

/// By what measurements are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Layer and target.
    Layer,
    /// Access point; the gateway only.
    AccessPoint,
}

/// One group's cells over time.
#[derive(Debug, Clone)]
pub struct Series {
    /// Number of the layer.
    pub layer: i32,
    /// Number of the target.
    pub target: u32,
    /// The access point, where they are told apart.
    pub access_point: Option<[u8; 6]>,
    /// By begin; times without a measurement are left out.
    pub points: Vec<(Timestamp, Cell)>,
}

/// Measurements of a school.
#[derive(Debug, Clone)]
pub struct Measurements {
    /// By group.
    pub series: Vec<Series>,
    /// Width of one point, in seconds.
    pub width_s: i64,
}

/// How the network of a school is now.
#[derive(Debug, Clone)]
pub struct SchoolHealth {
    /// The school.
    pub school: SchoolRow,
    /// Check-ins from its own network in the last minute.
    pub heard: u64,
    /// Incidents that concern it and are not closed, the one that hurts most first; places in [`Wall::incidents`].
    pub incidents: Vec<usize>,
}

/// How the networks of many schools are now.
#[derive(Debug, Clone)]
pub struct Wall {
    /// Incidents in scope that are not closed, the newest first.
    pub incidents: Vec<IncidentView>,
    /// Those that hurt first, then by how many are heard.
    pub schools: Vec<SchoolHealth>,
    /// Up to when it was judged; none before the first time.
    pub judged_until: Option<Timestamp>,
}

impl Network {
    /// Measurements of a school from one moment to before another. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID.
    pub async fn measurements(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        (from, to): (Timestamp, Timestamp),
        group: GroupBy,
    ) -> Result<Measurements> {
        if from >= to || to.0 - from.0 > LONGEST_US {
            return Err(Error::invalid_field("start_time", say::measurements_range()));
        }
        let mut tx = self.db.read().await?;
        visible_school(&mut tx, staff, owner, school).await?;
        let width_s = width_for(from, to, self.clock.now());
        let mut buckets: BTreeMap<i64, Cells> = BTreeMap::new();
        // What is finer was not folded yet; what is coarser was folded already.
        for stored in [ROLLUP_S, HOUR_S, DAY_S] {
            for (at, packed) in rollups::school_rollups(&mut tx, (owner, school), stored, (from, to)).await? {
                let at = at.div_euclid(width_s * 1_000_000) * width_s * 1_000_000;
                buckets.entry(at).or_default().merge(&Cells::unpack(&packed)?)?;
            }
        }
        let mut series: BTreeMap<_, Vec<(Timestamp, Cell)>> = BTreeMap::new();
        for (at, cells) in buckets {
            let mut sums: BTreeMap<_, Cell> = BTreeMap::new();
            for (key, cell) in &cells.0 {
                let group = match group {
                    GroupBy::Layer => (key.layer, key.target, None),
                    GroupBy::AccessPoint if key.layer == i32::from(NetworkLayer::Gateway) => {
                        (key.layer, key.target, key.access_point)
                    }
                    GroupBy::AccessPoint => continue,
                };
                sums.entry(group).or_default().merge(cell)?;
            }
            for (group, cell) in sums {
                series.entry(group).or_default().push((Timestamp(at), cell));
            }
        }
        let one = |((layer, target, access_point), points)| Series { layer, target, access_point, points };
        Ok(Measurements { series: series.into_iter().map(one).collect(), width_s })
    }

    /// How the networks of schools in scope are now. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn wall(&self, staff: &Staff, owner: Option<MunicipalityId>, limit: i64) -> Result<Wall> {
        let incidents = self.open_incidents(staff, owner, None).await?;
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let judged_until = incident_store::judged_until(&mut tx).await?.map(Timestamp);
        let mut heard: HashMap<(Uuid, Uuid), u64> = HashMap::new();
        let mut rows = Vec::new();
        for area in staff.areas(Right::ViewFigures, owner)? {
            for row in heard::heard_of(&mut tx, area.municipality(), Timestamp(now.0 - HEARD_US)).await? {
                let count: u64 = intake::read_heard(&row)?.access_points.values().map(|count| u64::from(*count)).sum();
                *heard.entry((row.municipality_id, row.school_id)).or_default() += count;
            }
            let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
            rows.extend(schools::list_schools(&mut tx, &area, Uuid::nil(), left).await?);
        }
        let mut of_school: HashMap<Uuid, Vec<usize>> = HashMap::new();
        for (number, view) in incidents.iter().enumerate() {
            for school in view.schools.values().flatten() {
                of_school.entry(school.0).or_default().push(number);
            }
        }
        let mut schools: Vec<_> = rows
            .into_iter()
            .filter(|school| school.closed_at.is_none())
            .map(|school| {
                let heard = heard.get(&(school.municipality_id, school.school_id)).copied().unwrap_or_default();
                let mut numbers = of_school.remove(&school.school_id).unwrap_or_default();
                numbers.sort_by_key(|number| (!incidents[*number].hurts(), incidents[*number].since()));
                SchoolHealth { school, heard, incidents: numbers }
            })
            .collect();
        schools.sort_by_key(|health| {
            let first = health.incidents.first().map(|number| &incidents[*number]);
            let hurts = first.map_or(2, |view| u8::from(!view.hurts()));
            (hurts, first.map_or(Timestamp(0), IncidentView::since), std::cmp::Reverse(health.heard))
        });
        Ok(Wall { incidents, schools, judged_until })
    }
}
