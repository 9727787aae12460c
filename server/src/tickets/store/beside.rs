//! SQL of the tickets of one device.

use uuid::Uuid;

use super::{TicketRow, columns};
use crate::{
    access::rules::Area,
    db::{Tx, in_schools},
    error::Result,
};

/// Tickets of an area about one of these records of a device, the newest first.
pub(in crate::tickets) async fn of_device(
    tx: &mut Tx,
    area: &Area,
    records: &[Uuid],
    limit: i64,
) -> Result<Vec<TicketRow>> {
    // A list is read by each engine in its own way.
    let sql = tx.by_engine(
        concat!(
            columns!(),
            "WHERE t.municipality_id = $1 AND t.device_id IN (SELECT unhex(value, '-') FROM json_each($2)) AND",
            in_schools!(sqlite "t.school_id" "$3"),
            "ORDER BY t.created_at DESC, t.ticket_id DESC LIMIT $4"
        ),
        concat!(
            columns!(),
            "WHERE t.municipality_id = $1 AND t.device_id IN (
                 SELECT CAST(value AS UUID) FROM jsonb_array_elements_text(CAST(CAST($2 AS TEXT) AS JSONB))) AND",
            in_schools!(postgres "t.school_id" "$3"),
            "ORDER BY t.created_at DESC, t.ticket_id DESC LIMIT $4"
        ),
    );
    let records: Vec<_> = records.iter().map(|record| format!("\"{record}\"")).collect();
    let query = tx.query(sql).bind(area.municipality()).bind(format!("[{}]", records.join(",")));
    query.bind(area.schools_json()).bind(limit).all().await
}
