//! Whether lessons are on at schools of an owner, by calendar and timetable of one day.

use std::collections::{HashMap, hash_map::Entry};

use time::Date;

use crate::{
    access::rules::days::minute_in_japan,
    bandwidth::rules::planning::is_near_lessons,
    clock::Timestamp,
    db::Tx,
    error::Result,
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::{Holidays, LessonTime, Period, effective_lessons, school_day},
            fiscal::{FiscalYear, day_in_japan},
        },
        service::calendar::CalendarOf,
        store::calendar,
    },
};

/// What an owner and its schools say of one day.
pub(super) struct Lessons {
    owner: MunicipalityId,
    day: Date,
    holidays: Holidays,
    periods: HashMap<CalendarOf, Vec<Period>>,
    lessons: HashMap<CalendarOf, Vec<LessonTime>>,
}

impl Lessons {
    /// Reads what is said of the day of a moment.
    pub(super) async fn read(tx: &mut Tx, owner: MunicipalityId, at: Timestamp) -> Result<Self> {
        let day = day_in_japan(at.0);
        let year = FiscalYear::of(day);
        Ok(Self {
            owner,
            day,
            holidays: calendar::holidays(tx, day, day).await?,
            periods: calendar::owner_calendars(tx, &[owner], year, year).await?,
            lessons: calendar::owner_lessons(tx, owner).await?,
        })
    }

    /// Whether a moment of the day lies in the lessons of a school, or nearer to them than so many minutes.
    pub(super) fn are_near(&self, school: SchoolId, at: Timestamp, distance: i64) -> bool {
        let of = CalendarOf { municipality: self.owner, school: None };
        let of_school = CalendarOf { school: Some(school), ..of };
        let own = |of| self.periods.get(&of).map_or(&[][..], Vec::as_slice);
        let is_school_day = school_day(self.day, &self.holidays, own(of), own(of_school)).is_school_day;
        let own = |of| self.lessons.get(&of).map_or(&[][..], Vec::as_slice);
        let weekday = i16::from(self.day.weekday().number_from_monday());
        let times: Vec<_> = effective_lessons(own(of), own(of_school))
            .into_iter()
            .filter(|(lesson, _)| lesson.weekday == weekday)
            .map(|(lesson, _)| (i64::from(lesson.begin_minute), i64::from(lesson.end_minute)))
            .collect();
        is_near_lessons(minute_in_japan(at), is_school_day, &times, distance)
    }
}

/// Lessons of owners and days, each of which is read once.
#[derive(Default)]
pub(super) struct LessonsOfDays(HashMap<(MunicipalityId, Date), Lessons>);

impl LessonsOfDays {
    /// Whether a moment lies in the lessons of a school.
    pub(super) async fn are_on(
        &mut self,
        tx: &mut Tx,
        (owner, school): (MunicipalityId, SchoolId),
        at: Timestamp,
    ) -> Result<bool> {
        let lessons = match self.0.entry((owner, day_in_japan(at.0))) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(new) => new.insert(Lessons::read(tx, owner, at).await?),
        };
        Ok(lessons.are_near(school, at, 0))
    }
}
