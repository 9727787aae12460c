//! SQL that finds schools by name, code and kind, and the owner of one.

use uuid::Uuid;

use super::SchoolRow;
use crate::{
    access::rules::Area,
    db::{Tx, area_sql, rows_json},
    error::Result,
    schools::rules::{
        MunicipalityId, SchoolId,
        search::{SchoolPosition, SchoolSearch},
    },
};

/// Schools of an area behind a position that a search looks for, by code. One owner's schools are few: they are read and
/// sorted.
pub(in crate::schools) async fn search_schools(
    tx: &mut Tx,
    area: &Area,
    search: &SchoolSearch,
    behind: &SchoolPosition,
    limit: i64,
) -> Result<Vec<SchoolRow>> {
    // The functions differ in name, and PostgreSQL compares texts by their bytes only when told.
    let (sqlite, _) = area_sql!(
        "SELECT municipality_id, school_id, code, name, is_shelter, closed_at, version FROM school
         WHERE municipality_id = $1 AND (COALESCE(code, '~'), school_id) > ($2, $3)
             AND (CAST($4 AS TEXT) IS NULL OR instr(COALESCE(name_key, name), $4) > 0 OR instr(lower(COALESCE(code, '')), $4) > 0)
             AND (CAST($5 AS TEXT) IS NULL OR substr(code, 1, 2) = $5) AND ($6 = 1 OR closed_at IS NULL) AND",
        "school_id",
        "$7",
        "ORDER BY COALESCE(code, '~'), school_id LIMIT $8"
    );
    let (_, postgres) = area_sql!(
        "SELECT municipality_id, school_id, code, name, is_shelter, closed_at, version FROM school
         WHERE municipality_id = $1 AND (COALESCE(code, '~') COLLATE \"C\", school_id) > ($2, $3)
             AND (CAST($4 AS TEXT) IS NULL OR strpos(COALESCE(name_key, name), $4) > 0 OR strpos(lower(COALESCE(code, '')), $4) > 0)
             AND (CAST($5 AS TEXT) IS NULL OR substr(code, 1, 2) = $5) AND ($6 = 1 OR closed_at IS NULL) AND",
        "school_id",
        "$7",
        "ORDER BY COALESCE(code, '~') COLLATE \"C\", school_id LIMIT $8"
    );
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(behind.key.as_str())
        .bind(behind.school)
        .bind(search.fragment.clone())
        .bind(search.kind.map(|kind| String::from(kind.prefix())))
        .bind(i64::from(search.with_closed))
        .bind(area.schools_json())
        .bind(limit)
        .all()
        .await
}

/// Which of these owners have a school of this id: one look at the key of each.
pub(in crate::schools) async fn find_owners(
    tx: &mut Tx,
    owners: &[MunicipalityId],
    school: SchoolId,
) -> Result<Vec<(Uuid,)>> {
    let sql = tx.by_engine(
        "SELECT s.municipality_id FROM json_each($1) j CROSS JOIN school s
         WHERE s.municipality_id = unhex(j.value, '-') AND s.school_id = $2 ORDER BY s.municipality_id LIMIT 10",
        "SELECT municipality_id FROM school
         WHERE municipality_id = ANY (ARRAY(SELECT CAST(value AS UUID) FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS JSONB))))
             AND school_id = $2
         ORDER BY municipality_id LIMIT 10",
    );
    tx.query(sql).bind(rows_json(owners)?).bind(school).all().await
}
