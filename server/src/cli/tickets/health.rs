//! From which figures on a device of a municipality makes a ticket by itself.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use gigafleet_proto::v1;

use super::{
    super::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::{print, remark},
        table::{self, Column},
    },
    word,
};
use crate::tickets::{
    grpc::health::{policy_message, policy_of},
    rules::health::HealthPolicy,
};

#[derive(Debug, Subcommand)]
pub(super) enum HealthPolicyCommand {
    /// Show the policy as JSON.
    Show {
        /// Code of the municipality.
        #[arg(long, value_name = "CODE")]
        municipality: String,
    },
    /// Say the policy: JSON as `show` gives it.
    Set {
        /// Code of the municipality.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// A file with all of it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Count the tickets that a policy would make today, by municipality and rule, without changing anything.
    Try {
        /// Code of the municipality; without it each in your reach.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// A file with the policy to try; without it that which holds.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

fn read(file: &Path) -> Result<v1::DeviceHealthPolicy> {
    let wrong =
        |error: String| Failure::told(format!("{}: {error}", file.display()), "see `tickets health-policy show`");
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let policy: HealthPolicy = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(policy_message(policy))
}

pub(super) async fn health_policy(client: &Client, command: HealthPolicyCommand, as_json: bool) -> Result<()> {
    match command {
        HealthPolicyCommand::Show { municipality } => {
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::GetDeviceHealthPolicyRequest { municipality_id };
            let policy = promised(answer(client.tickets().get_device_health_policy(request)).await?.policy)?;
            let text = serde_json::to_string_pretty(&policy_of(policy)).expect("a policy is JSON");
            print(format!("{text}\n"))
        }
        HealthPolicyCommand::Set { municipality, file } => {
            let policy = Some(read(&file)?);
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::SetDeviceHealthPolicyRequest { municipality_id, policy };
            answer(client.tickets().set_device_health_policy(request)).await?;
            remark("the policy holds from the next look at the devices on, within an hour");
            Ok(())
        }
        HealthPolicyCommand::Try { municipality, file } => {
            let policy = file.as_deref().map(read).transpose()?;
            let owners = match municipality {
                Some(code) => vec![client.municipality(&code).await?],
                None => client.list_municipalities(None).await?,
            };
            let mut tried = Vec::new();
            for owner in owners {
                let municipality_id = owner.municipality_id.clone();
                let request = v1::TryDeviceHealthPolicyRequest { municipality_id, policy: policy.clone() };
                tried.push((owner, answer(client.tickets().try_device_health_policy(request)).await?));
            }
            show(tried, as_json)
        }
    }
}

fn show(tried: Vec<(v1::Municipality, v1::TryDeviceHealthPolicyResponse)>, as_json: bool) -> Result<()> {
    if as_json {
        let of = |(owner, found)| json::tried_health(owner, found);
        return print(json::pretty(&json::list("municipalities", tried, of)));
    }
    let rows = tried.into_iter().flat_map(|(owner, found)| {
        let name = format!("{} {}", owner.code, owner.name);
        found.rules.into_iter().filter(|rule| rule.tickets + rule.ended_tickets > 0).map(move |rule| {
            vec![
                name.clone(),
                word(rule.rule().as_str_name(), "DEVICE_HEALTH_RULE_"),
                format!("{} of {}", rule.devices, found.devices),
                rule.tickets.to_string(),
                rule.new_tickets.to_string(),
                rule.ended_tickets.to_string(),
                rule.example_names.join(", "),
            ]
        })
    });
    let columns = [
        Column::Text("MUNICIPALITY"),
        Column::Text("RULE"),
        Column::Number("DEVICES"),
        Column::Number("TICKETS"),
        Column::Number("NEW"),
        Column::Number("ENDED"),
        Column::Text("FOR EXAMPLE"),
    ];
    print(table::table(&columns, rows.collect(), "it would make no ticket"))
}
