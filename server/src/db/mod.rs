//! SQLite and PostgreSQL behind one [`Db`] and one [`Tx`]: the only place that knows both.
//!
//! Invariants: a transaction is visible (`begin`, work, `commit`), dropping it rolls back; SQLite writes go through one
//! writer connection that takes its lock at `begin`; SQL is one `&'static str` with `$1…$n` for both engines, and where
//! they must differ, [`Tx::by_engine`] chooses at the call. Deliberately not here: retries, caching, query building.

pub(crate) mod batch;
mod errors;
mod open;

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use sqlx::{
    FromRow, Postgres, Sqlite,
    postgres::{PgArguments, PgPool, PgRow},
    sqlite::{SqliteArguments, SqlitePool, SqliteRow},
};
use uuid::Uuid;

pub(crate) use batch::{among_sql, area_sql, batch_sql, ids, in_schools, json_rows};
pub use batch::{hex_bytes, rows_json};
pub use errors::{is_retryable, is_unique_violation};
pub use open::FileLock;

use crate::{
    error::{Error, Result},
    telemetry,
};

/// A row of either engine that becomes `Self`.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// The database of a server: one SQLite file, or PostgreSQL.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file, WAL, fsync at each commit.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Connections that read.
        readers: SqlitePool,
    },
    /// A pool of connections.
    Postgres(PgPool),
}

/// Which engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Db {
    /// Which engine runs.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx> {
        let started = Instant::now();
        let tx = match self {
            // IMMEDIATE takes the write lock now, so that no later statement can fail for want of it.
            Self::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Tx::Postgres),
        };
        telemetry::note_query(started.elapsed());
        tx.map_err(Error::from)
    }

    /// Begins a transaction that only reads; on SQLite it never waits for the writer.
    pub async fn read(&self) -> Result<Tx> {
        match self {
            Self::Sqlite { readers, .. } => Ok(Tx::Sqlite(readers.begin().await?)),
            Self::Postgres(_) => self.begin().await,
        }
    }

    /// Answers whether the database answers within two seconds.
    pub async fn is_alive(&self) -> bool {
        let ping = async {
            let mut tx = self.read().await?;
            tx.query("SELECT 1").execute().await
        };
        matches!(tokio::time::timeout(Duration::from_secs(2), ping).await, Ok(Ok(_)))
    }

    /// Closes all connections; on SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`] it changes nothing.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Tx {
    /// Which engine runs.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Chooses what must differ between the engines; say why at the call.
    pub fn by_engine<T>(&self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    /// Starts a statement. SQLite takes a missing parameter as NULL in silence, so count them.
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query { tx: self, sql, values: Vec::new() }
    }

    /// Lets PostgreSQL plan each statement of this transaction for its own parameters: of a list, which conditions count
    /// differs from call to call.
    pub async fn plan_by_parameters(&mut self) -> Result<()> {
        match self.by_engine(
            None,
            Some("SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE), set_config('jit', 'off', TRUE)"),
        ) {
            Some(sql) => self.query(sql).execute().await.map(|_rows| ()),
            None => Ok(()),
        }
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<()> {
        let started = Instant::now();
        let outcome = match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        };
        telemetry::note_query(started.elapsed());
        outcome.map_err(Error::from)
    }
}

/// A value of a parameter.
#[derive(Debug, Clone)]
pub enum Value {
    /// BIGINT, or NULL.
    Int(Option<i64>),
    /// TEXT, or NULL.
    Text(Option<String>),
    /// UUID, or NULL.
    Uuid(Option<Uuid>),
    /// BYTEA, or NULL.
    Bytes(Option<Vec<u8>>),
    /// BOOLEAN.
    Bool(bool),
    /// BIGINT[], PostgreSQL only.
    Ints(Vec<i64>),
    /// UUID[], PostgreSQL only.
    Uuids(Vec<Uuid>),
}

macro_rules! value_from {
    ($($type:ty => |$v:ident| $value:expr),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self { $value }
        }
    )*};
}

value_from! {
    i64 => |v| Value::Int(Some(v)),
    Option<i64> => |v| Value::Int(v),
    String => |v| Value::Text(Some(v)),
    &str => |v| Value::Text(Some(v.to_owned())),
    Option<String> => |v| Value::Text(v),
    Uuid => |v| Value::Uuid(Some(v)),
    Option<Uuid> => |v| Value::Uuid(v),
    Vec<u8> => |v| Value::Bytes(Some(v)),
    Option<Vec<u8>> => |v| Value::Bytes(v),
    bool => |v| Value::Bool(v),
    Vec<i64> => |v| Value::Ints(v),
    Vec<Uuid> => |v| Value::Uuids(v),
}

/// A statement with its parameters, on its way to run.
#[derive(Debug)]
#[must_use]
pub struct Query<'t> {
    tx: &'t mut Tx,
    sql: &'static str,
    values: Vec<Value>,
}

tokio::task_local! {
    static RECORDED: RefCell<Vec<(&'static str, Vec<Value>)>>;
}

/// Runs something and gives, with its outcome, each statement that asked for rows with its parameters, so that its plan
/// can be looked at.
pub async fn recorded<T>(work: impl Future<Output = T>) -> (T, Vec<(&'static str, Vec<Value>)>) {
    RECORDED
        .scope(RefCell::default(), async {
            let outcome = work.await;
            (outcome, RECORDED.with(RefCell::take))
        })
        .await
}

impl Query<'_> {
    /// Gives the next parameter.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it and gives how many rows it changed.
    pub async fn execute(self) -> Result<u64> {
        let started = Instant::now();
        let rows = match self.tx {
            Tx::Sqlite(tx) => {
                sqlx::query_with(self.sql, sqlite_arguments(self.values)?).execute(&mut **tx).await?.rows_affected()
            }
            Tx::Postgres(tx) => {
                sqlx::query_with(self.sql, postgres_arguments(self.values)?).execute(&mut **tx).await?.rows_affected()
            }
        };
        telemetry::note_query(started.elapsed());
        Ok(rows)
    }

    /// Runs it and gives all rows. The statement bounds how many.
    pub async fn all<R: Row>(self) -> Result<Vec<R>> {
        let _not_recorded = RECORDED.try_with(|recorded| recorded.borrow_mut().push((self.sql, self.values.clone())));
        let started = Instant::now();
        let rows = match self.tx {
            Tx::Sqlite(tx) => {
                sqlx::query_as_with(self.sql, sqlite_arguments(self.values)?).fetch_all(&mut **tx).await?
            }
            Tx::Postgres(tx) => {
                sqlx::query_as_with(self.sql, postgres_arguments(self.values)?).fetch_all(&mut **tx).await?
            }
        };
        telemetry::note_query(started.elapsed());
        Ok(rows)
    }

    /// Runs it and gives the row, or none. More than one row is a fault of the statement.
    pub async fn optional<R: Row>(self) -> Result<Option<R>> {
        let mut rows = self.all::<R>().await?;
        assert!(rows.len() <= 1, "a statement for one row gave {}", rows.len());
        Ok(rows.pop())
    }

    /// Runs it and gives the one row that there must be.
    pub async fn one<R: Row>(self) -> Result<R> {
        let row = self.optional::<R>().await?;
        row.ok_or_else(|| Error::internal("a row that must exist is missing", "no row"))
    }
}

fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments> {
    use sqlx::Arguments as _;
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::Uuid(v) => arguments.add(v),
            Value::Bytes(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            Value::Ints(_) | Value::Uuids(_) => Err("SQLite has no arrays".into()),
        }
        .map_err(|source| Error::internal("a parameter could not be bound", source))?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments> {
    use sqlx::Arguments as _;
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::Uuid(v) => arguments.add(v),
            Value::Bytes(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            Value::Ints(v) => arguments.add(v),
            Value::Uuids(v) => arguments.add(v),
        }
        .map_err(|source| Error::internal("a parameter could not be bound", source))?;
    }
    Ok(arguments)
}
