//! SQL of incidents and of what the engine knew.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{access::rules::Area, clock::Timestamp, db::Tx, error::Result, schools::rules::MunicipalityId};

/// What the engine knew, and up to when.
#[derive(Debug, Clone, FromRow)]
pub(in crate::network) struct EngineRow {
    pub known_until: i64,
    pub snapshot: Vec<u8>,
}

/// The newest snapshot of an engine.
pub(in crate::network) async fn find_snapshot(tx: &mut Tx, engine: &str) -> Result<Option<EngineRow>> {
    tx.query("SELECT known_until, snapshot FROM network_engine WHERE engine = $1").bind(engine).optional().await
}

/// Keeps a snapshot; false if another server has kept one since `was_until`.
pub(in crate::network) async fn save_snapshot(
    tx: &mut Tx,
    engine: &str,
    (was_until, known_until): (i64, i64),
    snapshot: Vec<u8>,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO network_engine (engine, known_until, snapshot, saved_at) VALUES ($1, $3, $4, $5)
             ON CONFLICT (engine) DO UPDATE SET known_until = excluded.known_until, snapshot = excluded.snapshot,
                 saved_at = excluded.saved_at
             WHERE network_engine.known_until = $2",
        )
        .bind(engine)
        .bind(was_until)
        .bind(known_until)
        .bind(snapshot)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// An incident as a whole.
#[derive(Debug, Clone)]
pub(in crate::network) struct NewIncident {
    pub incident_id: Uuid,
    pub element_kind: i64,
    pub element_id: String,
    pub state: i64,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    pub owner_count: i64,
    pub verdict: String,
}

/// Writes an incident as it is now.
pub(in crate::network) async fn upsert_incident(tx: &mut Tx, incident: &NewIncident, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO incident (incident_id, element_kind, element_id, state, opened_at, closed_at, owner_count, verdict,
             changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
         ON CONFLICT (incident_id) DO UPDATE SET element_kind = excluded.element_kind, element_id = excluded.element_id,
             state = excluded.state, opened_at = excluded.opened_at, closed_at = excluded.closed_at,
             owner_count = excluded.owner_count, verdict = excluded.verdict, changed_at = excluded.changed_at,
             version = incident.version + 1",
    )
    .bind(incident.incident_id)
    .bind(incident.element_kind)
    .bind(incident.element_id.as_str())
    .bind(incident.state)
    .bind(incident.opened_at)
    .bind(incident.closed_at)
    .bind(incident.owner_count)
    .bind(incident.verdict.as_str())
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// An incident as one owner may see it.
#[derive(Debug, Clone)]
pub(in crate::network) struct NewIncidentOwner {
    pub municipality: MunicipalityId,
    pub incident_id: Uuid,
    pub state: i64,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    pub schools: String,
    pub devices: i64,
    pub lesson_minutes: i64,
    pub verdict: String,
}

/// Writes what an owner may see of an incident.
pub(in crate::network) async fn upsert_incident_owner(tx: &mut Tx, row: &NewIncidentOwner) -> Result<()> {
    tx.query(
        "INSERT INTO incident_owner (municipality_id, incident_id, state, opened_at, closed_at, schools, devices,
             lesson_minutes, verdict)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (municipality_id, incident_id) DO UPDATE SET state = excluded.state, opened_at = excluded.opened_at,
             closed_at = excluded.closed_at, schools = excluded.schools, devices = excluded.devices,
             lesson_minutes = excluded.lesson_minutes, verdict = excluded.verdict",
    )
    .bind(row.municipality)
    .bind(row.incident_id)
    .bind(row.state)
    .bind(row.opened_at)
    .bind(row.closed_at)
    .bind(row.schools.as_str())
    .bind(row.devices)
    .bind(row.lesson_minutes)
    .bind(row.verdict.as_str())
    .execute()
    .await?;
    Ok(())
}

/// An incident of an owner as it is stored.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct IncidentOwnerRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The incident.
    pub incident_id: Uuid,
    /// Number of the state.
    pub state: i16,
    /// When it was opened; when it was suspected, before that.
    pub opened_at: i64,
    /// When its end was certain.
    pub closed_at: Option<i64>,
    /// JSON list of the owner's schools.
    pub schools: String,
    /// Devices of the owner that it affects.
    pub devices: i64,
    /// Minutes of lessons that they lost.
    pub lesson_minutes: i64,
    /// What the engine says of it, reduced to the owner.
    pub verdict: String,
}

/// Incidents of an owner that are not closed, newest first.
pub(in crate::network) async fn open_incidents(tx: &mut Tx, owner: MunicipalityId) -> Result<Vec<IncidentOwnerRow>> {
    tx.query(
        "SELECT municipality_id, incident_id, state, opened_at, closed_at, schools, devices, lesson_minutes, verdict
         FROM incident_owner WHERE municipality_id = $1 AND closed_at IS NULL
         ORDER BY opened_at DESC, incident_id LIMIT 2000",
    )
    .bind(owner)
    .all()
    .await
}

/// Incidents of an owner that were opened before a moment, newest first.
pub(in crate::network) async fn past_incidents(
    tx: &mut Tx,
    owner: MunicipalityId,
    before: (i64, Uuid),
    limit: i64,
) -> Result<Vec<IncidentOwnerRow>> {
    tx.query(
        "SELECT municipality_id, incident_id, state, opened_at, closed_at, schools, devices, lesson_minutes, verdict
         FROM incident_owner WHERE municipality_id = $1 AND (opened_at, incident_id) < ($2, $3)
         ORDER BY opened_at DESC, incident_id DESC LIMIT $4",
    )
    .bind(owner)
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .all()
    .await
}

/// An incident as each of some owners may see it.
pub(in crate::network) async fn incident_of(
    tx: &mut Tx,
    area: &Area,
    incident: Uuid,
) -> Result<Option<IncidentOwnerRow>> {
    tx.query(
        "SELECT municipality_id, incident_id, state, opened_at, closed_at, schools, devices, lesson_minutes, verdict
         FROM incident_owner WHERE municipality_id = $1 AND incident_id = $2",
    )
    .bind(area.municipality())
    .bind(incident)
    .optional()
    .await
}

/// Whether an owner has no such incident that is not closed.
pub(in crate::network) async fn is_over(tx: &mut Tx, owner: MunicipalityId, incident: Uuid) -> Result<bool> {
    let (open,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM incident_owner WHERE municipality_id = $1 AND incident_id = $2 AND closed_at IS NULL",
        )
        .bind(owner)
        .bind(incident)
        .one()
        .await?;
    Ok(open == 0)
}

/// Planned work as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PlannedWorkRow {
    /// The owner; nil for a hub that several owners share.
    pub municipality_id: Uuid,
    /// Its id.
    pub work_id: Uuid,
    /// Number of the kind of element.
    pub element_kind: i16,
    /// The element.
    pub element_id: String,
    /// Begin.
    pub begin_at: i64,
    /// End.
    pub end_at: i64,
    /// Why.
    pub reason: String,
    /// When it was announced.
    pub created_at: i64,
    /// When it was called off.
    pub cancelled_at: Option<i64>,
    /// Changes with every change.
    pub version: i64,
}

/// Work that was announced and ends after a moment, by begin.
pub(in crate::network) async fn planned_work(tx: &mut Tx, after: Timestamp) -> Result<Vec<PlannedWorkRow>> {
    tx.query(
        "SELECT municipality_id, work_id, element_kind, element_id, begin_at, end_at, reason, created_at, cancelled_at, version
         FROM planned_work WHERE end_at > $1 ORDER BY begin_at, work_id LIMIT 10000",
    )
    .bind(after.0)
    .all()
    .await
}

/// Announces work.
pub(in crate::network) async fn insert_planned_work(tx: &mut Tx, row: &PlannedWorkRow) -> Result<bool> {
    let rows = tx
        .query(
            "INSERT INTO planned_work (municipality_id, work_id, element_kind, element_id, begin_at, end_at, reason,
                 created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT (municipality_id, work_id) DO NOTHING",
        )
        .bind(row.municipality_id)
        .bind(row.work_id)
        .bind(i64::from(row.element_kind))
        .bind(row.element_id.as_str())
        .bind(row.begin_at)
        .bind(row.end_at)
        .bind(row.reason.as_str())
        .bind(row.created_at)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Calls work off; false if there is none of that version.
pub(in crate::network) async fn cancel_planned_work(
    tx: &mut Tx,
    (municipality, work): (Uuid, Uuid),
    version: i64,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE planned_work SET cancelled_at = $4, version = version + 1
             WHERE municipality_id = $1 AND work_id = $2 AND version = $3 AND cancelled_at IS NULL",
        )
        .bind(municipality)
        .bind(work)
        .bind(version)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Up to when everything was judged, as it is kept.
pub(in crate::network) async fn judged_until(tx: &mut Tx) -> Result<Option<i64>> {
    let found: Option<(i64,)> =
        tx.query("SELECT MAX(known_until) FROM network_engine HAVING COUNT(*) > 0").optional().await?;
    Ok(found.map(|(until,)| until))
}
