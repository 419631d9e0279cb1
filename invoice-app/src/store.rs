//! Rows of invoice-app.

pub mod attempts;
pub mod bulk;
pub mod customers;
pub mod hot;
pub mod invoices;
pub mod outbox;
pub mod reconciliation;
pub mod runs;
mod schema;
pub mod scope;
pub mod tallies;

use db::Migrations;
use diesel_migrations::embed_migrations;

/// The schema's history.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
