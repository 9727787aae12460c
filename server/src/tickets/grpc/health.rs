//! The policy of device health, in the words of the contract.

use gigafleet_proto::v1;

use crate::tickets::rules::health::{HealthPolicy, OsEnd, SwellingModel};

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
    }
}
