//! Which records are one device: what agents say meets what is known, and persons decide where that is not plain.
//!
//! Invariant: the record of the certificate goes on and the other one is folded into it, with its claims and history kept,
//! so that every decision can be taken back.

use std::collections::{BTreeMap, HashMap};

use gigafleet_proto::v1::{self, ReviewReason};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    claims::{Saying, note_sayings, refresh_shown},
    device_not_found, etag_mismatch, reachable_device,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::{
            Access,
            audit::{Actor, Deed},
        },
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    devices::{
        rules::{
            DeviceId, DeviceKey,
            claims::Claims,
            events::EventKind,
            fields::{Field, FieldValue, OsKind, Source},
            identity::{DecisionKind, Evidence, Meeting, hardware_change, meet},
        },
        store::{
            self,
            claims::{self as claim_store, DeviceClaim, NewEvent},
            identity::{self as identity_store, DecidedRow, DecisionRow, ReviewRow, Standing},
        },
    },
    error::{Error, Kind, Result},
    schools::rules::MunicipalityId,
};

/// Stores what agents say of their hardware: facts, claims, what is shown, and what follows for their identity. At most one
/// entry per device; gives how many rows of facts were written.
pub async fn note_facts(tx: &mut Tx, facts: &[(DeviceKey, &v1::Facts)], now: Timestamp) -> Result<u64> {
    if facts.is_empty() {
        return Ok(0);
    }
    let keys: Vec<_> = facts.iter().map(|(key, _)| *key).collect();
    let before: HashMap<_, _> = identity_store::read_hardware(tx, &keys)
        .await?
        .into_iter()
        .map(|(device, serial, board)| (device, Evidence::new(serial.as_deref(), board.as_deref(), None)))
        .collect();
    let rows = store::upsert_facts(tx, facts, now).await?;
    let sayings: Vec<_> = facts.iter().map(|(key, facts)| saying_of(*key, facts)).collect();
    let changed = note_sayings(tx, &sayings, now).await?;
    let events: Vec<_> = changed
        .iter()
        // What was not known before is no change to tell.
        .filter(|changed| changed.fields().iter().any(|(_, before, _)| !before.is_empty()))
        .map(|changed| {
            let details = serde_json::json!({ "fields": changed.details(), "source": Source::Agent.name() });
            event(changed.key, EventKind::Changed, "", details, now)
        })
        .collect();
    claim_store::insert_events(tx, &events, now).await?;
    for (key, facts) in facts {
        let said = Evidence::of_facts(facts);
        let was = before.get(&key.device.0);
        if was == Some(&said) {
            continue;
        }
        if let Some(reason) = was.and_then(|was| hardware_change(was, &said)) {
            let evidence = "the device reports another serial number or board than before under the same identity";
            open_review(tx, *key, reason, None, evidence, now).await?;
        }
        meet_others(tx, *key, now).await?;
    }
    Ok(rows)
}

fn saying_of(key: DeviceKey, facts: &v1::Facts) -> Saying {
    let texts = [
        (Field::SerialNumber, &facts.serial_number),
        (Field::Maker, &facts.maker),
        (Field::Model, &facts.model),
        (Field::OsVersion, &facts.os_version),
    ];
    // What is empty was not readable.
    let texts = texts.into_iter().filter_map(|(field, text)| Some((field, text.as_deref().filter(|t| !t.is_empty())?)));
    let mut said: Vec<_> = texts.map(|(field, text)| (field, FieldValue::text(text))).collect();
    if let Some(kind) = OsKind::from_number(facts.os_kind.into()).filter(|kind| *kind != OsKind::Unknown) {
        said.push((Field::OsKind, kind.into()));
    }
    Saying { key, source: Source::Agent, said, withdrawn: Vec::new() }
}

/// Lets a record meet those that share its serial number, board or label, and does what follows. A record without an agent
/// is met from the side of the one that has it.
pub async fn meet_others(tx: &mut Tx, key: DeviceKey, now: Timestamp) -> Result<()> {
    let Some(record) = identity_store::find_record(tx, key).await? else { return Ok(()) };
    if record.merged_into_device_id.is_some() {
        return Ok(());
    }
    if record.instance_id.is_some() {
        return meet_as_enrolled(tx, key, now).await;
    }
    let (own, board, _) = evidence_of(tx, key).await?;
    let others = identity_store::find_candidates(tx, key, &own, board.as_deref()).await?;
    if let Some(enrolled) = others.iter().find(|other| other.enrolled) {
        meet_as_enrolled(tx, DeviceKey { device: enrolled.device, ..key }, now).await?;
    }
    Ok(())
}

async fn meet_as_enrolled(tx: &mut Tx, key: DeviceKey, now: Timestamp) -> Result<()> {
    let (own, board, in_ledger) = evidence_of(tx, key).await?;
    let mut others = Vec::new();
    for other in identity_store::find_candidates(tx, key, &own, board.as_deref()).await? {
        if !identity_store::stands(tx, key, other.device, DecisionKind::KeptApart.to_number()).await? {
            others.push(other);
        }
    }
    match meet(&own, in_ledger, &others) {
        Meeting::Alone => Ok(()),
        Meeting::Joins(ledger, by) => {
            let details = serde_json::json!({ "by": by.name() });
            let folded = DeviceKey { device: ledger, ..key };
            fold(tx, key, folded, DecisionKind::Joined, &Actor::system().name, details, now).await?;
            Ok(())
        }
        Meeting::Review(reason, other) => {
            let evidence = match reason {
                ReviewReason::SerialShared => format!("device {other} has the same serial number"),
                ReviewReason::Reimaged => format!("device {other} has the same hardware"),
                ReviewReason::BoardSwapped => format!("device {other} has the same serial number and another board"),
                ReviewReason::BoardShared => format!("device {other} has the same board and another serial number"),
                ReviewReason::LedgerAmbiguous => format!("record {other} and others of ledgers could be this device"),
                ReviewReason::Unspecified
                | ReviewReason::SequenceBehind
                | ReviewReason::Forked
                | ReviewReason::CertificateSuperseded
                | ReviewReason::HardwareChanged => unreachable!("these do not come from meeting another record"),
            };
            open_review(tx, key, reason, Some(other), &evidence, now).await
        }
    }
}

/// What a record can be told by, the board as its agent said it, and whether it has met its ledger row.
async fn evidence_of(tx: &mut Tx, key: DeviceKey) -> Result<(Evidence, Option<String>, bool)> {
    let sources: Vec<_> =
        claim_store::read_claims(tx, &[key]).await?.into_iter().map(|claim| (claim.source, claim.claims)).collect();
    let shown = crate::devices::rules::claims::shown(&sources);
    let board = identity_store::read_hardware(tx, &[key]).await?.pop().and_then(|(_, _, board)| board);
    let own = Evidence::new(shown.text(Field::SerialNumber), board.as_deref(), shown.text(Field::Label));
    let in_ledger = sources.iter().any(|(source, claims)| *source == Source::Ledger && !claims.is_empty());
    Ok((own, board, in_ledger))
}

async fn open_review(
    tx: &mut Tx,
    key: DeviceKey,
    reason: ReviewReason,
    other: Option<DeviceId>,
    evidence: &str,
    now: Timestamp,
) -> Result<()> {
    store::open_review(tx, key, reason, other, evidence, now).await?;
    let name = reason.as_str_name().trim_start_matches("REVIEW_REASON_");
    let details = serde_json::json!({ "reason": name, "other": other });
    claim_store::insert_events(tx, &[event(key, EventKind::ReviewOpened, "", details, now)], now).await
}

pub(super) fn event(
    key: DeviceKey,
    kind: EventKind,
    actor: &str,
    details: serde_json::Value,
    now: Timestamp,
) -> NewEvent {
    NewEvent { key, kind, occurred_at: now, actor_name: actor.to_owned(), details }
}

/// What undo needs to know of the time before a decision.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    /// By name of the source, what was said of the record that goes on.
    claims: BTreeMap<String, String>,
    /// The reviews that the decision closed: device and reason.
    reviews: Vec<(Uuid, i16)>,
    /// Of the folded record.
    revoked_at: Option<i64>,
    revoke_reason: Option<String>,
}

/// Folds a record into another one of the same owner.
async fn fold(
    tx: &mut Tx,
    survivor: DeviceKey,
    folded: DeviceKey,
    kind: DecisionKind,
    by: &str,
    mut details: serde_json::Value,
    now: Timestamp,
) -> Result<DecisionRow> {
    let record = identity_store::find_record(tx, folded).await?.ok_or_else(|| device_not_found(folded.device))?;
    if record.merged_into_device_id.is_some() {
        let message = format!("record {} is folded into another one already", folded.device);
        return Err(Error::new(Kind::Precondition, "ALREADY_MERGED", message));
    }
    let (mut own, mut others) = (BTreeMap::new(), Vec::new());
    for DeviceClaim { key, source, claims } in claim_store::read_claims(tx, &[survivor, folded]).await? {
        if key == survivor {
            own.insert(source, claims);
        } else {
            others.push((source, claims));
        }
    }
    let reviews = identity_store::open_reviews_between(tx, survivor, folded.device).await?;
    let before = Before {
        claims: own.iter().map(|(source, claims)| (source.name().to_owned(), claims.to_json())).collect(),
        reviews: reviews.clone(),
        revoked_at: record.revoked_at,
        revoke_reason: record.revoke_reason.clone(),
    };
    for (source, claims) in others {
        own.entry(source).or_default().take_over(&claims);
    }
    let moved: Vec<_> = own.into_iter().map(|(source, claims)| DeviceClaim { key: survivor, source, claims }).collect();
    claim_store::upsert_claims(tx, &moved, now).await?;
    // What an agent could still do with the folded record's certificate ends here.
    let ends_access = record.instance_id.is_some() && record.revoked_at.is_none();
    let standing = Standing {
        merged_into: Some(survivor.device.0),
        revoked_at: if ends_access { Some(now.0) } else { record.revoked_at },
        revoke_reason: if ends_access {
            Some(format!("merged into {}", survivor.device))
        } else {
            record.revoke_reason.clone()
        },
    };
    if !identity_store::update_standing(tx, folded, record.version, standing).await? {
        return Err(etag_mismatch());
    }
    refresh_shown(tx, &[survivor]).await?;
    for (device, reason) in &reviews {
        let key = DeviceKey { device: DeviceId(*device), ..survivor };
        identity_store::close_review(tx, key, i64::from(*reason), Some(now)).await?;
    }
    let decision = DecisionRow {
        decision_id: Uuid::now_v7(),
        device_id: survivor.device.0,
        other_device_id: Some(folded.device.0),
        kind: i16::try_from(kind.to_number()).expect("a small number"),
        before: to_json(&before)?,
        decided_at: now.0,
        decided_by: by.to_owned(),
        undone_at: None,
    };
    identity_store::insert_decision(tx, survivor.municipality, &decision).await?;
    details["decision"] = serde_json::json!(decision.decision_id);
    details["ended_access"] = serde_json::json!(ends_access);
    let of_other = |other: DeviceId| {
        let mut details = details.clone();
        details["other"] = serde_json::json!(other);
        details
    };
    let events = [
        event(survivor, EventKind::Merged, by, of_other(folded.device), now),
        event(folded, EventKind::Merged, by, of_other(survivor.device), now),
    ];
    claim_store::insert_events(tx, &events, now).await?;
    Ok(decision)
}

fn to_json(before: &Before) -> Result<String> {
    serde_json::to_string(before).map_err(|source| Error::internal("a decision could not be written", source))
}

/// Decides on identities.
#[derive(Debug, Clone)]
pub struct Identities {
    db: Db,
    clock: Clock,
    access: Access,
}

impl Identities {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        Self { db, clock, access }
    }

    /// A page of open reviews in scope after an owner, a device and a reason.
    pub async fn list_reviews(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        after: (Uuid, Uuid, i64),
        limit: i64,
    ) -> Result<Vec<ReviewRow>> {
        let scope = staff.scope(Right::ViewDevices)?;
        let mut tx = self.db.read().await?;
        let mut rows: Vec<ReviewRow> = Vec::new();
        for area in scope.areas(municipality).into_iter().filter(|area| area.municipality().0 >= after.0) {
            let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            let first = if area.municipality().0 == after.0 { (after.1, after.2) } else { (Uuid::nil(), 0) };
            rows.extend(identity_store::list_reviews(&mut tx, &area, first, left).await?);
        }
        Ok(rows)
    }

    /// Says that two records are one device; `folded` becomes part of `device`. Reasons: DEVICE_NOT_FOUND, RIGHT_MISSING,
    /// ETAG_MISMATCH, OWNERS_DIFFER, ALREADY_MERGED, FIELD_INVALID.
    pub async fn merge(
        &self,
        staff: &Staff,
        device: DeviceId,
        folded: DeviceId,
        seen: Option<i64>,
    ) -> Result<DecisionRow> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let (key, row) = reachable_device(&mut tx, staff, Right::ReviewIdentity, device).await?;
        let (folded, _) = reachable_device(&mut tx, staff, Right::ReviewIdentity, folded).await?;
        if key == folded {
            return Err(Error::invalid_field("folded_device_id", "is the same device; name the other record"));
        }
        if key.municipality != folded.municipality {
            let message = "the two records belong to different owners; they cannot be one device";
            return Err(Error::new(Kind::Precondition, "OWNERS_DIFFER", message));
        }
        if seen.is_some_and(|seen| seen != row.version) || !store::take_version(&mut tx, key, row.version).await? {
            return Err(etag_mismatch());
        }
        let details = serde_json::json!({});
        let decision = fold(&mut tx, key, folded, DecisionKind::Merged, &staff.name, details, now).await?;
        let details = serde_json::json!({ "folded": folded.device, "decision": decision.decision_id });
        self.access.audit(&mut tx, staff, deed(key, "identity.merge", details)).await?;
        tx.commit().await?;
        Ok(decision)
    }

    /// Says that a review needs nothing. Reasons: DEVICE_NOT_FOUND, RIGHT_MISSING, REVIEW_NOT_FOUND.
    pub async fn keep_apart(&self, staff: &Staff, device: DeviceId, reason: ReviewReason) -> Result<DecisionRow> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let (key, _) = reachable_device(&mut tx, staff, Right::ReviewIdentity, device).await?;
        let other = identity_store::find_open_review(&mut tx, key, reason).await?.ok_or_else(|| {
            Error::not_found("REVIEW_NOT_FOUND", "the device has no open review of this reason; list them again")
        })?;
        let number = i16::try_from(i32::from(reason)).unwrap_or_default();
        // Both sides may have been asked about.
        let mut reviews = match other {
            Some(other) => identity_store::open_reviews_between(&mut tx, key, DeviceId(other)).await?,
            None => Vec::new(),
        };
        if !reviews.contains(&(key.device.0, number)) {
            reviews.push((key.device.0, number));
        }
        for (device, reason) in &reviews {
            let key = DeviceKey { device: DeviceId(*device), ..key };
            identity_store::close_review(&mut tx, key, i64::from(*reason), Some(now)).await?;
        }
        let before = Before { claims: BTreeMap::new(), reviews, revoked_at: None, revoke_reason: None };
        let decision = DecisionRow {
            decision_id: Uuid::now_v7(),
            device_id: key.device.0,
            other_device_id: other,
            kind: i16::try_from(DecisionKind::KeptApart.to_number()).expect("a small number"),
            before: to_json(&before)?,
            decided_at: now.0,
            decided_by: staff.name.clone(),
            undone_at: None,
        };
        identity_store::insert_decision(&mut tx, key.municipality, &decision).await?;
        let details = serde_json::json!({
            "other": other,
            "reason": reason.as_str_name().trim_start_matches("REVIEW_REASON_"),
            "decision": decision.decision_id,
        });
        let events = [event(key, EventKind::KeptApart, &staff.name, details.clone(), now)];
        claim_store::insert_events(&mut tx, &events, now).await?;
        self.access.audit(&mut tx, staff, deed(key, "identity.keep_apart", details)).await?;
        tx.commit().await?;
        Ok(decision)
    }

    /// Takes a decision back. Reasons: DEVICE_NOT_FOUND, RIGHT_MISSING, DECISION_NOT_FOUND, DECISION_UNDONE,
    /// DECISION_OVERTAKEN.
    pub async fn undo(&self, staff: &Staff, device: DeviceId, decision: Uuid) -> Result<DecisionRow> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let (key, _) = reachable_device(&mut tx, staff, Right::ReviewIdentity, device).await?;
        let not_found = || Error::not_found("DECISION_NOT_FOUND", format!("the device has no decision {decision}"));
        let row = identity_store::find_decision(&mut tx, key, decision).await?.ok_or_else(not_found)?;
        if !identity_store::mark_undone(&mut tx, key, decision, &staff.name, now).await? {
            let message = "this decision was taken back already";
            return Err(Error::new(Kind::Precondition, "DECISION_UNDONE", message));
        }
        let before: Before = serde_json::from_str(&row.before)
            .map_err(|source| Error::internal("a stored decision cannot be read", source))?;
        let kind = DecisionKind::from_number(row.kind.into())
            .ok_or_else(|| Error::internal("a stored decision has an unknown kind", row.kind.to_string()))?;
        let undone = match kind {
            DecisionKind::Merged | DecisionKind::Joined => {
                unfold(&mut tx, key, &row, &before, now).await?;
                EventKind::MergeUndone
            }
            DecisionKind::KeptApart => EventKind::KeptApartUndone,
        };
        for (device, reason) in &before.reviews {
            let key = DeviceKey { device: DeviceId(*device), ..key };
            identity_store::close_review(&mut tx, key, i64::from(*reason), None).await?;
        }
        let details = serde_json::json!({ "other": row.other_device_id, "decision": decision });
        let records = [Some(key.device.0), row.other_device_id];
        let events: Vec<_> = records
            .into_iter()
            .flatten()
            .map(|device| {
                event(DeviceKey { device: DeviceId(device), ..key }, undone, &staff.name, details.clone(), now)
            })
            .collect();
        claim_store::insert_events(&mut tx, &events, now).await?;
        self.access.audit(&mut tx, staff, deed(key, "identity.undo", details)).await?;
        tx.commit().await?;
        Ok(DecisionRow { undone_at: Some(now.0), ..row })
    }

    /// What people decided in scope before a decision, newest first over all owners: ids are in the order of time.
    pub async fn list_decided(
        &self,
        staff: &Staff,
        municipality: Option<MunicipalityId>,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<DecidedRow>> {
        let scope = staff.scope(Right::ViewDevices)?;
        let mut tx = self.db.read().await?;
        let mut rows = Vec::new();
        for area in scope.areas(municipality) {
            rows.extend(identity_store::list_decided(&mut tx, &area, before, limit).await?);
        }
        rows.sort_by(|a: &DecidedRow, b| b.decision.decision_id.cmp(&a.decision.decision_id));
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(rows)
    }

    /// Decisions on a device, newest first. Reason: DEVICE_NOT_FOUND.
    pub async fn decisions(&self, staff: &Staff, device: DeviceId) -> Result<Vec<DecisionRow>> {
        let mut tx = self.db.read().await?;
        let (key, _) = reachable_device(&mut tx, staff, Right::ViewDevices, device).await?;
        identity_store::decisions_of(&mut tx, key).await
    }
}

/// Takes a folded record out again: what each was before, and what was said of the survivor since.
async fn unfold(tx: &mut Tx, survivor: DeviceKey, row: &DecisionRow, before: &Before, now: Timestamp) -> Result<()> {
    let overtaken = || {
        let message = "the records were merged on since; take the newer decisions back first";
        Error::new(Kind::Precondition, "DECISION_OVERTAKEN", message)
    };
    let folded = DeviceKey { device: DeviceId(row.other_device_id.ok_or_else(overtaken)?), ..survivor };
    let record = identity_store::find_record(tx, folded).await?.ok_or_else(overtaken)?;
    if record.merged_into_device_id != Some(survivor.device.0) {
        return Err(overtaken());
    }
    let standing =
        Standing { merged_into: None, revoked_at: before.revoked_at, revoke_reason: before.revoke_reason.clone() };
    if !identity_store::update_standing(tx, folded, record.version, standing).await? {
        return Err(etag_mismatch());
    }
    let mut restored = Vec::new();
    for DeviceClaim { key, source, mut claims } in claim_store::read_claims(tx, &[survivor]).await? {
        let was = match before.claims.get(source.name()) {
            Some(json) => {
                Claims::from_json(json).map_err(|source| Error::internal("a stored decision cannot be read", source))?
            }
            None => Claims::new(),
        };
        claims.restore(&was, Timestamp(row.decided_at));
        if claims.is_empty() {
            claim_store::delete_claim(tx, key, source).await?;
        } else {
            restored.push(DeviceClaim { key, source, claims });
        }
    }
    claim_store::upsert_claims(tx, &restored, now).await?;
    refresh_shown(tx, &[survivor]).await
}

pub(super) fn deed(key: DeviceKey, action: &'static str, details: serde_json::Value) -> Deed {
    let (municipality, subject_id) = (Some(key.municipality), key.device.to_string());
    Deed { municipality, action, subject_kind: "device", subject_id, details }
}
