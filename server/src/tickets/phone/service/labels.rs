//! Labels for devices, schools and rooms: made by staff, printed as often as needed, voided when one is lost.

use ring::rand::SecureRandom as _;
use serde_json::json;
use uuid::Uuid;

use super::{LabelId, Phone, store};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::Deed,
    },
    devices::rules::fields::Lifecycle,
    error::{Error, FieldViolation, Kind, Result, says::reports as say},
    network::service::visible_school,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::phone::store::{LabelRow, LabelledRow},
};

/// Most devices of a school on one sheet: the largest schools have some 1,500.
pub const MOST_DEVICES: i64 = 3_000;
/// Most characters of a room.
const ROOM_CHARS: usize = 40;
/// Labels that are written in one transaction, so that others need not wait long for theirs.
const AT_ONCE: usize = 300;
/// Tries with other random numbers.
const TRIES: usize = 5;
/// Devices that a label is of use on.
const IN_HANDS: [i64; 4] =
    [Lifecycle::Unknown as i64, Lifecycle::InUse as i64, Lifecycle::Spare as i64, Lifecycle::InRepair as i64];

/// A device with the code of its label.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The device.
    pub device: LabelledRow,
    /// What its label says; none if it has none.
    pub code: Option<String>,
}

/// Which devices of a school.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfClass {
    /// Only of this 学年.
    pub grade: Option<i16>,
    /// Only of this 組.
    pub class_name: Option<String>,
}

impl OfClass {
    fn has(&self, row: &LabelledRow) -> bool {
        (self.grade.is_none() || self.grade == row.grade)
            && (self.class_name.is_none() || self.class_name == row.class_name)
    }
}

fn random_label() -> Result<LabelId> {
    let mut bytes = [0; 6];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::internal("no random numbers can be had", "the system gave none"))?;
    Ok(LabelId::of_bytes(bytes))
}

impl Phone {
    /// Devices of a school with their codes, as a class sits. Codes are for who may label devices. Reasons: SCHOOL_NOT_FOUND,
    /// RIGHT_MISSING.
    pub async fn labels(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        of: &OfClass,
    ) -> Result<Vec<Labelled>> {
        let mut tx = self.db.read().await?;
        visible_school(&mut tx, staff, owner, school).await?;
        let area = staff.area_over(Right::EditDevices, owner, Some(school))?;
        let mut rows = store::devices(&mut tx, &area, school, &IN_HANDS, MOST_DEVICES).await?;
        rows.retain(|row| of.has(row));
        let labelled = rows.into_iter().map(|device| {
            let code = device.label_id.and_then(LabelId::from_number).map(|label| self.key.code(label));
            Labelled { device, code }
        });
        Ok(labelled.collect())
    }

    /// Makes a label for each of these devices that has none; gives how many. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING.
    pub async fn make_labels(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        of: &OfClass,
    ) -> Result<usize> {
        let mut made = 0;
        'again: for _ in 0..TRIES {
            let all = self.labels(staff, (owner, school), of).await?;
            let without: Vec<_> = all.into_iter().filter(|one| one.code.is_none()).collect();
            for some in without.chunks(AT_ONCE) {
                let label = |one: &Labelled| Ok(row(owner, random_label()?, None, Some(one.device.device_id), ""));
                let rows: Vec<_> = some.iter().map(label).collect::<Result<_>>()?;
                if !self.write(staff, owner, school, &rows).await? {
                    continue 'again;
                }
                made += rows.len();
            }
            return Ok(made);
        }
        Err(Error::new(Kind::Conflict, "ETAG_MISMATCH", crate::error::says::devices::device_changed()))
    }

    /// The code of the label that a room has, if it has one. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING.
    pub async fn find_room_label(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        room: &str,
    ) -> Result<Option<String>> {
        let mut tx = self.db.read().await?;
        visible_school(&mut tx, staff, owner, school).await?;
        staff.area_over(Right::EditDevices, owner, Some(school))?;
        let found = store::find_room(&mut tx, owner, school, room).await?;
        Ok(found.and_then(|row| LabelId::from_number(row.label_id)).map(|label| self.key.code(label)))
    }

    /// The code of the label of a room, or of a school where the room is empty; made if there is none. Reasons:
    /// SCHOOL_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID.
    pub async fn room_label(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        room: &str,
    ) -> Result<String> {
        if room.chars().count() > ROOM_CHARS {
            let wrong = FieldViolation::new("room", say::room_long());
            return Err(Error::invalid_fields("FIELD_INVALID", vec![wrong]));
        }
        for _ in 0..TRIES {
            let mut tx = self.db.read().await?;
            visible_school(&mut tx, staff, owner, school).await?;
            staff.area_over(Right::EditDevices, owner, Some(school))?;
            let found = store::find_room(&mut tx, owner, school, room).await?;
            drop(tx);
            if let Some(label) = found.and_then(|row| LabelId::from_number(row.label_id)) {
                return Ok(self.key.code(label));
            }
            let label = random_label()?;
            if self.write(staff, owner, school, &[row(owner, label, Some(school.0), None, room)]).await? {
                return Ok(self.key.code(label));
            }
        }
        Err(Error::new(Kind::Conflict, "ETAG_MISMATCH", crate::error::says::devices::device_changed()))
    }

    /// All or none; false where a number was taken, or somebody was first.
    async fn write(&self, staff: &Staff, owner: MunicipalityId, school: SchoolId, rows: &[LabelRow]) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        if !store::insert(&mut tx, rows, self.clock.now()).await? {
            return Ok(false);
        }
        let deed = Deed {
            municipality: Some(owner),
            action: "label.create",
            subject_kind: "school",
            subject_id: school.to_string(),
            details: json!({ "labels": rows.len() }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a label of a school, by its code: it opens nothing any more. One that has ended stays so. Reasons: SCHOOL_NOT_FOUND,
    /// RIGHT_MISSING, FIELD_INVALID.
    pub async fn void_label(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        code: &str,
    ) -> Result<()> {
        let unknown = || Error::invalid_field("code", say::label_of_school_unknown());
        let mut tx = self.db.begin().await?;
        visible_school(&mut tx, staff, owner, school).await?;
        staff.area_over(Right::EditDevices, owner, Some(school))?;
        let label = self.key.label(code).ok_or_else(unknown)?;
        let row = store::find_of(&mut tx, owner, label).await?.ok_or_else(unknown)?;
        let at = match row.device_id {
            Some(device) => {
                let device = crate::devices::rules::DeviceId(device);
                let of_owner = Staff::reporter(owner, None);
                let found = crate::devices::service::reachable_device(&mut tx, &of_owner, Right::ViewDevices, device);
                found.await?.1.school_id
            }
            None => row.school_id,
        };
        if at != Some(school.0) {
            return Err(unknown());
        }
        if store::void(&mut tx, owner, label, self.clock.now()).await? {
            let deed = Deed {
                municipality: Some(owner),
                action: "label.void",
                subject_kind: "label",
                subject_id: label.to_string(),
                details: json!({ "school_id": school.to_string() }),
            };
            self.access.audit(&mut tx, staff, deed).await?;
        }
        tx.commit().await
    }
}

fn row(owner: MunicipalityId, label: LabelId, school: Option<Uuid>, device: Option<Uuid>, room: &str) -> LabelRow {
    LabelRow {
        municipality_id: owner.0,
        label_id: label.number(),
        school_id: school,
        device_id: device,
        room: room.to_owned(),
        voided_at: None,
    }
}
