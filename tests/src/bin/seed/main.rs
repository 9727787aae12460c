//! Fills an empty database with a fleet as large as is asked for: municipalities of Tokyo's sizes, their schools, devices as a
//! ledger and running agents would have left them. For measuring; the rows are drawn, nothing in them is anybody's.
//!
//! The rows are made inside the database, one municipality at a time, each device from its number, so that the same call
//! makes the same fleet. Indexes that cost most are made anew at the end, and triggers rest meanwhile.

mod tickets;

use std::{path::Path, time::Instant};

use clap::Parser;
use gigafleet::db::Db;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, migrate::Migrator,
    sqlite::SqliteConnectOptions,
};
use uuid::Uuid;

#[derive(Debug, Parser)]
#[command(name = "seed", about = "Fills an empty database with a large fleet")]
struct Arguments {
    /// postgres://user@host/name, or sqlite:FOLDER, the data folder of a server.
    #[arg(long, value_name = "URL")]
    database: String,
    /// Devices in all municipalities together.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    devices: u64,
    /// Schools in all municipalities together.
    #[arg(long, value_name = "M", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=40_000))]
    schools: u64,
    /// Municipalities: the first 49 are Tokyo's, the others stand for those of other prefectures.
    #[arg(long, value_name = "L", default_value_t = 49, value_parser = clap::value_parser!(u64).range(1..=1_741))]
    owners: u64,
    /// Tickets in all municipalities together.
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=10_000_000))]
    tickets: u64,
}

/// How much one municipality has.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    devices: u64,
    schools: u64,
    tickets: u64,
}

/// Special wards and cities of Tokyo in the order of their codes, from 131016 on.
const NAMES: [&str; 49] = [
    "千代田区",
    "中央区",
    "港区",
    "新宿区",
    "文京区",
    "台東区",
    "墨田区",
    "江東区",
    "品川区",
    "目黒区",
    "大田区",
    "世田谷区",
    "渋谷区",
    "中野区",
    "杉並区",
    "豊島区",
    "北区",
    "荒川区",
    "板橋区",
    "練馬区",
    "足立区",
    "葛飾区",
    "江戸川区",
    "八王子市",
    "立川市",
    "武蔵野市",
    "三鷹市",
    "青梅市",
    "府中市",
    "昭島市",
    "調布市",
    "町田市",
    "小金井市",
    "小平市",
    "日野市",
    "東村山市",
    "国分寺市",
    "国立市",
    "福生市",
    "狛江市",
    "東大和市",
    "清瀬市",
    "東久留米市",
    "武蔵村山市",
    "多摩市",
    "稲城市",
    "羽村市",
    "あきる野市",
    "西東京市",
];
/// How large they are, in turn: 5,000 to 40,000 devices at a million.
const WEIGHTS: [u64; 7] = [40, 22, 12, 30, 6, 16, 9];

enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    async fn open(url: &str) -> Self {
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let migrator =
            async |engine: &str| Migrator::new(migrations.join(engine)).await.expect("the migrations are there");
        match url.strip_prefix("sqlite:") {
            Some(folder) => {
                std::fs::create_dir_all(folder).expect("the folder can be made");
                let options = SqliteConnectOptions::new()
                    .filename(Path::new(folder).join("gigafleet.db"))
                    .create_if_missing(true)
                    .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                    .synchronous(sqlx::sqlite::SqliteSynchronous::Off)
                    .foreign_keys(false)
                    .pragma("cache_size", "-1048576");
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file can be written");
                migrator("sqlite").await.run(&mut connection).await.expect("the schema can be made");
                Self::Sqlite(connection)
            }
            None => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL answers");
                migrator("postgres").await.run(&mut connection).await.expect("the schema can be made");
                Self::Postgres(connection)
            }
        }
    }

    /// Runs statements of which each engine understands its own spelling; see [`Self::spelled`].
    async fn run(&mut self, sql: &str) {
        let sql = self.spelled(sql);
        let outcome = match self {
            Self::Sqlite(connection) => sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await.map(|_| ())
            }
        };
        outcome.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// Texts of the first column.
    async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = self.spelled(sql);
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.expect("the schema is known");
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await.expect("the schema is known");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// `ID[x]` is the id with hexadecimal digits x, `PAD[x]` four digits of x, `HEX[x]` twelve hexadecimal ones.
    fn spelled(&self, sql: &str) -> String {
        let (id, pad, hex) = match self {
            Self::Sqlite(_) => ("unhex(", "printf('%04d', ", "printf('%012x', "),
            Self::Postgres(_) => ("uuid(", "pg_temp.pad4(", "pg_temp.hex12("),
        };
        sql.replace("ID[", id).replace("PAD[", pad).replace("HEX[", hex).replace(']', ")")
    }

    fn by_engine<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// 全国地方公共団体コード of the n-th, with its check digit: of Tokyo's first, then of the other 46 prefectures in turn.
fn code(number: u64) -> String {
    let body = match number {
        0..23 => 13_101 + number,
        23..49 => 13_201 + number - 23,
        _ => {
            let (turn, place) = ((number - 49) / 46, (number - 49) % 46);
            let prefecture = if place < 12 { place + 1 } else { place + 2 };
            prefecture * 1_000 + 201 + turn
        }
    };
    let body = format!("{body:05}");
    let digits: Vec<u64> = body.bytes().map(|b| u64::from(b - b'0')).collect();
    let sum: u64 = digits.iter().zip([6, 5, 4, 3, 2]).map(|(digit, factor)| digit * factor).sum();
    format!("{body}{}", (11 - sum % 11) % 10)
}

/// The numbers 1 to `last` as g.n.
fn numbers(last: u64) -> String {
    format!("WITH RECURSIVE g(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM g WHERE n < {last})")
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let mut database = Database::open(&arguments.database).await;
    let there = database.texts("SELECT CAST(COUNT(*) AS TEXT) FROM (SELECT 1 FROM device LIMIT 1) AS d").await;
    assert_eq!(there, ["0"], "the database has devices; name an empty one");
    prepare(&mut database).await;
    let triggers = rest(&mut database).await;
    let weight_of = |number: u64| WEIGHTS[usize::try_from(number).expect("a small number") % WEIGHTS.len()];
    let weight: u64 = (0..arguments.owners).map(weight_of).sum();
    let (mut all, mut so_far, mut owners) = (Share::default(), 0, Vec::new());
    for number in 0..arguments.owners {
        let tokyo = usize::try_from(number).ok().and_then(|number| NAMES.get(number));
        let name = &tokyo.map_or_else(|| format!("第{number}市"), |name| (*name).to_owned());
        so_far += weight_of(number);
        let share = |whole: u64, done: u64| (whole * so_far / weight).saturating_sub(done);
        let own = Share {
            devices: share(arguments.devices, all.devices),
            schools: share(arguments.schools, all.schools).max(1),
            tickets: share(arguments.tickets, all.tickets),
        };
        owners.extend(fill(&mut database, number, name, own).await);
        all = Share {
            devices: all.devices + own.devices,
            schools: all.schools + own.schools,
            tickets: all.tickets + own.tickets,
        };
        let Share { devices, schools, tickets } = all;
        let after = started.elapsed().as_secs_f64();
        eprintln!("{devices:>9} devices, {schools:>5} schools, {tickets:>7} tickets, {after:>5.1} s: {name}");
    }
    if arguments.tickets > 0 {
        eprintln!("what is written in tickets");
        let db = match arguments.database.strip_prefix("sqlite:") {
            Some(folder) => Db::open_sqlite(&Path::new(folder).join("gigafleet.db")).await,
            None => Db::open_postgres(&arguments.database, 2).await,
        };
        let db = db.expect("the database answers");
        tickets::write_texts(&db, &owners).await;
        db.close().await;
    }
    eprintln!("indexes and counts");
    wake(&mut database, &triggers).await;
    database
        .run(database.by_engine("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);", "VACUUM (ANALYZE)").to_owned().as_str())
        .await;
    eprintln!("done after {:.1} s", started.elapsed().as_secs_f64());
}

async fn prepare(database: &mut Database) {
    if let Database::Postgres(_) = database {
        database
            .run(
                "CREATE FUNCTION pg_temp.pad4(n BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(CAST(n AS TEXT), 4, '0') $$;
                 CREATE FUNCTION pg_temp.hex12(n BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(n), 12, '0') $$;
                 SET synchronous_commit = off; SET maintenance_work_mem = '512MB'",
            )
            .await;
    }
}

/// Lets triggers and expensive indexes rest; gives the statements that bring them back.
async fn rest(database: &mut Database) -> Vec<String> {
    match database {
        Database::Sqlite(_) => {
            let list = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'device'";
            let statements = database.texts(list).await;
            let names =
                database.texts("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'device'").await;
            for name in names {
                database.run(&format!("DROP TRIGGER {name}")).await;
            }
            statements
        }
        Database::Postgres(_) => {
            let list = "SELECT indexdef FROM pg_indexes WHERE tablename = 'device' AND indexname = 'device_by_gram'";
            let statements = database.texts(list).await;
            database.run("ALTER TABLE device DISABLE TRIGGER USER; DROP INDEX IF EXISTS device_by_gram").await;
            statements
        }
    }
}

async fn wake(database: &mut Database, statements: &[String]) {
    database
        .run(
            "DELETE FROM device_count;
             INSERT INTO device_count (municipality_id, school_id, lifecycle, purpose, os_kind, slot, device_count)
             SELECT municipality_id, school_id, lifecycle, purpose, os_kind, 0, COUNT(*) FROM device
             WHERE school_id IS NOT NULL AND merged_into_device_id IS NULL
             GROUP BY municipality_id, school_id, lifecycle, purpose, os_kind",
        )
        .await;
    for statement in statements {
        match database {
            Database::Sqlite(connection) => {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(connection).await.map(|_| ())
            }
            Database::Postgres(connection) => {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(connection).await.map(|_| ())
            }
        }
        .expect("what rested comes back");
    }
    if let Database::Postgres(_) = database {
        database.run("ALTER TABLE device ENABLE TRIGGER USER").await;
    }
}

/// One municipality with its schools, devices and tickets; gives its id if it has any.
async fn fill(database: &mut Database, number: u64, name: &str, own: Share) -> Option<Uuid> {
    let Share { devices, schools, tickets } = own;
    let code = code(number);
    let salt = database.by_engine("zeroblob(16)", "decode(repeat('00', 16), 'hex')");
    database
        .run(&format!(
            "INSERT INTO municipality (municipality_id, code, name, mac_salt, created_at)
             VALUES (ID['{:032x}'], '{code}', '{name}', {salt}, 1700000000000000) ON CONFLICT (code) DO NOTHING",
            0x0190_0000_0000_7000_8000_0000_0000_0000_u128 + u128::from(number)
        ))
        .await;
    let hex = database.by_engine("lower(hex(municipality_id))", "replace(CAST(municipality_id AS TEXT), '-', '')");
    let owner = database.texts(&format!("SELECT {hex} FROM municipality WHERE code = '{code}'")).await;
    let uuid = Uuid::parse_str(owner.first().expect("it was added")).expect("it is an id");
    let owner = format!("ID['{}']", uuid.simple());
    if devices == 0 {
        return None;
    }
    // A class of forty belongs to a school; two thirds of the schools are primary schools.
    let school_id = format!("ID['019000000000' || '70008000' || HEX[{} + s]]", (number + 1) * 1_000_000);
    let school_of = school_id.replace(" + s]", &format!(" + (n / 40) % {schools}]"));
    let device_id = format!("ID[HEX[1700000000000 + n] || '70008000' || HEX[{} + n]]", (number + 1) * 100_000_000);
    let mark = name.chars().next().expect("a name has characters");
    database
        .run(&format!(
            "{} INSERT INTO school (municipality_id, school_id, name, created_at)
             SELECT {owner}, {}, '第' || CAST(n AS TEXT) || CASE WHEN n % 3 = 0 THEN '中学校' ELSE '小学校' END, 1700000000000000 FROM g",
            numbers(schools),
            school_id.replace(" + s]", " + n - 1]"),
        ))
        .await;
    database
        .run(&format!(
            "{numbers} INSERT INTO device (municipality_id, device_id, school_id, instance_id, created_at, enrolled_at, label, label_key,
                 serial_number, serial_key, maker, model, os_kind, os_version, purpose, lifecycle, grade, class_name, version)
             SELECT {owner}, {device_id}, {school_of}, CASE WHEN n % 20 < 17 THEN {device_id} END, 1700000000000000,
                 CASE WHEN n % 20 < 17 THEN 1700000000000000 END,
                 '{mark}-' || CAST(1 + n / 10000 AS TEXT) || '-' || PAD[n % 10000],
                 '{mark}' || CAST(1 + n / 10000 AS TEXT) || PAD[n % 10000],
                 CASE WHEN n % 10 < 6 THEN 'NXH' WHEN n % 10 < 9 THEN 'DMP' ELSE 'PF' END || upper(HEX[(n * 2654435761 + {number}) % 281474976710597]),
                 CASE WHEN n % 10 < 6 THEN 'NXH' WHEN n % 10 < 9 THEN 'DMP' ELSE 'PF' END || upper(HEX[(n * 2654435761 + {number}) % 281474976710597]),
                 CASE WHEN n % 10 < 6 THEN 'Acer' WHEN n % 10 < 9 THEN 'Apple' ELSE 'Fujitsu' END,
                 CASE WHEN n % 10 < 4 THEN 'Chromebook Spin 512 R853TA' WHEN n % 10 < 6 THEN 'Chromebook 311 C723'
                      WHEN n % 10 < 8 THEN 'iPad (9th generation)' WHEN n % 10 < 9 THEN 'iPad (A16)' ELSE 'ARROWS Tab Q5011' END,
                 CASE WHEN n % 10 < 6 THEN 1 WHEN n % 10 < 9 THEN 2 ELSE 3 END, '17',
                 CASE WHEN n % 40 < 34 THEN 1 WHEN n % 40 < 36 THEN 2 WHEN n % 40 < 39 THEN 3 ELSE 4 END,
                 CASE WHEN n % 100 < 84 THEN 1 WHEN n % 100 < 94 THEN 2 WHEN n % 100 < 97 THEN 3 WHEN n % 100 < 98 THEN 4
                      WHEN n % 100 < 99 THEN 5 ELSE 6 END,
                 CASE WHEN n % 40 < 34 THEN 1 + (n / 40) % 6 END, CASE WHEN n % 40 < 34 THEN CAST(1 + (n / 240) % 4 AS TEXT) END, 1
             FROM g",
            numbers = numbers(devices),
        ))
        .await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_micros();
    let owned = format!("FROM device d WHERE d.municipality_id = {owner}");
    let enrolled = format!("{owned} AND d.instance_id IS NOT NULL");
    let draw = database.by_engine("abs(random())", "CAST(floor(random() * 1e9) AS BIGINT)");
    let (none, yes) = (database.by_engine("zeroblob(0)", "''"), database.by_engine("0", "FALSE"));
    for sql in [
        format!("INSERT INTO device_lookup (device_id, municipality_id) SELECT device_id, municipality_id {owned}"),
        format!(
            "INSERT INTO checkin_cursor (municipality_id, device_id, run_id, sequence, previous_run_id, previous_sequence,
                 certificate_serial, facts_hash, report_count, transition_count, received_at, clock_skew_ms, attention)
             SELECT municipality_id, device_id, 1, 900, 0, 0, 1, 1, 900, 40, {now} - ({draw} % 86400) * 1000000, 12, {yes} {enrolled}"
        ),
        format!(
            "INSERT INTO device_certificate (municipality_id, device_id, certificate_serial, state, public_key, issued_at, expires_at)
             SELECT municipality_id, device_id, 1, 2, {none}, 1700000000000000, 1900000000000000 {enrolled}"
        ),
        format!(
            "INSERT INTO device_facts (municipality_id, device_id, maker, model, serial_number, os_kind, os_version, memory_bytes,
                 storage_bytes, mac_hashes, agent_version, recorded_at)
             SELECT municipality_id, device_id, maker, model, serial_number, os_kind, os_version, 4294967296, 64000000000, {none}, '0.1.0',
                 1700000000000000 {enrolled}"
        ),
        format!(
            "INSERT INTO device_status (municipality_id, device_id, charge_percent, health_percent, charging, battery_at,
                 storage_free_bytes, storage_at, ssid, rssi_dbm, wifi_at)
             SELECT municipality_id, device_id, {draw} % 101, 70 + {draw} % 31, {yes}, {now}, {draw} % 64 * 1000000000, {now}, 'school', -60, {now}
             {enrolled}"
        ),
        format!(
            "INSERT INTO device_claim (municipality_id, device_id, source, fields, recorded_at)
             SELECT municipality_id, device_id, 4, '{{}}', 1700000000000000 {owned}"
        ),
    ] {
        database.run(&sql).await;
    }
    let of = tickets::Owner { id: &owner, number, school_of: &school_of, device_id: &device_id, devices };
    tickets::fill(database, &of, tickets).await;
    Some(uuid)
}
