//! What places are called, for people who choose them and read of them.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Access;
use crate::{
    access::{
        rules::{MunicipalityId, Place, Right, SchoolId, Staff},
        store::names,
    },
    error::{Both, FieldViolation, Result, says::access as say},
};

/// Owners that somebody may see, with code and name, in the order of the codes.
#[derive(Debug, Clone, Default)]
pub struct PlaceNames {
    owners: Vec<(MunicipalityId, String, String)>,
    schools: BTreeMap<Uuid, String>,
}

impl PlaceNames {
    /// Owners: id, code, name.
    pub fn owners(&self) -> &[(MunicipalityId, String, String)] {
        &self.owners
    }

    /// The two digits of all prefectures among the owners.
    pub fn prefectures(&self) -> Vec<String> {
        let mut all: Vec<_> = self.owners.iter().map(|(_, code, _)| code.chars().take(2).collect::<String>()).collect();
        all.dedup();
        all
    }

    /// The name of an owner; none for one that the caller may not see.
    pub fn owner(&self, owner: MunicipalityId) -> Option<&str> {
        self.owners.iter().find(|(id, ..)| *id == owner).map(|(.., name)| name.as_str())
    }

    /// The name of a school of a place that was asked about.
    pub fn school(&self, school: SchoolId) -> Option<&str> {
        self.schools.get(&school.0).map(String::as_str)
    }
}

impl Access {
    /// The names of all owners where the caller has a right, and of the schools among these places.
    pub async fn place_names(&self, staff: &Staff, right: Right, places: &[Place]) -> Result<PlaceNames> {
        let Ok(scope) = staff.scope(right) else { return Ok(PlaceNames::default()) };
        let mut tx = self.db.read().await?;
        let owners = names::owner_names(&mut tx).await?;
        let mut found = PlaceNames::default();
        for row in owners {
            let id = MunicipalityId(row.municipality_id);
            if scope.area(id).is_some() {
                found.owners.push((id, row.code, row.name));
            }
        }
        let school = |place: &Place| match place {
            Place::School(owner, school) if scope.covers(*owner, Some(*school)) => Some((*owner, *school)),
            _ => None,
        };
        let schools: BTreeSet<_> = places.iter().filter_map(school).collect();
        let schools: Vec<_> = schools.into_iter().collect();
        found.schools.extend(names::school_names(&mut tx, &schools).await?);
        Ok(found)
    }

    /// The school in sight that somebody names by code or name. The refusal says what would be right; of a school that is out
    /// of sight it says the same as of one that is not there.
    pub async fn school_called(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        text: &str,
    ) -> Result<std::result::Result<SchoolId, FieldViolation>> {
        let mut tx = self.db.read().await?;
        let mut found = names::schools_called(&mut tx, owner, text).await?;
        let scope = staff.scope(Right::ViewFigures).ok();
        found.retain(|(school, _)| scope.as_ref().is_some_and(|scope| scope.covers(owner, Some(SchoolId(*school)))));
        let refuse = |message: Both| Ok(Err(FieldViolation::new("school", message)));
        match (found.pop(), found.is_empty()) {
            (Some((school, _)), true) => Ok(Ok(SchoolId(school))),
            (Some(_), false) => refuse(say::school_ambiguous()),
            (None, _) => refuse(say::school_not_called()),
        }
    }
}
