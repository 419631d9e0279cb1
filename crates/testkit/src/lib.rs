//! For tests only: databases, certificates, running services.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up has failed")]

pub mod broker;
pub mod client;
pub mod commerce;
pub mod database;
pub mod events;
pub mod home;
pub mod ports;
pub mod schema;
pub mod shop;
pub mod stack;

pub use commerce::{Serving, Team};
pub use database::{Database, Engine, engines};
pub use home::Home;
pub use shop::Shop;
pub use stack::{Options, Stack};
