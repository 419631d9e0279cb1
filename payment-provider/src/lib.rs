//! The payment provider: charges what Antaeus, and nobody else, asks it to charge.

pub mod app;
pub mod clients;
pub mod domain;
pub mod flows;
pub mod handlers;
pub mod routes;
pub mod settings;
pub mod store;
