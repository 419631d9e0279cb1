//! One `Db` for SQLite and PostgreSQL: pools, transactions, migrations, idempotency.

mod connection;
mod database;
mod error;
pub mod idempotency;
mod lock;
mod migrations;
mod pool;
pub mod revocations;
mod schema;
pub mod sqlite;
mod url;

pub use connection::{AnyConnection, MultiBackend};
pub use database::{Connections, Db, PoolSettings, Waited};
pub use error::StoreError;
pub use lock::FileLock;
pub use migrations::{Migrations, SchemaError};
pub use url::{DatabaseUrl, InvalidUrl};

// The C libraries are linked from source, so that one binary runs on a bare machine and in an empty image.
use libsqlite3_sys as _;
use pq_sys as _;
