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

/// Days that are looked at from the first one on: the longest vacation, and what lies behind it.
const DAYS: i64 = 400;

/// The school days of a place from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SchoolDays(BTreeSet<Date>);

impl SchoolDays {
    /// Reads the calendar of a school, or of an owner for what belongs to no school, from the day of a moment on.
    pub(super) async fn read(
        tx: &mut Tx,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        from: Timestamp,
    ) -> Result<Self> {
        let first = day_in_japan(from.0);
        let last = first + Duration::days(DAYS);
        let (from_year, to_year) = (FiscalYear::of(first), FiscalYear::of(last));
        let holidays = calendar::holidays(tx, first, last).await?;
        let owner = calendar::periods(tx, CalendarOf { municipality, school: None }, from_year, to_year).await?;
        let own = match school {
            Some(_) => calendar::periods(tx, CalendarOf { municipality, school }, from_year, to_year).await?,
            None => Vec::new(),
        };
        let days = (0..=DAYS).map(|day| first + Duration::days(day));
        Ok(Self(days.filter(|day| school_day(*day, &holidays, &owner, &own).is_school_day).collect()))
    }

    /// Whether there is school on a day.
    pub(super) fn contains(&self, day: Date) -> bool {
        self.0.contains(&day)
    }
}
