//! SQL of records that may be one device: candidates, reviews, decisions.

use gigafleet_proto::v1;
use sqlx::FromRow;
use uuid::Uuid;

use super::claims::keys_json;
use crate::{
    access::rules::Area,
    clock::Timestamp,
    db::{Tx, area_sql, batch_sql},
    devices::rules::{
        DeviceId, DeviceKey,
        identity::{Candidate, Evidence},
    },
    error::Result,
    schools::rules::MunicipalityId,
};

/// Most records that one is compared with.
const CANDIDATES: i64 = 20;

#[derive(FromRow)]
struct CandidateRow {
    device_id: Uuid,
    instance_id: Option<Uuid>,
    serial_number: Option<String>,
    board_uuid: Option<String>,
    label: Option<String>,
}

/// Records of the owner that share a serial number, a board or a label with this evidence, neither folded nor revoked.
pub async fn find_candidates(
    tx: &mut Tx,
    key: DeviceKey,
    own: &Evidence,
    board: Option<&str>,
) -> Result<Vec<Candidate>> {
    // One look for each index; a record that is found twice is one.
    let rows = tx
        .query(
            "SELECT d.device_id, d.instance_id, d.serial_number, f.board_uuid, d.label
             FROM device d LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
             WHERE d.municipality_id = $1 AND d.serial_key = CAST($3 AS TEXT) AND d.device_id <> $2
                 AND d.merged_into_device_id IS NULL AND d.revoked_at IS NULL
             UNION
             SELECT d.device_id, d.instance_id, d.serial_number, f.board_uuid, d.label
             FROM device d LEFT JOIN device_facts f ON f.municipality_id = d.municipality_id AND f.device_id = d.device_id
             WHERE d.municipality_id = $1 AND d.label_key = CAST($4 AS TEXT) AND d.device_id <> $2
                 AND d.merged_into_device_id IS NULL AND d.revoked_at IS NULL
             UNION
             SELECT d.device_id, d.instance_id, d.serial_number, f.board_uuid, d.label
             FROM device_facts f JOIN device d ON d.municipality_id = f.municipality_id AND d.device_id = f.device_id
             WHERE f.municipality_id = $1 AND f.board_uuid = CAST($5 AS TEXT) AND d.device_id <> $2
                 AND d.merged_into_device_id IS NULL AND d.revoked_at IS NULL
             ORDER BY 1 LIMIT $6",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(own.serial.clone())
        .bind(own.label.clone())
        .bind(board.filter(|_| own.board.is_some()).map(str::to_owned))
        .bind(CANDIDATES)
        .all::<CandidateRow>()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            device: DeviceId(row.device_id),
            enrolled: row.instance_id.is_some(),
            evidence: Evidence::new(row.serial_number.as_deref(), row.board_uuid.as_deref(), row.label.as_deref()),
        })
        .collect())
}

/// Serial number and board that the agents of these devices said last, as they said them.
pub async fn read_hardware(tx: &mut Tx, keys: &[DeviceKey]) -> Result<Vec<(Uuid, Option<String>, Option<String>)>> {
    let (sqlite, postgres) = batch_sql!(
        "SELECT f.device_id, f.serial_number, f.board_uuid FROM",
        [municipality_id uuid, device_id uuid],
        "JOIN device_facts f ON f.municipality_id = i.municipality_id AND f.device_id = i.device_id"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(keys_json(keys)?).all().await
}

/// What a merge must know of a record and undo must restore.
#[derive(Debug, Clone, FromRow)]
pub struct RecordRow {
    /// The installation of its agent; none where no agent enrolled.
    pub instance_id: Option<Uuid>,
    /// The record it is folded into.
    pub merged_into_device_id: Option<Uuid>,
    /// When its access was ended.
    pub revoked_at: Option<i64>,
    /// Why.
    pub revoke_reason: Option<String>,
    /// Its school.
    pub school_id: Option<Uuid>,
    /// Its version.
    pub version: i64,
}

/// A record, folded or not.
pub async fn find_record(tx: &mut Tx, key: DeviceKey) -> Result<Option<RecordRow>> {
    tx.query(
        "SELECT instance_id, merged_into_device_id, revoked_at, revoke_reason, school_id, version FROM device
         WHERE municipality_id = $1 AND device_id = $2",
    )
    .bind(key.municipality)
    .bind(key.device)
    .optional()
    .await
}

/// Where a record stands after a merge or its undo.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The record it is folded into.
    pub merged_into: Option<Uuid>,
    /// When its access was ended.
    pub revoked_at: Option<i64>,
    /// Why.
    pub revoke_reason: Option<String>,
}

/// Folds a record into another one, or takes it out again, if it still has the version. Gives whether a row changed.
pub async fn update_standing(tx: &mut Tx, key: DeviceKey, version: i64, standing: Standing) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE device SET merged_into_device_id = $4, revoked_at = $5, revoke_reason = $6, version = version + 1
             WHERE municipality_id = $1 AND device_id = $2 AND version = $3",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(version)
        .bind(standing.merged_into)
        .bind(standing.revoked_at)
        .bind(standing.revoke_reason)
        .execute()
        .await?;
    // The hot path looks at the device itself only where its cursor asks for attention.
    super::ask_attention(tx, key).await?;
    Ok(rows == 1)
}

/// A review as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReviewRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// Number of the reason.
    pub reason: i16,
    /// The record it was compared with.
    pub other_device_id: Option<Uuid>,
    /// What was seen.
    pub evidence: String,
    /// When it was first seen.
    pub opened_at: i64,
    /// When it was last seen.
    pub repeated_at: i64,
}

/// Open reviews of an area after a device and a reason, in the order of both.
pub async fn list_reviews(tx: &mut Tx, area: &Area, after: (Uuid, i64), limit: i64) -> Result<Vec<ReviewRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT r.municipality_id, r.device_id, r.reason, r.other_device_id, r.evidence, r.opened_at, r.repeated_at
         FROM identity_review r JOIN device d ON d.municipality_id = r.municipality_id AND d.device_id = r.device_id
         WHERE r.municipality_id = $1 AND (r.device_id, r.reason) > ($2, $3) AND r.closed_at IS NULL
             AND d.merged_into_device_id IS NULL AND",
        "d.school_id",
        "$4",
        "ORDER BY r.device_id, r.reason LIMIT $5"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(after.0)
        .bind(after.1)
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// All reviews of a device, open ones and others.
pub async fn reviews_of(tx: &mut Tx, key: DeviceKey) -> Result<Vec<ReviewRow>> {
    tx.query(
        "SELECT municipality_id, device_id, reason, other_device_id, evidence, opened_at, repeated_at
         FROM identity_review WHERE municipality_id = $1 AND device_id = $2 ORDER BY reason",
    )
    .bind(key.municipality)
    .bind(key.device)
    .all()
    .await
}

/// Open reviews that a decision on two records answers: those of the one about the other, and those of the folded one.
pub async fn open_reviews_between(tx: &mut Tx, one: DeviceKey, other: DeviceId) -> Result<Vec<(Uuid, i16)>> {
    tx.query(
        "SELECT device_id, reason FROM identity_review
         WHERE municipality_id = $1 AND closed_at IS NULL
             AND ((device_id = $2 AND other_device_id = $3) OR (device_id = $3 AND other_device_id = $2))
         ORDER BY device_id, reason",
    )
    .bind(one.municipality)
    .bind(one.device)
    .bind(other)
    .all()
    .await
}

/// Closes a review, or opens it again.
pub async fn close_review(tx: &mut Tx, key: DeviceKey, reason: i64, closed_at: Option<Timestamp>) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE identity_review SET closed_at = $4 WHERE municipality_id = $1 AND device_id = $2 AND reason = $3",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(reason)
        .bind(closed_at.map(|at| at.0))
        .execute()
        .await?;
    Ok(rows == 1)
}

/// The record that an open review compares a device with, in `Some` if there is such a review.
pub async fn find_open_review(tx: &mut Tx, key: DeviceKey, reason: v1::ReviewReason) -> Result<Option<Option<Uuid>>> {
    let row = tx
        .query(
            "SELECT other_device_id FROM identity_review
             WHERE municipality_id = $1 AND device_id = $2 AND reason = $3 AND closed_at IS NULL",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(i64::from(i32::from(reason)))
        .optional::<(Option<Uuid>,)>()
        .await?;
    Ok(row.map(|(other,)| other))
}

/// A decision as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DecisionRow {
    /// Its id.
    pub decision_id: Uuid,
    /// The device that goes on.
    pub device_id: Uuid,
    /// The other record.
    pub other_device_id: Option<Uuid>,
    /// Number of the kind.
    pub kind: i16,
    /// What undo needs, JSON.
    pub before: String,
    /// When.
    pub decided_at: i64,
    /// Who.
    pub decided_by: String,
    /// When it was taken back.
    pub undone_at: Option<i64>,
}

/// Notes a decision.
pub async fn insert_decision(tx: &mut Tx, owner: MunicipalityId, decision: &DecisionRow) -> Result<()> {
    tx.query(
        "INSERT INTO identity_decision (municipality_id, decision_id, device_id, other_device_id, kind, before, decided_at, decided_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(owner)
    .bind(decision.decision_id)
    .bind(decision.device_id)
    .bind(decision.other_device_id)
    .bind(i64::from(decision.kind))
    .bind(decision.before.as_str())
    .bind(decision.decided_at)
    .bind(decision.decided_by.as_str())
    .execute()
    .await?;
    Ok(())
}

/// A decision on a device.
pub async fn find_decision(tx: &mut Tx, key: DeviceKey, decision: Uuid) -> Result<Option<DecisionRow>> {
    tx.query(
        "SELECT decision_id, device_id, other_device_id, kind, before, decided_at, decided_by, undone_at
         FROM identity_decision WHERE municipality_id = $1 AND decision_id = $2 AND device_id = $3",
    )
    .bind(key.municipality)
    .bind(decision)
    .bind(key.device)
    .optional()
    .await
}

/// Decisions on a device, newest first; at most 100.
pub async fn decisions_of(tx: &mut Tx, key: DeviceKey) -> Result<Vec<DecisionRow>> {
    tx.query(
        "SELECT decision_id, device_id, other_device_id, kind, before, decided_at, decided_by, undone_at
         FROM identity_decision WHERE municipality_id = $1 AND device_id = $2
         ORDER BY decided_at DESC, decision_id DESC LIMIT 100",
    )
    .bind(key.municipality)
    .bind(key.device)
    .all()
    .await
}

/// A decision of a person with what its two records are called.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DecidedRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// The decision.
    #[sqlx(flatten)]
    pub decision: DecisionRow,
    /// Label of the device that goes on.
    pub label: Option<String>,
    /// Its serial number.
    pub serial_number: Option<String>,
    /// Label of the other record.
    pub other_label: Option<String>,
    /// Its serial number.
    pub other_serial_number: Option<String>,
}

/// Decisions of people in an area before one, newest first. Those that the server made by itself are left out.
pub async fn list_decided(tx: &mut Tx, area: &Area, before: Uuid, limit: i64) -> Result<Vec<DecidedRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT c.municipality_id, c.decision_id, c.device_id, c.other_device_id, c.kind, c.before, c.decided_at,
             c.decided_by, c.undone_at, d.label, d.serial_number, o.label AS other_label,
             o.serial_number AS other_serial_number
         FROM identity_decision c
         JOIN device d ON d.municipality_id = c.municipality_id AND d.device_id = c.device_id
         LEFT JOIN device o ON o.municipality_id = c.municipality_id AND o.device_id = c.other_device_id
         WHERE c.municipality_id = $1 AND c.decision_id < $2 AND c.kind <> 3 AND",
        "d.school_id",
        "$3",
        "ORDER BY c.decision_id DESC LIMIT $4"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(before).bind(area.schools_json()).bind(limit).all().await
}

/// Marks a decision as taken back, unless it is. Gives whether a row changed.
pub async fn mark_undone(tx: &mut Tx, key: DeviceKey, decision: Uuid, by: &str, now: Timestamp) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE identity_decision SET undone_at = $3, undone_by = $4
             WHERE municipality_id = $1 AND decision_id = $2 AND undone_at IS NULL",
        )
        .bind(key.municipality)
        .bind(decision)
        .bind(now.0)
        .bind(by)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Whether a decision of this kind on two records stands, whichever was named first.
pub async fn stands(tx: &mut Tx, key: DeviceKey, other: DeviceId, kind: i64) -> Result<bool> {
    let (count,) = tx
        .query(
            "SELECT COUNT(*) FROM identity_decision
             WHERE municipality_id = $1 AND device_id IN ($2, $3) AND kind = $4 AND undone_at IS NULL
                 AND ((device_id = $2 AND other_device_id = $3) OR (device_id = $3 AND other_device_id = $2))",
        )
        .bind(key.municipality)
        .bind(key.device)
        .bind(other)
        .bind(kind)
        .one::<(i64,)>()
        .await?;
    Ok(count > 0)
}
