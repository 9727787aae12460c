//! What persons do with single devices: add, edit, move through life, look at what happened.

use uuid::Uuid;

use super::{
    claims::{Saying, note_sayings},
    etag_mismatch,
    identity::{deed, event, meet_others},
    out_of_sight, reachable_device,
};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    console::words::{
        Language,
        devices::{value_text, verb_text},
    },
    db::{Db, Tx, is_unique_violation},
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::{Claims, Shown, shown},
            events::EventKind,
            fields::{Field, FieldValue, Lifecycle, Source},
            lifecycle::{NotAllowed, Verb, moved, open_verbs},
        },
        store::{
            self,
            claims::{self as claim_store, DeviceClaim},
            timeline as timeline_store,
        },
    },
    error::{
        Both, Error, FieldViolation, Kind, Result,
        says::{devices as say, fields},
    },
    schools::{
        rules::{MunicipalityId, SchoolId},
        store as schools,
    },
};

/// Keeps the registry.
#[derive(Debug, Clone)]
pub struct Registry {
    db: Db,
    clock: Clock,
    access: Access,
}

/// What a person says of a field.
pub type Said = (Field, FieldValue);

impl Registry {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        Self { db, clock, access }
    }

    /// Adds a device by hand. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID,
    /// DEVICE_EXISTS.
    pub async fn create(
        &self,
        staff: &Staff,
        id: Option<Uuid>,
        municipality: MunicipalityId,
        said: Vec<Said>,
    ) -> Result<DeviceId> {
        let area = staff.area_for(Right::EditDevices, municipality)?;
        let identified = |field| said.iter().any(|(f, value)| *f == field && *value != FieldValue::Nothing);
        if !identified(Field::Label) && !identified(Field::SerialNumber) {
            return Err(Error::invalid_field("fields", say::needs_label_or_serial()));
        }
        require_each_once(&said)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let school = school_of(&said);
        require_school(&mut tx, &area, school.unwrap_or(None)).await?;
        let key = DeviceKey { municipality, device: DeviceId(id.unwrap_or_else(Uuid::now_v7)) };
        let mut claims = Claims::new();
        for (field, value) in said {
            claims.say(field, value, now);
        }
        let columns = shown(&[(Source::Person, claims.clone())]).columns();
        claim_store::insert_devices(&mut tx, &[(key, columns)], now).await.map_err(|error| {
            if is_unique_violation(&error) {
                Error::new(Kind::Exists, "DEVICE_EXISTS", say::device_exists()).with_source(error)
            } else {
                error
            }
        })?;
        claim_store::upsert_claims(&mut tx, &[DeviceClaim { key, source: Source::Person, claims }], now).await?;
        let events = [event(key, EventKind::Created, &staff.name, serde_json::json!({}), now)];
        claim_store::insert_events(&mut tx, &events, now).await?;
        self.access.audit(&mut tx, staff, deed(key, "device.create", serde_json::json!({}))).await?;
        meet_others(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok(key.device)
    }

    /// Says by hand what fields hold. Reasons: DEVICE_NOT_FOUND, SCHOOL_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH,
    /// FIELD_INVALID.
    pub async fn update(&self, staff: &Staff, device: DeviceId, seen: Option<i64>, said: Vec<Said>) -> Result<()> {
        if said.is_empty() {
            return Err(Error::invalid_field("fields", fields::names_no_field()));
        }
        require_each_once(&said)?;
        refuse_lifecycle(said.iter().map(|(field, _)| *field))?;
        self.edit(staff, device, seen, said, Vec::new(), "device.update").await
    }

    /// Withdraws what was said by hand. Reasons: as of [`Registry::update`].
    pub async fn clear(&self, staff: &Staff, device: DeviceId, seen: Option<i64>, fields: Vec<Field>) -> Result<()> {
        if fields.is_empty() {
            return Err(Error::invalid_field("names", fields::names_no_field()));
        }
        refuse_lifecycle(fields.iter().copied())?;
        self.edit(staff, device, seen, Vec::new(), fields, "device.clear_fields").await
    }

    async fn edit(
        &self,
        staff: &Staff,
        device: DeviceId,
        seen: Option<i64>,
        said: Vec<Said>,
        withdrawn: Vec<Field>,
        action: &'static str,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let key = take(&mut tx, staff, device, seen).await?;
        if let Some(school) = school_of(&said) {
            let area = staff.area_for(Right::EditDevices, key.municipality)?;
            require_school(&mut tx, &area, school).await?;
        }
        let Some(deed) = say_taken(&mut tx, staff, key, (said, withdrawn), action, now).await? else {
            // Nothing is news: the version that was taken is given back.
            return Ok(());
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// Moves a device through its life. Reasons: DEVICE_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH, MOVE_NOT_ALLOWED.
    pub async fn move_device(
        &self,
        staff: &Staff,
        device: DeviceId,
        seen: Option<i64>,
        verb: Verb,
        reason: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let key = take(&mut tx, staff, device, seen).await?;
        let Some(deed) = move_taken(&mut tx, staff, key, verb, reason, now).await? else { return Ok(()) };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// A page of what happened to a device and the records folded into it, newest first, before a position. Other records that
    /// are out of scope are left out of what is told. Reason: DEVICE_NOT_FOUND.
    pub async fn timeline(
        &self,
        staff: &Staff,
        device: DeviceId,
        before: Option<Position>,
        limit: i64,
    ) -> Result<Vec<TimelineEntry>> {
        let mut tx = self.db.read().await?;
        let (key, _) = reachable_device(&mut tx, staff, Right::ViewDevices, device).await?;
        let before = before.unwrap_or(Position { at: i64::MAX, rank: u8::MAX, id: Uuid::max() });
        let mut entries = Vec::new();
        for record in timeline_store::records_of(&mut tx, key).await? {
            let (at, id) = before.bound(EVENT_RANK);
            let events = timeline_store::list_events(&mut tx, key.municipality, record, (at, id), limit).await?;
            entries.extend(events.into_iter().map(|row| TimelineEntry {
                record: DeviceId(row.device_id),
                position: Position { at: row.occurred_at, rank: EVENT_RANK, id: row.event_id },
                kind: EventKind::from_number(row.kind.into()).unwrap_or(EventKind::Changed),
                actor_name: row.actor_name,
                details: row.details,
            }));
            let (at, id) = before.bound(TRANSITION_RANK);
            let (run, number) = id.as_u64_pair();
            let bound = (at, run.cast_signed(), number.cast_signed());
            let rows = timeline_store::list_transitions(&mut tx, key.municipality, record, bound, limit).await?;
            entries.extend(rows.into_iter().map(|row| TimelineEntry {
                record: DeviceId(row.device_id),
                position: Position {
                    at: row.occurred_at,
                    rank: TRANSITION_RANK,
                    id: Uuid::from_u64_pair(row.run_id.cast_unsigned(), row.number.cast_unsigned()),
                },
                kind: EventKind::Transition,
                actor_name: String::new(),
                details: transition_details(row.kind, row.ssid.as_deref()),
            }));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.position));
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let hidden = out_of_sight(&mut tx, staff, key.municipality, entries.iter().filter_map(other_of)).await?;
        for entry in entries.iter_mut().filter(|entry| other_of(entry).is_some_and(|other| hidden.contains(&other))) {
            entry.details = without_other(&entry.details);
        }
        Ok(entries)
    }
}

const EVENT_RANK: u8 = 2;
const TRANSITION_RANK: u8 = 1;

/// Where a page of a timeline begins: time, kind of source, id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Microseconds.
    pub at: i64,
    /// Which source.
    pub rank: u8,
    /// Which entry of it.
    pub id: Uuid,
}

impl Position {
    /// The time and id before which a source's entries come after this position.
    fn bound(self, rank: u8) -> (i64, Uuid) {
        match rank.cmp(&self.rank) {
            std::cmp::Ordering::Less => (self.at, largest()),
            std::cmp::Ordering::Equal => (self.at, self.id),
            std::cmp::Ordering::Greater => (self.at, Uuid::nil()),
        }
    }
}

/// Beyond all ids, and as a pair of numbers beyond all runs.
fn largest() -> Uuid {
    Uuid::from_u64_pair(i64::MAX.cast_unsigned(), i64::MAX.cast_unsigned())
}

/// One thing that happened to a device.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// The record it happened to.
    pub record: DeviceId,
    /// When, and its place among others of the time.
    pub position: Position,
    /// What.
    pub kind: EventKind,
    /// Who did it.
    pub actor_name: String,
    /// JSON.
    pub details: String,
}

/// The record beside the device that an entry names.
fn other_of(entry: &TimelineEntry) -> Option<Uuid> {
    let details: serde_json::Value = serde_json::from_str(&entry.details).ok()?;
    Uuid::try_parse(details.get("other")?.as_str()?).ok()
}

fn without_other(details: &str) -> String {
    let mut details: serde_json::Value = serde_json::from_str(details).unwrap_or_default();
    if let Some(members) = details.as_object_mut() {
        members.remove("other");
    }
    details.to_string()
}

fn transition_details(kind: i16, ssid: Option<&str>) -> String {
    let name = gigafleet_proto::v1::TransitionKind::try_from(i32::from(kind)).unwrap_or_default().as_str_name();
    let name = name.trim_start_matches("TRANSITION_KIND_").to_lowercase();
    serde_json::json!({ "kind": name, "ssid": ssid }).to_string()
}

/// What is shown of a device, with sources and times.
pub async fn shown_of(tx: &mut Tx, key: DeviceKey) -> Result<Shown> {
    let claims = claim_store::read_claims(tx, &[key]).await?;
    Ok(shown(&claims.into_iter().map(|claim| (claim.source, claim.claims)).collect::<Vec<_>>()))
}

/// The verbs that are open for a device of which this is shown.
pub fn verbs_of(shown: &Shown, now: Timestamp) -> Vec<Verb> {
    let (from, since) = standing(shown);
    open_verbs(from, since, now)
}

/// Where a device stands in its life, and since when.
pub fn standing(shown: &Shown) -> (Lifecycle, Option<Timestamp>) {
    let lifecycle = shown.number(Field::Lifecycle).and_then(Lifecycle::from_number).unwrap_or(Lifecycle::Unknown);
    (lifecycle, shown.get(Field::Lifecycle).map(|field| field.said_at))
}

/// Takes the next version of a device that the caller may edit, in the caller's transaction: whoever else changes the device waits
/// until that ends, and is refused then. `seen` is the version the caller saw, none to do without the check. Reasons:
/// DEVICE_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
pub async fn take(tx: &mut Tx, staff: &Staff, device: DeviceId, seen: Option<i64>) -> Result<DeviceKey> {
    let (key, row) = reachable_device(tx, staff, Right::EditDevices, device).await?;
    if seen.is_some_and(|seen| seen != row.version) || !store::take_version(tx, key, row.version).await? {
        return Err(etag_mismatch());
    }
    Ok(key)
}

/// Moves a device whose version was taken; none where it is there already. The entry for the audit log comes back, for the end of
/// the transaction: there all that change something of an owner wait for each other. Reason: MOVE_NOT_ALLOWED.
pub async fn move_taken(
    tx: &mut Tx,
    staff: &Staff,
    key: DeviceKey,
    verb: Verb,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Deed>> {
    let (from, since) = standing(&shown_of(tx, key).await?);
    let to = match moved(from, since, verb, now) {
        Ok(Some(to)) => to,
        Ok(None) => return Ok(None),
        Err(refusal) => return Err(not_allowed(verb, refusal)),
    };
    let said = vec![(Field::Lifecycle, to.into())];
    note_sayings(tx, &[Saying { key, source: Source::Person, said, withdrawn: Vec::new() }], now).await?;
    let details = serde_json::json!({ "verb": verb.name(), "from": from.name(), "to": to.name(), "reason": reason });
    claim_store::insert_events(tx, &[event(key, EventKind::Moved, &staff.name, details.clone(), now)], now).await?;
    Ok(Some(deed(key, action_of(verb), details)))
}

/// Says by hand what fields of a device hold whose version was taken, and withdraws what was said of others; none where nothing of it
/// is news. What it says of a school the caller has checked. The entry for the audit log comes back, as of [`move_taken`].
pub async fn say_taken(
    tx: &mut Tx,
    staff: &Staff,
    key: DeviceKey,
    (said, withdrawn): (Vec<Said>, Vec<Field>),
    action: &'static str,
    now: Timestamp,
) -> Result<Option<Deed>> {
    let saying = Saying { key, source: Source::Person, said, withdrawn };
    let Some(changed) = note_sayings(tx, &[saying], now).await?.pop() else { return Ok(None) };
    let details = serde_json::json!({ "fields": changed.details(), "source": Source::Person.name() });
    claim_store::insert_events(tx, &[event(key, EventKind::Changed, &staff.name, details.clone(), now)], now).await?;
    if changed.fields().iter().any(|(field, ..)| matches!(field, Field::Label | Field::SerialNumber)) {
        meet_others(tx, key, now).await?;
    }
    Ok(Some(deed(key, action, details)))
}

fn require_each_once(said: &[Said]) -> Result<()> {
    let mut fields: Vec<_> = said.iter().map(|(field, _)| *field).collect();
    fields.sort_unstable();
    let twice = fields.windows(2).filter(|pair| pair[0] == pair[1]);
    let refused: Vec<_> = twice.map(|pair| FieldViolation::new(pair[0].name(), fields::named_twice())).collect();
    if refused.is_empty() { Ok(()) } else { Err(Error::invalid_fields("FIELD_INVALID", refused)) }
}

fn refuse_lifecycle(mut fields: impl Iterator<Item = Field>) -> Result<()> {
    if fields.any(|field| field == Field::Lifecycle) {
        return Err(Error::invalid_field("lifecycle", say::lifecycle_by_verb()));
    }
    Ok(())
}

/// The school that a person names; in `Some` if one is named, even as none.
fn school_of(said: &[Said]) -> Option<Option<SchoolId>> {
    let (_, value) = said.iter().find(|(field, _)| *field == Field::School)?;
    Some(match value {
        FieldValue::Text(id) => Uuid::try_parse(id).ok().map(SchoolId),
        FieldValue::Number(_) | FieldValue::Nothing => None,
    })
}

/// Refuses a school that the owner does not have or the caller does not reach; both look the same.
async fn require_school(tx: &mut Tx, area: &Area, school: Option<SchoolId>) -> Result<()> {
    let unknown = match school {
        Some(id) if !schools::school_exists(tx, area.municipality(), id).await? => true,
        school => !area.covers(school),
    };
    if unknown {
        return Err(Error::not_found("SCHOOL_NOT_FOUND", say::school_not_reached()));
    }
    Ok(())
}

fn not_allowed(verb: Verb, refusal: NotAllowed) -> Error {
    let message = match refusal {
        NotAllowed::From(from) => {
            let ja = |state: &Lifecycle| value_text(Language::Ja, state.name());
            let right = verb.allowed_from();
            let right_ja = right.iter().map(ja).collect::<Vec<_>>().join("、");
            let right_en = right.iter().map(|state| state.name()).collect::<Vec<_>>().join(", ");
            Both::of(
                say::move_not_allowed(ja(&from), verb_text(Language::Ja, verb.name()), right_ja),
                say::move_not_allowed(from.name(), verb.name(), right_en),
            )
        }
        NotAllowed::TooLate => say::disposal_final(),
    };
    Error::new(Kind::Precondition, "MOVE_NOT_ALLOWED", message)
}

fn action_of(verb: Verb) -> &'static str {
    match verb {
        Verb::PutInUse => "device.put_in_use",
        Verb::MakeSpare => "device.make_spare",
        Verb::SendToRepair => "device.send_to_repair",
        Verb::ReportLost => "device.report_lost",
        Verb::Found => "device.found",
        Verb::Retire => "device.retire",
        Verb::Dispose => "device.dispose",
        Verb::UndoDisposal => "device.undo_disposal",
    }
}
