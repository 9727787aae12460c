//! Figures of tickets, for whoever may see figures: sums, and no ticket.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{Tickets, judged, store::figures as store, terms::Terms};
use crate::{
    access::{
        rules::{
            Area, Place, Right, Staff,
            days::{date_text, day_in_japan, midnight_in_japan},
        },
        service::{audit::Deed, names::PlaceNames},
    },
    clock::Timestamp,
    db::Tx,
    devices::rules::import::export::Encoding,
    error::{Both, Error, FieldViolation, Kind, Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::rules::{
        Category, Priority,
        clock::Service,
        figures::{Figures, Grouping},
        figures_file,
        queue::Judge,
    },
};

/// Tickets that are counted at once: a prefecture's of some months, a municipality's of many years.
pub const MOST_COUNTED: u64 = 1_500_000;
/// Longest period, in days.
const MOST_DAYS: i64 = 366 * 2;
/// Tickets that are read at once.
const PAGE: i64 = 2_000;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiguresOrder {
    /// Only of this owner.
    pub owner: Option<MunicipalityId>,
    /// Of tickets that came in from this day on.
    pub first: Date,
    /// Until this day, included.
    pub last: Date,
    /// Counted by.
    pub by: Grouping,
}

/// Figures of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresRow {
    /// Id of the municipality or the school, where that is what is counted by.
    pub id: Option<Uuid>,
    /// What people call the group.
    pub name: Both,
    /// What was counted.
    pub figures: Figures,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresReport {
    /// What was asked.
    pub order: FiguresOrder,
    /// When it was counted.
    pub as_of: Timestamp,
    /// By group: municipalities by code, schools by name, categories by number, months by time.
    pub rows: Vec<FiguresRow>,
    /// All groups together.
    pub whole: Figures,
}

/// A group, in the order in which groups stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Owner(MunicipalityId),
    School(Option<SchoolId>),
    Category(i16),
    Month(i32, u8),
}

impl FiguresOrder {
    fn check(&self) -> Result<()> {
        let days = (self.last - self.first).whole_days() + 1;
        let mut wrong = Vec::new();
        if !(1..=MOST_DAYS).contains(&days) {
            wrong.push(FieldViolation::new("last_date", say::figures_days(MOST_DAYS)));
        }
        if self.by == Grouping::School && self.owner.is_none() {
            wrong.push(FieldViolation::new("municipality_id", say::figures_of_schools()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields("FIELD_INVALID", wrong)) }
    }

    fn group(&self, owner: MunicipalityId, school: Option<Uuid>, category: i16, created_at: i64) -> Group {
        match self.by {
            Grouping::Municipality => Group::Owner(owner),
            Grouping::School => Group::School(school.map(SchoolId)),
            Grouping::Category => Group::Category(category),
            Grouping::Month => {
                let day = day_in_japan(created_at);
                Group::Month(day.year(), day.month().into())
            }
        }
    }
}

impl FiguresReport {
    /// The report as a file, and how many characters its encoding lacks.
    pub fn file(&self, encoding: Encoding) -> (Vec<u8>, u64) {
        figures_file::file(self.rows.iter().map(|row| (row.name.ja.as_ref(), &row.figures)), &self.whole, encoding)
    }
}

impl Tickets {
    /// Counts tickets in scope. What is open is open now, whenever it came in; all else is of tickets that came in within the period, by
    /// calendars and promises as they are now. Of tickets that went into another one only the number is told.
    ///
    /// # Errors
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID, FIGURES_TOO_MANY.
    pub async fn figures(&self, staff: &Staff, order: FiguresOrder) -> Result<FiguresReport> {
        self.counted(staff, order, Right::ViewFigures).await
    }

    /// Counts where the caller has a right.
    async fn counted(&self, staff: &Staff, order: FiguresOrder, right: Right) -> Result<FiguresReport> {
        order.check()?;
        let areas = staff.areas(right, order.owner)?;
        let now = self.clock.now();
        let mut groups: BTreeMap<Group, Figures> = BTreeMap::new();
        let mut left = MOST_COUNTED;
        for area in &areas {
            self.count_came(area, &order, now, &mut groups, &mut left).await?;
        }
        let mut tx = self.db.read().await?;
        for (area, queue) in self.census.of(&mut tx, &areas).await? {
            for ticket in queue.tickets.iter().filter(|ticket| area.covers(ticket.school.map(SchoolId))) {
                let group = order.group(area.municipality(), ticket.school, ticket.category, ticket.created_at);
                groups.entry(group).or_default().count_open(Timestamp(ticket.created_at), now);
            }
        }
        drop(tx);
        if order.by == Grouping::Municipality {
            for area in &areas {
                groups.entry(Group::Owner(area.municipality())).or_default();
            }
        }
        let mut whole = Figures::default();
        groups.values().for_each(|figures| whole.add(figures));
        Ok(FiguresReport { order, as_of: now, rows: self.named(staff, &order, groups).await?, whole })
    }

    /// The same for a file; it is noted that somebody took it along. Reasons: as for [`Tickets::figures`].
    pub async fn export_figures(&self, staff: &Staff, order: FiguresOrder) -> Result<FiguresReport> {
        staff.areas(Right::ViewFigures, order.owner)?;
        let report = self.counted(staff, order, Right::Export).await?;
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: order.owner,
            action: "ticket.export_figures",
            subject_kind: "ticket_figures",
            subject_id: date_text(order.first),
            details: json!({ "last_date": date_text(order.last), "by": order.by.label().en }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// Counts what came in at one owner.
    async fn count_came(
        &self,
        area: &Area,
        order: &FiguresOrder,
        now: Timestamp,
        groups: &mut BTreeMap<Group, Figures>,
        left: &mut u64,
    ) -> Result<()> {
        let owner = area.municipality();
        let (from, before) = (midnight_in_japan(order.first), day_after(order.last));
        let mut tx = self.db.read().await?;
        let terms = Terms::of_owners(&mut tx, &BTreeSet::from([owner]), [from, now]).await?;
        drop(tx);
        let mut behind = (from.0 - 1, Uuid::max());
        loop {
            // A page at a time, so that nobody who writes waits for figures.
            let mut tx: Tx = self.db.read().await?;
            let rows = store::came(&mut tx, area, behind, before.0, PAGE).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok(()) };
            behind = (last.created_at, last.ticket_id);
            *left = left
                .checked_sub(rows.len() as u64)
                .ok_or_else(|| Error::new(Kind::Exhausted, "FIGURES_TOO_MANY", say::figures_too_many(MOST_COUNTED)))?;
            for row in rows {
                let life = judged::stored_life((row.state, row.waiting_on), row.merged_into, &row.life)?;
                let promise = terms.promise(owner, Timestamp(row.created_at));
                let is_school_day = |day| terms.is_school_day(owner, row.school_id.map(SchoolId), day);
                let service = Service { is_school_day: &is_school_day, hours: promise.hours };
                let priority = Priority::from_number(row.priority).unwrap_or(Priority::P4);
                let group = order.group(owner, row.school_id, row.category, row.created_at);
                groups.entry(group).or_default().count(&life, &Judge { service, promise, priority }, now);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Groups with what people call them.
    async fn named(
        &self,
        staff: &Staff,
        order: &FiguresOrder,
        groups: BTreeMap<Group, Figures>,
    ) -> Result<Vec<FiguresRow>> {
        let place = |group: &Group| match (group, order.owner) {
            (Group::School(Some(school)), Some(owner)) => Some(Place::School(owner, *school)),
            _ => None,
        };
        let places: Vec<_> = groups.keys().filter_map(place).collect();
        let names = self.access.place_names(staff, Right::ViewFigures, &places).await?;
        let row = |(group, figures)| {
            let (id, name) = name(group, &names);
            FiguresRow { id, name, figures }
        };
        let mut rows: Vec<_> = groups.into_iter().map(row).collect();
        let at = |id: Option<Uuid>| names.owners().iter().position(|(owner, ..)| Some(owner.0) == id);
        match order.by {
            Grouping::Municipality => rows.sort_by_key(|row| at(row.id)),
            Grouping::School => rows.sort_by(|a, b| a.name.ja.cmp(&b.name.ja)),
            Grouping::Category | Grouping::Month => {}
        }
        Ok(rows)
    }
}

/// The moment at which a day is over.
pub(super) fn day_after(day: Date) -> Timestamp {
    day.next_day().map_or(Timestamp(i64::MAX), midnight_in_japan)
}

fn name(group: Group, names: &PlaceNames) -> (Option<Uuid>, Both) {
    let same = |name: Option<&str>| Both::same(name.unwrap_or_default().to_owned());
    match group {
        Group::Owner(owner) => (Some(owner.0), same(names.owner(owner))),
        Group::School(Some(school)) => (Some(school.0), same(names.school(school))),
        Group::School(None) => (None, say::figures_no_school()),
        Group::Category(number) => (None, Category::from_number(number).map_or_else(|| same(None), Category::label)),
        Group::Month(year, month) => (None, Both::same(format!("{year}-{month:02}"))),
    }
}
