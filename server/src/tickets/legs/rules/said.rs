//! What people say of repairs, losses and costs, checked: all that is wrong at once, by the contract and by the console in the same
//! way.

use time::Date;

use super::{CostId, CostKind, Insurance, Payer};
use crate::{
    access::rules::days::{date_text, parse_date},
    error::{
        Error, FieldViolation, Result, collect,
        says::{legs as say, tickets as say_ticket},
    },
    schools::rules::parse_text,
    tickets::rules::fields::{SHORT_TEXT, long_text, word_or},
};

/// Most that a repair, or another thing of a ticket, costs.
pub const MOST_YEN: i64 = 1_000_000;
/// Most of that which one correction takes back.
const LEAST_YEN: i64 = -MOST_YEN;
/// Days in the future that a day can be.
pub const DAYS_AHEAD: i64 = 400;
/// Longest name of a vendor, in characters.
pub const VENDOR: usize = 100;
/// Longest number of a claim or of a report to the police.
pub const NUMBER: usize = 64;
/// Longest place.
pub const PLACE: usize = 200;

/// An amount as somebody says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Yen {
    /// Nothing is said.
    #[default]
    Nothing,
    /// So many yen.
    Amount(i64),
    /// What is said is no number.
    Unreadable,
}

impl Yen {
    /// Of the contract, where nothing is unset.
    pub fn of(amount: Option<i64>) -> Self {
        amount.map_or(Self::Nothing, Self::Amount)
    }

    /// Of a form: digits of any width, with a yen sign and commas or without.
    pub fn read(text: &str) -> Self {
        let narrow = |c: char| match c {
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
            '－' | '−' => '-',
            other => other,
        };
        let plain: String = text.chars().map(narrow).filter(|c| !"¥￥円,， ".contains(*c)).collect();
        match plain.as_str() {
            "" => Self::Nothing,
            plain => plain.parse().map_or(Self::Unreadable, Self::Amount),
        }
    }

    fn check(self, field: &'static str) -> Result<Option<i64>, FieldViolation> {
        match self {
            Self::Nothing => Ok(None),
            Self::Amount(amount) if (0..=MOST_YEN).contains(&amount) => Ok(Some(amount)),
            Self::Amount(_) | Self::Unreadable => Err(FieldViolation::new(field, say::yen_needed(0, MOST_YEN))),
        }
    }
}

/// What is said of a repair. Words are numbers of the contract, 0 for none; days and texts are empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidRepair {
    pub vendor: String,
    pub quote: Yen,
    pub insurance: i32,
    pub insurance_number: String,
    pub sent: String,
    pub back: String,
    pub cost: Yen,
    pub payer: i32,
    pub note: String,
}

/// What is known of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Who repairs it.
    pub vendor: String,
    /// What they say that it will cost.
    pub quote_yen: Option<i64>,
    /// How the insurance stands.
    pub insurance: Insurance,
    /// Number of the claim.
    pub insurance_number: String,
    /// When it was sent.
    pub sent_on: Option<Date>,
    /// When it is to be back, or came back.
    pub back_on: Option<Date>,
    /// What it costs.
    pub cost_yen: Option<i64>,
    /// Who pays.
    pub payer: Option<Payer>,
    /// For staff.
    pub note: String,
}

/// What is said of a loss.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidLoss {
    pub noticed: String,
    pub place: String,
    pub police_number: String,
    pub police: String,
    pub board: String,
    pub lock_note: String,
}

/// What is known of a loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// When it was noticed.
    pub noticed_on: Date,
    /// Where it was noticed or seen last.
    pub place: String,
    /// Number of the report to the police.
    pub police_number: String,
    /// When the police was told.
    pub police_on: Option<Date>,
    /// When the board was told.
    pub board_on: Option<Date>,
    /// How it was locked or located.
    pub lock_note: String,
}

/// What is said of a cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidCost {
    pub kind: i32,
    pub payer: i32,
    pub amount: Yen,
    pub date: String,
    pub note: String,
    pub corrects: Option<CostId>,
}

/// What something cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// What it is.
    pub of: CostOf,
    /// In yen.
    pub amount_yen: i64,
    /// The day to which it belongs.
    pub spent_on: Date,
    /// For staff.
    pub note: String,
}

/// What a cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostOf {
    /// For something, and by somebody.
    Own(CostKind, Payer),
    /// A correction, for and by the same as what it corrects.
    Correction(CostId),
}

/// A day, or none, that is not too far ahead.
fn day(field: &'static str, text: &str, today: Date) -> Result<Option<Date>, FieldViolation> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = parse_date(field, text)?;
    let ahead = i64::from(day.to_julian_day()) - i64::from(today.to_julian_day());
    if ahead > DAYS_AHEAD {
        return Err(FieldViolation::new(field, say::day_too_far(DAYS_AHEAD)));
    }
    Ok(Some(day))
}

/// A day that was, or today.
fn past_day(field: &'static str, text: &str, today: Date) -> Result<Option<Date>, FieldViolation> {
    match day(field, text, today)? {
        Some(day) if day > today => Err(FieldViolation::new(field, say::day_in_future())),
        day => Ok(day),
    }
}

/// A word, or none for 0.
fn word<T>(field: &'static str, number: i32, read: impl Fn(i16) -> Option<T>) -> Result<Option<T>, FieldViolation> {
    word_or(field, number, |number| read(number).map(Some), None)
}

fn refused(wrong: Vec<FieldViolation>) -> Error {
    Error::invalid_fields("FIELD_INVALID", wrong)
}

impl SaidRepair {
    /// Checks it on a day. `is_end` for a repair that ends, which is back by then. Reason: FIELD_INVALID, with all that is wrong.
    pub fn check(&self, today: Date, is_end: bool) -> Result<Repair> {
        let mut wrong = Vec::new();
        let vendor = collect(parse_text("terms.vendor", &self.vendor, VENDOR), &mut wrong);
        let quote = collect(self.quote.check("terms.quote_yen"), &mut wrong);
        let insurance = collect(word("terms.insurance", self.insurance, Insurance::from_number), &mut wrong);
        let number = collect(parse_text("terms.insurance_number", &self.insurance_number, NUMBER), &mut wrong);
        let sent = collect(day("terms.sent_date", &self.sent, today), &mut wrong);
        let back = collect(day("terms.back_date", &self.back, today), &mut wrong);
        let cost = collect(self.cost.check("terms.cost_yen"), &mut wrong);
        let payer = collect(word("terms.payer", self.payer, Payer::from_number), &mut wrong);
        let note = collect(long_text("terms.note", &self.note, SHORT_TEXT), &mut wrong);
        let back = back.map(|back| if is_end { back.or(Some(today)) } else { back });
        if let (Some(Some(sent)), Some(Some(back))) = (sent, back)
            && back < sent
        {
            wrong.push(FieldViolation::new("terms.back_date", say::back_before_sent(date_text(sent))));
        }
        if let (Some(Some(1..)), Some(None)) = (cost, payer) {
            wrong.push(FieldViolation::new("terms.payer", say::payer_needed()));
        }
        let all = || {
            Some(Repair {
                vendor: vendor?,
                quote_yen: quote?,
                insurance: insurance?.unwrap_or(Insurance::None),
                insurance_number: number?,
                sent_on: sent?,
                back_on: back?,
                cost_yen: cost?,
                payer: payer?,
                note: note?,
            })
        };
        match all() {
            Some(repair) if wrong.is_empty() => Ok(repair),
            _ => Err(refused(wrong)),
        }
    }
}

impl SaidLoss {
    /// Checks it on a day. Reason: FIELD_INVALID, with all that is wrong.
    pub fn check(&self, today: Date) -> Result<Loss> {
        let mut wrong = Vec::new();
        let noticed = match self.noticed.as_str() {
            "" => Err(FieldViolation::new("terms.notice_date", say::notice_needed())),
            text => past_day("terms.notice_date", text, today),
        };
        let noticed = collect(noticed, &mut wrong).flatten();
        let place = collect(parse_text("terms.place", &self.place, PLACE), &mut wrong);
        let number = collect(parse_text("terms.police_number", &self.police_number, NUMBER), &mut wrong);
        let police = collect(past_day("terms.police_date", &self.police, today), &mut wrong);
        let board = collect(past_day("terms.board_date", &self.board, today), &mut wrong);
        let lock_note = collect(long_text("terms.lock_note", &self.lock_note, SHORT_TEXT), &mut wrong);
        let all = || {
            Some(Loss {
                noticed_on: noticed?,
                place: place?,
                police_number: number?,
                police_on: police?,
                board_on: board?,
                lock_note: lock_note?,
            })
        };
        all().ok_or_else(|| refused(wrong))
    }
}

impl SaidCost {
    /// Checks it on a day. What is left of the cost that it corrects is looked at beside that. Reason: FIELD_INVALID, with all that
    /// is wrong.
    pub fn check(&self, today: Date) -> Result<Cost> {
        let mut wrong = Vec::new();
        let kind = collect(word("kind", self.kind, CostKind::from_number), &mut wrong).flatten();
        let payer = collect(word("payer", self.payer, Payer::from_number), &mut wrong).flatten();
        let date = collect(day("date", &self.date, today), &mut wrong);
        let note = collect(long_text("note", &self.note, SHORT_TEXT), &mut wrong);
        let amount = match (self.amount, self.corrects) {
            (Yen::Amount(amount @ 1..=MOST_YEN), None) | (Yen::Amount(amount @ LEAST_YEN..=-1), Some(_)) => Ok(amount),
            (_, Some(_)) => Err(FieldViolation::new("amount_yen", say::correction_needed(MOST_YEN))),
            (_, None) => Err(FieldViolation::new("amount_yen", say::yen_needed(1, MOST_YEN))),
        };
        let amount = collect(amount, &mut wrong);
        let is_own = self.corrects.is_none();
        if is_own && self.kind == 0 {
            wrong.push(FieldViolation::new("kind", say_ticket::word_needed("kind")));
        }
        if is_own && self.payer == 0 {
            wrong.push(FieldViolation::new("payer", say::payer_needed()));
        }
        let all = || {
            let of = match self.corrects {
                Some(corrected) => CostOf::Correction(corrected),
                None => CostOf::Own(kind?, payer?),
            };
            Some(Cost { of, amount_yen: amount?, spent_on: date?.unwrap_or(today), note: note? })
        };
        match all() {
            Some(cost) if wrong.is_empty() => Ok(cost),
            _ => Err(refused(wrong)),
        }
    }
}
