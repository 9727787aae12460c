//! A dry run of rules on past tickets. Nothing is changed, and nothing of today is asked: a ticket counts as it came in.

use std::collections::HashMap;

use time::Date;
use uuid::Uuid;

use super::{
    Tickets,
    causes::{CHARACTERS, Kept, checked, others, window_us},
    figures::day_after,
    health::own_policy,
    store::causes::{self as rows, NearRow, PastRow},
};
use crate::{
    access::rules::{Area, Right, Staff, days::midnight_in_japan},
    error::{
        Error, FieldViolation, Kind, Result,
        says::{causes as say, tickets as say_tickets},
    },
    schools::rules::MunicipalityId,
    tickets::{
        rules::{
            EventKind, State,
            causes::{CauseRules, Evidence, Other, Past, Trial, Tried},
            health::HealthPolicy,
            undo::Before,
        },
        search::rules::fold,
    },
};

/// Tickets on which rules are tried at once.
pub const MOST_TRIED: usize = 20_000;
/// Longest period, in days.
const MOST_DAYS: i64 = 366 * 2;
/// Tickets that are read at once.
const PAGE: i64 = 500;
/// Other tickets of a school or a model that are looked at on each side of one.
const NEAR_MOST: usize = 300;

/// What is tried.
#[derive(Debug, Clone)]
pub struct TrialOrder {
    /// On tickets of this owner.
    pub owner: MunicipalityId,
    /// The rules.
    pub rules: CauseRules,
    /// Of tickets that came in from this day on.
    pub first: Date,
    /// Until this day, included.
    pub last: Date,
}

/// What the rules would have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialReport {
    /// Tickets that were looked at.
    pub tickets: u64,
    /// Of these, those to which some rule says something.
    pub explained: u64,
    /// Each rule, in their order.
    pub rules: Vec<Tried>,
}

/// Reports by time, and where each school's and each model's stand among them.
struct Crowd {
    rows: Vec<NearRow>,
    at: HashMap<Uuid, usize>,
    schools: HashMap<Uuid, Vec<usize>>,
    models: HashMap<String, Vec<usize>>,
}

impl Crowd {
    fn of(rows: Vec<NearRow>) -> Self {
        let mut crowd = Self { rows, at: HashMap::new(), schools: HashMap::new(), models: HashMap::new() };
        for (at, row) in crowd.rows.iter().enumerate() {
            crowd.at.insert(row.ticket_id, at);
            if let Some(school) = row.school_id {
                crowd.schools.entry(school).or_default().push(at);
            }
            if let Some(model) = &row.model {
                crowd.models.entry(model.clone()).or_default().push(at);
            }
        }
        crowd
    }

    /// Reports near one, of its school or of its model, each once.
    fn near(&self, ticket: Uuid) -> Vec<Other> {
        let Some(place) = self.at.get(&ticket) else { return Vec::new() };
        let mine = &self.rows[*place];
        let around = |list: Option<&Vec<usize>>| {
            let list = list.map_or(&[][..], Vec::as_slice);
            let own = list.partition_point(|at| at < place);
            list[own.saturating_sub(NEAR_MOST)..list.len().min(own + 1 + NEAR_MOST)].to_vec()
        };
        let mut near = around(mine.school_id.and_then(|school| self.schools.get(&school)));
        near.extend(around(mine.model.as_ref().and_then(|model| self.models.get(model))));
        near.sort_unstable();
        near.dedup();
        others(mine, near.into_iter().map(|at| &self.rows[at]))
    }
}

impl Tickets {
    /// Tries rules on the tickets of an owner within the caller's reach. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID,
    /// CAUSES_TOO_MANY.
    pub async fn try_cause_rules(&self, staff: &Staff, order: TrialOrder) -> Result<TrialReport> {
        let area = staff.areas(Right::ViewTickets, Some(order.owner))?.remove(0);
        let days = (order.last - order.first).whole_days() + 1;
        if !(1..=MOST_DAYS).contains(&days) {
            let wrong = FieldViolation::new("last_date", say_tickets::figures_days(MOST_DAYS));
            return Err(Error::invalid_fields("FIELD_INVALID", vec![wrong]));
        }
        let rules = checked(order.rules)?;
        let (from, before) = (midnight_in_japan(order.first).0, day_after(order.last).0);
        let crowd = self.crowd(&area, (from, before), window_us(&rules).unwrap_or_default()).await?;
        let policy = own_policy(&mut self.db.read().await?, order.owner).await?;
        let mut trial = Trial::new(&rules);
        let mut behind = (from - 1, Uuid::max());
        loop {
            // A page at a time, so that nobody who writes waits for a trial.
            let mut tx = self.db.read().await?;
            let page = rows::past(&mut tx, &area, behind, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            behind = (last.created_at, last.ticket_id);
            let ids: Vec<_> = page.iter().map(|row| row.ticket_id).collect();
            let said = rows::said(&mut tx, order.owner, &ids, CHARACTERS).await?;
            drop(tx);
            let mut of: HashMap<Uuid, Vec<rows::SaidRow>> = HashMap::new();
            for row in said {
                of.entry(row.ticket_id).or_default().push(row);
            }
            for row in page {
                let said = of.remove(&row.ticket_id).unwrap_or_default();
                trial.look_at(&past(&row, &said, &policy, &crowd));
            }
            tokio::task::yield_now().await;
        }
        let (tickets, explained, rules) = trial.finish();
        Ok(TrialReport { tickets, explained, rules })
    }

    /// All reports of a period and of a time around it.
    async fn crowd(&self, area: &Area, (from, before): (i64, i64), window: i64) -> Result<Crowd> {
        let limit = i64::try_from(MOST_TRIED).unwrap_or(i64::MAX) + 1;
        let mut tx = self.db.read().await?;
        let begin = (from.saturating_sub(window) - 1, Uuid::max());
        let all = rows::after(&mut tx, area, begin, before.saturating_add(window), limit).await?;
        if all.len() > MOST_TRIED {
            return Err(Error::new(Kind::Exhausted, "CAUSES_TOO_MANY", say::too_many(MOST_TRIED)));
        }
        Ok(Crowd::of(all))
    }
}

/// A ticket as it came in, and how it ended.
fn past(row: &PastRow, said: &[rows::SaidRow], policy: &HealthPolicy, crowd: &Crowd) -> Past {
    let of = |kind: EventKind| said.iter().find(|said| said.kind == kind.to_number());
    let text = of(EventKind::Created).map_or("", |said| said.body.as_str());
    // What triage found first: the category that was reported.
    let triaged = of(EventKind::Triaged).and_then(|said| {
        let details: serde_json::Value = serde_json::from_str(&said.details).ok()?;
        serde_json::from_value::<Before>(details.get("before")?.clone()).ok()
    });
    let evidence = Evidence {
        category: triaged.map_or(row.category, |before| before.category()),
        folded: fold(&format!("{}\n{text}", row.subject)),
        then: Kept::of(row.snapshot.as_deref()).and_then(|kept| kept.facts(policy, row.created_at)),
        now: None,
        incidents: row.element_kind.into_iter().collect(),
        has_spare: None,
        others: crowd.near(row.ticket_id),
    };
    let is_judged = of(EventKind::Triaged).is_some() || State::from_number(row.state) == Some(State::Closed);
    Past { number: row.number, evidence, ended_as: is_judged.then_some(row.category) }
}
