//! Devices on their way out as lines of CSV. Which of them go out, the feature that lists them says.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    access::{
        rules::{Area, Staff},
        service::{Access, audit::Deed},
    },
    db::Db,
    devices::{
        rules::import::export::{self, Encoding, HEADER},
        store::import::{ExportRow, find_export},
    },
    error::Result,
    schools::rules::MunicipalityId,
};

/// Lets lists out.
#[derive(Debug, Clone)]
pub struct Exports {
    db: Db,
    access: Access,
}

impl Exports {
    /// Works on this database.
    pub fn new(db: Db, access: Access) -> Self {
        Self { db, access }
    }

    /// Notes in an owner's audit log that devices of it leave, before they do.
    pub async fn note(&self, staff: &Staff, owner: MunicipalityId, details: serde_json::Value) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: Some(owner),
            action: "device.export",
            subject_kind: "municipality",
            subject_id: owner.to_string(),
            details,
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// These devices of an area as lines of the file, in the order in which they are named. Ids of holders stay inside.
    pub async fn lines(&self, area: &Area, devices: &[Uuid]) -> Result<Vec<String>> {
        let mut tx = self.db.read().await?;
        let rows = find_export(&mut tx, area, devices).await?;
        let mut lines: HashMap<Uuid, String> = rows.iter().map(|row| (row.device_id, line_of(row))).collect();
        Ok(devices.iter().filter_map(|device| lines.remove(device)).collect())
    }
}

/// What a file begins with.
pub fn header(encoding: Encoding) -> String {
    format!("{}{}", encoding.mark(), export::line(HEADER))
}

fn line_of(row: &ExportRow) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let small = |number: Option<i16>| number.map(|number| number.to_string()).unwrap_or_default();
    let word = |words: &[&'static str], number: i16| export::word_of(words, number.into()).to_owned();
    let cells = [
        text(&row.label),
        text(&row.serial_number),
        text(&row.maker),
        text(&row.model),
        word(&export::SYSTEMS, row.os_kind),
        text(&row.os_version),
        text(&row.school_name),
        small(row.grade),
        text(&row.class_name),
        small(row.seat_number),
        word(&export::PURPOSES, row.purpose),
        word(&export::LIFECYCLES, row.lifecycle),
        text(&row.room),
        text(&row.cart),
        text(&row.acquired_on),
        text(&row.warranty_until),
        text(&row.lease_until),
        row.price_yen.map(|price| price.to_string()).unwrap_or_default(),
    ];
    export::line(cells.iter().map(String::as_str))
}
