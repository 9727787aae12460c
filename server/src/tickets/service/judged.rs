//! Tickets with how they stand against what is promised, by the calendar as it is now.

use std::collections::{HashMap, hash_map::Entry};

use super::{days::SchoolDays, store};
use crate::{
    access::rules::{StaffId, days::date_text},
    clock::Timestamp,
    db::Tx,
    error::{Both, Error, Result},
    schools::rules::{MunicipalityId, SchoolId, fiscal::day_in_japan},
    tickets::{
        rules::{
            Impact, Priority, State, TicketId, Urgency, WaitingOn,
            clock::Service,
            life::Life,
            promise::Promise,
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
pub(super) fn life_of(row: &TicketRow) -> Result<Life> {
    let times =
        serde_json::from_str(&row.life).map_err(|source| Error::internal("a ticket can not be read", source))?;
    let waiting_on = match row.waiting_on {
        Some(number) => Some(WaitingOn::from_number(number).ok_or_else(|| unreadable("waiting_on"))?),
        None => None,
    };
    Ok(Life {
        state: State::from_number(row.state).ok_or_else(|| unreadable("state"))?,
        waiting_on,
        assignee: row.assignee_id.map(StaffId),
        merged_into: row.merged_into.map(TicketId),
        times,
    })
}

/// What an owner promised on the day on which a ticket came in.
pub(super) async fn promise_of(tx: &mut Tx, owner: MunicipalityId, at: Timestamp) -> Result<Promise> {
    match store::promise(tx, owner, &date_text(day_in_japan(at.0))).await? {
        Some(policy) => {
            serde_json::from_str(&policy).map_err(|source| Error::internal("a promise can not be read", source))
        }
        None => Ok(Promise::default()),
    }
}

/// Impact and urgency of a row.
pub(super) fn judged_as(row: &TicketRow) -> Result<(Impact, Urgency)> {
    let impact = Impact::from_number(row.impact).ok_or_else(|| unreadable("impact"))?;
    Ok((impact, Urgency::from_number(row.urgency).ok_or_else(|| unreadable("urgency"))?))
}

/// Judges one ticket of a place whose days are read.
pub(super) fn stand(
    row: &TicketRow,
    life: &Life,
    promise: &Promise,
    days: &SchoolDays,
    now: Timestamp,
) -> Result<(Standing, i64)> {
    let (impact, urgency) = judged_as(row)?;
    let is_school_day = |day| days.contains(day);
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

/// Tickets as their reader sees them, in the order in which they come. What is promised and each place's calendar are read once.
pub(super) async fn views(tx: &mut Tx, rows: Vec<TicketRow>, now: Timestamp) -> Result<Vec<TicketView>> {
    let place = |row: &TicketRow| (MunicipalityId(row.municipality_id), row.school_id.map(SchoolId));
    let mut oldest: HashMap<_, Timestamp> = HashMap::new();
    for row in &rows {
        let from = oldest.entry(place(row)).or_insert(Timestamp(row.created_at));
        *from = (*from).min(Timestamp(row.created_at));
    }
    let mut days = HashMap::new();
    for ((owner, school), from) in oldest {
        days.insert((owner, school), SchoolDays::read(tx, owner, school, [from, now]).await?);
    }
    let mut promises: HashMap<(MunicipalityId, time::Date), Promise> = HashMap::new();
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let place = place(&row);
        let promise = match promises.entry((place.0, day_in_japan(row.created_at))) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(new) => new.insert(promise_of(tx, place.0, Timestamp(row.created_at)).await?),
        };
        let life = life_of(&row)?;
        let (standing, _) = stand(&row, &life, promise, &days[&place], now)?;
        views.push(TicketView { row, life, standing });
    }
    Ok(views)
}
