//! Use cases of reports from a phone: what a code leads to, a report, the same as others have, how a report stands.

pub mod devices;
pub mod known;
pub mod labels;
mod photos;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use uuid::Uuid;

pub use super::rules::{LabelId, Said};
use super::{
    rules::{ALSO, LabelKey, Limit, MOST_CHARS, PER_LABEL, PER_SCHOOL, Reporters},
    store::{self, LabelRow},
};
use crate::{
    access::{
        rules::{Right, Staff, lockout::Addresses},
        service::{Access, audit::Deed, derive_key},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    devices::{
        rules::{DeviceId, DeviceKey, fields::Lifecycle},
        service::reachable_device,
    },
    error::{Error, FieldViolation, Kind, Result, says::reports as say},
    network::service::{Network, visible_school},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        attachments::service::AttachmentRow,
        rules::{EventKind, Origin, State, TicketId},
        service::{Change, EventRow, Named, TicketOrder, Tickets},
        store as tickets,
    },
};

/// Most tries of a text that others' changes overtake.
const TRIES: usize = 3;

/// Takes reports from phones.
#[derive(Debug, Clone)]
pub struct Phone {
    db: Db,
    clock: Clock,
    access: Access,
    tickets: Tickets,
    network: Network,
    key: LabelKey,
    reporters: Arc<Mutex<Reporters>>,
    wrong: Arc<Mutex<Addresses>>,
}

/// Where a code leads.
#[derive(Debug, Clone)]
pub struct Spot {
    /// The label; where a device reports, the one that it has, if any.
    pub label: Option<LabelId>,
    /// The owner of its device or school now.
    pub owner: MunicipalityId,
    /// The school, with its name.
    pub school: Option<(SchoolId, String)>,
    /// The device, with its 管理番号.
    pub device: Option<(DeviceKey, Option<String>)>,
    /// Where in the school.
    pub room: String,
    /// What is known to be broken there.
    pub known: Option<Known>,
    /// Who reports.
    reporter: Staff,
}

/// Trouble that is known already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The incident.
    pub incident: Uuid,
    /// Since when it hurts.
    pub since: Timestamp,
    /// How many labels of the school have it too.
    pub also: i64,
}

/// How a report stands, for whoever has its link.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Its number.
    pub number: i64,
    /// Where it is in its life, or the one that it went into.
    pub state: State,
    /// Whether the caller is asked something.
    pub is_asked: bool,
    /// Whether it went into another.
    pub is_merged: bool,
    /// Whether it belongs to a known incident.
    pub of_incident: bool,
    /// What happened, oldest first, without what staff write among themselves.
    pub events: Vec<EventRow>,
    /// What is attached for the caller.
    pub attachments: Vec<AttachmentRow>,
}

/// A report that is to become a ticket.
struct Report<'a> {
    ticket: TicketId,
    said: &'a Said,
    body: String,
    origin: Origin,
    /// What reports are counted for, beside the school.
    counted: String,
}

/// What a caller says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// More of it, or that it came back.
    More,
    /// Of somebody else: that they have the same.
    Also,
    /// It works again.
    Fixed,
}

fn unknown() -> Error {
    Error::not_found("LABEL_UNKNOWN", say::label_unknown())
}

fn report_unknown() -> Error {
    Error::not_found("REPORT_UNKNOWN", say::report_unknown())
}

fn too_many(wait: Duration) -> Error {
    let minutes = wait.as_secs().div_ceil(60).max(1);
    Error::new(Kind::Exhausted, "REPORTS_LIMITED", say::too_many(minutes)).retry_after(wait)
}

/// What the reports of a school are counted for: each way by itself. What devices kept during an outage comes in at once when it is over,
/// and must not shut out who stands before a label.
fn school_counted(school: SchoolId, origin: Origin) -> String {
    match origin {
        Origin::Agent => format!("school {school} devices"),
        Origin::Console | Origin::Command | Origin::PhoneForm | Origin::Incident | Origin::DeviceHealth => {
            format!("school {school}")
        }
    }
}

/// Refuses a text that is too long. Reason: FIELD_INVALID.
fn check_text(text: &str, needed: bool) -> std::result::Result<(), FieldViolation> {
    match text.chars().count() {
        0 if needed => Err(FieldViolation::new("text", say::words_needed())),
        count if count > MOST_CHARS => Err(FieldViolation::new("text", say::text_long(count, MOST_CHARS))),
        _ => Ok(()),
    }
}

impl Said {
    /// Whether it can be taken: a text where nothing else says what is wrong, and none that is too long.
    pub fn check(&self) -> std::result::Result<(), FieldViolation> {
        check_text(&self.text, self.category == crate::tickets::rules::Category::Other)
    }
}

impl Phone {
    /// Works on this database. `secret` is shared by its servers and is not in it.
    pub fn new(db: Db, clock: Clock, access: Access, secret: &[u8; 32]) -> Self {
        Self {
            tickets: Tickets::new(db.clone(), clock.clone(), access.clone()),
            network: Network::new(db.clone(), clock.clone(), access.clone()),
            key: LabelKey::new(&derive_key(secret, b"gigafleet report labels")),
            reporters: Arc::default(),
            wrong: Arc::default(),
            db,
            clock,
            access,
        }
    }

    /// Where a code leads. A code that is forged, unknown or voided is one and the same. Wrong codes of one address are limited;
    /// good ones are not, so that one pupil who guesses does not shut out a school behind the same address.
    ///
    /// # Errors
    /// LABEL_UNKNOWN, LABEL_DEVICE_GONE, REPORTS_LIMITED.
    pub async fn open(&self, code: &str, from: Option<IpAddr>) -> Result<Spot> {
        let Some(label) = self.key.label(code) else { return Err(self.note_wrong(from)) };
        let mut tx = self.db.read().await?;
        let row = store::find(&mut tx, label).await?.filter(|row| row.voided_at.is_none());
        let Some(row) = row else { return Err(self.note_wrong(from)) };
        self.spot(&mut tx, label, row).await
    }

    /// The answer to a code that leads nowhere.
    fn note_wrong(&self, from: Option<IpAddr>) -> Error {
        let Some(from) = from else { return unknown() };
        let now = self.clock.now();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wait) = wrong.wait(from, now) {
            return too_many(wait);
        }
        let _audited = wrong.note_wrong(from, now);
        unknown()
    }

    async fn spot(&self, tx: &mut Tx, label: LabelId, row: LabelRow) -> Result<Spot> {
        let mut owner = MunicipalityId(row.municipality_id);
        let mut school = row.school_id.map(SchoolId);
        let mut device = None;
        if let Some(id) = row.device_id {
            // Over the whole owner, since only the device tells at which school it is now.
            let anywhere = Staff::reporter(owner, None);
            let found = reachable_device(tx, &anywhere, Right::ViewDevices, DeviceId(id)).await;
            let (key, at) = found.map_err(|error| if error.kind == Kind::NotFound { unknown() } else { error })?;
            let known = store::device(tx, key).await?.ok_or_else(unknown)?;
            let state = Lifecycle::from_number(known.lifecycle.into());
            if matches!(state, Some(Lifecycle::Retired | Lifecycle::Disposed)) {
                return Err(Error::new(Kind::Precondition, "LABEL_DEVICE_GONE", say::device_gone()));
            }
            (owner, school) = (key.municipality, at.school_id.map(SchoolId));
            device = Some((key, known.label));
        }
        let reporter = Staff::reporter(owner, school);
        let (school, known) = self.place(tx, &reporter, owner, school).await?;
        Ok(Spot { label: Some(label), owner, school, device, room: row.room, known, reporter })
    }

    /// A school with its name, and what is known to be broken there.
    async fn place(
        &self,
        tx: &mut Tx,
        reporter: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<(Option<(SchoolId, String)>, Option<Known>)> {
        let Some(school) = school else { return Ok((None, None)) };
        let name = visible_school(tx, reporter, owner, school).await?.name;
        Ok((Some((school, name)), self.known(tx, reporter, owner, school).await?))
    }

    async fn known(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        owner: MunicipalityId,
        school: SchoolId,
    ) -> Result<Option<Known>> {
        let open = self.network.open_incidents_of(tx, staff, owner, school).await?;
        let Some(view) = open.into_iter().find(|view| view.hurts()) else { return Ok(None) };
        let incident = view.incident.id;
        let also = tickets::incidents::also(tx, owner, school, incident).await?;
        Ok(Some(Known { incident, since: view.since(), also }))
    }

    /// Refuses an address that sent too much. Reason: REPORTS_LIMITED.
    fn take_address(&self, from: Option<IpAddr>) -> Result<()> {
        let Some(from) = from else { return Ok(()) };
        let wait = self.reporters.lock().unwrap_or_else(PoisonError::into_inner).count(from, self.clock.now());
        wait.map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    /// Counts a report, in a transaction of its own: who is over a limit is turned away before a ticket takes its owner's turn.
    /// Reason: REPORTS_LIMITED; nothing is counted then.
    async fn take_place(&self, owner: MunicipalityId, counted: &[(String, Limit)]) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        for (key, limit) in counted {
            if store::count(&mut tx, owner, key, limit.window_at(now)).await? > limit.reports {
                return Err(too_many(limit.wait(now)));
            }
        }
        tx.commit().await
    }

    /// Takes a report where a code led and gives the last part of the address where it is followed. The same form makes one ticket;
    /// what was changed in it before it came again is added.
    ///
    /// # Errors
    /// LABEL_UNKNOWN for a place without a label, REPORTS_LIMITED, and FIELD_INVALID for a text that is too long or missing.
    pub async fn report(&self, spot: &Spot, from: Option<IpAddr>, said: &Said) -> Result<String> {
        said.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let label = spot.label.ok_or_else(unknown)?;
        let ticket = self.key.ticket(label, said.form);
        let report =
            Report { ticket, said, body: said.body(), origin: Origin::PhoneForm, counted: format!("label {label}") };
        let mut tx = self.db.read().await?;
        let there = tickets::find(&mut tx, spot.owner, ticket).await?.is_some();
        drop(tx);
        if there || !self.make(spot, from, report).await? {
            self.again(spot, ticket, said).await?;
        }
        Ok(self.key.link(spot.owner, ticket))
    }

    /// Makes the ticket of a report, which was not there, and says whether it is new: the same may come twice in one moment. Reason:
    /// REPORTS_LIMITED.
    async fn make(&self, spot: &Spot, from: Option<IpAddr>, report: Report<'_>) -> Result<bool> {
        let Report { ticket, said, body, origin, counted } = report;
        self.take_address(from)?;
        let mut counted = vec![(counted, PER_LABEL)];
        counted.extend(spot.school.as_ref().map(|(school, _)| (school_counted(*school, origin), PER_SCHOOL)));
        self.take_place(spot.owner, &counted).await?;
        let order = TicketOrder {
            id: Some(ticket.0),
            subject: said.subject(),
            text: body,
            category: said.category,
            impact: said.impact(),
            urgency: said.urgency(),
            school: spot.school.as_ref().map(|(school, _)| *school),
            device: spot.device.as_ref().map(|(key, _)| key.device),
            room: spot.room.clone(),
            caller_kind: said.caller,
            caller_contact: String::new(),
            origin,
        };
        match self.tickets.create(&spot.reporter, spot.owner, order).await {
            Ok((_, is_new)) => Ok(is_new),
            // The first of two taps made it in this moment, with other words.
            Err(error) if error.reason == "TICKET_EXISTS" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A form that came again: its words are added if they are new.
    async fn again(&self, spot: &Spot, ticket: TicketId, said: &Said) -> Result<()> {
        if said.text.is_empty() {
            return Ok(());
        }
        let found = self.standing(spot.owner, ticket).await?;
        if found.events.iter().any(|event| event.body == said.text) {
            return Ok(());
        }
        // By its link: the device may be at another school by now, where the ticket is not.
        let link = self.key.link(spot.owner, ticket);
        self.say(&link, None, Word::More, &said.text, Uuid::now_v7()).await
    }

    /// Notes that whoever stands before a label has what a known incident explains. Once for each label and incident.
    ///
    /// # Errors
    /// Those of [`Self::open`], REPORTS_LIMITED, INCIDENT_OVER.
    pub async fn also(&self, code: &str, from: Option<IpAddr>, incident: Uuid) -> Result<()> {
        let spot = self.open(code, from).await?;
        self.take_address(from)?;
        let over = || Error::new(Kind::Precondition, "INCIDENT_OVER", say::incident_over());
        let (known, (school, _)) = spot.known.as_ref().zip(spot.school.as_ref()).ok_or_else(over)?;
        if known.incident != incident {
            return Err(over());
        }
        let label = spot.label.ok_or_else(unknown)?;
        self.note_also(&spot, *school, incident, label).await.map(|_| ())
    }

    /// Counts a label among those that have what an incident explains; false if it was counted before.
    async fn note_also(&self, spot: &Spot, school: SchoolId, incident: Uuid, label: LabelId) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let is_new = store::insert_also(&mut tx, (spot.owner, school), incident, label, self.clock.now()).await?;
        if is_new {
            let deed = Deed {
                municipality: Some(spot.owner),
                action: "report.also",
                subject_kind: "incident",
                subject_id: incident.to_string(),
                details: json!({ "label": label.to_string(), "school_id": school.to_string() }),
            };
            self.access.audit(&mut tx, &spot.reporter, deed).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    }

    /// How a report stands. Reason: REPORT_UNKNOWN.
    pub async fn follow(&self, link: &str) -> Result<Followed> {
        let (owner, ticket) = self.key.followed(link).ok_or_else(report_unknown)?;
        self.standing(owner, ticket).await
    }

    /// How a report stands, for whoever made it. Reason: REPORT_UNKNOWN.
    async fn standing(&self, owner: MunicipalityId, ticket: TicketId) -> Result<Followed> {
        // Over the whole owner: who made it may follow it wherever it is.
        let reporter = Staff::reporter(owner, None);
        let found = self.tickets.get(&reporter, owner, Named::Id(ticket)).await;
        let mut whole = found.map_err(|error| if error.kind == Kind::NotFound { report_unknown() } else { error })?;
        let row = &whole.ticket.row;
        let into = match row.merged_into {
            Some(into) => tickets::find(&mut self.db.read().await?, owner, TicketId(into)).await?,
            None => None,
        };
        // A link is for whoever reported, whatever the rights of its caller.
        whole.attachments.retain(|attachment| attachment.is_for_caller);
        // Staff of a school may read why it was merged and what was judged; a pupil wants to know what was done.
        whole.events.retain(|event| {
            !event.body.is_empty() || EventKind::from_number(event.kind).is_some_and(EventKind::is_news_for_caller)
        });
        let shown = into.as_ref().unwrap_or(row);
        let state = State::from_number(shown.state)
            .ok_or_else(|| Error::internal("a ticket can not be read", String::from("state")))?;
        Ok(Followed {
            number: row.number,
            state,
            is_asked: row.merged_into.is_none()
                && row.waiting_on == Some(crate::tickets::rules::WaitingOn::Caller.to_number()),
            is_merged: row.merged_into.is_some(),
            of_incident: row.incident_id.is_some(),
            events: whole.events,
            attachments: whole.attachments,
        })
    }

    /// Adds what a caller says later; once for each form.
    ///
    /// # Errors
    /// REPORT_UNKNOWN, REPORTS_LIMITED, FIELD_INVALID, TICKET_CLOSED, TICKET_MERGED, TICKET_RESOLVED, VERSION_MISMATCH.
    pub async fn say(&self, link: &str, from: Option<IpAddr>, word: Word, text: &str, form: Uuid) -> Result<()> {
        let (owner, ticket) = self.key.followed(link).ok_or_else(report_unknown)?;
        // Others do not use up what the first caller may say.
        let own = (format!("ticket {ticket}"), PER_LABEL);
        let (needed, counted, change) = match word {
            Word::More => (true, own, Change::Answer(text.to_owned())),
            Word::Also => (true, (format!("also {ticket}"), ALSO), Change::Also(text.to_owned())),
            Word::Fixed => (false, own, Change::Fixed(text.to_owned())),
        };
        check_text(text, needed).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let mut tx = self.db.read().await?;
        let row = tickets::find(&mut tx, owner, ticket).await?.ok_or_else(report_unknown)?;
        if tickets::has_done(&mut tx, owner, ticket, form).await? {
            return Ok(());
        }
        drop(tx);
        self.take_address(from)?;
        self.take_place(owner, &[counted]).await?;
        let reporter = Staff::reporter(owner, row.school_id.map(SchoolId));
        for attempt in 1.. {
            match self.tickets.change_under(&reporter, (owner, ticket), None, &change, Some(form)).await {
                // Somebody works on it in this moment; what the caller says goes behind that.
                Err(error) if error.reason == "VERSION_MISMATCH" && attempt < TRIES => {}
                outcome => return outcome.map(|_| ()),
            }
        }
        unreachable!("the last try ends the loop")
    }
}
