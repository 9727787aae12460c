//! Spares, repairs, losses and costs in the words of the contract.

use gigafleet_proto::v1;

use super::{
    TicketGrpc,
    messages::{count, message, text, time},
    orders::{place, refused},
};
use crate::{
    access::rules::{Staff, days::parse_date},
    devices::rules::DeviceId,
    error::{Error, FieldViolation, Result, says::legs as say},
    grpc::page,
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_page_size, parse_uuid},
    tickets::{
        legs::{
            rules::{
                CostId, LossEnd, LossId, RepairEnd, RepairId, Swapped,
                said::{SaidCost, SaidLoss, SaidRepair, Yen},
            },
            service::{CostRow, CostsOrder, LossRow, Place, RepairRow, SpareRow, SwapOrder},
        },
        service::TicketView,
    },
};

fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn day(day: Option<String>) -> String {
    day.unwrap_or_default()
}

/// A word that must be said.
fn end<T>(field: &'static str, number: i32, read: impl Fn(i16) -> Option<T>, what: crate::error::Both) -> Result<T> {
    let read = i16::try_from(number).ok().and_then(read);
    read.ok_or_else(|| Error::invalid_field(field, what))
}

fn said_repair(terms: v1::RepairTerms) -> SaidRepair {
    SaidRepair {
        insurance: terms.insurance,
        payer: terms.payer,
        vendor: terms.vendor,
        quote: Yen::of(terms.quote_yen),
        insurance_number: terms.insurance_number,
        sent: terms.sent_date,
        back: terms.back_date,
        cost: Yen::of(terms.cost_yen),
        note: terms.note,
    }
}

fn repair_message(row: RepairRow) -> v1::Repair {
    v1::Repair {
        repair_id: row.repair_id.to_string(),
        device_id: row.device_id.to_string(),
        terms: Some(v1::RepairTerms {
            vendor: row.vendor,
            quote_yen: row.quote_yen,
            insurance: row.insurance.into(),
            insurance_number: row.insurance_number,
            sent_date: day(row.sent_on),
            back_date: day(row.back_on),
            cost_yen: row.cost_yen,
            payer: row.payer.map_or(0, i32::from),
            note: row.note,
        }),
        start_time: time(Some(row.started_at)),
        end_time: time(row.ended_at),
        end: row.outcome.map_or(0, i32::from),
    }
}

fn said_loss(terms: v1::LossTerms) -> SaidLoss {
    SaidLoss {
        noticed: terms.notice_date,
        place: terms.place,
        police_number: terms.police_number,
        police: terms.police_date,
        board: terms.board_date,
        lock_note: terms.lock_note,
    }
}

fn loss_message(row: LossRow) -> v1::Loss {
    v1::Loss {
        loss_id: row.loss_id.to_string(),
        device_id: row.device_id.to_string(),
        terms: Some(v1::LossTerms {
            notice_date: row.noticed_on,
            place: row.place,
            police_number: row.police_number,
            police_date: day(row.police_on),
            board_date: day(row.board_on),
            lock_note: row.lock_note,
        }),
        record_time: time(Some(row.recorded_at)),
        end_time: time(row.ended_at),
        end: row.outcome.map_or(0, i32::from),
    }
}

fn cost_message(row: CostRow) -> v1::TicketCost {
    v1::TicketCost {
        cost_id: row.cost_id.to_string(),
        ticket_id: row.ticket_id.to_string(),
        ticket_number: count(row.ticket_number),
        device_id: text(row.device_id),
        kind: row.kind.into(),
        payer: row.payer.into(),
        amount_yen: row.amount_yen,
        date: row.spent_on,
        note: row.note,
        corrects_cost_id: text(row.corrects_cost_id),
        record_time: time(Some(row.recorded_at)),
        recorder_name: row.recorder_name,
    }
}

fn spare_message(row: SpareRow, school: Option<SchoolId>) -> v1::Spare {
    v1::Spare {
        device_id: row.device_id.to_string(),
        label: row.label.unwrap_or_default(),
        model: row.model.unwrap_or_default(),
        school_id: text(row.school_id),
        school_name: row.school_name.unwrap_or_default(),
        is_at_school: row.school_id.is_some() && row.school_id == school.map(|school| school.0),
        last_seen_time: time(row.heard_at),
        etag: row.version.to_string(),
    }
}

fn ticket(view: TicketView) -> Option<v1::Ticket> {
    Some(message(view, true))
}

fn swap_of(request: &v1::SwapWithSpareRequest) -> Result<(Place, SwapOrder)> {
    let mut wrong = Vec::new();
    let spare = page::collect(parse_uuid("spare_id", &request.spare_id), &mut wrong);
    let becomes = i16::try_from(request.becomes).ok().and_then(Swapped::from_number);
    let becomes = becomes.ok_or_else(|| FieldViolation::new("becomes", say::becomes_needed()));
    let becomes = page::collect(becomes, &mut wrong);
    let spare_seen = page::collect(page::parse_version("spare_etag", &request.spare_etag), &mut wrong);
    let device_seen = page::collect(page::parse_version("device_etag", &request.device_etag), &mut wrong);
    let order = || {
        Some(SwapOrder {
            spare: DeviceId(spare?),
            becomes: becomes?,
            spare_seen: spare_seen?,
            device_seen: device_seen?,
        })
    };
    let order = order().ok_or_else(|| refused(wrong))?;
    Ok((place(&request.municipality_id, &request.ticket_id)?, order))
}

fn costs_of(request: &v1::ListTicketCostsRequest) -> Result<CostsOrder> {
    let mut wrong = Vec::new();
    let mut date = |field: &'static str, text: &str| match text {
        "" => Some(None),
        text => page::collect(parse_date(field, text).map(Some), &mut wrong),
    };
    let (first, last) = (date("first_date", &request.first_date), date("last_date", &request.last_date));
    let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut wrong);
    let limit = page::collect(parse_page_size(request.page_size), &mut wrong);
    let behind = match page::read_token::<26>(&request.page_token)? {
        Some(token) => {
            let (day, cost) = token.split_at(10);
            let day = std::str::from_utf8(day).map_err(|_| page::token_invalid())?;
            let cost = uuid::Uuid::from_slice(cost).map_err(|_| page::token_invalid())?;
            Some((day.to_owned(), cost))
        }
        None => None,
    };
    match (owner, first, last, limit) {
        (Some(owner), Some(first), Some(last), Some(limit)) => {
            Ok(CostsOrder { owner: MunicipalityId(owner), first, last, behind, limit })
        }
        _ => Err(refused(wrong)),
    }
}

impl TicketGrpc {
    pub(super) async fn spares(
        &self,
        staff: &Staff,
        request: &v1::ListSparesRequest,
    ) -> Result<v1::ListSparesResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let (spares, school) = self.tickets.spares(staff, place).await?;
        let spares = spares.into_iter().map(|row| spare_message(row, school)).collect();
        Ok(v1::ListSparesResponse { spares })
    }

    pub(super) async fn swap(
        &self,
        staff: &Staff,
        request: &v1::SwapWithSpareRequest,
    ) -> Result<v1::SwapWithSpareResponse> {
        let (place, order) = swap_of(request)?;
        let view = self.tickets.swap_with_spare(staff, place, version(request.version), &order).await?;
        Ok(v1::SwapWithSpareResponse { ticket: ticket(view) })
    }

    pub(super) async fn legs(
        &self,
        staff: &Staff,
        request: &v1::GetTicketLegsRequest,
    ) -> Result<v1::GetTicketLegsResponse> {
        let legs = self.tickets.legs(staff, place(&request.municipality_id, &request.ticket_id)?).await?;
        Ok(v1::GetTicketLegsResponse {
            repairs: legs.repairs.into_iter().map(repair_message).collect(),
            losses: legs.losses.into_iter().map(loss_message).collect(),
            costs: legs.costs.into_iter().map(cost_message).collect(),
            total_yen: legs.total_yen,
        })
    }

    pub(super) async fn start(
        &self,
        staff: &Staff,
        request: v1::StartRepairRequest,
    ) -> Result<v1::StartRepairResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let said = said_repair(request.terms.unwrap_or_default());
        let (view, row) = self.tickets.start_repair(staff, place, version(request.version), &said).await?;
        Ok(v1::StartRepairResponse { ticket: ticket(view), repair: Some(repair_message(row)) })
    }

    pub(super) async fn change_the_repair(
        &self,
        staff: &Staff,
        request: v1::ChangeRepairRequest,
    ) -> Result<v1::ChangeRepairResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let repair = RepairId(page::field(parse_uuid("repair_id", &request.repair_id))?);
        let said = said_repair(request.terms.unwrap_or_default());
        let (view, row) = self.tickets.change_repair(staff, place, version(request.version), (repair, &said)).await?;
        Ok(v1::ChangeRepairResponse { ticket: ticket(view), repair: Some(repair_message(row)) })
    }

    pub(super) async fn end_the_repair(
        &self,
        staff: &Staff,
        request: v1::EndRepairRequest,
    ) -> Result<v1::EndRepairResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let repair = RepairId(page::field(parse_uuid("repair_id", &request.repair_id))?);
        let end = end("end", request.end, RepairEnd::from_number, say::end_needed())?;
        let said = request.terms.map(said_repair);
        let (view, row) = self.tickets.end_repair(staff, place, version(request.version), (repair, end, said)).await?;
        Ok(v1::EndRepairResponse { ticket: ticket(view), repair: Some(repair_message(row)) })
    }

    pub(super) async fn record_the_loss(
        &self,
        staff: &Staff,
        request: v1::RecordLossRequest,
    ) -> Result<v1::RecordLossResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let said = said_loss(request.terms.unwrap_or_default());
        let (view, row) = self.tickets.record_loss(staff, place, version(request.version), &said).await?;
        Ok(v1::RecordLossResponse { ticket: ticket(view), loss: Some(loss_message(row)) })
    }

    pub(super) async fn end_the_loss(
        &self,
        staff: &Staff,
        request: &v1::EndLossRequest,
    ) -> Result<v1::EndLossResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let loss = LossId(page::field(parse_uuid("loss_id", &request.loss_id))?);
        let end = end("end", request.end, LossEnd::from_number, say::end_needed())?;
        let (view, row) = self.tickets.end_loss(staff, place, version(request.version), (loss, end)).await?;
        Ok(v1::EndLossResponse { ticket: ticket(view), loss: Some(loss_message(row)) })
    }

    pub(super) async fn record_the_cost(
        &self,
        staff: &Staff,
        request: v1::RecordTicketCostRequest,
    ) -> Result<v1::RecordTicketCostResponse> {
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let corrects = page::field(parse_optional_uuid("corrects_cost_id", &request.corrects_cost_id))?;
        let said = SaidCost {
            kind: request.kind,
            payer: request.payer,
            amount: Yen::Amount(request.amount_yen),
            date: request.date,
            note: request.note,
            corrects: corrects.map(CostId),
        };
        let (view, row) = self.tickets.record_cost(staff, place, version(request.version), &said).await?;
        Ok(v1::RecordTicketCostResponse { ticket: ticket(view), cost: Some(cost_message(row)) })
    }

    pub(super) async fn costs(
        &self,
        staff: &Staff,
        request: &v1::ListTicketCostsRequest,
    ) -> Result<v1::ListTicketCostsResponse> {
        let order = costs_of(request)?;
        let rows = self.tickets.costs(staff, &order).await?;
        let next_page_token =
            page::next(&rows, order.limit, |row| page::write_token(&[row.spent_on.as_bytes(), row.cost_id.as_bytes()]));
        Ok(v1::ListTicketCostsResponse { costs: rows.into_iter().map(cost_message).collect(), next_page_token })
    }
}
