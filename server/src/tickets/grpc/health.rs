//! The policy of device health, in the words of the contract.

use gigafleet_proto::v1;

use crate::{
    access::rules::Staff,
    error::Result,
    grpc::page,
    schools::rules::{MunicipalityId, parse_uuid},
    tickets::{
        failures::rules::alarm::AlarmPolicy,
        rules::health::{HealthPolicy, OsEnd, SwellingModel},
        service::{HealthTrialReport, Tickets, TriedHealth},
    },
};

/// A policy as it is said. Its limits are those of [`HealthPolicy::check`].
pub fn policy_of(message: v1::DeviceHealthPolicy) -> HealthPolicy {
    let percent = |percent: u32| u8::try_from(percent).unwrap_or(u8::MAX);
    let model = |line: v1::SwellingModel| SwellingModel { model: line.model, source: line.source };
    let end = |line: v1::OperatingSystemEnd| OsEnd {
        os_kind: line.os_kind.into(),
        version: line.version,
        last_date: line.last_date,
        source: line.source,
    };
    HealthPolicy {
        source: message.source,
        battery_health_percent_below: percent(message.battery_health_percent_below),
        storage_free_percent_below: percent(message.storage_free_percent_below),
        not_seen_school_days: message.not_seen_school_days,
        swelling_models: message.swelling_models.into_iter().map(model).collect(),
        os_ends: message.os_ends.into_iter().map(end).collect(),
        failure_alarm: message.failure_alarm.map_or_else(AlarmPolicy::default, alarm_of),
    }
}

/// A policy as it is told.
pub fn policy_message(policy: HealthPolicy) -> v1::DeviceHealthPolicy {
    let model = |line: SwellingModel| v1::SwellingModel { model: line.model, source: line.source };
    let end = |line: OsEnd| v1::OperatingSystemEnd {
        os_kind: i32::try_from(line.os_kind).unwrap_or_default(),
        version: line.version,
        last_date: line.last_date,
        source: line.source,
    };
    v1::DeviceHealthPolicy {
        source: policy.source,
        battery_health_percent_below: policy.battery_health_percent_below.into(),
        storage_free_percent_below: policy.storage_free_percent_below.into(),
        not_seen_school_days: policy.not_seen_school_days,
        swelling_models: policy.swelling_models.into_iter().map(model).collect(),
        os_ends: policy.os_ends.into_iter().map(end).collect(),
        failure_alarm: Some(alarm_message(policy.failure_alarm)),
    }
}

/// What a policy would make, or all that is wrong with it.
pub(super) async fn try_policy(
    tickets: &Tickets,
    staff: &Staff,
    request: v1::TryDeviceHealthPolicyRequest,
) -> Result<v1::TryDeviceHealthPolicyResponse> {
    let owner = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
    let policy = request.policy.map(policy_of);
    let HealthTrialReport { devices, rules } = tickets.try_health_policy(staff, MunicipalityId(owner), policy).await?;
    let rule = |tried: TriedHealth| v1::TriedHealthRule {
        rule: tried.rule.to_number().into(),
        devices: tried.devices,
        tickets: tried.tickets,
        new_tickets: tried.new_tickets,
        ended_tickets: tried.ended_tickets,
        example_names: tried.examples,
    };
    Ok(v1::TryDeviceHealthPolicyResponse { devices, rules: rules.into_iter().map(rule).collect() })
}

fn alarm_of(message: v1::FailureAlarmPolicy) -> AlarmPolicy {
    AlarmPolicy {
        recent_days: message.recent_days,
        earlier_days: message.earlier_days,
        devices_least: message.devices_least,
        failures_least: message.failures_least,
        ratio_percent: message.ratio_percent,
        chance_per_million: message.chance_per_million,
    }
}

fn alarm_message(policy: AlarmPolicy) -> v1::FailureAlarmPolicy {
    v1::FailureAlarmPolicy {
        recent_days: policy.recent_days,
        earlier_days: policy.earlier_days,
        devices_least: policy.devices_least,
        failures_least: policy.failures_least,
        ratio_percent: policy.ratio_percent,
        chance_per_million: policy.chance_per_million,
    }
}
