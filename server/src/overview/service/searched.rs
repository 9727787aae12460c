//! Schools that a search found, with what their devices do.

use std::collections::HashMap;

use gigafleet_proto::v1;
use uuid::Uuid;

use super::Overview;
use crate::{
    access::rules::Staff,
    error::Result,
    schools::{rules::MunicipalityId, store::SchoolRow},
};

/// Schools of one owner whose figures are read at once.
const SCHOOLS: i64 = 1_000;

impl Overview {
    /// These schools in their order, owner by owner, with what their devices do. One that went out of sight meanwhile is left
    /// out.
    pub async fn schools_of(&self, staff: &Staff, rows: &[SchoolRow]) -> Result<Vec<v1::School>> {
        let mut found = Vec::with_capacity(rows.len());
        for of_owner in rows.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
            let owner = of_owner[0].municipality_id;
            let (mut after, mut known) = ((owner, Uuid::nil()), HashMap::new());
            loop {
                let page = self.schools(staff, Some(MunicipalityId(owner)), after, SCHOOLS).await?;
                let more = i64::try_from(page.len()).is_ok_and(|count| count >= SCHOOLS);
                after.1 = page.last().and_then(|last| Uuid::try_parse(&last.school_id).ok()).unwrap_or(Uuid::max());
                known.extend(page.into_iter().map(|school| (school.school_id.clone(), school)));
                if !more {
                    break;
                }
            }
            found.extend(of_owner.iter().filter_map(|row| known.remove(&row.school_id.to_string())));
        }
        Ok(found)
    }
}
