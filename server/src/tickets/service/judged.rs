//! Tickets with how they stand against what is promised, by the calendar as it is now.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::terms::Terms;
use crate::{
    access::rules::StaffId,
    clock::Timestamp,
    db::Tx,
    error::{Both, Error, Result},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            Impact, Priority, State, TicketId, Urgency, WaitingOn,
            clock::Service,
            life::Life,
            queue::{Deadline, Judge},
        },
        store::TicketRow,
    },
};

/// How a ticket stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Why it has its priority.
    pub priority_reason: Both,
    /// How the answer to the caller stands.
    pub response: Option<Deadline>,
    /// How the end of the trouble stands.
    pub restoration: Option<Deadline>,
    /// Why it stands where it stands in the queue.
    pub why: Both,
}

/// A ticket as its reader sees it.
#[derive(Debug, Clone)]
pub struct TicketView {
    /// As it is stored.
    pub row: TicketRow,
    /// Its life.
    pub life: Life,
    /// How it stands.
    pub standing: Standing,
}

fn unreadable(what: &str) -> Error {
    Error::internal("a ticket can not be read", what.to_owned())
}

/// The life that is stored in a row.
pub(in crate::tickets) fn life_of(row: &TicketRow) -> Result<Life> {
    let mut life = stored_life((row.state, row.waiting_on), row.merged_into, &row.life)?;
    life.assignee = row.assignee_id.map(StaffId);
    Ok(life)
}

/// The life that is stored in a few columns: state and whom it waits for, where it went, times. Nobody works on it.
pub(super) fn stored_life(
    (state, waiting_on): (i16, Option<i16>),
    merged_into: Option<Uuid>,
    times: &str,
) -> Result<Life> {
    let times = serde_json::from_str(times).map_err(|source| Error::internal("a ticket can not be read", source))?;
    let waiting_on = match waiting_on {
        Some(number) => Some(WaitingOn::from_number(number).ok_or_else(|| unreadable("waiting_on"))?),
        None => None,
    };
    Ok(Life {
        state: State::from_number(state).ok_or_else(|| unreadable("state"))?,
        waiting_on,
        assignee: None,
        merged_into: merged_into.map(TicketId),
        times,
    })
}

/// Impact and urgency of a row.
pub(super) fn judged_as(row: &TicketRow) -> Result<(Impact, Urgency)> {
    let impact = Impact::from_number(row.impact).ok_or_else(|| unreadable("impact"))?;
    Ok((impact, Urgency::from_number(row.urgency).ok_or_else(|| unreadable("urgency"))?))
}

/// Judges one ticket, and gives its place in the queue.
pub(super) fn stand(row: &TicketRow, life: &Life, terms: &Terms, now: Timestamp) -> Result<(Standing, i64)> {
    let (impact, urgency) = judged_as(row)?;
    let (owner, school) = (MunicipalityId(row.municipality_id), row.school_id.map(SchoolId));
    let promise = terms.promise(owner, Timestamp(row.created_at));
    let is_school_day = |day| terms.is_school_day(owner, school, day);
    let service = Service { is_school_day: &is_school_day, hours: promise.hours };
    let priority = Priority::from_number(row.priority).ok_or_else(|| unreadable("priority"))?;
    let judge = Judge { service, promise, priority };
    let standing = Standing {
        priority_reason: promise.reason(impact, urgency),
        response: judge.response(life, now),
        restoration: judge.restoration(life, now),
        why: judge.why(life, now),
    };
    Ok((standing, judge.key(life, now)))
}

/// Tickets as their reader sees them, in the order in which they come. Each owner's calendars and promises are read once.
pub(in crate::tickets) async fn views(tx: &mut Tx, rows: Vec<TicketRow>, now: Timestamp) -> Result<Vec<TicketView>> {
    let owners: BTreeSet<_> = rows.iter().map(|row| MunicipalityId(row.municipality_id)).collect();
    let oldest = rows.iter().map(|row| row.created_at).min().map_or(now, Timestamp);
    let terms = Terms::of_owners(tx, &owners, [oldest, now]).await?;
    let view = |row: TicketRow| {
        let life = life_of(&row)?;
        let (standing, _) = stand(&row, &life, &terms, now)?;
        Ok(TicketView { row, life, standing })
    };
    rows.into_iter().map(view).collect()
}
