//! One verb on one ticket.

use serde_json::json;
use uuid::Uuid;

use super::{
    Named, Standing, TicketView, Tickets, event,
    judged::{self, life_of},
    require_person,
    search::write_texts,
    store,
    terms::Terms,
    works_on,
};
use crate::{
    access::{
        rules::{Right, Staff, StaffId, days::moment_in_japan},
        service::audit::{Actor, Deed},
    },
    clock::Timestamp,
    db::Tx,
    error::{
        Error, Kind, Result,
        says::{access as say_access, tickets as say},
    },
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        desk::store as desk,
        rules::{
            Category, EventKind, Impact, Origin, TicketId, Urgency, WaitingOn,
            life::{Life, Return, Verb},
            undo::{Before, LastDeed},
        },
        store::{EventRow, TicketRow},
    },
};

/// What is done with a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is judged.
    Triage {
        /// What it is about.
        category: Category,
        /// Whom it concerns.
        impact: Impact,
        /// How long it can wait.
        urgency: Urgency,
    },
    /// The caller takes it.
    Take,
    /// Somebody gets it.
    Assign(StaffId),
    /// It goes back to the queue.
    Release,
    /// The caller begins the work.
    Start,
    /// It waits.
    Wait(WaitingOn, String),
    /// It waits no longer.
    Resume,
    /// Whoever reported it is answered.
    Reply(String),
    /// Something is written among staff.
    Note(String),
    /// Whoever reported it says something.
    Answer(String),
    /// Somebody else says that they have the same.
    Also(String),
    /// The trouble is over.
    Resolve(String),
    /// Whoever reported it says that it works again.
    Fixed(String),
    /// It is done.
    Close,
    /// It came back.
    Reopen(String),
    /// It goes into another ticket.
    Merge(TicketId),
    /// It comes out of it again.
    Unmerge,
    /// What the caller did last is taken back.
    Undo,
    /// By itself: it belongs to an incident.
    Attach(Uuid),
    /// By itself: its incident is over.
    Recover(String),
    /// By itself: its incident came back.
    Relapse(String),
    /// By itself: it goes back to the queue.
    Return(Return, String),
}

impl Change {
    fn text(&self) -> &str {
        match self {
            Self::Wait(_, text)
            | Self::Reply(text)
            | Self::Note(text)
            | Self::Answer(text)
            | Self::Also(text)
            | Self::Resolve(text)
            | Self::Fixed(text)
            | Self::Reopen(text)
            | Self::Recover(text)
            | Self::Relapse(text)
            | Self::Return(_, text) => text,
            _ => "",
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Triage { .. } => "ticket.triage",
            Self::Take => "ticket.take",
            Self::Assign(_) => "ticket.assign",
            Self::Release => "ticket.release",
            Self::Start => "ticket.start",
            Self::Wait(..) => "ticket.wait",
            Self::Resume => "ticket.resume",
            Self::Reply(_) => "ticket.reply",
            Self::Note(_) => "ticket.note",
            Self::Answer(_) => "ticket.answer",
            Self::Also(_) => "ticket.also",
            Self::Resolve(_) => "ticket.resolve",
            Self::Fixed(_) => "ticket.fixed",
            Self::Close => "ticket.close",
            Self::Reopen(_) => "ticket.reopen",
            Self::Merge(_) => "ticket.merge",
            Self::Unmerge => "ticket.unmerge",
            Self::Undo => "ticket.undo",
            Self::Attach(_) => "ticket.attach",
            Self::Recover(_) => "ticket.recover",
            Self::Relapse(_) => "ticket.relapse",
            Self::Return(..) => "ticket.return",
        }
    }

    /// What it does with a ticket's life; none for what is taken back, which the life before tells.
    fn verb(&self, staff: &Staff) -> Result<Option<Verb>> {
        Ok(Some(match self {
            Self::Triage { .. } => Verb::Triage,
            Self::Take => Verb::Take(require_person(staff)?),
            Self::Assign(to) => Verb::Assign(*to),
            Self::Release => Verb::Release,
            Self::Start => Verb::Start(require_person(staff)?),
            Self::Wait(whom, _) => Verb::Wait(*whom),
            Self::Resume => Verb::Resume,
            Self::Reply(_) => Verb::Reply,
            Self::Note(_) => Verb::Note,
            Self::Answer(_) => Verb::Answer,
            Self::Also(_) => Verb::Also,
            Self::Resolve(_) => Verb::Resolve,
            Self::Fixed(_) => Verb::Fixed,
            Self::Close => Verb::Close,
            Self::Reopen(_) => Verb::Reopen,
            Self::Merge(into) => Verb::Merge(*into),
            Self::Unmerge => Verb::Unmerge,
            Self::Attach(_) => Verb::Attach,
            Self::Recover(_) => Verb::Recover,
            Self::Relapse(_) => Verb::Relapse,
            Self::Return(why, _) => Verb::Return(*why),
            Self::Undo => return Ok(None),
        }))
    }
}

/// What a change makes of a ticket.
struct Step {
    happened: EventKind,
    next: TicketRow,
    life: Life,
    standing: Standing,
    /// The ticket into which it goes.
    into: Option<TicketRow>,
    /// What changed, as JSON.
    details: serde_json::Value,
}

/// How a ticket was judged.
type Judged = (Category, Impact, Urgency);

fn judged_of(row: &TicketRow) -> Result<Judged> {
    let category = Category::from_number(row.category)
        .ok_or_else(|| Error::internal("a ticket can not be read", String::from("category")))?;
    let (impact, urgency) = judged::judged_as(row)?;
    Ok((category, impact, urgency))
}

/// The last thing that was done with a ticket.
fn last_deed(event: EventRow) -> Option<LastDeed> {
    let details: serde_json::Value = serde_json::from_str(&event.details).unwrap_or_default();
    Some(LastDeed {
        kind: EventKind::from_number(event.kind)?,
        by: event.actor_id,
        at: Timestamp(event.happened_at),
        before: details.get("before").cloned().and_then(|before| serde_json::from_value(before).ok()),
    })
}

impl Tickets {
    /// Does one thing with a ticket of the version that the caller saw.
    ///
    /// # Errors
    /// RIGHT_MISSING, TICKET_NOT_FOUND, STAFF_NOT_FOUND, PERSON_NEEDED, VERSION_MISMATCH, NOTHING_TO_UNDO, INCIDENT_OPEN, and those of
    /// [`Life::apply`](crate::tickets::rules::life::Life::apply).
    pub async fn change(
        &self,
        staff: &Staff,
        place: (MunicipalityId, TicketId),
        seen: i64,
        change: Change,
    ) -> Result<TicketView> {
        self.change_under(staff, place, Some(seen), &change, None).await
    }

    /// The same as one of many that a request names, of the version that is found where none was seen.
    pub(in crate::tickets) async fn change_under(
        &self,
        staff: &Staff,
        (owner, ticket): (MunicipalityId, TicketId),
        seen: Option<i64>,
        change: &Change,
        request: Option<Uuid>,
    ) -> Result<TicketView> {
        let now = self.clock.now();
        // What is only read is read before the one writer of SQLite is asked for; the version holds both together.
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, Named::Id(ticket)).await?;
        let of_caller = matches!(change, Change::Answer(_) | Change::Also(_) | Change::Fixed(_));
        let needed = if of_caller { Right::ReportTickets } else { Right::WorkTickets };
        staff.area_over(needed, owner, row.school_id.map(SchoolId))?;
        if seen.is_some_and(|seen| row.version != seen) {
            return Err(changed_meanwhile(&mut tx, owner, ticket).await?);
        }
        let Some(step) = self.step(&mut tx, staff, &row, change, now).await? else {
            let mut views = judged::views(&mut tx, vec![row], now).await?;
            return views.pop().ok_or_else(|| super::not_found(Named::Id(ticket)));
        };
        let Step { happened, next, life, standing, into, mut details } = step;
        let named = match change {
            Change::Note(note) => self.named_people(&mut tx, note, owner, row.school_id.map(SchoolId)).await?,
            _ => Vec::new(),
        };
        drop(tx);
        if !named.is_empty() {
            details["named"] = json!(named.iter().map(|(_, name)| name).collect::<Vec<_>>());
        }
        if let Some(request) = request {
            details["request_id"] = json!(request.to_string());
        }
        let mut tx = self.db.begin().await?;
        if !store::update(&mut tx, &next, row.version).await? {
            return Err(changed_meanwhile(&mut tx, owner, ticket).await?);
        }
        store::append(&mut tx, owner, ticket, &event(happened, staff, now, change.text(), &details)).await?;
        if let Some(into) = into {
            // The other ticket changed too: its reader sees one more that went into it.
            let touched = TicketRow { version: into.version + 1, changed_at: now.0, ..into.clone() };
            if !store::update(&mut tx, &touched, into.version).await? {
                return Err(changed_meanwhile(&mut tx, owner, TicketId(into.ticket_id)).await?);
            }
            let came = event(EventKind::Merged, staff, now, "", &json!({ "from_number": row.number }));
            store::append(&mut tx, owner, TicketId(into.ticket_id), &came).await?;
        }
        if !change.text().is_empty() {
            write_texts(&mut tx, &next).await?;
        }
        let deed = Deed {
            municipality: Some(owner),
            action: change.action(),
            subject_kind: "ticket",
            subject_id: ticket.to_string(),
            details: json!({ "number": row.number }),
        };
        for (person, _) in named.iter().filter(|(person, _)| staff.id != Some(*person)) {
            desk::follow(&mut tx, (owner, ticket), *person, row.version, Some(&staff.name), now).await?;
        }
        if let Some(me) = staff.id {
            // What somebody did is no news to them.
            desk::saw(&mut tx, (owner, ticket), me, next.version).await?;
        }
        // In the order of all that change tickets: the ticket, its owner's count, the audit log.
        store::census::touch(&mut tx, owner).await?;
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(TicketView { row: next, life, standing })
    }

    /// What a change makes of a ticket; none where it changes nothing.
    async fn step(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        row: &TicketRow,
        change: &Change,
        now: Timestamp,
    ) -> Result<Option<Step>> {
        let (owner, ticket) = (MunicipalityId(row.municipality_id), TicketId(row.ticket_id));
        let school = row.school_id.map(SchoolId);
        self.require_over(tx, row, change).await?;
        let (was, judged_before) = (life_of(row)?, judged_of(row)?);
        let (happened, life, judged) = match change.verb(staff)? {
            Some(verb) => {
                let (life, happened) = was.apply(verb, now).map_err(|error| name_holder(error, row))?;
                let Some(happened) = happened else { return Ok(None) };
                let judged = match change {
                    Change::Triage { category, impact, urgency } => (*category, *impact, *urgency),
                    _ => judged_before,
                };
                (happened, life, judged)
            }
            None => {
                let last = store::events(tx, owner, ticket).await?.pop().and_then(last_deed);
                let nothing = || Error::new(Kind::Precondition, "NOTHING_TO_UNDO", say::nothing_to_undo());
                let (life, judged) = last.ok_or_else(nothing)?.undone(Actor::from(staff).id, now)?;
                (EventKind::Undone, life, judged)
            }
        };
        let assignee_name = match life.assignee {
            Some(holder) if Some(holder) == staff.id => Some(staff.name.clone()),
            Some(holder) if row.assignee_id == Some(holder.0) => row.assignee_name.clone(),
            Some(holder) => Some(self.worker(tx, holder, owner, school).await?.name),
            None => None,
        };
        let into = match change {
            Change::Merge(into) => Some(self.merge_target(tx, staff, owner, ticket, *into).await?),
            _ => None,
        };
        let came = Timestamp(row.created_at);
        let terms = Terms::of_place(tx, owner, school, [came, now]).await?;
        let (category, impact, urgency) = judged;
        let is_done = life.is_done();
        let mut next = TicketRow {
            version: row.version + 1,
            state: life.state.to_number(),
            waiting_on: life.waiting_on.map(WaitingOn::to_number),
            category: category.to_number(),
            impact: impact.to_number(),
            urgency: urgency.to_number(),
            assignee_id: life.assignee.map(|staff| staff.0),
            assignee_name,
            merged_into: life.merged_into.map(|into| into.0),
            changed_at: now.0,
            done_at: is_done.then_some(row.done_at.unwrap_or(now.0)),
            life: serde_json::to_string(&life.times)
                .map_err(|source| Error::internal("a ticket could not be written", source))?,
            ..row.clone()
        };
        let mut details = json!({ "from": row.state, "to": next.state, "before": Before::of(&was, judged_before) });
        if judged != judged_before || matches!(change, Change::Triage { .. }) {
            next.priority = terms.promise(owner, came).priority(impact, urgency).to_number();
            details["priority"] = json!([row.priority, next.priority]);
        }
        if let (Change::Triage { category, .. }, Some(incident)) = (change, row.incident_id)
            && !category.may_be_of_an_incident()
            && row.origin != Origin::Incident.to_number()
        {
            // Whoever looked at it says that it is something else.
            next.incident_id = None;
            details["detached"] = json!(incident);
        }
        match change {
            Change::Attach(incident) => {
                next.incident_id = Some(*incident);
                details["incident_id"] = json!(incident);
            }
            Change::Assign(to) => details["assignee"] = json!(to.to_string()),
            Change::Wait(whom, _) => details["waiting_on"] = json!(whom.to_number()),
            Change::Merge(_) => details["into"] = json!(into.as_ref().map(|into| into.number)),
            _ => {}
        }
        let (standing, key) = judged::stand(&next, &life, &terms, now)?;
        next.queue_key = key;
        Ok(Some(Step { happened, next, life, standing, into, details }))
    }

    /// Refuses to end what an incident explains that is not over by what devices measure: it would only come back. Reason:
    /// INCIDENT_OPEN.
    async fn require_over(&self, tx: &mut Tx, row: &TicketRow, change: &Change) -> Result<()> {
        let (Change::Resolve(_) | Change::Close, Some(incident)) = (change, row.incident_id) else { return Ok(()) };
        if self.network.is_over(tx, MunicipalityId(row.municipality_id), incident).await? {
            return Ok(());
        }
        Err(Error::new(Kind::Precondition, "INCIDENT_OPEN", say::incident_open()))
    }

    /// Who may be given tickets of a school, or of all of an owner: id and name, by their names. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn workers(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<Vec<(StaffId, String)>> {
        staff.area_for(Right::WorkTickets, owner)?;
        let mut tx = self.db.read().await?;
        self.access.people_with(&mut tx, Right::WorkTickets, owner, school).await
    }

    /// A person who may work on tickets of a place. Reasons: STAFF_NOT_FOUND, RIGHT_MISSING.
    async fn worker(&self, tx: &mut Tx, id: StaffId, owner: MunicipalityId, school: Option<SchoolId>) -> Result<Staff> {
        let found = self.access.person_in_force(tx, id).await?;
        let person = found.ok_or_else(|| Error::not_found("STAFF_NOT_FOUND", say_access::staff_unknown(id)))?;
        if !works_on(&person, owner, school) {
            let message = say::assignee_without_right(&person.name);
            return Err(Error::new(Kind::Precondition, "ASSIGNEE_WITHOUT_RIGHT", message));
        }
        Ok(person)
    }

    /// The ticket into which another goes. Reasons: TICKET_NOT_FOUND, MERGE_REFUSED.
    async fn merge_target(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        ticket: TicketId,
        into: TicketId,
    ) -> Result<TicketRow> {
        let refused = |message| Err(Error::new(Kind::Precondition, "MERGE_REFUSED", message));
        if into == ticket {
            return refused(say::merge_itself());
        }
        let row = self.visible(tx, staff, owner, Named::Id(into)).await?;
        if row.merged_into.is_some() {
            return refused(say::merge_target_merged());
        }
        if !store::merged_into(tx, owner, ticket).await?.is_empty() {
            return refused(say::merge_has_merged());
        }
        Ok(row)
    }
}

/// Names who holds a ticket that cannot be taken.
fn name_holder(error: Error, row: &TicketRow) -> Error {
    match (&row.assignee_name, error.reason) {
        (Some(name), "ALREADY_TAKEN") => Error::new(Kind::Precondition, "ALREADY_TAKEN", say::already_taken_by(name)),
        _ => error,
    }
}

/// Somebody changed the ticket after the caller read it.
pub(in crate::tickets) async fn changed_meanwhile(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: TicketId,
) -> Result<Error> {
    let last = store::events(tx, owner, ticket).await?.pop();
    let (who, at) = match last {
        Some(event) => (event.actor_name, moment_in_japan(Timestamp(event.happened_at))),
        None => (String::from("gigafleet"), String::new()),
    };
    Ok(Error::new(Kind::Conflict, "VERSION_MISMATCH", say::changed_meanwhile(who, at)))
}
