//! A dry run of a policy of device health: what it would make of tickets now. Nothing is changed.

use std::collections::HashSet;

use super::{
    Tickets,
    health::Found,
    store::health::{self as store, MadeRow},
};
use crate::{
    access::rules::{Right, Staff},
    error::{Error, Result},
    schools::rules::MunicipalityId,
    tickets::rules::health::{HealthPolicy, HealthRule},
};

/// Devices on which a policy is tried at once: five times those of the largest municipality.
const MOST_DEVICES: u64 = 200_000;
/// Names of devices that are told for each rule.
const EXAMPLES: usize = 5;

/// What a policy would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthTrialReport {
    /// Devices that were looked at.
    pub devices: u64,
    /// Each rule, in the order of their numbers.
    pub rules: Vec<TriedHealth>,
}

/// What a rule would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedHealth {
    /// The rule.
    pub rule: HealthRule,
    /// Devices that it finds.
    pub devices: u64,
    /// Tickets that it wants: one for each school with such a device.
    pub tickets: u64,
    /// Of these, those that there are not yet.
    pub new_tickets: u64,
    /// Tickets of the rule that would end.
    pub ended_tickets: u64,
    /// What people call some of the devices.
    pub examples: Vec<String>,
}

impl Tickets {
    /// Counts what a policy would make of the devices of an owner within the caller's reach, or what that which holds makes. Reasons:
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID, DEVICES_TOO_MANY.
    pub async fn try_health_policy(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        policy: Option<HealthPolicy>,
    ) -> Result<HealthTrialReport> {
        let area = staff.areas(Right::ViewTickets, Some(owner))?.remove(0);
        let policy = match policy {
            Some(policy) => policy.check().map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))?,
            None => self.own_health_policy(owner).await?,
        };
        let (found, devices) = self.sick_devices(&area, &policy, MOST_DEVICES).await?;
        let mut made = store::made(&mut self.db.read().await?, &area).await?;
        // One that somebody closed knowingly is there, as long as it finds something.
        made.retain(|made| made.cleared_at.is_none());
        Ok(HealthTrialReport {
            devices,
            rules: HealthRule::ALL.iter().map(|rule| tried(*rule, &found, &made)).collect(),
        })
    }
}

fn tried(rule: HealthRule, found: &Found, made: &[MadeRow]) -> TriedHealth {
    let of_rule: Vec<_> = found.iter().filter(|((_, of), _)| *of == rule).collect();
    let wanted: HashSet<_> = of_rule.iter().map(|((school, _), _)| school.0).collect();
    let made = made.iter().filter(|made| made.rule == rule.to_number()).map(|made| made.school_id);
    let (lasting, ended): (HashSet<_>, HashSet<_>) = made.partition(|school| wanted.contains(school));
    let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
    TriedHealth {
        rule,
        devices: of_rule.iter().map(|(_, devices)| count(devices.len())).sum(),
        tickets: count(wanted.len()),
        new_tickets: count(wanted.len() - lasting.len()),
        ended_tickets: count(ended.len()),
        examples: of_rule.iter().flat_map(|(_, devices)| devices.values()).take(EXAMPLES).cloned().collect(),
    }
}
