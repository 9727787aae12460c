//! SchoolService: owners and schools, with what their devices do.

use std::collections::HashMap;

use gigafleet_proto::v1::{self, school_service_server::SchoolService};
use tonic::{Request, Response, Status};

use super::key_of;
use crate::{
    access::{rules::Staff, service::Access},
    clock::Timestamp,
    error::{
        Error, FieldViolation, Result as ServerResult,
        says::{fields, schools as say},
    },
    grpc::{
        caller,
        page::{self, PageOfSchools},
    },
    overview::service::{Overview, OwnerFigures, school_view},
    schools::{
        rules::{
            MunicipalityCode, MunicipalityId, SchoolCode, SchoolId,
            fiscal::FiscalYear,
            parse_municipality_kind, parse_name, parse_optional_uuid, parse_page_size, parse_uuid,
            pupils::{PupilsSource, parse_pupils},
            search::{SchoolKind, SchoolPosition, SchoolSearch, parse_fragment},
        },
        service::{MunicipalityChange, PupilsRow, SchoolChange, Schools, pupils},
        store::MunicipalityRow,
    },
};

/// Answers staff about owners and schools.
#[derive(Debug, Clone)]
pub struct SchoolGrpc {
    overview: Overview,
    schools: Schools,
    access: Access,
}

impl SchoolGrpc {
    /// Answers with these services.
    pub fn new(overview: Overview, schools: Schools, access: Access) -> Self {
        Self { overview, schools, access }
    }

    /// A page of the schools that a search finds.
    async fn search(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        limit: i64,
        request: &v1::ListSchoolsRequest,
    ) -> ServerResult<v1::ListSchoolsResponse> {
        let mut refused = Vec::new();
        let fragment = page::collect(parse_fragment("query", &request.query), &mut refused).flatten();
        let kind = page::collect(school_kind(&request.kind), &mut refused).flatten();
        if !refused.is_empty() {
            return Err(Error::invalid_fields("FIELD_INVALID", refused));
        }
        let behind = match page::read_bytes(&request.page_token)? {
            Some(token) => Some(SchoolPosition::from_bytes(&token).ok_or_else(page::token_invalid)?),
            None => None,
        };
        let search = SchoolSearch { municipality, fragment, kind, with_closed: false };
        let rows = self.schools.search_schools(staff, &search, behind.as_ref(), limit).await?;
        let next_page_token = page::next(&rows, limit, |last| page::write_token(&[&last.position().to_bytes()]));
        Ok(v1::ListSchoolsResponse { schools: self.overview.schools_of(staff, &rows).await?, next_page_token })
    }
}

fn municipality(row: MunicipalityRow) -> v1::Municipality {
    v1::Municipality {
        municipality_id: row.municipality_id.to_string(),
        code: row.code,
        name: row.name,
        kind: row.kind,
        keeps_names: row.keeps_names,
        etag: row.version.to_string(),
        figures: None,
    }
}

fn figures_message(figures: &OwnerFigures) -> v1::MunicipalityFigures {
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    v1::MunicipalityFigures {
        school_count: small(figures.school_count),
        device_count: small(figures.device_count),
        reporting_count: small(figures.reporting_count),
        storage_low_count: small(figures.storage_low_count),
        last_checkin_time: figures.last_checkin_at.map(Timestamp::to_proto),
        count_time: figures.counted_at.map(Timestamp::to_proto),
    }
}

fn pupils_message(row: &PupilsRow) -> v1::Pupils {
    v1::Pupils {
        school_id: row.school_id.to_string(),
        fiscal_year: u32::try_from(row.fiscal_year).unwrap_or_default(),
        pupils: u32::try_from(row.pupils).unwrap_or_default(),
        source: i32::from(row.source),
        record_time: Some(Timestamp(row.recorded_at).to_proto()),
        etag: pupils::etag(row),
    }
}

/// The paths of a mask; those of `all` where it names none. What is not among them is refused.
fn paths(mask: Option<prost_types::FieldMask>, all: &[&'static str]) -> ServerResult<Vec<&'static str>> {
    let named = mask.unwrap_or_default().paths;
    if named.is_empty() {
        return Ok(all.to_vec());
    }
    let known = |path: &String| all.iter().find(|known| *known == path).copied();
    named
        .iter()
        .map(|path| {
            known(path).ok_or_else(|| Error::invalid_field("update_mask", fields::mask_unknown(path, all.join(", "))))
        })
        .collect()
}

fn school_key(municipality_id: &str, school_id: &str) -> ServerResult<(MunicipalityId, SchoolId)> {
    let mut refused = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality_id), &mut refused);
    let school = page::collect(parse_uuid("school_id", school_id), &mut refused);
    match (owner, school) {
        (Some(owner), Some(school)) => Ok((MunicipalityId(owner), SchoolId(school))),
        _ => Err(Error::invalid_fields("FIELD_INVALID", refused)),
    }
}

fn school_kind(prefix: &str) -> Result<Option<SchoolKind>, FieldViolation> {
    match prefix {
        "" => Ok(None),
        prefix => SchoolKind::from_prefix(prefix).map(Some).ok_or_else(|| {
            let known = SchoolKind::ALL.map(SchoolKind::prefix).join(", ");
            FieldViolation::new("kind", say::school_kind(known))
        }),
    }
}

#[tonic::async_trait]
impl SchoolService for SchoolGrpc {
    async fn create_municipality(
        &self,
        request: Request<v1::CreateMunicipalityRequest>,
    ) -> Result<Response<v1::CreateMunicipalityResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
        let code = page::collect(MunicipalityCode::parse(&request.code), &mut refused);
        let name = page::collect(parse_name("name", &request.name), &mut refused);
        let (Some(code), Some(name), true) = (code, name, refused.is_empty()) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let row = self.schools.create_municipality(&staff, id, code, name).await?;
        Ok(Response::new(v1::CreateMunicipalityResponse { municipality: Some(municipality(row)) }))
    }

    async fn list_municipalities(
        &self,
        request: Request<v1::ListMunicipalitiesRequest>,
    ) -> Result<Response<v1::ListMunicipalitiesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let limit = page::field(parse_page_size(request.page_size))?;
        let after = page::read_text(&request.page_token)?;
        let code = Some(request.code.as_str()).filter(|code| !code.is_empty());
        let rows = self.schools.list_municipalities(&staff, code, &after, limit).await?;
        let next_page_token = page::next(&rows, limit, |last| page::write_token(&[last.code.as_bytes()]));
        let figures = self.overview.figures(&staff, None).await?;
        let figures: HashMap<_, _> = figures.into_iter().map(|row| (row.municipality.0, row)).collect();
        let municipalities = rows.into_iter().map(|row| {
            let figures = figures.get(&row.municipality_id).map(figures_message);
            v1::Municipality { figures, ..municipality(row) }
        });
        let municipalities = municipalities.collect();
        Ok(Response::new(v1::ListMunicipalitiesResponse { municipalities, next_page_token }))
    }

    async fn create_school(
        &self,
        request: Request<v1::CreateSchoolRequest>,
    ) -> Result<Response<v1::CreateSchoolResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
        let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
        let code = match request.code.as_str() {
            "" => None,
            code => page::collect(SchoolCode::parse(code), &mut refused),
        };
        let name = page::collect(parse_name("name", &request.name), &mut refused);
        let (Some(owner), Some(name), true) = (owner, name, refused.is_empty()) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let row = self.schools.create_school(&staff, id, MunicipalityId(owner), code, name).await?;
        let school = school_view(&row, None, None);
        Ok(Response::new(v1::CreateSchoolResponse { school: Some(school) }))
    }

    async fn list_schools(
        &self,
        request: Request<v1::ListSchoolsRequest>,
    ) -> Result<Response<v1::ListSchoolsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?.map(MunicipalityId);
        let limit = page::field(parse_page_size(request.page_size))?;
        if !request.query.is_empty() || !request.kind.is_empty() {
            return self.search(&staff, owner, limit, &request).await.map(Response::new).map_err(Status::from);
        }
        let after = page::read_id_pair(&request.page_token)?;
        let schools = self.overview.schools(&staff, owner, after, limit).await?;
        let next_page_token = page::next(&schools, limit, |last| key_of(&last.municipality_id, &last.school_id));
        Ok(Response::new(v1::ListSchoolsResponse { schools, next_page_token }))
    }

    async fn get_municipality(
        &self,
        request: Request<v1::GetMunicipalityRequest>,
    ) -> Result<Response<v1::GetMunicipalityResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let id = page::field(parse_uuid("municipality_id", &request.into_inner().municipality_id))?;
        let row = self.schools.municipality(&staff, MunicipalityId(id)).await?;
        Ok(Response::new(v1::GetMunicipalityResponse { municipality: Some(municipality(row)) }))
    }

    async fn update_municipality(
        &self,
        request: Request<v1::UpdateMunicipalityRequest>,
    ) -> Result<Response<v1::UpdateMunicipalityResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.municipality.unwrap_or_default();
        let mut refused = Vec::new();
        let id = page::collect(parse_uuid("municipality_id", &new.municipality_id), &mut refused);
        let seen = page::collect(page::parse_version("etag", &new.etag), &mut refused).flatten();
        let mut change = MunicipalityChange::default();
        for path in paths(request.update_mask, &["name", "kind", "keeps_names"])? {
            match path {
                "name" => change.name = page::collect(parse_name("name", &new.name), &mut refused),
                "kind" => change.kind = page::collect(parse_municipality_kind(&new.kind), &mut refused),
                _ => change.keeps_names = Some(new.keeps_names),
            }
        }
        let (Some(id), true) = (id, refused.is_empty()) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let row = self.schools.update_municipality(&staff, MunicipalityId(id), change, seen).await?;
        Ok(Response::new(v1::UpdateMunicipalityResponse { municipality: Some(municipality(row)) }))
    }

    async fn get_school(
        &self,
        request: Request<v1::GetSchoolRequest>,
    ) -> Result<Response<v1::GetSchoolResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, school) = school_key(&request.municipality_id, &request.school_id)?;
        let school = self.overview.school(&staff, owner, school).await?;
        Ok(Response::new(v1::GetSchoolResponse { school: Some(school) }))
    }

    async fn update_school(
        &self,
        request: Request<v1::UpdateSchoolRequest>,
    ) -> Result<Response<v1::UpdateSchoolResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.school.unwrap_or_default();
        let (owner, school) = school_key(&new.municipality_id, &new.school_id)?;
        let mut refused = Vec::new();
        let seen = page::collect(page::parse_version("etag", &new.etag), &mut refused).flatten();
        let mut change = SchoolChange::default();
        for path in paths(request.update_mask, &["code", "name", "is_shelter"])? {
            match path {
                "code" if new.code.is_empty() => change.code = Some(None),
                "code" => change.code = page::collect(SchoolCode::parse(&new.code), &mut refused).map(Some),
                "name" => change.name = page::collect(parse_name("name", &new.name), &mut refused),
                _ => change.is_shelter = Some(new.is_shelter),
            }
        }
        if !refused.is_empty() {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        }
        self.schools.update_school(&staff, owner, school, change, seen).await?;
        let school = self.overview.school(&staff, owner, school).await?;
        Ok(Response::new(v1::UpdateSchoolResponse { school: Some(school) }))
    }

    async fn close_school(
        &self,
        request: Request<v1::CloseSchoolRequest>,
    ) -> Result<Response<v1::CloseSchoolResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, school) = school_key(&request.municipality_id, &request.school_id)?;
        let seen = page::field(page::parse_version("etag", &request.etag))?;
        self.schools.close_school(&staff, owner, school, seen).await?;
        let school = self.overview.school(&staff, owner, school).await?;
        Ok(Response::new(v1::CloseSchoolResponse { school: Some(school) }))
    }

    async fn set_pupils(
        &self,
        request: Request<v1::SetPupilsRequest>,
    ) -> Result<Response<v1::SetPupilsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.pupils.unwrap_or_default();
        let (owner, school) = school_key(&request.municipality_id, &new.school_id)?;
        let source = match new.source() {
            v1::PupilsSource::Unspecified | v1::PupilsSource::Person => PupilsSource::Person,
            v1::PupilsSource::File => PupilsSource::File,
            v1::PupilsSource::Survey => PupilsSource::Survey,
            v1::PupilsSource::Forecast => PupilsSource::Forecast,
        };
        let mut refused = Vec::new();
        let year = page::collect(FiscalYear::parse("pupils.fiscal_year", &new.fiscal_year.to_string()), &mut refused);
        let count = page::collect(parse_pupils(new.pupils), &mut refused);
        let (Some(year), Some(count)) = (year, count) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let seen = Some(new.etag).filter(|etag| !etag.is_empty());
        let row = self.schools.set_pupils(&staff, owner, school, (year, count, source), seen).await?;
        Ok(Response::new(v1::SetPupilsResponse { pupils: Some(pupils_message(&row)) }))
    }

    async fn list_pupils(
        &self,
        request: Request<v1::ListPupilsRequest>,
    ) -> Result<Response<v1::ListPupilsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let v1::ListPupilsRequest { municipality_id, school_id, page_size, page_token } = request.into_inner();
        let PageOfSchools { owner, school, after, limit } =
            PageOfSchools::read(&municipality_id, &school_id, page_size, &page_token)?;
        let rows = self.schools.list_pupils(&staff, owner, school, after, limit).await?;
        let next_page_token = page::next(&rows, limit, |last| {
            page::write_token(&[&last.fiscal_year.to_be_bytes(), last.school_id.as_bytes()])
        });
        let pupils = rows.iter().map(pupils_message).collect();
        Ok(Response::new(v1::ListPupilsResponse { pupils, next_page_token }))
    }
}
