//! Bandwidth as JSON.

use gigafleet_proto::v1;
use serde_json::Value;

use super::Object;

pub(in crate::cli) fn bandwidth_measurement(measurement: v1::BandwidthMeasurement) -> Value {
    let (how, when) = (measurement.method().as_str_name(), measurement.moment().as_str_name());
    let v1::BandwidthMeasurement { measurement_id, measure_time, receive_kbps, send_kbps, method: _, moment: _, note } =
        measurement;
    Object::default()
        .value("measurement_id", measurement_id)
        .time("measure_time", measure_time)
        .value("receive_kbps", receive_kbps)
        .optional("send_kbps", Some(send_kbps).filter(|kbps| *kbps > 0))
        .value("method", how)
        .value("moment", when)
        .text("note", note)
        .into()
}

pub(in crate::cli) fn bandwidth_edition(edition: v1::BandwidthEdition) -> Value {
    let v1::BandwidthEdition { edition_date, source, below_kbps_per_pupil, rows } = edition;
    let row = |row: v1::BandwidthRow| {
        let v1::BandwidthRow { pupils, kbps } = row;
        Object::default().value("pupils", pupils).value("kbps", kbps).into()
    };
    Object::default()
        .value("edition_date", edition_date)
        .text("source", source)
        .value("below_kbps_per_pupil", below_kbps_per_pupil)
        .list("rows", rows, row)
        .into()
}

fn school_bandwidth(school: v1::SchoolBandwidth) -> Value {
    let words = (
        school.outcome().as_str_name(),
        school.unknown_reason().as_str_name(),
        school.basis().as_str_name(),
        school.advice().as_str_name(),
    );
    let v1::SchoolBandwidth {
        school_id,
        name,
        outcome: _,
        unknown_reason: _,
        pupils,
        pupils_fiscal_year,
        recommended_kbps,
        basis: _,
        measured_kbps,
        measurement_count,
        first_measure_time,
        last_measure_time,
        contract_mbps,
        advice: _,
        mext_place,
    } = school;
    Object::default()
        .value("school_id", school_id)
        .text("name", name)
        .value("outcome", words.0)
        .value("unknown_reason", words.1)
        .optional("pupils", pupils)
        .optional("pupils_fiscal_year", pupils_fiscal_year)
        .optional("recommended_kbps", recommended_kbps)
        .value("basis", words.2)
        .optional("measured_kbps", measured_kbps)
        .value("measurement_count", measurement_count)
        .time("first_measure_time", first_measure_time)
        .time("last_measure_time", last_measure_time)
        .optional("contract_mbps", contract_mbps)
        .value("advice", words.3)
        .value("mext_place", mext_place)
        .into()
}

pub(in crate::cli) fn bandwidth_report(report: v1::GetBandwidthReportResponse) -> Value {
    let v1::GetBandwidthReportResponse {
        fiscal_year,
        as_of_time,
        edition_date,
        edition_source,
        reached_count,
        missed_count,
        unknown_count,
        schools,
    } = report;
    Object::default()
        .value("fiscal_year", fiscal_year)
        .time("as_of_time", as_of_time)
        .text("edition_date", edition_date)
        .text("edition_source", edition_source)
        .value("reached_count", reached_count)
        .value("missed_count", missed_count)
        .value("unknown_count", unknown_count)
        .list("schools", schools, school_bandwidth)
        .into()
}

pub(in crate::cli) fn bandwidth_assessment(assessment: v1::GetBandwidthAssessmentResponse) -> Value {
    let v1::GetBandwidthAssessmentResponse { school, edition_date, edition_source } = assessment;
    Object::default()
        .optional("school", school.map(school_bandwidth))
        .text("edition_date", edition_date)
        .text("edition_source", edition_source)
        .into()
}

pub(in crate::cli) fn bandwidth_test(test: v1::BandwidthTest) -> Value {
    let state = test.state().as_str_name();
    let v1::BandwidthTest {
        test_id,
        school_id,
        device_id,
        state: _,
        give_time,
        expire_time,
        end_time,
        endpoint,
        receive_kbps,
        send_kbps,
    } = test;
    Object::default()
        .value("test_id", test_id)
        .value("school_id", school_id)
        .value("device_id", device_id)
        .value("state", state)
        .time("give_time", give_time)
        .time("expire_time", expire_time)
        .time("end_time", end_time)
        .text("endpoint", endpoint)
        .optional("receive_kbps", Some(receive_kbps).filter(|kbps| *kbps > 0))
        .optional("send_kbps", Some(send_kbps).filter(|kbps| *kbps > 0))
        .into()
}
