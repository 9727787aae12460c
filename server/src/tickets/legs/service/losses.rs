//! Losses: recorded, completed, ended.

use serde_json::json;
use uuid::Uuid;

use super::{LossRow, On, Place, Turn, day, device_of, name_of, store, today};
use crate::{
    access::rules::{Staff, days::date_text},
    devices::{
        rules::{DeviceId, lifecycle::Verb},
        service::registry,
    },
    error::{Error, Result, says::legs as say},
    tickets::{
        legs::rules::{
            LossEnd, LossId, is_to_do,
            said::{Loss, SaidLoss},
        },
        rules::{EventKind, life::refused},
        service::{TicketView, Tickets},
    },
};

/// A row with what is known.
fn with(row: LossRow, loss: Loss) -> LossRow {
    LossRow {
        noticed_on: date_text(loss.noticed_on),
        place: loss.place,
        police_number: loss.police_number,
        police_on: day(loss.police_on),
        board_on: day(loss.board_on),
        lock_note: loss.lock_note,
        ..row
    }
}

impl Turn {
    async fn write_loss(&mut self, row: &LossRow) -> Result<()> {
        let owner = self.owner();
        if store::update_loss(&mut self.tx, owner, row).await? {
            return Ok(());
        }
        refused("LOSS_ENDED", say::loss_ended())
    }
}

impl Tickets {
    /// Says that the device of a ticket is lost, or more of that. It begins on an open ticket.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, FIELD_INVALID, DEVICE_NEEDED, DEVICE_NOT_FOUND, LOSS_OPEN,
    /// MOVE_NOT_ALLOWED, TICKET_MERGED, TICKET_RESOLVED, TICKET_CLOSED.
    pub async fn record_loss(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        said: &SaidLoss,
    ) -> Result<(TicketView, LossRow)> {
        let mut turn = self.turn(staff, place, seen, On::Any).await?;
        let loss = said.check(today(turn.now))?;
        let device = device_of(&turn.row)?;
        let (owner, ticket) = (turn.owner(), turn.ticket());
        let open = store::losses(&mut turn.tx, owner, ticket).await?.into_iter().find(|row| row.ended_at.is_none());
        let (row, name) = match open {
            Some(row) => {
                let row = with(row, loss);
                turn.write_loss(&row).await?;
                (row, None)
            }
            None => {
                super::life_of(&turn.row)?.require_here_and_open()?;
                let device = turn.take(staff, device, None).await?;
                let name = name_of(&turn.shown(device).await?, device.device);
                turn.move_device(staff, device, Verb::ReportLost).await?;
                let row = LossRow {
                    loss_id: Uuid::now_v7(),
                    ticket_id: ticket.0,
                    device_id: device.device.0,
                    noticed_on: String::new(),
                    place: String::new(),
                    police_number: String::new(),
                    police_on: None,
                    board_on: None,
                    lock_note: String::new(),
                    recorded_at: turn.now.0,
                    ended_at: None,
                    outcome: None,
                };
                let row = with(row, loss);
                if !store::insert_loss(&mut turn.tx, owner, &row).await? {
                    return refused("LOSS_OPEN", say::loss_open());
                }
                (row, Some(name))
            }
        };
        let details = json!({ "loss_id": row.loss_id, "device": name, "noticed_on": row.noticed_on });
        let view = self.done(staff, turn, (EventKind::LossRecorded, "ticket.record_loss"), &details).await?;
        Ok((view, row))
    }

    /// Ends a loss: the device's state follows.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, LOSS_NOT_FOUND, LOSS_ENDED, DEVICE_NOT_FOUND, MOVE_NOT_ALLOWED.
    pub async fn end_loss(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        (loss, end): (LossId, LossEnd),
    ) -> Result<(TicketView, LossRow)> {
        let mut turn = self.turn(staff, place, seen, On::Any).await?;
        let (owner, ticket) = (turn.owner(), turn.ticket());
        let unknown = || Error::not_found("LOSS_NOT_FOUND", say::loss_unknown(loss));
        let was = store::find_loss(&mut turn.tx, owner, ticket, loss).await?.ok_or_else(unknown)?;
        if was.ended_at.is_some() {
            return refused("LOSS_ENDED", say::loss_ended());
        }
        let row = LossRow { ended_at: Some(turn.now.0), outcome: Some(end.to_number()), ..was };
        let device = turn.take(staff, DeviceId(row.device_id), None).await?;
        let shown = turn.shown(device).await?;
        if is_to_do(end.verb(), registry::standing(&shown).0) {
            turn.move_device(staff, device, end.verb()).await?;
        }
        turn.write_loss(&row).await?;
        let name = name_of(&shown, device.device);
        let details = json!({ "loss_id": row.loss_id, "device": name, "end": row.outcome });
        let view = self.done(staff, turn, (EventKind::LossEnded, "ticket.end_loss"), &details).await?;
        Ok((view, row))
    }
}
