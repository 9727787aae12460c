//! `gigafleet tokens`, `gigafleet sessions` and `gigafleet whoami`: the caller's own access.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::Result,
    json,
    output::print,
    places::{self, PlaceArgs, RoleName},
    table::{self, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct TokensArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: TokensCommand,
}

#[derive(Debug, Subcommand)]
enum TokensCommand {
    /// Make an API token with a role and a place that the caller has.
    Create(CreateArgs),
    /// List the caller's API tokens, newest first.
    List {
        /// Those of everybody; needs the right to manage staff everywhere.
        #[arg(long)]
        all: bool,
    },
    /// End an API token at once.
    Revoke {
        /// Id of the token, as `list` shows it.
        #[arg(value_name = "ID")]
        token_id: String,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What it is for, at most 100 characters.
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// The token gives no right beyond those of this role.
    #[arg(long, value_name = "ROLE")]
    role: RoleName,
    #[command(flatten)]
    place: PlaceArgs,
    /// How many days it is good.
    #[arg(long, value_name = "D", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
}

#[derive(Debug, Args)]
pub(super) struct SessionsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: SessionsCommand,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// List your open sessions of the console, newest first.
    List,
    /// End one of them at once.
    End {
        /// Id of the session, as `list` shows it.
        #[arg(value_name = "ID")]
        session_id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct WhoamiArgs {
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs a command about API tokens.
pub(super) async fn run(args: TokensArgs) -> Result<()> {
    let client = args.client.open().await?;
    let as_json = args.client.json;
    match args.command {
        TokensCommand::Create(create) => make(&client, &args.client, create, as_json).await,
        TokensCommand::List { all } => list(&client, all, as_json).await,
        TokensCommand::Revoke { token_id } => {
            let request = v1::RevokeStaffTokenRequest { token_id };
            let token = promised(answer(client.access().revoke_staff_token(request)).await?.staff_token)?;
            if as_json {
                return print(json::pretty(&json::access::staff_token(token)));
            }
            print(table::pairs(&[("token id", token.token_id), ("revoked", time(token.revoke_time.as_ref()))]))
        }
    }
}

async fn make(client: &Client, credentials: &ClientArgs, args: CreateArgs, as_json: bool) -> Result<()> {
    let request = v1::CreateStaffTokenRequest {
        request_id: String::new(),
        name: args.name,
        role: v1::StaffRole::from(args.role).into(),
        place: Some(args.place.place(client).await?),
        lifetime_seconds: u64::from(args.days) * 86_400,
    };
    let made = answer(client.access().create_staff_token(request)).await?;
    let token = promised(made.staff_token)?;
    if as_json {
        let both =
            json::Object::default().value("staff_token", json::access::staff_token(token)).value("token", made.token);
        return print(json::pretty(&both.into()));
    }
    let owners = client.list_municipalities(None).await?;
    let pairs = table::pairs(&[
        ("token", made.token),
        ("role", places::role(token.role()).to_owned()),
        ("place", places::place(token.place.as_ref(), &owners)),
        ("good until", time(token.expire_time.as_ref())),
        ("token id", token.token_id.clone()),
    ]);
    let file = credentials.credentials.display();
    print(format!(
        "{pairs}\nThe token is shown only now. To use it with these commands, copy {file} and put it in the place of its `token`.\n"
    ))
}

async fn list(client: &Client, all: bool, as_json: bool) -> Result<()> {
    let tokens = client.list_staff_tokens(all).await?;
    if as_json {
        return print(json::pretty(&json::list("staff_tokens", tokens, json::access::staff_token)));
    }
    let owners = client.list_municipalities(None).await?;
    let columns = [
        Column::Text("NAME"),
        Column::Text("ROLE"),
        Column::Text("PLACE"),
        Column::Text("OF"),
        Column::Text("GOOD UNTIL"),
        Column::Text("LAST USE"),
        Column::Text("TOKEN ID"),
    ];
    let row = |token: &v1::StaffToken| {
        let end = match (&token.revoke_time, &token.expire_time) {
            (Some(_), _) => String::from("revoked"),
            (None, Some(end)) => time(Some(end)),
            (None, None) => String::from("no end"),
        };
        vec![
            token.name.clone(),
            places::role(token.role()).to_owned(),
            places::place(token.place.as_ref(), &owners),
            if token.staff_id.is_empty() { String::from("installation") } else { token.staff_id.clone() },
            end,
            time(token.use_time.as_ref()),
            token.token_id.clone(),
        ]
    };
    let empty = "no tokens yet: gigafleet tokens create --name TEXT --role ROLE --municipality CODE";
    print(table::table(&columns, tokens.iter().map(row).collect(), empty))
}

/// Runs a command about the caller's sessions of the console.
pub(super) async fn sessions(args: SessionsArgs) -> Result<()> {
    let client = args.client.open().await?;
    match args.command {
        SessionsCommand::List => {
            let sessions = answer(client.access().list_sessions(v1::ListSessionsRequest {})).await?.sessions;
            if args.client.json {
                return print(json::pretty(&json::list("sessions", sessions, json::access::staff_session)));
            }
            let columns = [
                Column::Text("SIGNED IN"),
                Column::Text("LAST USE"),
                Column::Text("ADDRESS"),
                Column::Text("BROWSER"),
                Column::Text("SESSION ID"),
            ];
            let row = |session: &v1::StaffSession| {
                vec![
                    time(session.create_time.as_ref()),
                    time(session.seen_time.as_ref()),
                    or_absent(Some(&session.address)),
                    or_absent(Some(&session.client)),
                    session.session_id.clone(),
                ]
            };
            print(table::table(&columns, sessions.iter().map(row).collect(), "no session of yours is open"))
        }
        SessionsCommand::End { session_id } => {
            answer(client.access().end_session(v1::EndSessionRequest { session_id: session_id.clone() })).await?;
            if args.client.json {
                return print(json::pretty(&json::Object::default().value("session_id", session_id).into()));
            }
            print(table::pairs(&[("ended", session_id)]))
        }
    }
}

/// Says who the credentials belong to and what is in force for them.
pub(super) async fn whoami(args: WhoamiArgs) -> Result<()> {
    let client = args.client.open().await?;
    let me = answer(client.access().who_am_i(v1::WhoAmIRequest {})).await?;
    if args.client.json {
        return print(json::pretty(&json::access::who_am_i(me)));
    }
    let owners = client.list_municipalities(None).await.unwrap_or_default();
    let reaches = me
        .reaches
        .iter()
        .map(|reach| vec![places::role(reach.role()).to_owned(), places::place(reach.place.as_ref(), &owners)]);
    let pairs = table::pairs(&[
        ("name", me.name.clone()),
        ("staff id", or_absent(Some(me.staff_id.as_str()).filter(|id| !id.is_empty()))),
        ("token role", places::role(me.token_role()).to_owned()),
    ]);
    let columns = [Column::Text("ROLE"), Column::Text("PLACE")];
    print(format!("{pairs}\n{}", table::table(&columns, reaches.collect(), "nothing is in force for you now")))
}
