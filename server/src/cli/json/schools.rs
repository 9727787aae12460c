//! Municipalities, schools, pupils, calendars, lines and hubs.

use gigafleet_proto::v1;
use serde_json::Value;

use super::Object;

/// Pupils of a school in a year.
pub(in crate::cli) fn pupils(pupils: v1::Pupils) -> Value {
    let source = pupils.source().as_str_name();
    let v1::Pupils { school_id, fiscal_year, pupils, source: _, record_time, etag } = pupils;
    Object::default()
        .text("school_id", school_id)
        .value("fiscal_year", fiscal_year)
        .value("pupils", pupils)
        .value("source", source)
        .time("record_time", record_time)
        .text("etag", etag)
        .into()
}

/// A period of a calendar.
pub(in crate::cli) fn calendar_period(period: v1::CalendarPeriod) -> Value {
    let kind = period.kind().as_str_name();
    let v1::CalendarPeriod { kind: _, name, first_date, last_date, inherited, etag } = period;
    Object::default()
        .value("kind", kind)
        .text("name", name)
        .text("first_date", first_date)
        .text("last_date", last_date)
        .value("inherited", inherited)
        .text("etag", etag)
        .into()
}

/// One day.
pub(in crate::cli) fn school_day(day: v1::SchoolDay) -> Value {
    let reason = day.reason().as_str_name();
    let v1::SchoolDay { date, is_school_day, reason: _, name } = day;
    Object::default()
        .text("date", date)
        .value("is_school_day", is_school_day)
        .value("reason", reason)
        .text("name", name)
        .into()
}

/// One lesson of a weekday.
pub(in crate::cli) fn lesson_time(lesson: v1::LessonTime) -> Value {
    let v1::LessonTime { weekday, period, begin_minute, end_minute, inherited } = lesson;
    Object::default()
        .value("weekday", weekday)
        .value("period", period)
        .value("begin_minute", begin_minute)
        .value("end_minute", end_minute)
        .value("inherited", inherited)
        .into()
}

/// A national holiday.
pub(in crate::cli) fn holiday(holiday: v1::Holiday) -> Value {
    let v1::Holiday { date, name, source } = holiday;
    Object::default().text("date", date).text("name", name).text("source", source).into()
}

/// A line of a school.
pub(in crate::cli) fn line(line: v1::Line) -> Value {
    let topology = line.topology().as_str_name();
    let v1::Line { school_id, line_number, topology: _, contract, isp, contract_mbps, hub_id, etag } = line;
    Object::default()
        .text("school_id", school_id)
        .value("line_number", line_number)
        .value("topology", topology)
        .text("contract", contract)
        .text("isp", isp)
        .optional("contract_mbps", contract_mbps)
        .text("hub_id", hub_id)
        .text("etag", etag)
        .into()
}

/// A hub.
pub(in crate::cli) fn hub(hub: v1::Hub) -> Value {
    let kind = hub.kind().as_str_name();
    let v1::Hub { hub_id, kind: _, name, isp, operator_id, municipality_ids, other_owner_count } = hub;
    Object::default()
        .text("hub_id", hub_id)
        .value("kind", kind)
        .text("name", name)
        .text("isp", isp)
        .text("operator_id", operator_id)
        .value("municipality_ids", municipality_ids)
        .value("other_owner_count", other_owner_count)
        .into()
}
