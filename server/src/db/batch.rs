//! Many rows in one statement, from one parameter, on both engines.
//!
//! The rows travel as a JSON array of objects, UUIDs and bytes as hex. [`batch_sql`] writes the row source of each
//! engine from one list of columns, so that the two statements cannot drift apart. The hottest statement of all, the
//! cursor of a check-in, does without it and uses native arrays on PostgreSQL.

use serde::Serialize;

use crate::error::{Error, Result};

/// The type of a column in a row source on PostgreSQL.
macro_rules! postgres_type {
    (uuid) => {
        "uuid"
    };
    (int) => {
        "bigint"
    };
    (text) => {
        "text"
    };
    (bytes) => {
        "bytea"
    };
    (bool) => {
        "boolean"
    };
}

/// How SQLite reads a column out of a row's JSON.
macro_rules! sqlite_column {
    ($name:ident uuid) => {
        concat!("unhex(value ->> '", stringify!($name), "', '-') AS ", stringify!($name))
    };
    // PostgreSQL wants the prefix \x before bytes in hex.
    ($name:ident bytes) => {
        concat!("unhex(substr(value ->> '", stringify!($name), "', 3)) AS ", stringify!($name))
    };
    ($name:ident $kind:ident) => {
        concat!("value ->> '", stringify!($name), "' AS ", stringify!($name))
    };
}

/// The rows of the JSON array `$1` on SQLite. The limit keeps them a query of their own: taken into the outer one, each
/// column that is read would write its row out as text again, which took a third of an import's time.
macro_rules! json_rows {
    () => {
        "(SELECT value FROM json_each($1) LIMIT -1 OFFSET 0)"
    };
}

/// Writes the statement for SQLite and for PostgreSQL: `before`, a row source `i` with the listed columns, `after`. The
/// one parameter `$1` is the JSON that [`rows_json`](crate::db::rows_json) makes.
macro_rules! batch_sql {
    ($before:expr, [$($columns:tt)*], $after:literal) => {
        $crate::db::batch_sql!($before, [$($columns)*], $after, postgres: "")
    };
    (
        $before:expr, [$first:ident $first_kind:ident $(, $name:ident $kind:ident)* $(,)?], $after:literal,
        postgres: $postgres_only:literal
    ) => {
        (
            concat!(
                $before, " (SELECT ", $crate::db::batch::sqlite_column!($first $first_kind),
                $(", ", $crate::db::batch::sqlite_column!($name $kind),)* " FROM ", $crate::db::batch::json_rows!(), ") AS i ", $after
            ),
            concat!(
                $before, " jsonb_to_recordset($1::jsonb) AS i (", stringify!($first), " ",
                $crate::db::batch::postgres_type!($first_kind),
                $(", ", stringify!($name), " ", $crate::db::batch::postgres_type!($kind),)* ") ", $after,
                " ", $postgres_only
            ),
        )
    };
}

/// The ids of a JSON array in a parameter, as a query of one column.
macro_rules! ids {
    (sqlite $parameter:literal) => {
        concat!("(SELECT unhex(value, '-') FROM json_each(", $parameter, "))")
    };
    (postgres $parameter:literal) => {
        concat!(
            "(SELECT CAST(value AS UUID) FROM jsonb_array_elements_text(CAST(CAST(",
            $parameter,
            " AS TEXT) AS JSONB)))"
        )
    };
}

/// A statement for both engines with the condition between two texts that a column is one of the ids of a JSON array. As an array
/// PostgreSQL looks each up by its key; joined with, they make it read all.
macro_rules! among_sql {
    ($before:expr, $column:literal, $parameter:literal, $after:literal) => {
        (
            concat!($before, " ", $column, " IN ", $crate::db::batch::ids!(sqlite $parameter), " ", $after),
            concat!($before, " ", $column, " = ANY (ARRAY", $crate::db::batch::ids!(postgres $parameter), ") ", $after),
        )
    };
}

/// The condition that a column names one of the schools of an area of `access`, whose
/// `schools_json` is the parameter; NULL for all. To be used inside `concat!`, once for each engine.
macro_rules! in_schools {
    (sqlite $column:literal $parameter:literal) => {
        concat!(
            " (CAST(",
            $parameter,
            " AS TEXT) IS NULL OR ",
            $column,
            " IN ",
            $crate::db::batch::ids!(sqlite $parameter),
            ") "
        )
    };
    (postgres $column:literal $parameter:literal) => {
        concat!(
            " (CAST(",
            $parameter,
            " AS TEXT) IS NULL OR ",
            $column,
            " IN ",
            $crate::db::batch::ids!(postgres $parameter),
            ") "
        )
    };
}

/// A statement for both engines with [`in_schools!`] between two texts.
macro_rules! area_sql {
    ($before:expr, $column:literal, $parameter:literal, $after:literal) => {
        (
            concat!($before, $crate::db::batch::in_schools!(sqlite $column $parameter), $after),
            concat!($before, $crate::db::batch::in_schools!(postgres $column $parameter), $after),
        )
    };
}

pub(crate) use {among_sql, area_sql, batch_sql, ids, in_schools, json_rows, postgres_type, sqlite_column};

/// Bytes as PostgreSQL reads them and `batch_sql!` unpacks them for SQLite: `\x` and hex.
pub fn hex_bytes(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string grows");
    }
    text
}

/// The parameter of a `batch_sql!` statement.
pub fn rows_json<T: Serialize>(rows: &[T]) -> Result<String> {
    serde_json::to_string(rows).map_err(|source| Error::internal("rows could not be written as JSON", source))
}
