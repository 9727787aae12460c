//! What the health of devices makes of tickets by itself: one for each school and rule, which names its devices, and which ends when none
//! is so any more. A ticket for each device would be a hundred thousand on the day after an operating system's end.
//!
//! Invariants: while a rule finds devices at a school there is one ticket of it, also when somebody closed it: it is not made again before
//! none was found. Interrupted, it goes on with what is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;
use time::{Date, Duration};
use uuid::Uuid;

use super::{
    Change, TicketOrder, Tickets,
    incidents::both,
    store::health::{self as store, MadeRow, SeenRow},
    terms::Terms,
};
use crate::{
    access::{
        rules::{
            Area, Right, Staff,
            days::{day_in_japan, midnight_in_japan},
        },
        service::audit::Deed,
    },
    db::Tx,
    error::{Error, Kind, Result, says::tickets as say},
    schools::rules::{MunicipalityId, SchoolId},
    tickets::rules::{
        CallerKind, Impact, Origin, TicketId,
        health::{HealthPolicy, HealthRule, Seen},
    },
};

/// Devices that are read at once.
const PAGE: i64 = 2_000;
/// Devices that a ticket names.
const NAMED: usize = 50;
/// Days back in which so many school days must lie.
const DAYS_BACK: i64 = 400;

/// Devices of a school that a rule finds: id, and what people call them.
pub(super) type Found = BTreeMap<(SchoolId, HealthRule), BTreeMap<Uuid, String>>;

impl Tickets {
    /// By what rules an owner wants tickets; ours where it said nothing. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn health_policy(&self, staff: &Staff, owner: MunicipalityId) -> Result<HealthPolicy> {
        staff.areas(Right::ViewTickets, Some(owner))?;
        self.own_health_policy(owner).await
    }

    /// The same for the server itself.
    pub(in crate::tickets) async fn own_health_policy(&self, owner: MunicipalityId) -> Result<HealthPolicy> {
        own_policy(&mut self.db.read().await?, owner).await
    }

    /// Says by what rules an owner wants tickets, from the next look on. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID.
    pub async fn set_health_policy(&self, staff: &Staff, owner: MunicipalityId, policy: HealthPolicy) -> Result<()> {
        staff.area_over(Right::EditSchools, owner, None)?;
        let policy = policy.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))?;
        let text = serde_json::to_string(&policy)
            .map_err(|source| Error::internal("a policy could not be written", source))?;
        let mut tx = self.db.begin().await?;
        store::set_policy(&mut tx, owner, &text, self.clock.now()).await?;
        let deed = Deed {
            municipality: Some(owner),
            action: "ticket.health_policy",
            subject_kind: "device_health_policy",
            subject_id: owner.to_string(),
            details: json!({ "source": policy.source }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// Owners whose devices are looked at: all.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn owners_to_judge(&self) -> Result<Vec<MunicipalityId>> {
        self.network.owners().await
    }

    /// Looks at all devices of an owner that are in use, and says how many tickets that changed.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn judge_health(&self, owner: MunicipalityId) -> Result<usize> {
        let staff = Staff::server(owner);
        let policy = self.own_health_policy(owner).await?;
        let area = staff.area_for(Right::ViewTickets, owner)?;
        let (found, _) = self.sick_devices(&area, &policy, u64::MAX).await?;
        let mut tx = self.db.read().await?;
        let made: HashMap<_, _> =
            store::made(&mut tx, &area).await?.into_iter().map(|row| ((row.school_id, row.rule), row)).collect();
        drop(tx);
        let mut changed = 0;
        for ((school, rule), devices) in &found {
            let made = made.get(&(school.0, rule.to_number()));
            changed += self.make_or_add(&staff, (owner, *school), *rule, devices, made).await?;
        }
        for made in made.into_values().filter(|made| made.cleared_at.is_none()) {
            let rule = HealthRule::from_number(made.rule);
            if rule.is_some_and(|rule| found.contains_key(&(SchoolId(made.school_id), rule))) {
                continue;
            }
            let place = (owner, TicketId(made.ticket_id));
            let over = Change::Recover(both(&say::health_cleared()));
            changed += usize::from(self.by_itself(&staff, place, &over).await?);
            self.by_itself(&staff, place, &Change::Close).await?;
            let cleared_at = Some(self.clock.now().0);
            self.note_made(owner, &MadeRow { devices: String::from("[]"), cleared_at, ..made }).await?;
        }
        Ok(changed)
    }

    async fn note_made(&self, owner: MunicipalityId, made: &MadeRow) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::set_made(&mut tx, owner, made).await?;
        tx.commit().await
    }

    /// Devices of an area with which something is wrong by a policy, by school and rule; and how many were looked at. Reason:
    /// DEVICES_TOO_MANY.
    pub(super) async fn sick_devices(&self, area: &Area, policy: &HealthPolicy, most: u64) -> Result<(Found, u64)> {
        let owner = area.municipality();
        let now = self.clock.now();
        let today = day_in_japan(now.0);
        let back = midnight_in_japan(today - Duration::days(DAYS_BACK));
        let mut tx = self.db.read().await?;
        let terms = Terms::of_owners(&mut tx, &BTreeSet::from([owner]), [back, now]).await?;
        drop(tx);
        let mut silent_since: HashMap<Uuid, i64> = HashMap::new();
        let (mut found, mut behind, mut looked_at) = (Found::new(), Uuid::nil(), 0);
        loop {
            let mut tx = self.db.read().await?;
            let rows = store::devices(&mut tx, area, behind, PAGE).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok((found, looked_at)) };
            behind = last.device_id;
            looked_at += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            require_few(looked_at, most)?;
            for row in &rows {
                let school = SchoolId(row.school_id);
                let since = *silent_since
                    .entry(row.school_id)
                    .or_insert_with(|| school_days_ago(&terms, owner, school, today, policy.not_seen_school_days));
                for rule in policy.judge(&seen(row), today, since) {
                    found.entry((school, rule)).or_default().insert(row.device_id, name(row));
                }
            }
            tokio::task::yield_now().await;
        }
    }

    async fn make_or_add(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        rule: HealthRule,
        devices: &BTreeMap<Uuid, String>,
        made: Option<&MadeRow>,
    ) -> Result<usize> {
        let ids = || serde_json::to_string(&devices.keys().collect::<Vec<_>>()).unwrap_or_default();
        let lasting = made.filter(|made| made.cleared_at.is_none());
        let Some(lasting) = lasting else {
            let order = order(school, rule, devices);
            let (view, _) = self.create_of(staff, owner, order, None).await?;
            let (school_id, rule, ticket_id) = (school.0, rule.to_number(), view.row.ticket_id);
            self.note_made(owner, &MadeRow { school_id, rule, ticket_id, devices: ids(), cleared_at: None }).await?;
            return Ok(1);
        };
        let known: BTreeSet<Uuid> = serde_json::from_str(&lasting.devices).unwrap_or_default();
        let more: BTreeMap<_, _> = devices.iter().filter(|(id, _)| !known.contains(*id)).collect();
        if more.is_empty() && known.len() == devices.len() {
            return Ok(0);
        }
        let mut changed = 0;
        if !more.is_empty() {
            let note = Change::Note(both(&say::health_more(more.len(), names(more.values().copied()))));
            changed = usize::from(self.by_itself(staff, (owner, TicketId(lasting.ticket_id)), &note).await?);
        }
        self.note_made(owner, &MadeRow { devices: ids(), ..lasting.clone() }).await?;
        Ok(changed)
    }
}

/// By what rules an owner wants tickets; ours where it said nothing.
pub(super) async fn own_policy(tx: &mut Tx, owner: MunicipalityId) -> Result<HealthPolicy> {
    let Some(policy) = store::policy(tx, owner).await? else { return Ok(HealthPolicy::default()) };
    serde_json::from_str(&policy).map_err(|source| Error::internal("a policy can not be read", source))
}

/// Refuses to look at more devices than there may be. Reason: DEVICES_TOO_MANY.
fn require_few(devices: u64, most: u64) -> Result<()> {
    if devices <= most {
        return Ok(());
    }
    Err(Error::new(Kind::Exhausted, "DEVICES_TOO_MANY", say::health_too_many(most)))
}

/// The moment before which a device that was not heard since was not heard for so many school days: the beginning of the school day
/// that is so many back. Without so many in sight nothing is that long ago.
fn school_days_ago(terms: &Terms, owner: MunicipalityId, school: SchoolId, today: Date, days: u32) -> i64 {
    let back = (1..=DAYS_BACK).map(|back| today - Duration::days(back));
    let mut school_days = back.filter(|day| terms.is_school_day(owner, Some(school), *day));
    let nth = usize::try_from(days).ok().and_then(|days| days.checked_sub(1));
    nth.and_then(|nth| school_days.nth(nth)).map_or(i64::MIN, |day| midnight_in_japan(day).0)
}

fn seen(row: &SeenRow) -> Seen<'_> {
    Seen {
        model: row.model.as_deref(),
        os_kind: row.os_kind.into(),
        os_version: row.os_version.as_deref(),
        seen_at: row.seen_at,
        battery_health_percent: row.health_percent,
        storage_bytes: row.storage_bytes,
        storage_free_bytes: row.storage_free_bytes,
    }
}

/// What people call a device.
fn name(row: &SeenRow) -> String {
    row.label.clone().or_else(|| row.serial_number.clone()).unwrap_or_else(|| row.device_id.to_string())
}

/// The first of many names of devices.
pub(in crate::tickets) fn names<'a>(all: impl Iterator<Item = &'a String>) -> String {
    let mut all: Vec<&str> = all.map(String::as_str).collect();
    all.sort_unstable();
    let named = all[..all.len().min(NAMED)].join(", ");
    if all.len() > NAMED { format!("{named}, …") } else { named }
}

/// What a ticket of devices says.
fn order(school: SchoolId, rule: HealthRule, devices: &BTreeMap<Uuid, String>) -> TicketOrder {
    let label = rule.label();
    TicketOrder {
        id: None,
        subject: format!("{} / {}", label.ja, label.en),
        text: both(&say::health_text(devices.len(), names(devices.values()))),
        category: rule.category(),
        impact: Impact::OnePupil,
        urgency: rule.urgency(),
        school: Some(school),
        device: None,
        room: String::new(),
        caller_kind: CallerKind::Device,
        caller_contact: String::new(),
        origin: Origin::DeviceHealth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_devices_are_looked_at_than_may_be() {
        assert!(require_few(200_000, 200_000).is_ok());
        assert_eq!(require_few(200_001, 200_000).unwrap_err().reason, "DEVICES_TOO_MANY");
    }
}
