//! SQL of device lists: which devices come next in an order, and which ones a fragment may mean.
//!
//! Every statement names one owner and walks one of its indexes, or the devices of one school, or a short list of ids. So
//! the most that is ever looked at is one owner's devices.

use sqlx::FromRow;
use uuid::Uuid;

use super::super::rules::{DeviceFilter, DeviceOrder, Position, SortField};
use crate::{
    access::rules::Area,
    checkin::store::heard_at,
    db::{Tx, in_schools, rows_json},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// A device in an order.
#[derive(Debug, Clone, FromRow)]
pub(in crate::overview) struct ListedRow {
    pub device_id: Uuid,
    pub sort_text: String,
    pub sort_number: i64,
}

/// Where the devices of a list are looked for.
#[derive(Debug, Clone)]
pub(in crate::overview) enum Source {
    /// Among all of the owner, along an index that has the order.
    Owner,
    /// Among those of one school, which are sorted.
    School(SchoolId),
    /// Among these, which are sorted.
    Devices(Vec<Uuid>),
}

/// Columns of the order.
macro_rules! sort_columns {
    (id $sort:literal) => {
        "'' AS sort_text, CAST(0 AS BIGINT) AS sort_number"
    };
    (text $sort:literal) => {
        concat!($sort, " AS sort_text, CAST(0 AS BIGINT) AS sort_number")
    };
    (number $sort:literal) => {
        concat!("'' AS sort_text, CAST(", $sort, " AS BIGINT) AS sort_number")
    };
}

/// Behind the position in `$14` and `$15`, in the order.
macro_rules! behind {
    (id $sort:literal $engine:ident $compare:literal $direction:literal) => {
        concat!(" AND d.device_id ", $compare, " $15 ORDER BY d.device_id ", $direction, " LIMIT $17")
    };
    // SQLite compares texts by their bytes, PostgreSQL does so when told.
    (text $sort:literal postgres $compare:literal $direction:literal) => {
        concat!(
            " AND (",
            $sort,
            " COLLATE \"C\", d.device_id) ",
            $compare,
            " ($14, $15) ORDER BY ",
            $sort,
            " COLLATE \"C\" ",
            $direction,
            ", d.device_id ",
            $direction,
            " LIMIT $17"
        )
    };
    ($kind:ident $sort:literal $engine:ident $compare:literal $direction:literal) => {
        concat!(
            " AND (",
            $sort,
            ", d.device_id) ",
            $compare,
            " ($14, $15) ORDER BY ",
            $sort,
            " ",
            $direction,
            ", d.device_id ",
            $direction,
            " LIMIT $17"
        )
    };
}

macro_rules! position_of {
    (sqlite) => {
        "instr"
    };
    (postgres) => {
        "strpos"
    };
}

/// Where the devices come from, as far as the condition of the owner.
macro_rules! source_sql {
    ($engine:ident owner) => {
        "device d"
    };
    ($engine:ident school) => {
        "device d"
    };
    // CROSS JOIN keeps SQLite from walking an index of the whole owner instead.
    (sqlite devices) => {
        "json_each($16) j CROSS JOIN device d"
    };
    (postgres devices) => {
        "device d"
    };
}

macro_rules! source_condition {
    ($engine:ident owner) => {
        ""
    };
    ($engine:ident school) => {
        " AND d.school_id = $3"
    };
    (sqlite devices) => {
        " AND d.device_id = unhex(j.value, '-')"
    };
    (postgres devices) => {
        " AND d.device_id = ANY (ARRAY(SELECT CAST(value AS UUID)
            FROM jsonb_array_elements_text(CAST(CAST($16 AS TEXT) AS JSONB))))"
    };
}

macro_rules! list_sql {
    ($engine:ident $source:ident $kind:ident $sort:literal $compare:literal $direction:literal) => {
        concat!(
            "SELECT d.device_id, ",
            sort_columns!($kind $sort),
            " FROM ",
            source_sql!($engine $source),
            " LEFT JOIN school s ON s.municipality_id = $1 AND s.school_id = d.school_id
             LEFT JOIN checkin_cursor c ON c.municipality_id = $1 AND c.device_id = d.device_id
             WHERE d.municipality_id = $1 AND d.merged_into_device_id IS NULL",
            source_condition!($engine $source),
            " AND ",
            in_schools!($engine "d.school_id" "$2"),
            " AND ($4 < 0 OR ($4 & (CAST(1 AS BIGINT) << CAST(d.lifecycle AS INTEGER))) <> 0)
              AND ($5 < 0 OR ($5 & (CAST(1 AS BIGINT) << CAST(d.purpose AS INTEGER))) <> 0)
              AND ($6 < 0 OR ($6 & (CAST(1 AS BIGINT) << CAST(d.os_kind AS INTEGER))) <> 0)
              AND (CAST($7 AS TEXT) IS NULL OR d.model = $7)
              AND ($8 < 0 OR d.grade = $8)
              AND (CAST($9 AS TEXT) IS NULL OR d.class_name = $9)
              AND ($10 < 0 OR ($10 = 1) = EXISTS (SELECT 1 FROM identity_review r WHERE r.municipality_id = $1
                  AND r.device_id = d.device_id AND r.closed_at IS NULL))
              AND ($11 < 0 OR COALESCE(",
            heard_at!(),
            ", 0) BETWEEN $11 AND $12)
              AND (CAST($13 AS TEXT) IS NULL OR ",
            position_of!($engine),
            "(d.label_key, $13) > 0 OR ",
            position_of!($engine),
            "(d.serial_key, $13) > 0)",
            behind!($kind $sort $engine $compare $direction)
        )
    };
}

/// The statements of one engine and source for every order.
macro_rules! by_order {
    ($order:expr, $engine:ident $source:ident) => {
        match ($order.field, $order.descending) {
            (SortField::DeviceId, false) => list_sql!($engine $source id "" ">" "ASC"),
            (SortField::DeviceId, true) => list_sql!($engine $source id "" "<" "DESC"),
            (SortField::Label, false) => list_sql!($engine $source text "COALESCE(d.label_key, '')" ">" "ASC"),
            (SortField::Label, true) => list_sql!($engine $source text "COALESCE(d.label_key, '')" "<" "DESC"),
            (SortField::SerialNumber, false) => list_sql!($engine $source text "COALESCE(d.serial_key, '')" ">" "ASC"),
            (SortField::SerialNumber, true) => list_sql!($engine $source text "COALESCE(d.serial_key, '')" "<" "DESC"),
            (SortField::Model, false) => list_sql!($engine $source text "COALESCE(d.model, '')" ">" "ASC"),
            (SortField::Model, true) => list_sql!($engine $source text "COALESCE(d.model, '')" "<" "DESC"),
            (SortField::SchoolName, false) => list_sql!($engine $source text "COALESCE(s.name, '')" ">" "ASC"),
            (SortField::SchoolName, true) => list_sql!($engine $source text "COALESCE(s.name, '')" "<" "DESC"),
            (SortField::Lifecycle, false) => list_sql!($engine $source number "d.lifecycle" ">" "ASC"),
            (SortField::Lifecycle, true) => list_sql!($engine $source number "d.lifecycle" "<" "DESC"),
            (SortField::LastCheckinTime, false) => list_sql!($engine $source number "COALESCE(c.received_at, 0)" ">" "ASC"),
            (SortField::LastCheckinTime, true) => list_sql!($engine $source number "COALESCE(c.received_at, 0)" "<" "DESC"),
        }
    };
}

/// What to look for in one owner.
#[derive(Debug)]
pub(in crate::overview) struct Look<'q> {
    pub source: Source,
    pub filter: &'q DeviceFilter,
    /// Bounds when the devices were last heard, in microseconds; 0 is never.
    pub seen: Option<(i64, i64)>,
    pub order: DeviceOrder,
    pub behind: &'q Position,
    pub limit: i64,
}

/// The next devices of an area behind a position.
pub(in crate::overview) async fn list_devices(tx: &mut Tx, area: &Area, look: Look<'_>) -> Result<Vec<ListedRow>> {
    let Look { source, filter, seen, order, behind, limit } = look;
    let sql = match source {
        Source::Owner => tx.by_engine(by_order!(order, sqlite owner), by_order!(order, postgres owner)),
        Source::School(_) => tx.by_engine(by_order!(order, sqlite school), by_order!(order, postgres school)),
        Source::Devices(_) => tx.by_engine(by_order!(order, sqlite devices), by_order!(order, postgres devices)),
    };
    let (school, devices) = match source {
        Source::Owner => (None, None),
        Source::School(school) => (Some(school.0), None),
        Source::Devices(devices) => (None, Some(rows_json(&devices)?)),
    };
    let (seen_from, seen_to) = seen.unwrap_or((-1, -1));
    let query = tx
        .query(sql)
        .bind(area.municipality())
        .bind(area.schools_json())
        .bind(school)
        .bind(filter.lifecycles.bits())
        .bind(filter.purposes.bits())
        .bind(filter.os_kinds.bits())
        .bind(filter.model.clone())
        .bind(filter.grade.unwrap_or(-1))
        .bind(filter.class_name.clone())
        .bind(filter.has_open_review.map_or(-1, i64::from))
        .bind(seen_from)
        .bind(seen_to)
        .bind(filter.fragment.clone());
    let query = match order.field.is_number() {
        true => query.bind(behind.number),
        false => query.bind(behind.text.as_str()),
    };
    query.bind(behind.device).bind(devices).bind(limit).all().await
}

/// At most `most` devices of an owner whose label or serial number, folded, has a fragment in it.
pub(in crate::overview) async fn find_by_fragment(
    tx: &mut Tx,
    municipality: MunicipalityId,
    fragment: &str,
    most: i64,
) -> Result<Vec<(Uuid,)>> {
    let sql = tx.by_engine(
        // An index of fragments would cost each import more than looking through one owner's keys costs a search.
        "SELECT device_id FROM device
         WHERE municipality_id = $1 AND (instr(label_key, $2) > 0 OR instr(serial_key, $2) > 0)
             AND merged_into_device_id IS NULL
         LIMIT $3",
        "SELECT device_id FROM device
         WHERE municipality_id = $1 AND text_grams(municipality_id, label_key, serial_key) @> text_grams($1, $2)
             AND (strpos(label_key, $2) > 0 OR strpos(serial_key, $2) > 0) AND merged_into_device_id IS NULL
         LIMIT $3",
    );
    tx.query(sql).bind(municipality).bind(fragment).bind(most).all().await
}
