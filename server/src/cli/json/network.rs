//! Network health.

use gigafleet_proto::v1;
use serde_json::Value;

use super::{Object, list};

pub(in crate::cli) fn incident(incident: v1::Incident) -> Value {
    let (state, kind) = (incident.state().as_str_name(), incident.element_kind().as_str_name());
    let v1::Incident {
        incident_id,
        state: _,
        element_kind: _,
        element_id,
        element_name,
        cause,
        mext_place,
        confidence,
        start_time,
        earliest_start_time,
        latest_start_time,
        open_time,
        recover_time,
        close_time,
        merged_into_incident_id,
        flap_count,
        planned_work_id,
        school_ids,
        other_owner_count,
        device_count,
        lesson_device_minutes,
        evidence,
        changes,
    } = incident;
    Object::default()
        .value("incident_id", incident_id)
        .value("state", state)
        .value("element_kind", kind)
        .text("element_id", element_id)
        .text("element_name", element_name)
        .text("cause", cause)
        .value("mext_place", mext_place)
        .value("confidence", confidence)
        .time("start_time", start_time)
        .time("earliest_start_time", earliest_start_time)
        .time("latest_start_time", latest_start_time)
        .time("open_time", open_time)
        .time("recover_time", recover_time)
        .time("close_time", close_time)
        .text("merged_into_incident_id", merged_into_incident_id)
        .value("flap_count", flap_count)
        .text("planned_work_id", planned_work_id)
        .value("school_ids", school_ids)
        .value("other_owner_count", other_owner_count)
        .value("device_count", device_count)
        .value("lesson_device_minutes", lesson_device_minutes)
        .optional("evidence", evidence.map(evidence_value))
        .list("changes", changes, |v1::IncidentChange { judge_time, change }| {
            Object::default().time("judge_time", judge_time).text("change", change).into()
        })
        .into()
}

fn evidence_value(evidence: v1::IncidentEvidence) -> Value {
    let v1::IncidentEvidence { witness, affected, control, alternatives, would_change } = evidence;
    let group = |group: v1::ComparedGroup| -> Value {
        let v1::ComparedGroup { school_count, failing_count, expected_count } = group;
        Object::default()
            .value("school_count", school_count)
            .value("failing_count", failing_count)
            .value("expected_count", expected_count)
            .into()
    };
    Object::default()
        .text("witness", witness)
        .optional("affected", affected.map(group))
        .optional("control", control.map(group))
        .list("alternatives", alternatives, |v1::AlternativeExplanation { explanation, log_odds }| {
            Object::default().text("explanation", explanation).value("log_odds", log_odds).into()
        })
        .text("would_change", would_change)
        .into()
}

pub(in crate::cli) fn school_health(health: v1::SchoolHealth) -> Value {
    let v1::SchoolHealth {
        municipality_id,
        school_id,
        heard_count,
        incident_ids,
        trouble_since_time,
        device_count,
        lesson_device_minutes,
    } = health;
    Object::default()
        .value("municipality_id", municipality_id)
        .value("school_id", school_id)
        .value("heard_count", heard_count)
        .value("incident_ids", incident_ids)
        .time("trouble_since_time", trouble_since_time)
        .value("device_count", device_count)
        .value("lesson_device_minutes", lesson_device_minutes)
        .into()
}

pub(in crate::cli) fn measurement_series(series: v1::MeasurementSeries) -> Value {
    let layer = series.layer().as_str_name();
    let v1::MeasurementSeries { layer: _, target, access_point, points } = series;
    let points = list("points", points, |point: v1::MeasurementPoint| {
        let v1::MeasurementPoint { begin_time, ok_count, slow_count, failed_count, p50_us, p95_us, p99_us } = point;
        let latency = |us: f64| Some(us).filter(|us| *us > 0.0);
        Object::default()
            .time("begin_time", begin_time)
            .value("ok_count", ok_count)
            .value("slow_count", slow_count)
            .value("failed_count", failed_count)
            .optional("p50_us", latency(p50_us))
            .optional("p95_us", latency(p95_us))
            .optional("p99_us", latency(p99_us))
            .into()
    });
    Object::default()
        .value("layer", layer)
        .value("target", target)
        .text("access_point", access_point)
        .value("points", points["points"].clone())
        .into()
}

pub(in crate::cli) fn school_network(network: v1::SchoolNetwork) -> Value {
    let kind = network.kind().as_str_name();
    let v1::SchoolNetwork { school_id, kind: _, value, learned, device_count, last_seen_time } = network;
    Object::default()
        .value("school_id", school_id)
        .value("kind", kind)
        .text("value", value)
        .value("learned", learned)
        .value("device_count", device_count)
        .time("last_seen_time", last_seen_time)
        .into()
}

pub(in crate::cli) fn target(target: v1::Target) -> Value {
    let kind = target.kind().as_str_name();
    let v1::Target { number, name, kind: _, host, port, tls, slow_ms, connections, source, etag } = target;
    Object::default()
        .value("number", number)
        .text("name", name)
        .value("kind", kind)
        .text("host", host)
        .value("port", port)
        .value("tls", tls)
        .value("slow_ms", slow_ms)
        .value("connections", connections)
        .text("source", source)
        .text("etag", etag)
        .into()
}

pub(in crate::cli) fn planned_work(work: v1::PlannedWork) -> Value {
    let kind = work.element_kind().as_str_name();
    let v1::PlannedWork { work_id, municipality_id, element_kind: _, element_id, start_time, end_time, reason, etag } =
        work;
    Object::default()
        .value("work_id", work_id)
        .value("municipality_id", municipality_id)
        .value("element_kind", kind)
        .value("element_id", element_id)
        .time("start_time", start_time)
        .time("end_time", end_time)
        .text("reason", reason)
        .text("etag", etag)
        .into()
}
