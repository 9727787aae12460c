//! What incidents do with tickets by themselves: each makes one at each owner it hurts, takes in what people report of it, ends them
//! when devices measure its end, and brings them back when it comes back.
//!
//! Invariants: nothing here is said twice, however often it runs and wherever it was interrupted: what an incident made is noted, and
//! each step looks at what is there first. A ticket that somebody changes in the same moment is left to the next run. People's own
//! words are never ended by anything but a measured recovery, and they can object to that.

use std::collections::HashSet;

use super::{
    Change, Named, TicketOrder, Tickets,
    store::incidents::{self as store, MadeRow},
};
use crate::{
    access::rules::{Right, Staff, days::moment_in_japan},
    clock::Timestamp,
    console::words::{
        Language,
        network::{cause_text, element_text, place_text},
    },
    error::{Both, Kind, Result, says::tickets as say},
    network::{
        rules::{Incident, IncidentState, word},
        service::incidents::IncidentView,
    },
    schools::rules::MunicipalityId,
    tickets::rules::{CallerKind, Category, Origin, TicketId, fields::SUBJECT, filter::Listed, incidents as rules},
};

/// What both languages say in whole sentences, for texts that are kept and that nobody knows the reader of.
pub(in crate::tickets) fn both(text: &Both) -> String {
    format!("{}。\n{}.", text.ja, capital(&text.en))
}

/// What was changed at one of many owners: one for whom it failed waits for the next run and holds up no other, unless the database
/// answers nobody.
pub(super) fn or_wait(owner: MunicipalityId, changed: Result<usize>) -> Result<usize> {
    match changed {
        Err(error) if error.kind != Kind::Unavailable => {
            tracing::warn!(%owner, error = error.chain(), "tickets of an owner wait for the next run");
            Ok(0)
        }
        changed => changed,
    }
}

/// With a capital first.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(char::to_uppercase).into_iter().flatten().chain(rest).collect()
}

impl Tickets {
    /// Carries what became of incidents to the tickets of all owners, and says how many tickets that changed. An owner for whom it
    /// fails waits for the next run and holds up no other.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn follow_incidents(&self) -> Result<usize> {
        let mut tx = self.db.read().await?;
        let owners = store::owners(&mut tx).await?;
        drop(tx);
        let mut changed = 0;
        for owner in owners {
            changed += or_wait(owner, self.follow_owner(owner).await)?;
        }
        Ok(changed)
    }

    async fn follow_owner(&self, owner: MunicipalityId) -> Result<usize> {
        let staff = Staff::server(owner);
        let open = self.network.open_incidents(&staff, Some(owner), None).await?;
        let mut changed = 0;
        for view in open.iter().filter(|view| view.hurts()) {
            changed += self.make(&staff, owner, view).await?;
            changed += self.take_in(&staff, owner, view).await?;
        }
        let mut tx = self.db.read().await?;
        let lasting = store::lasting(&mut tx, owner).await?;
        drop(tx);
        let open: HashSet<_> = open.iter().map(|view| view.incident.id).collect();
        for made in lasting.into_iter().filter(|made| !open.contains(&made.incident_id)) {
            let incident = match self.network.incident(&staff, made.incident_id).await {
                Ok(view) => Some(view.incident),
                // None of its schools is this owner's any more.
                Err(error) if error.reason == "INCIDENT_NOT_FOUND" => None,
                Err(error) => return Err(error),
            };
            if incident.as_ref().is_none_or(|incident| incident.state == IncidentState::Closed) {
                changed += self.end(&staff, owner, made, incident.as_ref()).await?;
            }
        }
        Ok(changed)
    }

    /// Tickets in the queue of an owner that are so.
    async fn in_queue(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        is_so: impl Fn(&Listed) -> bool,
    ) -> Result<Vec<TicketId>> {
        let areas = staff.areas(Right::ViewTickets, Some(owner))?;
        let mut tx = self.db.read().await?;
        let queues = self.census.of(&mut tx, &areas).await?;
        let tickets = queues.iter().flat_map(|(_, queue)| &queue.tickets);
        Ok(tickets.filter(|ticket| is_so(ticket)).map(|ticket| TicketId(ticket.ticket)).collect())
    }

    /// Changes a ticket by itself; false where it is past that already, or a person is at it in this moment.
    pub(in crate::tickets) async fn by_itself(
        &self,
        staff: &Staff,
        place: (MunicipalityId, TicketId),
        change: &Change,
    ) -> Result<bool> {
        match self.change_under(staff, place, None, change, None).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, Kind::Precondition | Kind::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes an incident's own ticket, or brings it back with all that the end of the incident had ended.
    async fn make(&self, staff: &Staff, owner: MunicipalityId, view: &IncidentView) -> Result<usize> {
        let incident = view.incident.id;
        let mut tx = self.db.read().await?;
        let made = store::made(&mut tx, owner, incident).await?;
        let changed = match made {
            Some(MadeRow { ended_at: None, .. }) => return Ok(0),
            Some(made) => {
                let ended = store::measured(&mut tx, owner, incident).await?;
                drop(tx);
                let back = Change::Relapse(both(&say::incident_back()));
                let own = TicketId(made.ticket_id);
                let others = ended.into_iter().filter(|ticket| *ticket != own);
                let mut changed = 0;
                for ticket in std::iter::once(own).chain(others) {
                    changed += usize::from(self.by_itself(staff, (owner, ticket), &back).await?);
                }
                changed
            }
            None => {
                drop(tx);
                let ticket = rules::ticket_of(owner, incident);
                match self.get(staff, owner, Named::Id(ticket)).await {
                    Ok(_) => 0,
                    Err(error) if error.reason == "TICKET_NOT_FOUND" => {
                        let order = order(owner, view);
                        self.create_of(staff, owner, order, Some(incident)).await?;
                        1
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let ticket = made.map_or_else(|| rules::ticket_of(owner, incident).0, |made| made.ticket_id);
        let mut tx = self.db.begin().await?;
        store::set_made(&mut tx, owner, &MadeRow { incident_id: incident, ticket_id: ticket, ended_at: None }).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Takes in what people reported of an incident before it was known.
    async fn take_in(&self, staff: &Staff, owner: MunicipalityId, view: &IncidentView) -> Result<usize> {
        let from = rules::reports_from(&view.incident);
        let schools = view.schools.get(&owner).map_or(&[][..], Vec::as_slice);
        let fits = |category| Category::from_number(category).is_some_and(Category::may_be_of_an_incident);
        let mut changed = 0;
        let is_of_it = |ticket: &Listed| {
            let here = ticket.school.is_some_and(|school| schools.iter().any(|own| own.0 == school));
            here && ticket.incident.is_none() && ticket.created_at >= from.0 && fits(ticket.category)
        };
        for ticket in self.in_queue(staff, owner, is_of_it).await? {
            let attach = Change::Attach(view.incident.id);
            changed += usize::from(self.by_itself(staff, (owner, ticket), &attach).await?);
        }
        Ok(changed)
    }

    /// Carries the end of an incident to its tickets, or hands them to the larger one of which it was a part.
    async fn end(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        made: MadeRow,
        incident: Option<&Incident>,
    ) -> Result<usize> {
        let mut tx = self.db.read().await?;
        let larger = match incident.and_then(|incident| incident.merged_into) {
            Some(larger) => match store::made(&mut tx, owner, larger).await? {
                Some(larger) => Some(larger),
                // The larger one lasts, and its ticket comes with the next run.
                None if !self.network.is_over(&mut tx, owner, larger).await? => return Ok(0),
                None => None,
            },
            None => None,
        };
        drop(tx);
        let of_incident = |ticket: &Listed| ticket.incident == Some(made.incident_id);
        let own = TicketId(made.ticket_id);
        let change = match (larger, incident) {
            (Some(larger), _) => Change::Attach(larger.incident_id),
            (None, Some(incident)) => Change::Recover(both(&over(incident))),
            (None, None) => Change::Recover(both(&say::incident_part())),
        };
        let mut changed = 0;
        for ticket in self.in_queue(staff, owner, of_incident).await?.into_iter().filter(|ticket| *ticket != own) {
            changed += usize::from(self.by_itself(staff, (owner, ticket), &change).await?);
        }
        match larger {
            Some(larger) => {
                let note = Change::Note(both(&say::incident_part()));
                changed += usize::from(self.by_itself(staff, (owner, own), &note).await?);
                self.by_itself(staff, (owner, own), &Change::Merge(TicketId(larger.ticket_id))).await?;
            }
            None => {
                changed += usize::from(self.by_itself(staff, (owner, own), &change).await?);
                self.by_itself(staff, (owner, own), &Change::Close).await?;
            }
        }
        // Somebody was at one of them in this moment: the next run ends it.
        let left = self.in_queue(staff, owner, of_incident).await?;
        if larger.is_some() || left.is_empty() {
            let mut tx = self.db.begin().await?;
            let ended_at = Some(self.clock.now().0);
            store::set_made(&mut tx, owner, &MadeRow { ended_at, ..made }).await?;
            tx.commit().await?;
        }
        Ok(changed)
    }
}

/// What an incident's own ticket says.
fn order(owner: MunicipalityId, view: &IncidentView) -> TicketOrder {
    let incident = &view.incident;
    let (element, cause) = (incident.verdict.element.kind, incident.verdict.cause);
    let schools = view.schools.get(&owner).map_or(&[][..], Vec::as_slice);
    let cause_name = word(cause);
    let since = moment_in_japan(Timestamp(incident.started.at.0));
    let subject = |language| {
        let called = match view.element_name.as_str() {
            "" => element_text(language, element.name()),
            name => name,
        };
        say::incident_subject(cause_text(language, &cause_name), called)
    };
    let text = |language| {
        let place = place_text(language, incident.verdict.mext_place.into());
        say::incident_text(place, incident.devices, schools.len(), &since)
    };
    let subject = Both::of(subject(Language::Ja), subject(Language::En));
    TicketOrder {
        id: Some(rules::ticket_of(owner, incident.id).0),
        subject: format!("{} / {}", subject.ja, capital(&subject.en)).chars().take(SUBJECT).collect(),
        text: both(&Both::of(text(Language::Ja), text(Language::En))),
        category: rules::category(element),
        impact: rules::impact(element, schools.len()),
        urgency: rules::urgency(cause),
        school: match schools {
            [school] => Some(*school),
            _ => None,
        },
        device: None,
        room: String::new(),
        caller_kind: CallerKind::Device,
        caller_contact: String::new(),
        origin: Origin::Incident,
    }
}

/// What is said when devices measured the end.
fn over(incident: &Incident) -> Both {
    let since = moment_in_japan(Timestamp(incident.started.at.0));
    let until = incident.recovered_at.or(incident.closed_at).unwrap_or(incident.started.at);
    say::incident_over(since, moment_in_japan(Timestamp(until.0)))
}
