//! Devices of a list on their way out as CSV, in pieces.

use std::collections::BTreeSet;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    super::rules::{DeviceQuery, Position},
    Overview,
};
use crate::{
    access::rules::{Right, Scope, Staff},
    devices::{
        rules::import::export::{Encoding, encode},
        service::export::{Exports, header},
    },
    error::{Error, Result},
    schools::{rules::MunicipalityId, service::school_not_found},
};

/// Devices of one piece.
const PIECE: i64 = 1_000;

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

/// An export on its way.
struct Export {
    overview: Overview,
    exports: Exports,
    staff: Staff,
    scope: Scope,
    query: DeviceQuery,
    encoding: Encoding,
    /// Owners whose audit log tells of it.
    noted: BTreeSet<MunicipalityId>,
}

impl Overview {
    /// Sends the devices of a list piece by piece, in its order. Each owner's audit log notes it before the first of its
    /// devices leaves. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND; SCHOOL_NOT_FOUND for a school out of reach.
    pub fn export(
        &self,
        exports: &Exports,
        staff: &Staff,
        query: DeviceQuery,
        encoding: Encoding,
    ) -> Result<mpsc::Receiver<Result<Piece>>> {
        if let Some(owner) = query.filter.municipality {
            let area = staff.area_for(Right::Export, owner)?;
            if let Some(school) = query.filter.school.filter(|school| !area.covers(Some(*school))) {
                return Err(school_not_found(school));
            }
        }
        let export = Export {
            overview: self.clone(),
            exports: exports.clone(),
            staff: staff.clone(),
            scope: staff.scope(Right::Export)?,
            query,
            encoding,
            noted: BTreeSet::new(),
        };
        let (sender, receiver) = mpsc::channel(2);
        tokio::spawn(async move {
            if let Err(error) = export.send(&sender).await {
                let _nobody_waits = sender.send(Err(error)).await;
            }
        });
        Ok(receiver)
    }
}

impl Export {
    async fn send(mut self, sender: &mpsc::Sender<Result<Piece>>) -> Result<()> {
        let mut text = header(self.encoding);
        let (mut from, mut devices, mut replaced) = (None, 0, 0);
        loop {
            let (lines, next) = self.piece(from).await?;
            devices += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            text.extend(lines);
            let (content, lost) = encode(&std::mem::take(&mut text), self.encoding);
            replaced += lost;
            if sender.send(Ok(Piece { content, devices, replaced })).await.is_err() {
                return Ok(());
            }
            match next {
                Some(next) => from = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// The lines of one page of the list, and where the next one begins.
    async fn piece(&mut self, from: Option<Position>) -> Result<(Vec<String>, Option<Position>)> {
        // A transaction for each piece: a reader that is slow holds nothing.
        let page = self.overview.devices_in(&self.scope, &self.query, from, PIECE).await?;
        let mut lines = Vec::with_capacity(page.devices.len());
        for of_owner in page.devices.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
            let owner = MunicipalityId(id(&of_owner[0].municipality_id)?);
            let Some(area) = self.scope.area(owner) else { continue };
            if self.noted.insert(owner) {
                self.exports.note(&self.staff, owner, self.details()).await?;
            }
            let ids = of_owner.iter().map(|device| id(&device.device_id)).collect::<Result<Vec<_>>>()?;
            lines.extend(self.exports.lines(&area, &ids).await?);
        }
        Ok((lines, page.next))
    }

    /// What the audit log says.
    fn details(&self) -> serde_json::Value {
        let mut details = serde_json::json!({
            "school_id": self.query.filter.school,
            "encoding": match self.encoding {
                Encoding::Utf8 => "utf-8",
                Encoding::Cp932 => "cp932",
            },
        });
        // Only what narrows: an export of everything says no more than that.
        let filters = self.query.filter.narrowed_by();
        if !filters.is_empty() {
            details["filters"] = serde_json::json!(filters);
        }
        details
    }
}

fn id(text: &str) -> Result<Uuid> {
    Uuid::try_parse(text).map_err(|source| Error::internal("a listed device has no id", source))
}
