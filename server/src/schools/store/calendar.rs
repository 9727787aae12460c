//! SQL of national holidays, calendar periods and lesson times.

use std::collections::HashMap;

use sqlx::FromRow;
use time::Date;
use uuid::Uuid;

use crate::{
    db::{Tx, among_sql, rows_json},
    error::{Error, Result},
    schools::rules::{
        MunicipalityId, SchoolId,
        calendar::{Holidays, LessonTime, Period, PeriodKind},
        fiscal::{FiscalYear, date_text, parse_date},
    },
};

/// Whose calendar: a school's, or its owner's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarOf {
    /// The owner.
    pub municipality: MunicipalityId,
    /// The school; none for the owner's own.
    pub school: Option<SchoolId>,
}

impl CalendarOf {
    fn stored(municipality: MunicipalityId, school: Uuid) -> Self {
        Self { municipality, school: (!school.is_nil()).then_some(SchoolId(school)) }
    }

    fn school_id(self) -> Uuid {
        self.school.map_or(Uuid::nil(), |school| school.0)
    }
}

/// A national holiday as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct HolidayRow {
    /// The day.
    pub date: String,
    /// Its name.
    pub name: String,
    /// Who says so.
    pub source: String,
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    kind: i16,
    name: String,
    first_date: String,
    last_date: String,
}

fn stored_date(text: &str) -> Result<Date> {
    parse_date("date", text)
        .map_err(|violation| Error::internal("a stored day is none", violation.message.en.into_owned()))
}

impl PeriodRow {
    fn period(self) -> Result<Period> {
        let kind = PeriodKind::from_number(self.kind)
            .ok_or_else(|| Error::internal("a stored kind of period is unknown", self.kind.to_string()))?;
        let (first, last) = (stored_date(&self.first_date)?, stored_date(&self.last_date)?);
        Ok(Period { kind, name: self.name, first, last })
    }
}

/// National holidays of a range of days, by day.
pub(in crate::schools) async fn list_holidays(tx: &mut Tx, first: Date, last: Date) -> Result<Vec<HolidayRow>> {
    tx.query("SELECT date, name, source FROM national_holiday WHERE date >= $1 AND date <= $2 ORDER BY date LIMIT 1000")
        .bind(date_text(first))
        .bind(date_text(last))
        .all()
        .await
}

/// National holidays of a range of days, to be asked.
pub async fn holidays(tx: &mut Tx, first: Date, last: Date) -> Result<Holidays> {
    let rows = list_holidays(tx, first, last).await?;
    rows.into_iter().map(|row| Ok((stored_date(&row.date)?, row.name))).collect()
}

pub(in crate::schools) async fn delete_holidays(tx: &mut Tx, first: Date, last: Date) -> Result<u64> {
    tx.query("DELETE FROM national_holiday WHERE date >= $1 AND date <= $2")
        .bind(date_text(first))
        .bind(date_text(last))
        .execute()
        .await
}

/// Adds a holiday unless its day is known.
pub(in crate::schools) async fn insert_holiday_once(tx: &mut Tx, row: &HolidayRow) -> Result<()> {
    tx.query("INSERT INTO national_holiday (date, name, source) VALUES ($1, $2, $3) ON CONFLICT (date) DO NOTHING")
        .bind(row.date.as_str())
        .bind(row.name.as_str())
        .bind(row.source.as_str())
        .execute()
        .await?;
    Ok(())
}

/// A place's own periods of some fiscal years in a row, by first day.
pub async fn periods(tx: &mut Tx, of: CalendarOf, first: FiscalYear, last: FiscalYear) -> Result<Vec<Period>> {
    let rows = tx
        .query(
            "SELECT kind, name, first_date, last_date FROM calendar_period
             WHERE municipality_id = $1 AND school_id = $2 AND fiscal_year >= $3 AND fiscal_year <= $4
             ORDER BY first_date, kind, name LIMIT 1000",
        )
        .bind(of.municipality)
        .bind(of.school_id())
        .bind(first.to_number())
        .bind(last.to_number())
        .all::<PeriodRow>()
        .await?;
    rows.into_iter().map(PeriodRow::period).collect()
}

#[derive(Debug, FromRow)]
struct OwnerPeriodRow {
    municipality_id: Uuid,
    kind: i16,
    name: String,
    first_date: String,
    last_date: String,
}

/// Of many owners' own calendars what decides about a day: periods that cover it, and all terms.
pub(in crate::schools) async fn owner_periods_on(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    date: Date,
) -> Result<HashMap<MunicipalityId, Vec<Period>>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, kind, name, first_date, last_date FROM calendar_period WHERE",
        "municipality_id",
        "$1",
        "AND school_id = $2 AND fiscal_year >= $3 AND fiscal_year <= $4
             AND (kind = $6 OR (first_date <= $5 AND last_date >= $5))
         ORDER BY municipality_id, first_date, kind, name"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let year = FiscalYear::of(date);
    // A period belongs to the fiscal year of its first day and may reach into the next.
    let before = FiscalYear::starting_in(year.year() - 1).unwrap_or(year);
    let rows: Vec<OwnerPeriodRow> = tx
        .query(sql)
        .bind(rows_json(owners)?)
        .bind(Uuid::nil())
        .bind(before.to_number())
        .bind(year.to_number())
        .bind(date_text(date))
        .bind(PeriodKind::Term.to_number())
        .all()
        .await?;
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for OwnerPeriodRow { municipality_id, kind, name, first_date, last_date } in rows {
        let period = PeriodRow { kind, name, first_date, last_date }.period()?;
        all.entry(MunicipalityId(municipality_id)).or_default().push(period);
    }
    Ok(all)
}

#[derive(Debug, FromRow)]
struct PlacePeriodRow {
    municipality_id: Uuid,
    school_id: Uuid,
    kind: i16,
    name: String,
    first_date: String,
    last_date: String,
}

/// Periods by whose they are.
fn by_place(rows: Vec<PlacePeriodRow>) -> Result<HashMap<CalendarOf, Vec<Period>>> {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for PlacePeriodRow { municipality_id, school_id, kind, name, first_date, last_date } in rows {
        let period = PeriodRow { kind, name, first_date, last_date }.period()?;
        all.entry(CalendarOf::stored(MunicipalityId(municipality_id), school_id)).or_default().push(period);
    }
    Ok(all)
}

/// All periods of owners and their schools of some fiscal years in a row, by whose they are.
pub async fn owner_calendars(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    first: FiscalYear,
    last: FiscalYear,
) -> Result<HashMap<CalendarOf, Vec<Period>>> {
    let (sqlite, postgres) = among_sql!(
        "SELECT municipality_id, school_id, kind, name, first_date, last_date FROM calendar_period WHERE",
        "municipality_id",
        "$1",
        "AND fiscal_year >= $2 AND fiscal_year <= $3
         ORDER BY municipality_id, school_id, first_date, kind, name LIMIT 1000000"
    );
    let sql = tx.by_engine(sqlite, postgres);
    let years = tx.query(sql).bind(rows_json(owners)?).bind(first.to_number()).bind(last.to_number());
    by_place(years.all().await?)
}

/// The periods of an owner itself and of one of its schools of some fiscal years in a row, by whose they are.
pub async fn place_calendars(
    tx: &mut Tx,
    owner: MunicipalityId,
    school: Option<SchoolId>,
    first: FiscalYear,
    last: FiscalYear,
) -> Result<HashMap<CalendarOf, Vec<Period>>> {
    let sql = "SELECT municipality_id, school_id, kind, name, first_date, last_date FROM calendar_period
               WHERE municipality_id = $1 AND school_id IN ($2, $3) AND fiscal_year >= $4 AND fiscal_year <= $5
               ORDER BY school_id, first_date, kind, name LIMIT 1000";
    let of = |school| CalendarOf { municipality: owner, school }.school_id();
    let statement = tx.query(sql).bind(owner).bind(of(None)).bind(of(school));
    by_place(statement.bind(first.to_number()).bind(last.to_number()).all().await?)
}

pub(in crate::schools) async fn upsert_period(tx: &mut Tx, of: CalendarOf, period: &Period) -> Result<()> {
    tx.query(
        "INSERT INTO calendar_period (municipality_id, school_id, fiscal_year, kind, name, first_date, last_date)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (municipality_id, school_id, fiscal_year, kind, name)
         DO UPDATE SET first_date = excluded.first_date, last_date = excluded.last_date",
    )
    .bind(of.municipality)
    .bind(of.school_id())
    .bind(period.fiscal_year().to_number())
    .bind(period.kind.to_number())
    .bind(period.name.as_str())
    .bind(date_text(period.first))
    .bind(date_text(period.last))
    .execute()
    .await?;
    Ok(())
}

pub(in crate::schools) async fn delete_period(tx: &mut Tx, of: CalendarOf, period: &Period) -> Result<()> {
    tx.query(
        "DELETE FROM calendar_period
         WHERE municipality_id = $1 AND school_id = $2 AND fiscal_year = $3 AND kind = $4 AND name = $5",
    )
    .bind(of.municipality)
    .bind(of.school_id())
    .bind(period.fiscal_year().to_number())
    .bind(period.kind.to_number())
    .bind(period.name.as_str())
    .execute()
    .await?;
    Ok(())
}

#[derive(Debug, FromRow)]
struct LessonRow {
    weekday: i16,
    period: i16,
    begin_minute: i16,
    end_minute: i16,
}

/// A place's own lesson times, by weekday and number.
pub async fn lesson_times(tx: &mut Tx, of: CalendarOf) -> Result<Vec<LessonTime>> {
    let rows = tx
        .query(
            "SELECT weekday, period, begin_minute, end_minute FROM lesson_time
             WHERE municipality_id = $1 AND school_id = $2 ORDER BY weekday, period LIMIT 200",
        )
        .bind(of.municipality)
        .bind(of.school_id())
        .all::<LessonRow>()
        .await?;
    let lesson = |row: LessonRow| LessonTime {
        weekday: row.weekday,
        period: row.period,
        begin_minute: row.begin_minute,
        end_minute: row.end_minute,
    };
    Ok(rows.into_iter().map(lesson).collect())
}

/// All lesson times of an owner and its schools, by whose they are.
pub async fn owner_lessons(tx: &mut Tx, owner: MunicipalityId) -> Result<HashMap<CalendarOf, Vec<LessonTime>>> {
    let rows: Vec<(Uuid, i16, i16, i16, i16)> = tx
        .query(
            "SELECT school_id, weekday, period, begin_minute, end_minute FROM lesson_time
             WHERE municipality_id = $1 ORDER BY school_id, weekday, period LIMIT 100000",
        )
        .bind(owner)
        .all()
        .await?;
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for (school, weekday, period, begin_minute, end_minute) in rows {
        let lesson = LessonTime { weekday, period, begin_minute, end_minute };
        all.entry(CalendarOf::stored(owner, school)).or_default().push(lesson);
    }
    Ok(all)
}

pub(in crate::schools) async fn replace_lesson_times(
    tx: &mut Tx,
    of: CalendarOf,
    lessons: &[LessonTime],
) -> Result<()> {
    tx.query("DELETE FROM lesson_time WHERE municipality_id = $1 AND school_id = $2")
        .bind(of.municipality)
        .bind(of.school_id())
        .execute()
        .await?;
    for lesson in lessons {
        tx.query(
            "INSERT INTO lesson_time (municipality_id, school_id, weekday, period, begin_minute, end_minute)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(of.municipality)
        .bind(of.school_id())
        .bind(i64::from(lesson.weekday))
        .bind(i64::from(lesson.period))
        .bind(i64::from(lesson.begin_minute))
        .bind(i64::from(lesson.end_minute))
        .execute()
        .await?;
    }
    Ok(())
}
