//! A spare in the place of a device.

use serde_json::json;

use super::{On, Place, SpareRow, Turn, device_of, name_of, store};
use crate::{
    access::rules::{Right, Staff},
    clock::Timestamp,
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::Shown,
            fields::{Field, FieldValue, Lifecycle},
            lifecycle::Verb,
        },
        service::{device_not_found, reachable_device, registry},
    },
    error::{Error, Kind, Result, says::legs as say},
    schools::rules::SchoolId,
    tickets::{
        legs::rules::{PLACE, Swapped},
        rules::EventKind,
        service::{EventRow, Named, TicketView, Tickets},
        store as tickets,
    },
};

/// Which spare stands in, and what becomes of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapOrder {
    /// The spare.
    pub spare: DeviceId,
    /// What becomes of the device.
    pub becomes: Swapped,
    /// The version of the spare that was seen; none to take it as it is.
    pub spare_seen: Option<i64>,
    /// The same of the device.
    pub device_seen: Option<i64>,
}

/// A swap that a ticket had.
struct Had {
    device: DeviceId,
    spare: DeviceId,
    at: Timestamp,
}

fn had(event: &EventRow) -> Option<Had> {
    if event.kind != EventKind::Swapped.to_number() {
        return None;
    }
    let details: serde_json::Value = serde_json::from_str(&event.details).ok()?;
    let id = |name: &str| uuid::Uuid::try_parse(details.get(name)?.as_str()?).ok().map(DeviceId);
    Some(Had { device: id("device_id")?, spare: id("spare_id")?, at: Timestamp(event.happened_at) })
}

/// What is said of a device so that it stands where another one stands; without a school it stays at its own.
fn said_of_place(from: &Shown, to: &Shown) -> Vec<registry::Said> {
    let value = |shown: &Shown, field| shown.get(field).map_or(FieldValue::Nothing, |field| field.value.clone());
    let said = PLACE.iter().map(|field| (*field, value(from, *field), value(to, *field)));
    let is_news = |(field, of, now): &(Field, FieldValue, FieldValue)| {
        of != now && !(*field == Field::School && *of == FieldValue::Nothing)
    };
    said.filter(is_news).map(|(field, of, _)| (field, of)).collect()
}

/// What is said of a device that stands nowhere in its school any more.
fn said_of_none(now: &Shown) -> Vec<registry::Said> {
    let held = |field: &&Field| {
        **field != Field::School && now.get(**field).is_some_and(|field| field.value != FieldValue::Nothing)
    };
    PLACE.iter().filter(held).map(|field| (*field, FieldValue::Nothing)).collect()
}

impl Turn {
    /// Lets a device stand where another one stands, which gives the place up.
    async fn hand_over(&mut self, staff: &Staff, from: DeviceKey, to: DeviceKey, gives_up: bool) -> Result<()> {
        let (place, own) = (self.shown(from).await?, self.shown(to).await?);
        let mut sayings = vec![(to, said_of_place(&place, &own))];
        if gives_up {
            sayings.push((from, said_of_none(&place)));
        }
        for (key, said) in sayings {
            let deed =
                registry::say_taken(&mut self.tx, staff, key, (said, Vec::new()), "device.update", self.now).await?;
            self.deeds.extend(deed);
        }
        Ok(())
    }

    /// Takes a spare that nobody handed out meanwhile. Reasons: NOT_A_SPARE, SPARE_TAKEN, ETAG_MISMATCH, DEVICE_NOT_FOUND,
    /// RIGHT_MISSING.
    async fn take_spare(&mut self, staff: &Staff, order: &SwapOrder) -> Result<(DeviceKey, Shown)> {
        let taken = self.take(staff, order.spare, order.spare_seen).await;
        let refusal = match taken {
            Ok(key) => {
                // Only what is read after it was taken holds until the end.
                let shown = self.shown(key).await?;
                if lifecycle(&shown) == Lifecycle::Spare {
                    return Ok((key, shown));
                }
                let name = name_of(&shown, key.device);
                Error::new(Kind::Precondition, "NOT_A_SPARE", say::not_a_spare(name))
            }
            Err(error) if error.kind == Kind::Conflict => {
                let (key, _) = reachable_device(&mut self.tx, staff, Right::EditDevices, order.spare).await?;
                let shown = self.shown(key).await?;
                if key.municipality != self.owner() || lifecycle(&shown) == Lifecycle::Spare {
                    return Err(error);
                }
                let name = name_of(&shown, key.device);
                Error::new(Kind::Precondition, "SPARE_TAKEN", say::spare_taken(name))
            }
            Err(error) => error,
        };
        Err(refusal)
    }

    /// Lets a device that goes back to its user stand where the spare stands that this ticket gave them, which is a spare again.
    /// Nothing to do where nobody has it any more, or somebody else has.
    pub(super) async fn take_back(&mut self, staff: &Staff, device: DeviceKey) -> Result<()> {
        let (owner, ticket) = (self.owner(), self.ticket());
        let events = tickets::events(&mut self.tx, owner, ticket).await?;
        let last = events.iter().rev().filter_map(had).find(|had| had.device == device.device);
        let Some(Had { spare, at, .. }) = last else { return Ok(()) };
        let spare = self.take(staff, spare, None).await?;
        let (state, since) = registry::standing(&self.shown(spare).await?);
        if state != Lifecycle::InUse || since != Some(at) {
            return Ok(());
        }
        self.hand_over(staff, spare, device, true).await?;
        self.move_device(staff, spare, Verb::MakeSpare).await
    }
}

fn lifecycle(shown: &Shown) -> Lifecycle {
    registry::standing(shown).0
}

impl Tickets {
    /// Spares that can stand in for the device of a ticket, the first to take first. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND,
    /// DEVICE_NEEDED, DEVICE_NOT_FOUND.
    pub async fn spares(&self, staff: &Staff, (owner, ticket): Place) -> Result<(Vec<SpareRow>, Option<SchoolId>)> {
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, Named::Id(ticket)).await?;
        staff.area_over(Right::WorkTickets, owner, row.school_id.map(SchoolId))?;
        let device = device_of(&row)?;
        let (key, itself) = reachable_device(&mut tx, staff, Right::EditDevices, device).await?;
        if key.municipality != owner {
            return Err(device_not_found(device));
        }
        let area = staff.area_for(Right::EditDevices, owner)?;
        let school = itself.school_id.or(row.school_id);
        Ok((store::spares(&mut tx, &area, school, key).await?, school.map(SchoolId)))
    }

    /// Lets a spare stand in for the device of an open ticket.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, VERSION_MISMATCH, DEVICE_NEEDED, DEVICE_NOT_FOUND, NOT_A_SPARE, SPARE_TAKEN, ETAG_MISMATCH,
    /// MOVE_NOT_ALLOWED, TICKET_MERGED, TICKET_RESOLVED, TICKET_CLOSED.
    pub async fn swap_with_spare(
        &self,
        staff: &Staff,
        place: Place,
        seen: i64,
        order: &SwapOrder,
    ) -> Result<TicketView> {
        let mut turn = self.turn(staff, place, seen, On::Open).await?;
        let device = device_of(&turn.row)?;
        let (spare, of_spare) = turn.take_spare(staff, order).await?;
        let device = turn.take(staff, device, order.device_seen).await?;
        let of_device = turn.shown(device).await?;
        let (spare_name, device_name) = (name_of(&of_spare, spare.device), name_of(&of_device, device.device));
        if spare == device {
            return Err(Error::new(Kind::Precondition, "NOT_A_SPARE", say::not_a_spare(spare_name)));
        }
        turn.move_device(staff, spare, Verb::PutInUse).await?;
        turn.hand_over(staff, device, spare, order.becomes.gives_place_up()).await?;
        turn.move_device(staff, device, order.becomes.verb()).await?;
        let details = json!({
            "device": device_name, "device_id": device.device.to_string(), "spare": spare_name,
            "spare_id": spare.device.to_string(), "becomes": order.becomes.to_number(),
        });
        self.done(staff, turn, (EventKind::Swapped, "ticket.swap"), &details).await
    }
}
