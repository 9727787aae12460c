//! SQL of causes: the rules of an owner or of the installation, and what is known around a ticket.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, area_sql, batch_sql, rows_json},
    devices::rules::fields::Lifecycle,
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::{EventKind, Origin},
};

/// The municipality under which the rules of the installation stand.
fn key(owner: Option<MunicipalityId>) -> Uuid {
    owner.map_or_else(Uuid::nil, |owner| owner.0)
}

/// Rules of an owner, or of the installation, as JSON; none where nobody said any.
pub(in crate::tickets) async fn rules(tx: &mut Tx, owner: Option<MunicipalityId>) -> Result<Option<String>> {
    let sql = "SELECT rules FROM ticket_cause_rules WHERE municipality_id = $1";
    let row: Option<(String,)> = tx.query(sql).bind(key(owner)).optional().await?;
    Ok(row.map(|(rules,)| rules))
}

/// Says the rules of an owner, or of the installation.
pub(in crate::tickets) async fn set_rules(
    tx: &mut Tx,
    owner: Option<MunicipalityId>,
    rules: &str,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_cause_rules (municipality_id, rules, recorded_at) VALUES ($1, $2, $3)
         ON CONFLICT (municipality_id) DO UPDATE SET rules = $2, recorded_at = $3",
    )
    .bind(key(owner))
    .bind(rules)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Forgets them.
pub(in crate::tickets) async fn reset_rules(tx: &mut Tx, owner: Option<MunicipalityId>) -> Result<()> {
    tx.query("DELETE FROM ticket_cause_rules WHERE municipality_id = $1").bind(key(owner)).execute().await?;
    Ok(())
}

/// Whether a school has a spare.
pub(in crate::tickets) async fn has_spare(tx: &mut Tx, owner: MunicipalityId, school: Uuid) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .query(
            "SELECT device_id FROM device
             WHERE municipality_id = $1 AND school_id = $2 AND lifecycle = $3 AND merged_into_device_id IS NULL LIMIT 1",
        )
        .bind(owner)
        .bind(school)
        .bind(Lifecycle::Spare.to_number())
        .optional()
        .await?;
    Ok(row.is_some())
}

/// Number of the kind of the broken element of an incident, for a ticket that belongs to it.
pub(in crate::tickets) async fn element_of(tx: &mut Tx, incident: Uuid) -> Result<Option<i16>> {
    let sql = "SELECT element_kind FROM incident WHERE incident_id = $1";
    let row: Option<(i16,)> = tx.query(sql).bind(incident).optional().await?;
    Ok(row.map(|(kind,)| kind))
}

/// A report of a person, as much of it as says whether several came at once.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct NearRow {
    pub ticket_id: Uuid,
    pub school_id: Option<Uuid>,
    pub room: String,
    pub category: i16,
    pub created_at: i64,
    pub model: Option<String>,
}

macro_rules! near_sql {
    ($behind:literal, $order:literal) => {
        area_sql!(
            concat!(
                "SELECT t.ticket_id, t.school_id, t.room, t.category, t.created_at, COALESCE(f.model, d.model) AS model
                 FROM ticket t
                 LEFT JOIN device d ON d.municipality_id = t.municipality_id AND d.device_id = t.device_id
                 LEFT JOIN device_facts f ON f.municipality_id = t.municipality_id AND f.device_id = t.device_id
                 WHERE t.municipality_id = $1 AND ",
                $behind,
                " AND t.origin NOT IN ($5, $6) AND "
            ),
            "t.school_id",
            "$7",
            $order
        )
    };
}

/// Reports of people at an area from a moment on, after one that is given, until another moment, the first first.
pub(in crate::tickets) async fn after(
    tx: &mut Tx,
    area: &Area,
    (from, behind): (i64, Uuid),
    until: i64,
    limit: i64,
) -> Result<Vec<NearRow>> {
    let (sqlite, postgres) = near_sql!(
        "(t.created_at, t.ticket_id) > ($2, $3) AND t.created_at <= $4",
        " ORDER BY t.created_at, t.ticket_id LIMIT $8"
    );
    near(tx, area, (sqlite, postgres), (from, behind, until), limit).await
}

/// The same before one that is given, back to another moment, the last first.
pub(in crate::tickets) async fn before(
    tx: &mut Tx,
    area: &Area,
    (until, before): (i64, Uuid),
    from: i64,
    limit: i64,
) -> Result<Vec<NearRow>> {
    let (sqlite, postgres) = near_sql!(
        "(t.created_at, t.ticket_id) < ($2, $3) AND t.created_at >= $4",
        " ORDER BY t.created_at DESC, t.ticket_id DESC LIMIT $8"
    );
    near(tx, area, (sqlite, postgres), (until, before, from), limit).await
}

async fn near(
    tx: &mut Tx,
    area: &Area,
    (sqlite, postgres): (&'static str, &'static str),
    (at, ticket, until): (i64, Uuid, i64),
    limit: i64,
) -> Result<Vec<NearRow>> {
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(at)
        .bind(ticket)
        .bind(until)
        .bind(i64::from(Origin::Incident.to_number()))
        .bind(i64::from(Origin::DeviceHealth.to_number()))
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// A ticket of the past, as much of it as rules ask for.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct PastRow {
    pub ticket_id: Uuid,
    pub number: i64,
    pub category: i16,
    pub state: i16,
    pub created_at: i64,
    pub subject: String,
    pub snapshot: Option<String>,
    /// Number of the broken element of the incident to which it belongs.
    pub element_kind: Option<i16>,
}

/// Reports of people at an area that came in before a moment, behind one, the first first; without those that went into another one.
pub(in crate::tickets) async fn past(
    tx: &mut Tx,
    area: &Area,
    behind: (i64, Uuid),
    before: i64,
    limit: i64,
) -> Result<Vec<PastRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT t.ticket_id, t.number, t.category, t.state, t.created_at, t.subject, t.snapshot, i.element_kind
         FROM ticket t LEFT JOIN incident i ON i.incident_id = t.incident_id
         WHERE t.municipality_id = $1 AND (t.created_at, t.ticket_id) > ($2, $3) AND t.created_at < $4
             AND t.merged_into IS NULL AND t.origin NOT IN ($5, $6) AND ",
        "t.school_id",
        "$7",
        " ORDER BY t.created_at, t.ticket_id LIMIT $8"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(behind.0)
        .bind(behind.1)
        .bind(before)
        .bind(i64::from(Origin::Incident.to_number()))
        .bind(i64::from(Origin::DeviceHealth.to_number()))
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// What was reported, or how it was judged.
#[derive(Debug, Clone, FromRow)]
pub(in crate::tickets) struct SaidRow {
    pub ticket_id: Uuid,
    pub kind: i16,
    /// As much of it as is compared.
    pub body: String,
    /// JSON.
    pub details: String,
}

/// A ticket, as a statement looks for it.
#[derive(serde::Serialize)]
struct Wanted {
    municipality_id: Uuid,
    ticket_id: Uuid,
    created: i64,
    triaged: i64,
    characters: i64,
}

/// What was reported in tickets and how they were judged, for each the first first.
pub(in crate::tickets) async fn said(
    tx: &mut Tx,
    owner: MunicipalityId,
    tickets: &[Uuid],
    characters: usize,
) -> Result<Vec<SaidRow>> {
    let wanted = |ticket: &Uuid| Wanted {
        municipality_id: owner.0,
        ticket_id: *ticket,
        created: EventKind::Created.to_number().into(),
        triaged: EventKind::Triaged.to_number().into(),
        characters: i64::try_from(characters).unwrap_or(i64::MAX),
    };
    let wanted: Vec<_> = tickets.iter().map(wanted).collect();
    let (sqlite, postgres) = batch_sql!(
        "SELECT e.ticket_id, e.kind, SUBSTR(e.body, 1, CAST(i.characters AS INTEGER)) AS body, e.details FROM",
        [municipality_id uuid, ticket_id uuid, created int, triaged int, characters int],
        "JOIN ticket_event e ON e.municipality_id = i.municipality_id AND e.ticket_id = i.ticket_id
         WHERE e.kind IN (i.created, i.triaged) ORDER BY e.ticket_id, e.number"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(rows_json(&wanted)?).all().await
}
