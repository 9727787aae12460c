//! The school days of one place, as far as clocks of tickets need them.

use std::collections::BTreeSet;

use time::{Date, Duration};

use crate::{
    clock::Timestamp,
    db::Tx,
    error::Result,
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::school_day,
            fiscal::{FiscalYear, day_in_japan},
        },
        service::calendar::CalendarOf,
        store::calendar,
    },
};

/// Days that are looked at behind the last one: the longest vacation, and what lies behind it.
const AHEAD: i64 = 400;
/// Most days that are looked at; of what came in before, the clock begins then.
const DAYS_MOST: i64 = 5 * 366;

/// The school days of a place from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SchoolDays(BTreeSet<Date>);

impl SchoolDays {
    /// Reads the calendar of a school, or of an owner for what belongs to no school, for clocks that began at a moment or after it
    /// and are asked at another.
    pub(super) async fn read(
        tx: &mut Tx,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        [from, now]: [Timestamp; 2],
    ) -> Result<Self> {
        let last = day_in_japan(now.0.max(from.0)) + Duration::days(AHEAD);
        let first = day_in_japan(from.0).max(last - Duration::days(DAYS_MOST));
        let (from_year, to_year) = (FiscalYear::of(first), FiscalYear::of(last));
        let holidays = calendar::holidays(tx, first, last).await?;
        let owner = calendar::periods(tx, CalendarOf { municipality, school: None }, from_year, to_year).await?;
        let own = match school {
            Some(_) => calendar::periods(tx, CalendarOf { municipality, school }, from_year, to_year).await?,
            None => Vec::new(),
        };
        let days = (0..=(last - first).whole_days()).map(|day| first + Duration::days(day));
        Ok(Self(days.filter(|day| school_day(*day, &holidays, &owner, &own).is_school_day).collect()))
    }

    /// Whether there is school on a day.
    pub(super) fn contains(&self, day: Date) -> bool {
        self.0.contains(&day)
    }
}
