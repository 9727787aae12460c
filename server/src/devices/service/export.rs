//! Devices on their way out as CSV, in pieces.

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::{Access, audit::Deed},
    },
    db::Db,
    devices::{
        rules::{
            DeviceId,
            import::export::{self, Encoding, HEADER},
        },
        store::import::{ExportRow, list_export},
    },
    error::{Error, Result, says},
    schools::rules::{MunicipalityId, SchoolId},
};

/// Devices of one piece.
const PIECE: i64 = 2_000;

/// A piece of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the file.
    pub content: Vec<u8>,
    /// Devices so far.
    pub devices: u64,
    /// Characters so far that the encoding lacks.
    pub replaced: u64,
}

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

    /// Notes the export in the audit log, then sends the devices of an owner, or of a school, piece by piece. Ids of holders
    /// stay inside. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND; SCHOOL_NOT_FOUND for a school out of reach.
    pub async fn devices(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        encoding: Encoding,
    ) -> Result<mpsc::Receiver<Result<Piece>>> {
        let area = staff.area_for(Right::Export, municipality)?;
        if let Some(school) = school.filter(|school| !area.covers(Some(*school))) {
            return Err(Error::not_found("SCHOOL_NOT_FOUND", says::schools::school_unknown(school)));
        }
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: Some(municipality),
            action: "device.export",
            subject_kind: "municipality",
            subject_id: municipality.to_string(),
            details: serde_json::json!({ "school_id": school, "encoding": match encoding {
                Encoding::Utf8 => "utf-8",
                Encoding::Cp932 => "cp932",
            } }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        let (sender, receiver) = mpsc::channel(2);
        let exports = self.clone();
        tokio::spawn(async move {
            if let Err(error) = exports.send(&area, school, encoding, &sender).await {
                let _nobody_waits = sender.send(Err(error)).await;
            }
        });
        Ok(receiver)
    }

    async fn send(
        &self,
        area: &Area,
        school: Option<SchoolId>,
        encoding: Encoding,
        sender: &mpsc::Sender<Result<Piece>>,
    ) -> Result<()> {
        let mark = match encoding {
            Encoding::Utf8 => "\u{feff}",
            Encoding::Cp932 => "",
        };
        let mut text = format!("{mark}{}", export::line(HEADER));
        let (mut devices, mut replaced) = (0, 0);
        let mut after = DeviceId(Uuid::nil());
        loop {
            // A transaction for each piece: a reader that is slow holds nothing.
            let mut tx = self.db.read().await?;
            let rows = list_export(&mut tx, area, school, after, PIECE).await?;
            drop(tx);
            for row in &rows {
                text.push_str(&line_of(row));
            }
            let (content, lost) = export::encode(&std::mem::take(&mut text), encoding);
            devices += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            replaced += lost;
            if sender.send(Ok(Piece { content, devices, replaced })).await.is_err() {
                return Ok(());
            }
            match rows.last() {
                Some(last) if i64::try_from(rows.len()).is_ok_and(|count| count >= PIECE) => {
                    after = DeviceId(last.device_id);
                }
                _ => return Ok(()),
            }
        }
    }
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
