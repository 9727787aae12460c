//! What was known at a time, of one owner or of many: read in few statements, and reckoned with beside those who wait for
//! answers.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    num::NonZero,
    sync::Arc,
};

use time::Date;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Renewal, bounded, damaged, day, recording::LATEST, rules::AllRules};
use crate::{
    access::rules::{Area, days::date_text},
    clock::Timestamp,
    db::{Engine, Tx},
    devices::rules::fold::serial_key,
    error::{Error, Result, says::renewal as say},
    renewal::{
        rules::{
            CostKind, Payer,
            body::{Body, Stated},
            known::{Known, KnownEntry, LotDevices, TicketCost},
            ledger::{EntryId, EntryKind, without_reversed},
            money::Yen,
            rule_sets::RuleSet,
        },
        store::{
            COSTS_MOST, ENTRIES_MOST,
            knowing::{self, DevicesRow, Gone, GoneRow, KnownRow, TicketCostRow},
        },
    },
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::municipality_not_found,
    },
};

/// Owners that are read in one go: enough that statements do not count, few enough that their rows fit in memory.
const OWNERS_AT_ONCE: usize = 32;

/// Longer than anybody is in the middle of recording: of a time before that all is known.
const RECORDING_US: i64 = 3_600_000_000;

/// What a report has use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Everything.
    All,
    /// No money: costs are counted only.
    Plan,
}

impl Needs {
    /// The kind of entries that is not read.
    fn unread(self) -> Option<EntryKind> {
        match self {
            Self::All => None,
            Self::Plan => Some(EntryKind::Cost),
        }
    }
}

/// What is stored of an owner, before it is understood.
#[derive(Debug)]
struct Stored {
    owner: MunicipalityId,
    code: String,
    as_of: Timestamp,
    /// Those that stood, by first day, recording and id.
    entries: Vec<KnownRow>,
    tickets: Vec<TicketCostRow>,
    named: Vec<DevicesRow>,
    gone: Vec<GoneRow>,
    rules: Arc<RuleSet>,
}

/// Rows of each owner.
fn by_owner<R>(rows: Vec<R>, owner: impl Fn(&R) -> Uuid) -> HashMap<Uuid, Vec<R>> {
    let mut all: HashMap<Uuid, Vec<R>> = HashMap::new();
    for row in rows {
        all.entry(owner(&row)).or_default().push(row);
    }
    all
}

/// Without reversals and what they take back, in the order of a ledger.
fn standing(rows: Vec<KnownRow>) -> Vec<KnownRow> {
    let of = |row: &KnownRow| (EntryId(row.entry_id), row.reverses_entry_id.map(EntryId));
    let mut rows = without_reversed(rows, of);
    rows.sort_by(|one, two| {
        let key = |row: &KnownRow| (row.recorded_at, row.entry_id);
        one.valid_from.cmp(&two.valid_from).then_with(|| key(one).cmp(&key(two)))
    });
    rows
}

fn kind_of(row: &KnownRow) -> Result<EntryKind> {
    EntryKind::from_number(row.kind).ok_or_else(|| damaged("kind"))
}

/// What an entry says; none where that was not read.
fn known_entry(row: &KnownRow) -> Result<Option<KnownEntry>> {
    let Some(body) = &row.body else { return Ok(None) };
    let stated = Stated::parse(kind_of(row)?, day(&row.valid_from)?, body).map_err(|_| damaged("what is said"))?;
    Ok(Some(KnownEntry { id: EntryId(row.entry_id), recorded_at: Timestamp(row.recorded_at), stated }))
}

fn ticket_cost(row: &TicketCostRow) -> Result<TicketCost> {
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

/// Devices that entries say were disposed of, each with the first day of it.
fn gone(rows: &[KnownRow]) -> Result<BTreeMap<(Uuid, String), Date>> {
    let mut gone: BTreeMap<(Uuid, String), Date> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == EntryKind::Disposal.to_number()) {
        let Some(KnownEntry { stated: Stated { body: Body::Disposal(disposal), .. }, .. }) = known_entry(row)? else {
            continue;
        };
        for key in disposal.devices.iter().filter_map(|device| serial_key(&device.serial)) {
            let first = gone.entry((row.municipality_id, key));
            first.and_modify(|first| *first = disposal.on.min(*first)).or_insert(disposal.on);
        }
    }
    Ok(gone)
}

impl Stored {
    /// Understands it.
    fn read(self) -> Result<Known> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for row in &self.entries {
            entries.extend(known_entry(row)?);
        }
        let mut tickets = self.tickets.iter().map(ticket_cost).collect::<Result<Vec<_>>>()?;
        tickets.sort_by_key(|cost| (cost.on, cost.id));
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        let standing: HashSet<_> = self.entries.iter().map(|row| row.entry_id).collect();
        let named = self.named.iter().filter(|row| standing.contains(&row.entry_id));
        let of_lot = |row: &DevicesRow| {
            (EntryId(row.entry_id), LotDevices { named: count(row.device_count), disposals: BTreeMap::new() })
        };
        let mut devices: BTreeMap<_, _> = named.map(of_lot).collect();
        for row in &self.gone {
            if let Some(of_lot) = devices.get_mut(&EntryId(row.entry_id)) {
                of_lot.disposals.insert(day(&row.gone_on)?, count(row.device_count));
            }
        }
        let unread = self.entries.len() - entries.len();
        let Self { owner, code, as_of, rules, .. } = self;
        Ok(Known { owner, code, as_of, entries, unread, tickets, devices, rules })
    }
}

/// What is stored of some owners; none where that is more than a report reads, and they are several. Reasons:
/// MUNICIPALITY_NOT_FOUND, LEDGER_TOO_LARGE.
async fn stored(
    tx: &mut Tx,
    areas: &[Area],
    (as_of, needs): (Timestamp, Needs),
    all_rules: &AllRules,
) -> Result<Option<Vec<Stored>>> {
    let owners: Vec<_> = areas.iter().map(Area::municipality).collect();
    let is_one = owners.len() == 1;
    let entries = knowing::entries(tx, &owners, (as_of, needs.unread()), ENTRIES_MOST + 1).await?;
    let entries_fit = bounded(&entries, ENTRIES_MOST);
    let tickets = match needs {
        Needs::Plan => Vec::new(),
        Needs::All => knowing::ticket_costs(tx, &owners, as_of, COSTS_MOST + 1).await?,
    };
    match entries_fit.and_then(|()| bounded(&tickets, COSTS_MOST)) {
        Err(refused) if is_one => return Err(refused),
        Err(_) => return Ok(None),
        Ok(()) => {}
    }
    let entries = by_owner(entries, |row| row.municipality_id);
    let mut entries: HashMap<_, _> = entries.into_iter().map(|(owner, rows)| (owner, standing(rows))).collect();
    let mut lost = BTreeMap::new();
    for rows in entries.values() {
        lost.append(&mut gone(rows)?);
    }
    let row = |((municipality_id, serial_key), day): ((Uuid, String), Date)| Gone {
        municipality_id,
        serial_key,
        gone_on: date_text(day),
    };
    let lost: Vec<_> = lost.into_iter().map(row).collect();
    let gone = if lost.is_empty() { Vec::new() } else { knowing::gone_devices(tx, &lost, as_of).await? };
    let mut gone = by_owner(gone, |row| row.municipality_id);
    let mut tickets = by_owner(tickets, |row| row.municipality_id);
    let named = knowing::named_devices(tx, &owners, as_of).await?;
    let mut named = by_owner(named, |row| row.municipality_id);
    let mut codes: HashMap<_, _> = knowing::codes(tx, &owners).await?.into_iter().collect();
    let mut all = Vec::with_capacity(owners.len());
    for owner in owners {
        all.push(Stored {
            owner,
            code: codes.remove(&owner.0).ok_or_else(|| municipality_not_found(owner))?,
            as_of,
            entries: entries.remove(&owner.0).unwrap_or_default(),
            tickets: tickets.remove(&owner.0).unwrap_or_default(),
            named: named.remove(&owner.0).unwrap_or_default(),
            gone: gone.remove(&owner.0).unwrap_or_default(),
            rules: all_rules.of(owner),
        });
    }
    Ok(Some(all))
}

/// Work that goes on beside those who wait for answers.
pub(super) fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> JoinHandle<Result<T>> {
    tokio::task::spawn_blocking(work)
}

/// What became of it.
pub(super) async fn done<T>(work: JoinHandle<Result<T>>) -> Result<T> {
    work.await.map_err(|source| Error::internal("a report could not be made", source))?
}

impl Renewal {
    /// A transaction that reads, and the time of a report: the one that is asked for, or now. What was recorded can be a little
    /// newer than now where several came in one microsecond; now is not before it. Reason: FIELD_INVALID.
    pub(super) async fn reading(&self, owners: &[Area], asked: Option<Timestamp>) -> Result<(Tx, Timestamp)> {
        if let Some(asked) = asked.filter(|asked| asked.0 < self.clock.now().0 - RECORDING_US) {
            return Ok((self.db.read().await?, asked));
        }
        let owners: Vec<_> = owners.iter().map(Area::municipality).collect();
        let (mut tx, now) = self.settled(&owners).await?;
        let now = knowing::newest(&mut tx, &owners).await?.map_or(now, |newest| newest.max(now));
        match asked {
            Some(asked) if asked > now => Err(Error::invalid_field("as_of_time", say::as_of_future())),
            asked => Ok((tx, asked.unwrap_or(now))),
        }
    }

    /// The same of what nobody makes again, an entry or a list: where no time is asked for, all that is there.
    pub(super) async fn looking(&self, area: &Area, asked: Option<Timestamp>) -> Result<(Tx, Timestamp)> {
        match asked {
            None => Ok((self.db.read().await?, LATEST)),
            asked => self.reading(std::slice::from_ref(area), asked).await,
        }
    }

    /// A transaction that reads, and now, when nobody is in the middle of recording at any of some owners. Otherwise what they
    /// record would come to light after a report of a later time, which could not be made again. Servers whose clocks differ
    /// are not helped by it.
    async fn settled(&self, owners: &[MunicipalityId]) -> Result<(Tx, Timestamp)> {
        match self.db.engine() {
            // Nobody who waits for the writer holds one of the few connections that read.
            Engine::Sqlite => {
                let writer = self.db.begin().await?;
                let now = self.clock.now();
                writer.commit().await?;
                Ok((self.db.read().await?, now))
            }
            Engine::Postgres => {
                let mut tx = self.db.read().await?;
                knowing::hold(&mut tx, owners).await?;
                let now = self.clock.now();
                knowing::release(&mut tx).await?;
                Ok((tx, now))
            }
        }
    }

    /// Makes something of what was known of each owner, in their order. While some are read, others are reckoned with, as
    /// many at a time as there are processors. Reasons: MUNICIPALITY_NOT_FOUND, LEDGER_TOO_LARGE.
    pub(super) async fn of_each<T: Send + 'static>(
        &self,
        tx: &mut Tx,
        areas: &[Area],
        (as_of, needs): (Timestamp, Needs),
        make: impl Fn(Known) -> Result<T> + Clone + Send + 'static,
    ) -> Result<Vec<T>> {
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut all = Vec::with_capacity(areas.len());
        let mut making = VecDeque::new();
        let mut left: VecDeque<_> = areas.chunks(OWNERS_AT_ONCE).collect();
        while let Some(some) = left.pop_front() {
            let owners: Vec<_> = some.iter().map(Area::municipality).collect();
            let rules = AllRules::at(tx, &owners, as_of).await?;
            let Some(stored) = stored(tx, some, (as_of, needs), &rules).await? else {
                let (one, two) = some.split_at(some.len() / 2);
                left.push_front(two);
                left.push_front(one);
                continue;
            };
            let make = make.clone();
            let work = move || stored.into_iter().map(|stored| make(stored.read()?)).collect::<Result<Vec<T>>>();
            making.push_back(aside(work));
            if making.len() > at_once
                && let Some(first) = making.pop_front()
            {
                all.append(&mut done(first).await?);
            }
        }
        for work in making {
            all.append(&mut done(work).await?);
        }
        Ok(all)
    }

    /// All that was known of an owner at a time. Reasons: MUNICIPALITY_NOT_FOUND, LEDGER_TOO_LARGE.
    pub(super) async fn known(&self, tx: &mut Tx, area: &Area, as_of: Timestamp) -> Result<Known> {
        let mut known = self.of_each(tx, std::slice::from_ref(area), (as_of, Needs::All), Ok).await?;
        Ok(known.pop().expect("it was asked for one"))
    }
}
