//! `gigafleet costs lives`, `advice` and `spares`: how long devices last, repair or replace, whether spares last.

use std::path::PathBuf;

use clap::Args;
use gigafleet_proto::v1;

use super::{grouped, short};
use crate::{
    cli::{
        client::{Client, answer, promised},
        failure::Result,
        files::write_out,
        json,
        output::{print, remark},
        table::{self, ABSENT, Column, or_absent},
    },
    devices::rules::import::export::{Encoding, file},
};

/// Days of a year.
const YEAR: f64 = 365.25;
/// The header of the file. It is Japanese in both languages, as all files are.
const HEADER: [&str; 16] = [
    "機種",
    "現在の台数",
    "区分",
    "根拠",
    "数えた台数",
    "故障数",
    "半数が故障するまで(日)",
    "1年以内の故障割合",
    "2年以内の故障割合",
    "3年以内の故障割合",
    "4年以内の故障割合",
    "5年以内の故障割合",
    "年度",
    "予測件数",
    "予測 95%下限",
    "予測 95%上限",
];

#[derive(Debug, Args)]
pub(super) struct LivesArgs {
    /// 全国地方公共団体コード; without it all that you see whole, together.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Write the figures here as CSV (UTF-8) for a spreadsheet: a line for each model, kind and year.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct AdviceArgs {
    /// Id of the device.
    #[arg(value_name = "ID")]
    device: String,
    /// 全国地方公共団体コード.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// What its repair costs, with tax: 25,000円.
    #[arg(long, value_name = "YEN")]
    repair: String,
    /// What a new device costs; without it what the owner assumes, or what this one cost.
    #[arg(long, value_name = "YEN", default_value = "")]
    new_device: String,
    /// On which day; without it today.
    #[arg(long, value_name = "DAY", default_value = "")]
    date: String,
}

#[derive(Debug, Args)]
pub(super) struct SparesArgs {
    /// 全国地方公共団体コード; without it each that you see whole.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// The schools of the municipality.
    #[arg(long, requires = "municipality")]
    by_school: bool,
    /// Until which day they shall last, at most two years ahead; without it the end of the fiscal year.
    #[arg(long, value_name = "DAY", default_value = "")]
    until: String,
}

fn kind_text(kind: v1::LifeKind) -> String {
    short(kind.as_str_name(), "LIFE_KIND_")
}

fn basis_text(basis: v1::EstimateBasis) -> String {
    short(basis.as_str_name(), "ESTIMATE_BASIS_")
}

/// A part of a whole in percent.
fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// A number of failures with its interval.
fn expected(estimate: Option<&v1::RenewalEstimate>) -> String {
    let Some(estimate) = estimate else { return ABSENT.to_owned() };
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{:.0} ({low:.0}-{high:.0})", estimate.value),
        _ => format!("{:.0}", estimate.value),
    }
}

/// The share of devices that fail within so many years.
fn share_within(curve: &v1::DeviceLifeCurve, years: u32) -> Option<f64> {
    let found = curve.shares.iter().find(|share| share.years == years)?;
    found.share.as_ref().map(|share| share.value)
}

fn life_row(name: &str, devices: u64, curve: &v1::DeviceLifeCurve) -> Vec<String> {
    let years =
        |days: Option<u32>| days.map_or_else(|| ABSENT.to_owned(), |days| format!("{:.1}", f64::from(days) / YEAR));
    let share = |years: u32| share_within(curve, years).map_or_else(|| ABSENT.to_owned(), percent);
    let mut row = vec![
        name.to_owned(),
        kind_text(curve.kind()),
        basis_text(curve.basis()),
        devices.to_string(),
        curve.life_count.to_string(),
        curve.failure_count.to_string(),
        years(curve.median_days),
        share(1),
        share(3),
        share(5),
    ];
    row.extend(curve.forecasts.iter().map(|forecast| expected(forecast.failures.as_ref())));
    row
}

/// A line of the file for each year of a forecast.
fn file_rows(model: &v1::ModelLives) -> Vec<Vec<String>> {
    let number = |value: Option<f64>, digits: usize| value.map(|value| format!("{value:.digits$}")).unwrap_or_default();
    let mut rows = Vec::new();
    for curve in &model.curves {
        let share = |years: u32| number(share_within(curve, years), 4);
        let kind = match curve.kind() {
            v1::LifeKind::Battery => "バッテリー",
            v1::LifeKind::Failure | v1::LifeKind::Unspecified => "故障",
        };
        let basis = if curve.basis() == v1::EstimateBasis::Counted { "実績" } else { "既定値" };
        for forecast in &curve.forecasts {
            let failures = forecast.failures.as_ref();
            let mut row = vec![model.model.clone(), model.device_count.to_string(), kind.to_owned(), basis.to_owned()];
            row.extend([curve.life_count.to_string(), curve.failure_count.to_string()]);
            row.push(curve.median_days.map(|days| days.to_string()).unwrap_or_default());
            row.extend((1..=5).map(share));
            row.push(forecast.fiscal_year.to_string());
            row.push(number(failures.map(|one| one.value), 1));
            row.push(number(failures.and_then(|one| one.low), 1));
            row.push(number(failures.and_then(|one| one.high), 1));
            rows.push(row);
        }
    }
    rows
}

pub(super) async fn lives(client: &Client, args: LivesArgs, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality_id(args.municipality.as_deref()).await?;
    let found = answer(client.renewal().get_device_lives(v1::GetDeviceLivesRequest { municipality_id })).await?;
    if let Some(path) = &args.csv {
        let (bytes, _) = file(HEADER, found.models.iter().flat_map(file_rows), Encoding::Utf8);
        write_out(&bytes, Some(path))?;
    }
    if as_json {
        return print(json::pretty(&json::device_lives(found)));
    }
    if args.csv.is_some() {
        return Ok(());
    }
    let years = found.whole.first().map(|whole| whole.forecasts.as_slice()).unwrap_or_default();
    let mut columns = vec![
        Column::Text("MODEL"),
        Column::Text("KIND"),
        Column::Text("BASIS"),
        Column::Number("DEVICES"),
        Column::Number("LIVES"),
        Column::Number("FAILED"),
        Column::Number("MEDIAN YEARS"),
        Column::Number("WITHIN 1 YEAR"),
        Column::Number("3"),
        Column::Number("5"),
    ];
    // Headers of a table live as long as the program.
    columns.extend(years.iter().map(|year| Column::Number(format!("IN {}", year.fiscal_year).leak())));
    let mut rows = Vec::new();
    for model in &found.models {
        let name = or_absent(Some(&model.model));
        rows.extend(model.curves.iter().map(|curve| life_row(&name, model.device_count, curve)));
    }
    let devices = found.models.iter().map(|model| model.device_count).sum();
    if found.models.len() > 1 {
        rows.extend(found.whole.iter().map(|whole| life_row("all", devices, whole)));
    }
    let mut methods: Vec<_> =
        found.models.iter().flat_map(|model| &model.curves).filter_map(|curve| curve.method.as_ref()).collect();
    methods.sort_by(|one, two| one.en.cmp(&two.en));
    methods.dedup();
    for method in methods {
        remark(&method.en);
    }
    print(table::table(&columns, rows, "no devices"))
}

pub(super) async fn advice(client: &Client, args: AdviceArgs, as_json: bool) -> Result<()> {
    let request = v1::GetRepairAdviceRequest {
        municipality_id: client.municipality(&args.municipality).await?.municipality_id,
        device_id: args.device,
        repair_yen: args.repair,
        device_yen: args.new_device,
        date: args.date,
    };
    let found = answer(client.renewal().get_repair_advice(request)).await?;
    if as_json {
        return print(json::pretty(&json::repair_advice(found)));
    }
    let sentence = promised(found.sentence.clone())?;
    if found.due_fiscal_year > 0 {
        let reason = short(found.due_reason().as_str_name(), "DUE_REASON_");
        remark(&format!("it is renewed anyway in {} ({reason})", found.due_fiscal_year));
    }
    if found.is_restricted {
        remark(&format!("it must not be disposed of until {}", found.restriction_end_date));
    }
    let columns = [
        Column::Text("WAY"),
        Column::Number("YEARS"),
        Column::Number("YEN"),
        Column::Number("A YEAR"),
        Column::Number("OWN"),
        Column::Number("OWN A YEAR"),
        Column::Text("PAID BY"),
        Column::Text("PROGRAMME"),
    ];
    let row = |name: &str, way: v1::RepairAdviceWay| {
        let paid = |one: &v1::RenewalFunding| {
            let amount = one.amount_yen.parse().map_or_else(|_| one.amount_yen.clone(), grouped);
            format!("{}={amount}", short(one.payer().as_str_name(), "PAYER_"))
        };
        vec![
            name.to_owned(),
            way.years.to_string(),
            grouped(way.total_yen),
            grouped(way.total_yearly_yen),
            grouped(way.own_yen),
            grouped(way.own_yearly_yen),
            way.funding.iter().map(paid).collect::<Vec<_>>().join(" "),
            or_absent(Some(&way.programme_id)),
        ]
    };
    let rows = vec![row("repair", promised(found.repair)?), row("replace", promised(found.replace)?)];
    print(table::table(&columns, rows, "no advice"))?;
    print(format!("{}\n{}", sentence.ja, sentence.en))
}

pub(super) async fn spares(client: &Client, args: SparesArgs, as_json: bool) -> Result<()> {
    // The owners are for their names, which JSON does not have.
    let (municipality_id, owners) = match &args.municipality {
        Some(code) => {
            let owner = client.municipality(code).await?;
            (owner.municipality_id.clone(), vec![owner])
        }
        None if as_json => (String::new(), Vec::new()),
        None => (String::new(), client.list_municipalities(None).await?),
    };
    let request = v1::GetSparesRequest { municipality_id, by_school: args.by_school, until_date: args.until };
    let found = answer(client.renewal().get_spares(request)).await?;
    if as_json {
        return print(json::pretty(&json::renewal_spares(found)));
    }
    let name = |spares: &v1::RenewalSpares| match (args.by_school, spares.school_name.as_str()) {
        (true, school) => or_absent(Some(school)),
        (false, _) => {
            let owner = owners.iter().find(|owner| owner.municipality_id == spares.municipality_id);
            owner.map_or_else(|| spares.municipality_id.clone(), |owner| owner.name.clone())
        }
    };
    let columns = [
        Column::Text(if args.by_school { "SCHOOL" } else { "OWNER" }),
        Column::Number("IN USE"),
        Column::Number("FREE"),
        Column::Number("AWAY"),
        Column::Number("NEVER SHORT"),
        Column::Number("95 %"),
        Column::Number("NEEDED"),
        Column::Text("RATE"),
        Column::Text("REPAIRS"),
    ];
    let row = |spares: &v1::RenewalSpares| {
        let enough = spares.enough.as_ref();
        let interval = match (enough.and_then(|one| one.low), enough.and_then(|one| one.high)) {
            (Some(low), Some(high)) => format!("{}-{}", percent(low), percent(high)),
            _ => ABSENT.to_owned(),
        };
        vec![
            name(spares),
            spares.in_use_count.to_string(),
            spares.free_count.to_string(),
            spares.away_count.to_string(),
            enough.map_or_else(|| ABSENT.to_owned(), |one| percent(one.value)),
            interval,
            format!("{} ({}-{})", spares.needed_count, spares.needed_count_low, spares.needed_count_high),
            basis_text(spares.rate_basis()),
            basis_text(spares.repair_basis()),
        ]
    };
    let method = found.method.as_ref().map(|method| method.en.as_str()).unwrap_or_default();
    remark(&format!("until {}; {method}", found.until_date));
    print(table::table(&columns, found.spares.iter().map(row).collect(), "no devices"))
}
