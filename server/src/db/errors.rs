//! What an error of a driver means to a caller.

use std::time::Duration;

use crate::error::{Error, Kind, says};

/// How long a caller shall wait when the database is away: long enough for a restart, short enough for a lesson.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        if is_away(&source) {
            return Self::new(Kind::Unavailable, "DATABASE_UNAVAILABLE", says::server::database_away())
                .retry_after(RETRY_AFTER)
                .with_source(source);
        }
        Self::internal("the database refused a statement", source)
    }
}

/// Whether the statement failed because a unique constraint or a primary key forbids it.
pub fn is_unique_violation(error: &Error) -> bool {
    database_error(error).is_some_and(|e| e.is_unique_violation())
}

/// Whether the same transaction may succeed when run again at once: a deadlock or a lost race on PostgreSQL.
pub fn is_retryable(error: &Error) -> bool {
    database_error(error).and_then(|e| e.code()).is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01"))
}

fn database_error(error: &Error) -> Option<&dyn sqlx::error::DatabaseError> {
    std::error::Error::source(error)?.downcast_ref::<sqlx::Error>()?.as_database_error()
}

/// Whether the database, not the statement, is at fault: gone, restarting, full, locked, unreadable.
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // SQLite: extended codes carry the primary one in the low byte: 5 busy, 6 locked, 8 read-only, 10 I/O,
            // 11 corrupt, 13 full, 14 cannot open.
            if let Ok(number) = code.parse::<u32>()
                && code.len() < 5
            {
                return matches!(number & 0xff, 5 | 6 | 8 | 10 | 11 | 13 | 14);
            }
            // PostgreSQL by class: 08 connection, 25006 read-only (a standby), 40 rolled back, 53 no resources, 57P
            // shutdown or start-up, 58 system error.
            ["08", "25006", "40", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    }
}
