//! `gigafleet schools show|edit|close|pupils|lines|set-line|delete-line|municipality`: one school, one municipality.

use clap::{Args, ValueEnum};
use gigafleet_proto::v1;
use prost_types::FieldMask;

use crate::{
    cli::{
        client::{Client, answer, promised},
        failure::{Failure, Result},
        json,
        output::print,
        table::{self, Column, or_absent, time},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Names a school.
#[derive(Debug, Args)]
pub(in crate::cli) struct SchoolArgs {
    /// The school, by name or id.
    #[arg(value_name = "NAME-or-ID")]
    school: String,
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
}

impl SchoolArgs {
    /// The school that is meant, where the caller may see it.
    pub(in crate::cli) async fn find(&self, client: &Client) -> Result<v1::School> {
        let owner = match &self.municipality {
            Some(code) => Some(client.municipality(code).await?.municipality_id),
            None => None,
        };
        client.school(owner.as_deref(), &self.school).await
    }
}

#[derive(Debug, Args)]
pub(super) struct EditArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// Another name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Another 学校コード; empty for none.
    #[arg(long, value_name = "SCHOOLCODE")]
    code: Option<String>,
    /// Whether it is a shelter (避難所).
    #[arg(long, value_name = "true|false")]
    shelter: Option<bool>,
}

/// Who says how many pupils there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Source {
    Person,
    File,
    Survey,
    Forecast,
}

#[derive(Debug, Args)]
pub(super) struct PupilsArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// Say how many there are, together with --year.
    #[arg(long, value_name = "N", requires = "year")]
    set: Option<u32>,
    /// Fiscal year: 2026, R8 or 令和8年度.
    #[arg(long, value_name = "YEAR")]
    year: Option<String>,
    /// Who says so.
    #[arg(long, value_enum, default_value_t = Source::Person)]
    source: Source,
}

/// How a line goes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LineTopology {
    Direct,
    MunicipalHub,
    PrefecturalHub,
    Lte,
}

#[derive(Debug, Args)]
pub(super) struct SetLineArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// Which of its lines.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    number: u32,
    /// How it goes.
    #[arg(long, value_enum)]
    topology: LineTopology,
    /// What the contract is called.
    #[arg(long, value_name = "TEXT", default_value = "")]
    contract: String,
    /// The provider.
    #[arg(long, value_name = "TEXT", default_value = "")]
    isp: String,
    /// Speed by contract in Mbps.
    #[arg(long, value_name = "MBPS")]
    mbps: Option<u32>,
    /// What it goes through, as `gigafleet hubs list` shows it.
    #[arg(long, value_name = "ID", default_value = "")]
    hub: String,
}

#[derive(Debug, Args)]
pub(super) struct DeleteLineArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// Which of its lines.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    number: u32,
}

#[derive(Debug, Args)]
pub(super) struct MunicipalityArgs {
    /// 全国地方公共団体コード, six digits.
    #[arg(value_name = "CODE")]
    code: String,
    /// Another name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether names of holders are kept; its administrators decide.
    #[arg(long, value_name = "true|false")]
    keeps_names: Option<bool>,
}

/// Reads a fiscal year as people write it.
pub(in crate::cli) fn fiscal_year(text: Option<&str>) -> Result<u32> {
    let Some(text) = text else { return Ok(0) };
    let year = FiscalYear::parse("--year", text)
        .map_err(|wrong| Failure::told(format!("--year {}", wrong.message.en), "for example --year R8"))?;
    Ok(u32::try_from(year.year()).unwrap_or_default())
}

pub(super) async fn show(client: &Client, args: &SchoolArgs, as_json: bool) -> Result<()> {
    let school = args.find(client).await?;
    print_school(school, as_json)
}

fn print_school(school: v1::School, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::school(school)));
    }
    let state = if school.close_time.is_some() { "closed" } else { "open" };
    print(table::pairs(&[
        ("school", school.name),
        ("school id", school.school_id),
        ("school code", or_absent(Some(&school.code))),
        ("state", state.to_owned()),
        ("shelter", if school.is_shelter { "yes" } else { "no" }.to_owned()),
        ("devices", school.device_count.to_string()),
        ("reporting", school.reporting_count.to_string()),
        ("last report", time(school.last_checkin_time.as_ref())),
    ]))
}

pub(super) async fn edit(client: &Client, args: EditArgs, as_json: bool) -> Result<()> {
    let mut school = args.school.find(client).await?;
    let mut paths = Vec::new();
    if let Some(name) = args.name {
        paths.push(String::from("name"));
        school.name = name;
    }
    if let Some(code) = args.code {
        paths.push(String::from("code"));
        school.code = code;
    }
    if let Some(shelter) = args.shelter {
        paths.push(String::from("is_shelter"));
        school.is_shelter = shelter;
    }
    if paths.is_empty() {
        return Err(Failure::told("nothing to change was given", "pass --name, --code or --shelter"));
    }
    let request = v1::UpdateSchoolRequest { school: Some(school), update_mask: Some(FieldMask { paths }) };
    print_school(promised(answer(client.schools().update_school(request)).await?.school)?, as_json)
}

pub(super) async fn close(client: &Client, args: &SchoolArgs, as_json: bool) -> Result<()> {
    let school = args.find(client).await?;
    let v1::School { municipality_id, school_id, etag, .. } = school;
    let request = v1::CloseSchoolRequest { municipality_id, school_id, etag };
    print_school(promised(answer(client.schools().close_school(request)).await?.school)?, as_json)
}

pub(super) async fn pupils(client: &Client, args: PupilsArgs, as_json: bool) -> Result<()> {
    let school = args.school.find(client).await?;
    if let Some(pupils) = args.set {
        let source = match args.source {
            Source::Person => v1::PupilsSource::Person,
            Source::File => v1::PupilsSource::File,
            Source::Survey => v1::PupilsSource::Survey,
            Source::Forecast => v1::PupilsSource::Forecast,
        };
        let pupils = v1::Pupils {
            school_id: school.school_id.clone(),
            fiscal_year: fiscal_year(args.year.as_deref())?,
            pupils,
            source: source.into(),
            ..v1::Pupils::default()
        };
        let request = v1::SetPupilsRequest { municipality_id: school.municipality_id.clone(), pupils: Some(pupils) };
        answer(client.schools().set_pupils(request)).await?;
    }
    let request = v1::ListPupilsRequest {
        municipality_id: school.municipality_id,
        school_id: school.school_id,
        // A school has one row for each fiscal year that is understood.
        page_size: 200,
        page_token: String::new(),
    };
    let all = answer(client.schools().list_pupils(request)).await?.pupils;
    if as_json {
        return print(json::pretty(&json::list("pupils", all, json::pupils)));
    }
    let row = |p: &v1::Pupils| {
        let source = p.source().as_str_name().trim_start_matches("PUPILS_SOURCE_").to_lowercase();
        vec![p.fiscal_year.to_string(), p.pupils.to_string(), source, time(p.record_time.as_ref())]
    };
    let columns = [Column::Text("YEAR"), Column::Number("PUPILS"), Column::Text("SOURCE"), Column::Text("RECORDED")];
    let empty = "no pupils yet: gigafleet schools pupils SCHOOL --year R8 --set N";
    print(table::table(&columns, all.iter().map(row).collect(), empty))
}

async fn list_lines(client: &Client, school: &v1::School) -> Result<Vec<v1::Line>> {
    let request = v1::ListLinesRequest {
        municipality_id: school.municipality_id.clone(),
        school_id: school.school_id.clone(),
        ..v1::ListLinesRequest::default()
    };
    Ok(answer(client.lines().list_lines(request)).await?.lines)
}

pub(super) async fn lines(client: &Client, args: &SchoolArgs, as_json: bool) -> Result<()> {
    let school = args.find(client).await?;
    print_lines(list_lines(client, &school).await?, as_json)
}

fn print_lines(lines: Vec<v1::Line>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("lines", lines, json::line)));
    }
    let row = |line: &v1::Line| {
        vec![
            line.line_number.to_string(),
            line.topology().as_str_name().trim_start_matches("TOPOLOGY_").to_owned(),
            or_absent(Some(&line.contract)),
            or_absent(Some(&line.isp)),
            line.contract_mbps.map_or_else(|| table::ABSENT.to_owned(), |mbps| mbps.to_string()),
            or_absent(Some(&line.hub_id)),
        ]
    };
    let columns = [
        Column::Number("LINE"),
        Column::Text("TOPOLOGY"),
        Column::Text("CONTRACT"),
        Column::Text("ISP"),
        Column::Number("MBPS"),
        Column::Text("HUB"),
    ];
    print(table::table(&columns, lines.iter().map(row).collect(), "no line is known: gigafleet schools set-line"))
}

pub(super) async fn set_line(client: &Client, args: SetLineArgs, as_json: bool) -> Result<()> {
    let school = args.school.find(client).await?;
    let topology = match args.topology {
        LineTopology::Direct => v1::Topology::Direct,
        LineTopology::MunicipalHub => v1::Topology::MunicipalHub,
        LineTopology::PrefecturalHub => v1::Topology::PrefecturalHub,
        LineTopology::Lte => v1::Topology::Lte,
    };
    let line = v1::Line {
        school_id: school.school_id.clone(),
        line_number: args.number,
        topology: topology.into(),
        contract: args.contract,
        isp: args.isp,
        contract_mbps: args.mbps,
        hub_id: args.hub,
        etag: String::new(),
    };
    let request = v1::SetLineRequest { municipality_id: school.municipality_id.clone(), line: Some(line) };
    answer(client.lines().set_line(request)).await?;
    print_lines(list_lines(client, &school).await?, as_json)
}

pub(super) async fn delete_line(client: &Client, args: DeleteLineArgs, as_json: bool) -> Result<()> {
    let school = args.school.find(client).await?;
    let request = v1::DeleteLineRequest {
        municipality_id: school.municipality_id.clone(),
        school_id: school.school_id.clone(),
        line_number: args.number,
        etag: String::new(),
    };
    answer(client.lines().delete_line(request)).await?;
    print_lines(list_lines(client, &school).await?, as_json)
}

pub(super) async fn municipality(client: &Client, args: MunicipalityArgs, as_json: bool) -> Result<()> {
    let mut municipality = client.municipality(&args.code).await?;
    let mut paths = Vec::new();
    if let Some(name) = args.name {
        paths.push(String::from("name"));
        municipality.name = name;
    }
    if let Some(keeps_names) = args.keeps_names {
        paths.push(String::from("keeps_names"));
        municipality.keeps_names = keeps_names;
    }
    if !paths.is_empty() {
        let request =
            v1::UpdateMunicipalityRequest { municipality: Some(municipality), update_mask: Some(FieldMask { paths }) };
        municipality = promised(answer(client.schools().update_municipality(request)).await?.municipality)?;
    }
    if as_json {
        return print(json::pretty(&json::municipality(municipality)));
    }
    print(table::pairs(&[
        ("municipality", format!("{} {}", municipality.code, municipality.name)),
        ("kind", or_absent(Some(&municipality.kind))),
        ("municipality id", municipality.municipality_id),
        ("keeps names", if municipality.keeps_names { "yes" } else { "no" }.to_owned()),
    ]))
}
