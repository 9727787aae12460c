//! SQL of staff, grants, sessions, tokens and the audit log.

pub(super) mod audit;
pub mod grants;
pub(super) mod names;
pub(super) mod places;
pub mod sessions;
pub mod staff;
pub mod tokens;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::rules::MunicipalityId;
use crate::{db::Tx, error::Result};

/// All owners with their codes: what grants everywhere and in a prefecture reach.
pub(super) async fn owners(tx: &mut Tx) -> Result<BTreeMap<MunicipalityId, String>> {
    let rows = tx.query("SELECT municipality_id, code FROM municipality").all::<(Uuid, String)>().await?;
    Ok(rows.into_iter().map(|(id, code)| (MunicipalityId(id), code)).collect())
}
