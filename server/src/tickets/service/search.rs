//! Tickets by what is written in them.

use std::collections::HashMap;

use super::{
    TicketView, Tickets, judged,
    store::{self, TicketRow},
};
use crate::{
    access::rules::{Right, Staff},
    db::Tx,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::TicketId,
        search::{
            rules::{Excerpt, FoundPosition, Reader, TextQuery, TicketTexts, excerpts},
            store as texts,
        },
    },
};

/// A ticket in whose texts all words stand.
#[derive(Debug, Clone)]
pub struct FoundTicket {
    /// The ticket.
    pub ticket: TicketView,
    /// Where the words stand.
    pub excerpts: Vec<Excerpt>,
    /// Its place among what is found.
    pub position: FoundPosition,
}

impl Tickets {
    /// A page of the tickets in scope in whose texts all words stand, the last written first. Who does not work on tickets
    /// finds nothing by what staff write among themselves. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn search(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        query: &TextQuery,
        behind: Option<FoundPosition>,
        limit: i64,
    ) -> Result<Vec<FoundTicket>> {
        let areas = staff.areas(Right::ViewTickets, owner)?;
        let works = staff.scope(Right::WorkTickets).ok();
        let mut tx = self.db.read().await?;
        let mut found = Vec::new();
        for area in &areas {
            let all_worked_on = works.as_ref().and_then(|works| works.area(area.municipality())).as_ref() == Some(area);
            let reader = if all_worked_on { Reader::Internal } else { Reader::Caller };
            let rows = texts::find(&mut tx, area, reader, query, behind, limit).await?;
            found.extend(rows.into_iter().map(|row| (area.municipality(), row)));
        }
        found.sort_by_key(|(_, row)| std::cmp::Reverse((row.changed_at, row.ticket_id)));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut rows = Vec::new();
        for (owner, row) in &found {
            rows.extend(store::find(&mut tx, *owner, TicketId(row.ticket_id)).await?);
        }
        let views = judged::views(&mut tx, rows, self.clock.now()).await?;
        let mut views: HashMap<_, _> = views.into_iter().map(|view| (view.row.ticket_id, view)).collect();
        let with_view = found.into_iter().filter_map(|(_, row)| Some((views.remove(&row.ticket_id)?, row)));
        Ok(with_view
            .map(|(ticket, row)| FoundTicket { ticket, excerpts: excerpts(&row.body, query), position: row.position() })
            .collect())
    }
}

/// Writes what is written in a ticket so that it is found: its subject, and what was said, for those who may read each.
pub(super) async fn write_texts(tx: &mut Tx, row: &TicketRow) -> Result<()> {
    let (owner, id) = (MunicipalityId(row.municipality_id), TicketId(row.ticket_id));
    let events = store::events(tx, owner, id).await?;
    let said = |for_caller: bool| {
        let bodies = events.iter().filter(|event| event.is_for_caller == for_caller && !event.body.is_empty());
        bodies.map(|event| event.body.as_str()).collect::<Vec<_>>()
    };
    let for_caller = [vec![row.subject.as_str()], said(true)].concat().join("\n");
    let written = TicketTexts::new(&for_caller, &said(false).join("\n"));
    texts::put(tx, owner, row.ticket_id, row.school_id.map(SchoolId), row.changed_at, &written).await
}
