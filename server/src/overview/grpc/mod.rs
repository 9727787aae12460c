//! DeviceService and SchoolService: what staff sees and does, over several features.

mod exports;
mod reviews;
mod schools;

pub use self::{exports::ExportGrpc, reviews::ReviewGrpc, schools::SchoolGrpc};

use std::{pin::Pin, sync::Arc};

use gigafleet_proto::v1::{self, device_service_server::DeviceService};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    rules::{AnyOf, DeviceFilter, DeviceOrder, DeviceQuery, parse_fragment},
    service::{Group, Overview},
};
use crate::{
    access::service::Access,
    checkin::service::CheckIns,
    clock::Timestamp,
    devices::{
        rules::{DeviceId, fields::Field, lifecycle::Verb, values::parse_value},
        service::registry::{Position, Registry, Said, TimelineEntry},
    },
    error::{Error, FieldViolation, Result as ServerResult},
    grpc::{caller, page},
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_page_size, parse_text, parse_uuid},
};

/// Answers staff about devices.
#[derive(Debug, Clone)]
pub struct DeviceGrpc {
    overview: Overview,
    registry: Registry,
    checkins: Arc<CheckIns>,
    access: Access,
    stop: watch::Receiver<bool>,
}

impl DeviceGrpc {
    /// Answers with these services; watches end when `stop` becomes true.
    pub fn new(
        overview: Overview,
        registry: Registry,
        checkins: Arc<CheckIns>,
        access: Access,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { overview, registry, checkins, access, stop }
    }
}

fn seen_version(etag: &str) -> ServerResult<Option<i64>> {
    match etag {
        "" => Ok(None),
        etag => etag.parse().map(Some).map_err(|_| Error::invalid_field("etag", "is not the etag of a device")),
    }
}

fn changes(fields: &[v1::DeviceFieldChange]) -> ServerResult<Vec<Said>> {
    let mut refused = Vec::new();
    let mut said = Vec::with_capacity(fields.len());
    for change in fields {
        let Some(field) = Field::from_number(change.name.into()) else {
            refused.push(FieldViolation::new("fields.name", format!("{} names no field", change.name)));
            continue;
        };
        said.extend(page::collect(parse_value(field, &change.value), &mut refused).map(|value| (field, value)));
    }
    if refused.is_empty() { Ok(said) } else { Err(Error::invalid_fields("FIELD_INVALID", refused)) }
}

fn read_position(token: &str) -> ServerResult<Option<Position>> {
    Ok(page::read_token::<25>(token)?.map(|bytes| {
        let (at, rest) = bytes.split_first_chunk::<8>().expect("25 bytes");
        let id = Uuid::from_slice(&rest[1..]).expect("16 bytes");
        Position { at: i64::from_be_bytes(*at), rank: rest[0], id }
    }))
}

fn event(entry: TimelineEntry) -> v1::DeviceEvent {
    v1::DeviceEvent {
        device_id: entry.record.to_string(),
        kind: i32::try_from(entry.kind.to_number()).expect("a small number"),
        occur_time: Some(Timestamp(entry.position.at).to_proto()),
        actor_name: entry.actor_name,
        details: entry.details,
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
    Ok(DeviceFilter { municipality, school, ..DeviceFilter::default() })
}

/// Checks all of a list's filters and its order; what is wrong is named at once.
fn device_query(request: &v1::ListDevicesRequest) -> ServerResult<DeviceQuery> {
    let mut refused = Vec::new();
    let mut any_of = |field: &'static str, numbers: &[i32], most: i32| {
        let known = numbers.iter().all(|number| (0..=most).contains(number));
        let numbers = AnyOf::numbers(numbers.iter().copied()).filter(|_| known);
        numbers.unwrap_or_else(|| {
            refused.push(FieldViolation::new(field, "has a value that the contract does not know"));
            AnyOf::default()
        })
    };
    let lifecycles = any_of("lifecycles", &request.lifecycles, v1::Lifecycle::Disposed.into());
    let purposes = any_of("purposes", &request.purposes, v1::Purpose::Probe.into());
    let os_kinds = any_of("os_kinds", &request.os_kinds, v1::OsKind::Macos.into());
    let mut text = |field: &'static str, text: &str, most: usize| {
        if text.len() > most || text.contains('\0') {
            let message = format!("has {} bytes, may have {most} and no NUL character", text.len());
            refused.push(FieldViolation::new(field, message));
        }
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    let model = text("model", &request.model, 256);
    let class_name = text("class_name", &request.class_name, 64);
    if request.grade > 9 {
        refused.push(FieldViolation::new("grade", format!("is {}, may be 1 to 9", request.grade)));
    }
    if v1::Presence::try_from(request.presence).is_err() {
        refused.push(FieldViolation::new("presence", "has a value that the contract does not know"));
    }
    let fragment = page::collect(parse_fragment(&request.query), &mut refused).flatten();
    let order = page::collect(DeviceOrder::parse(&request.order_by), &mut refused).unwrap_or_default();
    let place = match device_filter(&request.municipality_id, &request.school_id) {
        Ok(place) => place,
        Err(error) => {
            refused.extend(error.fields);
            DeviceFilter::default()
        }
    };
    if !refused.is_empty() {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    }
    let filter = DeviceFilter {
        lifecycles,
        purposes,
        os_kinds,
        model,
        presence: Some(request.presence()).filter(|presence| *presence != v1::Presence::Unspecified),
        has_open_review: request.has_open_review,
        grade: Some(i64::from(request.grade)).filter(|grade| *grade != 0),
        class_name,
        fragment,
        ..place
    };
    Ok(DeviceQuery { filter, order })
}

fn groups(request: &v1::CountDevicesRequest) -> ServerResult<Vec<Group>> {
    let unknown = || Error::invalid_field("group_by", "has a value that the contract does not know");
    let mut groups = Vec::new();
    for group in &request.group_by {
        groups.push(match v1::DeviceGroup::try_from(*group).map_err(|_| unknown())? {
            v1::DeviceGroup::Unspecified => return Err(unknown()),
            v1::DeviceGroup::Municipality => Group::Municipality,
            v1::DeviceGroup::School => Group::School,
            v1::DeviceGroup::Lifecycle => Group::Lifecycle,
            v1::DeviceGroup::Purpose => Group::Purpose,
            v1::DeviceGroup::OsKind => Group::OsKind,
            v1::DeviceGroup::Model => Group::Model,
        });
    }
    Ok(groups)
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
        let query = device_query(&request)?;
        let limit = page::field(parse_page_size(request.page_size))?;
        let after = match page::read_bytes(&request.page_token)? {
            Some(token) => Some(query.position(&token).ok_or_else(page::token_invalid)?),
            None => None,
        };
        let found = self.overview.devices(&staff, &query, after, limit).await?;
        let next_page_token = found.next.map(|next| page::write_token(&[&query.to_token(&next)])).unwrap_or_default();
        Ok(Response::new(v1::ListDevicesResponse { devices: found.devices, next_page_token }))
    }

    async fn count_devices(
        &self,
        request: Request<v1::CountDevicesRequest>,
    ) -> Result<Response<v1::CountDevicesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let filter = device_filter(&request.municipality_id, &request.school_id)?;
        let groups = groups(&request)?;
        let counts = self.overview.count_devices(&staff, filter.municipality, filter.school, &groups).await?;
        let total_count = counts.iter().map(|count| count.device_count).sum();
        let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let counts = counts.into_iter().map(|count| v1::DeviceCount {
            municipality_id: text(count.municipality),
            school_id: text(count.school),
            lifecycle: count.lifecycle,
            purpose: count.purpose,
            os_kind: count.os_kind,
            model: count.model,
            device_count: count.device_count,
        });
        Ok(Response::new(v1::CountDevicesResponse { counts: counts.collect(), total_count }))
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
        let seen = seen_version(&request.etag)?;
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

    async fn create_device(
        &self,
        request: Request<v1::CreateDeviceRequest>,
    ) -> Result<Response<v1::CreateDeviceResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let id = page::field(parse_optional_uuid("request_id", &request.request_id))?;
        let owner = MunicipalityId(page::field(parse_uuid("municipality_id", &request.municipality_id))?);
        let device = self.registry.create(&staff, id, owner, changes(&request.fields)?).await?;
        let device = Some(self.overview.device(&staff, device).await?);
        Ok(Response::new(v1::CreateDeviceResponse { device }))
    }

    async fn update_device(
        &self,
        request: Request<v1::UpdateDeviceRequest>,
    ) -> Result<Response<v1::UpdateDeviceResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (device, seen) = (device_id(&request.device_id)?, seen_version(&request.etag)?);
        self.registry.update(&staff, device, seen, changes(&request.fields)?).await?;
        let device = Some(self.overview.device(&staff, device).await?);
        Ok(Response::new(v1::UpdateDeviceResponse { device }))
    }

    async fn clear_device_fields(
        &self,
        request: Request<v1::ClearDeviceFieldsRequest>,
    ) -> Result<Response<v1::ClearDeviceFieldsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (device, seen) = (device_id(&request.device_id)?, seen_version(&request.etag)?);
        let unknown = |name: &i32| Error::invalid_field("names", format!("{name} names no field"));
        let fields = request.names.iter().map(|name| Field::from_number((*name).into()).ok_or_else(|| unknown(name)));
        let fields = fields.collect::<ServerResult<Vec<_>>>()?;
        self.registry.clear(&staff, device, seen, fields).await?;
        let device = Some(self.overview.device(&staff, device).await?);
        Ok(Response::new(v1::ClearDeviceFieldsResponse { device }))
    }

    async fn move_device(
        &self,
        request: Request<v1::MoveDeviceRequest>,
    ) -> Result<Response<v1::MoveDeviceResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (device, seen) = (device_id(&request.device_id)?, seen_version(&request.etag)?);
        let reason = page::field(parse_text("reason", &request.reason, 200))?;
        let verb =
            Verb::from_number(request.verb.into()).ok_or_else(|| Error::invalid_field("verb", "names no verb"))?;
        self.registry.move_device(&staff, device, seen, verb, &reason).await?;
        let device = Some(self.overview.device(&staff, device).await?);
        Ok(Response::new(v1::MoveDeviceResponse { device }))
    }

    async fn get_device_timeline(
        &self,
        request: Request<v1::GetDeviceTimelineRequest>,
    ) -> Result<Response<v1::GetDeviceTimelineResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let device = device_id(&request.device_id)?;
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = read_position(&request.page_token)?;
        let entries = self.registry.timeline(&staff, device, before, limit).await?;
        let next_page_token = page::next(&entries, limit, |last| {
            page::write_token(&[&last.position.at.to_be_bytes(), &[last.position.rank], last.position.id.as_bytes()])
        });
        let events = entries.into_iter().map(event).collect();
        Ok(Response::new(v1::GetDeviceTimelineResponse { events, next_page_token }))
    }
}
