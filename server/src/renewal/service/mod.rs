//! Use cases of renewal: record and take back, see what was known at a time, report it, say the rules.
//!
//! Invariants: who reaches a part of an owner only, a school, sees nothing of its money; entries and serial numbers are for
//! who sees the ledger, sums and plans for who sees renewal. A report reads what was recorded up to its time and nothing
//! else.

mod entries;
mod import;
mod reports;
mod rules;
mod spares;
mod what_if;

use std::collections::BTreeMap;

pub use self::{
    entries::{EntryView, ListOrder, RecordOrder},
    import::ImportOrder,
    reports::{Device, Exported, PartView, PartsOrder, ReportOrder, Verified, What},
    rules::RulesPreview,
    spares::{CONFIDENCE, SparesNow},
};
pub use super::{rules::said::Said, store::Shown};
use super::{
    rules::{
        CostKind, Payer,
        body::Stated,
        known::{Known, KnownEntry, TicketCost},
        ledger::{Entry, EntryId, EntryKind, Valid, known_at},
        money::Yen,
    },
    store::{self, ENTRIES_MOST, EntryRow},
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
}

impl Renewal {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        let bandwidth = Bandwidth::new(db.clone(), clock.clone(), access.clone());
        Self { db, clock, access, bandwidth }
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
        if i64::try_from(rows.len()).map_or(true, |count| count > ENTRIES_MOST) {
            return Err(Error::new(Kind::Exhausted, "LEDGER_TOO_LARGE", say::ledger_full(ENTRIES_MOST)));
        }
        let recorded: Vec<_> = rows.into_iter().map(entry_of).collect::<Result<_>>()?;
        let entries: Vec<_> = known_at(&recorded, as_of).into_iter().map(known_entry).collect::<Result<_>>()?;
        let tickets = store::ticket_costs(tx, owner, as_of).await?;
        let mut serials: BTreeMap<EntryId, Vec<String>> = BTreeMap::new();
        for (lot, serial) in store::serials(tx, owner, as_of).await? {
            serials.entry(EntryId(lot)).or_default().push(serial);
        }
        serials.retain(|lot, _| entries.iter().any(|entry| entry.id == *lot));
        Ok(Known {
            owner,
            code: row.code,
            as_of,
            entries,
            tickets: tickets.into_iter().map(ticket_cost).collect::<Result<_>>()?,
            serials,
            rules: rules::rules_at(tx, Some(owner), as_of).await?,
        })
    }
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
