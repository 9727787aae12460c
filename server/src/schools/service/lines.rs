//! Lines of schools, and the hubs they go through.
//!
//! Invariant: nobody learns which other owners share a hub, only how many. A municipal hub shows itself to its operator and to
//! those whose lines go through it; an administrator of the installation joins a further owner to it.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    Schools, etag_mismatch, exists, require_seen, right_missing, school_for_change, visible_area, visible_school,
};
pub use crate::schools::store::lines::{HubRow, LineRow};
use crate::{
    access::{
        rules::{Right, Scope, Staff},
        service::audit::Deed,
    },
    db::Tx,
    error::{Error, Result, says::schools as say},
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            lines::{HubKind, Topology, check_hub},
        },
        store::lines as store,
    },
};

/// Hubs that are read at once.
const PAGE: i64 = 500;

/// A hub as a caller may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubView {
    /// The hub; its operator is nil where it is out of the caller's scope.
    pub hub: HubRow,
    /// Municipalities in scope whose lines go through it.
    pub own: Vec<MunicipalityId>,
    /// How many others there are.
    pub others: u32,
}

/// What shall be said of a line.
#[derive(Debug, Clone)]
pub struct LineOrder {
    /// The school.
    pub school: SchoolId,
    /// Its number, from 1.
    pub number: i64,
    /// How it goes.
    pub topology: Topology,
    /// What the contract is called.
    pub contract: String,
    /// The provider.
    pub isp: String,
    /// Speed by contract in Mbps.
    pub contract_mbps: Option<i64>,
    /// What it goes through.
    pub hub: Option<Uuid>,
}

impl Schools {
    /// Lines of a municipality, or of one school of it, after a school and number. Reasons: MUNICIPALITY_NOT_FOUND,
    /// SCHOOL_NOT_FOUND.
    pub async fn list_lines(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        school: Option<SchoolId>,
        after: (Uuid, i64),
        limit: i64,
    ) -> Result<Vec<LineRow>> {
        let area = visible_area(staff, municipality)?;
        let mut tx = self.db.read().await?;
        if let Some(school) = school {
            visible_school(&mut tx, staff, municipality, school).await?;
        }
        store::list_lines(&mut tx, &area, school, after, limit).await
    }

    /// Adds a line or changes the one of this number. Reasons: SCHOOL_NOT_FOUND, HUB_NOT_FOUND, RIGHT_MISSING,
    /// FIELD_INVALID, ETAG_MISMATCH.
    pub async fn set_line(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        order: LineOrder,
        seen: Option<i64>,
    ) -> Result<LineRow> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, municipality, order.school).await?;
        let hub = match order.hub {
            Some(id) => Some(visible_hub(&mut tx, staff, id).await?),
            None => None,
        };
        let kind = hub.as_ref().and_then(|hub| HubKind::from_number(hub.hub.kind));
        check_hub(order.topology, kind).map_err(|violation| Error::invalid_fields("FIELD_INVALID", vec![violation]))?;
        let area = visible_area(staff, municipality)?;
        let old = store::find_line(&mut tx, &area, order.school, order.number).await?;
        require_seen(seen, old.as_ref().map_or(0, |old| old.version))?;
        let mut row = LineRow {
            municipality_id: municipality.0,
            school_id: order.school.0,
            line_number: i16::try_from(order.number).expect("a line number is 1 to 9"),
            topology: order.topology as i16,
            contract: order.contract,
            isp: order.isp,
            contract_mbps: order.contract_mbps,
            hub_id: order.hub,
            version: old.as_ref().map_or(0, |old| old.version),
        };
        match &old {
            None => store::insert_line(&mut tx, &row).await.map_err(|_lost_race| etag_mismatch())?,
            Some(_) if store::update_line(&mut tx, &row).await? => {}
            Some(_) => return Err(etag_mismatch()),
        }
        row.version += 1;
        let hubs: HashSet<Uuid> = old.and_then(|old| old.hub_id).into_iter().chain(row.hub_id).collect();
        for hub in hubs {
            store::note_hub_use(&mut tx, municipality, hub).await?;
        }
        self.access.audit(&mut tx, staff, line_deed("school.set_line", &row)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a line away. Reasons: SCHOOL_NOT_FOUND, LINE_NOT_FOUND, RIGHT_MISSING, ETAG_MISMATCH.
    pub async fn delete_line(
        &self,
        staff: &Staff,
        municipality: MunicipalityId,
        school: SchoolId,
        number: i64,
        seen: Option<i64>,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, municipality, school).await?;
        let area = visible_area(staff, municipality)?;
        let row = store::find_line(&mut tx, &area, school, number)
            .await?
            .ok_or_else(|| Error::not_found("LINE_NOT_FOUND", say::line_unknown(number)))?;
        require_seen(seen, row.version)?;
        if !store::delete_line(&mut tx, &row).await? {
            return Err(etag_mismatch());
        }
        if let Some(hub) = row.hub_id {
            store::note_hub_use(&mut tx, municipality, hub).await?;
        }
        self.access.audit(&mut tx, staff, line_deed("school.delete_line", &row)).await?;
        tx.commit().await
    }

    /// Adds a hub: of a municipality by its board, of a prefecture or a provider by administrators of the installation.
    /// Reasons: MUNICIPALITY_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID, HUB_EXISTS.
    pub async fn create_hub(
        &self,
        staff: &Staff,
        id: Option<Uuid>,
        kind: HubKind,
        (name, isp): (String, String),
        operator: Option<MunicipalityId>,
    ) -> Result<HubView> {
        match (kind, operator) {
            (HubKind::Municipal, Some(operator)) => {
                if !staff.area_for(Right::EditSchools, operator)?.covers(None) {
                    return Err(right_missing());
                }
            }
            (HubKind::Municipal, None) => {
                return Err(Error::invalid_field("operator_id", say::operator_missing()));
            }
            (HubKind::Prefectural | HubKind::Isp, Some(_)) => {
                return Err(Error::invalid_field("operator_id", say::operator_not_here()));
            }
            (HubKind::Prefectural | HubKind::Isp, None) => staff.require_everywhere(Right::EditMunicipalities)?,
        }
        let hub = HubRow {
            hub_id: id.unwrap_or_else(Uuid::now_v7),
            kind: kind as i16,
            name,
            operator_id: operator.map_or(Uuid::nil(), |operator| operator.0),
            isp,
        };
        let mut tx = self.db.begin().await?;
        store::insert_hub(&mut tx, &hub, self.clock.now())
            .await
            .map_err(|error| exists(error, "HUB_EXISTS", say::hub_exists()))?;
        let deed = Deed {
            municipality: operator,
            action: "hub.create",
            subject_kind: "hub",
            subject_id: hub.hub_id.to_string(),
            details: serde_json::json!({ "kind": kind.to_number(), "name": hub.name, "isp": hub.isp }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(HubView { hub, own: Vec::new(), others: 0 })
    }

    /// A page of the hubs that the caller may see, by id.
    pub async fn list_hubs(&self, staff: &Staff, after: Uuid, limit: i64) -> Result<Vec<HubView>> {
        let scope = staff.scope(Right::ViewFigures)?;
        let mut tx = self.db.read().await?;
        let (mut visible, mut after) = (Vec::new(), after);
        loop {
            let page = store::list_hubs(&mut tx, after, PAGE).await?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(visible) };
            let owners = store::hub_owners(&mut tx, first.hub_id, last.hub_id).await?;
            after = last.hub_id;
            for hub in page {
                if let Some(view) = view(&scope, hub, &owners) {
                    visible.push(view);
                }
                if i64::try_from(visible.len()).is_ok_and(|count| count >= limit) {
                    return Ok(visible);
                }
            }
        }
    }
}

async fn visible_hub(tx: &mut Tx, staff: &Staff, id: Uuid) -> Result<HubView> {
    let not_found = || Error::not_found("HUB_NOT_FOUND", say::hub_unknown(id));
    let hub = store::find_hub(tx, id).await?.ok_or_else(not_found)?;
    let owners = store::hub_owners(tx, id, id).await?;
    view(&staff.scope(Right::ViewFigures)?, hub, &owners).ok_or_else(not_found)
}

/// What a scope sees of a hub; none if it may not see it.
fn view(scope: &Scope, mut hub: HubRow, owners: &[(Uuid, Uuid)]) -> Option<HubView> {
    let in_scope = |owner: Uuid| scope.area(MunicipalityId(owner)).is_some();
    let users: Vec<Uuid> = owners.iter().filter(|(used, _)| *used == hub.hub_id).map(|(_, owner)| *owner).collect();
    let own: Vec<_> = users.iter().copied().filter(|owner| in_scope(*owner)).map(MunicipalityId).collect();
    let runs = in_scope(hub.operator_id);
    let shared = hub.operator_id.is_nil();
    if !runs && !shared && own.is_empty() {
        return None;
    }
    if !runs {
        hub.operator_id = Uuid::nil();
    }
    let others = u32::try_from(users.len() - own.len()).unwrap_or(u32::MAX);
    Some(HubView { hub, own, others })
}

fn line_deed(action: &'static str, row: &LineRow) -> Deed {
    Deed {
        municipality: Some(MunicipalityId(row.municipality_id)),
        action,
        subject_kind: "school",
        subject_id: row.school_id.to_string(),
        details: serde_json::json!({
            "line_number": row.line_number,
            "topology": row.topology,
            "contract": row.contract,
            "isp": row.isp,
            "contract_mbps": row.contract_mbps,
            "hub_id": row.hub_id,
        }),
    }
}
