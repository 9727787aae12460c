//! Use cases of renewal: record and take back, see what was known at a time, report it, say the rules.
//!
//! Invariants: who reaches a part of an owner only, a school, sees nothing of its money; entries and serial numbers are for
//! who sees the ledger, sums and plans for who sees renewal. A report reads what was recorded up to its time and nothing
//! else.

mod advice;
mod entries;
mod figures;
mod files;
mod import;
mod known;
mod lives;
mod owners;
mod recording;
mod reports;
mod rule_history;
mod rules;
mod spares;
mod what_if;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub use self::{
    advice::{AdviceOrder, RepairAdvice},
    entries::{EntryView, ListOrder, RecordOrder},
    figures::FiguresUnder,
    files::Exported,
    import::ImportOrder,
    lives::LivesReport,
    owners::{OwnerRow, OwnersReport},
    reports::{Device, EntryDetail, PartView, PartsOrder, ReportOrder, Verified, What},
    rule_history::RulesDeed,
    rules::RulesPreview,
    spares::{CONFIDENCE, SparesNow, SparesOrder, SparesReport},
};
use super::{
    rules::ledger::{Entry, EntryId, EntryKind, Valid},
    store::EntryRow,
};
pub use super::{rules::said::Said, store::Shown};
use crate::{
    access::{
        rules::{Area, Right, Staff, days::parse_date},
        service::Access,
    },
    bandwidth::service::Bandwidth,
    clock::{Clock, Timestamp},
    db::Db,
    error::{Error, Kind, Result, says::renewal as say},
    schools::rules::MunicipalityId,
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
}

/// The whole of an owner, for a right over it. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
fn whole(staff: &Staff, right: Right, owner: MunicipalityId) -> Result<Area> {
    staff.area_over(right, owner, None)
}

/// Refuses more than a report reads, of which some would be left out. Reason: LEDGER_TOO_LARGE.
fn bounded<T>(rows: &[T], most: i64) -> Result<()> {
    match i64::try_from(rows.len()) {
        Ok(count) if count <= most => Ok(()),
        _ => Err(Error::new(Kind::Exhausted, "LEDGER_TOO_LARGE", say::ledger_full(most))),
    }
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
