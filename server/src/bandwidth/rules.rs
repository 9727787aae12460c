//! What bandwidth is recommended, what was measured, whether a school reaches it, and what to look at next.

pub mod import;
pub mod planning;

use time::Date;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::{FieldViolation, says::bandwidth as say},
};

/// Most that is believed of a line, in kbit/s: 400 Gbit/s.
pub const MOST_KBPS: i64 = crate::checkin::rules::throughput::MOST_KBPS as i64;
/// Most rows of an edition.
pub const MOST_ROWS: usize = 200;
/// Measurements of so many days before the newest count with it, in microseconds. Ours, not the ministry's.
pub const WINDOW_US: i64 = 30 * DAY_US;
/// A measurement that is older says nothing of today, in microseconds. Ours, not the ministry's.
pub const FRESH_US: i64 = 365 * DAY_US;
/// Where a school has no timetable, lessons are taken to last from 8:30 to 15:30. Ours, not the ministry's.
pub const USUAL_HOURS: (i64, i64) = (8 * 60 + 30, 15 * 60 + 30);
/// Less than this percentage of the contract is a hint at what stands in the school. Ours, not the ministry's.
pub const CONTRACT_PERCENT: i64 = 50;

pub(super) const DAY_US: i64 = 86_400 * 1_000_000;

/// An edition of the recommended table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// From when it holds, and its name.
    pub date: Date,
    /// Who says so.
    pub source: String,
    /// Below the first row each pupil needs so much, in kbit/s.
    pub below_kbps: i64,
    /// Pupils and kbit/s, by pupils.
    pub rows: Vec<(i64, i64)>,
}

impl Edition {
    /// Checks rows: at least two, both columns rising, and no step down at the first row.
    pub fn check(mut self) -> Result<Self, FieldViolation> {
        self.rows.sort_unstable();
        let rising = self.rows.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let in_range = |(pupils, kbps): &(i64, i64)| (1..=100_000).contains(pupils) && (1..=MOST_KBPS).contains(kbps);
        if !(2..=MOST_ROWS).contains(&self.rows.len()) || !rising || !self.rows.iter().all(in_range) {
            return Err(FieldViolation::new("rows", say::rows()));
        }
        let (pupils, kbps) = self.rows[0];
        if self.below_kbps < 1 || self.below_kbps.saturating_mul(pupils - 1) > kbps {
            return Err(FieldViolation::new("below_kbps_per_pupil", say::below()));
        }
        Ok(self)
    }

    /// What is recommended for so many pupils; none for a school without pupils.
    pub fn recommended(&self, pupils: i64) -> Option<Recommended> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        if pupils < 1 {
            return None;
        }
        if pupils < first.0 {
            return Some(Recommended { kbps: self.below_kbps * pupils, basis: Basis::PerPupil });
        }
        if let Some((_, kbps)) = self.rows.iter().find(|(row, _)| *row == pupils) {
            return Some(Recommended { kbps: *kbps, basis: Basis::Published });
        }
        let above = pupils > last.0;
        let pair = match above {
            true => self.rows.last_chunk::<2>()?,
            false => self.rows.array_windows().find(|[low, high]| low.0 < pupils && pupils < high.0)?,
        };
        let [(low, low_kbps), (high, high_kbps)] = *pair;
        // Rounded up: a school that reaches the rounded figure reaches the exact one.
        let rise = (high_kbps - low_kbps) * (pupils - low);
        let kbps = low_kbps + (rise + (high - low) - 1) / (high - low);
        Some(Recommended { kbps, basis: if above { Basis::Extrapolated } else { Basis::Interpolated } })
    }
}

/// What is recommended, and how it comes from the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recommended {
    /// In kbit/s.
    pub kbps: i64,
    /// How it comes from the table.
    pub basis: Basis,
}

/// How a recommended value comes from the table. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A published row.
    Published = 1,
    /// Between two rows (補間値).
    Interpolated = 2,
    /// Below the first row: by pupil.
    PerPupil = 3,
    /// Above the last row: the last rise goes on.
    Extrapolated = 4,
}

/// How throughput was measured. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Method {
    /// 簡易帯域測定 by a person.
    Simple = 1,
    /// A speed test of another service by a person.
    SpeedTest = 2,
    /// By those who run the line.
    Provider = 3,
    /// An agent.
    Agent = 4,
}

impl Method {
    /// Those that a person may enter.
    pub const BY_PERSON: [Self; 3] = [Self::Simple, Self::SpeedTest, Self::Provider];

    /// What is stored under a number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Simple, Self::SpeedTest, Self::Provider, Self::Agent].into_iter().find(|one| *one as i16 == number)
    }
}

/// What shall be recorded of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementOrder {
    /// Its id, so that a repeat records once; none to choose one.
    pub id: Option<Uuid>,
    /// When it was measured.
    pub at: Timestamp,
    /// Towards the school, in kbit/s.
    pub receive_kbps: i64,
    /// From the school, in kbit/s.
    pub send_kbps: Option<i64>,
    /// How.
    pub method: Method,
    /// Whether in lessons; none to ask calendar and timetable.
    pub in_lesson: Option<bool>,
    /// What the person says of it.
    pub note: String,
}

/// One measurement, as far as judging needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// When.
    pub at: Timestamp,
    /// Towards the school, in kbit/s.
    pub receive_kbps: i64,
    /// Whether it was in lessons.
    pub in_lesson: bool,
}

/// Whether a school reaches what is recommended. Not to reach it is no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// 未達.
    Missed = 1,
    /// 不明.
    Unknown = 2,
    /// 達.
    Reached = 3,
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownReason {
    /// No edition of the table holds.
    NoEdition = 1,
    /// Nobody said how many pupils there are, or there are none.
    NoPupils = 2,
    /// Nothing was measured.
    NoMeasurement = 3,
    /// Only in lessons.
    OnlyInLessons = 4,
    /// Too long ago.
    TooOld = 5,
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is reached.
    pub outcome: Outcome,
    /// Why nobody knows, if nobody does.
    pub unknown: Option<UnknownReason>,
    /// What is recommended, where pupils and table are known.
    pub recommended: Option<Recommended>,
    /// Median outside lessons, in kbit/s.
    pub measured_kbps: Option<i64>,
    /// How many measurements it is of.
    pub count: usize,
    /// The oldest and the newest of them.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Verdict {
    /// Measured of recommended in whole percent, rounded down: 100 is reached.
    pub fn percent(&self) -> Option<i64> {
        Some(self.measured_kbps? * 100 / self.recommended?.kbps.max(1))
    }
}

/// Judges by the median of what was measured outside lessons in the days before the newest such measurement.
pub fn judge(edition: Option<&Edition>, pupils: Option<i64>, measured: &[Measured], as_of: Timestamp) -> Verdict {
    let recommended = edition.zip(pupils).and_then(|(edition, pupils)| edition.recommended(pupils));
    let known: Vec<_> = measured.iter().filter(|one| one.at <= as_of).collect();
    let idle: Vec<_> = known.iter().filter(|one| !one.in_lesson).collect();
    let newest = idle.iter().map(|one| one.at).max();
    let counted: Vec<_> =
        idle.iter().filter(|one| newest.is_some_and(|newest| one.at.0 > newest.0 - WINDOW_US)).collect();
    let mut kbps: Vec<_> = counted.iter().map(|one| one.receive_kbps).collect();
    let measured_kbps = median(&mut kbps);
    let unknown = match (newest, edition, recommended) {
        (_, None, _) => Some(UnknownReason::NoEdition),
        (_, Some(_), None) => Some(UnknownReason::NoPupils),
        (None, ..) if known.is_empty() => Some(UnknownReason::NoMeasurement),
        (None, ..) => Some(UnknownReason::OnlyInLessons),
        (Some(newest), ..) if newest.0 < as_of.0 - FRESH_US => Some(UnknownReason::TooOld),
        (Some(_), Some(_), Some(_)) => None,
    };
    let outcome = match (unknown, recommended, measured_kbps) {
        (None, Some(recommended), Some(kbps)) if kbps >= recommended.kbps => Outcome::Reached,
        (None, Some(_), Some(_)) => Outcome::Missed,
        (_, _, _) => Outcome::Unknown,
    };
    let span = counted.iter().map(|one| one.at).min().zip(newest);
    Verdict { outcome, unknown, recommended, measured_kbps, count: counted.len(), span }
}

/// The median; of an even number the lower of the two in the middle, so that none is made up.
pub fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// What a sheet advises, and which of the ministry's four places that points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Say how many pupils there are.
    SayPupils = 1,
    /// Measure outside lessons.
    Measure = 2,
    /// The contract itself promises less than is recommended.
    Contract = 3,
    /// Far below the contract: look at equipment and cabling, then at the provider.
    Equipment = 4,
    /// Near the contract, and yet too little in practice: the shared line or hub.
    Line = 5,
    /// The contract's speed is not known: say it.
    SayContract = 6,
    /// Reached: measure again within a year, and when pupils rise.
    Again = 7,
    /// Take in the table of recommended bandwidth.
    TakeEdition = 8,
}

impl Advice {
    /// Number of the ministry's place, where it points at one.
    pub fn place(self) -> Option<u8> {
        match self {
            Self::Contract | Self::Line => Some(2),
            Self::Equipment => Some(3),
            Self::SayPupils | Self::Measure | Self::SayContract | Self::Again | Self::TakeEdition => None,
        }
    }
}

/// What to do next about a verdict; `contract_mbps` is the sum of a school's lines, where all are known.
pub fn advise(verdict: &Verdict, contract_mbps: Option<i64>) -> Advice {
    match (verdict.unknown, verdict.recommended, verdict.measured_kbps) {
        (Some(UnknownReason::NoEdition), ..) => Advice::TakeEdition,
        (Some(UnknownReason::NoPupils), ..) => Advice::SayPupils,
        (Some(UnknownReason::NoMeasurement | UnknownReason::OnlyInLessons | UnknownReason::TooOld), ..) => {
            Advice::Measure
        }
        (None, Some(recommended), Some(kbps)) => match contract_mbps.map(|mbps| mbps * 1_000) {
            _ if verdict.outcome == Outcome::Reached => Advice::Again,
            None => Advice::SayContract,
            Some(contract) if contract < recommended.kbps => Advice::Contract,
            Some(contract) if kbps * 100 < contract * CONTRACT_PERCENT => Advice::Equipment,
            Some(_) => Advice::Line,
        },
        (None, ..) => Advice::Measure,
    }
}

/// A speed in Mbit/s with up to three digits behind the point, in kbit/s.
pub fn parse_mbps(field: &'static str, text: &str) -> Result<i64, FieldViolation> {
    let refused = || FieldViolation::new(field, say::speed());
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) {
        return Err(refused());
    }
    let kbps = format!("{whole}{part:0<3}").parse().map_err(|_| refused())?;
    check_kbps(field, kbps)
}

/// A speed in kbit/s: 1 to 400,000,000.
pub fn check_kbps(field: &'static str, kbps: i64) -> Result<i64, FieldViolation> {
    (1..=MOST_KBPS).contains(&kbps).then_some(kbps).ok_or_else(|| FieldViolation::new(field, say::speed()))
}

#[cfg(test)]
mod tests;
