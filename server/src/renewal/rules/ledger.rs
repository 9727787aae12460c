//! The ledger: entries that are only added, each with the time in which it holds and the time at which it was recorded.
//!
//! Invariants: an entry never changes; what was wrong is reversed by another entry, once, and written anew; time of
//! recording only rises. So what was known at a time stays what was known then, whatever is added later, and a report
//! of that time can be made again.

use std::collections::HashSet;

use serde_json::Value;
use time::Date;

use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    error::{Both, FieldViolation, says::renewal as say},
    schools::rules::id,
    tickets::rules::words,
};

id! {
    /// An entry of the ledger.
    EntryId
}

words! {
    /// What an entry is of.
    EntryKind {
        /// Devices that were bought or leased together ([`super::lots`]).
        Lot = 1, "調達", "lot";
        /// What something cost ([`super::records`]).
        Cost = 2, "費用", "cost";
        /// Devices that were disposed of ([`super::records`]).
        Disposal = 3, "処分", "disposal";
        /// How many pupils there are in a year ([`super::board`]).
        Pupils = 4, "児童生徒数", "pupils";
        /// Devices that are to be got in a year ([`super::board`]).
        Planned = 5, "整備予定", "planned devices";
        /// What is to become of devices that are replaced ([`super::board`]).
        DisposalPlan = 6, "処分計画", "planned disposal";
        /// Schools by whether they reached the speed that is needed, as it was counted ([`super::board`]).
        Network = 7, "ネットワーク整備状況", "networks";
    }
}

/// The days in which something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid {
    /// The first day.
    pub from: Date,
    /// The last one; none where it goes on.
    pub to: Option<Date>,
}

impl Valid {
    /// One day alone.
    pub fn on(day: Date) -> Self {
        Self { from: day, to: Some(day) }
    }

    /// From a day on.
    pub fn since(day: Date) -> Self {
        Self { from: day, to: None }
    }

    /// From the first day to the last. Refused: a last one before the first.
    pub fn between(field: &'static str, from: Date, to: Date) -> Result<Self, FieldViolation> {
        if to < from {
            return Err(FieldViolation::new(field, say::ends_before(date_text(from))));
        }
        Ok(Self { from, to: Some(to) })
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// By which others name it.
    pub id: EntryId,
    /// What it is of.
    pub kind: EntryKind,
    /// When it holds.
    pub valid: Valid,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it says; of a reversal, why.
    pub body: Value,
    /// The entry that it takes back, if it is a reversal.
    pub reverses: Option<EntryId>,
}

/// Entries, each with its id and what it takes back, without reversals and without what they take back.
pub fn without_reversed<E>(mut all: Vec<E>, of: impl Fn(&E) -> (EntryId, Option<EntryId>)) -> Vec<E> {
    let reversed: HashSet<EntryId> = all.iter().filter_map(|one| of(one).1).collect();
    all.retain(|one| {
        let (id, reverses) = of(one);
        reverses.is_none() && !reversed.contains(&id)
    });
    all
}

/// What was known at a time: entries recorded by then, without reversals and without what they take back. By first day,
/// recording and id.
#[cfg(test)]
pub fn known_at(entries: &[Entry], recorded_at: Timestamp) -> Vec<&Entry> {
    let recorded = entries.iter().filter(|entry| entry.recorded_at <= recorded_at).collect();
    let mut live: Vec<&Entry> = without_reversed(recorded, |entry| (entry.id, entry.reverses));
    live.sort_by_key(|entry| (entry.valid.from, entry.recorded_at, entry.id));
    live
}

/// When the next entry is recorded: now, or just after the newest one where a clock is behind it.
pub fn next_recorded_at(newest: Option<Timestamp>, now: Timestamp) -> Timestamp {
    newest.map_or(now, |newest| now.max(Timestamp(newest.0.saturating_add(1))))
}

impl Entry {
    /// Why, of a reversal.
    pub fn reason(&self) -> Option<&str> {
        self.body.get("reason").and_then(Value::as_str)
    }

    /// The entry that takes this one back, and why.
    #[must_use]
    pub fn reversal(&self, id: EntryId, recorded_at: Timestamp, reason: &str) -> Self {
        let body = serde_json::json!({ "reason": reason });
        Self { id, kind: self.kind, valid: self.valid, recorded_at, body, reverses: Some(self.id) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::access::rules::days::parse_date;

    fn day(text: &str) -> Date {
        parse_date("day", text).unwrap()
    }

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    fn entry(number: u128, from: &str, recorded: i64) -> Entry {
        Entry {
            id: id(number),
            kind: EntryKind::Cost,
            valid: Valid::on(day(from)),
            recorded_at: Timestamp(recorded),
            body: json!(number),
            reverses: None,
        }
    }

    #[test]
    fn what_was_known_then_stays_known_then() {
        let lot = entry(1, "2025-04-01", 10);
        let mut entries = vec![lot.clone(), entry(2, "2025-03-31", 20)];
        let known = |entries: &[Entry], at| {
            known_at(entries, Timestamp(at)).into_iter().map(|entry| entry.id.0.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(known(&entries, 9), [0; 0]);
        assert_eq!(known(&entries, 20), [2, 1], "by the first day");
        // Corrected after it was published: it came a year earlier.
        entries.extend([lot.reversal(id(3), Timestamp(30), "検収日の誤り"), entry(4, "2024-04-01", 30)]);
        assert_eq!(known(&entries, 29), [2, 1]);
        assert_eq!(known(&entries, 30), [4, 2]);
    }

    #[test]
    fn time_of_recording_only_rises() {
        assert_eq!(next_recorded_at(None, Timestamp(5)), Timestamp(5));
        assert_eq!(next_recorded_at(Some(Timestamp(1)), Timestamp(5)), Timestamp(5));
        assert_eq!(next_recorded_at(Some(Timestamp(10)), Timestamp(5)), Timestamp(11), "the clock is behind");
        assert!(Valid::between("to", day("2025-04-02"), day("2025-04-01")).is_err());
    }
}
