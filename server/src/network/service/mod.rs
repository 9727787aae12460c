//! Use cases of network health: look at incidents, at schools, at measurements; say by what networks are known, what is tried,
//! and what was announced.

pub mod incidents;
pub mod intake;
pub mod judge;
pub mod keeping;
pub mod known;
pub mod measurements;
pub mod present;
pub mod targets;
mod topology;
pub mod works;

use uuid::Uuid;

use crate::{
    access::{
        rules::{Right, Staff},
        service::Access,
    },
    clock::Clock,
    db::{Db, Tx},
    error::Result,
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::school_not_found,
        store::{self as schools, SchoolRow},
    },
};

/// Answers about network health.
#[derive(Debug, Clone)]
pub struct Network {
    db: Db,
    clock: Clock,
    access: Access,
}

impl Network {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        Self { db, clock, access }
    }

    /// A school that the caller may look at. Reasons: RIGHT_MISSING, SCHOOL_NOT_FOUND.
    pub async fn school(&self, staff: &Staff, owner: MunicipalityId, school: SchoolId) -> Result<SchoolRow> {
        let mut tx = self.db.read().await?;
        visible_school(&mut tx, staff, owner, school).await
    }
}

/// The area of a school that the caller may look at. Reason: SCHOOL_NOT_FOUND.
pub async fn visible_school(tx: &mut Tx, staff: &Staff, owner: MunicipalityId, school: SchoolId) -> Result<SchoolRow> {
    let not_found = || school_not_found(school);
    let area = staff.scope(Right::ViewFigures)?.area(owner).ok_or_else(not_found)?;
    schools::find_school(tx, &area, school).await?.ok_or_else(not_found)
}

/// The same for a change. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING.
pub async fn school_for_change(
    tx: &mut Tx,
    staff: &Staff,
    owner: MunicipalityId,
    school: SchoolId,
) -> Result<SchoolRow> {
    let row = visible_school(tx, staff, owner, school).await?;
    staff.area_over(Right::EditSchools, owner, Some(school))?;
    Ok(row)
}

/// Reads an id that the engine was given.
fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}
