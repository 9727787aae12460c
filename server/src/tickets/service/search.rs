//! Tickets by what is written in them.

use std::collections::HashMap;

use super::{
    TicketView, Tickets, judged, require_person,
    store::{self, TicketRow},
};
use crate::{
    access::rules::{Area, Right, Staff},
    db::Tx,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            TicketId,
            filter::{Filter, Holder, Listed, Looking},
        },
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

/// What is looked for.
#[derive(Debug, Clone)]
pub struct SearchOrder {
    /// Words that must all stand in a ticket.
    pub text: TextQuery,
    /// Which tickets, those that are done among them; of these nothing is due.
    pub filter: Filter,
    /// Behind which one the page begins.
    pub behind: Option<FoundPosition>,
    /// At most so many.
    pub limit: i64,
}

/// A page of what is found.
#[derive(Debug, Clone, Default)]
pub struct FoundPage {
    /// The last written first.
    pub tickets: Vec<FoundTicket>,
    /// Where the next page begins; a page can be empty and have a next one.
    pub next: Option<FoundPosition>,
}

/// No transaction that writes lasts as long.
const SETTLED_US: i64 = 60 * 1_000_000;

/// So many times a page of what has the words is read for a page of what a filter shows of it.
const ROUNDS: usize = 10;

/// Whether a filter shows a ticket of any state.
fn is_shown(looking: &Looking<'_>, filter: &Filter, row: &TicketRow) -> bool {
    let listed = Listed {
        queue_key: row.queue_key,
        ticket: row.ticket_id,
        school: row.school_id,
        assignee: row.assignee_id,
        incident: row.incident_id,
        created_at: row.created_at,
        state: row.state,
        waiting_on: row.waiting_on,
        category: row.category,
        priority: row.priority,
    };
    (filter.due.is_none() || row.done_at.is_none()) && looking.shows(&listed)
}

impl Tickets {
    /// A page of the tickets in scope in whose texts all words stand, the last written first. Who does not work on tickets
    /// finds nothing by what staff write among themselves. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, PERSON_NEEDED.
    pub async fn search(&self, staff: &Staff, order: &SearchOrder) -> Result<FoundPage> {
        if order.filter.holder == Some(Holder::Me) {
            require_person(staff)?;
        }
        let areas = readers(staff, staff.areas(Right::ViewTickets, order.filter.owner.map(MunicipalityId))?);
        let now = self.clock.now();
        let looking = order.filter.looking(staff.id, now);
        let limit = usize::try_from(order.limit).unwrap_or(usize::MAX);
        let mut tx = self.db.read().await?;
        let (mut rows, mut texts, mut behind) = (Vec::new(), HashMap::new(), order.behind);
        for _ in 0..ROUNDS {
            let asked = texts::Asked { areas: &areas, query: &order.text, behind, newest: texts::NEWEST };
            let found = texts::find(&mut tx, asked, order.limit).await?;
            let places: Vec<_> =
                found.iter().map(|text| (MunicipalityId(text.municipality_id), text.ticket_id)).collect();
            let read = store::census::rows_of(&mut tx, &places).await?;
            let mut read: HashMap<_, _> = read.into_iter().map(|row| (row.ticket_id, row)).collect();
            let is_last = found.len() < limit;
            for text in found {
                behind = Some(text.position());
                if let Some(row) = read.remove(&text.ticket_id).filter(|row| is_shown(&looking, &order.filter, row)) {
                    texts.insert(row.ticket_id, text);
                    rows.push(row);
                    if rows.len() == limit {
                        break;
                    }
                }
            }
            if is_last && rows.len() < limit {
                behind = None;
            }
            if rows.len() == limit || behind.is_none() {
                break;
            }
        }
        let views = judged::views(&mut tx, rows, now).await?;
        let found = |ticket: TicketView| {
            let text = texts.remove(&ticket.row.ticket_id)?;
            Some(FoundTicket { ticket, excerpts: excerpts(&text.body, &order.text), position: text.position() })
        };
        Ok(FoundPage { tickets: views.into_iter().filter_map(found).collect(), next: behind })
    }
}

/// Areas with what the caller may read in each: what staff write among themselves only where the caller works on all of it.
fn readers(staff: &Staff, areas: Vec<Area>) -> Vec<(Area, Reader)> {
    let works = staff.scope(Right::WorkTickets).ok();
    let reader = |area: &Area| {
        let worked_on = works.as_ref().and_then(|works| works.area(area.municipality()));
        if worked_on.as_ref() == Some(area) { Reader::Internal } else { Reader::Caller }
    };
    areas
        .into_iter()
        .map(|area| {
            let reader = reader(&area);
            (area, reader)
        })
        .collect()
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

/// The same for a ticket that is new, with what was said when it came in.
pub(super) async fn write_first_texts(tx: &mut Tx, row: &TicketRow, said: &str) -> Result<()> {
    let for_caller = [row.subject.as_str(), said].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let written = TicketTexts::new(&for_caller.join("\n"), "");
    let (owner, school) = (MunicipalityId(row.municipality_id), row.school_id.map(SchoolId));
    texts::insert(tx, owner, row.ticket_id, school, row.changed_at, &written).await
}

impl Tickets {
    /// Lets the index of what is written in tickets follow what was written some time ago; how many tickets these were.
    pub async fn index_texts(&self) -> Result<usize> {
        // Whatever still writes began less than this ago.
        let until = self.clock.now().0 - SETTLED_US;
        let mut tx = self.db.begin().await?;
        let indexed = texts::index_waiting(&mut tx, until).await?;
        tx.commit().await?;
        Ok(indexed)
    }
}
