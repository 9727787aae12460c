//! AuditService.

use gigafleet_proto::v1::{self, audit_service_server::AuditService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::time_message;
use crate::{
    access::{
        rules::{
            MunicipalityId,
            audit::{ActorKind, Entry},
            fields::{parse_optional_uuid, parse_page_size},
        },
        service::Access,
    },
    grpc::{caller, page},
};

/// Answers who may read the audit log.
#[derive(Debug, Clone)]
pub struct AuditGrpc {
    access: Access,
}

impl AuditGrpc {
    /// Answers with this service.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

/// The owner of a chain; empty for the installation.
fn owner_text(owner: Uuid) -> String {
    if owner.is_nil() { String::new() } else { owner.to_string() }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn entry_message(entry: Entry) -> v1::AuditEntry {
    let actor_kind = match ActorKind::from_number(entry.actor_kind) {
        None => v1::AuditActorKind::Unspecified,
        Some(ActorKind::Staff) => v1::AuditActorKind::Staff,
        Some(ActorKind::Token) => v1::AuditActorKind::Token,
        Some(ActorKind::System) => v1::AuditActorKind::System,
        Some(ActorKind::Stranger) => v1::AuditActorKind::Stranger,
    };
    v1::AuditEntry {
        municipality_id: owner_text(entry.municipality),
        sequence: count(entry.sequence),
        record_time: time_message(Some(entry.recorded_at.0)),
        actor_kind: actor_kind.into(),
        actor_id: entry.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        actor_name: entry.actor_name,
        action: entry.action,
        subject_kind: entry.subject_kind,
        subject_id: entry.subject_id,
        details_json: entry.details,
    }
}

#[tonic::async_trait]
impl AuditService for AuditGrpc {
    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Result<Response<v1::ListAuditEntriesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?.map(MunicipalityId);
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_token::<8>(&request.page_token)?.map_or(i64::MAX, i64::from_be_bytes);
        let entries = self.access.list_entries(&staff, owner, before, limit).await?;
        let next_page_token = page::next(&entries, limit, |entry| page::write_token(&[&entry.sequence.to_be_bytes()]));
        let entries = entries.into_iter().map(entry_message).collect();
        Ok(Response::new(v1::ListAuditEntriesResponse { entries, next_page_token }))
    }

    async fn verify_audit(
        &self,
        request: Request<v1::VerifyAuditRequest>,
    ) -> Result<Response<v1::VerifyAuditResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let found = self.access.verify_audit(&staff).await?;
        let flaws = found.flaws.into_iter().map(|flaw| v1::AuditFlaw {
            municipality_id: owner_text(flaw.municipality),
            sequence: count(flaw.sequence),
            problem: flaw.problem.to_owned(),
        });
        Ok(Response::new(v1::VerifyAuditResponse {
            chain_count: found.chains,
            entry_count: found.entries,
            flaws: flaws.collect(),
        }))
    }
}
