//! Programmes of subsidy: what one covers, at which rate, and who pays the rest. They are data ([`Programmes::read`]):
//! each figure with its source and its date, and whether anybody confirmed it.
//!
//! Invariants: of one kind of cost at most one programme holds in a fiscal year; shares of payers add up to what was
//! spent.

mod read;
#[cfg(test)]
mod tests;

use time::Date;

pub(in crate::renewal) use self::read::{SOURCE_MOST, figure, is_id, read_origin, read_rest};

use super::{
    AllocationTax, CostKind, Payer,
    fraction::Fraction,
    money::{OverLimit, Rounding, Yen},
};
use crate::{error::Both, schools::rules::fiscal::FiscalYear, tickets::rules::words};

/// Where a figure comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Where it is written.
    pub source: String,
    /// When it was taken from there.
    pub date: Date,
    /// Whether the source says so; otherwise it is assumed, and a report says that too.
    pub verified: bool,
}

/// A figure with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure<T> {
    /// The figure.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// That a programme pays a part of one kind of cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// What is covered.
    pub kind: CostKind,
    /// Who pays.
    pub payer: Payer,
    /// Which part of what counts, at most all.
    pub rate: Fraction,
    /// What counts of one at most (補助基準額); all of it without one.
    pub standard: Option<Yen>,
    /// Where that is written.
    pub origin: Origin,
}

words! {
    /// Of what a payer of the rest pays what is left.
    RestOf {
        /// Of what counts: up to the standard amount.
        Eligible = 1, "補助対象経費の残り", "what is left of what counts";
        /// Of everything.
        Total = 2, "残り全部", "everything that is left";
    }
}

impl RestOf {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Eligible => "ELIGIBLE",
            Self::Total => "TOTAL",
        }
    }
}

/// Who pays of the rest, in turn. The local allocation is passed over where an owner gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Who.
    pub payer: Payer,
    /// Of what.
    pub of: RestOf,
}

/// Who pays where no programme does: the owner, everything.
const NO_PROGRAMME: [Rest; 1] = [Rest { payer: Payer::Own, of: RestOf::Total }];

words! {
    /// Of what a grant is rounded.
    RoundedPer {
        /// Of one device, then times their count.
        Device = 1, "1台ごと", "for each device";
        /// Of all together.
        Total = 2, "合計", "of the total";
    }
}

impl RoundedPer {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::Device => "DEVICE",
            Self::Total => "TOTAL",
        }
    }
}

/// How a grant is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantRounding {
    /// Of what.
    pub per: RoundedPer,
    /// How.
    pub rounding: Rounding,
}

impl GrantRounding {
    /// Of the total, down to whole yen: what is assumed where nothing is written.
    pub const ASSUMED: Self = Self { per: RoundedPer::Total, rounding: Rounding::DOWN };
}

/// A programme of subsidy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// By which it is known: small letters, digits and hyphens.
    pub id: String,
    /// What people call it.
    pub name: Both,
    /// What else must be known of it.
    pub note: Option<Both>,
    /// Whether it does not exist: an example, which counts only where a scenario says so.
    pub invented: bool,
    /// The first fiscal year in which it holds.
    pub first: FiscalYear,
    /// The last one.
    pub last: FiscalYear,
    /// What it covers, each kind once.
    pub covers: Vec<Cover>,
    /// Spares up to this part of the pupils are covered.
    pub spare_cap: Figure<Fraction>,
    /// Who pays the rest, in turn; the last one pays everything that is left.
    pub rest: Figure<Vec<Rest>>,
    /// How its grants are rounded.
    pub rounding: Figure<GrantRounding>,
    /// Years from delivery in which what it paid for must not be disposed of.
    pub disposal_restriction_years: Figure<u8>,
    /// Where it is written.
    pub origin: Origin,
}

impl Programme {
    /// Whether it holds in a year.
    pub fn holds_in(&self, year: FiscalYear) -> bool {
        (self.first..=self.last).contains(&year)
    }

    /// What it says of a kind of cost.
    pub fn cover_of(&self, kind: CostKind) -> Option<&Cover> {
        self.covers.iter().find(|cover| cover.kind == kind)
    }

    /// Of so many spares, how many are covered and how many are above the cap, where an owner has pupils and covered
    /// spares already.
    pub fn spares_covered(&self, pupils: u32, already: u32, count: u32) -> (u32, u32) {
        let room = self.spare_cap.value.of_count(pupils).saturating_sub(already);
        let covered = count.min(room);
        (covered, count - covered)
    }
}

words! {
    /// Whether spares are within what a programme covers; anything else is within.
    SpareCap {
        /// Within.
        Within = 1, "上限内", "within the cap";
        /// Above: no programme pays.
        Above = 2, "上限超過", "above the cap";
    }
}

/// What is bought or spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bought {
    /// What it is.
    pub kind: CostKind,
    /// What one costs, with tax.
    pub unit_price: Yen,
    /// How many; 1 for what has no pieces.
    pub count: u32,
    /// Whether it is within the cap of spares.
    pub cap: SpareCap,
}

/// Who pays what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// All of it.
    pub total: Yen,
    /// Shares above nothing, each payer once, in the order in which they pay. They add up to the total.
    pub shares: Vec<(Payer, Yen)>,
    /// The programme by which it is so; none where none covers it.
    pub programme: Option<String>,
}

impl Split {
    /// What one pays.
    pub fn of(&self, payer: Payer) -> Yen {
        self.shares.iter().find(|(one, _)| *one == payer).map_or(Yen::ZERO, |(_, amount)| *amount)
    }
}

/// All programmes that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programmes {
    /// Where they come from.
    pub source: String,
    /// The programmes, each with an id of its own.
    pub programmes: Vec<Programme>,
}

impl Default for Programmes {
    /// The product's own, of November 2026.
    fn default() -> Self {
        Self::read(include_str!("../../../../data/subsidy-programmes.json"))
            .expect("a test reads the file that is shipped")
    }
}

impl Programmes {
    /// Without those that are invented.
    #[must_use]
    pub fn without_invented(mut self) -> Self {
        self.programmes.retain(|programme| !programme.invented);
        self
    }

    /// The programme that covers a kind of cost in a year. There is one at most.
    pub fn covering(&self, kind: CostKind, year: FiscalYear) -> Option<&Programme> {
        self.programmes.iter().find(|one| one.holds_in(year) && one.cover_of(kind).is_some())
    }

    /// Who pays what is bought on a day: the programme its rate of what counts, then those who pay the rest, in turn;
    /// all of it the owner where no programme covers it, or where spares are above the cap.
    pub fn split(&self, day: Date, owner: AllocationTax, bought: &Bought) -> Result<Split, OverLimit> {
        let programme = self.covering(bought.kind, FiscalYear::of(day));
        match programme.filter(|_| bought.cap == SpareCap::Within || bought.kind != CostKind::Spare) {
            None => uncovered(bought),
            Some(programme) => {
                let cover = programme.cover_of(bought.kind).expect("it covers this kind");
                let split = cover.split(&programme.rest.value, programme.rounding.value, owner, bought)?;
                Ok(Split { programme: Some(programme.id.clone()), ..split })
            }
        }
    }
}

/// The owner pays everything.
fn uncovered(bought: &Bought) -> Result<Split, OverLimit> {
    let total = bought.unit_price.times(bought.count)?;
    let shares = shared(total, Yen::ZERO, &NO_PROGRAMME, AllocationTax::ReceivesNone)?;
    Ok(Split { total, shares, programme: None })
}

impl Cover {
    /// Who pays: this cover its part of what counts, the rest in turn.
    pub fn split(
        &self,
        rest: &[Rest],
        rounding: GrantRounding,
        owner: AllocationTax,
        bought: &Bought,
    ) -> Result<Split, OverLimit> {
        let total = bought.unit_price.times(bought.count)?;
        let unit = self.standard.map_or(bought.unit_price, |standard| standard.min(bought.unit_price));
        let eligible = unit.times(bought.count)?;
        let grant = match rounding.per {
            RoundedPer::Device => unit.part(self.rate, rounding.rounding)?.times(bought.count)?,
            RoundedPer::Total => eligible.part(self.rate, rounding.rounding)?,
        };
        // Rounded up, it could be more than there is.
        let grant = grant.min(eligible);
        let mut shares = vec![(self.payer, grant)];
        shares.extend(shared(total.minus(grant)?, eligible.minus(grant)?, rest, owner)?);
        Ok(Split { total, shares: joined(shares)?, programme: None })
    }
}

/// Who pays what is left, of which a part counts.
fn shared(
    mut left: Yen,
    mut eligible: Yen,
    rest: &[Rest],
    owner: AllocationTax,
) -> Result<Vec<(Payer, Yen)>, OverLimit> {
    let mut shares = Vec::new();
    for one in rest {
        if one.payer == Payer::LocalAllocation && owner == AllocationTax::ReceivesNone {
            continue;
        }
        let amount = match one.of {
            RestOf::Eligible => eligible,
            RestOf::Total => left,
        };
        shares.push((one.payer, amount));
        left = left.minus(amount)?;
        // Whoever pays takes all that counts, or even all that is left.
        eligible = Yen::ZERO;
    }
    // Whatever the data say, nothing is left unpaid.
    shares.push((Payer::Own, left));
    joined(shares)
}

/// Each payer once, without those who pay nothing.
fn joined(shares: Vec<(Payer, Yen)>) -> Result<Vec<(Payer, Yen)>, OverLimit> {
    let mut joined: Vec<(Payer, Yen)> = Vec::new();
    for (payer, amount) in shares.into_iter().filter(|(_, amount)| *amount != Yen::ZERO) {
        match joined.iter_mut().find(|(one, _)| *one == payer) {
            Some((_, sum)) => *sum = sum.plus(amount)?,
            None => joined.push((payer, amount)),
        }
    }
    Ok(joined)
}
