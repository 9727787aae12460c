//! `gigafleet report`: the published plan, costs, scenarios, what changed, and whether a report is what the ledger gives.

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1::{self, export_renewal_report_request::Report};
use serde_json::Value;

use super::{
    client::{Client, ClientArgs, answer, promised},
    costs::{AsOf, Moment, change_rows, grouped, moment, short},
    failure::{Failure, Result},
    files::{FileEncoding, tell_replaced, write_out},
    output::{print, remark},
    table::{self, ABSENT, Column},
};
use crate::renewal::rules::{
    money::Yen,
    report::{content::canonical, per_device::per_device},
};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// The published plan (別添1 端末整備・更新計画, and item 1 of 別添2).
    Plan {
        #[command(flatten)]
        of: OfArgs,
        #[command(flatten)]
        definitions: DefinitionArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Costs by fiscal year, payer, kind, school and model.
    Costs {
        #[command(flatten)]
        of: OfArgs,
        /// Calendar year in which the first fiscal year begins; without it the first of which anything is known.
        #[arg(long, value_name = "YEAR", default_value_t = 0)]
        first: u32,
        /// The last one; without it the tenth to come.
        #[arg(long, value_name = "YEAR", default_value_t = 0)]
        last: u32,
        /// By what amounts are told apart.
        #[arg(long, value_enum, default_value = "places")]
        detail: DetailName,
        /// Also what a device costs a year: the costs of a year by the devices at its end.
        #[arg(long)]
        per_device: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// The ten years to come under scenarios, side by side.
    Scenarios {
        #[command(flatten)]
        of: OfArgs,
        /// Only this scenario; can be repeated.
        #[arg(long = "scenario", value_name = "ID")]
        scenarios: Vec<String>,
        /// Beside them one of your own: price=10 (percent, -90 to 300), later=2 (years), covered, devices=MOST (of a year),
        /// yen=MOST (of a year) or prefer=earlier|later (where what is over the most goes); can be repeated. It is not kept
        /// and has no hash.
        #[arg(long = "what-if", value_name = "TERM", value_parser = term)]
        what_if: Vec<Term>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// What changed between two times.
    Changes {
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// From when: a day, which counts whole, or a time in RFC 3339.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Moment,
        #[command(flatten)]
        at: AsOf,
        #[command(flatten)]
        definitions: DefinitionArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Check the hash of a report, and that the ledger gives the same for the same time.
    Verify {
        /// A report that was written with --format json.
        file: PathBuf,
    },
}

/// Whose report, as of when.
#[derive(Debug, Args)]
struct OfArgs {
    /// 全国地方公共団体コード; without it all that you see whole, together.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    #[command(flatten)]
    at: AsOf,
}

/// In which way a plan is filled.
#[derive(Debug, Args)]
struct DefinitionArgs {
    /// What ② says after the last year of installation.
    #[arg(long, value_enum, default_value = "zero")]
    cap_after: CapAfterName,
    /// What ⑧ is.
    #[arg(long, value_enum, default_value = "of-pupils")]
    spare_share: SpareShareName,
    /// Id of the programme whose years are the columns; without it the one that covers devices now.
    #[arg(long, value_name = "ID", default_value = "")]
    programme: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CapAfterName {
    /// 0.
    Zero,
    /// Computed for each year from its pupils.
    Computed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SpareShareName {
    /// ⑥ of the year ÷ ①.
    OfPupils,
    /// ⑥ up to the year ÷ spares that are allowed.
    OfAllowed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DetailName {
    /// By school and model.
    Places,
    /// By owner alone, for a prefecture.
    Owners,
    /// All owners together, for the nation.
    Together,
}

impl From<DetailName> for v1::RenewalCostDetail {
    fn from(name: DetailName) -> Self {
        match name {
            DetailName::Places => Self::Places,
            DetailName::Owners => Self::Owners,
            DetailName::Together => Self::Together,
        }
    }
}

impl From<DefinitionArgs> for v1::RenewalPlanDefinitions {
    fn from(args: DefinitionArgs) -> Self {
        let cap_after = match args.cap_after {
            CapAfterName::Zero => v1::PlanCapAfter::Zero,
            CapAfterName::Computed => v1::PlanCapAfter::Computed,
        };
        let spare_share = match args.spare_share {
            SpareShareName::OfPupils => v1::PlanSpareShare::OfPupils,
            SpareShareName::OfAllowed => v1::PlanSpareShare::OfAllowed,
        };
        Self { cap_after: cap_after.into(), spare_share: spare_share.into(), programme_id: args.programme }
    }
}

/// How a report comes out.
#[derive(Debug, Args)]
struct OutputArgs {
    /// A table for people, CSV or a workbook for a spreadsheet, pages to print, or its content with its hash as JSON.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// The encoding of CSV.
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: FileEncoding,
    /// The language of CSV, workbooks and pages: ja or en.
    #[arg(long, value_name = "LANGUAGE", default_value = "ja", value_parser = ["ja", "en"])]
    language: String,
    /// Write here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For a spreadsheet.
    Csv,
    /// A workbook with formulas.
    Xlsx,
    /// Pages of A4 with charts.
    Pdf,
    /// For programs, and for `report verify`.
    Json,
}

/// Runs a command about reports.
pub(super) async fn run(args: ReportArgs) -> Result<()> {
    let as_json = args.client.json;
    let client = args.client.open().await?;
    let (report, output) = match args.command {
        ReportCommand::Verify { file } => return verify(&client, &file, as_json).await,
        ReportCommand::Plan { of, definitions, output } => {
            let (municipality_id, as_of_time) = of.find(&client).await?;
            let definitions = Some(definitions.into());
            (Report::Plan(v1::GetRenewalPlanRequest { municipality_id, as_of_time, definitions }), output)
        }
        ReportCommand::Costs { of, first, last, detail, per_device, output } => {
            let (municipality_id, as_of_time) = of.find(&client).await?;
            let request = v1::GetRenewalCostsRequest {
                municipality_id,
                as_of_time,
                first_fiscal_year: first,
                last_fiscal_year: last,
                detail: v1::RenewalCostDetail::from(detail).into(),
                per_device,
            };
            (Report::Costs(request), output)
        }
        ReportCommand::Scenarios { of, scenarios, what_if, output } => {
            let (municipality_id, as_of_time) = of.find(&client).await?;
            if !what_if.is_empty() {
                let request = tried((municipality_id, as_of_time), scenarios, &what_if);
                return try_scenario(&client, request, &output, as_json).await;
            }
            let request = v1::GetRenewalScenariosRequest { municipality_id, as_of_time, scenario_ids: scenarios };
            (Report::Scenarios(request), output)
        }
        ReportCommand::Changes { municipality, since, at, definitions, output } => {
            let request = v1::GetRenewalChangesRequest {
                municipality_id: client.municipality(&municipality).await?.municipality_id,
                since_time: since.to_proto(),
                as_of_time: at.to_proto(),
                definitions: Some(definitions.into()),
            };
            (Report::Changes(request), output)
        }
    };
    match output.format {
        Format::Csv => export(&client, report, v1::RenewalReportForm::Csv, &output).await,
        Format::Xlsx => export(&client, report, v1::RenewalReportForm::Xlsx, &output).await,
        Format::Pdf => export(&client, report, v1::RenewalReportForm::Pdf, &output).await,
        Format::Json | Format::Table => show(&client, report, &output, as_json || output.format == Format::Json).await,
    }
}

/// A term of a scenario of one's own.
#[derive(Debug, Clone, Copy)]
enum Term {
    /// Percent more.
    Price(i32),
    /// Years later.
    Later(u32),
    /// Renewal and running costs are covered.
    Covered,
    /// Most devices of a year.
    Devices(u32),
    /// Most yen of a year.
    Yen(u64),
    /// Where the rest goes.
    Prefer(v1::RenewalPreference),
}

fn term(text: &str) -> std::result::Result<Term, String> {
    let unreadable = || {
        format!(
            "{text} is no term: needs price=PERCENT, later=YEARS, covered, devices=MOST, yen=MOST or prefer=earlier|later"
        )
    };
    match text.split_once('=') {
        None if text == "covered" => Ok(Term::Covered),
        Some(("price", percent)) => percent.trim_end_matches('%').parse().map(Term::Price).map_err(|_| unreadable()),
        Some(("later", years)) => years.parse().map(Term::Later).map_err(|_| unreadable()),
        Some(("devices", most)) => most.parse().map(Term::Devices).map_err(|_| unreadable()),
        Some(("yen", most)) => most.parse().map(Term::Yen).map_err(|_| unreadable()),
        Some(("prefer", "earlier")) => Ok(Term::Prefer(v1::RenewalPreference::Earlier)),
        Some(("prefer", "later")) => Ok(Term::Prefer(v1::RenewalPreference::Later)),
        None | Some(_) => Err(unreadable()),
    }
}

/// The request for a scenario of one's own; of a term that is said twice the last one counts.
fn tried(
    (municipality_id, as_of_time): (String, Option<prost_types::Timestamp>),
    scenario_ids: Vec<String>,
    terms: &[Term],
) -> v1::TryRenewalScenarioRequest {
    let mut request = v1::TryRenewalScenarioRequest {
        municipality_id,
        as_of_time,
        scenario_ids,
        ..v1::TryRenewalScenarioRequest::default()
    };
    for term in terms {
        match term {
            Term::Price(percent) => request.price_percent = *percent,
            Term::Later(years) => request.later_years = *years,
            Term::Covered => request.is_covered = true,
            Term::Devices(most) => request.most_devices = *most,
            Term::Yen(most) => request.most_yen = most.to_string(),
            Term::Prefer(prefer) => request.prefer = (*prefer).into(),
        }
    }
    request
}

/// Shows a scenario of one's own beside those that are named, or beside all.
async fn try_scenario(
    client: &Client,
    request: v1::TryRenewalScenarioRequest,
    output: &OutputArgs,
    as_json: bool,
) -> Result<()> {
    let is_json = match output.format {
        Format::Table => as_json,
        Format::Json => true,
        Format::Csv | Format::Xlsx | Format::Pdf => {
            return Err(Failure::told(
                "a scenario of your own is not kept, so there is no file of it",
                "leave --format out, or record it with `costs rules set scenarios`",
            ));
        }
    };
    let found = answer(client.renewal().try_renewal_scenario(request)).await?;
    let text = if is_json {
        super::json::pretty(&super::json::tried_scenario(found)) + "\n"
    } else {
        format!("{}as of {}\n", scenarios_table(&found.scenarios), table::time(found.as_of_time.as_ref()))
    };
    match &output.out {
        Some(file) => write_out(text.as_bytes(), Some(file)),
        None => print(text.trim_end()),
    }
}

impl OfArgs {
    async fn find(&self, client: &Client) -> Result<(String, Option<prost_types::Timestamp>)> {
        Ok((client.municipality_id(self.municipality.as_deref()).await?, self.at.to_proto()))
    }
}

async fn export(client: &Client, report: Report, form: v1::RenewalReportForm, output: &OutputArgs) -> Result<()> {
    if form != v1::RenewalReportForm::Csv && output.out.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::told("a terminal cannot show that format", "pass --out FILE, or send the output on"));
    }
    let request = v1::ExportRenewalReportRequest {
        report: Some(report),
        encoding: v1::ExportEncoding::from(output.encoding).into(),
        form: form.into(),
        language: output.language.clone(),
    };
    let exported = answer(client.renewal().export_renewal_report(request)).await?;
    write_out(&exported.content, output.out.as_deref())?;
    remark(&format!("SHA-256 {}", exported.sha256));
    tell_replaced(exported.replaced_count);
    Ok(())
}

/// A seal as it is kept: the content, which is canonical, with its hash.
fn sealed(seal: &v1::RenewalSeal) -> String {
    format!("{{\"content\":{},\"sha256\":\"{}\"}}\n", seal.content, seal.sha256)
}

async fn show(client: &Client, report: Report, output: &OutputArgs, as_json: bool) -> Result<()> {
    let (seal, text) = match report {
        Report::Plan(request) => {
            let plan = answer(client.renewal().get_renewal_plan(request)).await?;
            (promised(plan.seal.clone())?, plan_text(&plan))
        }
        Report::Costs(request) => {
            let costs = answer(client.renewal().get_renewal_costs(request)).await?;
            (promised(costs.seal.clone())?, costs_text(&costs))
        }
        Report::Scenarios(request) => {
            let scenarios = answer(client.renewal().get_renewal_scenarios(request)).await?;
            (promised(scenarios.seal.clone())?, scenarios_table(&scenarios.scenarios))
        }
        Report::Changes(request) => {
            let changes = answer(client.renewal().get_renewal_changes(request)).await?;
            (promised(changes.seal.clone())?, changes_text(changes))
        }
    };
    if as_json {
        return write_out(sealed(&seal).as_bytes(), output.out.as_deref());
    }
    let foot = seal_text(&seal);
    match &output.out {
        Some(file) => write_out(format!("{text}{foot}").as_bytes(), Some(file)),
        None => print(format!("{text}{foot}")),
    }
}

/// What stands below a table.
fn seal_text(seal: &v1::RenewalSeal) -> String {
    let mut lines: Vec<_> = seal.problems.iter().map(|problem| format!("incomplete: {}", problem.en)).collect();
    for rule in &seal.rules {
        let kind = short(rule.kind().as_str_name(), "RENEWAL_RULES_KIND_");
        let origin = short(rule.origin().as_str_name(), "RENEWAL_RULES_ORIGIN_");
        lines.push(format!("{kind} of the {origin}: {}", rule.source));
    }
    lines.push(format!("as of {}", table::time(seal.as_of_time.as_ref())));
    lines.push(format!("SHA-256 {}", seal.sha256));
    lines.join("\n") + "\n"
}

fn plan_text(plan: &v1::GetRenewalPlanResponse) -> String {
    let mut columns = vec![Column::Number("NO"), Column::Text("項目")];
    // Headers of a table live as long as the program.
    columns.extend(plan.fiscal_years.iter().map(|year| Column::Number(year.to_string().leak())));
    let row = |row: &v1::RenewalPlanRow| [vec![row.number.to_string(), row.label.clone()], row.cells.clone()].concat();
    let mut text = table::table(&columns, plan.rows.iter().map(row).collect(), "no plan");
    for note in &plan.footnotes {
        text.push_str(&format!("{}\n", note.ja));
    }
    if let Some(network) = &plan.network {
        let (reached, all, year) = (network.reached_count, network.school_count, &network.fiscal_year);
        text.push_str(&format!("{reached} of {all} schools reached the speed that is needed in {year}\n"));
    }
    for one in &plan.left_out {
        let why = one.reason.as_ref().map(|reason| reason.en.as_str()).unwrap_or_default();
        text.push_str(&format!("left out: {}, {why}\n", one.municipality_code));
    }
    text
}

fn costs_text(costs: &v1::GetRenewalCostsResponse) -> String {
    let columns = [
        Column::Text("OWNER"),
        Column::Number("YEAR"),
        Column::Text("BASIS"),
        Column::Text("PAYER"),
        Column::Text("KIND"),
        Column::Text("SCHOOL"),
        Column::Text("MODEL"),
        Column::Number("YEN"),
    ];
    let row = |line: &v1::RenewalCostLine| {
        vec![
            line.municipality_code.clone(),
            line.fiscal_year.to_string(),
            short(line.basis().as_str_name(), "AMOUNT_BASIS_"),
            short(line.payer().as_str_name(), "PAYER_"),
            short(line.kind().as_str_name(), "COST_KIND_"),
            table::or_absent(Some(&line.school_id)),
            table::or_absent(Some(&line.model)),
            grouped(line.amount_yen),
        ]
    };
    let mut text = table::table(&columns, costs.lines.iter().map(row).collect(), "no costs");
    if !costs.device_counts.is_empty() {
        text.push_str(&device_years_text(costs));
    }
    for due in &costs.due {
        let reason = short(due.reason().as_str_name(), "DUE_REASON_");
        let late = if due.is_past_os_end { ", past the end of its system" } else { "" };
        text.push_str(&format!("due in {}: {} × {} ({reason}{late})\n", due.fiscal_year, due.count, due.model));
    }
    text
}

/// What a device costs each year, and in all of them.
fn device_years_text(costs: &v1::GetRenewalCostsResponse) -> String {
    let columns = [
        Column::Number("YEAR"),
        Column::Number("DEVICES"),
        Column::Number("YEN"),
        Column::Number("OWN YEN"),
        Column::Number("YEN OF A DEVICE"),
        Column::Number("OWN YEN OF A DEVICE"),
    ];
    // Devices, yen and own yen.
    let mut sums: BTreeMap<u32, (u64, i64, i64)> = BTreeMap::new();
    for one in &costs.device_counts {
        sums.entry(one.fiscal_year).or_default().0 += one.count;
    }
    for line in &costs.lines {
        let (_, all, own) = sums.entry(line.fiscal_year).or_default();
        *all += line.amount_yen;
        *own += if line.payer() == v1::Payer::Own { line.amount_yen } else { 0 };
    }
    let row = |label: String, (count, all, own): (u64, i64, i64)| {
        let of_one = |yen: i64| {
            let one = Yen::new(yen).ok().and_then(|yen| per_device(yen, count));
            one.map_or_else(|| ABSENT.to_owned(), |yen| grouped(yen.to_number()))
        };
        let devices = grouped(i64::try_from(count).unwrap_or(i64::MAX));
        vec![label, devices, grouped(all), grouped(own), of_one(all), of_one(own)]
    };
    let years = costs.first_fiscal_year..=costs.last_fiscal_year;
    let of = |year: u32| sums.get(&year).copied().unwrap_or_default();
    let mut rows: Vec<_> = years.map(|year| row(year.to_string(), of(year))).collect();
    let whole = sums.values().fold((0, 0, 0), |sum, year| (sum.0 + year.0, sum.1 + year.1, sum.2 + year.2));
    rows.push(row(String::from("all"), whole));
    table::table(&columns, rows, "no devices")
}

fn scenarios_table(scenarios: &[v1::RenewalScenario]) -> String {
    let columns = [
        Column::Text("SCENARIO"),
        Column::Text("PAYER"),
        Column::Number("YEN IN ALL YEARS"),
        Column::Number("AGAINST THE FIRST"),
        Column::Text("名称"),
    ];
    let paid = |scenario: &v1::RenewalScenario, payer: i32| -> i64 {
        scenario.amounts.iter().filter(|amount| amount.payer == payer).map(|amount| amount.amount_yen).sum()
    };
    let mut rows = Vec::new();
    let payers = [1, 2, 3, 4, 5, 6].map(|number| v1::Payer::try_from(number).unwrap_or_default());
    for scenario in scenarios {
        let name = scenario.name.as_ref().map(|name| name.ja.clone()).unwrap_or_default();
        for payer in payers {
            let amount = paid(scenario, payer.into());
            let first = scenarios.first().map_or(0, |first| paid(first, payer.into()));
            if amount != 0 || first != 0 {
                let payer = short(payer.as_str_name(), "PAYER_");
                let (amount, difference) = (grouped(amount), grouped(amount - first));
                rows.push(vec![scenario.scenario_id.clone(), payer, amount, difference, name.clone()]);
            }
        }
        let first = scenarios.first().map_or(0, |first| first.total_yen);
        let (total, difference) = (grouped(scenario.total_yen), grouped(scenario.total_yen - first));
        rows.push(vec![scenario.scenario_id.clone(), String::from("all"), total, difference, name]);
    }
    table::table(&columns, rows, "no scenarios")
}

fn changes_text(found: v1::GetRenewalChangesResponse) -> String {
    let columns = [
        Column::Text("CHANGE"),
        Column::Text("KIND"),
        Column::Text("FROM"),
        Column::Number("YEN"),
        Column::Text("ENTRY"),
    ];
    let row = |change: &str, entry: &v1::RenewalEntryChange| {
        let kind = short(entry.kind().as_str_name(), "RENEWAL_ENTRY_KIND_");
        let total = entry.total_yen.map_or_else(|| ABSENT.to_owned(), grouped);
        vec![change.to_owned(), kind, entry.valid_from_date.clone(), total, entry.entry_id.clone()]
    };
    let added = found.added.iter().map(|entry| row("added", entry));
    let rows = added.chain(found.reversed.iter().map(|entry| row("reversed", entry))).collect();
    let mut text = table::table(&columns, rows, "no entry came or went");
    if found.ticket_cost_count > 0 {
        let (count, yen) = (found.ticket_cost_count, grouped(found.ticket_cost_yen));
        text.push_str(&format!("{count} costs of tickets came, {yen} yen\n"));
    }
    for kind in found.rules() {
        text.push_str(&format!("other rules: {}\n", short(kind.as_str_name(), "RENEWAL_RULES_KIND_")));
    }
    text + &change_rows(found.cells, found.amounts)
}

async fn verify(client: &Client, file: &Path, as_json: bool) -> Result<()> {
    let unreadable = |why: String| {
        Failure::told(
            format!("{}: {why}", file.display()),
            "name a file that `report … --format json --out FILE` wrote",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    let (Some(content), Some(sha256)) = (value.get("content"), value.get("sha256").and_then(Value::as_str)) else {
        return Err(unreadable(String::from("has no content and sha256")));
    };
    let request = v1::VerifyRenewalReportRequest { content: canonical(content), sha256: sha256.to_owned() };
    let found = answer(client.renewal().verify_renewal_report(request)).await?;
    if as_json {
        let object = super::json::Object::default()
            .value("is_hash_right", found.is_hash_right)
            .value("is_same", found.is_same)
            .value("sha256", found.sha256.clone());
        print(super::json::pretty(&object.into()))?;
    }
    match (found.is_hash_right, found.is_same) {
        (true, true) if as_json => Ok(()),
        (true, true) => print("the report is what the ledger gives for its time"),
        (false, _) => Err(Failure::told(
            "the hash is not that of the content",
            "the file was changed after it was written: make the report again",
        )),
        (true, false) => Err(Failure::told(
            format!("the ledger gives another report for that time, SHA-256 {}", found.sha256),
            "make the report again with the same --as-of, and compare the two",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_said_in_any_order_and_the_last_one_counts() {
        let terms: Vec<_> = ["later=2", "price=+10%", "covered", "price=-5"].map(|text| term(text).unwrap()).to_vec();
        let request = tried((String::new(), None), Vec::new(), &terms);
        assert_eq!((request.price_percent, request.later_years, request.is_covered), (-5, 2, true));
        let terms: Vec<_> = ["yen=2000000", "devices=300", "prefer=later"].map(|text| term(text).unwrap()).to_vec();
        let request = tried((String::new(), None), Vec::new(), &terms);
        let prefer = v1::RenewalPreference::Later;
        assert_eq!((request.most_devices, request.most_yen.as_str(), request.prefer()), (300, "2000000", prefer));
        for wrong in ["price", "price=high", "later=-1", "covered=1", "devices=-1", "prefer=now", ""] {
            assert!(term(wrong).is_err(), "{wrong}");
        }
    }
}
