//! Use cases of municipalities and schools, their calendars, pupils and lines.

mod built_in;
pub mod calendar;
pub mod import;
pub mod lines;
pub mod pupils;
mod search;

use ring::rand::SecureRandom as _;
use uuid::Uuid;

pub use super::store::pupils::PupilsRow;
use super::{
    rules::{MunicipalityCode, MunicipalityId, SchoolCode, SchoolId},
    store::{self, MunicipalityRow, NewMunicipality, NewSchool, SchoolRow},
};
use crate::{
    access::{
        rules::{Area, Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::Clock,
    db::{Db, Tx, is_unique_violation},
    error::{
        Both, Error, Kind, Result,
        says::{access, schools as say},
    },
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
        let new = NewMunicipality { id, code: &code, name: &name, kind: "", mac_salt: new_salt()? };
        let mut tx = self.db.begin().await?;
        if !store::insert_municipality(&mut tx, &new, self.clock.now()).await? {
            let message = say::municipality_exists(code.as_str());
            return Err(Error::new(Kind::Exists, "MUNICIPALITY_EXISTS", message));
        }
        let deed = Deed {
            municipality: Some(id),
            action: "municipality.create",
            subject_kind: "municipality",
            subject_id: id.to_string(),
            details: serde_json::json!({ "code": code.as_str(), "name": name }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(MunicipalityRow {
            municipality_id: id.0,
            code: code.as_str().to_owned(),
            name,
            kind: String::new(),
            keeps_names: false,
            version: 1,
        })
    }

    /// One municipality in scope. Reason: MUNICIPALITY_NOT_FOUND.
    pub async fn municipality(&self, staff: &Staff, id: MunicipalityId) -> Result<MunicipalityRow> {
        let area = visible_area(staff, id)?;
        let mut tx = self.db.read().await?;
        store::find_municipality(&mut tx, &area).await?.ok_or_else(|| municipality_not_found(id))
    }

    /// Changes a municipality. Its administrators decide, since it is they who answer for names that are kept. `seen` is
    /// the version the caller saw, none to do without the check. Reasons: MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn update_municipality(
        &self,
        staff: &Staff,
        id: MunicipalityId,
        change: MunicipalityChange,
        seen: Option<i64>,
    ) -> Result<MunicipalityRow> {
        let area = staff.area_for(Right::EditMunicipalities, id)?;
        if !area.covers(None) {
            return Err(right_missing());
        }
        let mut tx = self.db.begin().await?;
        let mut row = store::find_municipality(&mut tx, &area).await?.ok_or_else(|| municipality_not_found(id))?;
        require_seen(seen, row.version)?;
        row.name = change.name.unwrap_or(row.name);
        row.kind = change.kind.unwrap_or(row.kind);
        row.keeps_names = change.keeps_names.unwrap_or(row.keeps_names);
        if !store::update_municipality(&mut tx, &row).await? {
            return Err(etag_mismatch());
        }
        row.version += 1;
        let deed = Deed {
            municipality: Some(id),
            action: "municipality.update",
            subject_kind: "municipality",
            subject_id: id.to_string(),
            details: serde_json::json!({ "name": row.name, "kind": row.kind, "keeps_names": row.keeps_names }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(row)
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
            return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::adding_needs_municipality()));
        }
        let mut tx = self.db.begin().await?;
        require_no_rival(&mut tx, municipality, id, code.as_ref(), &name).await?;
        let new = NewSchool { municipality, id, code: code.as_ref(), name: &name, is_shelter: false };
        store::insert_school(&mut tx, &new, self.clock.now()).await.map_err(school_exists)?;
        let deed = Deed {
            municipality: Some(municipality),
            action: "school.create",
            subject_kind: "school",
            subject_id: id.to_string(),
            details: serde_json::json!({ "code": code.as_ref().map(SchoolCode::as_str), "name": name }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(SchoolRow {
            municipality_id: municipality.0,
            school_id: id.0,
            code: code.map(|c| c.as_str().to_owned()),
            name,
            is_shelter: false,
            closed_at: None,
            version: 1,
        })
    }

    /// Changes a school. `seen` is the version the caller saw, none to do without the check. Reasons: SCHOOL_NOT_FOUND,
    /// RIGHT_MISSING, SCHOOL_EXISTS, SCHOOL_NAME_TAKEN, ETAG_MISMATCH.
    pub async fn update_school(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        id: SchoolId,
        change: SchoolChange,
        seen: Option<i64>,
    ) -> Result<SchoolRow> {
        let mut tx = self.db.begin().await?;
        let mut row = school_for_change(&mut tx, staff, municipality, id).await?;
        require_seen(seen, row.version)?;
        let code = match change.code {
            Some(code) => code,
            None => row.code.as_deref().and_then(|code| SchoolCode::parse(code).ok()),
        };
        row.name = change.name.unwrap_or(row.name);
        row.is_shelter = change.is_shelter.unwrap_or(row.is_shelter);
        if row.closed_at.is_none() {
            require_no_rival(&mut tx, municipality, id, code.as_ref(), &row.name).await?;
        }
        row.code = code.map(|code| code.as_str().to_owned());
        self.store_school(&mut tx, staff, &mut row, "school.update").await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Closes a school; a closed one stays as it is. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn close_school(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        id: SchoolId,
        seen: Option<i64>,
    ) -> Result<SchoolRow> {
        let mut tx = self.db.begin().await?;
        let mut row = school_for_change(&mut tx, staff, municipality, id).await?;
        if row.closed_at.is_some() {
            return Ok(row);
        }
        require_seen(seen, row.version)?;
        row.closed_at = Some(self.clock.now().0);
        self.store_school(&mut tx, staff, &mut row, "school.close").await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn store_school(&self, tx: &mut Tx, staff: &Staff, row: &mut SchoolRow, action: &'static str) -> Result<()> {
        if !store::update_school(tx, row).await.map_err(school_exists)? {
            return Err(etag_mismatch());
        }
        row.version += 1;
        let deed = Deed {
            municipality: Some(MunicipalityId(row.municipality_id)),
            action,
            subject_kind: "school",
            subject_id: row.school_id.to_string(),
            details: serde_json::json!({ "code": row.code, "name": row.name, "is_shelter": row.is_shelter }),
        };
        self.access.audit(tx, staff, deed).await
    }
}

/// What shall be different at a municipality; none where it stays.
#[derive(Debug, Clone, Default)]
pub struct MunicipalityChange {
    /// Its name.
    pub name: Option<String>,
    /// 都, 特別区, 市, 町, 村 or empty.
    pub kind: Option<String>,
    /// Whether names of holders are kept.
    pub keeps_names: Option<bool>,
}

/// What shall be different at a school; none where it stays.
#[derive(Debug, Clone, Default)]
pub struct SchoolChange {
    /// Its code, or that it has none.
    pub code: Option<Option<SchoolCode>>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is a shelter.
    pub is_shelter: Option<bool>,
}

/// The error for a municipality that the caller cannot see.
pub fn municipality_not_found(id: MunicipalityId) -> Error {
    Error::not_found("MUNICIPALITY_NOT_FOUND", access::municipality_unknown(id))
}

/// The error for a school that the caller cannot see.
pub fn school_not_found(id: SchoolId) -> Error {
    Error::not_found("SCHOOL_NOT_FOUND", say::school_unknown(id))
}

fn right_missing() -> Error {
    Error::new(Kind::Denied, "RIGHT_MISSING", access::needs_municipality_right())
}

fn etag_mismatch() -> Error {
    Error::new(Kind::Conflict, "ETAG_MISMATCH", say::changed_since())
}

fn require_seen<T: PartialEq>(seen: Option<T>, version: T) -> Result<()> {
    if seen.is_some_and(|seen| seen != version) { Err(etag_mismatch()) } else { Ok(()) }
}

/// The area of an owner that the caller may look at.
fn visible_area(staff: &Staff, municipality: MunicipalityId) -> Result<Area> {
    staff.scope(Right::ViewFigures)?.area(municipality).ok_or_else(|| municipality_not_found(municipality))
}

/// A school that the caller may look at.
async fn visible_school(tx: &mut Tx, staff: &Staff, municipality: MunicipalityId, id: SchoolId) -> Result<SchoolRow> {
    let area = staff.scope(Right::ViewFigures)?.area(municipality).ok_or_else(|| school_not_found(id))?;
    store::find_school(tx, &area, id).await?.ok_or_else(|| school_not_found(id))
}

/// A school that the caller may change. What it cannot even see is not found.
async fn school_for_change(
    tx: &mut Tx,
    staff: &Staff,
    municipality: MunicipalityId,
    id: SchoolId,
) -> Result<SchoolRow> {
    let row = visible_school(tx, staff, municipality, id).await?;
    let area = staff.area_for(Right::EditSchools, municipality)?;
    if area.covers(Some(id)) { Ok(row) } else { Err(right_missing()) }
}

/// Refuses a school whose id or code another one has, or whose name another open one has.
async fn require_no_rival(
    tx: &mut Tx,
    municipality: MunicipalityId,
    id: SchoolId,
    code: Option<&SchoolCode>,
    name: &str,
) -> Result<()> {
    let code = code.map(SchoolCode::as_str);
    let rivals = store::rivals(tx, municipality, id, code, name).await?;
    let others: Vec<_> = rivals.iter().filter(|(other, _)| *other != id.0).collect();
    if others.iter().any(|(_, other)| code.is_some() && other.as_deref() == code) {
        return Err(Error::new(Kind::Exists, "SCHOOL_EXISTS", say::school_exists()));
    }
    if !others.is_empty() {
        return Err(Error::new(Kind::Exists, "SCHOOL_NAME_TAKEN", say::school_name_taken(name)));
    }
    Ok(())
}

/// A salt for the MAC addresses of a municipality's devices.
fn new_salt() -> Result<[u8; 16]> {
    let mut salt = [0_u8; 16];
    ring::rand::SystemRandom::new()
        .fill(&mut salt)
        .map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))?;
    Ok(salt)
}

fn school_exists(error: Error) -> Error {
    exists(error, "SCHOOL_EXISTS", say::school_key_taken())
}

fn exists(error: Error, reason: &'static str, message: Both) -> Error {
    if is_unique_violation(&error) { Error::new(Kind::Exists, reason, message).with_source(error) } else { error }
}
