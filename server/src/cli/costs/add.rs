//! Recording entries by command.

use std::path::PathBuf;

use clap::Args;
use gigafleet_proto::v1::{self, renewal_entry::Said};

use super::{Correction, read_text, show_entry, word_of};
use crate::cli::{
    client::{Client, answer, promised},
    failure::Result,
    output::remark,
};

/// One who pays.
pub(super) fn payer(name: &str) -> Result<v1::Payer, String> {
    word_of("PAYER_", name, v1::Payer::from_str_name)
}

/// A kind of cost.
pub(super) fn cost_kind(name: &str) -> Result<v1::CostKind, String> {
    word_of("COST_KIND_", name, v1::CostKind::from_str_name)
}

fn acquisition(name: &str) -> Result<v1::AcquisitionKind, String> {
    word_of("ACQUISITION_KIND_", name, v1::AcquisitionKind::from_str_name)
}

fn route(name: &str) -> Result<v1::DisposalRoute, String> {
    word_of("DISPOSAL_ROUTE_", name, v1::DisposalRoute::from_str_name)
}

fn eraser(name: &str) -> Result<v1::DataEraser, String> {
    word_of("DATA_ERASER_", name, v1::DataEraser::from_str_name)
}

/// Who pays how much: `state-fund=36,666`.
#[derive(Debug, Clone)]
struct Paid {
    payer: v1::Payer,
    amount_yen: String,
}

fn paid(text: &str) -> Result<Paid, String> {
    let (name, amount) = text.split_once('=').ok_or("needs PAYER=YEN, for example state-fund=36,666")?;
    Ok(Paid { payer: payer(name)?, amount_yen: amount.to_owned() })
}

fn schedule_line(text: &str) -> Result<(String, String), String> {
    let (time, what) = text.split_once('=').ok_or("needs TIME=WHAT, for example 令和8年4月=処分事業者 選定")?;
    Ok((time.to_owned(), what.to_owned()))
}

fn funding(paid: Vec<Paid>) -> Vec<v1::RenewalFunding> {
    paid.into_iter().map(|one| v1::RenewalFunding { payer: one.payer.into(), amount_yen: one.amount_yen }).collect()
}

/// Whose an entry is.
#[derive(Debug, Args)]
struct OwnerArgs {
    /// 全国地方公共団体コード.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// The school, by name or id; without it the owner as a whole.
    #[arg(long, value_name = "SCHOOL")]
    school: Option<String>,
    #[command(flatten)]
    correction: Correction,
}

#[derive(Debug, Args)]
pub(super) struct CostArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// What it was for, such as repair, filter-license, support-desk.
    #[arg(long, value_name = "KIND", value_parser = cost_kind)]
    kind: v1::CostKind,
    /// How much, with tax: 365000, 365,000円, 365千円.
    #[arg(long, value_name = "YEN", allow_hyphen_values = true)]
    yen: String,
    /// Who pays how much; can be repeated. Without it the owner pays all.
    #[arg(long, value_name = "PAYER=YEN", value_parser = paid)]
    paid: Vec<Paid>,
    /// The first day for which it is.
    #[arg(long, value_name = "DATE")]
    from: String,
    /// The last one; without it one day.
    #[arg(long, value_name = "DATE", default_value = "")]
    to: String,
    /// Who is paid.
    #[arg(long, value_name = "NAME", default_value = "")]
    vendor: String,
    /// What is to be said of it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
pub(super) struct LotArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// device or spare.
    #[arg(long, value_name = "KIND", value_parser = cost_kind, default_value = "device")]
    kind: v1::CostKind,
    /// Who makes them.
    #[arg(long, value_name = "NAME", default_value = "")]
    maker: String,
    /// What they are.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// How many.
    #[arg(long, value_name = "N")]
    count: String,
    /// purchase or lease.
    #[arg(long, value_name = "HOW", value_parser = acquisition, default_value = "purchase")]
    acquisition: v1::AcquisitionKind,
    /// Of a purchase what one cost.
    #[arg(long, value_name = "YEN", default_value = "", allow_hyphen_values = true)]
    unit: String,
    /// Of a purchase whether the price is without its tax.
    #[arg(long)]
    without_tax: bool,
    /// Of a purchase the tax in percent.
    #[arg(long, value_name = "PERCENT", default_value = "10")]
    tax: String,
    /// Of a lease how many payments.
    #[arg(long, value_name = "N", default_value = "")]
    months: String,
    /// Of a lease what the whole lot costs a month, with tax.
    #[arg(long, value_name = "YEN", default_value = "", allow_hyphen_values = true)]
    monthly: String,
    /// Who pays how much; can be repeated.
    #[arg(long, value_name = "PAYER=YEN", value_parser = paid, required = true)]
    paid: Vec<Paid>,
    /// When they came.
    #[arg(long, value_name = "DATE")]
    delivered: String,
    /// The last day of the warranty.
    #[arg(long, value_name = "DATE", default_value = "")]
    warranty_end: String,
    /// The last day on which they must not be disposed of; without it that of the programme.
    #[arg(long, value_name = "DATE", default_value = "")]
    restriction_end: String,
    /// A file with their serial numbers, one a line.
    #[arg(long, value_name = "FILE")]
    serials: Option<PathBuf>,
    /// What is to be said of it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
pub(super) struct DisposalArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// Where they went: local-reuse, certified-recycler, maker or other.
    #[arg(long, value_name = "ROUTE", value_parser = route)]
    route: v1::DisposalRoute,
    /// Who erased them: staff or contractor.
    #[arg(long, value_name = "WHO", value_parser = eraser)]
    eraser: v1::DataEraser,
    /// When.
    #[arg(long, value_name = "DATE")]
    on: String,
    /// A file with one device a line: its serial number, and after a comma the number of the certificate.
    #[arg(long, value_name = "FILE")]
    devices: PathBuf,
    /// Number of the approval, where one is needed.
    #[arg(long, value_name = "NUMBER", default_value = "")]
    approval: String,
    /// What is to be said of it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
pub(super) struct DisposalPlanArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// (a) How many are reused locally.
    #[arg(long, value_name = "N", default_value = "")]
    reuse: String,
    /// (b) How many go to a certified recycler.
    #[arg(long, value_name = "N", default_value = "")]
    recycler: String,
    /// (c) How many go to a maker.
    #[arg(long, value_name = "N", default_value = "")]
    maker: String,
    /// (d) How many go elsewhere.
    #[arg(long, value_name = "N", default_value = "")]
    other: String,
    /// Who erases them: staff or contractor; can be repeated.
    #[arg(long, value_name = "WHO", value_parser = eraser)]
    eraser: Vec<v1::DataEraser>,
    /// When what is done; can be repeated.
    #[arg(long, value_name = "TIME=WHAT", value_parser = schedule_line)]
    schedule: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(super) struct PupilsArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// The fiscal year: R7, 令和7年度 or 2025.
    #[arg(long, value_name = "YEAR")]
    year: String,
    /// How many.
    #[arg(long, value_name = "N")]
    count: String,
    /// Who says so.
    #[arg(long, value_name = "TEXT", default_value = "")]
    source: String,
}

#[derive(Debug, Args)]
pub(super) struct PlannedArgs {
    #[command(flatten)]
    of: OwnerArgs,
    /// The fiscal year: R7, 令和7年度 or 2025.
    #[arg(long, value_name = "YEAR")]
    year: String,
    /// ③ Devices, without spares.
    #[arg(long, value_name = "N", default_value = "")]
    installed: String,
    /// ④ Those of them that the fund pays a part of.
    #[arg(long, value_name = "N", default_value = "")]
    installed_by_fund: String,
    /// ⑥ Spares.
    #[arg(long, value_name = "N", default_value = "")]
    spares: String,
    /// ⑦ Those of them that the fund pays a part of.
    #[arg(long, value_name = "N", default_value = "")]
    spares_by_fund: String,
}

async fn record(client: &Client, of: OwnerArgs, said: Said, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(&of.municipality).await?.municipality_id;
    let school_id = match &of.school {
        Some(school) => client.school(Some(&municipality_id), school).await?.school_id,
        None => String::new(),
    };
    let entry = v1::RenewalEntry { municipality_id, school_id, said: Some(said), ..v1::RenewalEntry::default() };
    let request = v1::RecordRenewalEntryRequest {
        entry: Some(entry),
        corrects_entry_id: of.correction.corrects.unwrap_or_default(),
        reason: of.correction.reason.unwrap_or_default(),
    };
    let recorded = answer(client.renewal().record_renewal_entry(request)).await?;
    remark("recorded");
    show_entry(promised(recorded.entry)?, as_json)
}

pub(super) async fn cost(client: &Client, args: CostArgs, as_json: bool) -> Result<()> {
    let paid = match args.paid.is_empty() {
        true => vec![Paid { payer: v1::Payer::Own, amount_yen: args.yen.clone() }],
        false => args.paid,
    };
    let said = Said::Cost(v1::RenewalCost {
        kind: args.kind.into(),
        amount_yen: args.yen,
        funding: funding(paid),
        from: args.from,
        to: args.to,
        vendor: args.vendor,
        note: args.note,
    });
    record(client, args.of, said, as_json).await
}

pub(super) async fn lot(client: &Client, args: LotArgs, as_json: bool) -> Result<()> {
    let text = args.serials.as_deref().map(read_text).transpose()?.unwrap_or_default();
    let serials = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let tax_basis = if args.without_tax { v1::TaxBasis::Added } else { v1::TaxBasis::Included };
    let said = Said::Lot(v1::RenewalLot {
        kind: args.kind.into(),
        maker: args.maker,
        model: args.model,
        count: args.count,
        acquisition: args.acquisition.into(),
        unit_yen: args.unit,
        tax_basis: tax_basis.into(),
        tax_percent: args.tax,
        lease_months: args.months,
        lease_monthly_yen: args.monthly,
        funding: funding(args.paid),
        delivered: args.delivered,
        warranty_end: args.warranty_end,
        restriction_end: args.restriction_end,
        note: args.note,
        serials,
    });
    record(client, args.of, said, as_json).await
}

pub(super) async fn disposal(client: &Client, args: DisposalArgs, as_json: bool) -> Result<()> {
    let device = |line: &str| {
        let (serial, certificate) = line.split_once([',', '\t']).unwrap_or((line, ""));
        let (serial, certificate) = (serial.trim().to_owned(), certificate.trim().to_owned());
        v1::RenewalDisposedDevice { serial, certificate, is_within_restriction: false }
    };
    let text = read_text(&args.devices)?;
    let said = Said::Disposal(v1::RenewalDisposal {
        route: args.route.into(),
        eraser: args.eraser.into(),
        on: args.on,
        devices: text.lines().filter(|line| !line.trim().is_empty()).map(device).collect(),
        approval: args.approval,
        note: args.note,
    });
    record(client, args.of, said, as_json).await
}

pub(super) async fn disposal_plan(client: &Client, args: DisposalPlanArgs, as_json: bool) -> Result<()> {
    let line = |(time, what)| v1::RenewalScheduleLine { time, what };
    let said = Said::DisposalPlan(v1::RenewalDisposalPlan {
        reuse_count: args.reuse,
        recycler_count: args.recycler,
        maker_count: args.maker,
        other_count: args.other,
        erasers: args.eraser.into_iter().map(i32::from).collect(),
        schedule: args.schedule.into_iter().map(line).collect(),
        note: String::new(),
    });
    record(client, args.of, said, as_json).await
}

pub(super) async fn pupils(client: &Client, args: PupilsArgs, as_json: bool) -> Result<()> {
    let PupilsArgs { of, year, count, source } = args;
    let said = Said::Pupils(v1::RenewalPupils { fiscal_year: year, count, source, note: String::new() });
    record(client, of, said, as_json).await
}

pub(super) async fn planned(client: &Client, args: PlannedArgs, as_json: bool) -> Result<()> {
    let said = Said::Planned(v1::RenewalPlanned {
        fiscal_year: args.year,
        installed: args.installed,
        installed_by_fund: args.installed_by_fund,
        spares: args.spares,
        spares_by_fund: args.spares_by_fund,
        note: String::new(),
    });
    record(client, args.of, said, as_json).await
}

pub(super) async fn networks(
    client: &Client,
    (municipality, fiscal_year): (&str, String),
    correction: Correction,
    as_json: bool,
) -> Result<()> {
    let of = OwnerArgs { municipality: municipality.to_owned(), school: None, correction };
    let said = Said::Network(v1::RenewalNetwork { fiscal_year, ..v1::RenewalNetwork::default() });
    record(client, of, said, as_json).await
}
