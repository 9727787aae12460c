//! The ledger of an owner while it is added to: what stands in it, found at once.
//!
//! Invariants: an entry is taken back once at most, and no reversal is; of what there is one of a year only one stands.
//! What is said is bounded and reversals are not, so that whoever is at the limit can still take back: they are never
//! more than what is said.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Error;

use super::{
    body::Stated,
    ledger::{Entry, EntryId, EntryKind},
};
use crate::{
    clock::Timestamp,
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// Most entries of an owner, without reversals.
pub const SAID_MOST: i64 = 50_000;
/// The time of recording of an entry that is not written yet.
pub const NOT_YET: Timestamp = Timestamp(i64::MIN);

/// Why an entry can not be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Irreversible {
    /// It is not there.
    Unknown,
    /// It is a reversal itself.
    IsReversal,
    /// It is taken back already.
    IsReversed,
}

/// By what there is one of a year: kind, school and year.
type OfYear = (EntryKind, Option<SchoolId>, FiscalYear);

/// The ledger of an owner while it is added to.
#[derive(Debug, Default)]
pub struct OpenLedger {
    entries: BTreeMap<EntryId, Entry>,
    reversed: BTreeSet<EntryId>,
    of_years: BTreeMap<OfYear, EntryId>,
    newest: Option<Timestamp>,
    said: i64,
}

/// By what it is the only one that stands, if it is of a year.
fn of_year(entry: &Entry) -> Result<Option<OfYear>, Error> {
    match entry.kind {
        EntryKind::Lot | EntryKind::Cost | EntryKind::Disposal | EntryKind::DisposalPlan => Ok(None),
        EntryKind::Pupils | EntryKind::Planned | EntryKind::Network => {
            let stated = Stated::read(entry.kind, entry.valid.from, &entry.body)?;
            Ok(stated.body.only_of().map(|year| (entry.kind, stated.school, year)))
        }
    }
}

impl OpenLedger {
    /// All that was recorded, in any order. Refused: what can not be read.
    pub fn of(entries: Vec<Entry>) -> Result<Self, Error> {
        let reversed = entries.iter().filter_map(|entry| entry.reverses).collect();
        let mut ledger = Self { reversed, ..Self::default() };
        for entry in entries {
            ledger.add(entry)?;
        }
        Ok(ledger)
    }

    /// Adds an entry. Refused: what can not be read.
    pub fn add(&mut self, entry: Entry) -> Result<(), Error> {
        self.newest = self.newest.max(Some(entry.recorded_at));
        match entry.reverses {
            Some(reversed) => {
                self.reversed.insert(reversed);
                let place = self.entries.get(&reversed).map(of_year).transpose()?.flatten();
                if let Some(place) = place.filter(|place| self.of_years.get(place) == Some(&reversed)) {
                    self.of_years.remove(&place);
                }
            }
            None => {
                self.said += 1;
                let place = of_year(&entry)?.filter(|_| !self.reversed.contains(&entry.id));
                self.of_years.extend(place.map(|place| (place, entry.id)));
            }
        }
        self.entries.insert(entry.id, entry);
        Ok(())
    }

    /// When the newest entry was recorded.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Whether one more entry that is no reversal may be added.
    pub fn has_room(&self) -> bool {
        self.said < SAID_MOST
    }

    /// An entry, whether it stands or not.
    pub fn find(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Whether an entry was taken back.
    pub fn is_reversed(&self, id: EntryId) -> bool {
        self.reversed.contains(&id)
    }

    /// Whether an entry is there and was not taken back.
    pub fn stands(&self, id: EntryId) -> bool {
        self.entries.contains_key(&id) && !self.is_reversed(id)
    }

    /// The entry, if it may be taken back.
    pub fn may_reverse(&self, id: EntryId) -> Result<&Entry, Irreversible> {
        let entry = self.find(id).ok_or(Irreversible::Unknown)?;
        if entry.reverses.is_some() {
            return Err(Irreversible::IsReversal);
        }
        if self.is_reversed(id) { Err(Irreversible::IsReversed) } else { Ok(entry) }
    }

    /// What stands and says the same of the same year and school.
    pub fn standing(&self, stated: &Stated) -> Option<EntryId> {
        let year = stated.body.only_of()?;
        self.of_years.get(&(stated.body.kind(), stated.school, year)).copied()
    }

    /// Reversals that were recorded together with an entry: of what it corrects.
    pub fn reversals_with(&self, entry: &Entry) -> impl Iterator<Item = &Entry> {
        let (kind, at) = (entry.kind, entry.recorded_at);
        self.entries.values().filter(move |one| one.reverses.is_some() && one.kind == kind && one.recorded_at == at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::renewal::rules::{board::SaidPupils, body::Body, ledger::known_at};

    const LATEST: Timestamp = Timestamp(i64::MAX);

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    fn pupils(year: i32, school: Option<u128>) -> Stated {
        let said = SaidPupils { fiscal_year: year.to_string(), count: String::from("1"), ..SaidPupils::default() };
        Stated {
            school: school.map(|school| SchoolId(Uuid::from_u128(school))),
            body: Body::Pupils(said.check().unwrap()),
        }
    }

    fn entry(number: u128, stated: &Stated, recorded: i64) -> Entry {
        Entry {
            id: id(number),
            kind: stated.body.kind(),
            valid: stated.body.valid(),
            recorded_at: Timestamp(recorded),
            body: stated.store().unwrap(),
            reverses: None,
        }
    }

    #[test]
    fn only_what_stands_is_reversed_and_only_once() {
        let first = entry(1, &pupils(2025, None), 10);
        let mut ledger = OpenLedger::of(vec![first.clone()]).unwrap();
        assert_eq!(ledger.may_reverse(id(1)), Ok(&first));
        assert_eq!(ledger.may_reverse(id(2)), Err(Irreversible::Unknown));
        ledger.add(first.reversal(id(2), Timestamp(11), "x")).unwrap();
        assert_eq!(ledger.may_reverse(id(1)), Err(Irreversible::IsReversed));
        assert_eq!(ledger.may_reverse(id(2)), Err(Irreversible::IsReversal));
        assert_eq!(
            (ledger.stands(id(1)), ledger.is_reversed(id(1)), ledger.newest()),
            (false, true, Some(Timestamp(11)))
        );
    }

    #[test]
    fn one_of_a_year_and_school_stands_in_whichever_order_it_is_read() {
        let stated = pupils(2025, None);
        let first = entry(1, &stated, 10);
        let second = entry(2, &stated, 10);
        let back = first.reversal(id(3), Timestamp(10), "x");
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            let entries = order.map(|at| [&first, &second, &back][at].clone());
            let ledger = OpenLedger::of(entries.into()).unwrap();
            assert_eq!(ledger.standing(&stated), Some(id(2)), "{order:?}");
            assert_eq!(ledger.standing(&pupils(2025, Some(7))), None, "of a school");
            assert_eq!(ledger.reversals_with(&second).map(|one| one.id).collect::<Vec<_>>(), [id(3)]);
        }
    }

    #[test]
    fn whoever_is_at_the_limit_takes_back() {
        let stated = pupils(2025, None);
        let mut ledger = OpenLedger { said: SAID_MOST - 1, ..OpenLedger::default() };
        let last = entry(1, &stated, 10);
        assert!(ledger.has_room());
        ledger.add(last.clone()).unwrap();
        assert!(!ledger.has_room());
        assert_eq!(ledger.may_reverse(id(1)), Ok(&last));
        ledger.add(last.reversal(id(2), Timestamp(11), "x")).unwrap();
        assert!(!ledger.has_room(), "what was said once is kept");
    }

    proptest! {
        #[test]
        fn whatever_is_added_later_changes_no_report_of_before(
            steps in prop::collection::vec((0_i64..3, 2020_i32..2023, prop::option::of(0_u32..20)), 1..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut ledger, mut entries) = (OpenLedger::default(), Vec::<Entry>::new());
            for (number, (wait, year, reverses)) in (1_u128..).zip(&steps) {
                let recorded = entries.last().map_or(0, |last| last.recorded_at.0) + wait;
                let stated = pupils(*year, None);
                let new = match reverses {
                    Some(of) => match ledger.may_reverse(id((*of).into())) {
                        Ok(of) => of.reversal(id(number), Timestamp(recorded), "x"),
                        Err(_) => continue,
                    },
                    None if ledger.standing(&stated).is_some() => continue,
                    None => entry(number, &stated, recorded),
                };
                ledger.add(new.clone()).unwrap();
                entries.push(new);
            }
            prop_assume!(!entries.is_empty());
            let then = cut.get(&entries).recorded_at;
            let by_then: Vec<_> = entries.iter().filter(|entry| entry.recorded_at <= then).cloned().collect();
            prop_assert_eq!(known_at(&entries, then), known_at(&by_then, then));
            // What stands where it is written is what is known where it is read: each entry, a reversal, or reversed.
            let live: Vec<_> = known_at(&entries, LATEST).into_iter().map(|entry| entry.id).collect();
            let reversals = entries.iter().filter(|entry| entry.reverses.is_some()).count();
            prop_assert_eq!(live.len() + 2 * reversals, entries.len());
            for entry in entries.iter().filter(|entry| entry.reverses.is_none()) {
                prop_assert_eq!(ledger.stands(entry.id), live.contains(&entry.id));
            }
            let years: BTreeSet<_> = live.iter().map(|id| ledger.find(*id).unwrap().valid.from).collect();
            prop_assert_eq!(years.len(), live.len(), "one of each year");
            // Read again, it is the same.
            let again = OpenLedger::of(entries).unwrap();
            prop_assert_eq!((&again.reversed, again.said), (&ledger.reversed, ledger.said));
            prop_assert_eq!(&again.of_years, &ledger.of_years);
        }
    }
}
