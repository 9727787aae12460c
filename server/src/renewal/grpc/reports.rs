//! Reports in the words of the contract.

use gigafleet_proto::v1::{self, export_renewal_report_request::Report as Wanted};
use uuid::Uuid;

use super::{
    CONTENT_BYTES, as_of, both,
    entries::{disposal_plan_message, place},
    optional_owner, optional_payer, optional_time, optional_word, optional_year, owner, plan_order, refused,
    rules::{amount_message, cell_message},
    year_number,
};
use crate::{
    access::rules::{Staff, days::date_text},
    clock::Timestamp,
    console::words::Language,
    error::{
        Error, Result,
        says::{fields as say_field, renewal as say},
    },
    grpc::page,
    renewal::{
        documents::Form,
        rules::{
            CostKind,
            known::{KnownEntry, Problem},
            money::Yen,
            plan::{disposal::DisposalBlock, network::ReachingSchools},
            report::{
                Sealed,
                asked::Asked,
                costs::{CostDetail, CostLine, CostOrder},
                outlook::DueLot,
                parts::{AmountKey, PartFilter, PartSource},
                plan::PlanReport,
                scenarios::ScenarioColumn,
            },
            rule_sets::RuleNote,
            what_if::{SaidWhatIf, WhatIf},
        },
        service::{Device, PartView, PartsOrder, Renewal, ReportOrder},
    },
    schools::rules::{SchoolId, fiscal::FiscalYear, parse_page_size, parse_uuid},
};

/// Most scenarios that are named.
const SCENARIOS_MOST: usize = 50;
/// What stands in a filter for the owner as a whole, and for what is no device.
const NONE: &str = "-";

fn rule_message(rule: &RuleNote) -> v1::RenewalRulesUsed {
    v1::RenewalRulesUsed {
        kind: rule.kind.to_number().into(),
        origin: rule.from.to_number().into(),
        record_time: rule.recorded_at.map(Timestamp::to_proto),
        source: rule.source.clone(),
        sha256: rule.sha256.clone(),
    }
}

fn seal_message<R>(
    sealed: &Sealed<R>,
    as_of: Timestamp,
    owners: &[String],
    rules: &[RuleNote],
    problems: &[Problem],
) -> Option<v1::RenewalSeal> {
    Some(v1::RenewalSeal {
        as_of_time: Some(as_of.to_proto()),
        content: sealed.content.clone(),
        sha256: sealed.sha256.clone(),
        municipality_codes: owners.to_vec(),
        rules: rules.iter().map(rule_message).collect(),
        problems: problems.iter().map(|problem| both(&problem.label())).collect(),
    })
}

fn school_text(school: Option<SchoolId>) -> String {
    school.map(|school| school.to_string()).unwrap_or_default()
}

fn disposal_message(block: &DisposalBlock) -> v1::RenewalDisposalPlan {
    disposal_plan_message(block.by_route.map(|(_, count)| count), &block.erasers, &block.schedule, "")
}

fn network_message((year, network): (FiscalYear, ReachingSchools)) -> v1::RenewalNetwork {
    v1::RenewalNetwork {
        fiscal_year: year_number(year).to_string(),
        school_count: network.schools,
        reached_count: network.reached,
        unknown_count: network.unknown,
    }
}

fn plan_message(sealed: &Sealed<PlanReport>) -> v1::GetRenewalPlanResponse {
    let report = &sealed.report;
    let row = |row: &crate::renewal::rules::plan::Row| v1::RenewalPlanRow {
        number: row.number.into(),
        label: row.label.to_owned(),
        cells: row.cells.iter().map(ToString::to_string).collect(),
    };
    let left_out = report
        .left_out
        .iter()
        .map(|(code, why)| v1::RenewalLeftOut { municipality_code: code.clone(), reason: Some(both(why)) });
    v1::GetRenewalPlanResponse {
        seal: seal_message(sealed, report.as_of, &report.owners, &report.rules, &report.problems),
        fiscal_years: report.plan.years.iter().copied().map(year_number).collect(),
        rows: report.plan.rows.iter().map(row).collect(),
        footnotes: report.plan.footnotes.iter().map(both).collect(),
        programme_id: report.programme.id.clone(),
        disposal: report.disposal.as_ref().map(disposal_message),
        network: report.network.map(network_message),
        left_out: left_out.collect(),
    }
}

fn line_message(line: &CostLine) -> v1::RenewalCostLine {
    let CostLine { owner, key: AmountKey { year, payer, kind, school, model }, basis, amount } = line;
    v1::RenewalCostLine {
        municipality_code: owner.clone(),
        fiscal_year: year_number(*year),
        payer: payer.to_number().into(),
        kind: kind.to_number().into(),
        school_id: school_text(*school),
        model: model.clone(),
        basis: basis.to_number().into(),
        amount_yen: amount.to_number(),
    }
}

fn count_message(((owner, year), count): (&(String, FiscalYear), &u64)) -> v1::RenewalDeviceCount {
    v1::RenewalDeviceCount { municipality_code: owner.clone(), fiscal_year: year_number(*year), count: *count }
}

fn due_message((owner, due): &(String, DueLot)) -> v1::RenewalDue {
    v1::RenewalDue {
        municipality_code: owner.clone(),
        fiscal_year: year_number(due.year),
        reason: due.reason.to_number().into(),
        entry_id: due.lot.to_string(),
        kind: due.kind.to_number().into(),
        model: due.model.clone(),
        count: due.count,
        school_id: school_text(due.school),
        is_past_os_end: due.is_past_os_end,
    }
}

fn scenario_message(one: &ScenarioColumn) -> v1::RenewalScenario {
    let amounts = one.amounts.iter().map(|((year, payer), amount)| v1::RenewalScenarioAmount {
        fiscal_year: year_number(*year),
        payer: payer.to_number().into(),
        amount_yen: amount.to_number(),
    });
    v1::RenewalScenario {
        scenario_id: one.id.clone(),
        name: Some(both(&one.name)),
        note: one.note.as_ref().map(both),
        source: one.origin.source.clone(),
        source_date: date_text(one.origin.date),
        is_verified: one.origin.verified,
        amounts: amounts.collect(),
        total_yen: one.total.to_number(),
    }
}

fn change_message(entry: &KnownEntry) -> v1::RenewalEntryChange {
    let body = &entry.stated.body;
    v1::RenewalEntryChange {
        entry_id: entry.id.to_string(),
        kind: body.kind().to_number().into(),
        valid_from_date: date_text(body.valid().from),
        record_time: Some(entry.recorded_at.to_proto()),
        total_yen: body.total().map(Yen::to_number),
    }
}

fn cost_order(request: &v1::GetRenewalCostsRequest) -> Result<CostOrder> {
    let mut wrong = Vec::new();
    let first = page::collect(optional_year("first_fiscal_year", request.first_fiscal_year), &mut wrong);
    let last = page::collect(optional_year("last_fiscal_year", request.last_fiscal_year), &mut wrong);
    let detail = page::collect(optional_word("detail", request.detail, CostDetail::from_number), &mut wrong);
    match (first, last, detail) {
        (Some(first), Some(last), Some(detail)) => {
            let detail = detail.unwrap_or(CostDetail::Places);
            Ok(CostOrder { first, last, detail, per_device: request.per_device })
        }
        _ => Err(refused(wrong)),
    }
}

fn scenario_ids(ids: Vec<String>) -> Result<Vec<String>> {
    if ids.len() > SCENARIOS_MOST {
        return Err(Error::invalid_field("scenario_ids", say_field::too_many(ids.len(), SCENARIOS_MOST)));
    }
    Ok(ids)
}

fn since(time: Option<prost_types::Timestamp>) -> Result<Timestamp> {
    let time = page::field(optional_time("since_time", time))?;
    time.ok_or_else(|| Error::invalid_field("since_time", say_field::time_needed()))
}

pub(super) async fn plan(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalPlanRequest,
) -> Result<v1::GetRenewalPlanResponse> {
    let (owner, as_of) = (optional_owner(&request.municipality_id)?, as_of(request.as_of_time)?);
    Ok(plan_message(&renewal.plan(staff, owner, as_of, &plan_order(request.definitions)?).await?))
}

pub(super) async fn costs(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalCostsRequest,
) -> Result<v1::GetRenewalCostsResponse> {
    let (owner, as_of) = (optional_owner(&request.municipality_id)?, as_of(request.as_of_time)?);
    let order = cost_order(&request)?;
    let sealed = renewal.costs(staff, owner, as_of, order).await?;
    let report = &sealed.report;
    Ok(v1::GetRenewalCostsResponse {
        seal: seal_message(&sealed, report.as_of, &report.owners, &report.rules, &report.problems),
        first_fiscal_year: year_number(report.first),
        last_fiscal_year: year_number(report.last),
        outlook_from_fiscal_year: year_number(report.outlook_from),
        lines: report.lines.iter().map(line_message).collect(),
        due: report.due.iter().map(due_message).collect(),
        device_counts: report.devices.iter().flatten().map(count_message).collect(),
    })
}

pub(super) async fn scenarios(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalScenariosRequest,
) -> Result<v1::GetRenewalScenariosResponse> {
    let (owner, as_of) = (optional_owner(&request.municipality_id)?, as_of(request.as_of_time)?);
    let sealed = renewal.scenarios(staff, owner, as_of, &scenario_ids(request.scenario_ids)?).await?;
    let report = &sealed.report;
    Ok(v1::GetRenewalScenariosResponse {
        seal: seal_message(&sealed, report.as_of, &report.owners, &report.rules, &[]),
        fiscal_years: report.years.iter().copied().map(year_number).collect(),
        scenarios: report.scenarios.iter().map(scenario_message).collect(),
    })
}

pub(super) async fn try_scenario(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::TryRenewalScenarioRequest,
) -> Result<v1::TryRenewalScenarioResponse> {
    let (owner, as_of) = (optional_owner(&request.municipality_id)?, as_of(request.as_of_time)?);
    let (price, later) = (request.price_percent.to_string(), request.later_years.to_string());
    let (devices, yen) = (request.most_devices.to_string(), request.most_yen);
    let prefer = if request.prefer == 0 { String::new() } else { request.prefer.to_string() };
    let said = SaidWhatIf {
        price_percent: &price,
        later_years: &later,
        is_covered: request.is_covered,
        most_devices: &devices,
        most_yen: &yen,
        prefer: &prefer,
    };
    let what_if = WhatIf::read(&said).map_err(refused)?;
    let wanted = scenario_ids(request.scenario_ids)?;
    let report = renewal.what_if(staff, owner, as_of, (&wanted, what_if)).await?;
    Ok(v1::TryRenewalScenarioResponse {
        as_of_time: Some(report.as_of.to_proto()),
        municipality_codes: report.owners.clone(),
        fiscal_years: report.years.iter().copied().map(year_number).collect(),
        scenarios: report.scenarios.iter().map(scenario_message).collect(),
    })
}

pub(super) async fn changes(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalChangesRequest,
) -> Result<v1::GetRenewalChangesResponse> {
    let owner = owner(&request.municipality_id)?;
    let times = (since(request.since_time)?, as_of(request.as_of_time)?);
    let sealed = renewal.changes(staff, owner, times, &plan_order(request.definitions)?).await?;
    let report = &sealed.report;
    Ok(v1::GetRenewalChangesResponse {
        seal: seal_message(&sealed, report.until, std::slice::from_ref(&report.owner), &[], &[]),
        added: report.added.iter().map(change_message).collect(),
        reversed: report.reversed.iter().map(change_message).collect(),
        ticket_cost_count: report.tickets.0,
        ticket_cost_yen: report.tickets.1.to_number(),
        rules: report.rules.iter().map(|kind| kind.to_number().into()).collect(),
        cells: report.figures.cells.iter().cloned().map(cell_message).collect(),
        amounts: report.figures.amounts.iter().cloned().map(amount_message).collect(),
    })
}

/// Which report is wanted.
fn report_order(wanted: Option<Wanted>) -> Result<ReportOrder> {
    match wanted {
        None => Err(Error::invalid_field("report", say::report_kind())),
        Some(Wanted::Plan(request)) => Ok(ReportOrder {
            owner: optional_owner(&request.municipality_id)?,
            as_of: as_of(request.as_of_time)?,
            asked: Asked::Plan(plan_order(request.definitions)?),
        }),
        Some(Wanted::Costs(request)) => Ok(ReportOrder {
            owner: optional_owner(&request.municipality_id)?,
            as_of: as_of(request.as_of_time)?,
            asked: Asked::Costs(cost_order(&request)?),
        }),
        Some(Wanted::Scenarios(request)) => Ok(ReportOrder {
            owner: optional_owner(&request.municipality_id)?,
            as_of: as_of(request.as_of_time)?,
            asked: Asked::Scenarios(scenario_ids(request.scenario_ids)?),
        }),
        Some(Wanted::Changes(request)) => Ok(ReportOrder {
            owner: Some(owner(&request.municipality_id)?),
            as_of: as_of(request.as_of_time)?,
            asked: Asked::Changes(since(request.since_time)?, plan_order(request.definitions)?),
        }),
    }
}

/// What a report is written as.
fn form(form: i32, encoding: i32) -> Result<Form> {
    let unknown = |field: &'static str| Error::invalid_field(field, say_field::unknown_value());
    let csv = match v1::ExportEncoding::try_from(encoding).map_err(|_| unknown("encoding"))? {
        v1::ExportEncoding::Unspecified | v1::ExportEncoding::Utf8 => Form::CsvUtf8,
        v1::ExportEncoding::Cp932 => Form::CsvCp932,
    };
    match v1::RenewalReportForm::try_from(form).map_err(|_| unknown("form"))? {
        v1::RenewalReportForm::Unspecified | v1::RenewalReportForm::Csv => Ok(csv),
        v1::RenewalReportForm::Xlsx => Ok(Form::Xlsx),
        v1::RenewalReportForm::Pdf => Ok(Form::Pdf),
    }
}

fn language(tag: &str) -> Result<Language> {
    match tag {
        "" => Ok(Language::Ja),
        tag => Language::from_tag(tag).ok_or_else(|| Error::invalid_field("language", say_field::unknown_value())),
    }
}

pub(super) async fn export(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ExportRenewalReportRequest,
) -> Result<v1::ExportRenewalReportResponse> {
    let written = (form(request.form, request.encoding)?, language(&request.language)?);
    let exported = renewal.export(staff, &report_order(request.report)?, written).await?;
    Ok(v1::ExportRenewalReportResponse {
        content: exported.bytes,
        file_name: exported.file_name,
        sha256: exported.sha256,
        replaced_count: exported.replaced,
    })
}

pub(super) async fn verify(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::VerifyRenewalReportRequest,
) -> Result<v1::VerifyRenewalReportResponse> {
    let bytes = request.content.len();
    if bytes > CONTENT_BYTES {
        return Err(Error::invalid_field("content", say_field::too_many_bytes(bytes, CONTENT_BYTES)));
    }
    let verified = renewal.verify(staff, &request.content, &request.sha256).await?;
    Ok(v1::VerifyRenewalReportResponse {
        is_hash_right: verified.is_hash_right,
        is_same: verified.is_same,
        sha256: verified.sha256,
    })
}

fn part_filter(filter: Option<v1::RenewalAmountFilter>) -> Result<PartFilter> {
    let filter = filter.unwrap_or_default();
    let mut wrong = Vec::new();
    let year = page::collect(optional_year("filter.fiscal_year", filter.fiscal_year), &mut wrong);
    let payer = page::collect(optional_payer(filter.payer), &mut wrong);
    let kind = page::collect(optional_word("filter.kind", filter.kind, CostKind::from_number), &mut wrong);
    let school = match filter.school_id.as_str() {
        "" => Ok(None),
        NONE => Ok(Some(None)),
        id => parse_uuid("filter.school_id", id).map(|id| Some(Some(SchoolId(id)))),
    };
    let school = page::collect(school, &mut wrong);
    let model = match filter.model.as_str() {
        "" => None,
        NONE => Some(String::new()),
        model => Some(model.to_owned()),
    };
    match (year, payer, kind, school) {
        (Some(year), Some(payer), Some(kind), Some(school)) => Ok(PartFilter { year, payer, kind, school, model }),
        _ => Err(refused(wrong)),
    }
}

fn part_message(view: PartView) -> v1::RenewalPart {
    let PartView { part, serial } = view;
    let AmountKey { year, payer, kind, school, model } = part.key;
    let message = v1::RenewalPart {
        fiscal_year: year_number(year),
        payer: payer.to_number().into(),
        kind: kind.to_number().into(),
        school_id: school_text(school),
        model,
        amount_yen: part.amount.to_number(),
        ..v1::RenewalPart::default()
    };
    match part.source {
        PartSource::Entry(entry) => v1::RenewalPart { entry_id: entry.to_string(), ..message },
        PartSource::Ticket { cost, number, device } => v1::RenewalPart {
            ticket_cost_id: cost.to_string(),
            ticket_number: number,
            device_id: device.as_ref().map(Uuid::to_string).unwrap_or_default(),
            serial: serial.unwrap_or_default(),
            ..message
        },
    }
}

/// A time and a place behind it; none for the first page.
fn time_and_place(token: &str) -> Result<Option<(Timestamp, usize)>> {
    let Some(bytes) = page::read_token::<16>(token)? else { return Ok(None) };
    let (time, place) = bytes.split_first_chunk::<8>().expect("16 bytes");
    let place = u64::from_be_bytes(place.try_into().expect("8 bytes"));
    Ok(Some((Timestamp(i64::from_be_bytes(*time)), usize::try_from(place).unwrap_or(usize::MAX))))
}

pub(super) async fn parts(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ListRenewalPartsRequest,
) -> Result<v1::ListRenewalPartsResponse> {
    let owner = owner(&request.municipality_id)?;
    let filter = part_filter(request.filter)?;
    let size = page::field(parse_page_size(request.page_size))?;
    let limit = usize::try_from(size).unwrap_or(1_000);
    let behind = time_and_place(&request.page_token)?;
    let as_of = behind.map_or(as_of(request.as_of_time)?, |(time, _)| Some(time));
    let from = behind.map_or(0, |(_, place)| place);
    let (views, as_of) = renewal.parts(staff, &PartsOrder { owner, as_of, filter, from, limit }).await?;
    let next = u64::try_from(from.saturating_add(limit)).unwrap_or(u64::MAX);
    let token = |_: &PartView| page::write_token(&[&as_of.0.to_be_bytes(), &next.to_be_bytes()]);
    let next_page_token = page::next(&views, size, token);
    let parts = views.into_iter().map(part_message).collect();
    Ok(v1::ListRenewalPartsResponse { parts, next_page_token, as_of_time: Some(as_of.to_proto()) })
}

pub(super) async fn devices(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ListRenewalDevicesRequest,
) -> Result<v1::ListRenewalDevicesResponse> {
    let place = place(&request.municipality_id, &request.entry_id)?;
    let filter = part_filter(request.filter)?;
    let limit = page::field(parse_page_size(request.page_size))?;
    let from = page::read_token::<4>(&request.page_token)?.map_or(0, u32::from_be_bytes);
    let devices = renewal.devices(staff, place, &filter, (from, limit)).await?;
    let token = |device: &Device| page::write_token(&[&device.position.saturating_add(1).to_be_bytes()]);
    let next_page_token = page::next(&devices, limit, token);
    let message = |device: Device| v1::RenewalDevice {
        number: device.position.saturating_add(1),
        serial: device.serial.unwrap_or_default(),
        device_id: device.device.as_ref().map(Uuid::to_string).unwrap_or_default(),
        amount_yen: device.amount.to_number(),
    };
    Ok(v1::ListRenewalDevicesResponse { devices: devices.into_iter().map(message).collect(), next_page_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_csv_in_japanese_unless_something_else_is_asked_for() {
        assert_eq!((form(0, 0).unwrap(), language("").unwrap()), (Form::CsvUtf8, Language::Ja));
        let (csv, cp932) = (v1::RenewalReportForm::Csv.into(), v1::ExportEncoding::Cp932.into());
        assert_eq!((form(csv, cp932).unwrap(), language("en").unwrap()), (Form::CsvCp932, Language::En));
        let (xlsx, pdf) = (v1::RenewalReportForm::Xlsx.into(), v1::RenewalReportForm::Pdf.into());
        assert_eq!((form(xlsx, cp932).unwrap(), form(pdf, 0).unwrap()), (Form::Xlsx, Form::Pdf));
        for (refused, field) in [(form(4, 0), "form"), (form(0, 9), "encoding")] {
            assert_eq!(refused.unwrap_err().fields[0].field, field);
        }
        assert!(language("fr").is_err());
    }

    #[test]
    fn filter_names_the_whole_owner_and_no_device_with_a_dash() {
        let said = v1::RenewalAmountFilter {
            school_id: String::from("-"),
            model: String::from("-"),
            ..v1::RenewalAmountFilter::default()
        };
        let filter = part_filter(Some(said)).unwrap();
        assert_eq!((filter.school, filter.model), (Some(None), Some(String::new())));
        let wrong = v1::RenewalAmountFilter {
            fiscal_year: 7,
            payer: 9,
            kind: 99,
            school_id: String::from("x"),
            ..v1::RenewalAmountFilter::default()
        };
        assert_eq!(part_filter(Some(wrong)).unwrap_err().fields.len(), 4);
    }
}
