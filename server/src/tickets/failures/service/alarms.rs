//! The look at all models of all owners, and what becomes of it: for each owner that is concerned one ticket, which ends when it is over.
//!
//! Invariants: an owner's row and ticket hold its own figures and how many other owners are concerned; while an alarm lasts there is one
//! ticket of it, also when somebody closed it. Interrupted, a look goes on with what is stored; the next look is the retry.

use std::collections::{BTreeMap, BTreeSet};

use time::Duration;
use uuid::Uuid;

use crate::{
    access::rules::{
        Right, Staff,
        days::{day_in_japan, midnight_in_japan},
    },
    clock::Timestamp,
    error::{Result, says::tickets as say},
    schools::rules::MunicipalityId,
    tickets::{
        failures::{
            rules::{
                KINDS,
                alarm::{AlarmPolicy, Compared, Window},
                kind_at, model_key,
            },
            store::{self, AlarmRow, FailedRow},
        },
        rules::{CallerKind, Category, Impact, Origin, TicketId, Urgency},
        service::{Change, MOST_COUNTED, TicketOrder, Tickets, both, device_names},
    },
};

/// Days that are compared: the last ones, and those before them.
type Days = (u32, u32);

/// What is counted of one model at one owner.
#[derive(Debug, Default)]
struct OfModel {
    name: String,
    devices: u64,
    recent_s: u64,
    earlier_s: u64,
    /// By kind: devices that failed in the last days with what people call them, and those that failed before.
    kinds: [(BTreeMap<Uuid, String>, BTreeSet<Uuid>); KINDS.len()],
}

/// What is counted of all models at all owners.
type Tally = BTreeMap<String, BTreeMap<MunicipalityId, OfModel>>;

/// A look at all owners, one after another.
#[derive(Debug)]
pub struct FailureLook {
    now: Timestamp,
    policies: BTreeMap<MunicipalityId, AlarmPolicy>,
    tallies: BTreeMap<Days, Tally>,
}

impl FailureLook {
    /// Owners whose devices are counted: all.
    pub fn owners(&self) -> Vec<MunicipalityId> {
        self.policies.keys().copied().collect()
    }
}

impl Tickets {
    /// Begins a look at the failures of all models.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn begin_failure_look(&self) -> Result<FailureLook> {
        let mut policies = BTreeMap::new();
        for owner in self.owners_to_judge().await? {
            policies.insert(owner, self.own_health_policy(owner).await?.failure_alarm);
        }
        let days = policies.values().filter(|policy| policy.recent_days > 0);
        let tallies = days.map(|policy| ((policy.recent_days, policy.earlier_days), Tally::new())).collect();
        Ok(FailureLook { now: self.clock.now(), policies, tallies })
    }

    /// Counts one owner into a look. Reason: FIGURES_TOO_MANY.
    pub async fn count_into_failure_look(&self, look: &mut FailureLook, owner: MunicipalityId) -> Result<()> {
        let area = Staff::server(owner).area_for(Right::ViewFigures, owner)?;
        let now = look.now.0;
        for (&(recent, earlier), tally) in &mut look.tallies {
            // Whole days, so that looks of one day compare the same.
            let today = day_in_japan(now);
            let since = midnight_in_japan(today - Duration::days(recent.into())).0;
            let from = midnight_in_japan(today - Duration::days((recent + earlier).into())).0;
            let mut tx = self.db.read().await?;
            let last = store::in_use(&mut tx, &area, since, now).await?;
            let before = store::in_use(&mut tx, &area, from, since).await?;
            drop(tx);
            let mut add = |row: store::InUseRow, count: &dyn Fn(&mut OfModel, u64, u64)| {
                let key = model_key(row.model.as_deref());
                let Some(model) = row.model.filter(|_| !key.is_empty()) else { return };
                let own = tally.entry(key).or_default().entry(owner).or_default();
                if own.name.is_empty() {
                    own.name = model;
                }
                let number = |number: i64| u64::try_from(number).unwrap_or_default();
                count(own, number(row.devices), number(row.seconds));
            };
            for row in last {
                add(row, &|own, devices, seconds| {
                    own.devices += devices;
                    own.recent_s += seconds;
                });
            }
            for row in before {
                add(row, &|own, _, seconds| own.earlier_s += seconds);
            }
            let mut left = MOST_COUNTED;
            let each = |row: FailedRow| {
                let Some(kind) = kind_at(row.category) else { return };
                let Some(own) =
                    tally.get_mut(&model_key(row.model.as_deref())).and_then(|owners| owners.get_mut(&owner))
                else {
                    return;
                };
                if row.created_at < since {
                    own.kinds[kind].1.insert(row.device_id);
                } else {
                    own.kinds[kind].0.insert(row.device_id, name(row));
                }
            };
            self.each_failure(&area, (from, now), &mut left, each).await?;
        }
        Ok(())
    }

    /// Ends a look: raises what is to be raised, tells of what is new, ends what is over, and says how many tickets that changed.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn end_failure_look(&self, look: FailureLook) -> Result<usize> {
        let mut made: BTreeMap<MunicipalityId, Vec<AlarmRow>> = BTreeMap::new();
        for owner in look.owners() {
            let mut tx = self.db.read().await?;
            made.insert(owner, store::alarms(&mut tx, owner).await?);
        }
        // What lasts by one policy was perhaps never raised by another one.
        let mut lasting: BTreeMap<AlarmPolicy, BTreeSet<_>> = BTreeMap::new();
        for (owner, policy) in &look.policies {
            let rows = made.get(owner).into_iter().flatten().filter(|row| row.cleared_at.is_none());
            lasting.entry(*policy).or_default().extend(rows.map(key_of));
        }
        let mut raised: BTreeMap<AlarmPolicy, BTreeSet<(String, usize)>> = BTreeMap::new();
        let mut changed = 0;
        for (owner, policy) in &look.policies {
            let none = Tally::new();
            let tally = look.tallies.get(&(policy.recent_days, policy.earlier_days)).unwrap_or(&none);
            let raised = raised.entry(*policy).or_insert_with(|| judged(policy, tally, &lasting[policy]));
            let rows = made.remove(owner).unwrap_or_default();
            changed += self.carry_alarms(*owner, policy, tally, raised, rows).await?;
        }
        Ok(changed)
    }

    /// A whole look at once.
    ///
    /// # Errors
    /// None but of the database.
    pub async fn judge_failures(&self) -> Result<usize> {
        let mut look = self.begin_failure_look().await?;
        for owner in look.owners() {
            self.count_into_failure_look(&mut look, owner).await?;
        }
        self.end_failure_look(look).await
    }

    /// Brings one owner's alarms and tickets to what is raised.
    async fn carry_alarms(
        &self,
        owner: MunicipalityId,
        policy: &AlarmPolicy,
        tally: &Tally,
        raised: &BTreeSet<(String, usize)>,
        rows: Vec<AlarmRow>,
    ) -> Result<usize> {
        let staff = Staff::server(owner);
        let mut changed = 0;
        for (key, kind) in raised {
            let Some(owners) = tally.get(key) else { continue };
            let Some(own) = owners.get(&owner) else { continue };
            let row = rows.iter().find(|row| key_of(row) == (key.clone(), *kind) && row.cleared_at.is_none());
            if own.kinds[*kind].0.is_empty() && row.is_none() {
                continue;
            }
            let others = owners.iter().filter(|(other, of)| **other != owner && !of.kinds[*kind].0.is_empty()).count();
            let concern = Concern { key, kind: *kind, own, others, policy };
            changed += self.raise_or_add(&staff, owner, &concern, row).await?;
        }
        for row in rows.into_iter().filter(|row| row.cleared_at.is_none() && !raised.contains(&key_of(row))) {
            let place = (owner, TicketId(row.ticket_id));
            let over = Change::Recover(both(&say::failure_alarm_over()));
            changed += usize::from(self.by_itself(&staff, place, &over).await?);
            self.by_itself(&staff, place, &Change::Close).await?;
            let cleared_at = Some(self.clock.now().0);
            self.note_alarm(&AlarmRow { devices: String::from("[]"), cleared_at, ..row }).await?;
        }
        Ok(changed)
    }

    async fn note_alarm(&self, row: &AlarmRow) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::set_alarm(&mut tx, row).await?;
        tx.commit().await
    }

    async fn raise_or_add(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        concern: &Concern<'_>,
        lasting: Option<&AlarmRow>,
    ) -> Result<usize> {
        let failed = &concern.own.kinds[concern.kind].0;
        let now = concern.row(owner, self.clock.now());
        let Some(lasting) = lasting else {
            let (view, _) = self.create(staff, owner, concern.order()).await?;
            self.note_alarm(&AlarmRow { ticket_id: view.row.ticket_id, ..now }).await?;
            return Ok(1);
        };
        let row = AlarmRow { ticket_id: lasting.ticket_id, raised_at: lasting.raised_at, ..now };
        if row == *lasting {
            return Ok(0);
        }
        let known: BTreeSet<Uuid> = serde_json::from_str(&lasting.devices).unwrap_or_default();
        let more: BTreeMap<_, _> = failed.iter().filter(|(id, _)| !known.contains(*id)).collect();
        let mut changed = 0;
        if !more.is_empty() {
            let note = Change::Note(both(&say::health_more(more.len(), device_names(more.values().copied()))));
            changed = usize::from(self.by_itself(staff, (owner, TicketId(lasting.ticket_id)), &note).await?);
        }
        self.note_alarm(&row).await?;
        Ok(changed)
    }
}

/// What people call a device.
fn name(row: FailedRow) -> String {
    row.label.or(row.serial_number).unwrap_or_else(|| row.device_id.to_string())
}

/// The model and the place of the kind of a row.
fn key_of(row: &AlarmRow) -> (String, usize) {
    (row.model_key.clone(), kind_at(row.category).unwrap_or(usize::MAX))
}

/// Pairs of model and kind that are a case for somebody by a policy: new ones, and those that were and still are.
fn judged(policy: &AlarmPolicy, tally: &Tally, lasting: &BTreeSet<(String, usize)>) -> BTreeSet<(String, usize)> {
    let mut whole = [Window::default(); KINDS.len()];
    let mut models = Vec::new();
    for (key, owners) in tally {
        let mut kinds = [Compared::default(); KINDS.len()];
        for own in owners.values() {
            for (kind, compared) in kinds.iter_mut().enumerate() {
                let (recent, earlier) = (own.kinds[kind].0.len() as u64, own.kinds[kind].1.len() as u64);
                compared.devices += own.devices;
                compared.recent.add(Window { failures: recent, seconds: own.recent_s });
                compared.earlier.add(Window { failures: earlier, seconds: own.earlier_s });
            }
        }
        kinds.iter().zip(&mut whole).for_each(|(compared, whole)| whole.add(compared.recent));
        models.push((key, kinds));
    }
    let looked_at = models.iter().filter(|(_, kinds)| kinds[0].is_looked_at(policy)).count() * KINDS.len();
    let mut raised = BTreeSet::new();
    for (key, kinds) in models {
        for (kind, compared) in kinds.into_iter().enumerate() {
            let others = Window {
                failures: whole[kind].failures - compared.recent.failures,
                seconds: whole[kind].seconds - compared.recent.seconds,
            };
            let compared = Compared { others, ..compared };
            let pair = (key.clone(), kind);
            if compared.raises(policy, looked_at) || (lasting.contains(&pair) && compared.lasts(policy)) {
                raised.insert(pair);
            }
        }
    }
    raised
}

/// What concerns one owner.
struct Concern<'a> {
    key: &'a str,
    kind: usize,
    own: &'a OfModel,
    others: usize,
    policy: &'a AlarmPolicy,
}

impl Concern<'_> {
    fn category(&self) -> Category {
        KINDS[self.kind]
    }

    /// As it stands now, raised now and without a ticket.
    fn row(&self, owner: MunicipalityId, now: Timestamp) -> AlarmRow {
        let failed = &self.own.kinds[self.kind].0;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        AlarmRow {
            municipality_id: owner.0,
            model_key: self.key.to_owned(),
            category: self.category().to_number(),
            model: self.own.name.clone(),
            ticket_id: Uuid::nil(),
            devices: serde_json::to_string(&failed.keys().collect::<Vec<_>>()).unwrap_or_default(),
            failure_count: number(failed.len() as u64),
            in_use_count: number(self.own.devices),
            recent_days: self.policy.recent_days.into(),
            other_owner_count: number(self.others as u64),
            raised_at: now.0,
            cleared_at: None,
        }
    }

    /// What its ticket says.
    fn order(&self) -> TicketOrder {
        let failed = &self.own.kinds[self.kind].0;
        let kind = self.category().label();
        let subject = say::failure_alarm_subject(&self.own.name, &kind.ja);
        let subject = format!("{} / {}", subject.ja, say::failure_alarm_subject(&self.own.name, &kind.en).en);
        let days = self.policy.recent_days;
        let text = say::failure_alarm_text(
            &self.own.name,
            days,
            failed.len(),
            self.own.devices,
            device_names(failed.values()),
        );
        let text = match self.others {
            0 => text,
            others => text.then(&say::failure_alarm_others(others)),
        };
        TicketOrder {
            id: None,
            subject: subject.chars().take(crate::tickets::rules::fields::SUBJECT).collect(),
            text: both(&text),
            category: self.category(),
            impact: Impact::ManySchools,
            // A battery that may swell is a danger.
            urgency: if self.category() == Category::Battery { Urgency::ThisWeek } else { Urgency::SomeTime },
            school: None,
            device: None,
            room: String::new(),
            caller_kind: CallerKind::Device,
            caller_contact: String::new(),
            origin: Origin::DeviceHealth,
        }
    }
}
