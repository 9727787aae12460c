//! What an owner's ledger knew at a time: all that a report is made of. Nothing else counts, so whatever comes later, the
//! report of that time is the same.

use std::{collections::BTreeMap, sync::Arc};

use time::Date;
use uuid::Uuid;

use super::{
    CostKind, Payer,
    body::{Body, Stated},
    ledger::EntryId,
    lots::Lot,
    money::Yen,
    report::content::time_text,
    rule_sets::RuleSet,
};
use crate::{
    access::rules::days::{date_text, day_in_japan},
    clock::Timestamp,
    error::{Both, says::renewal as say},
    schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear},
};

/// An entry that stood then: recorded, no reversal and not reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntry {
    /// By which others name it.
    pub id: EntryId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it says.
    pub stated: Stated,
}

/// What a ticket cost, or a correction of that, which is below nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCost {
    /// The cost.
    pub id: Uuid,
    /// Number of its ticket.
    pub number: i64,
    /// On what.
    pub kind: CostKind,
    /// Who paid.
    pub payer: Payer,
    /// How much.
    pub amount: Yen,
    /// When.
    pub on: Date,
    /// School of the ticket.
    pub school: Option<SchoolId>,
    /// The device.
    pub device: Option<Uuid>,
}

/// What was known of the devices of a lot by their serial numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotDevices {
    /// How many are named.
    pub named: u32,
    /// How many of these were disposed of on which day.
    pub disposals: BTreeMap<Date, u32>,
}

impl LotDevices {
    /// How many were disposed of.
    pub fn disposed(&self) -> u32 {
        self.disposed_by(Date::MAX)
    }

    /// How many up to a day.
    pub fn disposed_by(&self, day: Date) -> u32 {
        self.disposals.range(..=day).fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// What is known where nothing is.
static NO_DEVICES: LotDevices = LotDevices { named: 0, disposals: BTreeMap::new() };

/// What was known of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The owner.
    pub owner: MunicipalityId,
    /// Its code, which never changes.
    pub code: String,
    /// When.
    pub as_of: Timestamp,
    /// Entries by first day, recording and id.
    pub entries: Vec<KnownEntry>,
    /// How many stood beside these that were not read, since the report has no use for what they are of.
    pub unread: usize,
    /// What its tickets cost, by day and id.
    pub tickets: Vec<TicketCost>,
    /// What was known of the devices of lots that stood; nothing of a lot that is not here.
    pub devices: BTreeMap<EntryId, LotDevices>,
    /// The rules that held, which most owners share.
    pub rules: Arc<RuleSet>,
}

impl Known {
    /// Nothing of nobody: of which a report of no owner at all is made.
    pub fn of_nobody(as_of: Timestamp, rules: impl Into<Arc<RuleSet>>) -> Self {
        Self {
            owner: MunicipalityId(Uuid::nil()),
            code: String::new(),
            as_of,
            entries: Vec::new(),
            unread: 0,
            tickets: Vec::new(),
            devices: BTreeMap::new(),
            rules: rules.into(),
        }
    }

    /// Whether no entry stood.
    pub fn has_no_entries(&self) -> bool {
        self.entries.is_empty() && self.unread == 0
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.has_no_entries() && self.tickets.is_empty()
    }

    /// The day in Japan.
    pub fn today(&self) -> Date {
        day_in_japan(self.as_of.0)
    }

    /// The fiscal year of that day.
    pub fn year(&self) -> FiscalYear {
        FiscalYear::of(self.today())
    }

    /// Its lots with their school.
    pub fn lots(&self) -> impl Iterator<Item = (EntryId, Option<SchoolId>, &Lot)> {
        self.entries.iter().filter_map(|entry| {
            let Body::Lot(lot) = &entry.stated.body else { return None };
            Some((entry.id, entry.stated.school, lot))
        })
    }

    /// ① of a year; none where nobody said.
    pub fn pupils(&self, year: FiscalYear) -> Option<u32> {
        let of_year = self.entries.iter().filter_map(|entry| {
            let Body::Pupils(pupils) = &entry.stated.body else { return None };
            (pupils.year == year).then_some((entry.stated.school, pupils.count))
        });
        whole_or_schools(of_year, u32::saturating_add)
    }

    /// The same, or of the newest year before of which somebody said it.
    pub fn pupils_by(&self, year: FiscalYear) -> u32 {
        let years = (2_000..=year.year()).rev().filter_map(FiscalYear::starting_in);
        years.filter_map(|year| self.pupils(year)).next().unwrap_or(0)
    }

    /// What is known of the devices of a lot.
    pub fn devices_of(&self, lot: EntryId) -> &LotDevices {
        self.devices.get(&lot).unwrap_or(&NO_DEVICES)
    }

    /// Lots of which other devices are known than they have: fewer, since who records more, or one that is in another lot, is
    /// refused.
    pub fn lot_problems(&self) -> Vec<Problem> {
        let of_lot = |(lot, _, body): (EntryId, Option<SchoolId>, &Lot)| {
            let (devices, count) = (self.devices_of(lot).named, body.count);
            let (model, delivered) = (body.model.clone(), body.delivered);
            (devices != count).then_some(Problem::Devices { lot, model, delivered, devices, count })
        };
        self.lots().filter_map(of_lot).collect()
    }
}

/// What was said of the owner as a whole, or else its schools added up.
pub fn whole_or_schools<T>(said: impl Iterator<Item = (Option<SchoolId>, T)>, plus: impl Fn(T, T) -> T) -> Option<T> {
    let (whole, schools): (Vec<_>, Vec<_>) = said.partition(|(school, _)| school.is_none());
    let sum = |all: Vec<(Option<SchoolId>, T)>| all.into_iter().map(|(_, said)| said).reduce(&plus);
    sum(whole).or_else(|| sum(schools))
}

/// Something that makes a report incomplete, for who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Devices of a year of which nobody said how many pupils there are.
    PupilsMissing {
        /// The year.
        year: FiscalYear,
    },
    /// Other devices are known of a lot than it has.
    Devices {
        /// The lot.
        lot: EntryId,
        /// What its devices are.
        model: String,
        /// When they came.
        delivered: Date,
        /// How many are known.
        devices: u32,
        /// How many it has.
        count: u32,
    },
}

impl Problem {
    /// For people.
    pub fn label(&self) -> Both {
        match self {
            Self::PupilsMissing { year } => {
                Both::of(say::pupils_missing(year.japanese()), say::pupils_missing(year.letter()))
            }
            Self::Devices { model, delivered, devices, count, .. } => {
                say::lot_devices(model, date_text(*delivered), devices, count)
            }
        }
    }

    /// As a report prints it.
    pub fn content(&self) -> serde_json::Value {
        match self {
            Self::PupilsMissing { year } => {
                serde_json::json!({ "problem": "PUPILS_MISSING", "fiscal_year": year.year() })
            }
            Self::Devices { lot, devices, count, .. } => serde_json::json!({
                "problem": "LOT_DEVICES", "entry_id": lot.to_string(), "devices": devices, "count": count,
            }),
        }
    }
}

/// When a report is as of, as it prints it.
pub fn as_of_text(at: Timestamp) -> String {
    time_text(at)
}
