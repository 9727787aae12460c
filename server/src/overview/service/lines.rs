//! Devices of a list with what the registry shows of them: what a page or a table needs of each.

use std::collections::HashMap;

use gigafleet_proto::v1;
use uuid::Uuid;

use super::{
    super::{
        rules::{DeviceQuery, Position},
        store::registry::{RegistryRow, registry_rows},
    },
    Overview,
};
use crate::{access::rules::Staff, error::Result, schools::rules::MunicipalityId};

/// Looks that one page may take: what is narrowed by presence or spread over many owners comes in short pages.
const LOOKS: usize = 8;

/// A device of a list.
#[derive(Debug, Clone)]
pub struct DeviceLine {
    /// Where it is and whether it reports.
    pub view: v1::Device,
    /// What the registry shows of it.
    pub registry: RegistryRow,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct LinePage {
    /// In the order that was asked for.
    pub lines: Vec<DeviceLine>,
    /// Where the next page begins; none after the last.
    pub next: Option<Position>,
}

impl Overview {
    /// A page of devices in scope with what the registry shows of them. It looks on while it is short, but not for ever, so
    /// it can be short and still have a next one.
    pub async fn device_lines(
        &self,
        staff: &Staff,
        query: &DeviceQuery,
        from: Option<Position>,
        limit: i64,
    ) -> Result<LinePage> {
        let mut from = from;
        let mut devices = Vec::new();
        for _ in 0..LOOKS {
            let left = limit - i64::try_from(devices.len()).unwrap_or(i64::MAX);
            let page = self.devices(staff, query, from, left).await?;
            devices.extend(page.devices);
            from = page.next;
            if from.is_none() || i64::try_from(devices.len()).is_ok_and(|count| count >= limit) {
                break;
            }
        }
        Ok(LinePage { lines: self.with_registry(devices).await?, next: from })
    }

    async fn with_registry(&self, devices: Vec<v1::Device>) -> Result<Vec<DeviceLine>> {
        let id = |text: &str| Uuid::try_parse(text).unwrap_or_default();
        let mut rows = HashMap::new();
        let mut tx = self.db.read().await?;
        for of_owner in devices.chunk_by(|a, b| a.municipality_id == b.municipality_id) {
            let owner = MunicipalityId(id(&of_owner[0].municipality_id));
            let ids: Vec<_> = of_owner.iter().map(|device| id(&device.device_id)).collect();
            let found = registry_rows(&mut tx, owner, &ids).await?;
            rows.extend(found.into_iter().map(|row| (row.device_id, row)));
        }
        let line = |view: v1::Device| {
            let registry = rows.remove(&id(&view.device_id))?;
            Some(DeviceLine { view, registry })
        };
        Ok(devices.into_iter().filter_map(line).collect())
    }
}
