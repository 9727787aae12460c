//! Use cases of renewal: record and take back, see what was known at a time, report it, say the rules.
//!
//! Invariants: who reaches a part of an owner only, a school, sees nothing of its money; entries and serial numbers are for
//! who sees the ledger, sums and plans for who sees renewal. A report reads what was recorded up to its time and nothing
//! else.

mod advice;
mod entries;
mod files;
mod import;
mod lives;
mod reports;
mod rules;
mod spares;
mod what_if;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::Semaphore;
use uuid::Uuid;

pub use self::{
    advice::{AdviceOrder, RepairAdvice},
    entries::{EntryView, ListOrder, RecordOrder},
    files::Exported,
    import::ImportOrder,
    lives::LivesReport,
    reports::{Device, PartView, PartsOrder, ReportOrder, Verified, What},
    rules::RulesPreview,
    spares::{CONFIDENCE, SparesNow, SparesOrder, SparesReport},
};
pub use super::{rules::said::Said, store::Shown};
use super::{
    rules::{
        CostKind, Payer,
        body::Stated,
        known::{Known, KnownEntry, LotDevices, TicketCost},
        ledger::{Entry, EntryId, EntryKind, Valid, known_at},
        money::Yen,
    },
    store::{self, COSTS_MOST, ENTRIES_MOST, EntryRow},
};
use crate::{
    access::{
        rules::{Area, Right, Staff, days::parse_date},
        service::Access,
    },
    bandwidth::service::Bandwidth,
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    error::{Error, Kind, Result, says::renewal as say},
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::municipality_not_found,
        store::find_municipality,
    },
};

/// Keeps the ledger and reports of it.
#[derive(Debug, Clone)]
pub struct Renewal {
    db: Db,
    clock: Clock,
    access: Access,
    bandwidth: Bandwidth,
    /// Places for files that are written.
    writing: Arc<Semaphore>,
}

impl Renewal {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        let bandwidth = Bandwidth::new(db.clone(), clock.clone(), access.clone());
        let writing = Arc::new(Semaphore::new(files::WRITTEN_AT_ONCE));
        Self { db, clock, access, bandwidth, writing }
    }

    /// The time of a list or a report: the one that is asked for, or now. What was recorded can be a little newer than now
    /// where several came in one microsecond; now is not before it. Reason: FIELD_INVALID.
    async fn as_of(&self, tx: &mut Tx, owners: &[Area], asked: Option<Timestamp>) -> Result<Timestamp> {
        let mut now = self.clock.now();
        for area in owners {
            let owner = area.municipality();
            let (entry, rules) = (store::newest(tx, owner).await?, store::rules::newest_of_all(tx, owner).await?);
            now = [entry, rules].into_iter().flatten().fold(now, Timestamp::max);
        }
        match asked {
            Some(asked) if asked > now => Err(Error::invalid_field("as_of_time", say::as_of_future())),
            Some(asked) => Ok(asked),
            None => Ok(now),
        }
    }

    /// All that was known of an owner at a time. Reasons: MUNICIPALITY_NOT_FOUND, LEDGER_TOO_LARGE.
    async fn known(&self, tx: &mut Tx, area: &Area, as_of: Timestamp) -> Result<Known> {
        let owner = area.municipality();
        let row = find_municipality(tx, area).await?.ok_or_else(|| municipality_not_found(owner))?;
        let rows = store::recorded_by(tx, owner, as_of).await?;
        bounded(&rows, ENTRIES_MOST)?;
        let recorded: Vec<_> = rows.into_iter().map(entry_of).collect::<Result<_>>()?;
        let entries: Vec<_> = known_at(&recorded, as_of).into_iter().map(known_entry).collect::<Result<_>>()?;
        let tickets = store::ticket_costs(tx, owner, as_of).await?;
        bounded(&tickets, COSTS_MOST)?;
        let mut known = Known {
            owner,
            code: row.code,
            as_of,
            entries,
            tickets: tickets.into_iter().map(ticket_cost).collect::<Result<_>>()?,
            devices: BTreeMap::new(),
            rules: rules::rules_at(tx, Some(owner), as_of).await?,
        };
        known.devices = lot_devices(tx, &known).await?;
        Ok(known)
    }
}

/// Refuses more than a report reads, of which some would be left out. Reason: LEDGER_TOO_LARGE.
fn bounded<T>(rows: &[T], most: i64) -> Result<()> {
    match i64::try_from(rows.len()) {
        Ok(count) if count <= most => Ok(()),
        _ => Err(Error::new(Kind::Exhausted, "LEDGER_TOO_LARGE", say::ledger_full(most))),
    }
}

/// What was known of the devices of an owner's lots.
async fn lot_devices(tx: &mut Tx, known: &Known) -> Result<BTreeMap<EntryId, LotDevices>> {
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let named = store::named_devices(tx, known.owner, known.as_of).await?;
    let of_lot = |(lot, named): (Uuid, i64)| (EntryId(lot), LotDevices { named: count(named), disposed: 0 });
    let mut devices: BTreeMap<_, _> = named.into_iter().map(of_lot).collect();
    let standing: BTreeSet<_> = known.lots().map(|(lot, ..)| lot).collect();
    devices.retain(|lot, _| standing.contains(lot));
    let gone = known.disposed();
    if !gone.is_empty() {
        let gone: Vec<_> = gone.iter().map(String::as_str).collect();
        for (lot, _) in store::lots_with(tx, known.owner, &gone, known.as_of).await? {
            if let Some(of_lot) = devices.get_mut(&EntryId(lot)) {
                of_lot.disposed += 1;
            }
        }
    }
    Ok(devices)
}

/// The whole of an owner, for a right over it. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
fn whole(staff: &Staff, right: Right, owner: MunicipalityId) -> Result<Area> {
    staff.area_over(right, owner, None)
}

fn damaged(what: &'static str) -> Error {
    Error::internal("a stored entry of the ledger can not be read", what)
}

fn day(text: &str) -> Result<time::Date> {
    parse_date("day", text).map_err(|_| damaged("day"))
}

/// An entry as it is stored.
fn entry_of(row: EntryRow) -> Result<Entry> {
    Ok(Entry {
        id: EntryId(row.entry_id),
        kind: EntryKind::from_number(row.kind).ok_or_else(|| damaged("kind"))?,
        valid: Valid { from: day(&row.valid_from)?, to: row.valid_to.as_deref().map(day).transpose()? },
        recorded_at: Timestamp(row.recorded_at),
        body: serde_json::from_str(&row.body).map_err(|_| damaged("body"))?,
        reverses: row.reverses_entry_id.map(EntryId),
    })
}

fn known_entry(entry: &Entry) -> Result<KnownEntry> {
    let stated = Stated::read(entry.kind, entry.valid.from, &entry.body).map_err(|_| damaged("what is said"))?;
    Ok(KnownEntry { id: entry.id, recorded_at: entry.recorded_at, stated })
}

fn ticket_cost(row: store::TicketCostRow) -> Result<TicketCost> {
    Ok(TicketCost {
        id: row.cost_id,
        number: row.number,
        kind: CostKind::from_number(row.kind).ok_or_else(|| damaged("kind of a ticket's cost"))?,
        payer: Payer::from_number(row.payer).ok_or_else(|| damaged("payer of a ticket's cost"))?,
        amount: Yen::new(row.amount_yen).map_err(|_| damaged("amount of a ticket's cost"))?,
        on: day(&row.spent_on)?,
        school: row.school_id.map(SchoolId),
        device: row.device_id,
    })
}
