//! What `--json` prints: the messages of the contract under their own names. This is the one place that knows the form.
//!
//! Invariants: names are those of the proto, in snake case; what is absent is left out, never null or zero; bytes are lower
//! case hex; times are RFC 3339 in UTC. Messages are taken apart without `..`, so that a new field that is not
//! printed does not compile.

pub(super) mod access;
mod bandwidth;
mod legs;
mod lives;
mod network;
mod renewal;
mod schools;
mod team;
mod tickets;

pub(super) use self::bandwidth::{
    bandwidth_assessment, bandwidth_edition, bandwidth_measurement, bandwidth_report, bandwidth_test,
};
pub(super) use self::legs::{spare, ticket_cost, ticket_legs};
pub(super) use self::lives::{device_lives, renewal_spares, repair_advice, tried_scenario};
pub(super) use self::network::{incident, measurement_series, planned_work, school_health, school_network, target};
pub(super) use self::renewal::{renewal_device, renewal_entry, renewal_part, renewal_preview};
pub(super) use self::schools::{calendar_period, holiday, hub, lesson_time, line, pupils, school_day};
pub(super) use self::team::{assignee_proposal, team_member, ticket_view};
pub(super) use self::tickets::{
    attachment, duplicate, failure_rates, found_ticket, suggestion, ticket, ticket_figures, ticket_whole, tried_health,
    tried_rules,
};

use gigafleet_agent::identity::to_hex;
use gigafleet_proto::v1;
use prost_types::Timestamp;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A JSON object that leaves out what is absent.
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// A value that is always there.
    pub(super) fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A value that may be absent.
    pub(super) fn optional(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// A list, which may be empty.
    pub(super) fn list<T>(self, name: &str, elements: Vec<T>, form: impl Fn(T) -> Value) -> Self {
        self.value(name, elements.into_iter().map(form).collect::<Vec<_>>())
    }

    /// A text; the contract spells "none" as the empty text.
    pub(super) fn text(self, name: &str, text: String) -> Self {
        self.optional(name, Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) fn time(self, name: &str, time: Option<Timestamp>) -> Self {
        self.optional(name, time.and_then(rfc3339))
    }

    fn bytes(self, name: &str, bytes: Option<Vec<u8>>) -> Self {
        self.optional(name, bytes.map(|bytes| to_hex(&bytes)))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

/// A text in both languages.
fn both(both: v1::BothLanguages) -> Value {
    let v1::BothLanguages { ja, en } = both;
    Object::default().text("ja", ja).text("en", en).into()
}

/// An object with one list, as the contract's answers to List calls have it, without the page token.
pub(super) fn list<T>(name: &str, elements: Vec<T>, form: impl Fn(T) -> Value) -> Value {
    Object::default().list(name, elements, form).into()
}

/// Over several lines, for one answer.
pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// A municipality.
pub(super) fn municipality(municipality: v1::Municipality) -> Value {
    let v1::Municipality { municipality_id, code, name, kind, keeps_names, etag, figures } = municipality;
    Object::default()
        .text("municipality_id", municipality_id)
        .text("code", code)
        .text("name", name)
        .text("kind", kind)
        .value("keeps_names", keeps_names)
        .text("etag", etag)
        .optional("figures", figures.map(municipality_figures))
        .into()
}

fn municipality_figures(figures: v1::MunicipalityFigures) -> Value {
    let v1::MunicipalityFigures {
        school_count,
        device_count,
        reporting_count,
        storage_low_count,
        last_checkin_time,
        count_time,
    } = figures;
    Object::default()
        .value("school_count", school_count)
        .value("device_count", device_count)
        .value("reporting_count", reporting_count)
        .value("storage_low_count", storage_low_count)
        .time("last_checkin_time", last_checkin_time)
        .time("count_time", count_time)
        .into()
}

/// A school with what its devices do.
pub(super) fn school(school: v1::School) -> Value {
    let v1::School {
        school_id,
        municipality_id,
        code,
        name,
        device_count,
        reporting_count,
        last_checkin_time,
        mean_charge_percent,
        storage_low_count,
        is_shelter,
        close_time,
        etag,
        count_time,
    } = school;
    Object::default()
        .text("school_id", school_id)
        .text("municipality_id", municipality_id)
        .text("code", code)
        .text("name", name)
        .value("device_count", device_count)
        .value("reporting_count", reporting_count)
        .time("last_checkin_time", last_checkin_time)
        .optional("mean_charge_percent", mean_charge_percent)
        .value("storage_low_count", storage_low_count)
        .value("is_shelter", is_shelter)
        .time("close_time", close_time)
        .text("etag", etag)
        .time("count_time", count_time)
        .into()
}

/// An enrolment token, without its secret.
pub(super) fn enrollment_token(token: v1::EnrollmentToken) -> Value {
    let state = token.state().as_str_name();
    let v1::EnrollmentToken {
        token_id,
        municipality_id,
        school_id,
        note,
        uses_allowed,
        uses_taken,
        create_time,
        expire_time,
        revoke_time,
        state: _,
    } = token;
    Object::default()
        .text("token_id", token_id)
        .text("municipality_id", municipality_id)
        .text("school_id", school_id)
        .text("note", note)
        .value("uses_allowed", uses_allowed)
        .value("uses_taken", uses_taken)
        .time("create_time", create_time)
        .time("expire_time", expire_time)
        .time("revoke_time", revoke_time)
        .value("state", state)
        .into()
}

/// A device.
pub(super) fn device(device: v1::Device) -> Value {
    let presence = device.presence().as_str_name();
    let reasons: Vec<_> = device.review_reasons().map(|reason| Value::from(reason.as_str_name())).collect();
    let open: Vec<_> = device.open_verbs().map(|verb| Value::from(verb.as_str_name())).collect();
    let v1::Device {
        device_id,
        municipality_id,
        municipality_code,
        municipality_name,
        school_id,
        school_name,
        facts: what,
        status: how,
        presence: _,
        last_checkin_time,
        sequence,
        report_count,
        transition_count,
        clock_skew_ms,
        enroll_time,
        revoke_time,
        certificate_expire_time,
        review_reasons: _,
        forked_from_device_id,
        etag,
        fields,
        open_verbs: _,
    } = device;
    Object::default()
        .text("device_id", device_id)
        .text("municipality_id", municipality_id)
        .text("municipality_code", municipality_code)
        .text("municipality_name", municipality_name)
        .text("school_id", school_id)
        .text("school_name", school_name)
        .optional("facts", what.map(facts))
        .optional("status", how.map(status))
        .value("presence", presence)
        .time("last_checkin_time", last_checkin_time)
        .value("sequence", sequence)
        .value("report_count", report_count)
        .value("transition_count", transition_count)
        .optional("clock_skew_ms", clock_skew_ms)
        .time("enroll_time", enroll_time)
        .time("revoke_time", revoke_time)
        .time("certificate_expire_time", certificate_expire_time)
        .value("review_reasons", reasons)
        .text("forked_from_device_id", forked_from_device_id)
        .text("etag", etag)
        .optional("fields", some(fields.into_iter().map(field).collect()))
        .optional("open_verbs", some(open))
        .into()
}

/// A list that is left out where it is empty.
fn some(elements: Vec<Value>) -> Option<Vec<Value>> {
    Some(elements).filter(|elements| !elements.is_empty())
}

/// One thing that is known of a device.
fn field(field: v1::DeviceField) -> Value {
    let (name, source) = (field.name().as_str_name(), field.source().as_str_name());
    Object::default()
        .value("name", name)
        .value("value", field.value)
        .value("source", source)
        .time("say_time", field.say_time)
        .into()
}

/// What happened to a device.
pub(super) fn event(event: v1::DeviceEvent) -> Value {
    let kind = event.kind().as_str_name();
    let details = serde_json::from_str(&event.details).unwrap_or(Value::Null);
    Object::default()
        .text("device_id", event.device_id)
        .value("kind", kind)
        .time("occur_time", event.occur_time)
        .text("actor_name", event.actor_name)
        .value("details", details)
        .into()
}

/// Something to look at.
pub(super) fn review(review: v1::Review) -> Value {
    let reason = review.reason().as_str_name();
    Object::default()
        .text("municipality_id", review.municipality_id)
        .value("reason", reason)
        .text("evidence", review.evidence)
        .time("open_time", review.open_time)
        .time("repeat_time", review.repeat_time)
        .optional("device", review.device.map(device))
        .optional("other", review.other.map(device))
        .into()
}

/// What was decided on an identity.
pub(super) fn decision(decision: v1::Decision) -> Value {
    let kind = decision.kind().as_str_name();
    Object::default()
        .text("decision_id", decision.decision_id)
        .text("device_id", decision.device_id)
        .text("other_device_id", decision.other_device_id)
        .value("kind", kind)
        .time("decide_time", decision.decide_time)
        .text("decided_by", decision.decided_by)
        .time("undo_time", decision.undo_time)
        .into()
}

/// What a device is; the same form as `gigafleet-agent show`.
fn facts(facts: v1::Facts) -> Value {
    let os_kind = facts.os_kind().as_str_name();
    let v1::Facts {
        maker,
        model,
        serial_number,
        board_uuid,
        os_kind: _,
        os_name,
        os_version,
        kernel_version,
        cpu_model,
        cpu_count,
        memory_bytes,
        storage_bytes,
        mac_hashes,
        agent_version,
    } = facts;
    Object::default()
        .optional("maker", maker)
        .optional("model", model)
        .optional("serial_number", serial_number)
        .optional("board_uuid", board_uuid)
        .value("os_kind", os_kind)
        .optional("os_name", os_name)
        .optional("os_version", os_version)
        .optional("kernel_version", kernel_version)
        .optional("cpu_model", cpu_model)
        .optional("cpu_count", cpu_count)
        .optional("memory_bytes", memory_bytes)
        .optional("storage_bytes", storage_bytes)
        .value("mac_hashes", mac_hashes.iter().map(|hash| Value::from(to_hex(hash))).collect::<Vec<_>>())
        .optional("agent_version", agent_version)
        .into()
}

/// How a device is; a part that no report has named yet is left out, hardware that is not there is an empty object.
fn status(status: v1::Status) -> Value {
    let v1::Status { battery, storage, memory, boot, wifi, network } = status;
    let battery = battery.map(|v1::Battery { charge_percent, health_percent, cycle_count, charging }| {
        Object::default()
            .optional("charge_percent", charge_percent)
            .optional("health_percent", health_percent)
            .optional("cycle_count", cycle_count)
            .optional("charging", charging)
    });
    let storage = storage.map(|v1::Storage { free_bytes }| Object::default().optional("free_bytes", free_bytes));
    let memory = memory.map(|v1::Memory { used_percent, stall_percent }| {
        Object::default().optional("used_percent", used_percent).optional("stall_percent", stall_percent)
    });
    let boot = boot.map(|v1::Boot { boot_time_ms, boot_count }| {
        Object::default().optional("boot_time_ms", boot_time_ms).optional("boot_count", boot_count)
    });
    let wifi = wifi.map(|v1::Wifi { ssid, bssid, rssi_dbm, receive_kbps, transmit_kbps }| {
        Object::default()
            .optional("ssid", ssid)
            .bytes("bssid", bssid)
            .optional("rssi_dbm", rssi_dbm)
            .optional("receive_kbps", receive_kbps)
            .optional("transmit_kbps", transmit_kbps)
    });
    let network = network.map(|network| {
        let link = network.link().as_str_name();
        let v1::Network { link: _, gateway, gateway_hash } = network;
        Object::default().value("link", link).optional("gateway", gateway).bytes("gateway_hash", gateway_hash)
    });
    Object::default()
        .optional("battery", battery)
        .optional("storage", storage)
        .optional("memory", memory)
        .optional("boot", boot)
        .optional("wifi", wifi)
        .optional("network", network)
        .into()
}

fn rfc3339(time: Timestamp) -> Option<String> {
    let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn device_has_the_names_of_the_contract_and_leaves_out_what_is_absent() {
        let given = v1::Device {
            device_id: String::from("d"),
            school_name: String::from("第一小学校"),
            facts: Some(v1::Facts {
                model: Some(String::from("m")),
                os_kind: v1::OsKind::Linux.into(),
                mac_hashes: vec![vec![0, 255]],
                ..v1::Facts::default()
            }),
            status: Some(v1::Status {
                battery: Some(v1::Battery::default()),
                wifi: Some(v1::Wifi {
                    bssid: Some(vec![2, 0, 171, 0, 0, 1]),
                    rssi_dbm: Some(-61),
                    ..v1::Wifi::default()
                }),
                ..v1::Status::default()
            }),
            presence: v1::Presence::Reporting.into(),
            last_checkin_time: Some(Timestamp { seconds: 1_795_421_127, nanos: 120_000_000 }),
            sequence: 7,
            review_reasons: vec![v1::ReviewReason::Forked.into()],
            ..v1::Device::default()
        };
        let expected = json!({
            "device_id": "d",
            "school_name": "第一小学校",
            "facts": {"model": "m", "os_kind": "OS_KIND_LINUX", "mac_hashes": ["00ff"]},
            "status": {"battery": {}, "wifi": {"bssid": "0200ab000001", "rssi_dbm": -61}},
            "presence": "PRESENCE_REPORTING",
            "last_checkin_time": "2026-11-23T08:05:27.12Z",
            "sequence": 7,
            "report_count": 0,
            "transition_count": 0,
            "review_reasons": ["REVIEW_REASON_FORKED"],
        });
        assert_eq!(device(given), expected);
    }

    #[test]
    fn school_and_token_keep_counts_that_are_zero() {
        assert_eq!(
            school(v1::School { name: String::from("青葉中学校"), ..v1::School::default() }),
            json!({"name": "青葉中学校", "device_count": 0, "reporting_count": 0, "storage_low_count": 0, "is_shelter": false})
        );
        let token = v1::EnrollmentToken { uses_allowed: 3, state: 1, ..v1::EnrollmentToken::default() };
        assert_eq!(
            list("enrollment_tokens", vec![token], enrollment_token),
            json!({"enrollment_tokens": [{"uses_allowed": 3, "uses_taken": 0, "state": "ENROLLMENT_TOKEN_STATE_ACTIVE"}]})
        );
    }
}
