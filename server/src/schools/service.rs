//! Use cases of municipalities and schools.

use ring::rand::SecureRandom as _;
use uuid::Uuid;

use super::{
    rules::{MunicipalityCode, MunicipalityId, SchoolCode, SchoolId},
    store::{self, MunicipalityRow, SchoolRow},
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::Clock,
    db::{Db, is_unique_violation},
    error::{Error, Kind, Result},
};

/// Municipalities that are read at once.
const PAGE: i64 = 500;

/// Adds and lists municipalities and schools.
#[derive(Debug, Clone)]
pub struct Schools {
    db: Db,
    clock: Clock,
    access: Access,
}

impl Schools {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        Self { db, clock, access }
    }

    /// Adds a municipality with a new salt for its devices' MAC addresses.
    pub async fn create_municipality(
        &self,
        staff: &Staff,
        id: Option<Uuid>,
        code: MunicipalityCode,
        name: String,
    ) -> Result<MunicipalityRow> {
        staff.require_everywhere(Right::EditMunicipalities)?;
        let id = MunicipalityId(id.unwrap_or_else(Uuid::now_v7));
        let mut salt = [0_u8; 16];
        ring::rand::SystemRandom::new()
            .fill(&mut salt)
            .map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))?;
        let mut tx = self.db.begin().await?;
        store::insert_municipality(&mut tx, id, &code, &name, salt, self.clock.now()).await.map_err(|error| {
            exists(error, "MUNICIPALITY_EXISTS", || {
                format!("the municipality {} or one of this request_id exists", code.as_str())
            })
        })?;
        let deed = Deed {
            municipality: Some(id),
            action: "municipality.create",
            subject_kind: "municipality",
            subject_id: id.to_string(),
            details: serde_json::json!({ "code": code.as_str(), "name": name }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(MunicipalityRow { municipality_id: id.0, code: code.as_str().to_owned(), name })
    }

    /// A page of municipalities in scope, by code.
    pub async fn list_municipalities(
        &self,
        staff: &Staff,
        code: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<MunicipalityRow>> {
        let scope = staff.scope(Right::ViewFigures)?;
        let mut tx = self.db.read().await?;
        let (mut visible, mut after) = (Vec::new(), after.to_owned());
        // A page is full of what the caller may see, however much lies between.
        loop {
            let page = store::list_municipalities(&mut tx, code, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(visible) };
            after.clone_from(&last.code);
            let seen = page.into_iter().filter(|row| scope.area(MunicipalityId(row.municipality_id)).is_some());
            for row in seen {
                visible.push(row);
                if i64::try_from(visible.len()).is_ok_and(|count| count >= limit) {
                    return Ok(visible);
                }
            }
        }
    }

    /// Adds a school to a municipality in scope.
    pub async fn create_school(
        &self,
        staff: &Staff,
        id: Option<Uuid>,
        municipality: MunicipalityId,
        code: Option<SchoolCode>,
        name: String,
    ) -> Result<SchoolRow> {
        let id = SchoolId(id.unwrap_or_else(Uuid::now_v7));
        let area = staff.area_for(Right::EditSchools, municipality)?;
        if !area.covers(None) {
            return Err(Error::new(
                Kind::Denied,
                "RIGHT_MISSING",
                "adding a school needs a right for the municipality",
            ));
        }
        let mut tx = self.db.begin().await?;
        store::insert_school(&mut tx, municipality, id, code.as_ref(), &name, self.clock.now()).await.map_err(
            |error| {
                exists(error, "SCHOOL_EXISTS", || {
                    String::from("a school with this code or request_id exists in the municipality")
                })
            },
        )?;
        let deed = Deed {
            municipality: Some(municipality),
            action: "school.create",
            subject_kind: "school",
            subject_id: id.to_string(),
            details: serde_json::json!({ "code": code.as_ref().map(SchoolCode::as_str), "name": name }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        let code = code.map(|c| c.as_str().to_owned());
        Ok(SchoolRow { municipality_id: municipality.0, school_id: id.0, code, name })
    }
}

fn exists(error: Error, reason: &'static str, message: impl FnOnce() -> String) -> Error {
    if is_unique_violation(&error) { Error::new(Kind::Exists, reason, message()).with_source(error) } else { error }
}
