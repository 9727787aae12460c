//! StaffService.

use gigafleet_proto::v1::{self, staff_service_server::StaffService};
use tonic::{Request, Response, Status};

use super::{FROM_THE_YOUNGEST, grant_message, parse_place, parse_role, parse_time, time_message};
use crate::{
    access::{
        rules::{
            StaffId,
            fields::parse_name,
            fields::{parse_optional_uuid, parse_page_size, parse_uuid},
            grants::GrantOrder,
            names::{Language, parse_reason, parse_sign_in_name},
        },
        service::{
            Access,
            staff::{NewPerson, StaffView},
        },
    },
    clock::Clock,
    error::{Error, FieldViolation, Result as ServerResult},
    grpc::{caller, page},
};

/// Answers administrators about accounts and grants.
#[derive(Debug, Clone)]
pub struct StaffGrpc {
    access: Access,
    clock: Clock,
}

impl StaffGrpc {
    /// Answers with this service.
    pub fn new(access: Access, clock: Clock) -> Self {
        Self { access, clock }
    }

    fn member(&self, view: StaffView) -> v1::StaffMember {
        let now = self.clock.now();
        let row = view.row;
        v1::StaffMember {
            staff_id: row.staff_id.to_string(),
            sign_in_name: row.sign_in_name,
            display_name: row.display_name,
            language: row.language,
            has_password: row.password_hash.is_some(),
            has_second_factor: row.totp_confirmed,
            lock_end_time: time_message(row.locked_until.filter(|until| now.0 < *until)),
            create_time: time_message(Some(row.created_at)),
            sign_in_time: time_message(row.signed_in_at),
            disable_time: time_message(row.disabled_at),
            grants: view.grants.into_iter().map(|grant| grant_message(grant, now)).collect(),
            manageable: view.manageable,
            etag: row.version.to_string(),
        }
    }
}

fn staff_id(text: &str) -> ServerResult<StaffId> {
    page::field(parse_uuid("staff_id", text)).map(StaffId)
}

fn version(etag: &str) -> ServerResult<Option<i64>> {
    if etag.is_empty() {
        return Ok(None);
    }
    let version = etag.parse().map_err(|_| Error::invalid_field("etag", "is not an etag of an account"))?;
    Ok(Some(version))
}

#[tonic::async_trait]
impl StaffService for StaffGrpc {
    async fn create_staff(
        &self,
        request: Request<v1::CreateStaffRequest>,
    ) -> Result<Response<v1::CreateStaffResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let person = new_person(request.into_inner())?;
        let (view, link) = self.access.create_staff(&staff, person).await?;
        Ok(Response::new(v1::CreateStaffResponse { staff: Some(self.member(view)), link_path: link.path() }))
    }

    async fn list_staff(
        &self,
        request: Request<v1::ListStaffRequest>,
    ) -> Result<Response<v1::ListStaffResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let limit = page::field(parse_page_size(request.page_size))?;
        let after = page::read_text(&request.page_token)?;
        let rows = self.access.list_staff(&staff, &after, limit).await?;
        let next_page_token = page::next(&rows, limit, |view| page::write_token(&[view.row.sign_in_name.as_bytes()]));
        let staff = rows.into_iter().map(|view| self.member(view)).collect();
        Ok(Response::new(v1::ListStaffResponse { staff, next_page_token }))
    }

    async fn get_staff(&self, request: Request<v1::GetStaffRequest>) -> Result<Response<v1::GetStaffResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let view = self.access.get_staff(&staff, staff_id(&request.into_inner().staff_id)?).await?;
        Ok(Response::new(v1::GetStaffResponse { staff: Some(self.member(view)) }))
    }

    async fn disable_staff(
        &self,
        request: Request<v1::DisableStaffRequest>,
    ) -> Result<Response<v1::DisableStaffResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (id, seen) = (staff_id(&request.staff_id)?, version(&request.etag)?);
        let view = self.access.disable_staff(&staff, id, seen).await?;
        Ok(Response::new(v1::DisableStaffResponse { staff: Some(self.member(view)) }))
    }

    async fn enable_staff(
        &self,
        request: Request<v1::EnableStaffRequest>,
    ) -> Result<Response<v1::EnableStaffResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (id, seen) = (staff_id(&request.staff_id)?, version(&request.etag)?);
        let view = self.access.enable_staff(&staff, id, seen).await?;
        Ok(Response::new(v1::EnableStaffResponse { staff: Some(self.member(view)) }))
    }

    async fn reset_password(
        &self,
        request: Request<v1::ResetPasswordRequest>,
    ) -> Result<Response<v1::ResetPasswordResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let link = self.access.reset_staff(&staff, staff_id(&request.into_inner().staff_id)?, false).await?;
        Ok(Response::new(v1::ResetPasswordResponse { link_path: link.path() }))
    }

    async fn reset_second_factor(
        &self,
        request: Request<v1::ResetSecondFactorRequest>,
    ) -> Result<Response<v1::ResetSecondFactorResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let link = self.access.reset_staff(&staff, staff_id(&request.into_inner().staff_id)?, true).await?;
        Ok(Response::new(v1::ResetSecondFactorResponse { link_path: link.path() }))
    }

    async fn grant_role(
        &self,
        request: Request<v1::GrantRoleRequest>,
    ) -> Result<Response<v1::GrantRoleResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut refused = Vec::new();
        let id = page::collect(parse_uuid("staff_id", &request.staff_id), &mut refused).map(StaffId);
        let grant_id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
        let order = grant_order(request.grant.unwrap_or_default(), &mut refused);
        let (Some(id), Some(order), true) = (id, order, refused.is_empty()) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused).into());
        };
        let row = self.access.grant_role(&staff, id, GrantOrder { id: grant_id, ..order }).await?;
        Ok(Response::new(v1::GrantRoleResponse { grant: Some(grant_message(row, self.clock.now())) }))
    }

    async fn revoke_grant(
        &self,
        request: Request<v1::RevokeGrantRequest>,
    ) -> Result<Response<v1::RevokeGrantResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let id = page::field(parse_uuid("grant_id", &request.into_inner().grant_id))?;
        let row = self.access.revoke_grant(&staff, id).await?;
        Ok(Response::new(v1::RevokeGrantResponse { grant: Some(grant_message(row, self.clock.now())) }))
    }

    async fn list_grants(
        &self,
        request: Request<v1::ListGrantsRequest>,
    ) -> Result<Response<v1::ListGrantsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let of = page::field(parse_optional_uuid("staff_id", &request.staff_id))?.map(StaffId);
        let limit = page::field(parse_page_size(request.page_size))?;
        let before = page::read_time_and_id(&request.page_token)?.unwrap_or(FROM_THE_YOUNGEST);
        let rows = self.access.list_grants(&staff, of, before, limit).await?;
        let next_page_token = page::next(&rows, limit, |row| {
            page::write_token(&[&row.granted_at.to_be_bytes(), row.grant_id.as_bytes()])
        });
        let now = self.clock.now();
        let grants = rows.into_iter().map(|row| grant_message(row, now)).collect();
        Ok(Response::new(v1::ListGrantsResponse { grants, next_page_token }))
    }
}

fn grant_order(order: v1::GrantOrder, refused: &mut Vec<FieldViolation>) -> Option<GrantOrder> {
    let role = page::collect(parse_role(order.role()), refused);
    let place = page::collect(parse_place(order.place), refused);
    let reason = page::collect(parse_reason("reason", &order.reason), refused);
    let starts_at = page::collect(parse_time("start_time", order.start_time), refused);
    let ends_at = page::collect(parse_time("end_time", order.end_time), refused);
    Some(GrantOrder { id: None, role: role?, place: place?, reason: reason?, starts_at: starts_at?, ends_at: ends_at? })
}

fn new_person(request: v1::CreateStaffRequest) -> ServerResult<NewPerson> {
    let mut refused = Vec::new();
    let id = page::collect(parse_optional_uuid("request_id", &request.request_id), &mut refused).flatten();
    let sign_in_name = page::collect(parse_sign_in_name("sign_in_name", &request.sign_in_name), &mut refused);
    let display_name = page::collect(parse_name("display_name", &request.display_name), &mut refused);
    if !["", "ja", "en"].contains(&request.language.as_str()) {
        refused.push(FieldViolation::new("language", "needs ja or en"));
    }
    let grant = request.grant.and_then(|grant| grant_order(grant, &mut refused));
    let (Some(sign_in_name), Some(display_name), true) = (sign_in_name, display_name, refused.is_empty()) else {
        return Err(Error::invalid_fields("FIELD_INVALID", refused));
    };
    Ok(NewPerson { id, sign_in_name, display_name, language: Language::from_code(&request.language), grant })
}
