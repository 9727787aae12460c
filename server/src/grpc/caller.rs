//! Who calls: a device by its certificate, staff by their token.

use tonic::{Extensions, metadata::MetadataMap};

use crate::{
    access::{rules::Staff, service::Access},
    clock::Clock,
    enrollment::rules::{DeviceIdentity, require_identity},
    error::Result,
    telemetry,
};

/// The identity of the connection, put into each of its requests by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<DeviceIdentity>);

/// The device that calls. Reasons: CLIENT_CERTIFICATE_REQUIRED, CERTIFICATE_EXPIRED.
pub fn device(extensions: &Extensions, clock: &Clock) -> Result<DeviceIdentity> {
    let peer = extensions.get::<Peer>().and_then(|peer| peer.0);
    let identity = require_identity(peer, clock.now())?;
    telemetry::note_caller(|| identity.key.device.to_string());
    Ok(identity)
}

/// The member of staff who calls. Reasons: STAFF_TOKEN_REQUIRED, STAFF_TOKEN_INVALID.
pub async fn staff(metadata: &MetadataMap, access: &Access) -> Result<Staff> {
    let header = metadata.get("authorization").and_then(|value| value.to_str().ok());
    let staff = access.staff(header).await?;
    // The name of a person does not belong into the log.
    telemetry::note_caller(|| staff.id.map_or_else(|| staff.name.clone(), |id| id.to_string()));
    Ok(staff)
}
