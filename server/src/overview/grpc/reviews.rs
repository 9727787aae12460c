//! ReviewService: devices whose identity a person should look at, and what is decided on them.

use gigafleet_proto::v1::{self, review_service_server::ReviewService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{super::service::Overview, device_id, seen_version};
use crate::{
    access::service::Access,
    clock::Timestamp,
    devices::{rules::DeviceId, service::identity::Identities, store::identity::DecisionRow},
    error::{
        Error, Result as ServerResult,
        says::{devices as say, fields},
    },
    grpc::{caller, page},
    schools::rules::{MunicipalityId, parse_optional_uuid, parse_page_size, parse_uuid},
};

/// Answers staff about identities.
#[derive(Debug, Clone)]
pub struct ReviewGrpc {
    overview: Overview,
    identities: Identities,
    access: Access,
}

impl ReviewGrpc {
    /// Answers with these services.
    pub fn new(overview: Overview, identities: Identities, access: Access) -> Self {
        Self { overview, identities, access }
    }
}

fn decision(row: DecisionRow) -> v1::Decision {
    v1::Decision {
        decision_id: row.decision_id.to_string(),
        device_id: row.device_id.to_string(),
        other_device_id: row.other_device_id.map(|id| id.to_string()).unwrap_or_default(),
        kind: i32::from(row.kind),
        decide_time: Some(Timestamp(row.decided_at).to_proto()),
        decided_by: row.decided_by,
        undo_time: row.undone_at.map(|at| Timestamp(at).to_proto()),
    }
}

/// Size of a page: both sides are shown with all that is known of them.
fn page_size(size: u32) -> ServerResult<i64> {
    match size {
        0 => Ok(20),
        1..=100 => Ok(i64::from(size)),
        _ => Err(Error::invalid_field("page_size", fields::too_large(size, 100))),
    }
}

fn read_key(token: &str) -> ServerResult<(Uuid, Uuid, i64)> {
    let bytes = page::read_token::<40>(token)?.unwrap_or([0; 40]);
    let id = |half: &[u8]| Uuid::from_slice(half).expect("16 bytes");
    let reason = bytes.last_chunk::<8>().expect("40 bytes");
    Ok((id(&bytes[..16]), id(&bytes[16..32]), i64::from_be_bytes(*reason)))
}

#[tonic::async_trait]
impl ReviewService for ReviewGrpc {
    async fn list_reviews(
        &self,
        request: Request<v1::ListReviewsRequest>,
    ) -> Result<Response<v1::ListReviewsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?.map(MunicipalityId);
        let limit = page_size(request.page_size)?;
        let after = read_key(&request.page_token)?;
        let rows = self.identities.list_reviews(&staff, owner, after, limit).await?;
        let next_page_token = page::next(&rows, limit, |last| {
            let reason = i64::from(last.reason).to_be_bytes();
            page::write_token(&[last.municipality_id.as_bytes(), last.device_id.as_bytes(), &reason])
        });
        let reviews = self.overview.reviews(&staff, rows).await?;
        Ok(Response::new(v1::ListReviewsResponse { reviews, next_page_token }))
    }

    async fn merge_devices(
        &self,
        request: Request<v1::MergeDevicesRequest>,
    ) -> Result<Response<v1::MergeDevicesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (device, seen) = (device_id(&request.device_id)?, seen_version(&request.etag)?);
        let folded = page::field(parse_uuid("folded_device_id", &request.folded_device_id)).map(DeviceId)?;
        let row = self.identities.merge(&staff, device, folded, seen).await?;
        Ok(Response::new(v1::MergeDevicesResponse { decision: Some(decision(row)) }))
    }

    async fn keep_apart(
        &self,
        request: Request<v1::KeepApartRequest>,
    ) -> Result<Response<v1::KeepApartResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let device = device_id(&request.device_id)?;
        if request.reason() == v1::ReviewReason::Unspecified {
            return Err(Error::invalid_field("reason", say::review_reason()).into());
        }
        let row = self.identities.keep_apart(&staff, device, request.reason()).await?;
        Ok(Response::new(v1::KeepApartResponse { decision: Some(decision(row)) }))
    }

    async fn undo_decision(
        &self,
        request: Request<v1::UndoDecisionRequest>,
    ) -> Result<Response<v1::UndoDecisionResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let device = device_id(&request.device_id)?;
        let id = page::field(parse_uuid("decision_id", &request.decision_id))?;
        let row = self.identities.undo(&staff, device, id).await?;
        Ok(Response::new(v1::UndoDecisionResponse { decision: Some(decision(row)) }))
    }

    async fn list_decisions(
        &self,
        request: Request<v1::ListDecisionsRequest>,
    ) -> Result<Response<v1::ListDecisionsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        if !request.device_id.is_empty() {
            let rows = self.identities.decisions(&staff, device_id(&request.device_id)?).await?;
            let decisions = rows.into_iter().map(decision).collect();
            return Ok(Response::new(v1::ListDecisionsResponse { decisions, next_page_token: String::new() }));
        }
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?.map(MunicipalityId);
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_token::<16>(&request.page_token)?.map_or(Uuid::max(), Uuid::from_bytes);
        let rows = self.identities.list_decided(&staff, owner, before, limit).await?;
        let next_page_token =
            page::next(&rows, limit, |last| page::write_token(&[last.decision.decision_id.as_bytes()]));
        let decisions = rows.into_iter().map(|row| decision(row.decision)).collect();
        Ok(Response::new(v1::ListDecisionsResponse { decisions, next_page_token }))
    }
}
