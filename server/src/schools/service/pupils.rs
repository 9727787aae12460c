//! Pupils by school and fiscal year.

use uuid::Uuid;

use super::{Schools, require_seen, school_for_change, visible_area, visible_school};
use crate::{
    access::{rules::Staff, service::audit::Deed},
    error::Result,
    schools::{
        rules::{MunicipalityId, SchoolId, content_etag, fiscal::FiscalYear, pupils::PupilsSource},
        store::pupils::{self as store, PupilsRow},
    },
};

/// The etag of pupils.
pub fn etag(row: &PupilsRow) -> String {
    content_etag(&[&row.pupils.to_string(), &row.source.to_string(), &row.recorded_at.to_string()])
}

impl Schools {
    /// Says how many pupils a school has in a year. `seen` is the etag the caller saw, none to do without the check.
    /// Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn set_pupils(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        school: SchoolId,
        (year, pupils, source): (FiscalYear, i64, PupilsSource),
        seen: Option<String>,
    ) -> Result<PupilsRow> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, municipality, school).await?;
        let area = visible_area(staff, municipality)?;
        let deed = Deed {
            municipality: Some(municipality),
            action: "school.set_pupils",
            subject_kind: "school",
            subject_id: school.to_string(),
            details: serde_json::json!({ "fiscal_year": year.year(), "pupils": pupils, "source": source.to_number() }),
        };
        // The audit log of an owner is written one after the other, so what is read after this line is the newest.
        self.access.audit(&mut tx, staff, deed).await?;
        let known = store::find_pupils(&mut tx, &area, school, year).await?;
        require_seen(seen, known.as_ref().map(etag).unwrap_or_default())?;
        let row = PupilsRow {
            municipality_id: municipality.0,
            school_id: school.0,
            fiscal_year: year.to_number(),
            pupils,
            source: source as i16,
            recorded_at: self.clock.now().0,
        };
        store::upsert_pupils(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Pupils of a municipality, or of one school of it, after a school and year. Reasons: MUNICIPALITY_NOT_FOUND,
    /// SCHOOL_NOT_FOUND.
    pub async fn list_pupils(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        after: (Uuid, i64),
        limit: i64,
    ) -> Result<Vec<PupilsRow>> {
        let area = visible_area(staff, municipality)?;
        let mut tx = self.db.read().await?;
        if let Some(school) = school {
            visible_school(&mut tx, staff, municipality, school).await?;
        }
        store::list_pupils(&mut tx, &area, school, after, limit).await
    }
}
