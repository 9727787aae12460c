//! The published plan of devices (別添1 端末整備・更新計画), its block of disposals ([`disposal`]), and item 1 of the plan of
//! networks (別添2, [`network`]). In integers; what is printed is what was computed.
//!
//! Municipalities fill ② and ⑧ in two ways each, so each is chosen ([`Definitions`]) and printed as a footnote.

pub mod disposal;
mod figures;
pub mod network;
#[cfg(test)]
mod tests;

use std::fmt;

use self::figures::Column;
pub use self::figures::{PUPILS_MOST, YearFigures};
use super::fraction::Fraction;
use crate::{
    error::{Both, FieldViolation, says::renewal as say},
    schools::rules::fiscal::FiscalYear,
    tickets::rules::words,
};

words! {
    /// What ② says of the years after the last one in which devices or spares are installed.
    CapAfterRenewal {
        /// 0.
        Zero = 1, "整備の最終年度より後は0", "0 after the last year of installation";
        /// The same as in any year.
        Computed = 2, "毎年度の児童生徒数から計算", "computed for each year from its pupils";
    }
}

words! {
    /// What ⑧ is.
    SpareShare {
        /// ⑥ of the year ÷ ①.
        OfPupils = 1, "当該年度の⑥÷①", "⑥ of the year ÷ ①";
        /// ⑥ up to the year ÷ spares that are allowed, at most 100 %.
        OfAllowed = 2, "⑥の累計÷予備機の上限台数", "⑥ up to the year ÷ spares that are allowed";
    }
}

/// In which way the plan is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definitions {
    /// ② after the renewal.
    pub cap_after: CapAfterRenewal,
    /// ⑧.
    pub spare_share: SpareShare,
}

/// A part of a whole, which is printed in percent: rounded down, so that 100% means all, with one digit behind the
/// point where it is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    /// A part of a whole, at most all of it; none of nothing.
    pub fn new(part: u64, whole: u64) -> Option<Self> {
        (whole > 0).then(|| Self { part: part.min(whole), whole })
    }

    /// In tenths of a percent, rounded down: 0 to 1,000.
    pub fn per_mille(self) -> u16 {
        let share = u128::from(self.part) * 1_000 / u128::from(self.whole);
        u16::try_from(share).expect("a part is at most the whole")
    }
}

/// For example 15% or 33.3%.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.per_mille() / 10, self.per_mille() % 10) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, tenth) => write!(f, "{whole}.{tenth}%"),
        }
    }
}

/// What stands in one place of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Blank,
    /// A number of pupils or devices.
    Count(u64),
    /// A share.
    Share(Share),
}

/// As the form has it: no commas, nothing for what is blank.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => Ok(()),
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

/// A row of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 1 to 8 for ① to ⑧.
    pub number: u8,
    /// As the form has it, without its number.
    pub label: &'static str,
    /// One for each year.
    pub cells: Vec<Cell>,
}

/// The plan, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its columns.
    pub years: Vec<FiscalYear>,
    /// ① to ⑧.
    pub rows: Vec<Row>,
    /// In which way it is filled.
    pub footnotes: Vec<Both>,
    definitions: Definitions,
    columns: Vec<Option<Column>>,
}

/// The label of a row of the form by its number, 1 to 8, without that; nothing for any other.
pub fn label_of(number: u8) -> &'static str {
    LABELS.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default()
}

/// Labels of ① to ⑧.
const LABELS: [&str; 8] = [
    "児童生徒数",
    "予備機を含む整備上限台数",
    "整備台数(予備機除く)",
    "③のうち基金事業によるもの",
    "累積更新率",
    "予備機整備台数",
    "⑥のうち基金事業によるもの",
    "予備機整備率",
];

impl Plan {
    /// Computes the plan of some years, first to last, from figures of some of them; a year without figures stays
    /// blank. `spare_cap` is the programme's, 15 percent in NEXT GIGA: ② is ① and the spares that it allows. Refused,
    /// all at once, as `years.R7.spares` and so on: a year twice or outside, more of the fund than there is, more
    /// devices than ②, more spares than allowed.
    pub fn compute(
        (first, last): (FiscalYear, FiscalYear),
        figures: &[YearFigures],
        spare_cap: Fraction,
        definitions: Definitions,
    ) -> Result<Self, Vec<FieldViolation>> {
        let years: Vec<_> = (first.year()..=last.year()).filter_map(FiscalYear::starting_in).collect();
        let refused = figures::check(&years, figures, spare_cap);
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Self::of(years.clone(), figures::columns(&years, figures, spare_cap, definitions.cap_after), definitions))
    }

    /// One plan of several owners: what they install added up, ② and allowed spares of each by its own pupils, ⑤
    /// without what one has more than pupils. None without a plan, or where they have other years or other definitions.
    pub fn roll_up(plans: &[Self]) -> Option<Self> {
        let first = plans.first()?;
        let alike = |plan: &Self| plan.years == first.years && plan.definitions == first.definitions;
        if !plans.iter().all(alike) {
            return None;
        }
        let at = |at: usize| plans.iter().filter_map(|plan| plan.columns[at]).reduce(Column::plus);
        let columns = (0..first.years.len()).map(at).collect();
        Some(Self::of(first.years.clone(), columns, first.definitions))
    }

    fn of(years: Vec<FiscalYear>, columns: Vec<Option<Column>>, definitions: Definitions) -> Self {
        let cells = |row: usize| {
            let cell = |column: &Option<Column>| column.map_or(Cell::Blank, |column| column.cell(row, definitions));
            columns.iter().map(cell).collect()
        };
        let rows = LABELS.iter().zip(1_u8..).enumerate();
        let rows = rows.map(|(at, (label, number))| Row { number, label, cells: cells(at) }).collect();
        Self { years, rows, footnotes: definitions.footnotes(), definitions, columns }
    }
}

impl Definitions {
    /// What has to stand below the table.
    fn footnotes(self) -> Vec<Both> {
        let (cap, spares) = (self.cap_after.label(), self.spare_share.label());
        vec![
            Both::of(say::footnote_cap(&cap.ja), say::footnote_cap(&cap.en)),
            say::footnote_renewed(),
            Both::of(say::footnote_spares(&spares.ja), say::footnote_spares(&spares.en)),
            say::footnote_percent(),
        ]
    }
}
