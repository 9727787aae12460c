//! LineService: lines of schools, and the hubs they go through.

use gigafleet_proto::v1::{self, line_service_server::LineService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    access::service::Access,
    error::{Error, FieldViolation},
    grpc::{
        caller,
        page::{self, PageOfSchools},
    },
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            lines::{HubKind, Topology, parse_line_number, parse_mbps},
            parse_name, parse_optional_uuid, parse_page_size, parse_text, parse_uuid,
        },
        service::{
            Schools,
            lines::{HubView, LineOrder, LineRow},
        },
    },
};

/// Answers staff about lines and hubs.
#[derive(Debug, Clone)]
pub struct LineGrpc {
    schools: Schools,
    access: Access,
}

impl LineGrpc {
    /// Answers with this service.
    pub fn new(schools: Schools, access: Access) -> Self {
        Self { schools, access }
    }
}

fn topology(topology: v1::Topology) -> Result<Topology, FieldViolation> {
    match topology {
        v1::Topology::Unspecified => Err(FieldViolation::new("topology", "names no topology")),
        v1::Topology::Direct => Ok(Topology::Direct),
        v1::Topology::MunicipalHub => Ok(Topology::MunicipalHub),
        v1::Topology::PrefecturalHub => Ok(Topology::PrefecturalHub),
        v1::Topology::Lte => Ok(Topology::Lte),
    }
}

fn hub_kind(kind: v1::HubKind) -> Result<HubKind, FieldViolation> {
    match kind {
        v1::HubKind::Unspecified => Err(FieldViolation::new("kind", "names no kind of hub")),
        v1::HubKind::Municipal => Ok(HubKind::Municipal),
        v1::HubKind::Prefectural => Ok(HubKind::Prefectural),
        v1::HubKind::Isp => Ok(HubKind::Isp),
    }
}

fn line_message(row: LineRow) -> v1::Line {
    v1::Line {
        school_id: row.school_id.to_string(),
        line_number: u32::try_from(row.line_number).unwrap_or_default(),
        topology: i32::from(row.topology),
        contract: row.contract,
        isp: row.isp,
        contract_mbps: row.contract_mbps.and_then(|mbps| u32::try_from(mbps).ok()),
        hub_id: row.hub_id.map(|id| id.to_string()).unwrap_or_default(),
        etag: row.version.to_string(),
    }
}

fn hub_message(view: HubView) -> v1::Hub {
    let operator = view.hub.operator_id;
    v1::Hub {
        hub_id: view.hub.hub_id.to_string(),
        kind: i32::from(view.hub.kind),
        name: view.hub.name,
        isp: view.hub.isp,
        operator_id: if operator.is_nil() { String::new() } else { operator.to_string() },
        municipality_ids: view.own.iter().map(ToString::to_string).collect(),
        other_owner_count: view.others,
    }
}

#[tonic::async_trait]
impl LineService for LineGrpc {
    async fn list_lines(
        &self,
        request: Request<v1::ListLinesRequest>,
    ) -> Result<Response<v1::ListLinesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let v1::ListLinesRequest { municipality_id, school_id, page_size, page_token } = request.into_inner();
        let PageOfSchools { owner, school, after, limit } =
            PageOfSchools::read(&municipality_id, &school_id, page_size, &page_token)?;
        let rows = self.schools.list_lines(&staff, owner, school, after, limit).await?;
        let next_page_token = page::next(&rows, limit, |last| {
            page::write_token(&[&i64::from(last.line_number).to_be_bytes(), last.school_id.as_bytes()])
        });
        let lines = rows.into_iter().map(line_message).collect();
        Ok(Response::new(v1::ListLinesResponse { lines, next_page_token }))
    }

    async fn set_line(&self, request: Request<v1::SetLineRequest>) -> Result<Response<v1::SetLineResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let new = request.line.unwrap_or_default();
        let mut refused = Vec::new();
        let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
        let school = page::collect(parse_uuid("school_id", &new.school_id), &mut refused);
        let number = page::collect(parse_line_number(new.line_number), &mut refused);
        let topology = page::collect(topology(new.topology()), &mut refused);
        let contract = page::collect(parse_text("contract", &new.contract, 100), &mut refused);
        let isp = page::collect(parse_text("isp", &new.isp, 100), &mut refused);
        let contract_mbps = page::collect(parse_mbps(new.contract_mbps), &mut refused);
        let hub = page::collect(parse_optional_uuid("hub_id", &new.hub_id), &mut refused);
        let seen = page::collect(page::parse_version("etag", &new.etag), &mut refused);
        let (Some(owner), Some(school), Some(number), Some(topology)) = (owner, school, number, topology) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let (Some(contract), Some(isp), Some(contract_mbps), Some(hub), Some(seen)) =
            (contract, isp, contract_mbps, hub, seen)
        else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let order = LineOrder { school: SchoolId(school), number, topology, contract, isp, contract_mbps, hub };
        let row = self.schools.set_line(&staff, MunicipalityId(owner), order, seen).await?;
        Ok(Response::new(v1::SetLineResponse { line: Some(line_message(row)) }))
    }

    async fn delete_line(
        &self,
        request: Request<v1::DeleteLineRequest>,
    ) -> Result<Response<v1::DeleteLineResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let owner = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
        let school = page::collect(parse_uuid("school_id", &request.school_id), &mut refused);
        let number = page::collect(parse_line_number(request.line_number), &mut refused);
        let seen = page::collect(page::parse_version("etag", &request.etag), &mut refused);
        let (Some(owner), Some(school), Some(number), Some(seen)) = (owner, school, number, seen) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        self.schools.delete_line(&staff, MunicipalityId(owner), SchoolId(school), number, seen).await?;
        Ok(Response::new(v1::DeleteLineResponse {}))
    }

    async fn create_hub(
        &self,
        request: Request<v1::CreateHubRequest>,
    ) -> Result<Response<v1::CreateHubResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused);
        let kind = page::collect(hub_kind(request.kind()), &mut refused);
        let name = page::collect(parse_name("name", &request.name), &mut refused);
        let isp = page::collect(parse_text("isp", &request.isp, 100), &mut refused);
        let operator = page::collect(parse_optional_uuid("operator_id", &request.operator_id), &mut refused);
        let (Some(id), Some(kind), Some(name), Some(isp), Some(operator)) = (id, kind, name, isp, operator) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let hub = self.schools.create_hub(&staff, id, kind, (name, isp), operator.map(MunicipalityId)).await?;
        Ok(Response::new(v1::CreateHubResponse { hub: Some(hub_message(hub)) }))
    }

    async fn list_hubs(&self, request: Request<v1::ListHubsRequest>) -> Result<Response<v1::ListHubsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let limit = page::field(parse_page_size(request.page_size))?;
        let after = page::read_token::<16>(&request.page_token)?.map_or(Uuid::nil(), Uuid::from_bytes);
        let hubs = self.schools.list_hubs(&staff, after, limit).await?;
        let next_page_token = page::next(&hubs, limit, |last| page::write_token(&[last.hub.hub_id.as_bytes()]));
        let hubs = hubs.into_iter().map(hub_message).collect();
        Ok(Response::new(v1::ListHubsResponse { hubs, next_page_token }))
    }
}
