//! Incidents as a reader may see them.
//!
//! Invariant: of an incident that reaches over several owners a reader learns the schools in scope, and of other owners only
//! how many there are. It is stored for each owner without the others, so nothing has to be taken out here but schools that a
//! reader of single schools may not see.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{
    super::{
        rules::{Element, ElementKind, Incident, IncidentState, OwnerView},
        store::{
            incidents::{self as store, IncidentOwnerRow},
            places, topology,
        },
    },
    Network, id, visible_school,
};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::Access,
    },
    clock::Timestamp,
    db::Tx,
    devices::rules::{DeviceId, DeviceKey},
    error::{
        Error, Kind, Result,
        says::{devices as say_devices, network as say},
    },
    schools::{
        rules::{MunicipalityId, SchoolId},
        store as schools,
    },
};

/// How often a watch looks.
const WATCH_PACE: std::time::Duration = std::time::Duration::from_secs(1);

/// An incident as its reader may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentView {
    /// What the engine says, without what is out of scope.
    pub incident: Incident,
    /// The broken element, for people.
    pub element_name: String,
    /// Schools in scope, by owner.
    pub schools: BTreeMap<MunicipalityId, Vec<SchoolId>>,
    /// How many owners out of scope it concerns.
    pub other_owners: usize,
}

impl IncidentView {
    /// Since when it hurts.
    pub fn since(&self) -> Timestamp {
        Timestamp(self.incident.started.at.0)
    }

    /// Whether it hurts now and somebody should know.
    pub fn hurts(&self) -> bool {
        match self.incident.state {
            IncidentState::Open => self.incident.silenced_by.is_none(),
            IncidentState::Suspected | IncidentState::Recovering | IncidentState::Closed => false,
        }
    }
}

/// Where a list of incidents goes on: before this one.
pub type Before = (i64, Uuid);

/// Before nothing: the newest.
pub const NEWEST: Before = (i64::MAX, Uuid::max());

impl Network {
    /// Incidents in scope that are not closed, the newest first. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn open_incidents(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        school: Option<SchoolId>,
    ) -> Result<Vec<IncidentView>> {
        let areas = staff.areas(Right::ViewFigures, owner)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, staff, owner, school).await?;
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::open_incidents(&mut tx, area.municipality()).await?);
        }
        views(&mut tx, staff, &areas, rows, school).await
    }

    /// Incidents of one school that are not closed, within a transaction. Reasons: RIGHT_MISSING, SCHOOL_NOT_FOUND.
    pub async fn open_incidents_of(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        school: SchoolId,
    ) -> Result<Vec<IncidentView>> {
        let areas = staff.areas(Right::ViewFigures, Some(owner))?;
        let rows = store::open_incidents(tx, owner).await?;
        views(tx, staff, &areas, rows, Some(school)).await
    }

    /// Whether an incident of an owner is over by what devices measure; so is one that is not known. For what was authorized already.
    pub async fn is_over(&self, tx: &mut Tx, owner: MunicipalityId, incident: Uuid) -> Result<bool> {
        store::is_over(tx, owner, incident).await
    }

    /// A page of incidents in scope, closed ones too, the newest first; with where the next page begins.
    pub async fn incidents(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        school: Option<SchoolId>,
        before: Before,
        limit: i64,
    ) -> Result<(Vec<IncidentView>, Option<Before>)> {
        let areas = staff.areas(Right::ViewFigures, owner)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, staff, owner, school).await?;
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::past_incidents(&mut tx, area.municipality(), before, limit + 1).await?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.opened_at, row.incident_id)));
        // An incident of several owners stands here several times; all its rows belong to one page.
        let mut ids: Vec<_> = rows.iter().map(|row| (row.opened_at, row.incident_id)).collect();
        ids.dedup();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = (ids.len() > most).then(|| ids[most - 1]);
        let last = ids.get(most.min(ids.len()).saturating_sub(1)).copied().unwrap_or((0, Uuid::nil()));
        rows.retain(|row| (row.opened_at, row.incident_id) >= last);
        Ok((views(&mut tx, staff, &areas, rows, school).await?, next))
    }

    /// One incident. Reasons: RIGHT_MISSING, INCIDENT_NOT_FOUND.
    pub async fn incident(&self, staff: &Staff, incident: Uuid) -> Result<IncidentView> {
        let areas = staff.areas(Right::ViewFigures, None)?;
        let mut tx = self.db.read().await?;
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::incident_of(&mut tx, area, incident).await?);
        }
        let found = views(&mut tx, staff, &areas, rows, None).await?.pop();
        found.ok_or_else(|| Error::not_found("INCIDENT_NOT_FOUND", say::incident_unknown(incident)))
    }

    /// Sends each incident in scope that is not closed, then each one that changes, until the receiver is gone or `stop` becomes
    /// true. Rights are asked for at each look. Reasons: as for [`Network::open_incidents`]; at the end SHUTTING_DOWN.
    pub async fn watch(
        &self,
        access: &Access,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<mpsc::Receiver<Result<IncidentView>>> {
        let first = self.open_incidents(staff, owner, None).await?;
        let (sender, receiver) = mpsc::channel(64);
        let (network, access, staff) = (self.clone(), access.clone(), staff.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = network.feed(&access, &staff, owner, first, sender.clone()) => {}
                _stopped = stop.wait_for(|stop| *stop) => {
                    let error = Error::new(Kind::Unavailable, "SHUTTING_DOWN", say_devices::watch_ends());
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
        owner: Option<MunicipalityId>,
        first: Vec<IncidentView>,
        sender: mpsc::Sender<Result<IncidentView>>,
    ) {
        let mut seen: HashMap<Uuid, IncidentView> = HashMap::new();
        let mut now: Result<Vec<IncidentView>> = Ok(first);
        loop {
            match now {
                Ok(views) => {
                    let open: Vec<_> = views.iter().map(|view| view.incident.id).collect();
                    let mut changed: Vec<_> =
                        views.into_iter().filter(|view| seen.get(&view.incident.id) != Some(view)).collect();
                    let gone: Vec<_> = seen.keys().filter(|id| !open.contains(id)).copied().collect();
                    for id in gone {
                        seen.remove(&id);
                        changed.extend(self.incident(staff, id).await.ok());
                    }
                    for view in changed {
                        if view.incident.state != IncidentState::Closed {
                            seen.insert(view.incident.id, view.clone());
                        }
                        if sender.send(Ok(view)).await.is_err() {
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
            now = match access.again(staff).await {
                Ok(staff) => self.open_incidents(&staff, owner, None).await,
                Err(error) => Err(error),
            };
        }
    }
}

async fn require_school(
    tx: &mut Tx,
    staff: &Staff,
    owner: Option<MunicipalityId>,
    school: Option<SchoolId>,
) -> Result<()> {
    match (owner, school) {
        (Some(owner), Some(school)) => visible_school(tx, staff, owner, school).await.map(drop),
        (None, _) | (Some(_), None) => Ok(()),
    }
}

/// What rows of several owners say together, in the order of the rows; those without a school in sight are left out.
async fn views(
    tx: &mut Tx,
    staff: &Staff,
    areas: &[Area],
    rows: Vec<IncidentOwnerRow>,
    only: Option<SchoolId>,
) -> Result<Vec<IncidentView>> {
    let areas: HashMap<_, _> = areas.iter().map(|area| (area.municipality().0, area)).collect();
    // Figures tell of no single device.
    let devices = staff.scope(Right::ViewDevices).ok();
    let mut order = Vec::new();
    let mut views: HashMap<Uuid, IncidentView> = HashMap::new();
    for row in rows {
        let OwnerView { mut incident, other_owners } = serde_json::from_str::<OwnerView>(&row.verdict)
            .map_err(|source| Error::internal("a stored incident can not be read", source))?;
        let owner = MunicipalityId(row.municipality_id);
        let Some(area) = areas.get(&owner.0) else { continue };
        let of_owner: Vec<_> =
            incident.owners.iter().flat_map(|share| &share.schools).filter_map(|text| id(text)).map(SchoolId).collect();
        let single = incident.verdict.element.kind == ElementKind::Device;
        let sees_devices = |school| devices.as_ref().is_some_and(|scope| scope.covers(owner, Some(school)));
        let in_sight = |school: &SchoolId| area.covers(Some(*school)) && (!single || sees_devices(*school));
        let seen: Vec<_> = of_owner.into_iter().filter(in_sight).collect();
        if seen.is_empty() || only.is_some_and(|only| !seen.contains(&only)) {
            continue;
        }
        for share in &mut incident.owners {
            share.schools.retain(|text| seen.iter().any(|school| school.to_string() == *text));
        }
        let with_devices = seen.iter().all(|school| sees_devices(*school));
        keep_in_sight(&mut incident, owner, &seen, with_devices);
        match views.get_mut(&row.incident_id) {
            Some(view) => {
                view.incident.devices += incident.devices;
                view.incident.lesson_device_minutes += incident.lesson_device_minutes;
                view.incident.owners.append(&mut incident.owners);
                view.schools.insert(owner, seen);
                view.other_owners = view.other_owners.saturating_sub(1);
            }
            None => {
                order.push(row.incident_id);
                let (schools, element_name) = (BTreeMap::from([(owner, seen)]), String::new());
                views.insert(row.incident_id, IncidentView { incident, element_name, schools, other_owners });
            }
        }
    }
    let mut found: Vec<_> = order.into_iter().filter_map(|incident| views.remove(&incident)).collect();
    for view in &mut found {
        view.element_name = element_name(tx, &areas, &view.incident.verdict.element).await?;
    }
    Ok(found)
}

/// Takes out what names a school, or a device, that the reader does not see.
fn keep_in_sight(incident: &mut Incident, owner: MunicipalityId, seen: &[SchoolId], with_devices: bool) {
    let in_sight = |kind: ElementKind, element: &str| {
        let first = element.split('/').next().unwrap_or_default();
        let of_school = seen.iter().any(|own| own.to_string() == first);
        match kind {
            ElementKind::Device => with_devices && of_school,
            ElementKind::AccessPoint | ElementKind::SchoolLan | ElementKind::SchoolLine => of_school,
            // These are taken to be one for each owner.
            ElementKind::Filter | ElementKind::Dns => owner.to_string() == first,
            ElementKind::Hub | ElementKind::Isp | ElementKind::IdentityProvider | ElementKind::Service => true,
        }
    };
    incident.evidence.alternatives.retain(|alternative| {
        let (kind, element) = alternative.explanation.split_once('/').unwrap_or((&alternative.explanation, ""));
        super::judge::ELEMENTS.iter().find(|known| known.name() == kind).is_none_or(|kind| in_sight(*kind, element))
    });
    let first = incident.first_verdict.take();
    incident.first_verdict = first.filter(|verdict| in_sight(verdict.element.kind, &verdict.element.id));
}

/// What people call an element. What has no name of its own is called by its kind alone, by the page.
async fn element_name(tx: &mut Tx, areas: &HashMap<Uuid, &Area>, element: &Element) -> Result<String> {
    let (first, rest) = element.id.split_once('/').unwrap_or((&element.id, ""));
    match element.kind {
        ElementKind::Device | ElementKind::AccessPoint | ElementKind::SchoolLan | ElementKind::SchoolLine => {
            let Some(school) = id(first).map(SchoolId) else { return Ok(String::new()) };
            for area in areas.values().filter(|area| area.covers(Some(school))) {
                let Some(row) = schools::find_school(tx, area, school).await? else { continue };
                let part = match (element.kind, id(rest)) {
                    (ElementKind::Device, Some(device)) => {
                        device_name(tx, area.municipality(), DeviceId(device)).await?
                    }
                    _ => point_name(rest),
                };
                return Ok(if part.is_empty() { row.name } else { format!("{} {part}", row.name) });
            }
            Ok(String::new())
        }
        ElementKind::Hub => Ok(topology::hub_name(tx, id(first).unwrap_or_default()).await?.unwrap_or_default()),
        ElementKind::Isp => match id(first) {
            Some(hub) => Ok(topology::hub_name(tx, hub).await?.unwrap_or_default()),
            None => Ok(first.to_owned()),
        },
        // These are taken to be one for each owner.
        ElementKind::Filter | ElementKind::Dns => match id(first).and_then(|owner| areas.get(&owner)) {
            Some(area) => Ok(schools::find_municipality(tx, area).await?.map(|row| row.name).unwrap_or_default()),
            None => Ok(String::new()),
        },
        ElementKind::IdentityProvider | ElementKind::Service => {
            let number: i64 = first.parse().unwrap_or_default();
            let found = topology::targets(tx).await?.into_iter().find(|target| target.number == number);
            Ok(found.map(|target| target.name).unwrap_or_default())
        }
    }
}

/// What people call a device: its label, or its serial number, or its id.
async fn device_name(tx: &mut Tx, municipality: MunicipalityId, device: DeviceId) -> Result<String> {
    let name = places::device_name(tx, DeviceKey { municipality, device }).await?;
    Ok(name.unwrap_or_else(|| device.to_string()))
}

/// An access point as it stands on its back: hex in pairs.
fn point_name(hex: &str) -> String {
    if hex.len() != 12 || !hex.is_ascii() {
        return hex.to_owned();
    }
    let pairs: Vec<_> = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
    pairs.join(":")
}
