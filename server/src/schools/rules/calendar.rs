//! The school calendar: which days are school days (授業日), and when lessons are.
//!
//! A municipality has periods of each fiscal year; its schools inherit them. A school's own period of the same kind, name
//! and fiscal year replaces the inherited one, and what a school says of a day goes before what it inherits.

use std::collections::BTreeMap;

use time::{Date, Weekday};

use super::fiscal::{FiscalYear, date_text};
use crate::error::{Both, FieldViolation, says::schools as say};

/// National holidays by day.
pub type Holidays = BTreeMap<Date, String>;

/// What a period is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum PeriodKind {
    /// 学期. Where a fiscal year has terms, days outside of them are no school days.
    Term = 1,
    /// 長期休業 (夏季休業 …).
    Vacation = 2,
    /// A day off of their own (開校記念日, 都民の日, 振替休業日).
    DayOff = 3,
    /// School on a day that else were none (土曜授業, 運動会).
    ExtraSchoolDay = 4,
}

impl PeriodKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Term, Self::Vacation, Self::DayOff, Self::ExtraSchoolDay];

    /// The number under which it is stored.
    pub fn to_number(self) -> i64 {
        self as i64
    }

    /// The kind that is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }
}

/// Some days in a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// What they are.
    pub kind: PeriodKind,
    /// What they are called, for example 夏季休業.
    pub name: String,
    /// The first day.
    pub first: Date,
    /// The last day, included.
    pub last: Date,
}

/// Longest period, in days: a vacation may cross the fiscal year, nothing lasts longer than one.
const LONGEST: i64 = 366;

impl Period {
    /// Checks the order of the days and how many there are.
    pub fn check(self) -> Result<Self, FieldViolation> {
        let days = (self.last - self.first).whole_days() + 1;
        if days < 1 {
            return Err(FieldViolation::new("last_date", say::last_before_first(date_text(self.first))));
        }
        if days > LONGEST {
            return Err(FieldViolation::new("last_date", say::period_too_long(days, LONGEST)));
        }
        Ok(self)
    }

    /// The fiscal year it belongs to: that of its first day.
    pub fn fiscal_year(&self) -> FiscalYear {
        FiscalYear::of(self.first)
    }

    fn covers(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    fn replaces(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && self.fiscal_year() == other.fiscal_year()
    }
}

/// What holds at a school: its own periods, then what it inherits and does not replace; each with whether it is its own.
pub fn effective<'a>(owner: &'a [Period], school: &'a [Period]) -> Vec<(&'a Period, bool)> {
    let inherited = owner.iter().filter(|period| !school.iter().any(|own| own.replaces(period)));
    school.iter().map(|own| (own, true)).chain(inherited.map(|period| (period, false))).collect()
}

/// Why a day is a school day or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A weekday of the term.
    Ordinary,
    /// An extra school day.
    Extra,
    /// A vacation.
    Vacation,
    /// A day off of their own.
    DayOff,
    /// A national holiday.
    NationalHoliday,
    /// Saturday or Sunday.
    Weekend,
    /// Outside of the terms.
    OutsideTerm,
}

/// Whether there is school on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolDay {
    /// Whether there is.
    pub is_school_day: bool,
    /// Why.
    pub why: Why,
    /// What the day is called: the period or the holiday; empty where it is ordinary, a weekend or outside the terms.
    pub name: String,
}

/// Whether there is school on a day at a school with these periods, or, without a school's own, by its owner's.
pub fn school_day(date: Date, holidays: &Holidays, owner: &[Period], school: &[Period]) -> SchoolDay {
    let periods = effective(owner, school);
    let found = |kind: PeriodKind, own: bool| {
        periods.iter().find(|(p, is_own)| *is_own == own && p.kind == kind && p.covers(date)).map(|(p, _)| *p)
    };
    let is = |is_school_day: bool, why: Why, name: &str| SchoolDay { is_school_day, why, name: name.to_owned() };
    for own in [true, false] {
        if let Some(period) = found(PeriodKind::ExtraSchoolDay, own) {
            return is(true, Why::Extra, &period.name);
        }
        if let Some(period) = found(PeriodKind::DayOff, own) {
            return is(false, Why::DayOff, &period.name);
        }
        if let Some(period) = found(PeriodKind::Vacation, own) {
            return is(false, Why::Vacation, &period.name);
        }
    }
    if let Some(name) = holidays.get(&date) {
        return is(false, Why::NationalHoliday, name);
    }
    if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return is(false, Why::Weekend, "");
    }
    let year = FiscalYear::of(date);
    let mut terms = periods.iter().filter(|(p, _)| p.kind == PeriodKind::Term && p.fiscal_year() == year).peekable();
    if terms.peek().is_some() && !terms.any(|(term, _)| term.covers(date)) {
        return is(false, Why::OutsideTerm, "");
    }
    is(true, Why::Ordinary, "")
}

/// One lesson of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LessonTime {
    /// 1 Monday … 7 Sunday.
    pub weekday: i16,
    /// 1 for the first lesson (1時間目) …
    pub period: i16,
    /// Minutes after midnight.
    pub begin_minute: i16,
    /// Minutes after midnight.
    pub end_minute: i16,
}

/// Most lessons of a day.
const LESSONS: i16 = 12;

/// Checks the lessons of a place: each known weekday and number once, in order, without overlap.
pub fn check_lessons(mut lessons: Vec<LessonTime>) -> Result<Vec<LessonTime>, Vec<FieldViolation>> {
    lessons.sort_unstable();
    let mut refused = Vec::new();
    for (at, lesson) in lessons.iter().enumerate() {
        let mut refuse = |field: &str, message: Both| {
            let place = format!("lesson_times[weekday {}, period {}].{field}", lesson.weekday, lesson.period);
            refused.push(FieldViolation::new(place, message));
        };
        if !(1..=7).contains(&lesson.weekday) {
            refuse("weekday", say::weekday());
        }
        if !(1..=LESSONS).contains(&lesson.period) {
            refuse("period", say::lesson_number(LESSONS));
        }
        if !(0..24 * 60).contains(&lesson.begin_minute) || !(1..=24 * 60).contains(&lesson.end_minute) {
            refuse("begin_minute", say::lesson_minute());
        } else if lesson.begin_minute >= lesson.end_minute {
            refuse("end_minute", say::lesson_end());
        }
        if let Some(before) = at.checked_sub(1).map(|i| lessons[i])
            && before.weekday == lesson.weekday
        {
            if before.period == lesson.period {
                refuse("period", say::lesson_twice());
            } else if lesson.begin_minute < before.end_minute {
                refuse("begin_minute", say::lesson_overlaps(before.period));
            }
        }
    }
    if refused.is_empty() { Ok(lessons) } else { Err(refused) }
}

/// The lessons that hold at a school: its own of a weekday where it has any, else those it inherits; each with whether it
/// is its own.
pub fn effective_lessons(owner: &[LessonTime], school: &[LessonTime]) -> Vec<(LessonTime, bool)> {
    let inherited = owner.iter().filter(|lesson| !school.iter().any(|own| own.weekday == lesson.weekday));
    let mut all: Vec<_> = school.iter().map(|l| (*l, true)).chain(inherited.map(|l| (*l, false))).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests;
