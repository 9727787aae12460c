//! SQL of spares: devices by where they are in their life, and repairs with how long they took.

use uuid::Uuid;

use crate::{access::rules::Area, db::Tx, error::Result, schools::rules::MunicipalityId};

/// Most repairs from which times are taken.
const REPAIRS_MOST: i64 = 100_000;

/// Devices of an owner by the number of where they are in their life.
pub(in crate::renewal) async fn by_lifecycle(tx: &mut Tx, area: &Area) -> Result<Vec<(i16, i64)>> {
    tx.query(
        "SELECT lifecycle, COUNT(*) AS count FROM device
         WHERE municipality_id = $1 AND merged_into_device_id IS NULL GROUP BY lifecycle ORDER BY lifecycle",
    )
    .bind(area.municipality())
    .all()
    .await
}

/// Repairs of an owner that go on or began since a time: the device, when it began and when it ended.
pub(in crate::renewal) async fn repairs(
    tx: &mut Tx,
    owner: MunicipalityId,
    since: i64,
) -> Result<Vec<(Uuid, i64, Option<i64>)>> {
    tx.query(
        "SELECT device_id, started_at, ended_at FROM ticket_repair
         WHERE municipality_id = $1 AND (ended_at IS NULL OR started_at >= $2)
         ORDER BY started_at DESC, repair_id LIMIT $3",
    )
    .bind(owner)
    .bind(since)
    .bind(REPAIRS_MOST)
    .all()
    .await
}
