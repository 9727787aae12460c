//! Calendars, lesson times and national holidays.

use std::collections::HashMap;

use time::{Date, Duration};

use super::{Schools, require_seen, right_missing, school_for_change, visible_area, visible_school};
pub use crate::schools::store::calendar::{CalendarOf, HolidayRow};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::Deed,
    },
    db::Tx,
    error::{Error, Kind, Result, says::schools as say},
    schools::{
        rules::{
            MunicipalityId,
            calendar::{LessonTime, Period, PeriodKind, SchoolDay, effective, effective_lessons, school_day},
            content_etag,
            fiscal::{FiscalYear, date_text, day_in_japan},
        },
        store::calendar as store,
    },
};

/// Most periods of one place and fiscal year.
const MOST_PERIODS: usize = 200;
/// Most days of one question.
pub const MOST_DAYS: i64 = 400;

/// The etag of a period.
pub fn period_etag(period: &Period) -> String {
    content_etag(&[&date_text(period.first), &date_text(period.last)])
}

/// The etag of a place's own lesson times.
fn lessons_etag(lessons: &[LessonTime]) -> String {
    let parts: Vec<_> =
        lessons.iter().map(|l| format!("{} {} {} {}", l.weekday, l.period, l.begin_minute, l.end_minute)).collect();
    content_etag(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The lesson times that hold somewhere, each with whether it is inherited, and the etag of the place's own.
pub type Lessons = (Vec<(LessonTime, bool)>, String);

impl Schools {
    /// The fiscal year that it is now.
    pub fn fiscal_year(&self) -> FiscalYear {
        FiscalYear::of(self.today())
    }

    /// The day that it is now in Japan.
    pub fn today(&self) -> Date {
        day_in_japan(self.clock.now().0)
    }

    /// Periods of a fiscal year that hold, by first day, each with whether it is inherited. Reasons: MUNICIPALITY_NOT_FOUND,
    /// SCHOOL_NOT_FOUND.
    pub async fn calendar(&self, staff: &Staff, of: CalendarOf, year: FiscalYear) -> Result<Vec<(Period, bool)>> {
        let mut tx = self.db.read().await?;
        require_visible(&mut tx, staff, of).await?;
        let (owner, school) = both(&mut tx, of, year, year).await?;
        let mut periods: Vec<_> = effective(&owner, &school)
            .into_iter()
            .map(|(period, own)| (period.clone(), of.school.is_some() && !own))
            .collect();
        periods.sort_by(|(a, _), (b, _)| (a.first, a.kind, &a.name).cmp(&(b.first, b.kind, &b.name)));
        Ok(periods)
    }

    /// Adds a period, or moves the one of the same fiscal year, kind and name. Reasons: MUNICIPALITY_NOT_FOUND,
    /// SCHOOL_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH, CALENDAR_FULL.
    pub async fn set_period(
        &self,
        staff: &Staff,
        of: CalendarOf,
        period: Period,
        seen: Option<String>,
    ) -> Result<Period> {
        let mut tx = self.db.begin().await?;
        require_changeable(&mut tx, staff, of).await?;
        self.access.audit(&mut tx, staff, period_deed(of, "calendar.set_period", &period)).await?;
        // The audit log of an owner is written one after the other, so what is read from here on is the newest.
        let year = period.fiscal_year();
        let known = store::periods(&mut tx, of, year, year).await?;
        let old = known.iter().find(|old| old.kind == period.kind && old.name == period.name);
        require_seen(seen, old.map(period_etag).unwrap_or_default())?;
        if old.is_none() && known.len() >= MOST_PERIODS {
            return Err(Error::new(Kind::Exhausted, "CALENDAR_FULL", say::calendar_full(MOST_PERIODS)));
        }
        store::upsert_period(&mut tx, of, &period).await?;
        tx.commit().await?;
        Ok(period)
    }

    /// Takes a place's own period away. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, PERIOD_NOT_FOUND, RIGHT_MISSING,
    /// ETAG_MISMATCH.
    pub async fn delete_period(
        &self,
        staff: &Staff,
        of: CalendarOf,
        (year, kind, name): (FiscalYear, PeriodKind, &str),
        seen: Option<String>,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        require_changeable(&mut tx, staff, of).await?;
        let known = store::periods(&mut tx, of, year, year).await?;
        let period = known
            .into_iter()
            .find(|period| period.kind == kind && period.name == name)
            .ok_or_else(|| Error::not_found("PERIOD_NOT_FOUND", say::period_unknown(name, year.japanese())))?;
        require_seen(seen, period_etag(&period))?;
        self.access.audit(&mut tx, staff, period_deed(of, "calendar.delete_period", &period)).await?;
        store::delete_period(&mut tx, of, &period).await?;
        tx.commit().await
    }

    /// Each day of a range: whether there is school. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, FIELD_INVALID.
    pub async fn school_days(
        &self,
        staff: &Staff,
        of: CalendarOf,
        first: Date,
        last: Date,
    ) -> Result<Vec<(Date, SchoolDay)>> {
        let count = (last - first).whole_days() + 1;
        if !(1..=MOST_DAYS).contains(&count) {
            return Err(Error::invalid_field("last_date", say::range_days(count, MOST_DAYS)));
        }
        let mut tx = self.db.read().await?;
        require_visible(&mut tx, staff, of).await?;
        // A period belongs to the fiscal year of its first day and may reach into the next.
        let begin = FiscalYear::of(first);
        let before = FiscalYear::starting_in(begin.year() - 1).unwrap_or(begin);
        let (owner, school) = both(&mut tx, of, before, FiscalYear::of(last)).await?;
        let holidays = store::holidays(&mut tx, first, last).await?;
        let days = (0..count).map(|offset| first + Duration::days(offset));
        Ok(days.map(|date| (date, school_day(date, &holidays, &owner, &school))).collect())
    }

    /// Whether there is school on a day by the own calendar of each of these owners. Reason: MUNICIPALITY_NOT_FOUND.
    pub async fn owner_days(
        &self,
        staff: &Staff,
        owners: &[MunicipalityId],
        date: Date,
    ) -> Result<HashMap<MunicipalityId, SchoolDay>> {
        for owner in owners {
            visible_area(staff, *owner)?;
        }
        let mut tx = self.db.read().await?;
        let holidays = store::holidays(&mut tx, date, date).await?;
        let periods = store::owner_periods_on(&mut tx, owners, date).await?;
        let day = |owner: &MunicipalityId| {
            let own = periods.get(owner).map_or(&[][..], Vec::as_slice);
            (*owner, school_day(date, &holidays, own, &[]))
        };
        Ok(owners.iter().map(day).collect())
    }

    /// Lesson times that hold at a place. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn lesson_times(&self, staff: &Staff, of: CalendarOf) -> Result<Lessons> {
        let mut tx = self.db.read().await?;
        require_visible(&mut tx, staff, of).await?;
        lessons(&mut tx, of).await
    }

    /// Says all lesson times of a place anew; they are checked. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND,
    /// RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn set_lesson_times(
        &self,
        staff: &Staff,
        of: CalendarOf,
        times: Vec<LessonTime>,
        seen: Option<String>,
    ) -> Result<Lessons> {
        let mut tx = self.db.begin().await?;
        require_changeable(&mut tx, staff, of).await?;
        let deed = Deed {
            municipality: Some(of.municipality),
            action: "calendar.set_lesson_times",
            subject_kind: subject_kind(of),
            subject_id: subject_id(of),
            details: serde_json::json!({ "lessons": times.len() }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        // The audit log of an owner is written one after the other, so what is read from here on is the newest.
        require_seen(seen, lessons_etag(&store::lesson_times(&mut tx, of).await?))?;
        store::replace_lesson_times(&mut tx, of, &times).await?;
        let lessons = lessons(&mut tx, of).await?;
        tx.commit().await?;
        Ok(lessons)
    }

    /// National holidays of a range of days. They are no secret, but a caller is needed.
    pub async fn holidays(&self, staff: &Staff, first: Date, last: Date) -> Result<Vec<HolidayRow>> {
        staff.scope(Right::ViewFigures)?;
        let mut tx = self.db.read().await?;
        store::list_holidays(&mut tx, first, last).await
    }

    /// Says the national holidays of a range of days anew. Reason: RIGHT_MISSING.
    pub async fn set_holidays(
        &self,
        staff: &Staff,
        first: Date,
        last: Date,
        holidays: Vec<HolidayRow>,
    ) -> Result<Vec<HolidayRow>> {
        staff.require_everywhere(Right::EditMunicipalities)?;
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: None,
            action: "calendar.set_holidays",
            subject_kind: "holidays",
            subject_id: format!("{} to {}", date_text(first), date_text(last)),
            details: serde_json::json!({ "holidays": holidays.len() }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        store::delete_holidays(&mut tx, first, last).await?;
        for holiday in &holidays {
            store::insert_holiday_once(&mut tx, holiday).await?;
        }
        let stored = store::list_holidays(&mut tx, first, last).await?;
        tx.commit().await?;
        Ok(stored)
    }
}

/// The periods of the owner and of the school; those of a school only if it is asked for.
async fn both(tx: &mut Tx, of: CalendarOf, first: FiscalYear, last: FiscalYear) -> Result<(Vec<Period>, Vec<Period>)> {
    let owner = store::periods(tx, CalendarOf { school: None, ..of }, first, last).await?;
    let school = match of.school {
        Some(_) => store::periods(tx, of, first, last).await?,
        None => Vec::new(),
    };
    Ok((owner, school))
}

async fn lessons(tx: &mut Tx, of: CalendarOf) -> Result<Lessons> {
    let own = store::lesson_times(tx, of).await?;
    let etag = lessons_etag(&own);
    let lessons = match of.school {
        None => own.into_iter().map(|lesson| (lesson, false)).collect(),
        Some(_) => {
            let owner = store::lesson_times(tx, CalendarOf { school: None, ..of }).await?;
            effective_lessons(&owner, &own).into_iter().map(|(lesson, is_own)| (lesson, !is_own)).collect()
        }
    };
    Ok((lessons, etag))
}

/// A school sees its owner's calendar too, since it inherits it.
async fn require_visible(tx: &mut Tx, staff: &Staff, of: CalendarOf) -> Result<()> {
    match of.school {
        Some(school) => visible_school(tx, staff, of.municipality, school).await.map(drop),
        None => visible_area(staff, of.municipality).map(drop),
    }
}

async fn require_changeable(tx: &mut Tx, staff: &Staff, of: CalendarOf) -> Result<()> {
    match of.school {
        Some(school) => school_for_change(tx, staff, of.municipality, school).await.map(drop),
        None if staff.area_for(Right::EditSchools, of.municipality)?.covers(None) => Ok(()),
        None => Err(right_missing()),
    }
}

fn subject_kind(of: CalendarOf) -> &'static str {
    if of.school.is_some() { "school" } else { "municipality" }
}

fn subject_id(of: CalendarOf) -> String {
    of.school.map_or_else(|| of.municipality.to_string(), |school| school.to_string())
}

fn period_deed(of: CalendarOf, action: &'static str, period: &Period) -> Deed {
    Deed {
        municipality: Some(of.municipality),
        action,
        subject_kind: subject_kind(of),
        subject_id: subject_id(of),
        details: serde_json::json!({
            "kind": period.kind.to_number(),
            "name": period.name,
            "first_date": date_text(period.first),
            "last_date": date_text(period.last),
        }),
    }
}
