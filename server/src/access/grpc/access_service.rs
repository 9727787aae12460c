//! AccessService.

use std::time::Duration;

use gigafleet_proto::v1::{self, access_service_server::AccessService};
use tonic::{Request, Response, Status};

use super::{FROM_THE_YOUNGEST, parse_place, parse_role, place_message, role_message, time_message};
use crate::{
    access::{
        rules::{
            fields::parse_name,
            fields::{parse_optional_uuid, parse_page_size, parse_uuid},
        },
        service::{Access, tokens::TokenOrder},
        store::{sessions::SessionRow, tokens::TokenRow},
    },
    error::{Error, FieldViolation, Result as ServerResult},
    grpc::{caller, page},
};

const DEFAULT_LIFETIME_SECONDS: u64 = 30 * 86_400;
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 60..=366 * 86_400;

/// Answers callers about their own access.
#[derive(Debug, Clone)]
pub struct AccessGrpc {
    access: Access,
}

impl AccessGrpc {
    /// Answers with this service.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

fn session(row: SessionRow) -> v1::StaffSession {
    v1::StaffSession {
        session_id: row.session_id.to_string(),
        client: row.client,
        address: row.address,
        create_time: time_message(Some(row.created_at)),
        seen_time: time_message(Some(row.seen_at)),
        expire_time: time_message(Some(row.expires_at)),
        pending: row.pending,
    }
}

fn token(row: TokenRow) -> v1::StaffToken {
    v1::StaffToken {
        token_id: row.token_id.to_string(),
        role: role_message(row.role()).into(),
        place: Some(place_message(&row.place())),
        name: row.name,
        staff_id: row.staff_id.map(|id| id.to_string()).unwrap_or_default(),
        create_time: time_message(Some(row.created_at)),
        expire_time: time_message(row.expires_at),
        use_time: time_message(row.used_at),
        revoke_time: time_message(row.revoked_at),
    }
}

#[tonic::async_trait]
impl AccessService for AccessGrpc {
    async fn who_am_i(&self, request: Request<v1::WhoAmIRequest>) -> Result<Response<v1::WhoAmIResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let reaches = staff.reaches().iter().map(|reach| v1::StaffReach {
            role: role_message(Some(reach.role)).into(),
            place: Some(place_message(&reach.place)),
        });
        Ok(Response::new(v1::WhoAmIResponse {
            staff_id: staff.id.map(|id| id.to_string()).unwrap_or_default(),
            name: staff.name.clone(),
            reaches: reaches.collect(),
            token_role: role_message(staff.cap()).into(),
        }))
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let sessions = self.access.sessions(&staff).await?;
        Ok(Response::new(v1::ListSessionsResponse { sessions: sessions.into_iter().map(session).collect() }))
    }

    async fn end_session(
        &self,
        request: Request<v1::EndSessionRequest>,
    ) -> Result<Response<v1::EndSessionResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let session = page::field(parse_uuid("session_id", &request.into_inner().session_id))?;
        self.access.end_session(&staff, session).await?;
        Ok(Response::new(v1::EndSessionResponse {}))
    }

    async fn create_staff_token(
        &self,
        request: Request<v1::CreateStaffTokenRequest>,
    ) -> Result<Response<v1::CreateStaffTokenResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let order = token_order(request.into_inner())?;
        let (row, secret) = self.access.create_token(&staff, order).await?;
        Ok(Response::new(v1::CreateStaffTokenResponse { staff_token: Some(token(row)), token: secret }))
    }

    async fn list_staff_tokens(
        &self,
        request: Request<v1::ListStaffTokensRequest>,
    ) -> Result<Response<v1::ListStaffTokensResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_time_and_id(&request.page_token)?.unwrap_or(FROM_THE_YOUNGEST);
        let rows = self.access.list_tokens(&staff, request.all, before, limit).await?;
        let next_page_token = page::next(&rows, limit, |row| {
            page::write_token(&[&row.created_at.to_be_bytes(), row.token_id.as_bytes()])
        });
        let staff_tokens = rows.into_iter().map(token).collect();
        Ok(Response::new(v1::ListStaffTokensResponse { staff_tokens, next_page_token }))
    }

    async fn revoke_staff_token(
        &self,
        request: Request<v1::RevokeStaffTokenRequest>,
    ) -> Result<Response<v1::RevokeStaffTokenResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let id = page::field(parse_uuid("token_id", &request.into_inner().token_id))?;
        let row = self.access.revoke_token(&staff, id).await?;
        Ok(Response::new(v1::RevokeStaffTokenResponse { staff_token: Some(token(row)) }))
    }
}

fn token_order(request: v1::CreateStaffTokenRequest) -> ServerResult<TokenOrder> {
    let mut refused = Vec::new();
    let role = page::collect(parse_role(request.role()), &mut refused);
    let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
    let name = page::collect(parse_name("name", &request.name), &mut refused);
    let place = page::collect(parse_place(request.place), &mut refused);
    let seconds = if request.lifetime_seconds == 0 { DEFAULT_LIFETIME_SECONDS } else { request.lifetime_seconds };
    if !LIFETIME_SECONDS.contains(&seconds) {
        let message = format!("is {seconds}, needs 60 to 31,622,400 (366 days)");
        refused.push(FieldViolation::new("lifetime_seconds", message));
    }
    let (Some(role), Some(name), Some(place), true) = (role, name, place, refused.is_empty()) else {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    };
    Ok(TokenOrder { id, name, role, place, lifetime: Duration::from_secs(seconds) })
}
