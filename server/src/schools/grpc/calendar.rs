//! CalendarService: which days are school days, and when lessons are.

use gigafleet_proto::v1::{self, calendar_service_server::CalendarService};
use time::{Date, Month};
use tonic::{Request, Response, Status};

use crate::{
    access::service::Access,
    error::{
        Error, FieldViolation, Result as ServerResult,
        says::{fields, schools as say},
    },
    grpc::{caller, page},
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::{LessonTime, Period, PeriodKind, Why, check_lessons},
            fiscal::{FiscalYear, date_text, parse_date},
            parse_name, parse_optional_uuid, parse_text, parse_uuid,
        },
        service::{
            Schools,
            calendar::{CalendarOf, HolidayRow, Lessons, period_etag},
        },
    },
};

/// Most lessons of a place: twelve of each weekday.
const MOST_LESSONS: usize = 84;
/// Most national holidays of a year.
const MOST_HOLIDAYS: usize = 60;

/// Answers staff about calendars.
#[derive(Debug, Clone)]
pub struct CalendarGrpc {
    schools: Schools,
    access: Access,
}

impl CalendarGrpc {
    /// Answers with this service.
    pub fn new(schools: Schools, access: Access) -> Self {
        Self { schools, access }
    }

    fn fiscal_year(&self, year: u32) -> Result<FiscalYear, FieldViolation> {
        match year {
            0 => Ok(self.schools.fiscal_year()),
            year => FiscalYear::parse("fiscal_year", &year.to_string()),
        }
    }
}

fn place(municipality_id: &str, school_id: &str, refused: &mut Vec<FieldViolation>) -> Option<CalendarOf> {
    let municipality = page::collect(parse_uuid("municipality_id", municipality_id), refused);
    let school = page::collect(parse_optional_uuid("school_id", school_id), refused);
    Some(CalendarOf { municipality: MunicipalityId(municipality?), school: school?.map(SchoolId) })
}

fn invalid(refused: Vec<FieldViolation>) -> Status {
    Error::invalid_fields("FIELD_INVALID", refused).into()
}

fn seen(etag: String) -> Option<String> {
    Some(etag).filter(|etag| !etag.is_empty())
}

fn kind(kind: v1::PeriodKind) -> Result<PeriodKind, FieldViolation> {
    match kind {
        v1::PeriodKind::Unspecified => Err(FieldViolation::new("kind", say::period_kind())),
        v1::PeriodKind::Term => Ok(PeriodKind::Term),
        v1::PeriodKind::Vacation => Ok(PeriodKind::Vacation),
        v1::PeriodKind::DayOff => Ok(PeriodKind::DayOff),
        v1::PeriodKind::ExtraSchoolDay => Ok(PeriodKind::ExtraSchoolDay),
    }
}

fn kind_message(kind: PeriodKind) -> i32 {
    let kind = match kind {
        PeriodKind::Term => v1::PeriodKind::Term,
        PeriodKind::Vacation => v1::PeriodKind::Vacation,
        PeriodKind::DayOff => v1::PeriodKind::DayOff,
        PeriodKind::ExtraSchoolDay => v1::PeriodKind::ExtraSchoolDay,
    };
    kind.into()
}

fn reason(why: Why) -> i32 {
    let reason = match why {
        Why::Ordinary => v1::SchoolDayReason::Ordinary,
        Why::Extra => v1::SchoolDayReason::Extra,
        Why::Vacation => v1::SchoolDayReason::Vacation,
        Why::DayOff => v1::SchoolDayReason::DayOff,
        Why::NationalHoliday => v1::SchoolDayReason::NationalHoliday,
        Why::Weekend => v1::SchoolDayReason::Weekend,
        Why::OutsideTerm => v1::SchoolDayReason::OutsideTerm,
    };
    reason.into()
}

fn period_message(period: &Period, inherited: bool) -> v1::CalendarPeriod {
    v1::CalendarPeriod {
        kind: kind_message(period.kind),
        name: period.name.clone(),
        first_date: date_text(period.first),
        last_date: date_text(period.last),
        inherited,
        etag: period_etag(period),
    }
}

fn lesson(lesson: &v1::LessonTime) -> LessonTime {
    // What does not fit is out of every bound, and is refused by its check.
    let number = |value: u32| i16::try_from(value).unwrap_or(i16::MAX);
    LessonTime {
        weekday: number(lesson.weekday),
        period: number(lesson.period),
        begin_minute: number(lesson.begin_minute),
        end_minute: number(lesson.end_minute),
    }
}

fn lesson_messages((lessons, etag): Lessons) -> (Vec<v1::LessonTime>, String) {
    let number = |value: i16| u32::try_from(value).unwrap_or_default();
    let message = |(lesson, inherited): (LessonTime, bool)| v1::LessonTime {
        weekday: number(lesson.weekday),
        period: number(lesson.period),
        begin_minute: number(lesson.begin_minute),
        end_minute: number(lesson.end_minute),
        inherited,
    };
    (lessons.into_iter().map(message).collect(), etag)
}

/// The first and the last day of a calendar year.
fn year_of_days(year: i32) -> ServerResult<(Date, Date)> {
    let days = (2000..=2101).contains(&year).then(|| {
        let first = Date::from_calendar_date(year, Month::January, 1).ok()?;
        Some((first, Date::from_calendar_date(year, Month::December, 31).ok()?))
    });
    days.flatten().ok_or_else(|| Error::invalid_field("year", fields::out_of_range(year, 2000, 2101)))
}

fn holiday_message(row: HolidayRow) -> v1::Holiday {
    v1::Holiday { date: row.date, name: row.name, source: row.source }
}

#[tonic::async_trait]
impl CalendarService for CalendarGrpc {
    async fn list_calendar(
        &self,
        request: Request<v1::ListCalendarRequest>,
    ) -> Result<Response<v1::ListCalendarResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let of = place(&request.municipality_id, &request.school_id, &mut refused);
        let year = page::collect(self.fiscal_year(request.fiscal_year), &mut refused);
        let (Some(of), Some(year)) = (of, year) else { return Err(invalid(refused)) };
        let periods = self.schools.calendar(&staff, of, year).await?;
        let periods = periods.iter().map(|(period, inherited)| period_message(period, *inherited)).collect();
        let fiscal_year = u32::try_from(year.year()).unwrap_or_default();
        Ok(Response::new(v1::ListCalendarResponse { periods, fiscal_year }))
    }

    async fn set_calendar_period(
        &self,
        request: Request<v1::SetCalendarPeriodRequest>,
    ) -> Result<Response<v1::SetCalendarPeriodResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.period.unwrap_or_default();
        let mut refused = Vec::new();
        let of = place(&request.municipality_id, &request.school_id, &mut refused);
        let kind = page::collect(kind(new.kind()), &mut refused);
        let name = page::collect(parse_name("name", &new.name), &mut refused);
        let first = page::collect(parse_date("first_date", &new.first_date), &mut refused);
        let last = page::collect(parse_date("last_date", &new.last_date), &mut refused);
        let (Some(of), Some(kind), Some(name), Some(first), Some(last)) = (of, kind, name, first, last) else {
            return Err(invalid(refused));
        };
        let period = page::field(Period { kind, name, first, last }.check())?;
        if FiscalYear::starting_in(period.fiscal_year().year()).is_none() {
            return Err(Error::invalid_field("first_date", say::outside_fiscal_years()).into());
        }
        let period = self.schools.set_period(&staff, of, period, seen(new.etag)).await?;
        Ok(Response::new(v1::SetCalendarPeriodResponse { period: Some(period_message(&period, false)) }))
    }

    async fn delete_calendar_period(
        &self,
        request: Request<v1::DeleteCalendarPeriodRequest>,
    ) -> Result<Response<v1::DeleteCalendarPeriodResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let of = place(&request.municipality_id, &request.school_id, &mut refused);
        let year = page::collect(self.fiscal_year(request.fiscal_year), &mut refused);
        let kind = page::collect(kind(request.kind()), &mut refused);
        let name = page::collect(parse_name("name", &request.name), &mut refused);
        let (Some(of), Some(year), Some(kind), Some(name)) = (of, year, kind, name) else {
            return Err(invalid(refused));
        };
        self.schools.delete_period(&staff, of, (year, kind, &name), seen(request.etag)).await?;
        Ok(Response::new(v1::DeleteCalendarPeriodResponse {}))
    }

    async fn get_school_days(
        &self,
        request: Request<v1::GetSchoolDaysRequest>,
    ) -> Result<Response<v1::GetSchoolDaysResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let of = place(&request.municipality_id, &request.school_id, &mut refused);
        let first = page::collect(parse_date("first_date", &request.first_date), &mut refused);
        let last = page::collect(parse_date("last_date", &request.last_date), &mut refused);
        let (Some(of), Some(first), Some(last)) = (of, first, last) else { return Err(invalid(refused)) };
        let days = self.schools.school_days(&staff, of, first, last).await?;
        let count = days.iter().filter(|(_, day)| day.is_school_day).count();
        let days = days.into_iter().map(|(date, day)| v1::SchoolDay {
            date: date_text(date),
            is_school_day: day.is_school_day,
            reason: reason(day.why),
            name: day.name,
        });
        let school_day_count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Response::new(v1::GetSchoolDaysResponse { days: days.collect(), school_day_count }))
    }

    async fn set_lesson_times(
        &self,
        request: Request<v1::SetLessonTimesRequest>,
    ) -> Result<Response<v1::SetLessonTimesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let of = place(&request.municipality_id, &request.school_id, &mut refused);
        if request.lesson_times.len() > MOST_LESSONS {
            let message = fields::too_many(request.lesson_times.len(), MOST_LESSONS);
            refused.push(FieldViolation::new("lesson_times", message));
            return Err(invalid(refused));
        }
        let lessons = check_lessons(request.lesson_times.iter().map(lesson).collect());
        let (Some(of), Ok(lessons)) = (of, lessons.map_err(|wrong| refused.extend(wrong))) else {
            return Err(invalid(refused));
        };
        let lessons = self.schools.set_lesson_times(&staff, of, lessons, seen(request.etag)).await?;
        let (lesson_times, etag) = lesson_messages(lessons);
        Ok(Response::new(v1::SetLessonTimesResponse { lesson_times, etag }))
    }

    async fn list_lesson_times(
        &self,
        request: Request<v1::ListLessonTimesRequest>,
    ) -> Result<Response<v1::ListLessonTimesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let Some(of) = place(&request.municipality_id, &request.school_id, &mut refused) else {
            return Err(invalid(refused));
        };
        let (lesson_times, etag) = lesson_messages(self.schools.lesson_times(&staff, of).await?);
        Ok(Response::new(v1::ListLessonTimesResponse { lesson_times, etag }))
    }

    async fn list_holidays(
        &self,
        request: Request<v1::ListHolidaysRequest>,
    ) -> Result<Response<v1::ListHolidaysResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let year = match request.into_inner().year {
            0 => self.schools.today().year(),
            year => i32::try_from(year).unwrap_or(i32::MAX),
        };
        let (first, last) = year_of_days(year)?;
        let holidays = self.schools.holidays(&staff, first, last).await?;
        let holidays = holidays.into_iter().map(holiday_message).collect();
        Ok(Response::new(v1::ListHolidaysResponse { holidays }))
    }

    async fn set_holidays(
        &self,
        request: Request<v1::SetHolidaysRequest>,
    ) -> Result<Response<v1::SetHolidaysResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (first, last) = year_of_days(i32::try_from(request.year).unwrap_or(i32::MAX))?;
        let mut refused = Vec::new();
        if request.holidays.len() > MOST_HOLIDAYS {
            let message = fields::too_many(request.holidays.len(), MOST_HOLIDAYS);
            return Err(Error::invalid_field("holidays", message).into());
        }
        let mut rows: Vec<HolidayRow> = Vec::new();
        for holiday in &request.holidays {
            let date = parse_date("holidays.date", &holiday.date).and_then(|date| {
                let known = rows.iter().any(|row| row.date == date_text(date));
                match (first..=last).contains(&date) {
                    true if known => Err(FieldViolation::new("holidays.date", say::holiday_twice(&holiday.date))),
                    true => Ok(date),
                    false => {
                        Err(FieldViolation::new("holidays.date", say::holiday_other_year(&holiday.date, request.year)))
                    }
                }
            });
            let date = page::collect(date, &mut refused);
            let name = page::collect(parse_name("holidays.name", &holiday.name), &mut refused);
            let source = page::collect(parse_text("holidays.source", &holiday.source, 200), &mut refused);
            if holiday.source.is_empty() {
                refused.push(FieldViolation::new("holidays.source", say::holiday_source()));
            }
            if let (Some(date), Some(name), Some(source)) = (date, name, source) {
                rows.push(HolidayRow { date: date_text(date), name, source });
            }
        }
        if !refused.is_empty() {
            return Err(invalid(refused));
        }
        let holidays = self.schools.set_holidays(&staff, first, last, rows).await?;
        let holidays = holidays.into_iter().map(holiday_message).collect();
        Ok(Response::new(v1::SetHolidaysResponse { holidays }))
    }
}
