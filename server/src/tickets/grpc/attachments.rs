//! Attachments of the contract.

use gigafleet_proto::v1;
use tokio_stream::StreamExt as _;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{messages::time, orders::refused};
use crate::{
    access::rules::Staff,
    error::{Error, Result as OwnResult, says::files as say_files},
    grpc::page,
    schools::rules::{MunicipalityId, parse_uuid},
    tickets::{
        attachments::{
            rules::{MOST_BYTES, too_large},
            service::{Accepted, AttachmentId, AttachmentRow, Attachments, HandedIn},
        },
        rules::TicketId,
        service::Named,
    },
};

/// Most bytes of one piece of a file.
const PIECE_BYTES: usize = 512 << 10;

/// A ticket's owner, the ticket and one of its attachments.
pub(super) fn place(
    municipality: &str,
    ticket: &str,
    attachment: &str,
) -> OwnResult<(MunicipalityId, Named, AttachmentId)> {
    let mut wrong = Vec::new();
    let owner = page::collect(parse_uuid("municipality_id", municipality), &mut wrong);
    let ticket = page::collect(parse_uuid("ticket_id", ticket), &mut wrong);
    let attachment = page::collect(parse_uuid("attachment_id", attachment), &mut wrong);
    match (owner, ticket, attachment) {
        (Some(owner), Some(ticket), Some(attachment)) => {
            Ok((MunicipalityId(owner), Named::Id(TicketId(ticket)), AttachmentId(attachment)))
        }
        _ => Err(refused(wrong)),
    }
}

pub(super) fn message(row: AttachmentRow) -> v1::TicketAttachment {
    let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    v1::TicketAttachment {
        attachment_id: row.attachment_id.to_string(),
        event_number: small(row.event_number),
        name: row.name,
        kind: row.kind.into(),
        bytes: row.bytes.unsigned_abs(),
        width: small(row.width),
        height: small(row.height),
        sha256: row.sha256,
        actor_name: row.actor_name,
        is_for_caller: row.is_for_caller,
        create_time: time(Some(row.created_at)),
    }
}

/// Reads a file piece by piece and attaches it. Whoever may not is refused before the pieces are read.
pub(super) async fn add(
    attachments: &Attachments,
    staff: &Staff,
    mut pieces: Streaming<v1::AddTicketAttachmentRequest>,
) -> Result<v1::TicketAttachment, Status> {
    let missing = || Error::invalid_field("attachment", say_files::first_message_missing());
    let first = pieces.next().await.transpose()?.ok_or_else(missing)?;
    let new = first.attachment.ok_or_else(missing)?;
    let (owner, named, _) = place(&new.municipality_id, &new.ticket_id, &Uuid::nil().to_string())?;
    let is_for_caller = !new.is_internal;
    attachments.may_add(staff, owner, named, is_for_caller).await?;
    let _place = attachments.place_to_read().await;
    let mut content = Vec::new();
    let mut piece = first.content;
    loop {
        if piece.len() > PIECE_BYTES {
            return Err(Error::invalid_field("content", say_files::piece_too_large(PIECE_BYTES)).into());
        }
        if content.len() + piece.len() > MOST_BYTES {
            return Err(too_large().into());
        }
        content.extend_from_slice(&piece);
        let Some(next) = pieces.next().await.transpose()? else { break };
        if next.attachment.is_some() {
            return Err(Error::invalid_field("attachment", say_files::first_message_only()).into());
        }
        piece = next.content;
    }
    let file = HandedIn { name: new.name, content, is_for_caller, accepted: Accepted::PicturesAndTexts };
    Ok(message(attachments.add(staff, owner, named, file).await?))
}
