//! Prepared answers, followed tickets and who looks, in the words of the contract.

use gigafleet_proto::v1;

use super::{
    TicketGrpc,
    messages::{message, text, time},
    orders::{place, refused},
};
use crate::{
    access::rules::Staff,
    error::Result,
    grpc::page,
    schools::rules::{MunicipalityId, parse_optional_uuid, parse_uuid},
    tickets::{
        desk::{
            rules::ReplyId,
            service::{Followed, ReplyOrder},
            store::ReplyRow,
        },
        service::Named,
    },
};

fn reply_message(row: ReplyRow) -> v1::PreparedReply {
    v1::PreparedReply {
        reply_id: row.reply_id.to_string(),
        municipality_id: text(row.municipality_id),
        name: row.name,
        text: row.body,
        changed_by: row.changed_by,
        change_time: time(Some(row.changed_at)),
    }
}

fn order_of(reply: v1::PreparedReply) -> Result<ReplyOrder> {
    let mut wrong = Vec::new();
    let id = page::collect(parse_optional_uuid("reply_id", &reply.reply_id), &mut wrong);
    let owner = page::collect(parse_optional_uuid("municipality_id", &reply.municipality_id), &mut wrong);
    match (id, owner) {
        (Some(id), Some(owner)) => {
            Ok(ReplyOrder { id: id.map(ReplyId), owner: owner.map(MunicipalityId), name: reply.name, text: reply.text })
        }
        _ => Err(refused(wrong)),
    }
}

fn followed_message(followed: Followed) -> v1::FollowedTicket {
    v1::FollowedTicket {
        ticket: Some(message(followed.ticket, false)),
        is_news: followed.is_news,
        named_by: followed.named_by.unwrap_or_default(),
    }
}

impl TicketGrpc {
    pub(super) async fn replies(
        &self,
        staff: &Staff,
        request: v1::ListPreparedRepliesRequest,
    ) -> Result<v1::ListPreparedRepliesResponse> {
        let owner = page::field(parse_optional_uuid("municipality_id", &request.municipality_id))?;
        let replies = self.tickets.replies(staff, owner.map(MunicipalityId)).await?;
        Ok(v1::ListPreparedRepliesResponse { replies: replies.into_iter().map(reply_message).collect() })
    }

    pub(super) async fn keep_the_reply(
        &self,
        staff: &Staff,
        request: v1::KeepPreparedReplyRequest,
    ) -> Result<v1::KeepPreparedReplyResponse> {
        let order = order_of(request.reply.unwrap_or_default())?;
        let reply = self.tickets.keep_reply(staff, order).await?;
        Ok(v1::KeepPreparedReplyResponse { reply: Some(reply_message(reply)) })
    }

    pub(super) async fn delete_the_reply(
        &self,
        staff: &Staff,
        request: v1::DeletePreparedReplyRequest,
    ) -> Result<v1::DeletePreparedReplyResponse> {
        let id = page::field(parse_uuid("reply_id", &request.reply_id))?;
        self.tickets.delete_reply(staff, ReplyId(id)).await?;
        Ok(v1::DeletePreparedReplyResponse {})
    }

    pub(super) async fn follow(
        &self,
        staff: &Staff,
        request: v1::FollowTicketRequest,
    ) -> Result<v1::FollowTicketResponse> {
        let (owner, ticket) = place(&request.municipality_id, &request.ticket_id)?;
        self.tickets.follow(staff, owner, Named::Id(ticket), !request.stop).await?;
        Ok(v1::FollowTicketResponse {})
    }

    pub(super) async fn followed(&self, staff: &Staff) -> Result<v1::ListFollowedTicketsResponse> {
        let tickets = self.tickets.followed(staff).await?.into_iter().map(followed_message).collect();
        Ok(v1::ListFollowedTicketsResponse { tickets })
    }

    pub(super) async fn look(
        &self,
        staff: &Staff,
        request: v1::LookAtTicketRequest,
    ) -> Result<v1::LookAtTicketResponse> {
        let (owner, ticket) = place(&request.municipality_id, &request.ticket_id)?;
        let others = self.tickets.look(staff, owner, Named::Id(ticket)).await?.into_iter();
        let lookers = others.map(|(id, name)| v1::TicketLooker { staff_id: id.to_string(), name }).collect();
        Ok(v1::LookAtTicketResponse { lookers })
    }
}
