//! Finds schools by what people know of them.

use super::{Schools, school_not_found};
use crate::{
    access::rules::{Area, Right, Staff},
    error::Result,
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            search::{SchoolPosition, SchoolSearch},
        },
        store::{SchoolRow, search as store},
    },
};

impl Schools {
    /// A page of the schools in scope that a search looks for, owner by owner, by code within each.
    pub async fn search_schools(
        &self,
        staff: &Staff,
        search: &SchoolSearch,
        behind: Option<&SchoolPosition>,
        limit: i64,
    ) -> Result<Vec<SchoolRow>> {
        let scope = staff.scope(Right::ViewFigures)?;
        let first = behind.map_or(MunicipalityId(uuid::Uuid::nil()), |position| position.municipality);
        let mut tx = self.db.read().await?;
        let mut rows: Vec<SchoolRow> = Vec::new();
        for area in scope.areas(search.municipality).into_iter().filter(|area| area.municipality() >= first) {
            let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            let start = SchoolPosition::start(area.municipality());
            let behind = behind.filter(|position| position.municipality == area.municipality()).unwrap_or(&start);
            rows.extend(store::search_schools(&mut tx, &area, search, behind, left).await?);
        }
        Ok(rows)
    }

    /// The owner of a school in scope. Reason: SCHOOL_NOT_FOUND.
    pub async fn owner_of(&self, staff: &Staff, school: SchoolId) -> Result<MunicipalityId> {
        let scope = staff.scope(Right::ViewFigures)?;
        let areas = scope.areas(None).into_iter().filter(|area| area.covers(Some(school)));
        let owners: Vec<_> = areas.map(|area: Area| area.municipality()).collect();
        let mut tx = self.db.read().await?;
        let found = store::find_owners(&mut tx, &owners, school).await?;
        found.first().map(|(owner,)| MunicipalityId(*owner)).ok_or_else(|| school_not_found(school))
    }
}
