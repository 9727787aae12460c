//! Legs of tickets as JSON.

use gigafleet_proto::v1;
use serde_json::Value;

use super::Object;

/// A word that was said.
fn said(word: &str) -> Option<&str> {
    Some(word).filter(|word| !word.ends_with("_UNSPECIFIED"))
}

/// A spare.
pub(in crate::cli) fn spare(spare: v1::Spare) -> Value {
    let v1::Spare { device_id, label, model, school_id, school_name, is_at_school, last_seen_time, etag } = spare;
    Object::default()
        .text("device_id", device_id)
        .text("label", label)
        .text("model", model)
        .text("school_id", school_id)
        .text("school_name", school_name)
        .value("is_at_school", is_at_school)
        .time("last_seen_time", last_seen_time)
        .text("etag", etag)
        .into()
}

fn repair(repair: v1::Repair) -> Value {
    let end = repair.end().as_str_name();
    let v1::Repair { repair_id, device_id, terms, start_time, end_time, end: _ } = repair;
    let terms = terms.unwrap_or_default();
    let (insurance, payer) = (terms.insurance().as_str_name(), terms.payer().as_str_name());
    let v1::RepairTerms {
        vendor,
        quote_yen,
        insurance: _,
        insurance_number,
        sent_date,
        back_date,
        cost_yen,
        payer: _,
        note,
    } = terms;
    Object::default()
        .text("repair_id", repair_id)
        .text("device_id", device_id)
        .text("vendor", vendor)
        .optional("quote_yen", quote_yen)
        .optional("insurance", said(insurance))
        .text("insurance_number", insurance_number)
        .text("sent_date", sent_date)
        .text("back_date", back_date)
        .optional("cost_yen", cost_yen)
        .optional("payer", said(payer))
        .text("note", note)
        .time("start_time", start_time)
        .time("end_time", end_time)
        .optional("end", said(end))
        .into()
}

fn loss(loss: v1::Loss) -> Value {
    let end = loss.end().as_str_name();
    let v1::Loss { loss_id, device_id, terms, record_time, end_time, end: _ } = loss;
    let v1::LossTerms { notice_date, place, police_number, police_date, board_date, lock_note } =
        terms.unwrap_or_default();
    Object::default()
        .text("loss_id", loss_id)
        .text("device_id", device_id)
        .text("notice_date", notice_date)
        .text("place", place)
        .text("police_number", police_number)
        .text("police_date", police_date)
        .text("board_date", board_date)
        .text("lock_note", lock_note)
        .time("record_time", record_time)
        .time("end_time", end_time)
        .optional("end", said(end))
        .into()
}

/// A cost.
pub(in crate::cli) fn ticket_cost(cost: v1::TicketCost) -> Value {
    let (kind_name, payer_name) = (cost.kind().as_str_name(), cost.payer().as_str_name());
    let v1::TicketCost {
        cost_id,
        ticket_id,
        ticket_number,
        device_id,
        kind: _,
        payer: _,
        amount_yen,
        date,
        note,
        corrects_cost_id,
        record_time,
        recorder_name,
    } = cost;
    Object::default()
        .text("cost_id", cost_id)
        .text("ticket_id", ticket_id)
        .value("ticket_number", ticket_number)
        .text("device_id", device_id)
        .value("kind", kind_name)
        .value("payer", payer_name)
        .value("amount_yen", amount_yen)
        .text("date", date)
        .text("note", note)
        .text("corrects_cost_id", corrects_cost_id)
        .time("record_time", record_time)
        .text("recorder_name", recorder_name)
        .into()
}

/// What is known of the legs of a ticket.
pub(in crate::cli) fn ticket_legs(legs: v1::GetTicketLegsResponse) -> Value {
    let v1::GetTicketLegsResponse { repairs, losses, costs, total_yen } = legs;
    Object::default()
        .list("repairs", repairs, repair)
        .list("losses", losses, loss)
        .list("costs", costs, ticket_cost)
        .value("total_yen", total_yen)
        .into()
}
