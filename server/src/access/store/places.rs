//! SQL that tells which places there are, for grants and tokens.

use uuid::Uuid;

use crate::{
    access::rules::{MunicipalityId, SchoolId},
    db::Tx,
    error::Result,
};

pub(in crate::access) async fn school_exists(tx: &mut Tx, owner: MunicipalityId, school: SchoolId) -> Result<bool> {
    let found = tx
        .query("SELECT school_id FROM school WHERE municipality_id = $1 AND school_id = $2")
        .bind(owner)
        .bind(school)
        .optional::<(Uuid,)>();
    Ok(found.await?.is_some())
}
