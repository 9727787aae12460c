//! EnrollmentService.

use std::time::Duration;

use gigafleet_proto::v1::{self, enrollment_service_server::EnrollmentService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    rules::TokenState,
    service::{Enrolled, Enrollment, TokenOrder},
    store::TokenRow,
};
use crate::{
    access::service::Access,
    clock::{Clock, Timestamp},
    error::{
        Error, FieldViolation, Result as ServerResult,
        says::{devices as say, fields},
    },
    grpc::{caller, page},
    schools::rules::{MunicipalityId, SchoolId, parse_optional_uuid, parse_page_size, parse_text, parse_uuid},
};

const DEFAULT_LIFETIME_SECONDS: u64 = 7 * 86_400;
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 60..=366 * 86_400;

/// Answers devices that enrol and staff that lets them.
#[derive(Debug, Clone)]
pub struct EnrollmentGrpc {
    enrollment: Enrollment,
    access: Access,
    clock: Clock,
    interval: Duration,
}

impl EnrollmentGrpc {
    /// Answers with this service; `interval` is the pace that devices are told.
    pub fn new(enrollment: Enrollment, access: Access, clock: Clock, interval: Duration) -> Self {
        Self { enrollment, access, clock, interval }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis()).unwrap_or(0)
    }

    fn enrolled(&self, enrolled: Enrolled) -> v1::EnrollResponse {
        v1::EnrollResponse {
            device_id: enrolled.key.device.to_string(),
            municipality_id: enrolled.key.municipality.to_string(),
            certificate_der: enrolled.issued.certificate_der,
            ca_certificate_der: self.enrollment.authority().certificate().to_vec(),
            renew_after_time_ms: millis(enrolled.issued.renew_after),
            not_after_time_ms: millis(enrolled.issued.expires_at),
            mac_salt: enrolled.mac_salt,
            next_checkin_delay_ms: u32::try_from(self.interval.as_millis()).unwrap_or(u32::MAX),
            server_time_ms: self.now_ms(),
        }
    }

    fn token(&self, row: TokenRow) -> v1::EnrollmentToken {
        let state = match self.enrollment.token_state(&row) {
            TokenState::Active => v1::EnrollmentTokenState::Active,
            TokenState::Expired => v1::EnrollmentTokenState::Expired,
            TokenState::UsedUp => v1::EnrollmentTokenState::UsedUp,
            TokenState::Revoked => v1::EnrollmentTokenState::Revoked,
        };
        v1::EnrollmentToken {
            token_id: row.token_id.to_string(),
            municipality_id: row.municipality_id.to_string(),
            school_id: row.school_id.map(|id| id.to_string()).unwrap_or_default(),
            note: row.note,
            uses_allowed: u32::try_from(row.uses_allowed).unwrap_or(u32::MAX),
            uses_taken: u32::try_from(row.uses_taken).unwrap_or(u32::MAX),
            create_time: Some(Timestamp(row.created_at).to_proto()),
            expire_time: Some(Timestamp(row.expires_at).to_proto()),
            revoke_time: row.revoked_at.map(|at| Timestamp(at).to_proto()),
            state: i32::from(state),
        }
    }
}

fn millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0)
}

#[tonic::async_trait]
impl EnrollmentService for EnrollmentGrpc {
    async fn enroll(&self, request: Request<v1::EnrollRequest>) -> Result<Response<v1::EnrollResponse>, Status> {
        let request = request.into_inner();
        let instance = Uuid::from_slice(&request.instance_id)
            .ok()
            .filter(|id| !id.is_nil())
            .ok_or_else(|| Error::invalid_field("instance_id", say::instance_id()))?;
        let enrolled =
            self.enrollment.enroll(&request.token, &request.csr_der, instance, request.facts.as_ref()).await?;
        Ok(Response::new(self.enrolled(enrolled)))
    }

    async fn renew_certificate(
        &self,
        request: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        let device = caller::device(request.extensions(), &self.clock)?;
        let request = request.into_inner();
        let enrolled = self.enrollment.renew(device, &request.csr_der, request.separate_identity).await?;
        let answer = self.enrolled(enrolled);
        Ok(Response::new(v1::RenewCertificateResponse {
            device_id: answer.device_id,
            certificate_der: answer.certificate_der,
            ca_certificate_der: answer.ca_certificate_der,
            renew_after_time_ms: answer.renew_after_time_ms,
            not_after_time_ms: answer.not_after_time_ms,
            server_time_ms: answer.server_time_ms,
        }))
    }

    async fn create_enrollment_token(
        &self,
        request: Request<v1::CreateEnrollmentTokenRequest>,
    ) -> Result<Response<v1::CreateEnrollmentTokenResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let order = token_order(request.into_inner())?;
        let (row, token) = self.enrollment.create_token(&staff, order).await?;
        Ok(Response::new(v1::CreateEnrollmentTokenResponse {
            enrollment_token: Some(self.token(row)),
            token,
            ca_sha256: self.enrollment.authority().sha256(),
        }))
    }

    async fn list_enrollment_tokens(
        &self,
        request: Request<v1::ListEnrollmentTokensRequest>,
    ) -> Result<Response<v1::ListEnrollmentTokensResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?.map(MunicipalityId);
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_time_and_id(&request.page_token)?.unwrap_or((i64::MAX, Uuid::max()));
        let rows = self.enrollment.list_tokens(&staff, owner, before, limit).await?;
        let next_page_token = page::next(&rows, limit, |row| {
            page::write_token(&[&row.created_at.to_be_bytes(), row.token_id.as_bytes()])
        });
        let enrollment_tokens = rows.into_iter().map(|row| self.token(row)).collect();
        Ok(Response::new(v1::ListEnrollmentTokensResponse { enrollment_tokens, next_page_token }))
    }

    async fn revoke_enrollment_token(
        &self,
        request: Request<v1::RevokeEnrollmentTokenRequest>,
    ) -> Result<Response<v1::RevokeEnrollmentTokenResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let municipality = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
        let token = page::field(parse_uuid("token_id", &request.token_id))?;
        let row = self.enrollment.revoke_token(&staff, MunicipalityId(municipality), token).await?;
        Ok(Response::new(v1::RevokeEnrollmentTokenResponse { enrollment_token: Some(self.token(row)) }))
    }
}

fn token_order(request: v1::CreateEnrollmentTokenRequest) -> ServerResult<TokenOrder> {
    let mut refused = Vec::new();
    let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
    let municipality = page::collect(parse_uuid("municipality_id", &request.municipality_id), &mut refused);
    let school = page::collect(parse_optional_uuid("school_id", &request.school_id), &mut refused).flatten();
    let note = page::collect(parse_text("note", &request.note, 200), &mut refused);
    let uses = request.uses_allowed.max(1);
    if uses > 100_000 {
        refused.push(FieldViolation::new("uses_allowed", fields::too_large(uses, "100,000")));
    }
    let seconds = if request.lifetime_seconds == 0 { DEFAULT_LIFETIME_SECONDS } else { request.lifetime_seconds };
    if !LIFETIME_SECONDS.contains(&seconds) {
        refused.push(FieldViolation::new("lifetime_seconds", fields::lifetime(seconds)));
    }
    let (Some(municipality), Some(note), true) = (municipality, note, refused.is_empty()) else {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    };
    Ok(TokenOrder {
        id,
        municipality: MunicipalityId(municipality),
        school: school.map(SchoolId),
        note,
        uses_allowed: i64::from(uses),
        lifetime: Duration::from_secs(seconds),
    })
}
