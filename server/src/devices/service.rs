//! Steps of use cases on single devices, inside the caller's transaction.

use super::{
    rules::{DeviceId, DeviceKey},
    store::{self, DeviceRow},
};
use crate::{
    access::rules::Scope,
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result},
};

/// The error for a device that the caller cannot see.
pub fn device_not_found(device: DeviceId) -> Error {
    Error::not_found("DEVICE_NOT_FOUND", format!("there is no device {device}"))
}

/// A device in scope, with its key.
pub async fn visible_device(tx: &mut Tx, scope: Scope, device: DeviceId) -> Result<(DeviceKey, DeviceRow)> {
    let key = match scope {
        Scope::Everywhere => store::find_key(tx, device).await?,
    };
    let key = key.ok_or_else(|| device_not_found(device))?;
    let row = store::find_device(tx, key).await?.ok_or_else(|| device_not_found(device))?;
    Ok((key, row))
}

/// Ends a device's access inside the caller's transaction, so that what must know of it changes with it. `seen` is the
/// version the caller saw, none to do without the check; a revoked device stays as it is. Reasons: DEVICE_NOT_FOUND,
/// ETAG_MISMATCH.
pub async fn revoke(
    tx: &mut Tx,
    scope: Scope,
    device: DeviceId,
    seen: Option<i64>,
    reason: &str,
    now: Timestamp,
) -> Result<DeviceKey> {
    let (key, row) = visible_device(tx, scope, device).await?;
    if row.revoked_at.is_some() {
        return Ok(key);
    }
    let unseen = seen.is_some_and(|seen| seen != row.version);
    if unseen || !store::revoke(tx, key, row.version, reason, now).await? {
        return Err(Error::new(
            Kind::Conflict,
            "ETAG_MISMATCH",
            "the device was changed since it was read; read it again",
        ));
    }
    Ok(key)
}
