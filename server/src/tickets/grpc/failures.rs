//! Failure rates, in the words of the contract.

use gigafleet_proto::v1;
use uuid::Uuid;

use super::orders::refused;
use crate::{
    access::rules::days::parse_date,
    clock::Timestamp,
    error::Result as OwnResult,
    grpc::page,
    schools::rules::{MunicipalityId, parse_optional_uuid},
    tickets::{
        failures::{
            rules::{FailureGrouping, Failures},
            service::{FailuresOrder, FailuresReport, FailuresRow, LastingRow},
        },
        rules::{Category, fields::word_or},
    },
};

pub(super) fn order_of(request: &v1::GetFailureRatesRequest) -> OwnResult<FailuresOrder> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_optional_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let first = page::collect(parse_date("first_date", &request.first_date), &mut wrong);
    let last = page::collect(parse_date("last_date", &request.last_date), &mut wrong);
    let by = word_or("grouping", request.grouping, FailureGrouping::from_number, FailureGrouping::Model);
    let by = page::collect(by, &mut wrong);
    let kind = word_or("category", request.category, |number| Category::from_number(number).map(Some), None);
    let kind = page::collect(kind, &mut wrong);
    match (owner, first, last, by, kind) {
        (Some(owner), Some(first), Some(last), Some(by), Some(kind)) => {
            Ok(FailuresOrder { owner: owner.map(MunicipalityId), first, last, by, kind })
        }
        _ => Err(refused(wrong)),
    }
}

fn rate_message(id: Option<Uuid>, name: String, failures: &Failures, period_s: u64) -> v1::FailureRate {
    let rate = failures.rate();
    v1::FailureRate {
        group_id: super::messages::text(id),
        name,
        failures: failures.failures,
        failed_devices: failures.devices,
        devices_in_use: failures.in_use,
        average_devices: failures.average(period_s),
        device_years: failures.device_years(),
        rate: rate.map(|rate| rate.value),
        rate_low: rate.map(|rate| rate.low),
        rate_high: rate.map(|rate| rate.high),
    }
}

fn alarm_message(alarm: &LastingRow) -> v1::FailureAlarm {
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    v1::FailureAlarm {
        municipality_id: alarm.municipality_id.to_string(),
        model: alarm.model.clone(),
        category: alarm.category.into(),
        failed_devices: count(alarm.failure_count),
        devices_in_use: count(alarm.in_use_count),
        recent_days: u32::try_from(alarm.recent_days).unwrap_or_default(),
        other_owner_count: count(alarm.other_owner_count),
        raise_time: Some(Timestamp(alarm.raised_at).to_proto()),
        ticket_number: count(alarm.number),
    }
}

pub(super) fn report_message(report: &FailuresReport, alarms: &[LastingRow]) -> v1::GetFailureRatesResponse {
    let row =
        |row: &FailuresRow| rate_message(row.id, row.name.ja.clone().into_owned(), &row.failures, report.period_s);
    v1::GetFailureRatesResponse {
        as_of_time: Some(report.as_of.to_proto()),
        rows: report.rows.iter().map(row).collect(),
        whole: Some(rate_message(None, String::new(), &report.whole, report.period_s)),
        alarms: alarms.iter().map(alarm_message).collect(),
        ..v1::GetFailureRatesResponse::default()
    }
}
