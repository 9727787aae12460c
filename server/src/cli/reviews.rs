//! `gigafleet reviews`: devices whose identity a person should look at, and what is decided on them.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::Result,
    json,
    output::{print, remark},
    table::{self, ABSENT, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct ReviewsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: ReviewsCommand,
}

#[derive(Debug, Subcommand)]
enum ReviewsCommand {
    /// List what is open, with both sides.
    List {
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// At most so many reviews.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Say that two records are one device.
    Merge {
        /// The record that goes on.
        #[arg(value_name = "ID")]
        device_id: String,
        /// The record that is folded into it; its access ends.
        #[arg(value_name = "FOLDED-ID")]
        folded_device_id: String,
    },
    /// Say that a review needs nothing: they are two devices.
    KeepApart {
        /// Id of the device.
        #[arg(value_name = "ID")]
        device_id: String,
        /// The reason as `reviews list` prints it, for example reimaged.
        #[arg(value_name = "REASON", value_parser = review_reason)]
        reason: v1::ReviewReason,
    },
    /// List what was decided on a device, or what people decided on all of them, newest first.
    Decisions {
        /// Id of the device; leave it out for all of them.
        #[arg(value_name = "ID")]
        device_id: Option<String>,
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE", conflicts_with = "device_id")]
        municipality: Option<String>,
        /// At most so many decisions.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Take a decision back.
    Undo {
        /// Id of the device that went on.
        #[arg(value_name = "ID")]
        device_id: String,
        /// Id of the decision.
        #[arg(value_name = "DECISION-ID")]
        decision_id: String,
    },
}

fn review_reason(name: &str) -> std::result::Result<v1::ReviewReason, String> {
    let full = format!("REVIEW_REASON_{}", name.to_uppercase().replace('-', "_"));
    v1::ReviewReason::from_str_name(&full)
        .filter(|reason| *reason != v1::ReviewReason::Unspecified)
        .ok_or_else(|| format!("{name} is no reason of a review; `gigafleet reviews list` prints them"))
}

/// Runs a command about reviews.
pub(super) async fn run(args: ReviewsArgs) -> Result<()> {
    let ReviewsArgs { client: client_args, command } = args;
    let as_json = client_args.json;
    let client = client_args.open().await?;
    match command {
        ReviewsCommand::List { municipality, limit } => list(&client, municipality.as_deref(), limit, as_json).await,
        ReviewsCommand::Merge { device_id, folded_device_id } => {
            let request = v1::MergeDevicesRequest { device_id, folded_device_id, etag: String::new() };
            show(promised(answer(client.reviews().merge_devices(request)).await?.decision)?, as_json)
        }
        ReviewsCommand::KeepApart { device_id, reason } => {
            let request = v1::KeepApartRequest { device_id, reason: reason.into() };
            show(promised(answer(client.reviews().keep_apart(request)).await?.decision)?, as_json)
        }
        ReviewsCommand::Undo { device_id, decision_id } => {
            let request = v1::UndoDecisionRequest { device_id, decision_id };
            show(promised(answer(client.reviews().undo_decision(request)).await?.decision)?, as_json)
        }
        ReviewsCommand::Decisions { device_id, municipality, limit } => {
            let found = match device_id {
                Some(device_id) => {
                    let request = v1::ListDecisionsRequest { device_id, ..v1::ListDecisionsRequest::default() };
                    answer(client.reviews().list_decisions(request)).await?.decisions
                }
                None => decisions(&client, municipality.as_deref(), limit).await?,
            };
            if as_json {
                return print(json::pretty(&json::list("decisions", found, json::decision)));
            }
            print(decision_table(found))
        }
    }
}

async fn list(client: &Client, municipality: Option<&str>, limit: u32, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality_id(municipality).await?;
    let request = v1::ListReviewsRequest { municipality_id, page_size: limit, page_token: String::new() };
    let found = answer(client.reviews().list_reviews(request)).await?;
    if !found.next_page_token.is_empty() {
        remark(&format!("there are more than {limit} reviews: decide on some, or pass --municipality"));
    }
    if as_json {
        return print(json::pretty(&json::list("reviews", found.reviews, json::review)));
    }
    let columns = [
        Column::Text("DEVICE ID"),
        Column::Text("REASON"),
        Column::Text("OTHER RECORD"),
        Column::Text("SEEN"),
        Column::Text("EVIDENCE"),
    ];
    let rows = found.reviews.into_iter().map(|review| {
        let reason = review.reason().as_str_name().trim_start_matches("REVIEW_REASON_").to_lowercase();
        let id = |side: Option<v1::Device>| side.map_or_else(|| ABSENT.to_owned(), |device| device.device_id);
        vec![id(review.device), reason, id(review.other), time(review.repeat_time.as_ref()), review.evidence]
    });
    print(table::table(&columns, rows.collect(), "nothing to review"))
}

/// What people decided on all devices, or on those of one owner.
async fn decisions(client: &Client, municipality: Option<&str>, limit: u32) -> Result<Vec<v1::Decision>> {
    let owner = client.municipality_id(municipality).await?;
    let (found, more) = client.list_decisions(&owner, limit as usize).await?;
    if more {
        remark(&format!("there are more than {limit} decisions: pass --limit or --municipality"));
    }
    Ok(found)
}

fn decision_table(decisions: Vec<v1::Decision>) -> String {
    let columns = [
        Column::Text("DECISION ID"),
        Column::Text("DEVICE ID"),
        Column::Text("WHAT"),
        Column::Text("OTHER RECORD"),
        Column::Text("WHO"),
        Column::Text("WHEN"),
        Column::Text("TAKEN BACK"),
    ];
    let rows = decisions.into_iter().map(|decision| {
        let kind = decision.kind().as_str_name().trim_start_matches("DECISION_KIND_").to_lowercase();
        vec![
            decision.decision_id,
            decision.device_id,
            kind.replace('_', " "),
            or_absent(Some(&decision.other_device_id)),
            decision.decided_by,
            time(decision.decide_time.as_ref()),
            time(decision.undo_time.as_ref()),
        ]
    });
    table::table(&columns, rows.collect(), "nothing was decided")
}

fn show(decision: v1::Decision, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::decision(decision)));
    }
    print(decision_table(vec![decision]))
}
