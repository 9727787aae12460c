//! A transaction that records: all is checked first, under the lock of the owner, then written at one time.
//!
//! Invariants: whoever else records at the owner waits until it ends; time of recording is taken under that lock when
//! nothing is left but writing; what is refused wrote nothing.

use std::collections::{BTreeMap, BTreeSet};

use time::Date;
use uuid::Uuid;

use super::{
    Renewal, bounded, damaged,
    entries::{EntryView, entry_exists, entry_not_found},
    entry_of,
};
use crate::{
    access::{
        rules::{Staff, days::date_text},
        service::audit::Actor,
    },
    clock::Timestamp,
    db::Tx,
    devices::rules::fold::serial_key,
    error::{Error, FieldViolation, Kind, Result, says::renewal as say},
    renewal::{
        rules::{
            body::{Body, Stated},
            ledger::{Entry, EntryId, next_recorded_at},
            lots::{COUNT_MOST, serials::Numbered},
            open_ledger::{Irreversible, NOT_YET, OpenLedger, SAID_MOST},
            report::content::canonical,
            said::Said,
        },
        store::{self, ENTRIES_MOST, EntryRow, ListedRow},
    },
    schools::{rules::MunicipalityId, store::lock_money},
};

/// What was recorded until now, whatever the clock says.
pub(super) const LATEST: Timestamp = Timestamp(i64::MAX);

/// A checked entry, before it is recorded.
pub(super) struct Checked {
    pub id: EntryId,
    pub stated: Stated,
    pub devices: Vec<Numbered>,
    pub corrects: Option<(EntryId, String)>,
}

/// What is recorded in one transaction.
pub(super) struct Recording {
    pub tx: Tx,
    pub owner: MunicipalityId,
    recorder: Actor,
    /// What was recorded before, and what is going to be.
    ledger: OpenLedger,
    /// What is going to be recorded, in its order, each with its devices.
    new: Vec<(Entry, Vec<Numbered>)>,
    /// Devices of those, by folded serial number.
    named: BTreeMap<String, EntryId>,
}

/// Until when devices must not be disposed of, by folded serial number.
pub(super) struct Restrictions(BTreeMap<String, Date>);

impl Restrictions {
    /// Until when the device of a serial number must not be, if there is a day.
    pub fn until(&self, serial: &str) -> Option<Date> {
        serial_key(serial).and_then(|key| self.0.get(&key).copied())
    }
}

/// As it is stored.
fn stored(stated: &Stated) -> Result<serde_json::Value> {
    stated.store().map_err(|source| Error::internal("an entry could not be written", source))
}

/// What somebody said, without what the product made of it, as one text: of the same row it is the same.
pub(super) fn said_text(stated: &Stated, said: &Said, devices: &[Numbered]) -> Result<String> {
    let serials: Vec<_> = devices.iter().map(|device| device.key.as_str()).collect();
    let said = canonical(&stored(&stated.as_said(said))?);
    Ok(format!("{} {said} {}", stated.body.kind().to_number(), serials.join(" ")))
}

/// Why an entry can not be taken back.
pub(super) fn irreversible(entry: EntryId, why: Irreversible) -> Error {
    match why {
        Irreversible::Unknown => entry_not_found(entry),
        Irreversible::IsReversal => Error::new(Kind::Precondition, "ENTRY_IS_REVERSAL", say::reverses_reversal()),
        Irreversible::IsReversed => Error::new(Kind::Precondition, "ENTRY_REVERSED", say::reversed_already()),
    }
}

impl Renewal {
    /// Begins to record: whoever else records at this owner waits. Reason: LEDGER_TOO_LARGE.
    pub(super) async fn recording(&self, staff: &Staff, owner: MunicipalityId) -> Result<Recording> {
        let mut tx = self.db.begin().await?;
        lock_money(&mut tx, owner).await?;
        let rows = store::recorded_by(&mut tx, owner, LATEST).await?;
        bounded(&rows, ENTRIES_MOST)?;
        let entries: Vec<_> = rows.into_iter().map(entry_of).collect::<Result<_>>()?;
        let ledger = OpenLedger::of(entries).map_err(|_| damaged("what is said"))?;
        Ok(Recording { tx, owner, recorder: Actor::from(staff), ledger, new: Vec::new(), named: BTreeMap::new() })
    }

    /// Writes what was added and commits; the last entry. The time is taken here, where nothing is left to wait for.
    pub(super) async fn write(&self, recording: Recording) -> Result<Option<EntryView>> {
        let Recording { mut tx, owner, recorder, ledger, new, .. } = recording;
        let at = next_recorded_at(ledger.newest(), self.clock.now());
        let mut last = None;
        for (entry, devices) in new {
            let row = EntryRow {
                entry_id: entry.id.0,
                kind: entry.kind.to_number(),
                valid_from: date_text(entry.valid.from),
                valid_to: entry.valid.to.map(date_text),
                recorded_at: at.0,
                body: entry.body.to_string(),
                reverses_entry_id: entry.reverses.map(|reversed| reversed.0),
                recorder_id: recorder.id,
                recorder_name: recorder.name.clone(),
            };
            if !store::insert(&mut tx, owner, &row).await? {
                return Err(entry_exists());
            }
            if !devices.is_empty() {
                store::insert_devices(&mut tx, owner, entry.id, &devices).await?;
            }
            last = Some(row);
        }
        tx.commit().await?;
        last.map(|row| EntryView::of(owner, ListedRow { entry: row, reversed_by: None })).transpose()
    }
}

impl Recording {
    /// The entry that is recorded under the id already, if the same was said of it. Reason: ENTRY_EXISTS.
    pub async fn same(&mut self, checked: &Checked, said: &Said) -> Result<Option<EntryView>> {
        let Some(row) = store::find(&mut self.tx, self.owner, checked.id, LATEST).await? else {
            return Ok(None);
        };
        let view = EntryView::of(self.owner, row)?;
        let is_said = view.stated.as_ref().is_some_and(|known| known.as_said(said) == checked.stated.as_said(said));
        let most = i64::from(COUNT_MOST) + 1;
        let devices = store::devices(&mut self.tx, self.owner, checked.id, 0, most).await?;
        let serials = checked.devices.iter().map(|device| device.serial.as_str());
        let is_same = is_said
            && self.corrected_with(&view.entry) == checked.corrects
            && devices.iter().map(|device| device.serial.as_str()).eq(serials);
        if is_same { Ok(Some(view)) } else { Err(entry_exists()) }
    }

    /// What an entry corrects, and why.
    fn corrected_with(&self, entry: &Entry) -> Option<(EntryId, String)> {
        let reversal = self.ledger.reversals_with(entry).next()?;
        Some((reversal.reverses?, reversal.reason()?.to_owned()))
    }

    /// Until when devices of a disposal must not be disposed of.
    pub async fn restrictions(&mut self, said: &Said) -> Result<Restrictions> {
        let mut ends = BTreeMap::new();
        let Said::Disposal(disposal) = said else { return Ok(Restrictions(ends)) };
        let keys: BTreeSet<_> = disposal.devices.iter().filter_map(|device| serial_key(&device.serial)).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let mut of_lots = BTreeMap::new();
        for (lot, key) in store::lots_with(&mut self.tx, self.owner, &keys, LATEST).await? {
            let end = *of_lots.entry(lot).or_insert_with(|| self.restriction_of(EntryId(lot)));
            if let Some(end) = end {
                let latest = ends.entry(key).or_insert(end);
                *latest = end.max(*latest);
            }
        }
        Ok(Restrictions(ends))
    }

    fn restriction_of(&self, lot: EntryId) -> Option<Date> {
        let entry = self.ledger.find(lot)?;
        let stated = Stated::read(entry.kind, entry.valid.from, &entry.body).ok()?;
        let Body::Lot(lot) = stated.body else { return None };
        lot.restriction_end
    }

    /// What stands and says something of the same year and school.
    pub fn standing(&self, stated: &Stated) -> Result<Option<(EntryId, Stated)>> {
        let Some(entry) = self.ledger.standing(stated).and_then(|id| self.ledger.find(id)) else { return Ok(None) };
        let other = Stated::read(entry.kind, entry.valid.from, &entry.body).map_err(|_| damaged("what is said"))?;
        Ok(Some((entry.id, other)))
    }

    /// Whether an entry is there and stands.
    pub fn stands(&self, id: EntryId) -> bool {
        self.ledger.stands(id)
    }

    /// Whether an entry was taken back.
    pub fn is_reversed(&self, id: EntryId) -> bool {
        self.ledger.is_reversed(id)
    }

    /// Takes an entry back. Reasons: ENTRY_NOT_FOUND, ENTRY_IS_REVERSAL, ENTRY_REVERSED, ENTRY_EXISTS.
    pub fn reverse(&mut self, entry: EntryId, id: EntryId, reason: &str) -> Result<()> {
        let of = self.ledger.may_reverse(entry).map_err(|why| irreversible(entry, why))?;
        let reversal = of.reversal(id, NOT_YET, reason);
        self.push(reversal, Vec::new())
    }

    /// Adds a checked entry, and the reversal of what it corrects before it. Reasons: FIELD_INVALID, ENTRY_NOT_FOUND,
    /// ENTRY_IS_REVERSAL, ENTRY_REVERSED, ENTRY_EXISTS, LEDGER_TOO_LARGE.
    pub async fn add(&mut self, checked: Checked) -> Result<()> {
        let Checked { id, stated, devices, corrects } = checked;
        let kind = stated.body.kind();
        if let Some((entry, reason)) = corrects {
            self.reverse(entry, EntryId(Uuid::now_v7()), &reason)?;
            if self.ledger.find(entry).is_some_and(|corrected| corrected.kind != kind) {
                return Err(Error::invalid_field("corrects_entry_id", say::reverses_other_kind()));
            }
        }
        if let (Some(other), Some(year)) = (self.ledger.standing(&stated), stated.body.only_of()) {
            let message = say::recorded_already(year.japanese(), other);
            return Err(Error::invalid_field("fiscal_year", message));
        }
        self.require_in_no_lot(&devices).await?;
        let (valid, body) = (stated.body.valid(), stored(&stated)?);
        self.push(Entry { id, kind, valid, recorded_at: NOT_YET, body, reverses: None }, devices)
    }

    /// Refuses devices that are in another lot that stands. Reason: FIELD_INVALID.
    async fn require_in_no_lot(&mut self, devices: &[Numbered]) -> Result<()> {
        if devices.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = devices.iter().map(|device| device.key.as_str()).collect();
        let before = store::lots_with(&mut self.tx, self.owner, &keys, LATEST).await?;
        let before = before.into_iter().map(|(lot, key)| (key, EntryId(lot)));
        let before: BTreeMap<_, _> = before.filter(|(_, lot)| self.ledger.stands(*lot)).collect();
        let new = |key: &String| self.named.get(key).filter(|lot| self.ledger.stands(**lot));
        let wrong = (1..).zip(devices).filter_map(|(place, device)| {
            let lot = before.get(&device.key).or_else(|| new(&device.key))?;
            Some(FieldViolation::new(format!("serials.{place}"), say::in_another_lot(lot)))
        });
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields("FIELD_INVALID", wrong)) }
    }

    /// Adds an entry to what is written in the end. Reasons: ENTRY_EXISTS, LEDGER_TOO_LARGE.
    fn push(&mut self, entry: Entry, devices: Vec<Numbered>) -> Result<()> {
        if self.ledger.find(entry.id).is_some() {
            return Err(entry_exists());
        }
        if entry.reverses.is_none() && !self.ledger.has_room() {
            return Err(Error::new(Kind::Exhausted, "LEDGER_TOO_LARGE", say::ledger_full(SAID_MOST)));
        }
        self.ledger.add(entry.clone()).map_err(|_| damaged("what is said"))?;
        self.named.extend(devices.iter().map(|device| (device.key.clone(), entry.id)));
        self.new.push((entry, devices));
        Ok(())
    }
}
