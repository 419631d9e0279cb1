//! Where a service keeps its rows, from its settings.

use std::time::Duration;

use db::{DatabaseUrl, Db, Migrations, PoolSettings, SchemaError};

use crate::run;
use crate::settings::{ConfigError, Var, Vars, read};

const URL_MEANING: &str = "`sqlite://path` or `postgres://user@host/database?sslmode=verify-full`";
const URL_FILE: Var =
    Var::unset("DATABASE_URL_FILE", "file that holds the database URL, instead of `DATABASE_URL`");
const POOL: Var = Var::new("DATABASE_POOL_SIZE", "8", "connections to the database, 1 to 100");
const WAIT: Var = Var::new("DATABASE_WAIT_MS", "2000", "longest wait for a connection, then 503");

/// Database and pool.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Which database.
    pub url: DatabaseUrl,
    /// How many connections.
    pub pool: PoolSettings,
}

impl DatabaseSettings {
    /// Reads `DATABASE_URL` or `DATABASE_URL_FILE`, `DATABASE_POOL_SIZE`, `DATABASE_WAIT_MS`.
    pub fn read(vars: &Vars, default_url: &'static str) -> Result<Self, ConfigError> {
        let size = vars.number(&POOL, 1..=100)?;
        let wait: Duration = vars.millis(&WAIT, 10..=60_000)?;
        let pool = PoolSettings { size: u32::try_from(size).unwrap_or(1), wait };
        Ok(Self { url: url(vars, default_url)?, pool })
    }

    /// Opens the database, refusing a schema that this program does not know.
    pub fn open(&self, migrations: Migrations) -> Result<Db, ConfigError> {
        migrations.check(&self.url)?;
        Ok(Db::new(&self.url, self.pool))
    }
}

fn url(vars: &Vars, default_url: &'static str) -> Result<DatabaseUrl, ConfigError> {
    let [var, ..] = self::vars(default_url);
    let text = vars.text(&var).unwrap_or_default();
    let text = match vars.text(&URL_FILE) {
        Some(path) => read(&URL_FILE, path.as_ref())?,
        None => text,
    };
    // The value may hold a password: it is not repeated in the error.
    text.trim().parse().map_err(|e| ConfigError::bad(&var, "...", e))
}

/// The variables that [`DatabaseSettings::read`] reads, for the tables.
#[must_use]
pub fn vars(default_url: &'static str) -> [Var; 4] {
    [Var::new("DATABASE_URL", default_url, URL_MEANING), URL_FILE, POOL, WAIT]
}

/// The role `migrate`: brings a database's schema up to date.
pub fn migrate(vars: &Vars, default_url: &'static str, migrations: Migrations) -> Result<(), ConfigError> {
    run::logging_to_stdout(vars)?;
    let settings = DatabaseSettings::read(vars, default_url)?;
    let applied = migrations.run(&settings.url)?;
    tracing::info!(database = %settings.url, applied = applied.join(", "), "schema is up to date");
    Ok(())
}

impl From<SchemaError> for ConfigError {
    fn from(error: SchemaError) -> Self {
        Self::new(error.to_string())
    }
}
