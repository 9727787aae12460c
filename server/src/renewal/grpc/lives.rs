//! Lives of devices, advice on a repair and spares in the words of the contract.

use gigafleet_proto::v1;
use time::Date;

use super::{both, optional_owner, refused, year_number};
use crate::{
    access::rules::{
        Staff,
        days::{date_text, parse_date},
    },
    error::{FieldViolation, Result},
    grpc::page,
    renewal::{
        rules::{
            Payer,
            advice::{Cheaper, Way},
            lives::{Estimate, Forecast, KindLives, ModelLives, WholeLives},
            money::{OverLimit, Yen},
            spares::Method,
            survival::{Basis, Step},
        },
        service::{AdviceOrder, Renewal, RepairAdvice, SparesNow, SparesOrder},
    },
    schools::rules::{MunicipalityId, parse_uuid},
};

/// Most steps of a curve.
const STEPS_MOST: usize = 200;

/// A day that may be left out.
fn optional_date(field: &'static str, text: &str) -> Result<Option<Date>, FieldViolation> {
    match text.trim() {
        "" => Ok(None),
        text => parse_date(field, text).map(Some),
    }
}

fn estimate_message(estimate: Estimate) -> v1::RenewalEstimate {
    let (low, high) = estimate.interval.unzip();
    v1::RenewalEstimate { value: estimate.value, low, high }
}

fn step_message(step: Step) -> v1::SurvivalStep {
    v1::SurvivalStep {
        days: step.days,
        at_risk_count: step.at_risk,
        failed_count: step.failed,
        survival: step.survival,
        survival_low: step.low,
        survival_high: step.high,
    }
}

fn forecast_message(forecast: &Forecast) -> v1::FailureForecast {
    let failures = Some(estimate_message(forecast.failures));
    v1::FailureForecast { fiscal_year: year_number(forecast.year), failures }
}

fn curve_message(one: &KindLives) -> v1::DeviceLifeCurve {
    let share = |(years, share): &(u8, Option<Estimate>)| v1::FailingShare {
        years: (*years).into(),
        share: share.map(estimate_message),
    };
    let steps = match one.basis {
        Basis::Measured => one.curve.thinned(STEPS_MOST),
        Basis::Assumed => Vec::new(),
    };
    let (observed_from_days, observed_until_days) = one.curve.observed.unzip();
    v1::DeviceLifeCurve {
        kind: one.kind.to_number().into(),
        basis: one.basis.to_number().into(),
        life_count: one.curve.lives,
        failure_count: one.curve.failures,
        observed_from_days,
        observed_until_days,
        median_days: one.median.days,
        median_days_low: one.median.days_low,
        median_days_high: one.median.days_high,
        shares: one.shares.iter().map(share).collect(),
        steps: steps.into_iter().map(step_message).collect(),
        forecasts: one.forecasts.iter().map(forecast_message).collect(),
        method: Some(both(&one.method.label())),
    }
}

fn model_message(model: &ModelLives) -> v1::ModelLives {
    let curves = model.kinds.iter().map(curve_message).collect();
    v1::ModelLives { model: model.model.clone(), device_count: model.devices, curves }
}

fn whole_message(whole: &WholeLives) -> v1::DeviceLifeCurve {
    v1::DeviceLifeCurve {
        kind: whole.kind.to_number().into(),
        life_count: u32::try_from(whole.lives).unwrap_or(u32::MAX),
        failure_count: u32::try_from(whole.failures).unwrap_or(u32::MAX),
        forecasts: whole.forecasts.iter().map(forecast_message).collect(),
        ..v1::DeviceLifeCurve::default()
    }
}

pub(super) async fn lives(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetDeviceLivesRequest,
) -> Result<v1::GetDeviceLivesResponse> {
    let report = renewal.lives(staff, optional_owner(&request.municipality_id)?).await?;
    Ok(v1::GetDeviceLivesResponse {
        as_of_time: Some(report.as_of.to_proto()),
        models: report.models.iter().map(model_message).collect(),
        whole: report.whole.iter().map(whole_message).collect(),
    })
}

fn advice_order(request: &v1::GetRepairAdviceRequest) -> Result<AdviceOrder> {
    let new_device = match request.device_yen.trim() {
        "" => Ok(None),
        text => Yen::parse("device_yen", text).map(Some),
    };
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let device = page::collect(parse_uuid("device_id", &request.device_id), &mut wrong);
    let repair = page::collect(Yen::parse("repair_yen", &request.repair_yen), &mut wrong);
    let new_device = page::collect(new_device, &mut wrong);
    let on = page::collect(optional_date("date", &request.date), &mut wrong);
    match (owner, device, repair, new_device, on) {
        (Some(owner), Some(device), Some(repair), Some(new_device), Some(on)) => {
            Ok(AdviceOrder { owner: MunicipalityId(owner), device, repair, new_device, on })
        }
        _ => Err(refused(wrong)),
    }
}

fn way_message(way: &Way) -> Result<v1::RepairAdviceWay, OverLimit> {
    let share = |(payer, amount): &(Payer, Yen)| v1::RenewalFunding {
        payer: payer.to_number().into(),
        amount_yen: amount.to_number().to_string(),
    };
    Ok(v1::RepairAdviceWay {
        total_yen: way.split.total.to_number(),
        own_yen: way.own().to_number(),
        years: way.years.into(),
        total_yearly_yen: way.yearly(way.split.total)?.to_number(),
        own_yearly_yen: way.yearly(way.own())?.to_number(),
        funding: way.split.shares.iter().map(share).collect(),
        programme_id: way.split.programme.clone().unwrap_or_default(),
    })
}

fn cheaper(way: Cheaper) -> i32 {
    way.to_number().into()
}

fn advice_message(found: &RepairAdvice) -> Result<v1::GetRepairAdviceResponse> {
    let advice = &found.advice;
    Ok(v1::GetRepairAdviceResponse {
        date: date_text(found.on),
        repair: Some(way_message(&advice.repair)?),
        replace: Some(way_message(&advice.replace)?),
        in_all: cheaper(advice.in_all),
        for_owner: cheaper(advice.for_owner),
        due_fiscal_year: found.due.as_ref().map_or(0, |due| year_number(due.year)),
        due_reason: found.due.as_ref().map_or(0, |due| due.reason.to_number().into()),
        is_restricted: advice.is_restricted,
        restriction_end_date: found.restriction_end.map(date_text).unwrap_or_default(),
        sentence: Some(both(&advice.sentence())),
    })
}

pub(super) async fn advice(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRepairAdviceRequest,
) -> Result<v1::GetRepairAdviceResponse> {
    advice_message(&renewal.repair_advice(staff, &advice_order(&request)?).await?)
}

fn spares_message(spares: &SparesNow) -> v1::RenewalSpares {
    let (school_id, school_name) = spares.school.clone().map(|(id, name)| (id.to_string(), name)).unwrap_or_default();
    let outlook = spares.outlook;
    v1::RenewalSpares {
        municipality_id: spares.owner.to_string(),
        school_id,
        school_name,
        in_use_count: spares.in_use,
        free_count: spares.free,
        away_count: spares.away,
        enough: Some(v1::RenewalEstimate {
            value: outlook.probability,
            low: Some(outlook.low),
            high: Some(outlook.high),
        }),
        needed_count: spares.needed.spares,
        needed_count_low: spares.needed.low,
        needed_count_high: spares.needed.high,
        rate_basis: spares.rate_basis.to_number().into(),
        repair_basis: spares.repair_basis.to_number().into(),
    }
}

pub(super) async fn spares(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetSparesRequest,
) -> Result<v1::GetSparesResponse> {
    let until = page::field(optional_date("until_date", &request.until_date))?;
    let owner = optional_owner(&request.municipality_id)?;
    let found = renewal.spares(staff, SparesOrder { owner, by_school: request.by_school, until }).await?;
    Ok(v1::GetSparesResponse {
        until_date: date_text(found.until),
        spares: found.spares.iter().map(spares_message).collect(),
        method: Some(both(&Method::UntilDay.label())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_of_what_is_asked_is_named() {
        let request = v1::GetRepairAdviceRequest {
            municipality_id: String::from("x"),
            device_id: String::new(),
            repair_yen: String::from("高い"),
            device_yen: String::from("-1"),
            date: String::from("いつか"),
        };
        let wrong = advice_order(&request).unwrap_err();
        let fields: Vec<_> = wrong.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["municipality_id", "device_id", "repair_yen", "device_yen", "date"]);
        let id = "019ab12c-3d4e-7f56-8a9b-0c1d2e3f4a5b";
        let request = v1::GetRepairAdviceRequest {
            municipality_id: id.to_owned(),
            device_id: id.to_owned(),
            repair_yen: String::from("25,000円"),
            device_yen: String::new(),
            date: String::from("R8.11.27"),
        };
        let order = advice_order(&request).unwrap();
        assert_eq!((order.repair, order.new_device), (Yen::new(25_000).unwrap(), None));
        assert_eq!(order.on, parse_date("date", "2026-11-27").ok());
    }

    #[test]
    fn a_figure_without_an_interval_has_none() {
        let message = |interval| estimate_message(Estimate { value: 1.5, interval });
        assert_eq!((message(None).low, message(Some((1.0, 2.0))).high), (None, Some(2.0)));
    }
}
