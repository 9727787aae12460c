//! Programmes of subsidy, ends of support, scenarios and assumptions by command.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use gigafleet_proto::v1;

use super::{grouped, read_text, short};
use crate::cli::{
    client::{Client, answer},
    failure::Result,
    json,
    output::{print, remark},
    table::{self, Column, time},
};

/// What rules are of.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KindName {
    /// Programmes of subsidy.
    Programmes,
    /// Ends of support and lifetimes.
    Ends,
    /// Scenarios.
    Scenarios,
    /// What is assumed of the years to come.
    Assumptions,
}

impl From<KindName> for v1::RenewalRulesKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Programmes => Self::Programmes,
            KindName::Ends => Self::Ends,
            KindName::Scenarios => Self::Scenarios,
            KindName::Assumptions => Self::Assumptions,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Show rules as JSON.
    Show {
        /// Which.
        kind: KindName,
        /// Code of the municipality; without it those of the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        #[command(flatten)]
        at: super::AsOf,
    },
    /// Say rules: JSON as `show` gives it.
    Set {
        /// Which.
        kind: KindName,
        /// Code of the municipality; without it for the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// A file with all of them.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say no rules any more: those of the installation hold, or the product's own.
    Reset {
        /// Which.
        kind: KindName,
        /// Code of the municipality; without it for the installation.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Show what other rules would change of the plan and the years to come, without saying them.
    Preview {
        /// Which.
        kind: KindName,
        /// Code of the municipality.
        #[arg(long, value_name = "CODE")]
        municipality: String,
        /// A file with all of them; without it as if the municipality had none of its own.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

fn kind_of(kind: KindName) -> i32 {
    v1::RenewalRulesKind::from(kind).into()
}

pub(super) async fn run(client: &Client, command: RulesCommand, as_json: bool) -> Result<()> {
    match command {
        RulesCommand::Show { kind, municipality, at } => {
            let municipality_id = client.municipality_id(municipality.as_deref()).await?;
            let request =
                v1::GetRenewalRulesRequest { municipality_id, kind: kind_of(kind), as_of_time: at.to_proto() };
            let found = answer(client.renewal().get_renewal_rules(request)).await?;
            let origin = short(found.origin().as_str_name(), "RENEWAL_RULES_ORIGIN_");
            remark(&format!("rules of the {origin}, said {}", time(found.record_time.as_ref())));
            print(found.rules)
        }
        RulesCommand::Set { kind, municipality, file } => {
            let rules = read_text(&file)?;
            set(client, municipality.as_deref(), kind, Some(rules)).await
        }
        RulesCommand::Reset { kind, municipality } => set(client, municipality.as_deref(), kind, None).await,
        RulesCommand::Preview { kind, municipality, file } => {
            let rules = file.as_deref().map(read_text).transpose()?;
            let request = v1::PreviewRenewalRulesRequest {
                municipality_id: client.municipality(&municipality).await?.municipality_id,
                kind: kind_of(kind),
                reset: rules.is_none(),
                rules: rules.unwrap_or_default(),
                definitions: None,
            };
            let found = answer(client.renewal().preview_renewal_rules(request)).await?;
            if as_json {
                return print(json::pretty(&json::renewal_preview(found)));
            }
            print(change_rows(found.cells, found.amounts))
        }
    }
}

async fn set(client: &Client, municipality: Option<&str>, kind: KindName, rules: Option<String>) -> Result<()> {
    let request = v1::SetRenewalRulesRequest {
        municipality_id: client.municipality_id(municipality).await?,
        kind: kind_of(kind),
        reset: rules.is_none(),
        rules: rules.unwrap_or_default(),
    };
    let said = answer(client.renewal().set_renewal_rules(request)).await?;
    remark(&format!("rules of the {} hold from now on", short(said.origin().as_str_name(), "RENEWAL_RULES_ORIGIN_")));
    Ok(())
}

/// Figures that are other ones.
pub(in crate::cli) fn change_rows(cells: Vec<v1::RenewalCellChange>, amounts: Vec<v1::RenewalAmountChange>) -> String {
    let columns = [Column::Text("WHAT"), Column::Number("YEAR"), Column::Number("BEFORE"), Column::Number("AFTER")];
    let cell = |cell: v1::RenewalCellChange| {
        vec![format!("plan, row {}", cell.row), cell.fiscal_year.to_string(), cell.before, cell.after]
    };
    let amount = |amount: v1::RenewalAmountChange| {
        let payer = short(amount.payer().as_str_name(), "PAYER_");
        let basis = short(amount.basis().as_str_name(), "AMOUNT_BASIS_");
        let (before, after) = (grouped(amount.before_yen), grouped(amount.after_yen));
        vec![format!("{payer}, {basis}"), amount.fiscal_year.to_string(), before, after]
    };
    let rows = cells.into_iter().map(cell).chain(amounts.into_iter().map(amount)).collect();
    table::table(&columns, rows, "no figure changes")
}
