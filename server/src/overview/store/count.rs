//! SQL of counts, from the table that triggers keep; see the migration.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    db::{Tx, area_sql, in_schools, rows_json},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// How many devices there are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(in crate::overview) struct CountRow {
    pub municipality_id: Uuid,
    /// Nil for none, and where schools are not told apart.
    pub school_id: Uuid,
    pub lifecycle: i16,
    pub purpose: i16,
    pub os_kind: i16,
    pub device_count: i64,
}

/// Counts of whole owners, schools not told apart.
pub(in crate::overview) async fn count_owners(tx: &mut Tx, owners: &[MunicipalityId]) -> Result<Vec<CountRow>> {
    let sql = tx.by_engine(
        "SELECT municipality_id, zeroblob(16) AS school_id, lifecycle, purpose, os_kind, SUM(device_count) AS device_count
         FROM device_count WHERE municipality_id IN (SELECT unhex(value, '-') FROM json_each($1))
         GROUP BY municipality_id, lifecycle, purpose, os_kind HAVING SUM(device_count) <> 0
         ORDER BY municipality_id, lifecycle, purpose, os_kind",
        "SELECT municipality_id, CAST('00000000-0000-0000-0000-000000000000' AS UUID) AS school_id, lifecycle, purpose, os_kind,
             CAST(SUM(device_count) AS BIGINT) AS device_count
         FROM device_count
         WHERE municipality_id = ANY (ARRAY(SELECT CAST(value AS UUID) FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS JSONB))))
         GROUP BY municipality_id, lifecycle, purpose, os_kind HAVING SUM(device_count) <> 0
         ORDER BY municipality_id, lifecycle, purpose, os_kind",
    );
    tx.query(sql).bind(rows_json(owners)?).all().await
}

/// Counts of an area, or of one school of it, school by school.
pub(in crate::overview) async fn count_area(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
) -> Result<Vec<CountRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, school_id, lifecycle, purpose, os_kind, CAST(SUM(device_count) AS BIGINT) AS device_count
         FROM device_count WHERE municipality_id = $1 AND ($3 IS NULL OR school_id = $3) AND",
        "school_id",
        "$2",
        "GROUP BY municipality_id, school_id, lifecycle, purpose, os_kind HAVING SUM(device_count) <> 0
         ORDER BY school_id, lifecycle, purpose, os_kind"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql).bind(area.municipality()).bind(area.schools_json()).bind(school.map(|s| s.0)).all().await
}

/// The most frequent models of an area, or of one school of it.
pub(in crate::overview) async fn count_models(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
    most: i64,
) -> Result<Vec<(String, i64)>> {
    let sql = tx.by_engine(
        concat!(
            "SELECT COALESCE(model, '') AS model, COUNT(*) AS device_count FROM device
             WHERE municipality_id = $1 AND merged_into_device_id IS NULL AND ($3 IS NULL OR school_id = $3) AND",
            in_schools!(sqlite "school_id" "$2"),
            "GROUP BY COALESCE(model, '') ORDER BY device_count DESC, model LIMIT $4"
        ),
        concat!(
            "SELECT COALESCE(model, '') AS model, COUNT(*) AS device_count FROM device
             WHERE municipality_id = $1 AND merged_into_device_id IS NULL AND ($3 IS NULL OR school_id = $3) AND",
            in_schools!(postgres "school_id" "$2"),
            "GROUP BY COALESCE(model, '') ORDER BY device_count DESC, COALESCE(model, '') COLLATE \"C\" LIMIT $4"
        ),
    );
    tx.query(sql).bind(area.municipality()).bind(area.schools_json()).bind(school.map(|s| s.0)).bind(most).all().await
}

/// The models of a whole owner, by name, without counting devices: from one to the next along the index of the order.
pub(in crate::overview) async fn model_names(tx: &mut Tx, owner: MunicipalityId, most: i64) -> Result<Vec<(String,)>> {
    let sql = tx.by_engine(
        "WITH RECURSIVE known (model) AS (
             SELECT MIN(COALESCE(model, '')) FROM device WHERE municipality_id = $1
             UNION ALL
             SELECT (SELECT MIN(COALESCE(d.model, '')) FROM device d
                 WHERE d.municipality_id = $1 AND COALESCE(d.model, '') > known.model)
             FROM known WHERE known.model IS NOT NULL LIMIT $2
         )
         SELECT model FROM known WHERE model <> ''",
        "WITH RECURSIVE known (model) AS (
             (SELECT COALESCE(model, '') COLLATE \"C\" FROM device WHERE municipality_id = $1
              ORDER BY COALESCE(model, '') COLLATE \"C\" LIMIT 1)
             UNION ALL
             SELECT (SELECT COALESCE(d.model, '') COLLATE \"C\" FROM device d
                 WHERE d.municipality_id = $1 AND COALESCE(d.model, '') COLLATE \"C\" > known.model
                 ORDER BY COALESCE(d.model, '') COLLATE \"C\" LIMIT 1)
             FROM known WHERE known.model IS NOT NULL
         )
         SELECT model FROM known WHERE model <> '' LIMIT $2",
    );
    tx.query(sql).bind(owner).bind(most).all().await
}

/// Owners whose counts stand in more than one slot, at most a hundred.
pub(in crate::overview) async fn unfolded_owners(tx: &mut Tx) -> Result<Vec<(Uuid,)>> {
    tx.query("SELECT DISTINCT municipality_id FROM device_count WHERE slot <> 0 LIMIT 100").all().await
}

/// Adds the slots of an owner up in slot 0; on SQLite there is no other. The sums stay the same.
pub(in crate::overview) async fn fold_slots(tx: &mut Tx, owner: MunicipalityId) -> Result<u64> {
    let folded = tx.by_engine(
        None,
        Some(
            "WITH taken AS (
                 DELETE FROM device_count WHERE municipality_id = $1 AND slot <> 0
                 RETURNING municipality_id, school_id, lifecycle, purpose, os_kind, device_count
             )
             INSERT INTO device_count AS t (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
             SELECT municipality_id, school_id, lifecycle, purpose, os_kind, 0, SUM(device_count) FROM taken
             GROUP BY municipality_id, school_id, lifecycle, purpose, os_kind
             ORDER BY municipality_id, school_id, lifecycle, purpose, os_kind
             ON CONFLICT (municipality_id, school_id, lifecycle, purpose, os_kind, slot)
             DO UPDATE SET device_count = t.device_count + excluded.device_count",
        ),
    );
    match folded {
        Some(sql) => tx.query(sql).bind(owner).execute().await,
        None => Ok(0),
    }
}
