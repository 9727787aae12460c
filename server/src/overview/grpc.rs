//! DeviceService and SchoolService: what staff sees and does, over several features.

use std::{pin::Pin, sync::Arc};

use gigafleet_proto::v1::{self, device_service_server::DeviceService, school_service_server::SchoolService};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::service::{DeviceFilter, Overview};
use crate::{
    access::service::Access,
    checkin::service::CheckIns,
    devices::rules::DeviceId,
    error::{Error, Result as ServerResult},
    grpc::{caller, page},
    schools::{
        rules::{
            MunicipalityCode, MunicipalityId, SchoolCode, SchoolId, parse_name, parse_optional_uuid, parse_page_size,
            parse_text, parse_uuid,
        },
        service::Schools,
        store::MunicipalityRow,
    },
};

/// Answers staff about devices.
#[derive(Debug, Clone)]
pub struct DeviceGrpc {
    overview: Overview,
    checkins: Arc<CheckIns>,
    access: Access,
    stop: watch::Receiver<bool>,
}

impl DeviceGrpc {
    /// Answers with these services; watches end when `stop` becomes true.
    pub fn new(overview: Overview, checkins: Arc<CheckIns>, access: Access, stop: watch::Receiver<bool>) -> Self {
        Self { overview, checkins, access, stop }
    }
}

fn device_id(text: &str) -> ServerResult<DeviceId> {
    page::field(parse_uuid("device_id", text)).map(DeviceId)
}

fn device_filter(municipality_id: &str, school_id: &str) -> ServerResult<DeviceFilter> {
    let municipality = page::field(parse_optional_uuid("municipality_id", municipality_id))?.map(MunicipalityId);
    let school = page::field(parse_optional_uuid("school_id", school_id))?.map(SchoolId);
    if school.is_some() && municipality.is_none() {
        return Err(Error::invalid_field("school_id", "needs municipality_id beside it"));
    }
    Ok(DeviceFilter { municipality, school })
}

fn key_of(municipality: &str, id: &str) -> String {
    let bytes = |text: &str| Uuid::try_parse(text).unwrap_or_default().into_bytes();
    page::write_token(&[&bytes(municipality), &bytes(id)])
}

#[tonic::async_trait]
impl DeviceService for DeviceGrpc {
    type WatchDevicesStream = Pin<Box<dyn Stream<Item = Result<v1::WatchDevicesResponse, Status>> + Send>>;

    async fn get_device(
        &self,
        request: Request<v1::GetDeviceRequest>,
    ) -> Result<Response<v1::GetDeviceResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let device = device_id(&request.into_inner().device_id)?;
        let device = self.overview.device(&staff, device).await?;
        Ok(Response::new(v1::GetDeviceResponse { device: Some(device) }))
    }

    async fn list_devices(
        &self,
        request: Request<v1::ListDevicesRequest>,
    ) -> Result<Response<v1::ListDevicesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let filter = device_filter(&request.municipality_id, &request.school_id)?;
        let limit = page::field(parse_page_size(request.page_size))?;
        let after = page::read_id_pair(&request.page_token)?;
        let devices = self.overview.devices(&staff, filter, after, limit).await?;
        let next_page_token = page::next(&devices, limit, |last| key_of(&last.municipality_id, &last.device_id));
        Ok(Response::new(v1::ListDevicesResponse { devices, next_page_token }))
    }

    async fn watch_devices(
        &self,
        request: Request<v1::WatchDevicesRequest>,
    ) -> Result<Response<Self::WatchDevicesStream>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let filter = device_filter(&request.municipality_id, &request.school_id)?;
        let devices = self.overview.watch(&staff, filter, self.stop.clone()).await?;
        let stream = ReceiverStream::new(devices)
            .map(|device| device.map(|device| v1::WatchDevicesResponse { device: Some(device) }).map_err(Status::from));
        Ok(Response::new(Box::pin(stream)))
    }

    async fn revoke_device(
        &self,
        request: Request<v1::RevokeDeviceRequest>,
    ) -> Result<Response<v1::RevokeDeviceResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let device = device_id(&request.device_id)?;
        let reason = page::field(parse_text("reason", &request.reason, 200))?;
        let seen = match request.etag.as_str() {
            "" => None,
            etag => Some(etag.parse().map_err(|_| Error::invalid_field("etag", "is not the etag of a device"))?),
        };
        self.checkins.revoke_device(&staff, device, seen, &reason).await?;
        let device = self.overview.device(&staff, device).await?;
        Ok(Response::new(v1::RevokeDeviceResponse { device: Some(device) }))
    }

    async fn send_command(
        &self,
        request: Request<v1::SendCommandRequest>,
    ) -> Result<Response<v1::SendCommandResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let kind = request.kind();
        let id = page::field(parse_optional_uuid("request_id", &request.request_id))?;
        let device = device_id(&request.device_id)?;
        if kind == v1::CommandKind::Unspecified {
            return Err(Error::invalid_field("kind", "names no command").into());
        }
        let command = self.checkins.send_command(&staff, id, device, kind).await?;
        Ok(Response::new(v1::SendCommandResponse { command_id: command.to_string() }))
    }
}

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
}

fn municipality(row: MunicipalityRow) -> v1::Municipality {
    v1::Municipality { municipality_id: row.municipality_id.to_string(), code: row.code, name: row.name }
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
        let municipalities = rows.into_iter().map(municipality).collect();
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
        let school = v1::School {
            school_id: row.school_id.to_string(),
            municipality_id: row.municipality_id.to_string(),
            code: row.code.unwrap_or_default(),
            name: row.name,
            ..v1::School::default()
        };
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
        let after = page::read_id_pair(&request.page_token)?;
        let schools = self.overview.schools(&staff, owner, after, limit).await?;
        let next_page_token = page::next(&schools, limit, |last| key_of(&last.municipality_id, &last.school_id));
        Ok(Response::new(v1::ListSchoolsResponse { schools, next_page_token }))
    }
}
