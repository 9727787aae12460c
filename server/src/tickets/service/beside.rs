//! Tickets beside what they are about: those of a school, those of a device.

use std::cmp::Reverse;

use super::{TicketView, Tickets, judged, store};
use crate::{
    access::rules::{Right, Staff},
    devices::{rules::DeviceKey, store::timeline::records_of},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// Tickets of one thing.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The newest first.
    pub tickets: Vec<TicketView>,
    /// How many there are in the queue, also those that are not among these.
    pub open: usize,
}

impl Tickets {
    /// The newest tickets in the queue of a school; none for who may see no tickets there.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn of_school(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        school: SchoolId,
        limit: usize,
    ) -> Result<Option<Beside>> {
        let area = staff.scope(Right::ViewTickets).ok().and_then(|scope| scope.area(owner));
        let Some(area) = area.filter(|area| area.covers(Some(school))) else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let areas = [area];
        let mut heads = Vec::new();
        for (_, queue) in self.census.of(&mut tx, &areas).await? {
            let of_it = queue.tickets.iter().filter(|ticket| ticket.school == Some(school.0));
            heads.extend(of_it.map(|ticket| (Reverse(ticket.created_at), ticket.ticket)));
        }
        let open = heads.len();
        heads.sort_unstable();
        heads.truncate(limit);
        let places: Vec<_> = heads.iter().map(|(_, ticket)| (owner, *ticket)).collect();
        let mut rows = store::census::rows_of(&mut tx, &places).await?;
        rows.sort_unstable_by_key(|row| (Reverse(row.created_at), row.ticket_id));
        let tickets = judged::views(&mut tx, rows, self.clock.now()).await?;
        Ok(Some(Beside { tickets, open }))
    }

    /// Tickets of a device and of the records that were folded into it, the newest first, those that are done too; none for who may see no
    /// tickets of the owner. What is of a school out of reach is left out.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn of_device(&self, staff: &Staff, device: DeviceKey, limit: i64) -> Result<Option<Beside>> {
        let area = staff.scope(Right::ViewTickets).ok().and_then(|scope| scope.area(device.municipality));
        let Some(area) = area else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let records = records_of(&mut tx, device).await?;
        let rows = store::beside::of_device(&mut tx, &area, &records, limit).await?;
        let tickets = judged::views(&mut tx, rows, self.clock.now()).await?;
        let open = tickets.iter().filter(|view| !view.life.is_done()).count();
        Ok(Some(Beside { tickets, open }))
    }
}
