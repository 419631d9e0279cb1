//! What can go wrong with a database, seen from a flow.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// A closed list: flows decide by these five and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row asked for is not there.
    #[error("not found")]
    NotFound,
    /// A UNIQUE constraint refused the row; the text names the constraint.
    #[error("conflicts with {0}")]
    Conflict(String),
    /// No connection in time, a lock not granted in time, or a deadlock: try again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached or cannot write. An interrupted commit may or may not have happened.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A defect of ours.
    #[error("unexpected database error: {0}")]
    Bug(String),
}

impl StoreError {
    /// The connection may be broken and must not return to the pool.
    pub(crate) fn spoils_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// libpq and SQLite tell many states only in words.
const BUSY: &[&str] = &["deadlock detected", "database is locked", "lock timeout", "could not serialize"];
const UNAVAILABLE: &[&str] = &[
    "terminating connection",
    "the database system is",
    "server closed the connection",
    "connection to server",
    "no connection to the server",
    "could not connect",
    "SSL SYSCALL",
    "could not receive data",
    "could not send data",
    "disk is full",
    "disk I/O error",
    "readonly database",
    "unable to open database file",
    "could not extend file",
    "No space left",
    "statement timeout",
];

impl From<Diesel> for StoreError {
    fn from(error: Diesel) -> Self {
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(kind, info) => from_database(&kind, info.constraint_name(), info.message()),
            Diesel::BrokenTransactionManager => Self::Unavailable("broken transaction".into()),
            other => Self::Bug(other.to_string()),
        }
    }
}

fn from_database(kind: &DatabaseErrorKind, constraint: Option<&str>, message: &str) -> StoreError {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::Conflict(constraint.unwrap_or(message).to_owned()),
        DatabaseErrorKind::SerializationFailure => StoreError::Busy(message.to_owned()),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable(message.to_owned())
        }
        _ if says(BUSY) => StoreError::Busy(message.to_owned()),
        _ if says(UNAVAILABLE) => StoreError::Unavailable(message.to_owned()),
        _ => StoreError::Bug(message.to_owned()),
    }
}
