//! Lists of devices, page by page, and counts.

use std::collections::{BTreeMap, HashMap};

use gigafleet_proto::v1;
use uuid::Uuid;

use super::{
    super::{
        rules::{DeviceFilter, DeviceQuery, Position},
        store::{
            self, DeviceViewRow,
            count::{self, CountRow},
            list::{self, Look, Source},
        },
    },
    Overview, areas, require_school,
};
use crate::{
    access::rules::{Area, Right, Schools, Staff},
    clock::{Timestamp, micros},
    db::Tx,
    devices::rules::presence as silence_of,
    error::{Error, Result, says::devices as say},
    schools::rules::{MunicipalityId, SchoolId},
};

/// Most devices that a fragment is looked up for; what is more frequent fills a page soon on the way through the order.
const FRAGMENT_DEVICES: i64 = 1_000;
/// Most owners that one page looks through, so that a filter which nothing matches stays quick.
const OWNERS_OF_A_PAGE: usize = 12;
/// The same for a search by fragment, which is quick.
const OWNERS_OF_A_SEARCH: usize = 100;
/// Owners whose keys are looked through side by side for a fragment.
const LOOKED_THROUGH_AT_ONCE: usize = 2;
/// Most rows of an answer to a count.
const COUNTS: usize = 5_000;
/// Most models of an answer to a count.
const MODELS: i64 = 1_000;

/// A page of devices.
#[derive(Debug, Clone)]
pub struct DevicePage {
    /// In the order that was asked for.
    pub devices: Vec<v1::Device>,
    /// Where the next page begins; none after the last.
    pub next: Option<Position>,
}

/// What devices are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The owner.
    Municipality,
    /// The school; needs an owner.
    School,
    /// The lifecycle.
    Lifecycle,
    /// The purpose.
    Purpose,
    /// The kind of operating system.
    OsKind,
    /// The model; needs an owner, and stands alone.
    Model,
}

/// How many devices there are of one kind; what was not counted by is none or 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// The owner.
    pub municipality: Option<Uuid>,
    /// The school; none also for no school.
    pub school: Option<Uuid>,
    /// Number of the lifecycle.
    pub lifecycle: i32,
    /// Number of the purpose.
    pub purpose: i32,
    /// Number of the kind of operating system.
    pub os_kind: i32,
    /// The model.
    pub model: String,
    /// Devices.
    pub device_count: u64,
}

impl Overview {
    /// A page of devices in scope, from a position on. It can be short and still have a next one.
    pub async fn devices(
        &self,
        staff: &Staff,
        query: &DeviceQuery,
        from: Option<Position>,
        limit: i64,
    ) -> Result<DevicePage> {
        self.devices_with(staff, Right::ViewDevices, query, from, limit).await
    }

    /// A page of devices where the caller has a right that includes seeing single devices. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub(super) async fn devices_with(
        &self,
        staff: &Staff,
        right: Right,
        query: &DeviceQuery,
        from: Option<Position>,
        limit: i64,
    ) -> Result<DevicePage> {
        let first = from.as_ref().map_or(Uuid::nil(), |position| position.municipality.0);
        let areas = areas(staff, right, query.filter.municipality, first)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, &areas, (query.filter.municipality, query.filter.school)).await?;
        drop(tx);
        if !self.can_be(query.filter.presence) {
            return Ok(DevicePage { devices: Vec::new(), next: None });
        }
        let seen = self.seen_range(query.filter.presence);
        let (most, at_once) = match query.filter.fragment {
            Some(_) => (OWNERS_OF_A_SEARCH, LOOKED_THROUGH_AT_ONCE),
            None => (OWNERS_OF_A_PAGE, OWNERS_OF_A_PAGE),
        };
        let behind_last = areas.get(most).map(|area| Position::start(area.municipality(), query.order));
        let mut page = DevicePage { devices: Vec::new(), next: behind_last };
        let mut listed = 0;
        for areas in areas[..most.min(areas.len())].chunks(at_once) {
            let sources = self.sources(areas, &query.filter).await?;
            if sources.is_empty() {
                continue;
            }
            let mut tx = self.db.read().await?;
            tx.plan_by_parameters().await?;
            for (area, source) in sources {
                let start = Position::start(area.municipality(), query.order);
                let behind = from.as_ref().filter(|position| position.municipality == area.municipality());
                let behind = behind.unwrap_or(&start);
                let (filter, order) = (&query.filter, query.order);
                let look = Look { source, filter, seen, order, behind, limit: limit - listed };
                let rows = list::list_devices(&mut tx, area, look).await?;
                listed += i64::try_from(rows.len()).unwrap_or(i64::MAX);
                let ids: Vec<_> = rows.iter().map(|row| row.device_id).collect();
                page.devices.extend(self.views_in_order(&mut tx, area.municipality(), &ids).await?);
                if let Some(last) = rows.into_iter().next_back().filter(|_| listed >= limit) {
                    let municipality = area.municipality();
                    let (device, number, text) = (last.device_id, last.sort_number, last.sort_text);
                    page.next = Some(Position { municipality, device, number, text });
                    keep_present(&mut page.devices, query.filter.presence);
                    return Ok(page);
                }
            }
        }
        keep_present(&mut page.devices, query.filter.presence);
        Ok(page)
    }

    /// Where to look in each of these owners; without those where nothing can match. Fragments are looked up side by side,
    /// each in a transaction of its own, so no transaction may be open here: it would hold what these wait for.
    async fn sources<'a>(&self, areas: &'a [Area], filter: &DeviceFilter) -> Result<Vec<(&'a Area, Source)>> {
        let sources = match areas {
            [one, other] => {
                let (one, other) = tokio::try_join!(self.source(one, filter), self.source(other, filter))?;
                vec![one, other]
            }
            areas => {
                let mut sources = Vec::with_capacity(areas.len());
                for area in areas {
                    sources.push(self.source(area, filter).await?);
                }
                sources
            }
        };
        Ok(areas.iter().zip(sources).filter_map(|(area, source)| Some((area, source?))).collect())
    }

    /// Where to look for devices of an owner; none if nothing there can match.
    async fn source(&self, area: &Area, filter: &DeviceFilter) -> Result<Option<Source>> {
        if let Some(school) = filter.school.or_else(|| only_school(area)) {
            return Ok(Some(Source::School(school)));
        }
        let Some(fragment) = &filter.fragment else { return Ok(Some(Source::Owner)) };
        let mut tx = self.db.read().await?;
        tx.plan_by_parameters().await?;
        let found = list::find_by_fragment(&mut tx, area.municipality(), fragment, FRAGMENT_DEVICES + 1).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let few = i64::try_from(found.len()).is_ok_and(|count| count <= FRAGMENT_DEVICES);
        let devices = found.into_iter().map(|(device,)| device).collect();
        Ok(Some(if few { Source::Devices(devices) } else { Source::Owner }))
    }

    async fn views_in_order(
        &self,
        tx: &mut Tx,
        municipality: MunicipalityId,
        devices: &[Uuid],
    ) -> Result<Vec<v1::Device>> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        let rows = store::find_device_views(tx, municipality, devices).await?;
        let mut rows: HashMap<Uuid, DeviceViewRow> = rows.into_iter().map(|row| (row.device_id, row)).collect();
        let ordered = devices.iter().filter_map(|device| rows.remove(device)).collect();
        self.view(tx, ordered).await
    }

    /// Whether any device can be of a presence now: silence is known only after this server listened for long enough, and
    /// from then on it is never unknown.
    fn can_be(&self, presence: Option<v1::Presence>) -> bool {
        let now = self.clock.now();
        // Of a device that was never heard since, it says which of the two it is.
        let since = self.checkins.presence().listening_since(now);
        let of_silence = silence_of(Some(Timestamp(0)), since, self.checkins.interval(), now);
        match presence {
            Some(asked @ (v1::Presence::Silent | v1::Presence::Unknown)) => asked == of_silence,
            None | Some(v1::Presence::Unspecified | v1::Presence::Never | v1::Presence::Reporting) => true,
        }
    }

    /// When devices of a presence were last heard, as far as the database knows it, in microseconds.
    fn seen_range(&self, presence: Option<v1::Presence>) -> Option<(i64, i64)> {
        let now = self.clock.now();
        let tolerance = 2 * micros(self.checkins.interval()) + micros(std::time::Duration::from_secs(30));
        let since = now.0 - tolerance;
        match presence? {
            v1::Presence::Unspecified => None,
            v1::Presence::Never => Some((0, 0)),
            v1::Presence::Reporting => Some((since, i64::MAX)),
            // Which of the two it is depends on what this server could hear.
            v1::Presence::Silent | v1::Presence::Unknown => Some((1, since - 1)),
        }
    }

    /// How many devices there are in scope, by groups. Reasons: FIELD_INVALID, RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// SCHOOL_NOT_FOUND.
    pub async fn count_devices(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        school: Option<SchoolId>,
        groups: &[Group],
    ) -> Result<Vec<Count>> {
        let narrow = groups.iter().any(|group| matches!(group, Group::School | Group::Model));
        if narrow && municipality.is_none() {
            return Err(Error::invalid_field("municipality_id", say::count_needs_municipality()));
        }
        if groups.contains(&Group::Model) && groups.len() > 1 {
            return Err(Error::invalid_field("group_by", say::count_model_alone()));
        }
        let areas = staff.areas(Right::ViewFigures, municipality)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, &areas, (municipality, school)).await?;
        if groups == [Group::Model] {
            let mut counts = Vec::new();
            for area in &areas {
                counts.extend(count::count_models(&mut tx, area, school, MODELS).await?.into_iter().map(model_count));
            }
            return Ok(counts);
        }
        let by_school = groups.contains(&Group::School);
        let counts = grouped(&count_rows(&mut tx, areas, school, by_school).await?, groups);
        if counts.len() > COUNTS {
            return Err(Error::invalid_field("group_by", say::counts_too_many(COUNTS)));
        }
        Ok(counts)
    }

    /// The models of an owner's devices, or of a school's, that the caller may see; those of records that were folded into
    /// others may be among them. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn models(&self, staff: &Staff, owner: MunicipalityId, school: Option<SchoolId>) -> Result<Vec<String>> {
        let areas = staff.areas(Right::ViewDevices, Some(owner))?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, &areas, (Some(owner), school)).await?;
        let mut models = Vec::new();
        for area in &areas {
            match (school, area.schools()) {
                (None, Schools::All) => {
                    models.extend(count::model_names(&mut tx, owner, MODELS).await?.into_iter().map(|(model,)| model));
                }
                _ => {
                    let counts = count::count_models(&mut tx, area, school, MODELS).await?;
                    models.extend(counts.into_iter().map(|(model, _)| model).filter(|model| !model.is_empty()));
                }
            }
        }
        models.sort_unstable();
        Ok(models)
    }

    /// How many devices a list shows by number of the lifecycle, whichever lifecycles it asks for; none where the counts
    /// that are kept do not tell, since the list is narrowed by something else than place, use and system.
    pub async fn count_listed(&self, staff: &Staff, filter: &DeviceFilter) -> Result<Option<BTreeMap<i16, u64>>> {
        if !filter.is_counted() {
            return Ok(None);
        }
        let areas = staff.areas(Right::ViewDevices, filter.municipality)?;
        let mut tx = self.db.read().await?;
        require_school(&mut tx, &areas, (filter.municipality, filter.school)).await?;
        let rows = count_rows(&mut tx, areas, filter.school, false).await?;
        let listed = |row: &&CountRow| filter.purposes.allows(row.purpose) && filter.os_kinds.allows(row.os_kind);
        let mut counts = BTreeMap::new();
        for row in rows.iter().filter(listed) {
            *counts.entry(row.lifecycle).or_insert(0) += row.device_count;
        }
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        Ok(Some(counts.map(|(lifecycle, count): (_, i64)| (lifecycle, count.unsigned_abs())).collect()))
    }

    /// Adds up what transactions counted apart. Gives how many counts changed.
    pub async fn fold_counts(&self) -> Result<u64> {
        let mut tx = self.db.read().await?;
        let owners = count::unfolded_owners(&mut tx).await?;
        drop(tx);
        let mut rows = 0;
        for (owner,) in owners {
            let mut tx = self.db.begin().await?;
            rows += count::fold_slots(&mut tx, MunicipalityId(owner)).await?;
            tx.commit().await?;
        }
        Ok(rows)
    }
}

/// The counts of whole owners at once, of parts of owners one by one.
async fn count_rows(tx: &mut Tx, areas: Vec<Area>, school: Option<SchoolId>, by_school: bool) -> Result<Vec<CountRow>> {
    let (whole, parts): (Vec<_>, Vec<_>) =
        areas.into_iter().partition(|area| school.is_none() && !by_school && *area.schools() == Schools::All);
    let mut rows = Vec::new();
    if !whole.is_empty() {
        let owners: Vec<_> = whole.iter().map(Area::municipality).collect();
        rows.extend(count::count_owners(tx, &owners).await?);
    }
    for area in &parts {
        rows.extend(count::count_area(tx, area, school).await?);
    }
    Ok(rows)
}

/// The school of an area that is one school.
fn only_school(area: &Area) -> Option<SchoolId> {
    match area.schools() {
        Schools::All => None,
        Schools::Only(schools) => schools.first().copied().filter(|_| schools.len() == 1),
    }
}

/// What the server knows beyond the database decides: a device was heard, or could not have been.
fn keep_present(devices: &mut Vec<v1::Device>, presence: Option<v1::Presence>) {
    if let Some(presence) = presence.filter(|presence| *presence != v1::Presence::Unspecified) {
        devices.retain(|device| device.presence() == presence);
    }
}

fn model_count((model, devices): (String, i64)) -> Count {
    Count { model, device_count: devices.unsigned_abs(), ..Count::default() }
}

fn grouped(rows: &[CountRow], groups: &[Group]) -> Vec<Count> {
    let by = |group| groups.contains(&group);
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    for row in rows {
        let key = (
            by(Group::Municipality).then_some(row.municipality_id),
            by(Group::School).then_some(row.school_id).filter(|school| !school.is_nil()),
            if by(Group::Lifecycle) { row.lifecycle } else { 0 },
            if by(Group::Purpose) { row.purpose } else { 0 },
            if by(Group::OsKind) { row.os_kind } else { 0 },
        );
        *sums.entry(key).or_default() += row.device_count;
    }
    let count = |((municipality, school, lifecycle, purpose, os_kind), devices): (_, i64)| Count {
        municipality,
        school,
        lifecycle: i32::from(lifecycle),
        purpose: i32::from(purpose),
        os_kind: i32::from(os_kind),
        model: String::new(),
        device_count: devices.unsigned_abs(),
    };
    sums.into_iter().filter(|(_, devices)| *devices > 0).map(count).collect()
}
