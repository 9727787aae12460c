//! Reports that whoever sits at a device tells its agent: the same as the form behind a label's code, with the device's certificate in
//! the place of the code.

use std::time::Duration;

use super::{Followed, Known, LabelId, Phone, Report, Spot, check_text, store::device, tickets};
use crate::{
    access::rules::{Right, Staff},
    db::Tx,
    devices::service::reachable_device,
    enrollment::{rules::DeviceIdentity, service::admitted_device},
    error::{Error, Result},
    schools::rules::SchoolId,
    tickets::{
        phone::rules::{PER_LABEL, Said},
        rules::Origin,
    },
};

/// A report at a device.
#[derive(Debug, Clone)]
pub struct AtDevice {
    /// What is wrong; its form is the report's id.
    pub said: Said,
    /// Whether it may be trouble of the school that is known, and whoever reports is there to be told.
    pub may_be_known: bool,
    /// Whether it was handed in before and is only asked about.
    pub only_asked: bool,
    /// How long ago it was written.
    pub delay: Duration,
}

/// What whoever reported at a device is told.
#[derive(Debug, Clone)]
pub enum Told {
    /// How its ticket stands.
    Ticket {
        /// Whether it was made now.
        is_new: bool,
        /// The last part of the address where it is followed.
        link: String,
        /// How it stands.
        standing: Box<Followed>,
    },
    /// The trouble is known, and no ticket was made.
    Known {
        /// What is known, this report counted.
        known: Known,
        /// For how long the school has it.
        lasts: Duration,
    },
    /// It was only asked about, and has no ticket.
    Unknown,
}

impl Phone {
    /// Takes a report at a device. The same report makes one ticket, also where the device went to another school in between; one that is
    /// only asked about makes none.
    ///
    /// # Errors
    /// DEVICE_UNKNOWN, DEVICE_REVOKED, CERTIFICATE_REVOKED, REPORTS_LIMITED, FIELD_INVALID for a text that is missing or too long.
    pub async fn report_at_device(&self, caller: DeviceIdentity, report: &AtDevice) -> Result<Told> {
        let AtDevice { said, may_be_known, only_asked, delay } = report;
        check_text(&said.text, true).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let mut tx = self.db.read().await?;
        let spot = self.spot_of_device(&mut tx, caller).await?;
        let ticket = self.key.ticket_of_device(caller.key.device, said.form);
        let there = tickets::find(&mut tx, spot.owner, ticket).await?.is_some();
        drop(tx);
        if *only_asked && !there {
            return Ok(Told::Unknown);
        }
        if let (Some(known), Some((school, _)), false, true) = (&spot.known, &spot.school, there, may_be_known) {
            // Counted by itself, so that who was told can still ask for a ticket.
            let counted = format!("known {}", caller.key.device);
            self.take_place(spot.owner, &[(counted, PER_LABEL)]).await?;
            return self.tell_known(&spot, *school, known).await;
        }
        let counted = format!("device {}", caller.key.device);
        let body = said.body_after(*delay);
        let report = Report { ticket, said, body, origin: Origin::Agent, counted };
        let is_new = !there && self.make(&spot, None, report).await?;
        let link = self.key.link(spot.owner, ticket);
        let standing = Box::new(self.standing(spot.owner, ticket).await?);
        Ok(Told::Ticket { is_new, link, standing })
    }

    /// Where a device is. Unlike a label, it may report whatever its ledger says of it: somebody sits at it.
    async fn spot_of_device(&self, tx: &mut Tx, caller: DeviceIdentity) -> Result<Spot> {
        let admitted = admitted_device(tx, caller).await?;
        let (key, at) = match admitted.merged_into_device_id {
            None => (caller.key, admitted),
            Some(_) => {
                // Over the whole owner, since only the device that it became tells at which school it is now.
                let anywhere = Staff::at_device(caller.key.municipality, None);
                reachable_device(tx, &anywhere, Right::ViewDevices, caller.key.device).await?
            }
        };
        let owner = key.municipality;
        let school = at.school_id.map(SchoolId);
        let reporter = Staff::at_device(owner, school);
        let (school, known) = self.place(tx, &reporter, owner, school).await?;
        let (asset, label) = device(tx, key).await?.map(|device| (device.label, device.label_id)).unwrap_or_default();
        let label = label.and_then(LabelId::from_number);
        Ok(Spot { label, owner, school, device: Some((key, asset)), room: String::new(), known, reporter })
    }

    /// Tells what is known, and counts the device's label among those that have it: once, also where its form said so.
    async fn tell_known(&self, spot: &Spot, school: SchoolId, known: &Known) -> Result<Told> {
        let mut known = known.clone();
        if let Some(label) = spot.label
            && self.note_also(spot, school, known.incident, label).await?
        {
            known.also += 1;
        }
        let lasts = self.clock.now().since(known.since);
        Ok(Told::Known { known, lasts })
    }
}
