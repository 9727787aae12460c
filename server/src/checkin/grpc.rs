//! AgentService.

use std::sync::Arc;

use gigafleet_proto::v1::{self, agent_service_server::AgentService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{rules::throughput::PIECE_BYTES, service::CheckIns};
use crate::{
    clock::Clock,
    error::{Error, FieldViolation, says::fields},
    grpc::{caller, page},
};

/// Answers agents.
#[derive(Debug, Clone)]
pub struct AgentGrpc {
    checkins: Arc<CheckIns>,
    clock: Clock,
}

impl AgentGrpc {
    /// Answers with this service.
    pub fn new(checkins: Arc<CheckIns>, clock: Clock) -> Self {
        Self { checkins, clock }
    }
}

#[tonic::async_trait]
impl AgentService for AgentGrpc {
    async fn check_in(&self, request: Request<v1::CheckInRequest>) -> Result<Response<v1::CheckInResponse>, Status> {
        let device = caller::device(request.extensions(), &self.clock)?;
        let answer = self.checkins.check_in(device, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn measure_throughput(
        &self,
        request: Request<v1::MeasureThroughputRequest>,
    ) -> Result<Response<v1::MeasureThroughputResponse>, Status> {
        let device = caller::device(request.extensions(), &self.clock)?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let id = Uuid::from_slice(&request.test_id);
        let id = page::collect(id.map_err(|_| FieldViolation::new("test_id", fields::needs_bytes(16))), &mut refused);
        let receive = usize::try_from(request.receive_bytes).unwrap_or(usize::MAX);
        for (field, bytes) in [("receive_bytes", receive), ("padding", request.padding.len())] {
            if bytes > PIECE_BYTES {
                refused.push(FieldViolation::new(field, fields::too_many(bytes, PIECE_BYTES)));
            }
        }
        let Some(id) = id.filter(|_| refused.is_empty()) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let padding = self.checkins.carry(device, id, receive, request.padding.len()).await?;
        Ok(Response::new(v1::MeasureThroughputResponse { padding }))
    }
}
