//! Costs of tickets: written once, corrected by another one, listed by days.

use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{CostRow, On, Place, Turn, store, today, works_on};
use crate::{
    access::{
        rules::{Right, Staff, days::date_text},
        service::audit::Actor,
    },
    devices::rules::DeviceId,
    error::{Error, FieldViolation, Result, says::legs as say},
    schools::{
        rules::{MunicipalityId, SchoolId},
        store::lock_money,
    },
    tickets::{
        legs::rules::{
            CostId, check_correction,
            said::{CostOf, SaidCost},
        },
        rules::EventKind,
        service::{TicketView, Tickets},
    },
};

/// Which page of an owner's costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostsOrder {
    /// The owner.
    pub owner: MunicipalityId,
    /// From this day on.
    pub first: Option<Date>,
    /// Until this day.
    pub last: Option<Date>,
    /// Behind this day and cost.
    pub behind: Option<(String, Uuid)>,
    /// At most so many.
    pub limit: i64,
}

/// A cost of the ticket whose turn it is: kind and payer by their numbers, amount and day.
pub(super) fn cost_row(
    staff: &Staff,
    turn: &Turn,
    device: Option<DeviceId>,
    (kind, payer): (i16, i16),
    (amount_yen, on): (i64, Date),
) -> CostRow {
    let actor = Actor::from(staff);
    CostRow {
        cost_id: Uuid::now_v7(),
        ticket_id: turn.row.ticket_id,
        device_id: device.map(|device| device.0),
        kind,
        payer,
        amount_yen,
        spent_on: date_text(on),
        note: String::new(),
        corrects_cost_id: None,
        recorded_at: turn.now.0,
        recorder_id: actor.id,
        recorder_name: actor.name,
        ticket_number: turn.row.number,
        school_id: turn.row.school_id,
    }
}

impl Turn {
    /// The cost of the ticket that another one corrects by an amount. Reasons: COST_NOT_FOUND, FIELD_INVALID.
    async fn corrected(&mut self, cost: CostId, amount_yen: i64) -> Result<CostRow> {
        let (owner, ticket) = (self.owner(), self.ticket());
        let unknown = || Error::not_found("COST_NOT_FOUND", say::cost_unknown(cost));
        let row = store::find_cost(&mut self.tx, owner, ticket, cost).await?.ok_or_else(unknown)?;
        if row.corrects_cost_id.is_some() {
            return Err(Error::invalid_field("corrects_cost_id", say::is_correction()));
        }
        let left = store::left_of(&mut self.tx, owner, ticket, cost).await?;
        let one = |violation: FieldViolation| Error::invalid_fields("FIELD_INVALID", vec![violation]);
        check_correction(amount_yen, left).map_err(one)?;
        Ok(row)
    }
}

impl Tickets {
    /// Writes a cost of a ticket, or takes one back.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, FIELD_INVALID, COST_NOT_FOUND.
    pub async fn record_cost(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        said: &SaidCost,
    ) -> Result<(TicketView, CostRow)> {
        let mut turn = self.turn(staff, place, seen, On::Any).await?;
        let cost = said.check(today(turn.now))?;
        let (of, device, corrects) = match cost.of {
            CostOf::Own(kind, payer) => ((kind.to_number(), payer.to_number()), turn.row.device_id, None),
            CostOf::Correction(corrected) => {
                let row = turn.corrected(corrected, cost.amount_yen).await?;
                ((row.kind, row.payer), row.device_id, Some(corrected.0))
            }
        };
        let row = cost_row(staff, &turn, device.map(DeviceId), of, (cost.amount_yen, cost.spent_on));
        let row = CostRow { note: cost.note, corrects_cost_id: corrects, ..row };
        let row = self.write_cost(&mut turn, row).await?;
        let details = json!({ "cost_id": row.cost_id, "kind": row.kind, "amount_yen": row.amount_yen });
        let view = self.done(staff, turn, (EventKind::CostRecorded, "ticket.record_cost"), &details).await?;
        Ok((view, row))
    }

    /// Writes a cost, at a time after which no report of before can miss it.
    pub(super) async fn write_cost(&self, turn: &mut Turn, row: CostRow) -> Result<CostRow> {
        let owner = turn.owner();
        lock_money(&mut turn.tx, owner).await?;
        let row = CostRow { recorded_at: self.clock.now().0, ..row };
        store::insert_cost(&mut turn.tx, owner, &row).await?;
        Ok(row)
    }

    /// A page of costs of an owner's tickets in scope, the earliest day first; notes for those only who work on the ticket.
    ///
    /// # Errors
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID.
    pub async fn costs(&self, staff: &Staff, order: &CostsOrder) -> Result<Vec<CostRow>> {
        let CostsOrder { owner, first, last, behind, limit } = order;
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            return Err(Error::invalid_field("last_date", say::range_reversed()));
        }
        let areas = staff.areas(Right::ViewTickets, Some(*owner))?;
        let mut tx = self.db.read().await?;
        let first = first.map_or_else(|| String::from("0000-00-00"), date_text);
        let last = last.map_or_else(|| String::from("9999-99-99"), date_text);
        let behind = behind.as_ref().map_or(("", Uuid::nil()), |(day, cost)| (day.as_str(), *cost));
        let mut rows = Vec::new();
        for area in &areas {
            rows.extend(store::costs(&mut tx, area, (&first, &last), behind, *limit).await?);
        }
        for row in rows.iter_mut().filter(|row| !works_on(staff, *owner, row.school_id.map(SchoolId))) {
            row.note.clear();
        }
        Ok(rows)
    }
}
