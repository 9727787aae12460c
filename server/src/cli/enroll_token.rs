//! `gigafleet enroll-token`: makes, lists and ends the tokens that devices enrol with.

use std::collections::HashMap;

use clap::{Args, Subcommand};
use gigafleet_proto::v1;
use serde_json::Value;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    json,
    output::print,
    table::{self, Column, or_absent, time},
};

#[derive(Debug, Args)]
pub(super) struct EnrollTokenArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: EnrollTokenCommand,
}

#[derive(Debug, Subcommand)]
enum EnrollTokenCommand {
    /// Make a token and print the line that enrols a device with it.
    Create(CreateArgs),
    /// List tokens, newest first.
    List {
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// End a token at once; devices that enrolled with it stay.
    Revoke {
        /// Id of the token, as `list` shows it.
        #[arg(value_name = "ID")]
        token_id: String,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// 全国地方公共団体コード of the owner, six digits.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// The school that devices enrol for, by name or id.
    #[arg(long, value_name = "NAME-or-ID")]
    school: Option<String>,
    /// How many devices may enrol with it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    uses: u32,
    /// How many days it is good.
    #[arg(long, value_name = "D", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// What it is for, at most 200 characters.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

/// Runs a command about enrolment tokens.
pub(super) async fn run(args: EnrollTokenArgs) -> Result<()> {
    let client = args.client.open().await?;
    let as_json = args.client.json;
    match args.command {
        EnrollTokenCommand::Create(args) => create(&client, args, as_json).await,
        EnrollTokenCommand::List { municipality } => list(&client, municipality.as_deref(), as_json).await,
        EnrollTokenCommand::Revoke { token_id } => revoke(&client, &token_id, as_json).await,
    }
}

async fn create(client: &Client, args: CreateArgs, as_json: bool) -> Result<()> {
    let owner = client.municipality(&args.municipality).await?;
    let school = match &args.school {
        Some(school) => Some(client.school(Some(&owner.municipality_id), school).await?),
        None => None,
    };
    let request = v1::CreateEnrollmentTokenRequest {
        request_id: String::new(),
        municipality_id: owner.municipality_id,
        school_id: school.as_ref().map(|school| school.school_id.clone()).unwrap_or_default(),
        note: args.note,
        uses_allowed: args.uses,
        lifetime_seconds: u64::from(args.days) * 86_400,
    };
    let made = answer(client.enrollment().create_enrollment_token(request)).await?;
    let token = promised(made.enrollment_token)?;
    let line = enroll_line(&client.server, &made.token, &made.ca_sha256);
    if as_json {
        return print(json::pretty(&created_json(token, made.token, made.ca_sha256, line)));
    }
    let pairs = table::pairs(&[
        ("token", made.token),
        ("ca-sha256", made.ca_sha256),
        ("municipality", format!("{} {}", owner.code, owner.name)),
        ("school", or_absent(school.as_ref().map(|school| school.name.as_str()))),
        ("uses", token.uses_allowed.to_string()),
        ("good until", time(token.expire_time.as_ref())),
        ("token id", token.token_id),
    ]);
    print(format!("{pairs}\nThe token is shown only now. On each device:\n\n  {line}\n"))
}

/// The complete line that enrols a device.
pub(super) fn enroll_line(server: &str, token: &str, ca_sha256: &str) -> String {
    format!("gigafleet-agent enroll --server {server} --token {token} --ca-sha256 {ca_sha256}")
}

fn created_json(listed: v1::EnrollmentToken, token: String, ca_sha256: String, enroll_line: String) -> Value {
    json::Object::default()
        .value("enrollment_token", json::enrollment_token(listed))
        .value("token", token)
        .value("ca_sha256", ca_sha256)
        .value("enroll_command", enroll_line)
        .into()
}

async fn list(client: &Client, code: Option<&str>, as_json: bool) -> Result<()> {
    let municipalities = match code {
        Some(code) => vec![client.municipality(code).await?],
        None => client.list_municipalities(None).await?,
    };
    let owner = code.and(municipalities.first()).map(|municipality| municipality.municipality_id.as_str());
    let tokens = client.list_tokens(owner).await?;
    if as_json {
        return print(json::pretty(&json::list("enrollment_tokens", tokens, json::enrollment_token)));
    }
    let schools = client.list_schools(owner).await?;
    print(token_table(&municipalities, &schools, &tokens))
}

fn token_table(municipalities: &[v1::Municipality], schools: &[v1::School], tokens: &[v1::EnrollmentToken]) -> String {
    let owners: HashMap<_, _> = municipalities.iter().map(|m| (m.municipality_id.as_str(), m.name.as_str())).collect();
    let schools: HashMap<_, _> =
        schools.iter().map(|school| (school.school_id.as_str(), school.name.as_str())).collect();
    let columns = [
        Column::Text("TOKEN ID"),
        Column::Text("STATE"),
        Column::Text("MUNICIPALITY"),
        Column::Text("SCHOOL"),
        Column::Number("USES"),
        Column::Text("GOOD UNTIL"),
        Column::Text("NOTE"),
    ];
    let rows = tokens.iter().map(|token| {
        vec![
            token.token_id.clone(),
            state(token.state()).to_owned(),
            or_absent(owners.get(token.municipality_id.as_str()).copied()),
            or_absent(schools.get(token.school_id.as_str()).copied()),
            format!("{}/{}", token.uses_taken, token.uses_allowed),
            time(token.expire_time.as_ref()),
            token.note.clone(),
        ]
    });
    table::table(&columns, rows.collect(), "no tokens yet: gigafleet enroll-token create --municipality CODE")
}

fn state(state: v1::EnrollmentTokenState) -> &'static str {
    match state {
        v1::EnrollmentTokenState::Unspecified => table::ABSENT,
        v1::EnrollmentTokenState::Active => "ACTIVE",
        v1::EnrollmentTokenState::Expired => "EXPIRED",
        v1::EnrollmentTokenState::UsedUp => "USED UP",
        v1::EnrollmentTokenState::Revoked => "REVOKED",
    }
}

async fn revoke(client: &Client, token_id: &str, as_json: bool) -> Result<()> {
    // The call wants the owner beside the id; the person has only the id.
    let listed =
        client.list_tokens(None).await?.into_iter().find(|token| token.token_id.eq_ignore_ascii_case(token_id));
    let Some(listed) = listed else {
        return Err(Failure::told(
            format!("no token has the id {token_id}"),
            "look at the ids with `gigafleet enroll-token list`",
        ));
    };
    let request =
        v1::RevokeEnrollmentTokenRequest { municipality_id: listed.municipality_id, token_id: listed.token_id };
    let ended = promised(answer(client.enrollment().revoke_enrollment_token(request)).await?.enrollment_token)?;
    if as_json {
        return print(json::pretty(&json::enrollment_token(ended)));
    }
    let uses = format!("{} of {}", ended.uses_taken, ended.uses_allowed);
    print(table::pairs(&[
        ("token id", ended.token_id),
        ("revoked", time(ended.revoke_time.as_ref())),
        ("uses taken", uses),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enroll_line_can_be_copied_whole() {
        assert_eq!(
            enroll_line("127.0.0.1:7443", "gft_x", "ab"),
            "gigafleet-agent enroll --server 127.0.0.1:7443 --token gft_x --ca-sha256 ab"
        );
    }

    #[test]
    fn list_names_owner_and_school_and_shows_no_secret() {
        let owner = v1::Municipality {
            municipality_id: String::from("m"),
            name: String::from("若葉野市"),
            ..Default::default()
        };
        let school = v1::School { school_id: String::from("s"), name: String::from("第一小"), ..Default::default() };
        let token = v1::EnrollmentToken {
            token_id: String::from("t"),
            municipality_id: String::from("m"),
            school_id: String::from("s"),
            uses_allowed: 40,
            uses_taken: 3,
            state: v1::EnrollmentTokenState::Active.into(),
            ..Default::default()
        };
        let text = token_table(&[owner], &[school], &[token]);
        for word in ["若葉野市", "第一小", "3/40", "ACTIVE"] {
            assert!(text.contains(word), "{text}");
        }
        assert!(token_table(&[], &[], &[]).contains("no tokens yet"));
    }
}
