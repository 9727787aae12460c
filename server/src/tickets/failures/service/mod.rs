//! Failure rates, for whoever may see figures: sums, and no ticket.

mod alarms;

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use time::{Date, Duration};
use uuid::Uuid;

pub use self::alarms::FailureLook;
pub use super::store::LastingRow;
use super::{
    rules::{self, FailureGrouping, Failures},
    store::{self, FailedRow},
};
use crate::{
    access::{
        rules::{
            Area, Place, Right, Schools, Staff,
            days::{date_text, midnight_in_japan},
        },
        service::audit::Deed,
    },
    clock::Timestamp,
    devices::rules::import::export::Encoding,
    error::{Both, Error, FieldViolation, Kind, Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::Category,
        service::{MOST_COUNTED, Tickets},
    },
};

/// Longest period, in days.
const MOST_DAYS: i64 = 366 * 2;
/// Models that are told one by one.
const MOST_MODELS: usize = 1_000;
/// Tickets that are read at once.
const PAGE: i64 = 2_000;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailuresOrder {
    /// Only of this owner.
    pub owner: Option<MunicipalityId>,
    /// Of tickets that came in from this day on.
    pub first: Date,
    /// Until this day, included.
    pub last: Date,
    /// Counted by.
    pub by: FailureGrouping,
    /// Only this kind, one of [`rules::KINDS`].
    pub kind: Option<Category>,
}

/// Failures of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailuresRow {
    /// Id of the municipality or the school, where that is what is counted by.
    pub id: Option<Uuid>,
    /// The model folded for comparison, or nothing.
    pub model_key: Option<String>,
    /// What people call the group.
    pub name: Both,
    /// What was counted.
    pub failures: Failures,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailuresReport {
    /// What was asked.
    pub order: FailuresOrder,
    /// When it was counted.
    pub as_of: Timestamp,
    /// So much of the period is over, in seconds.
    pub period_s: u64,
    /// By group: models and schools the worst first, municipalities by code, kinds by number.
    pub rows: Vec<FailuresRow>,
    /// All groups together.
    pub whole: Failures,
}

/// A group, in the order in which groups stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Owner(MunicipalityId),
    School(Option<SchoolId>),
    Model(String),
    Kind(i16),
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Counted {
    groups: BTreeMap<Group, Failures>,
    whole: Failures,
    /// How models are written, by key: the spelling of most devices.
    spellings: BTreeMap<String, (i64, String)>,
}

/// Distinct devices, once for each kind and once for all.
#[derive(Debug, Default)]
struct Distinct {
    of_kind: HashSet<(Uuid, i16)>,
    devices: HashSet<Uuid>,
}

impl FailuresOrder {
    fn check(&self) -> Result<()> {
        let days = (self.last - self.first).whole_days() + 1;
        let mut wrong = Vec::new();
        if !(1..=MOST_DAYS).contains(&days) {
            wrong.push(FieldViolation::new("last_date", say::figures_days(MOST_DAYS)));
        }
        if self.by == FailureGrouping::School && self.owner.is_none() {
            wrong.push(FieldViolation::new("municipality_id", say::figures_of_schools()));
        }
        if self.kind.is_some_and(|kind| rules::kind_at(kind.to_number()).is_none()) {
            wrong.push(FieldViolation::new("category", say::failures_kind()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields("FIELD_INVALID", wrong)) }
    }

    fn group(&self, owner: MunicipalityId, school: Option<Uuid>, model: Option<&str>, kind: i16) -> Group {
        match self.by {
            FailureGrouping::Model => Group::Model(rules::model_key(model)),
            FailureGrouping::School => Group::School(school.map(SchoolId)),
            FailureGrouping::Municipality => Group::Owner(owner),
            FailureGrouping::Kind => Group::Kind(kind),
        }
    }
}

impl Counted {
    /// The time for which devices were in use. Each kind of failure can befall all of them.
    fn add_in_use(&mut self, order: &FailuresOrder, owner: MunicipalityId, row: &store::InUseRow) {
        let counted = Failures {
            in_use: u64::try_from(row.devices).unwrap_or_default(),
            seconds: u64::try_from(row.seconds).unwrap_or_default(),
            ..Failures::default()
        };
        self.whole.add(&counted);
        if order.by == FailureGrouping::Kind {
            return;
        }
        let group = order.group(owner, row.school_id, row.model.as_deref(), 0);
        if let (Group::Model(key), Some(model)) = (&group, &row.model) {
            let spelling = self.spellings.entry(key.clone()).or_insert_with(|| (row.devices, model.clone()));
            if row.devices > spelling.0 {
                *spelling = (row.devices, model.clone());
            }
        }
        self.groups.entry(group).or_default().add(&counted);
    }

    /// A ticket that is a failure, unless the device had one of this kind already.
    fn add_failed(&mut self, order: &FailuresOrder, owner: MunicipalityId, row: &FailedRow, seen: &mut Distinct) {
        if order.kind.is_some_and(|kind| kind.to_number() != row.category)
            || !seen.of_kind.insert((row.device_id, row.category))
        {
            return;
        }
        let is_first = seen.devices.insert(row.device_id);
        let group =
            self.groups.entry(order.group(owner, row.school_id, row.model.as_deref(), row.category)).or_default();
        // Of one kind a device fails once; all else is of one group of devices.
        let own = u64::from(is_first || order.by == FailureGrouping::Kind);
        group.add(&Failures { failures: 1, devices: own, ..Failures::default() });
        self.whole.add(&Failures { failures: 1, devices: u64::from(is_first), ..Failures::default() });
    }
}

impl FailuresReport {
    /// The report as a file, and how many characters its encoding lacks.
    pub fn file(&self, encoding: Encoding) -> (Vec<u8>, u64) {
        let rows = self.rows.iter().map(|row| (row.name.ja.as_ref(), &row.failures));
        rules::file::file(rows, &self.whole, self.period_s, encoding)
    }
}

impl Tickets {
    /// Counts failures of devices in scope within a period, and for how long devices were in use in it; see [`super`] for what that means.
    ///
    /// # Errors
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID, FIGURES_TOO_MANY.
    pub async fn failures(&self, staff: &Staff, order: FailuresOrder) -> Result<FailuresReport> {
        self.failures_where(staff, order, Right::ViewFigures).await
    }

    /// The same for a file; it is noted that somebody took it along. Reasons: as for [`Tickets::failures`].
    pub async fn export_failures(&self, staff: &Staff, order: FailuresOrder) -> Result<FailuresReport> {
        staff.areas(Right::ViewFigures, order.owner)?;
        let report = self.failures_where(staff, order, Right::Export).await?;
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: order.owner,
            action: "ticket.export_failures",
            subject_kind: "ticket_failures",
            subject_id: date_text(order.first),
            details: json!({ "last_date": date_text(order.last), "by": order.by.label().en }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(report)
    }

    async fn failures_where(&self, staff: &Staff, order: FailuresOrder, right: Right) -> Result<FailuresReport> {
        order.check()?;
        let areas = staff.areas(right, order.owner)?;
        let now = self.clock.now();
        let (from, before) = (midnight_in_japan(order.first).0, midnight_in_japan(order.last + Duration::days(1)).0);
        let until = before.min(now.0).max(from);
        let mut counted = Counted::default();
        let mut left = MOST_COUNTED;
        for area in &areas {
            let owner = area.municipality();
            let mut tx = self.db.read().await?;
            let rows = store::in_use(&mut tx, area, from, until).await?;
            drop(tx);
            rows.iter().for_each(|row| counted.add_in_use(&order, owner, row));
            let mut seen = Distinct::default();
            self.each_failure(area, (from, before), &mut left, |row| {
                counted.add_failed(&order, owner, &row, &mut seen)
            })
            .await?;
            if order.by == FailureGrouping::Municipality {
                counted.groups.entry(Group::Owner(owner)).or_default();
            }
        }
        if order.by == FailureGrouping::Kind {
            // Each kind befalls all devices.
            let Failures { in_use, seconds, .. } = counted.whole;
            for kind in rules::KINDS.into_iter().filter(|kind| order.kind.is_none_or(|only| only == *kind)) {
                let group = counted.groups.entry(Group::Kind(kind.to_number())).or_default();
                *group = Failures { in_use, seconds, ..*group };
            }
        }
        let period_s = u64::try_from((until - from) / 1_000_000).unwrap_or_default();
        let whole = counted.whole;
        Ok(FailuresReport {
            order,
            as_of: now,
            period_s,
            rows: self.failure_rows(staff, &order, counted).await?,
            whole,
        })
    }

    /// Reads the failures of an area in a time, a page at a time, so that nobody who writes waits.
    async fn each_failure(
        &self,
        area: &Area,
        (from, before): (i64, i64),
        left: &mut u64,
        mut each: impl FnMut(FailedRow) + Send,
    ) -> Result<()> {
        let mut behind = (from - 1, Uuid::max());
        loop {
            let mut tx = self.db.read().await?;
            let rows = store::failed(&mut tx, area.municipality(), behind, before, PAGE).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok(()) };
            behind = (last.created_at, last.ticket_id);
            *left = left
                .checked_sub(rows.len() as u64)
                .ok_or_else(|| Error::new(Kind::Exhausted, "FIGURES_TOO_MANY", say::figures_too_many(MOST_COUNTED)))?;
            rows.into_iter().filter(|row| area.covers(row.school_id.map(SchoolId))).for_each(&mut each);
            tokio::task::yield_now().await;
        }
    }

    /// Groups with what people call them, in the order in which they are told.
    async fn failure_rows(&self, staff: &Staff, order: &FailuresOrder, counted: Counted) -> Result<Vec<FailuresRow>> {
        let Counted { groups, spellings, .. } = counted;
        let place = |group: &Group| match (group, order.owner) {
            (Group::School(Some(school)), Some(owner)) => Some(Place::School(owner, *school)),
            _ => None,
        };
        let places: Vec<_> = groups.keys().filter_map(place).collect();
        let names = self.access.place_names(staff, Right::ViewFigures, &places).await?;
        let same = |name: Option<&str>| Both::same(name.unwrap_or_default().to_owned());
        let row = |(group, failures): (Group, Failures)| {
            let (id, name) = match &group {
                Group::Owner(owner) => (Some(owner.0), same(names.owner(*owner))),
                Group::School(Some(school)) => (Some(school.0), same(names.school(*school))),
                Group::School(None) => (None, say::figures_no_school()),
                Group::Kind(number) => {
                    (None, Category::from_number(*number).map_or_else(|| same(None), Category::label))
                }
                Group::Model(key) if key.is_empty() => (None, say::failures_no_model()),
                Group::Model(key) => (None, same(Some(spellings.get(key).map_or(key, |(_, model)| model)))),
            };
            let model_key = match group {
                Group::Model(key) => Some(key),
                Group::Owner(_) | Group::School(_) | Group::Kind(_) => None,
            };
            FailuresRow { id, model_key, name, failures }
        };
        let mut rows: Vec<_> = groups.into_iter().map(row).collect();
        match order.by {
            FailureGrouping::Model | FailureGrouping::School => {
                rows.sort_by(|one, other| {
                    rules::worst_first(&one.failures, &other.failures).then_with(|| one.name.ja.cmp(&other.name.ja))
                });
            }
            FailureGrouping::Municipality => {
                let at = |id: Option<Uuid>| names.owners().iter().position(|(owner, ..)| Some(owner.0) == id);
                rows.sort_by_key(|row| at(row.id));
            }
            FailureGrouping::Kind => {}
        }
        if order.by == FailureGrouping::Model && rows.len() > MOST_MODELS {
            let mut rest = Failures::default();
            rows.drain(MOST_MODELS..).for_each(|row| rest.add(&row.failures));
            rows.push(FailuresRow { id: None, model_key: None, name: say::failures_other_models(), failures: rest });
        }
        Ok(rows)
    }

    /// Models that fail more often than they should, the newest first: those that concern an owner all of which lies within the caller's
    /// reach, since their figures are of all its schools. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn failure_alarms(
        &self,
        staff: &Staff,
        right: Right,
        owner: Option<MunicipalityId>,
    ) -> Result<Vec<LastingRow>> {
        let areas = staff.areas(right, owner)?;
        let whole = areas.iter().filter(|area| *area.schools() == Schools::All).map(Area::municipality);
        let whole: Vec<_> = whole.collect();
        let mut tx = self.db.read().await?;
        store::lasting(&mut tx, &whole).await
    }
}
