//! Rows of invoice-app.

pub mod bulk;
pub mod customers;
pub mod hot;
pub mod invoices;
pub mod runs;
mod schema;

use db::Migrations;
use diesel_migrations::embed_migrations;
use service::database::DatabaseSettings;
use service::{ConfigError, Vars};

/// The schema's history.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};

/// The role `migrate`: brings the schema up to date.
pub fn migrate(vars: &Vars) -> Result<(), ConfigError> {
    service::run::logging(vars)?;
    let settings = DatabaseSettings::read(vars, crate::settings::DATABASE)?;
    let applied = MIGRATIONS.run(&settings.url)?;
    tracing::info!(database = %settings.url, applied = applied.join(", "), "schema is up to date");
    Ok(())
}
