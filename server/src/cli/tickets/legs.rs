//! What becomes of a ticket's device: spares, repairs, losses, costs.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;
use uuid::Uuid;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::{print, remark},
        table::{self, Column, or_absent, time},
    },
    TicketArgs, find, reader, show_rows, word,
};

#[derive(Debug, Subcommand)]
pub(super) enum LegsCommand {
    /// List spares that can stand in for the device of a ticket.
    Spares(TicketArgs),
    /// Hand a spare out in the place of the device of a ticket.
    Swap {
        #[command(flatten)]
        ticket: TicketArgs,
        /// Label or id of the spare, as `gigafleet tickets spares` shows it.
        #[arg(long, value_name = "SPARE")]
        spare: String,
        /// What becomes of the device: in-repair or lost.
        #[arg(long, value_name = "STATE", value_parser = becomes, default_value = "in-repair")]
        becomes: v1::SwappedDevice,
    },
    /// Begin, change or end the repair of the device of a ticket.
    #[command(subcommand)]
    Repair(RepairCommand),
    /// Say that the device of a ticket is lost, or how that ended.
    #[command(subcommand)]
    Loss(LossCommand),
    /// List what tickets cost, or write what one cost.
    #[command(subcommand)]
    Costs(CostsCommand),
    /// Show repairs, losses and costs of a ticket.
    Legs(TicketArgs),
}

/// What is known of a repair. What is not said stays as it was.
#[derive(Debug, Args)]
pub(super) struct TermsArgs {
    /// Who repairs it.
    #[arg(long, value_name = "NAME")]
    vendor: Option<String>,
    /// The quote, in yen.
    #[arg(long, value_name = "YEN")]
    quote: Option<i64>,
    /// How the insurance stands: none, claimed or paid.
    #[arg(long, value_name = "WORD", value_parser = insurance)]
    insurance: Option<v1::RepairInsurance>,
    /// Number of the claim.
    #[arg(long, value_name = "NUMBER")]
    insurance_number: Option<String>,
    /// When it was sent, for example 2026-04-01.
    #[arg(long, value_name = "DATE")]
    sent: Option<String>,
    /// When it is to be back, or came back.
    #[arg(long, value_name = "DATE")]
    back: Option<String>,
    /// What it costs, in yen.
    #[arg(long, value_name = "YEN")]
    cost: Option<i64>,
    /// Who pays, for example own or guardian.
    #[arg(long, value_name = "WHO", value_parser = payer)]
    payer: Option<v1::Payer>,
    /// For staff; no names of pupils.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RepairCommand {
    /// Send the device to repair.
    Start {
        #[command(flatten)]
        ticket: TicketArgs,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// Say more of the open repair.
    Change {
        #[command(flatten)]
        ticket: TicketArgs,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// End the open repair.
    End {
        #[command(flatten)]
        ticket: TicketArgs,
        /// How: spare, user or written-off.
        #[arg(long = "as", value_name = "END", value_parser = repair_end)]
        end: v1::RepairEnd,
        #[command(flatten)]
        terms: TermsArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LossCommand {
    /// Say that the device is lost, or more of that. What is not said stays as it was.
    Record {
        #[command(flatten)]
        ticket: TicketArgs,
        /// When it was noticed, for example 2026-04-01; needed at first.
        #[arg(long, value_name = "DATE")]
        noticed: Option<String>,
        /// Where it was noticed or seen last; no names of pupils.
        #[arg(long, value_name = "PLACE")]
        place: Option<String>,
        /// Number of the report to the police.
        #[arg(long, value_name = "NUMBER")]
        police_number: Option<String>,
        /// When the police was told.
        #[arg(long, value_name = "DATE")]
        police: Option<String>,
        /// When the board was told.
        #[arg(long, value_name = "DATE")]
        board: Option<String>,
        /// How it was locked or located.
        #[arg(long, value_name = "TEXT")]
        lock_note: Option<String>,
    },
    /// End the open loss.
    End {
        #[command(flatten)]
        ticket: TicketArgs,
        /// How: found or written-off.
        #[arg(long = "as", value_name = "END", value_parser = loss_end)]
        end: v1::LossEnd,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CostsCommand {
    /// List costs of a municipality's tickets, the earliest day first.
    List {
        /// Code of the municipality.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// From this day on, for example 2026-04-01.
        #[arg(long, value_name = "DATE", default_value = "")]
        from: String,
        /// Until this day.
        #[arg(long, value_name = "DATE", default_value = "")]
        until: String,
        /// At most so many costs.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Write what a ticket cost, or take a cost back with a negative amount.
    Record {
        #[command(flatten)]
        ticket: TicketArgs,
        /// In yen; negative for a correction.
        #[arg(value_name = "YEN", allow_hyphen_values = true)]
        amount: i64,
        /// What for: peripheral, repair, insurance, battery or other.
        #[arg(long, value_name = "KIND", value_parser = cost_kind, required_unless_present = "corrects")]
        kind: Option<v1::TicketCostKind>,
        /// Who pays, for example own or guardian.
        #[arg(long, value_name = "WHO", value_parser = payer, required_unless_present = "corrects")]
        payer: Option<v1::Payer>,
        /// The day to which it belongs; without it today.
        #[arg(long, value_name = "DATE", default_value = "")]
        date: String,
        /// For staff; no names of pupils.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Id of the cost that it corrects.
        #[arg(long, value_name = "ID", default_value = "")]
        corrects: String,
    },
}

reader!(becomes, SwappedDevice, "SWAPPED_DEVICE_", "state of a device that a spare stands in for");
reader!(insurance, RepairInsurance, "REPAIR_INSURANCE_", "state of an insurance");
reader!(repair_end, RepairEnd, "REPAIR_END_", "end of a repair");
reader!(loss_end, LossEnd, "LOSS_END_", "end of a loss");
reader!(payer, Payer, "PAYER_", "one who pays");

fn cost_kind(name: &str) -> std::result::Result<v1::TicketCostKind, String> {
    v1::TicketCostKind::from_str_name(&format!("TICKET_COST_KIND_{}", name.to_uppercase()))
        .filter(|kind| *kind != v1::TicketCostKind::Unspecified)
        .ok_or_else(|| format!("{name} is no kind of cost: peripheral, repair, insurance, battery, other"))
}

/// Says in terms what was said on the command line.
fn say(terms: &mut v1::RepairTerms, said: TermsArgs) {
    let TermsArgs { vendor, quote, insurance, insurance_number, sent, back, cost, payer, note } = said;
    let texts = [
        (&mut terms.vendor, vendor),
        (&mut terms.insurance_number, insurance_number),
        (&mut terms.sent_date, sent),
        (&mut terms.back_date, back),
        (&mut terms.note, note),
    ];
    for (text, said) in texts {
        if let Some(said) = said {
            *text = said;
        }
    }
    terms.quote_yen = quote.or(terms.quote_yen);
    terms.cost_yen = cost.or(terms.cost_yen);
    terms.insurance = insurance.map_or(terms.insurance, i32::from);
    terms.payer = payer.map_or(terms.payer, i32::from);
}

async fn legs_of(client: &Client, ticket: &v1::Ticket) -> Result<v1::GetTicketLegsResponse> {
    let request = v1::GetTicketLegsRequest {
        municipality_id: ticket.municipality_id.clone(),
        ticket_id: ticket.ticket_id.clone(),
    };
    answer(client.tickets().get_ticket_legs(request)).await
}

/// The repair of a ticket that is open.
async fn open_repair(client: &Client, ticket: &v1::Ticket) -> Result<v1::Repair> {
    let open = legs_of(client, ticket).await?.repairs.into_iter().find(|repair| repair.end_time.is_none());
    open.ok_or_else(|| {
        Failure::told(
            format!("no repair of ticket {} is open", ticket.number),
            "`gigafleet tickets repair start` begins one",
        )
    })
}

/// The loss of a ticket that is open.
async fn open_loss(client: &Client, ticket: &v1::Ticket) -> Result<Option<v1::Loss>> {
    Ok(legs_of(client, ticket).await?.losses.into_iter().find(|loss| loss.end_time.is_none()))
}

pub(super) async fn run(client: &Client, command: LegsCommand, as_json: bool) -> Result<()> {
    let changed = match command {
        LegsCommand::Spares(ticket) => return spares(client, &ticket, as_json).await,
        LegsCommand::Legs(ticket) => return show(client, &ticket, as_json).await,
        LegsCommand::Swap { ticket, spare, becomes } => swap(client, &ticket, &spare, becomes).await?,
        LegsCommand::Repair(command) => repair(client, command).await?,
        LegsCommand::Loss(command) => loss(client, command).await?,
        LegsCommand::Costs(CostsCommand::List { municipality, from, until, limit }) => {
            let request = v1::ListTicketCostsRequest {
                municipality_id: client.municipality(&municipality).await?.municipality_id,
                first_date: from,
                last_date: until,
                page_size: limit,
                page_token: String::new(),
            };
            let found = answer(client.tickets().list_ticket_costs(request)).await?;
            if !found.next_page_token.is_empty() {
                remark(&format!("there are more than {limit} costs: ask for fewer days, or pass a greater --limit"));
            }
            return costs(found.costs, as_json);
        }
        LegsCommand::Costs(CostsCommand::Record { ticket, amount, kind, payer, date, note, corrects }) => {
            let read = promised(find(client, &ticket).await?.ticket)?;
            let request = v1::RecordTicketCostRequest {
                municipality_id: read.municipality_id,
                ticket_id: read.ticket_id,
                version: read.version,
                kind: kind.map_or(0, i32::from),
                payer: payer.map_or(0, i32::from),
                amount_yen: amount,
                date,
                note,
                corrects_cost_id: corrects,
            };
            let written = answer(client.tickets().record_ticket_cost(request)).await?;
            return costs(vec![promised(written.cost)?], as_json);
        }
    };
    show_rows(vec![changed], as_json)
}

async fn list_spares(client: &Client, read: &v1::Ticket) -> Result<Vec<v1::Spare>> {
    let request =
        v1::ListSparesRequest { municipality_id: read.municipality_id.clone(), ticket_id: read.ticket_id.clone() };
    Ok(answer(client.tickets().list_spares(request)).await?.spares)
}

async fn spares(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let spares = list_spares(client, &read).await?;
    if as_json {
        return print(json::pretty(&json::list("spares", spares, json::spare)));
    }
    let columns = [
        Column::Text("LABEL"),
        Column::Text("MODEL"),
        Column::Text("SCHOOL"),
        Column::Text("HEARD"),
        Column::Text("ID"),
    ];
    let rows = spares.into_iter().map(|spare| {
        let school = or_absent(Some(&spare.school_name));
        let heard = time(spare.last_seen_time.as_ref());
        vec![or_absent(Some(&spare.label)), or_absent(Some(&spare.model)), school, heard, spare.device_id]
    });
    print(table::table(&columns, rows.collect(), "no spare"))
}

async fn swap(client: &Client, ticket: &TicketArgs, spare: &str, becomes: v1::SwappedDevice) -> Result<v1::Ticket> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let known = list_spares(client, &read).await?;
    let found = known.into_iter().find(|known| known.device_id == spare || known.label == spare);
    let (spare_id, spare_etag) = match found {
        Some(known) => (known.device_id, known.etag),
        // One beyond those that are listed can be named by its id.
        None if Uuid::try_parse(spare).is_ok() => (spare.to_owned(), String::new()),
        None => {
            return Err(Failure::told(
                format!("no spare for ticket {} is called {spare}", read.number),
                "`gigafleet tickets spares` lists them; another one can be named by its id",
            ));
        }
    };
    let request = v1::SwapWithSpareRequest {
        municipality_id: read.municipality_id,
        ticket_id: read.ticket_id,
        version: read.version,
        spare_id,
        becomes: becomes.into(),
        spare_etag,
        device_etag: String::new(),
    };
    promised(answer(client.tickets().swap_with_spare(request)).await?.ticket)
}

async fn repair(client: &Client, command: RepairCommand) -> Result<v1::Ticket> {
    let (ticket, said, end) = match command {
        RepairCommand::Start { ticket, terms: said } => {
            let read = promised(find(client, &ticket).await?.ticket)?;
            let mut terms = v1::RepairTerms::default();
            say(&mut terms, said);
            let request = v1::StartRepairRequest {
                municipality_id: read.municipality_id,
                ticket_id: read.ticket_id,
                version: read.version,
                terms: Some(terms),
            };
            return promised(answer(client.tickets().start_repair(request)).await?.ticket);
        }
        RepairCommand::Change { ticket, terms } => (ticket, terms, None),
        RepairCommand::End { ticket, end, terms } => (ticket, terms, Some(end)),
    };
    let read = promised(find(client, &ticket).await?.ticket)?;
    let open = open_repair(client, &read).await?;
    let mut terms = open.terms.unwrap_or_default();
    say(&mut terms, said);
    let v1::Ticket { municipality_id, ticket_id, version, .. } = read;
    let repair_id = open.repair_id;
    let changed = match end {
        Some(end) => {
            let terms = Some(terms);
            let request =
                v1::EndRepairRequest { municipality_id, ticket_id, version, repair_id, end: end.into(), terms };
            answer(client.tickets().end_repair(request)).await?.ticket
        }
        None => {
            let request =
                v1::ChangeRepairRequest { municipality_id, ticket_id, version, repair_id, terms: Some(terms) };
            answer(client.tickets().change_repair(request)).await?.ticket
        }
    };
    promised(changed)
}

async fn loss(client: &Client, command: LossCommand) -> Result<v1::Ticket> {
    match command {
        LossCommand::Record { ticket, noticed, place, police_number, police, board, lock_note } => {
            let read = promised(find(client, &ticket).await?.ticket)?;
            let known = open_loss(client, &read).await?.and_then(|loss| loss.terms).unwrap_or_default();
            let terms = v1::LossTerms {
                notice_date: noticed.unwrap_or(known.notice_date),
                place: place.unwrap_or(known.place),
                police_number: police_number.unwrap_or(known.police_number),
                police_date: police.unwrap_or(known.police_date),
                board_date: board.unwrap_or(known.board_date),
                lock_note: lock_note.unwrap_or(known.lock_note),
            };
            let request = v1::RecordLossRequest {
                municipality_id: read.municipality_id,
                ticket_id: read.ticket_id,
                version: read.version,
                terms: Some(terms),
            };
            promised(answer(client.tickets().record_loss(request)).await?.ticket)
        }
        LossCommand::End { ticket, end } => {
            let read = promised(find(client, &ticket).await?.ticket)?;
            let open = open_loss(client, &read).await?.ok_or_else(|| {
                Failure::told(
                    format!("no loss of ticket {} is open", read.number),
                    "`gigafleet tickets loss record` writes one",
                )
            })?;
            let request = v1::EndLossRequest {
                municipality_id: read.municipality_id,
                ticket_id: read.ticket_id,
                version: read.version,
                loss_id: open.loss_id,
                end: end.into(),
            };
            promised(answer(client.tickets().end_loss(request)).await?.ticket)
        }
    }
}

async fn show(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let legs = legs_of(client, &read).await?;
    if as_json {
        return print(json::pretty(&json::ticket_legs(legs)));
    }
    let v1::GetTicketLegsResponse { repairs, losses, costs: written, total_yen } = legs;
    let columns = [Column::Text("LEG"), Column::Text("BEGAN"), Column::Text("ENDED"), Column::Text("WHAT IS KNOWN")];
    let repairs = repairs.into_iter().map(|repair| {
        let end = repair.end_time.map(|_| word(repair.end().as_str_name(), "REPAIR_END_"));
        let began = time(repair.start_time.as_ref());
        let terms = repair.terms.unwrap_or_default();
        let quote = terms.quote_yen.map(|yen| format!("quote {yen}"));
        let cost = terms.cost_yen.map(|yen| format!("cost {yen}"));
        let known = [Some(terms.vendor), quote, cost, Some(terms.note)];
        let known = known.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        vec![String::from("repair"), began, or_absent(end.as_deref()), or_absent(Some(&known))]
    });
    let losses = losses.into_iter().map(|loss| {
        let end = loss.end_time.map(|_| word(loss.end().as_str_name(), "LOSS_END_"));
        let began = time(loss.record_time.as_ref());
        let terms = loss.terms.unwrap_or_default();
        let known = [terms.place, terms.police_number, terms.lock_note];
        let known = known.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        vec![String::from("loss"), began, or_absent(end.as_deref()), or_absent(Some(&known))]
    });
    print(table::table(&columns, repairs.chain(losses).collect(), "no repair and no loss"))?;
    remark(&format!("{total_yen} yen in all"));
    costs(written, false)
}

fn costs(costs: Vec<v1::TicketCost>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("costs", costs, json::ticket_cost)));
    }
    let columns = [
        Column::Text("DATE"),
        Column::Number("TICKET"),
        Column::Text("KIND"),
        Column::Text("PAYER"),
        Column::Number("YEN"),
        Column::Text("NOTE"),
        Column::Text("ID"),
    ];
    let rows = costs.into_iter().map(|cost| {
        let kind = word(cost.kind().as_str_name(), "TICKET_COST_KIND_");
        let payer = word(cost.payer().as_str_name(), "PAYER_");
        let (number, yen) = (cost.ticket_number.to_string(), cost.amount_yen.to_string());
        vec![cost.date, number, kind, payer, yen, or_absent(Some(&cost.note)), cost.cost_id]
    });
    print(table::table(&columns, rows.collect(), "no costs"))
}
