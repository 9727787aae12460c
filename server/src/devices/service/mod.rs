//! Use cases on single devices, and their steps inside a caller's transaction.

pub mod claims;
pub mod export;
pub mod identity;
pub mod import;
pub mod registry;

use super::{
    rules::{DeviceId, DeviceKey, events::EventKind},
    store::{self, DeviceRow},
};
use crate::{
    access::rules::{Right, Staff},
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result},
    schools::rules::SchoolId,
};

/// The error for a device that the caller cannot see.
pub fn device_not_found(device: DeviceId) -> Error {
    Error::not_found("DEVICE_NOT_FOUND", format!("there is no device {device}"))
}

/// Most records that are followed, each folded into the next.
const FOLDS: usize = 8;

/// The error for a change of what has been changed since it was read.
pub fn etag_mismatch() -> Error {
    Error::new(Kind::Conflict, "ETAG_MISMATCH", "the device was changed since it was read; read it again")
}

/// A device on which the caller has a right, with its key; for a folded record the one it became. Where the caller can only look, the refusal says so; what it
/// cannot even see is not found. Reasons: RIGHT_MISSING, DEVICE_NOT_FOUND.
pub async fn reachable_device(
    tx: &mut Tx,
    staff: &Staff,
    right: Right,
    device: DeviceId,
) -> Result<(DeviceKey, DeviceRow)> {
    let not_found = || device_not_found(device);
    let mut key = store::find_key(tx, device).await?.ok_or_else(not_found)?;
    let mut row = store::find_device(tx, key).await?.ok_or_else(not_found)?;
    // A label that was printed for a folded record leads to the device it became.
    for _ in 0..FOLDS {
        let Some(device) = row.merged_into_device_id else { break };
        key.device = DeviceId(device);
        row = store::find_device(tx, key).await?.ok_or_else(not_found)?;
    }
    let covers =
        |right| staff.scope(right).is_ok_and(|scope| scope.covers(key.municipality, row.school_id.map(SchoolId)));
    if !covers(Right::ViewDevices) {
        return Err(not_found());
    }
    if !covers(right) {
        let message = "your role does not allow this for the device; ask an administrator";
        return Err(Error::new(Kind::Denied, "RIGHT_MISSING", message));
    }
    Ok((key, row))
}

/// Ends a device's access inside the caller's transaction, so that what must know of it changes with it. `seen` is the
/// version the caller saw, none to do without the check; a revoked device stays as it is. Reasons: DEVICE_NOT_FOUND,
/// RIGHT_MISSING, ETAG_MISMATCH.
pub async fn revoke(
    tx: &mut Tx,
    staff: &Staff,
    device: DeviceId,
    seen: Option<i64>,
    reason: &str,
    now: Timestamp,
) -> Result<DeviceKey> {
    let (key, row) = reachable_device(tx, staff, Right::ManageEnrollment, device).await?;
    if row.revoked_at.is_some() {
        return Ok(key);
    }
    let unseen = seen.is_some_and(|seen| seen != row.version);
    if unseen || !store::revoke(tx, key, row.version, reason, now).await? {
        return Err(etag_mismatch());
    }
    let details = serde_json::json!({ "reason": reason });
    let ended = identity::event(key, EventKind::AccessEnded, &staff.name, details, now);
    store::claims::insert_events(tx, &[ended], now).await?;
    Ok(key)
}
