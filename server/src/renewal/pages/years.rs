//! Years with what each payer pays, as a table and as a chart: of one owner, or of several together.

use std::collections::BTreeMap;

use super::{parts_of, said, series, year_text};
use crate::{
    console::{
        Shell,
        charts::{Stack, stacks},
        words::renewal::yen_text,
    },
    renewal::rules::{Payer, money::Yen},
    schools::rules::fiscal::FiscalYear,
};

/// What each payer pays in each year.
pub(super) type Amounts = BTreeMap<(FiscalYear, Payer), Yen>;

/// A year.
pub(super) struct YearLine {
    pub(super) fiscal_year: FiscalYear,
    pub(super) year: String,
    /// The way to what its amounts are of, for who may go there.
    pub(super) path: Option<String>,
    /// Payers, each with what they pay.
    pub(super) amounts: Vec<(String, i64)>,
    pub(super) total: i64,
    pub(super) devices: u64,
}

fn amount_in(amounts: &Amounts, year: FiscalYear, payer: Payer) -> i64 {
    amounts.get(&(year, payer)).map_or(0, |amount| amount.to_number())
}

/// Who pays in any year, and a line for each of the years, with how many devices are due in it and where it leads.
pub(super) fn year_lines(
    shell: &Shell,
    amounts: &Amounts,
    years: impl IntoIterator<Item = FiscalYear>,
    (devices, path): (impl Fn(FiscalYear) -> u64, impl Fn(FiscalYear) -> Option<String>),
) -> (Vec<String>, Vec<YearLine>) {
    let pays = |payer: &Payer| amounts.keys().any(|(_, one)| one == payer);
    let payers: Vec<_> = Payer::ALL.iter().copied().filter(pays).collect();
    let heads: Vec<_> = payers.iter().map(|payer| said(shell.language, &payer.label())).collect();
    let line = |year: FiscalYear| {
        let paid = payers.iter().map(|payer| amount_in(amounts, year, *payer));
        let amounts: Vec<_> = heads.iter().cloned().zip(paid).collect();
        YearLine {
            fiscal_year: year,
            year: year_text(shell.language, year),
            path: path(year),
            total: amounts.iter().map(|(_, amount)| amount).sum(),
            amounts,
            devices: devices(year),
        }
    };
    let lines = years.into_iter().map(line).collect();
    (heads, lines)
}

/// The chart of lines.
pub(super) fn year_chart(shell: &Shell, amounts: &Amounts, lines: &[YearLine]) -> String {
    let stack = |line: &YearLine| Stack {
        label: line.year.clone(),
        path: line.path.clone(),
        parts: parts_of(|payer| amount_in(amounts, line.fiscal_year, payer)),
        text: yen_text(shell.language, line.total),
    };
    let all: Vec<_> = lines.iter().map(stack).collect();
    stacks(shell.language, shell.w.renewal.by_payer, &series(shell), &all)
}
