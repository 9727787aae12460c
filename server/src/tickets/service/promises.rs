//! What an owner promises, said by the owner, and the queue in the order of it.

use std::collections::BTreeSet;

use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{
    Tickets, Which,
    judged::{self, life_of},
    store,
    terms::Terms,
};
use crate::{
    access::{
        rules::{
            Right, Staff,
            days::{date_text, midnight_in_japan},
        },
        service::audit::Deed,
    },
    clock::Timestamp,
    error::{Error, Result},
    schools::rules::{MunicipalityId, fiscal::day_in_japan},
    tickets::{rules::promise::Promise, store::TicketRow},
};

/// Open tickets that are put in order at once.
const PAGE: i64 = 500;

impl Tickets {
    /// What an owner promises of tickets that come in on a day; ours where it said nothing. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn promise(&self, staff: &Staff, owner: MunicipalityId, day: Option<Date>) -> Result<Promise> {
        staff.areas(Right::ViewTickets, Some(owner))?;
        let mut tx = self.db.read().await?;
        let day = day.unwrap_or_else(|| day_in_japan(self.clock.now().0));
        let at = midnight_in_japan(day);
        Ok(Terms::of_place(&mut tx, owner, None, [at, at]).await?.promise(owner, at).clone())
    }

    /// Says what an owner promises of tickets that come in from a day on, and puts its queue in the order of that. Reasons:
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID.
    pub async fn set_promise(&self, staff: &Staff, owner: MunicipalityId, from: Date, promise: Promise) -> Result<()> {
        staff.area_over(Right::EditSchools, owner, None)?;
        let promise = promise.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))?;
        let policy = serde_json::to_string(&promise)
            .map_err(|source| Error::internal("a promise could not be written", source))?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        store::set_promise(&mut tx, owner, &date_text(from), &policy, now).await?;
        let deed = Deed {
            municipality: Some(owner),
            action: "ticket.promise",
            subject_kind: "ticket_promise",
            subject_id: date_text(from),
            details: json!({ "source": promise.source }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        self.reorder(staff, owner).await
    }

    /// Puts the queue of an owner in the order that promises and calendar give now. Interrupted, it has done a part and can be
    /// begun again; a ticket that somebody changes meanwhile is put in order by that change.
    pub(super) async fn reorder(&self, staff: &Staff, owner: MunicipalityId) -> Result<()> {
        let area = staff.area_for(Right::ViewTickets, owner)?;
        let (mut behind, now) = ((i64::MIN, Uuid::nil()), self.clock.now());
        loop {
            let mut tx = self.db.begin().await?;
            let rows = store::queue(&mut tx, &area, &Which::default(), behind, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            behind = (last.queue_key, last.ticket_id);
            let oldest = rows.iter().map(|row| row.created_at).min().map_or(now, Timestamp);
            let terms = Terms::of_owners(&mut tx, &BTreeSet::from([owner]), [oldest, now]).await?;
            for row in rows {
                let life = life_of(&row)?;
                let came = Timestamp(row.created_at);
                let (impact, urgency) = judged::judged_as(&row)?;
                let priority = terms.promise(owner, came).priority(impact, urgency).to_number();
                let row = TicketRow { priority, ..row };
                let (_, queue_key) = judged::stand(&row, &life, &terms, now)?;
                let version = row.version;
                store::update(&mut tx, &TicketRow { queue_key, ..row }, version).await?;
            }
            store::census::touch(&mut tx, owner).await?;
            tx.commit().await?;
        }
    }
}
