//! What a board enters for each year, and what follows from it.

use super::{CapAfterRenewal, Cell, Definitions, Share, SpareShare};
use crate::{
    error::{
        Both, FieldViolation,
        says::{fields as say_field, renewal as say},
    },
    renewal::rules::fraction::Fraction,
    schools::rules::fiscal::FiscalYear,
};

/// Most pupils, and most devices of a year: more than the nation has.
pub const PUPILS_MOST: u32 = 20_000_000;

/// What a board enters for a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearFigures {
    /// The year.
    pub year: FiscalYear,
    /// ① 児童生徒数.
    pub pupils: u32,
    /// ③ 整備台数, without spares.
    pub installed: u32,
    /// ④ those of ③ that the fund pays a part of.
    pub installed_by_fund: u32,
    /// ⑥ 予備機整備台数.
    pub spares: u32,
    /// ⑦ those of ⑥ that the fund pays a part of.
    pub spares_by_fund: u32,
}

/// What follows for a year, of one owner or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pupils: u64,
    cap: u64,
    installed: u64,
    installed_by_fund: u64,
    /// ③ up to the year, at most ①.
    renewed: u64,
    spares: u64,
    spares_by_fund: u64,
    /// ⑥ up to the year, at most what is allowed.
    spares_so_far: u64,
    allowed: u64,
}

impl Column {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            pupils: self.pupils + other.pupils,
            cap: self.cap + other.cap,
            installed: self.installed + other.installed,
            installed_by_fund: self.installed_by_fund + other.installed_by_fund,
            renewed: self.renewed + other.renewed,
            spares: self.spares + other.spares,
            spares_by_fund: self.spares_by_fund + other.spares_by_fund,
            spares_so_far: self.spares_so_far + other.spares_so_far,
            allowed: self.allowed + other.allowed,
        }
    }

    /// The cell of a row, from 0. A share of nothing stays blank.
    pub(super) fn cell(self, row: usize, definitions: Definitions) -> Cell {
        let share = |part, whole| Share::new(part, whole).map_or(Cell::Blank, Cell::Share);
        let spare_share = match definitions.spare_share {
            SpareShare::OfPupils => share(self.spares, self.pupils),
            SpareShare::OfAllowed => share(self.spares_so_far, self.allowed),
        };
        [
            Cell::Count(self.pupils),
            Cell::Count(self.cap),
            Cell::Count(self.installed),
            Cell::Count(self.installed_by_fund),
            share(self.renewed, self.pupils),
            Cell::Count(self.spares),
            Cell::Count(self.spares_by_fund),
            spare_share,
        ][row]
    }
}

/// What is wrong with figures, all of it.
pub(super) fn check(years: &[FiscalYear], figures: &[YearFigures], spare_cap: Fraction) -> Vec<FieldViolation> {
    let mut refused = Vec::new();
    let mut seen = Vec::new();
    let mut sorted = figures.to_vec();
    sorted.sort_by_key(|one| one.year);
    let mut spares_so_far = 0;
    for one in &sorted {
        let mut refuse = |wrong: bool, field: &str, message: Both| {
            if wrong {
                refused.push(FieldViolation::new(format!("years.{}.{field}", one.year.letter()), message));
            }
        };
        refuse(!years.contains(&one.year), "year", say::year_outside());
        refuse(seen.contains(&one.year), "year", say_field::named_twice());
        seen.push(one.year);
        let counts = [
            ("pupils", one.pupils),
            ("installed", one.installed),
            ("installed_by_fund", one.installed_by_fund),
            ("spares", one.spares),
            ("spares_by_fund", one.spares_by_fund),
        ];
        for (field, count) in counts {
            refuse(count > PUPILS_MOST, field, say_field::too_large(count, PUPILS_MOST));
        }
        let fund = say::more_of_the_fund;
        refuse(one.installed_by_fund > one.installed, "installed_by_fund", fund(one.installed_by_fund, one.installed));
        refuse(one.spares_by_fund > one.spares, "spares_by_fund", fund(one.spares_by_fund, one.spares));
        let allowed = spare_cap.of_count(one.pupils);
        let (bought, cap) =
            (u64::from(one.installed) + u64::from(one.spares), u64::from(one.pupils) + u64::from(allowed));
        refuse(bought > cap, "installed", say::above_the_cap(bought, cap));
        spares_so_far += u64::from(one.spares);
        refuse(one.spares > 0 && spares_so_far > allowed.into(), "spares", say::spares_above(spares_so_far, allowed));
    }
    refused
}

/// The columns of checked figures.
pub(super) fn columns(
    years: &[FiscalYear],
    figures: &[YearFigures],
    spare_cap: Fraction,
    cap_after: CapAfterRenewal,
) -> Vec<Option<Column>> {
    let installs = |one: &&YearFigures| one.installed > 0 || one.spares > 0;
    let last = figures.iter().filter(installs).map(|one| one.year).max();
    let (mut installed_so_far, mut spares_so_far) = (0, 0);
    let mut column = |year: &FiscalYear| {
        let one = figures.iter().find(|one| one.year == *year)?;
        installed_so_far += u64::from(one.installed);
        spares_so_far += u64::from(one.spares);
        let (pupils, allowed) = (u64::from(one.pupils), u64::from(spare_cap.of_count(one.pupils)));
        let cap = match cap_after {
            CapAfterRenewal::Zero if last.is_some_and(|last| last < *year) => 0,
            CapAfterRenewal::Zero | CapAfterRenewal::Computed => pupils + allowed,
        };
        Some(Column {
            pupils,
            cap,
            installed: one.installed.into(),
            installed_by_fund: one.installed_by_fund.into(),
            renewed: installed_so_far.min(pupils),
            spares: one.spares.into(),
            spares_by_fund: one.spares_by_fund.into(),
            spares_so_far: spares_so_far.min(allowed),
            allowed,
        })
    };
    years.iter().map(&mut column).collect()
}
