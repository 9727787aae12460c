//! What may be the cause of a ticket, and by which rules that is said.
//!
//! Invariants: a suggestion changes nothing; it is made of what the server knows of the device, the network and other tickets within the
//! reader's reach, and names all of it.

use serde::Deserialize;
use serde_json::json;

use super::{
    Named, Tickets,
    store::{
        causes::{self as rows, NearRow},
        snapshot::{self, CheckedRow, SaidRow},
    },
};
use crate::{
    access::{
        rules::{Area, Right, Staff, days::day_in_japan},
        service::audit::Deed,
    },
    clock::Timestamp,
    db::Tx,
    devices::rules::{DeviceId, DeviceKey},
    error::{Both, Error, Result},
    network::service::judge::element_number,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        rules::{
            EventKind,
            causes::{CauseRule, CauseRules, Evidence, Facts, Other, Reasoner, Suggestion},
            health::{HealthPolicy, HealthRule, Seen},
        },
        search::rules::fold,
        store::TicketRow,
    },
};

/// Other tickets that are looked at on each side of one.
const NEAR_MOST: i64 = 1_000;
/// Characters of a report in which words are looked for.
pub(super) const CHARACTERS: usize = 4_000;
const HOUR_US: i64 = 3_600_000_000;
const MINUTE_US: i64 = 60_000_000;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesOrigin {
    /// The product's own.
    Product,
    /// Those of the installation.
    Installation,
    /// The owner's.
    Owner,
}

/// A cause that may be, with why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The rule.
    pub rule: CauseRule,
    /// What of it is so.
    pub reasons: Vec<Both>,
}

/// What a ticket keeps of its device.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Kept {
    #[serde(default)]
    said: Option<SaidRow>,
    #[serde(default)]
    failing_layers: Vec<i16>,
}

impl Kept {
    /// Of a snapshot; what an earlier version wrote has less in it.
    pub(super) fn of(snapshot: Option<&str>) -> Option<Self> {
        serde_json::from_str(snapshot?).ok()
    }

    /// What it says, at the moment when it was taken.
    pub(super) fn facts(&self, policy: &HealthPolicy, at: i64) -> Option<Facts> {
        self.said.as_ref().map(|said| facts(said, &self.failing_layers, policy, at))
    }
}

/// What a device said of itself, as rules ask for it at a moment.
fn facts(said: &SaidRow, failing_layers: &[i16], policy: &HealthPolicy, at: i64) -> Facts {
    let seen = Seen {
        model: said.model.as_deref(),
        os_kind: said.os_kind.unwrap_or_default().into(),
        os_version: said.os_version.as_deref(),
        seen_at: said.seen_at,
        battery_health_percent: said.health_percent,
        storage_bytes: said.storage_bytes,
        storage_free_bytes: said.storage_free_bytes,
    };
    Facts {
        battery_health_percent: said.health_percent,
        charge_percent: said.charge_percent,
        storage_free_percent: seen.storage_free_percent(),
        os_ended: policy.judge(&seen, day_in_japan(at), i64::MIN).contains(&HealthRule::OsEnded),
        silent_hours: said.seen_at.map(|seen| at.saturating_sub(seen).max(0) / HOUR_US),
        link: said.link,
        rssi_dbm: said.rssi_dbm,
        failing_layers: failing_layers.to_vec(),
        lifecycle: said.lifecycle,
    }
}

/// Layers whose check fails, of what an agent said in its run, the last first. Where it came to a network all is well again.
pub(super) fn failing_layers(checked: &[CheckedRow]) -> Vec<i16> {
    const JOINED: i16 = 3;
    const LEFT: i16 = 4;
    const FAILED: i16 = 3;
    let mut known = Vec::new();
    let mut failing = Vec::new();
    for row in checked {
        if matches!(row.kind, JOINED | LEFT) {
            break;
        }
        let Some(layer) = row.layer else { continue };
        if known.contains(&(layer, row.target)) {
            continue;
        }
        known.push((layer, row.target));
        if row.outcome == Some(FAILED) && !failing.contains(&layer) {
            failing.push(layer);
        }
    }
    failing.sort_unstable();
    failing
}

/// The longest time within which some rule counts other tickets, in microseconds; none where none does.
pub(super) fn window_us(rules: &CauseRules) -> Option<i64> {
    let minutes = rules.rules.iter().filter_map(|rule| rule.when.others).map(|others| others.minutes).max();
    minutes.map(|minutes| i64::from(minutes) * MINUTE_US)
}

/// Other tickets as they stand to one.
pub(super) fn others<'r>(mine: &NearRow, rows: impl Iterator<Item = &'r NearRow>) -> Vec<Other> {
    let room = fold(&mine.room);
    let other = |row: &NearRow| {
        let school = mine.school_id.is_some() && row.school_id == mine.school_id;
        let one = Other {
            apart_us: i64::try_from(row.created_at.abs_diff(mine.created_at)).unwrap_or(i64::MAX),
            category: row.category,
            school,
            room: school && !room.is_empty() && fold(&row.room) == room,
            model: mine.model.is_some() && row.model == mine.model,
        };
        (one.school || one.model).then_some(one)
    };
    rows.filter(|row| row.ticket_id != mine.ticket_id).filter_map(other).collect()
}

impl Tickets {
    /// What may be the cause of a ticket, the most specific first, for those who work on it. Reasons: RIGHT_MISSING, TICKET_NOT_FOUND.
    pub async fn causes(&self, staff: &Staff, owner: MunicipalityId, named: Named) -> Result<Vec<Suggested>> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let row = self.visible(&mut tx, staff, owner, named).await?;
        staff.area_over(Right::WorkTickets, owner, row.school_id.map(SchoolId))?;
        let area = staff.area_for(Right::ViewTickets, owner)?;
        let (rules, _) = rules_of(&mut tx, Some(owner)).await?;
        let evidence = self.evidence(&mut tx, staff, &area, &row, (&rules, now)).await?;
        let suggested = |one: Suggestion<'_>| Suggested { rule: one.rule.clone(), reasons: one.reasons };
        Ok(Reasoner::new(&rules).suggest(&evidence).into_iter().map(suggested).collect())
    }

    /// All that is known of a ticket.
    async fn evidence(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        area: &Area,
        row: &TicketRow,
        (rules, now): (&CauseRules, Timestamp),
    ) -> Result<Evidence> {
        let owner = area.municipality();
        let policy = super::health::own_policy(tx, owner).await?;
        let is_open = row.done_at.is_none();
        let device = row.device_id.map(|device| DeviceKey { municipality: owner, device: DeviceId(device) });
        let said = match device {
            Some(key) => snapshot::said(tx, key).await?,
            None => None,
        };
        let model = said.as_ref().and_then(|said| said.model.clone());
        let today = match (device, said) {
            (Some(key), Some(said)) if is_open => {
                let failing = failing_layers(&snapshot::checked(tx, key).await?);
                Some(facts(&said, &failing, &policy, now.0))
            }
            _ => None,
        };
        let has_spare = match row.school_id.filter(|_| is_open) {
            Some(school) => Some(rows::has_spare(tx, owner, school).await?),
            None => None,
        };
        let others = match window_us(rules) {
            Some(window) => {
                let at = (row.created_at, row.ticket_id);
                let from = row.created_at.saturating_sub(window);
                let until = row.created_at.saturating_add(window);
                let mut near = rows::before(tx, area, at, from, NEAR_MOST).await?;
                near.extend(rows::after(tx, area, at, until, NEAR_MOST).await?);
                let mine = NearRow {
                    ticket_id: row.ticket_id,
                    school_id: row.school_id,
                    room: row.room.clone(),
                    category: row.category,
                    created_at: row.created_at,
                    model,
                };
                others(&mine, near.iter())
            }
            None => Vec::new(),
        };
        let said = rows::said(tx, owner, &[row.ticket_id], CHARACTERS).await?;
        let text = said.iter().find(|said| said.kind == EventKind::Created.to_number());
        Ok(Evidence {
            category: row.category,
            folded: fold(&format!("{}\n{}", row.subject, text.map_or("", |said| said.body.as_str()))),
            then: Kept::of(row.snapshot.as_deref()).and_then(|kept| kept.facts(&policy, row.created_at)),
            now: today,
            incidents: self.broken(tx, staff, owner, row).await?,
            has_spare,
            others,
        })
    }

    /// Numbers of the elements that are broken around a ticket: that of its incident, and while it is open those that hurt its school.
    async fn broken(&self, tx: &mut Tx, staff: &Staff, owner: MunicipalityId, row: &TicketRow) -> Result<Vec<i16>> {
        let mut kinds = Vec::new();
        if let Some(incident) = row.incident_id {
            kinds.extend(rows::element_of(tx, incident).await?);
        }
        if let Some(school) = row.school_id.filter(|_| row.done_at.is_none()) {
            let open = self.network.open_incidents_of(tx, staff, owner, SchoolId(school)).await?;
            let hurts = open.iter().filter(|view| view.hurts());
            let number = |kind| i16::try_from(element_number(kind)).ok();
            kinds.extend(hurts.filter_map(|view| number(view.incident.verdict.element.kind)));
        }
        Ok(kinds)
    }

    /// By which rules causes are suggested at an owner, or in the installation, and whose they are. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND.
    pub async fn cause_rules(&self, staff: &Staff, owner: Option<MunicipalityId>) -> Result<(CauseRules, RulesOrigin)> {
        staff.areas(Right::ViewTickets, owner)?;
        let mut tx = self.db.read().await?;
        rules_of(&mut tx, owner).await
    }

    /// Says by which rules causes are suggested; none to say nothing any more. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID.
    pub async fn set_cause_rules(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        rules: Option<CauseRules>,
    ) -> Result<()> {
        require_cause_rules(staff, owner)?;
        let rules = rules.map(checked).transpose()?;
        let mut tx = self.db.begin().await?;
        match &rules {
            Some(rules) => {
                let text = serde_json::to_string(rules)
                    .map_err(|source| Error::internal("rules could not be written", source))?;
                rows::set_rules(&mut tx, owner, &text, self.clock.now()).await?;
            }
            None => rows::reset_rules(&mut tx, owner).await?,
        }
        let deed = Deed {
            municipality: owner,
            action: "ticket.cause_rules",
            subject_kind: "ticket_cause_rules",
            subject_id: owner.map_or_else(|| String::from("installation"), |owner| owner.to_string()),
            details: match &rules {
                Some(rules) => json!({ "source": rules.source, "rules": rules.rules.len() }),
                None => json!({ "reset": true }),
            },
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }
}

/// Refuses who may not say by which rules causes are suggested at an owner, or in the installation. Reasons: RIGHT_MISSING,
/// MUNICIPALITY_NOT_FOUND.
pub fn require_cause_rules(staff: &Staff, owner: Option<MunicipalityId>) -> Result<()> {
    match owner {
        Some(owner) => staff.area_over(Right::EditSchools, owner, None).map(drop),
        None => staff.require_everywhere(Right::EditSchools),
    }
}

/// Rules that are within their limits. Reason: FIELD_INVALID.
pub(super) fn checked(rules: CauseRules) -> Result<CauseRules> {
    rules.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))
}

/// The rules that hold at an owner: its own, else those of the installation, else the product's.
pub(super) async fn rules_of(tx: &mut Tx, owner: Option<MunicipalityId>) -> Result<(CauseRules, RulesOrigin)> {
    let read = |text: &str| {
        serde_json::from_str(text).map_err(|source| Error::internal("rules of causes can not be read", source))
    };
    if let Some(owner) = owner
        && let Some(own) = rows::rules(tx, Some(owner)).await?
    {
        return Ok((read(&own)?, RulesOrigin::Owner));
    }
    match rows::rules(tx, None).await? {
        Some(all) => Ok((read(&all)?, RulesOrigin::Installation)),
        None => Ok((CauseRules::default(), RulesOrigin::Product)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layer: i16, outcome: i16) -> CheckedRow {
        CheckedRow { kind: 11, layer: Some(layer), target: None, outcome: Some(outcome) }
    }

    #[test]
    fn the_last_check_of_a_layer_counts_since_the_device_came_to_its_network() {
        let joined = CheckedRow { kind: 3, layer: None, target: None, outcome: None };
        assert_eq!(failing_layers(&[check(4, 3), check(3, 1), check(3, 3), joined, check(2, 3)]), [4]);
        assert_eq!(failing_layers(&[joined, check(4, 3)]), Vec::<i16>::new());
        let other = CheckedRow { target: Some(7), ..check(6, 3) };
        assert_eq!(failing_layers(&[check(6, 2), other, check(5, 3)]), [5, 6], "each target by itself");
    }
}
