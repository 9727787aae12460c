//! The ledger: entries that are only added, each with the time in which it holds and the time at which it was recorded.
//!
//! Invariants: an entry never changes; what was wrong is reversed by another entry, once, and written anew; time of
//! recording only rises. So what was known at a time stays what was known then, whatever is added later, and a report
//! of that time can be made again.

use std::collections::BTreeSet;

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

    /// Whether a day is one of them.
    pub fn holds_on(self, day: Date) -> bool {
        self.overlaps(Self::on(day))
    }

    /// Whether both have a day in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.to.is_none_or(|to| other.from <= to) && other.to.is_none_or(|to| self.from <= to)
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

/// What was known at a time: entries recorded by then, without reversals and without what they take back. By first day,
/// recording and id.
pub fn known_at(entries: &[Entry], recorded_at: Timestamp) -> Vec<&Entry> {
    let recorded = || entries.iter().filter(|entry| entry.recorded_at <= recorded_at);
    let reversed: BTreeSet<EntryId> = recorded().filter_map(|entry| entry.reverses).collect();
    let is_live = |entry: &&Entry| entry.reverses.is_none() && !reversed.contains(&entry.id);
    let mut live: Vec<_> = recorded().filter(is_live).collect();
    live.sort_by_key(|entry| (entry.valid.from, entry.recorded_at, entry.id));
    live
}

/// What holds on a day, as it was known at a time.
pub fn as_of(entries: &[Entry], valid_on: Date, recorded_at: Timestamp) -> Vec<&Entry> {
    in_period(entries, Valid::on(valid_on), recorded_at)
}

/// What holds on any day of a period, as it was known at a time.
pub fn in_period(entries: &[Entry], period: Valid, recorded_at: Timestamp) -> Vec<&Entry> {
    let mut known = known_at(entries, recorded_at);
    known.retain(|entry| entry.valid.overlaps(period));
    known
}

/// What is known at a later time and was not at an earlier one, and what was known and is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes<'e> {
    /// New.
    pub added: Vec<&'e Entry>,
    /// Taken back.
    pub reversed: Vec<&'e Entry>,
}

/// What changed since a report was made.
pub fn changes(entries: &[Entry], since: Timestamp, until: Timestamp) -> Changes<'_> {
    let (before, after) = (known_at(entries, since), known_at(entries, until));
    let ids = |known: &[&Entry]| known.iter().map(|entry| entry.id).collect::<BTreeSet<_>>();
    let (had, has) = (ids(&before), ids(&after));
    Changes {
        added: after.into_iter().filter(|entry| !had.contains(&entry.id)).collect(),
        reversed: before.into_iter().filter(|entry| !has.contains(&entry.id)).collect(),
    }
}

/// When the next entry is recorded: now, or just after the newest one where a clock is behind it.
pub fn next_recorded_at(newest: Option<Timestamp>, now: Timestamp) -> Timestamp {
    newest.map_or(now, |newest| now.max(Timestamp(newest.0.saturating_add(1))))
}

/// Whether an entry can be added to what is there. Refused: an id that is taken, a time of recording before the newest
/// one, and a reversal of what is not there, is reversed already or is a reversal itself.
pub fn check_append(entries: &[Entry], new: &Entry) -> Result<(), Vec<FieldViolation>> {
    let mut refused = Vec::new();
    let mut refuse = |field: &'static str, message: Both| refused.push(FieldViolation::new(field, message));
    if entries.iter().any(|entry| entry.id == new.id) {
        refuse("id", say::entry_twice());
    }
    if entries.iter().any(|entry| entry.recorded_at > new.recorded_at) {
        refuse("recorded_at", say::recorded_before());
    }
    if let Some(id) = new.reverses {
        match entries.iter().find(|entry| entry.id == id) {
            None => refuse("reverses", say::reverses_unknown(id)),
            Some(of) if of.reverses.is_some() => refuse("reverses", say::reverses_reversal()),
            Some(of) if of.kind != new.kind => refuse("reverses", say::reverses_other_kind()),
            Some(_) if entries.iter().any(|entry| entry.reverses == Some(id)) => {
                refuse("reverses", say::reversed_already())
            }
            Some(_) => {}
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

impl Entry {
    /// The entry that takes this one back, and why.
    #[must_use]
    pub fn reversal(&self, id: EntryId, recorded_at: Timestamp, reason: &str) -> Self {
        let body = serde_json::json!({ "reason": reason });
        Self { id, kind: self.kind, valid: self.valid, recorded_at, body, reverses: Some(self.id) }
    }

    /// A correction: the reversal of this one, and what is right, recorded together.
    #[must_use]
    pub fn correction(
        &self,
        (reversal, id): (EntryId, EntryId),
        recorded_at: Timestamp,
        reason: &str,
        (valid, body): (Valid, Value),
    ) -> [Self; 2] {
        let right = Self { id, kind: self.kind, valid, recorded_at, body, reverses: None };
        [self.reversal(reversal, recorded_at, reason), right]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use time::Duration;
    use uuid::Uuid;

    use super::*;
    use crate::access::rules::days::parse_date;

    fn day(text: &str) -> Date {
        parse_date("day", text).unwrap()
    }

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    fn entry(number: u128, valid: Valid, recorded: i64) -> Entry {
        Entry {
            id: id(number),
            kind: EntryKind::Cost,
            valid,
            recorded_at: Timestamp(recorded),
            body: json!(number),
            reverses: None,
        }
    }

    fn ids(entries: Vec<&Entry>) -> Vec<u128> {
        entries.into_iter().map(|entry| entry.id.0.as_u128()).collect()
    }

    #[test]
    fn what_was_known_then_stays_known_then() {
        let lot = entry(1, Valid::since(day("2025-04-01")), 10);
        let cost = entry(2, Valid::on(day("2025-03-31")), 20);
        let mut entries = vec![lot.clone(), cost];
        assert_eq!(ids(as_of(&entries, day("2025-03-31"), Timestamp(20))), [2]);
        assert_eq!(ids(as_of(&entries, day("2025-04-01"), Timestamp(20))), [1]);
        assert_eq!(ids(as_of(&entries, day("2025-04-01"), Timestamp(9))), [0; 0]);
        // Corrected after it was published: it came a year earlier.
        entries.extend(lot.correction(
            (id(3), id(4)),
            Timestamp(30),
            "検収日の誤り",
            (Valid::since(day("2024-04-01")), json!("right")),
        ));
        assert_eq!(ids(as_of(&entries, day("2025-04-01"), Timestamp(29))), [1]);
        assert_eq!(ids(as_of(&entries, day("2025-04-01"), Timestamp(30))), [4]);
        assert_eq!(ids(as_of(&entries, day("2024-06-01"), Timestamp(30))), [4]);
        assert_eq!(
            ids(in_period(
                &entries,
                Valid::between("to", day("2025-03-01"), day("2025-03-31")).unwrap(),
                Timestamp(30)
            )),
            [4, 2]
        );
        let changed = changes(&entries, Timestamp(20), Timestamp(30));
        assert_eq!((ids(changed.added), ids(changed.reversed)), (vec![4], vec![1]));
    }

    #[test]
    fn only_what_stands_is_reversed_and_only_once() {
        let wrong = |entries: &[Entry], new: &Entry| {
            check_append(entries, new).unwrap_err().iter().map(|wrong| wrong.field.to_string()).collect::<Vec<_>>()
        };
        let first = entry(1, Valid::on(day("2025-04-01")), 10);
        let back = first.reversal(id(2), Timestamp(10), "x");
        assert_eq!(check_append(std::slice::from_ref(&first), &back), Ok(()));
        let entries = [first.clone(), back.clone()];
        assert_eq!(wrong(&entries, &first.reversal(id(3), Timestamp(11), "x")), ["reverses"], "again");
        assert_eq!(wrong(&entries, &back.reversal(id(3), Timestamp(11), "x")), ["reverses"], "a reversal");
        assert_eq!(wrong(&[], &back), ["reverses"], "nothing");
        assert_eq!(wrong(&entries, &Entry { recorded_at: Timestamp(9), ..first.clone() }), ["id", "recorded_at"]);
        let other = Entry { kind: EntryKind::Lot, ..back };
        assert_eq!(wrong(&[first], &other), ["reverses"], "of another kind");
        assert_eq!(next_recorded_at(Some(Timestamp(10)), Timestamp(5)), Timestamp(11));
        assert_eq!(
            (next_recorded_at(None, Timestamp(5)), next_recorded_at(Some(Timestamp(1)), Timestamp(5))),
            (Timestamp(5), Timestamp(5))
        );
        assert!(Valid::between("to", day("2025-04-02"), day("2025-04-01")).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_added_later_changes_no_report_of_before(
            steps in prop::collection::vec(
                (0_i64..3, 0_i64..100, prop::option::of(0_i64..50), prop::option::of(any::<prop::sample::Index>())), 1..40,
            ),
            cut in any::<prop::sample::Index>(), on in 0_i64..150,
        ) {
            let origin = day("2024-04-01");
            let at = |days: i64| origin + Duration::days(days);
            let mut entries: Vec<Entry> = Vec::new();
            for (number, (wait, from, length, reverses)) in (1..).zip(&steps) {
                let recorded = entries.last().map_or(0, |last| last.recorded_at.0) + wait;
                let valid = Valid { from: at(*from), to: length.map(|length| at(from + length)) };
                let new = match reverses {
                    Some(index) if !entries.is_empty() => index.get(&entries).reversal(id(number), Timestamp(recorded), "x"),
                    _ => entry(number, valid, recorded),
                };
                if check_append(&entries, &new).is_ok() {
                    entries.push(new);
                }
            }
            let then = cut.get(&entries).recorded_at;
            let by_then: Vec<_> = entries.iter().filter(|entry| entry.recorded_at <= then).cloned().collect();
            prop_assert_eq!(as_of(&entries, at(on), then), as_of(&by_then, at(on), then));
            prop_assert_eq!(known_at(&entries, then), known_at(&by_then, then));
            // Each entry is live, a reversal, or reversed.
            let live = known_at(&entries, Timestamp(i64::MAX)).len();
            let reversals = entries.iter().filter(|entry| entry.reverses.is_some()).count();
            prop_assert_eq!(live + 2 * reversals, entries.len());
        }
    }
}
