//! What is attached to a ticket.

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        files::read_file,
        json,
        output::{print, remark},
        table::{self, Column, time},
    },
    TicketArgs, find, word,
};

/// Bytes of one piece of a file.
const PIECE: usize = 256 << 10;

#[derive(Debug, Args)]
pub(super) struct AttachArgs {
    #[command(flatten)]
    ticket: TicketArgs,
    /// Pictures (JPEG, PNG, WebP, GIF) or plain texts (.txt, .log).
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Among staff only: whoever reported the ticket does not see it.
    #[arg(long)]
    internal: bool,
}

#[derive(Debug, Args)]
pub(super) struct AttachmentArgs {
    #[command(flatten)]
    ticket: TicketArgs,
    /// Id of the attachment, as `tickets show` gives it.
    #[arg(value_name = "ID")]
    attachment: String,
    /// File that is written; one that is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    #[command(flatten)]
    ticket: TicketArgs,
    /// Id of the attachment, as `tickets show` gives it.
    #[arg(value_name = "ID")]
    attachment: String,
}

pub(super) async fn attach(client: &Client, args: AttachArgs, as_json: bool) -> Result<()> {
    let ticket = promised(find(client, &args.ticket).await?.ticket)?;
    let mut attached = Vec::new();
    for file in &args.files {
        let content = read_file(file)?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let new = v1::NewTicketAttachment {
            municipality_id: ticket.municipality_id.clone(),
            ticket_id: ticket.ticket_id.clone(),
            name,
            is_internal: args.internal,
        };
        let first = v1::AddTicketAttachmentRequest { attachment: Some(new), content: Vec::new() };
        let rest: Vec<_> = content
            .chunks(PIECE)
            .map(|piece| v1::AddTicketAttachmentRequest { attachment: None, content: piece.to_vec() })
            .collect();
        let pieces = tokio_stream::iter(std::iter::once(first).chain(rest));
        attached.push(promised(answer(client.tickets().add_ticket_attachment(pieces)).await?.attachment)?);
    }
    match as_json {
        true => print(json::pretty(&json::list("attachments", attached, json::attachment))),
        false => list(attached),
    }
}

pub(super) async fn get(client: &Client, args: AttachmentArgs, as_json: bool) -> Result<()> {
    let ticket = promised(find(client, &args.ticket).await?.ticket)?;
    let request = v1::GetTicketAttachmentRequest {
        municipality_id: ticket.municipality_id,
        ticket_id: ticket.ticket_id,
        attachment_id: args.attachment,
    };
    let found = answer(client.tickets().get_ticket_attachment(request)).await?;
    let output = args.out.display();
    let unwritable = |error: std::io::Error| {
        Failure::told(format!("the file {output} cannot be written: {error}"), "name another one with --out")
    };
    let mut file = std::fs::File::create_new(&args.out).map_err(unwritable)?;
    file.write_all(&found.content).map_err(unwritable)?;
    let attachment = promised(found.attachment)?;
    match as_json {
        true => print(json::pretty(&json::attachment(attachment))),
        false => {
            remark(&format!("wrote {} ({} bytes) to {output}", attachment.name, attachment.bytes));
            Ok(())
        }
    }
}

pub(super) async fn remove(client: &Client, args: RemoveArgs) -> Result<()> {
    let ticket = promised(find(client, &args.ticket).await?.ticket)?;
    let request = v1::RemoveTicketAttachmentRequest {
        municipality_id: ticket.municipality_id,
        ticket_id: ticket.ticket_id,
        attachment_id: args.attachment,
    };
    answer(client.tickets().remove_ticket_attachment(request)).await?;
    remark("removed the attachment");
    Ok(())
}

/// Prints what is attached, if something is.
pub(super) fn list(attachments: Vec<v1::TicketAttachment>) -> Result<()> {
    if attachments.is_empty() {
        return Ok(());
    }
    let columns = [
        Column::Text("ATTACHMENT"),
        Column::Text("NAME"),
        Column::Text("KIND"),
        Column::Number("BYTES"),
        Column::Text("WHO"),
        Column::Text("TIME"),
    ];
    let rows = attachments.into_iter().map(|one| {
        let kind = word(one.kind().as_str_name(), "TICKET_ATTACHMENT_KIND_");
        let at = time(one.create_time.as_ref());
        vec![one.attachment_id, one.name, kind, one.bytes.to_string(), one.actor_name, at]
    });
    print(table::table(&columns, rows.collect(), ""))
}
