//! Rows of invoice-app.

pub mod attempts;
pub mod bulk;
pub mod customers;
pub mod hot;
pub mod invoices;
pub mod measures;
pub mod outbox;
pub mod reconciliation;
pub mod runs;
mod schema;
pub mod scope;
pub mod tallies;

use contracts::Currency;
use db::{Migrations, StoreError};
use diesel_migrations::embed_migrations;

/// The schema's history.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};

/// A currency as it stands in a row.
fn currency(code: &str) -> Result<Currency, StoreError> {
    code.parse().map_err(|_| StoreError::Bug(format!("{code:?} is no currency")))
}
