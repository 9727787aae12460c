//! `gigafleet calendar`: periods, school days, lesson times, national holidays.

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer},
    failure::{Failure, Result},
    json,
    output::print,
    schools::fiscal_year,
    table::{self, Column, or_absent},
};

#[derive(Debug, Args)]
pub(super) struct CalendarArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: CalendarCommand,
}

/// Whose calendar.
#[derive(Debug, Args)]
struct PlaceArgs {
    /// 全国地方公共団体コード of the owner, six digits.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// The school, by name or id; without it the municipality's own calendar.
    #[arg(long, value_name = "NAME-or-ID")]
    school: Option<String>,
}

impl PlaceArgs {
    /// The ids of the owner and of the school, which may be empty.
    async fn find(&self, client: &Client) -> Result<(String, String)> {
        let owner = client.municipality(&self.municipality).await?.municipality_id;
        let school = match &self.school {
            Some(school) => client.school(Some(&owner), school).await?.school_id,
            None => String::new(),
        };
        Ok((owner, school))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// 学期
    Term,
    /// 長期休業
    Vacation,
    /// 休業日
    DayOff,
    /// 授業日
    Extra,
}

impl Kind {
    fn message(self) -> i32 {
        let kind = match self {
            Self::Term => v1::PeriodKind::Term,
            Self::Vacation => v1::PeriodKind::Vacation,
            Self::DayOff => v1::PeriodKind::DayOff,
            Self::Extra => v1::PeriodKind::ExtraSchoolDay,
        };
        kind.into()
    }
}

#[derive(Debug, Subcommand)]
enum CalendarCommand {
    /// Show the periods of a fiscal year.
    Show {
        #[command(flatten)]
        place: PlaceArgs,
        /// Fiscal year: 2026, R8 or 令和8年度; the current one if absent.
        #[arg(long, value_name = "YEAR")]
        year: Option<String>,
    },
    /// Add a period, or move the one of the same fiscal year, kind and name.
    Set {
        #[command(flatten)]
        place: PlaceArgs,
        /// What it is.
        #[arg(long, value_enum)]
        kind: Kind,
        /// What it is called, for example 夏季休業.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// The first day: 2026-07-21, R8.7.21 or 令和8年7月21日.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// The last day; the first one if absent.
        #[arg(long, value_name = "DAY")]
        to: Option<String>,
    },
    /// Take a period away; what it replaced is inherited again.
    Delete {
        #[command(flatten)]
        place: PlaceArgs,
        /// What it is.
        #[arg(long, value_enum)]
        kind: Kind,
        /// What it is called.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Fiscal year of its first day; the current one if absent.
        #[arg(long, value_name = "YEAR")]
        year: Option<String>,
    },
    /// Show each day of a range, at most 400: whether there is school, and why.
    Days {
        #[command(flatten)]
        place: PlaceArgs,
        /// The first day.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// The last day.
        #[arg(long, value_name = "DAY")]
        to: String,
    },
    /// Show lesson times, or say them all anew.
    Lessons {
        #[command(flatten)]
        place: PlaceArgs,
        /// A lesson as WEEKDAY:NUMBER=HH:MM-HH:MM, weekday 1 Monday to 7 Sunday; once for each. All others go away.
        #[arg(long, value_name = "LESSON")]
        set: Vec<String>,
        /// Take all of the place's own away, so that it inherits.
        #[arg(long, conflicts_with = "set")]
        clear: bool,
    },
    /// Show the national holidays of a calendar year, or say them anew from a file.
    Holidays {
        /// Calendar year; the current one if absent.
        #[arg(long, value_name = "YEAR")]
        year: Option<u32>,
        /// UTF-8 file with a line DATE,NAME for each holiday of the year, which replaces what is known.
        #[arg(long, value_name = "FILE", requires_all = ["year", "source"])]
        file: Option<std::path::PathBuf>,
        /// Who says so, with a date.
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
}

/// Runs a command about calendars.
pub(super) async fn run(args: CalendarArgs) -> Result<()> {
    let client = args.client.open().await?;
    let as_json = args.client.json;
    match args.command {
        CalendarCommand::Show { place, year } => show(&client, &place, fiscal_year(year.as_deref())?, as_json).await,
        CalendarCommand::Set { place, kind, name, from, to } => {
            let (municipality_id, school_id) = place.find(&client).await?;
            let last_date = to.unwrap_or_else(|| from.clone());
            let period = v1::CalendarPeriod {
                kind: kind.message(),
                name,
                first_date: from,
                last_date,
                ..v1::CalendarPeriod::default()
            };
            let request = v1::SetCalendarPeriodRequest { municipality_id, school_id, period: Some(period) };
            let period = answer(client.calendars().set_calendar_period(request)).await?.period;
            print_periods(period.into_iter().collect(), as_json)
        }
        CalendarCommand::Delete { place, kind, name, year } => {
            let (municipality_id, school_id) = place.find(&client).await?;
            let year = fiscal_year(year.as_deref())?;
            let request = v1::DeleteCalendarPeriodRequest {
                municipality_id,
                school_id,
                fiscal_year: year,
                kind: kind.message(),
                name,
                etag: String::new(),
            };
            answer(client.calendars().delete_calendar_period(request)).await?;
            show(&client, &place, year, as_json).await
        }
        CalendarCommand::Days { place, from, to } => days(&client, &place, from, to, as_json).await,
        CalendarCommand::Lessons { place, set, clear } => lessons(&client, &place, &set, clear, as_json).await,
        CalendarCommand::Holidays { year, file, source } => {
            let holidays = match file {
                None => {
                    answer(client.calendars().list_holidays(v1::ListHolidaysRequest { year: year.unwrap_or(0) }))
                        .await?
                        .holidays
                }
                Some(file) => {
                    let holidays = read_holidays(&file, source.as_deref().unwrap_or_default())?;
                    let request = v1::SetHolidaysRequest { year: year.unwrap_or(0), holidays };
                    answer(client.calendars().set_holidays(request)).await?.holidays
                }
            };
            print_holidays(holidays, as_json)
        }
    }
}

async fn show(client: &Client, place: &PlaceArgs, fiscal_year: u32, as_json: bool) -> Result<()> {
    let (municipality_id, school_id) = place.find(client).await?;
    let request = v1::ListCalendarRequest { municipality_id, school_id, fiscal_year };
    print_periods(answer(client.calendars().list_calendar(request)).await?.periods, as_json)
}

fn print_periods(periods: Vec<v1::CalendarPeriod>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("periods", periods, json::calendar_period)));
    }
    let row = |period: &v1::CalendarPeriod| {
        vec![
            period.first_date.clone(),
            period.last_date.clone(),
            period.kind().as_str_name().trim_start_matches("PERIOD_KIND_").to_owned(),
            period.name.clone(),
            if period.inherited { "inherited" } else { "own" }.to_owned(),
        ]
    };
    let columns = ["FIRST DAY", "LAST DAY", "KIND", "NAME", "FROM"].map(Column::Text);
    print(table::table(&columns, periods.iter().map(row).collect(), "nobody said anything of this year yet"))
}

async fn days(client: &Client, place: &PlaceArgs, from: String, to: String, as_json: bool) -> Result<()> {
    let (municipality_id, school_id) = place.find(client).await?;
    let request = v1::GetSchoolDaysRequest { municipality_id, school_id, first_date: from, last_date: to };
    let found = answer(client.calendars().get_school_days(request)).await?;
    if as_json {
        return print(json::pretty(&json::list("days", found.days, json::school_day)));
    }
    let row = |day: &v1::SchoolDay| {
        vec![
            day.date.clone(),
            if day.is_school_day { "school" } else { "none" }.to_owned(),
            day.reason().as_str_name().trim_start_matches("SCHOOL_DAY_REASON_").to_owned(),
            or_absent(Some(&day.name)),
        ]
    };
    let columns = ["DAY", "SCHOOL", "WHY", "NAME"].map(Column::Text);
    let text = table::table(&columns, found.days.iter().map(row).collect(), "no days");
    print(format!("{text}{} school days\n", found.school_day_count))
}

async fn lessons(client: &Client, place: &PlaceArgs, set: &[String], clear: bool, as_json: bool) -> Result<()> {
    let lesson_times = set.iter().map(|text| parse_lesson(text)).collect::<Result<Vec<_>>>()?;
    let (municipality_id, school_id) = place.find(client).await?;
    let lessons = if clear || !lesson_times.is_empty() {
        let request = v1::SetLessonTimesRequest { municipality_id, school_id, lesson_times, etag: String::new() };
        answer(client.calendars().set_lesson_times(request)).await?.lesson_times
    } else {
        let request = v1::ListLessonTimesRequest { municipality_id, school_id };
        answer(client.calendars().list_lesson_times(request)).await?.lesson_times
    };
    if as_json {
        return print(json::pretty(&json::list("lesson_times", lessons, json::lesson_time)));
    }
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let row = |lesson: &v1::LessonTime| {
        vec![
            lesson.weekday.to_string(),
            lesson.period.to_string(),
            clock(lesson.begin_minute),
            clock(lesson.end_minute),
            if lesson.inherited { "inherited" } else { "own" }.to_owned(),
        ]
    };
    let columns = [
        Column::Number("WEEKDAY"),
        Column::Number("LESSON"),
        Column::Text("BEGIN"),
        Column::Text("END"),
        Column::Text("FROM"),
    ];
    print(table::table(&columns, lessons.iter().map(row).collect(), "no lesson times yet"))
}

/// Reads `1:2=09:40-10:25`.
fn parse_lesson(text: &str) -> Result<v1::LessonTime> {
    let minute = |clock: &str| {
        let (hour, minute) = clock.split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let read = || {
        let (place, times) = text.split_once('=')?;
        let (weekday, period) = place.split_once(':')?;
        let (begin, end) = times.split_once('-')?;
        Some(v1::LessonTime {
            weekday: weekday.parse().ok()?,
            period: period.parse().ok()?,
            begin_minute: minute(begin)?,
            end_minute: minute(end)?,
            inherited: false,
        })
    };
    read().ok_or_else(|| {
        Failure::told(format!("{text} is no lesson"), "write WEEKDAY:NUMBER=HH:MM-HH:MM, for example 1:2=09:40-10:25")
    })
}

fn read_holidays(file: &std::path::Path, source: &str) -> Result<Vec<v1::Holiday>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::told(format!("{} cannot be read: {error}", file.display()), "pass a UTF-8 file with lines DATE,NAME")
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    // A header has no digit in its first cell; a comment begins with #.
    let rows = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || c == 'R' || c == '令'));
    rows.map(|line| {
        let (date, name) = line.split_once(',').ok_or_else(|| {
            Failure::told(format!("{line} has no comma"), "write lines DATE,NAME, for example 2028-01-01,元日")
        })?;
        let (date, name) = (date.trim().to_owned(), name.trim().to_owned());
        Ok(v1::Holiday { date, name, source: source.to_owned() })
    })
    .collect()
}

fn print_holidays(holidays: Vec<v1::Holiday>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("holidays", holidays, json::holiday)));
    }
    let row = |holiday: &v1::Holiday| vec![holiday.date.clone(), holiday.name.clone(), holiday.source.clone()];
    let columns = ["DAY", "NAME", "SOURCE"].map(Column::Text);
    let empty =
        "no holidays are known for that year: gigafleet calendar holidays --year YEAR --file FILE --source TEXT";
    print(table::table(&columns, holidays.iter().map(row).collect(), empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_is_read_as_documented() {
        let lesson = parse_lesson("1:2=09:40-10:25").unwrap();
        assert_eq!((lesson.weekday, lesson.period, lesson.begin_minute, lesson.end_minute), (1, 2, 580, 625));
        for text in ["", "1", "1:2", "1:2=9", "1:2=09:40", "1:2=09:60-10:00", "x:2=09:40-10:25"] {
            assert!(parse_lesson(text).is_err(), "{text}");
        }
    }
}
