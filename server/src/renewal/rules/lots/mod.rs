//! Lots: devices that were bought or leased together, and who paid for them.
//!
//! Invariants: shares of payers add up to what the lot costs; all that is wrong with what somebody says of one is said
//! at once.

pub mod serials;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Duration};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    CostKind, Payer,
    money::{OverLimit, Yen, sum_by},
    periods::{last_day_of_years, months_later},
    stored,
};
use crate::{
    access::rules::days::{date_text, parse_date},
    error::{
        Both, Error, FieldViolation, Result, collect,
        says::{fields as say_field, renewal as say},
    },
    schools::rules::{fiscal::FiscalYear, parse_text},
    tickets::rules::words,
};

/// Most devices of a lot.
pub const COUNT_MOST: u32 = 1_000_000;
/// Most yen of one device.
pub const UNIT_MOST: i64 = 10_000_000;
/// Longest lease, in months.
pub const LEASE_MOST: u32 = 120;
/// Days in the future that a delivery can be.
pub const DAYS_AHEAD: i64 = 400;
/// Longest name of a maker or a model, in characters.
pub const NAME_MOST: usize = 100;
/// Longest note.
pub const NOTE_MOST: usize = 1_000;

words! {
    /// Whether a price has its tax in it.
    TaxBasis {
        /// 税込.
        Included = 1, "税込", "tax included";
        /// 税抜; the tax of a lot is rounded down to the yen.
        Added = 2, "税抜", "tax added";
    }
}

words! {
    /// How devices were got.
    AcquisitionKind {
        /// They were bought.
        Purchase = 1, "購入", "bought";
        /// They are leased.
        Lease = 2, "リース", "leased";
    }
}

/// What is said of a lot. Words are numbers of the contract, 0 for none; the rest is as it was typed, empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidLot {
    pub kind: i32,
    pub maker: String,
    pub model: String,
    pub count: String,
    pub acquisition: i32,
    pub unit_yen: String,
    pub tax_basis: i32,
    pub tax_percent: String,
    pub lease_months: String,
    pub lease_monthly_yen: String,
    pub funding: Vec<SaidShare>,
    pub delivered: String,
    pub warranty_end: String,
    pub restriction_end: String,
    pub note: String,
}

/// What is said of one who pays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidShare {
    /// Number of the payer.
    pub payer: i32,
    /// As it was typed.
    pub amount_yen: String,
}

/// How devices were got, and at which price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Acquisition {
    /// They were bought.
    Purchase {
        /// What one cost.
        unit_yen: Yen,
        /// With its tax or without.
        #[serde(with = "stored::tax_basis")]
        tax_basis: TaxBasis,
        /// The tax in percent, 0 to 30.
        tax_percent: u8,
    },
    /// They are leased.
    Lease {
        /// How many payments.
        months: u16,
        /// What the whole lot costs a month, with tax.
        monthly_yen: Yen,
    },
}

/// A lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// Devices or spares.
    #[serde(with = "stored::cost_kind")]
    pub kind: CostKind,
    /// Who makes them.
    pub maker: String,
    /// What they are.
    pub model: String,
    /// How many.
    pub count: u32,
    /// How they were got.
    pub acquisition: Acquisition,
    /// Who pays how much, each once, all of it above nothing.
    #[serde(with = "stored::funding")]
    pub funding: Vec<(Payer, Yen)>,
    /// When they came.
    #[serde(with = "stored::day")]
    pub delivered: Date,
    /// The last day of their warranty.
    #[serde(with = "stored::optional_day")]
    pub warranty_end: Option<Date>,
    /// The last day on which they must not be disposed of.
    #[serde(with = "stored::optional_day")]
    pub restriction_end: Option<Date>,
    /// For staff.
    pub note: String,
}

impl Acquisition {
    /// What so many devices cost in all, with tax: of a lease all of its payments.
    pub fn total(self, count: u32) -> Result<Yen, OverLimit> {
        match self {
            Self::Purchase { unit_yen, tax_basis, tax_percent } => {
                let net = unit_yen.times(count)?;
                let tax = match tax_basis {
                    TaxBasis::Included => 0,
                    TaxBasis::Added => net.to_number() * i64::from(tax_percent) / 100,
                };
                net.plus(Yen::new(tax)?)
            }
            Self::Lease { months, monthly_yen } => monthly_yen.times(months.into()),
        }
    }
}

impl Lot {
    /// What it costs in all.
    pub fn total(&self) -> Result<Yen, OverLimit> {
        self.acquisition.total(self.count)
    }

    /// The last day of its lease.
    pub fn lease_end(&self) -> Option<Date> {
        match self.acquisition {
            Acquisition::Purchase { .. } => None,
            Acquisition::Lease { months, .. } => Some(months_later(self.delivered, months) - Duration::DAY),
        }
    }

    /// What is paid in which year: all of a purchase when it is delivered, of a lease each payment in the month to
    /// which it belongs, the first in that of the delivery.
    pub fn by_year(&self) -> Result<BTreeMap<FiscalYear, Yen>, OverLimit> {
        match self.acquisition {
            Acquisition::Purchase { .. } => Ok(BTreeMap::from([(FiscalYear::of(self.delivered), self.total()?)])),
            Acquisition::Lease { months, monthly_yen } => {
                let year_of = |month| FiscalYear::of(months_later(self.delivered, month));
                sum_by((0..months).map(|month| (year_of(month), monthly_yen)))
            }
        }
    }

    /// What each of its devices costs, so that all of them add up to the lot: every yen leads to a device.
    pub fn by_device(&self) -> Result<Vec<Yen>, OverLimit> {
        let weights = vec![1; usize::try_from(self.count).unwrap_or(usize::MAX)];
        Ok(self.total()?.share_out(&weights).unwrap_or_default())
    }
}

impl SaidLot {
    /// Checks it on a day. `restriction_years` are those of the programme that holds when it is delivered, if one does:
    /// what the state pays a part of must not be disposed of for so long, unless another day is said. Reason:
    /// FIELD_INVALID, with all that is wrong.
    pub fn check(&self, today: Date, restriction_years: Option<u8>) -> Result<Lot> {
        let mut wrong = Vec::new();
        let kind = collect(self.kind(), &mut wrong);
        let maker = collect(parse_text("maker", self.maker.trim(), NAME_MOST), &mut wrong);
        let model = collect(filled("model", &self.model), &mut wrong);
        let count = collect(whole("count", &self.count, 1, COUNT_MOST), &mut wrong);
        let acquisition = self.acquisition(&mut wrong);
        let funding = check_funding(&self.funding, &mut wrong);
        let delivered = collect(needed_day("delivered", &self.delivered, today), &mut wrong);
        let warranty_end = collect(optional_day("warranty_end", &self.warranty_end), &mut wrong);
        let restriction_end = collect(optional_day("restriction_end", &self.restriction_end), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        for (field, end) in [("warranty_end", warranty_end), ("restriction_end", restriction_end)] {
            if let (Some(Some(end)), Some(delivered)) = (end, delivered)
                && end < delivered
            {
                wrong.push(FieldViolation::new(field, say::before_delivery(date_text(delivered))));
            }
        }
        if let (Some(acquisition), Some(count), Some(funding)) = (acquisition, count, funding.as_ref()) {
            check_sum(acquisition.total(count), funding, &mut wrong);
        }
        let all = || {
            let (funding, delivered) = (funding?, delivered?);
            let is_restricted = funding.iter().any(|(payer, _)| is_state(*payer));
            let usual = || restriction_years.filter(|_| is_restricted).map(|years| last_day_of_years(delivered, years));
            let restriction_end = restriction_end?.or_else(usual);
            let (kind, maker, model, count) = (kind?, maker?, model?, count?);
            let (acquisition, warranty_end, note) = (acquisition?, warranty_end?, note?);
            Some(Lot {
                kind,
                maker,
                model,
                count,
                acquisition,
                funding,
                delivered,
                warranty_end,
                restriction_end,
                note,
            })
        };
        match all() {
            Some(lot) if wrong.is_empty() => Ok(lot),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }

    fn kind(&self) -> Result<CostKind, FieldViolation> {
        let kind = i16::try_from(self.kind).ok().and_then(CostKind::from_number).filter(|kind| kind.is_renewal());
        kind.ok_or_else(|| FieldViolation::new("kind", say::lot_kind()))
    }

    fn acquisition(&self, wrong: &mut Vec<FieldViolation>) -> Option<Acquisition> {
        match i16::try_from(self.acquisition).ok().and_then(AcquisitionKind::from_number) {
            None => {
                wrong.push(FieldViolation::new("acquisition", say::acquisition_needed()));
                None
            }
            Some(AcquisitionKind::Purchase) => {
                let unit = collect(unit_price(&self.unit_yen), wrong);
                let basis = i16::try_from(self.tax_basis).ok().and_then(TaxBasis::from_number);
                let basis = basis.ok_or_else(|| FieldViolation::new("tax_basis", say::tax_basis_needed()));
                let basis = collect(basis, wrong);
                let percent = collect(whole("tax_percent", &self.tax_percent, 0, 30), wrong);
                let tax_percent = u8::try_from(percent?).ok()?;
                Some(Acquisition::Purchase { unit_yen: unit?, tax_basis: basis?, tax_percent })
            }
            Some(AcquisitionKind::Lease) => {
                let months = collect(whole("lease_months", &self.lease_months, 1, LEASE_MOST), wrong);
                let monthly = collect(Yen::parse("lease_monthly_yen", &self.lease_monthly_yen), wrong);
                Some(Acquisition::Lease { months: u16::try_from(months?).ok()?, monthly_yen: monthly? })
            }
        }
    }
}

/// Whether the state pays, whose subsidies restrict what becomes of devices.
fn is_state(payer: Payer) -> bool {
    match payer {
        Payer::StateFund | Payer::StateOther => true,
        Payer::Prefecture | Payer::LocalAllocation | Payer::Own | Payer::Guardian => false,
    }
}

fn unit_price(text: &str) -> Result<Yen, FieldViolation> {
    let unit = Yen::parse("unit_yen", text)?;
    if unit.to_number() > UNIT_MOST {
        return Err(FieldViolation::new("unit_yen", say_field::too_large(unit, "10,000,000")));
    }
    Ok(unit)
}

/// A whole number in any width, with commas or without.
pub(super) fn whole(field: &'static str, text: &str, least: u32, most: u32) -> Result<u32, FieldViolation> {
    let folded: String = text.nfkc().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let number = folded.trim_end_matches(['台', '%']).parse::<u32>().ok();
    let in_range = number.filter(|number| (least..=most).contains(number));
    in_range.ok_or_else(|| FieldViolation::new(field, say_field::whole_number(least, most)))
}

fn filled(field: &'static str, text: &str) -> Result<String, FieldViolation> {
    if text.trim().is_empty() {
        return Err(FieldViolation::new(field, say_field::needs_characters(NAME_MOST)));
    }
    parse_text(field, text.trim(), NAME_MOST)
}

/// A note of several lines.
pub(super) fn note_of(text: &str) -> Result<String, FieldViolation> {
    parse_text("note", &text.replace(['\r', '\n', '\t'], " "), NOTE_MOST).map(|_| text.replace("\r\n", "\n"))
}

/// A day between April 2000, before which lies no ledger, and a little more than a year ahead.
pub(super) fn needed_day(field: &'static str, text: &str, today: Date) -> Result<Date, FieldViolation> {
    let day = parse_date(field, text)?;
    let refuse = |message: Both| Err(FieldViolation::new(field, message));
    if FiscalYear::starting_in(FiscalYear::of(day).year()).is_none() {
        return refuse(say::before_all_years());
    }
    if day > today.saturating_add(Duration::days(DAYS_AHEAD)) {
        return refuse(say::too_far_ahead(DAYS_AHEAD));
    }
    Ok(day)
}

pub(super) fn optional_day(field: &'static str, text: &str) -> Result<Option<Date>, FieldViolation> {
    if text.trim().is_empty() { Ok(None) } else { parse_date(field, text).map(Some) }
}

/// Who pays how much, each once; what is wrong is named with its place, from 1.
pub(super) fn check_funding(said: &[SaidShare], wrong: &mut Vec<FieldViolation>) -> Option<Vec<(Payer, Yen)>> {
    let before = wrong.len();
    let mut funding: Vec<(Payer, Yen)> = Vec::new();
    for (at, share) in said.iter().enumerate() {
        let path = |field: &str| format!("funding.{}.{field}", at + 1);
        let payer = i16::try_from(share.payer).ok().and_then(Payer::from_number);
        match payer {
            None => wrong.push(FieldViolation::new(path("payer"), say::payer_needed())),
            Some(payer) if funding.iter().any(|(other, _)| *other == payer) => {
                wrong.push(FieldViolation::new(path("payer"), say_field::named_twice()));
            }
            Some(_) => {}
        }
        match Yen::parse("amount_yen", &share.amount_yen) {
            Err(refused) => wrong.push(FieldViolation::new(path("amount_yen"), refused.message)),
            Ok(amount) => funding.extend(payer.map(|payer| (payer, amount))),
        }
    }
    funding.retain(|(_, amount)| *amount > Yen::ZERO);
    funding.sort_by_key(|(payer, _)| *payer);
    (wrong.len() == before).then_some(funding)
}

/// Refuses shares that do not add up to the total, naming both.
pub(super) fn check_sum(total: Result<Yen, OverLimit>, funding: &[(Payer, Yen)], wrong: &mut Vec<FieldViolation>) {
    let sum = Yen::sum(funding.iter().map(|(_, amount)| *amount));
    match (total, sum) {
        (Ok(total), Ok(sum)) if total == sum => {}
        (Ok(total), Ok(sum)) => wrong.push(FieldViolation::new("funding", say::funding_sum(sum, total))),
        (Err(over), _) => wrong.push(over.at("count")),
        (_, Err(over)) => wrong.push(over.at("funding")),
    }
}
