//! What tickets are judged by: which days are school days at their places, and what their owners promise.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gigafleet_agent::identity::to_hex;
use ring::digest::{SHA256, digest};
use time::{Date, Duration};

use super::store;
use crate::{
    access::rules::days::date_text,
    clock::Timestamp,
    db::Tx,
    error::{Error, Result},
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::{Holidays, Period, school_day},
            fiscal::{FiscalYear, day_in_japan},
        },
        service::calendar::CalendarOf,
        store::calendar,
    },
    tickets::rules::promise::Promise,
};

/// Days that are looked at behind the last one: the longest vacation, and what lies behind it.
const AHEAD: i64 = 400;

/// Calendars and promises of some places.
#[derive(Debug, Default)]
pub(super) struct Terms {
    holidays: Holidays,
    calendars: HashMap<CalendarOf, Vec<Period>>,
    /// By owner, from the oldest day to the newest.
    promises: HashMap<MunicipalityId, Vec<(String, Promise)>>,
    /// Where an owner said nothing.
    ours: Promise,
}

impl Terms {
    /// Of one place, for clocks that began at a moment or after it and are asked at another.
    pub(super) async fn of_place(
        tx: &mut Tx,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        span: [Timestamp; 2],
    ) -> Result<Self> {
        let [first, last] = years(span);
        let mut terms = Self::begin(tx, span).await?;
        terms.calendars = calendar::place_calendars(tx, municipality, school, first, last).await?;
        terms.promises = promises_of(tx, &[municipality]).await?;
        Ok(terms)
    }

    /// Of all places of some owners.
    pub(super) async fn of_owners(
        tx: &mut Tx,
        owners: &BTreeSet<MunicipalityId>,
        span: [Timestamp; 2],
    ) -> Result<Self> {
        let [first, last] = years(span);
        let mut terms = Self::begin(tx, span).await?;
        let owners: Vec<_> = owners.iter().copied().collect();
        terms.calendars = calendar::owner_calendars(tx, &owners, first, last).await?;
        terms.promises = promises_of(tx, &owners).await?;
        Ok(terms)
    }

    async fn begin(tx: &mut Tx, [from, now]: [Timestamp; 2]) -> Result<Self> {
        let last = day_in_japan(now.0) + Duration::days(AHEAD);
        Ok(Self { holidays: calendar::holidays(tx, day_in_japan(from.0), last).await?, ..Self::default() })
    }

    /// What changes when any of it does.
    pub(super) fn fingerprint(&self) -> String {
        let calendars: BTreeMap<_, _> =
            self.calendars.iter().map(|(of, periods)| ((of.municipality, of.school), periods)).collect();
        let promises: BTreeMap<_, _> = self.promises.iter().collect();
        let text = format!("{:?} {calendars:?} {promises:?} {:?}", self.holidays, self.ours);
        to_hex(digest(&SHA256, text.as_bytes()).as_ref())
    }

    /// Whether there is school on a day.
    pub(super) fn is_school_day(&self, municipality: MunicipalityId, school: Option<SchoolId>, day: Date) -> bool {
        let periods = |of: CalendarOf| self.calendars.get(&of).map_or(&[][..], Vec::as_slice);
        let owner = periods(CalendarOf { municipality, school: None });
        let own = if school.is_some() { periods(CalendarOf { municipality, school }) } else { &[] };
        school_day(day, &self.holidays, owner, own).is_school_day
    }

    /// What an owner promises of tickets that come in at a moment.
    pub(super) fn promise(&self, owner: MunicipalityId, at: Timestamp) -> &Promise {
        let day = date_text(day_in_japan(at.0));
        let said = self.promises.get(&owner).map_or(&[][..], Vec::as_slice);
        said.iter().rfind(|(from, _)| *from <= day).map_or(&self.ours, |(_, promise)| promise)
    }
}

fn years([from, now]: [Timestamp; 2]) -> [FiscalYear; 2] {
    [FiscalYear::of(day_in_japan(from.0)), FiscalYear::of(day_in_japan(now.0) + Duration::days(AHEAD))]
}

/// What owners promise, from the oldest day to the newest; who said nothing is missing.
async fn promises_of(
    tx: &mut Tx,
    owners: &[MunicipalityId],
) -> Result<HashMap<MunicipalityId, Vec<(String, Promise)>>> {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for (owner, from, policy) in store::promises_of(tx, owners).await? {
        let promise =
            serde_json::from_str(&policy).map_err(|source| Error::internal("a promise can not be read", source))?;
        all.entry(MunicipalityId(owner)).or_default().push((from, promise));
    }
    Ok(all)
}
