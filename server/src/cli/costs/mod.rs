//! `gigafleet costs`: the ledger of renewal: what was bought, spent, disposed of and planned; what an amount is of; the rules;
//! how long devices last, repair or replace, spares.

mod add;
mod lives;
mod rule_sets;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gigafleet_proto::v1;

pub(super) use self::rule_sets::change_rows;
use self::{
    add::{CostArgs, DisposalArgs, DisposalPlanArgs, LotArgs, PlannedArgs, PupilsArgs},
    lives::{AdviceArgs, LivesArgs, SparesArgs},
    rule_sets::RulesCommand,
};
use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    files::{read_file, tell_faults},
    json::{self, Object},
    output::{print, remark},
    table::{self, ABSENT, Column, or_absent, time},
};
use crate::{
    access::rules::days::{midnight_in_japan, read_day},
    clock::{Clock, Timestamp},
    renewal::rules::report::content::read_time,
};

#[derive(Debug, Args)]
pub(super) struct CostsArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: CostsCommand,
}

#[derive(Debug, Subcommand)]
enum CostsCommand {
    /// Record what something other than devices cost.
    Add(CostArgs),
    /// Record devices that were bought or leased together.
    #[command(subcommand)]
    Lots(LotsCommand),
    /// Record devices that were disposed of, or what is to become of those that go.
    #[command(subcommand)]
    Disposals(DisposalsCommand),
    /// Record pupils of a year.
    Pupils(PupilsArgs),
    /// Record devices that are to be got in a year.
    Planned(PlannedArgs),
    /// Count the schools that reach the recommended bandwidth now, and record that for a year.
    Networks {
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// The fiscal year: R7, 令和7年度 or 2025.
        #[arg(long, value_name = "YEAR")]
        year: String,
        #[command(flatten)]
        correction: Correction,
    },
    /// List entries as they stood at a time, the newest first.
    List {
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Only lot, cost, disposal, pupils, planned, disposal_plan or network.
        #[arg(long, value_name = "KIND", value_parser = entry_kind)]
        kind: Option<v1::RenewalEntryKind>,
        #[command(flatten)]
        at: AsOf,
        /// Reversals, and what they take back, too.
        #[arg(long)]
        all: bool,
        /// Most entries.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show an entry.
    Show {
        #[command(flatten)]
        entry: EntryArgs,
        #[command(flatten)]
        at: AsOf,
    },
    /// Take an entry back; it stays, and so do reports of before.
    Reverse {
        #[command(flatten)]
        entry: EntryArgs,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show what an amount of a report is of: entries and costs of tickets.
    Parts(PartsArgs),
    /// Show the devices of a lot with the share of each.
    Devices {
        #[command(flatten)]
        entry: EntryArgs,
        /// Most devices.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Record what a file says: all rows or none, and nothing twice.
    Import {
        /// lot, cost, disposal, pupils or planned.
        #[arg(value_name = "KIND", value_parser = entry_kind)]
        kind: v1::RenewalEntryKind,
        /// CSV (UTF-8, CP932, UTF-16) or XLSX, at most 1,000,000 bytes.
        file: PathBuf,
        /// 全国地方公共団体コード.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// Only say what the file would record.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show, say and preview programmes of subsidy, ends of support, scenarios and assumptions.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Show how long devices of each model last, and how many will fail in the next three fiscal years.
    Lives(LivesArgs),
    /// Say whether to repair a device or to replace it.
    Advice(AdviceArgs),
    /// Show spares of municipalities or schools, and how likely they last until a day.
    Spares(SparesArgs),
}

#[derive(Debug, Subcommand)]
enum LotsCommand {
    /// Record a lot.
    Add(Box<LotArgs>),
}

#[derive(Debug, Subcommand)]
enum DisposalsCommand {
    /// Record a disposal.
    Add(DisposalArgs),
    /// Say what is to become of devices that are replaced, for the published plan.
    Plan(DisposalPlanArgs),
}

/// An entry of an owner.
#[derive(Debug, Args)]
struct EntryArgs {
    /// Id of the entry.
    #[arg(value_name = "ID")]
    entry: String,
    /// 全国地方公共団体コード.
    #[arg(long, value_name = "CODE")]
    municipality: String,
}

/// What is corrected by what is recorded.
#[derive(Debug, Args)]
struct Correction {
    /// Id of the entry that this one corrects: it is taken back.
    #[arg(long, value_name = "ID", requires = "reason")]
    corrects: Option<String>,
    /// Why that was wrong.
    #[arg(long, value_name = "TEXT", requires = "corrects")]
    reason: Option<String>,
}

/// As of when.
#[derive(Debug, Clone, Args)]
pub(super) struct AsOf {
    /// As it was recorded by then: a day, which counts whole, or a time in RFC 3339; without it now.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    as_of: Option<Moment>,
}

/// A time, or the end of a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(Timestamp);

impl Moment {
    /// As the contract says it; none where it is not over yet, which is now.
    pub(super) fn to_proto(self) -> Option<prost_types::Timestamp> {
        (self.0 <= Clock::system().now()).then(|| self.0.to_proto())
    }
}

impl AsOf {
    /// As the contract says it.
    pub(super) fn to_proto(&self) -> Option<prost_types::Timestamp> {
        self.as_of.and_then(Moment::to_proto)
    }
}

/// A time in RFC 3339, or the end of a day in Japan.
pub(super) fn moment(text: &str) -> std::result::Result<Moment, String> {
    if text.contains([':']) {
        return read_time(text)
            .map(Moment)
            .ok_or_else(|| format!("{text} is no time, such as 2026-11-27T12:00:00+09:00"));
    }
    let day = read_day(text).map_err(|_| format!("{text} is no day, such as 2026-11-27 or R8.11.27"))?;
    let next = day.next_day().ok_or_else(|| format!("{text} is beyond the calendar"))?;
    Ok(Moment(Timestamp(midnight_in_japan(next).0 - 1)))
}

fn entry_kind(name: &str) -> std::result::Result<v1::RenewalEntryKind, String> {
    word_of("RENEWAL_ENTRY_KIND_", name, v1::RenewalEntryKind::from_str_name)
}

/// A word of the contract by its short name, in small letters, with hyphens or without.
pub(super) fn word_of<T>(prefix: &str, name: &str, read: fn(&str) -> Option<T>) -> std::result::Result<T, String> {
    let folded = name.to_uppercase().replace('-', "_");
    read(&format!("{prefix}{folded}")).filter(|_| folded != "UNSPECIFIED").ok_or_else(|| format!("{name} is not known"))
}

/// The short name of a word.
pub(super) fn short(name: &str, prefix: &str) -> String {
    match name.trim_start_matches(prefix) {
        "UNSPECIFIED" => ABSENT.to_owned(),
        word => word.to_lowercase(),
    }
}

/// An amount with commas.
pub(super) fn grouped(amount: i64) -> String {
    crate::renewal::rules::money::Yen::new(amount).map_or_else(|_| amount.to_string(), |yen| yen.to_string())
}

#[derive(Debug, Args)]
struct PartsArgs {
    /// 全国地方公共団体コード.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    #[command(flatten)]
    at: AsOf,
    /// Calendar year in which the fiscal year begins.
    #[arg(long, value_name = "YEAR", default_value_t = 0)]
    year: u32,
    /// Only of this payer: state-fund, state-other, prefecture, local-allocation, own or guardian.
    #[arg(long, value_name = "PAYER", value_parser = add::payer)]
    payer: Option<v1::Payer>,
    /// Only of this kind, such as device or filter-license.
    #[arg(long, value_name = "KIND", value_parser = add::cost_kind)]
    kind: Option<v1::CostKind>,
    /// Only of this school, by name or id; `-` for the owner as a whole.
    #[arg(long, value_name = "SCHOOL", default_value = "")]
    school: String,
    /// Only of this model; `-` for what is no device.
    #[arg(long, value_name = "MODEL", default_value = "")]
    model: String,
    /// Most parts.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

/// Runs a command about the ledger.
pub(super) async fn run(args: CostsArgs) -> Result<()> {
    let as_json = args.client.json;
    let client = args.client.open().await?;
    match args.command {
        CostsCommand::Add(cost) => add::cost(&client, cost, as_json).await,
        CostsCommand::Lots(LotsCommand::Add(lot)) => add::lot(&client, *lot, as_json).await,
        CostsCommand::Disposals(DisposalsCommand::Add(disposal)) => add::disposal(&client, disposal, as_json).await,
        CostsCommand::Disposals(DisposalsCommand::Plan(plan)) => add::disposal_plan(&client, plan, as_json).await,
        CostsCommand::Pupils(pupils) => add::pupils(&client, pupils, as_json).await,
        CostsCommand::Planned(planned) => add::planned(&client, planned, as_json).await,
        CostsCommand::Networks { municipality, year, correction } => {
            add::networks(&client, (&municipality, year), correction, as_json).await
        }
        CostsCommand::List { municipality, kind, at, all, limit } => {
            list(&client, &municipality, (kind, at, all), limit, as_json).await
        }
        CostsCommand::Show { entry, at } => show(&client, &entry, &at, as_json).await,
        CostsCommand::Reverse { entry, reason } => reverse(&client, entry, reason, as_json).await,
        CostsCommand::Parts(parts) => show_parts(&client, parts, as_json).await,
        CostsCommand::Devices { entry, limit } => devices(&client, entry, limit, as_json).await,
        CostsCommand::Import { kind, file, municipality, dry_run } => {
            import(&client, (kind, &file), &municipality, dry_run, as_json).await
        }
        CostsCommand::Rules(command) => rule_sets::run(&client, command, as_json).await,
        CostsCommand::Lives(args) => lives::lives(&client, args, as_json).await,
        CostsCommand::Advice(args) => lives::advice(&client, args, as_json).await,
        CostsCommand::Spares(args) => lives::spares(&client, args, as_json).await,
    }
}

async fn list(
    client: &Client,
    municipality: &str,
    (kind, at, show_all): (Option<v1::RenewalEntryKind>, AsOf, bool),
    limit: u32,
    as_json: bool,
) -> Result<()> {
    let request = v1::ListRenewalEntriesRequest {
        municipality_id: client.municipality(municipality).await?.municipality_id,
        kind: kind.map_or(0, i32::from),
        as_of_time: at.to_proto(),
        show_all,
        page_size: limit,
        page_token: String::new(),
    };
    let page = answer(client.renewal().list_renewal_entries(request)).await?;
    if !page.next_page_token.is_empty() {
        remark(&format!("there are more than {limit} entries: pass a greater --limit"));
    }
    if as_json {
        return print(json::pretty(&json::list("entries", page.entries, json::renewal_entry)));
    }
    print(rows(page.entries))
}

fn rows(entries: Vec<v1::RenewalEntry>) -> String {
    let columns = [
        Column::Text("ENTRY"),
        Column::Text("KIND"),
        Column::Text("FROM"),
        Column::Text("TO"),
        Column::Number("YEN"),
        Column::Text("WHAT"),
        Column::Text("RECORDED"),
        Column::Text("STATE"),
    ];
    let row = |entry: v1::RenewalEntry| {
        let state = match (entry.reverses_entry_id.is_empty(), entry.reversed_by_entry_id.is_empty()) {
            (false, _) => "reversal",
            (true, false) => "reversed",
            (true, true) => "",
        };
        vec![
            entry.entry_id.clone(),
            short(entry.kind().as_str_name(), "RENEWAL_ENTRY_KIND_"),
            entry.valid_from_date.clone(),
            or_absent(Some(&entry.valid_to_date)),
            entry.total_yen.map_or_else(|| ABSENT.to_owned(), grouped),
            what(&entry),
            time(entry.record_time.as_ref()),
            state.to_owned(),
        ]
    };
    table::table(&columns, entries.into_iter().map(row).collect(), "nothing is recorded")
}

/// What an entry says, in few words.
fn what(entry: &v1::RenewalEntry) -> String {
    use v1::renewal_entry::Said;
    match &entry.said {
        None => entry.reason.clone(),
        Some(Said::Lot(lot)) => format!("{} × {}", lot.count, lot.model),
        Some(Said::Cost(cost)) => format!("{} {}", short(cost.kind().as_str_name(), "COST_KIND_"), cost.vendor),
        Some(Said::Disposal(disposal)) => format!("{} devices", disposal.devices.len()),
        Some(Said::Pupils(pupils)) => format!("{} pupils in {}", pupils.count, pupils.fiscal_year),
        Some(Said::Planned(planned)) => {
            format!("{} devices and {} spares in {}", planned.installed, planned.spares, planned.fiscal_year)
        }
        Some(Said::DisposalPlan(plan)) => {
            let counts = [&plan.reuse_count, &plan.recycler_count, &plan.maker_count, &plan.other_count];
            format!("{} devices", counts.map(String::as_str).join("+"))
        }
        Some(Said::Network(network)) => {
            format!("{} of {} schools in {}", network.reached_count, network.school_count, network.fiscal_year)
        }
    }
}

async fn place(client: &Client, entry: EntryArgs) -> Result<(String, String)> {
    let owner = client.municipality(&entry.municipality).await?.municipality_id;
    Ok((owner, entry.entry))
}

async fn show(client: &Client, entry: &EntryArgs, at: &AsOf, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(&entry.municipality).await?.municipality_id;
    let request =
        v1::GetRenewalEntryRequest { municipality_id, entry_id: entry.entry.clone(), as_of_time: at.to_proto() };
    show_entry(promised(answer(client.renewal().get_renewal_entry(request)).await?.entry)?, as_json)
}

/// Shows an entry that was read or recorded.
fn show_entry(entry: v1::RenewalEntry, as_json: bool) -> Result<()> {
    if as_json { print(json::pretty(&json::renewal_entry(entry))) } else { print(rows(vec![entry])) }
}

async fn reverse(client: &Client, entry: EntryArgs, reason: String, as_json: bool) -> Result<()> {
    let (municipality_id, entry_id) = place(client, entry).await?;
    let request = v1::ReverseRenewalEntryRequest { municipality_id, entry_id, reason, request_id: String::new() };
    show_entry(promised(answer(client.renewal().reverse_renewal_entry(request)).await?.entry)?, as_json)
}

async fn show_parts(client: &Client, args: PartsArgs, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(&args.municipality).await?.municipality_id;
    let school_id = match args.school.as_str() {
        "" | "-" => args.school.clone(),
        school => client.school(Some(&municipality_id), school).await?.school_id,
    };
    let filter = v1::RenewalAmountFilter {
        fiscal_year: args.year,
        payer: args.payer.map_or(0, i32::from),
        kind: args.kind.map_or(0, i32::from),
        school_id,
        model: args.model,
    };
    let request = v1::ListRenewalPartsRequest {
        municipality_id,
        as_of_time: args.at.to_proto(),
        filter: Some(filter),
        page_size: args.limit,
        page_token: String::new(),
    };
    let page = answer(client.renewal().list_renewal_parts(request)).await?;
    if !page.next_page_token.is_empty() {
        remark(&format!("there are more than {} parts: ask for fewer, or pass a greater --limit", args.limit));
    }
    if as_json {
        return print(json::pretty(&json::list("parts", page.parts, json::renewal_part)));
    }
    let columns = [
        Column::Number("YEAR"),
        Column::Text("PAYER"),
        Column::Text("KIND"),
        Column::Number("YEN"),
        Column::Text("OF"),
        Column::Text("MODEL"),
        Column::Text("SERIAL"),
    ];
    let row = |part: v1::RenewalPart| {
        let of = match part.ticket_number {
            0 => part.entry_id.clone(),
            number => format!("ticket {number}"),
        };
        vec![
            part.fiscal_year.to_string(),
            short(part.payer().as_str_name(), "PAYER_"),
            short(part.kind().as_str_name(), "COST_KIND_"),
            grouped(part.amount_yen),
            of,
            or_absent(Some(&part.model)),
            or_absent(Some(&part.serial)),
        ]
    };
    print(table::table(&columns, page.parts.into_iter().map(row).collect(), "no amounts"))
}

async fn devices(client: &Client, entry: EntryArgs, limit: u32, as_json: bool) -> Result<()> {
    let (municipality_id, entry_id) = place(client, entry).await?;
    let request = v1::ListRenewalDevicesRequest {
        municipality_id,
        entry_id,
        filter: None,
        page_size: limit,
        page_token: String::new(),
    };
    let page = answer(client.renewal().list_renewal_devices(request)).await?;
    if !page.next_page_token.is_empty() {
        remark(&format!("there are more than {limit} devices: pass a greater --limit"));
    }
    if as_json {
        return print(json::pretty(&json::list("devices", page.devices, json::renewal_device)));
    }
    let columns = [Column::Number("NO"), Column::Text("SERIAL"), Column::Number("YEN"), Column::Text("DEVICE")];
    let row = |device: v1::RenewalDevice| {
        let (serial, id) = (or_absent(Some(&device.serial)), or_absent(Some(&device.device_id)));
        vec![device.number.to_string(), serial, grouped(device.amount_yen), id]
    };
    print(table::table(&columns, page.devices.into_iter().map(row).collect(), "it is no lot"))
}

async fn import(
    client: &Client,
    (kind, file): (v1::RenewalEntryKind, &Path),
    municipality: &str,
    dry_run: bool,
    as_json: bool,
) -> Result<()> {
    let content = read_file(file)?;
    let municipality_id = client.municipality(municipality).await?.municipality_id;
    let request = v1::ImportRenewalEntriesRequest { municipality_id, kind: kind.into(), content, dry_run };
    let done = answer(client.renewal().import_renewal_entries(request)).await?;
    let v1::ImportRenewalEntriesResponse { added_count, corrected_count, unchanged_count, errors } = done;
    let counts = Object::default().value("added_count", added_count).value("corrected_count", corrected_count);
    tell_faults(counts.value("unchanged_count", unchanged_count), errors, as_json)?;
    let done = if dry_run { "would be recorded" } else { "recorded" };
    remark(&format!("{added_count} {done}, {corrected_count} corrected, {unchanged_count} stood already"));
    Ok(())
}

/// A text of a file.
fn read_text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::told(format!("the file {} cannot be read: {error}", file.display()), "name a file in UTF-8")
    })
}
