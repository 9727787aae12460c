//! AgentService.

use std::sync::Arc;

use gigafleet_proto::v1::{self, agent_service_server::AgentService};
use tonic::{Request, Response, Status};

use super::service::CheckIns;
use crate::{clock::Clock, grpc::caller};

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
}
