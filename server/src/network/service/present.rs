//! Which devices are on the own network of their school now.

use super::{
    super::{rules::place::Seen, store::places as store},
    Network,
    intake::{networks_of, school_of},
};
use crate::{
    clock::Timestamp,
    devices::rules::{DeviceId, fields::Purpose},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// A device on the own network of its school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentDevice {
    /// The school.
    pub school: SchoolId,
    /// The device.
    pub device: DeviceId,
    /// 校内プローブ.
    pub is_probe: bool,
    /// When it was last heard.
    pub heard_at: Timestamp,
    /// By what the network is known.
    pub gateway_hash: Option<Vec<u8>>,
}

impl Network {
    /// All owners, for background work.
    pub async fn owners(&self) -> Result<Vec<MunicipalityId>> {
        let mut tx = self.db.read().await?;
        Ok(store::owners(&mut tx).await?.into_iter().map(|(owner,)| MunicipalityId(owner)).collect())
    }

    /// The devices of an owner, or of one of its schools, that reported since a moment from the own network of their school,
    /// those that were heard last first.
    pub async fn present_devices(
        &self,
        owner: MunicipalityId,
        school: Option<SchoolId>,
        since: Timestamp,
    ) -> Result<Vec<PresentDevice>> {
        let mut tx = self.db.read().await?;
        let rows = store::heard_devices(&mut tx, owner, school, since).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let networks = networks_of(store::owner_networks(&mut tx, owner).await?);
        let present = |row: store::HeardDeviceRow| {
            let own = SchoolId(row.school_id);
            let is_probe = i64::from(row.purpose) == Purpose::Probe.to_number();
            let seen = Seen::stored(row.ssid, row.bssid.as_deref(), row.gateway_hash.as_deref());
            let there = school_of(&networks, own, &seen, is_probe) == Some(own);
            there.then_some(PresentDevice {
                school: own,
                device: DeviceId(row.device_id),
                is_probe,
                heard_at: Timestamp(row.received_at),
                gateway_hash: row.gateway_hash,
            })
        };
        Ok(rows.into_iter().filter_map(present).collect())
    }
}
