//! Schema versions: `migrate` brings a database up to date, services refuse any other version.

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::connection::{Purpose, open};
use crate::schema::__diesel_schema_migrations;
use crate::{AnyConnection, DatabaseUrl, StoreError};

/// A service's migrations, the same names for both databases.
pub struct Migrations {
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL.
    pub postgres: EmbeddedMigrations,
}

/// The database has another schema than this program.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Migrations are missing.
    #[error("the schema of {0} is older than this program (missing {1}); run the `migrate` command first")]
    Older(DatabaseUrl, String),
    /// A newer program has been here.
    #[error("the schema of {0} is newer than this program (has {1}); deploy the program that belongs to it")]
    Newer(DatabaseUrl, String),
    /// The database did not answer.
    #[error("{1} ({0})")]
    Store(DatabaseUrl, StoreError),
    /// A migration failed; it was rolled back.
    #[error("a migration of {0} failed and was rolled back: {1}")]
    Failed(DatabaseUrl, String),
}

/// Any number will do as long as all of us use the same one.
const ADVISORY_LOCK: i64 = 0x616e_7461;

impl Migrations {
    /// Applies what is missing, one `migrate` at a time; gives the names that were applied.
    pub fn run(self, url: &DatabaseUrl) -> Result<Vec<String>, SchemaError> {
        let failed =
            |e: Box<dyn std::error::Error + Send + Sync>| SchemaError::Failed(url.clone(), e.to_string());
        let store = |e| SchemaError::Store(url.clone(), e);
        let mut conn = open(url, Purpose::Write).map_err(store)?;
        let versions = match &mut conn {
            AnyConnection::Sqlite(conn) => conn.run_pending_migrations(self.sqlite).map_err(failed)?,
            AnyConnection::Postgres(conn) => {
                let lock = "SET statement_timeout = 0; SELECT pg_advisory_lock";
                diesel::connection::SimpleConnection::batch_execute(
                    conn,
                    &format!("{lock}({ADVISORY_LOCK})"),
                )
                .map_err(|e| store(e.into()))?;
                conn.run_pending_migrations(self.postgres).map_err(failed)?
            }
        };
        Ok(versions.iter().map(ToString::to_string).collect())
    }

    /// Refuses a schema that is older or newer than this program.
    pub fn check(self, url: &DatabaseUrl) -> Result<(), SchemaError> {
        let store = |e| SchemaError::Store(url.clone(), e);
        let mut conn = open(url, Purpose::Read).map_err(store)?;
        let (known, applied) = self.versions(&mut conn).map_err(store)?;
        let missing: Vec<_> = known.iter().filter(|version| !applied.contains(version)).cloned().collect();
        let foreign: Vec<_> = applied.iter().filter(|version| !known.contains(version)).cloned().collect();
        match (missing.is_empty(), foreign.is_empty()) {
            (_, false) => Err(SchemaError::Newer(url.clone(), foreign.join(", "))),
            (false, true) => Err(SchemaError::Older(url.clone(), missing.join(", "))),
            (true, true) => Ok(()),
        }
    }

    fn versions(self, conn: &mut AnyConnection) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let bug = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Bug(e.to_string());
        Ok(match conn {
            AnyConnection::Sqlite(conn) => {
                (names::<diesel::sqlite::Sqlite>(&self.sqlite).map_err(bug)?, applied(conn)?)
            }
            AnyConnection::Postgres(conn) => {
                (names::<diesel::pg::Pg>(&self.postgres).map_err(bug)?, applied(conn)?)
            }
        })
    }
}

fn names<DB: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Read by hand: the harness would create its table, which a reader may not.
fn applied<C>(conn: &mut C) -> Result<Vec<String>, StoreError>
where
    C: diesel::connection::LoadConnection,
    for<'q> diesel::dsl::Select<__diesel_schema_migrations::table, __diesel_schema_migrations::version>:
        diesel::query_dsl::LoadQuery<'q, C, String>,
{
    match __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(conn) {
        Ok(versions) => Ok(versions),
        Err(diesel::result::Error::DatabaseError(_, info)) if no_table(info.message()) => Ok(Vec::new()),
        Err(other) => Err(other.into()),
    }
}

fn no_table(message: &str) -> bool {
    message.contains("no such table") || message.contains("does not exist")
}
