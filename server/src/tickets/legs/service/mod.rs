//! Use cases of legs: each one transaction of the ticket, of its device, and of what is known of the leg.
//!
//! Whoever may work on the ticket may do all of it, as far as they may edit the devices concerned. The audit log comes last in each
//! transaction, since all that change something of an owner wait for each other there.

mod costs;
mod losses;
mod repairs;
mod swap;

use serde_json::json;

pub use self::{costs::CostsOrder, swap::SwapOrder};
use super::store;
pub use super::store::{CostRow, LossRow, RepairRow, SpareRow};
use crate::{
    access::{
        rules::{
            Right, Staff,
            days::{date_text, day_in_japan},
        },
        service::audit::Deed,
    },
    clock::Timestamp,
    db::Tx,
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::Shown,
            fields::{Field, Lifecycle},
            lifecycle::Verb,
        },
        service::{device_not_found, reachable_device, registry},
    },
    error::{Error, Kind, Result, says::legs as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{EventKind, TicketId},
        service::{
            EventRow, Named, TicketRow, TicketView, Tickets, changed_meanwhile, event,
            judged::{self, life_of},
            works_on,
        },
        store as tickets,
    },
};

/// A ticket and its owner.
pub type Place = (MunicipalityId, TicketId);

/// What is known of the legs of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legs {
    /// What people call the device, and its state now; none where it is out of sight.
    pub device: Option<(String, Lifecycle)>,
    /// Repairs, the first first.
    pub repairs: Vec<RepairRow>,
    /// Losses, the first first.
    pub losses: Vec<LossRow>,
    /// The first costs, in the order in which they were written.
    pub costs: Vec<CostRow>,
    /// Sum of all costs.
    pub total_yen: i64,
}

/// On which tickets something can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// On open ones.
    Open,
    /// On all: what began ends.
    Any,
}

/// A transaction in which a ticket has its next version already.
struct Turn {
    tx: Tx,
    row: TicketRow,
    now: Timestamp,
    deeds: Vec<Deed>,
}

impl Turn {
    fn owner(&self) -> MunicipalityId {
        MunicipalityId(self.row.municipality_id)
    }

    fn ticket(&self) -> TicketId {
        TicketId(self.row.ticket_id)
    }

    /// Takes the next version of a device. Reasons: DEVICE_NOT_FOUND, also for another owner's, RIGHT_MISSING, ETAG_MISMATCH.
    async fn take(&mut self, staff: &Staff, device: DeviceId, seen: Option<i64>) -> Result<DeviceKey> {
        let key = registry::take(&mut self.tx, staff, device, seen).await?;
        if key.municipality == self.owner() { Ok(key) } else { Err(device_not_found(device)) }
    }

    /// Moves a device that was taken. Reason: MOVE_NOT_ALLOWED.
    async fn move_device(&mut self, staff: &Staff, key: DeviceKey, verb: Verb) -> Result<()> {
        let reason = format!("#{}", self.row.number);
        let moved = registry::move_taken(&mut self.tx, staff, key, verb, &reason, self.now).await?;
        self.deeds.extend(moved);
        Ok(())
    }

    /// What is shown of a device.
    async fn shown(&mut self, key: DeviceKey) -> Result<Shown> {
        registry::shown_of(&mut self.tx, key).await
    }
}

/// What people call a device: its label, or its serial number.
fn name_of(shown: &Shown, device: DeviceId) -> String {
    let name = shown.text(Field::Label).or(shown.text(Field::SerialNumber));
    name.map_or_else(|| device.to_string(), str::to_owned)
}

/// The device that a ticket names. Reason: DEVICE_NEEDED.
fn device_of(row: &TicketRow) -> Result<DeviceId> {
    let needed = || Error::new(Kind::Precondition, "DEVICE_NEEDED", say::device_needed());
    row.device_id.map(DeviceId).ok_or_else(needed)
}

/// Today in Japan.
fn today(now: Timestamp) -> time::Date {
    day_in_japan(now.0)
}

fn day(day: Option<time::Date>) -> Option<String> {
    day.map(date_text)
}

impl Tickets {
    /// Takes the next version of a ticket on which the caller works. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, and
    /// those of [`Life::require_here_and_open`](crate::tickets::rules::life::Life::require_here_and_open).
    async fn turn(&self, staff: &Staff, (owner, ticket): Place, seen: i64, on: On) -> Result<Turn> {
        let now = self.clock.now();
        // What is only read is read before the one writer of SQLite is asked for; the version holds both together.
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, Named::Id(ticket)).await?;
        staff.area_over(Right::WorkTickets, owner, row.school_id.map(SchoolId))?;
        if row.version != seen {
            return Err(changed_meanwhile(&mut tx, owner, ticket).await?);
        }
        if on == On::Open {
            life_of(&row)?.require_here_and_open()?;
        }
        drop(tx);
        let mut tx = self.db.begin().await?;
        let next = TicketRow { version: row.version + 1, changed_at: now.0, ..row };
        if !tickets::update(&mut tx, &next, seen).await? {
            return Err(changed_meanwhile(&mut tx, owner, ticket).await?);
        }
        Ok(Turn { tx, row: next, now, deeds: Vec::new() })
    }

    /// Writes down what happened, and commits.
    async fn done(
        &self,
        staff: &Staff,
        turn: Turn,
        (kind, action): (EventKind, &'static str),
        details: &serde_json::Value,
    ) -> Result<TicketView> {
        let (owner, ticket, number) = (turn.owner(), turn.ticket(), turn.row.number);
        let Turn { mut tx, row, now, deeds } = turn;
        // What a repair is offered for, and what things cost, is told to those who ask for the legs.
        let is_for_caller = !matches!(kind, EventKind::RepairChanged | EventKind::CostRecorded);
        let happened = EventRow { is_for_caller, ..event(kind, staff, now, "", details) };
        tickets::append(&mut tx, owner, ticket, &happened).await?;
        let mut views = judged::views(&mut tx, vec![row], now).await?;
        let view = views.pop().ok_or_else(|| Error::internal("a ticket is missing", "no view"))?;
        let deed = Deed {
            municipality: Some(owner),
            action,
            subject_kind: "ticket",
            subject_id: ticket.to_string(),
            details: json!({ "number": number }),
        };
        tickets::census::touch(&mut tx, owner).await?;
        for deed in deeds.into_iter().chain([deed]) {
            self.access.audit(&mut tx, staff, deed).await?;
        }
        tx.commit().await?;
        Ok(view)
    }

    /// What is known of the legs of a ticket; notes for those only who work on it. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub async fn legs(&self, staff: &Staff, (owner, ticket): Place) -> Result<Legs> {
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, Named::Id(ticket)).await?;
        let mut repairs = store::repairs(&mut tx, owner, ticket).await?;
        let mut losses = store::losses(&mut tx, owner, ticket).await?;
        let (mut costs, total_yen) = store::costs_of(&mut tx, owner, ticket).await?;
        let device = match row.device_id.map(DeviceId) {
            Some(device) => match reachable_device(&mut tx, staff, Right::ViewDevices, device).await {
                Ok((key, _)) => {
                    let shown = registry::shown_of(&mut tx, key).await?;
                    Some((name_of(&shown, key.device), registry::standing(&shown).0))
                }
                Err(error) if matches!(error.kind, Kind::NotFound | Kind::Denied) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        if !works_on(staff, owner, row.school_id.map(SchoolId)) {
            repairs.iter_mut().for_each(|repair| repair.note.clear());
            losses.iter_mut().for_each(|loss| loss.lock_note.clear());
            costs.iter_mut().for_each(|cost| cost.note.clear());
        }
        Ok(Legs { device, repairs, losses, costs, total_yen })
    }
}
