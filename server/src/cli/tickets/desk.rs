//! Prepared answers, and tickets that somebody follows.

use std::path::PathBuf;

use clap::Subcommand;
use gigafleet_proto::v1;
use serde_json::json;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::{print, remark},
        table::{self, Column, or_absent, time},
    },
    TicketArgs, find,
};

#[derive(Debug, Subcommand)]
pub(super) enum DeskCommand {
    /// List the answers that are prepared.
    Replies {
        /// Those for the municipality with this code, and for all.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Prepare an answer; {number}, {school} and {subject} become those of the ticket.
    PrepareReply {
        /// What it is called.
        #[arg(value_name = "NAME")]
        name: String,
        /// A file with what it says.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// For tickets of the municipality with this code; without it for those of all.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// Id of the one that becomes this one.
        #[arg(long, value_name = "ID", default_value = "")]
        id: String,
    },
    /// Take a prepared answer away.
    DeleteReply {
        /// Its id.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Follow a ticket: what happens to it shows in `followed`.
    Follow(TicketArgs),
    /// Follow a ticket no longer.
    Unfollow(TicketArgs),
    /// List the tickets that you follow, those with news first.
    Followed,
}

pub(super) async fn run(client: &Client, command: DeskCommand, as_json: bool) -> Result<()> {
    match command {
        DeskCommand::Replies { municipality } => replies(client, municipality.as_deref(), as_json).await,
        DeskCommand::PrepareReply { name, file, municipality, id } => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| Failure::told(format!("{}: {error}", file.display()), "name a text file in UTF-8"))?;
            let municipality_id = client.municipality_id(municipality.as_deref()).await?;
            let reply = v1::PreparedReply { reply_id: id, municipality_id, name, text, ..Default::default() };
            let request = v1::KeepPreparedReplyRequest { reply: Some(reply) };
            let kept = promised(answer(client.tickets().keep_prepared_reply(request)).await?.reply)?;
            show(vec![kept], as_json)
        }
        DeskCommand::DeleteReply { id } => {
            answer(client.tickets().delete_prepared_reply(v1::DeletePreparedReplyRequest { reply_id: id })).await?;
            remark("the prepared answer is gone");
            Ok(())
        }
        DeskCommand::Follow(ticket) => follow(client, &ticket, false).await,
        DeskCommand::Unfollow(ticket) => follow(client, &ticket, true).await,
        DeskCommand::Followed => followed(client, as_json).await,
    }
}

async fn replies(client: &Client, municipality: Option<&str>, as_json: bool) -> Result<()> {
    let request = v1::ListPreparedRepliesRequest { municipality_id: client.municipality_id(municipality).await? };
    show(answer(client.tickets().list_prepared_replies(request)).await?.replies, as_json)
}

fn show(replies: Vec<v1::PreparedReply>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("replies", replies, |reply| {
            json!({
                "reply_id": reply.reply_id, "municipality_id": reply.municipality_id, "name": reply.name,
                "text": reply.text, "changed_by": reply.changed_by, "change_time": time(reply.change_time.as_ref()),
            })
        })));
    }
    let rows = replies.into_iter().map(|reply| {
        let first = reply.text.lines().next().unwrap_or_default().to_owned();
        vec![reply.name, or_absent(Some(&reply.municipality_id)), first, reply.reply_id]
    });
    let columns = ["NAME", "MUNICIPALITY", "TEXT", "ID"].map(Column::Text);
    print(table::table(&columns, rows.collect(), "no answer is prepared"))
}

async fn follow(client: &Client, ticket: &TicketArgs, stop: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let request = v1::FollowTicketRequest { municipality_id: read.municipality_id, ticket_id: read.ticket_id, stop };
    answer(client.tickets().follow_ticket(request)).await?;
    remark(if stop { "you follow it no longer" } else { "you follow it" });
    Ok(())
}

async fn followed(client: &Client, as_json: bool) -> Result<()> {
    let tickets = answer(client.tickets().list_followed_tickets(v1::ListFollowedTicketsRequest {})).await?.tickets;
    if as_json {
        return print(json::pretty(&json::list("tickets", tickets, |one| {
            let ticket = one.ticket.map(json::ticket);
            json!({ "ticket": ticket, "is_news": one.is_news, "named_by": one.named_by })
        })));
    }
    let rows = tickets.into_iter().filter_map(|one| {
        let ticket = one.ticket?;
        let news = one.is_news.then_some("new");
        Some(vec![ticket.number.to_string(), ticket.subject, or_absent(news), or_absent(Some(&one.named_by))])
    });
    let columns = [Column::Number("NO"), Column::Text("SUBJECT"), Column::Text("NEWS"), Column::Text("NAMED BY")];
    print(table::table(&columns, rows.collect(), "you follow no ticket"))
}
