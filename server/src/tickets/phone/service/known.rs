//! A report that is there already: of the same device or room, about the same, of the last day and still open. Whoever reports it again is
//! told since when it is known and how it stands, and may add to it; what others wrote is not shown to them.

use std::{net::IpAddr, time::Duration};

use super::{Phone, Said, Spot, Word, store, tickets};
use crate::{
    clock::{Timestamp, micros},
    error::Result,
    tickets::rules::{State, TicketId},
};

/// How old a report may be that is told: what is older is likely to be something new.
const KNOWN_FOR: Duration = Duration::from_secs(86_400);

/// How a report stands that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownReport {
    /// When it came in.
    pub since: Timestamp,
    /// Where it is in its life.
    pub state: State,
}

impl Phone {
    /// Whether the same is reported already; not what the same form made.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn known_report(&self, spot: &Spot, said: &Said) -> Result<Option<KnownReport>> {
        let since = Timestamp(self.clock.now().0.saturating_sub(micros(KNOWN_FOR)));
        let mut tx = self.db.read().await?;
        let found = store::open_report(&mut tx, &spot.place(), said.category, since).await?;
        let Some(row) = found else { return Ok(None) };
        if let Some(label) = spot.label {
            let own = self.key.ticket(label, said.form);
            if tickets::find(&mut tx, spot.owner, own).await?.is_some() {
                return Ok(None);
            }
        }
        let since = Timestamp(row.created_at);
        Ok(State::from_number(row.state).map(|state| KnownReport { since, state }))
    }

    /// Adds to the report that is there already, once for each form; gives its link, which is not for whoever adds to it. Nothing if there
    /// is none any more. What its first caller was asked stays asked.
    ///
    /// # Errors
    /// REPORTS_LIMITED, FIELD_INVALID, VERSION_MISMATCH.
    pub async fn add_to_known(&self, spot: &Spot, from: Option<IpAddr>, said: &Said) -> Result<Option<String>> {
        let since = Timestamp(self.clock.now().0.saturating_sub(micros(KNOWN_FOR)));
        let mut tx = self.db.read().await?;
        let found = store::open_report(&mut tx, &spot.place(), said.category, since).await?;
        drop(tx);
        let Some(row) = found else { return Ok(None) };
        let link = self.key.link(spot.owner, TicketId(row.ticket_id));
        match self.say(&link, from, Word::Also, &said.more(), said.form).await {
            Ok(()) => Ok(Some(link)),
            // It ended in this moment.
            Err(error) if matches!(error.reason, "TICKET_RESOLVED" | "TICKET_CLOSED" | "TICKET_MERGED") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Spot {
    /// Whose reports are of the same place.
    fn place(&self) -> store::ReportPlace<'_> {
        let school = self.school.as_ref().map(|(school, _)| *school);
        match (&self.device, school) {
            (Some((key, _)), _) => store::ReportPlace::Device(*key),
            (None, Some(school)) => store::ReportPlace::Room(self.owner, school, &self.room),
            (None, None) => store::ReportPlace::Nowhere,
        }
    }
}
