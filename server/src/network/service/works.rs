//! Work that was announced: incidents that it explains alert nobody.

use uuid::Uuid;

pub use super::super::store::incidents::PlannedWorkRow;
use super::{
    super::{
        rules::{Element, ElementKind},
        store::{incidents as store, topology},
    },
    Network, id,
    judge::element_number,
    school_for_change,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::audit::Deed,
    },
    clock::Timestamp,
    error::{
        Error, FieldViolation, Kind, Result,
        says::{access as say_access, network as say, schools as say_schools},
    },
    schools::rules::{MunicipalityId, SchoolId},
};

/// Longest work, in microseconds.
const LONGEST_US: i64 = 31 * 86_400 * 1_000_000;

/// What shall be announced.
#[derive(Debug, Clone)]
pub struct WorkOrder {
    /// Its id, so that a repeat announces once; none to choose one.
    pub id: Option<Uuid>,
    /// The owner.
    pub municipality: MunicipalityId,
    /// What is worked on.
    pub element: Element,
    /// Begin.
    pub begin: Timestamp,
    /// End.
    pub end: Timestamp,
    /// Why.
    pub reason: String,
}

impl WorkOrder {
    /// Checks what can be worked on, and when.
    pub fn check(self) -> std::result::Result<Self, FieldViolation> {
        match self.element.kind {
            ElementKind::SchoolLan | ElementKind::SchoolLine | ElementKind::Hub => {}
            ElementKind::Device
            | ElementKind::AccessPoint
            | ElementKind::Isp
            | ElementKind::Filter
            | ElementKind::Dns
            | ElementKind::IdentityProvider
            | ElementKind::Service => return Err(FieldViolation::new("element_kind", say::work_element())),
        }
        if self.begin >= self.end || self.end.0 - self.begin.0 > LONGEST_US {
            return Err(FieldViolation::new("end_time", say::work_times()));
        }
        Ok(self)
    }
}

impl Network {
    /// Announced work in scope that is not over, by begin. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn planned_work(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<Vec<PlannedWorkRow>> {
        let areas = staff.areas(Right::ViewFigures, owner)?;
        let mut tx = self.db.read().await?;
        let all = store::planned_work(&mut tx, self.clock.now()).await?;
        let hub = element_number(ElementKind::Hub);
        let seen = |work: &PlannedWorkRow| {
            let area = areas.iter().find(|area| area.municipality().0 == work.municipality_id);
            // Work on a hub concerns all of the owner's schools.
            let school = id(&work.element_id).map(SchoolId).filter(|_| i64::from(work.element_kind) != hub);
            area.is_some_and(|area| school.is_none_or(|school| area.covers(Some(school))))
        };
        Ok(all.into_iter().filter(|work| work.cancelled_at.is_none() && seen(work)).collect())
    }

    /// Announces work. Reasons: MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, HUB_NOT_FOUND, RIGHT_MISSING, WORK_EXISTS.
    pub async fn announce_work(&self, staff: &Staff, order: WorkOrder) -> Result<PlannedWorkRow> {
        let owner = order.municipality;
        let mut tx = self.db.begin().await?;
        let area = staff.area_for(Right::EditSchools, owner)?;
        match order.element.kind {
            ElementKind::Hub => {
                if !area.covers(None) {
                    return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say_access::role_forbids_here()));
                }
                let hub = id(&order.element.id).unwrap_or_default();
                if !topology::runs_hub(&mut tx, owner.0, hub).await? {
                    return Err(Error::not_found("HUB_NOT_FOUND", say::hub_not_run(hub)));
                }
            }
            ElementKind::SchoolLan
            | ElementKind::SchoolLine
            | ElementKind::Device
            | ElementKind::AccessPoint
            | ElementKind::Isp
            | ElementKind::Filter
            | ElementKind::Dns
            | ElementKind::IdentityProvider
            | ElementKind::Service => {
                let school = SchoolId(id(&order.element.id).unwrap_or_default());
                school_for_change(&mut tx, staff, owner, school).await?;
            }
        }
        let row = PlannedWorkRow {
            municipality_id: owner.0,
            work_id: order.id.unwrap_or_else(Uuid::now_v7),
            element_kind: i16::try_from(element_number(order.element.kind)).expect("a small number"),
            element_id: order.element.id,
            begin_at: order.begin.0,
            end_at: order.end.0,
            reason: order.reason,
            created_at: self.clock.now().0,
            cancelled_at: None,
            version: 1,
        };
        if !store::insert_planned_work(&mut tx, &row).await? {
            return Err(Error::new(Kind::Exists, "WORK_EXISTS", say::work_exists()));
        }
        let details = serde_json::json!({ "element": row.element_id, "reason": row.reason });
        self.access.audit(&mut tx, staff, deed(owner, "work.announce", row.work_id, details)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Calls work off. Reasons: WORK_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn cancel_work(&self, staff: &Staff, owner: MunicipalityId, work: Uuid, seen: Option<i64>) -> Result<()> {
        let not_found = || Error::not_found("WORK_NOT_FOUND", say::work_unknown(work));
        let mine = self.planned_work(staff, Some(owner)).await?;
        let row = mine.into_iter().find(|row| row.work_id == work).ok_or_else(not_found)?;
        let school = id(&row.element_id).map(SchoolId);
        let hub = i64::from(row.element_kind) == element_number(ElementKind::Hub);
        staff.area_over(Right::EditSchools, owner, school.filter(|_| !hub))?;
        let mut tx = self.db.begin().await?;
        let version = seen.unwrap_or(row.version);
        if !store::cancel_planned_work(&mut tx, (owner.0, work), version, self.clock.now()).await? {
            return Err(Error::new(Kind::Conflict, "ETAG_MISMATCH", say_schools::changed_since()));
        }
        self.access.audit(&mut tx, staff, deed(owner, "work.cancel", work, serde_json::json!({}))).await?;
        tx.commit().await
    }
}

fn deed(owner: MunicipalityId, action: &'static str, work: Uuid, details: serde_json::Value) -> Deed {
    Deed { municipality: Some(owner), action, subject_kind: "planned_work", subject_id: work.to_string(), details }
}
