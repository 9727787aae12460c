//! The ledger of renewal as JSON. Reports have a form of their own, which is hashed.

use gigafleet_proto::v1::{self, renewal_entry::Said};
use serde_json::Value;

use super::Object;

fn funding(funding: v1::RenewalFunding) -> Value {
    let payer = funding.payer().as_str_name();
    let v1::RenewalFunding { payer: _, amount_yen } = funding;
    Object::default().value("payer", payer).value("amount_yen", amount_yen).into()
}

fn lot(lot: v1::RenewalLot) -> Value {
    let (kind, acquisition) = (lot.kind().as_str_name(), lot.acquisition().as_str_name());
    let tax_basis = lot.tax_basis().as_str_name();
    let v1::RenewalLot {
        kind: _,
        maker,
        model,
        count,
        acquisition: _,
        unit_yen,
        tax_basis: _,
        tax_percent,
        lease_months,
        lease_monthly_yen,
        funding: paid,
        delivered,
        warranty_end,
        restriction_end,
        note,
        serials,
    } = lot;
    Object::default()
        .value("kind", kind)
        .text("maker", maker)
        .value("model", model)
        .value("count", count)
        .value("acquisition", acquisition)
        .text("unit_yen", unit_yen)
        .optional("tax_basis", Some(tax_basis).filter(|_| !tax_percent.is_empty()))
        .text("tax_percent", tax_percent.clone())
        .text("lease_months", lease_months)
        .text("lease_monthly_yen", lease_monthly_yen)
        .list("funding", paid, funding)
        .value("delivered", delivered)
        .text("warranty_end", warranty_end)
        .text("restriction_end", restriction_end)
        .text("note", note)
        .optional("serials", Some(serials).filter(|serials| !serials.is_empty()))
        .into()
}

fn cost(cost: v1::RenewalCost) -> Value {
    let kind = cost.kind().as_str_name();
    let v1::RenewalCost { kind: _, amount_yen, funding: paid, from, to, vendor, note } = cost;
    Object::default()
        .value("kind", kind)
        .value("amount_yen", amount_yen)
        .list("funding", paid, funding)
        .value("from", from)
        .value("to", to)
        .text("vendor", vendor)
        .text("note", note)
        .into()
}

fn disposal(disposal: v1::RenewalDisposal) -> Value {
    let eraser = disposal.eraser().as_str_name();
    let v1::RenewalDisposal { route, eraser: _, on, devices, approval, note } = disposal;
    let route = v1::DisposalRoute::try_from(route).unwrap_or_default().as_str_name();
    let device = |device: v1::RenewalDisposedDevice| {
        let v1::RenewalDisposedDevice { serial, certificate, is_within_restriction } = device;
        let object = Object::default().value("serial", serial).text("certificate", certificate);
        object.value("is_within_restriction", is_within_restriction).into()
    };
    Object::default()
        .value("route", route)
        .value("eraser", eraser)
        .value("on", on)
        .list("devices", devices, device)
        .text("approval", approval)
        .text("note", note)
        .into()
}

fn pupils(pupils: v1::RenewalPupils) -> Value {
    let v1::RenewalPupils { fiscal_year, count, source, note } = pupils;
    Object::default()
        .value("fiscal_year", fiscal_year)
        .value("count", count)
        .text("source", source)
        .text("note", note)
        .into()
}

fn planned(planned: v1::RenewalPlanned) -> Value {
    let v1::RenewalPlanned { fiscal_year, installed, installed_by_fund, spares, spares_by_fund, note } = planned;
    Object::default()
        .value("fiscal_year", fiscal_year)
        .value("installed", installed)
        .value("installed_by_fund", installed_by_fund)
        .value("spares", spares)
        .value("spares_by_fund", spares_by_fund)
        .text("note", note)
        .into()
}

fn disposal_plan(plan: v1::RenewalDisposalPlan) -> Value {
    let erasers: Vec<_> = plan.erasers().map(|eraser| Value::from(eraser.as_str_name())).collect();
    let v1::RenewalDisposalPlan { reuse_count, recycler_count, maker_count, other_count, erasers: _, schedule, note } =
        plan;
    let line = |line: v1::RenewalScheduleLine| {
        let v1::RenewalScheduleLine { time, what } = line;
        Object::default().value("time", time).value("what", what).into()
    };
    Object::default()
        .value("reuse_count", reuse_count)
        .value("recycler_count", recycler_count)
        .value("maker_count", maker_count)
        .value("other_count", other_count)
        .value("erasers", erasers)
        .list("schedule", schedule, line)
        .text("note", note)
        .into()
}

fn network(network: v1::RenewalNetwork) -> Value {
    let v1::RenewalNetwork { fiscal_year, school_count, reached_count, unknown_count } = network;
    Object::default()
        .value("fiscal_year", fiscal_year)
        .value("school_count", school_count)
        .value("reached_count", reached_count)
        .value("unknown_count", unknown_count)
        .into()
}

/// An entry of the ledger.
pub(in crate::cli) fn renewal_entry(entry: v1::RenewalEntry) -> Value {
    let kind = entry.kind().as_str_name();
    let v1::RenewalEntry {
        entry_id,
        municipality_id,
        school_id,
        kind: _,
        valid_from_date,
        valid_to_date,
        record_time,
        recorder_name,
        reverses_entry_id,
        reversed_by_entry_id,
        reason,
        total_yen,
        said,
    } = entry;
    let (name, said) = match said {
        None => ("said", None),
        Some(Said::Lot(said)) => ("lot", Some(lot(said))),
        Some(Said::Cost(said)) => ("cost", Some(cost(said))),
        Some(Said::Disposal(said)) => ("disposal", Some(disposal(said))),
        Some(Said::Pupils(said)) => ("pupils", Some(pupils(said))),
        Some(Said::Planned(said)) => ("planned", Some(planned(said))),
        Some(Said::DisposalPlan(said)) => ("disposal_plan", Some(disposal_plan(said))),
        Some(Said::Network(said)) => ("network", Some(network(said))),
    };
    Object::default()
        .text("entry_id", entry_id)
        .text("municipality_id", municipality_id)
        .text("school_id", school_id)
        .value("kind", kind)
        .text("valid_from_date", valid_from_date)
        .text("valid_to_date", valid_to_date)
        .time("record_time", record_time)
        .text("recorder_name", recorder_name)
        .text("reverses_entry_id", reverses_entry_id)
        .text("reversed_by_entry_id", reversed_by_entry_id)
        .text("reason", reason)
        .optional("total_yen", total_yen)
        .optional(name, said)
        .into()
}

/// A part of an amount.
pub(in crate::cli) fn renewal_part(part: v1::RenewalPart) -> Value {
    let (payer, kind) = (part.payer().as_str_name(), part.kind().as_str_name());
    let v1::RenewalPart {
        fiscal_year,
        payer: _,
        kind: _,
        school_id,
        model,
        amount_yen,
        entry_id,
        ticket_cost_id,
        ticket_number,
        device_id,
        serial,
    } = part;
    Object::default()
        .value("fiscal_year", fiscal_year)
        .value("payer", payer)
        .value("kind", kind)
        .text("school_id", school_id)
        .text("model", model)
        .value("amount_yen", amount_yen)
        .text("entry_id", entry_id)
        .text("ticket_cost_id", ticket_cost_id)
        .optional("ticket_number", Some(ticket_number).filter(|number| *number > 0))
        .text("device_id", device_id)
        .text("serial", serial)
        .into()
}

/// A device of a lot.
pub(in crate::cli) fn renewal_device(device: v1::RenewalDevice) -> Value {
    let v1::RenewalDevice { number, serial, device_id, amount_yen } = device;
    Object::default()
        .value("number", number)
        .text("serial", serial)
        .text("device_id", device_id)
        .value("amount_yen", amount_yen)
        .into()
}

/// What other rules would change.
pub(in crate::cli) fn renewal_preview(found: v1::PreviewRenewalRulesResponse) -> Value {
    let v1::PreviewRenewalRulesResponse { as_of_time, cells, amounts, had_plan, has_plan } = found;
    let cell = |cell: v1::RenewalCellChange| {
        let v1::RenewalCellChange { row, fiscal_year, before, after } = cell;
        let object = Object::default().value("row", row).value("fiscal_year", fiscal_year);
        object.value("before", before).value("after", after).into()
    };
    let amount = |amount: v1::RenewalAmountChange| {
        let (payer, basis) = (amount.payer().as_str_name(), amount.basis().as_str_name());
        let v1::RenewalAmountChange { fiscal_year, payer: _, basis: _, before_yen, after_yen } = amount;
        let object = Object::default().value("fiscal_year", fiscal_year).value("payer", payer).value("basis", basis);
        object.value("before_yen", before_yen).value("after_yen", after_yen).into()
    };
    Object::default()
        .time("as_of_time", as_of_time)
        .list("cells", cells, cell)
        .list("amounts", amounts, amount)
        .value("had_plan", had_plan)
        .value("has_plan", has_plan)
        .into()
}
