//! A ticket comes in.

use serde_json::json;
use uuid::Uuid;

use super::{
    TicketView, Tickets,
    causes::failing_layers,
    event, judged,
    search::write_first_texts,
    store::{self, snapshot},
    terms::Terms,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::Deed,
    },
    clock::Timestamp,
    db::Tx,
    devices::{
        rules::{DeviceId, DeviceKey},
        service::{device_not_found, reachable_device, registry::shown_of},
    },
    error::{Error, Kind, Result, says::tickets as say},
    network::service::visible_school,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{CallerKind, Category, EventKind, Impact, Origin, TicketId, Urgency, life::Life},
        store::TicketRow,
    },
};

/// What is reported.
#[derive(Debug, Clone)]
pub struct TicketOrder {
    /// The reporter's choice, so that a repeat makes no second one.
    pub id: Option<Uuid>,
    /// In one line.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// What it is about.
    pub category: Category,
    /// Whom it concerns.
    pub impact: Impact,
    /// How long it can wait.
    pub urgency: Urgency,
    /// The school; without one a device's.
    pub school: Option<SchoolId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// Where in the school.
    pub room: String,
    /// Who reports it.
    pub caller_kind: CallerKind,
    /// How the caller is reached.
    pub caller_contact: String,
    /// How it comes in.
    pub origin: Origin,
}

impl Tickets {
    /// Makes a ticket, and says whether it is new: the same id gives the ticket that has it. It is attached to an incident that hurts
    /// its school now, if its category fits one.
    ///
    /// # Errors
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, DEVICE_NOT_FOUND, TICKET_EXISTS.
    pub async fn create(&self, staff: &Staff, owner: MunicipalityId, order: TicketOrder) -> Result<(TicketView, bool)> {
        self.create_of(staff, owner, order, None).await
    }

    /// The same for a ticket of which is known to which incident it belongs.
    pub(super) async fn create_of(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        order: TicketOrder,
        of_incident: Option<Uuid>,
    ) -> Result<(TicketView, bool)> {
        let now = self.clock.now();
        // Before anything is looked up: who may report nothing here learns nothing of schools and devices.
        staff.area_for(Right::ReportTickets, owner)?;
        // What is only read is read before the one writer of SQLite is asked for.
        let mut tx = self.db.read().await?;
        let device = self.device_of(&mut tx, staff, owner, order.device).await?;
        let school = order.school.or(device.and_then(|(_, school)| school));
        if let Some(school) = order.school {
            visible_school(&mut tx, staff, owner, school).await?;
        }
        staff.area_over(Right::ReportTickets, owner, school)?;
        let id = TicketId(order.id.unwrap_or_else(Uuid::now_v7));
        // An id that was made here is nobody's.
        let known = if order.id.is_some() { store::find(&mut tx, owner, id).await? } else { None };
        if let Some(row) = known {
            return self.again(&mut tx, row, (&order.subject, school.map(|school| school.0)), now).await;
        }
        let snapshot = match device {
            Some((key, _)) => Some(snapshot_of(&mut tx, key).await?),
            None => None,
        };
        let incident = match of_incident {
            Some(incident) => Some(incident),
            None => self.incident_of(&mut tx, staff, owner, school, order.category).await?,
        };
        let terms = Terms::of_place(&mut tx, owner, school, [now, now]).await?;
        let life = Life::begin(now);
        let mut row = TicketRow {
            municipality_id: owner.0,
            ticket_id: id.0,
            number: 0,
            version: 1,
            state: life.state.to_number(),
            waiting_on: None,
            category: order.category.to_number(),
            impact: order.impact.to_number(),
            urgency: order.urgency.to_number(),
            priority: terms.promise(owner, now).priority(order.impact, order.urgency).to_number(),
            subject: order.subject,
            school_id: school.map(|school| school.0),
            device_id: device.map(|(key, _)| key.device.0),
            room: order.room,
            caller_kind: order.caller_kind.to_number(),
            caller_contact: order.caller_contact,
            origin: order.origin.to_number(),
            assignee_id: None,
            assignee_name: None,
            incident_id: incident,
            merged_into: None,
            created_at: now.0,
            changed_at: now.0,
            done_at: None,
            queue_key: 0,
            life: serde_json::to_string(&life.times)
                .map_err(|source| Error::internal("a ticket could not be written", source))?,
            snapshot,
        };
        let (standing, key) = judged::stand(&row, &life, &terms, now)?;
        row.queue_key = key;
        drop(tx);
        let mut tx = self.db.begin().await?;
        // Tickets of one owner wait for each other from here on.
        row.number = store::next_number(&mut tx, owner).await?;
        if !store::insert(&mut tx, &row).await? {
            // Somebody made it in this moment. What this call did is undone, and it reads what there is.
            drop(tx);
            let mut tx = self.db.read().await?;
            let there = store::find(&mut tx, owner, id).await?.ok_or_else(|| super::not_found(super::Named::Id(id)))?;
            return self.again(&mut tx, there, (&row.subject, row.school_id), now).await;
        }
        let created = event(EventKind::Created, staff, now, &order.text, &json!({ "origin": row.origin }));
        store::append(&mut tx, owner, id, &created).await?;
        if let Some(incident) = incident {
            let attached = event(EventKind::Attached, staff, now, "", &json!({ "incident_id": incident }));
            store::append(&mut tx, owner, id, &attached).await?;
        }
        write_first_texts(&mut tx, &row, &order.text).await?;
        let deed = Deed {
            municipality: Some(owner),
            action: "ticket.create",
            subject_kind: "ticket",
            subject_id: id.to_string(),
            details: json!({ "number": row.number, "category": row.category }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok((TicketView { row, life, standing }, true))
    }

    /// The device that a ticket is about, with its school. Reason: DEVICE_NOT_FOUND, also where another owner has it.
    async fn device_of(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        device: Option<DeviceId>,
    ) -> Result<Option<(DeviceKey, Option<SchoolId>)>> {
        let Some(device) = device else { return Ok(None) };
        let (key, row) = reachable_device(tx, staff, Right::ViewDevices, device).await?;
        if key.municipality != owner {
            return Err(device_not_found(device));
        }
        Ok(Some((key, row.school_id.map(SchoolId))))
    }

    /// The incident that hurts a school now, for a category that shows one.
    async fn incident_of(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
        category: Category,
    ) -> Result<Option<Uuid>> {
        let Some(school) = school.filter(|_| category.may_be_of_an_incident()) else { return Ok(None) };
        let open = self.network.open_incidents_of(tx, staff, owner, school).await?;
        Ok(open.into_iter().find(|view| view.hurts()).map(|view| view.incident.id))
    }

    /// The ticket that has the id already, if it is the same report. Reason: TICKET_EXISTS.
    async fn again(
        &self,
        tx: &mut Tx,
        row: TicketRow,
        (subject, school): (&str, Option<Uuid>),
        now: Timestamp,
    ) -> Result<(TicketView, bool)> {
        if (row.subject.as_str(), row.school_id) != (subject, school) {
            return Err(Error::new(Kind::Exists, "TICKET_EXISTS", say::exists(TicketId(row.ticket_id))));
        }
        let view = judged::views(tx, vec![row], now).await?.pop();
        Ok((view.ok_or_else(|| Error::internal("a ticket is missing", "no view"))?, false))
    }
}

/// What is known of a device now, as JSON.
async fn snapshot_of(tx: &mut Tx, key: DeviceKey) -> Result<String> {
    let shown = shown_of(tx, key).await?;
    let registry: serde_json::Map<_, _> =
        shown.iter().map(|(field, shown)| (field.name().to_owned(), json!(shown.value.shown_text(field)))).collect();
    let said = snapshot::said(tx, key).await?;
    let failing = failing_layers(&snapshot::checked(tx, key).await?);
    Ok(json!({ "registry": registry, "said": said, "failing_layers": failing }).to_string())
}
