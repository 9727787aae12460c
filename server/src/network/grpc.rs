//! NetworkService: incidents, how schools' networks are, what they measured, by what they are known, targets, announced work.

use std::pin::Pin;

use gigafleet_agent::identity::to_hex;
use gigafleet_proto::v1::{self, network_service_server::NetworkService};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    rules::{
        ChangeKind, Element, Group, Incident, IncidentState, Moment, Witness, place::NetworkKind, targets::TargetKind,
        word,
    },
    service::{
        Network,
        incidents::{IncidentView, NEWEST},
        judge::{element_kind, element_number},
        known::{SchoolNetworkRow, parse_network},
        measurements::{GroupBy, Measurements, Wall},
        targets::{TargetOrder, TargetRow},
        works::{PlannedWorkRow, WorkOrder},
    },
};
use crate::{
    access::service::Access,
    clock::{Clock, Timestamp},
    error::{
        Error, FieldViolation, Result as OwnResult,
        says::{fields as say_fields, network as say},
    },
    grpc::{caller, page},
    schools::rules::{
        MunicipalityId, SchoolId, parse_name, parse_optional_uuid, parse_page_size, parse_text, parse_uuid,
    },
};

/// Measurements of a day are asked for where no time is named.
const DAY_US: i64 = 86_400 * 1_000_000;
/// Slow where nobody says otherwise, in milliseconds.
const SLOW_MS: u32 = 150;

/// Answers staff about network health.
#[derive(Debug, Clone)]
pub struct NetworkGrpc {
    network: Network,
    access: Access,
    clock: Clock,
    stop: watch::Receiver<bool>,
}

impl NetworkGrpc {
    /// Answers with this service; watches end when `stop` becomes true.
    pub fn new(network: Network, access: Access, clock: Clock, stop: watch::Receiver<bool>) -> Self {
        Self { network, access, clock, stop }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn time(moment: Moment) -> Option<prost_types::Timestamp> {
    Some(Timestamp(moment.0).to_proto())
}

fn moment(field: &'static str, time: Option<prost_types::Timestamp>) -> Result<Timestamp, FieldViolation> {
    let micros = time.and_then(|time| {
        let nanos = i64::from(time.nanos);
        (0..1_000_000_000).contains(&nanos).then_some(())?;
        time.seconds.checked_mul(1_000_000)?.checked_add(nanos / 1_000)
    });
    micros
        .filter(|micros| *micros >= 0)
        .map(Timestamp)
        .ok_or_else(|| FieldViolation::new(field, say_fields::time_needed()))
}

fn group(group: &Group) -> v1::ComparedGroup {
    v1::ComparedGroup { school_count: group.schools, failing_count: group.failing, expected_count: group.of }
}

/// An incident in the contract's form.
pub fn incident_message(view: IncidentView) -> v1::Incident {
    let IncidentView { incident, element_name, schools, other_owners } = view;
    let Incident { verdict, evidence, timeline, .. } = &incident;
    let witness: Witness = evidence.witness;
    let alternatives = evidence
        .alternatives
        .iter()
        .map(|other| v1::AlternativeExplanation { explanation: other.explanation.clone(), log_odds: other.log_odds });
    let change = |(at, change): (Moment, ChangeKind)| v1::IncidentChange { judge_time: time(at), change: word(change) };
    v1::Incident {
        incident_id: incident.id.to_string(),
        state: i32::from(state(incident.state)),
        element_kind: i32::try_from(element_number(verdict.element.kind)).unwrap_or_default(),
        element_id: verdict.element.id.clone(),
        element_name,
        cause: word(verdict.cause),
        mext_place: u32::from(u8::from(verdict.mext_place)),
        confidence: verdict.confidence,
        start_time: time(incident.started.at),
        earliest_start_time: time(incident.started.earliest),
        latest_start_time: time(incident.started.latest),
        open_time: incident.opened_at.and_then(time),
        recover_time: incident.recovered_at.and_then(time),
        close_time: incident.closed_at.and_then(time),
        merged_into_incident_id: incident.merged_into.map(|id| id.to_string()).unwrap_or_default(),
        flap_count: incident.flaps,
        planned_work_id: incident.silenced_by.clone().unwrap_or_default(),
        school_ids: schools.values().flatten().map(ToString::to_string).collect(),
        other_owner_count: count(other_owners),
        device_count: incident.devices,
        lesson_device_minutes: incident.lesson_device_minutes.max(0.0) as u64,
        evidence: Some(v1::IncidentEvidence {
            witness: word(witness),
            affected: Some(group(&evidence.affected)),
            control: Some(group(&evidence.control)),
            alternatives: alternatives.collect(),
            would_change: word(evidence.would_change),
        }),
        changes: timeline.iter().map(|entry| change((entry.at, entry.change))).collect(),
    }
}

fn state(state: IncidentState) -> v1::IncidentState {
    match state {
        IncidentState::Suspected => v1::IncidentState::Suspected,
        IncidentState::Open => v1::IncidentState::Open,
        IncidentState::Recovering => v1::IncidentState::Recovering,
        IncidentState::Closed => v1::IncidentState::Closed,
    }
}

fn network_message(row: SchoolNetworkRow) -> v1::SchoolNetwork {
    v1::SchoolNetwork {
        school_id: row.school_id.to_string(),
        kind: i32::from(row.kind),
        value: row.value,
        learned: row.source == 2,
        device_count: u32::try_from(row.devices).unwrap_or_default(),
        last_seen_time: Some(Timestamp(row.last_seen_at).to_proto()),
    }
}

fn network_kind(kind: i32) -> Result<NetworkKind, FieldViolation> {
    let known = i16::try_from(kind).ok().and_then(NetworkKind::from_number);
    known.ok_or_else(|| FieldViolation::new("kind", say::network_kind()))
}

fn target_message(row: TargetRow) -> v1::Target {
    let number = |number: i64| u32::try_from(number).unwrap_or_default();
    v1::Target {
        number: number(row.number),
        name: row.name,
        kind: i32::from(row.kind),
        host: row.host,
        port: number(row.port),
        tls: row.tls,
        slow_ms: number(row.slow_ms),
        connections: number(row.connections),
        source: row.source,
        etag: row.version.to_string(),
    }
}

fn work_message(row: PlannedWorkRow) -> v1::PlannedWork {
    v1::PlannedWork {
        work_id: row.work_id.to_string(),
        municipality_id: row.municipality_id.to_string(),
        element_kind: i32::from(row.element_kind),
        element_id: row.element_id,
        start_time: Some(Timestamp(row.begin_at).to_proto()),
        end_time: Some(Timestamp(row.end_at).to_proto()),
        reason: row.reason,
        etag: row.version.to_string(),
    }
}

fn health_messages(wall: Wall) -> Vec<v1::SchoolHealth> {
    let Wall { incidents, schools, .. } = wall;
    let school = |health: super::service::measurements::SchoolHealth| {
        let of_it: Vec<_> = health.incidents.iter().map(|number| &incidents[*number]).collect();
        v1::SchoolHealth {
            municipality_id: health.school.municipality_id.to_string(),
            school_id: health.school.school_id.to_string(),
            heard_count: u32::try_from(health.heard).unwrap_or(u32::MAX),
            incident_ids: of_it.iter().map(|view| view.incident.id.to_string()).collect(),
            trouble_since_time: of_it.first().map(|view| view.since().to_proto()),
            device_count: of_it.first().map_or(0, |view| view.incident.devices),
            lesson_device_minutes: of_it.first().map_or(0, |view| view.incident.lesson_device_minutes.max(0.0) as u64),
        }
    };
    schools.into_iter().map(school).collect()
}

fn series_messages(measurements: Measurements) -> Vec<v1::MeasurementSeries> {
    let point = |(at, cell): (Timestamp, super::rules::rollup::Cell)| v1::MeasurementPoint {
        begin_time: Some(at.to_proto()),
        ok_count: cell.ok,
        slow_count: cell.slow,
        failed_count: cell.failures(),
        p50_us: cell.latency_us(0.50).unwrap_or_default(),
        p95_us: cell.latency_us(0.95).unwrap_or_default(),
        p99_us: cell.latency_us(0.99).unwrap_or_default(),
    };
    let series = |series: super::service::measurements::Series| v1::MeasurementSeries {
        layer: series.layer,
        target: series.target,
        access_point: series.access_point.map(|point| to_hex(&point)).unwrap_or_default(),
        points: series.points.into_iter().map(point).collect(),
    };
    measurements.series.into_iter().map(series).collect()
}

/// The owner and one of its schools.
fn place(municipality: &str, school: &str) -> OwnResult<(MunicipalityId, SchoolId)> {
    let mut refused = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality), &mut refused);
    let school = page::collect(parse_uuid("school_id", school), &mut refused);
    match (owner, school) {
        (Some(owner), Some(school)) => Ok((MunicipalityId(owner), SchoolId(school))),
        _ => Err(Error::invalid_fields("FIELD_INVALID", refused)),
    }
}

fn owner(municipality: &str) -> OwnResult<Option<MunicipalityId>> {
    Ok(page::field(parse_optional_uuid("municipality_id", municipality))?.map(MunicipalityId))
}

#[tonic::async_trait]
impl NetworkService for NetworkGrpc {
    type WatchIncidentsStream = Pin<Box<dyn Stream<Item = Result<v1::WatchIncidentsResponse, Status>> + Send>>;

    async fn list_incidents(
        &self,
        request: Request<v1::ListIncidentsRequest>,
    ) -> Result<Response<v1::ListIncidentsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = owner(&request.municipality_id)?;
        let school = page::field(parse_optional_uuid("school_id", &request.school_id))?.map(SchoolId);
        if school.is_some() && owner.is_none() {
            return Err(Error::invalid_field("municipality_id", say_fields::needed()).into());
        }
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_time_and_id(&request.page_token)?.unwrap_or(NEWEST);
        let (views, next) = match request.include_closed {
            true => self.network.incidents(&staff, owner, school, before, limit).await?,
            false => (self.network.open_incidents(&staff, owner, school).await?, None),
        };
        let next_page_token =
            next.map(|(at, id)| page::write_token(&[&at.to_be_bytes(), id.as_bytes()])).unwrap_or_default();
        let incidents = views.into_iter().map(incident_message).collect();
        Ok(Response::new(v1::ListIncidentsResponse { incidents, next_page_token }))
    }

    async fn get_incident(
        &self,
        request: Request<v1::GetIncidentRequest>,
    ) -> Result<Response<v1::GetIncidentResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let id = page::field(parse_uuid("incident_id", &request.into_inner().incident_id))?;
        let incident = incident_message(self.network.incident(&staff, id).await?);
        Ok(Response::new(v1::GetIncidentResponse { incident: Some(incident) }))
    }

    async fn watch_incidents(
        &self,
        request: Request<v1::WatchIncidentsRequest>,
    ) -> Result<Response<Self::WatchIncidentsStream>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let owner = owner(&request.into_inner().municipality_id)?;
        let views = self.network.watch(&self.access, &staff, owner, self.stop.clone()).await?;
        let stream = ReceiverStream::new(views).map(|view| {
            let response = |view| v1::WatchIncidentsResponse { incident: Some(incident_message(view)) };
            view.map(response).map_err(Status::from)
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn list_school_health(
        &self,
        request: Request<v1::ListSchoolHealthRequest>,
    ) -> Result<Response<v1::ListSchoolHealthResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = owner(&request.municipality_id)?;
        let limit = match request.page_size {
            0 => 1_000,
            size @ 1..=5_000 => i64::from(size),
            size => return Err(Error::invalid_field("page_size", say_fields::out_of_range(size, 1, 5_000)).into()),
        };
        let wall = self.network.wall(&staff, owner, limit).await?;
        let judge_time = wall.judged_until.map(Timestamp::to_proto);
        let mut schools = health_messages(wall);
        schools.retain(|school| !request.only_trouble || !school.incident_ids.is_empty());
        Ok(Response::new(v1::ListSchoolHealthResponse { schools, judge_time }))
    }

    async fn get_school_measurements(
        &self,
        request: Request<v1::GetSchoolMeasurementsRequest>,
    ) -> Result<Response<v1::GetSchoolMeasurementsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let group = match request.group_by() {
            v1::MeasurementGroup::Unspecified | v1::MeasurementGroup::Layer => GroupBy::Layer,
            v1::MeasurementGroup::AccessPoint => GroupBy::AccessPoint,
        };
        let to = match request.end_time {
            Some(_) => page::field(moment("end_time", request.end_time))?,
            None => self.clock.now(),
        };
        let from = match request.start_time {
            Some(_) => page::field(moment("start_time", request.start_time))?,
            None => Timestamp(to.0 - DAY_US),
        };
        let measurements = self.network.measurements(&staff, school, (from, to), group).await?;
        let width_seconds = u32::try_from(measurements.width_s).unwrap_or_default();
        let series = series_messages(measurements);
        Ok(Response::new(v1::GetSchoolMeasurementsResponse { series, width_seconds }))
    }

    async fn list_school_networks(
        &self,
        request: Request<v1::ListSchoolNetworksRequest>,
    ) -> Result<Response<v1::ListSchoolNetworksResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = MunicipalityId(page::field(parse_uuid("municipality_id", &request.municipality_id))?);
        let school = page::field(parse_optional_uuid("school_id", &request.school_id))?.map(SchoolId);
        let rows = self.network.school_networks(&staff, owner, school).await?;
        let networks = rows.into_iter().map(network_message).collect();
        Ok(Response::new(v1::ListSchoolNetworksResponse { networks }))
    }

    async fn add_school_network(
        &self,
        request: Request<v1::AddSchoolNetworkRequest>,
    ) -> Result<Response<v1::AddSchoolNetworkResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.network.unwrap_or_default();
        let school = place(&request.municipality_id, &new.school_id)?;
        let kind = page::field(network_kind(new.kind))?;
        let value = page::field(parse_network(kind, &new.value))?;
        let row = self.network.add_school_network(&staff, school, kind, value).await?;
        Ok(Response::new(v1::AddSchoolNetworkResponse { network: Some(network_message(row)) }))
    }

    async fn delete_school_network(
        &self,
        request: Request<v1::DeleteSchoolNetworkRequest>,
    ) -> Result<Response<v1::DeleteSchoolNetworkResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let school = place(&request.municipality_id, &request.school_id)?;
        let kind = page::field(network_kind(request.kind))?;
        let value = page::field(parse_network(kind, &request.value))?;
        self.network.delete_school_network(&staff, school, kind, &value).await?;
        Ok(Response::new(v1::DeleteSchoolNetworkResponse {}))
    }

    async fn list_targets(
        &self,
        request: Request<v1::ListTargetsRequest>,
    ) -> Result<Response<v1::ListTargetsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let targets = self.network.targets(&staff).await?.into_iter().map(target_message).collect();
        Ok(Response::new(v1::ListTargetsResponse { targets }))
    }

    async fn set_target(
        &self,
        request: Request<v1::SetTargetRequest>,
    ) -> Result<Response<v1::SetTargetResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let new = request.into_inner().target.unwrap_or_default();
        let mut refused = Vec::new();
        let within = |field: &'static str, number: u32, first: u32, last: u32| match (first..=last).contains(&number) {
            true => Ok(i64::from(number)),
            false => Err(FieldViolation::new(field, say_fields::out_of_range(number, first, last))),
        };
        let number = page::collect(within("number", new.number, 1, 65_535), &mut refused);
        let name = page::collect(parse_name("name", &new.name), &mut refused);
        let kind = i16::try_from(new.kind).ok().and_then(TargetKind::from_number);
        let kind = page::collect(kind.ok_or_else(|| FieldViolation::new("kind", say::target_kind())), &mut refused);
        let host = page::collect(parse_host(&new.host), &mut refused);
        let port = page::collect(within("port", new.port, 1, 65_535), &mut refused);
        let slow = if new.slow_ms == 0 { SLOW_MS } else { new.slow_ms };
        let slow_ms = page::collect(within("slow_ms", slow, 1, 10_000), &mut refused);
        let fewest = u32::from(kind == Some(TargetKind::Ports));
        let connections = page::collect(within("connections", new.connections, fewest, 2_000), &mut refused);
        let source = page::collect(parse_text("source", &new.source, 200), &mut refused);
        let seen = page::collect(page::parse_version("etag", &new.etag), &mut refused);
        let (Some(number), Some(name), Some(kind), Some(host), Some(port)) = (number, name, kind, host, port) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let (Some(slow_ms), Some(connections), Some(source), Some(seen)) = (slow_ms, connections, source, seen) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let order = TargetOrder { number, name, kind, host, port, tls: new.tls, slow_ms, connections, source };
        let row = self.network.set_target(&staff, order, seen.unwrap_or_default()).await?;
        Ok(Response::new(v1::SetTargetResponse { target: Some(target_message(row)) }))
    }

    async fn delete_target(
        &self,
        request: Request<v1::DeleteTargetRequest>,
    ) -> Result<Response<v1::DeleteTargetResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        self.network.delete_target(&staff, i64::from(request.into_inner().number)).await?;
        Ok(Response::new(v1::DeleteTargetResponse {}))
    }

    async fn list_planned_work(
        &self,
        request: Request<v1::ListPlannedWorkRequest>,
    ) -> Result<Response<v1::ListPlannedWorkResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let owner = owner(&request.into_inner().municipality_id)?;
        let works = self.network.planned_work(&staff, owner).await?.into_iter().map(work_message).collect();
        Ok(Response::new(v1::ListPlannedWorkResponse { works }))
    }

    async fn announce_work(
        &self,
        request: Request<v1::AnnounceWorkRequest>,
    ) -> Result<Response<v1::AnnounceWorkResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.work.unwrap_or_default();
        let mut refused = Vec::new();
        let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused);
        let owner = page::collect(parse_uuid("municipality_id", &new.municipality_id), &mut refused);
        let kind = i16::try_from(new.element_kind).ok().and_then(element_kind);
        let kind =
            page::collect(kind.ok_or_else(|| FieldViolation::new("element_kind", say::work_element())), &mut refused);
        let element = page::collect(parse_uuid("element_id", &new.element_id), &mut refused);
        let begin = page::collect(moment("start_time", new.start_time), &mut refused);
        let end = page::collect(moment("end_time", new.end_time), &mut refused);
        let reason = page::collect(parse_text("reason", &new.reason, 200), &mut refused);
        let (Some(id), Some(owner), Some(kind), Some(element)) = (id, owner, kind, element) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let (Some(begin), Some(end), Some(reason)) = (begin, end, reason) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let municipality = MunicipalityId(owner);
        let order =
            WorkOrder { id, municipality, element: Element::new(kind, element.to_string()), begin, end, reason };
        let row = self.network.announce_work(&staff, page::field(order.check())?).await?;
        Ok(Response::new(v1::AnnounceWorkResponse { work: Some(work_message(row)) }))
    }

    async fn cancel_work(
        &self,
        request: Request<v1::CancelWorkRequest>,
    ) -> Result<Response<v1::CancelWorkResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
        let work = page::collect(parse_uuid("work_id", &request.work_id), &mut refused);
        let seen = page::collect(page::parse_version("etag", &request.etag), &mut refused);
        let (Some(owner), Some(work), Some(seen)) = (owner, work, seen) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        self.network.cancel_work(&staff, MunicipalityId(owner), work, seen).await?;
        Ok(Response::new(v1::CancelWorkResponse {}))
    }
}

/// A name or an address that can be connected to.
fn parse_host(host: &str) -> Result<String, FieldViolation> {
    let fits = (1..=253).contains(&host.len())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_'));
    fits.then(|| host.to_lowercase()).ok_or_else(|| FieldViolation::new("host", say::target_host()))
}
