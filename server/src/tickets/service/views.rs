//! Lists that people keep, with how many tickets each shows now.

use std::collections::HashMap;

use serde_json::json;
use uuid::Uuid;

use super::{Tickets, require_person, store::views as store};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::audit::Deed,
    },
    db::Tx,
    error::{Error, FieldViolation, Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{rules::filter::Filter, store::views::ViewRow},
};

/// A person keeps at most so many lists.
pub const MOST_VIEWS: i64 = 50;
/// At most so many lists are shown: one's own and those that are shared.
const MOST_SHOWN: i64 = 500;

/// A list to keep.
#[derive(Debug, Clone)]
pub struct ViewOrder {
    /// The caller's choice; one of theirs that has it becomes this one.
    pub id: Option<Uuid>,
    /// 1 to 60 characters.
    pub name: String,
    /// Whether all who work on tickets see it.
    pub is_shared: bool,
    /// Which tickets.
    pub filter: Filter,
}

/// A list with how many tickets it shows.
#[derive(Debug, Clone)]
pub struct CountedView {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Whether all who work on tickets see it.
    pub is_shared: bool,
    /// Whether the caller keeps it.
    pub is_own: bool,
    /// Which tickets.
    pub filter: Filter,
    /// How many there are in the queue now.
    pub count: u64,
}

impl Tickets {
    /// How many tickets of the queue in scope each filter shows. Of a filter whose owner is out of scope none. Reason: RIGHT_MISSING.
    pub async fn counts(&self, staff: &Staff, filters: &[Filter]) -> Result<Vec<u64>> {
        let areas = staff.areas(Right::ViewTickets, None)?;
        let mut tx = self.db.read().await?;
        let queues = self.census.of(&mut tx, &areas).await?;
        drop(tx);
        let now = self.clock.now();
        let looking: Vec<_> = filters.iter().map(|filter| filter.looking(staff.id, now)).collect();
        let mut counts = vec![0; filters.len()];
        for (area, queue) in queues {
            let owner = area.municipality();
            for ticket in queue.tickets.iter().filter(|ticket| area.covers(ticket.school.map(SchoolId))) {
                for ((count, looking), filter) in counts.iter_mut().zip(&looking).zip(filters) {
                    let shown = filter.owner.is_none_or(|only| only == owner.0) && looking.shows(ticket);
                    *count += u64::from(shown);
                }
            }
        }
        Ok(counts)
    }

    /// How many open tickets of some areas each person works on.
    pub(in crate::tickets) async fn loads(&self, tx: &mut Tx, areas: &[Area]) -> Result<HashMap<Uuid, usize>> {
        let mut loads = HashMap::new();
        for (area, queue) in self.census.of(tx, areas).await? {
            for ticket in queue.tickets.iter().filter(|ticket| area.covers(ticket.school.map(SchoolId))) {
                if let Some(holder) = ticket.assignee {
                    *loads.entry(holder).or_insert(0) += 1;
                }
            }
        }
        Ok(loads)
    }

    /// The lists that the caller keeps and those that are shared, with how many tickets each shows. Reason: RIGHT_MISSING.
    pub async fn views(&self, staff: &Staff) -> Result<Vec<CountedView>> {
        let scope = staff.scope(Right::ViewTickets)?;
        let works = staff.has(Right::WorkTickets);
        let rows = store::views(&mut self.db.read().await?, staff.id, MOST_SHOWN).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let is_own = staff.id.is_some_and(|id| id.0 == row.staff_id);
            let filter: Filter = match serde_json::from_str(&row.filter) {
                Ok(filter) => filter,
                // Another version of the product kept it.
                Err(_) => continue,
            };
            let in_scope = filter.owner.is_none_or(|owner| scope.area(MunicipalityId(owner)).is_some());
            if filter.is_known() && in_scope && (is_own || works) {
                let ViewRow { view_id, name, is_shared, .. } = row;
                views.push(CountedView { id: view_id, name, is_shared, is_own, filter, count: 0 });
            }
        }
        let filters: Vec<_> = views.iter().map(|view| view.filter.clone()).collect();
        let counts = self.counts(staff, &filters).await?;
        for (view, count) in views.iter_mut().zip(counts) {
            view.count = count;
        }
        Ok(views)
    }

    /// Keeps a list. Reasons: RIGHT_MISSING, PERSON_NEEDED, FIELD_INVALID, MUNICIPALITY_NOT_FOUND, VIEWS_FULL, VIEW_NOT_FOUND.
    pub async fn keep_view(&self, staff: &Staff, order: ViewOrder) -> Result<CountedView> {
        staff.areas(Right::ViewTickets, order.filter.owner.map(MunicipalityId))?;
        if order.is_shared {
            staff.scope(Right::WorkTickets)?;
        }
        if !order.filter.is_known() {
            return Err(Error::invalid_field("filter", say::filter_unknown()));
        }
        let name = crate::access::rules::fields::parse_filled("name", &order.name, 60);
        let name = name.map_err(|wrong: FieldViolation| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let person = require_person(staff)?;
        let filter = serde_json::to_string(&order.filter)
            .map_err(|source| Error::internal("a list could not be written", source))?;
        let id = order.id.unwrap_or_else(Uuid::now_v7);
        let mut tx = self.db.begin().await?;
        if store::count_views(&mut tx, person).await? >= MOST_VIEWS {
            return Err(Error::new(crate::error::Kind::Precondition, "VIEWS_FULL", say::views_full(MOST_VIEWS)));
        }
        let row = ViewRow { view_id: id, staff_id: person.0, is_shared: order.is_shared, name: name.clone(), filter };
        if !store::put_view(&mut tx, &row, self.clock.now()).await? {
            return Err(Error::not_found("VIEW_NOT_FOUND", say::view_unknown(id)));
        }
        self.access.audit(&mut tx, staff, deed("ticket_view.keep", id, &name)).await?;
        tx.commit().await?;
        let count = self.counts(staff, std::slice::from_ref(&order.filter)).await?.pop().unwrap_or(0);
        Ok(CountedView { id, name, is_shared: order.is_shared, is_own: true, filter: order.filter, count })
    }

    /// Keeps one of the caller's lists no longer. Reasons: RIGHT_MISSING, VIEW_NOT_FOUND.
    pub async fn delete_view(&self, staff: &Staff, view: Uuid) -> Result<()> {
        staff.scope(Right::ViewTickets)?;
        let not_found = || Error::not_found("VIEW_NOT_FOUND", say::view_unknown(view));
        // A token of the installation keeps none.
        let person = staff.id.ok_or_else(not_found)?;
        let mut tx = self.db.begin().await?;
        if !store::delete_view(&mut tx, person, view).await? {
            return Err(not_found());
        }
        self.access.audit(&mut tx, staff, deed("ticket_view.delete", view, "")).await?;
        tx.commit().await
    }

    /// What tells a browser that the queue in scope changed: how often something changed at each owner. Reason: RIGHT_MISSING.
    pub async fn mark(&self, staff: &Staff) -> Result<Vec<(Uuid, i64)>> {
        let areas = staff.areas(Right::ViewTickets, None)?;
        let mut revisions = super::store::census::revisions(&mut self.db.read().await?, &areas).await?;
        revisions.sort_unstable();
        Ok(revisions)
    }
}

fn deed(action: &'static str, view: Uuid, name: &str) -> Deed {
    Deed {
        municipality: None,
        action,
        subject_kind: "ticket_view",
        subject_id: view.to_string(),
        details: json!({ "name": name }),
    }
}
