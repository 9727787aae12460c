//! Opening a database: options, the lock on a SQLite file, a check of its health, migrations.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use sqlx::{
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::Db;
use crate::{
    config::Config,
    error::{Error, Kind, Result, says::server as say},
};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Up to this size a SQLite file is checked whole at start; a bigger one by its header and schema only, since a check
/// reads every page.
const WHOLE_CHECK_BYTES: u64 = 256 << 20;

/// Statements that each connection keeps prepared: all that run often. The driver's own 100 are fewer than a mixed load has.
const STATEMENTS: usize = 512;

/// Keeps other servers away from a SQLite file for as long as it lives.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl Db {
    /// Opens the database that the configuration names and brings its schema up to date.
    ///
    /// On SQLite the second value keeps the file for this process. Errors: FILE_IN_USE, DATABASE_LOCKED,
    /// DATABASE_CORRUPT, DATABASE_UNREACHABLE, MIGRATION_FAILED; each names the file or the server.
    pub async fn open(config: &Config) -> Result<(Self, Option<FileLock>)> {
        match &config.database {
            Some(url) => Ok((Self::open_postgres(url, config.limits.database_connections).await?, None)),
            None => {
                let file = config.data_dir.join("gigafleet.db");
                let lock = lock_file(&file)?;
                Ok((Self::open_sqlite(&file).await?, Some(lock)))
            }
        }
    }

    /// Opens a SQLite file, makes it if it is missing, checks it, and migrates it.
    pub async fn open_sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledgement means durable: each commit is fsynced.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(2))
            .statement_cache_capacity(STATEMENTS)
            .pragma("cache_size", "-65536")
            // In pages: 32 MB. The driver's 1,000 are the pages of some forty tickets, and writing them back costs more than they do.
            .pragma("wal_autocheckpoint", "8000")
            .pragma("journal_size_limit", "67108864");
        // The acquire timeouts also bound how long a call waits while the writer is busy.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            // A full disk makes SQLite roll back by itself, which the driver does not notice: it counts a transaction
            // that is gone, and would refuse to begin another one on this connection for ever.
            .before_acquire(|connection, _| {
                let usable = !sqlx::Connection::is_in_transaction(connection);
                Box::pin(async move { Ok(usable) })
            })
            .connect_with(options.clone())
            .await
            .map_err(|source| refuse_sqlite(file, source))?;
        check_sqlite(file, &writer).await?;
        require_write_lock(file, &writer).await?;
        SQLITE_MIGRATIONS.run(&writer).await.map_err(|source| refuse_migration(&file.display().to_string(), source))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(true))
            .await
            .map_err(|source| refuse_sqlite(file, source))?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Connects to PostgreSQL and migrates; servers that start together take turns.
    pub async fn open_postgres(url: &str, connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(|source| {
            Error::new(Kind::Invalid, "DATABASE_URL_INVALID", say::database_url()).with_source(source)
        })?;
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            // A statement that hangs must not hold its connection for ever, nor a crash its locks.
            .connect_with(
                options
                    .application_name("gigafleet")
                    .statement_cache_capacity(STATEMENTS)
                    .options([("statement_timeout", "20s"), ("idle_in_transaction_session_timeout", "30s")]),
            )
            .await
            .map_err(|source| {
                Error::new(Kind::Unavailable, "DATABASE_UNREACHABLE", say::database_unreachable(&place))
                    .with_source(source)
            })?;
        POSTGRES_MIGRATIONS.run(&pool).await.map_err(|source| refuse_migration(&place, source))?;
        Ok(Self::Postgres(pool))
    }
}

fn lock_file(database: &Path) -> Result<FileLock> {
    let path = PathBuf::from(format!("{}.lock", database.display()));
    let open = |path: &Path| {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).truncate(false).write(true).open(path)
    };
    let file = open(&path).map_err(|source| {
        Error::new(Kind::Precondition, "DATA_DIR_UNWRITABLE", say::file_unwritable(path.display())).with_source(source)
    })?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: file }),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(Kind::Precondition, "FILE_IN_USE", say::file_in_use(database.display())))
        }
        Err(TryLockError::Error(source)) => {
            Err(Error::internal(format!("{} cannot be locked", path.display()), source))
        }
    }
}

async fn check_sqlite(file: &Path, pool: &sqlx::SqlitePool) -> Result<()> {
    let size = fs::metadata(file).map(|m| m.len()).unwrap_or(0);
    let check =
        if size <= WHOLE_CHECK_BYTES { "PRAGMA quick_check(1)" } else { "SELECT 'ok' FROM sqlite_schema LIMIT 1" };
    let answer = sqlx::query_scalar::<_, String>(check).fetch_optional(pool).await;
    match answer.map_err(|source| refuse_sqlite(file, source))? {
        Some(text) if text != "ok" => Err(corrupt(file).with_source(text)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a file that another program has locked, while its name can still be told.
async fn require_write_lock(file: &Path, pool: &sqlx::SqlitePool) -> Result<()> {
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.map_err(|source| refuse_sqlite(file, source))?;
    lock.rollback().await.map_err(|source| refuse_sqlite(file, source))
}

fn refuse_sqlite(file: &Path, source: sqlx::Error) -> Error {
    let code = source.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse::<u32>().ok()).map(|c| c & 0xff);
    let error = match code {
        Some(5 | 6) => Error::new(Kind::Precondition, "DATABASE_LOCKED", say::database_locked(file.display())),
        Some(11 | 26) => corrupt(file),
        _ => Error::new(Kind::Precondition, "DATABASE_UNREADABLE", say::database_unopened(file.display())),
    };
    error.with_source(source)
}

fn corrupt(file: &Path) -> Error {
    Error::new(Kind::Precondition, "DATABASE_CORRUPT", say::database_corrupt(file.display()))
}

fn refuse_migration(place: &str, source: sqlx::migrate::MigrateError) -> Error {
    Error::new(Kind::Precondition, "MIGRATION_FAILED", say::migration_failed(place)).with_source(source)
}
