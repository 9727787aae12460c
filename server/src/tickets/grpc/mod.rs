//! TicketService: the queue, one ticket, one verb on one or many. What is asked becomes an order (`orders`),
//! what is answered a message (`messages`).

mod attachments;
pub mod causes;
mod desk;
mod failures;
mod figures;
pub mod health;
mod legs;
mod many;
mod messages;
mod orders;
mod team;
mod views;

use gigafleet_proto::v1::{self, ticket_service_server::TicketService};
use tonic::{Request, Response, Status, Streaming};

use self::{
    messages::{event_message, found_message, message, promise_message},
    orders::{change_of, list_of, order_of, place, promise_of, refused},
};
use super::{
    attachments::service::Attachments,
    search::rules::{FoundPosition, TextQuery},
    service::{Named, SearchOrder, Tickets},
};
use crate::{
    access::{
        rules::{Right, days::parse_date},
        service::Access,
    },
    devices::grpc::encoding_of,
    error::{Error, says::tickets as say},
    grpc::{caller, page},
    schools::rules::{MunicipalityId, parse_optional_uuid, parse_page_size, parse_uuid},
};

/// Answers staff about tickets.
#[derive(Debug, Clone)]
pub struct TicketGrpc {
    tickets: Tickets,
    attachments: Attachments,
    access: Access,
}

impl TicketGrpc {
    /// Answers with this service.
    pub fn new(tickets: Tickets, attachments: Attachments, access: Access) -> Self {
        Self { tickets, attachments, access }
    }
}

#[tonic::async_trait]
impl TicketService for TicketGrpc {
    async fn create_ticket(
        &self,
        request: Request<v1::CreateTicketRequest>,
    ) -> Result<Response<v1::CreateTicketResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let (owner, order) = order_of(request.into_inner())?;
        let (ticket, is_new) = self.tickets.create(&staff, owner, order).await?;
        Ok(Response::new(v1::CreateTicketResponse { ticket: Some(message(ticket, true)), is_new }))
    }

    async fn get_ticket(
        &self,
        request: Request<v1::GetTicketRequest>,
    ) -> Result<Response<v1::GetTicketResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, named) = match request.number {
            0 => place(&request.municipality_id, &request.ticket_id).map(|(owner, id)| (owner, Named::Id(id)))?,
            number => {
                let owner = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
                (MunicipalityId(owner), Named::Number(i64::try_from(number).unwrap_or(i64::MAX)))
            }
        };
        let whole = self.tickets.get(&staff, owner, named).await?;
        Ok(Response::new(v1::GetTicketResponse {
            ticket: Some(message(whole.ticket, true)),
            events: whole.events.into_iter().map(event_message).collect(),
            merged: whole.merged.into_iter().map(|view| message(view, false)).collect(),
            attachments: whole.attachments.into_iter().map(attachments::message).collect(),
        }))
    }

    async fn list_tickets(
        &self,
        request: Request<v1::ListTicketsRequest>,
    ) -> Result<Response<v1::ListTicketsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let order = list_of(request.into_inner())?;
        let limit = order.limit;
        let views = self.tickets.list(&staff, order).await?;
        let next_page_token = page::next(&views, limit, |view| {
            page::write_token(&[&view.row.queue_key.to_be_bytes(), view.row.ticket_id.as_bytes()])
        });
        let tickets = views.into_iter().map(|view| message(view, false)).collect();
        Ok(Response::new(v1::ListTicketsResponse { tickets, next_page_token }))
    }

    async fn search_tickets(
        &self,
        request: Request<v1::SearchTicketsRequest>,
    ) -> Result<Response<v1::SearchTicketsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let mut wrong = Vec::new();
        let owner = page::collect(parse_optional_uuid("municipality_id", &request.municipality_id), &mut wrong);
        let query = page::collect(TextQuery::parse("text", &request.text), &mut wrong);
        let limit = page::collect(parse_page_size(request.page_size), &mut wrong);
        let filter = views::filter_of(request.filter.unwrap_or_default());
        let filter = filter.map_err(|other| wrong.extend(other)).ok();
        let (Some(owner), Some(text), Some(limit), Some(mut filter)) = (owner, query, limit, filter) else {
            return Err(refused(wrong).into());
        };
        if filter.owner.is_some() && owner.is_some() && filter.owner != owner {
            return Err(Error::invalid_field("filter.municipality_id", say::other_owner()).into());
        }
        filter.owner = filter.owner.or(owner);
        let behind = page::read_time_and_id(&request.page_token)?;
        let behind = behind.map(|(changed_at, ticket)| FoundPosition { changed_at, ticket });
        let found = self.tickets.search(&staff, &SearchOrder { text, filter, behind, limit }).await?;
        let next = found.next.map(|next| page::write_token(&[&next.changed_at.to_be_bytes(), next.ticket.as_bytes()]));
        let next_page_token = next.unwrap_or_default();
        let found = found.tickets.into_iter().map(found_message).collect();
        Ok(Response::new(v1::SearchTicketsResponse { found, next_page_token }))
    }

    async fn change_ticket(
        &self,
        request: Request<v1::ChangeTicketRequest>,
    ) -> Result<Response<v1::ChangeTicketResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let place = place(&request.municipality_id, &request.ticket_id)?;
        let change = change_of(request.verb)?;
        let version = i64::try_from(request.version).unwrap_or(i64::MAX);
        let view = self.tickets.change(&staff, place, version, change).await?;
        Ok(Response::new(v1::ChangeTicketResponse { ticket: Some(message(view, true)) }))
    }

    async fn change_tickets(
        &self,
        request: Request<v1::ChangeTicketsRequest>,
    ) -> Result<Response<v1::ChangeTicketsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let order = many::order_of(request.into_inner())?;
        let (changed, has_more) = self.tickets.change_many(&staff, &order).await?;
        let changed = changed.into_iter().map(many::changed_message).collect();
        Ok(Response::new(v1::ChangeTicketsResponse { changed, has_more }))
    }

    async fn list_ticket_views(
        &self,
        request: Request<v1::ListTicketViewsRequest>,
    ) -> Result<Response<v1::ListTicketViewsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let views = self.tickets.views(&staff).await?;
        let views = views.into_iter().map(views::view_message).collect();
        Ok(Response::new(v1::ListTicketViewsResponse { views }))
    }

    async fn keep_ticket_view(
        &self,
        request: Request<v1::KeepTicketViewRequest>,
    ) -> Result<Response<v1::KeepTicketViewResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let order = views::order_of(request.into_inner())?;
        let view = self.tickets.keep_view(&staff, order).await?;
        Ok(Response::new(v1::KeepTicketViewResponse { view: Some(views::view_message(view)) }))
    }

    async fn delete_ticket_view(
        &self,
        request: Request<v1::DeleteTicketViewRequest>,
    ) -> Result<Response<v1::DeleteTicketViewResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let view = page::field(parse_uuid("view_id", &request.get_ref().view_id))?;
        self.tickets.delete_view(&staff, view).await?;
        Ok(Response::new(v1::DeleteTicketViewResponse {}))
    }

    async fn get_ticket_promise(
        &self,
        request: Request<v1::GetTicketPromiseRequest>,
    ) -> Result<Response<v1::GetTicketPromiseResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
        let day = match request.date.as_str() {
            "" => None,
            date => Some(page::field(parse_date("date", date))?),
        };
        let promise = self.tickets.promise(&staff, MunicipalityId(owner), day).await?;
        Ok(Response::new(v1::GetTicketPromiseResponse { promise: Some(promise_message(promise)) }))
    }

    async fn get_ticket_figures(
        &self,
        request: Request<v1::GetTicketFiguresRequest>,
    ) -> Result<Response<v1::GetTicketFiguresResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let order = figures::order_of(&request)?;
        if !request.as_file {
            let report = self.tickets.figures(&staff, order).await?;
            return Ok(Response::new(figures::report_message(&report)));
        }
        let report = self.tickets.export_figures(&staff, order).await?;
        let (file, replaced_count) = report.file(encoding_of(request.encoding()));
        Ok(Response::new(v1::GetTicketFiguresResponse { file, replaced_count, ..figures::report_message(&report) }))
    }

    async fn get_failure_rates(
        &self,
        request: Request<v1::GetFailureRatesRequest>,
    ) -> Result<Response<v1::GetFailureRatesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let order = failures::order_of(&request)?;
        let report = match request.as_file {
            true => self.tickets.export_failures(&staff, order).await?,
            false => self.tickets.failures(&staff, order).await?,
        };
        let alarms = self.tickets.failure_alarms(&staff, Right::ViewFigures, order.owner).await?;
        let mut message = failures::report_message(&report, &alarms);
        if request.as_file {
            (message.file, message.replaced_count) = report.file(encoding_of(request.encoding()));
        }
        Ok(Response::new(message))
    }

    async fn get_device_health_policy(
        &self,
        request: Request<v1::GetDeviceHealthPolicyRequest>,
    ) -> Result<Response<v1::GetDeviceHealthPolicyResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let owner = page::field(parse_uuid("municipality_id", &request.get_ref().municipality_id))?;
        let policy = self.tickets.health_policy(&staff, MunicipalityId(owner)).await?;
        Ok(Response::new(v1::GetDeviceHealthPolicyResponse { policy: Some(health::policy_message(policy)) }))
    }

    async fn set_device_health_policy(
        &self,
        request: Request<v1::SetDeviceHealthPolicyRequest>,
    ) -> Result<Response<v1::SetDeviceHealthPolicyResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
        let policy = health::policy_of(request.policy.unwrap_or_default());
        self.tickets.set_health_policy(&staff, MunicipalityId(owner), policy).await?;
        Ok(Response::new(v1::SetDeviceHealthPolicyResponse {}))
    }

    async fn try_device_health_policy(
        &self,
        request: Request<v1::TryDeviceHealthPolicyRequest>,
    ) -> Result<Response<v1::TryDeviceHealthPolicyResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(health::try_policy(&self.tickets, &staff, request.into_inner()).await?))
    }

    async fn set_ticket_promise(
        &self,
        request: Request<v1::SetTicketPromiseRequest>,
    ) -> Result<Response<v1::SetTicketPromiseResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let owner = page::field(parse_uuid("municipality_id", &request.municipality_id))?;
        let from = page::field(parse_date("valid_from_date", &request.valid_from_date))?;
        let promise = promise_of(request.promise.unwrap_or_default())?;
        self.tickets.set_promise(&staff, MunicipalityId(owner), from, promise).await?;
        Ok(Response::new(v1::SetTicketPromiseResponse {}))
    }

    async fn get_ticket_suggestions(
        &self,
        request: Request<v1::GetTicketSuggestionsRequest>,
    ) -> Result<Response<v1::GetTicketSuggestionsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(causes::suggestions(&self.tickets, &staff, request.get_ref()).await?))
    }

    async fn get_cause_rules(
        &self,
        request: Request<v1::GetCauseRulesRequest>,
    ) -> Result<Response<v1::GetCauseRulesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(causes::rules(&self.tickets, &staff, request.get_ref()).await?))
    }

    async fn set_cause_rules(
        &self,
        request: Request<v1::SetCauseRulesRequest>,
    ) -> Result<Response<v1::SetCauseRulesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(causes::set_rules(&self.tickets, &staff, request.into_inner()).await?))
    }

    async fn try_cause_rules(
        &self,
        request: Request<v1::TryCauseRulesRequest>,
    ) -> Result<Response<v1::TryCauseRulesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(causes::try_rules(&self.tickets, &staff, request.into_inner()).await?))
    }

    async fn suggest_duplicates(
        &self,
        request: Request<v1::SuggestDuplicatesRequest>,
    ) -> Result<Response<v1::SuggestDuplicatesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(causes::duplicates(&self.tickets, &staff, request.get_ref()).await?))
    }

    async fn list_spares(
        &self,
        request: Request<v1::ListSparesRequest>,
    ) -> Result<Response<v1::ListSparesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.spares(&staff, request.get_ref()).await?))
    }

    async fn swap_with_spare(
        &self,
        request: Request<v1::SwapWithSpareRequest>,
    ) -> Result<Response<v1::SwapWithSpareResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.swap(&staff, request.get_ref()).await?))
    }

    async fn get_ticket_legs(
        &self,
        request: Request<v1::GetTicketLegsRequest>,
    ) -> Result<Response<v1::GetTicketLegsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.legs(&staff, request.get_ref()).await?))
    }

    async fn start_repair(
        &self,
        request: Request<v1::StartRepairRequest>,
    ) -> Result<Response<v1::StartRepairResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.start(&staff, request.into_inner()).await?))
    }

    async fn change_repair(
        &self,
        request: Request<v1::ChangeRepairRequest>,
    ) -> Result<Response<v1::ChangeRepairResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.change_the_repair(&staff, request.into_inner()).await?))
    }

    async fn end_repair(
        &self,
        request: Request<v1::EndRepairRequest>,
    ) -> Result<Response<v1::EndRepairResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.end_the_repair(&staff, request.into_inner()).await?))
    }

    async fn record_loss(
        &self,
        request: Request<v1::RecordLossRequest>,
    ) -> Result<Response<v1::RecordLossResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.record_the_loss(&staff, request.into_inner()).await?))
    }

    async fn end_loss(&self, request: Request<v1::EndLossRequest>) -> Result<Response<v1::EndLossResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.end_the_loss(&staff, request.get_ref()).await?))
    }

    async fn record_ticket_cost(
        &self,
        request: Request<v1::RecordTicketCostRequest>,
    ) -> Result<Response<v1::RecordTicketCostResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.record_the_cost(&staff, request.into_inner()).await?))
    }

    async fn list_ticket_costs(
        &self,
        request: Request<v1::ListTicketCostsRequest>,
    ) -> Result<Response<v1::ListTicketCostsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.costs(&staff, request.get_ref()).await?))
    }

    async fn add_ticket_attachment(
        &self,
        request: Request<Streaming<v1::AddTicketAttachmentRequest>>,
    ) -> Result<Response<v1::AddTicketAttachmentResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let attachment = attachments::add(&self.attachments, &staff, request.into_inner()).await?;
        Ok(Response::new(v1::AddTicketAttachmentResponse { attachment: Some(attachment) }))
    }

    async fn get_ticket_attachment(
        &self,
        request: Request<v1::GetTicketAttachmentRequest>,
    ) -> Result<Response<v1::GetTicketAttachmentResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, named, id) =
            attachments::place(&request.municipality_id, &request.ticket_id, &request.attachment_id)?;
        let (row, content) = self.attachments.open(&staff, owner, named, id).await?;
        let attachment = Some(attachments::message(row));
        Ok(Response::new(v1::GetTicketAttachmentResponse { attachment, content: content.to_vec() }))
    }

    async fn remove_ticket_attachment(
        &self,
        request: Request<v1::RemoveTicketAttachmentRequest>,
    ) -> Result<Response<v1::RemoveTicketAttachmentResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        let request = request.into_inner();
        let (owner, named, id) =
            attachments::place(&request.municipality_id, &request.ticket_id, &request.attachment_id)?;
        self.attachments.remove(&staff, owner, named, id).await?;
        Ok(Response::new(v1::RemoveTicketAttachmentResponse {}))
    }

    async fn list_prepared_replies(
        &self,
        request: Request<v1::ListPreparedRepliesRequest>,
    ) -> Result<Response<v1::ListPreparedRepliesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.replies(&staff, request.into_inner()).await?))
    }

    async fn keep_prepared_reply(
        &self,
        request: Request<v1::KeepPreparedReplyRequest>,
    ) -> Result<Response<v1::KeepPreparedReplyResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.keep_the_reply(&staff, request.into_inner()).await?))
    }

    async fn delete_prepared_reply(
        &self,
        request: Request<v1::DeletePreparedReplyRequest>,
    ) -> Result<Response<v1::DeletePreparedReplyResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.delete_the_reply(&staff, request.into_inner()).await?))
    }

    async fn follow_ticket(
        &self,
        request: Request<v1::FollowTicketRequest>,
    ) -> Result<Response<v1::FollowTicketResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.follow(&staff, request.into_inner()).await?))
    }

    async fn list_followed_tickets(
        &self,
        request: Request<v1::ListFollowedTicketsRequest>,
    ) -> Result<Response<v1::ListFollowedTicketsResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.followed(&staff).await?))
    }

    async fn look_at_ticket(
        &self,
        request: Request<v1::LookAtTicketRequest>,
    ) -> Result<Response<v1::LookAtTicketResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.look(&staff, request.into_inner()).await?))
    }

    async fn list_team(&self, request: Request<v1::ListTeamRequest>) -> Result<Response<v1::ListTeamResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.team(&staff, request.into_inner()).await?))
    }

    async fn set_team_profile(
        &self,
        request: Request<v1::SetTeamProfileRequest>,
    ) -> Result<Response<v1::SetTeamProfileResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.set_the_profile(&staff, request.into_inner()).await?))
    }

    async fn propose_assignees(
        &self,
        request: Request<v1::ProposeAssigneesRequest>,
    ) -> Result<Response<v1::ProposeAssigneesResponse>, Status> {
        let staff = caller::staff(request.metadata(), &self.access).await?;
        Ok(Response::new(self.proposals(&staff, request.into_inner()).await?))
    }
}
