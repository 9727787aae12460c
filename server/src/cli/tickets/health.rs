//! From which figures on a device of a municipality makes a ticket by itself.

use std::path::PathBuf;

use clap::Subcommand;
use gigafleet_proto::v1;

use super::super::{
    client::{Client, answer, promised},
    failure::{Failure, Result},
    output::{print, remark},
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
}

pub(super) async fn health_policy(client: &Client, command: HealthPolicyCommand) -> Result<()> {
    match command {
        HealthPolicyCommand::Show { municipality } => {
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::GetDeviceHealthPolicyRequest { municipality_id };
            let policy = promised(answer(client.tickets().get_device_health_policy(request)).await?.policy)?;
            let text = serde_json::to_string_pretty(&policy_of(policy)).expect("a policy is JSON");
            print(format!("{text}\n"))
        }
        HealthPolicyCommand::Set { municipality, file } => {
            let wrong = |error: String| {
                Failure::told(format!("{}: {error}", file.display()), "see `tickets health-policy show`")
            };
            let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
            let policy: HealthPolicy = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::SetDeviceHealthPolicyRequest { municipality_id, policy: Some(policy_message(policy)) };
            answer(client.tickets().set_device_health_policy(request)).await?;
            remark("the policy holds from the next look at the devices on, within an hour");
            Ok(())
        }
    }
}
