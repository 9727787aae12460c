//! What may be the cause of a ticket, by which rules, what these would have said of past tickets, and which tickets are alike.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::{print, remark},
        table::{self, ABSENT, Column},
    },
    TicketArgs, find, word,
};
use crate::tickets::{
    grpc::causes::{rules_message, rules_of},
    rules::causes::CauseRules,
};

#[derive(Debug, Subcommand)]
pub(super) enum CausesCommand {
    /// Show what may be the cause of a ticket, why, and what to do first.
    Of(TicketArgs),
    /// Show the rules as JSON.
    Show {
        /// Code of the municipality; without it those of the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Say the rules: JSON as `show` gives it.
    Set {
        /// Code of the municipality; without it for the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// A file with all of them.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say no rules any more: those of the installation hold, or the product's own.
    Reset {
        /// Code of the municipality; without it for the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Try rules on past tickets without changing anything.
    Try {
        /// Code of the municipality.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Of tickets that came in from this day on, for example 2026-04-01.
        #[arg(long, value_name = "DATE")]
        from: String,
        /// Until this day, included.
        #[arg(long, value_name = "DATE")]
        to: String,
        /// A file with the rules to try; without it those that hold.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

pub(super) async fn run(client: &Client, command: CausesCommand, as_json: bool) -> Result<()> {
    match command {
        CausesCommand::Of(ticket) => of(client, &ticket, as_json).await,
        CausesCommand::Show { municipality } => {
            let municipality_id = owner(client, municipality.as_deref()).await?;
            let request = v1::GetCauseRulesRequest { municipality_id };
            let found = answer(client.tickets().get_cause_rules(request)).await?;
            remark(&format!("rules of the {}", word(found.origin().as_str_name(), "CAUSE_RULES_ORIGIN_")));
            let rules = rules_of(promised(found.rules)?).map_err(|wrong| {
                Failure::told(format!("{}: {}", wrong.field, wrong.message), "the server is of another version")
            })?;
            print(format!("{}\n", serde_json::to_string_pretty(&rules).expect("rules are JSON")))
        }
        CausesCommand::Set { municipality, file } => {
            let rules = Some(read(&file)?);
            let municipality_id = owner(client, municipality.as_deref()).await?;
            let request = v1::SetCauseRulesRequest { municipality_id, rules, reset: false };
            answer(client.tickets().set_cause_rules(request)).await?;
            remark("the rules hold from now on");
            Ok(())
        }
        CausesCommand::Reset { municipality } => {
            let municipality_id = owner(client, municipality.as_deref()).await?;
            let request = v1::SetCauseRulesRequest { municipality_id, rules: None, reset: true };
            answer(client.tickets().set_cause_rules(request)).await?;
            Ok(())
        }
        CausesCommand::Try { municipality, from, to, file } => {
            let rules = file.as_deref().map(read).transpose()?;
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::TryCauseRulesRequest { municipality_id, rules, first_date: from, last_date: to };
            tried(answer(client.tickets().try_cause_rules(request)).await?, as_json)
        }
    }
}

async fn owner(client: &Client, code: Option<&str>) -> Result<String> {
    match code {
        Some(code) => Ok(client.municipality(code).await?.municipality_id),
        None => Ok(String::new()),
    }
}

fn read(file: &Path) -> Result<v1::CauseRules> {
    let wrong = |error: String| Failure::told(format!("{}: {error}", file.display()), "see `tickets causes show`");
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let rules: CauseRules = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(rules_message(rules))
}

async fn of(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let request = v1::GetTicketSuggestionsRequest { municipality_id: read.municipality_id, ticket_id: read.ticket_id };
    let found = answer(client.tickets().get_ticket_suggestions(request)).await?.suggestions;
    if as_json {
        return print(json::pretty(&json::list("suggestions", found, json::suggestion)));
    }
    if found.is_empty() {
        remark("no rule says anything of this ticket");
        return Ok(());
    }
    let english = |both: Option<v1::BothLanguages>| both.unwrap_or_default().en;
    let mut text = String::new();
    for one in found {
        let lines = one.reasons.into_iter().map(|reason| format!("  because {}", reason.en));
        let steps = (1..).zip(one.steps).map(|(number, step)| format!("  {number}. {}", step.en));
        let head = format!("{}: {}", one.rule_id, english(one.cause));
        let all: Vec<_> = std::iter::once(head).chain(lines).chain(steps).collect();
        text.push_str(&all.join("\n"));
        text.push('\n');
    }
    print(text)
}

fn tried(found: v1::TryCauseRulesResponse, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::tried_rules(found)));
    }
    remark(&format!("{} tickets, {} of which some rule explains", found.tickets, found.explained));
    let columns = [
        Column::Text("RULE"),
        Column::Number("FITS"),
        Column::Number("FIRST"),
        Column::Number("AGREED"),
        Column::Text("FOR EXAMPLE"),
    ];
    let rows = found.rules.into_iter().map(|rule| {
        let agreed = match (rule.needs_present, rule.judged) {
            (true, _) => String::from("needs the present"),
            (false, 0) => ABSENT.to_owned(),
            (false, judged) => format!("{} of {judged}", rule.agreed),
        };
        let examples: Vec<_> = rule.example_numbers.iter().map(|number| format!("#{number}")).collect();
        vec![rule.rule_id, rule.matched.to_string(), rule.first.to_string(), agreed, examples.join(" ")]
    });
    print(table::table(&columns, rows.collect(), "no rules"))
}

/// Lists tickets that may be of the same thing.
pub(super) async fn similar(client: &Client, ticket: &TicketArgs, as_json: bool) -> Result<()> {
    let read = promised(find(client, ticket).await?.ticket)?;
    let request = v1::SuggestDuplicatesRequest {
        municipality_id: read.municipality_id,
        ticket_id: read.ticket_id,
        ..v1::SuggestDuplicatesRequest::default()
    };
    let found = answer(client.tickets().suggest_duplicates(request)).await?.duplicates;
    if as_json {
        return print(json::pretty(&json::list("duplicates", found, json::duplicate)));
    }
    let columns = [Column::Number("NO"), Column::Text("STATE"), Column::Text("SUBJECT"), Column::Text("WHY")];
    let rows = found.into_iter().filter_map(|one| {
        let ticket = one.ticket?;
        let state = word(ticket.state().as_str_name(), "TICKET_STATE_");
        let why: Vec<_> = one.reasons.into_iter().map(|reason| reason.en).collect();
        Some(vec![ticket.number.to_string(), state, ticket.subject, why.join("; ")])
    });
    print(table::table(&columns, rows.collect(), "no ticket is like it"))
}
