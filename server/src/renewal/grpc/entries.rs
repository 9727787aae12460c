//! Entries in the words of the contract.

use gigafleet_proto::v1::{self, renewal_entry::Said as SaidMessage};

use super::{as_of, optional_word, owner, refused, year_number};
use crate::{
    access::rules::{Staff, days::date_text},
    error::{Error, FieldViolation, Result, says::renewal as say},
    grpc::page,
    renewal::{
        rules::{
            Payer,
            board::{NetworkCount, Planned, Pupils, SaidDisposalPlan, SaidPlanned, SaidPupils},
            body::{Body, Stated},
            ledger::{Entry, EntryId, EntryKind},
            lots::{Acquisition, Lot, SaidLot, SaidShare},
            money::Yen,
            plan::disposal::Eraser,
            records::{Cost, Disposal, SaidCost, SaidDisposal, SaidDisposed},
        },
        service::{EntryView, ImportOrder, ListOrder, RecordOrder, Renewal, Said, Shown},
    },
    schools::{
        grpc::row_errors,
        rules::{MunicipalityId, SchoolId, fiscal::FiscalYear, parse_optional_uuid, parse_page_size, parse_uuid},
    },
};

/// Before which a list begins with the newest.
const NEWEST: (i64, uuid::Uuid) = (i64::MAX, uuid::Uuid::max());

fn yen(amount: Yen) -> String {
    amount.to_number().to_string()
}

fn year_text(year: FiscalYear) -> String {
    year_number(year).to_string()
}

fn day(day: Option<time::Date>) -> String {
    day.map(date_text).unwrap_or_default()
}

fn said_funding(funding: Vec<v1::RenewalFunding>) -> Vec<SaidShare> {
    funding.into_iter().map(|one| SaidShare { payer: one.payer, amount_yen: one.amount_yen }).collect()
}

fn funding_message(funding: &[(Payer, Yen)]) -> Vec<v1::RenewalFunding> {
    let share = |(payer, amount): &(Payer, Yen)| v1::RenewalFunding {
        payer: payer.to_number().into(),
        amount_yen: yen(*amount),
    };
    funding.iter().map(share).collect()
}

fn said_lot(lot: v1::RenewalLot) -> Said {
    let said = SaidLot {
        kind: lot.kind,
        maker: lot.maker,
        model: lot.model,
        count: lot.count,
        acquisition: lot.acquisition,
        unit_yen: lot.unit_yen,
        tax_basis: lot.tax_basis,
        tax_percent: lot.tax_percent,
        lease_months: lot.lease_months,
        lease_monthly_yen: lot.lease_monthly_yen,
        funding: said_funding(lot.funding),
        delivered: lot.delivered,
        warranty_end: lot.warranty_end,
        restriction_end: lot.restriction_end,
        note: lot.note,
    };
    Said::Lot(said, lot.serials)
}

fn lot_message(lot: &Lot) -> v1::RenewalLot {
    let message = v1::RenewalLot {
        kind: lot.kind.to_number().into(),
        maker: lot.maker.clone(),
        model: lot.model.clone(),
        count: lot.count.to_string(),
        funding: funding_message(&lot.funding),
        delivered: date_text(lot.delivered),
        warranty_end: day(lot.warranty_end),
        restriction_end: day(lot.restriction_end),
        note: lot.note.clone(),
        ..v1::RenewalLot::default()
    };
    match lot.acquisition {
        Acquisition::Purchase { unit_yen, tax_basis, tax_percent } => v1::RenewalLot {
            acquisition: v1::AcquisitionKind::Purchase.into(),
            unit_yen: yen(unit_yen),
            tax_basis: tax_basis.to_number().into(),
            tax_percent: tax_percent.to_string(),
            ..message
        },
        Acquisition::Lease { months, monthly_yen } => v1::RenewalLot {
            acquisition: v1::AcquisitionKind::Lease.into(),
            lease_months: months.to_string(),
            lease_monthly_yen: yen(monthly_yen),
            ..message
        },
    }
}

fn said_cost(cost: v1::RenewalCost) -> Said {
    Said::Cost(SaidCost {
        kind: cost.kind,
        amount_yen: cost.amount_yen,
        funding: said_funding(cost.funding),
        from: cost.from,
        to: cost.to,
        vendor: cost.vendor,
        note: cost.note,
    })
}

fn cost_message(cost: &Cost) -> v1::RenewalCost {
    v1::RenewalCost {
        kind: cost.kind.to_number().into(),
        amount_yen: yen(cost.amount_yen),
        funding: funding_message(&cost.funding),
        from: date_text(cost.from),
        to: date_text(cost.to),
        vendor: cost.vendor.clone(),
        note: cost.note.clone(),
    }
}

fn said_disposal(disposal: v1::RenewalDisposal) -> Said {
    let device = |device: v1::RenewalDisposedDevice| {
        let v1::RenewalDisposedDevice { serial, certificate, is_within_restriction: _ } = device;
        SaidDisposed { serial, certificate }
    };
    Said::Disposal(SaidDisposal {
        route: disposal.route,
        eraser: disposal.eraser,
        on: disposal.on,
        devices: disposal.devices.into_iter().map(device).collect(),
        approval: disposal.approval,
        note: disposal.note,
    })
}

fn disposal_message(disposal: &Disposal) -> v1::RenewalDisposal {
    let devices = disposal.devices.iter().map(|device| v1::RenewalDisposedDevice {
        serial: device.serial.clone(),
        certificate: device.certificate.clone(),
        is_within_restriction: device.within_restriction,
    });
    v1::RenewalDisposal {
        route: disposal.route.to_number().into(),
        eraser: disposal.eraser.to_number().into(),
        on: date_text(disposal.on),
        devices: devices.collect(),
        approval: disposal.approval.clone(),
        note: disposal.note.clone(),
    }
}

fn pupils_message(pupils: &Pupils) -> v1::RenewalPupils {
    let Pupils { year, count, source, note } = pupils.clone();
    v1::RenewalPupils { fiscal_year: year_text(year), count: count.to_string(), source, note }
}

fn planned_message(planned: &Planned) -> v1::RenewalPlanned {
    v1::RenewalPlanned {
        fiscal_year: year_text(planned.year),
        installed: planned.installed.to_string(),
        installed_by_fund: planned.installed_by_fund.to_string(),
        spares: planned.spares.to_string(),
        spares_by_fund: planned.spares_by_fund.to_string(),
        note: planned.note.clone(),
    }
}

fn said_disposal_plan(plan: v1::RenewalDisposalPlan) -> Said {
    Said::DisposalPlan(SaidDisposalPlan {
        by_route: [plan.reuse_count, plan.recycler_count, plan.maker_count, plan.other_count],
        erasers: plan.erasers,
        schedule: plan.schedule.into_iter().map(|line| (line.time, line.what)).collect(),
        note: plan.note,
    })
}

/// A planned disposal: how many go where, (a) to (d), who erases, when what is done, for staff.
pub(super) fn disposal_plan_message(
    by_route: [u32; 4],
    erasers: &[Eraser],
    schedule: &[(String, String)],
    note: &str,
) -> v1::RenewalDisposalPlan {
    let [reuse_count, recycler_count, maker_count, other_count] = by_route.map(|count| count.to_string());
    let line = |(time, what): &(String, String)| v1::RenewalScheduleLine { time: time.clone(), what: what.clone() };
    v1::RenewalDisposalPlan {
        reuse_count,
        recycler_count,
        maker_count,
        other_count,
        erasers: erasers.iter().map(|eraser| eraser.to_number().into()).collect(),
        schedule: schedule.iter().map(line).collect(),
        note: note.to_owned(),
    }
}

fn network_message(network: &NetworkCount) -> v1::RenewalNetwork {
    v1::RenewalNetwork {
        fiscal_year: year_text(network.year),
        school_count: network.schools,
        reached_count: network.reached,
        unknown_count: network.unknown,
    }
}

fn said_of(message: Option<SaidMessage>) -> Result<Said, FieldViolation> {
    match message {
        None => Err(FieldViolation::new("entry.said", say::said_needed())),
        Some(SaidMessage::Lot(lot)) => Ok(said_lot(lot)),
        Some(SaidMessage::Cost(cost)) => Ok(said_cost(cost)),
        Some(SaidMessage::Disposal(disposal)) => Ok(said_disposal(disposal)),
        Some(SaidMessage::Pupils(pupils)) => {
            let v1::RenewalPupils { fiscal_year, count, source, note } = pupils;
            Ok(Said::Pupils(SaidPupils { fiscal_year, count, source, note }))
        }
        Some(SaidMessage::Planned(planned)) => {
            let v1::RenewalPlanned { fiscal_year, installed, installed_by_fund, spares, spares_by_fund, note } =
                planned;
            Ok(Said::Planned(SaidPlanned { fiscal_year, installed, installed_by_fund, spares, spares_by_fund, note }))
        }
        Some(SaidMessage::DisposalPlan(plan)) => Ok(said_disposal_plan(plan)),
        Some(SaidMessage::Network(network)) => Ok(Said::Network(network.fiscal_year)),
    }
}

fn body_message(body: &Body) -> SaidMessage {
    match body {
        Body::Lot(lot) => SaidMessage::Lot(lot_message(lot)),
        Body::Cost(cost) => SaidMessage::Cost(cost_message(cost)),
        Body::Disposal(disposal) => SaidMessage::Disposal(disposal_message(disposal)),
        Body::Pupils(pupils) => SaidMessage::Pupils(pupils_message(pupils)),
        Body::Planned(planned) => SaidMessage::Planned(planned_message(planned)),
        Body::DisposalPlan(plan, _) => {
            SaidMessage::DisposalPlan(disposal_plan_message(plan.by_route, &plan.erasers, &plan.schedule, &plan.note))
        }
        Body::Network(network) => SaidMessage::Network(network_message(network)),
    }
}

fn entry_message(view: EntryView) -> v1::RenewalEntry {
    let EntryView { owner, entry, stated, reason, reversed_by, recorder } = view;
    let Stated { school, body } = match stated {
        Some(stated) => stated,
        None => return reversal_message(owner, entry, reason, recorder),
    };
    v1::RenewalEntry {
        entry_id: entry.id.to_string(),
        municipality_id: owner.to_string(),
        school_id: school.map(|school| school.to_string()).unwrap_or_default(),
        kind: entry.kind.to_number().into(),
        valid_from_date: date_text(entry.valid.from),
        valid_to_date: day(entry.valid.to),
        record_time: Some(entry.recorded_at.to_proto()),
        recorder_name: recorder,
        reverses_entry_id: String::new(),
        reversed_by_entry_id: reversed_by.map(|entry| entry.to_string()).unwrap_or_default(),
        reason: String::new(),
        total_yen: body.total().map(Yen::to_number),
        said: Some(body_message(&body)),
    }
}

fn reversal_message(
    owner: MunicipalityId,
    entry: Entry,
    reason: Option<String>,
    recorder_name: String,
) -> v1::RenewalEntry {
    v1::RenewalEntry {
        entry_id: entry.id.to_string(),
        municipality_id: owner.to_string(),
        kind: entry.kind.to_number().into(),
        valid_from_date: date_text(entry.valid.from),
        valid_to_date: day(entry.valid.to),
        record_time: Some(entry.recorded_at.to_proto()),
        recorder_name,
        reverses_entry_id: entry.reverses.map(|reversed| reversed.to_string()).unwrap_or_default(),
        reason: reason.unwrap_or_default(),
        ..v1::RenewalEntry::default()
    }
}

/// The owner and one of its entries.
pub(super) fn place(municipality: &str, entry: &str) -> Result<(MunicipalityId, EntryId)> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality), &mut wrong);
    let entry = page::collect(parse_uuid("entry_id", entry), &mut wrong);
    match (owner, entry) {
        (Some(owner), Some(entry)) => Ok((MunicipalityId(owner), EntryId(entry))),
        _ => Err(refused(wrong)),
    }
}

fn record_order(request: v1::RecordRenewalEntryRequest) -> Result<RecordOrder> {
    let v1::RecordRenewalEntryRequest { entry, corrects_entry_id, reason } = request;
    let entry = entry.unwrap_or_default();
    let mut wrong = Vec::new();
    let id = page::collect(parse_optional_uuid("entry.entry_id", &entry.entry_id), &mut wrong);
    let owner = page::collect(parse_uuid("entry.municipality_id", &entry.municipality_id), &mut wrong);
    let school = page::collect(parse_optional_uuid("entry.school_id", &entry.school_id), &mut wrong);
    let said = page::collect(said_of(entry.said), &mut wrong);
    let corrects = page::collect(parse_optional_uuid("corrects_entry_id", &corrects_entry_id), &mut wrong);
    match (id, owner, school, said, corrects) {
        (Some(id), Some(owner), Some(school), Some(said), Some(corrects)) => Ok(RecordOrder {
            id,
            owner: MunicipalityId(owner),
            school: school.map(SchoolId),
            said,
            corrects: corrects.map(|entry| (EntryId(entry), reason)),
        }),
        _ => Err(refused(wrong)),
    }
}

pub(super) async fn record(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::RecordRenewalEntryRequest,
) -> Result<v1::RecordRenewalEntryResponse> {
    let (view, is_new) = renewal.record(staff, record_order(request)?).await?;
    Ok(v1::RecordRenewalEntryResponse { entry: Some(entry_message(view)), is_new })
}

pub(super) async fn reverse(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ReverseRenewalEntryRequest,
) -> Result<v1::ReverseRenewalEntryResponse> {
    let place = place(&request.municipality_id, &request.entry_id)?;
    let id = page::field(parse_optional_uuid("request_id", &request.request_id))?;
    let view = renewal.reverse(staff, place, id, &request.reason).await?;
    Ok(v1::ReverseRenewalEntryResponse { entry: Some(entry_message(view)) })
}

pub(super) async fn get(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::GetRenewalEntryRequest,
) -> Result<v1::GetRenewalEntryResponse> {
    let place = place(&request.municipality_id, &request.entry_id)?;
    let view = renewal.entry(staff, place, as_of(request.as_of_time)?).await?;
    Ok(v1::GetRenewalEntryResponse { entry: Some(entry_message(view)) })
}

pub(super) async fn list(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ListRenewalEntriesRequest,
) -> Result<v1::ListRenewalEntriesResponse> {
    let owner = owner(&request.municipality_id)?;
    let kind = page::field(optional_word("kind", request.kind, EntryKind::from_number))?;
    let limit = page::field(parse_page_size(request.page_size))?;
    let before = page::read_time_and_id(&request.page_token)?.unwrap_or(NEWEST);
    let shown = if request.show_all { Shown::All } else { Shown::Standing };
    let order = ListOrder { owner, as_of: as_of(request.as_of_time)?, kind, shown, before, limit };
    let views = renewal.entries(staff, order).await?;
    let token =
        |view: &EntryView| page::write_token(&[&view.entry.recorded_at.0.to_be_bytes(), view.entry.id.0.as_bytes()]);
    let next_page_token = page::next(&views, limit, token);
    Ok(v1::ListRenewalEntriesResponse { entries: views.into_iter().map(entry_message).collect(), next_page_token })
}

pub(super) async fn import(
    renewal: &Renewal,
    staff: &Staff,
    request: v1::ImportRenewalEntriesRequest,
) -> Result<v1::ImportRenewalEntriesResponse> {
    let owner = owner(&request.municipality_id)?;
    let kind = page::field(optional_word("kind", request.kind, EntryKind::from_number))?;
    let kind = kind.ok_or_else(|| Error::invalid_field("kind", say::import_kind()))?;
    let order = ImportOrder { owner, kind, content: request.content, dry_run: request.dry_run };
    let outcome = renewal.import(staff, &order).await?;
    Ok(v1::ImportRenewalEntriesResponse {
        added_count: outcome.added,
        corrected_count: outcome.changed,
        unchanged_count: outcome.unchanged,
        errors: row_errors(outcome.faults),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_comes_back_as_digits_and_days() {
        let lot = v1::RenewalLot {
            kind: v1::CostKind::Device.into(),
            model: String::from("K-1"),
            count: String::from("１００台"),
            acquisition: v1::AcquisitionKind::Purchase.into(),
            unit_yen: String::from("55,000円"),
            tax_basis: v1::TaxBasis::Included.into(),
            tax_percent: String::from("10"),
            funding: vec![v1::RenewalFunding { payer: v1::Payer::Own.into(), amount_yen: String::from("5,500,000") }],
            delivered: String::from("R7.9.30"),
            ..v1::RenewalLot::default()
        };
        let Said::Lot(said, _) = said_of(Some(SaidMessage::Lot(lot))).unwrap() else { panic!("a lot") };
        let today = crate::access::rules::days::parse_date("day", "2026-11-27").unwrap();
        let told = lot_message(&said.check(today, None).unwrap());
        assert_eq!(
            (told.count.as_str(), told.unit_yen.as_str(), told.delivered.as_str()),
            ("100", "55000", "2025-09-30")
        );
        assert_eq!(told.funding[0].amount_yen, "5500000");
        assert!(said_of(None).is_err());
        let nothing = record_order(v1::RecordRenewalEntryRequest::default()).unwrap_err();
        let fields: Vec<_> = nothing.fields.iter().map(|wrong| wrong.field.as_ref()).collect();
        assert_eq!(fields, ["entry.municipality_id", "entry.said"]);
    }
}
