//! Tickets that may be of the same thing as one that somebody writes.
//!
//! Invariants: only what the asker may see is looked at, and of its texts only what is written for the caller; what is read is bounded,
//! however many tickets there are.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    Named, TicketView, Tickets, judged,
    store::{
        self,
        duplicates::{self as rows, CandidateRow},
    },
};
use crate::{
    access::rules::{Area, Right, Staff},
    db::Tx,
    devices::rules::DeviceId,
    error::Result,
    network::service::visible_school,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            Category,
            duplicates::{CHARACTERS, Candidate, DAYS_BACK, Grams, Likeness, Written},
        },
        search::{
            rules::{Reader, TextQuery, fold, telling_words},
            store as texts,
        },
    },
};

/// Tickets of a device, of a school, and found by their words that are compared.
const OF_DEVICE: i64 = 20;
const OF_SCHOOL: i64 = 200;
const BY_WORDS: i64 = 20;
const DAY_US: i64 = 24 * 3_600_000_000;

/// What somebody writes, as far as it goes.
#[derive(Debug, Clone, Default)]
pub struct DuplicateOrder {
    /// In one line.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// What it is about.
    pub category: Option<Category>,
    /// The school.
    pub school: Option<SchoolId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// Where in the school.
    pub room: String,
}

/// A ticket that may be of the same thing.
#[derive(Debug, Clone)]
pub struct Duplicate {
    /// The ticket.
    pub ticket: TicketView,
    /// Why.
    pub likeness: Likeness,
}

/// What is compared of a ticket.
fn candidate(row: &CandidateRow) -> Candidate {
    Candidate {
        number: row.number,
        category: row.category,
        device: row.device_id,
        school: row.school_id,
        room: row.room.clone(),
        incident: row.incident_id,
        grams: Grams::of_folded(row.folded.as_deref().unwrap_or_default()),
        created_at: row.created_at,
        done_at: row.done_at,
    }
}

impl Tickets {
    /// Tickets in scope that may be of the same thing as what somebody writes, the likeliest first. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn duplicates(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        order: &DuplicateOrder,
    ) -> Result<Vec<Duplicate>> {
        let area = staff.areas(Right::ViewTickets, Some(owner))?.remove(0);
        let mut tx = self.db.read().await?;
        if let Some(school) = order.school {
            visible_school(&mut tx, staff, owner, school).await?;
        }
        let written = Written {
            category: order.category.map(Category::to_number),
            device: order.device.map(|device| device.0),
            school: order.school.map(|school| school.0),
            room: fold(&order.room),
            incidents: self.hurting(&mut tx, staff, owner, order.school).await?,
            grams: Grams::of(&format!(
                "{}\n{}",
                order.subject,
                order.text.chars().take(CHARACTERS).collect::<String>()
            )),
            at: self.clock.now().0,
        };
        self.alike(&mut tx, &area, &written, &order.subject, None).await
    }

    /// The same for a ticket that is there; none where it went into another one. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub async fn duplicates_of(&self, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<Vec<Duplicate>> {
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, named).await?;
        let area = staff.areas(Right::ViewTickets, Some(owner))?.remove(0);
        let Some(own) = rows::named(&mut tx, owner, &[row.ticket_id]).await?.pop() else { return Ok(Vec::new()) };
        let own = candidate(&own);
        let written = Written {
            category: Some(own.category),
            device: own.device,
            school: own.school,
            room: fold(&own.room),
            incidents: own.incident.into_iter().collect(),
            grams: own.grams,
            at: own.created_at,
        };
        self.alike(&mut tx, &area, &written, &row.subject, Some(row.ticket_id)).await
    }

    /// Incidents that hurt a school now.
    async fn hurting(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<Vec<Uuid>> {
        let Some(school) = school else { return Ok(Vec::new()) };
        let open = self.network.open_incidents_of(tx, staff, owner, school).await?;
        Ok(open.iter().filter(|view| view.hurts()).map(|view| view.incident.id).collect())
    }

    async fn alike(
        &self,
        tx: &mut Tx,
        area: &Area,
        written: &Written,
        subject: &str,
        but: Option<Uuid>,
    ) -> Result<Vec<Duplicate>> {
        let mut found: HashMap<Uuid, CandidateRow> = HashMap::new();
        for row in candidates(tx, area, written, subject).await? {
            // Said in SQL already where the statement is of more than one school.
            if area.covers(row.school_id.map(SchoolId)) && Some(row.ticket_id) != but {
                found.insert(row.ticket_id, row);
            }
        }
        let likest = written.likest(&found.values().map(candidate).collect::<Vec<_>>());
        let ids: HashMap<i64, Uuid> = found.values().map(|row| (row.number, row.ticket_id)).collect();
        let owner = area.municipality();
        let places: Vec<_> = likest.iter().filter_map(|one| Some((owner, *ids.get(&one.number)?))).collect();
        let rows = store::census::rows_of(tx, &places).await?;
        let views = judged::views(tx, rows, self.clock.now()).await?;
        let mut views: HashMap<_, _> = views.into_iter().map(|view| (view.row.number, view)).collect();
        let duplicate = |likeness: Likeness| Some(Duplicate { ticket: views.remove(&likeness.number)?, likeness });
        Ok(likest.into_iter().filter_map(duplicate).collect())
    }
}

/// Tickets that are compared: those of the device, those of the school; where no school is chosen, those of the owner in which the
/// telling words of the subject stand.
async fn candidates(tx: &mut Tx, area: &Area, written: &Written, subject: &str) -> Result<Vec<CandidateRow>> {
    let owner = area.municipality();
    let since = written.at.saturating_sub(DAYS_BACK * DAY_US);
    let mut found = Vec::new();
    if let Some(device) = written.device {
        found.extend(rows::of_device(tx, area, device, since, OF_DEVICE).await?);
    }
    match written.school {
        Some(school) if area.covers(Some(SchoolId(school))) => {
            found.extend(rows::of_school(tx, owner, school, since, OF_SCHOOL).await?);
        }
        Some(_) => {}
        None => {
            let Ok(query) = TextQuery::parse("subject", &telling_words(subject)) else { return Ok(found) };
            let areas = [(area.clone(), Reader::Caller)];
            let asked = texts::Asked { areas: &areas, query: &query, behind: None, newest: texts::NEWEST };
            let named = texts::find(tx, asked, BY_WORDS).await?;
            let ids: Vec<_> = named.into_iter().map(|text| text.ticket_id).collect();
            found.extend(rows::named(tx, owner, &ids).await?);
        }
    }
    Ok(found)
}
