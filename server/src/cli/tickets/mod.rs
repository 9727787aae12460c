//! `gigafleet tickets`: the queue, one ticket, and what is done with it.

use clap::{Args, Subcommand};
use gigafleet_proto::v1::{self, change_ticket_request::Verb};

mod attachments;
mod causes;
mod desk;
mod failures;
mod figures;
mod health;
mod legs;
mod many;
mod team;
mod views;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::Result,
    json,
    output::{print, remark},
    table::{self, ABSENT, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct TicketsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: TicketsCommand,
}

/// Which ticket: numbers are given by each municipality.
#[derive(Debug, Args)]
struct TicketArgs {
    /// Number of the ticket.
    #[arg(value_name = "NUMBER")]
    number: u64,
    /// Code of the municipality.
    #[arg(long, value_name = "CODE")]
    municipality: String,
}

/// Which tickets of the queue.
#[derive(Debug, Args)]
struct FilterArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Only of the school with this id; needs --municipality.
    #[arg(long, value_name = "ID", requires = "municipality", default_value = "")]
    school: String,
    /// Only in this state, for example new.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<v1::TicketState>,
    /// Only of this category, for example screen.
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    category: Vec<v1::TicketCategory>,
    /// Only of this incident.
    #[arg(long, value_name = "ID", default_value = "")]
    incident: String,
    /// Only of this priority, 1 to 4.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4))]
    priority: Vec<u32>,
    /// Only those that wait for one of these: caller, vendor or part.
    #[arg(long = "waiting-for", value_name = "WHOM", value_parser = waiting_on)]
    waiting_on: Vec<v1::TicketWaitingOn>,
    /// Only those that are due so soon: late or today.
    #[arg(long, value_name = "WHEN", value_parser = due)]
    due: Option<v1::TicketDue>,
    /// Only those that came in at least so many days ago.
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3_650))]
    older_than: u32,
    /// Only those that the person with this id works on.
    #[arg(long, value_name = "ID", default_value = "", conflicts_with_all = ["mine", "unassigned"])]
    assignee: String,
    /// Only those that you work on.
    #[arg(long, conflicts_with = "unassigned")]
    mine: bool,
    /// Only those that nobody works on.
    #[arg(long)]
    unassigned: bool,
}

impl FilterArgs {
    async fn filter(self, client: &Client) -> Result<v1::TicketFilter> {
        Ok(v1::TicketFilter {
            municipality_id: client.municipality_id(self.municipality.as_deref()).await?,
            school_id: self.school,
            states: self.state.into_iter().map(i32::from).collect(),
            categories: self.category.into_iter().map(i32::from).collect(),
            mine: self.mine,
            unassigned: self.unassigned,
            incident_id: self.incident,
            priorities: self.priority,
            waiting_on: self.waiting_on.into_iter().map(i32::from).collect(),
            assignee_id: self.assignee,
            due: self.due.map_or(0, i32::from),
            older_than_days: self.older_than,
        })
    }
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Those that are resolved or closed, the last first.
    #[arg(long)]
    done: bool,
    /// At most so many tickets.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Code of the municipality.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// In one line.
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// What happened.
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    /// What it is about, for example screen.
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    category: v1::TicketCategory,
    /// Whom it concerns, for example one_class.
    #[arg(long, value_name = "IMPACT", value_parser = impact)]
    impact: Option<v1::TicketImpact>,
    /// How long it can wait, for example lesson_stopped.
    #[arg(long, value_name = "URGENCY", value_parser = urgency)]
    urgency: Option<v1::TicketUrgency>,
    /// Id of the school.
    #[arg(long, value_name = "ID", default_value = "")]
    school: String,
    /// Id of the device.
    #[arg(long, value_name = "ID", default_value = "")]
    device: String,
    /// Where in the school.
    #[arg(long, value_name = "ROOM", default_value = "")]
    room: String,
    /// How the caller is reached; no names of pupils.
    #[arg(long, value_name = "CONTACT", default_value = "")]
    contact: String,
    /// Id of the ticket, so that a repeat makes no second one.
    #[arg(long, value_name = "ID", default_value = "")]
    id: String,
}

#[derive(Debug, Subcommand)]
enum TicketsCommand {
    /// List the queue, the next to do first.
    List(ListArgs),
    /// Find tickets by what is written in them, the last written first.
    Search {
        /// Words that must all stand in a ticket.
        #[arg(value_name = "TEXT")]
        text: String,
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// At most so many tickets.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show one ticket with what happened to it.
    Show(TicketArgs),
    /// Make a ticket.
    Create(CreateArgs),
    /// Judge a ticket.
    Triage {
        #[command(flatten)]
        ticket: TicketArgs,
        /// What it is about.
        #[arg(long, value_name = "CATEGORY", value_parser = category)]
        category: v1::TicketCategory,
        /// Whom it concerns.
        #[arg(long, value_name = "IMPACT", value_parser = impact)]
        impact: v1::TicketImpact,
        /// How long it can wait.
        #[arg(long, value_name = "URGENCY", value_parser = urgency)]
        urgency: v1::TicketUrgency,
    },
    /// Take a ticket for yourself.
    Take(TicketArgs),
    /// Give a ticket to somebody.
    Assign {
        #[command(flatten)]
        ticket: TicketArgs,
        /// Id of the person.
        #[arg(long, value_name = "ID")]
        staff: String,
    },
    /// Give a ticket back to the queue.
    Release(TicketArgs),
    /// Begin the work on a ticket.
    Start(TicketArgs),
    /// Wait for somebody.
    Wait {
        #[command(flatten)]
        ticket: TicketArgs,
        /// Whom: caller, vendor or part.
        #[arg(long = "for", value_name = "WHOM", value_parser = waiting_on)]
        waiting_on: v1::TicketWaitingOn,
        /// What is waited for.
        #[arg(long, value_name = "TEXT", default_value = "")]
        text: String,
    },
    /// Go on after waiting.
    Resume(TicketArgs),
    /// Answer the caller.
    Reply(TextArgs),
    /// Write something among staff.
    Note(TextArgs),
    /// Write down what the caller says.
    Answer(TextArgs),
    /// Say that the trouble is over, and what it was.
    Resolve(TextArgs),
    /// Say that it is done.
    Close(TicketArgs),
    /// Say that it came back, and how.
    Reopen(TextArgs),
    /// Put a ticket into another one.
    Merge {
        #[command(flatten)]
        ticket: TicketArgs,
        /// Number of the ticket that goes on.
        #[arg(long, value_name = "NUMBER")]
        into: u64,
    },
    /// Take a ticket out of another one, as it was.
    Unmerge(TicketArgs),
    /// Take back what you did last with a ticket, within 15 minutes.
    Undo(TicketArgs),
    /// Count tickets: how many came in, how they were answered and ended, what waits.
    Figures(figures::FiguresArgs),
    /// Count failures of devices: rates by model, school, municipality or kind, and models that fail more often than they should.
    Failures(failures::FailuresArgs),
    /// From which figures on a device makes a ticket by itself.
    #[command(subcommand)]
    HealthPolicy(health::HealthPolicyCommand),
    /// What may be the cause of a ticket and what to do first, and by which rules that is said.
    #[command(subcommand)]
    Causes(causes::CausesCommand),
    /// List tickets that may be of the same thing as one.
    Similar(TicketArgs),
    /// Lists of tickets that somebody keeps.
    #[command(subcommand)]
    Views(views::ViewsCommand),
    /// Who works on tickets, when and where, and who should work on one.
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Attach pictures or plain texts to a ticket.
    Attach(attachments::AttachArgs),
    /// Write an attachment of a ticket into a file.
    Attachment(attachments::AttachmentArgs),
    /// Remove an attachment of a ticket.
    RemoveAttachment(attachments::RemoveArgs),
    /// Do one thing with all tickets that are attached to an incident.
    OfIncident(many::OfIncidentArgs),
    #[command(flatten)]
    Desk(desk::DeskCommand),
    #[command(flatten)]
    Legs(legs::LegsCommand),
}

/// A ticket and a text.
#[derive(Debug, Args)]
struct TextArgs {
    #[command(flatten)]
    ticket: TicketArgs,
    /// The text.
    #[arg(value_name = "TEXT")]
    text: String,
}

/// Makes the reader of one enumeration of the contract, whose names are its own without the prefix.
macro_rules! reader {
    ($reader:ident, $type:ident, $prefix:literal, $what:literal) => {
        fn $reader(name: &str) -> std::result::Result<v1::$type, String> {
            v1::$type::from_str_name(&format!("{}{}", $prefix, name.to_uppercase().replace('-', "_")))
                .filter(|read| *read != v1::$type::Unspecified)
                .ok_or_else(|| {
                    let names = (1..)
                        .map_while(|number| v1::$type::try_from(number).ok())
                        .map(|known| known.as_str_name().trim_start_matches($prefix).to_lowercase());
                    format!("{name} is no {}: {}", $what, names.collect::<Vec<_>>().join(", "))
                })
        }
    };
}
use reader;
reader!(state, TicketState, "TICKET_STATE_", "state");
reader!(category, TicketCategory, "TICKET_CATEGORY_", "category");
reader!(impact, TicketImpact, "TICKET_IMPACT_", "impact");
reader!(urgency, TicketUrgency, "TICKET_URGENCY_", "urgency");
reader!(waiting_on, TicketWaitingOn, "TICKET_WAITING_ON_", "one to wait for");
reader!(grouping, TicketGrouping, "TICKET_GROUPING_", "way to count");
reader!(failure_grouping, FailureGrouping, "FAILURE_GROUPING_", "way to count");
reader!(due, TicketDue, "TICKET_DUE_", "time when something is due");

/// Runs a command about tickets.
pub(super) async fn run(args: TicketsArgs) -> Result<()> {
    let TicketsArgs { client: client_args, command } = args;
    let as_json = client_args.json;
    let client = client_args.open().await?;
    let (ticket, verb) = match command {
        TicketsCommand::List(args) => return list(&client, args, as_json).await,
        TicketsCommand::Search { text, municipality, limit } => {
            return search(&client, text, municipality.as_deref(), limit, as_json).await;
        }
        TicketsCommand::Show(ticket) => return show(&client, &ticket, as_json).await,
        TicketsCommand::Create(args) => return create(&client, args, as_json).await,
        TicketsCommand::Triage { ticket, category, impact, urgency } => {
            let judged = v1::TriageTicket { category: category.into(), impact: impact.into(), urgency: urgency.into() };
            (ticket, Verb::Triage(judged))
        }
        TicketsCommand::Take(ticket) => (ticket, Verb::Take(v1::TakeTicket {})),
        TicketsCommand::Assign { ticket, staff } => (ticket, Verb::Assign(v1::AssignTicket { staff_id: staff })),
        TicketsCommand::Release(ticket) => (ticket, Verb::Release(v1::ReleaseTicket {})),
        TicketsCommand::Start(ticket) => (ticket, Verb::Start(v1::StartTicket {})),
        TicketsCommand::Wait { ticket, waiting_on, text } => {
            (ticket, Verb::Wait(v1::WaitTicket { waiting_on: waiting_on.into(), text }))
        }
        TicketsCommand::Resume(ticket) => (ticket, Verb::Resume(v1::ResumeTicket {})),
        TicketsCommand::Reply(TextArgs { ticket, text }) => (ticket, Verb::Reply(v1::ReplyTicket { text })),
        TicketsCommand::Note(TextArgs { ticket, text }) => (ticket, Verb::Note(v1::NoteTicket { text })),
        TicketsCommand::Answer(TextArgs { ticket, text }) => (ticket, Verb::Answer(v1::AnswerTicket { text })),
        TicketsCommand::Resolve(TextArgs { ticket, text }) => (ticket, Verb::Resolve(v1::ResolveTicket { text })),
        TicketsCommand::Close(ticket) => (ticket, Verb::Close(v1::CloseTicket {})),
        TicketsCommand::Reopen(TextArgs { ticket, text }) => (ticket, Verb::Reopen(v1::ReopenTicket { text })),
        TicketsCommand::Merge { ticket, into } => {
            let into = TicketArgs { number: into, municipality: ticket.municipality.clone() };
            let into_ticket_id = promised(find(&client, &into).await?.ticket)?.ticket_id;
            (ticket, Verb::Merge(v1::MergeTicket { into_ticket_id }))
        }
        TicketsCommand::Unmerge(ticket) => (ticket, Verb::Unmerge(v1::UnmergeTicket {})),
        TicketsCommand::Undo(ticket) => (ticket, Verb::Undo(v1::UndoTicket {})),
        TicketsCommand::Figures(args) => return figures::figures(&client, args, as_json).await,
        TicketsCommand::Failures(args) => return failures::failures(&client, args, as_json).await,
        TicketsCommand::HealthPolicy(command) => return health::health_policy(&client, command, as_json).await,
        TicketsCommand::Desk(command) => return desk::run(&client, command, as_json).await,
        TicketsCommand::Causes(command) => return causes::run(&client, command, as_json).await,
        TicketsCommand::Similar(ticket) => return causes::similar(&client, &ticket, as_json).await,
        TicketsCommand::Legs(command) => return legs::run(&client, command, as_json).await,
        TicketsCommand::Views(command) => return views::run(&client, command, as_json).await,
        TicketsCommand::Team(command) => return team::run(&client, command, as_json).await,
        TicketsCommand::Attach(args) => return attachments::attach(&client, args, as_json).await,
        TicketsCommand::Attachment(args) => return attachments::get(&client, args, as_json).await,
        TicketsCommand::RemoveAttachment(args) => return attachments::remove(&client, args).await,
        TicketsCommand::OfIncident(args) => return many::of_incident(&client, args, as_json).await,
    };
    let read = promised(find(&client, &ticket).await?.ticket)?;
    let request = v1::ChangeTicketRequest {
        municipality_id: read.municipality_id,
        ticket_id: read.ticket_id,
        version: read.version,
        verb: Some(verb),
    };
    let changed = promised(answer(client.tickets().change_ticket(request)).await?.ticket)?;
    show_rows(vec![changed], as_json)
}

async fn find(client: &Client, ticket: &TicketArgs) -> Result<v1::GetTicketResponse> {
    let municipality_id = client.municipality(&ticket.municipality).await?.municipality_id;
    let request = v1::GetTicketRequest { municipality_id, number: ticket.number, ..v1::GetTicketRequest::default() };
    answer(client.tickets().get_ticket(request)).await
}

async fn list(client: &Client, args: ListArgs, as_json: bool) -> Result<()> {
    let filter = args.filter.filter(client).await?;
    let request = v1::ListTicketsRequest {
        municipality_id: filter.municipality_id,
        school_id: filter.school_id,
        done: args.done,
        states: filter.states,
        categories: filter.categories,
        mine: filter.mine,
        unassigned: filter.unassigned,
        incident_id: filter.incident_id,
        page_size: args.limit,
        page_token: String::new(),
        priorities: filter.priorities,
        waiting_on: filter.waiting_on,
        assignee_id: filter.assignee_id,
        due: filter.due,
        older_than_days: filter.older_than_days,
    };
    let found = answer(client.tickets().list_tickets(request)).await?;
    if !found.next_page_token.is_empty() {
        remark(&format!("there are more than {} tickets: narrow the list, or pass a greater --limit", args.limit));
    }
    show_rows(found.tickets, as_json)
}

async fn search(
    client: &Client,
    text: String,
    municipality: Option<&str>,
    page_size: u32,
    as_json: bool,
) -> Result<()> {
    let municipality_id = client.municipality_id(municipality).await?;
    let request =
        v1::SearchTicketsRequest { municipality_id, text, page_size, page_token: String::new(), filter: None };
    let found = answer(client.tickets().search_tickets(request)).await?;
    if !found.next_page_token.is_empty() {
        remark(&format!("more than {page_size} tickets were found: say more words, or pass a greater --limit"));
    }
    if as_json {
        return print(json::pretty(&json::list("found", found.found, json::found_ticket)));
    }
    let columns = [Column::Number("NO"), Column::Text("STATE"), Column::Text("SUBJECT"), Column::Text("FOUND")];
    let rows = found.found.into_iter().filter_map(|found| {
        let ticket = found.ticket?;
        let state = word(ticket.state().as_str_name(), "TICKET_STATE_");
        let place = found.excerpts.into_iter().next().map(|excerpt| excerpt.text.replace('\n', " "));
        Some(vec![ticket.number.to_string(), state, ticket.subject, or_absent(place.as_deref())])
    });
    print(table::table(&columns, rows.collect(), "nothing found"))
}

async fn create(client: &Client, args: CreateArgs, as_json: bool) -> Result<()> {
    let request = v1::CreateTicketRequest {
        municipality_id: client.municipality(&args.municipality).await?.municipality_id,
        ticket_id: args.id,
        subject: args.subject,
        text: args.text,
        category: args.category.into(),
        impact: args.impact.map_or(0, i32::from),
        urgency: args.urgency.map_or(0, i32::from),
        school_id: args.school,
        device_id: args.device,
        room: args.room,
        caller_kind: v1::TicketCallerKind::Engineer.into(),
        caller_contact: args.contact,
    };
    let made = answer(client.tickets().create_ticket(request)).await?;
    if !made.is_new {
        remark("there was a ticket of this id already; nothing was made");
    }
    show_rows(vec![promised(made.ticket)?], as_json)
}

async fn show(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let found = find(client, ticket).await?;
    if as_json {
        return print(json::pretty(&json::ticket_whole(found)));
    }
    let ticket = promised(found.ticket)?;
    remark(&format!("{}\n{}", ticket.priority_reason, ticket.queue_reason));
    print(rows(vec![ticket]))?;
    let columns = [Column::Text("TIME"), Column::Text("WHO"), Column::Text("WHAT"), Column::Text("TEXT")];
    let events = found.events.into_iter().map(|event| {
        let kind = word(event.kind().as_str_name(), "TICKET_EVENT_KIND_");
        vec![time(event.event_time.as_ref()), event.actor_name, kind, event.text]
    });
    print(table::table(&columns, events.collect(), "nothing happened"))?;
    if !found.merged.is_empty() {
        print(rows(found.merged))?;
    }
    attachments::list(found.attachments)
}

fn show_rows(tickets: Vec<v1::Ticket>, as_json: bool) -> Result<()> {
    match as_json {
        true => print(json::pretty(&json::list("tickets", tickets, json::ticket))),
        false => print(rows(tickets)),
    }
}

/// A word of the contract as `--state` and its like read it.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

fn rows(tickets: Vec<v1::Ticket>) -> String {
    let columns = [
        Column::Number("NO"),
        Column::Text("P"),
        Column::Text("STATE"),
        Column::Text("CATEGORY"),
        Column::Text("SUBJECT"),
        Column::Text("WHO"),
        Column::Text("DUE"),
    ];
    let rows = tickets.into_iter().map(|ticket| {
        let state = word(ticket.state().as_str_name(), "TICKET_STATE_");
        let category = word(ticket.category().as_str_name(), "TICKET_CATEGORY_");
        let due = [ticket.response, ticket.restoration].into_iter().flatten().find_map(|deadline| {
            let open = !matches!(deadline.state(), v1::TicketDeadlineState::Kept);
            deadline.due_time.filter(|_| open)
        });
        let due = due.map_or_else(|| ABSENT.to_owned(), |due| time(Some(&due)));
        vec![
            ticket.number.to_string(),
            format!("P{}", ticket.priority),
            state,
            category,
            ticket.subject,
            or_absent(Some(&ticket.assignee_name)),
            due,
        ]
    });
    table::table(&columns, rows.collect(), "nothing to do")
}
