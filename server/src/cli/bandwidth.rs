//! `gigafleet bandwidth`: which schools reach the recommended bandwidth, what was measured, editions of the table.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    files::{read_file, tell_faults},
    json::{self, Object},
    output::{print, remark},
    table::{self, ABSENT, Column, or_absent, time},
};
use crate::{bandwidth::rules::parse_mbps, console::words::bandwidth::mbps_text};

#[derive(Debug, Args)]
pub(super) struct BandwidthArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: BandwidthCommand,
}

#[derive(Debug, Args)]
struct SchoolArgs {
    /// The school, by name or id.
    school: String,
    /// 全国地方公共団体コード of the owner.
    #[arg(long, value_name = "CODE")]
    municipality: String,
}

impl SchoolArgs {
    /// The ids of the owner and of the school.
    async fn find(&self, client: &Client) -> Result<(String, String)> {
        let owner = client.municipality(&self.municipality).await?.municipality_id;
        let school = client.school(Some(&owner), &self.school).await?.school_id;
        Ok((owner, school))
    }
}

#[derive(Debug, Subcommand)]
enum BandwidthCommand {
    /// Which schools of a municipality reach the recommended bandwidth, and the share of them.
    Report {
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Calendar year in which the fiscal year begins; without it the one that is now.
        #[arg(long, value_name = "YEAR", default_value_t = 0)]
        year: u32,
    },
    /// The assessment of one school: verdict, evidence, what to do next.
    Assessment(SchoolArgs),
    /// What was measured at a school, the newest first.
    List(SchoolArgs),
    /// Record what was measured at a school.
    Record(RecordArgs),
    /// Record what was measured from a file: 学校コード, 測定日時, 受信Mbps, and 送信Mbps, 測定方法, 授業中, 備考 where they are there.
    Import {
        /// CSV (UTF-8, CP932, UTF-16) or XLSX, at most 1,000,000 bytes.
        file: PathBuf,
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Only say what the file would record.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a measurement away that was entered by mistake.
    Delete {
        #[command(flatten)]
        school: SchoolArgs,
        /// Its id.
        #[arg(long, value_name = "ID")]
        measurement: String,
    },
    /// Have an agent at a school measure now; servers do that by themselves outside lessons, once in 30 days.
    Test {
        #[command(flatten)]
        school: SchoolArgs,
        /// Even in lessons or shortly before or after them.
        #[arg(long)]
        in_lesson: bool,
        /// Against another server of the same authority; without it the one that the device reports to.
        #[arg(long, value_name = "HOST:PORT", default_value = "")]
        endpoint: String,
        /// Most bytes each way; less where a line is paid by volume.
        #[arg(long, value_name = "BYTES", default_value_t = 0)]
        most_bytes: u32,
    },
    /// Tests that were given to agents: given, running, done, failed, expired; the newest first.
    Tests {
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Only of this school, by name or id.
        #[arg(long, value_name = "SCHOOL")]
        school: Option<String>,
    },
    /// Editions of the recommended table.
    Editions,
    /// Add an edition of the recommended table for all.
    AddEdition(AddEditionArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum How {
    /// 簡易帯域測定.
    Simple,
    /// A speed test of another service.
    SpeedTest,
    /// By those who run the line.
    Provider,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    /// Outside lessons.
    Outside,
    /// In lessons.
    InLessons,
}

#[derive(Debug, Args)]
struct RecordArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// When it was measured, RFC 3339.
    #[arg(long, value_name = "TIME")]
    at: String,
    /// Towards the school, in Mbit/s.
    #[arg(long, value_name = "MBPS")]
    receive: String,
    /// From the school, in Mbit/s.
    #[arg(long, value_name = "MBPS")]
    send: Option<String>,
    /// How it was measured.
    #[arg(long, value_enum, default_value = "simple")]
    method: How,
    /// Whether in lessons; without it calendar and timetable decide.
    #[arg(long, value_enum)]
    moment: Option<When>,
    /// What is to be said of it.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
struct AddEditionArgs {
    /// From when it holds, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    date: String,
    /// Who says so.
    #[arg(long)]
    source: String,
    /// What one pupil needs below the first row, in Mbit/s.
    #[arg(long, value_name = "MBPS", default_value = "1.8")]
    below: String,
    /// CSV with a header and the columns pupils and Mbit/s.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

/// Runs a command about bandwidth.
pub(super) async fn run(args: BandwidthArgs) -> Result<()> {
    let as_json = args.client.json;
    let client = args.client.open().await?;
    match args.command {
        BandwidthCommand::Report { municipality, year } => report(&client, &municipality, year, as_json).await,
        BandwidthCommand::Assessment(school) => assessment(&client, &school, as_json).await,
        BandwidthCommand::List(school) => list(&client, &school, as_json).await,
        BandwidthCommand::Record(args) => record(&client, args, as_json).await,
        BandwidthCommand::Delete { school, measurement } => {
            let (municipality_id, school_id) = school.find(&client).await?;
            let request = v1::DeleteBandwidthRequest { municipality_id, school_id, measurement_id: measurement };
            answer(client.bandwidth().delete_bandwidth(request)).await?;
            remark("the measurement is taken away");
            Ok(())
        }
        BandwidthCommand::Import { file, municipality, dry_run } => {
            import(&client, &file, &municipality, dry_run, as_json).await
        }
        BandwidthCommand::Test { school, in_lesson, endpoint, most_bytes } => {
            let (municipality_id, school_id) = school.find(&client).await?;
            let request = v1::StartBandwidthTestRequest { municipality_id, school_id, in_lesson, endpoint, most_bytes };
            let test = promised(answer(client.bandwidth().start_bandwidth_test(request)).await?.test)?;
            print_tests(vec![test], as_json)
        }
        BandwidthCommand::Tests { municipality, school } => tests(&client, &municipality, school, as_json).await,
        BandwidthCommand::Editions => {
            let request = v1::ListBandwidthEditionsRequest {};
            print_editions(answer(client.bandwidth().list_bandwidth_editions(request)).await?.editions, as_json)
        }
        BandwidthCommand::AddEdition(args) => add_edition(&client, args, as_json).await,
    }
}

fn mbps(kbps: Option<u32>) -> String {
    kbps.map_or_else(|| ABSENT.to_owned(), |kbps| mbps_text(i64::from(kbps)))
}

fn kbps(name: &'static str, text: &str) -> Result<u32> {
    let kbps = parse_mbps(name, text).ok().and_then(|kbps| u32::try_from(kbps).ok());
    let told = || Failure::told(format!("--{name} is no speed: {text}"), "a speed is a number of Mbit/s such as 93.5");
    kbps.ok_or_else(told)
}

fn word(name: &str, prefix: &str) -> String {
    match name.trim_start_matches(prefix) {
        "UNSPECIFIED" => ABSENT.to_owned(),
        word => word.to_owned(),
    }
}

async fn report(client: &Client, municipality: &str, fiscal_year: u32, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(municipality).await?.municipality_id;
    let request = v1::GetBandwidthReportRequest { municipality_id, fiscal_year };
    let report = answer(client.bandwidth().get_bandwidth_report(request)).await?;
    if as_json {
        return print(json::pretty(&json::bandwidth_report(report)));
    }
    let whole = report.schools.len();
    let (reached, year) = (report.reached_count, report.fiscal_year);
    let row = |school: &v1::SchoolBandwidth| {
        vec![
            school.name.clone(),
            word(school.outcome().as_str_name(), "BANDWIDTH_OUTCOME_"),
            word(school.unknown_reason().as_str_name(), "BANDWIDTH_UNKNOWN_REASON_"),
            mbps(school.measured_kbps),
            mbps(school.recommended_kbps),
            word(school.basis().as_str_name(), "BANDWIDTH_BASIS_"),
            school.pupils.map_or_else(|| ABSENT.to_owned(), |pupils| pupils.to_string()),
            time(school.last_measure_time.as_ref()),
            word(school.advice().as_str_name(), "BANDWIDTH_ADVICE_"),
        ]
    };
    let columns = [
        Column::Text("SCHOOL"),
        Column::Text("VERDICT"),
        Column::Text("WHY"),
        Column::Number("MEASURED"),
        Column::Number("RECOMMENDED"),
        Column::Text("BASIS"),
        Column::Number("PUPILS"),
        Column::Text("LAST"),
        Column::Text("NEXT"),
    ];
    let rows = report.schools.iter().map(row).collect();
    print(table::table(&columns, rows, "no schools"))?;
    remark(&format!("{reached} of {whole} schools reach the recommended bandwidth in fiscal year {year}"));
    Ok(())
}

async fn assessment(client: &Client, school: &SchoolArgs, as_json: bool) -> Result<()> {
    let (municipality_id, school_id) = school.find(client).await?;
    let request = v1::GetBandwidthAssessmentRequest { municipality_id, school_id };
    let found = answer(client.bandwidth().get_bandwidth_assessment(request)).await?;
    if as_json {
        return print(json::pretty(&json::bandwidth_assessment(found)));
    }
    let school = promised(found.school)?;
    let place = match school.mext_place {
        0 => ABSENT.to_owned(),
        place => format!("({place}) of the ministry's four"),
    };
    let number = |number: Option<u32>| number.map_or_else(|| ABSENT.to_owned(), |number| number.to_string());
    print(table::pairs(&[
        ("School", school.name.clone()),
        ("Verdict", word(school.outcome().as_str_name(), "BANDWIDTH_OUTCOME_")),
        ("Why", word(school.unknown_reason().as_str_name(), "BANDWIDTH_UNKNOWN_REASON_")),
        ("Measured", format!("{} Mbit/s outside lessons", mbps(school.measured_kbps))),
        ("Measurements", school.measurement_count.to_string()),
        ("First", time(school.first_measure_time.as_ref())),
        ("Last", time(school.last_measure_time.as_ref())),
        ("Recommended", format!("{} Mbit/s", mbps(school.recommended_kbps))),
        ("Basis", word(school.basis().as_str_name(), "BANDWIDTH_BASIS_")),
        ("Edition", or_absent(Some(&found.edition_date))),
        ("Pupils", number(school.pupils)),
        ("Of the year", number(school.pupils_fiscal_year)),
        ("Contract", format!("{} Mbit/s", number(school.contract_mbps))),
        ("Place", place),
        ("Next", word(school.advice().as_str_name(), "BANDWIDTH_ADVICE_")),
    ]))
}

async fn list(client: &Client, school: &SchoolArgs, as_json: bool) -> Result<()> {
    let (municipality_id, school_id) = school.find(client).await?;
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (municipality_id, school_id) = (municipality_id.clone(), school_id.clone());
        let request = v1::ListBandwidthRequest { municipality_id, school_id, page_size: 1_000, page_token };
        let page = answer(client.bandwidth().list_bandwidth(request)).await?;
        all.extend(page.measurements);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return print_measurements(all, as_json);
        }
    }
}

async fn import(client: &Client, file: &Path, municipality: &str, dry_run: bool, as_json: bool) -> Result<()> {
    let content = read_file(file)?;
    let municipality_id = client.municipality(municipality).await?.municipality_id;
    let request = v1::ImportBandwidthRequest { municipality_id, content, dry_run };
    let done = answer(client.bandwidth().import_bandwidth(request)).await?;
    let v1::ImportBandwidthResponse { added_count, unchanged_count, errors } = done;
    let counts = Object::default().value("added_count", added_count).value("unchanged_count", unchanged_count);
    tell_faults(counts, errors, as_json)?;
    let would = if dry_run { "would be " } else { "" };
    remark(&format!("{added_count} measurements {would}recorded, {unchanged_count} were there already"));
    Ok(())
}

fn print_measurements(measurements: Vec<v1::BandwidthMeasurement>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("measurements", measurements, json::bandwidth_measurement)));
    }
    let row = |one: &v1::BandwidthMeasurement| {
        vec![
            time(one.measure_time.as_ref()),
            word(one.moment().as_str_name(), "BANDWIDTH_MOMENT_"),
            mbps(Some(one.receive_kbps)),
            mbps(Some(one.send_kbps).filter(|kbps| *kbps > 0)),
            word(one.method().as_str_name(), "BANDWIDTH_METHOD_"),
            or_absent(Some(&one.note)),
            one.measurement_id.clone(),
        ]
    };
    let columns = [
        Column::Text("MEASURED AT"),
        Column::Text("WHEN"),
        Column::Number("RECEIVE"),
        Column::Number("SEND"),
        Column::Text("METHOD"),
        Column::Text("NOTE"),
        Column::Text("MEASUREMENT ID"),
    ];
    print(table::table(&columns, measurements.iter().map(row).collect(), "nothing was measured"))
}

async fn record(client: &Client, args: RecordArgs, as_json: bool) -> Result<()> {
    let at = OffsetDateTime::parse(&args.at, &Rfc3339).map_err(|_| {
        Failure::told(format!("--at is no time: {}", args.at), "a time looks like 2026-11-25T17:40:00+09:00")
    })?;
    let method = match args.method {
        How::Simple => v1::BandwidthMethod::Simple,
        How::SpeedTest => v1::BandwidthMethod::SpeedTest,
        How::Provider => v1::BandwidthMethod::Provider,
    };
    let moment = match args.moment {
        None => v1::BandwidthMoment::Unspecified,
        Some(When::Outside) => v1::BandwidthMoment::OutsideLessons,
        Some(When::InLessons) => v1::BandwidthMoment::InLessons,
    };
    let measurement = v1::BandwidthMeasurement {
        measurement_id: String::new(),
        measure_time: Some(prost_types::Timestamp { seconds: at.unix_timestamp(), nanos: 0 }),
        receive_kbps: kbps("receive", &args.receive)?,
        send_kbps: args.send.as_deref().map_or(Ok(0), |text| kbps("send", text))?,
        method: method.into(),
        moment: moment.into(),
        note: args.note,
    };
    let (municipality_id, school_id) = args.school.find(client).await?;
    let request = v1::RecordBandwidthRequest { municipality_id, school_id, measurement: Some(measurement) };
    let stored = promised(answer(client.bandwidth().record_bandwidth(request)).await?.measurement)?;
    if as_json {
        return print(json::pretty(&json::bandwidth_measurement(stored)));
    }
    print_measurements(vec![stored], false)
}

async fn tests(client: &Client, municipality: &str, school: Option<String>, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(municipality).await?.municipality_id;
    let school_id = match school {
        Some(school) => client.school(Some(&municipality_id), &school).await?.school_id,
        None => String::new(),
    };
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (municipality_id, school_id) = (municipality_id.clone(), school_id.clone());
        let request = v1::ListBandwidthTestsRequest { municipality_id, school_id, page_size: 1_000, page_token };
        let page = answer(client.bandwidth().list_bandwidth_tests(request)).await?;
        all.extend(page.tests);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return print_tests(all, as_json);
        }
    }
}

fn print_tests(tests: Vec<v1::BandwidthTest>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("tests", tests, json::bandwidth_test)));
    }
    let row = |one: &v1::BandwidthTest| {
        vec![
            time(one.give_time.as_ref()),
            word(one.state().as_str_name(), "BANDWIDTH_TEST_STATE_"),
            time(one.end_time.as_ref()),
            mbps(Some(one.receive_kbps).filter(|kbps| *kbps > 0)),
            mbps(Some(one.send_kbps).filter(|kbps| *kbps > 0)),
            one.school_id.clone(),
            one.device_id.clone(),
            or_absent(Some(&one.endpoint)),
            one.test_id.clone(),
        ]
    };
    let columns = [
        Column::Text("GIVEN AT"),
        Column::Text("STATE"),
        Column::Text("ENDED AT"),
        Column::Number("RECEIVE"),
        Column::Number("SEND"),
        Column::Text("SCHOOL ID"),
        Column::Text("DEVICE ID"),
        Column::Text("AGAINST"),
        Column::Text("TEST ID"),
    ];
    print(table::table(&columns, tests.iter().map(row).collect(), "no tests"))
}

fn print_editions(editions: Vec<v1::BandwidthEdition>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("editions", editions, json::bandwidth_edition)));
    }
    let rows = editions.iter().flat_map(|edition| {
        let row = |row: &v1::BandwidthRow| {
            let (pupils, kbps) = (row.pupils.to_string(), mbps(Some(row.kbps)));
            vec![edition.edition_date.clone(), pupils, kbps, edition.source.clone()]
        };
        edition.rows.iter().map(row).collect::<Vec<_>>()
    });
    let columns = [Column::Text("EDITION"), Column::Number("PUPILS"), Column::Number("MBIT/S"), Column::Text("SOURCE")];
    print(table::table(&columns, rows.collect(), "no editions"))
}

async fn add_edition(client: &Client, args: AddEditionArgs, as_json: bool) -> Result<()> {
    let text = std::fs::read_to_string(&args.file).map_err(|error| {
        Failure::told(format!("{} could not be read: {error}", args.file.display()), "name a CSV file in UTF-8")
    })?;
    let row = |line: &str| {
        let (pupils, speed) = line.split_once(',')?;
        Some(v1::BandwidthRow { pupils: pupils.trim().parse().ok()?, kbps: kbps("file", speed).ok()? })
    };
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    let rows: std::result::Result<Vec<_>, usize> = lines.map(|(at, line)| row(line).ok_or(at + 1)).collect();
    let rows = rows.map_err(|line| {
        Failure::told(format!("line {line} of the file is no row"), "a row is pupils and Mbit/s, such as 120,216")
    })?;
    let edition = v1::BandwidthEdition {
        edition_date: args.date,
        source: args.source,
        below_kbps_per_pupil: kbps("below", &args.below)?,
        rows,
    };
    let request = v1::AddBandwidthEditionRequest { edition: Some(edition) };
    let stored = promised(answer(client.bandwidth().add_bandwidth_edition(request)).await?.edition)?;
    print_editions(vec![stored], as_json)
}
