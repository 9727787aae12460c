//! Lives of devices, advice on a repair, spares and tried scenarios as JSON.

use gigafleet_proto::v1;
use serde_json::Value;

use super::{Object, both};

fn estimate(estimate: v1::RenewalEstimate) -> Value {
    let v1::RenewalEstimate { value, low, high } = estimate;
    Object::default().value("value", value).optional("low", low).optional("high", high).into()
}

fn step(step: v1::SurvivalStep) -> Value {
    let v1::SurvivalStep { days, at_risk_count, failed_count, survival, survival_low, survival_high } = step;
    Object::default()
        .value("days", days)
        .value("at_risk_count", at_risk_count)
        .value("failed_count", failed_count)
        .value("survival", survival)
        .value("survival_low", survival_low)
        .value("survival_high", survival_high)
        .into()
}

fn share(share: v1::FailingShare) -> Value {
    let v1::FailingShare { years, share } = share;
    Object::default().value("years", years).optional("share", share.map(estimate)).into()
}

fn forecast(forecast: v1::FailureForecast) -> Value {
    let v1::FailureForecast { fiscal_year, failures } = forecast;
    Object::default().value("fiscal_year", fiscal_year).optional("failures", failures.map(estimate)).into()
}

fn curve(curve: v1::DeviceLifeCurve) -> Value {
    let (kind, basis) = (curve.kind().as_str_name(), curve.basis());
    let v1::DeviceLifeCurve {
        kind: _,
        basis: _,
        life_count,
        failure_count,
        observed_from_days,
        observed_until_days,
        median_days,
        median_days_low,
        median_days_high,
        shares,
        steps,
        forecasts,
        method,
    } = curve;
    let is_said = basis != v1::EstimateBasis::Unspecified;
    Object::default()
        .value("kind", kind)
        .optional("basis", is_said.then(|| basis.as_str_name()))
        .value("life_count", life_count)
        .value("failure_count", failure_count)
        .optional("observed_from_days", observed_from_days)
        .optional("observed_until_days", observed_until_days)
        .optional("median_days", median_days)
        .optional("median_days_low", median_days_low)
        .optional("median_days_high", median_days_high)
        .list("shares", shares, share)
        .list("steps", steps, step)
        .list("forecasts", forecasts, forecast)
        .optional("method", method.map(both))
        .into()
}

/// How long devices last.
pub(in crate::cli) fn device_lives(found: v1::GetDeviceLivesResponse) -> Value {
    let v1::GetDeviceLivesResponse { as_of_time, models, whole } = found;
    let model = |model: v1::ModelLives| {
        let v1::ModelLives { model, device_count, curves } = model;
        let object = Object::default().text("model", model).value("device_count", device_count);
        object.list("curves", curves, curve).into()
    };
    Object::default().time("as_of_time", as_of_time).list("models", models, model).list("whole", whole, curve).into()
}

fn way(way: v1::RepairAdviceWay) -> Value {
    let v1::RepairAdviceWay { total_yen, own_yen, years, total_yearly_yen, own_yearly_yen, funding, programme_id } =
        way;
    let paid = |one: v1::RenewalFunding| {
        let payer = one.payer().as_str_name();
        let v1::RenewalFunding { payer: _, amount_yen } = one;
        Object::default().value("payer", payer).value("amount_yen", amount_yen).into()
    };
    Object::default()
        .value("total_yen", total_yen)
        .value("own_yen", own_yen)
        .value("years", years)
        .value("total_yearly_yen", total_yearly_yen)
        .value("own_yearly_yen", own_yearly_yen)
        .list("funding", funding, paid)
        .text("programme_id", programme_id)
        .into()
}

/// Whether to repair a device.
pub(in crate::cli) fn repair_advice(found: v1::GetRepairAdviceResponse) -> Value {
    let (in_all, for_owner) = (found.in_all().as_str_name(), found.for_owner().as_str_name());
    let reason = found.due_reason().as_str_name();
    let v1::GetRepairAdviceResponse {
        date,
        repair,
        replace,
        in_all: _,
        for_owner: _,
        due_fiscal_year,
        due_reason: _,
        is_restricted,
        restriction_end_date,
        sentence,
    } = found;
    let is_due = due_fiscal_year > 0;
    Object::default()
        .value("date", date)
        .optional("repair", repair.map(way))
        .optional("replace", replace.map(way))
        .value("in_all", in_all)
        .value("for_owner", for_owner)
        .optional("due_fiscal_year", is_due.then_some(due_fiscal_year))
        .optional("due_reason", is_due.then_some(reason))
        .value("is_restricted", is_restricted)
        .text("restriction_end_date", restriction_end_date)
        .optional("sentence", sentence.map(both))
        .into()
}

fn spares_of(spares: v1::RenewalSpares) -> Value {
    let (rate, repair) = (spares.rate_basis().as_str_name(), spares.repair_basis().as_str_name());
    let v1::RenewalSpares {
        municipality_id,
        school_id,
        school_name,
        in_use_count,
        free_count,
        away_count,
        enough,
        needed_count,
        needed_count_low,
        needed_count_high,
        rate_basis: _,
        repair_basis: _,
    } = spares;
    Object::default()
        .value("municipality_id", municipality_id)
        .text("school_id", school_id)
        .text("school_name", school_name)
        .value("in_use_count", in_use_count)
        .value("free_count", free_count)
        .value("away_count", away_count)
        .optional("enough", enough.map(estimate))
        .value("needed_count", needed_count)
        .value("needed_count_low", needed_count_low)
        .value("needed_count_high", needed_count_high)
        .value("rate_basis", rate)
        .value("repair_basis", repair)
        .into()
}

/// Spares.
pub(in crate::cli) fn renewal_spares(found: v1::GetSparesResponse) -> Value {
    let v1::GetSparesResponse { until_date, spares, method } = found;
    let object = Object::default().value("until_date", until_date).list("spares", spares, spares_of);
    object.optional("method", method.map(both)).into()
}

fn scenario(scenario: v1::RenewalScenario) -> Value {
    let v1::RenewalScenario { scenario_id, name, note, source, source_date, is_verified, amounts, total_yen } =
        scenario;
    let amount = |amount: v1::RenewalScenarioAmount| {
        let payer = amount.payer().as_str_name();
        let v1::RenewalScenarioAmount { fiscal_year, payer: _, amount_yen } = amount;
        let object = Object::default().value("fiscal_year", fiscal_year).value("payer", payer);
        object.value("amount_yen", amount_yen).into()
    };
    Object::default()
        .value("scenario_id", scenario_id)
        .optional("name", name.map(both))
        .optional("note", note.map(both))
        .text("source", source)
        .text("source_date", source_date)
        .value("is_verified", is_verified)
        .list("amounts", amounts, amount)
        .value("total_yen", total_yen)
        .into()
}

/// Scenarios that were tried. They are not sealed, so they have no form of their own.
pub(in crate::cli) fn tried_scenario(found: v1::TryRenewalScenarioResponse) -> Value {
    let v1::TryRenewalScenarioResponse { as_of_time, municipality_codes, fiscal_years, scenarios } = found;
    Object::default()
        .time("as_of_time", as_of_time)
        .value("municipality_codes", municipality_codes)
        .value("fiscal_years", fiscal_years)
        .list("scenarios", scenarios, scenario)
        .into()
}
