//! One thing done with all tickets of an incident.

use clap::{Args, Subcommand};
use gigafleet_proto::v1::{self, change_tickets_request::Verb};
use uuid::Uuid;

use super::{
    super::{
        client::{Client, answer},
        failure::Result,
        output::remark,
    },
    show_rows,
};

#[derive(Debug, Args)]
pub(super) struct OfIncidentArgs {
    /// Id of the incident.
    #[arg(value_name = "ID")]
    incident: String,
    #[command(subcommand)]
    verb: OfIncidentCommand,
}

#[derive(Debug, Subcommand)]
enum OfIncidentCommand {
    /// Answer all callers.
    Reply {
        /// The text.
        text: String,
    },
    /// Write something among staff.
    Note {
        /// The text.
        text: String,
    },
    /// Say that the trouble is over, and what it was.
    Resolve {
        /// The text.
        text: String,
    },
    /// Say that all are done.
    Close,
}

pub(super) async fn of_incident(client: &Client, args: OfIncidentArgs, as_json: bool) -> Result<()> {
    let verb = match args.verb {
        OfIncidentCommand::Reply { text } => Verb::Reply(v1::ReplyTicket { text }),
        OfIncidentCommand::Note { text } => Verb::Note(v1::NoteTicket { text }),
        OfIncidentCommand::Resolve { text } => Verb::Resolve(v1::ResolveTicket { text }),
        OfIncidentCommand::Close => Verb::Close(v1::CloseTicket {}),
    };
    // One request however many calls it takes, so that nobody is answered twice.
    let request = v1::ChangeTicketsRequest {
        request_id: Uuid::now_v7().to_string(),
        tickets: Vec::new(),
        incident_id: args.incident,
        verb: Some(verb),
    };
    let mut done = Vec::new();
    loop {
        let part = answer(client.tickets().change_tickets(request.clone())).await?;
        let before = done.len();
        for changed in part.changed {
            match changed.ticket {
                Some(ticket) => done.push(ticket),
                None => remark(&format!("ticket {}: {}", changed.ticket_id, changed.message)),
            }
        }
        // What was refused is asked for again: a part in which nothing was done is the last.
        if !part.has_more || done.len() == before {
            return show_rows(done, as_json);
        }
    }
}
