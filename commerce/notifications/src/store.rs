//! Rows of notifications.

pub mod notifications;
pub mod queue;
pub mod recipients;
mod schema;

use db::Migrations;
use diesel_migrations::embed_migrations;

/// The schema's history.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
