//! What the engine is told of a region, from what schools, lines, hubs, calendars and targets say.
//!
//! What nobody says is assumed, and pages say so: schools of one owner share a filter and a resolver, and lessons are those of
//! the owner, or the usual ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::{Date, Duration};
use uuid::Uuid;

use super::super::{
    rules::{
        Expected, Hub, HubKind, Line, LineKind, Named, Policy, Probe, School, Service, ServiceKind, Topology,
        targets::TargetKind,
    },
    store::topology::{self as store, SchoolLineRow},
};
use crate::{
    db::Tx,
    error::Result,
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::{Period, effective_lessons, school_day},
            fiscal::{FiscalYear, date_text},
            fold_name,
            lines::{HubKind as LineHubKind, Topology as LineTopology},
        },
        store::calendar::{self, CalendarOf},
    },
};

/// Days before and after today that the engine knows of.
const DAYS: std::ops::RangeInclusive<i64> = -2..=8;
/// Minutes before the first lesson and after the last one in which devices are about.
const AROUND_LESSONS: i64 = 25;
/// Devices of a school whose figures were not counted yet.
const UNCOUNTED: u32 = 0;

/// Reads the region. `pace_s` is the pace that devices are told, in seconds.
pub(super) async fn read(tx: &mut Tx, today: Date, pace_s: u32) -> Result<Topology> {
    let rows = store::schools(tx).await?;
    let hubs: HashMap<_, _> = store::hubs(tx).await?.into_iter().map(|(id, kind, isp)| (id, (kind, isp))).collect();
    let targets = store::targets(tx).await?;
    let services: Vec<_> = targets
        .iter()
        .filter_map(|target| {
            let kind = match TargetKind::from_number(target.kind)? {
                TargetKind::Learning => ServiceKind::Learning,
                TargetKind::Identity => ServiceKind::Identity,
                TargetKind::Other => ServiceKind::Other,
                TargetKind::HubHop | TargetKind::IspHop | TargetKind::Ports => return None,
            };
            Some(Service { id: target.number.to_string(), kind })
        })
        .collect();
    let mut identity = services.iter().filter(|service| service.kind == ServiceKind::Identity);
    let identity = identity.next().filter(|_| identity.next().is_none()).map(|service| service.id.clone());
    let (first, last) = (today + Duration::days(*DAYS.start()), today + Duration::days(*DAYS.end()));
    let holidays = calendar::holidays(tx, first, last).await?;
    let (mut owners, mut isps, mut schools) = (BTreeSet::new(), BTreeSet::new(), Vec::with_capacity(rows.len()));
    for owned in rows.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
        let municipality = MunicipalityId(owned[0].municipality_id);
        let of = CalendarOf { municipality, school: None };
        let year = FiscalYear::of(first);
        let before = FiscalYear::starting_in(year.year() - 1).unwrap_or(year);
        let own_periods = calendar::owner_calendars(tx, &[municipality], before, FiscalYear::of(last)).await?;
        let lessons = calendar::owner_lessons(tx, municipality).await?;
        let none: Vec<Period> = Vec::new();
        let of_owner = own_periods.get(&of).unwrap_or(&none);
        owners.insert(municipality);
        for row in owned {
            let of_school = CalendarOf { municipality, school: Some(SchoolId(row.school_id)) };
            let own = own_periods.get(&of_school).unwrap_or(&none);
            let days = DAYS.map(|offset| today + Duration::days(offset));
            let school_days =
                days.filter(|day| school_day(*day, &holidays, of_owner, own).is_school_day).map(date_text);
            let empty = Vec::new();
            let both = (lessons.get(&of).unwrap_or(&empty), lessons.get(&of_school).unwrap_or(&empty));
            let weekday = i16::from(today.weekday().number_from_monday());
            let times: Vec<_> = effective_lessons(both.0, both.1)
                .into_iter()
                .filter(|(lesson, _)| lesson.weekday == if weekday > 5 { 1 } else { weekday })
                .map(|(lesson, _)| [i64::from(lesson.begin_minute), i64::from(lesson.end_minute)])
                .collect();
            let line = line_of(row, &hubs, &mut isps);
            schools.push(School {
                id: row.school_id.to_string(),
                owner: municipality.to_string(),
                line,
                filter: Some(municipality.to_string()),
                dns: Some(municipality.to_string()),
                identity: identity.clone(),
                devices: row.device_count.map_or(UNCOUNTED, |count| u32::try_from(count).unwrap_or(u32::MAX)),
                pace_s,
                access_points: Vec::new(),
                expected: expected(school_days.collect(), times),
            });
        }
    }
    let known: BTreeSet<_> = schools.iter().map(|school| school.id.clone()).collect();
    let probes = store::probes(tx).await?.into_iter();
    let named = |id: String| Named { id };
    Ok(Topology {
        policy: Policy::default(),
        owners: owners.iter().map(|owner| named(owner.to_string())).collect(),
        hubs: hubs_of(&hubs, &mut isps),
        isps: isps.into_iter().map(named).collect(),
        filters: owners.iter().map(|owner| named(owner.to_string())).collect(),
        dns: owners.iter().map(|owner| named(owner.to_string())).collect(),
        services,
        probes: probes
            .map(|(device, school)| Probe { id: device.to_string(), school: school.to_string() })
            .filter(|probe| known.contains(&probe.school))
            .collect(),
        schools,
    })
}

fn line_of(row: &SchoolLineRow, hubs: &HashMap<Uuid, (i16, String)>, isps: &mut BTreeSet<String>) -> Line {
    let kind = row.topology.and_then(LineTopology::from_number);
    let hub = row.hub_id.and_then(|id| Some((id, LineHubKind::from_number(hubs.get(&id)?.0)?)));
    let isp = row.isp.as_deref().map(fold_name).filter(|isp| !isp.is_empty());
    let isp = match hub {
        // A provider's node is what its lines have in common.
        Some((id, LineHubKind::Isp)) => Some(id.to_string()),
        Some((_, LineHubKind::Municipal | LineHubKind::Prefectural)) | None => isp,
    };
    isps.extend(isp.clone());
    Line {
        kind: match kind {
            Some(LineTopology::Direct) | None => LineKind::Direct,
            Some(LineTopology::MunicipalHub) => LineKind::MunicipalHub,
            Some(LineTopology::PrefecturalHub) => LineKind::PrefecturalHub,
            Some(LineTopology::Lte) => LineKind::Lte,
        },
        hub: match hub {
            Some((id, LineHubKind::Municipal | LineHubKind::Prefectural)) => Some(id.to_string()),
            Some((_, LineHubKind::Isp)) | None => None,
        },
        isp,
    }
}

fn hubs_of(hubs: &HashMap<Uuid, (i16, String)>, isps: &mut BTreeSet<String>) -> Vec<Hub> {
    let sorted: BTreeMap<_, _> = hubs.iter().collect();
    let hub = |(id, (kind, isp)): (&Uuid, &(i16, String))| {
        let kind = match LineHubKind::from_number(*kind)? {
            LineHubKind::Municipal => HubKind::Municipal,
            LineHubKind::Prefectural => HubKind::Prefectural,
            LineHubKind::Isp => return None,
        };
        let isp = Some(fold_name(isp)).filter(|isp| !isp.is_empty());
        isps.extend(isp.clone());
        Some(Hub { id: id.to_string(), kind, isp })
    };
    sorted.into_iter().filter_map(hub).collect()
}

fn expected(school_days: Vec<String>, lessons: Vec<[i64; 2]>) -> Expected {
    let usual = Expected { school_days: Some(school_days), ..Expected::default() };
    match (lessons.iter().map(|[begin, _]| *begin).min(), lessons.iter().map(|[_, end]| *end).max()) {
        (Some(begin), Some(end)) => {
            let hours = [(begin - AROUND_LESSONS).max(0), (end + AROUND_LESSONS).min(1_440)];
            Expected { hours, lessons, ..usual }
        }
        _ => usual,
    }
}
