//! The schema: the same on both engines, and fit to be distributed by municipality.

use std::collections::{BTreeMap, BTreeSet};

use gigafleet::db::Db;
use sqlx::Row as _;

/// Data that is the same for all; copied to every node.
const REFERENCE: [&str; 22] = [
    "bandwidth_edition",
    "bandwidth_recommended",
    "incident",
    "installation",
    "job_lease",
    "line_hub",
    "line_hub_owner",
    "municipality",
    "national_holiday",
    "network_engine",
    "network_target",
    "prepared_reply",
    "server_feed",
    "server_gap",
    "staff",
    "staff_grant",
    "staff_link",
    "staff_recovery_code",
    "staff_session",
    "staff_token",
    "team_member",
    "ticket_view",
];
/// Finds the municipality of what arrives without one; distributed by its own key.
const LOOKUP: [&str; 3] = ["device_lookup", "enrollment_token_lookup", "report_label_lookup"];

/// Parts of indexes that PostgreSQL keeps by itself.
const SQLITE_ONLY: [&str; 1] = ["ticket_text_waiting"];

type Columns = BTreeMap<String, BTreeMap<String, (String, bool)>>;

async fn postgres() -> sqlx::PgPool {
    match Db::open_postgres(&crate::fresh_database().await, 2).await.unwrap() {
        Db::Postgres(pool) => pool,
        Db::Sqlite { .. } => unreachable!(),
    }
}

async fn postgres_columns(pool: &sqlx::PgPool) -> Columns {
    let rows = sqlx::query(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
    );
    let mut columns = Columns::new();
    for row in rows.fetch_all(pool).await.unwrap() {
        let kind = match row.get::<String, _>(2).as_str() {
            "bigint" | "smallint" | "boolean" => "INTEGER",
            "uuid" | "bytea" => "BLOB",
            "text" => "TEXT",
            other => panic!("{other} has no counterpart"),
        };
        columns.entry(row.get(0)).or_default().insert(row.get(1), (String::from(kind), row.get(3)));
    }
    columns
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let Db::Sqlite { readers, .. } = Db::open_sqlite(&folder.path().join("gigafleet.db")).await.unwrap() else {
        unreachable!()
    };
    // What SQLite itself calls a table: a virtual one and its shadows are an index, which PostgreSQL does not list either.
    let rows = sqlx::query(
        "SELECT t.name, c.name, c.type, c.\"notnull\" FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'",
    );
    let mut sqlite = Columns::new();
    for row in rows.fetch_all(&readers).await.unwrap() {
        let nullable = row.get::<i64, _>(3) == 0;
        sqlite.entry(row.get(0)).or_default().insert(row.get(1), (row.get(2), nullable));
    }
    sqlite.retain(|table, _| !SQLITE_ONLY.contains(&table.as_str()));
    let pool = postgres().await;
    assert_eq!(sqlite, postgres_columns(&pool).await);

    let keys = sqlx::query(
        "SELECT t.name, (SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk))
         FROM pragma_table_list t WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
             AND t.name NOT LIKE 'sqlite%'",
    );
    let sqlite_keys: BTreeMap<String, String> = keys
        .fetch_all(&readers)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .filter(|(table, _): &(String, String)| !SQLITE_ONLY.contains(&table.as_str()))
        .collect();
    let postgres_keys: BTreeMap<String, String> = constraints(&pool)
        .await
        .into_iter()
        .filter(|c| c.kind == "p")
        .map(|c| (c.table, c.columns.join(",")))
        .collect();
    assert_eq!(sqlite_keys, postgres_keys);
}

struct Constraint {
    table: String,
    kind: String,
    columns: Vec<String>,
    foreign_table: Option<String>,
}

async fn constraints(pool: &sqlx::PgPool) -> Vec<Constraint> {
    let rows = sqlx::query(
        "SELECT c.conrelid::regclass::text, c.contype::text,
             ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, o)
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.o),
             CASE WHEN c.confrelid <> 0 THEN c.confrelid::regclass::text END
         FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
         WHERE n.nspname = 'public' AND c.contype IN ('p', 'u', 'f') AND c.conrelid::regclass::text NOT LIKE '\\_sqlx%'
         UNION ALL
         SELECT i.indrelid::regclass::text, 'u',
             ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k(n, o)
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.o), NULL
         FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid JOIN pg_namespace n ON n.oid = r.relnamespace
         WHERE n.nspname = 'public' AND i.indisunique AND r.relname NOT LIKE '\\_sqlx%'",
    );
    rows.fetch_all(pool)
        .await
        .unwrap()
        .iter()
        .map(|row| Constraint { table: row.get(0), kind: row.get(1), columns: row.get(2), foreign_table: row.get(3) })
        .collect()
}

#[tokio::test]
async fn tables_of_a_municipality_can_be_distributed_by_it() {
    let pool = postgres().await;
    let columns = postgres_columns(&pool).await;
    let owned: BTreeSet<&str> =
        columns.keys().map(String::as_str).filter(|t| !REFERENCE.contains(t) && !LOOKUP.contains(t)).collect();
    for table in &owned {
        assert!(
            columns[*table].contains_key("municipality_id"),
            "{table} belongs to no municipality: is it shared data?"
        );
    }
    let constraints = constraints(&pool).await;
    for table in columns.keys() {
        assert!(constraints.iter().any(|c| c.table == *table && c.kind == "p"), "{table} has no primary key");
    }
    for c in &constraints {
        if owned.contains(c.table.as_str()) {
            assert_eq!(
                c.columns[0], "municipality_id",
                "{} {:?} does not begin with the municipality",
                c.table, c.columns
            );
        }
        if LOOKUP.contains(&c.table.as_str()) {
            assert!(c.kind != "f" && c.columns.len() == 1, "a look-up is distributed by its own key: {}", c.table);
        }
        if let Some(foreign) = &c.foreign_table {
            let ok = owned.contains(foreign.as_str()) || REFERENCE.contains(&foreign.as_str());
            assert!(ok, "{} refers to {foreign}, which is distributed otherwise", c.table);
        }
    }
}

#[tokio::test]
async fn hot_row_has_no_index_but_its_key() {
    let pool = postgres().await;
    let row = sqlx::query("SELECT COUNT(*) FROM pg_indexes WHERE tablename = 'checkin_cursor'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(row.get::<i64, _>(0), 1, "an index on a column that each report changes would write twice");
}
