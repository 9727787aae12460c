//! What came of a simulated day: whether anything was lost, how much there was, and what the judge said of it.
//!
//! Invariant: everything but `wall_seconds` is a function of the plan.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{day::Plan, scenario::Truth, store::CountedRow, tablet::Account, town::Town};
use crate::{
    devices::rules::DeviceId,
    network::{
        rules::{Cause, ElementKind, Incident, IncidentState},
        service::incidents::IncidentView,
    },
};

/// What came of a day.
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// Devices, of which some were away.
    pub devices: u32,
    /// Schools.
    pub schools: usize,
    /// Municipalities.
    pub municipalities: usize,
    /// When the day began and ended, in Japan.
    pub span: [OffsetDateTime; 2],
    /// How long that took in truth, in seconds.
    pub wall_seconds: f64,
    /// Whether everything arrived once.
    pub balance: Balance,
    /// Check-ins in each virtual second.
    pub load: Load,
    /// Bytes of check-ins, without what carries them.
    pub bytes: Bytes,
    /// Bytes of the database at the end, as its pages take them.
    pub database_bytes: u64,
    /// Bytes of the pages of roll-ups and their indexes.
    pub rollup_bytes: u64,
    /// What was injected and had to be found, with its begin and end.
    pub injected: Option<Injected>,
    /// Incidents that were opened, the oldest first.
    pub incidents: Vec<FoundIncident>,
}

/// Counts that must agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// Check-ins that devices sent.
    pub sent: u64,
    /// Of these, those that reached the server.
    pub arrived: u64,
    /// Of these, those whose device was told that they are stored.
    pub acknowledged: u64,
    /// Check-ins that the server counted.
    pub stored: u64,
    /// Transitions that devices recorded.
    pub transitions_recorded: u64,
    /// Of these, those that still wait on devices.
    pub transitions_waiting: u64,
    /// Transitions that are stored.
    pub transitions_stored: u64,
    /// What was acknowledged and is not stored, and transitions that are neither stored nor waiting.
    pub lost: u64,
    /// What was counted more often than it arrived.
    pub counted_twice: u64,
}

/// How many check-ins came in each second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    seconds: u64,
    checkins: u64,
    /// The most of any second.
    pub most: u64,
}

/// Bytes of protobuf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Of reports that arrived.
    pub requests: u64,
    /// Of their answers.
    pub answers: u64,
}

/// What was injected.
#[derive(Debug, Clone)]
pub struct Injected {
    /// The element.
    pub kind: ElementKind,
    /// What people call it.
    pub name: String,
    /// The ministry's place.
    pub mext_place: u8,
    /// When it began and ended.
    pub period: [OffsetDateTime; 2],
}

/// An incident that was opened.
#[derive(Debug, Clone)]
pub struct FoundIncident {
    /// The element.
    pub kind: ElementKind,
    /// What people call it.
    pub name: String,
    /// Why.
    pub cause: Cause,
    /// The ministry's place.
    pub mext_place: u8,
    /// Schools that it concerns.
    pub schools: Vec<String>,
    /// Where it is in its life at the end of the day.
    pub state: IncidentState,
    /// When it was opened and closed.
    pub opened: OffsetDateTime,
    /// When its end was certain.
    pub closed: Option<OffsetDateTime>,
    /// Seconds from the true begin of what was injected to its opening.
    pub opened_after_s: Option<i64>,
    /// The same from the true end to its closing.
    pub closed_after_s: Option<i64>,
    /// It is what was injected.
    pub is_injected: bool,
}

impl Balance {
    /// Whether everything arrived once.
    pub fn is_whole(&self) -> bool {
        self.lost == 0 && self.counted_twice == 0
    }
}

impl Load {
    /// A second with so many check-ins is over.
    pub(super) fn second(&mut self, checkins: usize) {
        self.seconds += 1;
        self.checkins += checkins as u64;
        self.most = self.most.max(checkins as u64);
    }

    /// Check-ins a second, in the mean.
    pub fn mean(&self) -> f64 {
        self.checkins as f64 / self.seconds.max(1) as f64
    }

    /// How many times the mean the most of any second is; 0 where there was none.
    pub fn ratio(&self) -> f64 {
        if self.checkins == 0 { 0.0 } else { self.most as f64 / self.mean() }
    }
}

/// Holds what devices did against what the server counted. Each device comes with its account, how many of its reports
/// reached the server, and how many of its transitions still wait.
pub(super) fn account(
    devices: impl Iterator<Item = (DeviceId, Account, u64, u64)>,
    counted: &[CountedRow],
    transitions_stored: i64,
    uncounted: u64,
) -> Balance {
    let counted: HashMap<_, _> = counted.iter().map(|row| (row.device_id, row)).collect();
    let number = |count: i64| u64::try_from(count).unwrap_or_default();
    // What the network listener had no room for is lost to the roll-ups.
    let mut balance = Balance { transitions_stored: number(transitions_stored), lost: uncounted, ..Balance::default() };
    for (device, did, arrived, waiting) in devices {
        let row = counted.get(&device.0);
        let stored = row.map_or(0, |row| number(row.report_count));
        let transitions = row.map_or(0, |row| number(row.transition_count));
        balance.sent += did.sent;
        balance.arrived += arrived;
        balance.acknowledged += did.acknowledged;
        balance.stored += stored;
        balance.transitions_recorded += did.recorded;
        balance.transitions_waiting += waiting;
        balance.lost += did.acknowledged.saturating_sub(stored);
        balance.lost += did.recorded.saturating_sub(did.dropped + waiting + transitions);
        balance.counted_twice += stored.saturating_sub(arrived) + transitions.saturating_sub(did.recorded);
    }
    balance
}

impl Report {
    pub(super) fn of(
        plan: &Plan,
        town: &Town,
        [begin_s, end_s]: [u32; 2],
        balance: Balance,
        (load, bytes, [database_bytes, rollup_bytes]): (Load, Bytes, [u64; 2]),
        incidents: &[IncidentView],
        at: impl Fn(u32) -> OffsetDateTime,
    ) -> Self {
        let truth = plan.scenario.truth(town);
        let period = plan.scenario.period_s().map(|period| period.map(&at));
        let injected = truth.as_ref().zip(period).map(|(truth, period)| Injected {
            kind: truth.kind,
            name: element_name(town, truth.kind, &truth.element_id),
            mext_place: truth.mext_place,
            period,
        });
        let incidents = incidents.iter().map(|view| found(town, &view.incident, truth.as_ref(), period)).collect();
        Self {
            scenario: plan.scenario.name,
            seed: plan.seed,
            devices: plan.devices,
            schools: town.schools.len(),
            municipalities: town.owners.len(),
            span: [at(begin_s), at(end_s)],
            wall_seconds: 0.0,
            balance,
            load,
            bytes,
            database_bytes,
            rollup_bytes,
            injected,
            incidents,
        }
    }

    /// Bytes of reports and of answers, of one device and day.
    pub fn device_bytes(&self) -> [u64; 2] {
        [self.bytes.requests, self.bytes.answers].map(|bytes| bytes / u64::from(self.devices.max(1)))
    }

    /// Bytes of roll-ups, of one school and day.
    pub fn school_rollup_bytes(&self) -> u64 {
        self.rollup_bytes / self.schools.max(1) as u64
    }

    /// Whether what was injected was found; none where nothing was to be found.
    pub fn is_found(&self) -> Option<bool> {
        self.injected.as_ref().map(|_| self.incidents.iter().any(|incident| incident.is_injected))
    }

    /// Incidents that are not what was injected.
    pub fn wrong_incidents(&self) -> usize {
        self.incidents.iter().filter(|incident| !incident.is_injected).count()
    }
}

fn found(
    town: &Town,
    incident: &Incident,
    truth: Option<&Truth>,
    period: Option<[OffsetDateTime; 2]>,
) -> FoundIncident {
    let verdict = &incident.verdict;
    let (opened, closed) = (incident.opened_at.unwrap_or(incident.suspected_at), incident.closed_at);
    let (opened, closed) = (in_japan(opened.0), closed.map(|at| in_japan(at.0)));
    let is_truth = |truth: &Truth| truth.kind == verdict.element.kind && truth.element_id == verdict.element.id;
    // Nothing that was opened before it began is it.
    let is_injected = truth.is_some_and(is_truth) && period.is_some_and(|[begin, _]| opened >= begin);
    let school = |id: &String| {
        let known = town.schools.iter().find(|school| school.id.to_string() == **id);
        known.map_or_else(|| id.clone(), |school| school.name.clone())
    };
    FoundIncident {
        kind: verdict.element.kind,
        name: element_name(town, verdict.element.kind, &verdict.element.id),
        cause: verdict.cause,
        mext_place: verdict.mext_place.into(),
        schools: incident.owners.iter().flat_map(|share| share.schools.iter().map(school)).collect(),
        state: incident.state,
        opened,
        closed,
        opened_after_s: period.map(|[begin, _]| (opened - begin).whole_seconds()),
        closed_after_s: period.zip(closed).map(|([_, end], closed)| (closed - end).whole_seconds()),
        is_injected,
    }
}

/// A time in Japan of microseconds since the Unix epoch.
pub(super) fn in_japan(micros: i64) -> OffsetDateTime {
    let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
    utc.unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(time::macros::offset!(+9))
}

/// What people call an element; ids differ from run to run, names do not.
fn element_name(town: &Town, kind: ElementKind, id: &str) -> String {
    let school = |id: &str| town.schools.iter().position(|school| school.id.to_string() == id);
    let owner = |id: &str| town.owners.iter().find(|owner| owner.id.to_string() == id);
    match kind {
        ElementKind::SchoolLine | ElementKind::SchoolLan => {
            school(id).map_or_else(|| id.to_owned(), |number| town.schools[number].name.clone())
        }
        ElementKind::AccessPoint => {
            let (of, point) = id.split_once('/').unwrap_or((id, ""));
            let Some(number) = school(of) else { return id.to_owned() };
            let classes = 0..town.schools[number].classes.len();
            let class = classes.into_iter().find(|class| town.access_point_text(number, *class) == point);
            let point = class.map_or_else(|| point.to_owned(), |class| format!("AP {}", class + 1));
            format!("{} {point}", town.schools[number].name)
        }
        ElementKind::Device => {
            let (of, _) = id.split_once('/').unwrap_or((id, ""));
            school(of)
                .map_or_else(|| String::from("a device"), |number| format!("{} a device", town.schools[number].name))
        }
        ElementKind::Filter | ElementKind::Dns => owner(id).map_or_else(|| id.to_owned(), |owner| owner.name.clone()),
        ElementKind::Hub => {
            let of = town.owners.iter().find(|owner| owner.hub.is_some_and(|hub| hub.to_string() == id));
            of.map_or_else(|| id.to_owned(), |owner| owner.name.clone())
        }
        ElementKind::Isp | ElementKind::IdentityProvider | ElementKind::Service => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn balance(did: Account, arrived: u64, waiting: u64, stored: [i64; 2]) -> Balance {
        let device_id = Uuid::from_u128(1);
        let row = CountedRow { device_id, report_count: stored[0], transition_count: stored[1] };
        account([(DeviceId(device_id), did, arrived, waiting)].into_iter(), &[row], stored[1], 0)
    }

    #[test]
    fn what_is_acknowledged_must_be_stored_and_what_arrived_counts_once() {
        let did = Account { sent: 12, acknowledged: 9, recorded: 5, dropped: 0 };
        assert!(balance(did, 10, 2, [10, 3]).is_whole(), "an answer may be lost on its way");
        assert_eq!(balance(did, 10, 2, [8, 3]).lost, 1);
        assert_eq!(balance(did, 10, 2, [11, 3]).counted_twice, 1);
        assert_eq!(balance(did, 10, 1, [10, 3]).lost, 1, "a transition is neither stored nor waiting");
        assert_eq!(balance(did, 10, 0, [10, 6]).counted_twice, 1);
    }

    #[test]
    fn load_tells_mean_most_and_ratio() {
        let mut load = Load::default();
        for checkins in [0, 4, 1, 3] {
            load.second(checkins);
        }
        assert_eq!((load.mean(), load.most, load.ratio()), (2.0, 4, 2.0));
        assert_eq!(Load::default().ratio(), 0.0);
    }
}
