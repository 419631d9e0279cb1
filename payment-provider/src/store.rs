//! Rows of the payment provider.

pub mod captures;
pub mod charges;
mod hot;
pub mod movements;
mod schema;
pub mod wallets;

use db::Migrations;
use diesel_migrations::embed_migrations;

/// The schema's history.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
