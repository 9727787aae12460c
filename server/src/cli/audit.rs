//! `gigafleet audit`: reads the audit log and checks that nothing in it was changed.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer},
    failure::{Failure, Result},
    json,
    output::print,
    places::owner_name,
    table::{self, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List entries, newest first.
    List {
        /// Of the municipality with this code; without it, those of the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Check every entry of every chain; exit code 1 if anything was changed, is missing or was added by hand.
    Verify,
}

/// Runs a command about the audit log.
pub(super) async fn run(args: AuditArgs) -> Result<()> {
    let client = args.client.open().await?;
    match args.command {
        AuditCommand::List { municipality, limit } => {
            list(&client, municipality.as_deref(), limit, args.client.json).await
        }
        AuditCommand::Verify => verify(&client, args.client.json).await,
    }
}

async fn list(client: &Client, code: Option<&str>, limit: u32, as_json: bool) -> Result<()> {
    let owner = client.municipality_id(code).await?;
    let entries = client.list_audit_entries(&owner, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    if as_json {
        return print(json::pretty(&json::list("entries", entries, json::access::audit_entry)));
    }
    let columns = [
        Column::Number("NUMBER"),
        Column::Text("TIME"),
        Column::Text("WHO"),
        Column::Text("ACTION"),
        Column::Text("SUBJECT"),
        Column::Text("DETAILS"),
    ];
    let row = |entry: &v1::AuditEntry| {
        vec![
            entry.sequence.to_string(),
            time(entry.record_time.as_ref()),
            or_absent(Some(entry.actor_name.as_str()).filter(|name| !name.is_empty())),
            entry.action.clone(),
            format!("{} {}", entry.subject_kind, entry.subject_id),
            entry.details_json.clone(),
        ]
    };
    print(table::table(&columns, entries.iter().map(row).collect(), "no entries yet"))
}

async fn verify(client: &Client, as_json: bool) -> Result<()> {
    let found = answer(client.audit().verify_audit(v1::VerifyAuditRequest {})).await?;
    let owners = if found.flaws.is_empty() { Vec::new() } else { client.list_municipalities(None).await? };
    let verdict = verdict(&found, &owners);
    if as_json {
        print(json::pretty(&json::access::audit_check(found)))?;
    } else {
        print(&verdict.0)?;
    }
    match verdict.1 {
        0 => Ok(()),
        count => Err(Failure::told(
            format!("the audit log is not as it was written: {count} chains have flaws"),
            "keep the database as it is, and compare with a backup from before",
        )),
    }
}

/// What was found in words, and how many flaws.
fn verdict(found: &v1::VerifyAuditResponse, owners: &[v1::Municipality]) -> (String, usize) {
    let mut text = format!("{} chains, {} entries are as they were written\n", found.chain_count, found.entry_count);
    for flaw in &found.flaws {
        let chain = match flaw.municipality_id.as_str() {
            "" => String::from("installation"),
            id => owner_name(id, owners),
        };
        text.push_str(&format!("FLAW  chain {chain}, entry {}: {}\n", flaw.sequence, flaw.problem));
    }
    (text, found.flaws.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_names_chain_entry_and_problem() {
        let flaw = |id: &str, sequence, problem: &str| v1::AuditFlaw {
            municipality_id: id.to_owned(),
            sequence,
            problem: problem.to_owned(),
        };
        let found = v1::VerifyAuditResponse {
            chain_count: 3,
            entry_count: 40,
            flaws: vec![flaw("", 7, "an entry was changed"), flaw("m", 2, "an entry is missing")],
        };
        let (text, count) = verdict(&found, &[]);
        assert_eq!(count, 2);
        assert!(text.contains("chain installation, entry 7: an entry was changed"), "{text}");
        assert!(text.contains("chain m, entry 2: an entry is missing"), "{text}");
    }
}
