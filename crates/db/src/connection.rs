//! A connection to either database.
#![expect(missing_docs, clippy::disallowed_methods, reason = "what the derive generates")]

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;

use crate::{DatabaseUrl, StoreError};

/// A connection to either database; queries written once run on both.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL by libpq.
    Postgres(PgConnection),
    /// The embedded database.
    Sqlite(SqliteConnection),
}

/// What a connection is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    Read,
    Write,
}

/// WAL keeps readers off the writer's back; FULL makes a commit survive a power cut.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
                             PRAGMA foreign_keys=ON; PRAGMA cache_size=-4096";
const SQLITE_READER: &str =
    "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA foreign_keys=ON; PRAGMA cache_size=-2048";
/// Money is acknowledged only when it is on disk, whatever the server's default says.
const POSTGRES: &str = "SET synchronous_commit = on; SET statement_timeout = '60s'; SET lock_timeout = '15s'; \
                        SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";

#[derive(QueryableByName)]
struct Level {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    synchronous: i64,
}

#[derive(QueryableByName)]
struct Journal {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}

/// The one place that picks the backend, by the URL's scheme.
pub(crate) fn open(url: &DatabaseUrl, purpose: Purpose) -> Result<AnyConnection, StoreError> {
    let refused = |e: ConnectionError| StoreError::Unavailable(without_url(e.to_string()));
    match url {
        DatabaseUrl::Postgres(dsn) => {
            let mut conn = PgConnection::establish(dsn).map_err(refused)?;
            conn.batch_execute(POSTGRES)?;
            Ok(AnyConnection::Postgres(conn))
        }
        DatabaseUrl::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(refused)?;
            match purpose {
                Purpose::Write => durable(&mut conn)?,
                Purpose::Read => conn.batch_execute(SQLITE_READER)?,
            }
            Ok(AnyConnection::Sqlite(conn))
        }
    }
}

/// libpq repeats the part of a URL that it cannot read, which may be the password.
fn without_url(said: String) -> String {
    let repeats = ["percent-encoded", "in URI", "connection info string"];
    if repeats.iter().any(|words| said.contains(words)) { "its URL cannot be read".into() } else { said }
}

/// Some file systems cannot do WAL and SQLite then silently does less: refuse to go on with less.
fn durable(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    conn.batch_execute(SQLITE_WRITER)?;
    let journal: Journal = diesel::sql_query("PRAGMA journal_mode").get_result(conn)?;
    let level: Level = diesel::sql_query("PRAGMA synchronous").get_result(conn)?;
    if journal.journal_mode != "wal" || level.synchronous < 2 {
        let seen = format!("journal_mode={} synchronous={}", journal.journal_mode, level.synchronous);
        return Err(StoreError::Unavailable(format!(
            "this file system gives SQLite only {seen}; put the database on one that supports WAL"
        )));
    }
    Ok(())
}

impl AnyConnection {
    /// Begins a transaction that may write. SQLite takes its write lock at once: a lock that is upgraded
    /// later fails with "database is locked" instead of waiting.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL READ COMMITTED")?;
            }
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        let url = "postgres://app:50%zzsecret@localhost/none".parse().unwrap();
        let said = open(&url, Purpose::Read).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("cannot be read") && !said.contains("secret"), "{said}");
    }
}
