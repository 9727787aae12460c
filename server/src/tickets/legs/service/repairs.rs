//! Repairs: begun, changed, ended.

use serde_json::json;
use uuid::Uuid;

use super::{On, Place, RepairRow, Turn, costs::cost_row, day, device_of, name_of, store, today};
use crate::{
    access::rules::Staff,
    devices::{
        rules::{DeviceId, lifecycle::Verb},
        service::registry,
    },
    error::{Error, Result, says::legs as say},
    tickets::{
        legs::rules::{
            CostKind, RepairEnd, RepairId, is_to_do,
            said::{Repair, SaidRepair},
        },
        rules::{EventKind, life::refused},
        service::{TicketView, Tickets},
    },
};

/// A row with what is known.
fn with(row: RepairRow, repair: Repair) -> RepairRow {
    RepairRow {
        vendor: repair.vendor,
        quote_yen: repair.quote_yen,
        insurance: repair.insurance.to_number(),
        insurance_number: repair.insurance_number,
        sent_on: day(repair.sent_on),
        back_on: day(repair.back_on),
        cost_yen: repair.cost_yen,
        payer: repair.payer.map(super::super::rules::Payer::to_number),
        note: repair.note,
        ..row
    }
}

/// What was said of a repair, to say it again.
fn said_of(row: &RepairRow) -> SaidRepair {
    use super::super::rules::said::Yen;
    SaidRepair {
        vendor: row.vendor.clone(),
        quote: Yen::of(row.quote_yen),
        insurance: row.insurance.into(),
        insurance_number: row.insurance_number.clone(),
        sent: row.sent_on.clone().unwrap_or_default(),
        back: row.back_on.clone().unwrap_or_default(),
        cost: Yen::of(row.cost_yen),
        payer: row.payer.map_or(0, i32::from),
        note: row.note.clone(),
    }
}

impl Turn {
    /// An open repair of the ticket. Reasons: REPAIR_NOT_FOUND, REPAIR_ENDED.
    async fn open_repair(&mut self, repair: RepairId) -> Result<RepairRow> {
        let (owner, ticket) = (self.owner(), self.ticket());
        let unknown = || Error::not_found("REPAIR_NOT_FOUND", say::repair_unknown(repair));
        let row = store::find_repair(&mut self.tx, owner, ticket, repair).await?.ok_or_else(unknown)?;
        if row.ended_at.is_some() {
            return refused("REPAIR_ENDED", say::repair_ended());
        }
        Ok(row)
    }

    async fn write_repair(&mut self, row: &RepairRow) -> Result<()> {
        let owner = self.owner();
        if store::update_repair(&mut self.tx, owner, row).await? {
            return Ok(());
        }
        refused("REPAIR_ENDED", say::repair_ended())
    }
}

impl Tickets {
    /// Begins the repair of the device of an open ticket, which is in repair from now on.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, FIELD_INVALID, DEVICE_NEEDED, DEVICE_NOT_FOUND, REPAIR_OPEN,
    /// MOVE_NOT_ALLOWED, TICKET_MERGED, TICKET_RESOLVED, TICKET_CLOSED.
    pub async fn start_repair(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        said: &SaidRepair,
    ) -> Result<(TicketView, RepairRow)> {
        let mut turn = self.turn(staff, place, seen, On::Open).await?;
        let repair = said.check(today(turn.now), false)?;
        let device = device_of(&turn.row)?;
        let device = turn.take(staff, device, None).await?;
        let name = name_of(&turn.shown(device).await?, device.device);
        turn.move_device(staff, device, Verb::SendToRepair).await?;
        let row = RepairRow {
            repair_id: Uuid::now_v7(),
            ticket_id: turn.row.ticket_id,
            device_id: device.device.0,
            vendor: String::new(),
            quote_yen: None,
            insurance: repair.insurance.to_number(),
            insurance_number: String::new(),
            sent_on: None,
            back_on: None,
            cost_yen: None,
            payer: None,
            note: String::new(),
            started_at: turn.now.0,
            ended_at: None,
            outcome: None,
        };
        let row = with(row, repair);
        let owner = turn.owner();
        if !store::insert_repair(&mut turn.tx, owner, &row).await? {
            return refused("REPAIR_OPEN", say::repair_open());
        }
        let details = json!({ "repair_id": row.repair_id, "device": name, "sent_on": row.sent_on });
        let view = self.done(staff, turn, (EventKind::RepairStarted, "ticket.start_repair"), &details).await?;
        Ok((view, row))
    }

    /// Says anew what is known of an open repair.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, FIELD_INVALID, REPAIR_NOT_FOUND, REPAIR_ENDED.
    pub async fn change_repair(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        (repair, said): (RepairId, &SaidRepair),
    ) -> Result<(TicketView, RepairRow)> {
        let mut turn = self.turn(staff, place, seen, On::Any).await?;
        let known = said.check(today(turn.now), false)?;
        let row = with(turn.open_repair(repair).await?, known);
        turn.write_repair(&row).await?;
        let details = json!({ "repair_id": row.repair_id, "quote_yen": row.quote_yen, "insurance": row.insurance });
        let view = self.done(staff, turn, (EventKind::RepairChanged, "ticket.change_repair"), &details).await?;
        Ok((view, row))
    }

    /// Ends a repair: the device's state follows, and what it cost is written among the costs. Nothing said keeps what was known.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, FIELD_INVALID, REPAIR_NOT_FOUND, REPAIR_ENDED, DEVICE_NOT_FOUND,
    /// MOVE_NOT_ALLOWED.
    pub async fn end_repair(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        (repair, end, said): (RepairId, RepairEnd, Option<SaidRepair>),
    ) -> Result<(TicketView, RepairRow)> {
        let mut turn = self.turn(staff, place, seen, On::Any).await?;
        let was = turn.open_repair(repair).await?;
        let known = said.unwrap_or_else(|| said_of(&was)).check(today(turn.now), true)?;
        let (cost, payer, back_on) = (known.cost_yen, known.payer, known.back_on);
        let outcome = Some(end.to_number());
        let row = RepairRow { ended_at: Some(turn.now.0), outcome, ..with(was, known) };
        let device = turn.take(staff, DeviceId(row.device_id), None).await?;
        let shown = turn.shown(device).await?;
        if end == RepairEnd::User {
            turn.take_back(staff, device).await?;
        }
        if is_to_do(end.verb(), registry::standing(&shown).0) {
            turn.move_device(staff, device, end.verb()).await?;
        }
        turn.write_repair(&row).await?;
        if let (Some(amount @ 1..), Some(payer), Some(on)) = (cost, payer, back_on) {
            let of = (CostKind::Repair.to_number(), payer.to_number());
            let cost = cost_row(staff, &turn, Some(device.device), of, (amount, on));
            self.write_cost(&mut turn, cost).await?;
        }
        let details = json!({
            "repair_id": row.repair_id, "device": name_of(&shown, device.device), "end": row.outcome, "back_on": row.back_on,
        });
        let view = self.done(staff, turn, (EventKind::RepairEnded, "ticket.end_repair"), &details).await?;
        Ok((view, row))
    }
}
