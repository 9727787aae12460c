//! `gigafleet schools`: municipalities and schools, their pupils and lines.

mod edit;

pub(super) use self::edit::{SchoolArgs, fiscal_year};

use std::collections::HashMap;

use clap::{Args, Subcommand};
use gigafleet_proto::v1;
use serde_json::Value;

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    json,
    output::{print, remark},
    table::{self, Column, or_absent, percent, time},
};

#[derive(Debug, Args)]
pub(super) struct SchoolsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: SchoolsCommand,
}

#[derive(Debug, Subcommand)]
enum SchoolsCommand {
    /// Add a school, and its municipality on first mention.
    Add(AddArgs),
    /// List schools with what their devices do.
    List(ListArgs),
    /// List municipalities with what their devices do.
    Owners,
    /// Show one school.
    Show(edit::SchoolArgs),
    /// Change name, code or shelter flag of a school.
    Edit(edit::EditArgs),
    /// Close a school; it stays for its history, and its name becomes free.
    Close(edit::SchoolArgs),
    /// Show pupils by fiscal year, or say how many there are.
    Pupils(edit::PupilsArgs),
    /// Show the lines of a school.
    Lines(edit::SchoolArgs),
    /// Add a line to a school, or change the one with this number.
    SetLine(edit::SetLineArgs),
    /// Take a line away.
    DeleteLine(edit::DeleteLineArgs),
    /// Show or change a municipality.
    Municipality(edit::MunicipalityArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Only open ones whose name or code has this in it.
    #[arg(long, value_name = "FRAGMENT", default_value = "")]
    search: String,
    /// Only open ones whose code begins with these two characters, for example B1 for elementary schools.
    #[arg(long, value_name = "KIND", default_value = "")]
    kind: String,
}

#[derive(Debug, Args)]
struct AddArgs {
    /// 全国地方公共団体コード of the owner, six digits.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// Name of the owner; adds the municipality if its code is new.
    #[arg(long, value_name = "NAME")]
    municipality_name: Option<String>,
    /// Name of the school.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// 学校コード, 13 characters, where it is known.
    #[arg(long, value_name = "SCHOOLCODE")]
    code: Option<String>,
}

/// Runs a command about schools.
pub(super) async fn run(args: SchoolsArgs) -> Result<()> {
    let client = args.client.open().await?;
    match args.command {
        SchoolsCommand::Add(add_args) => add(&client, add_args, args.client.json).await,
        SchoolsCommand::List(list_args) => list(&client, &list_args, args.client.json).await,
        SchoolsCommand::Owners => owners(&client, args.client.json).await,
        SchoolsCommand::Show(school) => edit::show(&client, &school, args.client.json).await,
        SchoolsCommand::Edit(edit_args) => edit::edit(&client, edit_args, args.client.json).await,
        SchoolsCommand::Close(school) => edit::close(&client, &school, args.client.json).await,
        SchoolsCommand::Pupils(pupils) => edit::pupils(&client, pupils, args.client.json).await,
        SchoolsCommand::Lines(school) => edit::lines(&client, &school, args.client.json).await,
        SchoolsCommand::SetLine(line) => edit::set_line(&client, line, args.client.json).await,
        SchoolsCommand::DeleteLine(line) => edit::delete_line(&client, line, args.client.json).await,
        SchoolsCommand::Municipality(change) => edit::municipality(&client, change, args.client.json).await,
    }
}

async fn add(client: &Client, args: AddArgs, as_json: bool) -> Result<()> {
    let owner = municipality_of(client, &args).await?;
    let request = v1::CreateSchoolRequest {
        request_id: String::new(),
        municipality_id: owner.municipality_id,
        code: args.code.unwrap_or_default(),
        name: args.name,
    };
    let school = promised(answer(client.schools().create_school(request)).await?.school)?;
    if as_json {
        return print(json::pretty(&json::school(school)));
    }
    print(table::pairs(&[
        ("school", school.name),
        ("school id", school.school_id),
        ("school code", or_absent(Some(&school.code))),
        ("municipality", format!("{} {}", owner.code, owner.name)),
    ]))
}

/// The municipality that the arguments name; added if it is new and its name is given.
async fn municipality_of(client: &Client, args: &AddArgs) -> Result<v1::Municipality> {
    if let Some(known) = client.find_municipality(&args.municipality).await? {
        if args.municipality_name.as_ref().is_some_and(|name| *name != known.name) {
            remark(&format!("the municipality {} is known as {}; its name stays", known.code, known.name));
        }
        return Ok(known);
    }
    let Some(name) = &args.municipality_name else {
        return Err(unknown_municipality(&args.municipality));
    };
    let request = v1::CreateMunicipalityRequest {
        request_id: String::new(),
        code: args.municipality.clone(),
        name: name.clone(),
    };
    promised(answer(client.schools().create_municipality(request)).await?.municipality)
}

fn unknown_municipality(code: &str) -> Failure {
    Failure::told(
        format!("no municipality has the code {code} yet"),
        "pass --municipality-name NAME as well, and it is added with its first school",
    )
}

async fn list(client: &Client, args: &ListArgs, as_json: bool) -> Result<()> {
    let code = args.municipality.as_deref();
    let municipalities = match code {
        Some(code) => vec![client.municipality(code).await?],
        None => client.list_municipalities(None).await?,
    };
    let owner = code.and(municipalities.first()).map(|municipality| municipality.municipality_id.as_str());
    let schools = client.search_schools(owner, &args.search, &args.kind).await?;
    if as_json {
        return print(json::pretty(&list_json(municipalities, schools)));
    }
    print(school_table(&municipalities, &schools))
}

async fn owners(client: &Client, as_json: bool) -> Result<()> {
    let municipalities = client.list_municipalities(None).await?;
    if as_json {
        return print(json::pretty(&json::list("municipalities", municipalities, json::municipality)));
    }
    print(owner_table(&municipalities))
}

fn owner_table(municipalities: &[v1::Municipality]) -> String {
    let columns = [
        Column::Text("CODE"),
        Column::Text("MUNICIPALITY"),
        Column::Number("SCHOOLS"),
        Column::Number("DEVICES"),
        Column::Number("REPORTING"),
        Column::Text("LAST REPORT"),
        Column::Number("STORAGE LOW"),
        Column::Text("COUNTED"),
    ];
    let row = |owner: &v1::Municipality| {
        let figures = owner.figures.unwrap_or_default();
        vec![
            owner.code.clone(),
            owner.name.clone(),
            figures.school_count.to_string(),
            figures.device_count.to_string(),
            figures.reporting_count.to_string(),
            time(figures.last_checkin_time.as_ref()),
            figures.storage_low_count.to_string(),
            time(figures.count_time.as_ref()),
        ]
    };
    table::table(&columns, municipalities.iter().map(row).collect(), "no municipalities within reach")
}

/// Schools with their owners beside them, since a school names its owner by id only.
fn list_json(municipalities: Vec<v1::Municipality>, schools: Vec<v1::School>) -> Value {
    json::Object::default()
        .list("municipalities", municipalities, json::municipality)
        .list("schools", schools, json::school)
        .into()
}

/// Schools below their municipalities, in the order of codes.
fn school_table(municipalities: &[v1::Municipality], schools: &[v1::School]) -> String {
    let rank: HashMap<_, _> =
        municipalities.iter().zip(0..).map(|(m, rank)| (m.municipality_id.as_str(), (rank, m))).collect();
    let mut schools: Vec<_> =
        schools.iter().map(|school| (rank.get(school.municipality_id.as_str()), school)).collect();
    // Stable, so that schools of one owner stay in the server's order.
    schools.sort_by_key(|(owner, _)| owner.map_or(i32::MAX, |(rank, _)| *rank));
    let columns = [
        Column::Text("CODE"),
        Column::Text("MUNICIPALITY"),
        Column::Text("SCHOOL"),
        Column::Number("DEVICES"),
        Column::Number("REPORTING"),
        Column::Text("LAST REPORT"),
        Column::Number("BATTERY"),
        Column::Number("STORAGE LOW"),
        Column::Text("SCHOOL ID"),
    ];
    let row = |(owner, school): (Option<&(i32, &v1::Municipality)>, &v1::School)| {
        vec![
            or_absent(owner.map(|(_, m)| m.code.as_str())),
            or_absent(owner.map(|(_, m)| m.name.as_str())),
            school.name.clone(),
            school.device_count.to_string(),
            school.reporting_count.to_string(),
            time(school.last_checkin_time.as_ref()),
            percent(school.mean_charge_percent),
            school.storage_low_count.to_string(),
            school.school_id.clone(),
        ]
    };
    let empty = "no schools yet: gigafleet schools add --municipality CODE --municipality-name NAME --name NAME";
    table::table(&columns, schools.into_iter().map(row).collect(), empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    #[test]
    fn schools_stand_below_their_municipalities_in_the_order_of_codes() {
        let owner = |id: &str, code: &str| v1::Municipality {
            municipality_id: id.to_owned(),
            code: code.to_owned(),
            name: format!("{code}市"),
            ..v1::Municipality::default()
        };
        let school = |owner: &str, name: &str| v1::School {
            municipality_id: owner.to_owned(),
            name: name.to_owned(),
            ..v1::School::default()
        };
        let owners = [owner("b", "130001"), owner("a", "139017")];
        let text = school_table(
            &owners,
            &[school("a", "三小"), school("b", "一小"), school("b", "二小"), school("?", "四小")],
        );
        let order: Vec<_> = ["一小", "二小", "三小", "四小"].iter().map(|name| text.find(name).unwrap()).collect();
        assert!(order.is_sorted(), "{text}");
        assert!(text.contains("never") && !text.contains("1970"), "{text}");
    }

    #[test]
    fn owners_stand_with_their_figures_and_what_was_never_counted_says_so() {
        let figures = v1::MunicipalityFigures { school_count: 84, device_count: 42_328, ..Default::default() };
        let counted =
            v1::Municipality { figures: Some(figures), name: String::from("府中市"), ..Default::default() };
        let text = owner_table(&[counted, v1::Municipality::default()]);
        assert!(text.contains("府中市") && text.contains("42328") && text.contains("never"), "{text}");
    }

    #[test]
    fn unknown_municipality_says_how_to_add_it() {
        let text = unknown_municipality("139017").text(Language::En).unwrap();
        assert!(text.contains("139017") && text.contains("--municipality-name"), "{text}");
    }
}
