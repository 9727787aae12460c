//! Photos of a report: whoever has its link sends a few with it, and sees what is attached for them.

use bytes::Bytes;

use super::{Phone, report_unknown};
use crate::{
    access::rules::Staff,
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        attachments::service::{Accepted, AttachmentId, AttachmentRow, Attachments, HandedIn},
        phone::rules::PHOTOS,
        rules::TicketId,
        service::Named,
        store as tickets,
    },
};

impl Phone {
    /// Who reports through a link, and which ticket it is. Reason: REPORT_UNKNOWN.
    async fn reporter_of(&self, link: &str) -> Result<(Staff, MunicipalityId, TicketId)> {
        let (owner, ticket) = self.key.followed(link).ok_or_else(report_unknown)?;
        let mut tx = self.db.read().await?;
        let row = tickets::find(&mut tx, owner, ticket).await?.ok_or_else(report_unknown)?;
        Ok((Staff::reporter(owner, row.school_id.map(SchoolId)), owner, ticket))
    }

    /// Counts a photo before it is read. Reasons: REPORT_UNKNOWN, REPORTS_LIMITED.
    pub async fn count_photo(&self, link: &str) -> Result<()> {
        let (owner, ticket) = self.key.followed(link).ok_or_else(report_unknown)?;
        self.take_place(owner, &[(format!("photos {ticket}"), PHOTOS)]).await
    }

    /// Adds a photo to a report. What the phone calls it is not kept: it may be a name. The same photo again is there already.
    ///
    /// # Errors
    /// REPORT_UNKNOWN and those of [`Attachments::add`].
    pub async fn add_photo(
        &self,
        attachments: &Attachments,
        link: &str,
        number: usize,
        content: Vec<u8>,
    ) -> Result<()> {
        let (reporter, owner, ticket) = self.reporter_of(link).await?;
        let name = format!("photo-{number}.jpg");
        let file = HandedIn { name, content, is_for_caller: true, accepted: Accepted::Pictures };
        attachments.add(&reporter, owner, Named::Id(ticket), file).await.map(|_| ())
    }

    /// What is attached for whoever reported. Reasons: REPORT_UNKNOWN, ATTACHMENT_NOT_FOUND.
    pub async fn open_file(
        &self,
        attachments: &Attachments,
        link: &str,
        attachment: AttachmentId,
    ) -> Result<(AttachmentRow, Bytes)> {
        let (reporter, owner, ticket) = self.reporter_of(link).await?;
        attachments.open(&reporter, owner, Named::Id(ticket), attachment).await
    }
}
