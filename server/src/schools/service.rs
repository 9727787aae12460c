//! Use cases of municipalities and schools.

use ring::rand::SecureRandom as _;
use uuid::Uuid;

use super::{
    rules::{MunicipalityCode, MunicipalityId, SchoolCode, SchoolId},
    store::{self, MunicipalityRow, SchoolRow},
};
use crate::{
    access::rules::Staff,
    clock::Clock,
    db::{Db, is_unique_violation},
    error::{Error, Kind, Result},
};

/// Adds and lists municipalities and schools.
#[derive(Debug, Clone)]
pub struct Schools {
    db: Db,
    clock: Clock,
}

impl Schools {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Adds a municipality with a new salt for its devices' MAC addresses.
    pub async fn create_municipality(
        &self,
        _staff: &Staff,
        id: Option<Uuid>,
        code: MunicipalityCode,
        name: String,
    ) -> Result<MunicipalityRow> {
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
        let mut tx = self.db.read().await?;
        store::list_municipalities(&mut tx, staff.scope(), code, after, limit).await
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
        let mut tx = self.db.begin().await?;
        store::find_municipality(&mut tx, staff.scope(), municipality).await?.ok_or_else(|| {
            Error::not_found("MUNICIPALITY_NOT_FOUND", format!("there is no municipality {municipality}"))
        })?;
        store::insert_school(&mut tx, municipality, id, code.as_ref(), &name, self.clock.now()).await.map_err(
            |error| {
                exists(error, "SCHOOL_EXISTS", || {
                    String::from("a school with this code or request_id exists in the municipality")
                })
            },
        )?;
        tx.commit().await?;
        let code = code.map(|c| c.as_str().to_owned());
        Ok(SchoolRow { municipality_id: municipality.0, school_id: id.0, code, name })
    }
}

fn exists(error: Error, reason: &'static str, message: impl FnOnce() -> String) -> Error {
    if is_unique_violation(&error) { Error::new(Kind::Exists, reason, message()).with_source(error) } else { error }
}
