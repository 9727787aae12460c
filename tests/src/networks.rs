//! Incidents and measurements as a server would have stored them after hours of reports.

use gigafleet::network::{
    rules::{
        Alternative, Cause, ChangeKind, Doubt, Element, ElementKind, Evidence, Group, Incident, IncidentState, Moment,
        OwnerShare, StartBound, TimelineEntry, Verdict, Witness, rollup::Cells,
    },
    service::judge::element_number,
};
use gigafleet_proto::v1::{CheckError, CheckOutcome, NetworkCheck, NetworkLayer};
use uuid::Uuid;

use crate::{Engine, ServerProcess, fleet::wall_ms};

/// Devices of each school of an invented incident.
const DEVICES: u32 = 312;

/// An incident that opened eleven minutes ago, at schools of these owners.
pub fn incident(element: Element, cause: Cause, owners: &[(&str, Vec<String>)]) -> Incident {
    let now = Moment(i64::try_from(wall_ms()).expect("a time") * 1_000);
    let at = now.plus_seconds(-660);
    let share = |(owner, schools): &(&str, Vec<String>)| OwnerShare {
        owner: (*owner).to_owned(),
        devices: DEVICES * u32::try_from(schools.len()).expect("a small number"),
        lesson_device_minutes: 3_432.0,
        schools: schools.clone(),
    };
    let owners: Vec<_> = owners.iter().map(share).collect();
    let schools = u32::try_from(owners.iter().map(|share| share.schools.len()).sum::<usize>()).expect("a small number");
    let of = DEVICES * schools;
    let lan = owners.first().and_then(|share| share.schools.first()).cloned().unwrap_or_default();
    let alternative = |explanation: String, log_odds| Alternative { explanation, log_odds };
    let evidence = Evidence {
        witness: Witness::SilenceAndProbe,
        affected: Group { schools, failing: of - 4, of },
        control: Group { schools: 24, failing: 31, of: 7_204 },
        log_odds: 9.4,
        alternatives: vec![alternative(format!("school_lan/{lan}"), 3.1), alternative(String::from("benign"), -6.0)],
        would_change: Doubt::ProviderHeard,
        late_reports: [0, 0],
    };
    let entry = |seconds, change| TimelineEntry { at: at.plus_seconds(seconds), change };
    Incident {
        id: Uuid::now_v7(),
        state: IncidentState::Open,
        verdict: Verdict { mext_place: cause.place(element.kind), element, cause, confidence: 0.97 },
        first_verdict: None,
        suspected_at: at.plus_seconds(20),
        opened_at: Some(at.plus_seconds(30)),
        started: StartBound { at, earliest: at.plus_seconds(-5), latest: at.plus_seconds(10) },
        recovered_at: None,
        closed_at: None,
        merged_into: None,
        flaps: 0,
        silenced_by: None,
        devices: owners.iter().map(|share| share.devices).sum(),
        lesson_device_minutes: owners.iter().map(|share| share.lesson_device_minutes).sum(),
        owners,
        evidence,
        timeline: vec![
            entry(20, ChangeKind::Suspected),
            entry(30, ChangeKind::Opened),
            entry(80, ChangeKind::Extended),
        ],
    }
}

/// A value of a column of bytes or of an id.
fn bytes(server: &ServerProcess, hex: &str) -> String {
    match server.engine() {
        Engine::Sqlite => format!("X'{hex}'"),
        Engine::Postgres => format!("'\\x{hex}'"),
    }
}

fn id(server: &ServerProcess, id: &str) -> String {
    match server.engine() {
        Engine::Sqlite => bytes(server, &id.replace('-', "")),
        Engine::Postgres => format!("'{id}'"),
    }
}

/// Stores an incident, for each of its owners too.
pub async fn write_incident(server: &ServerProcess, incident: &Incident) {
    let (stored, element) = (id(server, &incident.id.to_string()), &incident.verdict.element);
    let state = match incident.state {
        IncidentState::Suspected => 1,
        IncidentState::Open => 2,
        IncidentState::Recovering => 3,
        IncidentState::Closed => 4,
    };
    let opened_at = incident.opened_at.unwrap_or(incident.suspected_at).0;
    let closed_at = incident.closed_at.map_or(String::from("NULL"), |at| at.0.to_string());
    let (kind, owners) = (element_number(element.kind), incident.owners.len());
    let verdict = serde_json::to_string(incident).expect("JSON");
    server
        .change(&format!(
            "INSERT INTO incident (incident_id, element_kind, element_id, state, opened_at, closed_at, owner_count,
                 verdict, changed_at, version)
             VALUES ({stored}, {kind}, '{}', {state}, {opened_at}, {closed_at}, {owners}, '{verdict}', {opened_at}, 1)",
            element.id,
        ))
        .await;
    for share in &incident.owners {
        let view = incident.for_owner(&share.owner).expect("it concerns the owner");
        let view = serde_json::to_string(&view).expect("JSON");
        let schools = serde_json::to_string(&share.schools).expect("JSON");
        let owner = id(server, &share.owner);
        server
            .change(&format!(
                "INSERT INTO incident_owner (municipality_id, incident_id, state, opened_at, closed_at, schools, devices,
                     lesson_minutes, verdict)
                 VALUES ({owner}, {stored}, {state}, {opened_at}, {closed_at}, '{schools}', {}, {}, '{view}')",
                share.devices, share.lesson_device_minutes as i64,
            ))
            .await;
    }
}

/// What a school measured in the last twenty-four hours: a line that is full in the first lesson, and answers that did not
/// come.
pub async fn write_measured_day(server: &ServerProcess, owner: &str, school: &str) {
    const WIDTH_US: i64 = 300_000_000;
    let now = i64::try_from(wall_ms()).expect("a time") * 1_000;
    let last = now.div_euclid(WIDTH_US);
    let mut rows = Vec::new();
    for step in 0..288 {
        let busy = (60..80).contains(&step);
        let mut cells = Cells::default();
        for device in 0..20_u32 {
            let check = |layer: NetworkLayer, latency_ms: u32| NetworkCheck {
                layer: layer.into(),
                outcome: if latency_ms > 150 { CheckOutcome::Slow } else { CheckOutcome::Ok }.into(),
                latency_us: latency_ms * 1_000,
                ..NetworkCheck::default()
            };
            let spread = device % 7;
            let far = if busy { 180 + 60 * spread } else { 18 + 3 * spread };
            let mut checks = vec![check(NetworkLayer::Gateway, 3 + spread), check(NetworkLayer::Dns, 9 + 2 * spread)];
            checks.push(match busy && device < 3 {
                true => NetworkCheck {
                    outcome: CheckOutcome::Failed.into(),
                    error: CheckError::Timeout.into(),
                    ..check(NetworkLayer::Server, 0)
                },
                false => check(NetworkLayer::Server, far),
            });
            cells.add(Some([2, 0, 0, 0, 0, u8::try_from(device % 2).expect("a bit")]), &checks);
        }
        let hex: String = cells.pack().iter().map(|byte| format!("{byte:02x}")).collect();
        let (begin, none) = ((last - 288 + step) * WIDTH_US, id(server, &Uuid::nil().to_string()));
        let (owner, school) = (id(server, owner), id(server, school));
        rows.push(format!("({owner}, {school}, 300, {begin}, {none}, {})", bytes(server, &hex)));
    }
    server
        .change(&format!(
            "INSERT INTO network_rollup (municipality_id, school_id, width_s, bucket_at, server_id, cells) VALUES {}",
            rows.join(",")
        ))
        .await;
}

/// The line of a school.
pub fn line_of(school: &str) -> Element {
    Element::new(ElementKind::SchoolLine, school)
}
