//! `gigafleet hubs`: what lines of several schools, often of several owners, go through.

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::Result,
    json,
    output::print,
    table::{self, Column, or_absent},
};

#[derive(Debug, Args)]
pub(super) struct HubsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: HubsCommand,
}

#[derive(Debug, Subcommand)]
enum HubsCommand {
    /// List the hubs that you may see.
    List,
    /// Add a hub.
    Add(AddArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Municipal,
    Prefectural,
    Isp,
}

#[derive(Debug, Args)]
struct AddArgs {
    /// What it is.
    #[arg(long, value_enum)]
    kind: Kind,
    /// Its name.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Its provider.
    #[arg(long, value_name = "TEXT", default_value = "")]
    isp: String,
    /// 全国地方公共団体コード of the municipality that runs a municipal hub.
    #[arg(long, value_name = "CODE")]
    operator: Option<String>,
}

/// Runs a command about hubs.
pub(super) async fn run(args: HubsArgs) -> Result<()> {
    let client = args.client.open().await?;
    match args.command {
        HubsCommand::List => print_hubs(client.list_hubs().await?, args.client.json),
        HubsCommand::Add(add_args) => add(&client, add_args, args.client.json).await,
    }
}

async fn add(client: &Client, args: AddArgs, as_json: bool) -> Result<()> {
    let kind = match args.kind {
        Kind::Municipal => v1::HubKind::Municipal,
        Kind::Prefectural => v1::HubKind::Prefectural,
        Kind::Isp => v1::HubKind::Isp,
    };
    let operator_id = client.municipality_id(args.operator.as_deref()).await?;
    let request = v1::CreateHubRequest {
        request_id: String::new(),
        kind: kind.into(),
        name: args.name,
        isp: args.isp,
        operator_id,
    };
    print_hubs(vec![promised(answer(client.lines().create_hub(request)).await?.hub)?], as_json)
}

fn print_hubs(hubs: Vec<v1::Hub>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("hubs", hubs, json::hub)));
    }
    let row = |hub: &v1::Hub| {
        vec![
            hub.name.clone(),
            hub.kind().as_str_name().trim_start_matches("HUB_KIND_").to_owned(),
            or_absent(Some(&hub.isp)),
            hub.municipality_ids.len().to_string(),
            hub.other_owner_count.to_string(),
            hub.hub_id.clone(),
        ]
    };
    let columns = [
        Column::Text("HUB"),
        Column::Text("KIND"),
        Column::Text("ISP"),
        Column::Number("OWN"),
        Column::Number("OTHERS"),
        Column::Text("HUB ID"),
    ];
    print(table::table(&columns, hubs.iter().map(row).collect(), "no hubs yet: gigafleet hubs add"))
}
