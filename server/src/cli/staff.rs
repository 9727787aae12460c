//! `gigafleet staff`: accounts of people and what they may do where.

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    json,
    output::print,
    places::{self, PlaceArgs, RoleName},
    table::{self, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct StaffArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: StaffCommand,
}

#[derive(Debug, Subcommand)]
enum StaffCommand {
    /// Make an account and print the link with which its person chooses a password.
    Add(AddArgs),
    /// List accounts.
    List,
    /// Show one account with its grants.
    Show {
        /// Name to sign in, or id.
        #[arg(value_name = "NAME-or-ID")]
        account: String,
    },
    /// Close an account: its sessions and links end at once.
    Disable {
        /// Name to sign in, or id.
        #[arg(value_name = "NAME-or-ID")]
        account: String,
    },
    /// Open a closed account again.
    Enable {
        /// Name to sign in, or id.
        #[arg(value_name = "NAME-or-ID")]
        account: String,
    },
    /// Take the password away and print the link with which a new one is chosen.
    Reset {
        /// Name to sign in, or id.
        #[arg(value_name = "NAME-or-ID")]
        account: String,
        /// Take the authenticator and the recovery codes away as well.
        #[arg(long)]
        second_factor: bool,
    },
    /// Give a role at a place for a time.
    Grant {
        /// Name to sign in, or id.
        #[arg(value_name = "NAME-or-ID")]
        account: String,
        #[command(flatten)]
        grant: GrantArgs,
    },
    /// End a grant at once.
    Revoke {
        /// Id of the grant, as `show` shows it.
        #[arg(value_name = "GRANT-ID")]
        grant_id: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// What the person types to sign in, for example an e-mail address.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// How the person is called.
    #[arg(long, value_name = "NAME")]
    display_name: String,
    /// Language of the pages.
    #[arg(long, value_name = "LANGUAGE", default_value = "ja", value_parser = ["ja", "en"])]
    language: String,
    /// The first role; with it go the place, --reason and --days.
    #[arg(long, value_name = "ROLE", requires = "reason")]
    role: Option<RoleName>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Why, at most 200 characters.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How many days the role is good; without it there is no end, which an engineer's needs.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: Option<u32>,
}

#[derive(Debug, Args)]
struct GrantArgs {
    /// The role.
    #[arg(long, value_name = "ROLE")]
    role: RoleName,
    #[command(flatten)]
    place: PlaceArgs,
    /// Why, at most 200 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// How many days it is good; without it there is no end, which an engineer's needs.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: Option<u32>,
}

/// Runs a command about staff.
pub(super) async fn run(args: StaffArgs) -> Result<()> {
    let client = args.client.open().await?;
    let as_json = args.client.json;
    match args.command {
        StaffCommand::Add(args) => add(&client, args, as_json).await,
        StaffCommand::List => list(&client, as_json).await,
        StaffCommand::Show { account } => {
            let member = find(&client, &account).await?;
            show(&client, member, as_json).await
        }
        StaffCommand::Disable { account } => {
            let v1::StaffMember { staff_id, etag, .. } = find(&client, &account).await?;
            let request = v1::DisableStaffRequest { staff_id, etag };
            let member = promised(answer(client.staff().disable_staff(request)).await?.staff)?;
            show(&client, member, as_json).await
        }
        StaffCommand::Enable { account } => {
            let v1::StaffMember { staff_id, etag, .. } = find(&client, &account).await?;
            let request = v1::EnableStaffRequest { staff_id, etag };
            let member = promised(answer(client.staff().enable_staff(request)).await?.staff)?;
            show(&client, member, as_json).await
        }
        StaffCommand::Reset { account, second_factor } => reset(&client, &account, second_factor, as_json).await,
        StaffCommand::Grant { account, grant } => give(&client, &account, grant, as_json).await,
        StaffCommand::Revoke { grant_id } => {
            let request = v1::RevokeGrantRequest { grant_id };
            let grant = promised(answer(client.staff().revoke_grant(request)).await?.grant)?;
            show_grant(&client, grant, as_json).await
        }
    }
}

/// The account of a name or an id.
async fn find(client: &Client, account: &str) -> Result<v1::StaffMember> {
    let known = |member: &v1::StaffMember| {
        member.sign_in_name.eq_ignore_ascii_case(account) || member.staff_id.eq_ignore_ascii_case(account)
    };
    client.list_staff().await?.into_iter().find(known).ok_or_else(|| {
        Failure::told(
            format!("no account has the name or the id {account}"),
            "look at them with `gigafleet staff list`",
        )
    })
}

async fn order(
    client: &Client,
    role: RoleName,
    place: &PlaceArgs,
    reason: String,
    days: Option<u32>,
) -> Result<v1::GrantOrder> {
    Ok(v1::GrantOrder {
        role: v1::StaffRole::from(role).into(),
        place: Some(place.place(client).await?),
        reason,
        start_time: None,
        end_time: days.map(in_days),
    })
}

fn in_days(days: u32) -> prost_types::Timestamp {
    let seconds = u64::from(days) * 86_400;
    crate::clock::Clock::system().now().after(std::time::Duration::from_secs(seconds)).to_proto()
}

async fn add(client: &Client, args: AddArgs, as_json: bool) -> Result<()> {
    let grant = match (args.role, args.reason) {
        (Some(role), Some(reason)) => Some(order(client, role, &args.place, reason, args.days).await?),
        _ => None,
    };
    let request = v1::CreateStaffRequest {
        request_id: String::new(),
        sign_in_name: args.name,
        display_name: args.display_name,
        language: args.language,
        grant,
    };
    let made = answer(client.staff().create_staff(request)).await?;
    let member = promised(made.staff)?;
    if as_json {
        let both = json::Object::default()
            .value("staff", json::access::staff_member(member))
            .value("link_path", made.link_path);
        return print(json::pretty(&both.into()));
    }
    let pairs = table::pairs(&[
        ("sign-in name", member.sign_in_name),
        ("display name", member.display_name),
        ("staff id", member.staff_id),
    ]);
    print(format!("{pairs}\n{}", link_text(&made.link_path)))
}

fn link_text(path: &str) -> String {
    format!(
        "Give this link to the person and to nobody else; put the console's address before it. It is good for 24 hours and\nshown only now:\n\n  {path}\n"
    )
}

async fn list(client: &Client, as_json: bool) -> Result<()> {
    let members = client.list_staff().await?;
    if as_json {
        return print(json::pretty(&json::list("staff", members, json::access::staff_member)));
    }
    let owners = client.list_municipalities(None).await?;
    let columns = [
        Column::Text("NAME"),
        Column::Text("DISPLAY NAME"),
        Column::Text("STATE"),
        Column::Text("ROLES IN FORCE"),
        Column::Text("LAST SIGN-IN"),
        Column::Text("STAFF ID"),
    ];
    let row = |member: &v1::StaffMember| {
        let in_force = member.grants.iter().filter(|grant| grant.state() == v1::GrantState::InForce);
        let roles: Vec<_> = in_force
            .map(|grant| format!("{} {}", places::role(grant.role()), places::place(grant.place.as_ref(), &owners)))
            .collect();
        vec![
            member.sign_in_name.clone(),
            member.display_name.clone(),
            state(member).to_owned(),
            or_absent(Some(roles.join("; ").as_str()).filter(|text| !text.is_empty())),
            time(member.sign_in_time.as_ref()),
            member.staff_id.clone(),
        ]
    };
    let empty = "no accounts yet: gigafleet staff add --name NAME --display-name NAME";
    print(table::table(&columns, members.iter().map(row).collect(), empty))
}

fn state(member: &v1::StaffMember) -> &'static str {
    if member.disable_time.is_some() {
        "DISABLED"
    } else if !member.has_password || !member.has_second_factor {
        "INVITED"
    } else if member.lock_end_time.is_some() {
        "LOCKED"
    } else {
        "ACTIVE"
    }
}

async fn show(client: &Client, member: v1::StaffMember, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::access::staff_member(member)));
    }
    let owners = client.list_municipalities(None).await?;
    let pairs = table::pairs(&[
        ("sign-in name", member.sign_in_name.clone()),
        ("display name", member.display_name.clone()),
        ("state", state(&member).to_owned()),
        ("last sign-in", time(member.sign_in_time.as_ref())),
        ("staff id", member.staff_id.clone()),
    ]);
    print(format!("{pairs}\n{}", grant_table(&member.grants, &owners)))
}

fn grant_table(grants: &[v1::Grant], owners: &[v1::Municipality]) -> String {
    let columns = [
        Column::Text("ROLE"),
        Column::Text("PLACE"),
        Column::Text("STATE"),
        Column::Text("UNTIL"),
        Column::Text("REASON"),
        Column::Text("GRANT ID"),
    ];
    let row = |grant: &v1::Grant| {
        let until = grant.revoke_time.as_ref().or(grant.end_time.as_ref());
        vec![
            places::role(grant.role()).to_owned(),
            places::place(grant.place.as_ref(), owners),
            grant_state(grant.state()).to_owned(),
            until.map_or_else(|| String::from("no end"), |until| time(Some(until))),
            grant.reason.clone(),
            grant.grant_id.clone(),
        ]
    };
    let empty = "no grants: gigafleet staff grant NAME --role ROLE --municipality CODE --reason TEXT --days D";
    table::table(&columns, grants.iter().map(row).collect(), empty)
}

fn grant_state(state: v1::GrantState) -> &'static str {
    match state {
        v1::GrantState::Unspecified => table::ABSENT,
        v1::GrantState::Planned => "PLANNED",
        v1::GrantState::InForce => "IN FORCE",
        v1::GrantState::Expired => "EXPIRED",
        v1::GrantState::Revoked => "REVOKED",
    }
}

async fn reset(client: &Client, account: &str, second_factor: bool, as_json: bool) -> Result<()> {
    let staff_id = find(client, account).await?.staff_id;
    let link_path = if second_factor {
        let request = v1::ResetSecondFactorRequest { staff_id };
        answer(client.staff().reset_second_factor(request)).await?.link_path
    } else {
        let request = v1::ResetPasswordRequest { staff_id };
        answer(client.staff().reset_password(request)).await?.link_path
    };
    if as_json {
        return print(json::pretty(&json::Object::default().value("link_path", link_path).into()));
    }
    print(link_text(&link_path))
}

async fn give(client: &Client, account: &str, args: GrantArgs, as_json: bool) -> Result<()> {
    let staff_id = find(client, account).await?.staff_id;
    let grant = order(client, args.role, &args.place, args.reason, args.days).await?;
    let request = v1::GrantRoleRequest { request_id: String::new(), staff_id, grant: Some(grant) };
    let grant = promised(answer(client.staff().grant_role(request)).await?.grant)?;
    show_grant(client, grant, as_json).await
}

async fn show_grant(client: &Client, grant: v1::Grant, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::access::grant(grant)));
    }
    let owners = client.list_municipalities(None).await?;
    print(grant_table(&[grant], &owners))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_says_what_hinders_a_person_first() {
        let mut member = v1::StaffMember { has_password: true, has_second_factor: true, ..v1::StaffMember::default() };
        assert_eq!(state(&member), "ACTIVE");
        member.lock_end_time = Some(prost_types::Timestamp::default());
        assert_eq!(state(&member), "LOCKED");
        member.has_second_factor = false;
        assert_eq!(state(&member), "INVITED");
        member.disable_time = Some(prost_types::Timestamp::default());
        assert_eq!(state(&member), "DISABLED");
    }

    #[test]
    fn grants_say_their_place_in_words() {
        let owner = v1::Municipality {
            municipality_id: String::from("m"),
            name: String::from("若葉野市"),
            ..Default::default()
        };
        let place = v1::StaffPlace { municipality_id: String::from("m"), ..Default::default() };
        let grant = v1::Grant {
            role: v1::StaffRole::Engineer.into(),
            state: v1::GrantState::InForce.into(),
            place: Some(place),
            ..Default::default()
        };
        let text = grant_table(&[grant], &[owner]);
        assert!(text.contains("engineer") && text.contains("若葉野市") && text.contains("IN FORCE"), "{text}");
        assert!(grant_table(&[], &[]).contains("no grants"));
    }
}
