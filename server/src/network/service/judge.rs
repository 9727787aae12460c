//! Hands what servers heard to the engine, ten seconds after ten seconds, and writes down the incidents that it finds.
//!
//! Invariants:
//! - One server judges at a time; which one is leased. What the engine knows is kept, so that another server goes on from
//!   there: the same stored events give the same incidents with the same ids, so one incident stays one.
//! - Nothing is judged before every server that is alive has handed over what it heard: a slow server delays a verdict,
//!   it never makes one.
//! - A snapshot and the incidents that belong to it are written together, and only on top of the snapshot that was read.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use gigafleet_agent::identity::to_hex;
use gigafleet_proto::v1::{CheckError, CheckOutcome, NetworkLayer};
use time::Date;
use uuid::Uuid;

use super::{
    super::{
        rules::{
            Change, Element, ElementKind, Engine, ErrorKind, Event, Incident, IncidentState, Moment, Observed, Outcome,
            Place, Policy, Target,
            place::{Networks, Place as DevicePlace, Seen},
        },
        store::{
            feed::{self, FeedRow},
            heard::{self, CheckedRow, HeardRow},
            incidents::{self, NewIncident, NewIncidentOwner},
            places,
        },
    },
    intake::{Failing, PRESENCE_US, ReadHeard, networks_of, read_heard},
    topology,
};
use crate::{
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    error::{Error, Kind, Result, says::server as say},
    schools::rules::{MunicipalityId, SchoolId, fiscal::day_in_japan},
};

/// The one engine: fault domains reach over owners.
const ENGINE: &str = "main";
/// A server whose feed is older than this is gone, in microseconds.
const GONE_US: i64 = 60_000_000;
/// How far back a first engine begins, in microseconds.
const BEGIN_US: i64 = 10 * 60_000_000;
/// Most that is judged in one step, in microseconds, so that an engine that lies behind catches up bit by bit.
const STEP_US: i64 = 10 * 60_000_000;
/// How often what the engine knows is kept while nothing changes, in microseconds.
const SNAPSHOT_US: i64 = 60_000_000;
/// How often schools, lines and calendars are read anew, in microseconds.
const TOPOLOGY_US: i64 = 60_000_000;
/// How long what was heard is kept, in microseconds: longer than any snapshot is old.
const HEARD_KEPT_US: i64 = 60 * 60_000_000;

/// Judges.
#[derive(Debug)]
pub struct Judge {
    db: Db,
    clock: Clock,
    pace_s: u32,
    policy: Policy,
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    engine: Engine,
    /// Everything before this was judged; a multiple of ten seconds.
    judged_until: i64,
    /// The same when the snapshot was kept.
    kept_until: i64,
    topology_at: Timestamp,
    /// By what schools' networks are known, as far as it was needed since the topology was read.
    networks: HashMap<Uuid, Networks>,
    /// The day that the topology was read for.
    day: Date,
    /// Gaps, announced work that the engine was told of.
    told: BTreeSet<String>,
}

impl Judge {
    /// Judges what is in this database. `pace_s` is the pace that devices are told, in seconds.
    pub fn new(db: Db, clock: Clock, pace_s: u32) -> Self {
        Self { db, clock, pace_s, policy: Policy::default(), state: None }
    }

    /// Goes by other thresholds than the engine's own. All servers of one database should have the same.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Forgets what is in memory: another server has gone on.
    pub fn let_go(&mut self) {
        self.state = None;
    }

    /// Judges what was handed over since the last step. Gives how many incidents changed.
    pub async fn step(&mut self) -> Result<usize> {
        let outcome = self.try_step().await;
        if outcome.is_err() {
            // What is in memory may be ahead of what is stored.
            self.let_go();
        }
        outcome
    }

    async fn try_step(&mut self) -> Result<usize> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let feeds = feed::feeds(&mut tx).await?;
        let (alive, gone): (Vec<FeedRow>, Vec<FeedRow>) =
            feeds.into_iter().partition(|feed| now.0 - feed.heard_until < GONE_US);
        let Some(until) = alive.iter().map(|feed| feed.heard_until).min() else { return Ok(0) };
        let until = until.div_euclid(PRESENCE_US) * PRESENCE_US;
        if self.state.is_none() {
            self.state = Some(self.restored(&mut tx, until, now).await?);
        }
        let state = self.state.as_mut().expect("it was just set");
        // Nobody listened before the first of them; the devices of one that is gone take a pace to find another.
        state.deaf(state.judged_until, alive.iter().map(|feed| feed.started_at).min().unwrap_or_default());
        for feed in gone {
            state.deaf(feed.heard_until, feed.heard_until + GONE_US);
        }
        if now.0 - state.topology_at.0 >= TOPOLOGY_US || day_in_japan(now.0) != state.day {
            state.day = day_in_japan(now.0);
            state.engine.set_topology(topology::read(&mut tx, state.day, self.pace_s).await?);
            state.topology_at = now;
            state.networks.clear();
        }
        let until = until.min(state.judged_until + STEP_US);
        if until <= state.judged_until {
            return Ok(0);
        }
        let changes = state.judge(&mut tx, until).await?;
        drop(tx);
        self.write(changes).await
    }

    async fn restored(&self, tx: &mut Tx, until: i64, now: Timestamp) -> Result<State> {
        let day = day_in_japan(now.0);
        let topology = topology::read(tx, day, self.pace_s).await?;
        let (engine, judged_until, kept_until) = match incidents::find_snapshot(tx, ENGINE).await? {
            Some(row) => match serde_json::from_slice::<Engine>(&row.snapshot) {
                Ok(mut engine) => {
                    engine.set_policy(self.policy.clone());
                    engine.set_topology(topology);
                    // Older than what is kept of what was heard: what lies between can not be told any more.
                    (engine, row.known_until.max(until - HEARD_KEPT_US), row.known_until)
                }
                Err(error) => {
                    tracing::warn!(%error, "what the engine knew is of another version; it begins anew");
                    (Engine::new(topology, self.policy.clone()), until - BEGIN_US, row.known_until)
                }
            },
            None => (Engine::new(topology, self.policy.clone()), until - BEGIN_US, 0),
        };
        Ok(State {
            engine,
            judged_until,
            kept_until,
            topology_at: now,
            day,
            networks: HashMap::new(),
            told: BTreeSet::new(),
        })
    }

    async fn write(&mut self, changes: Vec<Change>) -> Result<usize> {
        let state = self.state.as_mut().expect("something was judged");
        if changes.is_empty() && state.judged_until - state.kept_until < SNAPSHOT_US {
            return Ok(0);
        }
        let now = self.clock.now();
        let snapshot = serde_json::to_vec(&state.engine)
            .map_err(|source| Error::internal("what the engine knows could not be written", source))?;
        let mut tx = self.db.begin().await?;
        let kept = (state.kept_until, state.judged_until);
        if !incidents::save_snapshot(&mut tx, ENGINE, kept, snapshot, now).await? {
            return Err(Error::new(Kind::Conflict, "JUDGED_ELSEWHERE", say::judged_elsewhere()));
        }
        for change in &changes {
            write_incident(&mut tx, &change.incident, now).await?;
        }
        heard::forget_heard(&mut tx, Timestamp(state.judged_until - HEARD_KEPT_US)).await?;
        feed::forget_feeds(&mut tx, None, Timestamp(now.0 - 10 * GONE_US)).await?;
        feed::forget_gaps(&mut tx, Timestamp(now.0 - HEARD_KEPT_US)).await?;
        tx.commit().await?;
        state.kept_until = state.judged_until;
        Ok(changes.len())
    }
}

impl State {
    async fn judge(&mut self, tx: &mut Tx, until: i64) -> Result<Vec<Change>> {
        self.tell_beside(tx).await?;
        let first = self.judged_until;
        let heard = heard::heard_between(tx, first - 1, until - 1).await?;
        let checked = heard::checked_between(tx, first, until).await?;
        for row in &checked {
            if let Entry::Vacant(unknown) = self.networks.entry(row.municipality_id) {
                let rows = places::owner_networks(tx, MunicipalityId(row.municipality_id)).await?;
                unknown.insert(networks_of(rows));
            }
        }
        let (mut heard, mut checked) = (heard.into_iter().peekable(), checked.into_iter().peekable());
        let mut changes = Vec::new();
        while self.judged_until < until {
            let end = self.judged_until + PRESENCE_US;
            while let Some(row) = checked.next_if(|row| row.received_at < end) {
                let event = checked_event(&row, self.networks.get(&row.municipality_id));
                self.apply(row.received_at, event);
            }
            while let Some(row) = heard.next_if(|row| row.bucket_at < end) {
                for observed in heard_events(&row)? {
                    self.apply(end, Some(observed));
                }
            }
            self.apply(end, Some(Observed::Feed { server: String::from("all"), until: Moment(end) }));
            changes.extend(self.engine.tick(Moment(end)));
            self.judged_until = end;
        }
        Ok(changes)
    }

    /// Tells the engine, once, that silence from one moment to another proves nothing.
    fn deaf(&mut self, begin: i64, end: i64) {
        if begin < end && self.told.insert(format!("gap {begin} {end}")) {
            self.apply(self.judged_until, Some(Observed::ServerGap { from: Moment(begin), to: Moment(end) }));
        }
    }

    fn apply(&mut self, known: i64, what: Option<Observed>) {
        if let Some(what) = what {
            self.engine.apply(&Event { known: Moment(known), what });
        }
    }

    /// Tells the engine of gaps and of announced work.
    async fn tell_beside(&mut self, tx: &mut Tx) -> Result<()> {
        let known = self.judged_until;
        for (begin, end) in feed::gaps(tx, Timestamp(known - HEARD_KEPT_US)).await? {
            self.deaf(begin, end);
        }
        for work in incidents::planned_work(tx, Timestamp(known)).await? {
            let Some(kind) = element_kind(work.element_kind) else { continue };
            if work.cancelled_at.is_none() && self.told.insert(format!("work {}", work.work_id)) {
                let element = Element::new(kind, work.element_id);
                let (from, to) = (Moment(work.begin_at), Moment(work.end_at));
                self.apply(known, Some(Observed::PlannedWork { id: work.work_id.to_string(), element, from, to }));
            }
        }
        Ok(())
    }
}

/// All kinds of elements; their numbers, from 1, are stored.
pub const ELEMENTS: [ElementKind; 10] = [
    ElementKind::Device,
    ElementKind::AccessPoint,
    ElementKind::SchoolLan,
    ElementKind::SchoolLine,
    ElementKind::Hub,
    ElementKind::Isp,
    ElementKind::Filter,
    ElementKind::Dns,
    ElementKind::IdentityProvider,
    ElementKind::Service,
];

/// The kind of element that is stored under a number.
pub fn element_kind(number: i16) -> Option<ElementKind> {
    ELEMENTS.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// The number under which a kind of element is stored.
pub fn element_number(kind: ElementKind) -> i64 {
    let at = ELEMENTS.iter().position(|known| *known == kind).expect("all kinds are listed");
    i64::try_from(at).expect("a small number") + 1
}

fn state_number(state: IncidentState) -> i64 {
    match state {
        IncidentState::Suspected => 1,
        IncidentState::Open => 2,
        IncidentState::Recovering => 3,
        IncidentState::Closed => 4,
    }
}

async fn write_incident(tx: &mut Tx, incident: &Incident, now: Timestamp) -> Result<()> {
    let json =
        |text: serde_json::Result<String>| text.map_err(|source| Error::internal("an incident is no JSON", source));
    let state = state_number(incident.state);
    let opened_at = incident.opened_at.unwrap_or(incident.suspected_at).0;
    let closed_at = incident.closed_at.map(|at| at.0);
    let row = NewIncident {
        incident_id: incident.id,
        element_kind: element_number(incident.verdict.element.kind),
        element_id: incident.verdict.element.id.clone(),
        state,
        opened_at,
        closed_at,
        owner_count: i64::try_from(incident.owners.len()).unwrap_or(i64::MAX),
        verdict: json(serde_json::to_string(incident))?,
    };
    incidents::upsert_incident(tx, &row, now).await?;
    for share in &incident.owners {
        let (Ok(owner), Some(view)) = (Uuid::try_parse(&share.owner), incident.for_owner(&share.owner)) else {
            continue;
        };
        let row = NewIncidentOwner {
            municipality: MunicipalityId(owner),
            incident_id: incident.id,
            state,
            opened_at,
            closed_at,
            schools: json(serde_json::to_string(&share.schools))?,
            devices: i64::from(share.devices),
            lesson_minutes: share.lesson_device_minutes as i64,
            verdict: json(serde_json::to_string(&view))?,
        };
        incidents::upsert_incident_owner(tx, &row).await?;
    }
    Ok(())
}

/// What a row of ten seconds tells.
fn heard_events(row: &HeardRow) -> Result<Vec<Observed>> {
    let ReadHeard { access_points, probes, failing } = read_heard(row)?;
    let (school, from) = (row.school_id.to_string(), Moment(row.bucket_at));
    let mut events: Vec<_> = access_points
        .into_iter()
        .map(|(access_point, heard)| Observed::Presence {
            from,
            seconds: 10,
            school: school.clone(),
            access_point: (!access_point.is_empty()).then_some(access_point),
            heard,
            heard_awake: None,
        })
        .collect();
    events.extend(probes.into_iter().map(|probe| Observed::ProbeHeartbeat { probe, at: Some(from) }));
    let still = |failing: Failing| {
        Some(Observed::Transition {
            at: Some(from),
            device: failing.device.to_string(),
            school: Some(school.clone()),
            place: Place::School,
            access_point: (!failing.access_point.is_empty()).then_some(failing.access_point),
            target: target(failing.layer, failing.target.into())?,
            outcome: outcome(failing.outcome)?,
            error: error(failing.error),
        })
    };
    events.extend(failing.into_iter().filter_map(still));
    Ok(events)
}

fn checked_event(row: &CheckedRow, networks: Option<&Networks>) -> Option<Observed> {
    let point = row.bssid.as_deref().or(row.joined_bssid.as_deref()).map(to_hex);
    let seen = Seen::stored(row.ssid.clone(), row.bssid.as_deref(), row.gateway_hash.as_deref());
    let own = SchoolId(row.school_id?);
    let (school, place) = match networks.map_or(DevicePlace::Unknown, |networks| networks.place(own, &seen)) {
        DevicePlace::School => (own, Place::School),
        DevicePlace::OtherSchool(school) => (school, Place::OtherSchool),
        DevicePlace::Elsewhere => (own, Place::Home),
        DevicePlace::Unknown => (own, Place::Unknown),
    };
    Some(Observed::Transition {
        at: Some(Moment(row.occurred_at)),
        device: row.device_id.to_string(),
        school: Some(school.to_string()),
        place,
        access_point: point,
        target: target(row.layer.into(), row.target)?,
        outcome: outcome(row.outcome.into())?,
        error: error(row.error.into()),
    })
}

fn target(layer: i32, number: i64) -> Option<Target> {
    Some(match NetworkLayer::try_from(layer).ok()? {
        NetworkLayer::Unspecified => return None,
        NetworkLayer::Link => Target::Link,
        NetworkLayer::Address => Target::Address,
        NetworkLayer::Gateway => Target::Gateway,
        NetworkLayer::Dns => Target::Dns,
        NetworkLayer::Server => Target::Server,
        NetworkLayer::Service => Target::Service(number.to_string()),
        NetworkLayer::Hub => Target::HubHop,
        NetworkLayer::Isp => Target::IspHop,
        NetworkLayer::Ports => Target::Ports,
    })
}

fn outcome(number: i32) -> Option<Outcome> {
    match CheckOutcome::try_from(number).ok()? {
        CheckOutcome::Unspecified => None,
        CheckOutcome::Ok => Some(Outcome::Ok),
        CheckOutcome::Slow => Some(Outcome::Slow),
        CheckOutcome::Failed => Some(Outcome::Failed),
    }
}

fn error(number: i32) -> Option<ErrorKind> {
    Some(match CheckError::try_from(number).ok()? {
        CheckError::Unspecified => return None,
        CheckError::Timeout => ErrorKind::Timeout,
        CheckError::Refused => ErrorKind::Refused,
        CheckError::Unreachable | CheckError::NoAddress | CheckError::NoLink => ErrorKind::NoAnswer,
        CheckError::Reset => ErrorKind::Reset,
        CheckError::Blocked => ErrorKind::Blocked,
        CheckError::BadTls => ErrorKind::BadCertificate,
        CheckError::NameUnknown => ErrorKind::Nx,
        CheckError::ResolverFailed => ErrorKind::Unavailable,
        CheckError::TooFewPorts => ErrorKind::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_element_has_a_number_of_its_own() {
        for kind in ELEMENTS {
            assert_eq!(element_kind(i16::try_from(element_number(kind)).unwrap()), Some(kind));
        }
        assert_eq!(element_kind(0), None);
    }

    #[test]
    fn every_layer_and_error_of_the_contract_is_known_to_the_engine() {
        for layer in 1..=9 {
            assert!(target(layer, 1).is_some(), "{layer}");
        }
        for number in 1..=11 {
            assert!(error(number).is_some(), "{number}");
        }
        assert_eq!((target(0, 1), outcome(0), error(0)), (None, None, None));
    }
}
