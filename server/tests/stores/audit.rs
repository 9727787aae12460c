//! The audit log: whole after use, and any change by hand is found.

use gigafleet::{
    access::rules::{Place, Right, Role},
    db::Db,
};
use sqlx::Row as _;
use uuid::Uuid;

use crate::World;

crate::on_both_engines!(
    any_column_that_is_changed_is_found,
    rows_that_are_missing_or_added_are_found,
    log_is_read_by_those_who_may,
);

async fn run(db: &Db, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match db {
        Db::Sqlite { writer, .. } => drop(sqlx::raw_sql(sql).execute(writer).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()),
    }
}

/// Columns of a table with an expression of another value for each.
async fn other_values(db: &Db, table: &str) -> Vec<(String, &'static str)> {
    let columns: Vec<(String, String)> = match db {
        Db::Sqlite { writer, .. } => {
            let sql = format!("SELECT name, type FROM pragma_table_info('{table}')");
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(writer).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
        Db::Postgres(pool) => {
            let sql = format!(
                "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = '{table}'"
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
    };
    let other = |kind: &str| match kind {
        "TEXT" | "text" => "@ || 'x'",
        "INTEGER" | "bigint" | "smallint" => "@ + 1000",
        "BLOB" => "randomblob(16)",
        "uuid" => "gen_random_uuid()",
        "bytea" => "decode('00', 'hex')",
        unknown => panic!("{unknown} is a new type of the audit log"),
    };
    columns.into_iter().map(|(name, kind)| (name, other(&kind))).collect()
}

/// The owner's id as SQL.
fn literal(db: &Db, id: Uuid) -> String {
    match db {
        Db::Sqlite { .. } => format!("x'{}'", id.simple()),
        Db::Postgres(_) => format!("'{id}'"),
    }
}

/// A log with two chains of several entries, and a copy to restore it from.
async fn fill(world: &World) -> [Uuid; 2] {
    let owner = world.municipality("131130").await;
    for _ in 0..3 {
        world.token(owner, 1).await;
    }
    world.access.first_administrator_link().await.unwrap();
    let order = gigafleet::access::service::tokens::TokenOrder {
        id: None,
        name: String::from("script"),
        role: Role::Engineer,
        place: Place::Everywhere,
        lifetime: std::time::Duration::from_secs(60),
    };
    for _ in 0..2 {
        world.access.create_token(&world.staff().await, order.clone()).await.unwrap();
    }
    run(
        &world.db,
        "CREATE TABLE entry_copy AS SELECT * FROM audit_entry; CREATE TABLE head_copy AS SELECT * FROM audit_head;",
    )
    .await;
    [Uuid::nil(), owner.0]
}

async fn restore(world: &World) {
    run(
        &world.db,
        "DELETE FROM audit_entry; DELETE FROM audit_head; INSERT INTO audit_entry SELECT * FROM entry_copy;
         INSERT INTO audit_head SELECT * FROM head_copy;",
    )
    .await;
    assert_eq!(flaws(world).await, 0, "restored");
}

async fn flaws(world: &World) -> usize {
    world.access.verify_audit(&world.staff().await).await.unwrap().flaws.len()
}

async fn any_column_that_is_changed_is_found(world: World) {
    let chains = fill(&world).await;
    let found = world.access.verify_audit(&world.staff().await).await.unwrap();
    assert!(found.flaws.is_empty() && found.chains == 2 && found.entries >= 8, "{found:?}");
    for chain in chains {
        let chain = literal(&world.db, chain);
        for (column, other) in other_values(&world.db, "audit_entry").await {
            let other = other.replace('@', &column);
            for which in ["1", "2", &format!("(SELECT MAX(sequence) FROM entry_copy WHERE municipality_id = {chain})")]
            {
                let sql = format!(
                    "UPDATE audit_entry SET {column} = {other} WHERE municipality_id = {chain} AND sequence = {which}"
                );
                run(&world.db, &sql).await;
                assert_ne!(flaws(&world).await, 0, "{sql}");
                restore(&world).await;
            }
        }
        for (column, other) in other_values(&world.db, "audit_head").await {
            let other = other.replace('@', &column);
            let sql = format!("UPDATE audit_head SET {column} = {other} WHERE municipality_id = {chain}");
            run(&world.db, &sql).await;
            assert_ne!(flaws(&world).await, 0, "{sql}");
            restore(&world).await;
        }
    }
}

async fn rows_that_are_missing_or_added_are_found(world: World) {
    for chain in fill(&world).await {
        let chain = literal(&world.db, chain);
        let last = format!("(SELECT MAX(sequence) FROM entry_copy WHERE municipality_id = {chain})");
        let columns =
            "recorded_at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, details, entry_hash";
        let deeds = [
            format!("DELETE FROM audit_entry WHERE municipality_id = {chain} AND sequence = 1"),
            format!("DELETE FROM audit_entry WHERE municipality_id = {chain} AND sequence = 2"),
            format!("DELETE FROM audit_entry WHERE municipality_id = {chain} AND sequence = {last}"),
            format!("DELETE FROM audit_entry WHERE municipality_id = {chain}"),
            format!("DELETE FROM audit_head WHERE municipality_id = {chain}"),
            format!(
                "DELETE FROM audit_entry WHERE municipality_id = {chain}; DELETE FROM audit_head WHERE municipality_id = {chain};"
            ),
            format!(
                "INSERT INTO audit_entry (municipality_id, sequence, {columns})
                 SELECT municipality_id, sequence + 1, {columns} FROM entry_copy
                 WHERE municipality_id = {chain} AND sequence = {last}"
            ),
            // The end cut off and the head moved back to it, as far as one can without the key.
            format!(
                "DELETE FROM audit_entry WHERE municipality_id = {chain} AND sequence = {last};
                 UPDATE audit_head SET sequence = sequence - 1, entry_hash = (SELECT entry_hash FROM entry_copy
                 WHERE municipality_id = {chain} AND sequence = {last} - 1) WHERE municipality_id = {chain};"
            ),
        ];
        for sql in deeds {
            run(&world.db, &sql).await;
            assert_ne!(flaws(&world).await, 0, "{sql}");
            restore(&world).await;
        }
    }
}

async fn log_is_read_by_those_who_may(world: World) {
    let [_, owner] = fill(&world).await;
    let owner = gigafleet::access::rules::MunicipalityId(owner);
    let other = world.municipality("131016").await;
    let admin = world.staff().await;
    let all = world.access.list_entries(&admin, Some(owner), i64::MAX, 100).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [4, 3, 2, 1]);
    let page = world.access.list_entries(&admin, Some(owner), 3, 1).await.unwrap();
    assert_eq!(page[0].sequence, 2);
    let token = |place| gigafleet::access::service::tokens::TokenOrder {
        id: None,
        name: String::from("editor"),
        role: Role::BoardEditor,
        place,
        lifetime: std::time::Duration::from_secs(60),
    };
    let (_, secret) = world.access.create_token(&admin, token(Place::Municipality(other))).await.unwrap();
    let editor = world.access.staff(Some(&format!("Bearer {secret}"))).await.unwrap();
    assert!(editor.has(Right::ReadAudit));
    let read = async |owner| world.access.list_entries(&editor, owner, i64::MAX, 9).await.map_err(|error| error.reason);
    assert!(read(Some(other)).await.is_ok());
    assert_eq!(read(Some(owner)).await.unwrap_err(), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(read(None).await.unwrap_err(), "RIGHT_MISSING");
    assert_eq!(world.access.verify_audit(&editor).await.unwrap_err().reason, "RIGHT_MISSING");
}
